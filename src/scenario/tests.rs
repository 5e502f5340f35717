//! Whole files: the scenario that each becomes, the messages about bad ones, and no panic on any
//! file.

use std::path::Path;

use hangup_stack::network::{IpFamily, Resolution};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use smoltcp::time::Duration;
use smoltcp::wire::IpAddress;

use super::script::{Subject, TimeSpec};
use super::{Scenario, Stack, limits};

/// A scenario that uses most of the language.
const WHOLE: &str = r#"# WSPRecvDisconnect leaves the window alone: data is accepted and never
# acknowledged.

claims = ["wsprecvdisconnect.window-unchanged"]
seed = 7
until = "20min"
strict = true

[network]
delay = "10ms"
rate = "100Mbit"
queue = 10
loss = 0
arp = true

[network.client_to_server]
delay = "1.5ms"
loss = 0.25

[hosts.server]
profile = "deaf"
receive_buffer = 4000
mss = 1000

[hosts.client]
profile = "linux"
address = ["192.0.2.77", "2001:db8::77"]
send_buffer = "64KiB"
rto.min = "300ms"

[hosts.attacker]
profile = "scripted"

[profiles.deaf]
extends = "base"
receive_shutdown.capacity = "zero"

[profiles.base]
extends = "wsprecvdisconnect"
title = "Ours"

[[expect]]
filter = "icmp"
frames = 0

[[expect]]
filter = "tcp.len > 0"
min = 4
from = "10ms"
until = "1s"
"#;

