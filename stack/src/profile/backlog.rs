//! What a listening socket does whose queue is full.

use serde::{Deserialize, Serialize};

/// What a listening socket does whose queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BacklogRules {
    /// What becomes of a SYN while as many connections as the backlog says are open or opening.
    pub syn: FullSyn,
    /// What becomes of the end of a handshake.
    pub end: FullEnd,
    /// Up to how many hundredths of the backlog connections that wait for `accept` let the end of
    /// another handshake pass.
    pub percent: u32,
    /// Which connections fill the queue for a SYN.
    pub counts: QueueCounts,
    /// What becomes of handshakes that are not over when the listening socket is closed.
    pub listener_ends: ListenerEnds,
}

/// Which connections fill the queue for a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueueCounts {
    /// All that have begun and were not accepted, as many as the backlog says.
    All,
    /// Those that wait for `accept`, one more than the backlog says.
    Ready,
}

/// What becomes of handshakes that are not over when the listening socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerEnds {
    /// They are reset.
    Reset,
    /// They are forgotten: the peer's next segment meets a closed port.
    Forgotten,
}

/// What becomes of a SYN while the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FullSyn {
    /// It is dropped; the peer comes again.
    Dropped,
    /// It is reset.
    Reset,
    /// It is answered as any other.
    Answered,
}

/// What becomes of the end of a handshake while the queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FullEnd {
    /// It is taken.
    Taken,
    /// It is reset.
    Reset,
    /// It is dropped: the peer has a connection that its host does not have, and the SYN-ACK comes
    /// again.
    Ignored,
}
