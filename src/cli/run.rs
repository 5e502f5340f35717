//! `hangup run`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use hangup_stack::network::HostId;

use super::args::Run;
use super::in_order::{self, Sink};
use super::progress::Progress;
use super::traces::{self, GOLDEN, Written};
use super::{Exit, interrupt, packetdrill, report};
use crate::capture::{self, text};
use crate::diagnostic::{Colour, Source};
use crate::report::{Case, CaseVerdict, Format, Problem, Reporter, Summary};
use crate::run::{Outcome, Verdict};
use crate::scenario::discover::Found;
use crate::scenario::{LoadError, Scenario, ScenarioFile, Selection, Setting};

/// How many lines of the trace a failure shows.
const LADDER_LINES: usize = 12;

pub(super) fn run(args: &Run, quiet: bool) -> Exit {
    match scripts_and_scenarios(args, quiet) {
        Ok(exit) | Err(exit) => exit,
    }
}

/// # Errors
/// Why nothing ran; it has been said.
fn scripts_and_scenarios(args: &Run, quiet: bool) -> Result<Exit, Exit> {
    report::few_enough(&args.settings)?;
    let selection = selection(args)?;
    let mut scripts = packetdrill::select(args)?;
    let paths = packetdrill::other_paths(args, &scripts);
    if let Some(selection) = &selection {
        scripts.retain(|it| {
            let name = it.name.display().to_string();
            selection.selects(&name, None) != Some(false)
        });
    }
    if !scripts.is_empty() && !args.settings.is_empty() {
        report::complain("hangup: a packetdrill script has no keys to --set: it has options\n");
        return Err(Exit::Usage);
    }
    let exit = match &paths {
        Some(paths) => {
            let found = report::select(paths)?;
            scenarios(args, quiet, &found, selection.as_ref(), scripts.is_empty())?
        }
        None if scripts.is_empty() => return Err(nothing()),
        None => Exit::Held,
    };
    if scripts.is_empty() || (args.bless && paths.is_some()) || exit == Exit::Interrupted {
        return Ok(exit);
    }
    if args.list {
        for script in &scripts {
            report::print(&format!("{}\n", script.name.display()))?;
        }
        return Ok(exit);
    }
    Ok(exit.max(packetdrill::run(args, &scripts, quiet)))
}

/// Says that nothing is left to run.
fn nothing() -> Exit {
    report::complain("hangup: no scenario matches --filter\n");
    Exit::Nothing
}

/// Runs the scenarios of these files.
///
/// # Errors
/// Why nothing ran; it has been said.
fn scenarios(
    args: &Run,
    quiet: bool,
    found: &[Found],
    selection: Option<&Selection>,
    alone: bool,
) -> Result<Exit, Exit> {
    let started = Instant::now();
    let threads = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| {
        report::complain(&format!("hangup: cannot start threads: {error}\n"));
        Exit::Environment
    })?;
    let settings = settings(args);
    let read = |file: &Found| ScenarioFile::load(&file.path, &settings);
    let reads: Vec<Read> = pool.install(|| found.par_iter().map(read).collect());
    let jobs = jobs(found, &reads, selection);
    if jobs.is_empty() {
        return if alone {
            Err(nothing())
        } else {
            Ok(Exit::Held)
        };
    }
    if args.list {
        return list(&jobs);
    }
    if !packetdrill::is_one(args, jobs.len(), "scenarios") {
        return Err(Exit::Usage);
    }
    interrupt::listen().map_err(|message| {
        report::complain(&format!("hangup: {message}\n"));
        Exit::Environment
    })?;
    let mut output = Output::new(args, quiet, &jobs);
    output.begin()?;
    let case = |job: &Job<'_>| one(args, job);
    in_order::run(&pool, &jobs, args.fail_fast, case, &mut output)?;
    output.end(args, started.elapsed())
}

/// The expression of `--filter`.
///
/// # Errors
/// It is wrong; it has been said how.
fn selection(args: &Run) -> Result<Option<Selection>, Exit> {
    let Some(text) = &args.filter else {
        return Ok(None);
    };
    Selection::parse(text).map(Some).map_err(|diagnostic| {
        let source = Source::new("--filter", text.as_str());
        report::complain(&source.render(&diagnostic, Colour::Ansi));
        Exit::Usage
    })
}

/// What the command line sets: a seed is a key like others.
fn settings(args: &Run) -> Vec<Setting> {
    let seed = args.seed.map(|seed| format!("seed={seed}").parse());
    let seed = seed.and_then(Result::ok);
    args.settings.iter().cloned().chain(seed).collect()
}

/// A file that was read, or what is wrong with it.
type Read = Result<ScenarioFile, LoadError>;

/// One thing to run or to report: a scenario, or a file that has none.
#[derive(Debug)]
struct Job<'a> {
    file: &'a Found,
    /// The name of its trace.
    name: PathBuf,
    read: &'a Read,
    /// Which combination of the file's.
    index: usize,
}

