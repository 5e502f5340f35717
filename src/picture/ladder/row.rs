//! The rows of a ladder, as its renderers draw them.

use smoltcp::time::Instant;

use crate::capture::Toward;

/// How many cells a window is drawn in.
pub const WINDOW_CELLS: i64 = 8;

/// A ladder.
#[derive(Debug)]
pub struct Ladder {
    /// What it is of.
    pub title: String,
    /// What that claims.
    pub claim: String,
    /// The hosts, from left to right.
    pub lanes: Vec<Lane>,
    /// What happened, downwards.
    pub rows: Vec<Row>,
    /// The connections by their ends, where there is more than one: rows have their numbers.
    pub connections: Vec<String>,
    /// How many rows were left out at the end.
    pub left_out: u64,
    /// How many digits behind the seconds tell all times apart.
    pub digits: usize,
}

/// A host of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// What runs on it; empty where that is not known.
    pub system: String,
}

/// A row of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// When.
    pub at: Instant,
    /// What.
    pub what: RowKind,
    /// Its connection, by its place.
    pub connection: Option<usize>,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A packet.
    Arrow(Box<Arrow>),
    /// Something between an application and its host.
    Call {
        /// The host, by its lane.
        lane: usize,
        /// Which way.
        toward: Toward,
        /// The call and its result.
        text: String,
        /// Whether it failed, or says that something has ended badly.
        is_error: bool,
        /// Whether it only sets a socket up, and succeeds.
        is_setup: bool,
    },
    /// Rows that were folded away.
    Fold(String),
    /// An expectation failed.
    Failure(String),
}

/// A packet of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// From which lane.
    pub from: usize,
    /// To which lane.
    pub to: usize,
    /// What it is, in short.
    pub label: String,
    /// All of it, on one line.
    pub detail: String,
    /// How it is drawn.
    pub tone: Tone,
    /// Whether the link has lost it.
    pub is_lost: bool,
    /// When it was sent and when it arrived, as far as that is known.
    pub times: (Option<Instant>, Option<Instant>),
    /// What its sender says; empty where there is nothing to say.
    pub sender_note: String,
    /// What its receiver says.
    pub receiver_note: String,
    /// The window of its sender's side, where it has changed to be seen.
    pub sender_window: Option<Window>,
    /// The window of its receiver's side.
    pub receiver_window: Option<Window>,
    /// What kind of packet it is among others of a stream, by which many are folded into one.
    pub shape: Shape,
    /// The number behind its last octet.
    pub end: i64,
}

/// Of what kind a packet is for the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// It opens or closes a connection.
    Control,
    /// It brings data.
    Data,
    /// It only acknowledges.
    Acknowledgment,
    /// It was sent before, or is a probe.
    Again,
    /// It ends a connection at once.
    Reset,
    /// It tells of an error.
    Error,
    /// Its data was taken and is not acknowledged.
    Held,
    /// It is no TCP segment.
    Other,
}

impl Tone {
    /// In a word, as drawings call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Data => "data",
            Self::Acknowledgment => "ack",
            Self::Again => "again",
            Self::Reset => "reset",
            Self::Error => "error",
            Self::Held => "held",
            Self::Other => "other",
        }
    }
}

/// What packets have in common that can be folded into one row although their numbers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// New data, of which nothing is said.
    Data,
    /// An acknowledgment, of which nothing is said.
    Acknowledgment,
    /// New data that is held.
    Held,
    /// New data that is thrown away.
    Discarded,
    /// Data that was sent before, of which its receiver says nothing.
    Again,
    /// Anything else stands for itself.
    Single,
}

/// A window as a bar: so many octets held, so many free, and the widest that it ever was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Octets that are taken and not acknowledged.
    pub held: i64,
    /// Octets that can still be taken.
    pub free: i64,
    /// The widest window that was advertised.
    pub widest: i64,
}

impl Window {
    /// How many of a number of cells are held and how many are free. Something is never none.
    pub fn cells(self, cells: i64) -> (i64, i64) {
        let share = |octets: i64| match octets {
            0 => 0,
            octets => ((octets * cells + self.widest / 2) / self.widest).clamp(1, cells),
        };
        let held = share(self.held);
        (held, share(self.free).min(cells - held))
    }
}

impl Ladder {
    /// A time of it, in seconds.
    pub fn seconds(&self, at: Instant) -> String {
        seconds(at, self.digits)
    }

    /// The number of a row's connection, where there is more than one.
    pub fn number(&self, row: &Row) -> Option<usize> {
        row.connection
            .filter(|_| !self.connections.is_empty())
            .map(|place| place + 1)
    }
}

/// A time in seconds with so many digits, three or six.
pub fn seconds(at: Instant, digits: usize) -> String {
    let micros = at.total_micros();
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    match digits {
        6 => format!("{whole}.{rest:06}"),
        _ => format!("{whole}.{:03}", rest / 1000),
    }
}
