//! Programs of hosts: what each step does, what they refuse, and where they end.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use hangup::bounds::Usual;
use hangup::capture::pcapng::{self, Writing};
use hangup::capture::{Part, TraceOptions};
use hangup::event_log::Kept;
use hangup::run::{Outcome, Reader, run, run_read};
use hangup::scenario::{Scenario, ScenarioFile};
use hangup_stack::network::HostId;

/// A scenario of a server and a client that run these programs, with more keys.
fn text(server: &str, client: &str, keys: &str) -> String {
    format!(
        "network.delay = '10ms'\n{keys}\n[hosts.server]\nprofile = 'linux'\nprogram = '''\n\
         {server}\n'''\n[hosts.client]\nprofile = 'linux'\nprogram = '''\n{client}\n'''\n"
    )
}

#[track_caller]
fn played(text: String) -> Outcome {
    let shown = text.clone();
    let scenario = Scenario::parse(Path::new("programs.toml"), text.into());
    run(
        &scenario.unwrap_or_else(|invalid| panic!("{invalid}\n{shown}")),
        None,
    )
}

/// The calls of a host, in order, without those that open its sockets.
fn calls(outcome: &Outcome, host: usize) -> Vec<String> {
    const OPENING: [&str; 5] = ["WSAStartup", "socket", "bind", "listen", "connect"];
    let rows = outcome.calls.iter().filter(|it| it.host.0 == host);
    let rows = rows.filter(|row| !OPENING.iter().any(|it| row.text.starts_with(it)));
    rows.map(|it| it.text.clone()).collect()
}

/// What a server does with a client, step by step.
#[test]
fn steps_are_calls() {
    for (server, client, does) in [
        // A number of octets is read in as many calls as it takes, and no octet more.
        (
            "read 150; stop",
            "send 100; wait 1s; send 100; stop",
            &["recv(fd=4, 150) = 100", "recv(fd=4, 50) = 50"][..],
        ),
        // What came behind a pattern is there for the next step.
        (
            "read until \"\\n\"; read 2; read until \"e\"; close",
            "send \"ab\\ncdef\"; read until end",
            &["recv(fd=4, 4096) = 7", "close(fd=4) = 0"],
        ),
        (
            "echo until [0a]; close",
            "send \"a\"; wait 1s; send \"b\\nc\"; read until end; close",
            &[
                "recv(fd=4, 4096) = 1",
                "send(fd=4, \"a\") = 1",
                "recv(fd=4, 4096) = 3",
                "send(fd=4, \"b\\n\") = 2",
                "close(fd=4) = 0",
            ],
        ),
        (
            "discard; close",
            "send [00 ff]; shutdown(connection, SHUT_WR) = 0; read until end; close",
            &[
                "recv(fd=4, 65536) = 2",
                "recv(fd=4, 65536) = 0",
                "close(fd=4) = 0",
            ],
        ),
        (
            "send 100 by 60; close",
            "read until end; close",
            &[
                "send(fd=4, 60 octets) = 60",
                "send(fd=4, 40 octets) = 40",
                "close(fd=4) = 0",
            ],
        ),
        // The first of what may come.
        (
            "read 10 or 1s { send \"late\"; close } or end { send \"end\"; close }\n\
             send \"ten\"; close",
            "wait 2s; send 10; read until end; close",
            &[
                "recv(fd=4, 10) given up",
                "send(fd=4, \"late\") = 4",
                "close(fd=4) = 0",
            ],
        ),
        (
            "read 10 or 1s { send \"late\" } or end { send \"end\"; close }\n\
             send \"ten\"; close",
            "shutdown(connection, SHUT_WR); read until end; close",
            &[
                "recv(fd=4, 10) = 0",
                "send(fd=4, \"end\") = 3",
                "close(fd=4) = 0",
            ],
        ),
        // An end that nobody asked for ends the innermost loop, and then the connection.
        (
            "repeat { read 2; send \"x\" }\nsend \"bye\"; close",
            "send 4; shutdown(connection, SHUT_WR); read until end; close",
            &[
                "recv(fd=4, 2) = 2",
                "send(fd=4, \"x\") = 1",
                "recv(fd=4, 2) = 2",
                "send(fd=4, \"x\") = 1",
                "recv(fd=4, 2) = 0",
                "send(fd=4, \"bye\") = 3",
                "close(fd=4) = 0",
            ],
        ),
        (
            "read 2; send \"never\"",
            "close",
            &["recv(fd=4, 2) = 0", "close(fd=4) = 0"],
        ),
        (
            "repeat 2 { send \"x\" }; when octets 1.. { close } else { stop }",
            "stop",
            &["send(fd=4, \"x\") = 1", "send(fd=4, \"x\") = 1"],
        ),
        (
            "wait 2s; when time 2s.. { send \"old\" } else { send \"new\" }; close",
            "stop",
            &["send(fd=4, \"old\") = 3", "close(fd=4) = 0"],
        ),
    ] {
        let text = text(
            &format!("listen 80 {{ {server} }}"),
            &format!("connect server:80 {{ {client} }}"),
            "",
        );
        let outcome = played(text);
        assert!(
            outcome.failures.is_empty(),
            "{server}: {:?}",
            outcome.failures
        );
        let made = calls(&outcome, 0);
        assert_eq!(made[0], "accept(fd=3) = 4", "{server}");
        assert_eq!(made[1..], *does, "{server}");
    }
}

