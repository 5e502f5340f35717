//! The records of one host's trace, in order, by the vantage rule.
//!
//! A frame that the host sent is shown at the time of its sending, even if the link then lost it;
//! a frame that it received, at the time and with the octets of its arrival. Socket calls of all
//! hosts are shown, and what became of frames and their octets. A capture could not show either,
//! but they tell its reader the reason for the other side's packets.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hangup_stack::event::{Event, Fact, FrameId};
use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::comment::{Remarks, row_text};
use super::trace::{SocketEnds, Toward, Trace, one_line};
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
            let row = || fact_record(event, trace.events, vantage);
            Some((index, seen().or_else(row)?))
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
            length: frame.length,
            packet: frame.packet,
            origins: frame.origins(),
            is_lost: direction == FrameDirection::Sent && lost.contains(&frame.id),
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
