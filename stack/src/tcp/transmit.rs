//! What goes out, and when: segments, and the timers behind them.

use bytes::Bytes;
use smoltcp::time::{Duration, Instant};

use super::Connection;
use super::acknowledge::Due;
use super::in_flight::Control;
use super::outgoing::{Outgoing, Sent};
use super::segment::Segment;
use super::send::Transmission;
use super::state::State;
use super::timeout::{Vain, resets, time_out};
use super::timer::Timer;
use crate::event::{Fact, Repetition, Retransmission};
use crate::profile::{Counted, OrphanProbes, WindowProbe};
use crate::socket::Gone;

/// What goes out next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// The first of the replies that wait.
    Reply,
    /// A probe without new data.
    BareProbe(Retransmission),
    Transmission(Transmission),
    Acknowledgment,
}

impl Connection {
    /// Puts the next segment for the wire into `outgoing`, if one is to be sent now.
    pub(crate) fn poll_transmit(&mut self, now: Instant, outgoing: &mut Outgoing) -> Sent {
        let Some(next) = self.poll_next(now) else {
            self.note_wait(now);
            #[cfg(debug_assertions)]
            self.check_outgoing(None);
            return Sent::Nothing;
        };
        outgoing.again = None;
        outgoing.payload = Bytes::new();
        // One header for data and acknowledgments: this path must fit a cache of instructions.
        let start = match &next {
            Next::Reply | Next::BareProbe(_) => None,
            Next::Transmission(it) => (it.control != Control::Syn).then_some(it.start),
            Next::Acknowledgment => Some(self.acknowledgment_start()),
        };
        if let Some(start) = start {
            self.header(start, now, &mut outgoing.segment);
        }
        match next {
            Next::Reply => self.reply(now, &mut outgoing.segment),
            Next::BareProbe(cause) => self.bare_probe_segment(cause, now, outgoing),
            Next::Transmission(transmission) => self.transmit(transmission, now, outgoing),
            Next::Acknowledgment => self.acknowledge(now, &mut outgoing.segment),
        }
        self.finish(outgoing);
        #[cfg(debug_assertions)]
        self.check_outgoing(Some(outgoing));
        Sent::Segment
    }

    /// What goes out next.
    fn poll_next(&mut self, now: Instant) -> Option<Next> {
        if !self.replies.is_empty() {
            return Some(Next::Reply);
        }
        if matches!(self.state, State::Closed | State::Listen) {
            return None;
        }
        self.watch_fin_wait_2(now);
        // It has found that there is nothing to wait for.
        if self.state == State::Closed {
            return self.poll_next(now);
        }
        if let Some(cause) = self.bare_probe.take() {
            return Some(Next::BareProbe(cause));
        }
        if let Some(transmission) = self.poll_send(now) {
            return Some(Next::Transmission(transmission));
        }
        if self.send.is_stuck() && !self.timers.is_set(Timer::Persist) {
            let expiry = self.expiry(now, self.rto.probe_timeout());
            self.timers.set(Timer::Persist, expiry);
        }
        match self.acknowledger.due() {
            Due::Now if self.state != State::SynSent => Some(Next::Acknowledgment),
            Due::Now | Due::Never => None,
            Due::At(at) => {
                self.timers.set(Timer::Acknowledge, at);
                None
            }
        }
    }

    fn reply(&mut self, now: Instant, segment: &mut Segment) {
        if let Some(reply) = self.replies.pop_front() {
            *segment = reply;
        }
        if segment.options.timestamps.is_some() {
            segment.options.timestamps = Some(self.timestamps(now));
        }
    }

    fn poll_send(&mut self, now: Instant) -> Option<Transmission> {
        self.send.resume(now, self.rto.timeout());
        match self.state {
            // Data waits for the end of the handshake.
            State::SynSent | State::SynReceived
                if self.send.next() > 0 && !self.transfers_early() =>
            {
                self.send.poll_again(now)
            }
            State::Closed | State::Listen | State::TimeWait => None,
            State::SynSent
            | State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck => self.send.poll(now),
        }
    }

