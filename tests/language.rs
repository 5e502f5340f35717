//! The language of scenarios, form by form: each is written once so that it holds, and once so that
//! it does not. What a form means is what makes the difference.

use std::path::Path;

use hangup::run::run;
use hangup::scenario::Scenario;
use hangup::scenario::script::Property;

/// A connection of a Linux server with a peer that is played, a Winsock server beside it, and what
/// a row adds: keys of the file, statements, and sections.
fn scenario(head: &str, statements: &str, tail: &str) -> String {
    format!(
        "{head}
script = '''
0    server: socket(AF_INET, SOCK_STREAM, 0) = 3
+0   server: bind(3, server:80) = 0
+0   server: listen(3, 1) = 0
+0   peer:5000 > server:80: S 0:0(0) win 65535 <mss 1460>
+0   server > peer: S. 0:0(0) ack 1 <...>
+0   peer > server: . 1:1(0) ack 1 win 65535
+0   server: accept(3) = 4
{statements}
'''
[hosts.server]
profile = 'linux'
[hosts.peer]
profile = 'scripted'
[hosts.windows]
profile = 'winsock'
{tail}
"
    )
}

/// The messages about everything that did not hold.
#[track_caller]
fn failures(text: String) -> Vec<String> {
    let shown = text.clone();
    let scenario = Scenario::parse(Path::new("row.toml"), text.into());
    let scenario = scenario.unwrap_or_else(|invalid| panic!("{invalid}\n{shown}"));
    assert_eq!(scenario.warnings, [], "{shown}");
    let outcome = run(&scenario, None);
    let mut failures = [outcome.failures, outcome.untold].concat();
    failures.sort_by_key(|it| it.span);
    failures.into_iter().map(|it| it.message).collect()
}

