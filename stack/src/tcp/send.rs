//! The send half: what the application wrote, what of it is in the network, and what may go out
//! next.
//!
//! Stream positions are relative and never wrap: our SYN is 0, our first octet 1.

mod again;
mod buffer;
mod burst;
mod counted;
mod episode;
mod late;
mod loss;
mod rack;
mod recovery;
mod reduction;
mod room;
mod segmentation;
mod transmission;
mod undo;
mod usage;
mod validation;

use std::collections::VecDeque;

use bytes::Bytes;
use smoltcp::time::{Duration, Instant};

use super::congestion::Congestion;
use super::in_flight::{Control, Cut, Flying, InFlight, PacketEnd};
use super::written::{Octets, Written};
use crate::event::Retransmission;
use crate::profile::{Algorithm, Alone, FinTiming, ProbeTakes, Segmentation, SendRules};
use buffer::SendBuffer;
use burst::{Ending, Pieces};
use episode::Episode;
pub use loss::PathState;
use loss::Recovery;
use rack::Rack;
pub(crate) use recovery::Acknowledged;
use reduction::Reduction;
use transmission::Limits;
pub(crate) use transmission::Transmission;
use usage::Usage;

/// The send half of a connection.
#[derive(Debug)]
pub(crate) struct Sender {
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
    /// How much data the SYN brings at most, in octets.
    syn_room: usize,
    /// How much it has brought, until it is acknowledged.
    syn_data: usize,
    /// Behind the last octet that a SYN has brought: what is before it is sent again.
    syn_end: i64,
    fin: bool,
    /// Whether a FIN will follow that waits for acknowledgments.
    fin_waits: bool,
    /// Ends of writes that have not been acknowledged, where segments are made one by one.
    pushes: VecDeque<i64>,
    /// What was not sent, where segments go out in bursts.
    pieces: Pieces,
    /// The segments that a burst may have, whatever the windows allow.
    burst_most: usize,
    /// The smoothed round-trip time; zero before one was measured.
    smoothed: Duration,
    /// The shortest round-trip time.
    least: Duration,
    /// When something was sent last.
    sent_at: Option<Instant>,
    in_flight: InFlight,
    /// Behind the last segment with payload that was not full (Minshall's snd_sml).
    small_end: i64,
    /// Where the last segment with PSH began.
    last_push: i64,
    /// SND.WND, in octets.
    window: i64,
    /// The largest window the peer has offered.
    max_window: i64,
    /// SND.WL1 and SND.WL2.
    window_from: (i64, i64),
    /// The most payload of a segment.
    mss: usize,
    /// The same as the handshake left it.
    negotiated_mss: usize,
    no_delay: bool,
    /// Whether a segment that is not full waits, whatever else says (TCP_CORK).
    cork: bool,
    /// Whether nothing was in the network when what goes out now began to (BSD: `idle` of
    /// tcp_output).
    began_idle: bool,
    /// Whether the write that was made last said that more follows (MSG_MORE).
    more_follows: bool,
    /// Whether the next one says so.
    more_is_announced: bool,
    /// Whether a record ends with the next write.
    record_is_announced: bool,
    /// Where the next write is to be broken, in octets from its beginning.
    breaks: Vec<usize>,
    /// Whether the next write ends with an urgent octet.
    urgent_is_announced: bool,
    /// Behind the last urgent octet (SND.UP).
    urgent_end: i64,
    /// Whether TCP_NODELAY was set since the last write, which goes before TCP_CORK (Linux:
    /// TCP_NAGLE_PUSH).
    pushed_once: bool,
    /// How many octets that were not sent are too many for another write.
    unsent_most: usize,
    /// Whether the peer reports what it has by SACK blocks.
    selective: bool,
    congestion: Congestion,
    usage: Usage,
    duplicates: usize,
    recovery: Recovery,
    rack: Rack,
    reduction: Reduction,
    /// How many segments were known to have arrived when that was looked at last.
    delivered_before: u64,
    /// How many segments this acknowledgment reports to have arrived twice.
    twice: usize,
    /// The last response to congestion, which may prove needless.
    episode: Episode,
    /// Where the burst ends that is being handed down, of what is new and of what is sent again.
    burst_end: i64,
    again_end: Option<i64>,
    /// SND.NXT behind the probe of the tail whose effect is not known, and whether it was a
    /// repetition (TLP.end_seq, TLP.is_retrans).
    tail_probed: Option<(i64, bool)>,
    /// What the next retransmission is called.
    cause: Retransmission,
    /// A transmission asked for by a timer, ahead of all others.
    probe: Option<Transmission>,
    /// The octet (or FIN) that was sent into a closed window.
    forced: Option<i64>,
    retransmissions: u64,
    /// How often the congestion window was reduced.
    reductions: u64,
    buffer: SendBuffer,
}

