//! A host that takes in several frames at once answers them once, and still tells of each what it
//! did.

use hangup_stack::event::Fact;
use hangup_stack::network::{HostConfig, HostId, IpFamily, Network, Resolution};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::socket::Protocol;

const SEGMENTS: usize = 10;
const SEGMENT_OCTETS: usize = 1460;

fn host(network: &mut Network, number: u8) -> HostId {
    let profile = Profile::built_in("winsock").expect("the profile is built in");
    let address = IpAddress::v4(192, 0, 2, number);
    network.add_host(HostConfig::new(&format!("host{number}"), address, profile))
}

/// Sends ten segments at once; returns the frames that each brought octets in, and how many
/// acknowledgments answered them.
fn ten_segments(offload: usize) -> (Vec<(u64, usize)>, usize) {
    let mut network = Network::new(0, Resolution::Static);
    let (receiver, sender) = (host(&mut network, 1), host(&mut network, 2));
    network.with_host(receiver, |host, _| {
        host.set_receive_offload(offload);
        let socket = host.open(Protocol::Tcp, IpFamily::V4);
        host.bind(socket, None, 80).expect("the port is free");
        host.listen(socket, 1).expect("a bound socket can listen");
    });
    let socket = network.with_host(sender, |host, now| {
        let socket = host.open(Protocol::Tcp, IpFamily::V4);
        let remote = IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80);
        let _ = host.connect(socket, remote, now);
        socket
    });
    network.run_until(Instant::ZERO);
    network.take_events();
    network.with_host(sender, |host, _| {
        let sent = host.send(socket, &[0; SEGMENTS * SEGMENT_OCTETS]);
        assert_eq!(sent, Ok(SEGMENTS * SEGMENT_OCTETS));
    });
    network.run_until(Instant::ZERO);
    let events = network.take_events();
    let accepted = events.iter().filter_map(|event| {
        let Fact::Accepted { octets } = event.fact else {
            return None;
        };
        Some((event.frame?.0, octets))
    });
    let answers = events
        .iter()
        .filter(|event| event.host == receiver && matches!(event.fact, Fact::Sent { .. }));
    (accepted.collect(), answers.count())
}

#[test]
fn many_frames_are_answered_together_and_told_of_one_by_one() {
    let (alone, answers) = ten_segments(1);
    assert_eq!(answers, SEGMENTS / 2, "every second segment is answered");
    for (offload, expected) in [(4, 3), (SEGMENTS, 1), (1000, 1)] {
        let (together, answers) = ten_segments(offload);
        assert_eq!(answers, expected, "{offload} at once");
        // The numbers of frames differ once answers stand between them.
        let octets = |told: &[(u64, usize)]| told.iter().map(|it| it.1).collect::<Vec<_>>();
        assert_eq!(octets(&together), octets(&alone));
        assert!(
            together.is_sorted_by(|one, other| one.0 < other.0),
            "{together:?}"
        );
    }
}

#[test]
fn what_arrives_for_another_host_at_the_same_instant_parts_nothing() {
    let mut network = Network::new(0, Resolution::Static);
    let [one, two, sender] = [1, 2, 3].map(|number| host(&mut network, number));
    for receiver in [one, two] {
        network.with_host(receiver, |host, _| {
            host.set_receive_offload(SEGMENTS);
            let socket = host.open(Protocol::Tcp, IpFamily::V4);
            host.bind(socket, None, 80).expect("the port is free");
            host.listen(socket, 1).expect("a bound socket can listen");
        });
    }
    let sockets = [1, 2].map(|number| {
        network.with_host(sender, |host, now| {
            let socket = host.open(Protocol::Tcp, IpFamily::V4);
            let remote = IpEndpoint::new(IpAddress::v4(192, 0, 2, number), 80);
            let _ = host.connect(socket, remote, now);
            socket
        })
    });
    network.run_until(Instant::ZERO);
    network.take_events();
    for _ in 0..4 {
        for socket in sockets {
            network.with_host(sender, |host, _| {
                let sent = host.send(socket, &[0; SEGMENT_OCTETS]);
                assert_eq!(sent, Ok(SEGMENT_OCTETS));
            });
        }
    }
    network.run_until(Instant::ZERO);
    let events = network.take_events();
    for receiver in [one, two] {
        let answers = events
            .iter()
            .filter(|event| event.host == receiver && matches!(event.fact, Fact::Sent { .. }));
        assert_eq!(answers.count(), 1, "four segments, one answer");
    }
}
