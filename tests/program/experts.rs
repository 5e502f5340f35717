//! What Wireshark finds remarkable in the traces of all scenarios: each kind is meant, and it is
//! said why.
//!
//! All traces are read at once, one section of a file behind the other, with addresses of their
//! own, so that their connections stay apart.

use std::collections::BTreeSet;
use std::process::Command;

use super::Folder;
use super::wireshark::skip::skipped;

/// A kind of remark: how it begins, why it is meant, and the scenarios that have it by the
/// beginnings of their names; none: any may.
struct Kind {
    begins: &'static str,
    why: &'static str,
    of: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind {
        begins: "Connection reset (RST)",
        why: "resets are the subject",
        of: &[],
    },
    Kind {
        begins: "TCP Zero Window",
        why: "a window that nobody opens closes, and is probed",
        of: &[],
    },
    Kind {
        begins: "ACK to a TCP Zero Window Probe",
        why: "the receiver is there",
        of: &[],
    },
    Kind {
        begins: "TCP window specified by the receiver is now completely full",
        why: "it is what the page calls exhausted",
        of: &[],
    },
    Kind {
        begins: "This frame is a (suspected) retransmission",
        why: "what is not acknowledged is sent again",
        of: &[],
    },
    Kind {
        begins: "This frame initiates the connection closing",
        why: "a FIN",
        of: &[],
    },
    Kind {
        begins: "This frame undergoes the connection closing",
        why: "the other FIN",
        of: &[],
    },
    Kind {
        begins: "Duplicate ACK",
        why: "out-of-order, old or refused data is answered",
        of: &[],
    },
    Kind {
        begins: "TCP keep-alive segment",
        why: "a silent peer is probed",
        of: &[],
    },
    Kind {
        begins: "ACK to a TCP keep-alive segment",
        why: "it is there",
        of: &[],
    },
    Kind {
        begins: "A new tcp session is started with the same ports",
        why: "a port is used again, or a SYN arrives in a connection",
        of: &[
            "linux/connect-after-refusal-is-aborted-once",
            "linux/connect-after-reset-begins-again",
            "linux/time-wait-gives-way-to-a-later-timestamp",
            "packetdrill/numbers-of-the-script.pkt",
            "processes/rebooted-client-comes-again",
            "recipes/port-reuse",
            "systems/connecting/tried-again",
            "systems/reset/by-a-syn-inside-the-window",
            "systems/time-wait/late-segments",
            "systems/time-wait/openbsd-a-later-timestamp",
            "tcp/syn-in-a-connection-is-challenged",
        ],
    },
    Kind {
        begins: "ACKed segment that wasn't captured",
        why: "an acknowledgment is forged, or is the challenge of another connection's SYN",
        of: &[
            "linux/syn-goes-out-again-behind-a-reset",
            "packetdrill/numbers-of-the-script.pkt",
            "systems/acknowledgments/of-what-was-not-sent",
            "systems/connecting/bad-acknowledgment",
            "systems/connecting/wrong-acknowledgment-of-a-syn-ack",
            "systems/error-after-reset/illumos-unsent-acknowledged",
            "systems/later-data/netstack3-across-a-gap",
            "tcp/syn-in-a-connection-is-challenged",
        ],
    },
    Kind {
        begins: "Previous segment(s) not captured",
        why: "data is forged that lies behind a gap or beyond the window",
        of: &[
            "linux/fin-behind-a-hole-is-reported",
            "packetdrill/linux-29-duplicates-wait-for-one-another",
            "recv-disconnect/data-beyond-the-window-does-not-reset",
            "recv-disconnect/gaps/",
            "systems/acknowledgments/at-the-end-of-the-window",
            "systems/after-close/data-beyond-the-window",
            "systems/close/out-of-order-data-",
            "systems/later-data/lwip-resets-once-in-order",
            "systems/later-data/macos-resets-beyond-the-window",
            "systems/later-data/netstack3-across-a-gap",
            "systems/window/data-behind-a-gap-is-dropped",
            "windows/late-data-behind-a-gap",
        ],
    },
    Kind {
        begins: "This frame is a (suspected) out-of-order segment",
        why: "a gap is filled",
        of: &["recv-disconnect/gaps/", "windows/late-data-behind-a-gap"],
    },
    Kind {
        begins: "This frame is a (suspected) fast retransmission",
        why: "three duplicate acknowledgments bring it",
        of: &[
            "linux/duplicates-reduce-the-window-step-by-step",
            "linux/first-acknowledgment-is-no-duplicate",
            "packetdrill/linux-17-undo-by-reports",
            "packetdrill/linux-20-late-and-not-lost",
            "packetdrill/linux-22-retransmission-is-lost",
            "packetdrill/linux-23-reordering-by-five",
            "recv-disconnect/gaps/",
            "smoltcp/duplicate-acknowledgments-",
        ],
    },
    Kind {
        begins: "This frame is a (suspected) spurious retransmission",
        why: "octets that have arrived are forged once more, or acknowledged behind the timeout",
        of: &[
            "linux/epoll-edge-of-room",
            "linux/repeated-data-is-reported",
            "packetdrill/linux-29-a-repetition-counts",
            "processes/task-of-lwip-ends",
            "recv-disconnect/old-data-does-not-reset",
            "systems/acknowledgments/at-once-behind-a-repetition",
            "systems/acknowledgments/duplicates",
            "systems/captured/mac-reports-a-duplicate",
            "windows/lone-segments-and-repetitions",
        ],
    },
    Kind {
        begins: "D-SACK Sequence",
        why: "octets came twice, and most systems report them (RFC 2883)",
        of: &[],
    },
    Kind {
        begins: "Window scale shift exceeds 14",
        why: "the peer offers 15",
        of: &["tcp/window-scale-of-fourteen"],
    },
    Kind {
        begins: "TCP SYN with TFO Cookie",
        why: "a script is about TCP Fast Open",
        of: &["packetdrill/"],
    },
    Kind {
        begins: "TCP SYN-ACK accepting TFO data",
        why: "and its data is taken",
        of: &["packetdrill/"],
    },
    Kind {
        begins: "Bad checksum",
        why: "the link corrupts frames",
        of: &["language/links-change-while-a-script-runs"],
    },
];

