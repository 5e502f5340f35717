//! What a check finds in the calls of a script.

use hangup_stack::profile::Api;

use crate::calls::known_names;
use crate::diagnostic::Colour;
use crate::scenario::Scenario;

/// A scenario of two hosts, and what is wrong with it.
fn wrong(profile: &str, ip: &str, script: &str) -> String {
    let text = format!(
        "hosts.a.profile = '{profile}'\nhosts.b.profile = '{profile}'\nnetwork.ip = '{ip}'\n\
         script = '''\n{script}\n'''\n"
    );
    match Scenario::parse("a.toml".as_ref(), text.into_bytes()) {
        Ok(_) => String::new(),
        Err(invalid) => {
            let all = invalid.diagnostics.iter();
            let all = all.map(|it| invalid.source.render(it, Colour::Plain));
            all.collect()
        }
    }
}

/// Every call with as many arguments as it takes, and which of them may be any name.
const POSIX: &[(&str, &[&str], &[usize])] = &[
    (
        "socket",
        &["AF_INET", "SOCK_STREAM|SOCK_NONBLOCK", "0"],
        &[],
    ),
    ("bind", &["3", "a:80", "16"], &[]),
    ("listen", &["3", "SOMAXCONN"], &[]),
    ("accept", &["3", "...", "[16]"], &[]),
    ("connect", &["3", "b:80", "16"], &[]),
    ("getpeername", &["3", "b:80", "[16]"], &[]),
    ("getsockname", &["3", "a:80", "[16]"], &[]),
    ("send", &["3", "...", "100", "MSG_DONTWAIT"], &[]),
    ("sendto", &["3", "...", "100", "0", "b:80", "16"], &[]),
    ("write", &["3", "...", "100"], &[]),
    ("recv", &["3", "...", "100", "MSG_PEEK"], &[]),
    ("recvfrom", &["3", "...", "100", "0", "...", "[16]"], &[]),
    (
        "recvmsg",
        &[
            "3",
            "...",
            "100",
            "0",
            "[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=900}]",
            "MSG_TRUNC",
        ],
        &[],
    ),
    ("sendmsg", &["3", "[10, 20]", "MSG_ZEROCOPY", "b:80"], &[]),
    ("read", &["3", "...", "100"], &[]),
    ("pipe", &["[5, 6]"], &[]),
    ("memfd_create", &["\"page\"", "0"], &[]),
    ("open", &["\"page\"", "O_RDONLY"], &[]),
    ("splice", &["3", "NULL", "4", "NULL", "100", "0"], &[]),
    ("sendfile", &["3", "4", "[0]", "100"], &[]),
    ("shutdown", &["3", "SHUT_RD"], &[]),
    ("close", &["3"], &[]),
    ("dup", &["3"], &[]),
    ("dup2", &["3", "4"], &[]),
    // A child has any name.
    ("fork", &["child"], &[0]),
    ("signal", &["SIGPIPE", "SIG_IGN"], &[]),
    ("exit", &["1"], &[]),
    ("_exit", &["EXIT_FAILURE"], &[]),
    ("abort", &[], &[]),
    ("raise", &["SIGKILL"], &[]),
    (
        "poll",
        &["[{fd=3, events=POLLIN, revents=POLLIN}]", "1", "100"],
        &[],
    ),
    ("select", &["4", "[3]", "[]", "NULL", "{1, 0}"], &[]),
    ("epoll_create", &["1"], &[]),
    (
        "epoll_ctl",
        &["3", "EPOLL_CTL_ADD", "4", "{events=EPOLLIN, fd=4}"],
        &[],
    ),
    (
        "epoll_wait",
        &["3", "{events=EPOLLIN, fd=4}", "1", "100"],
        &[],
    ),
    (
        "setsockopt",
        &["3", "SOL_SOCKET", "SO_RCVBUF", "[4000]", "4"],
        &[],
    ),
    (
        "getsockopt",
        &["3", "SOL_SOCKET", "SO_ERROR", "[ECONNRESET]", "[4]"],
        &[],
    ),
    ("fcntl", &["3", "F_SETFL", "O_RDWR|O_NONBLOCK"], &[]),
    ("sockatmark", &["3"], &[]),
    ("ioctl", &["3", "FIONREAD", "[10]"], &[]),
];

