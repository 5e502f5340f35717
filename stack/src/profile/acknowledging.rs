//! When data is acknowledged.

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

use super::duration;

/// When data is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeRules {
    /// Segments acknowledged at once at the start of a connection, at most; zero: none.
    pub quick: u32,
    /// Whether they begin anew behind data that is not acceptable, as behind a pause.
    pub quick_behind_unacceptable: bool,
    /// How long an acknowledgment is delayed (RFC 9293 section 3.8.6.3: less than half a second).
    #[serde(with = "duration")]
    pub delay: Duration,
    /// How long the delay becomes at most where it follows the peer: a delay that has ended in vain
    /// doubles the next one, up to a round trip, and what comes soon makes it shorter (Linux:
    /// icsk_ack.ato). What comes in its last quarter is acknowledged at once then, only what
    /// acknowledges data counts as a quick acknowledgment, and data that fills a gap and data with
    /// a FIN say as much of the peer as other data. Zero: the delay is always the same.
    #[serde(with = "duration")]
    pub delay_most: Duration,
    /// How many duplicate acknowledgments wait for one another at most, from the fourth for one gap
    /// on; zero: none.
    pub compressed: u32,
    /// For how long they wait, if a twentieth of the round trip is not less.
    #[serde(with = "duration")]
    pub compress_delay: Duration,
    /// For how much longer they wait than that, as no timer is exact.
    #[serde(with = "duration")]
    pub compress_slack: Duration,
    /// What does not wait for the delay, beside what RFC 9293 asks for.
    pub at_once: AtOnce,
    /// What is the second segment, which is acknowledged at once (RFC 9293 section 3.8.6.3).
    pub second_segment: SecondSegment,
    /// Whether the second full segment is only acknowledged at once where the window did not
    /// shrink.
    pub second_segment_needs_window: bool,
    /// Which reads send an acknowledgment that waits.
    pub at_read: AtRead,
    /// Whether the acknowledgment of a FIN that begins the close waits: of a bare one for a tick of
    /// the clock, of one with data as that of data.
    pub fin_waits: bool,
    /// Whether data that comes again before it was acknowledged waits like new data.
    pub repetition_waits: bool,
    /// Whether data that came before is reported as such, where SACK was negotiated (RFC 2883).
    pub duplicates_reported: bool,
    /// Whether a FIN behind a hole is reported as arrived, and a SYN or a FIN that comes again as a
    /// duplicate, where SACK was negotiated.
    pub fin_reported: bool,
    /// How long after an answer to a segment outside the window the next such segment is not
    /// answered, if it carries nothing; zero: each is (RFC 5961 section 7 allows a limit).
    #[serde(with = "duration")]
    pub out_of_window_interval: Duration,
    /// How many challenge ACKs a connection sends in a second, or in as long as the next knob says
    /// (RFC 5961 section 7); zero: as many as there is cause for.
    pub challenges_a_second: u32,
    /// For how long they are counted, from the first on; zero: not at all.
    #[serde(with = "duration")]
    pub challenge_window: Duration,
}

/// What is the second segment, which is acknowledged at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondSegment {
    /// As many octets as two full segments have.
    TwoFull,
    /// The second segment with data, however short.
    Any,
}

/// Which reads of the application send an acknowledgment that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtRead {
    /// None: it waits on.
    Nothing,
    /// Those while more than a segment is not acknowledged, and those that find the end of what
    /// has come where the peer seems to wait for it: behind a short segment or one with PSH, unless
    /// data flows both ways, and behind two short ones.
    MoreOrLast,
}

/// What is acknowledged without a delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtOnce {
    /// Nothing.
    Nothing,
    /// A full segment.
    FullSegment,
    /// A segment that is longer than a full one, as receive offload makes it.
    LongerThanSegment,
    /// A segment with PSH.
    Pushed,
    /// A segment that finds no unread data before it.
    NothingUnread,
}
