//! WSPSend, WSPRecv and WSPGetOverlappedResult: messages, whole ones.
//!
//! Sends and receives that wait keep their order: a later one cannot overtake them. What a receive
//! gets that waited is kept with it until its thread comes back, or is handed to the overlapped
//! operation.

use super::connection::{End, NetworkEnd, SendError};
use super::links::Link;
use super::table::State;
use super::{Direction, Entry, Itot, Mode, Needs, Request};
use crate::api::data::{MSG_DONTROUTE, MSG_OOB, MSG_PARTIAL, MSG_PEEK, MSG_WAITALL};
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::provider::check::Check;
use crate::provider::{Context, Received, Wait};
use crate::{Outcome, Socket, ThreadId};

/// Whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// A thread that waits in a call.
    Thread(ThreadId),
    /// An overlapped operation.
    Overlapped(Overlapped),
}

/// Whether a receive takes what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    Takes,
    Peeks,
}

/// A receive that waits.
#[derive(Debug)]
pub(super) struct Receive {
    owner: Owner,
    /// The size of its buffers in octets.
    room: usize,
    taking: Taking,
    /// What it came to, until the thread that waits has learnt it.
    ended: Option<Result<Vec<u8>, WsaError>>,
}

/// A send that waits.
#[derive(Debug)]
pub(super) struct Send {
    owner: Owner,
    message: Vec<u8>,
    ended: Option<Result<usize, WsaError>>,
}

