//! Verdicts: a script that passes no longer does when it is changed in one place.

use hangup::packetdrill::{IpVersion, Leftovers};

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
        (
            "+.1  close",
            "+.1 `sysctl -w net.ipv4.tcp_retries2=3` +0 close",
        ),
        // What is forged is carried, and what a host never looks at changes nothing.
        ("< S 0:0(0)", "< [ce] S 0:0(0)"),
        ("< S 0:0(0)", "< (dscp ef, ecn ect0, ttl 1) S 0:0(0)"),
        ("< S 0:0(0)", "< SEA 0:0(0)"),
        ("< S 0:0(0)", "< S5 0:0(0)"),
        (
            "<mss 1000,sackOK,nop,nop,nop,wscale 7>",
            "<mss 1000,FO abcd,sackOK,wscale 7>",
        ),
        (
            "<mss 1000,sackOK,nop,nop,nop,wscale 7>",
            "<mss 1000,exp-AccECN0 ee0b 1 eceb 0,sackOK,wscale 7>",
        ),
        ("ack 3002 win 257", "ack 3002 win 257 urg 7"),
        (
            "ack 3002 win 257",
            "ack 3002 win 257 <nop,nop,md5 000102030405060708090a0b0c0d0e0f>",
        ),
        // What was written holds.
        ("> F. 3001", "> [noecn] F. 3001"),
        ("> F. 3001", "> (tos 0x0, ttl 64) F. 3001"),
        ("> F. 3001:3001(0)", "> F. ...(0)"),
        ("> P. 1:3001(3000)", "> P. ...(3000)"),
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
            "> F. 3001",
            "> [ect0] F. 3001",
            "12:1",
            "its type of service is 0x00",
        ),
        (
            "> F. 3001",
            "> [ect01] F. 3001",
            "12:1",
            "its type of service is 0x00",
        ),
        (
            "> F. 3001",
            "> (ttl 63) F. 3001",
            "12:1",
            "its time to live is 64",
        ),
        (
            "> F. 3001",
            "> (flowlabel 0x1) F. 3001",
            "12:1",
            "it has no flow label",
        ),
        ("> F. 3001", "> F5. 3001", "12:1", "its flags are not AFE."),
        (
            "> F. 3001:3001(0) ack 1",
            "> F. 3001:3001(0)! ack 1",
            "12:1",
            "its sequence number is not 3001",
        ),
        (
            "> F. 3001:3001(0) ack 1",
            "> F. 3001:3001(0) ack 2!",
            "12:1",
            "it does not acknowledge 2",
        ),
        (
            "> F. 3001:3001(0) ack 1",
            "> F. 3001:3001(0) ack 1 urg 1",
            "12:1",
            "its urgent pointer is not 1",
        ),
        (
            "> F. 3001:3001(0)",
            "> F. ...(1)",
            "12:1",
            "1 octets are expected",
        ),
        (
            "nop,nop,sackOK,nop,wscale 10",
            "nop,nop,sackOK,nop,wscale 10,FO",
            "5:1",
            "its options are not these",
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

/// What cannot be played is neither passed nor failed, with its place and its reason.
#[test]
fn what_cannot_be_played_is_said_to_be_unsupported() {
    let mut wrong = String::new();
    for (from, to, place, said) in [
        (
            "> F. 3001",
            "> ipv4 192.0.2.1 > 192.0.2.2: F. 3001",
            "12:8",
            "packets in other packets",
        ),
        (
            "sackOK,nop,nop,nop,wscale 7",
            "FO COOKIE,nop,nop",
            "4:40",
            "--define COOKIE=...",
        ),
        (
            "+.1  close",
            "+.1 %{ import os }% +0 close",
            "11:5",
            "other than `assert`",
        ),
        ("close(4)", "creat(\"f\")", "11:6", "there is no call creat"),
        (
            "IPPROTO_TCP",
            "IPPROTO_MPTCP",
            "1:31",
            "IPPROTO_MPTCP is not known here",
        ),
        (
            "accept(3, ..., ...)",
            "accept(3, {sa_family=AF_INET}, [16])",
            "7:16",
            "not compared",
        ),
        (
            "0    socket",
            "--non_fatal=packet\n0    socket",
            "1:1",
            "--non_fatal",
        ),
    ] {
        let verdict = changed(from, to);
        let as_said = verdict.starts_with("unsupported\n") && verdict.contains(said);
        if !as_said || !verdict.contains(&format!("a.pkt:{place}:")) {
            wrong.push_str(&format!("{from} -> {to}: {verdict}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What is no script is neither.
#[test]
fn what_is_no_script_is_refused_with_its_place() {
    let mut wrong = String::new();
    for (from, to, place, said) in [
        (
            "0    socket",
            "0.1  socket",
            "1:1",
            "the first event is not at 0",
        ),
        (
            "+.1  close",
            "0.001 close(3) = 0 0.0001 close",
            "11:20",
            "the time goes back",
        ),
        ("+0   > F.", "+.2~+.1 > F.", "12:1", "this range goes back"),
        (
            "+.1  close",
            "* close",
            "11:1",
            "only a packet that is expected",
        ),
        ("+.1  close", "-1 close", "11:1", "this is no time"),
        ("+.1  close", "100000 close", "11:1", "at most 86400 s"),
        (
            "+.1  close",
            "0.2...0.1 close",
            "11:4",
            "returns before it is made",
        ),
        (
            ". 1:1(0) ack 3002 win 257",
            ". 1:1(0) ack 3002",
            "13:25",
            "the script ends here",
        ),
        (
            "P. 1:3001(3000)",
            "P. 1:3002(3000)",
            "9:11",
            "the end is not 1 + 3000",
        ),
        ("> F. 3001", "> Q. 3001", "12:8", "these are no flags"),
        ("mss 1000,", "mss 70000,", "4:32", "70000 is out of range"),
        ("mss 1000,", "mmss 1000,", "4:28", "this is no option"),
        (
            "< S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>",
            "< S 0:0(0) win 32792 <...>",
            "4:27",
            "only a packet that is expected",
        ),
        (
            "0    socket",
            "--nonsense=1\n0    socket",
            "1:1",
            "there is no such setting",
        ),
        (
            "0    socket",
            "--ip_version=ipx\n0    socket",
            "1:1",
            "no IP version `ipx`",
        ),
        (
            "0    socket",
            "--local_ip=::1\n0    socket",
            "1:1",
            "unicast",
        ),
        (
            "0    socket",
            "--mtu=12\n0    socket",
            "1:1",
            "it must be 68 to 65535",
        ),
        (
            "0    socket",
            "--define=A\n0    socket",
            "1:1",
            "NAME=value",
        ),
        (
            "close(4) = 0",
            "close(4) = 0 (never",
            "12:1",
            "does not belong here",
        ),
        (
            "close(4)",
            "close([[[[[[[[[4]]]]]]]]])",
            "11:21",
            "deep in each other",
        ),
        ("close(4) = 0", "close(4 = 0", "11:14", "expected `,`"),
    ] {
        let verdict = changed(from, to);
        let as_said = verdict.starts_with("invalid\n") && verdict.contains(said);
        if !as_said || !verdict.contains(&format!("a.pkt:{place}:")) {
            wrong.push_str(&format!("{from} -> {to}: {verdict}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// packetdrill never looks at what is left over; here it can be asked for.
#[test]
fn leftovers_fail_a_script_where_that_is_asked_for() {
    let last = SCRIPT.find("+0   > F.").expect("the script expects a FIN");
    let options = options("linux", IpVersion::V4);
    let verdict_of = |leftovers| verdict(&SCRIPT[..last], &options, leftovers);
    assert_eq!(verdict_of(Leftovers::Allowed), "pass");
    let verdict = verdict_of(Leftovers::Fail);
    assert!(
        verdict.starts_with("fail\n") && verdict.contains("F. 3001:3001(0) ack 1"),
        "{verdict}"
    );
}

/// The clock of the host is its own: a script writes what it expects of it, and means that with
/// what it echoes.
#[test]
fn timestamps_of_the_script_stand_for_those_of_the_host() {
    let script = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 1) = 0
+0   < S 0:0(0) win 32792 <mss 1000,sackOK,TS val 700 ecr 0,nop,wscale 7>
+0   > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 700,nop,wscale 10>
+.01 < . 1:1(0) ack 1 win 257 <nop,nop,TS val 710 ecr 100>
+0   accept(3, ..., ...) = 4
+.01 write(4, ..., 988) = 988
+0   > P. 1:989(988) ack 1 <nop,nop,TS val 120 ecr 710>
+.01 < . 1:1(0) ack 989 win 257 <nop,nop,TS val 730 ecr 120>
+0   %{ assert tcpi_options == 7 and tcpi_snd_mss == 988 and tcpi_rtt > 0 }%
";
    let options = options("linux", IpVersion::V4);
    assert_eq!(verdict(script, &options, Leftovers::Fail), "pass");
    for (from, to, said) in [
        ("ecr 120>", "ecr 121>", "the host has sent no `TS val 121`"),
        (
            "TS val 120 ecr 710",
            "TS val 120 ecr 700",
            "its options are not these",
        ),
        (
            "== 988",
            "== 1000",
            "tcpi_options is 7, tcpi_snd_mss is 988",
        ),
    ] {
        let verdict = verdict(&script.replace(from, to), &options, Leftovers::Fail);
        assert!(
            verdict.starts_with("fail\n") && verdict.contains(said),
            "{verdict}"
        );
    }
}
