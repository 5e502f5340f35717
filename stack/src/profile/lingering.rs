//! How long a connection stays that one side or both have ended.

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

use super::duration;

/// How long states last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateTimes {
    /// TIME-WAIT (RFC 9293 section 3.4.2: twice the maximum segment lifetime).
    #[serde(with = "duration")]
    pub time_wait: Duration,
    /// TIME-WAIT with a peer of the same network: one whose address begins with the same 24 bits.
    #[serde(with = "duration")]
    pub time_wait_on_link: Duration,
    /// The same over IPv6, where networks have 64 bits; zero: it ends as soon as it begins.
    #[serde(with = "duration")]
    pub time_wait_on_link_ipv6: Duration,
    /// FIN-WAIT-2, which RFC 9293 does not limit.
    #[serde(with = "duration")]
    pub fin_wait_2: Duration,
    /// What that counts from.
    pub fin_wait_2_begins: FinWait2Begins,
    /// What makes it longer.
    pub fin_wait_2_renewal: FinWait2Renewal,
    /// What its end sends.
    pub fin_wait_2_ends: FinWait2Ends,
    /// The linger time of an accepted socket whose listening socket had one of zero.
    #[serde(with = "duration")]
    pub inherited_zero: Duration,
}

/// What the time of FIN-WAIT-2 counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinWait2Begins {
    /// From the state or from the application's close, whichever comes later.
    Close,
    /// The same, but a receive shutdown is as good as a close.
    ReceiveEnd,
    /// From the state. Before the application's close it begins again whenever it is over.
    Entry,
    /// From the last segment that came before the application's close.
    LastSegment,
}

/// What makes FIN-WAIT-2 longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinWait2Renewal {
    /// Nothing.
    None,
    /// Each acceptable segment begins it anew.
    EachSegment,
    /// When it is over, and again after each interval of keep-alive probes, it goes on where a
    /// segment has come within as long as all probes of an idle connection would take.
    WhileHeard,
}

/// What the end of FIN-WAIT-2 sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinWait2Ends {
    /// Nothing.
    Silence,
    /// A reset.
    Reset,
}

/// What TIME-WAIT answers (RFC 9293 section 3.10.7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeWaitRules {
    /// What a reset does.
    pub reset: TimeWaitReset,
    /// Which SYN opens a new connection in its place, where a socket listens.
    pub reopens: Reopens,
    /// How a SYN is answered that opens none.
    pub refused_syn: RefusedSyn,
    /// What the peer's FIN does when it comes again.
    pub fin: RepeatedFin,
    /// Which other segments are acknowledged.
    pub acknowledges: TimeWaitAcknowledges,
    /// The window field of what is answered.
    pub window: TimeWaitWindow,
}

/// What a reset does in TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeWaitReset {
    /// What it does in other states: an exact one ends it.
    Ends,
    /// Nothing (RFC 1337).
    Ignored,
}

/// Which SYN opens a new connection in the place of one in TIME-WAIT (RFC 9293 section 3.6.1,
/// MAY-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reopens {
    /// One with a number beyond the next that is expected.
    BeyondNext,
    /// The same, and one with a later timestamp, whatever its number.
    BeyondNextOrLater,
    /// The same, but none with an earlier timestamp.
    BeyondNextOrLaterInTime,
    /// One with a number beyond the window.
    BeyondWindow,
    /// None.
    Never,
}

/// How a SYN is answered in TIME-WAIT that opens no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedSyn {
    /// As a SYN in any other synchronized state.
    Acknowledge,
    /// Not at all.
    Silence,
    /// In the window with a reset that ends nothing; elsewhere with an acknowledgment.
    Reset,
}

/// What the peer's FIN does in TIME-WAIT when it comes again. It is acknowledged in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepeatedFin {
    /// It begins the time anew (RFC 9293 section 3.10.7.4).
    Restarts,
    /// The time runs on.
    RunsOn,
}

/// Which segments without SYN and RST are acknowledged in TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeWaitAcknowledges {
    /// Those that are not acceptable (RFC 9293 section 3.10.7.4), and those that bring something.
    Unacceptable,
    /// Each that has the ACK bit and is not an exact duplicate of the last acknowledgment.
    AllButDuplicates,
    /// Those that are not acceptable, and all that bring something; a bare acknowledgment at the
    /// number that is expected is not looked at, whatever it acknowledges.
    AllButBare,
}

/// The window field of an answer from TIME-WAIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeWaitWindow {
    /// As in other states.
    Current,
    /// Zero.
    Zero,
}
