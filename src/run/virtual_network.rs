//! Emulated hosts in virtual time, as a medium.
//!
//! A call that waits is made again whenever something has happened, until it returns.

use std::collections::VecDeque;

use hangup_stack::event::FrameId;
use hangup_stack::network::{HostConfig, HostId, Network, StackKind};
use hangup_stack::profile::Profile;
use hangup_stack::socket::{Protocol, SocketId, Status};
use hangup_stack::storm::Storm;
use hangup_stack::tcp::State;
use smoltcp::time::Instant;
use smoltcp::wire::EthernetAddress;

use super::conduct::Filler;
use super::medium::{CallId, Due, Medium, MediumEvent, NewCall, Refusal, Waited};
use crate::calls::{self, Answer, Blocked, Calls, Note};
use crate::capture::{SocketEnds, TraceHost};
use crate::scenario::script::{Argument, LinkChange, PowerChange, Spanned};
use crate::scenario::{Host, Scenario, Stack};

/// The largest IP datagram on Ethernet, in octets.
const ETHERNET_MTU: usize = 1500;

/// The hosts and links of a scenario in virtual time.
#[derive(Debug)]
pub struct VirtualNetwork {
    network: Network,
    /// The calls of each host; none where it has no stack.
    tables: Vec<Option<Box<dyn Calls>>>,
    waiting: Vec<Waiting>,
    events: VecDeque<MediumEvent>,
}

/// A call that waits.
#[derive(Debug)]
struct Waiting {
    id: CallId,
    host: HostId,
    thread: Option<String>,
    name: String,
    arguments: Vec<Argument>,
    label: Option<i64>,
    keeps: bool,
    /// When it returns at the latest, even if nothing happens.
    until: Option<Instant>,
    /// The connection without which nothing can end it on the network. None: anything may.
    about: Option<SocketId>,
}

/// Which calls that wait may go on.
#[derive(Clone, Copy, Debug)]
enum Among<'a> {
    All,
    /// Those about sockets that something has happened to, in order, and those that are due.
    Stirred(&'a [(HostId, SocketId)]),
}

impl Waiting {
    /// Whether it is one of these.
    fn is_among(&self, among: Among<'_>, now: Instant) -> bool {
        let (Among::Stirred(stirred), Some(about)) = (among, self.about) else {
            return true;
        };
        let is_due = self.until.is_some_and(|at| at <= now);
        is_due || stirred.binary_search(&(self.host, about)).is_ok()
    }
}

impl VirtualNetwork {
    /// At time zero. Every random choice comes from `seed`; `filler` is what programs send where
    /// their calls say only how many octets.
    pub fn new(scenario: &Scenario, seed: u64, filler: Filler) -> Self {
        let table = |host: &Host| {
            let mut table = calls::table(host.profile()?.api);
            match filler {
                Filler::Alphabet => {}
                Filler::Zeros => table.send_zeros(),
            }
            Some(table)
        };
        let mut network = network(scenario, seed);
        for host in 0..scenario.hosts.len() {
            network.note_stirred(HostId(host));
        }
        Self {
            network,
            tables: scenario.hosts.iter().map(table).collect(),
            waiting: Vec::new(),
            events: VecDeque::new(),
        }
    }

    /// The hosts and links, for a medium around this one.
    pub(crate) fn network(&mut self) -> &mut Network {
        &mut self.network
    }

    /// Whether something has happened that was not taken yet.
    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// Makes a call, for the first time or again. Some: it waits.
    fn attempt(&mut self, call: &NewCall<'_>) -> Option<Blocked> {
        let table = self.tables[call.host.0].as_mut()?;
        table.switch_to(call.thread);
        let answer = table.call(&mut self.network, call.host, call.name, call.arguments);
        for rule in table.take_undefined() {
            let call = call.id;
            self.events.push_back(MediumEvent::Undefined { call, rule });
        }
        // What happened inside the call comes before its end, and before what it opens has a label.
        self.take_notes(call.host);
        if let (Ok(Answer::Returned(returned)), Some(label)) = (&answer, call.label)
            && let (Some(descriptor), Some(table)) =
                (returned.opened, self.tables[call.host.0].as_mut())
        {
            table.label(label, descriptor);
        }
        match answer {
            Err(why) => {
                let call = call.id;
                self.events.push_back(MediumEvent::Refused { call, why });
                None
            }
            Ok(Answer::Blocks(blocked)) => Some(blocked),
            Ok(Answer::Ended(returned)) => {
                self.events.push_back(MediumEvent::Returned {
                    call: call.id,
                    at: self.network.now(),
                    ends: None,
                    returned,
                });
                self.process_ended(call.host);
                None
            }
            Ok(Answer::Returned(mut returned)) => {
                if let (true, Some(table)) = (call.keeps, self.tables[call.host.0].as_ref()) {
                    let octets = returned.value.parse().unwrap_or(0);
                    returned.received = table.received(octets).to_vec();
                }
                let socket = returned.socket;
                self.events.push_back(MediumEvent::Returned {
                    call: call.id,
                    at: self.network.now(),
                    ends: socket.and_then(|socket| self.ends(call.host, socket)),
                    returned,
                });
                None
            }
        }
    }

