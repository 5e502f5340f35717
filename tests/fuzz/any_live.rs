//! What must hold for any packets that a kernel gives the device of a live run. A fuzz target calls
//! it too.

use bytes::Bytes;
use hangup::live::device::{VirtioHeader, frames, large};
use hangup_stack::link::LinkConfig;
use hangup_stack::network::{
    HostConfig, HostId, IpFamily, Network, Recording, Resolution, StackKind,
};
use hangup_stack::profile::Profile;
use hangup_stack::socket::Protocol;
use smoltcp::time::Duration;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, IpAddress, IpProtocol, Ipv4Packet,
    Ipv6Packet, TcpPacket,
};

/// A record of the input: a header of virtio, the length of the packet, the packet.
const RECORD: usize = VirtioHeader::LENGTH + 2;

/// How many records are played.
const RECORDS_MAX: usize = 200;

/// The most that an emulated host may hold for packets that nobody reads, in octets.
const HELD_MAX: usize = 64 << 20;

const SERVER: HostId = HostId(0);
const KERNEL: HostId = HostId(1);

/// The number behind all that the server has sent, by which packets can acknowledge it.
#[derive(Default)]
struct Next(u32);

/// Each packet becomes frames that a link carries or is refused, the emulated host survives all of
/// them, holds no more than its buffers, and what it answers is well formed.
pub(crate) fn check(octets: &[u8]) {
    let mut network = network();
    let mut next = Next::default();
    let mut rest = octets;
    for index in 0..RECORDS_MAX {
        let Some((record, behind)) = rest.split_first_chunk::<RECORD>() else {
            break;
        };
        let (header, length) = record.split_at(VirtioHeader::LENGTH);
        let header = VirtioHeader::read(header.try_into().expect("it has that length"));
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        let (packet, behind) = behind.split_at(length.min(behind.len()));
        rest = behind;
        let mut packet = packet.to_vec();
        next.acknowledge(&mut packet);
        let mut cut = Vec::new();
        let addresses = (
            network.ethernet_address(KERNEL),
            network.ethernet_address(SERVER),
        );
        let ends = |_: Option<IpAddress>| addresses;
        // As the live medium does: what can go on as segments does so, unless somebody looks.
        let went_on = index % 2 == 0
            && header.is_large()
            && network.transmit_large(KERNEL, &large(&header, packet.clone().into(), ends));
        if went_on {
            network.run_until(network.now() + Duration::from_millis(1));
            next.look_at_all(&mut network);
            continue;
        }
        if frames(&header, &mut packet, ends, &mut cut).is_err() {
            continue;
        }
        for frame in cut {
            assert!(frame.len() <= packet.len() + 14, "{frame:?} of {packet:?}");
            network.transmit(KERNEL, frame);
        }
        network.run_until(network.now() + Duration::from_millis(1));
        next.look_at_all(&mut network);
    }
    network.run_until(network.now() + Duration::from_secs(100));
    next.look_at_all(&mut network);
    assert!(network.held_octets() <= HELD_MAX);
}

/// A server that listens on port 80 of both families, and has a socket for datagrams.
fn network() -> Network {
    let mut network = Network::new(0, Resolution::Static);
    network.record(Recording::Nothing);
    let linux = Profile::built_in("linux").expect("it is built in");
    let stacks = [StackKind::of(linux), StackKind::Scripted];
    for (last, stack) in (1..).zip(stacks) {
        network.add_host(HostConfig {
            name: format!("host{last}"),
            addresses: vec![
                IpAddress::v4(192, 0, 2, last),
                IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()),
            ],
            stack,
            mtu: 1500,
            receive_buffer: None,
            send_buffer: None,
        });
    }
    for (from, to) in [(SERVER, KERNEL), (KERNEL, SERVER)] {
        network.set_link(from, to, LinkConfig::default());
    }
    network.set_outlet(KERNEL);
    network.with_host(SERVER, |host, _| {
        for address in host.addresses().to_vec() {
            let family = IpFamily::of(address);
            let listener = host.open(Protocol::Tcp, family);
            let bound = host.bind(listener, Some(address), 80);
            bound.expect("the port is free");
            host.listen(listener, 4).expect("it is bound");
            let datagrams = host.open(Protocol::Udp, family);
            let bound = host.bind(datagrams, Some(address), 9);
            bound.expect("the port is free");
        }
    });
    network
}

impl Next {
    /// An acknowledgment of the input counts from what the server has sent, so that inputs need not
    /// know its numbers.
    fn acknowledge(&self, packet: &mut [u8]) {
        if let Some(&[0x45, _, _, _, _, _, _, _, _, 6]) = packet.first_chunk()
            && let Some(field) = packet.get_mut(28..32)
        {
            let said = u32::from_be_bytes([field[0], field[1], field[2], field[3]]);
            field.copy_from_slice(&self.0.wrapping_add(said).to_be_bytes());
        }
    }

    /// All frames that the server has sent since the last look are whole.
    fn look_at_all(&mut self, network: &mut Network) {
        let out = network.take_outgoing().map(|mut it| it.octets());
        out.for_each(|frame| self.look(&frame));
    }

    /// A frame of the server is whole.
    fn look(&mut self, frame: &Bytes) {
        let frame = EthernetFrame::new_checked(&frame[..]).expect("a header");
        assert_ne!(frame.src_addr(), EthernetAddress::BROADCAST);
        match frame.ethertype() {
            EthernetProtocol::Ipv4 => {
                let packet = Ipv4Packet::new_checked(frame.payload()).expect("a header");
                assert!(packet.verify_checksum());
                if packet.next_header() == IpProtocol::Tcp {
                    self.segment(
                        packet.payload(),
                        packet.src_addr().into(),
                        packet.dst_addr().into(),
                    );
                }
            }
            EthernetProtocol::Ipv6 => {
                Ipv6Packet::new_checked(frame.payload()).expect("a header");
            }
            EthernetProtocol::Arp | EthernetProtocol::Unknown(_) => {}
        }
    }

    fn segment(&mut self, octets: &[u8], from: IpAddress, to: IpAddress) {
        let segment = TcpPacket::new_checked(octets).expect("a header");
        assert!(segment.verify_checksum(&from, &to));
        if !segment.rst() {
            let octets = segment.segment_len() as i32;
            self.0 = (segment.seq_number().0 as u32).wrapping_add(octets as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corpus reaches a connection: its packets are answered.
    #[test]
    fn a_handshake_is_answered() {
        let mut network = network();
        let mut packet = vec![
            0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1,
        ];
        packet.extend([
            0x10, 0, 0, 80, 0, 0, 0, 7, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0,
        ]);
        let header = VirtioHeader {
            segmentation: hangup::live::device::Segmentation::Tcp,
            segment_size: 1000,
            ..VirtioHeader::default()
        };
        let mut cut = Vec::new();
        let ends = (
            network.ethernet_address(KERNEL),
            network.ethernet_address(SERVER),
        );
        frames(&header, &mut packet, |_| ends, &mut cut).expect("it is a SYN");
        network.transmit(KERNEL, cut.remove(0));
        network.run_until(network.now() + Duration::from_millis(5));
        let mut next = Next::default();
        next.look_at_all(&mut network);
        assert_ne!(next.0, 0);
    }
}
