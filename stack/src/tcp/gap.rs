//! Data that waits for earlier data: how long (RFC 9293 section 3.10.7.4 lets a receiver keep it,
//! and asks for nothing).

use smoltcp::time::Instant;

use super::timer::Timer;
use super::{Connection, State};
use crate::event::Fact;

impl Connection {
    /// A segment with data has come, which may have closed a gap.
    pub(super) fn watch_gap(&mut self, filled: bool, now: Instant) {
        let lifetime = self.config.profile.window.gap_lifetime;
        if self.recv.out_of_order() == 0 {
            self.timers.stop(Timer::Gap);
        } else if lifetime.total_micros() > 0 && (filled || !self.timers.is_set(Timer::Gap)) {
            let expiry = self.expiry(now, lifetime);
            self.timers.set(Timer::Gap, expiry);
        }
    }

    /// The peer has sent anything at all.
    pub(super) fn hear_beside_gap(&mut self, now: Instant) {
        let timeouts = self.config.profile.window.gap_timeouts;
        // What a segment has ended waits for nothing.
        if timeouts > 0 && self.state != State::Closed && self.recv.out_of_order() > 0 {
            let expiry = self.expiry(now, self.rto.timeout() * timeouts);
            self.timers.set(Timer::Gap, expiry);
        }
    }

    /// What waits has waited for long enough: the peer will send it again, as nothing but the data
    /// before it was acknowledged (RFC 2018 section 8 lets a receiver do that even where it has
    /// reported the data).
    #[cold]
    pub(super) fn on_gap_timeout(&mut self) {
        let octets = self.recv.drop_gaps();
        if octets > 0 {
            self.facts.push_back(Fact::Discarded { octets });
        }
    }
}
