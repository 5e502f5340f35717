//! The base provider of TCP/IP and UDP/IP: the WSP* functions over the host's stack.
//!
//! What a call does on the wire is not decided here: `WSPShutdown`, `WSPRecvDisconnect` and
//! `WSPCloseSocket` become calls of the stack, and the host's profile knows which published
//! contract applies. Here is what Winsock adds to a stack: blocking and overlapped calls, the
//! linger table, network events, and the order in which errors are found.
//!
//! Left out, because the stack below has none: out-of-band data, raw sockets, multicast.

mod data;
mod disconnect;
mod options;
mod posted;
mod ready;
mod sockets;

use core::net::SocketAddr;
use std::collections::BTreeMap;

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::profile::{ResetName, WinsockRules};
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Gone, KeepAlive, Protocol, RecvError, SendError, SocketId};
use hangup_stack::tcp::State;

use super::check::{Check, Findings};
use super::upcalls::EventHandle;
use super::{Accepted, Condition, ConnectData, Context, Provider, Received, Sets, Wait, WspData};
use crate::address::{AF_INET, AF_INET6, Address};
use crate::api::startup::Version;
use crate::catalog::ProtocolInfo;
use crate::error::WsaError;
use crate::notify::{NetworkEvents, Readiness, Selection};
use crate::options::{Linger, OptionValue};
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::{Outcome, Pointer, Socket, ThreadId};
use posted::{Receive, Send};

/// The most sockets a process may have open.
pub const SOCKETS_MAX: usize = 4096;

/// The TCP/IP and UDP/IP of one process.
#[derive(Debug, Default)]
pub struct TcpIp {
    sockets: BTreeMap<Socket, Entry>,
    /// The threads that wait in a call of this provider.
    waiting: BTreeMap<ThreadId, Waiting>,
}

/// A call that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// When it gives up; none: never.
    until: Option<Instant>,
    /// Whether WSPCancelBlockingCall has ended it.
    cancelled: bool,
}

/// What is known of a socket.
#[derive(Debug)]
struct Entry {
    id: SocketId,
    protocol: Protocol,
    family: IpFamily,
    info: ProtocolInfo,
    mode: Mode,
    circuit: Circuit,
    linger: Linger,
    no_delay: bool,
    keep_alive: KeepAlive,
    /// Which directions this process has shut down.
    receiving: Direction,
    sending: Direction,
    /// Why the connection is gone, once a send or receive has said so: `shutdown` says it too.
    gone: Option<Gone>,
    receives: Vec<Receive>,
    sends: Vec<Send>,
    /// A connection that a condition function has put off.
    deferred: Option<SocketId>,
    /// How a connection attempt that nobody waits for has ended, until FD_CONNECT has told it.
    attempt: Option<i32>,
    selection: Selection,
}

/// FIONBIO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Blocking,
    NonBlocking,
}

/// A direction of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Open,
    Shut,
}

/// How far a connection-oriented socket has come. A socket whose connection has ended is still
/// `Connected` in Winsock's sense: `getpeername` works and `connect` says WSAEISCONN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circuit {
    Unconnected,
    /// The handshake has begun, by a call that waits for its end or by one that does not.
    Connecting(Mode),
    Connected,
}

/// What a call asks for.
#[derive(Clone, Copy, Debug)]
struct Request {
    /// Whether its numbers are valid (WSAEINVAL).
    arguments: Check,
    /// Whether there is what it asks for, apart from [`Request::stream`] (WSAEOPNOTSUPP).
    supported: Check,
    /// Whether it works on connection-oriented sockets only.
    stream: Stream,
    /// Whether the protocol has the option or the disconnect data (WSAENOPROTOOPT).
    option: Check,
    /// Whether a connection-oriented socket must be connected.
    connection: Connection,
    /// Whether its pointers are valid (WSAEFAULT).
    memory: Check,
}

/// On which sockets a call works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Any,
    Only,
}

/// Whether a call works on a connection-oriented socket that is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    NotNeeded,
    Needed,
}

