//! Dialogues of calls. A line names the caller, the call, and the row that it must become.

use hangup_stack::network::{HostConfig, HostId, Network, Resolution, StackKind};
use hangup_stack::profile::{Api, Profile};
use hangup_stack::smoltcp::time::Duration;
use hangup_stack::smoltcp::wire::IpAddress;

use proptest::prelude::*;

use super::{Answer, BadCall, Calls, Returned, known, known_names, table};
use crate::capture::Toward;
use crate::scenario::script::Argument;

/// Two hosts and their calls.
struct Stage {
    network: Network,
    hosts: Vec<(String, HostId, Box<dyn Calls>)>,
}

impl Stage {
    fn new(server: &str, client: &str) -> Self {
        let mut network = Network::new(0, Resolution::Static);
        let mut hosts = Vec::new();
        for (name, profile, last) in [("server", server, 1), ("client", client, 2)] {
            let profile = Profile::built_in(profile).expect("the profile is built in");
            let calls = table(profile.api);
            let id = network.add_host(HostConfig {
                name: name.to_owned(),
                addresses: vec![
                    IpAddress::v4(192, 0, 2, last),
                    IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into()),
                ],
                stack: StackKind::of(profile),
                mtu: 1500,
                receive_buffer: None,
                send_buffer: None,
            });
            hosts.push((name.to_owned(), id, calls));
        }
        Self { network, hosts }
    }

    /// Makes a call; `server: recv(3, 1000)`.
    fn call(&mut self, line: &str) -> Result<Answer, BadCall> {
        let (who, call) = line.split_once(": ").expect("a line says who calls");
        let (name, arguments) = call.split_once('(').expect("a call has arguments");
        let arguments = arguments.trim_end().strip_suffix(')').expect("which end");
        let arguments: Vec<_> = split(arguments, ',').map(read).collect();
        let (_, id, calls) = self
            .hosts
            .iter_mut()
            .find(|(name, ..)| name == who)
            .expect("a host");
        calls.call(&mut self.network, *id, name, &arguments)
    }

    /// Makes a call until it returns.
    #[track_caller]
    fn returned(&mut self, line: &str) -> Returned {
        let limit = self.network.now() + Duration::from_secs(3600);
        loop {
            match self.call(line) {
                Ok(Answer::Returned(returned) | Answer::Ended(returned)) => return returned,
                Ok(Answer::Blocks(blocked)) => {
                    let limit = blocked.until.unwrap_or(limit);
                    let stepped = self.network.step(limit);
                    assert!(stepped || blocked.until.is_some(), "{line}: nothing is due");
                }
                Err(bad) => panic!("{line}: {bad}"),
            }
        }
    }

    /// Plays a dialogue: `who: call = result`, where the result of a call that opens a socket is
    /// its label, and `wait` lets milliseconds pass.
    #[track_caller]
    fn play(&mut self, script: &str) {
        for line in script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            if let Some(milliseconds) = line.strip_prefix("wait ") {
                let time = Duration::from_millis(milliseconds.parse().expect("a number"));
                let limit = self.network.now() + time;
                self.network.run_until(limit);
                continue;
            }
            let (call, result) = line.rsplit_once(") = ").expect("a line has a result");
            let returned = self.returned(&format!("{call})"));
            assert_eq!(returned.differences, [], "{line}");
            let label = returned.opened.map(|descriptor| {
                let label = result
                    .parse()
                    .expect("the result of an opening call is a label");
                let (who, _) = line.split_once(':').expect("a line says who calls");
                let host = self
                    .hosts
                    .iter_mut()
                    .find(|(name, ..)| name == who)
                    .expect("a host");
                host.2.label(label, descriptor);
                assert_eq!(host.2.labelled(label), returned.socket, "{line}");
                label
            });
            let row = returned.row(label);
            let (_, actual) = row.rsplit_once(") = ").expect("a row has a result");
            assert_eq!(actual, result, "{line}");
        }
    }
}

/// The parts between separators that no bracket or quote encloses.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |c: char| {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            _ => {}
        }
        depth == 0 && c == separator
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

