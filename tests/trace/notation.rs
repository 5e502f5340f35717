//! Frames in our notation, the good ones and any others.

use hangup::notation::{Names, Notation, Origins, Ports, Tracker};
use hangup::wire::{Checksum, FrameKind, decode};
use proptest::collection::vec;
use proptest::prelude::*;
use smoltcp::wire::IpAddress;

use crate::wire::{self, CLIENT, Ip, SERVER, TCP, Tcp};

fn names() -> Names {
    let hosts = [(SERVER, "server"), (CLIENT, "client")];
    let both = |ip: Ip| hosts.map(|(host, name)| (ip.address(host), name));
    both(Ip::V4).into_iter().chain(both(Ip::V6)).collect()
}

/// A frame in our notation, numbers absolute.
fn line(frame: &[u8], names: &Names, ports: Ports) -> String {
    Notation { names, ports }.line(&decode(frame), Origins::default())
}

#[test]
fn frames_are_written_as_packetdrill_writes_them() {
    let syn = Tcp {
        flags: "S",
        seq: 100,
        options: &[2, 4, 5, 180, 4, 2, 1, 1, 1, 3, 3, 7],
        window: 64240,
        ..TCP
    };
    let data = Tcp {
        flags: "FP.",
        seq: 7,
        ack: 9,
        len: 20,
        ..TCP
    };
    let mut fragment = wire::udp(Ip::V4, CLIENT, 100);
    // More fragments, offset 1480 octets; the header checksum is left as it was.
    fragment[20..22].copy_from_slice(&[0x20, 185]);
    let mut corrupt = wire::tcp(Ip::V6, SERVER, data);
    *corrupt.last_mut().unwrap() ^= 1;
    let datagram = wire::udp(Ip::V6, CLIENT, 100);
    let mut cut_short = wire::tcp(Ip::V4, SERVER, data);
    cut_short.truncate(50);
    let mut unknown = wire::arp_request(CLIENT);
    unknown[12..14].copy_from_slice(&[0x88, 0xcc]);

    let rows = [
        (
            wire::tcp(Ip::V4, CLIENT, syn),
            "client > server: S 100:100(0) win 64240 <mss 1460,sackOK,nop,nop,nop,wscale 7>",
        ),
        (
            wire::tcp(Ip::V6, SERVER, data),
            "server > client: FP. 7:27(20) ack 9 win 4096",
        ),
        (
            wire::tcp(
                Ip::V4,
                SERVER,
                Tcp {
                    flags: "R",
                    seq: 2,
                    window: 0,
                    ..TCP
                },
            ),
            "server > client: R 2:2(0)",
        ),
        (
            wire::tcp(
                Ip::V4,
                SERVER,
                Tcp {
                    flags: "R.",
                    seq: 2,
                    window: 1026,
                    ..TCP
                },
            ),
            "server > client: R. 2:2(0) ack 0 win 1026",
        ),
        (
            corrupt,
            "server > client: FP. 7:27(20) ack 9 win 4096 [bad checksum]",
        ),
        (datagram.clone(), "client > server: udp (100)"),
        (
            wire::port_unreachable(Ip::V6, SERVER, &datagram),
            "server > client: icmp unreachable port_unreachable",
        ),
        (
            wire::port_unreachable(Ip::V4, SERVER, &wire::udp(Ip::V4, CLIENT, 8)),
            "server > client: icmp unreachable port_unreachable",
        ),
        (wire::arp_request(CLIENT), "client > server: arp request"),
        (
            fragment,
            "client > server: fragment 1480:1588(108) of protocol 17 [bad checksum]",
        ),
        (
            cut_short,
            "02-00-00-00-00-01 > 02-00-00-00-00-02: malformed ipv4",
        ),
        (
            unknown,
            "02-00-00-00-00-02 > 02-00-00-00-00-01: ethertype 0x88cc",
        ),
        (vec![1, 2, 3], "? > ?: malformed ethernet"),
    ];
    let names = names();
    for (frame, expected) in rows {
        assert_eq!(line(&frame, &names, Ports::Hidden), expected);
    }
}

#[test]
fn ports_and_unknown_hosts_are_written_where_wanted() {
    let (v4, v6) = (wire::udp(Ip::V4, CLIENT, 1), wire::udp(Ip::V6, CLIENT, 1));
    let rows = [
        (&v4, names(), "client:40000 > server:80: udp (1)"),
        (
            &v4,
            Names::default(),
            "192.0.2.2:40000 > 192.0.2.1:80: udp (1)",
        ),
        (
            &v6,
            Names::default(),
            "[2001:db8::2]:40000 > [2001:db8::1]:80: udp (1)",
        ),
    ];
    for (frame, names, expected) in rows {
        assert_eq!(line(frame, &names, Ports::Shown), expected);
    }
}

