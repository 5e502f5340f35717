//! The model: a prediction for each run in closed form. It is a few minima and one sum, computed
//! from the profiles and from the state of both sides at the shutdown. `docs/exhaustion.md` derives
//! it, and says where and why it does not hold.
//!
//! The model shares nothing with the endpoint but the rules of the profiles and the clock that
//! timers run on, so that each of the two checks the other.

use hangup_stack::profile::{
    Acknowledge, AtEdge, Capacity, Counted, CountedProbes, Nagle, OnArrival, Profile,
    ReactiveReset, Segmentation, SendBufferCounts, SynOption, Transport, WindowModel,
};
use smoltcp::time::Duration;

use super::measurement::{Agreement, Ending, Forecast, Measurement, Octets, Prediction, Start};
use super::setup::Setup;

/// What timestamps take of each segment, in octets (RFC 7323 appendix A).
const TIMESTAMPS: usize = 12;

/// Times agree within this, or a hundredth.
const CLOSE: Duration = Duration::from_millis(10);

/// An Ethernet frame of a segment without payload, in bits: what a reset takes on a link.
const BARE_BITS: u64 = 54 * 8;

impl Prediction {
    /// How it compares with a measurement.
    pub fn compare(&self, measured: &Measurement) -> Agreement {
        let creep = self.creep * measured.answers;
        let accepted = self.accepted.is_none_or(|Octets { least, most }| {
            (least..=most.saturating_add(creep)).contains(&measured.accepted)
        });
        let end = self.end.is_none_or(|end| end.agrees(measured));
        match (accepted, end) {
            _ if self.accepted.is_none() && self.end.is_none() => Agreement::NoForm,
            (true, true) => Agreement::Agrees,
            (false, true) => Agreement::Accepted,
            (true, false) => Agreement::End,
            (false, false) => Agreement::Both,
        }
    }
}

impl Forecast {
    fn agrees(self, measured: &Measurement) -> bool {
        match (self, measured.sender.at) {
            (Self::Stays, at) => at.is_none(),
            (Self::Ends(..), None) => false,
            (Self::Ends(ending, predicted), Some(at)) => {
                let apart = predicted.max(at) - predicted.min(at);
                ending == measured.sender.ending && apart <= CLOSE.max(at / 100)
            }
        }
    }
}

/// Predicts what a run comes to that is at its shutdown.
pub fn predict(setup: &Setup, start: &Start) -> Prediction {
    let none = Prediction {
        accepted: None,
        creep: 0,
        end: None,
    };
    // A lost frame, by chance or in a full queue, begins a recovery, of which there is no end in
    // closed form.
    let loses = setup.link.loss > 0.0 || setup.link.queue.is_some();
    if loses {
        return none;
    }
    let (sender, receiver) = (&setup.sender, &setup.receiver);
    let rules = &receiver.receive_shutdown;
    let offer = setup.offer() as u64;
    // Who counts the probes that are answered, too, gives a closed window up: when depends on when
    // it closed.
    let counts_all = sender.give_up.probes == CountedProbes::All && sender.give_up.data > 0;
    let stays = |accepted: Option<u64>| Prediction {
        accepted: accepted.map(Octets::exactly),
        creep: 0,
        end: (!counts_all || accepted == Some(offer)).then_some(Forecast::Stays),
    };
    let buffer = setup.receive_buffer.map(|it| it as u64);
    // The edge stands still, but for what the shift of the window field makes of it.
    let to_edge = |room: u64| Prediction {
        creep: if offer > room { start.unit - 1 } else { 0 },
        ..stays(Some(offer.min(room)))
    };
    let withheld = rules.acknowledge != Acknowledge::Normal;
    match rules.arriving.rd {
        OnArrival::Reset => reset(setup, start),
        // A closed window that does not answer probes is as good as silence.
        _ if rules.at_edge == AtEdge::Silence => none,
        OnArrival::Queue | OnArrival::Discard if withheld => {
            let held = Held {
                sender,
                start,
                offer,
                write: setup.write as u64,
                buffer: send_buffer(setup, start),
                answered: rules.acknowledge == Acknowledge::Duplicate,
            };
            Prediction {
                accepted: held.accepted(),
                creep: 0,
                end: held.end(setup.until),
            }
        }
        OnArrival::Discard => match rules.capacity {
            Capacity::Keep => stays(Some(offer)),
            Capacity::Zero => to_edge(start.room),
            Capacity::Charged => stays(None),
        },
        OnArrival::Queue => match (receiver.window.model, buffer) {
            // The edge of a window that the field could not say goes on while data comes, by useful
            // amounts (RFC 9293 section 3.8.6.2.2).
            (WindowModel::FreeSpace, Some(buffer)) if buffer > start.room => Prediction {
                accepted: Some(Octets {
                    least: offer.min(buffer - start.segment.min(buffer / 2)),
                    most: offer.min(buffer),
                }),
                ..to_edge(buffer)
            },
            (WindowModel::FreeSpace, _) => to_edge(start.room),
            // Its window follows from the memory of packets, and grows while they come.
            (WindowModel::Memory, _) => stays(None),
        },
    }
}

