//! The send half: what the application wrote, what of it is in the network, and what may go out
//! next.
//!
//! Stream positions are relative and never wrap: our SYN is 0, our first octet 1.
//!
//! Not done, and nobody can tell without a stopwatch: forward RTO-recovery and the undoing of a
//! congestion response that proves needless.

use std::collections::VecDeque;

use bytes::Bytes;
use smoltcp::time::{Duration, Instant};

use super::congestion::Congestion;
use super::in_flight::{Control, Flying, InFlight};
use super::written::Written;
use crate::event::Retransmission;
use crate::profile::{Nagle, Push, SendRules};

/// A segment to be put on the wire now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transmission {
    /// SEG.SEQ as a stream position.
    pub(crate) start: i64,
    /// Octets of payload.
    pub(crate) octets: usize,
    pub(crate) control: Control,
    pub(crate) push: bool,
    /// Why it is sent, where it was sent before.
    pub(crate) again: Option<Retransmission>,
}

impl Transmission {
    fn again(segment: &Flying, cause: Retransmission) -> Self {
        Self {
            start: segment.start,
            octets: segment.payload(),
            control: segment.control,
            push: segment.push,
            again: Some(cause),
        }
    }
}

/// What an acknowledgment did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Whether it moved SND.UNA.
    pub(crate) progress: bool,
    /// A round-trip time, from a segment that was sent once.
    pub(crate) sample: Option<Duration>,
}

/// Recovery from a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recovery {
    /// None.
    No,
    /// Fast recovery until everything up to this position is acknowledged (RFC 6582).
    Fast(i64),
    /// After a timeout, until everything up to this position is acknowledged.
    Timeout(i64),
}

/// The send half of a connection.
#[derive(Debug)]
pub(crate) struct Send {
    rules: SendRules,
    queue: Written,
    /// The position of the first octet in the queue.
    queue_start: i64,
    /// SND.UNA
    unacknowledged: i64,
    /// SND.NXT
    next: i64,
    /// Behind the last octet the application wrote; its FIN, once there is one, stands here.
    written: i64,
    syn: bool,
    fin: bool,
    /// Ends of writes that have not been acknowledged.
    pushes: VecDeque<i64>,
    in_flight: InFlight,
    /// SND.WND, in octets.
    window: i64,
    /// The largest window the peer has offered.
    max_window: i64,
    /// SND.WL1 and SND.WL2.
    window_from: (i64, i64),
    mss: usize,
    no_delay: bool,
    /// Whether the peer reports what it has by SACK blocks.
    selective: bool,
    congestion: Congestion,
    duplicates: usize,
    recovery: Recovery,
    /// What the next retransmission is called.
    cause: Retransmission,
    /// A transmission asked for by a timer, ahead of all others.
    probe: Option<Transmission>,
    /// The octet (or FIN) that was sent into a closed window.
    forced: Option<i64>,
    retransmissions: u64,
    limit: usize,
}

impl Send {
    pub(crate) fn new(rules: &SendRules, mss: usize, limit: usize, no_delay: bool) -> Self {
        Self {
            rules: rules.clone(),
            queue: Written::default(),
            queue_start: 1,
            unacknowledged: 0,
            next: 0,
            written: 1,
            syn: true,
            fin: false,
            pushes: VecDeque::new(),
            in_flight: InFlight::default(),
            window: 1,
            max_window: 1,
            window_from: (-1, -1),
            mss,
            no_delay,
            selective: false,
            congestion: Congestion::new(rules, mss),
            duplicates: 0,
            recovery: Recovery::No,
            cause: Retransmission::Timeout,
            probe: None,
            forced: None,
            retransmissions: 0,
            limit,
        }
    }

    /// The handshake has told the peer's limits.
    pub(crate) fn negotiated(&mut self, mss: usize, selective: bool) {
        self.mss = mss;
        self.selective = selective;
        self.congestion.set_mss(&self.rules, mss);
    }

    pub(crate) fn unacknowledged(&self) -> i64 {
        self.unacknowledged
    }

    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// The most payload that a segment carries.
    pub(crate) fn mss(&self) -> usize {
        self.mss
    }

    pub(crate) fn window(&self) -> i64 {
        self.window
    }