/// The script of it.
const SCRIPT: &str = r"script = '''
// The server listens.
0     server: WSAStartup(MAKEWORD(2, 2)) = 0
+0    server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
+0    server: bind(3, *:80) = 0
+0    server: listen(3, 1) = 0
+0    client: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
+0    client/2: ...+.02 connect(3, server:80) = 0 (done)
*     client > server: S 0:0(0) win 64240 <mss 1460,sackOK,nop,nop,TS val 0 ecr 0,nop,wscale 10>
*     server > client: S. 0:0(0) ack 1 <...>
+.02  server: accept(3) = 4
+.1   server: WSPRecvDisconnect(4, NULL) = 0
+0    client: send(3, 8000) = 8000
+0~+5 server > client: nothing
+0    server: expect held == 4000, 4.acknowledged == 1, state == ESTABLISHED
+0    link client > server down
+0    inject attacker > server: R 1:1(0) win 0
+0    attacker > server: udp (100)
+0    server: recv(4, 1000) = SOCKET_ERROR WSAESHUTDOWN
'''
";

/// [`WHOLE`] with its script, which stands before the first section.
fn whole() -> String {
    let (head, sections) = WHOLE.split_once("[network]").unwrap();
    format!("{head}{SCRIPT}\n[network]{sections}")
}

fn parse(text: impl AsRef<[u8]>) -> Result<Scenario, Box<crate::diagnostic::Invalid>> {
    Scenario::parse(Path::new("scenarios/test.toml"), text.as_ref().to_vec())
}

#[test]
fn a_whole_scenario() {
    let scenario = parse(whole()).unwrap_or_else(|invalid| panic!("{invalid}"));
    let claim = scenario.claim.as_ref().unwrap();
    assert!(
        claim
            .value
            .ends_with("data is accepted and never acknowledged."),
        "{}",
        claim.value
    );
    assert_eq!(scenario.claims.len(), 1);
    assert_eq!((scenario.seed, scenario.strict), (7, true));
    assert_eq!(scenario.until, Some(Duration::from_secs(20 * 60)));

    assert_eq!(scenario.network.ip, IpFamily::V4);
    assert_eq!(scenario.network.resolution, Resolution::Arp);
    let (server, client) = (
        scenario.host("server").unwrap(),
        scenario.host("client").unwrap(),
    );
    assert_eq!(
        (server, client),
        (0, 1),
        "hosts stand in the order of the file"
    );
    let to_server = scenario.network.link(client, server);
    assert_eq!(
        (to_server.delay, to_server.loss),
        (Duration::from_micros(1500), 0.25)
    );
    assert_eq!(
        (to_server.rate, to_server.queue),
        (Some(100_000_000), Some(10))
    );
    let to_client = scenario.network.link(server, client);
    assert_eq!(
        (to_client.delay, to_client.loss),
        (Duration::from_millis(10), 0.0)
    );

    let [server, client, attacker] = scenario.hosts.as_slice() else {
        panic!("three hosts")
    };
    assert_eq!(server.addresses, [IpAddress::v4(192, 0, 2, 1)]);
    assert_eq!(client.addresses.len(), 2);
    assert_eq!(attacker.addresses, [IpAddress::v4(192, 0, 2, 3)]);
    assert_eq!(
        (server.receive_buffer, server.mss),
        (Some(4000), Some(1000))
    );
    assert_eq!(client.send_buffer, Some(65536));
    assert!(matches!(attacker.stack, Stack::Scripted));
    let profile = server.profile().unwrap();
    assert_eq!(
        (profile.name.as_str(), profile.title.as_str()),
        ("deaf", "Ours")
    );
    let knobs = profile.to_toml();
    assert!(knobs.contains("capacity = \"zero\""), "{knobs}");
    assert!(knobs.contains("acknowledge = \"withhold\""), "{knobs}");
    assert!(knobs.contains("receive_buffer = 4000"), "{knobs}");
    assert!(
        client
            .profile()
            .unwrap()
            .to_toml()
            .contains("min = \"300ms\"")
    );

    let [none, some] = scenario.expects.as_slice() else {
        panic!("two expectations")
    };
    assert_eq!(
        (none.filter.value.as_str(), none.frames.clone()),
        ("icmp", 0..=0)
    );
    assert_eq!(
        (some.frames.clone(), some.from),
        (4..=u64::MAX, Duration::from_millis(10))
    );

    assert_eq!(scenario.script.statements.len(), 17);
    let last = scenario.script.statements.last().unwrap();
    assert_eq!(last.time.value, TimeSpec::Relative(Duration::ZERO));
    let Subject::Call(call) = &last.subject else {
        panic!("{last:?}")
    };
    assert_eq!(
        scenario.source.slice(call.error.as_ref().unwrap().span),
        "WSAESHUTDOWN"
    );
    assert_eq!(scenario.source.line(last.span.start), last.line);
}

/// Something that is wrong with [`whole`]: a name, what is replaced, and by what.
const FAULTS: &[(&str, &str, &str)] = &[
    ("unknown_key", "seed = 7", "sede = 7"),
    ("sweep", "seed = 7", "sweep.sede = [1, 2]"),
    ("seed_negative", "seed = 7", "seed = -7"),
    ("duration_without_unit", "delay = \"10ms\"", "delay = 10"),
    ("duration_unit", "delay = \"10ms\"", "delay = \"10 msec\""),
    ("delay_absurd", "delay = \"10ms\"", "delay = \"2h\""),
    ("until_absurd", "until = \"20min\"", "until = \"25h\""),
    ("loss_percent", "loss = 0.25", "loss = 25"),
    ("rate_unit", "rate = \"100Mbit\"", "rate = \"100MB\""),
    ("network_key", "queue = 10", "queu = 10"),
    (
        "network_direction",
        "[network.client_to_server]",
        "[network.client_to_sever]",
    ),
    ("host_mss", "mss = 1000", "mss = 12"),
    ("host_profile", "profile = \"linux\"", "profile = \"linus\""),
    ("host_no_profile", "profile = \"linux\"\n", ""),
    ("host_address", "\"192.0.2.77\"", "\"192.0.2.777\""),
    ("host_address_taken", "\"192.0.2.77\"", "\"192.0.2.1\""),
    ("host_knob", "rto.min = \"300ms\"", "rto.mni = \"300ms\""),
    ("host_knob_value", "rto.min = \"300ms\"", "rto.min = 300"),
    (
        "host_kernel",
        "\"scripted\"",
        "\"kernel\"\nrto.min = \"300ms\"",
    ),
    ("host_name", "[hosts.attacker]", "[hosts.link]"),
    (
        "profile_circle",
        "extends = \"wsprecvdisconnect\"",
        "extends = \"deaf\"",
    ),
    ("profile_extends", "extends = \"wsprecvdisconnect\"\n", ""),
    (
        "profile_knob_value",
        "capacity = \"zero\"",
        "capacity = \"half\"",
    ),
    ("expect_without_frames", "frames = 0\n", ""),
    ("toml_duplicate", "seed = 7", "seed = 7\nseed = 8"),
    ("toml_syntax", "seed = 7", "seed == 7"),
    ("toml_nul", "seed = 7", "seed = \"\0\""),
    (
        "script_in_a_section",
        "[network]\ndelay",
        "[network]\nscript = ''\ndelay",
    ),
    (
        "key_in_a_host",
        "mss = 1000",
        "mss = 1000\nseed = 7\nuntil = '1s'",
    ),
    ("script_missing", "script = '''", "skript = '''"),
    ("script_call", "WSPRecvDisconnect(4", "WSPRecvDisconect(4"),
    (
        "script_call_of_other_api",
        "+0    client: send(3, 8000)",
        "+0    client: closesocket(3)",
    ),
    (
        "script_call_without_result",
        "+0    server: listen(3, 1) = 0",
        "+0    server: listen(3, 1)",
    ),
    (
        "script_routine",
        "+0    server: listen(3, 1) = 0",
        "+0    server/main.hok: listen(3, 1) = 0",
    ),
    (
        "script_routine_of_other_api",
        "+0    client: send(3, 8000)",
        "+0    client/main.apc: send(3, 8000)",
    ),
    ("script_bracket", "listen(3, 1) =", "listen(3, 1 ="),
    (
        "script_host",
        "+0    server: listen",
        "+0    servre: listen",
    ),
    (
        "script_host_of_endpoint",
        "connect(3, server:80)",
        "connect(3, srver:80)",
    ),
    (
        "script_host_of_packet",
        "server > client: S.",
        "server > cleint: S.",
    ),
    (
        "script_call_of_scripted",
        "+0    attacker > server: udp (100)",
        "+0 attacker: close(3) = 0",
    ),
    (
        "script_flags",
        "client > server: S 0:0",
        "client > server: SYN 0:0",
    ),
    ("script_sequence", "S 0:0(0) win", "S 0:1(0) win"),
    ("script_window", "win 64240", "win 65536"),
    ("script_option", "sackOK", "sackok"),
    ("script_inject_without_sequence", "R 1:1(0) win 0", "R"),
    ("script_expect_name", "held == 4000", "hedl == 4000"),
    (
        "script_expect_state",
        "state == ESTABLISHED",
        "state == ESTABLISH",
    ),
    ("script_expect_kind", "held == 4000", "held == lots"),
    (
        "script_link_key",
        "client > server down",
        "client > server dwon",
    ),
    ("script_time_back", "+.1   server", "0.001 server"),
    (
        "script_time_unit",
        "+.02  server: accept",
        "+20ms server: accept",
    ),
    ("script_time_of_call", "+.1   server", "*     server"),
    ("script_time_of_nothing", "+0~+5 server", "+5    server"),
    (
        "script_return",
        "server: WSPRecv",
        "server: ...0.001 WSPRecv",
    ),
    (
        "script_packetdrill",
        "*     server > client: S.",
        "*     > S.",
    ),
    (
        "script_comment",
        "// The server listens.",
        "/* The server listens.",
    ),
    ("script_string", "send(3, 8000)", "send(3, \"text)"),
];

#[test]
fn what_is_said_about_bad_files() {
    let whole = whole();
    let mut shown = String::new();
    for (name, from, to) in FAULTS {
        assert_eq!(
            whole.matches(from).count(),
            1,
            "{name}: {from:?} must stand once"
        );
        let Err(invalid) = parse(whole.replace(from, to)) else {
            panic!("{name} is no error")
        };
        shown.push_str(&format!("---- {name}: {to:?}\n{invalid}\n"));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("bad_files", shown);
    });
}

#[test]
fn every_error_of_a_file_is_found_at_once() {
    let mut text = whole();
    let mut count = 0;
    for name in [
        "unknown_key",
        "loss_percent",
        "host_mss",
        "host_knob",
        "script_call",
        "script_host",
        "script_flags",
        "script_expect_name",
        "script_link_key",
        "network_key",
    ] {
        let (_, from, to) = FAULTS.iter().find(|(it, _, _)| *it == name).unwrap();
        text = text.replace(from, to);
        count += 1;
    }
    let invalid = parse(text).unwrap_err();
    assert_eq!(invalid.diagnostics.len(), count, "{invalid}");
    assert!(
        invalid.diagnostics.is_sorted_by_key(|it| it.span),
        "{invalid}"
    );
}

#[test]
fn a_script_may_stand_in_any_quotes_that_keep_it_as_it_is() {
    let rest = "[hosts.a]\nprofile = \"linux\"\n[hosts.b]\nprofile = \"scripted\"\n";
    for (quotes, statement) in [
        ("'''", "\r\n+0 a: f(1) = 0\r\n"),
        ("\"\"\"", "\n+0 a: f(1) = 0\n"),
        ("'", "+0 a: f(1) = 0"),
        ("\"", "+0 a: f(1) = 0"),
    ] {
        let text = format!("script = {quotes}{statement}{quotes}\n{rest}");
        let invalid = parse(&text).expect_err("there is no call `f`");
        assert_eq!(invalid.diagnostics.len(), 1, "{invalid}");
        assert_eq!(
            invalid.source.slice(invalid.diagnostics[0].span.unwrap()),
            "f",
            "{text}"
        );
    }
    let escaped = format!("script = \"+0 a: f(1) = 0\\n\"\n{rest}");
    assert!(parse(escaped).unwrap_err().to_string().contains("escapes"));
}

