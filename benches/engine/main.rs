//! The engine benchmark: how many octets and frames a second the emulated network carries.
//!
//! One bulk transfer in segments of 1460 octets over a link without delay, made by two of our
//! hosts, and the same by two bare smoltcp interfaces with smoltcp's own TCP sockets. All of them
//! take turns within one run, so that whatever else the machine does burdens them alike; the
//! median round counts.
//!
//! `cargo bench` measures. Without cargo's `--bench` (as in `cargo test --benches`) one short round
//! shows that everything still runs.

#[path = "../allocator/mod.rs"]
mod allocator;
mod bare;
mod ours;
mod transfer;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use transfer::{SEGMENT_OCTETS, Stalled};

/// The limits of what can be asked for, so that no wish runs for days.
const MEBIBYTES_MAX: usize = 16 * 1024;
const ROUNDS_MAX: usize = 1001;

/// Something that carries out the transfer. Frames that wait for a host are taken in together and
/// answered together, or each is answered before the next is seen; what is compared takes them in
/// alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    /// Two smoltcp interfaces, each polled once for all frames that wait: the usual way.
    Bare,
    /// Two of our hosts with a receive offload.
    Ours,
    /// Two smoltcp interfaces that answer each frame before they see the next one.
    BareSingle,
    /// Two of our hosts as they are.
    OursSingle,
}

impl Engine {
    /// All of them, in the order of the table.
    const ALL: [Self; 4] = [Self::Bare, Self::Ours, Self::BareSingle, Self::OursSingle];

    /// What it is compared with.
    fn reference(self) -> Self {
        match self {
            Self::Bare | Self::Ours => Self::Bare,
            Self::BareSingle | Self::OursSingle => Self::BareSingle,
        }
    }

    /// The name in the table.
    fn title(self) -> &'static str {
        match self {
            Self::Bare => "smoltcp, all waiting frames a poll",
            Self::Ours => "hangup, with a receive offload",
            Self::BareSingle => "smoltcp, one frame a poll",
            Self::OursSingle => "hangup, one frame at a time",
        }
    }

    /// The name that `--only` takes.
    fn argument(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Ours => "ours",
            Self::BareSingle => "bare-single",
            Self::OursSingle => "ours-single",
        }
    }

    /// Carries `octets` from one end to the other.
    fn transfer(self, octets: usize) -> Result<(), Stalled> {
        match self {
            Self::Bare => bare::transfer(octets, bare::Polling::Batch).map(drop),
            Self::Ours => ours::transfer(octets, ours::Intake::Offload),
            Self::BareSingle => bare::transfer(octets, bare::Polling::Single).map(drop),
            Self::OursSingle => ours::transfer(octets, ours::Intake::Single),
        }
    }

    /// How many frames, in both directions, carry `octets`. Not timed; a run is deterministic, so
    /// that the timed rounds need not count.
    fn frames(self, octets: usize) -> Result<u64, Stalled> {
        match self {
            Self::Bare => bare::transfer(octets, bare::Polling::Batch),
            Self::Ours => ours::frames(octets, ours::Intake::Offload),
            Self::BareSingle => bare::transfer(octets, bare::Polling::Single),
            Self::OursSingle => ours::frames(octets, ours::Intake::Single),
        }
    }
}

/// What to measure.
#[derive(Debug)]
struct TransferPlan {
    octets: usize,
    rounds: usize,
    engines: Vec<Engine>,
}

impl TransferPlan {
    /// Reads the arguments of the command line, without the program's name.
    ///
    /// # Errors
    /// A sentence for the person who typed them.
    fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.peekable();
        let mut mebibytes = 64;
        let mut rounds = 9;
        let mut engines = Engine::ALL.to_vec();
        let mut measured = false;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => measured = true,
                "--mebibytes" => mebibytes = number(&argument, arguments.next(), MEBIBYTES_MAX)?,
                "--rounds" => rounds = number(&argument, arguments.next(), ROUNDS_MAX)?,
                "--only" => engines = vec![engine(arguments.next())?],
                _ => {
                    return Err(format!(
                        "unknown argument {argument}; \
                         there are --mebibytes N, --rounds N, --only ENGINE"
                    ));
                }
            }
        }
        if !measured {
            (mebibytes, rounds) = (1, 1);
        }
        Ok(Self {
            octets: mebibytes * 1024 * 1024,
            rounds,
            engines,
        })
    }
}

