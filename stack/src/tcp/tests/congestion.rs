//! ESTABLISHED, losing: fast retransmission, recovery, and the tail loss probe (RFC 5681, RFC 6582,
//! RFC 6675, RFC 8985 section 7).

use super::*;
use crate::event::Retransmission;
use crate::profile::Segmentation;

/// Ten segments of 1000 octets are out.
#[track_caller]
fn ten_out(setup: Setup) -> Dialogue {
    let in_bursts = setup.profile.send.segmentation == Segmentation::Bursts;
    let mut t = setup.established();
    t.send(10_000);
    for start in (1..10_001).step_by(1000) {
        let pushed = start == 9001 || (in_bursts && start == 4001);
        let flags = if pushed { "P." } else { "." };
        t.sent(&format!("{flags} {start}:{}(1000) ack 1", start + 1000));
    }
    t.nothing();
    t
}

fn plain() -> Setup {
    setup("winsock")
        .knobs("send.congestion = 'reno'")
        .peer_offers("<mss 1000>")
}

fn selective() -> Setup {
    setup("winsock")
        .knobs("send.congestion = 'reno'")
        .peer_offers("<mss 1000,sackOK>")
}

#[test]
fn the_third_duplicate_retransmits() {
    let mut t = ten_out(plain());
    t.peer(". 1:1(0) ack 1");
    t.peer(". 1:1(0) ack 1");
    t.nothing();
    t.peer(". 1:1(0) ack 1");
    t.sent(". 1:1001(1000) ack 1");
    // RFC 5681 section 3.2: ssthresh = FlightSize / 2, cwnd = ssthresh + 3 * SMSS.
    assert_eq!(t.numbers().threshold, 5000);
    assert_eq!(t.numbers().congestion_window, 8000);
    // Each further one lets a segment pass once the window has room.
    t.send(3000);
    t.nothing();
    for _ in 0..2 {
        t.peer(". 1:1(0) ack 1");
        t.nothing();
    }
    t.peer(". 1:1(0) ack 1");
    t.sent(". 10001:11001(1000) ack 1");
    // The end of recovery: cwnd = ssthresh.
    t.peer(". 1:1(0) ack 10001");
    t.sent(". 11001:12001(1000) ack 1");
    t.sent("P. 12001:13001(1000) ack 1");
    assert_eq!(t.numbers().retransmissions, 1);
}

#[test]
fn the_first_two_duplicates_each_let_a_new_segment_out() {
    // RFC 3042, and the same without it.
    for limited in [true, false] {
        let knobs = format!("send.limited_transmit = {limited}");
        let mut t = ten_out(plain().knobs(&knobs));
        t.send(5000);
        t.nothing();
        for start in [10_001, 11_001] {
            t.peer(". 1:1(0) ack 1");
            if limited {
                t.sent(&format!(". {start}:{}(1000) ack 1", start + 1000));
            }
            t.nothing();
        }
        t.peer(". 1:1(0) ack 1");
        t.sent(". 1:1001(1000) ack 1");
        assert_eq!(t.numbers().retransmissions, 1);
    }
}

#[test]
fn cubic_leaves_seven_tenths_of_what_was_in_flight() {
    // RFC 9438 section 4.6.
    let mut t = ten_out(setup("winsock").peer_offers("<mss 1000>"));
    for _ in 0..3 {
        t.peer(". 1:1(0) ack 1");
    }
    t.sent(". 1:1001(1000) ack 1");
    assert_eq!(t.numbers().threshold, 7000);
    t.peer(". 1:1(0) ack 10001");
    assert_eq!(t.numbers().congestion_window, 7000);
}

#[test]
fn after_a_long_silence_the_window_is_another() {
    // RFC 5681 section 4.1, and Linux's way: half for each timeout that has passed.
    for (rule, left) in [
        ("never", 20_000),
        ("initial-window", 10_000),
        ("halve", 10_000),
    ] {
        let knobs = format!("send.restart = '{rule}'\nsend.initial_window = 10");
        let mut t = ten_out(plain().knobs(&knobs));
        t.peer(". 1:1(0) ack 5001");
        t.peer(". 1:1(0) ack 10001");
        let grown = t.numbers().congestion_window;
        assert!(grown > 10_000, "slow start: {grown}");
        t.after("60s");
        t.send(1000);
        t.sent("P. 10001:11001(1000) ack 1");
        let window = t.numbers().congestion_window;
        assert_eq!(window, left.min(grown), "{rule}");
    }
}

#[test]
fn what_is_no_duplicate_does_not_count() {
    // RFC 5681 section 2: data, another window, or another number.
    let mut t = ten_out(plain());
    for window in [60_000, 50_000, 40_000, 50_000] {
        t.peer(&format!(". 1:1(0) ack 1 win {window}"));
    }
    for start in [1, 11, 21, 31] {
        t.peer(&format!("P. {start}:{}(10) ack 1", start + 10));
        t.sent.clear();
    }
    t.nothing();
    assert_eq!(t.numbers().retransmissions, 0);
}

