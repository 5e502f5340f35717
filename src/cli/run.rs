//! `hangup run`

mod finish;
mod jobs;
mod keeping;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(not(target_os = "linux"))]
#[path = "run/elsewhere.rs"]
mod kernel;
mod output;
pub(super) mod page;
mod play;
mod stream;

use std::time::Instant;

use super::args::{Limits, Run};
use super::bounds::Pool;
use super::failure::{Failure, environment};
use super::parallel::{self, Order};
use super::{Exit, interrupt, report};
use jobs::{Files, Job};
use output::Output;

/// # Errors
/// Why nothing ran, or what came in between.
pub(super) fn run(args: &Run, limits: &Limits, quiet: bool) -> Result<Exit, Failure> {
    if let Some(worker) = &args.kernel_worker {
        return kernel::worker(args, worker);
    }
    let started = Instant::now();
    report::few_enough(&args.settings)?;
    report::one_seed(args.seed, &args.settings)?;
    interrupt::end_at_once().map_err(environment)?;
    let selection = jobs::selection(args)?;
    let files = Files::select(args)?;
    let threads = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| environment(format_args!("cannot start threads: {error}")))?;
    let bounds = Pool::new(limits, pool.current_num_threads());
    let reads = pool.install(|| files.read(args));
    let reads = reads?;
    let jobs = jobs::jobs(&files, &reads, selection.as_ref());
    if jobs.is_empty() {
        let message = "no scenario matches --filter";
        return Err(Failure::new(Exit::Nothing, message));
    }
    if args.list {
        return jobs::list(&jobs);
    }
    jobs::at_most_one(args, &jobs)?;
    files.are_no_outputs(args)?;
    interrupt::listen().map_err(environment)?;
    let mut output = Output::new(args, quiet, &jobs);
    output.begin()?;
    let pages = args.report.has_sections.then(page::Pages::read);
    let case = |job: &Job<'_>| play::one(args, &bounds, pages.as_ref(), job);
    let goes_on = || bounds.goes_on().is_ok();
    let order = Order {
        fail_fast: args.fail_fast,
        goes_on: &goes_on,
    };
    parallel::run(&pool, &jobs, order, case, &mut output)?;
    output.end(args, &bounds, started.elapsed())
}
