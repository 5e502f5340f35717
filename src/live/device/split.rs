//! Packets that the kernel left to us, made into those that a link carries: large ones are cut,
//! and checksums completed.
//!
//! Whatever a program in the namespace can make the kernel send comes here: nothing in it is
//! trusted.

use bytes::{Bytes, BytesMut};
use hangup_stack::network::LargePacket;
use smoltcp::wire::{EthernetAddress, IpAddress};

use super::packet::{Layout, TCP};
use super::sum::{folded, pseudo_header, sum};
use super::virtio::{Segmentation, VirtioHeader};

/// The Ethernet header in octets.
pub(super) const ETHERNET: usize = 14;

/// The flags that only the last of several segments has, FIN and PSH, and that only the first has:
/// CWR (RFC 3168 section 6.1.2).
const LAST_ONLY: u8 = 0x09;
const FIRST_ONLY: u8 = 0x80;

/// The most segments of one packet.
const SEGMENTS_MAX: usize = 1 << 10;

/// Why a packet does not become frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is no IP packet.
    NotIp,
    /// What its header says of segments or checksums does not fit it.
    BadOffload,
}

/// Puts the Ethernet frames of a packet that the kernel has sent into a list. `ends` finds the
/// addresses on the link of a packet for an IP address.
///
/// # Errors
/// It is none, or its header does not fit it.
pub fn frames(
    header: &VirtioHeader,
    packet: &mut [u8],
    ends: impl FnOnce(Option<IpAddress>) -> (EthernetAddress, EthernetAddress),
    out: &mut Vec<Bytes>,
) -> Result<(), Unusable> {
    let ethernet = ethernet(ends(destination(packet)), packet)?;
    match header.segmentation {
        Segmentation::None => {
            if header.needs_checksum {
                complete(header, packet)?;
            }
            let mut frame = BytesMut::with_capacity(ETHERNET + packet.len());
            frame.extend_from_slice(&ethernet);
            frame.extend_from_slice(packet);
            out.push(frame.freeze());
            Ok(())
        }
        Segmentation::Tcp | Segmentation::Udp => {
            let size = usize::from(header.segment_size);
            let is_tcp = header.segmentation == Segmentation::Tcp;
            cut_whole(is_tcp, size, packet, &ethernet, out)
        }
        Segmentation::Other(_) => Err(Unusable::BadOffload),
    }
}

/// A packet that is one of many TCP segments by its header ([`VirtioHeader::is_large`]).
pub fn large(
    header: &VirtioHeader,
    packet: Bytes,
    ends: impl FnOnce(Option<IpAddress>) -> (EthernetAddress, EthernetAddress),
) -> LargePacket {
    LargePacket {
        ethernet: ends(destination(&packet)),
        packet,
        size: header.segment_size.into(),
    }
}

/// Puts the frames of a large packet into a list.
///
/// # Errors
/// It is none, or its header does not fit it.
pub fn cut_large(large: &LargePacket, out: &mut Vec<Bytes>) -> Result<(), Unusable> {
    let ethernet = ethernet(large.ethernet, &large.packet)?;
    cut_whole(true, large.size, &large.packet, &ethernet, out)
}

/// Cuts a packet that is to be one of TCP, or else of UDP.
fn cut_whole(
    is_tcp: bool,
    size: usize,
    packet: &[u8],
    ethernet: &[u8; ETHERNET],
    out: &mut Vec<Bytes>,
) -> Result<(), Unusable> {
    let layout = Layout::of(packet).ok_or(Unusable::BadOffload)?;
    if is_tcp != (layout.protocol == TCP) {
        return Err(Unusable::BadOffload);
    }
    cut(&layout, size, packet, ethernet, out)
}

/// The Ethernet header in front of a packet.
fn ethernet(
    (source, destination): (EthernetAddress, EthernetAddress),
    packet: &[u8],
) -> Result<[u8; ETHERNET], Unusable> {
    let ethertype: [u8; 2] = match packet.first().map(|octet| octet >> 4) {
        Some(4) => [0x08, 0x00],
        Some(6) => [0x86, 0xdd],
        Some(_) | None => return Err(Unusable::NotIp),
    };
    let mut ethernet = [0; ETHERNET];
    ethernet[..6].copy_from_slice(destination.as_bytes());
    ethernet[6..12].copy_from_slice(source.as_bytes());
    ethernet[12..].copy_from_slice(&ethertype);
    Ok(ethernet)
}

