//! The calls of a POSIX host.
//!
//! Arguments are written as in packetdrill (`recv(3, ..., 1000, 0)`, `bind(3, ..., ...)`,
//! `setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8)`) or without what says nothing
//! (`recv(3, 1000)`, `bind(3, server:80)`). `poll` has a short form too, `poll(3)`, which never
//! waits and returns what the socket is ready for: `= POLLIN|POLLOUT`.

mod control;
mod data;
mod epoll;
mod message;
mod options;
mod pipe;
mod poll;
mod process;
mod select;
mod sockets;
mod state;
mod words;

use hangup_posix::Errno;
use hangup_stack::blocking::ThreadId;
use hangup_stack::network::{HostId, Network};
use hangup_stack::socket::Gone;

use self::words::FILE_FLAGS;
use super::answer::{Answer, BadCall};
use super::interface::Calls;
use super::program::Program;
use super::signature::Shape;
use super::table::{self, CallRow, call, find, names};
use crate::capture::Toward;
use crate::scenario::script::Argument;
pub use state::PosixCalls;

/// The number of a flag of a file, which `fcntl` returns: `O_NONBLOCK`.
pub(crate) fn file_flag(name: &str) -> Option<i64> {
    let known = FILE_FLAGS.iter().find(|(known, _)| *known == name);
    known.map(|(_, number)| *number)
}

/// Which way the row of a call points. None: there is no such call.
pub(super) fn toward(name: &str) -> Option<Toward> {
    table::toward(&CALLS, name)
}

/// Whether a call of the table ends its process.
pub(super) fn never_returns(name: &str) -> bool {
    table::ends(&CALLS, name)
}

/// The names of the calls, in the order of the table.
pub(super) const NAMES: &[&str] = &names(&CALLS);

/// The names of the errors that they report.
pub(super) fn error_names() -> impl Iterator<Item = &'static str> {
    Errno::ALL.iter().map(|error| error.name())
}

/// The names that calls return besides those of errors.
pub(super) fn result_names() -> Vec<&'static str> {
    let tables = [
        words::EVENTS,
        FILE_FLAGS,
        words::TYPES,
        words::SIGNALS,
        words::ACTIONS,
        words::SERVICES,
    ];
    let words = tables.into_iter().flatten();
    words.map(|(name, _)| *name).collect()
}

/// The error that says why a connection is gone.
pub(super) fn gone_name(gone: Gone) -> &'static str {
    Errno::from(gone).name()
}

