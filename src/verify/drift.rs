//! Drifts: in what the account of the emulation and that of the kernel differ.

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

use super::account::{Account, PacketSent};
use crate::run::Tolerance;

/// The most drifts of one case. The first are those that others follow from.
const DRIFTS_MOST: usize = 5;

/// What kind of thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriftKind {
    /// A packet is another, or only one of them sends it.
    Packet,
    /// The same packet comes at another time.
    Time,
    /// A call has another result.
    Result,
}

impl DriftKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Time => "time",
            Self::Result => "result",
        }
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What differs.
    pub kind: DriftKind,
    /// What the emulation does: a packet as scripts have it, or a call with its result.
    pub emulated: String,
    /// What the kernel does.
    pub kernel: String,
    /// What of it is the same in every run.
    #[serde(skip)]
    pub key: String,
}

/// In what two accounts differ. `late` is how late the run on the kernel was, at most.
pub fn drifts(
    emulated: &Account,
    kernel: &Account,
    tolerance: Tolerance,
    late: Duration,
) -> Vec<Drift> {
    // The emulation goes on until nothing is due, and the kernel until its script is through.
    let is_seen = |it: &&PacketSent| it.at_micros <= emulated.through_micros;
    let seen = emulated.packets.iter().filter(is_seen).count();
    let seen = seen.max(kernel.packets.len()).min(emulated.packets.len());
    let mut found = packets(&emulated.packets[..seen], &kernel.packets, tolerance, late);
    found.extend(calls(emulated, kernel));
    found.truncate(DRIFTS_MOST);
    found
}

fn packets(
    emulated: &[PacketSent],
    kernel: &[PacketSent],
    tolerance: Tolerance,
    late: Duration,
) -> Vec<Drift> {
    const NONE: &str = "nothing";
    let mut found = Vec::new();
    for index in 0..emulated.len().max(kernel.len()) {
        let (ours, theirs) = (emulated.get(index), kernel.get(index));
        let key = |it: Option<&PacketSent>| it.map_or(NONE, |it| it.key.as_str()).to_owned();
        let line = |it: Option<&PacketSent>| it.map_or(NONE, |it| it.line.as_str()).to_owned();
        if key(ours) != key(theirs) {
            found.push(Drift {
                kind: DriftKind::Packet,
                emulated: line(ours),
                kernel: line(theirs),
                key: format!("{} | {}", key(ours), key(theirs)),
            });
            break;
        }
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && !is_near(ours.after_micros, theirs.after_micros, tolerance, late)
        {
            let timed = |it: &PacketSent| {
                let after = Duration::from_micros(it.after_micros.unsigned_abs());
                let millis = after.total_micros() as f64 / 1000.0;
                format!("{} ({millis:.1} ms after its cause)", it.line)
            };
            found.push(Drift {
                kind: DriftKind::Time,
                emulated: timed(ours),
                kernel: timed(theirs),
                key: ours.key.clone(),
            });
        }
    }
    found
}

/// Whether one time is as good as another.
fn is_near(one: i64, other: i64, tolerance: Tolerance, late: Duration) -> bool {
    let longest = Duration::from_micros(one.max(other).unsigned_abs());
    let allowed = tolerance.after(longest) + late;
    (one - other).unsigned_abs() <= allowed.total_micros()
}

fn calls(emulated: &Account, kernel: &Account) -> Vec<Drift> {
    let pairs = emulated.calls.iter().zip(&kernel.calls);
    let differing = pairs.filter(|(ours, theirs)| {
        (ours.line, &ours.call) == (theirs.line, &theirs.call) && ours.result != theirs.result
    });
    let shown = |call: &super::account::CallDone| {
        let result = call.result.as_deref().unwrap_or("waits");
        format!("line {}: {} = {result}", call.line, call.call)
    };
    let drift = |(ours, theirs)| Drift {
        kind: DriftKind::Result,
        emulated: shown(ours),
        kernel: shown(theirs),
        key: format!("{} | {}", shown(ours), shown(theirs)),
    };
    differing.map(drift).collect()
}
