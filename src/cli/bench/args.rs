//! The arguments of `hangup bench`.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};

use crate::bench::Axis;
use crate::scenario::Setting;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) what: MeasurementCommand,
}

/// The measurements.
#[derive(Debug, Subcommand)]
pub(crate) enum MeasurementCommand {
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

    /// What can be varied.
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

    /// Write the plots and the table of the sweep to this file as a page.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "row",
        help_heading = "Output"
    )]
    pub(crate) html: Option<PathBuf>,

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

/// What was said of each axis: a flag an axis, in their order.
#[derive(Debug)]
pub(crate) struct Axes(pub(crate) Vec<(Axis, String)>);

impl Args for Axes {
    fn augment_args(command: Command) -> Command {
        Axis::all().fold(command, |command, axis| command.arg(flag(axis)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Axes {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let said = |axis: Axis| Some((axis, matches.get_one::<String>(axis.name())?.clone()));
        Ok(Self(Axis::all().filter_map(said).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(axis: Axis) -> Arg {
    let about = axis.about();
    let help = match axis.default_text() {
        Some(default) => format!("{about} (default: {default})"),
        None => about,
    };
    Arg::new(axis.name())
        .long(axis.name())
        .value_name(axis.plural())
        .help_heading("Axes")
        .help(help)
}
