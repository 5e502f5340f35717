//! epoll_create, epoll_ctl and epoll_wait, on top of the readiness that poll reports, by levels and
//! by edges (EPOLLET): an edge is a wake-up of Linux, told by what it changes in a socket.
//!
//! Left out: lists in lists.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::SocketId;

use crate::errno::Errno;
use crate::file::{Edges, File, FileDescriptor, FileId, Watched};
use crate::poll::{POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP, ready_of};
use crate::process::{Process, Progress};

/// Linux: the events of epoll have the numbers of those of poll.
pub const EPOLLIN: u32 = POLLIN.unsigned_abs() as u32;
/// There is an urgent octet.
pub const EPOLLPRI: u32 = POLLPRI.unsigned_abs() as u32;
/// A send would not wait.
pub const EPOLLOUT: u32 = POLLOUT.unsigned_abs() as u32;
/// There is an error; always told.
pub const EPOLLERR: u32 = POLLERR.unsigned_abs() as u32;
/// Both directions have ended; always told.
pub const EPOLLHUP: u32 = POLLHUP.unsigned_abs() as u32;
/// Receiving has ended.
pub const EPOLLRDHUP: u32 = POLLRDHUP.unsigned_abs() as u32;
/// The entry tells once, until EPOLL_CTL_MOD.
pub const EPOLLONESHOT: u32 = 1 << 30;
/// One of several lists is woken, which a single list cannot tell from all.
pub const EPOLLEXCLUSIVE: u32 = 1 << 28;
/// Edges rather than levels: an entry tells again only after something new has come.
pub const EPOLLET: u32 = 1 << 31;
/// epoll_ctl: adds an entry.
pub const EPOLL_CTL_ADD: i32 = 1;
/// epoll_ctl: removes an entry.
pub const EPOLL_CTL_DEL: i32 = 2;
/// epoll_ctl: changes an entry.
pub const EPOLL_CTL_MOD: i32 = 3;

/// The events that poll has too.
const EVENTS_OF_POLL: u32 = 0x7fff;

/// What goes with EPOLLEXCLUSIVE (Linux: EPOLLEXCLUSIVE_OK_BITS).
const WITH_EXCLUSIVE: u32 = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLET | EPOLLEXCLUSIVE;

/// struct epoll_event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpollEvent {
    /// EPOLLIN, EPOLLOUT, ...
    pub events: u32,
    /// What the program wants back with them.
    pub data: u64,
}

impl Process {
    /// epoll_create: opens an interest list.
    ///
    /// # Errors
    /// EINVAL for a size that is not positive (Linux looks no closer), EMFILE.
    pub fn epoll_create(&mut self, size: i32) -> Result<FileDescriptor, Errno> {
        if size <= 0 {
            return Err(Errno::Invalid);
        }
        self.check_room()?;
        Ok(self.open(File::Epoll(Vec::new())))
    }

    /// epoll_ctl: adds, changes or removes the entry of a socket.
    ///
    /// # Errors
    /// EBADF, EINVAL where `epfd` is no list, `fd` is one, the operation is unknown or has no
    /// event; EEXIST, ENOENT.
    pub fn epoll_ctl(
        &mut self,
        epfd: FileDescriptor,
        operation: i32,
        fd: FileDescriptor,
        event: Option<EpollEvent>,
    ) -> Result<(), Errno> {
        let file = self.file_id(fd)?;
        let is_socket = matches!(self.file(fd)?, File::Socket(_));
        let watched = self.watched(epfd)?;
        if !is_socket {
            return Err(Errno::Invalid);
        }
        let known = watched
            .iter()
            .position(|entry| entry.fd == fd && entry.file == file);
        let entry = event.map(|EpollEvent { events, data }| Watched {
            fd,
            file,
            events,
            data,
            is_armed: true,
            edges: Edges::NEW,
        });
        let is_alone =
            |it: &Watched| it.events & EPOLLEXCLUSIVE == 0 || it.events & !WITH_EXCLUSIVE == 0;
        if !entry.as_ref().is_none_or(is_alone) {
            return Err(Errno::Invalid);
        }
        match (operation, known, entry) {
            (EPOLL_CTL_ADD, None, Some(entry)) => watched.push(entry),
            (EPOLL_CTL_ADD, Some(_), _) => return Err(Errno::Exists),
            (EPOLL_CTL_MOD, Some(index), Some(entry))
                if (watched[index].events | entry.events) & EPOLLEXCLUSIVE != 0 =>
            {
                return Err(Errno::Invalid);
            }
            (EPOLL_CTL_MOD, Some(index), Some(entry)) => watched[index] = entry,
            (EPOLL_CTL_DEL, Some(index), _) => {
                watched.remove(index);
            }
            (EPOLL_CTL_MOD | EPOLL_CTL_DEL, None, _) => return Err(Errno::NoEntry),
            _ => return Err(Errno::Invalid),
        }
        Ok(())
    }

