//! A ladder from a recording.

use smoltcp::time::Instant;

use super::fold::fold;
use super::row::{Arrow, Ladder, Lane, Row, RowKind, Shape, Tone, WINDOW_CELLS, Window};
use crate::notation::{Names, Notation, Ports, RelativeSegment};
use crate::picture::recording::{Call, Frame, Host, Recording, What};
use crate::picture::remark::{Again, Remark};
use crate::picture::stream::{Reception, Step, Streams};
use crate::wire::{Flags, FrameKind, NodeAddress, TcpOption};

/// The most rows of a ladder; those behind are counted.
const ROWS_MAX: usize = 5_000;

/// What is drawn of a recording.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Only the packets and calls of these hosts, by their places; all where it is empty.
    pub hosts: Vec<usize>,
    /// Only this connection, by its place.
    pub connection: Option<usize>,
    /// Only what happened from this moment on.
    pub from: Option<Instant>,
    /// Only what happened up to this moment.
    pub until: Option<Instant>,
    /// Every row, and none folded into another.
    pub all: bool,
    /// At most so many rows; those behind are counted.
    pub rows: Option<usize>,
}

impl Choice {
    /// Whether a moment is drawn.
    fn has_time(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at <= until)
    }

    /// Whether something is drawn, as far as hosts decide.
    fn has(&self, what: &What) -> bool {
        let is_chosen = |host: usize| self.hosts.is_empty() || self.hosts.contains(&host);
        match what {
            What::Frame(frame) => is_chosen(frame.from) || is_chosen(frame.to),
            What::Call(call) => is_chosen(call.host),
            What::Failure(_) => true,
        }
    }
}

/// The ladder of a recording.
pub fn ladder(recording: &Recording, streams: &Streams, choice: &Choice) -> Ladder {
    let lanes = lanes(recording, streams, choice);
    let mut builder = Builder {
        recording,
        lanes: &lanes,
        names: names(recording),
        shown: vec![None; streams.connections.len()],
    };
    let mut rows = Vec::new();
    for (index, item) in recording.items.iter().enumerate() {
        let connection = streams.of[index];
        if choice
            .connection
            .is_some_and(|only| connection.is_some_and(|it| it != only))
        {
            continue;
        }
        if !choice.has(&item.what) || !choice.has_time(item.at) {
            continue;
        }
        let what = match &item.what {
            What::Frame(frame) => builder.arrow(frame, streams.steps[index].as_ref()),
            What::Call(call) => builder.call(call),
            What::Failure(text) => Some(RowKind::Failure(text.clone())),
        };
        rows.extend(what.map(|what| Row {
            at: item.at,
            what,
            connection,
        }));
    }
    let rows_before = rows.len();
    let mut rows = match choice.all {
        true => rows,
        false => fold(rows),
    };
    let mut left_out = recording.left_out;
    let most = choice.rows.unwrap_or(ROWS_MAX);
    if rows.len() > most {
        left_out += rows_before.saturating_sub(most) as u64;
        rows.truncate(most);
    }
    let connections = match choice.connection {
        Some(_) => Vec::new(),
        None => several(recording, streams),
    };
    let lanes = lanes.iter().map(|host| Lane {
        name: recording.hosts[*host].name.clone(),
        system: recording.hosts[*host].system.clone(),
    });
    Ladder {
        title: recording.name.clone(),
        claim: recording.claim.clone(),
        lanes: lanes.collect(),
        digits: digits(&rows),
        rows,
        connections,
        left_out,
    }
}

/// Milliseconds, unless two times differ by less.
fn digits(rows: &[Row]) -> usize {
    let is_fine = rows.iter().any(|row| row.at.total_micros() % 1000 != 0);
    match is_fine {
        true => 6,
        false => 3,
    }
}

