//! A variant of a scenario: the same calls and network, another system on one host, and no
//! expectations.

use std::collections::BTreeSet;

use hangup_stack::profile::Api;
use smoltcp::time::{Duration, Instant};

use super::script::{api, shown};
use crate::calls;
use crate::diagnostic::{Diagnostic, Spanned};
use crate::scenario::script::{
    Argument, Call, ExpectedResult, Script, Statement, Subject, TimeSpec,
};
use crate::scenario::{Scenario, Stack, main_call, translate};

/// The scenario of one column.
#[derive(Debug)]
pub(super) struct Variant {
    pub(super) scenario: Scenario,
    /// For each statement, which one of the original script it is from.
    pub(super) origins: Vec<Origin>,
}

/// Where a statement of a variant is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The statement of the original script.
    pub(super) statement: usize,
    /// Whether its result is the result of that statement. What is put before or behind is not
    /// shown.
    pub(super) is_main: bool,
    /// Whether it is in other words.
    pub(super) is_translated: bool,
}

/// The version that a program asks for whose script does not say.
const VERSION: i64 = 0x0202;

/// The scenario with another system on one host, its calls at the moments at which the original
/// run has made them.
///
/// # Errors
/// There is no such system, or it does not have the calls.
pub(super) fn variant(
    original: &Scenario,
    played: &[Instant],
    host: usize,
    profile: &str,
) -> Result<Variant, Vec<Diagnostic>> {
    let mut scenario = original.clone();
    let from = api(original, host);
    let under = |it: Diagnostic| it.note("system", profile.to_owned());
    let stack = original.stack_as(host, profile);
    scenario.hosts[host].stack =
        stack.map_err(|it| it.into_iter().map(under).collect::<Vec<_>>())?;
    let name = &mut scenario.hosts[host].profile_name;
    profile.clone_into(&mut name.value);
    scenario.expects.clear();
    scenario.strict = false;
    let mut builder = Builder {
        scenario: &scenario,
        subject: original.hosts[host].name.value.clone(),
        foreign: (from != api(&scenario, host))
            .then_some(api(&scenario, host))
            .flatten(),
        bound: bound(original),
        is_started: false,
        statements: Vec::new(),
        origins: Vec::new(),
        diagnostics: Vec::new(),
    };
    let mut at = Instant::ZERO;
    for (index, statement) in original.script.statements.iter().enumerate() {
        // What the original run did not come to is at its end.
        at = played.get(index).copied().unwrap_or(at);
        builder.take(index, statement, at);
    }
    let Builder {
        statements,
        origins,
        diagnostics,
        ..
    } = builder;
    if !diagnostics.is_empty() {
        return Err(diagnostics.into_iter().map(under).collect());
    }
    scenario.script = Script { statements };
    Ok(Variant { scenario, origins })
}

/// The hosts on which it matters which thread makes a call: Winsock keeps an error for each
/// thread, and runs hooks, condition functions and completion routines on the one that waits. The
/// thread of a child of fork is another process.
fn bound(original: &Scenario) -> BTreeSet<String> {
    const OF_THREADS: [&str; 13] = [
        "fork",
        "WSAGetLastError",
        "WSASetLastError",
        "WSASetBlockingHook",
        "WSAUnhookBlockingHook",
        "WSAIsBlocking",
        "WSACancelBlockingCall",
        "SleepEx",
        "WSAWaitForMultipleEvents",
        "WSASend",
        "WSARecv",
        "WSAAccept",
        "ConditionReturns",
    ];
    let statements = original.script.statements.iter();
    let calls = statements.filter_map(Statement::call);
    let is_bound =
        |it: &&Call| it.routine.is_some() || OF_THREADS.contains(&it.name.value.as_str());
    let hosts = calls.filter(is_bound).map(|it| it.host.value.clone());
    hosts.collect()
}

