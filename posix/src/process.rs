//! The process: its file descriptors, and the thread that makes the calls.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hangup_stack::blocking::{self, ThreadId};
use hangup_stack::host::Host;
use hangup_stack::profile::DescriptorOrder;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::{Closing, Protocol, SocketId};

use crate::errno::Errno;
use crate::file::{File, FileDescriptor, FileId, Socket, Watched};

/// How a call that may wait ends.
pub type Progress<T> = blocking::Progress<T, Errno>;

/// One process on one host, and the children that it has forked: each has descriptors of its own,
/// and makes its calls on a thread of its own.
///
/// Where systems differ in what a call does on the wire or returns, the stack's profile knows;
/// where they differ in what the call itself does, this is Linux.
#[derive(Debug)]
pub struct Process {
    /// What each descriptor stands for; several can stand for one file (dup, fork).
    descriptors: BTreeMap<FileDescriptor, Held>,
    pub(crate) files: BTreeMap<FileId, File>,
    /// What is in each pipe that was ever opened.
    pub(crate) pipes: Vec<VecDeque<u8>>,
    next: u64,
    thread: ThreadId,
    /// The threads of the children.
    children: BTreeSet<ThreadId>,
    /// When the call that each thread waits in returns at the latest, where it has a limit.
    deadlines: BTreeMap<ThreadId, Instant>,
}

