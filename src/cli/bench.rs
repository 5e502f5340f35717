//! `hangup bench`

mod outputs;
mod progress;
mod replay;
mod sweep;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Exit;
use crate::scenario::Setting;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) what: What,
}

/// The measurements.
#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// How much a sender pushes into a window that nobody acknowledges, what stops it, and how it
    /// ends.
    ///
    /// Each row is a run of two hosts: handshake, warm-up, receive shutdown, a push that goes on
    /// until something stops it, and the sender's end. Values are lists and ranges, such as
    /// `1000..64KiB:x2` or `1ms..10ms:+1ms,50ms`; the rows are all combinations, in a fixed order.
    /// Without any axis the default sweep is run.
    Exhaustion(Box<Exhaustion>),
}

/// Arguments of `bench exhaustion`.
#[derive(Debug, Args)]
pub(crate) struct Exhaustion {
    /// A file with a [sweep]: values by axis, and filters. Flags replace what it says.
    pub(crate) plan: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) axes: Axes,

    /// Turn a knob of every sender or receiver (sender.rto.min=1s), or give an axis its values as
    /// its flag does (window=4000,8000).
    #[arg(long = "set", value_name = "KEY=VALUE", help_heading = "Rows")]
    pub(crate) settings: Vec<Setting>,

    /// Only rows that match: window<=64KiB, receiver=linux,freebsd, sender(win*), with `and`, `or`,
    /// `not` and parentheses (docs/selections.md). Each of several has to.
    #[arg(long, value_name = "EXPR", help_heading = "Rows")]
    pub(crate) filter: Vec<String>,

    /// Only so many rows, spread over all of them, the same each time.
    #[arg(long, value_name = "N", help_heading = "Rows",
        value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) sample: Option<u64>,

    /// Only part I of N, by the number of the row: for a job array.
    #[arg(long, value_name = "I/N", help_heading = "Rows")]
    pub(crate) shard: Option<String>,

    /// Take finished rows from this file, which an earlier run of the same sweep wrote, and run
    /// only the others. Several files, such as those of shards, are put together. A file that is
    /// also written to goes on where it ends.
    #[arg(long, value_name = "FILE", help_heading = "Rows")]
    pub(crate) resume: Vec<PathBuf>,

    /// Run this row alone; with -w its trace is kept.
    #[arg(long, value_name = "ID", help_heading = "Rows",
        conflicts_with_all = ["sample", "shard", "resume"])]
    pub(crate) row: Option<u64>,

    /// Run even more than ten million rows.
    #[arg(long, help_heading = "Rows")]
    pub(crate) yes: bool,

    /// Write the rows to this file as CSV; - is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) csv: Option<PathBuf>,

    /// Write the rows to this file as JSON, an object a line; - is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) json: Option<PathBuf>,

    /// Draw the sweep, or the one row as a sequence-time graph, into this file as SVG.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) svg: Option<PathBuf>,

    /// Write the trace of the one row to this file, as seen at the receiver; - is standard output.
    #[arg(
        short = 'w',
        long,
        value_name = "FILE",
        requires = "row",
        help_heading = "Output"
    )]
    pub(crate) trace: Option<PathBuf>,

    /// Rows that the table shows one by one; more are grouped.
    #[arg(long, value_name = "N", default_value_t = 60, help_heading = "Output")]
    pub(crate) top: usize,

    /// Rows to run at once (default: one a processor). The results do not depend on it.
    #[arg(short, long, value_name = "N", help_heading = "Output",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
}

/// What can be varied.
#[derive(Debug, Args)]
#[command(next_help_heading = "Axes")]
pub(crate) struct Axes {
    /// Who pushes: profiles (default: linux).
    #[arg(long, value_name = "PROFILES")]
    sender: Option<String>,

    /// Whose receive direction is shut down: profiles (default: wsprecvdisconnect).
    #[arg(long, value_name = "PROFILES")]
    receiver: Option<String>,

