//! The machine's own kernel as the host of a run, in real time: a medium.
//!
//! The process is in a network namespace of its own, in which a TUN device carries what the script
//! sends and what the kernel answers. What was on the device, and when, says a packet socket with
//! the time stamps of the kernel; the device itself is only drained.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::AsFd;
use std::time::{Instant as Clock, SystemTime};

use hangup_stack::event::{Fact, Forged};
use hangup_stack::network::HostId;
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Protocol, SocketId, Status};
use rustix::event::{PollFd, PollFlags, Timespec};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::EthernetAddress;

use super::ends::ends_of;
use super::link::{Link, Offloads};
use super::made::{Attempt, How, Made};
use super::network::{self, Network};
use super::packets;
use super::phase;
use super::process::{Buffers, Process, Surroundings};
use super::waiters::Waiters;
use super::{busy::Busy, info, killed, octets, options, settings, status, sysctl};
use crate::calls::{BadCall, Returned, show_argument};
use crate::capture::{SocketEnds, TraceHost};
use crate::live::device::{Sighted, Wire};
use crate::run::{
    CallId, Due, Filler, Medium, MediumEvent, NewCall, Refusal, VirtualNetwork, Waited,
};
use crate::scenario::script::{Argument, LinkChange, PowerChange, Spanned};
use crate::scenario::{Scenario, Stack};

/// For how long before a moment the processor is not given away, so that it is met.
const SPIN: Duration = Duration::from_micros(50);

/// The longest time that a cable may have a packet; one that is lost there is not waited for.
const ARRIVAL_MOST: Duration = Duration::from_millis(500);

/// How late a run counts that has not seen all packets.
const UNSEEN: Duration = Duration::from_secs(1);

/// The largest packet of the device: what IP can say, where the kernel leaves segmentation to it.
const PACKET_MAX: usize = 1 << 16;

/// A call that waits on its thread.
#[derive(Debug)]
struct Pending {
    name: String,
    row: String,
    label: Option<i64>,
    opens: Vec<i64>,
    ends: Option<SocketEnds>,
}

/// The kernel in a network of its own.
#[derive(Debug)]
pub struct KernelHost {
    began: Clock,
    /// Which host it is.
    kernel: HostId,
    /// The other hosts and the links to them, whose time follows the real one.
    others: VirtualNetwork,
    network: Network,
    link: Link,
    wire: Wire,
    process: Process,
    waiters: Waiters,
    pending: BTreeMap<CallId, Pending>,
    /// The sockets by the labels that they have or had.
    sockets: BTreeMap<i64, SocketId>,
    next_socket: usize,
    /// The connection that was opened last.
    newest: Option<i64>,
    /// What waits for connections or datagrams, by label.
    waiting: Vec<(i64, Protocol, u16)>,
    events: VecDeque<MediumEvent>,
    hosts: Vec<TraceHost>,
    acted: Instant,
    /// How much later than planned the kernel was given something.
    late: Duration,
    /// How many packets were on the device and not seen.
    lost: u32,
    /// Why the device takes nothing any more.
    broken: Option<String>,
    /// What was seen on the device while something else was waited for.
    sighted: VecDeque<(Sighted, Vec<u8>)>,
    buffer: Vec<u8>,
    left: Vec<String>,
}

/// What a run on the kernel begins with.
#[derive(Clone, Debug)]
pub struct Begin<'a> {
    /// The hosts and their network.
    pub scenario: &'a Scenario,
    /// Which host is the kernel.
    pub kernel: HostId,
    /// The seed of what the other hosts and the links leave to chance.
    pub seed: u64,
    /// The largest packet of the device, in octets.
    pub mtu: usize,
    /// Whether IPv4 is under sockets of IPv6.
    pub is_mapped: bool,
    /// What programs send where their calls say only how many octets.
    pub filler: Filler,
    /// Whether segments are as long as the kernel makes them, and not cut for the link.
    pub has_long_segments: bool,
    /// Lines for the shell that set something before the run begins.
    pub shell: Option<String>,
}

