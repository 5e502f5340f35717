//! packetdrill's scripts as arguments.

use crate::reports::timeless;
use crate::{Folder, HOLDS};

const PASSES: &str =
    "// It closes.\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 0\n";
const FAILS: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 1\n";
const UNSUPPORTED: &str = "0 vmsplice(3, NULL, 1, 0) = 1\n";

#[test]
fn verdicts_are_counted_by_folder_and_told_by_the_exit_code() {
    let folder = Folder::new("packetdrill-verdicts");
    folder.write("a/one.pkt", PASSES);
    folder.write("a/two.pkt", UNSUPPORTED);
    folder.write("b/three.pkt", FAILS);
    folder.write("c/four.pkt", "nonsense");
    folder.write("d/five.toml", HOLDS);
    for (arguments, code) in [
        (&["run", "a/one.pkt"][..], 0),
        (&["run", "a/two.pkt"][..], 2),
        (&["run", "a/two.pkt", "--allow-unsupported"][..], 0),
        (&["run", "a"][..], 2),
        (&["run", "a", "--allow-unsupported"][..], 0),
        (&["run", "a", "b"][..], 1),
        (&["run", "c/four.pkt"][..], 2),
        (&["run", "a/one.pkt", "d"][..], 0),
        (&["run", "b", "d"][..], 1),
        (&["run", "nothing.pkt"][..], 2),
        (&["run", "a/one.pkt", "--profile", "windows"][..], 2),
        (&["run", "a/one.pkt", "--profile", "linus"][..], 2),
        (&["run", "a/one.pkt", "--ip-version", "ipx"][..], 2),
        (&["run", "a/one.pkt", "--define", "x"][..], 2),
        (&["run", "a", "-w", "x.pcapng"][..], 2),
        (&["run", "a/one.pkt", "--bless"][..], 2),
        (&["run", "a", "b", "d"][..], 1),
        (&["run", "a", "d"][..], 2),
        (&["run", "a", "d", "--allow-unsupported"][..], 0),
        (&["run", "a", "--filter", "nowhere"][..], 4),
        (&["check", "a/one.pkt"][..], 0),
        (&["check", "a", "d"][..], 2),
        (&["check", "a", "d", "--allow-unsupported"][..], 0),
        (&["check", "c"][..], 2),
        (&["list", "a", "b", "d"][..], 0),
        (&["list", "c"][..], 2),
    ] {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
    }
    let ran = folder.hangup(&["run", "a", "b"]);
    folder.write(
        "e/six.pkt",
        "0 socket(..., SOCK_STREAM, IPPROTO_MPTCP) = 3\n",
    );
    let few = folder.hangup(&["run", "a", "e", "--allow-unsupported", "--no-traces"]);
    for line in [
        "unsupported  e/six.pkt:1: IPPROTO_MPTCP is not known here\n",
        "unsupported in 1: IPPROTO_MPTCP is not known here\n",
    ] {
        assert!(few.out.contains(line), "{}", few.out);
    }
    // Who lets it not count has the lines, and no excerpts.
    assert_eq!(few.err, "");
    let table = "\nfolder  held  failed  unsupported\n\
                 a          1       0            1\n\
                 b          0       1            0\n\n";
    assert!(ran.out.contains(table), "{}", ran.out);
    assert!(
        ran.out
            .contains("1 of 3 scripts held, 1 failed, 1 unsupported"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("unsupported  a/two.pkt:1: there is no call"),
        "{}",
        ran.out
    );
    assert!(
        folder
            .files()
            .contains(&"traces/a/one.pkt.pcapng".to_owned())
    );
}

/// Scripts and scenarios are in one report, in every format, whatever runs at once.
#[test]
fn reports_have_scripts_and_scenarios() {
    const ALL: [&str; 5] = ["run", "a", "b", "five.toml", "--no-traces"];
    let folder = Folder::new("packetdrill-reports");
    folder.write("a/one.pkt", PASSES);
    folder.write("a/three.pkt", FAILS);
    folder.write("a/two.pkt", UNSUPPORTED);
    folder.write("b/four.pkt", "nonsense");
    folder.write("five.toml", HOLDS);
    let said = [
        (
            "text",
            &[
                "2 of 5 scenarios and scripts held, 1 failed, 1 unsupported, 1 could not be run",
                "unsupported  a/two.pkt:1: there is no call",
            ][..],
        ),
        (
            "json",
            &[
                r#""scenarios":1,"scripts":4}"#,
                r#"{"type":"script","name":"a/two.pkt","path":"a/two.pkt""#,
                r#""verdict":"unsupported""#,
                r#"{"path":"a","held":1,"failed":1,"unsupported":1,"unable":0,"not_run":0}"#,
            ],
        ),
        (
            "junit",
            &[
                r#"tests="5" failures="1" errors="1" skipped="1""#,
                r#"<skipped message="there is no call"#,
            ],
        ),
        (
            "tap",
            &[
                "1..5\n",
                "ok 2 - a/one.pkt\n",
                "not ok 3 - a/three.pkt\n",
                "ok 4 - a/two.pkt # SKIP unsupported: there is no call",
            ],
        ),
        (
            "github",
            &[
                "::error file=a/three.pkt,line=2,",
                "::notice file=a/two.pkt,line=1,",
            ],
        ),
    ];
    for (format, parts) in said {
        let run = |jobs: &str| {
            let ran = folder.hangup(&[&ALL[..], &["--report", format, "-j", jobs]].concat());
            assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
            ran
        };
        let one = run("1");
        for part in parts {
            assert!(one.out.contains(part), "{format}: {part}\n{}", one.out);
        }
        for jobs in ["2", "8"] {
            let other = run(jobs);
            assert_eq!(timeless(&other.out), timeless(&one.out), "{format} {jobs}");
            assert_eq!(other.err, one.err, "{format} {jobs}");
        }
        let file = ["--report", format, "--report-file", "x"];
        let ran = folder.hangup(&[&ALL[..], &file].concat());
        let written = std::fs::read_to_string(folder.0.join("x")).expect("it was written");
        assert_eq!(timeless(&written), timeless(&one.out), "{format}");
        assert!(ran.out.contains("2 of 5 scenarios and scripts held"));
    }
}

#[test]
fn scripts_are_selected_listed_and_stopped_as_scenarios_are() {
    let folder = Folder::new("packetdrill-selected");
    folder.write("a/1.pkt", PASSES);
    folder.write("a/2.pkt", UNSUPPORTED);
    folder.write("a/3.pkt", FAILS);
    folder.write("a/4.pkt", PASSES);
    folder.write("five.toml", HOLDS);
    for (filter, names) in [
        ("a/", &["a/1.pkt", "a/2.pkt", "a/3.pkt", "a/4.pkt"][..]),
        ("call(close)", &["a/1.pkt", "a/3.pkt", "a/4.pkt"]),
        ("not call(close)", &["five", "a/2.pkt"]),
        ("profile(linux) and 4", &["a/4.pkt"]),
        ("profile(freebsd)", &[]),
    ] {
        let ran = folder.hangup(&["run", ".", "--list", "--filter", filter]);
        let listed = ran.out.lines().filter_map(|it| it.split(' ').next());
        assert_eq!(listed.collect::<Vec<_>>(), names, "{filter}: {}", ran.err);
    }
    let verdicts = |arguments: &[&str]| {
        let ran = folder.hangup(&[&["run", "a", "--no-traces"], arguments].concat());
        let lines = ran.out.lines().take_while(|it| it.contains(".pkt"));
        let verdicts: Vec<String> = lines.map(|it| it[..9].trim().to_owned()).collect();
        (ran.code, verdicts.join(" "))
    };
    let all = "held unsupport failed held";
    let stopped = "held unsupport failed not run";
    assert_eq!(verdicts(&[]), (1, all.to_owned()));
    assert_eq!(verdicts(&["--fail-fast"]), (1, stopped.to_owned()));
    assert_eq!(
        verdicts(&["--fail-fast", "--no-fail-fast"]),
        (1, all.to_owned())
    );
    assert_eq!(verdicts(&["-q"]), (1, "unsupport failed".to_owned()));
    let ran = folder.hangup(&["list", "."]);
    assert!(ran.out.contains("a/1.pkt  It closes.\n"), "{}", ran.out);
    let ran = folder.hangup(&["check", "."]);
    assert!(
        ran.out
            .contains("1 of 1 scenarios are well-formed\n4 of 4 scripts are well-formed"),
        "{}",
        ran.out
    );
}

#[test]
fn a_host_of_a_scenario_becomes_a_script() {
    let folder = Folder::new("packetdrill-export");
    folder.write("a.toml", HOLDS);
    for host in ["server", "client"] {
        let export = [
            "run",
            "a.toml",
            "--at",
            host,
            "--export-pkt",
            "a.pkt",
            "--no-traces",
        ];
        assert_eq!(folder.hangup(&export).code, 0);
        let ran = folder.hangup(&["run", "a.pkt", "--leftovers", "--no-traces"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    folder.write(
        "b.toml",
        HOLDS.replace(
            "[hosts.client]",
            "[hosts.peer]\nprofile = \"scripted\"\n[hosts.client]",
        ),
    );
    let ran = folder.hangup(&["run", "b.toml", "--at", "peer", "--export-pkt", "b.pkt"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .contains("packetdrill cannot say this: peer has no stack"),
        "{}",
        ran.err
    );
}

/// What a failure says brings back that failure, whatever the script was played with and wherever
/// it lies.
#[test]
fn a_replayed_script_fails_as_it_did() {
    const DEFINED: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = RESULT\n";
    const LEFT_OVER: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
                             +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n\
                             +0 connect(3, ..., ...) = -1 EINPROGRESS\n";
    let folder = Folder::new("packetdrill-replay");
    folder.write("the folder/it's.pkt", DEFINED);
    folder.write("left.pkt", LEFT_OVER);
    let played = "--seed 0 --profile freebsd --ip-version ipv6";
    for (path, more, replay) in [
        (
            "the folder/it's.pkt",
            &["--define", "RESULT=1"][..],
            format!("'the folder/it'\\''s.pkt' {played} --define RESULT=1"),
        ),
        (
            "left.pkt",
            &["--leftovers"],
            format!("left.pkt {played} --leftovers"),
        ),
    ] {
        let mut arguments = vec!["run", path, "--profile", "freebsd", "--ip-version", "ipv6"];
        arguments.extend_from_slice(more);
        let ran = folder.hangup(&arguments);
        assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
        let said = format!("= replay: hangup run {replay}\n");
        assert!(ran.err.contains(&said), "{said}{}", ran.err);
    }
}
