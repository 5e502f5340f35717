//! The replay of one row of a sweep, with its trace.

use std::path::Path;

use hangup_stack::network::HostId;

use super::args::Exhaustion;
use super::outputs::draw;
use crate::bench::{MeasureError, Measurement, Plan, Row, differing, record, table};
use crate::bounds::Reached;
use crate::capture::{Trace, TraceSummary};
use crate::cli::args::Limits;
use crate::cli::bounds::Pool;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, environment, usage};
use crate::cli::{interrupt, report, traces};
use crate::picture::graph::{self, TimeScale};
use crate::picture::{self, Place, Streams};

/// The hosts of a run.
const RECEIVER: HostId = HostId(0);
const SENDER: HostId = HostId(1);

/// Runs one row of the product, whether filters take it or not.
pub(super) fn row(
    args: &Exhaustion,
    plan: &Plan,
    id: u64,
    limits: &Limits,
    quiet: bool,
) -> Result<Exit, Failure> {
    let Some(case) = plan.row(id) else {
        let last = plan.product().map_or(u64::MAX, |it| it.saturating_sub(1));
        return Err(usage(format!(
            "--row {id}: rows have the numbers 0 to {last}, those that filters leave out counted"
        )));
    };
    interrupt::listen().map_err(environment)?;
    let bounds = Pool::new(limits, 1);
    let row = Row::run(id, case, &bounds.claim(None));
    if let Err(MeasureError::Stopped(reached)) = row.result {
        return Err(stopped(id, reached));
    }
    let to_stdout = args.trace.as_deref() == Some(Path::new("-"));
    if !quiet && !to_stdout {
        let mut text = table(std::slice::from_ref(&row), 1, report::table_width());
        text.push_str(&differing(
            std::slice::from_ref(&row),
            1,
            report::table_width(),
        ));
        report::print(&text)?;
    }
    if args.trace.is_some() || args.svg.is_some() {
        let recorded = record(&row.case, &bounds.claim(None));
        let (measurement, log) = recorded.map_err(|error| match error {
            MeasureError::Stopped(reached) => stopped(id, reached),
            MeasureError::NotConnected | MeasureError::NotWarm | MeasureError::Endless => {
                usage(format!("--row {id}: {error}, so that there is no trace"))
            }
        })?;
        let summary = summary(&row, &measurement);
        let trace = Trace {
            summary: &summary,
            hosts: &log.hosts,
            events: &log.events,
            calls: &log.calls,
            failures: &[],
        };
        if let Some(path) = &args.trace {
            let form = traces::Form::usual();
            traces::to_file(path, &trace, RECEIVER, &form).map_err(environment)?;
        }
        if let Some(path) = &args.svg {
            draw(path, &sequence_graph(&trace).unwrap_or_default())?;
        }
    }
    Ok(Exit::Held)
}

/// What is said of a row that was stopped.
pub(super) fn stopped(id: u64, reached: Reached) -> Failure {
    match reached {
        Reached::Interrupt => Failure::new(Exit::Interrupted, "interrupted"),
        Reached::Memory(_) | Reached::Trace(_) | Reached::Time(_) => {
            let help = reached.help();
            let message = format!("row {id} was stopped: {reached}; {help}");
            Failure::new(Exit::Failed, message)
        }
    }
}

/// What a trace says of its row.
fn summary(row: &Row, measurement: &Measurement) -> TraceSummary {
    TraceSummary {
        scenario: format!("bench exhaustion, row {}", row.id),
        claim: row.case.describe(),
        seed: row.case.setup().seed,
        verdict: format!(
            "accepted {} of {}, limit {}, sender {}",
            measurement.accepted, measurement.offered, measurement.limit, measurement.sender.ending
        ),
        failures: Vec::new(),
    }
}

/// The sequence graph of a row, as its sender saw it. None: there was no connection.
fn sequence_graph(trace: &Trace<'_>) -> Option<String> {
    let recording = picture::of_run(trace, SENDER);
    let streams = Streams::follow(&recording);
    let graph = graph::graph(&recording, &streams, None)?;
    Some(graph::svg(&graph, TimeScale::Auto, Place::File))
}
