//! The account of a run: the time of each statement, the result of each call, and the states of the
//! sockets. Comparisons and exports read it; verdicts and traces do not need it.

use hangup_stack::network::HostId;
use hangup_stack::socket::{SocketId, Status};
use smoltcp::time::Instant;

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
    /// Which rows of the trace are calls of programs.
    pub of_programs: Vec<usize>,
    /// What is wrong with calls that could not be made at all.
    pub unmade: Vec<Diagnostic>,
    /// The sockets that labels of the script stand for at the end, in the order of hosts and
    /// labels.
    pub sockets: Vec<SocketAccount>,
}

impl Account {
    /// When the last statement was played and the last call returned.
    pub fn through(&self) -> Instant {
        let returned = self.calls.iter().filter_map(|it| it.returned.as_ref());
        let returned = returned.map(|(moment, _)| moment.at);
        let played = self.played.iter().copied();
        played.chain(returned).max().unwrap_or(Instant::ZERO)
    }
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
