//! The calls of a POSIX host.
//!
//! Arguments are written as in packetdrill (`recv(3, ..., 1000, 0)`, `bind(3, ..., ...)`,
//! `setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8)`) or without what says nothing
//! (`recv(3, 1000)`, `bind(3, server:80)`). `poll` has a short form too, `poll(3)`, which never
//! waits and returns what the socket is ready for: `= POLLIN|POLLOUT`.

mod epoll;
mod options;
mod poll;
mod words;

use std::collections::BTreeMap;

use hangup_posix::{Errno, Mode, Outcome, Process, Reading};
use hangup_stack::blocking::ThreadId;
use hangup_stack::network::{HostId, IpFamily, Network};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::{Direction, Gone, Protocol, SocketId};

use self::words::{
    BACKLOGS, DOMAINS, F_GETFL, F_SETFL, FCNTLS, FILE_FLAGS, FIONBIO, FIONREAD, FLAGS, HOWS,
    MSG_DONTROUTE, MSG_DONTWAIT, MSG_NOSIGNAL, MSG_PEEK, O_NONBLOCK, O_RDWR, PROTOCOLS, REQUESTS,
    SIOCOUTQ, SOCK_CLOEXEC, SOCK_NONBLOCK, TYPES,
};
use super::argument::{Context, DEFAULT_PORT, Target, Words, show, unspecified};
use super::program::{Descriptors, Memory};
use super::table::{Call, Made, Make, Shape, find, names};
use super::{Answer, BadCall, Calls};
use crate::scenario::script::Argument;

/// One process on one POSIX host.
#[derive(Debug, Default)]
pub struct PosixCalls {
    process: Process,
    descriptors: Descriptors,
    memory: Memory,
    /// The threads that a script has named.
    threads: Vec<String>,
    /// When the `poll` or `epoll_wait` of each thread that waits returns at the latest.
    poll_until: BTreeMap<ThreadId, Instant>,
    epolls: epoll::Lists,
}

/// The number of a flag of a file, which `fcntl` returns: `O_NONBLOCK`.
pub(crate) fn file_flag(name: &str) -> Option<i64> {
    let known = FILE_FLAGS.iter().find(|(known, _)| *known == name);
    known.map(|(_, number)| *number)
}

/// The names of the calls, in the order of the table.
pub(super) const NAMES: &[&str] = &names(&CALLS);

/// The errors that they report.
pub(super) const ERRORS: &[&str] = Errno::NAMES;

/// The error that says why a connection is gone.
pub(super) fn gone_name(gone: Gone) -> &'static str {
    Errno::from(gone).name()
}

const fn call(
    name: &'static str,
    takes: &'static str,
    counts: (usize, usize),
    shape: Shape,
    make: Make<PosixCalls>,
) -> Call<PosixCalls> {
    Call {
        name,
        takes,
        counts,
        shape,
        make,
    }
}