const WINSOCK: &[(&str, &[&str], &[usize])] = &[
    ("WSAStartup", &["0x0202", "..."], &[]),
    ("WSACleanup", &[], &[]),
    ("ExitProcess", &["1"], &[]),
    ("TerminateProcess", &["GetCurrentProcess", "1"], &[]),
    ("WSAGetLastError", &[], &[]),
    ("WSASetLastError", &["WSAECONNRESET"], &[]),
    ("socket", &["AF_INET", "SOCK_STREAM", "IPPROTO_TCP"], &[]),
    (
        "WSASocket",
        &[
            "AF_INET",
            "SOCK_STREAM",
            "0",
            "NULL",
            "0",
            "WSA_FLAG_OVERLAPPED",
        ],
        &[],
    ),
    ("bind", &["3", "a:80", "16"], &[]),
    ("listen", &["3", "SOMAXCONN"], &[]),
    ("accept", &["3", "...", "[16]"], &[]),
    ("connect", &["3", "b:80", "16"], &[]),
    ("getpeername", &["3", "b:80", "[16]"], &[]),
    ("getsockname", &["3", "a:80", "[16]"], &[]),
    ("send", &["3", "...", "100", "MSG_OOB"], &[]),
    ("sendto", &["3", "...", "100", "0", "b:80", "16"], &[]),
    ("recv", &["3", "...", "100", "MSG_PEEK"], &[]),
    ("recvfrom", &["3", "...", "100", "0", "...", "[16]"], &[]),
    ("shutdown", &["3", "SD_RECEIVE"], &[]),
    ("closesocket", &["3"], &[]),
    ("ConnectEx", &["3", "b:80", "100", "ov"], &[3]),
    ("AcceptEx", &["3", "4", "100", "ov"], &[3]),
    ("DisconnectEx", &["3", "ov", "TF_REUSE_SOCKET", "0"], &[1]),
    ("TransmitFile", &["3", "100", "TF_DISCONNECT", "ov"], &[3]),
    (
        "setsockopt",
        &["3", "SOL_SOCKET", "SO_RCVBUF", "[4000]", "4"],
        &[],
    ),
    (
        "getsockopt",
        &["3", "SOL_SOCKET", "SO_ERROR", "[WSAECONNRESET]", "[4]"],
        &[],
    ),
    ("ioctlsocket", &["3", "FIONREAD", "[10]"], &[]),
    (
        "WSAIoctl",
        &[
            "3",
            "SIO_UDP_CONNRESET",
            "[FALSE]",
            "4",
            "NULL",
            "0",
            "[0]",
            "NULL",
            "NULL",
        ],
        &[],
    ),
    ("WSARecvDisconnect", &["3", "NULL"], &[]),
    ("WSASendDisconnect", &["3", "NULL"], &[]),
    // lpErrno is where the error goes.
    ("WSPRecvDisconnect", &["3", "NULL", "lpErrno"], &[2]),
    ("WSPSendDisconnect", &["3", "NULL", "lpErrno"], &[2]),
    ("WSPShutdown", &["3", "SD_SEND", "lpErrno"], &[2]),
    ("WSAAccept", &["3", "NULL", "NULL", "CF_ACCEPT", "0"], &[]),
    ("ConditionReturns", &["CF_REJECT", "\"no\""], &[]),
    ("WSAConnect", &["3", "b:80", "16", "NULL", "NULL"], &[]),
    // An overlapped structure and a completion routine have any name.
    ("WSASend", &["3", "100", "0", "ov", "done"], &[3, 4]),
    ("WSARecv", &["3", "100", "0", "ov", "done"], &[3, 4]),
    ("WSAGetOverlappedResult", &["3", "ov", "FALSE"], &[1]),
    ("CancelIoEx", &["3", "ov"], &[1]),
    ("select", &["[3]", "[]", "NULL", "{1, 0}"], &[]),
    (
        "WSAPoll",
        &["[{fd=3, events=POLLIN, revents=POLLHUP}]", "1", "100"],
        &[],
    ),
    ("WSACreateEvent", &[], &[]),
    ("WSACloseEvent", &["3"], &[]),
    ("WSASetEvent", &["3"], &[]),
    ("WSAResetEvent", &["3"], &[]),
    (
        "WSAWaitForMultipleEvents",
        &["[3, 4]", "FALSE", "100", "TRUE"],
        &[],
    ),
    ("SleepEx", &["100", "TRUE"], &[]),
    ("WSAEventSelect", &["3", "4", "FD_READ|FD_CLOSE"], &[]),
    (
        "WSAEnumNetworkEvents",
        &["3", "4", "{FD_CLOSE=WSAECONNRESET}"],
        &[],
    ),
    ("WSAEnumProtocols", &["[IPPROTO_TCP]", "[100]"], &[]),
    ("WSCInstallProvider", &["\"tracing\""], &[]),
    ("WSAIsBlocking", &[], &[]),
    ("WSACancelBlockingCall", &[], &[]),
    // So has a blocking hook.
    ("WSASetBlockingHook", &["hook"], &[0]),
    ("WSAUnhookBlockingHook", &[], &[]),
];

