//! WSPShutdown, WSPRecvDisconnect, WSPSendDisconnect, WSPCloseSocket, WSPCleanup.
//!
//! None of the first three closes the socket, frees anything or waits, whatever SO_LINGER says.

use hangup_stack::host::Host;
use hangup_stack::options::{LINGER, Linger, REUSE_ADDRESS};
use hangup_stack::profile::CloseWithReceive;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::{self, Closing, Protocol, ShutdownError};
use hangup_stack::tcp::State;

use super::entry::{Entry, Origin, Outgoing, TcpIp};
use super::sockets::reset;
use crate::error::WsaError;
use crate::overlapped::Overlap;
use crate::process::{Pointer, Progress, Socket};
use crate::provider::base::{self, Circuit, DirectionState, Mode, Request, Stream, rules};
use crate::provider::call::{Context, Leaving};
use crate::provider::check::Check;
use crate::provider::posted::may_begin;
use crate::provider::spi::Disconnect;
use crate::waiting::Unfinished;

impl Disconnect for TcpIp {
    fn shutdown(&mut self, context: &mut Context<'_>, s: Socket, how: i32) -> Result<(), WsaError> {
        let direction = base::directions(how);
        let request = Request {
            arguments: Check::that(direction.is_some()),
            ..Request::CONNECTED
        };
        let entry = self.check(context.host, s, request)?;
        let direction = direction.ok_or(WsaError::Invalid)?;
        if let Some(gone) = entry.gone(context.host) {
            return Err(entry.code(context.host, gone));
        }
        entry.shutdown(context.host, direction)
    }

    /// TCP and UDP have no disconnect data, so that a buffer for it is WSAENOPROTOOPT.
    fn recv_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        inbound_disconnect_data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        let request = Request::recv_disconnect(&inbound_disconnect_data, Check::Failed);
        let entry = self.check(context.host, s, request)?;
        entry.shutdown(context.host, socket::Direction::Receive)
    }

    fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        let request = Request::send_disconnect(&outbound_disconnect_data, None);
        let entry = self.check(context.host, s, request)?;
        entry.shutdown(context.host, socket::Direction::Send)
    }

    fn send_and_leave(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        data: &[u8],
        leaving: Leaving,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        context.blocking(|context| {
            // The socket may have been given back meanwhile, to be used again.
            if overlap.is_none()
                && let Some(entry) = self.sockets.get_mut(&s)
                && entry.sends.has(context.thread)
            {
                entry.advance_sends(context);
                if let Some(sent) = entry.sends.take(context.thread)? {
                    return Ok(sent.octets);
                }
            }
            let request = Request {
                stream: Stream::Only,
                ..Request::CONNECTED_AS_IT_IS
            };
            let entry = self.check(context.host, s, request)?;
            // What is to be sent needs an open direction; a second FIN is none.
            let sending = if data.is_empty() {
                DirectionState::Open
            } else {
                entry.sending
            };
            may_begin(context, sending, overlap)?;
            let mut outgoing = Outgoing {
                leaving,
                ..Outgoing::new(data.to_vec())
            };
            let tried = if entry.sends.is_empty() {
                entry.carry_out(context.host, context.now, &mut outgoing)
            } else {
                Err(WsaError::WouldBlock)
            };
            // The pages know no form of these calls that does not block.
            let call = (s, Mode::Blocking, overlap);
            let posted = entry.sends.post(context, call, tried, || outgoing);
            Ok(posted?.octets)
        })
    }

    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Progress<()> {
        context.blocking(|context| {
            let entry = self.check(context.host, s, Request::NOTHING)?;
            entry.close(context.host, context.now)?;
            self.cancel_accepts_into(context, s);
            if let Some(mut entry) = self.sockets.remove(&s) {
                entry.cancel(context);
                if let Some(id) = entry.deferred {
                    reset(context.host, id, context.now);
                }
            }
            Ok(context.upcalls.close_socket_handle(s)?)
        })
    }

    /// Resets every connection and gives every socket back.
    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        for (s, mut entry) in std::mem::take(&mut self.sockets) {
            entry.cancel(context);
            for id in std::iter::once(entry.id).chain(entry.deferred) {
                reset(context.host, id, context.now);
            }
            // It was registered when it was made.
            let _ = context.upcalls.close_socket_handle(s);
        }
        Ok(())
    }
}

