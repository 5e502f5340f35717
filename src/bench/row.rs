//! A row: the number of a case, the case, and what came of it, as columns.

use smoltcp::time::{Duration, Instant};

use super::axis::{Axis, Value};
use super::case::Case;
use super::measure::{MeasureError, measure};
use super::measurement::{
    Agreement, End, Ending, Forecast, Measurement, Octets, Prediction, Start,
};
use super::stop::Limit;

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
    "window_first_octets",
    "window_last_octets",
    "shut_down_at_us",
    "room_octets",
    "window_octets_max",
    "window_unit_octets",
    "segment_octets",
    "congestion_window_octets",
    "timeout_us",
    "round_trip_us",
    "selective",
    "sender_ending",
    "sender_ended_us",
    "receiver_ending",
    "receiver_ended_us",
    "model",
    "model_accepted_octets_min",
    "model_accepted_octets_max",
    "model_creep_octets",
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

    /// A row from what stands in its columns, as texts.
    ///
    /// # Errors
    /// The column that holds no value of its own.
    pub(super) fn from_texts(texts: &[String]) -> Result<Self, String> {
        let mut columns = Columns {
            texts: columns().zip(texts),
        };
        let id = columns.number()?;
        let mut case = Case::default();
        for axis in Axis::all() {
            let value = columns.next(|text| axis.read_back(text))?;
            case = case.with(axis, value);
        }
        let result = columns.result()?;
        Ok(Self { id, case, result })
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
        number(window_first),
        number(window_last),
        Cell::Number(u64::try_from(start.at.total_micros()).unwrap_or(0)),
        number(&start.room),
        number(&start.window),
        number(&start.unit),
        number(&start.segment),
        start.congestion_window.map_or(Cell::Empty, Cell::Number),
        start.timeout.map_or(Cell::Empty, time),
        start.round_trip.map_or(Cell::Empty, time),
        Cell::Number(u64::from(start.selective)),
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
        Cell::Number(predicted.creep),
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

/// Columns that are read one after another.
struct Columns<'a, I: Iterator<Item = (&'static str, &'a String)>> {
    texts: I,
}

impl<'a, I: Iterator<Item = (&'static str, &'a String)>> Columns<'a, I> {
    fn next<T>(&mut self, read: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
        let (name, text) = self.texts.next().ok_or("columns are missing")?;
        read(text).ok_or_else(|| format!("column `{name}` has no value `{}`", short(text)))
    }

    fn number(&mut self) -> Result<u64, String> {
        self.next(|text| text.parse().ok())
    }

    fn optional(&mut self) -> Result<Option<u64>, String> {
        self.next(|text| match text {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        })
    }

    fn time(&mut self) -> Result<Duration, String> {
        self.number().map(Duration::from_micros)
    }

    fn end(&mut self) -> Result<End, String> {
        let ending = self.next(|text| Ending::ALL.into_iter().find(|it| it.name() == text))?;
        let at = self.optional()?.map(Duration::from_micros);
        Ok(End { ending, at })
    }

    fn result(mut self) -> Result<Result<Measurement, MeasureError>, String> {
        let Some(offered) = self.optional()? else {
            let skipped = RESULTS.len() - 2;
            for _ in 0..skipped {
                self.next(|text| text.is_empty().then_some(()))?;
            }
            let errors = [
                MeasureError::NotConnected,
                MeasureError::NotWarm,
                MeasureError::Endless,
            ];
            let error = self.next(|text| errors.into_iter().find(|error| word(error) == text))?;
            return Ok(Err(error));
        };
        let measurement = Measurement {
            offered,
            sent: self.number()?,
            accepted: self.number()?,
            held: self.number()?,
            acknowledged: self.number()?,
            kept_most: self.number()?,
            limit: self.next(|text| Limit::ALL.into_iter().find(|it| it.name() == text))?,
            last_new: self.time()?,
            segments: self.number()?,
            retransmissions: self.number()?,
            probes: self.number()?,
            probes_answered: self.number()?,
            answers: self.number()?,
            window_first: self.number()?,
            window_last: self.number()?,
            start: self.start()?,
            sender: self.end()?,
            receiver: self.end()?,
            predicted: self.predicted()?,
        };
        self.next(|text| text.is_empty().then_some(()))?;
        Ok(Ok(measurement))
    }

    fn start(&mut self) -> Result<Start, String> {
        Ok(Start {
            at: Instant::from_micros(i64::try_from(self.number()?).unwrap_or(i64::MAX)),
            room: self.number()?,
            window: self.number()?,
            unit: self.number()?,
            segment: self.number()?,
            congestion_window: self.optional()?,
            timeout: self.optional()?.map(Duration::from_micros),
            round_trip: self.optional()?.map(Duration::from_micros),
            selective: self.number()? == 1,
        })
    }

    fn predicted(&mut self) -> Result<Prediction, String> {
        // It follows from the other columns.
        self.next(|text| Agreement::ALL.into_iter().find(|it| it.name() == text))?;
        let accepted = match (self.optional()?, self.optional()?) {
            (Some(least), Some(most)) => Some(Octets { least, most }),
            _ => None,
        };
        let creep = self.number()?;
        let ending = self.next(|text| match text {
            "" => Some(None),
            STAYS => Some(Some(None)),
            text => {
                let ending = Ending::ALL.into_iter().find(|it| it.name() == text)?;
                Some(Some(Some(ending)))
            }
        })?;
        let at = self.optional()?.map(Duration::from_micros);
        let end = match (ending, at) {
            (Some(Some(ending)), Some(at)) => Some(Forecast::Ends(ending, at)),
            (Some(_), _) => Some(Forecast::Stays),
            (None, _) => None,
        };
        Ok(Prediction {
            accepted,
            creep,
            end,
        })
    }
}

/// The start of a text that may be long.
fn short(text: &str) -> String {
    text.chars().take(24).collect()
}
