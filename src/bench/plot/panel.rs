//! A panel: its frame, its marks, and the names beside its lines.

use super::scale::Scale;
use crate::picture::{Anchor, Drawing, number};

/// A panel's place, and its two scales.
pub(super) struct PanelFrame<'a> {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) x: &'a Scale,
    pub(super) y: &'a Scale,
}

/// Room for a name of a mark below the panel, in widths.
const TICK: f64 = 46.0;
/// And beside it, in heights.
const TICK_LINE: f64 = 26.0;

impl PanelFrame<'_> {
    pub(super) fn right(&self) -> f64 {
        self.left + self.x.length
    }

    pub(super) fn bottom(&self) -> f64 {
        self.top + self.y.length
    }

    /// Draws the frame with its grid, its title, and the names at its lower edge.
    pub(super) fn draw(&self, drawing: &mut Drawing, title: &str, caption: &str) {
        let bottom = self.bottom();
        drawing.text("name", (self.left, self.top - 7.0), Anchor::Start, title);
        let vertical = |place: f64, drawing: &mut Drawing| {
            let x = self.left + place;
            drawing.line("grid", (x, self.top), (x, bottom));
        };
        let below = |place: f64, name: &str, drawing: &mut Drawing| {
            let at = (self.left + place, bottom + 14.0);
            drawing.text("small muted", at, Anchor::Middle, name);
        };
        let (from, to) = self.x.range();
        for (place, name) in self.x.ticks(((to - from) / TICK) as usize) {
            vertical(place, drawing);
            below(place, &name, drawing);
        }
        for (lane, name) in self.x.before.iter().enumerate() {
            below(self.x.before(lane), name, drawing);
        }
        for (lane, name) in self.x.after.iter().enumerate() {
            below(self.x.after(lane), name, drawing);
        }
        // What stands apart from the numbers is apart in the frame.
        if !self.x.before.is_empty() && self.x.has_numbers() {
            vertical(from, drawing);
        }
        if !self.x.after.is_empty() && self.x.has_numbers() {
            vertical(to, drawing);
        }
        let middle = self.left + self.x.length / 2.0;
        drawing.text(
            "small muted",
            (middle, bottom + 28.0),
            Anchor::Middle,
            caption,
        );
        let frame = format!(
            "M{} {}h{}v{}h-{}z",
            number(self.left),
            number(self.top),
            number(self.x.length),
            number(self.y.length),
            number(self.x.length)
        );
        drawing.path("frame", &frame);
        drawing.end_line();
    }

    /// The marks of the upright axis, with their names at its left.
    pub(super) fn upright(&self, drawing: &mut Drawing) {
        let (from, to) = self.y.range();
        let numbers = self.y.ticks(((to - from) / TICK_LINE) as usize);
        let lanes = self.y.before.iter().enumerate();
        let lanes = lanes.map(|(lane, name)| (self.y.before(lane), name.clone()));
        for (place, name) in lanes.chain(numbers) {
            let y = self.bottom() - place;
            drawing.line("grid", (self.left, y), (self.right(), y));
            drawing.text(
                "small muted",
                (self.left - 6.0, y + 4.0),
                Anchor::End,
                &name,
            );
        }
        drawing.end_line();
    }
}
