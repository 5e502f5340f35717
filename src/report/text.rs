//! The report for people: a line for each scenario.

use std::time::Duration;

use super::case::{CaseVerdict, Golden, Problem, TestCase};
use super::format::{Contents, ReportFormat, ReportWriter};
use super::summary::{Counts, Summary};
use crate::diagnostic::clean;
use crate::language::cells::{padded, widest};
use crate::scenario::for_shell;

pub(super) const FORMAT: ReportFormat = ReportFormat {
    name: "text",
    about: "A line for each scenario",
    for_people: true,
    has_sections: false,
    new: |contents| Box::new(Text(contents)),
};

#[derive(Debug)]
struct Text(Contents);

impl ReportWriter for Text {
    fn case(&mut self, case: &TestCase) -> String {
        line(case, self.0.width, self.0.scripts > 0)
    }

    fn end(&self, summary: &Summary) -> String {
        self::summary(summary)
    }
}

/// The line of a scenario or script; with scripts among the cases there are longer verdicts.
fn line(case: &TestCase, width: usize, with_scripts: bool) -> String {
    let (verdict, name) = (case.verdict.name(), clean(&case.name));
    let column = match with_scripts {
        true => CaseVerdict::Unsupported.name().len(),
        false => CaseVerdict::NotRun.name().len(),
    };
    if case.verdict == CaseVerdict::Unsupported {
        return format!("{verdict:<column$}  {}\n", reason(case));
    }
    let Some(virtual_time) = case.virtual_time else {
        return format!("{verdict:<column$}  {name}\n");
    };
    let remark = match &case.golden {
        Some(Golden::Differs { path, line }) => {
            let line = line.map(|line| format!(":{line}")).unwrap_or_default();
            format!("  differs from {}{line}", clean(path))
        }
        Some(Golden::Same | Golden::Missing) | None => String::new(),
    };
    format!(
        "{verdict:<column$}  {}  {:>10} s virtual  {:>9} wall{remark}\n",
        padded(&name, width),
        format!("{:.3}", virtual_time.as_secs_f64()),
        wall_time(case.wall),
    )
}

/// The name of a script that cannot be played, with the first reason and its line.
fn reason(case: &TestCase) -> String {
    let name = clean(&case.name);
    let Some((Problem { message, place, .. }, others)) = case.problems.split_first() else {
        return name.into_owned();
    };
    let line = place
        .as_ref()
        .map(|it| format!(":{}", it.line))
        .unwrap_or_default();
    let more = match others.len() {
        0 => String::new(),
        count => format!(" (and {count} more)"),
    };
    format!("{name}{line}: {message}{more}")
}

/// The last lines.
pub(super) fn summary(summary: &Summary) -> String {
    let Summary {
        counts,
        scripts: _,
        folders,
        reasons,
        differ,
        wall,
        traces,
        next,
    } = summary;
    let mut text = String::new();
    if folders.len() > 1 {
        let rows = folders.iter().map(|(name, counts)| (clean(name), counts));
        let rows: Vec<_> = rows.collect();
        text.push_str(&table(
            rows.iter()
                .map(|(name, counts)| (&**name, *counts))
                .collect(),
        ));
    }
    if counts.unsupported > 1 {
        text.push_str(&why(reasons));
    }
    let total = counts.total();
    text.push_str(&format!(
        "{} of {total} {} held",
        counts.held,
        summary.what()
    ));
    for (count, what) in [
        (counts.failed, CaseVerdict::Failed.name()),
        (counts.unsupported, CaseVerdict::Unsupported.name()),
        (counts.unable, "could not be run"),
        (counts.not_run, CaseVerdict::NotRun.name()),
    ] {
        if count > 0 {
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
        text.push_str(&format!("; traces are in {}/", clean(place)));
    }
    text.push('\n');
    if let (Some(place), Some(name)) = (traces, next) {
        let trace = for_shell(&clean(&format!("{place}/{name}.pcapng")));
        text.push_str(&format!(
            "open next: wireshark {trace}, or hangup show {trace}\n"
        ));
    }
    text
}

/// How the scripts of each folder came out. What no folder has one of has no column, but for what
/// is always asked for.
fn table(rows: Vec<(&str, &Counts)>) -> String {
    type Column = (&'static str, fn(&Counts) -> usize);
    let columns: [Column; 5] = [
        ("held", |it| it.held),
        ("failed", |it| it.failed),
        ("unsupported", |it| it.unsupported),
        ("could not be run", |it| it.unable),
        ("not run", |it| it.not_run),
    ];
    let always = 3;
    let shown = columns.iter().enumerate().filter(|(index, (_, count))| {
        *index < always || rows.iter().any(|(_, counts)| count(counts) > 0)
    });
    let shown: Vec<&Column> = shown.map(|(_, column)| column).collect();
    let width = widest(rows.iter().map(|(name, _)| *name)).max("folder".len());
    let mut text = format!("\n{:width$}", "folder");
    for (name, _) in &shown {
        text.push_str(&format!("  {name}"));
    }
    text.push('\n');
    for (name, counts) in rows {
        text.push_str(&padded(name, width));
        for (column, count) in &shown {
            text.push_str(&format!("  {:>1$}", count(counts), column.len()));
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

/// What stands in the way of most scripts.
fn why(reasons: &std::collections::BTreeMap<String, usize>) -> String {
    const SHOWN: usize = 10;
    let mut sorted: Vec<(&String, &usize)> = reasons.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut text = String::new();
    for (reason, count) in sorted.iter().take(SHOWN) {
        text.push_str(&format!("unsupported in {count}: {reason}\n"));
    }
    if sorted.len() > SHOWN {
        let more = sorted.len() - SHOWN;
        text.push_str(&format!("and for {more} other reasons\n"));
    }
    text
}

/// A time of the machine as verdicts have it.
fn wall_time(wall: Duration) -> String {
    let micros = wall.as_micros();
    if micros < 1_000_000 {
        format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
    } else {
        format!("{:.1} s", wall.as_secs_f64())
    }
}
