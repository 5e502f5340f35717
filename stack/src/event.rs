//! Events: the facts of a run, typed, for captures, reports and expectations.
//!
//! No reader looks into a connection: the stack records each fact with its time, frame and socket,
//! and readers use that list.

use bytes::Bytes;
use smoltcp::time::Instant;

pub use crate::icmp::Unreachable;
use crate::network::HostId;
use crate::socket::SocketId;
use crate::tcp::State;

/// One frame on the wire, numbered in the order of sending over the whole network.
///
/// The two deliveries of a duplicated frame carry the number of the frame that was sent once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub u64);

/// Something that happened at one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in virtual time since the start of the run.
    pub at: Instant,
    /// Where. For [`Fact::Dropped`] this is the host that sent the frame.
    pub host: HostId,
    /// The frame whose sending or arrival this is, or whose arrival caused it.
    pub frame: Option<FrameId>,
    /// The socket it happened to.
    pub socket: Option<SocketId>,
    /// What.
    pub fact: Fact,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The host put a frame on its link.
    Sent {
        /// The Ethernet frame, without frame check sequence.
        bytes: Bytes,
        /// Whether a scenario forged it instead of the host's own stack.
        forged: Forged,
    },
    /// A frame reached the host.
    Received {
        /// The Ethernet frame as it arrived: where the link corrupted it, not as it was sent.
        bytes: Bytes,
    },
    /// The link lost the frame.
    Dropped(DropCause),
    /// A TCP connection changed its state (RFC 9293 section 3.3.2).
    StateChanged {
        /// The state it left.
        from: State,
        /// The state it entered.
        to: State,
    },
    /// Payload was taken, and is or will be acknowledged.
    Accepted {
        /// How many new octets.
        octets: usize,
    },
    /// Payload was taken and its acknowledgment is withheld.
    Held {
        /// How many new octets.
        octets: usize,
        /// How many octets are held now, these included.
        total: usize,
    },
    /// Payload that is already held came again.
    HeldAgain {
        /// How many octets the segment carried.
        octets: usize,
    },
    /// Held data has reached the right edge of the window: nothing more can be taken.
    Exhausted,
    /// Payload was acknowledged (or counted) and thrown away.
    Discarded {
        /// How many new octets.
        octets: usize,
    },
    /// Payload beyond what the receiver can take was cut off or refused.
    Refused {
        /// How many octets.
        octets: usize,
    },
    /// The connection was reset from this side.
    ResetSent,
    /// The peer reset the connection.
    ResetReceived,
    /// A challenge ACK was sent (RFC 5961).
    Challenged,
    /// A segment was sent again.
    Retransmitted {
        /// How many octets of payload.
        octets: usize,
        /// What made the sender repeat it.
        cause: Retransmission,
    },
    /// The connection was given up.
    TimedOut(TimeOut),
    /// An ICMP error came about something that a socket had sent.
    ErrorReceived {
        /// What could not be reached.
        error: Unreachable,
        /// What came of it.
        effect: ErrorEffect,
    },
    /// A datagram was queued at a UDP socket.
    DatagramQueued {
        /// Its payload in octets.
        octets: usize,
    },
    /// A datagram for a UDP socket found no room and was dropped without a word.
    DatagramDropped {
        /// Its payload in octets.
        octets: usize,
    },
}

/// What is to be said of a segment that is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// How many octets of payload it has.
    pub octets: usize,
    /// What made the sender repeat it.
    pub cause: Retransmission,
}

impl From<Repetition> for Fact {
    fn from(again: Repetition) -> Self {
        let Repetition { octets, cause } = again;
        Self::Retransmitted { octets, cause }
    }
}

impl Fact {
    /// What it is, in a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Received { .. } => "received",
            Self::Dropped(_) => "dropped",
            Self::StateChanged { .. } => "state changed",
            Self::Accepted { .. } => "accepted",
            Self::Held { .. } => "held",
            Self::HeldAgain { .. } => "held again",
            Self::Exhausted => "exhausted",
            Self::Discarded { .. } => "discarded",
            Self::Refused { .. } => "refused",
            Self::ResetSent => "reset sent",
            Self::ResetReceived => "reset received",
            Self::Challenged => "challenged",
            Self::Retransmitted { .. } => "retransmitted",
            Self::TimedOut(_) => "timed out",
            Self::ErrorReceived { .. } => "error received",
            Self::DatagramQueued { .. } => "datagram queued",
            Self::DatagramDropped { .. } => "datagram dropped",
        }
    }
}

/// Whether a frame came from a host's stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forged {
    /// A scenario made it up.
    Yes,
    /// The host's stack sent it.
    No,
}

/// Why a connection was given up: what it has waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeOut {
    /// The answer to its SYN.
    Syn,
    /// The answer to its SYN-ACK.
    SynAck,
    /// The acknowledgment of data or of a FIN that was sent again and again.
    Retransmission,
    /// Any answer to its probes of a closed window.
    WindowProbe,
    /// The opening of a closed window, for as long as `TCP_USER_TIMEOUT` allows. The probes may
    /// have been answered.
    ClosedWindow,
    /// Any answer to its probes of a silent peer.
    KeepAlive,
    /// The peer's FIN, in FIN-WAIT-2.
    FinWait2,
}

impl TimeOut {
    /// What was missing, in a few words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syn => "SYN unanswered",
            Self::SynAck => "SYN-ACK unanswered",
            Self::Retransmission => "retransmissions unanswered",
            Self::WindowProbe => "window probes unanswered",
            Self::ClosedWindow => "window closed for the whole user timeout",
            Self::KeepAlive => "keep-alive probes unanswered",
            Self::FinWait2 => "no FIN of the peer in FIN-WAIT-2",
        }
    }
}

/// Why a link lost a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropCause {
    /// By the link's loss probability.
    Loss,
    /// The link's queue was full.
    QueueFull,
    /// The link was down.
    Down,
    /// The host that it reached has crashed, and is not up again.
    HostDown,
    /// The frame was longer than the link's MTU allows.
    TooLong,
    /// No host on the network has the frame's destination address.
    NoSuchHost,
}

/// What an ICMP error does to the socket it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorEffect {
    /// The attempt to connect is over.
    Ended,
    /// The socket's next call says it.
    Pending,
    /// It is remembered, and said where the connection later times out.
    Remembered,
    /// Nothing.
    Ignored,
}

/// What made a sender repeat a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retransmission {
    /// The retransmission timer expired (RFC 6298).
    Timeout,
    /// Duplicate acknowledgments or SACK blocks said it was lost (RFC 5681, RFC 6675).
    Fast,
    /// A tail loss probe (RFC 8985 section 7).
    TailLossProbe,
    /// A probe of a zero window (RFC 9293 section 3.8.6.1).
    WindowProbe,
    /// A probe of a peer that has been silent (RFC 9293 section 3.8.4).
    KeepAlive,
    /// The network said that it was too large for the path (RFC 1191, RFC 8201).
    PathMtu,
}
