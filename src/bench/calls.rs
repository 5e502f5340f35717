//! The calls of a run's applications as rows of its trace, with their descriptors and results.

use hangup_posix::Errno;
use hangup_stack::network::{HostId, Network};
use hangup_stack::profile::Api;
use hangup_stack::socket::{SendError, SocketId};
use hangup_winsock::WsaError;

use crate::capture::{CallRow, SocketEnds, Toward};

/// The descriptor of an application's first socket.
const FIRST: usize = 3;

/// The words of an interface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words(pub(super) Api);

impl Words {
    /// A socket as an argument.
    fn socket(self, socket: SocketId) -> String {
        let name = match self.0 {
            Api::Posix => "fd",
            Api::Winsock => "s",
        };
        format!("{name}={}", self.descriptor(socket))
    }

    fn descriptor(self, SocketId(place): SocketId) -> usize {
        FIRST + place
    }

    pub(super) fn open(self, socket: SocketId) -> String {
        format!("socket(AF_INET, SOCK_STREAM) = {}", self.descriptor(socket))
    }

    /// A call that has nothing but the socket and perhaps one argument, and succeeds.
    pub(super) fn done(self, name: &str, socket: SocketId, argument: &str) -> String {
        let comma = if argument.is_empty() { "" } else { ", " };
        format!("{name}({}{comma}{argument}) = 0", self.socket(socket))
    }

    pub(super) fn accept(self, listener: SocketId, socket: SocketId) -> String {
        let listener = self.socket(listener);
        format!("accept({listener}) = {}", self.descriptor(socket))
    }

    pub(super) fn recv(self, socket: SocketId, room: usize, octets: usize) -> String {
        format!("recv({}, {room}) = {octets}", self.socket(socket))
    }

    pub(super) fn send(
        self,
        socket: SocketId,
        octets: usize,
        sent: Result<usize, SendError>,
    ) -> String {
        let result = match (sent, self.0) {
            (Ok(octets), _) => octets.to_string(),
            (Err(error), Api::Posix) => format!("-1 {}", Errno::from(error).name()),
            (Err(error), Api::Winsock) => format!("SOCKET_ERROR {}", WsaError::from(error)),
        };
        format!("send({}, {octets} octets) = {result}", self.socket(socket))
    }

    /// The receive direction is shut down.
    pub(super) fn shut_down(self, socket: SocketId) -> String {
        let how = match self.0 {
            Api::Posix => "SHUT_RD",
            Api::Winsock => "SD_RECEIVE",
        };
        self.done("shutdown", socket, how)
    }
}

/// A call of an application, as its row.
pub(super) fn row(
    network: &Network,
    (host, socket): (HostId, SocketId),
    events_before: usize,
    toward: Toward,
    text: String,
) -> CallRow {
    let status = network.host(host).status(socket);
    CallRow {
        at: network.now(),
        host,
        events_before,
        toward,
        socket: status.map(|status| SocketEnds {
            protocol: status.protocol,
            local: status.local,
            remote: status.remote,
        }),
        text,
    }
}
