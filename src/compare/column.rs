//! A column of a comparison: one system's run, with the results of its calls and the events at the
//! compared host.

use std::collections::BTreeMap;

use hangup_stack::event::{Event, Fact, FrameId};
use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::error::CompareError;
use super::script::shown;
use super::summary::{ShutdownSummary, summary};
use super::variant::Variant;
use crate::bounds::Bounds;
use crate::diagnostic::Diagnostic;
use crate::event_log::Kept;
use crate::notation::{Names, Notation, Origins, Ports, RelativeSegment};
use crate::run::{Outcome, run_within};
use crate::scenario::script::Subject;
use crate::wire::{Flags, Packet};

/// A system, and what it did.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name of its profile.
    pub profile: String,
    /// What the profile is.
    pub title: String,
    /// What became of the calls of the script, by their statements. What vanishes is not there.
    pub calls: BTreeMap<usize, CallResult>,
    /// What the host has sent and received, and what has become of a connection without a packet.
    pub seen: Vec<SeenEvent>,
    /// What came of the receive shutdown.
    pub summary: ShutdownSummary,
    /// When the run ended.
    pub ended: Instant,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult {
    /// The call, where it was translated.
    pub translated: Option<String>,
    /// When it was made.
    pub at: Instant,
    /// How many facts had been recorded before it.
    pub(super) events_before: usize,
    /// When it returned, and what: the value, and an error. None: it waits for ever, or was not
    /// made because its thread waits.
    pub returned: Option<(Instant, String, Option<String>)>,
}

/// Something that the host has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenEvent {
    /// When.
    pub at: Instant,
    /// Its place among the facts of the run.
    pub(super) index: usize,
    /// What it is.
    pub what: Noted,
    /// What the host did with it: `held`, `discarded`.
    pub remarks: Vec<&'static str>,
}

impl SeenEvent {
    /// Whether it is a call of a program.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.what, Noted::Call { .. })
    }
}

/// What can be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// A packet, between the host and another.
    Packet {
        /// Whether the host has sent it.
        is_sent: bool,
        /// The other host.
        peer: String,
        /// The packet, as scripts have it.
        text: String,
        /// What is compared of it.
        key: ComparedText,
        /// Its acknowledgment number, relative.
        ack: Option<u32>,
    },
    /// A program of a host has made a call. What it comes to shows in packets, and is not compared.
    Call {
        /// Which host.
        host: String,
        /// The call and its result.
        text: String,
    },
    /// A host has given a connection up.
    TimedOut {
        /// Which host.
        host: String,
    },
}

/// What is compared of a packet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ComparedText {
    /// Of a segment that has only an acknowledgment, nothing: what it comes to is compared.
    Acknowledgment,
    /// Any other segment without its window and its options, or another packet: its text.
    Whole(String),
}

/// Runs a variant within bounds.
///
/// # Errors
/// Calls that cannot be made at all.
pub(super) fn column(
    variant: &Variant,
    host: usize,
    profile: &str,
    seed: Option<u64>,
    bounds: &dyn Bounds,
) -> Result<Column, CompareError> {
    let outcome = run_within(&variant.scenario, seed, bounds, Kept::ALL);
    if let Some(stopped) = outcome.stopped {
        let failure = stopped.note("system", profile.to_owned());
        return Err(CompareError::Stopped(Box::new(failure), outcome.reached));
    }
    if !outcome.account.unmade.is_empty() {
        let why = |it: &Diagnostic| it.clone().note("system", profile.to_owned());
        let diagnostics = outcome.account.unmade.iter().map(why).collect();
        return Err(CompareError::Invalid(diagnostics));
    }
    let own = variant.scenario.hosts[host].profile();
    Ok(Column {
        profile: profile.to_owned(),
        title: own.map(|it| it.title.clone()).unwrap_or_default(),
        calls: calls(variant, &outcome),
        seen: seen(&outcome, HostId(host)),
        summary: summary(&variant.scenario, &outcome, HostId(host)),
        ended: outcome.ended,
    })
}

fn calls(variant: &Variant, outcome: &Outcome) -> BTreeMap<usize, CallResult> {
    let mut calls = BTreeMap::new();
    for made in &outcome.account.calls {
        let Some(origin) = variant.origins.get(made.statement) else {
            continue;
        };
        let statement = &variant.scenario.script.statements[made.statement];
        let Subject::Call(call) = &statement.subject else {
            continue;
        };
        if !origin.is_main {
            continue;
        }
        let played = outcome.account.played.get(made.statement);
        let returned = made.returned.as_ref();
        let made = CallResult {
            translated: origin.is_translated.then(|| shown(call)),
            at: played.copied().unwrap_or(Instant::ZERO),
            events_before: made.begun.events_before,
            returned: returned.map(|(moment, it)| (moment.at, it.value.clone(), it.error.clone())),
        };
        calls.insert(origin.statement, made);
    }
    calls
}

