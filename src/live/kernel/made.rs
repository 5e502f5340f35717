//! Calls of the kernel: their preparation, and their results.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::errno::Errno;

use crate::calls::{Difference, Returned};

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// It must not wait, whatever the socket says.
    AtOnce,
    /// As a program would make it, behind so many octets that went without waiting.
    Waiting(usize),
}

/// What came of making a call.
#[derive(Debug)]
pub(super) enum Attempt {
    /// It has returned.
    Made(Made),
    /// It would wait, behind so many octets that went without.
    WouldWait(usize),
}

/// A call that has returned.
#[derive(Debug)]
pub(super) struct Made {
    /// What it returned.
    pub(super) result: nix::Result<i64>,
    /// What a script writes in place of the number.
    pub(super) shown: Option<String>,
    /// The descriptors that it opened.
    pub(super) opened: Vec<OwnedFd>,
    /// The arguments through which it returned something else than the script says.
    pub(super) differences: Vec<Difference>,
    /// The octets that it received.
    pub(super) received: Vec<u8>,
}

impl Made {
    /// It returned a number, or failed.
    pub(super) fn result(result: nix::Result<i64>) -> Self {
        Self {
            result,
            shown: None,
            opened: Vec::new(),
            differences: Vec::new(),
            received: Vec::new(),
        }
    }

    /// It returned 0, or failed.
    pub(super) fn status(result: nix::Result<()>) -> Self {
        Self::result(result.map(|()| 0))
    }

    /// It opened a descriptor, or failed.
    pub(super) fn opened(result: nix::Result<OwnedFd>) -> Self {
        match result {
            Ok(fd) => Self {
                opened: vec![fd],
                ..Self::result(Ok(0))
            },
            Err(error) => Self::result(Err(error)),
        }
    }

    /// It returned a value that a script writes like this.
    pub(super) fn shown(text: String) -> Self {
        Self {
            shown: Some(text),
            ..Self::result(Ok(0))
        }
    }

    /// It returned something else through an argument than the script says.
    pub(super) fn differs(mut self, argument: usize, actual: String) -> Self {
        self.differences.push(Difference { argument, actual });
        self
    }

    /// As a script has it. `call` is the call as a row of the trace.
    pub(super) fn returned(&self, call: String) -> Returned {
        let (value, error) = match self.result {
            Ok(_) if self.shown.is_some() => (self.shown.clone().unwrap_or_default(), None),
            Ok(number) => (number.to_string(), None),
            Err(error) => ("-1".to_owned(), Some(name_of(error))),
        };
        Returned {
            value,
            error,
            call,
            opened: (!self.opened.is_empty()).then_some(0),
            socket: None,
            received: self.received.clone(),
            differences: self.differences.clone(),
        }
    }
}

/// The name of an error, as scripts write it.
pub(super) fn name_of(error: Errno) -> String {
    format!("{error:?}")
}

/// What makes a call.
type Make = dyn Fn(How) -> Attempt + Send + Sync;

/// A call that can be made, on any thread.
#[derive(Clone)]
pub(super) struct Prepared {
    make: Arc<Make>,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").finish_non_exhaustive()
    }
}

impl Prepared {
    /// A call that may wait.
    pub(super) fn new(make: impl Fn(How) -> Attempt + Send + Sync + 'static) -> Self {
        Self {
            make: Arc::new(make),
        }
    }

    /// A call that never waits.
    pub(super) fn prompt(make: impl Fn() -> Made + Send + Sync + 'static) -> Self {
        Self::new(move |_| Attempt::Made(make()))
    }

    /// Makes it.
    pub(super) fn make(&self, how: How) -> Attempt {
        (self.make)(how)
    }
}
