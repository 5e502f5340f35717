//! The socket under test: where packets without ports go, what their numbers are, and which
//! packets of the host belong to it.

use hangup::packetdrill::{IpVersion, Leftovers};

use crate::{options, verdict};

/// A server that listens.
const LISTENS: &str = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   bind(3, ..., ...) = 0
+0   listen(3, 2) = 0
";

/// A client that has sent its SYN.
const CONNECTS: &str = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0   connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0   > S 0:0(0) <...>
";

#[test]
fn packets_go_to_the_socket_under_test() {
    let mut wrong = String::new();
    for (begins, rest, says) in [
        // Before any SYN, the numbers are those on the wire.
        (
            LISTENS,
            "+.1 < . 17:20(3) ack 34 win 1 +0 > R 34:34(0)",
            "pass",
        ),
        (
            LISTENS,
            "+.1 < . 17:20(3) ack 34 win 1 +0 > R 35:35(0)",
            "its sequence number is not 35",
        ),
        // Nobody listens: a RST acknowledges the number on the wire.
        (
            "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
            "+.1 < S 17:17(0) win 1 +0 > R. 0:0(0) ack 18",
            "pass",
        ),
        // The answer to what opens no connection need not stand in the script, once it goes on.
        (
            LISTENS,
            "+.1 < S. 17:17(0) ack 34 win 1 +.1 < S 0:0(0) win 1 <mss 1000>
             +0 > S. 0:0(0) ack 1 <mss 1460>",
            "pass",
        ),
        (
            LISTENS,
            "+.1 < S. 17:17(0) ack 34 win 1 +.1 < . 18:18(0) ack 35 win 1 +0 > R 35:35(0)",
            "it must be sent at",
        ),
        // The SYN-ACK that a client gets has the number that its line says.
        (
            CONNECTS,
            "+.1 < S. 9:9(0) ack 1 win 1000 <mss 1000> +0 > . 1:1(0) ack 1
             +.1 < . 1:101(100) ack 1 win 1000 +0 > . 1:1(0) ack 101",
            "pass",
        ),
        // A SYN again is about the same connection.
        (
            LISTENS,
            "+.1 < S 0:0(0) win 1000 <mss 1000> +0 > S. 0:0(0) ack 1 <...>
             +.1 < S 0:0(0) win 1000 <mss 1000> +0 > S. 0:0(0) ack 1 <...>
             +.1 < . 1:1(0) ack 1 win 1000 +0 accept(3, ..., ...) = 4",
            "pass",
        ),
        // One with ports opens a connection of its own.
        (
            LISTENS,
            "+.1 < 5000 > 8080 S 0:0(0) win 1000 <mss 1000> +0 > 8080 > 5000 S. 0:0(0) ack 1 <...>
             +.1 < 5001 > 8080 S 3:3(0) win 1000 <mss 1000> +0 > 8080 > 5001 S. 0:0(0) ack 4 <...>",
            "pass",
        ),
        // Several connections of the same ports, each with numbers of its own.
        (
            LISTENS,
            "+.1 < S 0:0(0) win 1000 <mss 1000> +0 > S. 0:0(0) ack 1 <...>
             +.1 < R 1:1(0) win 0
             +.1 < S 70000:70000(0) win 1000 <mss 1000> +0 > S. 0:0(0) ack 70001 <...>
             +.1 < . 1:1(0) ack 1 win 1000 +0 accept(3, ..., ...) = 4
             +.1 < P. 1:101(100) ack 1 win 1000 +0 > . 1:1(0) ack 101",
            "pass",
        ),
        // An error is about the host's SYN by the number that it has in the script.
        (
            CONNECTS,
            "+.1 < icmp unreachable port_unreachable [0:0(0)]
             +0 getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0",
            "pass",
        ),
    ] {
        let text = format!("{begins}{rest}\n");
        let verdict = verdict(&text, &options("linux", IpVersion::V4), Leftovers::Allowed);
        let as_said = match says {
            "pass" => verdict == "pass",
            said => verdict.starts_with("fail") && verdict.contains(said),
        };
        if !as_said {
            wrong.push_str(&format!("{rest}\n{verdict}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// How large segments are: the MTU that a script says, and what its dialect makes of it.
#[test]
fn an_mtu_is_as_the_dialect_has_it() {
    for (profile, version, mtu, mss) in [
        ("linux", IpVersion::V4, "", 1460),
        ("linux", IpVersion::V6, "", 1460),
        ("gvisor", IpVersion::V6, "", 1460),
        ("freebsd", IpVersion::V4, "", 1460),
        ("freebsd", IpVersion::V6, "", 1440),
        ("openbsd", IpVersion::V6, "", 1440),
        ("linux", IpVersion::V6, "--mtu=1400\n", 1360),
        ("freebsd", IpVersion::V6, "--mtu=1400\n", 1340),
        ("freebsd", IpVersion::V6, "--mtu=65535\n", 65475),
        ("freebsd", IpVersion::V4, "--mtu=72\n", 32),
        ("freebsd", IpVersion::V4, "--mtu=68\n", 28),
    ] {
        let text = format!("{mtu}{CONNECTS}+0 %{{ assert tcpi_advmss == {mss}, tcpi_advmss }}%\n");
        let verdict = verdict(&text, &options(profile, version), Leftovers::Allowed);
        assert_eq!(verdict, "pass", "{profile} {mtu}");
    }
}

/// Settings while the script runs are those of the sockets that are opened behind them.
#[test]
fn settings_count_from_where_they_stand() {
    let opened = "socket(..., SOCK_STREAM, IPPROTO_TCP) = ";
    let asks = |fd, is| format!("getsockopt({fd}, IPPROTO_TCP, TCP_KEEPCNT, [{is}], [4]) = 0");
    let text = format!(
        "0 `sysctl -w net.inet.tcp.keepcnt=5`
         +0 {opened}3 +0 {five}
         +0 `sysctl -w net.inet.tcp.keepcnt=2`
         +0 {opened}4 +0 {two}
         +0 `sysctl -w net.inet.tcp.keepcnt=5`\n",
        five = asks(3, 5),
        two = asks(4, 2),
    );
    let as_freebsd = options("freebsd", IpVersion::V4);
    assert_eq!(verdict(&text, &as_freebsd, Leftovers::Fail), "pass");
    let otherwise = text.replace("[2]", "[5]");
    assert!(verdict(&otherwise, &as_freebsd, Leftovers::Fail).contains("gave [2] here"));
}

/// TCP_KEEPINIT and TCP_NOOPT, which some systems have.
#[test]
fn options_of_the_bsds() {
    let plain = "\
0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   setsockopt(3, IPPROTO_TCP, TCP_NOOPT, [1], 4) = 0
+0   getsockopt(3, IPPROTO_TCP, TCP_NOOPT, [1], [4]) = 0
+0   fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0   connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
+0   > S 0:0(0)
+.1  < S. 0:0(0) ack 1 win 1000 <mss 1000,sackOK,TS val 1 ecr 0>
+0   > . 1:1(0) ack 1
";
    let limited = "\
0    `sysctl -w net.inet.tcp.keepinit=20000`
+0   socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0   getsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [20], [4]) = 0
+0   setsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [5], 4) = 0
+0   getsockopt(3, IPPROTO_TCP, TCP_KEEPINIT, [5], [4]) = 0
+1...6 connect(3, ..., ...) = -1 ETIMEDOUT (Operation timed out)
";
    for (text, profile, says) in [
        (plain, "freebsd", "pass"),
        (limited, "freebsd", "pass"),
        (plain, "linux", "returned -1 ENOPROTOOPT"),
    ] {
        let verdict = verdict(text, &options(profile, IpVersion::V4), Leftovers::Allowed);
        let as_said = verdict == says || (says != "pass" && verdict.contains(says));
        assert!(as_said, "{profile}: {verdict}");
    }
}

/// Names that code gives to numbers last to the end of the script.
#[test]
fn code_has_names_for_values() {
    let text = |named: &str| {
        format!(
            "{CONNECTS}+0 %{{ most = {named} }}%\n\
             +0 %{{ assert tcpi_advmss < most and most == 1461, most }}%\n"
        )
    };
    let played = |text: &str| verdict(text, &options("linux", IpVersion::V4), Leftovers::Allowed);
    assert_eq!(played(&text("1460 + 1")), "pass");
    assert!(played(&text("1460")).contains("`tcpi_advmss < most"));
    assert_eq!(played(&text("tcpi_advmss + 1")), "pass");
    assert_eq!(played(&text("0; most += 1461")), "pass");
    let unknown = played(&text("0; more += 1461"));
    assert!(unknown.starts_with("unsupported"), "{unknown}");
}

/// With IP_PMTUDISC_DONT segments stay as long as they are, whatever a router says.
#[test]
fn segments_shrink_where_the_path_is_followed() {
    for (mtu_discover, mss) in [
        ("IP_PMTUDISC_DONT", 1460),
        ("IP_PMTUDISC_WANT", 560),
        ("IP_PMTUDISC_DO", 560),
        ("IP_PMTUDISC_PROBE", 560),
        ("IP_PMTUDISC_INTERFACE", 1460),
        ("IP_PMTUDISC_OMIT", 1460),
    ] {
        let text = format!(
            "{CONNECTS}+.1 < S. 0:0(0) ack 1 win 65535 <mss 1460>
             * > . 1:1(0) ack 1
             +0 setsockopt(3, SOL_IP, IP_MTU_DISCOVER, [{mtu_discover}], 1) = 0
             +0 write(3, ..., 1460) = 1460
             +0 > P. 1:1461(1460) ack 1
             +.01 < icmp unreachable frag_needed mtu 600 [1:1461(1460)]
             * > . 1:561(560) ack 1\n"
        );
        let played = verdict(&text, &options("linux", IpVersion::V4), Leftovers::Allowed);
        let shrinks = played == "pass";
        assert_eq!(shrinks, mss == 560, "{mtu_discover}: {played}");
    }
}
