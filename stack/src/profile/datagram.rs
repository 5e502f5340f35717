//! What differs in datagrams and in the errors that the network answers with.

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

use super::{Unconnected, WindowModel, duration};

/// Datagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UdpRules {
    /// The receive buffer of an unchanged socket, in octets of what `model` counts.
    pub receive_buffer: usize,
    /// The send buffer of an unchanged socket, in octets, as SO_SNDBUF tells it. Nothing waits in
    /// it here: a datagram is on its way at once.
    pub send_buffer: usize,
    /// What datagrams take of the buffer.
    pub model: WindowModel,
    /// Whether datagram sockets have the call.
    pub shutdown: UdpShutdown,
    /// Datagrams in the queue at a receive shutdown.
    pub queued: UdpQueued,
    /// Datagrams that arrive later.
    pub arriving: UdpArriving,
    /// What a receive answers after a receive shutdown.
    pub recv_after: UdpRecvAfter,
    /// A receive shutdown of a socket that has no peer.
    pub unconnected: Unconnected,
    /// Which sockets learn that the network could not deliver a datagram.
    pub errors_reach: UdpErrorsReach,
    /// What they learn where the port is unreachable.
    pub port_unreachable: UdpError,
    /// Whether they learn that the hop limit of a datagram was used up on the way.
    pub hop_limit_told: bool,
}

/// Whether datagram sockets can be shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UdpShutdown {
    /// They can.
    Supported,
    /// The call fails, and nothing changes.
    Unsupported,
}

/// Datagrams in the queue at a receive shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UdpQueued {
    /// They stay.
    Keep,
    /// They are thrown away.
    Discard,
}

/// Datagrams that arrive after a receive shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UdpArriving {
    /// They are queued.
    Queue,
    /// They are thrown away.
    Discard,
}

/// What a receive on a datagram socket answers after a receive shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UdpRecvAfter {
    /// What is queued; on an empty queue the end (0) where the call would block, the would-block
    /// error where it must not.
    DataThenWouldBlock,
    /// What is queued, then the end (0).
    DataThenEof,
    /// The end (0).
    Eof,
    /// An error: receives are disallowed.
    Error,
}

/// Which sockets learn from an ICMP error that a datagram was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UdpErrorsReach {
    /// Those with a peer (RFC 1122 section 4.1.3.3: the error must be passed up).
    Connected,
    /// Every socket that has the port.
    Any,
    /// None.
    None,
}

/// What a socket learns where the port is unreachable, from its next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UdpError {
    /// ECONNREFUSED
    ConnectionRefused,
    /// WSAECONNRESET
    ConnectionReset,
}

/// Errors from the network: those that a host sends, and what those do that it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IcmpRules {
    /// How unreachable messages are counted.
    pub counts: IcmpCount,
    /// Those that go out at once, or in a second; zero: there is no limit (RFC 1812 section
    /// 4.3.2.8 wants one).
    pub burst: u32,
    /// How long it takes until one more may go out, where seconds are not counted.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// The most octets of a datagram, with its header, that an error quotes over IPv4 (RFC 792
    /// wants 8 behind the header, RFC 1812 section 4.3.2.3 as many as fit into 576 with the error's
    /// own).
    pub quotation: usize,
    /// What an error does to a TCP connection whose handshake is under way.
    pub opening: OpeningErrors,
    /// What it does to one that the peer has asked for, and that is not open yet.
    pub answering: AnsweringErrors,
    /// What it does to one that is open. It never ends it (RFC 5461 section 4.1).
    pub open: OpenErrors,
    /// Which sequence numbers an error may quote (RFC 5927 section 4.1).
    pub sequence: QuotedSequence,
    /// What a program learns of an error that ended a handshake.
    pub opening_reason: OpeningReason,
    /// Whether an error that says that the hop limit was used up is one that says that trying again
    /// is of no use (RFC 1122 section 4.2.3.9 counts it among the others).
    pub hop_limit_is_hard: bool,
    /// What a SYN offers that is sent again after one was too large for the path.
    pub offer_after_too_big: OfferAfterTooBig,
    /// Whether SO_ERROR tells of an error that ended nothing; otherwise only a time-out does.
    pub told: bool,
}

/// What an ICMP error does to a connection that the peer has asked for and that is not open yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnsweringErrors {
    /// Nothing.
    Ignored,
    /// Where the network or the host cannot be reached, or the hop limit was used up, the
    /// handshake is forgotten; one whose data was taken ends with any error, which a program
    /// learns.
    End,
}

/// Which sequence numbers an ICMP error may quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotedSequence {
    /// Those from SND.UNA to SND.NXT.
    ToNext,
    /// Those before SND.NXT: of octets that were sent.
    BeforeNext,
    /// Any: they are not looked at.
    Any,
}

/// What a program learns of an ICMP error that ended a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpeningReason {
    /// What the error said.
    AsSaid,
    /// That the connection was refused.
    Refused,
}

/// What an ICMP error does to a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpeningErrors {
    /// Any unreachable message ends it.
    End,
    /// One that says that trying again is of no use ends it (RFC 1122 section 4.2.3.9).
    HardOnesEnd,
    /// Nothing.
    Ignored,
}

/// How the unreachable messages of a host are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IcmpCount {
    /// Each peer has a burst of its own, and one more after each interval.
    EachPeer,
    /// All peers share them.
    AllPeers,
    /// All peers share a burst in each second, which begins with the first.
    EachSecond,
}

/// What an ICMP error does to an open connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenErrors {
    /// SO_ERROR says it, and so does the connection where it later times out.
    Remembered,
    /// Nothing.
    Ignored,
}

/// What a SYN offers that is sent again after one was too large for the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OfferAfterTooBig {
    /// What the host's own link takes (RFC 6691).
    Link,
    /// The same over IPv4; over IPv6 what the path takes.
    PathOverIpv6,
    /// What the path takes.
    Path,
}