impl Itot {
    pub(super) fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        let known = MSG_OOB | MSG_DONTROUTE | MSG_PARTIAL;
        let request = Request {
            arguments: Check::that(flags & !known == 0 && !buffers.is_empty()),
            supported: Check::that(flags & (MSG_OOB | MSG_PARTIAL) == 0),
            connection: Needs::Connection,
            ..Request::NOTHING
        };
        if let Err(error) = self.check(context, s, request) {
            return Err(error).into();
        }
        self.advance(context, s);
        let Some((entry, link)) = self.circuit(s) else {
            return Err(WsaError::NotConnected).into();
        };
        let owner = match overlap {
            None => Owner::Thread(context.thread),
            Some(overlap) => Owner::Overlapped(overlap.overlapped),
        };
        if let Some(ended) = entry.take_send(owner) {
            return ended;
        }
        if entry.sending == Direction::Shut {
            return Err(WsaError::Shutdown).into();
        }
        if let Some(overlap) = overlap
            && let Err(error) = context.upcalls.may_begin(overlap.overlapped)
        {
            return Err(error).into();
        }
        let message = buffers.concat();
        // What waits goes first.
        let result = if entry.sends.is_empty() {
            link.send(&message, entry.send_buffer)
        } else {
            Err(WsaError::WouldBlock)
        };
        link.go_on(context.host, context.now);
        match (result, overlap, entry.mode) {
            (Err(WsaError::WouldBlock), None, Mode::NonBlocking) => {
                entry.selection.re_enable(Enabler::SendWithoutRoom);
                return Err(WsaError::WouldBlock).into();
            }
            (Err(WsaError::WouldBlock), _, _) => {}
            (Err(error), _, _) => return Err(error).into(),
            (Ok(octets), None, _) => return Ok(octets).into(),
            (Ok(octets), Some(overlap), _) => {
                context.upcalls.begin(s, context.thread, overlap);
                let ended = Ok(Transferred::octets(octets));
                context
                    .upcalls
                    .complete(context.now, overlap.overlapped, ended);
                return Ok(octets).into();
            }
        }
        entry.sends.push(Send {
            owner,
            message,
            ended: None,
        });
        match overlap {
            None => Outcome::WAITS,
            Some(overlap) => {
                context.upcalls.begin(s, context.thread, overlap);
                Err(WsaError::IoPending).into()
            }
        }
    }

    pub(super) fn recv(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Outcome<Received> {
        let known = MSG_OOB | MSG_PEEK | MSG_WAITALL | MSG_PARTIAL;
        // WSARecv: MSG_PEEK is for non-overlapped sockets.
        let peeks_later = overlap.is_some() && flags & MSG_PEEK != 0;
        let request = Request {
            arguments: Check::that(flags & !known == 0 && !buffers.is_empty() && !peeks_later),
            supported: Check::that(flags & (MSG_OOB | MSG_WAITALL) == 0),
            connection: Needs::Connection,
            ..Request::NOTHING
        };
        match self.check(context, s, request) {
            Ok(entry) => entry.selection.re_enable(Enabler::Receive),
            Err(error) => return Err(error).into(),
        }
        self.advance(context, s);
        let Some((entry, link)) = self.circuit(s) else {
            return Err(WsaError::NotConnected).into();
        };
        let owner = match overlap {
            None => Owner::Thread(context.thread),
            Some(overlap) => Owner::Overlapped(overlap.overlapped),
        };
        match entry.take_receive(owner) {
            Outcome::Done(Ok(None)) => {}
            Outcome::Done(Ok(Some(message))) => return Ok(received(&message, buffers)).into(),
            Outcome::Done(Err(error)) => return Err(error).into(),
            Outcome::Blocks { until } => return Outcome::Blocks { until },
        }
        if entry.receiving == Direction::Shut {
            return Err(WsaError::Shutdown).into();
        }
        if let Some(overlap) = overlap
            && let Err(error) = context.upcalls.may_begin(overlap.overlapped)
        {
            return Err(error).into();
        }
        let taking = match flags & MSG_PEEK {
            0 => Taking::Takes,
            _ => Taking::Peeks,
        };
        let room = buffers.iter().map(|buffer| buffer.len()).sum();
        // What waits has a claim on what comes next.
        let result = if entry.receives.is_empty() {
            link.receive(room, taking)
        } else {
            Err(WsaError::WouldBlock)
        };
        // Reading may have made room for what TCP holds.
        link.go_on(context.host, context.now);
        match (result, overlap) {
            (Ok(message), None) => Ok(received(&message, buffers)).into(),
            (Ok(message), Some(overlap)) => {
                context.upcalls.begin(s, context.thread, overlap);
                let received = received(&message, buffers);
                let ended = Ok(transferred(message));
                context
                    .upcalls
                    .complete(context.now, overlap.overlapped, ended);
                Ok(received).into()
            }
            (Err(WsaError::MessageSize), _) => {
                // recv: the buffer is filled with the first part of the message, which stays.
                if let Some(message) = link.connection.as_ref().and_then(|it| it.message()) {
                    scatter(message, buffers);
                }
                Err(WsaError::MessageSize).into()
            }
            (Err(WsaError::WouldBlock), None) if entry.mode == Mode::NonBlocking => {
                Err(WsaError::WouldBlock).into()
            }
            (Err(WsaError::WouldBlock), _) => {
                entry.receives.push(Receive {
                    owner,
                    room,
                    taking,
                    ended: None,
                });
                match overlap {
                    None => Outcome::WAITS,
                    Some(overlap) => {
                        context.upcalls.begin(s, context.thread, overlap);
                        Err(WsaError::IoPending).into()
                    }
                }
            }
            (Err(error), _) => Err(error).into(),
        }
    }

    pub(super) fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Outcome<Transferred> {
        if let Err(error) = self.check(context, s, Request::NOTHING) {
            return Err(error).into();
        }
        self.advance(context, s);
        match (context.upcalls.ended(s, overlapped), wait) {
            (Err(error), _) => Err(error).into(),
            (Ok(Some(ended)), _) => ended.clone().into(),
            (Ok(None), Wait::No) => Err(WsaError::IoIncomplete).into(),
            (Ok(None), Wait::Yes) => Outcome::WAITS,
        }
    }

    /// Goes on with the sends and receives of a socket that wait.
    pub(super) fn advance(&mut self, context: &mut Context<'_>, s: Socket) {
        let Some((entry, link)) = self.circuit(s) else {
            return;
        };
        for send in entry.sends.iter_mut().filter(|send| send.ended.is_none()) {
            match link.send(&send.message, entry.send_buffer) {
                Err(WsaError::WouldBlock) => break,
                ended => send.ended = Some(ended),
            }
            link.go_on(context.host, context.now);
        }
        let waiting = entry.receives.iter_mut();
        for receive in waiting.filter(|receive| receive.ended.is_none()) {
            match link.receive(receive.room, receive.taking) {
                Err(WsaError::WouldBlock) => break,
                ended => receive.ended = Some(ended),
            }
            link.go_on(context.host, context.now);
        }
        entry.sends.retain_mut(|send| match send.owner {
            Owner::Thread(_) => true,
            Owner::Overlapped(overlapped) => match send.ended.take() {
                Some(ended) => {
                    let ended = ended.map(Transferred::octets);
                    context.upcalls.complete(context.now, overlapped, ended);
                    false
                }
                None => true,
            },
        });
        entry.receives.retain_mut(|receive| match receive.owner {
            Owner::Thread(_) => true,
            Owner::Overlapped(overlapped) => match receive.ended.take() {
                Some(ended) => {
                    let ended = ended.map(transferred);
                    context.upcalls.complete(context.now, overlapped, ended);
                    false
                }
                None => true,
            },
        });
    }

    /// Takes away what a thread waits for.
    pub(super) fn withdraw(&mut self, thread: ThreadId, s: Socket) {
        if let Some(entry) = self.sockets.get_mut(&s) {
            let owner = Owner::Thread(thread);
            entry.receives.retain(|receive| receive.owner != owner);
            entry.sends.retain(|send| send.owner != owner);
        }
    }
}

