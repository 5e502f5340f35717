//! A panel of accepted octets: a line for each sender. Lines that lie on one another take turns in
//! dashes, and their signs stand side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Along, Panel, Series, SweepData};
use super::mark::Sender;
use super::panel::PanelFrame;
use super::scale::{Scale, suffix};
use crate::bench::value::Unit;
use crate::picture::system::mark;
use crate::picture::{Anchor, Drawing, number};

/// The width of the lane of zero.
const LANE: f64 = 18.0;
/// How long a dash is where lines take turns.
const DASH: f64 = 7.0;
/// Signs of one place stand so far apart, if there is room.
const SIGNS_APART: f64 = 7.0;
/// Names beside a panel stand so far apart.
pub(super) const NAMES_APART: f64 = 13.0;

/// A point of a line.
type Point = (Along, u64);

/// The octets that the rows of a panel have accepted.
struct Lines {
    /// The most of each series at each place.
    largest: BTreeMap<Series, Vec<Point>>,
    /// All the others.
    others: BTreeSet<(Series, Point)>,
}

impl Lines {
    fn new(data: &SweepData<'_>, panel: &Panel<'_>) -> Self {
        let place = data.places();
        let mut largest: BTreeMap<Series, BTreeMap<Along, u64>> = BTreeMap::new();
        let mut others = BTreeSet::new();
        for row in &panel.rows {
            let Ok(measurement) = &row.result else {
                continue;
            };
            let (series, along) = (data.series(row), place(row));
            let most = largest.entry(series).or_default().entry(along).or_default();
            *most = measurement.accepted.max(*most);
            others.insert((series, (along, measurement.accepted)));
        }
        let points = |(series, points): (Series, BTreeMap<Along, u64>)| {
            (series, points.into_iter().collect::<Vec<Point>>())
        };
        let largest: BTreeMap<_, _> = largest.into_iter().map(points).collect();
        others.retain(|(series, point)| !largest[series].contains(point));
        Self { largest, others }
    }

    /// The series whose lines go from one point to another.
    fn together(&self) -> BTreeMap<(Point, Point), Vec<Series>> {
        let mut together: BTreeMap<_, Vec<Series>> = BTreeMap::new();
        for (series, points) in &self.largest {
            for pair in points.windows(2) {
                together
                    .entry((pair[0], pair[1]))
                    .or_default()
                    .push(*series);
            }
        }
        together
    }
}

/// The scale of accepted octets of all panels.
pub(super) fn scale(data: &SweepData<'_>, length: f64) -> Scale {
    let measured = data.shown().filter_map(|row| row.result.as_ref().ok());
    let accepted: BTreeSet<u64> = measured.map(|it| it.accepted).collect();
    let lanes = match accepted.contains(&0) {
        true => vec!["0".to_owned()],
        false => Vec::new(),
    };
    let numbers = accepted.into_iter().filter(|octets| *octets > 0);
    let numbers = numbers.map(|octets| octets as f64);
    Scale::new(Unit::Octets, numbers, (lanes, Vec::new()), (length, LANE))
}

struct Canvas<'a> {
    data: &'a SweepData<'a>,
    frame: &'a PanelFrame<'a>,
    lines: Lines,
}

/// Draws a panel.
pub(super) fn panel(
    drawing: &mut Drawing,
    data: &SweepData<'_>,
    panel: &Panel<'_>,
    frame: &PanelFrame<'_>,
) {
    let caption = format!("{}{}", data.along.name(), suffix(data.along.unit()));
    frame.upright(drawing);
    frame.draw(drawing, &panel.title, &caption);
    let canvas = Canvas {
        data,
        frame,
        lines: Lines::new(data, panel),
    };
    if canvas.lines.largest.is_empty() {
        let middle = (
            frame.left + frame.x.length / 2.0,
            frame.top + frame.y.length / 2.0,
        );
        drawing.text("muted", middle, Anchor::Middle, "no row has a measurement");
        return;
    }
    canvas.draw_lines(drawing);
    canvas.draw_signs(drawing);
    canvas.draw_names(drawing);
}

