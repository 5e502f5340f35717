//! Rows as a table for people: every row of a small sweep, or the groups of a large one with the
//! largest rows.

use std::collections::BTreeMap;

use smoltcp::time::Duration;

use super::axis::Axis;
use super::measurement::{Agreement, End, Ending, Forecast, Measurement, Octets};
use super::row::Row;
use super::value::Value;
use crate::language::cells;

/// A column of a table: its title, and what it says of a measurement.
struct Shown {
    stands: fn(String) -> Text,
    title: &'static str,
    says: fn(&Measurement) -> String,
}

impl Shown {
    const fn number(title: &'static str, says: fn(&Measurement) -> String) -> Self {
        Self {
            stands: Text::Number,
            title,
            says,
        }
    }

    const fn word(title: &'static str, says: fn(&Measurement) -> String) -> Self {
        Self {
            stands: Text::Word,
            title,
            says,
        }
    }

    fn title(&self) -> Text {
        (self.stands)(self.title.to_owned())
    }

    fn text(&self, measurement: &Measurement) -> Text {
        (self.stands)((self.says)(measurement))
    }
}

/// What the table of every row says of each, behind its case.
const EACH: &[Shown] = &[
    Shown::number("room", |it| it.start.room.to_string()),
    Shown::number("sent", |it| it.sent.to_string()),
    Shown::number("accepted", |it| it.accepted.to_string()),
    Shown::number("model", predicted),
    Shown::number("held", |it| it.held.to_string()),
    Shown::word("limit", |it| it.limit.name().to_owned()),
    Shown::word("sender", |it| end(&it.sender)),
    Shown::word("receiver", |it| end(&it.receiver)),
];

/// What is said of a row that differs from the model, before its case.
const DIFFERING: &[Shown] = &[
    Shown::number("accepted", |it| it.accepted.to_string()),
    Shown::word("model", predicted),
    Shown::word("ended", |it| end(&it.sender)),
    Shown::word("model", |it| match it.predicted.end {
        Some(Forecast::Ends(ending, at)) => format!("{ending} at {}", seconds(at)),
        Some(Forecast::Stays) => "none".to_owned(),
        None => String::new(),
    }),
];

/// What the model says is accepted; empty where it says nothing.
fn predicted(measurement: &Measurement) -> String {
    measurement
        .predicted
        .accepted
        .map(bounds)
        .unwrap_or_default()
}

/// What the model predicts: a number, or the least and the most.
fn bounds(octets: Octets) -> String {
    let Octets { least, most } = octets;
    if least == most {
        least.to_string()
    } else {
        format!("{least}..{most}")
    }
}

/// The table of a sweep's rows: all of them where they are no more than `most`, otherwise a line a
/// group of sender, receiver and acknowledgment, and the rows that accepted most.
///
/// Where a line would be wider than `width` columns, it is a paragraph.
pub fn table(rows: &[Row], most: usize, width: usize) -> String {
    if rows.len() <= most {
        return each(rows.iter(), width);
    }
    let mut largest: Vec<&Row> = rows.iter().collect();
    let accepted = |row: &&Row| row.result.as_ref().map_or(0, |it| it.accepted);
    largest.sort_by_key(|row| std::cmp::Reverse(accepted(row)));
    let shown = most.min(TOP);
    largest.truncate(shown);
    let mut text = groups(rows, width);
    if shown > 0 {
        text.push_str(&format!("\nthe {shown} rows that accepted most\n"));
        text.push_str(&each(largest.into_iter(), width));
    }
    text
}

