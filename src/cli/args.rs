//! The arguments of the program and its commands.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::capture::{TraceFormat, format_named};
use crate::language::units;
use crate::picture::graph::TimeScale;
use crate::report::ReportFormat;
use crate::scenario::Setting;

/// What `--help` says of exit codes.
const EXIT_CODES: &str = "\
Exit codes: 0 everything held; 1 an expectation failed; 2 bad usage or bad scenario;
            3 a file cannot be read or written; 4 nothing was selected; 130 interrupted.";

/// Options that every command has stand behind its own in the help.
const BEHIND: usize = 100;

/// A wire-level emulator of how connections end.
///
/// hangup runs scenarios - hosts, a link and a script of socket calls - on a userspace TCP/UDP
/// stack in virtual time, checks what must happen on the wire and at the API, and writes traces
/// that open in Wireshark.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = EXIT_CODES
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print only failures.
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        display_order = BEHIND
    )]
    pub(crate) quiet: bool,

    /// Say more on standard error; up to three times, when every packet is logged.
    #[arg(
        short,
        long,
        global = true,
        action = clap::ArgAction::Count,
        display_order = BEHIND
    )]
    pub(crate) verbose: u8,

    /// When to use colour. NO_COLOR turns it off, too.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        display_order = BEHIND
    )]
    pub(crate) color: Color,

    /// What runs may take.
    #[command(flatten)]
    pub(crate) limits: Limits,
}

/// What all runs of the program may take together.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Limits {
    /// The memory that all runs may take together: a run that needs more fails.
    #[arg(
        long,
        global = true,
        env = "HANGUP_MEMORY",
        value_name = "SIZE",
        default_value = "1GiB",
        value_parser = units::size,
        display_order = BEHIND
    )]
    pub(crate) memory: u64,

    /// The wall time that the command may take, as 60s or 5min: what runs then fails, and nothing
    /// else is begun (default: as long as it takes).
    #[arg(
        long,
        global = true,
        env = "HANGUP_TIMEOUT",
        value_name = "TIME",
        value_parser = wall_time,
        display_order = BEHIND
    )]
    pub(crate) timeout: Option<Duration>,
}

fn wall_time(text: &str) -> Result<Duration, String> {
    units::duration(text).map(Duration::from)
}

/// A size as a number of octets in memory.
fn octets(text: &str) -> Result<usize, String> {
    let octets = units::size(text)?;
    usize::try_from(octets).map_err(|error| error.to_string())
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios: a verdict and a trace each.
    Run(Box<Run>),
    /// Read scenarios and say everything that is wrong with them, without running them.
    Check(Check),
    /// List scenarios with what they claim.
    List(List),
    /// Draw a scenario or a trace: the ladder, or the sequence graph.
    Show(Box<Show>),
    /// Run a program among the hosts of a scenario: the machine's kernel is the host with
    /// `profile = "kernel"`, all others are emulated.
    Exec(Box<Exec>),
    /// Keep the emulated hosts of a scenario up for a test suite, which drives them by lines.
    Serve(Box<Serve>),
    /// Stand in front of a real server as an emulated host, and end connections as rules say.
    Proxy(Box<Proxy>),
    /// Run one scenario under several systems, side by side, and show where they part.
    Compare(Compare),
    /// Play scenarios and scripts on the emulated Linux and on the machine's own kernel, and say in
    /// what they differ (Linux; docs/kernel.md).
    Verify(Box<Verify>),
    /// Run what claims a statement of the documents, and say which statements are held.
    Contract(Contract),
    /// List the systems that hosts can be, or print one of them as TOML.
    Profiles(Profiles),
    /// Measure: tables, CSV, JSON and plots of many runs.
    Bench(super::bench::Bench),
    /// List the documents, or print one of them.
    Docs(Docs),
    /// Give Wireshark a profile in which traces read best, or open a trace in it.
    Wireshark(Wireshark),
    /// Print the form of scenario files as a JSON Schema, for editors.
    Schema(Schema),
    /// Print a script that completes commands in a shell.
    Completions(Completions),
    /// Print the manual page.
    Man,
    /// The first process of a namespace: `exec` starts it.
    #[command(hide = true)]
    FirstProcess(FirstProcess),
}

