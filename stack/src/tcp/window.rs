//! Which window to advertise, by the profile's model of the receive buffer.
//!
//! The answer is how far the right edge may go; that it never goes left is the receive half's rule,
//! not a model's.

use std::collections::VecDeque;

use crate::memory;
use crate::profile::{BufferRounding, WindowEdge, WindowModel, WindowRules};

/// The part of a packet that stands before TCP's payload, in octets: IP and TCP headers without
/// options.
const HEADERS: usize = 40;

/// The receive buffer as a window model sees it.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    model: Model,
    rounding: BufferRounding,
    /// What the application asked for, before it was rounded.
    asked: usize,
    /// The same, rounded once the handshake has settled how long segments are.
    settled: usize,
    /// The largest payload that the peer may send, from which windows are rounded.
    mss: usize,
}

#[derive(Clone, Debug)]
enum Model {
    FreeSpace { capacity: usize, edge: WindowEdge },
    Memory(MemoryBuffer),
}

/// What a model needs to know to select a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    /// Octets queued and not read, those that wait for earlier ones included.
    pub(crate) queued: usize,
    /// The window in the last segment we sent, in octets.
    pub(crate) offered: usize,
    /// What is left of it: from what was accepted to the right edge.
    pub(crate) remaining: usize,
    /// The shift of the window field.
    pub(crate) shift: u8,
}

impl Buffer {
    /// The buffer of a connection whose socket asked for `octets` (none: the profile's default).
    pub(crate) fn new(rules: &WindowRules, octets: Option<usize>, mss: usize) -> Self {
        let model = match rules.model {
            WindowModel::FreeSpace => Model::FreeSpace {
                capacity: octets.unwrap_or(rules.receive_buffer),
                edge: rules.edge,
            },
            WindowModel::Memory => {
                let space = octets.map_or(rules.default_space, memory::space);
                Model::Memory(MemoryBuffer::new(space, rules.coalesces))
            }
        };
        let mut buffer = Self {
            model,
            rounding: rules.rounding,
            asked: 0,
            settled: 0,
            mss,
        };
        buffer.asked = buffer.capacity();
        buffer.settled = buffer.asked;
        buffer
    }

    /// The payload that fits while nothing is queued, before it was rounded.
    pub(crate) fn asked(&self) -> usize {
        self.asked
    }

    /// The payload that fits while nothing is queued.
    pub(crate) fn capacity(&self) -> usize {
        match &self.model {
            Model::FreeSpace { capacity, .. } => *capacity,
            Model::Memory(memory) => memory.full(),
        }
    }

    /// Changes the capacity, as a receive shutdown may.
    pub(crate) fn set_capacity(&mut self, octets: usize) {
        match &mut self.model {
            Model::FreeSpace { capacity, .. } => *capacity = octets,
            Model::Memory(memory) if octets == 0 => memory.space = 0,
            Model::Memory(_) => {}
        }
    }

    /// The payload that fits while nothing is queued, rounded to segments, whatever a receive
    /// shutdown has made of it since.
    pub(crate) fn settled(&self) -> usize {
        self.settled
    }

    /// The window of a SYN or SYN-ACK that shows `most` octets at most, before anything is known of
    /// scaling.
    pub(crate) fn initial(&mut self, most: usize) -> usize {
        let full = self.asked.min(usize::from(u16::MAX)).min(most);
        match &mut self.model {
            Model::FreeSpace { .. } => full,
            Model::Memory(memory) => {
                let window = if full > self.mss {
                    full - full % self.mss
                } else {
                    full
                };
                // tcp_init_buffer_space keeps a segment's worth back: later windows are smaller.
                let reserved = memory.full().saturating_sub(self.mss);
                memory.threshold = window.min(reserved.max(2 * self.mss));
                window
            }
        }
    }

    /// The handshake has settled that segments of the connection carry so many octets at most, and
    /// that options take so many of each segment.
    pub(crate) fn on_syn(&mut self, segment: usize, options: usize) {
        match &mut self.model {
            Model::FreeSpace { capacity, .. } => {
                *capacity = self.rounding.of(*capacity, segment, options);
                self.settled = *capacity;
            }
            Model::Memory(memory) => {
                memory.train = segment;
                self.mss = self.mss.saturating_sub(options).max(1);
            }
        }
    }

    /// New data was queued up to stream position `end`. Says whether the window may grow for it.
    /// `offered` is the window in the last segment we sent.
    pub(crate) fn on_queued(&mut self, octets: usize, end: i64, offered: usize) -> Growth {
        match &mut self.model {
            Model::FreeSpace { .. } => Growth::None,
            Model::Memory(memory) => memory.on_queued(octets, end, self.mss, offered),
        }
    }

    /// The application has read, or lost, everything up to stream position `read`.
    pub(crate) fn on_read(&mut self, read: i64) {
        if let Model::Memory(memory) = &mut self.model {
            memory.on_read(read);
        }
    }