/// The least severity that is looked at: a note. Chats tell of the course of any connection.
const SEVERITY_LEAST: u32 = 0x0040_0000;
/// The group of comments, which are ours.
const COMMENTS: u32 = 0x0b00_0000;

#[test]
fn each_remark_of_wireshark_is_meant() {
    if Command::new("tshark").arg("--version").output().is_err() {
        return skipped("what Wireshark finds remarkable", "there is no tshark");
    }
    let folder = Folder::new("experts");
    let ran = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(["run", "-q", "--distinct", "--traces"])
        .arg(folder.0.join("traces"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the program was built");
    assert_eq!(
        ran.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let mut all = Vec::new();
    let mut ends: Vec<(usize, String)> = Vec::new();
    for file in folder.files() {
        let octets = std::fs::read(folder.0.join(&file)).expect("it was written");
        let before = ends.last().map_or(0, |(end, _)| *end);
        ends.push((before + packets(&octets), file));
        all.extend(octets);
    }
    folder.write("all.pcapng", all);
    let mut met = BTreeSet::new();
    for line in remarks(&folder).lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [number, severities, groups, messages] = columns[..] else {
            panic!("{line}");
        };
        let number: usize = number.parse().expect("it is a number");
        let (_, file) = &ends[ends.partition_point(|(end, _)| *end < number)];
        let name = file
            .strip_prefix("traces/")
            .expect("it is below")
            .trim_end_matches(".pcapng");
        let each = severities
            .split('~')
            .zip(groups.split('~'))
            .zip(messages.split('~'));
        for ((severity, group), message) in each.filter(|((severity, _), _)| !severity.is_empty()) {
            let numbers = [severity, group].map(|it| it.parse::<u32>().expect("it is a number"));
            if numbers[0] < SEVERITY_LEAST || numbers[1] == COMMENTS {
                continue;
            }
            let kind = KINDS
                .iter()
                .position(|kind| message.starts_with(kind.begins));
            let kind = kind.unwrap_or_else(|| panic!("{name}: nobody means {message:?}"));
            let Kind { why, of, .. } = &KINDS[kind];
            let is_meant = of.is_empty() || of.iter().any(|it| name.starts_with(it));
            assert!(
                is_meant,
                "{name}: {message:?} is meant elsewhere, where {why}"
            );
            met.insert(kind);
        }
    }
    for (index, kind) in KINDS.iter().enumerate() {
        assert!(
            met.contains(&index),
            "nothing has {:?} any more",
            kind.begins
        );
    }
}

/// What tshark finds in all traces, a line each.
fn remarks(folder: &Folder) -> String {
    let mut tshark = Command::new("tshark");
    tshark.args(["-r", "all.pcapng", "-T", "fields", "-E", "aggregator=~"]);
    for check in ["tcp", "ip", "udp"] {
        tshark.args(["-o", &format!("{check}.check_checksum:TRUE")]);
    }
    for field in [
        "frame.number",
        "_ws.expert.severity",
        "_ws.expert.group",
        "_ws.expert.message",
    ] {
        tshark.args(["-e", field]);
    }
    // Without what somebody has set here.
    let output = tshark
        .current_dir(&folder.0)
        .env("HOME", &folder.0)
        .env("XDG_CONFIG_HOME", folder.0.join("config"))
        .output();
    let output = output.expect("tshark is there");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("its fields are text")
}

/// How many packets a pcapng file has: its blocks of the type 6.
fn packets(mut octets: &[u8]) -> usize {
    let number = |at: &[u8]| u32::from_le_bytes(at.try_into().expect("four octets"));
    let mut count = 0;
    while octets.len() >= 12 {
        count += usize::from(number(&octets[..4]) == 6);
        octets = &octets[number(&octets[4..8]) as usize..];
    }
    count
}
