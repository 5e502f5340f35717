//! The receive half: what was taken from the peer, what is acknowledged, and how far the peer may
//! send.
//!
//! `accepted` (how far data was taken), `acknowledged` (the ACK field) and `right_edge` (what we
//! advertised) are three numbers. In ordinary stacks the first two are equal. Where the
//! acknowledgment is withheld they part, and with them part what this side has from what the other
//! side knows.
//!
//! Stream positions are relative and never wrap: the peer's SYN is 0, its first octet 1.

mod agreed;
mod ahead;
mod growth;
mod reading;
mod taken;

use bytes::{Buf, Bytes};

use super::receive_queue::ReceiveQueue;
use super::receive_shutdown::{Disposition, Room};
use super::segment::SACK_BLOCKS;
use super::urgent::Urgent;
use super::window::{Admission, Arrival, Buffer, Growth, Situation};
use crate::profile::{
    AcceptableWindow, BehindFin, BeyondEdge, FieldRounding, OutOfMemory, WindowRules,
};
pub(crate) use agreed::{Agreed, First};
use ahead::Ahead;
pub(crate) use taken::Taken;

/// Whether the application still receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    /// It does.
    Open,
    /// It does not: the receive direction was shut down.
    Shut,
}

/// The receive half of a connection.
#[derive(Debug)]
pub(crate) struct Receiver {
    /// Accepted and not read, from `read` to `accepted`; what waits behind a gap stands behind its
    /// end.
    queue: ReceiveQueue,
    ahead: Ahead,
    buffer: Buffer,
    rules: WindowRules,
    /// Octets that have come since the second buffer was full, and take room until it is nearly
    /// empty.
    spilled: usize,
    /// How far the application has read, or lost what it had not.
    read: i64,
    /// How far data was taken (RCV.NXT, as far as memory is concerned).
    accepted: i64,
    /// The acknowledgment field of every segment we send (RCV.NXT, as far as the peer is told).
    acknowledged: i64,
    /// The first position that the peer may not send.
    right_edge: i64,
    /// The window in the last segment we sent.
    offered: usize,
    /// Whether there was no memory for a segment in the window, which is closed for it.
    out_of_memory: bool,
    /// Whether the right edge has ever gone left for want of memory.
    retracted: bool,
    /// The shift of our window field (Rcv.Wind.Shift).
    shift: u8,
    /// Where the peer's FIN stands, once a segment has shown it.
    fin: Option<i64>,
    ended: bool,
    reception: Reception,
    withholds: bool,
    /// What a receive shutdown has thrown away, in octets.
    discarded: usize,
    /// What still takes room although it was thrown away, in octets.
    charged: usize,
    /// Whether arriving data is kept at all.
    stores: bool,
    /// Whether data that is not kept is acknowledged although earlier data is missing.
    crosses: bool,
    /// Where segments began that came behind a gap: the last one of each stretch, the newest first,
    /// and no more than can be reported.
    recent: Vec<i64>,
    /// What has come although it was there, until an acknowledgment has reported it.
    duplicate: Option<(i64, i64)>,
    urgent: Urgent,
}

impl Receiver {
    /// A receive half before the peer's SYN. The buffer says what the first window is.
    pub(crate) fn new(mut buffer: Buffer, rules: WindowRules) -> Self {
        let offered = buffer.initial(rules.syn);
        Self {
            queue: ReceiveQueue::default(),
            ahead: Ahead::default(),
            buffer,
            rules,
            spilled: 0,
            read: 1,
            accepted: 0,
            acknowledged: 0,
            right_edge: 1 + offered as i64,
            offered,
            out_of_memory: false,
            retracted: false,
            shift: 0,
            fin: None,
            ended: false,
            reception: Reception::Open,
            withholds: false,
            discarded: 0,
            charged: 0,
            stores: true,
            crosses: false,
            recent: Vec::new(),
            duplicate: None,
            urgent: Urgent::default(),
        }
    }