impl Command {
    /// Whether it takes [`Limits`].
    pub(crate) const fn has_limits(&self) -> bool {
        match self {
            Self::Run(_)
            | Self::Show(_)
            | Self::Exec(_)
            | Self::Serve(_)
            | Self::Proxy(_)
            | Self::Compare(_)
            | Self::Contract(_)
            | Self::Bench(_) => true,
            Self::Check(_)
            | Self::List(_)
            | Self::Verify(_)
            | Self::Profiles(_)
            | Self::Docs(_)
            | Self::Wireshark(_)
            | Self::Schema(_)
            | Self::Completions(_)
            | Self::Man
            | Self::FirstProcess(_) => false,
        }
    }
}

/// Arguments of the first process of a namespace.
#[derive(Debug, clap::Args)]
pub(crate) struct FirstProcess {
    /// The process that has started it, with which it ends.
    pub(crate) parent: u32,

    /// The program and its arguments.
    #[arg(last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}

/// Arguments of `exec`.
#[derive(Debug, clap::Args)]
pub(crate) struct Exec {
    /// The scenario: a file, or a name under scenarios/.
    pub(crate) scenario: PathBuf,

    /// The program and its arguments. It finds the hosts by their names, and their addresses in
    /// the environment: HANGUP_SERVER for a host named server.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    /// Give a key of the scenario another value, as `run` does.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,

    /// Take lines of control from a socket at this path, which the program finds in
    /// HANGUP_CONTROL.
    #[arg(long, value_name = "PATH")]
    pub(crate) control: Option<PathBuf>,

    /// What is kept.
    #[command(flatten)]
    pub(crate) kept: Kept,

    /// How real time is kept.
    #[command(flatten)]
    pub(crate) live: Live,
}

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// The scenario: a file, or a name under scenarios/.
    pub(crate) scenario: PathBuf,

    /// Give a key of the scenario another value, as `run` does.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,

    /// Take lines of control from a socket at this path, and not from standard input.
    #[arg(long, value_name = "PATH")]
    pub(crate) control: Option<PathBuf>,

    /// What is kept.
    #[command(flatten)]
    pub(crate) kept: Kept,

    /// How real time is kept.
    #[command(flatten)]
    pub(crate) live: Live,
}

/// Arguments of `proxy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Proxy {
    /// The real server. It is reached from outside the namespace; nothing else is.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) upstream: String,

    /// The port on which the emulated host listens (default: that of the server).
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) listen: Option<u16>,

    /// When a connection ends and how: `down 64KiB: reset`, `connection 3, after 2s: deaf`,
    /// `pattern QUIT: half-close`, `command: silent`. Of several the first that is met counts
    /// (docs/live.md).
    #[arg(long = "rule", value_name = "WHEN: WHAT")]
    pub(crate) rules: Vec<String>,

    /// Keep each SYN of a client back for so long, so that connections open late.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    pub(crate) slow_open: Duration,

    /// Keep the end of the server back for so long, so that clients learn late that it has closed.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    pub(crate) slow_close: Duration,

    /// The system of the emulated host: a profile.
    #[arg(long, value_name = "NAME", default_value = SCRIPT_PROFILE)]
    pub(crate) profile: String,

    /// How many connections may be open at once. More are reset and counted.
    #[arg(long, value_name = "N", default_value_t = 256,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) connections: u16,

    /// The client and its arguments; it finds the proxy as `server`. Without it, clients join the
    /// namespace as the first line on standard output says.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    /// Take lines of control from a socket at this path: `fire` lets a rule fire.
    #[arg(long, value_name = "PATH")]
    pub(crate) control: Option<PathBuf>,

    /// What is kept.
    #[command(flatten)]
    pub(crate) kept: Kept,

    /// How real time is kept.
    #[command(flatten)]
    pub(crate) live: Live,
}

/// What is kept of a live run.
#[derive(Debug, clap::Args)]
pub(crate) struct Kept {
    /// Replace the seed of the scenario.
    #[arg(long, env = "HANGUP_SEED", value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Write the trace under this folder.
    #[arg(
        long,
        env = "HANGUP_TRACES",
        value_name = "DIR",
        default_value = "traces"
    )]
    pub(crate) traces: PathBuf,

    /// Write no trace.
    #[arg(long, conflicts_with = "write")]
    pub(crate) no_traces: bool,

    /// Write the trace to this file.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) write: Option<PathBuf>,

    /// The host at which the trace is taken (default: the first host of the scenario).
    #[arg(long, value_name = "HOST")]
    pub(crate) at: Option<String>,
}

