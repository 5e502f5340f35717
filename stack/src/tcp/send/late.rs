//! Losses found by time (RFC 8985, RACK): a segment counts as lost where one that was sent behind
//! it has arrived, and a round trip and some time for reordering have passed since it was sent.

use smoltcp::time::{Duration, Instant};

use super::Sender;
use super::loss::Recovery;
use super::reduction::Reduction;
use super::undo::Evidence;
use crate::event::Retransmission;
use crate::profile::{LossRecovery, Reports};
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
        echoed: Option<Instant>,
        now: Instant,
    ) -> Option<Duration> {
        let twice = std::mem::take(&mut self.twice);
        let delivered = (self.in_flight.delivered() - self.delivered_before) as usize;
        self.delivered_before = self.in_flight.delivered();
        let acknowledged = news.map_or(0, |news| news.octets as i64);
        let news = news.map(|news| News {
            segments: delivered,
            ..news
        });
        self.rack.note_reordering(self.mss);
        self.rack.widen(delivered > twice, now);
        let evidence = Evidence {
            progress: news.is_some(),
            before: self.unacknowledged - acknowledged,
            echoed,
            once: self.rack.once.take(),
            reports: std::mem::take(&mut self.rack.has_report),
        };
        let losses = self.in_flight.losses();
        self.judge_tail_probe(evidence, twice > 0);
        let wait = self.alert(evidence, now);
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

    /// What an acknowledgment says of losses (Linux: tcp_fastretrans_alert).
    fn alert(&mut self, evidence: Evidence, now: Instant) -> Option<Duration> {
        let takes_back = self.rules.reports_after_timeout == Reports::Kept;
        if takes_back && evidence.progress && self.in_flight.is_taken_back() {
            return None;
        }
        if let Recovery::Fast(until) = self.recovery
            && self.unacknowledged >= until
        {
            self.undo_recovery(evidence);
            self.recovery = Recovery::No;
            if self.is_reduced() {
                self.congestion.recovered();
            }
        }
        let lost_again = self.in_flight.lost_again();
        match self.recovery {
            Recovery::Fast(_) => {
                if evidence.progress && self.undo_partially(evidence) {
                    return None;
                }
                if self.undo_by_reports() {
                    self.recovery = Recovery::No;
                }
            }
            Recovery::Timeout(until) => {
                self.after_timeout(until, evidence);
                if matches!(self.recovery, Recovery::Timeout(_)) {
                    let wait = self.look_for_news(now);
                    if self.in_flight.lost_again() > lost_again {
                        self.begin_recovery();
                    }
                    return wait;
                }
            }
            Recovery::No => {
                self.undo_by_reports();
            }
        }
        let wait = self.look_for_news(now);
        if self.recovery == Recovery::No && self.in_flight.has_lost() {
            self.begin_recovery();
        }
        wait
    }

    fn look_for_news(&mut self, now: Instant) -> Option<Duration> {
        std::mem::take(&mut self.rack.has_news)
            .then(|| self.look_for_lost(now))
            .flatten()
    }

    /// What a probe of the tail has shown (RFC 8985 section 7.4): where it has made up for a loss,
    /// the window becomes smaller. `twice`: something is reported that was there before.
    fn judge_tail_probe(&mut self, evidence: Evidence, twice: bool) {
        let Some((until, again)) = self.tail_probed else {
            return;
        };
        if self.unacknowledged < until {
            return;
        }
        let repeats = !evidence.progress && !evidence.reports;
        if !again || twice || repeats {
            self.tail_probed = None;
        } else if self.unacknowledged > until {
            self.tail_probed = None;
            self.reductions += 1;
            self.congestion.on_loss(self.loss_base(), 0);
        }
    }

    /// Late segments have been waited for long enough.
    pub(crate) fn on_reordering_over(&mut self, now: Instant) {
        let losses = self.in_flight.losses();
        self.look_for_lost(now);
        if self.in_flight.losses() == losses {
            return;
        }
        if !matches!(self.recovery, Recovery::Fast(_)) {
            self.begin_recovery();
            self.reduce(1, false);
        }
        self.wake();
    }

    fn sees_reordering(&self) -> bool {
        self.rack.degree() > self.rules.duplicate_threshold
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
        (self.least / 4 * self.rack.steps()).min(self.smoothed)
    }

    #[cold]
    pub(super) fn begin_recovery(&mut self) {
        self.begin_episode(false);
        self.tail_probed = None;
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
