//! An observer of the segments between two hosts, from the side of the sender: data sent for the
//! first time and again, the window that the sender knows, and the probes that are answered.
//!
//! Everything here is read off headers, so that it holds for any sender, smoltcp's own TCP
//! included. Stream positions are relative: the sender's SYN is 0, its first octet 1.

use std::collections::VecDeque;

use hangup_stack::network::{HostId, SegmentDirection, Sighting};
use hangup_stack::tcp::segment::{Segment, TcpOptions};
use smoltcp::time::Instant;

/// What timestamps take of each segment, in octets.
const TIMESTAMP_OCTETS: usize = 12;

/// What has been counted since the shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Segments with data.
    pub(super) segments: u64,
    /// Those of them that carried nothing new, probes left out.
    pub(super) retransmissions: u64,
    /// Segments into a closed window, and empty ones at a number that was acknowledged before.
    pub(super) probes: u64,
    /// Probes behind which the receiver sent something before the next one.
    pub(super) answered: u64,
    /// Frames of the receiver.
    pub(super) answers: u64,
}

/// What a step has brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whether any segment passed.
    pub(super) any: bool,
    /// Whether the sender sent something for the first time.
    pub(super) new: bool,
    /// Whether the sender heard something.
    pub(super) heard: bool,
    /// Whether data reached the receiver.
    pub(super) arrived: bool,
    /// A reset: where it was seen, and which way it went there.
    pub(super) reset: Option<(HostId, SegmentDirection)>,
}

/// The wire as it is known so far.
#[derive(Debug)]
pub(super) struct Observer {
    sender: HostId,
    /// The sequence numbers at which the sender's and the receiver's SYN stand.
    origins: [u32; 2],
    /// The options of both SYNs.
    offers: [TcpOptions; 2],
    /// Behind the last octet that was sent for the first time.
    pub(super) next: i64,
    /// What the sender has heard to be acknowledged.
    pub(super) unacknowledged: i64,
    /// The right edge of the window as the sender has heard it.
    pub(super) edge: i64,
    /// The largest window that the sender has heard of, in octets.
    pub(super) window_most: u64,
    /// The window field that the receiver sent last, in octets.
    pub(super) window: u64,
    /// Where the segments end that were sent once or more and are not acknowledged.
    flight: VecDeque<i64>,
    /// Whether something was sent again since something was sent for the first time.
    pub(super) repeats: bool,
    /// When something was sent last for the first time.
    pub(super) last_new: Instant,
    probe_waits: bool,
    pub(super) counts: Counts,
}

impl Observer {
    pub(super) fn new(sender: HostId) -> Self {
        Self {
            sender,
            origins: [0; 2],
            offers: [TcpOptions::default(); 2],
            next: 1,
            unacknowledged: 0,
            edge: 0,
            window_most: 0,
            window: 0,
            flight: VecDeque::new(),
            repeats: false,
            last_new: Instant::ZERO,
            probe_waits: false,
            counts: Counts::default(),
        }
    }

    /// Counts from zero again.
    pub(super) fn begin_counting(&mut self, now: Instant) {
        self.counts = Counts::default();
        self.probe_waits = false;
        self.repeats = false;
        self.last_new = now;
    }

    /// The payload of a full segment of the sender, as the SYNs have settled it.
    pub(super) fn segment_octets(&self) -> usize {
        // RFC 9293 section 3.7.1 (MUST-15): 536 where a SYN does not say.
        let announced = |options: TcpOptions| usize::from(options.mss.unwrap_or(536));
        let most = announced(self.offers[0]).min(announced(self.offers[1]));
        let both = |has: fn(&TcpOptions) -> bool| self.offers.iter().all(has);
        let timestamps = both(|options| options.timestamps.is_some());
        most - if timestamps { TIMESTAMP_OCTETS } else { 0 }.min(most)
    }

