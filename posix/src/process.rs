//! One POSIX process on one host: file descriptors, and blocking calls over a stack that never
//! blocks.
//!
//! Where systems differ in what a call does on the wire or returns, the stack's profile knows;
//! where they differ in what the call itself does, this is Linux.

use std::collections::BTreeMap;

use hangup_stack::blocking::ThreadId;
use hangup_stack::host::Host;
use hangup_stack::network::IpFamily;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::socket::{
    AcceptError, Closing, ConnectError, Direction, ListenError, Protocol, RecvError, SendError,
    SocketId, Status,
};

use crate::errno::Errno;

/// How a call that may wait ends.
pub type Outcome<T> = hangup_stack::blocking::Outcome<T, Errno>;

/// Whether a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Blocking,
    NonBlocking,
}

/// Whether a receive takes what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Take,
    Peek,
}

/// The file descriptors of a process.
#[derive(Debug)]
pub struct Process {
    files: BTreeMap<u64, File>,
    next: u64,
    /// The thread that makes the calls now.
    pub thread: ThreadId,
}

/// An open socket.
#[derive(Debug)]
pub struct File {
    pub id: SocketId,
    pub protocol: Protocol,
    pub family: IpFamily,
    pub mode: Mode,
    pub no_delay: bool,
    /// A handshake has begun, and no `connect` has said yet that it is over.
    connecting: bool,
    /// How many octets the blocking send of each thread that waits has handed to the stack.
    sent: BTreeMap<ThreadId, usize>,
    /// An error that came after part of a send had succeeded, for the next call.
    pending: Option<Errno>,
}

/// The most descriptors a process may have open, as `ulimit -n` says by default.
const FILES_MAX: usize = 1024;

impl Default for Process {
    fn default() -> Self {
        // The first three are standard input, output and error.
        Self {
            files: BTreeMap::new(),
            next: 3,
            thread: ThreadId::default(),
        }
    }
}

impl Process {
    pub fn file(&mut self, fd: u64) -> Result<&mut File, Errno> {
        self.files.get_mut(&fd).ok_or(Errno::BadDescriptor)
    }

    pub fn socket(
        &mut self,
        host: &mut Host,
        family: IpFamily,
        protocol: Protocol,
        mode: Mode,
    ) -> Result<u64, Errno> {
        self.check_room()?;
        let id = host.open(protocol, family);
        Ok(self.adopt(id, protocol, family, mode))
    }

    /// A descriptor for something that is no socket, of which there are so many.
    pub fn reserve(&mut self, others: usize) -> Result<u64, Errno> {
        if self.files.len() + others >= FILES_MAX {
            return Err(Errno::TooManyFiles);
        }
        let fd = self.next;
        self.next += 1;
        Ok(fd)
    }

    fn check_room(&self) -> Result<(), Errno> {
        if self.files.len() < FILES_MAX {
            Ok(())
        } else {
            Err(Errno::TooManyFiles)
        }
    }

    /// Descriptors are not used again, so that a call on a closed one is EBADF and reaches no newer
    /// socket. Scripts do not see the difference: their numbers are labels.
    fn adopt(&mut self, id: SocketId, protocol: Protocol, family: IpFamily, mode: Mode) -> u64 {
        let fd = self.next;
        self.next += 1;
        let file = File {
            id,
            protocol,
            family,
            mode,
            no_delay: false,
            connecting: false,
            sent: BTreeMap::new(),
            pending: None,
        };
        self.files.insert(fd, file);
        fd
    }

    pub fn bind(&mut self, host: &mut Host, fd: u64, address: IpEndpoint) -> Result<(), Errno> {
        let file = self.file(fd)?;
        if !is_of_family(address.addr, file.family) {
            return Err(Errno::AddressFamilyNotSupported);
        }
        let specified = (!address.addr.is_unspecified()).then_some(address.addr);
        Ok(host.bind(file.id, specified, address.port)?)
    }

    pub fn listen(&mut self, host: &mut Host, fd: u64, backlog: usize) -> Result<(), Errno> {
        let file = self.file(fd)?;
        match host.listen(file.id, backlog) {
            // A socket without an address gets every address and a free port.
            Err(ListenError::NotBound) => {
                host.bind(file.id, None, 0)?;
                Ok(host.listen(file.id, backlog)?)
            }
            result => Ok(result?),
        }
    }

    pub fn accept(&mut self, host: &mut Host, fd: u64) -> Outcome<u64> {
        let result = self.check_room().and_then(|()| {
            let file = self.file(fd)?;
            Ok((
                host.accept(file.id),
                file.mode,
                file.protocol,
                file.family,
                file.no_delay,
            ))
        });
        let (accepted, mode, protocol, family, no_delay) = match result {
            Ok(parts) => parts,
            Err(error) => return Err(error).into(),
        };
        match accepted {
            Ok(id) => {
                // Linux: the new descriptor blocks, whatever the listening one does.
                let new = self.adopt(id, protocol, family, Mode::Blocking);
                if let Ok(file) = self.file(new) {
                    file.no_delay = no_delay;
                }
                Ok(new).into()
            }
            Err(AcceptError::WouldBlock) if mode == Mode::Blocking => Outcome::WAITS,
            Err(error) => Err(error.into()).into(),
        }
    }

