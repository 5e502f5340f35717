//! send, sendto, write; recv, recvfrom, read.

use hangup_posix::data::MSG_NOSIGNAL;
use hangup_posix::options::TCP_INQ;
use hangup_posix::sockets::IPPROTO_TCP;
use hangup_posix::{Errno, Progress};

use super::state::PosixCalls;
use super::words::{CONTROL_TYPES, FLAGS, LEVELS};
use crate::calls::answer::{BadCall, Difference, Made, waited};
use crate::calls::argument::{Context, Words};
use crate::calls::show::show;
use crate::scenario::script::Argument;

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
        let signals = match process.is_stream(fd) && payload.flags & MSG_NOSIGNAL == 0 {
            true => SignalsAPipe::Yes,
            false => SignalsAPipe::No,
        };
        Ok(self.sent(sent, signals))
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

    pub(super) fn read(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        if !self.process.is_plain(fd) {
            return self.recv(context);
        }
        let (length, _, _) = context.buffer(&[])?;
        let buffer = self.program.memory.buffer(length);
        Ok(waited(self.process.read_plain(fd, buffer)))
    }

    /// `recvmsg(4, 1000, 0, {cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=900})`: as recv,
    /// with the control message of TCP_INQ.
    pub(super) fn recvmsg(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (_, _, at) = context.buffer(FLAGS)?;
        let expected = match context.argument(at) {
            None => None,
            Some(argument) => Some(control_of(context, at, argument)?),
        };
        let made = self.recv(context)?;
        let is_done = matches!(&made, Made::Returned { error: None, .. });
        let Some(expected) = expected.filter(|_| is_done) else {
            return Ok(made);
        };
        let left = context.on_host(|host, _| self.process.left_in_queue(host, fd));
        let said = left.and_then(|left| i64::try_from(left).ok());
        if said == Some(expected) {
            return Ok(made);
        }
        let actual = match said {
            Some(said) => {
                format!("{{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data={said}}}")
            }
            None => "no control message".to_owned(),
        };
        let argument = at;
        Ok(made.and_differs(Difference { argument, actual }))
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

/// What a control message of TCP_INQ says.
fn control_of(context: &Context<'_>, at: usize, argument: &Argument) -> Result<i64, BadCall> {
    const FORM: &str = "it is {cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=900}";
    let Argument::Struct(fields) = argument else {
        return context.bad(at, FORM);
    };
    let field = |wanted: &str| {
        let found = fields
            .iter()
            .find(|(name, _)| name.as_deref() == Some(wanted));
        found.map(|(_, value)| value)
    };
    let [Some(level), Some(kind), Some(data)] = ["cmsg_level", "cmsg_type", "cmsg_data"].map(field)
    else {
        return context.bad(at, FORM);
    };
    let level = context.number_in(at, level, LEVELS)?;
    let kind = context.number_in(at, kind, CONTROL_TYPES)?;
    if (level, kind) != (i64::from(IPPROTO_TCP), i64::from(TCP_INQ)) {
        return context.bad(at, FORM);
    }
    context.number_in(at, data, &[])
}
