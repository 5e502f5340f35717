//! A line for each scenario.

use std::time::Duration;

use super::{Case, CaseVerdict, Golden, Summary};

/// The line of a scenario.
pub(super) fn case(case: &Case, width: usize) -> String {
    let (verdict, name) = (case.verdict.name(), &case.name);
    let Some(virtual_time) = case.virtual_time else {
        return format!("{verdict:<7}  {name}\n");
    };
    let remark = match &case.golden {
        Some(Golden::Differs { path, line }) => {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("  differs from {path}{line}")
        }
        Some(Golden::Same | Golden::Missing) | None => String::new(),
    };
    format!(
        "{verdict:<7}  {name:width$}  {:>10} s virtual  {:>9} wall{remark}\n",
        format!("{:.3}", virtual_time.as_secs_f64()),
        wall_time(case.wall),
    )
}

/// The last line.
pub(super) fn summary(summary: &Summary) -> String {
    let Summary {
        held,
        failed,
        unable,
        not_run,
        differ,
        wall,
        traces,
    } = summary;
    let mut text = format!("{held} of {} scenarios held", summary.total());
    for (count, what) in [
        (failed, CaseVerdict::Failed.name()),
        (unable, "could not be run"),
        (not_run, CaseVerdict::NotRun.name()),
    ] {
        if *count > 0 {
            text.push_str(&format!(", {count} {what}"));
        }
    }
    match differ {
        0 => {}
        1 => text.push_str("; 1 trace differs from captures/"),
        count => text.push_str(&format!("; {count} traces differ from captures/")),
    }
    text.push_str(&format!(" ({})", wall_time(*wall)));
    if let Some(place) = traces {
        text.push_str(&format!("; traces are in {place}/"));
    }
    text.push('\n');
    text
}

/// A time of the machine as verdicts have it.
pub(crate) fn wall_time(wall: Duration) -> String {
    let micros = wall.as_micros();
    if micros < 1_000_000 {
        format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
    } else {
        format!("{:.1} s", wall.as_secs_f64())
    }
}