    /// epoll_wait: the entries that are ready, at most so many. Where none is, waits for one for so
    /// many milliseconds; a negative timeout has no end.
    ///
    /// Where more are ready than wanted, the first are those that were added first: in which order
    /// they became ready, as Linux has it, no state tells.
    ///
    /// # Errors
    /// EBADF, EINVAL where `epfd` is no list or none is wanted.
    pub fn epoll_wait(
        &mut self,
        host: &mut Host,
        now: Instant,
        epfd: FileDescriptor,
        max_events: i32,
        timeout: i32,
    ) -> Progress<Vec<EpollEvent>> {
        let ready = match self.epoll_ready(host, epfd) {
            Ok(ready) => ready,
            Err(error) => return Err(error).into(),
        };
        let max_events = usize::try_from(max_events).unwrap_or(0);
        if max_events == 0 {
            return Err(Errno::Invalid).into();
        }
        let told: Vec<_> = ready.into_iter().take(max_events).collect();
        match self.await_ready(now, timeout, !told.is_empty()) {
            Progress::Done(_) => self.tell(epfd, &told).into(),
            Progress::Blocks { until } => Progress::Blocks { until },
        }
    }

    /// How many entries of a list are ready: what epoll_wait would return with room for all.
    ///
    /// # Errors
    /// EBADF, EINVAL where `epfd` is no list.
    pub fn epoll_ready_count(
        &mut self,
        host: &mut Host,
        epfd: FileDescriptor,
    ) -> Result<usize, Errno> {
        Ok(self.epoll_ready(host, epfd)?.len())
    }

    /// The places of the entries that are ready, with their events. A file whose last descriptor
    /// was closed is in no list any more.
    fn epoll_ready(
        &mut self,
        host: &mut Host,
        epfd: FileDescriptor,
    ) -> Result<Vec<(usize, u32)>, Errno> {
        let sockets: Vec<Option<SocketId>> = {
            let files: Vec<FileId> = self.watched(epfd)?.iter().map(|it| it.file).collect();
            let socket = |file| self.stack_socket_of(file);
            files.into_iter().map(socket).collect()
        };
        let entries = self.watched(epfd)?.iter_mut().zip(sockets);
        let armed = entries.enumerate().filter(|(_, (it, _))| it.is_armed);
        let ready = armed.filter_map(|(index, (entry, socket))| {
            let asked = i16::try_from(entry.events & EVENTS_OF_POLL).unwrap_or(i16::MAX);
            let mut events = ready_of(host, socket?, asked);
            if entry.events & EPOLLET != 0 {
                events = edges_of(host, socket?, entry, events);
            }
            Some((index, u32::from(events.unsigned_abs())))
        });
        Ok(ready.filter(|(_, events)| *events != 0).collect())
    }

    /// A send found no room for all: room is an edge from then on, in every list.
    pub(crate) fn lacked_space(&mut self, fd: FileDescriptor) {
        let Ok(file) = self.file_id(fd) else {
            return;
        };
        for entry in self.all_watched().filter(|entry| entry.file == file) {
            entry.edges.lacked_space |= entry.events & EPOLLOUT != 0;
        }
    }

    /// Tells of entries. Those that tell once have told.
    fn tell(
        &mut self,
        epfd: FileDescriptor,
        told: &[(usize, u32)],
    ) -> Result<Vec<EpollEvent>, Errno> {
        let watched = self.watched(epfd)?;
        let events = told.iter().map(|&(index, events)| {
            let entry = &mut watched[index];
            entry.is_armed = entry.events & EPOLLONESHOT == 0;
            entry.edges.is_woken = false;
            let data = entry.data;
            EpollEvent { events, data }
        });
        Ok(events.collect())
    }

    /// The entries of a list.
    fn watched(&mut self, epfd: FileDescriptor) -> Result<&mut Vec<Watched>, Errno> {
        match self.file(epfd)? {
            File::Epoll(watched) => Ok(watched),
            File::Socket(_) | File::Pipe(_) | File::Memory(_) => Err(Errno::Invalid),
        }
    }
}

/// The events that an entry tells which was woken. Where it was and nothing is ready, it waits for
/// the next time.
fn edges_of(host: &Host, socket: SocketId, entry: &mut Watched, ready: i16) -> i16 {
    if let Some(status) = host.status(socket) {
        let asks = |event| entry.events & event != 0;
        let (reads, writes) = (asks(EPOLLIN), asks(EPOLLOUT));
        entry.edges.look(&status, reads, writes);
    }
    if !entry.edges.is_woken {
        return 0;
    }
    entry.edges.is_woken = ready != 0;
    ready
}
