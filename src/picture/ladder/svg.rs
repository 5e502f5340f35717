//! A ladder as SVG.

use super::row::{Arrow, Ladder, Row, RowKind, Window};
use crate::capture::Toward;
use crate::picture::drawing::{Anchor, Drawing, Place, fitting, lines, number, text_width};

const FONT: f64 = 12.0;
const SMALL: f64 = 11.0;
/// The height of a line of text, and of a row with an arrow below its label.
const LINE: f64 = 15.0;
const ARROW_ROW: f64 = 26.0;
/// The least width of a time, and of what two applications have beside their hosts.
const TIME: f64 = 78.0;
const SIDE_LEAST: f64 = 110.0;
const SIDE_MOST: f64 = 250.0;
/// The width of the wire between two hosts.
const WIRE_LEAST: f64 = 230.0;
const WIRE_MOST: f64 = 460.0;
/// The width from a host to the next where there are more than two, and of the text beside them.
const LANE: f64 = 96.0;
const LANE_LEAST: f64 = 40.0;
const LANES_MOST: f64 = 620.0;
/// A bar for a window.
const BAR: (f64, f64) = (56.0, 8.0);
/// A pause of so many microseconds is drawn as one.
const PAUSE: i64 = 1_000_000;
const PAUSE_ROW: f64 = 14.0;
const MARGIN: f64 = 14.0;

/// Draws a ladder.
pub fn svg(ladder: &Ladder, place: Place) -> String {
    let mut canvas = Canvas::new(ladder, place);
    canvas.head(place);
    let mut last = None;
    for row in &ladder.rows {
        canvas.row(row, last);
        last = Some(row.at);
    }
    canvas.finish(place)
}

struct Canvas<'a> {
    ladder: &'a Ladder,
    drawing: Drawing,
    /// Where each host stands.
    lanes: Vec<f64>,
    /// The width of what stands beside the outer hosts.
    side: f64,
    width: f64,
    /// Where the hosts' lines begin, and how far down the drawing has come.
    top: f64,
    y: f64,
    /// Where pauses begin and end.
    pauses: Vec<(f64, f64)>,
    shown: String,
}

impl<'a> Canvas<'a> {
    fn new(ladder: &'a Ladder, place: Place) -> Self {
        let arrows = ladder.rows.iter().filter_map(|row| match &row.what {
            RowKind::Arrow(arrow) => Some((row, arrow)),
            RowKind::Call { .. } | RowKind::Fold(_) | RowKind::Failure(_) => None,
        });
        let (lanes, side, width) = if ladder.lanes.len() == 2 {
            let label = arrows
                .clone()
                .map(|(row, it)| text_width(&numbered(ladder, row, &it.label), SMALL));
            let wire = (label.fold(0.0, f64::max) + 40.0).clamp(WIRE_LEAST, WIRE_MOST);
            let calls = ladder.rows.iter().map(|row| match &row.what {
                RowKind::Call { text, .. } => text_width(text, FONT) + 40.0,
                RowKind::Arrow(it) => {
                    let notes = [&it.sender_note, &it.receiver_note];
                    let notes = notes.map(|note| text_width(note, SMALL) + BAR.0 + 20.0);
                    notes[0].max(notes[1])
                }
                RowKind::Fold(_) | RowKind::Failure(_) => 0.0,
            });
            let side = calls.fold(0.0, f64::max).clamp(SIDE_LEAST, SIDE_MOST);
            let left = TIME + side;
            (vec![left, left + wire], side, left + wire + side + MARGIN)
        } else {
            let count = ladder.lanes.len().max(1) as f64;
            let step = (LANES_MOST / count).clamp(LANE_LEAST, LANE);
            let lanes: Vec<f64> = (0..ladder.lanes.len())
                .map(|index| TIME + 40.0 + index as f64 * step)
                .collect();
            let side = 430.0;
            let last = lanes.last().copied().unwrap_or(TIME);
            (lanes, side, last + side + MARGIN)
        };
        let top = match place {
            Place::File => MARGIN,
            Place::Page => 0.0,
        };
        Self {
            ladder,
            drawing: Drawing::default(),
            lanes,
            side,
            width,
            top,
            y: top,
            pauses: Vec::new(),
            shown: String::new(),
        }
    }

    fn is_pair(&self) -> bool {
        self.lanes.len() == 2
    }

    /// What it is, and the names of the hosts.
    fn head(&mut self, place: Place) {
        if place == Place::File {
            self.y += LINE;
            let at = (MARGIN, self.y);
            self.drawing
                .text("title", at, Anchor::Start, &self.ladder.title);
            for line in lines(&self.ladder.claim, fitting(self.width - 2.0 * MARGIN, FONT)) {
                self.y += LINE;
                self.drawing
                    .text("muted", (MARGIN, self.y), Anchor::Start, &line);
            }
            self.y += 8.0;
        }
        let is_narrow = !self.is_pair() && self.lanes.len() > 1;
        let names = self.ladder.lanes.iter().zip(self.lanes.clone()).enumerate();
        let mut rows = 0;
        for (index, (lane, x)) in names {
            // Names of many hosts stand on lines of their own, so that they have room.
            let row = if is_narrow { index % 3 } else { 0 };
            rows = rows.max(row);
            let y = self.y + LINE + row as f64 * 2.0 * LINE;
            self.drawing
                .text("name", (x, y), Anchor::Middle, &lane.name);
            if !lane.system.is_empty() {
                self.drawing
                    .text("small muted", (x, y + 13.0), Anchor::Middle, &lane.system);
            }
        }
        self.y += 2.0 * LINE * (1 + rows) as f64 + 6.0;
        self.top = self.y;
        self.drawing.end_line();
    }

