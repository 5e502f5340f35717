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
    /// How long an acknowledgment waits, as the pauses of the peer have made it; zero before any
    /// data has come (Linux: icsk_ack.ato).
    wait: Duration,
    /// The longest that it waits, by the round trip where one was measured.
    wait_most: Duration,
    /// Whether something has come that is not acknowledged.
    scheduled: bool,
    compression: Compression,
    /// Whether data flows both ways, so that an acknowledgment can ride on an answer.
    interactive: bool,
    last_received: Option<Instant>,
    lasts: Lasts,
}

/// Duplicate acknowledgments that wait for one another (Linux: compressed_ack).
#[derive(Debug, Default)]
struct Compression {
    /// Where the gap begins behind which they are counted.
    gap: i64,
    /// Those that were sent at once.
    sent: u32,
    /// Those that wait.
    waiting: u32,
}

/// A segment that came behind a gap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    /// Where the gap begins (RCV.NXT).
    pub(crate) at: i64,
    /// The round-trip time; zero where none was measured.
    pub(crate) round_trip: Duration,
    /// Whether it must be acknowledged alone: the peer takes no SACK blocks, or it tells of more
    /// than them.
    pub(crate) alone: bool,
    /// Whether the window may grow for the segment.
    pub(crate) window_grew: bool,
    /// Whether it has made us tell of what was there before it. Then it waits for the next (Linux:
    /// the acknowledgment ends what tcp_ack_snd_check looks at).
    pub(crate) has_told: bool,
}

/// So many acknowledgments of what is behind a gap are sent at once: they are what the peer takes
/// for a loss (Linux: TCP_FASTRETRANS_THRESH).
const UNCOMPRESSED: u32 = 3;

/// Of the round trip, a duplicate acknowledgment waits for one part of so many (Linux:
/// __tcp_ack_snd_check, 5 %).
const COMPRESSION_PARTS: u32 = 20;

