//! The taking back of a response to congestion that proves needless: what was sent again had
//! arrived the first time. An echo of a timestamp from before the repetition says so (RFC 3522), a
//! report of what has arrived twice (RFC 3708), or, behind a timeout, the arrival of something that
//! was sent once (RFC 5682, F-RTO). The window and the threshold are then what they were.
//!
//! Left out: a segment that was sent again and does not count as lost any more is in the network
//! twice for Linux, and once here.

use smoltcp::time::Instant;

use super::Sender;
use super::episode::{Episode, Forward};
use super::loss::Recovery;
use crate::profile::Undo;

/// What an acknowledgment says in a recovery.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// Whether it moved SND.UNA.
    pub(super) progress: bool,
    /// SND.UNA before.
    pub(super) before: i64,
    /// Behind the last moment at which what it echoes can have been sent.
    pub(super) echoed: Option<Instant>,
    /// The end of the first segment that it tells of and that was sent once.
    pub(super) once: Option<i64>,
    /// Whether it reports, or repeats itself.
    pub(super) reports: bool,
}

impl Sender {
    /// Whether an echo of a timestamp could show that a repetition was needless.
    pub(crate) fn minds_echo(&self) -> bool {
        self.rules.undo != Undo::Never
            && (self.episode.marker.is_some() || self.in_flight.has_repeated(self.unacknowledged))
    }

    /// A response to congestion begins; `is_certain`: it was asked for.
    pub(super) fn begin_episode(&mut self, is_certain: bool) {
        self.clear_repetition();
        let probes = usize::from(matches!(self.tail_probed, Some((_, true))));
        let repeated = self.in_flight.repeated() + probes;
        let window = self.congestion.window();
        let threshold = match self.rules.undo {
            // Linux: tcp_current_ssthresh.
            Undo::Episodes => self.congestion.threshold().max(window / 4 * 3),
            Undo::FirstTimeout | Undo::Never => self.congestion.threshold(),
        };
        self.episode = Episode {
            marker: Some(self.unacknowledged),
            repeated: (repeated > 0).then_some(repeated),
            window,
            threshold: (!is_certain).then_some(threshold),
            ..self.episode
        };
    }

    /// Nothing in the network was sent again: a repetition is the first of the next episode
    /// (Linux: tcp_retrans_stamp_cleanup).
    pub(super) fn clear_repetition(&mut self) {
        if !self.in_flight.has_repeated(self.unacknowledged) {
            self.episode.repeated_at = None;
        }
    }

    /// There is nothing to take back.
    pub(super) fn end_episode(&mut self) {
        self.episode.marker = None;
    }

    /// Something was sent again, and not to probe.
    pub(super) fn note_repetition(&mut self, now: Instant) {
        let episode = &mut self.episode;
        episode.repeated = Some(episode.repeated.unwrap_or(0) + 1);
        episode.repeated_at.get_or_insert(now);
    }

    /// What the peer has heard of congestion is certain.
    pub(super) fn forbid_undo(&mut self) {
        self.episode.threshold = None;
    }

    /// Whether so many of our SYNs were lost that the path is taken for crowded; not where the
    /// first one is echoed (Linux: tcp_try_undo_spurious_syn).
    pub(super) fn is_handshake_lossy(&self, echoed: Option<Instant>) -> bool {
        let least = u64::from(self.rules.handshake_losses);
        let lossy = least > 0 && self.episode.expired && self.retransmissions >= least;
        let first = match (self.episode.repeated_at, echoed) {
            (Some(repeated_at), Some(echoed)) => repeated_at >= echoed,
            (None, _) | (_, None) => false,
        };
        lossy && !(first && self.rules.undo == Undo::Episodes)
    }

    /// The peer reports what it had before (RFC 2883): `left` to `right`. Returns how many segments
    /// that is, none where they cannot be repetitions of ours (Linux: tcp_dsack_seen).
    pub(super) fn note_twice(&mut self, left: i64, right: i64) -> usize {
        let octets = right - left;
        if octets <= 0 || octets > self.max_window {
            return 0;
        }
        let segments = (octets as usize).div_ceil(self.mss.max(1));
        self.episode.duplicates += segments as u64;
        if self.episode.duplicates > self.retransmissions {
            return 0;
        }
        let told = if right <= self.unacknowledged {
            segments
        } else {
            self.in_flight.repeated_within(left, right)
        };
        let episode = &mut self.episode;
        if episode.marker.is_some_and(|marker| right > marker)
            && let Some(repeated) = &mut episode.repeated
        {
            *repeated = repeated.saturating_sub(told);
        }
        segments
    }

    /// Whether the peer had everything before it was sent again (Linux: tcp_packet_delayed).
    fn is_delayed(&self, evidence: Evidence) -> bool {
        match (self.episode.repeated_at, evidence.echoed) {
            (None, _) => true,
            (Some(repeated_at), Some(echoed)) => repeated_at >= echoed,
            (Some(_), None) => false,
        }
    }

    /// Whether the response was needless.
    fn may_undo(&self, evidence: Evidence) -> bool {
        self.rules.undo == Undo::Episodes
            && self.episode.marker.is_some()
            && (self.episode.repeated == Some(0) || self.is_delayed(evidence))
    }

    /// The window is what it was; `found`: what counted as lost does not any more.
    fn undo(&mut self, found: bool) {
        if found {
            self.in_flight.mark_none_lost();
        }
        if let Some(threshold) = self.episode.threshold {
            self.congestion.restore(self.episode.window, threshold);
        }
        self.episode.marker = None;
        self.rack.has_news = true;
        self.wake();
    }

