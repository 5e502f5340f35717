//! socket, bind, listen, accept, connect and shutdown.

use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::options::{FAST_OPEN_CONNECT, RECEIVE_TIMEOUT, SEND_TIMEOUT};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address, Ipv6Address};
use hangup_stack::socket::{AcceptError, ConnectError, Direction, ListenError, Protocol};
use hangup_stack::tcp::State;

use crate::ended::{Asked, refusal};
use crate::errno::Errno;
use crate::file::{File, FileDescriptor, Mode, Socket};
use crate::process::{Process, Progress};

/// The address family of IPv4.
pub const AF_INET: i32 = 2;
/// The address family of IPv6.
pub const AF_INET6: i32 = 10;
/// A byte stream.
pub const SOCK_STREAM: i32 = 1;
/// Datagrams.
pub const SOCK_DGRAM: i32 = 2;
/// A flag of the type: the socket never waits.
pub const SOCK_NONBLOCK: i32 = 0x800;
/// A flag of the type, without effect here.
pub const SOCK_CLOEXEC: i32 = 0x8_0000;
/// The protocol that the type stands for, and the level of the options of IPv4.
pub const IPPROTO_IP: i32 = 0;
/// IPv6, and the level of its options.
pub const IPPROTO_IPV6: i32 = 41;
/// TCP, and the level of its options.
pub const IPPROTO_TCP: i32 = 6;
/// UDP.
pub const IPPROTO_UDP: i32 = 17;
/// The longest backlog (net.core.somaxconn).
pub const SOMAXCONN: i32 = 4096;
/// shutdown: receiving ends.
pub const SHUT_RD: i32 = 0;
/// shutdown: sending ends.
pub const SHUT_WR: i32 = 1;
/// shutdown: both end.
pub const SHUT_RDWR: i32 = 2;

impl Process {
    /// socket: opens a socket.
    ///
    /// # Errors
    /// EAFNOSUPPORT, EPROTONOSUPPORT where the protocol does not go with the type, EINVAL for
    /// another type, EMFILE.
    pub fn socket(
        &mut self,
        host: &mut Host,
        domain: i32,
        kind: i32,
        protocol: i32,
    ) -> Result<FileDescriptor, Errno> {
        let family = match domain {
            AF_INET => IpFamily::V4,
            AF_INET6 => IpFamily::V6,
            _ => return Err(Errno::AddressFamilyNotSupported),
        };
        let protocol = match (kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol) {
            (SOCK_STREAM, IPPROTO_IP | IPPROTO_TCP) => Protocol::Tcp,
            (SOCK_DGRAM, IPPROTO_IP | IPPROTO_UDP) => Protocol::Udp,
            (SOCK_STREAM | SOCK_DGRAM, _) => return Err(Errno::ProtocolNotSupported),
            _ => return Err(Errno::Invalid),
        };
        self.check_room()?;
        let id = host.open(protocol, family);
        let mode = Mode::of(kind & SOCK_NONBLOCK != 0);
        Ok(self.open(File::Socket(Socket::new(id, protocol, family, mode))))
    }

    /// bind: gives a socket a local address.
    ///
    /// # Errors
    /// EBADF, EAFNOSUPPORT, EINVAL where it has one, EADDRINUSE, EADDRNOTAVAIL.
    pub fn bind(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        address: IpEndpoint,
    ) -> Result<(), Errno> {
        let socket = self.socket_of(fd)?;
        if !is_of_family(address.addr, socket.family) {
            return Err(Errno::AddressFamilyNotSupported);
        }
        let specified = (!address.addr.is_unspecified()).then_some(address.addr);
        Ok(host.bind(socket.id, specified, address.port)?)
    }

    /// listen: lets a socket take connections. A socket without an address gets every address and a
    /// free port.
    ///
    /// # Errors
    /// EBADF, EINVAL where it is connected, EOPNOTSUPP for a datagram socket.
    pub fn listen(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        backlog: i32,
    ) -> Result<(), Errno> {
        // Linux: a backlog is unsigned and cut to net.core.somaxconn; one is always let in.
        let backlog = backlog.cast_unsigned().clamp(1, SOMAXCONN.unsigned_abs());
        let backlog = usize::try_from(backlog).unwrap_or(usize::MAX);
        let socket = self.socket_of(fd)?;
        match host.listen(socket.id, backlog) {
            Err(ListenError::NotBound) => {
                host.bind(socket.id, None, 0)?;
                Ok(host.listen(socket.id, backlog)?)
            }
            result => Ok(result?),
        }
    }

    /// accept: takes a connection from a listening socket, or waits for one.
    ///
    /// # Errors
    /// EBADF, EMFILE, ENETDOWN, EINVAL where it does not listen or was shut down, EOPNOTSUPP for a
    /// datagram socket, EAGAIN on a non-blocking one or when SO_RCVTIMEO is over.
    pub fn accept(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
    ) -> Progress<FileDescriptor> {
        let accepted = self.accept_now(host, fd);
        let limit = self.limit(host, fd, &RECEIVE_TIMEOUT);
        self.within(now, limit, accepted, |_| Err(Errno::Again))
    }

    fn accept_now(&mut self, host: &mut Host, fd: FileDescriptor) -> Progress<FileDescriptor> {
        let listening = match self.check_room().and_then(|()| self.socket_of(fd)) {
            Ok(_) if !host.is_up() => return Err(Errno::NetworkDown).into(),
            Ok(socket) => socket,
            Err(error) => return Err(error).into(),
        };
        match host.accept(listening.id) {
            Ok(id) => {
                // Linux: the new descriptor blocks, whatever the listening one does.
                let (protocol, family) = (listening.protocol, listening.family);
                let mut socket = Socket::new(id, protocol, family, Mode::Blocking);
                socket.stamping = listening.stamping;
                Ok(self.open(File::Socket(socket))).into()
            }
            Err(AcceptError::WouldBlock) if listening.mode == Mode::Blocking => Progress::WAITS,
            Err(error) => Err(error.into()).into(),
        }
    }

