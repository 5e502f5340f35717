//! Comments on frames: remarks of the emulator that a trace shows beside a frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use hangup_stack::event::{DropCause, ErrorEffect, Event, Fact, Forged, FrameId, Retransmission};
use hangup_stack::network::HostId;

use crate::event_log::EventLog;

/// The remarks on every frame, from facts anywhere on the network.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    by_frame: BTreeMap<FrameId, Vec<Remark>>,
    /// The places in the list of events where a frame reached a host: more than one if the link
    /// duplicated it.
    arrivals: BTreeMap<(FrameId, HostId), Vec<usize>>,
}

#[derive(Debug)]
struct Remark {
    /// The place of its fact in the list of events.
    index: usize,
    scope: Scope,
    text: String,
}

/// Where a remark is shown. The sender's trace shows all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// It is about the frame, wherever that is seen.
    Frame,
    /// It is about the way to a receiver that never saw the frame.
    Link,
    /// It is about one arrival at this host.
    Arrival(HostId),
}

impl Remarks {
    /// Collects the remarks of a run.
    pub(crate) fn new(events: &EventLog) -> Self {
        let mut remarks = Self::default();
        for (index, event) in events.iter().enumerate() {
            let Some(frame) = event.frame else { continue };
            if let Some(arrival) = events.frame(index).filter(|it| !it.is_sending) {
                // What arrives as it was sent shares the packet of its sending.
                let sending = arrival.sending.map(|sending| &sending.packet);
                let is_damaged = sending.is_some_and(|sent| !Arc::ptr_eq(sent, arrival.packet));
                remarks.arrive(frame, index, event.host, is_damaged);
            }
            if let Some((scope, text)) = remark(event) {
                remarks.push(frame, Remark { index, scope, text });
            }
        }
        remarks
    }

    fn push(&mut self, frame: FrameId, remark: Remark) {
        self.by_frame.entry(frame).or_default().push(remark);
    }

    /// Notes an arrival, and what the link did to the frame on its way.
    fn arrive(&mut self, frame: FrameId, index: usize, host: HostId, is_damaged: bool) {
        let arrivals = self.arrivals.entry((frame, host)).or_default();
        arrivals.push(index);
        let scope = Scope::Arrival(host);
        if arrivals.len() > 1 {
            self.push(
                frame,
                Remark {
                    index,
                    scope,
                    text: "DUPLICATED by the link".to_owned(),
                },
            );
        }
        if is_damaged {
            self.push(
                frame,
                Remark {
                    index,
                    scope,
                    text: "CORRUPTED by the link".to_owned(),
                },
            );
        }
    }

    /// The comment on a frame in the trace of its sender.
    pub(crate) fn on_sent(&self, frame: FrameId) -> String {
        self.joined(frame, |_| true)
    }

    /// The comment on one arrival of a frame in the trace of its receiver: the one that is at
    /// `index` in the list of events.
    pub(crate) fn on_received(&self, frame: FrameId, host: HostId, index: usize) -> String {
        let arrivals = self
            .arrivals
            .get(&(frame, host))
            .map_or(&[][..], Vec::as_slice);
        let next = arrivals.iter().find(|arrival| **arrival > index).copied();
        let range = index..next.unwrap_or(usize::MAX);
        self.joined(frame, |remark| match remark.scope {
            Scope::Frame => true,
            Scope::Link => false,
            Scope::Arrival(at) => at == host && range.contains(&remark.index),
        })
    }

    /// The remarks on a frame that are to be shown, as one comment.
    fn joined(&self, frame: FrameId, is_shown: impl Fn(&Remark) -> bool) -> String {
        let remarks = self.by_frame.get(&frame).map_or(&[][..], Vec::as_slice);
        let shown = remarks.iter().filter(|remark| is_shown(remark));
        shown
            .map(|remark| remark.text.as_str())
            .collect::<Vec<_>>()
            .join("; ")
    }
}

