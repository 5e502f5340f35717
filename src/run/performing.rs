//! The programs of hosts: their tasks are begun, their calls are made, and what these return is
//! told to them.

use hangup_stack::network::HostId;
use hangup_stack::profile::Api;
use smoltcp::time::Instant;

use super::driver::Driver;
use super::medium::{Due, NewCall};
use super::programs::{Pending, TaskId};
use super::task::{After, Deed, Making, Place, Task};
use crate::calls::{BadCall, Returned, show_argument};
use crate::capture::text::seconds;
use crate::capture::{CallRow, SocketEnds};
use crate::diagnostic::{Diagnostic, Span};
use crate::scenario::Host;
use crate::scenario::program::Opening;
use crate::scenario::script::{ExpectedResult, Statement};

/// The most calls and waits of programs in a run.
const TURNS_MOST: usize = 2_000_000;
/// The first label of a host whose script has none: 0 to 2 are the standard streams.
const FIRST_LABEL: i64 = 3;

impl<'a> Driver<'a> {
    /// Begins the programs: what listens at once, what connects when time moves for the first time,
    /// so that the script's statements of the beginning come before.
    pub(super) fn begin_programs(&mut self) {
        let scenario = self.scenario;
        for (index, host) in scenario.hosts.iter().enumerate() {
            self.begin_program(index, host);
        }
        self.run_programs();
    }

    /// Begins the program of a host, now.
    pub(super) fn begin_program(&mut self, index: usize, host: &'a Host) {
        let Some(profile) = host.profile() else {
            return;
        };
        self.programs.free_from(index, self.free_label(index));
        for part in &host.program.parts {
            let place = Place {
                host: index,
                api: profile.api,
                family: self.scenario.network.ip,
                part,
            };
            let now = self.medium.now();
            match part.opening {
                Opening::Listen { .. } => self.programs.begin(Task::opening(place, 0, now)),
                Opening::Connect {
                    times,
                    every,
                    after,
                    ..
                } => {
                    let mut at = now + after;
                    for number in 1..=times {
                        self.programs.hold(Task::opening(place, number, at));
                        at += every;
                    }
                }
            }
        }
    }

    /// The first label that the script does not give anything on a host.
    fn free_label(&self, host: usize) -> i64 {
        let name = &self.scenario.hosts[host].name.value;
        let statements = self.scenario.script.statements.iter();
        let calls = { statements }.filter_map(Statement::call);
        let labels = calls.filter(|it| it.host.value == *name).map(|call| {
            if let ExpectedResult::Integer(label) = call.result.value {
                label
            } else {
                0
            }
        });
        labels
            .max()
            .map_or(FIRST_LABEL, |it| it.saturating_add(1))
            .max(FIRST_LABEL)
    }

    /// Time moves: what connects begins.
    pub(super) fn release_programs(&mut self) {
        if self.programs.release() {
            self.run_programs();
        }
    }

    /// When something happens next, in the medium or in a program.
    pub(super) fn due(&self) -> Due {
        match (self.medium.due(), self.programs.due()) {
            (Due::At(one), Some(other)) => Due::At(one.min(other)),
            (Due::Never, Some(at)) => Due::At(at),
            (due @ (Due::At(_) | Due::Never | Due::Unknown), _) => due,
        }
    }

    /// Lets every program do what it can do now. Returns whether one did something.
    pub(super) fn run_programs(&mut self) -> bool {
        let mut ran = false;
        loop {
            self.give_up_calls();
            let mut any = false;
            while let Some(id) = self.programs.next_ready() {
                any = true;
                self.run_task(id);
                if self.is_exhausted() {
                    return true;
                }
            }
            if !any {
                return ran;
            }
            ran = true;
            self.medium.settle();
            self.take_events();
        }
    }

    /// Wakes the tasks whose time is over; a call that one still waits for is given up.
    fn give_up_calls(&mut self) {
        let now = self.medium.now();
        while let Some(id) = self.programs.over(now) {
            self.programs.go_on(id);
            let Some(pending) = self.programs.take_pending(id) else {
                continue;
            };
            match self.medium.cancel(pending.call) {
                Ok(ends) => self.note_given_up(id, &pending, ends),
                Err(why) => {
                    let span = pending.making.span;
                    let unmade = Diagnostic::new(span, why.to_string());
                    self.account.unmade.push(unmade);
                    let diagnostic = Diagnostic::new(span, "this cannot end in time");
                    self.fail(diagnostic.label(why.to_string()));
                }
            }
            if let Some(task) = self.programs.task_mut(id) {
                task.timed_out();
            }
        }
    }

    fn note_given_up(&mut self, id: TaskId, pending: &Pending<'_>, ends: Option<SocketEnds>) {
        let Some(task) = self.programs.task(id) else {
            return;
        };
        let socket = match task.place.api {
            Api::Posix => "fd=",
            Api::Winsock => "s=",
        };
        let arguments = pending.making.arguments.iter().map(show_argument);
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        self.account.of_programs.push(self.rows.len());
        self.rows.push(CallRow {
            at: self.medium.now(),
            host: HostId(task.place.host),
            events_before: self.events.len(),
            toward: crate::calls::toward(&pending.making.name),
            socket: ends,
            text: format!("{}({socket}{arguments}) given up", pending.making.name),
        });
    }

