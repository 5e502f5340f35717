//! What must hold for any text as a plan of the exhaustion benchmark, and as a file of its rows. A
//! fuzz target calls it too.

use hangup::bench::{Axis, Case, Finished, Plan, RowFilter, Shard};

/// How many rows of a plan are looked at.
const ROWS: usize = 4;

/// How many ranges a text may have.
const RANGES: usize = 2;

/// A plan can be read, and then its rows are those that their numbers bring back; or there is
/// something to say about it. A file of rows is one of the plan, or is refused.
pub(crate) fn check(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    // A range may have a million values, and takes its time then.
    if text.matches("..").count() <= RANGES {
        let mut plan = Plan::default();
        match plan.read(&text) {
            Ok(()) => rows(&plan),
            Err(error) => assert!(!error.0.is_empty()),
        }
        values(&text);
    }
    let _ = RowFilter::parse(&text).map(|it| it.takes(&Case::default()));
    let _ = Shard::parse(&text);
    let plan = Plan::default_sweep();
    if let Ok(taken) = Finished::default().read(&text, &plan) {
        assert!(taken.octets <= text.len() as u64);
    }
}

/// Values of one of the axes are read as they are shown.
fn values(text: &str) {
    let axis = Axis::all().nth(text.len() % Axis::COUNT);
    let axis = axis.expect("there are so many");
    for value in axis.values(text).into_iter().flatten().take(ROWS) {
        assert_eq!(axis.value(&axis.show(value)), Ok(value));
    }
}

fn rows(plan: &Plan) {
    let product = plan.product();
    // Filters that take nothing go through all of it.
    if product.is_none_or(|rows| rows > 100_000) {
        return;
    }
    for (id, case) in plan.rows().take(ROWS) {
        assert!(Some(id) < product);
        assert_eq!(plan.row(id), Some(case));
    }
}
