//! The analysis of TCP streams by Wireshark: the fields `tcp.analysis.*`.
//!
//! Wireshark judges each segment by those of its stream before it, with rules of its own that are
//! no TCP's: a segment that repeats octets is a retransmission, or out of order where little time
//! has passed. The rules are those of Wireshark 4.0 with its default settings, as tshark applies
//! them while it reads a file for the first time: nothing that comes later changes a judgment.
//!
//! A number of 0 stands for one that is not known yet, as it does there.

use smoltcp::time::{Duration, Instant};

use super::fields::Field;
use super::value::Value;
use crate::wire::Flags;

/// How many segments of a side may wait for their acknowledgment. Those beyond are not remembered.
const UNACKED_MAX: usize = 10_000;

/// How soon after a duplicate acknowledgment a segment is a fast retransmission.
const FAST: Duration = Duration::from_millis(20);
/// How soon after the newest octets older ones are out of order, where the round trip is not known.
const OUT_OF_ORDER: Duration = Duration::from_millis(3);

/// Segments that carry one of these are neither probes nor acknowledgments.
const ENDS: Flags = Flags::SYN.union(Flags::FIN).union(Flags::RST);
/// What counts one in the sequence numbers.
const COUNTED: Flags = Flags::SYN.union(Flags::FIN);

/// What the analysis reads of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Its place in the trace.
    pub(super) frame: u32,
    pub(super) at: Instant,
    pub(super) flags: Flags,
    pub(super) seq: u32,
    pub(super) ack: u32,
    /// Octets of payload.
    pub(super) len: u32,
    /// The window field, as it is.
    pub(super) window: u16,
    /// How many octets the first three blocks of its SACK option cover.
    pub(super) sacked: u32,
}

impl Seen {
    fn has_any(&self, flags: Flags) -> bool {
        self.flags.bits() & flags.bits() != 0
    }

    /// The number behind it, where SYN and FIN count.
    fn end(&self) -> u32 {
        let counted = self.has_any(COUNTED);
        self.seq.wrapping_add(self.len).wrapping_add(counted.into())
    }
}

/// What a SYN is to a stream that there was between the same ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// It is no SYN, or there was none.
    No,
    /// The SYN of that stream again.
    Again,
    /// Another SYN.
    Ports,
}

/// The analysis of one stream. Arrays have one place for each side.
#[derive(Debug, Default)]
pub(super) struct Analysis {
    sides: [Side; 2],
    newest_syn: Option<Instant>,
    initial_rtt: Option<Duration>,
}

/// What is remembered of one side.
#[derive(Debug)]
struct Side {
    /// The highest number behind a segment, and the segment that it is of.
    next: u32,
    next_at: Instant,
    next_frame: u32,
    /// As far as it is to be acknowledged: the highest number without a gap before it.
    contiguous: u32,
    /// Of its newest segment.
    ack: u32,
    ack_at: Instant,
    window: u16,
    sacked: u32,
    was_keep_alive: bool,
    was_window_probe: bool,
    /// How often the acknowledgment came again, and where it came first. -1 after one of octets
    /// that are not in the trace.
    duplicates: i64,
    original: u32,
    /// Newest last.
    unacked: Vec<Unacked>,
    /// Whether what is in flight can be counted: after a gap it cannot, until it is acknowledged.
    is_counted: bool,
    /// Octets since the segment before the newest one with PSH.
    pushed: u32,
    has_pushed: bool,
    /// Whether its windows are still those of the handshake.
    is_opening: bool,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            next: 0,
            next_at: Instant::ZERO,
            next_frame: 0,
            contiguous: 0,
            ack: 0,
            ack_at: Instant::ZERO,
            window: 0,
            sacked: 0,
            was_keep_alive: false,
            was_window_probe: false,
            duplicates: 0,
            original: 0,
            unacked: Vec::new(),
            is_counted: true,
            pushed: 0,
            has_pushed: false,
            is_opening: false,
        }
    }
}

/// A segment that is not acknowledged yet, or the rest of it.
#[derive(Clone, Copy, Debug)]
struct Unacked {
    frame: u32,
    at: Instant,
    seq: u32,
    next: u32,
}

