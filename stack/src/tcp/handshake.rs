//! The handshake: a SYN arrives, or the answer to ours (RFC 9293 section 3.5).

use bytes::Bytes;
use smoltcp::time::{Duration, Instant};

use super::closed_port::answer;
use super::recv::{Agreed, First};
use super::segment::Segment;
use super::segment_arrives::{Arriving, Check};
use super::state::State;
use super::timer::Timer;
use super::{Connection, SHIFT_MOST};
use crate::event::Fact;
use crate::profile::{CrossingData, CrossingSyn, SynOption, UnsentOfSyn};
use crate::socket::Gone;

/// What two ticks of Linux's clock are (TCP_TIMEOUT_MIN).
const SOON: Duration = Duration::from_millis(8);

impl Connection {
    /// RFC 9293 section 3.10.7.3.
    #[cold]
    pub(super) fn on_segment_in_syn_sent(
        &mut self,
        header: &Segment,
        payload: Bytes,
        now: Instant,
    ) {
        let flags = header.flags;
        let acknowledged = Self::position(
            self.config.initial_sequence,
            header.acknowledgment,
            self.send.unacknowledged(),
        );
        // First: an acknowledgment of something never sent.
        if flags.ack && (acknowledged <= 0 || acknowledged > self.send.furthest()) {
            if !flags.rst {
                self.replies.extend(answer(&self.config.profile, header));
                match self.config.profile.acceptance.unsent_of_syn {
                    UnsentOfSyn::Waits => {}
                    UnsentOfSyn::Repeats => self.send.resend_first(),
                    UnsentOfSyn::RepeatsSoon if self.patience.timeouts == 0 => {
                        let expiry = self.expiry(now, SOON);
                        self.timers.set(Timer::Retransmit, expiry);
                    }
                    UnsentOfSyn::RepeatsSoon => {}
                }
            }
            return;
        }
        if flags.ack && !flags.rst && self.echoes_the_future(header, now) {
            self.replies.extend(answer(&self.config.profile, header));
            return;
        }
        // Second: a reset counts only together with an acceptable acknowledgment.
        if flags.rst {
            if flags.ack {
                self.facts.push_back(Fact::ResetReceived);
                self.on_refusal(now);
            }
            return;
        }
        // Fourth: a connection request, with or without the acknowledgment of ours.
        let ignored = self.config.profile.acceptance.crossing_syn == CrossingSyn::Ignored;
        if !flags.syn || (ignored && !flags.ack) {
            return;
        }
        self.take_syn(header);
        if flags.ack {
            self.note_syn_answer(header, acknowledged);
            self.hear_acknowledgment(acknowledged, now);
            self.take_acknowledgment(header, acknowledged, now);
            self.send
                .update_window(0, acknowledged, i64::from(header.window));
            self.rto.on_established();
            self.enter_open(now);
            self.acknowledge_syn(now);
            if !payload.is_empty() || flags.fin {
                self.on_segment_otherwise(&header.without_syn(), payload, now);
                if self.fast_open.asks {
                    self.acknowledge_syn(now);
                }
            }
        } else {
            // Simultaneous open: our SYN goes out again, now with the acknowledgment of theirs.
            self.enter(State::SynReceived);
            // The data that ours has brought waits for the end of the handshake, as the option's
            // answer does.
            self.fast_open.option = None;
            self.send.resend_first();
            if self.config.profile.acceptance.data_of_crossing_syn == CrossingData::Waits {
                self.crossing = (!payload.is_empty()).then(|| (header.without_syn(), payload));
            }
        }
    }

    /// Whether a segment echoes a timestamp that we have yet to send, where that counts.
    fn echoes_the_future(&self, header: &Segment, now: Instant) -> bool {
        let checks = self.config.profile.acceptance.refuses_false_echo;
        let echo = header.options.timestamps.map_or(0, |it| it.echo);
        let ahead = echo.wrapping_sub(self.timestamps(now).value).cast_signed();
        checks && self.offers(SynOption::Timestamps) && echo != 0 && ahead > 0
    }

    /// The peer refuses the attempt. Where the profile does not believe it at once, another SYN
    /// follows.
    fn on_refusal(&mut self, now: Instant) {
        let rules = self.config.profile.give_up;
        if self.patience.refusals >= rules.syn_refusals {
            self.die(Some(Gone::Refused));
            return;
        }
        self.patience.refusals += 1;
        let expiry = self.expiry(now, rules.syn_refused_wait);
        self.timers.set(Timer::Retransmit, expiry);
    }

