//! A segment arrives (RFC 9293 section 3.10.7).

use bytes::Bytes;
use smoltcp::time::Instant;

use super::Connection;
use super::acknowledge::Wait;
use super::closed_port::answer;
use super::receive_shutdown::{Arrival, Disposition, on_data};
use super::recv::Taken;
use super::refuse::{Numbers, OnReset, on_reset};
use super::segment::Segment;
use super::state::State;
use super::time_wait_length::time_wait_with;
use super::timer::Timer;
use super::window::Heard;
use crate::envelope::Envelope;
use crate::event::Fact;
use crate::profile::{
    AnswerBehindFin, KeepAliveAnswer, OldTimestamp, ReactiveReset, ResetBehindEnd, UnexpectedSyn,
    UrgentData, WithoutTimestamp,
};
use crate::socket::Gone;

/// A segment in stream positions, without its payload.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arriving<'a> {
    pub(super) header: &'a Segment,
    /// SEG.SEQ
    pub(super) start: i64,
    /// Behind the last sequence number, SYN and FIN included.
    pub(super) end: i64,
    /// SEG.ACK
    pub(super) acknowledged: i64,
    /// How many octets of payload it has.
    pub(super) octets: usize,
}

/// Whether to go on with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Continue,
    Done,
}

impl Connection {
    /// Takes a segment of this connection that IP carries in the ordinary way. The checksum has
    /// been verified.
    pub fn on_segment(&mut self, header: &Segment, payload: Bytes, now: Instant) {
        self.on_enveloped(Envelope::ORDINARY, header, payload, now);
    }

    /// Takes a segment of this connection, with what carries it. The checksum has been verified.
    pub fn on_enveloped(
        &mut self,
        envelope: Envelope,
        header: &Segment,
        payload: Bytes,
        now: Instant,
    ) {
        self.arrives_in = envelope;
        if self.keeping_alive.answer() == KeepAliveAnswer::AnySegment {
            self.on_answer(now);
        }
        self.send.expect_no_more();
        match self.state {
            // A connection that is over answers like a closed port (RFC 9293 section 3.10.7.1).
            State::Closed | State::Listen => self.reply_to_closed(header),
            State::SynSent => self.on_segment_in_syn_sent(header, payload, now),
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => self.on_segment_otherwise(header, payload, now),
        }
        self.start_keep_alive(now);
    }

    #[cold]
    fn reply_to_closed(&mut self, header: &Segment) {
        self.replies.extend(answer(&self.config.profile, header));
    }

    /// RFC 9293 section 3.10.7.4, for all states from SYN-RECEIVED on.
    pub(super) fn on_segment_otherwise(&mut self, header: &Segment, payload: Bytes, now: Instant) {
        let arriving = self.arriving(header, payload.len());
        let done = self.check_handshake_repetition(&arriving, now) == Check::Done
            || self.check_time_wait(&arriving, now) == Check::Done
            || self.check_new_data(&arriving, &payload) == Check::Done
            || self.check_reset(&arriving, now) == Check::Done
            || self.check_sequence(&arriving, now) == Check::Done
            || self.check_syn(&arriving, now) == Check::Done
            || self.check_acknowledgment(&arriving, now) == Check::Done;
        if done {
            self.hear_beside_gap(now);
            return;
        }
        self.hear_congestion(self.arrives_in, header, arriving.acknowledged);
        self.take_payload(&arriving, payload, now);
        self.hear_beside_gap(now);
    }