impl KernelHost {
    /// Makes the network and its settings, in the namespace that this process is in.
    ///
    /// # Errors
    /// What the machine refuses, as a sentence.
    pub fn new(begin: &Begin<'_>) -> Result<Self, String> {
        let mut scenario = begin.scenario.clone();
        let kernel = begin.kernel;
        let mut buffers = Buffers::default();
        if let Some(host) = scenario.hosts.get_mut(kernel.0) {
            host.stack = Stack::Scripted;
            buffers = Buffers {
                receive: host.receive_buffer,
                send: host.send_buffer,
            };
        }
        let others = VirtualNetwork::new(&scenario, begin.seed, begin.filler);
        let mut hosts = others.hosts();
        let mut known = Vec::new();
        for host in &mut hosts {
            let is_kernel = host.id == kernel;
            if is_kernel {
                host.system = format!("kernel {}", sysctl::release());
            }
            let at = if is_kernel { 0 } else { known.len() };
            known.insert(at, (host.name.clone(), host.addresses.clone()));
        }
        let mtu = u32::try_from(begin.mtu).unwrap_or(u32::MAX);
        let ethernet = others.ethernet_address(kernel);
        let own = hosts.get(kernel.0).map(|it| it.addresses.as_slice());
        let offloads = match begin.has_long_segments {
            true => Offloads::All,
            false => Offloads::None(begin.mtu),
        };
        let network = (own.unwrap_or_default(), network::ends(&hosts, kernel));
        let made = Network::make(network, mtu, ethernet, offloads)?;
        let network::Made {
            network,
            link,
            wire,
        } = made;
        let mut left = Vec::new();
        if let Some(shell) = &begin.shell {
            left = settings::take(shell, &network);
        }
        let name = begin.scenario.hosts.get(kernel.0).map(|it| &*it.name.value);
        let statements = &begin.scenario.script.statements;
        let sends_most = octets::sent_most(statements, name.unwrap_or_default());
        let waiters = Waiters::new().map_err(|error| format!("cannot begin threads: {error}"))?;
        Ok(Self {
            began: Clock::now(),
            kernel,
            others,
            network,
            link,
            wire,
            process: Process::new(Surroundings {
                hosts: known,
                is_mapped: begin.is_mapped,
                zeros: begin.filler == Filler::Zeros,
                sends_most,
                buffers,
            }),
            waiters,
            pending: BTreeMap::new(),
            sockets: BTreeMap::new(),
            next_socket: 0,
            newest: None,
            waiting: Vec::new(),
            events: VecDeque::new(),
            hosts,
            acted: Instant::ZERO,
            late: Duration::ZERO,
            lost: 0,
            broken: None,
            sighted: VecDeque::new(),
            buffer: vec![0; PACKET_MAX],
            left,
        })
    }

    /// Lets the time of the run begin, in a part of the kernel's tick that each attempt has for
    /// itself. They are counted from zero. What is returned is kept until the end of the run.
    pub fn start(&mut self, attempt: usize) -> Busy {
        let busy = phase::wait(attempt);
        self.began = Clock::now();
        busy
    }

    /// The lines for the shell that were not carried out.
    pub fn take_left(&mut self) -> Vec<String> {
        std::mem::take(&mut self.left)
    }