#[rustfmt::skip]
const CALLS: [CallRow<PosixCalls>; 40] = [
    call("socket", "(domain, type, protocol)", (3, 3), Shape::Process, PosixCalls::socket),
    call("bind", "(fd, address[, length])", (2, 3), Shape::Socket, PosixCalls::bind),
    call("listen", "(fd, backlog)", (2, 2), Shape::Socket, PosixCalls::listen),
    call("accept", "(fd[, address, length])", (1, 3), Shape::Socket, PosixCalls::accept)
        .delivers(),
    call("connect", "(fd, address[, length])", (2, 3), Shape::Socket, PosixCalls::connect),
    call("getpeername", "(fd[, address, length])", (1, 3), Shape::Socket, PosixCalls::getpeername),
    call("getsockname", "(fd[, address, length])", (1, 3), Shape::Socket, PosixCalls::getsockname),
    call("send", "(fd, data[, flags])", (2, 4), Shape::Send, PosixCalls::send),
    call("sendto", "(fd, data[, flags], address)", (3, 6), Shape::Send, PosixCalls::sendto),
    call("write", "(fd, data)", (2, 3), Shape::Send, PosixCalls::write),
    call("recv", "(fd, length[, flags])", (2, 4), Shape::Socket, PosixCalls::recv).delivers(),
    call("recvfrom", "(fd, length[, flags[, address, length]])", (2, 6), Shape::Socket,
         PosixCalls::recvfrom).delivers(),
    call("recvmsg", "(fd, length[, flags[, [{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, \
         cmsg_data=900}][, flags returned]]])", (2, 6), Shape::Socket, PosixCalls::recvmsg)
        .delivers(),
    call("sendmsg", "(fd, [octets, octets][, flags[, address]])", (2, 4), Shape::Send,
         PosixCalls::sendmsg),
    call("read", "(fd, length)", (2, 3), Shape::Socket, PosixCalls::read).delivers(),
    call("pipe", "([read, write])", (1, 1), Shape::Process, PosixCalls::pipe),
    call("memfd_create", "(\"name\"[, flags])", (1, 2), Shape::Process,
         PosixCalls::memfd_create),
    call("open", "(\"path\", O_RDONLY)", (2, 2), Shape::Process, PosixCalls::open),
    call("splice", "(from, NULL, to, NULL, length, flags)", (6, 6), Shape::Socket,
         PosixCalls::splice),
    call("sendfile", "(to, file, [offset] or NULL, length)", (4, 4), Shape::Socket,
         PosixCalls::sendfile),
    call("shutdown", "(fd, how)", (2, 2), Shape::Socket, PosixCalls::shutdown),
    call("close", "(fd)", (1, 1), Shape::Socket, PosixCalls::close),
    call("dup", "(fd)", (1, 1), Shape::Socket, PosixCalls::dup),
    call("dup2", "(fd, replaced)", (2, 2), Shape::Socket, PosixCalls::dup2),
    call("fork", "(child)", (1, 1), Shape::Process, PosixCalls::fork),
    call("signal", "(signal, action)", (2, 2), Shape::Process, PosixCalls::signal),
    call("exit", "(status)", (1, 1), Shape::Process, PosixCalls::exit).ends(),
    call("_exit", "(status)", (1, 1), Shape::Process, PosixCalls::exit).ends(),
    call("abort", "()", (0, 0), Shape::Process, PosixCalls::abort).ends(),
    call("raise", "(signal)", (1, 1), Shape::Process, PosixCalls::raise).ends(),
    call("poll", "(fd[, events]) or ([{fd=3, events=POLLIN, revents=POLLIN}], 1, milliseconds)",
         (1, 3), Shape::Socket, PosixCalls::poll).delivers(),
    call("select", "([most,] read, write, except, time)", (4, 5), Shape::Process,
         PosixCalls::select).delivers(),
    call("epoll_create", "(size)", (1, 1), Shape::Process, PosixCalls::epoll_create),
    call("epoll_ctl", "(epfd, operation, fd[, {events=EPOLLIN, fd=4}])", (3, 4), Shape::Process,
         PosixCalls::epoll_ctl),
    call("epoll_wait", "(epfd, {events=EPOLLIN, fd=4}, most, milliseconds)", (4, 4),
         Shape::Process, PosixCalls::epoll_wait).delivers(),
    call("setsockopt", "(fd, level, option, value[, size])", (4, 5), Shape::Socket,
         PosixCalls::setsockopt),
    call("getsockopt", "(fd, level, option[, value, size])", (3, 5), Shape::Socket,
         PosixCalls::getsockopt),
    call("fcntl", "(fd, command[, flags])", (2, 3), Shape::Socket, PosixCalls::fcntl),
    call("sockatmark", "(fd)", (1, 1), Shape::Socket, PosixCalls::sockatmark),
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
        let answer = context.answer(made, "fd", &self.program.descriptors);
        match answer {
            Answer::Ended(returned) => {
                self.end(network, host);
                // With a child nobody else ends: it has one thread, which was in this call.
                Ok(match self.process.is_child() {
                    true => Answer::Returned(returned),
                    false => Answer::Ended(returned),
                })
            }
            answer @ (Answer::Returned(_) | Answer::Blocks(_)) => Ok(answer),
        }
    }

    fn end(&mut self, network: &mut Network, host: HostId) {
        network.with_host(host, |host, now| self.process.exit(host, now));
    }

    fn run(&mut self, thread: ThreadId) {
        self.process.switch_to(thread);
        self.program.descriptors.switch_to(thread);
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn program_mut(&mut self) -> &mut Program {
        &mut self.program
    }
}
