//! The scripted POSIX process, its program, and the epoll data that its script has written.

use hangup_posix::{Errno, FileDescriptor, Process};
use hangup_stack::network::IpFamily;

use crate::calls::answer::{BadCall, Failure, Made, failed};
use crate::calls::argument::Context;
use crate::calls::program::Program;
use crate::scenario::script::Argument;

/// One process on one POSIX host.
#[derive(Debug, Default)]
pub struct PosixCalls {
    pub(super) process: Process,
    pub(super) program: Program,
    /// Whether SIGPIPE ends the process, as it does where nobody has said otherwise. Scripts
    /// begin with it ignored.
    pub(super) pipe_ends: bool,
    /// What epoll_wait gives back, as the script has written it (`fd=4`): the number that the
    /// process keeps is the place in this list.
    pub(super) event_data: Vec<Option<(String, Argument)>>,
}

impl PosixCalls {
    /// The descriptor in the first argument.
    pub(super) fn fd(&self, context: &Context<'_>) -> Result<FileDescriptor, BadCall> {
        let fd = FileDescriptor::from_raw(self.program.descriptors.first(context)?);
        if self.process.is_epoll(fd) {
            return context.bad(0, "a list of epoll is no socket");
        }
        Ok(fd)
    }

    /// The family of a socket; IPv4's for what is none.
    pub(super) fn family(&self, fd: FileDescriptor) -> IpFamily {
        self.program.family(fd.raw())
    }

    /// Remembers a new descriptor.
    pub(super) fn opened(&mut self, made: Result<FileDescriptor, Errno>, family: IpFamily) -> Made {
        match made {
            Ok(fd) => {
                let behind = self.process.stack_socket(fd);
                self.program.descriptors.open(fd.raw(), behind, family);
                Made::opened(fd.raw())
            }
            Err(error) => failed(error),
        }
    }
}

impl Failure for Errno {
    const RESULT: &'static str = "-1";

    fn name(&self) -> &'static str {
        Self::name(*self)
    }
}
