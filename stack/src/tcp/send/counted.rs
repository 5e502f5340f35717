//! Losses found by duplicate acknowledgments that are counted as reports, where the peer makes none
//! (Linux: tcp_add_reno_sack, tcp_newreno_mark_lost): the window follows from what has arrived.

use smoltcp::time::Instant;

use super::Sender;
use super::loss::Recovery;
use super::undo::Evidence;
use crate::profile::LossRecovery;
use crate::tcp::congestion::News;

impl Sender {
    /// Whether duplicate acknowledgments are counted as reports of segments that have arrived, and
    /// the window follows from what has.
    pub(super) fn reduces_by_duplicates(&self) -> bool {
        !self.selective && self.rules.recovery == LossRecovery::Rack
    }

    /// One segment more has arrived behind those that are lost (Linux: tcp_limit_reno_sacked).
    pub(super) fn count_duplicate(&mut self) {
        if let Recovery::Timeout(until) = self.recovery {
            let evidence = Evidence {
                reports: true,
                ..Evidence::default()
            };
            self.after_timeout(until, evidence);
            if self.next <= until {
                return;
            }
        }
        let missing = self.in_flight.lost().max(1);
        if self.duplicates + missing >= self.in_flight.len() {
            return;
        }
        self.duplicates += 1;
        match self.recovery {
            Recovery::Fast(_) => self.reduce(1, false),
            Recovery::No if self.duplicates >= self.rules.duplicate_threshold => {
                self.in_flight.mark_first_lost();
                self.begin_recovery();
                self.reduce(1, false);
            }
            Recovery::No | Recovery::Timeout(_) => {}
        }
    }

    /// Something new was acknowledged.
    pub(super) fn after_counted_progress(
        &mut self,
        news: News,
        repeated: bool,
        echoed: Option<Instant>,
        now: Instant,
    ) {
        // Without reports nobody can tell which of them has arrived.
        let once = self.rack.once.take();
        let evidence = Evidence {
            progress: true,
            before: self.unacknowledged - news.octets as i64,
            echoed,
            once: once.filter(|_| !repeated),
            reports: false,
        };
        match self.recovery {
            Recovery::No => {}
            Recovery::Fast(until) if self.unacknowledged >= until => {
                self.duplicates = 0;
                self.undo_recovery(evidence);
                // RFC 6582 section 4: old duplicates could begin another one.
                if self.unacknowledged > until {
                    self.recovery = Recovery::No;
                    if self.is_reduced() {
                        self.congestion.recovered();
                    }
                }
            }
            Recovery::Fast(_) => {
                if !self.undo_partially(evidence) && self.recovery != Recovery::No {
                    self.in_flight.mark_first_lost();
                }
            }
            Recovery::Timeout(until) => self.after_timeout(until, evidence),
        }
        match self.recovery {
            Recovery::Fast(_) => self.reduce(news.segments, false),
            Recovery::Timeout(_) => {
                let news = News {
                    was_full: true,
                    ..news
                };
                self.congestion.on_acknowledged(news, now, self.smoothed);
            }
            Recovery::No => self.congestion.on_acknowledged(news, now, self.smoothed),
        }
    }
}
