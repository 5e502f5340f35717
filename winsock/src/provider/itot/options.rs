//! WSPSetSockOpt, WSPGetSockOpt, WSPIoctl; connect and disconnect data as options, the way of
//! programs written before Winsock 2.
//!
//! SO_CONNDATA and SO_DISCDATA set what goes out with the next request, confirmation or release,
//! where the call itself has no data. To get what the peer sends, a program first says how much
//! room there is (SO_CONNDATALEN, SO_DISCDATALEN), and does so before it comes: that is how the
//! documents of the Windows NT kernel have it. What does not fit is cut off.

use hangup_stack::sockopt::{self, Misfit};

use super::connection::MESSAGE_MAX;
use super::entry::{Entry, Itot};
use super::negotiate::Agreed;
use super::tpdu::{ConnectData as Data, DisconnectData};
use crate::catalog::SOCK_SEQPACKET;
use crate::error::WsaError;
use crate::options::{
    FIONBIO, FIONREAD, IoctlArgument, Linger, OPTIONS, OptionValue, SO_CONNDATA, SO_CONNDATALEN,
    SO_DISCDATA, SO_DISCDATALEN, SO_DONTLINGER, SO_ERROR, SO_LINGER, SO_MAX_MSG_SIZE, SO_RCVBUF,
    SO_SNDBUF, SO_TYPE, SOL_SOCKET,
};
use crate::process::Socket;
use crate::provider::base::{Circuit, Mode, Request};
use crate::provider::call::Context;
use crate::provider::check::Check;
use crate::provider::spi::SocketOptions;

impl SocketOptions for Itot {
    fn set_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        let class = self.sockets.get(&s).map(Entry::class);
        let row = sockopt::find(&OPTIONS, level, name);
        let fits = row.map_or(Ok(()), |row| row.codec.check(&value));
        let request = Request {
            arguments: Check::that(level == SOL_SOCKET && fits != Err(Misfit::Limits)),
            option: Check::that(is_settable(name, class)),
            memory: Check::that(fits != Err(Misfit::Form)),
            ..Request::NOTHING
        };
        let entry = self.check(context, s, request)?;
        entry.set(name, value);
        let room = entry.receive_buffer;
        if let Some((_, link)) = self.circuit(s) {
            link.room = room;
        }
        Ok(())
    }

    fn get_sock_opt(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, WsaError> {
        let class = self.sockets.get(&s).map(Entry::class);
        let readable = match name {
            SO_ERROR | SO_TYPE | SO_MAX_MSG_SIZE => true,
            _ => is_settable(name, class),
        };
        let request = Request {
            arguments: Check::that(level == SOL_SOCKET),
            option: Check::that(readable),
            ..Request::NOTHING
        };
        self.check(context, s, request)?;
        if name == SO_DISCDATA {
            let Some((entry, link)) = self.circuit(s) else {
                return Ok(OptionValue::Octets(Vec::new()));
            };
            let came = link.disconnect_data().unwrap_or_default();
            let room = entry.user_data.disconnect_room.min(came.len());
            return Ok(OptionValue::Octets(came[..room].to_vec()));
        }
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        Ok(entry.get(name))
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
        let request = Request {
            arguments: Check::that(command != FIONBIO || argument.number() != Some(0) || !selects),
            supported: Check::that(matches!(command, FIONBIO | FIONREAD)),
            ..Request::NOTHING
        };
        let entry = self.check(context, s, request)?;
        if command == FIONBIO {
            entry.mode = match argument.number() {
                Some(0) => Mode::Blocking,
                _ => Mode::NonBlocking,
            };
            return Ok(());
        }
        // ioctlsocket: of a message-oriented socket, the size of the first message.
        let first = self.circuit(s).and_then(|(_, link)| {
            let message = link.connection.as_ref()?.message()?;
            u32::try_from(message.len()).ok()
        });
        *argument = IoctlArgument::Number(first.unwrap_or(0));
        Ok(())
    }
}

impl Entry {
    /// Sets an option whose name and value have been checked.
    fn set(&mut self, name: i32, value: OptionValue) {
        let size = |octets: i32| usize::try_from(octets).unwrap_or(0);
        match (name, value) {
            (SO_LINGER, OptionValue::Linger(linger)) => self.linger = linger,
            // SO_DONTLINGER turned off brings back the time that was set before.
            (SO_DONTLINGER, OptionValue::Integer(on)) => {
                self.linger = Linger {
                    onoff: u16::from(on == 0),
                    ..self.linger
                };
            }
            (SO_RCVBUF, OptionValue::Integer(octets)) => self.receive_buffer = size(octets),
            (SO_SNDBUF, OptionValue::Integer(octets)) => self.send_buffer = size(octets),
            (SO_CONNDATA, OptionValue::Octets(data)) => self.user_data.connect = Data::cut(&data),
            (SO_DISCDATA, OptionValue::Octets(data)) => {
                self.user_data.disconnect = DisconnectData::cut(&data);
            }
            (SO_CONNDATALEN, OptionValue::Integer(octets)) => {
                self.user_data.connect_room = size(octets);
            }
            (SO_DISCDATALEN, OptionValue::Integer(octets)) => {
                self.user_data.disconnect_room = size(octets);
            }
            (
                _,
                OptionValue::Integer(_)
                | OptionValue::Linger(_)
                | OptionValue::Octets(_)
                | OptionValue::Time(_)
                | OptionValue::Bad,
            ) => {}
        }
    }

    /// Reads an option whose name has been checked.
    fn get(&mut self, name: i32) -> OptionValue {
        let octets = |octets: usize| i32::try_from(octets).unwrap_or(i32::MAX);
        let user_data = &self.user_data;
        OptionValue::Integer(match name {
            SO_LINGER => return OptionValue::Linger(self.linger),
            SO_CONNDATA => {
                let came = &user_data.peer_connect;
                let room = user_data.connect_room.min(came.len());
                return OptionValue::Octets(came[..room].to_vec());
            }
            SO_DONTLINGER => i32::from(self.linger.onoff == 0),
            SO_RCVBUF => octets(self.receive_buffer),
            SO_SNDBUF => octets(self.send_buffer),
            SO_CONNDATALEN => octets(user_data.connect_room),
            SO_DISCDATALEN => octets(user_data.disconnect_room),
            SO_MAX_MSG_SIZE => octets(MESSAGE_MAX),
            SO_TYPE => SOCK_SEQPACKET,
            // The error of a connection attempt, which reading takes away.
            SO_ERROR if self.circuit == Circuit::Unconnected => {
                let attempt = self.attempt.take();
                let error = attempt.and_then(|attempt| attempt.result.err());
                error.map_or(0, WsaError::code)
            }
            _ => 0,
        })
    }
}

/// Whether a socket of a class has an option. Class 0 has no user data.
const fn is_settable(name: i32, class: Option<Agreed>) -> bool {
    match name {
        SO_RCVBUF | SO_SNDBUF | SO_LINGER | SO_DONTLINGER => true,
        SO_CONNDATA | SO_CONNDATALEN | SO_DISCDATA | SO_DISCDATALEN => {
            matches!(class, Some(Agreed::Two))
        }
        _ => false,
    }
}