/// An argument, as the scenario language writes it; enough of it for these tests.
fn read(text: &str) -> Argument {
    let inside = |open, close| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
    };
    if text == "..." {
        Argument::Ellipsis
    } else if let Ok(number) = text.parse() {
        Argument::Integer(number)
    } else if let Some(list) = inside('[', ']') {
        Argument::List(split(list, ',').map(read).collect())
    } else if let Some(fields) = inside('{', '}') {
        let field = |field: &str| match field.split_once('=') {
            Some((name, value)) => (Some(name.to_owned()), read(value)),
            None => (None, read(field)),
        };
        Argument::Struct(split(fields, ',').map(field).collect())
    } else if let Some(text) = inside('"', '"') {
        Argument::Text(text.to_owned())
    } else if text.contains('|') {
        Argument::Flags(split(text, '|').map(read).collect())
    } else if let Some((host, port)) = text.rsplit_once(':') {
        Argument::Endpoint {
            host: host.to_owned(),
            port: port.parse().ok(),
        }
    } else {
        Argument::Word(text.to_owned())
    }
}

#[test]
fn calls_that_deliver_point_at_the_application() {
    let names = [Api::Posix, Api::Winsock].map(known_names);
    let delivering = names.concat().into_iter().filter(|name| {
        let stem = name.to_ascii_lowercase();
        let ends = [
            "accept", "recv", "recvfrom", "recvmsg", "read", "poll", "select", "_wait",
        ];
        let is_select = stem.ends_with("select") && stem != "select";
        let others = ["wsagetoverlappedresult", "wsaenumnetworkevents"];
        others.contains(&&*stem) || !is_select && ends.iter().any(|end| stem.ends_with(end))
    });
    let found = names.concat().into_iter();
    let found = found.filter(|name| super::toward(name) == Toward::Application);
    assert_eq!(found.collect::<Vec<_>>(), delivering.collect::<Vec<_>>());
}

#[test]
fn a_winsock_dialogue() {
    Stage::new("winsock", "winsock").play(
        "
        server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = INVALID_SOCKET WSANOTINITIALISED
        server: WSARecvDisconnect(4, NULL) = SOCKET_ERROR WSANOTINITIALISED
        server: WSPRecvDisconnect(4, NULL) = SOCKET_ERROR WSAENOTSOCK
        server: WSAStartup(0) = WSAVERNOTSUPPORTED
        server: WSAStartup(514) = 0
        client: WSAStartup(514) = 0
        server: WSAGetLastError() = WSANOTINITIALISED
        server: WSASetLastError(WSAEFAULT) = 0
        server: WSAGetLastError() = WSAEFAULT
        server: WSASetLastError(0) = 0
        server: WSAGetLastError() = 0
        server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
        server: WSARecvDisconnect(3, NULL) = SOCKET_ERROR WSAENOTCONN
        server: WSARecvDisconnect(INVALID_SOCKET, NULL) = SOCKET_ERROR WSAENOTSOCK
        server: WSARecvDisconnect(256, NULL) = SOCKET_ERROR WSAENOTSOCK
        server: bind(3, *:80) = 0
        server: listen(3, SOMAXCONN) = 0
        client: WSASocket(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED) = 3
        client: setsockopt(3, SOL_SOCKET, SO_RCVBUF, [4000], 4) = 0
        client: connect(3, server:80) = 0
        server: accept(3) = 4
        client: getpeername(3, 192.0.2.1:80) = 0
        client: getpeername(3) = 0
        client: send(3, 1000) = 1000
        client: send(3, \"hello\") = 5
        client: send(3, \"hello\", 4, 0) = 4
        client: send(3, ..., 100, 0) = 100
        wait 100
        server: ioctlsocket(4, FIONREAD) = 1109
        server: ioctlsocket(4, FIONREAD, [1109]) = 0
        server: recv(4, 500, MSG_PEEK) = 500
        server: recv(4, 5000) = 1109
        server: ioctlsocket(4, FIONBIO, 1) = 0
        server: recv(4, 5000) = SOCKET_ERROR WSAEWOULDBLOCK
        server: ioctlsocket(4, FIONBIO, [0]) = 0
        server: shutdown(4, 9) = SOCKET_ERROR WSAEINVAL
        server: setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=7}, 4) = 0
        server: getsockopt(4, SOL_SOCKET, SO_LINGER) = {onoff=1, linger=7}
        server: getsockopt(4, SOL_SOCKET, SO_DONTLINGER) = 0
        server: getsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=7}) = 0
        server: setsockopt(4, SOL_SOCKET, SO_LINGER, BAD_POINTER) = SOCKET_ERROR WSAEFAULT
        server: getsockopt(4, SOL_SOCKET, SO_ERROR) = 0
        server: getsockopt(4, SOL_SOCKET, SO_TYPE) = SOCK_STREAM
        server: WSARecvDisconnect(4, BAD_POINTER) = SOCKET_ERROR WSAEFAULT
        server: WSARecvDisconnect(4, {len=4, buf=BAD_POINTER}) = SOCKET_ERROR WSAEFAULT
        server: WSPRecvDisconnect(4, {len=4, buf=BUFFER}) = SOCKET_ERROR WSAENOPROTOOPT
        server: WSASendDisconnect(4, {len=4, buf=BUFFER}) = SOCKET_ERROR WSAENOPROTOOPT
        server: WSARecvDisconnect(4, {len=4, buf=BUFFER}) = 0
        server: recv(4, 1000) = SOCKET_ERROR WSAESHUTDOWN
        server: WSPShutdown(4, SD_SEND) = 0
        server: send(4, 1) = SOCKET_ERROR WSAESHUTDOWN
        client: recv(3, 1000) = 0
        client: closesocket(3) = 0
        server: closesocket(4) = 0
        server: closesocket(4) = SOCKET_ERROR WSAENOTSOCK
        server: WSACleanup() = 0
        server: WSACleanup() = SOCKET_ERROR WSANOTINITIALISED
        ",
    );
}

