//! `hangup run --kernel`: each case in a process of its own, which plays it in a network namespace
//! of its own on the machine's kernel, and hands its result back.
//!
//! What a process did too late to mean anything is played again from the start, in a new namespace,
//! and so is what failed: only what fails again and again has failed.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hangup_stack::network::HostId;
use serde::{Deserialize, Serialize};

use super::finish::finish;
use super::jobs::{Job, Read};
use super::play::{unreadable, vantage};
use crate::capture::text;
use crate::cli::args::Run;
use crate::cli::failure::{Failure, environment, refusal};
use crate::cli::kernel::{By, Subject, child, enter, patience, through, until_said};
use crate::cli::{Exit, interrupt, report};
use crate::live::kernel::tick;
use crate::packetdrill::{Leftovers, ScriptOutcome};
use crate::report::{CaseKind, CaseVerdict, Problem, TestCase};
use crate::run::{Outcome, Patience};

/// How often a case must fail in the same way before it has failed: each attempt begins in another
/// part of a tick of the kernel's timers, and one in ten may be the only one that suits a script.
const FAILURES: usize = 16;

/// How often it must fail where the kernel was right but for the time, by what ticks explain: also
/// sixteen times on each of two busy processors, whose timers are a tick later, and again on idle
/// ones.
const FAILURES_OF_TIME: usize = 64;

/// By how many ticks such a failure is off at most: one is where in a tick the run began, and one
/// is what a busy processor is late by.
const TICKS_OFF: u32 = 2;

/// How often it must fail in exactly the same way, with the same values, where it was played too
/// late each time: what lateness does varies.
const LATE_FAILURES: usize = 30;

/// How many lines of the emulated trace a failure shows.
const LADDER_LINES: usize = 12;

/// What a process hands back.
#[derive(Debug, Serialize, Deserialize)]
struct Played {
    case: TestCase,
    /// How much later than planned it did something, at most, in microseconds.
    late_micros: u64,
}

/// What was done no later than this was on time. packetdrill allows four milliseconds, but what is
/// given late to a kernel that paces is answered later still.
const ON_TIME_MICROS: u64 = 1000;

impl Played {
    /// In what it has failed: each message with its place.
    fn failures(&self) -> impl Iterator<Item = (String, &Problem)> {
        self.case.problems.iter().map(|it| {
            let place = it.place.as_ref();
            let place = place.map_or((0, 0), |it| (it.line, it.column));
            (format!("{place:?} {}", it.message), it)
        })
    }
}

/// The failures of a case so far, by what failed.
#[derive(Debug, Default)]
struct Failures {
    /// How far apart the ticks of the kernel are.
    tick: Duration,
    /// With how many make the case one that has failed.
    on_time: BTreeMap<(String, usize), usize>,
    late: BTreeMap<String, usize>,
}

impl Failures {
    /// Counts those of one more attempt; returns whether the case has failed.
    fn count(&mut self, played: &Played) -> bool {
        let mut has_failed = false;
        for (failure, problem) in played.failures() {
            let seen = match problem.notes.first() {
                Some((name, seen)) if name == "here" => seen,
                Some(_) | None => "",
            };
            if played.late_micros <= ON_TIME_MICROS {
                let needed = needed(problem, self.tick);
                let on_time = self.on_time.entry((failure, needed)).or_default();
                *on_time += 1;
                has_failed |= *on_time >= needed;
            } else {
                let late = self.late.entry(format!("{failure} {seen}")).or_default();
                *late += 1;
                has_failed |= *late >= LATE_FAILURES;
            }
        }
        has_failed
    }
}

/// How often a case must fail in a way, on time, before it has failed.
fn needed(problem: &Problem, tick: Duration) -> usize {
    match problem.off_by {
        Some(off_by) if off_by <= tick * TICKS_OFF => FAILURES_OF_TIME,
        Some(_) | None => FAILURES,
    }
}

