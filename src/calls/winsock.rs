//! The calls of a Winsock host.
//!
//! Arguments are those of the functions, with three liberties: an address stands for itself
//! (`connect(3, server:80)`), what is sent is a number of octets or a text (`send(3, 8000)`), and
//! what a call returns through a pointer is either left out or written where the pointer is
//! (`getsockopt(3, SOL_SOCKET, SO_ERROR, [0])`). A pointer that is no memory of the process is
//! `BAD_POINTER`; a WSABUF is `{len=64, buf=BUFFER}`.

mod data;
mod disconnect;
mod iso;
mod options;
mod process;
mod ready;
mod sockets;
mod state;
mod words;
mod wsabuf;

use hangup_stack::network::{HostId, Network};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::socket::SocketId;
use hangup_winsock::api::thread::Routine;
use hangup_winsock::{Socket, ThreadId};

use super::answer::{Answer, BadCall, Note};
use super::interface::Calls;
use super::program::{INVALID, Program};
use super::signature::Shape;
use super::table::{self, CallRow, call, find, names};
use crate::capture::Toward;
use crate::scenario::script::{self, Argument};
pub use state::WinsockCalls;

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

/// The network events that can be recorded for a socket.
pub(super) fn event_names() -> impl Iterator<Item = &'static str> {
    let events = words::NETWORK_EVENTS.iter().map(|(name, _)| *name);
    // Not an event, but all of them.
    events.filter(|name| *name != "FD_ALL_EVENTS")
}

/// The names that calls return besides those of errors.
pub(super) fn result_names() -> Vec<&'static str> {
    const FIXED: [&str; 10] = [
        "SOCKET_ERROR",
        "INVALID_SOCKET",
        "TRUE",
        "FALSE",
        "NULL",
        "WSA_INVALID_EVENT",
        "WSA_WAIT_TIMEOUT",
        "WSA_WAIT_FAILED",
        "WSA_WAIT_IO_COMPLETION",
        "WAIT_IO_COMPLETION",
    ];
    let tables = [words::NETWORK_EVENTS, words::EVENTS, words::TYPES];
    let words = tables.into_iter().flatten();
    let words = words.map(|(name, _)| *name);
    FIXED.into_iter().chain(words).collect()
}

