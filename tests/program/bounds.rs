//! Runs that would take more than they may: memory, traces, wall time, and storms.

use std::time::{Duration, Instant};

use super::{Folder, HOLDS};

/// A scenario that holds, with more lines at the end of its script, and more keys.
fn and_then(lines: &str, keys: &str) -> String {
    let text = HOLDS.replacen("'''\n\n[hosts", &format!("{lines}'''\n{keys}\n[hosts"), 1);
    assert!(text.len() > HOLDS.len());
    text
}

#[test]
fn what_needs_more_memory_than_it_may_have_fails_at_its_line() {
    let folder = Folder::new("memory");
    let send = "+0  client: send(3, 1048576) = 1048576\n".repeat(40);
    let text = and_then(&format!("+0  link down\n{send}"), "");
    let text = format!("{text}send_buffer = '1GiB'\n");
    folder.write("writes.toml", text);
    let run = |memory| folder.hangup(&["run", "writes.toml", "--no-traces", "--memory", memory]);
    assert_eq!(run("64MiB").code, 0, "{}", run("64MiB").err);
    let ran = run("16MiB");
    assert_eq!(ran.code, 1, "{}", ran.err);
    let expected = "writes.toml:26:1: the run was stopped at 0.000000 s: it needs more than 16MiB \
                    of memory (--memory)\n";
    assert!(ran.err.starts_with(expected), "{}", ran.err);
    assert_eq!(ran.err, run("16MiB").err, "at the same place each time");

    let writes = "+0 write(4, ..., 1048576) = 1048576\n".repeat(40);
    let script = format!(
        "`sysctl -q net.core.wmem_max=900000000`\n\
         0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
         +0 setsockopt(3, SOL_SOCKET, SO_SNDBUF, [900000000], 4) = 0\n\
         +0 bind(3, ..., ...) = 0\n+0 listen(3, 1) = 0\n\
         +0 < S 0:0(0) win 1000\n+0 > S. 0:0(0) ack 1 <...>\n+.1 < . 1:1(0) ack 1 win 1000\n\
         +0 accept(3, ..., ...) = 4\n{writes}"
    );
    folder.write("writes.pkt", script);
    let ran = folder.hangup(&["run", "writes.pkt", "--no-traces", "--memory", "16MiB"]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("it needs more than 16MiB"), "{}", ran.err);
}

