//! Our TCP and smoltcp's: every order in which two sides can close, in both roles, over IPv4 and
//! IPv6, on links that lose, reorder, duplicate and damage. What is read is what was written, both
//! ways; both sides learn of the end; and nothing of the connection is left.

use hangup_stack::link::LinkConfig;
use hangup_stack::network::{
    HostConfig, HostId, IpFamily, Network, Recording, Resolution, StackKind,
};
use hangup_stack::options::{LINGER, Linger};
use hangup_stack::profile::{self, Profile};
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::socket::{Direction, Gone, Protocol, RecvError, SendError, SocketId};

/// A failure names the seed that replays it.
const SEEDS: u64 = 1_000;
/// What each side sends, unless the connection is aborted.
const OCTETS: usize = 30_000;
/// Longer than any exchange takes: what is not done by then is stuck.
const LIMIT: Instant = Instant::from_micros_const(20_000_000_000);
/// Longer than anything is left of a connection that both sides have closed.
const AFTERLIFE: Duration = Duration::from_secs(3_600);
const PORT: u16 = 80;
const REFERENCE: &str = "smoltcp";

/// When a side begins to send, and when it ends its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// It sends at once and ends its direction behind its last octet.
    First,
    /// It sends at once and ends its direction when the peer has ended its own.
    Second,
    /// It sends, and ends its direction, only when the peer has ended its own.
    Answers,
    /// It resets the connection in the middle.
    Aborts,
    /// It sends until the peer resets the connection.
    Suffers,
}

/// Every order of closing: the manner of the side that listens and of the side that connects.
const ORDERS: [[Manner; 2]; 7] = [
    [Manner::First, Manner::Second],
    [Manner::Second, Manner::First],
    [Manner::First, Manner::First],
    [Manner::First, Manner::Answers],
    [Manner::Answers, Manner::First],
    [Manner::Aborts, Manner::Suffers],
    [Manner::Suffers, Manner::Aborts],
];

/// What is exchanged, and how.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    seed: u64,
    /// Of the side that listens and of the side that connects.
    profiles: [&'static str; 2],
    order: [Manner; 2],
    family: IpFamily,
}

impl Exchange {
    /// Every order, role and family comes up as often as any other, with each system in turn.
    fn of_seed(seed: u64) -> Self {
        let systems: Vec<_> = profile::names()
            .iter()
            .filter(|&&name| name != REFERENCE)
            .collect();
        let mut rest = seed as usize;
        let mut choose = |among: usize| {
            let chosen = rest % among;
            rest /= among;
            chosen
        };
        let order = ORDERS[choose(ORDERS.len())];
        let listens = choose(2) == 0;
        let family = [IpFamily::V4, IpFamily::V6][choose(2)];
        let ours = *systems[choose(systems.len())];
        Self {
            seed,
            profiles: if listens {
                [ours, REFERENCE]
            } else {
                [REFERENCE, ours]
            },
            order,
            family,
        }
    }
}

/// One side of an exchange, as its application.
#[derive(Debug)]
struct Side {
    host: HostId,
    socket: SocketId,
    manner: Manner,
    /// The octets of both directions; either side sends another part.
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
    sent: usize,
    received: usize,
    finished: bool,
    /// How the peer's stream has ended: with its end, or with an error.
    end: Option<Result<(), Gone>>,
}

impl Side {
    fn drive(&mut self, network: &mut Network) {
        self.receive(network);
        if self.manner == Manner::Aborts {
            if !self.finished && self.received > OCTETS / 2 {
                self.abort(network);
            }
        } else if self.manner != Manner::Answers || self.end.is_some() {
            self.send(network);
        }
    }

    fn receive(&mut self, network: &mut Network) {
        let mut buffer = [0; 8_192];
        while self.end.is_none() && !(self.finished && self.manner == Manner::Aborts) {
            let read = |host: &mut hangup_stack::host::Host, _| host.recv(self.socket, &mut buffer);
            match network.with_host(self.host, read) {
                Ok(0) => self.end = Some(Ok(())),
                Ok(count) => {
                    let expected = self.incoming[self.received..].iter();
                    let arrived = &buffer[..count];
                    assert!(arrived.iter().eq(expected.take(count)), "other octets");
                    self.received += count;
                }
                Err(RecvError::WouldBlock) => return,
                Err(RecvError::Gone(gone)) => self.end = Some(Err(gone)),
                Err(error) => panic!("receiving: {error}"),
            }
        }
    }

    fn send(&mut self, network: &mut Network) {
        let rest = &self.outgoing[self.sent..];
        let ends = match self.manner {
            Manner::First | Manner::Answers => true,
            Manner::Second => self.end.is_some(),
            Manner::Aborts | Manner::Suffers => false,
        };
        network.with_host(self.host, |host, _| {
            if !rest.is_empty() && !self.finished {
                match host.send(self.socket, rest) {
                    Ok(count) => self.sent += count,
                    Err(SendError::WouldBlock) => {}
                    Err(SendError::Gone(gone)) if self.manner == Manner::Suffers => {
                        self.end = Some(Err(gone));
                    }
                    // Once it has said why, a connection that is over is like a closed one.
                    Err(SendError::Shutdown) if self.end.is_some_and(|end| end.is_err()) => {}
                    Err(error) => panic!("sending after {}: {error}", self.sent),
                }
            }
            if ends && self.sent == self.outgoing.len() && !self.finished {
                let result = host.shutdown(self.socket, Direction::Send);
                result.expect("a connection can end its direction");
                self.finished = true;
            }
        });
    }

