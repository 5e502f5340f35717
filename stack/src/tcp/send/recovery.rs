//! What acknowledgments, and their absence, say of what is in the network: losses and recovery from
//! them (RFC 5681, RFC 6582, RFC 6675).

use smoltcp::time::{Duration, Instant};

use super::loss::{PathState, Recovery};
use super::{Sender, Transmission};
use crate::event::Retransmission;
use crate::profile::{LossBase, LossRecovery, Reports};
use crate::tcp::congestion::{News, Pipe};
use crate::tcp::rto::RoundTrip;

/// What an acknowledgment did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Whether it moved SND.UNA.
    pub(crate) progress: bool,
    /// A round-trip time, from segments that were sent once.
    pub(crate) sample: Option<RoundTrip>,
    /// How long segments are waited for that others have overtaken.
    pub(crate) reordering: Option<Duration>,
    /// Whether the peer has taken back a report, so that the timer expires soon.
    pub(crate) taken_back: bool,
}

impl Sender {
    /// What acknowledgments, and their absence, have said of the path by now.
    pub(crate) fn path(&self) -> PathState {
        match self.recovery {
            Recovery::Fast(_) => PathState::Recovery,
            Recovery::Timeout(_) => PathState::Loss,
            Recovery::No if self.duplicates > 0 || self.in_flight.reported() > 0 => {
                PathState::Disorder
            }
            Recovery::No => PathState::Open,
        }
    }

    /// How often, and by how many segments at most, segments have arrived behind later ones.
    pub(crate) fn reordering(&self) -> (u32, usize) {
        (self.rack.reorderings(), self.rack.degree())
    }

    /// How many segments the peer has reported beyond what it acknowledges.
    pub(crate) fn reported(&self) -> usize {
        self.in_flight.reported()
    }

    /// Takes an acceptable acknowledgment. `echoed` is behind the last moment at which what it
    /// echoes can have been sent.
    pub(crate) fn on_acknowledgment(
        &mut self,
        acknowledged: i64,
        echoed: Option<Instant>,
        now: Instant,
    ) -> Acknowledged {
        self.expect_room();
        if acknowledged <= self.unacknowledged {
            let is_old = acknowledged < self.unacknowledged;
            let sample = match is_old {
                // What is reported beside an old acknowledgment measures nothing (Linux: old_ack).
                true => {
                    self.rack.reported_at = None;
                    None
                }
                false => self.note_round_trip(None, now),
            };
            let reordering = match self.looks_at_time() {
                true => self.conclude(None, is_old, echoed, now),
                false => None,
            };
            return Acknowledged {
                sample,
                reordering,
                ..Acknowledged::default()
            };
        }
        if acknowledged > self.next {
            // The SYN's own data, which did not count as sent.
            self.next = acknowledged;
            self.pieces.skip_to(acknowledged);
        }
        self.syn_data = 0;
        let was_full = self.was_full();
        // The SYN was no data.
        let octets = (acknowledged - self.unacknowledged.max(1)) as usize;
        let looks_at_segments = self.rules.recovery == LossRecovery::Rack;
        let (rack, least) = (&mut self.rack, self.least);
        let finished = self.in_flight.on_acknowledged(acknowledged, |segment| {
            if looks_at_segments {
                rack.on_acknowledged(segment, echoed, least, now);
            }
        });
        let handshake = (self.unacknowledged == 0).then(|| self.is_handshake_lossy(echoed));
        if handshake.is_some() {
            self.congestion.begin(self.next, now);
            self.end_episode();
        }
        self.unacknowledged = acknowledged;
        self.note_progress();
        let sample = self.note_round_trip(finished.sent_at, now);
        self.release_fin();
        let data_end = acknowledged.min(self.written);
        if data_end > self.queue_start {
            self.queue
                .drop_front((data_end - self.queue_start) as usize);
            self.queue_start = data_end;
        }
        while self.pushes.front().is_some_and(|&end| end <= acknowledged) {
            self.pushes.pop_front();
        }
        // Each duplicate has told of one of them before (Linux: tcp_remove_reno_sacks).
        let told = if self.rules.limited_transmit {
            self.duplicates
        } else {
            0
        };
        let goes_on = matches!(self.recovery, Recovery::Fast(until) if acknowledged < until);
        self.duplicates = if goes_on && self.reduces_by_duplicates() {
            told.saturating_sub(finished.segments.saturating_sub(1))
        } else {
            0
        };
        self.probe = None;
        let news = News {
            octets,
            segments: finished.segments.saturating_sub(told).max(1),
            was_full,
        };
        let reordering = if self.looks_at_time() {
            self.conclude(Some(news), false, echoed, now)
        } else if self.reduces_by_duplicates() {
            self.after_counted_progress(news, finished.repeated, echoed, now);
            None
        } else {
            self.after_progress(news, echoed, now);
            None
        };
        if handshake == Some(true) {
            self.congestion.set_segments(1);
        }
        Acknowledged {
            progress: true,
            sample,
            reordering,
            taken_back: self.rules.reports_after_timeout == Reports::Kept
                && self.in_flight.is_taken_back(),
        }
    }

