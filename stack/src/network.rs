//! Hosts, the links between them, and one queue of what is due, ordered by time and then by the
//! order of scheduling.
//!
//! The network is the driver: it alone advances the time, delivers one frame or expires the timers
//! of one host at a time, and drains what the host has to send before anything else happens.
//! Everything that happened is recorded as an [`Event`].

use std::sync::Arc;

use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

pub use crate::config::{HostConfig, HostId, IpFamily, Recording, Resolution, StackKind};
use crate::event::{DropCause, Event, Fact, Forged, FrameId, Repetition};
use crate::frame::{Frame, Spares};
use crate::host::{Host, InterfacePoll, Output};
pub use crate::inlet::LargePacket;
use crate::link::{Fate, LinkConfig};
use crate::links::Links;
use crate::neighbourhood::{Neighbourhood, Replaced};
pub use crate::outlet::{Headers, Outgoing, OutgoingSegment};
use crate::profile::{Profile, Transport};
use crate::random::Random;
use crate::schedule::{Arrival, Arrivals, Deadlines, earlier};
use crate::socket::SocketId;
use crate::storm::{Chain, Lookout, Storm};
use crate::tcp::segment::Segment;

/// A TCP segment that a host sent, or that reached it, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When, in virtual time since the start of the run.
    pub at: Instant,
    /// Where.
    pub host: HostId,
    /// Which way it went there.
    pub way: SegmentDirection,
    /// Its header.
    pub segment: Segment,
}

/// Which way a segment passes a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentDirection {
    /// The host sent it, whether or not it arrives.
    Sent,
    /// It reached the host.
    Received,
}

/// Hosts and links in virtual time.
#[derive(Debug)]
pub struct Network {
    now: Instant,
    seed: u64,
    resolution: Resolution,
    recording: Recording,
    hosts: Vec<Host>,
    links: Links,
    neighbours: Neighbourhood,
    /// The profiles that hosts were added with, each once.
    profiles: Vec<Arc<Profile>>,
    arrivals: Arrivals,
    deadlines: Deadlines,
    spares: Spares,
    frames: u64,
    events: Vec<Event>,
    lookout: Lookout,
    sights: bool,
    sightings: Vec<Sighting>,
    /// The host behind which the network goes on elsewhere, and the frames that reached it.
    outlet: Option<HostId>,
    outgoing: Vec<Outgoing>,
    /// The sockets that something has happened to, of the hosts of which that is kept.
    stirred: Vec<(HostId, SocketId)>,
    #[cfg(debug_assertions)]
    resets: crate::invariants::Resets,
}

impl Network {
    /// An empty network at time zero. Every random choice comes from `seed`.
    pub fn new(seed: u64, resolution: Resolution) -> Self {
        Self {
            now: Instant::ZERO,
            seed,
            resolution,
            recording: Recording::Everything,
            hosts: Vec::new(),
            links: Links::default(),
            neighbours: Neighbourhood::default(),
            profiles: Vec::new(),
            arrivals: Arrivals::default(),
            deadlines: Deadlines::default(),
            spares: Spares::default(),
            frames: 0,
            events: Vec::new(),
            lookout: Lookout::default(),
            sights: false,
            sightings: Vec::new(),
            outlet: None,
            outgoing: Vec::new(),
            stirred: Vec::new(),
            #[cfg(debug_assertions)]
            resets: crate::invariants::Resets::default(),
        }
    }

    /// Keeps events from now on, or does not.
    pub fn record(&mut self, recording: Recording) {
        self.recording = recording;
        for host in &mut self.hosts {
            host.record(recording);
        }
    }

