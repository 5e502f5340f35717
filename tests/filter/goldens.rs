//! Fields that follow from other frames, in the traces of all scenarios, beside those of tshark.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use hangup::capture::TraceOptions;
use hangup::capture::pcapng::write as write_pcapng;
use hangup::filter::{Filter, View, views};
use hangup::run::run;
use hangup::scenario::ScenarioFile;
use hangup::scenario::discover::discover;

use crate::tshark::tshark_is_missing;

/// The fields that are compared, in order of tshark's columns.
const FIELDS: [(&str, Kind); 26] = [
    ("tcp.time_relative", Kind::Number),
    ("tcp.time_delta", Kind::Number),
    ("tcp.payload", Kind::Octets),
    ("tcp.analysis", Kind::Presence),
    ("tcp.analysis.flags", Kind::Presence),
    ("tcp.analysis.retransmission", Kind::Presence),
    ("tcp.analysis.fast_retransmission", Kind::Presence),
    ("tcp.analysis.spurious_retransmission", Kind::Presence),
    ("tcp.analysis.out_of_order", Kind::Presence),
    ("tcp.analysis.lost_segment", Kind::Presence),
    ("tcp.analysis.ack_lost_segment", Kind::Presence),
    ("tcp.analysis.reused_ports", Kind::Presence),
    ("tcp.analysis.duplicate_ack", Kind::Presence),
    ("tcp.analysis.duplicate_ack_num", Kind::Number),
    ("tcp.analysis.zero_window", Kind::Presence),
    ("tcp.analysis.zero_window_probe", Kind::Presence),
    ("tcp.analysis.zero_window_probe_ack", Kind::Presence),
    ("tcp.analysis.window_full", Kind::Presence),
    ("tcp.analysis.window_update", Kind::Presence),
    ("tcp.analysis.keep_alive", Kind::Presence),
    ("tcp.analysis.keep_alive_ack", Kind::Presence),
    ("tcp.analysis.ack_rtt", Kind::Number),
    ("tcp.analysis.initial_rtt", Kind::Number),
    ("tcp.analysis.rto", Kind::Number),
    ("tcp.analysis.bytes_in_flight", Kind::Number),
    ("tcp.analysis.push_bytes_sent", Kind::Number),
];

/// How a column is asked for in a filter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Presence,
    Number,
    Octets,
}

/// The most octets of a payload that are compared: a filter has room for as many.
const OCTETS_MAX: usize = 1500;

/// The filter that must select a frame of which tshark shows this, and whether it must.
fn question(field: &str, kind: Kind, shown: &str) -> (String, bool) {
    match kind {
        _ if shown.is_empty() => (field.to_owned(), false),
        Kind::Presence => (field.to_owned(), true),
        Kind::Number => (format!("{field} == {shown}"), true),
        Kind::Octets if shown.len() > 2 * OCTETS_MAX => {
            let start = &shown[..2 * OCTETS_MAX];
            (format!("{field} contains {start}"), true)
        }
        Kind::Octets => (format!("{field} == {shown}"), true),
    }
}

/// Writes the traces of all scenarios, with addresses of their own, as one file. `look` sees the
/// packets of each before the next is run.
fn merged(folder: &Path, mut look: impl FnMut(&str, &[View<'_>])) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).unwrap();
    let options = TraceOptions {
        distinct: true,
        ..TraceOptions::default()
    };
    let mut files = Vec::new();
    for found in discover(root, &[]).unwrap() {
        let octets = fs::read(root.join(&found.path)).unwrap();
        let file = ScenarioFile::parse(&found.path, octets, &[]).unwrap();
        let scenario = file.scenarios().next().unwrap();
        if scenario.hosts.iter().any(|host| host.is_kernel()) {
            continue;
        }
        let outcome = run(&scenario, None);
        let name = found.path.display().to_string();
        let summary = outcome.summary(&name, "");
        let trace = outcome.trace(&summary);
        look(&name, &views(&trace, outcome.vantage()).unwrap());
        let path = folder.join(format!("{}.pcapng", files.len()));
        let out = BufWriter::new(File::create(&path).unwrap());
        write_pcapng(&trace, outcome.vantage(), &options, out).unwrap();
        files.push(path);
    }
    let merged = folder.join("all.pcapng");
    let mut command = Command::new("mergecap");
    command.args(["-a", "-w"]).arg(&merged).args(&files);
    assert!(command.status().unwrap().success(), "mergecap");
    merged
}

#[test]
fn tshark_sees_the_same_in_all_scenarios() {
    if tshark_is_missing() {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("goldens");
    // tshark sees all traces at once, which are too many to keep: the scenarios run twice.
    let merged_file = merged(&folder, |_, _| {});
    let mut command = Command::new("tshark");
    command.args(["-N", "n", "-T", "fields", "-E", "occurrence=f", "-r"]);
    command.arg(&merged_file);
    for (field, _) in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let mut wrong = String::new();
    let mut seen = [0_u32; FIELDS.len()];
    merged(&folder, |name, views| {
        for view in views {
            let line = lines.next().expect("as many frames as tshark shows");
            for (index, ((field, kind), shown)) in FIELDS.iter().zip(line.split('\t')).enumerate() {
                let (filter, selects) = question(field, *kind, shown);
                seen[index] += u32::from(selects);
                if Filter::parse(&filter).unwrap().matches(view) != selects {
                    writeln!(wrong, "{name} frame {}: {filter}: {selects}", view.number).unwrap();
                }
            }
        }
    });
    assert_eq!(lines.next(), None);
    assert!(wrong.is_empty(), "{wrong}");
    let idle: Vec<_> = FIELDS.iter().zip(seen).filter(|(_, it)| *it == 0).collect();
    assert!(idle.is_empty(), "no scenario has {:?}", idle.len());
}
