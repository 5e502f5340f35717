//! The link of a device that is somebody else's: emulated hosts are found on it, and find who is
//! there (ARP, RFC 826; neighbour discovery, RFC 4861).
//!
//! Inside, all hosts know each other's Ethernet addresses. Outside, the emulated ones have the
//! address of the device, so that it need not take frames for others. What comes from outside is
//! trusted in nothing.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol,
    EthernetRepr, Icmpv6Packet, Icmpv6Repr, IpAddress, IpProtocol, Ipv4Packet, Ipv6Address,
    Ipv6Packet, Ipv6Repr, NdiscNeighborFlags, NdiscRepr, RawHardwareAddress,
};

use super::split::ETHERNET;

/// How many frames wait for the Ethernet address of their destination.
const WAITING_MAX: usize = 64;

/// How many neighbours are remembered.
const KNOWN_MAX: usize = 256;

/// The hop limit of neighbour discovery: who is not on the link cannot send it (RFC 4861 section
/// 7.1.1).
const ON_LINK: u8 = 255;

/// Who is who on the link.
#[derive(Debug)]
pub(super) struct Neighbourhood {
    /// The Ethernet address of the device.
    device: EthernetAddress,
    /// The emulated hosts, with the addresses that they have inside.
    ours: BTreeMap<IpAddress, EthernetAddress>,
    /// The host of the scenario that is outside, with the address that it has inside.
    outsider: (Vec<IpAddress>, EthernetAddress),
    known: BTreeMap<IpAddress, EthernetAddress>,
    waiting: VecDeque<(IpAddress, Bytes)>,
    /// Frames that waited and could not be kept.
    forgotten: u64,
}

/// What a frame from outside leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arrival {
    /// The frame, as it is inside: it is for an emulated host.
    pub(super) inside: Option<Bytes>,
    /// What is sent in answer, or can be sent now.
    pub(super) outside: Vec<Bytes>,
}

impl Neighbourhood {
    /// Emulated hosts behind a device, and the addresses of the host that is outside.
    pub(super) fn new(
        device: EthernetAddress,
        ours: BTreeMap<IpAddress, EthernetAddress>,
        outsider: (Vec<IpAddress>, EthernetAddress),
    ) -> Self {
        Self {
            device,
            ours,
            outsider,
            known: BTreeMap::new(),
            waiting: VecDeque::new(),
            forgotten: 0,
        }
    }

    /// How many frames were given up, as nobody said whose their destination is.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Looks at a frame of the device.
    pub(super) fn arrive(&mut self, frame: &[u8]) -> Arrival {
        let mut arrival = Arrival::default();
        let Ok(ethernet) = EthernetFrame::new_checked(frame) else {
            return arrival;
        };
        let to = ethernet.dst_addr();
        if to != self.device && to.is_unicast() {
            return arrival;
        }
        match ethernet.ethertype() {
            EthernetProtocol::Arp => self.arp(ethernet.payload(), &mut arrival.outside),
            EthernetProtocol::Ipv4 => {
                let Ok(packet) = Ipv4Packet::new_checked(ethernet.payload()) else {
                    return arrival;
                };
                arrival.inside = self.inside(packet.dst_addr().into(), frame);
            }
            EthernetProtocol::Ipv6 => {
                let Ok(packet) = Ipv6Packet::new_checked(ethernet.payload()) else {
                    return arrival;
                };
                if packet.next_header() == IpProtocol::Icmpv6 && packet.hop_limit() == ON_LINK {
                    self.discovery(&packet, &mut arrival.outside);
                }
                arrival.inside = self.inside(packet.dst_addr().into(), frame);
            }
            EthernetProtocol::Unknown(_) => {}
        }
        arrival
    }

