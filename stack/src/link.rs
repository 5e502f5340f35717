//! One direction of a link: the delay, loss, reordering and damage of frames between the sender's
//! wire and the receiver's.

use std::collections::VecDeque;

use bytes::BytesMut;
use smoltcp::time::{Duration, Instant};

use crate::event::DropCause;
use crate::frame::Frame;
use crate::random::Random;

/// The Ethernet header in octets: a frame may be this much longer than the link's MTU.
const ETHERNET_HEADER: usize = 14;

/// How much longer than the others a reordered frame is on its way, beyond one more link delay.
const REORDER_EXTRA: Duration = Duration::from_millis(1);

/// What one direction of a link does to the frames on it. Probabilities are between 0 and 1.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkConfig {
    /// How long a frame is on its way after its last bit was sent.
    pub delay: Duration,
    /// Bits a second; no limit where none is given.
    pub rate: Option<u64>,
    /// Frames that may wait for a link with a rate; no limit where none is given.
    pub queue: Option<usize>,
    /// The largest IP datagram it carries, in octets.
    pub mtu: usize,
    /// The probability that a frame is lost.
    pub loss: f64,
    /// The probability that a frame arrives twice.
    pub duplicate: f64,
    /// The probability that a frame is held back: it takes one more delay and a millisecond, so
    /// that frames sent up to then overtake it.
    pub reorder: f64,
    /// The probability that one bit of a frame, behind its Ethernet header, is flipped.
    pub corrupt: f64,
    /// Whether it carries nothing at all.
    pub down: bool,
}

impl Default for LinkConfig {
    /// That of [`LinkConfig::IDEAL`].
    fn default() -> Self {
        Self::IDEAL
    }
}

impl LinkConfig {
    /// No delay, no limit, no damage.
    pub const IDEAL: Self = Self {
        delay: Duration::ZERO,
        rate: None,
        queue: None,
        mtu: 65_535,
        loss: 0.0,
        duplicate: 0.0,
        reorder: 0.0,
        corrupt: 0.0,
        down: false,
    };

    /// Whether every frame arrives, unchanged and after the same time.
    fn only_delays(&self) -> bool {
        let ideal = Self {
            delay: self.delay,
            ..Self::IDEAL
        };
        *self == ideal
    }
}

/// What became of a frame.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It arrives.
    Arrives(Instant, Frame),
    /// It arrives twice.
    ArrivesTwice([(Instant, Frame); 2]),
    /// It does not.
    Dropped(DropCause),
}

/// One direction of a link, with what is on it.
#[derive(Debug)]
pub(crate) struct Link {
    config: LinkConfig,
    /// Whether it takes every frame that is not too long and changes none: most links do, and are
    /// asked for each frame.
    only_delays: bool,
    random: Random,
    /// When the last bit of each frame that still waits, or is being sent, will have been sent.
    departures: VecDeque<Instant>,
}

impl Link {
    pub(crate) fn new(config: LinkConfig, random: Random) -> Self {
        Self {
            only_delays: config.only_delays(),
            config,
            random,
            departures: VecDeque::new(),
        }
    }

    /// What it does to frames.
    pub(crate) fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Changes what it does to the frames that it takes from now on.
    pub(crate) fn set(&mut self, config: LinkConfig) {
        self.only_delays = config.only_delays();
        self.config = config;
    }

    /// When a frame arrives that the link takes at `now` and does nothing else to.
    #[inline]
    pub(crate) fn only_delays(&self, frame: &Frame, now: Instant) -> Option<Instant> {
        // A segment is never longer than the MTU; a forged frame may be.
        let delays = self.only_delays && matches!(frame, Frame::Segment(_));
        delays.then(|| now + self.config.delay)
    }

    /// Takes a frame at `now` and says what becomes of it.
    pub(crate) fn carry(&mut self, frame: Frame, now: Instant) -> Fate {
        if self.config.down {
            return Fate::Dropped(DropCause::Down);
        }
        if frame.len() > self.config.mtu + ETHERNET_HEADER {
            return Fate::Dropped(DropCause::TooLong);
        }
        if self.random.chance(self.config.loss) {
            return Fate::Dropped(DropCause::Loss);
        }
        let Some(sent) = self.serialize(frame.len(), now) else {
            return Fate::Dropped(DropCause::QueueFull);
        };
        let frame = self.damage(frame);
        let arrival = self.arrival(sent);
        if self.random.chance(self.config.duplicate) {
            let again = self.arrival(sent);
            return Fate::ArrivesTwice([(arrival, frame.clone()), (again, frame)]);
        }
        Fate::Arrives(arrival, frame)
    }

