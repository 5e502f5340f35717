//! `hangup run`

use std::collections::BTreeMap;
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
use crate::packetdrill::Script;
use crate::report::{Case, CaseKind, CaseVerdict, Format, Problem, Reporter, Summary};
use crate::run::{Outcome, Verdict};
use crate::scenario::discover::Found;
use crate::scenario::{Facts, LoadError, Scenario, ScenarioFile, Selection, Setting};

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
    let started = Instant::now();
    report::few_enough(&args.settings)?;
    interrupt::listen().map_err(|message| {
        report::complain(&format!("hangup: {message}\n"));
        Exit::Environment
    })?;
    let selection = selection(args)?;
    let files = Files::select(args)?;
    let threads = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| {
        report::complain(&format!("hangup: cannot start threads: {error}\n"));
        Exit::Environment
    })?;
    let reads = pool.install(|| files.read(args));
    let reads = reads?;
    let jobs = jobs(&files, &reads, selection.as_ref());
    if jobs.is_empty() {
        report::complain("hangup: no scenario matches --filter\n");
        return Err(Exit::Nothing);
    }
    if args.list {
        return list(&jobs);
    }
    if !is_one(args, &jobs) {
        return Err(Exit::Usage);
    }
    let mut output = Output::new(args, quiet, &jobs);
    output.begin()?;
    let case = |job: &Job<'_>| one(args, job);
    in_order::run(&pool, &jobs, args.fail_fast, case, &mut output)?;
    output.end(args, started.elapsed())
}

/// The files that were asked for, each kind sorted by name.
#[derive(Debug)]
struct Files {
    scenarios: Vec<Found>,
    scripts: Vec<Found>,
}

impl Files {
    /// # Errors
    /// There are none, or what was asked for cannot be done with them; it has been said.
    fn select(args: &Run) -> Result<Self, Exit> {
        let mut scripts = packetdrill::select(&args.paths)?;
        let scenarios = match packetdrill::other_paths(&args.paths, &scripts) {
            Some(paths) => report::select(&paths)?,
            None => Vec::new(),
        };
        if !scripts.is_empty() && !args.settings.is_empty() {
            if scenarios.is_empty() {
                report::complain(
                    "hangup: a packetdrill script has no keys to --set: it has options\n",
                );
                return Err(Exit::Usage);
            }
            report::complain(&format!(
                "hangup: packetdrill scripts have no keys to --set: {} left out\n",
                scripts.len()
            ));
            scripts.clear();
        }
        if args.bless {
            if scenarios.is_empty() {
                report::complain("hangup: packetdrill scripts have no golden traces to --bless\n");
                return Err(Exit::Usage);
            }
            scripts.clear();
        }
        if scripts.is_empty() && args.scripts.say_something() {
            report::complain(
                "hangup: --profile, --ip-version, --define and --leftovers are for packetdrill \
                 scripts, and none was selected\n",
            );
        }
        Ok(Self { scenarios, scripts })
    }

    /// Reads all of them, the scenarios first.
    ///
    /// # Errors
    /// What scripts are played with makes no sense; it has been said.
    fn read(&self, args: &Run) -> Result<Vec<Read>, Exit> {
        let settings = settings(args);
        let scenarios = self.scenarios.par_iter();
        let scenarios = scenarios.map(|it| Read::Scenario(ScenarioFile::load(&it.path, &settings)));
        let mut reads: Vec<Read> = scenarios.collect();
        if !self.scripts.is_empty() {
            let options = packetdrill::options(&args.scripts.options)?;
            let scripts = self.scripts.par_iter();
            let scripts = scripts.map(|it| Read::Script(Script::load(&it.path, &options)));
            reads.par_extend(scripts);
        }
        Ok(reads)
    }
}

