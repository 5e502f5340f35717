use std::fmt::Write;

use super::*;
use crate::provider::itot::negotiate::ClassZero;
use crate::provider::itot::tpkt;

const LOCAL: Reference = 0x1111;
const REMOTE: Reference = 0x2222;
const WITHHELD: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(120);

fn manners(class: Agreed, answer: ReleaseResponse) -> Manners {
    Manners {
        wishes: Wishes {
            class,
            class_0_would_do: ClassZero::NotOffered,
            tpdu_octets_max: 128,
        },
        answer,
        patience: PATIENCE,
    }
}

/// A connection with a peer that says what the test says, in a small language:
///
/// - `peer: CR, DT hello`: the peer sends TPDUs; `peer: hex 03 00 ...`: octets;
/// - `user: release total`: the user does something;
/// - `fin`, `rst`, `+30`: TCP ends, seconds pass;
/// - `sent: ...`: everything that was sent since the last time;
/// - `end: ...`, `state: ...`, `read: ...`: what the user sees now.
struct Dialogue {
    connection: Connection,
    now: Instant,
}

impl Dialogue {
    fn new(role: &str, manners: Manners) -> Self {
        let now = Instant::ZERO;
        let connection = match role {
            "caller" | "connected caller" => {
                let selector = |text: &[u8]| Selector::new(text).unwrap();
                let selectors = (selector(b"AB"), selector(b"CD"));
                Connection::call(manners, LOCAL, selectors, ConnectData::EMPTY, now)
            }
            _ => Connection::listen(manners, LOCAL, now),
        };
        Self { connection, now }
    }

    fn run(&mut self, name: &str, script: &str) {
        for line in script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let (verb, rest) = line.split_once(':').unwrap_or((line, ""));
            let rest = rest.strip_prefix(' ').unwrap_or(rest);
            let place = format!("{name}: {line}");
            match verb {
                "peer" => self.peer(rest),
                "user" => self.user(rest),
                "fin" => self.connection.on_network_end(NetworkEnd::Closed),
                "rst" => self.connection.on_network_end(NetworkEnd::Reset),
                "sent" => assert_eq!(self.sent(), rest, "{place}"),
                "end" => assert_eq!(end(&self.connection), rest, "{place}"),
                "state" => assert_eq!(format!("{:?}", self.connection.state()), rest, "{place}"),
                "network" => {
                    assert_eq!(format!("{:?}", self.connection.network()), rest, "{place}");
                }
                "read" => {
                    let message = self.connection.take_message().unwrap_or_default();
                    assert_eq!(String::from_utf8(message).unwrap(), rest, "{place}");
                }
                seconds => {
                    let seconds = seconds.strip_prefix('+').expect(line).parse().unwrap();
                    self.now += Duration::from_secs(seconds);
                    self.connection.on_time(self.now);
                }
            }
        }
    }

    fn peer(&mut self, what: &str) {
        let mut stream = Vec::new();
        if let Some(octets) = what.strip_prefix("hex ") {
            let octets = octets.split(' ');
            stream.extend(octets.map(|octet| u8::from_str_radix(octet, 16).unwrap()));
        } else {
            for tpdu in what.split(", ") {
                tpkt::put(&written(tpdu).write(), &mut stream);
            }
        }
        // However TCP cuts it.
        for octets in stream.chunks(5) {
            self.connection.on_octets(octets, self.now);
        }
    }

    fn user(&mut self, what: &str) {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        let data = || DisconnectData::new(rest.as_bytes()).unwrap();
        let connection = &mut self.connection;
        match verb {
            "accept" => {
                let data = ConnectData::new(rest.as_bytes()).unwrap();
                let _ = connection.accept(data);
            }
            "refuse" => connection.refuse(Reason::ADDRESS_UNKNOWN, data()),
            "send" => connection.send(rest.as_bytes()).unwrap(),
            "release" => connection.release(data(), self.now),
            "disrupt" => connection.disrupt(self.now),
            "deaf" => connection.shut_receiving(),
            other => panic!("{other}"),
        }
    }

    fn sent(&mut self) -> String {
        let mut packets = Packets::default();
        loop {
            let octets = self.connection.poll_transmit().to_vec();
            if octets.is_empty() {
                break;
            }
            packets.add(&octets);
            self.connection.transmitted(octets.len());
        }
        let mut tpdus = Vec::new();
        while let Some(tpdu) = packets.next_tpdu().unwrap() {
            tpdus.push(shown(&Tpdu::read(tpdu.as_slice()).unwrap()));
        }
        assert_eq!(packets.incomplete(), 0);
        tpdus.join(", ")
    }
}

