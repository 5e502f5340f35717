//! One run: handshake, warm-up, receive shutdown, push, and the sender's end.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use hangup_stack::network::{
    HostConfig, HostId, IpFamily, Network, Recording, Resolution, SegmentDirection, StackKind,
};
use hangup_stack::profile::{Profile, Transport, WindowUnit};
use hangup_stack::socket::{Direction, Gone, Protocol, RecvError, SendError, SocketId, Status};
use hangup_stack::tcp::State;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpAddress, IpEndpoint, Ipv4Address};

use super::axis::WRITE_MOST;
use super::calls::{self, Words};
use super::case::Case;
use super::measurement::{End, Ending, Measurement, Start};
use super::model::predict;
use super::observer::{Counts, Observer, Seen};
use super::setup::Setup;
use super::stop::{Congestion, Limit, Situation, limit};
use crate::bounds::{Bounds, Held, Reached};
use crate::capture::{CallRow, Toward, TraceHost};
use crate::event_log::EventLog;

const RECEIVER: IpAddress = IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, 1));
const SENDER: IpAddress = IpAddress::Ipv4(Ipv4Address::new(192, 0, 2, 2));
const PORT: u16 = 4242;

/// How long a handshake and a warm-up may take, in virtual time.
const PREPARATION_MOST: Duration = Duration::from_secs(86_400);

/// Steps that a run may take. A run that needs more is not ended by anything.
const STEPS_MOST: u64 = 1 << 32;
/// After how many of them the run looks at its bounds.
const STEPS_BETWEEN: u64 = 1 << 12;

/// When the connection begins, in virtual time, and when its receive direction is shut down where
/// nothing comes before: where the ticks of the clock stood on the machine on which senders were
/// measured that nobody acknowledges. Timers that run on ticks depend on it.
const BEGINS: Duration = Duration::from_micros(997_000);
const SHUTS: Duration = Duration::from_micros(1_048_000);

/// What the application writes: the same for all rows, which share it. The system maps it only
/// where it is read, and segments carry parts of it without a count of who holds them.
fn octets() -> &'static Bytes {
    static OCTETS: OnceLock<Bytes> = OnceLock::new();
    OCTETS.get_or_init(|| {
        let octets: &'static [u8] = Box::leak(vec![0; WRITE_MOST as usize].into_boxed_slice());
        Bytes::from_static(octets)
    })
}

/// What one read takes at most, in octets.
const READ_OCTETS: usize = 16 * 1024;

thread_local! {
    /// Where reads put what they take: one place for all rows of a thread.
    static READ: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Why a case cannot be measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeasureError {
    /// The handshake was given up, as on a link that loses too much.
    #[error("no connection came about")]
    NotConnected,
    /// The warm-up did not come to an end.
    #[error("the warm-up did not come to an end")]
    NotWarm,
    /// More steps than a run may take.
    #[error("the run does not come to an end")]
    Endless,
    /// It was stopped at a bound. No file has such rows.
    #[error("it was stopped: {0}")]
    Stopped(Reached),
}

impl MeasureError {
    /// All of them that are results.
    pub const ALL: [Self; 3] = [Self::NotConnected, Self::NotWarm, Self::Endless];

    /// Its name in tables and files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotConnected => "not-connected",
            Self::NotWarm => "not-warm",
            Self::Endless => "endless",
            Self::Stopped(_) => "stopped",
        }
    }
}

/// Runs a case within bounds.
///
/// # Errors
/// There is nothing to measure: see [`MeasureError`].
pub fn measure(case: &Case, bounds: &dyn Bounds) -> Result<Measurement, MeasureError> {
    Run::new(case.setup(), None, bounds).measure()
}

/// Everything that happened in a run.
#[derive(Debug, Default)]
pub struct Log {
    /// The hosts, the receiver first.
    pub hosts: Vec<TraceHost>,
    /// The facts, with every frame.
    pub events: EventLog,
    /// The calls of both applications.
    pub calls: Vec<CallRow>,
}

/// Runs a case within bounds and keeps everything. It is the same run.
///
/// # Errors
/// There is nothing to measure: see [`MeasureError`].
pub fn record(case: &Case, bounds: &dyn Bounds) -> Result<(Measurement, Log), MeasureError> {
    let mut run = Run::new(case.setup(), Some(Log::default()), bounds);
    let measurement = run.measure()?;
    Ok((measurement, run.log.take().unwrap_or_default()))
}

