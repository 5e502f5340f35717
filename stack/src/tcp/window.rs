//! Which window to advertise, by the profile's model of the receive buffer.
//!
//! The answer is how far the right edge may go; that it never goes left is the receive half's rule,
//! not a model's.

mod charged;
mod situation;
mod tuning;

use charged::MemoryBuffer;
pub(crate) use situation::{Admission, Arrival, Growth, Heard, Situation};

use smoltcp::time::{Duration, Instant};

use crate::profile::{BufferRounding, WindowEdge, WindowModel, WindowRules};

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

impl Buffer {
    /// The buffer of a connection whose socket asked for `octets` (none: the profile's default).
    pub(crate) fn new(rules: &WindowRules, octets: Option<usize>, mss: usize) -> Self {
        let model = match rules.model {
            WindowModel::FreeSpace => Model::FreeSpace {
                capacity: octets.unwrap_or(rules.receive_buffer),
                edge: rules.edge,
            },
            WindowModel::Memory => Model::Memory(MemoryBuffer::new(rules, octets)),
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
            Model::Memory(memory) if octets == 0 => memory.close(),
            Model::Memory(_) => {}
        }
    }

    /// The application has set the capacity of a connection that is open.
    pub(crate) fn resize(&mut self, octets: usize) {
        match &mut self.model {
            Model::FreeSpace { capacity, .. } => *capacity = octets,
            Model::Memory(memory) => memory.resize(octets),
        }
        self.asked = octets;
        self.settled = octets;
    }

    /// The payload that fits while nothing is queued, rounded to segments, whatever a receive
    /// shutdown has made of it since.
    pub(crate) fn settled(&self) -> usize {
        match &self.model {
            Model::FreeSpace { .. } => self.settled,
            Model::Memory(memory) => memory.space(),
        }
    }

    /// The handshake is finished while so much is offered and so much was read.
    pub(crate) fn open(&mut self, offered: usize, read: i64, now: Instant) {
        if let Model::Memory(memory) = &mut self.model {
            memory.open(offered, read, now);
        }
    }

    /// Whether anything is measured for the growth of the buffer.
    pub(crate) fn is_tuned(&self) -> bool {
        match &self.model {
            Model::FreeSpace { .. } => false,
            Model::Memory(memory) => memory.is_tuned(),
        }
    }

    /// The round-trip time as it was measured for the growth of the buffer; zero before.
    pub(crate) fn round_trip(&self) -> Duration {
        match &self.model {
            Model::FreeSpace { .. } => Duration::ZERO,
            Model::Memory(memory) => memory.round_trip(),
        }
    }

    /// A segment with data has come. `is_read`: everything before it was read.
    pub(crate) fn on_arriving(&mut self, heard: Heard, is_read: bool) {
        if let Model::Memory(memory) = &mut self.model {
            memory.on_arriving(heard, is_read);
        }
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
                memory.begin(window, self.mss);
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
                self.mss = self.mss.saturating_sub(options).max(1);
                memory.on_syn(options, self.mss);
            }
        }
    }

    /// Whether there is memory for a segment that has come. `read` is how far the application has
    /// read, `accepted` how far data was taken.
    #[inline]
    pub(crate) fn admit(&mut self, arrival: Arrival, read: i64, accepted: i64) -> Admission {
        match &mut self.model {
            Model::FreeSpace { .. } => Admission::Granted,
            Model::Memory(memory) => memory.admit(arrival, read, accepted),
        }
    }

    /// New data was queued up to stream position `end`. Says whether the window may grow for it.
    /// `offered` is the window in the last segment we sent, `accepted` how far data was taken.
    #[inline]
    pub(crate) fn on_queued(
        &mut self,
        octets: usize,
        end: i64,
        (offered, accepted): (usize, i64),
    ) -> Growth {
        match &mut self.model {
            Model::FreeSpace { .. } => Growth::None,
            Model::Memory(memory) => memory.on_queued(octets, end, (offered, accepted)),
        }
    }

    /// The application has read, or lost, everything up to stream position `read`, of what was
    /// taken up to `accepted`.
    #[inline]
    pub(crate) fn on_read(&mut self, read: i64, accepted: i64) {
        if let Model::Memory(memory) = &mut self.model {
            memory.on_read(read, accepted);
        }
    }

    /// What had come beyond stream position `accepted` was thrown away.
    pub(crate) fn on_gaps_dropped(&mut self, accepted: i64) {
        if let Model::Memory(memory) = &mut self.model {
            memory.on_gaps_dropped(accepted);
        }
    }

    /// Whether so little of it is free that acknowledgments are better not hurried.
    #[inline]
    pub(crate) fn is_cramped(&self) -> bool {
        match &self.model {
            Model::FreeSpace { .. } => false,
            Model::Memory(memory) => memory.is_cramped(),
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
                2 * situation.remaining <= memory.most_offered()
                    && selected > 0
                    && selected >= 2 * situation.remaining
            }
        }
    }

    /// The largest segment seen so far, where the model measures it; else the announced one.
    #[inline]
    pub(crate) fn segment_octets(&self) -> usize {
        match &self.model {
            Model::FreeSpace { .. } => self.mss,
            Model::Memory(memory) => memory.segment(),
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
            let end = 1 + segment * 1000;
            buffer.on_queued(1000, end, (offered, end));
        }
        let situation = Situation {
            queued: 10_000,
            offered,
            remaining: 54_240,
            shift: 0,
        };
        // Measured: an emptied queue offers 56,000 after segments of 1000 octets.
        buffer.on_read(10_001, 10_001);
        assert_eq!(buffer.select(situation), 56_000);
    }

    #[test]
    fn a_buffer_grows_with_what_is_read_in_a_round_trip() {
        // Measured: SO_RCVBUF while 10, 14, 18 ... segments come each 50 ms and are read at once.
        let expected = [
            131_072, 131_072, 131_072, 131_072, 147_244, 164_281, 181_779, 199_552,
        ];
        let mut buffer = buffer("linux", None);
        let offered = buffer.initial(65_535);
        buffer.on_syn(1448, 12);
        buffer.open(offered, 1, Instant::ZERO);
        let mut end = 1;
        let spaces = (0..8).map(|round: i64| {
            let mut first = 0;
            for place in 0..10 + 4 * round {
                let heard = Heard {
                    now: Instant::from_millis(1 + 50 * round),
                    octets: 1448,
                    echo: Some((round as u32 + 1, Duration::from_millis(50))),
                    tick: Duration::from_millis(1),
                };
                buffer.on_arriving(heard, true);
                end += 1448;
                buffer.on_queued(1448, end, (offered, end));
                buffer.on_read(end, end);
                if place == 0 {
                    first = buffer.settled();
                }
            }
            first
        });
        assert_eq!(spaces.collect::<Vec<_>>(), expected);
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