/// Whether at most one scenario or script was selected, where one file is to be written of it.
fn is_one(args: &Run, jobs: &[Job<'_>]) -> bool {
    let option = match (&args.write, &args.export_pkt) {
        (Some(_), _) => "-w writes one trace",
        (None, Some(_)) => "--export-pkt writes one script",
        (None, None) => return true,
    };
    let count = jobs.len();
    if count != 1 {
        let scripts = jobs.iter().filter(|it| it.kind() == CaseKind::Script);
        let what = match scripts.count() {
            0 => "scenarios",
            scripts if scripts == count => "scripts",
            _ => "scenarios and scripts",
        };
        report::complain(&format!(
            "hangup: {option}, and {count} {what} were selected: name one\n"
        ));
    }
    count == 1
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
        report::complain_of("--filter", text, &diagnostic);
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
#[derive(Debug)]
enum Read {
    Scenario(Result<ScenarioFile, LoadError>),
    Script(Result<Script, LoadError>),
}

impl Read {
    /// How many scenarios or scripts are in it; one that is wrong counts.
    fn len(&self) -> usize {
        match self {
            Self::Scenario(read) => read.as_ref().map_or(1, ScenarioFile::len),
            Self::Script(_) => 1,
        }
    }
}

/// One thing to run or to report: a scenario or a script, or a file that has none.
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
    fn kind(&self) -> CaseKind {
        match self.read {
            Read::Scenario(_) => CaseKind::Scenario,
            Read::Script(_) => CaseKind::Script,
        }
    }

    /// Whether it is selected; None where only its name is known, and does not decide.
    fn is_selected(&self, selection: &Selection) -> Option<bool> {
        let name = self.name.display().to_string();
        match self.read {
            Read::Scenario(Ok(file)) => {
                let scenario = file.scenario(self.index);
                let facts = scenario.as_ref().map(Facts::of);
                selection.selects(&name, facts.as_ref())
            }
            Read::Script(Ok(script)) => selection.selects(&name, Some(&script.facts())),
            Read::Scenario(Err(_)) | Read::Script(Err(_)) => selection.selects(&name, None),
        }
    }

    /// What it shows, in one sentence; none where there is nothing to run.
    fn claim(&self) -> Option<String> {
        match self.read {
            Read::Scenario(read) => {
                let scenario = read.as_ref().ok()?.scenario(self.index)?;
                Some(report::claim(&scenario).to_owned())
            }
            Read::Script(read) => Some(read.as_ref().ok()?.claim().to_owned()),
        }
    }
}

impl in_order::Named for Job<'_> {
    /// What is said of it before it ran.
    fn not_run(&self) -> Case {
        Case {
            kind: self.kind(),
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
            ignored: Vec::new(),
            ladder: Vec::new(),
            golden: None,
        }
    }
}

/// Every script, and every combination of every scenario, that is selected.
fn jobs<'a>(files: &'a Files, reads: &'a [Read], selection: Option<&Selection>) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    let files = files.scenarios.iter().chain(&files.scripts);
    for (file, read) in files.zip(reads) {
        jobs.extend((0..read.len()).map(|index| {
            let combination = match read {
                Read::Scenario(Ok(scenarios)) => scenarios.combination(index),
                Read::Scenario(Err(_)) | Read::Script(_) => None,
            };
            Job {
                file,
                name: file.of_combination(combination.unwrap_or_default()),
                read,
                index,
            }
        }));
    }
    if let Some(selection) = selection {
        // What is wrong with a file is said, unless its name alone leaves it out.
        jobs.retain(|job| job.is_selected(selection) != Some(false));
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
        let claim = job.claim().unwrap_or_else(|| "invalid".to_owned());
        let line = format!("{name:width$}  {claim}");
        report::print(&format!("{}\n", line.trim_end()))?;
    }
    Ok(Exit::Held)
}

/// Runs one scenario or script.
fn one(args: &Run, job: &Job<'_>) -> Case {
    let case = in_order::Named::not_run(job);
    match job.read {
        Read::Scenario(read) => scenario(args, read, job.index, case),
        Read::Script(read) => packetdrill::one(args, read, case),
    }
}

