//! The same seed is the same run, to the octet; and what one pair of hosts does leaves the choices
//! of another pair as they were.

use hangup_stack::event::{Event, Fact};
use hangup_stack::link::LinkConfig;
use hangup_stack::network::{
    HostConfig, HostId, IpFamily, Network, Recording, Resolution, SegmentDirection, StackKind,
};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{
    EthernetFrame, EthernetProtocol, IpAddress, IpEndpoint, IpProtocol, TcpPacket,
};
use hangup_stack::socket::{Direction, Protocol, SocketId};

const OCTETS: usize = 150_000;
/// When a receiver that shuts its direction does so: in the middle of the transfer.
const SHUTS_AT: Instant = Instant::from_micros_const(120_000);
/// Long enough for everything but the longest timeouts.
const LIMIT: Instant = Instant::from_micros_const(300_000_000);
const PORT: u16 = 80;

/// What one pair of hosts does.
#[derive(Clone, Copy, Debug)]
struct Pair {
    /// Of the one that listens and of the one that connects.
    profiles: [&'static str; 2],
    family: IpFamily,
    /// Whether the listening side ends its receive direction while data arrives.
    shuts: bool,
}

fn link() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(7),
        loss: 0.04,
        reorder: 0.05,
        duplicate: 0.03,
        corrupt: 0.02,
        rate: Some(20_000_000),
        ..LinkConfig::default()
    }
}

/// One side of a pair, as an application that sends, ends, and reads until the end.
struct Side {
    host: HostId,
    socket: Option<SocketId>,
    listener: Option<SocketId>,
    shuts: bool,
    sent: usize,
    finished: bool,
    datagrams: SocketId,
    /// The other side's port, one of its ports that nobody has, and a host that is not there.
    datagrams_to: Vec<IpEndpoint>,
}

impl Side {
    fn drive(&mut self, network: &mut Network, buffer: &mut [u8]) {
        network.with_host(self.host, |host, now| {
            if let (None, Some(listener)) = (self.socket, self.listener) {
                self.socket = host.accept(listener).ok();
            }
            let Some(socket) = self.socket else {
                return;
            };
            if self.shuts && now >= SHUTS_AT {
                let _ = host.shutdown(socket, Direction::Receive);
                self.shuts = false;
            }
            let data = vec![0xa5; OCTETS - self.sent];
            if !data.is_empty() {
                let sent = host.send(socket, &data).unwrap_or(0);
                self.sent += sent;
                // Datagrams that IP has to take apart, as often as the stream goes on.
                for &remote in self.datagrams_to.iter().filter(|_| sent > 0) {
                    let _ = host.send_to(self.datagrams, &[7; 4000], remote);
                }
            }
            if self.sent == OCTETS && !self.finished {
                self.finished = host.shutdown(socket, Direction::Send).is_ok();
            }
            while host.recv(socket, buffer).is_ok_and(|octets| octets > 0) {}
            while host.recv(self.datagrams, buffer).is_ok() {}
        });
    }
}

fn add_pair(network: &mut Network, pair: Pair) -> [Side; 2] {
    let first = network.host_ids().count() as u8;
    let hosts = [0, 1].map(|index| {
        let number = first + index;
        let address = match pair.family {
            IpFamily::V4 => IpAddress::v4(192, 0, 2, number + 1),
            IpFamily::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number) + 1),
        };
        let profile = Profile::built_in(pair.profiles[usize::from(index)]);
        network.add_host(HostConfig {
            name: format!("host{number}"),
            addresses: vec![address],
            stack: StackKind::of(profile.expect("the profile is built in")),
            mtu: 1500,
            receive_buffer: None,
            send_buffer: None,
        })
    });
    network.set_link(hosts[0], hosts[1], link());
    network.set_link(hosts[1], hosts[0], link());
    let remote = IpEndpoint::new(network.host(hosts[0]).addresses()[0], PORT);
    let listener = network.with_host(hosts[0], |host, _| {
        let listener = host.open(Protocol::Tcp, pair.family);
        host.bind(listener, None, PORT).expect("the port is free");
        host.listen(listener, 1).expect("the socket is bound");
        listener
    });
    let socket = network.with_host(hosts[1], |host, now| {
        let socket = host.open(Protocol::Tcp, pair.family);
        let _ = host.connect(socket, remote, now);
        // A port where nobody listens.
        let refused = host.open(Protocol::Tcp, pair.family);
        let nobody = IpEndpoint::new(remote.addr, PORT + 1);
        let _ = host.connect(refused, nobody, now);
        socket
    });
    let mut side = |index: usize, socket, listener, shuts| {
        let host = hosts[index];
        let other = network.host(hosts[1 - index]).addresses()[0];
        let absent = match pair.family {
            IpFamily::V4 => IpAddress::v4(192, 0, 2, 250),
            IpFamily::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 250),
        };
        let datagrams = network.with_host(host, |host, _| {
            let socket = host.open(Protocol::Udp, pair.family);
            host.bind(socket, None, PORT).expect("the port is free");
            socket
        });
        let mut datagrams_to = vec![(other, PORT), (other, PORT + 1)];
        if first == 0 {
            // Who looks for a host that is not there asks everybody, so only one pair does.
            datagrams_to.push((absent, PORT));
        }
        Side {
            host,
            socket,
            listener,
            shuts,
            sent: 0,
            finished: false,
            datagrams,
            datagrams_to: datagrams_to.into_iter().map(IpEndpoint::from).collect(),
        }
    };
    [
        side(0, None, Some(listener), pair.shuts),
        side(1, Some(socket), None, false),
    ]
}

