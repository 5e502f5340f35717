//! A receive buffer that counts memory: each packet is charged with what it occupies, and a
//! share of what is free is offered. The share is half, or the payload that the largest packets
//! so far had for their memory.

use std::collections::VecDeque;

use smoltcp::time::{Duration, Instant};

use super::situation::{Admission, Arrival, Growth, Heard, Situation};
use super::tuning::{Faster, Tuning};
use crate::memory::{self, PAGE};
use crate::profile::{ReceiveTuning, WindowRules};

/// The part of a packet that stands before TCP's payload, in octets: IP and TCP headers without
/// options.
const HEADERS: usize = 40;
/// Linux assumes this until it has seen a larger segment (TCP_MSS_DEFAULT).
const DEFAULT_SEGMENT: usize = 536;
/// Half of the memory is payload until packets have been seen.
const DEFAULT_RATIO: usize = 128;
const RATIO_ONE: usize = 256;
/// Segments below this do not let the window grow (tcp_event_data_recv).
const GROWTH_FLOOR: usize = 128;
/// The least that the window is clamped to (tcp_set_window_clamp, half of SOCK_MIN_RCVBUF).
const LEAST_CLAMP: usize = 1152;

/// How many segments count as read in the round trip before the first (TCP_INIT_CWND).
const FIRST_SEGMENTS: usize = 10;
/// How many segments are added for small variations, where growth does not look at the queue.
const CUSHION: usize = 16;

#[derive(Clone, Debug)]
pub(super) struct MemoryBuffer {
    /// The buffer (sk_rcvbuf) in octets of memory.
    space: usize,
    /// What it may grow to (tcp_rmem).
    most: usize,
    /// Whether the application has set it, so that it does not grow (SOCK_RCVBUF_LOCK).
    is_set: bool,
    /// The share of memory that is payload, in 256ths (scaling_ratio).
    ratio: usize,
    /// The largest segment seen (rcv_mss).
    segment: usize,
    /// The length of the last segment that was shorter (last_seg_size).
    shorter: usize,
    /// The octets of a packet before its payload.
    headers: usize,
    /// The largest payload that the peer may send (advmss).
    announced: usize,
    /// The window of our SYN.
    first: usize,
    /// The most that the window is (window_clamp).
    clamp: usize,
    /// What the window may grow to for now (rcv_ssthresh).
    threshold: usize,
    packets: VecDeque<Packet>,
    /// What all of them are charged.
    charged: usize,
    /// Whether segments in order may be taken without a look at the buffer (pred_flags).
    fast: bool,
    /// Whether a packet that follows another is joined to it.
    coalesces: bool,
    /// Whether the share of payload is learnt.
    learns: bool,
    tuning: Tuning,
}

/// A packet in the queue, or several that share its memory.
#[derive(Clone, Copy, Debug)]
struct Packet {
    end: i64,
    octets: usize,
    charge: usize,
    /// How many octets more its memory holds.
    room: usize,
}

impl MemoryBuffer {
    pub(super) fn new(rules: &WindowRules, octets: Option<usize>) -> Self {
        Self {
            space: octets.map_or(rules.default_space, memory::space),
            most: rules.space_most,
            is_set: octets.is_some(),
            ratio: DEFAULT_RATIO,
            segment: DEFAULT_SEGMENT,
            shorter: 0,
            headers: HEADERS,
            announced: DEFAULT_SEGMENT,
            first: 0,
            clamp: 0,
            threshold: 0,
            packets: VecDeque::new(),
            charged: 0,
            fast: true,
            coalesces: rules.coalesces,
            learns: rules.learns_ratio,
            tuning: Tuning::new(rules.tuning),
        }
    }

    /// Our SYN shows a window, and says how long segments may be.
    pub(super) fn begin(&mut self, window: usize, announced: usize) {
        self.first = window;
        self.settle(announced);
    }

    /// The handshake has settled which part of each segment options take.
    pub(super) fn on_syn(&mut self, options: usize, announced: usize) {
        self.headers = HEADERS + options;
        self.settle(announced);
    }

