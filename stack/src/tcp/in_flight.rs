//! The segments in the network: what was sent and not acknowledged, what of it the peer reports to
//! have, and what counts as lost (RFC 6675's scoreboard and pipe).

use std::collections::VecDeque;

use smoltcp::time::{Duration, Instant};

use super::congestion::Pipe;

/// SYN or FIN of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    None,
    Syn,
    Fin,
}

impl Control {
    /// The sequence numbers it occupies.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::None => 0,
            Self::Syn | Self::Fin => 1,
        }
    }
}

/// Whether a packet ends with a segment, as it was handed down: several segments may be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PacketEnd {
    No,
    Yes,
    /// And a record with it, so that nothing is ever sent together with it behind it.
    OfRecord,
}

impl PacketEnd {
    pub(crate) fn is_end(self) -> bool {
        self != Self::No
    }
}

/// A segment in the network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flying {
    pub(crate) start: i64,
    /// Behind the last sequence number it occupies, SYN and FIN included.
    pub(crate) end: i64,
    pub(crate) control: Control,
    pub(crate) push: bool,
    /// When it was last sent.
    pub(crate) sent_at: Instant,
    /// Where the burst ends that it was handed down with.
    pub(crate) burst_end: i64,
    /// Whether it was sent more than once.
    pub(crate) retransmitted: bool,
    /// Whether a repetition is on its way that is no probe.
    repeats: bool,
    /// Whether the first transmission is believed to be so as well: it does not count as lost any
    /// more.
    twice: bool,
    pub(crate) packet_end: PacketEnd,
    sacked: bool,
    /// It counts as lost and waits to be sent again.
    lost: bool,
}

impl Flying {
    /// A segment that is sent for the first time.
    pub(crate) fn new(
        start: i64,
        octets: usize,
        control: Control,
        push: bool,
        now: Instant,
    ) -> Self {
        let end = start + (octets + control.length()) as i64;
        Self {
            start,
            end,
            burst_end: end,
            control,
            push,
            sent_at: now,
            retransmitted: false,
            repeats: false,
            twice: false,
            packet_end: PacketEnd::No,
            sacked: false,
            lost: false,
        }
    }

    /// What it has was sent before, with a SYN: it measures nothing.
    pub(crate) fn count_as_again(&mut self) {
        self.retransmitted = true;
        self.repeats = true;
    }

    /// Octets of payload.
    pub(crate) fn payload(&self) -> usize {
        (self.end - self.start) as usize - self.control.length()
    }

    fn is_in_pipe(&self) -> bool {
        !self.lost && !self.sacked
    }

    /// How often it is on its way.
    fn copies(&self) -> usize {
        if self.is_in_pipe() {
            1 + usize::from(self.twice)
        } else {
            0
        }
    }
}

/// How what is in flight is cut into shorter segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Each by itself.
    Each,
    /// What lies beside each other as one.
    Together,
}

/// Segments of data that were not reported as arrived, joined with their neighbours.
fn joined(segments: VecDeque<Flying>) -> VecDeque<Flying> {
    let mut joined: VecDeque<Flying> = VecDeque::new();
    for segment in segments {
        match joined.back_mut() {
            Some(before)
                if before.control == Control::None && !before.sacked && !segment.sacked =>
            {
                before.end = segment.end;
                before.control = segment.control;
                before.push |= segment.push;
                before.packet_end = segment.packet_end;
                before.retransmitted |= segment.retransmitted;
            }
            Some(_) | None => joined.push_back(segment),
        }
    }
    joined
}

/// What an acknowledgment took out of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finished {
    /// How many segments were acknowledged to their ends that were not reported before.
    pub(crate) segments: usize,
    /// When the first and the last of them were sent, unless one of what was acknowledged was sent
    /// twice: Karn's algorithm (RFC 6298 section 3), such a segment measures nothing, and neither
    /// do those that waited behind it.
    pub(crate) sent_at: Option<(Instant, Instant)>,
    /// Whether one of them was sent twice.
    pub(crate) repeated: bool,
}

