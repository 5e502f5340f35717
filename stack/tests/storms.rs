//! One forged octet, and two hosts acknowledge each other's acknowledgments. Where a system has a
//! limit they stop; where neither has one the network says so, long before it is a burden.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on may panic, and tests pick what they look at"
)]

use hangup_stack::event::Fact;
use hangup_stack::link::LinkConfig;
use hangup_stack::network::{HostConfig, HostId, IpFamily, Network, Resolution, StackKind};
use hangup_stack::profile::{self, Profile};
use hangup_stack::smoltcp::phy::ChecksumCapabilities;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{
    EthernetFrame, IpAddress, IpEndpoint, Ipv4Packet, Ipv4Repr, TcpPacket, TcpRepr,
};
use hangup_stack::socket::Protocol;
use hangup_stack::storm::Storm;

/// The most facts of a run, whatever is forged.
const FACTS_MOST: usize = 10_000;
const DAY: Instant = Instant::from_micros_const(24 * 60 * 60 * 1_000_000);
const SERVER: HostId = HostId(0);
const CLIENT: HostId = HostId(1);

/// What is forged, as the last segment of the client with so many octets behind it.
#[derive(Clone, Copy, Debug)]
enum Forgery {
    /// An octet that the client never sent: its acknowledgment acknowledges nothing.
    Octet,
    /// An acknowledgment of an octet that the server never sent.
    Unsent,
}

/// A connection of two profiles, and a forged segment.
fn forged(profiles: [&str; 2], delay: Duration, forgery: Forgery) -> Option<Storm> {
    let mut network = Network::new(0, Resolution::Static);
    for (name, last) in profiles.into_iter().zip(1..) {
        let profile = Profile::built_in(name).unwrap();
        network.add_host(HostConfig {
            name: name.to_owned(),
            addresses: vec![IpAddress::v4(192, 0, 2, last)],
            stack: StackKind::of(profile),
            mtu: 1500,
            receive_buffer: None,
            send_buffer: None,
        });
    }
    for (from, to) in [(SERVER, CLIENT), (CLIENT, SERVER)] {
        let link = LinkConfig {
            delay,
            ..LinkConfig::default()
        };
        network.set_link(from, to, link);
    }
    network.with_host(SERVER, |host, _| {
        let listener = host.open(Protocol::Tcp, IpFamily::V4);
        host.bind(listener, None, 80).unwrap();
        host.listen(listener, 1).unwrap();
    });
    network.with_host(CLIENT, |host, now| {
        let socket = host.open(Protocol::Tcp, IpFamily::V4);
        let _ = host.connect(
            socket,
            IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80),
            now,
        );
    });
    network.run_until(Instant::from_secs(10));
    let events = network.take_events();
    let mut facts = events.len();
    let sent = events.iter().rev().find_map(|event| match &event.fact {
        Fact::Sent { bytes, .. } if event.host == CLIENT => Some(bytes.to_vec()),
        _ => None,
    });
    network.inject(CLIENT, forge(&sent.unwrap(), forgery));
    while network.storm().is_none() && network.step(DAY) {
        facts += network.take_events().len();
        assert!(facts <= FACTS_MOST, "{profiles:?} {delay} {forgery:?}");
    }
    network.storm()
}

/// A frame with a TCP segment, changed.
fn forge(frame: &[u8], forgery: Forgery) -> Vec<u8> {
    let checksums = ChecksumCapabilities::default();
    let ethernet = EthernetFrame::new_checked(frame).unwrap();
    let ip = Ipv4Packet::new_checked(ethernet.payload()).unwrap();
    let addresses = (ip.src_addr().into(), ip.dst_addr().into());
    let segment = TcpPacket::new_checked(ip.payload()).unwrap();
    let mut tcp = TcpRepr::parse(&segment, &addresses.0, &addresses.1, &checksums).unwrap();
    match forgery {
        Forgery::Octet => tcp.payload = b"x",
        Forgery::Unsent => tcp.ack_number = tcp.ack_number.map(|it| it + 1),
    }
    let mut ip_repr = Ipv4Repr::parse(&ip, &checksums).unwrap();
    ip_repr.payload_len = tcp.buffer_len();
    let mut forged = vec![0; 14 + ip_repr.buffer_len() + tcp.buffer_len()];
    forged[..14].copy_from_slice(&frame[..14]);
    let mut packet = Ipv4Packet::new_unchecked(&mut forged[14..]);
    ip_repr.emit(&mut packet, &checksums);
    let mut segment = TcpPacket::new_unchecked(packet.payload_mut());
    tcp.emit(&mut segment, &addresses.0, &addresses.1, &checksums);
    forged
}

/// The profiles that answer the acknowledgment of what was never sent as often as it comes, as far
/// as is known.
const UNSENT_WITHOUT_LIMIT: [&str; 9] = [
    "wsprecvdisconnect",
    "winsock",
    "windows",
    "windows-7",
    "windows-xp",
    "macos-10.12",
    "netbsd",
    "netstack3",
    "lwip",
];
/// The profiles that do not answer each segment that brings nothing and is not acceptable.
const REFUSED_WITH_LIMIT: [&str; 5] =
    ["linux-6.18", "linux-6.1", "linux-5.10", "gvisor", "smoltcp"];

#[test]
fn a_forged_octet_makes_no_two_hosts_answer_each_other_for_ever() {
    let names = profile::names();
    for one in names {
        for other in names {
            for forgery in [Forgery::Octet, Forgery::Unsent] {
                let pair = [*one, *other];
                let storm = forged(pair, Duration::ZERO, forgery);
                let expected = matches!(forgery, Forgery::Octet)
                    && !REFUSED_WITH_LIMIT.contains(one)
                    && UNSENT_WITHOUT_LIMIT.contains(other);
                let hosts = storm.map(|storm| storm.hosts);
                assert_eq!(storm.is_some(), expected, "{pair:?} {forgery:?} {hosts:?}");
            }
        }
    }
}

/// A limit by the second does not stop hosts that are far from each other; the real ones go on too.
#[test]
fn a_storm_over_a_long_path_is_told_of() {
    for (pair, delay, expected) in [
        (["freebsd", "freebsd"], 50, false),
        (["freebsd", "freebsd"], 200, true),
        (["openbsd", "openbsd"], 1, false),
        (["openbsd", "openbsd"], 20, true),
        (["linux", "linux"], 200, false),
        (["linux", "linux"], 300, true),
        (["netbsd", "illumos"], 300, false),
    ] {
        let storm = forged(pair, Duration::from_millis(delay), Forgery::Octet);
        assert_eq!(storm.is_some(), expected, "{pair:?} {delay}");
    }
}
