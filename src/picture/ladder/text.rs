//! A ladder as text, for a terminal: two hosts with what their applications do beside them, or, for
//! more hosts and for narrow terminals, with everything that is said at the right.

use annotate_snippets::renderer::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::language::cells::character as character_width;

use super::row::{Arrow, Ladder, Row, RowKind, Tone, WINDOW_CELLS, Window};
use crate::capture::Toward;

/// The least columns of a time, and what is between it and the first host.
const TIME_LEAST: usize = 7;
const GAP: usize = 2;
/// The least and the most columns of the wire between two hosts.
const WIRE_LEAST: usize = 24;
const WIRE_MOST: usize = 44;
/// The least columns in which two hosts have room for their applications beside them.
const PAIR_LEAST: usize = 72;
/// The least columns of what is said at the right.
const SAID_LEAST: usize = 16;
/// The columns from a host to the next where all is said at the right.
const LANE_LEAST: usize = 4;
const LANE_MOST: usize = 14;

/// Draws a ladder so many columns wide. Colours are ANSI codes, which the one who prints it takes
/// out where they are not wanted.
pub fn text(ladder: &Ladder, width: u16) -> String {
    let width = usize::from(width.clamp(40, 400));
    let mut lines = vec![clip(&ladder.title, width)];
    lines.extend(wrapped(&ladder.claim, width));
    lines.push(String::new());
    match ladder.lanes.len() {
        2 if width >= PAIR_LEAST => Pair::new(ladder, width).draw(&mut lines),
        _ => Many::new(ladder, width).draw(&mut lines),
    }
    if ladder.left_out > 0 {
        let rows = ladder.left_out;
        lines.push(format!(
            "{rows} more rows are left out: choose with --host, --connection, --from, --until"
        ));
    }
    if !ladder.connections.is_empty() {
        lines.push(String::new());
        for (index, name) in ladder.connections.iter().enumerate() {
            lines.push(format!("#{} is {name}", index + 1));
        }
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The columns of the longest time, the last one, and of their heading.
fn time_width(ladder: &Ladder) -> usize {
    let last = ladder.rows.last().map(|row| ladder.seconds(row.at).len());
    last.unwrap_or(0).max(TIME_LEAST)
}

/// Text that may be coloured; its width is that of the text alone.
#[derive(Clone, Debug, Default)]
struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    fn new(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }

    fn plain(text: impl Into<String>) -> Self {
        Self::new(text, Style::new())
    }

    /// With blanks before it, or behind it, up to a width.
    fn padded(&self, width: usize, side: Side) -> String {
        let text = clip(&self.text, width);
        let blanks = " ".repeat(width.saturating_sub(text.width()));
        let text = match self.style == Style::new() || text.is_empty() {
            true => text,
            false => format!("{}{text}{}", self.style.render(), self.style.render_reset()),
        };
        match side {
            Side::Left => format!("{blanks}{text}"),
            Side::Right => format!("{text}{blanks}"),
        }
    }
}

/// Where a host stands, and so on which side of it its application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

fn colour(colour: AnsiColor) -> Style {
    Style::new().fg_color(Some(colour.into()))
}

fn style_of(tone: Tone, is_lost: bool) -> Style {
    match tone {
        _ if is_lost => colour(AnsiColor::Red),
        Tone::Control => colour(AnsiColor::Cyan),
        Tone::Again => colour(AnsiColor::Magenta),
        Tone::Reset | Tone::Error => colour(AnsiColor::Red),
        Tone::Held => colour(AnsiColor::Yellow),
        Tone::Data | Tone::Acknowledgment | Tone::Other => Style::new(),
    }
}

/// The window as a bar: held, free, and closed cells.
fn bar(window: Window) -> String {
    let (held, free) = window.cells(WINDOW_CELLS);
    let cells = |count: i64, cell: &str| cell.repeat(usize::try_from(count).unwrap_or(0));
    format!(
        "{}{}{}",
        cells(held, "█"),
        cells(free, "░"),
        cells(WINDOW_CELLS - held - free, "·")
    )
}

/// What stands beside a host: what is said, and its window.
fn note(said: &str, window: Option<Window>) -> String {
    let bar = window.map(bar).unwrap_or_default();
    match (said.is_empty(), bar.is_empty()) {
        (_, true) => said.to_owned(),
        (true, false) => bar,
        (false, false) => format!("{said} {bar}"),
    }
}

/// The text of a row with the number of its connection.
fn numbered(ladder: &Ladder, row: &Row, text: &str) -> String {
    match ladder.number(row) {
        Some(number) => format!("#{number} {text}"),
        None => text.to_owned(),
    }
}

/// A ladder of two hosts.
struct Pair<'a> {
    ladder: &'a Ladder,
    /// The columns of a time, of an application, and of the wire.
    time: usize,
    side: usize,
    wire: usize,
}