/// A name that nothing has.
const BOGUS: &str = "BOGUS";

#[test]
fn no_argument_of_any_call_may_be_a_name_that_nothing_has() {
    for (api, profile, calls) in [
        (Api::Posix, "linux", POSIX),
        (Api::Winsock, "windows", WINSOCK),
    ] {
        let covered: Vec<&str> = calls.iter().map(|(name, ..)| *name).collect();
        assert_eq!(covered, known_names(api), "a call has no sample");
        for (name, arguments, free) in calls {
            let call = |arguments: &[&str]| {
                wrong(
                    profile,
                    "v4",
                    &format!("0 a: {name}({}) = ...", arguments.join(", ")),
                )
            };
            assert_eq!(call(arguments), "", "{name}");
            for place in 0..arguments.len() {
                let mut arguments = arguments.to_vec();
                arguments[place] = BOGUS;
                let found = call(&arguments).contains(BOGUS);
                let is_free = free.contains(&place);
                assert_eq!(
                    found,
                    !is_free,
                    "argument {place} of {name}: {}",
                    call(&arguments)
                );
            }
        }
    }
}

#[test]
fn a_misspelt_name_is_told_with_the_name_that_it_should_be() {
    for (profile, call, help) in [
        (
            "linux",
            "setsockopt(3, SOL_SOCKT, SO_KEEPALIVE, 1) = 0",
            "did you mean `SOL_SOCKET`?",
        ),
        (
            "linux",
            "setsockopt(3, SOL_SOCKET, SO_KEEPALIV, 1) = 0",
            "did you mean `SO_KEEPALIVE`?",
        ),
        (
            "linux",
            "shutdown(3, SHUT_READ) = 0",
            "did you mean `SHUT_RD`?",
        ),
        (
            "linux",
            "socket(AF_INET, SOCK_STREM, 0) = 5",
            "did you mean `SOCK_STREAM`?",
        ),
        (
            "linux",
            "send(3, 10) = -1 ECONREFUSED",
            "did you mean `ECONNREFUSED`?",
        ),
        (
            "linux",
            "poll(3) = POLLIN|POLOUT",
            "did you mean `POLLOUT`?",
        ),
        (
            "windows",
            "recv(3, 10) = SOCKET_EROR WSAECONNRESET",
            "did you mean `SOCKET_ERROR`?",
        ),
        (
            "windows",
            "shutdown(3, SD_RECIEVE) = 0",
            "did you mean `SD_RECEIVE`?",
        ),
    ] {
        let found = wrong(profile, "v4", &format!("0 a: {call}"));
        assert!(found.contains(help), "{call}: {found}");
    }
    let found = wrong(
        "windows",
        "v4",
        "0 a: expect network_events == FD_READ|FD_CLOES",
    );
    assert!(found.contains("did you mean `FD_CLOSE`?"), "{found}");
    let found = wrong("linux", "v4", "0 a: expect error == ECONRESET");
    assert!(found.contains("did you mean `ECONNRESET`?"), "{found}");
}

