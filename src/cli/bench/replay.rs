//! The replay of one row of a sweep, with its trace.

use std::io::Write;
use std::path::Path;

use hangup_stack::network::HostId;

use super::args::Exhaustion;
use super::outputs::draw;
use crate::bench::{Log, Measurement, Plan, Row, differing, record, sequence, table};
use crate::capture::{self, Trace, TraceSummary, pcapng};
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, environment, usage};
use crate::cli::report;

/// Runs one row of the product, whether filters take it or not.
pub(super) fn row(args: &Exhaustion, plan: &Plan, id: u64, quiet: bool) -> Result<Exit, Failure> {
    let Some(case) = plan.row(id) else {
        let rows = plan.product().unwrap_or(u64::MAX);
        return Err(usage(format!(
            "--row {id}: the sweep has {rows} rows, from 0 on"
        )));
    };
    let row = Row::run(id, case);
    let to_stdout = args.trace.as_deref() == Some(Path::new("-"));
    if !quiet && !to_stdout {
        let mut text = table(std::slice::from_ref(&row), 1);
        text.push_str(&differing(std::slice::from_ref(&row), 1));
        report::print(&text)?;
    }
    if args.trace.is_some() || args.svg.is_some() {
        let (measurement, log) = record(&row.case)
            .map_err(|error| usage(format!("--row {id}: {error}, so that there is no trace")))?;
        if let Some(path) = &args.trace {
            write(&row, &measurement, &log, path)?;
        }
        if let Some(path) = &args.svg {
            draw(path, &sequence(&row.case, &measurement, &log))?;
        }
    }
    Ok(Exit::Held)
}

fn write(row: &Row, measurement: &Measurement, log: &Log, path: &Path) -> Result<(), Failure> {
    let summary = TraceSummary {
        scenario: format!("bench exhaustion, row {}", row.id),
        claim: row.case.describe(),
        seed: row.case.setup().seed,
        verdict: format!(
            "accepted {} of {}, limit {}, sender {}",
            measurement.accepted, measurement.offered, measurement.limit, measurement.sender.ending
        ),
        failures: Vec::new(),
    };
    let trace = Trace {
        summary: &summary,
        hosts: &log.hosts,
        events: &log.events,
        calls: &log.calls,
    };
    let octets = pcapng::to_bytes(&trace, HostId(0))
        .map_err(|error| environment(format!("the trace of row {}: {error}", row.id)))?;
    if path.as_os_str() == "-" {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(&octets).and_then(|()| out.flush());
        return written
            .map_err(|error| environment(format!("cannot write to standard output: {error}")));
    }
    capture::write_atomically(path, &octets).map_err(|error| environment(error.to_string()))
}