    /// When the last bit of a frame is sent, or none where the queue has no room.
    fn serialize(&mut self, octets: usize, now: Instant) -> Option<Instant> {
        let Some(rate) = self.config.rate else {
            return Some(now);
        };
        while self
            .departures
            .front()
            .is_some_and(|&departure| departure <= now)
        {
            self.departures.pop_front();
        }
        // The frame in front is being sent; the others wait.
        let waiting = self.departures.len().saturating_sub(1);
        if !self.departures.is_empty() && self.config.queue.is_some_and(|limit| waiting >= limit) {
            return None;
        }
        let begin = self.departures.back().copied().unwrap_or(now).max(now);
        let micros = (octets as u64 * 8 * 1_000_000).div_ceil(rate.max(1));
        let sent = begin + Duration::from_micros(micros);
        self.departures.push_back(sent);
        Some(sent)
    }

    fn arrival(&mut self, sent: Instant) -> Instant {
        let held_back = if self.random.chance(self.config.reorder) {
            self.config.delay + REORDER_EXTRA
        } else {
            Duration::ZERO
        };
        sent + self.config.delay + held_back
    }

    fn damage(&mut self, mut frame: Frame) -> Frame {
        if frame.len() > ETHERNET_HEADER && self.random.chance(self.config.corrupt) {
            let mut octets = BytesMut::from(frame.octets());
            let octet = ETHERNET_HEADER + self.random.below(octets.len() - ETHERNET_HEADER);
            octets[octet] ^= 1 << self.random.below(8);
            return Frame::Octets(octets.freeze());
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(config: LinkConfig) -> Link {
        Link::new(config, Random::new(3, 0))
    }

    fn frame(octets: usize) -> Frame {
        Frame::Octets(vec![0; octets].into())
    }

    fn arrivals(link: &mut Link, frames: usize, octets: usize) -> Vec<Option<i64>> {
        let carry = |_| match link.carry(frame(octets), Instant::ZERO) {
            Fate::Arrives(at, _) => Some(at.total_micros()),
            Fate::ArrivesTwice(_) => panic!("nothing duplicates here"),
            Fate::Dropped(_) => None,
        };
        (0..frames).map(carry).collect()
    }

    #[test]
    fn a_rate_spaces_frames_and_a_queue_limits_them() {
        let config = LinkConfig {
            rate: Some(8_000_000),
            queue: Some(2),
            delay: Duration::from_millis(5),
            ..LinkConfig::default()
        };
        // One frame is being sent, two wait, the fourth finds no room.
        let expected = [Some(6_000), Some(7_000), Some(8_000), None];
        assert_eq!(arrivals(&mut link(config), 4, 1000), expected);
    }

    #[test]
    fn each_probability_does_what_it_says() {
        let certain = |change: fn(&mut LinkConfig)| {
            let mut config = LinkConfig {
                delay: Duration::from_millis(2),
                ..LinkConfig::default()
            };
            change(&mut config);
            link(config).carry(frame(100), Instant::ZERO)
        };
        let at = |millis| Instant::from_millis(millis);
        let dropped = |cause, fate| matches!(fate, Fate::Dropped(why) if why == cause);
        let intact = |at, fate| match fate {
            Fate::Arrives(when, mut frame) => when == at && frame.octets() == vec![0; 100],
            Fate::ArrivesTwice(_) | Fate::Dropped(_) => false,
        };
        assert!(dropped(DropCause::Loss, certain(|c| c.loss = 1.0)));
        assert!(dropped(DropCause::Down, certain(|c| c.down = true)));
        assert!(dropped(DropCause::TooLong, certain(|c| c.mtu = 85)));
        assert!(intact(at(2), certain(|c| c.mtu = 86)));
        assert!(intact(at(5), certain(|c| c.reorder = 1.0)));
        assert!(matches!(
            certain(|c| c.duplicate = 1.0),
            Fate::ArrivesTwice(_)
        ));
        let Fate::Arrives(_, mut damaged) = certain(|c| c.corrupt = 1.0) else {
            panic!("a damaged frame still arrives");
        };
        let flipped: u32 = damaged
            .octets()
            .iter()
            .map(|octet| octet.count_ones())
            .sum();
        assert_eq!(flipped, 1);
    }
}
