//! Real programs and the machine's kernel on the other end of the wire.
//!
//! Each test is a process of its own, which begins in namespaces of its own: the program starts
//! itself again for each, as the user that it is, and as root as an ordinary user too. Where the
//! machine does not allow that, it says why and passes: what is skipped is said, never silent.

#[cfg(target_os = "linux")]
mod devices;
#[cfg(target_os = "linux")]
mod exec;
#[cfg(target_os = "linux")]
mod folder;
#[cfg(target_os = "linux")]
mod foreign;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod kills;
#[cfg(target_os = "linux")]
mod others;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod proxy;
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
    let tests: &[process::Test] = &[
        ("a-tun-carries-packets-both-ways", devices::tun),
        ("a-cable-carries-frames-both-ways", devices::cable),
        ("curl-meets-a-deaf-server", exec::curl_meets_a_deaf_server),
        (
            "exec-has-the-exit-code-of-its-program",
            exec::exit_codes_and_signals,
        ),
        (
            "exec-names-the-congestion-control",
            exec::congestion_control,
        ),
        (
            "a-pipe-gets-the-trace-at-once",
            exec::a_pipe_gets_the_trace_at_once,
        ),
        ("hosts-have-their-names-inside", exec::names_and_addresses),
        ("nothing-is-left-behind", exec::nothing_is_left_behind),
        ("nothing-is-left-at-any-moment", kills::at_any_moment),
        (
            "a-refusal-says-what-to-do",
            exec::a_refusal_has_its_exit_code,
        ),
        (
            "other-languages-meet-the-deaf-peer",
            others::meet_the_deaf_peer,
        ),
        ("the-gallery-holds", others::gallery),
        ("a-test-drives-what-is-served", others::serve),
        ("redis-behind-a-proxy", proxy::redis),
        ("postgres-behind-a-proxy", proxy::postgres),
        ("a-proxy-has-its-limits", proxy::limits),
        ("a-reset-loses-no-octet-of-its-rule", proxy::exact),
        ("opening-and-closing-can-be-slow", proxy::slow),
        ("a-device-of-somebody-else-carries-it", foreign::device),
        ("both-families-meet-real-programs", foreign::both_families),
        ("scripts-hold-on-the-kernel", kernel::scripts_hold),
        (
            "a-failure-on-the-kernel-shows-both",
            kernel::a_failure_shows_both,
        ),
        ("verify-compares-with-the-kernel", kernel::verify_compares),
        ("processes-end-on-the-kernel", kernel::processes_end),
    ];
    process::run(tests)
}
