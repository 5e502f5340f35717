//! TCP segments with the numbers of the wire.

use std::ops::Range;

use super::flags::Flags;
use super::octets::{u16_at, u32_at};
use super::option::TcpOption;

/// The header without options, in octets.
pub(super) const HEADER: usize = 20;

/// A TCP segment of which at least the header without options is there, its numbers absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The control bits.
    pub flags: Flags,
    /// The sequence number field.
    pub seq: u32,
    /// The acknowledgment number field, whether or not the ACK bit gives it a meaning.
    pub ack: u32,
    /// The window field as it is in the header, unscaled.
    pub window: u16,
    /// The urgent pointer field.
    pub urgent: u16,
    /// Its options in their order, padding included.
    pub options: Vec<TcpOption>,
    /// How long its header says that it is, in octets.
    pub header_len: usize,
    /// Where its payload stands in the octets that were decoded. Empty where the header is cut.
    pub payload: Range<usize>,
    /// Whether the header says that it is longer than what is there.
    pub is_cut: bool,
}

/// The beginning of a TCP segment whose header is cut short, as ICMP errors quote one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentStart {
    /// The sender's port and the receiver's.
    pub ports: Option<(u16, u16)>,
    /// The sequence number field.
    pub seq: Option<u32>,
    /// How long the header says that it is, in octets.
    pub header_len: Option<usize>,
}

impl Segment {
    /// Reads a segment that stands at `at` of the octets that are decoded.
    ///
    /// # Errors
    /// The header is cut short: what is there of it.
    pub(super) fn read(bytes: &[u8], at: usize) -> Result<Self, SegmentStart> {
        let Some(header) = bytes.first_chunk::<HEADER>() else {
            return Err(SegmentStart {
                ports: u16_at(bytes, 0).zip(u16_at(bytes, 2)),
                seq: u32_at(bytes, 4),
                header_len: bytes.get(12).map(|octet| header_len(*octet)),
            });
        };
        let [
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
            i,
            j,
            k,
            l,
            offset,
            bits,
            m,
            n,
            _,
            _,
            o,
            p,
        ] = *header;
        let header_len = header_len(offset);
        let end = header_len.min(bytes.len());
        Ok(Self {
            source_port: u16::from_be_bytes([a, b]),
            destination_port: u16::from_be_bytes([c, d]),
            flags: Flags::from_bits(u16::from_be_bytes([offset, bits])),
            seq: u32::from_be_bytes([e, f, g, h]),
            ack: u32::from_be_bytes([i, j, k, l]),
            window: u16::from_be_bytes([m, n]),
            urgent: u16::from_be_bytes([o, p]),
            options: TcpOption::read_all(bytes.get(HEADER..end).unwrap_or_default()),
            header_len,
            payload: at + end..at + bytes.len(),
            is_cut: header_len > bytes.len(),
        })
    }

    /// How many octets of payload it carries. SYN and FIN do not count.
    pub fn len(&self) -> usize {
        self.payload.len()
    }

    /// Whether it carries no payload.
    pub fn is_empty(&self) -> bool {
        self.payload.is_empty()
    }

    /// Whether its header is there and is no shorter than a header can be.
    pub fn is_well_formed(&self) -> bool {
        !self.is_cut && self.header_len >= HEADER
    }
}

/// The length of a header from the octet that begins with its data offset (RFC 9293 section 3.1).
fn header_len(octet: u8) -> usize {
    4 * usize::from(octet >> 4)
}
