//! Runs made by hand: what the stack and the runner record, without either.

use hangup::capture::{CallRow, SocketEnds, Trace, TraceHost, TraceSummary};
use hangup::event_log::EventLog;
use hangup_stack::event::{DropCause, Event, Fact, Forged, FrameId, Retransmission, TimeOut};
use hangup_stack::network::HostId;
use hangup_stack::socket::Protocol;
use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

use crate::wire::{self, CLIENT, CLIENT_PORT, Ip, SERVER, SERVER_PORT, TCP, Tcp};

/// How long a frame is on its way, in microseconds.
const DELAY: i64 = 10_000;

/// A run in the making. Time stands where the last thing happened.
pub(crate) struct Run {
    pub(crate) summary: TraceSummary,
    pub(crate) hosts: Vec<TraceHost>,
    pub(crate) events: EventLog,
    pub(crate) calls: Vec<CallRow>,
    ip: Ip,
    protocol: Protocol,
    now: i64,
    frames: u64,
}

impl Run {
    pub(crate) fn new(scenario: &str, ip: Ip, protocol: Protocol) -> Self {
        let host = |id: usize, name: &str, system: &str| TraceHost {
            id: HostId(id),
            name: name.to_owned(),
            system: system.to_owned(),
            addresses: vec![ip.address(id)],
            ethernet: wire::ethernet_address(id),
        };
        Self {
            summary: TraceSummary {
                scenario: scenario.to_owned(),
                claim: "Data is accepted, never acknowledged, until the window is exhausted."
                    .to_owned(),
                seed: 7,
                verdict: "held".to_owned(),
                failures: Vec::new(),
            },
            hosts: vec![
                host(SERVER, "server", "wsprecvdisconnect"),
                host(CLIENT, "client", "linux"),
            ],
            events: EventLog::default(),
            calls: Vec::new(),
            ip,
            protocol,
            now: 0,
            frames: 0,
        }
    }

    pub(crate) fn trace(&self) -> Trace<'_> {
        Trace {
            summary: &self.summary,
            hosts: &self.hosts,
            events: &self.events,
            calls: &self.calls,
            failures: &[],
        }
    }

    fn wait(&mut self, micros: i64) {
        self.now += micros;
    }

    fn fact(&mut self, host: usize, frame: Option<FrameId>, fact: Fact) {
        let at = Instant::from_micros(self.now);
        self.events.push(Event {
            at,
            host: HostId(host),
            frame,
            socket: None,
            fact,
        });
    }

    fn call(&mut self, host: usize, text: &str) {
        let name = text.split('(').next().unwrap();
        let port = [SERVER_PORT, CLIENT_PORT];
        let end = |host: usize| Some(IpEndpoint::new(self.ip.address(host), port[host]));
        self.calls.push(CallRow {
            at: Instant::from_micros(self.now),
            host: HostId(host),
            events_before: self.events.len(),
            toward: hangup::calls::toward(name),
            socket: (name != "WSAStartup").then(|| SocketEnds {
                protocol: self.protocol,
                local: end(host),
                remote: end(1 - host),
            }),
            text: text.to_owned(),
        });
    }

    fn send(&mut self, host: usize, bytes: Vec<u8>, forged: Forged) -> FrameId {
        self.frames += 1;
        let frame = FrameId(self.frames);
        let bytes = bytes.into();
        self.fact(host, Some(frame), Fact::Sent { bytes, forged });
        frame
    }

    fn arrive(&mut self, host: usize, frame: FrameId, bytes: Vec<u8>) {
        let bytes = bytes.into();
        self.fact(host, Some(frame), Fact::Received { bytes });
    }

    /// A frame that is sent now and arrives after the delay, with nothing in between.
    fn carry(&mut self, from: usize, bytes: Vec<u8>) -> FrameId {
        let frame = self.send(from, bytes.clone(), Forged::No);
        self.wait(DELAY);
        self.arrive(1 - from, frame, bytes);
        frame
    }

    fn segment(&mut self, from: usize, segment: Tcp<'_>) -> FrameId {
        self.carry(from, wire::tcp(self.ip, from, segment))
    }
}

/// The handshake's options: mss 1460, sackOK, TS, nop, wscale 7; and the server's mss 1000.
const CLIENT_OPTIONS: [u8; 20] = [
    2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7,
];
const SERVER_OPTIONS: [u8; 4] = [2, 4, 3, 232];

/// The initial sequence numbers. The client's are about to wrap around.
const CLIENT_ISN: u32 = u32::MAX - 1500;
const SERVER_ISN: u32 = 0xcafe_0000;

fn from_client(relative: u32, len: usize) -> Tcp<'static> {
    Tcp {
        seq: CLIENT_ISN.wrapping_add(relative),
        ack: SERVER_ISN.wrapping_add(1),
        window: 64240,
        len,
        ..TCP
    }
}

fn from_server(relative: u32, ack: u32) -> Tcp<'static> {
    Tcp {
        seq: SERVER_ISN.wrapping_add(relative),
        ack: CLIENT_ISN.wrapping_add(ack),
        window: 2000,
        ..TCP
    }
}

