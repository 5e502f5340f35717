//! What came of a run, as people and programs read it.
//!
//! A [`Case`] is what is to be said of one scenario (or one combination of its sweep) or of one
//! packetdrill script; a [`Reporter`] turns cases, in their order, into one of the [`Format`]s.
//! Nothing here runs anything or writes a file. But for wall times, a report depends on nothing but
//! the scenarios: two runs of the same files have the same report, whatever ran at once.

mod github;
mod json;
mod junit;
mod tap;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::diagnostic::{Colour, Diagnostic, Source, Span, clean};

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A line for each scenario.
    #[default]
    Text,
    /// JSON lines: an object for each scenario, and one before and one behind them.
    Json,
    /// JUnit XML, which most services for continuous integration read.
    Junit,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// Annotations of GitHub Actions.
    Github,
}

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseKind {
    /// A scenario, or one combination of its sweep.
    Scenario,
    /// A packetdrill script.
    Script,
}

/// What came of one scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseVerdict {
    /// Everything held.
    Held,
    /// An expectation failed.
    Failed,
    /// There is nothing to run: the file or the command line is wrong.
    Invalid,
    /// The environment did not let us: a file cannot be read or written.
    Unable,
    /// It is a packetdrill script and says something that cannot be played.
    Unsupported,
    /// It was not run, because another one had failed.
    NotRun,
}

impl CaseVerdict {
    /// The word for it in all formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Invalid => "invalid",
            Self::Unable => "unable",
            Self::Unsupported => "unsupported",
            Self::NotRun => "not run",
        }
    }

    /// Whether a run that stops at the first failure stops here.
    pub fn stops(self) -> bool {
        match self {
            Self::Failed | Self::Invalid | Self::Unable => true,
            Self::Held | Self::Unsupported | Self::NotRun => false,
        }
    }
}

/// What is to be said of one scenario, or one combination of its sweep.
#[derive(Clone, Debug)]
pub struct Case {
    /// Whether it is a scenario.
    pub kind: CaseKind,
    /// The name of its trace.
    pub name: String,
    /// The file.
    pub path: String,
    /// What it shows, in one sentence. Empty where it does not say.
    pub claim: String,
    /// `--set` that lead to it, as the command line takes them.
    pub settings: Vec<String>,
    /// What came of it.
    pub verdict: CaseVerdict,
    /// The seed it ran with. None: it did not run.
    pub seed: Option<u64>,
    /// The length of the run in virtual time. None: it did not run.
    pub virtual_time: Option<Duration>,
    /// How long it took.
    pub wall: Duration,
    /// What it says and hardly means.
    pub warnings: Vec<Problem>,
    /// What did not hold, is wrong or cannot be played, in the order of the file.
    pub problems: Vec<Problem>,
    /// The lines of a script that are not carried out and have no meaning here.
    pub ignored: Vec<String>,
    /// The last lines of its trace, where something failed.
    pub ladder: Vec<String>,
    /// How its trace compares with the golden one. None: it was not compared.
    pub golden: Option<Golden>,
}

/// How a trace compares with its golden one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Golden {
    /// They are the same, to the byte.
    Same,
    /// There is no golden one.
    Missing,
    /// They differ.
    Differs {
        /// The golden file in which it shows.
        path: String,
        /// The line of it, where it is the text.
        line: Option<usize>,
    },
}

/// Something that did not hold or is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// A sentence without its full stop.
    pub message: String,
    /// Where.
    pub place: Option<ProblemPlace>,
    /// The lines after the excerpt: their name, and the line.
    pub notes: Vec<(String, String)>,
    /// All of it as a person reads it, with the lines of the file, in colour.
    pub shown: String,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProblemPlace {
    /// The file; `--set` for a setting of the command line.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Problem {
    /// A problem of a file.
    pub fn new(source: &Source, diagnostic: &Diagnostic) -> Self {
        let at = |span: Span| {
            let place = source.place(span.start);
            ProblemPlace {
                file: source.name(span.start).into_owned(),
                line: place.line,
                column: place.column,
            }
        };
        let label = diagnostic.label.iter();
        let label = label.map(|label| ("here".to_owned(), clean(label).into_owned()));
        let notes = diagnostic.notes.iter();
        let notes = notes.map(|note| (note.name.to_string(), clean(&note.text).into_owned()));
        Self {
            message: clean(&diagnostic.message).into_owned(),
            place: diagnostic.span.map(at),
            notes: label.chain(notes).collect(),
            shown: source.render(diagnostic, Colour::Ansi),
        }
    }

    /// A problem of no file: the environment or the command line.
    pub fn elsewhere(message: impl Into<String>) -> Self {
        let message = clean(&message.into()).into_owned();
        Self {
            shown: format!("hangup: {message}\n"),
            message,
            place: None,
            notes: Vec::new(),
        }
    }

    /// All of it as a person reads it, without colour.
    fn plain(&self) -> String {
        anstream::adapter::strip_str(&self.shown).to_string()
    }
}

