//! The player: it goes through the statements of a script, moves the time, and notes what did not
//! hold.

use hangup_stack::event::Event;
use hangup_stack::network::{HostId, Network};
use hangup_stack::socket::Protocol;
use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use super::account::Account;
use super::calls::Waiting;
use super::packets::{Packets, Seen};
use super::verdict::Outcome;
use super::{EVENTS_MOST, TAIL, instant};
use crate::calls::{self, Calls};
use crate::capture::{CallRow, TraceHost};
use crate::diagnostic::{Diagnostic, Span};
use crate::scenario::Scenario;
use crate::scenario::script::{Direction, Packet, PacketLine, Statement, Subject, TimeSpec};

/// The ports of a packet that the script has sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForgedPorts {
    pub(crate) pair: (usize, usize),
    pub(crate) protocol: Protocol,
    pub(crate) ports: (u16, u16),
    pub(crate) at: Instant,
}

/// A run in progress.
#[derive(Debug)]
pub(crate) struct Player<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) network: Network,
    seed: u64,
    pub(crate) tables: Vec<Option<Box<dyn Calls>>>,
    pub(crate) packets: Packets,
    pub(crate) events: Vec<Event>,
    pub(crate) rows: Vec<CallRow>,
    pub(crate) waiting: Vec<Waiting<'a>>,
    pub(crate) failures: Vec<Diagnostic>,
    /// Whether a call could not be made at all, which is the last of the failures then.
    pub(crate) refused: bool,
    /// The word that it had and no call of the host knows, where that was why.
    pub(crate) unknown: Option<String>,
    pub(crate) account: Account,
    /// Ports and sequence numbers that the script's own packets have used.
    pub(crate) forged_port: u16,
    /// The ports of the last forged packet between two hosts, and when it was sent.
    pub(crate) forged_ports: Vec<ForgedPorts>,
    pub(crate) forged_sequence: u32,
    /// Whether the limit on facts was reached.
    pub(crate) exhausted: bool,
}

/// The first port of a host without a stack.
const FORGED_PORT: u16 = 40_000;
/// The initial sequence numbers of hosts without a stack.
const FORGED_SEQUENCE: u32 = 1_000_000_000;

impl<'a> Player<'a> {
    pub(crate) fn new(scenario: &'a Scenario, network: Network, seed: u64) -> Self {
        let hosts = scenario.hosts.iter().enumerate();
        let addresses: Vec<(IpAddress, usize)> = hosts
            .flat_map(|(index, host)| host.addresses.iter().map(move |&it| (it, index)))
            .collect();
        let name = |&(address, index): &(IpAddress, usize)| {
            (address, scenario.hosts[index].name.value.clone())
        };
        let names = addresses.iter().map(name).collect();
        let table = |host: &crate::scenario::Host| host.profile().map(|it| calls::table(it.api));
        Self {
            scenario,
            network,
            seed,
            tables: scenario.hosts.iter().map(table).collect(),
            packets: Packets::new(addresses, names),
            events: Vec::new(),
            rows: Vec::new(),
            waiting: Vec::new(),
            failures: Vec::new(),
            refused: false,
            unknown: None,
            account: Account::default(),
            forged_port: FORGED_PORT,
            forged_ports: Vec::new(),
            forged_sequence: FORGED_SEQUENCE,
            exhausted: false,
        }
    }

    /// Goes through the script, and then on to the end of the run.
    pub(crate) fn play(&mut self) {
        let scenario = self.scenario;
        let mut before = Instant::ZERO;
        for statement in &scenario.script.statements {
            before = self.statement(statement, before);
            self.account.played.push(self.network.now());
            if self.exhausted {
                return;
            }
        }
        match scenario.until {
            Some(until) => self.advance(instant(until)),
            None => self.advance_until_quiet(before + TAIL),
        }
    }

