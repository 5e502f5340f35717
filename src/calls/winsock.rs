//! The calls of a Winsock host.
//!
//! Arguments are those of the functions, with three liberties: an address stands for itself
//! (`connect(3, server:80)`), what is sent is a number of octets or a text (`send(3, 8000)`), and
//! what a call returns through a pointer is either left out or written where the pointer is
//! (`getsockopt(3, SOL_SOCKET, SO_ERROR, [0])`). A pointer that is no memory of the process is
//! `BAD_POINTER`; a WSABUF is `{len=64, buf=BUFFER}`.

mod words;
mod wsabuf;

use hangup_stack::host::Host;
use hangup_stack::network::{HostId, IpFamily, Network};
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;
use hangup_stack::socket::SocketId;
use hangup_winsock::api::options::{self, Linger, OptionValue};
use hangup_winsock::api::sockets;
use hangup_winsock::{Address, Outcome, Pointer, Socket, ThreadId, Winsock, WsaError};

use self::words::{
    BACKLOGS, BOOLEANS, COMMANDS, ERRORS, FAMILIES, FLAGS, HOWS, LEVELS, OPTIONS, PROTOCOLS,
    SOCKET_FLAGS, TYPES,
};
use self::wsabuf::wsabuf;
use super::argument::{Context, DEFAULT_PORT, Target, Words, show, unspecified};
use super::program::{Descriptors, Memory};
use super::table::{Call, Made, Make, Shape, find, names};
use super::{Answer, BadCall, Calls};
use crate::scenario::script::Argument;

/// One process on one Winsock host.
#[derive(Debug, Default)]
pub struct WinsockCalls {
    process: Winsock,
    descriptors: Descriptors,
    memory: Memory,
    /// The threads that a script has named, after the one that needs no name.
    threads: Vec<String>,
}

/// The names of the calls, in the order of the table.
pub(super) const NAMES: &[&str] = &names(&CALLS);

const fn call(
    name: &'static str,
    takes: &'static str,
    counts: (usize, usize),
    shape: Shape,
    make: Make<WinsockCalls>,
) -> Call<WinsockCalls> {
    Call {
        name,
        takes,
        counts,
        shape,
        make,
    }
}

#[rustfmt::skip]
const CALLS: [Call<WinsockCalls>; 26] = [
    call("WSAStartup", "(version[, data])", (1, 2), Shape::Process, WinsockCalls::startup),
    call("WSACleanup", "()", (0, 0), Shape::Process, WinsockCalls::cleanup),
    call("WSAGetLastError", "()", (0, 0), Shape::Process, WinsockCalls::get_last_error),
    call("WSASetLastError", "(error)", (1, 1), Shape::Process, WinsockCalls::set_last_error),
    call("socket", "(family, type, protocol)", (3, 3), Shape::Process, WinsockCalls::socket),
    call("WSASocket", "(family, type, protocol[, NULL, 0, flags])", (3, 6), Shape::Process,
         WinsockCalls::socket),
    call("bind", "(socket, address[, length])", (2, 3), Shape::Socket, WinsockCalls::bind),
    call("listen", "(socket, backlog)", (2, 2), Shape::Socket, WinsockCalls::listen),
    call("accept", "(socket[, address, length])", (1, 3), Shape::Socket, WinsockCalls::accept),
    call("connect", "(socket, address[, length])", (2, 3), Shape::Socket, WinsockCalls::connect),
    call("getpeername", "(socket[, address, length])", (1, 3), Shape::Socket,
         WinsockCalls::getpeername),
    call("getsockname", "(socket[, address, length])", (1, 3), Shape::Socket,
         WinsockCalls::getsockname),
    call("send", "(socket, data[, flags])", (2, 4), Shape::Send, WinsockCalls::send),
    call("sendto", "(socket, data[, flags], address)", (3, 6), Shape::Send, WinsockCalls::sendto),
    call("recv", "(socket, length[, flags])", (2, 4), Shape::Socket, WinsockCalls::recv),
    call("recvfrom", "(socket, length[, flags])", (2, 6), Shape::Socket, WinsockCalls::recvfrom),
    call("shutdown", "(socket, how)", (2, 2), Shape::Socket, WinsockCalls::shutdown),
    call("closesocket", "(socket)", (1, 1), Shape::Socket, WinsockCalls::closesocket),
    call("setsockopt", "(socket, level, option, value[, size])", (4, 5), Shape::Socket,
         WinsockCalls::setsockopt),
    call("getsockopt", "(socket, level, option[, value, size])", (3, 5), Shape::Socket,
         WinsockCalls::getsockopt),
    call("ioctlsocket", "(socket, command[, value])", (2, 3), Shape::Socket,
         WinsockCalls::ioctlsocket),
    call("WSARecvDisconnect", "(socket, data)", (2, 2), Shape::Socket,
         WinsockCalls::recv_disconnect),
    call("WSASendDisconnect", "(socket, data)", (2, 2), Shape::Socket,
         WinsockCalls::send_disconnect),
    call("WSPRecvDisconnect", "(socket, data[, lpErrno])", (2, 3), Shape::Socket,
         WinsockCalls::recv_disconnect),
    call("WSPSendDisconnect", "(socket, data[, lpErrno])", (2, 3), Shape::Socket,
         WinsockCalls::send_disconnect),
    call("WSPShutdown", "(socket, how[, lpErrno])", (2, 3), Shape::Socket, WinsockCalls::shutdown),
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
        Ok(context.answer(made, "s", &self.descriptors))
    }

    fn switch_to(&mut self, thread: Option<&str>) {
        let number = thread.map_or(0, |name| {
            let known = self.threads.iter().position(|known| known == name);
            1 + known.unwrap_or_else(|| {
                self.threads.push(name.to_owned());
                self.threads.len() - 1
            })
        });
        self.process
            .switch_to(ThreadId(u32::try_from(number).unwrap_or(u32::MAX)));
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

    fn label(&mut self, label: i64, descriptor: u64) {
        self.descriptors.label(label, descriptor);
    }

    fn socket(&self, descriptor: u64) -> Option<SocketId> {
        self.descriptors.get(descriptor).map(|opened| opened.socket)
    }

    fn labels(&self) -> Vec<(i64, SocketId)> {
        self.descriptors.labels()
    }
}

