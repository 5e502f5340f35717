//! packetdrill's grammar: lines that can be played, lines that parse and are unsupported, and lines
//! that do not parse.
//!
//! The lines are in the style of the suites of Google, of the kernel and of FreeBSD.

use std::path::Path;

use hangup::diagnostic::Colour;
use hangup::packetdrill::{PlayOptions, Script};
use hangup_stack::profile::Profile;

/// How a script is read: nothing to say, what cannot be played, or what is wrong.
fn read(text: &str) -> String {
    let profile = Profile::built_in("freebsd").expect("it is built in");
    let options = PlayOptions::new(profile).expect("it has the calls of POSIX");
    match Script::parse(Path::new("a.pkt"), text.into(), &options) {
        Ok(script) => {
            let source = &script.scenario.source;
            let reasons = script.unsupported.iter();
            let shown = reasons.map(|it| source.render(it, Colour::Plain));
            shown.collect()
        }
        Err(invalid) => format!("invalid: {}", invalid.render(Colour::Plain)),
    }
}

/// One event a line, each behind a first one.
fn line(line: &str) -> String {
    read(&format!(
        "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n{line}\n"
    ))
}

fn all_are_read(lines: &[&str]) {
    let mut wrong = String::new();
    for text in lines {
        let said = line(text);
        if !said.is_empty() {
            wrong.push_str(&format!("{text}\n{said}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn times() {
    all_are_read(&[
        "0 > . 1:1(0) ack 1",
        "0.0 > . 1:1(0) ack 1",
        ".1 > . 1:1(0) ack 1",
        "+0 > . 1:1(0) ack 1",
        "+.01 > . 1:1(0) ack 1",
        "+0.010 > . 1:1(0) ack 1",
        "+ 0.010 > . 1:1(0) ack 1",
        "* > . 1:1(0) ack 1",
        "0.1~0.2 > . 1:1(0) ack 1",
        "0.1 ~ 0.2 > . 1:1(0) ack 1",
        "+.1~+.2 > . 1:1(0) ack 1",
        "+0~+3600 > . 1:1(0) ack 1",
        "0.100...0.200 connect(3, ..., ...) = 0",
        "+.01...0.011 connect(3, ..., ...) = 0",
        "0...86400 read(3, ..., 1) = 0",
        "+0 > . 1:1(0)\n ack 1\n\n win 5\t<mss 1,\nnop>",
        "+0\r\n>\r\n.\r\n1:1(0)\r\n",
        "+0 /* one\n two */ > // three\n . 1:1(0) // four",
    ]);
}

#[test]
fn segments() {
    all_are_read(&[
        "+0 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>",
        "+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 8>",
        "+0 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 100 ecr 0>",
        "+0 > S 0:0(0) <...>",
        "+0 > S. 0:0(0) ack 1 win 65535 <mss 1460, nop, wscale 6, sackOK, eol, eol>",
        "+0 < - 1:1(0) win 0",
        "+0 < . 1:1001(1000) ack 1 win 257 <nop,nop,sack 2001:3001 4001:5001>",
        "+0 > . 1:1(0) ack 1 <nop,nop,sack 1:1001 2001:3001 4001:5001 6001:7001>",
        "+0 > R 2:2(0)",
        "+0 > R. 1:1(0) ack 1 win 0",
        "+0 < FP. 4294967295:9(10) ack 4294967295 win 65535",
        "+0 < 1234 > 80 S 0:0(0) win 1",
        "+0 > 8080 > 40000 F. 1:1(0) ack 1",
        "+0 < UP. 1:11(10) ack 1 win 257 urg 10",
        "+0 > FSRPUEW. 1:1(0) ack 1 win 0 urg 65535",
        // Timestamps that are not looked at, or those of the wire.
        "+0 > S 0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val ... ecr 0>",
        "+0 > . 1:1(0) ack 1 <nop,nop,TS val 7! ecr ...>",
        "+0 < . 1:1(0) ack 1 win 1 <nop,nop,TS val 4294967295 ecr 7!>",
        // Numbers that are not relative, or not looked at.
        "+0 < R 1000:1000(0)! win 0",
        "+0 < R 1000!:1000!(0) win 0",
        "+0 > R. 1000:1000(0)! ack 7!",
        "+0 > R ...(0)",
        "+0 > P. ...(1000) ack 1 <nop,nop,TS val ... ecr ...>",
        // Accurate ECN: bits, and a counter in their place.
        "+0 > [noecn] SEWA 0:0(0) win 65535 <mss 1460,sackOK>",
        "+0 < [noecn] SW. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,wscale 10,eol,nop,nop>",
        "+0 > [ect0]  5.     1:1461(1460) ack 1",
        "+0 > [ect0] P7.  1461:2921(1460) ack 1",
        "+0 < [ce]    0.     1:1(0) ack 5841 win 65535",
        "+0 > [noecn] F2. 32121:32121(0) ack 32001",
        "+0 > S.5 0:0(0) ack 1",
        "+0 < .3 1:1(0) ack 1 win 9",
        "+0 < S5 0:0(0) win 9",
        "+0 < A. 1:1(0) ack 1 win 9",
    ]);
}

#[test]
fn options_of_every_kind() {
    all_are_read(&[
        "+0 > S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 8,FO,nop,nop>",
        "+0 < S. 0:0(0) ack 1 win 5840 <mss 1040,nop,nop,sackOK,nop,wscale 6,FO abcd1234,nop,nop>",
        "+0 > S 0:100(100) win 65535 <mss 1460,FO 0102030405060708,eol,eol>",
        "+0 < S 0:1000(1000) win 32792 <mss 1012,sackOK,FO 3021b9d889017eeb,nop,nop>",
        "+0 < S 0:0(0) win 32792 <mss 1012,sackOK,FOEXP,nop,nop>",
        "+0 < S 0:0(0) win 32792 <mss 1012,FOEXP 1e2f>",
        "+0 < S 0:0(0) win 32792 <mss 1012,exp-FO 1234,EXP-FO>",
        "+0 < S 0:0(0) win 9 <md5 000102030405060708090a0b0c0d0e0f,nop,nop>",
        "+0 > . 1:1(0) ack 1 <nop,nop,md5 ffffffffffffffffffffffffffffffff>",
        "+0 > . 1:1(0) ack 1 <md5>",
        "+0 > . 1:1(0) ack 1 <ECN e0b 1 ceb 2 e1b 3,nop>",
        "+0 > . 1:1(0) ack 1 <ECN e1b 1 ceb 0,nop,nop>",
        "+0 < . 1:1(0) ack 1 win 5 <ECN e1b 16777215>",
        "+0 > S. 0:0(0) ack 1 <AccECN0 ee0b 1 eceb 0 ee1b 1,nop>",
        "+0 > S. 0:0(0) ack 1 <AccECN1 ee1b 1 eceb 0,exp-AccECN0 ee0b 1,exp-AccECN1>",
        "+0 > S. 0:0(0) ack 1 <exp-TARR,exp-TARR 2047>",
    ]);
}

#[test]
fn headers_of_ip() {
    all_are_read(&[
        "+0 > [noecn] . 1:1(0) ack 1",
        "+0 > (ect01) . 1:1(0) ack 1",
        "+0 < (ect0) . 1:1(0) ack 1 win 1",
        "+0 < [ect1] . 1:1(0) ack 1 win 1",
        "+0 < (tos 0x10) . 1:1(0) ack 1 win 1",
        "+0 < (class 0xff, hlim 1) . 1:1(0) ack 1 win 1",
        "+0 > (ttl 64) . 1:1(0) ack 1",
        "+0 > (flowlabel 0xfffff) . 1:1(0) ack 1",
        "+0 > [tos 0x4, flowlabel 0x1] . 1:1(0) ack 1",
        "+0 > (dscp ef, ecn ect0, ttl 255) . 1:1(0) ack 1",
        "+0 > (dscp 0x2e, ecn ect01) . 1:1(0) ack 1",
        "+0 > (dscp AF41, flowlabel 0x12345, hlim 3) . 1:1(0) ack 1",
        "+0 > (dscp voice-admit) udp (10)",
        "+0 < [ce] udp (100)",
        "+0 < udp 53 > 1053 (100)",
        "+0 < (tos 0xc0) icmp unreachable port_unreachable [udp (10)]",
    ]);
}

#[test]
fn messages() {
    all_are_read(&[
        "+0 < icmp unreachable host_unreachable",
        "+0 < icmp unreachable net_unreachable [0:0(0)]",
        "+0 < icmp unreachable frag_needed mtu 1200 [1:1461(1460)]",
        "+0 < icmp unreachable port_unreachable [1:1001(1000)]",
        "+0 < icmp unreachable protocol_unreachable [raw (20)]",
        "+0 > icmp unreachable port_unreachable [udp (8)]",
        "+0 <icmp unreachable net_unknown [0:0(0)]",
        "+0 < [0:0(0)]icmp unreachable precedence_cutoff",
        "+0 < [4294967295:4294967295(0)] icmp time_exceeded ttl_exceeded_in_transit",
        "+0 < [udp (10)] (ttl 3) icmp parameter_problem code_2",
        "+0 < (ttl 3) [1:1(0)] icmp type_9 code_255",
        "+0 < icmp time_exceeded frag_reass_exceeded [raw (8)]",
        "+0 < icmp redirect [0:0(0)]",
        "+0 < icmp timestamp_request id 1",
        "+0 < icmp echo_request id 7",
        "+0 > icmp echo_reply id 7",
        "+0 < icmp time_exceeded ttl_exceeded",
        "+0 < icmp source_quench [1:2(1)!]",
    ]);
}

#[test]
fn calls() {
    all_are_read(&[
        "+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
        "+0 setsockopt(3, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0",
        "+0 getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
        "+0 fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)",
        "+0 fcntl(3, F_GETFL) = O_RDWR|O_NONBLOCK (flags O_RDWR|O_NONBLOCK)",
        "+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0",
        "+0 writev(3, [{iov_base=..., iov_len=1000}], 1) = 1000",
        "+0 close ( 3 )\n=\n-1 EBADF ( Bad file descriptor )",
        "+0 close(3) = -1 EBADF",
        "+0 close(3) = 0 (a note)",
        "+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [], 4) = 0",
        "+0 setsockopt(3, IPPROTO_TCP, TCP_FUNCTION_BLK, {function_set_name=\"rack\", pcbcnt=...}, \
         36) = 0",
        "+0 setsockopt(3, SOL_SOCKET, SO_ACCEPTFILTER, {af_name=\"httpready\"}, 256) = 0",
        "+0 connect(3, {sa_family=AF_INET6, sin6_port=htons(80), \
         sin6_addr=inet6_addr(\"2001:db8::1\")}, ...) = 0",
        "+0 recvmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 1}], msg_control(0)=..., \
         msg_flags=0}, 0) = 1",
        "+0 %{ assert 1 <= tcpi_snd_cwnd <= 10, 'a text' }%",
        "+0 %{ print \"{} {}\".format(tcpi_snd_cwnd, tcpi_snd_ssthresh) }%",
        "+0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)",
        "+0 connect(3, AF_UNSPEC, ...) = 0",
        "+0 bind(3, {sa_family=AF_INET, sin_port=htons(80), \
         sin_addr=inet_addr(\"192.0.2.1\")}, ...) \
         = 0",
        "+0 write(3, \"abc\" \"def\", 6) = 6",
        "+0 write(3, \"abc\"..., 1000) = 1000",
        "+0 writev(3, [{..., 1000}, {..., 3}], 2) = 1003",
        "+0 sendmsg(3, {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0}, 0) = 1000",
        "+0 recvmsg(3, {msg_name(...)=...,\n    msg_iov(1)=[{..., 1000}],\n \
         msg_flags=0}, 0) = 1000",
        "+0 poll([{fd=3, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1",
        "+0 ioctl(3, SIOCINQ, [0]) = 0",
        "+0 recv(3, ..., 10240, MSG_PEEK) = 1000",
        "+0 accept(3, ..., ...) = 4",
        "+0 shutdown(3, SHUT_WR) = -1 ENOTCONN (Transport endpoint is not connected)",
        "+0 close(3) = ...",
        "+0 `sysctl -w net.inet.tcp.rfc1323=1`",
        "+0 `a line \\`quoted\\` that\n goes on`",
        "+0 %{ assert tcpi_state == TCPI_ESTABLISHED }%",
        "+0 %{\nassert tcpi_snd_cwnd == 10, tcpi_snd_cwnd\n}%",
        "+0 close(3) = 0\n`the line that cleans up`",
    ]);
}

#[test]
fn the_top_of_a_script() {
    let mut wrong = String::new();
    for top in [
        "--tolerance_usecs=100000",
        "--tolerance_usecs = 100000 --mss\n=\n1000",
        "--mtu=1400//a comment",
        "--tolerance_usecs=100000\n--mss=1000 --mtu=1500",
        "--ip_version=ipv4 --local_ip=192.0.2.9 --remote_ip=192.0.2.8",
        "--ip_version=ipv6\n--local_ip=2001:db8::9/64\n--remote_ip=2001:db8::8",
        "--tcp_ts_tick_usecs=1000 --tcp_ts_ecr_scaled",
        "--tcp_ts_tick_usecs=0",
        "--define=COOKIE=1234 --define=TEXT=\"a b\"",
        "--init_scripts=\"a b\"",
        "--send_omit_free // a comment\n",
        "// A comment.\r\n--bind_port=80 --connect_port=81\r\n",
        "`../common/defaults.sh`",
        "--mss=1\n`sysctl -q net.ipv4.tcp_sack=0\n nstat -n`",
        "#ifdef FreeBSD\n--mtu=1400\n#else\nnonsense\n#endif\n",
    ] {
        let said = read(&format!(
            "{top}\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
        ));
        if !said.is_empty() {
            wrong.push_str(&format!("{top}\n{said}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// Whole scripts, as FreeBSD's suite has them: handshakes, states, timestamps, cookies, counters.
#[test]
fn scripts_in_the_style_of_suites() {
    const OPEN: &str = "--tolerance_usecs=100000\n\
         0.00 `sysctl -w kern.ipc.maxsockbuf=2097152`\n\
        +0.00 `sysctl -w net.inet.tcp.ecn.enable=2`\n\
        +0.00 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
        +0.00 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0\n\
        +0.00 bind(3, ..., ...) = 0\n\
        +0.00 listen(3, 1) = 0\n";
    let handshakes = [
        "+0.00 < S  0:0(0) win 65535 <mss 1460>\n+0.00 > S. 0:0(0) ack 1 win 65535 <mss 1460>\n",
        "+0.00 < S  0:0(0) win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 100 ecr 0>\n\
         +0.00 > S. 0:0(0) ack 1 win 65535 <mss 1460,nop,wscale 6,sackOK,TS val 200 ecr 100>\n",
        "+0.00 < S  0:0(0) win 65535 <mss 1460,sackOK,eol,eol>\n\
         +0.00 > S. 0:0(0) ack 1 win 65535 <mss 1460,sackOK,eol,eol>\n",
        "+0.00 < SEW 0:0(0) win 65535 <mss 1460,FO,eol,eol>\n\
         +0.00 > [noecn] S. 0:0(0) ack 1 win 65535 <...>\n",
        "+0.00 < [noecn] SEWA 0:0(0) win 65535 <mss 1460>\n+0.00 > [noecn] S. ...(0) ack 1 <...>\n",
    ];
    let rests = [
        "+0.05 < . 1:1(0) ack 1 win 65535\n+0.00 accept(3, ..., ...) = 4\n+0.00 close(3) = 0\n",
        "+0.05 < R 1:1(0) win 0\n+0.00 close(3) = 0\n",
        "+0.05 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 101 ecr 200>\n\
         +0.00 accept(3, ..., ...) = 4\n+0.00 close(3) = 0\n\
         +0.00 %{ assert tcpi_state == TCPI_ESTABLISHED, tcpi_state }%\n",
        "+0.05 < P. 1:1001(1000) ack 1 win 65535\n+0.00 accept(3, ..., ...) = 4\n\
         +0.00 recv(4, ..., 1000, 0) = 1000\n* > . 1:1(0) ack 1001 <...>\n",
        "+0.05 < . 1:1(0) ack 1 win 65535\n+0.00 accept(3, ..., ...) = 4\n\
         +0.00 shutdown(4, SHUT_WR) = 0\n+0.00 > F. 1:1(0) ack 1 <...>\n\
         +0.05 < F. 1:1(0) ack 2 win 65535\n+0.00 > . 2:2(0) ack 2 <...>\n",
        "+0.05 < . 1:1(0) ack 1 win 65535\n+0.00 accept(3, ..., ...) = 4\n\
         +0.00 send(4, ..., 1000, 0) = 1000\n+0.00 > P. 1:1001(1000) ack 1 <...>\n\
         +0.05 < icmp unreachable frag_needed mtu 1280 [1:1001(1000)]\n",
        "+0.05 < SR. 1000:1000(0)! ack 1 win 65535\n+0.20 > R ...(0) <...>\n",
        "+0.05 < (tos 0x02, ttl 1) 5. 1:1(0) ack 1 win 65535 <ECN e0b 1 ceb 0 e1b 1,nop>\n\
         #ifdef FreeBSD\n+0.00 accept(3, ..., ...) = 4\n#endif\n+0.00 close(3) = 0\n",
        "+0.05 < F. 1:1(0) ack 1 win 65535\n+0.00~+0.10 > . 1:1(0) ack 2 <...>\n",
    ];
    let mut count = 0;
    let mut wrong = String::new();
    for handshake in handshakes {
        for rest in rests {
            let text = format!("// A comment.\n{OPEN}{handshake}{rest}`sysctl -w a=1`\n");
            let said = read(&text);
            if !said.is_empty() {
                wrong.push_str(&format!("{text}\n{said}\n"));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(count >= 40);
}

/// What the grammar has and no host here: it is read, and said with its place and its reason.
#[test]
fn what_is_read_and_not_played() {
    let mut wrong = String::new();
    for (text, place, reason) in [
        (
            "+0 < ipv4 192.0.2.2 > 192.0.2.1: . 1:1(0) ack 1 win 1",
            "2:6",
            "packets in other",
        ),
        (
            "+0 < ipv6 2001:db8::2 > 2001:db8::1: udp (1)",
            "2:6",
            "packets in other",
        ),
        (
            "+0 > mpls (label 0, tc 0, [S], ttl 64): . 1:1(0) ack 1",
            "2:6",
            "packets in other",
        ),
        ("+0 > gre: . 1:1(0) ack 1", "2:6", "packets in other"),
        (
            "+0 < encap psp spi 1 . 1:1(0) ack 1 win 1",
            "2:6",
            "PSP is not",
        ),
        ("+0 < icmp photuris", "2:11", "icmp photuris"),
        (
            "+0 < icmp packet_too_big mtu 1280 [1:1461(1460)]",
            "2:11",
            "ICMP has no such message",
        ),
        (
            "+0 < icmp unreachable no_route",
            "2:23",
            "ICMP has no such message",
        ),
        (
            "+0 > S 0:0(0) <nop,nop,md5 valid>",
            "2:1",
            "a signature needs --tcp_md5_secret",
        ),
        (
            "+0 < icmp unreachable src_route_failed",
            "2:23",
            "icmp code src_route_failed",
        ),
        (
            "+0 < S 0:0(0) win 1 <FO TFO_COOKIE>",
            "2:25",
            "--define TFO_COOKIE=...",
        ),
        ("+0 creat(\"f\", 0) = 4", "2:4", "there is no call creat"),
        ("+0 %{ import os }%", "2:4", "other than `assert`"),
        (
            "+0 `sysctl -w net.inet.tcp.ecn.enable=3`",
            "2:1",
            "accurate ECN is not played",
        ),
        ("+0 close(3) = TRUE", "2:15", "a result that is no number"),
        (
            "+0 close(3) = O_RDWR|O_SYNC",
            "2:15",
            "a result that is no number",
        ),
        (
            "+0 close(3) = \"abc\"",
            "2:15",
            "a result that is no number",
        ),
        ("+0 close(3) = {a=1}", "2:15", "a result that is no number"),
    ] {
        let said = line(text);
        let as_said = said.starts_with(&format!("a.pkt:{place}:")) && said.contains(reason);
        if !as_said {
            wrong.push_str(&format!("{text}\n{said}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// What no dialect has is refused, with its place.
#[test]
fn what_is_no_grammar() {
    let mut wrong = String::new();
    for (text, place, reason) in [
        (
            "+0 < . 1:1(0) ack 1 win 1 <...>",
            "2:27",
            "only a packet that is expected (>)",
        ),
        (
            "+0 < [ect01] . 1:1(0) ack 1 win 1",
            "2:7",
            "only a packet that is expected (>)",
        ),
        (
            "+0 < . ...(0) ack 1 win 1",
            "2:8",
            "only a packet that is expected (>)",
        ),
        (
            "+0 < . 1:1(0) ack 1 win 1 <TS val ... ecr 1>",
            "2:35",
            "only a packet that is",
        ),
        ("+0 < . 1:1(0) ack 1", "2:20", "expected `win`"),
        ("+0 > 8. 1:1(0) ack 1", "2:6", "these are no flags"),
        (
            "+0 > E5. 1:1(0) ack 1",
            "2:6",
            "takes the place of E, W and A",
        ),
        (
            "+0 > A.5 1:1(0) ack 1",
            "2:6",
            "takes the place of E, W and A",
        ),
        ("+0 > .8 1:1(0) ack 1", "2:6", "a counter from 0 to 7"),
        (".1:1(0) > . 1:1(0) ack 1", "2:3", "expected a packet"),
        ("+0 > .1:1(0) ack 1", "2:8", "expected a sequence number"),
        ("+0 > [noecn, ect0] . 1:1(0)", "2:14", "was said already"),
        ("+0 > (ttl 64, ttl 65) . 1:1(0)", "2:15", "was said already"),
        ("+0 > (tos 0x100) . 1:1(0)", "2:11", "256 is out of range"),
        ("+0 > (dscp 0x40) . 1:1(0)", "2:12", "this is no codepoint"),
        ("+0 > (dscp af44) . 1:1(0)", "2:12", "this is no codepoint"),
        (
            "+0 > (flowlabel 0x100000) . 1:1(0)",
            "2:17",
            "a flow label is at most 0xfffff",
        ),
        ("+0 > (ttl) . 1:1(0)", "2:10", "expected 0 to 255"),
        (
            "+0 > (colour 1) . 1:1(0)",
            "2:7",
            "no field of the IP header",
        ),
        ("+0 > . 1:1(0) <FO 123>", "2:19", "one is left here"),
        (
            "+0 > . 1:1(0) <md5 00000000000000000000000000000000ff>",
            "2:16",
            "16 octets",
        ),
        (
            "+0 > . 1:1(0) <ECN e0b 16777216>",
            "2:24",
            "at most 16777215",
        ),
        ("+0 > . 1:1(0) <ECN e0b 1 e1b 1>", "2:26", "in this order"),
        ("+0 > . 1:1(0) <AccECN1 eceb 1>", "2:24", "in this order"),
        ("+0 > . 1:1(0) <exp-XY>", "2:20", "no experiment"),
        ("+0 > . 1:1(0) <exp-TARR 2048>", "2:25", "at most 2047"),
        ("+0 > . 1:1(0) <sack>", "2:20", "a block"),
        (
            "+0 > . 1:1(0) <FO 00000000000000000000000000000000000000000000000000000000,mss 1,\
          mss 2,mss 3>",
            "2:15",
            "at most 40 octets",
        ),
        ("+0 > . 1:1(65536)", "2:12", "65536 is out of range"),
        ("+0 > . 4294967296:1(0)", "2:8", "out of range"),
        ("+0 < [1:1(0)] S 0:0(0) win 1", "2:15", "expected `icmp`"),
        (
            "+0 < [1:1(0)] icmp redirect [1:1(0)]",
            "2:29",
            "quotes a packet already",
        ),
        ("+0 < icmp redirect [raw (7)]", "2:26", "at least 8 octets"),
        (
            "+0 > icmp unreachable frag_needed [1:1(0)",
            "2:42",
            "expected `]`",
        ),
        ("+0 < encap psp 1 . 1:1(0)", "2:16", "expected `spi`"),
        ("+0~.1 > . 1:1(0)", "2:4", "expected `+`"),
        ("+0 close(3) = 0 `x`", "", ""),
        (
            "`x` +0 close(3) = 0",
            "2:5",
            "a line without a time cleans up",
        ),
    ] {
        let said = line(text);
        let as_said = match reason {
            "" => said.is_empty(),
            _ => said.starts_with(&format!("invalid: a.pkt:{place}:")) && said.contains(reason),
        };
        if !as_said {
            wrong.push_str(&format!("{text}\n{said}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}
