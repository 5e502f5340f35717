//! The shared code of the base providers: the modes of their sockets, the checks of their
//! functions, and the functions that need no more of a socket than its readiness.

use hangup_stack::host::Host;
use hangup_stack::profile::{CloseEvent, ResetName, WinsockRules};
use hangup_stack::smoltcp::time::Duration;
use hangup_stack::socket::{self, Protocol};

use super::call::{Caller, ConditionFunction, Context, Decision, Sets};
use super::check::{Check, Findings};
use crate::error::WsaError;
use crate::event::EventHandle;
use crate::flags::{
    MSG_DONTROUTE, MSG_OOB, MSG_PARTIAL, MSG_PEEK, MSG_PUSH_IMMEDIATE, MSG_WAITALL, SD_BOTH,
    SD_RECEIVE, SD_SEND, WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED,
};
use crate::notify::{FD_ALL_EVENTS, Readiness};
use crate::overlapped::Overlap;
use crate::process::{Pointer, Socket};
use crate::waiting::Unfinished;

/// The most sockets of a provider that a process may have open.
pub(super) const SOCKETS_MAX: usize = 4096;

/// The most connections that wait at a listening socket, which is also what SOMAXCONN comes to.
pub(super) const BACKLOG_MAX: usize = 200;

/// FIONBIO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Blocking,
    NonBlocking,
}

/// A direction of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DirectionState {
    Open,
    Shut,
}

/// Whether a receive takes what it reads, and how much it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    Takes,
    Peeks,
    /// It takes until its buffers are full (MSG_WAITALL).
    Fills,
}

impl Taking {
    pub(super) const fn of(flags: i32) -> Self {
        if flags & MSG_WAITALL != 0 {
            Self::Fills
        } else if flags & MSG_PEEK != 0 {
            Self::Peeks
        } else {
            Self::Takes
        }
    }
}

/// What a socket receives, and how: which flags a receive may have follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receives {
    Messages,
    Octets(Mode),
}

/// How far a connection-oriented socket has come. A socket whose connection has ended is still
/// `Connected` in Winsock's sense: `getpeername` works and `connect` says WSAEISCONN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Circuit {
    Unconnected,
    /// The handshake has begun, by a call that waits for its end or by one that does not.
    Connecting(Mode),
    Connected,
}

/// Whether a connected socket has its context: ConnectEx and AcceptEx leave it in a default state,
/// in which few functions take it, until SO_UPDATE_CONNECT_CONTEXT or SO_UPDATE_ACCEPT_CONTEXT is
/// set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Whole,
    AfterConnectEx,
    AfterAcceptEx,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// Whether its numbers are valid (WSAEINVAL).
    pub(super) arguments: Check,
    /// Whether there is what it asks for, apart from [`Request::stream`] (WSAEOPNOTSUPP).
    pub(super) supported: Check,
    /// Whether it works on connection-oriented sockets only.
    pub(super) stream: Stream,
    /// Whether the socket has the option or the disconnect data (WSAENOPROTOOPT).
    pub(super) option: Check,
    /// Whether a connection-oriented socket must be connected.
    pub(super) connection: Connection,
    /// Whether its pointers are valid (WSAEFAULT).
    pub(super) memory: Check,
}

/// On which sockets a call works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Any,
    Only,
}

/// Whether a call works on a connection-oriented socket that is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connection {
    NotNeeded,
    Needed,
    /// It will do as ConnectEx and AcceptEx leave it, without its context.
    NeededAsItIs,
}

impl Request {
    /// A call that asks for nothing special.
    pub(super) const NOTHING: Self = Self {
        arguments: Check::Passed,
        supported: Check::Passed,
        stream: Stream::Any,
        option: Check::Passed,
        connection: Connection::NotNeeded,
        memory: Check::Passed,
    };

    /// A call that asks for a connection.
    pub(super) const CONNECTED: Self = Self {
        connection: Connection::Needed,
        ..Self::NOTHING
    };

    /// A call that asks for a connection, which may still be in its default state.
    pub(super) const CONNECTED_AS_IT_IS: Self = Self {
        connection: Connection::NeededAsItIs,
        ..Self::NOTHING
    };

