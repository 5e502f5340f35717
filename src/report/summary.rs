//! The summary of a report: counts over all its cases.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::case::{CaseKind, CaseVerdict, Golden, TestCase};

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
    /// The case to look at next: the first that failed, or the first. None: no traces were written.
    pub next: Option<String>,
}

impl Summary {
    /// Counts a case.
    pub fn count(&mut self, case: &TestCase) {
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
    pub(super) fn what(&self) -> &'static str {
        let total = self.counts.total();
        match self.scripts {
            0 => "scenarios",
            scripts if scripts < total => "scenarios and scripts",
            1 => "script",
            _ => "scripts",
        }
    }
}