    /// What was sent once, of all that has arrived, measures the path: the first of what is
    /// acknowledged, or else reported, the timeout (the BSDs, lwIP, gVisor and netstack3 time one
    /// segment at a time, which is that one), and the last of what is reported, or else
    /// acknowledged, what ends slow start (Linux: tcp_clean_rtx_queue). `acknowledged`: when the
    /// first and the last were sent that are acknowledged and had not been reported.
    fn note_round_trip(
        &mut self,
        acknowledged: Option<(Instant, Instant)>,
        now: Instant,
    ) -> Option<RoundTrip> {
        let reported = self.rack.reported_at.take();
        let (oldest, _) = acknowledged.or(reported)?;
        let (_, newest) = reported.or(acknowledged)?;
        let sample = RoundTrip {
            of_oldest: now - oldest,
            of_newest: now - newest,
        };
        if self.unacknowledged > 1 {
            let path = (self.unacknowledged, self.next);
            self.congestion
                .on_round_trip(sample.of_newest, path, self.smoothed, now);
        }
        Some(sample)
    }

    fn after_progress(&mut self, news: News, echoed: Option<Instant>, now: Instant) {
        let (acknowledged, round_trip) = (self.unacknowledged, self.smoothed);
        match self.recovery {
            Recovery::No => self.congestion.on_acknowledged(news, now, round_trip),
            Recovery::Fast(until) if acknowledged >= until => {
                self.recovery = Recovery::No;
                self.congestion.recovered();
            }
            Recovery::Fast(_) => {
                if self.selective {
                    // RFC 6675 section 5: SACK blocks say what is lost; the window stays.
                    self.in_flight.mark_first_hole();
                    return;
                }
                // RFC 6582 section 3.2: a partial acknowledgment shows that the next segment was
                // lost too, and it goes out whatever the window says.
                self.congestion.deflate(news.octets);
                self.in_flight.mark_first_lost();
                self.probe = self.retransmission_of_first(Retransmission::Fast);
            }
            Recovery::Timeout(until) => {
                if self.undo_first_timeout(echoed, now) || acknowledged >= until {
                    self.recovery = Recovery::No;
                }
                let news = News {
                    was_full: true,
                    ..news
                };
                self.congestion.on_acknowledged(news, now, round_trip);
            }
        }
    }

    /// What is on its way, as far as duplicate acknowledgments tell: the first two each say that a
    /// segment has left the network, and let another one in (RFC 3042).
    pub(super) fn pipe(&self) -> Pipe {
        let pipe = self.in_flight.pipe();
        let left = match self.recovery {
            _ if self.reduces_by_duplicates() => self.duplicates,
            Recovery::No if self.rules.limited_transmit => self.duplicates.min(2),
            Recovery::No | Recovery::Fast(_) | Recovery::Timeout(_) => return pipe,
        };
        Pipe {
            octets: pipe.octets.saturating_sub(left * self.mss),
            segments: pipe.segments.saturating_sub(left),
        }
    }

    /// New data is about to be sent: after a long silence the congestion window is another.
    pub(crate) fn resume(&mut self, now: Instant, timeout: Duration) {
        let Some(sent_at) = self.sent_at else {
            return;
        };
        if self.in_flight.is_empty() && self.written > self.next {
            self.congestion.after_idle(now - sent_at, timeout);
        }
    }

    /// An acknowledgment came that acknowledges nothing new, carries no data and moves no window
    /// (RFC 5681 section 2).
    pub(crate) fn on_duplicate(&mut self) {
        if self.selective || self.in_flight.is_empty() {
            return;
        }
        // A closed window answers every probe with the same acknowledgment.
        if self.window == 0 {
            return;
        }
        if self.reduces_by_duplicates() {
            self.count_duplicate();
            return;
        }
        self.duplicates += 1;
        match self.recovery {
            Recovery::Fast(_) => self.congestion.inflate(),
            Recovery::No if self.duplicates == self.rules.duplicate_threshold => {
                self.enter_recovery(self.rules.duplicate_threshold * self.mss);
            }
            Recovery::No | Recovery::Timeout(_) => {}
        }
    }

    /// The peer has heard of congestion (RFC 3168 section 6.1.2). While a loss is repaired that has
    /// reduced the window already.
    pub(crate) fn on_congestion(&mut self) {
        self.forbid_undo();
        if self.recovery == Recovery::No {
            self.congestion.on_loss(self.loss_base(), 0);
            self.reductions += 1;
        }
    }

