//! `hangup run`

mod finish;
mod jobs;
mod output;
mod play;

use std::time::Instant;

use super::args::Run;
use super::{Exit, in_order, interrupt, report};
use jobs::{Files, Job};
use output::Output;

pub(super) fn run(args: &Run, quiet: bool) -> Exit {
    match scripts_and_scenarios(args, quiet) {
        Ok(exit) | Err(exit) => exit,
    }
}

/// # Errors
/// Why nothing ran; it has been said.
fn scripts_and_scenarios(args: &Run, quiet: bool) -> Result<Exit, Exit> {
    let started = Instant::now();
    report::few_enough(&args.settings)?;
    interrupt::listen().map_err(|message| {
        report::complain(&format!("hangup: {message}\n"));
        Exit::Environment
    })?;
    let selection = jobs::selection(args)?;
    let files = Files::select(args)?;
    let threads = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| {
        report::complain(&format!("hangup: cannot start threads: {error}\n"));
        Exit::Environment
    })?;
    let reads = pool.install(|| files.read(args));
    let reads = reads?;
    let jobs = jobs::jobs(&files, &reads, selection.as_ref());
    if jobs.is_empty() {
        report::complain("hangup: no scenario matches --filter\n");
        return Err(Exit::Nothing);
    }
    if args.list {
        return jobs::list(&jobs);
    }
    if !jobs::is_one(args, &jobs) {
        return Err(Exit::Usage);
    }
    let mut output = Output::new(args, quiet, &jobs);
    output.begin()?;
    let case = |job: &Job<'_>| play::one(args, job);
    in_order::run(&pool, &jobs, args.fail_fast, case, &mut output)?;
    output.end(args, started.elapsed())
}