/// The first segment that arrives is answered with a reset.
fn reset(setup: &Setup, start: &Start) -> Prediction {
    let (sender, receiver) = (&setup.sender, &setup.receiver);
    let first = setup.offer().min(setup.write) as u64;
    let octets = first.min(start.room).min(segment(sender, start));
    let link = &setup.link;
    let bits = 2 * BARE_BITS + octets * 8;
    let serialization = link.rate.map_or(0, |rate| bits * 1_000_000 / rate);
    let accepted = match receiver.reset.reactive {
        ReactiveReset::FromTcbAckAfter | ReactiveReset::FromTcbAckData => octets,
        ReactiveReset::FromSegment | ReactiveReset::FromTcb | ReactiveReset::FromTcbAck => 0,
    };
    let at = link.delay * 2 + Duration::from_micros(serialization);
    Prediction {
        accepted: Some(Octets::exactly(accepted)),
        creep: 0,
        end: Some(Forecast::Ends(Ending::ResetByPeer, at)),
    }
}

/// The most that a packet holds which is made of what was written, and more.
const PACKET: u64 = 65_536;

/// What the send buffer of a connection takes. It may grow to whole segments.
fn send_buffer(setup: &Setup, start: &Start) -> Octets {
    let (sender, receiver) = (&setup.sender, &setup.receiver);
    let asked = setup.send_buffer.unwrap_or(sender.send.send_buffer);
    if sender.transport != Transport::Hangup {
        return Octets::exactly(asked as u64);
    }
    let rules = &sender.send.buffer;
    if rules.counts == SendBufferCounts::Memory {
        // How many packets hold it depends on when they were written. One that was not set grows.
        let segment = segment(sender, start);
        let memory = asked as u64;
        let most = match setup.send_buffer {
            Some(octets) => 2 * octets as u64,
            None => rules.most as u64,
        };
        return Octets {
            least: (memory * segment / (segment + rules.overhead as u64)).saturating_sub(segment),
            most: most.saturating_add(PACKET),
        };
    }
    let offers = |groups: &[Vec<SynOption>]| {
        let mut offered = groups.iter().flatten();
        offered.any(|it| *it == SynOption::Timestamps)
    };
    let stamped = offers(&sender.options.syn) && offers(receiver.options.answer());
    let options = if stamped { TIMESTAMPS } else { 0 };
    let rounding = sender.send.rounding;
    Octets::exactly(rounding.of(asked, start.segment as usize, options) as u64)
}

/// The payload of a full segment: where segments are made in bursts, no more than half of the
/// largest window, if that is not tiny.
fn segment(sender: &Profile, start: &Start) -> u64 {
    const TINY_WINDOW: u64 = 536;
    const LEAST: u64 = 48;
    if is_bursty(sender) && start.window > TINY_WINDOW {
        start.segment.min((start.window / 2).max(LEAST))
    } else {
        start.segment
    }
}

fn is_bursty(sender: &Profile) -> bool {
    sender.transport == Transport::Hangup && sender.send.segmentation == Segmentation::Bursts
}

/// Data is taken and never acknowledged.
struct Held<'a> {
    sender: &'a Profile,
    start: &'a Start,
    /// What the application has to send, in octets.
    offer: u64,
    /// What it writes at a time.
    write: u64,
    /// What the send buffer takes.
    buffer: Octets,
    /// Whether each segment is answered, with the acknowledgment as it was.
    answered: bool,
}