    /// How often the congestion window was reduced.
    pub(crate) fn reductions(&self) -> u64 {
        self.reductions
    }

    /// What a loss makes the new threshold from, in octets.
    pub(super) fn loss_base(&self) -> usize {
        match self.rules.loss_base {
            LossBase::Flight => self.outstanding(),
            LossBase::Window => self.congestion.window(),
        }
    }

    #[cold]
    fn enter_recovery(&mut self, inflation: usize) {
        self.reductions += 1;
        self.recovery = Recovery::Fast(self.next);
        self.congestion.on_loss(self.loss_base(), inflation);
        self.cause = Retransmission::Fast;
        self.in_flight.mark_first_lost();
        // The first retransmission is not held back by the window (RFC 6675 section 5 step 4.3).
        self.probe = self.retransmission_of_first(Retransmission::Fast);
    }

    /// Takes SACK blocks (RFC 2018, RFC 6675): marks what has arrived, and as lost what many later
    /// segments overtook.
    /// `acknowledged` is what the same segment acknowledges.
    pub(crate) fn on_selective(
        &mut self,
        blocks: impl Iterator<Item = (i64, i64)>,
        acknowledged: i64,
        now: Instant,
    ) {
        if !self.selective {
            return;
        }
        if self.looks_at_time() {
            let mut sorted: Vec<(i64, i64)> = blocks.collect();
            if let Some((left, right)) = reported_twice(&sorted, acknowledged) {
                self.twice = self.note_twice(left, right);
                self.in_flight.note_twice(self.twice);
                let is_probe = self.tail_probed.is_some_and(|(until, _)| until == right);
                if self.twice > 0 && !(is_probe && self.twice == 1) {
                    self.rack.on_twice();
                }
            }
            let (rack, least) = (&mut self.rack, self.least);
            sorted.sort_unstable();
            self.in_flight.on_reported(sorted.into_iter(), |segment| {
                rack.on_new_report(segment, least, now);
                rack.on_reported(segment.end);
            });
            return;
        }
        let news = self.in_flight.on_reported(blocks, |_| {});
        let overtaken = news
            && self
                .in_flight
                .mark_overtaken(self.rules.duplicate_threshold);
        if overtaken && self.recovery == Recovery::No {
            self.enter_recovery(0);
        }
    }

    /// The retransmission timer expired: everything not reported as arrived counts as lost (RFC
    /// 5681 section 3.1, RFC 6298 rule 5.4), and the first of it goes out at once.
    pub(crate) fn on_timeout(&mut self, now: Instant) {
        if self.probes_window() {
            // A closed window refused it: that says nothing of the path.
            self.in_flight.mark_first_lost();
            self.probe = self.retransmission_of_first(Retransmission::WindowProbe);
            return;
        }
        let by_time = self.looks_at_time();
        let first = self.responds_to_timeout();
        self.expire_episode(self.recovery, first);
        if by_time
            && self.recovery == Recovery::No
            && self.in_flight.reported() >= self.rules.duplicate_threshold
        {
            self.rack.believe_less(self.rules.duplicate_threshold);
        }
        // RFC 6928 section 2, RFC 5681 section 3.1: a lost SYN says nothing of the path.
        if self.unacknowledged > 0 {
            self.congestion
                .on_timeout(self.loss_base(), first, self.next, now);
            self.reductions += u64::from(first);
        }
        self.recovery = Recovery::Timeout(self.next);
        self.duplicates = 0;
        self.tail_probed = None;
        let forgets = match self.rules.reports_after_timeout {
            Reports::Forgotten => true,
            Reports::Kept => self.in_flight.is_taken_back(),
        };
        if forgets {
            self.in_flight.forget_reports();
        }
        // RFC 8985 section 6.3: what was sent less than a round trip ago may still arrive.
        let young = if by_time && !forgets {
            self.rack.round_trip()
        } else {
            Duration::ZERO
        };
        self.in_flight.mark_all_lost(now - young);
        if by_time && self.unacknowledged > 0 {
            self.congestion
                .set_segments(self.in_flight.pipe().segments + 1);
        }
        self.cause = Retransmission::Timeout;
        self.probe = self.retransmission_of_first(Retransmission::Timeout);
    }

    pub(super) fn retransmission_of_first(&self, again: Retransmission) -> Option<Transmission> {
        let segment = self.in_flight.first_lost()?;
        Some(Transmission::again(segment, again))
    }
}

/// The octets that an acknowledgment reports to have come twice: they stand in the first block (RFC
/// 2883 section 4), before what is acknowledged or within the second.
fn reported_twice(blocks: &[(i64, i64)], acknowledged: i64) -> Option<(i64, i64)> {
    let &(left, right) = blocks.first()?;
    let within = |&(start, end): &(i64, i64)| start <= left && right <= end;
    (left < acknowledged || blocks.get(1).is_some_and(within)).then_some((left, right))
}