    /// Fills in what is behind the header of a transmission; a SYN has a header of its own.
    fn transmit(&mut self, transmission: Transmission, now: Instant, outgoing: &mut Outgoing) {
        let Transmission {
            start,
            octets,
            control,
            push,
            keeps_push: _,
            packet_end: _,
            again,
        } = transmission;
        let syn = control == Control::Syn;
        let segment = &mut outgoing.segment;
        if syn {
            *segment = self.syn_header(start, now);
        }
        segment.flags.syn = syn;
        segment.flags.fin = control == Control::Fin;
        segment.flags.psh = push;
        segment.payload_octets = octets;
        self.fit_blocks(segment);
        if syn {
            segment.flags.ack = self.state != State::SynSent;
            if !segment.flags.ack {
                segment.acknowledgment = 0;
            }
        }
        let acknowledges = segment.flags.ack;
        if again == Some(Retransmission::Fast) && self.send.begins_anew(start) {
            self.timers.stop(Timer::Retransmit);
        }
        self.after_transmission(again, now);
        self.mark_sent(start, octets, now);
        if acknowledges {
            self.after_acknowledgment(octets > 0, now);
        }
        outgoing.again = again.map(|cause| Repetition { octets, cause });
        // The data of a SYN begins behind it.
        outgoing.payload = self.send.payload(start.max(1), octets);
    }

    /// Leaves out the SACK blocks that would make a segment with data longer than the peer or the
    /// path takes (RFC 2018 section 3: as many as fit); acknowledgments without data carry them
    /// all.
    fn fit_blocks(&self, segment: &mut Segment) {
        if segment.payload_octets == 0 {
            return;
        }
        // Two no-operations, kind and length stand before the blocks, of eight octets each.
        let room = self.send.mss().saturating_sub(segment.payload_octets);
        let fitting = room.saturating_sub(4) / 8;
        for block in segment.options.sack.iter_mut().skip(fitting) {
            *block = None;
        }
    }

    /// The FIN that an acknowledgment repeats.
    fn repeated_fin(&self) -> Option<i64> {
        let repeats = self.config.profile.send.fin_repeated && !self.challenges;
        self.send.fin_in_flight().filter(|_| repeats)
    }

    fn acknowledgment_start(&self) -> i64 {
        let fin = self.repeated_fin();
        fin.unwrap_or_else(|| self.send.bare_start())
    }

    /// Fills in what is behind the header of an acknowledgment.
    fn acknowledge(&mut self, now: Instant, segment: &mut Segment) {
        segment.flags.fin = self.repeated_fin().is_some();
        self.challenges = false;
        self.after_acknowledgment(false, now);
    }

    /// Nothing, or an octet of zero bits, at a sequence number that the peer has acknowledged: it
    /// has to answer.
    #[cold]
    fn bare_probe_segment(&mut self, cause: Retransmission, now: Instant, outgoing: &mut Outgoing) {
        let profile = &self.config.profile;
        let keeps_alive = cause == Retransmission::KeepAlive;
        let octet = if keeps_alive {
            profile.keep_alive.octet
        } else {
            profile.send.window_probe == WindowProbe::OldOctet
        };
        let stamped = !keeps_alive || profile.keep_alive.timestamps;
        let octets = usize::from(octet);
        let segment = &mut outgoing.segment;
        self.header(self.send.unacknowledged() - 1, now, segment);
        segment.options.timestamps = segment.options.timestamps.filter(|_| stamped);
        segment.payload_octets = octets;
        outgoing.again = Some(Repetition { octets, cause });
        outgoing.payload = Bytes::from_static(&[0; 1][..octets]);
        self.after_acknowledgment(false, now);
    }

    pub(super) fn after_acknowledgment(&mut self, with_data: bool, now: Instant) {
        self.acknowledger.on_sent(with_data, now);
        self.timers.stop(Timer::Acknowledge);
        self.last_acknowledgment = self.recv.acknowledged();
    }