/// Each connection is on its own, and has its number.
#[test]
fn connections_are_told_apart_by_their_number() {
    let server =
        "listen 80 accept 3 {\n when connection 2 { send \"two\" } else { wait 5s }\n close\n}";
    let client = "connect server:80 times 4 every 1s { read until end; close }";
    let outcome = played(text(server, client, "until = '20s'"));
    assert_eq!(outcome.failures, []);
    let made = calls(&outcome, 0);
    let expected = [
        "accept(fd=3) = 4",
        "accept(fd=3) = 5",
        "send(fd=5, \"two\") = 3",
        "close(fd=5) = 0",
        // The fourth one waits in the backlog for ever.
        "accept(fd=3) = 6",
        "close(fd=4) = 0",
        "close(fd=6) = 0",
    ];
    assert_eq!(made, expected);
}

/// A Winsock host uses its own calls, and what a program says of their results is judged.
#[test]
fn programs_of_winsock() {
    let text = |result: &str| {
        format!(
            "network.delay = '10ms'\n[hosts.server]\nprofile = 'winsock'\nprogram = '''\n\
             listen 80 {{ read 3; WSARecvDisconnect(connection, NULL) = {result}; close }}\n'''\n\
             [hosts.client]\nprofile = 'linux'\nprogram = '''\n\
             connect server:80 {{ send \"abc\"; read until end; close }}\n'''\n"
        )
    };
    let outcome = played(text("0"));
    assert_eq!(outcome.failures, []);
    let made: Vec<&str> = { outcome.calls.iter() }
        .filter(|it| it.host.0 == 0)
        .map(|it| it.text.as_str())
        .collect();
    let expected = [
        "WSAStartup(0x0202) = 0",
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3",
        "bind(s=3, *:80) = 0",
        "listen(s=3, 128) = 0",
        "accept(s=3) = 4",
        "recv(s=4, 3) = 3",
        "WSARecvDisconnect(s=4, NULL) = 0",
        "closesocket(s=4) = 0",
    ];
    assert_eq!(made, expected);
    let failures = played(text("SOCKET_ERROR WSAENOTCONN")).failures;
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].message, "`WSARecvDisconnect` returned 0");
}

#[test]
fn a_connection_that_is_refused_has_steps_of_its_own() {
    let client = "connect server:81 { send 1 } else { wait 1s; close }";
    let outcome = played(text("listen 80 { stop }", client, ""));
    assert_eq!(outcome.failures, []);
    let made: Vec<&str> = { outcome.calls.iter() }
        .filter(|it| it.host.0 == 1)
        .map(|it| it.text.as_str())
        .collect();
    assert_eq!(
        made[1..],
        [
            "connect(fd=3, server:81) = -1 ECONNREFUSED",
            "close(fd=3) = 0"
        ]
    );
}

/// What cannot begin, and what never ends, is a failure.
#[test]
fn programs_that_fail() {
    for (server, client, says) in [
        (
            "listen 80 { stop }\nlisten 80 { stop }",
            "connect server:80 { stop }",
            "this cannot begin",
        ),
        (
            "listen 80 { repeat 2000000 { when octets 1.. { stop } } }",
            "connect server:80 { stop }",
            "the program goes round here without end",
        ),
        (
            "listen 80 { getsockopt(connection, SOL_SOCKET, SO_ERROR) = 1 }",
            "connect server:80 { stop }",
            "`getsockopt` returned 0",
        ),
    ] {
        let failures = played(text(server, client, "")).failures;
        assert_eq!(failures.len(), 1, "{server}: {failures:?}");
        assert_eq!(failures[0].message, says, "{server}");
        assert!(failures[0].span.is_some(), "{server}");
    }
}

