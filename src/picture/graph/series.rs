//! The series of a sequence graph, from a recording.

use smoltcp::time::Instant;

use crate::picture::recording::{Call, Recording, What};
use crate::picture::stream::{Step, Streams};
use crate::wire::Flags;

/// A sequence graph: a panel for each direction of a connection that has carried octets.
#[derive(Debug)]
pub struct Graph {
    /// What it is of.
    pub title: String,
    /// What that claims.
    pub claim: String,
    /// Its connection, and of how many.
    pub connection: (usize, usize),
    /// One or two.
    pub panels: Vec<Panel>,
    /// The calls of the two hosts.
    pub calls: Vec<CallMark>,
    /// The names of the two hosts, the one that opened the connection in front.
    pub hosts: [String; 2],
    /// When something has happened, in order and each once.
    pub times: Vec<Instant>,
}

/// A direction of a connection.
#[derive(Debug, Default)]
pub struct Panel {
    /// From which end to which.
    pub name: String,
    /// Which of the two hosts sends.
    pub side: usize,
    /// What was sent.
    pub sent: Vec<Sent>,
    /// Up to where the receiver has acknowledged, whenever that has changed.
    pub acknowledged: Vec<(Instant, i64)>,
    /// Up to where it has taken octets. It is empty where nothing tells of more than is
    /// acknowledged.
    pub accepted: Vec<(Instant, i64)>,
    /// The right edge of the window that it advertises.
    pub edge: Vec<(Instant, i64)>,
    /// Where the direction begins and ends.
    pub marks: Vec<Mark>,
    /// The most octets that were held at once.
    pub held: i64,
}

/// Octets that were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Instant,
    /// The number of the first.
    pub begin: i64,
    /// The number behind the last.
    pub end: i64,
    /// For the how-manieth time, and whether they have arrived.
    pub kind: SentKind,
}

/// How octets were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentKind {
    /// For the first time.
    New,
    /// Again.
    Retransmitted,
    /// To ask for an answer.
    Probe,
    /// In vain: the link lost them.
    Lost,
}

/// An event of a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Instant,
    /// The sequence number that it is at.
    pub sequence: i64,
    /// Which.
    pub kind: MarkKind,
}

/// What a mark tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The sender opens.
    Syn,
    /// The sender has no more data.
    Fin,
    /// The sender resets the connection.
    ResetOut,
    /// The receiver resets it.
    ResetIn,
    /// The sender's host gives up.
    TimedOut,
}

impl MarkKind {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syn => "SYN",
            Self::Fin => "FIN",
            Self::ResetOut => "RST out",
            Self::ResetIn => "RST in",
            Self::TimedOut => "timed out",
        }
    }
}

/// A call of one of the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallMark {
    /// When.
    pub at: Instant,
    /// Which of the two hosts.
    pub side: usize,
    /// The call and its result.
    pub text: String,
    /// Its name, with its error where it has one.
    pub name: String,
    /// Whether it failed.
    pub is_error: bool,
}

/// The sequence graph of a connection: of the one that is asked for, or of that with the most
/// payload. None: there is no TCP connection.
pub fn graph(recording: &Recording, streams: &Streams, asked: Option<usize>) -> Option<Graph> {
    let place = asked.or_else(|| liveliest(streams))?;
    let connection = streams.connections.get(place)?;
    streams
        .steps
        .iter()
        .flatten()
        .find(|step| step.connection == place)?;
    let hosts = connection
        .hosts
        .map(|host| recording.hosts[host].name.clone());
    let mut panels = [0, 1].map(|side| Panel {
        name: format!("{} > {}", hosts[side], hosts[1 - side]),
        side,
        ..Panel::default()
    });
    let (mut calls, mut times) = (Vec::new(), Vec::new());
    for (index, item) in recording.items.iter().enumerate() {
        match (&item.what, &streams.steps[index]) {
            (What::Frame(frame), Some(step)) if step.connection == place => {
                let is_lost = frame.lost().is_some();
                panels[step.side].send(item.at, step, is_lost);
                panels[1 - step.side].answer(item.at, step, is_lost);
                times.push(item.at);
            }
            (What::Call(call), _) => {
                let side = connection.hosts.iter().position(|host| *host == call.host);
                let is_of = streams.of[index].is_none_or(|it| it == place);
                let is_shown = is_of && !call.is_setup();
                if let Some(side) = side.filter(|_| is_shown) {
                    if call.text.starts_with("TIMED OUT") {
                        panels[side].end(item.at, MarkKind::TimedOut);
                    }
                    calls.push(CallMark {
                        at: item.at,
                        side,
                        text: call.text.clone(),
                        name: short(call),
                        is_error: call.is_error(),
                    });
                    times.push(item.at);
                }
            }
            (What::Frame(_) | What::Failure(_), _) => {}
        }
    }
    times.dedup();
    for panel in &mut panels {
        panel.settle();
    }
    let mut panels = Vec::from(panels);
    // A direction without octets shows nothing that the other one does not.
    if connection.payload.iter().any(|octets| *octets > 0) {
        panels.retain(|panel| connection.payload[panel.side] > 0);
    } else {
        panels.truncate(1);
    }
    Some(Graph {
        title: recording.name.clone(),
        claim: recording.claim.clone(),
        connection: (place, streams.connections.len()),
        panels,
        calls,
        hosts,
        times,
    })
}

