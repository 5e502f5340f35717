//! ESTABLISHED, sending: segmentation, the peer's window, small segments, and the timers behind
//! them (RFC 9293 sections 3.7.4, 3.8.1, 3.8.6; RFC 6298).

use super::*;
use crate::event::Retransmission;

// What may go out.

#[test]
fn push_stands_where_the_system_puts_it() {
    // Two writes of 1500 octets while the network is empty, MSS 1000.
    let writes = |profile: &str| {
        let mut t = setup(profile)
            .peer_offers("<mss 1000>")
            .no_delay()
            .established();
        t.send(1500);
        t.sent(". 1:1001(1000) ack 1");
        t.sent("P. 1001:1501(500) ack 1");
        t.send(500);
        t.sent("P. 1501:2001(500) ack 1");
    };
    ["linux", "freebsd", "winsock"].into_iter().for_each(writes);

    // Behind a closed window both writes become one segment.
    let behind = |profile: &str, flags: &str| {
        let mut t = setup(profile).peer_window(0).established();
        t.send(300);
        t.send(300);
        t.peer(". 1:1(0) ack 1 win 400");
        t.sent(&format!("{flags} 1:401(400) ack 1"));
    };
    // The first write ends in it; the buffer does not.
    behind("winsock", "P.");
    behind("freebsd", ".");
    // Measured: what was written later moved the end of the piece, and half of it stays.
    behind("linux", ".");
}

#[test]
fn nagle_holds_small_segments_back_as_the_system_does() {
    // (profile, whether a small segment leaves while a full one is out, while a small one is out)
    let rows = [
        ("linux", true, false),
        ("freebsd", false, false),
        ("winsock", false, false),
    ];
    for (profile, behind_full, behind_small) in rows {
        let small = |first: usize, leaves: bool| {
            let mut t = setup(profile).established();
            t.send(first);
            t.sent.clear();
            t.send(10);
            assert_eq!(
                !t.sent.is_empty(),
                leaves,
                "{profile}, 10 octets behind {first}"
            );
            t.sent.clear();
            // Whatever waits leaves with the acknowledgment.
            t.peer(&format!(". 1:1(0) ack {}", first + 1));
            assert_eq!(
                !t.sent.is_empty(),
                !leaves,
                "{profile} after the acknowledgment"
            );
        };
        small(1460, behind_full);
        small(100, behind_small);
    }
    let mut t = setup("freebsd").no_delay().established();
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    t.send(10);
    t.sent("P. 11:21(10) ack 1");
    let mut t = setup("freebsd").knobs("send.nagle = 'off'").established();
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    t.send(10);
    t.sent("P. 11:21(10) ack 1");
}

#[test]
fn a_fin_does_not_wait_for_nagle() {
    let mut t = setup("freebsd").established();
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    t.send(10);
    t.nothing();
    t.shutdown_send();
    t.sent("FP. 11:21(10) ack 1");
}

#[test]
fn a_bulk_sender_does_not_fill_a_window_with_crumbs() {
    // RFC 9293 section 3.8.6.2.1; measured on Linux: 2,920 of 4,000 octets.
    for (profile, second) in [("linux", "P."), ("winsock", ".")] {
        let mut t = setup(profile).peer_window(4000).established();
        t.send(20_000);
        t.sent(". 1:1461(1460) ack 1");
        t.sent(&format!("{second} 1461:2921(1460) ack 1"));
        t.nothing();
    }
    // Half of the largest window ever seen is worth a segment.
    let mut t = setup("winsock").peer_window(1000).established();
    t.send(20_000);
    t.sent(". 1:1001(1000) ack 1");
}

#[test]
fn what_the_application_wrote_last_leaves_even_if_small() {
    let mut t = setup("winsock").peer_window(4000).no_delay().established();
    t.send(3000);
    t.sent(". 1:1461(1460) ack 1");
    t.sent(". 1461:2921(1460) ack 1");
    t.sent("P. 2921:3001(80) ack 1");
}