impl Job<'_> {
    /// The scenario. None: the file has none.
    fn scenario(&self) -> Option<Scenario> {
        self.read.as_ref().ok()?.scenario(self.index)
    }
}

impl in_order::Named for Job<'_> {
    /// What is said of it before it ran.
    fn not_run(&self) -> Case {
        Case {
            name: self.name.display().to_string(),
            path: self.file.path.display().to_string(),
            claim: String::new(),
            settings: Vec::new(),
            verdict: CaseVerdict::NotRun,
            seed: None,
            virtual_time: None,
            wall: Duration::ZERO,
            warnings: Vec::new(),
            problems: Vec::new(),
            ladder: Vec::new(),
            golden: None,
        }
    }
}

/// Every combination of every file that is selected.
fn jobs<'a>(found: &'a [Found], reads: &'a [Read], selection: Option<&Selection>) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for (file, read) in found.iter().zip(reads) {
        let count = read.as_ref().map_or(1, ScenarioFile::len);
        jobs.extend((0..count).map(|index| {
            let combination = read.as_ref().ok().and_then(|it| it.combination(index));
            Job {
                file,
                name: file.of_combination(combination.unwrap_or_default()),
                read,
                index,
            }
        }));
    }
    if let Some(selection) = selection {
        jobs.retain(|job| {
            let name = job.name.display().to_string();
            // What is wrong with a file is said, unless its name alone leaves it out.
            selection.selects(&name, job.scenario().as_ref()) != Some(false)
        });
    }
    jobs
}

