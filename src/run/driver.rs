//! The driver: it plays the statements of a script in order, waits on the medium, and records
//! failures.
//!
//! Its rules are data ([`Conduct`]), and its surroundings a trait ([`Medium`]): the driver does not
//! know where packets come from, how time passes, or whose script it plays.

use hangup_stack::event::Event;
use hangup_stack::network::HostId;
use hangup_stack::socket::SocketId;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::IpAddress;

use super::account::{Account, SocketAccount};
use super::conduct::{Conduct, End, Leftovers, OnFailure, Timing};
use super::failures::{Failures, Judged, Told};
use super::filters::{self, Counts};
use super::forging::Forging;
use super::lateness::Lateness;
use super::medium::{Due, Medium, Refusal, SoFar, Waited};
use super::numbers::Numbers;
use super::packets::Packets;
use super::programs::Programs;
use super::reader::Reader;
use super::rules::Payload;
use super::step::Steps;
use super::time::{TAIL, instant, moments};
use super::timestamps::Timestamps;
use super::verdict::{Outcome, Unread};
use super::waiting::{Refused, Waiting};
use super::watch::Watch;
use crate::bounds::{Bounds, Usual};
use crate::capture::text::seconds;
use crate::capture::{CallRow, FailedRow};
use crate::diagnostic::{Diagnostic, Span};
use crate::event_log::{EventLog, Kept};
use crate::packetdrill::code::Variables;
use crate::scenario::script::{
    Call, Power, PowerChange, Statement, Subject, Subsystem, TimeSpec, Turning,
};
use crate::scenario::{Scenario, for_shell};

/// A run in progress.
#[derive(Debug)]
pub(crate) struct Driver<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) conduct: &'a Conduct,
    pub(super) medium: &'a mut dyn Medium,
    seed: u64,
    pub(super) packets: Packets,
    pub(super) timestamps: Timestamps,
    pub(super) numbers: Numbers,
    pub(super) events: EventLog,
    pub(super) rows: Vec<CallRow>,
    pub(super) waiting: Vec<Waiting<'a>>,
    pub(super) failures: Failures,
    /// The failures as rows of the trace.
    pub(super) failed: Vec<FailedRow>,
    pub(super) steps: Steps,
    pub(super) programs: Programs<'a>,
    /// The last call that could not be made at all.
    pub(super) refused: Option<Refused>,
    /// What code has kept.
    pub(super) variables: Variables,
    pub(super) account: Account,
    pub(super) forging: Forging,
    /// Where the last statement was to be. None: there was none, or it had no time.
    previous: Option<Instant>,
    /// What ends the run before its time.
    pub(super) watch: Watch<'a>,
    /// How late the driver itself was.
    pub(super) lateness: Lateness,
    /// Who reads the run while it goes on.
    pub(super) reader: Option<&'a mut dyn Reader>,
    /// How many frames filters select, of what was read.
    pub(super) counts: Counts<'a>,
    pub(super) unread: Unread,
    /// How many rows of calls were let go.
    pub(super) rows_gone: usize,
    /// How many statements there are up to the last one that is about packets.
    about_packets: usize,
}

/// When a statement happens or must happen.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) earliest: Instant,
    /// None: at any time.
    pub(super) latest: Option<Instant>,
    /// How far from there it may be.
    pub(super) tolerance: Duration,
}

/// The log of a run of a scenario, which knows at which UDP ports hosts have TCP.
fn log(scenario: &Scenario, kept: Kept) -> EventLog {
    let mut log = EventLog::keeping(kept);
    for profile in scenario.hosts.iter().filter_map(|host| host.profile()) {
        log.carry(profile.encapsulation.udp_port);
    }
    log
}

