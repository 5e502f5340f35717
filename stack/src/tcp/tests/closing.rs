//! FIN-WAIT-1 to TIME-WAIT: the ends of both streams in every order (RFC 9293 sections 3.6 and
//! 3.10.7.4).

use super::*;

// Which side ends first.

#[test]
fn this_side_first() {
    // RFC 9293 figure 12, seen from the left.
    let mut t = setup("winsock").established();
    t.shutdown_send();
    t.sent("F. 1:1(0) ack 1");
    t.is(State::FinWait1);
    t.peer(". 1:1(0) ack 2");
    t.is(State::FinWait2);
    // The peer's stream still flows.
    t.peer("P. 1:101(100) ack 2");
    t.sent_after("40ms", ". 2:2(0) ack 101");
    assert_eq!(t.recv(1000), 100);
    t.peer("F. 101:101(0) ack 2");
    t.sent(". 2:2(0) ack 102");
    t.is(State::TimeWait);
    assert_eq!(t.recv(1000), 0);
    t.quiet_for("59.9s");
    t.is(State::TimeWait);
    t.quiet_for("200ms");
    t.is(State::Closed);
}

#[test]
fn the_peer_first() {
    // The same figure from the right.
    let mut t = setup("winsock").established();
    t.peer("F. 1:1(0) ack 1");
    t.sent(". 1:1(0) ack 2");
    t.is(State::CloseWait);
    t.send(100);
    t.sent("P. 1:101(100) ack 2");
    t.close();
    t.sent("F. 101:101(0) ack 2");
    t.is(State::LastAck);
    t.peer(". 2:2(0) ack 101");
    t.is(State::LastAck);
    t.peer(". 2:2(0) ack 102");
    t.is(State::Closed);
    assert!(t.connection.is_finished());
    t.quiet_for("1h");
}

#[test]
fn both_at_once() {
    // RFC 9293 figure 13.
    let mut t = setup("winsock").fin_wait_1();
    t.peer("F. 1:1(0) ack 1");
    t.sent(". 2:2(0) ack 2");
    t.is(State::Closing);
    t.peer(". 2:2(0) ack 2");
    t.is(State::TimeWait);
    t.quiet_for("60s");
    t.is(State::Closed);
}

#[test]
fn the_peers_fin_with_the_acknowledgment_of_ours() {
    let mut t = setup("winsock").fin_wait_1();
    t.peer("F. 1:1(0) ack 2");
    t.sent(". 2:2(0) ack 2");
    t.is(State::TimeWait);
}

// How a FIN travels.

#[test]
fn a_fin_follows_the_data_before_it() {
    let mut t = setup("winsock").peer_window(100).established();
    t.send(150);
    t.sent(". 1:101(100) ack 1");
    t.shutdown_send();
    t.nothing();
    t.peer(". 1:1(0) ack 101");
    t.sent("FP. 101:151(50) ack 1");
    // Nothing can be written behind it.
    assert_eq!(t.try_send(1), Err(SendError::Shutdown));
    t.peer(". 1:1(0) ack 152");
    t.is(State::FinWait2);
}

#[test]
fn a_fin_travels_alone_where_a_system_sends_it_so() {
    for (fin, segments) in [
        (
            "alone",
            &["P. 101:151(50) ack 1", "F. 151:151(0) ack 1"][..],
        ),
        ("behind-data", &["FP. 101:151(50) ack 1"]),
    ] {
        let mut t = setup("gvisor")
            .knobs(&format!(
                "send.fin = \"{fin}\"\nsend.push = \"end-of-write\""
            ))
            .peer_window(100)
            .established();
        t.send(150);
        t.sent(". 1:101(100) ack 1");
        t.shutdown_send();
        t.nothing();
        t.peer(". 1:1(0) ack 101");
        for segment in segments {
            t.sent(segment);
        }
    }
}

