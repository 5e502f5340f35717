//! `hangup run` of packetdrill scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use hangup_stack::network::HostId;
use hangup_stack::profile::Profile;

use super::args::Run;
use super::{Exit, profiles, report, traces};
use crate::capture;
use crate::diagnostic::{Colour, Diagnostic};
use crate::packetdrill::{HOST, IpVersion, Options, PEER, Script, export};
use crate::report::{Format, wall_time};
use crate::run::{Leftovers, Outcome, ScriptOutcome, run_packetdrill};
use crate::scenario::discover::{Found, discover, discover_scripts};
use crate::scenario::{LoadError, Scenario};

/// The scripts that were asked for; none where only scenarios were.
///
/// # Errors
/// A folder cannot be read; the reason has been said.
pub(super) fn select(args: &Run) -> Result<Vec<Found>, Exit> {
    discover_scripts(Path::new(report::BASE), &args.paths).map_err(|error| {
        report::complain(&format!("hangup: {error}\n"));
        Exit::Environment
    })
}

/// The paths that stand for scenarios; none where every path stands for scripts alone.
pub(super) fn other_paths(args: &Run, scripts: &[Found]) -> Option<Vec<PathBuf>> {
    if args.paths.is_empty() {
        return Some(Vec::new());
    }
    if scripts.is_empty() {
        return Some(args.paths.clone());
    }
    let base = Path::new(report::BASE);
    let only_scripts = |path: &PathBuf| {
        let path = std::slice::from_ref(path);
        let has_scripts = discover_scripts(base, path).is_ok_and(|it| !it.is_empty());
        has_scripts && discover(base, path).is_err()
    };
    let paths: Vec<PathBuf> = args
        .paths
        .iter()
        .filter(|path| !only_scripts(path))
        .cloned()
        .collect();
    (!paths.is_empty()).then_some(paths)
}

/// How a script came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Pass,
    Fail,
    Unsupported,
    /// It is no script, or its trace cannot be written.
    Broken(Exit),
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unsupported => "unsupported",
            Self::Broken(_) => "invalid",
        }
    }
}

/// What is to be said of one script.
#[derive(Debug)]
struct Report {
    verdict: Verdict,
    complaints: String,
    line: String,
    ignored: Vec<String>,
}

pub(super) fn run(args: &Run, scripts: &[Found], quiet: bool) -> Exit {
    if args.bless {
        report::complain("hangup: packetdrill scripts have no golden traces to --bless\n");
        return Exit::Usage;
    }
    if !is_one(args, scripts.len(), "scripts") {
        return Exit::Usage;
    }
    let options = match options(args) {
        Ok(options) => options,
        Err(message) => {
            report::complain(&format!("hangup: {message}\n"));
            return Exit::Usage;
        }
    };
    let started = Instant::now();
    let threads = args.jobs.map_or(0, usize::from);
    let pool = match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
        Ok(pool) => pool,
        Err(error) => {
            report::complain(&format!("hangup: cannot start threads: {error}\n"));
            return Exit::Environment;
        }
    };
    let reports: Vec<Report> = pool.install(|| {
        let all = scripts.par_iter();
        all.map(|file| one(args, &options, file)).collect()
    });
    // Reports in other formats are about scenarios, and nothing else may come between.
    let is_report = args.report != Format::Text && args.report_file.is_none();
    let to_stderr = is_report || args.write.as_deref() == Some(Path::new("-"));
    let mut ignored: BTreeMap<&str, usize> = BTreeMap::new();
    for report in &reports {
        report::complain(&report.complaints);
        for line in &report.ignored {
            *ignored.entry(line).or_default() += 1;
        }
        let shown = !quiet || report.verdict != Verdict::Pass;
        if let Err(exit) = report::say(&report.line, shown, to_stderr) {
            return exit;
        }
    }
    if !quiet {
        report::complain(&say_ignored(&ignored));
    }
    let summary = summary(scripts, &reports, started.elapsed());
    if let Err(exit) = report::say(&summary, !quiet, to_stderr) {
        return exit;
    }
    exit(args, &reports)
}

