//! The answer to a call of a script: its end, its return value, or the reason why it cannot be
//! made.

use std::fmt;

use hangup_stack::blocking::Progress;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::SocketId;

use crate::diagnostic::Diagnostic;
use crate::language::names::{quote, suggest};
use crate::scenario::script::Call;

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It returned.
    Returned(Returned),
    /// It does not return: the process has ended in it. The value is the signal that has ended it,
    /// or empty.
    Ended(Returned),
    /// The call waits: make the same call again after the network has made a step.
    Blocks(Blocked),
}

/// A call that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The stack socket the call is about, where there is one.
    pub socket: Option<SocketId>,
    /// When the call returns at the latest, even if nothing happens on the network: make it again
    /// at this time. It is the end of a linger time, or of the timeout of poll.
    pub until: Option<Instant>,
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The value as a script writes it: `0`, `1000`, `-1`, `SOCKET_ERROR`, `INVALID_SOCKET`,
    /// `POLLIN|POLLOUT`, `WSAENOTCONN` (of WSAGetLastError).
    pub value: String,
    /// The error's name, where it failed: `EPIPE`, `WSAENOTCONN`.
    pub error: Option<String>,
    /// The call without its result: `send(s=3, 8000 octets)`.
    pub call: String,
    /// The new descriptor of socket, WSASocket or accept, to be bound to the label that the script
    /// gives as the result ([`Calls::label`](super::Calls::label)).
    pub opened: Option<u64>,
    /// The stack socket the call was about, where there is one; for a call that opened a socket,
    /// the new one.
    pub socket: Option<SocketId>,
    /// Where the script wrote down a value that the call returns through an argument, and the call
    /// returned another one.
    pub differences: Vec<Difference>,
    /// What it has received, where whoever made the call asked for it.
    pub received: Vec<u8>,
}

impl Returned {
    /// The call as a row of the trace: `recv(s=4, 1000) = SOCKET_ERROR WSAESHUTDOWN`. The label is
    /// what the script calls the socket that the call opened.
    pub fn row(&self, label: Option<i64>) -> String {
        let value = match label {
            Some(label) if self.opened.is_some() => label.to_string(),
            Some(_) | None => self.value.clone(),
        };
        match &self.error {
            Some(error) => format!("{} = {value} {error}", self.call),
            // One that has ended its process has returned nothing.
            None if value.is_empty() => self.call.clone(),
            None => format!("{} = {value}", self.call),
        }
    }
}

/// Something that has happened in a program without a call of the script: a row of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The row.
    pub text: String,
    /// The stack socket that it is about, where there is one.
    pub socket: Option<SocketId>,
}

/// An argument through which a call returned something else than the script says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which argument, from 0.
    pub argument: usize,
    /// What the call returned there, as a script writes it.
    pub actual: String,
}

/// A call that cannot be made at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadCall {
    /// The argument it is about, from 0; none: the call itself.
    pub argument: Option<usize>,
    /// What is wrong and what the call takes.
    pub message: String,
    /// The word that no call of this kind knows, where that is what is wrong.
    pub unknown: Option<Unknown>,
}

impl BadCall {
    /// What is wrong with a call of a script, at its place.
    pub fn diagnostic(&self, call: &Call) -> Diagnostic {
        let argument = self.argument.and_then(|index| call.arguments.get(index));
        let span = argument.map_or(call.name.span, |argument| argument.span);
        match &self.unknown {
            Some(Unknown { word, known, form }) => {
                let message = format!("unknown name {}", quote(word));
                let diagnostic = Diagnostic::new(span, message).label(form.clone());
                suggest(diagnostic, word, known)
            }
            None => Diagnostic::new(span, self.message.clone()),
        }
    }
}

/// A word that a call does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The word.
    pub word: String,
    /// The words that can stand in its place.
    pub known: Vec<&'static str>,
    /// What the call takes, with its name: `shutdown(fd, how)`.
    pub form: String,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Made {
    Returned {
        value: String,
        error: Option<String>,
        opened: Option<u64>,
        differences: Vec<Difference>,
        /// What it returned through arguments that say only `...`.
        filled: Vec<Difference>,
    },
    Blocks {
        until: Option<Instant>,
    },
    /// The process has ended in it, by this signal or, where that is empty, by itself.
    Ended {
        signal: &'static str,
    },
}

impl Made {
    /// The call succeeded with a value.
    pub(super) fn value(value: impl ToString) -> Self {
        Self::Returned {
            value: value.to_string(),
            error: None,
            opened: None,
            differences: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// The call failed.
    pub(super) fn failed(value: &str, error: &str) -> Self {
        Self::Returned {
            value: value.to_owned(),
            error: Some(error.to_owned()),
            opened: None,
            differences: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// The call opened a socket.
    pub(super) fn opened(descriptor: u64) -> Self {
        Self::Returned {
            value: descriptor.to_string(),
            error: None,
            opened: Some(descriptor),
            differences: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// The call succeeded, and returned something else through an argument than the script says.
    pub(super) fn differs(value: impl ToString, argument: usize, actual: String) -> Self {
        Self::Returned {
            value: value.to_string(),
            error: None,
            opened: None,
            differences: vec![Difference { argument, actual }],
            filled: Vec::new(),
        }
    }

    /// The same call, which returned something else through an argument than the script says.
    pub(super) fn and_differs(mut self, difference: Difference) -> Self {
        if let Self::Returned { differences, .. } = &mut self {
            differences.push(difference);
        }
        self
    }

    /// The same call, which returned this through an argument of which the script says nothing.
    pub(super) fn and_fills(mut self, given: Difference) -> Self {
        if let Self::Returned { filled, .. } = &mut self {
            filled.push(given);
        }
        self
    }

    /// The call succeeded, and returned this through an argument of which the script says nothing.
    pub(super) fn fills(value: impl ToString, argument: usize, actual: String) -> Self {
        Self::Returned {
            value: value.to_string(),
            error: None,
            opened: None,
            differences: Vec::new(),
            filled: vec![Difference { argument, actual }],
        }
    }
}

/// An error that calls of an interface report.
pub(super) trait Failure: fmt::Debug {
    /// The value that a call which fails returns: `-1`, `SOCKET_ERROR`.
    const RESULT: &'static str;

    /// Its name: `EPIPE`, `WSAENOTCONN`.
    fn name(&self) -> &'static str;
}

/// A call that failed.
pub(super) fn failed<E: Failure>(error: E) -> Made {
    Made::failed(E::RESULT, error.name())
}

/// A call that returns 0 where it succeeds.
pub(super) fn status<E: Failure>(result: Result<(), E>) -> Made {
    returned(result.map(|()| 0))
}

/// A call that returned a value.
pub(super) fn returned<T: ToString, E: Failure>(result: Result<T, E>) -> Made {
    match result {
        Ok(value) => Made::value(value),
        Err(error) => failed(error),
    }
}

/// A call that may wait.
pub(super) fn waited<T: ToString, E: Failure>(outcome: Progress<T, E>) -> Made {
    match outcome {
        Progress::Done(result) => returned(result),
        Progress::Blocks { until } => Made::Blocks { until },
    }
}
