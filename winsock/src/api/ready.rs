//! select and WSAPoll.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};

use super::thread::Alertable;
use super::threads::Waited;
use super::winsock::{Entrance, SocketCall, Winsock};
use crate::error::WsaError;
use crate::function::Function;
use crate::notify::Readiness;
use crate::process::{Progress, Socket};
use crate::provider::call::Sets;
use crate::provider::check::{Check, Prolog};

/// FD_SETSIZE, as it is unless a program defines it otherwise: the most sockets of one set.
pub const FD_SETSIZE: usize = 64;

/// WSAPoll: an error has occurred.
pub const POLLERR: i16 = 0x0001;
/// WSAPoll: the connection was ended by the peer, or is over.
pub const POLLHUP: i16 = 0x0002;
/// WSAPoll: the handle is no socket.
pub const POLLNVAL: i16 = 0x0004;
/// WSAPoll: normal data can be written.
pub const POLLWRNORM: i16 = 0x0010;
/// WSAPoll: priority data can be written. Asking for it is an error.
pub const POLLWRBAND: i16 = 0x0020;
/// WSAPoll: normal data can be read.
pub const POLLRDNORM: i16 = 0x0100;
/// WSAPoll: priority data can be read, which never happens here.
pub const POLLRDBAND: i16 = 0x0200;
/// WSAPoll: high-priority data can be read. Asking for it is an error.
pub const POLLPRI: i16 = 0x0400;
/// WSAPoll: what can be asked for.
const POLL_EVENTS: i16 = POLLRDNORM | POLLRDBAND | POLLWRNORM;

/// WSAPOLLFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollFd {
    /// fd.
    pub s: Socket,
    /// What is asked for.
    pub events: i16,
    /// What is the case.
    pub revents: i16,
}

impl Winsock {
    /// select: which of the sockets are ready, once one is or the time is over; the sets are
    /// replaced by those that are. No time waits for ever.
    ///
    /// All sockets must be of one provider, whose WSPSelect knows no others.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAEINVAL where all sets are
    /// empty or the sockets have several providers, WSAEINTR.
    pub fn select(
        &mut self,
        host: &mut Host,
        now: Instant,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Progress<usize> {
        let function = Function::Select;
        let all = sets.read.iter().chain(&sets.write).chain(&sets.except);
        let routes: Vec<Option<usize>> = all.map(|&s| self.route(s)).collect();
        let prolog = Prolog {
            started: Check::that(self.startups > 0),
            not_nested: self.check_not_nested(function, Socket::INVALID),
            is_socket: Check::that(routes.iter().all(Option::is_some)),
        };
        let one_provider = routes.windows(2).all(|pair| pair[0] == pair[1]);
        let fits = [&sets.read, &sets.write, &sets.except]
            .iter()
            .all(|set| set.len() <= FD_SETSIZE);
        let outcome = match (prolog.verdict(), routes.first()) {
            (Err(error), _) => Err(error).into(),
            _ if !host.is_up() => Err(WsaError::NetworkDown).into(),
            (Ok(()), Some(&Some(index))) if one_provider && fits => {
                if self.is_undefined(function) {
                    return self.refuse_undefined(function);
                }
                let waiting = self.waiting(function, Socket::INVALID);
                let (provider, mut context) = self.provider(index, host, now, waiting);
                provider.select(&mut context, sets, timeout)
            }
            (Ok(()), _) => Err(WsaError::Invalid).into(),
        };
        let call = SocketCall {
            function,
            entrance: Entrance::Api,
            s: Socket::INVALID,
        };
        self.finish(call, routes.first().copied().flatten(), outcome)
    }

    /// WSAPoll: what is the case at each of the sockets, once anything is or the time is over;
    /// returns at how many. No time waits for ever.
    ///
    /// POLLERR, POLLHUP and POLLNVAL need not be asked for. A handle that is no socket is reported
    /// as POLLNVAL and is no error.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENETDOWN, WSAEINVAL for no socket at all or for an
    /// event that cannot be asked for.
    pub fn wsa_poll(
        &mut self,
        host: &mut Host,
        now: Instant,
        fds: &mut [PollFd],
        timeout: Option<Duration>,
    ) -> Progress<usize> {
        let function = Function::Poll;
        let unknown = fds.iter().any(|fd| fd.events & !POLL_EVENTS != 0);
        let arguments = Check::that(!fds.is_empty() && !unknown);
        if let Err(error) = self.check_process(host, function, arguments) {
            return self.finish_wait(function, Err(error).into());
        }
        if self.is_undefined(function) {
            return self.refuse_undefined(function);
        }
        let mut count = 0;
        for fd in &mut *fds {
            fd.revents = self.revents(host, now, fd);
            count += usize::from(fd.revents != 0);
        }
        let outcome = if count > 0 {
            Ok(count).into()
        } else {
            loop {
                match self.wait(now, function, timeout, Alertable::Yes) {
                    Waited::Waits(outcome) => break outcome,
                    Waited::TimedOut => break Ok(0).into(),
                    // The wait goes on after an APC.
                    Waited::Interrupted => self.forget_interruption(),
                }
            }
        };
        self.finish_wait(function, outcome)
    }

    fn revents(&mut self, host: &mut Host, now: Instant, fd: &PollFd) -> i16 {
        let Some(index) = self.route(fd.s) else {
            return POLLNVAL;
        };
        let (provider, mut context) = self.provider(index, host, now, None);
        let Readiness {
            data,
            writable,
            failed,
            hung_up,
            error,
            ..
        } = provider.readiness(&mut context, fd.s);
        let bit = |holds: bool, bit: i16| if holds { bit } else { 0 };
        let ended = failed || error.is_some();
        (bit(data, POLLRDNORM) | bit(writable || ended, POLLWRNORM)) & fd.events
            | bit(hung_up || ended, POLLHUP)
            | bit(ended, POLLERR)
    }
}
