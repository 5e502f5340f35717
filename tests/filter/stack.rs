//! Runs of the real stack.

use hangup::capture::{CallRow, SocketEnds, Toward, TraceHost, TraceSummary};
use hangup_stack::link::LinkConfig;
use hangup_stack::network::{HostConfig, HostId, IpFamily, Network, Resolution, StackKind};
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Direction, Protocol, SocketId};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::traces::Capture;
use crate::wire::{CLIENT, Ip, SERVER};

const SERVER_ID: HostId = HostId(SERVER);
const CLIENT_ID: HostId = HostId(CLIENT);

fn network(profiles: [&str; 2], ip: Ip, link: &LinkConfig) -> Network {
    let mut network = Network::new(7, Resolution::Arp);
    for (number, (name, profile)) in ["server", "client"].into_iter().zip(profiles).enumerate() {
        network.add_host(HostConfig {
            name: name.to_owned(),
            addresses: vec![ip.address(number)],
            stack: StackKind::of(Profile::built_in(profile).unwrap()),
            mtu: 1500,
            receive_buffer: None,
            send_buffer: None,
        });
    }
    network.set_link(SERVER_ID, CLIENT_ID, link.clone());
    network.set_link(CLIENT_ID, SERVER_ID, link.clone());
    network
}

const fn family(ip: Ip) -> IpFamily {
    match ip {
        Ip::V4 => IpFamily::V4,
        Ip::V6 => IpFamily::V6,
    }
}

fn run_for(network: &mut Network, time: Duration) {
    let limit = network.now() + time;
    network.run_until(limit);
}

/// What was recorded, with a call in the middle.
fn capture(mut network: Network, ip: Ip) -> Capture {
    let events = network.take_events();
    let end = |host: usize| Some(IpEndpoint::new(ip.address(host), 80));
    let call = CallRow {
        at: Instant::from_millis(30),
        host: SERVER_ID,
        events_before: events.len() / 2,
        toward: Toward::Application,
        socket: Some(SocketEnds {
            protocol: Protocol::Tcp,
            local: end(SERVER),
            remote: end(CLIENT),
        }),
        text: "recv(4, \"\u{e4}\", 4000) = 4000".to_owned(),
    };
    Capture {
        summary: TraceSummary::default(),
        hosts: TraceHost::all(&network),
        events: events.into_iter().collect(),
        calls: vec![call],
    }
}

/// A connection over a link that does everything to frames: data both ways, then the end.
pub(crate) fn transfer(profiles: [&str; 2], ip: Ip) -> Capture {
    let link = LinkConfig {
        delay: Duration::from_millis(10),
        loss: 0.05,
        reorder: 0.05,
        duplicate: 0.05,
        corrupt: 0.05,
        ..LinkConfig::default()
    };
    let mut network = network(profiles, ip, &link);
    let listener = network.with_host(SERVER_ID, |host, _| {
        let listener = host.open(Protocol::Tcp, family(ip));
        host.bind(listener, None, 80).unwrap();
        host.listen(listener, 1).unwrap();
        listener
    });
    let address = IpEndpoint::new(ip.address(SERVER), 80);
    let client = network.with_host(CLIENT_ID, |host, now| {
        let socket = host.open(Protocol::Tcp, family(ip));
        let _ = host.connect(socket, address, now);
        socket
    });
    run_for(&mut network, Duration::from_secs(20));
    let server = network.with_host(SERVER_ID, |host, _| host.accept(listener).unwrap());
    let data = vec![b'x'; 60_000];
    let send = |network: &mut Network, host, socket: SocketId| {
        network.with_host(host, |host, _| host.send(socket, &data).unwrap());
    };
    send(&mut network, CLIENT_ID, client);
    send(&mut network, SERVER_ID, server);
    let mut buffer = vec![0; 100_000];
    for _ in 0..20 {
        run_for(&mut network, Duration::from_millis(200));
        for (host, socket) in [(SERVER_ID, server), (CLIENT_ID, client)] {
            network.with_host(host, |host, _| {
                let _ = host.recv(socket, &mut buffer);
            });
        }
    }
    network
        .with_host(CLIENT_ID, |host, _| host.shutdown(client, Direction::Send))
        .unwrap();
    run_for(&mut network, Duration::from_secs(5));
    network.with_host(SERVER_ID, |host, now| host.close(server, now));
    run_for(&mut network, Duration::from_secs(100));
    capture(network, ip)
}