#[test]
fn a_small_part_of_a_window_is_used_after_a_while() {
    // RFC 9293 section 3.8.6.2.1 rule 4: waiting for more room has an end.
    let mut t = setup("winsock").peer_window(4000).established();
    t.send(4000);
    t.sent(". 1:1461(1460) ack 1");
    t.sent(". 1461:2921(1460) ack 1");
    t.peer(". 1:1(0) ack 2921 win 100");
    t.nothing();
    t.sent_after("300ms", ". 2921:3021(100) ack 1");
}

#[test]
fn the_send_buffer_limits_what_is_taken() {
    let mut t = setup("freebsd")
        .send_buffer(1000)
        .peer_window(0)
        .established();
    assert_eq!(t.try_send(1500), Ok(1000));
    assert_eq!(t.try_send(1), Err(SendError::WouldBlock));
    assert!(!t.connection.is_writable());
    t.peer(". 1:1(0) ack 1 win 600");
    t.sent(". 1:601(600) ack 1");
    t.peer(". 1:1(0) ack 601 win 600");
    t.sent("P. 601:1001(400) ack 1");
    assert_eq!(t.try_send(1500), Ok(600));
}

// The retransmission timer.

#[test]
fn the_timeout_doubles_and_ends_with_an_acknowledgment() {
    let mut t = setup("winsock").established();
    t.send(100);
    t.sent("P. 1:101(100) ack 1");
    for delay in ["300ms", "600ms", "1.2s"] {
        t.sent_after(delay, "P. 1:101(100) ack 1");
    }
    t.peer(". 1:1(0) ack 101");
    t.quiet_for("1h");
    // RFC 6298 section 5: the doubled timeout stays until something new has been measured.
    t.send(100);
    t.sent("P. 101:201(100) ack 1");
    t.sent_after("2.4s", "P. 101:201(100) ack 1");
    t.peer(". 1:1(0) ack 201");
    t.quiet_for("1h");
    t.send(100);
    t.sent("P. 201:301(100) ack 1");
    t.peer(". 1:1(0) ack 301");
    t.send(100);
    t.sent("P. 301:401(100) ack 1");
    t.sent_after("300ms", "P. 301:401(100) ack 1");
}

#[test]
fn linux_times_out_as_measured() {
    // The first gaps of the measured sender that nobody acknowledges.
    let mut t = setup("linux").established();
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");
    let gaps: Vec<u64> = (0..6)
        .map(|_| t.sent_later("P. 1:1001(1000) ack 1").total_millis())
        .collect();
    let measured = [204, 436, 843, 1657, 3485, 6660];
    for (gap, measured) in gaps.iter().zip(measured) {
        // Where the wheel's slots lie depends on when the machine was started.
        let slack = measured / 8 + 8;
        assert!(gap.abs_diff(measured) <= slack, "{gaps:?}");
    }
}

#[test]
fn the_timeout_follows_the_round_trip() {
    // RFC 6298 rules 2.2 and 2.3: R = 400 ms makes SRTT + 4 * R/2 = 1.2 s.
    let mut t = setup("winsock").syn_sent();
    t.after("400ms");
    t.peer("S. 0:0(0) ack 1");
    t.sent(". 1:1(0) ack 1");
    assert_eq!(t.numbers().rto.total_millis(), 1200);
    t.send(100);
    t.sent("P. 1:101(100) ack 1");
    t.after("400ms");
    t.peer(". 1:1(0) ack 101");
    // RTTVAR = 3/4 * 200.
    assert_eq!(t.numbers().rto.total_millis(), 1000);
}

#[test]
fn a_segment_sent_twice_measures_nothing() {
    // Karn's algorithm (RFC 6298 section 3), also for what was held up behind it.
    let mut t = setup("winsock").established();
    let before = t.numbers().smoothed_round_trip;
    t.send(2920);
    t.sent(". 1:1461(1460) ack 1");
    t.sent("P. 1461:2921(1460) ack 1");
    t.sent_after("300ms", ". 1:1461(1460) ack 1");
    t.after("100ms");
    t.peer(". 1:1(0) ack 2921");
    assert_eq!(t.numbers().smoothed_round_trip, before);
}

