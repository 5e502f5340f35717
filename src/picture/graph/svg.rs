//! A sequence graph as SVG.

use smoltcp::time::Instant;

use super::series::{CallMark, Graph, MarkKind, Panel, Sent, SentKind};
use super::time::{TimeAxis, TimeScale, round_step};
use crate::picture::drawing::{Anchor, Drawing, Place, fitting, lines, number, text_width};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 176.0;
const PANEL: f64 = 300.0;
const PANEL_OF_TWO: f64 = 220.0;
const LINE: f64 = 15.0;
const SMALL: f64 = 11.0;
/// The height of a row of calls, and how many rows a host has at most.
const CALL_ROW: f64 = 13.0;
const CALL_ROWS: usize = 3;
/// The height of a row of names of what opens and ends, and how many rows there are.
const MARK_ROW: f64 = 12.0;
const MARK_ROWS: usize = 2;
/// Where the window is so much wider than what was sent, its edge is left outside.
const EDGE_AWAY: i64 = 4;
/// More segments than this are drawn without what tells each apart.
const SEGMENTS_SINGLE: usize = 400;
/// The most segments that are drawn, and of repeated ones that are named.
const SEGMENTS_MAX: usize = 6_000;
/// Labels of lines stand at least so far apart.
const LABEL_APART: f64 = 13.0;

/// Draws a graph.
pub fn svg(graph: &Graph, scale: TimeScale, place: Place) -> String {
    let mut canvas = Canvas {
        graph,
        axis: TimeAxis::new(scale, &graph.times),
        drawing: Drawing::default(),
        y: 10.0,
    };
    canvas.head(place);
    canvas.calls();
    let height = match graph.panels.len() {
        0 | 1 => PANEL,
        _ => PANEL_OF_TWO,
    };
    for (index, panel) in graph.panels.iter().enumerate() {
        let is_last = index + 1 == graph.panels.len();
        canvas.panel(panel, height, is_last);
    }
    canvas.legend();
    let size = (WIDTH, canvas.y + 8.0);
    let title = format!("Sequence graph of {}. {}", graph.title, graph.claim);
    canvas.drawing.finish(size, place, title.trim())
}

struct Canvas<'a> {
    graph: &'a Graph,
    axis: TimeAxis,
    drawing: Drawing,
    y: f64,
}

/// The scale of sequence numbers of a panel.
#[derive(Clone, Copy)]
struct Scale {
    low: i64,
    high: i64,
    top: f64,
    height: f64,
}

impl Scale {
    fn y(self, sequence: i64) -> f64 {
        let span = (self.high - self.low).max(1) as f64;
        let share = (sequence - self.low) as f64 / span;
        self.top + self.height * (1.0 - share.clamp(0.0, 1.0))
    }
}

