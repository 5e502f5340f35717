//! The schedule: frames in transit and the next timer of each host, in the order in which they are
//! due.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};

use smoltcp::time::Instant;

use crate::event::FrameId;
use crate::frame::Frame;
use crate::network::HostId;
use crate::socket::SocketId;
use crate::storm::Chain;

/// The earlier one of two times, of which neither need be.
#[inline]
pub(crate) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A frame on its way.
#[derive(Debug)]
pub(crate) struct Arrival {
    at: Instant,
    serial: u64,
    pub(crate) to: HostId,
    pub(crate) id: FrameId,
    pub(crate) chain: Chain,
    pub(crate) frame: Frame,
    /// The octets of the frame. They are here so that the frame itself, on its way, is not touched.
    octets: usize,
}

impl Arrival {
    fn place(&self) -> (Instant, u64) {
        (self.at, self.serial)
    }
}

impl PartialEq for Arrival {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Arrival {}

impl PartialOrd for Arrival {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Arrival {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

/// The frames on their way, in the order of their arrival and then of their scheduling.
///
/// Most frames arrive behind all that are already on their way, and a queue is enough for them. The
/// others, which overtake something, stand in a heap.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    /// In order.
    behind: VecDeque<Arrival>,
    overtaking: BinaryHeap<Reverse<Arrival>>,
    serial: u64,
    /// The octets of all of them.
    octets: usize,
}

impl Arrivals {
    #[inline(always)]
    pub(crate) fn push(
        &mut self,
        at: Instant,
        to: HostId,
        id: FrameId,
        chain: Chain,
        frame: Frame,
    ) {
        self.serial += 1;
        let octets = frame.len();
        self.octets += octets;
        let arrival = Arrival {
            at,
            serial: self.serial,
            to,
            id,
            chain,
            frame,
            octets,
        };
        if self.behind.back().is_none_or(|last| last.at <= at) {
            self.behind.push_back(arrival);
        } else {
            self.overtaking.push(Reverse(arrival));
        }
    }

    /// When the next frame arrives.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.next().map(|arrival| arrival.at)
    }

    /// The octets of all frames on their way.
    pub(crate) fn octets(&self) -> usize {
        self.octets
    }

    /// The frame on its way that was sent first.
    pub(crate) fn oldest(&self) -> Option<FrameId> {
        let overtaking = self.overtaking.iter().map(|Reverse(arrival)| arrival.id);
        let behind = self.behind.iter().map(|arrival| arrival.id);
        behind.chain(overtaking).min()
    }

    #[inline(always)]
    pub(crate) fn pop(&mut self) -> Option<Arrival> {
        if !self.overtaking_is_next() {
            return self.pop_front();
        }
        let Reverse(arrival) = self.overtaking.pop()?;
        self.octets -= arrival.octets;
        Some(arrival)
    }

    /// Takes the next frame for a host that arrives at `now`, before what arrives for others then.
    pub(crate) fn pop_for(&mut self, to: HostId, now: Instant) -> Option<Arrival> {
        let overtaking = self.overtaking.peek();
        if overtaking.is_some_and(|Reverse(overtaking)| overtaking.at <= now) {
            // What has overtaken something keeps its place among all others.
            let next = self.next()?;
            return (next.at == now && next.to == to).then(|| self.pop())?;
        }
        let front = self.behind.front()?;
        if front.at != now {
            return None;
        }
        if front.to == to {
            return self.pop_front();
        }
        let mut arriving = self.behind.iter().take_while(|arrival| arrival.at == now);
        let place = arriving.position(|arrival| arrival.to == to)?;
        let arrival = self.behind.remove(place)?;
        self.octets -= arrival.octets;
        Some(arrival)
    }

    #[inline(always)]
    fn pop_front(&mut self) -> Option<Arrival> {
        let arrival = self.behind.pop_front()?;
        self.octets -= arrival.octets;
        Some(arrival)
    }

    fn next(&self) -> Option<&Arrival> {
        if self.overtaking_is_next() {
            self.overtaking.peek().map(|Reverse(arrival)| arrival)
        } else {
            self.behind.front()
        }
    }

    fn overtaking_is_next(&self) -> bool {
        let Some(Reverse(overtaking)) = self.overtaking.peek() else {
            return false;
        };
        let behind = self.behind.front();
        behind.is_none_or(|behind| overtaking < behind)
    }
}

/// When each host is next due: a tournament, in which the winner of two neighbours plays the next
/// round. A change costs one match a round, and the winner of all is known at once.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// The final first; the matches of round `n` begin at place `2^n`; the hosts are the last
    /// round.
    matches: Vec<(Instant, HostId)>,
}

/// Who wins where nobody is due.
const NOBODY: (Instant, HostId) = (Instant::from_micros_const(i64::MAX), HostId(usize::MAX));

impl Deadlines {
    /// The host that is due first, and when; of several the one that was added first.
    pub(crate) fn next(&self) -> Option<(Instant, HostId)> {
        self.matches.get(1).copied().filter(|&it| it != NOBODY)
    }