/// What the analysis says about a segment.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Whether it says anything.
    is_there: bool,
    marks: Vec<Field>,
    acks: Option<Unacked>,
    at: Option<Instant>,
    initial_rtt: Option<Duration>,
    in_flight: u32,
    pushed: u32,
    duplicate: Option<(i64, u32)>,
    timeout: Option<(Duration, u32)>,
}

impl Findings {
    fn mark(&mut self, mark: Field) {
        self.is_there = true;
        self.marks.push(mark);
    }

    fn has(&self, mark: Field) -> bool {
        self.marks.contains(&mark)
    }

    /// Adds what they say to the fields of the segment.
    pub(super) fn add_to(self, fields: &mut Vec<(Field, Value)>) {
        if !self.is_there {
            return;
        }
        let number = |value: u32| Value::Number(value.into());
        let time = |time: Duration| Value::Time(i128::from(time.total_micros()) * 1000);
        fields.push((Field::TcpAnalysis, Value::Present));
        if let (Some(acks), Some(at)) = (self.acks, self.at) {
            fields.push((Field::TcpAnalysisAcksFrame, number(acks.frame)));
            let rtt = Some(at - acks.at).filter(|it| *it != Duration::ZERO);
            fields.extend(rtt.map(|rtt| (Field::TcpAnalysisAckRtt, time(rtt))));
        }
        let initial = self.initial_rtt.filter(|it| *it != Duration::ZERO);
        fields.extend(initial.map(|rtt| (Field::TcpAnalysisInitialRtt, time(rtt))));
        if self.in_flight > 0 {
            fields.push((Field::TcpAnalysisBytesInFlight, number(self.in_flight)));
            fields.push((Field::TcpAnalysisPushBytesSent, number(self.pushed)));
        }
        if !self.marks.is_empty() {
            fields.push((Field::TcpAnalysisFlags, Value::Present));
        }
        fields.extend(self.marks.into_iter().map(|mark| (mark, Value::Present)));
        if let Some((waited, frame)) = self.timeout {
            fields.push((Field::TcpAnalysisRto, time(waited)));
            fields.push((Field::TcpAnalysisRtoFrame, number(frame)));
        }
        if let Some((count, original)) = self.duplicate {
            let count = u32::try_from(count).unwrap_or(0);
            fields.push((Field::TcpAnalysisDuplicateAckNum, number(count)));
            fields.push((Field::TcpAnalysisDuplicateAckFrame, number(original)));
        }
    }
}

impl Analysis {
    /// A SYN of the side `from` has come again, perhaps in an ICMP error: what follows it is what
    /// followed the first.
    pub(super) fn begin_again(&mut self, from: usize) -> Findings {
        let own = &mut self.sides[from];
        own.next = own.contiguous;
        Findings {
            is_there: true,
            initial_rtt: self.initial_rtt,
            ..Findings::default()
        }
    }

    /// Judges a segment of the side `from`, and learns from it. `shift` is how far the windows of
    /// the other side are shifted, where that is known. `reuse` is what the segment is to a stream
    /// that there was before.
    pub(super) fn judge(
        &mut self,
        from: usize,
        seen: &Seen,
        shift: Option<u8>,
        reuse: Reuse,
    ) -> Findings {
        let mut found = match reuse {
            Reuse::No | Reuse::Ports => Findings::default(),
            Reuse::Again => self.begin_again(from),
        };
        if reuse == Reuse::Ports {
            found.mark(Field::TcpAnalysisReusedPorts);
        }
        let rtt = self.initial_rtt;
        let [first, second] = &mut self.sides;
        let (own, other) = match from {
            0 => (first, second),
            _ => (second, first),
        };
        if seen.has_any(Flags::ACK) {
            other.is_counted = true;
        }
        own.mark_probes(other, seen, shift, &mut found);
        if seen.ack != own.ack {
            own.original = seen.frame;
            own.duplicates = 0;
        }
        other.mark_unseen(seen, &mut found);
        own.mark_repetition(other, seen, rtt, &mut found);
        own.remember(seen, &found);
        other.acknowledge(seen, &mut found);
        own.count_in_flight(other, seen, &mut found);
        own.sacked = seen.sacked;
        self.time_handshake(from, seen);
        found.initial_rtt = self.initial_rtt;
        found
    }