#[test]
fn a_call_that_never_returns_has_no_result() {
    for (profile, call, found) in [
        ("linux", "exit(1)", ""),
        ("linux", "exit(1) = ...", ""),
        ("linux", "raise(SIGTERM) = SIGTERM", ""),
        ("linux", "exit(1) = 0", "`exit` never returns"),
        ("linux", "abort() = -1 EINVAL", "`abort` never returns"),
        ("linux", "raise(SIGCONT)", "unknown name `SIGCONT`"),
        ("linux", "close(3)", "`=` and what the call must return"),
        ("linux", "ExitProcess(0)", "`ExitProcess` is a Winsock call"),
        ("windows", "ExitProcess(0)", ""),
        ("windows", "TerminateProcess(-1, 1)", ""),
        (
            "windows",
            "TerminateProcess(7, 1)",
            "its own process, which is -1",
        ),
        (
            "windows",
            "ExitProcess(0) = TRUE",
            "`ExitProcess` never returns",
        ),
    ] {
        let said = wrong(profile, "v4", &format!("0 a: {call}"));
        match found {
            "" => assert_eq!(said, "", "{call}"),
            found => assert!(said.contains(found), "{call}: {said}"),
        }
    }
}

#[test]
fn a_host_that_has_crashed_makes_no_calls_until_it_is_up_again() {
    let socket = "a: socket(AF_INET, SOCK_STREAM, 0) = 3";
    let found = wrong(
        "linux",
        "v4",
        &format!("0 a: crash\n1 a: crash\n2 {socket}"),
    );
    assert!(found.contains("`a` has crashed already"), "{found}");
    assert!(
        found.contains("`a` has crashed, and makes no calls"),
        "{found}"
    );
    assert!(found.contains("`a: reboot` starts it again"), "{found}");
    let script = format!("0 a: crash\n1 a: reboot\n2 {socket}\n3 a: reboot\n4 {socket}");
    assert_eq!(wrong("linux", "v4", &script), "");
    let found = wrong("linux", "v4", "0 a: crash()");
    assert!(
        found.contains("`=` and what the call must return"),
        "{found}"
    );
}

#[test]
fn an_address_without_a_port_is_no_address() {
    let found = wrong("linux", "v4", "0 a: bind(3, a) = 0");
    assert!(
        found.contains("a is not an address: write host:port"),
        "{found}"
    );
}

#[test]
fn a_socket_of_the_other_family_is_told_at_the_address_that_it_cannot_have() {
    let script = "0 a: socket(AF_INET, SOCK_STREAM, 0) = 3\n+0 a: bind(3, a:80) = 0\n\
                  +0 a: socket(AF_INET6, SOCK_STREAM, 0) = 4\n+0 a: bind(4, a:80) = 0";
    let found = wrong("linux", "v6", script);
    assert_eq!(found.matches("a.toml").count(), 1, "{found}");
    assert!(found.contains("a has no IPv4 address"), "{found}");
    assert!(found.contains("AF_INET6"), "{found}");
}

#[test]
fn what_a_call_is_wrong_in_is_told_once() {
    let found = wrong("linux", "v4", "0 a: connect(3, bb:80) = 0");
    assert_eq!(found.matches("a.toml").count(), 1, "{found}");
    let found = wrong("linux", "v4", "0 a: connect(3) = 0");
    assert!(
        found.contains("connect takes (fd, address[, length]), not 1 arguments"),
        "{found}"
    );
}
