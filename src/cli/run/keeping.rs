//! How much of each packet is kept, and whether a trace is made: as much as somebody looks at.

use std::path::Path;

use crate::cli::args::Run;
use crate::cli::traces::{self, GOLDEN};
use crate::event_log::Kept;
use crate::scenario::Scenario;

/// The beginning of a frame that has all headers, and the packet that an ICMP error quotes.
const HEADERS: usize = 256;

/// How many facts are kept where they are read while the run goes on, or nobody asks for any: those
/// that a failure shows, and more.
const LAST: usize = 4096;

/// The most octets that the trace of a run may have; none where none is made.
pub(super) fn trace(args: &Run, name: &str) -> Option<usize> {
    is_made(args, name).then_some(args.trace_size)
}

/// Whether somebody reads the trace of a run: its file, or a golden one.
pub(super) fn is_made(args: &Run, name: &str) -> bool {
    !args.no_traces || is_compared(args, name)
}

/// Whether the trace of a scenario has a golden one beside which it is put.
pub(super) fn is_compared(args: &Run, name: &str) -> bool {
    args.snaplen.is_none() && traces::is_there(Path::new(GOLDEN), Path::new(name))
}

/// How much of a scenario's run is kept, whose trace is `streamed` or not.
pub(super) fn kept(args: &Run, scenario: &Scenario, name: &str, streamed: bool) -> Kept {
    let is_made = is_made(args, name);
    let reads = scenario.reads_payload() || args.export_pkt.is_some();
    let octets = match args.snaplen {
        _ if reads => usize::MAX,
        Some(octets) => octets as usize,
        None if is_made => usize::MAX,
        None => HEADERS,
    };
    // Filters and traces are read while the run goes on, and lines of the script remember packets.
    let is_looked_at = args.export_pkt.is_some() || args.report.has_sections;
    let facts = match is_looked_at || (is_made && !streamed) {
        true => usize::MAX,
        false => LAST,
    };
    Kept { octets, facts }
}
