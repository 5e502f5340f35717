//! send and recv; and read and write, which are the same calls without flags.

use hangup_stack::blocking::ThreadId;
use hangup_stack::error_queue::Wish;
use hangup_stack::host::Host;
use hangup_stack::options::{RECEIVE_TIMEOUT, SEND_TIMEOUT, SocketOption, TELLS_QUEUE, ZERO_COPY};
use hangup_stack::profile::FastOpenCall;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{ConnectError, Protocol, RecvError, SendError, UrgentError};
use hangup_stack::tcp::State;

use crate::errno::Errno;
use crate::file::{FileDescriptor, Mode, Socket};
use crate::process::{Process, Progress};
use crate::sockets::is_of_family;

/// send: the last octet is urgent; recv: the urgent octet.
pub const MSG_OOB: i32 = 0x1;
/// recv: what is read stays in the queue.
pub const MSG_PEEK: i32 = 0x2;
/// send: past all routers, without effect here.
pub const MSG_DONTROUTE: i32 = 0x4;
/// This call does not wait.
pub const MSG_DONTWAIT: i32 = 0x40;
/// recv: the call waits until its buffer is full, or nothing more can come.
pub const MSG_WAITALL: i32 = 0x100;
/// send: more follows at once, so that a segment which is not full waits for it.
pub const MSG_MORE: i32 = 0x8000;
/// send: a record ends here.
pub const MSG_EOR: i32 = 0x80;
/// send: no SIGPIPE, which is the business of whoever makes the calls.
pub const MSG_NOSIGNAL: i32 = 0x4000;
/// send: the octets stay in the memory of the program until they have arrived, where SO_ZEROCOPY is
/// on.
pub const MSG_ZEROCOPY: i32 = 0x400_0000;
/// sendto: opens the connection, with data in its SYN where the peer lets it (RFC 7413).
pub const MSG_FASTOPEN: i32 = 0x2000_0000;

impl Process {
    /// send and sendto. A blocking call waits until all is queued; where it fails after a part was,
    /// it returns the part, and the next call returns the error.
    ///
    /// # Errors
    /// EOPNOTSUPP for flags other than MSG_DONTROUTE, MSG_DONTWAIT, MSG_MORE, MSG_EOR, MSG_NOSIGNAL
    /// and, where the system has it, MSG_FASTOPEN, and for MSG_OOB with datagrams, EINVAL for
    /// MSG_EOR and MSG_OOB on some, EBADF, EINPROGRESS where that does not wait for its connection,
    /// ENETDOWN, EAFNOSUPPORT, EAGAIN on a non-blocking socket or when SO_SNDTIMEO is over, EPIPE,
    /// ENOTCONN, EDESTADDRREQ, EMSGSIZE, ENETUNREACH, and why the connection is gone.
    pub fn send(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        data: &[u8],
        (flags, to): (i32, Option<IpEndpoint>),
    ) -> Progress<usize> {
        self.send_broken(host, now, fd, (data, &[]), (flags, to))
    }

    /// send, of data that is broken into segments at some places.
    pub(crate) fn send_broken(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        (data, breaks): (&[u8], &[usize]),
        (flags, to): (i32, Option<IpEndpoint>),
    ) -> Progress<usize> {
        let sent = self.send_now(host, now, fd, (data, breaks), (flags, to));
        let is_short = match &sent {
            Progress::Blocks { .. } | Progress::Done(Err(Errno::Again)) => true,
            Progress::Done(Ok(octets)) => *octets < data.len(),
            Progress::Done(Err(_)) => false,
        };
        if is_short {
            self.lacked_space(fd);
        }
        let limit = self.limit(host, fd, &SEND_TIMEOUT);
        let sent = self.within(now, limit, sent, |process| {
            let thread = process.thread();
            // What was taken by then is sent (Linux: tcp_sendmsg_locked, do_error).
            match process.socket_of(fd)?.sent.remove(&thread) {
                Some(part @ 1..) => Ok(part),
                Some(0) | None => Err(Errno::Again),
            }
        });
        let ends_early = matches!(&sent, Progress::Done(Ok(octets)) if *octets < data.len());
        if let Some(socket) = self.stack_socket(fd).filter(|_| ends_early) {
            host.cut_write(socket);
        }
        sent
    }