#[rustfmt::skip]
const CALLS: [CallRow<WinsockCalls>; 56] = [
    call("WSAStartup", "(version[, data])", (1, 2), Shape::Process, WinsockCalls::startup),
    call("WSACleanup", "()", (0, 0), Shape::Process, WinsockCalls::cleanup),
    call("ExitProcess", "(code)", (1, 1), Shape::Process, WinsockCalls::exit_process).ends(),
    call("TerminateProcess", "(process, code)", (2, 2), Shape::Process,
         WinsockCalls::terminate_process).ends(),
    call("WSAGetLastError", "()", (0, 0), Shape::Process, WinsockCalls::get_last_error),
    call("WSASetLastError", "(error)", (1, 1), Shape::Process, WinsockCalls::set_last_error),
    call("socket", "(family, type, protocol)", (3, 3), Shape::Process, WinsockCalls::socket),
    call("WSASocket", "(family, type, protocol[, NULL, 0, flags])", (3, 6), Shape::Process,
         WinsockCalls::socket),
    call("bind", "(socket, address[, length])", (2, 3), Shape::Socket, WinsockCalls::bind),
    call("listen", "(socket, backlog)", (2, 2), Shape::Socket, WinsockCalls::listen),
    call("accept", "(socket[, address, length])", (1, 3), Shape::Socket, WinsockCalls::accept)
        .delivers(),
    call("connect", "(socket, address[, length])", (2, 3), Shape::Socket, WinsockCalls::connect),
    call("getpeername", "(socket[, address, length])", (1, 3), Shape::Socket,
         WinsockCalls::getpeername),
    call("getsockname", "(socket[, address, length])", (1, 3), Shape::Socket,
         WinsockCalls::getsockname),
    call("send", "(socket, data[, flags])", (2, 4), Shape::Send, WinsockCalls::send),
    call("sendto", "(socket, data[, flags], address)", (3, 6), Shape::Send, WinsockCalls::sendto),
    call("recv", "(socket, length[, flags])", (2, 4), Shape::Socket, WinsockCalls::recv).delivers(),
    call("recvfrom", "(socket, length[, flags])", (2, 6), Shape::Socket, WinsockCalls::recvfrom)
        .delivers(),
    call("shutdown", "(socket, how)", (2, 2), Shape::Socket, WinsockCalls::shutdown),
    call("closesocket", "(socket)", (1, 1), Shape::Socket, WinsockCalls::closesocket),
    call("ConnectEx", "(socket, address, data, overlapped)", (4, 4), Shape::Socket,
         WinsockCalls::connect_ex),
    call("AcceptEx", "(socket, socket, length, overlapped)", (4, 4), Shape::Socket,
         WinsockCalls::accept_ex),
    call("DisconnectEx", "(socket, overlapped, flags[, 0])", (3, 4), Shape::Socket,
         WinsockCalls::disconnect_ex),
    call("TransmitFile", "(socket, data[, flags[, overlapped]])", (2, 4), Shape::Send,
         WinsockCalls::transmit_file),
    call("setsockopt", "(socket, level, option, value[, size])", (4, 5), Shape::Socket,
         WinsockCalls::setsockopt),
    call("getsockopt", "(socket, level, option[, value, size])", (3, 5), Shape::Socket,
         WinsockCalls::getsockopt),
    call("ioctlsocket", "(socket, command[, value])", (2, 3), Shape::Socket,
         WinsockCalls::ioctlsocket),
    call("WSAIoctl", "(socket, command, value[, size, NULL, 0, [0], NULL, NULL])", (3, 9),
         Shape::Socket, WinsockCalls::ioctlsocket),
    call("WSARecvDisconnect", "(socket, data)", (2, 2), Shape::Socket,
         WinsockCalls::recv_disconnect),
    call("WSASendDisconnect", "(socket, data)", (2, 2), Shape::Socket,
         WinsockCalls::send_disconnect),
    call("WSPRecvDisconnect", "(socket, data[, lpErrno])", (2, 3), Shape::Socket,
         WinsockCalls::recv_disconnect),
    call("WSPSendDisconnect", "(socket, data[, lpErrno])", (2, 3), Shape::Socket,
         WinsockCalls::send_disconnect),
    call("WSPShutdown", "(socket, how[, lpErrno])", (2, 3), Shape::Socket, WinsockCalls::shutdown),
    call("WSAAccept", "(socket[, NULL, NULL, condition])", (1, 5), Shape::Socket,
         WinsockCalls::wsa_accept).delivers(),
    call("ConditionReturns", "(decision[, data])", (1, 2), Shape::Process,
         WinsockCalls::condition_returns),
    call("WSAConnect", "(socket, address[, length][, caller data[, callee data]])",
         (2, 5), Shape::Socket, WinsockCalls::wsa_connect),
    call("WSASend", "(socket, data[, flags[, overlapped[, routine]]])", (2, 5), Shape::Socket,
         WinsockCalls::wsa_send),
    call("WSARecv", "(socket, length[, flags[, overlapped[, routine]]])", (2, 5), Shape::Socket,
         WinsockCalls::wsa_recv).delivers(),
    call("WSAGetOverlappedResult", "(socket, overlapped, wait)", (3, 3), Shape::Socket,
         WinsockCalls::get_overlapped_result).delivers(),
    call("CancelIoEx", "(socket, overlapped)", (2, 2), Shape::Socket, WinsockCalls::cancel_io_ex),
    call("select", "(read, write, except, time)", (4, 4), Shape::Process, WinsockCalls::select)
        .delivers(),
    call("WSAPoll", "(socket[, events]) or ([{fd=4, events=POLLIN}], 1, milliseconds)",
         (1, 3), Shape::Socket, WinsockCalls::wsa_poll).delivers(),
    call("WSACreateEvent", "()", (0, 0), Shape::Process, WinsockCalls::create_event),
    call("WSACloseEvent", "(event)", (1, 1), Shape::Process, WinsockCalls::close_event),
    call("WSASetEvent", "(event)", (1, 1), Shape::Process, WinsockCalls::set_event),
    call("WSAResetEvent", "(event)", (1, 1), Shape::Process, WinsockCalls::reset_event),
    call("WSAWaitForMultipleEvents", "([event, ...], all, milliseconds[, alertable])",
         (3, 4), Shape::Process, WinsockCalls::wait_for_multiple_events),
    call("SleepEx", "(milliseconds, alertable)", (2, 2), Shape::Process, WinsockCalls::sleep_ex),
    call("WSAEventSelect", "(socket, event, events)", (3, 3), Shape::Socket,
         WinsockCalls::event_select),
    call("WSAEnumNetworkEvents", "(socket, event[, {FD_CLOSE=error}])", (2, 3), Shape::Socket,
         WinsockCalls::enum_network_events).delivers(),
    call("WSAEnumProtocols", "(protocols[, length])", (0, 2), Shape::Process,
         WinsockCalls::enum_protocols),
    call("WSCInstallProvider", "(name)", (1, 1), Shape::Process, WinsockCalls::install_provider),
    call("WSAIsBlocking", "()", (0, 0), Shape::Process, WinsockCalls::is_blocking),
    call("WSACancelBlockingCall", "()", (0, 0), Shape::Process, WinsockCalls::cancel_blocking_call),
    call("WSASetBlockingHook", "(hook)", (1, 1), Shape::Process, WinsockCalls::set_blocking_hook),
    call("WSAUnhookBlockingHook", "()", (0, 0), Shape::Process, WinsockCalls::unhook_blocking_hook),
];

