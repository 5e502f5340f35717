//! The live medium: emulated hosts in real time, and the kernel of a namespace as one more host.

use std::collections::VecDeque;
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd};

use bytes::Bytes;
use hangup_stack::event::Fact;
use hangup_stack::network::{HostId, Recording};
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Protocol, SocketId, Status};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::EthernetAddress;

use super::clock::{Clock, Lateness};
use super::device::{Incoming, Losses, Port};
use crate::calls::Returned;
use crate::capture::{SocketEnds, TraceHost};
use crate::run::{
    CallId, Due, Medium, MediumEvent, NewCall, Refusal, SoFar, VirtualNetwork, Waited,
};
use crate::scenario::script::{LinkChange, PowerChange, Spanned};
use crate::wire::{self, Flags};

/// How many packets are taken from the device before what they cause is sent.
const BATCH: usize = 16;

/// How many SYNs are kept back at once. Those beyond come again.
const KEPT_BACK_MAX: usize = 4096;

/// For so long nobody has said anything: what was under way has arrived.
const QUIET: Duration = Duration::from_millis(50);

/// The first number of calls that are none of the script's: a script has not so many.
pub const CALLS_BESIDE: usize = 1 << 32;

/// The first number behind them.
const CALLS_BESIDE_END: usize = 1 << 33;

/// The longest sleep, so that no wait is too long for the system call.
const SLEEP_MAX: std::time::Duration = std::time::Duration::from_secs(3600);

/// What a live run waits for beside the device: a program, a test that gives commands.
pub trait Side: fmt::Debug {
    /// The hosts of the script are ready, and the clock starts.
    fn begin(&mut self);

    /// Adds what is ready when there is something to look at, and for what.
    fn descriptors<'a>(&'a self, all: &mut Vec<(BorrowedFd<'a>, PollFlags)>);

    /// A call that it has made has ended: what it returned, or why it could not be made.
    fn returned(&mut self, _call: CallId, _returned: Result<&Returned, &str>) {}

    /// Passes on what can be passed on, after each turn of the hosts.
    fn pump(&mut self, _network: &mut VirtualNetwork) {}

    /// Looks at what has happened; it may act on the hosts. The time is that of the run.
    fn look(&mut self, network: &mut VirtualNetwork, now: Instant);

    /// Is shown what has been recorded.
    fn show(&mut self, _so_far: SoFar<'_>) {}

    /// Whether it wants to be shown what has been recorded.
    fn wants_to_see(&self) -> bool {
        false
    }

    /// The host on which it has made a call.
    fn caller(&self, _call: CallId) -> HostId {
        HostId(0)
    }

    /// When it must look, even if nothing happens, in real time from now.
    fn due(&self) -> Option<std::time::Duration>;

    /// Whether all is done that it waits for.
    fn has_ended(&self) -> bool;
}

/// What limits a live run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a second of the emulated hosts is.
    pub pace: f64,
    /// For how long the script may go on once everything else has ended.
    pub wait: Duration,
    /// How many octets of frames are kept for the trace and the script's lines.
    pub trace: usize,
    /// For how long a SYN of the kernel is kept back.
    pub slow_open: Option<Duration>,
}

/// Emulated hosts in real time, among them the kernel.
#[derive(Debug)]
pub struct LiveMedium<'a> {
    inner: VirtualNetwork,
    port: Port,
    kernel: HostId,
    side: &'a mut dyn Side,
    clock: Clock,
    limits: Limits,
    has_begun: bool,
    /// When all else had ended, and whether the script is through.
    ended: Option<Instant>,
    is_through: bool,
    /// When a frame last came or went.
    active: Instant,
    recorded: usize,
    is_cut: bool,
    incoming: Vec<Incoming>,
    /// SYNs that are kept back, and until when.
    kept_back: VecDeque<(Instant, Bytes)>,
    lateness: Lateness,
}

impl<'a> LiveMedium<'a> {
    /// With the hosts of a scenario, of which one is the kernel behind a port.
    pub fn new(
        mut inner: VirtualNetwork,
        kernel: HostId,
        port: Port,
        side: &'a mut dyn Side,
        limits: Limits,
    ) -> Self {
        inner.network().set_outlet(kernel);
        Self {
            inner,
            port,
            kernel,
            side,
            clock: Clock::new(limits.pace),
            limits,
            has_begun: false,
            ended: None,
            is_through: false,
            active: Instant::ZERO,
            recorded: 0,
            is_cut: false,
            incoming: Vec::new(),
            kept_back: VecDeque::new(),
            lateness: Lateness::default(),
        }
    }

    /// How late timers were.
    pub fn lateness(&self) -> &Lateness {
        &self.lateness
    }

    /// What did not get through the device.
    pub fn losses(&self) -> Losses {
        self.port.losses()
    }

    /// When the trace was cut off, as it had its most octets.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Lets the emulated hosts do what is due, and gives the kernel what they send.
    fn catch_up(&mut self, now: Instant) {
        if let Due::At(due) = self.inner.due()
            && due < now
        {
            let late = now - due;
            self.lateness.count(late.total_micros());
        }
        while self.inner.wait(now) == Waited::Woken {}
        self.push_out();
    }

