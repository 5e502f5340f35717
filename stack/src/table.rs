//! What stands behind a socket.

use std::collections::VecDeque;

use smoltcp::time::{Duration, Instant};
use smoltcp::wire::IpAddress;

use crate::network::IpFamily;
use crate::reference::ReferenceSocket;
use crate::socket::{Gone, SocketId};
use crate::tcp::Connection;
use crate::udp::UdpSocket;

/// A socket of a host.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) family: IpFamily,
    pub(crate) kind: Kind,
    pub(crate) options: Options,
    /// The listening socket a connection came from, until `accept` takes it.
    pub(crate) parent: Option<SocketId>,
    /// When a lingering close gives up.
    pub(crate) lingers_until: Option<Instant>,
    /// When its connection is next due, as the host's deadlines have it.
    pub(crate) deadline: Option<Instant>,
}

impl Entry {
    pub(crate) fn new(family: IpFamily, kind: Kind, options: Options) -> Self {
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

/// A local address: one of the host's, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) address: Option<IpAddress>,
    pub(crate) port: u16,
}

impl Bound {
    /// Whether both would receive some of the same traffic.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        let same_address = match (self.address, other.address) {
            (Some(one), Some(other)) => one == other,
            (None, _) | (_, None) => true,
        };
        self.port == other.port && same_address
    }
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
    /// Whether `accept` fails rather than wait.
    pub(crate) aborts: Aborts,
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

/// Socket options, as far as they were set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) linger: Option<Duration>,
    pub(crate) receive_buffer: Option<usize>,
    pub(crate) send_buffer: Option<usize>,
    pub(crate) no_delay: bool,
}
