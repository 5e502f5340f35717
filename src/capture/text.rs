//! A trace as text: one line a packet or call, in the notation of scripts.
//!
//! ```text
//!   0.010000  client > server: . 1:1001(1000) ack 1 win 64240    ; HELD 1000 octets, ...
//! ```
//!
//! It stands beside each golden capture, so that a review of a changed trace is a review of changed
//! lines, and its last lines are what a failed scenario prints.

use std::collections::BTreeMap;

use hangup_stack::network::HostId;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::format::TraceFormat;
use super::record::{Body, FrameRecord, Record, records};
use super::trace::Trace;
use crate::notation::{Notation, Ports};
use crate::wire::Checksum;

/// The columns of times and of remarks, where the line leaves room. Fixed, so that one longer line
/// does not move all others and a review sees only what changed.
const TIME_WIDTH: usize = 10;
const REMARK_COLUMN: usize = 72;

/// As a format of traces.
pub(super) const FORMAT: TraceFormat = TraceFormat {
    extension: "txt",
    is_golden: true,
    to_bytes: |trace, vantage| Ok(render(trace, vantage).into_bytes()),
};

/// The whole trace of one host, with a head that says what was run.
pub fn render(trace: &Trace<'_>, vantage: HostId) -> String {
    let mut text = String::new();
    for line in trace.summary.lines() {
        text.push_str("// ");
        text.push_str(&line);
        text.push('\n');
    }
    if let Some(host) = trace.host(vantage) {
        text.push_str(&format!("// as seen at {}\n", host.name));
    }
    for line in lines(trace, vantage) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The last lines of a trace, at most `count`, without a head.
pub fn last(trace: &Trace<'_>, vantage: HostId, count: usize) -> Vec<String> {
    let mut lines = lines(trace, vantage);
    lines.drain(..lines.len().saturating_sub(count));
    lines
}

fn lines(trace: &Trace<'_>, vantage: HostId) -> Vec<String> {
    let records = records(trace, vantage);
    let names = trace.names();
    let notation = Notation {
        names: &names,
        ports: ports(&records),
    };
    // What became of a frame stands beside it, if it is there.
    let shown = records
        .iter()
        .filter(|record| !matches!(&record.body, Body::Fact(row) if row.is_beside));
    let lines = shown.map(|record| {
        let time = seconds(record.at);
        let what = describe(trace, record, notation);
        let line = format!("{time:>TIME_WIDTH$}  {what}");
        if record.comment.is_empty() {
            line
        } else {
            format!("{line:<REMARK_COLUMN$}  ; {}", record.comment)
        }
    });
    lines.collect()
}

fn describe(trace: &Trace<'_>, record: &Record<'_>, notation: Notation<'_>) -> String {
    match &record.body {
        Body::Frame(frame) => notation.line(frame.packet, frame.origins),
        Body::Row(row) => {
            let host = trace.host(row.host).map_or("?", |host| host.name.as_str());
            format!("{host}: {}", row.text)
        }
        Body::Fact(row) => {
            let host = trace.host(row.host).map_or("?", |host| host.name.as_str());
            let about = row.about(notation);
            format!("{host}: {}{about}", row.text)
        }
    }
}

/// Ports are worth their room where two hosts have more than one connection, or more than one pair
/// of UDP endpoints, between them. The ports of a corrupt packet are nobody's.
fn ports(records: &[Record<'_>]) -> Ports {
    let mut pairs: BTreeMap<(IpAddress, IpAddress, bool), (IpEndpoint, IpEndpoint)> =
        BTreeMap::new();
    for record in records {
        let Body::Frame(FrameRecord { packet, .. }) = &record.body else {
            continue;
        };
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
