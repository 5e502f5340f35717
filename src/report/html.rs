//! A report as a page: an index by folders, and for each case its pictures and its trace.

use std::fmt;

use super::case::TestCase;
use super::format::{Contents, ReportFormat, ReportWriter};
use super::summary::Summary;
use crate::page::{Entry, Section, report};
use crate::picture::Recording;

/// As a format of reports.
pub(super) const FORMAT: ReportFormat = ReportFormat {
    name: "html",
    about: "a page of its own, with the pictures and the trace of each case",
    for_people: false,
    has_sections: true,
    new: |_: Contents| Box::new(Html::default()),
};

#[derive(Default)]
struct Html {
    entries: Vec<Entry>,
}

impl fmt::Debug for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Html({} entries)", self.entries.len())
    }
}

impl ReportWriter for Html {
    fn case(&mut self, case: &TestCase) -> String {
        self.entries.push(Entry {
            name: case.name.clone(),
            claim: case.claim.clone(),
            verdict: case.verdict.name().to_owned(),
            words: format!("{} {} {}", case.name, case.claim, case.settings.join(" ")),
            html: case.section.clone().unwrap_or_else(|| bare(case)),
        });
        // The index stands in front, and it has all of them.
        String::new()
    }

    fn end(&self, summary: &Summary) -> String {
        let counts = &summary.counts;
        let mut said = format!("{} of {} held", counts.held, counts.total());
        for (count, word) in [
            (counts.failed, "failed"),
            (counts.unable, "could not be run"),
            (counts.unsupported, "unsupported"),
            (counts.not_run, "not run"),
        ] {
            if count > 0 {
                said.push_str(&format!(", {count} {word}"));
            }
        }
        let version = env!("CARGO_PKG_VERSION");
        report(
            "hangup",
            &format!("{said}. hangup {version}."),
            &self.entries,
        )
    }
}

/// The section of a case that has not run.
fn bare(case: &TestCase) -> String {
    let recording = Recording {
        name: case.name.clone(),
        claim: case.claim.clone(),
        verdict: case.verdict.name().to_owned(),
        ..Recording::default()
    };
    let section = Section {
        recording: &recording,
        proves: Vec::new(),
        problems: case.problems.iter().map(|it| it.plain()).collect(),
        lines: Vec::new(),
        source: None,
        facts: vec![("file", case.path.clone())],
        trace: None,
        choice: Default::default(),
        scale: Default::default(),
    };
    section.html()
}
