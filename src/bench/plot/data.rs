//! What a plot of a sweep shows: its panels, its senders, and the axis along which rows are spread.

use std::collections::BTreeSet;

use super::mark::{Sender, senders};
use super::scale::{Scale, sorted};
use crate::bench::axis::Axis;
use crate::bench::row::Row;
use crate::bench::value::{Unit, Value};

/// How many receivers are drawn.
const PANELS_MOST: usize = 12;

/// The axes along which rows may be spread, the most telling first.
const ALONG: [Axis; 12] = [
    Axis::Window,
    Axis::Delay,
    Axis::Rate,
    Axis::Mss,
    Axis::SendBuffer,
    Axis::Write,
    Axis::Offer,
    Axis::Queue,
    Axis::Loss,
    Axis::WindowScale,
    Axis::Until,
    Axis::Seed,
];

/// A sweep as it is drawn.
pub(super) struct SweepData<'a> {
    pub(super) rows: usize,
    /// Those that have no measurement.
    pub(super) unmeasured: usize,
    /// The axis along which rows are spread.
    pub(super) along: Axis,
    /// Axes that are varied and not seen in the plot.
    pub(super) others: Vec<Axis>,
    pub(super) senders: Vec<Sender>,
    pub(super) panels: Vec<Panel<'a>>,
    /// Receivers that are not drawn.
    pub(super) left_out: usize,
    /// Whether there are rows with a warm-up beside others.
    pub(super) has_warm: bool,
    pub(super) has_cold: bool,
}

/// The rows of one receiver.
pub(super) struct Panel<'a> {
    pub(super) title: String,
    pub(super) rows: Vec<&'a Row>,
}

/// Where a row stands along its axis: in a lane in front of the numbers, or at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Along {
    Lane(usize),
    Number(u64),
}

/// A series: a sender, cold or warm.
pub(super) type Series = (usize, bool);

impl<'a> SweepData<'a> {
    pub(super) fn new(rows: &'a [Row]) -> Self {
        let varied = |axis: Axis| {
            let mut values = rows.iter().map(|row| row.case.value(axis));
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let along = ALONG.into_iter().find(|axis| varied(*axis));
        let along = along.unwrap_or(Axis::Window);
        let told = [
            Axis::Sender,
            Axis::Receiver,
            Axis::Acknowledge,
            Axis::WarmUp,
            along,
        ];
        let others = Axis::all().filter(|axis| !told.contains(axis) && varied(*axis));
        let (panels, left_out) = panels(rows);
        let warm = |row: &Row| is_warm(row);
        Self {
            rows: rows.len(),
            unmeasured: rows.iter().filter(|row| row.result.is_err()).count(),
            along,
            others: others.collect(),
            senders: senders(rows.iter().map(|row| row.case.word(Axis::Sender))),
            panels,
            left_out,
            has_warm: rows.iter().any(warm),
            has_cold: !rows.iter().all(warm),
        }
    }

    /// The rows that are drawn.
    pub(super) fn shown(&self) -> impl Iterator<Item = &'a Row> + '_ {
        self.panels
            .iter()
            .flat_map(|panel| panel.rows.iter().copied())
    }

    pub(super) fn series(&self, row: &Row) -> Series {
        let name = row.case.word(Axis::Sender);
        let place = self.senders.iter().position(|it| it.name == name);
        (place.unwrap_or(0), is_warm(row))
    }

    /// The scale of the axis along which rows are spread, so long: words and zero have lanes.
    pub(super) fn along(&self, length: f64) -> Scale {
        const LANE: f64 = 46.0;
        let values: Vec<Value> = self.shown().map(|row| row.case.value(self.along)).collect();
        let numbers = sorted(values.iter().filter_map(|value| value.number()));
        let numbers = numbers.into_iter().filter(|number| *number > 0);
        let unit = self.along.unit();
        let numbers = numbers.map(|number| in_unit(unit, number));
        Scale::new(unit, numbers, (self.lanes(), Vec::new()), (length, LANE))
    }

    /// What of that axis is no number above zero.
    fn lanes(&self) -> Vec<String> {
        let lane = |row: &Row| match row.case.value(self.along) {
            Value::Word(word) => Some(word.to_owned()),
            Value::Number(0) => Some("0".to_owned()),
            Value::Number(_) => None,
        };
        let lanes: BTreeSet<String> = self.shown().filter_map(lane).collect();
        lanes.into_iter().collect()
    }

    /// Where each row stands along the axis.
    pub(super) fn places(&self) -> impl Fn(&Row) -> Along + use<> {
        let (lanes, axis) = (self.lanes(), self.along);
        move |row| {
            let value = row.case.value(axis);
            let name = match value {
                Value::Word(word) => word,
                Value::Number(0) => "0",
                Value::Number(number) => return Along::Number(number),
            };
            Along::Lane(lanes.iter().position(|lane| lane == name).unwrap_or(0))
        }
    }

    /// The place in the drawing.
    pub(super) fn place(&self, scale: &Scale, along: Along) -> f64 {
        match along {
            Along::Lane(lane) => scale.before(lane),
            Along::Number(number) => scale.number(in_unit(scale.unit, number)),
        }
    }
}

/// A number of an axis in the unit of its marks: durations are counted in microseconds, and
/// probabilities in millionths.
fn in_unit(unit: Unit, number: u64) -> f64 {
    match unit {
        Unit::Seconds | Unit::Share => number as f64 / 1e6,
        Unit::Octets | Unit::Bits | Unit::Count => number as f64,
    }
}

fn is_warm(row: &Row) -> bool {
    row.case.number(Axis::WarmUp) != Some(0)
}

fn panels(rows: &[Row]) -> (Vec<Panel<'_>>, usize) {
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for row in rows {
        let receiver = row.case.word(Axis::Receiver);
        let title = match row.case.word(Axis::Acknowledge) {
            "profile" => receiver.to_owned(),
            word => format!("{receiver}, acknowledge {word}"),
        };
        match panels.iter_mut().find(|panel| panel.title == title) {
            Some(panel) => panel.rows.push(row),
            None => panels.push(Panel {
                title,
                rows: vec![row],
            }),
        }
    }
    let left_out = panels.len().saturating_sub(PANELS_MOST);
    panels.truncate(PANELS_MOST);
    (panels, left_out)
}
