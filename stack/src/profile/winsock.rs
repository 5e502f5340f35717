//! What only programs of the Windows Sockets interface can see: receives that were begun before a
//! shutdown, and the notification that a connection has ended.

use serde::{Deserialize, Serialize};

/// What differs in the interface itself. The stack below only knows how many octets are still
/// wanted after a receive shutdown
/// ([`Host::await_receives`](crate::host::Host::await_receives)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WinsockRules {
    /// Receives that wait, blocked or overlapped, when the receive direction is shut down.
    pub waiting_receives: WaitingReceives,
    /// Closing a socket while a receive waits.
    pub close_with_receive: CloseWithReceive,
    /// When the end of the connection is told to who asked for network events.
    pub close_event: CloseEvent,
    /// With which error a reset by the peer is told there.
    pub reset_event: ResetName,
    /// What calls say of a reset that comes after the peer's FIN, as the answer to data that the
    /// peer's application was not there to read.
    pub reset_after_fin: ResetName,
}

/// Receives that wait when the receive direction is shut down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingReceives {
    /// They get no more data: what arrives is undeliverable. They end with the connection.
    #[default]
    Starve,
    /// They take what arrives later; only what none of them wants is undeliverable.
    Deliver,
}

/// Closing a socket while a receive waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloseWithReceive {
    /// Makes no difference.
    #[default]
    Ignored,
    /// Resets the connection, even where nothing is unread.
    Reset,
}

/// When the end of the connection is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloseEvent {
    /// Once everything before it was read.
    #[default]
    AfterData,
    /// When it is known, also before unread data.
    AtOnce,
}

/// What a reset by the peer is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetName {
    /// That the peer has reset the connection.
    #[default]
    ConnectionReset,
    /// That the connection was aborted.
    ConnectionAborted,
}