    /// What a frame of an emulated host leads to outside: itself, or a question.
    pub(super) fn leave(&mut self, frame: Bytes) -> Option<Bytes> {
        let packet = frame.get(ETHERNET..).unwrap_or_default();
        let to: IpAddress = match packet.first().map(|octet| octet >> 4) {
            Some(4) => Ipv4Packet::new_checked(packet).ok()?.dst_addr().into(),
            Some(6) => Ipv6Packet::new_checked(packet).ok()?.dst_addr().into(),
            Some(_) | None => return None,
        };
        if let Some(&ethernet) = self.known.get(&to) {
            return Some(between(&frame, self.device, ethernet));
        }
        let question = self.question(to);
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
            self.forgotten += 1;
        }
        self.waiting.push_back((to, frame));
        question
    }

    /// A frame for an emulated host, with the Ethernet addresses that hosts have inside.
    fn inside(&self, to: IpAddress, frame: &[u8]) -> Option<Bytes> {
        let ethernet = *self.ours.get(&to)?;
        Some(between(frame, self.outsider.1, ethernet))
    }

    fn arp(&mut self, packet: &[u8], out: &mut Vec<Bytes>) {
        let Ok(packet) = ArpPacket::new_checked(packet) else {
            return;
        };
        let Ok(ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr,
            source_protocol_addr,
            target_protocol_addr,
            ..
        }) = ArpRepr::parse(&packet)
        else {
            return;
        };
        self.learn(source_protocol_addr.into(), source_hardware_addr, out);
        let is_ours = self.ours.contains_key(&target_protocol_addr.into());
        if operation != ArpOperation::Request || !is_ours {
            return;
        }
        out.push(self.say_arp(&ArpRepr::EthernetIpv4 {
            operation: ArpOperation::Reply,
            source_hardware_addr: self.device,
            source_protocol_addr: target_protocol_addr,
            target_hardware_addr: source_hardware_addr,
            target_protocol_addr: source_protocol_addr,
        }));
    }

    fn discovery(&mut self, packet: &Ipv6Packet<&[u8]>, out: &mut Vec<Bytes>) {
        let (from, to) = (packet.src_addr(), packet.dst_addr());
        let Ok(message) = Icmpv6Packet::new_checked(packet.payload()) else {
            return;
        };
        let checks = ChecksumCapabilities::ignored();
        let Ok(Icmpv6Repr::Ndisc(message)) = Icmpv6Repr::parse(&from, &to, &message, &checks)
        else {
            return;
        };
        let ethernet = |it: RawHardwareAddress| {
            let octets: Option<[u8; 6]> = it.as_bytes().try_into().ok();
            octets.map(EthernetAddress)
        };
        match message {
            NdiscRepr::NeighborSolicit {
                target_addr,
                lladdr,
            } => {
                let Some(theirs) = lladdr.and_then(ethernet) else {
                    return;
                };
                self.learn(from.into(), theirs, out);
                if self.ours.contains_key(&target_addr.into()) {
                    out.push(self.advertise(target_addr, (from, theirs)));
                }
            }
            NdiscRepr::NeighborAdvert {
                target_addr,
                lladdr: Some(theirs),
                ..
            } => {
                if let Some(theirs) = ethernet(theirs) {
                    self.learn(target_addr.into(), theirs, out);
                }
            }
            NdiscRepr::NeighborAdvert { lladdr: None, .. }
            | NdiscRepr::RouterSolicit { .. }
            | NdiscRepr::RouterAdvert { .. }
            | NdiscRepr::Redirect { .. } => {}
        }
    }

    /// Remembers whose an address is, and lets the frames go that waited for it.
    fn learn(&mut self, address: IpAddress, ethernet: EthernetAddress, out: &mut Vec<Bytes>) {
        let is_outside = self.outsider.0.contains(&address) || self.known.len() < KNOWN_MAX;
        if !address.is_unicast() || !ethernet.is_unicast() || !is_outside {
            return;
        }
        if self.ours.contains_key(&address) {
            return;
        }
        self.known.insert(address, ethernet);
        let waiting = std::mem::take(&mut self.waiting);
        for (to, frame) in waiting {
            match to == address {
                true => out.push(between(&frame, self.device, ethernet)),
                false => self.waiting.push_back((to, frame)),
            }
        }
    }

    /// Asks whose an address is, in the name of an emulated host of its family.
    fn question(&self, to: IpAddress) -> Option<Bytes> {
        let mut ours = self.ours.keys();
        match to {
            IpAddress::Ipv4(to) => {
                let from = ours.find_map(|it| match it {
                    IpAddress::Ipv4(it) => Some(*it),
                    IpAddress::Ipv6(_) => None,
                });
                Some(self.say_arp(&ArpRepr::EthernetIpv4 {
                    operation: ArpOperation::Request,
                    source_hardware_addr: self.device,
                    source_protocol_addr: from?,
                    target_hardware_addr: EthernetAddress::BROADCAST,
                    target_protocol_addr: to,
                }))
            }
            IpAddress::Ipv6(to) => {
                let from = ours.find_map(|it| match it {
                    IpAddress::Ipv6(it) => Some(*it),
                    IpAddress::Ipv4(_) => None,
                });
                let group = solicited(to);
                let message = NdiscRepr::NeighborSolicit {
                    target_addr: to,
                    lladdr: Some(RawHardwareAddress::from(self.device)),
                };
                let ends = (from?, group);
                Some(self.say_discovery(message, ends, multicast(group)))
            }
        }
    }

    fn advertise(
        &self,
        ours: Ipv6Address,
        (theirs, ethernet): (Ipv6Address, EthernetAddress),
    ) -> Bytes {
        let message = NdiscRepr::NeighborAdvert {
            flags: NdiscNeighborFlags::SOLICITED | NdiscNeighborFlags::OVERRIDE,
            target_addr: ours,
            lladdr: Some(RawHardwareAddress::from(self.device)),
        };
        self.say_discovery(message, (ours, theirs), ethernet)
    }

    fn say_arp(&self, arp: &ArpRepr) -> Bytes {
        let ArpRepr::EthernetIpv4 {
            target_hardware_addr,
            ..
        } = *arp
        else {
            return Bytes::new();
        };
        let mut octets = self.ethernet(target_hardware_addr, EthernetProtocol::Arp);
        octets.resize(ETHERNET + arp.buffer_len(), 0);
        arp.emit(&mut ArpPacket::new_unchecked(&mut octets[ETHERNET..]));
        octets.freeze()
    }

    fn say_discovery(
        &self,
        message: NdiscRepr<'_>,
        (from, to): (Ipv6Address, Ipv6Address),
        ethernet: EthernetAddress,
    ) -> Bytes {
        let message = Icmpv6Repr::Ndisc(message);
        let header = Ipv6Repr {
            src_addr: from,
            dst_addr: to,
            next_header: IpProtocol::Icmpv6,
            payload_len: message.buffer_len(),
            hop_limit: ON_LINK,
        };
        let mut octets = self.ethernet(ethernet, EthernetProtocol::Ipv6);
        octets.resize(ETHERNET + header.buffer_len() + message.buffer_len(), 0);
        let packet = &mut octets[ETHERNET..];
        header.emit(&mut Ipv6Packet::new_unchecked(&mut *packet));
        let mut body = Icmpv6Packet::new_unchecked(&mut packet[header.buffer_len()..]);
        message.emit(&from, &to, &mut body, &ChecksumCapabilities::default());
        octets.freeze()
    }

    fn ethernet(&self, to: EthernetAddress, ethertype: EthernetProtocol) -> BytesMut {
        let mut octets = BytesMut::zeroed(ETHERNET);
        let header = EthernetRepr {
            src_addr: self.device,
            dst_addr: to,
            ethertype,
        };
        header.emit(&mut EthernetFrame::new_unchecked(&mut octets[..]));
        octets
    }
}

