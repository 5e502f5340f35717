//! Addresses, ports and an epoch of a scenario's own, so that traces of several scenarios can be
//! merged: Wireshark makes one conversation of what has the same addresses and ports.
//!
//! They follow from the scenario's name, so that the same scenario has the same ones in every run.
//! An IPv4 address goes to 10.0.0.0/8, an IPv6 address to fd00::/8 (RFC 4193), a port of those that
//! hosts choose to another of these; ports of services stay, for Wireshark to dissect them.
//! Checksums change by what has changed (RFC 1624), so that a bad one stays bad.

use std::collections::BTreeMap;
use std::time::Duration;

use hangup_stack::network::HostId;
use smoltcp::wire::{IpAddress, Ipv4Address, Ipv6Address};

use super::epoch::EPOCH;
use super::trace::Trace;
use crate::wire::ExportedPdu;

/// The first port of those that hosts choose: lower than any profile's.
const CHOSEN_FIRST: u16 = 32_768;
/// How far apart the epochs of two scenarios are, in seconds: a run is rarely longer than a day.
const EPOCH_STEP: u64 = 86_400;
/// How many epochs there are: forty years of days, which an old pcap can still say.
const EPOCHS: u64 = 40 * 365;

const ETHERNET_LEN: usize = 14;
const IPV6_LEN: usize = 40;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// How the packets of a trace are rewritten.
#[derive(Clone, Debug)]
pub(super) struct Rewriting {
    addresses: BTreeMap<IpAddress, IpAddress>,
    ports: u16,
    epoch: Duration,
}

impl Rewriting {
    pub(super) fn new(trace: &Trace<'_>) -> Self {
        let name = trace.summary.scenario.as_bytes();
        let seed = hash(name);
        let addresses = trace.hosts.iter().flat_map(|host| {
            let HostId(number) = host.id;
            host.addresses
                .iter()
                .zip(0u64..)
                .map(move |(address, of_host)| {
                    let place =
                        hash(&[name, &number.to_be_bytes(), &of_host.to_be_bytes()].concat());
                    (*address, distinct(*address, place))
                })
        });
        Self {
            addresses: addresses.collect(),
            ports: (seed % u64::from(CHOSEN_FIRST)) as u16,
            epoch: EPOCH + Duration::from_secs((seed >> 16) % EPOCHS * EPOCH_STEP),
        }
    }

    /// Virtual time zero.
    pub(super) fn epoch(&self) -> Duration {
        self.epoch
    }

    /// The address that stands for another.
    pub(super) fn address(&self, address: IpAddress) -> IpAddress {
        self.addresses.get(&address).copied().unwrap_or(address)
    }

    fn port(&self, port: u16) -> u16 {
        match port.checked_sub(CHOSEN_FIRST) {
            Some(chosen) => CHOSEN_FIRST + (chosen + self.ports) % CHOSEN_FIRST,
            None => port,
        }
    }

    /// Rewrites an Ethernet frame.
    pub(super) fn frame(&self, frame: &mut [u8]) {
        let kind = frame.get(12..ETHERNET_LEN).map(<[u8]>::to_vec);
        if matches!(kind.as_deref(), Some([0x08, 0x00] | [0x86, 0xdd])) {
            self.ip(&mut frame[ETHERNET_LEN..], &mut Vec::new());
        }
    }

    /// Rewrites a row.
    pub(super) fn row(&self, octets: &mut Vec<u8>) {
        let mut pdu = ExportedPdu::read(octets);
        pdu.source = pdu.source.map(|address| self.address(address));
        pdu.destination = pdu.destination.map(|address| self.address(address));
        if let Some(ports) = &mut pdu.ports {
            for port in [&mut ports.source, &mut ports.destination] {
                if let Ok(number) = u16::try_from(*port) {
                    *port = self.port(number).into();
                }
            }
        }
        let rewritten = pdu.write();
        *octets = rewritten;
    }

    /// Rewrites an IP packet, or as much of one as an ICMP error quotes. Each change goes to
    /// `changes` as well, for the checksum around it.
    fn ip(&self, packet: &mut [u8], changes: &mut Vec<Change>) {
        let Some(first) = packet.first().copied() else {
            return;
        };
        let (addresses, head, protocol, is_first) = match first >> 4 {
            4 if packet.len() >= 20 => {
                let offset = u16::from_be_bytes([packet[6], packet[7]]) & 0x1fff;
                (12..20, usize::from(first & 0xf) * 4, packet[9], offset == 0)
            }
            6 if packet.len() >= IPV6_LEN => (8..IPV6_LEN, IPV6_LEN, packet[6], true),
            _ => return,
        };
        let mut pseudo = Vec::new();
        let half = addresses.len() / 2;
        for at in [addresses.start, addresses.start + half] {
            self.replace_address(packet, at, half, &mut pseudo);
        }
        changes.extend_from_slice(&pseudo);
        if first >> 4 == 4 {
            changes.extend(mend(packet, 10, &pseudo));
        }
        if let Some(inside) = packet.get_mut(head..).filter(|_| is_first) {
            changes.extend(self.transport(inside, protocol, &pseudo));
        }
    }

