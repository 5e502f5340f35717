//! `[[expect]]`: how many frames of the finished trace a filter selects.

use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::time::instant;
use super::verdict::Outcome;
use crate::capture::text::seconds;
use crate::capture::{FailedRow, Part, PcapngError};
use crate::diagnostic::Diagnostic;
use crate::filter::{View, Viewer};
use crate::scenario::{Scenario, TraceExpect};

/// How many of the selected frames a failure lists.
const SHOWN: usize = 5;

/// The vantage point of filters: the first host.
const VANTAGE: HostId = HostId(0);

/// How many frames each `[[expect]]` of a scenario selects, of what was read so far.
#[derive(Debug)]
pub(super) struct Counts<'a> {
    counts: Vec<Count<'a>>,
    viewer: Viewer,
    /// Why no more could be read.
    error: Option<PcapngError>,
}

impl<'a> Counts<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        Self {
            counts: scenario.expects.iter().map(Count::new).collect(),
            viewer: Viewer::default(),
            error: None,
        }
    }

    /// Whether there is something to count.
    pub(super) fn is_any(&self) -> bool {
        !self.counts.is_empty()
    }

    /// Reads the next part of the trace.
    pub(super) fn take(&mut self, part: Part<'_>) {
        if !self.is_any() || self.error.is_some() {
            return;
        }
        let counts = &mut self.counts;
        let take = |view: View<'_>| counts.iter_mut().for_each(|count| count.take(&view));
        self.error = self.viewer.each_view(part, VANTAGE, take).err();
    }

    fn contradictions(&self) -> Vec<Diagnostic> {
        match &self.error {
            None => { self.counts.iter() }
                .filter_map(Count::contradiction)
                .collect(),
            Some(error) => vec![Diagnostic::of_file(format!(
                "the trace cannot be drawn: {error}"
            ))],
        }
    }
}

/// Holds the trace of a run against the `[[expect]]` of its scenario.
pub(super) fn judge(mut counts: Counts<'_>, outcome: &mut Outcome) {
    if !counts.is_any() {
        return;
    }
    counts.take(outcome.unread(&outcome.summary("", "")));
    let failures = counts.contradictions();
    // What a filter counts is known at the end alone.
    let rows = failures.iter().map(|failure| FailedRow {
        at: outcome.ended,
        events_before: outcome.events.len(),
        text: failure.message.clone(),
    });
    outcome.failed.extend(rows);
    outcome.failures.extend(failures);
}

/// How many frames a filter selects.
#[derive(Debug)]
struct Count<'a> {
    expect: &'a TraceExpect,
    selected: u64,
    /// The first of them, for a failure to list.
    first: Vec<(Instant, u32)>,
}

impl<'a> Count<'a> {
    fn new(expect: &'a TraceExpect) -> Self {
        Self {
            expect,
            selected: 0,
            first: Vec::new(),
        }
    }

    fn take(&mut self, view: &View<'_>) {
        let expect = self.expect;
        let from = instant(expect.from);
        let until = expect.until.map_or(Instant::from_micros(i64::MAX), instant);
        if from <= view.at && view.at <= until && expect.selects.matches(view) {
            self.selected += 1;
            if self.first.len() < SHOWN {
                self.first.push((view.at, view.number));
            }
        }
    }

    /// What is wrong where the filter does not select as many frames as it must.
    fn contradiction(&self) -> Option<Diagnostic> {
        let (expect, count) = (self.expect, self.selected);
        if expect.frames.contains(&count) {
            return None;
        }
        let (least, most) = (expect.frames.start(), expect.frames.end());
        let wanted = match (least, most) {
            (least, most) if least == most => least.to_string(),
            (least, &u64::MAX) => format!("at least {least}"),
            (0, most) => format!("at most {most}"),
            (least, most) => format!("{least} to {most}"),
        };
        let frames = if count == 1 { "frame" } else { "frames" };
        let message = format!("the filter selects {count} {frames}, not {wanted}");
        let mut diagnostic = Diagnostic::new(expect.filter.span, message);
        for (at, number) in &self.first {
            let frame = format!("{} frame {number}", seconds(*at));
            diagnostic = diagnostic.note("selected", frame);
        }
        Some(diagnostic)
    }
}
