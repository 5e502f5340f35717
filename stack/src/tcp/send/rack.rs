//! What is known of the segments that have arrived, by the times at which they were sent (RFC 8985,
//! RACK).

use smoltcp::time::{Duration, Instant};

use crate::tcp::in_flight::Flying;

/// More reordering than this is not believed, in segments (Linux: tcp_max_reordering).
const DEGREE_MOST: usize = 300;

/// What is known of the segments that have arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rack {
    /// When the one of them was sent that was sent last, and where it ends (RACK.xmit_ts,
    /// RACK.end_seq).
    pub(super) latest: Option<(Instant, i64)>,
    /// How long the last of them took (RACK.rtt).
    pub(super) round_trip: Duration,
    /// Whether any has arrived since losses were looked for.
    pub(super) has_news: bool,
    /// How often some have arrived behind later ones.
    reorderings: u32,
    /// By how many segments at most, or the duplicates that make a loss.
    degree: usize,
    /// Behind the last octet that was reported (RACK.fack).
    furthest: i64,
    /// The same before the segment that is being taken: what it acknowledges and reports at once is
    /// not out of order (Linux: prior_fack).
    furthest_before: i64,
    /// Where the first of them begins that has arrived behind later ones with this segment.
    late_from: Option<i64>,
}

impl Rack {
    pub(super) fn new(degree: usize) -> Self {
        Self {
            latest: None,
            round_trip: Duration::ZERO,
            has_news: false,
            reorderings: 0,
            degree,
            furthest: 0,
            furthest_before: 0,
            late_from: None,
        }
    }

    /// A segment is acknowledged that nothing was known of. `least` is the shortest round trip.
    pub(super) fn on_acknowledged(&mut self, segment: &Flying, least: Duration, now: Instant) {
        self.on_arrived(segment, self.furthest_before, least, now);
    }

    /// A segment is reported that nothing was known of.
    pub(super) fn on_new_report(&mut self, segment: &Flying, least: Duration, now: Instant) {
        self.on_arrived(segment, self.furthest, least, now);
    }

    fn on_arrived(&mut self, segment: &Flying, furthest: i64, least: Duration, now: Instant) {
        if !segment.retransmitted && segment.start < furthest {
            let first = self
                .late_from
                .map_or(segment.start, |at| at.min(segment.start));
            self.late_from = Some(first);
        }
        let round_trip = now - segment.sent_at;
        // Section 6.2 step 2: what is acknowledged so soon was sent before.
        if segment.retransmitted && round_trip < least {
            return;
        }
        self.has_news = true;
        self.round_trip = round_trip;
        self.latest = self.latest.max(Some((segment.sent_at, segment.end)));
    }

    /// A segment up to `end` was reported.
    pub(super) fn on_reported(&mut self, end: i64) {
        self.furthest = self.furthest.max(end);
    }

    /// All of it is known that a segment has said: whether it shows reordering.
    pub(super) fn note_reordering(&mut self, mss: usize) {
        self.furthest_before = self.furthest;
        if let Some(first) = self.late_from.take() {
            let octets = (self.furthest - first).max(0) as usize;
            let segments = octets.div_ceil(mss.max(1)).min(DEGREE_MOST);
            self.degree = self.degree.max(segments);
            self.reorderings += 1;
        }
    }

    pub(super) fn reorderings(&self) -> u32 {
        self.reorderings
    }

    pub(super) fn degree(&self) -> usize {
        self.degree
    }

    /// How long the last segment took that has arrived.
    pub(super) fn round_trip(&self) -> Duration {
        self.round_trip
    }
}
