//! A scenario on another system than the one that its file was written for: lines that are for some
//! systems only, and calls in the words of the other family of interfaces.

use hangup_stack::profile::{Api, Profile};

use super::hosts::Host;
use super::profiles::Profiles;
use super::program::{Action, Step};
use super::reader::Reader;
use super::script::{Call, ExpectedResult, Guard, Script, Statement, Subject, TimeSpec, Value};
use super::translate::{main_call, translate};
use super::vocabulary;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::names::{self, quote};

/// Leaves out the statements that are for other systems than those that the hosts have.
pub(super) fn guards(
    reader: &mut Reader,
    script: &mut Script,
    hosts: &[Option<Host>],
    profiles: &Profiles,
) {
    let statements = std::mem::take(&mut script.statements);
    script.statements = { statements.into_iter() }
        .filter(|it| {
            let guard = it.guard.as_ref();
            guard.is_none_or(|guard| holds(reader, guard, hosts, profiles))
        })
        .collect();
}

/// Whether a guard is for the system that its host has. What it names and nobody knows is reported.
pub(super) fn holds(
    reader: &mut Reader,
    guard: &Guard,
    hosts: &[Option<Host>],
    profiles: &Profiles,
) -> bool {
    let name = &guard.host;
    let of_name = |it: &&Option<Host>| it.as_ref().is_some_and(|it| it.name.value == name.value);
    for profile in &guard.profiles {
        let is_known =
            profiles.contains_key(&profile.value) || Profile::built_in(&profile.value).is_some();
        if !is_known {
            let mut known: Vec<&str> = profiles.keys().map(String::as_str).collect();
            known.extend(Profile::names());
            known.extend(Profile::aliases().iter().map(|(alias, _)| *alias));
            reader.error(names::unknown(
                profile.span,
                "profile",
                &profile.value,
                known,
            ));
        }
    }
    let Some(host) = hosts.iter().find(of_name) else {
        // A host with errors of its own is none of those that are there.
        if hosts.iter().all(Option::is_some) {
            let known: Vec<&str> = { hosts.iter().flatten() }
                .map(|it| it.name.value.as_str())
                .collect();
            reader.error(names::unknown(name.span, "host", &name.value, known));
        }
        return false;
    };
    let is_it = |named: &Spanned<String>| {
        host.as_ref().is_some_and(|host| {
            let meant = Profile::built_in(&named.value).map(|it| it.title);
            let has = host.profile().map(|it| it.title.clone());
            host.profile_name.value == named.value || (meant.is_some() && meant == has)
        })
    };
    guard.profiles.iter().any(is_it) != guard.negated
}

/// Puts the calls of hosts that have another system than the file says into the words of that
/// system, in the script and in their programs.
pub(super) fn translated(
    reader: &mut Reader,
    script: &mut Script,
    hosts: &mut [Option<Host>],
    profiles: &Profiles,
) {
    for host in hosts.iter_mut().flatten() {
        let Some(to) = host.profile().map(|it| it.api) else {
            continue;
        };
        let from = reader.written.get(&host.name.value);
        let from = from.and_then(|name| match profiles.get(name) {
            Some(own) => own.clone(),
            None => Profile::built_in(name),
        });
        if from.is_none_or(|it| it.api == to) {
            continue;
        }
        statements(reader, script, &host.name.value, to);
        for part in &mut host.program.parts {
            steps(reader, &mut part.steps, to);
            steps(reader, &mut part.otherwise, to);
        }
    }
}

fn statements(reader: &mut Reader, script: &mut Script, host: &str, to: Api) {
    let mut is_started = to == Api::Posix;
    for mut statement in std::mem::take(&mut script.statements) {
        if let Subject::Expect(expect) = &mut statement.subject
            && expect.host.value == host
        {
            for condition in &mut expect.conditions {
                let value = &mut condition.value.value;
                if let Value::Error(name) = &mut value.value {
                    match error_in(name, to) {
                        Some(other) => *name = other,
                        None => reader.error(no_error(name, value.span, to)),
                    }
                }
            }
        }
        if let Subject::Power(power) = &statement.subject
            && power.host.value == host
        {
            is_started = to == Api::Posix;
        }
        let Subject::Call(call) = &statement.subject else {
            script.statements.push(statement);
            continue;
        };
        if call.host.value != host {
            script.statements.push(statement);
            continue;
        }
        let ends = vocabulary::never_returns(&call.name.value);
        let calls = match call_in(call, to) {
            Ok(calls) => calls,
            Err(diagnostic) => {
                reader.error(*diagnostic);
                continue;
            }
        };
        let mut subjects: Vec<Subject> = calls.into_iter().map(Subject::Call).collect();
        if !std::mem::replace(&mut is_started, true) {
            subjects.insert(0, Subject::Call(startup(call)));
        }
        is_started &= !ends || to == Api::Posix;
        if subjects.is_empty() {
            // Its time passes all the same.
            subjects.push(Subject::Pause);
        }
        let mut time = statement.time;
        for subject in subjects {
            script.statements.push(Statement {
                time,
                subject,
                ..statement.clone()
            });
            if !time.value.follows() {
                time.value = TimeSpec::Relative(smoltcp::time::Duration::ZERO);
            }
        }
    }
}