    /// What had come beyond stream position `accepted` was thrown away.
    pub(crate) fn on_gaps_dropped(&mut self, accepted: i64) {
        if let Model::Memory(memory) = &mut self.model {
            memory.on_gaps_dropped(accepted);
        }
    }

    /// The window to offer now, in octets.
    #[inline]
    pub(crate) fn select(&self, situation: Situation) -> usize {
        match &self.model {
            Model::FreeSpace { capacity, edge } => {
                free_window(*edge, *capacity, self.mss, situation)
            }
            Model::Memory(memory) => memory.select(situation),
        }
    }

    /// Whether reading has opened the window far enough to tell the peer at once.
    pub(crate) fn update_is_due(&self, situation: Situation) -> bool {
        // What the field cannot show is no news.
        let most = usize::from(u16::MAX) << situation.shift;
        let selected = self.select(situation).min(most);
        match &self.model {
            Model::FreeSpace { capacity, .. } => {
                let useful = (2 * self.mss).min(capacity / 2).max(1);
                selected >= situation.remaining + useful
            }
            // Linux: __tcp_cleanup_rbuf tells the peer once the window has doubled.
            Model::Memory(memory) => {
                2 * situation.remaining <= memory.full()
                    && selected > 0
                    && selected >= 2 * situation.remaining
            }
        }
    }

    /// The largest segment seen so far, where the model measures it; else the announced one.
    pub(crate) fn segment_octets(&self) -> usize {
        match &self.model {
            Model::FreeSpace { .. } => self.mss,
            Model::Memory(memory) => memory.segment,
        }
    }
}

/// The window where payload is all that counts, of segments of so many octets.
fn free_window(edge: WindowEdge, capacity: usize, mss: usize, situation: Situation) -> usize {
    let free = capacity.saturating_sub(situation.queued);
    match edge {
        WindowEdge::WholeSegments => {
            let useful = mss.min(capacity / 2).max(1);
            if free >= situation.remaining && free < situation.remaining + useful {
                situation.remaining
            } else {
                free
            }
        }
        WindowEdge::FreeSpace if free < capacity / 4 && free < mss => 0,
        WindowEdge::FreeSpace => free,
    }
}

/// Whether packets that make good use of memory have let the window grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    Some,
    None,
}

/// Linux 6.18's accounting: each packet is charged with the memory it occupies, and a share of what
/// is free is offered; the share is what payload the largest packets so far had for their memory.
#[derive(Clone, Debug)]
struct MemoryBuffer {
    /// The buffer (sk_rcvbuf) in octets of memory.
    space: usize,
    /// The share of memory that is payload, in 256ths (scaling_ratio).
    ratio: usize,
    /// The largest segment seen (rcv_mss).
    segment: usize,
    /// How long the segments of a train are that the network card has put together.
    train: usize,
    /// What the window may grow to for now (rcv_ssthresh).
    threshold: usize,
    packets: VecDeque<Packet>,
    /// What all of them are charged.
    charged: usize,
    /// Whether a packet that follows another is joined to it.
    coalesces: bool,
}

#[derive(Clone, Copy, Debug)]
struct Packet {
    end: i64,
    charge: usize,
}

/// Linux assumes this until it has seen a larger segment (TCP_MSS_DEFAULT).
const DEFAULT_SEGMENT: usize = 536;
/// Half of the memory is payload until packets have been seen.
const DEFAULT_RATIO: usize = 128;
const RATIO_ONE: usize = 256;
/// Segments below this do not let the window grow.
const GROWTH_FLOOR: usize = 128;

impl MemoryBuffer {
    fn new(space: usize, coalesces: bool) -> Self {
        Self {
            space,
            ratio: DEFAULT_RATIO,
            segment: DEFAULT_SEGMENT,
            train: DEFAULT_SEGMENT,
            threshold: 0,
            packets: VecDeque::new(),
            charged: 0,
            coalesces,
        }
    }

    fn payload_of(&self, memory: usize) -> usize {
        memory * self.ratio / RATIO_ONE
    }

    fn full(&self) -> usize {
        self.payload_of(self.space)
    }

    fn free(&self) -> usize {
        self.payload_of(self.space.saturating_sub(self.charged))
    }

    fn on_queued(
        &mut self,
        octets: usize,
        end: i64,
        announced_mss: usize,
        offered: usize,
    ) -> Growth {
        let charge = memory::charge(octets + HEADERS);
        self.put(octets, end, charge);
        // Nobody sends segments longer than we announced: such a one is a train (gso_size).
        let segment = if octets > announced_mss {
            self.train
        } else {
            octets
        };
        if segment > self.segment {
            let before = self.full();
            self.ratio = (octets * RATIO_ONE / charge).max(1);
            self.segment = segment.min(announced_mss);
            if self.full() > before {
                // tcp_set_window_clamp, from tcp_measure_rcv_mss.
                self.threshold = self.threshold.max(offered.min(self.full()));
            }
        }
        if octets >= GROWTH_FLOOR {
            self.grow(octets, charge, announced_mss)
        } else {
            Growth::None
        }
    }