    /// The peer's SYN has come, and says with ours what segments are like.
    pub(crate) fn on_syn(&mut self, agreed: Agreed, first: First) {
        self.buffer.on_syn(agreed.segment, agreed.options);
        if first == First::Theirs {
            // Our own SYN is yet to be sent, and its window knows of the options.
            self.offered = self.buffer.initial(self.rules.syn_ack);
            self.right_edge = 1 + self.offered as i64;
        }
        let shift = agreed.shift;
        self.accepted = 1;
        self.acknowledged = 1;
        self.shift = shift;
    }

    pub(crate) fn accepted(&self) -> i64 {
        self.accepted
    }

    pub(crate) fn acknowledged(&self) -> i64 {
        self.acknowledged
    }

    pub(crate) fn right_edge(&self) -> i64 {
        self.right_edge
    }

    /// The first position that a segment may not reach.
    pub(crate) fn acceptable_edge(&self, rule: AcceptableWindow) -> i64 {
        match rule {
            AcceptableWindow::Advertised => self.right_edge,
            AcceptableWindow::FreeSpace => {
                let free = self.buffer.select(self.situation());
                self.right_edge.max(self.accepted + free as i64)
            }
        }
    }

    /// Takes what reaches up to `edge`, although the peer was told of less.
    pub(crate) fn open_to(&mut self, edge: i64) {
        self.right_edge = self.right_edge.max(edge);
    }

    /// The shift of our window field (Rcv.Wind.Shift).
    pub(crate) fn shift(&self) -> u8 {
        self.shift
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.reception == Reception::Shut
    }

    /// Octets accepted and not acknowledged, those behind a gap included.
    pub(crate) fn held(&self) -> usize {
        if !self.withholds {
            return 0;
        }
        (self.accepted - self.acknowledged) as usize + self.out_of_order()
    }

    /// Octets that wait behind a gap.
    #[inline]
    pub(crate) fn out_of_order(&self) -> usize {
        if self.ahead.is_empty() {
            return 0;
        }
        self.ahead.stretches().map(|(start, end)| end - start).sum()
    }

    /// Whether nothing that has come waits for a read or for what goes before it.
    pub(crate) fn is_drained(&self) -> bool {
        self.queue.len() == 0 && self.ahead.is_empty()
    }

    /// Octets that were acknowledged and not read.
    pub(crate) fn unread(&self) -> usize {
        let in_order_held = if self.withholds {
            (self.accepted - self.acknowledged) as usize
        } else {
            0
        };
        self.queue.len() - in_order_held.min(self.queue.len())
    }

    /// Octets that a receive shutdown has thrown away.
    pub(crate) fn discarded(&self) -> usize {
        self.discarded
    }

    /// The window that the peer believes in, in octets.
    pub(crate) fn window(&self) -> usize {
        (self.right_edge - self.acknowledged).max(0) as usize
    }

    /// The payload that fits while nothing is queued.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// The payload that fits while nothing is queued, as the application has asked for it.
    pub(crate) fn asked(&self) -> usize {
        self.buffer.asked()
    }

    /// The window in the last segment we sent, in octets.
    pub(crate) fn offered(&self) -> usize {
        self.offered
    }

    /// The largest segment the peer has sent, or may send, for acknowledging every second one.
    pub(crate) fn segment_octets(&self) -> usize {
        self.buffer.segment_octets()
    }

    /// The stretches that have come behind a gap, those that grew last in front (RFC 2018 section
    /// 4). None where acknowledgments are withheld: a SACK block is an acknowledgment in all but
    /// name.
    ///
    /// `with_fin`: the peer's FIN is one of them, or the end of one.
    #[cold]
    pub(crate) fn stretches(&self, with_fin: bool) -> Vec<(i64, i64)> {
        let fin = self.fin.filter(|&fin| with_fin && fin > self.accepted);
        if self.withholds || self.ahead.is_empty() && fin.is_none() {
            return Vec::new();
        }
        let base = self.accepted;
        let ahead = self.ahead.stretches();
        let mut stretches: Vec<_> = ahead
            .map(|(start, end)| (base + start as i64, base + end as i64))
            .collect();
        if let Some(fin) = fin {
            match stretches.last_mut().filter(|(_, end)| *end == fin) {
                Some((_, end)) => *end += 1,
                None => stretches.push((fin, fin + 1)),
            }
        }
        let age = |&(start, end): &(i64, i64)| {
            let mut recent = self.recent.iter();
            let place = recent.position(|&it| start <= it && it < end);
            place.unwrap_or(usize::MAX)
        };
        stretches.sort_by_key(age);
        stretches
    }