/// The segments in the network, in the order of the stream, and how much of them is on its way.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    segments: VecDeque<Flying>,
    pipe: Pipe,
    /// No segment before this place counts as lost: after a timeout all of them do and are sent
    /// again one by one.
    lost_begin: usize,
    /// How many segments were acknowledged, or reported before that.
    delivered: u64,
    /// How many count as lost now.
    lost_count: usize,
    /// How many are reported.
    reported: usize,
    /// How many packets end in them.
    packets: usize,
    /// How often a segment was taken for lost.
    losses: u64,
    /// How often one was that had been sent again.
    lost_again: u64,
    /// Behind the last octet that was sent more than once.
    again_end: i64,
}

impl InFlight {
    /// How many segments were acknowledged, or reported before that.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// The peer reports that so many have arrived twice.
    pub(crate) fn note_twice(&mut self, segments: usize) {
        self.delivered += segments as u64;
    }

    /// How many packets were handed down, as far as they are not acknowledged to their ends.
    pub(crate) fn packets(&self) -> usize {
        self.packets
    }

    /// How often a segment was taken for lost.
    pub(crate) fn losses(&self) -> u64 {
        self.losses
    }

    /// How often a segment was taken for lost that had been sent again.
    pub(crate) fn lost_again(&self) -> u64 {
        self.lost_again
    }

    /// Whether a repetition is on its way, or the segment that begins at `first`, the first of all,
    /// was ever sent again.
    pub(crate) fn has_repeated(&self, first: i64) -> bool {
        let was = |it: &Flying| it.retransmitted;
        self.again_end > first && (self.segments.front().is_some_and(was) || self.repeated() > 0)
    }

    /// How many segments between `left` and `right` were ever sent again.
    pub(crate) fn repeated_within(&self, left: i64, right: i64) -> usize {
        let within = |it: &&Flying| it.retransmitted && left <= it.start && it.end <= right;
        self.segments.iter().filter(within).count()
    }

    /// Nothing counts as lost any more: what was sent again is on its way twice.
    pub(crate) fn mark_none_lost(&mut self) {
        for segment in &mut self.segments {
            segment.lost = false;
            segment.twice = segment.repeats && !segment.sacked;
        }
        self.count();
    }

