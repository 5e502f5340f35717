//! Warnings about valid scenarios that are hardly meant so: expectations that hold, or fail,
//! whatever happens.
//!
//! A warning is no error: the scenario runs. There are few, and each is sure of its case; an
//! expectation that only looks odd is left alone.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hangup_stack::profile::Api;
use smoltcp::time::Duration;

use super::script::{Condition, Flags, Packet, PacketLine, Statement, Subject, TimeSpec, Value};
use super::{Scenario, TraceExpect, vocabulary};
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::filter::Named;
use crate::language::names::{quote, suggest};
use crate::language::units;

/// Ports from here on may be chosen by a stack; one below must be named by somebody.
const CHOSEN_FROM: u64 = 1024;

/// Every warning about a scenario. `until` is where the file says when the run ends.
pub(super) fn warnings(scenario: &Scenario, until: Option<Span>) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    if let (Some(end), Some(span)) = (scenario.until, until) {
        let script = script_ends(&scenario.script.statements);
        if script > end {
            let script = units::show_duration(script);
            let message = "warning: the script goes on after that, and the run with it";
            let label = format!("the script ends at {script} at the earliest");
            warnings.push(Diagnostic::new(span, message).label(label));
        }
    }
    let (all, done) = (
        numbers_of(scenario, |_| true),
        numbers_of(scenario, |it| expected(scenario, it).is_none()),
    );
    for expect in &scenario.expects {
        warnings.extend(expectation(scenario, expect, &all));
    }
    for statement in &scenario.script.statements {
        let line = expected(scenario, statement);
        warnings.extend(line.and_then(|line| port(line, &done)));
        warnings.extend(line.and_then(acknowledgment));
        warnings.extend(names(scenario, &statement.subject));
    }
    warnings.sort_by_key(|it| it.span);
    warnings
}

/// The earliest moment at which a script can be over.
fn script_ends(statements: &[Statement]) -> Duration {
    statements.iter().fold(Duration::ZERO, |before, statement| {
        let is_silence = matches!(statement.subject, Subject::Nothing(_));
        let end = match statement.time.value {
            TimeSpec::Absolute(at) => at,
            TimeSpec::Relative(after) => before + after,
            TimeSpec::Any => before,
            TimeSpec::AbsoluteRange { latest, .. } if is_silence => latest,
            TimeSpec::RelativeRange { latest, .. } if is_silence => before + latest,
            TimeSpec::AbsoluteRange { earliest, .. } => earliest,
            TimeSpec::RelativeRange { earliest, .. } => before + earliest,
            TimeSpec::Following { earliest, latest } => match latest {
                Some(latest) if is_silence => before + latest,
                Some(_) | None => before + earliest,
            },
        };
        before.max(end)
    })
}

/// The line of a packet that must be seen. None: the statement is something else.
fn expected<'s>(scenario: &Scenario, statement: &'s Statement) -> Option<&'s PacketLine> {
    let Subject::Packet(line) = &statement.subject else {
        return None;
    };
    let sender = scenario.hosts.get(scenario.host(&line.from.value)?)?;
    sender.profile().map(|_| line)
}

/// Every number that stands in these statements and in programs, whatever it means there.
fn numbers_of(scenario: &Scenario, of: impl Fn(&Statement) -> bool) -> BTreeSet<u64> {
    let statements = scenario.script.statements.iter().filter(|it| of(it));
    let programs = scenario.hosts.iter().filter_map(|it| it.program.text);
    let texts = statements.map(|it| it.span).chain(programs);
    texts
        .flat_map(|span| {
            let digits = scenario
                .source
                .slice(span)
                .split(|c: char| !c.is_ascii_digit());
            digits.filter_map(|it| it.parse().ok())
        })
        .collect()
}

/// A port that an expected packet has and nobody uses.
fn port(line: &PacketLine, used: &BTreeSet<u64>) -> Option<Diagnostic> {
    let ports = [&line.from_port, &line.to_port].into_iter().flatten();
    let unused = |it: &&Spanned<u16>| is_unused(it.value.into(), used);
    let Spanned { value, span } = ports.copied().find(|it| unused(&it))?;
    let message = format!("warning: nothing in the script uses port {value}");
    Some(Diagnostic::new(span, message).label("so that no such packet can come"))
}