    /// Gives the kernel what the emulated hosts have sent.
    fn push_out(&mut self) {
        let mut count = 0;
        for frame in self.inner.network().take_outgoing() {
            self.port.send(frame);
            count += 1;
        }
        if count > 0 {
            self.port.flush();
            self.active = self.inner.now();
        }
    }

    /// Takes what the kernel has sent; returns whether there was something.
    fn take_in(&mut self) -> bool {
        let mut any = false;
        for _ in 0..BATCH {
            // A device that errs is one that somebody inside has taken down: it is silent.
            if !self.port.receive(&mut self.incoming).unwrap_or(false) {
                break;
            }
            any = true;
        }
        if !self.incoming.is_empty() {
            self.active = self.clock.now();
        }
        let now = self.clock.now();
        let mut all = std::mem::take(&mut self.incoming);
        for incoming in all.drain(..) {
            match incoming {
                Incoming::Frame(frame) => self.arrived(frame, now),
                Incoming::Large(large) => {
                    if !self.inner.network().transmit_large(self.kernel, &large) {
                        for frame in self.port.cut(&large) {
                            self.arrived(frame, now);
                        }
                    }
                }
            }
        }
        // The list is filled again with the next frames, in the same memory.
        self.incoming = all;
        any
    }

    /// Lets a frame go on that the kernel has sent, or keeps it back.
    fn arrived(&mut self, frame: Bytes, now: Instant) {
        match self.limits.slow_open {
            Some(slow) if slow > Duration::ZERO && is_syn(&frame) => {
                if self.kept_back.len() < KEPT_BACK_MAX {
                    self.kept_back.push_back((now + slow, frame));
                }
            }
            Some(_) | None => {
                self.inner.network().transmit(self.kernel, frame);
            }
        }
    }

    /// Lets the SYNs go on whose time has come.
    fn release(&mut self, now: Instant) {
        while self.kept_back.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, frame)) = self.kept_back.pop_front() {
                self.inner.network().transmit(self.kernel, frame);
            }
        }
    }

    /// Sleeps until something may have happened, at most until a moment.
    fn sleep(&self, until: Instant) {
        let kept_back = self.kept_back.front().map(|(at, _)| *at);
        let until = kept_back.map_or(until, |at| at.min(until));
        let due = match self.inner.due() {
            Due::At(due) => due.min(until),
            Due::Never | Due::Unknown => until,
        };
        let mut most = self.clock.until(due).min(SLEEP_MAX);
        if let Some(due) = self.side.due() {
            most = most.min(due);
        }
        if self.ended.is_some() {
            let quiet = std::time::Duration::from_micros(QUIET.total_micros());
            most = most.min(quiet / 4);
        }
        let timeout = Timespec {
            tv_sec: i64::try_from(most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: most.subsec_nanos().into(),
        };
        let mut all = vec![(self.port.as_fd(), PollFlags::IN)];
        self.side.descriptors(&mut all);
        let all = all.into_iter();
        let all = all.map(|(descriptor, wanted)| PollFd::from_borrowed_fd(descriptor, wanted));
        let mut all: Vec<PollFd<'_>> = all.collect();
        // Interrupted by a signal, there is something to look at.
        let _ = poll(&mut all, Some(&timeout));
    }

    /// Looks at what goes on beside the device.
    fn look(&mut self) {
        let now = self.clock.now();
        self.side.look(&mut self.inner, now);
        self.push_out();
        if self.ended.is_none() && self.side.has_ended() {
            self.ended = Some(now);
        }
    }

    /// A call that was made beside the script is answered there, and is a row of the trace.
    fn aside(&mut self, event: MediumEvent) -> MediumEvent {
        match event {
            MediumEvent::Returned {
                call,
                at,
                returned,
                ends,
            } if is_beside(call) => {
                self.side.returned(call, Ok(&returned));
                MediumEvent::Note {
                    at,
                    host: self.side.caller(call),
                    text: returned.row(None),
                    ends,
                }
            }
            MediumEvent::Refused { call, why } if is_beside(call) => {
                self.side.returned(call, Err(&why.message));
                MediumEvent::Refused { call, why }
            }
            MediumEvent::Fact(_)
            | MediumEvent::Returned { .. }
            | MediumEvent::Blocks(_)
            | MediumEvent::Refused { .. }
            | MediumEvent::Undefined { .. }
            | MediumEvent::Ended { .. }
            | MediumEvent::Note { .. } => event,
        }
    }

    /// Whether nothing of the run is real any more: all else has ended, and the script is through
    /// or has had its time.
    fn is_over(&self) -> bool {
        let Some(ended) = self.ended else {
            return false;
        };
        let now = self.clock.now();
        let is_quiet = now >= ended.max(self.active) + QUIET;
        is_quiet && self.is_through || now >= ended + self.limits.wait
    }
}

/// Whether a frame begins a handshake.
fn is_syn(frame: &[u8]) -> bool {
    let packet = wire::decode(frame);
    let flags = packet.segment().map(|it| it.flags);
    flags.is_some_and(|it| it.contains(Flags::SYN) && !it.contains(Flags::ACK))
}

