//! fcntl and ioctl.

use hangup_posix::control::{FIONBIO, SIOCATMARK};

use super::state::PosixCalls;
use super::words::{FCNTLS, FILE_FLAGS, REQUESTS};
use crate::calls::answer::{BadCall, Made, failed, returned};
use crate::calls::argument::Context;

impl PosixCalls {
    pub(super) fn fcntl(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let command = context.narrow(1, FCNTLS)?;
        let flags = context.narrow(2, FILE_FLAGS)?;
        Ok(returned(self.process.fcntl(fd, command, flags)))
    }

    pub(super) fn sockatmark(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let mut value = 0;
        let made = context.on_host(|host, _| self.process.ioctl(host, fd, SIOCATMARK, &mut value));
        Ok(returned(made.map(|()| value)))
    }

    pub(super) fn ioctl(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let request = context.narrow(1, REQUESTS)?;
        let mut value = match request {
            FIONBIO => context.pointed(2, &[])?,
            _ => {
                context.expected(2, &[])?;
                0
            }
        };
        let made = context.on_host(|host, _| self.process.ioctl(host, fd, request, &mut value));
        match made {
            Ok(()) if request == FIONBIO => Ok(Made::value(0)),
            Ok(()) => context.returned(2, value.into(), &[]),
            Err(error) => Ok(failed(error)),
        }
    }
}