/// How real time is kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Live {
    /// Play the emulated hosts on this Ethernet device of the machine, such as a TAP device of a
    /// virtual machine or one end of a pair: the host with `profile = "kernel"` is whoever has its
    /// address there. No network is made, and programs run in the machine's own. It takes
    /// CAP_NET_RAW.
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,

    /// The kernel's congestion control towards the emulated hosts, as cubic or bbr (default: its
    /// own, net.ipv4.tcp_congestion_control).
    #[arg(long, value_name = "NAME", conflicts_with = "device")]
    pub(crate) congestion: Option<String>,

    /// Stop the program after so long; the exit code is 1 then.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) timeout: Option<Duration>,

    /// For how long the script may go on once the program has ended.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) wait: Duration,

    /// How many seconds a second of the emulated hosts lasts: 10 lets their timers run ten times
    /// slower, 0.1 ten times faster.
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = pace)]
    pub(crate) pace: f64,

    /// How many octets of frames are kept for the trace and for the lines of the script.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = units::size)]
    pub(crate) trace_limit: u64,
}

/// A duration as scenarios write it.
fn time(text: &str) -> Result<Duration, String> {
    units::duration(text).map(Into::into)
}

/// A factor by which time is stretched.
fn pace(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    match (0.001..=1000.0).contains(&factor) {
        true => Ok(factor),
        false => Err("it must be 0.001 to 1000".to_owned()),
    }
}

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Scenario files, packetdrill scripts (.pkt), folders, or names under scenarios/ (default: all
    /// of scenarios/). What has no Linux host is left out.
    pub(crate) paths: Vec<PathBuf>,

    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// Write the report as a page of Markdown too.
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,

    /// Why some cases drift: TOML with [[drift]] tables of `cases` and `reason`. Only drifts that
    /// have no reason fail then.
    #[arg(long, value_name = "FILE")]
    pub(crate) reasons: Option<PathBuf>,

    /// Leave out what takes longer than this in real time.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    pub(crate) longest: u64,

    /// Cases to play at once. Most of their time is waiting.
    #[arg(short, long, value_name = "N", default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: u16,

    /// What is played in the namespace: which one of the file, and how often it was before.
    #[arg(long, hide = true, num_args = 2, value_names = ["INDEX", "ATTEMPT"])]
    pub(crate) kernel_worker: Option<Vec<usize>>,

    /// What packetdrill scripts are played with.
    #[command(flatten)]
    pub(crate) scripts: ScriptOptions,
}

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// Scenario files, packetdrill scripts (.pkt), folders, or names under scenarios/ (default: all
    /// of scenarios/).
    pub(crate) paths: Vec<PathBuf>,

    /// Give a key of the scenario another value: hosts.server.receive_buffer=8192. A key that the
    /// scenario sweeps has only that value then.
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "bless")]
    pub(crate) settings: Vec<Setting>,

    /// Replace the seed of every scenario.
    #[arg(
        long,
        env = "HANGUP_SEED",
        value_name = "N",
        // Those that TOML can write.
        value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64)
    )]
    pub(crate) seed: Option<u64>,

    /// Write the traces under this folder.
    #[arg(
        long,
        env = "HANGUP_TRACES",
        value_name = "DIR",
        default_value = "traces"
    )]
    pub(crate) traces: PathBuf,

    /// Write no traces.
    #[arg(long, conflicts_with_all = ["write", "bless"])]
    pub(crate) no_traces: bool,

    /// The most octets of a trace: a run whose trace would be longer fails.
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "256MiB",
        value_parser = octets
    )]
    pub(crate) trace_size: usize,

    /// Keep only so many octets of each packet in traces: 128 has all headers. Such traces are not
    /// compared with golden ones.
    #[arg(
        long,
        value_name = "OCTETS",
        conflicts_with = "bless",
        value_parser = clap::value_parser!(u32).range(64..)
    )]
    pub(crate) snaplen: Option<u32>,

    /// Write the trace of the one scenario to this file; - is standard output.
    #[arg(short, long, value_name = "FILE", conflicts_with = "bless")]
    pub(crate) write: Option<PathBuf>,

    /// What is written of traces.
    #[command(flatten)]
    pub(crate) trace: TraceArgs,

    /// The host at which traces are taken (default: the first host of the scenario).
    #[arg(long, value_name = "HOST", conflicts_with = "bless")]
    pub(crate) at: Option<String>,

    /// Write what a host of the one scenario did and saw as a packetdrill script; --at says which.
    #[arg(long, value_name = "FILE", conflicts_with = "bless")]
    pub(crate) export_pkt: Option<PathBuf>,

    /// Rewrite the golden traces in captures/ instead of comparing with them.
    #[arg(long, conflicts_with = "seed")]
    pub(crate) bless: bool,

    /// Run only scenarios that match: words in names, profile(linux), call(WSARecv*), claim(ID),
    /// with `and`, `or`, `not` and parentheses (docs/selections.md).
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<String>,

    /// Say what would run, and run nothing.
    #[arg(long)]
    pub(crate) list: bool,

    /// Do not begin another scenario after one that did not hold; the rest is reported as not run.
    #[arg(long, overrides_with = "no_fail_fast")]
    pub(crate) fail_fast: bool,

    /// Run all scenarios, whatever comes of them. This is the default.
    #[arg(long, overrides_with = "fail_fast")]
    pub(crate) no_fail_fast: bool,

    /// Tell also the failures that follow from another: of a thread behind its first failed call,
    /// and of a script that is out of step.
    #[arg(long)]
    pub(crate) all_failures: bool,

    /// How to report.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) report: ReportFormat,

    /// Write the report to this file; standard output has the verdicts as text then.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) report_file: Option<PathBuf>,

    /// Open the file of the report when it is written.
    #[arg(long, requires = "report_file")]
    pub(crate) open: bool,
    /// Play on the machine's own kernel, each scenario or script in a network namespace of its own
    /// (Linux; docs/kernel.md).
    #[arg(long, conflicts_with = "bless")]
    pub(crate) kernel: bool,

    /// What is run in the namespace: the name of the case, which one of its file, and how often it
    /// was run before.
    #[arg(
        long,
        hide = true,
        num_args = 3,
        value_names = ["NAME", "INDEX", "ATTEMPT"],
        requires = "kernel"
    )]
    pub(crate) kernel_worker: Option<Vec<String>>,

    /// Scenarios to run at once (default: one a processor). The results do not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,

    /// What packetdrill scripts are played with.
    #[command(flatten)]
    pub(crate) scripts: Scripts,
}

