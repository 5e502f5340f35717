//! WSPSetSockOpt, WSPGetSockOpt, WSPIoctl.

use hangup_stack::host::Host;
use hangup_stack::options::{
    CONNECTION_RESETS, EXPIRY_RESETS, KEEP_ALIVE, KEEP_ALIVE_IDLE, KEEP_ALIVE_INTERVAL,
};
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::socket::{Protocol, SocketId};
use hangup_stack::sockopt::{self, Misfit, OptionRow, Sockets};

use super::entry::TcpIp;
use crate::catalog::{SOCK_DGRAM, SOCK_STREAM};
use crate::error::WsaError;
use crate::options::{
    FIONBIO, FIONREAD, IPPROTO_TCP, IoctlArgument, NEVER_CONNECTED, OPTIONS, OptionValue,
    SIO_KEEPALIVE_VALS, SIO_UDP_CONNRESET, SIO_UDP_NETRESET, SO_CONDITIONAL_ACCEPT,
    SO_CONNECT_TIME, SO_ERROR, SO_TYPE, SO_UPDATE_ACCEPT_CONTEXT, SO_UPDATE_CONNECT_CONTEXT,
    SOL_SOCKET,
};
use crate::process::Socket;
use crate::provider::base::{Circuit, Mode, Request};
use crate::provider::call::Context;
use crate::provider::check::Check;
use crate::provider::spi::SocketOptions;

impl SocketOptions for TcpIp {
    fn set_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        if level == SOL_SOCKET
            && matches!(name, SO_UPDATE_ACCEPT_CONTEXT | SO_UPDATE_CONNECT_CONTEXT)
        {
            return self.update_context(context.host, s, name, &value);
        }
        let row = sockopt::find(&OPTIONS, level, name).filter(|row| row.codec.is_of_the_stack());
        let fits = row.map_or(Ok(()), |row| row.codec.check(&value));
        let request = Request {
            arguments: Check::that(is_level(level) && fits != Err(Misfit::Limits)),
            option: Check::that(row.is_some_and(|row| self.has(s, row))),
            memory: Check::that(fits != Err(Misfit::Form)),
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        // The page of SO_CONDITIONAL_ACCEPT: a socket that listens already is too late.
        if (level, name) == (SOL_SOCKET, SO_CONDITIONAL_ACCEPT) && entry.listens(context.host) {
            return Err(WsaError::Invalid);
        }
        let id = entry.id;
        let codec = row.ok_or(WsaError::NoProtocolOption)?.codec;
        let set = codec.set(context.host, context.now, id, &value);
        set.map_err(|_| WsaError::Invalid)
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
        let row = sockopt::find(&OPTIONS, level, name);
        let is_readable = match (level, name) {
            (SOL_SOCKET, SO_ERROR | SO_TYPE) => true,
            (SOL_SOCKET, SO_CONNECT_TIME) => self.is_stream(s),
            _ => row.is_some_and(|row| row.codec.is_of_the_stack() && self.has(s, row)),
        };
        let request = Request {
            arguments: Check::that(is_level(level)),
            option: Check::that(is_readable),
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        let value = match (level, name) {
            (SOL_SOCKET, SO_TYPE) => match entry.protocol {
                Protocol::Tcp => SOCK_STREAM,
                Protocol::Udp => SOCK_DGRAM,
            },
            (SOL_SOCKET, SO_CONNECT_TIME) => connect_time(context.host, entry.id, context.now),
            (SOL_SOCKET, SO_ERROR) if entry.circuit == Circuit::Connected => 0,
            (SOL_SOCKET, SO_ERROR) => {
                let gone = context.host.take_error(entry.id);
                gone.map_or(0, |gone| WsaError::from(gone).code())
            }
            _ => {
                let value = row.and_then(|row| row.codec.get(context.host, entry.id));
                return value.ok_or(WsaError::NoProtocolOption);
            }
        };
        Ok(OptionValue::Integer(value))
    }

    fn ioctl(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        command: u32,
        argument: &mut IoctlArgument,
    ) -> Result<(), WsaError> {
        // WSAEventSelect: the mode cannot be set to blocking while events are selected.
        let selects = self
            .sockets
            .get(&s)
            .is_some_and(|entry| entry.selection.is_active());
        let blocks = command == FIONBIO && *argument == IoctlArgument::Number(0);
        let request = Request {
            arguments: Check::that(!blocks || !selects),
            memory: Check::that((command == SIO_KEEPALIVE_VALS) == argument.number().is_none()),
            supported: Check::that(match command {
                FIONBIO | FIONREAD => true,
                SIO_UDP_CONNRESET | SIO_UDP_NETRESET => !self.is_stream(s),
                SIO_KEEPALIVE_VALS => self.is_stream(s),
                _ => false,
            }),
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        let (host, now) = (&mut *context.host, context.now);
        match (command, *argument) {
            (FIONREAD, _) => {
                let queued = host.status(entry.id).map_or(0, |status| status.queued);
                *argument = IoctlArgument::Number(u32::try_from(queued).unwrap_or(u32::MAX));
            }
            (SIO_UDP_CONNRESET, IoctlArgument::Number(on)) => {
                host.set_option(entry.id, &CONNECTION_RESETS, on != 0, now);
            }
            (SIO_UDP_NETRESET, IoctlArgument::Number(on)) => {
                host.set_option(entry.id, &EXPIRY_RESETS, on != 0, now);
            }
            (_, IoctlArgument::KeepAlive(values)) => {
                host.set_option(entry.id, &KEEP_ALIVE, values.onoff != 0, now);
                if values.onoff != 0 {
                    let milliseconds = |it: u32| Duration::from_millis(it.max(1).into());
                    let (idle, interval) = (values.time_ms, values.interval_ms);
                    host.set_option(entry.id, &KEEP_ALIVE_IDLE, milliseconds(idle), now);
                    host.set_option(entry.id, &KEEP_ALIVE_INTERVAL, milliseconds(interval), now);
                }
            }
            (_, IoctlArgument::Number(0)) => entry.mode = Mode::Blocking,
            (_, IoctlArgument::Number(_)) => entry.mode = Mode::NonBlocking,
        }
        Ok(())
    }
}

impl TcpIp {
    /// Whether a socket is one of those that have an option.
    fn has(&self, s: Socket, row: &OptionRow) -> bool {
        row.sockets == Sockets::Any || self.is_stream(s)
    }
}

/// For how many whole seconds a socket has been connected.
fn connect_time(host: &Host, id: SocketId, now: Instant) -> i32 {
    let status = host.status(id).filter(|status| status.error.is_none());
    let since = status.and_then(|status| status.opened_at);
    since.map_or(NEVER_CONNECTED, |since| {
        i32::try_from((now - since).secs()).unwrap_or(i32::MAX)
    })
}

fn is_level(level: i32) -> bool {
    matches!(level, SOL_SOCKET | IPPROTO_TCP)
}