    /// Resets the connection from this side (RFC 9293 section 3.10.5).
    #[cold]
    pub(super) fn reset_actively(&mut self, reason: Option<Gone>) {
        let window = self.reset_window(self.config.profile.reset.active_window);
        let mut reset = self.reset_from_tcb(window);
        if !self.config.profile.reset.active_acknowledges {
            reset.flags.ack = false;
            reset.acknowledgment = 0;
        }
        self.replies.push_back(reset);
        self.facts.push_back(Fact::ResetSent);
        self.die(reason);
    }

    pub(super) fn expiry(&self, now: Instant, delay: Duration) -> Instant {
        self.config.profile.rto.clock.expiry(now, delay)
    }

    /// Starts the timer behind a segment that was just sent (RFC 6298 rule 5.1).
    fn after_transmission(&mut self, again: Option<Retransmission>, now: Instant) {
        self.timers.stop(Timer::Persist);
        match again {
            Some(Retransmission::Timeout | Retransmission::WindowProbe) => {
                self.wait_again(now);
            }
            Some(Retransmission::TailLossProbe | Retransmission::KeepAlive) => {}
            Some(Retransmission::Fast | Retransmission::PathMtu)
                if self.timers.is_set(Timer::Retransmit) => {}
            Some(Retransmission::Fast | Retransmission::PathMtu) => self.rearm(now, now),
            None if self.tail_probe.is_some() && self.timers.is_set(Timer::Retransmit) => {}
            None if self.timers.is_set(Timer::TailLossProbe)
                || (self.timers.is_set(Timer::Retransmit) && self.may_probe_tail()) =>
            {
                self.rearm(now, self.send.oldest_sent_at().unwrap_or(now));
            }
            None if !self.timers.is_set(Timer::Retransmit) => self.rearm(now, now),
            None => {}
        }
    }

    /// Starts the timer behind what was sent because it had expired.
    #[cold]
    fn wait_again(&mut self, now: Instant) {
        let timeout = if self.gives_up_next() {
            self.config.profile.give_up.last_wait
        } else {
            self.timeout()
        };
        let wait = self.within_user_timeout(timeout, self.patience.first, now);
        let expiry = self.expiry(now, wait);
        self.timers.set(Timer::Retransmit, expiry);
    }

    /// New data was acknowledged: the timer begins anew (RFC 6298 rules 5.2 and 5.3).
    pub(super) fn rearm_after_acknowledgment(&mut self, now: Instant) {
        self.timers.stop(Timer::Retransmit);
        self.timers.stop(Timer::TailLossProbe);
        if self.send.segments_in_flight() > 0 {
            self.rearm(now, now);
        }
    }

    /// How long what was sent last is waited for: a probe of a closed window has bounds of its own.
    fn timeout(&self) -> Duration {
        if self.send.probes_window() {
            self.rto.probe_timeout()
        } else {
            self.rto.timeout()
        }
    }

    fn may_probe_tail(&self) -> bool {
        let rules = self.config.profile.send.tail_probe;
        // A handshake has no tail (Linux: request sockets, and tcp_schedule_loss_probe with
        // fastopen_rsk).
        let beyond = rules.beyond_established && self.state != State::SynReceived;
        (beyond || self.state == State::Established) && self.send.may_probe_tail()
    }

    /// Sets the retransmission timer, or the tail loss probe's where that comes first.
    pub(super) fn rearm(&mut self, now: Instant, since: Instant) {
        let timeout = self.timeout();
        let remaining = (since + timeout).max(now) - now;
        self.timers.stop(Timer::TailLossProbe);
        if self.may_probe_tail() && self.tail_probe.is_none() {
            // RFC 8985 section 7.2: two round trips, and the peer's longest delay where it may be
            // waiting for a second segment.
            let rules = self.config.profile.send.tail_probe;
            let wait = match self.rto.smoothed() {
                None => self.config.profile.rto.initial,
                Some(smoothed) => rules.wait(smoothed, self.send.is_alone_in_flight()),
            };
            if wait <= remaining || rules.before_timeout {
                let expiry = self.expiry(now, wait.min(remaining));
                self.timers.set(Timer::TailLossProbe, expiry);
                self.timers.stop(Timer::Retransmit);
                return;
            }
        }
        let expiry = self.expiry(now, remaining);
        self.timers.set(Timer::Retransmit, expiry);
    }