/// Two hosts and what is known of them.
struct Run<'a> {
    bounds: &'a dyn Bounds,
    setup: Setup,
    network: Network,
    /// Where everything is kept, if it is.
    log: Option<Log>,
    watch: Observer,
    /// What the last step has brought. It stays in its place, as it is costly to move.
    seen: Seen,
    /// The hosts, the receiver first.
    receiver: Side,
    sender: Side,
    congestion_unit: Option<WindowUnit>,
    steps: u64,
    /// What the application has to write in this phase, and what of it is not written.
    total: u64,
    unwritten: u64,
    blocked: bool,
    situation: Option<Situation>,
    kept_most: u64,
    began: Instant,
    accepted_before: u64,
    acknowledged_before: u64,
}

/// A host with its socket.
struct Side {
    host: HostId,
    socket: SocketId,
    end: Option<(Ending, Instant)>,
}

impl Side {
    fn end_of(&self) -> (HostId, SocketId) {
        (self.host, self.socket)
    }

    fn status(&self, network: &Network) -> Option<Status> {
        network.host(self.host).status(self.socket)
    }
}

impl<'a> Run<'a> {
    fn new(setup: Setup, log: Option<Log>, bounds: &'a dyn Bounds) -> Self {
        let mut network = Network::new(setup.seed, Resolution::Static);
        network.run_until(Instant::ZERO + BEGINS);
        network.keep_headers(true);
        network.record(match &log {
            Some(_) => Recording::Everything,
            None => Recording::Nothing,
        });
        let congestion_unit = unit(&setup.sender);
        let mtu = setup.mtu;
        let config = |name: &str, address, profile, buffers: [Option<usize>; 2]| HostConfig {
            name: name.to_owned(),
            addresses: vec![address],
            stack: StackKind::of(profile),
            mtu,
            receive_buffer: buffers[0],
            send_buffer: buffers[1],
        };
        let buffers = [setup.receive_buffer, None];
        let receiver = network.add_host(config(
            "receiver",
            RECEIVER,
            Arc::clone(&setup.receiver),
            buffers,
        ));
        let sender = network.add_host(config(
            "sender",
            SENDER,
            Arc::clone(&setup.sender),
            [None, setup.send_buffer],
        ));
        network.set_link(receiver, sender, setup.link.clone());
        network.set_link(sender, receiver, setup.link.clone());
        let listener = network.with_host(receiver, |host, _| {
            let socket = host.open(Protocol::Tcp, IpFamily::V4);
            host.bind(socket, None, PORT)
                .expect("the port is free on a new host");
            host.listen(socket, 1).expect("a bound socket can listen");
            socket
        });
        let socket = network.with_host(sender, |host, now| {
            let socket = host.open(Protocol::Tcp, IpFamily::V4);
            // It is in progress, as any handshake is at first.
            let _ = host.connect(socket, IpEndpoint::new(RECEIVER, PORT), now);
            socket
        });
        let side = |host, socket| Side {
            host,
            socket,
            end: None,
        };
        Self {
            bounds,
            setup,
            watch: Observer::new(sender),
            seen: Seen::default(),
            log: log.map(|log| Log {
                hosts: TraceHost::all(&network),
                ..log
            }),
            network,
            receiver: side(receiver, listener),
            sender: side(sender, socket),
            congestion_unit,
            steps: 0,
            total: 0,
            unwritten: 0,
            blocked: false,
            situation: None,
            kept_most: 0,
            began: Instant::ZERO,
            accepted_before: 0,
            acknowledged_before: 0,
        }
    }

    fn measure(&mut self) -> Result<Measurement, MeasureError> {
        self.connect()?;
        self.warm_up()?;
        self.shut_down();
        self.push()
    }

    /// Handles what is due next, up to a time, and looks at what passed; returns whether anything
    /// was due.
    fn step(&mut self, until: Instant) -> Result<bool, MeasureError> {
        self.seen = Seen::default();
        self.steps += 1;
        if self.steps > STEPS_MOST {
            return Err(MeasureError::Endless);
        }
        if self.steps.is_multiple_of(STEPS_BETWEEN) {
            self.check()?;
        }
        if !self.network.step(until) {
            return Ok(false);
        }
        self.look();
        Ok(true)
    }

    /// Whether the run may go on.
    fn check(&self) -> Result<(), MeasureError> {
        let log = self.log.as_ref().map_or(0, |log| log.events.memory());
        let held = Held {
            memory: self.network.held_octets() + log,
            trace: 0,
        };
        self.bounds.check(held).map_err(MeasureError::Stopped)
    }

    /// Adds what has passed to what the step has brought.
    fn look(&mut self) {
        let (watch, seen) = (&mut self.watch, &mut self.seen);
        self.network
            .take_sightings(|sighting| watch.see(sighting, seen));
        if let Some(log) = &mut self.log {
            log.events.extend(self.network.take_events());
        }
    }

