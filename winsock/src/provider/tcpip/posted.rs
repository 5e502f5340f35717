//! Posted sends and receives of TCP/IP and UDP/IP.

use hangup_stack::host::Host;
use hangup_stack::profile::WaitingReceives;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, RecvError, SendError};

use super::entry::{Entry, Outgoing};
use crate::address::Address;
use crate::error::WsaError;
use crate::overlapped::{Overlapped, Transferred};
use crate::provider::base::{DirectionState, Mode, Standing, Taking, rules};
use crate::provider::call::Context;
use crate::provider::posted::Receive;
use crate::waiting::Unfinished;

impl Entry {
    /// Whether an operation waits whose end nobody asks for, or a network event is wanted.
    pub(super) fn is_waiting(&self) -> bool {
        !self.receives.is_empty()
            || !self.sends.is_empty()
            || !self.accepting.is_empty()
            || self.selection.is_active()
    }

    /// Goes on with everything that waits, as far as the stack lets it. Network events are left to
    /// the caller.
    pub(super) fn advance(&mut self, context: &mut Context<'_>) {
        self.settle(context.host);
        self.advance_sends(context);
        self.advance_receives(context);
    }

    pub(super) fn advance_receives(&mut self, context: &mut Context<'_>) {
        let mut receives = std::mem::take(&mut self.receives);
        receives.advance(context, |context, receive| self.fill(context.host, receive));
        self.receives = receives;
        self.tell_what_is_awaited(context.host);
    }

    /// Reads for a receive, which has ended once it has what it waits for. One that waits for a
    /// full buffer ends sooner with the connection, and then has what there was.
    pub(super) fn fill(
        &mut self,
        host: &mut Host,
        receive: &mut Receive,
    ) -> Result<Transferred, WsaError> {
        loop {
            let mut data = vec![0; receive.rest()];
            let from = match self.read(host, &mut data, receive.taking) {
                Ok((octets, from)) => {
                    receive.data.extend(&data[..octets]);
                    let goes_on = octets > 0 && receive.rest() > 0;
                    if receive.taking == Taking::Fills && goes_on {
                        continue;
                    }
                    from
                }
                Err(error) if error == RecvError::WouldBlock || receive.data.is_empty() => {
                    return Err(self.receive_error(host, error));
                }
                Err(_) => None,
            };
            return Ok(Transferred {
                octets: receive.data.len(),
                flags: 0,
                data: std::mem::take(&mut receive.data),
                from,
            });
        }
    }

    /// After a receive shutdown the stack has to know what the receives that waited before it still
    /// want, where the profile lets them have it.
    pub(super) fn tell_what_is_awaited(&self, host: &mut Host) {
        if !self.is_deaf() || self.protocol != Protocol::Tcp {
            return;
        }
        let awaited = match rules(host).waiting_receives {
            WaitingReceives::Deliver => {
                let waiting = self.receives.waiting();
                waiting.map(|receive| receive.rest().max(1)).sum()
            }
            WaitingReceives::Starve => 0,
        };
        host.await_receives(self.id, awaited);
    }

    /// Reads from the stack for a receive that is allowed.
    pub(super) fn read(
        &mut self,
        host: &mut Host,
        buffer: &mut [u8],
        taking: Taking,
    ) -> Result<(usize, Option<Address>), RecvError> {
        if buffer.is_empty() && self.protocol == Protocol::Tcp && !self.is_deaf() {
            return self.wait_for_data(host);
        }
        let result = match (taking, self.protocol) {
            (Taking::Peeks, _) => host.peek(self.id, buffer).map(|octets| (octets, None)),
            (Taking::Takes | Taking::Fills, Protocol::Tcp) => {
                host.recv(self.id, buffer).map(|octets| (octets, None))
            }
            (Taking::Takes | Taking::Fills, Protocol::Udp) => host.recv_from(self.id, buffer),
        };
        match result {
            Ok((octets, from)) => Ok((octets, from.map(Address::Inet))),
            // A receive that waited when the direction was shut down is none of the subsequent ones
            // that are disallowed: it goes on waiting, for data or for the end of the connection.
            Err(RecvError::Shutdown) if self.protocol == Protocol::Tcp => {
                let result = host.recv_awaited(self.id, buffer);
                if let Err(RecvError::Gone(gone)) = result {
                    self.on_gone(gone);
                }
                result.map(|octets| (octets, None))
            }
            Err(error) => {
                if let RecvError::Gone(gone) = error {
                    self.on_gone(gone);
                }
                Err(error)
            }
        }
    }