    /// Sets when a host is due.
    pub(crate) fn set(&mut self, host: HostId, at: Option<Instant>) {
        if host.0 >= self.matches.len() / 2 {
            self.grow(host.0 + 1);
        }
        let entrant = at.map_or(NOBODY, |at| (at, host));
        let mut place = self.matches.len() / 2 + host.0;
        if self.matches[place] == entrant {
            return;
        }
        self.matches[place] = entrant;
        while place > 1 {
            place /= 2;
            let winner = self.matches[2 * place].min(self.matches[2 * place + 1]);
            if self.matches[place] == winner {
                return;
            }
            self.matches[place] = winner;
        }
    }

    fn grow(&mut self, hosts: usize) {
        let before = self.matches.len() / 2;
        let entrants = self.matches.split_off(before);
        self.matches = vec![NOBODY; 2 * hosts.next_power_of_two()];
        for (at, host) in entrants.into_iter().filter(|&it| it != NOBODY) {
            self.set(host, Some(at));
        }
    }
}

/// When each connection of a host is next due.
///
/// A timer that is stopped or moved, as most are before they expire, is left where it stands and
/// passed over when its turn comes: the connection knows when it is due. What is first is never
/// out of date.
#[derive(Debug, Default)]
pub(crate) struct Timetable {
    heap: BinaryHeap<Reverse<(Instant, SocketId)>>,
    /// How many places may be taken before those that are out of date are cleared.
    enough: usize,
}

/// Places that are never worth clearing.
const PLACES_LEAST: usize = 64;

impl Timetable {
    /// When something is due first.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// A connection is due at another time from now on, or at none. `is_due` says whether a
    /// connection is due at a time.
    pub(crate) fn change(
        &mut self,
        id: SocketId,
        at: Option<Instant>,
        is_due: impl Fn(Instant, SocketId) -> bool,
    ) {
        if let Some(at) = at {
            if self.heap.len() >= self.enough.max(PLACES_LEAST) {
                self.heap.retain(|&Reverse((at, id))| is_due(at, id));
                self.enough = 2 * self.heap.len();
            }
            self.heap.push(Reverse((at, id)));
        }
        self.pass_over(is_due);
    }

    /// Passes over what is out of date, so that what is first is not.
    pub(crate) fn pass_over(&mut self, is_due: impl Fn(Instant, SocketId) -> bool) {
        while let Some(&Reverse((at, id))) = self.heap.peek()
            && !is_due(at, id)
        {
            self.heap.pop();
        }
    }

    /// Takes the connection that is due first, at `now` or before.
    pub(crate) fn take(&mut self, now: Instant) -> Option<(Instant, SocketId)> {
        let &Reverse((at, id)) = self.heap.peek()?;
        (at <= now).then(|| {
            self.heap.pop();
            (at, id)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_arrive_in_the_order_of_time_and_then_of_scheduling(
            steps in proptest::collection::vec((0i64..20, any::<bool>()), 1..200)
        ) {
            let mut arrivals = Arrivals::default();
            let mut model = BTreeMap::new();
            for (serial, (at, pops)) in steps.into_iter().enumerate() {
                let (at, frame) = (Instant::from_micros(at), FrameId(serial as u64));
                let octets = Frame::Octets(Bytes::new());
                arrivals.push(at, HostId(0), frame, Chain::default(), octets);
                model.insert((at, serial), frame);
                if pops {
                    let expected = model.pop_first().map(|((at, _), frame)| (at, frame));
                    prop_assert_eq!(arrivals.next_at(), expected.map(|(at, _)| at));
                    let popped = arrivals.pop();
                    prop_assert_eq!(popped.map(|arrival| (arrival.at, arrival.id)), expected);
                }
            }
        }

        #[test]
        fn the_first_connection_that_is_due_is_next(
            steps in proptest::collection::vec((0usize..5, proptest::option::of(0i64..40)), 1..300)
        ) {
            let mut timetable = Timetable::default();
            let mut model = BTreeMap::new();
            for (number, at) in steps {
                let (id, at) = (SocketId(number), at.map(Instant::from_micros));
                model.insert(id, at);
                timetable.change(id, at, |at, id| model.get(&id) == Some(&Some(at)));
                prop_assert_eq!(timetable.next(), model.values().flatten().min().copied());
            }
        }

        #[test]
        fn the_first_host_that_is_due_is_next(
            steps in proptest::collection::vec((0usize..9, proptest::option::of(0i64..9)), 1..100)
        ) {
            let mut deadlines = Deadlines::default();
            let mut model = BTreeMap::new();
            for (host, at) in steps {
                let at = at.map(Instant::from_micros);
                deadlines.set(HostId(host), at);
                model.insert(host, at);
                let due = model.iter().filter_map(|(&host, &at)| Some((at?, HostId(host))));
                prop_assert_eq!(deadlines.next(), due.min());
            }
        }
    }
}