impl Request {
    /// A call that asks for nothing special.
    const NOTHING: Self = Self {
        arguments: Check::Passed,
        supported: Check::Passed,
        stream: Stream::Any,
        option: Check::Passed,
        connection: Connection::NotNeeded,
        memory: Check::Passed,
    };
}

impl TcpIp {
    /// A provider that was not started.
    pub const fn new() -> Self {
        Self {
            sockets: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Makes the checks of a call on a socket.
    fn check(&mut self, host: &Host, s: Socket, request: Request) -> Result<&mut Entry, WsaError> {
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        entry.settle(host);
        let supported = match (request.stream, entry.protocol) {
            (Stream::Only, Protocol::Udp) => Check::Failed,
            (Stream::Only | Stream::Any, _) => request.supported,
        };
        // The pages say of WSAENOTCONN: connection-oriented sockets only.
        let connected = match (request.connection, entry.protocol) {
            (Connection::Needed, Protocol::Tcp) => Check::that(entry.circuit == Circuit::Connected),
            (Connection::Needed, Protocol::Udp) | (Connection::NotNeeded, _) => Check::Passed,
        };
        Findings {
            network: Check::that(host.is_up()),
            arguments: request.arguments,
            supported,
            option: request.option,
            connected,
            memory: request.memory,
        }
        .verdict()?;
        Ok(entry)
    }

    /// Begins a call that may wait: WSAEINTR where the thread waited in it and was interrupted.
    fn resume(&mut self, thread: ThreadId, s: Socket) -> Result<(), WsaError> {
        let cancelled = |waiting: &Waiting| waiting.cancelled;
        if !self.waiting.get(&thread).is_some_and(cancelled) {
            return Ok(());
        }
        self.waiting.remove(&thread);
        if let Some(entry) = self.sockets.get_mut(&s) {
            entry.withdraw(thread);
        }
        Err(WsaError::Interrupted)
    }

    /// Ends a call that may wait: remembers whether the thread does.
    fn suspend<T>(&mut self, thread: ThreadId, outcome: Outcome<T>) -> Outcome<T> {
        match outcome {
            Outcome::Done(_) => {
                self.waiting.remove(&thread);
            }
            Outcome::Blocks { until } => {
                let cancelled = false;
                self.waiting.insert(thread, Waiting { until, cancelled });
            }
        }
        outcome
    }

    /// A connection-oriented socket, for what only such have.
    fn is_stream(&self, s: Socket) -> bool {
        self.sockets
            .get(&s)
            .is_some_and(|entry| entry.protocol == Protocol::Tcp)
    }
}

impl Entry {
    fn new(id: SocketId, info: ProtocolInfo) -> Self {
        let protocol = protocol_of(&info);
        let family = family_of(&info);
        Self {
            id,
            protocol,
            family,
            info,
            mode: Mode::Blocking,
            circuit: Circuit::Unconnected,
            linger: Linger::default(),
            no_delay: false,
            keep_alive: KeepAlive::default(),
            receiving: Direction::Open,
            sending: Direction::Open,
            gone: None,
            receives: Vec::new(),
            sends: Vec::new(),
            deferred: None,
            attempt: None,
            selection: Selection::default(),
        }
    }

    /// Turns "would block" into what it means on this socket.
    fn would_block<T>(&self) -> Outcome<T> {
        match self.mode {
            Mode::Blocking => Outcome::WAITS,
            Mode::NonBlocking => Outcome::Done(Err(WsaError::WouldBlock)),
        }
    }

    /// Learns from the stack that a non-blocking `connect` has succeeded meanwhile. A blocking one
    /// has not returned yet and learns it itself.
    fn settle(&mut self, host: &Host) {
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
    fn on_gone(&mut self, gone: Gone) {
        if self.protocol == Protocol::Tcp {
            self.gone = Some(gone);
        }
    }

    /// Why the connection is gone, whether or not a call has said so.
    fn gone(&self, host: &Host) -> Option<Gone> {
        match self.protocol {
            Protocol::Tcp => self.gone.or_else(|| host.status(self.id)?.error),
            Protocol::Udp => None,
        }
    }

    /// Why the connection is gone, as a code. recv: WSAENETRESET says that keep-alive has broken
    /// the connection, which it has where nothing else waited for an answer.
    fn code(&self, host: &Host, gone: Gone) -> WsaError {
        let status = host.status(self.id);
        let idle = status
            .as_ref()
            .is_none_or(|status| status.unacked == 0 && status.unsent == 0);
        let peer_closed = status.is_some_and(|status| status.peer_closed);
        match (gone, rules(host).reset_after_fin) {
            (Gone::TimedOut, _) if self.keep_alive.on && idle => WsaError::NetworkReset,
            (Gone::Reset, ResetName::ConnectionAborted) if peer_closed && !idle => {
                WsaError::ConnectionAborted
            }
            _ => gone.into(),
        }
    }

    fn receive_error(&self, host: &Host, error: RecvError) -> WsaError {
        if let RecvError::Gone(gone) = error {
            self.code(host, gone)
        } else {
            error.into()
        }
    }

    fn send_error(&self, host: &Host, error: SendError) -> WsaError {
        if let SendError::Gone(gone) = error {
            self.code(host, gone)
        } else {
            error.into()
        }
    }
}

/// What the host's profile says of the interface.
pub(super) fn rules(host: &Host) -> WinsockRules {
    let profile = host.profile();
    profile
        .and_then(|profile| profile.winsock)
        .unwrap_or_default()
}

fn protocol_of(info: &ProtocolInfo) -> Protocol {
    if info.protocol == crate::catalog::IPPROTO_UDP {
        Protocol::Udp
    } else {
        Protocol::Tcp
    }
}

fn family_of(info: &ProtocolInfo) -> IpFamily {
    if info.family == AF_INET6 {
        IpFamily::V6
    } else {
        IpFamily::V4
    }
}

impl Provider for TcpIp {
    fn startup(&mut self, requested: Version, _: &ProtocolInfo) -> Result<WspData, WsaError> {
        if requested < (Version { major: 2, minor: 0 }) {
            return Err(WsaError::VersionNotSupported);
        }
        Ok(WspData {
            version: requested.min(Version::HIGHEST),
            high_version: Version::HIGHEST,
            description: "hangup TCP/IP".to_owned(),
        })
    }

    fn accept(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        condition: Option<&mut Condition<'_>>,
    ) -> Outcome<Accepted> {
        let outcome = match self.resume(context.thread, s) {
            Ok(()) => self.accept(context, s, condition),
            Err(error) => Err(error).into(),
        };
        self.suspend(context.thread, outcome)
    }

    fn address_to_string(&self, address: &Address) -> Result<String, WsaError> {
        match address {
            Address::Inet(_) => Ok(address.to_string()),
            Address::Iso(_) => Err(WsaError::Invalid),
        }
    }

    fn bind(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
    ) -> Result<(), WsaError> {
        self.bind(context, s, name)
    }

    fn cancel_blocking_call(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        let waiting = self.waiting.get_mut(&context.thread);
        waiting.ok_or(WsaError::Invalid)?.cancelled = true;
        Ok(())
    }

    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        self.cleanup(context);
        Ok(())
    }

    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Outcome<()> {
        let outcome = match self.resume(context.thread, s) {
            Ok(()) => self.close_socket(context, s),
            Err(error) => Err(error).into(),
        };
        self.suspend(context.thread, outcome)
    }

    fn connect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &mut ConnectData<'_>,
    ) -> Outcome<()> {
        let outcome = match self.resume(context.thread, s) {
            Ok(()) => self.connect(context, s, name, data),
            Err(error) => Err(error).into(),
        };
        self.suspend(context.thread, outcome)
    }

    fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError> {
        self.enum_network_events(context, s, event)
    }

    fn event_select(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
        events: i32,
    ) -> Result<(), WsaError> {
        self.event_select(context, s, event, events)
    }

    fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Outcome<Transferred> {
        let outcome = match self.resume(context.thread, s) {
            Ok(()) => self.get_overlapped_result(context, s, overlapped, wait),
            Err(error) => Err(error).into(),
        };
        self.suspend(context.thread, outcome)
    }

    fn get_peer_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        self.get_peer_name(context, s)
    }