/// The heading of the arguments that are for traces alone.
const TRACES: &str = "Traces";

/// What is written of traces.
#[derive(Debug, clap::Args)]
pub(crate) struct TraceArgs {
    /// The formats of traces: pcapng, text, pcap (default: pcapng; of -w, that of the extension).
    #[arg(
        help_heading = TRACES,
        long,
        value_name = "FORMAT,...",
        value_delimiter = ',',
        value_parser = format_named
    )]
    pub(crate) format: Vec<TraceFormat>,

    /// Whether socket calls and what became of packets are rows. Programs on libpcap, such as
    /// tcpdump, read no file that has rows.
    #[arg(
        help_heading = TRACES,
        long,
        value_enum,
        default_value_t,
        value_name = "WHICH",
        conflicts_with = "bless"
    )]
    pub(crate) events: Events,

    /// Give each scenario addresses, ports and a time of its own, for traces that are to be merged.
    #[arg(help_heading = TRACES, long, conflicts_with = "bless")]
    pub(crate) distinct: bool,
}

/// Which events are rows of a trace.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Events {
    /// Socket calls, and what became of packets.
    #[default]
    Rows,
    /// None: packets alone.
    None,
}

/// The heading of the arguments that are for packetdrill scripts alone.
const SCRIPTS: &str = "Packetdrill scripts";

/// The system under test of scripts where none is named.
pub(crate) const SCRIPT_PROFILE: &str = "linux";

/// What packetdrill scripts are read with.
#[derive(Debug, clap::Args)]
pub(crate) struct ScriptOptions {
    /// The system under test: of a scenario the profile of its first host, whose calls are put into
    /// the words of that system; of a packetdrill script one with the calls of POSIX (default:
    /// linux).
    #[arg(help_heading = SCRIPTS, long, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// What to play scripts over: ipv4, ipv4-mapped-ipv6 or ipv6 (default: what a script says, or
    /// ipv4).
    #[arg(help_heading = SCRIPTS, long, value_name = "VERSION")]
    pub(crate) ip_version: Option<String>,

    /// Define a symbol.
    #[arg(help_heading = SCRIPTS, short = 'D', long, value_name = "NAME=VALUE")]
    pub(crate) define: Vec<String>,
}