#[test]
fn a_posix_dialogue() {
    Stage::new("linux", "linux").play(
        "
        server: bind(3, ..., ...) = -1 EBADF
        server: socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
        server: setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
        server: bind(3, ..., ...) = 0
        server: listen(3, 1) = 0
        server: accept(4, ..., ...) = -1 EBADF
        client: socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3
        client: fcntl(3, F_GETFL) = 2050
        client: connect(3, ..., ...) = -1 EINPROGRESS
        client: connect(3, ..., ...) = -1 EALREADY
        client: poll([{fd=3, events=POLLOUT, revents=POLLOUT}], 1, -1) = 1
        client: getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0
        client: fcntl(3, F_SETFL, O_RDWR) = 0
        client: fcntl(3, F_GETFL) = 2
        server: accept(3, ..., ...) = 4
        server: poll(4) = POLLOUT
        server: poll([{fd=4, events=POLLIN, revents=0}], 1, 0) = 0
        server: poll([{fd=4, events=POLLIN}], 1, 50) = 0
        server: recv(4, 10, MSG_DONTWAIT) = -1 EAGAIN
        client: write(3, ..., 1000) = 1000
        client: send(3, 500, MSG_NOSIGNAL) = 500
        client: ioctl(3, SIOCOUTQ) = 1500
        server: poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, -1) = 1
        wait 100
        server: ioctl(4, SIOCINQ, [1500]) = 0
        server: recv(4, ..., 100, MSG_PEEK) = 100
        server: read(4, ..., 1000) = 1000
        server: read(4, 1000) = 500
        server: setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=3}, 8) = 0
        server: getsockopt(4, SOL_SOCKET, SO_LINGER) = {onoff=1, linger=3}
        server: setsockopt(4, SOL_SOCKET, 99, 1) = -1 ENOPROTOOPT
        server: shutdown(4, 9) = -1 EINVAL
        server: shutdown(4, SHUT_RD) = 0
        server: read(4, 1000) = 0
        server: poll(4) = POLLIN|POLLOUT|POLLRDHUP
        server: shutdown(4, SHUT_WR) = 0
        server: write(4, 1) = -1 EPIPE
        client: recv(3, 1000) = 0
        client: close(3) = 0
        client: close(3) = -1 EBADF
        server: close(4) = 0
        ",
    );
}