/// Whether a fact makes a row of its own: what became of octets or of a frame, which no packet
/// shows. A list of packets without comments would show a lost frame like any other.
pub(super) const fn is_row(fact: &Fact) -> bool {
    match fact {
        Fact::Dropped(_)
        | Fact::Held { .. }
        | Fact::HeldAgain { .. }
        | Fact::Exhausted
        | Fact::Discarded { .. }
        | Fact::Refused { .. }
        | Fact::DatagramDropped { .. }
        | Fact::TimedOut(_) => true,
        Fact::Sent { .. }
        | Fact::Received { .. }
        | Fact::StateChanged { .. }
        | Fact::Accepted { .. }
        | Fact::ResetSent
        | Fact::ResetReceived
        | Fact::Challenged
        | Fact::Retransmitted { .. }
        | Fact::ErrorReceived { .. }
        | Fact::DatagramQueued { .. } => false,
    }
}

/// The words of a fact that makes a row of its own.
pub(super) fn row_text(event: &Event) -> Option<String> {
    if let Fact::TimedOut(time_out) = event.fact {
        return Some(format!("TIMED OUT, {}", time_out.name()));
    }
    let remark = is_row(&event.fact).then(|| remark(event))?;
    remark.map(|(_, text)| text)
}

/// A fact that no frame and no call shows, in words.
pub(crate) fn note(event: &Event) -> Option<String> {
    row_text(event).filter(|_| event.frame.is_none())
}

/// What is said about a fact, if anything: what shows on the wire by itself needs no words.
fn remark(event: &Event) -> Option<(Scope, String)> {
    let arrival = Scope::Arrival(event.host);
    let remark = match &event.fact {
        Fact::Sent {
            forged: Forged::Yes,
            ..
        } => (Scope::Frame, "FORGED".to_owned()),
        Fact::Dropped(cause) => (Scope::Link, dropped(*cause).to_owned()),
        Fact::Held { octets, total } => (
            arrival,
            format!("HELD {octets} octets, not acknowledged ({total} held)"),
        ),
        Fact::HeldAgain { octets } => (arrival, format!("HELD AGAIN {octets} octets")),
        Fact::Exhausted => (arrival, "WINDOW EXHAUSTED".to_owned()),
        Fact::Discarded { octets } => (arrival, format!("DISCARDED {octets} octets")),
        Fact::Refused { octets } => (arrival, format!("REFUSED {octets} octets")),
        Fact::Challenged => (arrival, "CHALLENGED".to_owned()),
        Fact::Retransmitted {
            cause: Retransmission::KeepAlive,
            ..
        } => (Scope::Frame, "PROBE of a silent peer".to_owned()),
        Fact::Retransmitted { cause, .. } => {
            (Scope::Frame, format!("RETRANSMISSION ({})", why(*cause)))
        }
        Fact::ErrorReceived { error, effect } => (
            arrival,
            format!("UNREACHABLE ({}), {}", error.name(), heard(*effect)),
        ),
        Fact::DatagramQueued { octets } => (arrival, format!("QUEUED {octets} octets")),
        Fact::DatagramDropped { octets } => {
            (arrival, format!("DROPPED {octets} octets, buffer full"))
        }
        Fact::Sent {
            forged: Forged::No, ..
        }
        | Fact::Received { .. }
        | Fact::StateChanged { .. }
        | Fact::Accepted { .. }
        | Fact::ResetSent
        | Fact::ResetReceived
        | Fact::TimedOut(_) => return None,
    };
    Some(remark)
}

const fn dropped(cause: DropCause) -> &'static str {
    match cause {
        DropCause::Loss => "DROPPED by loss",
        DropCause::QueueFull => "DROPPED, queue full",
        DropCause::Down => "DROPPED, link down",
        DropCause::TooLong => "DROPPED, longer than the link's MTU",
        DropCause::NoSuchHost => "DROPPED, no such host",
    }
}

const fn heard(effect: ErrorEffect) -> &'static str {
    match effect {
        ErrorEffect::Ended => "the attempt to connect is over",
        ErrorEffect::Pending => "the next call says it",
        ErrorEffect::Remembered => "remembered",
        ErrorEffect::Ignored => "ignored",
    }
}

const fn why(cause: Retransmission) -> &'static str {
    match cause {
        Retransmission::Timeout => "timeout",
        Retransmission::Fast => "fast",
        Retransmission::TailLossProbe => "tail loss probe",
        Retransmission::WindowProbe => "window probe",
        Retransmission::KeepAlive => "keep-alive",
    }
}
