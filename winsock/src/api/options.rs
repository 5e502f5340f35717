//! setsockopt, getsockopt and ioctlsocket.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Duration;
use hangup_stack::socket::Protocol;

use super::check::{Check, Request};
use super::{Call, Circuit, Entry, Mode, Socket, Winsock};
use crate::error::WsaError;

/// The level of options that every socket has.
pub const SOL_SOCKET: i32 = 0xffff;
/// The level of TCP's options.
pub const IPPROTO_TCP: i32 = super::sockets::IPPROTO_TCP;
/// How `closesocket` ends a connection: [`Linger`].
pub const SO_LINGER: i32 = 0x0080;
/// The opposite of SO_LINGER's l_onoff.
pub const SO_DONTLINGER: i32 = !SO_LINGER;
/// The send buffer in octets.
pub const SO_SNDBUF: i32 = 0x1001;
/// The receive buffer in octets.
pub const SO_RCVBUF: i32 = 0x1002;
/// The pending error, which reading takes away.
pub const SO_ERROR: i32 = 0x1007;
/// The type of the socket.
pub const SO_TYPE: i32 = 0x1008;
/// No Nagle algorithm.
pub const TCP_NODELAY: i32 = 0x0001;
/// ioctlsocket: how many octets can be read.
pub const FIONREAD: u32 = 0x4004_667f;
/// ioctlsocket: the non-blocking mode.
pub const FIONBIO: u32 = 0x8004_667e;

/// The largest buffer that can be set, in octets. A larger value is an argument that is not valid.
pub const BUFFER_MAX: i32 = 1 << 30;

/// struct linger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Linger {
    /// l_onoff: not 0 makes `closesocket` linger or reset.
    pub onoff: u16,
    /// l_linger: for how many seconds; 0 resets.
    pub seconds: u16,
}

impl Linger {
    /// For how long `closesocket` lingers; none where it does not linger at all.
    pub(super) fn timeout(self) -> Option<Duration> {
        (self.onoff != 0).then(|| Duration::from_secs(self.seconds.into()))
    }
}

/// What is behind optval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// An int, a DWORD or a BOOL.
    Integer(i32),
    /// A struct linger.
    Linger(Linger),
    /// Memory that is not the process's.
    Bad,
}

impl Winsock {
    /// setsockopt: SO_LINGER, SO_DONTLINGER, SO_SNDBUF, SO_RCVBUF and TCP_NODELAY.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown level or a buffer size below 1 (0 means on Windows
    /// that nothing is buffered, which this slice does not do) or above [`BUFFER_MAX`],
    /// WSAENOPROTOOPT for an option the socket does not have, WSAEFAULT for a value of the wrong
    /// size or behind a bad pointer.
    pub fn setsockopt(
        &mut self,
        host: &mut Host,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        let stream = self.is_stream(s);
        let size_fits = match (name, value) {
            (SO_SNDBUF | SO_RCVBUF, OptionValue::Integer(octets)) => {
                (1..=BUFFER_MAX).contains(&octets)
            }
            _ => true,
        };
        let size = match (name, value) {
            (_, OptionValue::Bad) => Check::Failed,
            (SO_LINGER, OptionValue::Linger(_)) => Check::Passed,
            (SO_LINGER, _) | (_, OptionValue::Linger(_)) => Check::Failed,
            (_, OptionValue::Integer(_)) => Check::Passed,
        };
        let request = Request {
            arguments: Check::that(is_level(level) && size_fits),
            option: Check::that(is_settable(level, name, stream)),
            memory: size,
            ..Request::new(Call::Immediate)
        };
        let result = self
            .check(host, s, request)
            .map(|entry| entry.set(host, level, name, value));
        self.report(result)
    }