    /// Adds a host, with unlimited links of no delay to and from each host already there.
    pub fn add_host(&mut self, mut config: HostConfig) -> HostId {
        let id = HostId(self.hosts.len());
        let random = Random::new(self.seed, stream(HOST_STREAMS, id, id));
        let neighbours = self.neighbours.clone();
        let ethernet = ethernet_address(id);
        let profile = match std::mem::replace(&mut config.stack, StackKind::Scripted) {
            StackKind::Profile(profile) => Some(self.shared(profile)),
            StackKind::Scripted => None,
        };
        let network = (self.resolution, neighbours);
        let mut host = Host::new(config, ethernet, network, profile, random);
        host.record(self.recording);
        if self.neighbours.add(host.addresses(), ethernet) == Replaced::Yes {
            self.hosts.iter_mut().for_each(Host::forget_neighbour);
        }
        self.hosts.push(host);
        id
    }

    /// A profile that all hosts of one system have together: each segment reads much of it.
    fn shared(&mut self, profile: Arc<Profile>) -> Arc<Profile> {
        let mut known = self.profiles.iter();
        if let Some(known) = known.find(|it| Arc::ptr_eq(it, &profile) || **it == profile) {
            return Arc::clone(known);
        }
        self.profiles.push(Arc::clone(&profile));
        profile
    }

    /// The hosts, in the order of adding.
    pub fn host_ids(&self) -> impl Iterator<Item = HostId> + use<> {
        (0..self.hosts.len()).map(HostId)
    }

    /// A host, to look at.
    pub fn host(&self, id: HostId) -> &Host {
        &self.hosts[id.0]
    }

    /// The Ethernet address of a host.
    pub fn ethernet_address(&self, id: HostId) -> EthernetAddress {
        ethernet_address(id)
    }

    /// What the link from one host to another does.
    pub fn link(&self, from: HostId, to: HostId) -> &LinkConfig {
        self.links.config(from, to)
    }

    /// Changes what the link from one host to another does, from now on. Frames already on their
    /// way are not touched.
    pub fn set_link(&mut self, from: HostId, to: HostId, config: LinkConfig) {
        let seed = self.seed;
        let link = self.links.link(from, to, || link_random(seed, from, to));
        link.set(config);
    }

    /// The virtual time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// When something is next due: a frame arrives or a timer of a host expires. May be now.
    pub fn next_due(&self) -> Option<Instant> {
        let timer = self.deadlines.next();
        let timer = timer.map(|(at, _)| at.max(self.now));
        earlier(self.arrivals.next_at(), timer)
    }

    /// Handles the next thing that is due at or before `limit`, moving the time to it. Returns
    /// whether there was one; where there was none the time is moved to `limit`.
    ///
    /// A frame that arrives at the very instant a timer expires comes first.
    pub fn step(&mut self, limit: Instant) -> bool {
        let arrival = self.arrivals.next_at();
        let timer = self.deadlines.next();
        let timer = timer.map(|(at, host)| (at.max(self.now), host));
        match (arrival, timer) {
            (Some(at), timer) if at <= limit && timer.is_none_or(|(due, _)| at <= due) => {
                self.now = at;
                self.deliver();
                true
            }
            (_, Some((due, host))) if due <= limit => {
                self.now = due;
                self.hosts[host.0].on_timeout(due, &mut self.spares);
                self.drain(host, None, Chain::default());
                true
            }
            _ => {
                self.now = self.now.max(limit);
                false
            }
        }
    }

    /// Handles everything due up to and including `limit`, and moves the time there.
    pub fn run_until(&mut self, limit: Instant) {
        while self.step(limit) {}
    }

    /// One mutation of a host, then its output is drained to the links. The only way to call into a
    /// host.
    pub fn with_host<R>(&mut self, id: HostId, f: impl FnOnce(&mut Host, Instant) -> R) -> R {
        let result = f(&mut self.hosts[id.0], self.now);
        self.hosts[id.0].settle(self.now, &mut self.spares);
        self.drain(id, None, Chain::default());
        result
    }

    /// Cuts the power of a host: it says nothing more and hears nothing more, and whatever it knew
    /// is gone. Frames that it has sent arrive. Nothing on a scripted host.
    pub fn crash(&mut self, id: HostId) {
        self.with_host(id, |host, _| host.crash());
    }

