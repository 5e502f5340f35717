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
    /// FIN-WAIT-2, which RFC 9293 does not limit.
    #[serde(with = "duration")]
    pub fin_wait_2: Duration,
    /// What that counts from.
    pub fin_wait_2_begins: FinWait2Begins,
    /// What makes it longer.
    pub fin_wait_2_renewal: FinWait2Renewal,
    /// What its end sends.
    pub fin_wait_2_ends: FinWait2Ends,
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
