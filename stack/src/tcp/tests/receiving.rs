//! ESTABLISHED, receiving: order, acknowledgments and the window (RFC 9293 sections 3.8.6.2.2,
//! 3.8.6.3 and 3.10.7.4; RFC 2018; RFC 7323 section 5).

use super::*;

// Order.

#[test]
fn data_in_order_is_read_in_order() {
    let mut t = setup("winsock").established();
    t.peer("P. 1:1001(1000) ack 1");
    t.peer("P. 1001:2001(1000) ack 1");
    assert_eq!(t.recv(1500), 1500);
    assert_eq!(t.recv(1500), 500);
    assert_eq!(t.try_recv(1), Err(RecvError::WouldBlock));
}

#[test]
fn a_gap_is_reported_at_once_and_so_is_its_end() {
    // RFC 5681 section 4.2, RFC 2018 section 4: the stretch that grew last stands first, and behind
    // it those that were reported before, the newest first.
    let mut t = setup("winsock")
        .peer_offers("<mss 1000,sackOK>")
        .established();
    t.peer(". 1001:2001(1000) ack 1");
    t.sent(". 1:1(0) ack 1 <sack 1001:2001>");
    t.peer(". 3001:4001(1000) ack 1");
    t.sent(". 1:1(0) ack 1 <sack 3001:4001 1001:2001>");
    t.peer(". 5001:6001(1000) ack 1");
    t.sent(". 1:1(0) ack 1 <sack 5001:6001 3001:4001 1001:2001>");
    t.peer(". 2001:3001(1000) ack 1");
    t.sent(". 1:1(0) ack 1 <sack 1001:4001 5001:6001>");
    assert_eq!(t.try_recv(9000), Err(RecvError::WouldBlock));
    t.peer(". 1:1001(1000) ack 1");
    t.sent(". 1:1(0) ack 4001 <sack 5001:6001>");
    t.peer(". 4001:5001(1000) ack 1");
    t.sent(". 1:1(0) ack 6001 <>");
    assert_eq!(t.recv(9000), 6000);
}

#[test]
fn duplicates_are_reported_once_where_a_system_does() {
    // RFC 2883 section 4: the duplicate first, behind it what lies beyond a gap.
    let rows = [
        (
            "freebsd",
            "<sack 1:101>",
            "<sack 201:301 201:401>",
            "<sack 101:151 201:401>",
        ),
        (
            "netbsd",
            "<sack 1:101>",
            "<sack 201:301 201:401>",
            "<sack 101:151 201:401>",
        ),
        ("openbsd", "<>", "<sack 201:401>", "<sack 201:401>"),
    ];
    for (profile, old, beyond, partial) in rows {
        let mut t = setup(profile)
            .peer_offers("<mss 1000,sackOK>")
            .established();
        t.peer("P. 1:151(150) ack 1");
        answer(&mut t);
        t.peer("P. 1:101(100) ack 1");
        t.sent(&format!(". 1:1(0) ack 151 {old}"));
        t.peer("P. 201:401(200) ack 1");
        t.sent(". 1:1(0) ack 151 <sack 201:401>");
        t.peer("P. 201:301(100) ack 1");
        t.sent(&format!(". 1:1(0) ack 151 {beyond}"));
        t.peer("P. 101:161(60) ack 1");
        t.sent(&format!(". 1:1(0) ack 161 {partial}"));
    }
}

#[test]
fn without_sack_a_gap_makes_plain_duplicates() {
    let mut t = setup("linux").established();
    for start in [1001, 2001, 3001] {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
        t.sent(". 1:1(0) ack 1 <>");
    }
    t.peer(". 1:1001(1000) ack 1");
    t.sent(". 1:1(0) ack 4001 <>");
}

#[test]
fn five_segments_in_every_order_with_overlaps() {
    // Each segment reaches ten octets into the next.
    let orders = permutations(5);
    assert_eq!(orders.len(), 120);
    for order in orders {
        let mut t = setup("winsock").established();
        for &place in &order {
            let start = 1 + 100 * place as i64;
            t.peer(&format!(". {start}:{}(110) ack 1", start + 110));
            t.sent.clear();
        }
        assert_eq!(t.recv(1000), 510, "{order:?}");
        assert_eq!(t.numbers().accepted, 511, "{order:?}");
    }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let insert = |shorter: Vec<usize>| {
        (0..count).map(move |place| {
            let mut order = shorter.clone();
            order.insert(place, last);
            order
        })
    };
    permutations(last).into_iter().flat_map(insert).collect()
}

#[test]
fn what_is_there_already_is_acknowledged_at_once() {
    // RFC 9293 section 3.10.7.4: an unacceptable segment, and one that is partly old.
    let mut t = setup("winsock").established();
    t.peer(". 1:1001(1000) ack 1");
    t.sent_after("40ms", ". 1:1(0) ack 1001");
    t.peer(". 1:1001(1000) ack 1");
    t.sent(". 1:1(0) ack 1001");
    t.peer(". 501:1501(1000) ack 1");
    t.sent_after("40ms", ". 1:1(0) ack 1501");
    // A keep-alive (RFC 9293 section 3.8.4), with an octet and without.
    for probe in [". 1500:1500(0) ack 1", ". 1500:1501(1) ack 1"] {
        t.peer(probe);
        t.sent(". 1:1(0) ack 1501");
    }
    assert_eq!(t.recv(9000), 1500);
}

