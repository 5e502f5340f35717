//! The headers of an IP packet with TCP or UDP in it, as far as segmentation needs them.

use std::ops::Range;

use smoltcp::wire::{IpAddress, Ipv4Address, Ipv6Address};

/// The protocol numbers of TCP and UDP.
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

/// Where the checksums are, in octets behind the begin of their header.
pub(super) const TCP_CHECKSUM: usize = 16;
const UDP_CHECKSUM: usize = 6;

/// Where the parts of a packet are. All of it lies within the packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) source: IpAddress,
    pub(super) destination: IpAddress,
    pub(super) protocol: u8,
    /// The header of TCP or UDP, with its options.
    pub(super) transport: Range<usize>,
}

impl Layout {
    /// That of a packet. None: it is a fragment, has headers between, is another protocol's or is
    /// damaged.
    pub(super) fn of(packet: &[u8]) -> Option<Self> {
        let (source, destination, protocol, begin) = match packet.first()? >> 4 {
            4 => {
                let header: &[u8; 20] = packet.first_chunk()?;
                let length = usize::from(header[0] & 0xf) * 4;
                let is_fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0;
                let said = usize::from(u16::from_be_bytes([header[2], header[3]]));
                if length < 20 || is_fragment || said != packet.len() {
                    return None;
                }
                let [.., a, b, c, d, e, f, g, h] = *header;
                let source = Ipv4Address::new(a, b, c, d).into();
                (
                    source,
                    Ipv4Address::new(e, f, g, h).into(),
                    header[9],
                    length,
                )
            }
            6 => {
                let header: &[u8; 40] = packet.first_chunk()?;
                let said = usize::from(u16::from_be_bytes([header[4], header[5]]));
                if said + 40 != packet.len() {
                    return None;
                }
                let address = |octets: &[u8]| octets.try_into().map(Ipv6Address::from_octets);
                let source: Ipv6Address = address(&header[8..24]).ok()?;
                let destination: Ipv6Address = address(&header[24..40]).ok()?;
                (source.into(), destination.into(), header[6], 40)
            }
            _ => return None,
        };
        let header = packet.get(begin..)?;
        let length = match protocol {
            TCP => usize::from(*header.get(12)? >> 4) * 4,
            UDP => 8,
            _ => return None,
        };
        let least = if protocol == TCP { 20 } else { 8 };
        (length >= least && length <= header.len()).then(|| Self {
            source,
            destination,
            protocol,
            transport: begin..begin + length,
        })
    }

    /// Where the checksum is, in octets behind the begin of the header.
    pub(super) fn checksum_offset(&self) -> usize {
        match self.protocol {
            TCP => TCP_CHECKSUM,
            _ => UDP_CHECKSUM,
        }
    }
}
