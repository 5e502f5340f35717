//! The account of a run: when each statement happened, what became of each call, and how the
//! sockets stood. Who compares runs reads it; verdicts and traces do not need it.

use hangup_stack::network::HostId;
use hangup_stack::socket::{SocketId, Status};
use smoltcp::time::Instant;

use super::player::Player;
use crate::calls::Returned;
use crate::diagnostic::Diagnostic;
use crate::scenario::script::Argument;

/// What a run leaves besides its trace and its verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// When each statement of the script had been played, in its order: for a call, when it was
    /// made.
    pub played: Vec<Instant>,
    /// The calls, in the order in which they were made.
    pub calls: Vec<CallAccount>,
    /// What is wrong with calls that could not be made at all.
    pub unmade: Vec<Diagnostic>,
    /// The sockets that labels of the script stand for at the end, in the order of hosts and
    /// labels.
    pub sockets: Vec<SocketAccount>,
}

/// A call that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct CallAccount {
    /// Which statement of the script it is, from 0.
    pub statement: usize,
    /// How many facts had been recorded when it was made.
    pub events_before: usize,
    /// The socket that it was about, where there was one.
    pub socket: Option<SocketId>,
    /// That socket before the call.
    pub before: Option<Status>,
    /// That socket after the call was made, whether it has returned or waits.
    pub after: Option<Status>,
    /// What it returned, and when. None: it never did.
    pub returned: Option<(Instant, Returned)>,
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
    pub(super) fn note_call(&mut self, host: usize, first: Option<&Argument>) -> usize {
        let table = self.tables[host].as_ref();
        let socket = match first {
            Some(Argument::Integer(label)) => table.and_then(|it| it.labelled(*label)),
            Some(_) | None => None,
        };
        let before = socket.and_then(|it| self.network.host(HostId(host)).status(it));
        self.account.calls.push(CallAccount {
            statement: self.account.played.len(),
            events_before: self.events.len(),
            socket,
            before,
            after: None,
            returned: None,
        });
        self.account.calls.len() - 1
    }

    /// Notes how the socket of a call stands behind it.
    pub(super) fn note_after(&mut self, host: usize, place: usize) {
        let Some(call) = self.account.calls.get_mut(place) else {
            return;
        };
        let status = |socket| self.network.host(HostId(host)).status(socket);
        call.after = call.socket.and_then(status);
    }

    /// The sockets at the end of the run.
    pub(super) fn final_sockets(&self) -> Vec<SocketAccount> {
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