/// Nobody listens: a segment is answered by a RST, a datagram by an ICMP error.
pub(crate) fn closed_ports(profiles: [&str; 2], ip: Ip) -> Capture {
    let link = LinkConfig {
        delay: Duration::from_millis(10),
        ..LinkConfig::default()
    };
    let mut network = network(profiles, ip, &link);
    let address: IpAddress = ip.address(SERVER);
    network.with_host(CLIENT_ID, |host, now| {
        let socket = host.open(Protocol::Tcp, family(ip));
        let _ = host.connect(socket, IpEndpoint::new(address, 81), now);
    });
    run_for(&mut network, Duration::from_secs(2));
    network.with_host(CLIENT_ID, |host, _| {
        let socket = host.open(Protocol::Udp, family(ip));
        host.bind(socket, None, 4000).unwrap();
        for octets in [0, 100, 1400, 3000] {
            let target = IpEndpoint::new(address, 5000);
            host.send_to(socket, &vec![b'u'; octets], target).unwrap();
        }
    });
    run_for(&mut network, Duration::from_secs(2));
    capture(network, ip)
}

/// What both sides of ISO transport say, as hexadecimal octets: who says it, and what. Every kind
/// of TPDU, packets that begin in one segment and end in the next, several packets in one segment,
/// and at the end what is none.
const ISO: [(HostId, &[&str]); 10] = [
    (
        CLIENT_ID,
        &["03000019 14e0000011112 1c0010dc1024142c2024344c60100"],
    ),
    (
        SERVER_ID,
        &["03000018 13d0111122222 1c0010dc60100f00201ffc103012041"],
    ),
    (CLIENT_ID, &["0300000e 04f022228048454c4c4f"]),
    // In two pieces; then one and a half, and the rest with another.
    (SERVER_ID, &["0300", "000e04f011110048454c4c4f"]),
    (
        CLIENT_ID,
        &[
            "0300000a04f022220541 0300000c04f0",
            "22220042434403 55000904f0222280",
        ],
    ),
    // Class 0, expedited data, an error.
    (CLIENT_ID, &["0300000802f08041", "0300000a041022228041"]),
    (
        SERVER_ID,
        &["03000009 0420 1111 80", "03000009 0461 1111 05"],
    ),
    (SERVER_ID, &["0300000d08701111 02c1020410"]),
    (
        CLIENT_ID,
        &["03000016 09802222111180e00180746f74616c3d3432 0300000b0680222211110061"],
    ),
    (SERVER_ID, &["0300000a05c011112222", "474554202f"]),
];

/// ISO transport over TCP as it may be, on port 102.
pub(crate) fn iso(ip: Ip) -> Capture {
    let link = LinkConfig {
        delay: Duration::from_millis(10),
        ..LinkConfig::default()
    };
    let mut network = network(["winsock", "linux"], ip, &link);
    let listener = network.with_host(SERVER_ID, |host, _| {
        let listener = host.open(Protocol::Tcp, family(ip));
        host.bind(listener, None, 102).unwrap();
        host.listen(listener, 1).unwrap();
        listener
    });
    let address = IpEndpoint::new(ip.address(SERVER), 102);
    let client = network.with_host(CLIENT_ID, |host, now| {
        let socket = host.open(Protocol::Tcp, family(ip));
        let _ = host.connect(socket, address, now);
        socket
    });
    run_for(&mut network, Duration::from_secs(1));
    let server = network.with_host(SERVER_ID, |host, _| host.accept(listener).unwrap());
    for (from, pieces) in ISO {
        let socket = if from == SERVER_ID { server } else { client };
        for piece in pieces {
            let octets = octets(piece);
            network.with_host(from, |host, _| host.send(socket, &octets).unwrap());
            run_for(&mut network, Duration::from_secs(1));
        }
    }
    capture(network, ip)
}

fn octets(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.chars().filter(|it| *it != ' ').collect();
    let octet = |pair: &[char]| {
        let pair: String = pair.iter().collect();
        u8::from_str_radix(&pair, 16).unwrap()
    };
    digits.chunks(2).map(octet).collect()
}