impl Sender {
    pub(crate) fn new(
        rules: &SendRules,
        mss: usize,
        buffer: Option<usize>,
        no_delay: bool,
    ) -> Self {
        Self {
            rules: rules.clone(),
            queue: Written::default(),
            queue_start: 1,
            unacknowledged: 0,
            next: 0,
            written: 1,
            syn: true,
            syn_room: 0,
            syn_data: 0,
            syn_end: 0,
            fin: false,
            fin_waits: false,
            pushes: VecDeque::new(),
            pieces: Pieces::default(),
            burst_most: usize::MAX,
            smoothed: Duration::ZERO,
            least: Duration::MAX,
            sent_at: None,
            in_flight: InFlight::default(),
            small_end: 0,
            last_push: 1,
            window: 1,
            max_window: 0,
            window_from: (-1, -1),
            mss,
            negotiated_mss: mss,
            no_delay,
            cork: false,
            began_idle: false,
            more_follows: false,
            more_is_announced: false,
            record_is_announced: false,
            breaks: Vec::new(),
            urgent_is_announced: false,
            urgent_end: 0,
            pushed_once: false,
            unsent_most: unsent_most(None, rules),
            selective: false,
            congestion: Congestion::new(rules, mss),
            usage: Usage::default(),
            duplicates: 0,
            recovery: Recovery::No,
            rack: Rack::new(rules.duplicate_threshold),
            reduction: Reduction::default(),
            delivered_before: 0,
            twice: 0,
            episode: Episode::default(),
            burst_end: 0,
            again_end: None,
            tail_probed: None,
            cause: Retransmission::Timeout,
            probe: None,
            forced: None,
            retransmissions: 0,
            reductions: 0,
            buffer: SendBuffer::new(rules.send_buffer, buffer, &rules.buffer),
        }
    }

    /// The handshake has told the peer's limits.
    pub(crate) fn negotiated(&mut self, mss: usize, selective: bool) {
        self.mss = mss;
        self.negotiated_mss = mss;
        self.selective = selective;
        self.congestion.set_mss(&self.rules, mss);
    }

    /// Lets our SYN bring as much data as that (RFC 7413). Until it is acknowledged the data counts
    /// as not sent: what of it did not arrive goes out again behind the handshake.
    pub(crate) fn let_syn_bring(&mut self, octets: usize) {
        self.syn_room = octets;
    }

    /// How much data our SYN has brought, in octets, until it is acknowledged.
    pub(crate) fn syn_data(&self) -> usize {
        self.syn_data
    }

    /// Behind the last octet that was sent, with the SYN or after it.
    pub(crate) fn furthest(&self) -> i64 {
        self.next.max(self.next.min(1) + self.syn_data as i64)
    }

    /// The path takes segments of so many octets of payload at most. What is in the network and was
    /// longer is lost; it is cut and sent again, and the congestion window stays (RFC 1191 section
    /// 6.5).
    pub(crate) fn shorten_segments(&mut self, payload: usize) {
        if payload >= self.mss {
            return;
        }
        self.mss = payload;
        self.negotiated_mss = payload;
        self.congestion.shorten_segments(&self.rules, payload);
        if self.in_flight.longest() > payload {
            let cut = match self.rules.segmentation {
                Segmentation::Single => Cut::Each,
                Segmentation::Bursts => Cut::Together,
            };
            self.in_flight.cut(payload, cut);
            self.in_flight.mark_all_lost(Instant::from_micros(i64::MAX));
            self.recovery = Recovery::Timeout(self.next);
            self.cause = Retransmission::PathMtu;
        }
        self.wake();
    }