    /// How many facts come before a call that is about to be made, where calls are kept.
    fn facts(&mut self) -> usize {
        self.log.as_mut().map_or(0, |log| {
            log.events.extend(self.network.take_events());
            log.events.len()
        })
    }

    /// Keeps a call that was made behind so many facts, where calls are kept. What it delivers
    /// comes from the host.
    fn note(
        &mut self,
        facts: usize,
        (host, socket): (HostId, SocketId),
        toward: Toward,
        text: impl FnOnce(Words) -> String,
    ) {
        if let Some(log) = &mut self.log {
            let profile = match host == self.sender.host {
                true => &self.setup.sender,
                false => &self.setup.receiver,
            };
            let text = text(Words(profile.api));
            let row = calls::row(&self.network, (host, socket), facts, toward, text);
            log.calls.push(row);
        }
    }

    /// Keeps the calls that have opened the connection: they were made before anything happened.
    fn note_opening(&mut self) {
        let (listener, sender) = (self.receiver.end_of(), self.sender.end_of());
        let port = format!("port {PORT}");
        let stack = Toward::Stack;
        self.note(0, listener, stack, |words| words.open(listener.1));
        self.note(0, listener, stack, |words| {
            words.done("bind", listener.1, &port)
        });
        self.note(0, listener, stack, |words| {
            words.done("listen", listener.1, "1")
        });
        self.note(0, sender, stack, |words| words.open(sender.1));
    }

    fn connect(&mut self) -> Result<(), MeasureError> {
        let until = self.network.now() + PREPARATION_MOST;
        self.note_opening();
        self.look();
        loop {
            let listener = self.receiver.socket;
            let facts = self.facts();
            let accepted = self
                .network
                .with_host(self.receiver.host, |host, _| host.accept(listener));
            if let Ok(socket) = accepted {
                let receiver = (self.receiver.host, socket);
                self.receiver.socket = socket;
                self.note(facts, receiver, Toward::Application, |words| {
                    words.accept(listener, socket)
                });
                return Ok(());
            }
            if !self.step(until)? {
                return Err(MeasureError::NotConnected);
            }
            let state = self.sender.status(&self.network).and_then(|it| it.state);
            if state == Some(State::Closed) {
                return Err(MeasureError::NotConnected);
            }
        }
    }

    /// Carries what comes before the shutdown to an application that reads it all.
    fn warm_up(&mut self) -> Result<(), MeasureError> {
        let until = self.network.now() + PREPARATION_MOST;
        let mut missing = self.setup.warm_up();
        if missing == 0 {
            while self.step(Instant::ZERO + SHUTS)? {}
            return Ok(());
        }
        self.begin_writing(missing);
        while missing > 0 {
            if !self.step(until)? {
                return Err(MeasureError::NotWarm);
            }
            let Seen {
                arrived,
                heard,
                reset,
                ..
            } = self.seen;
            if arrived {
                missing = missing.saturating_sub(self.read());
            }
            if heard {
                self.write();
            }
            if reset.is_some() {
                return Err(MeasureError::NotWarm);
            }
        }
        // The sender hears of it, and of the window that has opened behind it.
        while self.watch.in_flight() > 0 {
            if !self.step(until)? {
                return Err(MeasureError::NotWarm);
            }
        }
        let link = &self.setup.link;
        let serialization = link.rate.map_or(0, |rate| 2 * 64 * 8 * 1_000_000 / rate);
        let quiet = self.network.now() + link.delay + Duration::from_micros(serialization);
        while self.step(quiet)? {}
        Ok(())
    }

    /// Reads everything that waits; returns how many octets.
    fn read(&mut self) -> usize {
        let (facts, receiver) = (self.facts(), self.receiver.end_of());
        let total = self.read_all();
        // Every read but the last was filled.
        let mut rest = if self.log.is_some() { total } else { 0 };
        while rest > 0 {
            let octets = rest.min(READ_OCTETS);
            rest -= octets;
            self.note(facts, receiver, Toward::Application, |words| {
                words.recv(receiver.1, READ_OCTETS, octets)
            });
        }
        total
    }

