//! The grammar, form by form.

use hangup_stack::tcp::State;
use smoltcp::time::Duration;

use super::*;
use crate::language::Relation;
use crate::scenario::script::{
    Argument, ExpectedResult, Flags, IcmpCode, IcmpType, LinkChange, OptionsPattern, Packet,
    Property, Sequence, TcpOption, TimeSpec, Value,
};

/// The statements of a script in which nothing is wrong.
#[track_caller]
fn read(text: &str) -> Vec<Statement> {
    let source = Source::new("test", text);
    let (script, diagnostics) = script(&source, Span::new(0..text.len()));
    let shown: Vec<String> = diagnostics
        .iter()
        .map(|it| source.render(it, crate::diagnostic::Colour::Plain))
        .collect();
    assert!(diagnostics.is_empty(), "{}", shown.join("\n"));
    script.statements
}

/// The one statement of a script in which nothing is wrong.
#[track_caller]
fn one(text: &str) -> Statement {
    let mut statements = read(text);
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0)
}

/// What is wrong with a script, and the text that the carets stand under.
fn faults(text: &str) -> Vec<(String, String)> {
    let source = Source::new("test", text);
    let (_, diagnostics) = script(&source, Span::new(0..text.len()));
    let at = |it: &Diagnostic| source.slice(it.span.unwrap_or_default()).to_owned();
    diagnostics
        .iter()
        .map(|it| (it.message.clone(), at(it)))
        .collect()
}

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

#[test]
fn times() {
    let range = |from, to| TimeSpec::AbsoluteRange {
        earliest: micros(from),
        latest: micros(to),
    };
    let after = |from, to| TimeSpec::RelativeRange {
        earliest: micros(from),
        latest: micros(to),
    };
    for (text, expected) in [
        ("0", TimeSpec::Absolute(micros(0))),
        ("0.100", TimeSpec::Absolute(micros(100_000))),
        (".1", TimeSpec::Absolute(micros(100_000))),
        ("+0", TimeSpec::Relative(micros(0))),
        ("+.000001", TimeSpec::Relative(micros(1))),
        ("*", TimeSpec::Any),
        ("0~5", range(0, 5_000_000)),
        ("1.5 ~ 2", range(1_500_000, 2_000_000)),
        ("+0~+.2", after(0, 200_000)),
        ("86400", TimeSpec::Absolute(micros(86_400_000_000))),
    ] {
        let statement = one(&format!("{text} a > b: S 0:0(0)"));
        assert_eq!(statement.time.value, expected, "{text}");
        assert_eq!(statement.time.span, Span::new(0..text.len()), "{text}");
    }
}

