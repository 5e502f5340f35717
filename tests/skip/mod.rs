//! Skipped checks: a message for each, where nobody can overlook it.

use std::io::Write;

/// Says that something is not tested on this machine, and why. The test harness swallows what
/// macros print in a test that passes; this it does not, and `ci.sh` repeats it at its end.
pub(crate) fn skipped(what: &str, why: &str) {
    let line = format!("SKIPPED: {what}, {why}\n");
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("standard error takes a line");
}