/// The hosts of a network, of which one is the machine's kernel.
pub(super) fn with_kernel(mut hosts: Vec<TraceHost>, kernel: HostId) -> Vec<TraceHost> {
    if let Some(host) = hosts.get_mut(kernel.0) {
        let release = rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned();
        host.system = format!("kernel {release}");
    }
    hosts
}

/// Whether a call is none of the script's and of no program of a host.
fn is_beside(call: CallId) -> bool {
    (CALLS_BESIDE..CALLS_BESIDE_END).contains(&call.0)
}

impl Medium for LiveMedium<'_> {
    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn wait(&mut self, until: Instant) -> Waited {
        if self.is_over() {
            return self.inner.wait(until);
        }
        if !self.has_begun && until > Instant::ZERO {
            self.has_begun = true;
            self.clock.start();
            self.side.begin();
        }
        loop {
            let now = self.clock.now().min(until).max(self.inner.now());
            self.catch_up(now);
            self.release(now);
            self.side.pump(&mut self.inner);
            self.inner.take_facts();
            self.push_out();
            if self.inner.has_events() {
                return Waited::Woken;
            }
            if now >= until {
                return Waited::Reached;
            }
            if self.take_in() {
                continue;
            }
            self.sleep(until);
            self.look();
            if self.is_over() || self.side.wants_to_see() {
                return Waited::Woken;
            }
        }
    }

    fn due(&self) -> Due {
        match self.is_over() {
            true => Due::Never,
            false => Due::Unknown,
        }
    }

    fn end_script(&mut self) {
        self.is_through = true;
    }

    fn show(&mut self, so_far: SoFar<'_>) {
        self.side.show(so_far);
    }

    fn next_event(&mut self) -> Option<MediumEvent> {
        let event = self.inner.next_event()?;
        let event = self.aside(event);
        if let MediumEvent::Fact(fact) = &event
            && let Fact::Sent { bytes, .. } | Fact::Received { bytes } = &fact.fact
        {
            self.recorded += bytes.len();
            if self.recorded > self.limits.trace && !self.is_cut {
                self.is_cut = true;
                self.inner.network().record(Recording::Nothing);
            }
        }
        Some(event)
    }

    fn begin(&mut self, call: &NewCall<'_>) -> Result<(), Refusal> {
        if call.host == self.kernel {
            let why = "the kernel's calls are made by its programs";
            return Err(Refusal(why.to_owned()));
        }
        self.catch_up(self.clock.now().max(self.inner.now()));
        let begun = self.inner.begin(call);
        self.push_out();
        begun
    }

    fn held_octets(&self) -> usize {
        self.inner.held_octets()
    }

    fn cancel(&mut self, call: CallId) -> Result<Option<SocketEnds>, Refusal> {
        self.inner.cancel(call)
    }

    fn settle(&mut self) {
        self.inner.settle();
        self.push_out();
    }

    fn labels(&self, host: HostId) -> Vec<(i64, SocketId)> {
        self.inner.labels(host)
    }

    fn labelled(&self, host: HostId, label: i64) -> Option<SocketId> {
        self.inner.labelled(host, label)
    }

    fn status(&self, host: HostId, socket: SocketId) -> Option<Status> {
        match host == self.kernel {
            true => None,
            false => self.inner.status(host, socket),
        }
    }

    fn network_events(&self, host: HostId, socket: SocketId) -> Option<String> {
        self.inner.network_events(host, socket)
    }

    fn waiting_port(&self, host: HostId, protocol: Protocol) -> Option<u16> {
        self.inner.waiting_port(host, protocol)
    }

    fn hosts(&self) -> Vec<TraceHost> {
        with_kernel(self.inner.hosts(), self.kernel)
    }

    fn ethernet_address(&self, host: HostId) -> EthernetAddress {
        self.inner.ethernet_address(host)
    }

    fn send(&mut self, from: HostId, frame: Vec<u8>) -> Result<(), Refusal> {
        self.catch_up(self.clock.now().max(self.inner.now()));
        self.inner.send(from, frame)?;
        self.push_out();
        Ok(())
    }

    fn change_link(
        &mut self,
        from: HostId,
        to: HostId,
        changes: &[Spanned<LinkChange>],
    ) -> Result<(), Refusal> {
        self.inner.change_link(from, to, changes)
    }

    fn set_profile(&mut self, host: HostId, profile: &Profile) -> Result<(), Refusal> {
        match host == self.kernel {
            true => Err(Refusal("the kernel is as it is".to_owned())),
            false => self.inner.set_profile(host, profile),
        }
    }

    fn set_up(&mut self, host: HostId, up: bool) -> Result<(), Refusal> {
        if host == self.kernel {
            return Err(Refusal("the kernel does not fail".to_owned()));
        }
        self.inner.set_up(host, up)
    }

    fn set_power(&mut self, host: HostId, change: PowerChange) -> Result<(), Refusal> {
        if host == self.kernel {
            return Err(Refusal("the kernel does not fail".to_owned()));
        }
        self.inner.set_power(host, change)
    }
}
