//! A plot's frame: its two axes, their scales and ticks, and the place of a value in the drawing.

use super::svg::{Anchor, GRID, INK, Stroke, Svg};

/// How values are spread along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Evenly, from the first to the last.
    Linear(f64, f64),
    /// By their logarithms; what is not above the first stands there.
    Logarithmic(f64, f64),
}

impl Scale {
    /// Where a value stands, from 0 to 1.
    fn place(self, value: f64) -> f64 {
        let (place, span) = match self {
            Self::Linear(first, last) => (value - first, last - first),
            Self::Logarithmic(first, last) => {
                ((value.max(first) / first).ln(), (last / first).ln())
            }
        };
        if span > 0.0 {
            (place / span).clamp(0.0, 1.0)
        } else {
            0.5
        }
    }
}

/// A mark at an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// A part of a drawing in which values have places.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlotFrame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl PlotFrame {
    /// Where a pair of values stands.
    pub(super) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + self.x.place(x) * self.width,
            self.top + (1.0 - self.y.place(y)) * self.height,
        )
    }

    /// Draws the frame, its grid, and what stands at its axes.
    pub(super) fn draw(&self, svg: &mut Svg, title: &str, x: &[Tick], y: &[Tick]) {
        let (bottom, right) = (self.top + self.height, self.left + self.width);
        for tick in x {
            let (place, _) = self.at(tick.value, 0.0);
            svg.line(
                &[(place, self.top), (place, bottom)],
                GRID,
                0.6,
                Stroke::Solid,
            );
            svg.text((place, bottom + 13.0), Anchor::Middle, 10.0, &tick.label);
        }
        for tick in y {
            let (_, place) = self.at(0.0, tick.value);
            svg.line(
                &[(self.left, place), (right, place)],
                GRID,
                0.6,
                Stroke::Solid,
            );
            svg.text(
                (self.left - 4.0, place + 3.5),
                Anchor::End,
                10.0,
                &tick.label,
            );
        }
        let border = [
            (self.left, self.top),
            (self.left, bottom),
            (right, bottom),
            (right, self.top),
            (self.left, self.top),
        ];
        svg.line(&border, INK, 0.8, Stroke::Solid);
        svg.text((self.left, self.top - 6.0), Anchor::Start, 12.0, title);
    }
}

/// Marks at powers of a base, from the first value to the last.
pub(super) fn powers(base: f64, first: f64, last: f64, label: impl Fn(f64) -> String) -> Vec<Tick> {
    let mut ticks = Vec::new();
    let mut value = base.powf((first.ln() / base.ln()).ceil());
    while value <= last * 1.000_001 {
        ticks.push(Tick {
            value,
            label: label(value),
        });
        value *= base;
    }
    ticks
}

/// Octets in short: `4000`, `16 Ki`, `1 Mi`.
pub(super) fn octets(value: f64) -> String {
    let number = value.round() as u64;
    let units = [(1_u64 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
    let whole = units
        .into_iter()
        .find(|(unit, _)| number >= *unit && number.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) => format!("{} {name}", number / unit),
        None => number.to_string(),
    }
}

/// Seconds in short: `1 ms`, `10 s`.
pub(super) fn seconds(value: f64) -> String {
    if value < 0.000_999 {
        format!("{} us", (value * 1e6).round())
    } else if value < 0.999 {
        format!("{} ms", (value * 1e3).round())
    } else {
        format!("{} s", value.round())
    }
}