    /// The first acknowledgment behind a SYN ends the handshake.
    fn time_handshake(&mut self, from: usize, seen: &Seen) {
        let own = &mut self.sides[from];
        if seen.has_any(Flags::SYN) {
            own.is_opening = true;
            if !seen.has_any(Flags::ACK) {
                self.newest_syn = Some(seen.at);
            }
        } else if seen.has_any(Flags::ACK) {
            own.is_opening = false;
            if self.initial_rtt.is_none_or(|it| it == Duration::ZERO) {
                self.initial_rtt = self.newest_syn.map(|syn| seen.at - syn);
            }
        }
    }
}

impl Side {
    /// Marks windows, probes, and acknowledgments that come again.
    fn mark_probes(&mut self, other: &Self, seen: &Seen, shift: Option<u8>, found: &mut Findings) {
        if seen.len == 1 && seen.seq == self.next && other.window == 0 {
            return found.mark(Field::TcpAnalysisZeroWindowProbe);
        }
        let is_plain = !seen.has_any(ENDS);
        if seen.window == 0 && is_plain {
            found.mark(Field::TcpAnalysisZeroWindow);
        }
        if self.next != 0 && is_after(seen.seq, self.next) && !seen.has_any(Flags::RST) {
            found.mark(Field::TcpAnalysisLostSegment);
        }
        if seen.len <= 1 && seen.seq == self.next.wrapping_sub(1) && is_plain {
            found.mark(Field::TcpAnalysisKeepAlive);
        }
        let is_in_place = seen.len == 0 && seen.seq == self.next && seen.ack == self.ack;
        let repeats = is_in_place && is_plain;
        if repeats && seen.window != 0 && seen.window != self.window {
            found.mark(Field::TcpAnalysisWindowUpdate);
        }
        if let Some(shift) = shift
            && seen.len > 0
            && is_plain
        {
            let shift = if other.is_opening { 0 } else { shift };
            let edge = other.ack.wrapping_add(u32::from(other.window) << shift);
            if seen.seq.wrapping_add(seen.len) == edge {
                found.mark(Field::TcpAnalysisWindowFull);
            }
        }
        if !repeats || seen.window != self.window {
            return;
        }
        match seen.window {
            0 if other.was_window_probe => found.mark(Field::TcpAnalysisZeroWindowProbeAck),
            0 => {}
            _ if other.was_keep_alive => found.mark(Field::TcpAnalysisKeepAliveAck),
            _ => {
                self.duplicates = self.duplicates.max(0) + 1;
                found.mark(Field::TcpAnalysisDuplicateAck);
                found.duplicate = Some((self.duplicates, self.original));
            }
        }
    }

    /// Marks an acknowledgment of octets of this side that are not in the trace, once.
    fn mark_unseen(&mut self, seen: &Seen, found: &mut Findings) {
        let is_beyond =
            self.contiguous != 0 && is_after(seen.ack, self.contiguous) && seen.has_any(Flags::ACK);
        if !is_beyond {
            return;
        }
        found.is_there = true;
        if is_after(self.next, self.contiguous) {
            self.contiguous = self.next;
            found.mark(Field::TcpAnalysisAckLostSegment);
        } else {
            if self.duplicates == 0 {
                found.mark(Field::TcpAnalysisAckLostSegment);
            }
            self.duplicates = -1;
        }
    }

