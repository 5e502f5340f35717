//! One smoltcp interface, its sockets, and the demultiplexing between them.
//!
//! A host is driven by its network: a frame arrives, a timer expires, or an application calls; then
//! `Host::settle` lets every socket send what it has to, and what came of it is taken with
//! `poll_output`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress};

use crate::event::{Fact, Repetition};
use crate::frame::{Frame, Spares};
use crate::icmp::Limiter;
use crate::neighbourhood::Neighbourhood;
use crate::network::{HostConfig, Recording, Resolution};
use crate::options::SocketOptions;
use crate::profile::{Profile, Transport};
use crate::random::Random;
use crate::reference::ReferenceOrphan;
use crate::schedule::{Timetable, earlier};
use crate::seconds::CountedSecond;
use crate::servers::FastOpenMemory;
use crate::socket::SocketId;
use crate::table::{Entries, Idle, Kind, Listening, Tuple};
use crate::tcp::closed_port::Stray;
use crate::tcp::{Connection, Sent, State};
use crate::wire::Wire;

/// What a host has to say or to send.
#[derive(Debug)]
pub(crate) enum Output {
    /// Something happened.
    Fact {
        socket: Option<SocketId>,
        fact: Fact,
    },
    /// A frame, and what is to be said of it where it is sent again.
    Frame {
        frame: Frame,
        socket: Option<SocketId>,
        again: Option<Repetition>,
    },
}

/// Whether smoltcp's interface must be polled, as something may have happened to it or to a socket
/// of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InterfacePoll {
    /// Nothing but segments of our TCP came and went.
    NotNeeded,
    Needed,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    name: String,
    addresses: Vec<IpAddress>,
    mtu: usize,
    up: bool,
    subsystem: bool,
    /// Whether it has power: after a crash it has none until it is started again.
    running: bool,
    /// How many frames that arrive at one instant are taken in together.
    receive_offload: usize,
    outputs: VecDeque<Output>,
    pub(crate) stack: Option<Box<Stack>>,
}

