//! `hangup bench exhaustion`: reads a plan from the arguments, runs its rows on many threads, and
//! writes them.

use std::path::Path;

use rayon::prelude::*;

use super::args::Exhaustion;
use super::outputs::{Outputs, draw};
use super::{progress, replay};
use crate::bench::{
    Axis, Case, Finished, MeasureError, PLAN_OCTETS_MOST, Plan, ROWS_MOST, Row, RowFilter, Shard,
    differing, html, sweep, table,
};
use crate::cli::args::Limits;
use crate::cli::bounds::Pool;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, environment, usage};
use crate::cli::{interrupt, report};
use crate::diagnostic::{Colour, Source, clean};
use crate::files;
use crate::language::names::nearest;
use crate::picture;
use crate::scenario::Setting;

/// How many rows are given to the threads at once. They are written before the next ones begin.
const BATCH: usize = 512;

/// How many rows a table can be made of: what it is made of has to be remembered.
const REMEMBERED_MOST: usize = 200_000;

pub(super) fn exhaustion(args: &Exhaustion, limits: &Limits, quiet: bool) -> Result<Exit, Failure> {
    let plan = plan(args)?;
    if let Some(id) = args.row {
        return replay::row(args, &plan, id, limits, quiet);
    }
    let wanted = count(args, &plan)?;
    let mut finished = Finished::default();
    let mut outputs = Outputs::open(args, &plan, &mut finished)?;
    let threads = args.jobs.map_or(0, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|error| environment(format!("cannot start threads: {error}")))?;
    interrupt::listen().map_err(environment)?;
    let bounds = Pool::new(limits, pool.current_num_threads());
    let bar = progress::bar(wanted, quiet);
    let mut rows = plan.rows();
    let mut remembered = Vec::new();
    let mut done = 0;
    let mut stopped = None;
    loop {
        let batch: Vec<(u64, Case)> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() || stopped.is_some() {
            break;
        }
        let one = |&(id, case): &(u64, Case)| {
            let known = finished.row(id).cloned();
            known.unwrap_or_else(|| Row::run(id, case, &bounds.claim(None)))
        };
        let mut rows: Vec<Row> = pool.install(|| batch.par_iter().map(one).collect());
        // In order, up to the first that was stopped.
        let reached = |row: &Row| match row.result {
            Err(MeasureError::Stopped(reached)) => Some((row.id, reached)),
            Ok(_) | Err(_) => None,
        };
        stopped = rows.iter().find_map(reached);
        if let Some((id, _)) = stopped {
            rows.retain(|row| row.id < id);
        }
        outputs.write(&rows)?;
        done += rows.len() as u64;
        bar.inc(rows.len() as u64);
        let room = REMEMBERED_MOST - remembered.len();
        remembered.extend(rows.into_iter().take(room));
    }
    bar.finish_and_clear();
    if !quiet && !outputs.own_standard_output {
        show(args, &remembered)?;
    }
    if let Some(path) = &args.svg {
        draw(path, &sweep(&remembered, picture::Place::File))?;
    }
    if let Some(path) = &args.html {
        draw(path, &html(&remembered))?;
    }
    if done > remembered.len() as u64 {
        let text = format!("hangup: table and plots are of the first {REMEMBERED_MOST} rows\n");
        report::complain(&text);
    }
    if let Some((id, reached)) = stopped {
        report::complain(&format!("hangup: {done} of {wanted} rows are finished\n"));
        return Err(replay::stopped(id, reached));
    }
    Ok(Exit::Held)
}

/// Prints the table of rows.
fn show(args: &Exhaustion, rows: &[Row]) -> Result<(), Failure> {
    let width = report::table_width();
    let mut text = table(rows, args.top, width);
    text.push_str(&differing(rows, args.top, width));
    report::print(&text)
}

/// The plan that the arguments say.
fn plan(args: &Exhaustion) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    if let Some(path) = &args.plan {
        let text = read(path)?;
        plan.read(&text).map_err(|error| {
            let source = Source::new(path, text.as_str());
            let shown = error.0.iter().map(|it| source.render(it, Colour::Ansi));
            let shown: String = shown.collect();
            let path = path.to_string_lossy();
            let text = format!("hangup: {}: {error}\n{}\n", clean(&path), shown.trim_end());
            Failure::shown(Exit::Usage, text)
        })?;
    }
    for (axis, values) in &args.axes.0 {
        plan.set(*axis, values)
            .map_err(|error| usage(format!("--{error}")))?;
    }
    report::few_enough(&args.settings)?;
    let mut turned = Vec::new();
    for setting in &args.settings {
        let complain = |error| usage(format!("--set {}: {error}", setting.text()));
        match place(setting).map_err(complain)? {
            Place::Axis(axis) => plan.set(axis, &setting.value().1).map_err(complain)?,
            Place::Knob(side, knob) => turned.push((side, knob, setting)),
        }
    }
    if args.plan.is_none() && plan.is_empty() {
        plan = Plan::default_sweep();
    }
    for (side, knob, setting) in turned {
        plan.turn(side, &format!("{knob}={}", setting.value().1))
            .map_err(|error| usage(format!("--set {}: {error}", setting.text())))?;
    }
    for text in &args.filter {
        let filter = RowFilter::parse(text);
        plan.add(filter.map_err(|it| report::wrong_option("--filter", text, &it))?);
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

/// What a setting is about.
enum Place<'s> {
    /// Values of an axis, as its flag has them.
    Axis(Axis),
    /// A knob of the profiles of one side.
    Knob(Axis, &'s str),
}

/// What a setting is about: `sweep.AXIS` as in a plan file, `AXIS`, or `sender.KNOB`.
fn place(setting: &Setting) -> Result<Place<'_>, String> {
    let key = setting.key();
    let key = key.strip_prefix("sweep.").unwrap_or(key);
    let axis = |name: &str| {
        Axis::named(name).ok_or_else(|| {
            let names: Vec<&str> = Axis::all().map(Axis::name).collect();
            let near = nearest(name, &names).unwrap_or("window");
            format!("no axis is called `{name}`; write `{near}=...` or `sender.rto.min=1s`")
        })
    };
    match key.split_once('.') {
        None => axis(key).map(Place::Axis),
        Some((side @ ("sender" | "receiver"), knob)) => Ok(Place::Knob(axis(side)?, knob)),
        Some((side, _)) => Err(format!(
            "`{side}` has no knobs; the hosts are `sender` and `receiver`"
        )),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    // One octet more than may be there: then it is too long, and the plan says so.
    let octets = files::read(path, PLAN_OCTETS_MOST as u64 + 1)
        .map_err(|error| environment(format!("cannot read {}: {error}", path.display())))?;
    String::from_utf8(octets)
        .map_err(|error| usage(format!("{}: it is no text: {error}", path.display())))
}

/// How many rows there are.
fn count(args: &Exhaustion, plan: &Plan) -> Result<u64, Failure> {
    let product = plan.product();
    let shown = product.map_or_else(|| "more than 2^64".to_owned(), |rows| rows.to_string());
    let confirmed = args.yes || args.sample.is_some();
    if product.is_none() || (product > Some(ROWS_MOST) && !confirmed) {
        let advice = match product {
            None => "that is more than can be counted",
            Some(_) => "--yes runs them all the same, --sample N some of them",
        };
        return Err(usage(format!(
            "the sweep has {shown} rows, and {ROWS_MOST} is the most: {advice}"
        )));
    }
    match plan.rows().count() as u64 {
        0 => Err(Failure::new(
            Exit::Nothing,
            format_args!("no row is left of {shown}: the filters or the shard take none"),
        )),
        rows => Ok(rows),
    }
}
