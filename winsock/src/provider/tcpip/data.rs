//! WSPSend, WSPSendTo, WSPRecv, WSPRecvFrom, WSPGetOverlappedResult.

use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, RecvError, SendError};

use super::posted::{Owner, Receive, Send, Taking};
use super::{Connection, Direction, Entry, Mode, Request, TcpIp};
use crate::address::Address;
use crate::api::data::{MSG_DONTROUTE, MSG_OOB, MSG_PARTIAL, MSG_PEEK, MSG_WAITALL};
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::provider::check::Check;
use crate::provider::{Context, Received, Wait};
use crate::{Outcome, Socket};

impl TcpIp {
    pub(super) fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Outcome<usize> {
        let known = MSG_OOB | MSG_DONTROUTE | MSG_PARTIAL;
        let request = Request {
            arguments: Check::that(flags & !known == 0 && !buffers.is_empty()),
            supported: Check::that(flags & (MSG_OOB | MSG_PARTIAL) == 0),
            connection: Connection::Needed,
            ..Request::NOTHING
        };
        let entry = match self.check(context.host, s, request) {
            Ok(entry) => entry,
            Err(error) => return Err(error).into(),
        };
        let to = match entry.destination(to) {
            Ok(to) => to,
            Err(error) => return Err(error).into(),
        };
        match overlap {
            None => entry.send(context, buffers, to),
            Some(overlap) => entry
                .send_overlapped(context, s, buffers, to, overlap)
                .into(),
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
        let stream = self.is_stream(s);
        // recv: the buffer of a byte stream may not be empty. An overlapped receive with an empty
        // one is how a program waits for data without lending memory (Wine's tests).
        let empty = stream && overlap.is_none() && room(buffers) == 0;
        // WSARecv: MSG_PEEK is for non-overlapped sockets.
        let peeks_later = overlap.is_some() && flags & MSG_PEEK != 0;
        let arguments = flags & !known == 0 && !buffers.is_empty() && !empty && !peeks_later;
        let request = Request {
            arguments: Check::that(arguments),
            supported: Check::that(flags & (MSG_OOB | MSG_WAITALL) == 0),
            connection: Connection::Needed,
            ..Request::NOTHING
        };
        let entry = match self.check(context.host, s, request) {
            Ok(entry) => entry,
            Err(error) => return Err(error).into(),
        };
        entry.selection.re_enable(Enabler::Receive);
        let taking = if flags & MSG_PEEK == 0 {
            Taking::Takes
        } else {
            Taking::Peeks
        };
        match overlap {
            None => entry.recv(context, buffers, taking),
            Some(overlap) => entry.recv_overlapped(context, s, buffers, overlap).into(),
        }
    }

    pub(super) fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Outcome<Transferred> {
        let entry = match self.check(context.host, s, Request::NOTHING) {
            Ok(entry) => entry,
            Err(error) => return Err(error).into(),
        };
        entry.advance(context);
        match (context.upcalls.ended(s, overlapped), wait) {
            (Err(error), _) => Err(error).into(),
            (Ok(Some(ended)), _) => ended.clone().into(),
            (Ok(None), Wait::No) => Err(WsaError::IoIncomplete).into(),
            (Ok(None), Wait::Yes) => Outcome::WAITS,
        }
    }
}

impl Entry {
    /// Where a datagram goes; none: to the peer. A byte stream ignores the address.
    fn destination(&self, to: Option<&Address>) -> Result<Option<IpEndpoint>, WsaError> {
        let Some(to) = to.filter(|_| self.protocol == Protocol::Udp) else {
            return Ok(None);
        };
        let to = to.inet_of(self.family);
        let to = to.ok_or(WsaError::AddressFamilyNotSupported)?;
        if to.addr.is_unspecified() || to.port == 0 {
            return Err(WsaError::AddressNotAvailable);
        }
        Ok(Some(to))
    }