    /// Timers have expired.
    pub fn on_timeout(&mut self, now: Instant) {
        if self.timers.take_expired(Timer::Acknowledge, now) {
            self.acknowledger.on_delay_over(self.rto.timeout());
        }
        if self.timers.take_expired(Timer::Linger, now) {
            self.on_linger_timeout(now);
            return;
        }
        if self.timers.take_expired(Timer::Handshake, now) {
            self.give_up(Vain::Retransmission);
            return;
        }
        if self.timers.take_expired(Timer::Gap, now) {
            self.on_gap_timeout();
        }
        if self.timers.take_expired(Timer::Reordering, now) {
            self.send.on_reordering_over(now);
        }
        if self.timers.take_expired(Timer::TailLossProbe, now) {
            self.tail_probe = Some(self.send.probe_tail(now));
            let expiry = self.expiry(now, self.rto.timeout());
            self.timers.set(Timer::Retransmit, expiry);
        }
        if self.timers.take_expired(Timer::Retransmit, now) {
            self.on_retransmission_timeout(now);
        }
        if self.timers.take_expired(Timer::Persist, now) {
            self.on_persist_timeout(now);
        }
        if self.timers.take_expired(Timer::KeepAlive, now) {
            self.on_keep_alive_timeout(now);
        }
    }

    fn on_retransmission_timeout(&mut self, now: Instant) {
        if self.gives_up(now) && !self.may_seek_black_hole() {
            self.give_up(if self.send.probes_window() {
                Vain::WindowProbe
            } else {
                Vain::Retransmission
            });
            return;
        }
        self.patience.first.get_or_insert(now);
        self.tail_probe = None;
        self.patience.seeks_black_hole = self.may_seek_black_hole();
        if self.patience.seeks_black_hole {
            self.patience.fragments += 1;
            self.send.on_timeout(now);
            return;
        }
        self.patience.timeouts += 1;
        let linear = self.state == State::SynSent
            && self.patience.timeouts <= self.config.profile.give_up.syn_linear;
        if !linear {
            self.rto.back_off();
        }
        self.send.on_timeout(now);
    }

    /// Whether what is sent again may be taken apart this time.
    fn may_seek_black_hole(&self) -> bool {
        let rules = self.config.profile.send.black_hole;
        self.state.is_synchronized()
            && self.patience.timeouts == rules.after
            && self.patience.fragments < rules.sends
    }

    /// Gives the connection up, with a reset where the profile sends one.
    #[cold]
    pub(super) fn give_up(&mut self, vain: Vain) {
        let has_user_timeout = self.config.user_timeout.is_some();
        let kind = time_out(vain, self.state, has_user_timeout);
        self.facts.push_back(Fact::TimedOut(kind));
        let reason = Some(self.reason_of_timeout());
        if resets(self.config.profile.give_up.resets, vain, self.state) {
            self.reset_actively(reason);
        } else {
            self.die(reason);
        }
    }

    /// How many retransmissions a segment gets in this state, and how they are counted; zero: any
    /// number.
    fn patience_limit(&self) -> (u32, Counted) {
        let rules = &self.config.profile.give_up;
        match self.state {
            State::SynSent => (
                // Zero is for ever, whatever comes before it.
                match self.config.syn_count.unwrap_or(rules.syn) {
                    0 => 0,
                    count => count.saturating_add(rules.syn_linear),
                },
                Counted::Retransmissions,
            ),
            State::SynReceived => (rules.syn_ack, Counted::Retransmissions),
            State::Closed
            | State::Listen
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait
            | State::Closing
            | State::LastAck
            | State::TimeWait => (
                if self.orphan {
                    rules.orphan
                } else {
                    rules.data
                },
                rules.counted,
            ),
        }
    }

    /// Whether the retransmission that goes out is the last, and the end comes sooner behind it
    /// than its acknowledgment could be waited for.
    fn gives_up_next(&self) -> bool {
        let (limit, counted) = self.patience_limit();
        is_last(
            self.config.profile.give_up.last_wait,
            counted,
            limit,
            self.patience.timeouts.max(self.patience.probes),
        )
    }

