//! What every call looks at before it does anything, in one order.
//!
//! The documents list the errors of each function but never say which one wins when two apply.
//! The order here is our choice. It puts what concerns the process before what concerns the
//! socket, what is fixed for a protocol before what depends on the connection, and looks at memory
//! last, as Windows does (getpeername on a bad socket, an unconnected one and a short buffer
//! fails in this order in Wine's tests, which run on Windows).

use hangup_stack::host::Host;
use hangup_stack::socket::Protocol;

use super::{Call, Circuit, Entry, Socket, Winsock};
use crate::error::WsaError;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Passed,
    Failed,
}

impl Check {
    pub(crate) const fn that(holds: bool) -> Self {
        if holds { Self::Passed } else { Self::Failed }
    }
}

/// Every check of a call.
#[derive(Clone, Copy, Debug)]
struct Findings {
    started: Check,
    not_nested: Check,
    is_socket: Check,
    network: Check,
    arguments: Check,
    supported: Check,
    option: Check,
    connected: Check,
    memory: Check,
}

impl Findings {
    /// The order of errors.
    fn verdict(self) -> Result<(), WsaError> {
        let Self {
            started,
            not_nested,
            is_socket,
            network,
            arguments,
            supported,
            option,
            connected,
            memory,
        } = self;
        let order = [
            (started, WsaError::NotInitialised),
            (not_nested, WsaError::InProgress),
            (is_socket, WsaError::NotSocket),
            (network, WsaError::NetworkDown),
            (arguments, WsaError::Invalid),
            (supported, WsaError::OperationNotSupported),
            (option, WsaError::NoProtocolOption),
            (connected, WsaError::NotConnected),
            (memory, WsaError::Fault),
        ];
        match order.into_iter().find(|(check, _)| *check == Check::Failed) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }
}

/// Through which door a call comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Ws2_32.dll, which asks whether the process has called WSAStartup.
    Api,
    /// The service provider, which was loaded by it and has no such error.
    Provider,
}

/// What a call asks for, besides the checks that every call makes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    pub(crate) entrance: Entrance,
    pub(crate) call: Call,
    /// Whether its numbers are valid (WSAEINVAL).
    pub(crate) arguments: Check,
    /// Whether this slice has what it asks for, apart from [`Request::stream`] (WSAEOPNOTSUPP).
    pub(crate) supported: Check,
    /// Whether it works on connection-oriented sockets only.
    pub(crate) stream: Stream,
    /// Whether the protocol has the option or the disconnect data (WSAENOPROTOOPT).
    pub(crate) option: Check,
    /// Whether a connection-oriented socket must be connected.
    pub(crate) connection: Connection,
    /// Whether its pointers are valid (WSAEFAULT).
    pub(crate) memory: Check,
}

/// On which sockets a call works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Any,
    Only,
}

/// Whether a call works on a connection-oriented socket that is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    NotNeeded,
    Needed,
}

impl Request {
    /// A call of Ws2_32.dll that asks for nothing special.
    pub(crate) const fn new(call: Call) -> Self {
        Self {
            entrance: Entrance::Api,
            call,
            arguments: Check::Passed,
            supported: Check::Passed,
            stream: Stream::Any,
            option: Check::Passed,
            connection: Connection::NotNeeded,
            memory: Check::Passed,
        }
    }
}

impl Winsock {
    /// Makes the checks of a call on a socket.
    pub(super) fn check(
        &mut self,
        host: &Host,
        s: Socket,
        request: Request,
    ) -> Result<&mut Entry, WsaError> {
        if let Some(entry) = self.sockets.get_mut(&s) {
            entry.settle(host);
        }
        let entry = self.sockets.get(&s);
        Findings {
            started: match request.entrance {
                Entrance::Api => self.check_started(),
                Entrance::Provider => Check::Passed,
            },
            not_nested: self.check_not_nested(request.call, s),
            is_socket: Check::that(entry.is_some()),
            network: Check::that(host.is_up()),
            arguments: request.arguments,
            supported: check_supported(entry, request),
            option: request.option,
            connected: check_connected(entry, request.connection),
            memory: request.memory,
        }
        .verdict()?;
        self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)
    }

    /// Makes the checks of a call that has no socket.
    pub(super) fn check_process(&self, host: &Host, arguments: Check) -> Result<(), WsaError> {
        Findings {
            started: self.check_started(),
            not_nested: self.check_not_nested(Call::Immediate, Socket::INVALID),
            is_socket: Check::Passed,
            network: Check::that(host.is_up()),
            arguments,
            supported: Check::Passed,
            option: Check::Passed,
            connected: Check::Passed,
            memory: Check::Passed,
        }
        .verdict()
    }

    fn check_started(&self) -> Check {
        Check::that(self.startups > 0)
    }

    /// Whether the process waits in no other call.
    ///
    /// "Windows Sockets 1.1 Blocking Routines and EINPROGRESS": while a blocking call is
    /// outstanding, every other call fails. A process that negotiated 2.0 or later never sees this.
    pub(super) fn check_not_nested(&self, call: Call, s: Socket) -> Check {
        Check::that(
            self.outstanding
                .is_none_or(|outstanding| outstanding == (call, s)),
        )
    }
}

fn check_supported(entry: Option<&Entry>, request: Request) -> Check {
    match (request.stream, entry.map(|entry| entry.protocol)) {
        (Stream::Only, Some(Protocol::Udp)) => Check::Failed,
        (Stream::Only | Stream::Any, _) => request.supported,
    }
}

/// The pages say of WSAENOTCONN: connection-oriented sockets only.
fn check_connected(entry: Option<&Entry>, connection: Connection) -> Check {
    let Some(entry) = entry else {
        return Check::Passed;
    };
    match (connection, entry.protocol) {
        (Connection::Needed, Protocol::Tcp) => Check::that(entry.circuit == Circuit::Connected),
        (Connection::Needed, Protocol::Udp) | (Connection::NotNeeded, _) => Check::Passed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order as the documentation of this crate states it.
    const ORDER: [WsaError; 9] = [
        WsaError::NotInitialised,
        WsaError::InProgress,
        WsaError::NotSocket,
        WsaError::NetworkDown,
        WsaError::Invalid,
        WsaError::OperationNotSupported,
        WsaError::NoProtocolOption,
        WsaError::NotConnected,
        WsaError::Fault,
    ];

    /// Whatever combination of things is wrong, the call reports the first of them in the order.
    #[test]
    fn the_first_error_in_the_order_wins() {
        for wrong in 0_u32..1 << ORDER.len() {
            let check = |bit: u32| Check::that(wrong & (1 << bit) == 0);
            let findings = Findings {
                started: check(0),
                not_nested: check(1),
                is_socket: check(2),
                network: check(3),
                arguments: check(4),
                supported: check(5),
                option: check(6),
                connected: check(7),
                memory: check(8),
            };
            let expected = match wrong {
                0 => Ok(()),
                _ => Err(ORDER[wrong.trailing_zeros() as usize]),
            };
            assert_eq!(findings.verdict(), expected, "wrong: {wrong:#011b}");
        }
    }
}
