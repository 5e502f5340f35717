//! WSPSend, WSPSendTo, WSPRecv, WSPGetOverlappedResult. (WSPRecvFrom is WSPRecv.)

use hangup_stack::options::{RECEIVE_TIMEOUT, SEND_TIMEOUT, SocketOption};
use hangup_stack::smoltcp::time::Duration;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, RecvError, SendError};

use super::entry::{Entry, Outgoing, TcpIp};
use crate::address::Address;
use crate::error::WsaError;
use crate::notify::Enabler;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::process::{Progress, Socket};
use crate::provider::base::{Mode, Receives, Request, Taking};
use crate::provider::call::{Context, Received, Wait};
use crate::provider::check::Check;
use crate::provider::posted::{Receive, may_begin, overlapped_result, room, scatter};
use crate::provider::spi::{Data, Provider};
use crate::waiting::Unfinished;

impl Data for TcpIp {
    fn send(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        match self.send_to(context, s, buffers, flags, None, overlap) {
            // Without an address to give, the page of send has a missing connection for this.
            Progress::Done(Err(WsaError::DestinationRequired)) => {
                Err(WsaError::NotConnected).into()
            }
            outcome @ (Progress::Done(_) | Progress::Blocks { .. }) => outcome,
        }
    }

    fn send_to(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        to: Option<&Address>,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        let sent = context.blocking(|context| {
            let entry = self.check(context.host, s, Request::send(buffers, flags))?;
            let to = entry.destination(to)?;
            entry.send(context, (s, overlap), buffers, to)
        });
        self.within(context, s, &SEND_TIMEOUT, sent)
    }

    fn recv(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Progress<Received> {
        let received = context.blocking(|context| {
            let receives = match self.sockets.get(&s) {
                Some(entry) if entry.protocol == Protocol::Tcp => Receives::Octets(entry.mode),
                Some(_) | None => Receives::Messages,
            };
            let mut request = Request::recv((buffers, flags), overlap, receives);
            // recv: the buffer of a byte stream may not be empty. An overlapped receive with an
            // empty one is how a program waits for data without lending memory (Wine's tests).
            if self.is_stream(s) && overlap.is_none() && room(buffers) == 0 {
                request.arguments = Check::Failed;
            }
            let entry = self.check(context.host, s, request)?;
            entry.selection.re_enable(Enabler::Receive);
            entry.recv(context, (s, overlap), buffers, Taking::of(flags))
        });
        self.within(context, s, &RECEIVE_TIMEOUT, received)
    }

    fn get_overlapped_result(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Progress<Transferred> {
        context.blocking(|context| {
            self.check(context.host, s, Request::NOTHING)?;
            self.accept_into(context, s);
            self.check(context.host, s, Request::NOTHING)?
                .go_on(context);
            overlapped_result(context, s, overlapped, wait)
        })
    }

    fn cancel_operations(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::InvalidHandle)?;
        entry.cancel_operations(context, overlapped)
    }
}

impl TcpIp {
    /// Ends a blocking call whose time is over (SO_RCVTIMEO, SO_SNDTIMEO; no time: it has none).
    /// The page: the connection is in an indeterminate state then, and should be closed.
    fn within<T>(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        option: &SocketOption<Duration>,
        outcome: Progress<T>,
    ) -> Progress<T> {
        let Progress::Blocks { until: None } = outcome else {
            return outcome;
        };
        let socket = self.stack_socket(s);
        let limit = socket.and_then(|socket| context.host.option(socket, option));
        let limit = limit.filter(|limit| *limit > Duration::ZERO);
        let until = context.deadline(limit);
        if until.is_none_or(|until| context.now < until) {
            return Progress::Blocks { until };
        }
        match self.cancel_blocking_call(context) {
            Ok(()) => Err(WsaError::TimedOut).into(),
            Err(error) => Err(error).into(),
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
        (s, overlap): (Socket, Option<Overlap>),
        buffers: &[&[u8]],
        to: Option<IpEndpoint>,
    ) -> Result<usize, Unfinished> {
        if overlap.is_none() && self.sends.has(context.thread) {
            self.advance_sends(context);
            if let Some(sent) = self.sends.take(context.thread)? {
                return Ok(sent.octets);
            }
        }
        may_begin(context, self.sending, overlap)?;
        let data = gather(buffers);
        // What waits goes first.
        let written = if self.sends.is_empty() {
            self.write(context.host, &data, to)
        } else {
            Err(SendError::WouldBlock)
        };
        let (sent, tried) = match written {
            // Only a non-blocking send ends when a part of its data was taken.
            Ok(octets)
                if octets < data.len() && (overlap.is_some() || self.mode == Mode::Blocking) =>
            {
                (octets, Err(WsaError::WouldBlock))
            }
            Ok(octets) => (octets, Ok(Transferred::octets(octets))),
            Err(error) => (0, Err(self.send_error(context.host, error))),
        };
        let call = (s, self.mode, overlap);
        let posted = self.sends.post(context, call, tried, || Outgoing {
            sent,
            to,
            ..Outgoing::new(data.into_owned())
        });
        if posted == Err(WsaError::WouldBlock.into()) {
            self.selection.re_enable(Enabler::SendWithoutRoom);
        }
        Ok(posted?.octets)
    }

    fn recv(
        &mut self,
        context: &mut Context<'_>,
        (s, overlap): (Socket, Option<Overlap>),
        buffers: &mut [&mut [u8]],
        taking: Taking,
    ) -> Result<Received, Unfinished> {
        if overlap.is_none() && self.receives.has(context.thread) {
            self.advance_receives(context);
            if let Some(received) = self.receives.take(context.thread)? {
                scatter(&received.data, buffers);
                return Ok(received.into());
            }
        }
        // shutdown: after SD_RECEIVE receives are disallowed; on Windows that comes before the
        // peer's close and the end of the connection (Wine's tests, which run there).
        may_begin(context, self.receiving, overlap)?;
        let mut receive = Receive {
            room: room(buffers),
            taking,
            data: Vec::new(),
        };
        let tried = match taking {
            // An earlier receive has a claim on what arrives.
            _ if !self.receives.is_empty() => Err(WsaError::WouldBlock),
            Taking::Takes | Taking::Peeks => match self.read_into(context, buffers, taking) {
                Ok((octets, from)) => Ok(Transferred {
                    octets,
                    flags: 0,
                    data: overlap.map_or_else(Vec::new, |_| gathered(buffers, octets)),
                    from,
                }),
                Err(error) => Err(self.receive_error(context.host, error)),
            },
            Taking::Fills => {
                let filled = self.fill(context.host, &mut receive);
                filled.inspect(|filled| scatter(&filled.data, buffers))
            }
        };
        let call = (s, self.mode, overlap);
        let posted = self.receives.post(context, call, tried, || receive);
        Ok(posted?.into())
    }

    /// Receives into memory that is there.
    fn read_into(
        &mut self,
        context: &mut Context<'_>,
        buffers: &mut [&mut [u8]],
        taking: Taking,
    ) -> Result<(usize, Option<Address>), RecvError> {
        if let [buffer] = buffers {
            return self.read(context.host, buffer, taking);
        }
        let mut whole = vec![0; room(buffers)];
        let (octets, from) = self.read(context.host, &mut whole, taking)?;
        scatter(&whole[..octets], buffers);
        Ok((octets, from))
    }
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
