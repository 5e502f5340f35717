//! ConnectEx and AcceptEx, and what their sockets lack until SO_UPDATE_CONNECT_CONTEXT or
//! SO_UPDATE_ACCEPT_CONTEXT is set.
//!
//! Errors that their pages leave out are those of Wine's tests, which run on Windows.

use hangup_stack::host::Host;
use hangup_stack::socket::{Closing, Protocol, SocketId};
use hangup_stack::tcp::State;

use super::entry::{Accepting, Entry, Origin, Outgoing, TcpIp};
use super::sockets::{STREAM, local};
use crate::address::Address;
use crate::error::WsaError;
use crate::options::{OptionValue, SO_UPDATE_ACCEPT_CONTEXT};
use crate::overlapped::{Overlap, Transferred};
use crate::process::Socket;
use crate::provider::base::{Circuit, Mode, Request, Standing, Taking};
use crate::provider::call::Context;
use crate::provider::posted::Receive;
use crate::waiting::Unfinished;

impl TcpIp {
    /// Begins ConnectEx, whose data follows the handshake.
    pub(super) fn begin_connect_ex(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        name: &Address,
        data: &[u8],
        overlap: Option<Overlap>,
    ) -> Result<usize, Unfinished> {
        let is_accepted_into = self.is_accepted_into(s);
        let entry = self.check(context.host, s, STREAM)?;
        let overlap = overlap.ok_or(WsaError::InvalidParameter)?;
        let name = name.inet_of(entry.family);
        let name = name.ok_or(WsaError::AddressFamilyNotSupported)?;
        match entry.circuit {
            Circuit::Connected => return Err(WsaError::IsConnected.into()),
            Circuit::Connecting(_) => return Err(WsaError::Already.into()),
            Circuit::Unconnected => {}
        }
        let is_bound = local(context.host, entry.id).is_some();
        if is_accepted_into || !is_bound || entry.listens(context.host) {
            return Err(WsaError::Invalid.into());
        }
        context.upcalls.may_begin(overlap.overlapped)?;
        let mut outgoing = Outgoing {
            connects_to: Some(name),
            ..Outgoing::new(data.to_vec())
        };
        let tried = entry.carry_out(context.host, context.now, &mut outgoing);
        let call = (s, Mode::Blocking, Some(overlap));
        let posted = entry.sends.post(context, call, tried, || outgoing);
        Ok(posted?.octets)
    }

    /// Begins AcceptEx. It says WSA_IO_PENDING even where a connection is there already.
    pub(super) fn begin_accept_ex(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        (into, room): (Socket, usize),
        overlap: Option<Overlap>,
    ) -> Result<usize, WsaError> {
        let listens = self.check(context.host, s, STREAM)?.listens(context.host);
        let overlap = overlap.ok_or(WsaError::InvalidParameter)?;
        let overlapped = overlap.overlapped;
        let accepts = self.sockets.get(&into).ok_or(WsaError::NotSocket)?;
        let is_free = accepts.protocol == Protocol::Tcp
            && accepts.circuit == Circuit::Unconnected
            && local(context.host, accepts.id).is_none();
        if !listens || !is_free || self.is_accepted_into(into) {
            return Err(WsaError::Invalid);
        }
        context.upcalls.may_begin(overlapped)?;
        context.upcalls.begin(s, context.thread, overlap);
        let accepting = Accepting {
            overlapped,
            into,
            room,
        };
        let listener = self.check(context.host, s, Request::NOTHING)?;
        listener.accepting.push_back(accepting);
        self.accept_into(context, s);
        Err(WsaError::IoPending)
    }

    /// Whether a call of AcceptEx waits that will take a connection into this socket.
    pub(super) fn is_accepted_into(&self, s: Socket) -> bool {
        let mut waiting = self.sockets.values().flat_map(|entry| &entry.accepting);
        waiting.any(|accepting| accepting.into == s)
    }

