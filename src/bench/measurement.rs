//! The measurement of a run, and the prediction beside it.

use std::fmt;

use smoltcp::time::{Duration, Instant};

use super::stop::Limit;

/// How one side of a connection ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// Its retransmissions went unanswered (ETIMEDOUT).
    TimedOut,
    /// The peer reset it (ECONNRESET).
    ResetByPeer,
    /// It reset the connection itself.
    Reset,
    /// It closed without a reason of the above: smoltcp's own TCP says none.
    Closed,
    /// It was open when the watch ended, and something would have happened later.
    #[default]
    Open,
    /// It was open, and nothing will ever happen again.
    Never,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::TimedOut,
        Self::ResetByPeer,
        Self::Reset,
        Self::Closed,
        Self::Open,
        Self::Never,
    ];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::TimedOut => "timed-out",
            Self::ResetByPeer => "reset-by-peer",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How and when a side ended; the time counts from the shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// How.
    pub ending: Ending,
    /// When; none where it did not.
    pub at: Option<Duration>,
}

/// What is known at the moment of the shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// When it is, in virtual time since the start of the run.
    pub at: Instant,
    /// The payload of a full segment, in octets.
    pub segment: u64,
    /// The octets that the sender may send into the window it knows.
    pub room: u64,
    /// The largest window that the sender was offered, in octets.
    pub window: u64,
    /// What the receiver's window is counted in, in octets: the shift of its field as a number.
    pub unit: u64,
    /// The congestion window in octets; none where there is none.
    pub congestion_window: Option<u64>,
    /// The sender's retransmission timeout; none where the sender does not tell.
    pub timeout: Option<Duration>,
    /// The sender's smoothed round-trip time, where it has one.
    pub round_trip: Option<Duration>,
    /// Whether selective acknowledgments were agreed on.
    pub selective: bool,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            at: Instant::ZERO,
            segment: 0,
            room: 0,
            window: 0,
            unit: 0,
            congestion_window: None,
            timeout: None,
            round_trip: None,
            selective: false,
        }
    }
}

/// What came of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measurement {
    /// The moment of the shutdown.
    pub start: Start,
    /// What was to be expected of it.
    pub predicted: Prediction,
    /// Octets that the application had to send.
    pub offered: u64,
    /// Octets that were sent, each counted once.
    pub sent: u64,
    /// Octets that the receiver took, whatever it did with them.
    pub accepted: u64,
    /// Octets that it took and had not acknowledged at the end.
    pub held: u64,
    /// Octets that it acknowledged.
    pub acknowledged: u64,
    /// The most octets that it kept in memory at once.
    pub kept_most: u64,
    /// What stopped the sender.
    pub limit: Limit,
    /// When the last octet was sent for the first time, since the shutdown.
    pub last_new: Duration,
    /// Segments with data.
    pub segments: u64,
    /// Those of them that carried nothing new, probes left out.
    pub retransmissions: u64,
    /// Probes of the window.
    pub probes: u64,
    /// Probes that were answered.
    pub probes_answered: u64,
    /// Segments of the receiver.
    pub answers: u64,
    /// The window that the receiver had advertised at the shutdown, in octets.
    pub window_first: u64,
    /// The last one that it advertised.
    pub window_last: u64,
    /// How and when the sender ended.
    pub sender: End,
    /// How and when the receiver ended.
    pub receiver: End,
}

/// How many octets, as far as a closed form goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Octets {
    /// At least so many.
    pub least: u64,
    /// At most so many.
    pub most: u64,
}

impl Octets {
    pub(super) fn exactly(octets: u64) -> Self {
        Self {
            least: octets,
            most: octets,
        }
    }

    pub(super) fn min(self, other: Self) -> Self {
        Self {
            least: self.least.min(other.least),
            most: self.most.min(other.most),
        }
    }
}

/// What is predicted of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// Octets that the receiver takes; none: there is no closed form.
    pub accepted: Option<Octets>,
    /// By how many octets each answer may move the right edge on, at most: the shift of the window
    /// field drops bits, and the edge never goes left (RFC 7323 section 2.4).
    pub creep: u64,
    /// How the sender ends; none: there is no closed form.
    pub end: Option<Forecast>,
}

/// How a sender ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// It does not, as long as anybody watches.
    Stays,
    /// So, and so long after the shutdown.
    Ends(Ending, Duration),
}

/// How a prediction compares with what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Agreement {
    /// What is predicted was measured.
    Agrees,
    /// Another number of octets.
    Accepted,
    /// Another end, or at another time.
    End,
    /// Both are others.
    Both,
    /// Nothing is predicted.
    NoForm,
}

impl Agreement {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Agrees,
        Self::Accepted,
        Self::End,
        Self::Both,
        Self::NoForm,
    ];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Accepted => "accepted-differs",
            Self::End => "end-differs",
            Self::Both => "both-differ",
            Self::NoForm => "no-form",
        }
    }

    /// Whether something differs.
    pub fn differs(self) -> bool {
        matches!(self, Self::Accepted | Self::End | Self::Both)
    }
}
