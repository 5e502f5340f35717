//! The calls of a script: they are made, they wait, they return, and what they return is judged.

use hangup_stack::network::HostId;
use hangup_stack::socket::SocketId;
use smoltcp::time::Instant;

use super::player::{Player, moments, span_of};
use super::{Moment, ReturnedValue};
use crate::calls::{Answer, Blocked, Note, Returned};
use crate::capture::{CallRow, SocketEnds, Toward};
use crate::diagnostic::{Diagnostic, Span};
use crate::scenario::script::{Argument, Call, ExpectedResult, Routine, Spanned};

/// A call that waits, and what the script says of it.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    pub(crate) call: &'a Call,
    pub(crate) span: Span,
    pub(crate) host: usize,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) blocked: Blocked,
    /// When it must return; none: at once, which it did not.
    pub(crate) returns: Option<(Instant, Instant)>,
    /// Its place in the account of the run. None: it was not made yet.
    place: Option<usize>,
}

/// Whether a call is made for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    First,
    Again,
}

impl<'a> Player<'a> {
    /// When a call that waits returns at the latest, or something else that the programs have begun
    /// is due.
    pub(crate) fn calls_due(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().filter_map(|it| it.blocked.until);
        let tables = self.tables.iter().flatten().filter_map(|it| it.poll_at());
        // What is due in the past and did not happen waits for something else.
        let now = self.network.now();
        waiting.chain(tables.filter(|&at| at > now)).min()
    }

    /// Lets what the programs have begun go on.
    pub(crate) fn poll(&mut self) {
        for (host, table) in self.tables.iter_mut().enumerate() {
            if let Some(table) = table {
                table.poll(&mut self.network, HostId(host));
            }
        }
        self.record();
        for host in 0..self.tables.len() {
            self.note(host);
        }
    }