impl ScriptOptions {
    /// Gives the same to another process.
    #[cfg(target_os = "linux")]
    pub(super) fn push_to(&self, command: &mut std::process::Command) {
        if let Some(profile) = &self.profile {
            command.arg("--profile").arg(profile);
        }
        if let Some(version) = &self.ip_version {
            command.arg("--ip-version").arg(version);
        }
        for symbol in &self.define {
            command.arg("--define").arg(symbol);
        }
    }
}

impl Scripts {
    /// Whether any of them was given that changes how scripts are played, and means nothing to a
    /// scenario.
    pub(super) fn say_something(&self) -> bool {
        let ScriptOptions {
            profile: _,
            ip_version,
            define,
        } = &self.options;
        self.leftovers || ip_version.is_some() || !define.is_empty()
    }
}

/// Arguments of `run` for packetdrill scripts.
#[derive(Debug, clap::Args)]
pub(crate) struct Scripts {
    /// What they are read with.
    #[command(flatten)]
    pub(crate) options: ScriptOptions,

    /// Fail a script by whose end the host has sent a packet that no line expects.
    #[arg(help_heading = SCRIPTS, long)]
    pub(crate) leftovers: bool,

    /// Let scripts that have something that cannot be played not count.
    #[arg(help_heading = SCRIPTS, long)]
    pub(crate) allow_unsupported: bool,
}

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Scenario files, packetdrill scripts (.pkt), folders, or names under scenarios/ (default: all
    /// of scenarios/).
    pub(crate) paths: Vec<PathBuf>,

    /// Give a key of the scenario another value first, as `run` does.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,

    /// Let scripts that have something that cannot be played not count.
    #[arg(help_heading = SCRIPTS, long)]
    pub(crate) allow_unsupported: bool,

    /// What packetdrill scripts are read with.
    #[command(flatten)]
    pub(crate) scripts: ScriptOptions,
}

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Scenario files, packetdrill scripts (.pkt), folders, or names under scenarios/ (default: all
    /// of scenarios/).
    pub(crate) paths: Vec<PathBuf>,

    /// Print it as JSON: name, file, kind, claim and combinations of each.
    #[arg(long)]
    pub(crate) json: bool,

    /// What packetdrill scripts are read with.
    #[command(flatten)]
    pub(crate) scripts: ScriptOptions,
}

/// Arguments of `docs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Docs {
    /// The document, such as tutorial or recipes/half-close (default: a list of all).
    pub(crate) name: Option<String>,
}

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// A scenario: a file, or a name under scenarios/; a packetdrill script (.pkt); or a trace: any
    /// pcapng or pcap file.
    #[arg(value_name = "SCENARIO|TRACE")]
    pub(crate) path: PathBuf,

    /// How to draw it.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: PictureFormat,

    /// Draw the sequence graph instead of the ladder: octets over time.
    #[arg(long)]
    pub(crate) graph: bool,

    /// How time goes along the graph.
    #[arg(long, value_enum, default_value_t, value_name = "SCALE")]
    pub(crate) time: TimeScale,

    /// Write it to this file; - is standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Open that file when it is written.
    #[arg(long, requires = "output")]
    pub(crate) open: bool,

    /// Draw only the packets and calls of these hosts.
    #[arg(long = "host", value_name = "HOST,...", value_delimiter = ',')]
    pub(crate) hosts: Vec<String>,

    /// Draw only this connection, by its number: they are counted in the order in which they begin.
    #[arg(long, value_name = "N")]
    pub(crate) connection: Option<usize>,

    /// Draw only what happened from this moment on: `10s`, `1.5s`, `250ms`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<Duration>,

    /// Draw only what happened up to this moment.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Duration>,

    /// The host whose clock is shown (default: the first host of the scenario).
    #[arg(long, value_name = "HOST")]
    pub(crate) at: Option<String>,

    /// Draw every row: fold none that is repeated.
    #[arg(long)]
    pub(crate) all: bool,

    /// Draw text so many columns wide (default: as wide as the terminal, or 120).
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=400))]
    pub(crate) width: Option<u16>,

    /// Give a key of the scenario another value, as `run` does. Of a sweep the first combination is
    /// shown, and a key of it that is set has that value.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,

    /// Replace the seed of the scenario.
    #[arg(
        long,
        env = "HANGUP_SEED",
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64)
    )]
    pub(crate) seed: Option<u64>,

    /// What a packetdrill script is played with.
    #[command(flatten)]
    pub(crate) scripts: ScriptOptions,
}