    /// Keeps a segment's worth back, so that later windows are smaller (tcp_init_buffer_space).
    fn settle(&mut self, announced: usize) {
        self.announced = announced;
        let full = self.full();
        self.clamp = if full > 2 * announced {
            (full - announced).max(2 * announced)
        } else {
            full
        };
        self.threshold = self.first.min(self.clamp);
    }

    /// The handshake is finished while so much is offered (tcp_init_buffer_space).
    pub(super) fn open(&mut self, offered: usize, read: i64, now: Instant) {
        let most = self
            .threshold
            .min(offered)
            .min(FIRST_SEGMENTS * self.announced);
        self.tuning.begin(most, read, now);
    }

    /// Whether anything is measured for the growth of the buffer.
    pub(super) fn is_tuned(&self) -> bool {
        self.tuning.rule() != ReceiveTuning::Off
    }

    /// The round-trip time as the tuning has measured it; zero before.
    pub(super) fn round_trip(&self) -> Duration {
        self.tuning.round_trip()
    }

    /// A segment with data has come.
    pub(super) fn on_arriving(&mut self, heard: Heard, is_read: bool) {
        self.tuning.on_arriving(heard, self.segment, is_read);
    }

    /// What the system says of the buffer (SO_RCVBUF).
    pub(super) fn space(&self) -> usize {
        self.space
    }

    /// Nothing is taken any more.
    pub(super) fn close(&mut self) {
        self.space = 0;
    }

    /// The application has set the buffer: how far the window may go is another matter, and stays.
    pub(super) fn resize(&mut self, octets: usize) {
        self.space = memory::space(octets);
        self.is_set = true;
    }

    fn payload_of(&self, memory: usize) -> usize {
        memory * self.ratio / RATIO_ONE
    }

    pub(super) fn full(&self) -> usize {
        self.payload_of(self.space)
    }

    /// Whether so little is free that the peer had better not be asked for more (tcp_select_window
    /// ends quick acknowledgments).
    pub(super) fn is_cramped(&self) -> bool {
        self.free() < self.clamp.min(self.full()) / 2
    }

    /// The most that a window is.
    pub(super) fn most_offered(&self) -> usize {
        self.clamp
    }

    pub(super) fn segment(&self) -> usize {
        self.segment
    }

    fn free(&self) -> usize {
        self.payload_of(self.space.saturating_sub(self.charged))
    }

    /// Whether a segment is taken (tcp_rcv_established, tcp_try_rmem_schedule). What the connection
    /// has yet to send shares the pages of which a part is free; that part is not looked at here.
    pub(super) fn admit(&mut self, arrival: Arrival, read: i64, accepted: i64) -> Admission {
        let charge = memory::charge(self.headers + arrival.octets);
        let left_of_page = self.charged.next_multiple_of(PAGE) - self.charged;
        let is_fast = self.fast && arrival.in_order && !arrival.fin && arrival.octets > 0;
        if is_fast && charge <= left_of_page {
            return Admission::Granted;
        }
        if self.charged <= self.space {
            self.fast |= arrival.in_order && self.charged + charge < self.space;
            return Admission::Granted;
        }
        if !self.is_set {
            // tcp_clamp_window
            self.space = self.charged.min(self.most).max(self.space);
        }
        if self.charged > self.space {
            self.threshold = self.clamp.min(2 * self.announced);
            self.pack(read, accepted);
        }
        if self.charged <= self.space {
            return Admission::GrantedAfterPacking;
        }
        self.fast = false;
        Admission::Refused
    }

