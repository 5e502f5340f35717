//! socket, bind, listen, accept, connect, shutdown, close.

use hangup_posix::sockets::{AF_INET, AF_INET6};
use hangup_posix::{FileDescriptor, Progress};
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::wire::IpEndpoint;

use super::state::PosixCalls;
use super::words::{BACKLOGS, DOMAINS, HOWS, PROTOCOLS, TYPES};
use crate::calls::answer::{BadCall, Made, failed, status, waited};
use crate::calls::argument::{Context, DEFAULT_PORT, Target, unspecified};
use crate::scenario::script::Argument;

impl PosixCalls {
    pub(super) fn socket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let domain = match context.argument(0) {
            Some(Argument::Ellipsis) => match context.default_family() {
                IpFamily::V4 => AF_INET,
                IpFamily::V6 => AF_INET6,
            },
            _ => context.narrow(0, DOMAINS)?,
        };
        let kind = context.narrow(1, TYPES)?;
        let protocol = context.narrow(2, PROTOCOLS)?;
        let family = match domain {
            AF_INET6 => IpFamily::V6,
            _ => IpFamily::V4,
        };
        let made = context.on_host(|host, _| self.process.socket(host, domain, kind, protocol));
        Ok(self.opened(made, family))
    }

    pub(super) fn bind(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let family = self.family(fd);
        let address = match context.endpoint(1, family)? {
            Target::Address(endpoint) => endpoint,
            Target::Default => IpEndpoint::new(unspecified(family), DEFAULT_PORT),
        };
        context.size(2)?;
        let bound = context.on_host(|host, _| self.process.bind(host, fd, address));
        Ok(status(bound))
    }

    pub(super) fn listen(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let backlog = context.narrow(1, BACKLOGS)?;
        let listens = context.on_host(|host, _| self.process.listen(host, fd, backlog));
        Ok(status(listens))
    }

    pub(super) fn accept(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let family = self.family(fd);
        let expected = context.expected_address(1, family)?;
        context.size(2)?;
        let accepted = match context.on_host(|host, now| self.process.accept(host, now, fd)) {
            Progress::Done(accepted) => accepted,
            Progress::Blocks { until } => return Ok(Made::Blocks { until }),
        };
        let peer = accepted
            .ok()
            .and_then(|fd| self.process.stack_socket(fd))
            .and_then(|socket| context.on_host(|host, _| host.status(socket)?.remote));
        let made = self.opened(accepted, family);
        Ok(context.with_address(made, 1, expected, peer))
    }

    pub(super) fn connect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let remote = self.destination(context, 1, fd)?;
        context.size(2)?;
        let connected = context.on_host(|host, now| self.process.connect(host, now, fd, remote));
        Ok(waited(connected.map(|()| 0)))
    }

    pub(super) fn getsockname(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        context.expected_address(1, self.family(fd))?;
        context.size(2)?;
        match context.on_host(|host, _| self.process.getsockname(host, fd)) {
            Ok(name) => context.returned_address(1, name),
            Err(error) => Ok(failed(error)),
        }
    }

    pub(super) fn getpeername(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        context.expected_address(1, self.family(fd))?;
        context.size(2)?;
        match context.on_host(|host, _| self.process.getpeername(host, fd)) {
            Ok(name) => context.returned_address(1, name),
            Err(error) => Ok(failed(error)),
        }
    }

    /// The address of a peer.
    pub(super) fn destination(
        &self,
        context: &Context<'_>,
        index: usize,
        fd: FileDescriptor,
    ) -> Result<IpEndpoint, BadCall> {
        let family = self.family(fd);
        match context.endpoint(index, family)? {
            Target::Address(endpoint) => Ok(endpoint),
            Target::Default => context.default_peer(index, family),
        }
    }

    pub(super) fn shutdown(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let how = context.narrow(1, HOWS)?;
        let ended = context.on_host(|host, _| self.process.shutdown(host, fd, how));
        Ok(status(ended))
    }

    pub(super) fn close(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = FileDescriptor::from_raw(self.program.descriptors.first(context)?);
        let closed = context.on_host(|host, now| self.process.close(host, now, fd));
        Ok(waited(closed.map(|()| 0)))
    }
}
