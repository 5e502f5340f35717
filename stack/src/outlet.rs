//! What leaves the network: frames that have reached the host behind which it goes on elsewhere.
//!
//! A segment of one of our connections leaves as what it is. A device that completes checksums and
//! takes headers and payload apart needs no octets of the frame, and nobody writes them.

use bytes::Bytes;

use crate::envelope::Envelope;
use crate::frame::{Frame, InTransit};
use crate::tcp::segment::{Layout, OPTION_OCTETS, Segment, TCP_HEADER};
use crate::wire;

/// The most that the headers of IPv6 and TCP take, in octets.
const HEADERS_MOST: usize = 40 + TCP_HEADER + OPTION_OCTETS;

/// A frame that has reached the host behind which the network goes on.
#[derive(Clone, Debug)]
pub struct Outgoing(Frame);

/// A segment of one of our connections, undamaged, so that nobody need look at its checksum.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingSegment<'a>(&'a InTransit);

/// The headers of a packet that carries a TCP segment.
#[derive(Clone, Copy, Debug)]
pub struct Headers {
    octets: [u8; HEADERS_MOST],
    length: usize,
    /// Where the header of TCP begins, in octets.
    pub transport: usize,
}

impl Outgoing {
    pub(crate) fn new(frame: Frame) -> Self {
        Self(frame)
    }

    /// The octets of the frame, without frame check sequence.
    pub fn octets(&mut self) -> Bytes {
        self.0.octets()
    }

    /// The segment in it, where it is known to be one that IP carries itself.
    pub fn segment(&self) -> Option<OutgoingSegment<'_>> {
        match &self.0 {
            Frame::Segment(transit) if transit.envelope.datagram.is_none() => {
                Some(OutgoingSegment(transit))
            }
            Frame::Segment(_) | Frame::Octets(_) => None,
        }
    }
}

impl<'a> OutgoingSegment<'a> {
    /// Its header.
    pub fn header(self) -> &'a Segment {
        &self.0.segment
    }

    /// Its payload.
    pub fn payload(self) -> &'a Bytes {
        &self.0.payload
    }

    /// Whether the headers below TCP of both are the same but for their lengths.
    pub fn is_carried_like(self, other: OutgoingSegment<'_>) -> bool {
        let carrier = |it: &InTransit| -> (_, _, _, Envelope) {
            (it.ethernet, it.source, it.destination, it.envelope)
        };
        carrier(self.0) == carrier(other.0)
    }

    /// The headers of IP and TCP in front of so many octets of payload, with another header of TCP.
    /// Where its checksum goes is the sum of the pseudo header, as devices expect it that add the
    /// rest.
    pub fn headers(self, header: &Segment, payload: usize) -> Headers {
        let transport = wire::ip_header(self.0.source);
        let header = header.header(&Layout::WITHOUT_SYN);
        let ends = (self.0.source, self.0.destination);
        let length = transport + header.length();
        let mut octets = [0; HEADERS_MOST];
        header.emit_without_payload(&mut octets[transport..length], ends, payload);
        let carried = header.length() + payload;
        wire::emit_ip(&mut octets[..transport], ends, carried, self.0.envelope);
        Headers {
            octets,
            length,
            transport,
        }
    }
}

impl Headers {
    /// Their octets.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}
