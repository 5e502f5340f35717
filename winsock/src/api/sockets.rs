//! socket, bind, listen, accept, connect, and the addresses of a socket.

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::socket::{AcceptError, ConnectError, Protocol};

use super::check::{Check, Connection, Request, Stream};
use super::{Call, Circuit, Entry, Mode, Outcome, SOCKETS_MAX, Socket, Winsock};
use crate::error::WsaError;

/// Any address family.
pub const AF_UNSPEC: i32 = 0;
/// IPv4.
pub const AF_INET: i32 = 2;
/// IPv6.
pub const AF_INET6: i32 = 23;
/// A byte stream.
pub const SOCK_STREAM: i32 = 1;
/// Datagrams.
pub const SOCK_DGRAM: i32 = 2;
/// TCP.
pub const IPPROTO_TCP: i32 = 6;
/// UDP.
pub const IPPROTO_UDP: i32 = 17;
/// WSASocket: the socket supports overlapped calls. (This slice has none; the flag changes
/// nothing.)
pub const WSA_FLAG_OVERLAPPED: u32 = 0x01;
/// WSASocket: child processes do not inherit the socket. (There are none.)
pub const WSA_FLAG_NO_HANDLE_INHERIT: u32 = 0x80;
/// listen: "as many connections as is reasonable".
pub const SOMAXCONN: i32 = 0x7fff_ffff;

/// The most connections that wait at a listening socket, which is also what [`SOMAXCONN`] comes to.
const BACKLOG_MAX: usize = 200;

impl Winsock {
    /// socket: makes a socket of the first catalog entry that matches. 0 matches any family (IPv4
    /// is first), any type or any protocol, but not all three.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSAEINVAL, WSAEAFNOSUPPORT,
    /// WSAESOCKTNOSUPPORT, WSAEPROTONOSUPPORT, WSAEPROTOTYPE, WSAEMFILE.
    pub fn socket(
        &mut self,
        host: &mut Host,
        family: i32,
        kind: i32,
        protocol: i32,
    ) -> Result<Socket, WsaError> {
        self.wsa_socket(host, family, kind, protocol, 0)
    }

    /// WSASocket: as [`Winsock::socket`], with flags; lpProtocolInfo is NULL and there is no group.
    ///
    /// # Errors
    /// As [`Winsock::socket`]; WSAEINVAL for a flag this slice does not know.
    pub fn wsa_socket(
        &mut self,
        host: &mut Host,
        family: i32,
        kind: i32,
        protocol: i32,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        let result = self.make(host, family, kind, protocol, flags);
        self.report(result)
    }

    fn make(
        &mut self,
        host: &mut Host,
        family: i32,
        kind: i32,
        protocol: i32,
        flags: u32,
    ) -> Result<Socket, WsaError> {
        let known = WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT;
        let wildcard = family == AF_UNSPEC && kind == 0 && protocol == 0;
        self.check_process(host, Check::that(flags & !known == 0 && !wildcard))?;
        let family = match family {
            AF_UNSPEC | AF_INET => IpFamily::V4,
            AF_INET6 => IpFamily::V6,
            _ => return Err(WsaError::AddressFamilyNotSupported),
        };
        let protocol = catalog_protocol(kind, protocol)?;
        if self.sockets.len() >= SOCKETS_MAX {
            return Err(WsaError::TooManySockets);
        }
        let id = host.open(protocol, family);
        let (s, _) = self.adopt(id, protocol, family);
        Ok(s)
    }

    /// bind: gives the socket a local address. The unspecified address means every address of the
    /// host, port 0 a free one.
    ///
    /// # Errors
    /// The common ones, WSAEFAULT for an address of another family, WSAEINVAL where the socket has
    /// an address, WSAEADDRINUSE, WSAEADDRNOTAVAIL.
    pub fn bind(&mut self, host: &mut Host, s: Socket, name: IpEndpoint) -> Result<(), WsaError> {
        let result = self
            .check(host, s, Request::new(Call::Immediate))
            .and_then(|entry| {
                if !is_of_family(name.addr, entry.family) {
                    return Err(WsaError::Fault);
                }
                let address = (!name.addr.is_unspecified()).then_some(name.addr);
                host.bind(entry.id, address, name.port)
                    .map_err(WsaError::from)
            });
        self.report(result)
    }