#[test]
fn acknowledgments_carry_the_fin_again_where_a_system_repeats_it() {
    for (profile, acknowledgment) in [
        ("linux", ". 2:2(0) ack 101"),
        ("freebsd", "F. 1:1(0) ack 101"),
        ("macos", "F. 1:1(0) ack 101"),
    ] {
        let mut t = setup(profile).fin_wait_1();
        t.peer("P. 1:101(100) ack 1");
        t.sent_later(acknowledgment);
        // A challenge does not.
        t.peer("R 150:150(0)");
        t.sent(". 2:2(0) ack 101");
        t.peer(". 101:101(0) ack 2");
        t.peer("P. 1:101(100) ack 2");
        t.sent(". 2:2(0) ack 101");
    }
}

#[test]
fn the_acknowledgment_of_an_old_segment_is_heard_or_not() {
    // Two hosts that send their FIN again with each acknowledgment would answer each other for ever
    // if they heard none of it.
    for (profile, state) in [
        ("freebsd", State::TimeWait),
        ("lwip", State::TimeWait),
        ("linux", State::Closing),
    ] {
        let mut t = setup(profile).fin_wait_1();
        t.peer("F. 1:1(0) ack 1");
        answer(&mut t);
        t.peer("F. 1:1(0) ack 2");
        answer(&mut t);
        t.is(state);
    }
}

#[test]
fn a_fin_takes_room_in_the_peers_window() {
    let mut t = setup("winsock").peer_window(100).established();
    t.send(100);
    t.sent("P. 1:101(100) ack 1");
    t.shutdown_send();
    t.nothing();
    t.peer(". 1:1(0) ack 101");
    t.sent("F. 101:101(0) ack 1");
}

#[test]
fn a_lost_fin_is_sent_again() {
    let mut t = setup("winsock").fin_wait_1();
    t.sent_after("300ms", "F. 1:1(0) ack 1");
    t.sent_after("600ms", "F. 1:1(0) ack 1");
    t.peer(". 1:1(0) ack 2");
    t.quiet_for("1h");
    t.is(State::FinWait2);
}

