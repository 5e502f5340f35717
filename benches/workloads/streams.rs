//! Streams side by side: what a segment costs as connections and hosts become many.

use hangup_stack::network::{Network, Recording};

use super::pair::{self, Connection};
use super::{Effort, Measured, median};

/// A segment of each stream at a time, so that every one of them is always under way.
const SEGMENT_OCTETS: usize = 1460;

/// Segments of a round, over all streams.
const SEGMENTS: usize = 64_000;

/// How many streams there are.
const COUNTS: [usize; 4] = [1, 10, 100, 1000];

/// Many connections between two hosts.
pub(crate) fn of_connections(effort: Effort) -> Vec<Measured> {
    measure(effort, "connection(s), two hosts", |network, count| {
        let receiver = pair::host(network, "winsock", None);
        let sender = pair::host(network, "winsock", None);
        pair::connect(network, (sender, receiver), count)
    })
}

/// Many hosts, each with one connection to the next.
pub(crate) fn of_hosts(effort: Effort) -> Vec<Measured> {
    measure(effort, "pair(s) of hosts", |network, count| {
        let pairs: Vec<_> = (0..count)
            .map(|_| {
                let receiver = pair::host(network, "winsock", None);
                (pair::host(network, "winsock", None), receiver)
            })
            .collect();
        let connect = |pair| pair::connect(network, pair, 1)[0];
        pairs.into_iter().map(connect).collect()
    })
}

fn measure(
    effort: Effort,
    name: &str,
    open: impl Fn(&mut Network, usize) -> Vec<Connection>,
) -> Vec<Measured> {
    let (rounds, counts, segments) = match effort {
        Effort::Full => (5, &COUNTS[..], SEGMENTS),
        Effort::Least => (1, &COUNTS[..2], 10),
    };
    let mut lines = Vec::new();
    for &count in counts {
        let mut network = pair::network(Recording::Nothing);
        let connections = open(&mut network, count);
        let mut buffer = vec![0; 64 * 1024];
        let turns = (segments / count).max(1);
        // What a connection needs once is no part of what a segment costs.
        transfer(&mut network, &connections, 2, &mut buffer);
        let time = median(rounds, || {
            transfer(&mut network, &connections, turns, &mut buffer);
        });
        lines.push(Measured {
            name: format!("{count} {name}"),
            count: (turns * count) as u64,
            time,
            remark: String::new(),
        });
    }
    if let Some(last) = lines.last_mut() {
        last.remark = "target: within 1.5 of the first".to_owned();
    }
    lines
}

/// A segment of each connection, over and over.
fn transfer(network: &mut Network, connections: &[Connection], turns: usize, buffer: &mut [u8]) {
    for _ in 0..turns {
        for connection in connections {
            let wrote = pair::write(network, *connection, &[0; SEGMENT_OCTETS]);
            assert_eq!(wrote, SEGMENT_OCTETS, "everything before was read");
        }
        network.run_until(network.now());
        for connection in connections {
            let read = pair::read(network, *connection, buffer);
            assert_eq!(read, SEGMENT_OCTETS, "the link takes no time");
        }
        network.run_until(network.now());
        let delayed = network.now() + smoltcp::time::Duration::from_millis(50);
        network.run_until(delayed);
    }
}
