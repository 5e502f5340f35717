//! Our hosts against the machine's own kernel, over a TAP device in a network namespace of the
//! test's own: whole transfers, a page for curl, and every way to end a direction.
//!
//! The program starts itself again under `unshare --net`, so that nothing of the machine's network
//! is touched and the device is gone with the process. Where the machine does not allow that, it
//! says why and passes: what is skipped is said, never silent.

#[cfg(target_os = "linux")]
mod driver;
#[cfg(target_os = "linux")]
mod fetch;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod shutdown;
#[path = "../skip/mod.rs"]
mod skip;
#[cfg(target_os = "linux")]
mod transfer;

use std::process::ExitCode;

use skip::skipped;

/// What this program is called where it is skipped.
const TESTS: &str = "our hosts against the machine's kernel";

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    // `cargo test NAME` and `cargo test -- --list` reach every test program.
    let is_meant = |argument: String| argument.starts_with('-') || "kernel".contains(&argument);
    let lists = std::env::args().any(|argument| argument == "--list");
    if lists || !std::env::args().skip(1).all(is_meant) {
        return ExitCode::SUCCESS;
    }
    if namespace::is_inside() {
        inside();
        return ExitCode::SUCCESS;
    }
    match namespace::enter() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            skipped(TESTS, &why);
            ExitCode::SUCCESS
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    skipped(TESTS, "it needs Linux's TAP devices and network namespaces");
    ExitCode::SUCCESS
}

/// Everything, in the namespace.
#[cfg(target_os = "linux")]
fn inside() {
    use hangup_stack::network::IpFamily;

    options::the_kernel_has_the_same();
    println!("kernel: socket options: ok");
    type Test = fn(&str, IpFamily);
    let tests: [(&str, Test); 3] = [
        ("transfer", transfer::both_ways_at_once),
        ("curl", fetch::curl_gets_the_page),
        ("shutdown", shutdown::every_way_to_end),
    ];
    for (name, test) in tests {
        for profile in ["linux", "freebsd"] {
            for family in [IpFamily::V4, IpFamily::V6] {
                let began = std::time::Instant::now();
                test(profile, family);
                let seconds = began.elapsed().as_secs_f64();
                println!("kernel: {name}, {profile}, {family:?}: ok, {seconds:.1} s");
            }
        }
    }
}
