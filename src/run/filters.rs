//! `[[expect]]`: how many frames of the finished trace a filter selects.

use smoltcp::time::Instant;

use super::time::instant;
use super::verdict::Outcome;
use crate::capture::FailedRow;
use crate::capture::text::seconds;
use crate::diagnostic::Diagnostic;
use crate::filter::{View, each_view};
use crate::scenario::{Scenario, TraceExpect};

/// How many of the selected frames a failure lists.
const SHOWN: usize = 5;

/// Holds the trace of a run against the `[[expect]]` of its scenario.
pub(super) fn judge(scenario: &Scenario, outcome: &mut Outcome) {
    if scenario.expects.is_empty() {
        return;
    }
    let summary = outcome.summary("", "");
    let mut counts: Vec<Count<'_>> = scenario.expects.iter().map(Count::new).collect();
    let take = |view: View<'_>| counts.iter_mut().for_each(|count| count.take(&view));
    let failures: Vec<Diagnostic> =
        match each_view(&outcome.trace(&summary), outcome.vantage(), take) {
            Ok(()) => counts.iter().filter_map(Count::contradiction).collect(),
            Err(error) => vec![Diagnostic::of_file(format!(
                "the trace cannot be drawn: {error}"
            ))],
        };
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
