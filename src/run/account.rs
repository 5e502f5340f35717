//! The account of a run: when each statement happened, what became of each call, and how the
//! sockets stood. Who compares runs or writes them down in another language reads it; verdicts and
//! traces do not need it.

use hangup_stack::network::HostId;
use hangup_stack::socket::{SocketId, Status};
use smoltcp::time::Instant;

use super::player::Player;
use crate::diagnostic::Diagnostic;
use crate::scenario::script::Argument;

/// What a run leaves besides its trace and its verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// When each statement of the script had been played, in its order: for a call, when it was
    /// made.
    pub played: Vec<Instant>,
    /// The calls, in the order in which they were made.
    pub calls: Vec<MadeCall>,
    /// What is wrong with calls that could not be made at all.
    pub unmade: Vec<Diagnostic>,
    /// The sockets that labels of the script stand for at the end, in the order of hosts and
    /// labels.
    pub sockets: Vec<SocketAccount>,
}

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Instant,
    /// How many facts had been recorded before.
    pub events_before: usize,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeCall {
    /// Which statement of the script it is, from 0.
    pub statement: usize,
    /// The host that made it.
    pub host: HostId,
    /// Its name.
    pub name: String,
    /// What it was given.
    pub arguments: Vec<Argument>,
    /// When it was made.
    pub begun: Moment,
    /// The socket that it was about, where there was one.
    pub socket: Option<SocketId>,
    /// That socket before the call.
    pub before: Option<Status>,
    /// That socket after the call was made, whether it has returned or waits.
    pub after: Option<Status>,
    /// When it returned, and with what. None: it never did.
    pub returned: Option<(Moment, ReturnedValue)>,
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedValue {
    /// The value as a script writes it; where the call has opened something, its label.
    pub value: String,
    /// The error, where it failed.
    pub error: Option<String>,
}

/// A socket at the end of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct SocketAccount {
    /// Its host.
    pub host: HostId,
    /// Its label in the script.
    pub label: i64,
    /// Which one it is.
    pub socket: SocketId,
    /// How it stands. None: the stack has forgotten it.
    pub status: Option<Status>,
}

impl Player<'_> {
    /// Notes that a call is about to be made; returns its place in the account.
    pub(crate) fn note_call(&mut self, host: usize, name: &str, arguments: &[Argument]) -> usize {
        let table = self.tables[host].as_ref();
        let host = HostId(host);
        let socket = match arguments.first() {
            Some(Argument::Integer(label)) => table.and_then(|it| it.labelled(*label)),
            Some(_) | None => None,
        };
        let before = socket.and_then(|it| self.network.host(host).status(it));
        self.account.calls.push(MadeCall {
            statement: self.account.played.len(),
            host,
            name: name.to_owned(),
            arguments: arguments.to_vec(),
            begun: Moment {
                at: self.network.now(),
                events_before: self.events.len(),
            },
            socket,
            before,
            after: None,
            returned: None,
        });
        self.account.calls.len() - 1
    }

    /// Notes how the socket of a call stands behind it.
    pub(crate) fn note_after(&mut self, place: usize) {
        let Some(call) = self.account.calls.get_mut(place) else {
            return;
        };
        let status = |socket| self.network.host(call.host).status(socket);
        call.after = call.socket.and_then(status);
    }

    /// The sockets at the end of the run.
    pub(crate) fn final_sockets(&self) -> Vec<SocketAccount> {
        let mut sockets = Vec::new();
        for (host, table) in self.tables.iter().enumerate() {
            let host = HostId(host);
            let labels = table.as_ref().map(|it| it.labels()).unwrap_or_default();
            sockets.extend(labels.into_iter().map(|(label, socket)| SocketAccount {
                host,
                label,
                socket,
                status: self.network.host(host).status(socket),
            }));
        }
        sockets
    }
}
