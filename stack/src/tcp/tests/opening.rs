//! SYN-SENT and SYN-RECEIVED: opening, and what the handshake settles (RFC 9293 sections 3.5 and
//! 3.10.7.3).

use super::*;

// SYN-SENT

#[test]
fn active_open() {
    let mut t = setup("linux").syn_sent();
    t.peer("S. 0:0(0) ack 1 win 4000 <mss 1000>");
    t.sent(". 1:1(0) ack 1");
    t.is(State::Established);
    assert_eq!(t.numbers().send_window, 4000);
}

#[test]
fn active_open_with_data_and_fin_on_the_syn_ack() {
    let mut t = setup("winsock").syn_sent();
    t.peer("SF. 0:10(10) ack 1");
    t.sent(". 1:1(0) ack 12");
    t.is(State::CloseWait);
    assert_eq!(t.recv(100), 10);
}

#[test]
fn simultaneous_open() {
    // RFC 9293 figure 7.
    let mut t = setup("linux").syn_sent();
    t.peer("S 0:0(0) <mss 1000>");
    t.is(State::SynReceived);
    t.sent("S. 0:0(0) ack 1");
    t.peer("S. 0:0(0) ack 1 <mss 1000>");
    t.is(State::Established);
    t.sent(". 1:1(0) ack 1");
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");

    // The same where a bare acknowledgment comes instead of the peer's second SYN.
    let mut t = setup("linux").syn_sent();
    t.peer("S 0:0(0)");
    t.sent("S. 0:0(0) ack 1");
    t.peer(". 1:1(0) ack 1");
    t.is(State::Established);
    t.nothing();
}

#[test]
fn data_of_a_syn_that_crosses_ours() {
    for (profile, read, acknowledged) in [("freebsd", 3, 4), ("linux", 0, 1)] {
        let mut t = setup(profile).syn_sent();
        t.peer("SF 0:3(3)");
        t.sent("S. 0:0(0) ack 1");
        assert_eq!(t.numbers().unread, 0, "{profile}");
        t.peer(". 4:4(0) ack 1");
        t.is(State::Established);
        assert_eq!(t.numbers().unread, read, "{profile}");
        assert_eq!(t.numbers().acknowledged, acknowledged, "{profile}");
    }
}

#[test]
fn a_fin_written_during_a_simultaneous_open_ends_the_stream() {
    let mut t = setup("linux").syn_sent();
    t.peer("S 0:0(0)");
    t.sent("S. 0:0(0) ack 1");
    t.shutdown_send();
    t.is(State::SynReceived);
    t.peer("S. 0:0(0) ack 1");
    t.is(State::FinWait1);
    t.sent("F. 1:1(0) ack 1");
    t.peer(". 1:1(0) ack 2");
    t.is(State::FinWait2);
}

#[test]
fn segments_in_syn_sent() {
    // (what comes, what is answered, the state afterwards), in the order of RFC 9293 section
    // 3.10.7.3.
    let rows = [
        (
            "first: ACK of nothing we sent",
            ". 5:5(0) ack 0",
            "R 0:0(0)",
            State::SynSent,
        ),
        (
            "first: ACK beyond SND.NXT",
            ". 5:5(0) ack 2",
            "R 2:2(0)",
            State::SynSent,
        ),
        (
            "first: SYN with ACK beyond SND.NXT",
            "S. 0:0(0) ack 9",
            "R 9:9(0)",
            State::SynSent,
        ),
        (
            "first: a reset is not reset",
            "R. 5:5(0) ack 2",
            "",
            State::SynSent,
        ),
        ("second: RST without ACK", "R 0:0(0)", "", State::SynSent),
        (
            "second: RST with acceptable ACK",
            "R. 0:0(0) ack 1",
            "",
            State::Closed,
        ),
        (
            "fifth: neither SYN nor RST",
            ". 1:1(0) ack 1",
            "",
            State::SynSent,
        ),
        ("fifth: FIN alone", "F 1:1(0)", "", State::SynSent),
        (
            "fourth: SYN with acceptable ACK",
            "S. 0:0(0) ack 1",
            ". 1:1(0) ack 1",
            State::Established,
        ),
        (
            "fourth: SYN alone",
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
            State::SynReceived,
        ),
    ];
    for (name, segment, answer, state) in rows {
        let mut t = setup("linux").syn_sent();
        t.peer(segment);
        if !answer.is_empty() {
            t.sent(answer);
        }
        t.nothing();
        assert_eq!(t.connection.state(), state, "{name}");
    }
}

