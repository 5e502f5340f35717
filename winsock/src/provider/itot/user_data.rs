//! Connect and disconnect data of a socket: the data for the next request, confirmation or release,
//! and the data that came from the peer.

use super::tpdu::{ConnectData as Data, DisconnectData};
use crate::error::WsaError;
use crate::process::Pointer;
use crate::provider::call::ConnectData;

/// Connect and disconnect data of a socket.
#[derive(Clone, Debug, Default)]
pub(super) struct UserData {
    /// SO_CONNDATA and SO_DISCDATA as they were set.
    pub(super) connect: Data,
    pub(super) disconnect: DisconnectData,
    /// SO_CONNDATALEN and SO_DISCDATALEN, in octets.
    pub(super) connect_room: usize,
    pub(super) disconnect_room: usize,
    /// What the peer has sent with its request, confirmation or refusal.
    pub(super) peer_connect: Vec<u8>,
    /// Whether the peer's disconnect data was handed over.
    disconnect_taken: bool,
}

impl UserData {
    /// The data of a request or a confirmation that has none of its own.
    pub(super) fn outgoing_connect(&self) -> Data {
        self.connect.clone()
    }

    /// The data of a release that has none of its own.
    pub(super) fn outgoing_disconnect(&self) -> DisconnectData {
        self.disconnect.clone()
    }

    /// What an accepted socket has of the listening one.
    pub(super) fn inherited(&self) -> Self {
        Self {
            disconnect: self.disconnect.clone(),
            connect_room: self.connect_room,
            disconnect_room: self.disconnect_room,
            ..Self::default()
        }
    }

    /// The peer's connect data has come.
    pub(super) fn connected(&mut self, data: &[u8]) {
        self.peer_connect = data.to_vec();
    }

    /// Hands the peer's connect data over to WSAConnect.
    ///
    /// # Errors
    /// WSAEFAULT where it does not fit.
    pub(super) fn returned_connect(&self, data: &mut ConnectData<'_>) -> Result<(), WsaError> {
        match &mut data.callee {
            Pointer::To(buffer) if buffer.len() < self.peer_connect.len() => Err(WsaError::Fault),
            Pointer::To(buffer) => {
                buffer.clear();
                buffer.extend(&self.peer_connect);
                Ok(())
            }
            Pointer::Null | Pointer::Bad => Ok(()),
        }
    }

    pub(super) const fn is_disconnect_taken(&self) -> bool {
        self.disconnect_taken
    }

    pub(super) const fn take_disconnect(&mut self) {
        self.disconnect_taken = true;
    }
}
