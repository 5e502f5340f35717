//! A transport connection on the host's TCP: opened, fed and drained.

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::options::{LINGER, Linger, NO_DELAY};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Closing, ConnectError, Gone, Protocol, RecvError, SendError, SocketId};

use super::connection::{Connection, DisconnectIndication, Manners, NetworkEnd, TcpAction};
use super::table::State;
use super::tpdu::{ConnectData, DisconnectData, Reason, Reference, Selector};
use crate::address::IsoAddress;
use crate::error::WsaError;
use crate::process::Socket;

/// How much is taken from TCP at a time, in octets.
const READ_OCTETS: usize = 16_384;
/// The most transport connections of a process.
pub(super) const LINKS_MAX: usize = 4096;

/// A transport connection and the TCP connection that carries it.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) tcp: SocketId,
    pub(super) lower: Lower,
    /// None while TCP is being opened.
    pub(super) connection: Option<Connection>,
    /// The TCP listener that it came through; none for a caller.
    pub(super) door: Option<IpEndpoint>,
    pub(super) user: User,
    /// How many octets may wait to be read.
    pub(super) room: usize,
    /// Where this side is, and the peer.
    pub(super) local: IsoAddress,
    pub(super) remote: IsoAddress,
}

/// Who has a transport connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    /// Nobody knows of it yet.
    New,
    /// It waits at a listening socket.
    Waits(Socket),
    /// A socket has it.
    Has,
    /// The socket was closed; what is left goes on by itself.
    Gone,
}

/// How far the TCP connection below has come.
#[derive(Clone, Debug)]
pub(super) enum Lower {
    /// Its handshake goes on; then the call is made.
    Opening(PendingConnect),
    /// The handshake has failed.
    Failed(WsaError),
    Open,
    /// It was closed or reset from here.
    Done,
}

/// A call that waits for TCP.
#[derive(Clone, Debug)]
pub(super) struct PendingConnect {
    pub(super) manners: Manners,
    pub(super) reference: Reference,
    pub(super) data: ConnectData,
}

/// A listening TCP socket.
#[derive(Debug)]
pub(super) struct ListeningSocket {
    pub(super) endpoint: IpEndpoint,
    pub(super) tcp: SocketId,
}

impl Link {
    /// A caller whose TCP handshake has begun.
    pub(super) const fn calling(
        tcp: SocketId,
        call: PendingConnect,
        local: IsoAddress,
        remote: IsoAddress,
        room: usize,
    ) -> Self {
        Self {
            tcp,
            lower: Lower::Opening(call),
            connection: None,
            door: None,
            user: User::Has,
            room,
            local,
            remote,
        }
    }

    /// Why there is no connection and will be none, where TCP could not be opened.
    pub(super) const fn failure(&self) -> Option<WsaError> {
        match &self.lower {
            Lower::Failed(error) => Some(*error),
            Lower::Opening(_) | Lower::Open | Lower::Done => None,
        }
    }

    /// Whether data and releases can still go either way.
    pub(super) fn state(&self) -> State {
        match (&self.connection, &self.lower) {
            (Some(connection), _) => connection.state(),
            (None, Lower::Failed(_) | Lower::Done) => State::Closed,
            (None, Lower::Opening(_) | Lower::Open) => State::AwaitingConfirm,
        }
    }

    /// Hands octets both ways, as far as TCP takes and has them.
    pub(super) fn go_on(&mut self, host: &mut Host, now: Instant) {
        self.open(host, now);
        let Some(connection) = &mut self.connection else {
            return;
        };
        if matches!(self.lower, Lower::Done) {
            return;
        }
        read(host, now, self.tcp, connection, self.room);
        connection.on_time(now);
        let disrupted = matches!(
            connection.end(),
            Some(
                DisconnectIndication::Disrupted(..)
                    | DisconnectIndication::Rejected(_)
                    | DisconnectIndication::Network(NetworkEnd::Reset)
            )
        );
        if disrupted && purges(host) {
            connection.purge();
        }
        write(host, self.tcp, connection);
        if !connection.poll_transmit().is_empty() {
            return;
        }
        match connection.network() {
            TcpAction::Keep => {}
            TcpAction::Close => {
                // What still waits in TCP would turn the close into a reset.
                while host
                    .recv(self.tcp, &mut [0; READ_OCTETS])
                    .is_ok_and(|octets| octets > 0)
                {}
                close(host, self.tcp, now);
                self.lower = Lower::Done;
            }
            TcpAction::Reset => {
                reset(host, self.tcp, now);
                self.lower = Lower::Done;
            }
        }
    }

    /// Makes the call once TCP is open.
    fn open(&mut self, host: &mut Host, now: Instant) {
        let Lower::Opening(call) = &self.lower else {
            return;
        };
        match host.connect(self.tcp, self.remote.network, now) {
            Err(ConnectError::InProgress | ConnectError::AlreadyInProgress) => {}
            Ok(()) | Err(ConnectError::AlreadyConnected) => {
                let selector = |octets: &[u8]| Selector::cut(octets);
                let selectors = (
                    selector(&self.local.selector),
                    selector(&self.remote.selector),
                );
                let PendingConnect {
                    manners,
                    reference,
                    data,
                } = call.clone();
                let connection = Connection::call(manners, reference, selectors, data, now);
                self.connection = Some(connection);
                self.lower = Lower::Open;
                if let Some(local) = host.status(self.tcp).and_then(|status| status.local) {
                    self.local.network = local;
                }
            }
            Err(
                error @ (ConnectError::Listening
                | ConnectError::Unreachable
                | ConnectError::Spent
                | ConnectError::NotConnected
                | ConnectError::Gone(_)),
            ) => {
                self.lower = Lower::Failed(error.into());
                close(host, self.tcp, now);
            }
        }
    }

