//! Ctrl-C: what is finished is told and kept, and nothing else is begun.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Folder, HOLDS};

/// How many scenarios there are: far more than run while a signal is on its way.
const TOTAL: usize = 3 * 1024;

/// Interrupts a command after a moment; returns what it did, and how long it took from then on.
fn interrupted(folder: &Folder, arguments: &[&str]) -> (super::Ran, Duration) {
    let child = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(arguments)
        .current_dir(&folder.0)
        .env_remove("HANGUP_SEED")
        .env("NO_COLOR", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built");
    std::thread::sleep(Duration::from_secs(1));
    let begun = Instant::now();
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("there is `kill`").success());
    let ran = super::Ran::from(child.wait_with_output().expect("it ends"));
    (ran, begun.elapsed())
}

/// A machine that does many things at once is slow; a run that went to its end would take minutes.
const AT_ONCE: Duration = Duration::from_secs(10);

#[test]
fn a_long_run_that_is_interrupted_ends_at_once() {
    let folder = Folder::new("interrupt-long");
    // A day of keep-alive probes, a second apart, on each of many connections.
    let probes = "+0  server: setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, 1) = 0\n\
                  +0  server: setsockopt(4, IPPROTO_TCP, TCP_KEEPIDLE, 1) = 0\n\
                  +0  server: setsockopt(4, IPPROTO_TCP, TCP_KEEPINTVL, 1) = 0\n";
    let script = format!("{probes}'''\nuntil = '24h'\nsweep.seed = '1..1024'\n\n[hosts");
    let text = HOLDS.replacen("'''\n\n[hosts", &script, 1);
    folder.write("long.toml", text);
    let (ran, taken) = interrupted(&folder, &["run", "long.toml", "--no-traces", "-j", "1"]);
    assert_eq!(ran.code, 130, "{}{}", ran.out, ran.err);
    assert!(taken < AT_ONCE, "{taken:?}");
    assert!(ran.err.contains("hangup: interrupted: "), "{}", ran.err);
}

#[test]
fn a_long_row_that_is_interrupted_ends_at_once() {
    let folder = Folder::new("interrupt-row");
    let (row, long) = (
        ["bench", "exhaustion"],
        ["--warm-up", "1GiB", "--mss", "536"],
    );
    let (ran, taken) = interrupted(&folder, &[&row[..], &long].concat());
    assert_eq!(ran.code, 130, "{}{}", ran.out, ran.err);
    assert!(taken < AT_ONCE, "{taken:?}");
}

#[test]
fn an_interrupted_run_reports_what_is_finished() {
    let folder = Folder::new("interrupt");
    for name in ["a", "b", "c"] {
        let swept = format!("{HOLDS}\n[sweep]\nseed = '1..1024'\n");
        folder.write(&format!("scenarios/{name}.toml"), swept);
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(["run", "-j", "1"])
        .current_dir(&folder.0)
        .env_remove("HANGUP_SEED")
        .env_remove("HANGUP_TRACES")
        .env("NO_COLOR", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut text = String::new();
    out.read_line(&mut text).expect("it says something");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("there is `kill`").success());
    out.read_to_string(&mut text).expect("it is text");
    let ran = super::Ran::from(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.code, 130, "{}", ran.err);

    let held = text.lines().filter(|line| line.starts_with("held")).count();
    assert!((1..TOTAL).contains(&held), "{held} have run");
    let said = format!("hangup: interrupted: {held} of {TOTAL} have run\n");
    assert!(ran.err.ends_with(&said), "{}", ran.err);

    // Each that held has its whole trace, and there is nothing but whole traces.
    let traces: Vec<String> = folder.files();
    let traces: Vec<&String> = traces
        .iter()
        .filter(|it| it.starts_with("traces/"))
        .collect();
    assert_eq!(traces.len(), held, "{traces:?}");
    let last = text.lines().rfind(|line| line.starts_with("held"));
    let last = last
        .and_then(|line| line.split_whitespace().nth(1))
        .expect("one held");
    let (file, seed) = last.split_once("@seed=").expect("a combination has a name");
    let file = format!("scenarios/{file}.toml");
    let again = folder.hangup(&["run", &file, "--seed", seed, "--traces", "again"]);
    assert_eq!(again.code, 0, "{}", again.err);
    let read = |under: &str| std::fs::read(folder.0.join(format!("{under}/{last}.pcapng")));
    assert_eq!(read("traces").unwrap(), read("again").unwrap());
}
