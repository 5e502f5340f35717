//! `hangup run`

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use hangup_stack::network::HostId;

use super::args::Run;
use super::traces::{self, Comparison, GOLDEN, Written};
use super::{Exit, packetdrill, report};
use crate::capture::{self, text};
use crate::diagnostic::Colour;
use crate::run::{Outcome, Verdict};
use crate::scenario::Scenario;
use crate::scenario::discover::Found;

/// How many lines of the trace a failure shows.
const LADDER_LINES: usize = 12;

pub(super) fn run(args: &Run, quiet: bool) -> Exit {
    let scripts = match packetdrill::select(args) {
        Ok(scripts) => scripts,
        Err(exit) => return exit,
    };
    let Some(paths) = packetdrill::other_paths(args, &scripts) else {
        return packetdrill::run(args, &scripts, quiet);
    };
    let found = match report::select(&paths) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let exit = run_scenarios(args, &found, quiet);
    if scripts.is_empty() || args.bless {
        return exit;
    }
    exit.max(packetdrill::run(args, &scripts, quiet))
}

fn run_scenarios(args: &Run, found: &[Found], quiet: bool) -> Exit {
    if !packetdrill::is_one(args, found.len(), "scenarios") {
        return Exit::Usage;
    }
    let started = Instant::now();
    let reports = match in_parallel(args, found) {
        Ok(reports) => reports,
        Err(message) => {
            report::complain(&message);
            return Exit::Environment;
        }
    };
    let mut tally = Tally::default();
    // Where standard output is the trace's, the verdicts go where the diagnostics go.
    let to_stderr = args.write.as_deref() == Some(Path::new("-"));
    for report in &reports {
        report::complain(&report.complaints);
        tally.count(report);
        let shown = !quiet || report.exit != Exit::Held;
        if let Err(exit) = say(&report.verdict, shown, to_stderr) {
            return exit;
        }
    }
    let summary = tally.summary(args, started.elapsed());
    if let Err(exit) = say(&summary, !quiet, to_stderr) {
        return exit;
    }
    tally.worst
}

pub(super) fn say(text: &str, shown: bool, to_stderr: bool) -> Result<(), Exit> {
    if !shown {
        return Ok(());
    }
    if to_stderr {
        report::complain(text);
        return Ok(());
    }
    report::print(text)
}

/// What is to be said of one scenario.
#[derive(Debug)]
struct Report {
    exit: Exit,
    complaints: String,
    verdict: String,
    golden: Option<Comparison>,
}

/// Runs each scenario on one thread, as many at once as were asked for. The reports come in the
/// order of the scenarios, whatever the number of threads.
fn in_parallel(args: &Run, found: &[Found]) -> Result<Vec<Report>, String> {
    let threads = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| format!("hangup: cannot start threads: {error}\n"))?;
    let width = found
        .iter()
        .map(|file| file.name.display().to_string().len())
        .max()
        .unwrap_or(0);
    Ok(pool.install(|| {
        found
            .par_iter()
            .map(|file| one(args, file, width))
            .collect()
    }))
}

fn one(args: &Run, file: &Found, width: usize) -> Report {
    let scenario = match report::load(file) {
        Ok(scenario) => scenario,
        Err((exit, complaints)) => {
            let verdict = format!("{:<7}  {}\n", "invalid", file.name.display());
            return Report {
                exit,
                complaints,
                verdict,
                golden: None,
            };
        }
    };
    let at = match vantage(args, &scenario) {
        Ok(at) => at,
        Err(complaints) => {
            let verdict = String::new();
            return Report {
                exit: Exit::Usage,
                complaints,
                verdict,
                golden: None,
            };
        }
    };
    let started = Instant::now();
    let outcome = crate::run::run(&scenario, args.seed);
    let wall = started.elapsed();
    let name = file.name.display().to_string();
    tracing::info!(scenario = %name, facts = outcome.events.len(), ?wall, "ran");
    let mut report = judge(&scenario, &outcome, at, &name);
    if let Err((exit, complaint)) = packetdrill::write_script(args, &scenario, &outcome, at, &name)
    {
        report.complaints.push_str(&complaint);
        report.exit = report.exit.max(exit);
    }
    let summary = outcome.summary(&name, report::claim(&scenario));
    match traces::draw(&outcome.trace(&summary), at) {
        Ok(written) => keep(args, file, &written, &mut report),
        Err(error) => {
            report
                .complaints
                .push_str(&format!("hangup: the trace of {name}: {error}\n"));
            report.exit = report.exit.max(Exit::Environment);
        }
    }
    let remark = match &report.golden {
        Some(Comparison::Differs { line: Some(line) }) => {
            format!("  differs from {GOLDEN}/{name}.txt:{line}")
        }
        Some(Comparison::Differs { line: None }) => {
            format!("  differs from {GOLDEN}/{name}.pcapng")
        }
        Some(Comparison::Same | Comparison::Missing) | None => String::new(),
    };
    report.verdict = format!(
        "{:<7}  {name:width$}  {:>10} s virtual  {:>9} wall{remark}\n",
        outcome.verdict().name(),
        format!("{:.3}", outcome.ended.total_micros() as f64 / 1e6),
        wall_time(wall),
    );
    report
}