#[test]
fn datagrams() {
    Stage::new("linux", "winsock").play(
        "
        client: WSAStartup(514) = 0
        server: socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) = 5
        server: bind(5, *:53) = 0
        client: socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) = 6
        client: sendto(6, 100, server:53) = 100
        client: sendto(6, \"hello\", 0, server:53) = 5
        client: sendto(6, ..., 7, 0, server:53, ...) = 7
        client: sendto(6, 8, 0, 2001:db8::1:53) = 8
        server: recvfrom(5, 1000) = 100
        wait 100
        server: ioctl(5, FIONREAD) = 5
        server: recvfrom(5, ..., 3, 0, ..., ...) = 3
        server: recv(5, 1000) = 7
        server: recv(5, 1000) = 8
        ",
    );
}

/// What a trace shows of a call.
#[test]
fn rows() {
    let mut stage = Stage::new("linux", "winsock");
    stage.play(
        "
        server: socket(..., SOCK_STREAM, 0) = 7
        server: bind(7, *:80) = 0
        server: listen(7, 1) = 0
        client: WSAStartup(514) = 0
        client: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 9
        ",
    );
    for (call, row) in [
        (
            "client: connect(9, server:80)",
            "connect(s=9, server:80) = 0",
        ),
        (
            "client: connect(9, server:80)",
            "connect(s=9, server:80) = SOCKET_ERROR WSAEISCONN",
        ),
        ("client: send(9, 1000)", "send(s=9, 1000 octets) = 1000"),
        ("client: send(9, \"abc\", 0)", "send(s=9, \"abc\", 0) = 3"),
        (
            "client: recv(8, 1000)",
            "recv(s=8, 1000) = SOCKET_ERROR WSAENOTSOCK",
        ),
        (
            "client: WSARecvDisconnect(9, NULL)",
            "WSARecvDisconnect(s=9, NULL) = 0",
        ),
        (
            "client: WSAGetLastError()",
            "WSAGetLastError() = WSAENOTSOCK",
        ),
        (
            "server: read(INVALID_SOCKET, 9)",
            "read(fd=INVALID_SOCKET, 9) = -1 EBADF",
        ),
        (
            "server: getsockopt(7, SOL_SOCKET, SO_ERROR, [0], [4])",
            "getsockopt(fd=7, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
        ),
    ] {
        assert_eq!(stage.returned(call).row(None), row);
    }
    assert_eq!(
        stage.returned("server: accept(7)").row(Some(4)),
        "accept(fd=7) = 4"
    );
}

/// A value that comes back through an argument and is not what the script says.
#[test]
fn differences() {
    let mut stage = Stage::new("linux", "linux");
    stage.play("server: socket(..., SOCK_STREAM, IPPROTO_TCP) = 3");
    for (call, argument, actual) in [
        (
            "server: getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4])",
            3,
            "[0]",
        ),
        ("server: ioctl(3, SIOCINQ, [5])", 2, "[0]"),
        (
            "server: getsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=1}, [8])",
            3,
            "{onoff=0, linger=0}",
        ),
        (
            "server: poll([{fd=9, events=POLLIN, revents=POLLIN}], 1, 0)",
            0,
            "[{fd=9, events=POLLIN, revents=POLLNVAL}]",
        ),
    ] {
        let returned = stage.returned(call);
        let [difference] = &returned.differences[..] else {
            panic!("{call}: {returned:?}")
        };
        assert_eq!(
            (difference.argument, difference.actual.as_str()),
            (argument, actual),
            "{call}"
        );
    }
}