/// The rows of which the model predicts something else than was measured; empty where there are
/// none.
pub fn differing(rows: &[Row], most: usize, width: usize) -> String {
    let differs = |row: &&Row| {
        let agreement = row.agreement();
        agreement.is_some_and(Agreement::differs)
    };
    let count = rows.iter().filter(differs).count();
    if count == 0 {
        return String::new();
    }
    let mut lines = Lines::default();
    let mut head = vec![Text::Number("id".to_owned())];
    head.extend(DIFFERING.iter().map(Shown::title));
    head.push(Text::Word("case".to_owned()));
    lines.push(head);
    for row in rows.iter().filter(differs).take(most) {
        let Ok(measurement) = &row.result else {
            continue;
        };
        let mut line = vec![Text::Number(row.id.to_string())];
        line.extend(DIFFERING.iter().map(|it| it.text(measurement)));
        line.push(Text::Word(row.case.describe()));
        lines.push(line);
    }
    let shown = count.min(most);
    let which = if shown < count {
        format!(", {shown} of them here")
    } else {
        String::new()
    };
    format!(
        "\n{count} of {} rows differ from the model{which}\n{}",
        rows.len(),
        lines.within(width)
    )
}

/// How many rows stand behind the groups.
const TOP: usize = 10;

/// A line a row, with those axes that differ anywhere.
fn each<'a>(rows: impl Iterator<Item = &'a Row> + Clone, width: usize) -> String {
    let varies = |axis: &Axis| {
        let mut values = rows.clone().map(|row| row.case.value(*axis));
        let first = values.next();
        matches!(axis, Axis::Sender | Axis::Receiver) || values.any(|it| Some(it) != first)
    };
    let axes: Vec<_> = Axis::all().filter(varies).collect();
    let mut lines = Lines::default();
    let mut head = vec![Text::Number("id".to_owned())];
    head.extend(axes.iter().map(|axis| Text::Word(axis.name().to_owned())));
    head.extend(EACH.iter().map(Shown::title));
    lines.push(head);
    for row in rows {
        let mut line = vec![Text::Number(row.id.to_string())];
        let value = |axis: &Axis| match row.case.value(*axis) {
            value @ Value::Word(_) => Text::Word(axis.show(value)),
            value @ Value::Number(_) => Text::Number(axis.show(value)),
        };
        line.extend(axes.iter().map(value));
        match &row.result {
            Ok(it) => line.extend(EACH.iter().map(|shown| shown.text(it))),
            Err(error) => line.push(Text::Word(error.to_string())),
        }
        lines.push(line);
    }
    lines.within(width)
}

/// What rows with the same ends have in common.
#[derive(Default)]
struct Group {
    rows: u64,
    accepted: Option<(u64, u64)>,
    limits: BTreeMap<&'static str, u64>,
    endings: BTreeMap<Ending, Span>,
}

/// How many, and the first and last of their times.
#[derive(Default)]
struct Span {
    rows: u64,
    times: Option<(Duration, Duration)>,
}

impl Group {
    fn add(&mut self, row: &Row) {
        self.rows += 1;
        let Ok(measurement) = &row.result else {
            return;
        };
        let accepted = measurement.accepted;
        let (least, most) = self.accepted.unwrap_or((accepted, accepted));
        self.accepted = Some((least.min(accepted), most.max(accepted)));
        *self.limits.entry(measurement.limit.name()).or_default() += 1;
        let span = self.endings.entry(measurement.sender.ending).or_default();
        span.rows += 1;
        if let Some(at) = measurement.sender.at {
            let (first, last) = span.times.unwrap_or((at, at));
            span.times = Some((first.min(at), last.max(at)));
        }
    }
}