/// The hosts that are drawn, by their places: those that were chosen, or all of which something
/// happens, the partners of the first connection in front.
fn lanes(recording: &Recording, streams: &Streams, choice: &Choice) -> Vec<usize> {
    let mut lanes = Vec::new();
    let mut take = |host: usize| {
        if !lanes.contains(&host) {
            lanes.push(host);
        }
    };
    if let Some(only) = choice.connection {
        let mut hosts = streams.connections[only].hosts;
        hosts.sort_unstable();
        hosts.into_iter().for_each(take);
        return lanes;
    }
    let mut used = vec![false; recording.hosts.len()];
    for item in &recording.items {
        match &item.what {
            What::Frame(frame) if choice.has(&item.what) => {
                used[frame.from] = true;
                used[frame.to] = true;
            }
            What::Call(call) if choice.has(&item.what) => used[call.host] = true,
            What::Frame(_) | What::Call(_) | What::Failure(_) => {}
        }
    }
    (0..used.len())
        .filter(|host| used[*host])
        .for_each(&mut take);
    lanes
}

fn several(recording: &Recording, streams: &Streams) -> Vec<String> {
    match streams.connections.len() {
        0 | 1 => Vec::new(),
        count => (0..count).map(|it| streams.name(recording, it)).collect(),
    }
}

fn names(recording: &Recording) -> Names {
    let names = recording.hosts.iter().flat_map(|host| {
        let ips = host.addresses.iter().filter_map(|it| it.ip());
        ips.map(|address| (address, host.name.as_str()))
    });
    names.collect()
}

struct Builder<'a> {
    recording: &'a Recording,
    lanes: &'a [usize],
    names: Names,
    /// Of each connection: the windows of its sides that were drawn last.
    shown: Vec<Option<[(i64, i64); 2]>>,
}

impl Builder<'_> {
    fn lane(&self, host: usize) -> Option<usize> {
        self.lanes.iter().position(|lane| *lane == host)
    }

    fn call(&self, call: &Call) -> Option<RowKind> {
        let text = call.text.clone();
        Some(RowKind::Call {
            lane: self.lane(call.host)?,
            toward: call.toward,
            is_error: call.is_error(),
            is_setup: call.is_setup(),
            text,
        })
    }

    fn arrow(&mut self, frame: &Frame, step: Option<&Step>) -> Option<RowKind> {
        let (from, to) = (self.lane(frame.from)?, self.lane(frame.to)?);
        let (sender_note, receiver_note) = self.notes(frame, step);
        let notation = Notation {
            names: &self.names,
            ports: Ports::Shown,
        };
        let detail = notation.line(&frame.packet, frame.origins);
        let (sender_window, receiver_window) = self.windows(frame, step);
        Some(RowKind::Arrow(Box::new(Arrow {
            from,
            to,
            label: label(frame, step, &detail),
            tone: tone(frame, step),
            is_lost: frame.lost().is_some(),
            times: (frame.sent_at, frame.arrived_at),
            shape: shape(frame, step, &sender_note, &receiver_note),
            end: step.map_or(0, |it| it.end),
            detail,
            sender_note,
            receiver_note,
            sender_window,
            receiver_window,
        })))
    }

    /// What sender and receiver say of a frame.
    fn notes(&self, frame: &Frame, step: Option<&Step>) -> (String, String) {
        let is_scripted = self.recording.hosts[frame.from].system == "scripted";
        let is_said = |remark: &&Remark| !(is_scripted && **remark == Remark::Forged);
        let (sender, receiver): (Vec<_>, Vec<_>) = frame
            .remarks
            .iter()
            .filter(is_said)
            .partition(|remark| remark.is_of_sender());
        let words =
            |remarks: Vec<&Remark>| remarks.into_iter().map(Remark::words).collect::<Vec<_>>();
        let mut sender = words(sender);
        let has_said = frame.again().is_some();
        if let Some(again) = step.and_then(|it| it.again).filter(|_| !has_said) {
            sender.push(again.words().to_owned());
        }
        let closes = |it: &&Step| it.window_changed && it.window == 0 && it.ack.is_some();
        if step.filter(closes).is_some() {
            sender.push("window closed".to_owned());
        }
        (sender.join(", "), words(receiver).join(", "))
    }

    /// The windows that a segment has changed so much that it is seen.
    fn windows(&mut self, frame: &Frame, step: Option<&Step>) -> (Option<Window>, Option<Window>) {
        let Some(step) = step else {
            return (None, None);
        };
        let full = (0, WINDOW_CELLS);
        let shown = self.shown[step.connection].get_or_insert([full; 2]);
        let mut see = |side: usize, reception: Reception| {
            // None has been advertised yet.
            if reception.widest == 0 {
                return None;
            }
            let window = window_of(reception);
            let cells = window.cells(WINDOW_CELLS);
            let is_new = shown[side] != cells;
            shown[side] = cells;
            is_new.then_some(window)
        };
        let is_held = frame.held().is_some();
        let receiver = see(1 - step.side, step.receiver).filter(|_| is_held);
        let is_plain = !step.flags.contains(Flags::SYN) && !step.flags.contains(Flags::RST);
        let sender = see(step.side, step.sender).filter(|_| is_plain);
        (sender, receiver)
    }
}

