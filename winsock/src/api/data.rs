//! send, recv, sendto, recvfrom.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, RecvError, SendError};

use super::check::{Check, Connection, Request};
use super::sockets::is_of_family;
use super::{Call, Direction, Entry, Mode, Outcome, Socket, Winsock};
use crate::error::WsaError;

/// Out-of-band data, which this slice does not have.
pub const MSG_OOB: i32 = 0x1;
/// Leaves the data in the queue.
pub const MSG_PEEK: i32 = 0x2;
/// Do not route. (Changes nothing here.)
pub const MSG_DONTROUTE: i32 = 0x4;
/// Wait for the whole buffer, which this slice does not do.
pub const MSG_WAITALL: i32 = 0x8;

impl Winsock {
    /// send: queues octets for sending. A blocking socket waits until all are queued; a
    /// non-blocking one takes as many as fit.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown flag, WSAEOPNOTSUPP for MSG_OOB, WSAENOTCONN,
    /// WSAESHUTDOWN after SD_SEND, WSAEWOULDBLOCK, WSAEMSGSIZE, WSAEHOSTUNREACH, and why the
    /// connection is gone: WSAECONNRESET, WSAECONNABORTED, WSAETIMEDOUT.
    pub fn send(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &[u8],
        flags: i32,
    ) -> Outcome<usize> {
        let outcome = match self.transmit(host, now, s, buffer, flags, None) {
            // Without an address to give, the page of send has a missing connection for this.
            Outcome::Done(Err(WsaError::DestinationRequired)) => Err(WsaError::NotConnected).into(),
            outcome @ (Outcome::Done(_) | Outcome::Blocks { .. }) => outcome,
        };
        self.finish(Call::Send, s, outcome)
    }

    /// sendto: sends a datagram to an address. On a connection-oriented socket, and without an
    /// address, it is `send`.
    ///
    /// # Errors
    /// As [`Winsock::send`], and WSAEDESTADDRREQ, WSAEAFNOSUPPORT, WSAEADDRNOTAVAIL.
    pub fn sendto(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &[u8],
        flags: i32,
        to: Option<IpEndpoint>,
    ) -> Outcome<usize> {
        let outcome = self.transmit(host, now, s, buffer, flags, to);
        self.finish(Call::Send, s, outcome)
    }

    fn transmit(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &[u8],
        flags: i32,
        to: Option<IpEndpoint>,
    ) -> Outcome<usize> {
        let request = Request {
            arguments: Check::that(flags & !(MSG_OOB | MSG_DONTROUTE) == 0),
            supported: Check::that(flags & MSG_OOB == 0),
            connection: Connection::Needed,
            ..Request::new(Call::Send)
        };
        match self.check(host, s, request) {
            Ok(entry) => entry.send(host, now, buffer, to),
            Err(error) => Err(error).into(),
        }
    }

    /// recv: reads octets; 0 is the peer's graceful close, again and again.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown flag, for an empty buffer on a byte stream and on
    /// an unbound datagram socket, WSAEOPNOTSUPP for MSG_OOB and MSG_WAITALL, WSAENOTCONN,
    /// WSAESHUTDOWN after a receive shutdown (whatever the peer did), WSAEWOULDBLOCK, WSAEMSGSIZE
    /// for a datagram that was longer than the buffer, and why the connection is gone.
    pub fn recv(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &mut [u8],
        flags: i32,
    ) -> Outcome<usize> {
        self.recvfrom(host, now, s, buffer, flags)
            .map(|(octets, _)| octets)
    }

    /// recvfrom: as `recv`, and says who sent the datagram. On a connection-oriented socket, and
    /// with MSG_PEEK, no address is given.
    ///
    /// # Errors
    /// As [`Winsock::recv`].
    pub fn recvfrom(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &mut [u8],
        flags: i32,
    ) -> Outcome<(usize, Option<IpEndpoint>)> {
        let known = MSG_OOB | MSG_PEEK | MSG_WAITALL;
        let empty = buffer.is_empty()
            && self
                .sockets
                .get(&s)
                .is_some_and(|entry| entry.protocol == Protocol::Tcp);
        let request = Request {
            arguments: Check::that(flags & !known == 0 && !empty),
            supported: Check::that(flags & (MSG_OOB | MSG_WAITALL) == 0),
            connection: Connection::Needed,
            ..Request::new(Call::Receive)
        };
        let outcome = match self.check(host, s, request) {
            Ok(entry) => entry.recv(host, now, buffer, flags),
            Err(error) => Err(error).into(),
        };
        self.finish(Call::Receive, s, outcome)
    }
}

impl Entry {
    fn send(
        &mut self,
        host: &mut Host,
        now: Instant,
        buffer: &[u8],
        to: Option<IpEndpoint>,
    ) -> Outcome<usize> {
        if self.sending == Direction::Shut {
            return Err(WsaError::Shutdown).into();
        }
        let to = to.filter(|_| self.protocol == Protocol::Udp);
        if let Some(to) = to {
            if !is_of_family(to.addr, self.family) {
                return Err(WsaError::AddressFamilyNotSupported).into();
            }
            if to.addr.is_unspecified() || to.port == 0 {
                return Err(WsaError::AddressNotAvailable).into();
            }
        }
        let rest = buffer.get(self.sent..).unwrap_or_default();
        let result = match to {
            Some(to) => host.send_to(self.id, rest, to, now),
            None => host.send(self.id, rest, now),
        };
        match (result, self.mode) {
            (Ok(octets), Mode::Blocking) if octets < rest.len() => {
                self.sent += octets;
                Outcome::WAITS
            }
            (Ok(octets), _) => Ok(std::mem::take(&mut self.sent) + octets).into(),
            (Err(SendError::WouldBlock), _) => self.would_block(),
            (Err(error), _) => {
                self.sent = 0;
                if let SendError::Gone(gone) = error {
                    self.on_gone(gone);
                }
                Err(error.into()).into()
            }
        }
    }

    fn recv(
        &mut self,
        host: &mut Host,
        now: Instant,
        buffer: &mut [u8],
        flags: i32,
    ) -> Outcome<(usize, Option<IpEndpoint>)> {
        // shutdown: after SD_RECEIVE receives are disallowed; on Windows that comes before the
        // peer's close and the end of the connection (Wine's tests, which run there).
        if self.receiving == Direction::Shut {
            return Err(WsaError::Shutdown).into();
        }
        let result = if flags & MSG_PEEK != 0 {
            host.peek(self.id, buffer, now).map(|octets| (octets, None))
        } else {
            match self.protocol {
                Protocol::Tcp => host.recv(self.id, buffer, now).map(|octets| (octets, None)),
                Protocol::Udp => host.recv_from(self.id, buffer, now),
            }
        };
        match result {
            Ok(received) => Ok(received).into(),
            Err(RecvError::WouldBlock) => self.would_block(),
            Err(error) => {
                if let RecvError::Gone(gone) = error {
                    self.on_gone(gone);
                }
                Err(error.into()).into()
            }
        }
    }
}
