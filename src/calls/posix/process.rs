//! dup, dup2 and fork; signal; exit, _exit, abort and raise.

use std::collections::BTreeMap;

use hangup_posix::{Errno, FileDescriptor};

use super::state::PosixCalls;
use super::words::{ACTIONS, SIGNALS};
use crate::calls::answer::{BadCall, Made, failed};
use crate::calls::argument::Context;
use crate::scenario::script::Argument;

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

    /// `fork(child) = 2`: the calls of `HOST/child` are those of the new process from then on. Its
    /// number is the result; the first child is 2.
    pub(super) fn fork(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let Some(Argument::Word(name)) = context.argument(0) else {
            return context.bad(
                0,
                "the child has a name: fork(child), and HOST/child: CALL(...)",
            );
        };
        if self.program.has_thread(name) {
            return context.bad(0, format_args!("{name} is a thread already"));
        }
        let child = self.program.thread(Some(name));
        let copies = self.process.fork(child);
        let copies: BTreeMap<u64, u64> = copies
            .into_iter()
            .map(|(old, new)| (old.raw(), new.raw()))
            .collect();
        self.program.descriptors.fork(child, &copies);
        Ok(Made::value(child.0 + 1))
    }

    /// `signal(SIGPIPE, SIG_DFL) = SIG_IGN`: from then on a send on a connection that is over ends
    /// the process. The result is the action before.
    pub(super) fn signal(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let signal: i64 = context.narrow(0, SIGNALS)?;
        let action: i64 = context.narrow(1, ACTIONS)?;
        if !SIGNALS.contains(&("SIGPIPE", signal)) {
            return context.bad(0, "SIGPIPE is the one signal that the stack raises");
        }
        let ends = std::mem::replace(&mut self.pipe_ends, ACTIONS.contains(&("SIG_DFL", action)));
        Ok(Made::value(if ends { "SIG_DFL" } else { "SIG_IGN" }))
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
