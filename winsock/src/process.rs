//! What Winsock values are to the process that holds them: handles, pointers, threads, and calls
//! that may wait.

use hangup_stack::smoltcp::time::Instant;

use crate::error::WsaError;

/// A SOCKET: an opaque value that means something to the process that got it, and to no other.
///
/// Handles are multiples of four, as on Windows, and no handle is given out twice, so that a call
/// on a closed socket always says `WSAENOTSOCK` and never reaches a newer socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Socket(u64);

impl Socket {
    /// INVALID_SOCKET: what `socket` and `accept` return when they fail.
    pub const INVALID: Self = Self(u64::MAX);

    /// The handle with this value, which need not be a socket.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The value of the handle.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// A thread of the process, by a number of the caller's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u32);

impl ThreadId {
    /// The thread that a process begins with.
    pub const MAIN: Self = Self(0);
}

/// How a call that may wait ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call that blocks must be made again after the network has made a step"]
pub enum Outcome<T> {
    /// It returned.
    Done(Result<T, WsaError>),
    /// The socket is blocking and the call waits: make the same call again later.
    Blocks {
        /// When the call returns at the latest, even if nothing happens on the network: make it
        /// again at this time. None: it waits for the network alone.
        until: Option<Instant>,
    },
}

impl<T> Outcome<T> {
    /// The call waits for the network alone.
    pub const WAITS: Self = Self::Blocks { until: None };

    /// Changes the value of a call that succeeded.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(result) => Outcome::Done(result.map(f)),
            Self::Blocks { until } => Outcome::Blocks { until },
        }
    }
}

impl<T> From<Result<T, WsaError>> for Outcome<T> {
    fn from(result: Result<T, WsaError>) -> Self {
        Self::Done(result)
    }
}

/// A pointer argument, as far as the difference can be seen by the caller.
#[derive(Debug)]
pub enum Pointer<T> {
    /// NULL.
    Null,
    /// Memory of the process.
    To(T),
    /// Not NULL and not (wholly) memory of the process.
    Bad,
}
