//! The end of a run: its verdict, and where they were asked for its trace and its packetdrill
//! script.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hangup_stack::network::HostId;

use super::keeping;
use super::page::Pages;
use super::stream::TraceStream;
use crate::capture::{Trace, text};
use crate::cli::args::Run;
use crate::cli::traces;
use crate::diagnostic::Diagnostic;
use crate::files;
use crate::packetdrill::export;
use crate::report::{CaseKind, CaseVerdict, Golden, Problem, TestCase};
use crate::run::{Outcome, Verdict};
use crate::scenario::Scenario;
use crate::scenario::script::{Statement, Subject};

/// How many lines of the trace a failure shows.
const LADDER_LINES: usize = 12;

/// Judges a run, and keeps what is to be kept of it.
pub(super) fn finish(
    args: &Run,
    pages: Option<&Pages>,
    (scenario, outcome): (&Scenario, &Outcome),
    at: HostId,
    stream: Option<TraceStream<'_>>,
    case: &mut TestCase,
) {
    let summary = outcome.summary(&case.name, &case.claim);
    let trace = outcome.trace(&summary);
    judge(scenario, outcome, &trace, at, case);
    if args.all_failures {
        let problem = |it| Problem::new(&scenario.source, it);
        case.problems.extend(outcome.untold.iter().map(problem));
    }
    let written = write_script(args, scenario, outcome, at, &case.name);
    if let Err((verdict, message)) = written {
        case.verdict = verdict;
        case.problems.push(Problem::elsewhere(message));
    }
    let streamed = stream.and_then(|it| it.finish(outcome, &summary));
    keep(args, scenario, (&trace, streamed), at, case);
    case.section = pages.map(|pages| pages.section(scenario, outcome, &trace, at, case));
}

/// The environment did not let us.
fn unable(case: &mut TestCase, message: String) {
    case.verdict = CaseVerdict::Unable;
    case.problems.push(Problem::elsewhere(message));
}

/// The failures of a run, and the last lines of its trace.
fn judge(
    scenario: &Scenario,
    outcome: &Outcome,
    trace: &Trace<'_>,
    at: HostId,
    case: &mut TestCase,
) {
    let problem = |failure: &Diagnostic| {
        let shown = passed_by(scenario, failure, at).map_or(failure.clone(), |host| {
            failure
                .clone()
                .help(format!("--at {host} shows the trace of that host"))
        });
        Problem::new(&scenario.source, &shown)
    };
    case.problems = outcome.failures.iter().map(problem).collect();
    case.seed = Some(outcome.seed);
    case.virtual_time = Some(Duration::from_micros(
        u64::try_from(outcome.ended.total_micros()).unwrap_or(0),
    ));
    case.verdict = match outcome.verdict() {
        Verdict::Held => CaseVerdict::Held,
        Verdict::Failed => {
            case.ladder = text::last(trace, at, LADDER_LINES);
            CaseVerdict::Failed
        }
    };
}

/// One of the two hosts of the packets that a failure is about, where the trace of the host `at`
/// has none of them.
fn passed_by<'s>(scenario: &'s Scenario, failure: &Diagnostic, at: HostId) -> Option<&'s str> {
    let span = failure.span?;
    let is_meant = |it: &&Statement| it.span.start <= span.start && span.end <= it.span.end;
    let statement = scenario.script.statements.iter().find(is_meant)?;
    let (from, to) = match &statement.subject {
        Subject::Packet(line) => (&line.from, &line.to),
        Subject::Nothing(pair) => (&pair.from, &pair.to),
        Subject::Call(_)
        | Subject::Inject(_)
        | Subject::Expect(_)
        | Subject::Link(_)
        | Subject::Subsystem(_)
        | Subject::Turning(_)
        | Subject::Code(_)
        | Subject::Power(_)
        | Subject::Pause => return None,
    };
    let own = &scenario.hosts.get(at.0)?.name.value;
    (from.value != *own && to.value != *own).then_some(from.value.as_str())
}

/// Writes the trace of a run to where it was asked for, unless it was `streamed` there, and
/// compares it with its golden one.
fn keep(
    args: &Run,
    scenario: &Scenario,
    (trace, streamed): (&Trace<'_>, Option<Result<(), String>>),
    at: HostId,
    case: &mut TestCase,
) {
    // Another setting, seed or vantage point is another trace, and scripts have no golden ones.
    let is_usual = !scenario.variant.set && args.at.is_none() && args.snaplen.is_none();
    let is_compared = case.kind == CaseKind::Scenario && is_usual;
    if !keeping::is_made(args, &case.name) {
        case.golden = is_compared.then_some(Golden::Missing);
        return;
    }
    let name = PathBuf::from(&case.name);
    let written = streamed.unwrap_or_else(|| write(args, &name, trace, at));
    if let Err(message) = written {
        unable(case, message);
    }
    if is_compared {
        match traces::compare(&name, trace, at) {
            Ok(golden) => case.golden = Some(golden),
            Err(message) => unable(case, message),
        }
    }
}

/// Writes a trace to where it was asked for.
fn write(args: &Run, name: &Path, trace: &Trace<'_>, at: HostId) -> Result<(), String> {
    let result = if args.bless {
        traces::bless(name, trace, at)
    } else {
        match &args.write {
            Some(path) => return traces::to_file(path, trace, at, &args.trace.form(args.snaplen)),
            None if args.no_traces => Ok(()),
            None => {
                let form = args.trace.form(args.snaplen);
                traces::to_folder(&args.traces, name, trace, at, &form)
            }
        }
    };
    result.map_err(|error| error.to_string())
}

/// Writes what a host did and saw as a script, where that was asked for.
///
/// # Errors
/// packetdrill cannot say it, or the file cannot be written.
fn write_script(
    args: &Run,
    scenario: &Scenario,
    outcome: &Outcome,
    at: HostId,
    name: &str,
) -> Result<(), (CaseVerdict, String)> {
    let Some(path) = &args.export_pkt else {
        return Ok(());
    };
    let text = export(scenario, outcome, at, name)
        .map_err(|why| (CaseVerdict::Invalid, format!("--export-pkt: {why}")))?;
    to_path(path, text.as_bytes()).map_err(|message| (CaseVerdict::Unable, message))
}

/// Writes to a file, or to standard output where it is `-`.
fn to_path(path: &Path, octets: &[u8]) -> Result<(), String> {
    if path.as_os_str() == "-" {
        let mut out = std::io::stdout().lock();
        let result = out.write_all(octets).and_then(|()| out.flush());
        return result.map_err(|error| format!("cannot write to standard output: {error}"));
    }
    files::write_atomically(path, octets).map_err(|error| error.to_string())
}
