//! The calls of a script: each is made, waits, returns, and its result is judged.

use hangup_stack::network::HostId;
use smoltcp::time::{Duration, Instant};

use super::account::{MadeCall, Moment, ReturnedValue};
use super::conduct::{CallResults, Timing};
use super::driver::Driver;
use super::medium::{CallId, MediumEvent, NewCall};
use super::time::{moments, span_of};
use super::waiting::{Refused, Waiting};
use crate::calls::{BadCall, Returned};
use crate::capture::text::seconds;
use crate::capture::{CallRow, SocketEnds, Toward};
use crate::diagnostic::Diagnostic;
use crate::scenario::script::{Argument, Call, ExpectedResult, Statement, TimeSpec};

/// The call whose socket is the one under test from then on.
const OPENS: &str = "socket";

/// The error of a Winsock call in a process that has not called WSAStartup.
const NOT_STARTED: &str = "WSANOTINITIALISED";

impl<'a> Driver<'a> {
    pub(super) fn begin_call(&mut self, call: &'a Call, statement: &Statement, at: Instant) {
        let Some(host) = self.host(&call.host.value) else {
            return;
        };
        let thread = call.thread.as_ref().map(|it| it.value.as_str());
        if call.routine.is_none()
            && let Some(busy) = self.busy(call)
        {
            let message = format!("`{}` is called while its thread waits", call.name.value);
            let help = format!(
                "write `then` in place of the time, and the step waits until `{}` has returned; \
                 or name another thread: HOST/THREAD: CALL(...)",
                busy.call.name.value
            );
            let diagnostic = Diagnostic::new(call.name.span, message);
            return self.out_of_step(
                diagnostic
                    .context(busy.span, "it waits in this call")
                    .help(help),
            );
        }
        if call.name.value == OPENS {
            self.numbers.open();
        }
        let place = self.note_call(host, call);
        // A routine makes its calls when it runs, whatever was planned.
        let begun = match call.routine {
            Some(_) => self.medium.now(),
            None => at,
        };
        // A step that follows another takes as long as it takes.
        let follows = statement.time.value.follows().then_some(TimeSpec::Any);
        let returns = call.returns.as_ref().map(|it| it.value).or(follows);
        let returns = returns.map(|spec| {
            let (earliest, latest) = moments(spec, begun);
            (earliest, latest.unwrap_or(Instant::from_micros(i64::MAX)))
        });
        if call.routine.is_none() {
            self.steps.begin(Some(CallId(place)));
        }
        self.waiting.push(Waiting {
            id: CallId(place),
            call,
            span: statement.span,
            host,
            returns,
        });
        let made = self.medium.begin(&NewCall {
            id: CallId(place),
            host: HostId(host),
            thread,
            routine: call.routine.as_ref().map(|it| it.value),
            name: &call.name.value,
            arguments: &self.account.calls[place].arguments,
            label: label_of(call),
            keeps: false,
        });
        if let Err(why) = made {
            self.waiting.pop();
            self.account.calls.pop();
            let (span, message) = match &call.routine {
                Some(routine) => (routine.span, "this routine cannot run now"),
                None => (call.name.span, "this call cannot be made here"),
            };
            self.account
                .unmade
                .push(Diagnostic::new(span, why.to_string()));
            let diagnostic = Diagnostic::new(span, message).label(why.to_string());
            return self.fail_call(call, diagnostic);
        }
        if let (Timing::Stamped { .. }, Some(made)) =
            (self.conduct.timing, self.account.calls.get_mut(place))
        {
            made.begun.at = self.medium.acted();
        }
        self.note_after(place);
        self.watch.called(&self.account.calls[place].arguments);
        self.take_events();
    }

    /// Notes that a call is about to be made; returns its place in the account.
    fn note_call(&mut self, host: usize, call: &Call) -> usize {
        let host = HostId(host);
        let arguments: Vec<Argument> = call.arguments.iter().map(|it| it.value.clone()).collect();
        let socket = match arguments.first() {
            Some(Argument::Integer(label)) => self.labelled(host, *label),
            Some(_) | None => None,
        };
        let before = socket.and_then(|it| self.medium.status(host, it));
        self.account.calls.push(MadeCall {
            statement: self.account.played.len(),
            host,
            name: call.name.value.clone(),
            arguments,
            begun: Moment {
                at: self.medium.now(),
                events_before: self.events.len(),
            },
            socket,
            before,
            after: None,
            returned: None,
        });
        self.account.calls.len() - 1
    }

