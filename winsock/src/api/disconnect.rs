//! How a process ends a connection: shutdown, WSARecvDisconnect, WSASendDisconnect, closesocket.
//!
//! None of the first three closes the socket, frees anything or waits, whatever SO_LINGER says.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::{self, Closing, Protocol, ShutdownError};
use hangup_stack::tcp::State;

use super::check::{Check, Connection, Entrance, Request};
use super::{Call, Circuit, Direction, Entry, Mode, Outcome, Pointer, Socket, Winsock};
use crate::error::WsaError;

/// shutdown: no more receiving.
pub const SD_RECEIVE: i32 = 0;
/// shutdown: no more sending.
pub const SD_SEND: i32 = 1;
/// shutdown: neither.
pub const SD_BOTH: i32 = 2;

impl Winsock {
    /// shutdown: ends receiving, sending, or both. On the wire a receive shutdown does what the
    /// host's profile says. Sockets that are not connection-oriented need no peer for it.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAEINVAL for an unknown `how`,
    /// WSAENOTCONN; WSAECONNRESET, WSAECONNABORTED or WSAETIMEDOUT where the connection is gone.
    pub fn shutdown(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        how: i32,
    ) -> Result<(), WsaError> {
        let result = self.end(host, now, s, how, Entrance::Api);
        self.report(result)
    }

    /// WSARecvDisconnect: ends receiving, as shutdown(SD_RECEIVE) does, and retrieves the peer's
    /// disconnect data.
    ///
    /// TCP and UDP have no disconnect data. The page frees their implementations from returning
    /// WSAENOPROTOOPT, so a buffer is accepted and comes back empty.
    ///
    /// After the connection has ended the call still succeeds: the page tells applications to learn
    /// of the end first (from WSAECONNRESET, for one) and to call it then.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAENOTCONN for a
    /// connection-oriented socket that never was connected, WSAEFAULT for a bad pointer.
    pub fn wsa_recv_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        inbound_disconnect_data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        let result = self.recv_disconnect(host, now, s, inbound_disconnect_data, Entrance::Api);
        self.report(result)
    }

    /// WSASendDisconnect: ends sending, as shutdown(SD_SEND) does, and sends disconnect data with
    /// the close.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAENOPROTOOPT for any pointer
    /// that is not NULL, because TCP and UDP have no disconnect data, WSAENOTCONN.
    pub fn wsa_send_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        let result = self.send_disconnect(host, now, s, outbound_disconnect_data, Entrance::Api);
        self.report(result)
    }

    /// closesocket: gives the socket back. SO_LINGER decides how the connection ends:
    ///
    /// | l_onoff | l_linger | socket | connection | this call |
    /// |---|---|---|---|---|
    /// | 0 (default) | any | any | closed gracefully in the background | returns |
    /// | not 0 | 0 | any | reset, unsent data is lost | returns |
    /// | not 0 | not 0 | blocking | closed gracefully, reset if the time runs out | waits |
    /// | not 0 | not 0 | non-blocking | goes on, nothing is begun | WSAEWOULDBLOCK |
    ///
    /// In the last row the socket stays valid. The call succeeds once there is nothing to wait for:
    /// after SO_DONTLINGER or a time of zero, or when a shutdown of the send direction has run its
    /// course (page of WSPCloseSocket).
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAEWOULDBLOCK.
    pub fn closesocket(&mut self, host: &mut Host, now: Instant, s: Socket) -> Outcome<()> {
        let outcome = match self.check(host, s, Request::new(Call::Close)) {
            Ok(entry) => entry.close(host, now),
            Err(error) => Err(error).into(),
        };
        if outcome == Outcome::Done(Ok(())) {
            self.sockets.remove(&s);
        }
        self.finish(Call::Close, s, outcome)
    }

    /// shutdown and WSPShutdown.
    pub(crate) fn end(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        how: i32,
        entrance: Entrance,
    ) -> Result<(), WsaError> {
        let direction = match how {
            SD_RECEIVE => Some(socket::Direction::Receive),
            SD_SEND => Some(socket::Direction::Send),
            SD_BOTH => Some(socket::Direction::Both),
            _ => None,
        };
        let request = Request {
            entrance,
            arguments: Check::that(direction.is_some()),
            connection: Connection::Needed,
            ..Request::new(Call::Immediate)
        };
        let entry = self.check(host, s, request)?;
        let direction = direction.ok_or(WsaError::Invalid)?;
        if let Some(gone) = entry.gone(host) {
            return Err(gone);
        }
        entry.shut(host, now, direction)
    }

    /// WSARecvDisconnect and WSPRecvDisconnect, which differ in one thing. The page of the API
    /// function frees TCP/IP from WSAENOPROTOOPT; the page of the provider function lists it for
    /// any protocol family without disconnect data.
    pub(crate) fn recv_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        data: Pointer<&mut Vec<u8>>,
        entrance: Entrance,
    ) -> Result<(), WsaError> {
        let (option, memory) = match (&data, entrance) {
            (Pointer::Null, _) | (Pointer::To(_), Entrance::Api) => (Check::Passed, Check::Passed),
            (Pointer::To(_), Entrance::Provider) => (Check::Failed, Check::Passed),
            // Behind a bad pointer there is no WSABUF that could ask for data.
            (Pointer::Bad, _) => (Check::Passed, Check::Failed),
        };
        let request = Request {
            entrance,
            option,
            connection: Connection::Needed,
            memory,
            ..Request::new(Call::Immediate)
        };
        let entry = self.check(host, s, request)?;
        entry.shut(host, now, socket::Direction::Receive)?;
        if let Pointer::To(buffer) = data {
            buffer.clear();
        }
        Ok(())
    }

    /// WSASendDisconnect and WSPSendDisconnect.
    pub(crate) fn send_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        data: Pointer<&[u8]>,
        entrance: Entrance,
    ) -> Result<(), WsaError> {
        let (option, memory) = match data {
            Pointer::Null => (Check::Passed, Check::Passed),
            Pointer::To(_) => (Check::Failed, Check::Passed),
            Pointer::Bad => (Check::Failed, Check::Failed),
        };
        let request = Request {
            entrance,
            option,
            connection: Connection::Needed,
            memory,
            ..Request::new(Call::Immediate)
        };
        let entry = self.check(host, s, request)?;
        entry.shut(host, now, socket::Direction::Send)
    }
}

