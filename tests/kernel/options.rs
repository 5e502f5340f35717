//! Every row of the table of POSIX options, asked of the kernel and of the emulated Linux: what a
//! socket has at first, which values and lengths are taken, and what is read behind them, in every
//! state of a connection.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests pick what they look at"
)]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use hangup_posix::options::{
    IP_MTU_DISCOVER, IP_TOS, IPV6_MTU_DISCOVER, IPV6_TCLASS, Linger, OPTIONS, OptionValue,
    SO_LINGER, SO_RCVBUF, SO_SNDBUF, SO_TIMESTAMPING, SO_ZEROCOPY, SOL_SOCKET, TCP_INFO,
    TCP_MAXSEG,
};
use hangup_posix::sockets::{
    AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SHUT_RDWR, SOCK_DGRAM, SOCK_STREAM,
};
use hangup_posix::{Errno, FileDescriptor, Process, Progress};
use hangup_stack::host::Host;
use hangup_stack::network::{HostConfig, HostId, Network, Resolution};
use hangup_stack::profile::Profile;
use hangup_stack::smoltcp::time::{Duration, Instant};
use hangup_stack::smoltcp::wire::{IpAddress, IpEndpoint};
use hangup_stack::sockopt::{Codec, OptionRow};

use crate::namespace::ip;
use crate::skipped;

/// The program that asks the kernel.
const ASKS: &str = include_str!("options.py");

/// How far the connection of a socket has come.
const STATES: [&str; 5] = ["fresh", "listening", "connected", "ended", "reset"];

/// Numbers at the edges of what options take.
const NUMBERS: [i32; 16] = [
    -2,
    -1,
    0,
    1,
    2,
    40,
    87,
    88,
    127,
    128,
    255,
    256,
    4096,
    32_767,
    32_768,
    i32::MAX,
];

/// The room of a read.
const ROOM: usize = 32;

