//! Short runs: handshake, receive shutdown, ten segments, close.

use hangup::capture::{Trace, TraceHost, TraceSummary, pcapng, text};
use hangup_stack::network::{HostId, Recording};
use hangup_stack::socket::Direction;

use super::effort::{Effort, Measured};
use super::pair;
use super::rounds::median;

const SEGMENTS: usize = 10;
const SEGMENT_OCTETS: usize = 1000;

/// What is kept of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Nothing,
    Facts,
    Trace,
}

pub(crate) fn measure(effort: Effort) -> Vec<Measured> {
    let (rounds, count) = match effort {
        Effort::Full => (9, 2_000),
        Effort::Least => (1, 1),
    };
    let kinds = [
        ("nothing kept", Kept::Nothing),
        ("every fact and frame", Kept::Facts),
        ("a trace: pcapng and text", Kept::Trace),
    ];
    let mut lines: Vec<Measured> = kinds
        .into_iter()
        .map(|(name, kept)| Measured {
            name: name.to_owned(),
            count,
            time: median(rounds, || (0..count).for_each(|_| run(kept))),
            remark: String::new(),
        })
        .collect();
    lines[0].remark = "target: 20000 a second".to_owned();
    lines
}

fn run(kept: Kept) {
    let recording = match kept {
        Kept::Nothing => Recording::Nothing,
        Kept::Facts | Kept::Trace => Recording::Everything,
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
    if kept == Kept::Trace {
        let (hosts, events) = (
            TraceHost::all(&network),
            network.take_events().into_iter().collect(),
        );
        let summary = TraceSummary::default();
        let trace = Trace {
            summary: &summary,
            hosts: &hosts,
            events: &events,
            calls: &[],
            failures: &[],
        };
        let octets = pcapng::to_bytes(&trace, HostId(0)).expect("a short run has a trace");
        assert!(octets.len() + text::render(&trace, HostId(0)).len() > SEGMENTS * SEGMENT_OCTETS);
    }
}