/// A script in the making.
struct Builder<'a> {
    scenario: &'a Scenario,
    /// The host that has another system.
    subject: String,
    /// The family that its calls have to be translated into. None: they are of it.
    foreign: Option<Api>,
    /// The hosts on which it matters which thread makes a call.
    bound: BTreeSet<String>,
    /// Whether its program has begun to use Winsock.
    is_started: bool,
    statements: Vec<Statement>,
    origins: Vec<Origin>,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    /// Takes a statement of the original, unless it only expects something.
    fn take(&mut self, index: usize, statement: &Statement, at: Instant) {
        let at = TimeSpec::Absolute(Duration::from_micros(at.total_micros().unsigned_abs()));
        let time = Spanned::new(at, statement.time.span);
        let statement = Statement {
            time,
            ..statement.clone()
        };
        match &statement.subject {
            Subject::Call(call) => {
                let call = call.clone();
                self.take_call(index, &statement, &call);
            }
            Subject::Packet(line) if self.is_scripted(&line.from.value) => {
                self.push(index, statement, false);
            }
            Subject::Inject(_) | Subject::Link(_) | Subject::Subsystem(_) | Subject::Turning(_) => {
                self.push(index, statement, false);
            }
            Subject::Power(power) => {
                self.is_started &= power.host.value != self.subject;
                self.push(index, statement, false);
            }
            Subject::Packet(_)
            | Subject::Nothing(_)
            | Subject::Expect(_)
            | Subject::Code(_)
            | Subject::Pause => {}
        }
    }

    fn take_call(&mut self, index: usize, statement: &Statement, call: &Call) {
        let own = call.host.value == self.subject;
        let Some(to) = self.foreign.filter(|_| own) else {
            let subject = self.unexpecting(index, call.clone());
            let statement = Statement {
                subject,
                ..statement.clone()
            };
            return self.push(index, statement, false);
        };
        let translated = match translate(call, to) {
            Ok(translated) => translated,
            Err(diagnostic) => return self.diagnostics.push(*diagnostic),
        };
        if to == Api::Winsock && !std::mem::replace(&mut self.is_started, true) {
            let subject = Subject::Call(startup(call));
            self.statements.push(Statement {
                subject,
                ..statement.clone()
            });
            self.origins.push(Origin {
                statement: index,
                is_main: false,
                is_translated: true,
            });
        }
        self.is_started &= !calls::never_returns(&call.name.value);
        let main = main_call(&translated);
        for (number, made) in translated.into_iter().enumerate() {
            let subject = self.unexpecting(index, made);
            let statement = Statement {
                subject,
                ..statement.clone()
            };
            let in_other_words = is_in_other_words(&statement, call);
            self.push(index, statement, in_other_words);
            if let Some(origin) = self.origins.last_mut() {
                origin.is_main = number == main;
            }
        }
    }

    fn push(&mut self, statement: usize, made: Statement, is_translated: bool) {
        self.statements.push(made);
        self.origins.push(Origin {
            statement,
            is_main: true,
            is_translated,
        });
    }

    /// The call with any result and at any time. A call that waits in one system does not keep the
    /// others of its program from being made: each has a thread of its own, unless it matters to
    /// the program which thread it is.
    fn unexpecting(&self, index: usize, mut call: Call) -> Subject {
        let span = call.name.span;
        call.returns = Some(Spanned::new(TimeSpec::Any, span));
        call.error = None;
        if !self.bound.contains(&call.host.value) {
            call.thread = Some(Spanned::new(format!("call-{index}"), span));
        }
        Subject::Call(call)
    }

    fn is_scripted(&self, host: &str) -> bool {
        let host = self.scenario.host(host).map(|it| &self.scenario.hosts[it]);
        host.is_some_and(|it| matches!(it.stack, Stack::Scripted))
    }
}

/// Whether a statement is another call than this one.
fn is_in_other_words(statement: &Statement, original: &Call) -> bool {
    let call = statement.call();
    call.is_some_and(|call| shown(call) != shown(original))
}

/// What every Winsock program calls first.
fn startup(call: &Call) -> Call {
    let span = call.name.span;
    debug_assert!(calls::known(Api::Winsock, "WSAStartup"));
    Call {
        name: Spanned::new("WSAStartup".to_owned(), span),
        arguments: vec![Spanned::new(Argument::Integer(VERSION), span)],
        result: Spanned::new(ExpectedResult::Any, span),
        returns: None,
        error: None,
        ..call.clone()
    }
}
