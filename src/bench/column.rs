//! The result columns of a row: for each its name, its description, and its field of a measurement.
//! The CSV and JSON writers, the reader of an earlier sweep's rows, and the table in
//! docs/exhaustion.md follow from [`RESULTS`].

use smoltcp::time::{Duration, Instant};

use super::measurement::{Agreement, Ending, Forecast, Measurement, Octets};
use super::stop::Limit;

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

/// A column of the results.
pub(super) struct Column {
    /// Its name, which says the unit.
    pub(super) name: &'static str,
    /// What it says, as a sentence without its full stop.
    pub(super) about: &'static str,
    field: Field,
}

/// A column of this name, what it says, and where it stands.
const fn column(name: &'static str, about: &'static str, field: Field) -> Column {
    Column { name, about, field }
}

/// Where a column stands in a measurement.
enum Field {
    Number(fn(&mut Measurement) -> &mut u64),
    Optional(fn(&mut Measurement) -> &mut Option<u64>),
    Time(fn(&mut Measurement) -> &mut Duration),
    OptionalTime(fn(&mut Measurement) -> &mut Option<Duration>),
    Flag(fn(&mut Measurement) -> &mut bool),
    Limit(fn(&mut Measurement) -> &mut Limit),
    Ending(fn(&mut Measurement) -> &mut Ending),
    /// Something else is said than stands there: how it is said, and taken back.
    Said(
        fn(&Measurement) -> Cell,
        fn(&mut Measurement, &str) -> Option<()>,
    ),
}

/// The predicted end of a sender that has none.
const STAYS: &str = "none";

/// The columns behind those of the axes, in their order.
#[rustfmt::skip]
pub(super) const RESULTS: &[Column] = &[
    column("offered_octets", "What there was to send", Field::Number(|it| &mut it.offered)),
    column("sent_octets", "What was sent, each octet once", Field::Number(|it| &mut it.sent)),
    column("accepted_octets", "What the receiver took, whatever became of it",
           Field::Number(|it| &mut it.accepted)),
    column("held_octets", "Of that, what was not acknowledged at the end",
           Field::Number(|it| &mut it.held)),
    column("acknowledged_octets", "Of that, what was acknowledged",
           Field::Number(|it| &mut it.acknowledged)),
    column("kept_octets_max", "The most that the receiver had in memory at once",
           Field::Number(|it| &mut it.kept_most)),
    column("limit", "What stopped the sender, see below", Field::Limit(|it| &mut it.limit)),
    column("last_new_us", "When the last octet was sent for the first time, since the shutdown",
           Field::Time(|it| &mut it.last_new)),
    column("segments", "Segments with data", Field::Number(|it| &mut it.segments)),
    column("retransmissions", "Those of them without anything new, probes left out",
           Field::Number(|it| &mut it.retransmissions)),
    column("probes", "Probes of a closed window", Field::Number(|it| &mut it.probes)),
    column("probes_answered", "Those that something came back for",
           Field::Number(|it| &mut it.probes_answered)),
    column("answers", "All segments of the receiver", Field::Number(|it| &mut it.answers)),
    column("window_first_octets", "What the receiver had advertised at the shutdown",
           Field::Number(|it| &mut it.window_first)),
    column("window_last_octets", "What it advertised last",
           Field::Number(|it| &mut it.window_last)),
    column("shut_down_at_us", "When the shutdown was, since the run began", Field::Said(
        |it| {
            let micros = it.start.at.total_micros();
            Cell::Number(u64::try_from(micros).unwrap_or(0))
        },
        |it, text| {
            it.start.at = Instant::from_micros(text.parse::<i64>().ok()?);
            Some(())
        },
    )),
    column("room_octets", "What the sender could send into the window it knew then",
           Field::Number(|it| &mut it.start.room)),
    column("window_octets_max", "The largest window that it had been offered",
           Field::Number(|it| &mut it.start.window)),
    column("window_unit_octets", "What the receiver's window is counted in",
           Field::Number(|it| &mut it.start.unit)),
    column("segment_octets", "The payload of a full segment",
           Field::Number(|it| &mut it.start.segment)),
    column("congestion_window_octets",
           "The sender's congestion window at the shutdown; empty where there is none",
           Field::Optional(|it| &mut it.start.congestion_window)),
    column("timeout_us", "Its retransmission timeout then, where it tells",
           Field::OptionalTime(|it| &mut it.start.timeout)),
    column("round_trip_us", "Its smoothed round-trip time then, where it has one",
           Field::OptionalTime(|it| &mut it.start.round_trip)),
    column("selective", "Whether selective acknowledgments were agreed on",
           Field::Flag(|it| &mut it.start.selective)),
    column("sender_ending",
           "How the sender ended: `timed-out`, `reset-by-peer`, `reset` (by itself), `closed`, \
            `open` (when the watch ended), `never` (open, and nothing is due any more)",
           Field::Ending(|it| &mut it.sender.ending)),
    column("sender_ended_us", "When, since the shutdown; empty where it did not",
           Field::OptionalTime(|it| &mut it.sender.at)),
    column("receiver_ending", "How the receiver ended, in the same words",
           Field::Ending(|it| &mut it.receiver.ending)),
    column("receiver_ended_us", "When, since the shutdown; empty where it did not",
           Field::OptionalTime(|it| &mut it.receiver.at)),
    column("model",
           "How the model compares: `agrees`, `accepted-differs`, `end-differs`, `both-differ`, \
            `no-form`", Field::Said(
        |it| Cell::Word(it.predicted.compare(it).name()),
        // It follows from the other columns.
        |_, text| named(&Agreement::ALL, Agreement::name, text).map(|_| ()),
    )),
    column("model_accepted_octets_min", "The least that the model says is accepted", Field::Said(
        |it| optional(it.predicted.accepted.map(|it| it.least)),
        |it, text| bound(it, text, |octets| &mut octets.least),
    )),
    column("model_accepted_octets_max", "The most", Field::Said(
        |it| optional(it.predicted.accepted.map(|it| it.most)),
        |it, text| bound(it, text, |octets| &mut octets.most),
    )),
    column("model_creep_octets", "By how much each answer may move the right edge on",
           Field::Number(|it| &mut it.predicted.creep)),
    column("model_ending",
           "How the model says the sender ends, in the same words; `none`: it does not",
           Field::Said(
        |it| match it.predicted.end {
            None => Cell::Empty,
            Some(Forecast::Stays) => Cell::Word(STAYS),
            Some(Forecast::Ends(ending, _)) => Cell::Word(ending.name()),
        },
        |it, text| {
            it.predicted.end = match text {
                "" => None,
                STAYS => Some(Forecast::Stays),
                _ => {
                    let ending = named(&Ending::ALL, Ending::name, text)?;
                    Some(Forecast::Ends(ending, Duration::ZERO))
                }
            };
            Some(())
        },
    )),
    column("model_ended_us", "When the model says so, since the shutdown", Field::Said(
        |it| match it.predicted.end {
            Some(Forecast::Ends(_, at)) => Cell::Number(at.total_micros()),
            Some(Forecast::Stays) | None => Cell::Empty,
        },
        |it, text| {
            let micros = maybe(text)?;
            if let (Some(Forecast::Ends(_, at)), Some(micros)) = (&mut it.predicted.end, micros)
            {
                *at = Duration::from_micros(micros);
            }
            Some(())
        },
    )),
];

