//! A scenario with real programs in it: one that is run, those of a test that joins, or clients
//! of a proxy.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time;

use hangup_stack::network::{HostId, IpFamily};
use smoltcp::time::Duration;

use super::clock::Lateness;
use super::control::Control;
use super::device::{Losses, Port, PortError};
use super::forward::{Forwarded, Forwarder};
use super::medium::{Limits, LiveMedium, with_kernel};
use super::names;
use super::namespace::{Apart, Privileges, Refused, enter};
use super::program::{Ended, Program};
use super::rule::Rule;
use super::session::Session;
use super::stream::Stream;
use crate::bounds::Bounds;
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
    /// The socket of control cannot be made.
    #[error("cannot make the socket of --control: {0}")]
    Control(io::Error),
    /// There are not so many sockets.
    #[error("cannot make so many sockets (--connections): {0}")]
    Sockets(io::Error),
}

/// A proxy on the first host that is emulated.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// The port on which it listens.
    pub port: u16,
    /// The real server, as the network outside has it.
    pub upstream: SocketAddr,
    /// When and how connections end.
    pub rules: Vec<Rule>,
    /// For how long a client's SYN is kept back.
    pub slow_open: time::Duration,
    /// For how long the end of the server is kept back.
    pub slow_close: time::Duration,
    /// How many connections may be open at once.
    pub connections: usize,
}

/// Who controls a run.
#[derive(Clone, Debug, Default)]
pub struct ControlledBy {
    /// Whether lines are read from standard input.
    pub input: bool,
    /// The path of a socket.
    pub socket: Option<PathBuf>,
}

/// What a program is run with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program and its arguments; none where others join.
    pub command: Vec<OsString>,
    /// Who controls it.
    pub control: ControlledBy,
    /// The proxy, where there is one.
    pub proxy: Option<Proxy>,
    /// The device behind which the host is that is not emulated; none: one is made.
    pub device: Option<String>,
    /// The kernel's congestion control towards the emulated hosts; none: its default.
    pub congestion: Option<String>,
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
    /// What the proxy has done.
    pub forwarded: Option<Forwarded>,
    /// The trace, where it was written while the run went on, without its end.
    pub stream: Option<Stream>,
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

/// Runs a program among the hosts of a scenario, which may take so much memory, and writes its
/// trace to a stream, if there is one. This process is in namespaces of its own afterwards, and
/// must end.
///
/// # Errors
/// Why it did not begin.
pub fn exec(
    scenario: &Scenario,
    options: &Options,
    stream: Option<Stream>,
    bounds: &dyn Bounds,
) -> Result<Executed, LiveError> {
    let kernel = kernel_of(scenario)?;
    let network = VirtualNetwork::new(scenario, options.seed, Filler::Alphabet);
    let hosts = network.hosts();
    let mut control = control(scenario, &options.control).map_err(LiveError::Control)?;
    let forwarder = match &options.proxy {
        Some(proxy) => Some(forwarder(&hosts, kernel, proxy)?),
        None => None,
    };
    let mtu = scenario.hosts[kernel].mtu.unwrap_or(ETHERNET_MTU);
    // A device of the machine is taken while this process is still in its network.
    let taken = options.device.as_ref();
    let taken = taken.map(|device| Port::on(device, &hosts, kernel, mtu));
    let taken = taken.transpose()?;
    let used = enter(Apart {
        network: taken.is_none(),
        mounts: true,
        processes: true,
    })?;
    let port = match taken {
        Some(port) => port,
        None => Port::make(&hosts, kernel, mtu, options.congestion.as_deref())?,
    };
    name_hosts(&hosts);
    let mut environment = names::environment(&hosts);
    if let Some(path) = options.control.socket.as_ref().and_then(|it| it.to_str()) {
        environment.push(("HANGUP_CONTROL".to_owned(), path.to_owned()));
    }
    let program = Program::new(options.command.clone(), environment, options.timeout)
        .map_err(LiveError::Signals)?;
    let ready = ready(&hosts, used, options.device.as_deref());
    if let Some(control) = &mut control {
        control.set_ready(ready.clone());
    }
    let mut session = Session {
        ready: (!program.is_wanted()).then_some(ready),
        program,
        control,
        forwarder,
        stream,
        has_quit: false,
    };
    let limits = Limits {
        pace: options.pace,
        wait: options.wait,
        trace: options.trace,
        slow_open: options.proxy.as_ref().map(|it| it.slow_open.into()),
    };
    if let Some(stream) = &mut session.stream {
        stream.begin(with_kernel(hosts, HostId(kernel)), options.seed);
    }
    let mut medium = LiveMedium::new(network, HostId(kernel), port, &mut session, limits);
    let words = options.command.iter().map(|it| it.to_string_lossy());
    let words: Vec<String> = words.map(Cow::into_owned).collect();
    let conduct = Conduct::live(scenario, &words);
    let outcome = run_as(&mut medium, scenario, &conduct, (options.seed, bounds));
    let (is_cut, losses) = (medium.is_cut(), medium.losses());
    let lateness = medium.lateness().clone();
    drop(medium);
    Ok(Executed {
        outcome,
        // A script may fail before it begins, and a run without a program is told to end.
        ended: session.program.ended().unwrap_or(Ended::By(0)),
        is_cut,
        lateness,
        losses,
        forwarded: session.forwarder.map(|it| it.counts()),
        stream: session.stream,
    })
}

fn control(scenario: &Scenario, by: &ControlledBy) -> io::Result<Option<Control>> {
    if !by.input && by.socket.is_none() {
        return Ok(None);
    }
    let names = scenario.hosts.iter().map(|it| it.name.value.clone());
    Control::new(names.collect(), by.input, by.socket.as_deref()).map(Some)
}

fn forwarder(hosts: &[TraceHost], kernel: usize, proxy: &Proxy) -> Result<Forwarder, LiveError> {
    let mut emulated = hosts.iter().filter(|host| host.id.0 != kernel);
    let host = emulated.next();
    let host = host.and_then(|host| Some((host.id, *host.addresses.first()?)));
    let (host, address) = host
        .ok_or_else(|| LiveError::Scenario("there is no emulated host for the proxy".to_owned()))?;
    let place = (host, proxy.port, IpFamily::of(address));
    let (rules, slow) = (proxy.rules.clone(), proxy.slow_close);
    let made = Forwarder::new(place, proxy.upstream, rules, slow, proxy.connections);
    made.map_err(LiveError::Sockets)
}

/// The line that says that the hosts are there, and how to join them: their network, or the device
/// of the machine on which they are found.
fn ready(hosts: &[TraceHost], used: Privileges, device: Option<&str>) -> String {
    let pid = std::process::id();
    let addresses = |host: &TraceHost| {
        let addresses = host.addresses.iter().map(ToString::to_string);
        (host.name.clone(), addresses.collect::<Vec<_>>().into())
    };
    let hosts: serde_json::Map<String, serde_json::Value> = hosts.iter().map(addresses).collect();
    let mut line = serde_json::json!({ "pid": pid, "hosts": hosts });
    let user = match used {
        Privileges::Own => "",
        Privileges::UserNamespace => " -U --preserve-credentials",
    };
    match device {
        Some(device) => line["device"] = device.into(),
        None => line["join"] = format!("nsenter -t {pid}{user} -n -m").into(),
    }
    format!("ready {line}")
}

/// Lets the names of hosts resolve. A machine that does not let us has addresses all the same.
fn name_hosts(hosts: &[TraceHost]) {
    if let Err(error) = names::replace(hosts) {
        tracing::warn!(%error, "the names of hosts do not resolve inside");
    }
}