fn steps(reader: &mut Reader, steps: &mut [Step], to: Api) {
    for step in steps {
        match &mut step.action {
            Action::Call(call) => {
                let calls = call_in(call, to);
                match calls.map(|mut it| (it.pop(), it.is_empty())) {
                    Ok((Some(only), true)) => **call = only,
                    Ok((None, _)) => step.action = Action::Wait(smoltcp::time::Duration::ZERO),
                    Ok((Some(_), false)) => {
                        let message = format!("{} is more than one call", quote(&call.name.value));
                        let diagnostic = Diagnostic::new(call.name.span, message);
                        reader.error(diagnostic.label("in the words of the other system"));
                    }
                    Err(diagnostic) => reader.error(*diagnostic),
                }
            }
            Action::Read(reading) => {
                for other in &mut reading.others {
                    self::steps(reader, &mut other.steps, to);
                }
            }
            Action::Send(sending) => {
                for other in &mut sending.others {
                    self::steps(reader, &mut other.steps, to);
                }
            }
            Action::Repeat { steps, .. } => self::steps(reader, steps, to),
            Action::When {
                steps, otherwise, ..
            } => {
                self::steps(reader, steps, to);
                self::steps(reader, otherwise, to);
            }
            Action::Wait(_) | Action::Close | Action::Stop => {}
        }
    }
}

/// A call with what it must return, in the words of another family.
fn call_in(call: &Call, to: Api) -> Result<Vec<Call>, Box<Diagnostic>> {
    let mut calls = translate(call, to)?;
    let main = main_call(&calls);
    let Some(made) = calls.get_mut(main) else {
        return Ok(calls);
    };
    if call.name.value == "getsockopt" {
        // Here the value is compared, and not only shown.
        made.arguments = call.arguments.iter().take(4).cloned().collect();
    }
    made.result.value = match (&call.result.value, to) {
        (ExpectedResult::Integer(-1), Api::Winsock) => {
            let opens = ["socket", "accept"].contains(&call.name.value.as_str());
            let word = if opens {
                "INVALID_SOCKET"
            } else {
                "SOCKET_ERROR"
            };
            ExpectedResult::Word(word.to_owned())
        }
        (ExpectedResult::Word(word), Api::Posix)
            if word == "SOCKET_ERROR" || word == "INVALID_SOCKET" =>
        {
            ExpectedResult::Integer(-1)
        }
        (ExpectedResult::Word(word), _) => {
            let other = error_in(word, to);
            ExpectedResult::Word(other.unwrap_or_else(|| word.clone()))
        }
        (other, _) => other.clone(),
    };
    if let Some(error) = &call.error {
        let Some(name) = error_in(&error.value, to) else {
            return Err(Box::new(no_error(&error.value, error.span, to)));
        };
        made.error = Some(Spanned::new(name, error.span));
    }
    Ok(calls)
}

/// The error of another family that means the same. None: it has none.
fn error_in(name: &str, to: Api) -> Option<String> {
    let other = match (name, to) {
        ("EAGAIN" | "EWOULDBLOCK", Api::Winsock) => "WSAEWOULDBLOCK".to_owned(),
        ("WSAEWOULDBLOCK", Api::Posix) => "EAGAIN".to_owned(),
        ("EBADF", Api::Winsock) => "WSAENOTSOCK".to_owned(),
        ("WSAENOTSOCK", Api::Posix) => "EBADF".to_owned(),
        (name, Api::Winsock) => format!("WSA{name}"),
        (name, Api::Posix) => name.strip_prefix("WSA")?.to_owned(),
    };
    vocabulary::errors(to)
        .contains(&other.as_str())
        .then_some(other)
}

fn no_error(name: &str, span: Span, to: Api) -> Diagnostic {
    let family = match to {
        Api::Posix => "POSIX",
        Api::Winsock => "Winsock",
    };
    let message = format!("{} has no counterpart in {family}", quote(name));
    Diagnostic::new(span, message)
        .help("say which systems the line is for: `[server=linux|freebsd] +0 server: ...`")
}

/// What every Winsock program calls first.
fn startup(call: &Call) -> Call {
    let span = call.name.span;
    Call {
        name: Spanned::new("WSAStartup".to_owned(), span),
        arguments: vec![Spanned::new(super::script::Argument::Integer(0x0202), span)],
        result: Spanned::new(ExpectedResult::Integer(0), span),
        returns: None,
        error: None,
        ..call.clone()
    }
}