    /// WSPSend and WSPSendTo.
    pub(super) fn send(buffers: &[&[u8]], flags: i32) -> Self {
        let known = MSG_OOB | MSG_DONTROUTE | MSG_PARTIAL;
        Self {
            arguments: Check::that(flags & !known == 0 && !buffers.is_empty()),
            supported: Check::that(flags & (MSG_OOB | MSG_PARTIAL) == 0),
            ..Self::CONNECTED_AS_IT_IS
        }
    }

    /// WSPRecv and WSPRecvFrom.
    pub(super) fn recv(
        (buffers, flags): (&[&mut [u8]], i32),
        overlap: Option<Overlap>,
        receives: Receives,
    ) -> Self {
        let known = MSG_OOB | MSG_PEEK | MSG_WAITALL | MSG_PUSH_IMMEDIATE | MSG_PARTIAL;
        // recv: MSG_WAITALL is for byte streams that block, without any of these beside it.
        let fills = receives == Receives::Octets(Mode::Blocking)
            && flags & (MSG_OOB | MSG_PEEK | MSG_PARTIAL) == 0;
        let pushes = receives != Receives::Messages;
        // WSARecv: MSG_PEEK is for non-overlapped sockets.
        let peeks_later = overlap.is_some() && flags & MSG_PEEK != 0;
        Self {
            arguments: Check::that(flags & !known == 0 && !buffers.is_empty() && !peeks_later),
            supported: Check::that(
                flags & MSG_OOB == 0
                    && (fills || flags & MSG_WAITALL == 0)
                    && (pushes || flags & MSG_PUSH_IMMEDIATE == 0),
            ),
            ..Self::CONNECTED_AS_IT_IS
        }
    }

    /// WSPRecvDisconnect on a socket that has disconnect data or not.
    pub(super) const fn recv_disconnect(data: &Pointer<&mut Vec<u8>>, has_data: Check) -> Self {
        let (option, memory) = match data {
            Pointer::Null => (Check::Passed, Check::Passed),
            Pointer::To(_) => (has_data, Check::Passed),
            // Behind a bad pointer there is no WSABUF that could ask for data.
            Pointer::Bad => (Check::Passed, Check::Failed),
        };
        Self {
            option,
            memory,
            ..Self::CONNECTED
        }
    }

    /// WSPSendDisconnect on a socket whose protocol takes so many octets of disconnect data; none:
    /// it has no such data.
    pub(super) fn send_disconnect(data: &Pointer<&[u8]>, data_max: Option<usize>) -> Self {
        let has_data = Check::that(data_max.is_some());
        let (option, memory) = match data {
            Pointer::Null => (Check::Passed, Check::Passed),
            Pointer::To(data) => (
                has_data,
                Check::that(data_max.is_some_and(|most| data.len() <= most)),
            ),
            Pointer::Bad => (has_data, Check::Failed),
        };
        Self {
            option,
            memory,
            ..Self::CONNECTED
        }
    }

    /// WSPEventSelect.
    pub(super) fn event_select(
        context: &Context<'_>,
        event: Option<EventHandle>,
        events: i32,
    ) -> Self {
        let nothing_for_no_event = event.is_some() || events == 0;
        let arguments = nothing_for_no_event && events & !FD_ALL_EVENTS == 0;
        Self {
            arguments: Check::that(arguments && is_event(context, event)),
            ..Self::NOTHING
        }
    }

    /// WSPEnumNetworkEvents.
    pub(super) fn enum_network_events(context: &Context<'_>, event: Option<EventHandle>) -> Self {
        Self {
            arguments: Check::that(is_event(context, event)),
            ..Self::NOTHING
        }
    }

    /// The first error of the call on a socket of a protocol, which is connected or not.
    pub(super) fn verdict(
        self,
        host: &Host,
        protocol: Protocol,
        connected: Check,
    ) -> Result<(), WsaError> {
        let supported = match (self.stream, protocol) {
            (Stream::Only, Protocol::Udp) => Check::Failed,
            (Stream::Only | Stream::Any, _) => self.supported,
        };
        // The pages say of WSAENOTCONN: connection-oriented sockets only.
        let connected = match (self.connection, protocol) {
            (Connection::Needed | Connection::NeededAsItIs, Protocol::Tcp) => connected,
            (Connection::Needed | Connection::NeededAsItIs, Protocol::Udp)
            | (Connection::NotNeeded, _) => Check::Passed,
        };
        Findings {
            network: Check::that(host.is_up()),
            arguments: self.arguments,
            supported,
            option: self.option,
            connected,
            memory: self.memory,
        }
        .verdict()
    }
}

