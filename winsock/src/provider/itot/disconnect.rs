//! WSPShutdown, WSPRecvDisconnect, WSPSendDisconnect, WSPCloseSocket, WSPCleanup.
//!
//! ISO transport has no half of a close: a release ends both directions on the wire, and what the
//! peer had on its way is lost (RFC 905 section 6.7.5). What has arrived before stays readable. An
//! end of receiving alone has no TPDU at all.

use hangup_stack::socket;

use super::connection::DisconnectIndication;
use super::entry::{Entry, Itot, Role};
use super::link::{Link, User, error_of};
use super::negotiate::Agreed;
use super::table::State;
use super::tpdu::{DISCONNECT_DATA_MAX, DisconnectData, Reason};
use crate::error::WsaError;
use crate::process::{Pointer, Progress, Socket};
use crate::provider::base::{self, Circuit, DirectionState, Mode, Request};
use crate::provider::call::Context;
use crate::provider::check::Check;
use crate::provider::spi::Disconnect;
use crate::waiting::Unfinished;

impl Disconnect for Itot {
    /// SD_SEND is a release as by WSPSendDisconnect without data, SD_RECEIVE an end of receiving as
    /// by WSPRecvDisconnect without a buffer.
    fn shutdown(&mut self, context: &mut Context<'_>, s: Socket, how: i32) -> Result<(), WsaError> {
        let direction = base::directions(how);
        let request = Request {
            arguments: Check::that(direction.is_some()),
            ..Request::CONNECTED
        };
        self.check(context, s, request)?;
        let ended = self.circuit(s).and_then(|(_, link)| link.failed());
        if let Some(error) = ended {
            return Err(error);
        }
        if direction != Some(socket::Direction::Receive) {
            self.release(context, s, None);
        }
        if direction != Some(socket::Direction::Send) {
            self.deafen(s);
        }
        Ok(())
    }

    /// The data is handed over once. A buffer that is too small gets nothing, changes nothing, and
    /// leaves the data for a larger one.
    fn recv_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        inbound_disconnect_data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        let has_data = Check::that(self.has_disconnect_data(s));
        let request = Request::recv_disconnect(&inbound_disconnect_data, has_data);
        self.check(context, s, request)?;
        if let Pointer::To(buffer) = inbound_disconnect_data
            && let Some((entry, link)) = self.circuit(s)
        {
            let room = buffer.len();
            let taken = entry.user_data.is_disconnect_taken();
            let came = link.disconnect_data().filter(|_| !taken);
            if came.is_some_and(|came| came.len() > room) {
                return Err(WsaError::Fault);
            }
            buffer.clear();
            if let Some(came) = came {
                buffer.extend(came);
                entry.user_data.take_disconnect();
            }
        }
        self.deafen(s);
        Ok(())
    }

    /// The documents have no error for too much data; WSAEFAULT is what they give WSAConnect for
    /// too much connect data.
    fn send_disconnect(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        let most = self.has_disconnect_data(s).then_some(DISCONNECT_DATA_MAX);
        let request = Request::send_disconnect(&outbound_disconnect_data, most);
        self.check(context, s, request)?;
        let data = match outbound_disconnect_data {
            Pointer::To(octets) => DisconnectData::new(octets),
            Pointer::Null | Pointer::Bad => None,
        };
        // What the connection has become decides whether anybody would get the data.
        let released = self.circuit(s).is_some_and(|(_, link)| link.is_released());
        if data.as_ref().is_some_and(|data| !data.is_empty()) && released {
            return Err(WsaError::NotConnected);
        }
        self.release(context, s, data);
        Ok(())
    }

    fn close_socket(&mut self, context: &mut Context<'_>, s: Socket) -> Progress<()> {
        context.blocking(|context| {
            let entry = self.check(context, s, Request::NOTHING)?;
            let (linger, mode) = (entry.linger.timeout(), entry.mode);
            let connected = entry.circuit == Circuit::Connected;
            let is_over = self.is_over(s);
            match linger.filter(|_| connected && !is_over) {
                None if connected => self.release(context, s, None),
                None => {}
                Some(time) if time.total_micros() == 0 => self.disrupt(context, s),
                Some(_) if mode == Mode::NonBlocking => return Err(WsaError::WouldBlock.into()),
                Some(time) => {
                    let until = context.deadline(Some(time));
                    self.release(context, s, None);
                    if !self.is_over(s) {
                        if until.is_none_or(|until| context.now < until) {
                            return Err(Unfinished::Waits(until));
                        }
                        self.give_up(context, s);
                    }
                }
            }
            self.remove(context, s);
            Ok(context.upcalls.close_socket_handle(s)?)
        })
    }

    /// Resets every connection and gives every socket back.
    fn cleanup(&mut self, context: &mut Context<'_>) -> Result<(), WsaError> {
        for link in self.links.values_mut() {
            link.cut(context.host, context.now);
        }
        let sockets: Vec<Socket> = self.sockets.keys().copied().collect();
        for s in sockets {
            self.remove(context, s);
            // It was registered when it was made.
            let _ = context.upcalls.close_socket_handle(s);
        }
        self.links.clear();
        Ok(())
    }
}

