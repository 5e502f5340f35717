//! The records of one host's trace, in order, by the vantage rule.
//!
//! A frame that the host sent is shown at the time of its sending, even if the link then lost it;
//! a frame that it received, at the time and with the octets of its arrival. Socket calls of all
//! hosts are shown. A capture could not show them, but they tell its reader the reason for the
//! other side's packets.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hangup_stack::event::{Event, Fact, FrameId};
use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::comment::Remarks;
use super::trace::{SocketEnds, Toward, Trace, one_line};
use crate::event_log::{EventLog, LoggedFrame};
use crate::notation::Origins;
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
}

#[derive(Debug)]
pub(super) struct FrameRecord<'a> {
    pub(super) direction: FrameDirection,
    pub(super) bytes: &'a [u8],
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

/// The records of one host's trace: by time, then in the order in which things happened.
pub(super) fn records<'a>(trace: &Trace<'a>, vantage: HostId) -> Vec<Record<'a>> {
    let remarks = Remarks::new(trace.events);
    let lost = lost(trace.events);
    // A call that was made when n events had been recorded comes before event n.
    let calls = trace.calls.iter().map(|call| {
        let row = CallRecord {
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
                let frame = trace.events.frame(index);
                let frame = frame.filter(|_| event.host == vantage)?;
                Some(frame_record(frame, index, &lost, &remarks))
            };
            Some((index, seen().or_else(|| note_row(event))?))
        });
    let mut records: Vec<_> = calls.chain(events).collect();
    // Stable, and calls come first: those of one moment keep their order.
    records.sort_by_key(|(position, record)| (record.at, *position));
    records.into_iter().map(|(_, record)| record).collect()
}

/// The frames that the link has lost.
fn lost(events: &EventLog) -> BTreeSet<FrameId> {
    let lost = events
        .iter()
        .filter(|event| matches!(event.fact, Fact::Dropped(_)));
    lost.filter_map(|event| event.frame).collect()
}

/// The record of a frame that the vantage host sent or received.
fn frame_record<'a>(
    frame: LoggedFrame<'a>,
    index: usize,
    lost: &BTreeSet<FrameId>,
    remarks: &Remarks,
) -> Record<'a> {
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
            packet: frame.packet,
            origins: frame.origins(),
            is_lost: direction == FrameDirection::Sent && lost.contains(&frame.id),
        }),
        comment,
    }
}

/// A fact that no frame and no call shows, in words.
pub(crate) fn note(fact: &Fact) -> Option<String> {
    if let Fact::TimedOut(time_out) = fact {
        Some(format!("TIMED OUT, {}", time_out.name()))
    } else {
        None
    }
}

/// A fact that no frame and no call shows, as a row of its own.
fn note_row(event: &Event) -> Option<Record<'static>> {
    let row = CallRecord {
        host: event.host,
        toward: Toward::Application,
        socket: None,
        text: Cow::Owned(note(&event.fact)?),
    };
    Some(Record {
        at: event.at,
        body: Body::Row(row),
        comment: String::new(),
    })
}
