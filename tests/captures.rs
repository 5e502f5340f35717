//! Golden captures: Wireshark reads each of them without complaint.

#[path = "skip/mod.rs"]
mod skip;

use std::path::{Path, PathBuf};
use std::process::Command;

use skip::skipped;

fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures")
}

fn all(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut entries: Vec<_> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            all(&path, found);
        } else if path.extension().is_some_and(|it| it == "pcapng") {
            found.push(path);
        }
    }
}

/// What tshark prints, or none where there is no tshark.
fn tshark(arguments: &[&str], file: &Path) -> Option<String> {
    let output = Command::new("tshark")
        .arg("-r")
        .arg(file)
        .args(arguments)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            skipped(
                "golden traces as tshark reads them",
                &format!("tshark: {error}"),
            );
            return None;
        }
    };
    assert!(
        output.status.success(),
        "tshark {arguments:?} {}: {}",
        file.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).expect("tshark prints UTF-8"))
}

/// What must be so in all captures. Starting tshark takes far longer than reading a capture, so it
/// reads all of them as one; only where something is wrong is each looked at on its own.
#[test]
fn no_capture_has_a_bad_checksum_or_a_malformed_packet() {
    let mut found = Vec::new();
    all(&captures(), &mut found);
    assert!(!found.is_empty(), "there are golden captures");
    let bad = "(tcp.checksum.status == \"Bad\" || ip.checksum.status == \"Bad\" \
               || udp.checksum.status == \"Bad\" || _ws.malformed) \
               && !(frame.comment contains \"CORRUPTED\")";
    let checks = ["tcp", "ip", "udp"].map(|it| format!("{it}.check_checksum:TRUE"));
    let options = checks.iter().flat_map(|check| ["-o", check]);
    let arguments: Vec<&str> = options.chain(["-Y", bad]).collect();
    // Connections of different captures have the same addresses and must not be put together.
    let apart = ["-o", "tcp.desegment_tcp_streams:FALSE"];
    let Some(merged) = merged(&found) else {
        return;
    };
    let together: Vec<&str> = arguments.iter().copied().chain(apart).collect();
    if tshark(&together, &merged).is_none_or(|output| output.is_empty()) {
        return;
    }
    for file in found {
        let output = tshark(&arguments, &file);
        assert_eq!(output.as_deref(), Some(""), "{}", file.display());
    }
    panic!("something is wrong in the captures together, and in none of them alone");
}

/// All captures one after another in a file, or none where Wireshark's tools are not there.
fn merged(captures: &[PathBuf]) -> Option<PathBuf> {
    let merged = Path::new(env!("CARGO_TARGET_TMPDIR")).join("captures.pcapng");
    let output = Command::new("mergecap")
        .args(["-a", "-w"])
        .arg(&merged)
        .args(captures)
        .output();
    match output {
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "mergecap: {error}");
            Some(merged)
        }
        Err(error) => {
            skipped("merged golden traces", &format!("mergecap: {error}"));
            None
        }
    }
}

/// In ISO transport nothing may even look odd.
#[test]
fn wireshark_finds_nothing_odd_in_iso_transport() {
    let mut found = Vec::new();
    all(&captures().join("winsock/itot"), &mut found);
    assert!(!found.is_empty(), "there are captures of ISO transport");
    for file in found {
        let odd = "cotp && _ws.expert.severity >= \"Warning\"";
        let output = tshark(&["-Y", odd], &file).unwrap_or_default();
        assert_eq!(output, "", "{}", file.display());
    }
}

fn completeness(file: &Path) -> Option<Vec<String>> {
    let arguments = ["-2", "-Y", "tcp", "-T", "fields", "-e", "tcp.completeness"];
    let mut lines: Vec<String> = tshark(&arguments, file)?
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    lines.dedup();
    Some(lines)
}

/// SYN, SYN-ACK, ACK and data, neither FIN nor RST: a black hole. With a RST it is 47.
#[test]
fn held_and_reset_connections_end_as_wireshark_counts_them() {
    let rows = [
        ("recv-disconnect/held-until-exhausted", "15"),
        ("recv-disconnect/queued-data-resets", "47"),
        ("recv-disconnect/arriving-data-resets", "47"),
    ];
    for (name, expected) in rows {
        let file = captures().join(format!("{name}.pcapng"));
        let Some(found) = completeness(&file) else {
            return;
        };
        assert_eq!(found, [expected], "{name}");
    }
}

#[test]
fn socket_calls_stand_between_the_packets_and_nothing_is_icmp() {
    let file = captures().join("recv-disconnect/held-until-exhausted.pcapng");
    let Some(lines) = tshark(&[], &file) else {
        return;
    };
    let position = |text: &str| {
        let found = lines.lines().position(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("{text} is not in\n{lines}"))
    };
    let handshake = position("[SYN, ACK]");
    let call = position("WSPRecvDisconnect(s=4, NULL) = 0");
    let data = position("Len=1000");
    assert!(handshake < call && call < data, "\n{lines}");
    assert_eq!(
        tshark(&["-Y", "icmp || icmpv6"], &file).as_deref(),
        Some("")
    );
}

/// Disconnect data as Wireshark shows it, by name of the capture: the reason and the octets of each
/// disconnect request.
#[test]
fn disconnect_data_is_what_wireshark_shows() {
    let rows = [
        (
            "totals-go-both-ways",
            "128\t746f74616c3d3432\n128\t6772616e643d313030\n",
        ),
        ("the-provider-has-the-same-data", "128\t00ff80\n"),
        ("beginning/nobody-has-the-selector", "3\t\n3\t\n"),
        ("beginning/class-2-meets-class-0", "130\t\n"),
        ("class-0-has-no-disconnect-data", ""),
    ];
    let fields = ["-T", "fields", "-e", "cotp.cause", "-e", "data.data"];
    for (name, expected) in rows {
        let file = captures().join(format!("winsock/itot/{name}.pcapng"));
        let arguments = [&["-Y", "cotp.type==0x08"][..], &fields].concat();
        let Some(output) = tshark(&arguments, &file) else {
            return;
        };
        assert_eq!(output, expected, "{name}");
    }
}
