//! What once surprised people: an option without an effect, and words that point nowhere.

use super::{Folder, HOLDS, hangup};

#[test]
fn an_option_that_would_change_nothing_is_an_error() {
    let folder = Folder::new("no-effect");
    folder.write("a.toml", HOLDS);
    let rows: [(&[&str], &str); 6] = [
        (
            &["run", "a.toml", "--seed", "1", "--set", "seed=2"],
            "only one of them can hold",
        ),
        (
            &["show", "a.toml", "--seed", "1", "--set", "seed=2"],
            "only one of them can hold",
        ),
        (
            &[
                "compare",
                "a.toml",
                "--profiles",
                "linux,freebsd",
                "--set",
                "hosts.server.profile=windows",
            ],
            "--profiles says what it is",
        ),
        (
            &["check", "a.toml", "--timeout", "1s"],
            "--timeout limits commands that run",
        ),
        (
            &["--memory", "1MiB", "list"],
            "--memory limits commands that run",
        ),
        (
            &["profiles", "--memory", "1MiB"],
            "--memory limits commands that run",
        ),
    ];
    for (arguments, expected) in rows {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.out);
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
    }
    let other = [
        "compare",
        "a.toml",
        "--profiles",
        "linux",
        "--set",
        "hosts.client.profile=freebsd",
    ];
    assert_eq!(folder.hangup(&other).code, 0);
    assert_eq!(
        folder.hangup(&["run", "a.toml", "--timeout", "60s"]).code,
        0
    );
}

#[test]
fn a_failure_between_two_other_hosts_says_where_to_look() {
    let folder = Folder::new("at-hint");
    let text = HOLDS.replace("server", "proxy").replacen(
        "script",
        "hosts.aside.profile = 'linux'\nscript",
        1,
    );
    let text = text.replace(
        "accept(3) = 4\n",
        "accept(3) = 4\n+1 client > proxy: R 9:9(0)\n",
    );
    folder.write("three.toml", text);
    let ran = folder.hangup(&["run", "three.toml", "--no-traces", "--at", "aside"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let help = "help: --at client shows the trace of that host";
    assert!(ran.err.contains(help), "{}", ran.err);
    let ran = folder.hangup(&["run", "three.toml", "--no-traces", "--at", "proxy"]);
    assert!(!ran.err.contains("--at client shows"), "{}", ran.err);
}

#[test]
fn a_connection_that_is_gone_is_none_without_a_number() {
    let folder = Folder::new("gone");
    let ends = "then client: close(3) = 0\nthen server: recv(4, 9) = 0\n\
                then server: close(4) = 0\n+100 server: expect state == none\n\
                +0 client: expect state == none\n'''";
    folder.write(
        "gone.toml",
        HOLDS.replacen("'''\n\n[hosts", &format!("{ends}\n\n[hosts"), 1),
    );
    let ran = folder.hangup(&["run", "gone.toml", "--no-traces"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn a_host_of_smoltcp_takes_data_and_has_an_end() {
    let arguments = [
        "recv-disconnect/arriving-data-resets",
        "--profiles",
        "smoltcp",
    ];
    let ran = hangup(&[&["compare", "--width", "100"][..], &arguments].concat());
    let row = ran.out.lines().find(|line| line.starts_with(" smoltcp"));
    let words: Vec<&str> = row.unwrap_or_default().split_whitespace().collect();
    let expected = [
        "smoltcp",
        "none",
        "1000",
        "queued",
        "64635",
        "ESTABLISHED",
        "ESTABLISHED",
    ];
    assert_eq!(words, expected, "{}", ran.out);
}

#[test]
fn a_guard_behind_the_time_is_told_where_it_stands() {
    let folder = Folder::new("guard");
    let text = HOLDS.replacen("+0  client: socket", "+0  [client=linux] client: socket", 1);
    folder.write("guard.toml", text);
    let ran = folder.hangup(&["check", "guard.toml"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    let help = "help: a guard stands first in its line";
    assert!(ran.err.contains(help), "{}", ran.err);
}

#[test]
fn what_is_asked_of_traces_that_are_not_written_is_an_error() {
    let folder = Folder::new("no-traces");
    folder.write("holds.toml", HOLDS);
    let run =
        |more: &[&str]| folder.hangup(&[&["run", "holds.toml", "--no-traces"], more].concat());
    for about in [
        ["--traces", "there"],
        ["--trace-size", "32KiB"],
        ["--snaplen", "128"],
        ["--format", "text"],
    ] {
        let ran = run(&about);
        let expected = format!("{} is about traces, and --no-traces writes none", about[0]);
        assert!(ran.err.contains(&expected), "{}", ran.err);
        assert_eq!(ran.code, 2, "{}", ran.err);
    }
    assert_eq!(run(&[]).code, 0);
}

#[test]
fn a_key_of_a_host_and_a_group_of_knobs_say_where_the_rest_is() {
    let folder = Folder::new("host-key");
    folder.write("holds.toml", HOLDS);
    let ran = folder.hangup(&["run", "holds.toml", "--set", "client.rto.min=1s"]);
    let expected = "help: the keys of the host are `hosts.client.KEY`";
    assert!(ran.err.contains(expected), "{}", ran.err);
    assert_eq!(ran.code, 2);
    let ran = folder.hangup(&["run", "holds.toml", "--set", "hosts.client.rto=3"]);
    assert!(
        ran.err.contains("help: it has rto.initial, rto.min"),
        "{}",
        ran.err
    );
    assert_eq!(ran.code, 2);
}
