//! Streams side by side: the cost of a segment as the number of connections and hosts grows.

use hangup_stack::network::{Network, Recording};

use super::effort::{Effort, Measured};
use super::pair::{self, Connection};
use super::rounds::median;

/// The payload of a full segment.
const SEGMENT_OCTETS: usize = 1460;

/// Segments that each stream carries before it is the next one's turn: an initial window (RFC
/// 6928), and one alone, so that all streams are always under way and nothing of any is still in
/// the processor's caches when its turn comes.
const TURNS: [usize; 2] = [10, 1];

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
    for (together, &count) in TURNS
        .into_iter()
        .flat_map(|it| counts.iter().map(move |n| (it, n)))
    {
        let mut network = pair::network(Recording::Nothing);
        let connections = open(&mut network, count);
        let mut buffer = vec![0; 64 * 1024];
        let turns = (segments / count / together).max(1);
        let octets = together * SEGMENT_OCTETS;
        // What a connection needs once is no part of what a segment costs.
        transfer(&mut network, &connections, octets, 2, &mut buffer);
        let time = median(rounds, || {
            transfer(&mut network, &connections, octets, turns, &mut buffer);
        });
        lines.push(Measured {
            name: format!("{count} {name}, {together} segment(s) a turn"),
            count: (turns * count * together) as u64,
            time,
            remark: String::new(),
        });
    }
    lines
}

/// So many octets of each connection, over and over.
fn transfer(
    network: &mut Network,
    connections: &[Connection],
    octets: usize,
    turns: usize,
    buffer: &mut [u8],
) {
    let data = vec![0; octets];
    for _ in 0..turns {
        for connection in connections {
            let wrote = pair::write(network, *connection, &data);
            assert_eq!(wrote, octets, "everything before was read");
            network.run_until(network.now());
            let read = pair::read(network, *connection, buffer);
            assert_eq!(read, octets, "the link takes no time");
        }
        network.run_until(network.now());
        let delayed = network.now() + smoltcp::time::Duration::from_millis(50);
        network.run_until(delayed);
    }
}
