//! The files that `run` writes, and their paths.

use super::{Folder, HOLDS};

#[test]
fn a_trace_goes_where_it_is_asked_for() {
    let folder = Folder::new("traces");
    folder.write("scenarios/a.toml", HOLDS);
    folder.write("scenarios/b/c.toml", HOLDS);

    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("2 of 2 scenarios held"), "{}", ran.out);
    let traces = ["traces/a.pcapng", "traces/b/c.pcapng"];
    let mut expected = vec!["scenarios/a.toml", "scenarios/b/c.toml"];
    expected.extend(traces);
    assert_eq!(folder.files(), expected);

    // The same octets, whichever way out they take and however many run at once.
    let trace = std::fs::read(folder.0.join("traces/a.pcapng")).expect("it was written");
    let out = folder.hangup(&["run", "a", "-w", "-"]);
    assert_eq!((out.code, out.stdout == trace), (0, true), "{}", out.err);
    let file = folder.hangup(&["run", "a", "-w", "x.pcapng", "-j", "1"]);
    assert_eq!(file.code, 0, "{}", file.err);
    assert_eq!(
        std::fs::read(folder.0.join("x.pcapng")).expect("it was written"),
        trace
    );

    // Golden traces are only written on request, and a difference is told.
    assert_eq!(folder.hangup(&["run", "--bless", "-q"]).code, 0);
    folder.write("captures/a.pcapng", b"something else");
    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.contains("differs from captures/a.pcapng"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("1 trace differs from captures/"),
        "{}",
        ran.out
    );
}

#[test]
fn a_vantage_point_can_be_chosen() {
    let folder = Folder::new("vantage");
    folder.write("scenarios/a.toml", HOLDS);
    assert_eq!(
        folder
            .hangup(&["run", "--at", "client", "--format", "text"])
            .code,
        0
    );
    let text = std::fs::read_to_string(folder.0.join("traces/a.txt")).expect("it was written");
    assert!(text.contains("// as seen at client"), "{text}");
    let ran = folder.hangup(&["run", "--at", "nobody"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("it has server, client"), "{}", ran.err);
}

#[test]
fn a_trace_has_the_form_that_is_asked_for() {
    let folder = Folder::new("formats");
    folder.write("scenarios/a.toml", HOLDS);
    let read = |name: &str| std::fs::read(folder.0.join(name)).expect("it was written");

    let ran = folder.hangup(&["run", "--format", "pcap,text"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let traces = ["scenarios/a.toml", "traces/a.pcap", "traces/a.txt"];
    assert_eq!(folder.files(), traces);
    // Nanoseconds, and the three packets of a handshake: 16 octets of head each.
    let pcap = read("traces/a.pcap");
    assert_eq!(pcap[..4], 0xa1b2_3c4d_u32.to_le_bytes());
    let text = String::from_utf8(read("traces/a.txt")).expect("it is text");
    let packets = text.lines().filter(|line| line.contains(" > ")).count();
    assert_eq!(packets, 3, "{text}");

    // A single file has the format of its name, unless another one is asked for.
    for (arguments, same) in [
        (&["-w", "x.txt"][..], "traces/a.txt"),
        (&["-w", "x.pcap"], "traces/a.pcap"),
        (&["-w", "x.other", "--format", "text"], "traces/a.txt"),
    ] {
        let ran = folder.hangup(&[&["run", "a"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(read(arguments[1]), read(same), "{arguments:?}");
    }

    // Packets alone, and the beginning of each. pcap never has more than packets.
    let ran = folder.hangup(&["run", "a", "-w", "x.txt", "--events", "none"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let bare = String::from_utf8(read("x.txt")).expect("it is text");
    assert!(!bare.contains("connect("), "{bare}");
    let ran = folder.hangup(&["run", "a", "-w", "x.pcap", "--snaplen", "64"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(read("x.pcap").len(), 24 + 3 * (16 + 64));

    let ran = folder.hangup(&["run", "a", "--format", "xml"]);
    assert_eq!(ran.code, 2);
    let says = "the formats of traces are pcapng, text, pcap";
    assert!(ran.err.contains(says), "{}", ran.err);
}

#[test]
fn distinct_traces_can_be_merged() {
    let folder = Folder::new("distinct");
    folder.write("scenarios/a.toml", HOLDS);
    folder.write("scenarios/b.toml", HOLDS);
    let ran = folder.hangup(&["run", "--distinct", "--format", "pcap"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let pcap = |name: &str| {
        let octets = std::fs::read(folder.0.join(name)).expect("it was written");
        // Of the first packet: its time, its addresses, its port, and whether its checksum holds.
        let packet = octets[40..].to_vec();
        let words = packet[14..34].chunks_exact(2);
        let sum: u32 = words
            .map(|it| u32::from(it[0]) << 8 | u32::from(it[1]))
            .sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "{name}");
        (
            octets[24..28].to_vec(),
            packet[26..30].to_vec(),
            packet[30..34].to_vec(),
            packet[34..36].to_vec(),
        )
    };
    let (a, b) = (pcap("traces/a.pcap"), pcap("traces/b.pcap"));
    assert_eq!((a.1[0], b.2[0]), (10, 10));
    assert!(
        a.0 != b.0 && a.1 != b.1 && a.2 != b.2 && a.3 != b.3,
        "{a:?} {b:?}"
    );
}

#[test]
fn what_did_not_hold_is_a_row() {
    let folder = Folder::new("failed-row");
    let fails = HOLDS.replace(
        "80) = 0\n+0  server: accept",
        "80) = -1 ETIMEDOUT\n+0  server: accept",
    );
    let fails = format!("{fails}\n[[expect]]\nfilter = 'icmp'\nframes = 2\n");
    folder.write("scenarios/a.toml", fails);
    let ran = folder.hangup(&["run", "a", "-w", "x.txt"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let text = std::fs::read_to_string(folder.0.join("x.txt")).expect("it was written");
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("FAILED"))
        .collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert!(rows[0].contains("  FAILED: `connect` "), "{text}");
    let last = text.lines().last();
    assert_eq!(
        last,
        Some("  0.000000  FAILED: the filter selects 0 frames, not 2")
    );
}
