//! One scenario on many systems: its calls in the words of each, lines that are for some of them,
//! and errors where something cannot be said there.

use std::path::Path;

use hangup::run::run;
use hangup::scenario::{Scenario, ScenarioFile, Setting};

/// A scenario of a server with this profile and these statements behind a connection.
fn text(profile: &str, statements: &str) -> String {
    let startup = match profile {
        "winsock" | "windows" => "0 server: WSAStartup(0x0202) = 0\n",
        _ => "",
    };
    format!(
        "script = '''\n{startup}\
         0 server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n\
         then server: bind(3, server:80) = 0\n\
         then server: listen(3, 1) = 0\n\
         then client: socket(AF_INET, SOCK_STREAM, 0) = 3\n\
         then client: connect(3, server:80) = 0\n\
         then server: accept(3) = 4\n\
         {statements}\n'''\n\
         hosts.server.profile = '{profile}'\nhosts.client.profile = 'linux'\n"
    )
}

/// The scenario with another system on its server.
fn on(text: &str, profile: &str) -> Result<Scenario, String> {
    let setting: Setting = { format!("hosts.server.profile={profile}").parse() }.expect("one");
    let file = ScenarioFile::parse(Path::new("adapted.toml"), text.into(), &[setting]);
    file.map(|it| it.first().clone())
        .map_err(|it| it.to_string())
}

fn failures(scenario: &Scenario) -> Vec<String> {
    let failures = run(scenario, None).failures;
    failures.into_iter().map(|it| it.message).collect()
}

/// The rows of the calls of the server behind the connection.
fn rows(scenario: &Scenario) -> Vec<String> {
    let calls = run(scenario, None).calls;
    let server = calls
        .into_iter()
        .filter(|it| it.host.0 == 0)
        .map(|it| it.text);
    server
        .skip_while(|it| !it.starts_with("accept"))
        .skip(1)
        .collect()
}

#[test]
fn calls_and_results_are_translated() {
    let posix = "then client: send(3, 5) = 5\n\
                 then server: read(4, 100) = 5\n\
                 then server: recv(4, 100, MSG_DONTWAIT) = -1 EAGAIN\n\
                 then server: shutdown(4, SHUT_WR) = 0\n\
                 then server: getsockopt(4, SOL_SOCKET, SO_ERROR, [0]) = 0\n\
                 then server: close(4) = 0\n\
                 then server: close(4) = -1 EBADF";
    let posix = text("linux", posix);
    let scenario = on(&posix, "winsock").expect("it can be said");
    assert_eq!(failures(&scenario), [""; 0]);
    let expected = [
        "recv(s=4, 100) = 5",
        "ioctlsocket(s=4, FIONBIO, [1]) = 0",
        "recv(s=4, 100, 0) = SOCKET_ERROR WSAEWOULDBLOCK",
        "ioctlsocket(s=4, FIONBIO, [0]) = 0",
        "WSASendDisconnect(s=4, NULL) = 0",
        "getsockopt(s=4, SOL_SOCKET, SO_ERROR, [0]) = 0",
        "closesocket(s=4) = 0",
        "closesocket(s=4) = SOCKET_ERROR WSAENOTSOCK",
    ];
    assert_eq!(rows(&scenario), expected);
    let winsock = "then server: WSARecvDisconnect(4, NULL) = 0\n\
                   then server: closesocket(4) = 0\n\
                   then server: closesocket(4) = SOCKET_ERROR WSAENOTSOCK";
    let winsock = text("winsock", winsock);
    let scenario = on(&winsock, "freebsd").expect("it can be said");
    assert_eq!(failures(&scenario), [""; 0]);
    let expected = [
        "shutdown(fd=4, SHUT_RD) = 0",
        "close(fd=4) = 0",
        "close(fd=4) = -1 EBADF",
    ];
    assert_eq!(rows(&scenario), expected);
}

