//! docs/endings.md says how each ending of a connection shows in each way of learning of it: every
//! cell of its table is a run.
//!
//! `ENDINGS=write cargo test --test endings` renews the table.

use std::path::Path;

use hangup::capture::text;
use hangup::run::run;
use hangup::scenario::ScenarioFile;

/// A way in which a connection ends, and what the script has of it. The socket is 4 where the host
/// was called, and 3 where it calls.
struct Ending {
    name: &'static str,
    socket: u32,
    script: &'static str,
}

const ENDINGS: [Ending; 10] = [
    Ending {
        name: "the peer closes, or ends sending",
        socket: 4,
        script: "1 peer > w: F. 1:1(0) ack 1 win 65535",
    },
    Ending {
        name: "the same behind data that is unread",
        socket: 4,
        script: "1 peer > w: FP. 1:101(100) ack 1 win 65535",
    },
    Ending {
        name: "the peer resets",
        socket: 4,
        script: "1 peer > w: R. 1:1(0) ack 1",
    },
    Ending {
        name: "the same behind data that is unread",
        socket: 4,
        script: "1 peer > w: P. 1:101(100) ack 1 win 65535\n\
                 1.1 peer > w: R. 101:101(0) ack 1",
    },
    Ending {
        name: "the peer closes, and resets in answer to data",
        socket: 4,
        script: "1 peer > w: F. 1:1(0) ack 1 win 65535\n\
                 1.1 w: send(4, 10) = 10\n\
                 1.2 peer > w: R 1:1(0)\n\
                 1.2 peer > w: R 2:2(0)",
    },
    Ending {
        name: "data comes after the own SD_RECEIVE",
        socket: 4,
        script: "1 w: shutdown(4, SD_RECEIVE) = 0\n\
                 1.1 peer > w: P. 1:101(100) ack 1 win 65535",
    },
    Ending {
        name: "nobody acknowledges data",
        socket: 4,
        script: "1 w: send(4, 10) = 10",
    },
    Ending {
        name: "nobody answers a keep-alive",
        socket: 4,
        script: "1 w: setsockopt(4, IPPROTO_TCP, TCP_KEEPIDLE, 1) = 0\n\
                 1 w: setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, TRUE) = 0",
    },
    Ending {
        name: "connecting: refused",
        socket: 3,
        script: "1 peer:4242 > w: R. 0:0(0) ack 1\n\
                 1.5 peer:4242 > w: R. 0:0(0) ack 1\n\
                 2 peer:4242 > w: R. 0:0(0) ack 1",
    },
    Ending {
        name: "connecting: nobody answers",
        socket: 3,
        script: "",
    },
];

/// A way of learning of it: what is called before the end, and what afterwards.
struct Way {
    name: &'static str,
    before: &'static str,
    call: &'static str,
}

const WAYS: [Way; 9] = [
    Way {
        name: "`recv`",
        before: "",
        call: "recv(S, 200)",
    },
    Way {
        name: "`recv` again",
        before: "60 w: recv(S, 200) = ...",
        call: "recv(S, 200)",
    },
    Way {
        name: "`send`",
        before: "",
        call: "send(S, 10)",
    },
    Way {
        name: "`shutdown(SD_SEND)`",
        before: "",
        call: "shutdown(S, SD_SEND)",
    },
    Way {
        name: "WSARecv that waits",
        before: ".5 w: WSARecv(S, 200, 0, ov) = ...",
        call: "WSAGetOverlappedResult(S, ov, FALSE)",
    },
    Way {
        name: "network events",
        before: ".5 w: WSACreateEvent() = 10\n\
                 .5 w: WSAEventSelect(S, 10, FD_READ|FD_CONNECT|FD_CLOSE) = 0",
        call: "WSAEnumNetworkEvents(S, 10, ...)",
    },
    Way {
        name: "`WSAPoll`",
        before: "",
        call: "WSAPoll(S)",
    },
    Way {
        name: "`SO_ERROR`",
        before: "",
        call: "getsockopt(S, SOL_SOCKET, SO_ERROR)",
    },
    Way {
        name: "`getpeername`",
        before: "",
        call: "getpeername(S, ...)",
    },
];

const ACCEPTED: &str = "\
0 w: WSAStartup(0x0202) = 0
0 w: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
0 w: bind(3, w:4242) = 0
0 w: listen(3, 1) = 0
0 peer > w: S 0:0(0) win 65535 <mss 1460>
0 w > peer: S. 0:0(0) ack 1
0 peer > w: . 1:1(0) ack 1 win 65535
0 w: accept(3) = 4
0 w: ioctlsocket(4, FIONBIO, TRUE) = 0
";

