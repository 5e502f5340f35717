//! The effects of a receive shutdown, as one row: the fate of the data, the window, and the state
//! of both ends.

use std::collections::BTreeMap;

use hangup_stack::event::{Event, Fact};
use hangup_stack::network::HostId;
use hangup_stack::socket::{Protocol, SocketId, Status};
use hangup_stack::tcp::State;
use smoltcp::time::Instant;

use crate::run::{MadeCall, Outcome};
use crate::scenario::Scenario;
use crate::scenario::script::{Argument, Call, Subject};

/// What came of a receive shutdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShutdownSummary {
    /// What became of the data that was queued at the call. None: there was no call.
    pub queued: Option<DataFate>,
    /// What became of what arrived later, each fate with its octets, in the order of the first of
    /// each. None: there was no call.
    pub later: Option<Vec<(DataFate, usize)>>,
    /// The window that the host advertises at the end, in octets. None: there is no connection.
    pub window: Option<u64>,
    /// How each host stands at the end, by its name.
    pub ends: BTreeMap<String, EndState>,
}

/// What became of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataFate {
    /// There was none.
    None,
    /// It stays, or goes, where receives would find it.
    Queued,
    /// It is taken and not acknowledged.
    Held,
    /// It is thrown away.
    Discarded,
    /// It finds no room.
    Refused,
    /// It resets the connection.
    Reset,
}

impl DataFate {
    /// As reports say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Queued => "queued",
            Self::Held => "held unacknowledged",
            Self::Discarded => "discarded",
            Self::Refused => "refused",
            Self::Reset => "reset",
        }
    }
}

/// How a host stands at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndState {
    /// What happened last to the connection: `reset it`, `was reset`, `timed out`, or the name of a
    /// state.
    pub how: String,
    /// When. None: nothing has ended.
    pub at: Option<Instant>,
}

/// What came of the first receive shutdown on a host.
pub(super) fn summary(scenario: &Scenario, outcome: &Outcome, host: HostId) -> ShutdownSummary {
    let shutdown = receive_shutdown(scenario, outcome, host);
    let socket = shutdown
        .and_then(|it| it.socket)
        .or_else(|| connection(outcome, host));
    let mut ends = BTreeMap::new();
    for described in &outcome.hosts {
        let own = described.id == host;
        let socket = socket
            .filter(|_| own)
            .or_else(|| connection(outcome, described.id));
        if let Some(socket) = socket {
            ends.insert(described.name.clone(), end(outcome, described.id, socket));
        }
    }
    ShutdownSummary {
        queued: shutdown.map(|it| queued(outcome, host, it)),
        later: shutdown.map(|it| later(outcome, host, it)),
        window: socket.and_then(|it| window(outcome, host, it)),
        ends,
    }
}

/// The first call that shuts the receive direction down. One that fails counts where no other
/// does: on some systems it takes effect all the same.
fn receive_shutdown<'o>(
    scenario: &Scenario,
    outcome: &'o Outcome,
    host: HostId,
) -> Option<&'o MadeCall> {
    let name = &scenario.hosts.get(host.0)?.name.value;
    let is_shutdown = |made: &&MadeCall| {
        let statement = &scenario.script.statements[made.statement];
        let Subject::Call(call) = &statement.subject else {
            return false;
        };
        call.host.value == *name && shuts_receiving(call) && made.socket.is_some()
    };
    let succeeds = |made: &&MadeCall| {
        let returned = made.returned.as_ref();
        returned.is_some_and(|(_, it)| it.error.is_none())
    };
    let all = || outcome.account.calls.iter().filter(is_shutdown);
    all().find(succeeds).or_else(|| all().next())
}

/// Whether a call shuts the receive direction down, in either family.
fn shuts_receiving(call: &Call) -> bool {
    let how = call.arguments.get(1).map(|it| &it.value);
    match call.name.value.as_str() {
        "WSARecvDisconnect" | "WSPRecvDisconnect" => true,
        "shutdown" | "WSPShutdown" => match how {
            Some(Argument::Word(word)) => {
                ["SD_RECEIVE", "SD_BOTH", "SHUT_RD", "SHUT_RDWR"].contains(&word.as_str())
            }
            Some(Argument::Integer(how)) => [0, 2].contains(how),
            Some(_) | None => false,
        },
        _ => false,
    }
}

/// The one connection of a host, or else one that is over, or else its one socket, or else its last
/// one.
fn connection(outcome: &Outcome, host: HostId) -> Option<SocketId> {
    let own = || outcome.account.sockets.iter().filter(|it| it.host == host);
    let connected = |it: &&crate::run::SocketAccount| {
        let status = it.status.as_ref();
        status.is_some_and(|it| it.remote.is_some() || it.protocol == Protocol::Udp)
    };
    // A socket that is gone has no status any more, and its events tell what it was.
    let was_connected = |it: &&crate::run::SocketAccount| {
        let synchronized = |to: State| to != State::Listen && to != State::Closed;
        facts(outcome, host, it.socket, 0)
            .any(|it| matches!(it.fact, Fact::StateChanged { to, .. } if synchronized(to)))
    };
    own()
        .find(connected)
        .or_else(|| own().find(was_connected))
        .or(own().next_back())
        .map(|it| it.socket)
}