    /// Plays one statement; returns the moment from which the next one's relative time counts.
    fn statement(&mut self, statement: &'a Statement, before: Instant) -> Instant {
        let (earliest, latest) = moments(statement.time.value, before);
        match &statement.subject {
            Subject::Call(call) => {
                self.advance(earliest);
                self.begin_call(call, statement.span, earliest);
                // What one thread has done may be what another waits for.
                self.poll();
                self.retry();
                earliest
            }
            Subject::Packet(line) if self.is_scripted(&line.from.value) => {
                self.advance(earliest);
                self.forge(line, statement.span);
                earliest
            }
            Subject::Inject(line) => {
                self.advance(earliest);
                self.forge(line, statement.span);
                earliest
            }
            Subject::Packet(line) => self.expect_packet(line, statement, (earliest, latest)),
            Subject::Nothing(direction) => {
                let latest = latest.unwrap_or(earliest);
                self.advance(latest);
                self.expect_nothing(direction, statement.span, (earliest, latest));
                latest
            }
            Subject::Expect(expect) => {
                self.advance(earliest);
                self.expect_state(expect);
                earliest
            }
            Subject::Link(link) => {
                self.advance(earliest);
                self.change_links(link);
                earliest
            }
            Subject::Subsystem(subsystem) => {
                self.advance(earliest);
                if let Some(host) = self.host(&subsystem.host.value) {
                    let up = subsystem.up;
                    self.network
                        .with_host(HostId(host), |host, _| host.set_up(up));
                }
                earliest
            }
        }
    }

    fn is_scripted(&self, host: &str) -> bool {
        self.host(host)
            .is_some_and(|index| self.tables[index].is_none())
    }

    pub(crate) fn host(&self, name: &str) -> Option<usize> {
        self.scenario.host(name)
    }

    /// Moves the time to `limit`, and makes waiting calls again whenever something has happened.
    pub(crate) fn advance(&mut self, limit: Instant) {
        // A call of another thread may have ended a wait, without anything that is due later.
        self.retry();
        loop {
            let due = self.calls_due();
            let next = due.map_or(limit, |due| due.min(limit));
            let stepped = self.network.step(next);
            self.record();
            self.poll();
            self.retry();
            if self.exhausted || (!stepped && next == limit) {
                return;
            }
            // A deadline that its call does not take must not hold the time up.
            if !stepped {
                for waiting in &mut self.waiting {
                    if waiting.blocked.until.is_some_and(|until| until <= next) {
                        waiting.blocked.until = None;
                    }
                }
            }
        }
    }

    /// Moves the time as long as something is due, at most to `limit`.
    fn advance_until_quiet(&mut self, limit: Instant) {
        while !self.exhausted {
            let due = [self.network.next_due(), self.calls_due()];
            let due = due.into_iter().flatten().min();
            match due.filter(|&due| due <= limit) {
                Some(due) => self.advance(due),
                None => return,
            }
        }
    }

    /// Takes what the network has recorded.
    pub(crate) fn record(&mut self) {
        for event in self.network.take_events() {
            self.packets.observe(&event, HostId(0));
            tracing::trace!(
                at = %crate::capture::text::seconds(event.at),
                host = event.host.0,
                frame = event.frame.map(|frame| frame.0),
                fact = event.fact.name(),
            );
            self.events.push(event);
        }
        if self.events.len() > EVENTS_MOST && !self.exhausted {
            self.exhausted = true;
            let message = format!(
                "the run was stopped at {} s: more than {EVENTS_MOST} things have happened",
                crate::capture::text::seconds(self.network.now())
            );
            self.failures.push(
                Diagnostic::of_file(message)
                    .help("give `until`, or less data, or a slower link (`rate`)"),
            );
        }
    }

    pub(crate) fn fail(&mut self, diagnostic: Diagnostic) {
        self.failures.push(diagnostic);
    }

    // Packets.

    fn expect_packet(
        &mut self,
        line: &PacketLine,
        statement: &Statement,
        (earliest, latest): (Instant, Option<Instant>),
    ) -> Instant {
        let (Some(from), Some(to)) = (self.host(&line.from.value), self.host(&line.to.value))
        else {
            return earliest;
        };
        let pair = (from, to);
        let strict = self.scenario.strict;
        let last = latest.unwrap_or(self.network.now() + TAIL);
        // What the line stands for may have been seen already; else the time moves on until it is.
        self.advance(earliest);
        loop {
            let times = (earliest, last);
            if let Some(at) = self.packets.take(line, pair, times, strict) {
                // A line with one moment anchors the next there; one with a choice where it was
                // seen.
                return if Some(earliest) == latest {
                    earliest
                } else {
                    at
                };
            }
            let due = self.network.next_due().filter(|&due| due <= last);
            match due {
                Some(due) if !self.exhausted => self.advance(due),
                Some(_) | None => break,
            }
        }
        if latest.is_some() {
            self.advance(last);
        }
        self.packet_never_came(line, statement, pair, (earliest, latest));
        latest.unwrap_or(earliest)
    }

