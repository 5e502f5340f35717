//! Cases on the machine's own kernel: what is loaded and played, each in a process and a network
//! namespace of its own, again and again until it says something.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::RwLock;

use hangup_stack::network::{HostId, Resolution};
use hangup_stack::profile::Profile;
use smoltcp::time::Duration as Span;

use super::args::ScriptOptions;
use super::failure::{Failure, refusal};
use super::{interrupt, packetdrill};
use crate::diagnostic::Spanned;
use crate::live::kernel::{Begin, KernelHost};
use crate::live::namespace::{self, Apart};
use crate::packetdrill::{IpVersion, Leftovers, Script, ScriptOutcome, run_script, run_script_on};
use crate::run::{Filler, Outcome, Patience, run, run_in_real_time};
use crate::scenario::{LoadError, Scenario, ScenarioFile, Setting, script};

/// How often a case is played at most that says nothing.
const ATTEMPTS_MOST: usize = 200;

/// After how many attempts a case is played while no other is.
const TOGETHER_MOST: usize = 16;

/// The highest priority that is not real-time (`nice -n -20`).
const PRIORITY: i32 = -20;

/// Cases that are played beside each other read it, and one that is played alone writes it.
static BESIDE: RwLock<()> = RwLock::new(());

/// The system of scripts and scenarios that a Linux kernel can stand in for.
const LINUX: &str = "linux";

/// How much longer than all of the emulated script the kernel may take for a step.
const SLACK: Span = Span::from_secs(10);

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

/// When the script of a run was through: its last statement was played, and its calls returned.
/// Where hosts have programs, when the last packet or call was.
pub(super) fn through(scenario: &Scenario, outcome: &Outcome) -> Span {
    let mut last = outcome.account.through();
    if scenario.has_programs() {
        let frames = outcome.events.iter().filter(|it| it.frame.is_some());
        let calls = outcome.calls.iter().map(|it| it.at);
        let all = frames.map(|it| it.at).chain(calls);
        last = all.fold(last, smoltcp::time::Instant::max);
    }
    let last = last.total_micros().unsigned_abs();
    Span::from_micros(last).max(scenario.until.unwrap_or_default())
}

/// How long a run on the kernel is waited for that takes so long on the emulation.
pub(super) fn patience(scenario: &Scenario, through: Span, end: Span) -> Patience {
    let all = Patience::default();
    Patience {
        step: all.step.min(through + SLACK),
        // No statement says when programs are through.
        end: match scenario.has_programs() {
            true => through + end,
            false => end,
        },
    }
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

    /// The host that the kernel stands in for: the first that is Linux and does nothing that a
    /// kernel does not; where there is none, the first that is Linux.
    pub(super) fn kernel(&self) -> Option<HostId> {
        let hosts = &self.scenario().hosts;
        let is_linux = |name: &str| name.split('-').next() == Some(LINUX);
        let linux = |it: &HostId| {
            let profile = hosts[it.0].profile();
            profile.is_some_and(|it| is_linux(&it.name))
        };
        let mut all = (0..hosts.len()).map(HostId).filter(linux).peekable();
        let first = all.peek().copied();
        all.find(|it| self.obstacle(*it).is_none()).or(first)
    }

    /// Why the kernel cannot stand in for a host.
    pub(super) fn obstacle(&self, host: HostId) -> Option<String> {
        let scenario = self.scenario();
        if let Some(real) = scenario.hosts.iter().find(|it| it.is_kernel()) {
            let name = &real.name.value;
            return Some(format!(
                "real programs make the calls of {name}: hangup exec"
            ));
        }
        if scenario.network.resolution == Resolution::Arp {
            return Some("the link of the kernel has no ARP (network.arp)".to_owned());
        }
        let name = &scenario.hosts[host.0].name.value;
        let is_it = |it: &Spanned<String>| it.value == *name;
        let statements = scenario.script.statements.iter();
        let mut obstacles = statements.filter_map(|statement| {
            let (what, host) = done_to(&statement.subject)?;
            is_it(host).then(|| format!("the script {what} {name}"))
        });
        obstacles.next()
    }

    /// The knobs of a host that are not as its system has them, by their dotted names.
    pub(super) fn turned(&self, host: HostId) -> Vec<String> {
        let Self::Scenario(scenario) = self else {
            // Those of a script are settings of the system.
            return Vec::new();
        };
        // These are asked for with options of the socket.
        const SET: [&str; 2] = ["window.receive_buffer", "send.send_buffer"];
        let profile = scenario.hosts[host.0].profile();
        let turned = profile.map(Profile::turned).unwrap_or_default();
        let is_unset = |it: &String| !SET.contains(&it.as_str());
        turned.into_iter().filter(is_unset).collect()
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

    /// Plays it on the machine's kernel, in the namespace that this process is in, for the first
    /// time or again. Beside the outcome, the lines for the shell that were not carried out.
    ///
    /// # Errors
    /// What the machine refuses.
    pub(super) fn play(
        &self,
        seed: Option<u64>,
        leftovers: Leftovers,
        (patience, attempt): (Patience, usize),
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
            has_long_segments: false,
            shell: None,
        };
        if let Self::Script(script) = self {
            begin.is_mapped = script.settings.ip_version == IpVersion::V4Mapped;
            begin.filler = Filler::Zeros;
            begin.has_long_segments = true;
            begin.shell.clone_from(&script.shell);
        }
        let mut medium = KernelHost::new(&begin)?;
        let _busy = medium.start(attempt);
        let outcome = match self {
            Self::Script(script) => run_script_on(&mut medium, script, seed, leftovers),
            Self::Scenario(scenario) => {
                let outcome = run_in_real_time(&mut medium, scenario, seed, patience);
                match outcome.failures.is_empty() {
                    true => ScriptOutcome::Passed(outcome),
                    false => ScriptOutcome::Failed(outcome),
                }
            }
        };
        Ok((outcome, medium.take_left()))
    }
}