#[test]
fn the_timer_restarts_with_each_acknowledgment_of_new_data() {
    // RFC 6298 rule 5.3.
    let mut t = setup("winsock").established();
    t.send(2920);
    t.sent(". 1:1461(1460) ack 1");
    t.sent("P. 1461:2921(1460) ack 1");
    t.after("250ms");
    t.peer(". 1:1(0) ack 1461");
    let rto = t.numbers().rto;
    let waited = t.sent_later("P. 1461:2921(1460) ack 1");
    assert_eq!(waited, rto);
}

#[test]
fn small_segments_are_sent_again_together() {
    // Measured on Linux; FreeBSD sends from SND.UNA whatever fits.
    let apart = ["P. 1:11(10)", "P. 11:21(10)", "P. 21:31(10)"];
    let rows = [("linux", &["P. 1:31(30)"][..]), ("winsock", &apart)];
    for (profile, expected) in rows {
        let mut t = setup(profile).no_delay().established();
        for start in [1, 11, 21] {
            t.send(10);
            t.sent(&format!("P. {start}:{}(10) ack 1", start + 10));
        }
        for segment in expected {
            t.sent_later(&format!("{segment} ack 1"));
        }
        t.nothing();
    }
}

// The peer's window.

#[test]
fn a_closed_window_is_probed() {
    // Linux probes with an old sequence number, others with an octet of the data.
    let mut t = setup("linux").peer_window(0).established();
    t.send(100);
    t.nothing();
    let first = t.sent_later(". 0:0(0) ack 1");
    t.peer(". 1:1(0) ack 1 win 0");
    let second = t.sent_later(". 0:0(0) ack 1");
    assert!(
        first.total_millis() >= 200 && first.total_millis() < 220,
        "{first}"
    );
    assert!(second > first + first / 2, "{second} after {first}");
    t.peer(". 1:1(0) ack 1 win 1000");
    t.sent("P. 1:101(100) ack 1");

    let mut t = setup("winsock").peer_window(0).established();
    t.send(100);
    t.sent_after("300ms", ". 1:2(1) ack 1");
    // Refused.
    t.peer(". 1:1(0) ack 1 win 0");
    t.sent_after("600ms", ". 1:2(1) ack 1");
    // Taken, and nothing more.
    t.peer(". 1:1(0) ack 2 win 0");
    t.sent_later(". 2:3(1) ack 1");
    t.peer(". 1:1(0) ack 3 win 1000");
    t.sent("P. 3:101(98) ack 1");
}

#[test]
fn probes_say_nothing_of_the_path() {
    let mut t = setup("winsock").peer_window(0).established();
    t.send(100_000);
    t.sent_after("300ms", ". 1:2(1) ack 1");
    t.peer(". 1:1(0) ack 1");
    for delay in ["600ms", "1.2s", "2.4s"] {
        t.sent_after(delay, ". 1:2(1) ack 1");
        t.peer(". 1:1(0) ack 1");
    }
    let cause = Retransmission::WindowProbe;
    assert!(t.happened(&Fact::Retransmitted { octets: 1, cause }));
    t.peer(". 1:1(0) ack 1 win 65535");
    t.sent(". 1:2(1) ack 1");
    t.sent(". 2:1462(1460) ack 1");
    assert_eq!(t.sent.len(), 8, "the initial window is as it was");
    t.sent.clear();
}

#[test]
fn acknowledgments_stand_before_a_probe_of_a_closed_window() {
    // Behind it they would lie outside the peer's window, and two peers that probe each other would
    // answer each other for ever.
    let mut t = setup("winsock").peer_window(0).established();
    t.send(100);
    t.sent_after("300ms", ". 1:2(1) ack 1");
    t.peer("P. 1:11(10) ack 1");
    t.sent_after("40ms", ". 1:1(0) ack 11");
    t.peer("P. 11:21(10) ack 2");
    t.sent_after("40ms", ". 2:2(0) ack 21");
}

#[test]
fn a_fin_alone_is_held_by_a_closed_window() {
    let mut t = setup("linux").peer_window(0).established();
    t.shutdown_send();
    t.nothing();
    t.sent_later(". 0:0(0) ack 1");
    t.peer(". 1:1(0) ack 1 win 1");
    t.sent("F. 1:1(0) ack 1");
}