    fn row(&mut self, row: &Row, last: Option<smoltcp::time::Instant>) {
        let pause = last.map_or(0, |last| (row.at - last).total_micros() as i64);
        if pause >= PAUSE {
            let begin = self.y;
            self.y += PAUSE_ROW;
            self.pauses.push((begin, self.y));
        }
        let time = self.ladder.seconds(row.at);
        if time != self.shown && !matches!(row.what, RowKind::Failure(_)) {
            let y = self.y + LINE - 1.0;
            let at = (TIME - 18.0, y);
            self.drawing.text("small muted", at, Anchor::End, &time);
            self.shown = time;
        }
        match &row.what {
            RowKind::Call {
                lane,
                toward,
                text,
                is_error,
                ..
            } => self.call(row, *lane, *toward, text, *is_error),
            RowKind::Arrow(arrow) => self.arrow(row, arrow),
            RowKind::Fold(text) => {
                let (x, anchor) = match self.is_pair() {
                    true => ((self.lanes[0] + self.lanes[1]) / 2.0, Anchor::Middle),
                    false => (self.beside(), Anchor::Start),
                };
                let text = format!("⋮ {text}");
                let at = (x, self.y + LINE - 1.0);
                self.drawing.text("small muted", at, anchor, &text);
                self.y += LINE + 5.0;
            }
            RowKind::Failure(text) => self.failure(text),
        }
        self.drawing.end_line();
    }

    /// Where text begins that stands beside more than two hosts.
    fn beside(&self) -> f64 {
        self.lanes.last().copied().unwrap_or(TIME) + 24.0
    }

    fn call(&mut self, row: &Row, lane: usize, toward: Toward, text: &str, is_error: bool) {
        let class = if is_error { "call bad" } else { "call" };
        let x = self.lanes[lane];
        let text = numbered(self.ladder, row, text);
        let y = self.y;
        if !self.is_pair() {
            let said = format!("{}: {text}", self.ladder.lanes[lane].name);
            let parts = lines(&said, fitting(self.side - 24.0, FONT));
            let left = self.beside();
            self.drawing.group(class, "", |drawing| {
                let middle = y + LINE - 5.0;
                let dot = format!("M{x} {middle}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0");
                drawing.path("head", &dot);
                for (index, part) in parts.iter().enumerate() {
                    let at = (left, y + LINE * (index + 1) as f64 - 1.0);
                    drawing.text("", at, Anchor::Start, part);
                }
            });
            self.y += LINE * parts.len().max(1) as f64 + 5.0;
            return;
        }
        let (sign, anchor) = match lane {
            0 => (-1.0, Anchor::End),
            _ => (1.0, Anchor::Start),
        };
        let parts = lines(&text, fitting(self.side - 34.0, FONT));
        self.drawing.group(class, "", |drawing| {
            let middle = y + LINE - 5.0;
            let (outer, inner) = (x + sign * 26.0, x + sign * 3.0);
            let (from, to) = match toward {
                Toward::Stack => (outer, inner),
                Toward::Application => (inner, outer),
            };
            drawing.line("", (from, middle), (to, middle));
            drawing.path("head", &head(to, middle, to > from));
            for (index, part) in parts.iter().enumerate() {
                let at = (x + sign * 31.0, y + LINE * (index + 1) as f64 - 1.0);
                drawing.text("", at, anchor, part);
            }
        });
        self.y += LINE * parts.len().max(1) as f64 + 5.0;
    }