    /// Everything is acknowledged up to the end of the recovery. Returns whether it was needless.
    #[cold]
    pub(super) fn undo_recovery(&mut self, evidence: Evidence) -> bool {
        let needless = self.may_undo(evidence);
        if needless {
            self.undo(false);
        } else {
            self.rack.recovered();
        }
        needless
    }

    /// Everything that was sent again has arrived twice.
    pub(super) fn undo_by_reports(&mut self) -> bool {
        let all = self.rules.undo == Undo::Episodes
            && self.episode.marker.is_some()
            && self.episode.repeated == Some(0);
        if all {
            self.rack.reordered();
            self.undo(false);
        }
        all
    }

    /// Something was acknowledged in a recovery by duplicates. Returns whether nothing more counts
    /// as lost and nothing is sent again, because something that was sent again is in the network.
    pub(super) fn undo_partially(&mut self, evidence: Evidence) -> bool {
        let delayed = self.rules.undo == Undo::Episodes
            && self.episode.marker.is_some()
            && self.is_delayed(evidence);
        if !delayed {
            return false;
        }
        self.rack.note_late(evidence.before, self.mss);
        if self.in_flight.repeated() > 0 {
            return true;
        }
        self.clear_repetition();
        self.undo(true);
        self.recovery = Recovery::No;
        false
    }

    /// Behind a timeout: whether that was needless, by anything but forward recovery or by it.
    fn undo_timeout(&mut self, forward: bool, evidence: Evidence) -> bool {
        if !forward && !self.may_undo(evidence) {
            return false;
        }
        self.undo(true);
        self.episode.expired = false;
        let Recovery::Timeout(until) = self.recovery else {
            return true;
        };
        // RFC 6582 section 4: without reports old duplicates could begin a recovery.
        let waits = !self.selective && self.unacknowledged == until;
        if !waits && (forward || self.selective) {
            self.recovery = Recovery::No;
        }
        true
    }

    /// Behind the first timeout in a row: whether something was acknowledged so soon, or echoes a
    /// timestamp from so long ago, that nothing was lost (BSD: t_badrxtwin).
    pub(super) fn undo_first_timeout(&mut self, echoed: Option<Instant>, now: Instant) -> bool {
        let Some(repeated_at) = self.episode.repeated_at else {
            return false;
        };
        let needless = match echoed {
            Some(echoed) => repeated_at >= echoed,
            None => now - repeated_at < self.smoothed / 2,
        };
        let first = self.rules.undo == Undo::FirstTimeout && self.episode.marker.is_some();
        if first && needless {
            self.undo(true);
        }
        first && needless
    }

    /// The retransmission timer has expired. `before`: the recovery that was under way; `first`:
    /// the window becomes smaller.
    pub(super) fn expire_episode(&mut self, before: Recovery, first: bool) {
        let again = std::mem::replace(&mut self.episode.expired, true);
        let may = before == Recovery::No || again;
        self.episode.forward = if may && self.rules.undo == Undo::Episodes {
            Forward::Watches
        } else {
            Forward::No
        };
        if first {
            self.begin_episode(false);
        } else if self.rules.undo == Undo::FirstTimeout {
            self.episode.marker = None;
        }
    }

    /// Whether a timeout begins a response of its own (Linux: tcp_enter_loss).
    pub(super) fn responds_to_timeout(&self) -> bool {
        let by_episodes = self.rules.undo == Undo::Episodes;
        match self.recovery {
            Recovery::No => true,
            // What is repaired already has made the window smaller.
            Recovery::Fast(until) => !self.looks_at_time() || self.unacknowledged >= until,
            Recovery::Timeout(until) => {
                by_episodes && (!self.episode.expired || self.unacknowledged >= until)
            }
        }
    }

    /// Something new was acknowledged.
    pub(super) fn note_progress(&mut self) {
        self.episode.expired = false;
    }

    /// An acknowledgment behind a timeout (Linux: tcp_process_loss). `until`: where the recovery
    /// ends.
    pub(super) fn after_timeout(&mut self, until: i64, evidence: Evidence) {
        if evidence.progress && self.undo_timeout(false, evidence) {
            return;
        }
        let recovered = self.unacknowledged >= until;
        if self.episode.forward != Forward::No {
            // Step 3b: something has arrived that was sent once.
            let arrived = evidence.once.is_some_and(|end| end <= until);
            if arrived && self.undo_timeout(true, evidence) {
                return;
            }
            self.episode.forward = Forward::Watches;
            if self.next > until {
                if evidence.reports {
                    self.episode.forward = Forward::No;
                }
            } else if evidence.progress && !recovered {
                self.recovery = Recovery::Timeout(self.next);
                let edge = self.unacknowledged + self.window;
                let can = self.unsent() > 0 && edge > self.next;
                self.episode.forward = if can { Forward::Tries } else { Forward::No };
                return;
            }
        }
        if recovered {
            self.undo_recovery(evidence);
            self.recovery = Recovery::No;
        }
    }

    /// Whether repetitions wait, because something new was sent in their place.
    pub(super) fn holds_repetitions(&self) -> bool {
        matches!(self.episode.forward, Forward::Tries | Forward::Holds)
            && matches!(self.recovery, Recovery::Timeout(_))
    }

    /// What is new was to go out in the place of a repetition. Returns whether nothing has, so that
    /// repetitions go on.
    pub(super) fn has_tried(&mut self, sent: bool) -> bool {
        let tried = self.episode.forward == Forward::Tries;
        if tried {
            self.episode.forward = if sent { Forward::Holds } else { Forward::No };
        }
        tried && !sent
    }

    /// Whether the window is as a reduction has left it.
    pub(super) fn is_reduced(&self) -> bool {
        self.rules.undo != Undo::Episodes || self.episode.marker.is_some()
    }
}