/// A descriptor of a process.
#[derive(Clone, Copy, Debug)]
struct Held {
    file: FileId,
    /// Whose it is: the thread of a child, or that with which the process began.
    owner: ThreadId,
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
            descriptors: BTreeMap::new(),
            files: BTreeMap::new(),
            pipes: Vec::new(),
            next: 3,
            thread: ThreadId::MAIN,
            children: BTreeSet::new(),
            deadlines: BTreeMap::new(),
        }
    }

    /// Lets a thread make the next calls. Each waits in its own call.
    pub const fn switch_to(&mut self, thread: ThreadId) {
        self.thread = thread;
    }

    /// The stack's socket behind a descriptor; none where it is not that of a socket.
    pub fn stack_socket(&self, fd: FileDescriptor) -> Option<SocketId> {
        self.stack_socket_of(self.held(fd)?)
    }

    /// The same of an open file.
    pub(crate) fn stack_socket_of(&self, file: FileId) -> Option<SocketId> {
        match self.files.get(&file)? {
            File::Socket(socket) => Some(socket.id),
            File::Epoll(_) | File::Pipe(_) | File::Memory(_) => None,
        }
    }

    /// Whether a handshake is to begin with the data that is sent first.
    pub(crate) fn is_deferred(&self, fd: FileDescriptor) -> bool {
        let file = self.held(fd).and_then(|it| self.files.get(&it));
        matches!(file, Some(File::Socket(socket)) if socket.deferred.is_some())
    }

    /// Whether a descriptor is that of an interest list (epoll_create).
    pub fn is_epoll(&self, fd: FileDescriptor) -> bool {
        let file = self.held(fd).and_then(|it| self.files.get(&it));
        matches!(file, Some(File::Epoll(_)))
    }

    /// Whether a descriptor is that of a socket of a byte stream.
    pub fn is_stream(&self, fd: FileDescriptor) -> bool {
        let file = self.held(fd).and_then(|it| self.files.get(&it));
        matches!(file, Some(File::Socket(socket)) if socket.protocol == Protocol::Tcp)
    }

    /// dup: another descriptor of the same open file, which lives until the last of them is closed.
    ///
    /// # Errors
    /// EBADF, EMFILE.
    pub fn dup(&mut self, fd: FileDescriptor) -> Result<FileDescriptor, Errno> {
        let file = self.file_id(fd)?;
        self.check_room()?;
        Ok(self.hold(file))
    }

    /// fork: another process, which makes its calls on this thread from then on. It has a copy of
    /// each descriptor of the process that has called: the files are the same, and live until the
    /// last descriptor of any process is closed. Returns the copies, each behind its original.
    pub fn fork(&mut self, child: ThreadId) -> Vec<(FileDescriptor, FileDescriptor)> {
        let owner = self.owner();
        let held = self.descriptors.iter();
        let own = held.filter(|(_, held)| held.owner == owner);
        let own: Vec<(FileDescriptor, FileId)> = own.map(|(fd, held)| (*fd, held.file)).collect();
        self.children.insert(child);
        let caller = std::mem::replace(&mut self.thread, child);
        let copied = own.into_iter().map(|(fd, file)| (fd, self.hold(file)));
        let copies = copied.collect();
        self.thread = caller;
        copies
    }

    /// Whether a child makes the calls now.
    pub fn is_child(&self) -> bool {
        self.children.contains(&self.thread)
    }

    /// dup2: the same, in place of a descriptor that is closed where it is open. Nobody waits for
    /// its linger time, which goes on in the background.
    ///
    /// # Errors
    /// EBADF, EMFILE.
    pub fn dup2(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        replaced: FileDescriptor,
    ) -> Result<FileDescriptor, Errno> {
        let file = self.file_id(fd)?;
        if fd == replaced {
            return Ok(fd);
        }
        if self.descriptors.contains_key(&replaced) {
            // Linux: do_dup2 says nothing of what the close has said.
            let _ = self.close(host, now, replaced);
            self.forget(replaced);
        }
        self.check_room()?;
        Ok(self.hold(file))
    }

    /// close: gives a descriptor back, and with the last of a file the file. With SO_LINGER and a
    /// time the call waits then, also on a non-blocking descriptor (Linux).
    ///
    /// # Errors
    /// EBADF.
    pub fn close(&mut self, host: &mut Host, now: Instant, fd: FileDescriptor) -> Progress<()> {
        let file = match self.file_id(fd) {
            Ok(file) => file,
            Err(error) => return Err(error).into(),
        };
        let closing = match self.files.get(&file) {
            Some(File::Socket(socket)) if self.is_last(fd) => host.close(socket.id, now),
            Some(File::Socket(_) | File::Epoll(_) | File::Pipe(_) | File::Memory(_)) | None => {
                Closing::Done
            }
        };
        match closing {
            Closing::Done => {
                self.forget(fd);
                Ok(()).into()
            }
            Closing::Lingers(until) => Progress::Blocks { until: Some(until) },
        }
    }

    /// The process ends, by itself or by a signal: the system closes its descriptors in the order
    /// of the profile, unread data and all, and calls that wait never return. What makes calls from
    /// then on is a new process of the same program. Parents and children of the process go on.
    pub fn exit(&mut self, host: &mut Host, now: Instant) {
        let owner = self.owner();
        let children = &self.children;
        self.deadlines.retain(|thread, _| match owner {
            ThreadId::MAIN => children.contains(thread),
            child => *thread != child,
        });
        let held = self.descriptors.iter();
        let own = held.filter(|(_, held)| held.owner == owner);
        let mut own: Vec<FileDescriptor> = own.map(|(fd, _)| *fd).collect();
        let order = host.profile().map(|profile| profile.close.exit_order);
        if order == Some(DescriptorOrder::Descending) {
            own.reverse();
        }
        for fd in own {
            if let Some(socket) = self.stack_socket(fd).filter(|_| self.is_last(fd)) {
                host.release(socket, now);
            }
            self.forget(fd);
        }
    }

    /// Whether no other descriptor stands for the same file.
    fn is_last(&self, fd: FileDescriptor) -> bool {
        let file = self.held(fd);
        let same = { self.descriptors.values() }.filter(|it| Some(it.file) == file);
        same.count() == 1
    }

    /// Takes a descriptor away, and with the last of a file the file.
    fn forget(&mut self, fd: FileDescriptor) {
        let is_last = self.is_last(fd);
        if let Some(held) = self.descriptors.remove(&fd)
            && is_last
        {
            self.files.remove(&held.file);
        }
    }

    /// The thread that makes the calls now.
    pub(crate) const fn thread(&self) -> ThreadId {
        self.thread
    }

    /// The file that a descriptor stands for.
    pub(crate) fn file_id(&self, fd: FileDescriptor) -> Result<FileId, Errno> {
        self.held(fd).ok_or(Errno::BadDescriptor)
    }

    pub(crate) fn file(&mut self, fd: FileDescriptor) -> Result<&mut File, Errno> {
        let file = self.file_id(fd)?;
        self.files.get_mut(&file).ok_or(Errno::BadDescriptor)
    }

    /// The socket that a descriptor stands for.
    pub(crate) fn socket_of(&mut self, fd: FileDescriptor) -> Result<&mut Socket, Errno> {
        match self.file(fd)? {
            File::Socket(socket) => Ok(socket),
            File::Epoll(_) | File::Pipe(_) | File::Memory(_) => Err(Errno::NotSocket),
        }
    }

    /// The entries of all interest lists.
    pub(crate) fn all_watched(&mut self) -> impl Iterator<Item = &mut Watched> {
        self.files.values_mut().flat_map(|file| match file {
            File::Epoll(watched) => watched.iter_mut(),
            File::Socket(_) | File::Pipe(_) | File::Memory(_) => [].iter_mut(),
        })
    }

    /// Fails where the process has no more descriptors.
    pub(crate) fn check_room(&self) -> Result<(), Errno> {
        let owner = self.owner();
        let own = { self.descriptors.values() }.filter(|held| held.owner == owner);
        if own.count() < FILES_MAX {
            Ok(())
        } else {
            Err(Errno::TooManyFiles)
        }
    }

    /// Opens a file, for which there is room.
    pub(crate) fn open(&mut self, file: File) -> FileDescriptor {
        let id = FileId(self.next);
        self.files.insert(id, file);
        self.hold(id)
    }

    /// Gives the process that makes the calls a new descriptor of a file.
    fn hold(&mut self, file: FileId) -> FileDescriptor {
        let fd = self.next_descriptor();
        let owner = self.owner();
        self.descriptors.insert(fd, Held { file, owner });
        fd
    }

    /// The file that a descriptor of the process stands for which makes the calls.
    pub(crate) fn held(&self, fd: FileDescriptor) -> Option<FileId> {
        let held = self.descriptors.get(&fd)?;
        (held.owner == self.owner()).then_some(held.file)
    }

    /// The process that makes the calls, by its thread.
    fn owner(&self) -> ThreadId {
        match self.is_child() {
            true => self.thread,
            false => ThreadId::MAIN,
        }
    }

    fn next_descriptor(&mut self) -> FileDescriptor {
        self.next += 1;
        FileDescriptor::from_raw(self.next - 1)
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
