//! One scenario under several systems: the same calls, the same network, and what differs.
//!
//! The scenario is run once as it is, which says when each of its calls is made. Then one host, by
//! default the first, is given each system in turn, and the calls are made at the same moments.
//! Nothing is expected in those runs: packet lines, `expect`, `nothing`, `[[expect]]` and results
//! say what happens under the scenario's own system, and are left out. What other hosts without a
//! stack send is still sent.
//!
//! Two runs *part* where a call has another result, or where other packets go over the wire up to
//! the next call. Windows, options and the times in between are not compared, since no two systems
//! agree on them. Bare acknowledgments are compared only where one system acknowledges data that
//! another one never acknowledges.

mod align;
mod column;
mod comparison;
mod draw;
mod error;
mod html;
mod json;
mod script;
mod summary;
#[cfg(test)]
mod tests;
mod variant;
mod why;

use smoltcp::time::Instant;

use crate::bounds::Bounds;
use crate::event_log::Kept;
use crate::run::run_within;
use crate::scenario::Scenario;
use crate::scenario::script::Subject;

pub use align::{Parting, Step};
pub use column::{CallResult, Column, Noted, SeenEvent};
pub use comparison::Comparison;
pub use draw::draw;
pub use error::CompareError;
pub use html::html;
pub use json::json;
pub use summary::{DataFate, ShutdownSummary};
pub use why::{why, why_json};

/// The most systems of a comparison. More would leave no room to read them.
pub const SYSTEMS_MAX: usize = 16;

/// Runs a scenario under each of some systems on one host, one run after another and each within
/// bounds. `seed` overrides the file's.
///
/// # Errors
/// A system that there is not, what in the script one of them cannot be asked to do, or a run that
/// was stopped: places in the scenario's file.
pub fn compare(
    scenario: &Scenario,
    host: usize,
    profiles: &[String],
    seed: Option<u64>,
    bounds: &dyn Bounds,
) -> Result<Comparison, CompareError> {
    let outcome = run_within(scenario, seed, bounds, Kept::ALL);
    if let Some(stopped) = outcome.stopped {
        return Err(CompareError::Stopped(Box::new(stopped), outcome.reached));
    }
    let played = outcome.account.played;
    let mut columns = Vec::new();
    for profile in profiles {
        let variant = variant::variant(scenario, &played, host, profile);
        let variant = variant.map_err(CompareError::Invalid)?;
        columns.push(column::column(&variant, host, profile, seed, bounds)?);
    }
    let steps = steps(scenario, &played);
    let parting = align::parting(&steps, &columns);
    Ok(Comparison {
        host: scenario.hosts[host].name.value.clone(),
        hosts: scenario
            .hosts
            .iter()
            .map(|it| it.name.value.clone())
            .collect(),
        seed: seed.unwrap_or(scenario.seed),
        settings: scenario.variant.settings.clone(),
        steps,
        columns,
        parting,
    })
}

/// The calls of a script, each with its moment.
fn steps(scenario: &Scenario, played: &[Instant]) -> Vec<Step> {
    let statements = scenario.script.statements.iter().enumerate();
    let step = |(index, statement): (usize, &crate::scenario::script::Statement)| {
        let Subject::Call(call) = &statement.subject else {
            return None;
        };
        Some(Step {
            statement: index,
            line: statement.line,
            at: *played.get(index)?,
            host: call.host.value.clone(),
            call: script::shown(call),
        })
    };
    statements.filter_map(step).collect()
}