#[test]
fn files_beyond_the_limits() {
    let hosts = |count: usize| -> String {
        (0..count)
            .map(|it| format!("[hosts.h{it}]\nprofile = \"linux\"\n"))
            .collect()
    };
    let script = "script = '+0 h0: close(3) = 0'\n";
    assert!(parse(format!("{script}{}", hosts(limits::HOSTS_MAX))).is_ok());
    let statements = "+0 h0: close(3) = 0\n".repeat(limits::STATEMENTS_MAX + 1);
    for (text, message) in [
        (
            format!("{script}{}", hosts(limits::HOSTS_MAX + 1)),
            "at most 16 hosts",
        ),
        (
            format!("script = '''{statements}'''\n{}", hosts(1)),
            "at most 10000 statements",
        ),
        (
            format!("script = '''{}'''", "+0 a: f() = 0\n".repeat(1 << 20)),
            "at most 1024 KiB",
        ),
        (format!("x = {}", "[".repeat(1 << 19)), "recursion"),
        ("a.".repeat(1 << 18) + "b = 1", "recursion"),
        (String::new(), "needs at least one host"),
    ] {
        let shown = parse(&text).expect_err(message).to_string();
        assert!(
            shown.contains(message),
            "{message}: {}",
            &shown[..shown.len().min(500)]
        );
        assert!(
            shown.len() < 100_000,
            "{message}: {} octets are too many",
            shown.len()
        );
    }
    let invalid = parse(b"# \xff\nseed = 1").unwrap_err();
    assert!(
        invalid
            .to_string()
            .contains("test.toml:1:3: the file is not UTF-8"),
        "{invalid}"
    );
}