    /// send and sendto of memory that is none of the process: they fail where they would copy the
    /// first octet of it.
    ///
    /// # Errors
    /// EFAULT, and those of send that come before.
    pub fn send_from_nowhere(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        length: usize,
        (flags, to): (i32, Option<IpEndpoint>),
    ) -> Progress<usize> {
        let sent = self.send(host, now, fd, &[], (flags, to));
        if length == 0 || !matches!(sent, Progress::Done(Ok(_))) {
            return sent;
        }
        let status = self.stack_socket(fd).and_then(|it| host.status(it));
        if status.is_none_or(|status| status.writable) {
            return Err(Errno::Fault).into();
        }
        match self.socket_of(fd) {
            Ok(socket) if socket.mode == Mode::Blocking && flags & MSG_DONTWAIT == 0 => {
                Progress::WAITS
            }
            Ok(_) => Err(Errno::Again).into(),
            Err(error) => Err(error).into(),
        }
    }

    /// recv and recvfrom into memory that is none of the process: they fail where they would copy
    /// the first octet. What there is stays in a stream, and a datagram is lost (Linux:
    /// udp_recvmsg).
    ///
    /// # Errors
    /// EFAULT, and those of recv that come before.
    pub fn recv_to_nowhere(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        length: usize,
        flags: i32,
    ) -> Progress<usize> {
        let mut octet = [0; 1];
        let room = length.min(octet.len());
        let stays = match self.is_stream(fd) {
            true => MSG_PEEK,
            false => 0,
        };
        let flags = flags & !MSG_WAITALL | stays;
        match self.recv(host, now, fd, &mut octet[..room], flags) {
            Progress::Done(Ok(1..)) => Err(Errno::Fault).into(),
            other @ (Progress::Done(_) | Progress::Blocks { .. }) => other,
        }
    }

    /// A time limit of a socket; no time where there is none.
    pub(crate) fn limit(
        &self,
        host: &Host,
        fd: FileDescriptor,
        option: &SocketOption<Duration>,
    ) -> Duration {
        let socket = self.stack_socket(fd);
        let limit = socket.and_then(|socket| host.option(socket, option));
        limit.unwrap_or(Duration::ZERO)
    }

