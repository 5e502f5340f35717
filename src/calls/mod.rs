//! The socket calls of scripts, carried out on a host.
//!
//! A script's call is a name and arguments as they were written. [`Calls`] turns them into calls
//! of Winsock ([`winsock`]) or of a POSIX system ([`posix`]), and says what came back as a script
//! writes it. The descriptors in a script are labels: each implementation keeps which real one a
//! label stands for, and a label that stands for none is an invalid descriptor, so that a script
//! can ask what a call says to it.

mod argument;
pub mod posix;
mod program;
mod table;
#[cfg(test)]
mod tests;
pub mod winsock;

pub(crate) use argument::show as show_argument;

use crate::scenario::script::{Argument, Routine};
use hangup_stack::network::{HostId, Network};
use hangup_stack::profile::Api;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::{Gone, SocketId};
use hangup_winsock::WsaError;

/// What a call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It returned.
    Returned(Returned),
    /// The call waits: make the same call again after the network has made a step.
    Blocks(Blocked),
}

/// A call that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The call as a row of the trace: `recv(s=4, 1000)`.
    pub call: String,
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
    /// gives as the result ([`Calls::label`]).
    pub opened: Option<u64>,
    /// The stack socket the call was about, where there is one; for a call that opened a socket,
    /// the new one.
    pub socket: Option<SocketId>,
    /// Where the script wrote down a value that the call returns through an argument, and the call
    /// returned another one.
    pub differences: Vec<Difference>,
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

/// One host's table of calls. One value a host and run; descriptors live in it.
pub trait Calls: std::fmt::Debug {
    /// Makes a call. Addresses may be resolved already or still be names of hosts.
    ///
    /// # Errors
    /// The call does not exist in this API or its arguments have the wrong shape.
    fn call(
        &mut self,
        network: &mut Network,
        host: HostId,
        name: &str,
        arguments: &[Argument],
    ) -> Result<Answer, BadCall>;

    /// Which thread of the program makes the next calls; none is the one that needs no name. It
    /// makes no difference to an API whose threads share everything.
    fn switch_to(&mut self, _thread: Option<&str>) {}

    /// Lets what is sent be zeros from now on, where a call says only how many octets.
    fn send_zeros(&mut self) {}

    /// Lets what goes on without a call go on, after the network has made a step.
    fn poll(&mut self, _network: &mut Network, _host: HostId) {}

    /// When [`Calls::poll`] has to be called next, even if nothing happens on the network.
    fn poll_at(&self) -> Option<Instant> {
        None
    }

    /// The thread that was switched to leaves the call that it waits in for a routine of the
    /// program, which makes the calls until [`Calls::leave`].
    ///
    /// # Errors
    /// Why no such routine can run there now.
    fn enter(&mut self, _routine: Routine) -> Result<(), String> {
        Err("programs of this system have no such routine".to_owned())
    }

    /// The routine returns.
    fn leave(&mut self, _routine: Routine) {}

    /// Takes what has happened in the program besides the calls of the script, in order.
    fn take_notes(&mut self) -> Vec<Note> {
        Vec::new()
    }

    /// Takes what the program has done that no result can be right for, as messages.
    fn take_undefined(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// The network events that are recorded for a socket and were not asked for yet, as a script
    /// writes them; none where the API has no such thing.
    fn network_events(&self, _socket: SocketId) -> Option<String> {
        None
    }

    /// Lets a label of the script stand for a descriptor from [`Returned::opened`]. A label can be
    /// given again, as file descriptors are.
    fn label(&mut self, label: i64, descriptor: u64);

    /// The stack socket behind a descriptor, also after it was closed.
    fn socket(&self, descriptor: u64) -> Option<SocketId>;

    /// The labels of the script and the stack sockets behind them, in the order of the labels.
    fn labels(&self) -> Vec<(i64, SocketId)>;

    /// The stack socket that a label stands for.
    fn labelled(&self, label: i64) -> Option<SocketId> {
        self.labels()
            .into_iter()
            .find(|(known, _)| *known == label)
            .map(|(_, socket)| socket)
    }
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
    pub unknown: Option<String>,
}

/// The calls of a host with this API, before any was made.
pub fn table(api: Api) -> Box<dyn Calls> {
    match api {
        Api::Posix => Box::<posix::PosixCalls>::default(),
        Api::Winsock => Box::<winsock::WinsockCalls>::default(),
    }
}

/// The names of the errors that calls of an API report.
pub fn error_names(api: Api) -> Vec<&'static str> {
    match api {
        Api::Posix => posix::error_names().collect(),
        Api::Winsock => WsaError::ALL.iter().map(|error| error.name()).collect(),
    }
}

/// The error by which calls of an API say why a connection is gone.
pub fn gone_name(gone: Gone, api: Api) -> &'static str {
    match api {
        Api::Posix => posix::gone_name(gone),
        Api::Winsock => WsaError::from(gone).name(),
    }
}

/// The names of the network events that an API records; none where it has no such thing.
pub fn event_names(api: Api) -> Vec<&'static str> {
    match api {
        Api::Posix => Vec::new(),
        Api::Winsock => winsock::event_names().collect(),
    }
}

/// The names of the calls that an API has.
pub const fn known_names(api: Api) -> &'static [&'static str] {
    match api {
        Api::Posix => posix::NAMES,
        Api::Winsock => winsock::NAMES,
    }
}

/// Whether an API has a call of this name.
pub fn known(api: Api, name: &str) -> bool {
    known_names(api).contains(&name)
}
