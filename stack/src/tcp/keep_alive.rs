//! Keep-alive (RFC 9293 section 3.8.4) and the user timeout (RFC 5482): how long a silent peer is
//! believed to be there.

mod timing;

use smoltcp::time::{Duration, Instant};

use super::Connection;
use super::timeout::Vain;
use super::timer::Timer;
use crate::event::Retransmission;
use crate::options::KeepAlive;
use crate::profile::{CountedProbes, KeepAliveAnswer};
pub(super) use timing::KeepingAlive;

impl Connection {
    /// SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT.
    pub fn set_keep_alive(&mut self, asked: KeepAlive, now: Instant) {
        self.keeping_alive.asked = asked;
        self.timers.stop(Timer::KeepAlive);
        self.start_keep_alive(now);
    }

    /// TCP_USER_TIMEOUT; none: as many retransmissions as the profile says.
    pub fn set_user_timeout(&mut self, timeout: Option<Duration>) {
        self.config.user_timeout = timeout;
    }

    /// Starts the timer of a connection that is to be kept alive and has just come to be so.
    pub(super) fn start_keep_alive(&mut self, now: Instant) {
        let is_due = self.keeping_alive.on() && self.state.is_synchronized();
        if is_due && !self.timers.is_set(Timer::KeepAlive) {
            let expiry = self.expiry(now, self.keeping_alive.idle());
            self.timers.set(Timer::KeepAlive, expiry);
        }
    }

    /// The peer has shown that it is there.
    pub(super) fn on_answer(&mut self, now: Instant) {
        self.last_heard = now;
        let probes = self.send.window() == 0 && (self.send.is_stuck() || self.send.probes_window());
        if probes && self.config.profile.give_up.probes == CountedProbes::All {
            return;
        }
        self.patience.probes = 0;
        if self.send.window() == 0 {
            // RFC 9293 section 3.8.6.1 (MUST-37): a peer that answers probes keeps the connection
            // open.
            self.patience.timeouts = 0;
        }
    }

    /// An acknowledgment field has come with a segment that may carry one. Before SND.UNA it is
    /// old, and beyond SND.NXT made up: neither shows that the peer is there now.
    pub(super) fn hear_acknowledgment(&mut self, acknowledged: i64, now: Instant) {
        self.acknowledged_at = now;
        let is_current = (self.send.unacknowledged()..=self.send.next()).contains(&acknowledged);
        if is_current && self.keeping_alive.answer() == KeepAliveAnswer::Acknowledgment {
            self.on_answer(now);
        }
    }

    /// The connection may have been idle for long enough to be probed.
    #[cold]
    pub(super) fn on_keep_alive_timeout(&mut self, now: Instant) {
        let idle = self.keeping_alive.idle();
        let silent = now - self.last_heard;
        // While something waits for an acknowledgment its retransmissions are probes enough.
        let wait = if self.send.outstanding() > 0 || self.send.unsent() > 0 {
            idle
        } else if silent < idle {
            idle - silent
        } else if self.is_taken_for_dead(silent) {
            self.give_up(Vain::KeepAlive);
            return;
        } else {
            self.patience.probes += 1;
            self.bare_probe = Some(Retransmission::KeepAlive);
            self.keeping_alive
                .wait(self.patience.probes, self.rto.timeout())
        };
        let expiry = self.expiry(now, wait);
        self.timers.set(Timer::KeepAlive, expiry);
    }

    /// Whether enough probes went unanswered; a user timeout takes the place of their number.
    fn is_taken_for_dead(&self, silent: Duration) -> bool {
        match self.config.user_timeout {
            Some(timeout) => silent >= timeout && self.patience.probes > 0,
            None => self.keeping_alive.is_over(self.patience.probes, silent),
        }
    }

    /// What is left of the user timeout at the least, where one runs: a retransmission timer that
    /// expired later would find the connection given up too late.
    pub(super) fn within_user_timeout(
        &self,
        timeout: Duration,
        since: Option<Instant>,
        now: Instant,
    ) -> Duration {
        let (Some(limit), Some(since)) = (self.config.user_timeout, since) else {
            return timeout;
        };
        let spent = now - since;
        if spent >= limit {
            return Duration::ZERO;
        }
        timeout.min(limit - spent)
    }
}