/// A TPDU of the peer by its short name.
fn written(text: &str) -> Tpdu {
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    let wishes = |class| Wishes {
        class,
        class_0_would_do: ClassZero::NotOffered,
        tpdu_octets_max: 128,
    };
    let none = Selector::EMPTY;
    let data = ConnectData::new(rest.as_bytes());
    let ask = |class| {
        let data = data.clone().unwrap_or_default();
        negotiate::ask(wishes(class), REMOTE, none.clone(), none.clone(), data)
    };
    let request = |class| {
        let (terms, alternatives) = ask(class);
        Tpdu::ConnectionRequest {
            terms,
            alternatives,
        }
    };
    let confirm = |class| Tpdu::ConnectionConfirm {
        destination: LOCAL,
        terms: ask(class).0,
    };
    let disconnect = |source, reason, additional: &[u8]| {
        Tpdu::DisconnectRequest(DisconnectRequest {
            destination: LOCAL,
            source,
            reason,
            additional: AdditionalInformation::new(additional).filter(|it| !it.is_empty()),
            data: DisconnectData::new(rest.as_bytes()).unwrap(),
        })
    };
    let octets = rest.as_bytes();
    match name {
        "CR" => request(Agreed::Two),
        "CR0" => request(Agreed::Zero),
        "CC" => confirm(Agreed::Two),
        "CC0" => confirm(Agreed::Zero),
        "DR" => disconnect(REMOTE, Reason::NORMAL, NON_DISRUPTIVE),
        "DR!" => disconnect(REMOTE, Reason::NORMAL, &[]),
        "DRerror" => disconnect(REMOTE, Reason::PROTOCOL_ERROR, NON_DISRUPTIVE),
        "DRother" => disconnect(7, Reason::NORMAL, &[]),
        "DRrefuse" => disconnect(0, Reason::ADDRESS_UNKNOWN, &[]),
        "DC" => Tpdu::DisconnectConfirm {
            destination: LOCAL,
            source: REMOTE,
        },
        "DCother" => Tpdu::DisconnectConfirm {
            destination: 7,
            source: REMOTE,
        },
        "DT" | "DT+" => Tpdu::Data {
            destination: LOCAL,
            end: if name == "DT" {
                EndOfMessage::Yes
            } else {
                EndOfMessage::No
            },
            octets: Bounded::cut(octets),
        },
        "DT0" => Tpdu::DataOfClass0 {
            end: EndOfMessage::Yes,
            octets: Bounded::cut(octets),
        },
        "DTother" => Tpdu::Data {
            destination: 7,
            end: EndOfMessage::Yes,
            octets: Bounded::cut(octets),
        },
        "ER" => Tpdu::Error {
            destination: LOCAL,
            cause: RejectCause::TPDU_TYPE,
            rejected: None,
        },
        other => panic!("{other}"),
    }
}

fn text(octets: &[u8]) -> String {
    match octets {
        [] => String::new(),
        octets if octets.len() > 20 => format!(" ({} octets)", octets.len()),
        octets => format!(" {}", octets.escape_ascii()),
    }
}

fn shown(tpdu: &Tpdu) -> String {
    let is_remote = |destination: Reference| match destination {
        REMOTE => "",
        0 => " to 0",
        _ => " to another",
    };
    match tpdu {
        Tpdu::ConnectionRequest { terms, .. } => {
            format!("CR {:?}{}", terms.class, text(terms.data.as_slice()))
        }
        Tpdu::ConnectionConfirm { destination, terms } => {
            let data = text(terms.data.as_slice());
            format!("CC {:?}{}{data}", terms.class, is_remote(*destination))
        }
        Tpdu::DisconnectRequest(request) => {
            let to = is_remote(request.destination);
            let from = if request.source == 0 { " from 0" } else { "" };
            let kind = if request.additional.is_some() {
                ""
            } else {
                "!"
            };
            let data = text(request.data.as_slice());
            format!("DR{kind} {}{from}{to}{data}", request.reason.0)
        }
        Tpdu::DisconnectConfirm {
            destination,
            source,
        } => {
            let from = if *source == 0 { " from 0" } else { "" };
            format!("DC{from}{}", is_remote(*destination))
        }
        Tpdu::DataOfClass0 { end, octets } => {
            let more = if *end == EndOfMessage::No { "+" } else { "" };
            format!("DT0{more}{}", text(octets.as_slice()))
        }
        Tpdu::Data {
            destination,
            end,
            octets,
        } => {
            let more = if *end == EndOfMessage::No { "+" } else { "" };
            format!(
                "DT{more}{}{}",
                is_remote(*destination),
                text(octets.as_slice())
            )
        }
        Tpdu::Error {
            destination,
            cause,
            rejected,
        } => {
            let mut shown = format!("ER {}{}", cause.0, is_remote(*destination));
            for octet in rejected.iter().flat_map(|rejected| rejected.as_slice()) {
                write!(shown, " {octet:02x}").unwrap();
            }
            shown
        }
    }
}