#[test]
fn extension_headers_are_passed_and_fragments_left_alone() {
    // A destination options header of 8 octets before UDP, and a fragment header.
    let rows: [([u8; 8], u8, &str); 3] = [
        ([17, 0, 1, 4, 0, 0, 0, 0], 60, "client > server: udp (100)"),
        (
            [17, 0, 0, 9, 0, 0, 0, 1],
            44,
            "client > server: fragment 8:116(108) of protocol 17",
        ),
        (
            [17, 255, 0, 0, 0, 0, 0, 0],
            0,
            "client > server: malformed ipv6 extension header",
        ),
    ];
    for (header, number, expected) in rows {
        let mut frame = wire::udp(Ip::V6, CLIENT, 100);
        frame[18..20].copy_from_slice(&116u16.to_be_bytes());
        frame[20] = number;
        frame.splice(54..54, header);
        assert_eq!(line(&frame, &names(), Ports::Hidden), expected);
    }
}

#[test]
fn a_udp_checksum_of_zero_is_an_error_over_ipv6_alone() {
    for (ip, checksum_at, expected) in [(Ip::V4, 40, Checksum::Good), (Ip::V6, 60, Checksum::Bad)] {
        let mut frame = wire::udp(ip, CLIENT, 100);
        frame[checksum_at..checksum_at + 2].fill(0);
        let packet = decode(&frame);
        assert!(matches!(packet.kind, FrameKind::Udp(_)));
        assert_eq!(packet.checksum, expected, "{ip:?}");
    }
}

/// Frames that are nearly right reach deeper into the decoder than random octets do.
fn damaged_frame() -> impl Strategy<Value = Vec<u8>> {
    let ip = prop_oneof![Just(Ip::V4), Just(Ip::V6)];
    let frame = (ip, 0..5usize, 0..40usize).prop_map(|(ip, kind, len)| match kind {
        0 => wire::udp(ip, CLIENT, len),
        1 => wire::arp_request(SERVER),
        2 => wire::port_unreachable(ip, SERVER, &wire::udp(ip, CLIENT, len)),
        _ => {
            let options = [5, 34]
                .repeat(len / 2)
                .iter()
                .copied()
                .cycle()
                .take(len & !3)
                .collect();
            let options: Vec<u8> = options;
            wire::tcp(
                ip,
                CLIENT,
                Tcp {
                    options: &options,
                    len,
                    ..TCP
                },
            )
        }
    });
    let damage = vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (frame, damage, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut frame, damage, end, cut)| {
            for (at, value) in damage {
                let at = at.index(frame.len());
                frame[at] = value;
            }
            if cut {
                frame.truncate(end.index(frame.len()));
            }
            frame
        },
    )
}

proptest! {
    /// No octets make the decoder, the tracker or the printer panic, and a line is one line.
    #[test]
    fn any_octets_are_a_packet(
        frames in vec(prop_oneof![damaged_frame(), vec(any::<u8>(), 0..120)], 1..6)
    ) {
        let names = names();
        let mut tracker = Tracker::new();
        for frame in &frames {
            let packet = decode(frame);
            let origins = tracker.observe(&packet);
            let line = Notation { names: &names, ports: Ports::Shown }.line(&packet, origins);
            prop_assert!(!line.contains(char::is_control), "{line:?}");
            prop_assert_eq!(tracker.relative(&packet).is_some(), packet.segment().is_some());
        }
    }

    /// Whatever bit of an IP datagram the link flips, nobody takes it for a good segment.
    #[test]
    fn a_flipped_bit_shows(bit in 0..8usize, at in 14..74usize) {
        let good = wire::tcp(Ip::V4, CLIENT, Tcp { len: 20, ..TCP });
        prop_assert_eq!(decode(&good).checksum, Checksum::Good);
        let mut flipped = good;
        flipped[at] ^= 1 << bit;
        let packet = decode(&flipped);
        let is_whole = packet.checksum == Checksum::Good && packet.segment().is_some();
        prop_assert!(!is_whole, "{packet:?}");
    }
}

#[test]
fn addresses_without_a_name_are_numbers() {
    let known: Names = [(IpAddress::v4(192, 0, 2, 1), "server")]
        .into_iter()
        .collect();
    let frame = wire::udp(Ip::V4, CLIENT, 1);
    assert_eq!(
        line(&frame, &known, Ports::Hidden),
        "192.0.2.2 > server: udp (1)"
    );
}