    /// A segment with so many octets of payload, in stream positions.
    pub(super) fn arriving<'a>(&self, header: &'a Segment, octets: usize) -> Arriving<'a> {
        let start = Self::position(
            self.peer_initial_sequence,
            header.sequence,
            self.recv.accepted(),
        );
        Arriving {
            header,
            start,
            end: start + i64::from(header.length()),
            acknowledged: Self::position(
                self.config.initial_sequence,
                header.acknowledgment,
                self.send.unacknowledged(),
            ),
            octets,
        }
    }

    /// Some systems reset on any new octet before they look at the window.
    fn check_new_data(&mut self, arriving: &Arriving<'_>, payload: &Bytes) -> Check {
        let flags = arriving.header.flags;
        if flags.rst || flags.syn || !flags.ack {
            return Check::Continue;
        }
        if !self.state.receives() {
            return self.check_data_behind_fin(arriving, payload);
        }
        let Some(phase) = self.phase() else {
            return Check::Continue;
        };
        let rules = &self.config.profile.receive_shutdown;
        let arrival = self.arrival(arriving);
        // Only what lies outside the window is decided here; the rest takes its turn below.
        let outside = Arrival {
            new_in_window: 0,
            ..arrival
        };
        if arrival.new_in_window == 0 && on_data(rules, phase, outside) == Disposition::Reset {
            self.reset_in_answer(arriving, payload.clone());
            return Check::Done;
        }
        Check::Continue
    }

    /// Data cannot stand behind the peer's FIN (RFC 9293 section 3.10.7.4, seventh check).
    #[cold]
    fn check_data_behind_fin(&mut self, arriving: &Arriving<'_>, payload: &Bytes) -> Check {
        let synchronized = self.state.is_synchronized();
        if !synchronized || self.arrival(arriving).new == 0 || arriving.octets == 0 {
            return Check::Continue;
        }
        if self.config.profile.acceptance.behind_fin != AnswerBehindFin::Reset {
            return Check::Continue;
        }
        self.reset_in_answer(arriving, payload.clone());
        Check::Done
    }

    fn arrival(&self, arriving: &Arriving<'_>) -> Arrival {
        let data_end = arriving.start + arriving.octets as i64;
        let first = arriving.start.max(self.recv.accepted());
        let new = (data_end - first).max(0) as usize;
        let new_in_window = (data_end.min(self.acceptable_edge(data_end)) - first).max(0) as usize;
        Arrival {
            new,
            new_in_window,
            in_order: arriving.start <= self.recv.accepted(),
            awaited: self.awaited,
        }
    }

    /// First: is it in the window? And is it of this incarnation (RFC 7323 section 5.3)?
    fn check_sequence(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        let header = arriving.header;
        let timestamps = header.options.timestamps;
        let timestamps = timestamps.filter(|_| self.negotiated.timestamps);
        if self.negotiated.timestamps
            && timestamps.is_none()
            && self.config.profile.acceptance.without_timestamp == WithoutTimestamp::Dropped
            && !header.flags.rst
            && self.state.is_synchronized()
        {
            return Check::Done;
        }
        let age = timestamps.map(|it| it.value.wrapping_sub(self.recent_timestamp) as i32);
        if age.is_some_and(|age| age < 0) {
            let rule = self.config.profile.acceptance.old_timestamp;
            if rule == OldTimestamp::All || arriving.octets > 0 {
                self.acknowledger.now();
            }
            return Check::Done;
        }
        if self.is_acceptable(arriving) {
            // RFC 7323 section 4.3: only a segment that covers the last acknowledgment sent updates
            // it; and section 5.3: only an acceptable one, or anybody could close the window of
            // time.
            if let Some(timestamps) = timestamps
                && age.is_some_and(|age| age >= 0)
                && arriving.start <= self.recv.acknowledged()
            {
                self.recent_timestamp = timestamps.value;
            }
            return Check::Continue;
        }
        self.answer_unacceptable(arriving, now);
        Check::Done
    }

    /// A segment that is not in the window.
    #[cold]
    fn answer_unacceptable(&mut self, arriving: &Arriving<'_>, now: Instant) {
        let header = arriving.header;
        if header.flags.syn && self.state.is_synchronized() && self.state != State::TimeWait {
            // RFC 5961 section 4.2: a SYN is challenged wherever it stands.
            self.challenge(now);
            return;
        }
        // A segment that ends where the last acknowledgment stands, as a repetition does or a probe
        // with an octet, is no more than a duplicate, and yet its acknowledgment is heard.
        if header.flags.ack && !header.flags.syn && arriving.end == self.last_acknowledgment {
            self.hear_acknowledgment(arriving.acknowledged, now);
        }
        let repeats_fin = header.flags.fin && arriving.end == self.recv.accepted();
        if self.state == State::TimeWait && repeats_fin {
            self.repeat_time_wait(now);
        }
        // A connection of which only the window is closed still hears what the peer says of ours.
        let at_closed_window = arriving.start == self.recv.accepted();
        let old = arriving.start < self.recv.accepted();
        let heard = at_closed_window || (old && self.config.profile.acceptance.old_acknowledges);
        if heard && header.flags.ack && !header.flags.syn {
            let bare = Arriving {
                octets: 0,
                end: arriving.start,
                ..*arriving
            };
            if self.check_acknowledgment(&bare, now) == Check::Done {
                return;
            }
        }
        let end = if self.config.profile.acknowledge.fin_reported {
            arriving.end
        } else {
            arriving.start + arriving.octets as i64
        };
        self.recv.note_duplicate(arriving.start, end);
        let refused = self.arrival(arriving).new;
        if refused > 0 {
            self.facts.push_back(Fact::Refused { octets: refused });
        }
        if self.repeats_unacknowledged(arriving) && self.acknowledger.repetition(now) == Wait::Yes {
            return;
        }
        if arriving.octets > 0 {
            let is_near = arriving.end >= self.last_acknowledgment
                && arriving.start <= self.recv.right_edge();
            let (window, segment) = (self.recv.offered(), self.recv.segment_octets());
            self.acknowledger.on_unacceptable(window, segment, is_near);
        }
        let brings_nothing = arriving.end == arriving.start;
        if brings_nothing && !self.may_answer(now) {
            return;
        }
        self.answer_beyond_edge(refused);
    }

    /// Whether a segment brings nothing but data that was taken and whose acknowledgment is due.
    fn repeats_unacknowledged(&self, arriving: &Arriving<'_>) -> bool {
        arriving.octets > 0
            && arriving.end > self.last_acknowledgment
            && arriving.end <= self.recv.acknowledged()
    }

    /// Second: a reset (RFC 5961 section 3). It comes before the first check, because some systems
    /// believe one that stands left of the window.
    fn check_reset(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        match arriving.header.flags.rst {
            true => self.take_reset(arriving, now),
            false => Check::Continue,
        }
    }

    #[cold]
    fn take_reset(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        // Where acknowledgments are withheld the peer's next number is the accepted one, and the
        // one it was told is the acknowledged one. Either is exact.
        let numbers = Numbers {
            start: arriving.start,
            acknowledged: self.last_acknowledgment,
            told: self.recv.acknowledged(),
            next: self.recv.accepted(),
            acceptable: self.is_acceptable(arriving),
            edge: self.acceptable_edge(arriving.end),
        };
        match on_reset(self.config.profile.acceptance, numbers) {
            OnReset::Drop => Check::Done,
            OnReset::Challenge => {
                self.challenge(now);
                Check::Done
            }
            OnReset::End => {
                self.end_by_reset();
                Check::Done
            }
        }
    }

    #[cold]
    fn end_by_reset(&mut self) {
        self.facts.push_back(Fact::ResetReceived);
        self.die(self.reason_of_reset());
    }

    /// What a reset of the peer means to the program.
    fn reason_of_reset(&self) -> Option<Gone> {
        let calls = self.config.profile.calls;
        match self.state {
            State::SynReceived if !self.passive => Some(Gone::Refused),
            State::TimeWait => None,
            State::Closing | State::LastAck if !calls.reset_while_closing => None,
            State::CloseWait => match calls.reset_behind_end {
                ResetBehindEnd::Reset => Some(Gone::Reset),
                ResetBehindEnd::BrokenPipe => Some(Gone::BrokenPipe),
                ResetBehindEnd::Untold => None,
            },
            State::Closed
            | State::Listen
            | State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::Closing
            | State::LastAck => Some(Gone::Reset),
        }
    }

    /// Fourth: a SYN where there can be none (RFC 5961 section 4.2).
    fn check_syn(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        match arriving.header.flags.syn {
            true => self.refuse_syn(now),
            false => Check::Continue,
        }
    }

    #[cold]
    fn refuse_syn(&mut self, now: Instant) -> Check {
        if self.state == State::SynReceived && self.passive {
            // RFC 9293 section 3.10.7.4, fourth: back to LISTEN, which for a connection of a
            // listening socket is to be no more. The peer's next SYN begins another.
            self.die(None);
            return Check::Done;
        }
        match self.config.profile.acceptance.syn {
            UnexpectedSyn::Challenge => self.challenge(now),
            UnexpectedSyn::Resets => self.reset_actively(Some(Gone::Reset)),
        }
        Check::Done
    }

    /// Seventh and eighth: payload and FIN.
    #[inline(always)]
    pub(super) fn take_payload(&mut self, arriving: &Arriving<'_>, payload: Bytes, now: Instant) {
        let fin = arriving.header.flags.fin;
        if !self.state.receives() && !self.transfers_early() {
            self.take_behind_fin(arriving, payload);
            return;
        }
        if arriving.octets == 0 && !fin {
            return;
        }
        let disposition = match self.phase() {
            Some(phase) if arriving.octets > 0 => {
                let rules = &self.config.profile.receive_shutdown;
                on_data(rules, phase, self.arrival(arriving))
            }
            Some(_) | None => Disposition::Deliver,
        };
        if disposition == Disposition::Reset {
            self.reset_in_answer(arriving, payload);
            return;
        }
        if let Some(pointer) = arriving.header.flags.urgent
            && self.config.profile.calls.urgent == UrgentData::OutOfBand
        {
            self.recv.announce_urgent(arriving.start, pointer);
        }
        let next = self.recv.accepted();
        let end = arriving.start + payload.len() as i64;
        let has_told = self.acknowledger.has_compressed()
            && arriving.start > next
            && self.tell_before_another_block(arriving.start, end, now);
        self.recv.open_to(self.acceptable_edge(end).min(end));
        self.measure_arrival(arriving, now);
        let mut taken = self.recv.take(arriving.start, payload, fin, disposition);
        taken.has_told = has_told;
        if self.recv.accepted() > next {
            self.last_heard = now;
            self.data_at = now;
        }
        if taken.packed {
            self.acknowledger.slow_down();
        }
        self.report(arriving, &taken);
        self.watch_gap(taken.filled, now);
        self.schedule_acknowledgment(arriving, &taken, disposition, now);
        if taken.ended {
            self.on_end_of_stream(now);
        }
    }

    /// After the peer's FIN there is nothing to take; a repetition of it is acknowledged again.
    #[cold]
    fn take_behind_fin(&mut self, arriving: &Arriving<'_>, payload: Bytes) {
        let fin = arriving.header.flags.fin;
        let rule = self.config.profile.acceptance.behind_fin;
        let behind = arriving.start >= self.recv.accepted();
        let overlaps = arriving.start + arriving.octets as i64 > self.recv.accepted();
        match rule {
            AnswerBehindFin::Silence | AnswerBehindFin::ResetWhereItOverlaps if behind => {
                return;
            }
            AnswerBehindFin::ResetWhereItOverlaps if overlaps => {
                self.replies.push_back(arriving.header.reset_from_segment());
                self.facts.push_back(Fact::ResetSent);
                self.die(self.reason_of_reset());
                return;
            }
            AnswerBehindFin::Acknowledge
            | AnswerBehindFin::AcknowledgeOrReset
            | AnswerBehindFin::Silence
            | AnswerBehindFin::Reset
            | AnswerBehindFin::ResetWhereItOverlaps => {}
        }
        let resets = rule == AnswerBehindFin::AcknowledgeOrReset && self.recv.is_shut();
        if behind && resets && arriving.octets > 0 {
            self.reset_in_answer(arriving, payload);
        } else if fin || arriving.octets > 0 {
            self.acknowledger.now();
        }
    }

    /// Measures what a segment with data says of the path, for the growth of the receive buffer.
    fn measure_arrival(&mut self, arriving: &Arriving<'_>, now: Instant) {
        if !self.recv.is_tuned() {
            return;
        }
        let tick = self.config.profile.options.timestamp_tick;
        let timestamps = arriving.header.options.timestamps;
        let echoed = timestamps.filter(|it| self.negotiated.timestamps && it.echo != 0);
        let echo = echoed.map(|it| {
            let ticks = self.timestamps(now).value.wrapping_sub(it.echo);
            (it.echo, tick * u32::from(ticks.cast_signed() > 0) * ticks)
        });
        self.recv.on_arriving(Heard {
            now,
            octets: arriving.octets,
            echo,
            tick,
        });
    }

    #[inline(always)]
    fn report(&mut self, arriving: &Arriving<'_>, taken: &Taken) {
        let mut say = |octets: usize, fact: Fact| {
            if octets > 0 {
                self.facts.push_back(fact);
            }
        };
        say(
            taken.accepted,
            Fact::Accepted {
                octets: taken.accepted,
            },
        );
        let total = self.recv.held();
        say(
            taken.held,
            Fact::Held {
                octets: taken.held,
                total,
            },
        );
        say(
            taken.discarded,
            Fact::Discarded {
                octets: taken.discarded,
            },
        );
        say(
            taken.refused,
            Fact::Refused {
                octets: taken.refused,
            },
        );
        if taken.repeated && total > 0 {
            self.facts.push_back(Fact::HeldAgain {
                octets: arriving.octets,
            });
        }
        if taken.exhausted {
            self.facts.push_back(Fact::Exhausted);
        }
    }

    #[cold]
    fn on_end_of_stream(&mut self, now: Instant) {
        match self.state {
            State::SynReceived | State::Established => self.enter(State::CloseWait),
            State::FinWait1 if self.send.fin_is_acknowledged() => self.begin_time_wait(now),
            State::FinWait1 => self.enter(State::Closing),
            State::FinWait2 => self.begin_time_wait(now),
            State::Closed
            | State::Listen
            | State::SynSent
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => {}
        }
    }

    #[cold]
    pub(super) fn begin_time_wait(&mut self, now: Instant) {
        self.enter(State::TimeWait);
        self.timers.stop(Timer::Retransmit);
        let ends = (self.config.local.addr, self.config.remote.addr);
        let time = time_wait_with(self.config.profile.linger, ends);
        self.timers.set(Timer::Linger, now + time);
    }

    /// Resets the connection because of data that nobody can read.
    #[cold]
    fn reset_in_answer(&mut self, arriving: &Arriving<'_>, payload: Bytes) {
        let rules = self.config.profile.reset;
        let reset = match rules.reactive {
            ReactiveReset::FromSegment => arriving.header.reset_from_segment(),
            ReactiveReset::FromTcb => {
                let window = self.reset_window(rules.reactive_window);
                let mut reset = self.reset_from_tcb(window);
                reset.flags.ack = false;
                reset.acknowledgment = 0;
                reset
            }
            ReactiveReset::FromTcbAck => {
                let window = self.reset_window(rules.reactive_window);
                self.reset_from_tcb(window)
            }
            ReactiveReset::FromTcbAckAfter | ReactiveReset::FromTcbAckData => {
                let with_fin = rules.reactive == ReactiveReset::FromTcbAckAfter;
                let fin = arriving.header.flags.fin && with_fin;
                let start = arriving.start;
                let taken = self.recv.take(start, payload, fin, Disposition::Discard);
                self.report(arriving, &taken);
                let window = self.reset_window(rules.reactive_window);
                self.reset_from_tcb(window)
            }
        };
        self.replies.push_back(reset);
        self.facts.push_back(Fact::ResetSent);
        self.die(self.reason_of_own_reset());
    }
}

impl Segment {
    /// `<SEQ=SEG.ACK><CTL=RST>`, or `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>` where the segment
    /// acknowledges nothing (RFC 9293 section 3.5.2, group 1).
    pub fn reset_from_segment(&self) -> Self {
        let mut reset = Self {
            source: self.destination,
            destination: self.source,
            sequence: self.acknowledgment,
            acknowledgment: 0,
            flags: super::segment::Flags {
                rst: true,
                ..Default::default()
            },
            window: 0,
            options: Default::default(),
            payload_octets: 0,
        };
        if !self.flags.ack {
            reset.sequence = 0;
            reset.acknowledgment = self.sequence.wrapping_add(self.length());
            reset.flags.ack = true;
        }
        reset
    }
}
