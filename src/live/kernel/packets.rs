//! Packets of the device as frames of a trace, and back.

use hangup_stack::network::HostId;
use smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpAddress, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket,
    UdpPacket,
};

use crate::capture::TraceHost;

/// The length of an Ethernet header, in octets.
const ETHERNET: usize = 14;
/// The length of a TCP header without options, in octets.
const TCP_HEADER: usize = 20;
/// The length of a UDP header, in octets.
const UDP_HEADER: usize = 8;

/// A packet that the kernel has sent as a frame, with the checksum that it leaves to the device.
pub(super) fn framed(packet: &[u8], hosts: &[TraceHost], kernel: HostId) -> Vec<u8> {
    let mut frame = vec![0; ETHERNET + packet.len()];
    frame[ETHERNET..].copy_from_slice(packet);
    complete(&mut frame[ETHERNET..]);
    let is_ipv6 = packet.first().is_some_and(|it| it >> 4 == 6);
    let to = receiver(&frame, hosts);
    let mut ethernet = EthernetFrame::new_unchecked(&mut frame);
    ethernet.set_ethertype(match is_ipv6 {
        true => EthernetProtocol::Ipv6,
        false => EthernetProtocol::Ipv4,
    });
    if let Some(from) = hosts.get(kernel.0) {
        ethernet.set_src_addr(from.ethernet);
    }
    let other = hosts.iter().find(|it| it.id != kernel);
    let to = to.and_then(|it| hosts.get(it.0)).or(other);
    if let Some(to) = to {
        ethernet.set_dst_addr(to.ethernet);
    }
    frame
}

/// The packet in a frame.
pub(super) fn unframed(frame: &[u8]) -> &[u8] {
    frame.get(ETHERNET..).unwrap_or_default()
}

/// The host that the packet of a frame is for.
fn receiver(frame: &[u8], hosts: &[TraceHost]) -> Option<HostId> {
    let packet = unframed(frame);
    let address: IpAddress = match packet.first()? >> 4 {
        4 => Ipv4Packet::new_checked(packet).ok()?.dst_addr().into(),
        6 => Ipv6Packet::new_checked(packet).ok()?.dst_addr().into(),
        _ => return None,
    };
    let found = hosts.iter().find(|it| it.addresses.contains(&address));
    found.map(|it| it.id)
}

/// Completes the checksums of a packet: the kernel leaves that of TCP and UDP to the device.
fn complete(packet: &mut [u8]) {
    let (source, destination, protocol, header): (IpAddress, IpAddress, _, _) =
        match packet.first().map(|it| it >> 4) {
            Some(4) => {
                let Ok(ip) = Ipv4Packet::new_checked(&mut *packet) else {
                    return;
                };
                let is_part = ip.more_frags() || ip.frag_offset() != 0;
                if is_part {
                    return;
                }
                let header = usize::from(ip.header_len());
                (
                    ip.src_addr().into(),
                    ip.dst_addr().into(),
                    ip.next_header(),
                    header,
                )
            }
            Some(6) => {
                let Ok(ip) = Ipv6Packet::new_checked(&*packet) else {
                    return;
                };
                (
                    ip.src_addr().into(),
                    ip.dst_addr().into(),
                    ip.next_header(),
                    ip.header_len(),
                )
            }
            _ => return,
        };
    let Some(rest) = packet.get_mut(header..) else {
        return;
    };
    if protocol == IpProtocol::Tcp && rest.len() >= TCP_HEADER {
        TcpPacket::new_unchecked(rest).fill_checksum(&source, &destination);
    } else if protocol == IpProtocol::Udp && rest.len() >= UDP_HEADER {
        let mut datagram = UdpPacket::new_unchecked(rest);
        let has_one = datagram.checksum() != 0;
        if has_one && datagram.check_len().is_ok() {
            datagram.fill_checksum(&source, &destination);
        }
    }
}