    pub(crate) fn max_window(&self) -> i64 {
        self.max_window
    }

    pub(crate) fn congestion(&self) -> &Congestion {
        &self.congestion
    }

    pub(crate) fn retransmissions(&self) -> u64 {
        self.retransmissions
    }

    /// Octets of payload and FIN or SYN in the network or lost in it.
    pub(crate) fn outstanding(&self) -> usize {
        (self.next - self.unacknowledged) as usize
    }

    /// Octets the application wrote and that were not sent yet.
    pub(crate) fn unsent(&self) -> usize {
        (self.written - self.next.max(1)).max(0) as usize
    }

    /// Octets the application can still write.
    pub(crate) fn room(&self) -> usize {
        self.limit.saturating_sub(self.queue.len())
    }

    /// Whether everything written, and the FIN where there is one, has been sent.
    pub(crate) fn is_all_sent(&self) -> bool {
        self.next >= self.written + i64::from(self.fin)
    }

    pub(crate) fn has_fin(&self) -> bool {
        self.fin
    }

    /// Whether our FIN has been sent and acknowledged.
    pub(crate) fn fin_is_acknowledged(&self) -> bool {
        self.fin && self.unacknowledged > self.written
    }

    /// Whether everything written has been acknowledged, the FIN included where there is one.
    pub(crate) fn is_drained(&self) -> bool {
        self.unacknowledged >= self.written + i64::from(self.fin)
    }

    pub(crate) fn set_no_delay(&mut self, on: bool) {
        self.no_delay = on;
    }

    pub(crate) fn set_limit(&mut self, octets: usize) {
        self.limit = octets;
    }

    /// Takes what fits of a write; returns how many octets.
    pub(crate) fn write(&mut self, data: &[u8]) -> usize {
        let count = data.len().min(self.room());
        self.queue.push(&data[..count]);
        self.written += count as i64;
        if count > 0 {
            self.pushes.push_back(self.written);
        }
        count
    }

    /// Nothing will be written any more: a FIN follows the last octet.
    pub(crate) fn finish(&mut self) {
        self.fin = true;
    }

    /// The payload of a segment that begins at `start`.
    pub(crate) fn payload(&mut self, start: i64, octets: usize) -> Bytes {
        if octets == 0 {
            return Bytes::new();
        }
        self.queue.part((start - self.queue_start) as usize, octets)
    }

    /// Takes the peer's window from a segment (RFC 9293 section 3.10.7.4, fifth check). Returns
    /// whether it opened.
    pub(crate) fn update_window(&mut self, sequence: i64, acknowledged: i64, window: i64) -> bool {
        let newer = self.window_from.0 < sequence
            || (self.window_from.0 == sequence && self.window_from.1 <= acknowledged);
        if !newer {
            return false;
        }
        let edge_moved = acknowledged + window > self.window_from.1 + self.window;
        self.window_from = (sequence, acknowledged);
        self.window = window;
        self.max_window = self.max_window.max(window);
        edge_moved
    }

    /// Takes an acceptable acknowledgment.
    pub(crate) fn on_acknowledgment(&mut self, acknowledged: i64, now: Instant) -> Acknowledged {
        if acknowledged <= self.unacknowledged {
            return Acknowledged::default();
        }
        let was_full = self.was_full();
        // The SYN was no data.
        let octets = (acknowledged - self.unacknowledged.max(1)) as usize;
        let sent_at = self.in_flight.on_acknowledged(acknowledged);
        self.unacknowledged = acknowledged;
        let data_end = acknowledged.min(self.written);
        if data_end > self.queue_start {
            self.queue
                .drop_front((data_end - self.queue_start) as usize);
            self.queue_start = data_end;
        }
        while self.pushes.front().is_some_and(|&end| end <= acknowledged) {
            self.pushes.pop_front();
        }
        self.duplicates = 0;
        self.probe = None;
        self.after_progress(acknowledged, octets, was_full);
        Acknowledged {
            progress: true,
            sample: sent_at.map(|sent_at| now - sent_at),
        }
    }