/// Calls that cannot be made: the argument it is about, and what the call takes.
#[test]
fn bad_calls() {
    let mut stage = Stage::new("winsock", "linux");
    for (call, argument, message) in [
        (
            "server: fork()",
            None,
            "there is no call fork; this host has WSAStartup, ",
        ),
        (
            "server: recv(4)",
            None,
            "recv takes (socket, length[, flags]), not 1 arguments",
        ),
        (
            "server: closesocket(4, 5)",
            Some(1),
            "closesocket takes (socket), not 2 arguments",
        ),
        (
            "server: recv(4, -1)",
            Some(1),
            "-1 is not a length from 0 to 16777216 octets",
        ),
        (
            "server: recv(4, 99999999999)",
            Some(1),
            "is not a length from 0 to 16777216 octets",
        ),
        ("server: recv(4, NULL)", Some(1), "NULL is not a number"),
        (
            "server: recv(4, 10, MSG_PEEP)",
            Some(2),
            "MSG_PEEP is none of MSG_OOB, MSG_PEEK, ",
        ),
        (
            "server: recv(4, 10, 9999999999)",
            Some(2),
            "the flags are out of range",
        ),
        (
            "server: recv(4, ..., 10, 9999999999)",
            Some(3),
            "the flags are out of range",
        ),
        ("server: recv(\"s\", 10)", Some(0), "\"s\" is not a number"),
        (
            "server: recv(s, 10)",
            Some(0),
            "s is none of INVALID_SOCKET",
        ),
        (
            "server: send(4, AF_INET)",
            Some(1),
            "AF_INET is not data: write a number of octets",
        ),
        (
            "server: send(4, \"abc\", 9, 0)",
            Some(2),
            "the text is shorter than the length",
        ),
        ("server: send(4, 1, 0, 0)", Some(1), "1 is not data"),
        (
            "server: send(4, 1, server:80)",
            Some(2),
            "server:80 is too much",
        ),
        (
            "server: connect(4, 80)",
            Some(1),
            "80 is not an address: write host:port",
        ),
        (
            "server: connect(4, nobody:80)",
            Some(1),
            "there is no host nobody with an address",
        ),
        ("server: sendto(4, 5, 0)", Some(3), "an address is missing"),
        (
            "server: WSAStartup(99999)",
            Some(0),
            "99999 is out of range",
        ),
        (
            "server: shutdown(4, SHUT_RD)",
            Some(1),
            "SHUT_RD is none of SD_RECEIVE, SD_SEND",
        ),
        (
            "server: WSARecvDisconnect(4, 7)",
            Some(1),
            "the data is NULL, BAD_POINTER, a \"text\"",
        ),
        (
            "server: WSARecvDisconnect(4, {len=-1, buf=BUFFER})",
            Some(1),
            "the data is NULL",
        ),
        (
            "server: setsockopt(4, SOL_SOCKET, SO_LINGER, {on=1})",
            Some(3),
            "SO_LINGER is {onoff",
        ),
        (
            "server: ioctlsocket(4, FIONBIO)",
            Some(2),
            "the value is missing",
        ),
        (
            "server: WSCInstallProvider(\"tracer\")",
            Some(0),
            "the providers are \"tcpip\", \"itot\", \"tracing\"",
        ),
        (
            "client: WSACleanup()",
            None,
            "there is no call WSACleanup; this host has socket, ",
        ),
        (
            "client: poll([3], 1, 0)",
            Some(0),
            "3 is not {fd=3, events=POLLIN}",
        ),
        (
            "client: poll([{fd=3, events=POLLIN}], 2, 0)",
            Some(1),
            "the list has 1 entries",
        ),
        (
            "client: setsockopt(3, SOL_SOCKET, SO_RCVBUF, {1, 1})",
            Some(3),
            "is for SO_LINGER",
        ),
    ] {
        let bad = stage.call(call).expect_err(call);
        assert_eq!(bad.argument, argument, "{call}: {bad}");
        assert!(bad.message.contains(message), "{call}: {bad}");
    }
}

