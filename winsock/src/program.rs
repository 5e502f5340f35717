//! A program on a host, whose calls take virtual time.

use hangup_stack::host::Host;
use hangup_stack::network::{HostId, Network};
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::Status;

use crate::api::Winsock;
use crate::error::WsaError;
use crate::process::{Progress, Socket};

/// A process, the host it runs on, and how long it waits: the shortest way to play a program from
/// Rust.
///
/// A call that does not block is made with [`Program::call`], one that may with [`Program::wait`],
/// which lets the network go on until the call returns.
#[derive(Debug)]
pub struct Program {
    host: HostId,
    patience: Duration,
    winsock: Winsock,
}

impl Program {
    /// A process on a host, of which each call that blocks waits at most so long.
    pub fn new(host: HostId, patience: Duration) -> Self {
        Self {
            host,
            patience,
            winsock: Winsock::new(),
        }
    }

    /// Makes calls that do not block, at the network's time.
    pub fn call<T>(
        &mut self,
        network: &mut Network,
        call: impl FnOnce(&mut Winsock, &mut Host, Instant) -> T,
    ) -> T {
        let winsock = &mut self.winsock;
        network.with_host(self.host, |host, now| call(winsock, host, now))
    }

    /// Makes a call again and again, while the network goes on, until it returns.
    ///
    /// # Errors
    /// Those of the call, and [`WsaError::TimedOut`] where it has not returned within the time that
    /// the program waits, as under SO_RCVTIMEO and SO_SNDTIMEO (setsockopt).
    pub fn wait<T>(
        &mut self,
        network: &mut Network,
        mut call: impl FnMut(&mut Winsock, &mut Host, Instant) -> Progress<T>,
    ) -> Result<T, WsaError> {
        let limit = network.now() + self.patience;
        loop {
            let until = match self.call(network, &mut call) {
                Progress::Done(result) => return result,
                Progress::Blocks { until } => until,
            };
            if network.now() >= limit {
                return Err(WsaError::TimedOut);
            }
            network.step(until.map_or(limit, |until| until.min(limit)));
        }
    }

    /// What the stack knows of a socket; none where there is no such socket.
    pub fn status(&self, network: &Network, s: Socket) -> Option<Status> {
        let id = self.winsock.stack_socket(s)?;
        network.host(self.host).status(id)
    }
}
