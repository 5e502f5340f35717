//! WSPSetSockOpt, WSPGetSockOpt, WSPIoctl.

use hangup_stack::options::CONNECTION_RESETS;
use hangup_stack::socket::Protocol;
use hangup_stack::sockopt::{self, Misfit, OptionRow, Sockets};

use super::entry::TcpIp;
use crate::catalog::{SOCK_DGRAM, SOCK_STREAM};
use crate::error::WsaError;
use crate::options::{
    FIONBIO, FIONREAD, IPPROTO_TCP, OPTIONS, OptionValue, SIO_UDP_CONNRESET, SO_ERROR, SO_TYPE,
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
        let row = sockopt::find(&OPTIONS, level, name).filter(|row| row.codec.is_of_the_stack());
        let fits = row.map_or(Ok(()), |row| row.codec.check(&value));
        let request = Request {
            arguments: Check::that(is_level(level) && fits != Err(Misfit::Limits)),
            option: Check::that(row.is_some_and(|row| self.has(s, row))),
            memory: Check::that(fits != Err(Misfit::Form)),
            ..Request::NOTHING
        };
        let id = self.check(context.host, s, request)?.id;
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
        argument: &mut u32,
    ) -> Result<(), WsaError> {
        // WSAEventSelect: the mode cannot be set to blocking while events are selected.
        let selects = self
            .sockets
            .get(&s)
            .is_some_and(|entry| entry.selection.is_active());
        let request = Request {
            arguments: Check::that(command != FIONBIO || *argument != 0 || !selects),
            supported: Check::that(match command {
                FIONBIO | FIONREAD => true,
                SIO_UDP_CONNRESET => !self.is_stream(s),
                _ => false,
            }),
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        if command == FIONREAD {
            let status = context.host.status(entry.id);
            let queued = status.map_or(0, |status| status.queued);
            *argument = u32::try_from(queued).unwrap_or(u32::MAX);
        } else if command == SIO_UDP_CONNRESET {
            let (host, now) = (&mut *context.host, context.now);
            host.set_option(entry.id, &CONNECTION_RESETS, *argument != 0, now);
        } else if *argument == 0 {
            entry.mode = Mode::Blocking;
        } else {
            entry.mode = Mode::NonBlocking;
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

fn is_level(level: i32) -> bool {
    matches!(level, SOL_SOCKET | IPPROTO_TCP)
}