    /// What the peer's SYN says of itself and offers.
    #[cold]
    pub(super) fn take_syn(&mut self, syn: &Segment) {
        self.peer_initial_sequence = syn.sequence;
        self.agree_on_ecn(syn);
        let scaled = syn
            .options
            .window_scale
            .filter(|_| self.offers(SynOption::WindowScale));
        // RFC 7323 section 2.3: a longer shift is treated as 14.
        self.negotiated.send_shift = scaled.unwrap_or(0).min(SHIFT_MOST);
        self.negotiated.scales = scaled.is_some();
        self.negotiated.selective =
            syn.options.sack_permitted && self.offers(SynOption::SackPermitted);
        let timestamps = syn
            .options
            .timestamps
            .filter(|_| self.offers(SynOption::Timestamps));
        self.negotiated.timestamps = timestamps.is_some();
        if let Some(timestamps) = timestamps {
            self.recent_timestamp = timestamps.value;
        }
        let crosses = self.state == State::SynSent && !syn.flags.ack;
        let shifts = crosses
            && self.config.profile.options.crossing_shifts
            && self.offers(SynOption::WindowScale);
        let shift = if scaled.is_some() || shifts {
            self.window_shift()
        } else {
            0
        };
        let mss = self.payload_limit(syn.options.mss);
        let agreed = Agreed {
            shift,
            segment: mss,
            options: self.option_octets(),
        };
        let first = if self.passive {
            First::Theirs
        } else {
            First::Ours
        };
        self.recv.on_syn(agreed, first);
        self.send.negotiated(mss, self.negotiated.selective);
        self.send.round_limit(mss, agreed.options);
        self.send.open_buffer(mss + agreed.options);
        self.send.update_window(0, 0, i64::from(syn.window));
    }

    /// The handshake is finished. An application that has ended its direction in SYN-RECEIVED is
    /// past ESTABLISHED (RFC 9293 section 3.10.4).
    pub(super) fn enter_open(&mut self, now: Instant) {
        self.opened_at = Some(now);
        self.data_at = now;
        self.recv.open(now);
        self.enter(if self.send.has_fin() {
            State::FinWait1
        } else {
            State::Established
        });
        if let Some((mut header, payload)) = self.crossing.take() {
            header.flags.fin = false;
            let arriving = self.arriving(&header, payload.len());
            self.take_payload(&arriving, payload, now);
        }
    }

    /// Segments of a handshake that crossed or were repeated.
    pub(super) fn check_handshake_repetition(
        &mut self,
        arriving: &Arriving<'_>,
        now: Instant,
    ) -> Check {
        let flags = arriving.header.flags;
        if self.state != State::SynReceived || !flags.syn || arriving.start != 0 || flags.rst {
            return Check::Continue;
        }
        self.take_handshake_repetition(arriving, now)
    }

    #[cold]
    fn take_handshake_repetition(&mut self, arriving: &Arriving<'_>, now: Instant) -> Check {
        let flags = arriving.header.flags;
        if !flags.ack {
            // The peer has not seen our SYN-ACK.
            self.send.resend_first();
            return Check::Done;
        }
        // Simultaneous open (RFC 9293 figure 7): the SYN is known, its acknowledgment of ours is
        // not.
        if !self.passive
            && [self.send.next(), self.send.furthest()].contains(&arriving.acknowledged)
            && arriving.end == self.recv.accepted()
        {
            self.hear_acknowledgment(arriving.acknowledged, now);
            self.take_acknowledgment(arriving.header, arriving.acknowledged, now);
            self.rto.on_established();
            if self.config.profile.acknowledge.fin_reported {
                self.recv.note_duplicate(arriving.start, arriving.end);
            }
            self.enter_open(now);
            self.acknowledger.now();
            return Check::Done;
        }
        Check::Continue
    }
}

impl Segment {
    /// The same segment behind its SYN.
    pub(super) fn without_syn(&self) -> Self {
        let mut rest = *self;
        rest.flags.syn = false;
        rest.sequence = self.sequence.wrapping_add(1);
        rest
    }
}
