//! Segments that follow each other, given to the kernel as one: what receive offload makes of them
//! on a network card.

use std::io::IoSlice;

use hangup_stack::network::{Outgoing, OutgoingSegment};
use hangup_stack::tcp::segment::{Flags, Segment};

use super::packet::TCP_CHECKSUM;
use super::split::ETHERNET;
use super::virtio::{Segmentation, VirtioHeader};

/// What a packet may have at most, in octets: its length is a number of sixteen bits.
const PACKET_MAX: usize = 65_535;

/// What headers take at most, in octets: those of IPv6 and TCP.
const HEADERS_MAX: usize = 100;

/// The most segments of one.
const SEGMENTS_MAX: usize = 64;

/// Segments of one connection, of one size but for the last, which acknowledge the same; or one
/// frame of any kind.
#[derive(Debug, Default)]
pub(super) struct Train {
    frames: Vec<Outgoing>,
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
        let plain = frame.segment().filter(|it| is_plain(it.header()));
        let Some(first) = self.frames.first() else {
            self.size = plain.map_or(0, |it| it.payload().len());
            self.payload = self.size;
            self.is_closed = plain.is_none_or(|it| it.header().flags.psh);
            self.frames.push(frame);
            return Ok(());
        };
        let Some((first, next)) = first.segment().zip(plain) else {
            return Err(frame);
        };
        let payload = next.payload().len();
        let fits = !self.is_closed
            && payload <= self.size
            && self.frames.len() < SEGMENTS_MAX
            && HEADERS_MAX + self.payload + payload <= PACKET_MAX
            && follows(first, next, self.payload);
        if !fits {
            return Err(frame);
        }
        self.payload += payload;
        self.is_closed = payload < self.size || next.header().flags.psh;
        self.frames.push(frame);
        Ok(())
    }

    /// Sends what is in it, and empties it.
    pub(super) fn leave<R>(
        &mut self,
        send: impl FnOnce(&VirtioHeader, &[IoSlice<'_>]) -> R,
    ) -> Option<R> {
        let mut frames = std::mem::take(&mut self.frames);
        let sent = match frames.first()?.segment() {
            Some(first) => {
                let last = frames.last().and_then(Outgoing::segment);
                let (header, headers) = self.headers(first, last.unwrap_or(first), frames.len());
                let mut parts = Vec::with_capacity(frames.len() + 1);
                parts.push(IoSlice::new(headers.octets()));
                let payloads = frames.iter().filter_map(Outgoing::segment);
                parts.extend(payloads.map(|it| IoSlice::new(it.payload())));
                send(&header, &parts)
            }
            // The kernel looks at its checksum, whatever that is.
            None => {
                let octets = frames.first_mut()?.octets();
                let packet = octets.get(ETHERNET..).unwrap_or_default();
                send(&VirtioHeader::default(), &[IoSlice::new(packet)])
            }
        };
        frames.clear();
        self.frames = frames;
        Some(sent)
    }

    /// The headers of all together: those of the first, pushed where the last is.
    fn headers(
        &self,
        first: OutgoingSegment<'_>,
        last: OutgoingSegment<'_>,
        count: usize,
    ) -> (VirtioHeader, hangup_stack::network::Headers) {
        let mut segment = *first.header();
        segment.flags.psh |= last.header().flags.psh;
        let payload = match count {
            1 => first.payload().len(),
            _ => self.payload,
        };
        let headers = first.headers(&segment, payload);
        let is_cut = count > 1;
        let header = VirtioHeader {
            needs_checksum: true,
            is_valid: false,
            segmentation: match is_cut {
                true => Segmentation::Tcp,
                false => Segmentation::None,
            },
            header_length: if is_cut {
                headers.octets().len() as u16
            } else {
                0
            },
            segment_size: if is_cut { self.size as u16 } else { 0 },
            checksum_start: headers.transport as u16,
            checksum_offset: TCP_CHECKSUM as u16,
        };
        (header, headers)
    }
}

/// Whether a segment carries data and says nothing else.
fn is_plain(segment: &Segment) -> bool {
    let plain = Flags {
        ack: true,
        psh: segment.flags.psh,
        ..Flags::default()
    };
    segment.flags == plain && segment.payload_octets > 0
}

/// Whether a segment is the one that follows `before` octets of a train: its headers are those of
/// the first but for lengths, numbers and checksums.
fn follows(first: OutgoingSegment<'_>, next: OutgoingSegment<'_>, before: usize) -> bool {
    let expected = Segment {
        sequence: first.header().sequence.wrapping_add(before as u32),
        flags: next.header().flags,
        payload_octets: next.header().payload_octets,
        ..*first.header()
    };
    *next.header() == expected && next.is_carried_like(first)
}