    fn read_all(&mut self) -> usize {
        let socket = self.receiver.socket;
        let mut buffer = READ.take();
        // Clearing it for each read would be most of what a warm-up costs.
        buffer.resize(READ_OCTETS, 0);
        let total = self.network.with_host(self.receiver.host, |host, _| {
            let mut total = 0;
            loop {
                match host.recv(socket, &mut buffer) {
                    Ok(octets) => {
                        total += octets;
                        // A read that comes back with less has taken all there was.
                        if octets < buffer.len() {
                            return total;
                        }
                    }
                    Err(
                        RecvError::WouldBlock
                        | RecvError::NotConnected
                        | RecvError::NotBound
                        | RecvError::Shutdown
                        | RecvError::Truncated(_)
                        | RecvError::Gone(_),
                    ) => return total,
                }
            }
        });
        READ.set(buffer);
        total
    }

    fn begin_writing(&mut self, octets: usize) {
        self.total = octets as u64;
        self.unwritten = self.total;
        self.write();
    }

    /// Writes as much as there is room for, one write at a time.
    fn write(&mut self) {
        let socket = self.sender.socket;
        self.blocked = false;
        while self.unwritten > 0 && !self.blocked {
            let wanted = self.rest_of_write();
            let part = octets().slice(..wanted);
            let (facts, sender) = (self.facts(), self.sender.end_of());
            let sent = self
                .network
                .with_host(self.sender.host, |host, _| host.send_shared(socket, &part));
            self.note(facts, sender, Toward::Stack, |words| {
                words.send(socket, wanted, sent)
            });
            match sent {
                Ok(octets) => {
                    self.unwritten -= octets as u64;
                    self.blocked = octets < wanted;
                }
                Err(SendError::WouldBlock) => self.blocked = true,
                Err(
                    SendError::NotConnected
                    | SendError::InProgress
                    | SendError::Shutdown
                    | SendError::MessageTooLong
                    | SendError::NoDestination
                    | SendError::Unreachable
                    | SendError::Gone(_),
                ) => return,
            }
        }
    }

    /// What is left of the write that is under way, or the next one.
    fn rest_of_write(&self) -> usize {
        let write = self.setup.write as u64;
        let begun = (self.total - self.unwritten) % write;
        (write - begun).min(self.unwritten) as usize
    }

    /// Shuts the receive direction down.
    fn shut_down(&mut self) {
        let socket = self.receiver.socket;
        let (facts, receiver) = (self.facts(), self.receiver.end_of());
        self.note(facts, receiver, Toward::Stack, |words| {
            words.shut_down(socket)
        });
        self.network.with_host(self.receiver.host, |host, _| {
            // Every receiver has the call, and every one of them is connected here.
            let _ = host.shutdown(socket, Direction::Receive);
        });
        self.look();
        self.began = self.network.now();
        self.watch.begin_counting(self.began);
        if let Some(status) = self.receiver.status(&self.network) {
            self.accepted_before = status.accepted;
            self.acknowledged_before = status.acknowledged;
        }
    }

    /// Pushes until nothing more happens or the watch ends.
    fn push(&mut self) -> Result<Measurement, MeasureError> {
        let start = self.start();
        let window_first = self.watch.window;
        let first = self.watch.next;
        let until = self.began + self.setup.until;
        self.begin_writing(self.setup.offer());
        self.seen = Seen::default();
        self.look();
        self.take_in();
        while self.network.next_due().is_some_and(|at| at <= until) {
            if self.sender.end.is_some() && self.receiver.end.is_some() {
                break;
            }
            if !self.step(until)? {
                break;
            }
            if self.seen.heard && self.unwritten > 0 {
                self.write();
                self.look();
            }
            self.take_in();
        }
        let open = match self.network.next_due() {
            Some(_) => Ending::Open,
            None => Ending::Never,
        };
        Ok(self.measurement(start, window_first, first, open))
    }

    fn start(&self) -> Start {
        let status = self.sender.status(&self.network);
        let ours = status.filter(|status| !status.rto.eq(&Duration::ZERO));
        Start {
            at: self.began,
            segment: self.watch.segment_octets() as u64,
            room: (self.watch.edge - self.watch.next).max(0) as u64,
            window: self.watch.window_most,
            unit: 1 << self.watch.shift(),
            congestion_window: match (&ours, self.congestion_unit) {
                (Some(status), Some(_)) => Some(status.cwnd as u64),
                (Some(_) | None, _) => None,
            },
            timeout: ours.as_ref().map(|status| status.rto),
            round_trip: ours.as_ref().and_then(|status| status.srtt),
            selective: self.watch.is_selective(),
        }
    }

