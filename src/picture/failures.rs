//! The failures of a run, each at its moment.

use smoltcp::time::Instant;

use super::recording::{Item, Recording, What};
use crate::diagnostic::Diagnostic;
use crate::run::Outcome;
use crate::scenario::Scenario;

/// Puts each failure of a run behind what had happened when its statement had been played.
pub fn mark_failures(recording: &mut Recording, scenario: &Scenario, outcome: &Outcome) {
    for failure in &outcome.failures {
        let at = moment(scenario, outcome, failure);
        let place = recording.items.partition_point(|item| item.at <= at);
        let line = failure
            .span
            .map(|span| scenario.source.place(span.start).line);
        let label = failure.label.iter().map(|label| format!(": {label}"));
        let text = format!("{}{}", failure.message, label.collect::<String>());
        let text = match line {
            Some(line) => format!("line {line}: {text}"),
            None => text,
        };
        let what = What::Failure(text);
        recording.items.insert(place, Item { at, what });
    }
}

/// When the statement had been played in which a failure has its place. What stands behind the
/// script is judged at the end.
fn moment(scenario: &Scenario, outcome: &Outcome, failure: &Diagnostic) -> Instant {
    let statements = &scenario.script.statements;
    let Some(span) = failure.span else {
        return outcome.ended;
    };
    let is_behind = statements
        .last()
        .is_none_or(|last| span.start >= last.span.end);
    let next = statements.partition_point(|statement| statement.span.start <= span.start);
    let index = next.checked_sub(1).filter(|_| !is_behind);
    let played = index.and_then(|index| outcome.account.played.get(index));
    played.copied().unwrap_or(outcome.ended).min(outcome.ended)
}
