//! The limit that stopped a sender: a pure decision over observed facts.

use std::fmt;

/// What a sender that sends nothing new is limited by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// The peer's window is used up.
    Window,
    /// Some of it is left, less than a segment, and nothing so small is sent (RFC 9293 section
    /// 3.8.6.2.1).
    SillyWindow,
    /// The congestion window is used up.
    CongestionWindow,
    /// The sender's buffer is full of what was sent and not acknowledged.
    SendBuffer,
    /// Everything that the application had was sent.
    Application,
    /// All but a small end of it, which waits for what is in the network (Nagle's algorithm, RFC
    /// 9293 section 3.7.4).
    SmallSegment,
    /// The connection was reset.
    Reset,
    /// None of these. A loss that is being repaired may be what is waited for.
    #[default]
    Unexplained,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Window,
        Self::SillyWindow,
        Self::CongestionWindow,
        Self::SendBuffer,
        Self::Application,
        Self::SmallSegment,
        Self::Reset,
        Self::Unexplained,
    ];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::SillyWindow => "silly-window",
            Self::CongestionWindow => "congestion-window",
            Self::SendBuffer => "send-buffer",
            Self::Application => "application",
            Self::SmallSegment => "small-segment",
            Self::Reset => "reset",
            Self::Unexplained => "unexplained",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The congestion window, as its owner counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Congestion {
    /// There is none.
    Unlimited,
    /// In octets.
    Octets(u64),
    /// In segments, however short.
    Segments(u64),
}

/// A sender at the moment after which it sent nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Situation {
    /// The payload of a full segment, in octets.
    pub(super) segment: u64,
    /// Octets that the application has not written yet.
    pub(super) unwritten: u64,
    /// Octets that were written and not sent.
    pub(super) unsent: u64,
    /// Whether the last write found less room than it needed.
    pub(super) blocked: bool,
    /// Octets in the network.
    pub(super) in_flight: u64,
    /// Segments in the network.
    pub(super) segments_in_flight: u64,
    /// The octets of the peer's window that are not used.
    pub(super) remaining: u64,
    pub(super) congestion: Congestion,
}

/// Decides what a sender is limited by. Where several limits stand at the same place, the peer's
/// comes first: it would hold whatever the path were like.
pub(super) fn limit(situation: Situation) -> Limit {
    let Situation {
        segment,
        unwritten,
        unsent,
        blocked,
        in_flight,
        segments_in_flight,
        remaining,
        congestion,
    } = situation;
    if unsent == 0 {
        return match (unwritten, blocked) {
            (0, _) => Limit::Application,
            (_, true) => Limit::SendBuffer,
            (_, false) => Limit::Unexplained,
        };
    }
    if remaining == 0 {
        return Limit::Window;
    }
    let next = unsent.min(segment);
    if remaining < next {
        return Limit::SillyWindow;
    }
    let full = match congestion {
        Congestion::Unlimited => false,
        Congestion::Octets(window) => in_flight + next > window,
        Congestion::Segments(window) => segments_in_flight >= window,
    };
    if next < segment && in_flight > 0 {
        // Too little for a segment is left: there is no more room to write more, or nothing more
        // to write.
        return match (blocked, unwritten) {
            (true, _) => Limit::SendBuffer,
            (false, 0) => Limit::SmallSegment,
            (false, _) => Limit::Unexplained,
        };
    }
    if full {
        Limit::CongestionWindow
    } else {
        Limit::Unexplained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cold sender in front of a large window.
    const COLD: Situation = Situation {
        segment: 1460,
        unwritten: 0,
        unsent: 50_000,
        blocked: false,
        in_flight: 14_600,
        segments_in_flight: 10,
        remaining: 50_935,
        congestion: Congestion::Segments(10),
    };

    #[test]
    fn every_limit_is_found_from_facts() {
        let rows = [
            (COLD, Limit::CongestionWindow),
            (
                Situation {
                    congestion: Congestion::Octets(14_600),
                    ..COLD
                },
                Limit::CongestionWindow,
            ),
            (
                Situation {
                    congestion: Congestion::Unlimited,
                    ..COLD
                },
                Limit::Unexplained,
            ),
            (
                Situation {
                    remaining: 0,
                    ..COLD
                },
                Limit::Window,
            ),
            (
                Situation {
                    remaining: 1080,
                    in_flight: 2920,
                    segments_in_flight: 2,
                    ..COLD
                },
                Limit::SillyWindow,
            ),
            (Situation { unsent: 0, ..COLD }, Limit::Application),
            (
                Situation {
                    unsent: 0,
                    unwritten: 1,
                    blocked: true,
                    ..COLD
                },
                Limit::SendBuffer,
            ),
            (
                Situation {
                    unsent: 1296,
                    unwritten: 9000,
                    blocked: true,
                    congestion: Congestion::Unlimited,
                    ..COLD
                },
                Limit::SendBuffer,
            ),
            (
                Situation {
                    unsent: 100,
                    congestion: Congestion::Unlimited,
                    ..COLD
                },
                Limit::SmallSegment,
            ),
        ];
        for (situation, expected) in rows {
            assert_eq!(limit(situation), expected, "{situation:?}");
        }
    }
}
