//! Resets: which are believed, which are sent (RFC 9293 sections 3.5.2, 3.5.3, 3.6.1 and 3.10.5;
//! RFC 5961).

use super::*;

// Resets that arrive.

#[test]
fn only_an_exact_reset_is_believed() {
    // RFC 5961 section 3.2.
    for state in [
        Setup::syn_received,
        Setup::established,
        Setup::fin_wait_1,
        Setup::fin_wait_2,
    ] {
        let begin = || state(setup("winsock").receive_buffer(4000));
        for outside in [-1, 0, 4001, 9000] {
            let mut t = begin();
            let before = t.connection.state();
            t.peer(&format!("R {outside}:{outside}(0)"));
            t.nothing();
            t.is(before);
        }
        for inside in [2, 4000] {
            let mut t = begin();
            let before = t.connection.state();
            t.peer(&format!("R {inside}:{inside}(0)"));
            assert!(t.happened(&Fact::Challenged));
            assert_eq!(t.sent.len(), 1, "{inside} in {before:?}");
            t.sent.clear();
            t.is(before);
        }
        let mut t = begin();
        t.peer("R 1:1(0)");
        t.nothing();
        t.is(State::Closed);
    }
}

#[test]
fn what_the_application_learns_of_a_reset() {
    // (how it begins, the error)
    let rows: [(Begin, &str, Option<Gone>); 7] = [
        (Setup::established, "R 1:1(0)", Some(Gone::Reset)),
        (Setup::fin_wait_1, "R 1:1(0)", Some(Gone::Reset)),
        (Setup::fin_wait_2, "R. 1:1(0) ack 2", Some(Gone::Reset)),
        (Setup::close_wait, "R 2:2(0)", Some(Gone::BrokenPipe)),
        (Setup::closing, "R 2:2(0)", Some(Gone::Reset)),
        (Setup::last_ack, "R 2:2(0)", Some(Gone::Reset)),
        (Setup::time_wait, "R 2:2(0)", None),
    ];
    for (begin, reset, error) in rows {
        let mut t = begin(setup("linux"));
        let before = t.connection.state();
        t.peer(reset);
        t.is(State::Closed);
        assert_eq!(t.connection.take_error(), error, "{before:?}");
        t.quiet_for("1h");
    }
}

#[test]
fn what_was_received_before_a_reset() {
    // Measured on Linux: it is read, then the error once, then the end. On Windows it is lost.
    let mut t = setup("linux").established();
    t.peer("P. 1:101(100) ack 1");
    t.sent(". 1:1(0) ack 101");
    t.peer("R 101:101(0)");
    assert_eq!(t.recv(60), 60);
    assert_eq!(t.recv(60), 40);
    assert_eq!(t.try_recv(60), Err(RecvError::Gone(Gone::Reset)));
    assert_eq!(t.try_recv(60), Ok(0));
    assert_eq!(t.try_send(1), Err(SendError::Shutdown));

    let mut t = setup("winsock").established();
    t.peer("P. 1:101(100) ack 1");
    t.peer("R 101:101(0)");
    for _ in 0..3 {
        assert_eq!(t.try_recv(60), Err(RecvError::Gone(Gone::Reset)));
    }
    assert_eq!(t.try_send(1), Err(SendError::Gone(Gone::Reset)));
}

// RFC 5961: what else is challenged.

#[test]
fn a_syn_on_an_open_connection_is_challenged() {
    for at in [-500, 0, 1, 500, 70_000] {
        let mut t = setup("winsock").established();
        t.peer(&format!("S {at}:{at}(0)"));
        t.sent(". 1:1(0) ack 1");
        t.is(State::Established);
        t.peer(&format!("S. {at}:{at}(0) ack 1"));
        t.sent(". 1:1(0) ack 1");
        t.is(State::Established);
    }
}

#[test]
fn an_acknowledgment_too_old_or_too_new_is_challenged() {
    // RFC 5961 section 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT.
    let begin = || {
        let mut t = setup("winsock").peer_window(1000).established();
        for start in [1, 1001] {
            t.send(1000);
            t.sent(&format!("P. {start}:{}(1000) ack 1", start + 1000));
            t.peer(&format!(". 1:1(0) ack {}", start + 1000));
        }
        t
    };
    for (acknowledged, taken) in [(1000, false), (1001, true), (2001, true), (2002, false)] {
        let mut t = begin();
        t.peer(&format!("P. 1:11(10) ack {acknowledged}"));
        assert_eq!(t.numbers().accepted == 11, taken, "{acknowledged}");
        t.sent_later(&format!(
            ". 2001:2001(0) ack {}",
            if taken { 11 } else { 1 }
        ));
    }
}

