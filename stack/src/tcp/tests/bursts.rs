//! ESTABLISHED, sending in bursts: what Linux 6.18 was measured to do with a peer of MSS 1460
//! without SACK. Each row names the segments that carry PSH, by their ends.

use super::*;

/// Takes everything that was sent, which must be whole and in order from `from` on; returns where
/// it ends and the ends of the segments with PSH.
#[track_caller]
fn pushed(t: &mut Dialogue, from: i64) -> (i64, Vec<i64>) {
    let mut end = from;
    let mut pushed = Vec::new();
    for (_, row) in std::mem::take(&mut t.sent) {
        assert_eq!(row.start, end, "{}", t.history());
        end = row.end();
        if row.pushes() {
            pushed.push(end);
        }
    }
    (end, pushed)
}

/// A connection of a passive opener whose handshake took so long.
fn opened(round_trip: &str, window: u16) -> Dialogue {
    let mut t = setup("linux").peer_window(window).syn_received();
    t.after(round_trip);
    t.peer(". 1:1(0) ack 1");
    t
}

#[test]
fn a_burst_is_half_of_the_window_or_a_millisecond_of_the_path() {
    // (round trip, octets a write, the ends of the segments with PSH)
    let rows: [(&str, usize, &[i64]); 6] = [
        ("100us", 7300, &[7301, 14_601]),
        ("100us", 14_600, &[7301, 14_601]),
        ("100us", 65_536, &[7301, 14_601]),
        ("500us", 65_536, &[7301, 14_601]),
        ("5ms", 65_536, &[4381, 8761, 13_141]),
        ("20ms", 65_536, &[2921, 5841, 8761, 11_681, 14_601]),
    ];
    for (round_trip, write, expected) in rows {
        let mut t = opened(round_trip, 65_535);
        while t.written < 40_000 {
            t.try_send(write).unwrap();
        }
        let sent = pushed(&mut t, 1);
        assert_eq!(sent, (14_601, expected.to_vec()), "{round_trip}, {write}");
    }
    // A write a segment is a burst a segment, and each ends its write.
    let mut t = opened("100us", 65_535);
    for _ in 0..20 {
        t.try_send(1460).unwrap();
    }
    let ends: Vec<i64> = (1..=10).map(|segment| 1 + 1460 * segment).collect();
    assert_eq!(pushed(&mut t, 1), (14_601, ends));
}

#[test]
fn pieces_are_half_of_the_peers_largest_window() {
    // 40,000 octets: (window, how far, the ends of the segments with PSH, the first segment)
    let rows: [(u16, i64, &[i64], &str); 5] = [
        (10_300, 10_301, &[4381, 8761, 10_301], "1:1461(1460)"),
        (4000, 2921, &[2921], "1:1461(1460)"),
        (3000, 2921, &[2921], "1:1461(1460)"),
        // No segment is longer than half of the window.
        (1500, 1501, &[1501], "1:751(750)"),
        (1000, 1001, &[1001], "1:501(500)"),
    ];
    for (window, end, expected, first) in rows {
        let mut t = opened("100us", window);
        t.send(40_000);
        assert_eq!(pushed(&mut t, 1), (end, expected.to_vec()), "{window}");
        t.sent_later(&format!(". {first} ack 1"));
    }
}

#[test]
fn a_window_that_opens_takes_what_has_gathered() {
    let mut t = opened("100us", 0);
    t.send(1000);
    t.nothing();
    t.after("50ms");
    t.peer(". 1:1(0) ack 1 win 600");
    t.sent(". 1:301(300) ack 1");
    t.sent("P. 301:601(300) ack 1");
    t.sent_later(". 1:301(300) ack 1");
    t.after("100ms");
    t.peer(". 1:1(0) ack 601 win 600");
    t.sent(". 601:901(300) ack 1");
    t.sent("P. 901:1001(100) ack 1");
    t.nothing();
}

#[test]
fn a_burst_waits_for_an_acknowledgment_that_is_near() {
    let mut t = opened("100us", 65_535);
    t.call("set_no_delay", |connection| connection.set_no_delay(true));
    t.send(20_000);
    t.try_send(10_000).unwrap();
    assert_eq!(pushed(&mut t, 1), (14_601, vec![7301, 14_601]));
    t.after("48ms");
    t.peer(". 1:1(0) ack 2921");
    assert_eq!(pushed(&mut t, 14_601), (20_441, vec![20_441]));
    // Four segments could go out, but that is less than a third of the window.
    t.after("100us");
    t.peer(". 1:1(0) ack 5841");
    t.nothing();
    t.after("500us");
    t.peer(". 1:1(0) ack 8761");
    assert_eq!(pushed(&mut t, 20_441), (30_001, vec![30_001]));
}
