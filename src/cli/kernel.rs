//! Cases on the machine's own kernel: what is loaded and played, each in a process and a network
//! namespace of its own, again and again until it says something.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::RwLock;

use hangup_stack::network::HostId;

use super::args::ScriptOptions;
use super::failure::{Failure, refusal};
use super::{interrupt, packetdrill};
use crate::live::kernel::{Begin, KernelHost};
use crate::live::namespace::{self, Apart};
use crate::packetdrill::{IpVersion, Leftovers, Script, ScriptOutcome, run_script, run_script_on};
use crate::run::{Filler, run, run_in_real_time};
use crate::scenario::{LoadError, Scenario, ScenarioFile, Setting};

/// How often a case is played at most that says nothing.
const ATTEMPTS_MOST: usize = 40;

/// After how many attempts a case is played while no other is.
const TOGETHER_MOST: usize = 8;

/// Cases that are played beside each other read it, and one that is played alone writes it.
static BESIDE: RwLock<()> = RwLock::new(());

/// The system of scripts and scenarios that a Linux kernel can stand in for.
const LINUX: &str = "linux";

/// The largest IP packet of a host that does not say it.
const MTU: usize = 1500;

/// What is played.
#[derive(Debug)]
pub(super) enum Subject {
    /// One combination of a scenario file.
    Scenario(Box<Scenario>),
    /// A packetdrill script.
    Script(Box<Script>),
}

/// Who plays the host under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The machine's kernel.
    Kernel,
    /// The emulation.
    Emulation,
}

impl Subject {
    /// Reads a file.
    ///
    /// # Errors
    /// What scripts are read with makes no sense; or what is wrong with the file.
    pub(super) fn load(
        path: &Path,
        index: usize,
        settings: &[Setting],
        scripts: &ScriptOptions,
        by: By,
    ) -> Result<Result<Self, LoadError>, Failure> {
        if path.extension().is_some_and(|it| it == "pkt") {
            let options = match by {
                By::Kernel => packetdrill::options_on_kernel(scripts)?,
                By::Emulation => packetdrill::options(scripts)?,
            };
            let script = Script::load(path, &options);
            return Ok(script.map(|it| Self::Script(Box::new(it))));
        }
        let file = match &scripts.profile {
            Some(profile) => ScenarioFile::load_as(path, settings, profile),
            None => ScenarioFile::load(path, settings),
        };
        Ok(file.map(|it| {
            let scenario = it.scenario(index).unwrap_or_else(|| it.first().clone());
            Self::Scenario(Box::new(scenario))
        }))
    }

    /// The hosts and the statements.
    pub(super) fn scenario(&self) -> &Scenario {
        match self {
            Self::Scenario(scenario) => scenario,
            Self::Script(script) => &script.scenario,
        }
    }

    /// The host that the kernel stands in for: the first that is Linux.
    pub(super) fn kernel(&self) -> Option<HostId> {
        let mut hosts = self.scenario().hosts.iter();
        let is_linux = |name: &str| name.split('-').next() == Some(LINUX);
        let found = hosts.position(|it| it.profile().is_some_and(|it| is_linux(&it.name)));
        found.map(HostId)
    }

    /// Plays it in virtual time.
    pub(super) fn emulate(&self, seed: Option<u64>, leftovers: Leftovers) -> ScriptOutcome {
        match self {
            Self::Script(script) => run_script(script, seed.unwrap_or(0), leftovers),
            Self::Scenario(scenario) => {
                let outcome = run(scenario, seed);
                match outcome.failures.is_empty() {
                    true => ScriptOutcome::Passed(outcome),
                    false => ScriptOutcome::Failed(outcome),
                }
            }
        }
    }

