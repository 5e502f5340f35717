//! A sweep as two groups of panels, one panel for each receiver: accepted octets along the axis
//! that was varied, and the times at which senders end. Colours are senders.

use super::accepted::{self, NAMES_APART};
use super::data::SweepData;
use super::ends::{self, WAYS};
use super::panel::PanelFrame;
use crate::bench::row::Row;
use crate::picture::system::mark;
use crate::picture::{Anchor, Drawing, Place, fitting, text_lines, text_width};

/// The size of a panel, and room around it for what stands at its axes.
const PANEL: (f64, f64) = (300.0, 210.0);
const LEFT_LEAST: f64 = 62.0;
const BELOW: f64 = 40.0;
const TITLE: f64 = 34.0;
const EDGE: f64 = 14.0;
const LINE: f64 = 16.0;
const SMALL: f64 = 11.0;
/// The least width, which the text on top needs.
const WIDTH_LEAST: f64 = 720.0;
/// The longest name of a sender in the legend; a longer one is cut there, and whole in its title.
const NAME_WIDTH_MOST: f64 = 640.0;

/// Draws a sweep.
pub fn sweep(rows: &[Row], place: Place) -> String {
    let data = SweepData::new(rows);
    let layout = Layout::new(&data);
    let mut canvas = Canvas {
        data: &data,
        width: layout.width,
        drawing: Drawing::default(),
        y: EDGE,
    };
    canvas.head();
    canvas.accepted(&layout);
    canvas.ends(&layout);
    let size = (canvas.width, canvas.y + EDGE);
    let title = format!(
        "Window exhaustion: {} rows by sender and receiver",
        data.rows
    );
    canvas.drawing.finish(size, place, &title)
}

/// How panels are laid out.
struct Layout {
    columns: usize,
    /// Room at the left and at the right of each panel.
    left: f64,
    right: f64,
    width: f64,
}

impl Layout {
    fn new(data: &SweepData<'_>) -> Self {
        let names = data.senders.iter().map(|it| text_width(&it.short, SMALL));
        let longest = names.fold(0.0, f64::max);
        let warm = if data.has_warm && data.has_cold {
            42.0
        } else {
            0.0
        };
        let (left, right) = ((longest + 14.0).max(LEFT_LEAST), longest + 34.0 + warm);
        let columns = match data.panels.len() {
            0 | 1 => 1,
            2 | 4 => 2,
            _ => 3,
        };
        let width = columns as f64 * (left + PANEL.0 + right) + EDGE;
        Self {
            columns,
            left,
            right,
            width: width.max(WIDTH_LEAST),
        }
    }

    /// The left edge of a panel, and in which line it is.
    fn place(&self, index: usize) -> (f64, usize) {
        let step = self.left + PANEL.0 + self.right;
        let column = (index % self.columns) as f64;
        (self.left + column * step, index / self.columns)
    }

    fn lines(&self, panels: usize) -> usize {
        panels.div_ceil(self.columns)
    }
}

struct Canvas<'a> {
    data: &'a SweepData<'a>,
    width: f64,
    drawing: Drawing,
    y: f64,
}