    fn send_now(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        (data, breaks): (&[u8], &[usize]),
        (flags, to): (i32, Option<IpEndpoint>),
    ) -> Progress<usize> {
        let call = host.fast_open_call();
        let known = match call {
            FastOpenCall::Flag => MSG_FASTOPEN,
            FastOpenCall::None | FastOpenCall::Sendto => 0,
        };
        let usual = MSG_DONTROUTE | MSG_DONTWAIT | MSG_MORE | MSG_NOSIGNAL | MSG_EOR | MSG_OOB;
        let known = match host.keeps_error_queues() {
            true => known | MSG_ZEROCOPY,
            false => known,
        };
        if flags & !(usual | known) != 0 {
            return Err(Errno::OperationNotSupported).into();
        }
        let is_urgent = flags & MSG_OOB != 0;
        if is_urgent && !self.is_stream(fd) {
            return Err(Errno::OperationNotSupported).into();
        }
        if is_urgent && !host.has_urgent_data() {
            return Err(Errno::Invalid).into();
        }
        let ends_record = flags & MSG_EOR != 0 && self.is_stream(fd);
        if ends_record && host.fails_records() {
            return Err(Errno::Invalid).into();
        }
        let asks = flags & MSG_FASTOPEN != 0;
        if asks && !host.opens_fast() {
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
        let blocking = socket.mode == Mode::Blocking && flags & MSG_DONTWAIT == 0;
        // What connect has put off begins with this.
        let deferred = socket.deferred.take();
        let (to, opens) = match deferred {
            Some(remote) => (Some(remote), true),
            None => (to, call == FastOpenCall::Sendto || asks),
        };
        let opens_already = asks
            && !socket.opening.contains_key(&thread)
            && host.status(socket.id).and_then(|it| it.state) == Some(State::SynSent);
        if opens_already {
            return Err(Errno::Already).into();
        }
        if let Some(queued) = socket.opening.get(&thread).copied() {
            // The call that opens the connection waits for it, and then goes on.
            if host.status(socket.id).and_then(|it| it.state) == Some(State::SynSent) {
                return Progress::WAITS;
            }
            socket.opening.remove(&thread);
            if let Some(gone) = host.take_error(socket.id) {
                return Err(gone.into()).into();
            }
            socket.sent.insert(thread, queued);
        } else if let (Protocol::Tcp, Some(to), true) = (socket.protocol, to, opens)
            && host.is_unconnected(socket.id)
        {
            if !is_of_family(to.addr, socket.family) {
                return Err(Errno::AddressFamilyNotSupported).into();
            }
            let queued = match host.open_by_send(socket.id, to, data, blocking, now) {
                Ok(queued) => queued,
                Err(error) => return Err(error.into()).into(),
            };
            if queued > 0 {
                let wish = wish_of(host, socket, flags);
                let whole = if blocking { data.len() } else { queued };
                host.watch_write(socket.id, queued, whole, wish);
            }
            return match call {
                FastOpenCall::Flag if blocking => {
                    socket.opening.insert(thread, queued);
                    Progress::WAITS
                }
                FastOpenCall::Flag if queued == 0 => Err(ConnectError::InProgress.into()).into(),
                FastOpenCall::Sendto if blocking && queued < data.len() => {
                    socket.opening.insert(thread, queued);
                    Progress::WAITS
                }
                FastOpenCall::None | FastOpenCall::Sendto | FastOpenCall::Flag => Ok(queued).into(),
            };
        }
        let to = match (socket.protocol, to) {
            (Protocol::Udp, Some(to)) if !is_of_family(to.addr, socket.family) => {
                return Err(Errno::AddressFamilyNotSupported).into();
            }
            (Protocol::Udp, to) => to,
            // A stream has one destination, and Linux does not look at another.
            (Protocol::Tcp, _) => None,
        };
        if blocking && socket.sent.contains_key(&thread) && !host.wakes_writers(socket.id) {
            return Progress::WAITS;
        }
        let before = socket.sent.remove(&thread).unwrap_or(0);
        let rest = data.get(before..).unwrap_or_default();
        let wish = wish_of(host, socket, flags);
        if !breaks.is_empty() {
            let breaks = breaks
                .iter()
                .filter(|it| **it > before)
                .map(|it| it - before);
            host.break_write(socket.id, breaks.collect());
        }
        if ends_record {
            host.end_record(socket.id);
        }
        if is_urgent && !rest.is_empty() {
            host.mark_urgent(socket.id);
        }
        let result = match to {
            Some(to) => host.send_to(socket.id, rest, to),
            None if flags & MSG_MORE != 0 => host.send_with_more(socket.id, rest),
            None => host.send(socket.id, rest),
        };
        if let (Ok(octets @ 1..), 0, false) = (&result, before, wish.is_nothing()) {
            let whole = if blocking { rest.len() } else { *octets };
            host.watch_write(socket.id, *octets, whole, wish);
        }
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
        now: Instant,
        fd: FileDescriptor,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<usize> {
        self.recvfrom(host, now, fd, buffer, flags)
            .map(|(octets, _)| octets)
    }

    /// recvfrom: how many octets were read into the buffer; 0 is the end of the stream, or an empty
    /// datagram. What of a datagram does not fit is lost. And who has sent a datagram.
    ///
    /// # Errors
    /// EOPNOTSUPP for flags other than MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL and MSG_NOSIGNAL, EBADF,
    /// ENETDOWN, EAGAIN on a non-blocking socket or when SO_RCVTIMEO is over, ENOTCONN, and why the
    /// connection is gone.
    pub fn recvfrom(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<(usize, Option<IpEndpoint>)> {
        self.recvmsg(host, now, fd, buffer, flags)
            .map(|message| (message.octets, message.from))
    }

    /// What recvmsg reads of what has come.
    pub(crate) fn receive(
        &mut self,
        host: &mut Host,
        now: Instant,
        fd: FileDescriptor,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<Received> {
        let received = self.receive_now(host, fd, buffer, flags);
        let limit = self.limit(host, fd, &RECEIVE_TIMEOUT);
        self.within(now, limit, received, |process| {
            let thread = process.thread();
            // What came by then is received (Linux: tcp_recvmsg_locked).
            match process.socket_of(fd)?.received.remove(&thread) {
                Some(part) if !part.is_empty() => Ok(Received::octets(part.len())),
                Some(_) | None => Err(Errno::Again),
            }
        })
    }

    /// What recvmsg says beside the octets of a socket with TCP_INQ (TCP_CM_INQ): how many are
    /// left; 1 where only the end of the stream is (Linux: tcp_inq_hint). None without the option.
    pub fn left_in_queue(&self, host: &Host, fd: FileDescriptor) -> Option<usize> {
        let socket = self.stack_socket(fd)?;
        host.option(socket, &TELLS_QUEUE).filter(|on| *on)?;
        let status = host.status(socket)?;
        let ended = usize::from(status.peer_closed);
        Some(status.queued.max(ended))
    }

    fn receive_now(
        &mut self,
        host: &mut Host,
        fd: FileDescriptor,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<Received> {
        if flags & !(MSG_PEEK | MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL | MSG_OOB) != 0 {
            return Err(Errno::OperationNotSupported).into();
        }
        let thread = self.thread();
        let socket = match self.socket_of(fd) {
            Ok(_) if !host.is_up() => return Err(Errno::NetworkDown).into(),
            Ok(socket) => socket,
            Err(error) => return Err(error).into(),
        };
        if flags & MSG_OOB != 0 && socket.protocol == Protocol::Tcp {
            return receive_urgent(host, socket, buffer, flags);
        }
        if let Some(error) = socket.pending.take() {
            return Err(error).into();
        }
        let blocking = socket.mode == Mode::Blocking && flags & MSG_DONTWAIT == 0;
        if socket.deferred.is_some() {
            // Its connection has yet to begin (Linux: tcp_recvmsg_locked in SYN-SENT).
            return match blocking {
                true => Progress::WAITS,
                false => Err(Errno::Again).into(),
            };
        }
        let waits_for_all = blocking
            && socket.protocol == Protocol::Tcp
            && flags & (MSG_WAITALL | MSG_PEEK) == MSG_WAITALL;
        if waits_for_all && !buffer.is_empty() {
            return receive_all(host, socket, thread, buffer);
        }
        let result = if flags & MSG_PEEK != 0 {
            host.peek_from(socket.id, buffer)
        } else {
            host.recv_from(socket.id, buffer)
        };
        match result {
            // A datagram that does not fit is cut off, which only MSG_TRUNC would tell.
            Err(RecvError::Truncated(octets)) => Ok(Received {
                is_cut: true,
                ..Received::octets(octets)
            })
            .into(),
            Err(RecvError::WouldBlock | RecvError::NotBound) if blocking => {
                // Linux: a receive that would wait returns 0 once the direction is shut down; one
                // that may not wait says EAGAIN before it looks.
                let ended = host
                    .status(socket.id)
                    .is_some_and(|status| status.receive_ended);
                if ended {
                    Ok(Received::octets(0)).into()
                } else {
                    Progress::WAITS
                }
            }
            Ok((octets, from)) => Ok(Received {
                from,
                ..Received::octets(octets)
            })
            .into(),
            Err(error) => Err(error.into()).into(),
        }
    }
}

/// What a receive has read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) octets: usize,
    pub(crate) from: Option<IpEndpoint>,
    /// Whether the end of the datagram was cut off.
    pub(crate) is_cut: bool,
}

impl Received {
    /// Octets of a stream.
    fn octets(octets: usize) -> Self {
        Self {
            octets,
            from: None,
            is_cut: false,
        }
    }
}

/// What a send wants to hear of later.
fn wish_of(host: &Host, socket: &Socket, flags: i32) -> Wish {
    if socket.protocol != Protocol::Tcp {
        return Wish::default();
    }
    let stays = flags & MSG_ZEROCOPY != 0 && host.option(socket.id, &ZERO_COPY) == Some(true);
    Wish {
        release: stays,
        ..socket.stamping.wish()
    }
}

/// Reads the urgent octet. It never waits (Linux: tcp_recv_urg).
fn receive_urgent(
    host: &mut Host,
    socket: &Socket,
    buffer: &mut [u8],
    flags: i32,
) -> Progress<Received> {
    let octet = host.recv_urgent(socket.id, flags & MSG_PEEK != 0);
    let read = octet.map_err(|error| match error {
        UrgentError::None => Errno::Invalid,
        UrgentError::WouldBlock => Errno::Again,
        UrgentError::NotConnected => Errno::NotConnected,
    });
    let put = read.map(|octet| match buffer.first_mut() {
        Some(first) => {
            *first = octet;
            Received::octets(1)
        }
        None => Received::octets(0),
    });
    put.into()
}

/// Receives until the buffer is full. What ends the stream, or fails, ends the call with what there
/// is; an error is the next call's then.
fn receive_all(
    host: &mut Host,
    socket: &mut Socket,
    thread: ThreadId,
    buffer: &mut [u8],
) -> Progress<Received> {
    let mut all = socket.received.remove(&thread).unwrap_or_default();
    let before = all.len().min(buffer.len());
    let got = match host.recv_from(socket.id, &mut buffer[before..]) {
        Ok((got, _)) => got,
        Err(RecvError::WouldBlock) => {
            socket.received.insert(thread, all);
            return Progress::WAITS;
        }
        Err(error) if before == 0 => return Err(error.into()).into(),
        Err(error) => {
            socket.pending = Some(error.into());
            0
        }
    };
    let total = before + got;
    // Nothing more: that was the end of the stream, or an error. What came before has its place
    // only now, as to give it one with each segment would take the square of the time.
    if got == 0 || total == buffer.len() {
        buffer[..before].copy_from_slice(&all[..before]);
        return Ok(Received::octets(total)).into();
    }
    all.extend_from_slice(&buffer[before..total]);
    socket.received.insert(thread, all);
    Progress::WAITS
}