/// An acknowledgment number of an expected segment that has none (RFC 9293 section 3.1).
fn acknowledgment(line: &PacketLine) -> Option<Diagnostic> {
    let Packet::Segment(segment) = &line.packet else {
        return None;
    };
    let number = segment.acknowledgment.as_ref()?;
    if segment.flags.value.contains(Flags::ACK) {
        return None;
    }
    let message = "warning: a segment without ACK has no acknowledgment number";
    let diagnostic = Diagnostic::new(number.span, message);
    let flags = segment.flags.value.union(Flags::ACK);
    Some(diagnostic.help(format!("with ACK it is written `{flags}`")))
}

/// The names of errors and events that a script expects of a host and that none of its family has.
fn names(scenario: &Scenario, subject: &Subject) -> Vec<Diagnostic> {
    let api = |host: &Spanned<String>| {
        let host = &scenario.hosts[scenario.host(&host.value)?];
        host.profile().map(|profile| profile.api)
    };
    match subject {
        Subject::Call(call) => {
            let error = api(&call.host).zip(call.error.as_ref());
            let warning = error.and_then(|(api, it)| error_name(api, &it.value, it.span));
            warning.into_iter().collect()
        }
        Subject::Expect(expect) => {
            let conditions = api(&expect.host).map(|api| (api, &expect.conditions));
            conditions.map_or_else(Vec::new, |(api, conditions)| {
                let warning = |it: &Spanned<Condition>| condition(api, &it.value);
                conditions.iter().filter_map(warning).collect()
            })
        }
        Subject::Packet(_)
        | Subject::Nothing(_)
        | Subject::Inject(_)
        | Subject::Link(_)
        | Subject::Subsystem(_)
        | Subject::Power(_)
        | Subject::Turning(_)
        | Subject::Code(_)
        | Subject::Pause => Vec::new(),
    }
}

/// A condition on a name that is nothing's.
fn condition(api: Api, condition: &Condition) -> Option<Diagnostic> {
    let Spanned { value, span } = &condition.value;
    match value {
        Value::Error(name) => error_name(api, name, *span),
        Value::Events(_) if api == Api::Posix => {
            let message = "warning: only programs of Winsock have network events";
            let span = condition.property.span;
            Some(Diagnostic::new(span, message).label("this is always `none`"))
        }
        Value::Events(_)
        | Value::None
        | Value::State(_)
        | Value::Boolean(_)
        | Value::Number(_)
        | Value::Duration(_) => None,
    }
}

/// An error that no call reports.
fn error_name(api: Api, name: &str, span: Span) -> Option<Diagnostic> {
    let known = vocabulary::errors(api);
    if known.contains(&name) {
        return None;
    }
    let family = match api {
        Api::Posix => "POSIX",
        Api::Winsock => "Winsock",
    };
    let message = format!("warning: no {family} call reports {}", quote(name));
    Some(suggest(Diagnostic::new(span, message), name, &known))
}

fn is_unused(port: u64, used: &BTreeSet<u64>) -> bool {
    port < CHOSEN_FROM && !used.contains(&port)
}