    /// Notes how the socket of a call stands behind it.
    fn note_after(&mut self, place: usize) {
        if let Some(call) = self.account.calls.get_mut(place) {
            let status = |socket| self.medium.status(call.host, socket);
            call.after = call.socket.and_then(status);
        }
    }

    /// Takes what a medium says.
    pub(super) fn take_event(&mut self, event: MediumEvent) {
        match event {
            MediumEvent::Fact(fact) => self.observe(fact),
            MediumEvent::Note {
                at,
                host,
                text,
                ends,
            } => self.rows.push(CallRow {
                at,
                host,
                events_before: self.events.len(),
                toward: Toward::Stack,
                socket: ends,
                text,
            }),
            MediumEvent::Undefined { call, rule } => {
                if let Some(id) = self.programs.caller(call) {
                    self.program_undefined(id, rule);
                } else if let Some(waiting) = self.waiting_call(call) {
                    let span = waiting.call.name.span;
                    let diagnostic = Diagnostic::new(span, "undefined behaviour");
                    self.fail_call(waiting.call, diagnostic.note("rule", rule));
                }
            }
            MediumEvent::Blocks(call) => self.blocks(call),
            MediumEvent::Ended { at, host } => self.process_ended(at, host),
            MediumEvent::Refused { call, why } => {
                if let Some(id) = self.programs.caller(call) {
                    self.program_refused(id, why);
                } else if let Some(waiting) = self.ended_call(call) {
                    self.refuse(waiting.call, why);
                }
            }
            MediumEvent::Returned {
                call,
                at,
                returned,
                ends,
            } => {
                self.steps.returned(call, at);
                if let Some(id) = self.programs.caller(call) {
                    self.program_returned(id, at, &returned, ends);
                } else if let Some(waiting) = self.ended_call(call) {
                    self.returned(&waiting, at, &returned, ends);
                }
            }
        }
    }

    /// The process of a host has ended: its program, and the calls that wait in it. A call of which
    /// the script says only `...` may end so.
    fn process_ended(&mut self, at: Instant, host: HostId) {
        self.programs.end_host(host.0);
        let (ended, waiting): (Vec<_>, Vec<_>) = self
            .waiting
            .drain(..)
            .partition(|it| HostId(it.host) == host);
        self.waiting = waiting;
        for waiting in ended {
            self.steps.returned(waiting.id, at);
            if waiting.call.result.value != ExpectedResult::Any {
                let name = &waiting.call.name;
                let message = format!("`{}` never returned: its process has ended", name.value);
                let help = "write `= ...` for a call that its process does not outlive";
                let diagnostic = Diagnostic::new(name.span, message).help(help);
                self.fail_call(waiting.call, diagnostic);
            }
        }
    }