    pub(crate) fn begin_call(&mut self, call: &'a Call, span: Span, at: Instant) {
        let Some(host) = self.host(&call.host.value) else {
            return;
        };
        let same_thread = |it: &&Waiting<'_>| {
            it.host == host
                && it.call.thread.as_ref().map(|it| &it.value)
                    == call.thread.as_ref().map(|it| &it.value)
        };
        let busy = self.waiting.iter().find(same_thread);
        if let Some(routine) = &call.routine {
            return self.run_routine(call, span, *routine);
        }
        if let Some(busy) = busy {
            let message = format!("`{}` is called while its thread waits", call.name.value);
            self.failures.push(
                Diagnostic::new(call.name.span, message)
                    .context(busy.span, "it waits in this call")
                    .help("name another thread: HOST/THREAD: CALL(...)"),
            );
            return;
        }
        let waiting = Self::new_call(call, span, host, at);
        self.make(waiting, Attempt::First);
    }

    /// A call that was not made yet.
    fn new_call(call: &'a Call, span: Span, host: usize, at: Instant) -> Waiting<'a> {
        let arguments: Vec<Argument> = call
            .arguments
            .iter()
            .map(|argument| argument.value.clone())
            .collect();
        let returns = call.returns.as_ref().map(|spec| {
            let (earliest, latest) = moments(spec.value, at);
            (earliest, latest.unwrap_or(Instant::from_micros(i64::MAX)))
        });
        let blocked = Blocked {
            call: String::new(),
            socket: None,
            until: None,
        };
        Waiting {
            call,
            span,
            host,
            arguments,
            blocked,
            returns,
            place: None,
        }
    }

    /// Makes a call from a routine that interrupts what its thread waits in.
    fn run_routine(&mut self, call: &'a Call, span: Span, routine: Spanned<Routine>) {
        let Some(host) = self.host(&call.host.value) else {
            return;
        };
        let Some(table) = self.tables[host].as_mut() else {
            return;
        };
        table.switch_to(call.thread.as_ref().map(|it| it.value.as_str()));
        if let Err(why) = table.enter(routine.value) {
            let diagnostic = Diagnostic::new(routine.span, "this routine cannot run now");
            return self.fail(diagnostic.label(why));
        }
        let waiting = Self::new_call(call, span, host, self.network.now());
        let blocked = self.waiting.len();
        self.make(waiting, Attempt::First);
        // The routine has to go on before its thread can: it cannot be left in the middle.
        if self.waiting.len() > blocked {
            self.waiting.truncate(blocked);
            if call.returns.is_some() {
                let message = format!("`{}` waits in a routine", call.name.value);
                let help = "what a routine calls has to return at once";
                self.fail(Diagnostic::new(call.name.span, message).help(help));
            }
        }
        if let Some(table) = self.tables[host].as_mut() {
            table.leave(routine.value);
        }
        self.retry();
    }

    /// Makes a call, for the first time or again.
    fn make(&mut self, mut waiting: Waiting<'a>, attempt: Attempt) {
        let events_before = self.events.len();
        let name = &waiting.call.name.value;
        let place = match waiting.place {
            Some(place) => place,
            None => self.note_call(waiting.host, name, &waiting.arguments),
        };
        waiting.place = Some(place);
        let Some(table) = self.tables[waiting.host].as_mut() else {
            return;
        };
        let thread = waiting.call.thread.as_ref().map(|it| it.value.as_str());
        table.switch_to(thread);
        let answer = table.call(
            &mut self.network,
            HostId(waiting.host),
            name,
            &waiting.arguments,
        );
        self.judge_undefined(waiting.host, waiting.call.name.span);
        // What happened inside the call comes before its end.
        self.note(waiting.host);
        match answer {
            Err(bad) => {
                let argument = bad
                    .argument
                    .and_then(|index| waiting.call.arguments.get(index));
                let span = argument.map_or(waiting.call.name.span, |argument| argument.span);
                let diagnostic = Diagnostic::new(span, bad.message);
                self.account.unmade.push(diagnostic.clone());
                self.failures.push(diagnostic);
                self.refused = true;
                self.unknown = bad.unknown;
            }
            Ok(Answer::Blocks(blocked)) => {
                waiting.blocked = blocked;
                if attempt == Attempt::First && waiting.returns.is_none() {
                    let message = format!("`{name}` does not return at once");
                    let help = "say when it returns: ...+T CALL(...), or make the socket \
                                non-blocking";
                    let diagnostic = Diagnostic::new(waiting.call.name.span, message).help(help);
                    self.failures.push(diagnostic);
                }
                self.waiting.push(waiting);
            }
            Ok(Answer::Returned(returned)) => self.returned(&waiting, &returned, events_before),
        }
        if attempt == Attempt::First {
            self.note_after(place);
        }
        self.record();
    }

    /// What a program has done that no result can be right for fails the scenario.
    fn judge_undefined(&mut self, host: usize, span: Span) {
        let table = self.tables[host].as_mut();
        for message in table.map(|it| it.take_undefined()).unwrap_or_default() {
            self.fail(Diagnostic::new(span, "undefined behaviour").note("rule", message));
        }
    }

    /// Takes what has happened in a program besides the calls of the script.
    fn note(&mut self, host: usize) {
        let table = self.tables[host].as_mut();
        for Note { text, socket } in table.map(|it| it.take_notes()).unwrap_or_default() {
            self.rows.push(CallRow {
                at: self.network.now(),
                host: HostId(host),
                events_before: self.events.len(),
                toward: Toward::Stack,
                socket: socket.and_then(|socket| self.ends(host, socket)),
                text,
            });
        }
    }

    /// Makes the calls that wait again, until none of them returns.
    pub(crate) fn retry(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        for call in waiting {
            self.make(call, Attempt::Again);
        }
    }

    fn returned(&mut self, waiting: &Waiting<'a>, returned: &Returned, events_before: usize) {
        let call = waiting.call;
        let label = match call.result.value {
            ExpectedResult::Integer(label) => Some(label),
            ExpectedResult::Any | ExpectedResult::Word(_) | ExpectedResult::Flags(_) => None,
        };
        if let (Some(label), Some(descriptor), Some(table)) =
            (label, returned.opened, self.tables[waiting.host].as_mut())
        {
            table.label(label, descriptor);
        }
        let moment = Moment {
            at: self.network.now(),
            events_before,
        };
        let calls = &mut self.account.calls;
        if let Some(made) = waiting.place.and_then(|it| calls.get_mut(it)) {
            let label = label.filter(|_| returned.opened.is_some());
            let value = ReturnedValue {
                value: label.map_or_else(|| returned.value.clone(), |it| it.to_string()),
                error: returned.error.clone(),
            };
            made.returned = Some((moment, value));
        }
        self.rows.push(CallRow {
            at: self.network.now(),
            host: HostId(waiting.host),
            events_before,
            toward: Toward::of_call(&call.name.value),
            socket: returned
                .socket
                .and_then(|socket| self.ends(waiting.host, socket)),
            text: match &call.routine {
                Some(routine) => format!("{}: {}", routine.value.name(), returned.row(label)),
                None => returned.row(label),
            },
        });
        self.judge_time(waiting);
        self.judge_result(call, returned);
    }

    fn ends(&self, host: usize, socket: SocketId) -> Option<SocketEnds> {
        let status = self.network.host(HostId(host)).status(socket)?;
        Some(SocketEnds {
            protocol: status.protocol,
            local: status.local,
            remote: status.remote,
        })
    }

    fn judge_time(&mut self, waiting: &Waiting<'a>) {
        let now = self.network.now();
        let Some((earliest, latest)) = waiting.returns else {
            return;
        };
        if earliest <= now && now <= latest {
            return;
        }
        let name = &waiting.call.name.value;
        let span = waiting
            .call
            .returns
            .as_ref()
            .map_or(waiting.span, |returns| returns.span);
        let message = format!(
            "`{name}` returned at {}",
            crate::capture::text::seconds(now)
        );
        let label = format!("must return at {}", span_of(earliest, latest));
        self.fail(Diagnostic::new(span, message).label(label));
    }

    fn judge_result(&mut self, call: &Call, returned: &Returned) {
        let name = &call.name.value;
        let said = match &returned.error {
            Some(error) => format!("{} {error}", returned.value),
            None => returned.value.clone(),
        };
        if !is_result(&call.result.value, returned) {
            let message = format!("`{name}` returned {said}");
            let label = "not this";
            self.fail(Diagnostic::new(call.result.span, message).label(label));
        } else if let Some(wanted) = &call.error
            && returned.error.as_deref() != Some(wanted.value.as_str())
        {
            let message = format!("`{name}` returned {said}");
            self.fail(Diagnostic::new(wanted.span, message).label("not this error"));
        }
        for difference in &returned.differences {
            let argument = call.arguments.get(difference.argument);
            let span = argument.map_or(call.name.span, |argument| argument.span);
            let message = format!("`{name}` gave {} here", difference.actual);
            self.fail(Diagnostic::new(span, message));
        }
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
