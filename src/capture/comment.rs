//! Comments on frames: remarks of the emulator that a trace shows beside a frame.

use std::borrow::Cow;
use std::sync::Arc;

use hangup_stack::event::{DropCause, ErrorEffect, Event, Fact, Forged, FrameId, Retransmission};
use hangup_stack::network::HostId;

use crate::event_log::EventLog;

/// The remarks on every frame, from facts anywhere on the network. It keeps only where they are,
/// in 16 octets each, so that a trace of a gibibyte is written in little memory; the words are
/// made when they are asked for.
#[derive(Debug)]
pub(crate) struct Remarks<'a> {
    events: &'a EventLog,
    /// The arrivals of frames and the facts with a remark: the frame, and the place in the list of
    /// events.
    places: Vec<(FrameId, u32)>,
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

impl<'a> Remarks<'a> {
    /// Finds the remarks of a run.
    pub(crate) fn new(events: &'a EventLog) -> Self {
        let places = || {
            let first = u32::try_from(events.places().start).unwrap_or(u32::MAX);
            let numbered = events.iter().zip(first..);
            let noted = numbered.filter(|(event, _)| {
                matches!(event.fact, Fact::Received { .. }) || has_remark(&event.fact)
            });
            noted.filter_map(|(event, index)| Some((event.frame?, index)))
        };
        // Counted first: a list that grows has twice its room.
        let mut list = Vec::with_capacity(places().count());
        list.extend(places());
        list.sort_unstable();
        Self {
            events,
            places: list,
        }
    }

    /// The places in the list of events of what is known about a frame, in their order.
    fn of(&self, frame: FrameId) -> impl Iterator<Item = (usize, &'a Event)> + Clone {
        let begin = self.places.partition_point(|(it, _)| *it < frame);
        let all = self.places[begin..].iter();
        let of_frame = all.take_while(move |(it, _)| *it == frame);
        let events = self.events;
        of_frame.filter_map(move |(_, index)| {
            let index = *index as usize;
            Some((index, events.get(index)?))
        })
    }

    /// Whether the link has lost a frame.
    pub(super) fn is_lost(&self, frame: FrameId) -> bool {
        self.of(frame)
            .any(|(_, event)| matches!(event.fact, Fact::Dropped(_)))
    }

    /// The comment on a frame in the trace of its sender.
    pub(crate) fn on_sent(&self, frame: FrameId) -> String {
        self.joined(frame, |_, _| true)
    }

    /// The comment on one arrival of a frame in the trace of its receiver: the one that is at
    /// `index` in the list of events.
    pub(crate) fn on_received(&self, frame: FrameId, host: HostId, index: usize) -> String {
        let next = self.of(frame).find(|(at, event)| {
            *at > index && event.host == host && matches!(event.fact, Fact::Received { .. })
        });
        let range = index..next.map_or(usize::MAX, |(at, _)| at);
        self.joined(frame, |at, scope| match scope {
            Scope::Frame => true,
            Scope::Link => false,
            Scope::Arrival(there) => there == host && range.contains(&at),
        })
    }

    /// The remarks on a frame that are to be shown, as one comment.
    fn joined(&self, frame: FrameId, is_shown: impl Fn(usize, Scope) -> bool) -> String {
        let mut comment = String::new();
        let mut say = |text: Cow<'_, str>| {
            if comment.is_empty() {
                comment = text.into_owned();
            } else {
                comment.push_str("; ");
                comment.push_str(&text);
            }
        };
        for (index, event) in self.of(frame) {
            if matches!(event.fact, Fact::Received { .. }) {
                if is_shown(index, Scope::Arrival(event.host)) {
                    for text in self.of_arrival(frame, index, event) {
                        say(text.into());
                    }
                }
            } else if let Some((scope, text)) = remark(event)
                && is_shown(index, scope)
            {
                say(text);
            }
        }
        comment
    }

    /// What the link did to a frame on its way to an arrival.
    fn of_arrival(
        &self,
        frame: FrameId,
        index: usize,
        event: &Event,
    ) -> impl Iterator<Item = &'static str> {
        let before = self.of(frame).take_while(move |(at, _)| *at < index);
        let is_again = before
            .filter(|(_, it)| matches!(it.fact, Fact::Received { .. }))
            .any(|(_, it)| it.host == event.host);
        // What arrives as it was sent shares the packet of its sending.
        let sent = self.events.sending(frame).map(|sending| &sending.packet);
        let arrived = self.events.frame(index).map(|arrival| arrival.packet);
        let is_damaged = sent
            .zip(arrived)
            .is_some_and(|(sent, arrived)| !Arc::ptr_eq(sent, arrived));
        let again = is_again.then_some("DUPLICATED by the link");
        again
            .into_iter()
            .chain(is_damaged.then_some("CORRUPTED by the link"))
    }
}

