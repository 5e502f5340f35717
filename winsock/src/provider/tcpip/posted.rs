//! Sends and receives that wait, in the order in which they were made: those of blocked threads and
//! overlapped ones.
//!
//! A receive that waits has a claim on what arrives next, so that a later one cannot overtake it;
//! and what it gets is kept with it until its thread comes back, or is handed to the overlapped
//! operation.

use hangup_stack::host::Host;
use hangup_stack::profile::WaitingReceives;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, RecvError, SendError};

use super::{Direction, Entry, rules};
use crate::ThreadId;
use crate::address::Address;
use crate::error::WsaError;
use crate::overlapped::{Overlapped, Transferred};
use crate::provider::Context;

/// Whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A thread that waits in a call.
    Thread(ThreadId),
    /// An overlapped operation.
    Overlapped(Overlapped),
}

/// Whether a receive takes what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taking {
    Takes,
    Peeks,
}

/// A receive that waits.
#[derive(Debug)]
pub(super) struct Receive {
    pub(super) owner: Owner,
    /// The size of its buffers in octets.
    pub(super) room: usize,
    pub(super) taking: Taking,
    /// What it came to, until the thread that waits has learnt it.
    pub(super) ended: Option<Result<Transferred, WsaError>>,
}

/// A send that waits.
#[derive(Debug)]
pub(super) struct Send {
    pub(super) owner: Owner,
    pub(super) data: Vec<u8>,
    /// How many octets the stack has taken.
    pub(super) sent: usize,
    pub(super) to: Option<IpEndpoint>,
    pub(super) ended: Option<Result<Transferred, WsaError>>,
}

impl Entry {
    /// Whether an operation waits whose end nobody asks for, or a network event is wanted.
    pub(super) fn is_waiting(&self) -> bool {
        !self.receives.is_empty() || !self.sends.is_empty() || self.selection.is_active()
    }

    /// Goes on with everything that waits, as far as the stack lets it.
    pub(super) fn advance(&mut self, context: &mut Context<'_>) {
        if !self.is_waiting() {
            return;
        }
        self.settle(context.host);
        self.advance_sends(context);
        self.advance_receives(context);
        self.observe(context);
    }

    pub(super) fn advance_receives(&mut self, context: &mut Context<'_>) {
        let mut receives = std::mem::take(&mut self.receives);
        for receive in &mut receives {
            if receive.ended.is_some() {
                continue;
            }
            let mut buffer = vec![0; receive.room];
            match self.read(context.host, &mut buffer, receive.taking) {
                Err(RecvError::WouldBlock) => break,
                Ok((octets, from)) => {
                    buffer.truncate(octets);
                    receive.ended = Some(Ok(Transferred {
                        octets,
                        flags: 0,
                        data: buffer,
                        from,
                    }));
                }
                Err(error) => {
                    receive.ended = Some(Err(self.receive_error(context.host, error)));
                }
            }
        }
        receives.retain_mut(|receive| match receive.owner {
            Owner::Thread(_) => true,
            Owner::Overlapped(overlapped) => match receive.ended.take() {
                Some(ended) => {
                    context.upcalls.complete(context.now, overlapped, ended);
                    false
                }
                None => true,
            },
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
                let waits = |receive: &&Receive| receive.ended.is_none();
                let waiting = self.receives.iter().filter(waits);
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
        for send in &mut sends {
            if send.ended.is_some() {
                continue;
            }
            match self.write(context.host, &send.data[send.sent..], send.to) {
                Err(SendError::WouldBlock) => break,
                Ok(octets) => {
                    send.sent += octets;
                    if send.sent < send.data.len() {
                        break;
                    }
                    send.ended = Some(Ok(Transferred::octets(send.sent)));
                }
                Err(error) => send.ended = Some(Err(self.send_error(context.host, error))),
            }
        }
        sends.retain_mut(|send| match send.owner {
            Owner::Thread(_) => true,
            Owner::Overlapped(overlapped) => match send.ended.take() {
                Some(ended) => {
                    context.upcalls.complete(context.now, overlapped, ended);
                    false
                }
                None => true,
            },
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

    /// Takes away what a thread waits for.
    pub(super) fn withdraw(&mut self, thread: ThreadId) {
        let owner = Owner::Thread(thread);
        self.receives.retain(|receive| receive.owner != owner);
        self.sends.retain(|send| send.owner != owner);
    }

    /// Whether a receive waits.
    pub(super) fn has_receives(&self) -> bool {
        self.receives.iter().any(|receive| receive.ended.is_none())
    }

    /// Cancels overlapped operations that wait, or one of them.
    pub(super) fn cancel_operations(
        &mut self,
        context: &mut Context<'_>,
        overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        let meant = |owner: Owner| match owner {
            Owner::Thread(_) => false,
            Owner::Overlapped(it) => overlapped.is_none_or(|overlapped| overlapped == it),
        };
        let receives = self.receives.extract_if(.., |receive| meant(receive.owner));
        let mut owners: Vec<Owner> = receives.map(|receive| receive.owner).collect();
        let sends = self.sends.extract_if(.., |send| meant(send.owner));
        owners.extend(sends.map(|send| send.owner));
        if owners.is_empty() {
            return Err(WsaError::NotFound);
        }
        for owner in owners {
            abort(context, owner);
        }
        self.tell_what_is_awaited(context.host);
        Ok(())
    }

    /// Cancels every overlapped operation, because the socket is closed.
    pub(super) fn cancel(&mut self, context: &mut Context<'_>) {
        let receives = std::mem::take(&mut self.receives);
        let sends = std::mem::take(&mut self.sends);
        let owners = receives.iter().map(|receive| receive.owner);
        for owner in owners.chain(sends.iter().map(|send| send.owner)) {
            abort(context, owner);
        }
    }

    /// Whether receives are disallowed.
    pub(super) fn is_deaf(&self) -> bool {
        self.receiving == Direction::Shut
    }
}

/// Ends an overlapped operation that is cancelled.
fn abort(context: &mut Context<'_>, owner: Owner) {
    if let Owner::Overlapped(overlapped) = owner {
        let aborted = Err(WsaError::OperationAborted);
        context.upcalls.complete(context.now, overlapped, aborted);
    }
}
