//! How connections open by Fast Open (RFC 7413): what a host, its listening sockets and its
//! connections tell each other.

use bytes::Bytes;

use super::cookie::FastOpen;

/// How a SYN of a client opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientOpening {
    /// The option that it has.
    pub(crate) option: Option<FastOpen>,
    /// How much data it brings at most, in octets.
    pub(crate) room: usize,
}

/// How a server answers a SYN.
#[derive(Clone, Debug, Default)]
pub struct ServerOpening {
    /// The option that the answer has.
    pub(crate) option: Option<FastOpen>,
    /// The data of the SYN, where it is taken and the connection is open for the application at
    /// once.
    pub(crate) payload: Option<Bytes>,
}

/// What a server has answered to a SYN of Fast Open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SynAnswer {
    /// The option of its SYN.
    pub(crate) option: Option<FastOpen>,
    /// The maximum segment size that it announces.
    pub(crate) mss: u16,
    /// Whether our SYN was one that had the option.
    pub(crate) asked: bool,
    /// Whether our SYN was sent again before the answer came.
    pub(crate) repeated: bool,
}

/// How a connection takes part.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Opening {
    /// Whether the client's SYN was one of Fast Open.
    pub(super) asks: bool,
    /// The option of our SYN.
    pub(super) option: Option<FastOpen>,
    /// Whether data has come with the peer's SYN, and the application has the connection already.
    pub(super) taken: bool,
    /// Whether it has accepted the connection.
    pub(super) accepted: bool,
    /// Whether the data of a SYN was taken, or all of ours acknowledged, by its answer.
    pub(super) data_arrived: bool,
    /// Whether a call waits for the connection that has more to send then.
    pub(super) writer_waits: bool,
    /// What the server has answered, until it is remembered.
    pub(super) answer: Option<SynAnswer>,
}