    fn run_task(&mut self, id: TaskId) {
        let now = self.medium.now();
        match self.programs.next(id, now) {
            Some(Deed::Call(making)) => self.make_call(id, making),
            Some(Deed::Sleep(until)) => {
                let span = self.programs.task(id).map(|task| task.span);
                if span.is_some_and(|it| !self.has_turns(it)) {
                    return;
                }
                self.programs.sleep(id, until);
            }
            Some(Deed::Endless(span)) => {
                self.programs.end(id);
                self.fail(Diagnostic::new(
                    span,
                    "the program goes round here without end",
                ));
            }
            Some(Deed::End) => self.programs.end(id),
            None => {}
        }
    }

    /// Whether programs may do one thing more; where not the run is stopped, at the step `span`.
    fn has_turns(&mut self, span: Span) -> bool {
        if self.programs.turns() < TURNS_MOST {
            return true;
        }
        let now = seconds(self.medium.now());
        let message = format!(
            "the run was stopped at {now} s: programs called and waited {TURNS_MOST} times"
        );
        let diagnostic = Diagnostic::new(span, message);
        self.exhaust(diagnostic.help("give `until`, or less data, or more octets a call (`by`)"));
        false
    }

    fn make_call(&mut self, id: TaskId, making: Making<'a>) {
        if !self.has_turns(making.span) {
            return;
        }
        let Some(task) = self.programs.task(id) else {
            return;
        };
        self.watch.statement = Some(making.span);
        let (host, thread) = (task.place.host, task.thread.clone());
        let label = making.opens.then(|| self.programs.label(host));
        let (name, arguments) = (making.name.clone(), making.arguments.clone());
        let (span, keeps) = (making.span, making.keeps);
        let call = self.programs.call(id, making, label);
        let made = self.medium.begin(&NewCall {
            id: call,
            host: HostId(host),
            thread: Some(&thread),
            routine: None,
            name: &name,
            arguments: &arguments,
            label,
            keeps,
        });
        if let Err(why) = made {
            self.programs.take_pending(id);
            self.programs.end(id);
            let diagnostic = Diagnostic::new(span, "this call cannot be made here");
            self.account
                .unmade
                .push(Diagnostic::new(span, why.to_string()));
            self.fail(diagnostic.label(why.to_string()));
        }
        self.watch.called(&arguments);
        self.take_events();
    }

    /// A call of a program has returned.
    pub(super) fn program_returned(
        &mut self,
        id: TaskId,
        at: Instant,
        returned: &Returned,
        ends: Option<SocketEnds>,
    ) {
        let Some(pending) = self.programs.take_pending(id) else {
            return;
        };
        let Some(task) = self.programs.task_mut(id) else {
            return;
        };
        let host = task.place.host;
        let label = pending.label.filter(|_| returned.opened.is_some());
        let after = task.returned(returned, &returned.received, label, at);
        let part = task.place.part.span;
        let accepted = match (&after, label) {
            (After::Accepted { number }, Some(label)) => Some(task.accepted(*number, label, at)),
            (After::Accepted { .. } | After::Goes | After::Fails(_), _) => None,
        };
        self.account.of_programs.push(self.rows.len());
        self.rows.push(CallRow {
            at,
            host: HostId(host),
            events_before: self.events.len(),
            toward: crate::calls::toward(&pending.making.name),
            socket: ends,
            text: returned.row(label),
        });
        if let Some(written) = pending.making.written {
            self.judge_result(written, returned);
        }
        if let After::Fails(row) = after {
            self.fail(Diagnostic::new(part, "this cannot begin").label(row));
        }
        self.programs.go_on(id);
        if let Some(task) = accepted {
            self.programs.begin(task);
        }
    }

    /// A call of a program cannot be made at all.
    pub(super) fn program_refused(&mut self, id: TaskId, why: BadCall) {
        let Some(pending) = self.programs.take_pending(id) else {
            return;
        };
        self.programs.end(id);
        let unmade = Diagnostic::new(pending.making.span, why.message.clone());
        self.account.unmade.push(unmade);
        self.fail(match pending.making.written {
            Some(call) => why.diagnostic(call),
            None => Diagnostic::new(pending.making.span, why.message),
        });
    }

    /// A call of a program has done what no result can be right for.
    pub(super) fn program_undefined(&mut self, id: TaskId, rule: String) {
        if let Some(pending) = self.programs.pending(id) {
            let diagnostic = Diagnostic::new(pending.making.span, "undefined behaviour");
            self.fail(diagnostic.note("rule", rule));
        }
    }

    /// How long a step may wait: to the next time of a program, or to a limit before it.
    pub(super) fn until_due(&self, limit: Instant) -> Instant {
        self.programs.due().map_or(limit, |due| due.min(limit))
    }
}
