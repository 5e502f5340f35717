//! `[sweep]` and `--set` as a user meets them.

use super::{Folder, HOLDS};

/// [`HOLDS`] for two delays and two sizes; with a delay, the handshake takes time.
fn swept() -> String {
    format!("{HOLDS}\n[sweep]\nnetwork.delay = ['0s', '10ms']\nhosts.client.mss = '500..1000:x2'\n")
}

#[test]
fn each_combination_has_a_verdict_and_a_trace() {
    let folder = Folder::new("sweep");
    folder.write("scenarios/a.toml", swept());
    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let verdicts: Vec<String> = ran
        .out
        .lines()
        .map(|line| {
            line.split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let expected = [
        "held a@delay=0s,mss=500",
        "held a@delay=0s,mss=1000",
        "failed a@delay=10ms,mss=500",
        "failed a@delay=10ms,mss=1000",
        "2 of",
        "open next:",
    ];
    assert_eq!(verdicts, expected, "{}", ran.out);
    let traces = folder.files();
    let pcapng = |file: &&String| file.ends_with(".pcapng");
    assert_eq!(traces.iter().filter(pcapng).count(), 4, "{traces:?}");
    let trace = "traces/a@delay=10ms,mss=500.pcapng".to_owned();
    assert!(traces.contains(&trace), "{traces:?}");

    // What a failure says brings back that failure, and nothing else.
    let replay = "hangup run scenarios/a.toml --set network.delay=10ms \
                  --set hosts.client.mss=1000 --seed 0";
    let as_before = format!("fails as a@delay=10ms,mss=500 does: {replay}\n");
    assert!(ran.err.contains(&as_before), "{}", ran.err);
    let replay = replay.replace("mss=1000", "mss=500");
    assert!(ran.err.contains(&replay), "{}", ran.err);
    let words: Vec<&str> = replay.split_whitespace().skip(1).collect();
    let again = folder.hangup(&words);
    assert_eq!(again.code, 1);
    assert!(again.out.contains("0 of 1 scenarios held"), "{}", again.out);
    assert!(ran.err.contains(again.err.as_str()), "{}", again.err);

    let listed = folder.hangup(&["list"]);
    assert!(
        listed.out.ends_with(" (4 combinations)\n"),
        "{}",
        listed.out
    );
}

#[test]
fn a_setting_changes_what_runs() {
    let folder = Folder::new("set");
    folder.write("scenarios/a.toml", HOLDS);
    assert_eq!(folder.hangup(&["run", "--bless"]).code, 0);
    let ran = folder.hangup(&["run", "--set", "hosts.client.mss=500", "--format", "text"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let text = std::fs::read_to_string(folder.0.join("traces/a.txt")).expect("it was written");
    assert!(text.contains("<mss 500,"), "{text}");
    // It is no run of the file any more, so that there is no golden trace of it.
    assert!(!ran.out.contains("differs"), "{}", ran.out);
    let failed = folder.hangup(&["run", "--set", "network.delay=10ms"]);
    assert_eq!(failed.code, 1, "{}", failed.err);

    for (arguments, says) in [
        (
            &["run", "--set", "hosts.clint.mss=500"][..],
            "did you mean `client`?",
        ),
        (
            &["check", "--set", "hosts.client.mss=1"],
            "it must be 88 to 65495",
        ),
        (&["run", "--set", "mss"], "a setting is `KEY=VALUE`"),
        (
            &["run", "--set", "seed=1", "--bless"],
            "cannot be used with",
        ),
    ] {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
    }
    let many: Vec<&str> = ["run"].into_iter().chain(["--set=seed=1"; 300]).collect();
    let ran = folder.hangup(&many);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("at most 256"), "{}", ran.err);
}