/// Plays a case until it says something.
pub(super) fn one(args: &Run, job: &Job<'_>, mut case: TestCase) -> TestCase {
    let started = Instant::now();
    if let Read::Scenario(Err(error)) | Read::Script(Err(error)) = job.read {
        (case.verdict, case.problems) = unreadable(error);
        return case;
    }
    let mut failures = Failures {
        tick: tick(),
        ..Failures::default()
    };
    let (mut attempts, mut latest) = (0, 0);
    let said = until_said(
        |attempt| play(args, job, attempt),
        |played| {
            attempts += 1;
            latest = latest.max(played.late_micros);
            tracing::info!(case = %job.name.display(), attempts, late = played.late_micros,
                verdict = played.case.verdict.name(), "played");
            if played.case.verdict != CaseVerdict::Failed {
                return true;
            }
            failures.count(played)
        },
    );
    match said {
        Ok(Some(played)) => case = played.case,
        Ok(None) if interrupt::has_come() => {}
        Ok(None) => {
            case.verdict = CaseVerdict::Unable;
            let latest = Duration::from_micros(latest).as_secs_f64() * 1000.0;
            case.problems.push(Problem::elsewhere(format!(
                "the machine is too busy: {attempts} attempts have failed in different ways, and \
                 did something up to {latest:.1} ms too late"
            )));
        }
        Err(why) => {
            case.verdict = CaseVerdict::Unable;
            case.problems.push(Problem::elsewhere(why));
        }
    }
    case.wall = started.elapsed();
    case
}

/// Plays a case once, in a process of its own.
///
/// # Errors
/// The process does not begin, or ends without a result.
fn play(args: &Run, job: &Job<'_>, attempt: usize) -> Result<Played, String> {
    let output = child(|command| {
        command.args(["run", "--kernel", "--kernel-worker"]);
        command.arg(&job.name);
        command.args([job.index, attempt].map(|it| it.to_string()));
        if let Some(seed) = args.seed {
            command.arg("--seed").arg(seed.to_string());
        }
        for setting in &args.settings {
            command.arg("--set").arg(setting.text());
        }
        if args.no_traces {
            command.arg("--no-traces");
        } else {
            command.arg("--traces").arg(&args.traces);
        }
        if let Some(path) = &args.write {
            command.arg("--write").arg(path);
        }
        if let Some(host) = &args.at {
            command.arg("--at").arg(host);
        }
        args.scripts.options.push_to(command);
        if args.scripts.leftovers {
            command.arg("--leftovers");
        }
        command.arg("--").arg(&job.file.path);
    })?;
    serde_json::from_slice(&output).map_err(|error| format!("the process that plays it: {error}"))
}

/// What a process does that plays one case.
///
/// # Errors
/// The machine does not let it have a namespace, or standard output is gone.
pub(super) fn worker(args: &Run, of: &[String]) -> Result<Exit, Failure> {
    enter()?;
    let [name, index, attempt] = of else {
        return Err(environment(
            "a worker has the name of its case, its index and the number of the attempt",
        ));
    };
    let number = |it: &String| it.parse::<usize>().unwrap_or(0);
    let path = args.paths.first().cloned().unwrap_or_default();
    let kind = match path.extension().is_some_and(|it| it == "pkt") {
        true => CaseKind::Script,
        false => CaseKind::Scenario,
    };
    let mut case = TestCase::not_run(kind, name, &path);
    let numbers = (number(index), number(attempt));
    let lateness = subject(args, &path, numbers, &mut case)?;
    let played = Played {
        case,
        late_micros: lateness.map_or(0, |it| it.longest().total_micros()),
    };
    let text = serde_json::to_string(&played).map_err(environment)?;
    report::print(&text)?;
    Ok(Exit::Held)
}