impl Entry {
    /// Ends directions of a socket that is connected, was connected, or needs no connection.
    fn shutdown(&mut self, host: &mut Host, direction: socket::Direction) -> Result<(), WsaError> {
        match host.shutdown(self.id, direction) {
            // What the stack calls not connected has passed the check above: either its connection
            // has ended and there is nothing left to shut down, or it needs none.
            Ok(()) | Err(ShutdownError::NotConnected) => {}
            Err(error @ ShutdownError::Unsupported) => return Err(error.into()),
        }
        match direction {
            socket::Direction::Receive => self.receiving = DirectionState::Shut,
            socket::Direction::Send => self.sending = DirectionState::Shut,
            socket::Direction::Both => {
                self.receiving = DirectionState::Shut;
                self.sending = DirectionState::Shut;
            }
        }
        self.tell_what_is_awaited(host);
        Ok(())
    }

    /// Ends sending, and waits for as much of the end as is asked for.
    ///
    /// # Errors
    /// WSAEWOULDBLOCK until then; why the connection is gone.
    pub(super) fn leave(
        &mut self,
        host: &mut Host,
        now: Instant,
        leaving: Leaving,
    ) -> Result<(), WsaError> {
        if leaving == Leaving::Stays {
            return Ok(());
        }
        if self.sending == DirectionState::Open {
            if let Some(gone) = self.gone(host) {
                return Err(self.code(host, gone));
            }
            self.shutdown(host, socket::Direction::Send)?;
        }
        let state = host.status(self.id).and_then(|status| status.state);
        let is_over = match leaving {
            Leaving::Stays | Leaving::Goes => true,
            Leaving::Ends => self.has_finished_sending(host),
            Leaving::Reuses => state.is_none_or(|state| state == State::Closed),
        };
        if !is_over {
            return Err(WsaError::WouldBlock);
        }
        if let Some(gone) = self.gone(host).filter(|_| leaving != Leaving::Goes) {
            return Err(self.code(host, gone));
        }
        if leaving == Leaving::Reuses {
            self.begin_anew(host, now)?;
        }
        Ok(())
    }

    /// Gives the handle a new socket in place of one whose connection is over: at the same address,
    /// where that was its own and not a listening socket's.
    fn begin_anew(&mut self, host: &mut Host, now: Instant) -> Result<(), WsaError> {
        let local = host.status(self.id).and_then(|status| status.local);
        let local = local.filter(|_| self.origin == Origin::Connects);
        let id = host.open(self.protocol, self.family);
        let before = std::mem::replace(&mut self.id, id);
        // Nothing is left of it that could linger.
        match host.close(before, now) {
            Closing::Done | Closing::Lingers(_) => {}
        }
        let (event, interest) = self.selection.inherited();
        let mode = self.mode;
        *self = Self::new(id, self.info.clone());
        self.mode = mode;
        self.selection.select(event, interest);
        if let Some(local) = local {
            // The socket that had the port has it until the host goes on.
            host.set_option(id, &REUSE_ADDRESS, true, now);
            host.bind(id, Some(local.addr), local.port)?;
            host.set_option(id, &REUSE_ADDRESS, false, now);
        }
        Ok(())
    }

    fn close(&self, host: &mut Host, now: Instant) -> Result<(), Unfinished> {
        if self.mode == Mode::NonBlocking
            && self.protocol == Protocol::Tcp
            && self.circuit == Circuit::Connected
            && host
                .option(self.id, &LINGER)
                .is_some_and(|linger| linger.onoff != 0 && linger.seconds > 0)
        {
            if !self.has_finished_sending(host) {
                return Err(WsaError::WouldBlock.into());
            }
            // Nothing is left to wait for, so that a graceful close is over at once.
            host.set_option(self.id, &LINGER, Linger::OFF, now);
        }
        let waits = self.protocol == Protocol::Tcp && self.receives.waiting().next().is_some();
        if waits && rules(host).close_with_receive == CloseWithReceive::Reset {
            host.set_option(self.id, &LINGER, Linger::RESET, now);
        }
        match host.close(self.id, now) {
            Closing::Done => Ok(()),
            Closing::Lingers(until) => Err(Unfinished::Waits(Some(until))),
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
