//! Checks on a script that parsed: hosts, calls and names that do not exist, and times that are
//! impossible where they stand.

use std::net::IpAddr;

use hangup_stack::network::{HostConfig, HostId, IpFamily, StackKind};
use hangup_stack::profile::Api;
use smoltcp::time::Duration;

use super::hosts::{Host, Stack};
use super::program::{self, Opening};
use super::script::{
    Argument, Call, Condition, ExpectedResult, HostPair, LinkChange, LinkStatement, OptionsPattern,
    Packet, PacketLine, Power, PowerChange, Script, Spanned, Statement, Subject, TimeSpec, Value,
};
use super::{limits, vocabulary};
use crate::diagnostic::{Diagnostic, Span};
use crate::language::names::{self, quote, suggest};
use crate::language::units;

/// What a script is checked against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// The hosts, in order. None is one with errors of its own, about which nothing more is said.
    pub(super) hosts: &'a [Option<Host>],
    /// The names of all hosts.
    pub(super) names: &'a [&'a str],
    /// The family of the network.
    pub(super) ip: IpFamily,
}

/// What stands for the descriptors of a program while its calls are looked at.
const CONNECTION_LABEL: i64 = 4;
const LISTENER_LABEL: i64 = 3;

/// Everything that is wrong with a script and with the programs of its hosts, in their order.
pub(super) fn script(script: &Script, known: &Known<'_>) -> Vec<Diagnostic> {
    let mut check = Check {
        known,
        rehearsal: rehearsal(known),
        diagnostics: Vec::new(),
        earliest: Duration::ZERO,
        down: Vec::new(),
    };
    for statement in &script.statements {
        check.statement(statement);
        // No more than the reader keeps.
        if check.diagnostics.len() > limits::DIAGNOSTICS_MAX {
            break;
        }
    }
    for host in known.hosts.iter().flatten() {
        check.program(host);
    }
    check.diagnostics
}

/// The hosts on which calls are made for their arguments alone. None: one of them has errors of its
/// own, and an argument that names it would seem wrong.
fn rehearsal(known: &Known<'_>) -> Option<vocabulary::Rehearsal> {
    let configs = known.hosts.iter().map(|host| {
        let host = host.as_ref()?;
        Some(HostConfig {
            name: host.name.value.clone(),
            addresses: host.addresses.clone(),
            stack: match &host.stack {
                Stack::Profile(profile) => StackKind::of(profile.clone()),
                Stack::Scripted | Stack::Kernel => StackKind::Scripted,
            },
            mtu: host.mtu.unwrap_or(limits::MTU_USUAL),
            receive_buffer: host.receive_buffer,
            send_buffer: host.send_buffer,
        })
    });
    let configs: Option<Vec<HostConfig>> = configs.collect();
    Some(vocabulary::Rehearsal::new(configs?, known.ip))
}

/// The check of one script.
struct Check<'a> {
    known: &'a Known<'a>,
    rehearsal: Option<vocabulary::Rehearsal>,
    diagnostics: Vec<Diagnostic>,
    /// The earliest that the statement before can have happened.
    earliest: Duration,
    /// The hosts that have crashed and are not up again.
    down: Vec<String>,
}