/// Plays a case, and judges it.
fn subject(
    args: &Run,
    path: &Path,
    (index, attempt): (usize, usize),
    case: &mut TestCase,
) -> Result<Option<crate::run::Lateness>, Failure> {
    let options = &args.scripts.options;
    let load = |by| Subject::load(path, index, &args.settings, options, by);
    let subject = match load(By::Kernel)? {
        Ok(subject) => subject,
        Err(error) => {
            (case.verdict, case.problems) = unreadable(&error);
            return Ok(None);
        }
    };
    let scenario = subject.scenario();
    case.claim = report::claim(scenario).to_owned();
    case.settings.clone_from(&scenario.variant.settings);
    if let Some(message) = obstacle(&subject) {
        case.verdict = CaseVerdict::Unsupported;
        case.problems.push(Problem::elsewhere(message));
        return Ok(None);
    }
    let at = match vantage(args, scenario) {
        Ok(at) => at,
        Err(message) => {
            case.verdict = CaseVerdict::Invalid;
            case.problems.push(Problem::elsewhere(message));
            return Ok(None);
        }
    };
    let leftovers = match args.scripts.leftovers {
        true => Leftovers::Fail,
        false => Leftovers::Allowed,
    };
    // What holds on the emulation says how long it takes.
    let mut waits = Patience::default();
    if let Ok(ScriptOutcome::Passed(emulated)) =
        load(By::Emulation)?.map(|it| it.emulate(args.seed, leftovers))
    {
        waits = patience(scenario, through(scenario, &emulated), waits.end);
    }
    let played = subject.play(args.seed, leftovers, (waits, attempt));
    let (outcome, left) = played.map_err(refusal)?;
    case.ignored = left;
    match outcome {
        ScriptOutcome::Passed(outcome) => {
            finish(args, None, (scenario, &outcome), at, None, case);
            case.golden = None;
            Ok(Some(outcome.lateness))
        }
        ScriptOutcome::Failed(outcome) => {
            finish(args, None, (scenario, &outcome), at, None, case);
            case.golden = None;
            if let Ok(emulated) = load(By::Emulation)? {
                beside(&emulated, &outcome, at, args.seed, case);
            }
            Ok(Some(outcome.lateness))
        }
        ScriptOutcome::Unsupported(reasons) => {
            let problem = |it| Problem::new(&scenario.source, it);
            case.verdict = CaseVerdict::Unsupported;
            case.problems = reasons.iter().map(problem).collect();
            Ok(None)
        }
    }
}

/// Why the kernel cannot play a case.
fn obstacle(subject: &Subject) -> Option<String> {
    match subject.kernel() {
        Some(host) => subject.obstacle(host),
        None => {
            Some("no host of it is Linux, which the machine's kernel could stand in for".into())
        }
    }
}

/// Puts what the emulated host does up to then behind the lines of a failure on the kernel.
fn beside(
    emulated: &Subject,
    failed: &Outcome,
    at: HostId,
    seed: Option<u64>,
    case: &mut TestCase,
) {
    let host = emulated.kernel().unwrap_or(at);
    let system = emulated.scenario().hosts[host.0].profile();
    let system = system.map_or("", |it| it.name.as_str());
    case.ladder.insert(0, "the kernel:".to_owned());
    case.ladder
        .push(format!("profile {system}, in virtual time:"));
    let outcome = match emulated.emulate(seed, Leftovers::Allowed) {
        ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => outcome,
        ScriptOutcome::Unsupported(reasons) => {
            let why = reasons.first().map_or("", |it| it.message.as_str());
            case.ladder.push(format!("  it does not play this: {why}"));
            return;
        }
    };
    let summary = outcome.summary(&case.name, &case.claim);
    let trace = outcome.trace(&summary);
    let until = failed.ended.total_micros() as f64 / 1e6;
    let is_by_then = |line: &String| {
        let time = line.split_whitespace().next().map(str::parse::<f64>);
        matches!(time, Some(Ok(at)) if at <= until)
    };
    let mut lines = text::last(&trace, at, usize::from(u16::MAX));
    lines.retain(is_by_then);
    lines.drain(..lines.len().saturating_sub(LADDER_LINES));
    case.ladder.extend(lines);
}
