//! How soon a segment that was taken is acknowledged: what the schedule is told of it.

use smoltcp::time::Instant;

use super::Connection;
use super::acknowledge::Received;
use super::receive_shutdown::{AnswerToHeld, Disposition, answer_to_held};
use super::recv::Taken;
use super::segment_arrives::Arriving;
use super::state::State;

impl Connection {
    /// Has a segment that was taken acknowledged, at once or later.
    pub(super) fn schedule_acknowledgment(
        &mut self,
        arriving: &Arriving<'_>,
        taken: &Taken,
        disposition: Disposition,
        now: Instant,
    ) {
        let concerns_held = taken.held > 0 || taken.fin_ignored || {
            // A repetition of what is held is answered like what is held.
            taken.repeated && self.recv.held() > 0 && arriving.end > self.recv.acknowledged()
        };
        if concerns_held || disposition == Disposition::Hold {
            let rules = &self.config.profile.receive_shutdown;
            if answer_to_held(rules) == AnswerToHeld::DuplicateAck {
                self.acknowledger.now();
            } else if taken.refused > 0 {
                self.answer_beyond_edge(taken.refused);
            }
            return;
        }
        if taken.forgotten {
            return;
        }
        if taken.out_of_memory || taken.fin_refused {
            self.acknowledger.now();
            return;
        }
        if taken.ended && self.state != State::Established {
            // Only a FIN that begins the close may wait for an answer to ride on.
            self.acknowledger.now();
            return;
        }
        if taken.ended && !arriving.header.flags.fin {
            // The FIN has come before, behind a gap that is closed now (RFC 5681 section 4.2).
            self.acknowledger.now();
            return;
        }
        if taken.ended {
            let received = self.received(arriving, taken);
            self.acknowledger.on_fin(&received, now);
            return;
        }
        let rules = &self.config.profile.acknowledge;
        let reports = rules.duplicates_reported
            && !rules.repetition_waits
            && self.negotiated.selective
            && self.recv.has_duplicate();
        if taken.gap || taken.filled || taken.repeated || reports {
            self.answer_out_of_order(arriving, taken, reports, now);
            return;
        }
        if taken.refused > 0 {
            self.answer_beyond_edge(taken.refused);
            return;
        }
        let received = self.received(arriving, taken);
        self.acknowledger.on_data(&received, now);
    }

    /// Has a segment acknowledged that came behind a gap, closed one, or came before. `reports`: it
    /// did in a part.
    #[cold]
    fn answer_out_of_order(
        &mut self,
        arriving: &Arriving<'_>,
        taken: &Taken,
        reports: bool,
        now: Instant,
    ) {
        // RFC 5681 section 4.2: gaps and their closing are acknowledged at once.
        if taken.gap && !taken.in_order {
            let alone = taken.filled || taken.repeated || reports;
            self.answer_to_gap(taken, alone, now);
        } else if taken.in_order && !taken.repeated {
            let received = self.received(arriving, taken);
            let rest = taken.gap.then(|| self.recv.acknowledged());
            self.acknowledger.on_filling(&received, rest, now);
        } else {
            self.acknowledger.now();
        }
    }

    /// What the schedule of acknowledgments needs to know of data in order.
    #[inline(always)]
    fn received(&self, arriving: &Arriving<'_>, taken: &Taken) -> Received {
        let segment = self.recv.segment_octets();
        let unacknowledged = (self.recv.acknowledged() - self.last_acknowledgment).max(0) as usize;
        let is_second = unacknowledged > segment;
        // What nobody asks for is not worked out for each segment.
        let needs_window = self.config.profile.acknowledge.second_segment_needs_window;
        Received {
            window: self.recv.offered(),
            segment,
            unacknowledged,
            octets: arriving.octets,
            pushed: arriving.header.flags.psh,
            behind_unread: self.recv.unread() > arriving.octets,
            window_keeps_up: !needs_window || is_second && self.recv.window_keeps_up(),
            cramped: is_second && self.recv.is_cramped(),
            window_grew: taken.grew,
            timeout: self.rto.timeout(),
        }
    }
}