    fn packet_never_came(
        &mut self,
        line: &PacketLine,
        statement: &Statement,
        pair: (usize, usize),
        (earliest, latest): (Instant, Option<Instant>),
    ) {
        let what = match line.packet {
            Packet::Segment(_) => "segment",
            Packet::Udp { .. } => "datagram",
            Packet::Icmp { .. } => "message",
        };
        let when = match latest {
            Some(latest) => format!("at {}", span_of(earliest, latest)),
            None => format!("from {} on", crate::capture::text::seconds(earliest)),
        };
        let mut diagnostic =
            Diagnostic::new(statement.span, format!("expected {what} never came")).label(when);
        let instead = self.packets.instead(pair, earliest);
        if instead.is_empty() {
            diagnostic = diagnostic.note("sent instead", "nothing");
        }
        for seen in instead {
            diagnostic = diagnostic.note("sent instead", seen);
        }
        self.fail(diagnostic);
    }

    fn expect_nothing(
        &mut self,
        direction: &Direction,
        span: Span,
        (earliest, latest): (Instant, Instant),
    ) {
        let (Some(from), Some(to)) = (
            self.host(&direction.from.value),
            self.host(&direction.to.value),
        ) else {
            return;
        };
        let unexpected: Vec<String> = self
            .packets
            .between((from, to), (earliest, latest))
            .map(|seen: &Seen| self.packets.line(seen))
            .collect();
        if unexpected.is_empty() {
            return;
        }
        const SHOWN: usize = 5;
        let count = unexpected.len();
        let packets = if count == 1 { "packet" } else { "packets" };
        let mut diagnostic =
            Diagnostic::new(span, format!("{count} {packets} where there must be none"))
                .label(format!("at {}", span_of(earliest, latest)));
        for line in unexpected.into_iter().take(SHOWN) {
            diagnostic = diagnostic.note("sent", line);
        }
        self.fail(diagnostic);
    }

    // The end.

    /// What is only known once the run is over.
    pub(crate) fn finish(mut self, hosts: Vec<TraceHost>) -> Outcome {
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.returns.is_some() {
                let message = format!("`{}` never returned", waiting.call.name.value);
                self.fail(Diagnostic::new(waiting.call.name.span, message));
            }
        }
        if self.scenario.strict {
            self.judge_leftovers();
        }
        self.account.sockets = self.final_sockets();
        let mut outcome = Outcome {
            failures: self.failures,
            ended: self.network.now(),
            seed: self.seed,
            hosts,
            events: self.events,
            calls: self.rows,
            account: self.account,
        };
        super::filters::judge(self.scenario, &mut outcome);
        outcome.failures.sort_by_key(|failure| failure.span);
        let replay = replay(self.scenario, self.seed);
        for failure in &mut outcome.failures {
            let owned = std::mem::replace(failure, Diagnostic::of_file(""));
            *failure = owned.note("replay", replay.clone());
        }
        outcome
    }

    /// Strictly, every packet that a stack sent must stand in the script.
    pub(crate) fn judge_leftovers(&mut self) {
        let left = self
            .packets
            .seen
            .iter()
            .filter(|seen| seen.by_stack && !seen.expected);
        let lines: Vec<String> = left.map(|seen| self.packets.line(seen)).collect();
        for line in lines {
            let message = "a packet that no line of the script stands for";
            self.fail(Diagnostic::of_file(message).note("sent", line));
        }
    }
}

/// The command that runs a scenario again as it was run.
fn replay(scenario: &Scenario, seed: u64) -> String {
    let mut command = format!("hangup run {}", scenario.source.path().display());
    // The seed stands behind, whether or not it was one of the keys.
    let settings = scenario.variant.settings.iter();
    for setting in settings.filter(|it| !it.starts_with("seed=")) {
        command.push_str(" --set ");
        command.push_str(setting);
    }
    command.push_str(&format!(" --seed {seed}"));
    command
}

/// The first and last moment of a time; no last one where any time will do.
pub(crate) fn moments(time: TimeSpec, before: Instant) -> (Instant, Option<Instant>) {
    let both = |at: Instant| (at, Some(at));
    match time {
        TimeSpec::Absolute(at) => both(instant(at)),
        TimeSpec::Relative(after) => both(before + after),
        TimeSpec::Any => (before, None),
        TimeSpec::AbsoluteRange { earliest, latest } => (instant(earliest), Some(instant(latest))),
        TimeSpec::RelativeRange { earliest, latest } => (before + earliest, Some(before + latest)),
    }
}

/// A span of time as messages say it.
pub(crate) fn span_of(earliest: Instant, latest: Instant) -> String {
    let seconds = crate::capture::text::seconds;
    if earliest == latest {
        seconds(earliest)
    } else {
        format!("{} to {}", seconds(earliest), seconds(latest))
    }
}