impl Entry {
    /// Ends directions of a socket that is connected, was connected, or needs no connection.
    fn shut(
        &mut self,
        host: &mut Host,
        now: Instant,
        direction: socket::Direction,
    ) -> Result<(), WsaError> {
        match host.shutdown(self.id, direction, now) {
            // What the stack calls not connected has passed the check above: either its connection
            // has ended and there is nothing left to shut down, or it needs none.
            Ok(()) | Err(ShutdownError::NotConnected) => {}
            Err(error @ ShutdownError::Unsupported) => return Err(error.into()),
        }
        match direction {
            socket::Direction::Receive => self.receiving = Direction::Shut,
            socket::Direction::Send => self.sending = Direction::Shut,
            socket::Direction::Both => {
                self.receiving = Direction::Shut;
                self.sending = Direction::Shut;
            }
        }
        Ok(())
    }

    fn close(&self, host: &mut Host, now: Instant) -> Outcome<()> {
        if self.mode == Mode::NonBlocking
            && self.protocol == Protocol::Tcp
            && self.circuit == Circuit::Connected
            && self
                .linger
                .timeout()
                .is_some_and(|time| time.total_micros() > 0)
        {
            if !self.has_finished_sending(host) {
                return Err(WsaError::WouldBlock).into();
            }
            // Nothing is left to wait for, so that a graceful close is over at once.
            host.set_linger(self.id, None);
        }
        match host.close(self.id, now) {
            Closing::Done => Ok(()).into(),
            Closing::Lingers(until) => Outcome::Blocks { until: Some(until) },
        }
    }

    /// Whether the peer has acknowledged everything that this side will ever send, or nobody is
    /// there any more to do so.
    fn has_finished_sending(&self, host: &Host) -> bool {
        let Some(status) = host.status(self.id) else {
            return true;
        };
        match status.state {
            None | Some(State::Closed | State::FinWait2 | State::TimeWait) => true,
            Some(
                State::Listen
                | State::SynSent
                | State::SynReceived
                | State::Established
                | State::FinWait1
                | State::CloseWait
                | State::Closing
                | State::LastAck,
            ) => false,
        }
    }
}