/// Runs one combination of a scenario file.
fn scenario(
    args: &Run,
    read: &Result<ScenarioFile, LoadError>,
    index: usize,
    mut case: Case,
) -> Case {
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
    let started = Instant::now();
    let outcome = crate::run::run(&scenario, None);
    case.wall = started.elapsed();
    let (name, facts) = (&case.name, outcome.events.len());
    tracing::info!(scenario = %name, facts, wall = ?case.wall, "ran");
    judge(&scenario, &outcome, at, &mut case);
    keep(args, &scenario, &outcome, at, &mut case);
    case
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

/// The environment did not let us.
fn unable(case: &mut Case, message: String) {
    case.verdict = CaseVerdict::Unable;
    case.problems.push(Problem::elsewhere(message));
}

/// The failures of a run, and the last lines of its trace.
pub(super) fn judge(scenario: &Scenario, outcome: &Outcome, at: HostId, case: &mut Case) {
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

/// Writes the script and the trace of a run to where they were asked for, and compares the trace
/// with its golden one.
pub(super) fn keep(
    args: &Run,
    scenario: &Scenario,
    outcome: &Outcome,
    at: HostId,
    case: &mut Case,
) {
    let written = packetdrill::write_script(args, scenario, outcome, at, &case.name);
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
    let written = match traces::draw(&outcome.trace(&summary), at) {
        Ok(written) => written,
        Err(error) => {
            let message = format!("the trace of {}: {error}", case.name);
            return unable(case, message);
        }
    };
    let name = PathBuf::from(&case.name);
    if let Err(message) = write(args, &name, &written) {
        unable(case, message);
    }
    // Another setting, seed or vantage point is another trace, and scripts have no golden ones.
    if case.kind == CaseKind::Scenario && !scenario.variant.set && args.at.is_none() {
        case.golden = Some(traces::compare(&name, &written));
    }
}

/// Writes a trace to where it was asked for.
fn write(args: &Run, name: &Path, written: &Written) -> Result<(), String> {
    let result = if args.bless {
        traces::write(Path::new(GOLDEN), name, written)
    } else {
        match &args.write {
            Some(path) if path.as_os_str() == "-" => {
                let mut out = std::io::stdout().lock();
                let result = out.write_all(&written.pcapng).and_then(|()| out.flush());
                return result.map_err(|error| format!("cannot write to standard output: {error}"));
            }
            Some(path) => capture::write_atomically(path, &written.pcapng),
            None if args.no_traces => Ok(()),
            None => traces::write(&args.traces, name, written),
        }
    };
    result.map_err(|error| error.to_string())
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
    /// Whether what cannot be played counts.
    unsupported_counts: bool,
    /// What was left out of scripts, and of how many.
    ignored: BTreeMap<String, usize>,
    quiet: bool,
    /// Whether verdicts that held are left out.
    brief: bool,
    /// Where standard output is the trace's, the verdicts go where the diagnostics go.
    to_stderr: bool,
}

impl<'a> Output<'a> {
    fn new(args: &'a Run, quiet: bool, jobs: &[Job<'_>]) -> Self {
        let names = jobs
            .iter()
            .map(|it| (it.kind(), it.name.display().to_string()));
        let names: Vec<(CaseKind, String)> = names.collect();
        let names = || names.iter().map(|(kind, name)| (*kind, name.as_str()));
        let reporter = |format| Reporter::new(format, names());
        let standard_output = Path::new("-");
        let to_file = args.report_file.as_deref();
        let to_file = to_file.filter(|path| *path != standard_output);
        let format = match to_file {
            Some(_) => Format::default(),
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
            unsupported_counts: !args.scripts.allow_unsupported,
            ignored: BTreeMap::new(),
            quiet,
            brief: quiet && format.for_people,
            to_stderr: [&args.write, &args.export_pkt]
                .into_iter()
                .any(|path| path.as_deref() == Some(standard_output)),
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
        if !self.quiet {
            report::complain(&packetdrill::say_ignored(&self.ignored));
        }
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
            report::complain(&format!("hangup: interrupted: {ran} of {total} have run\n"));
            return Ok(Exit::Interrupted);
        }
        // What cannot be played is no failure, and says less than one.
        let unsupported = self.unsupported_counts && self.summary.counts.unsupported > 0;
        if unsupported && self.worst == Exit::Held {
            return Ok(Exit::Usage);
        }
        Ok(self.worst)
    }
}

impl Sink for Output<'_> {
    type Error = Exit;

    fn case(&mut self, case: &Case) -> Result<(), Exit> {
        // Who lets what cannot be played not count has its line, and need not read each excerpt.
        if case.verdict != CaseVerdict::Unsupported || self.unsupported_counts {
            let complaints = case.complaints();
            self.progress.aside(|| report::complain(&complaints));
        }
        for line in &case.ignored {
            *self.ignored.entry(line.clone()).or_default() += 1;
        }
        self.summary.count(case);
        let exit = match case.verdict {
            CaseVerdict::Held | CaseVerdict::Unsupported | CaseVerdict::NotRun => Exit::Held,
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