/// Completes the checksum of a packet of which nobody says whether the kernel has left it to us:
/// on a cable it does, and what carries a right one keeps it.
pub(super) fn complete_whole(packet: &mut [u8]) {
    if let Some(layout) = Layout::of(packet) {
        repair(&layout, packet, (0, 0), true);
    }
}

/// Puts a frame into a list as it is on a wire: with its checksum, and cut where its packet is
/// larger than the link takes. A neighbour on the same machine leaves both to its device.
///
/// # Errors
/// It is larger, and nothing that is cut.
pub(in crate::live) fn whole_or_cut(
    frame: Bytes,
    mtu: usize,
    out: &mut Vec<Bytes>,
) -> Result<(), Unusable> {
    let (ethernet, packet) = frame.split_first_chunk().ok_or(Unusable::NotIp)?;
    // A short frame has octets behind its packet (RFC 894), which its length leaves out.
    let packet = &packet[..said_length(packet)
        .unwrap_or(packet.len())
        .min(packet.len())];
    let Some(layout) = Layout::of(packet) else {
        return match packet.len() > mtu {
            true => Err(Unusable::BadOffload),
            false => {
                out.push(frame);
                Ok(())
            }
        };
    };
    let headers = layout.transport.end;
    let size = if packet.len() > mtu {
        mtu.saturating_sub(headers)
    } else {
        packet.len()
    };
    cut(&layout, size, packet, ethernet, out)
}

/// How long a packet is by its header, in octets.
fn said_length(packet: &[u8]) -> Option<usize> {
    match packet.first()? >> 4 {
        4 => Some(u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]).into()),
        6 => Some(usize::from(u16::from_be_bytes([*packet.get(4)?, *packet.get(5)?])) + 40),
        _ => None,
    }
}

/// Whom a packet is for, where its header is whole.
fn destination(packet: &[u8]) -> Option<IpAddress> {
    match packet.first()? >> 4 {
        4 => {
            let octets: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
            Some(IpAddress::Ipv4(octets.into()))
        }
        _ => {
            let octets: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
            Some(IpAddress::Ipv6(octets.into()))
        }
    }
}

/// Completes a checksum that is that of the pseudo header so far.
fn complete(header: &VirtioHeader, packet: &mut [u8]) -> Result<(), Unusable> {
    let start = usize::from(header.checksum_start);
    let place = start + usize::from(header.checksum_offset);
    if place + 2 > packet.len() {
        return Err(Unusable::BadOffload);
    }
    let checksum = match !folded(sum(&packet[start..])) {
        // UDP's zero is no checksum at all (RFC 768), and for TCP both zeros are the same.
        0 => 0xffff,
        checksum => checksum,
    };
    packet[place..place + 2].copy_from_slice(&checksum.to_be_bytes());
    Ok(())
}

/// Cuts a packet into segments or datagrams of `size` octets of payload.
fn cut(
    layout: &Layout,
    size: usize,
    packet: &[u8],
    ethernet: &[u8; ETHERNET],
    out: &mut Vec<Bytes>,
) -> Result<(), Unusable> {
    let (headers, payload) = packet.split_at(layout.transport.end);
    if size == 0 || payload.len().div_ceil(size) > SEGMENTS_MAX {
        return Err(Unusable::BadOffload);
    }
    let count = payload.len().div_ceil(size).max(1);
    let room = count * (ETHERNET + headers.len()) + payload.len();
    let mut octets = BytesMut::with_capacity(room);
    for index in 0..count {
        let begin = index * size;
        let part = &payload[begin..payload.len().min(begin + size)];
        octets.extend_from_slice(ethernet);
        octets.extend_from_slice(headers);
        octets.extend_from_slice(part);
        let is_last = index + 1 == count;
        repair(layout, &mut octets[ETHERNET..], (index, begin), is_last);
        out.push(octets.split().freeze());
    }
    Ok(())
}

