//! Explicit congestion notification (RFC 3168), packet by packet.

use super::*;
use crate::envelope::{CONGESTED, ECT_0};

const MARKED: Envelope = Envelope {
    service: CONGESTED,
    ..Envelope::ORDINARY
};

/// A server whose peer has asked for ECN.
fn asked(profile: &str) -> Dialogue {
    let mut t = setup(profile)
        .peer_offers("<mss 1460>")
        .accept("SEW 0:0(0) <mss 1460>");
    t.sent("SE. 0:0(0) ack 1");
    assert_eq!(t.service, 0, "no SYN-ACK is marked");
    t.peer(". 1:1(0) ack 1");
    t
}

#[test]
fn what_is_new_is_marked_and_what_is_sent_again_is_not() {
    let mut t = asked("freebsd");
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");
    assert_eq!(t.service, ECT_0);
    t.sent_later("P. 1:1001(1000) ack 1");
    assert_eq!(t.service, 0);
    t.peer(". 1:1(0) ack 1001");
    // The timeout has reduced the window, of which the next new data tells.
    t.send(10);
    t.sent("PW. 1001:1011(10) ack 1");
    t.peer("P. 1:11(10) ack 1011");
    t.sent_later(". 1011:1011(0) ack 11");
    assert_eq!(t.service, 0, "an acknowledgment is not marked");
}

#[test]
fn a_mark_is_echoed_until_the_peer_has_reduced_its_window() {
    for (profile, hurries) in [("linux", true), ("freebsd", false)] {
        let mut t = asked(profile);
        t.peer_in(MARKED, "P. 1:11(10) ack 1");
        if hurries {
            t.sent("E. 1:1(0) ack 11");
        } else {
            t.sent_later("E. 1:1(0) ack 11");
        }
        t.peer("P. 11:21(10) ack 1");
        t.sent_later("E. 1:1(0) ack 21");
        t.peer("PW. 21:31(10) ack 1");
        t.sent(". 1:1(0) ack 31");
    }
}

#[test]
fn an_echo_reduces_the_window_once_a_round_trip() {
    let mut t = asked("freebsd");
    let before = t.connection.congestion_window();
    t.send(2920);
    t.sent(". 1:1461(1460) ack 1");
    t.sent("P. 1461:2921(1460) ack 1");
    t.peer("E. 1:1(0) ack 1461");
    let after = t.connection.congestion_window();
    assert!(after < before, "{after} {before}");
    t.peer("E. 1:1(0) ack 2921");
    let later = t.connection.congestion_window();
    assert!(later >= after, "{later} {after}");
    t.send(10);
    t.sent("PW. 2921:2931(10) ack 1");
    t.send(10);
    t.nothing();
    t.peer(". 1:1(0) ack 2931");
    t.sent("P. 2931:2941(10) ack 1");
}

#[test]
fn hosts_that_do_not_answer_have_none() {
    let mut t = setup("openbsd").accept("SEW 0:0(0) <mss 1460>");
    t.sent("S. 0:0(0) ack 1");
    t.peer(". 1:1(0) ack 1");
    t.peer_in(MARKED, "P. 1:11(10) ack 1");
    t.sent_later(". 1:1(0) ack 11");
    t.send(10);
    t.sent("P. 1:11(10) ack 11");
    assert_eq!(t.service, 0);
}