impl Entry {
    /// What the send that waits has come to; none: there is none.
    fn take_send(&mut self, owner: Owner) -> Option<Outcome<usize>> {
        let place = self.sends.iter().position(|send| send.owner == owner)?;
        match self.sends[place].ended.take() {
            Some(ended) => {
                self.sends.remove(place);
                Some(ended.into())
            }
            None => Some(Outcome::WAITS),
        }
    }

    /// What the receive that waits has come to; `None`: there is none.
    fn take_receive(&mut self, owner: Owner) -> Outcome<Option<Vec<u8>>> {
        let place = self
            .receives
            .iter()
            .position(|receive| receive.owner == owner);
        let Some(place) = place else {
            return Ok(None).into();
        };
        match self.receives[place].ended.take() {
            Some(ended) => {
                self.receives.remove(place);
                ended.map(Some).into()
            }
            None => Outcome::WAITS,
        }
    }

    /// Cancels every overlapped operation.
    pub(super) fn cancel(&mut self, context: &mut Context<'_>) {
        let receives = std::mem::take(&mut self.receives);
        let sends = std::mem::take(&mut self.sends);
        let owners = receives.iter().map(|receive| receive.owner);
        for owner in owners.chain(sends.iter().map(|send| send.owner)) {
            if let Owner::Overlapped(overlapped) = owner {
                let aborted = Err(WsaError::OperationAborted);
                context.upcalls.complete(context.now, overlapped, aborted);
            }
        }
    }
}

impl Link {
    /// Hands a message to the connection: all of it, or nothing.
    fn send(&mut self, message: &[u8], buffer: usize) -> Result<usize, WsaError> {
        let connection = self.connection.as_mut().ok_or(WsaError::NotConnected)?;
        if connection.state() == State::Open && connection.unsent() >= buffer {
            return Err(WsaError::WouldBlock);
        }
        match connection.send(message) {
            Ok(()) => Ok(message.len()),
            Err(SendError::TooLong) => Err(WsaError::MessageSize),
            Err(SendError::NotOpen) => Err(match connection.end() {
                // The release was a graceful one, and it has left no connection to send on.
                Some(End::Released(_) | End::Confirmed) | None => WsaError::NotConnected,
                Some(end) => error_of(end),
            }),
        }
    }

    /// Takes the next message, if it fits.
    fn receive(&mut self, room: usize, taking: Taking) -> Result<Vec<u8>, WsaError> {
        let connection = self.connection.as_mut().ok_or(WsaError::NotConnected)?;
        match (connection.message(), taking) {
            (Some(message), _) if message.len() > room => Err(WsaError::MessageSize),
            (Some(message), Taking::Peeks) => Ok(message.to_vec()),
            (Some(_), Taking::Takes) => Ok(connection.take_message().unwrap_or_default()),
            (None, _) => Err(match (connection.end(), connection.state()) {
                (Some(end), _) => error_of(end),
                // Class 0: this side has closed.
                (None, State::Closed) => WsaError::Disconnecting,
                (None, _) => WsaError::WouldBlock,
            }),
        }
    }
}

/// What a receive says of the end of a connection. WSPRecv: of a message-oriented socket, a
/// graceful end is WSAEDISCON, and an abortive one WSAECONNRESET.
pub(super) const fn error_of(end: &End) -> WsaError {
    match end {
        End::Released(_) | End::Confirmed => WsaError::Disconnecting,
        End::Disrupted(..) | End::Rejected(_) => WsaError::ConnectionReset,
        End::Refused(..) => WsaError::ConnectionRefused,
        End::Withdrawn | End::Misused => WsaError::ConnectionAborted,
        End::TimedOut | End::Network(NetworkEnd::TimedOut) => WsaError::TimedOut,
        // TCP has ended and the peer has not said so before: that is class 0's way to end, and
        // RFC 2126 section 4.1.3 calls it disruptive.
        End::Network(NetworkEnd::Closed | NetworkEnd::Reset) => WsaError::ConnectionReset,
    }
}

fn received(message: &[u8], buffers: &mut [&mut [u8]]) -> Received {
    scatter(message, buffers);
    Received {
        octets: message.len(),
        flags: 0,
        from: None,
    }
}

fn transferred(message: Vec<u8>) -> Transferred {
    Transferred {
        octets: message.len(),
        flags: 0,
        data: message,
        from: None,
    }
}

/// Fills buffers one after the other.
fn scatter(mut octets: &[u8], buffers: &mut [&mut [u8]]) {
    for buffer in buffers {
        let (here, rest) = octets.split_at(octets.len().min(buffer.len()));
        buffer[..here.len()].copy_from_slice(here);
        octets = rest;
    }
}
