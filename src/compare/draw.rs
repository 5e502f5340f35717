//! A comparison as text: the ladders side by side, the points where they part, and a table of the
//! effects of the receive shutdown.

use std::ops::Range;

use annotate_snippets::renderer::{AnsiColor, Effects, Style};
use comfy_table::{ContentArrangement, Table, presets};
use smoltcp::time::Instant;

use super::align::{AlignedRow, Cell, Interval, Step, intervals, results_differ};
use super::column::{CallResult, Column, Noted};
use super::comparison::Comparison;
use super::summary::{DataFate, EndState, ShutdownSummary};
use crate::language::cells::{padded, widest, wrap};

/// The width of times, and of what is between two columns.
const TIME_WIDTH: usize = 9;
const GAP: usize = 2;
/// The narrowest column in which a segment can be read. Where there is no room for all systems,
/// they are drawn in bands, one below the other.
const COLUMN_LEAST: usize = 20;
/// The widest one that a segment fills.
const COLUMN_MOST: usize = 44;
/// The narrowest table in which words stay whole. Where there is less room, it is a list.
const TABLE_LEAST: usize = 90;
/// The most rows between two calls where not all are wanted: the first of them, and the last.
const ROWS_FIRST: usize = 16;
const ROWS_LAST: usize = 8;
/// The calls that set sockets up, which are only drawn where they come to something else.
const SETUP: [&str; 6] = [
    "WSAStartup(",
    "WSACleanup(",
    "socket(",
    "WSASocket(",
    "bind(",
    "listen(",
];

/// The comparison of the scenario of a name, for so many columns of characters, with all its rows
/// or with the ends of what stands between two calls. Colours are ANSI codes, which the one who
/// prints them takes out where they are not wanted.
pub fn draw(comparison: &Comparison, name: &str, width: u16, all_rows: bool) -> String {
    let host = &comparison.host;
    let total = comparison.columns.len();
    let width = usize::from(width);
    let title = format!("{name}, with another system on {host}: > it sends, < it receives");
    let mut text = paragraph(&title, width);
    if !comparison.settings.is_empty() {
        let settings = format!("set: {}", comparison.settings.join(", "));
        text.push_str(&paragraph(&settings, width));
    }
    let fitting = (width.saturating_sub(TIME_WIDTH) / (COLUMN_LEAST + GAP)).max(1);
    let each = total.div_ceil(total.div_ceil(fitting).max(1)).max(1);
    for start in (0..total).step_by(each) {
        let band = start..(start + each).min(total);
        let room = width.saturating_sub(TIME_WIDTH) / band.len();
        let ladder = Ladder {
            comparison,
            width: room.saturating_sub(GAP).clamp(COLUMN_LEAST, COLUMN_MOST),
            room: width.saturating_sub(TIME_WIDTH + GAP).max(COLUMN_LEAST),
            band,
            all_rows,
        };
        text.push('\n');
        text.push_str(&ladder.draw());
    }
    text.push_str(&format!(
        "\n{}\n",
        paragraph(&conclusion(comparison), width)
    ));
    text.push_str(&match width < TABLE_LEAST {
        true => list(comparison, width),
        false => table(comparison, width),
    });
    text
}

/// A text in lines of at most so many columns.
fn paragraph(text: &str, width: usize) -> String {
    let lines = wrap(text, width.max(COLUMN_LEAST));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Where the systems part, in a sentence.
pub(super) fn conclusion(comparison: &Comparison) -> String {
    let Some(parting) = comparison.parting else {
        let not_compared = "(Times, windows and options are not compared.)";
        return format!("They do not part. {not_compared}");
    };
    let at = seconds(parting.at);
    let is_it = |step: &&Step| Some(step.statement) == parting.statement;
    match comparison.steps.iter().find(is_it) {
        Some(Step { host, call, .. }) if parting.is_result => {
            format!("They part at {at} s, in what {host}: {call} returns.")
        }
        Some(Step { host, call, .. }) => format!("They part at {at} s, after {host}: {call}."),
        // Calls of programs are rows like others.
        None if comparison.steps.is_empty() => format!("They part at {at} s."),
        None => format!("They part at {at} s, before the first call of the script."),
    }
}

/// Some of the columns, side by side.
struct Ladder<'a> {
    comparison: &'a Comparison,
    band: Range<usize>,
    /// The width of each column, and that of all of them together.
    width: usize,
    room: usize,
    all_rows: bool,
}