/// Labels of a program are behind those of the script.
#[test]
fn labels_do_not_meet_those_of_the_script() {
    let keys = "script = '''\n0 server: socket(AF_INET, SOCK_DGRAM, 0) = 7\n'''";
    let outcome = played(text(
        "listen 80 { close }",
        "connect server:80 { close }",
        keys,
    ));
    let opened: Vec<&str> = { outcome.calls.iter() }
        .filter(|it| it.host.0 == 0 && it.text.starts_with("socket"))
        .filter_map(|it| it.text.rsplit(' ').next())
        .collect();
    assert_eq!(opened, ["8", "7"]);
    assert!(calls(&outcome, 0).contains(&"accept(fd=8) = 9".to_owned()));
}

/// Everything that is wrong with a program has its place.
#[test]
fn errors_have_their_place() {
    for (program, at, says) in [
        ("", "5:", "the program has no parts"),
        (
            "lisen 80 { }",
            "6:1",
            "expected `listen PORT` or `connect HOST:PORT`",
        ),
        ("listen 0 { }", "6:8", "a port is 1 to 65535"),
        ("listen 80", "6:10", "expected `{` and the steps"),
        ("listen 80 { read }", "6:18", "expected how far"),
        ("listen 80 { reed 5 }", "6:13", "unknown step `reed`"),
        ("listen 80 { read 5x }", "6:18", "bad number `5x`"),
        (
            "listen 80 { read until 5 }",
            "6:13",
            "`until` is about octets",
        ),
        (
            "listen 80 { read until \"\" }",
            "6:24",
            "a pattern has 1 to 1024 octets",
        ),
        (
            "listen 80 { send 5 or end { } }",
            "6:23",
            "a send does not wait for this",
        ),
        ("listen 80 { send 5 by 0 }", "6:23", "bad number of octets"),
        ("listen 80 { wait 5 }", "6:18", "bad duration `5`"),
        (
            "listen 80 { repeat { } }",
            "6:13",
            "this may go round for ever",
        ),
        (
            "listen 80 { repeat { getsockname(connection) } }",
            "6:13",
            "this may go round",
        ),
        (
            "listen 80 { when colour 5 { } }",
            "6:18",
            "unknown choice `colour`",
        ),
        (
            "listen 80 { when octets 5..4 { } }",
            "6:25",
            "the range is empty",
        ),
        (
            "listen 80 { read 5 close }",
            "6:20",
            "expected the end of the line",
        ),
        ("listen 80 { close", "6:11", "this is never closed"),
        (
            "listen 80 { shutdwn(connection, SHUT_WR) }",
            "6:13",
            "unknown POSIX call `shutdwn`",
        ),
        (
            "listen 80 { shutdown(connection, SHUT_WRR) }",
            "6:34",
            "unknown name `SHUT_WRR`",
        ),
        (
            "listen 80 { WSARecvDisconnect(connection) }",
            "6:13",
            "is a Winsock call",
        ),
        ("connect sever:80 { stop }", "6:9", "unknown host `sever`"),
        (
            "connect server { stop }",
            "6:9",
            "this is no address with a port",
        ),
        (
            "connect server:80 times 0 { stop }",
            "6:25",
            "it connects at least once",
        ),
        (
            "connect server:80 { close(listener) }",
            "6:27",
            "a part that connects has no listener",
        ),
        (
            "listen 80 { send file \"x\" }",
            "6:23",
            "has no folder to read from",
        ),
    ] {
        let mut text =
            "hosts.server.profile = 'linux'\n\n\n\nhosts.server.program = '''\n".to_owned();
        let _ = write!(text, "{program}\n'''\n");
        let invalid = Scenario::parse(Path::new("programs.toml"), text.into());
        let said = invalid.expect_err(program).to_string();
        assert!(said.contains(says), "{program}: {said}");
        assert!(
            said.contains(&format!("programs.toml:{at}")),
            "{program}: {said}"
        );
    }
    let scripted = "hosts.a.profile = 'scripted'\nhosts.a.program = 'listen 80 { }'\n";
    let said = Scenario::parse(Path::new("a.toml"), scripted.into()).expect_err("no stack");
    assert!(said.to_string().contains("`a` has no stack"), "{said}");
}

#[test]
fn blocks_nest_to_a_limit() {
    let nested = |depth: usize| {
        let open = "repeat 1 { ".repeat(depth);
        let text = format!("listen 80 {{ {open} stop {} }}", "} ".repeat(depth));
        let text = format!("hosts.a.profile = 'linux'\nhosts.a.program = '{text}'\n");
        Scenario::parse(Path::new("a.toml"), text.into())
    };
    nested(15).expect("as deep as it may be");
    let said = nested(50_000).expect_err("too deep").to_string();
    assert!(said.contains("blocks nest deeper than 16"), "{said}");
}