/// What a statement does to a host that no script does to a kernel.
fn done_to(subject: &script::Subject) -> Option<(&'static str, &Spanned<String>)> {
    use script::Subject as Is;
    match subject {
        Is::Power(power) => Some(("takes the power of", &power.host)),
        Is::Subsystem(subsystem) => Some(("fails the network of", &subsystem.host)),
        Is::Inject(line) => Some(("forges packets of", &line.from)),
        Is::Turning(turning) if turning.shell.is_none() => Some(("turns knobs of", &turning.host)),
        Is::Turning(_)
        | Is::Call(_)
        | Is::Packet(_)
        | Is::Nothing(_)
        | Is::Expect(_)
        | Is::Link(_)
        | Is::Code(_)
        | Is::Pause => None,
    }
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
    // Who may is woken before others, and is late less often.
    let _ = rustix::process::setpriority_process(None, PRIORITY);
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

/// Plays a case until it says something: beside others, and alone where that does not help. Each
/// time has its number, from zero. None: it never did, or somebody has interrupted it.
///
/// # Errors
/// The machine does not let it be played.
pub(super) fn until_said<T>(
    mut once: impl FnMut(usize) -> Result<T, String>,
    mut says: impl FnMut(&T) -> bool,
) -> Result<Option<T>, String> {
    for attempt in 0..ATTEMPTS_MOST {
        if interrupt::has_come() {
            return Ok(None);
        }
        let played = match attempt < TOGETHER_MOST {
            true => {
                let _beside = BESIDE.read();
                once(attempt)?
            }
            false => {
                let _alone = BESIDE.write();
                once(attempt)?
            }
        };
        if says(&played) {
            return Ok(Some(played));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(hosts: &str, script: &str) -> Subject {
        let text = format!("{hosts}\nscript = '''\n{script}\n'''\n");
        let scenario = Scenario::parse(Path::new("a.toml"), text.into());
        Subject::Scenario(Box::new(scenario.unwrap_or_else(|error| panic!("{error}"))))
    }

    #[test]
    fn the_kernel_is_a_host_that_does_what_kernels_do() {
        const TWO: &str = "hosts.a.profile = 'linux'\nhosts.b.profile = 'linux'";
        for (hosts, script, kernel, obstacle) in [
            (TWO, "0 a: socket(AF_INET, SOCK_STREAM, 0) = 3", Some(0), ""),
            (TWO, "0 a: crash", Some(1), ""),
            (TWO, "0 a: subsystem down", Some(1), ""),
            (TWO, "0 inject a > b: R 0:0(0)", Some(1), ""),
            (
                TWO,
                "0 a: crash\n+0 b: crash",
                Some(0),
                "takes the power of a",
            ),
            ("hosts.a.profile = 'windows'", "0 a: crash", None, ""),
            (
                "hosts.a.profile = 'kernel'\nhosts.b.profile = 'linux'",
                "0 b: socket(AF_INET, SOCK_STREAM, 0) = 3",
                Some(1),
                "real programs make the calls of a",
            ),
        ] {
            let subject = subject(hosts, script);
            let found = subject.kernel();
            assert_eq!(found, kernel.map(HostId), "{hosts} {script}");
            let why = found.and_then(|it| subject.obstacle(it));
            let why = why.unwrap_or_default();
            assert_eq!(why.is_empty(), obstacle.is_empty(), "{script}: {why}");
            assert!(why.contains(obstacle), "{script}: {why}");
        }
    }

    #[test]
    fn knobs_that_are_turned_are_known_but_for_settings() {
        let hosts = "hosts.a = { profile = 'linux', receive_buffer = 9000, mss = 1000 }";
        let subject = subject(hosts, "0 a: socket(AF_INET, SOCK_STREAM, 0) = 3");
        assert_eq!(subject.turned(HostId(0)), ["options.mss"]);
    }
}
