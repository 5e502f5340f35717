//! Losses found by time (RFC 8985, RACK): a segment counts as lost where one that was sent behind
//! it has arrived, and a round trip and some time for reordering have passed since it was sent.
//!
//! Left out: D-SACK blocks, which would make the time for reordering longer (section 6.2 step 4).

use smoltcp::time::{Duration, Instant};

use super::Sender;
use super::loss::Recovery;
use super::reduction::Reduction;
use crate::event::Retransmission;
use crate::profile::LossRecovery;
use crate::tcp::congestion::News;

/// What is added to the wait for a late segment (Linux: TCP_TIMEOUT_MIN_US).
const SLACK: Duration = Duration::from_millis(2);

impl Sender {
    /// Whether losses are found by time: that takes a peer that reports what it has.
    pub(super) fn looks_at_time(&self) -> bool {
        self.selective && self.rules.recovery == LossRecovery::Rack
    }

    /// Everything is known that a segment has said of what is in the network, `news` included where
    /// it acknowledges something: what is lost, and how large the congestion window is. Returns how
    /// long late segments are waited for.
    pub(super) fn conclude(
        &mut self,
        news: Option<News>,
        is_old: bool,
        now: Instant,
    ) -> Option<Duration> {
        let delivered = (self.in_flight.delivered() - self.delivered_before) as usize;
        self.delivered_before = self.in_flight.delivered();
        self.rack.note_reordering(self.mss);
        self.end_recovery();
        let losses = self.in_flight.losses();
        let wait = std::mem::take(&mut self.rack.has_news)
            .then(|| self.look_for_lost(now))
            .flatten();
        if self.recovery == Recovery::No && self.in_flight.has_lost() {
            self.begin_recovery();
        }
        let is_clean = news.is_some() && self.in_flight.losses() == losses;
        match (self.recovery, news) {
            (Recovery::Fast(_), _) if !is_old => self.reduce(delivered, is_clean),
            // Where segments are out of order, what is reported lets the window grow as well
            // (Linux: tcp_may_raise_cwnd).
            (Recovery::No, None) if delivered > 0 && self.sees_reordering() => {
                let news = News {
                    octets: delivered * self.mss,
                    segments: delivered,
                    was_full: self.was_full(),
                };
                self.congestion.on_acknowledged(news, now, self.smoothed);
            }
            (Recovery::No, Some(news)) => {
                self.congestion.on_acknowledged(news, now, self.smoothed);
            }
            (Recovery::Timeout(_), Some(news)) => {
                let news = News {
                    was_full: true,
                    ..news
                };
                self.congestion.on_acknowledged(news, now, self.smoothed);
            }
            (Recovery::Fast(_) | Recovery::No | Recovery::Timeout(_), _) => {}
        }
        wait
    }

    /// Late segments have been waited for long enough.
    pub(crate) fn on_reordering_over(&mut self, now: Instant) {
        let losses = self.in_flight.losses();
        self.look_for_lost(now);
        if self.in_flight.losses() == losses {
            return;
        }
        if self.recovery == Recovery::No {
            self.begin_recovery();
            self.reduce(1, false);
        }
        self.wake();
    }

    fn sees_reordering(&self) -> bool {
        self.rack.degree() > self.rules.duplicate_threshold
    }

    fn end_recovery(&mut self) {
        match self.recovery {
            Recovery::Fast(until) if self.unacknowledged >= until => {
                self.recovery = Recovery::No;
                self.congestion.recovered();
            }
            Recovery::Timeout(until) if self.unacknowledged >= until => {
                self.recovery = Recovery::No;
            }
            Recovery::No | Recovery::Fast(_) | Recovery::Timeout(_) => {}
        }
    }

    /// Section 6.2 step 5.
    fn look_for_lost(&mut self, now: Instant) -> Option<Duration> {
        let latest = self.rack.latest?;
        let patience = self.rack.round_trip + self.reordering_window();
        let wait = self.in_flight.mark_late(latest, patience, now)?;
        Some(wait + SLACK)
    }

    /// Section 6.2 step 4: without any reordering so far duplicates count as ever.
    fn reordering_window(&self) -> Duration {
        let has_duplicates = self.in_flight.reported() >= self.rack.degree();
        if self.rack.reorderings() == 0 && (self.recovery != Recovery::No || has_duplicates) {
            return Duration::ZERO;
        }
        (self.least / 4).min(self.smoothed)
    }

    pub(super) fn begin_recovery(&mut self) {
        self.reductions += 1;
        self.recovery = Recovery::Fast(self.next);
        self.cause = Retransmission::Fast;
        let before = self.congestion.segments();
        self.congestion.on_loss(self.loss_base(), 0);
        self.congestion.set_segments(before);
        self.reduction = Reduction::new(before);
    }

    /// So many segments have arrived: the window becomes what is in the network, and what may
    /// follow them.
    pub(super) fn reduce(&mut self, delivered: usize, is_clean: bool) {
        if delivered == 0 {
            return;
        }
        let pipe = self.pipe().segments;
        let threshold = self.congestion.threshold() / self.mss.max(1);
        let follow = self
            .reduction
            .on_delivered(delivered, is_clean, threshold, pipe);
        self.congestion.set_segments(pipe + follow);
    }
}
