//! The records of one host's trace, in order, by the vantage rule.
//!
//! A frame that the host sent is shown at the time of its sending, even if the link then lost it;
//! a frame that it received, at the time and with the octets of its arrival. Socket calls of all
//! hosts are shown, and what became of frames and their octets. A capture could not show either,
//! but they tell its reader the reason for the other side's packets.

use std::borrow::Cow;

use hangup_stack::event::Event;
use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::comment::{Remarks, is_row, row_text};
use super::trace::{CallRow, FailedRow, Part, SocketEnds, Toward, Trace, one_line};
use crate::event_log::{EventLog, LoggedFrame, Sending};
use crate::notation::{Notation, Origins};
use crate::wire::Packet;

/// One line of a trace.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) at: Instant,
    pub(super) body: Body<'a>,
    /// What the emulator has to say about it; empty if nothing.
    pub(super) comment: String,
}

#[derive(Debug)]
pub(super) enum Body<'a> {
    Frame(FrameRecord<'a>),
    Row(CallRecord<'a>),
    Fact(FactRecord<'a>),
    /// What did not hold.
    Failure(Cow<'a, str>),
}

#[derive(Debug)]
pub(super) struct FrameRecord<'a> {
    pub(super) direction: FrameDirection,
    /// Its octets, as far as they are kept.
    pub(super) bytes: &'a [u8],
    /// How many it had on the wire.
    pub(super) length: usize,
    pub(super) packet: &'a Packet,
    /// Where its sequence numbers began when it was sent.
    pub(super) origins: Origins,
    /// Whether the vantage host sent it and the link lost it.
    pub(super) is_lost: bool,
}

/// Which way a frame went, seen from the vantage host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameDirection {
    Sent,
    Received,
}

/// Something that happened between an application and its stack.
#[derive(Debug)]
pub(super) struct CallRecord<'a> {
    pub(super) host: HostId,
    pub(super) toward: Toward,
    pub(super) socket: Option<SocketEnds>,
    pub(super) text: Cow<'a, str>,
}

/// What became of octets, of a frame or of a connection at a host.
#[derive(Debug)]
pub(super) struct FactRecord<'a> {
    pub(super) host: HostId,
    pub(super) text: String,
    /// The frame that it is about, where it is about one.
    pub(super) frame: Option<&'a Sending>,
    /// Whether that frame is in the trace, with the same words as its comment.
    pub(super) is_beside: bool,
}

impl FactRecord<'_> {
    /// The frame that it is about, where a reader would not find it in the trace.
    pub(super) fn about(&self, notation: Notation<'_>) -> String {
        match self.frame {
            Some(frame) if !self.is_beside => {
                format!(": {}", notation.line(&frame.packet, frame.origins))
            }
            Some(_) | None => String::new(),
        }
    }
}

/// The records of one host's trace, made one after the other as they are asked for: what stands in
/// memory is the places of remarks.
#[derive(Debug)]
pub(super) struct Records<'a> {
    pub(super) part: Part<'a>,
    pub(super) vantage: HostId,
    remarks: Remarks<'a>,
    calls: Order,
    failures: Order,
    events: Order,
}

/// The order of a list by time. Lists are recorded in that order, apart from those that somebody
/// made up.
#[derive(Debug)]
enum Order {
    AsRecorded,
    /// The places in the list.
    Sorted(Vec<usize>),
}

impl Order {
    /// Stable: what is of one moment keeps its order.
    fn by_key<T, K: Ord>(list: &[T], key: impl Fn(usize, &T) -> K) -> Self {
        let keyed = |place: usize| key(place, &list[place]);
        if (1..list.len()).all(|place| keyed(place - 1) <= keyed(place)) {
            return Self::AsRecorded;
        }
        let mut places: Vec<usize> = (0..list.len()).collect();
        places.sort_by_key(|place| keyed(*place));
        Self::Sorted(places)
    }

    fn places(&self, len: usize) -> impl Iterator<Item = usize> {
        (0..len).map(move |place| match self {
            Self::AsRecorded => place,
            Self::Sorted(places) => places[place],
        })
    }
}

