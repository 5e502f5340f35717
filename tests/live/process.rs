//! Tests that are processes.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use crate::skip::skipped;

/// The name of a test, and what it does.
pub(crate) type Test = (&'static str, fn() -> Tested);

/// How a test ends that does not panic. An error says why it cannot be done on this machine.
pub(crate) type Tested = Result<(), String>;

/// By what a process knows that it is to do one test.
const ALONE: &str = "HANGUP_LIVE_TEST";

/// How a process says that its test was skipped.
const SKIPPED: u8 = 77;

/// Nobody: a user without privileges.
const NOBODY: u32 = 65534;

/// Runs the tests that the command line names, as every test program does.
pub(crate) fn run(tests: &[Test]) -> ExitCode {
    if let Ok(name) = std::env::var(ALONE) {
        return alone(tests, &name);
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let lists = arguments.iter().any(|it| it == "--list");
    let names: Vec<&String> = arguments.iter().filter(|it| !it.starts_with('-')).collect();
    let is_meant = |name: &str| names.is_empty() || names.iter().any(|it| name.contains(*it));
    let mut all_passed = true;
    for (name, _) in tests.iter().filter(|(name, _)| is_meant(name)) {
        if lists {
            println!("{name}: test");
            continue;
        }
        let users = match rustix::process::geteuid().is_root() {
            true => [None, Some(NOBODY)].as_slice(),
            false => [None].as_slice(),
        };
        for user in users {
            all_passed &= passes(name, *user);
        }
    }
    match all_passed {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn passes(name: &str, user: Option<u32>) -> bool {
    let program = std::env::current_exe().expect("a program knows where it is");
    let mut command = Command::new(program);
    command.env(ALONE, name);
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let began = std::time::Instant::now();
    let status = command.status().expect("the program can be started again");
    let seconds = began.elapsed().as_secs_f64();
    let who = match user {
        Some(user) => format!("as user {user}"),
        None => "as it is".to_owned(),
    };
    let said = match status.code() {
        Some(0) => "ok",
        Some(code) if code == i32::from(SKIPPED) => "skipped",
        _ => "FAILED",
    };
    println!("live: {name}, {who}: {said}, {seconds:.1} s");
    said != "FAILED"
}

fn alone(tests: &[Test], wanted: &str) -> ExitCode {
    let test = tests.iter().find(|(name, _)| *name == wanted);
    let (_, test) = test.expect("the test was named by this program");
    match test() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            skipped(wanted, &why.replace('\n', ";"));
            SKIPPED.into()
        }
    }
}
