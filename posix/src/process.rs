//! The process: its file descriptors, and the thread that makes the calls.

use std::collections::BTreeMap;

use hangup_stack::blocking::{self, ThreadId};
use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::{Closing, SocketId};

use crate::errno::Errno;
use crate::file::{File, FileDescriptor, Socket};

/// How a call that may wait ends.
pub type Progress<T> = blocking::Progress<T, Errno>;

/// One process on one host.
///
/// Where systems differ in what a call does on the wire or returns, the stack's profile knows;
/// where they differ in what the call itself does, this is Linux.
#[derive(Debug)]
pub struct Process {
    files: BTreeMap<FileDescriptor, File>,
    next: u64,
    thread: ThreadId,
    /// When the call that each thread waits in returns at the latest, where it has a limit.
    deadlines: BTreeMap<ThreadId, Instant>,
}

/// The most descriptors a process may have open, as `ulimit -n` says by default.
pub const FILES_MAX: usize = 1024;

impl Default for Process {
    fn default() -> Self {
        Self::new()
    }
}

impl Process {
    /// A process that has standard input, output and error open, and nothing else.
    pub const fn new() -> Self {
        Self {
            files: BTreeMap::new(),
            next: 3,
            thread: ThreadId::MAIN,
            deadlines: BTreeMap::new(),
        }
    }

    /// Lets a thread make the next calls. Each waits in its own call.
    pub const fn switch_to(&mut self, thread: ThreadId) {
        self.thread = thread;
    }

    /// The stack's socket behind a descriptor; none where it is not that of a socket.
    pub fn stack_socket(&self, fd: FileDescriptor) -> Option<SocketId> {
        match self.files.get(&fd)? {
            File::Socket(socket) => Some(socket.id),
            File::Epoll(_) => None,
        }
    }

    /// Whether a descriptor is that of an interest list (epoll_create).
    pub fn is_epoll(&self, fd: FileDescriptor) -> bool {
        matches!(self.files.get(&fd), Some(File::Epoll(_)))
    }

    /// close: gives a descriptor back. With SO_LINGER and a time the call waits, also on a
    /// non-blocking descriptor (Linux).
    ///
    /// # Errors
    /// EBADF.
    pub fn close(&mut self, host: &mut Host, now: Instant, fd: FileDescriptor) -> Progress<()> {
        let closing = match self.files.get(&fd) {
            Some(File::Socket(socket)) => host.close(socket.id, now),
            Some(File::Epoll(_)) => Closing::Done,
            None => return Err(Errno::BadDescriptor).into(),
        };
        match closing {
            Closing::Done => {
                self.files.remove(&fd);
                Ok(()).into()
            }
            Closing::Lingers(until) => Progress::Blocks { until: Some(until) },
        }
    }

    /// The thread that makes the calls now.
    pub(crate) const fn thread(&self) -> ThreadId {
        self.thread
    }

    pub(crate) fn file(&mut self, fd: FileDescriptor) -> Result<&mut File, Errno> {
        self.files.get_mut(&fd).ok_or(Errno::BadDescriptor)
    }

    /// The socket that a descriptor stands for. What is no socket is as good as not open.
    pub(crate) fn socket_of(&mut self, fd: FileDescriptor) -> Result<&mut Socket, Errno> {
        match self.file(fd)? {
            File::Socket(socket) => Ok(socket),
            File::Epoll(_) => Err(Errno::BadDescriptor),
        }
    }

    /// Fails where the process has no more descriptors.
    pub(crate) fn check_room(&self) -> Result<(), Errno> {
        if self.files.len() < FILES_MAX {
            Ok(())
        } else {
            Err(Errno::TooManyFiles)
        }
    }

    /// Opens a file, for which there is room.
    pub(crate) fn open(&mut self, file: File) -> FileDescriptor {
        let fd = FileDescriptor::from_raw(self.next);
        self.next += 1;
        self.files.insert(fd, file);
        fd
    }

    /// Ends a call that waits on a socket with a time limit (SO_RCVTIMEO, SO_SNDTIMEO; no time:
    /// none), which counts from when the call was made first. `late` is what it returns then.
    pub(crate) fn within<T>(
        &mut self,
        now: Instant,
        limit: Duration,
        outcome: Progress<T>,
        late: impl FnOnce(&mut Self) -> Result<T, Errno>,
    ) -> Progress<T> {
        if matches!(outcome, Progress::Done(_)) || limit == Duration::ZERO {
            self.deadlines.remove(&self.thread);
            return outcome;
        }
        let until = *self.deadlines.entry(self.thread).or_insert(now + limit);
        if now < until {
            return Progress::Blocks { until: Some(until) };
        }
        self.deadlines.remove(&self.thread);
        late(self).into()
    }

    /// Ends a call that waits for readiness: it returns where something is ready or its timeout is
    /// over, in milliseconds since it was made first; a negative one never is.
    pub(crate) fn await_ready(
        &mut self,
        now: Instant,
        timeout: i32,
        is_ready: bool,
    ) -> Progress<()> {
        let made = self.deadlines.remove(&self.thread);
        let until = made.or_else(|| {
            let milliseconds = u64::try_from(timeout).ok()?;
            Some(now + Duration::from_millis(milliseconds))
        });
        if is_ready || until.is_some_and(|until| now >= until) {
            return Ok(()).into();
        }
        self.deadlines
            .extend(until.map(|until| (self.thread, until)));
        Progress::Blocks { until }
    }
}
