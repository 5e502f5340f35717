//! send, sendto, write; recv, recvfrom, read.

use hangup_posix::data::MSG_NOSIGNAL;
use hangup_posix::{Errno, Progress};

use super::state::PosixCalls;
use super::words::FLAGS;
use crate::calls::answer::{BadCall, Made, waited};
use crate::calls::argument::{Context, Words};
use crate::calls::show::show;
use crate::scenario::script::Argument;

/// Whether a send has an address among its arguments.
#[derive(Clone, Copy, Debug)]
enum Destination {
    None,
    Argument,
}

impl PosixCalls {
    pub(super) fn write(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::None, &[])
    }

    pub(super) fn send(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::None, FLAGS)
    }

    pub(super) fn sendto(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::Argument, FLAGS)
    }

    fn transmit(
        &mut self,
        context: &mut Context<'_>,
        destination: Destination,
        flags: &Words,
    ) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let payload = context.payload(flags)?;
        let to = match (destination, context.argument(payload.rest)) {
            (Destination::Argument, Some(Argument::Word(word))) if word == "NULL" => None,
            (Destination::Argument, _) => Some(self.destination(context, payload.rest, fd)?),
            (Destination::None, None) => None,
            (Destination::None, Some(extra)) => {
                return context.bad(payload.rest, format_args!("{} is too much", show(extra)));
            }
        };
        context.size(payload.rest + 1)?;
        let Self {
            process, program, ..
        } = self;
        let data = program.memory.octets(&payload.octets);
        let sent =
            context.on_host(|host, now| process.send(host, now, fd, data, (payload.flags, to)));
        let is_stream = process.is_stream(fd);
        let is_broken = sent == Err(Errno::BrokenPipe).into() && is_stream;
        if is_broken && self.pipe_ends && payload.flags & MSG_NOSIGNAL == 0 {
            return Ok(Made::Ended { signal: "SIGPIPE" });
        }
        Ok(waited(sent))
    }

    /// `recvfrom(3, 1000, 0, client:5000)`: as recv, with the address of the sender.
    pub(super) fn recvfrom(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (length, flags, rest) = context.buffer(FLAGS)?;
        let expected = context.expected_address(rest, self.family(fd))?;
        context.size(rest + 1)?;
        let Self {
            process, program, ..
        } = self;
        let buffer = program.memory.buffer(length);
        let received = context.on_host(|host, now| process.recvfrom(host, now, fd, buffer, flags));
        let sender = match &received {
            Progress::Done(Ok((_, sender))) => *sender,
            Progress::Done(Err(_)) | Progress::Blocks { .. } => None,
        };
        let made = waited(received.map(|(octets, _)| octets));
        if context.argument(rest).is_none() {
            return Ok(made);
        }
        Ok(context.with_address(made, rest, expected, sender))
    }

    pub(super) fn recv(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (length, flags, _) = context.buffer(FLAGS)?;
        let Self {
            process, program, ..
        } = self;
        let buffer = program.memory.buffer(length);
        let received = context.on_host(|host, now| process.recv(host, now, fd, buffer, flags));
        Ok(waited(received))
    }
}
