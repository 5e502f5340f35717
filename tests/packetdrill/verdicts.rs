//! How verdicts are told: one script, changed in one place, comes out otherwise.

use hangup::packetdrill::IpVersion;
use hangup::run::Leftovers;

use crate::{options, verdict};

/// A connection that is accepted, writes and closes.
const SCRIPT: &str = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0   < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>
+0   > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 10>
+.01 < . 1:1(0) ack 1 win 257
+0   accept(3, ..., ...) = 4
+.01 write(4, ..., 3000) = 3000
+0   > P. 1:3001(3000) ack 1 win 63
+.01 < . 1:1(0) ack 3001 win 257
+.1  close(4) = 0
+0   > F. 3001:3001(0) ack 1
+.01 < . 1:1(0) ack 3002 win 257
";

/// How the script comes out with one text in it replaced by another.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(SCRIPT.matches(from).count(), 1, "{from}");
    let text = SCRIPT.replace(from, to);
    verdict(&text, &options("linux", IpVersion::V4), Leftovers::Allowed)
}

/// What must not change the verdict.
#[test]
fn what_a_script_may_say_otherwise() {
    let mut wrong = String::new();
    for (from, to) in [
        // The tolerance is 4 ms, or an eighth of the time since the event before.
        ("+0   > F.", "+.004 > F."),
        ("+.1  close", "+.1...0.1 close"),
        ("+0   > F.", "* > F."),
        ("+0   > F.", "+0~+.2 > F."),
        ("+0   > F.", "0.13 > F."),
        ("<mss 1460,nop,nop,sackOK,nop,wscale 10>", "<...>"),
        (" = 3000", " = ..."),
        (
            "> F. 3001:3001(0)",
            "\r\n> F.\r\n3001:3001(0) /* a comment */",
        ),
        (
            "+0   > P. 1:3001(3000) ack 1 win 63",
            "+0 > . 1:1001(1000) ack 1 +0 > P. 1001:3001(2000) ack 1",
        ),
        (
            "write(4, ..., 3000)",
            "writev(4, [{..., 1000}, {..., 2000}], 2)",
        ),
        (
            "write(4, ..., 3000)",
            "sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 3000}], msg_flags=0}, 0)",
        ),
        ("+.1  close", "+.1 `nstat` +0 close"),
    ] {
        let verdict = changed(from, to);
        if verdict != "pass" {
            wrong.push_str(&format!("{from} -> {to}: {verdict}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_is_not_as_a_script_says_fails_it() {
    let mut wrong = String::new();
    for (from, to, place, said) in [
        (
            "+0   > F.",
            "+.005 > F.",
            "12:1",
            "it must be sent at 0.131000 to 0.139000",
        ),
        (" = 3000", " = 2000", "8:28", "`write` returned 3000"),
        (" = 3000", " = -1 EPIPE", "8:28", "`write` returned 3000"),
        (
            "listen(3, 1) = 0",
            "listen(3, 1) = -1 EINVAL",
            "3:21",
            "`listen` returned 0",
        ),
        (
            "SOCK_STREAM, IPPROTO_TCP) = 3",
            "SOCK_STREAM, 0) = -1",
            "1:36",
            "returned 3",
        ),
        (
            "> F. 3001:3001(0)",
            "> FP. 3001:3001(0)",
            "12:1",
            "its flags are not FP.",
        ),
        (
            "> F. 3001:3001(0)",
            "> F. 3000:3000(0)",
            "12:1",
            "sequence number is not 3000",
        ),
        (
            "3001(0) ack 1",
            "3001(0) ack 2",
            "12:1",
            "it does not acknowledge 2",
        ),
        ("win 63", "win 64", "9:1", "its window is not 64"),
        (
            "nop,wscale 10",
            "wscale 10,nop",
            "5:1",
            "its options are not these",
        ),
        (
            "nop,wscale 10",
            "nop,wscale 8",
            "5:1",
            "its options are not these",
        ),
        (
            "+.01 < . 1:1(0) ack 3001 win 257\n",
            "",
            "11:1",
            "it must be sent at 0.116000",
        ),
        (
            "P. 1:3001(3000)",
            "P. 1:4001(4000)",
            "9:1",
            "only 3000 octets of it",
        ),
        (
            "P. 1:3001(3000)",
            "P. 1:2501(2500)",
            "9:1",
            "500 octets are expected",
        ),
        (
            "+.1  close(4) = 0",
            "+.1 accept(3, ..., ...) = 5",
            "11:5",
            "at once",
        ),
        (
            "+.1  close(4) = 0",
            "+0...0.2 read(4, ..., 9) = 0 +0 close(4) = 0",
            "11:3",
            "`read` returned at 0.030000",
        ),
        (
            "+.1  close(4)",
            "+.1 close(5)",
            "11:16",
            "`close` returned -1 EBADF",
        ),
    ] {
        let verdict = changed(from, to);
        let as_said = verdict.starts_with("fail\n") && verdict.contains(said);
        if !as_said || !verdict.contains(&format!("a.pkt:{place}:")) {
            wrong.push_str(&format!("{from} -> {to}: {verdict}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