impl Check<'_> {
    fn error(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn statement(&mut self, statement: &Statement) {
        self.time(statement);
        match &statement.subject {
            Subject::Call(call) => {
                self.is_up(call);
                self.call(call);
                self.returns(statement, call);
            }
            Subject::Packet(line) => self.packet(line, Use::of(self.known, line)),
            Subject::Inject(line) => self.packet(line, Use::Sent),
            Subject::Nothing(direction) => self.direction(direction),
            Subject::Expect(expect) => {
                self.has_stack(&expect.host, "to look at");
                for condition in &expect.conditions {
                    self.condition(&condition.value);
                }
            }
            Subject::Code(code) => self.has_stack(&code.host, "to compare"),
            Subject::Turning(turning) => self.has_stack(&turning.host, "to turn knobs for"),
            Subject::Pause => {}
            Subject::Link(link) => self.link(link),
            Subject::Subsystem(subsystem) => self.has_stack(&subsystem.host, "to fail"),
            Subject::Power(power) => self.power(power),
        }
    }

    /// Whether a host has power to lose.
    fn power(&mut self, power: &Power) {
        let name = &power.host.value;
        self.has_stack(&power.host, "to lose");
        let is_down = self.down.contains(name);
        match power.change {
            PowerChange::Reboot => self.down.retain(|it| it != name),
            PowerChange::Crash if !is_down => self.down.push(name.clone()),
            PowerChange::Crash => {
                let message = format!("{} has crashed already", quote(name));
                let diagnostic = Diagnostic::new(power.host.span, message);
                self.error(diagnostic.help(format!("`{name}: reboot` starts it again")));
            }
        }
    }

    /// Whether a host that makes a call is up.
    fn is_up(&mut self, call: &Call) {
        let name = &call.host.value;
        if self.down.contains(name) {
            let message = format!("{} has crashed, and makes no calls", quote(name));
            let diagnostic = Diagnostic::new(call.host.span, message);
            self.error(diagnostic.help(format!("`{name}: reboot` starts it again")));
        }
    }

    /// Whether a host has a stack, and so sockets.
    fn has_stack(&mut self, name: &Spanned<String>, what_for: &str) {
        if let Some(host) = self.host(name)
            && host.profile().is_none()
        {
            let (message, why) = match host.is_kernel() {
                true => ("is the kernel", "its sockets are its programs':"),
                false => ("has no stack", "so it has no sockets"),
            };
            let diagnostic =
                Diagnostic::new(name.span, format!("{} {message}", quote(&name.value)));
            let nothing = if host.is_kernel() {
                "there are none "
            } else {
                ""
            };
            self.error(diagnostic.label(format!("{why} {nothing}{what_for}")));
        }
    }

    /// Whether the time is one that the subject can have, and not before the statement above.
    fn time(&mut self, statement: &Statement) {
        let time = statement.time;
        let what = match &statement.subject {
            Subject::Call(_) => "a call is made",
            Subject::Inject(_) => "a packet is injected",
            Subject::Expect(_) => "a state is looked at",
            Subject::Code(_) => "a state is compared",
            Subject::Pause => "time passes",
            Subject::Link(_) => "a link changes",
            Subject::Subsystem(_) => "a subsystem fails or is repaired",
            Subject::Power(power) if power.change == PowerChange::Crash => "a host crashes",
            Subject::Power(_) => "a host is started again",
            Subject::Turning(_) => "knobs are turned",
            Subject::Packet(line) if Use::of(self.known, line) == Use::Sent => {
                "a packet of a scripted host is sent"
            }
            Subject::Packet(_) => "",
            Subject::Nothing(_) => {
                if !time.value.is_range() {
                    let message = "`nothing` is about a range of time";
                    let diagnostic = Diagnostic::new(time.span, message);
                    self.error(diagnostic.help("such as `+0~+5`: from now, for five seconds"));
                }
                ""
            }
        };
        if !what.is_empty() && !time.value.is_moment() {
            let diagnostic = Diagnostic::new(time.span, format!("{what} at one moment"));
            self.error(
                diagnostic
                    .help("write `T`, `+T` or `then`; `*` and ranges are for expected packets"),
            );
        }
        let (absolute, earliest) = match time.value {
            TimeSpec::Absolute(at) => (true, at),
            TimeSpec::AbsoluteRange { earliest, .. } => (true, earliest),
            TimeSpec::Relative(after)
            | TimeSpec::RelativeRange {
                earliest: after, ..
            }
            | TimeSpec::Following {
                earliest: after, ..
            } => (false, self.earliest + after),
            TimeSpec::Any => (false, self.earliest),
        };
        if absolute && earliest < self.earliest {
            let message = "time goes back here";
            let before = units::show_duration(self.earliest);
            let label = format!("the statement before happens at {before} or later");
            self.error(Diagnostic::new(time.span, message).label(label));
        }
        self.earliest = self.earliest.max(earliest);
        if self.earliest > limits::TIME_MAX {
            let max = units::show_duration(limits::TIME_MAX);
            let message = format!("a script ends after {max} at the latest");
            self.error(Diagnostic::new(time.span, message));
            // Said once; the statements after this one count from anew.
            self.earliest = Duration::ZERO;
        }
    }

    /// The host of a name. None: there is none, which was reported, or it has errors of its own.
    fn host(&mut self, name: &Spanned<String>) -> Option<&Host> {
        match self.known.names.iter().position(|it| *it == name.value) {
            Some(index) => self.known.hosts.get(index).and_then(Option::as_ref),
            None => {
                let known = self.known.names.iter().copied();
                self.diagnostics
                    .push(names::unknown(name.span, "host", &name.value, known));
                None
            }
        }
    }

    /// Whether the host is one whose programs have such routines.
    fn routine(&mut self, call: &Call) {
        let Some(routine) = &call.routine else { return };
        // A host that does not exist is reported where the call is looked at.
        let place = self
            .known
            .names
            .iter()
            .position(|it| *it == call.host.value);
        let host = place.and_then(|index| self.known.hosts.get(index)?.as_ref());
        let profile = host.and_then(|host| host.profile());
        let posix = profile.is_some_and(|profile| profile.api == Api::Posix);
        if posix {
            let (host, name) = (quote(&call.host.value), routine.value.name());
            let message = format!("{host} runs no `{name}`");
            let diagnostic = Diagnostic::new(routine.span, message);
            self.error(diagnostic.label("only programs of Winsock have such routines"));
        }
    }

    /// The name of an error or of network events that a socket is expected to have.
    fn condition(&mut self, condition: &Condition) {
        let span = condition.value.span;
        match &condition.value.value {
            Value::Error(name) => self.error_name(name, span),
            Value::Events(names) => {
                let known = vocabulary::events(Api::Winsock);
                if let Some(name) = names.iter().find(|it| !known.contains(&it.as_str())) {
                    self.error(names::unknown(span, "network event", name, known));
                }
            }
            Value::None
            | Value::State(_)
            | Value::Boolean(_)
            | Value::Number(_)
            | Value::Duration(_) => {}
        }
    }

    /// An error that no system knows.
    fn error_name(&mut self, name: &str, span: Span) {
        let mut known = vocabulary::errors(Api::Posix);
        known.extend(vocabulary::errors(Api::Winsock));
        if !known.contains(&name) {
            self.error(names::unknown(span, "error", name, known));
        }
    }

    /// A name that no call of the host returns.
    fn result_name(&mut self, api: Api, name: &str, span: Span) {
        let known = vocabulary::results(api);
        if !known.contains(&name) {
            self.error(names::unknown(span, "result", name, known));
        }
    }

    /// What a call returns.
    fn result(&mut self, api: Api, call: &Call) {
        match &call.result.value {
            result
                if vocabulary::never_returns(&call.name.value)
                    && *result != ExpectedResult::Any
                    && !is_signal(result) =>
            {
                let name = &call.name.value;
                let message = format!("{} never returns", quote(name));
                let diagnostic = Diagnostic::new(call.result.span, message);
                self.error(diagnostic.help(format!("leave the result out: `{name}(...)`")));
            }
            // It returns the hook before, which has any name.
            _ if call.name.value == "WSASetBlockingHook" => {}
            ExpectedResult::Word(name) => self.result_name(api, name, call.result.span),
            ExpectedResult::Flags(names) => {
                for name in names {
                    self.result_name(api, name, call.result.span);
                }
            }
            ExpectedResult::Any | ExpectedResult::Integer(_) => {}
        }
        if let Some(error) = &call.error {
            self.error_name(&error.value, error.span);
        }
    }

    /// The arguments of a call that the host has: it is made, for them alone.
    fn arguments(&mut self, api: Api, call: &Call) {
        let host = self
            .known
            .names
            .iter()
            .position(|it| *it == call.host.value);
        let (Some(host), Some(rehearsal)) = (host, &mut self.rehearsal) else {
            return;
        };
        let arguments: Vec<Argument> = call.arguments.iter().map(|it| it.value.clone()).collect();
        let label = match call.result.value {
            ExpectedResult::Integer(label) => Some(label),
            ExpectedResult::Any | ExpectedResult::Word(_) | ExpectedResult::Flags(_) => None,
        };
        let made = rehearsal.call(HostId(host), api, (&call.name.value, &arguments), label);
        if let Err(why) = made {
            self.error(why.diagnostic(call));
        }
    }

    fn call(&mut self, call: &Call) {
        let before = self.diagnostics.len();
        for argument in &call.arguments {
            self.argument(&argument.value, argument.span);
        }
        self.routine(call);
        let Some(host) = self.host(&call.host) else {
            return;
        };
        let Some(profile) = host.profile() else {
            if host.is_kernel() {
                return;
            }
            let message = format!("{} has no stack", quote(&call.host.value));
            let diagnostic = Diagnostic::new(call.host.span, message);
            return self.error(diagnostic.label("so it can make no calls"));
        };
        let api = profile.api;
        let known = vocabulary::calls(api);
        if known.contains(&call.name.value.as_str()) {
            self.result(api, call);
            // An argument that names no host is told once.
            if self.diagnostics.len() == before {
                self.arguments(api, call);
            }
            return;
        }
        let (api, other, other_calls) = match profile.api {
            Api::Posix => ("POSIX", "Winsock", vocabulary::calls(Api::Winsock)),
            Api::Winsock => ("Winsock", "POSIX", vocabulary::calls(Api::Posix)),
        };
        let name = &call.name.value;
        let has = format!(
            "{} has the {api} calls of profile {}",
            quote(&call.host.value),
            quote(&profile.name)
        );
        let message = if other_calls.contains(&name.as_str()) {
            format!("{} is a {other} call", quote(name))
        } else {
            format!("unknown {api} call {}", quote(name))
        };
        let diagnostic = Diagnostic::new(call.name.span, message).label(has);
        self.error(suggest(diagnostic, name, known));
    }

    /// The program of a host.
    fn program(&mut self, host: &Host) {
        for part in &host.program.parts {
            if host.profile().is_none() {
                let what = match host.is_kernel() {
                    true => "is the machine's kernel",
                    false => "has no stack",
                };
                let message = format!("{} {what}", quote(&host.name.value));
                self.error(Diagnostic::new(part.span, message).label("so it runs no program"));
                return;
            }
            if let Opening::Connect { remote, .. } = &part.opening {
                self.argument(&remote.value, remote.span);
            }
        }
        let mut calls = Vec::new();
        host.program
            .calls(&mut |part, call| calls.push((part, call)));
        for (part, call) in calls {
            let is_client = matches!(part.opening, Opening::Connect { .. });
            let listener = call
                .arguments
                .iter()
                .find(|it| matches!(&it.value, Argument::Word(word) if word == program::LISTENER));
            if let Some(listener) = listener.filter(|_| is_client) {
                let message = "a part that connects has no listener";
                self.error(Diagnostic::new(listener.span, message));
                continue;
            }
            let mut call = call.clone();
            for argument in &mut call.arguments {
                let labels = (Some(CONNECTION_LABEL), Some(LISTENER_LABEL));
                argument.value = program::with_labels(&argument.value, labels.0, labels.1);
            }
            self.call(&call);
        }
    }

    /// The time at which a call must return.
    fn returns(&mut self, statement: &Statement, call: &Call) {
        let Some(returns) = &call.returns else { return };
        let start = match statement.time.value {
            TimeSpec::Absolute(at) => at,
            TimeSpec::Relative(_)
            | TimeSpec::Any
            | TimeSpec::AbsoluteRange { .. }
            | TimeSpec::RelativeRange { .. }
            | TimeSpec::Following { .. } => self.earliest,
        };
        let latest = match returns.value {
            TimeSpec::Absolute(at) => Some(at),
            TimeSpec::AbsoluteRange { latest, .. } => Some(latest),
            TimeSpec::Relative(_)
            | TimeSpec::RelativeRange { .. }
            | TimeSpec::Any
            | TimeSpec::Following { .. } => None,
        };
        if latest.is_some_and(|it| it < start) {
            let message = "the call would return before it is made";
            let diagnostic = Diagnostic::new(returns.span, message);
            self.error(diagnostic.help("`...T` counts from the start, `...+T` from the call"));
        }
    }

    /// The hosts of endpoints in an argument.
    fn argument(&mut self, argument: &Argument, span: Span) {
        match argument {
            Argument::Endpoint { host, .. } => {
                if host != "*" && host.parse::<IpAddr>().is_err() {
                    let end = (span.start + host.len()).min(span.end);
                    let span = Span {
                        start: span.start,
                        end,
                    };
                    self.host(&Spanned::new(host.clone(), span));
                }
            }
            Argument::Flags(inner) | Argument::List(inner) => {
                inner.iter().for_each(|it| self.argument(it, span));
            }
            Argument::Struct(fields) => {
                fields.iter().for_each(|(_, it)| self.argument(it, span));
            }
            Argument::Integer(_)
            | Argument::Word(_)
            | Argument::Text(_)
            | Argument::Octets(_)
            | Argument::Ellipsis
            | Argument::Address(_) => {}
        }
    }

    fn direction(&mut self, direction: &HostPair) {
        self.between(&direction.from, &direction.to);
    }

    /// Two hosts that are not the same.
    fn between(&mut self, from: &Spanned<String>, to: &Spanned<String>) {
        self.host(from);
        self.host(to);
        if from.value == to.value {
            let message = "a packet goes from one host to another";
            self.error(Diagnostic::new(from.span.to(to.span), message));
        }
    }

    fn packet(&mut self, line: &PacketLine, used: Use) {
        self.between(&line.from, &line.to);
        match &line.packet {
            Packet::Segment(segment) if used == Use::Sent => {
                if segment.sequence.is_none() {
                    let message = "a segment that is sent needs its sequence numbers";
                    let diagnostic = Diagnostic::new(segment.flags.span, message);
                    self.error(diagnostic.help("such as `1:1001(1000)`, or `1:1(0)` without data"));
                }
                if let Some(Spanned {
                    value: OptionsPattern::Any,
                    span,
                }) = &segment.options
                {
                    let message = "`<...>` is for expected segments";
                    let diagnostic = Diagnostic::new(*span, message);
                    self.error(diagnostic.help("write the options to send, or leave them out"));
                }
            }
            Packet::Icmp { kind, code } => {
                let missing = match (kind.value.number(self.known.ip), code) {
                    (None, _) => Some(kind.span),
                    (Some(_), Some(code)) if code.value.number(self.known.ip).is_none() => {
                        Some(code.span)
                    }
                    (Some(_), _) => None,
                };
                if let Some(span) = missing {
                    let protocol = match self.known.ip {
                        IpFamily::V4 => "ICMP",
                        IpFamily::V6 => "ICMPv6",
                    };
                    self.error(Diagnostic::new(
                        span,
                        format!("{protocol} has no such message"),
                    ));
                }
            }
            Packet::Segment(_) | Packet::Udp { .. } => {}
        }
    }

    fn link(&mut self, link: &LinkStatement) {
        if let Some(direction) = &link.direction {
            self.direction(direction);
        }
        for change in &link.changes {
            if let LinkChange::Mtu(mtu) = change.value {
                let range = limits::mtu(self.known.ip);
                let mtu = u64::try_from(mtu).unwrap_or(u64::MAX);
                if let Err(fault) = limits::within(mtu, &range) {
                    self.error(Diagnostic::new(change.span, format!("bad mtu: {fault}")));
                }
            }
        }
    }
}

/// Whether a result is the signal that has ended the process.
fn is_signal(result: &ExpectedResult) -> bool {
    matches!(result, ExpectedResult::Word(word) if word.starts_with("SIG"))
}

/// What a packet line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// The packet is put on the wire.
    Sent,
    /// It must be seen there.
    Expected,
}

impl Use {
    /// What a line without `inject` does: that depends on whether its sender has a stack.
    fn of(known: &Known<'_>, line: &PacketLine) -> Self {
        let sender = known.names.iter().position(|it| *it == line.from.value);
        let sender = sender.and_then(|index| known.hosts.get(index)?.as_ref());
        match sender.map(|it| &it.stack) {
            Some(Stack::Scripted) => Self::Sent,
            Some(Stack::Profile(_) | Stack::Kernel) | None => Self::Expected,
        }
    }
}

#[cfg(test)]
mod tests;
