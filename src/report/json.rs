//! JSON lines. Each is an object whose `type` says what it is.
//!
//! Fields may be added at any time. One that changes its meaning or goes away makes another
//! [`SCHEMA`].

use std::time::Duration;

use serde::Serialize;

use super::case::{CaseKind, Golden, Problem, TestCase};
use super::format::{Contents, ReportFormat, ReportWriter};
use super::summary::{Counts, Summary};

pub(super) const FORMAT: ReportFormat = ReportFormat {
    name: "json",
    about: "JSON lines: an object for each scenario, and one before and one behind them",
    for_people: false,
    has_sections: false,
    new: |contents| Box::new(Json(contents)),
};

#[derive(Debug)]
struct Json(Contents);

impl ReportWriter for Json {
    fn begin(&self) -> String {
        begin(self.0.total - self.0.scripts, self.0.scripts)
    }

    fn case(&mut self, case: &TestCase) -> String {
        object(case)
    }

    fn end(&self, summary: &Summary) -> String {
        last(summary)
    }
}

/// The number of this form.
const SCHEMA: u32 = 1;

/// The first line.
#[derive(Serialize)]
#[serde(tag = "type", rename = "run")]
struct Run {
    schema: u32,
    version: &'static str,
    scenarios: usize,
    scripts: usize,
}

/// A scenario or a script.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    name: &'a str,
    path: &'a str,
    claim: &'a str,
    settings: &'a [String],
    verdict: &'static str,
    seed: Option<u64>,
    virtual_us: Option<u64>,
    wall_us: u64,
    warnings: Vec<Fault<'a>>,
    problems: Vec<Fault<'a>>,
    ignored: &'a [String],
    trace_end: &'a [String],
    golden: Option<&'static str>,
}

/// Something that did not hold or is wrong.
#[derive(Serialize)]
struct Fault<'a> {
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    notes: Vec<Note<'a>>,
    shown: String,
}

#[derive(Serialize)]
struct Note<'a> {
    name: &'a str,
    text: &'a str,
}

/// The last line.
#[derive(Serialize)]
#[serde(tag = "type", rename = "summary")]
struct Total<'a> {
    held: usize,
    failed: usize,
    unsupported: usize,
    unable: usize,
    not_run: usize,
    differ: usize,
    folders: Vec<Folder<'a>>,
    wall_us: u64,
    traces: Option<&'a str>,
}

/// How the scripts of a folder came out.
#[derive(Serialize)]
struct Folder<'a> {
    path: &'a str,
    held: usize,
    failed: usize,
    unsupported: usize,
    unable: usize,
    not_run: usize,
}

fn begin(scenarios: usize, scripts: usize) -> String {
    line(&Run {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        scenarios,
        scripts,
    })
}

fn object(case: &TestCase) -> String {
    let golden = case.golden.as_ref().map(|golden| match golden {
        Golden::Same => "same",
        Golden::Missing => "missing",
        Golden::Differs { .. } => "differs",
    });
    line(&Line {
        r#type: match case.kind {
            CaseKind::Scenario => "scenario",
            CaseKind::Script => "script",
        },
        name: &case.name,
        path: &case.path,
        claim: &case.claim,
        settings: &case.settings,
        verdict: case.verdict.name(),
        seed: case.seed,
        virtual_us: case.virtual_time.map(micros),
        wall_us: micros(case.wall),
        warnings: case.warnings.iter().map(fault).collect(),
        problems: case.problems.iter().map(fault).collect(),
        ignored: &case.ignored,
        trace_end: &case.ladder,
        golden,
    })
}

fn last(summary: &Summary) -> String {
    let Counts {
        held,
        failed,
        unsupported,
        unable,
        not_run,
    } = summary.counts;
    let folders = summary.folders.iter().map(|(path, counts)| Folder {
        path,
        held: counts.held,
        failed: counts.failed,
        unsupported: counts.unsupported,
        unable: counts.unable,
        not_run: counts.not_run,
    });
    line(&Total {
        held,
        failed,
        unsupported,
        unable,
        not_run,
        folders: folders.collect(),
        differ: summary.differ,
        wall_us: micros(summary.wall),
        traces: summary.traces.as_deref(),
    })
}

fn fault(problem: &Problem) -> Fault<'_> {
    let place = problem.place.as_ref();
    let notes = problem.notes.iter();
    Fault {
        message: &problem.message,
        file: place.map(|it| it.file.as_str()),
        line: place.map(|it| it.line),
        column: place.map(|it| it.column),
        notes: notes.map(|(name, text)| Note { name, text }).collect(),
        shown: problem.plain(),
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn line(object: &impl Serialize) -> String {
    // Texts and numbers under keys that are texts: nothing that JSON cannot say.
    let mut text = serde_json::to_string(object).expect("the object is one of those above");
    text.push('\n');
    text
}