/// Whether there is a remark on a fact.
const fn has_remark(fact: &Fact) -> bool {
    match fact {
        Fact::Sent {
            forged: Forged::Yes,
            ..
        }
        | Fact::Dropped(_)
        | Fact::Held { .. }
        | Fact::HeldAgain { .. }
        | Fact::Exhausted
        | Fact::Discarded { .. }
        | Fact::Refused { .. }
        | Fact::Challenged
        | Fact::Retransmitted { .. }
        | Fact::ErrorReceived { .. }
        | Fact::DatagramQueued { .. }
        | Fact::DatagramDropped { .. } => true,
        Fact::Sent {
            forged: Forged::No, ..
        }
        | Fact::Received { .. }
        | Fact::StateChanged { .. }
        | Fact::Accepted { .. }
        | Fact::ResetSent
        | Fact::ResetReceived
        | Fact::TimedOut(_) => false,
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
    remark.map(|(_, text)| text.into_owned())
}

/// A fact that no frame and no call shows, in words.
pub(crate) fn note(event: &Event) -> Option<String> {
    row_text(event).filter(|_| event.frame.is_none())
}

/// What is said about a fact, if anything: what shows on the wire by itself needs no words.
fn remark(event: &Event) -> Option<(Scope, Cow<'static, str>)> {
    let arrival = Scope::Arrival(event.host);
    let remark = match &event.fact {
        Fact::Sent {
            forged: Forged::Yes,
            ..
        } => (Scope::Frame, "FORGED".into()),
        Fact::Dropped(cause) => (Scope::Link, dropped(*cause).into()),
        Fact::Held { octets, total } => (
            arrival,
            format!("HELD {octets} octets, not acknowledged ({total} held)").into(),
        ),
        Fact::HeldAgain { octets } => (arrival, format!("HELD AGAIN {octets} octets").into()),
        Fact::Exhausted => (arrival, "WINDOW EXHAUSTED".into()),
        Fact::Discarded { octets } => (arrival, format!("DISCARDED {octets} octets").into()),
        Fact::Refused { octets } => (arrival, format!("REFUSED {octets} octets").into()),
        Fact::Challenged => (arrival, "CHALLENGED".into()),
        Fact::Retransmitted {
            cause: Retransmission::KeepAlive,
            ..
        } => (Scope::Frame, "PROBE of a silent peer".into()),
        Fact::Retransmitted { cause, .. } => (
            Scope::Frame,
            format!("RETRANSMISSION ({})", why(*cause)).into(),
        ),
        Fact::ErrorReceived { error, effect } => (
            arrival,
            format!("UNREACHABLE ({}), {}", error.name(), heard(*effect)).into(),
        ),
        Fact::DatagramQueued { octets } => (arrival, format!("QUEUED {octets} octets").into()),
        Fact::DatagramDropped { octets } => (
            arrival,
            format!("DROPPED {octets} octets, buffer full").into(),
        ),
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
        DropCause::HostDown => "DROPPED, host down",
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
        Retransmission::PathMtu => "cut for the path",
        Retransmission::KeepAlive => "keep-alive",
    }
}
