//! Sequence numbers that are a script's own: which number on the wire each of them stands for.
//!
//! As in packetdrill, a SYN of the script has the number that its line says, and one of the host
//! stands for the number that its line says. Everything else counts from the SYN of its side. What
//! is sent before there is one has the numbers of its line.

use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::notation::Origins;
use crate::scenario::script::Flags;
use crate::wire::Segment;

/// What is known of the numbers of connections.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    connections: Vec<Connection>,
    /// The last connection that was opened since the host has opened a socket.
    under_test: Option<Sides>,
    /// Where the script has sent a segment last.
    last: Option<Sides>,
    /// The same since the host has opened a socket.
    since_opened: Option<Sides>,
}

/// The two sides of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sides {
    /// The host under test.
    pub(super) host: IpEndpoint,
    /// The script.
    pub(super) peer: IpEndpoint,
}

/// A connection, or its place: several may follow each other in one.
#[derive(Debug)]
struct Connection {
    sides: Sides,
    /// From where the script's numbers count.
    peer_first: Option<u32>,
    /// The number of the last SYN of the script.
    peer_syn: Option<u32>,
    /// The number of the host's SYN.
    host_first: Option<First>,
    /// Whether either side has asked for it.
    is_opened: bool,
}

impl Connection {
    fn new(sides: Sides) -> Self {
        Self {
            sides,
            peer_first: None,
            peer_syn: None,
            host_first: None,
            is_opened: false,
        }
    }
}

/// The number of a SYN.
#[derive(Clone, Copy, Debug)]
struct First {
    on_the_wire: u32,
    in_the_script: u32,
}

impl Numbers {
    fn of(&self, sides: Sides) -> Option<&Connection> {
        self.connections.iter().find(|it| it.sides == sides)
    }

    /// Takes a segment that the script is about to send. `listens` says whether the host waits for
    /// connections at its side.
    pub(super) fn send(&mut self, sides: Sides, flags: Flags, start: u32, listens: bool) {
        let is_new = self.of(sides).is_none();
        if is_new {
            self.connections.push(Connection::new(sides));
        }
        let Some(connection) = self.connections.iter_mut().find(|it| it.sides == sides) else {
            return;
        };
        let answers =
            flags.contains(Flags::SYN.union(Flags::ACK)) && connection.host_first.is_some();
        if (is_new && listens) || (answers && connection.peer_first.is_none()) {
            connection.peer_first = Some(start);
        }
        if flags.contains(Flags::SYN) {
            connection.peer_syn = Some(start);
        }
        self.last = Some(sides);
        self.since_opened = self.last;
        if flags.contains(Flags::SYN) && !flags.contains(Flags::ACK) {
            connection.is_opened = true;
            self.under_test = Some(sides);
        }
    }

    /// The host opens a socket, which is the one under test from now on.
    pub(super) fn open(&mut self) {
        self.under_test = None;
        self.since_opened = None;
    }

    /// The ports of the connection under test between two addresses, those of the script first.
    pub(super) fn ports_under_test(&self, peer: IpAddress, host: IpAddress) -> Option<(u16, u16)> {
        let sides = self.under_test?;
        let is_between = (sides.peer.addr, sides.host.addr) == (peer, host);
        is_between.then_some((sides.peer.port, sides.host.port))
    }

    /// Whether a segment of the host is about one of the script's that no connection was asked for
    /// with, and the script has gone on to another.
    pub(super) fn is_left_behind(&self, sides: Sides) -> bool {
        let is_stray = self.of(sides).is_some_and(|it| !it.is_opened);
        is_stray && self.last != Some(sides)
    }

    /// Whether a segment of the host is about a connection of before the socket under test.
    pub(super) fn is_of_before(&self, sides: Sides) -> bool {
        let is_opened = self.of(sides).is_some_and(|it| it.is_opened);
        is_opened && self.under_test != Some(sides) && self.since_opened != Some(sides)
    }

    /// Takes a segment of the host for one whose line says `start`. Its SYN is where the host's
    /// numbers begin; one with another number than before begins a new connection.
    pub(super) fn learn(&mut self, sides: Sides, sent: &Segment, start: Option<u32>) {
        let (true, Some(start)) = (sent.flags.contains(Flags::SYN), start) else {
            return;
        };
        let first = First {
            on_the_wire: sent.seq,
            in_the_script: start,
        };
        self.under_test = Some(sides);
        match self.connections.iter_mut().find(|it| it.sides == sides) {
            Some(connection) => {
                connection.is_opened = true;
                let before = connection.host_first.map(|it| it.on_the_wire);
                if before.is_some_and(|it| it != sent.seq) {
                    connection.peer_first = connection.peer_syn;
                }
                if before != Some(sent.seq) {
                    connection.host_first = Some(first);
                }
            }
            None => self.connections.push(Connection {
                host_first: Some(first),
                is_opened: true,
                ..Connection::new(sides)
            }),
        }
    }

    /// Where the numbers of a segment of the script begin.
    pub(super) fn of_script(&self, sides: Sides, flags: Flags) -> Origins {
        let is_syn = flags.contains(Flags::SYN);
        Origins {
            seq: self.peer(sides, is_syn),
            ack: self.host(sides, is_syn),
        }
    }

    /// Where the numbers of a segment of the host begin, if its line says `start`.
    pub(super) fn of_host(&self, sides: Sides, sent: &Segment, start: Option<u32>) -> Origins {
        let is_syn = sent.flags.contains(Flags::SYN);
        let known = self.of(sides).and_then(|it| it.host_first);
        let is_first = is_syn && known.is_none_or(|it| it.on_the_wire != sent.seq);
        let seq = match start {
            Some(start) if is_first => sent.seq.wrapping_sub(start),
            Some(_) | None => self.host(sides, is_syn),
        };
        Origins {
            seq,
            ack: self.peer(sides, is_syn),
        }
    }

    fn peer(&self, sides: Sides, is_syn: bool) -> u32 {
        let first = self.of(sides).and_then(|it| it.peer_first);
        first.filter(|_| !is_syn).unwrap_or(0)
    }

    /// Where the host's numbers begin, in a SYN or anywhere else.
    pub(super) fn host(&self, sides: Sides, is_syn: bool) -> u32 {
        let first = self.of(sides).and_then(|it| it.host_first);
        first.map_or(0, |it| match is_syn {
            true => it.on_the_wire.wrapping_sub(it.in_the_script),
            false => it.on_the_wire,
        })
    }
}