/// What a call that says SOCKET_ERROR comes to.
fn status(result: Result<(), WsaError>) -> Made {
    match result {
        Ok(()) => Made::value(0),
        Err(error) => failed(error),
    }
}

fn failed(error: WsaError) -> Made {
    Made::failed("SOCKET_ERROR", error.name())
}

impl WinsockCalls {
    /// Runs a function of the process inside the host.
    fn on_host<R>(
        &mut self,
        context: &mut Context<'_>,
        f: impl FnOnce(&mut Winsock, &mut Host, Instant) -> R,
    ) -> R {
        let process = &mut self.process;
        context
            .network
            .with_host(context.host, |host, now| f(process, host, now))
    }

    /// The socket in the first argument.
    fn s(&self, context: &Context<'_>) -> Result<Socket, BadCall> {
        self.descriptors.first(context).map(Socket::from_raw)
    }

    /// The family of a socket; IPv4's for what is none.
    fn family(&self, s: Socket) -> IpFamily {
        self.descriptors
            .get(s.raw())
            .map_or(IpFamily::V4, |opened| opened.family)
    }

    fn startup(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let version = context.narrow(0, &[])?;
        // The function returns its error itself, and there is no last error.
        Ok(
            match self.on_host(context, |process, host, _| {
                process.wsa_startup(host, version)
            }) {
                Ok(_) => Made::value(0),
                Err(error) => Made::value(error.name()),
            },
        )
    }

    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        Ok(status(self.on_host(context, |process, host, now| {
            process.wsa_cleanup(host, now)
        })))
    }

    fn get_last_error(&mut self, _: &mut Context<'_>) -> Result<Made, BadCall> {
        let code = self.process.wsa_get_last_error();
        Ok(match WsaError::from_code(code) {
            Some(error) => Made::value(error.name()),
            None => Made::value(code),
        })
    }

    fn set_last_error(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let error = context.narrow(0, &ERRORS)?;
        self.process.wsa_set_last_error(error);
        Ok(Made::value(0))
    }

    fn socket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let family = match context.argument(0) {
            Some(Argument::Ellipsis) => match context.default_family() {
                IpFamily::V4 => sockets::AF_INET,
                IpFamily::V6 => sockets::AF_INET6,
            },
            _ => context.narrow(0, FAMILIES)?,
        };
        let kind = context.narrow(1, TYPES)?;
        let protocol = context.narrow(2, PROTOCOLS)?;
        let flags = context.narrow(5, SOCKET_FLAGS)?;
        let made = self.on_host(context, |process, host, now| {
            process.wsa_socket(host, now, (family, kind, protocol), None, flags)
        });
        let family = if family == sockets::AF_INET6 {
            IpFamily::V6
        } else {
            IpFamily::V4
        };
        Ok(self.opened(made, family))
    }

    /// Remembers a new socket.
    fn opened(&mut self, made: Result<Socket, WsaError>, family: IpFamily) -> Made {
        match made {
            Ok(s) => {
                if let Some(id) = self.process.stack_socket(s) {
                    self.descriptors.open(s.raw(), id, family);
                }
                Made::opened(s.raw())
            }
            Err(error) => Made::failed("INVALID_SOCKET", error.name()),
        }
    }

    fn bind(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let family = self.family(s);
        let name = match context.endpoint(1, family)? {
            Target::Address(endpoint) => endpoint,
            Target::Default => IpEndpoint::new(unspecified(family), DEFAULT_PORT),
        };
        Ok(status(self.on_host(context, |process, host, now| {
            process.bind(host, now, s, name)
        })))
    }

    fn listen(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let backlog = context.narrow(1, BACKLOGS)?;
        Ok(status(self.on_host(context, |process, host, now| {
            process.listen(host, now, s, backlog)
        })))
    }

    fn accept(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let family = self.family(s);
        Ok(
            match self.on_host(context, |process, host, now| process.accept(host, now, s)) {
                Outcome::Done(result) => self.opened(result.map(|(new, _)| new), family),
                Outcome::Blocks { until } => Made::Blocks { until },
            },
        )
    }

    fn connect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let name = self.destination(context, 1, s)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.connect(host, now, s, name)
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
        s: Socket,
    ) -> Result<IpEndpoint, BadCall> {
        let family = self.family(s);
        match context.endpoint(index, family)? {
            Target::Address(endpoint) => Ok(endpoint),
            Target::Default => context.default_peer(index, family),
        }
    }

    fn getpeername(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let name = self.on_host(context, |process, host, now| {
            process.getpeername(host, now, s)
        });
        Self::name(context, name)
    }

    fn getsockname(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let name = self.on_host(context, |process, host, now| {
            process.getsockname(host, now, s)
        });
        Self::name(context, name)
    }

    /// An address that a call returned.
    fn name(context: &Context<'_>, name: Result<Address, WsaError>) -> Result<Made, BadCall> {
        match name {
            Ok(name) => context.returned_address(1, name.endpoint()),
            Err(error) => Ok(failed(error)),
        }
    }

    fn send(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::None)
    }

    fn sendto(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.transmit(context, Destination::Argument)
    }

    fn transmit(
        &mut self,
        context: &mut Context<'_>,
        destination: Destination,
    ) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let payload = context.payload(FLAGS)?;
        let to = match (destination, context.argument(payload.rest)) {
            (Destination::Argument, Some(Argument::Word(word))) if word == "NULL" => None,
            (Destination::Argument, _) => Some(self.destination(context, payload.rest, s)?),
            (Destination::None, None) => None,
            (Destination::None, Some(extra)) => {
                return context.bad(payload.rest, format_args!("{} is too much", show(extra)));
            }
        };
        let Ok(flags) = i32::try_from(payload.flags) else {
            return context.bad(2, "the flags are out of range");
        };
        let Self {
            process, memory, ..
        } = self;
        let buffer = memory.octets(&payload.octets);
        let outcome = context.network.with_host(context.host, |host, now| {
            process.sendto(host, now, s, buffer, flags, to)
        });
        Ok(match outcome {
            Outcome::Done(Ok(octets)) => Made::value(octets),
            Outcome::Done(Err(error)) => failed(error),
            Outcome::Blocks { until } => Made::Blocks { until },
        })
    }

    fn recv(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.receive(context, |process, host, now, s, buffer, flags| {
            process.recv(host, now, s, buffer, flags)
        })
    }

    fn recvfrom(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        self.receive(context, |process, host, now, s, buffer, flags| {
            process
                .recvfrom(host, now, s, buffer, flags)
                .map(|(octets, _)| octets)
        })
    }

    fn receive(
        &mut self,
        context: &mut Context<'_>,
        f: impl FnOnce(&mut Winsock, &mut Host, Instant, Socket, &mut [u8], i32) -> Outcome<usize>,
    ) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let (length, flags) = context.buffer(FLAGS)?;
        let Ok(flags) = i32::try_from(flags) else {
            return context.bad(2, "the flags are out of range");
        };
        let Self {
            process, memory, ..
        } = self;
        let buffer = memory.buffer(length);
        let outcome = context.network.with_host(context.host, |host, now| {
            f(process, host, now, s, buffer, flags)
        });
        Ok(match outcome {
            Outcome::Done(Ok(octets)) => Made::value(octets),
            Outcome::Done(Err(error)) => failed(error),
            Outcome::Blocks { until } => Made::Blocks { until },
        })
    }

    fn shutdown(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let how = context.narrow(1, HOWS)?;
        let provider = context.name() == "WSPShutdown";
        Ok(status(self.on_host(
            context,
            |process, host, now| match provider {
                true => process.wsp_shutdown(host, now, s, how),
                false => process.shutdown(host, now, s, how),
            },
        )))
    }

    fn closesocket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let outcome = self.on_host(context, |process, host, now| {
            process.closesocket(host, now, s)
        });
        Ok(match outcome {
            Outcome::Done(result) => status(result),
            Outcome::Blocks { until } => Made::Blocks { until },
        })
    }

    fn recv_disconnect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let mut buffer = wsabuf(context)?;
        let data = match &mut buffer {
            Pointer::Null => Pointer::Null,
            Pointer::To(buffer) => Pointer::To(buffer),
            Pointer::Bad => Pointer::Bad,
        };
        let provider = context.name() == "WSPRecvDisconnect";
        Ok(status(self.on_host(
            context,
            |process, host, now| match provider {
                true => process.wsp_recv_disconnect(host, now, s, data),
                false => process.wsa_recv_disconnect(host, now, s, data),
            },
        )))
    }

    fn send_disconnect(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let buffer = wsabuf(context)?;
        let data = match &buffer {
            Pointer::Null => Pointer::Null,
            Pointer::To(buffer) => Pointer::To(buffer.as_slice()),
            Pointer::Bad => Pointer::Bad,
        };
        let provider = context.name() == "WSPSendDisconnect";
        Ok(status(self.on_host(
            context,
            |process, host, now| match provider {
                true => process.wsp_send_disconnect(host, now, s, data),
                false => process.wsa_send_disconnect(host, now, s, data),
            },
        )))
    }

    fn setsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let (level, name) = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let value = match context.argument(3) {
            Some(Argument::Word(word)) if matches!(word.as_str(), "BAD_POINTER" | "NULL") => {
                OptionValue::Bad
            }
            Some(Argument::Struct(fields)) => {
                let (onoff, seconds) = context.linger(3, fields)?;
                OptionValue::Linger(Linger { onoff, seconds })
            }
            Some(_) => OptionValue::Integer(context.pointed(3, BOOLEANS)?),
            None => OptionValue::Bad,
        };
        Ok(status(self.on_host(context, |process, host, now| {
            process.setsockopt(host, now, s, level, name, value)
        })))
    }

    fn getsockopt(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let (level, name) = (context.narrow(1, LEVELS)?, context.narrow(2, OPTIONS)?);
        let got = self.on_host(context, |process, host, now| {
            process.getsockopt(host, now, s, level, name)
        });
        let value = match got {
            Ok(value) => value,
            Err(error) => return Ok(failed(error)),
        };
        match value {
            OptionValue::Integer(value) => {
                let words: &Words = match name {
                    options::SO_ERROR => &ERRORS,
                    options::SO_TYPE => TYPES,
                    _ => &[],
                };
                context.returned(3, value.into(), words)
            }
            OptionValue::Linger(Linger { onoff, seconds }) => {
                context.returned_linger(3, (onoff, seconds))
            }
            OptionValue::Octets(octets) => Ok(Made::value(octets.len())),
            OptionValue::Bad => Ok(failed(WsaError::Fault)),
        }
    }

    fn ioctlsocket(&mut self, context: &mut Context<'_>) -> Result<Made, BadCall> {
        let s = self.s(context)?;
        let command = context.narrow(1, COMMANDS)?;
        let mut value = match command {
            options::FIONREAD => 0,
            _ => match context.argument(2) {
                Some(_) => context.pointed(2, BOOLEANS)?,
                None => return context.bad(2, "the value is missing"),
            },
        };
        let result = self.on_host(context, |process, host, now| {
            process.ioctlsocket(host, now, s, command, &mut value)
        });
        match result {
            Ok(()) if command == options::FIONREAD => context.returned(2, value.into(), &[]),
            result => Ok(status(result)),
        }
    }
}

/// Whether a send has an address among its arguments.
#[derive(Clone, Copy, Debug)]
enum Destination {
    None,
    Argument,
}