/// Lets all pairs do what they do until the limit, and returns what happened.
fn run(seed: u64, resolution: Resolution, pairs: &[Pair]) -> Vec<Event> {
    let mut network = Network::new(seed, resolution);
    let add = |&pair: &Pair| add_pair(&mut network, pair);
    let mut sides: Vec<Side> = pairs.iter().flat_map(add).collect();
    let mut buffer = vec![0; 64 * 1024];
    while network.step(LIMIT) {
        for side in &mut sides {
            side.drive(&mut network, &mut buffer);
        }
    }
    network.take_events()
}

const PAIR: Pair = Pair {
    profiles: ["linux", "freebsd"],
    family: IpFamily::V4,
    shuts: false,
};

#[test]
fn the_same_seed_is_the_same_run() {
    for resolution in [Resolution::Static, Resolution::Arp] {
        let events = run(5, resolution, &[PAIR]);
        let retransmitted = |event: &Event| matches!(event.fact, Fact::Retransmitted { .. });
        assert!(events.iter().any(retransmitted), "the link is not too good");
        assert!(events == run(5, resolution, &[PAIR]), "{resolution:?}");
        assert!(events != run(6, resolution, &[PAIR]), "{resolution:?}");
    }
}

/// The time and the state of every socket after each step.
fn steps(recording: Recording, resolution: Resolution) -> Vec<String> {
    let mut network = Network::new(5, resolution);
    network.record(recording);
    let mut sides = add_pair(&mut network, PAIR);
    let mut buffer = vec![0; 64 * 1024];
    let mut steps = Vec::new();
    while network.step(LIMIT) {
        for side in &mut sides {
            side.drive(&mut network, &mut buffer);
        }
        let of_host = |id| {
            let host = network.host(id);
            let status = |socket| host.status(socket);
            host.sockets().map(status).collect::<Vec<_>>()
        };
        let states: Vec<_> = network.host_ids().map(of_host).collect();
        steps.push(format!("{} {states:?}", network.now()));
    }
    steps
}

/// A header that is kept says what the frame says.
#[test]
fn kept_headers_are_those_of_the_frames() {
    let mut network = Network::new(5, Resolution::Static);
    network.keep_headers(true);
    let mut sides = add_pair(&mut network, PAIR);
    // Damage would leave nothing to compare.
    let (one, other) = (HostId(0), HostId(1));
    network.set_link(one, other, LinkConfig::default());
    network.set_link(other, one, LinkConfig::default());
    let mut buffer = vec![0; 64 * 1024];
    let (mut frames, mut headers) = (Vec::new(), Vec::new());
    while network.step(LIMIT) {
        for side in &mut sides {
            side.drive(&mut network, &mut buffer);
        }
        network.take_sightings(|it| {
            headers.push((
                it.at,
                it.host,
                it.way == SegmentDirection::Sent,
                it.segment.sequence,
                it.segment.payload_octets,
            ));
        });
        for Event { at, host, fact, .. } in network.take_events() {
            let sent = matches!(fact, Fact::Sent { .. });
            let (Fact::Sent { bytes, .. } | Fact::Received { bytes }) = &fact else {
                continue;
            };
            let ip = EthernetFrame::new_checked(&bytes[..]).unwrap();
            let (header, protocol) = match ip.ethertype() == EthernetProtocol::Ipv4 {
                true => (20, ip.payload()[9]),
                false => (40, ip.payload()[6]),
            };
            if IpProtocol::from(protocol) != IpProtocol::Tcp {
                continue;
            }
            let tcp = TcpPacket::new_checked(&ip.payload()[header..]).unwrap();
            let sequence = tcp.seq_number().0 as u32;
            frames.push((at, host, sent, sequence, tcp.payload().len()));
        }
    }
    assert!(
        frames.len() > 500,
        "{} frames are no transfer",
        frames.len()
    );
    assert_eq!(headers, frames);
}

/// Frames that nobody looks at are never written down, and all goes as if they were.
#[test]
fn a_run_that_nobody_records_is_the_same_run() {
    for resolution in [Resolution::Static, Resolution::Arp] {
        let recorded = steps(Recording::Everything, resolution);
        assert!(
            recorded.len() > 500,
            "{} steps are no transfer",
            recorded.len()
        );
        let differs = recorded
            .iter()
            .zip(steps(Recording::Nothing, resolution))
            .find(|(one, other)| *one != other);
        assert_eq!(differs, None, "{resolution:?}");
    }
}

#[test]
fn another_pair_leaves_the_choices_of_the_first_as_they_were() {
    let other = Pair {
        profiles: ["winsock", "linux"],
        ..PAIR
    };
    // Frames are numbered over the whole network, so that only their numbers may differ.
    let of_first_pair = |pairs: &[Pair]| -> Vec<Event> {
        let events = run(5, Resolution::Static, pairs).into_iter();
        let of_first = events.filter(|event| event.host.0 < 2);
        of_first
            .map(|event| Event {
                frame: None,
                ..event
            })
            .collect()
    };
    let alone = of_first_pair(&[PAIR]);
    assert!(alone.len() > 500, "{} events are no transfer", alone.len());
    let beside = of_first_pair(&[PAIR, other]);
    let differs = alone.iter().zip(&beside).position(|(one, two)| one != two);
    if let Some(place) = differs {
        let [one, other] = [alone[place].at, beside[place].at];
        panic!("event {place} of the first pair differs: {one} alone, {other} beside another");
    }
    assert_eq!(alone.len(), beside.len());
}