/// Whether an event object is there that a call was given.
fn is_event(context: &Context<'_>, event: Option<EventHandle>) -> bool {
    event.is_none_or(|event| context.upcalls.is_set(event).is_ok())
}

/// Whether a socket can be made by a provider that has so many.
///
/// # Errors
/// WSAENETDOWN, WSAEINVAL for an unknown flag, WSAEMFILE.
pub(super) fn may_open(context: &Context<'_>, flags: u32, sockets: usize) -> Result<(), WsaError> {
    if !context.host.is_up() {
        return Err(WsaError::NetworkDown);
    }
    if flags & !(WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT) != 0 {
        return Err(WsaError::Invalid);
    }
    if sockets >= SOCKETS_MAX {
        return Err(WsaError::TooManySockets);
    }
    Ok(())
}

/// How many connections may wait at a socket whose program asks for this backlog.
pub(super) fn backlog(asked: i32) -> usize {
    usize::try_from(asked).unwrap_or(1).clamp(1, BACKLOG_MAX)
}

/// Lets a condition function decide about a connection.
///
/// # Errors
/// It has not returned yet.
pub(super) fn decide(
    context: &mut Context<'_>,
    condition: &mut ConditionFunction<'_>,
    caller: &Caller,
) -> Result<Decision, Unfinished> {
    let decision = condition(caller);
    if decision == Decision::Runs {
        context.upcalls.enter_callback(context.thread);
        return Err(Unfinished::Waits(None));
    }
    context.upcalls.leave_callback(context.thread);
    Ok(decision)
}

/// The directions that WSPShutdown ends.
pub(super) const fn directions(how: i32) -> Option<socket::Direction> {
    match how {
        SD_RECEIVE => Some(socket::Direction::Receive),
        SD_SEND => Some(socket::Direction::Send),
        SD_BOTH => Some(socket::Direction::Both),
        _ => None,
    }
}

/// WSPSelect over what select would say of each socket.
///
/// # Errors
/// WSAENETDOWN; or none is ready and the time is not over.
pub(super) fn select(
    context: &Context<'_>,
    sets: &mut Sets,
    timeout: Option<Duration>,
    mut readiness: impl FnMut(Socket) -> Readiness,
) -> Result<usize, Unfinished> {
    if !context.host.is_up() {
        return Err(WsaError::NetworkDown.into());
    }
    let mut ready = |set: &[Socket], wanted: fn(Readiness) -> bool| -> Vec<Socket> {
        let sockets = set.iter().copied();
        sockets.filter(|&s| wanted(readiness(s))).collect()
    };
    let found = Sets {
        read: ready(&sets.read, |it| it.readable),
        write: ready(&sets.write, |it| it.writable),
        except: ready(&sets.except, |it| it.failed),
    };
    let count = found.read.len() + found.write.len() + found.except.len();
    let until = context.deadline(timeout);
    if count == 0 && until.is_none_or(|until| context.now < until) {
        return Err(Unfinished::Waits(until));
    }
    *sets = found;
    Ok(count)
}

/// The error that FD_CLOSE comes with, where the host's profile lets the end of a connection be
/// known now. `ended` is how it has ended, `unread` whether there is data that could be received.
///
/// The pages have three errors: WSAENETDOWN, WSAECONNRESET, and WSAECONNABORTED for everything else
/// that ends a connection.
pub(super) fn fd_close(
    host: &Host,
    ended: Option<Result<(), WsaError>>,
    unread: bool,
) -> Option<i32> {
    let rules = rules(host);
    // WSAEventSelect: FD_CLOSE comes after all data was read; or else when it is known.
    if rules.close_event == CloseEvent::AfterData && unread {
        return None;
    }
    Some(match (ended?, rules.reset_event) {
        (Ok(()), _) => 0,
        (Err(WsaError::ConnectionReset), ResetName::ConnectionReset) => {
            WsaError::ConnectionReset.code()
        }
        (Err(_), _) => WsaError::ConnectionAborted.code(),
    })
}

/// What the host's profile says of the interface.
pub(super) fn rules(host: &Host) -> WinsockRules {
    let profile = host.profile();
    profile
        .and_then(|profile| profile.winsock)
        .unwrap_or_default()
}
