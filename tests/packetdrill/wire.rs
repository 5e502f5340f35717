//! Forged packets are on the wire to the bit, and the fields that a script names are compared in
//! the packets of a host.

use std::path::Path;

use hangup::packetdrill::{IpVersion, Leftovers, Script, ScriptOutcome, run_script};
use hangup_stack::event::{Fact, Forged};

use crate::{options, verdict};

const ETHERNET: usize = 14;

/// The first packet that a script sends, without its Ethernet header.
fn forged(line: &str, version: IpVersion) -> Vec<u8> {
    let options = options("linux", version);
    let script = Script::parse(Path::new("a.pkt"), line.into(), &options).expect("it is a script");
    let ScriptOutcome::Passed(outcome) = run_script(&script, 0, Leftovers::Allowed) else {
        panic!("{line} does not pass");
    };
    let mut sent = outcome.events.iter().filter_map(|event| {
        let Fact::Sent {
            bytes,
            forged: Forged::Yes,
        } = &event.fact
        else {
            return None;
        };
        Some(bytes[ETHERNET..].to_vec())
    });
    sent.next().expect("the script sends a packet")
}

/// What a row says of a packet: from which octet of the IP packet on, and the octets.
type Row<'a> = (&'a str, usize, &'a [u8]);

#[test]
fn what_is_forged_over_ipv4() {
    const TCP: usize = 20;
    let rows: [Row<'_>; 16] = [
        ("0 < icmp type_9 code_3 [raw (12)]", 2, &[0, 32]),
        (
            "0 < icmp type_9 code_3 [raw (12)]",
            TCP,
            &[9, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
        ("0 < [ce] S 0:0(0) win 1", 1, &[0b11]),
        ("0 < [ect0] S 0:0(0) win 1", 1, &[0b10]),
        ("0 < (ect1) udp 1 > 2 (1)", 1, &[0b01]),
        ("0 < (tos 0xb9, ttl 7) S 0:0(0) win 1", 1, &[0xb9]),
        ("0 < (tos 0xb9, ttl 7) S 0:0(0) win 1", 8, &[7]),
        ("0 < (dscp ef, ecn ce) S 0:0(0) win 1", 1, &[46 << 2 | 3]),
        ("0 < - 77:77(0)! win 1", TCP + 4, &[0, 0, 0, 77]),
        ("0 < . 7:7(0)! ack 258! win 1", TCP + 8, &[0, 0, 1, 2]),
        ("0 < SEWA 0:0(0) win 1", TCP + 12, &[0x51, 0xc2]),
        ("0 < S.5 0:0(0) ack 1 win 1", TCP + 12, &[0x51, 0x52]),
        ("0 < UP. 1:2(1) ack 1 win 1 urg 772", TCP + 18, &[3, 4]),
        (
            "0 < S 0:0(0) win 1 <FO 00ff,mss 1,FOEXP 12>",
            TCP + 20,
            &[34, 4, 0, 0xff, 2, 4, 0, 1, 254, 5, 0xf9, 0x89, 0x12, 0],
        ),
        (
            "0 < S 0:0(0) win 1 <AccECN1 ee1b 1 eceb 131844,exp-TARR 1,ECN e0b 2>",
            TCP + 20,
            &[
                174, 8, 0, 0, 1, 2, 3, 4, 254, 6, 0, 0xac, 0, 0x20, 172, 5, 0, 0, 2, 0,
            ],
        ),
        (
            "0 < icmp unreachable frag_needed mtu 1200 [5:15(10)!]",
            TCP,
            &[3, 4, 0, 0, 0, 0, 4, 0xb0, 0x45],
        ),
    ];
    for (line, at, octets) in rows {
        let packet = forged(line, IpVersion::V4);
        let mut found = packet[at..at + octets.len()].to_vec();
        // The checksum of a message is right, which its receiver says.
        if line.contains("icmp") && at == TCP {
            found[2..4].fill(0);
        }
        assert_eq!(found, octets, "{line}: {packet:02x?}");
    }
}

#[test]
fn what_is_forged_over_ipv6() {
    const HEADER: usize = 40;
    let rows: [Row<'_>; 3] = [
        (
            "0 < (tos 0xb9, flowlabel 0x12345, hlim 9) S 0:0(0) win 1",
            0,
            &[0x6b, 0x91, 0x23, 0x45],
        ),
        ("0 < (hlim 9) S 0:0(0) win 1", 7, &[9]),
        (
            "0 < icmp packet_too_big mtu 1280 [1:11(10)!]",
            HEADER + 4,
            &[0, 0, 5, 0, 0x60],
        ),
    ];
    for (line, at, octets) in rows {
        let packet = forged(line, IpVersion::V6);
        assert_eq!(
            packet[at..at + octets.len()],
            *octets,
            "{line}: {packet:02x?}"
        );
    }
}

/// What an ICMP error quotes is the packet that the script says, and only an error about a packet
/// of the connection ends it.
#[test]
fn an_error_is_about_what_it_quotes() {
    for (version, name) in IpVersion::ALL {
        let options = options("linux", version);
        for (quoted, holds) in [
            ("[0:0(0)]", true),
            ("", true),
            ("[100000:100000(0)]", false),
            ("[udp (10)]", false),
            ("[raw (10)]", false),
            // FreeBSD's dialect has it before the message.
            ("before [0:0(0)]", true),
            ("before [100000:100000(0)]", false),
        ] {
            let (before, behind) = match quoted.strip_prefix("before") {
                Some(quoted) => (quoted, ""),
                None => ("", quoted),
            };
            let script = format!(
                "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
                 +0...0.010 connect(3, ..., ...) = -1 ECONNREFUSED (Connection refused)\n\
                 +0 > S 0:0(0) <...>\n\
                 +.01 < {before} icmp unreachable port_unreachable {behind}\n"
            );
            let verdict = verdict(&script, &options, Leftovers::Allowed);
            assert_eq!(verdict == "pass", holds, "{name} {quoted}: {verdict}");
        }
    }
}

#[test]
fn what_a_host_sends_is_compared() {
    for (line, version, said) in [
        (
            "icmp unreachable port_unreachable [udp (10)]",
            IpVersion::V4,
            "",
        ),
        (
            "(ttl 64) icmp unreachable port_unreachable [udp (10)]",
            IpVersion::V4,
            "",
        ),
        (
            "icmp unreachable port_unreachable [udp (10)]",
            IpVersion::V6,
            "",
        ),
        (
            "(flowlabel 0x0) icmp unreachable port_unreachable",
            IpVersion::V6,
            "",
        ),
        (
            "(flowlabel 0x1) icmp unreachable port_unreachable",
            IpVersion::V6,
            "its flow label is 0x0",
        ),
        (
            "icmp unreachable port_unreachable [udp (11)]",
            IpVersion::V4,
            "it quotes another packet",
        ),
        (
            "icmp unreachable port_unreachable [0:10(10)]",
            IpVersion::V6,
            "it quotes another packet",
        ),
        // The header of the message, and of what it quotes, and eighteen octets of that.
        (
            "icmp unreachable [raw (46)]",
            IpVersion::V4,
            "it is something else",
        ),
        (
            "icmp unreachable port_unreachable [raw (46)]",
            IpVersion::V4,
            "",
        ),
        (
            "icmp unreachable port_unreachable [raw (45)]",
            IpVersion::V4,
            "the message has 46 octets",
        ),
        (
            "icmp unreachable port_unreachable mtu 9 [udp (10)]",
            IpVersion::V4,
            "its `mtu` is another",
        ),
    ] {
        let script = format!("0 < udp 1053 > 53 (10)\n+0 > {line}\n");
        let verdict = verdict(&script, &options("linux", version), Leftovers::Fail);
        if said.is_empty() {
            assert_eq!(verdict, "pass", "{line}");
        } else {
            assert!(verdict.contains(said), "{line}: {verdict}");
        }
    }
}

/// The clock of a host goes as fast as its script says, or fails it.
#[test]
fn clocks_are_compared_where_their_tick_is_said() {
    const SCRIPT: &str = "\
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
";
    let options = options("linux", IpVersion::V4);
    for (top, from, to, said) in [
        ("--tcp_ts_tick_usecs=1000", "val 120 ecr", "val 120 ecr", ""),
        (
            "--tcp_ts_tick_usecs=1000",
            "val 120 ecr",
            "val 117 ecr",
            "no `TS val 120`",
        ),
        (
            "--tcp_ts_tick_usecs=1000",
            "val 120 ecr",
            "val ... ecr",
            "no `TS val 120`",
        ),
        (
            "--tcp_ts_tick_usecs=1000",
            "val 120 ecr",
            "val 130 ecr",
            "off by -10",
        ),
        (
            "--tcp_ts_tick_usecs=0",
            "val 120 ecr 710",
            "val 120 ecr ...",
            "",
        ),
        (
            "--tcp_ts_tick_usecs=100000",
            "val 120 ecr",
            "val 100 ecr",
            "off by 20",
        ),
        ("", "ecr 120", "ecr 119", "no `TS val 119`"),
        ("--tcp_ts_ecr_scaled", "ecr 120", "ecr 119", ""),
        (
            "",
            "val 120 ecr",
            "val 120! ecr",
            "its options are not these",
        ),
    ] {
        assert!(SCRIPT.contains(from), "{from}");
        let script = format!("{top}\n{}", SCRIPT.replace(from, to));
        let verdict = verdict(&script, &options, Leftovers::Allowed);
        if said.is_empty() {
            assert_eq!(verdict, "pass", "{top} {to}");
        } else {
            assert!(verdict.contains(said), "{top} {to}: {verdict}");
        }
    }
}

/// The longest packet goes out, and what is longer is said, whatever it is.
#[test]
fn a_packet_is_as_long_as_its_header_can_say() {
    for (line, v4, v6) in [
        ("< . 1:65496(65495) ack 1 win 1", true, true),
        ("< . 1:65497(65496) ack 1 win 1", false, true),
        ("< . 1:65516(65515) ack 1 win 1", false, true),
        ("< . 1:65517(65516) ack 1 win 1", false, false),
        ("< . 1:65516(65515) ack 1 win 1 <nop>", false, false),
        ("< udp 1 > 2 (65507)", true, true),
        ("< udp 1 > 2 (65508)", false, true),
        ("< udp 1 > 2 (65527)", false, true),
        ("< udp 1 > 2 (65535)", false, false),
        ("< icmp echo_request [raw (65515)]", true, true),
        ("< icmp echo_request [raw (65516)]", false, true),
        ("< icmp unreachable [1:65496(65495)]", true, true),
        ("< icmp unreachable [1:65536(65535)]", false, false),
        ("< icmp unreachable [udp (65508)]", false, true),
    ] {
        for (version, holds) in [(IpVersion::V4, v4), (IpVersion::V6, v6)] {
            let verdict = verdict(
                &format!("0 {line}\n"),
                &options("linux", version),
                Leftovers::Allowed,
            );
            let said = if holds {
                verdict == "pass"
            } else {
                verdict.contains("an IP packet cannot be so long")
            };
            assert!(said, "{line} {version:?}: {verdict}");
        }
    }
}
