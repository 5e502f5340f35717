//! What a host answers that has no connection for a segment, and no socket that listens (RFC 9293
//! section 3.10.7.1).

use serde::{Deserialize, Serialize};

/// What a segment is answered with that reaches no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosedPortRules {
    /// Which segments are answered.
    pub answers: ClosedPortAnswers,
    /// The reset that answers one with the ACK bit.
    pub reset: ClosedPortReset,
    /// Whether an answer has the type of service, the hop limit and the signature of the socket
    /// that has the port, which need not listen.
    pub as_socket: bool,
    /// How many resets the host sends in each second from closed ports, whoever asks for them;
    /// zero: as many as there is cause for.
    pub resets_a_second: u32,
    /// The same of those from ports at which a socket listens.
    pub listener_resets_a_second: u32,
}

/// Which segments a closed port answers. It never answers a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedPortAnswers {
    /// All of them.
    All,
    /// Those with SYN or ACK.
    SynOrAck,
    /// None: the host does not show that it is there.
    None,
}

/// The reset of a closed port that answers a segment with the ACK bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedPortReset {
    /// `<SEQ=SEG.ACK><CTL=RST>` with a window of zero.
    Bare,
    /// `<SEQ=SEG.ACK><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>` with the window of an empty buffer, as
    /// that of every other reset.
    WithAck,
}