#[test]
fn a_segment_without_ack_is_dropped() {
    // RFC 9293 section 3.10.7.4, fifth check.
    let mut t = setup("winsock").established();
    t.peer("P 1:11(10)");
    t.quiet_for("1h");
    assert_eq!(t.numbers().accepted, 1);
}

// Resets that are sent.

#[test]
fn a_connection_that_is_over_answers_as_a_closed_port() {
    // RFC 9293 section 3.5.2 group 1.
    let mut t = setup("linux").established();
    t.peer("R 1:1(0)");
    t.peer("P. 1:11(10) ack 7");
    t.sent("R 7:7(0) win 0");
    t.peer("R. 1:1(0) ack 7");
    t.nothing();
    // Without an acknowledgment the sequence number is zero, and what came is acknowledged.
    t.peer("FP 1:11(10)");
    let zero_on_the_wire = 2_000;
    t.sent(&format!(
        "R. {zero_on_the_wire}:{zero_on_the_wire}(0) ack 12 win 0"
    ));
}

#[test]
fn closing_with_unread_data_resets() {
    // RFC 9293 section 3.6.1, RFC 2525 section 2.17; measured on Linux, documented for FreeBSD.
    let unread = |profile: &str| {
        let mut t = setup(profile).established();
        t.peer("P. 1:101(100) ack 1");
        t.sent_later(". 1:1(0) ack 101");
        assert_eq!(t.recv(99), 99);
        t
    };
    let mut t = unread("linux");
    t.close();
    t.sent("R. 1:1(0) ack 101");
    t.is(State::Closed);
    assert!(t.happened(&Fact::ResetSent));
    t.quiet_for("1h");
    let mut t = unread("winsock");
    t.close();
    t.sent("R. 1:1(0) ack 101 win 0");
    let mut t = unread("freebsd");
    t.close();
    t.sent("F. 1:1(0) ack 101");
    // What comes now cannot be read by anybody.
    t.peer("P. 101:201(100) ack 1");
    t.sent("R 1:1(0) win 0");

    let mut t = unread("linux");
    assert_eq!(t.recv(9), 1);
    t.close();
    t.sent("F. 1:1(0) ack 101");
}

#[test]
fn resets_and_probes_have_the_form_of_their_system() {
    // The reset of an abort, and the probe of a connection that is idle; whether they carry
    // timestamps, where those were agreed on.
    let rows = [
        ("linux", "R. 1:1(0) ack 1", true, ". 0:0(0) ack 1", true),
        ("macos", "R. 1:1(0) ack 1", false, ". 0:0(0) ack 1", false),
        ("gvisor", "R. 1:1(0) ack 1", true, ". 0:0(0) ack 1", true),
        ("illumos", "R 1:1(0)", false, ". 0:1(1) ack 1", true),
        (
            "windows",
            "R. 1:1(0) ack 1 win 0",
            false,
            ". 0:1(1) ack 1",
            false,
        ),
    ];
    for (profile, reset, reset_stamped, probe, probe_stamped) in rows {
        let established = || {
            setup(profile)
                .peer_offers("<mss 1460,TS val 1 ecr 0>")
                .established()
        };
        let stamped = |t: &Dialogue| {
            let (_, row) = t.sent.front().expect("something was sent");
            row.to_string().contains("TS val")
        };
        let mut t = established();
        t.abort();
        assert_eq!(stamped(&t), reset_stamped, "{profile}");
        t.sent(reset);
        let mut t = established();
        let (now, asked) = (
            t.now,
            KeepAlive {
                on: true,
                ..KeepAlive::default()
            },
        );
        t.call("keep-alive", |connection| {
            connection.set_keep_alive(asked, now);
        });
        while t.sent.is_empty() && t.run_next_timer(t.now + DAY) {}
        assert_eq!(stamped(&t), probe_stamped, "{profile}");
        t.sent(probe);
    }
}

