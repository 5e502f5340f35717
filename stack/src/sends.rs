//! Sends: what an application gives a socket.

use bytes::Bytes;

use crate::host::Host;
use crate::profile::SendUnconnected;
use crate::socket::{SendError, SocketId};
use crate::table::{Idle, Kind};
use crate::tcp::Octets;

impl Host {
    /// Queues octets for sending; returns how many fitted. On a connected UDP socket, sends one
    /// datagram.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send(&mut self, socket: SocketId, data: &[u8]) -> Result<usize, SendError> {
        self.write(socket, Octets::Copied(data))
    }

    /// As [`Host::send`], for octets that are shared: segments of a stream carry parts of them, and
    /// none are copied but those of short writes and on hosts that run smoltcp's TCP. All of `data`
    /// stays in memory while any of it does.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send_shared(&mut self, socket: SocketId, data: &Bytes) -> Result<usize, SendError> {
        self.write(socket, Octets::Shared(data))
    }

    fn write(&mut self, socket: SocketId, data: Octets<'_>) -> Result<usize, SendError> {
        let stack = self.stack_mut();
        stack.touch(socket);
        let unconnected = match stack.profile.calls.send_unconnected {
            SendUnconnected::NotConnected => SendError::NotConnected,
            SendUnconnected::Shutdown => SendError::Shutdown,
        };
        let Some(entry) = stack.entries.get_mut(&socket) else {
            return Err(SendError::NotConnected);
        };
        match &mut entry.kind {
            Kind::Idle(Idle { error, .. }) => Err(match error.take() {
                Some(gone) => SendError::Gone(gone),
                None => unconnected,
            }),
            Kind::Listening(_) => Err(unconnected),
            Kind::Connection(connection) => connection.send(data),
            Kind::Udp(_) => stack.udp_send(socket, &data, None),
            Kind::Reference(_) => stack.reference_send(socket, &data),
        }
    }

    /// As [`Host::send`], for octets that more will follow at once (MSG_MORE): a segment that is
    /// not full waits for them until an acknowledgment comes.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send_with_more(&mut self, socket: SocketId, data: &[u8]) -> Result<usize, SendError> {
        let stack = self.stack_mut();
        if let Some(connection) = stack.connection_mut(socket) {
            connection.expect_more();
        }
        self.send(socket, data)
    }
}