    pub fn connect(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: u64,
        remote: IpEndpoint,
    ) -> Outcome<()> {
        let file = match self.file(fd) {
            Ok(_) if !host.is_up() => return Err(Errno::NetworkDown).into(),
            Ok(file) if !is_of_family(remote.addr, file.family) => {
                return Err(Errno::AddressFamilyNotSupported).into();
            }
            Ok(file) => file,
            Err(error) => return Err(error).into(),
        };
        let begun = std::mem::replace(&mut file.connecting, false);
        match host.connect(file.id, remote, now) {
            Ok(()) => Ok(()).into(),
            // The first call that finds the handshake over returns 0, whether it waited or not.
            Err(ConnectError::AlreadyConnected) if begun => Ok(()).into(),
            Err(error @ (ConnectError::InProgress | ConnectError::AlreadyInProgress)) => {
                file.connecting = true;
                match file.mode {
                    Mode::Blocking => Outcome::WAITS,
                    Mode::NonBlocking => Err(error.into()).into(),
                }
            }
            Err(error) => Err(error.into()).into(),
        }
    }

    /// Sends. A blocking call waits until all is queued; where it fails after a part was, it
    /// returns the part, and the next call returns the error.
    pub fn send(
        &mut self,
        host: &mut Host,
        fd: u64,
        data: &[u8],
        to: Option<IpEndpoint>,
        mode: Mode,
    ) -> Outcome<usize> {
        let thread = self.thread;
        let file = match self.file(fd) {
            Ok(_) if !host.is_up() => return Err(Errno::NetworkDown).into(),
            Ok(file) => file,
            Err(error) => return Err(error).into(),
        };
        if let Some(error) = file.pending.take() {
            return Err(error).into();
        }
        let to = match (file.protocol, to) {
            (Protocol::Udp, Some(to)) if !is_of_family(to.addr, file.family) => {
                return Err(Errno::AddressFamilyNotSupported).into();
            }
            (Protocol::Udp, to) => to,
            // A stream has one destination, and Linux does not look at another.
            (Protocol::Tcp, _) => None,
        };
        let before = file.sent.remove(&thread).unwrap_or(0);
        let rest = data.get(before..).unwrap_or_default();
        let result = match to {
            Some(to) => host.send_to(file.id, rest, to),
            None => host.send(file.id, rest),
        };
        let blocking = file.mode == Mode::Blocking && mode == Mode::Blocking;
        match result {
            Ok(octets) if blocking && octets < rest.len() => {
                file.sent.insert(thread, before + octets);
                Outcome::WAITS
            }
            Err(SendError::WouldBlock) if blocking => {
                file.sent.insert(thread, before);
                Outcome::WAITS
            }
            Ok(octets) => Ok(before + octets).into(),
            Err(error) => {
                let error = match (file.protocol, error) {
                    (Protocol::Udp, SendError::NotConnected) => Errno::DestinationRequired,
                    (_, error) => error.into(),
                };
                match before {
                    0 => Err(error).into(),
                    part => {
                        file.pending = Some(error);
                        Ok(part).into()
                    }
                }
            }
        }
    }

    pub fn recv(
        &mut self,
        host: &mut Host,
        fd: u64,
        buffer: &mut [u8],
        reading: Reading,
        mode: Mode,
    ) -> Outcome<usize> {
        let file = match self.file(fd) {
            Ok(file) => file,
            Err(error) => return Err(error).into(),
        };
        if let Some(error) = file.pending.take() {
            return Err(error).into();
        }
        let result = match reading {
            Reading::Take => host.recv(file.id, buffer),
            Reading::Peek => host.peek(file.id, buffer),
        };
        let blocking = file.mode == Mode::Blocking && mode == Mode::Blocking;
        match result {
            // A datagram that does not fit is cut off, which only MSG_TRUNC would tell.
            Err(RecvError::Truncated(octets)) => Ok(octets).into(),
            Err(RecvError::WouldBlock | RecvError::NotBound) if blocking => {
                // Linux: a receive that would wait returns 0 once the direction is shut down; one
                // that may not wait says EAGAIN before it looks.
                let ended = host
                    .status(file.id)
                    .is_some_and(|status| status.receive_ended);
                if ended { Ok(0).into() } else { Outcome::WAITS }
            }
            result => result.map_err(Errno::from).into(),
        }
    }

    pub fn shutdown(
        &mut self,
        host: &mut Host,
        fd: u64,
        direction: Option<Direction>,
    ) -> Result<(), Errno> {
        let file = self.file(fd)?;
        let direction = direction.ok_or(Errno::Invalid)?;
        Ok(host.shutdown(file.id, direction)?)
    }

    /// Closes. With SO_LINGER and a time the call waits, also on a non-blocking descriptor (Linux).
    pub fn close(&mut self, host: &mut Host, now: Instant, fd: u64) -> Outcome<()> {
        let id = match self.file(fd) {
            Ok(file) => file.id,
            Err(error) => return Err(error).into(),
        };
        match host.close(id, now) {
            Closing::Done => {
                self.files.remove(&fd);
                Ok(()).into()
            }
            Closing::Lingers(until) => Outcome::Blocks { until: Some(until) },
        }
    }

    pub fn set_linger(
        &mut self,
        host: &mut Host,
        fd: u64,
        (onoff, seconds): (u16, u16),
    ) -> Result<(), Errno> {
        let file = self.file(fd)?;
        let linger = (onoff != 0).then(|| Duration::from_secs(seconds.into()));
        host.set_linger(file.id, linger);
        Ok(())
    }

    /// The state of a socket; none where it has ended.
    pub fn status(&mut self, host: &Host, fd: u64) -> Result<Option<Status>, Errno> {
        Ok(host.status(self.file(fd)?.id))
    }
}

fn is_of_family(address: IpAddress, family: IpFamily) -> bool {
    match address {
        IpAddress::Ipv4(_) => family == IpFamily::V4,
        IpAddress::Ipv6(_) => family == IpFamily::V6,
    }
}
