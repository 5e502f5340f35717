//! When received data is acknowledged: at once, or after a delay (RFC 9293 section 3.8.6.3).

use smoltcp::time::{Duration, Instant};

use crate::profile::{AcknowledgeRules, AtOnce, AtRead, Clock, SecondSegment};

/// How soon an acknowledgment is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Nothing to acknowledge.
    Never,
    /// At this time, unless a segment carries it earlier.
    At(Instant),
    /// Now.
    Now,
}

/// Whether a repetition is acknowledged with the data before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Yes,
    No,
}

/// What the schedule needs to know of data that came in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    /// The window as it was last offered, in octets.
    pub(crate) window: usize,
    /// The largest segment of the peer, in octets.
    pub(crate) segment: usize,
    /// Octets not acknowledged so far, these included.
    pub(crate) unacknowledged: usize,
    /// Octets of this segment.
    pub(crate) octets: usize,
    /// Whether it has PSH.
    pub(crate) pushed: bool,
    /// Whether data waits before it that the application has not read.
    pub(crate) behind_unread: bool,
    /// Whether more than a segment is not acknowledged, and the window would not be smaller than
    /// the last one offered. Anything where the rules do not ask.
    pub(crate) window_keeps_up: bool,
    /// Whether more than a segment is not acknowledged, and the receive buffer is nearly full.
    pub(crate) cramped: bool,
    /// Whether the window may grow for the segment.
    pub(crate) window_grew: bool,
    /// Our retransmission timeout.
    pub(crate) timeout: Duration,
}

/// What a read has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    /// Octets not acknowledged so far.
    pub(crate) unacknowledged: usize,
    /// The largest segment of the peer, in octets.
    pub(crate) segment: usize,
    /// Whether all that has come was read.
    pub(crate) is_all: bool,
}

/// What has come since the last acknowledgment, and may be the last for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasts {
    None,
    /// A short segment, or one with PSH.
    One,
    /// A short segment behind such a one.
    Two,
}

/// The schedule of acknowledgments.
#[derive(Debug)]
pub(crate) struct Acknowledger {
    rules: AcknowledgeRules,
    clock: Clock,
    due: Due,
    /// Acknowledgments that are still sent at once.
    quick: u32,
    /// Whether data has come before.
    started: bool,
    /// Whether data flows both ways, so that an acknowledgment can ride on an answer.
    interactive: bool,
    last_received: Option<Instant>,
    lasts: Lasts,
}

/// Whether what has come is acknowledged without a delay.
fn is_enough(rules: &AcknowledgeRules, received: &Received) -> bool {
    let second = match rules.second_segment {
        SecondSegment::Any => received.unacknowledged > received.octets,
        SecondSegment::TwoFull if rules.second_segment_needs_window => {
            received.unacknowledged > received.segment && received.window_keeps_up
        }
        SecondSegment::TwoFull => received.unacknowledged >= 2 * received.segment,
    };
    let lone = match rules.at_once {
        AtOnce::Nothing => false,
        AtOnce::FullSegment => received.octets >= received.segment,
        AtOnce::LongerThanSegment => received.octets > received.segment,
        AtOnce::Pushed => received.pushed,
        AtOnce::NothingUnread => !received.behind_unread,
    };
    second || lone
}

/// Quick acknowledgments where the window is smaller than two segments.
const QUICK_LEAST: u32 = 2;

impl Acknowledger {
    pub(crate) fn new(rules: AcknowledgeRules, clock: Clock) -> Self {
        Self {
            rules,
            clock,
            due: Due::Never,
            quick: 0,
            started: false,
            interactive: false,
            last_received: None,
            lasts: Lasts::None,
        }
    }

    pub(crate) fn due(&self) -> Due {
        self.due
    }

    /// An acknowledgment is wanted at once: a gap, a repetition, an unacceptable segment.
    pub(crate) fn now(&mut self) {
        self.due = Due::Now;
    }

    /// The peer's SYN is acknowledged by data that is about to follow: an exchange has begun
    /// (Linux: a writer that waits, sk_write_pending, in tcp_rcv_synsent_state_process).
    pub(crate) fn begin_exchange(&mut self, now: Instant) {
        self.started = true;
        self.quick = self.rules.quick;
        self.last_received = Some(now);
        self.delay(now);
    }

    /// What has come so far was acknowledged with our SYN, and begins no exchange (Linux:
    /// tcp_fastopen_add_skb, which leaves icsk_ack.ato at zero).
    pub(crate) fn forget(&mut self) {
        self.started = false;
        self.quick = 0;
        self.last_received = None;
        self.due = Due::Never;
    }

    /// Nothing has come in time that the acknowledgment could ride on.
    pub(crate) fn on_delay_over(&mut self) {
        // Linux: tcp_delack_timer_handler leaves the interactive mode.
        self.interactive = false;
        self.due = Due::Now;
    }

    /// Data came in order.
    #[inline(always)]
    pub(crate) fn on_data(&mut self, received: &Received, now: Instant) {
        // Linux: a sender that was silent for longer than a timeout is taken for one that begins.
        let paused = |at| now - at > received.timeout;
        if !self.started || self.last_received.is_some_and(paused) {
            self.started = true;
            self.be_quick(received.window, received.segment);
        }
        if received.window_grew {
            // Linux: tcp_grow_window has the peer learn of it at once.
            self.quick |= 1;
        }
        if received.cramped {
            // Linux: __tcp_ack_snd_check asks for the window, and that ends quick acknowledgments.
            self.quick = 0;
        }
        self.last_received = Some(now);
        // Linux: tcp_measure_rcv_mss, ICSK_ACK_PUSHED and ICSK_ACK_PUSHED2.
        if received.octets < received.segment {
            self.lasts = match self.lasts {
                Lasts::None => Lasts::One,
                Lasts::One | Lasts::Two => Lasts::Two,
            };
        } else if received.pushed && self.lasts == Lasts::None {
            self.lasts = Lasts::One;
        }
        if is_enough(&self.rules, received) || (self.quick > 0 && !self.interactive) {
            self.due = Due::Now;
        } else {
            self.delay(now);
        }
    }