    /// Notes that a segment has come that begins at `first`.
    fn note_recent(&mut self, first: i64) {
        let accepted = self.accepted;
        if first <= accepted {
            return;
        }
        let mut ahead = self.ahead.stretches();
        let grown = ahead.find_map(|(start, end)| {
            let stretch = accepted + start as i64..accepted + end as i64;
            stretch.contains(&first).then_some(stretch)
        });
        let Some(grown) = grown else {
            return;
        };
        self.recent
            .retain(|it| *it > accepted && !grown.contains(it));
        self.recent.insert(0, first);
        self.recent.truncate(SACK_BLOCKS);
    }

    /// Notes what of a segment's payload was there already: the first stretch of it (RFC 2883
    /// section 4).
    #[cold]
    pub(crate) fn note_duplicate(&mut self, start: i64, end: i64) {
        let base = self.accepted;
        let before = (start, end.min(base));
        let mut behind = self.ahead.stretches().map(|(left, right)| {
            let (left, right) = (base + left as i64, base + right as i64);
            (start.max(left), end.min(right))
        });
        let first = if before.0 < before.1 {
            Some(before)
        } else {
            behind.find(|(left, right)| left < right)
        };
        if first.is_some() {
            self.duplicate = first;
        }
    }

    /// Whether there is a duplicate to report.
    pub(crate) fn has_duplicate(&self) -> bool {
        self.duplicate.is_some()
    }

    /// Whether a SACK option may have something to say.
    #[inline]
    pub(crate) fn has_reports(&self) -> bool {
        self.duplicate.is_some() || !self.ahead.is_empty() || self.fin.is_some()
    }

    /// What is to be reported as a duplicate, once.
    pub(crate) fn take_duplicate(&mut self) -> Option<(i64, i64)> {
        self.duplicate.take().filter(|_| !self.withholds)
    }

    /// Applies a disposition to a segment's payload, which begins at `start`, and to its FIN.
    #[inline(always)]
    pub(crate) fn take(
        &mut self,
        start: i64,
        mut payload: Bytes,
        fin: bool,
        disposition: Disposition,
    ) -> Taken {
        let mut taken = Taken::default();
        let end = start + payload.len() as i64;
        if !fin && disposition == Disposition::Deliver && self.is_plainly_next(start, end) {
            let octets = payload.len();
            if self.admits(start, octets, false, &mut taken) {
                self.insert(start, payload, disposition, &mut taken);
            } else {
                taken.refused = octets;
            }
            self.acknowledged = self.accepted;
            return taken;
        }
        self.urgent.on_payload(start, &payload);
        if disposition == Disposition::Discard {
            self.stores = false;
        }
        if start < self.accepted || !self.ahead.is_empty() {
            self.note_duplicate(start, end);
        }
        // Nothing stands behind a FIN, whatever a peer says that contradicts itself.
        let within = self.fin.map_or(end, |fin| end.min(fin));
        let (first, last) = self.fitting(start, within, &mut taken);
        let new = (last - first).max(0) as usize;
        if !payload.is_empty() && new == 0 && taken.refused == 0 {
            taken.repeated = true;
        }
        let had_gap = !self.ahead.is_empty();
        let is_closed = end == self.accepted && self.right_edge == end;
        taken.fin_refused = fin && is_closed && !self.rules.closed_takes_fin && !self.ended;
        if new > 0 && self.crosses && disposition == Disposition::Discard {
            self.accepted = self.accepted.max(first);
        }
        if new > 0 {
            payload.truncate((last - start) as usize);
            payload.advance((first - start) as usize);
            if self.admits(first, payload.len(), fin, &mut taken) {
                self.insert(first, payload, disposition, &mut taken);
            } else {
                taken.refused += new;
            }
        } else if fin && end == self.accepted && self.fin.is_none() && !taken.fin_refused {
            // A FIN is taken whatever memory there is.
            self.admits(end, 0, fin, &mut taken);
        }
        let takes_fin = fin && !taken.fin_refused && taken.refused == 0;
        if takes_fin && self.fin.is_none() && self.furthest() <= end {
            self.fin = Some(end);
        }
        taken.gap = !self.ahead.is_empty() || self.fin.is_some_and(|fin| fin > self.accepted);
        taken.filled = had_gap && new > 0 && self.ahead.is_empty();
        self.end_at_fin(&mut taken);
        if !self.withholds {
            self.acknowledged = self.accepted;
        }
        taken.exhausted = taken.held > 0 && self.accepted == self.right_edge;
        taken
    }

