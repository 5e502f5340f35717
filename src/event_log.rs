//! The event log: the facts of a run in order, each frame with its decoded packet.
//!
//! A frame is decoded when its fact enters the log, and scripts, traces, filters and comparisons
//! read that packet. A frame that arrives as it was sent shares the packet of its sending; only a
//! damaged frame is decoded again. Runs without a reader, such as the rows of a benchmark, keep no
//! log and decode nothing.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use hangup_stack::event::{Event, Fact, Forged, FrameId};
use hangup_stack::network::HostId;

use crate::notation::{Origins, Tracker};
use crate::wire::{Packet, decode_carried};

/// The facts of a run, in the order in which they were recorded.
///
/// A log that nobody reads payload from keeps the beginning of each frame and no more.
#[derive(Clone, Debug)]
pub struct EventLog {
    events: Vec<Event>,
    /// The packet of each fact that is a frame on the wire, at the place of the fact.
    packets: Vec<Option<Arc<Packet>>>,
    sendings: BTreeMap<FrameId, Sending>,
    tracker: Tracker,
    /// The UDP ports that TCP has.
    carriers: Vec<u16>,
    kept: Kept,
    /// How many facts from before the first one here were forgotten.
    forgotten: usize,
    /// How many facts are here when it is time to forget some.
    full: usize,
    /// The octets of memory that all of it takes, about.
    memory: usize,
    /// The octets that a trace of it would have, about.
    trace: usize,
}

/// How much a log keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// So many octets of each frame.
    pub octets: usize,
    /// So many facts at least, the last ones.
    pub facts: usize,
}

impl Kept {
    /// Everything.
    pub const ALL: Self = Self {
        octets: usize::MAX,
        facts: usize::MAX,
    };
}

/// What a frame takes beside its octets: its packet, its sending, and its place in maps and in the
/// list of what scripts have seen. Measured, with allocations, and rounded up.
const FRAME_OCTETS: usize = 1200;
/// What a record of a trace takes beside the octets of its frame.
const RECORD_OCTETS: usize = 100;

impl Default for EventLog {
    fn default() -> Self {
        Self::keeping(Kept::ALL)
    }
}

/// A frame as it was sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// The host that sent it.
    pub host: HostId,
    /// Its octets, as far as they are kept.
    pub bytes: Bytes,
    /// How many it had.
    pub length: usize,
    /// Where they were in memory while it was on its way: an arrival with the same octets there is
    /// undamaged.
    place: usize,
    /// What it is.
    pub packet: Arc<Packet>,
    /// Where its sequence numbers began when it was sent. A log that begins in the middle of a run
    /// numbers from there.
    pub origins: Origins,
    /// Whether a scenario made it up.
    pub forged: Forged,
}

/// A frame that a host has sent or received.
#[derive(Clone, Copy, Debug)]
pub struct LoggedFrame<'a> {
    /// The fact of it.
    pub event: &'a Event,
    /// Which frame.
    pub id: FrameId,
    /// Its octets, as they were there and then.
    pub bytes: &'a Bytes,
    /// How many octets it had on the wire; `bytes` may be its beginning.
    pub length: usize,
    /// What it is.
    pub packet: &'a Arc<Packet>,
    /// Whether this is its sending, and not an arrival.
    pub is_sending: bool,
    /// Its sending. None: the log does not have it.
    pub sending: Option<&'a Sending>,
}

impl Sending {
    /// Whether these are its octets, undamaged.
    fn is(&self, bytes: &Bytes) -> bool {
        let is_whole = self.bytes.len() == self.length;
        let is_there = self.place == bytes.as_ptr().addr() && self.length == bytes.len();
        is_there || (is_whole && self.bytes == bytes)
    }
}

impl LoggedFrame<'_> {
    /// Where its sequence numbers began when it was sent.
    pub fn origins(&self) -> Origins {
        self.sending.map(|it| it.origins).unwrap_or_default()
    }
}

impl EventLog {
    /// An empty log that keeps so much.
    pub fn keeping(kept: Kept) -> Self {
        Self {
            events: Vec::new(),
            packets: Vec::new(),
            sendings: BTreeMap::new(),
            tracker: Tracker::default(),
            carriers: Vec::new(),
            kept,
            forgotten: 0,
            full: kept.facts.saturating_mul(2),
            memory: 0,
            trace: 0,
        }
    }

    /// Takes datagrams from and to a UDP port for what carries TCP segments, from now on.
    pub fn carry(&mut self, port: u16) {
        if port != 0 && !self.carriers.contains(&port) {
            self.carriers.push(port);
        }
    }