impl<'a> Records<'a> {
    /// Finds out in which order the records come, and where the remarks on frames are.
    pub(super) fn new(part: Part<'a>, vantage: HostId) -> Self {
        let trace = part.trace;
        Self {
            remarks: Remarks::new(trace.events),
            calls: Order::by_key(trace.calls, |_, call| (call.at, call.events_before)),
            failures: Order::by_key(trace.failures, |_, it| (it.at, it.events_before)),
            events: Order::by_key(part.events(), |_, event| event.at),
            part,
            vantage,
        }
    }

    /// Whether there is a record that is no frame.
    pub(super) fn has_rows(&self) -> bool {
        let Trace {
            calls, failures, ..
        } = self.part.trace;
        let mut events = self.part.events().iter();
        !calls.is_empty() || !failures.is_empty() || events.any(|event| is_row(&event.fact))
    }

    /// The records by time, then in the order in which things happened. A call that was made when
    /// n events had been recorded comes before event n.
    pub(super) fn iter(&self) -> impl Iterator<Item = Record<'a>> + use<'a, '_> {
        let Trace {
            calls,
            failures,
            events,
            ..
        } = self.part.trace;
        let places = self.calls.places(calls.len());
        let calls = places.map(|place| {
            let call = &calls[place];
            ((call.at, call.events_before), call_record(call))
        });
        let places = self.failures.places(failures.len());
        let failures = places.map(|place| {
            let failure = &failures[place];
            let place = (failure.at, failure.events_before);
            (place, failure_record(failure))
        });
        let facts = self.part.facts.clone();
        let places = self.events.places(facts.len());
        let events = places.filter_map(move |place| {
            let place = facts.start + place;
            let event = events.get(place)?;
            Some(((event.at, place), self.event(place, event)?))
        });
        let rows = merged(calls, failures);
        merged(rows, events).map(|(_, record)| record)
    }

    fn event(&self, place: usize, event: &'a Event) -> Option<Record<'a>> {
        let events = self.part.trace.events;
        let frame = events.frame(place);
        match frame.filter(|_| event.host == self.vantage) {
            Some(frame) => Some(frame_record(frame, place, &self.remarks)),
            None => fact_record(event, events, self.vantage),
        }
    }
}

/// Two lists as one, each in its order; of what has the same place the first list's comes first.
fn merged<P: Ord, T>(
    one: impl Iterator<Item = (P, T)>,
    other: impl Iterator<Item = (P, T)>,
) -> impl Iterator<Item = (P, T)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some((first, _)), Some((second, _))) if second < first => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

fn failure_record(failure: &FailedRow) -> Record<'_> {
    Record {
        at: failure.at,
        body: Body::Failure(one_line(&failure.text)),
        comment: String::new(),
    }
}

fn call_record(call: &CallRow) -> Record<'_> {
    let row = CallRecord {
        host: call.host,
        toward: call.toward,
        socket: call.socket,
        text: one_line(&call.text),
    };
    Record {
        at: call.at,
        body: Body::Row(row),
        comment: String::new(),
    }
}

/// The record of a frame that the vantage host sent or received.
fn frame_record<'a>(frame: LoggedFrame<'a>, index: usize, remarks: &Remarks<'_>) -> Record<'a> {
    let (direction, comment) = if frame.is_sending {
        (FrameDirection::Sent, remarks.on_sent(frame.id))
    } else {
        let host = frame.event.host;
        (
            FrameDirection::Received,
            remarks.on_received(frame.id, host, index),
        )
    };
    Record {
        at: frame.event.at,
        body: Body::Frame(FrameRecord {
            direction,
            bytes: frame.bytes,
            length: frame.length,
            packet: frame.packet,
            origins: frame.origins(),
            is_lost: direction == FrameDirection::Sent && remarks.is_lost(frame.id),
        }),
        comment,
    }
}

/// A fact that no packet and no call shows, as a row of its own.
fn fact_record<'a>(event: &Event, events: &'a EventLog, vantage: HostId) -> Option<Record<'a>> {
    let frame = event.frame.and_then(|frame| events.sending(frame));
    let is_sent_here = frame.is_some_and(|sending| sending.host == vantage);
    let row = FactRecord {
        host: event.host,
        text: row_text(event)?,
        frame,
        is_beside: event.frame.is_some() && (is_sent_here || event.host == vantage),
    };
    Some(Record {
        at: event.at,
        body: Body::Fact(row),
        comment: String::new(),
    })
}