    fn get_sock_name(&mut self, context: &mut Context<'_>, s: Socket) -> Result<Address, WsaError> {
        self.get_sock_name(context, s)
    }

    fn get_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, WsaError> {
        self.get_sock_opt(context, s, level, name)
    }

    fn ioctl(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        command: u32,
        argument: &mut u32,
    ) -> Result<(), WsaError> {
        self.ioctl(context, s, command, argument)
    }

    fn listen(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        backlog: i32,
    ) -> Result<(), WsaError> {
        self.listen(context, s, backlog)
    }

    fn recv(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received> {
        let outcome = match self.resume(context.thread, s) {
            Ok(()) => self.recv(context, s, buffers, flags, overlap),
            Err(error) => Err(error).into(),
        };
        self.suspend(context.thread, outcome)
    }

    fn recv_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        self.recv_disconnect(context, s, &data)
    }

    fn recv_from(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received> {
        self.recv(context, s, buffers, flags, overlap)
    }

    fn select(
        &mut self,
        context: &mut Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Outcome<usize> {
        let outcome = match self.resume(context.thread, Socket::INVALID) {
            Ok(()) => self.select(context, sets, timeout),
            Err(error) => Err(error).into(),
        };
        self.suspend(context.thread, outcome)
    }

    fn send(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        let outcome = match self.resume(context.thread, s) {
            Ok(()) => self.send_to(context, s, buffers, flags, None, overlap),
            Err(error) => Err(error).into(),
        };
        let outcome = match outcome {
            // Without an address to give, the page of send has a missing connection for this.
            Outcome::Done(Err(WsaError::DestinationRequired)) => Err(WsaError::NotConnected).into(),
            outcome @ (Outcome::Done(_) | Outcome::Blocks { .. }) => outcome,
        };
        self.suspend(context.thread, outcome)
    }

    fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        self.send_disconnect(context, s, &data)
    }

    fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        let outcome = match self.resume(context.thread, s) {
            Ok(()) => self.send_to(context, s, buffers, flags, to, overlap),
            Err(error) => Err(error).into(),
        };
        self.suspend(context.thread, outcome)
    }