/// How long the acknowledgment of a SYN-ACK waits for data that is about to follow, where delays
/// follow the peer (Linux: TCP_DELACK_MAX).
const EXCHANGE_WAIT: Duration = Duration::from_millis(200);

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
            wait: Duration::ZERO,
            wait_most: rules.delay_most,
            scheduled: false,
            compression: Compression::default(),
            interactive: false,
            last_received: None,
            lasts: Lasts::None,
        }
    }

    /// A round trip was measured: an acknowledgment waits for no longer, unless that is less than
    /// the usual delay.
    pub(crate) fn on_round_trip(&mut self, smoothed: Duration) {
        if !self.follows_peer() {
            return;
        }
        // Most paths are so short that nothing is to be counted in ticks.
        let round_trip = match smoothed <= self.rules.delay {
            true => self.rules.delay,
            false => self.clock.in_ticks(smoothed),
        };
        self.wait_most = self.rules.delay_most.min(round_trip);
    }

    /// Whether data is acknowledged at once, as at the start.
    fn is_quick(&self) -> bool {
        self.quick > 0 && !self.interactive
    }

    /// Whether the delay follows the peer.
    fn follows_peer(&self) -> bool {
        self.rules.delay_most > Duration::ZERO
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
        self.quick = self.rules.quick;
        self.be_patient();
        self.interactive = false;
        self.last_received = Some(now);
        self.scheduled = true;
        let wait = match self.follows_peer() {
            true => EXCHANGE_WAIT,
            false => self.rules.delay,
        };
        self.due = Due::At(self.clock.expiry(now, wait));
    }

    /// Begins with the usual delay anew (Linux: TCP_ATO_MIN).
    fn be_patient(&mut self) {
        self.wait = self.rules.delay;
    }

    /// What has come so far was acknowledged with our SYN, and begins no exchange (Linux:
    /// tcp_fastopen_add_skb, which leaves icsk_ack.ato at zero).
    pub(crate) fn forget(&mut self) {
        self.wait = Duration::ZERO;
        self.quick = 0;
        self.last_received = None;
        self.scheduled = false;
        self.due = Due::Never;
    }

    /// Nothing has come in time that the acknowledgment could ride on. `timeout` is our
    /// retransmission timeout.
    pub(crate) fn on_delay_over(&mut self, timeout: Duration) {
        // Linux: tcp_delack_timer_handler leaves the interactive mode, and else waits for longer
        // the next time.
        if self.compression.waiting == 0 {
            if self.interactive {
                self.be_patient();
            } else if self.follows_peer() {
                self.wait = (self.wait * 2).min(timeout);
            }
            self.interactive = false;
        }
        self.due = Due::Now;
    }

    /// The delay follows how soon data comes behind other data, and a sender that was silent for
    /// longer than a timeout is taken for one that begins (Linux: tcp_event_data_recv).
    #[inline(always)]
    fn follow_pause(&mut self, pause: Duration, received: &Received) {
        if self.follows_peer() && pause <= self.rules.delay / 2 {
            self.wait = self.wait / 2 + self.rules.delay / 2;
        } else if self.follows_peer() && pause < self.wait {
            self.wait = (self.wait / 2 + pause).min(received.timeout);
        } else if pause > received.timeout {
            self.be_quick(received.window, received.segment);
        }
    }

    /// Data came in order.
    #[inline(always)]
    pub(crate) fn on_data(&mut self, received: &Received, now: Instant) {
        self.note_data(received, now);
        if is_enough(&self.rules, received) || self.is_quick() {
            self.due = Due::Now;
        } else {
            self.delay(now);
        }
    }

    /// Data came in order that fills a gap, or a part of one (RFC 5681 section 4.2). `rest`: where
    /// what is left of the gap begins, of which this is the first acknowledgment.
    pub(crate) fn on_filling(&mut self, received: &Received, rest: Option<i64>, now: Instant) {
        if self.follows_peer() {
            self.note_data(received, now);
        }
        if let Some(gap) = rest.filter(|_| !self.is_quick() && !is_enough(&self.rules, received)) {
            self.compression.gap = gap;
            self.compression.sent = 1;
        }
        self.due = Due::Now;
    }

    /// What data says of the peer (Linux: tcp_event_data_recv).
    #[inline(always)]
    fn note_data(&mut self, received: &Received, now: Instant) {
        let pause = self.last_received.map(|at| now - at);
        if self.wait == Duration::ZERO {
            self.be_patient();
            self.be_quick(received.window, received.segment);
        } else if let Some(pause) = pause {
            self.follow_pause(pause, received);
        }
        self.scheduled = true;
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
    /// `is_near`: it is what was acknowledged last, or at the edge of the window (Linux: it reaches
    /// tcp_data_queue, and its acknowledgment counts).
    pub(crate) fn on_unacceptable(&mut self, window: usize, segment: usize, is_near: bool) {
        self.scheduled |= is_near;
        if self.rules.quick_behind_unacceptable {
            self.be_quick(window, segment);
            self.be_patient();
            self.interactive = false;
        }
    }

    /// A segment came behind a gap. The first of them are acknowledged at once, and the others
    /// together, where the peer is not in need of every one.
    pub(crate) fn on_gap(&mut self, gap: Gap, now: Instant) {
        self.quick |= u32::from(gap.window_grew);
        if gap.has_told {
            return;
        }
        self.scheduled = true;
        let rules = &self.rules;
        if gap.alone || self.is_quick() || self.compression.waiting >= rules.compressed {
            self.due = Due::Now;
            return;
        }
        if self.compression.gap != gap.at {
            self.compression.gap = gap.at;
            self.compression.sent = 0;
        }
        if self.compression.sent < UNCOMPRESSED {
            self.compression.sent += 1;
            self.due = Due::Now;
            return;
        }
        self.compression.waiting += 1;
        let wait = rules.compress_delay.min(gap.round_trip / COMPRESSION_PARTS);
        let expiry = now + wait + rules.compress_slack;
        self.due = match self.due {
            Due::Now => Due::Now,
            Due::At(at) => Due::At(at.min(expiry)),
            Due::Never => Due::At(expiry),
        };
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
        self.delay(now);
        Wait::Yes
    }

    /// The peer's FIN came. There will be no more data to acknowledge together with it.
    pub(crate) fn on_fin(&mut self, received: &Received, now: Instant) {
        let with_data = received.octets > 0;
        if with_data && self.follows_peer() {
            self.note_data(received, now);
        }
        // Linux: __tcp_ack_snd_check lets two segments wait behind a FIN no more than before it.
        let is_enough = with_data && is_enough(&self.rules, received);
        if !self.rules.fin_waits || is_enough {
            self.due = Due::Now;
            return;
        }
        // Linux lets an acknowledgment of a FIN wait for an answer. Its delay is one of data, and
        // before any has come it ends with the tick (tcp_event_data_recv sets icsk_ack.ato).
        self.interactive = true;
        self.scheduled = true;
        if with_data || self.wait > Duration::ZERO {
            self.delay(now);
        } else {
            self.due = Due::At(self.clock.expiry(now, Duration::ZERO));
        }
    }

    /// An acknowledgment may wait for data to ride on.
    fn delay(&mut self, now: Instant) {
        let wait = match self.follows_peer() {
            true => self.wait.min(self.wait_most),
            false => self.rules.delay,
        };
        match self.due {
            Due::Never => self.due = Due::At(self.clock.expiry(now, wait)),
            // Linux: tcp_send_delayed_ack does not wait for the last quarter of a delay.
            Due::At(at) if self.follows_peer() => {
                if at <= self.clock.expiry(now, self.clock.whole_ticks(wait / 4)) {
                    self.due = Due::Now;
                } else {
                    self.due = Due::At(at.min(self.clock.expiry(now, wait)));
                }
            }
            Due::At(_) | Due::Now => {}
        }
    }

    /// Whether data is taken to flow both ways.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Has data taken to flow both ways, or not.
    pub(crate) fn set_interactive(&mut self, on: bool) {
        self.interactive = on;
    }

    /// What has come may be the last for a while.
    pub(crate) fn expect_last(&mut self) {
        if self.lasts == Lasts::None {
            self.lasts = Lasts::One;
        }
    }

    /// Whether duplicate acknowledgments wait.
    pub(crate) fn has_compressed(&self) -> bool {
        self.compression.waiting > 0
    }

    /// The receive buffer is nearly full: nothing is gained by quick acknowledgments.
    pub(crate) fn slow_down(&mut self) {
        self.quick = 0;
    }

    /// A segment with an acknowledgment is being sent.
    pub(crate) fn on_sent(&mut self, with_data: bool, now: Instant) {
        self.due = Due::Never;
        self.lasts = Lasts::None;
        self.compression.waiting = 0;
        let answered = self.last_received.is_some_and(|at| now - at < self.wait);
        // Linux: tcp_dec_quickack_mode counts what acknowledges data.
        let counts = std::mem::take(&mut self.scheduled) || !self.follows_peer();
        if counts && self.quick > 0 {
            self.quick -= 1;
            if self.quick == 0 {
                self.be_patient();
            }
        }
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