/// The cells of one line.
#[derive(Default)]
struct Line {
    left: Cell,
    wire: Cell,
    right: Cell,
}

impl<'a> Pair<'a> {
    fn new(ladder: &'a Ladder, width: usize) -> Self {
        let time = time_width(ladder);
        let room = width.saturating_sub(time + GAP + 2);
        let wire = (room * 2 / 5).clamp(WIRE_LEAST, WIRE_MOST);
        let longest = ladder.rows.iter().map(|row| match &row.what {
            RowKind::Arrow(arrow) => numbered(ladder, row, &arrow.label).width() + 6,
            RowKind::Fold(text) => text.width() + 4,
            RowKind::Call { .. } | RowKind::Failure(_) => 0,
        });
        let wire = wire.max(longest.max().unwrap_or(0).min(room / 2)) | 1;
        Self {
            ladder,
            time,
            side: room.saturating_sub(wire) / 2,
            wire,
        }
    }

    fn draw(&self, lines: &mut Vec<String>) {
        self.head(lines);
        let mut last = None;
        for row in &self.ladder.rows {
            if let RowKind::Failure(text) = &row.what {
                let width = self.time + GAP + 2 + 2 * self.side + self.wire;
                lines.extend(failure(text, width));
                continue;
            }
            let time = self.ladder.seconds(row.at);
            let shown = match last.as_ref() == Some(&time) {
                true => String::new(),
                false => time.clone(),
            };
            last = Some(time);
            for (index, line) in self.lines(row).iter().enumerate() {
                let time = if index == 0 { shown.as_str() } else { "" };
                lines.push(self.line(time, line, "│"));
            }
        }
    }

    fn head(&self, lines: &mut Vec<String>) {
        let width = self.time;
        let [left, right] = [0, 1].map(|lane| &self.ladder.lanes[lane]);
        let bold = |text: &str| Cell::new(text, Style::new().bold());
        let middle = " ".repeat(
            self.wire
                .saturating_sub(left.name.width() + right.name.width()),
        );
        let middle = match self.wire > left.name.width() + right.name.width() {
            true => middle,
            false => " ".to_owned(),
        };
        // The names stand at their lines, on the side of the wire.
        let heads = format!("{}{middle}{}", left.name, right.name);
        lines.push(format!(
            "{:>width$}{:GAP$}{}{}",
            "seconds",
            "",
            " ".repeat(self.side),
            bold(&heads).padded(self.wire + 2, Side::Right)
        ));
        if !(left.system.is_empty() && right.system.is_empty()) {
            let dim = |text: &str| Cell::new(text, Style::new().dimmed());
            let line = Line {
                left: dim(&format!("{} ", left.system)),
                wire: Cell::default(),
                right: dim(&format!(" {}", right.system)),
            };
            lines.push(self.line("", &line, "│"));
        }
    }

    fn line(&self, time: &str, line: &Line, rail: &str) -> String {
        let width = self.time;
        format!(
            "{time:>width$}{:GAP$}{}{rail}{}{rail}{}",
            "",
            line.left.padded(self.side, Side::Left),
            line.wire.padded(self.wire, Side::Right),
            line.right.padded(self.side, Side::Right),
        )
    }

