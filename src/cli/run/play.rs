//! The run of one job: a scenario or a packetdrill script.

use std::time::Instant;

use hangup_stack::network::HostId;

use super::finish::finish;
use super::jobs::{Job, Read};
use super::keeping;
use super::kernel;
use super::page::Pages;
use super::stream::TraceStream;
use crate::bounds::Reached;
use crate::capture::TraceSummary;
use crate::cli::args::Run;
use crate::cli::bounds::Pool;
use crate::cli::parallel::Named;
use crate::cli::report;
use crate::packetdrill::{HOST, Leftovers, PEER, Script, ScriptOutcome, run_script_within};
use crate::report::{CaseVerdict, Problem, TestCase};
use crate::run::{Reader, Verdict};
use crate::scenario::{LoadError, Scenario, ScenarioFile};

/// Runs one scenario or script.
pub(super) fn one(args: &Run, bounds: &Pool, pages: Option<&Pages>, job: &Job<'_>) -> TestCase {
    let case = job.not_run();
    if args.kernel {
        return kernel::one(args, job, case);
    }
    match job.read {
        Read::Scenario(read) => scenario(args, bounds, pages, read, job.index, case),
        Read::Script(read) => script(args, bounds, pages, read, case),
    }
}

/// Runs one combination of a scenario file.
fn scenario(
    args: &Run,
    bounds: &Pool,
    pages: Option<&Pages>,
    read: &Result<ScenarioFile, LoadError>,
    index: usize,
    mut case: TestCase,
) -> TestCase {
    let scenario = match read {
        Ok(file) => file.scenario(index).unwrap_or_else(|| file.first().clone()),
        Err(error) => {
            (case.verdict, case.problems) = unreadable(error);
            return case;
        }
    };
    case.claim = report::claim(&scenario).to_owned();
    case.settings.clone_from(&scenario.variant.settings);
    if index == 0 {
        let warning = |it| Problem::new(&scenario.source, it);
        case.warnings = scenario.warnings.iter().map(warning).collect();
    }
    let at = match vantage(args, &scenario) {
        Ok(at) => at,
        Err(message) => {
            case.verdict = CaseVerdict::Invalid;
            case.problems.push(Problem::elsewhere(message));
            return case;
        }
    };
    if let Some(host) = scenario.hosts.iter().find(|host| host.is_kernel()) {
        let name = &host.name.value;
        let message = format!(
            "`{name}` is the machine's kernel, and its programs are real: `hangup exec {} -- ...`",
            scenario.source.path().display()
        );
        case.verdict = CaseVerdict::Unsupported;
        case.problems.push(Problem::elsewhere(message));
        return case;
    }
    let started = Instant::now();
    let claim = bounds.claim(keeping::trace(args, &case.name));
    let mut stream = stream(args, &scenario, at, &case);
    let kept = keeping::kept(args, &scenario, &case.name, stream.is_some());
    let reader = stream.as_mut().map(|it| it as &mut dyn Reader);
    let outcome = crate::run::run_read(&scenario, None, &claim, kept, reader);
    if outcome.reached == Some(Reached::Interrupt) {
        return job_not_run(case);
    }
    case.wall = started.elapsed();
    let (name, facts) = (&case.name, outcome.events.len());
    tracing::info!(scenario = %name, facts, wall = ?case.wall, "ran");
    finish(args, pages, (&scenario, &outcome), at, stream, &mut case);
    case
}

/// Who writes the trace of a run while it goes on. None: none is made, or somebody needs all of the
/// run.
fn stream<'a>(
    args: &'a Run,
    scenario: &Scenario,
    at: HostId,
    case: &TestCase,
) -> Option<TraceStream<'a>> {
    let is_kept = args.no_traces || args.bless || keeping::is_compared(args, &case.name);
    if is_kept {
        return None;
    }
    let summary = TraceSummary {
        scenario: case.name.clone(),
        claim: case.claim.clone(),
        seed: scenario.seed,
        verdict: Verdict::Held.name().to_owned(),
        failures: Vec::new(),
    };
    TraceStream::new(args, summary, at)
}

/// Plays a script.
fn script(
    args: &Run,
    bounds: &Pool,
    pages: Option<&Pages>,
    read: &Result<Script, LoadError>,
    mut case: TestCase,
) -> TestCase {
    let script = match read {
        Ok(script) => script,
        Err(error) => {
            (case.verdict, case.problems) = unreadable(error);
            return case;
        }
    };
    script.claim().clone_into(&mut case.claim);
    case.ignored.clone_from(&script.ignored);
    let at = match vantage_of_script(args, script) {
        Ok(at) => at,
        Err(message) => {
            case.verdict = CaseVerdict::Invalid;
            case.problems.push(Problem::elsewhere(message));
            return case;
        }
    };
    let leftovers = match args.scripts.leftovers {
        true => Leftovers::Fail,
        false => Leftovers::Allowed,
    };
    let started = Instant::now();
    let claim = bounds.claim(keeping::trace(args, &case.name));
    let seed = args.seed.unwrap_or(0);
    let outcome = run_script_within(script, seed, leftovers, &claim);
    case.wall = started.elapsed();
    match outcome {
        ScriptOutcome::Failed(outcome) if outcome.reached == Some(Reached::Interrupt) => {
            return job_not_run(case);
        }
        ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => {
            finish(
                args,
                pages,
                (&script.scenario, &outcome),
                at,
                None,
                &mut case,
            );
        }
        ScriptOutcome::Unsupported(reasons) => {
            let problem = |it| Problem::new(&script.scenario.source, it);
            case.verdict = CaseVerdict::Unsupported;
            case.problems = reasons.iter().map(problem).collect();
        }
    }
    case
}

/// A run that was interrupted says nothing.
fn job_not_run(case: TestCase) -> TestCase {
    TestCase {
        warnings: Vec::new(),
        ignored: Vec::new(),
        ..case
    }
}

/// What is said of a file that has no scenario.
pub(super) fn unreadable(error: &LoadError) -> (CaseVerdict, Vec<Problem>) {
    match error {
        LoadError::Read { .. } => {
            let problem = Problem::elsewhere(error.to_string());
            (CaseVerdict::Unable, vec![problem])
        }
        LoadError::Invalid(invalid) => {
            let problem = |it| Problem::new(&invalid.source, it);
            let problems = invalid.diagnostics.iter().map(problem);
            (CaseVerdict::Invalid, problems.collect())
        }
    }
}

pub(super) fn vantage(args: &Run, scenario: &Scenario) -> Result<HostId, String> {
    let Some(name) = &args.at else {
        return Ok(HostId(0));
    };
    scenario.host(name).map(HostId).ok_or_else(|| {
        let known = scenario.hosts.iter().map(|host| host.name.value.as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        let path = scenario.source.path().display();
        format!("--at {name}: {path} has no such host; it has {known}")
    })
}

fn vantage_of_script(args: &Run, script: &Script) -> Result<HostId, String> {
    let Some(name) = &args.at else {
        return Ok(HostId(0));
    };
    let host = script.scenario.host(name).map(HostId);
    host.ok_or_else(|| format!("--at {name}: a script has the hosts {HOST} and {PEER}"))
}