/// A connection whose server goes deaf: two segments are held, then the client repeats the first
/// one over a link that loses, duplicates and corrupts, until it gives up. A forged RST ends it.
pub(crate) fn held(ip: Ip) -> Run {
    let mut run = Run::new("recv-disconnect/held", ip, Protocol::Tcp);
    run.call(SERVER, "WSAStartup(0x0202) = 0");
    run.call(CLIENT, "connect(s=3, server:80) = 0");
    handshake(&mut run);
    run.call(SERVER, "accept(s=3) = 4");
    run.call(SERVER, "WSPRecvDisconnect(s=4, NULL) = 0");
    run.call(CLIENT, "send(s=3, 2000 octets) = 2000");

    let first = wire::tcp(ip, CLIENT, from_client(1, 1000));
    let second = wire::tcp(
        ip,
        CLIENT,
        Tcp {
            flags: "P.",
            ..from_client(1001, 1000)
        },
    );
    let a = run.send(CLIENT, first.clone(), Forged::No);
    let b = run.send(CLIENT, second.clone(), Forged::No);
    run.wait(DELAY);
    run.arrive(SERVER, a, first.clone());
    run.fact(
        SERVER,
        Some(a),
        Fact::Held {
            octets: 1000,
            total: 1000,
        },
    );
    run.arrive(SERVER, b, second);
    run.fact(
        SERVER,
        Some(b),
        Fact::Held {
            octets: 1000,
            total: 2000,
        },
    );
    run.fact(SERVER, Some(b), Fact::Exhausted);

    run.wait(200_000);
    lossy_repetitions(&mut run, &first);

    run.wait(939_000_000);
    run.fact(CLIENT, None, Fact::TimedOut(TimeOut::Retransmission));
    run.call(CLIENT, "recv(s=3, 1000) = -1 ETIMEDOUT");
    let reset = wire::tcp(
        ip,
        CLIENT,
        Tcp {
            flags: "R",
            ack: 0,
            window: 0,
            ..from_client(1, 0)
        },
    );
    let forged = run.send(CLIENT, reset.clone(), Forged::Yes);
    run.wait(DELAY);
    run.arrive(SERVER, forged, reset);
    run.fact(SERVER, Some(forged), Fact::ResetReceived);
    run
}

fn handshake(run: &mut Run) {
    let syn = Tcp {
        flags: "S",
        ack: 0,
        options: &CLIENT_OPTIONS,
        ..from_client(0, 0)
    };
    run.segment(CLIENT, syn);
    let answer = Tcp {
        flags: "S.",
        options: &SERVER_OPTIONS,
        ..from_server(0, 1)
    };
    run.segment(SERVER, answer);
    run.segment(CLIENT, from_client(1, 0));
}

/// The same segment three times: lost, corrupted, and arriving twice.
fn lossy_repetitions(run: &mut Run, segment: &[u8]) {
    let timeout = Fact::Retransmitted {
        octets: 1000,
        cause: Retransmission::Timeout,
    };
    let lost = run.send(CLIENT, segment.to_owned(), Forged::No);
    run.fact(CLIENT, Some(lost), timeout.clone());
    run.fact(CLIENT, Some(lost), Fact::Dropped(DropCause::Loss));

    run.wait(400_000);
    let corrupt = run.send(CLIENT, segment.to_owned(), Forged::No);
    run.fact(CLIENT, Some(corrupt), timeout.clone());
    run.wait(DELAY);
    let mut damaged = segment.to_owned();
    *damaged.last_mut().unwrap() ^= 0x10;
    run.arrive(SERVER, corrupt, damaged);

    run.wait(800_000);
    let twice = run.send(CLIENT, segment.to_owned(), Forged::No);
    run.fact(CLIENT, Some(twice), timeout);
    for _ in 0..2 {
        run.wait(DELAY);
        run.arrive(SERVER, twice, segment.to_owned());
        run.fact(SERVER, Some(twice), Fact::HeldAgain { octets: 1000 });
    }
}

/// Datagrams to a socket that nobody reads: one is queued, one finds no room, and after the close
/// the third is answered by an error.
pub(crate) fn datagrams(ip: Ip) -> Run {
    let mut run = Run::new("udp/closed-port", ip, Protocol::Udp);
    run.summary.verdict = "failed".to_owned();
    run.summary.failures = vec![
        "31:1: expected packet never came".to_owned(),
        "32:1: another".to_owned(),
    ];
    run.call(SERVER, "WSARecvDisconnect(s=3, NULL) = 0");
    for queued in [true, false] {
        run.call(CLIENT, "sendto(s=3, 100 octets, server:80) = 100");
        let frame = run.carry(CLIENT, wire::udp(ip, CLIENT, 100));
        let fact = match queued {
            true => Fact::DatagramQueued { octets: 100 },
            false => Fact::DatagramDropped { octets: 100 },
        };
        run.fact(SERVER, Some(frame), fact);
    }
    run.call(SERVER, "closesocket(s=3) = 0");
    let third = wire::udp(ip, CLIENT, 100);
    run.carry(CLIENT, third.clone());
    run.carry(SERVER, wire::port_unreachable(ip, SERVER, &third));
    run
}
