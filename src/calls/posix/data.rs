//! send, sendto, write; recv, recvfrom, read.

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
        let Self {
            process, program, ..
        } = self;
        let data = program.memory.octets(&payload.octets);
        let sent = context.on_host(|host, _| process.send(host, fd, data, payload.flags, to));
        Ok(waited(sent))
    }

    pub(super) fn recv(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (length, flags) = context.buffer(FLAGS)?;
        let Self {
            process, program, ..
        } = self;
        let buffer = program.memory.buffer(length);
        let received = context.on_host(|host, _| process.recv(host, fd, buffer, flags));
        Ok(waited(received))
    }
}