#[test]
fn a_hostile_file_comes_to_a_short_report() {
    let host = "[hosts.a]\nprofile = \"linux\"\n";
    let script =
        |text: &str, count: usize| format!("script = '''\n{}'''\n{host}", text.repeat(count));
    let keys = |head: &str, key: &str, count: usize| -> String {
        head.to_owned()
            + &(0..count)
                .map(|it| format!("{key}{it} = 0\n"))
                .collect::<String>()
    };
    for (name, text) in [
        ("knobs", keys(host, "rto.x", 60_000)),
        ("keys", keys("", "x", 60_000)),
        ("directions", keys("[network]\n", "a_to_b", 50_000)),
        (
            "hosts",
            (0..60_000).map(|it| format!("[hosts.x{it}]\n")).collect(),
        ),
        (
            "profiles",
            (0..60_000)
                .map(|it| format!("[profiles.x{it}]\n"))
                .collect(),
        ),
        ("expects", "[[expect]]\n".repeat(80_000)),
        ("claims", format!("claims = [{}]", "\"a\",".repeat(200_000))),
        ("open comments", script("/* \n", 200_000)),
        ("open calls", script("0 a: f(\n", 100_000)),
        ("open lists", script("[", 1_000_000)),
        ("unknown hosts", script("0 bbbbbbbb: f() = 0\n", 9_999)),
        ("one word", script("f", 1_000_000)),
        ("one number", script("0", 1_000_000)),
        ("lines", "\n".repeat(1_000_000)),
        ("brackets", "]=\n".repeat(300_000)),
    ] {
        let invalid = parse(&text).expect_err(name);
        let count = invalid.diagnostics.len();
        assert!(
            count <= limits::DIAGNOSTICS_MAX + 1,
            "{name}: {count} errors"
        );
        let length = invalid.to_string().len();
        assert!(length < 100_000, "{name}: a report of {length} octets");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = Scenario::load(Path::new("no/such/file.toml"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("cannot read no/such/file.toml: "),
        "{missing}"
    );
    assert!(Scenario::load(Path::new(env!("CARGO_MANIFEST_DIR"))).is_err());
}

/// What hostile files are made of: parts of the language, and things that break lexers.
fn fragment() -> impl Strategy<Value = String> {
    let parts = [
        "'''",
        "\"",
        "\"\"\"",
        "\n",
        "\r\n",
        "\0",
        "/*",
        "*/",
        "//",
        "#",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "<",
        ">",
        "...",
        "..",
        ".",
        "~",
        "+",
        "-",
        "*",
        ":",
        ",",
        "=",
        "==",
        "|",
        "%{",
        "`",
        "0x",
        "1e9",
        "99999999999999999999",
        "server",
        "client",
        "expect",
        "inject",
        "link",
        "nothing",
        "udp",
        "icmp",
        "ack",
        "win",
        "mss",
        "sack",
        "TS val",
        "MAKEWORD(",
        "\u{feff}",
        "ü",
        "\u{202e}",
        "  ",
        "\\",
        "_to_",
        "[hosts.x]",
        "[network]",
        "[[expect]]",
        "extends",
    ];
    prop_oneof![
        3 => select(parts.to_vec()).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_octets_panic(octets in vec(any::<u8>(), 0..2000)) {
        let _ = parse(octets).map_err(|it| it.to_string());
    }

    #[test]
    fn no_change_of_a_whole_scenario_panics(
        changes in vec((any::<Index>(), 0..20_usize, fragment()), 1..8),
    ) {
        let mut text: Vec<char> = whole().chars().collect();
        for (at, remove, insert) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + remove).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(invalid) = parse(&text) {
            prop_assert!(!invalid.diagnostics.is_empty());
            prop_assert!(!invalid.to_string().contains("cannot be read"), "{}", invalid);
        }
    }

    #[test]
    fn no_script_panics(fragments in vec(fragment(), 0..40)) {
        let script = fragments.concat().replace("'''", "");
        let text = format!("script = '''\n{script}\n'''\n[hosts.server]\nprofile = \"linux\"\n");
        let _ = parse(text).map_err(|it| it.to_string());
    }
}

#[test]
fn a_bad_filter_is_an_error_of_the_file_with_its_place() {
    let head = "script = '+0 a: close(3) = 0'\n[hosts.a]\nprofile = 'linux'\n[[expect]]\n";
    // The value, and where the field that does not exist is found.
    let rows = [
        (
            "'tcp && tcp.prt == 80'",
            "a.toml:5:18: unknown field `tcp.prt`",
        ),
        (
            "\"tcp && tcp.prt == 80\"",
            "a.toml:5:18: unknown field `tcp.prt`",
        ),
        (
            "'''\ntcp &&\ntcp.prt == 80'''",
            "a.toml:7:1: unknown field `tcp.prt`",
        ),
        // Escapes shift places, so the whole value is shown.
        (
            "\"tcp.prt == \\u0038\"",
            "a.toml:5:10: unknown field `tcp.prt`",
        ),
    ];
    for (filter, expected) in rows {
        let text = format!("{head}filter = {filter}\nframes = 0\n");
        let invalid = Scenario::parse("a.toml".as_ref(), text.into()).unwrap_err();
        let shown = invalid.to_string();
        assert!(shown.starts_with(expected), "{shown}");
        assert!(
            shown.contains("= help: did you mean `tcp.port`?"),
            "{shown}"
        );
    }
}