#[test]
fn partial_acknowledgments_retransmit_one_segment_each() {
    // RFC 6582: the first, the third and the fifth are lost.
    let mut t = ten_out(plain());
    for _ in 0..3 {
        t.peer(". 1:1(0) ack 1");
    }
    t.sent(". 1:1001(1000) ack 1");
    t.peer(". 1:1(0) ack 2001");
    t.sent(". 2001:3001(1000) ack 1");
    t.nothing();
    t.peer(". 1:1(0) ack 4001");
    t.sent(". 4001:5001(1000) ack 1");
    t.nothing();
    t.peer(". 1:1(0) ack 10001");
    t.nothing();
    assert_eq!(t.numbers().congestion_window, 5000);
    assert_eq!(t.numbers().retransmissions, 3);
}

#[test]
fn duplicates_after_a_timeout_do_not_retransmit_again() {
    // RFC 6582 section 3.2 step 2 with "recover": they may be echoes of the retransmissions.
    let mut t = ten_out(plain());
    t.sent_after("300ms", ". 1:1001(1000) ack 1");
    assert_eq!(t.numbers().congestion_window, 1000);
    for _ in 0..5 {
        t.peer(". 1:1(0) ack 1");
    }
    t.nothing();
    t.peer(". 1:1(0) ack 1001");
    t.sent(". 1001:2001(1000) ack 1");
    t.sent(". 2001:3001(1000) ack 1");
    t.nothing();
}

#[test]
fn slow_start_and_congestion_avoidance() {
    let mut t = ten_out(plain());
    t.send(100_000);
    t.nothing();
    // RFC 5681 section 3.1: each acknowledgment opens the window by what it acknowledges.
    t.peer(". 1:1(0) ack 2001");
    assert_eq!(t.numbers().congestion_window, 12_000);
    assert_eq!(t.sent.len(), 4);
    t.sent.clear();
    // A timeout halves the flight into the threshold, and the window begins at one segment.
    t.sent_later(". 2001:3001(1000) ack 1");
    assert_eq!(t.numbers().congestion_window, 1000);
    assert_eq!(t.numbers().threshold, 6000);
    // Above the threshold a whole window's worth opens it by one segment.
    t.peer(". 1:1(0) ack 14001");
    t.sent.clear();
    let mut acknowledged = 14_001;
    while t.numbers().congestion_window < 6000 {
        acknowledged += 1000;
        t.peer(&format!(". 1:1(0) ack {acknowledged}"));
        t.sent.clear();
    }
    let before = t.numbers().congestion_window;
    let segments = before / 1000;
    for _ in 0..segments {
        assert_eq!(t.numbers().congestion_window, before);
        acknowledged += 1000;
        t.peer(&format!(". 1:1(0) ack {acknowledged}"));
        t.sent.clear();
    }
    assert_eq!(t.numbers().congestion_window, before + 1000);
}

#[test]
fn selective_acknowledgments_retransmit_exactly_what_is_missing() {
    // The first and the fourth are lost.
    let mut t = ten_out(selective());
    t.peer(". 1:1(0) ack 1 <sack 1001:2001>");
    t.peer(". 1:1(0) ack 1 <sack 1001:3001>");
    t.nothing();
    t.peer(". 1:1(0) ack 1 <sack 4001:5001 1001:3001>");
    t.sent(". 1:1001(1000) ack 1");
    assert_eq!(t.numbers().congestion_window, 5000);
    t.peer(". 1:1(0) ack 1 <sack 4001:6001 1001:3001>");
    t.peer(". 1:1(0) ack 1 <sack 4001:7001 1001:3001>");
    // DupThresh segments above the fourth have arrived.
    t.sent(". 3001:4001(1000) ack 1");
    t.nothing();
    t.peer(". 1:1(0) ack 1 <sack 4001:10001 1001:3001>");
    t.nothing();
    // A partial acknowledgment: what it leaves is on its way already.
    t.peer(". 1:1(0) ack 3001 <sack 4001:10001>");
    t.nothing();
    assert_eq!(t.numbers().congestion_window, 5000);
    t.peer(". 1:1(0) ack 10001");
    t.nothing();
    assert_eq!(t.numbers().retransmissions, 2);
    assert_eq!(t.numbers().congestion_window, 5000);
}

#[test]
fn a_partial_acknowledgment_shows_a_hole_that_few_have_overtaken() {
    // The first and the ninth are lost: only one segment behind the ninth can be reported.
    let mut t = ten_out(selective());
    t.peer(". 1:1(0) ack 1 <sack 1001:8001>");
    t.sent(". 1:1001(1000) ack 1");
    t.peer(". 1:1(0) ack 1 <sack 9001:10001 1001:8001>");
    t.nothing();
    t.peer(". 1:1(0) ack 8001 <sack 9001:10001>");
    t.sent(". 8001:9001(1000) ack 1");
    t.peer(". 1:1(0) ack 10001");
    assert_eq!(t.numbers().retransmissions, 2);
}