    fn waiting_call(&self, id: CallId) -> Option<Waiting<'a>> {
        self.waiting.iter().find(|it| it.id == id).copied()
    }

    fn ended_call(&mut self, id: CallId) -> Option<Waiting<'a>> {
        let place = self.waiting.iter().position(|it| it.id == id)?;
        Some(self.waiting.remove(place))
    }

    fn blocks(&mut self, id: CallId) {
        let Some(waiting) = self.waiting_call(id) else {
            return;
        };
        let name = &waiting.call.name;
        if waiting.returns.is_none() {
            let message = format!("`{}` does not return at once", name.value);
            let help = "write `then` in place of the time, and the step takes as long as it takes; \
                        or say when it returns: ...+T CALL(...); or make the socket non-blocking";
            self.out_of_step(Diagnostic::new(name.span, message).help(help));
        }
        if waiting.call.routine.is_some() {
            self.ended_call(id);
            if waiting.returns.is_some() {
                let message = format!("`{}` waits in a routine", name.value);
                let help = "what a routine calls has to return at once";
                self.fail_call(waiting.call, Diagnostic::new(name.span, message).help(help));
            }
        }
    }

    fn refuse(&mut self, call: &Call, why: BadCall) {
        self.fail_call(call, why.diagnostic(call));
        let argument = why.argument.and_then(|index| call.arguments.get(index));
        let span = argument.map_or(call.name.span, |argument| argument.span);
        let diagnostic = Diagnostic::new(span, why.message);
        self.account.unmade.push(diagnostic.clone());
        self.refused = Some(Refused {
            diagnostic,
            unknown: why.unknown.map(|it| it.word),
        });
    }

    fn returned(
        &mut self,
        waiting: &Waiting<'a>,
        at: Instant,
        returned: &Returned,
        ends: Option<SocketEnds>,
    ) {
        let call = waiting.call;
        let label = label_of(call);
        let moment = Moment {
            at,
            events_before: self.events.len(),
        };
        if let Some(made) = self.account.calls.get_mut(waiting.id.0) {
            let label = label.filter(|_| returned.opened.is_some());
            let value = ReturnedValue {
                value: label.map_or_else(|| returned.value.clone(), |it| it.to_string()),
                error: returned.error.clone(),
            };
            made.returned = Some((moment, value));
        }
        self.rows.push(CallRow {
            at,
            host: HostId(waiting.host),
            events_before: moment.events_before,
            toward: crate::calls::toward(&call.name.value),
            socket: ends,
            text: match &call.routine {
                Some(routine) => format!("{}: {}", routine.value.name(), returned.row(label)),
                None => returned.row(label),
            },
        });
        self.judge_time(waiting, at);
        self.judge_result(call, returned);
    }

    fn judge_time(&mut self, waiting: &Waiting<'a>, at: Instant) {
        let Some((earliest, latest)) = waiting.returns else {
            return;
        };
        let off = match self.conduct.timing {
            Timing::Planned | Timing::Actual => Duration::ZERO,
            Timing::Stamped { .. } => {
                let begun = self.account.calls.get(waiting.id.0);
                let begun = begun.map_or(earliest, |it| it.begun.at.min(latest));
                self.conduct.tolerance.after(latest - begun)
            }
        };
        let is_in_time = at <= latest || at - latest <= off + self.lateness.allowance();
        if earliest <= at + off && is_in_time {
            return;
        }
        let name = &waiting.call.name.value;
        let span = waiting
            .call
            .returns
            .as_ref()
            .map_or(waiting.span, |returns| returns.span);
        let message = format!("`{name}` returned at {}", seconds(at));
        let label = format!("must return at {}", span_of(earliest, latest));
        self.fail_call(waiting.call, Diagnostic::new(span, message).label(label));
    }

    pub(super) fn judge_result(&mut self, call: &Call, returned: &Returned) {
        if self.conduct.call_results == CallResults::Told {
            return;
        }
        let name = &call.name.value;
        let said = || match &returned.error {
            Some(error) => format!("{} {error}", returned.value),
            None => returned.value.clone(),
        };
        if returned.error.as_deref() == Some(NOT_STARTED)
            && call.error.as_ref().is_none_or(|it| it.value != NOT_STARTED)
        {
            let message = format!("`{name}` comes before WSAStartup, or after the last WSACleanup");
            let label = format!("it returned {}", said());
            let host = &call.host.value;
            let help = format!("begin with `{host}: WSAStartup(0x0202) = 0`");
            let diagnostic = Diagnostic::new(call.name.span, message).label(label);
            self.out_of_step(diagnostic.help(help));
        } else if !is_result(&call.result.value, returned) {
            let message = format!("`{name}` returned {}", said());
            let label = "not this";
            self.fail_call(
                call,
                Diagnostic::new(call.result.span, message).label(label),
            );
        } else if let Some(wanted) = &call.error
            && returned.error.as_deref() != Some(wanted.value.as_str())
        {
            let message = format!("`{name}` returned {}", said());
            let diagnostic = Diagnostic::new(wanted.span, message);
            self.fail_call(call, diagnostic.label("not this error"));
        }
        for difference in &returned.differences {
            let argument = call.arguments.get(difference.argument);
            let span = argument.map_or(call.name.span, |argument| argument.span);
            let message = format!("`{name}` gave {} here", difference.actual);
            self.fail_call(call, Diagnostic::new(span, message));
        }
    }
}

/// The label of the descriptor that a call opens, if it opens one.
fn label_of(call: &Call) -> Option<i64> {
    match call.result.value {
        ExpectedResult::Integer(label) => Some(label),
        ExpectedResult::Any | ExpectedResult::Word(_) | ExpectedResult::Flags(_) => None,
    }
}

fn is_result(wanted: &ExpectedResult, returned: &Returned) -> bool {
    match wanted {
        ExpectedResult::Any => true,
        // A call that opens something returns a descriptor; the number in the script is its label.
        ExpectedResult::Integer(label) if returned.opened.is_some() => *label >= 0,
        ExpectedResult::Integer(wanted) => returned.value.parse() == Ok(*wanted),
        ExpectedResult::Word(wanted) => *wanted == returned.value,
        ExpectedResult::Flags(wanted) => {
            let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            let mut actual: Vec<&str> = returned.value.split('|').collect();
            wanted.sort_unstable();
            actual.sort_unstable();
            wanted == actual
        }
    }
}