    /// listen: lets the socket take connections.
    ///
    /// # Errors
    /// The common ones, WSAEOPNOTSUPP for a datagram socket, WSAEINVAL where the socket has no
    /// address, WSAEISCONN.
    pub fn listen(&mut self, host: &mut Host, s: Socket, backlog: i32) -> Result<(), WsaError> {
        let request = Request {
            stream: Stream::Only,
            ..Request::new(Call::Immediate)
        };
        let result = self.check(host, s, request).and_then(|entry| {
            if entry.circuit != Circuit::Unconnected {
                return Err(WsaError::IsConnected);
            }
            let backlog = usize::try_from(backlog).unwrap_or(1).clamp(1, BACKLOG_MAX);
            host.listen(entry.id, backlog).map_err(WsaError::from)
        });
        self.report(result)
    }

    /// accept: takes a connection from a listening socket, with the address of the peer. The new
    /// socket has the properties of the listening one: its mode and its SO_LINGER.
    ///
    /// # Errors
    /// The common ones, WSAEOPNOTSUPP for a datagram socket, WSAEINVAL where the socket does not
    /// listen, WSAEMFILE, WSAEWOULDBLOCK.
    pub fn accept(&mut self, host: &mut Host, s: Socket) -> Outcome<(Socket, Option<IpEndpoint>)> {
        let outcome = self.take(host, s);
        self.finish(Call::Accept, s, outcome)
    }

    fn take(&mut self, host: &mut Host, s: Socket) -> Outcome<(Socket, Option<IpEndpoint>)> {
        let room = self.sockets.len() < SOCKETS_MAX;
        let request = Request {
            stream: Stream::Only,
            ..Request::new(Call::Accept)
        };
        let listener = match self.check(host, s, request) {
            Ok(entry) => entry,
            Err(error) => return Err(error).into(),
        };
        if !room {
            return Err(WsaError::TooManySockets).into();
        }
        let id = match host.accept(listener.id) {
            Ok(id) => id,
            Err(AcceptError::WouldBlock) => return listener.would_block(),
            Err(
                error @ (AcceptError::Aborted
                | AcceptError::NotListening
                | AcceptError::Unsupported),
            ) => return Err(error.into()).into(),
        };
        let Entry {
            protocol,
            family,
            mode,
            linger,
            no_delay,
            ..
        } = *listener;
        let (new, entry) = self.adopt(id, protocol, family);
        entry.circuit = Circuit::Connected;
        entry.mode = mode;
        entry.linger = linger;
        entry.no_delay = no_delay;
        host.set_linger(id, linger.timeout());
        host.set_no_delay(id, no_delay);
        let remote = host.status(id).and_then(|status| status.remote);
        Ok((new, remote)).into()
    }

    /// connect: makes a connection; on a datagram socket sets the peer.
    ///
    /// A socket that has been connected stays so in the eyes of this call, whatever was shut down
    /// and however the connection ended: it says WSAEISCONN. (The pages of the disconnect calls
    /// say that a provider need not let such a socket connect again; TCP/IP's does not.)
    ///
    /// # Errors
    /// The common ones, WSAEAFNOSUPPORT for an address of another family, WSAEADDRNOTAVAIL for the
    /// unspecified address or port 0, WSAEISCONN, WSAEINVAL where the socket listens,
    /// WSAEWOULDBLOCK and then WSAEALREADY on a non-blocking socket, WSAENETUNREACH,
    /// WSAECONNREFUSED, WSAETIMEDOUT.
    pub fn connect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        name: IpEndpoint,
    ) -> Outcome<()> {
        let outcome = match self.check(host, s, Request::new(Call::Connect)) {
            Ok(entry) => entry.connect(host, now, name),
            Err(error) => Err(error).into(),
        };
        self.finish(Call::Connect, s, outcome)
    }

    /// getpeername: the address of the peer, also after both directions were shut down.
    ///
    /// # Errors
    /// The common ones, WSAENOTCONN.
    pub fn getpeername(&mut self, host: &Host, s: Socket) -> Result<IpEndpoint, WsaError> {
        let request = Request {
            connection: Connection::Needed,
            ..Request::new(Call::Immediate)
        };
        let result = self.check(host, s, request).and_then(|entry| {
            let status = host.status(entry.id);
            status
                .and_then(|status| status.remote)
                .ok_or(WsaError::NotConnected)
        });
        self.report(result)
    }

    /// getsockname: the local address of the socket.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL where it has none.
    pub fn getsockname(&mut self, host: &Host, s: Socket) -> Result<IpEndpoint, WsaError> {
        let result = self
            .check(host, s, Request::new(Call::Immediate))
            .and_then(|entry| {
                let status = host.status(entry.id);
                status
                    .and_then(|status| status.local)
                    .ok_or(WsaError::Invalid)
            });
        self.report(result)
    }
}