    /// The application has read.
    pub(crate) fn on_read(&mut self, read: Read) {
        // Linux: __tcp_cleanup_rbuf
        let is_due = match self.rules.at_read {
            AtRead::Nothing => false,
            AtRead::MoreOrLast => {
                let is_last = match self.lasts {
                    Lasts::None => false,
                    Lasts::One => !self.interactive,
                    Lasts::Two => true,
                };
                read.unacknowledged > read.segment || is_last && read.is_all
            }
        };
        if is_due && self.due != Due::Never {
            self.due = Due::Now;
        }
    }

    /// Data came that is not acceptable: the sender has lost something, or takes it for lost.
    pub(crate) fn on_unacceptable(&mut self, window: usize, segment: usize) {
        if self.rules.quick_behind_unacceptable {
            self.be_quick(window, segment);
            self.interactive = false;
        }
    }

    /// Acknowledges at once what a sender that begins slowly sends.
    fn be_quick(&mut self, window: usize, segment: usize) {
        let fits = (window / (2 * segment).max(1)) as u32;
        let quick = if fits == 0 { QUICK_LEAST } else { fits }.min(self.rules.quick);
        self.quick = self.quick.max(quick);
    }

    /// Data came again that was taken and is not acknowledged yet.
    pub(crate) fn repetition(&mut self, now: Instant) -> Wait {
        if !self.rules.repetition_waits {
            return Wait::No;
        }
        match self.due {
            // Linux: tcp_send_delayed_ack does not wait for the last quarter of a delay.
            Due::At(at) if at <= now + self.rules.delay / 4 => self.due = Due::Now,
            Due::Never => self.delay(now),
            Due::At(_) | Due::Now => {}
        }
        Wait::Yes
    }

    /// The peer's FIN came. There will be no more data to acknowledge together with it.
    pub(crate) fn on_fin(&mut self, received: &Received, now: Instant) {
        let with_data = received.octets > 0;
        // Linux: __tcp_ack_snd_check lets two segments wait behind a FIN no more than before it.
        let is_enough = with_data && is_enough(&self.rules, received);
        if !self.rules.fin_waits || is_enough {
            self.due = Due::Now;
            return;
        }
        // Linux lets an acknowledgment of a FIN wait for an answer. Its delay is one of data, and
        // before any has come it ends with the tick (tcp_event_data_recv sets icsk_ack.ato).
        self.interactive = true;
        if with_data || self.started {
            self.due = Due::Never;
            self.delay(now);
        } else {
            self.due = Due::At(self.clock.expiry(now, Duration::ZERO));
        }
    }

    /// An acknowledgment may wait for data to ride on.
    pub(crate) fn delay(&mut self, now: Instant) {
        if self.due == Due::Never {
            self.due = Due::At(self.clock.expiry(now, self.rules.delay));
        }
    }

    /// The receive buffer is nearly full: nothing is gained by quick acknowledgments.
    pub(crate) fn slow_down(&mut self) {
        self.quick = 0;
    }

    /// A segment with an acknowledgment is being sent.
    pub(crate) fn on_sent(&mut self, with_data: bool, now: Instant) {
        self.due = Due::Never;
        self.lasts = Lasts::None;
        self.quick = self.quick.saturating_sub(1);
        let answered = self
            .last_received
            .is_some_and(|at| now - at < self.rules.delay);
        if with_data && answered {
            self.interactive = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn what_is_acknowledged_without_a_delay() {
        let base = Received {
            window: 60_000,
            segment: 1000,
            unacknowledged: 0,
            octets: 0,
            pushed: false,
            behind_unread: true,
            window_keeps_up: true,
            cramped: false,
            window_grew: false,
            timeout: Duration::from_secs(1),
        };
        let received = |unacknowledged, octets| Received {
            unacknowledged,
            octets,
            ..base
        };
        let rows = [
            received(10, 10),
            received(20, 10),
            received(1000, 1000),
            received(1010, 10),
            received(2000, 1000),
            Received {
                behind_unread: false,
                ..received(10, 10)
            },
            Received {
                pushed: true,
                ..received(10, 10)
            },
        ];
        // A small one, a second small one, a full one, a small one behind it, a second full one, a
        // small one that finds everything read, a small one with PSH.
        let expected = [
            ("winsock", [false, false, false, false, true, false, false]),
            ("linux", [false, false, false, true, true, false, false]),
            ("freebsd", [false, true, false, true, true, false, false]),
            ("windows", [false, true, true, true, true, false, false]),
            ("macos", [false, false, false, false, true, true, false]),
            ("macos-10.12", [false, true, false, true, true, false, true]),
            ("illumos", [false, true, false, true, true, false, false]),
            ("netstack3", [false, true, false, true, true, false, false]),
        ];
        for (profile, expected) in expected {
            let rules = Profile::built_in(profile).unwrap().acknowledge;
            let found = rows.map(|received| is_enough(&rules, &received));
            assert_eq!(found, expected, "{profile}");
        }
    }
}
