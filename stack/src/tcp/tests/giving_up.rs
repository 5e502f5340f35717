//! Giving up: how long each state waits for a peer that says nothing (RFC 9293 section 3.8.3).

use super::*;

/// Lets timers run until the connection is over; returns what was sent, with the times in seconds
/// since the call, and when it ended.
fn until_over(t: &mut Dialogue) -> (Vec<(f64, Row)>, f64) {
    let began = t.now;
    let seconds = |at: Instant| (at - began).total_micros() as f64 / 1e6;
    while t.connection.state() != State::Closed && t.run_next_timer(began + DAY) {}
    t.is(State::Closed);
    let sent = t
        .sent
        .drain(..)
        .map(|(at, row)| (seconds(at), row))
        .collect();
    (sent, seconds(t.now))
}

#[test]
fn retransmissions_by_state_and_system() {
    // (system, state, repetitions, seconds until the end, at most this much more)
    let rows: [(&str, Begin, usize, f64, f64); 9] = [
        // Four more than tcp_syn_retries, a second apart.
        ("linux", Setup::syn_sent, 10, 131.0, 16.0),
        // At 1, 3, 7, 15, 31 and 63 s, and the limit of a handshake.
        ("freebsd", Setup::syn_sent, 6, 75.0, 0.0),
        ("linux", Setup::syn_received, 5, 63.0, 8.0),
        ("winsock", Setup::syn_sent, 4, 31.0, 0.0),
        ("winsock", Setup::syn_received, 4, 31.0, 0.0),
        // 0.3 + 0.6 + 1.2 + 2.4 + 4.8 + 9.6
        ("winsock", Setup::fin_wait_1, 5, 18.9, 0.0),
        ("winsock", Setup::last_ack, 5, 18.9, 0.0),
        ("winsock", Setup::closing, 5, 18.9, 0.0),
        // 0.03 * (1 + 2 + ... + 512), then 15.36 s three times, and 0.2 s each time; a reset.
        ("freebsd", Setup::fin_wait_1, 13, 79.37, 0.0),
    ];
    for (system, begin, repetitions, seconds, slack) in rows {
        let mut t = begin(setup(system));
        let state = t.connection.state();
        let (sent, end) = until_over(&mut t);
        assert_eq!(sent.len(), repetitions, "{system} in {state:?}");
        assert!(
            (seconds..=seconds + slack + 1e-6).contains(&end),
            "{system} in {state:?}: {end}"
        );
        assert_eq!(t.connection.take_error(), Some(Gone::TimedOut));
        let time_out = if state == State::SynSent {
            TimeOut::Syn
        } else if state == State::SynReceived {
            TimeOut::SynAck
        } else {
            TimeOut::Retransmission
        };
        assert!(
            t.happened(&Fact::TimedOut(time_out)),
            "{system} in {state:?}"
        );
        t.quiet_for("1h");
    }
}

#[test]
fn linux_gives_data_up_after_939_seconds() {
    // Measured: fifteen retransmissions of the first segment, then ETIMEDOUT without a packet.
    let mut t = setup("linux").established();
    t.send(100_000);
    assert_eq!(t.sent.len(), 10, "the initial window");
    t.sent.clear();
    let (sent, end) = until_over(&mut t);
    assert_eq!(sent.len(), 15);
    let first = Row::parse(". 1:1461(1460) ack 1");
    assert!(sent.iter().all(|(_, row)| first.matches(row)), "{sent:?}");
    let measured = [
        204, 640, 1_483, 3_140, 6_625, 13_284, 26_592, 54_240, 107_488, 213_984, 334_816, 455_648,
        576_480, 697_312, 818_144,
    ];
    for ((at, _), measured) in sent.iter().zip(measured) {
        // The wheel's slots lie differently after each start of the machine.
        let seconds = f64::from(measured) / 1000.0;
        assert!(
            (at - seconds).abs() <= 0.02 + seconds / 20.0,
            "{at} and not {seconds}"
        );
    }
    assert!((935.0..942.0).contains(&end), "{end}");
    assert_eq!(t.try_send(1), Err(SendError::Gone(Gone::TimedOut)));
    t.quiet_for("1h");
}

#[test]
fn linux_gives_an_orphan_up_after_107_seconds() {
    // Measured: eight retransmissions, no FIN behind data that is never acknowledged, no reset.
    let mut t = setup("linux").established();
    t.send(100_000);
    t.sent.clear();
    t.close();
    let (sent, end) = until_over(&mut t);
    assert_eq!(sent.len(), 8);
    assert!((105.0..110.0).contains(&end), "{end}");
    assert!(t.connection.is_finished());
}

#[test]
fn an_acknowledgment_that_says_nothing_new_does_not_postpone_the_end() {
    // Measured: duplicate acknowledgments do not count as progress.
    let mut t = setup("linux").knobs("give_up.data = 5").established();
    t.send(1000);
    t.sent("P. 1:1001(1000) ack 1");
    let began = t.now;
    while t.connection.state() != State::Closed {
        assert!(t.run_next_timer(began + DAY));
        if t.sent.pop_front().is_some() {
            t.peer(". 1:1(0) ack 1");
        }
    }
    let seconds = (t.now - began).total_millis() / 1000;
    assert!((12..=15).contains(&seconds), "{seconds}");
}

#[test]
fn progress_starts_the_count_again() {
    let mut t = setup("winsock").established();
    t.send(2920);
    t.sent.clear();
    for _ in 0..5 {
        t.sent_later(". 1:1461(1460) ack 1");
    }
    t.peer(". 1:1(0) ack 1461");
    let (sent, _) = until_over(&mut t);
    // The second segment counts as lost and goes out at once, and then five times by the timer.
    assert_eq!(sent.len(), 6, "{sent:?}");
}

#[test]
fn zero_never_gives_up() {
    let mut t = setup("winsock").knobs("give_up.data = 0").established();
    t.send(10);
    t.sent("P. 1:11(10) ack 1");
    for _ in 0..1000 {
        t.sent_later("P. 1:11(10) ack 1");
    }
    t.is(State::Established);
}

#[test]
fn a_closed_window_with_data_in_flight() {
    // Measured: a single window of zero postpones the end to two of the longest timeouts without
    // any answer; a peer that goes on answering postpones it for ever.
    let mut t = setup("linux").established();
    t.send(14_600);
    t.sent.clear();
    t.peer(". 1:1(0) ack 1 win 0");
    let (sent, end) = until_over(&mut t);
    assert!((325.0..345.0).contains(&end), "{end}");
    assert!(sent.len() >= 10);

    let mut t = setup("linux").established();
    t.send(14_600);
    t.sent.clear();
    t.peer(". 1:1(0) ack 1 win 0");
    while t.now < Instant::from_secs(10_000) {
        assert!(t.run_next_timer(t.now + DAY));
        if t.sent.pop_front().is_some() {
            t.peer(". 1:1(0) ack 1 win 0");
        }
    }
    t.is(State::Established);
}

#[test]
fn probes_without_an_answer_have_an_end() {
    // (system, probes): an octet beyond the window is data and counted as such.
    let mut t = setup("linux").peer_window(0).established();
    t.send(10);
    let (sent, _) = until_over(&mut t);
    assert_eq!(sent.len(), 15);
    let probe = Row::parse(". 0:0(0) ack 1");
    assert!(sent.iter().all(|(_, row)| probe.matches(row)), "{sent:?}");
    // Without an application there is less patience.
    let mut t = setup("linux").peer_window(0).established();
    t.send(10);
    t.close();
    let (sent, _) = until_over(&mut t);
    assert_eq!(sent.len(), 8);
}