    /// A receive into nothing, which ends when there is something (Wine's tests).
    fn wait_for_data(&self, host: &Host) -> Result<(usize, Option<Address>), RecvError> {
        let queued = host.status(self.id).map_or(0, |status| status.queued);
        match self.gone(host) {
            _ if queued > 0 => Ok((0, None)),
            Some(gone) => Err(RecvError::Gone(gone)),
            None if self.peer_has_closed(host) => Ok((0, None)),
            None => Err(RecvError::WouldBlock),
        }
    }

    /// Whether the peer has ended its side of the connection.
    pub(super) fn peer_has_closed(&self, host: &Host) -> bool {
        host.status(self.id)
            .is_some_and(|status| status.peer_closed)
    }

    pub(super) fn advance_sends(&mut self, context: &mut Context<'_>) {
        let mut sends = std::mem::take(&mut self.sends);
        sends.advance(context, |context, send| {
            self.carry_out(context.host, context.now, send)
        });
        self.sends = sends;
    }

    /// Goes on with a send: it connects where ConnectEx has begun it, hands its octets to the
    /// stack, and ends sending where it is of DisconnectEx or TransmitFile.
    pub(super) fn carry_out(
        &mut self,
        host: &mut Host,
        now: Instant,
        send: &mut Outgoing,
    ) -> Result<Transferred, WsaError> {
        if let Some(name) = send.connects_to {
            match self.connect(host, now, name, Mode::Blocking) {
                Ok(()) => {}
                Err(Unfinished::Waits(_)) => return Err(WsaError::WouldBlock),
                Err(Unfinished::Failed(error)) => return Err(error),
            }
            send.connects_to = None;
            self.standing = Standing::AfterConnectEx;
        }
        if send.sent < send.data.len() || self.protocol == Protocol::Udp {
            let written = self.write(host, &send.data[send.sent..], send.to);
            send.sent += written.map_err(|error| self.send_error(host, error))?;
            if send.sent < send.data.len() {
                return Err(WsaError::WouldBlock);
            }
        }
        self.leave(host, now, send.leaving)?;
        Ok(Transferred::octets(send.sent))
    }

    /// Hands octets to the stack.
    pub(super) fn write(
        &mut self,
        host: &mut Host,
        data: &[u8],
        to: Option<IpEndpoint>,
    ) -> Result<usize, SendError> {
        let result = match to {
            Some(to) => host.send_to(self.id, data, to),
            None => host.send(self.id, data),
        };
        if let Err(SendError::Gone(gone)) = result {
            self.on_gone(gone);
        }
        result
    }

    /// Cancels overlapped operations that wait, or one of them.
    pub(super) fn cancel_operations(
        &mut self,
        context: &mut Context<'_>,
        overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        let receives = self.receives.cancel(context, overlapped);
        let accepting = self.cancel_accepting(context, |it| {
            overlapped.is_none_or(|overlapped| it.overlapped == overlapped)
        });
        if receives + accepting + self.sends.cancel(context, overlapped) == 0 {
            return Err(WsaError::NotFound);
        }
        self.tell_what_is_awaited(context.host);
        Ok(())
    }

    /// Cancels every overlapped operation, because the socket is closed.
    pub(super) fn cancel(&mut self, context: &mut Context<'_>) {
        self.receives.cancel(context, None);
        self.sends.cancel(context, None);
        self.cancel_accepting(context, |_| true);
    }

    /// Whether receives are disallowed.
    pub(super) fn is_deaf(&self) -> bool {
        self.receiving == DirectionState::Shut
    }
}