    /// Whether these are the next octets, and nothing else is to be minded: most segments are so.
    fn is_plainly_next(&self, start: i64, end: i64) -> bool {
        start == self.accepted
            && start < end
            && end <= self.right_edge
            && self.fin.is_none()
            && self.ahead.is_empty()
            && self.stores
            && !self.withholds
            && !self.urgent.is_awaited()
    }

    /// Whether there is memory for new octets. What waits behind a gap makes room for what is next,
    /// and an empty queue takes a segment whatever there is (Linux: tcp_data_queue).
    #[inline(always)]
    fn admits(&mut self, first: i64, octets: usize, fin: bool, taken: &mut Taken) -> bool {
        if !self.stores {
            return true;
        }
        let is_next = first == self.accepted;
        let arrival = Arrival {
            octets,
            in_order: is_next && self.ahead.is_empty(),
            fin,
        };
        let mut admission = self.buffer.admit(arrival, self.read, self.accepted);
        if admission == Admission::Refused && is_next && !self.ahead.is_empty() {
            // Linux: tcp_prune_ofo_queue drops the last ones first, and stops when it is enough.
            self.drop_gaps();
            admission = self.buffer.admit(arrival, self.read, self.accepted);
        }
        taken.packed |= admission != Admission::Granted;
        let refused = admission == Admission::Refused;
        taken.forgotten = refused && self.rules.out_of_memory == OutOfMemory::Silence;
        taken.out_of_memory = refused && is_next && !self.withholds && !taken.forgotten;
        self.out_of_memory |= taken.out_of_memory;
        !refused || is_next && self.queue.len() == 0
    }

    /// The part of a segment that is new and has room. Counts what has none.
    fn fitting(&mut self, start: i64, end: i64, taken: &mut Taken) -> (i64, i64) {
        let first = start.max(self.accepted);
        if end <= self.right_edge {
            return (first, end);
        }
        match self.rules.beyond_edge {
            BeyondEdge::Trim => {
                taken.refused = (end - first.max(self.right_edge)) as usize;
                (first, self.right_edge)
            }
            BeyondEdge::Whole if first < self.right_edge => {
                self.right_edge = end;
                (first, end)
            }
            BeyondEdge::Whole => {
                taken.refused = (end - first) as usize;
                (first, first)
            }
            BeyondEdge::RefuseUnlessEmpty => {
                let room = self.right_edge > self.accepted;
                if room && self.queue.len() == 0 && start <= self.accepted && !self.withholds {
                    self.right_edge = end;
                    return (first, end);
                }
                taken.refused = (end - first) as usize;
                (first, first)
            }
        }
    }

    /// Behind the last octet that was taken, in order or not.
    fn furthest(&self) -> i64 {
        let ahead = self.ahead.stretches().map(|(_, end)| end).max();
        self.accepted + ahead.unwrap_or(0) as i64
    }