#[rustfmt::skip]
const CALLS: [Call<PosixCalls>; 21] = [
    call("socket", "(domain, type, protocol)", (3, 3), Shape::Process, PosixCalls::socket),
    call("bind", "(fd, address[, length])", (2, 3), Shape::Socket, PosixCalls::bind),
    call("listen", "(fd, backlog)", (2, 2), Shape::Socket, PosixCalls::listen),
    call("accept", "(fd[, address, length])", (1, 3), Shape::Socket, PosixCalls::accept),
    call("connect", "(fd, address[, length])", (2, 3), Shape::Socket, PosixCalls::connect),
    call("send", "(fd, data[, flags])", (2, 4), Shape::Send, PosixCalls::send),
    call("sendto", "(fd, data[, flags], address)", (3, 6), Shape::Send, PosixCalls::sendto),
    call("write", "(fd, data)", (2, 3), Shape::Send, PosixCalls::write),
    call("recv", "(fd, length[, flags])", (2, 4), Shape::Socket, PosixCalls::recv),
    call("recvfrom", "(fd, length[, flags])", (2, 6), Shape::Socket, PosixCalls::recv),
    call("read", "(fd, length)", (2, 3), Shape::Socket, PosixCalls::recv),
    call("shutdown", "(fd, how)", (2, 2), Shape::Socket, PosixCalls::shutdown),
    call("close", "(fd)", (1, 1), Shape::Socket, PosixCalls::close),
    call("poll", "(fd[, events]) or ([{fd=3, events=POLLIN, revents=POLLIN}], 1, milliseconds)",
         (1, 3), Shape::Socket, PosixCalls::poll),
    call("epoll_create", "(size)", (1, 1), Shape::Process, PosixCalls::epoll_create),
    call("epoll_ctl", "(epfd, operation, fd[, {events=EPOLLIN, fd=4}])", (3, 4), Shape::Process,
         PosixCalls::epoll_ctl),
    call("epoll_wait", "(epfd, {events=EPOLLIN, fd=4}, most, milliseconds)", (4, 4),
         Shape::Process, PosixCalls::epoll_wait),
    call("setsockopt", "(fd, level, option, value[, size])", (4, 5), Shape::Socket,
         PosixCalls::setsockopt),
    call("getsockopt", "(fd, level, option[, value, size])", (3, 5), Shape::Socket,
         PosixCalls::getsockopt),
    call("fcntl", "(fd, command[, flags])", (2, 3), Shape::Socket, PosixCalls::fcntl),
    call("ioctl", "(fd, request[, value])", (2, 3), Shape::Socket, PosixCalls::ioctl),
];

impl Calls for PosixCalls {
    fn call(
        &mut self,
        network: &mut Network,
        host: HostId,
        name: &str,
        arguments: &[Argument],
    ) -> Result<Answer, BadCall> {
        let (mut context, make) = find(&CALLS, network, host, name, arguments)?;
        let made = make(self, &mut context)?;
        Ok(context.answer(made, "fd", &self.descriptors))
    }

    fn switch_to(&mut self, thread: Option<&str>) {
        let known = |name: &str| self.threads.iter().position(|known| known == name);
        self.process.thread = match thread.map(|name| (name, known(name))) {
            None => ThreadId::default(),
            Some((_, Some(index))) => ThreadId(1 + u32::try_from(index).unwrap_or(u32::MAX - 1)),
            Some((name, None)) => {
                self.threads.push(name.to_owned());
                ThreadId(u32::try_from(self.threads.len()).unwrap_or(u32::MAX))
            }
        };
    }

    fn send_zeros(&mut self) {
        self.memory.send_zeros();
    }

    fn label(&mut self, label: i64, descriptor: u64) {
        self.descriptors.label(label, descriptor);
    }

    fn socket(&self, descriptor: u64) -> Option<SocketId> {
        self.descriptors.get(descriptor)?.socket
    }

    fn labels(&self) -> Vec<(i64, SocketId)> {
        self.descriptors.labels()
    }
}

/// The longest UDP datagram, in octets.
const DATAGRAM_MAX: usize = 65_535;

fn status(result: Result<(), Errno>) -> Made {
    match result {
        Ok(()) => Made::value(0),
        Err(error) => failed(error),
    }
}

fn failed(error: Errno) -> Made {
    Made::failed("-1", error.name())
}

fn waited<T: ToString>(outcome: Outcome<T>) -> Made {
    match outcome {
        Outcome::Done(Ok(value)) => Made::value(value),
        Outcome::Done(Err(error)) => failed(error),
        Outcome::Blocks { until } => Made::Blocks { until },
    }
}

impl PosixCalls {
    /// The descriptor in the first argument.
    fn fd(&self, context: &Context<'_>) -> Result<u64, BadCall> {
        let fd = self.descriptors.first(context)?;
        if self.epolls.contains_key(&fd) {
            return context.bad(0, "a list of epoll is no socket");
        }
        Ok(fd)
    }

    /// The family of a socket; IPv4's for what is none.
    fn family(&self, fd: u64) -> IpFamily {
        self.descriptors
            .get(fd)
            .map_or(IpFamily::V4, |opened| opened.family)
    }

