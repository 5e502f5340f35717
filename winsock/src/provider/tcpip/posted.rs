//! Posted sends and receives of TCP/IP and UDP/IP.

use hangup_stack::host::Host;
use hangup_stack::profile::WaitingReceives;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, RecvError, SendError};

use super::entry::Entry;
use crate::address::Address;
use crate::error::WsaError;
use crate::overlapped::{Overlapped, Transferred};
use crate::provider::base::{DirectionState, Taking, rules};
use crate::provider::call::Context;

impl Entry {
    /// Whether an operation waits whose end nobody asks for, or a network event is wanted.
    pub(super) fn is_waiting(&self) -> bool {
        !self.receives.is_empty() || !self.sends.is_empty() || self.selection.is_active()
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
        receives.advance(context, |context, receive| {
            let mut data = vec![0; receive.room];
            let read = self.read(context.host, &mut data, receive.taking);
            let (octets, from) = read.map_err(|error| self.receive_error(context.host, error))?;
            data.truncate(octets);
            Ok(Transferred {
                octets,
                flags: 0,
                data,
                from,
            })
        });
        self.receives = receives;
        self.tell_what_is_awaited(context.host);
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
                waiting.map(|receive| receive.room.max(1)).sum()
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
            (Taking::Takes, Protocol::Tcp) => {
                host.recv(self.id, buffer).map(|octets| (octets, None))
            }
            (Taking::Takes, Protocol::Udp) => host.recv_from(self.id, buffer),
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
            let rest = &send.data[send.sent..];
            let written = self.write(context.host, rest, send.to);
            send.sent += written.map_err(|error| self.send_error(context.host, error))?;
            if send.sent < send.data.len() {
                return Err(WsaError::WouldBlock);
            }
            Ok(Transferred::octets(send.sent))
        });
        self.sends = sends;
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
        if receives + self.sends.cancel(context, overlapped) == 0 {
            return Err(WsaError::NotFound);
        }
        self.tell_what_is_awaited(context.host);
        Ok(())
    }

    /// Cancels every overlapped operation, because the socket is closed.
    pub(super) fn cancel(&mut self, context: &mut Context<'_>) {
        self.receives.cancel(context, None);
        self.sends.cancel(context, None);
    }

    /// Whether receives are disallowed.
    pub(super) fn is_deaf(&self) -> bool {
        self.receiving == DirectionState::Shut
    }
}