impl Canvas<'_> {
    /// The title, what colours and panels are, and the senders by their whole names.
    fn head(&mut self) {
        let data = self.data;
        self.y += 6.0;
        let title = format!("Window exhaustion: {} rows", data.rows);
        self.drawing
            .text("title", (EDGE, self.y), Anchor::Start, &title);
        for line in text_lines(&self.explanation(), fitting(self.width - 2.0 * EDGE, SMALL)) {
            self.y += LINE;
            self.drawing
                .text("small muted", (EDGE, self.y), Anchor::Start, &line);
        }
        self.y += 4.0;
        let mut x = self.width;
        for sender in &data.senders {
            let label = match sender.short == sender.name {
                true => sender.name.to_owned(),
                false => format!("{}: {}", sender.short, sender.name),
            };
            let shown = cut(&label, NAME_WIDTH_MOST.min(self.width - 60.0));
            let width = text_width(&shown, SMALL) + 34.0;
            if x + width > self.width - EDGE {
                x = EDGE;
                self.y += LINE;
            }
            let y = self.y;
            self.drawing.group(&sender.class, sender.name, |drawing| {
                drawing.path("line", &format!("M{x} {}h20", y - 4.0));
                mark(drawing, sender.shape, (x + 10.0, y - 4.0), false);
                drawing.text("small", (x + 25.0, y), Anchor::Start, &shown);
            });
            x += width;
        }
        self.y += 10.0;
        self.drawing.end_line();
    }

    fn explanation(&self) -> String {
        let data = self.data;
        let mut text = "Colours are senders; each panel is a receiver.".to_owned();
        if data.has_warm && data.has_cold {
            text.push_str(" Hollow signs: after a warm-up.");
        } else if data.has_warm {
            text.push_str(" All after a warm-up.");
        }
        if !data.others.is_empty() {
            let names: Vec<_> = data.others.iter().map(|axis| axis.name()).collect();
            text.push_str(&format!(
                " Rows differ in {} as well: lines join the largest, dots are the others.",
                names.join(", ")
            ));
        }
        if data.unmeasured > 0 {
            text.push_str(&format!(" {} rows have no measurement.", data.unmeasured));
        }
        if data.left_out > 0 {
            text.push_str(&format!(" {} more receivers are not drawn.", data.left_out));
        }
        text
    }

    /// The heading of a group of panels.
    fn heading(&mut self, text: &str) {
        self.y += 24.0;
        self.drawing
            .text("name", (EDGE, self.y), Anchor::Start, text);
        self.drawing.end_line();
    }

    fn accepted(&mut self, layout: &Layout) {
        let data = self.data;
        let heading = format!(
            "octets accepted after the receive shutdown, by {}",
            data.along.name()
        );
        self.heading(&heading);
        let series = data.senders.len() * if data.has_warm && data.has_cold { 2 } else { 1 };
        let height = PANEL.1.max(series as f64 * NAMES_APART + 8.0);
        let (x, y) = (data.along(PANEL.0), accepted::scale(data, height));
        for (index, panel) in data.panels.iter().enumerate() {
            let (left, line) = layout.place(index);
            let top = self.y + TITLE + line as f64 * (height + TITLE + BELOW);
            let (x, y) = (&x, &y);
            let frame = PanelFrame { left, top, x, y };
            accepted::panel(&mut self.drawing, data, panel, &frame);
        }
        self.y += layout.lines(data.panels.len()) as f64 * (height + TITLE + BELOW);
    }

    fn ends(&mut self, layout: &Layout) {
        let data = self.data;
        self.heading("when the sender's connection ends");
        self.ways();
        let (x, y) = (ends::scale(data, PANEL.0), ends::upright(data));
        let height = y.length;
        for (index, panel) in data.panels.iter().enumerate() {
            let (left, line) = layout.place(index);
            let top = self.y + TITLE + line as f64 * (height + TITLE + BELOW);
            let (x, y) = (&x, &y);
            let frame = PanelFrame { left, top, x, y };
            ends::panel(&mut self.drawing, data, panel, &frame);
        }
        self.y += layout.lines(data.panels.len()) as f64 * (height + TITLE + BELOW);
    }

    /// The signs of the ways to end, of those that there are.
    fn ways(&mut self) {
        self.y += LINE;
        let (ways, lanes) = ends::there(self.data);
        let mut entries: Vec<(Option<usize>, String)> = Vec::new();
        entries.extend(ways.iter().map(|way| (Some(*way), WAYS[*way].to_owned())));
        for lane in lanes {
            let meaning = match lane.as_str() {
                ends::OPEN => "open: still at work when the watch ended",
                _ => "never: waits for good",
            };
            entries.push((None, meaning.to_owned()));
        }
        let mut x = EDGE + 4.0;
        for (way, name) in entries {
            ends::sign(&mut self.drawing, way, (x, self.y - 4.0), false);
            self.drawing
                .text("small muted", (x + 9.0, self.y), Anchor::Start, &name);
            x += text_width(&name, SMALL) + 30.0;
        }
        self.drawing.end_line();
    }
}

/// A text that is as wide as may be.
fn cut(text: &str, width: f64) -> String {
    let most = fitting(width, SMALL);
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Plan;
    use crate::bench::axis::Axis;
    use crate::bounds::Usual;

    fn rows(plan: &str) -> Vec<Row> {
        let mut read = Plan::default();
        read.read(plan).unwrap();
        let rows = read.rows();
        rows.map(|(id, case)| Row::run(id, case, &Usual)).collect()
    }

    #[test]
    fn each_receiver_has_its_panels_and_each_series_its_signs() {
        let rows = rows(
            "[sweep]\nreceiver = 'wsprecvdisconnect,winsock'\nsender = 'linux,windows'\n\
             window = '1000..8000:x2'",
        );
        let svg = sweep(&rows, Place::File);
        for receiver in ["wsprecvdisconnect", "winsock"] {
            let titles = svg.matches(&format!(">{receiver}</text>")).count();
            assert_eq!(titles, 2, "{receiver}");
        }
        let end = |row: &Row| {
            let words = [Axis::Receiver, Axis::Sender].map(|axis| row.case.word(axis));
            (words, row.result.as_ref().unwrap().sender.at)
        };
        let ends: std::collections::BTreeSet<_> = rows.iter().map(end).collect();
        let titles = svg.matches(" octets</title>").count();
        assert_eq!(titles, 16, "a sign for each sender, receiver and window");
        assert_eq!(svg.matches(" rows</title>").count(), ends.len());
        assert_eq!(svg, sweep(&rows, Place::File));
    }

    #[test]
    fn equal_lines_take_turns_and_signs_stand_side_by_side() {
        // Whole segments alone are sent, by all of them.
        let rows = rows(
            "[sweep]\nreceiver = 'wsprecvdisconnect'\nsender = 'linux,freebsd,netbsd'\n\
             window = '3000,6000'\ncongestion = 'none'",
        );
        let accepted = |row: &Row| row.result.as_ref().unwrap().accepted;
        let segments = |row: &Row| row.case.number(Axis::Window).unwrap() / 1460 * 1460;
        assert!(rows.iter().all(|row| accepted(row) == segments(row)));
        let svg = sweep(&rows, Place::File);
        for turn in 0..3 {
            let offset = format!(
                "stroke-dasharray=\"7 14\" stroke-dashoffset=\"-{}\"",
                turn * 7
            );
            assert_eq!(svg.matches(&offset).count(), 1, "{offset}");
        }
    }

    #[test]
    fn no_sweep_leaves_an_empty_canvas() {
        assert!(sweep(&[], Place::File).ends_with("</svg>\n"));
        let one = rows("[sweep]\nsender = 'linux'\nwindow = '4000'");
        assert_eq!(
            sweep(&one, Place::File)
                .matches(": 2920 octets</title>")
                .count(),
            1
        );
        let words = rows("[sweep]\nsender = 'linux'\nwindow = 'profile,4000'");
        assert!(sweep(&words, Place::File).contains(">profile</text>"));
    }
}