// Acknowledgments.

#[test]
fn every_second_segment_is_acknowledged_at_once() {
    // RFC 9293 section 3.8.6.3 (MUST-58, MUST-59).
    let mut t = setup("winsock").mss(1000).established();
    for start in [1, 2001, 4001] {
        let (middle, end) = (start + 1000, start + 2000);
        t.peer(&format!(". {start}:{middle}(1000) ack 1"));
        t.quiet_for("39ms");
        t.peer(&format!(". {middle}:{end}(1000) ack 1"));
        t.sent(&format!(". 1:1(0) ack {end}"));
    }
    t.peer(". 6001:7001(1000) ack 1");
    t.sent_after("40ms", ". 1:1(0) ack 7001");
    t.quiet_for("1h");
}

#[test]
fn an_acknowledgment_rides_on_data() {
    let mut t = setup("winsock").established();
    t.peer("P. 1:101(100) ack 1");
    t.send(50);
    t.sent("P. 1:51(50) ack 101");
    t.peer(". 101:101(0) ack 51");
    t.quiet_for("1h");
}

#[test]
fn linux_acknowledges_at_once_first_and_then_waits() {
    // Measured: with SO_RCVBUF 20000 the first nine, then 40 to 44 ms.
    let mut t = setup("linux").receive_buffer(20_000).established();
    let mut at_once = 0;
    for start in (1..16_001).step_by(1000) {
        let end = start + 1000;
        t.peer(&format!(". {start}:{end}(1000) ack 1"));
        if t.sent.is_empty() {
            let waited = t.sent_later(&format!(". 1:1(0) ack {end}"));
            assert!((40..=48).contains(&waited.total_millis()), "{waited}");
        } else {
            assert_eq!(at_once, start / 1000, "none is at once after one was not");
            at_once += 1;
            t.sent(&format!(". 1:1(0) ack {end} win {}", 18_980 - start - 999));
        }
    }
    assert_eq!(at_once, 9);
}

#[test]
fn linux_stops_acknowledging_at_once_where_data_flows_both_ways() {
    let mut t = setup("linux").established();
    t.peer("P. 1:101(100) ack 1");
    t.sent(". 1:1(0) ack 101");
    t.send(100);
    t.sent("P. 1:101(100) ack 101");
    t.peer("P. 101:201(100) ack 101");
    t.nothing();
    t.sent_later(". 101:101(0) ack 201");
}

// The window.

#[test]
fn the_window_shrinks_with_the_queue_and_opens_by_useful_steps() {
    // RFC 9293 section 3.8.6.2.2 (MUST-39): the receiver's side of silly window avoidance.
    let mut t = setup("winsock")
        .mss(1000)
        .receive_buffer(4000)
        .established();
    t.peer(". 1:1001(1000) ack 1");
    t.peer(". 1001:2001(1000) ack 1");
    t.sent(". 1:1(0) ack 2001 win 2000");
    t.peer(". 2001:3001(1000) ack 1");
    t.peer(". 3001:4001(1000) ack 1");
    t.sent(". 1:1(0) ack 4001 win 0");
    // Small reads tell the peer nothing, enough of them do.
    for _ in 0..19 {
        assert_eq!(t.recv(100), 100);
        t.nothing();
    }
    assert_eq!(t.recv(100), 100);
    t.sent(". 1:1(0) ack 4001 win 2000");
    // Read to the end: it opens again by as much.
    assert_eq!(t.recv(9000), 2000);
    t.sent(". 1:1(0) ack 4001 win 4000");
}

#[test]
fn small_steps_of_the_window_stay_with_the_receiver() {
    let mut t = setup("winsock")
        .mss(1000)
        .receive_buffer(8000)
        .established();
    for start in [1, 2001] {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
        t.peer(&format!(". {}:{}(1000) ack 1", start + 1000, start + 2000));
        t.sent(&format!(
            ". 1:1(0) ack {} win {}",
            start + 2000,
            8000 - start - 1999
        ));
    }
    assert_eq!(t.recv(900), 900);
    t.nothing();
    // A segment that goes out anyway does not carry them either.
    t.send(10);
    t.sent("P. 1:11(10) ack 4001 win 4000");
}

