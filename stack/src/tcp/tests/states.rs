//! Every state against every kind of segment, left of the window, at its edge, inside it and right
//! of it, with the rule that decides beside each row (RFC 9293 section 3.10.7.4, RFC 5961).
//!
//! The window is 4000 octets. SYN-SENT has its own rules and stands in `opening`.

use std::fmt::Write as _;

use super::*;

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
    Fin,
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

const KINDS: [(Kind, &str); 9] = [
    (Kind::Reset, "RST"),
    (Kind::Syn, "SYN"),
    (Kind::Ack, "ACK"),
    (Kind::AckOfAll, "ACK of all"),
    (Kind::Data, "data"),
    (Kind::Fin, "FIN"),
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
        Kind::Fin => format!("F. {start}:{start}(0) ack {una}"),
        Kind::NoAck => data("P", ""),
        Kind::OldAck => data("P.", &format!(" ack {}", una - 100_000)),
        Kind::NewAck => data("P.", &format!(" ack {}", next + 1)),
    }
}

/// The rule that decides, in the order of the checks.
fn rule(state: State, kind: Kind, place: Place) -> &'static str {
    use State::{CloseWait, Closing, LastAck, SynReceived, TimeWait};
    let after_fin = matches!(state, CloseWait | Closing | LastAck | TimeWait);
    match (kind, place) {
        (Kind::Reset, Place::Left | Place::Right) => "first: not acceptable, RST: drop",
        (_, Place::Left | Place::Right) => "first: not acceptable: ACK, drop",
        (Kind::Reset, Place::Edge) => "second, 5961 3.2: exact: reset",
        (Kind::Reset, Place::Inside) => "second, 5961 3.2: not exact: challenge ACK",
        // RFC 9293 goes back to LISTEN here; a guess of the sequence number is answered all the
        // same.
        (Kind::Syn, _) if state == SynReceived => "fourth: challenge ACK (ours, as 5961 4.2)",
        (Kind::Syn, _) => "fourth, 5961 4.2: challenge ACK",
        (Kind::NoAck, _) => "fifth: no ACK bit: drop",
        (Kind::Ack | Kind::Data | Kind::Fin | Kind::OldAck | Kind::NewAck, _)
            if state == SynReceived =>
        {
            "fifth: not acceptable: <SEQ=SEG.ACK><CTL=RST>"
        }
        (Kind::OldAck, _) => "fifth, 5961 5.2: older than any window: challenge ACK",
        (Kind::NewAck, _) => "fifth: beyond SND.NXT: ACK, drop",
        (Kind::Ack, _) => "fifth: nothing new: go on",
        (Kind::AckOfAll, _) => "fifth: SND.UNA moves, and so does who waits for it",
        (Kind::Data, _) if after_fin => "seventh: not taken behind a FIN (ACK: ours)",
        (Kind::Data, Place::Edge) => "seventh: take it, acknowledge",
        (Kind::Data, _) => "seventh: behind a gap: keep it, duplicate ACK",
        (Kind::Fin, _) if after_fin => "eighth: the state stays (ACK: ours)",
        (Kind::Fin, Place::Edge) => "eighth: acknowledge, move on",
        (Kind::Fin, _) => "eighth: behind a gap: keep it, duplicate ACK",
    }
}

#[test]
fn every_state_against_every_segment() {
    let mut table = String::new();
    for (state, begin) in STATES {
        writeln!(table, "\n{}", state.name()).unwrap();
        for (kind, kind_name) in KINDS {
            for (place, place_name) in PLACES {
                let mut t = begin(setup("winsock").mss(1000).receive_buffer(4000));
                let segment = segment(&t, kind, place);
                t.peer(&segment);
                let answer = answer(&mut t);
                let after = match t.connection.state() {
                    same if same == state => "",
                    other => other.name(),
                };
                let rule = rule(state, kind, place);
                let name = format!("{kind_name} {place_name}");
                writeln!(table, "  {name:26} {answer:26} {after:12} {rule}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}