    /// Starts a host again after a crash, with nothing open. One that runs crashes first.
    pub fn boot(&mut self, id: HostId) {
        self.with_host(id, |host, _| host.boot());
    }

    /// Puts a forged frame on the link, as if `from` had sent it.
    pub fn inject(&mut self, from: HostId, bytes: Vec<u8>) -> FrameId {
        let id = self.next_frame();
        let frame = Frame::Octets(bytes.into());
        let sending = Sending {
            id,
            forged: Forged::Yes,
            socket: None,
            again: None,
            chain: Chain::default(),
        };
        self.put_on_link(from, frame, sending);
        id
    }

    /// Keeps the frames that reach a host without a stack from now on, for
    /// [`Network::take_outgoing`]: the network goes on behind it.
    pub fn set_outlet(&mut self, host: HostId) {
        self.outlet = Some(host);
    }

    /// Takes the frames that have reached the outlet since the last call, in order.
    pub fn take_outgoing(&mut self) -> impl Iterator<Item = Outgoing> {
        self.outgoing.drain(..)
    }

    /// Keeps which sockets of a host something has happened to from now on, for
    /// [`Network::take_stirred`]: a segment, a timer, or a call. Those of [`Host::is_noted`] are
    /// among them.
    pub fn note_stirred(&mut self, host: HostId) {
        self.hosts[host.0].note_stirred();
    }

    /// Takes the sockets that something has happened to since the last call, each at least once.
    pub fn take_stirred(&mut self) -> Vec<(HostId, SocketId)> {
        std::mem::take(&mut self.stirred)
    }

    /// Whether hosts answer each other for ever, and since when that is known. The network goes on.
    /// Runs that record nothing do not know.
    pub fn storm(&self) -> Option<Storm> {
        self.lookout.storm()
    }

    /// The octets of payload that the hosts and the links hold: in the queues of sockets, and in
    /// frames on their way. What a frame shares with a queue counts twice.
    pub fn held_octets(&self) -> usize {
        let hosts = self.hosts.iter().map(Host::queued_octets).sum::<usize>();
        hosts + self.arrivals.octets()
    }

    /// The frame before which all are through: of those sent earlier none is on its way, and so
    /// nothing more will be told of them.
    pub fn settled_before(&self) -> FrameId {
        self.arrivals.oldest().unwrap_or(FrameId(self.frames + 1))
    }

    /// Takes the facts recorded since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Keeps the headers of TCP segments from now on, or does not: for measurements, which make
    /// thousands of runs and look at no payload. They are taken with [`Network::take_sightings`].
    pub fn keep_headers(&mut self, keep: bool) {
        self.sights = keep;
    }

    /// Shows the headers kept since the last call, in order.
    pub fn take_sightings(&mut self, look: impl FnMut(&Sighting)) {
        self.sightings.iter().for_each(look);
        self.sightings.clear();
    }

    /// Delivers the next frame, and those behind it that its host takes in together with it.
    fn deliver(&mut self) {
        let Some(arrival) = self.arrivals.pop() else {
            return;
        };
        let (to, mut id) = (arrival.to, arrival.id);
        let mut chain = self.answers(&arrival);
        let mut poll = self.take_in(arrival);
        for _ in 1..self.hosts[to.0].receive_offload() {
            let Some(next) = self.arrivals.pop_for(to, self.now) else {
                break;
            };
            if self.recording == Recording::Everything {
                self.hosts[to.0].tell();
                chain = self.drain(to, Some(id), chain);
            }
            id = next.id;
            chain = chain.min(self.answers(&next));
            poll = poll.max(self.take_in(next));
        }
        self.hosts[to.0].settle_with(poll, self.now, &mut self.spares);
        self.drain(to, Some(id), chain);
    }

