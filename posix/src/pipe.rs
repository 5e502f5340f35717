//! pipe, memfd_create, splice and sendfile: what moves octets of a socket without a program that
//! reads them. They are Linux's, on every POSIX host.
//!
//! Left out: pages. A pipe holds octets here, and not pieces of which 16 fit whatever their length.

use std::collections::VecDeque;

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use crate::data::{MSG_DONTWAIT, MSG_MORE};
use crate::errno::Errno;
use crate::file::{File, FileDescriptor, Memory, Mode, PipeEnd, PipeId, Side};
use crate::poll::{POLLERR, POLLHUP, POLLIN, POLLOUT};
use crate::process::{Process, Progress};

/// splice: the call does not wait.
pub const SPLICE_F_NONBLOCK: i32 = 2;
/// splice: more follows at once.
pub const SPLICE_F_MORE: i32 = 4;

/// What a pipe holds, in octets.
const PIPE_OCTETS: usize = 65_536;
/// A write of at most so many octets is taken whole or not at all (PIPE_BUF).
const ATOMIC_OCTETS: usize = 4096;
impl Process {
    /// pipe: its two ends, the one that is read first.
    ///
    /// # Errors
    /// EMFILE.
    pub fn pipe(&mut self) -> Result<[FileDescriptor; 2], Errno> {
        self.check_room()?;
        let pipe = PipeId(self.pipes.len());
        self.pipes.push(VecDeque::new());
        let mode = Mode::Blocking;
        let end = |side| File::Pipe(PipeEnd { pipe, side, mode });
        let read = self.open(end(Side::Read));
        self.check_room()?;
        Ok([read, self.open(end(Side::Write))])
    }

    /// open of a file that reads as zeros and cannot be written: what is on the machine is nobody's
    /// here.
    ///
    /// # Errors
    /// EMFILE.
    pub fn open_zeros(&mut self) -> Result<FileDescriptor, Errno> {
        self.check_room()?;
        Ok(self.open(File::Memory(Memory::zeros())))
    }

    /// memfd_create: an empty file in memory.
    ///
    /// # Errors
    /// EMFILE.
    pub fn memfd_create(&mut self) -> Result<FileDescriptor, Errno> {
        self.check_room()?;
        Ok(self.open(File::Memory(Memory::default())))
    }

    /// Whether a descriptor is that of a pipe or of a file in memory.
    pub fn is_plain(&self, fd: FileDescriptor) -> bool {
        matches!(self.file_of(fd), Some(File::Pipe(_) | File::Memory(_)))
    }

    /// read, of a pipe or a file in memory; 0 is its end.
    ///
    /// # Errors
    /// EBADF, also for the end that is written, EAGAIN, ENOTSOCK where it is neither.
    pub fn read_plain(&mut self, fd: FileDescriptor, buffer: &mut [u8]) -> Progress<usize> {
        let end = match self.file(fd) {
            Ok(File::Pipe(end)) => *end,
            Ok(File::Memory(memory)) => return Ok(memory.read(buffer)).into(),
            Ok(File::Socket(_) | File::Epoll(_)) => return Err(Errno::NotSocket).into(),
            Err(error) => return Err(error).into(),
        };
        match self.take_from(end, buffer.len(), end.mode) {
            Progress::Done(Ok(octets)) => {
                buffer[..octets.len()].copy_from_slice(&octets);
                Ok(octets.len()).into()
            }
            Progress::Done(Err(error)) => Err(error).into(),
            Progress::Blocks { until } => Progress::Blocks { until },
        }
    }