/// Files come from the scenario's own folder and from nowhere else.
#[test]
fn files_are_those_of_the_folder() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("program-files");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("own/parts")).expect("the folder can be made");
    fs::write(folder.join("secret"), "secret").expect("it can be written");
    fs::write(folder.join("own/page"), [0, 159, 146, 150]).expect("it can be written");
    fs::write(folder.join("own/parts/one"), "one").expect("it can be written");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret", folder.join("own/link")).expect("a link");
        std::os::unix::fs::symlink("..", folder.join("own/up")).expect("a link");
    }
    let load = |name: &str| {
        let file = folder.join("own/mine.toml");
        let server = format!("listen 80 {{ send file \"{name}\"; close }}");
        let text = text(&server, "connect server:80 { read until end; close }", "");
        fs::write(&file, text).expect("it can be written");
        ScenarioFile::load(&file, &[])
    };
    for (name, octets) in [("page", 4), ("parts/one", 3), ("./page", 4)] {
        let loaded = load(name).map(|it| run(it.first(), None));
        let Ok(outcome) = loaded else {
            panic!("{name}: {}", loaded.expect_err("it failed"));
        };
        let sent = calls(&outcome, 0)[1].clone();
        assert!(sent.ends_with(&format!(" = {octets}")), "{name}: {sent}");
    }
    for (name, says) in [
        ("", "a file needs a name"),
        (
            "../secret",
            "it must be the name of a file in the scenario's folder",
        ),
        (
            "parts/../../secret",
            "it must be the name of a file in the scenario's folder",
        ),
        (
            "/etc/passwd",
            "it must be the name of a file in the scenario's folder",
        ),
        ("link", "it leads over a symbolic link"),
        ("up/secret", "it leads over a symbolic link"),
        ("parts", "it is no regular file"),
        ("missing", "No such file"),
    ] {
        if cfg!(not(unix)) && says.contains("symbolic") {
            continue;
        }
        let said = load(name).expect_err(name).to_string();
        assert!(said.contains(says), "{name}: {said}");
        assert!(said.contains("mine.toml:6:23"), "{name}: {said}");
    }
}

/// Writes the trace of a run in parts, in memory.
#[derive(Debug, Default)]
struct InParts {
    writing: Option<Writing<Vec<u8>>>,
    parts: usize,
    facts_most: usize,
}

impl Reader for InParts {
    fn read(&mut self, part: Part<'_>) {
        self.parts += 1;
        self.facts_most = self.facts_most.max(part.trace.events.places().len());
        match &mut self.writing {
            Some(writing) => writing.part(part).expect("memory takes everything"),
            None => {
                let options = TraceOptions::default();
                let writing = Writing::begin(part, HostId(0), &options, Vec::new());
                self.writing = Some(writing.expect("memory takes everything"));
            }
        }
    }
}

/// A long run is read in parts, and nothing in its trace or in what filters count shows that: not
/// what was said later of a frame, nor what the link did to it.
#[test]
fn a_run_that_is_read_in_parts_has_the_trace_of_one_that_is_kept() {
    let link = "network.loss = 0.02\nnetwork.duplicate = 0.02\nnetwork.corrupt = 0.01\n\
                network.reorder = 0.02\n[[expect]]\nfilter = 'tcp.len > 0'\nframes = 1\n";
    let text = text(
        "listen 80 { discard 900000; shutdown(connection, SHUT_RD); wait 1s; close }",
        "connect server:80 { send 1800000 or error; close }",
        link,
    );
    let scenario = Scenario::parse(Path::new("programs.toml"), text.into());
    let scenario = scenario.unwrap_or_else(|invalid| panic!("{invalid}"));
    let whole = run(&scenario, None);
    assert!(whole.events.len() > 1000, "{}", whole.events.len());
    let kept = Kept {
        facts: 64,
        ..Kept::ALL
    };
    let mut parts = InParts::default();
    let read = run_read(&scenario, None, &Usual, kept, Some(&mut parts));
    assert_eq!(read.failures, whole.failures);
    assert_eq!(whole.failures.len(), 1, "the filter counts other frames");
    assert!(read.events.len() < 300, "{}", read.events.len());
    assert!(parts.parts > 10, "{parts:?}");
    assert!(parts.facts_most * 3 < whole.events.len(), "{parts:?}");

    let summary = read.summary("name", "claim");
    let mut writing = parts.writing.expect("it was read");
    writing.part(read.unread(&summary)).unwrap();
    writing.end().unwrap();
    let (octets, head_octets, head) = writing.into_parts(&summary).unwrap();
    let octets = [head, octets[head_octets..].to_vec()].concat();
    let expected = pcapng::to_bytes(&whole.trace(&whole.summary("name", "claim")), HostId(0));
    assert!(octets == expected.unwrap(), "the octets differ");
}