/// Long runs take no more memory than short ones, whether or not somebody reads them: their traces
/// are written and their filters count while they go on.
#[test]
fn a_long_transfer_needs_the_memory_of_a_short_one() {
    let folder = Folder::new("bulk");
    let text = "# A client pushes a lot.\nnetwork.delay = '1ms'\n\
                script = '0.001 client > server: S'\n\
                [[expect]]\nfilter = 'tcp.flags.fin == 1'\nframes = 2\n\
                [hosts.server]\nprofile = 'linux'\nprogram = 'listen 80 { discard; close }'\n\
                [hosts.client]\nprofile = 'linux'\n\
                program = 'connect server:80 { send 48MiB; close }'\n";
    folder.write("bulk.toml", text);
    for more in [&["--no-traces"][..], &[], &["-w", "bulk.pcapng"]] {
        let arguments = [&["run", "bulk.toml", "--memory", "32MiB"], more].concat();
        let ran = folder.hangup(&arguments);
        assert_eq!(ran.code, 0, "{more:?}: {}", ran.err);
    }
    let read = |name: &str| std::fs::read(folder.0.join(name)).expect("a trace");
    let trace = read("bulk.pcapng");
    assert!(trace.len() > 50 << 20);
    assert!(
        trace == read("traces/bulk.pcapng"),
        "the same, wherever it goes"
    );
    // What fails stands at the beginning of the file, and is known at its end.
    folder.write("fails.toml", text.replace("frames = 2", "frames = 3"));
    let ran = folder.hangup(&["run", "fails.toml", "--memory", "32MiB"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let failed = read("traces/fails.pcapng");
    let head = String::from_utf8_lossy(&failed[..512]);
    assert!(
        head.contains("the filter selects 2 frames, not 3"),
        "{head}"
    );
    assert!(
        ran.err.contains(" > client: F. "),
        "the last lines: {}",
        ran.err
    );
}

#[test]
fn a_trace_longer_than_it_may_be_is_not_written() {
    let folder = Folder::new("trace-size");
    let sends = "+0  client: send(3, 60000) = 60000\n+1  server: recv(4, 60000) = 60000\n";
    let text = and_then(sends, "");
    folder.write("sends.toml", format!("{text}send_buffer = '64KiB'\n"));
    let run = |more: &[&str]| {
        folder.hangup(&[&["run", "sends.toml", "--format", "pcapng,text"], more].concat())
    };
    let read = |name: &str| std::fs::read(folder.0.join("traces").join(name)).expect("a trace");
    let ran = run(&["--trace-size", "32KiB"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let expected = "its trace has more than 32KiB (--trace-size)";
    assert!(ran.err.contains(expected), "{}", ran.err);

    assert_eq!(run(&["--trace-size", "32KiB", "--snaplen", "128"]).code, 0);
    let (cut, lines) = (read("sends.pcapng").len(), read("sends.txt"));
    assert_eq!(run(&[]).code, 0);
    let whole = read("sends.pcapng").len();
    assert!(cut < 20_000 && whole > 60_000, "{cut} {whole}");
    assert_eq!(lines, read("sends.txt"), "lengths are those of the wire");
}

#[test]
fn a_sweep_that_takes_too_long_ends_when_its_time_is_over() {
    let folder = Folder::new("timeout");
    // A day of keep-alive probes, a second apart, for each of many seeds.
    let probes = "+0  server: setsockopt(4, SOL_SOCKET, SO_KEEPALIVE, 1) = 0\n\
                  +0  server: setsockopt(4, IPPROTO_TCP, TCP_KEEPIDLE, 1) = 0\n\
                  +0  server: setsockopt(4, IPPROTO_TCP, TCP_KEEPINTVL, 1) = 0\n";
    let keys = "until = '24h'\nsweep.seed = '1..9'\n";
    folder.write("probes.toml", and_then(probes, keys));
    let begun = Instant::now();
    let arguments = [
        "run",
        "probes.toml",
        "--no-traces",
        "-j",
        "1",
        "--timeout",
        "1s",
    ];
    let ran = folder.hangup(&arguments);
    let taken = begun.elapsed();
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(taken < Duration::from_secs(20), "{taken:?}");
    for expected in [
        "the run was stopped at ",
        "1 s of wall time have passed (--timeout)",
        "of 9 have run\n",
    ] {
        assert!(ran.err.contains(expected), "{}", ran.err);
    }
}

/// An octet that nobody sent.
const FORGED: &str = "+1  inject client > server: P. 1:2(1) ack 1\n";

#[test]
fn one_forged_octet_between_hosts_without_limits_is_an_error_that_shows_the_cycle() {
    let folder = Folder::new("storm");
    folder.write("storm.toml", and_then(FORGED, "until = '24h'\n"));
    let run = |server: &str, client: &str| {
        let server = format!("hosts.server.profile={server}");
        let client = format!("hosts.client.profile={client}");
        let settings = ["--set", &server, "--set", &client];
        folder.hangup(&[&["run", "storm.toml", "--no-traces"][..], &settings].concat())
    };
    assert_eq!(run("netbsd", "linux").code, 0, "one of them has a limit");
    let ran = run("netbsd", "lwip");
    assert_eq!(ran.code, 1, "{}", ran.err);
    for expected in [
        "two hosts answer each other's packets without end, 1000 times with nothing new",
        " client > server: . 1:1(0) ack 1 win",
        " server > client: . 1:1(0) ack 2 win",
        "= limit: client, lwip: acceptance.unsent = \"acknowledge\" (read: tcp_receive",
    ] {
        assert!(ran.err.contains(expected), "{expected}: {}", ran.err);
    }
}

#[test]
fn a_comparison_whose_runs_do_not_end_says_so() {
    let folder = Folder::new("compare-storm");
    let text = and_then(FORGED, "until = '24h'\n");
    folder.write("storm.toml", text.replace("linux", "netbsd"));
    let ran = folder.hangup(&["compare", "storm.toml", "--profiles", "linux,netbsd"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("without end"), "{}", ran.err);
}