    /// Takes a fact in.
    pub fn push(&mut self, mut event: Event) {
        let packet = event
            .frame
            .and_then(|frame| self.packet(frame, event.host, &event.fact));
        self.packets.push(packet);
        self.cut(&mut event);
        self.memory += size_of::<Event>() + size_of::<Option<Arc<Packet>>>();
        self.events.push(event);
    }

    /// Whether there are so many facts that some are to be forgotten.
    pub fn is_full(&self) -> bool {
        self.events.len() >= self.full
    }

    /// The place before which facts may be forgotten: the last ones are kept.
    pub fn old(&self) -> usize {
        self.len()
            .saturating_sub(self.kept.facts)
            .max(self.forgotten)
    }

    /// Forgets the facts before a place, and the frames that none of the others is about.
    pub fn forget(&mut self, before: usize) {
        let count = before.saturating_sub(self.forgotten);
        for event in self.events.drain(..count) {
            self.memory -= size_of::<Event>() + size_of::<Option<Arc<Packet>>>();
            if let Fact::Sent { bytes, .. } = &event.fact {
                self.memory -= bytes.len() + FRAME_OCTETS;
            }
        }
        self.packets.drain(..count);
        self.forgotten += count;
        match self.events.iter().filter_map(|event| event.frame).min() {
            Some(first) => self.sendings = self.sendings.split_off(&first),
            None => self.sendings.clear(),
        }
        // What is on its way for longer than facts are kept is decoded again when it arrives.
        while self.sendings.len() > self.events.len() {
            self.sendings.pop_first();
        }
        // Where little could be forgotten, it is not tried again at once.
        self.full = self.kept.facts.max(self.events.len()).saturating_mul(2);
    }

    /// Whether facts are forgotten.
    pub fn forgets(&self) -> bool {
        self.kept.facts < usize::MAX
    }

    /// Leaves of a frame what is kept, in memory of its own where something is left out.
    fn cut(&mut self, event: &mut Event) {
        let (bytes, is_sending) = if let Fact::Sent { bytes, .. } = &mut event.fact {
            (bytes, true)
        } else if let Fact::Received { bytes } = &mut event.fact {
            (bytes, false)
        } else {
            return;
        };
        if bytes.len() > self.kept.octets {
            let sending = event.frame.and_then(|frame| self.sendings.get(&frame));
            let beginning = Bytes::copy_from_slice(&bytes[..self.kept.octets]);
            *bytes = match sending {
                Some(sending) if sending.bytes == beginning => sending.bytes.clone(),
                Some(_) | None => beginning,
            };
        }
        if is_sending {
            self.memory += bytes.len() + FRAME_OCTETS;
            self.trace += bytes.len() + RECORD_OCTETS;
        }
    }

    /// The octets of memory that it takes, about.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The octets that a trace of it would have, about.
    pub fn trace(&self) -> usize {
        self.trace
    }

    /// What the frame is of which a fact tells that it was sent or has arrived.
    fn packet(&mut self, frame: FrameId, host: HostId, fact: &Fact) -> Option<Arc<Packet>> {
        if let Fact::Sent { bytes, forged } = fact {
            let packet = Arc::new(decode_carried(bytes, &self.carriers));
            let sending = Sending {
                host,
                bytes: match bytes.get(..self.kept.octets) {
                    Some(beginning) => Bytes::copy_from_slice(beginning),
                    None => bytes.clone(),
                },
                length: bytes.len(),
                place: bytes.as_ptr().addr(),
                packet: Arc::clone(&packet),
                origins: self.tracker.observe(&packet),
                forged: *forged,
            };
            self.sendings.insert(frame, sending);
            Some(packet)
        } else if let Fact::Received { bytes } = fact {
            let sent = self.sendings.get(&frame);
            let sent = sent.filter(|sending| sending.is(bytes));
            Some(sent.map_or_else(
                || Arc::new(decode_carried(bytes, &self.carriers)),
                |it| Arc::clone(&it.packet),
            ))
        } else {
            None
        }
    }

    /// Counts places from the first fact that is here: the run is over. Returns how many facts were
    /// forgotten.
    pub(crate) fn end(&mut self) -> usize {
        std::mem::take(&mut self.forgotten)
    }