#[test]
fn selective_acknowledgments_that_make_no_sense_are_survived() {
    let mut t = ten_out(selective());
    for blocks in [
        "5001:4001",
        "20001:30001",
        "-5000:-4000",
        "1:10001",
        "500:700",
    ] {
        t.peer(&format!(". 1:1(0) ack 1 <sack {blocks}>"));
        t.sent.clear();
    }
    // Whatever was claimed, what is not acknowledged is sent again (RFC 2018 section 8).
    t.sent_later(". 1:1001(1000) ack 1");
}

// The tail loss probe.

/// Linux without its coarse clock, with SACK.
fn probing() -> Setup {
    setup("linux")
        .knobs("rto.clock = 'exact'")
        .peer_offers("<mss 1000,sackOK>")
}

#[test]
fn a_lost_tail_is_probed_with_its_last_segment() {
    let mut t = probing().established();
    t.send(2000);
    t.sent(". 1:1001(1000) ack 1");
    t.sent("P. 1001:2001(1000) ack 1");
    let wait = t.sent_later("P. 1001:2001(1000) ack 1");
    assert!(wait < Duration::from_millis(200), "{wait}");
    let cause = Retransmission::TailLossProbe;
    assert!(t.happened(&Fact::Retransmitted {
        octets: 1000,
        cause
    }));
    // Only one; then the retransmission timer.
    t.sent_later(". 1:1001(1000) ack 1");
    let cause = Retransmission::Timeout;
    assert!(t.happened(&Fact::Retransmitted {
        octets: 1000,
        cause
    }));
}

#[test]
fn new_data_probes_where_there_is_some() {
    // Measured: a silent peer that permits SACK is sent eleven segments.
    let mut t = ten_out(probing());
    t.send(20_000);
    t.nothing();
    t.sent_later(". 10001:11001(1000) ack 1");
    t.nothing();
    t.sent_later(". 1:1001(1000) ack 1");
    t.nothing();
}

#[test]
fn after_a_probe_was_answered_the_next_loss_has_a_timer_again() {
    let mut t = probing().established();
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");
    t.sent_later("P. 1:1001(1000) ack 1");
    t.peer(". 1:1(0) ack 1001");
    t.quiet_for("10s");
    t.send(1000);
    t.sent("P. 1001:2001(1000) ack 1");
    t.sent_later("P. 1001:2001(1000) ack 1");
    t.sent_later("P. 1001:2001(1000) ack 1");
}

/// Data that brings no other news once had its report of duplicates passed over. Linux 6.18 takes
/// the window back (asked with packetdrill: tcpi_snd_cwnd 10).
#[test]
fn a_report_of_duplicates_counts_on_data_too() {
    let mut t = probing().established();
    let before = t.numbers().congestion_window;
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");
    t.sent_later("P. 1:1001(1000) ack 1");
    t.sent_later("P. 1:1001(1000) ack 1");
    t.peer(". 1:1(0) ack 1001");
    assert!(t.numbers().congestion_window < before);
    t.peer("P. 1:11(10) ack 1001 <sack 1:1001>");
    t.sent(". 1001:1001(0) ack 11");
    t.peer("P. 11:21(10) ack 1001 <sack 1:1001>");
    t.sent(". 1001:1001(0) ack 21");
    assert_eq!(t.numbers().congestion_window, before);
}

#[test]
fn without_sack_there_is_no_probe() {
    let mut t = setup("linux").peer_offers("<mss 1000>").established();
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");
    let wait = t.sent_later("P. 1:1001(1000) ack 1");
    assert!(wait >= Duration::from_millis(200), "{wait}");
}

/// A segment was sent again by the timer, at a round trip of 100 ms.
fn timed_out(profile: &str) -> Dialogue {
    let mut t = setup(profile).peer_offers("<mss 1000>").syn_received();
    t.after("100ms");
    t.peer(". 1:1(0) ack 1");
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");
    t.sent_later("P. 1:1001(1000) ack 1");
    t
}

#[test]
fn a_first_timeout_that_was_too_early_is_taken_back() {
    // Half a round trip is 50 ms. (the system, how much later the acknowledgment comes, whether the
    // threshold is as it was)
    let rows = [
        ("freebsd", "40ms", true),
        ("freebsd", "60ms", false),
        ("openbsd", "40ms", false),
    ];
    for (profile, later, expected) in rows {
        let mut t = timed_out(profile);
        assert!(t.numbers().threshold < 100_000, "{profile}");
        t.after(later);
        t.peer(". 1:1(0) ack 1001");
        let is_back = t.numbers().threshold > 100_000;
        assert_eq!(is_back, expected, "{profile} {later}");
    }
}
