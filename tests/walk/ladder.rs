//! The report of a failed walk: its end, as a trace in the project's notation.

use hangup::capture::{CallRow, Trace, TraceHost, TraceSummary, text};
use hangup_stack::event::Event;
use hangup_stack::network::HostId;

/// The last lines, as seen at the first host.
pub(crate) fn ladder(
    hosts: &[TraceHost],
    events: &[Event],
    calls: &[CallRow],
    lines: usize,
) -> String {
    let trace = Trace {
        summary: &TraceSummary::default(),
        hosts,
        events: &events.iter().cloned().collect(),
        calls,
        failures: &[],
    };
    text::last(&trace, HostId(0), lines).join("\n")
}
