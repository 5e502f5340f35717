//! Timers: connections to peers that never answer, each retransmitting until it gives up.

use hangup_stack::network::Recording;
use smoltcp::time::Duration;

use super::effort::{Effort, Measured};
use super::pair;
use super::rounds::median;

/// How many connections wait at once.
const COUNTS: [usize; 4] = [1, 10, 100, 1000];

/// Connections of a round.
const CONNECTIONS: usize = 2_000;

/// Each sends its octet again so often, and then gives up.
const EXPIRATIONS: usize = 16;

pub(crate) fn measure(effort: Effort) -> Vec<Measured> {
    let (rounds, counts, connections) = match effort {
        Effort::Full => (5, &COUNTS[..], CONNECTIONS),
        Effort::Least => (1, &COUNTS[..1], 1),
    };
    let one = |&count: &usize| {
        let runs = (connections / count).max(1);
        Measured {
            name: format!("{count} connection(s) that nobody answers"),
            count: (runs * count * EXPIRATIONS) as u64,
            time: median(rounds, || (0..runs).for_each(|_| run(count))),
            remark: String::new(),
        }
    };
    counts.iter().map(one).collect()
}

fn run(count: usize) {
    let mut network = pair::network(Recording::Nothing);
    let receiver = pair::host(&mut network, "winsock", None);
    let sender = pair::host(&mut network, "linux", None);
    let connections = pair::connect(&mut network, (sender, receiver), count);
    let mut link = network.link(sender, receiver).clone();
    link.down = true;
    network.set_link(sender, receiver, link);
    for connection in &connections {
        pair::write(&mut network, *connection, &[0; 1000]);
    }
    network.run_until(network.now() + Duration::from_secs(1200));
    for connection in &connections {
        let (host, socket) = connection.sender;
        let status = network.host(host).status(socket);
        assert!(
            status.is_some_and(|status| status.error.is_some()),
            "it gave up"
        );
    }
}