    /// Whether any counts as lost.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost_count > 0
    }

    /// How many segments were sent again and not acknowledged or reported since.
    pub(crate) fn repeated(&self) -> usize {
        let again = |it: &&Flying| it.repeats && it.is_in_pipe();
        self.segments.iter().filter(again).count()
    }

    /// How many segments count as lost, those that were sent again included.
    pub(crate) fn lost(&self) -> usize {
        let lost = |it: &&Flying| !it.sacked && (it.lost || it.repeats && !it.twice);
        self.segments.iter().filter(lost).count()
    }

    /// What is on its way: neither reported as arrived nor counted as lost.
    pub(crate) fn pipe(&self) -> Pipe {
        self.pipe
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How many segments there are, those that count as lost included.
    pub(crate) fn len(&self) -> usize {
        self.segments.len()
    }

    /// When the oldest of them was last sent.
    pub(crate) fn oldest_sent_at(&self) -> Option<Instant> {
        self.segments.front().map(|segment| segment.sent_at)
    }

    /// The last segment in the stream.
    pub(crate) fn last(&self) -> Option<&Flying> {
        self.segments.back()
    }

    /// The last segments, as one, that hold so much payload at most and are all on their way.
    pub(crate) fn tail(&self, payload: usize) -> Option<Flying> {
        let mut behind = self.segments.iter().rev();
        let mut tail = *behind.next()?;
        for segment in behind {
            let fits = segment.payload() + tail.payload() <= payload;
            if !fits || !segment.is_in_pipe() || segment.control != Control::None {
                break;
            }
            tail.start = segment.start;
            tail.push |= segment.push;
        }
        Some(tail)
    }

    /// Whether any of them has payload.
    pub(crate) fn has_payload(&self) -> bool {
        self.segments.iter().any(|segment| segment.payload() > 0)
    }

    /// The first segment that counts as lost.
    pub(crate) fn first_lost(&self) -> Option<&Flying> {
        let mut behind = self.segments.range(self.lost_begin..);
        behind.find(|segment| segment.lost)
    }

    /// The segments from a position on that count as lost, up to the first one that does not.
    pub(crate) fn lost_from(&self, position: i64) -> impl Iterator<Item = &Flying> {
        let segments = self.segments.range(self.place_of(position)..);
        segments.take_while(|segment| segment.lost)
    }

    /// The end of the segments that count as lost, were handed down together and follow each other
    /// from `start`, so many at most; none where it is one.
    pub(crate) fn lost_together(&self, start: i64, most: usize) -> Option<i64> {
        let mut segments = self.lost_from(start).take(most);
        let first = segments.next()?;
        let together = |it: &&Flying| it.burst_end == first.burst_end;
        segments.take_while(together).last().map(|it| it.end)
    }

    /// The place of the first segment that begins at a position or behind it.
    fn place_of(&self, position: i64) -> usize {
        self.segments
            .partition_point(|segment| segment.start < position)
    }

    /// A segment was sent for the first time.
    pub(crate) fn push(&mut self, segment: Flying) {
        self.enter_pipe(&segment);
        self.packets += usize::from(segment.packet_end.is_end());
        self.segments.push_back(segment);
    }

    /// The segments from `start` to `end` were sent again, as one; they stay together. What is a
    /// probe is no repetition.
    pub(crate) fn sent_again(&mut self, start: i64, end: i64, is_probe: bool, now: Instant) {
        let first = self.place_of(start);
        let Some(&(mut merged)) = self.segments.get(first).filter(|it| it.start == start) else {
            return;
        };
        self.leave_pipe(&merged);
        self.forget(&merged);
        while merged.end < end && first + 1 < self.segments.len() {
            let Some(next) = self.segments.remove(first + 1) else {
                break;
            };
            self.leave_pipe(&next);
            self.forget(&next);
            merged.end = next.end;
            merged.control = next.control;
            merged.push |= next.push;
            self.packets -= usize::from(merged.packet_end.is_end());
            merged.packet_end = next.packet_end;
        }
        merged.lost = false;
        merged.sacked = false;
        merged.retransmitted = true;
        merged.repeats |= !is_probe;
        merged.twice = false;
        merged.sent_at = now;
        self.enter_pipe(&merged);
        self.again_end = self.again_end.max(merged.end);
        self.segments[first] = merged;
        if first <= self.lost_begin {
            self.lost_begin = first + 1;
        }
    }

    /// Everything before `position` was acknowledged. `arrived` takes the segments of which nothing
    /// was known.
    pub(crate) fn on_acknowledged(
        &mut self,
        position: i64,
        mut arrived: impl FnMut(&Flying),
    ) -> Finished {
        let mut sent_at: Option<(Instant, Instant)> = None;
        let mut repeated = false;
        let mut segments = 0;
        while let Some(segment) = self.segments.pop_front_if(|it| it.end <= position) {
            self.lost_begin = self.lost_begin.saturating_sub(1);
            self.leave_pipe(&segment);
            self.forget(&segment);
            self.packets -= usize::from(segment.packet_end.is_end());
            repeated |= segment.retransmitted;
            if !segment.sacked {
                self.delivered += 1;
                segments += 1;
                arrived(&segment);
                let first = sent_at.map_or(segment.sent_at, |(first, _)| first);
                sent_at = Some((first, segment.sent_at));
            }
        }
        if let Some(front) = self.segments.front_mut()
            && front.start < position
        {
            self.pipe.octets -= front.copies() * (position - front.start) as usize;
            front.start = position;
        }
        Finished {
            segments,
            sent_at: sent_at.filter(|_| !repeated),
            repeated,
        }
    }

    /// The peer reports that it has blocks of the stream (RFC 2018). `arrived` takes the segments
    /// of which nothing was known. Returns whether there are any.
    pub(crate) fn on_reported(
        &mut self,
        blocks: impl Iterator<Item = (i64, i64)>,
        mut arrived: impl FnMut(&Flying),
    ) -> bool {
        let mut news = false;
        for (left, right) in blocks {
            for index in 0..self.segments.len() {
                let segment = self.segments[index];
                if !segment.sacked && left <= segment.start && segment.end <= right {
                    self.leave_pipe(&segment);
                    self.forget(&segment);
                    arrived(&segment);
                    let segment = &mut self.segments[index];
                    segment.sacked = true;
                    segment.lost = false;
                    self.delivered += 1;
                    self.reported += 1;
                    news = true;
                }
            }
        }
        news
    }

    /// RFC 6675 section 4: a segment is lost once `threshold` segments above it have arrived.
    /// Returns whether one was found.
    pub(crate) fn mark_overtaken(&mut self, threshold: usize) -> bool {
        let mut above = 0;
        let mut found = false;
        for index in (0..self.segments.len()).rev() {
            let segment = self.segments[index];
            if segment.sacked {
                above += 1;
            } else if above >= threshold && !segment.lost && !segment.retransmitted {
                self.leave_pipe(&segment);
                self.lose(index);
                found = true;
            }
        }
        found
    }

    /// How many segments were reported as arrived and are not acknowledged.
    pub(crate) fn reported(&self) -> usize {
        self.reported
    }

    /// What was sent before `latest`, a time and the end of a segment that has arrived, and is
    /// missing after so much patience counts as lost (RFC 8985 section 6.2 step 5). Returns how
    /// long the rest of it is waited for at most; none where there is no rest.
    pub(crate) fn mark_late(
        &mut self,
        latest: (Instant, i64),
        patience: Duration,
        now: Instant,
    ) -> Option<Duration> {
        let first = self.segments.front()?.start;
        // Nothing has overtaken anything.
        if self.reported == 0 && self.again_end <= first {
            return None;
        }
        let mut wait = None;
        for index in 0..self.segments.len() {
            let segment = self.segments[index];
            if !segment.is_in_pipe() || (segment.sent_at, segment.end) >= latest {
                continue;
            }
            let age = now - segment.sent_at;
            if age >= patience {
                self.leave_pipe(&segment);
                self.lose(index);
            } else {
                wait = wait.max(Some(patience - age));
            }
        }
        wait
    }

    /// The first segment that was not reported as arrived counts as lost.
    pub(crate) fn mark_first_lost(&mut self) {
        let missing = |segment: &Flying| !segment.sacked;
        let Some(index) = self.segments.iter().position(missing) else {
            return;
        };
        let segment = self.segments[index];
        if !segment.lost {
            self.leave_pipe(&segment);
            self.lose(index);
        }
    }

    fn lose(&mut self, place: usize) {
        let segment = &mut self.segments[place];
        segment.lost = true;
        segment.twice = false;
        self.lost_again += u64::from(std::mem::take(&mut segment.repeats));
        self.lost_count += 1;
        self.losses += 1;
        self.lost_begin = self.lost_begin.min(place);
    }

    /// The first segment that was not reported as arrived counts as lost where something behind it
    /// was, even if too little to be sure (RFC 6675 section 4, NextSeg rule 3), unless it is on its
    /// way again.
    pub(crate) fn mark_first_hole(&mut self) {
        let missing = |segment: &&Flying| !segment.sacked;
        let first = self.segments.iter().find(missing);
        let is_overtaken = self.segments.iter().any(|segment| segment.sacked);
        if is_overtaken && first.is_some_and(|first| !first.retransmitted) {
            self.mark_first_lost();
        }
    }

    /// Whether the peer reported the first segment, and has not acknowledged it: it has thrown it
    /// away (RFC 2018 section 8).
    pub(crate) fn is_taken_back(&self) -> bool {
        self.segments.front().is_some_and(|segment| segment.sacked)
    }

    /// Nothing counts as reported any more.
    pub(crate) fn forget_reports(&mut self) {
        for segment in &mut self.segments {
            segment.sacked = false;
        }
        self.count();
    }

    /// Everything that was not reported as arrived counts as lost, and the first segment even if it
    /// was. What was sent behind `since` may still arrive, and does not.
    pub(crate) fn mark_all_lost(&mut self, since: Instant) {
        self.lost_begin = 0;
        for place in 0..self.segments.len() {
            let segment = self.segments[place];
            let is_late = !segment.sacked && segment.sent_at <= since;
            // A segment that counts as lost stays so: from the second timeout on most do.
            if segment.lost || !is_late && place > 0 {
                continue;
            }
            self.leave_pipe(&segment);
            self.forget(&segment);
            self.lost_count += 1;
            self.losses += u64::from(is_late);
            let segment = &mut self.segments[place];
            segment.sacked = false;
            segment.lost = true;
            segment.repeats = false;
            segment.twice = false;
        }
    }

    /// Counts everything anew.
    fn count(&mut self) {
        self.pipe = Pipe::default();
        self.lost_begin = 0;
        self.lost_count = self.segments.iter().filter(|it| it.lost).count();
        self.reported = self.segments.iter().filter(|it| it.sacked).count();
        self.packets = self
            .segments
            .iter()
            .filter(|it| it.packet_end.is_end())
            .count();
        for place in 0..self.segments.len() {
            let segment = self.segments[place];
            self.enter_pipe(&segment);
        }
    }

    /// The most payload that one of them has.
    pub(crate) fn longest(&self) -> usize {
        self.segments.iter().map(Flying::payload).max().unwrap_or(0)
    }

    /// Cuts them into segments of so much payload, those with more alone or what lies beside each
    /// other as one.
    pub(crate) fn cut(&mut self, payload: usize, cut: Cut) {
        let mut whole = std::mem::take(&mut self.segments);
        if cut == Cut::Together {
            whole = joined(whole);
        }
        while let Some(mut segment) = whole.pop_front() {
            while segment.payload() > payload {
                let end = segment.start + payload as i64;
                self.segments.push_back(Flying {
                    end,
                    burst_end: end,
                    control: Control::None,
                    push: false,
                    packet_end: PacketEnd::No,
                    ..segment
                });
                segment.start = end;
            }
            segment.burst_end = segment.end;
            self.segments.push_back(segment);
        }
        self.count();
    }

    /// A segment is lost or reported no more.
    fn forget(&mut self, segment: &Flying) {
        self.lost_count -= usize::from(segment.lost);
        self.reported -= usize::from(segment.sacked);
    }

    fn enter_pipe(&mut self, segment: &Flying) {
        let copies = segment.copies();
        self.pipe.octets += copies * (segment.end - segment.start) as usize;
        self.pipe.segments += copies;
    }

    fn leave_pipe(&mut self, segment: &Flying) {
        let copies = segment.copies();
        self.pipe.octets -= copies * (segment.end - segment.start) as usize;
        self.pipe.segments -= copies;
    }

    /// What must hold after every step: what is in flight is what lies between SND.UNA and SND.NXT,
    /// without gaps, and the pipe is what of it is on its way.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self, unacknowledged: i64, next: i64) {
        let mut before = self.segments.iter().take(self.lost_begin);
        assert!(
            !before.any(|segment| segment.lost),
            "a lost segment is passed over"
        );
        let mut at = unacknowledged;
        let mut pipe = Pipe::default();
        for segment in &self.segments {
            assert_eq!(segment.start, at, "what is in flight has no gaps");
            assert!(
                segment.end > segment.start,
                "what is in flight is not empty"
            );
            at = segment.end;
            let copies = segment.copies();
            pipe.octets += copies * (segment.end - segment.start) as usize;
            pipe.segments += copies;
        }
        assert_eq!(at, next, "all that was sent is in flight or acknowledged");
        let lost = self.segments.iter().filter(|it| it.lost).count();
        assert_eq!(lost, self.lost_count, "what is lost is counted");
        let reported = self.segments.iter().filter(|it| it.sacked).count();
        assert_eq!(reported, self.reported, "what is reported is counted");
        let packets = self
            .segments
            .iter()
            .filter(|it| it.packet_end.is_end())
            .count();
        assert_eq!(packets, self.packets, "packets are counted");
        let [counted, kept] = [pipe, self.pipe].map(|pipe| (pipe.octets, pipe.segments));
        assert_eq!(counted, kept, "the pipe is what is on its way");
    }
}