impl Ladder<'_> {
    fn draw(&self) -> String {
        let columns = &self.comparison.columns;
        let mut text = String::new();
        let heads = columns[self.band.clone()].iter();
        let heads: Vec<String> = heads.map(|it| it.profile.clone()).collect();
        self.line(&mut text, "seconds", &heads, Some(bold()));
        let intervals = intervals(&self.comparison.steps, columns);
        let mut steps = self.comparison.steps.iter().peekable();
        for (number, interval) in intervals.iter().enumerate() {
            if let Some(step) = interval.step {
                self.step(&mut text, step);
            }
            self.rows(&mut text, interval);
            // Calls that not all of them have made stand behind the packets before them.
            let next = intervals.get(number + 1).and_then(|it| it.step);
            let is_before = |it: &&Step| next.is_none_or(|next| it.statement < next.statement);
            let own = interval.step.map(|it| it.statement);
            while let Some(step) = steps.next_if(is_before) {
                if Some(step.statement) != own {
                    self.step(&mut text, step);
                }
            }
        }
        text
    }

    /// A call, and what it came to in each system; in one line where that is the same.
    fn step(&self, text: &mut String, step: &Step) {
        let all = &self.comparison.columns;
        let differs = results_differ(step, all);
        let made = || all.iter().filter_map(|it| it.calls.get(&step.statement));
        if (is_setup(step) && !(differs && made().count() == all.len())) || made().count() == 0 {
            return;
        }
        let parting = self.comparison.parting;
        if parting.is_some_and(|it| it.is_result && it.statement == Some(step.statement)) {
            self.parting(text);
        }
        let cells: Vec<String> = all[self.band.clone()]
            .iter()
            .map(|column| match column.calls.get(&step.statement) {
                Some(made) => outcome(made),
                None => "not made".to_owned(),
            })
            .collect();
        let head = format!("{}: {}", step.host, step.call);
        let time = seconds(step.at);
        let is_translated = made().any(|it| it.translated.is_some());
        let same = !is_translated && cells.iter().all(|it| *it == cells[0]);
        if same {
            self.across(text, &time, &format!("{head} {}", cells[0]));
        } else {
            self.across(text, &time, &head);
            self.line(text, "", &cells, None);
        }
    }

    /// What was seen up to the next call.
    fn rows(&self, text: &mut String, interval: &Interval<'_>) {
        let parting = self.comparison.parting;
        let own = interval.step.map(|it| it.statement);
        let mut parts_at = parting
            .filter(|it| !it.is_result && it.statement == own)
            .map(|it| it.at);
        let is_shown =
            |row: &AlignedRow<'_>| row.cells[self.band.clone()].iter().any(Option::is_some);
        let rows = interval.rows();
        let shown = rows.iter().filter(|row| is_shown(row)).count();
        let most = if self.all_rows {
            shown
        } else {
            ROWS_FIRST + ROWS_LAST
        };
        let left_out = shown.saturating_sub(most);
        for (number, row) in rows.iter().filter(|row| is_shown(row)).enumerate() {
            if left_out > 0 && (ROWS_FIRST..ROWS_FIRST + left_out).contains(&number) {
                if number == ROWS_FIRST {
                    let hint = "more rows (--all-rows)";
                    text.push_str(&format!("{:>TIME_WIDTH$}  {left_out} {hint}\n", "..."));
                }
                continue;
            }
            if parts_at.is_some_and(|at| row.at >= at) {
                self.parting(text);
                parts_at = None;
            }
            let cells = row.cells[self.band.clone()].iter();
            let cells: Vec<String> = cells
                .map(|it| it.map_or_else(String::new, |it| cell(self.comparison, it)))
                .collect();
            self.line(text, &seconds(row.at), &cells, None);
        }
    }

    /// A time, and a text across all columns.
    fn across(&self, text: &mut String, time: &str, said: &str) {
        for (number, line) in wrap(said, self.room).iter().enumerate() {
            let time = if number == 0 { time } else { "" };
            text.push_str(&format!("{time:>TIME_WIDTH$}  {line}\n"));
        }
    }

    /// The line at which the systems part.
    fn parting(&self, text: &mut String) {
        let width = (self.width + GAP) * self.band.len();
        let style = AnsiColor::Yellow.on_default();
        let line = format!("{:-<width$}", "-- here they part ");
        text.push_str(&format!(
            "{:TIME_WIDTH$}  {style}{}{style:#}\n",
            "",
            &line[..width - GAP]
        ));
    }

    /// A time, and a cell for each system, over as many lines as the longest of them needs.
    fn line(&self, text: &mut String, time: &str, cells: &[String], style: Option<Style>) {
        let wrapped: Vec<Vec<String>> = cells.iter().map(|it| wrap(it, self.width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let style = style.unwrap_or_default();
        for number in 0..height {
            let time = if number == 0 { time } else { "" };
            let mut line = format!("{time:>TIME_WIDTH$}");
            for cell in &wrapped {
                let part = cell.get(number).map_or("", String::as_str);
                line.push_str(&format!("{:GAP$}{}", "", padded(part, self.width)));
            }
            text.push_str(&format!("{style}{}{style:#}\n", line.trim_end()));
        }
    }
}

/// What one system has seen, in words.
pub(super) fn cell(comparison: &Comparison, cell: Cell<'_>) -> String {
    let mut text = match &cell.seen.what {
        Noted::Packet {
            is_sent,
            peer,
            text,
            ..
        } => {
            let arrow = if *is_sent { '>' } else { '<' };
            match comparison.has_many_hosts() {
                true => format!("{arrow} {peer}: {text}"),
                false => format!("{arrow} {text}"),
            }
        }
        Noted::Call { host, text } => format!("{host}: {text}"),
        Noted::TimedOut { host } => format!("{host} timed out"),
    };
    for remark in &cell.seen.remarks {
        text.push_str(&format!(" {remark}"));
    }
    if cell.times > 1 {
        let again = cell.times - 1;
        text.push_str(&match cell.last == cell.seen.at {
            true => format!(", {again} more"),
            false => format!(", {again} more to {}", seconds(cell.last)),
        });
    }
    text
}

/// Whether a call only sets a socket up.
pub(super) fn is_setup(step: &Step) -> bool {
    SETUP.iter().any(|it| step.call.starts_with(it))
}

fn bold() -> Style {
    Style::new().effects(Effects::BOLD)
}

/// What a call came to: `= 0`, `= -1 ECONNRESET at 0.220`, `waits`.
pub(super) fn outcome(made: &CallResult) -> String {
    let result = match &made.returned {
        None => "waits".to_owned(),
        Some((at, value, error)) => {
            let mut text = format!("= {value}");
            if let Some(error) = error {
                text.push_str(&format!(" {error}"));
            }
            if *at != made.at {
                text.push_str(&format!(" at {}", seconds(*at)));
            }
            text
        }
    };
    match &made.translated {
        Some(call) => format!("{call} {result}"),
        None => result,
    }
}

/// What came of the receive shutdown, a paragraph for each system.
fn list(comparison: &Comparison, width: usize) -> String {
    let (head, rows) = effects(comparison);
    let names = widest(head.iter().skip(1).map(String::as_str));
    let mut text = String::new();
    for row in rows {
        let mut cells = head.iter().zip(&row);
        if let Some((_, system)) = cells.next() {
            text.push_str(&format!("{system}\n"));
        }
        for (name, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
            let room = width.saturating_sub(names + 4).max(COLUMN_LEAST);
            for (number, line) in wrap(cell, room).iter().enumerate() {
                let name = if number == 0 { name } else { "" };
                text.push_str(&format!("  {}  {line}\n", padded(name, names)));
            }
        }
    }
    text
}

/// What came of the receive shutdown, a row for each system.
fn table(comparison: &Comparison, width: usize) -> String {
    let (head, rows) = effects(comparison);
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(head);
    for row in rows {
        table.add_row(row);
    }
    let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
    lines.collect()
}

/// What came of the receive shutdown: the head of a table, and a row for each system.
pub(super) fn effects(comparison: &Comparison) -> (Vec<String>, Vec<Vec<String>>) {
    let mut hosts: Vec<&String> = Vec::new();
    for column in &comparison.columns {
        for host in column.summary.ends.keys() {
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
    }
    hosts.sort_by_key(|it| **it != comparison.host);
    let mut head = ["system", "queued data", "later data", "window"]
        .map(str::to_owned)
        .to_vec();
    head.extend(hosts.iter().map(|it| (*it).clone()));
    let row = |column: &Column| {
        let ShutdownSummary {
            queued,
            later,
            window,
            ends,
        } = &column.summary;
        let mut row = vec![
            column.profile.clone(),
            queued.map_or("-", kept).to_owned(),
            later
                .as_ref()
                .map_or_else(|| "-".to_owned(), |it| fates(it)),
            window.map_or_else(|| "-".to_owned(), |it| it.to_string()),
        ];
        row.extend(
            hosts
                .iter()
                .map(|host| ends.get(*host).map_or_else(String::new, end)),
        );
        row
    };
    (head, comparison.columns.iter().map(row).collect())
}

/// What became of queued data, for which being queued is to be kept.
fn kept(fate: DataFate) -> &'static str {
    match fate {
        DataFate::Queued => "kept",
        DataFate::None
        | DataFate::Held
        | DataFate::Discarded
        | DataFate::Refused
        | DataFate::Reset => fate.name(),
    }
}

fn fates(fates: &[(DataFate, usize)]) -> String {
    if fates.is_empty() {
        return DataFate::None.name().to_owned();
    }
    let each = fates.iter().map(|(fate, octets)| match octets {
        0 => fate.name().to_owned(),
        octets => format!("{octets} {}", fate.name()),
    });
    each.collect::<Vec<_>>().join(", then ")
}

fn end(end: &EndState) -> String {
    match end.at {
        Some(at) => format!("{} at {}", end.how, seconds(at)),
        None => end.how.clone(),
    }
}

/// Virtual time in seconds, to the millisecond where that is all of it: `0.100`.
pub(super) fn seconds(at: Instant) -> String {
    let text = crate::capture::text::seconds(at);
    text.strip_suffix("000").unwrap_or(&text).to_owned()
}