    /// Segments of so many octets of payload at most, from now on. What is in the network stays.
    pub(crate) fn set_segment_most(&mut self, payload: usize) {
        if payload < self.mss {
            self.mss = payload;
            self.negotiated_mss = payload;
            self.congestion.shorten_segments(&self.rules, payload);
        }
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

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    pub(crate) fn retransmissions(&self) -> u64 {
        self.retransmissions
    }

    /// Where our FIN stands, once it was sent and while it is not acknowledged.
    pub(crate) fn fin_in_flight(&self) -> Option<i64> {
        let sent = self.fin && self.next > self.written;
        (sent && !self.fin_is_acknowledged()).then_some(self.written)
    }

    /// Octets of payload and FIN or SYN in the network or lost in it.
    pub(crate) fn outstanding(&self) -> usize {
        (self.next - self.unacknowledged) as usize
    }

    /// Octets the application wrote and that were not sent yet.
    pub(crate) fn unsent(&self) -> usize {
        (self.written - self.next.max(1)).max(0) as usize
    }

    /// Whether everything written, and the FIN where there is one, has been sent.
    pub(crate) fn is_all_sent(&self) -> bool {
        self.next >= self.written + i64::from(self.fin) && !self.fin_waits
    }

    pub(crate) fn has_fin(&self) -> bool {
        self.fin || self.fin_waits
    }

    /// Whether our FIN has been sent and acknowledged.
    pub(crate) fn fin_is_acknowledged(&self) -> bool {
        self.fin && self.unacknowledged > self.written
    }

    /// Whether everything written has been acknowledged, the FIN included where there is one.
    pub(crate) fn is_drained(&self) -> bool {
        self.unacknowledged >= self.written + i64::from(self.fin) && !self.fin_waits
    }

    pub(crate) fn set_no_delay(&mut self, on: bool) {
        self.no_delay = on;
        self.pushed_once = on;
        self.wake();
    }

    pub(crate) fn set_cork(&mut self, on: bool) {
        self.cork = on;
        self.pushed_once |= !on && self.no_delay;
        self.wake();
    }

    pub(crate) fn set_unsent_most(&mut self, octets: Option<u32>) {
        self.unsent_most = unsent_most(octets, &self.rules);
    }

    pub(crate) fn set_congestion(&mut self, algorithm: Algorithm) {
        self.rules.congestion = algorithm;
        self.congestion.set_algorithm(algorithm);
    }

    /// A record ends with the write that comes next, if it is taken whole.
    pub(crate) fn end_record(&mut self) {
        self.record_is_announced = true;
    }

    /// The write that comes next says that more follows.
    pub(crate) fn expect_more(&mut self) {
        self.more_is_announced = true;
    }

    /// A segment has come: what waited for more goes by the other rules now (Linux: MSG_MORE holds
    /// back only what the call itself would send).
    pub(crate) fn expect_no_more(&mut self) {
        if std::mem::take(&mut self.more_follows) {
            self.wake();
        }
    }

    /// Takes what fits of a write; returns how many octets.
    pub(crate) fn write(&mut self, data: Octets<'_>) -> usize {
        self.more_follows = std::mem::take(&mut self.more_is_announced);
        let mut ending = Ending {
            pushes: !self.more_follows,
            record: std::mem::take(&mut self.record_is_announced),
            is_short: false,
        };
        let count = self.takes(data.len(), ending);
        let breaks = std::mem::take(&mut self.breaks);
        if count == 0 {
            return 0;
        }
        if count < data.len() {
            ending = self.ending_for_want_of_room(ending);
        }
        self.pushed_once = false;
        self.queue.push(data, count);
        match self.rules.segmentation {
            Segmentation::Single => self.pushes.push_back(self.written + count as i64),
            Segmentation::Bursts => self.write_pieces(count, breaks, ending),
        }
        self.written += count as i64;
        if std::mem::take(&mut self.urgent_is_announced) {
            self.urgent_end = self.written;
        }
        count
    }

    /// Behind the last octet the application wrote.
    pub(crate) fn written(&self) -> i64 {
        self.written
    }

    /// The write that comes next ends with an urgent octet.
    pub(crate) fn mark_urgent(&mut self) {
        self.urgent_is_announced = true;
    }

    /// Whether an urgent octet was written and not acknowledged.
    pub(crate) fn is_urgent(&self) -> bool {
        self.urgent_end > self.unacknowledged
    }

    /// The urgent pointer of a segment that begins at `start`, where the urgent octet is ahead
    /// (Linux: __tcp_transmit_skb): to the octet behind it, or as far as the field goes.
    pub(crate) fn urgent_pointer(&self, start: i64) -> Option<u16> {
        let ahead = self.urgent_end - start;
        (ahead > 0).then(|| u16::try_from(ahead).unwrap_or(u16::MAX))
    }

    /// Nothing will be written any more: a FIN follows the last octet.
    pub(crate) fn finish(&mut self) {
        self.fin_waits = true;
        self.release_fin();
    }

    /// Lets the FIN follow that was asked for, if it does not have to wait any longer.
    fn release_fin(&mut self) {
        let free = match self.rules.fin {
            FinTiming::BehindData | FinTiming::Alone => true,
            FinTiming::WhenAcknowledged => self.unacknowledged >= self.written,
        };
        if self.fin_waits && free {
            self.fin = true;
            self.fin_waits = false;
            self.wake();
        }
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
        if window > self.max_window {
            self.max_window = window;
            self.bound_segments();
        }
        edge_moved
    }

    /// Takes the peer's window from a segment that says of it what is known; false where it says
    /// something else.
    #[inline]
    pub(crate) fn hears_window_again(
        &mut self,
        sequence: i64,
        acknowledged: i64,
        window: i64,
    ) -> bool {
        let is_known = self.window == window
            && self.window_from.1 == acknowledged
            && self.window_from.0 <= sequence;
        if is_known {
            self.window_from.0 = sequence;
        }
        is_known
    }

    /// Whether an acknowledgment of nothing new, with such a number and window, tells something new
    /// of the peer's window.
    pub(crate) fn tells_of_window(&self, sequence: i64, window: i64) -> bool {
        sequence > self.window_from.0
            || sequence == self.window_from.0 && (window > self.window || window == 0)
    }

    /// A tail loss probe (RFC 8985 section 7.3): new data where there is some, else the last
    /// segment again. Returns SND.NXT as it will be then.
    pub(crate) fn probe_tail(&mut self, now: Instant) -> i64 {
        if let Some(new) = self.new_segment(Limits::PeerOnly, now) {
            self.probe = Some(new);
            let next = new.start + (new.octets + new.control.length()) as i64;
            self.tail_probed = Some((next, false));
            return next;
        }
        let last = match self.rules.tail_probe.takes {
            ProbeTakes::LastSegment => self.in_flight.last().copied(),
            ProbeTakes::LastOctets => self.in_flight.tail(self.mss),
        };
        self.probe =
            last.map(|segment| Transmission::again(&segment, Retransmission::TailLossProbe));
        self.tail_probed = Some((self.next, true));
        self.next
    }

    /// What the usable part of a small window takes, once waiting for more has lasted long enough
    /// (RFC 9293 section 3.8.6.2.1, rule 4). Returns whether there is anything to send.
    pub(crate) fn override_silly_window(&mut self, now: Instant) -> bool {
        self.probe = self.new_segment(Limits::WindowOnly, now);
        self.probe.is_some()
    }

    /// Whether an acknowledgment of so much tells nothing at all: nothing is in the network of
    /// which it could, and nothing has been reported since the last one.
    #[inline]
    pub(crate) fn expects_nothing(&self, acknowledged: i64) -> bool {
        let is_known = acknowledged == self.unacknowledged && self.in_flight.is_empty();
        let is_concluded = !self.looks_at_time()
            || self.in_flight.delivered() == self.delivered_before
                && self.recovery == Recovery::No
                && self.tail_probed.is_none()
                && self.twice == 0;
        is_known && is_concluded && !self.buffer.lacks_room && !self.buffer.is_due
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
        if self.probe.is_some() {
            return self.poll_probe(now);
        }
        if self.has_nothing_left() {
            self.began_idle = false;
            return None;
        }
        self.began_idle |= self.in_flight.is_empty();
        let mut transmission = match self.lost_segment() {
            None => self.new_segment(Limits::All, now),
            lost => lost,
        };
        if self.has_tried(transmission.is_some()) {
            transmission = self.lost_segment();
        }
        if let Some(transmission) = &mut transmission {
            self.as_of_burst(transmission);
        }
        self.began_idle &= transmission.is_some();
        match transmission {
            Some(transmission) => self.sent(transmission, now),
            None if self.waits_for_congestion() => self.note_usage(),
            None => {}
        }
        transmission
    }

    /// Whether everything was sent, and nothing is to be sent again.
    fn has_nothing_left(&self) -> bool {
        let all = self.next > 0 && self.next >= self.written + i64::from(self.fin);
        all && self.recovery == Recovery::No
    }

    /// Sends the first segment again, as after a repeated SYN.
    pub(crate) fn resend_first(&mut self) {
        self.in_flight.mark_first_lost();
        self.probe = self.retransmission_of_first(Retransmission::Fast);
    }

    /// Whether what is in the network was sent into a closed window that is still closed.
    pub(crate) fn probes_window(&self) -> bool {
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
            keeps_push: false,
            packet_end: PacketEnd::No,
            again: None,
        });
        true
    }

    /// As [`Sender::poll`], but only for what was sent before.
    pub(crate) fn poll_again(&mut self, now: Instant) -> Option<Transmission> {
        let transmission = match self.probe.take() {
            Some(probe) => probe,
            None => self.lost_segment()?,
        };
        self.sent(transmission, now);
        Some(transmission)
    }

    #[inline(always)]
    fn sent(&mut self, transmission: Transmission, now: Instant) {
        let Transmission {
            start,
            octets,
            control,
            push,
            keeps_push,
            packet_end,
            again,
        } = transmission;
        if push {
            self.last_push = start;
        }
        if let Some(since) = self.sent_at
            && self.in_flight.is_empty()
        {
            self.congestion.on_start(since, now);
        }
        self.sent_at = Some(now);
        if matches!(self.recovery, Recovery::Fast(_)) {
            self.reduction.on_sent();
        }
        let in_stream = if control == Control::Syn {
            self.syn_data = self.syn_data.max(octets);
            self.syn_end = self.syn_end.max(1 + octets as i64);
            0
        } else {
            octets
        };
        let was_in_syn = start > 0 && start < self.syn_end;
        let mut segment = Flying::new(start, in_stream, control, keeps_push, now);
        segment.packet_end = packet_end;
        segment.burst_end = segment.end.max(self.burst_end);
        if was_in_syn {
            segment.count_as_again();
        }
        if let Some(cause) = again {
            self.retransmissions += 1;
            let is_probe = cause == Retransmission::TailLossProbe;
            self.in_flight.sent_again(start, segment.end, is_probe, now);
            if !is_probe {
                self.note_repetition(now);
            }
        } else {
            if (1..self.mss).contains(&in_stream) && !was_in_syn {
                self.small_end = segment.end;
            }
            self.in_flight.push(segment);
            self.next = segment.end;
            self.pieces.skip_to(self.next);
            self.note_usage();
            if packet_end.is_end() {
                self.look_for_room_behind(start);
            }
        }
    }

    /// Whether a tail loss probe makes sense: something is out, nothing is known to be lost.
    pub(crate) fn may_probe_tail(&self) -> bool {
        self.rules.tail_loss_probe
            && self.selective
            && self.recovery == Recovery::No
            && !self.in_flight.is_empty()
            && (self.in_flight.reported() == 0 || !self.looks_at_time())
            && (self.rules.tail_probe.fin || self.in_flight.has_payload())
    }

    /// Whether the effect of a probe of the tail is not known yet, and making up for a loss makes
    /// the window smaller.
    pub(crate) fn judges_tail_probe(&self) -> bool {
        self.looks_at_time() && self.tail_probed.is_some()
    }

    /// Whether so little is in the network that the peer may wait for more before it acknowledges
    /// it.
    pub(crate) fn is_alone_in_flight(&self) -> bool {
        match self.rules.tail_probe.alone {
            Alone::Segment => self.in_flight.len() == 1,
            Alone::Octets => self.outstanding() <= self.mss,
        }
    }

    /// Whether a segment that begins at `start` is the first of those in the network, and its being
    /// sent again makes the timer of it begin anew (Linux: tcp_xmit_retransmit_queue).
    pub(crate) fn begins_anew(&self, start: i64) -> bool {
        let by_segments = self.looks_at_time() || self.reduces_by_duplicates();
        by_segments && start == self.unacknowledged
    }

    /// How many segments are in the network.
    pub(crate) fn segments_in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// When something was sent last.
    pub(crate) fn sent_at(&self) -> Option<Instant> {
        self.sent_at
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

/// How many octets that were not sent are too many for another write.
fn unsent_most(octets: Option<u32>, rules: &SendRules) -> usize {
    match octets.map_or(rules.unsent_most, |octets| octets as usize) {
        0 => usize::MAX,
        octets => octets,
    }
}