    fn socket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let family = match context.argument(0) {
            Some(Argument::Ellipsis) => Some(context.default_family()),
            _ => match context.number(0, DOMAINS)? {
                2 => Some(IpFamily::V4),
                10 => Some(IpFamily::V6),
                _ => None,
            },
        };
        let kind = context.number(1, TYPES)?;
        let protocol = context.number(2, PROTOCOLS)?;
        let Some(family) = family else {
            return Ok(failed(Errno::AddressFamilyNotSupported));
        };
        let protocol = match (kind & !(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol) {
            (1, 0 | 6) => Protocol::Tcp,
            (2, 0 | 17) => Protocol::Udp,
            (1 | 2, _) => return Ok(failed(Errno::ProtocolNotSupported)),
            _ => return Ok(failed(Errno::Invalid)),
        };
        let mode = if kind & SOCK_NONBLOCK != 0 {
            Mode::NonBlocking
        } else {
            Mode::Blocking
        };
        let process = &mut self.process;
        let made = context.network.with_host(context.host, |host, _| {
            process.socket(host, family, protocol, mode)
        });
        Ok(self.opened(made, family))
    }

    /// Remembers a new descriptor.
    fn opened(&mut self, made: Result<u64, Errno>, family: IpFamily) -> Made {
        match made {
            Ok(fd) => {
                if let Ok(file) = self.process.file(fd) {
                    self.descriptors.open(fd, Some(file.id), family);
                }
                Made::opened(fd)
            }
            Err(error) => failed(error),
        }
    }

    fn bind(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let family = self.family(fd);
        let address = match context.endpoint(1, family)? {
            Target::Address(endpoint) => endpoint,
            Target::Default => IpEndpoint::new(unspecified(family), DEFAULT_PORT),
        };
        let process = &mut self.process;
        Ok(status(
            context
                .network
                .with_host(context.host, |host, _| process.bind(host, fd, address)),
        ))
    }

    fn listen(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let backlog = context.number(1, BACKLOGS)?;
        // Linux: a backlog is unsigned and cut to net.core.somaxconn; one is always let in.
        let backlog = usize::try_from(backlog)
            .unwrap_or(usize::MAX)
            .clamp(1, 4096);
        let process = &mut self.process;
        Ok(status(
            context
                .network
                .with_host(context.host, |host, _| process.listen(host, fd, backlog)),
        ))
    }

    fn accept(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let family = self.family(fd);
        let process = &mut self.process;
        let outcome = context
            .network
            .with_host(context.host, |host, _| process.accept(host, fd));
        Ok(match outcome {
            Outcome::Done(result) => self.opened(result, family),
            Outcome::Blocks { until } => Made::Blocks { until },
        })
    }