impl Canvas<'_> {
    fn at(&self, (along, octets): Point) -> (f64, f64) {
        let y = match octets {
            0 => self.frame.y.before(0),
            octets => self.frame.y.number(octets as f64),
        };
        let x = self.frame.left + self.data.place(self.frame.x, along);
        (x, self.frame.bottom() - y)
    }

    fn sender(&self, series: Series) -> &Sender {
        &self.data.senders[series.0]
    }

    /// The lines: where several go together, each has its share of the dashes.
    fn draw_lines(&self, drawing: &mut Drawing) {
        let together = self.lines.together();
        for (series, points) in &self.lines.largest {
            let class = format!("{} line", self.sender(*series).class);
            drawing.group(&class, &self.title(*series), |drawing| {
                let mut pairs = points.windows(2).peekable();
                while let Some(pair) = pairs.next() {
                    let group = &together[&(pair[0], pair[1])];
                    let mut path = format!("M{}", shown(self.at(pair[0])));
                    path.push_str(&format!("L{}", shown(self.at(pair[1]))));
                    let goes_on = |next: &&[Point]| &together[&(next[0], next[1])] == group;
                    while let Some(next) = pairs.next_if(goes_on) {
                        path.push_str(&format!("L{}", shown(self.at(next[1]))));
                    }
                    let turn = group.iter().position(|it| it == series).unwrap_or(0);
                    drawing.dashed(&path, DASH, turn, group.len());
                }
            });
        }
    }

    /// The signs of the lines, side by side where they meet, and small dots for other rows.
    fn draw_signs(&self, drawing: &mut Drawing) {
        let mut drawn = BTreeSet::new();
        for (series, point) in &self.lines.others {
            let at = shown(self.at(*point));
            if drawn.insert((series.0, at.clone())) {
                let data = format!("M{at}m-1.2 0a1.2 1.2 0 1 0 2.4 0a1.2 1.2 0 1 0-2.4 0z");
                let class = self.sender(*series).class.clone();
                drawing.group(&class, "", |drawing| drawing.path("mark", &data));
            }
        }
        let mut meeting: BTreeMap<Point, Vec<Series>> = BTreeMap::new();
        for (series, points) in &self.lines.largest {
            for point in points {
                meeting.entry(*point).or_default().push(*series);
            }
        }
        let columns: BTreeSet<Along> = meeting.keys().map(|(along, _)| *along).collect();
        let places: Vec<f64> = columns
            .iter()
            .map(|it| self.data.place(self.frame.x, *it))
            .collect();
        let gaps = places.windows(2).map(|pair| pair[1] - pair[0]);
        let room = gaps.fold(self.frame.x.length * 0.4, f64::min);
        for (point, of) in &meeting {
            let (x, y) = self.at(*point);
            let apart = (room * 0.8 / of.len() as f64).min(SIGNS_APART);
            for (index, series) in of.iter().enumerate() {
                let offset = (index as f64 - (of.len() - 1) as f64 / 2.0) * apart;
                // Those at the edge of the panel stay in it.
                let (least, most) = (self.frame.left + 4.0, self.frame.right() - 4.0);
                let x = (x + offset).clamp(least, most);
                let sender = self.sender(*series);
                let title = format!("{}: {} octets", self.title(*series), point.1);
                drawing.group(&sender.class, &title, |drawing| {
                    mark(drawing, sender.shape, (x, y), series.1);
                });
            }
        }
    }

    /// The names beside the ends of the lines.
    fn draw_names(&self, drawing: &mut Drawing) {
        let mut names: Vec<(f64, Series, String)> = Vec::new();
        for (series, points) in &self.lines.largest {
            let Some(last) = points.last() else {
                continue;
            };
            let (_, y) = self.at(*last);
            let cold = (series.0, false);
            let is_same = |it: &Vec<Point>| it.last() == Some(last);
            let says_both = series.1 && self.lines.largest.get(&cold).is_some_and(is_same);
            if says_both {
                continue;
            }
            let warm = if series.1 && self.data.has_cold {
                ", warm"
            } else {
                ""
            };
            names.push((y, *series, format!("{}{warm}", self.sender(*series).short)));
        }
        names.sort_by(|one, other| one.0.total_cmp(&other.0));
        let wanted: Vec<f64> = names.iter().map(|(y, ..)| *y).collect();
        let places = spread(&wanted, (self.frame.top, self.frame.bottom()));
        let right = self.frame.right();
        for ((from, series, name), y) in names.into_iter().zip(places) {
            let sender = self.sender(series);
            drawing.group(&sender.class, &self.title(series), |drawing| {
                drawing.line("lead", (right + 1.0, from), (right + 12.0, y));
                mark(drawing, sender.shape, (right + 17.0, y), series.1);
                drawing.text("small", (right + 24.0, y + 4.0), Anchor::Start, &name);
            });
        }
        drawing.end_line();
    }

    fn title(&self, series: Series) -> String {
        let name = self.sender(series).name;
        match series.1 {
            true => format!("{name}, after a warm-up"),
            false => name.to_owned(),
        }
    }
}

fn shown((x, y): (f64, f64)) -> String {
    format!("{} {}", number(x), number(y))
}

/// Places as near as may be to those that are wanted, from top to bottom, which are far enough
/// apart and, as long as there is room, between two bounds.
fn spread(wanted: &[f64], (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut places = Vec::with_capacity(wanted.len());
    let mut least = top + 4.0;
    for place in wanted {
        let place = place.max(least);
        places.push(place);
        least = place + NAMES_APART;
    }
    let mut most = bottom - 4.0;
    for place in places.iter_mut().rev() {
        *place = place.min(most);
        most = *place - NAMES_APART;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_and_inside() {
        let places = spread(&[10.0, 10.0, 11.0, 95.0, 99.0, 99.0], (0.0, 100.0));
        assert!(
            places
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= NAMES_APART)
        );
        assert!(places[0] >= 4.0 && places[5] <= 96.0, "{places:?}");
    }
}