impl Itot {
    /// Whether nothing is left of the connection of a socket.
    fn is_over(&mut self, s: Socket) -> bool {
        self.circuit(s)
            .is_none_or(|(_, link)| link.state() == State::Closed)
    }

    /// Whether a socket has disconnect data: class 2 has, in which its connection is, or would be.
    fn has_disconnect_data(&mut self, s: Socket) -> bool {
        let class = self.sockets.get(&s).map(Entry::class);
        let agreed = self.circuit(s).and_then(|(_, link)| {
            let connection = link.connection.as_ref()?;
            Some(connection.agreement().class)
        });
        agreed.or(class) == Some(Agreed::Two)
    }

    /// Ends the connection after what was sent. Without data, that of SO_DISCDATA goes with it.
    fn release(&mut self, context: &mut Context<'_>, s: Socket, data: Option<DisconnectData>) {
        let Some((entry, link)) = self.circuit(s) else {
            return;
        };
        entry.sending = DirectionState::Shut;
        let data = data.unwrap_or_else(|| entry.user_data.outgoing_disconnect());
        if let Some(connection) = &mut link.connection {
            connection.release(data, context.now);
        }
        link.go_on(context.host, context.now);
    }

    /// Ends receiving, which nobody else learns of.
    fn deafen(&mut self, s: Socket) {
        let Some((entry, link)) = self.circuit(s) else {
            return;
        };
        entry.receiving = DirectionState::Shut;
        // A receive that waited goes on waiting, and what it waits for still comes to it.
        if let Some(connection) = link
            .connection
            .as_mut()
            .filter(|_| entry.receives.is_empty())
        {
            connection.shut_receiving();
        }
    }

    /// Ends the connection now, whatever is lost.
    fn disrupt(&mut self, context: &mut Context<'_>, s: Socket) {
        if let Some((_, link)) = self.circuit(s) {
            if let Some(connection) = &mut link.connection {
                connection.disrupt(context.now);
            }
            link.go_on(context.host, context.now);
        }
    }

    /// Ends what could not be ended in time.
    fn give_up(&mut self, context: &mut Context<'_>, s: Socket) {
        if let Some((_, link)) = self.circuit(s) {
            link.cut(context.host, context.now);
        }
    }

    /// Takes a socket out of the process. Its connection, if it ends in the background, stays.
    fn remove(&mut self, context: &mut Context<'_>, s: Socket) {
        let Some(mut entry) = self.sockets.remove(&s) else {
            return;
        };
        entry.receives.cancel(context, None);
        entry.sends.cancel(context, None);
        match entry.role {
            Role::Idle => {}
            Role::Listening { door, queue, .. } => {
                for id in queue {
                    if let Some(link) = self.links.get_mut(&id) {
                        link.turn_away(Reason::NO_USER_AT_TSAP, DisconnectData::EMPTY);
                        link.go_on(context.host, context.now);
                    }
                }
                self.close_door(context.host, door, context.now);
            }
            Role::Circuit(id) => {
                if let Some(link) = self.links.get_mut(&id) {
                    if entry.circuit != Circuit::Connected {
                        link.cut(context.host, context.now);
                    }
                    link.user = User::Gone;
                }
            }
        }
        self.pump(context);
    }
}

impl Link {
    /// The disconnect data that came with the peer's release.
    pub(super) fn disconnect_data(&self) -> Option<&[u8]> {
        match self.connection.as_ref()?.end()? {
            DisconnectIndication::Released(data) | DisconnectIndication::Disrupted(_, data) => {
                Some(data.as_slice())
            }
            DisconnectIndication::Confirmed
            | DisconnectIndication::Refused(..)
            | DisconnectIndication::Withdrawn
            | DisconnectIndication::Misused
            | DisconnectIndication::Rejected(_)
            | DisconnectIndication::TimedOut
            | DisconnectIndication::Network(_) => None,
        }
    }

    /// Whether the connection has ended in an error, as shutdown says it.
    fn failed(&self) -> Option<WsaError> {
        let end = self.connection.as_ref()?.end()?;
        (!end.is_graceful()).then(|| error_of(end))
    }

    /// Whether there is nobody any more who could be told anything.
    fn is_released(&self) -> bool {
        self.state() == State::Closed
    }
}
