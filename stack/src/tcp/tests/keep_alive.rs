//! Keep-alive (RFC 9293 section 3.8.4): which segments of the peer show that it is there.

use super::*;

/// Probed after three seconds of silence, twice, a second apart.
const ASKED: KeepAlive = KeepAlive {
    on: true,
    idle: Some(Duration::from_secs(3)),
    interval: Some(Duration::from_secs(1)),
    count: Some(2),
};

fn kept_alive(system: &str, options: &'static str, stamp: &str) -> Dialogue {
    let setup = setup(system).peer_offers(options);
    let mut t = setup.accept(&format!("S 0:0(0) {options}"));
    t.sent("S. 0:0(0) ack 1");
    t.peer(&format!(". 1:1(0) ack 1 {stamp}"));
    t.connection.set_keep_alive(ASKED, t.now);
    t
}

/// What happens before the silence.
type Before = fn(&mut Dialogue);

/// The next segment, and after how many whole seconds it came.
fn next(t: &mut Dialogue) -> (i64, String) {
    let began = t.now;
    while t.sent.is_empty() && t.run_next_timer(began + DAY) {}
    let (at, row) = t.sent.pop_front().expect("a probe is due");
    ((at - began).total_millis() as i64 / 1000, row.to_string())
}

#[test]
fn what_ends_the_silence() {
    // Measured on Linux 6.18 with packetdrill: two seconds after the last segment this one arrives,
    // and the probe follows three seconds after it, or one where it does not count. (before, the
    // segment, whether it counts there)
    let nothing: Before = |_| {};
    let took: Before = |t| {
        t.peer("P. 1:1001(1000) ack 1");
        t.sent.clear();
        t.peer("P. 1001:2001(1000) ack 1");
        t.sent.clear();
    };
    let sent: Before = |t| {
        t.send(1000);
        t.sent.clear();
        t.peer(". 1:1(0) ack 1001");
    };
    let rows: [(Before, &str, bool); 15] = [
        (nothing, ". 1:1(0) ack 1", true),
        (nothing, "P. 1:2(1) ack 1", true),
        // What lies outside the window.
        (nothing, ". 100001:100001(0) ack 1", false),
        (took, "P. 1:1001(1000) ack 1", false),
        // A probe of the peer without an octet begins and ends before the window, and one with an
        // octet, or a repetition, ends where the window begins.
        (nothing, ". 0:0(0) ack 1", false),
        (nothing, ". 0:1(1) ack 1", true),
        (took, "P. 1001:2001(1000) ack 1", true),
        // What acknowledges too much, or too little; then only data in order counts.
        (nothing, ". 1:1(0) ack 5001", false),
        (sent, ". 1:1(0) ack 1", false),
        (sent, "P. 1001:2001(1000) ack 1", false),
        (sent, "P. 1:2(1) ack 1", true),
        // What is refused for its flags.
        (nothing, "S 1:1(0)", false),
        (nothing, "R 1001:1001(0)", false),
        (nothing, "R 100001:100001(0)", false),
        (nothing, "P 1:2(1)", false),
    ];
    for (system, counts_all) in [("linux", false), ("freebsd", true)] {
        for (before, segment, counts) in rows {
            let mut t = kept_alive(system, "<mss 1460>", "");
            before(&mut t);
            t.after_answer();
            t.quiet_for("1500ms");
            t.peer(segment);
            t.after_answer();
            let (waited, probe) = next(&mut t);
            let counts = counts || counts_all;
            assert_eq!(
                waited,
                if counts { 2 } else { 0 },
                "{system} {segment}: {probe}"
            );
        }
    }
}

#[test]
fn a_segment_with_an_old_timestamp_does_not_end_the_silence() {
    // Measured: one without a timestamp does.
    let options = "<mss 1460,sackOK,TS val 1000 ecr 0>";
    for (segment, waited) in [
        (". 1:1(0) ack 1 <TS val 1 ecr 1>", 0),
        (". 1:1(0) ack 1 <TS val 1001 ecr 1>", 2),
        (". 1:1(0) ack 1", 2),
    ] {
        let mut t = kept_alive("linux", options, "<TS val 1000 ecr 1>");
        t.quiet_for("2s");
        t.peer(segment);
        t.after_answer();
        assert_eq!(next(&mut t).0, waited, "{segment}");
    }
}

#[test]
fn only_what_counts_keeps_a_connection_that_is_probed() {
    // Measured, with and without a user timeout: segments from outside the window arrive half a
    // second after the first probe, and the connection is reset two seconds after it.
    for user_timeout in [None, Some(Duration::from_millis(4500))] {
        for (segment, ends) in [
            (". 100001:100001(0) ack 1", true),
            (". 1:1(0) ack 1", false),
        ] {
            let mut t = kept_alive("linux", "<mss 1460>", "");
            t.connection.set_user_timeout(user_timeout);
            assert_eq!(next(&mut t).1, ". 0:0(0) ack 1 win 64240");
            t.after("500ms");
            t.peer(segment);
            t.after_answer();
            t.after("2s");
            assert_eq!(t.connection.state() == State::Closed, ends, "{segment}");
            assert_eq!(
                t.happened(&Fact::TimedOut(TimeOut::KeepAlive)),
                ends,
                "{segment}"
            );
        }
    }
}

impl Dialogue {
    /// Half a second, in which an answer may be sent that is of no interest.
    fn after_answer(&mut self) {
        let until = self.now + Duration::from_millis(500);
        while self.run_next_timer(until) {
            self.sent.clear();
        }
        self.sent.clear();
        self.now = until;
    }
}
