//! The emulation beside a real system: the same script on both, and in what they differ.
//!
//! An [`Account`] is what the host under test did in a run: its packets, with the time since it was
//! last given cause to send one, and the results of its calls. [`drifts`] compares two of them.
//! Segments that continue each other count as one, for a kernel leaves it to its device to cut
//! them; the values of timestamps are nobody's but the host's own.
//!
//! Behind the first packet that is another the two runs are about different things, so that no
//! packet behind it is compared.

mod account;
mod drift;
mod report;

pub use account::{Account, CallDone, PacketSent};
pub use drift::{Drift, DriftKind, drifts};
pub use report::{Case, CaseResult, Reason, Report, json, page, text};