impl Canvas<'_> {
    fn x(&self, at: Instant) -> f64 {
        LEFT + 8.0 + self.axis.place(at) * (WIDTH - LEFT - RIGHT - 16.0)
    }

    fn head(&mut self, place: Place) {
        if place == Place::File {
            self.y += 10.0;
            self.drawing
                .text("title", (14.0, self.y), Anchor::Start, &self.graph.title);
            for line in lines(&self.graph.claim, fitting(WIDTH - 28.0, 12.0)) {
                self.y += LINE;
                self.drawing
                    .text("muted", (14.0, self.y), Anchor::Start, &line);
            }
            self.y += 6.0;
        }
        let (place, count) = self.graph.connection;
        if count > 1 {
            self.y += LINE;
            let text = format!("connection {} of {count}", place + 1);
            self.drawing
                .text("small muted", (14.0, self.y), Anchor::Start, &text);
        }
        self.drawing.end_line();
    }

    /// A strip for each host that has made calls, with a tick for each.
    fn calls(&mut self) {
        for side in 0..2 {
            let calls: Vec<&CallMark> = self
                .graph
                .calls
                .iter()
                .filter(|call| call.side == side)
                .collect();
            if calls.is_empty() {
                continue;
            }
            let top = self.y + 6.0;
            let name = &self.graph.hosts[side];
            let at = (LEFT - 8.0, top + CALL_ROW - 3.0);
            self.drawing.text("small muted", at, Anchor::End, name);
            // Up to where each row is taken.
            let mut taken = [0.0_f64; CALL_ROWS];
            let mut rows = 1;
            for call in calls {
                let x = self.x(call.at);
                let width = text_width(&call.name, SMALL) + 10.0;
                // What would stand beyond the right edge stands left of its tick.
                let is_last = x + width > WIDTH - 4.0;
                let (begin, end) = match is_last {
                    true => (x - width, x),
                    false => (x, x + width),
                };
                let row = (0..CALL_ROWS).find(|row| taken[*row] <= begin);
                let class = if call.is_error { "call bad" } else { "call" };
                let y = top + CALL_ROW * row.unwrap_or(0) as f64;
                self.drawing.group(class, &call.text, |drawing| {
                    // Where names stand in all rows, a tick above them has to do.
                    let (from, to) = match row {
                        Some(_) => (y + 2.0, y + CALL_ROW - 1.0),
                        None => (y - 3.0, y + 2.0),
                    };
                    drawing.line("", (x, from), (x, to));
                    if row.is_some() {
                        let (at, anchor) = match is_last {
                            true => (x - 4.0, Anchor::End),
                            false => (x + 4.0, Anchor::Start),
                        };
                        drawing.text("small", (at, y + CALL_ROW - 3.0), anchor, &call.name);
                    }
                });
                if let Some(row) = row {
                    taken[row] = end;
                    rows = rows.max(row + 1);
                }
            }
            self.y = top + CALL_ROW * rows as f64;
        }
        self.y += 6.0;
    }

    fn panel(&mut self, panel: &Panel, height: f64, is_last: bool) {
        self.y += LINE + 4.0;
        let heading = match panel.held {
            0 => format!("{}, sequence number", panel.name),
            held => format!(
                "{}, sequence number; up to {held} octets were held without acknowledgment",
                panel.name
            ),
        };
        self.drawing
            .text("small muted", (LEFT, self.y - 4.0), Anchor::Start, &heading);
        if !panel.marks.is_empty() {
            self.y += MARK_ROW * MARK_ROWS as f64;
        }
        let scale = scale(panel, self.y, height);
        self.grid(scale, is_last);
        self.lines(panel, scale);
        self.segments(panel, scale);
        self.marks(panel, scale);
        self.y = scale.top + height + if is_last { 36.0 } else { 8.0 };
        self.drawing.end_line();
    }

    fn grid(&mut self, scale: Scale, has_times: bool) {
        let right = WIDTH - RIGHT;
        let bottom = scale.top + scale.height;
        let step = round_step((scale.high - scale.low).max(1) as f64 / 6.0).max(1.0) as i64;
        let mut value = scale.low.div_euclid(step) * step;
        while value <= scale.high {
            if value >= scale.low {
                let y = scale.y(value);
                self.drawing.line("grid", (LEFT, y), (right, y));
                let at = (LEFT - 8.0, y + 4.0);
                self.drawing
                    .text("small muted", at, Anchor::End, &octets(value));
            }
            value += step;
        }
        let room = ((right - LEFT) / 58.0) as usize;
        let span = right - LEFT - 16.0;
        for (place, name) in self.axis.ticks(room) {
            let x = LEFT + 8.0 + place * span;
            self.drawing.line("grid", (x, scale.top), (x, bottom));
            if has_times {
                let at = (x, bottom + 15.0);
                self.drawing.text("small muted", at, Anchor::Middle, &name);
            }
        }
        if has_times {
            let at = ((LEFT + right) / 2.0, bottom + 30.0);
            let name = self.axis.name();
            self.drawing.text("small muted", at, Anchor::Middle, name);
        }
        let size = (right - LEFT, scale.height);
        let frame = format!(
            "M{} {}h{}v{}h-{}z",
            number(LEFT),
            number(scale.top),
            number(size.0),
            number(size.1),
            number(size.0)
        );
        self.drawing.path("frame", &frame);
        self.drawing.end_line();
    }

    /// The lines of the receiver, with their names at the right. Each is narrower than the one
    /// below it, or dashed, so that equal ones are seen.
    fn lines(&mut self, panel: &Panel, scale: Scale) {
        if !panel.accepted.is_empty() {
            // What lies between the two lines was taken and not acknowledged.
            let upper = self.stairs(&panel.accepted, scale);
            let mut lower = self.stairs(&panel.acknowledged, scale);
            lower.reverse();
            let path: Vec<_> = upper.into_iter().chain(lower).collect();
            self.drawing
                .path("gapfill", &format!("{}z", polyline(&path)));
        }
        let mut labels: Vec<(f64, &str, String)> = Vec::new();
        for (class, name, line) in [
            ("accepted", "accepted", &panel.accepted),
            ("acknowledged", "acknowledged", &panel.acknowledged),
            ("edge", "right edge", &panel.edge),
        ] {
            let Some((_, last)) = line.last() else {
                continue;
            };
            let is_away = *last > scale.high;
            if !(class == "edge" && line.iter().all(|(_, value)| *value > scale.high)) {
                let points = self.stairs(line, scale);
                self.drawing.path(class, &polyline(&points));
            }
            let sign = if is_away { "↑ " } else { "" };
            labels.push((scale.y(*last), class, format!("{sign}{name} {last}")));
        }
        labels.sort_by(|one, other| one.0.total_cmp(&other.0));
        let mut lowest = scale.top - LABEL_APART + 4.0;
        for (y, class, text) in labels {
            lowest = (y + 4.0).max(lowest + LABEL_APART);
            let at = (WIDTH - RIGHT + 8.0, lowest);
            let class = format!("small label-{class}");
            self.drawing.text(&class, at, Anchor::Start, &text);
        }
    }

    /// A line that stays where it is until it changes, to the right end.
    fn stairs(&self, line: &[(Instant, i64)], scale: Scale) -> Vec<(f64, f64)> {
        let mut points = Vec::new();
        let mut level = None;
        for (at, value) in thinned(line) {
            let (x, y) = (self.x(*at), scale.y(*value));
            points.extend(level.map(|level| (x, level)));
            points.push((x, y));
            level = Some(y);
        }
        let right = WIDTH - RIGHT;
        points.extend(level.map(|level| (right, level)));
        points
    }

    fn segments(&mut self, panel: &Panel, scale: Scale) {
        let is_single = panel.sent.len() <= SEGMENTS_SINGLE;
        for (kind, class, sign) in [
            (SentKind::New, "new", ""),
            (SentKind::Retransmitted, "retransmitted", "R"),
            (SentKind::Probe, "probe", "P"),
            (SentKind::Lost, "gone", "✗"),
        ] {
            let mut path = String::new();
            let mut signs: Vec<(f64, f64)> = Vec::new();
            let of_kind: Vec<&Sent> = panel.sent.iter().filter(|it| it.kind == kind).collect();
            for sent in thinned(&of_kind) {
                let x = self.x(sent.at);
                let (low, high) = (scale.y(sent.begin), scale.y(sent.end));
                path.push_str(&segment(x, low, high, is_single, kind));
                let near = |it: &(f64, f64)| (it.0 - x).abs() < 9.0 && (it.1 - high).abs() < 9.0;
                if !sign.is_empty() && is_single && !signs.iter().any(near) {
                    signs.push((x, high));
                }
            }
            if !path.is_empty() {
                self.drawing.path(class, &path);
            }
            let class = format!("small label-{class}");
            for (x, y) in signs {
                self.drawing
                    .text(&class, (x, y - 5.0), Anchor::Middle, sign);
            }
        }
    }

    /// What opens and ends a direction, as lines from top to bottom with their names.
    fn marks(&mut self, panel: &Panel, scale: Scale) {
        let mut taken = [0.0_f64; MARK_ROWS];
        for mark in &panel.marks {
            let x = self.x(mark.at);
            let class = match mark.kind {
                MarkKind::Syn | MarkKind::Fin => "close",
                MarkKind::ResetOut | MarkKind::ResetIn | MarkKind::TimedOut => "finish",
            };
            let (top, bottom) = (scale.top, scale.top + scale.height);
            self.drawing.line(class, (x, top), (x, bottom));
            // Names stand above, in the first row that has room.
            let name = mark.kind.name();
            let half = text_width(name, SMALL) / 2.0 + 4.0;
            let Some(row) = (0..MARK_ROWS).find(|row| taken[*row] <= x - half) else {
                continue;
            };
            taken[row] = x + half;
            let at = (x, top - 4.0 - MARK_ROW * row as f64);
            let class = format!("small label-{class}");
            self.drawing.text(&class, at, Anchor::Middle, name);
        }
    }

    /// What is drawn how, of what there is.
    fn legend(&mut self) {
        let has = |kind: SentKind| {
            let sent = self.graph.panels.iter().flat_map(|panel| &panel.sent);
            sent.into_iter().any(|sent| sent.kind == kind)
        };
        let entries = [
            (SentKind::New, "new", "sent"),
            (SentKind::Retransmitted, "retransmitted", "R sent again"),
            (SentKind::Probe, "probe", "P probe"),
            (SentKind::Lost, "gone", "✗ lost on its way"),
        ];
        let entries: Vec<_> = entries
            .into_iter()
            .filter(|(kind, ..)| has(*kind))
            .collect();
        let mut x = LEFT;
        self.y += 14.0;
        for (kind, class, name) in entries {
            let path = segment(x, self.y, self.y - 11.0, true, kind);
            self.drawing.path(class, &path);
            let at = (x + 8.0, self.y - 1.0);
            self.drawing.text("small muted", at, Anchor::Start, name);
            x += text_width(name, SMALL) + 30.0;
        }
        if self.graph.panels.iter().any(|panel| panel.held > 0) {
            self.drawing
                .rectangle("gapfill", (x, self.y - 10.0), (16.0, 10.0));
            let at = (x + 22.0, self.y - 1.0);
            let name = "taken, not acknowledged";
            self.drawing.text("small muted", at, Anchor::Start, name);
        }
        self.drawing.end_line();
    }
}