fn end(connection: &Connection) -> String {
    match connection.end() {
        None => "none".to_owned(),
        Some(DisconnectIndication::Released(data)) => format!("released{}", text(data.as_slice())),
        Some(DisconnectIndication::Disrupted(reason, data)) => {
            format!("disrupted {}{}", reason.0, text(data.as_slice()))
        }
        Some(DisconnectIndication::Refused(reason, data)) => {
            format!("refused {}{}", reason.0, text(data.as_slice()))
        }
        Some(
            end @ (DisconnectIndication::Confirmed
            | DisconnectIndication::Withdrawn
            | DisconnectIndication::Misused
            | DisconnectIndication::Rejected(_)
            | DisconnectIndication::TimedOut
            | DisconnectIndication::Network(_)),
        ) => format!("{end:?}"),
    }
}

/// What goes over the wire, and what the user sees, from the request to the end: the dialogues of
/// the file.
#[test]
fn dialogues() {
    let file = include_str!("dialogues.txt");
    assert!(
        file.contains("\n# both release at once\n"),
        "there are none"
    );
    for dialogue in file.split("\n# ").skip(1) {
        let mut lines = dialogue.lines();
        let (name, role) = (lines.next().unwrap(), lines.next().unwrap());
        let begin = match role {
            "connected" | "connected, answers at once" => "peer: CR\nuser: accept\nsent: CC Two",
            "connected in class 0" => "peer: CR0\nuser: accept\nsent: CC Zero",
            "connected caller" => "sent: CR Two\npeer: CC\nsent:\nstate: Open",
            "caller" | "called" => "",
            other => panic!("{name}: {other}"),
        };
        let answer = match role {
            "connected, answers at once" => ReleaseResponse::AtOnce,
            _ => ReleaseResponse::WhenUserEnds(WITHHELD),
        };
        let mut dialogue = Dialogue::new(role, manners(Agreed::Two, answer));
        dialogue.run(name, begin);
        for line in lines.filter(|line| !line.starts_with("//")) {
            dialogue.run(name, line);
        }
    }
}

/// Messages of every length around the limits of a TPDU arrive as they were sent.
#[test]
fn messages_are_cut_to_the_size_that_was_agreed_on() {
    for class in [Agreed::Zero, Agreed::Two] {
        let name = if class == Agreed::Zero { "CR0" } else { "CR" };
        let mut sender = Dialogue::new("called", manners(Agreed::Two, ReleaseResponse::AtOnce));
        sender.run("", &format!("peer: {name}\nuser: accept"));
        let _ = sender.sent();
        let room = 128 - class.data_header();
        for length in [0, 1, room - 1, room, room + 1, 2 * room, 2 * room + 1, 5000] {
            let message: Vec<_> = (0..length).map(|at| at as u8).collect();
            sender.connection.send(&message).unwrap();
            let mut found = Vec::new();
            let mut tpdus = 0;
            while let Some((tpdu, end)) = next_data(&mut sender.connection) {
                found.extend(tpdu);
                tpdus += 1;
                let is_last = found.len() == length;
                assert_eq!(end == EndOfMessage::Yes, is_last, "{class:?} {length}");
            }
            assert_eq!(found, message);
            assert_eq!(tpdus, length.div_ceil(room).max(1), "{class:?} {length}");
        }
        let long = vec![0; MESSAGE_MAX + 1];
        assert_eq!(sender.connection.send(&long), Err(SendError::TooLong));
        assert_eq!(sender.connection.unsent(), 0);
    }
}

/// The next data TPDU that is sent.
fn next_data(connection: &mut Connection) -> Option<(Vec<u8>, EndOfMessage)> {
    let packet = connection.poll_transmit().to_vec();
    connection.transmitted(packet.len());
    if packet.is_empty() {
        return None;
    }
    assert!(packet.len() <= tpkt::HEADER + 128);
    match Tpdu::read(&packet[tpkt::HEADER..]).unwrap() {
        Tpdu::Data { end, octets, .. } => Some((octets.into_vec(), end)),
        Tpdu::DataOfClass0 { end, octets } => Some((octets.into_vec(), end)),
        other @ (Tpdu::ConnectionRequest { .. }
        | Tpdu::ConnectionConfirm { .. }
        | Tpdu::DisconnectRequest(_)
        | Tpdu::DisconnectConfirm { .. }
        | Tpdu::Error { .. }) => panic!("{other:?}"),
    }
}

