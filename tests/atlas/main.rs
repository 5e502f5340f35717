//! An atlas of Linux: what a socket does in each of some two thousand situations of its end, by
//! state, by what is queued, and by what a program or the peer does then: results of calls, poll,
//! SO_ERROR, and packets.
//!
//! `linux-6.18.txt` is the table. The emulation is compared with it on every machine; where a
//! kernel of that release can be had, the kernel is compared with the emulation by `hangup verify`.
//!
//! `ATLAS=write cargo test --test atlas` renews the table, `ATLAS_SHARE=1` asks the kernel for all
//! of it and not only for one situation of forty.

mod situation;
#[path = "../skip/mod.rs"]
mod skip;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use hangup::run::run;
use hangup::scenario::ScenarioFile;
use hangup::verify::{Account, PacketSent};
use hangup_stack::network::HostId;

use situation::Situation;
use skip::skipped;

/// The kernel that was asked.
const RELEASE: &str = "6.18";

/// The share of the situations for which the kernel is asked: one of so many.
const SHARE: usize = 40;

/// In what the emulation is known to differ, by the words with which the situation ends, and why.
const KNOWN: [(&str, &[&str], &str); 1] = [(
    ": bind",
    &["reset-in-", "refused", "closed", "time-wait"],
    "A socket whose connection is over has given a port back that no bind had asked for, and may \
     bind again. Here it stays bound, as on other systems.",
)];

fn table_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/atlas/linux-{RELEASE}.txt"))
}

fn account(situation: &Situation) -> Account {
    let bytes = situation.scenario.clone().into_bytes();
    let file = ScenarioFile::parse(Path::new("atlas.toml"), bytes, &[]);
    let file = file.unwrap_or_else(|invalid| panic!("{invalid}\n{}", situation.scenario));
    let scenario = file.scenarios().next().expect("there is one combination");
    let outcome = run(&scenario, None);
    let account = Account::of(&scenario, &outcome, HostId(0));
    assert_eq!(account.failure, None, "{}", situation.scenario);
    account
}

/// What came of a situation, in a line: the results of what happened there, of the looks behind it,
/// and the packets of the host but for those that opened the connection.
fn row(situation: &Situation) -> String {
    let account = account(situation);
    let lines: Vec<&str> = situation.scenario.lines().collect();
    let is_ready = situation.place.contains("ready") && situation.event == "accept";
    let is_asked = |line: usize| {
        let line = lines.get(line - 1).copied().unwrap_or_default();
        line.ends_with("...") || is_ready && line.ends_with("accept(3) = 4")
    };
    let results = account.calls.iter().filter(|it| is_asked(it.line));
    let results = results.map(|it| {
        let result = it.result.as_deref().unwrap_or("waits");
        result.trim_start_matches("-1 ").to_owned()
    });
    let results: Vec<String> = results.collect();
    let packets = account.packets.iter().map(|it: &PacketSent| {
        let (_, packet) = it.key.split_once(": ").unwrap_or(("", &it.key));
        packet.to_owned()
    });
    let packets: Vec<String> = packets.filter(|it| !it.starts_with('S')).collect();
    format!("{} | {}", results.join(", "), packets.join("; "))
}

fn table(situations: &[Situation]) -> String {
    let mut table = String::from(
        "What Linux does, as the emulation has it and a kernel confirms; written by tests/atlas.\n\
         Each line: what happens | the result of a call, and of the looks behind it: poll, \
         SO_ERROR, poll, recv, send, recv, send | packets of the host.\n",
    );
    let mut place = "";
    for situation in situations {
        if situation.place != place {
            place = &situation.place;
            let _ = writeln!(table, "\n{place}");
        }
        let _ = writeln!(table, "  {} | {}", situation.event, row(situation));
    }
    table
}

#[test]
fn the_emulation_does_what_the_table_says() {
    let situations = situation::all();
    assert!(situations.len() > 2000, "{} situations", situations.len());
    let table = table(&situations);
    let path = table_path();
    if std::env::var_os("ATLAS").is_some_and(|it| it == "write") {
        std::fs::write(&path, &table).expect("the table can be written");
    }
    let known = std::fs::read_to_string(&path).expect("the table can be read");
    for (ours, theirs) in table.lines().zip(known.lines()) {
        assert_eq!(ours, theirs, "ATLAS=write renews the table");
    }
    assert_eq!(table.len(), known.len());
}

/// Why no kernel can be asked here.
fn refusal() -> Option<String> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    if !release.starts_with(&format!("{RELEASE}.")) {
        return Some(format!(
            "the kernel is {release:?}, and the table one of {RELEASE}"
        ));
    }
    let inside = Command::new("unshare")
        .args([
            "--user",
            "--net",
            "--map-root-user",
            "test",
            "-w",
            "/dev/net/tun",
        ])
        .output();
    match inside {
        Ok(output) if output.status.success() => None,
        Ok(_) => Some("no namespace with /dev/net/tun can be had".to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

fn reason(name: &str) -> Option<&'static str> {
    let known = KNOWN.iter().find(|(event, places, _)| {
        name.ends_with(event) && places.iter().any(|place| name.contains(place))
    });
    known.map(|(_, _, reason)| *reason)
}

#[test]
fn the_kernel_does_what_the_emulation_does() {
    if let Some(why) = refusal() {
        skipped("the atlas on the kernel", &why);
        return;
    }
    let share = std::env::var("ATLAS_SHARE").ok();
    let share = share.map_or(SHARE, |it| it.parse().expect("ATLAS_SHARE is a number"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("atlas");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    let situations = situation::all();
    let asked: Vec<(usize, &Situation)> = situations.iter().enumerate().step_by(share).collect();
    for (number, situation) in &asked {
        let path = folder.join(format!("{number:04}.toml"));
        std::fs::write(path, &situation.scenario).expect("a scenario can be written");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(["verify", "--json", "-j", "8"])
        .arg(&folder)
        .output()
        .expect("the program starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let cases = report["cases"].as_array().expect("a report has cases");
    assert_eq!(cases.len(), asked.len());
    let mut unknown = String::new();
    let mut explained = 0;
    for (case, (_, situation)) in cases.iter().zip(&asked) {
        let name = format!("{}: {}", situation.place, situation.event);
        // When something happens is the matter of other tests, and of a machine that is idle.
        let kinds = case["drifts"].as_array().into_iter().flatten();
        let drifts: Vec<_> = kinds.filter(|it| it["kind"] != "time").collect();
        if drifts.is_empty() {
            assert_ne!(case["result"], "left-out", "{name}: {case}");
            continue;
        }
        match reason(&name) {
            Some(_) => explained += 1,
            None => {
                let _ = writeln!(unknown, "{name}: {drifts:#?}");
            }
        }
    }
    println!(
        "atlas: {} of {} situations asked, {explained} differ with a reason",
        asked.len(),
        situations.len()
    );
    assert!(unknown.is_empty(), "{unknown}");
}