    /// write, to a pipe or a file in memory. A blocking write to a pipe returns what found room.
    ///
    /// # Errors
    /// EBADF, also for the end that is read, EPIPE where nobody has that, EAGAIN, ENOSPC, ENOTSOCK
    /// where it is neither.
    pub fn write_plain(&mut self, fd: FileDescriptor, data: &[u8]) -> Progress<usize> {
        let end = match self.file(fd) {
            Ok(File::Pipe(end)) => *end,
            Ok(File::Memory(memory)) => return memory.write(data).into(),
            Ok(File::Socket(_) | File::Epoll(_)) => return Err(Errno::NotSocket).into(),
            Err(error) => return Err(error).into(),
        };
        let room = match self.room_in(end) {
            Ok(room) => room,
            Err(error) => return Err(error).into(),
        };
        let is_whole = data.len() <= ATOMIC_OCTETS && room < data.len();
        if (room == 0 || is_whole) && !data.is_empty() {
            return waits(end.mode);
        }
        let taken = &data[..data.len().min(room)];
        self.buffer_of(end).extend(taken);
        Ok(taken.len()).into()
    }

    /// splice, between a socket and a pipe, in either direction.
    ///
    /// # Errors
    /// EINVAL where neither is a pipe, EBADF where it is the wrong end of one, EAGAIN, and those of
    /// send and recv.
    pub fn splice(
        &mut self,
        host: &mut Host,
        now: Instant,
        (from, to): (FileDescriptor, FileDescriptor),
        length: usize,
        flags: i32,
    ) -> Progress<usize> {
        let waits_not = flags & SPLICE_F_NONBLOCK != 0;
        match (self.pipe_end(from), self.pipe_end(to)) {
            (None, Some(end)) => self.splice_in(host, now, from, end, length, waits_not),
            (Some(end), None) => {
                let mode = match waits_not {
                    true => Mode::NonBlocking,
                    false => end.mode,
                };
                let held = match self.peek_at(end, length, mode) {
                    Progress::Done(Ok(held)) => held,
                    Progress::Done(Err(error)) => return Err(error).into(),
                    Progress::Blocks { until } => return Progress::Blocks { until },
                };
                let more = match flags & SPLICE_F_MORE {
                    0 => 0,
                    _ => MSG_MORE,
                };
                let waiting = match waits_not {
                    true => MSG_DONTWAIT,
                    false => 0,
                };
                let sent = self.send(host, now, to, &held, (more | waiting, None));
                if let Progress::Done(Ok(octets)) = sent {
                    self.buffer_of(end).drain(..octets);
                }
                sent
            }
            (None, None) | (Some(_), Some(_)) => Err(Errno::Invalid).into(),
        }
    }

    fn splice_in(
        &mut self,
        host: &mut Host,
        now: Instant,
        from: FileDescriptor,
        end: PipeEnd,
        length: usize,
        waits_not: bool,
    ) -> Progress<usize> {
        let room = match self.room_in(end) {
            Ok(0) => return waits(end.mode),
            Ok(room) => room,
            Err(error) => return Err(error).into(),
        };
        if let Some(octets) = self.urgent_next(host, from) {
            // Linux: tcp_read_sock stops at an urgent octet and does not pass it by.
            return Ok(octets).into();
        }
        let mut buffer = vec![0; length.min(room)];
        let flags = if waits_not { MSG_DONTWAIT } else { 0 };
        let received = self.recv(host, now, from, &mut buffer, flags);
        if let Progress::Done(Ok(octets)) = received {
            self.buffer_of(end).extend(&buffer[..octets]);
        }
        received
    }

    /// 0 where the next octet of a socket is an urgent one.
    fn urgent_next(&self, host: &Host, fd: FileDescriptor) -> Option<usize> {
        let status = host.status(self.stack_socket(fd)?)?;
        (status.at_mark && status.queued > 0 && status.before_mark == 0).then_some(0)
    }

    /// sendfile, of a file in memory, from an offset or from where it stands.
    ///
    /// # Errors
    /// ESPIPE where the file is a socket or a pipe and there is an offset, EINVAL without one, and
    /// those of send.
    pub fn sendfile(
        &mut self,
        host: &mut Host,
        now: Instant,
        (to, from): (FileDescriptor, FileDescriptor),
        offset: Option<usize>,
        count: usize,
    ) -> Progress<usize> {
        let octets = match self.file(from) {
            Ok(File::Memory(memory)) => memory.part(offset, count).to_vec(),
            Ok(File::Pipe(_) | File::Socket(_)) if offset.is_some() => {
                return Err(Errno::IllegalSeek).into();
            }
            Ok(File::Pipe(_) | File::Socket(_) | File::Epoll(_)) => {
                return Err(Errno::Invalid).into();
            }
            Err(error) => return Err(error).into(),
        };
        if octets.is_empty() {
            return Ok(0).into();
        }
        let sent = self.send(host, now, to, &octets, (0, None));
        if let (Progress::Done(Ok(octets)), None, Ok(File::Memory(memory))) =
            (&sent, offset, self.file(from))
        {
            memory.offset += octets;
        }
        sent
    }

