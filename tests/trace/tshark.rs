//! Traces as tshark sees them: the reader that matters.

use std::path::PathBuf;
use std::process::Command;

use hangup::capture::pcapng::to_bytes;
use hangup::files::write_atomically;
use hangup_stack::network::HostId;

use crate::run::{Run, datagrams, held};
use crate::skip::skipped;
use crate::wire::{CLIENT, Ip, SERVER};

/// The columns that the tests look at.
const FIELDS: [&str; 13] = [
    "frame.time_relative",
    "frame.interface_name",
    "frame.packet_flags_direction",
    "_ws.col.Source",
    "_ws.col.Destination",
    "_ws.col.Protocol",
    "_ws.col.Info",
    "frame.comment",
    "_ws.malformed",
    "ip.checksum.status",
    "tcp.checksum.status",
    "udp.checksum.status",
    "tcp.completeness",
];

/// One packet as tshark shows it.
#[derive(Debug)]
struct Shown(Vec<String>);

impl Shown {
    fn field(&self, name: &str) -> &str {
        let index = FIELDS
            .iter()
            .position(|field| *field == name)
            .expect("it is a field");
        &self.0[index]
    }
}

/// Whether tshark is there; says so if not.
fn tshark_is_missing() -> bool {
    let is_missing = Command::new("tshark").arg("--version").output().is_err();
    if is_missing {
        skipped("traces as tshark reads them", "there is no tshark");
    }
    is_missing
}

fn show(run: &Run, name: &str, vantage: usize) -> Vec<Shown> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcapng"));
    let bytes = to_bytes(&run.trace(), HostId(vantage)).unwrap();
    write_atomically(&path, &bytes).unwrap();
    let mut tshark = Command::new("tshark");
    // Two passes, so that completeness is that of the whole stream; names from the file alone.
    tshark
        .args(["-2", "-N", "n", "-T", "fields"])
        .arg("-r")
        .arg(&path);
    for check in [
        "tcp.check_checksum",
        "ip.check_checksum",
        "udp.check_checksum",
    ] {
        tshark.args(["-o", &format!("{check}:TRUE")]);
    }
    for field in FIELDS {
        tshark.args(["-e", field]);
    }
    let output = tshark.output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    let lines = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| Shown(line.split('\t').map(str::to_owned).collect());
    lines.lines().map(row).collect()
}

#[test]
fn wireshark_shows_packets_calls_names_and_comments() {
    if tshark_is_missing() {
        return;
    }
    for (ip, host) in [
        (Ip::V4, SERVER),
        (Ip::V6, SERVER),
        (Ip::V4, CLIENT),
        (Ip::V6, CLIENT),
    ] {
        let run = held(ip);
        let shown = show(&run, &format!("held-{ip:?}-{host}"), host);
        let frames = || {
            shown
                .iter()
                .filter(|row| !["api", "facts"].contains(&row.field("frame.interface_name")))
        };
        for row in frames() {
            assert_eq!(row.field("_ws.malformed"), "", "{row:?}");
            // Status 0 is bad. Only what the link corrupted on its way to the server may be bad.
            assert_ne!(row.field("ip.checksum.status"), "0", "{row:?}");
            let is_corrupt = host == SERVER && row.field("frame.comment").contains("CORRUPTED");
            assert_eq!(
                row.field("tcp.checksum.status") == "0",
                is_corrupt,
                "{row:?}"
            );
            let (from, to) = (
                row.field("_ws.col.Source"),
                row.field("_ws.col.Destination"),
            );
            let name = if host == SERVER { "server" } else { "client" };
            let expected = if from == name {
                "0x00000002"
            } else {
                "0x00000001"
            };
            assert!(["server", "client"].contains(&to), "{row:?}");
            assert_eq!(
                row.field("frame.packet_flags_direction"),
                expected,
                "{row:?}"
            );
        }
        let comments: Vec<&str> = frames().map(|row| row.field("frame.comment")).collect();
        assert!(comments.contains(&"HELD 1000 octets, not acknowledged (1000 held)"));
        let is_lost = |comment: &&&str| comment.contains("DROPPED by loss");
        assert_eq!(
            comments.iter().filter(is_lost).count(),
            usize::from(host == CLIENT)
        );
    }
}

#[test]
fn wireshark_shows_each_call_between_the_packets_it_belongs_to() {
    if tshark_is_missing() {
        return;
    }
    for ip in [Ip::V4, Ip::V6] {
        let run = held(ip);
        let shown = show(&run, &format!("calls-{ip:?}"), CLIENT);
        let row = |row: &Shown| {
            let (from, to) = (
                row.field("_ws.col.Source"),
                row.field("_ws.col.Destination"),
            );
            format!("{from} > {to} {}", row.field("_ws.col.Info"))
        };
        let calls = shown
            .iter()
            .filter(|row| row.field("_ws.col.Protocol") == "Syslog")
            .map(row);
        let calls: Vec<String> = calls.collect();
        let expected = [
            "server-app > server server: wsprecvdisconnect",
            "client > client-app client: linux",
            "server-app > server WSAStartup(0x0202) = 0",
            "client-app > client connect(s=3, server:80) = 0",
            "server > server-app accept(s=3) = 4",
            "server-app > server WSPRecvDisconnect(s=4, NULL) = 0",
            "client-app > client send(s=3, 2000 octets) = 2000",
            "server > server-app HELD 1000 octets, not acknowledged (1000 held)",
            "server > server-app HELD 1000 octets, not acknowledged (2000 held)",
            "server > server-app WINDOW EXHAUSTED",
            "client > client-app DROPPED by loss",
            "server > server-app HELD AGAIN 1000 octets",
            "server > server-app HELD AGAIN 1000 octets",
            "client > client-app TIMED OUT, retransmissions unanswered",
            "client > client-app recv(s=3, 1000) = -1 ETIMEDOUT",
        ];
        assert_eq!(calls, expected);
        let send = shown
            .iter()
            .position(|row| row.field("_ws.col.Info").starts_with("send("));
        let after = &shown[send.expect("it was shown above") + 1];
        assert_eq!(after.field("frame.time_relative"), "0.030000000");
        assert!(
            after.field("_ws.col.Info").contains("Len=1000"),
            "{after:?}"
        );
        // SYN, SYN-ACK, ACK, data and RST, and the calls do not count as part of it.
        assert_eq!(after.field("tcp.completeness"), "47");
    }
}

#[test]
fn wireshark_shows_datagrams_and_their_refusal() {
    if tshark_is_missing() {
        return;
    }
    for ip in [Ip::V4, Ip::V6] {
        let run = datagrams(ip);
        let shown = show(&run, &format!("datagrams-{ip:?}"), SERVER);
        let is_icmp = |row: &&Shown| row.field("_ws.col.Protocol").starts_with("ICMP");
        let errors: Vec<&Shown> = shown.iter().filter(is_icmp).collect();
        assert_eq!(errors.len(), 1);
        let info = errors[0].field("_ws.col.Info");
        assert!(info.to_lowercase().contains("port unreachable"), "{info}");
        for row in &shown {
            assert_ne!(row.field("udp.checksum.status"), "0", "{row:?}");
            assert_eq!(row.field("_ws.malformed"), "", "{row:?}");
        }
    }
}