    /// Gives the calls of AcceptEx that wait at a listening socket the connections that are there.
    pub(super) fn accept_into(&mut self, context: &mut Context<'_>, s: Socket) {
        loop {
            let Some(listener) = self.sockets.get_mut(&s) else {
                return;
            };
            let Some(&accepting) = listener.accepting.front() else {
                return;
            };
            let next = listener.next_connection(context.host, context.now);
            if next == Err(WsaError::WouldBlock) {
                return;
            }
            listener.accepting.pop_front();
            match (next, self.sockets.get_mut(&accepting.into)) {
                (Ok(id), Some(entry)) => entry.take_connection(context, id, accepting),
                // A socket that is closed takes its calls with it.
                (Ok(_), None) => {}
                (Err(error), _) => {
                    let ended = Err(error);
                    context
                        .upcalls
                        .complete(context.now, accepting.overlapped, ended);
                }
            }
        }
    }

    /// Cancels the calls of AcceptEx that would take a connection into a socket that is closed.
    pub(super) fn cancel_accepts_into(&mut self, context: &mut Context<'_>, into: Socket) {
        for listener in self.sockets.values_mut() {
            listener.cancel_accepting(context, |it| it.into == into);
        }
    }

    /// SO_UPDATE_CONNECT_CONTEXT and SO_UPDATE_ACCEPT_CONTEXT, whose value is the listening socket.
    pub(super) fn update_context(
        &mut self,
        host: &Host,
        s: Socket,
        name: i32,
        value: &OptionValue,
    ) -> Result<(), WsaError> {
        self.check(host, s, Request::CONNECTED_AS_IT_IS)?;
        let properties = match value {
            _ if name != SO_UPDATE_ACCEPT_CONTEXT => None,
            OptionValue::Integer(handle) => {
                let handle = u64::try_from(*handle).map_err(|_| WsaError::NotSocket)?;
                let listener = self.sockets.get(&Socket::from_raw(handle));
                let listener = listener.ok_or(WsaError::NotSocket)?;
                if !listener.listens(host) {
                    return Err(WsaError::Invalid);
                }
                Some((listener.mode, listener.selection.inherited()))
            }
            OptionValue::Linger(_)
            | OptionValue::Octets(_)
            | OptionValue::Time(_)
            | OptionValue::Bad => return Err(WsaError::Fault),
        };
        let entry = self.check(host, s, Request::CONNECTED_AS_IT_IS)?;
        entry.standing = Standing::Whole;
        if let Some((mode, (event, interest))) = properties {
            entry.mode = mode;
            entry.selection.select(event, interest);
        }
        Ok(())
    }
}

impl Entry {
    /// Whether the socket listens.
    pub(super) fn listens(&self, host: &Host) -> bool {
        let status = host.status(self.id);
        status.and_then(|status| status.state) == Some(State::Listen)
    }

    /// Whether ConnectEx is connecting the socket.
    pub(super) fn connects_ex(&self) -> bool {
        let mut waiting = self.sends.waiting();
        waiting.any(|send| send.connects_to.is_some())
    }

    /// A connection has come for a call of AcceptEx, which ends now or with its first octets.
    fn take_connection(&mut self, context: &mut Context<'_>, id: SocketId, accepting: Accepting) {
        let unused = std::mem::replace(&mut self.id, id);
        match context.host.close(unused, context.now) {
            Closing::Done | Closing::Lingers(_) => {}
        }
        self.circuit = Circuit::Connected;
        self.standing = Standing::AfterAcceptEx;
        self.origin = Origin::Accepted;
        let overlapped = accepting.overlapped;
        if accepting.room == 0 {
            let ended = Ok(Transferred::octets(0));
            context.upcalls.complete(context.now, overlapped, ended);
            return;
        }
        let receive = Receive {
            room: accepting.room,
            taking: Taking::Takes,
            data: Vec::new(),
        };
        self.receives.push_overlapped(overlapped, receive);
        self.advance_receives(context);
    }

    /// Cancels calls of AcceptEx that wait at this socket. Says how many.
    pub(super) fn cancel_accepting(
        &mut self,
        context: &mut Context<'_>,
        which: impl Fn(&Accepting) -> bool,
    ) -> usize {
        let before = self.accepting.len();
        self.accepting.retain(|accepting| {
            let stays = !which(accepting);
            if !stays {
                let aborted = Err(WsaError::OperationAborted);
                context
                    .upcalls
                    .complete(context.now, accepting.overlapped, aborted);
            }
            stays
        });
        before - self.accepting.len()
    }
}