    /// What waits in the process of a host waits no more.
    fn process_ended(&mut self, host: HostId) {
        self.waiting.retain(|it| it.host != host);
        self.take_facts();
        let at = self.network.now();
        self.events.push_back(MediumEvent::Ended { at, host });
    }

    /// Makes calls that wait again, once each. Returns whether one of them has ended.
    fn retry(&mut self, among: Among<'_>) -> bool {
        let now = self.network.now();
        if !self.waiting.iter().any(|it| it.is_among(among, now)) {
            return false;
        }
        let before = self.waiting.len();
        let mut waiting: VecDeque<_> = std::mem::take(&mut self.waiting).into();
        while let Some(mut call) = waiting.pop_front() {
            if !call.is_among(among, now) {
                self.waiting.push(call);
                continue;
            }
            let blocked = self.attempt(&NewCall {
                id: call.id,
                host: call.host,
                thread: call.thread.as_deref(),
                routine: None,
                name: &call.name,
                arguments: &call.arguments,
                label: call.label,
                keeps: call.keeps,
            });
            if let Some(blocked) = blocked {
                call.until = blocked.until;
                self.waiting.push(call);
            }
            self.take_facts();
        }
        self.waiting.len() < before
    }

    /// Behind a step of the network: calls go on that are about what has happened. One that ends
    /// may be what any other waits for.
    fn settle_stirred(&mut self) {
        self.poll();
        let mut stirred = self.network.take_stirred();
        stirred.sort_unstable();
        if self.retry(Among::Stirred(&stirred)) {
            self.settle();
        }
    }

    /// The socket of a call that waits, where it is a connection whose host tells what happens to
    /// it, or one that listens, unless it waits for what happens to others.
    fn about(&self, host: HostId, socket: Option<SocketId>) -> Option<SocketId> {
        let table = self.tables[host.0].as_ref();
        let accepts = table.is_some_and(|it| it.accepts_at_once());
        let host = self.network.host(host);
        socket.filter(|&it| host.is_noted(it) && (accepts || !host.is_listening(it)))
    }

    /// Lets what the programs have begun go on.
    fn poll(&mut self) {
        for (host, table) in self.tables.iter_mut().enumerate() {
            if let Some(table) = table {
                table.poll(&mut self.network, HostId(host));
            }
        }
        self.take_facts();
        for host in 0..self.tables.len() {
            self.take_notes(HostId(host));
        }
    }

    /// When a call that waits returns at the latest, or something else that the programs have begun
    /// is due. What is due by now and did not happen waits for something else.
    fn calls_due(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().filter_map(|it| it.until);
        let tables = self.tables.iter().flatten().filter_map(|it| it.poll_at());
        let now = self.network.now();
        waiting.chain(tables).filter(|&at| at > now).min()
    }

    /// Adds a row to the trace: something that was done to a socket of a host without a call.
    pub(crate) fn note(&mut self, host: HostId, text: String, socket: SocketId) {
        self.take_facts();
        self.events.push_back(MediumEvent::Note {
            at: self.network.now(),
            host,
            text,
            ends: self.ends(host, socket),
        });
    }

    /// Takes what has happened on the wire.
    pub(crate) fn take_facts(&mut self) {
        let facts = self.network.take_events();
        self.events.extend(facts.into_iter().map(MediumEvent::Fact));
    }

    fn take_notes(&mut self, host: HostId) {
        let Some(table) = self.tables[host.0].as_mut() else {
            return;
        };
        for Note { text, socket } in table.take_notes() {
            self.events.push_back(MediumEvent::Note {
                at: self.network.now(),
                host,
                text,
                ends: socket.and_then(|socket| self.ends(host, socket)),
            });
        }
    }

    fn ends(&self, host: HostId, socket: SocketId) -> Option<SocketEnds> {
        self.network.host(host).ends(socket)
    }
}

impl Medium for VirtualNetwork {
    fn now(&self) -> Instant {
        self.network.now()
    }

    fn wait(&mut self, until: Instant) -> Waited {
        let next = self.calls_due().map_or(until, |due| due.min(until));
        let stepped = self.network.step(next);
        self.settle_stirred();
        if stepped || next < until {
            Waited::Woken
        } else {
            Waited::Reached
        }
    }