    /// getsockopt: the options of [`Winsock::setsockopt`], SO_TYPE and SO_ERROR.
    ///
    /// SO_ERROR gives, and takes away, the error of a connection attempt. The end of an established
    /// connection is not found there: the next receive or send reports it (Wine's tests, which run
    /// on Windows).
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown level, WSAENOPROTOOPT for an unknown option.
    pub fn getsockopt(
        &mut self,
        host: &mut Host,
        s: Socket,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, WsaError> {
        let stream = self.is_stream(s);
        let readable = match (level, name) {
            (SOL_SOCKET, SO_ERROR | SO_TYPE) => true,
            _ => is_settable(level, name, stream),
        };
        let request = Request {
            arguments: Check::that(is_level(level)),
            option: Check::that(readable),
            ..Request::new(Call::Immediate)
        };
        let result = self
            .check(host, s, request)
            .map(|entry| entry.get(host, level, name));
        self.report(result)
    }

    /// ioctlsocket: FIONBIO sets the mode of the socket, FIONREAD says how many octets can be read.
    /// `argument` is *argp.
    ///
    /// # Errors
    /// The common ones, WSAEOPNOTSUPP for any other command.
    pub fn ioctlsocket(
        &mut self,
        host: &Host,
        s: Socket,
        command: u32,
        argument: &mut u32,
    ) -> Result<(), WsaError> {
        let request = Request {
            supported: Check::that(matches!(command, FIONBIO | FIONREAD)),
            ..Request::new(Call::Immediate)
        };
        let result = self.check(host, s, request).map(|entry| match command {
            FIONREAD => {
                let queued = host.status(entry.id).map_or(0, |status| status.queued);
                *argument = u32::try_from(queued).unwrap_or(u32::MAX);
            }
            _ => {
                entry.mode = if *argument == 0 {
                    Mode::Blocking
                } else {
                    Mode::NonBlocking
                }
            }
        });
        self.report(result)
    }

    fn is_stream(&self, s: Socket) -> bool {
        self.sockets
            .get(&s)
            .is_some_and(|entry| entry.protocol == Protocol::Tcp)
    }
}

impl Entry {
    /// Sets an option whose level, name and value have been checked.
    fn set(&mut self, host: &mut Host, level: i32, name: i32, value: OptionValue) {
        match (level, name, value) {
            (SOL_SOCKET, SO_LINGER, OptionValue::Linger(linger)) => self.set_linger(host, linger),
            // SO_DONTLINGER turned off brings back the time that was set before.
            (SOL_SOCKET, SO_DONTLINGER, OptionValue::Integer(on)) => {
                self.set_linger(
                    host,
                    Linger {
                        onoff: u16::from(on == 0),
                        ..self.linger
                    },
                );
            }
            (SOL_SOCKET, SO_RCVBUF, OptionValue::Integer(octets)) => {
                host.set_receive_buffer(self.id, usize::try_from(octets).unwrap_or(0));
            }
            (SOL_SOCKET, SO_SNDBUF, OptionValue::Integer(octets)) => {
                host.set_send_buffer(self.id, usize::try_from(octets).unwrap_or(0));
            }
            (IPPROTO_TCP, TCP_NODELAY, OptionValue::Integer(on)) => {
                self.no_delay = on != 0;
                host.set_no_delay(self.id, self.no_delay);
            }
            (_, _, OptionValue::Integer(_) | OptionValue::Linger(_) | OptionValue::Bad) => {}
        }
    }

    fn set_linger(&mut self, host: &mut Host, linger: Linger) {
        self.linger = linger;
        host.set_linger(self.id, linger.timeout());
    }

    /// Reads an option whose level and name have been checked.
    fn get(&self, host: &mut Host, level: i32, name: i32) -> OptionValue {
        let octets = |octets: usize| i32::try_from(octets).unwrap_or(i32::MAX);
        OptionValue::Integer(match (level, name) {
            (SOL_SOCKET, SO_LINGER) => return OptionValue::Linger(self.linger),
            (SOL_SOCKET, SO_DONTLINGER) => i32::from(self.linger.onoff == 0),
            (SOL_SOCKET, SO_RCVBUF) => octets(host.receive_buffer(self.id)),
            (SOL_SOCKET, SO_SNDBUF) => octets(host.send_buffer(self.id)),
            (SOL_SOCKET, SO_TYPE) => match self.protocol {
                Protocol::Tcp => super::sockets::SOCK_STREAM,
                Protocol::Udp => super::sockets::SOCK_DGRAM,
            },
            (SOL_SOCKET, SO_ERROR) if self.circuit != Circuit::Connected => host
                .take_error(self.id)
                .map_or(0, |gone| WsaError::from(gone).code()),
            (IPPROTO_TCP, TCP_NODELAY) => i32::from(self.no_delay),
            _ => 0,
        })
    }
}

fn is_level(level: i32) -> bool {
    matches!(level, SOL_SOCKET | IPPROTO_TCP)
}

/// Whether a socket has an option. Lingering and Nagle are for byte streams.
fn is_settable(level: i32, name: i32, stream: bool) -> bool {
    match (level, name) {
        (SOL_SOCKET, SO_RCVBUF | SO_SNDBUF) => true,
        (SOL_SOCKET, SO_LINGER | SO_DONTLINGER) | (IPPROTO_TCP, TCP_NODELAY) => stream,
        _ => false,
    }
}