/// A question.
#[derive(Clone, Debug)]
enum Question {
    Open(i32, i32, &'static str),
    Set(&'static OptionRow, Vec<u8>),
    Get(&'static OptionRow),
}

impl Question {
    fn line(&self) -> String {
        match self {
            Self::Open(family, kind, state) => format!("open {family} {kind} {state}"),
            Self::Set(row, octets) => format!("set {} {} {}", row.level, row.name, hex(octets)),
            Self::Get(row) => format!("get {} {} {ROOM}", row.level, row.name),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Open(..) => self.line(),
            Self::Set(row, octets) => format!("set {} {}", row.word, hex(octets)),
            Self::Get(row) => format!("get {}", row.word),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// The kernel and the emulated Linux say the same.
pub(crate) fn the_kernel_has_the_same() {
    ip("link set dev lo up");
    let questions = questions();
    let Some(kernel) = kernel(&questions) else {
        skipped("socket options of the kernel", "`python3` is not installed");
        return;
    };
    assert_eq!(kernel.len(), questions.len(), "each has its answer");
    let mut emulation = Emulation::new();
    let (mut socket, mut differences) = (String::new(), String::new());
    for (question, kernel) in questions.iter().zip(kernel) {
        let answer = emulation.answer(question);
        if let Question::Open(..) = question {
            socket = question.line();
        }
        if answer != kernel {
            let question = question.shown();
            let _ = writeln!(
                differences,
                "{socket}: {question}: kernel {kernel}, here {answer}"
            );
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

/// All questions about all options that Linux has.
fn questions() -> Vec<Question> {
    let profile = Profile::built_in("linux").expect("it is built in");
    let mut network = Network::new(0, Resolution::Static);
    let address = IpAddress::v4(192, 0, 2, 1);
    let host = network.add_host(HostConfig::new("host", address, profile));
    let host = network.host(host);
    let mut questions = Vec::new();
    for row in OPTIONS.iter().filter(|row| row.codec.exists(host)) {
        let family = match row.level {
            IPPROTO_IPV6 => AF_INET6,
            _ => AF_INET,
        };
        for state in STATES {
            for kind in [SOCK_STREAM, SOCK_DGRAM] {
                let exists = kind == SOCK_STREAM || state == STATES[0];
                if exists && is_comparable(row, kind, state) {
                    questions.push(Question::Open(family, kind, state));
                    // Which algorithm is the usual one is a setting of the machine.
                    if !matches!(row.codec, Codec::Algorithm(_)) {
                        questions.push(Question::Get(row));
                    }
                    for octets in values(row) {
                        questions.push(Question::Set(row, octets));
                        questions.push(Question::Get(row));
                    }
                }
            }
        }
    }
    questions
}

/// Whether both can be expected to say the same.
fn is_comparable(row: &OptionRow, kind: i32, state: &str) -> bool {
    match (row.level, row.name) {
        // A structure, most of whose fields are times and counts of the machine; and one whose
        // flags are mostly those of clocks that no device here has.
        (IPPROTO_TCP, TCP_INFO) | (SOL_SOCKET, SO_TIMESTAMPING) => false,
        // Datagrams have no error queue here, and whether they may be taken apart is not played.
        (SOL_SOCKET, SO_ZEROCOPY)
        | (IPPROTO_IP, IP_MTU_DISCOVER)
        | (IPPROTO_IPV6, IPV6_MTU_DISCOVER) => kind == SOCK_STREAM,
        // That of the loopback device.
        (IPPROTO_TCP, TCP_MAXSEG) => matches!(state, "fresh" | "listening"),
        // Settings of the machine, and what it tunes by itself.
        (SOL_SOCKET, SO_SNDBUF | SO_RCVBUF) => false,
        // Datagrams go out without it here.
        (IPPROTO_IP, IP_TOS) | (IPPROTO_IPV6, IPV6_TCLASS) => kind == SOCK_STREAM,
        _ => true,
    }
}

/// What an option is set to, one after the other.
fn values(row: &OptionRow) -> Vec<Vec<u8>> {
    let numbers = |numbers: &[i32]| {
        let octets = numbers.iter().flat_map(|number| number.to_ne_bytes());
        octets.collect::<Vec<u8>>()
    };
    match row.codec {
        Codec::Linger(_) => {
            let pairs = [[1, 0], [1, 5], [0, 0], [0, 7], [2, 9]];
            let mut values: Vec<_> = pairs.iter().map(|pair| numbers(pair)).collect();
            values.extend([vec![], vec![1; 4], vec![1; 7]]);
            values
        }
        Codec::Time(_) => {
            let times = [[1, 500_000], [0, 40_000], [0, 0]];
            let octets = |time: &[i64; 2]| time.iter().flat_map(|it| it.to_ne_bytes()).collect();
            let mut values: Vec<_> = times.iter().map(octets).collect();
            values.extend([vec![], vec![1; 8], vec![1; 15]]);
            values
        }
        Codec::Algorithm(_) => ["reno", "cubic", "nobody's", ""]
            .map(|name| name.as_bytes().to_vec())
            .to_vec(),
        _ => {
            let mut values: Vec<_> = NUMBERS.iter().map(|it| numbers(&[*it])).collect();
            values.extend([vec![], vec![2], vec![2; 3], numbers(&[3, 0])]);
            values
        }
    }
}

/// The answers of the kernel. None: there is nothing that could ask it.
fn kernel(questions: &[Question]) -> Option<Vec<String>> {
    let mut child = Command::new("python3")
        .args(["-c", ASKS])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let lines: Vec<String> = questions.iter().map(Question::line).collect();
    let mut input = child.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || input.write_all((lines.join("\n") + "\n").as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it ends").expect("it reads all");
    assert!(output.status.success(), "the questions are understood");
    let text = String::from_utf8(output.stdout).expect("it is ASCII");
    Some(text.lines().map(str::to_owned).collect())
}

/// Two emulated hosts, the first of which is asked.
struct Emulation {
    network: Network,
    hosts: [HostId; 2],
    mine: Process,
    peer: Process,
    socket: FileDescriptor,
    port: u16,
}

impl Emulation {
    fn new() -> Self {
        let mut network = Network::new(0, Resolution::Static);
        let profile = Profile::built_in("linux").expect("it is built in");
        let hosts = [1, 2].map(|last| {
            let mut config = HostConfig::new("host", IpAddress::v4(0, 0, 0, 0), profile.clone());
            config.addresses = vec![
                IpAddress::v4(192, 0, 2, last),
                IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)),
            ];
            network.add_host(config)
        });
        Self {
            network,
            hosts,
            mine: Process::new(),
            peer: Process::new(),
            socket: FileDescriptor::from_raw(0),
            port: 1000,
        }
    }

    fn answer(&mut self, question: &Question) -> String {
        match question {
            Question::Open(family, kind, state) => {
                self.socket = self.opened(*family, *kind, state);
                "ok".to_owned()
            }
            Question::Set(row, octets) => {
                let socket = self.socket;
                let option = (row.level, row.name);
                let value = value(row.codec, octets);
                let set = self.call(0, |process, host, now| {
                    process.setsockopt_sized(host, now, socket, option, (&value, octets.len()))
                });
                set.map_or_else(|error| error.name().to_owned(), |()| "ok".to_owned())
            }
            Question::Get(row) => {
                let socket = self.socket;
                let got = self.call(0, |process, host, _| {
                    process.getsockopt(host, socket, row.level, row.name)
                });
                got.map_or_else(|error| error.name().to_owned(), |value| octets_of(&value))
            }
        }
    }

    fn call<R>(
        &mut self,
        which: usize,
        call: impl FnOnce(&mut Process, &mut Host, Instant) -> R,
    ) -> R {
        let process = [&mut self.mine, &mut self.peer];
        let process = process.into_iter().nth(which).expect("there are two");
        self.network
            .with_host(self.hosts[which], |host, now| call(process, host, now))
    }

    fn pass(&mut self) {
        let until = self.network.now() + Duration::from_millis(20);
        self.network.run_until(until);
    }

    fn opened(&mut self, family: i32, kind: i32, state: &str) -> FileDescriptor {
        let (socket, bad) = (self.socket, Err(Errno::BadDescriptor).into());
        let closed = self.call(0, |process, host, now| process.close(host, now, socket));
        assert!(closed == Ok(()).into() || closed == bad || !matches!(closed, Progress::Done(_)));
        self.mine = Process::new();
        self.port += 1;
        let port = self.port;
        let mine = self.call(0, |process, host, _| process.socket(host, family, kind, 0));
        let mine = mine.expect("there is room");
        if state == "fresh" {
            return mine;
        }
        let index = usize::from(family == AF_INET6);
        let listens = |process: &mut Process, host: &mut Host, fd, last| {
            let address = host.addresses()[index];
            assert_eq!(last, host.addresses().len());
            process.bind(host, fd, IpEndpoint::new(address, port))?;
            process.listen(host, fd, 5)?;
            Ok::<IpEndpoint, Errno>(IpEndpoint::new(address, port))
        };
        if state == "listening" {
            let listening = self.call(0, |process, host, _| listens(process, host, mine, 2));
            listening.expect("the port is free");
            return mine;
        }
        let (listener, name) = self.call(1, |process, host, _| {
            let fd = process
                .socket(host, family, kind, 0)
                .expect("there is room");
            (fd, listens(process, host, fd, 2).expect("the port is free"))
        });
        let begun = self.call(0, |process, host, now| {
            process.connect(host, now, mine, name)
        });
        assert_eq!(begun, Progress::WAITS);
        self.pass();
        let done = self.call(0, |process, host, now| {
            process.connect(host, now, mine, name)
        });
        assert_eq!(done, Ok(()).into());
        let accepted = self.call(1, |process, host, now| process.accept(host, now, listener));
        let Progress::Done(Ok(accepted)) = accepted else {
            panic!("a connection waits: {accepted:?}")
        };
        if state == "ended" {
            self.call(0, |process, host, _| {
                process.shutdown(host, mine, SHUT_RDWR)
            })
            .expect("it is connected");
            self.pass();
        }
        if state == "reset" {
            let linger = OptionValue::Linger(Linger::RESET);
            self.call(1, |process, host, now| {
                process.setsockopt(host, now, accepted, (SOL_SOCKET, SO_LINGER), &linger)
            })
            .expect("sockets have it");
        }
        if state != "connected" {
            let closed = self.call(1, |process, host, now| process.close(host, now, accepted));
            assert_eq!(closed, Ok(()).into());
            self.pass();
        }
        mine
    }
}

/// Octets as a value of an option.
fn value(codec: Codec, octets: &[u8]) -> OptionValue {
    let number = |at: usize| {
        let octets = octets.get(at..at + 4).and_then(|it| it.try_into().ok());
        octets.map_or(0, i32::from_ne_bytes)
    };
    let long = |at: usize| {
        let octets = octets.get(at..at + 8).and_then(|it| it.try_into().ok());
        octets.map_or(0, i64::from_ne_bytes).unsigned_abs()
    };
    match codec {
        Codec::Linger(_) => OptionValue::Linger(Linger {
            onoff: u16::try_from(number(0)).unwrap_or(u16::MAX),
            seconds: u16::try_from(number(4)).unwrap_or(u16::MAX),
        }),
        Codec::Time(_) if octets.len() < 16 => OptionValue::Time(Duration::ZERO),
        Codec::Time(_) => {
            OptionValue::Time(Duration::from_secs(long(0)) + Duration::from_micros(long(8)))
        }
        Codec::Algorithm(_) => OptionValue::Octets(octets.to_vec()),
        _ if octets.len() < 4 => OptionValue::Integer(octets.first().copied().map_or(0, i32::from)),
        _ => OptionValue::Integer(number(0)),
    }
}

/// A value of an option as the kernel writes it.
fn octets_of(value: &OptionValue) -> String {
    match value {
        OptionValue::Integer(number) => hex(&number.to_ne_bytes()),
        OptionValue::Linger(Linger { onoff, seconds }) => {
            let pair = [*onoff, *seconds].map(|it| i32::from(it).to_ne_bytes());
            hex(&pair.concat())
        }
        OptionValue::Time(time) => {
            let micros = i64::try_from(time.total_micros()).unwrap_or(i64::MAX);
            let pair = [micros / 1_000_000, micros % 1_000_000].map(i64::to_ne_bytes);
            hex(&pair.concat())
        }
        // A buffer of 16 octets (TCP_CA_NAME_MAX).
        OptionValue::Octets(octets) => {
            let mut name = octets.clone();
            name.resize(16, 0);
            hex(&name)
        }
        OptionValue::Bad => "bad".to_owned(),
    }
}
