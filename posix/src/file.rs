//! Open files: the objects behind the file descriptors of a process.

use std::collections::BTreeMap;

use hangup_stack::blocking::ThreadId;
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, SocketId, Status};
use hangup_stack::tcp::State;

use crate::errno::Errno;
use crate::stamping::Stamping;

/// A file descriptor: a number that means something to the process that got it, and to no other.
///
/// No descriptor is given out twice, so that a call on a closed one always says EBADF and never
/// reaches a newer file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileDescriptor(u64);

impl FileDescriptor {
    /// The descriptor with this number, which need not be open.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The number.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// An open file, by the number of the descriptor that opened it. Several descriptors can stand for
/// one (dup).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(pub(crate) u64);

/// Whether a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Blocking,
    NonBlocking,
}

impl Mode {
    /// That of a socket where O_NONBLOCK (or FIONBIO, MSG_DONTWAIT) is set.
    pub(crate) const fn of(non_blocking: bool) -> Self {
        if non_blocking {
            Self::NonBlocking
        } else {
            Self::Blocking
        }
    }
}

/// An open file.
#[derive(Debug)]
pub(crate) enum File {
    Socket(Socket),
    /// An interest list of epoll.
    Epoll(Vec<Watched>),
    /// An end of a pipe.
    Pipe(PipeEnd),
    /// A file in memory.
    Memory(Memory),
}

/// The most octets of a file in memory.
const MEMORY_OCTETS: usize = 16 << 20;

/// A pipe of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PipeId(pub(crate) usize);

/// One end of a pipe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PipeEnd {
    pub(crate) pipe: PipeId,
    pub(crate) side: Side,
    pub(crate) mode: Mode,
}

/// Which end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Read,
    Write,
}

/// A file in memory (memfd_create).
#[derive(Debug, Default)]
pub(crate) struct Memory {
    octets: Vec<u8>,
    /// Whether it can only be read.
    is_fixed: bool,
    pub(crate) offset: usize,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Read => Self::Write,
            Self::Write => Self::Read,
        }
    }
}

/// The octets of a file that reads as zeros.
const ZEROS: usize = 1 << 20;

impl Memory {
    /// A file of zeros, which can only be read.
    pub(crate) fn zeros() -> Self {
        Self {
            octets: vec![0; ZEROS],
            is_fixed: true,
            offset: 0,
        }
    }

    pub(crate) fn part(&self, offset: Option<usize>, count: usize) -> &[u8] {
        let rest = self.octets.get(offset.unwrap_or(self.offset)..);
        let rest = rest.unwrap_or_default();
        &rest[..count.min(rest.len())]
    }

    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> usize {
        let part = self.part(None, buffer.len());
        let count = part.len();
        buffer[..count].copy_from_slice(part);
        self.offset += count;
        count
    }

    pub(crate) fn write(&mut self, data: &[u8]) -> Result<usize, Errno> {
        if self.is_fixed {
            return Err(Errno::BadDescriptor);
        }
        let end = self.offset + data.len();
        if end > MEMORY_OCTETS {
            return Err(Errno::NoSpace);
        }
        self.octets.resize(self.octets.len().max(end), 0);
        self.octets[self.offset..end].copy_from_slice(data);
        self.offset = end;
        Ok(data.len())
    }
}

/// An open socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) id: SocketId,
    pub(crate) protocol: Protocol,
    pub(crate) family: IpFamily,
    pub(crate) mode: Mode,
    /// A handshake has begun, and no `connect` has said yet that it is over.
    pub(crate) connecting: bool,
    /// Where a handshake is to begin with the data that is sent first (TCP_FASTOPEN_CONNECT).
    pub(crate) deferred: Option<IpEndpoint>,
    /// How many octets the blocking send of each thread that waits has handed to the stack.
    pub(crate) sent: BTreeMap<ThreadId, usize>,
    /// The same of sends that wait for the connection that they have opened.
    pub(crate) opening: BTreeMap<ThreadId, usize>,
    /// What the receive of each thread that waits for all of its buffer has (MSG_WAITALL).
    pub(crate) received: BTreeMap<ThreadId, Vec<u8>>,
    /// Which times of what it sends are told (SO_TIMESTAMPING).
    pub(crate) stamping: Stamping,
    /// An error that came after part of a send or a receive had succeeded, for the next call.
    pub(crate) pending: Option<Errno>,
}

impl Socket {
    pub(crate) fn new(id: SocketId, protocol: Protocol, family: IpFamily, mode: Mode) -> Self {
        Self {
            id,
            protocol,
            family,
            mode,
            connecting: false,
            deferred: None,
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            opening: BTreeMap::new(),
            stamping: Stamping::default(),
            pending: None,
        }
    }
}

/// An entry of an interest list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    pub(crate) fd: FileDescriptor,
    /// The file that the descriptor stood for. The entry lives as long as it does, also where the
    /// descriptor is closed and another one stands for the file (Linux: eventpoll_release).
    pub(crate) file: FileId,
    /// The events it is watched for, with EPOLLONESHOT.
    pub(crate) events: u32,
    /// What epoll_wait gives back with the events.
    pub(crate) data: u64,
    /// Whether it still tells: one with EPOLLONESHOT tells once.
    pub(crate) is_armed: bool,
    /// What it has seen of its socket, where it tells of edges (EPOLLET).
    pub(crate) edges: Edges,
}

/// What wakes an entry of an interest list that tells of edges: each wake-up of Linux that matters
/// to it leaves a trace in the state of its socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Edges {
    /// Whether it was woken since it has told, or looked in vain.
    pub(crate) is_woken: bool,
    /// Whether the socket had no room when somebody asked or sent (SOCK_NOSPACE): the next room
    /// wakes.
    pub(crate) lacked_space: bool,
    seen: Seen,
}

/// What of a socket wakes by its change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    arrivals: u64,
    state: Option<State>,
    receive_ended: bool,
    hung_up: bool,
    failed: bool,
    reports: u64,
}

impl Edges {
    /// Those of an entry that was just made or changed, which looks first.
    pub(crate) const NEW: Self = Self {
        is_woken: true,
        lacked_space: false,
        seen: Seen {
            arrivals: 0,
            state: None,
            receive_ended: false,
            hung_up: false,
            failed: false,
            reports: 0,
        },
    };

    /// Looks at the socket: whether it was woken since.
    pub(crate) fn look(&mut self, status: &Status, reads: bool, writes: bool) {
        let now = Seen {
            arrivals: status.arrivals,
            state: status.state,
            receive_ended: status.receive_ended,
            hung_up: status.hung_up,
            failed: status.error.is_some(),
            reports: status.reports.1,
        };
        let before = std::mem::replace(&mut self.seen, now);
        // Linux: sk_data_ready, sk_state_change, sk_error_report and sk_write_space, of which the
        // second wakes everybody.
        self.is_woken |= reads && now.arrivals > before.arrivals;
        self.is_woken |= now.state != before.state
            || now.receive_ended != before.receive_ended
            || now.hung_up != before.hung_up;
        self.is_woken |= now.failed && !before.failed || now.reports > before.reports;
        if !status.writable {
            self.lacked_space |= writes;
        } else if std::mem::take(&mut self.lacked_space) {
            self.is_woken |= writes;
        }
    }
}