#[test]
fn a_refused_connection_says_so() {
    let mut t = setup("linux").syn_sent();
    t.peer("R. 0:0(0) ack 1");
    assert_eq!(t.connection.take_error(), Some(Gone::Refused));
    assert!(t.happened(&Fact::ResetReceived));
}

#[test]
fn refusals_are_believed_at_once_or_not() {
    for (profile, again) in [("linux", 0), ("windows", 2)] {
        let mut t = setup(profile).syn_sent();
        for _ in 0..again {
            t.peer("R. 0:0(0) ack 1");
            t.is(State::SynSent);
            t.sent_after("500ms", "S 0:0(0)");
        }
        t.peer("R. 0:0(0) ack 1");
        t.is(State::Closed);
        assert_eq!(t.connection.take_error(), Some(Gone::Refused), "{profile}");
        t.quiet_for("1h");
    }
}

#[test]
fn a_bad_acknowledgment_is_reset_and_may_bring_the_syn_again() {
    for (profile, reset, repeats) in [
        ("macos", "R 101:101(0) win 0", false),
        ("gvisor", "R 101:101(0) win 0", true),
        ("lwip", "R. 101:101(0) ack 1 win 2144", true),
    ] {
        let mut t = setup(profile).syn_sent();
        t.peer(". 1:1(0) ack 101");
        t.sent(reset);
        if repeats {
            t.sent("S 0:0(0)");
        }
        t.nothing();
    }
}

#[test]
fn late_syns_leave_options_out_where_a_system_does() {
    // macOS, from the eighth on.
    let mut t = setup("macos").syn_sent();
    for number in 2..=11 {
        let waited = t.run_next_timer(t.now + DAY);
        assert!(waited, "{number}");
        t.sent(if number < 8 {
            "S 0:0(0)"
        } else {
            "S 0:0(0) <mss 1460,sackOK>"
        });
    }
}

#[test]
fn close_in_syn_sent_is_silent() {
    let mut t = setup("linux").syn_sent();
    t.close();
    t.is(State::Closed);
    t.quiet_for("1h");
    // What comes too late meets a closed port.
    t.peer("S. 0:0(0) ack 1");
    t.sent("R 1:1(0)");
}

#[test]
fn calls_before_the_handshake_is_over() {
    let not_connected = Err(ShutdownError::NotConnected);
    let rows = [
        ("winsock", SendError::NotConnected, RecvError::NotConnected),
        ("freebsd", SendError::NotConnected, RecvError::WouldBlock),
        // Measured.
        ("linux", SendError::WouldBlock, RecvError::WouldBlock),
    ];
    for (profile, send, recv) in rows {
        let mut t = setup(profile).syn_sent();
        assert_eq!(t.try_send(10), Err(send), "{profile}");
        assert_eq!(t.try_recv(10), Err(recv), "{profile}");
        if profile != "freebsd" {
            assert_eq!(t.connection.shutdown_send(), not_connected);
            assert_eq!(t.connection.shutdown_receive(), not_connected);
        }
    }
}

#[test]
fn an_attempt_that_a_shutdown_does_not_end_goes_on_behind_it() {
    // FreeBSD: the FIN follows the handshake, and what comes is thrown away.
    let mut t = setup("freebsd").syn_sent();
    t.shutdown_send();
    t.shutdown_receive();
    t.is(State::SynSent);
    t.peer("S. 0:0(0) ack 1 <mss 1460>");
    t.sent("F. 1:1(0) ack 1");
    t.is(State::FinWait1);
    t.peer("P. 1:101(100) ack 2");
    t.sent_later(". 2:2(0) ack 101");
    assert_eq!(t.try_recv(10), Ok(0));
}

// SYN-RECEIVED

#[test]
fn passive_open() {
    let mut t = setup("linux").syn_received();
    assert!(t.connection.is_passive());
    t.peer(". 1:1(0) ack 1 win 5000");
    t.is(State::Established);
    assert_eq!(t.numbers().send_window, 5000);
    t.nothing();
}

