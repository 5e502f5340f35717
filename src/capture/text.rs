//! A trace as text: one line a packet or call, in the notation of scripts.
//!
//! ```text
//!   0.010000  client > server: . 1:1001(1000) ack 1 win 64240    ; HELD 1000 octets, ...
//! ```
//!
//! It stands beside each golden capture, so that a review of a changed trace is a review of changed
//! lines, and its last lines are what a failed scenario prints.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};

use hangup_stack::network::HostId;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::error::PcapngError;
use super::format::{Rows, TraceFormat, TraceOptions};
use super::record::{Body, Record, Records};
use super::trace::{Part, Trace};
use crate::notation::{Notation, Ports};
use crate::wire::Checksum;

/// The columns of times and of remarks, where the line leaves room. Fixed, so that one longer line
/// does not move all others and a review sees only what changed.
const TIME_WIDTH: usize = 10;
const REMARK_COLUMN: usize = 72;

/// As a format of traces.
pub(super) const FORMAT: TraceFormat = TraceFormat {
    name: "text",
    extension: "txt",
    is_golden: true,
    write,
};

/// The whole trace of one host, with a head that says what was run.
pub fn render(trace: &Trace<'_>, vantage: HostId) -> String {
    let mut text = Vec::new();
    let records = Records::new(Part::whole(trace), vantage);
    write_lines(&records, &TraceOptions::default(), &mut text).expect("memory takes everything");
    String::from_utf8_lossy(&text).into_owned()
}

/// The last lines of a trace, at most `count`, without a head.
pub fn last(trace: &Trace<'_>, vantage: HostId, count: usize) -> Vec<String> {
    let records = Records::new(Part::whole(trace), vantage);
    let mut kept = VecDeque::with_capacity(count);
    let keep = |line| {
        if kept.len() == count {
            kept.pop_front();
        }
        kept.push_back(line);
        Ok::<(), io::Error>(())
    };
    let written = lines(&records, &TraceOptions::default(), keep);
    written.expect("nothing fails in memory");
    kept.into()
}

/// Writes the whole trace of one host.
fn write(
    trace: &Trace<'_>,
    vantage: HostId,
    options: &TraceOptions,
    out: &mut dyn Write,
) -> Result<(), PcapngError> {
    write_lines(&Records::new(Part::whole(trace), vantage), options, out)?;
    Ok(())
}

fn write_lines(
    records: &Records<'_>,
    options: &TraceOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let trace = &records.part.trace;
    for line in trace.summary.lines() {
        writeln!(out, "// {line}")?;
    }
    if let Some(host) = trace.host(records.vantage) {
        writeln!(out, "// as seen at {}", host.name)?;
    }
    lines(records, options, |line| writeln!(out, "{line}"))
}

fn lines<E>(
    records: &Records<'_>,
    options: &TraceOptions,
    mut put: impl FnMut(String) -> Result<(), E>,
) -> Result<(), E> {
    let trace = &records.part.trace;
    let names = trace.names();
    let notation = Notation {
        names: &names,
        ports: ports(records),
    };
    let shown = records.iter().filter(|record| match &record.body {
        Body::Frame(_) => true,
        // What became of a frame stands beside it, if it is there.
        Body::Fact(row) => options.rows != Rows::Hidden && !row.is_beside,
        Body::Row(_) | Body::Failure(_) => options.rows != Rows::Hidden,
    });
    for record in shown {
        let time = seconds(record.at);
        let what = describe(trace, &record, notation);
        let line = format!("{time:>TIME_WIDTH$}  {what}");
        put(if record.comment.is_empty() {
            line
        } else {
            format!("{line:<REMARK_COLUMN$}  ; {}", record.comment)
        })?;
    }
    Ok(())
}

fn describe(trace: &Trace<'_>, record: &Record<'_>, notation: Notation<'_>) -> String {
    match &record.body {
        Body::Frame(frame) => notation.line(frame.packet, frame.origins),
        Body::Row(row) => {
            let host = trace.host(row.host).map_or("?", |host| host.name.as_str());
            format!("{host}: {}", row.text)
        }
        Body::Failure(text) => format!("FAILED: {text}"),
        Body::Fact(row) => {
            let host = trace.host(row.host).map_or("?", |host| host.name.as_str());
            let about = row.about(notation);
            format!("{host}: {}{about}", row.text)
        }
    }
}

/// Ports are worth their room where two hosts have more than one connection, or more than one pair
/// of UDP endpoints, between them. The ports of a corrupt packet are nobody's.
fn ports(records: &Records<'_>) -> Ports {
    let mut pairs: BTreeMap<(IpAddress, IpAddress, bool), (IpEndpoint, IpEndpoint)> =
        BTreeMap::new();
    let Trace { events, .. } = records.part.trace;
    let seen = (0..events.len()).filter_map(|place| events.frame(place));
    for frame in seen.filter(|frame| frame.event.host == records.vantage) {
        let packet = frame.packet;
        let Some((from, to)) = packet.endpoints() else {
            continue;
        };
        if packet.checksum == Checksum::Bad {
            continue;
        }
        let pair = (from.min(to), from.max(to));
        let hosts = (pair.0.addr, pair.1.addr, packet.segment().is_some());
        if *pairs.entry(hosts).or_insert(pair) != pair {
            return Ports::Shown;
        }
    }
    Ports::Hidden
}

/// Virtual time in seconds, to the microsecond: `0.010000`.
pub fn seconds(at: Instant) -> String {
    let micros = at.total_micros();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
