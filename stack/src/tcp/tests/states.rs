//! Every state against every kind of segment, with the rule that decides beside each row (RFC 9293
//! section 3.10.7, RFC 5961): from SYN-RECEIVED on left of the window, at its edge, inside it and
//! right of it. The window is 4000 octets. Numbers are relative: 0 on the wire is 2000 of ours.

use std::fmt::Write as _;

use super::*;

use crate::event::Forged;
use crate::network::{HostConfig, IpFamily, Network, Resolution, StackKind};
use crate::socket::Protocol;
use crate::wire;

const STATES: [(State, Begin); 8] = [
    (State::SynReceived, Setup::syn_received),
    (State::Established, Setup::established),
    (State::FinWait1, Setup::fin_wait_1),
    (State::FinWait2, Setup::fin_wait_2),
    (State::CloseWait, Setup::close_wait),
    (State::Closing, Setup::closing),
    (State::LastAck, Setup::last_ack),
    (State::TimeWait, Setup::time_wait),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reset,
    Syn,
    Ack,
    AckOfAll,
    Data,
    DataAndAckOfAll,
    Fin,
    FinAndAckOfAll,
    NoAck,
    OldAck,
    NewAck,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Left,
    Edge,
    Inside,
    Right,
}

const KINDS: [(Kind, &str); 11] = [
    (Kind::Reset, "RST"),
    (Kind::Syn, "SYN"),
    (Kind::Ack, "ACK"),
    (Kind::AckOfAll, "ACK of all"),
    (Kind::Data, "data"),
    (Kind::DataAndAckOfAll, "data, ACK of all"),
    (Kind::Fin, "FIN"),
    (Kind::FinAndAckOfAll, "FIN, ACK of all"),
    (Kind::NoAck, "data, no ACK"),
    (Kind::OldAck, "data, ACK too old"),
    (Kind::NewAck, "data, ACK too new"),
];

const PLACES: [(Place, &str); 4] = [
    (Place::Left, "left of"),
    (Place::Edge, "at"),
    (Place::Inside, "inside"),
    (Place::Right, "right of"),
];

fn segment(t: &Dialogue, kind: Kind, place: Place) -> String {
    let numbers = t.numbers();
    let start = match place {
        Place::Left => numbers.acknowledged - 20,
        Place::Edge => numbers.acknowledged,
        Place::Inside => numbers.acknowledged + 100,
        Place::Right => numbers.right_edge,
    };
    let (una, next) = (t.connection.send.unacknowledged(), t.connection.send.next());
    let data = |flags: &str, rest: &str| format!("{flags} {start}:{}(10){rest}", start + 10);
    match kind {
        Kind::Reset => format!("R {start}:{start}(0)"),
        Kind::Syn => format!("S {start}:{start}(0)"),
        Kind::Ack => format!(". {start}:{start}(0) ack {una}"),
        Kind::AckOfAll => format!(". {start}:{start}(0) ack {next}"),
        Kind::Data => data("P.", &format!(" ack {una}")),
        Kind::DataAndAckOfAll => data("P.", &format!(" ack {next}")),
        Kind::FinAndAckOfAll => format!("F. {start}:{start}(0) ack {next}"),
        Kind::Fin => format!("F. {start}:{start}(0) ack {una}"),
        Kind::NoAck => data("P", ""),
        Kind::OldAck => data("P.", &format!(" ack {}", una - 100_000)),
        Kind::NewAck => data("P.", &format!(" ack {}", next + 1)),
    }
}