    /// Whether both SYNs have offered selective acknowledgments.
    pub(super) fn is_selective(&self) -> bool {
        self.offers.iter().all(|options| options.sack_permitted)
    }

    /// How many segments are not acknowledged.
    pub(super) fn segments_in_flight(&self) -> usize {
        self.flight.len()
    }

    /// Octets that are not acknowledged.
    pub(super) fn in_flight(&self) -> u64 {
        (self.next - self.unacknowledged.max(1)).max(0) as u64
    }

    /// The shift of the receiver's window field (RFC 7323 section 2.2: only where both offer it).
    pub(super) fn shift(&self) -> u8 {
        match (self.offers[0].window_scale, self.offers[1].window_scale) {
            (Some(_), Some(shift)) => shift.min(14),
            _ => 0,
        }
    }

    /// Takes a segment in, where it was seen.
    pub(super) fn see(&mut self, sighting: &Sighting, seen: &mut Seen) {
        let Sighting {
            at,
            host,
            way,
            segment,
        } = sighting;
        seen.any = true;
        if segment.flags.rst {
            seen.reset = Some((*host, *way));
        }
        match (*host == self.sender, way) {
            (true, SegmentDirection::Sent) => self.on_sent(segment, *at, seen),
            (true, SegmentDirection::Received) => {
                seen.heard = true;
                self.on_heard(segment);
            }
            (false, SegmentDirection::Sent) => self.on_answer(segment),
            (false, SegmentDirection::Received) => seen.arrived |= segment.payload_octets > 0,
        }
    }

    fn on_sent(&mut self, segment: &Segment, at: Instant, seen: &mut Seen) {
        if segment.flags.syn {
            self.origins[0] = segment.sequence;
            self.offers[0] = segment.options;
            return;
        }
        if segment.flags.rst {
            return;
        }
        let start = position(self.origins[0], segment.sequence, self.next);
        let end = start + segment.payload_octets as i64;
        if end == start {
            if start < self.unacknowledged {
                self.on_probe();
            }
            return;
        }
        self.counts.segments += 1;
        if start >= self.edge {
            self.on_probe();
        } else if end > self.next {
            seen.new = true;
            self.next = end;
            self.flight.push_back(end);
            self.repeats = false;
            self.last_new = at;
        } else {
            self.counts.retransmissions += 1;
            self.repeats = true;
        }
    }

    fn on_probe(&mut self) {
        self.counts.probes += 1;
        self.probe_waits = true;
    }

    fn on_answer(&mut self, segment: &Segment) {
        self.counts.answers += 1;
        if std::mem::take(&mut self.probe_waits) {
            self.counts.answered += 1;
        }
        if segment.flags.syn {
            self.origins[1] = segment.sequence;
            self.offers[1] = segment.options;
        }
        if !segment.flags.rst {
            self.window = self.octets(segment);
        }
    }

    fn on_heard(&mut self, segment: &Segment) {
        if !segment.flags.ack || segment.flags.rst {
            return;
        }
        let near = self.unacknowledged;
        let acknowledged = position(self.origins[0], segment.acknowledgment, near);
        if acknowledged < self.unacknowledged {
            return;
        }
        self.unacknowledged = acknowledged;
        let window = self.octets(segment);
        self.edge = acknowledged + window as i64;
        self.window_most = self.window_most.max(window);
        while self.flight.front().is_some_and(|end| *end <= acknowledged) {
            self.flight.pop_front();
        }
    }

    /// The window of a segment in octets; that of a SYN is never scaled (RFC 7323 section 2.2).
    fn octets(&self, segment: &Segment) -> u64 {
        let shift = if segment.flags.syn { 0 } else { self.shift() };
        u64::from(segment.window) << shift
    }
}

/// The stream position that a sequence number means, near one that is known.
fn position(origin: u32, sequence: u32, near: i64) -> i64 {
    let near_on_wire = origin.wrapping_add(near as u32);
    near + i64::from(sequence.wrapping_sub(near_on_wire) as i32)
}
