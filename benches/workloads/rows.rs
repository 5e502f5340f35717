//! Rows of the default exhaustion sweep.

use std::time::{Duration, Instant};

use hangup::bench::{Case, Plan, measure as row};
use hangup::bounds::Usual;
use rayon::prelude::*;

use super::effort::{Effort, Measured};
use super::rounds::median;

/// As many rows as the target speaks of.
const MANY: usize = 10_000;

pub(crate) fn measure(effort: Effort) -> Vec<Measured> {
    let cases: Vec<Case> = Plan::default_sweep().rows().map(|(_, case)| case).collect();
    let (rounds, few) = match effort {
        Effort::Full => (5, cases.len()),
        Effort::Least => (1, 10),
    };
    let cases = &cases[..few];
    let run = |case: &Case| assert!(row(case, &Usual).is_ok());
    let whole = median(rounds, || cases.iter().for_each(run));
    let mut each: Vec<Duration> = cases
        .iter()
        .map(|case| {
            let begin = Instant::now();
            run(case);
            begin.elapsed()
        })
        .collect();
    each.sort_unstable();
    let count = if effort == Effort::Full { MANY } else { few };
    let many: Vec<&Case> = cases.iter().cycle().take(count).collect();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(2)
        .build()
        .expect("the machine starts threads");
    let on_two = median(rounds.min(3), || {
        pool.install(|| many.par_iter().for_each(|case| run(case)));
    });
    vec![
        Measured {
            name: "the median row".to_owned(),
            count: 1,
            time: each[each.len() / 2],
            remark: format!(
                "target: 100 us; the longest takes {:?}",
                each[each.len() - 1]
            ),
        },
        Measured {
            name: "the default sweep, one thread".to_owned(),
            count: cases.len() as u64,
            time: whole,
            remark: format!("{} rows", cases.len()),
        },
        Measured {
            name: format!("{count} rows of it, two threads"),
            count: count as u64,
            time: on_two,
            remark: format!("{on_two:?} in all; target: 1 s"),
        },
    ]
}
