//! Linux 6.18 as it was measured: the packets of whole exchanges, against a peer that announces an
//! MSS of 1460, permits SACK, and neither scales windows nor stamps times.

use super::*;

fn linux() -> Dialogue {
    let mut t = setup("linux")
        .peer_offers("<mss 1460,sackOK>")
        .accept("S 0:0(0) <mss 1460,sackOK>");
    t.sent("S. 0:0(0) ack 1 win 64240 <mss 1460,sackOK>");
    t.peer(". 1:1(0) ack 1");
    t.after("20ms");
    t
}

/// Segments of 1000 octets arrive every two milliseconds, each acknowledged at once.
#[track_caller]
fn flow(t: &mut Dialogue, from: i64, segments: i64, first_window: i64) {
    for segment in 0..segments {
        let (start, end) = (from + segment * 1000, from + segment * 1000 + 1000);
        t.peer(&format!("P. {start}:{end}(1000) ack 1"));
        t.sent(&format!(
            ". 1:1(0) ack {end} win {}",
            first_window - 1000 * segment
        ));
        t.after("2ms");
    }
}

#[test]
fn a_receive_shutdown_does_not_stop_the_data() {
    let mut t = linux();
    t.shutdown_receive();
    t.quiet_for("150ms");
    assert_eq!(t.try_recv(65_536), Ok(0));
    flow(&mut t, 1, 10, 63_240);
    t.after("300ms");
    assert_eq!(t.recv(2500), 2500);
    assert_eq!(t.recv(65_536), 7500);
    assert_eq!(t.recv(65_536), 0);
    t.send(50);
    t.sent("P. 1:51(50) ack 10001 win 56000");
    t.after("150ms");
    t.peer(". 10001:10001(0) ack 51");
    t.is(State::Established);
    t.after("150ms");
    t.close();
    t.sent("F. 51:51(0) ack 10001 win 56000");
    t.after("150ms");
    t.peer("P. 10001:11001(1000) ack 51");
    t.sent("R 51:51(0) win 0");
    t.is(State::Closed);
}

#[test]
fn closing_without_reading_resets() {
    let mut t = linux();
    t.shutdown_receive();
    flow(&mut t, 1, 10, 63_240);
    t.after("300ms");
    assert_eq!(t.numbers().unread, 10_000);
    t.close();
    t.sent("R. 1:1(0) ack 10001 win 56000");
    t.after("150ms");
    t.peer("P. 10001:11001(1000) ack 1");
    t.sent("R 1:1(0) win 0");
}

#[test]
fn what_was_queued_is_read_and_what_comes_later_as_well() {
    let mut t = linux();
    flow(&mut t, 1, 3, 63_240);
    t.after("150ms");
    t.shutdown_receive();
    t.quiet_for("150ms");
    assert_eq!(t.recv(1500), 1500);
    assert_eq!(t.recv(65_536), 1500);
    assert_eq!(t.recv(65_536), 0);
    flow(&mut t, 3001, 2, 60_240);
    t.after("150ms");
    assert_eq!(t.recv(65_536), 2000);
    assert_eq!(t.recv(65_536), 0);
    t.close();
    t.sent("F. 1:1(0) ack 5001 win 59240");
    // A tail loss probe, and then the retransmission timer.
    let probe = t.sent_later("F. 1:1(0) ack 5001 win 59240").total_millis();
    assert!((200..=210).contains(&probe), "{probe}");
    let again = t.sent_later("F. 1:1(0) ack 5001 win 59240").total_millis();
    assert!((200..=212).contains(&again), "{again}");
}

#[test]
fn closing_with_unread_data_resets_without_a_shutdown_too() {
    let mut t = linux();
    flow(&mut t, 1, 3, 63_240);
    t.after("150ms");
    t.close();
    t.sent("R. 1:1(0) ack 3001 win 61240");
    t.after("150ms");
    t.peer("P. 3001:4001(1000) ack 1");
    t.sent("R 1:1(0) win 0");
    t.after("150ms");
    t.peer(". 4001:4001(0) ack 1");
    t.sent("R 1:1(0) win 0");
}

#[test]
fn the_peers_fin_after_a_receive_shutdown() {
    let mut t = linux();
    t.shutdown_receive();
    t.after("150ms");
    t.peer("F. 1:1(0) ack 1");
    let waited = t.sent_later(". 1:1(0) ack 2 win 64239").total_millis();
    assert!(waited <= 8, "{waited}");
    t.is(State::CloseWait);
    t.after("145ms");
    assert_eq!(t.recv(65_536), 0);
    t.send(10);
    t.sent("P. 1:11(10) ack 2 win 64239");
    t.after("155ms");
    t.close();
    t.sent("F. 11:11(0) ack 2 win 64239");
    // The tail loss probe repeats the FIN, the timeout the data and the FIN together.
    let probe = t.sent_later("F. 11:11(0) ack 2 win 64239").total_millis();
    assert!(probe <= 60, "{probe}");
    let again = t.sent_later("FP. 1:11(10) ack 2 win 64239").total_millis();
    assert!((150..=260).contains(&again), "{again}");
}

#[test]
fn data_after_both_directions_were_shut_resets() {
    let mut t = linux();
    t.shutdown_receive();
    t.shutdown_send();
    t.sent("F. 1:1(0) ack 1 win 64240");
    t.after("150ms");
    assert_eq!(t.try_recv(65_536), Ok(0));
    t.peer(". 1:1(0) ack 2");
    t.quiet_for("150ms");
    t.is(State::FinWait2);
    t.peer("P. 1:1001(1000) ack 2");
    t.sent("R 2:2(0) win 0");
    t.is(State::Closed);
    // The application: the error once, then the end.
    assert_eq!(t.try_recv(65_536), Err(RecvError::Gone(Gone::Reset)));
    assert_eq!(t.try_recv(65_536), Ok(0));
    assert_eq!(t.try_send(1), Err(SendError::Shutdown));
    let again = t.call("shutdown(receive)", Connection::shutdown_receive);
    assert_eq!(again, Err(ShutdownError::NotConnected));
    t.close();
    t.quiet_for("1h");
}
