//! A row: the number of a case, the case, and what came of it, as columns.

use smoltcp::time::Duration;

use super::axis::{Axis, Value};
use super::case::Case;
use super::measure::{End, MeasureError, Measurement, measure};
use super::model::{Agreement, Forecast};

/// One row of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number: the place in the whole product.
    pub id: u64,
    /// What was run.
    pub case: Case,
    /// What came of it.
    pub result: Result<Measurement, MeasureError>,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A number in the unit of the column.
    Number(u64),
    /// A word.
    Word(&'static str),
    /// Nothing.
    Empty,
}

/// The columns behind those of the axes, in their order.
const RESULTS: &[&str] = &[
    "offered_octets",
    "sent_octets",
    "accepted_octets",
    "held_octets",
    "acknowledged_octets",
    "kept_octets_max",
    "limit",
    "last_new_us",
    "segments",
    "retransmissions",
    "probes",
    "probes_answered",
    "answers",
    "room_octets",
    "window_first_octets",
    "window_last_octets",
    "segment_octets",
    "congestion_window_octets",
    "timeout_us",
    "sender_ending",
    "sender_ended_us",
    "receiver_ending",
    "receiver_ended_us",
    "model",
    "model_accepted_octets_min",
    "model_accepted_octets_max",
    "model_ending",
    "model_ended_us",
    "error",
];

/// The names of all columns.
pub(super) fn columns() -> impl Iterator<Item = &'static str> {
    let axes = Axis::all().map(Axis::column);
    std::iter::once("id")
        .chain(axes)
        .chain(RESULTS.iter().copied())
}

impl Row {
    /// Runs a case.
    pub fn run(id: u64, case: Case) -> Self {
        let result = measure(&case);
        Self { id, case, result }
    }

    /// How what was measured compares with what the model predicts; none where nothing was
    /// measured.
    pub fn agreement(&self) -> Option<Agreement> {
        let measurement = self.result.as_ref().ok()?;
        Some(measurement.predicted.compare(measurement))
    }

    /// What stands in each column.
    pub fn cells(&self) -> Vec<Cell> {
        let axes = Axis::all().map(|axis| match self.case.value(axis) {
            Value::Number(number) => Cell::Number(number),
            Value::Word(word) => Cell::Word(word),
        });
        let mut cells: Vec<_> = std::iter::once(Cell::Number(self.id)).chain(axes).collect();
        match &self.result {
            Ok(measurement) => cells.extend(results(measurement)),
            Err(error) => {
                cells.extend(RESULTS[1..].iter().map(|_| Cell::Empty));
                cells.push(Cell::Word(word(error)));
            }
        }
        cells
    }
}

fn results(measurement: &Measurement) -> Vec<Cell> {
    let Measurement {
        start,
        predicted,
        offered,
        sent,
        accepted,
        held,
        acknowledged,
        kept_most,
        limit,
        last_new,
        segments,
        retransmissions,
        probes,
        probes_answered,
        answers,
        window_first,
        window_last,
        sender,
        receiver,
    } = measurement;
    let number = |number: &u64| Cell::Number(*number);
    let time = |time: Duration| Cell::Number(time.total_micros());
    let ended = |end: &End| end.at.map_or(Cell::Empty, time);
    let (ending, ends) = match predicted.end {
        None => (Cell::Empty, Cell::Empty),
        Some(Forecast::Stays) => (Cell::Word(STAYS), Cell::Empty),
        Some(Forecast::Ends(ending, at)) => (Cell::Word(ending.name()), time(at)),
    };
    vec![
        number(offered),
        number(sent),
        number(accepted),
        number(held),
        number(acknowledged),
        number(kept_most),
        Cell::Word(limit.name()),
        time(*last_new),
        number(segments),
        number(retransmissions),
        number(probes),
        number(probes_answered),
        number(answers),
        number(&start.room),
        number(window_first),
        number(window_last),
        number(&start.segment),
        start.congestion_window.map_or(Cell::Empty, Cell::Number),
        start.timeout.map_or(Cell::Empty, time),
        Cell::Word(sender.ending.name()),
        ended(sender),
        Cell::Word(receiver.ending.name()),
        ended(receiver),
        Cell::Word(predicted.compare(measurement).name()),
        predicted
            .accepted
            .map_or(Cell::Empty, |it| Cell::Number(it.least)),
        predicted
            .accepted
            .map_or(Cell::Empty, |it| Cell::Number(it.most)),
        ending,
        ends,
        Cell::Empty,
    ]
}

/// The predicted end of a sender that has none.
const STAYS: &str = "none";

/// An error in a word.
fn word(error: &MeasureError) -> &'static str {
    match error {
        MeasureError::NotConnected => "not-connected",
        MeasureError::NotWarm => "not-warm",
        MeasureError::Endless => "endless",
    }
}