#[test]
fn a_fin_behind_a_gap_waits_for_the_gap() {
    let mut t = setup("winsock").established();
    t.peer("FP. 101:201(100) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.is(State::Established);
    t.peer("P. 1:101(100) ack 1");
    t.sent(". 1:1(0) ack 202");
    t.is(State::CloseWait);
    assert_eq!(t.recv(1000), 200);
    assert_eq!(t.recv(1000), 0);
}

#[test]
fn a_fin_beyond_the_window_comes_again() {
    let mut t = setup("winsock")
        .mss(1000)
        .receive_buffer(1000)
        .established();
    t.peer("FP. 1:1101(1100) ack 1");
    t.sent(". 1:1(0) ack 1001 win 0");
    t.is(State::Established);
    assert_eq!(t.recv(1000), 1000);
    t.sent(". 1:1(0) ack 1001 win 1000");
    t.peer("FP. 1001:1101(100) ack 1");
    t.sent(". 1:1(0) ack 1102");
    t.is(State::CloseWait);
}

#[test]
fn a_repeated_fin_is_acknowledged_again() {
    for (mut t, next) in [
        (setup("winsock").close_wait(), 1),
        (setup("winsock").closing(), 2),
        (setup("winsock").last_ack(), 2),
        (setup("winsock").time_wait(), 2),
    ] {
        let before = t.connection.state();
        t.peer("F. 1:1(0) ack 1");
        t.sent(&format!(". {next}:{next}(0) ack 2"));
        t.is(before);
    }
}

#[test]
fn data_behind_a_fin_is_not_taken() {
    // RFC 9293 section 3.10.7.4, seventh check: this should not occur.
    for mut t in [setup("winsock").close_wait(), setup("winsock").last_ack()] {
        t.peer("P. 2:12(10) ack 1");
        t.sent.clear();
        assert_eq!(t.numbers().accepted, 2);
        assert_eq!(t.recv(100), 0);
    }
}

// CLOSING and TIME-WAIT.

#[test]
fn time_wait_begins_again_with_each_fin() {
    let mut t = setup("winsock").time_wait();
    t.quiet_for("50s");
    t.peer("F. 1:1(0) ack 2");
    t.sent(". 2:2(0) ack 2");
    t.quiet_for("59s");
    t.is(State::TimeWait);
    // Other old segments are answered and change nothing.
    t.peer("P. 1:1(0) ack 2");
    t.sent(". 2:2(0) ack 2");
    t.quiet_for("1s");
    t.is(State::Closed);
}

#[test]
fn the_acknowledgment_of_both_fins_may_be_lost() {
    let mut t = setup("winsock").closing();
    t.sent_after("300ms", "F. 1:1(0) ack 2");
    t.peer("F. 1:1(0) ack 2");
    t.sent(". 2:2(0) ack 2");
    t.peer(". 2:2(0) ack 2");
    t.is(State::TimeWait);
}

// FIN-WAIT-2 without an application.

#[test]
fn fin_wait_2_ends_where_nobody_waits() {
    let mut t = setup("linux").fin_wait_2();
    t.quiet_for("10h");
    t.is(State::FinWait2);
    t.close();
    t.quiet_for("59s");
    t.is(State::FinWait2);
    t.quiet_for("1s");
    t.is(State::Closed);

    let mut t = setup("linux").established();
    t.close();
    t.sent("F. 1:1(0) ack 1");
    t.peer(". 1:1(0) ack 2");
    t.is(State::FinWait2);
    t.quiet_for("30s");
    t.peer("F. 1:1(0) ack 2");
    t.sent_later(". 2:2(0) ack 2");
    t.is(State::TimeWait);
    t.quiet_for("50s");
    t.is(State::TimeWait);
}

// The calls.

#[test]
fn calls_by_state() {
    use State::{CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, TimeWait};
    let begin = |state: State| {
        let setup = setup("linux");
        match state {
            FinWait1 => setup.fin_wait_1(),
            FinWait2 => setup.fin_wait_2(),
            CloseWait => setup.close_wait(),
            Closing => setup.closing(),
            LastAck => setup.last_ack(),
            TimeWait => setup.time_wait(),
            State::Listen | State::SynSent | State::SynReceived | Established | Closed => {
                setup.established()
            }
        }
    };
    let gone = Err(ShutdownError::NotConnected);
    // (state, send, shutdown of the send direction)
    let rows = [
        (Established, Ok(1), Ok(())),
        (FinWait1, Err(SendError::Shutdown), Ok(())),
        (FinWait2, Err(SendError::Shutdown), Ok(())),
        (CloseWait, Ok(1), Ok(())),
        (Closing, Err(SendError::Shutdown), Ok(())),
        (LastAck, Err(SendError::Shutdown), Ok(())),
        (TimeWait, Err(SendError::Shutdown), gone),
    ];
    for (state, send, shutdown) in rows {
        let mut t = begin(state);
        assert_eq!(t.try_send(1), send, "{state:?}");
        t.sent.clear();
        let result = t.call("shutdown(send)", Connection::shutdown_send);
        assert_eq!(result, shutdown, "{state:?}");
    }
}

#[test]
fn a_second_shutdown_sends_nothing() {
    for mut t in [setup("linux").fin_wait_1(), setup("linux").fin_wait_2()] {
        t.shutdown_send();
        t.nothing();
    }
}

/// `send.fin`: the FIN goes behind the last data at once, or when that was acknowledged. Nothing
/// can be written in between.
#[test]
fn when_a_fin_follows() {
    let mut t = setup("winsock").established();
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    t.shutdown_send();
    t.sent("F. 11:11(0) ack 1");

    let knobs = "send.fin = 'when-acknowledged'";
    let mut t = setup("winsock").knobs(knobs).established();
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    t.shutdown_send();
    t.nothing();
    assert_eq!(t.try_send(1), Err(SendError::Shutdown));
    t.peer(". 1:1(0) ack 11");
    t.sent("F. 11:11(0) ack 1");
    t.peer(". 1:1(0) ack 12");
    t.is(State::FinWait2);

    let mut t = setup("winsock").knobs(knobs).established();
    t.shutdown_send();
    t.sent("F. 1:1(0) ack 1");
}