#[test]
fn data_out_of_order_is_not_unread() {
    // Measured on Linux.
    let mut t = setup("linux").established();
    t.peer("P. 101:201(100) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.close();
    t.sent("F. 1:1(0) ack 1");
    let mut t = setup("linux")
        .knobs("close.with_out_of_order = 'reset'")
        .established();
    t.peer("P. 101:201(100) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.close();
    t.sent("R. 1:1(0) ack 1");
}

#[test]
fn a_fin_that_was_not_read_is_not_unread_data() {
    let mut t = setup("linux").close_wait();
    t.close();
    t.sent("F. 1:1(0) ack 2");
}

#[test]
fn what_is_left_to_send_goes_out_after_an_ordinary_close() {
    let mut t = setup("linux").peer_window(100).established();
    t.send(250);
    t.sent("P. 1:101(100) ack 1");
    t.close();
    t.peer(". 1:1(0) ack 101");
    t.sent(". 101:201(100) ack 1");
    t.peer(". 1:1(0) ack 201");
    t.sent("FP. 201:251(50) ack 1");
}

#[test]
fn no_linger_and_abort_by_state() {
    // RFC 9293 section 3.10.5: a reset in all states but those where both have sent a FIN; measured
    // on Linux for FIN-WAIT-2 (`R. 2:2(0)`).
    let rows: [(&str, Begin, &str); 9] = [
        ("SYN-SENT", Setup::syn_sent, ""),
        ("SYN-RECEIVED", Setup::syn_received, "R. 1:1(0) ack 1"),
        ("ESTABLISHED", Setup::established, "R. 1:1(0) ack 1"),
        ("FIN-WAIT-1", Setup::fin_wait_1, "R. 2:2(0) ack 1"),
        ("FIN-WAIT-2", Setup::fin_wait_2, "R. 2:2(0) ack 1"),
        ("CLOSE-WAIT", Setup::close_wait, "R. 1:1(0) ack 2"),
        ("CLOSING", Setup::closing, ""),
        ("LAST-ACK", Setup::last_ack, ""),
        ("TIME-WAIT", Setup::time_wait, ""),
    ];
    for (state, begin, reset) in rows {
        for end in [Dialogue::close_at_once, Dialogue::abort] {
            let mut t = begin(setup("linux"));
            end(&mut t);
            if !reset.is_empty() {
                t.sent(reset);
            }
            t.nothing();
            // TIME-WAIT belongs to nobody: only an abort ends it early.
            assert!(
                t.connection.state() == State::Closed || state == "TIME-WAIT",
                "{state}"
            );
            t.quiet_for("1h");
            t.is(State::Closed);
        }
    }
}

#[test]
fn no_linger_discards_what_was_not_sent() {
    let mut t = setup("linux").peer_window(100).established();
    t.send(250);
    t.sent("P. 1:101(100) ack 1");
    t.close_at_once();
    t.sent("R. 101:101(0) ack 1");
    t.quiet_for("1h");
    // A FIN that never left does not make the stream whole.
    let mut t = setup("linux").peer_window(100).close_wait();
    t.send(250);
    t.sent("P. 1:101(100) ack 2");
    t.shutdown_send();
    t.is(State::LastAck);
    t.close_at_once();
    t.sent("R. 101:101(0) ack 2");
}

#[test]
fn a_reset_behind_the_end_of_the_stream_is_told_or_not() {
    // Linux 6.18, measured: recv reads the end again, and send and SO_ERROR say EPIPE.
    // FreeBSD tells receives and keeps it from sends.
    let told = Err(SendError::Gone(Gone::Reset));
    let silent = Err(SendError::Shutdown);
    let reset = Err(RecvError::Gone(Gone::Reset));
    let rows = [
        ("linux", Err(SendError::Gone(Gone::BrokenPipe)), Ok(0)),
        ("winsock", told, reset),
        ("freebsd", silent, reset),
    ];
    for (profile, expected, received) in rows {
        let mut t = setup(profile).close_wait();
        assert_eq!(t.recv(10), 0);
        t.peer("R 2:2(0)");
        t.is(State::Closed);
        assert_eq!(t.try_send(1), expected, "{profile}");
        assert_eq!(t.try_recv(10), received, "{profile}");
    }
}