    /// Which of some events an end of a pipe is ready for; always for a file in memory.
    pub(crate) fn ready_plain(&self, fd: FileDescriptor, events: i16) -> Option<i16> {
        let end = match self.file_of(fd)? {
            File::Pipe(end) => *end,
            File::Memory(_) => return Some(events & (POLLIN | POLLOUT)),
            File::Socket(_) | File::Epoll(_) => return None,
        };
        let held = self.held_in(end);
        let other = self.has_end(end.pipe, end.side.other());
        let ready = match end.side {
            Side::Read => {
                let data = if held > 0 { events & POLLIN } else { 0 };
                data | if other { 0 } else { POLLHUP }
            }
            Side::Write => {
                let room = PIPE_OCTETS - held >= ATOMIC_OCTETS;
                let room = if room { events & POLLOUT } else { 0 };
                room | if other { 0 } else { POLLERR }
            }
        };
        Some(ready)
    }

    fn file_of(&self, fd: FileDescriptor) -> Option<&File> {
        self.files.get(&self.held(fd)?)
    }

    fn pipe_end(&self, fd: FileDescriptor) -> Option<PipeEnd> {
        match self.file_of(fd)? {
            File::Pipe(end) => Some(*end),
            File::Socket(_) | File::Epoll(_) | File::Memory(_) => None,
        }
    }

    /// Whether somebody has an end of a pipe.
    fn has_end(&self, pipe: PipeId, side: Side) -> bool {
        let is_it =
            |file: &File| matches!(file, File::Pipe(it) if (it.pipe, it.side) == (pipe, side));
        self.files.values().any(is_it)
    }

    fn held_in(&self, end: PipeEnd) -> usize {
        self.pipes.get(end.pipe.0).map_or(0, VecDeque::len)
    }

    fn buffer_of(&mut self, end: PipeEnd) -> &mut VecDeque<u8> {
        let buffer = self.pipes.get_mut(end.pipe.0);
        buffer.expect("pipes are never taken away")
    }

    /// The room for a write at an end.
    fn room_in(&self, end: PipeEnd) -> Result<usize, Errno> {
        if end.side == Side::Read {
            return Err(Errno::BadDescriptor);
        }
        if !self.has_end(end.pipe, Side::Read) {
            return Err(Errno::BrokenPipe);
        }
        Ok(PIPE_OCTETS - self.held_in(end))
    }

    /// What a read at an end gives, which stays there.
    fn peek_at(&mut self, end: PipeEnd, most: usize, mode: Mode) -> Progress<Vec<u8>> {
        if end.side == Side::Write {
            return Err(Errno::BadDescriptor).into();
        }
        let ended = !self.has_end(end.pipe, Side::Write);
        let buffer = self.buffer_of(end);
        if buffer.is_empty() && !ended && most > 0 {
            return waits(mode);
        }
        let octets: Vec<u8> = buffer.iter().take(most).copied().collect();
        Ok(octets).into()
    }

    fn take_from(&mut self, end: PipeEnd, most: usize, mode: Mode) -> Progress<Vec<u8>> {
        let taken = self.peek_at(end, most, mode);
        if let Progress::Done(Ok(octets)) = &taken {
            self.buffer_of(end).drain(..octets.len());
        }
        taken
    }
}

/// A call that finds nothing yet.
fn waits<T>(mode: Mode) -> Progress<T> {
    match mode {
        Mode::Blocking => Progress::WAITS,
        Mode::NonBlocking => Err(Errno::Again).into(),
    }
}