/// Rows of statements that hold, of statements that do not, and of what is said of them. The
/// statements `before` come first in both.
#[track_caller]
fn statements(before: &str, rows: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (holds, fails, says) in rows {
        let told = |row: &str| failures(scenario("", &format!("{before}\n{row}"), ""));
        let (good, bad) = (told(holds), told(fails));
        if !good.is_empty() {
            wrong.push(format!("{holds}\n    does not hold: {good:?}"));
        }
        if bad.len() != 1 || !bad[0].contains(says) {
            wrong.push(format!("{fails}\n    says {bad:?}\n    and not {says:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

const NEVER_CAME: &str = "expected segment never came";

#[test]
fn times_of_packets() {
    statements(
        "0.1 server: send(4, 100) = 100",
        &[
            (
                "0.1 server > peer: P. 1:101(100)",
                "0.2 server > peer: P. 1:101(100)",
                NEVER_CAME,
            ),
            (
                "+0 server > peer: P. 1:101(100)",
                "+.05 server > peer: P. 1:101(100)",
                NEVER_CAME,
            ),
            (
                "* server > peer: P. 1:101(100)",
                "* server > peer: P. 1:102(101)",
                NEVER_CAME,
            ),
            (
                "0.1~0.2 server > peer: P. 1:101(100)",
                "0.11~0.2 server > peer: P. 1:101(100)",
                NEVER_CAME,
            ),
            (
                "+0~+.1 server > peer: P. 1:101(100)",
                "+.01~+.1 server > peer: P. 1:101(100)",
                NEVER_CAME,
            ),
        ],
    );
}

/// Data comes at 0.3 to a call that was made at 0.1.
#[test]
fn times_of_returns() {
    let data = "\n+.2 peer > server: P. 1:101(100) ack 1";
    let call = |returns: &str| format!("0.1 server: {returns}recv(4, 100) = 100{data}");
    let at_once = "`recv` does not return at once";
    let rows = [
        ("...0.3 ", "...0.2 ", "`recv` returned at 0.300000"),
        ("...+.2 ", "...+.3 ", "`recv` returned at 0.300000"),
        ("...0.25~0.35 ", "...0.31~0.35 ", "`recv` returned at"),
        ("...+.1~+.2 ", "...+.1~+.15 ", "`recv` returned at"),
        ("...* ", "", at_once),
    ];
    let rows: Vec<(String, String, &str)> = rows
        .into_iter()
        .map(|(holds, fails, says)| (call(holds), call(fails), says))
        .collect();
    let rows: Vec<(&str, &str, &str)> = rows.iter().map(|(a, b, c)| (&**a, &**b, *c)).collect();
    statements("", &rows);
}

#[test]
fn results_of_calls() {
    statements(
        "0.1 windows: WSAStartup(0x0202) = 0",
        &[
            (
                "+0 server: send(4, \"abc\") = 3",
                "+0 server: send(4, \"abc\") = 4",
                "`send` returned 3",
            ),
            (
                "+0 server: close(4) = 0x0",
                "+0 server: close(4) = -1",
                "`close` returned 0",
            ),
            (
                "+0 server: close(9) = -1 EBADF (Bad file descriptor)",
                "+0 server: close(9) = -1 EINVAL",
                "`close` returned -1 EBADF",
            ),
            // What is not written is not looked at.
            (
                "+0 server: close(9) = -1",
                "+0 server: close(9) = 0",
                "`close` returned -1 EBADF",
            ),
            (
                "+0 server: close(9) = ...",
                "+0 server: close(9) = ... EINVAL",
                "`close` returned -1 EBADF",
            ),
            (
                "+0 windows: closesocket(9) = SOCKET_ERROR WSAENOTSOCK",
                "+0 windows: closesocket(9) = SOCKET_ERROR WSAEINVAL",
                "`closesocket` returned SOCKET_ERROR WSAENOTSOCK",
            ),
            (
                "+0 server: poll([{fd=4, events=POLLOUT, revents=POLLOUT}], 1, 0) = 1",
                "+0 server: poll([{fd=4, events=POLLOUT, revents=POLLIN}], 1, 0) = 1",
                "`poll`",
            ),
            (
                "+0 server: fcntl(4, F_GETFL) = 0x2",
                "+0 server: fcntl(4, F_GETFL) = 0x802",
                "`fcntl` returned 2",
            ),
            // A thread of its own waits by itself.
            (
                "+0 server/other: ...+.2 recv(4, 9) = 9\n+.1 server: listen(3, 1) = 0\n\
                 +.1 peer > server: P. 1:10(9) ack 1",
                "+0 server: ...+.2 recv(4, 9) = 9\n+.1 server: listen(3, 1) = 0\n\
                 +.1 peer > server: P. 1:10(9) ack 1",
                "`listen` is called while its thread waits",
            ),
        ],
    );
}

#[test]
fn flags_in_any_order() {
    statements(
        "0.1 windows: WSAStartup(0x0202) = 0
+0 windows: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 5
+0 windows: bind(5, windows:80) = 0
+0 windows: listen(5, 1) = 0
+0 peer:7000 > windows:80: S 0:0(0)
+0 peer:7000 > windows:80: . 1:1(0) ack 1
+0 windows: accept(5) = 6
+0 windows: WSACreateEvent() = 9
+0 windows: WSAEventSelect(6, 9, FD_WRITE|FD_READ) = 0
+0 peer:7000 > windows:80: P. 1:4(3) ack 1",
        &[
            (
                "+0 windows: WSAEnumNetworkEvents(6, 9) = FD_WRITE|FD_READ",
                "+0 windows: WSAEnumNetworkEvents(6, 9) = FD_READ",
                "`WSAEnumNetworkEvents` returned FD_READ|FD_WRITE",
            ),
            (
                "+0 windows: expect 6.network_events == FD_WRITE|FD_READ",
                "+0 windows: expect 6.network_events == FD_WRITE",
                "`network_events` is FD_READ|FD_WRITE",
            ),
        ],
    );
}

#[test]
fn fields_of_segments() {
    let told = NEVER_CAME;
    statements(
        "0.1 server: send(4, \"abc\") = 3",
        &[
            ("+0 server > peer: P.", "+0 server > peer: .", told),
            (
                "+0 server > peer: P. 1:4(3)",
                "+0 server > peer: P. 1:5(4)",
                told,
            ),
            (
                "+0 server > peer: P. ack 1",
                "+0 server > peer: P. ack 2",
                told,
            ),
            (
                "+0 server > peer: P. 1:4(3) ack 1 win 64240",
                "+0 server > peer: P. 1:4(3) ack 1 win 64241",
                told,
            ),
            (
                "+0 server > peer: P. 1:4(3) <>",
                "+0 server > peer: P. 1:4(3) <nop>",
                told,
            ),
            (
                "+0 server > peer: P. 1:4(3) <...>",
                "+0 server > peer: P. 2:5(3) <...>",
                told,
            ),
            (
                "+0 server > peer: P. 1:4(3) data \"abc\"",
                "+0 server > peer: P. 1:4(3) data \"abd\"",
                told,
            ),
            (
                "+0 server > peer: P. 1:4(3) data [61 62 63]",
                "+0 server > peer: P. 1:4(3) data [61 62 64]",
                told,
            ),
            (
                "+0 server:80 > peer:5000: P.",
                "+0 server:80 > peer:5001: P.",
                told,
            ),
        ],
    );
    // Options are compared in their order.
    let syn = |options: &str| {
        format!(
            "+.1 peer:6000 > server:80: S 0:0(0) <mss 1000,sackOK,nop,wscale 7>\n\
             +0 server > peer:6000: S. 0:0(0) ack 1 <{options}>"
        )
    };
    let good = syn("mss 1460,nop,nop,sackOK,nop,wscale 10");
    let order = syn("mss 1460,nop,wscale 10,nop,nop,sackOK");
    let fewer = syn("mss 1460");
    statements("", &[(&good, &order, told), (&good, &fewer, told)]);
}

#[test]
fn packets_of_other_kinds() {
    let message = "expected message never came";
    statements(
        "0.1 server: socket(AF_INET, SOCK_DGRAM, 0) = 5
+0  server: bind(5, server:53) = 0
+0  server: sendto(5, 400, peer:9) = 400",
        &[(
            "+0 server:53 > peer: udp (400)",
            "+0 server:53 > peer: udp (401)",
            "expected datagram never came",
        )],
    );
    statements(
        "0.1 peer:9 > server:81: udp (10)",
        &[
            (
                "+0 server > peer: icmp 3 3",
                "+0 server > peer: icmp 3 1",
                message,
            ),
            (
                "+0 server > peer: icmp unreachable port_unreachable",
                "+0 server > peer: icmp unreachable host_unreachable",
                message,
            ),
            (
                "+0 server > peer: icmp unreachable",
                "+0 server > peer: icmp time_exceeded",
                message,
            ),
        ],
    );
}

#[test]
fn silence_and_forged_packets() {
    statements(
        "0.1 server: send(4, 100) = 100\n+0 server > peer: P. 1:101(100)",
        &[(
            "+0~+.2 server > peer: nothing",
            "+0~+.3 server > peer: nothing",
            "1 packet where there must be none",
        )],
    );
    let after = "\n+0 server: expect error == ECONNRESET";
    let reset = format!("0.1 inject peer > server: R 1:1(0){after}");
    // Beyond the window: RFC 5961 section 3.2 has it ignored.
    let beyond = format!("0.1 inject peer > server: R 99999:99999(0){after}");
    statements("", &[(&reset, &beyond, "`error` is none")]);
}

/// A strict scenario has a line for every packet.
#[test]
fn strictness() {
    let acknowledged = "0.1 peer > server: P. 1:101(100) ack 1";
    let lines = format!("{acknowledged}\n+0 server > peer: . 1:1(0) ack 101");
    let holds = |head, statements| failures(scenario(head, statements, "")).is_empty();
    assert!(holds("", acknowledged));
    assert!(!holds("strict = true", acknowledged));
    assert!(holds("strict = true", &lines));
}

/// Each change of a link, and the same script without it.
#[test]
fn changes_of_links() {
    let data = "peer > server: P. 1:101(100) ack 1";
    let rows = [
        ("down", "+.1 server: expect accepted == 1"),
        ("loss 1", "+.1 server: expect accepted == 1"),
        ("corrupt 1", "+.1 server: expect accepted == 1"),
        ("peer > server loss 1", "+.1 server: expect accepted == 1"),
        (
            "mtu 576",
            "+.1 server: expect accepted == 101\n+0 peer > server: . 101:801(700) ack 1\n\
          +.1 server: expect accepted == 101",
        ),
        (
            "delay 10ms",
            "+.009 server: expect accepted == 1\n+.001 server: expect accepted == 101",
        ),
        // 154 octets on the wire are 1232 bits.
        (
            "rate 1232bit",
            "+.99 server: expect accepted == 1\n+.01 server: expect accepted == 101",
        ),
        (
            "rate 1232bit queue 1",
            "+0 peer > server: . 101:201(100) ack 1\n\
          +0 peer > server: . 201:301(100) ack 1\n+3 server: expect accepted == 201",
        ),
        (
            "duplicate 1",
            "+0 server > peer: . ack 101\n+0 server > peer: . ack 101",
        ),
        // A delay of none, and a millisecond.
        (
            "reorder 1",
            "+0 server: expect accepted == 1\n+.001 server: expect accepted == 101",
        ),
    ];
    for (change, after) in rows {
        let told = |change: &str| {
            let statements = format!("0.1 {change}\n+0 {data}\n{after}");
            failures(scenario("", &statements, ""))
        };
        assert_eq!(told(&format!("link {change}")), [""; 0], "link {change}");
        assert_ne!(
            told("link up"),
            [""; 0],
            "link {change} makes no difference"
        );
    }
    let again = "0.1 link down rate 1bit\n+0 link up rate unlimited\n";
    let statements = format!("{again}+0 {data}\n+0 server: expect accepted == 101");
    assert_eq!(failures(scenario("", &statements, "")), [""; 0]);
}

#[test]
fn a_subsystem_that_fails() {
    statements(
        "0.1 server: subsystem down",
        &[
            (
                "+0 server: send(4, 1) = -1 ENETDOWN",
                "+0 server: send(4, 1) = 1",
                "`send` returned -1 ENETDOWN",
            ),
            (
                "+0 server: subsystem up\n+0 server: send(4, 1) = 1",
                "+0 server: subsystem up\n+0 server: send(4, 1) = -1 ENETDOWN",
                "`send` returned 1",
            ),
        ],
    );
}

/// Every property, with what it is, and with what it is not.
#[test]
fn properties_of_sockets() {
    let before = "0.1 peer > server: P. 1:101(100) ack 1
+0 server: send(4, 1000) = 1000
+0 windows: WSAStartup(0x0202) = 0
+0 windows: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
+0 windows: WSACreateEvent() = 9
+0 windows: WSAEventSelect(3, 9, FD_CLOSE) = 0";
    let rows = [
        ("state", "== ESTABLISHED", "!= ESTABLISHED"),
        ("readable", "== true", "== false"),
        ("writable", "== true", "!= true"),
        ("receive_ended", "== false", "== true"),
        ("hung_up", "== false", "== true"),
        ("queued", "== 100", "!= 100"),
        ("held", "== 0", "> 0"),
        ("accepted", "== 101", "< 101"),
        ("acknowledged", "<= 101", "<= 100"),
        ("right_edge", ">= 64000", "> 70000"),
        ("window", "> 60000", ">= 65536"),
        ("unacked", "== 1000", "== 0"),
        ("unsent", "== 0", "== 1"),
        ("send_window", "== 65535", "< 65535"),
        ("cwnd", "== 14600", "< 14600"),
        ("ssthresh", "> 100000", "< 100000"),
        ("rto", "== 200ms", "== 1"),
        ("srtt", "== 0s", "== none"),
        ("retransmissions", "== 0", "!= 0"),
        ("error", "== none", "!= none"),
    ];
    let row = |(name, good, bad): (&str, &str, &str)| {
        let line = |condition: &str| format!("+0 server: expect 4.{name} {condition}");
        (line(good), line(bad), format!("`{name}` is "))
    };
    let mut all: Vec<(String, String, String)> = rows.into_iter().map(row).collect();
    let line = |condition: &str| format!("+0 windows: expect network_events {condition}");
    let events = (
        line("== 0"),
        line("!= 0"),
        "`network_events` is 0".to_owned(),
    );
    all.push(events);
    for (_, name, _) in Property::ALL {
        let is_there = all
            .iter()
            .any(|(_, _, says)| says.contains(&format!("`{name}`")));
        assert!(is_there, "there is no row of {name}");
    }
    // Without a number it is the one connection, and a closed socket is none in everything.
    all.push((
        "+0 server: expect accepted == 101, queued == 100".to_owned(),
        "+0 server: expect accepted == 101, queued == 101".to_owned(),
        "`queued` is 100".to_owned(),
    ));
    all.push((
        "+0 inject peer > server: R 101:101(0)\n+0 server: close(4) = 0\n\
         +0 server: expect 4.state == none, 4.queued != 100, 4.error == none"
            .to_owned(),
        "+0 server: expect 8.state == none".to_owned(),
        "no call has opened socket 8".to_owned(),
    ));
    let all: Vec<(&str, &str, &str)> = all.iter().map(|(a, b, c)| (&**a, &**b, &**c)).collect();
    statements(before, &all);
}

/// Frames of the whole trace: two of the handshake before the row, one with data, one in answer.
#[test]
fn filters_of_the_trace() {
    let script = "0.1 peer > server: P. 1:101(100) ack 1";
    let rows = [
        ("filter = 'tcp.len == 100'\nframes = 1", true),
        ("filter = 'tcp.len == 100'\nframes = 2", false),
        ("filter = 'tcp'\nmin = 5", true),
        ("filter = 'tcp'\nmin = 6", false),
        ("filter = 'tcp'\nmax = 5", true),
        ("filter = 'tcp'\nmax = 4", false),
        ("filter = 'tcp'\nmin = 4\nmax = 6", true),
        ("filter = 'tcp'\nmin = 1\nmax = 4", false),
        ("filter = 'tcp'\nframes = 2\nfrom = '0.1s'", true),
        ("filter = 'tcp'\nframes = 2\nfrom = '0.11s'", false),
        ("filter = 'tcp'\nframes = 3\nuntil = '99ms'", true),
        ("filter = 'tcp'\nframes = 3\nuntil = '0.1s'", false),
    ];
    for (expect, holds) in rows {
        let failures = failures(scenario("", script, &format!("[[expect]]\n{expect}")));
        assert_eq!(failures.is_empty(), holds, "{expect}: {failures:?}");
    }
}

/// Every failure of a script is told, in the order of the file.
#[test]
fn all_failures_are_told() {
    let wrong = "0.1 server: close(9) = 0
+0 server > peer: F. 1:1(0)
+0 server: expect held == 1";
    let told = failures(scenario("", wrong, "[[expect]]\nfilter = 'udp'\nmin = 1"));
    let says = ["`close` returned", NEVER_CAME, "`held` is 0", "frames"];
    assert_eq!(told.len(), says.len(), "{told:?}");
    for (told, says) in told.iter().zip(says) {
        assert!(told.contains(says), "{told}");
    }
}