    fn connect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let remote = self.destination(context, 1, fd)?;
        let process = &mut self.process;
        let outcome = context.network.with_host(context.host, |host, now| {
            process.connect(host, now, fd, remote)
        });
        Ok(match outcome {
            Outcome::Done(result) => status(result),
            Outcome::Blocks { until } => Made::Blocks { until },
        })
    }

    /// The address of a peer.
    fn destination(
        &self,
        context: &Context<'_>,
        index: usize,
        fd: u64,
    ) -> Result<IpEndpoint, BadCall> {
        let family = self.family(fd);
        match context.endpoint(index, family)? {
            Target::Address(endpoint) => Ok(endpoint),
            Target::Default => context.default_peer(index, family),
        }
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::None, &[])
    }

    fn send(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::None, FLAGS)
    }

    fn sendto(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::Argument, FLAGS)
    }

    fn transmit(
        &mut self,
        context: &mut Context<'_>,
        destination: Destination,
        flags: &Words,
    ) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let payload = context.payload(flags)?;
        let to = match (destination, context.argument(payload.rest)) {
            (Destination::Argument, Some(Argument::Word(word))) if word == "NULL" => None,
            (Destination::Argument, _) => Some(self.destination(context, payload.rest, fd)?),
            (Destination::None, None) => None,
            (Destination::None, Some(extra)) => {
                return context.bad(payload.rest, format_args!("{} is too much", show(extra)));
            }
        };
        if payload.flags & !(MSG_DONTROUTE | MSG_DONTWAIT | MSG_NOSIGNAL) != 0 {
            return Ok(failed(Errno::OperationNotSupported));
        }
        let Self {
            process, memory, ..
        } = self;
        let (data, mode) = (memory.octets(&payload.octets), mode(payload.flags));
        Ok(waited(
            context.network.with_host(context.host, |host, _| {
                process.send(host, fd, data, to, mode)
            }),
        ))
    }

    fn recv(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let (length, flags) = context.buffer(FLAGS)?;
        if flags & !(MSG_PEEK | MSG_DONTWAIT | MSG_NOSIGNAL) != 0 {
            return Ok(failed(Errno::OperationNotSupported));
        }
        let reading = if flags & MSG_PEEK != 0 {
            Reading::Peek
        } else {
            Reading::Take
        };
        let Self {
            process, memory, ..
        } = self;
        let buffer = memory.buffer(length);
        Ok(waited(
            context.network.with_host(context.host, |host, _| {
                process.recv(host, fd, buffer, reading, mode(flags))
            }),
        ))
    }

    fn shutdown(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let direction = match context.number(1, HOWS)? {
            0 => Some(Direction::Receive),
            1 => Some(Direction::Send),
            2 => Some(Direction::Both),
            _ => None,
        };
        let process = &mut self.process;
        Ok(status(
            context.network.with_host(context.host, |host, _| {
                process.shutdown(host, fd, direction)
            }),
        ))
    }

    fn close(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.descriptors.first(context)?;
        if self.epolls.remove(&fd).is_some() {
            return Ok(Made::value(0));
        }
        let process = &mut self.process;
        let outcome = context
            .network
            .with_host(context.host, |host, now| process.close(host, now, fd));
        Ok(match outcome {
            Outcome::Done(result) => status(result),
            Outcome::Blocks { until } => Made::Blocks { until },
        })
    }

    fn fcntl(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let command = context.number(1, FCNTLS)?;
        let flags = context.number(2, FILE_FLAGS)?;
        let file = match self.process.file(fd) {
            Ok(file) => file,
            Err(error) => return Ok(failed(error)),
        };
        Ok(match command {
            F_GETFL => Made::value(match file.mode {
                Mode::Blocking => O_RDWR,
                Mode::NonBlocking => O_RDWR | O_NONBLOCK,
            }),
            F_SETFL => {
                let non_blocking = flags & O_NONBLOCK != 0;
                file.mode = if non_blocking {
                    Mode::NonBlocking
                } else {
                    Mode::Blocking
                };
                Made::value(0)
            }
            _ => failed(Errno::Invalid),
        })
    }

    fn ioctl(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let fd = self.fd(context)?;
        let request = context.number(1, REQUESTS)?;
        let Self {
            process, memory, ..
        } = self;
        let file = match process.file(fd) {
            Ok(file) => file,
            Err(error) => return Ok(failed(error)),
        };
        let (id, protocol) = (file.id, file.protocol);
        let octets = |octets: usize| i64::try_from(octets).unwrap_or(i64::MAX);
        let status = context.network.host(context.host).status(id);
        match (request, protocol) {
            (FIONREAD, Protocol::Tcp) => {
                context.returned(2, octets(status.map_or(0, |status| status.queued)), &[])
            }
            // Of datagrams it is the length of the first.
            (FIONREAD, Protocol::Udp) => {
                let buffer = memory.buffer(DATAGRAM_MAX);
                let first = context
                    .network
                    .with_host(context.host, |host, _| host.peek(id, buffer));
                context.returned(2, octets(first.unwrap_or(0)), &[])
            }
            (SIOCOUTQ, _) => {
                let waiting = status.map_or(0, |status| status.unsent + status.unacked);
                context.returned(2, octets(waiting), &[])
            }
            (FIONBIO, _) => {
                let on: i64 = context.pointed(2, &[])?;
                file.mode = if on != 0 {
                    Mode::NonBlocking
                } else {
                    Mode::Blocking
                };
                Ok(Made::value(0))
            }
            _ => Ok(failed(Errno::Invalid)),
        }
    }
}

/// Whether a send has an address among its arguments.
#[derive(Clone, Copy, Debug)]
enum Destination {
    None,
    Argument,
}

fn mode(flags: i64) -> Mode {
    if flags & MSG_DONTWAIT != 0 {
        Mode::NonBlocking
    } else {
        Mode::Blocking
    }
}