fn groups(rows: &[Row], width: usize) -> String {
    let mut groups: Vec<([&str; 3], Group)> = Vec::new();
    let mut places = BTreeMap::new();
    for row in rows {
        let key = [Axis::Receiver, Axis::Acknowledge, Axis::Sender].map(|axis| row.case.word(axis));
        let place = *places.entry(key).or_insert_with(|| {
            groups.push((key, Group::default()));
            groups.len() - 1
        });
        groups[place].1.add(row);
    }
    // One receiver under another, each with its senders in the order of the sweep.
    let order = |key: &[&str; 3]| {
        let place = |index: usize| {
            rows.iter().position(|row| {
                row.case.word([Axis::Receiver, Axis::Acknowledge][index]) == key[index]
            })
        };
        (place(0), place(1))
    };
    groups.sort_by_cached_key(|(key, _)| order(key));
    let mut lines = Lines::default();
    let words = ["receiver", "acknowledge", "sender"].map(|name| Text::Word(name.to_owned()));
    let mut head = words.to_vec();
    head.push(Text::Number("rows".to_owned()));
    head.push(Text::Number("accepted".to_owned()));
    head.push(Text::Word("limits".to_owned()));
    head.push(Text::Word("the sender's end".to_owned()));
    lines.push(head);
    for ([receiver, acknowledge, sender], group) in &groups {
        let mut line = [receiver, acknowledge, sender]
            .map(|word| Text::Word((*word).to_owned()))
            .to_vec();
        line.push(Text::Number(group.rows.to_string()));
        let accepted = match group.accepted {
            Some((least, most)) if least == most => least.to_string(),
            Some((least, most)) => format!("{least}..{most}"),
            None => String::new(),
        };
        line.push(Text::Number(accepted));
        let limits = group
            .limits
            .iter()
            .map(|(name, rows)| format!("{name} {rows}"));
        line.push(Text::Word(limits.collect::<Vec<_>>().join(", ")));
        let endings = group.endings.iter().map(|(ending, span)| match span.times {
            Some((first, last)) if seconds(first) == seconds(last) => {
                format!("{ending} {} at {}", span.rows, seconds(first))
            }
            Some((first, last)) => {
                format!(
                    "{ending} {} at {}..{}",
                    span.rows,
                    seconds(first),
                    seconds(last)
                )
            }
            None => format!("{ending} {}", span.rows),
        });
        line.push(Text::Word(endings.collect::<Vec<_>>().join(", ")));
        lines.push(line);
    }
    lines.within(width)
}

fn end(end: &End) -> String {
    match end.at {
        Some(at) => format!("{} at {}", end.ending, seconds(at)),
        None => end.ending.to_string(),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.total_micros() as f64 / 1e6)
}

/// A text in a column: words stand at its left, numbers at its right.
#[derive(Clone)]
enum Text {
    Word(String),
    Number(String),
}

impl Text {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Number(text) => text,
        }
    }
}

/// Lines of columns, each as wide as its widest text.
#[derive(Default)]
struct Lines {
    lines: Vec<Vec<Text>>,
    widths: Vec<usize>,
}

impl Lines {
    fn push(&mut self, line: Vec<Text>) {
        self.widths.resize(self.widths.len().max(line.len()), 0);
        for (width, column) in self.widths.iter_mut().zip(&line) {
            *width = (*width).max(cells::width(column.text()));
        }
        self.lines.push(line);
    }

    /// As a table, or where that would be wider than so many columns, as a paragraph for each line
    /// with the titles of the first.
    fn within(&self, width: usize) -> String {
        let total: usize = self.widths.iter().map(|it| it + 2).sum();
        if total <= width.saturating_add(2) {
            return self.to_string();
        }
        let Some((head, lines)) = self.lines.split_first() else {
            return String::new();
        };
        let mut text = String::new();
        for line in lines {
            let pairs = head.iter().zip(line);
            let said = pairs.filter(|(_, value)| !value.text().is_empty());
            let said = said.map(|(title, value)| format!("{} {}", title.text(), value.text()));
            for line in cells::wrap(&said.collect::<Vec<_>>().join(", "), width) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }
}

impl std::fmt::Display for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in &self.lines {
            let mut text = String::new();
            for (column, width) in line.iter().zip(&self.widths) {
                text.push_str(&match column {
                    Text::Word(word) => format!("{word:width$}  "),
                    Text::Number(number) => format!("{number:>width$}  "),
                });
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}