    /// Learns from a step.
    fn take_in(&mut self) {
        if self.seen.new || (self.seen.heard && !self.watch.repeats) {
            self.situation = self.situation_now();
        }
        if self.seen.arrived {
            let receiver = self.network.host(self.receiver.host);
            let kept = receiver.kept(self.receiver.socket) as u64;
            self.kept_most = self.kept_most.max(kept);
        }
        // A connection ends with a reset, or because nothing passed.
        if self.seen.reset.is_some() || !self.seen.any {
            let now = self.network.now();
            for side in [&mut self.sender, &mut self.receiver] {
                let status = side.status(&self.network);
                if side.end.is_none() && is_over(status.as_ref()) {
                    let reset = self.seen.reset.filter(|(host, _)| *host == side.host);
                    let ending = ending(reset.map(|(_, way)| way), status.as_ref());
                    side.end = Some((ending, now));
                }
            }
        }
    }

    fn situation_now(&self) -> Option<Situation> {
        let sender = self.network.host(self.sender.host);
        let window = sender.congestion_window(self.sender.socket)? as u64;
        let watch = &self.watch;
        let segment = watch.segment_octets() as u64;
        let written = self.setup.offer() as u64 - self.unwritten;
        let sent = (watch.next - self.first()) as u64;
        Some(Situation {
            segment,
            unwritten: self.unwritten,
            unsent: written.saturating_sub(sent),
            blocked: self.blocked,
            in_flight: watch.in_flight(),
            segments_in_flight: watch.segments_in_flight() as u64,
            remaining: (watch.edge - watch.next).max(0) as u64,
            congestion: match self.congestion_unit {
                None => Congestion::Unlimited,
                Some(WindowUnit::Octets) => Congestion::Octets(window),
                Some(WindowUnit::Segments) => Congestion::Segments((window / segment).max(1)),
            },
        })
    }

    /// The position of the first octet behind the warm-up.
    fn first(&self) -> i64 {
        1 + self.setup.warm_up() as i64
    }

    fn measurement(
        &self,
        start: Start,
        window_first: u64,
        first: i64,
        open: Ending,
    ) -> Measurement {
        let status = self.receiver.status(&self.network);
        let numbers = |of: fn(&Status) -> u64| status.as_ref().map_or(0, of);
        let accepted = numbers(|status| status.accepted).saturating_sub(self.accepted_before);
        let acknowledged =
            numbers(|status| status.acknowledged).saturating_sub(self.acknowledged_before);
        let end = |side: &Side| match side.end {
            Some((ending, at)) => End {
                ending,
                at: Some(at - self.began),
            },
            None => End {
                ending: open,
                at: None,
            },
        };
        let (sender, receiver) = (end(&self.sender), end(&self.receiver));
        // A sender that gives up may say so by a reset, but that is not what stopped it.
        let is_reset = sender.ending != Ending::TimedOut
            && [sender, receiver]
                .iter()
                .any(|end| matches!(end.ending, Ending::Reset | Ending::ResetByPeer));
        let limit = match (is_reset, self.situation) {
            (true, _) => Limit::Reset,
            (false, Some(situation)) => limit(situation),
            (false, None) => Limit::Unexplained,
        };
        let Counts {
            segments,
            retransmissions,
            probes,
            answered,
            answers,
        } = self.watch.counts;
        Measurement {
            start,
            predicted: predict(&self.setup, &start),
            offered: self.setup.offer() as u64,
            sent: (self.watch.next - first) as u64,
            accepted,
            held: numbers(|status| status.held as u64),
            acknowledged,
            kept_most: self.kept_most,
            limit,
            last_new: self.watch.last_new - self.began,
            segments,
            retransmissions,
            probes,
            probes_answered: answered,
            answers,
            window_first,
            window_last: self.watch.window,
            sender,
            receiver,
        }
    }
}

/// How a sender counts its congestion window; none where it has none.
fn unit(profile: &Profile) -> Option<WindowUnit> {
    let limited = profile.transport == Transport::Hangup && profile.send.initial_window > 0;
    limited.then_some(profile.send.window_unit)
}

/// Whether a connection is over.
fn is_over(status: Option<&Status>) -> bool {
    status.is_none_or(|status| status.state == Some(State::Closed))
}

/// How a connection ended that is over: with a reset that went this way, or without one.
fn ending(reset: Option<SegmentDirection>, status: Option<&Status>) -> Ending {
    match (reset, status.and_then(|status| status.error)) {
        // Giving up may say so to the peer.
        (_, Some(Gone::TimedOut)) => Ending::TimedOut,
        // lwIP says so of a timeout. Nobody closes here, so that it is no call that has aborted.
        (None, Some(Gone::Aborted)) => Ending::TimedOut,
        (Some(SegmentDirection::Sent), _) => Ending::Reset,
        (Some(SegmentDirection::Received), _) => Ending::ResetByPeer,
        (None, _) => Ending::Closed,
    }
}