/// The warning about an `[[expect]]`, if there is one.
fn expectation(
    scenario: &Scenario,
    expect: &TraceExpect,
    numbers: &BTreeSet<u64>,
) -> Option<Diagnostic> {
    if expect.frames == (0..=u64::MAX) {
        let message = "warning: this holds whatever happens";
        let diagnostic = Diagnostic::new(expect.filter.span, message);
        return Some(
            diagnostic.help("`min = 0` asks for nothing: give `frames`, `max` or a `min`"),
        );
    }
    let has = |address: IpAddr| {
        let mut hosts = scenario.hosts.iter();
        hosts.any(|host| host.addresses.iter().any(|it| IpAddr::from(*it) == address))
    };
    let stranger = expect.selects.named().into_iter().find_map(|it| match it {
        Named::Address(address) if !has(address) => Some(format!("no host has {address}")),
        Named::Port(port) if is_unused(port, numbers) => {
            Some(format!("nothing in the script uses port {port}"))
        }
        Named::Address(_) | Named::Port(_) => None,
    })?;
    let message = format!("warning: {stranger}");
    let diagnostic = Diagnostic::new(expect.filter.span, message);
    let addresses: Vec<String> = scenario
        .hosts
        .iter()
        .map(|host| {
            let all: Vec<String> = host.addresses.iter().map(ToString::to_string).collect();
            format!("{} has {}", quote(&host.name.value), all.join(" and "))
        })
        .collect();
    Some(diagnostic.help(addresses.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn warnings(head: &str, script: &str, expect: &str) -> String {
        let text = format!(
            "{head}\nscript = '''\n{script}\n'''\nhosts.server.profile = 'linux'\n\
             hosts.peer.profile = 'scripted'\nhosts.win.profile = 'winsock'\n\
             hosts.win.address = '192.0.2.9'\n{expect}\n"
        );
        let scenario = Scenario::parse(Path::new("x.toml"), text.into());
        let scenario = scenario.unwrap_or_else(|invalid| panic!("{invalid}"));
        let messages = scenario.warnings.iter().map(|it| it.message.as_str());
        messages.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_is_warned_of_and_what_is_not() {
        let listens = "0 server: bind(3, server:80) = 0\n+1 peer > server:80: S 0:0(0)\n";
        let with = |line: &str| format!("{listens}{line}");
        let expect = |text: &str| format!("[[expect]]\n{text}");
        let address = |filter: &str| expect(&format!("filter = '{filter}'\nframes = 0"));
        let never = "warning: nothing in the script uses port 81";
        let after = "warning: the script goes on after that, and the run with it";
        let holds = "warning: this holds whatever happens";
        for (head, line, tail, expected) in [
            ("", "", String::new(), ""),
            ("until = '1s'", "", String::new(), ""),
            ("until = '999ms'", "", String::new(), after),
            (
                "until = '5s'",
                "+0~+4.1 server > peer: nothing",
                String::new(),
                after,
            ),
            (
                "until = '5s'",
                "+0~+4.1 server > peer: S.",
                String::new(),
                "",
            ),
            ("", "+0 server:80 > peer: S.", String::new(), ""),
            ("", "+0 server:81 > peer: S.", String::new(), never),
            ("", "+0 server > peer:40000: S.", String::new(), ""),
            ("", "+0 server > peer: R. 1:1(0) ack 1", String::new(), ""),
            (
                "",
                "+0 server > peer: R 1:1(0) ack 1",
                String::new(),
                "warning: a segment without ACK has no acknowledgment number",
            ),
            // What is sent is put on the wire as it is written.
            ("", "+0 peer > server: R 1:1(0) ack 1", String::new(), ""),
            ("", "+0 peer:81 > server: S 0:0(0)", String::new(), ""),
            ("", "", expect("filter = 'tcp'\nmin = 0"), holds),
            ("", "", expect("filter = 'tcp'\nmin = 1"), ""),
            ("", "", address("ip.src == 192.0.2.2"), ""),
            (
                "",
                "",
                address("tcp && ip.src == 192.0.2.3"),
                "warning: no host has 192.0.2.3",
            ),
            ("", "", address("ip.src != 192.0.2.3"), ""),
            ("", "", address("!(ip.src == 192.0.2.3)"), ""),
            ("", "", address("ip.src == 192.0.2.0/24"), ""),
            (
                "",
                "",
                address("ipv6.dst == ::7"),
                "warning: no host has ::7",
            ),
            ("", "", address("tcp.port == 80"), ""),
            ("", "", address("tcp.port == 8080"), ""),
            ("", "", address("tcp.port == 81"), never),
            ("", "", address("tcp.len == 81"), ""),
            ("", "+0 server: close(4) = -1 EBADF", String::new(), ""),
            (
                "",
                "+0 server: close(4) = -1 WSAENOTSOCK",
                String::new(),
                "warning: no POSIX call reports `WSAENOTSOCK`",
            ),
            (
                "",
                "+0 win: closesocket(4) = 0 WSAENOTSOCK",
                String::new(),
                "",
            ),
            (
                "",
                "+0 win: closesocket(4) = 0 EBADF",
                String::new(),
                "warning: no Winsock call reports `EBADF`",
            ),
            (
                "",
                "+0 server: expect error == ECONNRESET",
                String::new(),
                "",
            ),
            ("", "+0 server: expect error != none", String::new(), ""),
            (
                "",
                "+0 server: expect error != WSAECONNRESET",
                String::new(),
                "warning: no POSIX call reports `WSAECONNRESET`",
            ),
            ("", "+0 win: expect network_events == 0", String::new(), ""),
            (
                "",
                "+0 win: expect network_events == FD_READ|FD_CLOSE",
                String::new(),
                "",
            ),
            (
                "",
                "+0 server: expect network_events == 0",
                String::new(),
                "warning: only programs of Winsock have network events",
            ),
        ] {
            assert_eq!(
                warnings(head, &with(line), &tail),
                expected,
                "{head} {line} {tail}"
            );
        }
    }
}
