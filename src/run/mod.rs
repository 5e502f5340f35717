//! Running a scenario: the script against the network, in virtual time.
//!
//! A run never stops at the first failure: everything that did not hold is reported, each with its
//! place in the file. Times on the wire are those of the first host, the vantage point of the
//! trace: a frame it sends counts when it is sent, a frame it receives when it arrives.

mod account;
pub(crate) mod calls;
mod conditions;
mod filters;
mod forge;
mod injection;
pub(crate) mod packets;
pub(crate) mod player;
mod state;
mod verdict;

pub use account::{Account, MadeCall, Moment, ReturnedValue, SocketAccount};
pub use verdict::{Outcome, Verdict};

use hangup_stack::network::{HostConfig, HostId, Network, StackKind};
use smoltcp::time::{Duration, Instant};

use crate::capture::TraceHost;
use crate::scenario::{Scenario, Stack};
use player::Player;

/// The largest IP datagram on Ethernet, in octets.
const ETHERNET_MTU: usize = 1500;

/// How long a run goes on after its script where the scenario does not say: an hour of virtual
/// time.
pub(crate) const TAIL: Duration = Duration::from_secs(3600);

/// The most facts of a run. A scenario that reaches it would not end.
const EVENTS_MOST: usize = 2_000_000;

/// Runs a scenario. `seed` overrides the file's.
pub fn run(scenario: &Scenario, seed: Option<u64>) -> Outcome {
    let seed = seed.unwrap_or(scenario.seed);
    let network = network(scenario, seed);
    let hosts = TraceHost::all(&network);
    let mut player = Player::new(scenario, network, seed);
    player.play();
    player.finish(hosts)
}

/// The hosts and links of a scenario.
pub(crate) fn network(scenario: &Scenario, seed: u64) -> Network {
    let mut network = Network::new(seed, scenario.network.resolution);
    for host in &scenario.hosts {
        let id = network.add_host(HostConfig {
            name: host.name.value.clone(),
            addresses: host.addresses.clone(),
            stack: match &host.stack {
                Stack::Profile(profile) => StackKind::Profile(profile.clone()),
                Stack::Scripted => StackKind::Scripted,
            },
            mtu: host.mtu.unwrap_or(ETHERNET_MTU),
            receive_buffer: host.receive_buffer,
            send_buffer: host.send_buffer,
        });
        if let Some(frames) = host.receive_offload {
            network.with_host(id, |host, _| host.set_receive_offload(frames));
        }
    }
    for from in 0..scenario.hosts.len() {
        for to in (0..scenario.hosts.len()).filter(|&to| to != from) {
            network.set_link(HostId(from), HostId(to), scenario.network.link(from, to));
        }
    }
    network
}

/// A time of a script as a moment of the run.
fn instant(since_start: Duration) -> Instant {
    Instant::ZERO + since_start
}