    fn after_progress(&mut self, acknowledged: i64, octets: usize, was_full: bool) {
        match self.recovery {
            Recovery::No => self.congestion.on_acknowledged(octets, was_full),
            Recovery::Fast(until) if acknowledged >= until => {
                self.recovery = Recovery::No;
                self.congestion.recovered();
            }
            Recovery::Fast(_) => {
                if self.selective {
                    // RFC 6675 section 5: SACK blocks say what is lost; the window stays.
                    self.in_flight.mark_first_hole();
                    return;
                }
                // RFC 6582 section 3.2: a partial acknowledgment shows that the next segment was
                // lost too, and it goes out whatever the window says.
                self.congestion.deflate(octets);
                self.in_flight.mark_first_lost();
                self.probe = self.retransmission_of_first(Retransmission::Fast);
            }
            Recovery::Timeout(until) => {
                if acknowledged >= until {
                    self.recovery = Recovery::No;
                }
                self.congestion.on_acknowledged(octets, true);
            }
        }
    }

    /// Whether the congestion window, and not the application or the peer, limits what is sent.
    fn was_full(&self) -> bool {
        let waits = self.written + i64::from(self.fin) > self.next;
        waits && !self.congestion.allows(self.in_flight.pipe(), self.mss)
            || self.in_flight.pipe().octets * 2 >= self.congestion.window()
    }

    /// An acknowledgment came that acknowledges nothing new, carries no data and moves no window
    /// (RFC 5681 section 2).
    pub(crate) fn on_duplicate(&mut self) {
        if self.selective || self.in_flight.is_empty() {
            return;
        }
        // A closed window answers every probe with the same acknowledgment.
        if self.window == 0 {
            return;
        }
        self.duplicates += 1;
        match self.recovery {
            Recovery::Fast(_) => self.congestion.inflate(),
            Recovery::No if self.duplicates == self.rules.duplicate_threshold => {
                self.enter_recovery(self.rules.duplicate_threshold * self.mss);
            }
            Recovery::No | Recovery::Timeout(_) => {}
        }
    }

    fn enter_recovery(&mut self, inflation: usize) {
        self.recovery = Recovery::Fast(self.next);
        self.congestion.on_loss(self.outstanding(), inflation);
        self.cause = Retransmission::Fast;
        self.in_flight.mark_first_lost();
        // The first retransmission is not held back by the window (RFC 6675 section 5 step 4.3).
        self.probe = self.retransmission_of_first(Retransmission::Fast);
    }

    /// Takes SACK blocks (RFC 2018, RFC 6675): marks what has arrived, and as lost what many later
    /// segments overtook.
    pub(crate) fn on_selective(&mut self, blocks: impl Iterator<Item = (i64, i64)>) {
        if !self.selective {
            return;
        }
        let news = self.in_flight.on_reported(blocks);
        let overtaken = news
            && self
                .in_flight
                .mark_overtaken(self.rules.duplicate_threshold);
        if overtaken && self.recovery == Recovery::No {
            self.enter_recovery(0);
        }
    }

    /// The retransmission timer expired: everything not reported as arrived counts as lost (RFC
    /// 5681 section 3.1, RFC 6298 rule 5.4), and the first of it goes out at once.
    pub(crate) fn on_timeout(&mut self) {
        if self.probes_window() {
            // A closed window refused it: that says nothing of the path.
            self.in_flight.mark_first_lost();
            self.probe = self.retransmission_of_first(Retransmission::WindowProbe);
            return;
        }
        let first = !matches!(self.recovery, Recovery::Timeout(_));
        // RFC 6928 section 2, RFC 5681 section 3.1: a lost SYN says nothing of the path.
        if self.unacknowledged > 0 {
            self.congestion.on_timeout(self.outstanding(), first);
        }
        self.recovery = Recovery::Timeout(self.next);
        self.duplicates = 0;
        self.in_flight.mark_all_lost();
        self.cause = Retransmission::Timeout;
        self.probe = self.retransmission_of_first(Retransmission::Timeout);
    }

    fn retransmission_of_first(&self, again: Retransmission) -> Option<Transmission> {
        let segment = self.in_flight.first_lost()?;
        Some(Transmission::again(segment, again))
    }