    /// Plays it on the machine's kernel, in the namespace that this process is in. Beside the
    /// outcome, the lines for the shell that were not carried out.
    ///
    /// # Errors
    /// What the machine refuses.
    pub(super) fn play(
        &self,
        seed: Option<u64>,
        leftovers: Leftovers,
    ) -> Result<(ScriptOutcome, Vec<String>), String> {
        let scenario = self.scenario();
        let kernel = self.kernel().unwrap_or(HostId(0));
        let seed = seed.unwrap_or(scenario.seed);
        let host = &scenario.hosts[kernel.0];
        let mut begin = Begin {
            scenario,
            kernel,
            seed,
            mtu: host.mtu.unwrap_or(MTU),
            is_mapped: false,
            filler: Filler::Alphabet,
            shell: buffers(host),
        };
        if let Self::Script(script) = self {
            begin.is_mapped = script.settings.ip_version == IpVersion::V4Mapped;
            begin.filler = Filler::Zeros;
            begin.shell.clone_from(&script.shell);
        }
        let mut medium = KernelHost::new(&begin)?;
        medium.start();
        let outcome = match self {
            Self::Script(script) => run_script_on(&mut medium, script, seed, leftovers),
            Self::Scenario(scenario) => {
                let outcome = run_in_real_time(&mut medium, scenario, seed);
                match outcome.failures.is_empty() {
                    true => ScriptOutcome::Passed(outcome),
                    false => ScriptOutcome::Failed(outcome),
                }
            }
        };
        Ok((outcome, medium.take_left()))
    }
}

/// The buffers of a host as settings of its system.
fn buffers(host: &crate::scenario::Host) -> Option<String> {
    let mut lines = String::new();
    for (name, usual) in [
        ("net.ipv4.tcp_rmem", host.receive_buffer),
        ("net.ipv4.tcp_wmem", host.send_buffer),
    ] {
        if let Some(usual) = usual {
            let path = format!("/proc/sys/{}", name.replace('.', "/"));
            let now = std::fs::read_to_string(path).unwrap_or_default();
            let largest = now
                .split_whitespace()
                .last()
                .unwrap_or("6291456")
                .to_owned();
            lines.push_str(&format!("sysctl -q {name}=\"4096 {usual} {largest}\"\n"));
        }
    }
    (!lines.is_empty()).then_some(lines)
}

/// Moves this process, which has no other thread yet, into a network namespace of its own, and lets
/// it end with the process that has begun it.
///
/// # Errors
/// The machine refuses; why, where that can be told.
pub(super) fn enter() -> Result<(), Failure> {
    let apart = Apart {
        network: true,
        mounts: false,
        processes: false,
    };
    namespace::enter(apart).map_err(refusal)?;
    let signal = Some(rustix::process::Signal::KILL);
    // Where it cannot be had, the parent waits for the end of each process that it begins.
    let _ = rustix::process::set_parent_process_death_signal(signal);
    Ok(())
}

/// What this program, begun again with other arguments, says on standard output.
///
/// # Errors
/// It does not begin, or says nothing.
pub(super) fn child(arguments: impl FnOnce(&mut Command)) -> Result<Vec<u8>, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
    let mut command = Command::new(program);
    arguments(&mut command);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let output = command
        .output()
        .map_err(|error| format!("this program: {error}"))?;
    if !output.stdout.is_empty() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.trim().trim_start_matches("hangup: ");
    Err(match words.is_empty() {
        true => format!("the process that plays it has ended ({})", output.status),
        false => words.to_owned(),
    })
}

/// Plays a case until it says something: once beside others, and alone where that does not help.
/// None: it never did, or somebody has interrupted it.
///
/// # Errors
/// The machine does not let it be played.
pub(super) fn until_said<T>(
    mut once: impl FnMut() -> Result<T, String>,
    mut says: impl FnMut(&T) -> bool,
) -> Result<Option<T>, String> {
    for attempt in 0..ATTEMPTS_MOST {
        if interrupt::has_come() {
            return Ok(None);
        }
        let played = match attempt < TOGETHER_MOST {
            true => {
                let _beside = BESIDE.read();
                once()?
            }
            false => {
                let _alone = BESIDE.write();
                once()?
            }
        };
        if says(&played) {
            return Ok(Some(played));
        }
    }
    Ok(None)
}
