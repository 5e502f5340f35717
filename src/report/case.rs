//! A test case of a report: the result of one scenario or packetdrill script.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Colour, Diagnostic, Source, Span, clean};

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CaseKind {
    /// A scenario, or one combination of its sweep.
    Scenario,
    /// A packetdrill script.
    Script,
}

/// What came of one scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestCase {
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
    /// Its section of a page, where the report has them.
    pub section: Option<String>,
    /// How its trace compares with the golden one. None: it was not compared.
    pub golden: Option<Golden>,
}

/// How a trace compares with its golden one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// A sentence without its full stop.
    pub message: String,
    /// Where.
    pub place: Option<ProblemPlace>,
    /// The lines after the excerpt: their name, and the line.
    pub notes: Vec<(String, String)>,
    /// All of it as a person reads it, with the lines of the file, in colour.
    pub shown: String,
    /// By how much it was too early or too late, where nothing else is wrong.
    pub off_by: Option<Duration>,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
            off_by: diagnostic.off_by,
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
            off_by: None,
        }
    }

    /// All of it as a person reads it, without colour.
    pub fn plain(&self) -> String {
        anstream::adapter::strip_str(&self.shown).to_string()
    }
}

impl TestCase {
    /// What is said of a case before it ran.
    pub fn not_run(kind: CaseKind, name: &str, path: &std::path::Path) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            path: path.display().to_string(),
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
            section: None,
            golden: None,
        }
    }

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
                text.push_str(&clean(line));
                text.push('\n');
            }
            text.push('\n');
        }
        text
    }

    /// The same without colour.
    pub(super) fn plain_complaints(&self) -> String {
        anstream::adapter::strip_str(&self.complaints()).to_string()
    }
}