    fn due(&self) -> Due {
        let due = [self.network.next_due(), self.calls_due()];
        due.into_iter().flatten().min().map_or(Due::Never, Due::At)
    }

    fn next_event(&mut self) -> Option<MediumEvent> {
        self.events.pop_front()
    }

    fn held_octets(&self) -> usize {
        self.network.held_octets()
    }

    fn settled_before(&self) -> Option<FrameId> {
        Some(self.network.settled_before())
    }

    fn storm(&self) -> Option<Storm> {
        self.network.storm()
    }

    fn begin(&mut self, call: &NewCall<'_>) -> Result<(), Refusal> {
        if !self.network.host(call.host).is_running() {
            return Err(Refusal(
                "the host has crashed, and is not up again".to_owned(),
            ));
        }
        if let (Some(routine), Some(table)) = (call.routine, self.tables[call.host.0].as_mut()) {
            table.switch_to(call.thread);
            table.enter(routine).map_err(Refusal)?;
        }
        if let Some(blocked) = self.attempt(call) {
            self.events.push_back(MediumEvent::Blocks(call.id));
            // A routine has to go on before its thread can: it cannot be left in the middle.
            if call.routine.is_none() {
                self.waiting.push(Waiting {
                    id: call.id,
                    host: call.host,
                    thread: call.thread.map(str::to_owned),
                    name: call.name.to_owned(),
                    arguments: call.arguments.to_vec(),
                    label: call.label,
                    keeps: call.keeps,
                    until: blocked.until,
                    about: self.about(call.host, blocked.socket),
                });
            }
        }
        self.take_facts();
        if let (Some(routine), Some(table)) = (call.routine, self.tables[call.host.0].as_mut()) {
            table.leave(routine);
        }
        Ok(())
    }

    fn cancel(&mut self, call: CallId) -> Result<Option<SocketEnds>, Refusal> {
        let Some(place) = self.waiting.iter().position(|it| it.id == call) else {
            return Err(Refusal("the call does not wait".to_owned()));
        };
        let given_up = self.waiting.remove(place);
        let socket = match given_up.arguments.first() {
            Some(Argument::Integer(label)) => self.labelled(given_up.host, *label),
            Some(_) | None => None,
        };
        Ok(socket.and_then(|it| self.ends(given_up.host, it)))
    }

    /// What one call that returned has done may be what another waits for.
    fn settle(&mut self) {
        loop {
            self.poll();
            if !self.retry(Among::All) {
                return;
            }
        }
    }

    fn labels(&self, host: HostId) -> Vec<(i64, SocketId)> {
        let table = self.tables[host.0].as_ref();
        table.map(|it| it.labels()).unwrap_or_default()
    }

    fn labelled(&self, host: HostId, label: i64) -> Option<SocketId> {
        self.tables[host.0].as_ref()?.labelled(label)
    }

    fn status(&self, host: HostId, socket: SocketId) -> Option<Status> {
        self.network.host(host).status(socket)
    }

    fn network_events(&self, host: HostId, socket: SocketId) -> Option<String> {
        self.tables[host.0].as_ref()?.network_events(socket)
    }

    fn waiting_port(&self, host: HostId, protocol: Protocol) -> Option<u16> {
        self.tables[host.0].as_ref()?;
        let host = self.network.host(host);
        let waits = host.sockets().filter_map(|socket| {
            let status = host.status(socket)?;
            let listens = protocol == Protocol::Udp || status.state == Some(State::Listen);
            (status.protocol == protocol && listens).then_some(status.local?.port)
        });
        waits.last()
    }

    fn hosts(&self) -> Vec<TraceHost> {
        TraceHost::all(&self.network)
    }

    fn ethernet_address(&self, host: HostId) -> EthernetAddress {
        self.network.ethernet_address(host)
    }

    fn send(&mut self, from: HostId, frame: Vec<u8>) -> Result<(), Refusal> {
        self.network.inject(from, frame);
        self.take_facts();
        Ok(())
    }

    fn change_link(
        &mut self,
        from: HostId,
        to: HostId,
        changes: &[Spanned<LinkChange>],
    ) -> Result<(), Refusal> {
        let mut config = self.network.link(from, to).clone();
        for change in changes {
            change.value.apply(&mut config);
        }
        self.network.set_link(from, to, config);
        Ok(())
    }

    fn set_profile(&mut self, host: HostId, profile: &Profile) -> Result<(), Refusal> {
        self.network
            .with_host(host, |host, _| host.set_profile(profile.clone()));
        Ok(())
    }

