//! poll.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::SocketId;

use crate::errno::Errno;
use crate::file::FileDescriptor;
use crate::process::{Process, Progress};

/// There is something to read, or to accept, or an end to learn of.
pub const POLLIN: i16 = 0x1;
/// There is an urgent octet.
pub const POLLPRI: i16 = 0x2;
/// A send would not wait.
pub const POLLOUT: i16 = 0x4;
/// There is an error; always told.
pub const POLLERR: i16 = 0x8;
/// Both directions have ended; always told.
pub const POLLHUP: i16 = 0x10;
/// The descriptor is not that of an open socket; always told.
pub const POLLNVAL: i16 = 0x20;
/// Receiving has ended (Linux).
pub const POLLRDHUP: i16 = 0x2000;

/// struct pollfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollFd {
    /// Which descriptor.
    pub fd: FileDescriptor,
    /// What is asked: POLLIN, POLLOUT, POLLRDHUP.
    pub events: i16,
    /// Which of it holds, with POLLERR, POLLHUP and POLLNVAL.
    pub revents: i16,
}

/// The three sets of select.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// readfds.
    pub read: Vec<FileDescriptor>,
    /// writefds.
    pub write: Vec<FileDescriptor>,
    /// exceptfds.
    pub except: Vec<FileDescriptor>,
}

impl PollFd {
    /// Asks for events of a descriptor.
    pub const fn new(fd: FileDescriptor, events: i16) -> Self {
        Self {
            fd,
            events,
            revents: 0,
        }
    }
}

impl Process {
    /// poll: sets `revents` of each entry, and returns for how many it is not 0. Where it is for
    /// none, waits for one for so many milliseconds; a negative timeout has no end.
    pub fn poll(
        &mut self,
        host: &mut Host,
        now: Instant,
        fds: &mut [PollFd],
        timeout: i32,
    ) -> Progress<usize> {
        for entry in &mut *fds {
            entry.revents = self.ready(host, entry.fd, entry.events);
        }
        let ready = fds.iter().filter(|entry| entry.revents != 0).count();
        self.await_ready(now, timeout, ready > 0).map(|()| ready)
    }

    /// select: leaves in the sets what is ready, and returns how many there are; where nothing is,
    /// waits for so long; no time: for ever. A socket is exceptional where an urgent octet waits.
    ///
    /// # Errors
    /// EBADF for a descriptor that is not open.
    pub fn select(
        &mut self,
        host: &mut Host,
        now: Instant,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Progress<usize> {
        // Linux: POLLIN_SET and POLLOUT_SET of fs/select.c.
        let mut ready = |fds: &[FileDescriptor], asked: i16, also: i16| {
            let mut is_ready =
                |&&fd: &&FileDescriptor| self.ready(host, fd, asked) & (asked | also) != 0;
            fds.iter()
                .filter(|fd| is_ready(fd))
                .copied()
                .collect::<Vec<_>>()
        };
        let all = [&sets.read, &sets.write, &sets.except];
        let are_open = |fds: &Vec<_>| fds.iter().all(|fd| self.stack_socket(*fd).is_some());
        if !all.into_iter().all(are_open) {
            return Err(Errno::BadDescriptor).into();
        }
        let found = Sets {
            read: ready(&sets.read, POLLIN, POLLHUP | POLLERR),
            write: ready(&sets.write, POLLOUT, POLLERR),
            except: ready(&sets.except, POLLPRI, 0),
        };
        let count = found.read.len() + found.write.len() + found.except.len();
        let milliseconds = timeout.map(|timeout| timeout.total_micros().div_ceil(1000));
        let milliseconds = milliseconds.map_or(-1, |it| i32::try_from(it).unwrap_or(i32::MAX));
        let waited = self.await_ready(now, milliseconds, count > 0);
        if matches!(waited, Progress::Done(_)) {
            *sets = found;
        }
        waited.map(|()| count)
    }

    /// Which of some events a descriptor is ready for. An error, the end of both directions and a
    /// descriptor that is not open are always among them.
    pub(crate) fn ready(&self, host: &mut Host, fd: FileDescriptor, events: i16) -> i16 {
        let Some(socket) = self.stack_socket(fd) else {
            return self.ready_plain(fd, events).unwrap_or(POLLNVAL);
        };
        if self.is_deferred(fd) {
            // Linux: tcp_poll asks for the write that begins the handshake.
            return events & POLLOUT;
        }
        ready_of(host, socket, events)
    }
}

/// Which of some events a socket is ready for, an error and the end of both directions included.
pub(crate) fn ready_of(host: &mut Host, socket: SocketId, events: i16) -> i16 {
    let Some(status) = host.status(socket) else {
        return POLLHUP;
    };
    if !status.writable {
        host.note_lack(socket);
    }
    [
        (POLLIN, status.readable),
        (POLLPRI, status.urgent),
        (POLLOUT, status.writable),
        (POLLRDHUP, status.receive_ended),
        (POLLHUP, status.hung_up),
        (POLLERR, status.error.is_some() || status.reports.0 > 0),
    ]
    .into_iter()
    .filter(|(event, holds)| *holds && (events | POLLHUP | POLLERR) & event != 0)
    .fold(0, |all, (event, _)| all | event)
}
