//! The header that goes before each packet of a device with IFF_VNET_HDR: `struct virtio_net_hdr`
//! of Linux (`linux/virtio_net.h`), in the machine's own byte order.

/// The checksum is to be completed: it begins at `checksum_start`, and goes `checksum_offset`
/// octets behind that.
const NEEDS_CHECKSUM: u8 = 1;
/// The checksum was verified already.
const DATA_VALID: u8 = 2;
const GSO_TCP_V4: u8 = 1;
const GSO_TCP_V6: u8 = 4;
const GSO_UDP_L4: u8 = 5;
/// Each segment carries CWR as the first does (RFC 3168), or only the first does.
const GSO_ECN: u8 = 0x80;

/// How a packet is to be cut into those that fit the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Segmentation {
    /// It is one.
    #[default]
    None,
    /// A TCP segment of many.
    Tcp,
    /// UDP datagrams to the same socket.
    Udp,
    /// A way that we did not ask for.
    Other(u8),
}

/// The header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VirtioHeader {
    /// Whether the checksum is that of the pseudo header only.
    pub needs_checksum: bool,
    /// Whether the checksum is known to be right.
    pub is_valid: bool,
    /// How it is cut.
    pub segmentation: Segmentation,
    /// How many octets of headers each of the parts repeats.
    pub header_length: u16,
    /// How many octets of payload each of the parts has.
    pub segment_size: u16,
    /// Where the checksum begins, in octets.
    pub checksum_start: u16,
    /// Where it is kept, in octets behind that.
    pub checksum_offset: u16,
}

impl VirtioHeader {
    /// Its length in octets.
    pub const LENGTH: usize = 10;

    /// Whether the packet is one of many TCP segments.
    pub fn is_large(&self) -> bool {
        self.segmentation == Segmentation::Tcp && self.segment_size > 0
    }

    /// Reads it.
    pub fn read(octets: &[u8; Self::LENGTH]) -> Self {
        let [flags, gso, a, b, c, d, e, f, g, h] = *octets;
        Self {
            needs_checksum: flags & NEEDS_CHECKSUM != 0,
            is_valid: flags & DATA_VALID != 0,
            segmentation: match gso & !GSO_ECN {
                0 => Segmentation::None,
                GSO_TCP_V4 | GSO_TCP_V6 => Segmentation::Tcp,
                GSO_UDP_L4 => Segmentation::Udp,
                other => Segmentation::Other(other),
            },
            header_length: u16::from_ne_bytes([a, b]),
            segment_size: u16::from_ne_bytes([c, d]),
            checksum_start: u16::from_ne_bytes([e, f]),
            checksum_offset: u16::from_ne_bytes([g, h]),
        }
    }

    /// Writes it, for a packet of IPv6 or IPv4.
    pub fn write(&self, is_ipv6: bool) -> [u8; Self::LENGTH] {
        let flags =
            u8::from(self.needs_checksum) * NEEDS_CHECKSUM + u8::from(self.is_valid) * DATA_VALID;
        let gso = match (self.segmentation, is_ipv6) {
            (Segmentation::None, _) => 0,
            (Segmentation::Tcp, false) => GSO_TCP_V4,
            (Segmentation::Tcp, true) => GSO_TCP_V6,
            (Segmentation::Udp, _) => GSO_UDP_L4,
            (Segmentation::Other(other), _) => other,
        };
        let mut octets = [flags, gso, 0, 0, 0, 0, 0, 0, 0, 0];
        let fields = [
            self.header_length,
            self.segment_size,
            self.checksum_start,
            self.checksum_offset,
        ];
        for (place, field) in octets[2..].chunks_exact_mut(2).zip(fields) {
            place.copy_from_slice(&field.to_ne_bytes());
        }
        octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let kinds = [
            Segmentation::None,
            Segmentation::Tcp,
            Segmentation::Udp,
            Segmentation::Other(3),
        ];
        for segmentation in kinds {
            for needs_checksum in [false, true] {
                let header = VirtioHeader {
                    needs_checksum,
                    is_valid: !needs_checksum,
                    segmentation,
                    header_length: 40,
                    segment_size: 1460,
                    checksum_start: 20,
                    checksum_offset: 16,
                };
                for is_ipv6 in [false, true] {
                    assert_eq!(VirtioHeader::read(&header.write(is_ipv6)), header);
                }
            }
        }
    }
}