impl Column {
    /// What stands in it.
    pub(super) fn cell(&self, measurement: &Measurement) -> Cell {
        // A place that can be written to is found in a copy.
        let it = &mut { *measurement };
        match self.field {
            Field::Number(place) => Cell::Number(*place(it)),
            Field::Optional(place) => optional(*place(it)),
            Field::Time(place) => Cell::Number(place(it).total_micros()),
            Field::OptionalTime(place) => optional(place(it).map(|it| it.total_micros())),
            Field::Flag(place) => Cell::Number(u64::from(*place(it))),
            Field::Limit(place) => Cell::Word(place(it).name()),
            Field::Ending(place) => Cell::Word(place(it).name()),
            Field::Said(say, _) => say(measurement),
        }
    }

    /// Takes what stands in it. None: that is no value of this column.
    pub(super) fn take(&self, it: &mut Measurement, text: &str) -> Option<()> {
        match self.field {
            Field::Number(place) => *place(it) = text.parse().ok()?,
            Field::Optional(place) => *place(it) = maybe(text)?,
            Field::Time(place) => *place(it) = Duration::from_micros(text.parse().ok()?),
            Field::OptionalTime(place) => *place(it) = maybe(text)?.map(Duration::from_micros),
            Field::Flag(place) => *place(it) = text.parse::<u64>().ok()? == 1,
            Field::Limit(place) => *place(it) = named(&Limit::ALL, Limit::name, text)?,
            Field::Ending(place) => *place(it) = named(&Ending::ALL, Ending::name, text)?,
            Field::Said(_, take) => take(it, text)?,
        }
        Some(())
    }
}

fn optional(number: Option<u64>) -> Cell {
    number.map_or(Cell::Empty, Cell::Number)
}

/// A number, or nothing. None: it is something else.
fn maybe(text: &str) -> Option<Option<u64>> {
    if text.is_empty() {
        return Some(None);
    }
    text.parse().ok().map(Some)
}

/// The one of a name.
fn named<T: Copy>(all: &[T], name: fn(T) -> &'static str, text: &str) -> Option<T> {
    all.iter().copied().find(|it| name(*it) == text)
}

/// Takes a bound of what is predicted to be accepted.
fn bound(it: &mut Measurement, text: &str, place: fn(&mut Octets) -> &mut u64) -> Option<()> {
    if let Some(octets) = maybe(text)? {
        let accepted = it.predicted.accepted.get_or_insert_default();
        *place(accepted) = octets;
    }
    Some(())
}
