//! Scripts and scenarios on the machine's own kernel, as the user that runs the tests.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::process::Tested;

/// The file of a script.
fn script(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/live/scripts");
    folder.join(name)
}

/// Runs the program.
///
/// # Errors
/// The machine does not let it have a namespace, in its words.
fn hangup(arguments: &[&str], files: &[PathBuf]) -> Result<Output, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hangup"));
    command.args(arguments).args(files).env("NO_COLOR", "1");
    let output = command.output().expect("the program can be started");
    if output.status.code() == Some(3) {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(words.trim().to_owned());
    }
    Ok(output)
}

/// The word with which the report says each verdict, one a script.
fn verdicts(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let words = text.lines().filter(|line| line.contains(".pkt"));
    let first = |line: &str| {
        line.split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    words.map(first).collect()
}

/// Whether the machine had time for all that was played.
///
/// # Errors
/// It says that it did something too late in each of forty attempts.
fn not_busy(output: &Output) -> Tested {
    let said = String::from_utf8_lossy(&output.stderr);
    let busy = said
        .lines()
        .find(|it| it.contains("the machine is too busy"));
    busy.map_or(Ok(()), |line| Err(line.to_owned()))
}

/// Scripts hold that say what the kernel does, at once as one after the other.
pub(crate) fn scripts_hold() -> Tested {
    let files = ["shutdown.pkt", "timer.pkt", "waiting.pkt"].map(script);
    for jobs in ["1", "4"] {
        let arguments = ["run", "--kernel", "--no-traces", "-j", jobs];
        let output = hangup(&arguments, &files)?;
        let shown = String::from_utf8_lossy(&output.stderr);
        not_busy(&output)?;
        assert_eq!(verdicts(&output), ["held"; 3], "-j {jobs}: {shown}");
        assert_eq!(output.status.code(), Some(0));
    }
    Ok(())
}

/// A script fails that says something else, with what the kernel sends and what the profile does.
pub(crate) fn a_failure_shows_both() -> Tested {
    let output = hangup(&["run", "--kernel", "--no-traces"], &[script("wrong.pkt")])?;
    not_busy(&output)?;
    assert_eq!(verdicts(&output), ["failed"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&output.stderr);
    for wanted in [
        "wrong.pkt:3:3: the host has sent another packet",
        "the kernel:\n",
        "profile linux, in virtual time:\n",
        "host > peer: R. 0:0(0) ack 1",
    ] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
    Ok(())
}

/// The emulated Linux does what the kernel does in scripts that hold on both, and a report says so.
pub(crate) fn verify_compares() -> Tested {
    let output = hangup(&["verify", "--json"], &[script("shutdown.pkt")])?;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let case = &report["cases"][0];
    let name = case["name"].as_str().unwrap_or_default();
    assert!(name.ends_with("shutdown.pkt"), "{report}");
    assert_eq!(case["result"], "same", "{report}");
    assert_eq!(output.status.code(), Some(0));
    Ok(())
}

/// Scenarios of descriptors, of processes that end, and of peers that crash, which hold on the
/// emulated Linux, hold on the kernel.
pub(crate) fn processes_end() -> Tested {
    let names = [
        "data-on-its-way-survives",
        "dup2-closes-what-it-replaces",
        "epoll-watches-what-is-closed",
        "exit-closes-all",
        "exit-does-not-linger",
        "linger-of-zero-at-the-end-of-a-process",
        "one-of-two-descriptors-is-closed",
        "process-starts-again",
        "reboot-forgets-time-wait",
        "rebooted-client-comes-again",
        "shutdown-of-one-descriptor",
    ];
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/processes");
    let files = names.map(|name| folder.join(format!("{name}.toml")));
    let output = hangup(&["run", "--kernel", "--no-traces", "-j", "4"], &files)?;
    let shown = String::from_utf8_lossy(&output.stderr);
    let report = String::from_utf8_lossy(&output.stdout);
    not_busy(&output)?;
    assert_eq!(output.status.code(), Some(0), "{report}{shown}");
    let held = report.lines().filter(|line| line.starts_with("held "));
    assert_eq!(held.count(), names.len(), "{report}");
    Ok(())
}
