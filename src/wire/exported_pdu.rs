//! Exported PDUs (link type 252): packets of a capture file that were on no wire. A list of tags
//! names the two ends, and a body follows for the dissector that a tag names.
//!
//! The dissector is `syslog`, the only one of those that Wireshark has which puts a plain line into
//! the Info column unchanged.

use std::borrow::Cow;

use smoltcp::wire::{IpAddress, Ipv4Address, Ipv6Address};

use super::octets::{u16_at, u32_at};

/// The tags (epan/exported_pdu.h of Wireshark).
mod tag {
    pub(super) const END: u16 = 0;
    pub(super) const DISSECTOR: u16 = 12;
    pub(super) const SOURCE_IPV4: u16 = 20;
    pub(super) const DESTINATION_IPV4: u16 = 21;
    pub(super) const SOURCE_IPV6: u16 = 22;
    pub(super) const DESTINATION_IPV6: u16 = 23;
    pub(super) const PORT_TYPE: u16 = 24;
    pub(super) const SOURCE_PORT: u16 = 25;
    pub(super) const DESTINATION_PORT: u16 = 26;
}

/// The most that tags take: a name, two IPv6 addresses, ports, and the end.
const TAGS_OCTETS_MAX: usize = 12 + 2 * 20 + 3 * 8 + 4;

/// A line of text between two addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportedPdu<'a> {
    /// Where its arrow starts.
    pub source: Option<IpAddress>,
    /// Where its arrow ends.
    pub destination: Option<IpAddress>,
    /// The ports at both ends, and what they are ports of.
    pub ports: Option<Ports>,
    /// The line. None: the tags are cut short.
    pub text: Option<Cow<'a, str>>,
}

/// The ports of an exported PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// What they are ports of.
    pub of: PortType,
    /// That where the arrow starts.
    pub source: u32,
    /// That where the arrow ends.
    pub destination: u32,
}

/// What ports are of, as Wireshark numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortType {
    /// TCP
    Tcp = 2,
    /// UDP
    Udp = 3,
}

impl<'a> ExportedPdu<'a> {
    /// Its octets.
    pub fn write(&self) -> Vec<u8> {
        let text = self.text.as_deref().unwrap_or_default();
        let mut pdu = Vec::with_capacity(TAGS_OCTETS_MAX + text.len());
        put(&mut pdu, tag::DISSECTOR, b"syslog");
        let addresses = [
            (self.source, tag::SOURCE_IPV4, tag::SOURCE_IPV6),
            (
                self.destination,
                tag::DESTINATION_IPV4,
                tag::DESTINATION_IPV6,
            ),
        ];
        for (address, v4, v6) in addresses {
            match address {
                Some(IpAddress::Ipv4(address)) => put(&mut pdu, v4, &address.octets()),
                Some(IpAddress::Ipv6(address)) => put(&mut pdu, v6, &address.octets()),
                None => {}
            }
        }
        if let Some(ports) = self.ports {
            put(&mut pdu, tag::PORT_TYPE, &(ports.of as u32).to_be_bytes());
            put(&mut pdu, tag::SOURCE_PORT, &ports.source.to_be_bytes());
            put(
                &mut pdu,
                tag::DESTINATION_PORT,
                &ports.destination.to_be_bytes(),
            );
        }
        put(&mut pdu, tag::END, &[]);
        pdu.extend_from_slice(text.as_bytes());
        pdu
    }

    /// Reads the octets of one, as far as they go.
    pub fn read(octets: &'a [u8]) -> Self {
        let mut pdu = Self::default();
        let (mut port_type, mut source, mut destination) = (None, None, None);
        let mut rest = octets;
        while let (Some(tag), Some(len)) = (u16_at(rest, 0), u16_at(rest, 2)) {
            let end = 4 + usize::from(len);
            let (Some(value), Some(after)) = (rest.get(4..end), rest.get(end..)) else {
                break;
            };
            rest = after;
            let v4 = || Some(Ipv4Address::from(*value.first_chunk::<4>()?).into());
            let v6 = || Some(Ipv6Address::from(*value.first_chunk::<16>()?).into());
            match tag {
                tag::END => {
                    pdu.text = Some(String::from_utf8_lossy(rest));
                    break;
                }
                tag::SOURCE_IPV4 => pdu.source = v4(),
                tag::DESTINATION_IPV4 => pdu.destination = v4(),
                tag::SOURCE_IPV6 => pdu.source = v6(),
                tag::DESTINATION_IPV6 => pdu.destination = v6(),
                tag::PORT_TYPE => port_type = u32_at(value, 0).and_then(PortType::of_number),
                tag::SOURCE_PORT => source = u32_at(value, 0),
                tag::DESTINATION_PORT => destination = u32_at(value, 0),
                _ => {}
            }
        }
        if let (Some(of), Some(source), Some(destination)) = (port_type, source, destination) {
            pdu.ports = Some(Ports {
                of,
                source,
                destination,
            });
        }
        pdu
    }
}

impl PortType {
    fn of_number(number: u32) -> Option<Self> {
        [Self::Tcp, Self::Udp]
            .into_iter()
            .find(|it| *it as u32 == number)
    }
}

/// Appends a tag. Values are padded with NULs to a multiple of four octets, and the length counts
/// the padding.
fn put(pdu: &mut Vec<u8>, tag: u16, value: &[u8]) {
    let len = value.len().next_multiple_of(4);
    let field = u16::try_from(len).expect("values are addresses, ports and one name");
    pdu.extend_from_slice(&tag.to_be_bytes());
    pdu.extend_from_slice(&field.to_be_bytes());
    pdu.extend_from_slice(value);
    pdu.resize(pdu.len() + len - value.len(), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_any_octets_are_read() {
        let ports = Ports {
            of: PortType::Tcp,
            source: 40_000,
            destination: 80,
        };
        let (v4, v6) = (
            IpAddress::v4(192, 0, 2, 1),
            IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1),
        );
        for (address, ports) in [(v4, Some(ports)), (v6, None)] {
            let pdu = ExportedPdu {
                source: Some(address),
                destination: Some(address),
                ports,
                text: Some("close(s=3) = 0".into()),
            };
            let octets = pdu.write();
            assert_eq!(ExportedPdu::read(&octets), pdu);
            let head = octets.len() - "close(s=3) = 0".len();
            for end in 0..head {
                assert_eq!(ExportedPdu::read(&octets[..end]).text, None, "{end}");
            }
        }
    }
}
