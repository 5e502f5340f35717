//! pipe and memfd_create; splice and sendfile.

use hangup_posix::FileDescriptor;
use hangup_posix::control::O_RDONLY;
use hangup_stack::network::IpFamily;

use super::data::SignalsAPipe;
use super::state::PosixCalls;
use super::words::{FILE_FLAGS, SPLICE_FLAGS};
use crate::calls::answer::{BadCall, Made, failed};
use crate::calls::argument::Context;
use crate::scenario::script::Argument;

impl PosixCalls {
    /// `pipe([5, 6]) = 0`: 5 is the end that is read, 6 the one that is written.
    pub(super) fn pipe(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let labels = match context.argument(0) {
            Some(Argument::List(list)) => match list.as_slice() {
                [Argument::Integer(read), Argument::Integer(write)] => Some([*read, *write]),
                _ => None,
            },
            _ => None,
        };
        let Some(labels) = labels else {
            return context.bad(0, "the two ends have labels: pipe([5, 6])");
        };
        Ok(match self.process.pipe() {
            Ok(ends) => {
                for (label, end) in labels.into_iter().zip(ends) {
                    let descriptors = &mut self.program.descriptors;
                    descriptors.open(end.raw(), None, IpFamily::V4);
                    descriptors.label(label, end.raw());
                }
                Made::value(0)
            }
            Err(error) => failed(error),
        })
    }

    /// `memfd_create("page", 0) = 7`: an empty file, which `write` fills.
    pub(super) fn memfd_create(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        if !matches!(context.argument(0), Some(Argument::Text(_))) {
            return context.bad(0, "the file has a \"name\"");
        }
        context.size(1)?;
        let made = self.process.memfd_create();
        Ok(self.opened(made, IpFamily::V4))
    }

    /// `open("/tmp/page", O_RDONLY) = 7`: no file of the machine, but one that reads as zeros.
    pub(super) fn open(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        if !matches!(context.argument(0), Some(Argument::Text(_))) {
            return context.bad(0, "the file has a \"path\"");
        }
        let flags: i32 = context.narrow(1, FILE_FLAGS)?;
        if flags != O_RDONLY {
            return context.bad(1, "a file of zeros is only read: O_RDONLY");
        }
        let made = self.process.open_zeros();
        Ok(self.opened(made, IpFamily::V4))
    }

    /// `splice(4, NULL, 6, NULL, 1000, 0)`, from a socket to a pipe or back.
    pub(super) fn splice(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let ends = (self.fd(context)?, self.other(context, 2)?);
        for offset in [1, 3] {
            no_pointer(context, offset)?;
        }
        let length = context.length(4)?;
        let flags = context.narrow(5, SPLICE_FLAGS)?;
        let process = &mut self.process;
        let moved = context.on_host(|host, now| process.splice(host, now, ends, length, flags));
        Ok(self.sent(moved, SignalsAPipe::Yes))
    }

    /// `sendfile(4, 7, [0], 1000)`, of a file of `memfd_create`.
    pub(super) fn sendfile(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let ends = (self.fd(context)?, self.other(context, 1)?);
        let offset = match context.argument(2) {
            Some(Argument::Word(word)) if word == "NULL" => None,
            _ => Some(context.pointed(2, &[])?),
        };
        let count = context.length(3)?;
        let process = &mut self.process;
        let sent = context.on_host(|host, now| process.sendfile(host, now, ends, offset, count));
        Ok(self.sent(sent, SignalsAPipe::Yes))
    }

    /// The descriptor in an argument behind the first.
    fn other(&self, context: &Context<'_>, index: usize) -> Result<FileDescriptor, BadCall> {
        let Some(argument) = context.argument(index) else {
            return context.bad(index, "a descriptor is missing");
        };
        let raw = self.program.descriptors.find(context, index, argument)?;
        Ok(FileDescriptor::from_raw(raw))
    }
}

/// No offset: neither a socket nor a pipe has one.
fn no_pointer(context: &Context<'_>, index: usize) -> Result<(), BadCall> {
    match context.argument(index) {
        Some(Argument::Word(word)) if word == "NULL" => Ok(()),
        _ => context.bad(index, "sockets and pipes have no offset: NULL"),
    }
}
