//! WSPSend, WSPSendTo, WSPRecv and WSPGetOverlappedResult: messages, whole ones. (WSPRecvFrom is
//! WSPRecv.)

use super::connection::{DisconnectIndication, SendError};
use super::entry::Itot;
use super::link::{Link, error_of};
use super::table::State;
use crate::address::Address;
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::process::{Progress, Socket};
use crate::provider::base::{Receives, Request, Taking};
use crate::provider::call::{Context, Received, Wait};
use crate::provider::posted::{Receive, may_begin, overlapped_result, room, scatter};
use crate::provider::spi::Data;

impl Data for Itot {
    fn send(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        context.blocking(|context| {
            self.check(context, s, Request::send(buffers, flags))?;
            self.advance(context, s);
            let (entry, link) = self.circuit(s).ok_or(WsaError::NotConnected)?;
            if overlap.is_none()
                && let Some(sent) = entry.sends.take(context.thread)?
            {
                return Ok(sent.octets);
            }
            may_begin(context, entry.sending, overlap)?;
            let message = buffers.concat();
            // What waits goes first.
            let tried = if entry.sends.is_empty() {
                link.send(&message, entry.send_buffer)
            } else {
                Err(WsaError::WouldBlock)
            };
            link.go_on(context.host, context.now);
            let tried = tried.map(Transferred::octets);
            let call = (s, entry.mode, overlap);
            let posted = entry.sends.post(context, call, tried, || message);
            if posted == Err(WsaError::WouldBlock.into()) {
                entry.selection.re_enable(Enabler::SendWithoutRoom);
            }
            Ok(posted?.octets)
        })
    }

    /// The address is ignored, as on every connection-oriented socket.
    fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        _to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        self.send(context, s, buffers, flags, overlap)
    }

    fn recv(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Progress<Received> {
        context.blocking(|context| {
            let request = Request::recv((buffers, flags), overlap, Receives::Messages);
            let entry = self.check(context, s, request)?;
            entry.selection.re_enable(Enabler::Receive);
            self.advance(context, s);
            let (entry, link) = self.circuit(s).ok_or(WsaError::NotConnected)?;
            if overlap.is_none()
                && let Some(received) = entry.receives.take(context.thread)?
            {
                scatter(&received.data, buffers);
                return Ok(received.into());
            }
            may_begin(context, entry.receiving, overlap)?;
            let (room, taking) = (room(buffers), Taking::of(flags));
            // What waits has a claim on what comes next.
            let tried = if entry.receives.is_empty() {
                link.receive(room, taking)
            } else {
                Err(WsaError::WouldBlock)
            };
            // Reading may have made room for what TCP holds.
            link.go_on(context.host, context.now);
            // recv: the buffer is filled with the first part of a message that is too long, which
            // stays.
            if tried == Err(WsaError::MessageSize)
                && let Some(message) = link.connection.as_ref().and_then(|it| it.message())
            {
                scatter(message, buffers);
            }
            let tried = tried.map(transferred);
            let call = (s, entry.mode, overlap);
            let posted = entry.receives.post(context, call, tried, || Receive {
                room,
                taking,
                data: Vec::new(),
            });
            let received = posted?;
            scatter(&received.data, buffers);
            Ok(received.into())
        })
    }

    fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Progress<Transferred> {
        context.blocking(|context| {
            self.check(context, s, Request::NOTHING)?;
            self.advance(context, s);
            overlapped_result(context, s, overlapped, wait)
        })
    }
}

impl Itot {
    /// Goes on with the sends and receives of a socket that wait.
    pub(super) fn advance(&mut self, context: &mut Context<'_>, s: Socket) {
        let Some((entry, link)) = self.circuit(s) else {
            return;
        };
        entry.sends.advance(context, |context, message| {
            let sent = link.send(message, entry.send_buffer)?;
            link.go_on(context.host, context.now);
            Ok(Transferred::octets(sent))
        });
        entry.receives.advance(context, |context, receive| {
            let message = link.receive(receive.room, receive.taking)?;
            link.go_on(context.host, context.now);
            Ok(transferred(message))
        });
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
                Some(DisconnectIndication::Released(_) | DisconnectIndication::Confirmed)
                | None => WsaError::NotConnected,
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
            (Some(_), Taking::Takes | Taking::Fills) => {
                Ok(connection.take_message().unwrap_or_default())
            }
            (None, _) => Err(match (connection.end(), connection.state()) {
                (Some(end), _) => error_of(end),
                // Class 0: this side has closed.
                (None, State::Closed) => WsaError::Disconnecting,
                (None, _) => WsaError::WouldBlock,
            }),
        }
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