/// The rule that decides, in the order of the checks of RFC 9293 section 3.10.7.4. An answer that
/// no rule asks for is called ours.
fn rule(state: State, kind: Kind, place: Place) -> &'static str {
    use State::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived,
        SynSent, TimeWait,
    };
    let after_fin = matches!(state, CloseWait | Closing | LastAck | TimeWait);
    let acknowledges_all = matches!(
        kind,
        Kind::AckOfAll | Kind::DataAndAckOfAll | Kind::FinAndAckOfAll
    );
    match (kind, place) {
        (Kind::Reset, Place::Left | Place::Right) => {
            "first (5961 3.2 1): not acceptable, RST: drop"
        }
        (_, Place::Left | Place::Right) => "first: not acceptable: ACK, drop",
        (Kind::Reset, Place::Edge) if state == SynReceived => {
            "second (5961 3.2 2): exact, passive: back to LISTEN"
        }
        (Kind::Reset, Place::Edge) if matches!(state, Closing | LastAck | TimeWait) => {
            "second (5961 3.2 2): exact: CLOSED"
        }
        (Kind::Reset, Place::Edge) => "second (5961 3.2 2): exact: reset, CLOSED",
        (Kind::Reset, Place::Inside) => "second (5961 3.2 3): not exact: challenge ACK",
        (Kind::Syn, _) if state == SynReceived => "fourth: passive: back to LISTEN",
        (Kind::Syn, _) => "fourth (5961 4.2): challenge ACK",
        (Kind::NoAck, _) => "fifth: no ACK bit: drop",
        (Kind::Ack | Kind::Data | Kind::Fin | Kind::OldAck | Kind::NewAck, _)
            if state == SynReceived =>
        {
            "fifth: not SND.UNA < SEG.ACK =< SND.NXT: <SEQ=SEG.ACK><CTL=RST>"
        }
        (Kind::OldAck, _) => "fifth (5961 5.2): SEG.ACK < SND.UNA-MAX.SND.WND: ACK, drop",
        (Kind::NewAck, _) => "fifth (5961 5.2): SEG.ACK > SND.NXT: ACK, drop",
        _ if state == LastAck && acknowledges_all => "fifth: our FIN is acknowledged: CLOSED",
        (Kind::Ack, _) => "fifth: nothing new: go on",
        (Kind::AckOfAll, _) => match state {
            SynReceived => "fifth: ESTABLISHED",
            FinWait1 => "fifth: our FIN is acknowledged: FIN-WAIT-2",
            Closing => "fifth: our FIN is acknowledged: TIME-WAIT",
            Closed | Listen | SynSent | Established | FinWait2 | CloseWait | LastAck | TimeWait => {
                "fifth: nothing new: go on"
            }
        },
        (Kind::Data | Kind::DataAndAckOfAll, _) if after_fin => {
            "seventh: behind a FIN there is no text (ACK: ours)"
        }
        (Kind::Data | Kind::DataAndAckOfAll, Place::Edge) => "seventh: take it, ACK",
        (Kind::Data | Kind::DataAndAckOfAll, _) => "seventh: keep it behind the gap, duplicate ACK",
        (Kind::Fin | Kind::FinAndAckOfAll, _) if after_fin => "eighth: remain (ACK: ours)",
        (Kind::Fin | Kind::FinAndAckOfAll, Place::Edge) => match (state, acknowledges_all) {
            (SynReceived | Established, _) => "eighth: ACK, CLOSE-WAIT",
            (FinWait1, false) => "eighth: ACK, our FIN is not acknowledged: CLOSING",
            (FinWait1 | FinWait2, _) => "eighth: ACK, TIME-WAIT",
            _ => "eighth: ACK",
        },
        (Kind::Fin | Kind::FinAndAckOfAll, _) => {
            "eighth: behind the gap it waits, duplicate ACK (fifth: SND.UNA as it says)"
        }
    }
}

/// What reaches a connection that is over, or one that is only asked for: segment and rule.
const CLOSED: [(&str, &str); 6] = [
    ("R 1:1(0)", "a RST: discard"),
    ("R. 1:1(0) ack 1", "a RST: discard"),
    (
        "S 1:1(0)",
        "no ACK bit: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>",
    ),
    (
        "P 1:11(10)",
        "no ACK bit: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>",
    ),
    ("P. 1:11(10) ack 1", "ACK bit: <SEQ=SEG.ACK><CTL=RST>"),
    ("F. 1:1(0) ack 1", "ACK bit: <SEQ=SEG.ACK><CTL=RST>"),
];