    fn lines(&self, row: &Row) -> Vec<Line> {
        match &row.what {
            RowKind::Call {
                lane,
                toward,
                text,
                is_error,
                ..
            } => self.call(*lane, *toward, &numbered(self.ladder, row, text), *is_error),
            RowKind::Arrow(arrow) => self.arrow(row, arrow),
            RowKind::Fold(text) => {
                let text = clip(&format!("⋮ {text}"), self.wire);
                let blanks = " ".repeat((self.wire - text.width()) / 2);
                vec![Line {
                    wire: Cell::new(format!("{blanks}{text}"), Style::new().dimmed()),
                    ..Line::default()
                }]
            }
            RowKind::Failure(_) => Vec::new(),
        }
    }

    fn call(&self, lane: usize, toward: Toward, text: &str, is_error: bool) -> Vec<Line> {
        let side = if lane == 0 { Side::Left } else { Side::Right };
        let arrow = match (side, toward) {
            (Side::Left, Toward::Stack) => " ──▶",
            (Side::Left, Toward::Application) => " ◀──",
            (Side::Right, Toward::Stack) => "◀── ",
            (Side::Right, Toward::Application) => "──▶ ",
        };
        let style = match is_error {
            true => colour(AnsiColor::Red),
            false => Style::new(),
        };
        let room = self.side.saturating_sub(arrow.width());
        let parts = wrapped(text, room);
        let lines = parts.iter().enumerate().map(|(index, part)| {
            let blanks = " ".repeat(arrow.width());
            let arrow = if index == 0 { arrow } else { &blanks };
            match side {
                Side::Left => Line {
                    left: Cell::new(format!("{part}{arrow}"), style),
                    ..Line::default()
                },
                Side::Right => Line {
                    right: Cell::new(format!("{arrow}{part}"), style),
                    ..Line::default()
                },
            }
        });
        lines.collect()
    }

    fn arrow(&self, row: &Row, arrow: &Arrow) -> Vec<Line> {
        let label = numbered(self.ladder, row, &arrow.label);
        let (sender, receiver) = (
            note(&arrow.sender_note, arrow.sender_window),
            note(&arrow.receiver_note, arrow.receiver_window),
        );
        let style = style_of(arrow.tone, arrow.is_lost);
        let wire = wire(&label, self.wire, arrow.from < arrow.to, arrow.is_lost);
        let (left, right) = match arrow.from < arrow.to {
            true => (sender, receiver),
            false => (receiver, sender),
        };
        let room = self.side.saturating_sub(1);
        let (lefts, rights) = (wrapped(&left, room), wrapped(&right, room));
        let count = lefts.len().max(rights.len()).max(1);
        let line = |index: usize| Line {
            left: Cell::new(
                lefts
                    .get(index)
                    .map_or(String::new(), |it| format!("{it} ")),
                style,
            ),
            wire: match index {
                0 => Cell::new(wire.clone(), style),
                _ => Cell::default(),
            },
            right: Cell::new(
                rights
                    .get(index)
                    .map_or(String::new(), |it| format!(" {it}")),
                style,
            ),
        };
        (0..count).map(line).collect()
    }
}

/// An arrow with its label, so many columns wide. One that is lost ends on its way.
fn wire(label: &str, width: usize, to_right: bool, is_lost: bool) -> String {
    let room = width.saturating_sub(6);
    let label = clip(label, room);
    let rest = room - label.width();
    // The label stands a little nearer to where the packet comes from.
    let (before, behind) = match to_right {
        true => (rest / 2, rest - rest / 2),
        false => (rest - rest / 2, rest / 2),
    };
    let dashes = |count: usize| "─".repeat(count);
    match (to_right, is_lost) {
        (true, false) => format!(
            " ─{} {label} {}▶ ",
            dashes(before),
            dashes(behind.saturating_sub(0))
        ),
        (false, false) => format!(" ◀{} {label} {}─ ", dashes(before), dashes(behind)),
        (true, true) => {
            let behind = behind / 2;
            format!(" ─{} {label} {}✗", dashes(before), dashes(behind))
        }
        (false, true) => {
            let kept = before / 2;
            let blanks = " ".repeat(before - kept);
            format!(" {blanks}✗{} {label} {}─ ", dashes(kept), dashes(behind))
        }
    }
}

