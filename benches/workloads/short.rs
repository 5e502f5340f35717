//! Short runs: handshake, receive shutdown, ten segments, close.

use hangup::capture::{FORMATS, Trace, TraceFormat, TraceHost, TraceOptions, TraceSummary};
use hangup::event_log::EventLog;
use hangup_stack::network::{HostId, Recording};
use hangup_stack::socket::Direction;

use super::effort::{Effort, Measured};
use super::pair;
use super::rounds::median;

const SEGMENTS: usize = 10;
const SEGMENT_OCTETS: usize = 1000;
/// The least that any format needs to show a segment, in octets.
const SEGMENT_LINE: usize = 32;
/// The buffer of an output, in octets.
const OUTPUT_OCTETS: usize = 64 * 1024;

/// What is kept of a run.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Nothing,
    /// Every fact and frame.
    Facts,
    /// That, and each frame decoded: what a scenario's run keeps, with or without a trace.
    Log,
    /// That, and written down in one format.
    Trace(TraceFormat),
}

pub(crate) fn measure(effort: Effort) -> Vec<Measured> {
    let (rounds, count) = match effort {
        Effort::Full => (9, 2_000),
        Effort::Least => (1, 1),
    };
    let mut kinds = vec![
        ("nothing kept".to_owned(), Kept::Nothing),
        ("every fact and frame".to_owned(), Kept::Facts),
        ("that, decoded: a scenario's log".to_owned(), Kept::Log),
    ];
    let traces = FORMATS.map(|format| (format!("a trace: {}", format.name), Kept::Trace(format)));
    kinds.extend(traces);
    let mut lines: Vec<Measured> = kinds
        .into_iter()
        .map(|(name, kept)| Measured {
            name,
            count,
            time: median(rounds, || (0..count).for_each(|_| run(kept))),
            remark: String::new(),
        })
        .collect();
    lines[0].remark = "target: 20000 a second".to_owned();
    let [run, kept] = [lines[0].time, lines[2].time];
    for line in &mut lines[3..] {
        let writing = line.time.saturating_sub(kept);
        let share = writing.as_secs_f64() / run.as_secs_f64();
        line.remark = format!("writing: {share:.2} of a run, target: 1.0");
    }
    lines
}

fn run(kept: Kept) {
    let recording = match kept {
        Kept::Nothing => Recording::Nothing,
        Kept::Facts | Kept::Log | Kept::Trace(_) => Recording::Everything,
    };
    let mut network = pair::network(recording);
    let receiver = pair::host(&mut network, "wsprecvdisconnect", None);
    let sender = pair::host(&mut network, "linux", None);
    let connection = pair::connect(&mut network, (sender, receiver), 1)[0];
    let (_, socket) = connection.receiver;
    let shut = network.with_host(receiver, |host, _| {
        host.shutdown(socket, Direction::Receive)
    });
    assert_eq!(shut, Ok(()));
    for _ in 0..SEGMENTS {
        pair::write(&mut network, connection, &[0; SEGMENT_OCTETS]);
        network.run_until(network.now());
    }
    for (host, socket) in [connection.receiver, connection.sender] {
        network.with_host(host, |host, now| host.close(socket, now));
    }
    network.run_until(network.now());
    if matches!(kept, Kept::Nothing) {
        return;
    }
    let events = network.take_events();
    if matches!(kept, Kept::Facts) {
        return;
    }
    let events: EventLog = events.into_iter().collect();
    let Kept::Trace(format) = kept else {
        return;
    };
    let (hosts, summary) = (TraceHost::all(&network), TraceSummary::default());
    let trace = Trace {
        summary: &summary,
        hosts: &hosts,
        events: &events,
        calls: &[],
        failures: &[],
    };
    let mut octets = Vec::with_capacity(OUTPUT_OCTETS);
    let written = (format.write)(&trace, HostId(0), &TraceOptions::default(), &mut octets);
    written.expect("a short run has a trace");
    assert!(octets.len() > SEGMENTS * SEGMENT_LINE);
}