const LISTEN: [(&str, &str); 8] = [
    ("R 0:0(0)", "first: a RST: ignore"),
    ("R. 0:0(0) ack 1", "first: a RST: ignore"),
    (". 0:0(0) ack 7", "second: any ACK: <SEQ=SEG.ACK><CTL=RST>"),
    ("S. 0:0(0) ack 7", "second: any ACK: <SEQ=SEG.ACK><CTL=RST>"),
    ("F. 0:0(0) ack 7", "second: any ACK: <SEQ=SEG.ACK><CTL=RST>"),
    ("S 0:0(0)", "third: a SYN: SYN-RECEIVED, SYN-ACK"),
    ("P 0:10(10)", "fourth: anything else: drop"),
    ("F 0:0(0)", "fourth: anything else: drop"),
];

const SYN_SENT: [(&str, &str); 15] = [
    (
        ". 5:5(0) ack 0",
        "first: SEG.ACK =< ISS: <SEQ=SEG.ACK><CTL=RST>",
    ),
    (
        ". 5:5(0) ack 2",
        "first: SEG.ACK > SND.NXT: <SEQ=SEG.ACK><CTL=RST>",
    ),
    (
        "S. 0:0(0) ack 0",
        "first: SEG.ACK =< ISS: <SEQ=SEG.ACK><CTL=RST>",
    ),
    (
        "S. 0:0(0) ack 2",
        "first: SEG.ACK > SND.NXT: <SEQ=SEG.ACK><CTL=RST>",
    ),
    ("R. 0:0(0) ack 0", "first: SEG.ACK =< ISS, RST: drop"),
    ("R. 0:0(0) ack 2", "first: SEG.ACK > SND.NXT, RST: drop"),
    ("R 0:0(0)", "second: RST without ACK: drop"),
    ("R. 0:0(0) ack 1", "second: RST, ACK acceptable: CLOSED"),
    ("S 0:0(0)", "fourth: no ACK: SYN-RECEIVED, SYN-ACK"),
    ("S. 0:0(0) ack 1", "fourth: SND.UNA > ISS: ESTABLISHED, ACK"),
    (". 5:5(0) ack 1", "fifth: neither SYN nor RST: drop"),
    ("P. 5:15(10) ack 1", "fifth: neither SYN nor RST: drop"),
    ("F. 5:5(0) ack 1", "fifth: neither SYN nor RST: drop"),
    ("P 5:15(10)", "fifth: neither SYN nor RST: drop"),
    ("F 5:5(0)", "fifth: neither SYN nor RST: drop"),
];

/// What a listening socket answers, and the state of what it has become.
fn at_listen(segment: &str) -> (String, State) {
    let mut network = Network::new(0, Resolution::Static);
    let mut host = |name: &str, last, stack| {
        network.add_host(HostConfig {
            name: name.to_owned(),
            addresses: vec![IpAddress::v4(192, 0, 2, last)],
            stack,
            mtu: 1500,
            receive_buffer: Some(4000),
            send_buffer: None,
        })
    };
    let winsock = Profile::built_in("winsock").unwrap();
    let server = host("server", 1, StackKind::of(winsock));
    let client = host("client", 2, StackKind::Scripted);
    let listener = network.with_host(server, |host, _| {
        let listener = host.open(Protocol::Tcp, IpFamily::V4);
        host.bind(listener, None, 80).unwrap();
        host.listen(listener, 1).unwrap();
        listener
    });
    let header = Row::parse(segment).segment(40_000, 80, PEERS, OURS, 65_535);
    let ends = [client, server].map(|id| network.host(id).addresses()[0]);
    let layout = Layout::WITHOUT_SYN;
    let enveloped = (Envelope::ORDINARY, &header);
    let payload = vec![0; header.payload_octets];
    let mut frame = crate::frame::packet(ends.into(), enveloped, &payload, &layout);
    let [from, to] = [client, server].map(|id| network.ethernet_address(id));
    wire::emit_ethernet(&mut frame, from, to, ends[1]);
    network.inject(client, frame.to_vec());
    network.run_until(Instant::from_millis(60));
    let mut rows = Vec::new();
    for event in network.take_events() {
        if let Fact::Sent {
            bytes,
            forged: Forged::No,
        } = event.fact
        {
            let found = wire::segment_in(&bytes).unwrap();
            let (mut sent, _) =
                Segment::parse(found.octets, found.source, found.destination).unwrap();
            sent.options = Default::default();
            // The number that we choose ourselves is not ours to predict.
            let base = if sent.flags.syn { sent.sequence } else { OURS };
            rows.push(Row::of(&sent, base, PEERS).to_string());
        }
    }
    let stack = network.host(server);
    let states = stack.sockets().filter(|&id| id != listener);
    let state = states.filter_map(|id| stack.status(id)?.state).next();
    (or_nothing(&rows), state.unwrap_or(State::Listen))
}