const CONNECTING: &str = "\
0 w: WSAStartup(0x0202) = 0
0 w: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
0 w: ioctlsocket(3, FIONBIO, TRUE) = 0
0 w: connect(3, peer:4242) = SOCKET_ERROR WSAEWOULDBLOCK
";

/// What a call returned that is made a minute after an ending.
fn learned(profile: &str, ending: &Ending, way: &Way) -> String {
    let begin = if ending.socket == 4 {
        ACCEPTED
    } else {
        CONNECTING
    };
    let socket = ending.socket.to_string();
    let fill = |text: &str| text.replace("(S", &format!("({socket}"));
    let mut lines: Vec<String> = [begin, &fill(way.before), ending.script]
        .iter()
        .flat_map(|part| part.lines().map(str::to_owned))
        .collect();
    lines.push(format!("61 w: {} = ...", fill(way.call)));
    let at = |line: &String| -> f64 {
        let time = line.split_whitespace().next().expect("a line has a time");
        time.parse().expect("the time is a number")
    };
    lines.sort_by(|one, other| at(one).total_cmp(&at(other)));
    let file = format!(
        "# {}.\nuntil = \"62s\"\nhosts.w.profile = \"{profile}\"\nhosts.peer.profile = \
         \"scripted\"\nscript = '''\n{}\n'''\n",
        ending.name,
        lines.join("\n")
    );
    let file = ScenarioFile::parse(Path::new("ending.toml"), file.into_bytes(), &[]);
    let file = file.unwrap_or_else(|invalid| panic!("{invalid}"));
    let scenario = file.scenarios().next().expect("there is one combination");
    let outcome = run(&scenario, None);
    let summary = outcome.summary("ending", "");
    let shown = text::render(&outcome.trace(&summary), outcome.vantage());
    let name = way.call.split('(').next().expect("a call has a name");
    let mut rows = shown
        .lines()
        .filter(|line| line.contains("w: ") && line.contains(name));
    let row = rows
        .next_back()
        .unwrap_or_else(|| panic!("{name} is not made:\n{shown}"));
    let (call, result) = row.rsplit_once(" = ").expect("a call has a result");
    // Network events are told through a structure, with an error for each.
    let told = call
        .split_once('{')
        .and_then(|(_, told)| told.split_once('}'));
    let result = told.map_or_else(|| result.to_owned(), |(told, _)| told.replace("=", ": "));
    // Events are joined by bars, which would end a cell.
    let result = result.replace("SOCKET_ERROR ", "").replace('|', ", ");
    result.trim().to_owned()
}

/// The table: Windows, and in brackets the pages where they say something else.
fn table() -> String {
    let mut table = String::from("| how it ends |");
    for way in &WAYS {
        table += &format!(" {} |", way.name);
    }
    table += "\n|---|";
    table += &"---|".repeat(WAYS.len());
    table += "\n";
    for ending in &ENDINGS {
        table += &format!("| {} |", ending.name);
        for way in &WAYS {
            let windows = learned("windows", ending, way);
            let pages = learned("winsock", ending, way);
            table += &if windows == pages {
                format!(" {windows} |")
            } else {
                format!(" {windows} (pages: {pages}) |")
            };
        }
        table += "\n";
    }
    table
}

#[test]
fn the_document_says_what_programs_learn() {
    const BEGIN: &str = "<!-- printed: endings -->\n";
    const END: &str = "<!-- end -->\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/endings.md");
    let present = std::fs::read_to_string(&path).expect("the document is there");
    let at = present.find(BEGIN).expect("it has a table") + BEGIN.len();
    let end = at + present[at..].find(END).expect("the table ends");
    let mut written = present.clone();
    written.replace_range(at..end, &table());
    if std::env::var_os("ENDINGS").is_some_and(|value| value == "write") {
        std::fs::write(&path, written).expect("the document can be written");
    } else {
        assert!(
            present == written,
            "docs/endings.md is stale: review `ENDINGS=write cargo test --test endings`"
        );
    }
}

#[test]
fn generations_of_windows_tell_programs_the_same() {
    for ending in &ENDINGS {
        for way in &WAYS {
            let newest = learned("windows", ending, way);
            for older in ["windows-7", "windows-xp"] {
                assert_eq!(
                    learned(older, ending, way),
                    newest,
                    "{older}, {}",
                    ending.name
                );
            }
        }
    }
}
