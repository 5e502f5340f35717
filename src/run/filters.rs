//! `[[expect]]`: how many frames of the finished trace a filter selects.

use smoltcp::time::Instant;

use super::time::instant;
use super::verdict::Outcome;
use crate::capture::text::seconds;
use crate::diagnostic::Diagnostic;
use crate::filter::{View, views};
use crate::scenario::{Scenario, TraceExpect};

/// How many of the selected frames a failure lists.
const SHOWN: usize = 5;

/// Holds the trace of a run against the `[[expect]]` of its scenario.
pub(super) fn judge(scenario: &Scenario, outcome: &mut Outcome) {
    if scenario.expects.is_empty() {
        return;
    }
    let summary = outcome.summary("", "");
    let failures = match views(&outcome.trace(&summary), outcome.vantage()) {
        Ok(views) => {
            let failures = scenario
                .expects
                .iter()
                .map(|expect| contradiction(expect, &views));
            failures.flatten().collect()
        }
        Err(error) => vec![Diagnostic::of_file(format!(
            "the trace cannot be drawn: {error}"
        ))],
    };
    outcome.failures.extend(failures);
}

/// What is wrong where a filter does not select as many frames as it must.
fn contradiction(expect: &TraceExpect, views: &[View<'_>]) -> Option<Diagnostic> {
    let from = instant(expect.from);
    let until = expect.until.map_or(Instant::from_micros(i64::MAX), instant);
    let selected: Vec<&View<'_>> = views
        .iter()
        .filter(|view| from <= view.at && view.at <= until && expect.selects.matches(view))
        .collect();
    let count = selected.len() as u64;
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
    for view in selected.into_iter().take(SHOWN) {
        diagnostic = diagnostic.note(
            "selected",
            format!("{} frame {}", seconds(view.at), view.number),
        );
    }
    Some(diagnostic)
}