    fn insert(&mut self, first: i64, payload: Bytes, disposition: Disposition, taken: &mut Taken) {
        let offset = (first - self.accepted) as usize;
        let in_order = offset == 0 && self.ahead.is_empty();
        let before = self.out_of_order();
        // The count of stretches is bounded; a segment that would make one too many is refused and
        // comes again.
        let end = first + payload.len() as i64;
        let contiguous = if in_order {
            payload.len()
        } else {
            let Some(contiguous) = self.ahead.add(offset, payload.len()) else {
                taken.refused += payload.len();
                return;
            };
            contiguous
        };
        if self.stores && in_order {
            self.queue.push(payload);
        } else if self.stores {
            self.queue.keep_ahead(offset, payload);
            self.queue.close_gap(contiguous);
        }
        self.accepted += contiguous as i64;
        if self.rules.second_buffer_low > 0 && self.queue.len() >= self.rules.second_buffer {
            self.spilled += contiguous;
        }
        self.note_recent(first);
        if !self.stores {
            self.read = self.accepted;
        }
        let new = if in_order {
            contiguous
        } else {
            contiguous + self.out_of_order() - before
        };
        taken.repeated = new == 0;
        taken.in_order = contiguous > 0;
        taken.grew = self
            .buffer
            .on_queued(new, end, (self.offered, self.accepted))
            == Growth::Some;
        if !self.stores {
            self.buffer.on_read(self.accepted, self.accepted);
        }
        match disposition {
            Disposition::Hold => taken.held = new,
            Disposition::Discard => taken.discarded = new,
            Disposition::Deliver | Disposition::Reset => taken.accepted = new,
        }
    }

    fn end_at_fin(&mut self, taken: &mut Taken) {
        if self.ended || self.fin != Some(self.accepted) {
            return;
        }
        let held = if self.withholds {
            (self.accepted - self.acknowledged) as usize
        } else {
            0
        };
        match super::receive_shutdown::on_fin(held) {
            super::receive_shutdown::OnFin::Accept => {
                self.ended = true;
                self.accepted += 1;
                self.acknowledged = self.accepted;
                self.right_edge = self.right_edge.max(self.accepted);
                taken.ended = true;
            }
            super::receive_shutdown::OnFin::Ignore => taken.fin_ignored = true,
        }
    }

    /// Shuts the receive direction, for which `discarded` octets were thrown away. From now on the
    /// acknowledgment stands still where `withholds` says so.
    pub(crate) fn shut(&mut self, withholds: bool, discarded: usize, room: Room) {
        self.reception = Reception::Shut;
        self.withholds = withholds && !self.ended;
        self.discarded = discarded;
        self.charged = room.charged;
        self.buffer.set_capacity(room.capacity);
    }

    /// Whether the right edge has ever gone left for want of memory.
    #[cfg(debug_assertions)]
    pub(crate) fn has_retracted(&self) -> bool {
        self.retracted
    }

    /// From now on data is acknowledged although earlier data is missing, where it is thrown away.
    pub(crate) fn cross_gaps(&mut self) {
        self.drop_gaps();
        self.crosses = true;
    }

    /// Throws away what waits behind a gap; returns how many octets that were.
    #[cold]
    pub(crate) fn drop_gaps(&mut self) -> usize {
        let lost = self.out_of_order();
        self.ahead = Ahead::default();
        self.queue.drop_ahead();
        self.buffer.on_gaps_dropped(self.accepted);
        self.recent.clear();
        if !self.ended {
            self.fin = None;
        }
        lost
    }

    /// Whether the peer should be told of the window now that octets were read.
    pub(crate) fn update_is_due(&self) -> bool {
        !self.withholds && self.buffer.update_is_due(self.situation())
    }

    /// Whether the window would not be smaller than the last one offered.
    pub(crate) fn window_keeps_up(&self) -> bool {
        self.buffer.select(self.situation()) >= self.offered
    }

