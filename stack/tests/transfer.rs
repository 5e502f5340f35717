//! Two hosts over a link that loses, reorders, duplicates and damages: every octet arrives, in
//! order, both ways.

use hangup_stack::event::Fact;
use hangup_stack::link::LinkConfig;
use hangup_stack::network::{
    HostConfig, HostId, IpFamily, Network, Recording, Resolution, StackKind,
};
use hangup_stack::options::PATH_MTU;
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::socket::{Direction, Protocol, RecvError, SendError, SocketId};

const MEBIBYTE: usize = 1 << 20;
const SEEDS: u64 = 200;

/// Longer than any transfer takes: what is not done by then is stuck.
const LIMIT: Instant = Instant::from_micros_const(20_000_000_000);

/// The octet at a place of a stream, different for each direction and seed.
fn octet(seed: u64, direction: u64, place: usize) -> u8 {
    let mixed =
        (place as u64 ^ (seed << 32) ^ (direction << 60)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 56) as u8
}

fn host(network: &mut Network, profile: &str, number: u8, family: IpFamily) -> HostId {
    let profile = Profile::built_in(profile).expect("the profile is built in");
    let address = match family {
        IpFamily::V4 => IpAddress::v4(192, 0, 2, number),
        IpFamily::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number)),
    };
    network.add_host(HostConfig {
        name: format!("host{number}"),
        addresses: vec![address],
        stack: StackKind::of(profile),
        mtu: 1500,
        receive_buffer: None,
        send_buffer: None,
    })
}

/// A whole stream.
fn stream(seed: u64, direction: u64, octets: usize) -> Vec<u8> {
    (0..octets)
        .map(|place| octet(seed, direction, place))
        .collect()
}

/// One side of the exchange: it sends its octets, ends its direction, and checks what it receives.
struct Side {
    host: HostId,
    socket: SocketId,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    sent: usize,
    received: usize,
    ended: bool,
    buffer: Vec<u8>,
}

impl Side {
    fn drive(&mut self, network: &mut Network, seed: u64) {
        let socket = self.socket;
        network.with_host(self.host, |host, _| {
            if self.sent < self.outgoing.len() {
                match host.send(socket, &self.outgoing[self.sent..]) {
                    Ok(count) => self.sent += count,
                    Err(SendError::WouldBlock) => {}
                    Err(error) => panic!("seed {seed}: sending after {}: {error}", self.sent),
                }
                if self.sent == self.outgoing.len() {
                    host.shutdown(socket, Direction::Send)
                        .expect("it is connected");
                }
            }
            while !self.ended {
                match host.recv(socket, &mut self.buffer) {
                    Ok(0) => self.ended = true,
                    Ok(count) => {
                        let expected = &self.incoming[self.received..][..count];
                        let place = self.received;
                        assert!(
                            self.buffer[..count] == *expected,
                            "seed {seed}: after {place}"
                        );
                        self.received += count;
                    }
                    Err(RecvError::WouldBlock) => break,
                    Err(error) => panic!("seed {seed}: receiving after {}: {error}", self.received),
                }
            }
        });
    }

    fn is_done(&self) -> bool {
        self.sent == self.outgoing.len() && self.ended
    }
}

fn exchange(profiles: [&str; 2], family: IpFamily, link: &LinkConfig, seed: u64, octets: usize) {
    let mut network = Network::new(seed, Resolution::Static);
    network.record(Recording::Nothing);
    exchange_on(&mut network, profiles, family, link, seed, octets);
}

fn exchange_on(
    network: &mut Network,
    profiles: [&str; 2],
    family: IpFamily,
    link: &LinkConfig,
    seed: u64,
    octets: usize,
) {
    let server = host(network, profiles[0], 1, family);
    let client = host(network, profiles[1], 2, family);
    network.set_link(server, client, link.clone());
    network.set_link(client, server, link.clone());
    let listener = network.with_host(server, |host, _| {
        let listener = host.open(Protocol::Tcp, family);
        host.bind(listener, None, 80).expect("the port is free");
        host.listen(listener, 1).expect("the socket is bound");
        listener
    });
    let address = network.host(server).addresses()[0];
    let connecting = network.with_host(client, |host, now| {
        let socket = host.open(Protocol::Tcp, family);
        let _ = host.connect(socket, IpEndpoint::new(address, 80), now);
        socket
    });
    let mut accepted = None;
    while accepted.is_none() {
        assert!(network.step(LIMIT), "seed {seed}: the handshake is stuck");
        accepted = network.with_host(server, |host, _| host.accept(listener).ok());
    }
    let socket = accepted.expect("the loop ends with one");
    let side = |host, socket, direction| Side {
        host,
        socket,
        outgoing: stream(seed, direction, octets),
        incoming: stream(seed, 1 - direction, octets),
        sent: 0,
        received: 0,
        ended: false,
        buffer: vec![0; 64 * 1024],
    };
    let mut sides = [side(server, socket, 0), side(client, connecting, 1)];
    // The client may have to wait for the last step of the handshake.
    while network
        .host(client)
        .status(connecting)
        .is_some_and(|status| status.state.is_some_and(|state| !state.is_synchronized()))
    {
        assert!(network.step(LIMIT), "seed {seed}: the handshake is stuck");
    }
    loop {
        for side in &mut sides {
            side.drive(network, seed);
        }
        if sides.iter().all(|side| side.is_done()) {
            break;
        }
        let received = [sides[0].received, sides[1].received];
        assert!(
            network.step(LIMIT),
            "seed {seed}: stuck after {received:?} octets"
        );
    }
    assert_eq!(
        [sides[0].received, sides[1].received],
        [octets, octets],
        "seed {seed}"
    );
}