/// The value of an argument that takes a number from 1 to `max`.
fn number(argument: &str, value: Option<String>, max: usize) -> Result<usize, String> {
    value
        .and_then(|value| value.parse().ok())
        .filter(|value| (1..=max).contains(value))
        .ok_or_else(|| format!("{argument} takes a whole number from 1 to {max}"))
}

/// The value of `--only`.
fn engine(value: Option<String>) -> Result<Engine, String> {
    Engine::ALL
        .into_iter()
        .find(|engine| value.as_deref() == Some(engine.argument()))
        .ok_or_else(|| {
            let names = Engine::ALL.map(Engine::argument);
            format!("--only takes one of {}", names.join(", "))
        })
}

/// What the rounds of one engine came to.
#[derive(Debug)]
struct Measurement {
    engine: Engine,
    frames: u64,
    rounds: Vec<Duration>,
}

impl Measurement {
    /// The round in the middle, in seconds.
    fn median_seconds(&self) -> f64 {
        let mut rounds = self.rounds.clone();
        rounds.sort_unstable();
        rounds[rounds.len() / 2].as_secs_f64()
    }

    /// How far apart the fastest and the slowest round are, as a share of the median.
    fn spread(&self) -> f64 {
        let fastest = self.rounds.iter().min().map_or(0.0, Duration::as_secs_f64);
        let slowest = self.rounds.iter().max().map_or(0.0, Duration::as_secs_f64);
        (slowest - fastest) / self.median_seconds()
    }
}

/// Makes all rounds, the engines in turn.
fn measure(plan: &TransferPlan) -> Result<Vec<Measurement>, String> {
    let failed = |engine: Engine, error: Stalled| format!("{}: {error}", engine.title());
    let mut measurements = Vec::new();
    for &engine in &plan.engines {
        let frames = engine
            .frames(plan.octets)
            .map_err(|error| failed(engine, error))?;
        measurements.push(Measurement {
            engine,
            frames,
            rounds: Vec::new(),
        });
    }
    for _ in 0..plan.rounds {
        for measurement in &mut measurements {
            let engine = measurement.engine;
            let begin = Instant::now();
            engine
                .transfer(plan.octets)
                .map_err(|error| failed(engine, error))?;
            measurement.rounds.push(begin.elapsed());
        }
    }
    Ok(measurements)
}

/// The table that people read.
fn table(plan: &TransferPlan, measurements: &[Measurement]) -> String {
    let mut text = format!(
        "{} MiB one way in segments of {SEGMENT_OCTETS} octets, no delay; \
         median of {} round(s)\n\n",
        plan.octets / (1024 * 1024),
        plan.rounds,
    );
    let _ = writeln!(
        text,
        "{:<36}{:>14}{:>14}{:>10}{:>9}{:>8}",
        "", "octets/s", "frames/s", "frames", "spread", "ratio"
    );
    for measurement in measurements {
        let seconds = measurement.median_seconds();
        let reference = measurement.engine.reference();
        let reference = measurements.iter().find(|it| it.engine == reference);
        let ratio = reference.map_or(1.0, |it| it.median_seconds() / seconds);
        let _ = writeln!(
            text,
            "{:<36}{:>14.0}{:>14.0}{:>10}{:>8.0}%{:>8.2}",
            measurement.engine.title(),
            plan.octets as f64 / seconds,
            measurement.frames as f64 / seconds,
            measurement.frames,
            measurement.spread() * 100.0,
            ratio,
        );
    }
    text
}

fn main() -> ExitCode {
    let plan = match TransferPlan::from_arguments(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(message) => {
            eprintln!("engine benchmark: {message}");
            return ExitCode::from(2);
        }
    };
    match measure(&plan) {
        Ok(measurements) => {
            print!("{}", table(&plan, &measurements));
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("engine benchmark: {message}");
            ExitCode::FAILURE
        }
    }
}