#[test]
fn the_acknowledgment_of_the_syn_ack_may_carry_data_and_fin() {
    let mut t = setup("winsock").syn_received();
    t.peer("FP. 1:11(10) ack 1");
    t.sent(". 1:1(0) ack 12");
    t.is(State::CloseWait);
    assert_eq!(t.recv(100), 10);
    assert_eq!(t.recv(100), 0);
}

#[test]
fn a_repeated_syn_is_answered_again() {
    let mut t = setup("linux").syn_received();
    t.peer("S 0:0(0) <mss 1460>");
    t.sent("S. 0:0(0) ack 1");
    t.is(State::SynReceived);
}

#[test]
fn a_syn_in_the_window_of_syn_received_goes_back_to_listen() {
    // RFC 9293 section 3.10.7.4, fourth check; an active open is challenged as if it were open.
    for at in [1, 500] {
        let mut t = setup("winsock").syn_received();
        t.peer(&format!("S {at}:{at}(0)"));
        t.nothing();
        t.is(State::Closed);
        let mut t = setup("winsock").syn_sent();
        t.peer("S 0:0(0)");
        t.sent("S. 0:0(0) ack 1");
        t.peer(&format!("S {at}:{at}(0)"));
        t.sent(". 1:1(0) ack 1");
        t.is(State::SynReceived);
    }
}

#[test]
fn a_wrong_acknowledgment_in_syn_received_is_reset() {
    for wrong in ["0", "2"] {
        let mut t = setup("linux").syn_received();
        t.peer(&format!(". 1:1(0) ack {wrong}"));
        t.sent(&format!("R {wrong}:{wrong}(0)"));
        t.is(State::SynReceived);
        t.peer(". 1:1(0) ack 1");
        t.is(State::Established);
    }
}

#[test]
fn a_syn_ack_opens_only_what_this_side_began() {
    // RFC 9293 figure 7 needs two active opens. A SYN in front of the window is not acceptable.
    let mut t = setup("linux").syn_received();
    t.peer("S. 0:0(0) ack 1");
    t.sent(". 1:1(0) ack 1");
    t.is(State::SynReceived);
}

#[test]
fn data_and_fin_written_early_wait_for_the_handshake() {
    let mut t = setup("linux").syn_received();
    t.shutdown_send();
    t.is(State::SynReceived);
    t.peer(". 1:1(0) ack 1");
    t.sent("F. 1:1(0) ack 1");
    t.is(State::FinWait1);
}

#[test]
fn a_connection_closed_before_it_was_accepted_ends_with_a_fin() {
    let mut t = setup("linux").syn_received();
    t.close();
    t.nothing();
    t.peer(". 1:1(0) ack 1");
    t.sent("F. 1:1(0) ack 1");
    t.is(State::FinWait1);
}

#[test]
fn a_lost_syn_ack_is_repeated() {
    let mut t = setup("winsock").syn_received();
    t.sent_after("1s", "S. 0:0(0) ack 1");
    t.sent_after("2s", "S. 0:0(0) ack 1");
    t.peer(". 1:1(0) ack 1");
    t.quiet_for("1h");
}

// What the handshake settles.

#[test]
fn options_are_offered_as_the_system_does() {
    let rows = [
        ("linux", "<mss 1460,sackOK,TS val 1 ecr 0,wscale 10>"),
        ("freebsd", "<mss 1460,sackOK,TS val 1 ecr 0,wscale 6>"),
        ("winsock", "<mss 1460,sackOK,wscale 8>"),
    ];
    for (profile, options) in rows {
        let mut t = setup(profile).start(|config| Connection::connect(config, Instant::ZERO));
        t.sent(&format!("S 0:0(0) {options}"));
    }
}