    /// A tail loss probe (RFC 8985 section 7.3): new data where there is some, else the last
    /// segment again. Returns SND.NXT as it will be then.
    pub(crate) fn probe_tail(&mut self) -> i64 {
        if let Some(new) = self.new_segment(Limits::PeerOnly) {
            self.probe = Some(new);
            return new.start + (new.octets + new.control.length()) as i64;
        }
        let last = self.in_flight.last();
        self.probe =
            last.map(|segment| Transmission::again(segment, Retransmission::TailLossProbe));
        self.next
    }

    /// What the usable part of a small window takes, once waiting for more has lasted long enough
    /// (RFC 9293 section 3.8.6.2.1, rule 4). Returns whether there is anything to send.
    pub(crate) fn override_silly_window(&mut self) -> bool {
        self.probe = self.new_segment(Limits::WindowOnly);
        self.probe.is_some()
    }

    /// Whether data waits and nothing in the network will bring an answer: the persist timer must
    /// run.
    pub(crate) fn is_stuck(&self) -> bool {
        let waits = self.written + i64::from(self.fin) > self.next && self.next > 0;
        waits && self.in_flight.is_empty()
    }

    /// Takes the next segment to be sent, as far as the peer's window, the congestion window and
    /// the rules against small segments allow. What is returned counts as sent.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Transmission> {
        if let Some(probe) = self.probe.take() {
            let probe = if probe.again.is_some() {
                self.collapsed(probe)
            } else {
                probe
            };
            self.sent(probe, now);
            return Some(probe);
        }
        let transmission = self
            .lost_segment()
            .or_else(|| self.new_segment(Limits::All))?;
        self.sent(transmission, now);
        Some(transmission)
    }

    /// Sends the first segment again, as after a repeated SYN.
    pub(crate) fn resend_first(&mut self) {
        self.in_flight.mark_first_lost();
        self.probe = self.retransmission_of_first(Retransmission::Fast);
    }

    /// Whether what is in the network was sent into a closed window that is still closed.
    fn probes_window(&self) -> bool {
        self.window == 0 && self.forced == Some(self.unacknowledged)
    }

    /// SEG.SEQ of a segment that only acknowledges: SND.NXT, but not behind what was sent into a
    /// closed window. There the peer would refuse it and answer, and two such peers would answer
    /// each other for ever.
    pub(crate) fn bare_start(&self) -> i64 {
        if self.probes_window() {
            self.unacknowledged
        } else {
            self.next
        }
    }

    /// The window has opened: what was sent into it while it was closed was surely thrown away.
    pub(crate) fn repeat_probe(&mut self) {
        if self.forced.take() == Some(self.unacknowledged) && self.window > 0 {
            self.in_flight.mark_first_lost();
            self.probe = self.retransmission_of_first(Retransmission::WindowProbe);
        }
    }

    /// One octet of new data into a closed window (RFC 9293 section 3.8.6.1). Returns whether there
    /// is one; a FIN counts.
    pub(crate) fn force_octet(&mut self) -> bool {
        let fin = self.next == self.written;
        if fin && !self.fin || self.next > self.written {
            return false;
        }
        self.forced = Some(self.next);
        self.probe = Some(Transmission {
            start: self.next,
            octets: usize::from(!fin),
            control: if fin { Control::Fin } else { Control::None },
            push: false,
            again: None,
        });
        true
    }

    /// As [`Send::poll`], but only for what was sent before.
    pub(crate) fn poll_again(&mut self, now: Instant) -> Option<Transmission> {
        let transmission = match self.probe.take() {
            Some(probe) => probe,
            None => self.lost_segment()?,
        };
        self.sent(transmission, now);
        Some(transmission)
    }

    fn lost_segment(&self) -> Option<Transmission> {
        if self.recovery == Recovery::No {
            return None;
        }
        let transmission = self.retransmission_of_first(self.cause)?;
        let transmission = self.collapsed(transmission);
        self.congestion
            .allows(self.in_flight.pipe(), transmission.octets)
            .then_some(transmission)
    }

    /// Takes the segments behind a retransmission with it, as long as they fit.
    fn collapsed(&self, mut first: Transmission) -> Transmission {
        if !self.rules.collapse_retransmissions || first.control != Control::None {
            return first;
        }
        let end = first.start + first.octets as i64;
        for segment in self.in_flight.lost_from(end) {
            let together = first.octets + segment.payload();
            if together > self.mss {
                break;
            }
            first.octets = together;
            first.push |= segment.push;
            first.control = segment.control;
            if segment.control == Control::Fin {
                break;
            }
        }
        first
    }

    fn new_segment(&self, limits: Limits) -> Option<Transmission> {
        if self.next == 0 {
            return self.syn.then_some(Transmission {
                start: 0,
                octets: 0,
                control: Control::Syn,
                push: false,
                again: None,
            });
        }
        let data = (self.written - self.next).max(0);
        let usable = (self.unacknowledged + self.window - self.next).max(0);
        let octets = data.min(usable).min(self.mss as i64);
        let is_last = octets == data;
        let fin = is_last && self.fin && self.next <= self.written && usable > octets;
        if octets == 0 && !fin {
            return None;
        }
        if !fin && limits == Limits::All && !self.is_worth_sending(octets as usize, is_last) {
            return None;
        }
        if !fin && limits == Limits::PeerOnly && octets < (self.mss as i64).min(data) {
            return None;
        }
        let pipe = self.in_flight.pipe();
        if limits == Limits::All && !self.congestion.allows(pipe, octets as usize) {
            return None;
        }
        let end = self.next + octets;
        let push = octets > 0
            && match self.rules.push {
                Push::EndOfWrite => self
                    .pushes
                    .iter()
                    .any(|&write| self.next < write && write <= end),
                Push::EmptiesBuffer => end == self.written,
            };
        Some(Transmission {
            start: self.next,
            octets: octets as usize,
            control: if fin { Control::Fin } else { Control::None },
            push,
            again: None,
        })
    }

    /// Sender's silly window avoidance and Nagle's algorithm (RFC 9293 sections 3.8.6.2.1 and
    /// 3.7.4).
    fn is_worth_sending(&self, octets: usize, is_last: bool) -> bool {
        if octets >= self.mss {
            return true;
        }
        if is_last {
            let idle = self.in_flight.is_empty();
            let small_waits = || self.in_flight.has_small(self.mss);
            return self.no_delay
                || match self.rules.nagle {
                    Nagle::Off => true,
                    Nagle::AnyUnacknowledged => idle,
                    Nagle::SmallUnacknowledged => idle || !small_waits(),
                };
        }
        // The window cuts the segment short: it is worth sending once it is half of the largest
        // window.
        octets as i64 >= self.max_window / 2
    }

    fn sent(&mut self, transmission: Transmission, now: Instant) {
        let Transmission {
            start,
            octets,
            control,
            push,
            again,
        } = transmission;
        let segment = Flying::new(start, octets, control, push, now);
        if again.is_some() {
            self.retransmissions += 1;
            self.in_flight.sent_again(start, segment.end, now);
        } else {
            self.in_flight.push(segment);
            self.next = segment.end;
        }
    }

    /// Whether a tail loss probe makes sense: something is out, nothing is known to be lost.
    pub(crate) fn may_probe_tail(&self) -> bool {
        self.rules.tail_loss_probe
            && self.selective
            && self.recovery == Recovery::No
            && !self.in_flight.is_empty()
    }

    /// How many segments are in the network.
    pub(crate) fn segments_in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// When the oldest unacknowledged segment was last sent.
    pub(crate) fn oldest_sent_at(&self) -> Option<Instant> {
        self.in_flight.oldest_sent_at()
    }

    /// What must hold after every step.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self) {
        assert!(self.unacknowledged <= self.next, "SND.UNA <= SND.NXT");
        assert!(
            self.next <= self.written + i64::from(self.fin),
            "nothing is sent that was not written"
        );
        assert_eq!(
            self.queue_start + self.queue.len() as i64,
            self.written,
            "the queue ends where the application stopped"
        );
        assert_eq!(
            self.queue_start,
            self.unacknowledged.clamp(1, self.written),
            "the queue begins with the first octet that was not acknowledged"
        );
        self.in_flight.check(self.unacknowledged, self.next);
    }
}

/// Which limits a new segment must keep.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limits {
    /// All of them.
    All,
    /// The peer's window and a full segment; the congestion window lets one more pass.
    PeerOnly,
    /// The peer's window alone.
    WindowOnly,
}
