//! Blocking calls on top of a stack that never blocks, for every interface of programs: Winsock's
//! and POSIX's alike.
//!
//! A call that would wait returns [`Progress::Blocks`]. The caller lets the network go on and makes
//! the same call again.

use smoltcp::time::Instant;

/// A thread of a process, by a number of the caller's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u32);

impl ThreadId {
    /// The thread that a process begins with.
    pub const MAIN: Self = Self(0);
}

/// How a call that may wait ends. `E` is the interface's type of errors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call that blocks must be made again after the network has made a step"]
pub enum Progress<T, E> {
    /// It returned.
    Done(Result<T, E>),
    /// The socket is blocking and the call waits: make the same call again later.
    Blocks {
        /// When the call returns at the latest, even if nothing happens on the network: make it
        /// again at this time. None: it waits for the network alone.
        until: Option<Instant>,
    },
}

impl<T, E> Progress<T, E> {
    /// The call waits for the network alone.
    pub const WAITS: Self = Self::Blocks { until: None };

    /// Changes the value of a call that succeeded.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Progress<U, E> {
        match self {
            Self::Done(result) => Progress::Done(result.map(f)),
            Self::Blocks { until } => Progress::Blocks { until },
        }
    }
}

impl<T, E> From<Result<T, E>> for Progress<T, E> {
    fn from(result: Result<T, E>) -> Self {
        Self::Done(result)
    }
}
