//! WSPSetSockOpt, WSPGetSockOpt, WSPIoctl.

use hangup_stack::host::Host;
use hangup_stack::profile::KeepAliveRules;
use hangup_stack::smoltcp::time::Duration;
use hangup_stack::socket::Protocol;

use super::entry::{Entry, TcpIp};
use crate::catalog::{SOCK_DGRAM, SOCK_STREAM};
use crate::error::WsaError;
use crate::options::{
    BUFFER_MAX, FIONBIO, FIONREAD, IPPROTO_TCP, Linger, OptionValue, SO_DONTLINGER, SO_ERROR,
    SO_KEEPALIVE, SO_LINGER, SO_RCVBUF, SO_SNDBUF, SO_TYPE, SOL_SOCKET, TCP_KEEPCNT, TCP_KEEPIDLE,
    TCP_KEEPINTVL, TCP_NODELAY,
};
use crate::process::Socket;
use crate::provider::base::{Circuit, Mode, Request};
use crate::provider::call::Context;
use crate::provider::check::Check;
use crate::provider::spi::SocketOptions;

/// The largest time in seconds, and the largest count, of keep-alive.
const KEEP_ALIVE_MAX: i32 = 32_767;

impl SocketOptions for TcpIp {
    fn set_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        let stream = self.is_stream(s);
        let size_fits = match (name, &value) {
            (SO_SNDBUF | SO_RCVBUF, OptionValue::Integer(octets)) if level == SOL_SOCKET => {
                (1..=BUFFER_MAX).contains(octets)
            }
            (TCP_KEEPIDLE | TCP_KEEPCNT | TCP_KEEPINTVL, OptionValue::Integer(number))
                if level == IPPROTO_TCP =>
            {
                (1..=KEEP_ALIVE_MAX).contains(number)
            }
            _ => true,
        };
        let size = match (name, &value) {
            (_, OptionValue::Bad) => Check::Failed,
            (SO_LINGER, OptionValue::Linger(_)) => Check::Passed,
            (SO_LINGER, _) | (_, OptionValue::Linger(_) | OptionValue::Octets(_)) => Check::Failed,
            (_, OptionValue::Integer(_)) => Check::Passed,
        };
        let request = Request {
            arguments: Check::that(is_level(level) && size_fits),
            option: Check::that(is_settable(level, name, stream)),
            memory: size,
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        entry.set(context, level, name, &value);
        Ok(())
    }

    /// SO_ERROR gives, and takes away, the error of a connection attempt. The end of an established
    /// connection is not found there: the next receive or send reports it (Wine's tests, which run
    /// on Windows).
    fn get_sock_opt(
        &mut self,
        context: &mut Context<'_>,
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
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        Ok(entry.get(context.host, level, name))
    }

    fn ioctl(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        command: u32,
        argument: &mut u32,
    ) -> Result<(), WsaError> {
        // WSAEventSelect: the mode cannot be set to blocking while events are selected.
        let selects = self
            .sockets
            .get(&s)
            .is_some_and(|entry| entry.selection.is_active());
        let request = Request {
            arguments: Check::that(command != FIONBIO || *argument != 0 || !selects),
            supported: Check::that(matches!(command, FIONBIO | FIONREAD)),
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        if command == FIONREAD {
            let status = context.host.status(entry.id);
            let queued = status.map_or(0, |status| status.queued);
            *argument = u32::try_from(queued).unwrap_or(u32::MAX);
        } else if *argument == 0 {
            entry.mode = Mode::Blocking;
        } else {
            entry.mode = Mode::NonBlocking;
        }
        Ok(())
    }
}

impl Entry {
    /// Sets an option whose level, name and value have been checked.
    fn set(&mut self, context: &mut Context<'_>, level: i32, name: i32, value: &OptionValue) {
        let host = &mut *context.host;
        match (level, name, value) {
            (SOL_SOCKET, SO_LINGER, OptionValue::Linger(linger)) => self.set_linger(host, *linger),
            // SO_DONTLINGER turned off brings back the time that was set before.
            (SOL_SOCKET, SO_DONTLINGER, OptionValue::Integer(on)) => {
                let onoff = u16::from(*on == 0);
                let linger = Linger {
                    onoff,
                    ..self.linger
                };
                self.set_linger(host, linger);
            }
            (SOL_SOCKET, SO_RCVBUF, OptionValue::Integer(octets)) => {
                host.set_receive_buffer(self.id, usize::try_from(*octets).unwrap_or(0));
            }
            (SOL_SOCKET, SO_SNDBUF, OptionValue::Integer(octets)) => {
                host.set_send_buffer(self.id, usize::try_from(*octets).unwrap_or(0));
            }
            (IPPROTO_TCP, TCP_NODELAY, OptionValue::Integer(on)) => {
                self.no_delay = *on != 0;
                host.set_no_delay(self.id, self.no_delay);
            }
            (
                SOL_SOCKET | IPPROTO_TCP,
                SO_KEEPALIVE | TCP_KEEPIDLE | TCP_KEEPCNT | TCP_KEEPINTVL,
                OptionValue::Integer(number),
            ) => {
                let number = *number;
                let count = u32::try_from(number).unwrap_or(0);
                let time = Some(Duration::from_secs(count.into()));
                match (level, name) {
                    (SOL_SOCKET, _) => self.keep_alive.on = number != 0,
                    (_, TCP_KEEPIDLE) => self.keep_alive.idle = time,
                    (_, TCP_KEEPINTVL) => self.keep_alive.interval = time,
                    _ => self.keep_alive.count = Some(count),
                }
                host.set_keep_alive(self.id, self.keep_alive, context.now);
            }
            (
                _,
                _,
                OptionValue::Integer(_)
                | OptionValue::Linger(_)
                | OptionValue::Octets(_)
                | OptionValue::Bad,
            ) => {}
        }
    }

