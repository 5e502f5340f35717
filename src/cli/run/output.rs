//! The output of `hangup run`: reports on the terminal and in a file.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use super::jobs::Job;
use crate::bounds::Reached;
use crate::cli::args::Run;
use crate::cli::bounds::Pool;
use crate::cli::failure::Failure;
use crate::cli::parallel::Sink;
use crate::cli::progress::ProgressLine;
use crate::cli::traces::GOLDEN;
use crate::cli::{Exit, interrupt, report};
use crate::diagnostic::clean;
use crate::report::{
    CaseKind, CaseVerdict, ProblemPlace, ReportFormat, Reporter, Summary, TestCase,
};

/// Where cases go: the terminal, and perhaps a file.
pub(super) struct Output<'a> {
    /// What standard output has.
    shown: Reporter,
    /// What the file has.
    filed: Option<(&'a Path, Reporter, String)>,
    summary: Summary,
    worst: Exit,
    /// How many cases there are, and how many of them have run.
    total: usize,
    ran: usize,
    /// How many of them are scripts that cannot be played.
    unplayed: usize,
    progress: ProgressLine,
    /// Whether what cannot be played counts.
    unsupported_counts: bool,
    /// What was left out of scripts, and of how many.
    ignored: BTreeMap<String, usize>,
    quiet: bool,
    /// Whether verdicts that held are left out.
    brief: bool,
    /// Where standard output is the trace's, the verdicts go where the diagnostics go.
    to_stderr: bool,
    /// Whether every failure is told in full.
    tells_all: bool,
    /// The failures of sweeps that were told, with the name of the case.
    told: Vec<(Failures, String)>,
    /// The first case that has a trace, and the first of those that failed.
    first: Option<String>,
    first_failed: Option<String>,
}

/// The failures of a case: its file, and the message and place of each.
type Failures = (String, Vec<(String, Option<ProblemPlace>)>);

impl<'a> Output<'a> {
    pub(super) fn new(args: &'a Run, quiet: bool, jobs: &[Job<'_>]) -> Self {
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
            Some(_) => ReportFormat::default(),
            None => args.report,
        };
        Self {
            shown: reporter(format),
            filed: to_file.map(|path| (path, reporter(args.report), String::new())),
            summary: Summary::default(),
            worst: Exit::Held,
            total: jobs.len(),
            ran: 0,
            unplayed: 0,
            progress: ProgressLine::new(jobs.len(), quiet),
            unsupported_counts: !args.scripts.allow_unsupported,
            ignored: BTreeMap::new(),
            quiet,
            tells_all: args.all_failures,
            told: Vec::new(),
            first: None,
            first_failed: None,
            brief: quiet && format.for_people,
            to_stderr: [&args.write, &args.export_pkt]
                .into_iter()
                .any(|path| path.as_deref() == Some(standard_output)),
        }
    }

    pub(super) fn begin(&mut self) -> Result<(), Failure> {
        if let Some((_, reporter, text)) = &mut self.filed {
            text.push_str(&reporter.begin());
        }
        self.say(&self.shown.begin())
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        let say = || report::say(text, true, self.to_stderr);
        self.progress.aside(say)
    }

    /// The last lines, and the file.
    pub(super) fn end(
        mut self,
        args: &Run,
        bounds: &Pool,
        wall: Duration,
    ) -> Result<Exit, Failure> {
        self.progress.end();
        self.summary.wall = wall;
        self.summary.traces = if args.bless {
            Some(GOLDEN.to_owned())
        } else if args.write.is_some() || args.no_traces {
            None
        } else {
            Some(args.traces.display().to_string())
        };
        if !args.bless {
            let next = self.first_failed.take().or(self.first.take());
            self.summary.next = next.filter(|_| self.summary.traces.is_some());
        }
        if !self.quiet {
            report::complain(&ignored_lines(&self.ignored));
        }
        let last = self.shown.end(&self.summary);
        if !self.brief {
            self.say(&last)?;
        }
        if let Some((path, reporter, mut text)) = self.filed.take() {
            text.push_str(&reporter.end(&self.summary));
            report::write(path, &text, args.open)?;
        }
        if self.ran < self.total && interrupt::has_come() {
            let (ran, total) = (self.ran, self.total);
            let message = format_args!("interrupted: {ran} of {total} have run");
            return Err(Failure::new(Exit::Interrupted, message));
        }
        if self.ran < self.total
            && let Some(time) = bounds.timeout()
        {
            let (ran, total) = (self.ran, self.total);
            let time = Reached::Time(time);
            let message = format_args!("{time}: {ran} of {total} have run");
            return Err(Failure::new(self.worst.max(Exit::Failed), message));
        }
        // What cannot be played is no failure, and says less than one.
        let unsupported = self.unsupported_counts && self.unplayed > 0;
        if unsupported && self.worst == Exit::Held {
            return Ok(Exit::Usage);
        }
        Ok(self.worst)
    }
}

impl Output<'_> {
    /// What is said of a case on standard error. Of a combination of a sweep that fails as one
    /// before it did, that it does.
    fn complaints(&mut self, case: &TestCase) -> String {
        if case.verdict != CaseVerdict::Failed || case.settings.is_empty() || self.tells_all {
            return case.complaints();
        }
        let places = case
            .problems
            .iter()
            .map(|it| (it.message.clone(), it.place.clone()));
        let failures = (case.path.clone(), places.collect());
        let known = self.told.iter().find(|(known, _)| *known == failures);
        if let Some((_, first)) = known {
            let notes = case.problems.iter().flat_map(|it| &it.notes);
            let replay = notes
                .filter(|(name, _)| name == "replay")
                .map(|(_, line)| line);
            let replay = replay.take(1).map(|line| format!(": {line}"));
            let replay: String = replay.collect();
            return format!(
                "{} fails as {} does{replay}\n",
                clean(&case.name),
                clean(first)
            );
        }
        self.told.push((failures, case.name.clone()));
        case.complaints()
    }
}

impl Sink for Output<'_> {
    type Error = Failure;

    fn case(&mut self, case: &TestCase) -> Result<(), Failure> {
        // What cannot be played has its line, and a script, where that counts, its excerpt too.
        let is_script = case.kind == CaseKind::Script;
        let unsupported = case.verdict == CaseVerdict::Unsupported;
        if !unsupported || (is_script && self.unsupported_counts) {
            let complaints = self.complaints(case);
            self.progress.aside(|| report::complain(&complaints));
        }
        for line in &case.ignored {
            *self.ignored.entry(line.clone()).or_default() += 1;
        }
        self.summary.count(case);
        self.unplayed += usize::from(unsupported && is_script);
        if matches!(case.verdict, CaseVerdict::Held | CaseVerdict::Failed) {
            self.first.get_or_insert_with(|| case.name.clone());
        }
        if case.verdict == CaseVerdict::Failed {
            self.first_failed.get_or_insert_with(|| case.name.clone());
        }
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

/// What was left out of scripts, each once.
fn ignored_lines(ignored: &BTreeMap<String, usize>) -> String {
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
