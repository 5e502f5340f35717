//! A network namespace of the test's own.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Set in the process inside.
const INSIDE: &str = "HANGUP_KERNEL_TEST_NAMESPACE";
const TUN: &str = "/dev/net/tun";

/// Whether this process is the one inside.
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs this program again, inside.
///
/// # Errors
/// Why this machine cannot do that.
pub(crate) fn enter() -> Result<ExitStatus, String> {
    if !Path::new(TUN).exists() {
        return Err(format!("there is no {TUN} (load the module tun)"));
    }
    for (program, arguments) in [("ip", ["-V"]), ("curl", ["-V"]), ("unshare", ["-V"])] {
        let status = Command::new(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !status.is_ok_and(|status| status.success()) {
            return Err(format!("`{program}` is not installed"));
        }
    }
    let allowed = Command::new("unshare").args(["--net", "true"]).output();
    let allowed = allowed.map_err(|error| format!("unshare: {error}"))?;
    if !allowed.status.success() {
        let words = String::from_utf8_lossy(&allowed.stderr);
        return Err(format!("no namespace for this user: {}", words.trim()));
    }
    let writable = std::fs::OpenOptions::new().read(true).write(true).open(TUN);
    writable.map_err(|error| format!("{TUN}: {error}"))?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let status = Command::new("unshare")
        .arg("--net")
        .arg(program)
        .env(INSIDE, "1")
        .status();
    status.map_err(|error| format!("unshare: {error}"))
}

/// Runs `ip` with some words.
///
/// # Panics
/// Where it fails: inside, everything is allowed.
pub(crate) fn ip(words: &str) {
    let output = Command::new("ip").args(words.split_whitespace()).output();
    let output = output.expect("ip is installed");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {words}: {error}");
}