    fn at(&self, clock: Clock) -> Instant {
        let since = clock.saturating_duration_since(self.began);
        Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    /// A time stamp of the kernel as a moment of the run.
    fn stamped(&self, at: SystemTime) -> Instant {
        let (now, clock) = (SystemTime::now(), self.now());
        let ago = now.duration_since(at).unwrap_or_default();
        let ago = i64::try_from(ago.as_micros()).unwrap_or(i64::MAX);
        Instant::from_micros(clock.total_micros().saturating_sub(ago))
    }

    /// Takes what the driver has just caused at a moment, which stays when it acted.
    fn look_after(&mut self, acted: Instant) {
        self.look();
        self.acted = acted;
    }

    /// Takes what was on the device, and lets the other hosts live up to now.
    fn look(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.link.drain(&mut buffer);
        while let Some(sighted) = self.sight(&mut buffer) {
            if sighted.lost > self.lost {
                // A run in which something was not seen says nothing.
                self.lost = sighted.lost;
                self.late = self.late.max(UNSEEN);
            }
            let at = sighted.at.map_or_else(|| self.now(), |it| self.stamped(it));
            if sighted.is_outgoing {
                let seen = &buffer[..sighted.length.min(buffer.len())];
                let Some(packet) = self.link.packet(seen) else {
                    continue;
                };
                let frame = packets::framed(packet, &self.hosts, self.kernel);
                self.catch_up(at);
                let mut frames = Vec::new();
                self.link.carried(frame, &mut frames);
                for frame in frames {
                    // A host without a stack sends what it is given.
                    let _ = self.others.send(self.kernel, frame.into());
                }
                self.take_facts();
            } else if !self.link.is_queued() {
                self.acted = at;
            }
        }
        self.buffer = buffer;
        self.catch_up(self.now());
    }

    /// Lets the other hosts live up to a moment, and gives the kernel what reaches it.
    fn catch_up(&mut self, until: Instant) {
        while self.others.wait(until) == Waited::Woken {
            self.take_facts();
        }
        self.take_facts();
    }

    /// Takes what the other hosts have done.
    fn take_facts(&mut self) {
        while let Some(mut event) = self.others.next_event() {
            if let MediumEvent::Fact(fact) = &mut event
                && fact.host == self.kernel
            {
                if let Fact::Sent { forged, .. } = &mut fact.fact {
                    // What the kernel sends is put on the link as if it were forged.
                    *forged = Forged::No;
                } else if let Fact::Received { bytes } = &fact.fact {
                    let bytes = bytes.clone();
                    self.give(&bytes);
                    // On a busy machine that is later than the links had it.
                    self.late = self.late.max(self.acted - fact.at.min(self.acted));
                    fact.at = fact.at.max(self.acted);
                }
            }
            self.events.push_back(event);
        }
    }

    /// Gives the kernel a frame that has reached it.
    fn give(&mut self, frame: &[u8]) {
        if let Err(error) = self.link.give(frame) {
            // A packet that is none the kernel refuses, and drops.
            self.broken = Some(error.to_string());
        } else if self.link.is_queued() {
            self.await_arrival();
        }
        self.acted = self.now();
        // Where time is virtual a program goes on at once with what has woken it. Here, too, it has
        // its turn before the kernel hears the next packet.
        self.waiters.settle();
    }

    /// Takes what was seen on the device next.
    fn sight(&mut self, buffer: &mut [u8]) -> Option<Sighted> {
        let Some((sighted, seen)) = self.sighted.pop_front() else {
            return self.wire.receive(buffer).ok().flatten();
        };
        buffer[..seen.len()].copy_from_slice(&seen);
        Some(sighted)
    }

    /// Waits until the kernel has taken what it was given: on a busy machine a cable has it for
    /// milliseconds, which is no time of the kernel's answer.
    fn await_arrival(&mut self) {
        let until = self.now() + ARRIVAL_MOST;
        let mut buffer = vec![0; PACKET_MAX];
        while self.now() < until {
            match self.wire.receive(&mut buffer) {
                Ok(Some(sighted)) => {
                    let seen = buffer[..sighted.length.min(buffer.len())].to_vec();
                    self.sighted.push_back((sighted, seen));
                    if !sighted.is_outgoing {
                        return;
                    }
                }
                Ok(None) => self.pause(Duration::from_millis(1)),
                Err(_) => return,
            }
        }
    }

    /// Takes the calls that have returned on their threads.
    fn take_ended(&mut self) {
        while let Some(ended) = self.waiters.next() {
            if let Some(pending) = self.pending.remove(&ended.call) {
                let at = self.at(ended.at);
                self.returned(ended.call, at, ended.made, pending);
            }
        }
    }

    fn returned(&mut self, call: CallId, at: Instant, made: Made, pending: Pending) {
        let mut returned = made.returned(pending.row);
        let mut ends = pending.ends;
        let kind = Process::kind_of(&pending.name);
        let labels = match pending.opens.is_empty() {
            true => pending.label.into_iter().collect(),
            false => pending.opens,
        };
        let is_list = pending.name == "pipe";
        for (index, fd) in made.opened.into_iter().enumerate() {
            // What the script gives no label stays open under one that it cannot write.
            let next = i64::try_from(self.next_socket).unwrap_or(0);
            let label = labels.get(index).copied().filter(|it| *it >= 0);
            let label = label.unwrap_or(-1000 - next);
            if !is_list {
                returned.opened = u64::try_from(label).ok().or(Some(0));
            } else {
                returned.opened = None;
            }
            let id = SocketId(self.next_socket);
            self.next_socket += 1;
            self.sockets.insert(label, id);
            self.process.open(label, fd, kind);
            if kind == super::data::FileKind::Socket {
                returned.socket = Some(id);
                self.newest = Some(label);
                ends = self.process.file(label).and_then(ends_of);
            }
        }
        self.events.push_back(MediumEvent::Returned {
            call,
            at,
            returned,
            ends,
        });
    }

    /// Learns what waits for connections and datagrams from the calls that let it.
    fn note_waiting(&mut self, name: &str, label: Option<i64>) {
        let Some(label) = label else {
            return;
        };
        if name == "close" {
            self.waiting.retain(|(known, _, _)| *known != label);
        }
        if name != "listen" && name != "bind" {
            return;
        }
        let ends = self.process.file(label).and_then(ends_of);
        if let Some(SocketEnds {
            protocol,
            local: Some(local),
            ..
        }) = ends
        {
            let waits = protocol == Protocol::Udp || name == "listen";
            if waits && local.port != 0 {
                self.waiting.retain(|(known, _, _)| *known != label);
                self.waiting.push((label, protocol, local.port));
            }
        }
    }

    /// How long nothing is due before a moment.
    fn idle(&self, until: Instant) -> Duration {
        let next = match self.others.due() {
            Due::At(at) => at.min(until),
            Due::Never | Due::Unknown => until,
        };
        let now = self.now();
        if next > now {
            next - now
        } else {
            Duration::ZERO
        }
    }

    fn pause(&self, most: Duration) {
        let micros = i64::try_from(most.total_micros()).unwrap_or(i64::MAX);
        let wait = Timespec {
            tv_sec: micros / 1_000_000,
            tv_nsec: micros % 1_000_000 * 1000,
        };
        let mut polled = [
            PollFd::from_borrowed_fd(self.wire.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.waiters.wake(), PollFlags::IN),
        ];
        // What ends it early is looked at again.
        let _ = rustix::event::poll(&mut polled, Some(&wait));
    }
}

impl Medium for KernelHost {
    fn now(&self) -> Instant {
        self.at(Clock::now())
    }

