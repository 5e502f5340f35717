//! The withheld acknowledgment: what the WSPRecvDisconnect page says, and how its gaps are decided
//! (`docs/design/0004`).

use super::*;

/// A window of 4000 and segments of 1000; the receive direction is shut.
fn shut() -> Dialogue {
    shut_with("")
}

fn shut_with(knobs: &str) -> Dialogue {
    let setup = setup("wsprecvdisconnect").knobs(knobs);
    let mut t = setup
        .mss(1000)
        .receive_buffer(4000)
        .peer_offers("<mss 1000,sackOK>")
        .established();
    t.shutdown_receive();
    t
}

/// Four segments arrive; the window is exhausted.
fn exhausted() -> Dialogue {
    let mut t = shut();
    for start in (1..4001).step_by(1000) {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
        t.quiet_for("10ms");
    }
    t
}

#[test]
fn data_is_accepted_and_not_acknowledged_until_the_window_is_exhausted() {
    let mut t = shut();
    for start in (1..4001).step_by(1000) {
        assert!(!t.happened(&Fact::Exhausted));
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
        t.quiet_for("10s");
        let numbers = t.numbers();
        assert_eq!(
            (numbers.held as i64, numbers.accepted),
            (start + 999, start + 1000)
        );
        assert_eq!((numbers.acknowledged, numbers.right_edge), (1, 4001));
        assert_eq!(numbers.window, 4000, "the window is not changed");
    }
    assert!(t.happened(&Fact::Exhausted));
    let last = Fact::Held {
        octets: 1000,
        total: 4000,
    };
    assert!(t.happened(&last));
    // Retransmissions are met with silence, for as long as they come.
    for _ in 0..15 {
        t.peer(". 1:1001(1000) ack 1");
        t.quiet_for("60s");
    }
    assert!(t.happened(&Fact::HeldAgain { octets: 1000 }));
    assert_eq!(t.try_recv(1), Err(RecvError::Shutdown));
    t.is(State::Established);
}

#[test]
fn a_segment_across_the_edge_is_taken_as_far_as_it_goes() {
    let mut t = shut();
    for start in [1, 1001, 2001] {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
    }
    t.peer(". 3001:4501(1500) ack 1");
    t.sent(". 1:1(0) ack 1 win 4000");
    assert_eq!(t.numbers().held, 4000);
    assert!(t.happened(&Fact::Refused { octets: 500 }));
}

#[test]
fn outside_the_window_the_answer_carries_the_frozen_numbers() {
    let mut t = exhausted();
    // Beyond the edge, a keep-alive as the peer sees it, a probe of what it takes for next.
    for segment in [
        ". 4001:5001(1000) ack 1",
        ". 0:0(0) ack 1",
        ". 9000:9000(0) ack 1",
    ] {
        t.peer(segment);
        t.sent(". 1:1(0) ack 1 win 4000 <>");
    }
    // A bare acknowledgment where the peer stands needs no answer.
    t.peer(". 4001:4001(0) ack 1");
    t.quiet_for("1h");
}

#[test]
fn data_queued_before_the_call_stays_in_the_window() {
    let mut t = setup("wsprecvdisconnect")
        .mss(1000)
        .receive_buffer(4000)
        .established();
    t.peer("P. 1:1001(1000) ack 1");
    t.sent_after("40ms", ". 1:1(0) ack 1001 win 3000");
    t.shutdown_receive();
    assert_eq!(t.try_recv(1000), Err(RecvError::Shutdown));
    for start in (1001..4001).step_by(1000) {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
    }
    t.quiet_for("1h");
    let numbers = t.numbers();
    assert_eq!(
        (numbers.held, numbers.unread, numbers.window),
        (3000, 1000, 3000)
    );
    assert!(t.happened(&Fact::Exhausted));
}

#[test]
fn an_acknowledgment_that_was_only_delayed_still_goes_out() {
    let mut t = setup("wsprecvdisconnect")
        .mss(1000)
        .receive_buffer(4000)
        .established();
    t.peer("P. 1:1001(1000) ack 1");
    t.shutdown_receive();
    t.sent_after("40ms", ". 1:1(0) ack 1001");
    t.peer("P. 1001:2001(1000) ack 1");
    t.quiet_for("1h");
    assert_eq!(t.numbers().held, 1000);
}

#[test]
fn own_segments_carry_the_frozen_acknowledgment() {
    let mut t = exhausted();
    t.send(100);
    t.sent("P. 1:101(100) ack 1 win 4000");
    t.sent_after("300ms", "P. 1:101(100) ack 1 win 4000");
    // What the peer says of our data counts, on held segments as well.
    t.peer(". 3001:4001(1000) ack 101");
    assert_eq!(t.numbers().unacknowledged, 0);
    t.shutdown_send();
    t.sent("F. 101:101(0) ack 1 win 4000");
    t.peer(". 4001:4001(0) ack 102");
    t.is(State::FinWait2);
    t.quiet_for("1h");
}