#[test]
fn data_beyond_the_right_edge_is_refused() {
    // Trimmed to the window, or refused whole (measured on Linux).
    let mut t = setup("winsock")
        .mss(1000)
        .receive_buffer(1500)
        .established();
    t.peer(". 1:1001(1000) ack 1");
    t.peer(". 1001:2001(1000) ack 1");
    t.sent(". 1:1(0) ack 1501 win 0");
    assert!(t.happened(&Fact::Refused { octets: 500 }));
    // A probe of the closed window is answered (RFC 9293 section 3.8.6.1).
    t.peer(". 1501:1502(1) ack 1");
    t.sent(". 1:1(0) ack 1501 win 0");
    assert_eq!(t.recv(9000), 1500);
    t.sent(". 1:1(0) ack 1501 win 1500");

    let mut t = setup("linux").receive_buffer(20_000).established();
    for start in (1..18_001).step_by(1000) {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
        t.sent_later(&format!(". 1:1(0) ack {}", start + 1000));
    }
    t.peer(". 18001:19001(1000) ack 1");
    t.sent(". 1:1(0) ack 18001 win 980");
    // Measured: an empty queue takes one segment of any size.
    let mut t = setup("linux").receive_buffer(20_000).established();
    t.peer(". 1:60001(60000) ack 1");
    t.sent_later(". 1:1(0) ack 60001 win 0");
    assert_eq!(t.recv(60_000), 60_000);
}

#[test]
fn a_closed_window_still_hears_acknowledgments_fins_and_resets() {
    // RFC 9293 section 3.10.7.4: special allowance for a window of zero.
    let full = || {
        let mut t = setup("winsock")
            .mss(1000)
            .receive_buffer(1000)
            .established();
        t.send(100);
        t.sent("P. 1:101(100) ack 1");
        t.peer(". 1:1001(1000) ack 1");
        t.sent_later(". 101:101(0) ack 1001 win 0");
        t
    };
    let mut t = full();
    t.peer(". 1001:2001(1000) ack 101");
    t.sent(". 101:101(0) ack 1001 win 0");
    assert_eq!(t.numbers().unacknowledged, 0, "the acknowledgment counts");
    let mut t = full();
    t.peer("F. 1001:1001(0) ack 101");
    t.sent(". 101:101(0) ack 1002 win 0");
    t.is(State::CloseWait);
    let mut t = full();
    t.peer("R 1001:1001(0)");
    t.is(State::Closed);
}

// Timestamps.

/// Both sides use timestamps; the last one of the peer is 1000.
fn stamped() -> Dialogue {
    let mut t = setup("linux")
        .peer_offers("<mss 1460,TS val 1000 ecr 0>")
        .syn_received();
    t.peer(". 1:1(0) ack 1 <TS val 1000 ecr 1>");
    t.is(State::Established);
    t
}

#[test]
fn timestamps_are_echoed() {
    let mut t = stamped();
    t.after("10ms");
    t.peer("P. 1:11(10) ack 1 <TS val 1010 ecr 1>");
    t.sent(". 1:1(0) ack 11 <TS val 11 ecr 1010>");
}

#[test]
fn segments_older_than_the_last_are_refused() {
    // RFC 7323 section 5.3 rule R1.
    let mut t = stamped();
    t.peer("P. 1:11(10) ack 1 <TS val 999 ecr 1>");
    t.sent(". 1:1(0) ack 1");
    assert_eq!(t.numbers().accepted, 1);
    // A reset is not subject to it.
    t.peer("R 1:1(0) <TS val 999 ecr 1>");
    t.is(State::Closed);
}

#[test]
fn a_segment_outside_the_window_does_not_set_the_clock() {
    // RFC 7323 section 5.3: rule R3 comes behind R2, the test of acceptability.
    let mut t = stamped();
    t.peer("P. -99:-89(10) ack 1 <TS val 5000 ecr 1>");
    t.sent(". 1:1(0) ack 1");
    t.peer("P. 1:11(10) ack 1 <TS val 1001 ecr 1>");
    t.sent(". 1:1(0) ack 11");
    assert_eq!(t.numbers().accepted, 11);
}

#[test]
fn a_segment_behind_a_gap_does_not_set_the_clock() {
    // RFC 7323 section 4.3: the echo tells of the last segment that moved the acknowledgment.
    let mut t = stamped();
    t.peer("P. 11:21(10) ack 1 <TS val 1005 ecr 1>");
    t.sent(". 1:1(0) ack 1 <TS val 1 ecr 1000>");
    t.peer("P. 1:11(10) ack 1 <TS val 1003 ecr 1>");
    t.sent(". 1:1(0) ack 21 <TS val 1 ecr 1003>");
}

#[test]
fn nothing_stands_behind_a_fin() {
    // A FIN that waits behind a gap bounds what fills the gap, and what comes behind it.
    let mut t = setup("winsock").established();
    t.peer("F. 11:21(10) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.peer("P. 31:41(10) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.peer("P. 1:41(40) ack 1");
    t.sent(". 1:1(0) ack 22");
    t.is(State::CloseWait);
    assert_eq!(t.recv(100), 20);

    // A FIN in the middle of what was taken is none; the next one may be.
    let mut t = setup("winsock").established();
    t.peer("P. 11:31(20) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.peer("F. 11:21(10) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.peer("P. 1:11(10) ack 1");
    t.sent(". 1:1(0) ack 31");
    t.is(State::Established);
    t.peer("F. 31:31(0) ack 1");
    t.sent_later(". 1:1(0) ack 32");
    t.is(State::CloseWait);
}