    fn replace_address(&self, packet: &mut [u8], at: usize, len: usize, changes: &mut Vec<Change>) {
        let octets = &packet[at..at + len];
        let old = match (<[u8; 4]>::try_from(octets), <[u8; 16]>::try_from(octets)) {
            (Ok(octets), _) => IpAddress::Ipv4(Ipv4Address::from(octets)),
            (_, Ok(octets)) => IpAddress::Ipv6(Ipv6Address::from(octets)),
            _ => return,
        };
        match self.address(old) {
            IpAddress::Ipv4(new) => put(packet, at, &new.octets(), changes),
            IpAddress::Ipv6(new) => put(packet, at, &new.octets(), changes),
        }
    }

    /// Rewrites what is in an IP packet; the changes of it, those of its checksum among them.
    fn transport(&self, inside: &mut [u8], protocol: u8, pseudo: &[Change]) -> Vec<Change> {
        let mut changes = Vec::new();
        let checksum = match protocol {
            TCP | UDP if inside.len() >= 4 => {
                for at in [0, 2] {
                    let port = u16::from_be_bytes([inside[at], inside[at + 1]]);
                    put(inside, at, &self.port(port).to_be_bytes(), &mut changes);
                }
                if protocol == TCP { 16 } else { 6 }
            }
            // An error quotes the packet that it is about behind its eight octets.
            ICMP if matches!(inside.first(), Some(3 | 4 | 5 | 11 | 12)) => {
                self.ip(inside.get_mut(8..).unwrap_or_default(), &mut changes);
                changes.extend(mend(inside, 2, &changes.clone()));
                return changes;
            }
            ICMPV6 => {
                if inside.first().is_some_and(|kind| *kind < 128) {
                    self.ip(inside.get_mut(8..).unwrap_or_default(), &mut changes);
                }
                2
            }
            _ => return changes,
        };
        // A UDP checksum of zero says that there is none (RFC 768).
        let is_none = protocol == UDP && inside.get(6..8) == Some(&[0, 0]);
        if !is_none {
            let all = [pseudo, &changes].concat();
            changes.extend(mend(inside, checksum, &all));
            if protocol == UDP && inside.get(6..8) == Some(&[0, 0]) {
                // The other zero of ones' complement.
                put(inside, 6, &[0xff, 0xff], &mut changes);
            }
        }
        changes
    }
}

/// Sixteen bits that were others before.
#[derive(Clone, Copy, Debug)]
struct Change {
    old: u16,
    new: u16,
}

/// Replaces octets, of even number and at an even place.
fn put(packet: &mut [u8], at: usize, octets: &[u8], changes: &mut Vec<Change>) {
    for (place, pair) in (at..).step_by(2).zip(octets.chunks_exact(2)) {
        let old = u16::from_be_bytes([packet[place], packet[place + 1]]);
        let new = u16::from_be_bytes([pair[0], pair[1]]);
        packet[place..place + 2].copy_from_slice(pair);
        changes.push(Change { old, new });
    }
}

/// Makes a checksum right again that was right before the changes: `HC' = ~(~HC + ~m + m')`
/// (RFC 1624 section 3). None: it is cut off.
fn mend(packet: &mut [u8], at: usize, changes: &[Change]) -> Option<Change> {
    let octets = packet.get_mut(at..at + 2)?;
    let old = u16::from_be_bytes([octets[0], octets[1]]);
    let sum = changes.iter().fold(u64::from(!old), |sum, change| {
        sum + u64::from(!change.old) + u64::from(change.new)
    });
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    let new = !(((folded & 0xffff) + (folded >> 16)) as u16);
    octets.copy_from_slice(&new.to_be_bytes());
    Some(Change { old, new })
}

/// FNV-1a: spreads names over numbers, the same on every machine.
fn hash(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The address at a place of the ranges that are nobody's.
fn distinct(address: IpAddress, place: u64) -> IpAddress {
    let [_, _, _, _, _, a, b, c] = place.to_be_bytes();
    match address {
        IpAddress::Ipv4(_) => IpAddress::v4(10, a, b, c),
        IpAddress::Ipv6(_) => {
            let mut octets = [0; 16];
            octets[0] = 0xfd;
            octets[8..].copy_from_slice(&place.to_be_bytes());
            IpAddress::Ipv6(Ipv6Address::from(octets))
        }
    }
}
