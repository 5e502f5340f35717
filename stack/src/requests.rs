//! Connection requests: the SYNs of a listening socket that the application answers itself.

use smoltcp::time::Instant;
use smoltcp::wire::IpEndpoint;

use crate::host::Host;
use crate::socket::SocketId;

/// The most SYNs that wait at a listening socket; later ones are dropped, and come again.
pub(crate) const REQUESTS_MAX: usize = 1024;

/// The answer of an application to a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    Refused,
}

impl Host {
    /// The next SYN that waits for the answer of the application: at which of our addresses, and
    /// from where. None where [`CONDITIONAL_ACCEPT`](crate::options::CONDITIONAL_ACCEPT) is off.
    pub fn request(&self, listener: SocketId) -> Option<(IpEndpoint, IpEndpoint)> {
        let listening = self.stack().listening(listener)?;
        let next = listening.requests.front()?;
        Some((next.local, next.remote))
    }

    /// Answers the next SYN: the connection is there for [`Host::accept`] once its handshake has
    /// ended. Whether there was one.
    pub fn admit(&mut self, listener: SocketId, now: Instant) -> bool {
        self.answer_next(listener, Admission::Admitted, now)
    }

    /// Refuses the next SYN, as a closed port does. Whether there was one.
    pub fn refuse(&mut self, listener: SocketId, now: Instant) -> bool {
        self.answer_next(listener, Admission::Refused, now)
    }

    fn answer_next(&mut self, listener: SocketId, admission: Admission, now: Instant) -> bool {
        let stack = self.stack_mut();
        let listening = stack.listening_mut(listener);
        let Some(request) = listening.and_then(|it| it.requests.pop_front()) else {
            return false;
        };
        stack.answer_request(listener, request, admission, now);
        true
    }
}
