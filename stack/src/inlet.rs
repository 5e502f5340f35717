//! What comes into the network from elsewhere: packets whose frames a kernel leaves to us.
//!
//! A kernel hands down many segments as one packet, and leaves cutting it to the device
//! (segmentation offload). Where nobody looks at the octets of its frames, the segments of such a
//! packet go on as what they are, and share its payload.

use bytes::Bytes;
use smoltcp::wire::EthernetAddress;

use crate::event::{Forged, FrameId};
use crate::frame::Frame;
use crate::network::{HostId, Network, Recording, Sending};
use crate::storm::Chain;
use crate::tcp::Outgoing;
use crate::tcp::segment::{Layout, Segment};
use crate::wire::{self, SegmentInFrame};

/// The most segments of one packet.
const SEGMENTS_MAX: usize = 1 << 10;

/// A packet of many TCP segments.
#[derive(Clone, Debug)]
pub struct LargePacket {
    /// The Ethernet addresses of its sender and its receiver.
    pub ethernet: (EthernetAddress, EthernetAddress),
    /// The IP packet. Its TCP checksum says nothing.
    pub packet: Bytes,
    /// How much payload each segment has, but for the last, in octets.
    pub size: usize,
}

impl Network {
    /// Puts a frame on the link that the stack of a host has sent, which is not of this network: a
    /// kernel's.
    pub fn transmit(&mut self, from: HostId, frame: Bytes) -> FrameId {
        let sending = self.not_ours();
        let id = sending.id;
        self.put_on_link(from, Frame::Octets(frame), sending);
        id
    }

    /// Puts the segments of a large packet of a host on the link. False: they have to be cut as
    /// octets, as somebody keeps those, or as the packet holds what a segment of ours cannot say.
    #[must_use]
    pub fn transmit_large(&mut self, from: HostId, large: &LargePacket) -> bool {
        if self.recording() != Recording::Nothing {
            return false;
        }
        let Some((found, segment, payload)) = read(large) else {
            return false;
        };
        let ends = (found.source, found.destination);
        let count = payload.len().div_ceil(large.size);
        for index in 0..count {
            let begin = index * large.size;
            let part = payload.slice(begin..payload.len().min(begin + large.size));
            let header = part_of(&segment, begin, part.len(), index + 1 == count);
            let sending = self.not_ours();
            let spares = self.spares();
            spares.outgoing = Outgoing::new(header, found.envelope);
            spares.outgoing.payload = part;
            let frame = spares.frame(large.ethernet, ends, &Layout::WITHOUT_SYN);
            self.put_on_link(from, frame, sending);
        }
        true
    }

    /// A frame that comes from elsewhere.
    fn not_ours(&mut self) -> Sending {
        Sending {
            id: self.next_frame(),
            forged: Forged::No,
            socket: None,
            again: None,
            chain: Chain::default(),
        }
    }
}

/// The segment of a large packet and its payload, where all that its header says can be said of a
/// segment of ours.
fn read(large: &LargePacket) -> Option<(SegmentInFrame<'_>, Segment, Bytes)> {
    let found = wire::segment_in_packet(&large.packet)?;
    let (segment, payload) = Segment::parse_in_datagram(found.octets)?;
    let flags = segment.flags;
    let is_ordinary = !flags.syn && !flags.rst && flags.urgent.is_none() && !segment.options.signed;
    let parts = payload.len().div_ceil(large.size.max(1));
    let is_cut = large.size > 0 && (1..=SEGMENTS_MAX).contains(&parts);
    let header = &found.octets[..found.octets.len() - payload.len()];
    let is_read_whole = segment
        .header(&Layout::WITHOUT_SYN)
        .is_but_for_checksum(header);
    (is_ordinary && is_cut && is_read_whole)
        .then(|| (found, segment, large.packet.slice_ref(payload)))
}

/// The header of a part: the flags that only the last of several segments has are FIN and PSH, and
/// that only the first has is CWR (RFC 3168 section 6.1.2).
fn part_of(whole: &Segment, begin: usize, octets: usize, is_last: bool) -> Segment {
    let mut part = *whole;
    part.sequence = whole.sequence.wrapping_add(begin as u32);
    part.payload_octets = octets;
    part.flags.fin &= is_last;
    part.flags.psh &= is_last;
    part.flags.cwr &= begin == 0;
    part
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The parts follow each other, and together they say what the whole says.
        #[test]
        fn parts_are_the_whole(
            octets in 1_usize..60_000, size in 60_usize..9_000, bits: [bool; 3],
        ) {
            let [fin, psh, cwr] = bits;
            let mut whole = Segment {
                source: 1, destination: 2, sequence: u32::MAX - 7, acknowledgment: 9, window: 10,
                flags: Default::default(), options: Default::default(), payload_octets: octets,
            };
            whole.flags.ack = true;
            (whole.flags.fin, whole.flags.psh, whole.flags.cwr) = (fin, psh, cwr);
            let count = octets.div_ceil(size);
            let mut next = whole.sequence;
            for index in 0..count {
                let begin = index * size;
                let is_last = index + 1 == count;
                let part = part_of(&whole, begin, size.min(octets - begin), is_last);
                prop_assert_eq!(part.sequence, next);
                let flags = (part.flags.fin, part.flags.psh, part.flags.cwr);
                prop_assert_eq!(flags, (fin && is_last, psh && is_last, cwr && index == 0));
                next = next.wrapping_add(part.payload_octets as u32);
            }
            prop_assert_eq!(next, whole.sequence.wrapping_add(octets as u32));
        }
    }
}
