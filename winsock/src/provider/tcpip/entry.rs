//! The sockets of TCP/IP and UDP/IP, the state of each, and the checks of a call.

use std::collections::{BTreeMap, VecDeque};

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::options::KEEP_ALIVE;
use hangup_stack::profile::ResetName;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Gone, Protocol, RecvError, SendError, SocketId};
use hangup_stack::tcp::State;

use crate::address::AF_INET6;
use crate::catalog::{IPPROTO_UDP, ProtocolInfo};
use crate::error::WsaError;
use crate::notify::EventSelection;
use crate::overlapped::Overlapped;
use crate::process::Socket;
use crate::provider::base::{Circuit, Connection, DirectionState, Mode, Request, Standing, rules};
use crate::provider::call::Leaving;
use crate::provider::check::Check;
use crate::provider::posted::{Queue, Receive};

/// The TCP/IP and UDP/IP of one process.
#[derive(Debug, Default)]
pub struct TcpIp {
    pub(super) sockets: BTreeMap<Socket, Entry>,
}

/// What is known of a socket.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: SocketId,
    pub(super) protocol: Protocol,
    pub(super) family: IpFamily,
    pub(super) info: ProtocolInfo,
    pub(super) mode: Mode,
    pub(super) circuit: Circuit,
    pub(super) standing: Standing,
    pub(super) origin: Origin,
    /// Which directions this process has shut down.
    pub(super) receiving: DirectionState,
    pub(super) sending: DirectionState,
    /// Why the connection is gone, once a send or receive has said so: `shutdown` says it too.
    gone: Option<Gone>,
    pub(super) receives: Queue<Receive>,
    pub(super) sends: Queue<Outgoing>,
    /// The calls of AcceptEx that wait at a listening socket.
    pub(super) accepting: VecDeque<Accepting>,
    /// A connection that a condition function has put off.
    pub(super) deferred: Option<SocketId>,
    /// How a connection attempt that nobody waits for has ended, until FD_CONNECT has told it.
    pub(super) attempt: Option<i32>,
    pub(super) selection: EventSelection,
}

/// What a send that waits still has to do.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// To whom ConnectEx connects first.
    pub(super) connects_to: Option<IpEndpoint>,
    pub(super) data: Vec<u8>,
    /// How many octets the stack has taken.
    pub(super) sent: usize,
    pub(super) to: Option<IpEndpoint>,
    /// What follows behind the data.
    pub(super) leaving: Leaving,
}

impl Outgoing {
    /// Octets for the peer.
    pub(super) const fn new(data: Vec<u8>) -> Self {
        Self {
            connects_to: None,
            data,
            sent: 0,
            to: None,
            leaving: Leaving::Stays,
        }
    }
}

/// A call of AcceptEx that waits for a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepting {
    pub(super) overlapped: Overlapped,
    /// The socket that the connection gets.
    pub(super) into: Socket,
    /// How many of its first octets the call receives; 0: it does not wait for any.
    pub(super) room: usize,
}

/// Where the address of a connection comes from: a socket that is used again keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The socket connects, from an address of its own.
    Connects,
    /// It was accepted at the address of a listening socket.
    Accepted,
}

impl TcpIp {
    /// A provider that was not started.
    pub const fn new() -> Self {
        Self {
            sockets: BTreeMap::new(),
        }
    }

    /// Makes the checks of a call on a socket.
    pub(super) fn check(
        &mut self,
        host: &Host,
        s: Socket,
        request: Request,
    ) -> Result<&mut Entry, WsaError> {
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        entry.settle(host);
        let stands =
            entry.standing == Standing::Whole || request.connection == Connection::NeededAsItIs;
        let connected = Check::that(entry.circuit == Circuit::Connected && stands);
        request.verdict(host, entry.protocol, connected)?;
        Ok(entry)
    }

    /// A connection-oriented socket, for what only such have.
    pub(super) fn is_stream(&self, s: Socket) -> bool {
        self.sockets
            .get(&s)
            .is_some_and(|entry| entry.protocol == Protocol::Tcp)
    }
}

impl Entry {
    pub(super) fn new(id: SocketId, info: ProtocolInfo) -> Self {
        let protocol = protocol_of(&info);
        let family = family_of(&info);
        Self {
            id,
            protocol,
            family,
            info,
            mode: Mode::Blocking,
            circuit: Circuit::Unconnected,
            standing: Standing::Whole,
            origin: Origin::Connects,
            receiving: DirectionState::Open,
            sending: DirectionState::Open,
            gone: None,
            receives: Queue::default(),
            sends: Queue::default(),
            accepting: VecDeque::new(),
            deferred: None,
            attempt: None,
            selection: EventSelection::default(),
        }
    }

    /// Learns from the stack that a non-blocking `connect` has succeeded meanwhile. A blocking one
    /// has not returned yet and learns it itself.
    pub(super) fn settle(&mut self, host: &Host) {
        if self.circuit == Circuit::Connecting(Mode::NonBlocking)
            && host
                .status(self.id)
                .and_then(|status| status.state)
                .is_some_and(State::is_synchronized)
        {
            self.circuit = Circuit::Connected;
            self.attempt = Some(0);
        }
    }

    /// A send or receive has said why the connection is gone. A datagram socket goes on: what the
    /// network said of one datagram is said once.
    pub(super) fn on_gone(&mut self, gone: Gone) {
        if self.protocol == Protocol::Tcp {
            self.gone = Some(gone);
        }
    }

    /// Why the connection is gone, whether or not a call has said so.
    pub(super) fn gone(&self, host: &Host) -> Option<Gone> {
        match self.protocol {
            Protocol::Tcp => self.gone.or_else(|| host.status(self.id)?.error),
            Protocol::Udp => None,
        }
    }

    /// Why the connection is gone, as a code. recv: WSAENETRESET says that keep-alive has broken
    /// the connection, which it has where nothing else waited for an answer.
    pub(super) fn code(&self, host: &Host, gone: Gone) -> WsaError {
        let status = host.status(self.id);
        let idle = status
            .as_ref()
            .is_none_or(|status| status.unacked == 0 && status.unsent == 0);
        let peer_closed = status.is_some_and(|status| status.peer_closed);
        match (gone, rules(host).reset_after_fin) {
            (Gone::TimedOut, _) if idle && host.option(self.id, &KEEP_ALIVE) == Some(true) => {
                WsaError::NetworkReset
            }
            (Gone::Reset, ResetName::ConnectionAborted) if peer_closed && !idle => {
                WsaError::ConnectionAborted
            }
            _ => gone.into(),
        }
    }

    pub(super) fn receive_error(&self, host: &Host, error: RecvError) -> WsaError {
        if let RecvError::Gone(gone) = error {
            self.code(host, gone)
        } else {
            error.into()
        }
    }

    pub(super) fn send_error(&self, host: &Host, error: SendError) -> WsaError {
        if let SendError::Gone(gone) = error {
            self.code(host, gone)
        } else {
            error.into()
        }
    }
}

pub(super) fn protocol_of(info: &ProtocolInfo) -> Protocol {
    if info.protocol == IPPROTO_UDP {
        Protocol::Udp
    } else {
        Protocol::Tcp
    }
}

pub(super) fn family_of(info: &ProtocolInfo) -> IpFamily {
    if info.family == AF_INET6 {
        IpFamily::V6
    } else {
        IpFamily::V4
    }
}
