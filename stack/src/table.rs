//! The socket table of a host, and the kinds of sockets in it.

use std::collections::VecDeque;

use bytes::Bytes;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

pub(crate) use crate::bound::Bound;
use crate::envelope::Envelope;
use crate::network::IpFamily;
use crate::options::SocketOptions;
use crate::reference::ReferenceSocket;
use crate::socket::{Gone, SocketId};
use crate::tcp::Connection;
use crate::tcp::segment::Segment;
use crate::udp::UdpSocket;

/// A socket of a host.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) family: IpFamily,
    pub(crate) kind: Kind,
    pub(crate) options: SocketOptions,
    /// The listening socket a connection came from, until `accept` takes it.
    pub(crate) parent: Option<SocketId>,
    /// When a lingering close gives up.
    pub(crate) lingers_until: Option<Instant>,
    /// When its connection is next due, as the host's deadlines have it.
    pub(crate) deadline: Option<Instant>,
}

impl Entry {
    pub(crate) fn new(family: IpFamily, kind: Kind, options: SocketOptions) -> Self {
        Self {
            family,
            kind,
            options,
            parent: None,
            lingers_until: None,
            deadline: None,
        }
    }
}

/// What tells the connections of a host apart: our port, and the peer's address and port. Numbers,
/// since every segment that arrives is compared with some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tuple {
    remote: u128,
    /// The version of IP and both ports.
    ports: u64,
}

impl Tuple {
    pub(crate) fn new(local_port: u16, remote: IpEndpoint) -> Self {
        Self::of(local_port, &remote.addr, remote.port)
    }

    /// The same of an address where it lies: a copy of it costs more than all else here.
    #[inline]
    pub(crate) fn of(local_port: u16, address: &IpAddress, remote_port: u16) -> Self {
        let (version, address) = match address {
            IpAddress::Ipv4(address) => (4, u128::from(address.to_bits())),
            IpAddress::Ipv6(address) => (6, address.to_bits()),
        };
        Self {
            remote: address,
            ports: version << 32 | u64::from(local_port) << 16 | u64::from(remote_port),
        }
    }

    /// A number that is about as often any as any other (the end of splitmix64).
    pub(crate) fn hash(self) -> u64 {
        let folded = (self.remote ^ (self.remote >> 64)) as u64 ^ self.ports.rotate_left(17);
        let mixed = (folded ^ (folded >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The sockets of a host, by their numbers, which are handed out in ascending order: each stands in
/// its place of a row, so that one of many is found as quickly as one of few. The row begins with
/// the oldest socket there is.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    row: VecDeque<Option<Box<Entry>>>,
    /// The number of the first place.
    first: usize,
}

impl Entries {
    pub(crate) fn get(&self, id: &SocketId) -> Option<&Entry> {
        let place = id.0.checked_sub(self.first)?;
        self.row.get(place)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, id: &SocketId) -> Option<&mut Entry> {
        let place = id.0.checked_sub(self.first)?;
        self.row.get_mut(place)?.as_deref_mut()
    }

    /// Adds a socket, whose number is higher than those of all before it.
    pub(crate) fn insert(&mut self, id: SocketId, entry: Entry) {
        if self.row.is_empty() {
            self.first = id.0;
        }
        debug_assert!(id.0 >= self.first + self.row.len(), "numbers ascend");
        self.row.resize_with(id.0 - self.first, || None);
        self.row.push_back(Some(Box::new(entry)));
    }

    pub(crate) fn remove(&mut self, id: &SocketId) -> Option<Entry> {
        let place = id.0.checked_sub(self.first)?;
        let entry = self.row.get_mut(place)?.take()?;
        while let Some(None) = self.row.front() {
            self.row.pop_front();
            self.first += 1;
        }
        Some(*entry)
    }

    /// Whether the connection of a socket is due at a time.
    pub(crate) fn is_due(&self, at: Instant, id: SocketId) -> bool {
        self.get(&id)
            .is_some_and(|entry| entry.deadline == Some(at))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SocketId, &Entry)> {
        let numbered = self.row.iter().zip(self.first..);
        numbered.filter_map(|(entry, number)| Some((SocketId(number), entry.as_deref()?)))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (SocketId, &mut Entry)> {
        let numbered = self.row.iter_mut().zip(self.first..);
        numbered.filter_map(|(entry, number)| Some((SocketId(number), entry.as_deref_mut()?)))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = SocketId> {
        self.iter().map(|(id, _)| id)
    }
}

/// What a socket is.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A TCP socket before it listens or connects.
    Idle(Idle),
    /// A listening TCP socket.
    Listening(Listening),
    /// A connection.
    Connection(Box<Connection>),
    /// A datagram socket.
    Udp(UdpSocket),
    /// A socket of smoltcp's own TCP.
    Reference(ReferenceSocket),
}

/// A TCP socket before it listens or connects.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    pub(crate) bound: Option<Bound>,
    /// Whether a receive shutdown that failed took effect all the same.
    pub(crate) receive_shut: bool,
    /// Why an attempt to connect was ended by a shutdown, until a call has said so.
    pub(crate) error: Option<Gone>,
}

impl Idle {
    /// The socket of an attempt to connect that has ended: it may try again, from the address it
    /// had.
    pub(crate) fn after(connection: &Connection) -> Self {
        let local = connection.local();
        Self {
            bound: Some(Bound {
                address: Some(local.addr),
                port: local.port,
            }),
            receive_shut: false,
            error: connection.error(),
        }
    }
}

/// A listening TCP socket.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) bound: Bound,
    pub(crate) backlog: usize,
    /// Connections that have begun and were not accepted.
    pub(crate) children: usize,
    /// Those of them that are established.
    pub(crate) ready: VecDeque<SocketId>,
    /// How many have been, so far.
    pub(crate) offered: u64,
    /// Whether `accept` fails rather than wait.
    pub(crate) aborts: Aborts,
    /// The SYNs that the application answers, in the order of their coming.
    pub(crate) requests: VecDeque<ConnectionRequest>,
}

/// A SYN that waits for the answer of the application.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionRequest {
    pub(crate) local: IpEndpoint,
    pub(crate) remote: IpEndpoint,
    pub(crate) syn: Segment,
    pub(crate) payload: Bytes,
    pub(crate) envelope: Envelope,
}

impl Listening {
    /// Whether a receive shutdown has taken the buffer that its connections would have.
    pub(crate) fn has_no_buffer(&self) -> bool {
        self.aborts == Aborts::Always
    }

    /// A connection is ready for `accept`.
    pub(crate) fn offer(&mut self, id: SocketId) {
        self.ready.push_back(id);
        self.offered += 1;
    }
}

/// Whether `accept` fails where no connection waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aborts {
    /// It waits.
    No,
    /// It fails once.
    Once,
    /// It always fails.
    Always,
}