/// What scripts are played with, from the command line.
fn options(args: &Run) -> Result<Options, String> {
    let asked = &args.scripts;
    let profile =
        Profile::built_in(&asked.profile).ok_or_else(|| profiles::unknown(&asked.profile))?;
    let mut options = Options::new(profile)?;
    if let Some(name) = &asked.ip_version {
        let version = IpVersion::of(name).ok_or_else(|| {
            let known = IpVersion::ALL.map(|(_, name)| name).join(", ");
            format!("there is no IP version `{name}`; there are {known}")
        })?;
        options = options.ip_version(version);
    }
    for symbol in &asked.define {
        let taken = options.define(symbol);
        options = taken.map_err(|it| format!("--define {symbol}: {it}"))?;
    }
    Ok(options)
}

fn one(args: &Run, options: &Options, file: &Found) -> Report {
    let name = file.name.display().to_string();
    let script = match Script::load(&file.path, options) {
        Ok(script) => script,
        Err(error) => {
            let (exit, complaints) = match error {
                LoadError::Read { .. } => (Exit::Environment, format!("hangup: {error}\n")),
                LoadError::Invalid(invalid) => (Exit::Usage, invalid.render(Colour::Ansi)),
            };
            return Report {
                verdict: Verdict::Broken(exit),
                complaints,
                line: format!("{:<11}  {name}\n", "invalid"),
                ignored: Vec::new(),
            };
        }
    };
    let leftovers = match args.scripts.leftovers {
        true => Leftovers::Fail,
        false => Leftovers::Allowed,
    };
    let started = Instant::now();
    let outcome = run_packetdrill(&script, args.seed.unwrap_or(0), leftovers);
    let wall = started.elapsed();
    let (verdict, outcome) = match outcome {
        ScriptOutcome::Passed(outcome) => (Verdict::Pass, outcome),
        ScriptOutcome::Failed(outcome) => (Verdict::Fail, outcome),
        ScriptOutcome::Unsupported(reasons) => return unsupported(&script, &name, &reasons),
    };
    let mut report = Report {
        verdict,
        complaints: String::new(),
        line: format!(
            "{:<11}  {name}  {:.3} s virtual  {} wall\n",
            verdict.name(),
            outcome.ended.total_micros() as f64 / 1e6,
            wall_time(wall),
        ),
        ignored: script.ignored.clone(),
    };
    for failure in &outcome.failures {
        report
            .complaints
            .push_str(&script.scenario.source.render(failure, Colour::Ansi));
    }
    let kept =
        vantage(args, &script, &outcome).and_then(|at| keep(args, file, &script, &outcome, at));
    if let Err((exit, message)) = kept {
        report.complaints.push_str(&message);
        report.verdict = Verdict::Broken(exit);
    }
    report
}

fn vantage(args: &Run, script: &Script, outcome: &Outcome) -> Result<HostId, (Exit, String)> {
    let Some(name) = &args.at else {
        return Ok(outcome.vantage());
    };
    script.scenario.host(name).map(HostId).ok_or_else(|| {
        let message = format!("hangup: --at {name}: a script has the hosts {HOST} and {PEER}\n");
        (Exit::Usage, message)
    })
}

/// A script that cannot be played: every reason, loudly.
fn unsupported(script: &Script, name: &str, reasons: &[Diagnostic]) -> Report {
    let mut complaints = String::new();
    for reason in reasons {
        complaints.push_str(&script.scenario.source.render(reason, Colour::Ansi));
    }
    let first = reasons.first();
    let source = &script.scenario.source;
    let line = first
        .and_then(|it| it.span)
        .map_or(1, |span| source.line(span.start));
    let reason = first.map_or("", |it| it.message.as_str());
    Report {
        verdict: Verdict::Unsupported,
        complaints,
        line: format!("{:<11}  {name}:{line}: {reason}\n", "unsupported"),
        ignored: script.ignored.clone(),
    }
}

/// Writes what a host did and saw as a script, where that was asked for.
///
/// # Errors
/// packetdrill cannot say it, or the file cannot be written.
pub(super) fn write_script(
    args: &Run,
    scenario: &Scenario,
    outcome: &Outcome,
    at: HostId,
    name: &str,
) -> Result<(), (Exit, String)> {
    let Some(path) = &args.export_pkt else {
        return Ok(());
    };
    let text = export(scenario, outcome, at, name)
        .map_err(|why| (Exit::Usage, format!("--export-pkt: {why}")))?;
    capture::write_atomically(path, text.as_bytes())
        .map_err(|error| (Exit::Environment, error.to_string()))
}