fn lossy() -> LinkConfig {
    LinkConfig {
        delay: Duration::from_millis(5),
        loss: 0.05,
        reorder: 0.05,
        duplicate: 0.02,
        corrupt: 0.01,
        ..LinkConfig::default()
    }
}

/// A failure names the seed that replays it.
fn sweep(profiles: [&str; 2], family: IpFamily) {
    for seed in 0..SEEDS {
        exchange(profiles, family, &lossy(), seed, MEBIBYTE);
    }
}

#[test]
fn two_hosts_of_ours_lose_nothing() {
    sweep(["linux", "linux"], IpFamily::V4);
}

#[test]
fn two_different_systems_lose_nothing() {
    sweep(["freebsd", "winsock"], IpFamily::V6);
}

#[test]
fn ours_and_smoltcps_tcp_lose_nothing() {
    sweep(["linux", "smoltcp"], IpFamily::V4);
}

#[test]
fn smoltcps_tcp_and_ours_lose_nothing() {
    sweep(["smoltcp", "freebsd"], IpFamily::V6);
}

#[test]
fn a_clean_link_needs_no_time() {
    exchange(
        ["linux", "freebsd"],
        IpFamily::V4,
        &LinkConfig::default(),
        0,
        MEBIBYTE,
    );
}

/// SACK blocks on segments that are full already once made frames that IP had to cut in two.
#[test]
fn no_frame_is_longer_than_the_mtu() {
    for seed in 0..5 {
        let mut network = Network::new(seed, Resolution::Static);
        let profiles = ["linux", "linux"];
        exchange_on(
            &mut network,
            profiles,
            IpFamily::V4,
            &lossy(),
            seed,
            MEBIBYTE / 4,
        );
        let longest = network.take_events().into_iter().filter_map(|event| {
            let Fact::Sent { bytes, .. } = event.fact else {
                return None;
            };
            Some(bytes.len())
        });
        assert_eq!(longest.max(), Some(1500 + 14), "seed {seed}");
    }
}

/// Behind data that went through neighbour resolution, or in a packet that routers may cut, the
/// payload once went out again, with the next acknowledgment of either host.
#[test]
fn an_acknowledgment_has_no_payload_however_the_last_segment_went() {
    for (resolution, path_mtu) in [
        (Resolution::Static, 0),
        (Resolution::Arp, 0),
        (Resolution::Arp, 1),
    ] {
        let mut network = Network::new(0, resolution);
        let server = host(&mut network, "linux", 1, IpFamily::V4);
        let client = host(&mut network, "linux", 2, IpFamily::V4);
        let listener = network.with_host(server, |host, _| {
            let listener = host.open(Protocol::Tcp, IpFamily::V4);
            host.bind(listener, None, 80).expect("the port is free");
            host.listen(listener, 1).expect("the socket is bound");
            listener
        });
        let address = network.host(server).addresses()[0];
        let socket = network.with_host(client, |host, now| {
            let socket = host.open(Protocol::Tcp, IpFamily::V4);
            host.set_option(socket, &PATH_MTU, path_mtu, now);
            let _ = host.connect(socket, IpEndpoint::new(address, 80), now);
            socket
        });
        let second = |network: &Network| network.now() + Duration::from_secs(1);
        network.run_until(second(&network));
        let sent = network.with_host(client, |host, _| host.send(socket, &[1; 100]));
        assert_eq!(sent, Ok(100));
        network.run_until(second(&network));
        let accepted = network.with_host(server, |host, _| host.accept(listener));
        assert!(accepted.is_ok());
        let events = network.take_events();
        let taken = |host| {
            let of_host = events.iter().filter(move |event| event.host == host);
            let octets = of_host.filter_map(|event| {
                let Fact::Accepted { octets } = event.fact else {
                    return None;
                };
                Some(octets)
            });
            octets.sum::<usize>()
        };
        let taken = [server, client].map(taken);
        assert_eq!(taken, [100, 0], "{resolution:?} {path_mtu}");
    }
}