    /// Marks a segment whose octets were seen before: one of four reasons.
    fn mark_repetition(
        &self,
        other: &Self,
        seen: &Seen,
        rtt: Option<Duration>,
        found: &mut Findings,
    ) {
        if seen.len == 0 && !seen.has_any(COUNTED) || found.has(Field::TcpAnalysisKeepAlive) {
            return;
        }
        let behind = seen.seq.wrapping_add(seen.len);
        if seen.len > 0 && other.ack != 0 && !is_after(behind, other.ack) {
            found.mark(Field::TcpAnalysisSpuriousRetransmission);
            return found.mark(Field::TcpAnalysisRetransmission);
        }
        // A segment behind a probe of a closed window brings the probe's octet again.
        let is_behind_probe = seen.len > 1 && self.next.wrapping_sub(1) == seen.seq;
        let is_known = self.next != 0 && is_after(self.next, seen.seq);
        if !is_known || is_behind_probe {
            return;
        }
        let asked_for = other.duplicates >= 2 && other.ack == seen.seq;
        if asked_for && seen.at - other.ack_at < FAST {
            found.mark(Field::TcpAnalysisFastRetransmission);
            return found.mark(Field::TcpAnalysisRetransmission);
        }
        let soon = rtt
            .filter(|it| *it != Duration::ZERO)
            .unwrap_or(OUT_OF_ORDER);
        if seen.at - self.next_at < soon && self.next != seen.end() {
            return found.mark(Field::TcpAnalysisOutOfOrder);
        }
        found.mark(Field::TcpAnalysisRetransmission);
        // Wireshark takes the oldest octets that are not acknowledged for those that come again.
        let oldest = self.unacked.first().map(|it| (it.at, it.frame));
        let (at, frame) = oldest.unwrap_or((self.next_at, self.next_frame));
        let waited = seen.at - at;
        found.timeout = (waited != Duration::ZERO).then_some((waited, frame));
    }

    /// Learns from a segment of this side.
    fn remember(&mut self, seen: &Seen, found: &Findings) {
        if found.has(Field::TcpAnalysisLostSegment) {
            self.is_counted = false;
        }
        let counts = seen.len > 0 || seen.has_any(COUNTED);
        let mut next = seen.seq.wrapping_add(seen.len);
        if counts && self.unacked.len() < UNACKED_MAX {
            next = seen.end();
            self.unacked.push(Unacked {
                frame: seen.frame,
                at: seen.at,
                seq: seen.seq,
                next,
            });
        }
        let is_window_probe = found.has(Field::TcpAnalysisZeroWindowProbe);
        if !is_window_probe && (self.next == 0 || is_after(next, self.next)) {
            self.next = next;
            self.next_frame = seen.frame;
            self.next_at = seen.at;
        }
        if !is_window_probe && (self.contiguous == 0 || seen.seq == self.contiguous) {
            self.contiguous = self.next;
        }
        self.window = seen.window;
        self.ack = seen.ack;
        self.ack_at = seen.at;
        self.was_keep_alive = found.has(Field::TcpAnalysisKeepAlive);
        self.was_window_probe = is_window_probe;
    }

    /// Forgets the segments of this side that are acknowledged.
    fn acknowledge(&mut self, seen: &Seen, found: &mut Findings) {
        let ack = seen.ack;
        let mut acks = None;
        self.unacked.retain_mut(|it| {
            if it.next == ack {
                acks.get_or_insert(*it);
                return false;
            }
            let is_whole = is_after(it.next, ack);
            if is_whole && is_after(ack, it.seq) {
                it.seq = ack;
            }
            is_whole
        });
        if acks.is_some() {
            found.is_there = true;
            found.acks = acks;
            found.at = Some(seen.at);
        }
    }

    /// Counts what this side has in flight, and what it sent since the last PSH.
    fn count_in_flight(&mut self, other: &Self, seen: &Seen, found: &mut Findings) {
        let Some(newest) = self.unacked.last() else {
            return;
        };
        if seen.len == 0 || !self.is_counted {
            return;
        }
        // Numbers are counted from the newest segment, so that they are ordered across their end.
        let distance = |number: u32| i64::from(number.wrapping_sub(newest.seq).cast_signed());
        let first = self.unacked.iter().map(|it| distance(it.seq)).min();
        let last = self.unacked.iter().map(|it| distance(it.next)).max();
        let in_flight = last.unwrap_or(0) - first.unwrap_or(0) - i64::from(other.sacked);
        let in_flight = u32::try_from(in_flight).unwrap_or(0);
        found.is_there = true;
        let counted = u32::from(seen.has_any(COUNTED));
        found.in_flight = in_flight.saturating_sub(counted);
        if self.has_pushed {
            self.pushed = 0;
        }
        self.pushed = self.pushed.wrapping_add(seen.len);
        self.has_pushed = seen.has_any(Flags::PSH);
        found.pushed = self.pushed;
    }
}

/// Whether a number is behind another, where they go over their end.
const fn is_after(number: u32, other: u32) -> bool {
    number.wrapping_sub(other).cast_signed() > 0
}