/// What a picture is drawn as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum PictureFormat {
    /// A ladder for the terminal.
    #[default]
    Text,
    /// A drawing: the ladder, or with --graph the sequence graph.
    Svg,
    /// A ladder as a sequence diagram of Mermaid.
    Mermaid,
    /// A page with the ladder, the sequence graph, the calls and the trace.
    Html,
    /// The sequence graph for xplot.
    Xplot,
}

/// Arguments of `compare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Compare {
    /// The scenario: a file, or a name under scenarios/.
    #[arg(value_name = "SCENARIO")]
    pub(crate) path: PathBuf,

    /// The systems to compare, by their profiles: built-in ones, or the scenario's own.
    #[arg(
        long,
        short,
        value_name = "PROFILE,...",
        value_delimiter = ',',
        default_value = "wsprecvdisconnect,winsock,linux,freebsd,macos"
    )]
    pub(crate) profiles: Vec<String>,

    /// Give a key of the scenario another value, as `run` does. Of a sweep the first combination is
    /// compared, and a key of it that is set has that value.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) settings: Vec<Setting>,

    /// The host that is another system each time (default: the first that has a system).
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,

    /// Replace the seed of the scenario.
    #[arg(long, env = "HANGUP_SEED", value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Draw so many columns wide (default: as wide as the terminal, or 120).
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=400))]
    pub(crate) width: Option<u16>,

    /// Draw all rows. Of more than 24 between two calls the first and the last are drawn otherwise.
    #[arg(long, conflicts_with_all = ["json", "html"])]
    pub(crate) all_rows: bool,

    /// Print it as JSON.
    #[arg(long)]
    pub(crate) json: bool,

    /// Say in which knobs the profiles differ, and behind each value how it is known.
    #[arg(long, conflicts_with = "html")]
    pub(crate) why: bool,

    /// Write it to this file as a page; - is standard output.
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub(crate) html: Option<PathBuf>,

    /// Open that file when it is written.
    #[arg(long, requires = "html")]
    pub(crate) open: bool,
}

/// Arguments of `contract`.
#[derive(Debug, clap::Args)]
pub(crate) struct Contract {
    /// Only the statements of these documents, such as wsarecvdisconnect (default: all).
    #[arg(value_name = "DOCUMENT")]
    pub(crate) documents: Vec<String>,

    /// Print it as JSON.
    #[arg(long, conflicts_with = "markdown")]
    pub(crate) json: bool,

    /// Print it as Markdown, with links to the scenarios from a document in docs/.
    #[arg(long)]
    pub(crate) markdown: bool,

    /// Write it to this file as a page; - is standard output.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "markdown"])]
    pub(crate) html: Option<PathBuf>,

    /// Open that file when it is written.
    #[arg(long, requires = "html")]
    pub(crate) open: bool,
}

/// Arguments of `profiles`.
#[derive(Debug, clap::Args)]
pub(crate) struct Profiles {
    /// The profile to print, every value of it, as a section that can stand in a scenario.
    pub(crate) name: Option<String>,

    /// Say behind each value how it is known and where it is from.
    #[arg(long, requires = "name", conflicts_with = "json")]
    pub(crate) why: bool,

    /// Print it as JSON, every value with how it is known and where it is from.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `wireshark`.
#[derive(Debug, clap::Args)]
pub(crate) struct Wireshark {
    /// What to do.
    #[command(subcommand)]
    pub(crate) action: WiresharkAction,
}

/// What `wireshark` does.
#[derive(Debug, Subcommand)]
pub(crate) enum WiresharkAction {
    /// Write the profile `hangup` (columns, colours, filter buttons), and link this program where
    /// Wireshark looks for sources of packets, so that each folder of scenarios is an interface to
    /// capture from. What is there already stays.
    Install {
        /// Write a post-dissector, too: fields for filters, columns and graphs, such as
        /// hangup.held, hangup.call and hangup.error.
        #[arg(long)]
        lua: bool,
    },
    /// Remove the files and links that are as they were installed.
    Uninstall,
    /// Say what is installed where, and which Wireshark there is. Exits with 1 unless all is.
    Check,
    /// Open a trace in Wireshark with the profile, which is installed where it is missing.
    Open {
        /// The trace.
        trace: PathBuf,
    },
}

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// List the fields that the filters of [[expect]] have instead.
    #[arg(long)]
    pub(crate) filters: bool,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Color {
    /// Where standard output or error is a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    pub(crate) fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}