/// A ladder of any number of hosts.
struct Many<'a> {
    ladder: &'a Ladder,
    /// The columns of a time, and from a host to the next.
    time: usize,
    lane: usize,
    /// The columns of the text at the right.
    text: usize,
}

impl<'a> Many<'a> {
    fn new(ladder: &'a Ladder, width: usize) -> Self {
        let count = ladder.lanes.len().max(1);
        let time = time_width(ladder);
        let room = width.saturating_sub(time + GAP);
        let share = if width < PAIR_LEAST { 6 } else { 2 };
        let lane = (room / share / count).clamp(LANE_LEAST, LANE_MOST);
        let text = room.saturating_sub(lane * count).max(SAID_LEAST);
        Self {
            ladder,
            time,
            lane,
            text,
        }
    }

    fn draw(&self, lines: &mut Vec<String>) {
        let (count, width) = (self.ladder.lanes.len(), self.time);
        // Each name on a line of its own, above its host.
        for (index, lane) in self.ladder.lanes.iter().enumerate() {
            let rails: String = format!("│{}", " ".repeat(self.lane - 1)).repeat(index);
            let system = match lane.system.is_empty() {
                true => String::new(),
                false => format!(" ({})", lane.system),
            };
            let head = if index == 0 { "seconds" } else { "" };
            lines.push(format!(
                "{head:>width$}{:GAP$}{rails}{}{system}",
                "", lane.name
            ));
        }
        let mut last = None;
        for row in &self.ladder.rows {
            if let RowKind::Failure(text) = &row.what {
                lines.extend(failure(text, width + GAP + self.lane * count + self.text));
                continue;
            }
            let time = self.ladder.seconds(row.at);
            let shown = match last.as_ref() == Some(&time) {
                true => String::new(),
                false => time.clone(),
            };
            last = Some(time);
            let (rails, said) = self.row(row);
            for (index, part) in wrapped(&said.text, self.text).into_iter().enumerate() {
                let (time, rails) = match index {
                    0 => (shown.as_str(), rails.clone()),
                    _ => ("", self.rails(|_| '│', None)),
                };
                let part = Cell::new(part, said.style);
                let rails = Cell::new(rails, if index == 0 { said.style } else { Style::new() });
                lines.push(format!(
                    "{time:>width$}{:GAP$}{}{}",
                    "",
                    rails.padded(self.lane * count, Side::Right),
                    part.padded(self.text, Side::Right)
                ));
            }
        }
    }

    /// The lines of all hosts, with a sign for each, and perhaps something drawn between them.
    fn rails(&self, sign: impl Fn(usize) -> char, drawn: Option<(usize, usize, char)>) -> String {
        let count = self.ladder.lanes.len();
        let mut text = String::new();
        for lane in 0..count {
            let within = drawn.filter(|(first, last, _)| lane >= *first && lane < *last);
            let inner = drawn.is_some_and(|(first, last, _)| lane > first && lane < last);
            text.push(if inner { '┼' } else { sign(lane) });
            let between = within.map_or(' ', |(.., dash)| dash);
            text.extend(std::iter::repeat_n(between, self.lane - 1));
        }
        text
    }