    /// Closes without a word of farewell: SO_LINGER with no time.
    fn abort(&mut self, network: &mut Network) {
        network.with_host(self.host, |host, now| {
            host.set_option(self.socket, &LINGER, Linger::RESET, now);
            host.close(self.socket, now);
        });
        self.finished = true;
    }

    fn is_done(&self) -> bool {
        match self.manner {
            Manner::First | Manner::Second | Manner::Answers => self.finished && self.end.is_some(),
            Manner::Aborts => self.finished,
            Manner::Suffers => self.end.is_some(),
        }
    }

    /// What a side knows in the end.
    fn check(&self) {
        match self.manner {
            Manner::First | Manner::Second | Manner::Answers => {
                assert_eq!((self.received, self.end), (OCTETS, Some(Ok(()))));
            }
            Manner::Aborts => assert!(self.received > OCTETS / 2),
            Manner::Suffers => assert_eq!(self.end, Some(Err(Gone::Reset))),
        }
    }
}

/// The octets of one direction.
fn stream(seed: u64, direction: u64, octets: usize) -> Vec<u8> {
    let key = (seed << 32) ^ (direction << 60);
    let octet = |at: u64| ((at ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
    (0..octets as u64).map(octet).collect()
}

fn add_host(network: &mut Network, profile: &str, number: u8, family: IpFamily) -> HostId {
    let profile = Profile::built_in(profile).expect("the profile is built in");
    network.add_host(HostConfig {
        name: format!("host{number}"),
        addresses: vec![match family {
            IpFamily::V4 => IpAddress::v4(192, 0, 2, number),
            IpFamily::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(number)),
        }],
        stack: StackKind::of(profile),
        mtu: 1500,
        receive_buffer: None,
        send_buffer: None,
    })
}

/// Opens a connection; returns its hosts and sockets.
fn open(network: &mut Network, exchange: Exchange, link: &LinkConfig) -> [(HostId, SocketId); 2] {
    let Exchange {
        profiles, family, ..
    } = exchange;
    let server = add_host(network, profiles[0], 1, family);
    let client = add_host(network, profiles[1], 2, family);
    network.set_link(server, client, link.clone());
    network.set_link(client, server, link.clone());
    let listener = network.with_host(server, |host, _| {
        let listener = host.open(Protocol::Tcp, family);
        host.bind(listener, None, PORT).expect("the port is free");
        host.listen(listener, 1).expect("the socket is bound");
        listener
    });
    let remote = IpEndpoint::new(network.host(server).addresses()[0], PORT);
    let connecting = network.with_host(client, |host, now| {
        let socket = host.open(Protocol::Tcp, family);
        let _ = host.connect(socket, remote, now);
        socket
    });
    let opened = |network: &Network| {
        let state = network
            .host(client)
            .status(connecting)
            .and_then(|it| it.state);
        state.is_some_and(|state| state.is_synchronized())
    };
    let mut accepted = None;
    while accepted.is_none() || !opened(network) {
        assert!(network.step(LIMIT), "the handshake is stuck");
        accepted =
            accepted.or_else(|| network.with_host(server, |host, _| host.accept(listener).ok()));
    }
    network.with_host(server, |host, now| host.close(listener, now));
    [
        (server, accepted.expect("the loop ends with one")),
        (client, connecting),
    ]
}

/// Lets both sides do what they do, and looks at what is left.
fn run(exchange: Exchange, link: &LinkConfig) {
    let mut network = Network::new(exchange.seed, Resolution::Static);
    network.record(Recording::Nothing);
    let ends = open(&mut network, exchange, link);
    let aborts = exchange.order.contains(&Manner::Aborts);
    // More than buffers hold: whoever suffers a reset that gets lost will ask again.
    let octets = if aborts { 20 * OCTETS } else { OCTETS };
    let streams = [0, 1].map(|direction| stream(exchange.seed, direction, octets));
    let mut sides = [0, 1].map(|index| Side {
        host: ends[index].0,
        socket: ends[index].1,
        manner: exchange.order[index],
        outgoing: streams[index].clone(),
        incoming: streams[1 - index].clone(),
        sent: 0,
        received: 0,
        finished: false,
        end: None,
    });
    loop {
        for side in &mut sides {
            side.drive(&mut network);
        }
        if sides.iter().all(Side::is_done) {
            break;
        }
        assert!(
            network.step(LIMIT),
            "stuck: {:?}",
            sides
                .each_ref()
                .map(|side| (side.sent, side.received, side.end))
        );
    }
    for side in &sides {
        side.check();
        network.with_host(side.host, |host, now| host.close(side.socket, now));
    }
    let end = network.now() + AFTERLIFE;
    network.run_until(end);
    for side in &sides {
        assert_eq!(
            network.host(side.host).sockets().count(),
            0,
            "a socket is left"
        );
    }
    assert_eq!(network.next_due(), None, "something is still to happen");
}

fn run_all(link: &LinkConfig, seeds: u64) {
    for seed in 0..seeds {
        let exchange = Exchange::of_seed(seed);
        let result = std::panic::catch_unwind(|| run(exchange, link));
        assert!(result.is_ok(), "{exchange:?} failed");
    }
}

#[test]
fn every_order_of_closing_on_a_link_that_fails() {
    let link = LinkConfig {
        delay: Duration::from_millis(5),
        loss: 0.08,
        reorder: 0.05,
        duplicate: 0.03,
        corrupt: 0.02,
        ..LinkConfig::default()
    };
    run_all(&link, SEEDS);
}

#[test]
fn every_order_of_closing_on_a_perfect_link() {
    let combinations = ORDERS.len() * 2 * 2 * (profile::names().len() - 1);
    run_all(&LinkConfig::default(), combinations as u64);
}
