//! Shapes and text as SVG. The same calls leave the same octets.
//!
//! Shapes have classes, which a style sheet colours: that of the page which an inline drawing is
//! part of, or that of the drawing itself, which knows light and dark.

use std::fmt::Write as _;

use crate::language::cells::width;

/// How wide a character of the drawings' font is, as a part of its size: monospaced fonts are
/// between 0.6 and 0.61.
const CHARACTER: f64 = 0.605;

/// The style sheet of drawings that stand alone. The colours are those of Okabe and Ito, which
/// people tell apart who do not see red and green; no custom properties, which not every viewer of
/// SVG knows.
pub(super) const STYLE: &str = include_str!("drawing.css");

/// Where a text stands beside its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    fn attribute(self) -> &'static str {
        match self {
            Self::Start => "",
            Self::Middle => " text-anchor=\"middle\"",
            Self::End => " text-anchor=\"end\"",
        }
    }
}

/// Whether a drawing is a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file, with a style sheet.
    File,
    /// A part of a page, whose style sheet it uses.
    Page,
}

/// A drawing.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    body: String,
}

/// A number with at most one decimal.
pub(crate) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    // No sign before zero.
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

/// How wide a text is.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    width(text) as f64 * size * CHARACTER
}

/// How many characters fit into a width.
pub(crate) fn fitting(width: f64, size: f64) -> usize {
    (width / (size * CHARACTER)).max(1.0) as usize
}

impl Drawing {
    /// The whole drawing.
    pub(crate) fn finish(self, size: (f64, f64), place: Place, title: &str) -> String {
        let (width, height) = (number(size.0), number(size.1));
        let head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"hangup\" role=\"img\" \
             width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
             <title>{}</title>\n",
            escaped(title)
        );
        let style = match place {
            Place::File => format!("<style>\n{STYLE}</style>\n"),
            Place::Page => String::new(),
        };
        let ground = format!("<rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n");
        format!("{head}{style}{ground}{}</svg>\n", self.body)
    }

    /// What was drawn, for a place that has a frame of its own.
    pub(crate) fn body(&self) -> &str {
        self.body.trim_end()
    }

    /// Something inside a group with a class, and perhaps a title that is seen where the pointer
    /// rests.
    pub(crate) fn group(&mut self, class: &str, title: &str, draw: impl FnOnce(&mut Self)) {
        // Writing to a string cannot fail, here and below.
        let _ = write!(self.body, "<g class=\"{class}\">");
        if !title.is_empty() {
            let _ = write!(self.body, "<title>{}</title>", escaped(title));
        }
        draw(self);
        self.body.push_str("</g>\n");
    }

    pub(crate) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(
            self.body,
            "<path{} d=\"M{} {}L{} {}\"/>",
            classed(class),
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1)
        );
    }

    /// A path, as SVG writes it.
    pub(crate) fn path(&mut self, class: &str, data: &str) {
        let _ = write!(self.body, "<path{} d=\"{data}\"/>", classed(class));
    }

    /// A line of a series. Where others lie on it, each of them has its turn in dashes.
    pub(crate) fn dashed(&mut self, data: &str, dash: f64, turn: usize, of: usize) {
        if of < 2 {
            return self.path("line", data);
        }
        let _ = write!(
            self.body,
            "<path class=\"line\" stroke-dasharray=\"{} {}\" stroke-dashoffset=\"-{}\" \
             d=\"{data}\"/>",
            number(dash),
            number(dash * (of - 1) as f64),
            number(dash * turn as f64)
        );
    }

    pub(crate) fn rectangle(&mut self, class: &str, at: (f64, f64), size: (f64, f64)) {
        let _ = write!(
            self.body,
            "<rect{} x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            classed(class),
            number(at.0),
            number(at.1),
            number(size.0),
            number(size.1)
        );
    }

    pub(crate) fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let _ = write!(
            self.body,
            "<text{} x=\"{}\" y=\"{}\"{}>{}</text>",
            classed(class),
            number(at.0),
            number(at.1),
            anchor.attribute(),
            escaped(text)
        );
    }

    /// With another drawing on top of it.
    pub(crate) fn append(&mut self, other: Self) {
        self.body.push_str(&other.body);
    }

    /// Begins a new line of the file.
    pub(crate) fn end_line(&mut self) {
        self.body.push('\n');
    }
}

fn classed(class: &str) -> String {
    match class.is_empty() {
        true => String::new(),
        false => format!(" class=\"{class}\""),
    }
}

/// A text as XML and HTML want it.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            it if it.is_control() => escaped.push(' '),
            it => escaped.push(it),
        }
    }
    escaped
}

/// A text in lines of so many characters, broken at blanks.
pub(crate) fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let text = text.replace("= ", "=\u{a0}").replace("-1 E", "-1\u{a0}E");
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let fits = |line: &String| width(line) + 1 + width(word) <= most;
        match lines.last_mut() {
            Some(line) if fits(line) => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
