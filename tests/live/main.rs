//! Real programs and the machine's kernel on the other end of the wire.
//!
//! Each test is a process of its own, which begins in namespaces of its own: the program starts
//! itself again for each, as the user that it is, and as root as an ordinary user too. Where the
//! machine does not allow that, it says why and passes: what is skipped is said, never silent.

#[cfg(target_os = "linux")]
mod devices;
#[cfg(target_os = "linux")]
mod process;
#[path = "../skip/mod.rs"]
mod skip;

use std::process::ExitCode;

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    skip::skipped("the live medium", "it needs Linux's namespaces and devices");
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let tests: [process::Test; 2] = [
        ("a-tun-carries-packets-both-ways", devices::tun),
        ("a-cable-carries-frames-both-ways", devices::cable),
    ];
    process::run(&tests)
}