    /// Refuses the request.
    pub(super) fn turn_away(&mut self, reason: Reason, data: DisconnectData) {
        if let Some(connection) = &mut self.connection {
            connection.refuse(reason, data);
        }
        self.user = User::Gone;
    }

    /// Ends the connection without a word to anybody.
    pub(super) fn cut(&mut self, host: &mut Host, now: Instant) {
        match self.lower {
            Lower::Opening(_) | Lower::Open => reset(host, self.tcp, now),
            Lower::Failed(_) | Lower::Done => {}
        }
        self.lower = Lower::Done;
        self.user = User::Gone;
    }

    /// Whether nothing is left to do and nobody wants it.
    pub(super) fn is_over(&self) -> bool {
        let lower = matches!(self.lower, Lower::Done | Lower::Failed(_));
        match self.user {
            User::Gone | User::New => lower,
            User::Waits(_) | User::Has => false,
        }
    }
}

/// Whether an abortive end takes what was not read yet with it, as a reset of TCP does.
fn purges(host: &Host) -> bool {
    let profile = host.profile();
    profile.is_some_and(|profile| profile.calls.reset_purges_queue)
}

/// Takes what TCP has, as long as there is room for messages.
fn read(host: &mut Host, now: Instant, tcp: SocketId, connection: &mut Connection, room: usize) {
    let mut buffer = [0; READ_OCTETS];
    while connection.state() != State::Closed && connection.has_room(room) {
        match host.recv(tcp, &mut buffer) {
            Ok(0) => connection.on_network_end(NetworkEnd::Closed),
            Ok(octets) => connection.on_octets(&buffer[..octets], now),
            Err(RecvError::WouldBlock) => return,
            Err(RecvError::Gone(gone)) => connection.on_network_end(end_of(gone)),
            Err(
                RecvError::NotConnected
                | RecvError::NotBound
                | RecvError::Shutdown
                | RecvError::Truncated(_),
            ) => connection.on_network_end(NetworkEnd::Closed),
        }
    }
}

/// Hands TCP what it takes.
fn write(host: &mut Host, tcp: SocketId, connection: &mut Connection) {
    while !connection.poll_transmit().is_empty() {
        match host.send(tcp, connection.poll_transmit()) {
            Ok(octets) => connection.transmitted(octets),
            Err(SendError::WouldBlock) => return,
            Err(SendError::Gone(gone)) => connection.on_network_end(end_of(gone)),
            Err(
                SendError::NotConnected
                | SendError::InProgress
                | SendError::Shutdown
                | SendError::MessageTooLong
                | SendError::NoDestination
                | SendError::Unreachable,
            ) => connection.on_network_end(NetworkEnd::Closed),
        }
    }
}

const fn end_of(gone: Gone) -> NetworkEnd {
    match gone {
        Gone::Reset
        | Gone::BrokenPipe
        | Gone::Aborted
        | Gone::Refused
        | Gone::NetworkUnreachable
        | Gone::HostUnreachable
        | Gone::ProtocolUnreachable
        | Gone::Expired
        | Gone::ProtocolError => NetworkEnd::Reset,
        Gone::TimedOut => NetworkEnd::TimedOut,
    }
}

/// Closes a TCP socket gracefully.
pub(super) fn close(host: &mut Host, tcp: SocketId, now: Instant) {
    host.set_option(tcp, &LINGER, Linger::OFF, now);
    match host.close(tcp, now) {
        Closing::Done | Closing::Lingers(_) => {}
    }
}

/// Resets a TCP connection.
fn reset(host: &mut Host, tcp: SocketId, now: Instant) {
    host.set_option(tcp, &LINGER, Linger::RESET, now);
    match host.close(tcp, now) {
        Closing::Done | Closing::Lingers(_) => {}
    }
}

/// A TCP socket for a transport connection: what a TPDU needs is sent at once, because the peer
/// acts on whole TPDUs only.
pub(super) fn tcp_socket(host: &mut Host, to: IpEndpoint, now: Instant) -> SocketId {
    let tcp = host.open(Protocol::Tcp, IpFamily::of(to.addr));
    host.set_option(tcp, &NO_DELAY, true, now);
    tcp
}

/// What a receive says of the end of a connection. WSPRecv: of a message-oriented socket, a
/// graceful end is WSAEDISCON, and an abortive one WSAECONNRESET.
pub(super) const fn error_of(end: &DisconnectIndication) -> WsaError {
    match end {
        DisconnectIndication::Released(_) | DisconnectIndication::Confirmed => {
            WsaError::Disconnecting
        }
        DisconnectIndication::Disrupted(..) | DisconnectIndication::Rejected(_) => {
            WsaError::ConnectionReset
        }
        DisconnectIndication::Refused(..) => WsaError::ConnectionRefused,
        DisconnectIndication::Withdrawn | DisconnectIndication::Misused => {
            WsaError::ConnectionAborted
        }
        DisconnectIndication::TimedOut | DisconnectIndication::Network(NetworkEnd::TimedOut) => {
            WsaError::TimedOut
        }
        // TCP has ended and the peer has not said so before: that is class 0's way to end, and
        // RFC 2126 section 4.1.3 calls it disruptive.
        DisconnectIndication::Network(NetworkEnd::Closed | NetworkEnd::Reset) => {
            WsaError::ConnectionReset
        }
    }
}
