//! A scenario with a real program in it.

use std::ffi::OsString;
use std::io;
use std::time;

use hangup_stack::network::HostId;
use smoltcp::time::Duration;

use super::clock::Lateness;
use super::device::{Losses, Port, PortError};
use super::medium::{Limits, LiveMedium};
use super::names;
use super::namespace::{Apart, Refused, enter};
use super::program::{Ended, Program};
use crate::capture::TraceHost;
use crate::run::{Conduct, Filler, Medium, Outcome, VirtualNetwork, run_as};
use crate::scenario::Scenario;

/// The largest IP datagram on Ethernet, in octets.
const ETHERNET_MTU: usize = 1500;

/// Why a live run did not begin.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The scenario has no place for a program.
    #[error("{0}")]
    Scenario(String),
    /// The machine refuses namespaces.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The device cannot be made.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Signals cannot be taken.
    #[error("cannot take signals: {0}")]
    Signals(io::Error),
}

/// What a program is run with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// After how long it is stopped; none: never.
    pub timeout: Option<time::Duration>,
    /// For how long the script may go on once the program has ended.
    pub wait: Duration,
    /// How long a second of the emulated hosts is.
    pub pace: f64,
    /// How many octets of frames the trace has at most.
    pub trace: usize,
    /// The seed of random choices.
    pub seed: u64,
}

/// What came of a program.
#[derive(Debug)]
pub struct Executed {
    /// What the script makes of it.
    pub outcome: Outcome,
    /// How the program has ended.
    pub ended: Ended,
    /// Whether the trace has only the begin.
    pub is_cut: bool,
    /// How late emulated timers were.
    pub lateness: Lateness,
    /// What did not get through.
    pub losses: Losses,
}

/// The host of a scenario that is the machine's kernel.
///
/// # Errors
/// There is none, or more than one.
pub fn kernel_of(scenario: &Scenario) -> Result<usize, LiveError> {
    let hosts = scenario.hosts.iter().enumerate();
    let mut kernels = hosts.filter(|(_, host)| host.is_kernel());
    let path = scenario.source.path().display();
    match (kernels.next(), kernels.next()) {
        (Some((index, _)), None) => Ok(index),
        (Some(_), Some(_)) => Err(LiveError::Scenario(format!(
            "{path}: only one host can be the kernel"
        ))),
        (None, _) => Err(LiveError::Scenario(format!(
            "{path}: no host has `profile = \"kernel\"`, so there is none where a program runs"
        ))),
    }
}

/// Runs a program among the hosts of a scenario. This process is in namespaces of its own
/// afterwards, and must end.
///
/// # Errors
/// Why it did not begin.
pub fn exec(scenario: &Scenario, options: &Options) -> Result<Executed, LiveError> {
    let kernel = kernel_of(scenario)?;
    let network = VirtualNetwork::new(scenario, options.seed, Filler::Alphabet);
    let hosts = network.hosts();
    enter(Apart {
        mounts: true,
        processes: true,
    })?;
    let mtu = scenario.hosts[kernel].mtu.unwrap_or(ETHERNET_MTU);
    let port = Port::make(&hosts, kernel, mtu)?;
    name_hosts(&hosts);
    let environment = names::environment(&hosts);
    let mut program = Program::new(options.command.clone(), environment, options.timeout)
        .map_err(LiveError::Signals)?;
    let limits = Limits {
        pace: options.pace,
        wait: options.wait,
        trace: options.trace,
    };
    let mut medium = LiveMedium::new(network, HostId(kernel), port, &mut program, limits);
    let conduct = Conduct::live(scenario);
    let outcome = run_as(&mut medium, scenario, &conduct, options.seed);
    let (is_cut, losses) = (medium.is_cut(), medium.losses());
    let lateness = medium.lateness().clone();
    drop(medium);
    Ok(Executed {
        outcome,
        // A script may fail before it begins.
        ended: program.ended().unwrap_or(Ended::By(0)),
        is_cut,
        lateness,
        losses,
    })
}

/// Lets the names of hosts resolve. A machine that does not let us has addresses all the same.
fn name_hosts(hosts: &[TraceHost]) {
    if let Err(error) = names::replace(hosts) {
        tracing::warn!(%error, "the names of hosts do not resolve inside");
    }
}
