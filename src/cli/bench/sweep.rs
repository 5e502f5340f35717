//! `hangup bench exhaustion`: a plan from arguments, its rows on many threads, and where they go.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{Exhaustion, progress};
use crate::bench::{
    Axis, Case, Format, PLAN_OCTETS_MOST, Plan, ROWS_MOST, Row, Shard, Writer, differing, table,
};
use crate::cli::{Exit, report};

/// How many rows are given to the threads at once. They are written before the next ones begin.
const BATCH: usize = 512;

/// How many rows a table can be made of: what it is made of has to be remembered.
const REMEMBERED_MOST: usize = 200_000;

pub(super) fn exhaustion(args: &Exhaustion, quiet: bool) -> Exit {
    match run(args, quiet) {
        Ok(exit) => exit,
        Err((exit, message)) => {
            if !message.is_empty() {
                report::complain(&format!("hangup: {message}\n"));
            }
            exit
        }
    }
}

/// What ends the program early, and what is to be said.
type Failure = (Exit, String);

fn run(args: &Exhaustion, quiet: bool) -> Result<Exit, Failure> {
    let plan = plan(args)?;
    let rows = count(args, &plan)?;
    let threads = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| environment(format!("cannot start threads: {error}")))?;
    let mut outputs = Outputs::open(args)?;
    let interrupted = interruption()?;
    let bar = progress::bar(rows, quiet);
    let mut sweep = plan.rows();
    let mut remembered = Vec::new();
    let mut done = 0;
    loop {
        let batch: Vec<(u64, Case)> = sweep.by_ref().take(BATCH).collect();
        if batch.is_empty() || interrupted.load(Ordering::Relaxed) {
            break;
        }
        let finished: Vec<Option<Row>> = pool.install(|| {
            let one = |&(id, case): &(u64, Case)| {
                let goes_on = !interrupted.load(Ordering::Relaxed);
                goes_on.then(|| Row::run(id, case))
            };
            batch.par_iter().map(one).collect()
        });
        // In order, up to the first that was not run.
        let finished: Vec<Row> = finished.into_iter().map_while(|row| row).collect();
        outputs.write(&finished)?;
        done += finished.len() as u64;
        bar.inc(finished.len() as u64);
        let room = REMEMBERED_MOST - remembered.len();
        remembered.extend(finished.into_iter().take(room));
    }
    bar.finish_and_clear();
    if !quiet && !outputs.own_standard_output {
        let mut text = table(&remembered, args.top);
        text.push_str(&differing(&remembered, args.top));
        report::print(&text).map_err(|exit| (exit, String::new()))?;
        if done > remembered.len() as u64 {
            let text = format!("the table is of the first {REMEMBERED_MOST} rows\n");
            report::complain(&text);
        }
    }
    if done < rows {
        let message = format!("interrupted: {done} of {rows} rows are finished");
        return Err((Exit::Interrupted, message));
    }
    Ok(Exit::Held)
}

fn usage(message: impl Into<String>) -> Failure {
    (Exit::Usage, message.into())
}

fn environment(message: impl Into<String>) -> Failure {
    (Exit::Environment, message.into())
}

/// The plan that the arguments say.
fn plan(args: &Exhaustion) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    if let Some(path) = &args.plan {
        let text = read(path)?;
        let complain = |error| usage(format!("{}: {error}", path.display()));
        plan.read(&text).map_err(complain)?;
    }
    for (name, values) in args.axes.said() {
        let axis = Axis::named(name).expect("each flag is an axis");
        plan.set(axis, values)
            .map_err(|error| usage(format!("--{error}")))?;
    }
    if args.plan.is_none() && plan.is_empty() {
        plan = Plan::default_sweep();
    }
    for filter in &args.filter {
        plan.filter(filter)
            .map_err(|error| usage(format!("--{error}")))?;
    }
    if let Some(rows) = args.sample {
        plan.sample(rows);
    }
    if let Some(shard) = &args.shard {
        let shard = Shard::parse(shard).map_err(|error| usage(format!("--shard {error}")))?;
        plan.shard(shard);
    }
    Ok(plan)
}

fn read(path: &Path) -> Result<String, Failure> {
    let cannot = |error| environment(format!("cannot read {}: {error}", path.display()));
    let mut text = String::new();
    let file = File::open(path).map_err(cannot)?;
    // One octet more than may be there: then it is too long, and the plan says so.
    let most = PLAN_OCTETS_MOST as u64 + 1;
    file.take(most).read_to_string(&mut text).map_err(cannot)?;
    Ok(text)
}

/// How many rows there are.
fn count(args: &Exhaustion, plan: &Plan) -> Result<u64, Failure> {
    let product = plan.product();
    let shown = product.map_or_else(|| "more than 2^64".to_owned(), |rows| rows.to_string());
    if product.is_none() || (product > Some(ROWS_MOST) && !args.yes) {
        let advice = match product {
            None => "that is more than can be counted",
            Some(_) => "--yes runs them all the same, --sample N some of them",
        };
        return Err(usage(format!(
            "the sweep has {shown} rows, and {ROWS_MOST} is the most: {advice}"
        )));
    }
    match plan.rows().count() as u64 {
        0 => Err((
            Exit::Nothing,
            format!("no row is left of {shown}: the filters or the shard take none"),
        )),
        rows => Ok(rows),
    }
}

/// Whether somebody wants the sweep to end.
fn interruption() -> Result<Arc<AtomicBool>, Failure> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .map_err(|error| environment(format!("cannot take signals: {error}")))?;
    Ok(interrupted)
}

/// The files that rows go to.
struct Outputs {
    writers: Vec<(String, Writer<Box<dyn Write>>)>,
    own_standard_output: bool,
}

impl Outputs {
    fn open(args: &Exhaustion) -> Result<Self, Failure> {
        let mut outputs = Self {
            writers: Vec::new(),
            own_standard_output: false,
        };
        let files = [(&args.csv, Format::Csv), (&args.json, Format::Json)];
        for (path, format) in files {
            let Some(path) = path else { continue };
            let out: Box<dyn Write> = if path.as_os_str() == "-" {
                if outputs.own_standard_output {
                    return Err(usage("--csv and --json cannot both be standard output"));
                }
                outputs.own_standard_output = true;
                Box::new(std::io::stdout())
            } else {
                let file = File::create(path).map_err(|error| cannot_write(path, &error))?;
                Box::new(BufWriter::new(file))
            };
            let writer =
                Writer::new(out, format, true).map_err(|error| cannot_write(path, &error))?;
            outputs.writers.push((path.display().to_string(), writer));
        }
        Ok(outputs)
    }

    fn write(&mut self, rows: &[Row]) -> Result<(), Failure> {
        for (path, writer) in &mut self.writers {
            writer
                .write(rows)
                .map_err(|error| cannot_write(Path::new(path), &error))?;
        }
        Ok(())
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let name = if path.as_os_str() == "-" {
        "standard output".to_owned()
    } else {
        path.display().to_string()
    };
    environment(format!("cannot write {name}: {error}"))
}
