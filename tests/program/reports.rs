//! Reports, and the selection of scenarios that they are about.

use super::{Folder, HOLDS};

/// Three scenarios: one holds, one fails, one is none.
fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("scenarios/a/holds.toml", HOLDS);
    let wrong = HOLDS.replace("listen(3, 1) = 0", "listen(3, 1) = 7");
    folder.write("scenarios/b/fails.toml", wrong);
    folder.write("scenarios/c/bad.toml", HOLDS.replace("listen", "lisen"));
    folder.write(
        "scenarios/d/sweeps.toml",
        format!("{HOLDS}\n[sweep]\nseed = '1..20'\n"),
    );
    folder
}

/// A report without the times that differ from run to run.
pub(super) fn timeless(report: &str) -> String {
    let mut text = String::new();
    for line in report.lines() {
        let wall = |word: &&str| !word.starts_with("time=\"");
        let mut line = line.split(' ').filter(wall).collect::<Vec<_>>().join(" ");
        while let Some((before, rest)) = line.split_once("\"wall_us\":") {
            line = format!(
                "{before}{}",
                rest.trim_start_matches(|c: char| c.is_ascii_digit())
            );
        }
        if let Some((before, _)) = line.split_once(" s virtual") {
            line = before.to_owned();
        }
        if let Some((before, _)) = line.split_once(" (") {
            line = before.to_owned();
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[test]
fn a_report_does_not_depend_on_how_many_run_at_once() {
    let folder = folder("reports-jobs");
    for format in ["text", "json", "junit", "tap", "github"] {
        for more in [&["--no-traces"][..], &["--no-traces", "--fail-fast"]] {
            let report = |jobs: &str| {
                let arguments = [&["run", "--report", format, "-j", jobs], more].concat();
                let ran = folder.hangup(&arguments);
                (ran.code, timeless(&ran.out), ran.err)
            };
            let alone = report("1");
            assert!(!alone.1.is_empty(), "{format}");
            for jobs in ["2", "8"] {
                assert_eq!(report(jobs), alone, "{format} {more:?}");
            }
        }
    }
}

#[test]
fn a_failure_can_end_the_run() {
    let folder = folder("fail-fast");
    let count = |arguments: &[&str], verdict: &str| {
        let all = [&["run", "--no-traces"], arguments].concat();
        let ran = folder.hangup(&all);
        let lines = ran.out.lines().filter(|it| it.starts_with(verdict)).count();
        (ran.code, lines)
    };
    assert_eq!(count(&["--fail-fast"], "not run"), (1, 21));
    assert_eq!(count(&["--fail-fast"], "held"), (1, 1));
    assert_eq!(count(&[], "not run"), (2, 0));
    assert_eq!(count(&["--fail-fast", "--no-fail-fast"], "held"), (2, 21));
}

#[test]
fn a_report_can_go_to_a_file() {
    let folder = folder("report-file");
    let ran = folder.hangup(&["run", "--report", "junit", "--report-file", "out/x.xml"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.out.contains("21 of 23 scenarios held"), "{}", ran.out);
    let xml = std::fs::read_to_string(folder.0.join("out/x.xml")).expect("it was written");
    assert!(
        xml.contains(r#"tests="23" failures="1" errors="1""#),
        "{xml}"
    );
    let ran = folder.hangup(&["run", "--report-file", "scenarios"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn scenarios_can_be_selected() {
    let folder = folder("filter");
    for (filter, code, names) in [
        ("holds", 0, &["a/holds"][..]),
        ("not sweeps", 0, &["a/holds", "b/fails", "c/bad"]),
        ("call(accept) and a/", 0, &["a/holds"]),
        // What is wrong with a file is not hidden by what it cannot be asked.
        ("profile(windows)", 0, &["c/bad"]),
        ("seed=1*9", 0, &["d/sweeps@seed=19"]),
        ("nowhere", 4, &[]),
        ("cal(accept)", 2, &[]),
    ] {
        let ran = folder.hangup(&["run", "--list", "--filter", filter]);
        let listed = ran
            .out
            .lines()
            .filter_map(|it| it.split_whitespace().next());
        assert_eq!(listed.collect::<Vec<_>>(), names, "{filter}");
        assert_eq!(ran.code, code, "{filter}: {}", ran.err);
    }
    assert!(!folder.files().iter().any(|it| it.starts_with("traces")));
    let ran = folder.hangup(&["run", "--no-traces", "--filter", "holds or bad"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.out.contains("1 of 2 scenarios held"), "{}", ran.out);
}