/// The facts about a socket from a place on.
fn facts(
    outcome: &Outcome,
    host: HostId,
    socket: SocketId,
    from: usize,
) -> impl Iterator<Item = &Event> {
    let events = outcome.events.iter().skip(from);
    events.filter(move |it| it.host == host && it.socket == Some(socket))
}

/// What became of the data that was queued at a call.
fn queued(outcome: &Outcome, host: HostId, call: &MadeCall) -> DataFate {
    let count = |status: &Option<Status>| status.as_ref().map_or(0, |it| it.queued);
    if count(&call.before) == 0 {
        return DataFate::None;
    }
    let at = call.returned.as_ref().map(|(moment, _)| moment.at);
    let socket = call.socket.unwrap_or(SocketId(usize::MAX));
    let mut at_once = facts(outcome, host, socket, call.begun.events_before);
    if at_once.any(|it| it.fact == Fact::ResetSent && Some(it.at) == at && it.frame.is_none()) {
        DataFate::Reset
    } else if count(&call.after) < count(&call.before) {
        DataFate::Discarded
    } else {
        DataFate::Queued
    }
}

/// What became of what arrived after a call.
fn later(outcome: &Outcome, host: HostId, call: &MadeCall) -> Vec<(DataFate, usize)> {
    let mut fates: Vec<(DataFate, usize)> = Vec::new();
    let mut add = |fate: DataFate, octets: usize| match fates.iter_mut().find(|it| it.0 == fate) {
        Some((_, total)) => *total += octets,
        None => fates.push((fate, octets)),
    };
    let Some(socket) = call.socket else {
        return fates;
    };
    for event in facts(outcome, host, socket, call.begun.events_before) {
        // What happens without a frame is the call's, or a timer's.
        if event.frame.is_none() {
            continue;
        }
        match event.fact {
            Fact::Accepted { octets } | Fact::DatagramQueued { octets } => {
                add(DataFate::Queued, octets);
            }
            Fact::Held { octets, .. } => add(DataFate::Held, octets),
            Fact::Discarded { octets } => add(DataFate::Discarded, octets),
            Fact::DatagramDropped { octets } => add(DataFate::Discarded, octets),
            Fact::Refused { octets } => add(DataFate::Refused, octets),
            Fact::ResetSent => add(DataFate::Reset, 0),
            Fact::Sent { .. }
            | Fact::Received { .. }
            | Fact::Dropped(_)
            | Fact::StateChanged { .. }
            | Fact::HeldAgain { .. }
            | Fact::Exhausted
            | Fact::ResetReceived
            | Fact::Challenged
            | Fact::Retransmitted { .. }
            | Fact::TimedOut(_)
            | Fact::ErrorReceived { .. } => {}
        }
    }
    fates
}

/// The window of a connection at the end.
fn window(outcome: &Outcome, host: HostId, socket: SocketId) -> Option<u64> {
    let mut sockets = outcome.account.sockets.iter();
    let account = sockets.find(|it| it.host == host && it.socket == socket)?;
    let status = account.status.as_ref()?;
    let is_open = !matches!(status.state, None | Some(State::Closed | State::Listen));
    is_open.then_some(status.window)
}

/// How a host's connection ended.
fn end(outcome: &Outcome, host: HostId, socket: SocketId) -> EndState {
    let all = facts(outcome, host, socket, 0);
    let mut sockets = outcome.account.sockets.iter();
    let account = sockets.find(|it| it.host == host && it.socket == socket);
    let status = account.and_then(|it| it.status.as_ref());
    let is_udp = status.is_some_and(|it| it.protocol == Protocol::Udp);
    let how = if is_udp { "open" } else { "never connected" };
    let mut end = EndState {
        how: how.to_owned(),
        at: None,
    };
    for event in all {
        let at = Some(event.at);
        match event.fact {
            Fact::ResetSent => {
                let how = "reset it".to_owned();
                return EndState { how, at };
            }
            Fact::ResetReceived => {
                let how = "was reset".to_owned();
                return EndState { how, at };
            }
            Fact::TimedOut(_) => {
                let how = "timed out".to_owned();
                return EndState { how, at };
            }
            Fact::StateChanged { to, .. } => {
                end = EndState {
                    how: to.name().to_owned(),
                    at: (to != State::Established).then_some(event.at),
                };
            }
            Fact::Sent { .. }
            | Fact::Received { .. }
            | Fact::Dropped(_)
            | Fact::Accepted { .. }
            | Fact::Held { .. }
            | Fact::HeldAgain { .. }
            | Fact::Exhausted
            | Fact::Discarded { .. }
            | Fact::Refused { .. }
            | Fact::Challenged
            | Fact::Retransmitted { .. }
            | Fact::ErrorReceived { .. }
            | Fact::DatagramQueued { .. }
            | Fact::DatagramDropped { .. } => {}
        }
    }
    end
}