/// The names that the parser suggests from are those that can be called.
#[test]
fn names() {
    for api in [Api::Posix, Api::Winsock] {
        let profile = match api {
            Api::Posix => "linux",
            Api::Winsock => "winsock",
        };
        let mut stage = Stage::new(profile, profile);
        for name in known_names(api) {
            let outcome = stage.call(&format!("server: {name}(1, 1, 1, 1, 1, 1, 1, 1, 1, 1)"));
            let bad = outcome.expect_err("no call takes so many arguments");
            assert!(bad.message.starts_with(&format!("{name} takes (")), "{bad}");
            assert!(known(api, name));
        }
        assert!(!known(api, "vfork"));
    }
}

/// Arguments that make sense somewhere, and a few that make sense nowhere.
fn any_argument() -> impl Strategy<Value = Argument> {
    let text = |text: &'static str| Just(read(text));
    prop_oneof![
        (3_i64..7).prop_map(Argument::Integer),
        prop_oneof![
            Just(0),
            Just(1),
            Just(-1),
            Just(100),
            Just(4000),
            Just(200_000),
            any::<i64>()
        ]
        .prop_map(Argument::Integer),
        prop_oneof![
            text("..."),
            text("NULL"),
            text("BAD_POINTER"),
            text("\"hello\""),
            text("[1]")
        ],
        prop_oneof![
            text("server:80"),
            text("*:80"),
            text("client:0"),
            text("*:*")
        ],
        prop_oneof![text("{onoff=1, linger=1}"), text("{onoff=1, linger=0}")],
        prop_oneof![text("[{fd=3, events=POLLIN}]"), text("{len=4, buf=BUFFER}")],
        prop_oneof![
            text("AF_INET"),
            text("AF_INET6"),
            text("SOCK_STREAM"),
            text("SOCK_DGRAM")
        ],
        prop_oneof![
            text("SOL_SOCKET"),
            text("IPPROTO_TCP"),
            text("SO_LINGER"),
            text("SO_RCVBUF")
        ],
        prop_oneof![
            text("SO_SNDBUF"),
            text("SO_ERROR"),
            text("FIONBIO"),
            text("FIONREAD")
        ],
        prop_oneof![
            text("SHUT_RD"),
            text("SHUT_RDWR"),
            text("SD_RECEIVE"),
            text("SD_BOTH")
        ],
        prop_oneof![
            text("F_SETFL"),
            text("O_NONBLOCK"),
            text("MSG_PEEK"),
            text("MSG_DONTWAIT")
        ],
    ]
}

/// A call that one of the hosts has, with arguments that may or may not fit.
fn any_call() -> impl Strategy<Value = (bool, prop::sample::Index, Vec<Argument>)> {
    (
        any::<bool>(),
        any::<prop::sample::Index>(),
        prop::collection::vec(any_argument(), 0..6),
    )
}

/// Two hosts with a socket each way, on which anything may then be called.
const BEGINNING: &str = "
    server: WSAStartup(514) = 0
    server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
    server: bind(3, *:80) = 0
    server: listen(3, 5) = 0
    client: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
    client: connect(3, server:80) = 0
    server: accept(3) = 4
    client: socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 4
    server: socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 5
    server: bind(5, *:80) = 0
    client: send(3, 100) = 100
    client: sendto(4, 100, server:80) = 100
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a script calls, it is answered: nothing panics, and no time stands still.
    #[test]
    fn any_script_is_answered(calls in prop::collection::vec(any_call(), 1..60)) {
        let mut stage = Stage::new("winsock", "linux");
        stage.play(BEGINNING);
        for (label, (on_server, name, arguments)) in (6..).zip(calls) {
            let (api, index) = if on_server { (Api::Winsock, 0) } else { (Api::Posix, 1) };
            let name = known_names(api)[name.index(known_names(api).len())];
            let (_, id, table) = &mut stage.hosts[index];
            let answer = table.call(&mut stage.network, *id, name, &arguments);
            if let Ok(Answer::Returned(Returned { opened: Some(opened), .. })) = answer {
                table.label(label % 4 + 3, opened);
            }
            let limit = stage.network.now() + Duration::from_millis(50);
            stage.network.run_until(limit);
            prop_assert_eq!(stage.network.now(), limit);
        }
    }
}