#[test]
fn a_peer_that_answers_probes_is_never_given_up() {
    // RFC 9293 section 3.8.6.1 (MUST-37).
    for profile in ["linux", "winsock", "freebsd"] {
        let mut t = setup(profile).peer_window(0).established();
        t.send(100);
        for _ in 0..200 {
            let waited = t.run_next_timer(t.now + DAY);
            assert!(waited, "{profile}: no timer");
            t.sent.clear();
            t.peer(". 1:1(0) ack 1 win 0");
            t.sent.clear();
        }
        t.is(State::Established);
        assert!(t.now > Instant::from_secs(1800), "{profile}: {}", t.now);
        // It goes on at once, with the octet of the last probe or all of the data.
        t.peer(". 1:1(0) ack 1 win 1000");
        assert_eq!(
            t.sent.front().map(|(_, row)| row.start),
            Some(1),
            "{profile}"
        );
    }
}

#[test]
fn a_window_update_starts_the_sender_again() {
    let mut t = setup("winsock").peer_window(2920).established();
    t.send(10_000);
    t.sent(". 1:1461(1460) ack 1");
    t.sent(". 1461:2921(1460) ack 1");
    t.peer(". 1:1(0) ack 2921 win 0");
    t.nothing();
    t.peer(". 1:1(0) ack 2921 win 2920");
    t.sent(". 2921:4381(1460) ack 1");
    t.sent(". 4381:5841(1460) ack 1");
}

#[test]
fn an_old_acknowledgment_does_not_set_the_window() {
    // RFC 9293 section 3.10.7.4, fifth check: only SND.UNA =< SEG.ACK =< SND.NXT updates it.
    let mut t = setup("winsock").established();
    t.send(100);
    t.sent("P. 1:101(100) ack 1");
    t.peer(". 1:1(0) ack 101 win 5000");
    t.peer("P. 1:11(10) ack 1 win 9000");
    assert_eq!(t.numbers().send_window, 5000);
    // Nor does an old segment.
    t.after("1s");
    t.sent(". 101:101(0) ack 11");
    t.peer("P. 11:21(10) ack 101 win 6000");
    t.after("1s");
    t.sent(". 101:101(0) ack 21");
    t.peer(". 11:11(0) ack 101 win 7000");
    t.sent(". 101:101(0) ack 21");
    assert_eq!(t.numbers().send_window, 6000);
}

#[test]
fn a_window_that_shrinks_is_survived() {
    // RFC 9293 section 3.8.6 (SHLD-15, MUST-34): what is beyond it now is not sent anew.
    let mut t = setup("winsock").peer_window(4380).established();
    t.send(10_000);
    for start in [1, 1461, 2921] {
        t.sent(&format!(". {start}:{}(1460) ack 1", start + 1460));
    }
    t.peer(". 1:1(0) ack 1461 win 1000");
    t.nothing();
    t.peer(". 1:1(0) ack 4381 win 1460");
    t.sent(". 4381:5841(1460) ack 1");
}

#[test]
fn segments_that_were_too_large_for_the_path_are_cut_and_sent_again() {
    let mut t = setup("freebsd")
        .no_delay()
        .peer_offers("<mss 1460>")
        .established();
    t.send(1460);
    t.sent("P. 1:1461(1460) ack 1");
    let sequence = OURS.wrapping_add(1);
    // A path narrower than any, a number that was never sent, and a path as wide as the link.
    for (mtu, sequence) in [(67, sequence), (1300, sequence + 1460), (1500, sequence)] {
        t.call("too big", |it| it.on_too_big(mtu, sequence));
        t.nothing();
    }
    t.call("too big", |it| it.on_too_big(1300, sequence));
    t.sent(". 1:1261(1260) ack 1");
    t.sent("P. 1261:1461(200) ack 1");
    t.peer(". 1:1(0) ack 1461");
    t.send(1460);
    t.sent(". 1461:2721(1260) ack 1");
    t.sent("P. 2721:2921(200) ack 1");
}