/// A segment as a line from its first octet to its last, with a foot and a head where each is told
/// apart, or a diamond for one that only asks.
fn segment(x: f64, low: f64, high: f64, is_single: bool, kind: SentKind) -> String {
    let (at, low, high) = (number(x), number(low), number(high));
    if kind == SentKind::Probe && low == high {
        return format!("M{at} {low}m-4 0l4-4l4 4l-4 4z");
    }
    match is_single {
        true => format!("M{at} {low}m-3 0h6M{at} {low}V{high}m-3 0h6"),
        false => format!("M{at} {low}V{high}"),
    }
}

/// What sequence numbers a panel shows.
fn scale(panel: &Panel, top: f64, height: f64) -> Scale {
    let sent = panel.sent.iter();
    let highest = sent.clone().map(|it| it.end).max().unwrap_or(1).max(1);
    let lowest = sent.map(|it| it.begin).min().unwrap_or(0).min(0);
    let lines = panel.acknowledged.iter().chain(&panel.accepted);
    let highest = lines
        .map(|(_, value)| *value)
        .max()
        .unwrap_or(0)
        .max(highest);
    let edge = panel
        .edge
        .iter()
        .map(|(_, value)| *value)
        .max()
        .unwrap_or(0);
    let high = match edge > (highest - lowest).saturating_mul(EDGE_AWAY) {
        true => highest,
        false => edge.max(highest),
    };
    let room = ((high - lowest) / 12).max(1);
    Scale {
        low: lowest,
        high: high + room,
        top,
        height,
    }
}

/// A path of straight lines.
fn polyline(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        path.push(if index == 0 { 'M' } else { 'L' });
        path.push_str(&format!("{} {}", number(*x), number(*y)));
    }
    path
}

/// Octets in short.
fn octets(value: i64) -> String {
    match value.unsigned_abs() {
        0..1_000_000 => value.to_string(),
        1_000_000..1_000_000_000 => format!("{} M", value as f64 / 1e6),
        _ => format!("{} G", value as f64 / 1e9),
    }
}

fn thinned<T>(values: &[T]) -> impl Iterator<Item = &T> {
    values
        .iter()
        .step_by(values.len().div_ceil(SEGMENTS_MAX).max(1))
}
