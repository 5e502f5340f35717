//! dup and dup2; exit, _exit, abort and raise.

use hangup_posix::{Errno, FileDescriptor};

use super::state::PosixCalls;
use super::words::SIGNALS;
use crate::calls::answer::{BadCall, Made, failed};
use crate::calls::argument::Context;

impl PosixCalls {
    pub(super) fn dup(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = FileDescriptor::from_raw(self.program.descriptors.first(context)?);
        let made = self.process.dup(fd);
        Ok(self.opened(made, self.family(fd)))
    }

    /// `dup2(3, 5) = 5`: the label 5 stands for the socket of 3 from then on.
    pub(super) fn dup2(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = FileDescriptor::from_raw(self.program.descriptors.first(context)?);
        let label: i64 = context.narrow(1, &[])?;
        if label < 0 {
            return Ok(failed(Errno::BadDescriptor));
        }
        let replaced = FileDescriptor::from_raw(self.program.descriptors.descriptor(label));
        let made = context.on_host(|host, now| self.process.dup2(host, now, fd, replaced));
        Ok(match made {
            Ok(new) => {
                let behind = self.process.stack_socket(new);
                let family = self.family(fd);
                self.program.descriptors.open(new.raw(), behind, family);
                self.program.descriptors.label(label, new.raw());
                Made::value(label)
            }
            Err(error) => failed(error),
        })
    }

    pub(super) fn exit(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let _status: i32 = context.narrow(0, &[("EXIT_SUCCESS", 0), ("EXIT_FAILURE", 1)])?;
        Ok(Made::Ended { signal: "" })
    }

    pub(super) fn abort(&mut self, _: &mut Context<'_>) -> Result<Made, BadCall> {
        Ok(Made::Ended { signal: "SIGABRT" })
    }

    /// `raise(SIGKILL)`, as if somebody had killed the process.
    pub(super) fn raise(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let number: i64 = context.narrow(0, SIGNALS)?;
        match SIGNALS.iter().find(|(_, known)| *known == number) {
            Some((signal, _)) => Ok(Made::Ended { signal }),
            None => context.bad(0, "only signals that end a process are raised here"),
        }
    }
}
