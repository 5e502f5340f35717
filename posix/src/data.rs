//! send and recv; and read and write, which are the same calls without flags.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Protocol, RecvError, SendError};

use crate::errno::Errno;
use crate::file::{FileDescriptor, Mode};
use crate::process::{Process, Progress};
use crate::sockets::is_of_family;

/// recv: what is read stays in the queue.
pub const MSG_PEEK: i32 = 0x2;
/// send: past all routers, without effect here.
pub const MSG_DONTROUTE: i32 = 0x4;
/// This call does not wait.
pub const MSG_DONTWAIT: i32 = 0x40;
/// send: no SIGPIPE, which nobody gets here anyway.
pub const MSG_NOSIGNAL: i32 = 0x4000;

impl Process {
    /// send and sendto. A blocking call waits until all is queued; where it fails after a part was,
    /// it returns the part, and the next call returns the error.
    ///
    /// # Errors
    /// EOPNOTSUPP for flags other than MSG_DONTROUTE, MSG_DONTWAIT and MSG_NOSIGNAL, EBADF,
    /// ENETDOWN, EAFNOSUPPORT, EAGAIN on a non-blocking socket, EPIPE, ENOTCONN, EDESTADDRREQ,
    /// EMSGSIZE, ENETUNREACH, and why the connection is gone.
    pub fn send(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        data: &[u8],
        flags: i32,
        to: Option<IpEndpoint>,
    ) -> Progress<usize> {
        if flags & !(MSG_DONTROUTE | MSG_DONTWAIT | MSG_NOSIGNAL) != 0 {
            return Err(Errno::OperationNotSupported).into();
        }
        let thread = self.thread();
        let socket = match self.socket_of(fd) {
            Ok(_) if !host.is_up() => return Err(Errno::NetworkDown).into(),
            Ok(socket) => socket,
            Err(error) => return Err(error).into(),
        };
        if let Some(error) = socket.pending.take() {
            return Err(error).into();
        }
        let to = match (socket.protocol, to) {
            (Protocol::Udp, Some(to)) if !is_of_family(to.addr, socket.family) => {
                return Err(Errno::AddressFamilyNotSupported).into();
            }
            (Protocol::Udp, to) => to,
            // A stream has one destination, and Linux does not look at another.
            (Protocol::Tcp, _) => None,
        };
        let before = socket.sent.remove(&thread).unwrap_or(0);
        let rest = data.get(before..).unwrap_or_default();
        let result = match to {
            Some(to) => host.send_to(socket.id, rest, to),
            None => host.send(socket.id, rest),
        };
        let blocking = socket.mode == Mode::Blocking && flags & MSG_DONTWAIT == 0;
        match result {
            Ok(octets) if blocking && octets < rest.len() => {
                socket.sent.insert(thread, before + octets);
                Progress::WAITS
            }
            Err(SendError::WouldBlock) if blocking => {
                socket.sent.insert(thread, before);
                Progress::WAITS
            }
            Ok(octets) => Ok(before + octets).into(),
            Err(error) => {
                let error = match (socket.protocol, error) {
                    (Protocol::Udp, SendError::NotConnected) => Errno::DestinationRequired,
                    (_, error) => error.into(),
                };
                match before {
                    0 => Err(error).into(),
                    part => {
                        socket.pending = Some(error);
                        Ok(part).into()
                    }
                }
            }
        }
    }

    /// recv: as [`Process::recvfrom`], without the sender.
    ///
    /// # Errors
    /// Those of recvfrom.
    pub fn recv(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<usize> {
        self.recvfrom(host, fd, buffer, flags)
            .map(|(octets, _)| octets)
    }

    /// recvfrom: how many octets were read into the buffer; 0 is the end of the stream, or an empty
    /// datagram. What of a datagram does not fit is lost. And who has sent a datagram.
    ///
    /// # Errors
    /// EOPNOTSUPP for flags other than MSG_PEEK, MSG_DONTWAIT and MSG_NOSIGNAL, EBADF, EAGAIN on a
    /// non-blocking socket, ENOTCONN, and why the connection is gone.
    pub fn recvfrom(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<(usize, Option<IpEndpoint>)> {
        if flags & !(MSG_PEEK | MSG_DONTWAIT | MSG_NOSIGNAL) != 0 {
            return Err(Errno::OperationNotSupported).into();
        }
        let socket = match self.socket_of(fd) {
            Ok(socket) => socket,
            Err(error) => return Err(error).into(),
        };
        if let Some(error) = socket.pending.take() {
            return Err(error).into();
        }
        let result = if flags & MSG_PEEK != 0 {
            host.peek_from(socket.id, buffer)
        } else {
            host.recv_from(socket.id, buffer)
        };
        let blocking = socket.mode == Mode::Blocking && flags & MSG_DONTWAIT == 0;
        match result {
            // A datagram that does not fit is cut off, which only MSG_TRUNC would tell.
            Err(RecvError::Truncated(octets)) => Ok((octets, None)).into(),
            Err(RecvError::WouldBlock | RecvError::NotBound) if blocking => {
                // Linux: a receive that would wait returns 0 once the direction is shut down; one
                // that may not wait says EAGAIN before it looks.
                let ended = host
                    .status(socket.id)
                    .is_some_and(|status| status.receive_ended);
                if ended {
                    Ok((0, None)).into()
                } else {
                    Progress::WAITS
                }
            }
            result => result.map_err(Errno::from).into(),
        }
    }
}
