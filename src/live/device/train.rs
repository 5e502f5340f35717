//! Segments that follow each other, given to the kernel as one: what receive offload makes of them
//! on a network card.

use std::io::IoSlice;

use bytes::Bytes;
use hangup_stack::network::Outgoing;

use super::packet::{Layout, TCP};
use super::split::ETHERNET;
use super::sum::{folded, pseudo_header, sum};
use super::virtio::{Segmentation, VirtioHeader};

/// What a packet may have at most, in octets: its length is a number of sixteen bits.
const PACKET_MAX: usize = 65_535;

/// The most segments of one.
const SEGMENTS_MAX: usize = 64;

const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// Segments of one connection, of one size but for the last, which acknowledge the same.
#[derive(Debug, Default)]
pub(super) struct Train {
    /// The frames, and where the payload of each begins.
    frames: Vec<Bytes>,
    /// The headers of the first.
    layout: Option<Layout>,
    /// How much payload each has.
    size: usize,
    /// How much all have.
    payload: usize,
    /// Whether nothing can follow the last.
    is_closed: bool,
}

impl Train {
    /// Whether there is something in it.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Takes a frame in behind those that it has; gives it back where it does not follow them.
    pub(super) fn couple(&mut self, frame: Outgoing) -> Result<(), Outgoing> {
        let Outgoing {
            octets: frame,
            is_whole,
        } = frame;
        let back = |octets| Outgoing { octets, is_whole };
        let packet = frame.get(ETHERNET..).unwrap_or_default();
        let is_plain = |it: &Layout| is_plain(it, packet) && (is_whole || is_undamaged(it, packet));
        let layout = Layout::of(packet).filter(is_plain);
        let Some(first) = self.frames.first() else {
            self.size = match &layout {
                Some(layout) => packet.len() - layout.transport.end,
                None => 0,
            };
            self.payload = self.size;
            self.is_closed = layout.as_ref().is_none_or(|it| ends_here(it, packet));
            self.layout = layout;
            self.frames.push(frame);
            return Ok(());
        };
        let (Some(ours), Some(theirs)) = (&self.layout, &layout) else {
            return Err(back(frame));
        };
        let payload = packet.len() - theirs.transport.end;
        let first = &first[ETHERNET..];
        let fits = !self.is_closed
            && payload <= self.size
            && self.frames.len() < SEGMENTS_MAX
            && ours.transport.end + self.payload + payload <= PACKET_MAX
            && follows(first, packet, ours, self.payload);
        if !fits {
            return Err(back(frame));
        }
        self.payload += payload;
        self.is_closed = payload < self.size || ends_here(theirs, packet);
        self.frames.push(frame);
        Ok(())
    }

    /// Sends what is in it, and empties it.
    pub(super) fn leave<R>(
        &mut self,
        send: impl FnOnce(&VirtioHeader, &[IoSlice<'_>]) -> R,
    ) -> Option<R> {
        let first = self.frames.first()?.get(ETHERNET..).unwrap_or_default();
        let sent = match (&self.layout, self.frames.len()) {
            (Some(layout), 2..) => {
                let (header, headers) = self.headers(first, layout);
                let mut parts = Vec::with_capacity(self.frames.len() + 1);
                parts.push(IoSlice::new(&headers));
                let begin = ETHERNET + layout.transport.end;
                parts.extend(
                    self.frames
                        .iter()
                        .map(|frame| IoSlice::new(&frame[begin..])),
                );
                send(&header, &parts)
            }
            // The kernel looks at its checksum, whatever that is.
            _ => send(&VirtioHeader::default(), &[IoSlice::new(first)]),
        };
        self.frames.clear();
        Some(sent)
    }

    /// The headers of all together: those of the first with another length, and with the sum of
    /// the pseudo header for a checksum.
    fn headers(&self, first: &[u8], layout: &Layout) -> (VirtioHeader, Vec<u8>) {
        let mut headers = first[..layout.transport.end].to_vec();
        let transport = layout.transport.start;
        let length = layout.transport.end + self.payload;
        let short = |value: usize| (value as u16).to_be_bytes();
        if headers[0] >> 4 == 4 {
            headers[2..4].copy_from_slice(&short(length));
            headers[10..12].fill(0);
            let checksum = !folded(sum(&headers[..transport]));
            headers[10..12].copy_from_slice(&checksum.to_be_bytes());
        } else {
            headers[4..6].copy_from_slice(&short(length - transport));
        }
        // The last one may have PSH.
        let last = self
            .frames
            .last()
            .and_then(|it| it.get(ETHERNET + transport + 13));
        headers[transport + 13] |= last.copied().unwrap_or_default() & PSH;
        let pseudo = pseudo_header(layout.source, layout.destination, TCP, length - transport);
        let place = transport + layout.checksum_offset();
        headers[place..place + 2].copy_from_slice(&folded(pseudo).to_be_bytes());
        let header = VirtioHeader {
            needs_checksum: true,
            is_valid: false,
            segmentation: Segmentation::Tcp,
            header_length: layout.transport.end as u16,
            segment_size: self.size as u16,
            checksum_start: transport as u16,
            checksum_offset: layout.checksum_offset() as u16,
        };
        (header, headers)
    }
}

/// Whether a packet is a segment with data and nothing else to say.
fn is_plain(layout: &Layout, packet: &[u8]) -> bool {
    let header = &packet[layout.transport.clone()];
    let has_payload = packet.len() > layout.transport.end;
    layout.protocol == TCP && has_payload && header[13] & !PSH == ACK
}

/// Whether the checksum of a segment is right.
fn is_undamaged(layout: &Layout, packet: &[u8]) -> bool {
    let segment = &packet[layout.transport.start..];
    let (source, destination) = (layout.source, layout.destination);
    let pseudo = pseudo_header(source, destination, TCP, segment.len());
    folded(pseudo + sum(segment)) == 0xffff
}

/// Whether a segment asks to be pushed: nothing is put behind it.
fn ends_here(layout: &Layout, packet: &[u8]) -> bool {
    packet[layout.transport.start + 13] & PSH != 0
}

/// Whether a segment is the one that follows `before` octets of a train: its headers are those of
/// the first but for lengths, numbers and checksums.
fn follows(first: &[u8], packet: &[u8], layout: &Layout, before: usize) -> bool {
    let (transport, end) = (layout.transport.start, layout.transport.end);
    let Some(headers) = packet.get(..end) else {
        return false;
    };
    let same = |from: usize, to: usize| first[from..to] == headers[from..to];
    let ip = match transport {
        // Version, length, type of service; flags, hop limit, protocol; addresses, options.
        20.. if first[0] >> 4 == 4 => same(0, 2) && same(6, 10) && same(12, transport),
        _ => same(0, 4) && same(6, transport),
    };
    let number = |octets: &[u8]| {
        let octets = &octets[transport + 4..transport + 8];
        u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]])
    };
    let expected = number(first).wrapping_add(before as u32);
    // Ports; acknowledgment number and length; window; urgent pointer and options.
    ip && same(transport, transport + 4)
        && number(headers) == expected
        && same(transport + 8, transport + 13)
        && same(transport + 14, transport + 16)
        && same(transport + 18, end)
}