/// Whether at most one scenario or script was selected, where one file is to be written of it.
pub(super) fn is_one(args: &Run, count: usize, what: &str) -> bool {
    let option = match (&args.write, &args.export_pkt) {
        (Some(_), _) => "-w writes one trace",
        (None, Some(_)) => "--export-pkt writes one script",
        (None, None) => return true,
    };
    if count != 1 {
        report::complain(&format!(
            "hangup: {option}, and {count} {what} were selected: name one\n"
        ));
    }
    count == 1
}

/// Writes the trace, and the script, to where they were asked for.
fn keep(
    args: &Run,
    file: &Found,
    script: &Script,
    outcome: &Outcome,
    at: HostId,
) -> Result<(), (Exit, String)> {
    let name = file.name.display().to_string();
    write_script(args, &script.scenario, outcome, at, &name)
        .map_err(|(exit, message)| (exit, format!("hangup: {message}\n")))?;
    if args.no_traces {
        return Ok(());
    }
    let broken = |error: String| (Exit::Environment, format!("hangup: {error}\n"));
    let summary = outcome.summary(&name, script.claim());
    let written = traces::draw(&outcome.trace(&summary), at).map_err(broken)?;
    let result = match &args.write {
        Some(path) if path.as_os_str() == "-" => {
            let mut out = std::io::stdout().lock();
            return std::io::Write::write_all(&mut out, &written.pcapng)
                .map_err(|error| broken(format!("cannot write to standard output: {error}")));
        }
        Some(path) => capture::write_atomically(path, &written.pcapng),
        None => traces::write(&args.traces, &file.name, &written),
    };
    result.map_err(|error| broken(error.to_string()))
}

/// What was left out of scripts, each once.
fn say_ignored(ignored: &BTreeMap<&str, usize>) -> String {
    const SHOWN: usize = 20;
    let mut text = String::new();
    for (line, count) in ignored.iter().take(SHOWN) {
        let scripts = if *count == 1 { "script" } else { "scripts" };
        let _ = writeln!(text, "hangup: not carried out in {count} {scripts}: {line}");
    }
    if ignored.len() > SHOWN {
        let _ = writeln!(text, "hangup: and {} more lines", ignored.len() - SHOWN);
    }
    text
}

/// Counts of verdicts.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    pass: usize,
    fail: usize,
    unsupported: usize,
    invalid: usize,
}

impl Counts {
    fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Fail => self.fail += 1,
            Verdict::Unsupported => self.unsupported += 1,
            Verdict::Broken(_) => self.invalid += 1,
        }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{} pass, {} fail, {} unsupported",
            self.pass, self.fail, self.unsupported
        );
        if self.invalid > 0 {
            let _ = write!(text, ", {} invalid", self.invalid);
        }
        text
    }
}

/// The counts of each folder, where there are several, and of all.
fn summary(scripts: &[Found], reports: &[Report], elapsed: Duration) -> String {
    let mut folders: BTreeMap<PathBuf, Counts> = BTreeMap::new();
    let mut total = Counts::default();
    for (script, report) in scripts.iter().zip(reports) {
        let folder = script.path.parent().map(PathBuf::from).unwrap_or_default();
        folders.entry(folder).or_default().count(report.verdict);
        total.count(report.verdict);
    }
    let mut text = String::new();
    if folders.len() > 1 {
        for (folder, counts) in &folders {
            let _ = writeln!(text, "{}: {}", folder.display(), counts.text());
        }
    }
    let count = scripts.len();
    let noun = if count == 1 { "script" } else { "scripts" };
    let _ = writeln!(
        text,
        "{count} {noun}: {} ({})",
        total.text(),
        wall_time(elapsed)
    );
    text
}

/// 2 or 3 where something is no script or cannot be read or written, 1 where a script failed, even
/// if others are unsupported, and 2 where some are, unless that was allowed.
fn exit(args: &Run, reports: &[Report]) -> Exit {
    let verdicts = || reports.iter().map(|it| it.verdict);
    let broken = verdicts().filter_map(|it| match it {
        Verdict::Broken(exit) => Some(exit),
        Verdict::Pass | Verdict::Fail | Verdict::Unsupported => None,
    });
    let has = |wanted: Verdict| verdicts().any(|it| it == wanted);
    match broken.max() {
        Some(exit) => exit,
        None if has(Verdict::Fail) => Exit::Failed,
        None if has(Verdict::Unsupported) && !args.scripts.allow_unsupported => Exit::Usage,
        None => Exit::Held,
    }
}
