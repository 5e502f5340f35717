//! Virtual time as the time of day that traces give it.

use std::time::Duration;

use smoltcp::time::Instant;

/// Virtual time zero in traces, since 1970: 2023-11-14 22:13:20 UTC. Fixed, so that the same run
/// gives the same file.
pub const EPOCH: Duration = Duration::from_secs(1_700_000_000);

/// A virtual time as a duration. No run has times before zero.
pub(super) fn since_start(at: Instant) -> Duration {
    Duration::from_micros(u64::try_from(at.total_micros()).unwrap_or(0))
}
