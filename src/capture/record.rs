//! What one host's trace shows, in order: the vantage rule.
//!
//! Frames that the host sent are shown when it sent them, also those that the link then lost;
//! frames that it received, when they arrived and as they arrived. Socket calls are shown of all
//! hosts: a capture could not, but who reads one wants to know why the other side did what it did.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hangup_stack::event::{Event, Fact, FrameId};
use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::comment::Remarks;
use super::{SocketEnds, Toward, Trace, one_line};
use crate::notation::{Origins, Packet, Tracker, decode};

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
    Frame(Frame<'a>),
    Row(Row<'a>),
}

#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) direction: Direction,
    pub(super) bytes: &'a [u8],
    pub(super) packet: Packet,
    /// Where its sequence numbers began when it was sent.
    pub(super) origins: Origins,
    pub(super) fate: Fate,
}

/// Which way a frame went, seen from the vantage host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Sent,
    Received,
}

/// What became of a frame on the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fate {
    #[default]
    Carried,
    Lost,
}

/// Something that happened between an application and its stack.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) host: HostId,
    pub(super) toward: Toward,
    pub(super) socket: Option<SocketEnds>,
    pub(super) text: Cow<'a, str>,
}

/// The records of one host's trace: by time, then in the order in which things happened.
pub(super) fn records<'a>(trace: &Trace<'a>, vantage: HostId) -> Vec<Record<'a>> {
    let remarks = Remarks::new(trace.events);
    let sendings = sendings(trace.events);
    // A call that was made when n events had been recorded comes before event n.
    let calls = trace.calls.iter().map(|call| {
        let row = Row {
            host: call.host,
            toward: call.toward,
            socket: call.socket,
            text: one_line(&call.text),
        };
        (
            call.events_before,
            Record {
                at: call.at,
                body: Body::Row(row),
                comment: String::new(),
            },
        )
    });
    let events = trace
        .events
        .iter()
        .enumerate()
        .filter_map(|(index, event)| {
            let seen = || {
                let frame = event.frame.filter(|_| event.host == vantage)?;
                let sending = sendings.get(&frame).copied().unwrap_or_default();
                frame_record(event, index, frame, sending, &remarks)
            };
            Some((index, seen().or_else(|| note(event))?))
        });
    let mut records: Vec<_> = calls.chain(events).collect();
    // Stable, and calls come first: those of one moment keep their order.
    records.sort_by_key(|(position, record)| (record.at, *position));
    records.into_iter().map(|(_, record)| record).collect()
}

/// What is known of a frame from its sending.
#[derive(Clone, Copy, Debug, Default)]
struct Sending {
    origins: Origins,
    fate: Fate,
}

/// The sending of every frame. A trace that begins in the middle of a run numbers from there.
fn sendings(events: &[Event]) -> BTreeMap<FrameId, Sending> {
    let mut tracker = Tracker::new();
    let mut sendings: BTreeMap<FrameId, Sending> = BTreeMap::new();
    for event in events {
        let Some(frame) = event.frame else { continue };
        if let Fact::Sent { bytes, .. } = &event.fact {
            sendings.entry(frame).or_default().origins = tracker.observe(&decode(bytes));
        } else if let Fact::Dropped(_) = event.fact {
            sendings.entry(frame).or_default().fate = Fate::Lost;
        }
    }
    sendings
}

/// The record of a frame that the vantage host sent or received.
fn frame_record<'a>(
    event: &'a Event,
    index: usize,
    frame: FrameId,
    sending: Sending,
    remarks: &Remarks,
) -> Option<Record<'a>> {
    let (direction, bytes, comment) = if let Fact::Sent { bytes, .. } = &event.fact {
        (Direction::Sent, bytes, remarks.on_sent(frame))
    } else if let Fact::Received { bytes } = &event.fact {
        (
            Direction::Received,
            bytes,
            remarks.on_received(frame, event.host, index),
        )
    } else {
        return None;
    };
    let Sending { origins, fate } = sending;
    let frame = Frame {
        direction,
        bytes,
        packet: decode(bytes),
        origins,
        fate,
    };
    Some(Record {
        at: event.at,
        body: Body::Frame(frame),
        comment,
    })
}

/// A fact that no frame and no call shows, as a row of its own.
fn note(event: &Event) -> Option<Record<'static>> {
    let Fact::TimedOut = event.fact else {
        return None;
    };
    let row = Row {
        host: event.host,
        toward: Toward::Application,
        socket: None,
        text: Cow::Borrowed("TIMED OUT, retransmissions unanswered"),
    };
    Some(Record {
        at: event.at,
        body: Body::Row(row),
        comment: String::new(),
    })
}
