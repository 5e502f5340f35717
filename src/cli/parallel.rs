//! Parallel runs: many scenarios at once, reported one after another.
//!
//! The report does not depend on the number of threads: cases come in the order of the jobs, and
//! where a failure ends the run, it is the first in that order, even if a later one failed sooner.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rayon::ThreadPool;

use crate::report::TestCase;

/// How long to wait for a case before something else is done.
const WAIT: Duration = Duration::from_millis(100);

/// Something that can be said to have not run.
pub(super) trait Named {
    /// The case of it where it did not run.
    fn not_run(&self) -> TestCase;
}

/// Where cases go.
pub(super) trait Sink {
    /// Why no more cases can be taken.
    type Error;

    /// Takes the next case.
    ///
    /// # Errors
    /// No more can be taken; nothing else is begun then.
    fn case(&mut self, case: &TestCase) -> Result<(), Self::Error>;

    /// Nothing has come for a while.
    fn waiting(&mut self);
}

/// When jobs are begun.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    /// Whether none is begun behind one that did not hold.
    pub(super) fail_fast: bool,
    /// Whether one more may be begun now.
    pub(super) goes_on: &'a (dyn Fn() -> bool + Sync),
}

/// Runs every job, and hands on the cases in the order of the jobs. With `fail_fast`, no job behind
/// the first that did not hold is reported as run; one that had begun by then comes to nothing.
/// After an interruption, or where time is up, no job is begun; which ones had begun is a matter of
/// time.
///
/// # Errors
/// What the sink says.
pub(super) fn run<J: Named + Sync, S: Sink>(
    pool: &ThreadPool,
    jobs: &[J],
    order: Order<'_>,
    one: impl Fn(&J) -> TestCase + Sync,
    sink: &mut S,
) -> Result<(), S::Error> {
    let Order { fail_fast, goes_on } = order;
    // Jobs behind this one need not run.
    let last = AtomicUsize::new(usize::MAX);
    let (sender, receiver) = mpsc::channel();
    let (last, one) = (&last, &one);
    pool.in_place_scope(|scope| {
        for (index, job) in jobs.iter().enumerate() {
            let sender = sender.clone();
            scope.spawn(move |_| {
                let case = if index > last.load(Ordering::Relaxed) || !goes_on() {
                    job.not_run()
                } else {
                    one(job)
                };
                if fail_fast && case.verdict.stops() {
                    last.fetch_min(index, Ordering::Relaxed);
                }
                // Nobody listens any more where the sink is full.
                let _ = sender.send((index, case));
            });
        }
        drop(sender);
        let mut early: BTreeMap<usize, TestCase> = BTreeMap::new();
        let mut next = 0;
        let mut stopped = false;
        loop {
            match receiver.recv_timeout(WAIT) {
                Ok((index, case)) => {
                    early.insert(index, case);
                }
                Err(RecvTimeoutError::Timeout) => sink.waiting(),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            while let Some(case) = early.remove(&next) {
                let case = if stopped { jobs[next].not_run() } else { case };
                stopped |= fail_fast && case.verdict.stops();
                next += 1;
                if let Err(error) = sink.case(&case) {
                    last.store(0, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    })
}
