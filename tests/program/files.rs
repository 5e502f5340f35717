//! Folders and files that a stranger has made: nothing outside them is written or shown, nothing in
//! them is waited for, and no name forges a line.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::{Folder, HOLDS};

/// Makes a symbolic link in a folder.
fn link(folder: &Folder, to: &str, name: &str) {
    let path = folder.0.join(name);
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("ours");
    symlink(to, path).expect("ours");
}

#[test]
fn a_link_among_traces_leads_no_trace_out_of_the_folder() {
    let folder = Folder::new("trace-links");
    for name in ["x", "sub/y", "z"] {
        folder.write(&format!("scenarios/{name}.toml"), HOLDS);
    }
    folder.write("outside/victim.txt", "kept");
    link(&folder, "../outside/victim.txt", "traces/x.txt");
    link(&folder, "../outside", "traces/sub");
    let ran = folder.hangup(&["run", "--format", "pcapng,text"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let expected = "cannot write traces/x.txt: traces/x.txt is a symbolic link";
    assert!(ran.err.contains(expected), "{}", ran.err);
    let outside = || {
        let count = fs::read_dir(folder.0.join("outside"))
            .expect("ours")
            .count();
        let victim = fs::read_to_string(folder.0.join("outside/victim.txt"));
        (count, victim.expect("ours"))
    };
    assert_eq!(outside(), (1, "kept".to_owned()));
    assert!(folder.0.join("traces/z.pcapng").exists());

    fs::remove_dir_all(folder.0.join("traces")).expect("ours");
    link(&folder, "outside", "traces");
    let ran = folder.hangup(&["run", "z"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert_eq!(outside(), (1, "kept".to_owned()));
    assert_eq!(folder.hangup(&["run", "z", "--traces", "outside"]).code, 0);
}

#[test]
fn a_golden_trace_that_cannot_be_read_is_a_failure() {
    let folder = Folder::new("golden-links");
    folder.write("scenarios/x.toml", HOLDS);
    link(&folder, "/dev/zero", "captures/x.pcapng");
    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let expected = "cannot read the golden trace captures/x.pcapng";
    assert!(ran.err.contains(expected), "{}", ran.err);
    let ran = folder.hangup(&["run", "--bless"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
}

#[test]
fn a_scenario_that_is_a_link_out_of_its_folder_is_not_quoted() {
    let folder = Folder::new("scenario-links");
    folder.write("secret", "the secret");
    folder.write("scenarios/x.toml", HOLDS);
    link(&folder, "../secret", "scenarios/evil.toml");
    for arguments in [&["run"][..], &["run", "evil"], &["check"], &["list"]] {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.out, ran.err);
        let expected = "scenarios/evil.toml is a symbolic link";
        assert!(ran.err.contains(expected), "{}", ran.err);
        assert!(!ran.err.contains("the secret") && !ran.out.contains("the secret"));
    }
    // Inside of its folder a link is as good as another file.
    fs::remove_file(folder.0.join("scenarios/evil.toml")).expect("ours");
    link(&folder, "x.toml", "scenarios/again.toml");
    assert_eq!(folder.hangup(&["run"]).code, 0);
}

#[test]
fn a_pipe_is_not_waited_for() {
    let folder = Folder::new("pipes");
    folder.write("scenarios/x.toml", HOLDS);
    folder.write("captures/empty", "");
    let pipes = [
        "a.toml",
        "a.pkt",
        "captures/x.pcapng",
        "scenarios/contract.toml",
    ];
    let made = Command::new("mkfifo")
        .args(pipes)
        .current_dir(&folder.0)
        .status();
    assert!(made.expect("there is `mkfifo`").success());
    for arguments in [
        &["run", "a.toml"][..],
        &["run", "a.pkt"],
        &["run", "x"],
        &["contract"],
        &["bench", "exhaustion", "a.toml"],
        &["bench", "exhaustion", "--resume", "a.toml"],
    ] {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.code, 3, "{arguments:?}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains("it is no regular file"), "{}", ran.err);
    }
}

#[test]
fn a_path_that_leads_upwards_has_its_trace_in_the_folder_of_traces() {
    let folder = Folder::new("upwards");
    folder.write("elsewhere/x.toml", HOLDS);
    folder.write("a/b/empty", "");
    let ran = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(["run", "../../elsewhere/x.toml"])
        .current_dir(folder.0.join("a/b"))
        .env_remove("HANGUP_TRACES")
        .output()
        .expect("the program was built");
    assert!(ran.status.success(), "{ran:?}");
    let expected = ["a/b/empty", "a/b/traces/x.pcapng", "elsewhere/x.toml"];
    assert_eq!(folder.files(), expected);
}

#[test]
fn an_output_takes_the_place_of_no_input() {
    let folder = Folder::new("onto-inputs");
    folder.write("x.toml", HOLDS);
    for option in ["-w", "--report-file", "--export-pkt"] {
        for output in ["x.toml", "./x.toml"] {
            let ran = folder.hangup(&["run", "x.toml", option, output]);
            assert_eq!(ran.code, 2, "{option}: {}", ran.err);
            assert!(ran.err.contains("would overwrite"), "{}", ran.err);
        }
    }
    let kept = fs::read_to_string(folder.0.join("x.toml")).expect("ours");
    assert_eq!(kept, HOLDS);
}

#[test]
fn a_name_forges_no_line_and_drives_no_terminal() {
    let folder = Folder::new("names");
    let name = "scenarios/a\n::error file=x::forged\u{1b}]0;title\u{7}\u{9b}31m.toml";
    folder.write(name, HOLDS.replace("listen(3, 1) = 0", "listen(3, 1) = -1"));
    for report in ["text", "github", "tap", "json", "junit"] {
        for colour in ["never", "always"] {
            let ran = folder.hangup(&["run", "--report", report, "--color", colour]);
            for text in [&ran.out, &ran.err] {
                let forged = |line: &str| line.starts_with("::error file=x");
                assert!(!text.lines().any(forged), "{report}: {text}");
                let odd = text.contains(['\u{7}', '\u{9b}']) || text.contains("\u{1b}]");
                assert!(!odd, "{report}: {text:?}");
            }
        }
    }
    for arguments in [&["list"][..], &["run", "--list"]] {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
        assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
    }
}

#[test]
fn help_that_cannot_be_written_is_an_error() {
    // Only Linux has a device that is full.
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        return;
    };
    let ran = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .arg("--help")
        .stdout(full)
        .status();
    assert_eq!(ran.expect("the program was built").code(), Some(3));
}

#[test]
fn a_script_may_begin_with_a_mark_as_a_scenario_may() {
    let folder = Folder::new("mark");
    folder.write("x.toml", format!("\u{feff}{HOLDS}"));
    folder.write(
        "x.pkt",
        "\u{feff}0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
    );
    let ran = folder.hangup(&["run", "x.toml", "x.pkt"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn a_file_of_nothing_but_tables_is_refused_at_once() {
    let folder = Folder::new("tables");
    folder.write("x.toml", "[a]\n".repeat(100_000));
    let ran = folder.hangup(&["run", "x.toml"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("at most 20000 tables"), "{}", ran.err);
}