/// What a host has seen, in order.
fn seen(outcome: &Outcome, host: HostId) -> Vec<SeenEvent> {
    let hosts = outcome.hosts.iter();
    let names: Names = hosts
        .flat_map(|it| it.addresses.iter().map(|&address| (address, &*it.name)))
        .collect();
    let mut places: BTreeMap<FrameId, usize> = BTreeMap::new();
    let mut seen: Vec<SeenEvent> = Vec::new();
    for (index, event) in outcome.events.iter().enumerate() {
        let frame = outcome.events.frame(index);
        if let Some(frame) = frame.filter(|_| event.host == host)
            && let Some(sending) = frame.sending
        {
            places.insert(frame.id, seen.len());
            seen.push(SeenEvent {
                at: event.at,
                index,
                what: packet_of(&sending.packet, sending.origins, frame.is_sending, &names),
                remarks: Vec::new(),
            });
        } else if let Fact::TimedOut(_) = event.fact {
            let host = outcome.hosts.iter().find(|it| it.id == event.host);
            let host = host.map(|it| it.name.clone()).unwrap_or_default();
            seen.push(SeenEvent {
                at: event.at,
                index,
                what: Noted::TimedOut { host },
                remarks: Vec::new(),
            });
        } else if let Some(remark) = remark(event, host)
            && let Some(seen) = event.frame.and_then(|it| seen.get_mut(*places.get(&it)?))
            && !seen.remarks.contains(&remark)
        {
            seen.remarks.push(remark);
        }
    }
    seen.extend(calls_of_programs(outcome));
    // Each stands before what was recorded after it.
    seen.sort_by_key(|it| (it.index, !it.is_call()));
    seen
}

fn calls_of_programs(outcome: &Outcome) -> impl Iterator<Item = SeenEvent> {
    let rows = outcome.account.of_programs.iter();
    let rows = rows.filter_map(|&it| outcome.calls.get(it));
    rows.map(|row| {
        let host = outcome.hosts.iter().find(|it| it.id == row.host);
        SeenEvent {
            at: row.at,
            index: row.events_before,
            what: Noted::Call {
                host: host.map(|it| it.name.clone()).unwrap_or_default(),
                text: row.text.clone(),
            },
            remarks: Vec::new(),
        }
    })
}

/// What is said beside a packet that the host has received, or that the link has lost.
fn remark(event: &Event, host: HostId) -> Option<&'static str> {
    if let Fact::Dropped(_) = event.fact {
        return Some("lost");
    }
    if event.host != host {
        return None;
    }
    match &event.fact {
        Fact::Held { .. } | Fact::HeldAgain { .. } => Some("held"),
        Fact::Exhausted => Some("exhausted"),
        Fact::Discarded { .. } => Some("discarded"),
        Fact::Refused { .. } => Some("refused"),
        Fact::Accepted { .. } | Fact::DatagramQueued { .. } => Some("queued"),
        Fact::DatagramDropped { .. } => Some("dropped"),
        Fact::Sent { .. }
        | Fact::Received { .. }
        | Fact::Dropped(_)
        | Fact::StateChanged { .. }
        | Fact::ResetSent
        | Fact::ResetReceived
        | Fact::Challenged
        | Fact::Retransmitted { .. }
        | Fact::TimedOut(_)
        | Fact::ErrorReceived { .. } => None,
    }
}

fn packet_of(packet: &Packet, origins: Origins, is_sent: bool, names: &Names) -> Noted {
    let peer = if is_sent { packet.to } else { packet.from };
    let named = peer.ip().and_then(|address| names.name(address));
    let peer = named.map_or_else(|| peer.to_string(), str::to_owned);
    let (text, key, ack) = match packet.segment() {
        Some(segment) => segment_of(&RelativeSegment::new(segment, origins), is_sent),
        None => {
            let ports = Ports::Hidden;
            let line = Notation { names, ports }.line(packet, origins);
            let text = line.split_once(": ").map_or(&*line, |(_, text)| text);
            (text.to_owned(), ComparedText::Whole(text.to_owned()), None)
        }
    };
    Noted::Packet {
        is_sent,
        peer,
        text,
        key,
        ack,
    }
}

/// A segment without its options, with the window where it is the host's, and what is compared of
/// it.
fn segment_of(segment: &RelativeSegment, is_sent: bool) -> (String, ComparedText, Option<u32>) {
    let RelativeSegment {
        flags,
        seq,
        end,
        len,
        ack,
        window,
        ..
    } = segment;
    let mut text = format!("{flags} {seq}:{end}({len})");
    if let Some(ack) = ack {
        text.push_str(&format!(" ack {ack}"));
    }
    let key = match ack {
        Some(_) if *len == 0 && *flags == Flags::ACK => ComparedText::Acknowledgment,
        // Where a sender pushes is not compared.
        Some(_) | None => ComparedText::Whole(text.replacen('P', "", 1)),
    };
    if is_sent && !flags.contains(Flags::RST) {
        text.push_str(&format!(" win {window}"));
    } else if !is_sent && *len > 0 {
        // What data that arrives acknowledges says nothing of the host.
        text = format!("{flags} {seq}:{end}({len})");
    }
    (text, key, *ack)
}