    fn row(&self, row: &Row) -> (String, Cell) {
        let name = |lane: usize| self.ladder.lanes[lane].name.as_str();
        match &row.what {
            RowKind::Call {
                lane,
                text,
                is_error,
                ..
            } => {
                let said = numbered(self.ladder, row, &format!("{}: {text}", name(*lane)));
                let style = match is_error {
                    true => colour(AnsiColor::Red),
                    false => Style::new(),
                };
                let sign = |it: usize| if it == *lane { '●' } else { '│' };
                (self.rails(sign, None), Cell::new(said, style))
            }
            RowKind::Arrow(arrow) => {
                let (first, last) = (arrow.from.min(arrow.to), arrow.from.max(arrow.to));
                let ends = |it: usize| match it {
                    it if it == arrow.from => '├',
                    it if it == arrow.to && arrow.is_lost => '│',
                    it if it == arrow.to && arrow.to > arrow.from => '▶',
                    it if it == arrow.to => '◀',
                    _ => '│',
                };
                let ends = |it: usize| match ends(it) {
                    '├' if arrow.from > arrow.to => '┤',
                    other => other,
                };
                let mut rails = self.rails(ends, Some((first, last, '─')));
                if arrow.is_lost {
                    rails = lost(
                        &rails,
                        (first + last) * self.lane / 2,
                        arrow.from < arrow.to,
                    );
                }
                let notes = [
                    note(&arrow.sender_note, arrow.sender_window),
                    note(&arrow.receiver_note, arrow.receiver_window),
                ];
                let notes: Vec<_> = notes.into_iter().filter(|it| !it.is_empty()).collect();
                let mut said =
                    format!("{} > {}: {}", name(arrow.from), name(arrow.to), arrow.label);
                if !notes.is_empty() {
                    said = format!("{said}   {}", notes.join(", "));
                }
                let said = numbered(self.ladder, row, &said);
                (rails, Cell::new(said, style_of(arrow.tone, arrow.is_lost)))
            }
            RowKind::Fold(text) => (
                self.rails(|_| '│', None),
                Cell::new(format!("⋮ {text}"), Style::new().dimmed()),
            ),
            RowKind::Failure(text) => (self.rails(|_| '│', None), Cell::plain(text.clone())),
        }
    }
}

/// The lines of hosts with an arrow that ends in its middle.
fn lost(rails: &str, middle: usize, to_right: bool) -> String {
    let place = |(at, sign): (usize, char)| match sign {
        _ if at == middle => '✗',
        '─' if (at > middle) == to_right => ' ',
        '┼' if (at > middle) == to_right => '│',
        sign => sign,
    };
    rails.chars().enumerate().map(place).collect()
}

/// An expectation that failed, across the whole ladder.
fn failure(text: &str, width: usize) -> Vec<String> {
    let style = colour(AnsiColor::Red).bold();
    let parts = wrapped(text, width.saturating_sub(TIME_LEAST + GAP));
    let lines = parts.into_iter().enumerate().map(|(index, part)| {
        let sign = if index == 0 { "FAILED" } else { "" };
        let cell = Cell::new(format!("{sign:>TIME_LEAST$}  {part}"), style);
        cell.padded(width, Side::Right)
    });
    lines.collect()
}

/// A text cut to so many columns, with a mark where something is missing.
fn clip(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut clipped = String::new();
    for character in text.chars() {
        clipped.push(character);
        if clipped.width() >= width {
            clipped.pop();
            break;
        }
    }
    clipped.push('…');
    clipped
}

/// A text in lines of so many columns, broken at blanks, and long words where they may be.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines: Vec<String> = Vec::new();
    // A result stays on the line of its sign.
    let text = text.replace("= ", "=\u{a0}").replace("-1 E", "-1\u{a0}E");
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let fits = lines
            .last()
            .is_some_and(|line| line.width() + 1 + word.width() <= width);
        match lines.last_mut() {
            Some(line) if fits => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.extend(broken(word, width)),
        }
    }
    lines
        .iter()
        .map(|line| line.replace('\u{a0}', " "))
        .collect()
}

/// A word in pieces of at most so many columns, broken behind a bracket or a comma where there is
/// one.
fn broken(word: &str, width: usize) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for part in word.split_inclusive(['(', ',', '|', '_']) {
        match pieces.last_mut() {
            Some(last) if last.width() + part.width() <= width => last.push_str(part),
            Some(_) | None => pieces.push(String::new()),
        }
        let is_new = pieces.last().is_some_and(String::is_empty);
        for character in part.chars().filter(|_| is_new) {
            if let Some(last) = pieces.last_mut() {
                match last.width() + character_width(character) <= width {
                    true => last.push(character),
                    false => pieces.push(character.to_string()),
                }
            }
        }
    }
    pieces
}
