//! The colours and signs of systems. A system has the same in every picture, whatever else is
//! in it.

use hangup_stack::profile::Profile;

use super::drawing::Drawing;

/// How many colours there are: those of Okabe and Ito that are seen on a light and on a dark
/// ground, and a purple. Systems that have one in common stand for different rounds.
const COLOURS: usize = 8;

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Wedge,
    Bar,
}

/// Those of systems as they are, one for each round of colours.
const PLAIN: [Shape; 2] = [Shape::Circle, Shape::Square];

/// The place of a system among the built-in profiles; a stranger comes behind them.
fn place(system: &str) -> usize {
    let aliases = Profile::aliases().iter();
    let name = aliases
        .into_iter()
        .find_map(|(alias, name)| (*alias == system).then_some(*name))
        .unwrap_or(system);
    let names = Profile::names();
    let known = names.iter().position(|known| *known == name);
    known.unwrap_or(names.len())
}

/// The class that colours a system's part of a drawing.
pub(crate) fn class(system: &str) -> String {
    format!("s{}", place(system) % COLOURS)
}

/// The shape of a system's sign: it tells systems of one colour apart.
pub(crate) fn shape(system: &str) -> Shape {
    PLAIN[place(system) / COLOURS % PLAIN.len()]
}

/// A system's sign as a drawing of its own, for a page.
pub(crate) fn sign(system: &str) -> String {
    let mut drawing = Drawing::default();
    drawing.group(&class(system), "", |drawing| {
        mark(drawing, shape(system), (6.0, 6.0), false);
    });
    format!(
        "<svg class=\"hangup\" width=\"12\" height=\"12\" aria-hidden=\"true\">{}</svg>",
        drawing.body()
    )
}

/// Draws a sign; a hollow one has the colour of the ground inside.
pub(crate) fn mark(drawing: &mut Drawing, shape: Shape, (x, y): (f64, f64), hollow: bool) {
    let at = format!("M{x:.1} {y:.1}");
    let data = match shape {
        Shape::Circle => format!("{at}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z"),
        Shape::Square => format!("{at}m-2.8-2.8h5.6v5.6h-5.6z"),
        Shape::Triangle => format!("{at}m0-3.8l3.7 6.4h-7.4z"),
        Shape::Diamond => format!("{at}m0-4l4 4l-4 4l-4-4z"),
        Shape::Wedge => format!("{at}m0 3.8l3.7-6.4h-7.4z"),
        Shape::Bar => format!("{at}m-4-1.6h8v3.2h-8z"),
    };
    drawing.path(if hollow { "mark hollow" } else { "mark" }, &data);
}
