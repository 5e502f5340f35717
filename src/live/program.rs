//! A program in the namespace: a process of its own begins it, passes signals on, and takes all
//! others with it at its end.
//!
//! This process makes the namespace of processes and starts itself again in it as the first one,
//! which the kernel kills with its parent. With the first process all others of the namespace are
//! killed, whoever began them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use rustix::event::PollFlags;
use rustix::mount::{MountFlags, mount};
use rustix::process::{
    Pid, PidfdFlags, WaitOptions, kill_process, pidfd_open, set_parent_process_death_signal, wait,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    configure_capability_in_ambient_set, set_capabilities,
};

use super::medium::Side;
use super::namespace::drop_privileges;
use crate::run::VirtualNetwork;

/// The signals that are passed on to the program.
const PASSED: [Signal; 7] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGWINCH,
];

/// `SI_KERNEL` of `siginfo.h`: the terminal has sent it, and to the program as well.
const BY_KERNEL: i32 = 0x80;

/// How long a program has to end that was asked to.
const GRACE: Duration = Duration::from_secs(2);

/// What a shell makes of a signal that ended a program.
const SIGNALLED: i32 = 128;

/// What `env` says of a program that is not there, and of one that cannot be started.
const NOT_FOUND: u8 = 127;
const NOT_STARTED: u8 = 126;

/// The hidden command of the first process: its parent, and the program with its arguments.
pub const FIRST: &str = "first-process";

/// How a program has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    By(u8),
    /// It was stopped, as its time was over.
    TimedOut,
}

/// A program, and the signals that this process gets meanwhile.
#[derive(Debug)]
pub struct Program {
    command: Vec<OsString>,
    environment: Vec<(String, String)>,
    timeout: Option<Duration>,
    signals: SignalFd,
    running: Option<Running>,
    ended: Option<Ended>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    descriptor: OwnedFd,
    deadline: Option<Instant>,
    /// When it is killed, if it was asked to end.
    killed_at: Option<Instant>,
}

impl Program {
    /// One that is started with the run; without a command there is none, and a signal ends the
    /// run. From now on this process takes its signals for it.
    ///
    /// # Errors
    /// The system does not let us take signals.
    pub fn new(
        command: Vec<OsString>,
        environment: Vec<(String, String)>,
        timeout: Option<Duration>,
    ) -> io::Result<Self> {
        Ok(Self {
            command,
            environment,
            timeout,
            signals: signals(SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?,
            running: None,
            ended: None,
        })
    }

    /// Whether there is one.
    pub fn is_wanted(&self) -> bool {
        !self.command.is_empty()
    }

    /// How it has ended; none while it runs.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    fn start(&self) -> io::Result<Running> {
        // The first process mounts its own /proc, which takes a privilege of the namespace.
        let kept = keep_for_child(CapabilitySet::SYS_ADMIN);
        let child = Command::new("/proc/self/exe")
            .arg(FIRST)
            .arg(std::process::id().to_string())
            .arg("--")
            .args(&self.command)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .spawn();
        // What could not be given to a child need not be taken back.
        let _ = kept.and_then(|()| Ok(clear_ambient_capability_set()?));
        drop_privileges()?;
        let child = child?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Running {
            descriptor: pidfd_open(pid, PidfdFlags::empty())?,
            child,
            deadline: self.timeout.map(|it| Instant::now() + it),
            killed_at: None,
        })
    }
}

impl Side for Program {
    fn begin(&mut self) {
        if !self.is_wanted() {
            if let Err(error) = drop_privileges() {
                tracing::warn!(%error, "privileges are kept");
            }
            return;
        }
        match self.start() {
            Ok(running) => self.running = Some(running),
            Err(error) => {
                tracing::error!(%error, "the program cannot be started");
                self.ended = Some(Ended::By(NOT_STARTED));
            }
        }
    }

    fn descriptors<'a>(&'a self, all: &mut Vec<(BorrowedFd<'a>, PollFlags)>) {
        all.push((self.signals.as_fd(), PollFlags::IN));
        let running = self.running.as_ref();
        all.extend(running.map(|it| (it.descriptor.as_fd(), PollFlags::IN)));
    }