    /// Packs what is in order anew, from the first packet on that makes bad use of its memory
    /// (tcp_collapse).
    fn pack(&mut self, read: i64, accepted: i64) {
        let in_order = self.packets.partition_point(|it| it.end <= accepted);
        let is_bloated = |it: &Packet| {
            let start = it.end - it.octets as i64;
            self.payload_of(it.charge) > it.octets || start < read
        };
        let Some(first) = self.packets.range(..in_order).position(is_bloated) else {
            return;
        };
        let behind: Vec<_> = self.packets.drain(in_order..).collect();
        let old: Vec<_> = self.packets.drain(first..).collect();
        let start = { old.first() }.map_or(accepted, |it| (it.end - it.octets as i64).max(read));
        let end = old.last().map_or(start, |it| it.end);
        let mut place = start;
        while place < end {
            let octets = ((end - place) as usize).min(memory::PACKED_MOST);
            place += octets as i64;
            let memory = memory::packed(octets);
            self.packets.push_back(Packet {
                end: place,
                octets,
                charge: memory.charge,
                room: memory.room,
            });
        }
        self.packets.extend(behind);
        self.charged = self.packets.iter().map(|it| it.charge).sum();
    }

    pub(super) fn on_queued(
        &mut self,
        octets: usize,
        end: i64,
        (offered, accepted): (usize, i64),
    ) -> Growth {
        let charge = self.put(octets, end);
        self.measure(octets, charge, offered);
        if end <= accepted {
            self.tuning.on_accepted(accepted, offered);
        } else if self.tuning.rule() == ReceiveTuning::ByReadsAndQueue {
            // What waits behind a gap is no reason to drop more (tcp_data_queue_ofo).
            let ahead = self.packets.back().map_or(0, |it| it.end - accepted);
            self.fit(2 * self.tuning.most() + usize::try_from(ahead).unwrap_or(0));
        }
        // Behind a gap short segments let the window grow, too (tcp_data_queue_ofo).
        if octets >= GROWTH_FLOOR || end > accepted {
            self.grow(octets, charge)
        } else {
            Growth::None
        }
    }

    /// Looks how long segments are, and what share of their memory is payload
    /// (tcp_measure_rcv_mss). One that is longer than we announced counts as long as that.
    fn measure(&mut self, octets: usize, charge: usize, offered: usize) {
        let before = std::mem::take(&mut self.shorter);
        if octets < self.segment {
            // The kernel looks at segments below 536 too where they have no PSH.
            if octets >= DEFAULT_SEGMENT {
                self.shorter = octets;
                if octets == before {
                    self.segment = octets;
                }
            }
            return;
        }
        if octets == self.segment {
            return;
        }
        let ratio = (octets * RATIO_ONE / charge).max(1);
        self.segment = octets.min(self.announced);
        if self.learns && ratio != self.ratio {
            self.ratio = ratio;
            self.clamp_to(self.full(), offered);
        }
    }

    /// tcp_set_window_clamp
    fn clamp_to(&mut self, most: usize, offered: usize) {
        let most = most.max(LEAST_CLAMP);
        if most < self.clamp {
            self.threshold = self.threshold.min(most);
        } else if most > self.clamp {
            self.threshold = self.threshold.max(offered.min(most));
        }
        self.clamp = most;
    }

    /// Puts a packet into the queue; returns what it is charged by itself.
    fn put(&mut self, octets: usize, end: i64) -> usize {
        let memory = memory::of_packet(self.headers + octets);
        let place = self.packets.partition_point(|packet| packet.end <= end);
        let before = place.checked_sub(1).map(|before| &mut self.packets[before]);
        let follows = before.filter(|before| before.end == end - octets as i64);
        match follows {
            // Linux: skb_try_coalesce copies what finds room.
            Some(before) if octets <= before.room => {
                before.end = end;
                before.octets += octets;
                before.room -= octets;
            }
            // Linux: tcp_try_coalesce takes the payload's pages and gives the rest back.
            Some(before) if self.coalesces => {
                before.end = end;
                before.octets += octets;
                before.charge += octets;
                before.room = 0;
                self.charged += octets;
            }
            Some(_) | None => {
                let packet = Packet {
                    end,
                    octets,
                    charge: memory.charge,
                    room: memory.room,
                };
                self.packets.insert(place, packet);
                self.charged += memory.charge;
            }
        }
        memory.charge
    }