/// A frame in short: its control bits and numbers, its acknowledgment, its window where that has
/// changed, and the blocks of a selective acknowledgment.
fn label(frame: &Frame, step: Option<&Step>, detail: &str) -> String {
    let (Some(segment), Some(step)) = (frame.packet.segment(), step) else {
        let (_, what) = detail.split_once(": ").unwrap_or(("", detail));
        return what.to_owned();
    };
    let relative = RelativeSegment::new(segment, frame.origins);
    let mut text = format!(
        "{} {}:{}({})",
        relative.flags, relative.seq, relative.end, relative.len
    );
    if let Some(ack) = relative.ack {
        text.push_str(&format!(" ack {ack}"));
    }
    if step.window_changed {
        text.push_str(&format!(" win {}", relative.window));
    }
    if let Some(urgent) = relative.urgent {
        text.push_str(&format!(" urg {urgent}"));
    }
    for option in &relative.options {
        if let TcpOption::Sack(_) = option {
            text.push_str(&format!(" {option}"));
        }
    }
    text
}

fn tone(frame: &Frame, step: Option<&Step>) -> Tone {
    let Some(step) = step else {
        return match matches!(frame.packet.kind, FrameKind::Icmp(_)) {
            true => Tone::Error,
            false => Tone::Other,
        };
    };
    let is_held = frame.held().is_some();
    if step.flags.contains(Flags::RST) {
        Tone::Reset
    } else if step.again.is_some() {
        Tone::Again
    } else if is_held {
        Tone::Held
    } else if step.flags.contains(Flags::SYN) || step.flags.contains(Flags::FIN) {
        Tone::Control
    } else if step.end > step.begin {
        Tone::Data
    } else {
        Tone::Acknowledgment
    }
}

fn shape(frame: &Frame, step: Option<&Step>, sender: &str, receiver: &str) -> Shape {
    let Some(step) = step else {
        return Shape::Single;
    };
    let special = [Flags::SYN, Flags::FIN, Flags::RST, Flags::URG];
    if special.iter().any(|it| step.flags.contains(*it)) {
        return Shape::Single;
    }
    let is_probe = step.again.is_some_and(Again::is_probe);
    if step.again.is_some() && receiver.is_empty() && step.end > step.begin && !is_probe {
        return Shape::Again;
    }
    if !sender.is_empty() || step.again.is_some() {
        return Shape::Single;
    }
    let has_data = step.end > step.begin;
    match (&frame.remarks[..], has_data) {
        ([], true) => Shape::Data,
        ([], false) => Shape::Acknowledgment,
        ([Remark::Held { .. }], true) => Shape::Held,
        ([Remark::Discarded(_)], true) => Shape::Discarded,
        ([Remark::Forged], _) if receiver.is_empty() => match has_data {
            true => Shape::Data,
            false => Shape::Acknowledgment,
        },
        _ => Shape::Single,
    }
}

/// The host that a person names: by its name, or by its address.
///
/// # Errors
/// There is none: a sentence with those that there are.
pub fn host_of(recording: &Recording, name: &str) -> Result<usize, String> {
    let is_it = |host: &Host| {
        host.name == name || (host.addresses.iter()).any(|it: &NodeAddress| it.to_string() == name)
    };
    recording.hosts.iter().position(is_it).ok_or_else(|| {
        let known = recording.hosts.iter().map(|host| host.name.as_str());
        let known = known.collect::<Vec<_>>().join(", ");
        format!("there is no host `{name}`; there are {known}")
    })
}

fn window_of(reception: Reception) -> Window {
    Window {
        held: reception.held(),
        free: reception.free(),
        widest: reception.widest.max(1),
    }
}