/// `--list`
fn list(jobs: &[Job<'_>]) -> Result<Exit, Exit> {
    let names: Vec<String> = jobs
        .iter()
        .map(|job| job.name.display().to_string())
        .collect();
    let width = names.iter().map(|it| it.chars().count()).max().unwrap_or(0);
    for (job, name) in jobs.iter().zip(names) {
        let scenario = job.scenario();
        let claim = scenario.as_ref().map_or("invalid", report::claim);
        report::print(&format!("{name:width$}  {claim}\n"))?;
    }
    Ok(Exit::Held)
}

/// Runs one scenario.
fn one(args: &Run, job: &Job<'_>) -> Case {
    let mut case = in_order::Named::not_run(job);
    let scenario = match job.read {
        Ok(file) => file
            .scenario(job.index)
            .unwrap_or_else(|| file.first().clone()),
        Err(error) => {
            (case.verdict, case.problems) = unreadable(error);
            return case;
        }
    };
    case.claim = report::claim(&scenario).to_owned();
    case.settings.clone_from(&scenario.variant.settings);
    if job.index == 0 {
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
    let started = Instant::now();
    let outcome = crate::run::run(&scenario, None);
    case.wall = started.elapsed();
    let (name, facts) = (&case.name, outcome.events.len());
    tracing::info!(scenario = %name, facts, wall = ?case.wall, "ran");
    judge(&scenario, &outcome, at, &mut case);
    let written = packetdrill::write_script(args, &scenario, &outcome, at, &case.name);
    if let Err((exit, message)) = written {
        case.verdict = match exit {
            Exit::Usage => CaseVerdict::Invalid,
            Exit::Held | Exit::Failed | Exit::Environment | Exit::Nothing | Exit::Interrupted => {
                CaseVerdict::Unable
            }
        };
        case.problems.push(Problem::elsewhere(message));
    }
    let summary = outcome.summary(&case.name, &case.claim);
    match traces::draw(&outcome.trace(&summary), at) {
        Ok(written) => {
            // Another setting, seed or vantage point is another trace.
            let is_of_file = !scenario.variant.set && args.at.is_none();
            keep(args, job, &written, is_of_file, &mut case);
        }
        Err(error) => {
            let message = format!("the trace of {}: {error}", case.name);
            unable(&mut case, message);
        }
    }
    case
}

/// What is said of a file that has no scenario.
fn unreadable(error: &LoadError) -> (CaseVerdict, Vec<Problem>) {
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

/// The environment did not let us.
fn unable(case: &mut Case, message: String) {
    case.verdict = CaseVerdict::Unable;
    case.problems.push(Problem::elsewhere(message));
}

/// The failures of a run, and the last lines of its trace.
fn judge(scenario: &Scenario, outcome: &Outcome, at: HostId, case: &mut Case) {
    let problem = |it| Problem::new(&scenario.source, it);
    case.problems = outcome.failures.iter().map(problem).collect();
    case.seed = Some(outcome.seed);
    case.virtual_time = Some(Duration::from_micros(
        u64::try_from(outcome.ended.total_micros()).unwrap_or(0),
    ));
    case.verdict = match outcome.verdict() {
        Verdict::Held => CaseVerdict::Held,
        Verdict::Failed => {
            let summary = outcome.summary(&case.name, &case.claim);
            case.ladder = text::last(&outcome.trace(&summary), at, LADDER_LINES);
            CaseVerdict::Failed
        }
    };
}

fn vantage(args: &Run, scenario: &Scenario) -> Result<HostId, String> {
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

/// Writes a trace to where it was asked for, and compares it with its golden one.
fn keep(args: &Run, job: &Job<'_>, written: &Written, is_of_file: bool, case: &mut Case) {
    let result = if args.bless {
        traces::write(Path::new(GOLDEN), &job.name, written)
    } else {
        match &args.write {
            Some(path) if path.as_os_str() == "-" => {
                let mut out = std::io::stdout().lock();
                let result = out.write_all(&written.pcapng).and_then(|()| out.flush());
                if let Err(error) = result {
                    unable(case, format!("cannot write to standard output: {error}"));
                }
                Ok(())
            }
            Some(path) => capture::write_atomically(path, &written.pcapng),
            None if args.no_traces => Ok(()),
            None => traces::write(&args.traces, &job.name, written),
        }
    };
    if let Err(error) = result {
        unable(case, error.to_string());
    }
    if is_of_file {
        case.golden = Some(traces::compare(&job.name, written));
    }
}

/// Where cases go: the terminal, and perhaps a file.
struct Output<'a> {
    /// What standard output has.
    shown: Reporter,
    /// What the file has.
    filed: Option<(&'a Path, Reporter, String)>,
    summary: Summary,
    worst: Exit,
    /// How many cases there are, and how many of them have run.
    total: usize,
    ran: usize,
    progress: Progress,
    /// Whether verdicts that held are left out.
    brief: bool,
    /// Where standard output is the trace's, the verdicts go where the diagnostics go.
    to_stderr: bool,
}

impl<'a> Output<'a> {
    fn new(args: &'a Run, quiet: bool, jobs: &[Job<'_>]) -> Self {
        let names: Vec<String> = jobs
            .iter()
            .map(|it| it.name.display().to_string())
            .collect();
        let reporter = |format| Reporter::new(format, names.iter().map(String::as_str));
        let to_file = args.report_file.as_deref();
        let format = match to_file {
            Some(_) => Format::Text,
            None => args.report,
        };
        Self {
            shown: reporter(format),
            filed: to_file.map(|path| (path, reporter(args.report), String::new())),
            summary: Summary::default(),
            worst: Exit::Held,
            total: jobs.len(),
            ran: 0,
            progress: Progress::new(jobs.len(), quiet),
            brief: quiet && format == Format::Text,
            to_stderr: args.write.as_deref() == Some(Path::new("-")),
        }
    }

    fn begin(&mut self) -> Result<(), Exit> {
        if let Some((_, reporter, text)) = &mut self.filed {
            text.push_str(&reporter.begin());
        }
        self.say(&self.shown.begin())
    }

    fn say(&self, text: &str) -> Result<(), Exit> {
        let say = || report::say(text, true, self.to_stderr);
        self.progress.aside(say)
    }

    /// The last lines, and the file.
    fn end(mut self, args: &Run, wall: Duration) -> Result<Exit, Exit> {
        self.progress.end();
        self.summary.wall = wall;
        self.summary.traces = if args.bless {
            Some(GOLDEN.to_owned())
        } else if args.write.is_some() || args.no_traces {
            None
        } else {
            Some(args.traces.display().to_string())
        };
        let last = self.shown.end(&self.summary);
        if !self.brief {
            self.say(&last)?;
        }
        if let Some((path, reporter, mut text)) = self.filed.take() {
            text.push_str(&reporter.end(&self.summary));
            if let Err(error) = capture::write_atomically(path, text.as_bytes()) {
                report::complain(&format!("hangup: {error}\n"));
                return Err(Exit::Environment);
            }
        }
        if self.ran < self.total && interrupt::has_come() {
            let (ran, total) = (self.ran, self.total);
            report::complain(&format!(
                "hangup: interrupted: {ran} of {total} scenarios have run\n"
            ));
            return Ok(Exit::Interrupted);
        }
        Ok(self.worst)
    }
}

impl Sink for Output<'_> {
    type Error = Exit;

    fn case(&mut self, case: &Case) -> Result<(), Exit> {
        let complaints = case.complaints();
        self.progress.aside(|| report::complain(&complaints));
        self.summary.count(case);
        let exit = match case.verdict {
            CaseVerdict::Held | CaseVerdict::NotRun => Exit::Held,
            CaseVerdict::Failed => Exit::Failed,
            CaseVerdict::Invalid => Exit::Usage,
            CaseVerdict::Unable => Exit::Environment,
        };
        self.worst = self.worst.max(exit);
        self.ran += usize::from(case.verdict != CaseVerdict::NotRun);
        if let Some((_, reporter, text)) = &mut self.filed {
            text.push_str(&reporter.case(case));
        }
        let line = self.shown.case(case);
        if !self.brief || case.verdict != CaseVerdict::Held {
            self.say(&line)?;
        }
        self.progress.step(&case.name);
        Ok(())
    }

    fn waiting(&mut self) {
        self.progress.tick();
    }
}