/// A connection that is over: what it still answers is what a closed port answers.
fn closed(setup: Setup) -> Dialogue {
    let mut t = setup.established();
    t.abort();
    t.sent("R. 1:1(0) ack 1");
    t
}

fn line(table: &mut String, name: &str, answer: &str, states: [State; 2], rule: &str) {
    let [before, after] = states;
    let after = if before == after { "" } else { after.name() };
    let row = format!("  {name:26} {answer:37} {after:12} {rule}");
    writeln!(table, "{}", row.trim_end()).unwrap();
}

fn at_connection(begin: Begin, segment: impl Fn(&Dialogue) -> String) -> (String, State) {
    let mut t = begin(setup("winsock").mss(1000).receive_buffer(4000));
    let segment = segment(&t);
    t.peer(&segment);
    let answer = answer(&mut t);
    (answer, t.connection.state())
}

#[test]
fn every_state_against_every_segment() {
    let mut table = String::new();
    let (closed_at, syn_sent): (Begin, Begin) = (closed, Setup::syn_sent);
    writeln!(table, "\nCLOSED (RFC 9293 section 3.10.7.1)").unwrap();
    for (segment, rule) in CLOSED {
        let (answer, after) = at_connection(closed_at, |_| segment.to_owned());
        line(&mut table, segment, &answer, [State::Closed, after], rule);
    }
    writeln!(table, "\nLISTEN (RFC 9293 section 3.10.7.2)").unwrap();
    for (segment, rule) in LISTEN {
        let (answer, after) = at_listen(segment);
        line(&mut table, segment, &answer, [State::Listen, after], rule);
    }
    writeln!(table, "\nSYN-SENT (RFC 9293 section 3.10.7.3)").unwrap();
    for (segment, rule) in SYN_SENT {
        let (answer, after) = at_connection(syn_sent, |_| segment.to_owned());
        line(&mut table, segment, &answer, [State::SynSent, after], rule);
    }
    for (state, begin) in STATES {
        writeln!(table, "\n{} (RFC 9293 section 3.10.7.4)", state.name()).unwrap();
        for (kind, kind_name) in KINDS {
            for (place, place_name) in PLACES {
                let (answer, after) = at_connection(begin, |t| segment(t, kind, place));
                let name = format!("{kind_name} {place_name}");
                line(
                    &mut table,
                    &name,
                    &answer,
                    [state, after],
                    rule(state, kind, place),
                );
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_syn_is_challenged_wherever_it_stands() {
    // Behind our own FIN the challenge does not repeat it, as other acknowledgments do there.
    for start in [1, 2, 70_000] {
        let mut t = setup("freebsd").established();
        t.shutdown_send();
        t.sent("F. 1:1(0) ack 1");
        t.peer(&format!("S {start}:{start}(0)"));
        t.sent(". 2:2(0) ack 1");
        t.is(State::FinWait1);
    }
}