    fn set_up(&mut self, host: HostId, up: bool) -> Result<(), Refusal> {
        self.network
            .with_host(host, |host, _| host.set_subsystem(up));
        self.take_facts();
        Ok(())
    }

    fn set_power(&mut self, host: HostId, change: PowerChange) -> Result<(), Refusal> {
        let Some(table) = self.tables[host.0].as_mut() else {
            return Err(Refusal(
                "a host without a stack has no power to lose".to_owned(),
            ));
        };
        let was_running = self.network.host(host).is_running();
        match change {
            PowerChange::Crash if !was_running => {
                return Err(Refusal("the host has crashed already".to_owned()));
            }
            PowerChange::Crash => self.network.crash(host),
            PowerChange::Reboot => self.network.boot(host),
        }
        // The sockets are gone before their process is.
        table.end(&mut self.network, host);
        self.process_ended(host);
        self.events.push_back(MediumEvent::Note {
            at: self.network.now(),
            host,
            text: change.name().to_owned(),
            ends: None,
        });
        Ok(())
    }
}

/// The hosts and links of a scenario.
fn network(scenario: &Scenario, seed: u64) -> Network {
    let mut network = Network::new(seed, scenario.network.resolution);
    for host in &scenario.hosts {
        let id = network.add_host(HostConfig {
            name: host.name.value.clone(),
            addresses: host.addresses.clone(),
            stack: match &host.stack {
                Stack::Profile(profile) => StackKind::of(profile.clone()),
                // What the kernel sends and receives comes and goes by a medium around this one.
                Stack::Scripted | Stack::Kernel => StackKind::Scripted,
            },
            mtu: host.mtu.unwrap_or(ETHERNET_MTU),
            receive_buffer: host.receive_buffer,
            send_buffer: host.send_buffer,
        });
        if let Some(frames) = host.receive_offload {
            network.with_host(id, |host, _| host.set_receive_offload(frames));
        }
    }
    for from in 0..scenario.hosts.len() {
        for to in (0..scenario.hosts.len()).filter(|&to| to != from) {
            network.set_link(HostId(from), HostId(to), scenario.network.link(from, to));
        }
    }
    network
}

#[cfg(test)]
mod tests {
    use hangup_stack::blocking::ThreadId;

    use super::*;
    use crate::calls::{BadCall, Program, Returned};

    /// When the door opens.
    const OPENS: Instant = Instant::from_micros_const(5);

    /// A program of two threads: `open` returns when its time has come, and `pass` once `open` has.
    #[derive(Debug, Default)]
    struct Door {
        is_open: bool,
        program: Program,
    }

    impl Calls for Door {
        fn call(
            &mut self,
            network: &mut Network,
            _host: HostId,
            name: &str,
            _arguments: &[Argument],
        ) -> Result<Answer, BadCall> {
            let opens = name == "open";
            self.is_open |= opens && network.now() >= OPENS;
            let (call, socket) = (name.to_owned(), None);
            Ok(if self.is_open {
                Answer::Returned(Returned {
                    value: "0".to_owned(),
                    error: None,
                    call,
                    opened: None,
                    socket,
                    differences: Vec::new(),
                    received: Vec::new(),
                })
            } else {
                Answer::Blocks(Blocked {
                    socket,
                    until: opens.then_some(OPENS),
                })
            })
        }

        fn end(&mut self, _network: &mut Network, _host: HostId) {}

        fn run(&mut self, _thread: ThreadId) {}

        fn program(&self) -> &Program {
            &self.program
        }

        fn program_mut(&mut self) -> &mut Program {
            &mut self.program
        }
    }

    #[test]
    fn a_call_returns_at_once_when_another_ends_its_wait() {
        let text = "script = '0 a: socket(AF_INET, SOCK_STREAM, 0) = 3'\n\
                    hosts.a.profile = 'linux'\n";
        let scenario = Scenario::parse("a.toml".as_ref(), text.into()).unwrap();
        let mut medium = VirtualNetwork::new(&scenario, 0, Filler::Alphabet);
        medium.tables = vec![Some(Box::<Door>::default())];
        for (id, name) in [(0, "pass"), (1, "open")] {
            let call = NewCall {
                id: CallId(id),
                host: HostId(0),
                thread: Some(name),
                routine: None,
                name,
                arguments: &[],
                label: None,
                keeps: false,
            };
            medium.begin(&call).unwrap();
        }
        while medium.wait(Instant::from_micros(10)) == Waited::Woken {}
        let mut returned = Vec::new();
        while let Some(event) = medium.next_event() {
            if let MediumEvent::Returned { call, at, .. } = event {
                returned.push((call, at));
            }
        }
        assert_eq!(returned, [(CallId(1), OPENS), (CallId(0), OPENS)]);
    }
}