    fn look(&mut self, _network: &mut VirtualNetwork, _now: smoltcp::time::Instant) {
        let Some(running) = &mut self.running else {
            while let Ok(Some(signal)) = self.signals.read_signal() {
                let ends = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
                if ends.into_iter().any(|it| it as u32 == signal.ssi_signo) {
                    self.ended = Some(Ended::By(0));
                }
            }
            return;
        };
        while let Ok(Some(signal)) = self.signals.read_signal() {
            if signal.ssi_code != BY_KERNEL
                && let Some(signal) = named(signal.ssi_signo)
            {
                running.signal(signal);
            }
        }
        running.watch_time();
        if let Ok(Some(status)) = running.child.try_wait() {
            let timed_out = running.killed_at.is_some();
            self.ended = Some(match timed_out {
                true => Ended::TimedOut,
                false => Ended::By(code_of(status)),
            });
            self.running = None;
        }
    }

    fn due(&self) -> Option<Duration> {
        let running = self.running.as_ref()?;
        let due = running.killed_at.or(running.deadline)?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }
}

impl Running {
    fn signal(&self, signal: Signal) {
        if let (Some(pid), Some(signal)) = (
            i32::try_from(self.child.id()).ok().and_then(Pid::from_raw),
            rustix::process::Signal::from_named_raw(signal as i32),
        ) {
            // It has ended where it cannot be reached.
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks the program to end when its time is over, and kills it where it does not.
    fn watch_time(&mut self) {
        let now = Instant::now();
        match (self.deadline, self.killed_at) {
            (Some(deadline), None) if deadline <= now => {
                self.signal(Signal::SIGTERM);
                self.killed_at = Some(now + GRACE);
            }
            (_, Some(at)) if at <= now => {
                let _ = self.child.kill();
            }
            _ => {}
        }
    }
}

/// Lets a child have a privilege of this process, whoever it is.
fn keep_for_child(capability: CapabilitySet) -> io::Result<()> {
    let sets = capabilities(None)?;
    let inheritable = sets.inheritable | capability;
    set_capabilities(
        None,
        CapabilitySets {
            inheritable,
            ..sets
        },
    )?;
    Ok(configure_capability_in_ambient_set(capability, true)?)
}

/// The signals that are passed on, as a descriptor; they do nothing else from now on.
fn signals(flags: SfdFlags) -> io::Result<SignalFd> {
    let mut set = SigSet::empty();
    for signal in PASSED.into_iter().chain([Signal::SIGCHLD]) {
        set.add(signal);
    }
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, flags)?)
}

/// One of the signals that are passed on.
fn named(number: u32) -> Option<Signal> {
    PASSED.into_iter().find(|&it| it as u32 == number)
}

fn code_of(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|it| SIGNALLED + it));
    code.and_then(|it| u8::try_from(it).ok()).unwrap_or(u8::MAX)
}

/// What the first process of the namespace does: it runs the program, passes signals on to it,
/// and ends with it. Returns its exit code.
///
/// # Errors
/// The system does not let it.
pub fn first_process(parent: u32, command: &[OsString]) -> io::Result<u8> {
    set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    // The parent may have ended before that.
    if own_parent() != Some(parent) {
        return Ok(u8::MAX);
    }
    // Where a container hides parts of /proc, its own is not for us; that of outside tells much
    // the same.
    let _ = mount("proc", "/proc", "proc", MountFlags::empty(), None);
    clear_ambient_capability_set()?;
    drop_privileges()?;
    let signals = signals(SfdFlags::SFD_CLOEXEC)?;
    let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let child = match Command::new(program).args(arguments).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("hangup: {}: {error}", program.display());
            let is_missing = error.kind() == io::ErrorKind::NotFound;
            return Ok(if is_missing { NOT_FOUND } else { NOT_STARTED });
        }
    };
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    loop {
        let Ok(Some(signal)) = signals.read_signal() else {
            continue;
        };
        if let (Some(passed), Some(pid)) = (named(signal.ssi_signo), pid) {
            let passed = rustix::process::Signal::from_named_raw(passed as i32);
            if let (Some(passed), true) = (passed, signal.ssi_code != BY_KERNEL) {
                let _ = kill_process(pid, passed);
            }
            continue;
        }
        // Whoever was left behind by others is ours, too.
        while let Ok(Some((ended, status))) = wait(WaitOptions::NOHANG) {
            if Some(ended) == pid {
                let signal = status.terminating_signal().map(|it| SIGNALLED + it);
                let code = status.exit_status().or(signal);
                return Ok(code.and_then(|it| u8::try_from(it).ok()).unwrap_or(u8::MAX));
            }
        }
    }
}

/// The parent of this process, as the machine numbers it: `/proc` is still that of outside.
fn own_parent() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mut lines = status.lines();
    let parent = lines.find_map(|line| line.strip_prefix("PPid:"))?;
    parent.trim().parse().ok()
}