impl Entry {
    fn connect(&mut self, host: &mut Host, now: Instant, name: IpEndpoint) -> Outcome<()> {
        if !is_of_family(name.addr, self.family) {
            return Err(WsaError::AddressFamilyNotSupported).into();
        }
        if self.circuit == Circuit::Connected {
            return Err(WsaError::IsConnected).into();
        }
        if name.addr.is_unspecified() || name.port == 0 {
            return Err(WsaError::AddressNotAvailable).into();
        }
        let result = host.connect(self.id, name, now);
        if self.protocol == Protocol::Udp {
            return result.map_err(WsaError::from).into();
        }
        let (circuit, outcome) = match (result, self.circuit) {
            (Ok(()), _) => (Circuit::Connected, Ok(()).into()),
            // The blocking call that began the handshake learns here that it is over.
            (Err(ConnectError::AlreadyConnected), Circuit::Connecting(Mode::Blocking)) => {
                (Circuit::Connected, Ok(()).into())
            }
            (Err(ConnectError::AlreadyConnected), _) => {
                (Circuit::Connected, Err(WsaError::IsConnected).into())
            }
            (Err(ConnectError::InProgress | ConnectError::AlreadyInProgress), _)
                if self.mode == Mode::Blocking =>
            {
                (Circuit::Connecting(Mode::Blocking), Outcome::WAITS)
            }
            (Err(error @ (ConnectError::InProgress | ConnectError::AlreadyInProgress)), _) => (
                Circuit::Connecting(Mode::NonBlocking),
                Err(error.into()).into(),
            ),
            (
                Err(
                    error @ (ConnectError::Listening
                    | ConnectError::Unreachable
                    | ConnectError::Gone(_)),
                ),
                _,
            ) => (Circuit::Unconnected, Err(error.into()).into()),
        };
        self.circuit = circuit;
        outcome
    }
}

/// The protocol of the first catalog entry with a socket type and a protocol number.
fn catalog_protocol(kind: i32, protocol: i32) -> Result<Protocol, WsaError> {
    let by_kind = match kind {
        0 => None,
        SOCK_STREAM => Some(Protocol::Tcp),
        SOCK_DGRAM => Some(Protocol::Udp),
        _ => return Err(WsaError::SocketTypeNotSupported),
    };
    let by_number = match protocol {
        0 => None,
        IPPROTO_TCP => Some(Protocol::Tcp),
        IPPROTO_UDP => Some(Protocol::Udp),
        _ => return Err(WsaError::ProtocolNotSupported),
    };
    match (by_kind, by_number) {
        (Some(kind), Some(number)) if kind != number => Err(WsaError::PrototypeMismatch),
        (Some(protocol), _) | (None, Some(protocol)) => Ok(protocol),
        (None, None) => Ok(Protocol::Tcp),
    }
}

/// Whether an address can be used with sockets of a family.
pub(super) fn is_of_family(address: IpAddress, family: IpFamily) -> bool {
    match address {
        IpAddress::Ipv4(_) => family == IpFamily::V4,
        IpAddress::Ipv6(_) => family == IpFamily::V6,
    }
}