#[test]
fn the_peers_window_updates_count() {
    let mut t = shut();
    t.peer("P. 1:1001(1000) ack 1 win 0");
    t.send(100);
    t.nothing();
    t.peer("P. 1001:2001(1000) ack 1 win 500");
    t.sent("P. 1:101(100) ack 1 win 4000");
}

#[test]
fn a_fin_with_nothing_held_is_acknowledged() {
    let mut t = shut();
    t.peer("F. 1:1(0) ack 1");
    t.sent(". 1:1(0) ack 2");
    t.is(State::CloseWait);
    t.close();
    t.sent("F. 1:1(0) ack 2");
    t.peer(". 2:2(0) ack 2");
    t.is(State::Closed);
}

#[test]
fn a_fin_behind_held_data_is_neither_acknowledged_nor_acted_upon() {
    for last in ["F. 1001:1001(0) ack 1", "FP. 1001:2001(1000) ack 1"] {
        let mut t = shut();
        t.peer(". 1:1001(1000) ack 1");
        for _ in 0..10 {
            t.peer(last);
            t.quiet_for("10s");
            t.is(State::Established);
        }
    }
    let mut t = shut();
    t.peer("FP. 1:1001(1000) ack 1");
    t.quiet_for("1h");
    t.is(State::Established);
    assert_eq!(t.numbers().held, 1000);
}

#[test]
fn a_fin_that_came_before_the_call_changes_nothing() {
    let mut t = setup("wsprecvdisconnect").close_wait();
    t.shutdown_receive();
    t.send(100);
    t.sent("P. 1:101(100) ack 2");
    t.close();
    t.sent("F. 101:101(0) ack 2");
}

#[test]
fn data_out_of_order_is_held_without_a_word() {
    let mut t = shut();
    t.peer(". 1001:2001(1000) ack 1");
    t.quiet_for("1h");
    assert_eq!((t.numbers().held, t.numbers().accepted), (1000, 1));
    t.send(10);
    t.sent("P. 1:11(10) ack 1 <>");
    t.peer(". 1:1001(1000) ack 11");
    t.quiet_for("1h");
    assert_eq!((t.numbers().held, t.numbers().accepted), (2000, 2001));
}

#[test]
fn a_duplicate_acknowledgment_answers_each_held_segment_where_the_profile_says_so() {
    let mut t = shut_with("receive_shutdown.acknowledge = 'duplicate'");
    for segment in [
        ". 1:1001(1000) ack 1",
        ". 2001:3001(1000) ack 1",
        ". 1:1001(1000) ack 1",
        "F. 1001:1001(0) ack 1",
    ] {
        t.peer(segment);
        t.sent(". 1:1(0) ack 1 win 4000 <>");
    }
    t.quiet_for("1h");
}

#[test]
fn the_peers_reset_is_exact_at_either_number() {
    // Where the peer stands, and where it was told that we stand.
    for (at, believed) in [(1, true), (2001, true), (1001, false), (3000, false)] {
        let mut t = shut();
        t.peer(". 1:1001(1000) ack 1");
        t.peer(". 1001:2001(1000) ack 1");
        t.peer(&format!("R {at}:{at}(0)"));
        if believed {
            t.is(State::Closed);
            assert_eq!(t.connection.take_error(), Some(Gone::Reset));
        } else {
            t.sent(". 1:1(0) ack 1 win 4000");
            t.is(State::Established);
        }
    }
    let mut t = exhausted();
    t.peer("R. 4001:4001(0) ack 1");
    t.is(State::Closed);
}

#[test]
fn closing_with_held_data_resets_with_the_frozen_acknowledgment() {
    let mut t = exhausted();
    t.close();
    t.sent("R. 1:1(0) ack 1");
    t.is(State::Closed);
    t.quiet_for("1h");
    // Data out of order is held as well.
    let mut t = shut();
    t.peer(". 1001:2001(1000) ack 1");
    t.close();
    t.sent("R. 1:1(0) ack 1");
    // Without held data there is nothing to tell.
    let mut t = shut();
    t.close();
    t.sent("F. 1:1(0) ack 1");
}

#[test]
fn with_window_scaling_the_right_edge_stands_still_on_the_wire_too() {
    // 65,535 is no multiple of 256, and neither is what is left of it behind 1000 octets.
    let setup = setup("wsprecvdisconnect").peer_offers("<mss 1000,wscale 2>");
    let mut t = setup.mss(1000).established();
    t.peer("P. 1:1001(1000) ack 1");
    t.shutdown_receive();
    t.sent_after("40ms", ". 1:1(0) ack 1001");
    let edge = t.wire_edge;
    t.send(10);
    t.sent("P. 1:11(10) ack 1001");
    assert_eq!(t.wire_edge, edge);
    assert_eq!(t.numbers().right_edge, edge, "what is offered is accepted");
    t.peer("F. 1001:1001(0) ack 11");
    t.sent(". 11:11(0) ack 1002");
}