impl Calls for WinsockCalls {
    fn call(
        &mut self,
        network: &mut Network,
        host: HostId,
        name: &str,
        arguments: &[Argument],
    ) -> Result<Answer, BadCall> {
        let (mut context, make) = find(&CALLS, network, host, name, arguments)?;
        let made = make(self, &mut context)?;
        let process = &self.process;
        let behind = |descriptor| process.stack_socket(Socket::from_raw(descriptor));
        let descriptors = &mut self.program.descriptors;
        let called = match arguments.first() {
            Some(Argument::Integer(label)) => descriptors.descriptor(*label),
            Some(_) | None => INVALID,
        };
        descriptors.refresh(called, behind);
        let answer = context.answer(made, "s", &self.program.descriptors);
        if let Answer::Ended(_) = answer {
            self.end(network, host);
        }
        Ok(answer)
    }

    fn end(&mut self, network: &mut Network, host: HostId) {
        network.with_host(host, |host, now| self.process.exit_process(host, now));
        self.conditions.clear();
    }

    fn run(&mut self, thread: ThreadId) {
        self.process.switch_to(thread);
    }

    fn program(&self) -> &Program {
        &self.program
    }

    fn program_mut(&mut self) -> &mut Program {
        &mut self.program
    }

    /// Over ISO transport a connection is there once its request has come.
    fn accepts_at_once(&self) -> bool {
        false
    }

    fn poll(&mut self, network: &mut Network, host: HostId) {
        if self.process.is_waiting() {
            let process = &mut self.process;
            network.with_host(host, |host, now| process.poll(host, now));
        }
    }

    fn poll_at(&self) -> Option<Instant> {
        self.process.poll_at()
    }

    fn enter(&mut self, routine: script::Routine) -> Result<(), String> {
        let entered = match routine {
            script::Routine::Hook => self.process.enter(Routine::BlockingHook),
            script::Routine::Apc => self.process.enter(Routine::Apc),
            script::Routine::Condition if self.process.is_in_callback() => Ok(()),
            script::Routine::Condition => {
                return Err("no condition function runs on the thread".to_owned());
            }
        };
        entered.map_err(|error| error.to_string())
    }

    fn leave(&mut self, routine: script::Routine) {
        match routine {
            script::Routine::Hook | script::Routine::Apc => self.process.leave(),
            script::Routine::Condition => {}
        }
    }

    fn take_notes(&mut self) -> Vec<Note> {
        let passages = self.process.take_passages();
        let passages = passages.into_iter().map(|passage| {
            let opened = passage
                .s
                .and_then(|s| self.program.descriptors.get(s.raw()));
            Note {
                text: self.shown(&passage),
                socket: opened.and_then(|opened| opened.socket),
            }
        });
        let mut notes: Vec<Note> = passages.collect();
        let completions = self.process.take_completions();
        notes.extend(completions.iter().map(|completion| Note {
            text: self.completed(completion),
            socket: None,
        }));
        notes
    }

    fn take_undefined(&mut self) -> Vec<String> {
        let undefined = self.process.take_undefined();
        undefined.iter().map(ToString::to_string).collect()
    }

    fn network_events(&self, descriptor: SocketId) -> Option<String> {
        let s = self.program.descriptors.handle_of(descriptor)?;
        let recorded = self.process.recorded_events(Socket::from_raw(s));
        Some(ready::show_events(recorded))
    }
}
