//! WSPShutdown, WSPRecvDisconnect, WSPSendDisconnect, WSPCloseSocket, WSPCleanup.
//!
//! None of the first three closes the socket, frees anything or waits, whatever SO_LINGER says.

use hangup_stack::host::Host;
use hangup_stack::profile::CloseWithReceive;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::{self, Closing, Protocol, ShutdownError};
use hangup_stack::tcp::State;

use super::sockets::reset;
use super::{Circuit, Connection, Direction, Entry, Mode, Request, TcpIp, rules};
use crate::api::disconnect::{SD_BOTH, SD_RECEIVE, SD_SEND};
use crate::error::WsaError;
use crate::provider::Context;
use crate::provider::check::Check;
use crate::{Outcome, Pointer, Socket};

impl TcpIp {
    pub(super) fn shutdown(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        how: i32,
    ) -> Result<(), WsaError> {
        let direction = match how {
            SD_RECEIVE => Some(socket::Direction::Receive),
            SD_SEND => Some(socket::Direction::Send),
            SD_BOTH => Some(socket::Direction::Both),
            _ => None,
        };
        let request = Request {
            arguments: Check::that(direction.is_some()),
            connection: Connection::Needed,
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        let direction = direction.ok_or(WsaError::Invalid)?;
        if let Some(gone) = entry.gone(context.host) {
            return Err(entry.code(context.host, gone));
        }
        entry.shut(context.host, direction)
    }

    /// TCP and UDP have no disconnect data, so that a buffer for it is WSAENOPROTOOPT.
    pub(super) fn recv_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: &Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        let (option, memory) = match data {
            Pointer::Null => (Check::Passed, Check::Passed),
            Pointer::To(_) => (Check::Failed, Check::Passed),
            // Behind a bad pointer there is no WSABUF that could ask for data.
            Pointer::Bad => (Check::Passed, Check::Failed),
        };
        let request = Request {
            option,
            connection: Connection::Needed,
            memory,
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        entry.shut(context.host, socket::Direction::Receive)
    }

    pub(super) fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: &Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        let (option, memory) = match data {
            Pointer::Null => (Check::Passed, Check::Passed),
            Pointer::To(_) => (Check::Failed, Check::Passed),
            Pointer::Bad => (Check::Failed, Check::Failed),
        };
        let request = Request {
            option,
            connection: Connection::Needed,
            memory,
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        entry.shut(context.host, socket::Direction::Send)
    }

    pub(super) fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Outcome<()> {
        let entry = match self.check(context.host, s, Request::NOTHING) {
            Ok(entry) => entry,
            Err(error) => return Err(error).into(),
        };
        let outcome = entry.close(context.host, context.now);
        if outcome == Outcome::Done(Ok(()))
            && let Some(mut entry) = self.sockets.remove(&s)
        {
            entry.cancel(context);
            if let Some(id) = entry.deferred {
                reset(context.host, id, context.now);
            }
            return context.upcalls.close_socket_handle(s).into();
        }
        outcome
    }

    /// Resets every connection and gives every socket back.
    pub(super) fn cleanup(&mut self, context: &mut Context<'_>) {
        self.waiting.clear();
        for (s, mut entry) in std::mem::take(&mut self.sockets) {
            entry.cancel(context);
            for id in std::iter::once(entry.id).chain(entry.deferred) {
                reset(context.host, id, context.now);
            }
            // It was registered when it was made.
            let _ = context.upcalls.close_socket_handle(s);
        }
    }
}

impl Entry {
    /// Ends directions of a socket that is connected, was connected, or needs no connection.
    fn shut(&mut self, host: &mut Host, direction: socket::Direction) -> Result<(), WsaError> {
        match host.shutdown(self.id, direction) {
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
        self.tell_what_is_awaited(host);
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
        let waits = self.protocol == Protocol::Tcp && self.has_receives();
        if waits && rules(host).close_with_receive == CloseWithReceive::Reset {
            host.set_linger(self.id, Some(Duration::ZERO));
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