impl Case {
    /// Its problems and the end of its trace, as a person reads them in a terminal.
    pub fn complaints(&self) -> String {
        let mut text: String = self.warnings.iter().map(|it| it.shown.as_str()).collect();
        // Errors of a file have an empty line between them, and failures stand together.
        let between = match self.verdict {
            CaseVerdict::Invalid => "\n",
            CaseVerdict::Held
            | CaseVerdict::Failed
            | CaseVerdict::Unable
            | CaseVerdict::Unsupported
            | CaseVerdict::NotRun => "",
        };
        let shown: Vec<&str> = self.problems.iter().map(|it| it.shown.as_str()).collect();
        text.push_str(&shown.join(between));
        if !self.ladder.is_empty() {
            text.push_str("the last of the trace:\n");
            for line in &self.ladder {
                text.push_str(line);
                text.push('\n');
            }
            text.push('\n');
        }
        text
    }

    /// The same without colour.
    fn plain_complaints(&self) -> String {
        anstream::adapter::strip_str(&self.complaints()).to_string()
    }
}

/// Counts of cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those in which everything held.
    pub held: usize,
    /// Those in which an expectation failed.
    pub failed: usize,
    /// Those that say something that cannot be played.
    pub unsupported: usize,
    /// Those that could not be run, or whose trace could not be written.
    pub unable: usize,
    /// Those that were not run because another one had failed.
    pub not_run: usize,
}

impl Counts {
    /// Counts one more.
    fn count(&mut self, verdict: CaseVerdict) {
        let counter = match verdict {
            CaseVerdict::Held => &mut self.held,
            CaseVerdict::Failed => &mut self.failed,
            CaseVerdict::Unsupported => &mut self.unsupported,
            CaseVerdict::Invalid | CaseVerdict::Unable => &mut self.unable,
            CaseVerdict::NotRun => &mut self.not_run,
        };
        *counter += 1;
    }

    /// How many there were.
    pub fn total(&self) -> usize {
        let Self {
            held,
            failed,
            unsupported,
            unable,
            not_run,
        } = self;
        held + failed + unsupported + unable + not_run
    }
}

/// What is to be said of all cases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All of them.
    pub counts: Counts,
    /// How many of them are packetdrill scripts.
    pub scripts: usize,
    /// The scripts of each folder.
    pub folders: BTreeMap<String, Counts>,
    /// Why scripts cannot be played, and how many each reason stops.
    pub reasons: BTreeMap<String, usize>,
    /// Those whose trace differs from its golden one.
    pub differ: usize,
    /// How long all of it took.
    pub wall: Duration,
    /// The folder in which traces are.
    pub traces: Option<String>,
}

impl Summary {
    /// Counts a case.
    pub fn count(&mut self, case: &Case) {
        self.counts.count(case.verdict);
        self.differ += usize::from(matches!(case.golden, Some(Golden::Differs { .. })));
        if case.kind == CaseKind::Scenario {
            return;
        }
        self.scripts += 1;
        let path = case.path.strip_prefix("./").unwrap_or(&case.path);
        let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        let counts = self.folders.entry(folder.to_owned()).or_default();
        counts.count(case.verdict);
        if case.verdict == CaseVerdict::Unsupported {
            let reasons: BTreeSet<&str> = case.problems.iter().map(|it| &*it.message).collect();
            for reason in reasons {
                *self.reasons.entry(reason.to_owned()).or_default() += 1;
            }
        }
    }

    /// What the cases are, in words.
    fn what(&self) -> &'static str {
        let total = self.counts.total();
        match self.scripts {
            0 => "scenarios",
            scripts if scripts < total => "scenarios and scripts",
            1 => "script",
            _ => "scripts",
        }
    }
}

/// Writes a report: first what begins it, then each case in its order, then the end.
#[derive(Debug)]
pub struct Reporter {
    format: Format,
    /// How many cases there will be.
    total: usize,
    /// How many of them are scripts.
    scripts: usize,
    /// The longest name of a case, in characters.
    width: usize,
    /// How many there were.
    done: usize,
    /// What can only be written when all of it is known.
    kept: Vec<Case>,
}

impl Reporter {
    /// A report of the cases of these names.
    pub fn new<'a>(format: Format, names: impl IntoIterator<Item = (CaseKind, &'a str)>) -> Self {
        let mut reporter = Self {
            format,
            total: 0,
            scripts: 0,
            width: 0,
            done: 0,
            kept: Vec::new(),
        };
        for (kind, name) in names {
            reporter.total += 1;
            reporter.scripts += usize::from(kind == CaseKind::Script);
            reporter.width = reporter.width.max(name.chars().count());
        }
        reporter
    }

    /// What stands before the cases.
    pub fn begin(&self) -> String {
        match self.format {
            Format::Text | Format::Junit | Format::Github => String::new(),
            Format::Json => json::begin(self.total - self.scripts, self.scripts),
            Format::Tap => tap::begin(self.total),
        }
    }

    /// The next case.
    pub fn case(&mut self, case: &Case) -> String {
        self.done += 1;
        match self.format {
            Format::Text => text::case(case, self.width, self.scripts > 0),
            Format::Json => json::case(case),
            Format::Junit => {
                self.kept.push(case.clone());
                String::new()
            }
            Format::Tap => tap::case(case, self.done),
            Format::Github => github::case(case),
        }
    }

    /// What stands behind the cases.
    pub fn end(&self, summary: &Summary) -> String {
        match self.format {
            Format::Text | Format::Github => text::summary(summary),
            Format::Json => json::summary(summary),
            Format::Junit => junit::report(&self.kept, summary),
            Format::Tap => String::new(),
        }
    }
}
