//! When received data is acknowledged: at once, or after a delay (RFC 9293 section 3.8.6.3).

use smoltcp::time::{Duration, Instant};

use crate::profile::{AcknowledgeRules, Clock};

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
    /// Whether the window would not be smaller than the last one offered.
    pub(crate) window_keeps_up: bool,
    /// Whether the window may grow for the segment.
    pub(crate) window_grew: bool,
    /// Our retransmission timeout.
    pub(crate) timeout: Duration,
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
        }
    }

    pub(crate) fn due(&self) -> Due {
        self.due
    }

    /// An acknowledgment is wanted at once: a gap, a repetition, an unacceptable segment.
    pub(crate) fn now(&mut self) {
        self.due = Due::Now;
    }

    /// Data came in order.
    pub(crate) fn on_data(&mut self, received: Received, now: Instant) {
        // Linux: a sender that was silent for longer than a timeout is taken for one that begins.
        let paused = |at| now - at > received.timeout;
        if !self.started || self.last_received.is_some_and(paused) {
            self.started = true;
            let fits = (received.window / (2 * received.segment).max(1)) as u32;
            let quick = if fits == 0 { QUICK_LEAST } else { fits }.min(self.rules.quick);
            self.quick = self.quick.max(quick);
        }
        if received.window_grew {
            // Linux: tcp_grow_window has the peer learn of it at once.
            self.quick |= 1;
        }
        self.last_received = Some(now);
        let enough = if self.rules.second_segment_needs_window {
            received.unacknowledged > received.segment && received.window_keeps_up
        } else {
            received.unacknowledged >= 2 * received.segment
        };
        if enough || (self.quick > 0 && !self.interactive) {
            self.due = Due::Now;
        } else {
            self.delay(now);
        }
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
    pub(crate) fn on_fin(&mut self, with_data: bool, now: Instant) {
        if self.rules.quick == 0 {
            self.due = Due::Now;
            return;
        }
        // Linux answers a bare FIN at its next tick and lets an acknowledgment of data and FIN wait
        // for an answer.
        self.interactive = true;
        if with_data {
            self.due = Due::Never;
            self.delay(now);
        } else {
            self.due = Due::At(self.clock.expiry(now, Duration::ZERO));
        }
    }

    fn delay(&mut self, now: Instant) {
        if self.due == Due::Never {
            self.due = Due::At(self.clock.expiry(now, self.rules.delay));
        }
    }

    /// A segment with an acknowledgment is being sent.
    pub(crate) fn on_sent(&mut self, with_data: bool, now: Instant) {
        self.due = Due::Never;
        self.quick = self.quick.saturating_sub(1);
        let answered = self
            .last_received
            .is_some_and(|at| now - at < self.rules.delay);
        if with_data && answered {
            self.interactive = true;
        }
    }
}
