//! The scripted process, and how what it returns becomes what a script reads.

use hangup_posix::{Errno, FileDescriptor, Outcome, Process};
use hangup_stack::network::IpFamily;

use crate::calls::BadCall;
use crate::calls::argument::Context;
use crate::calls::program::{Descriptors, Memory};
use crate::calls::table::Made;
use crate::scenario::script::Argument;

/// One process on one POSIX host.
#[derive(Debug, Default)]
pub struct PosixCalls {
    pub(super) process: Process,
    pub(super) descriptors: Descriptors,
    pub(super) memory: Memory,
    /// The threads that a script has named.
    pub(super) threads: Vec<String>,
    /// What epoll_wait gives back, as the script has written it (`fd=4`): the number that the
    /// process keeps is the place in this list.
    pub(super) event_data: Vec<Option<(String, Argument)>>,
}

impl PosixCalls {
    /// The descriptor in the first argument.
    pub(super) fn fd(&self, context: &Context<'_>) -> Result<FileDescriptor, BadCall> {
        let fd = FileDescriptor::from_raw(self.descriptors.first(context)?);
        if self.process.is_epoll(fd) {
            return context.bad(0, "a list of epoll is no socket");
        }
        Ok(fd)
    }

    /// The family of a socket; IPv4's for what is none.
    pub(super) fn family(&self, fd: FileDescriptor) -> IpFamily {
        self.descriptors
            .get(fd.raw())
            .map_or(IpFamily::V4, |opened| opened.family)
    }

    /// Remembers a new descriptor.
    pub(super) fn opened(&mut self, made: Result<FileDescriptor, Errno>, family: IpFamily) -> Made {
        match made {
            Ok(fd) => {
                let behind = self.process.stack_socket(fd);
                self.descriptors.open(fd.raw(), behind, family);
                Made::opened(fd.raw())
            }
            Err(error) => failed(error),
        }
    }
}

pub(super) fn status(result: Result<(), Errno>) -> Made {
    returned(result.map(|()| 0))
}

pub(super) fn returned<T: ToString>(result: Result<T, Errno>) -> Made {
    match result {
        Ok(value) => Made::value(value),
        Err(error) => failed(error),
    }
}

pub(super) fn failed(error: Errno) -> Made {
    Made::failed("-1", error.name())
}

pub(super) fn waited<T: ToString>(outcome: Outcome<T>) -> Made {
    match outcome {
        Outcome::Done(result) => returned(result),
        Outcome::Blocks { until } => Made::Blocks { until },
    }
}