    fn set_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        self.set_sock_opt(context, s, level, name, &value)
    }

    fn shutdown(&mut self, context: &mut Context<'_>, s: Socket, how: i32) -> Result<(), WsaError> {
        self.shutdown(context, s, how)
    }

    fn socket(
        &mut self,
        context: &mut Context<'_>,
        info: &ProtocolInfo,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        self.socket(context, info, flags)
    }

    fn string_to_address(&self, text: &str, family: i32) -> Result<Address, WsaError> {
        let endpoint: SocketAddr = text.parse().map_err(|_| WsaError::Invalid)?;
        let name = Address::Inet(IpEndpoint::from(endpoint));
        if name.family() == family && [AF_INET, AF_INET6].contains(&family) {
            Ok(name)
        } else {
            Err(WsaError::Invalid)
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) {
        for entry in self.sockets.values_mut() {
            entry.advance(context);
        }
    }

    fn poll_at(&self) -> Option<Instant> {
        None
    }

    fn is_waiting(&self) -> bool {
        self.sockets.values().any(Entry::is_waiting)
    }

    fn cancel_operations(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::InvalidHandle)?;
        entry.cancel_operations(context, overlapped)
    }

    fn readiness(&mut self, context: &mut Context<'_>, s: Socket) -> Readiness {
        self.sockets
            .get_mut(&s)
            .map_or_else(Readiness::default, |entry| entry.readiness(context.host))
    }

    fn recorded_events(&self, s: Socket) -> NetworkEvents {
        let entry = self.sockets.get(&s);
        entry.map_or_else(NetworkEvents::default, |entry| entry.selection.recorded())
    }

    fn stack_socket(&self, s: Socket) -> Option<SocketId> {
        self.sockets.get(&s).map(|entry| entry.id)
    }
}
