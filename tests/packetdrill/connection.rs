//! Code that asks for the state of a connection, and calls that wait at the same time.

use hangup::packetdrill::{IpVersion, Leftovers};

use crate::{options, verdict};

/// A connection with ten segments on their way.
const SENDS: &str = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0   < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>
+0   > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 10>
+.02 < . 1:1(0) ack 1 win 257
+0   accept(3, ..., ...) = 4
+0   write(4, ..., 10000) = 10000
+0   > P. 1:10001(10000) ack 1
";

/// How the script comes out with a rest and an assertion behind it.
fn asked(rest: &str, assertion: &str) -> String {
    let script = format!("{SENDS}{rest}+0   %{{ assert {assertion} }}%\n");
    verdict(
        &script,
        &options("linux", IpVersion::V4),
        Leftovers::Allowed,
    )
}

#[test]
fn what_is_known_of_a_connection() {
    const ONE: &str = "+.02 < . 1:1(0) ack 1 win 257 <nop,nop,sack 1001:2001>\n";
    const THREE: &str = "+.02 < . 1:1(0) ack 1 win 257 <nop,nop,sack 1001:4001>\n\
                         +0 > . 1:1001(1000) ack 1\n";
    const ALL: &str = "+.02 < . 1:1(0) ack 10001 win 257\n";
    const TIMEOUT: &str = "*    > P. 9001:10001(1000) ack 1 <...>\n\
                           *    > . 1:1001(1000) ack 1 <...>\n";
    let mut wrong = String::new();
    for (rest, assertion) in [
        ("", "tcpi_ca_state == TCP_CA_Open and tcpi_sacked == 0"),
        (ONE, "tcpi_ca_state == TCP_CA_Disorder and tcpi_sacked == 1"),
        (
            THREE,
            "tcpi_ca_state == TCP_CA_Recovery and tcpi_sacked == 3",
        ),
        (
            THREE,
            "tcpi_data_segs_out == 11 and tcpi_bytes_sent == 11000",
        ),
        (
            THREE,
            "tcpi_bytes_retrans == 1000 and tcpi_total_retrans == 1",
        ),
        (ALL, "tcpi_ca_state == TCP_CA_Open and tcpi_unacked == 0"),
        (ALL, "tcpi_snd_wscale == 7 and tcpi_rcv_wscale == 10"),
        (ALL, "tcpi_advmss == 1460 and tcpi_snd_mss == 1000"),
        (ALL, "tcpi_data_segs_in == 0 and tcpi_bytes_retrans == 0"),
        (ALL, "(tcpi_options & TCPI_OPT_SYN_DATA) == 0"),
        (
            "+.02 < P. 1:11(10) ack 10001 win 257\n",
            "tcpi_data_segs_in == 1 and tcpi_state == TCP_ESTABLISHED",
        ),
        (TIMEOUT, "tcpi_ca_state == TCP_CA_Loss"),
    ] {
        let verdict = asked(rest, assertion);
        if verdict != "pass" {
            wrong.push_str(&format!("{assertion}: {verdict}\n"));
        }
        let not = asked(rest, &format!("not ({assertion})"));
        if verdict == "pass" && !not.starts_with("fail\n") {
            wrong.push_str(&format!("not {assertion}: {not}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    let unknown = asked("", "tcpi_pacing_rate == 3");
    assert!(
        unknown.starts_with("unsupported\n") && unknown.contains("`tcpi_pacing_rate`"),
        "{unknown}"
    );
}

/// packetdrill has one thread for calls that wait; here each has its own.
#[test]
fn calls_wait_at_the_same_time() {
    const SCRIPT: &str = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 2) = 0
+0...0.02 accept(3, ..., ...) = 4
+0   < 1000 > 8080 S 0:0(0) win 32792 <mss 1000,nop,wscale 7>
+0   > 8080 > 1000 S. 0:0(0) ack 1 <...>
+.02 < 1000 > 8080 . 1:1(0) ack 1 win 257
+0...0.03 read(4, ..., 1000) = 10
+0...0.05 poll([{fd=4, events=POLLRDHUP, revents=POLLRDHUP}], 1, 1000) = 1
+0...0.01 poll([{fd=4, events=POLLRDHUP, revents=0}], 1, 10) = 0
+0...0.04 poll([{fd=4, events=POLLRDHUP, revents=0}], 1, 40) = 0
+.03 < 1000 > 8080 P. 1:11(10) ack 1 win 257
+0   > 8080 > 1000 . 1:1(0) ack 11
+.02 < 1000 > 8080 F. 11:11(0) ack 1 win 257
+0~+.1 > 8080 > 1000 . 1:1(0) ack 12
";
    let options = options("linux", IpVersion::V4);
    assert_eq!(verdict(SCRIPT, &options, Leftovers::Fail), "pass");
    for (from, to, said) in [
        ("0.03 read", "0.045 read", "`read` returned at 0.050000"),
        (
            "+0...0.05 poll",
            "+0...0.06 poll",
            "`poll` returned at 0.070000",
        ),
        ("1, 40) = 0", "1, 20) = 0", "`poll` returned at 0.040000"),
        (
            "POLLRDHUP}], 1, 1000) = 1",
            "0}], 1, 1000) = 1",
            "`poll` gave",
        ),
    ] {
        assert_eq!(SCRIPT.matches(from).count(), 1, "{from}");
        let verdict = verdict(&SCRIPT.replace(from, to), &options, Leftovers::Fail);
        let as_said = verdict.starts_with("fail\n") && verdict.contains(said);
        assert!(as_said, "{from} -> {to}: {verdict}");
    }
}

/// Two writes that wait on one connection: each counts what is its own.
#[test]
fn writes_wait_at_the_same_time() {
    let acknowledgments: String = (1..=12)
        .map(|tens| format!("+.01 < . 1:1(0) ack {} win 257\n", tens * 10_000 + 1))
        .collect();
    let script = |one: u32, other: u32| {
        let waits = format!(
            "--tolerance_usecs=1000000\n{SENDS}\
             +0   setsockopt(4, SOL_SOCKET, SO_SNDBUF, [20000], 4) = 0\n\
             +0...0.1 write(4, ..., 50000) = {one}\n\
             +0...0.1 write(4, ..., 60000) = {other}\n\
             {acknowledgments}"
        );
        verdict(&waits, &options("linux", IpVersion::V4), Leftovers::Allowed)
    };
    assert_eq!(script(50_000, 60_000), "pass");
    assert!(script(60_000, 50_000).contains("`write` returned"));
}
