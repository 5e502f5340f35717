//! FIN-WAIT-2: how long the peer's FIN is waited for, and what happens when it does not come.

use smoltcp::time::{Duration, Instant};

use super::Connection;
use super::state::State;
use super::timer::Timer;
use crate::event::{Fact, TimeOut};
use crate::profile::{FinWait2Begins, FinWait2Ends, FinWait2Renewal, StateTimes};

/// Who still waits for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiting {
    /// Whether the application has closed.
    orphan: bool,
    /// Whether it receives no more.
    receive_shut: bool,
}

/// What was heard of the peer.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// How long ago the last segment came.
    silent: Duration,
    /// After how long the peer of an idle connection is taken for dead.
    patience: Duration,
    /// The interval of keep-alive probes.
    interval: Duration,
}

/// Whether the time runs.
fn runs(begins: FinWait2Begins, waiting: Waiting) -> bool {
    match begins {
        FinWait2Begins::Close | FinWait2Begins::LastSegment => waiting.orphan,
        FinWait2Begins::ReceiveEnd => waiting.orphan || waiting.receive_shut,
        FinWait2Begins::Entry => true,
    }
}

/// How much longer it takes when it is over; none: that is the end.
fn extension(rules: StateTimes, waiting: Waiting, heard: Heard) -> Option<Duration> {
    if rules.fin_wait_2_begins == FinWait2Begins::Entry && !waiting.orphan {
        return Some(rules.fin_wait_2);
    }
    let goes_on =
        rules.fin_wait_2_renewal == FinWait2Renewal::WhileHeard && heard.silent <= heard.patience;
    goes_on.then_some(heard.interval)
}

impl Connection {
    fn waiting(&self) -> Waiting {
        Waiting {
            orphan: self.orphan,
            receive_shut: self.recv.is_shut(),
        }
    }

    /// Starts the time of FIN-WAIT-2 if the connection is in that state and it does not run yet.
    pub(super) fn watch_fin_wait_2(&mut self, now: Instant) {
        if self.state != State::FinWait2 || self.timers.is_set(Timer::Linger) {
            return;
        }
        let rules = self.config.profile.linger;
        if !runs(rules.fin_wait_2_begins, self.waiting()) {
            return;
        }
        let since = match rules.fin_wait_2_begins {
            FinWait2Begins::LastSegment => self.heard_before_close.unwrap_or(now),
            FinWait2Begins::Close | FinWait2Begins::ReceiveEnd | FinWait2Begins::Entry => now,
        };
        let time = match self.config.fin_wait_2 {
            None => rules.fin_wait_2,
            // TCP_LINGER2 below 0: the state is left as it is entered (Linux: tcp_close,
            // tcp_rcv_state_process).
            Some(..0) => return self.reset_actively(None),
            // There is time for the peer's answer in any case (Linux: tcp_fin_time).
            Some(seconds) => {
                let seconds = Duration::from_secs(seconds.unsigned_abs().into());
                seconds.max(self.rto.timeout() * 7 / 2)
            }
        };
        self.timers.set(Timer::Linger, (since + time).max(now));
    }

    /// An acceptable segment has come.
    pub(super) fn renew_fin_wait_2(&mut self, now: Instant) {
        let renewal = self.config.profile.linger.fin_wait_2_renewal;
        let renews = self.state == State::FinWait2 && renewal == FinWait2Renewal::EachSegment;
        if renews && self.timers.is_set(Timer::Linger) {
            let wait = self.config.profile.linger.fin_wait_2;
            self.timers.set(Timer::Linger, now + wait);
        }
    }

    /// The time of TIME-WAIT or of FIN-WAIT-2 is over.
    #[cold]
    pub(super) fn on_linger_timeout(&mut self, now: Instant) {
        if self.state != State::FinWait2 {
            self.die(None);
            return;
        }
        let rules = self.config.profile.linger;
        let probes = self.config.profile.keep_alive;
        let heard = Heard {
            silent: now - self.last_heard,
            patience: probes.interval * probes.count,
            interval: probes.interval,
        };
        if let Some(longer) = extension(rules, self.waiting(), heard) {
            self.timers.set(Timer::Linger, now + longer);
            return;
        }
        match rules.fin_wait_2_ends {
            FinWait2Ends::Silence => self.die(None),
            FinWait2Ends::Reset => {
                self.facts.push_back(Fact::TimedOut(TimeOut::FinWait2));
                self.reset_actively(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn what_the_time_counts_from() {
        use FinWait2Begins::{Close, Entry, LastSegment, ReceiveEnd};
        // Open, the receive direction shut, closed.
        let rows = [
            (Close, [false, false, true]),
            (LastSegment, [false, false, true]),
            (ReceiveEnd, [false, true, true]),
            (Entry, [true, true, true]),
        ];
        for (begins, expected) in rows {
            let cases = [(false, false), (false, true), (true, false)];
            let found = cases.map(|(orphan, receive_shut)| {
                let waiting = Waiting {
                    orphan,
                    receive_shut,
                };
                runs(begins, waiting)
            });
            assert_eq!(found, expected, "{begins:?}");
        }
    }

    #[test]
    fn what_makes_it_longer() {
        let seconds = Duration::from_secs;
        let closed = Waiting {
            orphan: true,
            receive_shut: false,
        };
        let open = Waiting {
            orphan: false,
            receive_shut: false,
        };
        // Silence for so many seconds of six hundred that are endured.
        let rows = [
            ("linux", closed, 1, None),
            ("freebsd", closed, 599, Some(75)),
            ("freebsd", closed, 600, Some(75)),
            ("freebsd", closed, 601, None),
            ("illumos", closed, 1, None),
            ("illumos", open, 601, Some(60)),
        ];
        for (profile, waiting, silent, expected) in rows {
            let heard = Heard {
                silent: seconds(silent),
                patience: seconds(600),
                interval: seconds(75),
            };
            let rules = Profile::built_in(profile).unwrap().linger;
            let found = extension(rules, waiting, heard);
            assert_eq!(found, expected.map(seconds), "{profile} {silent}");
        }
    }
}