    /// The chain of what a host sends in answer to a frame. smoltcp's TCP records nothing of what
    /// it takes, and so all that carries data counts as new there.
    fn answers(&self, arrival: &Arrival) -> Chain {
        // Who records nothing does not look for storms.
        if self.recording == Recording::Nothing {
            return Chain::default();
        }
        let profile = self.hosts[arrival.to.0].profile();
        let is_reference = profile.is_some_and(|it| it.transport == Transport::Smoltcp);
        let brings_data = |segment: Segment| segment.payload_octets > 0;
        if is_reference && arrival.frame.header().is_some_and(brings_data) {
            Chain::default()
        } else {
            arrival.chain.answered()
        }
    }

    #[inline(always)]
    fn take_in(&mut self, arrival: Arrival) -> InterfacePoll {
        let Arrival {
            to, id, mut frame, ..
        } = arrival;
        if !self.hosts[to.0].is_running() {
            if let Receiver::One(from) = addressed(frame.source()) {
                self.tell(from, Some(id), None, Fact::Dropped(DropCause::HostDown));
            }
            return InterfacePoll::NotNeeded;
        }
        if self.recording == Recording::Everything {
            let bytes = frame.octets();
            self.tell(to, Some(id), None, Fact::Received { bytes });
        }
        self.sight(to, SegmentDirection::Received, &frame);
        if self.outlet == Some(to) {
            self.outgoing.push(Outgoing::new(frame));
            return InterfacePoll::NotNeeded;
        }
        self.hosts[to.0].on_frame(frame, self.now, &mut self.spares)
    }

    /// Takes what a host has to say and to send, and learns when it is next due. Facts belong to
    /// the frame whose arrival caused them. Frames are links of `chain`, which ends where a fact is
    /// news; returns what is left of it.
    fn drain(&mut self, host: HostId, cause: Option<FrameId>, mut chain: Chain) -> Chain {
        while let Some(output) = self.hosts[host.0].poll_output() {
            match output {
                Output::Fact { socket, fact } => {
                    chain = self.lookout.fact(chain, &fact);
                    self.tell(host, cause, socket, fact);
                }
                Output::Frame {
                    frame,
                    socket,
                    again,
                } => {
                    #[cfg(debug_assertions)]
                    let frame = self.checked(host, socket, frame);
                    if let Some(again) = again {
                        chain = self.lookout.fact(chain, &again.into());
                    }
                    let sending = Sending {
                        id: self.next_frame(),
                        forged: Forged::No,
                        socket,
                        again,
                        chain,
                    };
                    self.put_on_link(host, frame, sending);
                }
            }
        }
        self.deadlines.set(host, self.hosts[host.0].poll_at());
        if let Some(stirred) = self.hosts[host.0].take_stirred() {
            self.stirred.extend(stirred.map(|it| (host, it)));
        }
        chain
    }

    /// A frame that a host sends, after a look at it.
    #[cfg(debug_assertions)]
    fn checked(&mut self, host: HostId, socket: Option<SocketId>, mut frame: Frame) -> Frame {
        if let Some(socket) = socket {
            let status = self.hosts[host.0].status(socket);
            let state = status.and_then(|status| status.state);
            self.resets.on_sent(host, socket, state, &frame.octets());
        }
        frame
    }

    pub(crate) fn recording(&self) -> Recording {
        self.recording
    }

    pub(crate) fn spares(&mut self) -> &mut Spares {
        &mut self.spares
    }

    pub(crate) fn next_frame(&mut self) -> FrameId {
        self.frames += 1;
        FrameId(self.frames)
    }

    #[inline(always)]
    pub(crate) fn put_on_link(&mut self, from: HostId, mut frame: Frame, sending: Sending) {
        let Sending {
            id,
            forged,
            socket,
            again,
            chain,
        } = sending;
        if self.recording == Recording::Everything {
            let bytes = frame.octets();
            self.tell(from, Some(id), socket, Fact::Sent { bytes, forged });
            if let Some(again) = again {
                self.tell(from, Some(id), socket, again.into());
            }
        }
        self.sight(from, SegmentDirection::Sent, &frame);
        match receiver(&frame) {
            Receiver::One(to) if to.0 < self.hosts.len() && to != from => {
                if self.recording == Recording::Everything {
                    self.lookout.frame(chain, self.now, [from, to]);
                }
                self.carry((from, to), id, chain, frame);
            }
            Receiver::All if self.hosts.len() > 1 => {
                for to in self.host_ids().filter(|&to| to != from) {
                    self.carry((from, to), id, chain, frame.clone());
                }
            }
            Receiver::One(_) | Receiver::All | Receiver::Nobody => {
                self.tell(from, Some(id), None, Fact::Dropped(DropCause::NoSuchHost));
            }
        }
    }