    /// connect: opens a connection, and waits until it is there; sets the peer of a datagram
    /// socket.
    ///
    /// # Errors
    /// EBADF, ENETDOWN, EAFNOSUPPORT, ENETUNREACH; EINPROGRESS and EALREADY on a non-blocking
    /// socket, EINPROGRESS also when SO_SNDTIMEO is over; EISCONN, and why an attempt has failed
    /// (ECONNREFUSED, ETIMEDOUT, ...).
    pub fn connect(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        remote: IpEndpoint,
    ) -> Progress<()> {
        let connected = self.connect_now(host, now, fd, remote);
        let limit = self.limit(host, fd, &SEND_TIMEOUT);
        // Linux: __inet_stream_connect.
        self.within(now, limit, connected, |_| Err(Errno::InProgress))
    }

    /// getsockname: the local address of a socket; port 0 of no address where it has none.
    ///
    /// # Errors
    /// EBADF.
    pub fn getsockname(&mut self, host: &Host, fd: FileDescriptor) -> Result<IpEndpoint, Errno> {
        let socket = self.socket_of(fd)?;
        let unnamed = match socket.family {
            IpFamily::V4 => IpAddress::Ipv4(Ipv4Address::UNSPECIFIED),
            IpFamily::V6 => IpAddress::Ipv6(Ipv6Address::UNSPECIFIED),
        };
        let local = host.status(socket.id).and_then(|status| status.local);
        Ok(local.unwrap_or(IpEndpoint::new(unnamed, 0)))
    }

    /// getpeername: the address of the peer.
    ///
    /// # Errors
    /// EBADF, ENOTCONN where there is none, also while the handshake has only begun and once the
    /// connection is over (Linux: inet_getname); on some systems EINVAL once it has ended.
    pub fn getpeername(&mut self, host: &Host, fd: FileDescriptor) -> Result<IpEndpoint, Errno> {
        let socket = self.socket_of(fd)?;
        if let Some(error) = refusal(host, socket.id, Asked::Peer) {
            return Err(error);
        }
        let status = host.status(socket.id).ok_or(Errno::NotConnected)?;
        match status.state {
            Some(State::Closed | State::Listen | State::SynSent) => None,
            Some(_) | None => status.remote,
        }
        .ok_or(Errno::NotConnected)
    }

    fn connect_now(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        remote: IpEndpoint,
    ) -> Progress<()> {
        let socket = match self.socket_of(fd) {
            Ok(_) if !host.is_up() => return Err(Errno::NetworkDown).into(),
            Ok(socket) if !is_of_family(remote.addr, socket.family) => {
                return Err(Errno::AddressFamilyNotSupported).into();
            }
            Ok(socket) => socket,
            Err(error) => return Err(error).into(),
        };
        let begun = std::mem::replace(&mut socket.connecting, false);
        let has_waited = socket.mode == Mode::Blocking;
        if begun && let Some(why) = host.take_attempt(socket.id, has_waited) {
            return Err(why.map_or(Errno::ConnectionAborted, Errno::from)).into();
        }
        if socket.deferred.is_some() {
            return Err(Errno::IsConnected).into();
        }
        let fast = host.option(socket.id, &FAST_OPEN_CONNECT) == Some(true)
            && host.opens_fast()
            && host.is_unconnected(socket.id);
        if fast && host.can_open_with_data(remote) {
            socket.deferred = Some(remote);
            socket.connecting = true;
            return Ok(()).into();
        }
        let begun_fast = fast.then(|| host.open_by_send(socket.id, remote, &[], false, now));
        let result = match begun_fast {
            Some(Ok(_)) => Err(ConnectError::InProgress),
            Some(Err(error)) => Err(error),
            None => host.connect(socket.id, remote, now),
        };
        match result {
            Ok(()) => Ok(()).into(),
            // The first call that finds the handshake over returns 0, whether it waited or not.
            Err(ConnectError::AlreadyConnected) if begun => Ok(()).into(),
            Err(error @ (ConnectError::InProgress | ConnectError::AlreadyInProgress)) => {
                socket.connecting = true;
                match socket.mode {
                    Mode::Blocking => Progress::WAITS,
                    Mode::NonBlocking => Err(error.into()).into(),
                }
            }
            Err(error) => Err(error.into()).into(),
        }
    }

    /// shutdown: ends a direction, or both.
    ///
    /// # Errors
    /// EBADF, EINVAL for another `how`, ENOTCONN.
    pub fn shutdown(&mut self, host: &mut Host, fd: FileDescriptor, how: i32) -> Result<(), Errno> {
        let socket = self.socket_of(fd)?;
        let direction = match how {
            SHUT_RD => Direction::Receive,
            SHUT_WR => Direction::Send,
            SHUT_RDWR => Direction::Both,
            _ => return Err(Errno::Invalid),
        };
        Ok(host.shutdown(socket.id, direction)?)
    }
}

/// Whether an address is one that a socket of the family can have, or send to.
pub(crate) fn is_of_family(address: IpAddress, family: IpFamily) -> bool {
    match address {
        IpAddress::Ipv4(_) => family == IpFamily::V4,
        IpAddress::Ipv6(_) => family == IpFamily::V6,
    }
}