/// Makes the headers of a part its own: lengths, numbers, flags and checksums.
fn repair(layout: &Layout, packet: &mut [u8], (index, begin): (usize, usize), is_last: bool) {
    let length = packet.len();
    let transport = layout.transport.start;
    let short = |value: usize| (value as u16).to_be_bytes();
    if packet[0] >> 4 == 4 {
        packet[2..4].copy_from_slice(&short(length));
        let identification = u16::from_be_bytes([packet[4], packet[5]]);
        let identification = identification.wrapping_add(index as u16);
        packet[4..6].copy_from_slice(&identification.to_be_bytes());
        packet[10..12].fill(0);
        let checksum = !folded(sum(&packet[..transport]));
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    } else {
        packet[4..6].copy_from_slice(&short(length - transport));
    }
    let segment = &mut packet[transport..];
    if layout.protocol == TCP {
        let number = u32::from_be_bytes([segment[4], segment[5], segment[6], segment[7]]);
        let number = number.wrapping_add(begin as u32);
        segment[4..8].copy_from_slice(&number.to_be_bytes());
        if !is_last {
            segment[13] &= !LAST_ONLY;
        }
        if index > 0 {
            segment[13] &= !FIRST_ONLY;
        }
    } else {
        let length = short(segment.len());
        segment[4..6].copy_from_slice(&length);
    }
    let place = layout.checksum_offset();
    segment[place..place + 2].fill(0);
    let ends = (layout.source, layout.destination);
    let pseudo = pseudo_header(ends.0, ends.1, layout.protocol, segment.len());
    let checksum = match !folded(pseudo + sum(segment)) {
        0 => 0xffff,
        checksum => checksum,
    };
    segment[place..place + 2].copy_from_slice(&checksum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smoltcp::wire::{
        EthernetFrame, EthernetProtocol, Ipv4Packet, Ipv6Packet, TcpPacket, UdpPacket,
    };

    use super::*;

    const ENDS: (EthernetAddress, EthernetAddress) = (
        EthernetAddress([2, 0, 0, 0, 0, 1]),
        EthernetAddress([2, 0, 0, 0, 0, 2]),
    );

    /// A packet of TCP or UDP, whose transport checksum is left to us.
    fn packet(is_ipv6: bool, is_tcp: bool, payload: &[u8]) -> Vec<u8> {
        let header = if is_tcp { 20 } else { 8 };
        let mut transport = vec![0; header];
        transport[..4].copy_from_slice(&[1, 2, 3, 4]);
        if is_tcp {
            transport[4..8].copy_from_slice(&0xffff_ff00_u32.to_be_bytes());
            transport[12..14].copy_from_slice(&[0x50, 0x99]);
        }
        transport.extend_from_slice(payload);
        let protocol = if is_tcp { 6 } else { 17 };
        let mut octets = if is_ipv6 {
            let mut octets = vec![0x60, 0, 0, 0, 0, 0, protocol, 64];
            octets.extend_from_slice(&[1; 16]);
            octets.extend_from_slice(&[2; 16]);
            octets[4..6].copy_from_slice(&(transport.len() as u16).to_be_bytes());
            octets
        } else {
            let mut octets = vec![0x45, 0, 0, 0, 0xff, 0xff, 0x40, 0, 64, protocol, 0, 0];
            octets.extend_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2]);
            octets[2..4].copy_from_slice(&(transport.len() as u16 + 20).to_be_bytes());
            octets
        };
        octets.extend_from_slice(&transport);
        octets
    }

    proptest! {
        /// Every part has whole headers with right checksums, and all parts together are the
        /// payload.
        #[test]
        fn parts_are_the_whole(
            is_ipv6: bool, is_tcp: bool,
            payload in proptest::collection::vec(any::<u8>(), 1..9000), size in 1_u16..4000,
        ) {
            prop_assume!(payload.len().div_ceil(usize::from(size)) <= SEGMENTS_MAX);
            let segmentation = if is_tcp { Segmentation::Tcp } else { Segmentation::Udp };
            let header = VirtioHeader {
                needs_checksum: true, segmentation, segment_size: size, ..VirtioHeader::default()
            };
            let mut octets = packet(is_ipv6, is_tcp, &payload);
            let mut out = Vec::new();
            prop_assert_eq!(frames(&header, &mut octets, |_| ENDS, &mut out), Ok(()));
            let mut came = Vec::new();
            let count = out.len();
            for (index, frame) in out.iter().enumerate() {
                let frame = EthernetFrame::new_checked(&frame[..]).unwrap();
                prop_assert_eq!((frame.src_addr(), frame.dst_addr()), ENDS);
                let (ends, transport) = match frame.ethertype() {
                    EthernetProtocol::Ipv4 => {
                        let packet = Ipv4Packet::new_checked(frame.payload()).unwrap();
                        prop_assert!(packet.verify_checksum());
                        prop_assert_eq!(packet.ident(), (index as u16).wrapping_sub(1));
                        let ends = (packet.src_addr().into(), packet.dst_addr().into());
                        (ends, packet.payload())
                    }
                    EthernetProtocol::Ipv6
                    | EthernetProtocol::Arp
                    | EthernetProtocol::Unknown(_) => {
                        let packet = Ipv6Packet::new_checked(frame.payload()).unwrap();
                        let ends: (IpAddress, IpAddress) =
                            (packet.src_addr().into(), packet.dst_addr().into());
                        (ends, packet.payload())
                    }
                };
                let payload = if is_tcp {
                    let segment = TcpPacket::new_checked(transport).unwrap();
                    prop_assert!(segment.verify_checksum(&ends.0, &ends.1));
                    let number = 0xffff_ff00_u32.wrapping_add(came.len() as u32);
                    prop_assert_eq!(segment.seq_number().0 as u32, number);
                    let is_last = index + 1 == count;
                    prop_assert_eq!((segment.fin(), segment.psh()), (is_last, is_last));
                    prop_assert_eq!(segment.cwr(), index == 0);
                    segment.payload()
                } else {
                    let datagram = UdpPacket::new_checked(transport).unwrap();
                    prop_assert!(datagram.verify_checksum(&ends.0, &ends.1));
                    datagram.payload()
                };
                prop_assert!(payload.len() <= usize::from(size));
                came.extend_from_slice(payload);
            }
            prop_assert_eq!(came, payload);
        }

        /// Whatever a packet and its header say, no frame is longer than they could make it.
        #[test]
        fn nothing_of_a_packet_is_trusted(
            header: [u8; VirtioHeader::LENGTH], is_ipv6: bool, is_tcp: bool,
            payload in proptest::collection::vec(any::<u8>(), 0..3000),
            changes in proptest::collection::vec((0_usize..70, any::<u8>()), 0..4),
            kept in 0_usize..3100,
        ) {
            let mut octets = packet(is_ipv6, is_tcp, &payload);
            for (place, octet) in changes {
                if let Some(there) = octets.get_mut(place) {
                    *there = octet;
                }
            }
            octets.truncate(kept);
            let length = octets.len();
            let mut out = Vec::new();
            let _ = frames(&VirtioHeader::read(&header), &mut octets, |_| ENDS, &mut out);
            let is_bounded = |it: &Bytes| it.len() <= length + ETHERNET;
            prop_assert!(out.iter().all(is_bounded) && out.len() <= SEGMENTS_MAX);
        }
    }

    #[test]
    fn a_checksum_is_completed() {
        let mut octets = packet(false, false, b"text");
        let pseudo = pseudo_header(
            IpAddress::v4(10, 0, 0, 1),
            IpAddress::v4(10, 0, 0, 2),
            17,
            12,
        );
        octets[24..26].copy_from_slice(&[0, 12]);
        octets[26..28].copy_from_slice(&folded(pseudo).to_be_bytes());
        let header = VirtioHeader {
            needs_checksum: true,
            checksum_start: 20,
            checksum_offset: 6,
            ..VirtioHeader::default()
        };
        let mut out = Vec::new();
        assert_eq!(frames(&header, &mut octets, |_| ENDS, &mut out), Ok(()));
        let datagram = UdpPacket::new_checked(&out[0][34..]).unwrap();
        let ends = (IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2));
        assert!(datagram.verify_checksum(&ends.0, &ends.1));
        let beyond = VirtioHeader {
            checksum_offset: 11,
            ..header
        };
        let refused = frames(&beyond, &mut octets, |_| ENDS, &mut out);
        assert_eq!(refused, Err(Unusable::BadOffload));
    }
}
