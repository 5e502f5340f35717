//! send, sendto, write; recv, recvfrom, read.

use hangup_posix::data::{MSG_FASTOPEN, MSG_NOSIGNAL};
use hangup_posix::{Errno, FileDescriptor, Progress};

use super::state::PosixCalls;
use super::words::FLAGS;
use crate::calls::answer::{BadCall, Made, failed, waited};
use crate::calls::argument::{Context, Words, is_null, is_unspecified};
use crate::calls::program::Octets;
use crate::calls::show::show;

/// Whether a send has an address among its arguments.
#[derive(Clone, Copy, Debug)]
enum Destination {
    None,
    Argument,
}

/// Whether a send that finds nobody raises SIGPIPE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignalsAPipe {
    Yes,
    No,
}

impl PosixCalls {
    pub(super) fn write(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        if !self.process.is_plain(fd) {
            return self.transmit(context, Destination::None, &[]);
        }
        let payload = context.payload(&[])?;
        let data = self.program.memory.octets(&payload.octets);
        let written = self.process.write_plain(fd, data);
        Ok(self.sent(written, SignalsAPipe::Yes))
    }

    /// A send as it ends: one that finds nobody may end the process.
    pub(super) fn sent(&self, sent: Progress<usize>, signals: SignalsAPipe) -> Made {
        let is_broken = sent == Err(Errno::BrokenPipe).into() && signals == SignalsAPipe::Yes;
        if is_broken && self.pipe_ends {
            return Made::Ended { signal: "SIGPIPE" };
        }
        waited(sent)
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
            (Destination::Argument, Some(address)) if is_null(address) => None,
            (Destination::Argument, Some(address)) if is_unspecified(address) => {
                let opens = payload.flags & MSG_FASTOPEN != 0;
                return self.without_family(context, fd, opens);
            }
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
        let how = (payload.flags, to);
        let sent = match payload.octets {
            Octets::Nowhere(length) => {
                context.on_host(|host, now| process.send_from_nowhere(host, now, fd, length, how))
            }
            octets @ (Octets::Pattern(_) | Octets::Text(_)) => {
                let data = program.memory.octets(&octets);
                context.on_host(|host, now| process.send(host, now, fd, data, how))
            }
        };
        let signals = match process.is_stream(fd) && payload.flags & MSG_NOSIGNAL == 0 {
            true => SignalsAPipe::Yes,
            false => SignalsAPipe::No,
        };
        Ok(self.sent(sent, signals))
    }

    /// A send to an address without a family. A stream with a connection does not look at it, and
    /// opens none (Linux: tcp_sendmsg_fastopen).
    fn without_family(
        &self,
        context: &Context<'_>,
        fd: FileDescriptor,
        opens: bool,
    ) -> Result<Made, BadCall> {
        if opens && self.process.is_stream(fd) {
            return Ok(failed(Errno::OperationNotSupported));
        }
        context.bad(
            context.count() - 1,
            "an address without a family is played with MSG_FASTOPEN alone",
        )
    }

    /// `recvfrom(3, 1000, 0, client:5000)`: as recv, with the address of the sender.
    pub(super) fn recvfrom(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (length, flags, rest) = context.buffer(FLAGS)?;
        let expected = context.expected_address(rest, self.family(fd))?;
        context.size(rest + 1)?;
        if context.argument(1).is_some_and(is_null) {
            return Ok(self.receive_nowhere(context, fd, length, flags));
        }
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

    pub(super) fn read(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        if !self.process.is_plain(fd) {
            return self.recv(context);
        }
        let (length, _, _) = context.buffer(&[])?;
        let buffer = self.program.memory.buffer(length);
        Ok(waited(self.process.read_plain(fd, buffer)))
    }

    fn receive_nowhere(
        &mut self,
        context: &mut Context<'_>,
        fd: FileDescriptor,
        length: usize,
        flags: i32,
    ) -> Made {
        let process = &mut self.process;
        waited(context.on_host(|host, now| process.recv_to_nowhere(host, now, fd, length, flags)))
    }

    pub(super) fn recv(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (length, flags, _) = context.buffer(FLAGS)?;
        if context.argument(1).is_some_and(is_null) {
            return Ok(self.receive_nowhere(context, fd, length, flags));
        }
        let Self {
            process, program, ..
        } = self;
        let buffer = program.memory.buffer(length);
        let received = context.on_host(|host, now| process.recv(host, now, fd, buffer, flags));
        Ok(waited(received))
    }
}