/// The failures of a run, and the last lines of its trace.
fn judge(scenario: &Scenario, outcome: &Outcome, at: HostId, name: &str) -> Report {
    let mut complaints = String::new();
    for failure in &outcome.failures {
        complaints.push_str(&scenario.source.render(failure, Colour::Ansi));
    }
    let exit = match outcome.verdict() {
        Verdict::Held => Exit::Held,
        Verdict::Failed => {
            let summary = outcome.summary(name, report::claim(scenario));
            complaints.push_str("the last of the trace:\n");
            for line in text::last(&outcome.trace(&summary), at, LADDER_LINES) {
                complaints.push_str(&format!("{line}\n"));
            }
            complaints.push('\n');
            Exit::Failed
        }
    };
    Report {
        exit,
        complaints,
        verdict: String::new(),
        golden: None,
    }
}

fn vantage(args: &Run, scenario: &Scenario) -> Result<HostId, String> {
    let Some(name) = &args.at else {
        return Ok(HostId(0));
    };
    scenario.host(name).map(HostId).ok_or_else(|| {
        let known = scenario.hosts.iter().map(|host| host.name.value.as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        let path = scenario.source.path().display();
        format!("hangup: --at {name}: {path} has no such host; it has {known}\n")
    })
}

/// Writes a trace to where it was asked for, and compares it with its golden one.
fn keep(args: &Run, file: &Found, written: &Written, report: &mut Report) {
    let result = if args.bless {
        traces::write(Path::new(GOLDEN), &file.name, written)
    } else {
        match &args.write {
            Some(path) if path.as_os_str() == "-" => {
                let mut out = std::io::stdout().lock();
                let result = out.write_all(&written.pcapng).and_then(|()| out.flush());
                if let Err(error) = result {
                    let text = format!("hangup: cannot write to standard output: {error}\n");
                    report.complaints.push_str(&text);
                    report.exit = report.exit.max(Exit::Environment);
                }
                Ok(())
            }
            Some(path) => capture::write_atomically(path, &written.pcapng),
            None if args.no_traces => Ok(()),
            None => traces::write(&args.traces, &file.name, written),
        }
    };
    if let Err(error) = result {
        report.complaints.push_str(&format!("hangup: {error}\n"));
        report.exit = report.exit.max(Exit::Environment);
    }
    // Another seed or another vantage point is another trace.
    if args.seed.is_none() && args.at.is_none() {
        report.golden = Some(traces::compare(&file.name, written));
    }
}

/// The count of verdicts.
#[derive(Debug)]
struct Tally {
    held: usize,
    failed: usize,
    invalid: usize,
    differ: usize,
    worst: Exit,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            held: 0,
            failed: 0,
            invalid: 0,
            differ: 0,
            worst: Exit::Held,
        }
    }
}

impl Tally {
    fn count(&mut self, report: &Report) {
        match report.exit {
            Exit::Held => self.held += 1,
            Exit::Failed => self.failed += 1,
            Exit::Usage | Exit::Environment | Exit::Nothing | Exit::Interrupted => {
                self.invalid += 1;
            }
        }
        self.differ += usize::from(matches!(report.golden, Some(Comparison::Differs { .. })));
        self.worst = self.worst.max(report.exit);
    }

    fn summary(&self, args: &Run, elapsed: Duration) -> String {
        let total = self.held + self.failed + self.invalid;
        let mut text = format!("{} of {total} scenarios held", self.held);
        if self.failed > 0 {
            text.push_str(&format!(", {} failed", self.failed));
        }
        if self.invalid > 0 {
            text.push_str(&format!(", {} could not be run", self.invalid));
        }
        if self.differ > 0 {
            let (traces, differ) = match self.differ {
                1 => ("trace", "differs"),
                _ => ("traces", "differ"),
            };
            text.push_str(&format!(
                "; {} {traces} {differ} from {GOLDEN}/",
                self.differ
            ));
        }
        text.push_str(&format!(" ({})", wall_time(elapsed)));
        let place = if args.bless {
            Some(GOLDEN.to_owned())
        } else if args.write.is_some() || args.no_traces {
            None
        } else {
            Some(args.traces.display().to_string())
        };
        if let Some(place) = place {
            text.push_str(&format!("; traces are in {place}/"));
        }
        text.push('\n');
        text
    }
}

pub(super) fn wall_time(wall: Duration) -> String {
    let micros = wall.as_micros();
    if micros < 1_000_000 {
        format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
    } else {
        format!("{:.1} s", wall.as_secs_f64())
    }
}