/// A TPDU that is longer than was agreed on, and a message that never ends.
#[test]
fn too_much_is_refused() {
    let begin = || {
        let mut dialogue = Dialogue::new("called", manners(Agreed::Two, ReleaseResponse::AtOnce));
        dialogue.run("", "peer: CR\nuser: accept\nsent: CC Two");
        dialogue
    };
    let longest = "x".repeat(123);
    let mut dialogue = begin();
    dialogue.run("", &format!("peer: DT {longest}\nread: {longest}"));
    dialogue.run(
        "",
        &format!("peer: DT {longest}x\nsent: ER 0 04\nend: Misused"),
    );
    let mut dialogue = begin();
    for _ in 0..MESSAGE_MAX / 123 {
        dialogue.run("", &format!("peer: DT+ {longest}"));
    }
    dialogue.run("", "state: Open\nread: ");
    dialogue.run(
        "",
        &format!("peer: DT {longest}\nsent: ER 0 04\nend: Misused\nread: "),
    );
}

/// Two connections that talk to each other, whatever their manners, end alike.
#[test]
fn two_sides_end_alike() {
    let answers = [
        ReleaseResponse::AtOnce,
        ReleaseResponse::WhenUserEnds(WITHHELD),
    ];
    let data = |text: &str| DisconnectData::new(text.as_bytes()).unwrap();
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let now = Instant::ZERO;
        let none = (Selector::EMPTY, Selector::EMPTY);
        let first = manners(Agreed::Two, answers[first]);
        let second = manners(Agreed::Two, answers[second]);
        let mut caller = Connection::call(first, 1, none, ConnectData::EMPTY, now);
        let mut called = Connection::listen(second, 1, now);
        exchange(&mut caller, &mut called);
        called.accept(ConnectData::EMPTY).unwrap();
        exchange(&mut caller, &mut called);
        // At once, on the one side and on the other.
        caller.release(data("a"), now);
        called.release(data("b"), now);
        exchange(&mut caller, &mut called);
        assert_eq!(
            caller.end(),
            Some(&DisconnectIndication::Released(data("b")))
        );
        assert_eq!(
            called.end(),
            Some(&DisconnectIndication::Released(data("a")))
        );
        assert_eq!(
            (caller.state(), called.state()),
            (State::Closed, State::Closed)
        );
    }
}

fn exchange(a: &mut Connection, b: &mut Connection) {
    let drain = |connection: &mut Connection| {
        let mut stream = Vec::new();
        while !connection.poll_transmit().is_empty() {
            stream.extend(connection.poll_transmit());
            connection.transmitted(connection.poll_transmit().len());
        }
        stream
    };
    loop {
        // Both are on their way before either arrives.
        let (there, back) = (drain(a), drain(b));
        if there.is_empty() && back.is_empty() {
            return;
        }
        b.on_octets(&there, Instant::ZERO);
        a.on_octets(&back, Instant::ZERO);
    }
}

/// What the peer of the property below may send.
const TPDUS: [&str; 8] = ["CR", "CC", "DT x", "DT+ y", "DR z", "DC", "ER", "DT0 w"];

proptest::proptest! {
    /// Whatever a peer sends, in whatever state: nothing panics, and what is sent are packets.
    #[test]
    fn no_peer_makes_it_panic(
        begin in 0..4_usize,
        octets in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60),
        tpdus in proptest::collection::vec(
            proptest::sample::select(&TPDUS[..]),
            0..6,
        ),
    ) {
        let manners = manners(Agreed::Two, ReleaseResponse::WhenUserEnds(WITHHELD));
        let role = if begin == 0 { "caller" } else { "called" };
        let mut dialogue = Dialogue::new(role, manners);
        let begin = ["", "", "peer: CR", "peer: CR\nuser: accept"][begin];
        dialogue.run("", begin);
        for tpdu in tpdus {
            dialogue.peer(tpdu);
            dialogue.connection.on_octets(&octets, dialogue.now);
        }
        dialogue.run("", "user: release\nuser: disrupt\n+1000");
        let _ = dialogue.sent();
    }
}
