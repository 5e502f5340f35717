//! The situations of the atlas: how a socket came to its state, what is queued, and what happens
//! then.
//!
//! In lines `{s}` is the socket, `{p}` the peer's next number, `{q}` the one 20 octets on, `{a}`
//! what the peer has acknowledged, `{f}` the number behind the host's FIN.

use std::fmt::Write;

/// A situation, and its scenario.
pub(crate) struct Situation {
    /// How the socket came to its state, the state, and what is queued.
    pub(crate) place: String,
    /// What happens.
    pub(crate) event: &'static str,
    pub(crate) scenario: String,
}

/// How a socket came to be.
struct Origin {
    name: &'static str,
    socket: u32,
    lines: &'static [&'static str],
    states: &'static [State],
    queues: &'static [Queue],
    /// Whether the peer does something, too.
    hears: bool,
}

/// What is done to bring a socket into a state.
struct State {
    name: &'static str,
    lines: &'static [&'static str],
    /// Whether the peer's FIN is among them.
    ended: bool,
    /// Whether all that the host has sent is acknowledged, so that nothing of it can be queued.
    acknowledged: bool,
}

/// What is queued.
struct Queue {
    name: &'static str,
    received: bool,
    sent: bool,
}

const fn state(name: &'static str, lines: &'static [&'static str]) -> State {
    State {
        name,
        lines,
        ended: false,
        acknowledged: false,
    }
}

const fn ended(name: &'static str, lines: &'static [&'static str]) -> State {
    State {
        ended: true,
        ..state(name, lines)
    }
}

const SYN: &str = "+.01 peer > host: S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>";
const SYN_ACK: &str = "+.02 peer > host: S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,sackOK>";
const ACK: &str = "+.01 peer > host: . 1:1(0) ack 1 win 65535";
const FIN: &str = "+.01 peer > host: F. {p}:{p}(0) ack {a} win 65535";
const LAST_FIN: &str = "+.01 peer > host: F. {p}:{p}(0) ack {f} win 65535";
const RST: &str = "+.01 peer > host: R. {p}:{p}(0) ack {a} win 0";
/// Behind the peer's FIN.
const LATE_RST: &str = "+.01 peer > host: R. {p1}:{p1}(0) ack {a} win 0";
const ALL: &str = "+.01 peer > host: . {p}:{p}(0) ack {f} win 65535";
const LATE_ALL: &str = "+.01 peer > host: . {p1}:{p1}(0) ack {f} win 65535";
const REFUSAL: &str = "+.02 peer > host: R. 0:0(0) ack 1 win 0";
const SHUT_RD: &str = "+.01 host: shutdown({s}, SHUT_RD) = 0";
const SHUT_WR: &str = "+.01 host: shutdown({s}, SHUT_WR) = 0";
const SHUT_RDWR: &str = "+.01 host: shutdown({s}, SHUT_RDWR) = 0";
const TOLD: &str = "+.01 host: getsockopt({s}, SOL_SOCKET, SO_ERROR) = ECONNREFUSED";
const SOCKET: &str = "0 host: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3";
const NON_BLOCKING: &str = "+0 host: fcntl({s}, F_SETFL, O_RDWR|O_NONBLOCK) = 0";
const BIND: &str = "+0 host: bind(3, *:80) = 0";
const LISTEN: &str = "+0 host: listen(3, 8) = 0";
const ACCEPT: &str = "+.01 host: accept(3) = 4";
const CONNECT: &str = "+0 host: connect(3, peer:8080) = -1 EINPROGRESS";
const CONNECTED: &str = "+.01 host: connect(3, peer:8080) = 0";

const QUEUES: [Queue; 4] = [
    Queue {
        name: "nothing",
        received: false,
        sent: false,
    },
    Queue {
        name: "received",
        received: true,
        sent: false,
    },
    Queue {
        name: "sent",
        received: false,
        sent: true,
    },
    Queue {
        name: "both",
        received: true,
        sent: true,
    },
];

const STATES: [State; 17] = [
    state("established", &[]),
    state("fin-wait-1", &[SHUT_WR]),
    ended("close-wait", &[FIN]),
    ended("closing", &[SHUT_WR, FIN]),
    ended("last-ack", &[FIN, SHUT_WR]),
    State {
        acknowledged: true,
        ..state("fin-wait-2", &[SHUT_WR, ALL])
    },
    State {
        acknowledged: true,
        ..ended("time-wait", &[SHUT_WR, ALL, LAST_FIN])
    },
    State {
        acknowledged: true,
        ..ended("closed", &[FIN, SHUT_WR, LATE_ALL])
    },
    state("shut-rd", &[SHUT_RD]),
    state("shut-rdwr", &[SHUT_RDWR]),
    state("reset-in-established", &[RST]),
    state("reset-in-fin-wait-1", &[SHUT_WR, RST]),
    ended("reset-in-close-wait", &[FIN, LATE_RST]),
    ended("reset-in-closing", &[SHUT_WR, FIN, LATE_RST]),
    ended("reset-in-last-ack", &[FIN, SHUT_WR, LATE_RST]),
    State {
        acknowledged: true,
        ..state("reset-in-fin-wait-2", &[SHUT_WR, ALL, RST])
    },
    state("reset-in-shut-rd", &[SHUT_RD, RST]),
];

const ALONE: [State; 7] = [
    state("fresh", &[]),
    state("bound", &[BIND]),
    state("listening", &[BIND, LISTEN]),
    state("ready", &[BIND, LISTEN, SYN, ACK]),
    state("syn-sent", &[CONNECT]),
    state("refused", &[CONNECT, REFUSAL]),
    state("refused-and-told", &[CONNECT, REFUSAL, TOLD]),
];

const ORIGINS: [Origin; 3] = [
    Origin {
        name: "called",
        socket: 4,
        lines: &[SOCKET, BIND, LISTEN, SYN, ACK, ACCEPT, NON_BLOCKING],
        states: &STATES,
        queues: &QUEUES,
        hears: true,
    },
    Origin {
        name: "calling",
        socket: 3,
        lines: &[SOCKET, NON_BLOCKING, CONNECT, SYN_ACK, CONNECTED],
        states: &STATES,
        queues: &QUEUES,
        hears: false,
    },
    Origin {
        name: "alone",
        socket: 3,
        lines: &[SOCKET, NON_BLOCKING],
        states: &ALONE,
        queues: QUEUES.split_at(1).0,
        hears: false,
    },
];

/// What a program does, and whether it can look at the socket afterwards.
const CALLS: [(&str, &[&str], bool); 15] = [
    ("poll", &["poll({s})"], true),
    ("SO_ERROR", &["getsockopt({s}, SOL_SOCKET, SO_ERROR)"], true),
    ("recv", &["recv({s}, 200, MSG_DONTWAIT)"], true),
    ("peek", &["recv({s}, 200, MSG_DONTWAIT|MSG_PEEK)"], true),
    ("send", &["send({s}, 10, MSG_NOSIGNAL|MSG_DONTWAIT)"], true),
    ("connect", &["connect({s}, peer:8080)"], true),
    ("accept", &["accept({s})"], true),
    ("listen", &["listen({s}, 1)"], true),
    ("bind", &["bind({s}, *:81)"], true),
    ("SHUT_RD", &["shutdown({s}, SHUT_RD)"], true),
    ("SHUT_WR", &["shutdown({s}, SHUT_WR)"], true),
    ("SHUT_RDWR", &["shutdown({s}, SHUT_RDWR)"], true),
    ("FIONREAD", &["ioctl({s}, FIONREAD)"], true),
    ("close", &["close({s})"], false),
    (
        "linger 0, close",
        &[
            "setsockopt({s}, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0})",
            "close({s})",
        ],
        false,
    ),
];

/// What the peer does.
const SEGMENTS: [(&str, &str); 7] = [
    ("data", "P. {n}:{q}(20) ack {a} win 65535"),
    ("data again", "P. 1:21(20) ack {a} win 65535"),
    ("FIN", "F. {n}:{n}(0) ack {a} win 65535"),
    ("RST", "R. {n}:{n}(0) ack {a} win 0"),
    ("SYN", "S {n}:{n}(0) win 65535 <mss 1460>"),
    ("ACK of all", ". {n}:{n}(0) ack {f} win 65535"),
    ("ACK of the unsent", ". {n}:{n}(0) ack 9000 win 65535"),
];

/// How a program looks at the socket afterwards.
const LOOKS: [(&str, &str); 7] = [
    ("+.05", "poll({s})"),
    ("+0", "getsockopt({s}, SOL_SOCKET, SO_ERROR)"),
    ("+0", "poll({s})"),
    ("+0", "recv({s}, 200, MSG_DONTWAIT)"),
    ("+0", "send({s}, 10, MSG_NOSIGNAL|MSG_DONTWAIT)"),
    ("+.02", "recv({s}, 200, MSG_DONTWAIT)"),
    ("+0", "send({s}, 10, MSG_NOSIGNAL|MSG_DONTWAIT)"),
];

/// Every situation.
pub(crate) fn all() -> Vec<Situation> {
    let mut all = Vec::new();
    for origin in &ORIGINS {
        for state in origin.states {
            let queues = origin.queues.iter();
            for queue in queues.filter(|it| !(it.sent && state.acknowledged)) {
                in_place(origin, state, queue, &mut all);
            }
        }
    }
    all
}

fn in_place(origin: &Origin, state: &State, queue: &Queue, all: &mut Vec<Situation>) {
    let place = format!("{}, {}, {}", origin.name, state.name, queue.name);
    let fill = filler(origin, state, queue);
    let mut begin: Vec<&str> = origin.lines.to_vec();
    if queue.received {
        begin.push("+.01 peer > host: P. 1:101(100) ack 1 win 65535");
    }
    if queue.sent {
        begin.push("+.01 host: send({s}, 50, MSG_NOSIGNAL) = 50");
    }
    begin.extend(state.lines);
    let begin: String = begin.iter().map(|line| format!("{line}\n")).collect();
    let looks = LOOKS.map(|(time, call)| format!("{time} host: {call} = ...\n"));
    let looks = looks.concat();
    let mut push = |event: &'static str, middle: &str, looks: &str| {
        let script = fill(&format!("{begin}{middle}{looks}"));
        all.push(Situation {
            scenario: scenario(&place, event, &script),
            place: place.clone(),
            event,
        });
    };
    for (event, calls, stays) in CALLS {
        let mut middle = String::new();
        let mut time = "+.01";
        for call in calls {
            // A descriptor has its number from the script.
            let result = match (event, state.name) {
                ("accept", "ready") => "4",
                _ => "...",
            };
            let _ = writeln!(middle, "{time} host: {call} = {result}");
            time = "+0";
        }
        push(event, &middle, if stays { &looks } else { "" });
    }
    for (event, segment) in SEGMENTS.iter().filter(|_| origin.hears) {
        push(event, &format!("+.01 peer > host: {segment}\n"), &looks);
    }
}

/// Puts the numbers of a place into lines.
fn filler(origin: &Origin, state: &State, queue: &Queue) -> impl Fn(&str) -> String {
    let peer = if queue.received { 101 } else { 1 };
    let next = peer + u32::from(state.ended);
    let fin = if queue.sent { 52 } else { 2 };
    let acknowledged = if state.acknowledged { fin } else { 1 };
    let values = [
        ("{s}", origin.socket),
        ("{p}", peer),
        ("{p1}", peer + 1),
        ("{n}", next),
        ("{q}", next + 20),
        ("{f}", fin),
    ];
    move |lines| {
        let mut text = String::new();
        let mut has_ended = false;
        for line in lines.lines() {
            // In CLOSE-WAIT and before it nothing of the host is acknowledged yet.
            let early = line == FIN && !has_ended;
            has_ended |= line == FIN || line == LAST_FIN;
            let mut line = line.replace("{a}", &if early { 1 } else { acknowledged }.to_string());
            for (name, value) in values {
                line = line.replace(name, &value.to_string());
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

fn scenario(place: &str, event: &str, script: &str) -> String {
    format!(
        "# {place}: {event}.\nuntil = \"0.23s\"\nhosts.host.profile = \"linux\"\n\
         hosts.peer.profile = \"scripted\"\nscript = '''\n{script}'''\n"
    )
}