    fn arrow(&mut self, row: &Row, arrow: &Arrow) {
        let class = match arrow.is_lost {
            true => "lost",
            false => arrow.tone.name(),
        };
        let label = numbered(self.ladder, row, &arrow.label);
        let (from, to) = (self.lanes[arrow.from], self.lanes[arrow.to]);
        let (y, is_pair, beside) = (self.y, self.is_pair(), self.beside());
        let names = [arrow.from, arrow.to].map(|lane| self.ladder.lanes[lane].name.clone());
        let step = if is_pair { LINE + 3.0 } else { LINE - 5.0 };
        let is_right = to > from;
        let sides = [
            (from, is_right, &arrow.sender_note, arrow.sender_window),
            (to, !is_right, &arrow.receiver_note, arrow.receiver_window),
        ];
        self.drawing.group(class, &arrow.detail, |drawing| {
            let (begin, end) = match is_right {
                true => (from + 3.0, to - 3.0),
                false => (from - 3.0, to + 3.0),
            };
            let last = match arrow.is_lost {
                true => begin + (end - begin) * 0.55,
                false => end,
            };
            drawing.line("", (begin, y + step - 2.0), (last, y + step + 2.0));
            let tip = y + step + 2.0;
            match arrow.is_lost {
                true => drawing.path("head", &cross(last, tip)),
                false => drawing.path("head", &head(last, tip, is_right)),
            }
            if is_pair {
                let at = ((from + to) / 2.0, y + LINE - 4.0);
                drawing.text("small", at, Anchor::Middle, &label);
                for (x, is_left, note, window) in sides {
                    beside_host(drawing, (x, y + LINE + 6.0), is_left, note, window);
                }
            } else {
                let notes = sides.iter().map(|(.., note, _)| note.as_str());
                let notes: Vec<_> = notes.filter(|note| !note.is_empty()).collect();
                let mut said = format!("{} > {}: {label}", names[0], names[1]);
                if !notes.is_empty() {
                    said = format!("{said}  {}", notes.join(", "));
                }
                drawing.text("small", (beside, y + LINE - 1.0), Anchor::Start, &said);
            }
        });
        self.y += if is_pair { ARROW_ROW } else { LINE + 5.0 };
    }

    fn failure(&mut self, text: &str) {
        let room = self.width - 2.0 * MARGIN;
        let parts = lines(&format!("✗ {text}"), fitting(room - 16.0, FONT));
        let height = LINE * parts.len() as f64 + 8.0;
        let y = self.y + 3.0;
        self.drawing.group("failure", "", |drawing| {
            drawing.rectangle("", (MARGIN, y), (room, height));
            for (index, part) in parts.iter().enumerate() {
                let at = (MARGIN + 8.0, y + LINE * (index + 1) as f64);
                drawing.text("", at, Anchor::Start, part);
            }
        });
        self.y += height + 8.0;
    }

    /// The hosts' lines, and what stands below.
    fn finish(mut self, place: Place) -> String {
        let bottom = self.y + 4.0;
        let mut rails = Drawing::default();
        for x in self.lanes.clone() {
            let mut from = self.top;
            for (begin, end) in &self.pauses {
                rails.line("rail", (x, from), (x, *begin));
                rails.line("rail gap", (x, *begin), (x, *end));
                from = *end;
            }
            rails.line("rail", (x, from), (x, bottom));
        }
        rails.end_line();
        self.y = bottom + 4.0;
        let mut foot: Vec<String> = Vec::new();
        if self.ladder.left_out > 0 {
            foot.push(format!("{} more rows are left out", self.ladder.left_out));
        }
        let connections = self.ladder.connections.iter().enumerate();
        foot.extend(connections.map(|(index, name)| format!("#{} is {name}", index + 1)));
        for line in foot {
            self.y += LINE;
            self.drawing
                .text("small muted", (MARGIN, self.y), Anchor::Start, &line);
        }
        let margin = match place {
            Place::File => MARGIN,
            Place::Page => 4.0,
        };
        let size = (self.width, self.y + margin);
        let title = format!("Ladder of {}. {}", self.ladder.title, self.ladder.claim);
        rails.append(self.drawing);
        rails.finish(size, place, title.trim())
    }
}

/// What a host says beside its line, and its window.
fn beside_host(
    drawing: &mut Drawing,
    (x, y): (f64, f64),
    is_left: bool,
    note: &str,
    window: Option<Window>,
) {
    let sign = if is_left { -1.0 } else { 1.0 };
    let mut x = x + sign * 10.0;
    if let Some(window) = window {
        let left = if is_left { x - BAR.0 } else { x };
        bar(drawing, (left, y - BAR.1), window);
        x += sign * (BAR.0 + 8.0);
    }
    if !note.is_empty() {
        let anchor = if is_left { Anchor::End } else { Anchor::Start };
        drawing.text("small", (x, y), anchor, note);
    }
}

/// The window as a bar: held, then free.
fn bar(drawing: &mut Drawing, (x, y): (f64, f64), window: Window) {
    let share = |octets: i64| (octets as f64 / window.widest as f64).clamp(0.0, 1.0) * BAR.0;
    let (held, free) = (share(window.held), share(window.free));
    if held > 0.0 {
        drawing.rectangle("taken", (x, y), (held, BAR.1));
    }
    if free > 0.0 {
        drawing.rectangle("free", (x + held, y), (free.min(BAR.0 - held), BAR.1));
    }
    drawing.rectangle("bar", (x, y), BAR);
}

/// The head of an arrow.
fn head(x: f64, y: f64, to_right: bool) -> String {
    let back = if to_right { -6 } else { 6 };
    let (x, y) = (number(x), number(y));
    format!("M{x} {y}l{back} -3.5m{} 3.5l{back} 3.5", -back)
}

fn cross(x: f64, y: f64) -> String {
    let (x, y) = (number(x), number(y));
    format!("M{x} {y}m-5 -5l10 10m0 -10l-10 10")
}

/// The text of a row with the number of its connection.
fn numbered(ladder: &Ladder, row: &Row, text: &str) -> String {
    match ladder.number(row) {
        Some(number) => format!("#{number} {text}"),
        None => text.to_owned(),
    }
}
