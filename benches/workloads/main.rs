//! Workloads: what the engine is used for, and how its cost grows.
//!
//! Short scenarios, rows of an exhaustion sweep, segments of many connections and of many hosts,
//! data that is held, timers. Each is repeated; the median round counts, and what is compared is
//! compared within one run.
//!
//! `cargo bench --bench workloads` measures; `-- NAME` one workload alone, for a profiler. Without
//! cargo's `--bench` (as in `cargo test --benches`) one small round of each shows that everything
//! still runs.

#[path = "../allocator/mod.rs"]
mod allocator;
mod effort;
mod held;
mod pair;
#[path = "../rounds/mod.rs"]
mod rounds;
mod rows;
mod short;
mod streams;
mod timers;

use std::process::ExitCode;

use effort::{Effort, Measured};

/// A workload: its name, what one of its units is called, and what measures it.
type Workload = (&'static str, &'static str, fn(Effort) -> Vec<Measured>);

const WORKLOADS: [Workload; 6] = [
    ("short", "run", short::measure),
    ("rows", "row", rows::measure),
    ("connections", "segment", streams::of_connections),
    ("hosts", "segment", streams::of_hosts),
    ("held", "octet", held::measure),
    ("timers", "timer", timers::measure),
];

fn report(name: &str, unit: &str, lines: &[Measured]) {
    println!("{name}");
    let each = |line: &Measured| line.time.as_nanos() as f64 / line.count.max(1) as f64;
    let first = lines.first().map_or(1.0, each);
    for line in lines {
        println!(
            "  {:<44}{:>12.1} ns a {unit}{:>14.0} {unit}s/s{:>8.2}  {}",
            line.name,
            each(line),
            line.count as f64 / line.time.as_secs_f64(),
            each(line) / first,
            line.remark
        );
    }
}

fn main() -> ExitCode {
    let mut effort = Effort::Least;
    let mut wanted = Vec::new();
    for argument in std::env::args().skip(1) {
        if argument == "--bench" {
            effort = Effort::Full;
        } else if WORKLOADS.iter().any(|(name, ..)| *name == argument) {
            wanted.push(argument);
        } else {
            let names = WORKLOADS.map(|(name, ..)| name).join(", ");
            eprintln!("workloads: unknown argument {argument}; there are {names}");
            return ExitCode::from(2);
        }
    }
    for (name, unit, measure) in WORKLOADS {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            report(name, unit, &measure(effort));
        }
    }
    ExitCode::SUCCESS
}