/// A guard leaves a line out where another system runs, and the time does not pass for it.
#[test]
fn guards_choose_lines() {
    let lines = "[server=linux|gvisor] then+5 server: close(4) = 0\n\
                 [server!=linux|gvisor] then+1 server: close(4) = -1\n\
                 then server: close(9) = -1 EBADF";
    let text = text("linux", lines);
    for (profile, ended, fails) in [("linux", 5, 0), ("gvisor", 5, 0), ("freebsd", 1, 1)] {
        let scenario = on(&text, profile).expect("it can be said");
        assert_eq!(failures(&scenario).len(), fails, "{profile}");
        let calls = run(&scenario, None).calls;
        let last = calls.last().map(|it| it.at.secs());
        assert_eq!(last, Some(ended), "{profile}");
    }
}

#[test]
fn expectations_are_for_systems() {
    let expect = |systems: &str| {
        format!(
            "{}\n[[expect]]\nfilter = \"tcp.flags.reset == 1\"\nmin = 1\nsystems = \"{systems}\"\n",
            text("linux", "then server: close(4) = 0")
        )
    };
    let told = |systems: &str| failures(&on(&expect(systems), "freebsd").expect("it is valid"));
    assert_eq!(told("server=linux"), [""; 0]);
    assert_eq!(told("server!=linux").len(), 1);
    assert_eq!(told("server = linux | freebsd").len(), 1);
}

#[test]
fn what_cannot_be_said_is_an_error_with_its_place() {
    for (line, says) in [
        (
            "then server: send(4, 5) = -1 EPIPE",
            "`EPIPE` has no counterpart in Winsock",
        ),
        (
            "then server: epoll_create(1) = 5",
            "`epoll_create` has no counterpart in Winsock",
        ),
        (
            "then server: ioctl(4, SIOCOUTQ) = 0",
            "no call says how much is unsent",
        ),
        (
            "[server=linus] then server: close(4) = 0",
            "unknown profile `linus`",
        ),
        (
            "[servre=linux] then server: close(4) = 0",
            "unknown host `servre`",
        ),
        ("[server] then server: close(4) = 0", "expected `=` or `!=`"),
        (
            "[server=linux then server: close(4) = 0",
            "expected `|` and another profile, or `]`",
        ),
        ("[server=] then server: close(4) = 0", "expected a profile"),
    ] {
        let said = on(&text("linux", line), "winsock").expect_err(line);
        assert!(said.contains(says), "{line}: {said}");
        assert!(said.contains("adapted.toml:8:"), "{line}: {said}");
    }
    // Guarded, it is for the systems that have it.
    let guarded = text(
        "linux",
        "[server=linux] then server: ioctl(4, SIOCOUTQ) = 0",
    );
    on(&guarded, "winsock").expect("it is left out");
    assert_eq!(
        failures(&on(&guarded, "linux").expect("it is valid")),
        [""; 0]
    );
}

/// A sweep over systems needs no profile at the host: the script is written for the first.
#[test]
fn a_sweep_goes_over_systems() {
    let text = text("linux", "then server: close(4) = 0").replace(
        "hosts.server.profile = 'linux'\n",
        "hosts.server.mss = 1000\n",
    );
    let text = format!("{text}[sweep]\nhosts.server.profile = ['linux', 'windows', 'freebsd']\n");
    let file = ScenarioFile::parse(Path::new("adapted.toml"), text.into(), &[]);
    let file = file.unwrap_or_else(|invalid| panic!("{invalid}"));
    let closes: Vec<String> = file.scenarios().map(|it| rows(&it).concat()).collect();
    assert_eq!(
        closes,
        ["close(fd=4) = 0", "closesocket(s=4) = 0", "close(fd=4) = 0"]
    );
}

/// The calls of programs are translated too.
#[test]
fn programs_are_translated() {
    let text = "hosts.server.profile = 'winsock'\nhosts.server.program = '''\n\
                listen 80 { read 1; WSARecvDisconnect(connection, NULL) = 0; stop }\n'''\n\
                hosts.client.profile = 'linux'\nhosts.client.program = '''\n\
                connect server:80 { send 1; stop }\n'''\n";
    let scenario = on(text, "macos").expect("it can be said");
    let outcome = run(&scenario, None);
    assert_eq!(outcome.failures, []);
    let calls: Vec<&str> = outcome.calls.iter().map(|it| it.text.as_str()).collect();
    assert!(calls.contains(&"shutdown(fd=4, SHUT_RD) = 0"), "{calls:?}");
}