#[test]
fn what_is_offered_is_answered_and_what_is_not_is_not() {
    let rows = [
        ("linux", "<mss 1460>", "<mss 1460>"),
        ("linux", "<>", "<mss 1460>"),
        ("linux", "<mss 1460,sackOK>", "<mss 1460,sackOK>"),
        ("linux", "<mss 1460,wscale 2>", "<mss 1460,wscale 10>"),
        (
            "linux",
            "<mss 1460,TS val 7 ecr 0>",
            "<mss 1460,TS val 1 ecr 7>",
        ),
        ("winsock", "<mss 1460,TS val 7 ecr 0>", "<mss 1460>"),
        (
            "freebsd",
            "<mss 1460,sackOK,TS val 7 ecr 0,wscale 2>",
            "<mss 1460,sackOK,TS val 1 ecr 7,wscale 6>",
        ),
    ];
    for (profile, offered, answered) in rows {
        let mut t = setup(profile).accept(&format!("S 0:0(0) {offered}"));
        t.sent(&format!("S. 0:0(0) ack 1 {answered}"));
    }
}

#[test]
fn windows_are_scaled_only_where_both_sides_say_so() {
    // RFC 7323 section 2.2: the window of a SYN is never scaled, all others are.
    let scaled = setup("winsock").peer_offers("<mss 1460,wscale 3>");
    let mut t = scaled.peer_window(1000).established();
    assert_eq!(t.numbers().send_window, 8000);
    t.send(10);
    t.sent("P. 1:11(10) ack 1 win 256");

    let mut t = setup("winsock").peer_window(1000).established();
    assert_eq!(t.numbers().send_window, 1000);
    t.send(10);
    t.sent("P. 1:11(10) ack 1 win 65535");

    // RFC 7323 section 2.3: a longer shift counts as 14.
    let absurd = setup("winsock").peer_offers("<mss 1460,wscale 200>");
    let t = absurd.peer_window(1).established();
    assert_eq!(t.numbers().send_window, 1 << 14);
}

#[test]
fn segments_are_as_large_as_the_peer_allows() {
    // RFC 9293 section 3.7.1 (MUST-15): 536, or 1220 over IPv6, where the peer does not say.
    let rows = [
        (false, "<mss 1000>", 1000),
        (false, "<mss 9000>", 1460),
        (false, "<>", 536),
        (true, "<>", 1220),
        (false, "<mss 0>", 64),
        // RFC 6691 section 2: the options of each segment come out of it.
        (false, "<mss 1000,TS val 1 ecr 0>", 988),
    ];
    for (over_ipv6, options, expected) in rows {
        let mut setup = setup("linux").peer_offers(options).no_delay();
        setup.over_ipv6 = over_ipv6;
        let ack = if options.contains("TS") {
            ". 1:1(0) ack 1 <TS val 1 ecr 1>"
        } else {
            ""
        };
        let mut t = setup.syn_received();
        t.peer(if ack.is_empty() {
            ". 1:1(0) ack 1"
        } else {
            ack
        });
        t.send(5000);
        let first = t.sent.front().expect("data").1.clone();
        assert_eq!(
            first.end() - first.start,
            expected,
            "{options}, IPv6 {over_ipv6}"
        );
        t.sent.clear();
    }
}

#[test]
fn no_mss_however_small_leaves_less_than_one_octet() {
    let tiny = setup("linux")
        .mss(8)
        .peer_offers("<mss 1460,TS val 1 ecr 0>");
    let mut t = tiny.syn_received();
    t.peer(". 1:1(0) ack 1 <TS val 1 ecr 1>");
    t.send(1);
    t.sent("P. 1:2(1) ack 1");
}

#[test]
fn a_lost_syn_says_nothing_of_the_path() {
    // RFC 6928 section 2: one lost SYN does not shrink the initial window; RFC 5681 section 3.1:
    // the first threshold is high.
    let mut t = setup("winsock").syn_sent();
    t.sent_after("1s", "S 0:0(0)");
    t.peer("S. 0:0(0) ack 1 <mss 1460>");
    t.sent(". 1:1(0) ack 1");
    assert_eq!(t.numbers().congestion_window, 14_600);
    assert_eq!(t.numbers().threshold, usize::MAX);
    // RFC 6298 rule 5.7: a timeout that was never measured begins again at three seconds.
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    t.sent_after("3s", "P. 1:11(10) ack 1");
}

#[test]
fn an_ipv6_connection_is_no_different() {
    let mut t = setup("linux").over_ipv6().established();
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    t.peer(". 1:1(0) ack 11");
    t.shutdown_send();
    t.sent("F. 11:11(0) ack 1");
}