    /// The application has read up to `read` of what has come up to `accepted`, packet by packet.
    pub(super) fn on_read(&mut self, read: i64, accepted: i64) {
        let mut at = i64::MIN;
        while let Some(&packet) = self.packets.front()
            && packet.end <= read
        {
            self.charged -= packet.charge;
            self.packets.pop_front();
            at = packet.end;
            self.tune(at, accepted);
        }
        if at < read {
            self.tune(read, accepted);
        }
    }

    /// Lets the buffer grow where the application reads faster (tcp_rcvbuf_grow, and before 6.16
    /// tcp_rcv_space_adjust).
    fn tune(&mut self, read: i64, accepted: i64) {
        let Some(Faster { octets, before }) = self.tuning.on_read(read, accepted) else {
            return;
        };
        let steady = match self.tuning.rule() {
            ReceiveTuning::Off => return,
            ReceiveTuning::ByReads => 2 * octets + CUSHION * self.announced,
            ReceiveTuning::ByReadsAndQueue => 2 * octets,
        };
        // The sender may double its rate, and each measurement is one round trip late.
        let growth = 2 * (steady as u128 * (octets - before) as u128 / before as u128);
        let window = steady.saturating_add(usize::try_from(growth).unwrap_or(usize::MAX));
        if self.tuning.rule() == ReceiveTuning::ByReads {
            let mut each = memory::of_head(self.announced);
            each += self
                .announced
                .saturating_sub(self.payload_of(each))
                .div_ceil(64)
                * 128;
            self.grow_to((window / self.announced.max(1)).saturating_mul(each));
        } else {
            self.fit_with(window);
        }
    }

    /// Lets the buffer grow for a window of so many octets.
    fn fit(&mut self, window: usize) {
        if window > self.full() {
            self.fit_with(window);
        }
    }

    fn fit_with(&mut self, window: usize) {
        self.grow_to(window.saturating_mul(RATIO_ONE) / self.ratio);
    }

    fn grow_to(&mut self, space: usize) {
        let space = space.min(self.most);
        if space > self.space && !self.is_set {
            self.space = space;
            self.clamp = self.full();
        }
    }

    pub(super) fn on_gaps_dropped(&mut self, accepted: i64) {
        while let Some(&packet) = self.packets.back()
            && packet.end > accepted
        {
            self.charged -= packet.charge;
            self.packets.pop_back();
        }
    }

    /// Lets the window grow for a packet: fast where packets like it make good use of memory
    /// (tcp_grow_window, __tcp_grow_window).
    fn grow(&mut self, octets: usize, charge: usize) -> Growth {
        let room = self.clamp.min(self.free()).saturating_sub(self.threshold);
        if room == 0 {
            return Growth::None;
        }
        let step = if self.payload_of(charge) <= octets {
            2 * self.announced
        } else if self.is_worth_a_little(octets, charge) {
            2 * self.segment
        } else {
            return Growth::None;
        };
        self.threshold += room.min(step.max(2 * octets));
        Growth::Some
    }

    /// Whether a packet makes good use of memory for a window that is so small a part of what the
    /// buffer can grow to.
    fn is_worth_a_little(&self, octets: usize, charge: usize) -> bool {
        let mut memory = self.payload_of(charge) / 2;
        let mut window = self.payload_of(self.most) / 2;
        while self.threshold <= window {
            if memory <= octets {
                return true;
            }
            memory /= 2;
            window /= 2;
        }
        false
    }

    #[inline]
    pub(super) fn select(&self, situation: Situation) -> usize {
        let allowed = self.full();
        let full = self.clamp.min(allowed);
        let mut free = self.free();
        let segment = self.segment.min(full);
        if segment == 0 {
            return 0;
        }
        if free < full / 2 {
            // Close to exhaustion the window goes to zero rather than to crumbs.
            free -= free % (1 << situation.shift);
            if free < allowed / 16 || free < segment {
                return 0;
            }
        }
        free = free.min(self.threshold);
        if situation.shift > 0 {
            return free.next_multiple_of(1 << situation.shift);
        }
        let offered = situation.offered;
        if offered + segment <= free || offered > free {
            free - free % segment
        } else if segment == full && free > offered + full / 2 {
            free
        } else {
            offered
        }
    }
}
