//! Values of a process: handles of sockets, pointers, threads, and the progress of calls that may
//! wait.

use hangup_stack::blocking;

pub use hangup_stack::blocking::ThreadId;

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

/// How a call that may wait ends.
pub type Progress<T> = blocking::Progress<T, WsaError>;

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