    /// Selects the window for a segment that is about to be sent and returns its field. Moves the
    /// right edge, never left unless there was no memory for what the window had promised (Linux:
    /// ICSK_ACK_NOMEM in tcp_select_window).
    #[inline(always)]
    pub(crate) fn advertise(&mut self) -> u16 {
        if self.out_of_memory {
            return self.retract();
        }
        let frozen = self.ended && self.rules.behind_fin == BehindFin::Frozen;
        if self.withholds || frozen {
            // Only what the shift would cut off is added, once (RFC 7323 section 2.4).
            let window = in_units(self.window(), self.shift);
            self.right_edge = self.acknowledged + window as i64;
            return self.field();
        }
        let remaining = (self.right_edge - self.accepted).max(0) as usize;
        let selected = self.buffer.select(self.situation());
        let most = usize::from(u16::MAX) << self.shift;
        // RFC 7323 section 2.4: the shift drops bits; rounding what is left up keeps the edge where
        // it was.
        let least = in_units(remaining, self.shift);
        let window = match self.rules.field {
            _ if selected <= remaining => least,
            FieldRounding::Down => (selected >> self.shift << self.shift).max(least),
            FieldRounding::Up => in_units(selected, self.shift),
        };
        let window = window.min(most.max(remaining));
        self.right_edge = self.right_edge.max(self.accepted + window as i64);
        self.offered = window;
        self.field()
    }

    /// Takes back what the window has promised: there was no memory for it.
    #[cold]
    fn retract(&mut self) -> u16 {
        self.out_of_memory = false;
        self.retracted = true;
        self.right_edge = self.accepted;
        self.offered = 0;
        0
    }

    /// The window field of a segment that does not select a window.
    pub(crate) fn field(&self) -> u16 {
        (self.window() >> self.shift).min(usize::from(u16::MAX)) as u16
    }

    /// The whole buffer as a window field.
    pub(crate) fn buffer_field(&self) -> u16 {
        (self.buffer.capacity() >> self.shift).min(usize::from(u16::MAX)) as u16
    }

    /// The window field of a SYN, which is never scaled (RFC 7323 section 2.2).
    pub(crate) fn syn_field(&self) -> u16 {
        self.offered.min(usize::from(u16::MAX)) as u16
    }

    /// What waits behind a gap, as far as it takes room.
    fn waiting(&self) -> usize {
        if self.rules.gaps_take_room {
            self.out_of_order()
        } else {
            0
        }
    }

    fn situation(&self) -> Situation {
        let in_buffer = if self.rules.second_buffer_low > 0 {
            self.spilled
        } else {
            self.queue.len().saturating_sub(self.rules.second_buffer)
        };
        Situation {
            queued: in_buffer + self.waiting() + self.charged,
            offered: self.offered,
            remaining: (self.right_edge - self.accepted).max(0) as usize,
            shift: self.shift,
        }
    }

    /// What must hold after every step: nothing is acknowledged that was not accepted, nothing
    /// accepted that was not offered, and the queue holds what was accepted and not read.
    #[cfg(debug_assertions)]
    pub(crate) fn check(&self) {
        let (accepted, right_edge) = (self.accepted, self.right_edge);
        assert!(
            self.acknowledged <= accepted,
            "acknowledged {} beyond accepted {accepted}",
            self.acknowledged
        );
        assert!(
            self.withholds || self.acknowledged == accepted,
            "only a receiver that withholds accepts without acknowledging"
        );
        assert!(
            accepted <= right_edge,
            "accepted {accepted} beyond the right edge {right_edge}"
        );
        assert!(
            self.furthest() <= right_edge,
            "data behind a gap beyond the right edge"
        );
        let ends_at_fin = self
            .fin
            .is_none_or(|fin| self.furthest() <= fin + i64::from(self.ended));
        assert!(ends_at_fin, "data behind the FIN");
        if accepted > 0 && self.stores {
            assert_eq!(
                self.read + self.queue.len() as i64,
                accepted - i64::from(self.ended),
                "the queue holds what was accepted and not read"
            );
        }
    }
}

/// A window rounded up to what its field can say (Rcv.Wind.Shift).
fn in_units(octets: usize, shift: u8) -> usize {
    (octets + (1 << shift) - 1) >> shift << shift
}
