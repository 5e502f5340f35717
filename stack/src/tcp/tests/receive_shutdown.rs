//! The receive shutdown: every system, in every phase, against everything that may arrive.
//!
//! The table is a snapshot, reviewed against the sources that stand beside the knobs in each
//! profile and against `docs/design/0003` and `0004`.

use std::fmt::Write as _;

use super::*;

/// How far the connection is shut down when something arrives.
const PHASES: [(&str, Step); 3] = [
    ("rd", Dialogue::shutdown_receive),
    ("rdwr", |t| {
        t.shutdown_receive();
        t.shutdown_send();
        t.sent("F. 1:1(0) ack 11");
        t.peer(". 11:11(0) ack 2");
    }),
    ("orphan", |t| {
        t.close();
        t.sent("F. 1:1(0) ack 11");
        t.peer(". 11:11(0) ack 2");
    }),
];

/// What arrives where 1:11 was received, read and acknowledged. `%` is our next sequence number.
const ARRIVALS: [(&str, &str); 8] = [
    ("next data", "P. 11:21(10) ack %"),
    ("out of order", "P. 21:31(10) ack %"),
    ("beyond the edge", "P. 8000:8010(10) ack %"),
    ("FIN", "F. 11:11(0) ack %"),
    ("data and FIN", "FP. 11:21(10) ack %"),
    ("retransmission", "P. 1:11(10) ack %"),
    ("bare ACK", ". 11:11(0) ack %"),
    ("keep-alive", ". 10:10(0) ack %"),
];

fn begin(profile: &str) -> Dialogue {
    let mut t = setup(profile).mss(1000).receive_buffer(4000).established();
    t.peer("P. 1:11(10) ack 1");
    t.sent_later(". 1:1(0) ack 11");
    assert_eq!(t.recv(100), 10);
    t
}

