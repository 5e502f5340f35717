//! The columns of a row's results: for each its name, what it says, and where it stands in a
//! measurement. CSV and JSON, files that are taken up again, and the table in docs/exhaustion.md
//! follow from [`RESULTS`].

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
pub(super) const RESULTS: &[Column] = &[
    Column {
        name: "offered_octets",
        about: "What there was to send",
        field: Field::Number(|it| &mut it.offered),
    },
    Column {
        name: "sent_octets",
        about: "What was sent, each octet once",
        field: Field::Number(|it| &mut it.sent),
    },
    Column {
        name: "accepted_octets",
        about: "What the receiver took, whatever became of it",
        field: Field::Number(|it| &mut it.accepted),
    },
    Column {
        name: "held_octets",
        about: "Of that, what was not acknowledged at the end",
        field: Field::Number(|it| &mut it.held),
    },
    Column {
        name: "acknowledged_octets",
        about: "Of that, what was acknowledged",
        field: Field::Number(|it| &mut it.acknowledged),
    },
    Column {
        name: "kept_octets_max",
        about: "The most that the receiver had in memory at once",
        field: Field::Number(|it| &mut it.kept_most),
    },
    Column {
        name: "limit",
        about: "What stopped the sender, see below",
        field: Field::Limit(|it| &mut it.limit),
    },
    Column {
        name: "last_new_us",
        about: "When the last octet was sent for the first time, since the shutdown",
        field: Field::Time(|it| &mut it.last_new),
    },
    Column {
        name: "segments",
        about: "Segments with data",
        field: Field::Number(|it| &mut it.segments),
    },
    Column {
        name: "retransmissions",
        about: "Those of them without anything new, probes left out",
        field: Field::Number(|it| &mut it.retransmissions),
    },
    Column {
        name: "probes",
        about: "Probes of a closed window",
        field: Field::Number(|it| &mut it.probes),
    },
    Column {
        name: "probes_answered",
        about: "Those that something came back for",
        field: Field::Number(|it| &mut it.probes_answered),
    },
    Column {
        name: "answers",
        about: "All segments of the receiver",
        field: Field::Number(|it| &mut it.answers),
    },
    Column {
        name: "window_first_octets",
        about: "What the receiver had advertised at the shutdown",
        field: Field::Number(|it| &mut it.window_first),
    },
    Column {
        name: "window_last_octets",
        about: "What it advertised last",
        field: Field::Number(|it| &mut it.window_last),
    },
    Column {
        name: "shut_down_at_us",
        about: "When the shutdown was, since the run began",
        field: Field::Said(
            |it| {
                let micros = it.start.at.total_micros();
                Cell::Number(u64::try_from(micros).unwrap_or(0))
            },
            |it, text| {
                it.start.at = Instant::from_micros(text.parse::<i64>().ok()?);
                Some(())
            },
        ),
    },
    Column {
        name: "room_octets",
        about: "What the sender could send into the window it knew then",
        field: Field::Number(|it| &mut it.start.room),
    },
    Column {
        name: "window_octets_max",
        about: "The largest window that it had been offered",
        field: Field::Number(|it| &mut it.start.window),
    },
    Column {
        name: "window_unit_octets",
        about: "What the receiver's window is counted in",
        field: Field::Number(|it| &mut it.start.unit),
    },
    Column {
        name: "segment_octets",
        about: "The payload of a full segment",
        field: Field::Number(|it| &mut it.start.segment),
    },
    Column {
        name: "congestion_window_octets",
        about: "The sender's congestion window at the shutdown; empty where there is none",
        field: Field::Optional(|it| &mut it.start.congestion_window),
    },
    Column {
        name: "timeout_us",
        about: "Its retransmission timeout then, where it tells",
        field: Field::OptionalTime(|it| &mut it.start.timeout),
    },
    Column {
        name: "round_trip_us",
        about: "Its smoothed round-trip time then, where it has one",
        field: Field::OptionalTime(|it| &mut it.start.round_trip),
    },
    Column {
        name: "selective",
        about: "Whether selective acknowledgments were agreed on",
        field: Field::Flag(|it| &mut it.start.selective),
    },
    Column {
        name: "sender_ending",
        about: "How the sender ended: `timed-out`, `reset-by-peer`, `reset` (by itself), `closed`, \
                `open` (when the watch ended), `never` (open, and nothing is due any more)",
        field: Field::Ending(|it| &mut it.sender.ending),
    },
    Column {
        name: "sender_ended_us",
        about: "When, since the shutdown; empty where it did not",
        field: Field::OptionalTime(|it| &mut it.sender.at),
    },
    Column {
        name: "receiver_ending",
        about: "How the receiver ended, in the same words",
        field: Field::Ending(|it| &mut it.receiver.ending),
    },
    Column {
        name: "receiver_ended_us",
        about: "When, since the shutdown; empty where it did not",
        field: Field::OptionalTime(|it| &mut it.receiver.at),
    },
    Column {
        name: "model",
        about: "How the model compares: `agrees`, `accepted-differs`, `end-differs`, \
                `both-differ`, `no-form`",
        field: Field::Said(
            |it| Cell::Word(it.predicted.compare(it).name()),
            // It follows from the other columns.
            |_, text| named(&Agreement::ALL, Agreement::name, text).map(|_| ()),
        ),
    },
    Column {
        name: "model_accepted_octets_min",
        about: "The least that the model says is accepted",
        field: Field::Said(
            |it| optional(it.predicted.accepted.map(|it| it.least)),
            |it, text| bound(it, text, |octets| &mut octets.least),
        ),
    },
    Column {
        name: "model_accepted_octets_max",
        about: "The most",
        field: Field::Said(
            |it| optional(it.predicted.accepted.map(|it| it.most)),
            |it, text| bound(it, text, |octets| &mut octets.most),
        ),
    },
    Column {
        name: "model_creep_octets",
        about: "By how much each answer may move the right edge on",
        field: Field::Number(|it| &mut it.predicted.creep),
    },
    Column {
        name: "model_ending",
        about: "How the model says the sender ends, in the same words; `none`: it does not",
        field: Field::Said(
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
        ),
    },
    Column {
        name: "model_ended_us",
        about: "When the model says so, since the shutdown",
        field: Field::Said(
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
        ),
    },
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