    fn set_linger(&mut self, host: &mut Host, linger: Linger) {
        self.linger = linger;
        host.set_linger(self.id, linger.timeout());
    }

    /// Reads an option whose level and name have been checked.
    fn get(&self, host: &mut Host, level: i32, name: i32) -> OptionValue {
        let octets = |octets: usize| i32::try_from(octets).unwrap_or(i32::MAX);
        let profile = host.profile().map(|profile| profile.keep_alive);
        let seconds = |set: Option<Duration>, default: fn(KeepAliveRules) -> Duration| {
            let time = set.or(profile.map(default)).unwrap_or(Duration::ZERO);
            i32::try_from(time.secs()).unwrap_or(i32::MAX)
        };
        OptionValue::Integer(match (level, name) {
            (SOL_SOCKET, SO_LINGER) => return OptionValue::Linger(self.linger),
            (SOL_SOCKET, SO_DONTLINGER) => i32::from(self.linger.onoff == 0),
            (SOL_SOCKET, SO_RCVBUF) => octets(host.receive_buffer(self.id)),
            (SOL_SOCKET, SO_SNDBUF) => octets(host.send_buffer(self.id)),
            (SOL_SOCKET, SO_TYPE) => match self.protocol {
                Protocol::Tcp => SOCK_STREAM,
                Protocol::Udp => SOCK_DGRAM,
            },
            (SOL_SOCKET, SO_ERROR) if self.circuit != Circuit::Connected => host
                .take_error(self.id)
                .map_or(0, |gone| WsaError::from(gone).code()),
            (IPPROTO_TCP, TCP_NODELAY) => i32::from(self.no_delay),
            (SOL_SOCKET, SO_KEEPALIVE) => i32::from(self.keep_alive.on),
            (IPPROTO_TCP, TCP_KEEPIDLE) => seconds(self.keep_alive.idle, |rules| rules.idle),
            (IPPROTO_TCP, TCP_KEEPINTVL) => {
                seconds(self.keep_alive.interval, |rules| rules.interval)
            }
            (IPPROTO_TCP, TCP_KEEPCNT) => {
                let default = profile.map_or(0, |rules| rules.count);
                let count = self.keep_alive.count.unwrap_or(default);
                i32::try_from(count).unwrap_or(i32::MAX)
            }
            _ => 0,
        })
    }
}

fn is_level(level: i32) -> bool {
    matches!(level, SOL_SOCKET | IPPROTO_TCP)
}

/// Whether a socket has an option. Lingering, Nagle and keep-alive are for byte streams.
fn is_settable(level: i32, name: i32, stream: bool) -> bool {
    match (level, name) {
        (SOL_SOCKET, SO_RCVBUF | SO_SNDBUF) => true,
        (SOL_SOCKET, SO_LINGER | SO_DONTLINGER | SO_KEEPALIVE)
        | (IPPROTO_TCP, TCP_NODELAY | TCP_KEEPIDLE | TCP_KEEPCNT | TCP_KEEPINTVL) => stream,
        _ => false,
    }
}