/// A frame with other Ethernet addresses.
fn between(frame: &[u8], from: EthernetAddress, to: EthernetAddress) -> Bytes {
    let mut octets = BytesMut::from(frame);
    octets[..6].copy_from_slice(to.as_bytes());
    octets[6..12].copy_from_slice(from.as_bytes());
    octets.freeze()
}

/// The group of those whose address ends as this one (RFC 4291 section 2.7.1).
fn solicited(address: Ipv6Address) -> Ipv6Address {
    let [.., a, b, c] = address.octets();
    Ipv6Address::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(a), {
        u16::from_be_bytes([b, c])
    })
}

/// The Ethernet address of a group (RFC 2464 section 7).
fn multicast(group: Ipv6Address) -> EthernetAddress {
    let [.., a, b, c, d] = group.octets();
    EthernetAddress([0x33, 0x33, a, b, c, d])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smoltcp::wire::Ipv4Address;

    use super::*;

    const DEVICE: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 9]);
    const OURS: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 1]);
    const OUTSIDER: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 2]);
    const THEIRS: EthernetAddress = EthernetAddress([6, 0, 0, 0, 0, 7]);

    fn address(is_ipv6: bool, last: u8) -> IpAddress {
        match is_ipv6 {
            false => Ipv4Address::new(192, 0, 2, last).into(),
            true => Ipv6Address::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()).into(),
        }
    }

    fn ours() -> Neighbourhood {
        let both = [false, true];
        let ours = both.map(|is_ipv6| (address(is_ipv6, 1), OURS));
        let theirs = both.map(|is_ipv6| address(is_ipv6, 2));
        Neighbourhood::new(DEVICE, ours.into(), (theirs.to_vec(), OUTSIDER))
    }

    /// Another link of the same kind, with the two ends exchanged.
    fn theirs() -> Neighbourhood {
        let both = [false, true];
        let theirs = both.map(|is_ipv6| (address(is_ipv6, 2), OUTSIDER));
        let ours = both.map(|is_ipv6| address(is_ipv6, 1));
        Neighbourhood::new(THEIRS, theirs.into(), (ours.to_vec(), OURS))
    }

    fn frame(is_ipv6: bool, from: u8, to: u8) -> Bytes {
        let mut octets = vec![0; 12];
        let (source, destination) = (address(is_ipv6, from), address(is_ipv6, to));
        match (source, destination) {
            (IpAddress::Ipv4(source), IpAddress::Ipv4(destination)) => {
                octets.extend([0x08, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 6, 0, 0]);
                octets.extend(source.octets());
                octets.extend(destination.octets());
            }
            (IpAddress::Ipv6(source), IpAddress::Ipv6(destination)) => {
                octets.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64]);
                octets.extend(source.octets());
                octets.extend(destination.octets());
            }
            _ => unreachable!("both are of one family"),
        }
        octets.into()
    }

    /// The first frame asks, the answer lets it go, and the next one goes at once.
    #[test]
    fn two_links_find_each_other() {
        for is_ipv6 in [false, true] {
            let (mut ours, mut theirs) = (ours(), theirs());
            let frame = frame(is_ipv6, 1, 2);
            let question = ours.leave(frame.clone()).expect("it asks");
            let answer = theirs.arrive(&question).outside;
            let [answer] = &answer[..] else {
                panic!("one answer: {answer:?}");
            };
            let gone = ours.arrive(answer).outside;
            assert_eq!(gone, [between(&frame, DEVICE, THEIRS)]);
            assert_eq!(ours.leave(frame), gone.first().cloned());
            let inside = theirs.arrive(&gone[0]).inside.expect("it is for them");
            assert_eq!(
                (&inside[..6], &inside[6..12]),
                (&OUTSIDER.0[..], &OURS.0[..])
            );
        }
    }

    /// Nobody on the link takes an emulated host's address, and none of a stranger's is answered.
    #[test]
    fn no_frame_of_others_is_taken() {
        let mut ours = ours();
        let for_another = between(&frame(false, 2, 1), THEIRS, OUTSIDER);
        assert_eq!(ours.arrive(&for_another), Arrival::default());
        let to_nobody = between(&frame(false, 2, 77), THEIRS, DEVICE);
        assert_eq!(ours.arrive(&to_nobody), Arrival::default());
        let thief = ArpRepr::EthernetIpv4 {
            operation: ArpOperation::Reply,
            source_hardware_addr: THEIRS,
            source_protocol_addr: Ipv4Address::new(192, 0, 2, 1),
            target_hardware_addr: DEVICE,
            target_protocol_addr: Ipv4Address::new(192, 0, 2, 1),
        };
        let mut link = theirs();
        link.device = THEIRS;
        let arrival = ours.arrive(&link.say_arp(&thief));
        assert_eq!(arrival, Arrival::default());
        assert_eq!(ours.known.len(), 0);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut ours = ours();
        for _ in 0..3 * WAITING_MAX {
            ours.leave(frame(false, 1, 2));
        }
        assert_eq!(ours.waiting.len(), WAITING_MAX);
        assert_eq!(ours.forgotten(), 2 * WAITING_MAX as u64);
    }

    proptest! {
        /// Whatever is on the link, nothing panics, and what is remembered is bounded.
        #[test]
        fn any_frame_is_taken(frames in proptest::collection::vec(
            (0..4_usize, proptest::collection::vec(any::<u8>(), 0..120)), 0..40,
        )) {
            let mut ours = ours();
            for (kind, octets) in frames {
                let ethertype = [[8, 0], [8, 6], [0x86, 0xdd], [1, 1]][kind];
                let mut frame = DEVICE.0.to_vec();
                frame.extend(THEIRS.0);
                frame.extend(ethertype);
                frame.extend(octets);
                ours.arrive(&frame);
                ours.leave(frame.into());
            }
            prop_assert!(ours.known.len() <= KNOWN_MAX + 2);
        }
    }
}