impl<'a> Driver<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        conduct: &'a Conduct,
        seed: u64,
        medium: &'a mut dyn Medium,
    ) -> Self {
        let hosts = scenario.hosts.iter().enumerate();
        let addresses: Vec<(IpAddress, usize)> = hosts
            .flat_map(|(index, host)| host.addresses.iter().map(move |&it| (it, index)))
            .collect();
        let name = |&(address, index): &(IpAddress, usize)| {
            (address, scenario.hosts[index].name.value.clone())
        };
        let names = addresses.iter().map(name).collect();
        let is_judged = conduct.rules.payload != Payload::AsSaid;
        let keeps_payload = is_judged || scenario.reads_payload();
        Self {
            scenario,
            conduct,
            medium,
            seed,
            packets: Packets::new(addresses, names, keeps_payload),
            timestamps: Timestamps::default(),
            numbers: Numbers::default(),
            events: log(scenario, Kept::ALL),
            rows: Vec::new(),
            waiting: Vec::new(),
            failures: Failures::default(),
            failed: Vec::new(),
            steps: Steps::default(),
            programs: Programs::default(),
            refused: None,
            variables: Variables::default(),
            account: Account::default(),
            forging: Forging::default(),
            previous: None,
            watch: Watch::new(&Usual),
            lateness: Lateness::default(),
            reader: None,
            counts: Counts::new(scenario),
            unread: Unread::default(),
            rows_gone: 0,
            about_packets: match conduct.leftovers {
                Leftovers::Fail => usize::MAX,
                Leftovers::Allowed => scenario.last_about_packets().map_or(0, |last| last + 1),
            },
        }
    }

    /// Bounds the run, and keeps no more of it than that.
    pub(crate) fn within(mut self, bounds: &'a dyn Bounds, kept: Kept) -> Self {
        self.watch = Watch::new(bounds);
        self.events = log(self.scenario, kept);
        self
    }

    /// Has somebody read the run while it goes on.
    pub(crate) fn read_by(mut self, reader: Option<&'a mut dyn Reader>) -> Self {
        self.reader = reader;
        self
    }

    /// Goes through the script, and then on to the end of the run.
    pub(crate) fn play(&mut self) {
        let scenario = self.scenario;
        self.begin_programs();
        let mut before = Instant::ZERO;
        for statement in &scenario.script.statements {
            before = self.statement(statement, before);
            self.steps.next(before);
            self.account.played.push(self.medium.now());
            if self.is_over() {
                return;
            }
        }
        self.watch.statement = None;
        match self.conduct.end {
            End::At(until) => self.advance(instant(until)),
            End::Quiet(most) => self.advance_until_quiet(before + most),
            End::After(time) => {
                self.await_calls(self.medium.now() + self.conduct.patience);
                self.advance(self.medium.now() + time);
            }
            End::Calls => self.await_calls(Instant::from_micros(i64::MAX)),
            End::Programs => self.await_programs(),
        }
    }

    /// Whether the run ends before its script does.
    fn is_over(&self) -> bool {
        let stops = self.conduct.on_failure == OnFailure::Stop;
        let is_over = self.watch.has_ended() || self.steps.is_stuck;
        is_over || (stops && !self.failures.is_empty())
    }

    /// Plays one statement; returns the moment from which the next one's relative time counts.
    fn statement(&mut self, statement: &'a Statement, before: Instant) -> Instant {
        self.watch.statement = Some(statement.span);
        let time = statement.time.value;
        let before = match time.follows() {
            true => match self.await_step(statement) {
                Some(ended) => ended,
                None => return before,
            },
            false => before,
        };
        self.steps.begin(None);
        let now = self.medium.now();
        let (earliest, latest) = match self.conduct.timing {
            Timing::Planned => moments(time, before),
            Timing::Actual => moments(time, now),
            Timing::Stamped { .. } => {
                let (earliest, latest) = moments(time, before);
                let counts_from_start =
                    matches!(time, TimeSpec::Absolute(_) | TimeSpec::AbsoluteRange { .. });
                let shift = match counts_from_start {
                    true => self.lateness.shift(),
                    false => Duration::ZERO,
                };
                (earliest + shift, latest.map(|it| it + shift))
            }
        };
        let gap = match self.previous {
            Some(previous) if earliest > previous => earliest - previous,
            Some(_) | None => Duration::ZERO,
        };
        self.previous = (time != TimeSpec::Any).then_some(earliest);
        let when = When {
            earliest,
            latest,
            tolerance: self.conduct.tolerance.after(gap),
        };
        match &statement.subject {
            Subject::Packet(line) if !self.is_scripted(&line.from.value) => {
                self.expect_packet(line, statement.span, when)
            }
            Subject::Nothing(direction) => {
                let latest = latest.unwrap_or(earliest);
                self.advance(latest);
                // What comes at the end may be what the next line stands for, a little early.
                let silent = match self.conduct.timing {
                    Timing::Planned | Timing::Actual => latest,
                    Timing::Stamped { .. } => earliest.max(latest - when.tolerance),
                };
                self.expect_nothing(direction, statement.span, (earliest, silent));
                latest
            }
            Subject::Packet(_)
            | Subject::Call(_)
            | Subject::Inject(_)
            | Subject::Expect(_)
            | Subject::Code(_)
            | Subject::Link(_)
            | Subject::Subsystem(_)
            | Subject::Power(_)
            | Subject::Turning(_)
            | Subject::Pause => {
                self.act_in_time(statement, now, &when);
                match self.conduct.timing {
                    Timing::Planned | Timing::Actual => earliest,
                    Timing::Stamped { late_most } => {
                        let acted = self.medium.acted().max(earliest);
                        self.note_lateness(acted, earliest, late_most);
                        acted
                    }
                }
            }
        }
    }

    /// Does what a statement says when its time has come. `now` is when its turn came.
    fn act_in_time(&mut self, statement: &'a Statement, now: Instant, when: &When) {
        let at = match self.conduct.timing {
            Timing::Planned if self.is_late(statement, now) => {
                let message = format!("it is {} already", seconds(now));
                let label = format!("this was to be at {}", seconds(when.earliest));
                let diagnostic = Diagnostic::new(statement.time.span, message).label(label);
                let help = "the steps before took longer: write `then+T` in place of the time";
                return self.out_of_step(diagnostic.help(help));
            }
            Timing::Planned => when.earliest,
            Timing::Actual if now > when.earliest + when.tolerance => {
                let message = format!("it is {} already", seconds(now));
                let label = format!("this was to be at {}", seconds(when.earliest));
                return self.fail(Diagnostic::new(statement.time.span, message).label(label));
            }
            Timing::Actual => when.earliest.max(now),
            Timing::Stamped { .. } => {
                self.advance(when.earliest);
                self.await_thread(statement);
                self.medium.now()
            }
        };
        self.advance(at);
        self.act(statement, at);
    }

    /// Whether the moment of a statement has passed while steps were waited for.
    fn is_late(&self, statement: &Statement, now: Instant) -> bool {
        let TimeSpec::Absolute(at) = statement.time.value else {
            return false;
        };
        instant(at) < now && self.failures.is_empty()
    }

    /// Notes how much later than planned something was done. What the script plans from its start
    /// on is as much later.
    fn note_lateness(&mut self, at: Instant, planned: Instant, most: Duration) {
        if at > planned {
            self.lateness.note(at - planned, most);
            self.lateness.shift_by(at - planned);
        }
    }

    /// Does what a statement says. `at` is when, as times that count from it have it.
    fn act(&mut self, statement: &'a Statement, at: Instant) {
        match &statement.subject {
            Subject::Call(call) => {
                self.begin_call(call, statement, at);
                self.settle();
            }
            Subject::Packet(line) | Subject::Inject(line) => self.forge(line, statement.span),
            Subject::Expect(expect) => self.expect_state(expect),
            Subject::Code(code) => self.compare(code, statement.span),
            Subject::Link(link) => self.change_links(link, statement.span),
            Subject::Subsystem(subsystem) => self.change_subsystem(subsystem, statement.span),
            Subject::Power(power) => self.change_power(power, statement.span),
            Subject::Turning(turning) => self.turn(turning, statement.span),
            Subject::Pause | Subject::Nothing(_) => {}
        }
    }

    fn change_subsystem(&mut self, subsystem: &Subsystem, span: Span) {
        if let Some(host) = self.host(&subsystem.host.value) {
            let changed = self.medium.set_up(HostId(host), subsystem.up);
            self.unless_refused(changed, span);
            self.settle();
        }
    }

    /// A host loses its power, or is started again: its program begins anew.
    fn change_power(&mut self, power: &Power, span: Span) {
        let scenario = self.scenario;
        if let Some(host) = self.host(&power.host.value) {
            let changed = self.medium.set_power(HostId(host), power.change);
            let is_done = changed.is_ok();
            self.unless_refused(changed, span);
            self.take_events();
            if is_done && power.change == PowerChange::Reboot {
                self.begin_program(host, &scenario.hosts[host]);
            }
            self.settle();
        }
    }

    fn turn(&mut self, turning: &Turning, span: Span) {
        if let Some(host) = self.host(&turning.host.value) {
            let host = HostId(host);
            self.events.carry(turning.profile.encapsulation.udp_port);
            let turned = match &turning.shell {
                Some(line) => self.medium.set_system(host, line),
                None => self.medium.set_profile(host, &turning.profile),
            };
            self.unless_refused(turned, span);
        }
    }

    /// Fails the run where the medium does not do what a statement says.
    pub(super) fn unless_refused(&mut self, done: Result<(), Refusal>, span: Span) {
        if let Err(why) = done {
            self.fail(Diagnostic::new(span, "this cannot be done here").label(why.to_string()));
        }
    }

    fn is_scripted(&self, host: &str) -> bool {
        self.host(host)
            .is_some_and(|index| self.scenario.hosts[index].is_scripted())
    }

    pub(super) fn host(&self, name: &str) -> Option<usize> {
        self.scenario.host(name)
    }

    /// The socket that a label of a host stands for.
    pub(super) fn labelled(&self, host: HostId, label: i64) -> Option<SocketId> {
        self.medium.labelled(host, label)
    }

    // Time.

    /// Moves the time to `limit`.
    pub(super) fn advance(&mut self, limit: Instant) {
        if limit > self.medium.now() {
            self.release_programs();
        }
        loop {
            let until = self.until_due(limit);
            let waited = self.medium.wait(until);
            self.take_events();
            let ran = self.run_programs();
            if self.watch.has_ended() || (waited == Waited::Reached && until == limit && !ran) {
                return;
            }
        }
    }

    /// Moves the time to when something happens next, at most to `limit`. Returns whether something
    /// may have happened; where nothing will by then, the time need not move.
    pub(super) fn advance_to_next(&mut self, limit: Instant) -> bool {
        self.release_programs();
        match self.due() {
            _ if self.watch.has_ended() => false,
            Due::At(at) if at <= limit => {
                self.advance(at.max(self.medium.now()));
                true
            }
            Due::At(_) | Due::Never => false,
            Due::Unknown => {
                let until = self.until_due(limit);
                let waited = self.medium.wait(until);
                self.take_events();
                self.run_programs() || waited == Waited::Woken || until < limit
            }
        }
    }

    /// Moves the time as long as something is known to be due, at most to `limit`.
    fn advance_until_quiet(&mut self, limit: Instant) {
        self.release_programs();
        while let Due::At(due) = self.due()
            && due <= limit
            && !self.watch.has_ended()
        {
            self.advance(due);
        }
    }

    /// Moves the time as long as the medium has programs.
    fn await_programs(&mut self) {
        self.medium.end_script();
        while self.medium.due() != Due::Never && !self.watch.has_ended() {
            self.advance_to_next(self.medium.now() + TAIL);
        }
    }

    /// Gives what still waits the rest of its time, at most until `limit`.
    fn await_calls(&mut self, limit: Instant) {
        // What was sent last arrives.
        self.advance(self.medium.now());
        while !self.is_over() {
            let ends = self.waiting.iter().filter_map(|it| it.returns);
            let Some(latest) = ends.map(|(_, latest)| latest.min(limit)).min() else {
                return;
            };
            self.advance(latest);
            let waits = |it: &Waiting<'_>| it.returns.is_some_and(|(_, until)| until <= latest);
            if latest == limit || self.waiting.iter().any(waits) {
                return;
            }
        }
    }

    /// Lets calls go on that wait for what was just done.
    fn settle(&mut self) {
        self.medium.settle();
        self.take_events();
        self.run_programs();
    }

    /// Takes what has happened.
    pub(super) fn take_events(&mut self) {
        while let Some(event) = self.medium.next_event() {
            self.take_event(event);
        }
        if let Timing::Stamped { late_most } = self.conduct.timing {
            self.lateness.note(self.medium.take_late(), late_most);
        }
        self.medium.show(SoFar {
            events: &self.events,
            calls: &self.rows,
            failures: &self.failed,
        });
        self.keep_watch();
        self.let_go();
    }

    /// Stops the run at a limit.
    pub(super) fn exhaust(&mut self, diagnostic: Diagnostic) {
        self.watch.end(diagnostic.clone());
        self.fail(diagnostic);
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.watch.has_ended()
    }

    pub(super) fn observe(&mut self, event: Event) {
        tracing::trace!(
            at = %seconds(event.at),
            host = event.host.0,
            frame = event.frame.map(|frame| frame.0),
            fact = event.fact.name(),
        );
        self.events.push(event);
        if let Some(frame) = self.events.frame(self.events.len() - 1) {
            self.packets.observe(frame, HostId(0));
            if self.account.played.len() >= self.about_packets {
                self.packets.forget();
            }
        }
    }

    pub(super) fn fail(&mut self, diagnostic: Diagnostic) {
        let text = diagnostic.message.clone();
        if self.failures.push(diagnostic) == Told::Yes {
            self.show_failure(text);
        }
    }

    /// A failure that is told is a row of the trace.
    fn show_failure(&mut self, text: String) {
        self.failed.push(FailedRow {
            at: self.medium.now(),
            events_before: self.events.len(),
            text,
        });
    }

    /// A call failed, was refused, or did not end.
    pub(super) fn fail_call(&mut self, call: &Call, diagnostic: Diagnostic) {
        let thread = call.thread.as_ref().map(|it| it.value.clone());
        let Some(host) = self.host(&call.host.value) else {
            return self.fail(diagnostic);
        };
        let text = diagnostic.message.clone();
        if self.failures.push_call((host, thread), diagnostic) == Told::Yes {
            self.show_failure(text);
        }
    }

    /// The state of a host is not the one that was expected.
    pub(super) fn fail_state(&mut self, host: usize, diagnostic: Diagnostic) {
        let text = diagnostic.message.clone();
        if self.failures.push_state(host, diagnostic) == Told::Yes {
            self.show_failure(text);
        }
    }

    /// A call could not be made, or did not end, when the script says so. What fails behind it
    /// follows from it, and is only counted.
    pub(super) fn out_of_step(&mut self, diagnostic: Diagnostic) {
        let text = diagnostic.message.clone();
        if self.failures.push_out_of_step(diagnostic) == Told::Yes {
            self.show_failure(text);
        }
    }

    // The end.

    /// The last call that could not be made at all.
    pub(crate) fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// What is only known once the run is over.
    pub(crate) fn finish(mut self) -> Outcome {
        // Where the first failure ends the run, what is left over behind it says nothing.
        let is_stopped = self.watch.has_ended();
        let goes_on = self.conduct.on_failure == OnFailure::GoOn && !is_stopped;
        let is_whole = goes_on || self.failures.is_empty();
        if self.conduct.leftovers == Leftovers::Fail && is_whole {
            self.judge_leftovers();
        }
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.returns.is_some() && !is_stopped {
                let message = format!("`{}` never returned", waiting.call.name.value);
                let diagnostic = Diagnostic::new(waiting.call.name.span, message);
                self.fail_call(waiting.call, diagnostic);
            }
        }
        self.account.sockets = self.final_sockets();
        let is_out_of_step = self.failures.is_out_of_step();
        let Judged { told, untold } = self.failures.judged();
        let forgotten = self.events.end();
        let rows = self.rows.iter_mut().map(|row| &mut row.events_before);
        let failed = self.failed.iter_mut().map(|row| &mut row.events_before);
        for events_before in rows.chain(failed) {
            *events_before = events_before.saturating_sub(forgotten);
        }
        let is_read = self.unread.facts > 0;
        let facts = self.unread.facts.saturating_sub(forgotten);
        let mut outcome = Outcome {
            failures: told,
            untold,
            failed: self.failed,
            ended: self.medium.now(),
            seed: self.seed,
            hosts: self.medium.hosts(),
            events: self.events,
            calls: self.rows,
            account: self.account,
            reached: self.watch.reached(),
            stopped: self.watch.failure,
            lateness: self.lateness,
            is_read,
            unread: Unread {
                facts,
                ..self.unread
            },
        };
        if !is_out_of_step && !is_stopped {
            filters::judge(self.counts, &mut outcome);
        }
        if outcome.failures.is_empty() {
            return outcome;
        }
        let replay = replay(self.scenario, self.seed, self.conduct);
        outcome.failures.sort_by_key(|failure| failure.span);
        for failure in outcome.failures.iter_mut().chain(&mut outcome.untold) {
            let owned = std::mem::replace(failure, Diagnostic::of_file(""));
            *failure = owned.note("replay", replay.clone());
        }
        outcome
    }

    /// The sockets at the end of the run.
    fn final_sockets(&self) -> Vec<SocketAccount> {
        let mut sockets = Vec::new();
        for host in (0..self.scenario.hosts.len()).map(HostId) {
            let labels = self.medium.labels(host).into_iter();
            sockets.extend(labels.map(|(label, socket)| SocketAccount {
                host,
                label,
                socket,
                status: self.medium.status(host, socket),
            }));
        }
        sockets
    }

    /// Every packet that a stack sent must stand in the script.
    fn judge_leftovers(&mut self) {
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
fn replay(scenario: &Scenario, seed: u64, conduct: &Conduct) -> String {
    let path = scenario.source.path().display().to_string();
    let mut command = format!("hangup {} {}", conduct.command, for_shell(&path));
    // The seed stands behind, whether or not it was one of the keys.
    let settings = scenario.variant.settings.iter();
    for setting in settings.filter(|it| !it.starts_with("seed=")) {
        command.push_str(" --set ");
        command.push_str(setting);
    }
    command.push_str(&format!(" --seed {seed}"));
    for word in &conduct.replay {
        command.push(' ');
        command.push_str(&for_shell(word));
    }
    command
}