    #[inline(always)]
    fn carry(&mut self, (from, to): (HostId, HostId), id: FrameId, chain: Chain, frame: Frame) {
        let seed = self.seed;
        let link = self.links.link(from, to, || link_random(seed, from, to));
        if let Some(at) = link.only_delays(&frame, self.now) {
            self.arrivals.push(at, to, id, chain, frame);
            return;
        }
        match link.carry(frame, self.now) {
            Fate::Arrives(at, frame) => self.arrivals.push(at, to, id, chain, frame),
            Fate::ArrivesTwice(copies) => {
                for (at, frame) in copies {
                    self.arrivals.push(at, to, id, chain, frame);
                }
            }
            Fate::Dropped(cause) => self.tell(from, Some(id), None, Fact::Dropped(cause)),
        }
    }

    /// Keeps the header of a segment, where headers are kept.
    fn sight(&mut self, host: HostId, way: SegmentDirection, frame: &Frame) {
        if !self.sights {
            return;
        }
        let at = self.now;
        let mut keep = |segment: &Segment| {
            self.sightings.push(Sighting {
                at,
                host,
                way,
                segment: *segment,
            });
        };
        match frame {
            Frame::Segment(transit) => keep(&transit.segment),
            Frame::Octets(_) => frame.header().iter().for_each(keep),
        }
    }

    /// Keeps a fact, where facts are kept.
    fn tell(&mut self, host: HostId, frame: Option<FrameId>, socket: Option<SocketId>, fact: Fact) {
        if self.recording == Recording::Everything {
            self.events.push(Event {
                at: self.now,
                host,
                frame,
                socket,
                fact,
            });
        }
    }
}

/// A frame that is sent, beside its octets.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) id: FrameId,
    pub(crate) forged: Forged,
    pub(crate) socket: Option<SocketId>,
    /// What is to be said of it, where it is sent again.
    pub(crate) again: Option<Repetition>,
    pub(crate) chain: Chain,
}

const LINK_STREAMS: u64 = 0;
const HOST_STREAMS: u64 = 1;

/// The random stream of a host or link. 2^24 hosts are more than a run can hold.
fn stream(kind: u64, from: HostId, to: HostId) -> u64 {
    kind << 48 | (from.0 as u64) << 24 | to.0 as u64
}

/// The random choices of a link.
fn link_random(seed: u64, from: HostId, to: HostId) -> Random {
    Random::new(seed, stream(LINK_STREAMS, from, to))
}

/// Locally administered addresses, numbered from 1: `02:00:00:00:00:01`.
fn ethernet_address(id: HostId) -> EthernetAddress {
    let number = (id.0 as u32 + 1).to_be_bytes();
    EthernetAddress([0x02, 0, number[0], number[1], number[2], number[3]])
}

/// Whom a frame is for.
enum Receiver {
    One(HostId),
    /// All others: its destination is a group address.
    All,
    Nobody,
}

fn receiver(frame: &Frame) -> Receiver {
    addressed(frame.destination())
}

/// Who has an Ethernet address.
fn addressed(address: Option<EthernetAddress>) -> Receiver {
    let Some(address) = address else {
        return Receiver::Nobody;
    };
    match address.0 {
        [0x02, 0, number @ ..] => match u32::from_be_bytes(number).checked_sub(1) {
            Some(index) => Receiver::One(HostId(index as usize)),
            None => Receiver::Nobody,
        },
        _ if address.is_broadcast() || address.is_multicast() => Receiver::All,
        _ => Receiver::Nobody,
    }
}