    fn send(
        &mut self,
        context: &mut Context<'_>,
        buffers: &[&[u8]],
        to: Option<IpEndpoint>,
    ) -> Outcome<usize> {
        let owner = Owner::Thread(context.thread);
        if self.sends.iter().any(|send| send.owner == owner) {
            return self.sent(context, owner);
        }
        if self.sending == Direction::Shut {
            return Err(WsaError::Shutdown).into();
        }
        let data = gather(buffers);
        // What waits goes first.
        let queued = !self.sends.is_empty();
        let result = if queued {
            Err(SendError::WouldBlock)
        } else {
            self.write(context.host, &data, to)
        };
        let sent = match (result, self.mode) {
            (Ok(octets), _) if octets >= data.len() => return Ok(octets).into(),
            (Ok(octets), Mode::NonBlocking) => return Ok(octets).into(),
            (Ok(octets), Mode::Blocking) => octets,
            (Err(SendError::WouldBlock), Mode::NonBlocking) => {
                self.selection.re_enable(Enabler::SendWithoutRoom);
                return Err(WsaError::WouldBlock).into();
            }
            (Err(SendError::WouldBlock), Mode::Blocking) => 0,
            (Err(error), _) => return Err(self.send_error(context.host, error)).into(),
        };
        self.sends.push(Send {
            owner,
            data: data.into_owned(),
            sent,
            to,
            ended: None,
        });
        Outcome::WAITS
    }

    /// What the send of a thread that waits has come to.
    fn sent(&mut self, context: &mut Context<'_>, owner: Owner) -> Outcome<usize> {
        self.advance_sends(context);
        let place = self.sends.iter().position(|send| send.owner == owner);
        let ended = place.and_then(|place| Some((place, self.sends[place].ended.take()?)));
        let Some((place, ended)) = ended else {
            return Outcome::WAITS;
        };
        self.sends.remove(place);
        ended.map(|transferred| transferred.octets).into()
    }

    fn send_overlapped(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        to: Option<IpEndpoint>,
        overlap: Overlap,
    ) -> Result<usize, WsaError> {
        if self.sending == Direction::Shut {
            return Err(WsaError::Shutdown);
        }
        context.upcalls.may_begin(overlap.overlapped)?;
        let data = gather(buffers);
        let queued = !self.sends.is_empty();
        let result = if queued {
            Err(SendError::WouldBlock)
        } else {
            self.write(context.host, &data, to)
        };
        let sent = match result {
            Ok(octets) => octets,
            Err(SendError::WouldBlock) => 0,
            Err(error) => return Err(self.send_error(context.host, error)),
        };
        context.upcalls.begin(s, context.thread, overlap);
        if !queued && sent == data.len() {
            let ended = Ok(Transferred::octets(sent));
            context
                .upcalls
                .complete(context.now, overlap.overlapped, ended);
            return Ok(sent);
        }
        self.sends.push(Send {
            owner: Owner::Overlapped(overlap.overlapped),
            data: data.into_owned(),
            sent,
            to,
            ended: None,
        });
        Err(WsaError::IoPending)
    }

    fn recv(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut [&mut [u8]],
        taking: Taking,
    ) -> Outcome<Received> {
        let owner = Owner::Thread(context.thread);
        if self.receives.iter().any(|receive| receive.owner == owner) {
            return self.received(context, owner, buffers);
        }
        // shutdown: after SD_RECEIVE receives are disallowed; on Windows that comes before the
        // peer's close and the end of the connection (Wine's tests, which run there).
        if self.is_deaf() {
            return Err(WsaError::Shutdown).into();
        }
        let result = if self.receives.is_empty() {
            self.read_into(context, buffers, taking)
        } else {
            Err(RecvError::WouldBlock)
        };
        match (result, self.mode) {
            (Ok(received), _) => Ok(received).into(),
            (Err(RecvError::WouldBlock), Mode::NonBlocking) => Err(WsaError::WouldBlock).into(),
            (Err(RecvError::WouldBlock), Mode::Blocking) => {
                self.receives.push(Receive {
                    owner,
                    room: room(buffers),
                    taking,
                    ended: None,
                });
                Outcome::WAITS
            }
            (Err(error), _) => Err(self.receive_error(context.host, error)).into(),
        }
    }