    fn wait(&mut self, until: Instant) -> Waited {
        loop {
            self.look();
            self.take_ended();
            let now = self.now();
            if now >= until {
                return Waited::Reached;
            }
            if !self.events.is_empty() {
                return Waited::Woken;
            }
            let left = self.idle(until);
            if left > SPIN {
                self.pause(left - SPIN);
            } else {
                std::hint::spin_loop();
            }
        }
    }

    fn due(&self) -> Due {
        Due::Unknown
    }

    fn acted(&self) -> Instant {
        self.acted
    }

    fn take_late(&mut self) -> Duration {
        std::mem::take(&mut self.late)
    }

    fn next_event(&mut self) -> Option<MediumEvent> {
        self.events.pop_front()
    }

    fn begin(&mut self, call: &NewCall<'_>) -> Result<(), Refusal> {
        if call.host != self.kernel {
            self.look();
            let acted = self.now();
            let begun = self.others.begin(call);
            self.take_facts();
            self.acted = acted;
            return begun;
        }
        if call.routine.is_some() {
            return Err(Refusal(
                "programs of the kernel have no such routine".to_owned(),
            ));
        }
        let subject = match call.arguments.first() {
            Some(Argument::Integer(label)) => Some(*label),
            Some(_) | None => None,
        };
        let ends = subject
            .and_then(|it| self.process.file(it))
            .and_then(ends_of);
        if crate::calls::never_returns(call.name) {
            return self.end_process(call);
        }
        let prepared = match self.process.prepare(call.name, call.arguments) {
            Ok(prepared) => prepared,
            Err(why) => {
                self.refused(call.id, why);
                return Ok(());
            }
        };
        let pending = Pending {
            name: call.name.to_owned(),
            row: row(call),
            label: call.label,
            opens: opens(call),
            ends,
        };
        let acted = self.now();
        match prepared.make(How::AtOnce) {
            Attempt::Made(made) => {
                let at = self.now();
                drop(prepared);
                let ok = made.result.is_ok();
                self.look_after(acted);
                self.returned(call.id, at, made, pending);
                if ok {
                    self.note_waiting(call.name, subject);
                }
            }
            Attempt::WouldWait(done) => {
                self.pending.insert(call.id, pending);
                let begun = self.waiters.begin(call.id, prepared, done);
                let begun = begun.map_err(|error| Refusal(format!("no thread for it: {error}")))?;
                // What went without waiting did so at the first attempt.
                let acted = if done == 0 { self.at(begun) } else { acted };
                self.look_after(acted);
                self.take_ended();
                if self.pending.contains_key(&call.id) {
                    self.events.push_back(MediumEvent::Blocks(call.id));
                }
            }
        }
        Ok(())
    }

    fn settle(&mut self) {
        self.others.settle();
        self.take_facts();
    }

    fn labels(&self, host: HostId) -> Vec<(i64, SocketId)> {
        if host != self.kernel {
            return self.others.labels(host);
        }
        let all = self.sockets.iter().filter(|(label, _)| **label >= 0);
        all.map(|(label, socket)| (*label, *socket)).collect()
    }

    fn status(&self, host: HostId, socket: SocketId) -> Option<Status> {
        if host != self.kernel {
            return self.others.status(host, socket);
        }
        let mut known = self.sockets.iter();
        let (label, _) = known.find(|(_, it)| **it == socket)?;
        status::of(self.process.file(*label)?)
    }

    fn network_events(&self, host: HostId, socket: SocketId) -> Option<String> {
        if host == self.kernel {
            return None;
        }
        self.others.network_events(host, socket)
    }

