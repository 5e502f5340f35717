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
    /// The end of the first that this segment tells of and that was sent once.
    pub(super) once: Option<i64>,
    /// When the first and the last of them were sent that it reports and that were sent once.
    pub(super) reported_at: Option<(Instant, Instant)>,
    /// Whether this segment reports any.
    pub(super) has_report: bool,
    /// Whether reordering may have made a repetition needless (RACK.dsack_round), since a segment
    /// has widened the time for it last.
    twice: bool,
    widened_at: Option<Instant>,
    /// The quarters of the shortest round trip that reordering has (RACK.reo_wnd_mult).
    steps: u32,
    /// For how many recoveries more (RACK.reo_wnd_persist).
    persists: u32,
}

/// For how many recoveries the time for reordering stays (TCP_RACK_RECOVERY_THRESH).
const PERSISTENCE: u32 = 16;
/// The most quarters of a round trip that reordering has.
const STEPS_MOST: u32 = 255;

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
            once: None,
            reported_at: None,
            has_report: false,
            twice: false,
            widened_at: None,
            steps: 1,
            persists: 0,
        }
    }

    /// A segment is acknowledged that nothing was known of. `least` is the shortest round trip,
    /// `echoed` what is behind the last moment at which what is echoed can have been sent.
    pub(super) fn on_acknowledged(
        &mut self,
        segment: &Flying,
        echoed: Option<Instant>,
        least: Duration,
        now: Instant,
    ) {
        // What has arrived is what was sent before (Linux: tcp_skb_spurious_retrans).
        if segment.retransmitted && echoed.is_some_and(|echoed| segment.sent_at >= echoed) {
            return;
        }
        self.on_arrived(segment, self.furthest_before, least, now);
    }

    /// A segment is reported that nothing was known of.
    pub(super) fn on_new_report(&mut self, segment: &Flying, least: Duration, now: Instant) {
        self.has_report = true;
        if !segment.retransmitted {
            let first = self.reported_at.map_or(segment.sent_at, |(first, _)| first);
            self.reported_at = Some((first, segment.sent_at));
        }
        self.on_arrived(segment, self.furthest, least, now);
    }

    fn on_arrived(&mut self, segment: &Flying, furthest: i64, least: Duration, now: Instant) {
        if !segment.retransmitted {
            let end = segment.end;
            self.once = Some(self.once.map_or(end, |once| once.min(end)));
        }
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
        let sent = (segment.sent_at, segment.end);
        if self.latest.is_none_or(|latest| latest < sent) {
            self.latest = Some(sent);
        }
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

    /// What begins at `first` was late and not lost.
    pub(super) fn note_late(&mut self, first: i64, mss: usize) {
        if first < self.furthest {
            self.late_from = Some(first);
            self.note_reordering(mss);
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

    /// The peer reports that it has something twice, and no probe of the tail was that.
    pub(super) fn on_twice(&mut self) {
        self.twice |= self.reorderings > 0;
    }

    /// RFC 8985 section 6.2 step 4: what has arrived twice widens the time for reordering, once a
    /// round trip. `arrived`: whether anything new has.
    pub(super) fn widen(&mut self, arrived: bool, now: Instant) {
        if !arrived {
            return;
        }
        let sent_at = self.latest.map(|(sent_at, _)| sent_at);
        let twice = std::mem::take(&mut self.twice);
        if twice && sent_at >= self.widened_at {
            self.steps = (self.steps + 1).min(STEPS_MOST);
            self.widened_at = Some(now);
            self.persists = PERSISTENCE;
        } else if self.persists == 0 {
            self.steps = 1;
        }
    }

    /// A recovery is over, and was needed.
    pub(super) fn recovered(&mut self) {
        self.persists = self.persists.saturating_sub(1);
    }

    /// A recovery was needless, as everything has arrived twice.
    pub(super) fn reordered(&mut self) {
        self.persists = (self.persists + 1).min(PERSISTENCE);
    }

    pub(super) fn steps(&self) -> u32 {
        self.steps
    }

    /// The timer has expired behind so many reports: reordering was believed to be more than it is
    /// (Linux: tcp_enter_loss).
    pub(super) fn believe_less(&mut self, threshold: usize) {
        self.degree = self.degree.min(threshold);
    }
}
