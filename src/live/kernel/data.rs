//! read, recv, recvfrom, readv; write, send, sendto, writev; splice and sendfile.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{OFlag, SpliceFFlags};
use nix::sys::socket::{MsgFlags, SockaddrStorage};
use rustix::event::{PollFd, PollFlags, Timespec};

use super::made::{Attempt, How, Made, Prepared};
use super::octets::Octets;
use super::options;

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A socket.
    Socket,
    /// One end of a pipe.
    Pipe,
    /// A list of epoll.
    Epoll,
}

/// An open descriptor.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) fd: Arc<OwnedFd>,
    pub(super) kind: FileKind,
}

/// The states in which nothing but data is waited for, as TCP_INFO numbers them: ESTABLISHED and
/// CLOSE-WAIT.
const OPEN: [u8; 2] = [1, 8];

impl File {
    /// Whether calls on it return at once.
    pub(super) fn is_prompt(&self) -> bool {
        let flags = nix::fcntl::fcntl(self.fd.as_fd(), nix::fcntl::FcntlArg::F_GETFL);
        flags.is_ok_and(|it| OFlag::from_bits_retain(it).contains(OFlag::O_NONBLOCK))
    }

    /// Whether something is ready now.
    pub(super) fn is_ready(&self, events: PollFlags) -> bool {
        let mut polled = [PollFd::from_borrowed_fd(self.fd.as_fd(), events)];
        let ready = rustix::event::poll(&mut polled, Some(&Timespec::default()));
        ready.is_ok_and(|ready| ready > 0)
    }

    /// Whether it is a connection that is open in the direction of sending.
    fn is_open(&self) -> bool {
        let info = options::info(&self.fd);
        info.is_ok_and(|it| it.first().is_some_and(|state| OPEN.contains(state)))
    }
}

/// A receive of so many octets.
pub(super) fn receive(file: File, length: usize, flags: i32) -> Prepared {
    let flags = MsgFlags::from_bits_retain(flags);
    Prepared::new(move |how| {
        let mut buffer = vec![0; length];
        if file.kind != FileKind::Socket {
            if how == How::AtOnce && !file.is_prompt() && !file.is_ready(PollFlags::IN) {
                return Attempt::WouldWait(0);
            }
            return made(nix::unistd::read(file.fd.as_fd(), &mut buffer));
        }
        let at_once = match how {
            How::AtOnce => MsgFlags::MSG_DONTWAIT,
            How::Waiting(_) => MsgFlags::empty(),
        };
        if how == How::AtOnce && flags.contains(MsgFlags::MSG_WAITALL) && !file.is_prompt() {
            return Attempt::WouldWait(0);
        }
        let received = nix::sys::socket::recv(file.fd.as_raw_fd(), &mut buffer, flags | at_once);
        match received {
            Err(Errno::EAGAIN) if waits(&file, flags, how) => Attempt::WouldWait(0),
            Ok(octets) => {
                buffer.truncate(octets);
                Attempt::Made(Made {
                    received: buffer,
                    ..Made::result(Ok(i64::try_from(octets).unwrap_or(i64::MAX)))
                })
            }
            Err(error) => made(Err(error)),
        }
    })
}

/// Whether a call that may not wait now would have waited.
pub(super) fn waits(file: &File, flags: MsgFlags, how: How) -> bool {
    how == How::AtOnce && !flags.contains(MsgFlags::MSG_DONTWAIT) && !file.is_prompt()
}

/// The result of a call that returns how many octets went.
pub(super) fn made(result: nix::Result<usize>) -> Attempt {
    let number = result.map(|octets| i64::try_from(octets).unwrap_or(i64::MAX));
    Attempt::Made(Made::result(number))
}

/// A send of some octets, perhaps to an address.
pub(super) fn send(
    file: File,
    octets: Octets,
    flags: i32,
    to: Option<SockaddrStorage>,
) -> Prepared {
    let flags = MsgFlags::from_bits_retain(flags);
    Prepared::new(move |how| {
        let raw = file.fd.as_raw_fd();
        if file.kind != FileKind::Socket {
            return made(nix::unistd::write(file.fd.as_fd(), &octets));
        }
        let send = |octets: &[u8], flags| match &to {
            Some(to) => nix::sys::socket::sendto(raw, octets, to, flags),
            None => nix::sys::socket::send(raw, octets, flags),
        };
        // What is sent in the opening of a connection waits for more than for room.
        let may_wait = how == How::AtOnce && !file.is_prompt();
        if may_wait && !flags.contains(MsgFlags::MSG_DONTWAIT) && !file.is_open() {
            let is_opening = flags.bits() & libc::MSG_FASTOPEN != 0 || file_is_idle(&file);
            if is_opening {
                return Attempt::WouldWait(0);
            }
        }
        match how {
            How::AtOnce => match send(&octets, flags | MsgFlags::MSG_DONTWAIT) {
                Err(Errno::EAGAIN) if waits(&file, flags, how) => Attempt::WouldWait(0),
                Ok(sent) if sent < octets.len() && waits(&file, flags, how) => {
                    Attempt::WouldWait(sent)
                }
                sent => made(sent),
            },
            How::Waiting(done) => match send(&octets[done..], flags) {
                Err(_) if done > 0 => made(Ok(done)),
                sent => made(sent.map(|more| done + more)),
            },
        }
    })
}

/// Whether a socket has not begun to connect, or is about to: what it sends may open it.
fn file_is_idle(file: &File) -> bool {
    const IDLE: [u8; 2] = [2, 7];
    let info = options::info(&file.fd);
    info.is_ok_and(|it| it.first().is_some_and(|state| IDLE.contains(state)))
}

/// Moves octets from one descriptor to another, one of which is a pipe.
pub(super) fn splice(from: File, to: File, length: usize, flags: u32) -> Prepared {
    let flags = SpliceFFlags::from_bits_retain(flags);
    Prepared::new(move |how| {
        let is_prompt = from.is_prompt() && to.is_prompt();
        if how == How::AtOnce && !is_prompt && !from.is_ready(PollFlags::IN) {
            return Attempt::WouldWait(0);
        }
        let (from, to) = (from.fd.as_fd(), to.fd.as_fd());
        made(nix::fcntl::splice(from, None, to, None, length, flags))
    })
}