/// What runs on a host that is not scripted.
pub(crate) struct Stack {
    pub(crate) profile: Arc<Profile>,
    pub(crate) addresses: Vec<IpAddress>,
    pub(crate) mtu: usize,
    /// smoltcp's interface, made when something first needs it: its buffers for fragments are
    /// larger than all else here together, and a host that speaks nothing but TCP to neighbours it
    /// knows never needs them.
    pub(crate) interface: Option<Box<Interface>>,
    pub(crate) interface_seed: u64,
    pub(crate) smoltcp: SocketSet<'static>,
    pub(crate) entries: Entries,
    /// Connections by our port and the peer's address.
    pub(crate) connections: BTreeMap<Tuple, SocketId>,
    /// The sockets that have asked for a local port, by that port.
    pub(crate) claims: BTreeSet<(u16, SocketId)>,
    pub(crate) random: Random,
    /// Whether anybody wants to hear what happens.
    pub(crate) recording: Recording,
    next_socket: usize,
    next_port: u16,
    pub(crate) wire: Wire,
    pub(crate) ethernet: EthernetAddress,
    pub(crate) resolution: Resolution,
    /// The hosts of the network, this one among them.
    pub(crate) neighbours: Neighbourhood,
    /// The one that was looked for last: most hosts speak to one.
    neighbour: Option<(IpAddress, EthernetAddress)>,
    /// When smoltcp's interface was told of its neighbours, and how many addresses there were.
    pub(crate) introduced: Option<(Instant, usize)>,
    /// Segments whose neighbour has yet to be resolved wait in these: one for each version of IP.
    /// They are made with the interface.
    pub(crate) raw: Option<[SocketHandle; 2]>,
    /// When each connection is next due.
    deadlines: Timetable,
    pub(crate) interface_due: Option<Instant>,
    /// Segments of no connection: resets from closed ports.
    pub(crate) strays: VecDeque<Stray>,
    /// Sockets that changed since the host was last settled.
    touched: VecDeque<SocketId>,
    /// Sockets that were settled since somebody asked, where somebody asks.
    stirred: Option<Vec<SocketId>>,
    /// The options that a new socket has.
    pub(crate) defaults: SocketOptions,
    /// Closed sockets of smoltcp's TCP that still have something to do.
    pub(crate) reference_orphans: Vec<ReferenceOrphan>,
    /// How many ICMP errors each peer may still have.
    pub(crate) limiter: Limiter,
    /// How many resets closed ports have sent.
    pub(crate) resets: CountedSecond,
    /// Those from ports at which a socket listens.
    pub(crate) listener_resets: CountedSecond,
    /// What is known of Fast Open.
    pub(crate) fast_open: FastOpenMemory,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            profile, entries, ..
        } = self;
        f.debug_struct("Stack")
            .field("profile", &profile.name)
            .field("sockets", &entries.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The first port handed out to sockets that ask for none (RFC 6335 section 6).
const FIRST_DYNAMIC_PORT: u16 = 49_152;

impl Host {
    pub(crate) fn new(
        config: HostConfig,
        ethernet: EthernetAddress,
        (resolution, neighbours): (Resolution, Neighbourhood),
        profile: Option<Arc<Profile>>,
        random: Random,
    ) -> Self {
        let stack = profile.map(|profile| {
            let basis = Basis {
                profile,
                addresses: config.addresses.clone(),
                mtu: config.mtu,
                defaults: SocketOptions {
                    receive_buffer: config.receive_buffer,
                    send_buffer: config.send_buffer,
                    ..SocketOptions::default()
                },
                ethernet,
                resolution,
                neighbours,
            };
            Box::new(Stack::new(basis, random))
        });
        Self {
            name: config.name,
            addresses: config.addresses,
            mtu: config.mtu,
            up: true,
            subsystem: true,
            running: true,
            receive_offload: 1,
            outputs: VecDeque::new(),
            stack,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its addresses.
    pub fn addresses(&self) -> &[IpAddress] {
        &self.addresses
    }

    /// The largest IP datagram it sends, in octets.
    pub fn mtu(&self) -> usize {
        self.mtu
    }

    /// Its profile; none on a scripted host.
    pub fn profile(&self) -> Option<&Profile> {
        self.stack.as_ref().map(|stack| &*stack.profile)
    }

    /// Turns knobs of a system that runs: sockets that are opened from now on, and connections that
    /// come from now on, are of this profile. Connections that are there keep what they began with:
    /// their buffers, timers and TCP options; what is decided anew for each segment or call follows
    /// the knobs. Which TCP the host has stays as it is. Nothing on a scripted host.
    pub fn set_profile(&mut self, profile: Profile) {
        let Some(stack) = &mut self.stack else {
            return;
        };
        stack.profile = Arc::new(profile);
        let ids: Vec<SocketId> = stack.entries.keys().collect();
        for id in ids {
            let profile = Arc::clone(&stack.profile);
            if let Some(connection) = stack.connection_mut(id) {
                connection.set_profile(&profile);
            }
        }
    }

    /// Whether calls find the network subsystem of this host working; `false` is a failed subsystem
    /// (WSAENETDOWN, ENETDOWN).
    pub fn is_up(&self) -> bool {
        self.up && self.subsystem
    }

    /// Cuts this host off, or repairs it. Until then no frame enters or leaves, and calls find its
    /// network subsystem failed.
    pub fn set_up(&mut self, up: bool) {
        self.up = up;
    }

    /// Fails or repairs the network subsystem of this host as its calls see it. The stack below
    /// goes on.
    pub fn set_subsystem(&mut self, works: bool) {
        self.subsystem = works;
    }

    /// Keeps which sockets something has happened to from now on, for [`Host::take_stirred`].
    pub(crate) fn note_stirred(&mut self) {
        if let Some(stack) = &mut self.stack {
            stack.stirred.get_or_insert_default();
        }
    }

    /// Whether what happens to a socket is kept: it listens or is a connection, of our own TCP.
    pub fn is_noted(&self, socket: SocketId) -> bool {
        let stack = self.stack.as_ref().filter(|it| it.stirred.is_some());
        stack.is_some_and(|it| it.connection(socket).is_some() || it.listening(socket).is_some())
    }

    /// Whether a socket of our own TCP listens.
    pub fn is_listening(&self, socket: SocketId) -> bool {
        let stack = self.stack.as_ref();
        stack.is_some_and(|it| it.listening(socket).is_some())
    }

    /// The sockets that something has happened to, each at least once, where that is kept.
    pub(crate) fn take_stirred(&mut self) -> Option<impl Iterator<Item = SocketId>> {
        let stirred = self.stack.as_mut()?.stirred.as_mut()?;
        Some(stirred.drain(..))
    }

    /// Whether it has not crashed, or is up again.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// Its power fails: what it knew is gone, and nobody is told. What runs then is as a system
    /// that was just started, and deaf.
    pub(crate) fn crash(&mut self) {
        if let Some(stack) = self.stack.take() {
            self.stack = Some(Box::new(stack.restarted()));
            self.running = false;
        }
    }

    /// It is started again. Its network subsystem works.
    pub(crate) fn boot(&mut self) {
        if self.running {
            self.crash();
        }
        (self.running, self.up, self.subsystem) = (true, true, true);
    }

    /// Takes in up to so many frames together that arrive at one instant, and then answers them,
    /// as hosts do whose network card or driver puts segments together before TCP sees them (large
    /// receive offload; on Linux GRO, 64 KiB at most). One, as at first: each is answered before
    /// the next is seen.
    pub fn set_receive_offload(&mut self, frames: usize) {
        self.receive_offload = frames.max(1);
    }

    pub(crate) fn receive_offload(&self) -> usize {
        self.receive_offload
    }

    /// The stack of a host that has one.
    ///
    /// # Panics
    /// On a scripted host: whoever calls has to know that it has sockets.
    pub(crate) fn stack(&self) -> &Stack {
        self.stack.as_ref().expect("a scripted host has no sockets")
    }

    pub(crate) fn stack_mut(&mut self) -> &mut Stack {
        self.stack.as_mut().expect("a scripted host has no sockets")
    }

    /// Tells of what happens from now on, or does not.
    pub(crate) fn record(&mut self, recording: Recording) {
        if let Some(stack) = &mut self.stack {
            stack.recording = recording;
        }
    }

    /// Forgets what it remembers of its neighbours: an address has another host now.
    pub(crate) fn forget_neighbour(&mut self) {
        if let Some(stack) = &mut self.stack {
            stack.neighbour = None;
            stack.introduced = None;
        }
    }

    /// Takes in a frame, and no more: [`Host::settle_with`] answers.
    #[inline(always)]
    pub(crate) fn on_frame(
        &mut self,
        frame: Frame,
        now: Instant,
        spares: &mut Spares,
    ) -> InterfacePoll {
        match self.stack.as_mut().filter(|_| self.up && self.running) {
            Some(stack) => stack.on_frame(frame, now, spares, &mut self.outputs),
            None => InterfacePoll::NotNeeded,
        }
    }

    /// Tells what has happened to connections, without letting them send.
    pub(crate) fn tell(&mut self) {
        if let Some(stack) = &mut self.stack {
            stack.tell_of_touched(&mut self.outputs);
        }
    }

    pub(crate) fn on_timeout(&mut self, now: Instant, spares: &mut Spares) {
        if let Some(stack) = &mut self.stack {
            stack.on_timeout(now);
        }
        self.settle_with(InterfacePoll::NotNeeded, now, spares);
    }

    /// When a timer of this host is next due.
    pub fn poll_at(&self) -> Option<Instant> {
        self.stack.as_ref().and_then(|stack| stack.poll_at())
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Lets every socket send what it has to, after an application may have called any of them.
    pub(crate) fn settle(&mut self, now: Instant, spares: &mut Spares) {
        self.settle_with(InterfacePoll::Needed, now, spares);
    }

    /// Lets the sockets that have changed send what they have to, and smoltcp's interface where it
    /// needs a poll.
    pub(crate) fn settle_with(
        &mut self,
        interface: InterfacePoll,
        now: Instant,
        spares: &mut Spares,
    ) {
        let Some(stack) = &mut self.stack else {
            return;
        };
        let begin = self.outputs.len();
        stack.settle(interface, now, spares, &mut self.outputs);
        if !self.up {
            let is_fact = |output: &Output| matches!(output, Output::Fact { .. });
            let kept: Vec<_> = self.outputs.drain(begin..).filter(is_fact).collect();
            self.outputs.extend(kept);
        }
    }
}

/// What a stack begins with.
#[derive(Debug)]
struct Basis {
    profile: Arc<Profile>,
    addresses: Vec<IpAddress>,
    mtu: usize,
    defaults: SocketOptions,
    ethernet: EthernetAddress,
    resolution: Resolution,
    neighbours: Neighbourhood,
}

impl Stack {
    fn new(basis: Basis, mut random: Random) -> Self {
        let Basis {
            profile,
            addresses,
            mtu,
            defaults,
            ethernet,
            resolution,
            neighbours,
        } = basis;
        let wire = Wire::new(mtu);
        let interface_seed = u64::from(random.bits());
        let needs_interface =
            resolution == Resolution::Arp || profile.transport == Transport::Smoltcp;
        let mut stack = Self {
            profile,
            addresses,
            mtu,
            interface: None,
            interface_seed,
            smoltcp: SocketSet::new(Vec::new()),
            entries: Entries::default(),
            recording: Recording::default(),
            connections: BTreeMap::new(),
            claims: BTreeSet::new(),
            random,
            next_socket: 0,
            next_port: FIRST_DYNAMIC_PORT,
            wire,
            ethernet,
            resolution,
            neighbours,
            neighbour: None,
            introduced: None,
            raw: None,
            deadlines: Timetable::default(),
            interface_due: None,
            strays: VecDeque::new(),
            touched: VecDeque::new(),
            stirred: None,
            defaults,
            reference_orphans: Vec::new(),
            limiter: Limiter::default(),
            resets: CountedSecond::default(),
            listener_resets: CountedSecond::default(),
            fast_open: FastOpenMemory::default(),
        };
        if needs_interface {
            stack.interface();
        }
        stack
    }

    /// The stack of the same host, started again. Its sockets have numbers that none had before.
    ///
    /// Every system draws a new secret for its initial sequence numbers and the ports that it picks
    /// (RFC 6528, RFC 6056), so that an old connection hardly comes again by itself: the numbers
    /// are random here too, and the ports go on behind those that were picked.
    fn restarted(self) -> Self {
        let basis = Basis {
            profile: self.profile,
            addresses: self.addresses,
            mtu: self.mtu,
            defaults: self.defaults,
            ethernet: self.ethernet,
            resolution: self.resolution,
            neighbours: self.neighbours,
        };
        Self {
            recording: self.recording,
            next_socket: self.next_socket,
            next_port: self.next_port,
            stirred: self.stirred.map(|_| Vec::new()),
            ..Self::new(basis, self.random)
        }
    }

    pub(crate) fn next_socket(&mut self) -> SocketId {
        self.next_socket += 1;
        SocketId(self.next_socket - 1)
    }

    /// A port that no socket has, in the order of handing out.
    pub(crate) fn dynamic_port(&mut self, taken: impl Fn(&Self, u16) -> bool) -> Option<u16> {
        for _ in FIRST_DYNAMIC_PORT..=u16::MAX {
            let port = self.next_port;
            self.next_port = port.checked_add(1).unwrap_or(FIRST_DYNAMIC_PORT);
            if !taken(self, port) {
                return Some(port);
            }
        }
        None
    }

    /// The Ethernet address of a host that is known from the start.
    pub(crate) fn neighbour(&mut self, address: IpAddress) -> Option<EthernetAddress> {
        if let Some((last, ethernet)) = self.neighbour
            && last == address
        {
            return Some(ethernet);
        }
        let found = self.neighbours.get(address);
        let ethernet = found.filter(|it| *it != self.ethernet)?;
        self.neighbour = Some((address, ethernet));
        Some(ethernet)
    }

    /// Our address of the family of another.
    pub(crate) fn address_towards(&self, remote: IpAddress) -> Option<IpAddress> {
        let same = |address: &&IpAddress| address.version() == remote.version();
        self.addresses.iter().find(same).copied()
    }

    fn poll_at(&self) -> Option<Instant> {
        earlier(self.deadlines.next(), self.interface_due)
    }

    pub(crate) fn connection(&self, id: SocketId) -> Option<&Connection> {
        let Kind::Connection(connection) = &self.entries.get(&id)?.kind else {
            return None;
        };
        Some(connection)
    }

    pub(crate) fn connection_mut(&mut self, id: SocketId) -> Option<&mut Connection> {
        let Kind::Connection(connection) = &mut self.entries.get_mut(&id)?.kind else {
            return None;
        };
        Some(connection)
    }

    pub(crate) fn listening(&self, id: SocketId) -> Option<&Listening> {
        let Kind::Listening(listening) = &self.entries.get(&id)?.kind else {
            return None;
        };
        Some(listening)
    }

    /// A listener, to change it: something happens to it.
    pub(crate) fn listening_mut(&mut self, id: SocketId) -> Option<&mut Listening> {
        self.note(id);
        let Kind::Listening(listening) = &mut self.entries.get_mut(&id)?.kind else {
            return None;
        };
        Some(listening)
    }

    fn on_timeout(&mut self, now: Instant) {
        let mut due = Vec::new();
        while let Some((at, id)) = self.deadlines.take(now) {
            if let Some(entry) = self.entries.get_mut(&id)
                && entry.deadline == Some(at)
            {
                entry.deadline = None;
                due.push(id);
            }
        }
        let entries = &self.entries;
        self.deadlines.pass_over(|at, id| entries.is_due(at, id));
        for id in due {
            if let Some(connection) = self.connection_mut(id) {
                connection.on_timeout(now);
            }
            self.touch(id);
        }
    }

    /// Marks a socket as changed, so that it is settled.
    pub(crate) fn touch(&mut self, id: SocketId) {
        if self.touched.back() != Some(&id) {
            self.touched.push_back(id);
        }
    }

    /// Keeps that something has happened to a socket, where that is kept.
    fn note(&mut self, id: SocketId) {
        if let Some(stirred) = &mut self.stirred
            && stirred.last() != Some(&id)
        {
            stirred.push(id);
        }
    }

    /// Tells what has happened to the sockets that have changed.
    fn tell_of_touched(&mut self, outputs: &mut VecDeque<Output>) {
        for place in 0..self.touched.len() {
            self.tell_of(self.touched[place], outputs);
        }
    }

    fn settle(
        &mut self,
        interface: InterfacePoll,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) {
        while let Some(id) = self.touched.pop_front() {
            self.settle_connection(id, now, spares, outputs);
            self.note(id);
        }
        while let Some(stray) = self.strays.pop_front() {
            self.send_stray(stray, now, spares, outputs);
        }
        let carries_segments =
            self.resolution == Resolution::Arp || self.profile.transport == Transport::Smoltcp;
        let due = self.interface_due.is_some_and(|at| at <= now);
        let poll = interface == InterfacePoll::Needed || carries_segments || due;
        if poll && self.interface.is_some() {
            self.settle_interface(now, spares, outputs);
        }
        #[cfg(debug_assertions)]
        self.check_tables();
    }

    /// Takes everything a connection has to say and to send, and learns when it is next due.
    fn settle_connection(
        &mut self,
        id: SocketId,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) {
        while self.send_segment(id, now, spares, outputs) == Sent::Segment {}
        self.after_settling(id);
    }

    /// A passive connection is ready for `accept`.
    #[cold]
    pub(crate) fn offer_to_listener(&mut self, id: SocketId) {
        if self.connection(id).is_some_and(Connection::is_open_early) {
            // It has been there since its SYN came.
            return;
        }
        let parent = self.entries.get(&id).and_then(|entry| entry.parent);
        if let Some(listening) = parent.and_then(|parent| self.listening_mut(parent)) {
            listening.offer(id);
        }
    }

    fn after_settling(&mut self, id: SocketId) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let Kind::Connection(connection) = &entry.kind else {
            return;
        };
        let at = connection.poll_at();
        let moved = entry.deadline != at;
        entry.deadline = at;
        if connection.state() == State::Closed {
            let tuple = Tuple::new(connection.local().port, connection.remote());
            let (finished, parent) = (connection.is_finished(), entry.parent);
            let idle = connection
                .is_disconnected()
                .then(|| Idle::after(connection));
            self.after_end(id, tuple, finished, parent);
            if let Some(idle) = idle {
                self.set_kind(id, Kind::Idle(idle));
            }
        }
        if moved {
            let entries = &self.entries;
            let is_due = |at, id| entries.is_due(at, id);
            self.deadlines.change(id, at, is_due);
        }
    }

    /// A connection is over: from now on its tuple is free, and late segments meet a closed port.
    #[cold]
    fn after_end(&mut self, id: SocketId, tuple: Tuple, finished: bool, parent: Option<SocketId>) {
        if self.connections.get(&tuple) == Some(&id) {
            self.connections.remove(&tuple);
        }
        let waits = parent
            .and_then(|parent| self.listening_mut(parent))
            .is_some_and(|listening| listening.ready.contains(&id));
        if finished || (parent.is_some() && !waits) {
            self.remove(id);
            if let Some(listening) = parent.and_then(|parent| self.listening_mut(parent)) {
                listening.children -= 1;
            }
        }
    }
}