    /// Whether the peer has been silent for too long (RFC 9293 section 3.8.3).
    fn gives_up(&self, now: Instant) -> bool {
        let rules = &self.config.profile.give_up;
        let (limit, counted) = self.patience_limit();
        if let Some(timeout) = self.config.user_timeout {
            return self
                .patience
                .first
                .is_some_and(|first| now - first >= timeout);
        }
        if limit == 0 {
            return false;
        }
        if self.state == State::SynSent
            && rules.counted == Counted::Deadline
            && let Some(first) = self.patience.first
        {
            // The SYNs that come without doubling the timeout do not count; those behind them make
            // the deadline: as if all had doubled (retransmits_timed_out).
            let doubled = limit - rules.syn_linear;
            let initial = self.config.profile.rto.initial;
            let timeouts = (2u32 << doubled.min(DOUBLED_MOST)) - 2;
            return now - first >= initial * timeouts;
        }
        match counted {
            // The first probe of a closed window was no retransmission.
            Counted::Retransmissions if self.send.probes_window() => {
                self.patience.timeouts + self.patience.probes >= limit
                    || self.is_probed_for_long(now)
            }
            Counted::Retransmissions => self.patience.timeouts >= limit,
            // A closed window is not a silent peer: two of the longest timeouts without any answer
            // are.
            Counted::Deadline if self.send.window() == 0 => {
                now - self.last_heard > self.config.profile.rto.max * 2
            }
            Counted::Deadline => {
                let deadline = self.rto.modelled(limit);
                self.patience
                    .first
                    .is_some_and(|first| now - first >= deadline)
            }
        }
    }

    /// Whether a closed window has been probed for long enough where nobody waits for it.
    fn is_probed_for_long(&self, now: Instant) -> bool {
        match self.config.profile.give_up.orphan_probes {
            OrphanProbes::AsData => false,
            OrphanProbes::UntilLongestWait => self.orphan && self.rto.backs_off_to_most(),
            OrphanProbes::UntilSilentForAMinute => {
                self.send.has_fin() && now - self.last_heard >= A_MINUTE
            }
        }
    }

    #[cold]
    fn on_persist_timeout(&mut self, now: Instant) {
        if !self.send.is_stuck() {
            return;
        }
        let rules = &self.config.profile;
        let limit = if self.orphan {
            rules.give_up.orphan
        } else {
            rules.give_up.data
        };
        let since = *self.patience.probing_since.get_or_insert(now);
        let gives_up = match self.config.user_timeout {
            Some(timeout) => now - since >= timeout,
            None => self.is_probed_for_long(now) || limit > 0 && self.patience.probes >= limit,
        };
        if gives_up {
            self.give_up(Vain::WindowProbe);
            return;
        }
        self.patience.probes += 1;
        let probe = rules.send.window_probe;
        if self.send.window() > 0 && self.send.override_silly_window(now) {
            return;
        }
        self.rto.back_off();
        match probe {
            WindowProbe::OldSequence | WindowProbe::OldOctet => {
                self.bare_probe = Some(Retransmission::WindowProbe);
            }
            WindowProbe::NewOctet => {
                self.send.force_octet();
            }
        }
        let timeout = if self.gives_up_next() {
            rules.give_up.last_wait
        } else {
            self.rto.probe_timeout()
        };
        let wait = self.within_user_timeout(timeout, Some(since), now);
        let expiry = self.expiry(now, wait);
        self.timers.set(Timer::Persist, expiry);
    }
}

/// How long a peer may be silent whose window is closed, where the profile says so.
const A_MINUTE: Duration = Duration::from_secs(60);

/// More doublings than this are longer than any run.
const DOUBLED_MOST: u32 = 24;

/// Whether a system gives up soon after the last of so many retransmissions that it counts, and
/// this is the last.
fn is_last(wait: Duration, counted: Counted, limit: u32, sent: u32) -> bool {
    let counts = counted == Counted::Retransmissions && limit > 0;
    counts && wait > Duration::ZERO && sent >= limit
}