    /// The facts that are kept, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Event> {
        self.events.iter()
    }

    /// The facts, in their order.
    pub fn as_slice(&self) -> &[Event] {
        &self.events
    }

    /// The fact at a place.
    pub fn get(&self, index: usize) -> Option<&Event> {
        self.events.get(index.checked_sub(self.forgotten)?)
    }

    /// The places of the facts that are here.
    pub fn places(&self) -> Range<usize> {
        self.forgotten..self.len()
    }

    /// How many facts there were, those that were forgotten among them.
    pub fn len(&self) -> usize {
        self.forgotten + self.events.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The frame that the fact at a place is the sending or an arrival of.
    pub fn frame(&self, index: usize) -> Option<LoggedFrame<'_>> {
        let index = index.checked_sub(self.forgotten)?;
        let event = self.events.get(index)?;
        let (id, packet) = (event.frame?, self.packets.get(index)?.as_ref()?);
        let (bytes, is_sending) = if let Fact::Sent { bytes, .. } = &event.fact {
            (bytes, true)
        } else if let Fact::Received { bytes } = &event.fact {
            (bytes, false)
        } else {
            return None;
        };
        let sending = self.sendings.get(&id);
        Some(LoggedFrame {
            event,
            id,
            bytes,
            // A link changes the octets of a frame, never their number; facts of others may differ.
            length: sending.map_or(0, |it| it.length).max(bytes.len()),
            packet,
            is_sending,
            sending,
        })
    }

    /// A frame as it was sent. None: the log does not have its sending.
    pub fn sending(&self, frame: FrameId) -> Option<&Sending> {
        self.sendings.get(&frame)
    }

    /// The initial sequence numbers of the connections, as far as they are known now.
    pub fn tracker(&self) -> &Tracker {
        &self.tracker
    }
}

/// Two logs are the same where their facts are: the rest follows from them.
impl PartialEq for EventLog {
    fn eq(&self, other: &Self) -> bool {
        self.events == other.events
    }
}

impl Extend<Event> for EventLog {
    fn extend<I: IntoIterator<Item = Event>>(&mut self, events: I) {
        events.into_iter().for_each(|event| self.push(event));
    }
}

impl FromIterator<Event> for EventLog {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let mut log = Self::default();
        log.extend(events);
        log
    }
}

impl<'a> IntoIterator for &'a EventLog {
    type Item = &'a Event;
    type IntoIter = std::slice::Iter<'a, Event>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use hangup_stack::network::HostId;
    use smoltcp::time::Instant;

    use super::*;

    #[test]
    fn a_log_forgets_and_cuts_what_nobody_reads() {
        let event = |frame: u64, fact| Event {
            at: Instant::ZERO,
            host: HostId(0),
            frame: Some(FrameId(frame)),
            socket: None,
            fact,
        };
        let mut log = EventLog::keeping(Kept {
            octets: 20,
            facts: 4,
        });
        for frame in 0..100 {
            let bytes = Bytes::from(vec![7; 1000]);
            let forged = Forged::No;
            let sent = bytes.clone();
            log.push(event(
                frame,
                Fact::Sent {
                    bytes: sent,
                    forged,
                },
            ));
            log.push(event(frame, Fact::Received { bytes }));
            if log.is_full() {
                log.forget(log.old());
            }
        }
        assert_eq!((log.len(), log.places()), (200, 196..200));
        assert!(log.sendings.len() <= 4 && log.memory() < 8 * (FRAME_OCTETS + 200));
        assert!(log.frame(0).is_none());
        let last = log.frame(199).expect("it is kept");
        assert_eq!((last.bytes.len(), last.length), (20, 1000));
        let sent = log.frame(198).expect("it is kept");
        assert_eq!(
            Arc::as_ptr(sent.packet),
            Arc::as_ptr(last.packet),
            "undamaged"
        );
        let forgotten = log.end();
        assert_eq!(log.len(), 200 - forgotten);
        assert!(log.frame(log.len() - 1).is_some());
    }

    #[test]
    fn a_frame_is_decoded_once_unless_the_link_changes_it() {
        let event = |host, fact| Event {
            at: Instant::ZERO,
            host: HostId(host),
            frame: Some(FrameId(0)),
            socket: None,
            fact,
        };
        let (bytes, damaged) = (Bytes::from_static(&[0; 60]), Bytes::from_static(&[1; 60]));
        let sent = Fact::Sent {
            bytes: bytes.clone(),
            forged: Forged::Yes,
        };
        let log: EventLog = [
            event(0, sent),
            event(1, Fact::Received { bytes }),
            event(1, Fact::Received { bytes: damaged }),
            event(1, Fact::ResetReceived),
        ]
        .into_iter()
        .collect();
        let packet = |index| log.frame(index).map(|frame| Arc::as_ptr(frame.packet));
        assert_eq!(packet(0), packet(1));
        assert_ne!(packet(0), packet(2));
        assert_eq!(packet(3), None);
    }
}