#[test]
fn arguments() {
    use Argument::{Ellipsis, Flags, Integer, List, Struct, Text, Word};
    let word = |it: &str| Word(it.to_owned());
    let endpoint = |host: &str, port| Argument::Endpoint {
        host: host.to_owned(),
        port,
    };
    let field = |name: &str, value| (Some(name.to_owned()), Integer(value));
    for (text, expected) in [
        ("8000", Integer(8000)),
        ("-1", Integer(-1)),
        ("0x0202", Integer(0x0202)),
        ("0XfF", Integer(255)),
        ("-9223372036854775808", Integer(i64::MIN)),
        ("MAKEWORD(2, 1)", Integer(0x0102)),
        ("AF_INET", word("AF_INET")),
        ("...", Ellipsis),
        (r#""a\n\x41\"(,)""#, Text("a\nA\"(,)".to_owned())),
        (
            "O_RDWR|O_NONBLOCK",
            Flags(vec![word("O_RDWR"), word("O_NONBLOCK")]),
        ),
        ("0x1 | MSG_PEEK", Flags(vec![Integer(1), word("MSG_PEEK")])),
        ("[1]", List(vec![Integer(1)])),
        ("[]", List(vec![])),
        (
            "{onoff=1, linger = 0}",
            Struct(vec![field("onoff", 1), field("linger", 0)]),
        ),
        (
            "{1, [2]}",
            Struct(vec![(None, Integer(1)), (None, List(vec![Integer(2)]))]),
        ),
        ("server:80", endpoint("server", Some(80))),
        ("web-1:80", endpoint("web-1", Some(80))),
        ("server:*", endpoint("server", None)),
        ("*:80", endpoint("*", Some(80))),
        ("192.0.2.1:80", endpoint("192.0.2.1", Some(80))),
        ("[2001:db8::1]:80", endpoint("2001:db8::1", Some(80))),
        ("[::]:0", endpoint("::", Some(0))),
        ("[80]", List(vec![Integer(80)])),
    ] {
        let statement = one(&format!("+0 server: call(3, {text}) = 0"));
        let Subject::Call(call) = statement.subject else {
            panic!("{text}: {statement:?}")
        };
        assert_eq!(call.arguments[1].value, expected, "{text}");
        assert_eq!(
            call.arguments[1].span,
            Span::new(19..19 + text.len()),
            "{text}"
        );
    }
}

#[test]
fn results() {
    use ExpectedResult::{Any, Flags, Integer, Word};
    let word = |it: &str| Word(it.to_owned());
    for (text, expected, error) in [
        ("0", Integer(0), None),
        ("0x10", Integer(16), None),
        ("-1 EPIPE", Integer(-1), Some("EPIPE")),
        ("-1 EPIPE (Broken pipe)", Integer(-1), Some("EPIPE")),
        ("0 (all's well: yes, quite)", Integer(0), None),
        ("...", Any, None),
        ("... WSAECONNRESET", Any, Some("WSAECONNRESET")),
        ("INVALID_SOCKET", word("INVALID_SOCKET"), None),
        (
            "SOCKET_ERROR WSAENOTCONN",
            word("SOCKET_ERROR"),
            Some("WSAENOTCONN"),
        ),
        (
            "POLLIN | POLLOUT",
            Flags(vec!["POLLIN".to_owned(), "POLLOUT".to_owned()]),
            None,
        ),
    ] {
        let statement = one(&format!("+0 server: call() = {text}"));
        let Subject::Call(call) = statement.subject else {
            panic!("{text}: {statement:?}")
        };
        assert_eq!(call.result.value, expected, "{text}");
        assert_eq!(call.error.map(|it| it.value).as_deref(), error, "{text}");
    }
}

#[test]
fn calls_of_threads_that_block() {
    let statement = one("+.1 server/2: ...+.25 accept (3) = 4");
    let Subject::Call(call) = statement.subject else {
        panic!("{statement:?}")
    };
    assert_eq!(call.host.value, "server");
    assert_eq!(call.thread.unwrap().value, "2");
    let returns = call.returns.unwrap();
    assert_eq!(returns.value, TimeSpec::Relative(micros(250_000)));
    assert_eq!(returns.span, Span::new(14..21));
    assert_eq!(call.name.value, "accept");
}

#[test]
fn calls_of_routines() {
    for (text, thread, routine) in [
        ("server/main.hook: recv(4) = 0", None, Some(Routine::Hook)),
        ("server/t1.apc: recv(4) = 0", Some("t1"), Some(Routine::Apc)),
        (
            "server/t1.condition: f() = 0",
            Some("t1"),
            Some(Routine::Condition),
        ),
        ("server/main: recv(4) = 0", None, None),
    ] {
        let Subject::Call(call) = one(&format!("+0 {text}")).subject else {
            panic!("{text}")
        };
        assert_eq!(
            call.thread.as_ref().map(|it| it.value.as_str()),
            thread,
            "{text}"
        );
        assert_eq!(call.routine.map(|it| it.value), routine, "{text}");
    }
}

/// The fields of a segment line, but for its spans.
type Fields = (
    u8,
    Option<(u32, u16)>,
    Option<u32>,
    Option<u16>,
    Option<Option<Vec<TcpOption>>>,
);

#[test]
fn segments() {
    use TcpOption::{
        EndOfList, MaximumSegmentSize, NoOperation, Sack, SackPermitted, Timestamps, WindowScale,
    };
    let syn = vec![
        MaximumSegmentSize(1460),
        SackPermitted,
        NoOperation,
        WindowScale(7),
        EndOfList,
    ];
    let sack = vec![Sack(vec![(1001, 2001), (3001, 4001)])];
    let stamps = vec![
        NoOperation,
        Timestamps {
            value: 1,
            echo_reply: 4_294_967_295,
        },
    ];
    let table: [(&str, Fields); 11] = [
        (
            ". 1:1(0) ack 1001 win 4096",
            (0x10, Some((1, 0)), Some(1001), Some(4096), None),
        ),
        ("S 0:0(0)", (0x02, Some((0, 0)), None, None, None)),
        (
            "FP. 1:1001(1000)",
            (0x19, Some((1, 1000)), None, None, None),
        ),
        ("- 0:0(0)", (0, Some((0, 0)), None, None, None)),
        (
            "SEW 0:0(0) win 0",
            (0xc2, Some((0, 0)), None, Some(0), None),
        ),
        (
            "PU. 4294967295:4(5)",
            (0x38, Some((u32::MAX, 5)), None, None, None),
        ),
        ("R.", (0x14, None, None, None, None)),
        ("R. ack 1", (0x14, None, Some(1), None, None)),
        (
            ".1:1(0) <...>",
            (0x10, Some((1, 0)), None, None, Some(None)),
        ),
        (
            ". 1:1(0) <>",
            (0x10, Some((1, 0)), None, None, Some(Some(vec![]))),
        ),
        (
            ". 1:1(0) ack 1 <nop,\n   TS val 1 ecr 4294967295>",
            (0x10, Some((1, 0)), Some(1), None, Some(Some(stamps))),
        ),
    ];
    let more: [(&str, Fields); 2] = [
        (
            "S 0:0(0) <mss 1460,sackOK,nop,wscale 7,eol>",
            (0x02, Some((0, 0)), None, None, Some(Some(syn))),
        ),
        (
            ". 1:1(0) <sack 1001:2001 3001:4001>",
            (0x10, Some((1, 0)), None, None, Some(Some(sack))),
        ),
    ];
    for (text, expected) in table.into_iter().chain(more) {
        let statement = one(&format!("+0 client > server: {text}"));
        let Subject::Packet(line) = statement.subject else {
            panic!("{text}: {statement:?}")
        };
        assert_eq!((line.from_port, line.to_port), (None, None), "{text}");
        let Packet::Segment(segment) = line.packet else {
            panic!("{text}")
        };
        let options = segment.options.map(|it| match it.value {
            OptionsPattern::Any => None,
            OptionsPattern::Exact(all) => Some(all.into_iter().map(|it| it.value).collect()),
        });
        let fields = (
            segment.flags.value.octet(),
            segment.sequence.map(|it| (it.value.start, it.value.length)),
            segment.acknowledgment.map(|it| it.value),
            segment.window.map(|it| it.value),
            options,
        );
        assert_eq!(fields, expected, "{text}");
    }
}

#[test]
fn data_of_segments() {
    let rows: [(&str, Option<&[u8]>); 6] = [
        ("P. 1:4(3) ack 1", None),
        ("P. 1:4(3) ack 1 data \"abc\"", Some(b"abc")),
        ("P. 1:4(3) <nop> data \"a\\x00\\n\"", Some(b"a\0\n")),
        ("P. 1:4(3) data [03 00 Ff]", Some(&[3, 0, 255])),
        ("P. 1:4(3) data[0300\n  0a // three\n]", Some(&[3, 0, 10])),
        (". 1:1(0) data []", Some(&[])),
    ];
    for (text, expected) in rows {
        let statement = one(&format!("+0 client > server: {text}"));
        let Subject::Packet(line) = statement.subject else {
            panic!("{text}: {statement:?}")
        };
        let Packet::Segment(segment) = line.packet else {
            panic!("{text}")
        };
        let data = segment.data.map(|data| data.value);
        assert_eq!(data.as_deref(), expected, "{text}");
    }
    for (text, place) in [
        ("P. 1:4(3) data \"ab\"", "\"ab\""),
        ("P. data \"ab\"", "\"ab\""),
        ("P. 1:4(3) data [0300]", "[0300]"),
        ("P. 1:4(3) data [03 0]", "0"),
        ("P. 1:4(3) data [03 00 0g]", "0g"),
        ("P. 1:4(3) data abc", "abc"),
    ] {
        let found = faults(&format!("+0 client > server: {text}"));
        let places: Vec<&str> = found.iter().map(|(_, place)| place.as_str()).collect();
        assert_eq!(places, [place], "{text}: {found:?}");
    }
}

#[test]
fn packets_of_other_kinds_and_ports() {
    let packet = |text: &str| {
        let subject = one(text).subject;
        let (Subject::Packet(line) | Subject::Inject(line)) = subject else {
            panic!("{text}: {subject:?}");
        };
        line
    };
    let line = packet("+0 client:40000 > server:80: udp (100)");
    assert_eq!(line.from_port.map(|it| it.value), Some(40000));
    assert_eq!(line.to_port.map(|it| it.value), Some(80));
    assert!(matches!(line.packet, Packet::Udp { length } if length.value == 100));
    let line = packet("+0 client > server:80: S 0:0(0)");
    assert_eq!(
        (line.from_port, line.to_port.map(|it| it.value)),
        (None, Some(80))
    );

    let icmp = |text: &str| {
        let packet = packet(text).packet;
        let Packet::Icmp { kind, code } = packet else {
            panic!("{text}: {packet:?}");
        };
        (kind.value, code.map(|it| it.value))
    };
    let numbers = (IcmpType::Number(3), Some(IcmpCode::Number(3)));
    assert_eq!(icmp("+0 a > b: icmp 3 3"), numbers);
    assert_eq!(icmp("+0 a > b: icmp 3"), (IcmpType::Number(3), None));
    let (kind, code) = icmp("+0 inject a > b: icmp unreachable port_unreachable // why");
    let number = |family| (kind.number(family), code.and_then(|it| it.number(family)));
    assert_eq!(
        number(hangup_stack::network::IpFamily::V4),
        (Some(3), Some(3))
    );
    assert_eq!(
        number(hangup_stack::network::IpFamily::V6),
        (Some(1), Some(4))
    );
}

#[test]
fn nothing_and_injections() {
    let Subject::Nothing(direction) = one("+0~+5 server > client: nothing").subject else {
        panic!("not nothing");
    };
    assert_eq!(
        (direction.from.value.as_str(), direction.to.value.as_str()),
        ("server", "client")
    );
    let Subject::Inject(line) = one("+0 inject client > server: R 1:1(0)").subject else {
        panic!("not injected");
    };
    let Packet::Segment(segment) = line.packet else {
        panic!("no segment")
    };
    assert_eq!(segment.flags.value, Flags::RST);
    assert_eq!(
        segment.sequence.unwrap().value,
        Sequence {
            start: 1,
            length: 0
        }
    );
}

#[test]
fn expectations_of_a_socket() {
    for (text, socket, property, relation, value) in [
        (
            "state == ESTABLISHED",
            None,
            Property::State,
            Relation::Equal,
            Value::State(State::Established),
        ),
        (
            "4.state != FIN-WAIT-1",
            Some(4),
            Property::State,
            Relation::NotEqual,
            Value::State(State::FinWait1),
        ),
        (
            "state == FIN_WAIT_2",
            None,
            Property::State,
            Relation::Equal,
            Value::State(State::FinWait2),
        ),
        (
            "state==none",
            None,
            Property::State,
            Relation::Equal,
            Value::None,
        ),
        (
            "held <= 4000",
            None,
            Property::Held,
            Relation::LessOrEqual,
            Value::Number(4000),
        ),
        (
            "5.right_edge > 0x10",
            Some(5),
            Property::RightEdge,
            Relation::Greater,
            Value::Number(16),
        ),
        (
            "readable == true",
            None,
            Property::Readable,
            Relation::Equal,
            Value::Boolean(true),
        ),
        (
            "rto >= 200ms",
            None,
            Property::Rto,
            Relation::GreaterOrEqual,
            Value::Duration(micros(200_000)),
        ),
        (
            "rto < .2",
            None,
            Property::Rto,
            Relation::Less,
            Value::Duration(micros(200_000)),
        ),
        (
            "srtt == none",
            None,
            Property::Srtt,
            Relation::Equal,
            Value::None,
        ),
        (
            "error == WSAECONNRESET",
            None,
            Property::Error,
            Relation::Equal,
            Value::Error("WSAECONNRESET".to_owned()),
        ),
        (
            "4.network_events == FD_READ|FD_CLOSE",
            Some(4),
            Property::NetworkEvents,
            Relation::Equal,
            Value::Events(vec!["FD_CLOSE".to_owned(), "FD_READ".to_owned()]),
        ),
        (
            "network_events != 0",
            None,
            Property::NetworkEvents,
            Relation::NotEqual,
            Value::Events(Vec::new()),
        ),
    ] {
        let statement = one(&format!("+0 server: expect held == 0, {text}"));
        let Subject::Expect(expect) = statement.subject else {
            panic!("{text}: {statement:?}")
        };
        let condition = &expect.conditions[1].value;
        assert_eq!(condition.socket.map(|it| it.value), socket, "{text}");
        assert_eq!(condition.property.value, property, "{text}");
        assert_eq!(condition.relation, relation, "{text}");
        assert_eq!(condition.value.value, value, "{text}");
        assert_eq!(
            expect.conditions[1].span,
            Span::new(29..29 + text.len()),
            "{text}"
        );
    }
}

#[test]
fn changes_of_links() {
    let link = |text: &str| {
        let subject = one(text).subject;
        let Subject::Link(link) = subject else {
            panic!("{text}: {subject:?}");
        };
        let changes: Vec<_> = link.changes.iter().map(|it| it.value).collect();
        let direction = link.direction.map(|it| (it.from.value, it.to.value));
        (direction, changes)
    };
    let way = Some(("client".to_owned(), "server".to_owned()));
    for (text, direction, changes) in [
        ("link down", None, vec![LinkChange::Down(true)]),
        ("link up // again", None, vec![LinkChange::Down(false)]),
        (
            "link loss 0.5 delay 10ms",
            None,
            vec![LinkChange::Loss(0.5), LinkChange::Delay(micros(10_000))],
        ),
        (
            "link client > server loss 1",
            way,
            vec![LinkChange::Loss(1.0)],
        ),
        (
            "link rate 100Mbit queue 10 mtu 1500",
            None,
            vec![
                LinkChange::Rate(Some(100_000_000)),
                LinkChange::Queue(Some(10)),
                LinkChange::Mtu(1500),
            ],
        ),
        (
            "link rate unlimited queue unlimited",
            None,
            vec![LinkChange::Rate(None), LinkChange::Queue(None)],
        ),
        (
            "link duplicate 0 reorder 1 corrupt 1e-3",
            None,
            vec![
                LinkChange::Duplicate(0.0),
                LinkChange::Reorder(1.0),
                LinkChange::Corrupt(0.001),
            ],
        ),
    ] {
        assert_eq!(link(&format!("+0 {text}")), (direction, changes), "{text}");
    }
}

#[test]
fn statements_end_at_their_line_unless_a_bracket_is_open() {
    let text = "\u{20}\r\n/* a comment\r\n * of two lines */ // and one more\r\n\
        0 server: socket(AF_INET, // family\r\n   SOCK_STREAM /* type */,\n\
        \t0) = 3 // done\r\n\
        +0 a: setsockopt(3, {onoff=1,\n linger=0}, 8) = 0\n\
        \n\
        +.1 a > b: S 0:0(0) /* between */ win 1 <mss 1460,\n\n sackOK>\n\
        * b > a: .";
    let lines: Vec<(usize, &str)> = read(text)
        .into_iter()
        .map(|it| (it.line, &text[it.span.start..it.span.end]))
        .map(|(line, text)| {
            (
                line,
                text.split_whitespace().next_back().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(lines, [(4, "3"), (7, "0"), (10, "sackOK>"), (13, ".")]);
}

#[test]
fn all_errors_of_a_script_are_found() {
    let text = "soon server: close(3) = 0\n\
        0 server: socket(AF_INET = 3\n\
        +0 server: setsockopt(3, SO_LINGER, {onoff 1,\n   linger=0}, 8) = 0\n\
        +0 server: close(3) = 0\n\
        +0 client > server: SYN 0:0(0)\n\
        +0 client > server: S 0:1(0)\n\
        +0 server: expect hedl == 0\n\
        +0 link speed 9\n\
        +0 server: send(3, \"text) = 4\n\
        +0 server: close(3) = 0 /* not closed\n\
        +0 server: close(3) = ";
    let found: Vec<String> = faults(text).into_iter().map(|(_, at)| at).collect();
    assert_eq!(
        found,
        ["soon", "=", "1", "SYN", "1", "hedl", "speed", "\"", "/*"]
    );
}

#[test]
fn numbers_out_of_range_are_errors() {
    for text in [
        "99999999999999999999 a: f() = 0",
        "86400.1 a: f() = 0",
        "0.0000001 a: f() = 0",
        "-1 a: f() = 0",
        "2~1 a > b: .",
        "0~+1 a > b: .",
        "10ms a: f() = 0",
        "1.5.5 a: f() = 0",
        "0 a: f(99999999999999999999) = 0",
        "0 a: f(0x) = 0",
        "0 a: f(1x) = 0",
        "0 a: f(1.5) = 0",
        "0 a: f(b:65536) = 0",
        "0 a: f(MAKEWORD(2)) = 0",
        "0 a: f(htons(80)) = 0",
        "0 a > b: . 4294967296:0(0)",
        "0 a > b: . 1:65537(65536)",
        "0 a > b: . 1:2(0)",
        "0 a > b: . 1:1(0) ack -1",
        "0 a > b: . 1:1(0) win 65536",
        "0 a > b: . 1:1(0) win 1 ack 1",
        "0 a > b: SS 0:0(0)",
        "0 a > b: . 1:1(0) <wscale 256>",
        "0 a > b: . 1:1(0) <TS val 1>",
        "0 a > b: . 1:1(0) <sack 1:2 3:4 5:6 7:8 9:10>",
        "0 a > b: . 1:1(0) <TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,nop>",
        "0 a > b: udp (65536)",
        "0 a > b: icmp 256",
        "0 a > b: icmp unreachable nowhere",
        "0 inject a > b: nothing",
        "0 a: expect state < ESTABLISHED",
        "0 a: expect held == ESTABLISHED",
        "0 a: expect readable == 2",
        "0 a: expect state == RUNNING",
        "0 link loss 2",
        "0 link delay 2h",
        "0 link loss 0.1 loss 0.2",
        "0 link",
        "0...1 a: f() = 0",
    ] {
        assert_eq!(faults(text).len(), 1, "{text}: {:?}", faults(text));
    }
}

#[test]
fn limits_are_named() {
    let many = "0 a: f() = 0\n".repeat(STATEMENTS_MAX + 1);
    assert_eq!(
        faults(&many),
        [(
            "a script has at most 10000 statements".to_owned(),
            String::new()
        )]
    );
    let wrong = "wrong\n".repeat(STATEMENTS_MAX);
    assert_eq!(faults(&wrong).len(), DIAGNOSTICS_MAX + 1);
    let deep = format!("0 a: f({}) = 0", "[".repeat(1 << 20));
    assert_eq!(faults(&deep).len(), 1);
    let wide = format!("0 a: f({}0) = 0", "0,".repeat(1 << 19));
    assert_eq!(faults(&wide).len(), 1);
}

/// The grammar as a text has it: what stands between two fences, from the first production on.
fn grammar(text: &str) -> String {
    let begin = text
        .find("statement := [GUARD] TIME")
        .expect("there is a grammar");
    let length = text[begin..].find("```").expect("it ends");
    text[begin..begin + length].replace("//!", "")
}

/// Every kind of statement, and every word that the parser looks for, stands in the grammar: in the
/// one of the parser and in the one of the document.
#[test]
fn every_statement_is_in_the_grammar() {
    let examples = [
        "0 a: close(3) = 0",
        "0 a > b: P. 1:4(3) ack 1 win 10 <nop> data \"abc\"",
        "0 a > b: udp (100)",
        "0 a > b: icmp unreachable 3",
        "0~1 a > b: nothing",
        "0 inject a > b: S 0:0(0)",
        "0 a: expect state == CLOSED",
        "0 a: subsystem down",
        "0 a: crash",
        "0 link loss 1",
    ];
    let mut kinds: Vec<&str> = examples
        .iter()
        .map(|text| match one(text).subject {
            Subject::Call(_) => "CALL(",
            Subject::Packet(_) => "FLAGS",
            Subject::Nothing(_) => "nothing",
            Subject::Inject(_) => "inject",
            Subject::Expect(_) => "expect",
            Subject::Link(_) => "link",
            Subject::Subsystem(_) => "subsystem",
            Subject::Power(_) => "crash",
            Subject::Code(_) | Subject::Turning(_) | Subject::Pause => {
                panic!("only packetdrill's scripts have it")
            }
        })
        .collect();
    let sources = [include_str!("mod.rs"), include_str!("packet.rs")];
    for (source, read) in sources
        .iter()
        .flat_map(|it| [(it, "keyword(\""), (it, "numbered(input, \"")])
    {
        let words = source.split(read).skip(1);
        kinds.extend(words.filter_map(|it| it.split('"').next()));
    }
    assert!(
        kinds.contains(&"udp") && kinds.contains(&"win"),
        "{kinds:?}"
    );
    let document = include_str!("../../../docs/scenario-language.md");
    for grammar in [grammar(sources[0]), grammar(document)] {
        let is_part = |c: char| c.is_whitespace() || "[]|:".contains(c);
        let words: Vec<&str> = grammar.split(is_part).collect();
        for kind in &kinds {
            let is_there = words.iter().any(|it| it.starts_with(kind));
            assert!(is_there, "`{kind}` is not in the grammar:\n{grammar}");
        }
    }
}
