//! Held data: time and memory of accepting data that is never acknowledged.

use hangup::bench::{Axis, Case, measure as row};
use hangup::bounds::{Bounds, Held, Reached};

use super::effort::{Effort, Measured};
use super::rounds::median;

/// How much is held.
const OCTETS: [u64; 5] = [64 << 10, 1 << 20, 16 << 20, 256 << 20, 1 << 30];

/// The largest is held twice while it is sent, which is more than a run may have that nobody asked
/// for.
#[derive(Debug)]
struct NoBounds;

impl Bounds for NoBounds {
    fn check(&self, _: Held) -> Result<(), Reached> {
        Ok(())
    }
}

pub(crate) fn measure(effort: Effort) -> Vec<Measured> {
    let sizes = match effort {
        Effort::Full => &OCTETS[..],
        Effort::Least => &OCTETS[..1],
    };
    let one = |&octets: &u64| {
        let case = case(octets);
        let mut held = 0;
        let rounds = if octets < 1 << 24 { 9 } else { 1 };
        let time = median(rounds, || {
            held = row(&case, &NoBounds).expect("the row is measured").held;
        });
        Measured {
            name: format!("{} KiB", octets >> 10),
            count: held,
            time,
            remark: format!(
                "{held} held, at most {} KiB of memory so far",
                peak_kibibytes()
            ),
        }
    };
    sizes.iter().map(one).collect()
}

/// A sender that nothing but the window stops. The handshake can say 65,535 octets; the rest of the
/// window is told by the acknowledgment of a warm-up.
fn case(octets: u64) -> Case {
    let values = [
        (Axis::Sender, "gvisor".to_owned()),
        (Axis::Congestion, "none".to_owned()),
        (Axis::Window, octets.to_string()),
        (Axis::WindowScale, "14".to_owned()),
        (Axis::WarmUp, "14600".to_owned()),
        (Axis::Offer, octets.to_string()),
        (Axis::SendBuffer, octets.to_string()),
    ];
    values
        .into_iter()
        .fold(Case::default(), |case, (axis, text)| {
            case.with(axis, axis.value(&text).expect("it is a value"))
        })
}

/// The most memory that the process has had, where the system tells.
fn peak_kibibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