    /// What becomes of the acknowledgment of data that comes later: profile, normal, withhold,
    /// duplicate.
    #[arg(long, value_name = "WORDS")]
    acknowledge: Option<String>,

    /// Whether both offer selective acknowledgments: profile, on, off.
    #[arg(long, value_name = "WORDS")]
    sack: Option<String>,

    /// Whether both offer timestamps: profile, on, off.
    #[arg(long, value_name = "WORDS")]
    timestamps: Option<String>,

    /// The sender's congestion control: profile, none, reno, cubic.
    #[arg(long, value_name = "WORDS")]
    congestion: Option<String>,

    /// Octets that are taken and acknowledged before the shutdown (default: 0).
    #[arg(long, value_name = "SIZES")]
    warm_up: Option<String>,

    /// The receive buffer that the receiver asks for, from which its window follows: profile, or
    /// octets (default: 65535).
    #[arg(long, value_name = "SIZES")]
    window: Option<String>,

    /// The shift of the receiver's window: profile, off, 0 to 14.
    #[arg(long, value_name = "NUMBERS")]
    window_scale: Option<String>,

    /// The maximum segment size that both announce: profile, or octets.
    #[arg(long, value_name = "SIZES")]
    mss: Option<String>,

    /// How long a frame is on its way, one way (default: 100us).
    #[arg(long, value_name = "DURATIONS")]
    delay: Option<String>,

    /// What the link carries, each way: none (as much as there is), or bits a second such as
    /// 10Mbit.
    #[arg(long, value_name = "RATES")]
    rate: Option<String>,

    /// Frames that may wait for a link with a rate: none, or a number.
    #[arg(long, value_name = "NUMBERS")]
    queue: Option<String>,

    /// How likely a frame is lost, each way (default: 0).
    #[arg(long, value_name = "PROBABILITIES")]
    loss: Option<String>,

    /// Octets of each write of the sender's application (default: 1MiB).
    #[arg(long, value_name = "SIZES")]
    write: Option<String>,

    /// The sender's send buffer: profile, or octets.
    #[arg(long, value_name = "SIZES")]
    send_buffer: Option<String>,

    /// Octets that it has to send after the shutdown: auto (twice the window, 128KiB at least), or
    /// octets.
    #[arg(long, value_name = "SIZES")]
    offer: Option<String>,

    /// How long to watch after the shutdown, in virtual time (default: 20min).
    #[arg(long, value_name = "DURATIONS")]
    until: Option<String>,

    /// Seeds of the random choices (default: 0).
    #[arg(long, value_name = "NUMBERS")]
    seed: Option<String>,
}

impl Axes {
    /// What was said of each axis, by its name.
    fn said(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self {
            sender,
            receiver,
            acknowledge,
            sack,
            timestamps,
            congestion,
            warm_up,
            window,
            window_scale,
            mss,
            delay,
            rate,
            queue,
            loss,
            write,
            send_buffer,
            offer,
            until,
            seed,
        } = self;
        let all = [
            ("sender", sender),
            ("receiver", receiver),
            ("acknowledge", acknowledge),
            ("sack", sack),
            ("timestamps", timestamps),
            ("congestion", congestion),
            ("warm-up", warm_up),
            ("window", window),
            ("window-scale", window_scale),
            ("mss", mss),
            ("delay", delay),
            ("rate", rate),
            ("queue", queue),
            ("loss", loss),
            ("write", write),
            ("send-buffer", send_buffer),
            ("offer", offer),
            ("until", until),
            ("seed", seed),
        ];
        let said = all.into_iter();
        said.filter_map(|(name, values)| Some((name, values.as_deref()?)))
    }
}

pub(super) fn bench(args: &Bench, quiet: bool) -> Exit {
    match &args.what {
        What::Exhaustion(args) => sweep::exhaustion(args, quiet),
    }
}