    fn put(&mut self, octets: usize, end: i64, charge: usize) {
        let place = self.packets.partition_point(|packet| packet.end <= end);
        let before = place.checked_sub(1).map(|before| &mut self.packets[before]);
        match before.filter(|before| before.end == end - octets as i64) {
            // Linux: tcp_try_coalesce takes the payload's pages and gives the rest back.
            Some(before) if self.coalesces => {
                before.end = end;
                before.charge += octets;
                self.charged += octets;
            }
            Some(_) | None => {
                self.packets.insert(place, Packet { end, charge });
                self.charged += charge;
            }
        }
    }

    fn on_read(&mut self, read: i64) {
        while let Some(&packet) = self.packets.front()
            && packet.end <= read
        {
            self.charged -= packet.charge;
            self.packets.pop_front();
        }
    }

    fn on_gaps_dropped(&mut self, accepted: i64) {
        while let Some(&packet) = self.packets.back()
            && packet.end > accepted
        {
            self.charged -= packet.charge;
            self.packets.pop_back();
        }
    }

    /// Lets the window grow where packets like this one make good use of memory (tcp_grow_window).
    fn grow(&mut self, octets: usize, charge: usize, announced_mss: usize) -> Growth {
        let room = self.full().min(self.free()).saturating_sub(self.threshold);
        if room == 0 || self.payload_of(charge) > octets {
            return Growth::None;
        }
        self.threshold += room.min((2 * announced_mss).max(2 * octets));
        Growth::Some
    }

    #[inline]
    fn select(&self, situation: Situation) -> usize {
        let full = self.full();
        let mut free = self.free();
        let segment = self.segment.min(full).max(1);
        if free < full / 2 {
            // Close to exhaustion the window goes to zero rather than to crumbs.
            free -= free % (1 << situation.shift);
            if free < full / 16 || free < segment {
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
        } else {
            offered
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn buffer(profile: &str, octets: Option<usize>) -> Buffer {
        Buffer::new(&Profile::built_in(profile).unwrap().window, octets, 1460)
    }

    #[test]
    fn initial_windows() {
        // Measured: 64,240 by default, 18,980 with SO_RCVBUF 20000, 2,920 with 4096.
        let rows = [
            ("linux", None, 64_240),
            ("linux", Some(20_000), 18_980),
            ("linux", Some(4_096), 2_920),
            ("freebsd", None, 65_535),
            ("winsock", Some(4_000), 4_000),
        ];
        for (profile, octets, expected) in rows {
            assert_eq!(
                buffer(profile, octets).initial(65_535),
                expected,
                "{profile} {octets:?}"
            );
        }
    }

    #[test]
    fn linux_counts_memory_and_not_payload() {
        let mut buffer = buffer("linux", None);
        let offered = buffer.initial(65_535);
        for segment in 1..=10 {
            buffer.on_queued(1000, 1 + segment * 1000, offered);
        }
        let situation = Situation {
            queued: 10_000,
            offered,
            remaining: 54_240,
            shift: 0,
        };
        // Measured: an emptied queue offers 56,000 after segments of 1000 octets.
        buffer.on_read(10_001);
        assert_eq!(buffer.select(situation), 56_000);
    }

    #[test]
    fn free_space_moves_by_useful_amounts() {
        let select = |edge, queued, remaining| {
            let situation = Situation {
                queued,
                offered: 8000,
                remaining,
                shift: 0,
            };
            free_window(edge, 8000, 1460, situation)
        };
        // What is queued, what is left of the window, and the window by either rule.
        let rows = [
            (0, 8000, 8000, 8000),
            (3000, 5000, 5000, 5000),
            // A thousand octets are not worth an update.
            (2000, 5000, 5000, 6000),
            (0, 5000, 8000, 8000),
            (9000, 0, 0, 0),
            // Less than a segment and than a quarter of the buffer is nothing.
            (7000, 0, 0, 0),
            (6500, 0, 1500, 1500),
        ];
        for (queued, remaining, by_segments, all) in rows {
            let windows = [WindowEdge::WholeSegments, WindowEdge::FreeSpace]
                .map(|edge| select(edge, queued, remaining));
            assert_eq!(windows, [by_segments, all], "{queued} {remaining}");
        }
    }

    #[test]
    fn an_update_that_the_field_cannot_show_is_not_due() {
        let buffer = buffer("freebsd", Some(1 << 20));
        let due = |shift| {
            buffer.update_is_due(Situation {
                queued: 0,
                offered: 65_535,
                remaining: 65_535,
                shift,
            })
        };
        assert_eq!((due(0), due(5)), (false, true));
    }
}