/// The TCP connection with the most payload, the first of equals.
fn liveliest(streams: &Streams) -> Option<usize> {
    let is_tcp =
        |place: &usize| streams.connections[*place].protocol == hangup_stack::socket::Protocol::Tcp;
    let octets = |place: &usize| streams.connections[*place].payload.iter().sum::<u64>();
    let places = (0..streams.connections.len()).filter(is_tcp);
    places.max_by_key(|place| (octets(place), usize::MAX - place))
}

impl Panel {
    /// A segment of this direction.
    fn send(&mut self, at: Instant, step: &Step, is_lost: bool) {
        let again = step.again;
        let kind = match again {
            _ if is_lost => SentKind::Lost,
            Some(again) if again.is_probe() => SentKind::Probe,
            Some(_) => SentKind::Retransmitted,
            None => SentKind::New,
        };
        if step.end > step.begin || kind == SentKind::Probe {
            self.sent.push(Sent {
                at,
                begin: step.begin,
                end: step.end,
                kind,
            });
        }
        let sequence = step.end;
        for (flag, kind) in [
            (Flags::SYN, MarkKind::Syn),
            (Flags::FIN, MarkKind::Fin),
            (Flags::RST, MarkKind::ResetOut),
        ] {
            if step.flags.contains(flag) {
                self.marks.push(Mark { at, sequence, kind });
            }
        }
        self.receive(at, step.receiver);
    }

    /// A segment of the other direction.
    fn answer(&mut self, at: Instant, step: &Step, is_lost: bool) {
        if step.flags.contains(Flags::RST) {
            self.end(at, MarkKind::ResetIn);
        }
        if !is_lost {
            self.receive(at, step.sender);
        }
    }

    fn end(&mut self, at: Instant, kind: MarkKind) {
        let sequence = self.sent.last().map_or(0, |sent| sent.end);
        self.marks.push(Mark { at, sequence, kind });
    }

    fn receive(&mut self, at: Instant, reception: crate::picture::stream::Reception) {
        if reception.widest == 0 {
            return;
        }
        self.held = self.held.max(reception.held());
        step_to(&mut self.acknowledged, at, reception.acknowledged);
        step_to(&mut self.accepted, at, reception.accepted);
        step_to(&mut self.edge, at, reception.edge);
    }

    fn settle(&mut self) {
        if self.held == 0 {
            self.accepted.clear();
        }
    }
}

/// The name of a call, with its error where it has one.
fn short(call: &Call) -> String {
    let is_code = |word: &&str| {
        let code = word.strip_prefix("WSA").unwrap_or(word);
        code.len() > 3 && code.starts_with('E') && code.chars().all(|it| it.is_ascii_uppercase())
    };
    let error = call.text.split([' ', ';', ',']).find(is_code);
    match error {
        Some(error) => format!("{} {error}", call.name()),
        None => call.name().to_owned(),
    }
}

/// Goes on with a line, where it changes.
fn step_to(line: &mut Vec<(Instant, i64)>, at: Instant, value: i64) {
    if line.last().is_none_or(|(_, last)| *last != value) {
        line.push((at, value));
    }
}
