//! Overlapped operations, as applications and providers know them.

use hangup_stack::smoltcp::time::Instant;

use crate::address::Address;
use crate::error::WsaError;
use crate::event::EventHandle;
use crate::process::{Socket, ThreadId};

/// The address of a WSAOVERLAPPED structure, which names the operation that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Overlapped(pub u64);

/// A completion routine of the application, by a number that the application gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompletionRoutine(pub u64);

/// lpOverlapped, lpCompletionRoutine and lpThreadId of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// The structure.
    pub overlapped: Overlapped,
    /// The routine that runs when the operation has ended, in an alertable wait of the thread that
    /// began it.
    pub routine: Option<CompletionRoutine>,
}

/// How an overlapped operation has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transferred {
    /// How many octets were sent or received.
    pub octets: usize,
    /// lpdwFlags.
    pub flags: i32,
    /// What was received.
    pub data: Vec<u8>,
    /// Who sent it, for WSARecvFrom.
    pub from: Option<Address>,
}

impl Transferred {
    /// An operation that sent octets, or received none.
    pub const fn octets(octets: usize) -> Self {
        Self {
            octets,
            flags: 0,
            data: Vec::new(),
            from: None,
        }
    }
}

/// What is known of an operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// The socket that it was begun on.
    pub(crate) s: Socket,
    /// The thread that began it, in whose alertable waits its routine runs.
    pub(crate) thread: ThreadId,
    /// hEvent of its structure.
    pub(crate) event: Option<EventHandle>,
    pub(crate) routine: Option<CompletionRoutine>,
    /// None: not yet.
    pub(crate) ended: Option<Result<Transferred, WsaError>>,
}

/// A run of a completion routine: what its parameters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Which routine.
    pub routine: CompletionRoutine,
    /// lpOverlapped.
    pub overlapped: Overlapped,
    /// dwError: 0 or the error of the operation.
    pub error: i32,
    /// cbTransferred.
    pub octets: usize,
    /// dwFlags.
    pub flags: i32,
    /// When it was queued.
    pub queued_at: Instant,
}
