//! When a receive buffer grows with what the application reads: once it has read more in a round
//! trip than in any before (dynamic right-sizing; Linux: tcp_rcv_space_adjust).

use smoltcp::time::{Duration, Instant};

use super::situation::Heard;
use crate::profile::ReceiveTuning;

/// A round trip is kept in so many parts of a microsecond.
const PARTS: u64 = 8;

/// What is known of the reader and of the path.
#[derive(Clone, Debug)]
pub(super) struct Tuning {
    rule: ReceiveTuning,
    /// The round trip as the receiver sees it, in eighths of microseconds; zero before one was
    /// measured (rcv_rtt_est.rtt_us).
    round_trip: u64,
    /// When the window was offered that ends at a position, whose arrival measures a round trip.
    window: Option<(Instant, i64)>,
    /// The last echo that has measured one.
    echo: u32,
    /// The most that was read in a round trip (rcvq_space.space).
    most: usize,
    /// What had been read when the present one began.
    begin: i64,
    since: Instant,
    /// When the last segment came (tcp_mstamp).
    now: Instant,
}

/// The application reads faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Faster {
    /// Octets of a round trip, now and before.
    pub(super) octets: usize,
    pub(super) before: usize,
}

impl Tuning {
    pub(super) fn new(rule: ReceiveTuning) -> Self {
        Self {
            rule,
            round_trip: 0,
            window: None,
            echo: 0,
            most: 0,
            begin: 0,
            since: Instant::ZERO,
            now: Instant::ZERO,
        }
    }

    pub(super) fn rule(&self) -> ReceiveTuning {
        self.rule
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// The handshake is finished, and so much counts as read in the round trip before.
    pub(super) fn begin(&mut self, most: usize, read: i64, now: Instant) {
        self.most = most.max(1);
        self.begin = read;
        self.since = now;
        self.now = now;
    }

    /// A segment with data has come, of which nothing is queued yet. `segment` is the largest so
    /// far, `is_read` whether everything was read (tcp_rcv_rtt_measure_ts).
    pub(super) fn on_arriving(&mut self, heard: Heard, segment: usize, is_read: bool) {
        self.now = heard.now;
        let Some((echo, age)) = heard.echo else {
            return;
        };
        if echo == self.echo {
            return;
        }
        self.echo = echo;
        let age = match self.rule {
            ReceiveTuning::ByReads => age.max(heard.tick),
            ReceiveTuning::Off | ReceiveTuning::ByReadsAndQueue => age,
        };
        if heard.octets < segment || age == Duration::ZERO {
            return;
        }
        let sample = age.total_micros();
        if self.round_trip == 0 || sample * PARTS < self.round_trip {
            self.round_trip = sample * PARTS;
        } else if is_read || self.rule == ReceiveTuning::ByReads {
            self.round_trip = self.round_trip - self.round_trip / PARTS + sample;
        }
    }

    /// The round-trip time; zero before one was measured.
    pub(super) fn round_trip(&self) -> Duration {
        Duration::from_micros(self.round_trip / PARTS)
    }

    /// Data was taken in order up to `accepted` while so much was offered: a window that has come
    /// in full measures a round trip, and the shortest counts (tcp_rcv_rtt_measure).
    pub(super) fn on_accepted(&mut self, accepted: i64, offered: usize) {
        if let Some((since, end)) = self.window {
            if accepted < end {
                return;
            }
            let sample = (self.now - since).total_micros().max(1) * PARTS;
            if self.round_trip == 0 || sample < self.round_trip {
                self.round_trip = sample;
            }
        }
        self.window = Some((self.now, accepted + offered as i64));
    }

    /// The application has read up to `read` of what has come up to `accepted`.
    pub(super) fn on_read(&mut self, read: i64, accepted: i64) -> Option<Faster> {
        let waits = self.round_trip / PARTS;
        if self.round_trip == 0 || (self.now - self.since).total_micros() < waits {
            return None;
        }
        let queued = match self.rule {
            ReceiveTuning::ByReadsAndQueue => accepted - read,
            ReceiveTuning::Off | ReceiveTuning::ByReads => 0,
        };
        let octets = usize::try_from(read - self.begin - queued).unwrap_or(0);
        self.begin = read;
        self.since = self.now;
        if octets <= self.most {
            return None;
        }
        let before = std::mem::replace(&mut self.most, octets);
        Some(Faster { octets, before })
    }
}