impl Held<'_> {
    fn is_ours(&self) -> bool {
        self.sender.transport == Transport::Hangup
    }

    /// Whether a tail loss probe is sent (RFC 8985 section 7).
    fn probes_tail(&self) -> bool {
        self.is_ours() && self.sender.send.tail_loss_probe && self.start.selective
    }

    /// What is taken: the least of what the peer's window, the congestion window and the sender's
    /// own buffer let out. None where that is more than one write: the ends of writes make small
    /// segments, and what becomes of those depends on when they are written.
    fn accepted(&self) -> Option<Octets> {
        let segment = segment(self.sender, self.start);
        let supply = Octets {
            least: self.supply(self.buffer.least, segment),
            most: self.supply(self.buffer.most, segment),
        };
        let congested = Octets::exactly(self.in_congestion_window(segment));
        let octets = supply.min(self.in_window(segment)?).min(congested);
        (octets.most + segment <= self.write || self.offer <= self.write).then_some(octets)
    }

    /// What the application and a send buffer that takes so much have, less a small end that waits
    /// for an acknowledgment (RFC 9293 section 3.7.4) and for no tail loss probe.
    fn supply(&self, buffer: u64, segment: u64) -> u64 {
        let octets = self.offer.min(buffer);
        let waits = match self.sender.send.nagle {
            Nagle::AnyUnacknowledged => !self.probes_tail(),
            // What one write brings to an idle connection goes out with its end.
            Nagle::SentBefore => !self.probes_tail() && self.offer > self.write,
            Nagle::Off | Nagle::SmallUnacknowledged => !self.is_ours(),
        };
        if waits && octets > segment {
            octets - octets % segment
        } else {
            octets
        }
    }

    /// What goes into the window: whole segments, and the small end only where a rule of the sender
    /// lets it pass. None where the small end is all there is: it waits for a timer.
    fn in_window(&self, segment: u64) -> Option<Octets> {
        let room = self.start.room;
        let tail = room % segment;
        let whole = room - tail;
        if whole == 0 {
            return None;
        }
        // RFC 9293 section 3.8.6.2.1: half of the largest window is worth sending.
        let passes = self.is_ours() && tail >= self.start.window.div_ceil(2);
        Some(match (passes, is_bursty(self.sender)) {
            (true, false) => Octets::exactly(room),
            (false, false) => Octets::exactly(whole),
            // A burst that has begun before it takes the small end along, and where bursts begin
            // is a matter of how the stream was written.
            (_, true) => Octets {
                least: whole,
                most: room,
            },
        })
    }

    /// What goes into the congestion window: whole segments, one more as a tail loss probe. Where
    /// each segment is answered and no SACK blocks are missing from the answers, they open it as
    /// far as it takes (RFC 5681 section 3.2).
    fn in_congestion_window(&self, segment: u64) -> u64 {
        let Some(window) = self.start.congestion_window else {
            return u64::MAX;
        };
        if self.answered && !self.start.selective {
            return u64::MAX;
        }
        let segments = (window / segment).max(1) + u64::from(self.probes_tail());
        segments * segment
    }

    /// When the sender gives up.
    fn end(&self, until: Duration) -> Option<Forecast> {
        let rules = &self.sender.give_up;
        if !self.is_ours() || rules.data == 0 {
            return Some(Forecast::Stays);
        }
        let clock = self.sender.rto.clock;
        let timeout = self.start.timeout?;
        let began = self.start.at;
        let armed = if self.probes_tail() {
            // RFC 8985 section 7.2: the timer begins anew behind the probe of the tail.
            let several = self.accepted()?.least > segment(self.sender, self.start);
            let wait = self.probe_wait(several);
            if wait <= timeout || self.sender.send.tail_probe.before_timeout {
                clock.expiry(began, wait.min(timeout))
            } else {
                began
            }
        } else {
            began
        };
        let first = clock.expiry(armed, timeout);
        let rto = self.sender.rto;
        let doubled = |base: Duration, times: u32| {
            let doublings = times.min(rto.doublings).min(30);
            let micros = base.total_micros().saturating_mul(1 << doublings);
            (Duration::from_micros(micros) + rto.slop).min(rto.max)
        };
        // RFC 6298 rule 5.5: each time it waits twice as long.
        let mut at = first;
        let patience = (0..=rules.data).map(|times| doubled(rto.min, times).total_micros());
        let patience = Duration::from_micros(patience.sum());
        let mut times = 0;
        let black_hole = self.sender.send.black_hole;
        loop {
            let waits = if times == black_hole.after {
                black_hole.sends
            } else {
                0
            };
            for _ in 0..waits {
                at = clock.expiry(at, doubled(timeout - rto.slop, times));
            }
            let over = match rules.counted {
                Counted::Retransmissions => times >= rules.data,
                Counted::Deadline => at - first >= patience,
            };
            if over {
                break;
            }
            times += 1;
            let is_last = rules.last_wait > Duration::ZERO && times == rules.data;
            let wait = if is_last {
                rules.last_wait
            } else {
                doubled(self.base(timeout, times), times)
            };
            at = clock.expiry(at, wait);
        }
        let after = at - began;
        Some(if after > until {
            Forecast::Stays
        } else {
            Forecast::Ends(Ending::TimedOut, after)
        })
    }

    /// What the timeout is doubled from once it has expired so many times.
    fn base(&self, timeout: Duration, times: u32) -> Duration {
        let rto = self.sender.rto;
        let base = timeout - rto.slop;
        let is_mistrusted = rto.mistrusted_after > 0 && times > rto.mistrusted_after;
        match self.start.round_trip {
            Some(round_trip) if is_mistrusted => {
                let quarter = round_trip / 4;
                (base.max(round_trip) - round_trip + quarter).max(rto.min)
            }
            _ => base,
        }
    }

    /// How long after the last segment the tail is probed.
    fn probe_wait(&self, several: bool) -> Duration {
        match self.start.round_trip {
            None => self.sender.rto.initial,
            Some(round_trip) => self.sender.send.tail_probe.wait(round_trip, !several),
        }
    }
}