    /// Receives into memory that is there.
    fn read_into(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut [&mut [u8]],
        taking: Taking,
    ) -> Result<Received, RecvError> {
        let (octets, from) = if let [buffer] = buffers {
            self.read(context.host, buffer, taking)?
        } else {
            let mut whole = vec![0; room(buffers)];
            let (octets, from) = self.read(context.host, &mut whole, taking)?;
            scatter(&whole[..octets], buffers);
            (octets, from)
        };
        Ok(Received {
            octets,
            flags: 0,
            from,
        })
    }

    /// What the receive of a thread that waits has come to.
    fn received(
        &mut self,
        context: &mut Context<'_>,
        owner: Owner,
        buffers: &mut [&mut [u8]],
    ) -> Outcome<Received> {
        self.advance_receives(context);
        let place = self
            .receives
            .iter()
            .position(|receive| receive.owner == owner);
        let ended = place.and_then(|place| Some((place, self.receives[place].ended.take()?)));
        let Some((place, ended)) = ended else {
            return Outcome::WAITS;
        };
        self.receives.remove(place);
        ended
            .map(|transferred| {
                scatter(&transferred.data, buffers);
                Received {
                    octets: transferred.octets,
                    flags: transferred.flags,
                    from: transferred.from,
                }
            })
            .into()
    }

    fn recv_overlapped(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        overlap: Overlap,
    ) -> Result<Received, WsaError> {
        if self.is_deaf() {
            return Err(WsaError::Shutdown);
        }
        context.upcalls.may_begin(overlap.overlapped)?;
        let result = if self.receives.is_empty() {
            self.read_into(context, buffers, Taking::Takes)
        } else {
            Err(RecvError::WouldBlock)
        };
        match result {
            Ok(received) => {
                context.upcalls.begin(s, context.thread, overlap);
                let ended = Ok(Transferred {
                    octets: received.octets,
                    flags: received.flags,
                    data: gathered(buffers, received.octets),
                    from: received.from.clone(),
                });
                context
                    .upcalls
                    .complete(context.now, overlap.overlapped, ended);
                Ok(received)
            }
            Err(RecvError::WouldBlock) => {
                context.upcalls.begin(s, context.thread, overlap);
                self.receives.push(Receive {
                    owner: Owner::Overlapped(overlap.overlapped),
                    room: room(buffers),
                    taking: Taking::Takes,
                    ended: None,
                });
                Err(WsaError::IoPending)
            }
            Err(error) => Err(self.receive_error(context.host, error)),
        }
    }
}

/// The size of several buffers in octets.
fn room(buffers: &[&mut [u8]]) -> usize {
    buffers.iter().map(|buffer| buffer.len()).sum()
}

/// Several buffers as one.
fn gather<'a>(buffers: &[&'a [u8]]) -> std::borrow::Cow<'a, [u8]> {
    match buffers {
        [buffer] => (*buffer).into(),
        _ => buffers.concat().into(),
    }
}

/// The first octets of several buffers.
fn gathered(buffers: &[&mut [u8]], octets: usize) -> Vec<u8> {
    let all = buffers.iter().flat_map(|buffer| buffer.iter().copied());
    all.take(octets).collect()
}

/// Fills buffers one after the other.
fn scatter(mut octets: &[u8], buffers: &mut [&mut [u8]]) {
    for buffer in buffers {
        let (here, rest) = octets.split_at(octets.len().min(buffer.len()));
        buffer[..here.len()].copy_from_slice(here);
        octets = rest;
    }
}