#[test]
fn every_system_in_every_phase() {
    let mut table = String::new();
    // The others of them share these rows: openbsd and netbsd with freebsd.
    let systems = [
        "linux",
        "freebsd",
        "macos",
        "illumos",
        "gvisor",
        "netstack3",
        "lwip",
        "windows",
        "winsock",
        "wsprecvdisconnect",
    ];
    for profile in systems {
        for (phase, shut) in PHASES {
            writeln!(table, "\n{profile}, {phase}").unwrap();
            for (name, segment) in ARRIVALS {
                let mut t = begin(profile);
                shut(&mut t);
                let next = t.connection.send.next();
                t.peer(&segment.replace('%', &next.to_string()));
                let answer = answer(&mut t);
                let state = t.connection.state().name();
                let error = t.connection.take_error();
                let error = error.map_or(String::new(), |gone| format!(", {gone:?}"));
                writeln!(table, "  {name:16} {answer:32} {state}{error}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn data_queued_at_the_call() {
    // (system, what the call sends, what a receive answers afterwards)
    let rows = [
        ("linux", "", Ok(100)),
        ("freebsd", "", Ok(0)),
        (
            "winsock",
            "R. 1:1(0) ack 101 win 0",
            Err(RecvError::Shutdown),
        ),
        ("wsprecvdisconnect", "", Err(RecvError::Shutdown)),
    ];
    for (profile, sent, received) in rows {
        let mut t = setup(profile).established();
        t.peer("P. 1:101(100) ack 1");
        t.sent_later(". 1:1(0) ack 101");
        t.shutdown_receive();
        if !sent.is_empty() {
            t.sent(sent);
            t.is(State::Closed);
        }
        assert_eq!(t.try_recv(1000), received, "{profile}");
        t.quiet_for("1h");
    }
}

#[test]
fn the_call_alone_is_silent() {
    for profile in ["linux", "freebsd", "winsock", "wsprecvdisconnect"] {
        let mut t = setup(profile).established();
        t.shutdown_receive();
        t.quiet_for("1h");
        t.is(State::Established);
        // Twice is as good as once, and the send direction is as it was.
        t.shutdown_receive();
        t.send(100);
        t.sent("P. 1:101(100) ack 1");
        t.peer(". 1:1(0) ack 101");
        t.close();
        t.sent("F. 101:101(0) ack 1");
    }
}

#[test]
fn a_repetition_fails_where_the_profile_says_so() {
    let mut t = setup("linux").knobs("calls.repeat = 'fails'").established();
    t.shutdown_receive();
    let again = t.call("shutdown(receive)", Connection::shutdown_receive);
    assert_eq!(again, Err(ShutdownError::NotConnected));
}

#[test]
fn reading_after_the_call_sends_no_window_update() {
    // Measured on Linux: without the call the window is announced at once, after it never.
    let full = || {
        let mut t = setup("linux").receive_buffer(20_000).established();
        t.peer(". 1:60001(60000) ack 1");
        t.sent_later(". 1:1(0) ack 60001 win 0");
        t
    };
    let mut t = full();
    t.shutdown_receive();
    assert_eq!(t.recv(60_000), 60_000);
    t.quiet_for("1h");
    t.peer(". 60000:60000(0) ack 1");
    let (_, row) = t.sent.pop_front().expect("the answer to a probe");
    assert!(row.window > Some(10_000), "{row}");

    let mut t = full();
    assert_eq!(t.recv(60_000), 60_000);
    let (_, row) = t.sent.pop_front().expect("a window update");
    assert!(row.window > Some(10_000), "{row}");
}

#[test]
fn a_capacity_of_zero_counts_the_window_down() {
    // FreeBSD: what arrives is acknowledged and thrown away, the right edge stands still.
    let mut t = setup("freebsd")
        .mss(1000)
        .receive_buffer(4000)
        .established();
    t.shutdown_receive();
    for start in [1, 2001] {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
        t.peer(&format!(". {}:{}(1000) ack 1", start + 1000, start + 2000));
        t.sent(&format!(
            ". 1:1(0) ack {} win {}",
            start + 2000,
            4000 - start - 1999
        ));
    }
    assert!(t.happened(&Fact::Discarded { octets: 1000 }));
    assert_eq!(t.try_recv(1000), Ok(0));
    // Probes are answered for ever, and the end of the stream still counts.
    t.peer(". 4001:4002(1) ack 1");
    t.sent(". 1:1(0) ack 4001 win 0");
    t.peer("F. 4001:4001(0) ack 1");
    t.sent(". 1:1(0) ack 4002 win 0");
    t.is(State::CloseWait);
}

#[test]
fn a_capacity_that_stays_keeps_the_window_open() {
    let knobs = "receive_shutdown.capacity = 'keep'";
    let mut t = setup("freebsd")
        .knobs(knobs)
        .mss(1000)
        .receive_buffer(4000)
        .established();
    t.shutdown_receive();
    for start in (1..20_001).step_by(2000) {
        t.peer(&format!(". {start}:{}(1000) ack 1", start + 1000));
        t.peer(&format!(". {}:{}(1000) ack 1", start + 1000, start + 2000));
        t.sent(&format!(". 1:1(0) ack {} win 4000", start + 2000));
    }
}

#[test]
fn the_scope_and_the_form_of_a_reset() {
    let rows = [
        (
            "reset_scope = 'any-new-octet'",
            "P. 8000:8010(10) ack 1",
            "R. 1:1(0) ack 11 win 0",
        ),
        (
            "reset_scope = 'in-window'",
            "P. 8000:8010(10) ack 1",
            ". 1:1(0) ack 11",
        ),
        (
            "reset_scope = 'in-window'",
            "P. 21:31(10) ack 1",
            "R. 1:1(0) ack 11 win 0",
        ),
        (
            "reset_scope = 'in-order'",
            "P. 21:31(10) ack 1",
            ". 1:1(0) ack 11",
        ),
    ];
    for (knob, segment, answer) in rows {
        let knobs = format!("receive_shutdown.{knob}");
        let mut t = setup("winsock")
            .knobs(&knobs)
            .mss(1000)
            .receive_buffer(4000)
            .established();
        t.peer("P. 1:11(10) ack 1");
        t.sent_later(". 1:1(0) ack 11");
        assert_eq!(t.recv(100), 10);
        t.shutdown_receive();
        t.peer(segment);
        t.sent(answer);
    }
    let forms = [
        ("from-segment", "R 1:1(0) win 0"),
        ("from-tcb", "R 101:101(0) win 0"),
        ("from-tcb-ack", "R. 101:101(0) ack 1 win 0"),
        ("from-tcb-ack-after", "R. 101:101(0) ack 11 win 0"),
    ];
    for (form, reset) in forms {
        let knobs = format!("reset.reactive = '{form}'");
        let mut t = setup("winsock").knobs(&knobs).established();
        t.send(100);
        t.sent("P. 1:101(100) ack 1");
        t.shutdown_receive();
        // It acknowledges nothing of ours, which tells the two sources of the number apart.
        t.peer("P. 1:11(10) ack 1");
        t.sent(reset);
        t.quiet_for("1h");
    }
}

#[test]
fn what_the_application_learns_after_a_reset_of_its_own() {
    let rows = [
        ("connection-reset", Some(Gone::Reset)),
        ("connection-aborted", Some(Gone::Aborted)),
        ("eof", None),
    ];
    for (value, expected) in rows {
        let knobs = format!("calls.error_after_reset = '{value}'");
        let mut t = setup("winsock").knobs(&knobs).established();
        t.shutdown_receive();
        t.peer("P. 1:11(10) ack 1");
        t.sent("R. 1:1(0) ack 1");
        assert_eq!(t.connection.take_error(), expected);
    }
}

#[test]
fn what_a_receive_answers_after_the_peers_reset() {
    // (system, the first and every later answer after a receive shutdown)
    let reset = Err(RecvError::Gone(Gone::Reset));
    let rows = [
        ("linux", [reset, Ok(0)]),
        ("freebsd", [reset, Ok(0)]),
        ("lwip", [Err(RecvError::NotConnected); 2]),
        ("windows", [Err(RecvError::Shutdown); 2]),
    ];
    for (profile, expected) in rows {
        let mut t = setup(profile).established();
        t.shutdown_receive();
        t.peer("R. 1:1(0) ack 1");
        assert_eq!([t.try_recv(100), t.try_recv(100)], expected, "{profile}");
    }
}

#[test]
fn both_directions_shut_over_unread_data() {
    let receive: Step = Dialogue::shutdown_receive;
    let send: Step = Dialogue::shutdown_send;
    let fin = "F. 1:1(0) ack 101";
    // (system, the calls, what each of them sends)
    let rows = [
        ("linux", [(receive, ""), (send, fin)]),
        ("freebsd", [(receive, ""), (send, fin)]),
        ("gvisor", [(receive, ""), (send, "R. 1:1(0) ack 101 win 0")]),
        (
            "lwip",
            [(receive, ""), (send, "R. 1:1(0) ack 101 win 2144")],
        ),
        (
            "gvisor",
            [(send, fin), (receive, "R. 2:2(0) ack 101 win 0")],
        ),
    ];
    for (profile, calls) in rows {
        let mut t = setup(profile).established();
        t.peer("P. 1:101(100) ack 1");
        t.sent_later(". 1:1(0) ack 101");
        for (call, sent) in calls {
            call(&mut t);
            if !sent.is_empty() {
                t.sent(sent);
            }
            t.nothing();
        }
    }
}

#[test]
fn the_edge_is_silent_where_the_profile_says_so() {
    let rows = [("acknowledge", ". 1:1(0) ack 1"), ("silence", "nothing")];
    for (value, expected) in rows {
        let knobs = format!("receive_shutdown.at_edge = '{value}'");
        let mut t = setup("linux")
            .knobs(&knobs)
            .mss(1000)
            .receive_buffer(4000)
            .established();
        t.shutdown_receive();
        t.peer("P. 8000:8010(10) ack 1");
        let answered = answer(&mut t);
        assert!(answered.starts_with(expected), "{value}: {answered}");
        // What is no new data is answered as ever.
        t.peer(". 0:0(0) ack 1");
        t.sent(". 1:1(0) ack 1");
    }
}

/// Ten octets are wanted by receives that waited at the call: they are delivered, as is the end of
/// the stream. What the receives leave over resets, and so does what comes when none waits.
#[test]
fn receives_that_waited_at_the_call() {
    let begin = || {
        let mut t = setup("winsock").established();
        t.shutdown_receive();
        t.call("await", |connection| connection.await_receives(10));
        t
    };
    let read =
        |t: &mut Dialogue| t.call("read", |connection| connection.recv_awaited(&mut [0; 10]));

    let mut t = begin();
    assert_eq!(read(&mut t), Err(RecvError::WouldBlock));
    t.peer("P. 1:11(10) ack 1");
    t.sent_later(". 1:1(0) ack 11");
    assert_eq!(read(&mut t), Ok(10));
    t.call("await", |connection| connection.await_receives(0));
    t.nothing();
    t.peer("P. 11:21(10) ack 1");
    t.sent("R. 1:1(0) ack 11");

    let mut t = begin();
    t.peer("P. 1:21(20) ack 1");
    assert_eq!(read(&mut t), Ok(10));
    t.call("await", |connection| connection.await_receives(0));
    t.sent("R. 1:1(0) ack 21");
    assert_eq!(read(&mut t), Err(RecvError::Gone(Gone::Aborted)));

    let mut t = begin();
    t.peer("F. 1:1(0) ack 1");
    t.sent(". 1:1(0) ack 2");
    assert_eq!(read(&mut t), Ok(0));
    t.call("await", |connection| connection.await_receives(0));
    t.quiet_for("1min");
}
