//! The description of a report format, and the reporter that writes one.

use std::fmt;

use super::case::{CaseKind, TestCase};
use super::summary::Summary;
use crate::language::cells;

/// A format of reports. Each is a file of its own and a row of the table in
/// `formats.rs`.
#[derive(Clone, Copy, Debug)]
pub struct ReportFormat {
    /// What the command line calls it.
    pub(super) name: &'static str,
    /// What it is, as the help says it: a sentence without its full stop.
    pub(super) about: &'static str,
    /// Whether it is a line a case for people, who can leave out those that held.
    pub for_people: bool,
    /// Whether it shows the section of each case, which takes time to draw.
    pub has_sections: bool,
    /// Begins a report.
    pub(super) new: fn(Contents) -> Box<dyn ReportWriter>,
}

/// What a report will be about.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contents {
    /// How many cases there will be.
    pub(super) total: usize,
    /// How many of them are scripts.
    pub(super) scripts: usize,
    /// The longest name of a case, in characters.
    pub(super) width: usize,
}

/// A report that is being written. Each part is empty unless the format says something there.
pub(super) trait ReportWriter: fmt::Debug {
    /// What stands before the cases.
    fn begin(&self) -> String {
        String::new()
    }

    /// The next case.
    fn case(&mut self, case: &TestCase) -> String;

    /// What stands behind the cases.
    fn end(&self, _summary: &Summary) -> String {
        String::new()
    }
}

/// Writes a report: first what begins it, then each case in its order, then the end.
#[derive(Debug)]
pub struct Reporter(Box<dyn ReportWriter>);

impl Reporter {
    /// A report of the cases of these names.
    pub fn new<'a>(
        format: ReportFormat,
        names: impl IntoIterator<Item = (CaseKind, &'a str)>,
    ) -> Self {
        let mut contents = Contents::default();
        for (kind, name) in names {
            contents.total += 1;
            contents.scripts += usize::from(kind == CaseKind::Script);
            contents.width = contents.width.max(cells::width(name));
        }
        Self((format.new)(contents))
    }

    /// What stands before the cases.
    pub fn begin(&self) -> String {
        self.0.begin()
    }

    /// The next case.
    pub fn case(&mut self, case: &TestCase) -> String {
        self.0.case(case)
    }

    /// What stands behind the cases.
    pub fn end(&self, summary: &Summary) -> String {
        self.0.end(summary)
    }
}