    fn waiting_port(&self, host: HostId, protocol: Protocol) -> Option<u16> {
        if host != self.kernel {
            return self.others.waiting_port(host, protocol);
        }
        let mut waiting = self.waiting.iter().rev();
        let found = waiting.find(|(_, known, _)| *known == protocol);
        found.map(|(_, _, port)| *port)
    }

    fn tcp_info(&self, host: HostId) -> Option<BTreeMap<&'static str, f64>> {
        if host != self.kernel {
            return None;
        }
        let file = self.newest.and_then(|it| self.process.file(it));
        let octets = file.and_then(|it| options::info(&it.fd).ok());
        Some(octets.map(|it| info::fields(&it)).unwrap_or_default())
    }

    fn hosts(&self) -> Vec<TraceHost> {
        self.hosts.clone()
    }

    fn ethernet_address(&self, host: HostId) -> EthernetAddress {
        self.others.ethernet_address(host)
    }

    fn send(&mut self, from: HostId, frame: Vec<u8>) -> Result<(), Refusal> {
        if from == self.kernel {
            return Err(Refusal("the kernel sends its own packets only".to_owned()));
        }
        self.look();
        self.acted = self.now();
        self.others.send(from, frame)?;
        self.take_facts();
        self.look();
        Ok(())
    }

    fn change_link(
        &mut self,
        from: HostId,
        to: HostId,
        changes: &[Spanned<LinkChange>],
    ) -> Result<(), Refusal> {
        self.look();
        self.others.change_link(from, to, changes)
    }

    fn set_profile(&mut self, host: HostId, profile: &Profile) -> Result<(), Refusal> {
        if host != self.kernel {
            return self.others.set_profile(host, profile);
        }
        Err(Refusal("the kernel is what it is".to_owned()))
    }

    fn set_system(&mut self, _host: HostId, line: &str) -> Result<(), Refusal> {
        let left = settings::take(line, &self.network);
        self.left.extend(left);
        self.acted = self.now();
        Ok(())
    }

    fn set_up(&mut self, host: HostId, up: bool) -> Result<(), Refusal> {
        if host != self.kernel {
            self.look();
            return self.others.set_up(host, up);
        }
        Err(Refusal(
            "the kernel's network cannot be taken away".to_owned(),
        ))
    }

    fn set_power(&mut self, host: HostId, change: PowerChange) -> Result<(), Refusal> {
        if host == self.kernel {
            return Err(Refusal(
                "the kernel of the machine is not crashed".to_owned(),
            ));
        }
        self.look();
        self.acted = self.now();
        let changed = self.others.set_power(host, change);
        self.take_facts();
        changed
    }
}

impl KernelHost {
    /// The process of the script ends: another one, which has its descriptors, is killed.
    fn end_process(&mut self, call: &NewCall<'_>) -> Result<(), Refusal> {
        let files = self.process.take_files().map_err(|()| {
            Refusal("a call waits on a descriptor, and could not be killed with the rest".into())
        })?;
        let acted = killed::with(files);
        let acted = acted.map_err(|error| Refusal(format!("no process to kill: {error}")))?;
        let acted = acted.map_or_else(|| self.now(), |it| self.at(it));
        self.waiting.clear();
        let at = self.now();
        let signal = match call.arguments.first() {
            Some(Argument::Word(signal)) if call.name == "raise" => signal.clone(),
            _ if call.name == "abort" => "SIGABRT".to_owned(),
            Some(_) | None => String::new(),
        };
        let returned = Returned {
            value: signal,
            error: None,
            call: row(call),
            opened: None,
            socket: None,
            differences: Vec::new(),
            received: Vec::new(),
        };
        self.events.push_back(MediumEvent::Returned {
            call: call.id,
            at,
            returned,
            ends: None,
        });
        let host = self.kernel;
        self.events.push_back(MediumEvent::Ended { at, host });
        self.look_after(acted);
        Ok(())
    }

    fn refused(&mut self, call: CallId, why: BadCall) {
        self.events.push_back(MediumEvent::Refused { call, why });
    }
}

/// A call as a row of the trace.
fn row(call: &NewCall<'_>) -> String {
    let arguments = call.arguments.iter();
    let shown: Vec<String> = arguments.map(show_argument).collect();
    format!("{}({})", call.name, shown.join(", "))
}

/// The labels that a call opens besides the one that it returns.
fn opens(call: &NewCall<'_>) -> Vec<i64> {
    match (call.name, call.arguments.first()) {
        ("pipe", Some(Argument::List(list))) => list.iter().filter_map(Argument::integer).collect(),
        _ => Vec::new(),
    }
}
