//! Bad input gets an error with its place, an exit code, and nothing half-written.

use super::{Folder, HOLDS};

/// What a bad file is refused for, with the exit code.
fn refused(test: &str, octets: impl AsRef<[u8]>, code: i32, says: &str) {
    let folder = Folder::new(test);
    folder.write("scenarios/bad.toml", octets);
    let before = folder.files();
    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, code, "{test}: {}", ran.err);
    assert!(ran.err.contains(says), "{test}: {}", ran.err);
    assert!(!ran.err.contains("panicked"), "{test}: {}", ran.err);
    assert_eq!(folder.files(), before, "{test}: nothing is left behind");
}

#[test]
fn files_that_are_no_scenarios() {
    let with = |old: &str, new: &str| {
        assert!(HOLDS.contains(old), "{old}");
        HOLDS.replacen(old, new, 1)
    };
    let at = "scenarios/bad.toml:";
    refused("no-toml", "hosts = [", 2, at);
    refused("no-text", [0xff, 0xfe, 0x00], 2, at);
    refused(
        "no-script",
        "# Nothing.\n[hosts.a]\nprofile = \"linux\"\n",
        2,
        "script",
    );
    refused(
        "unknown-key",
        with("[hosts.client]", "[hosts.client]\nmmss = 1000"),
        2,
        "`mss`",
    );
    refused(
        "unknown-call",
        with("listen(3, 1)", "lissten(3, 1)"),
        2,
        "`listen`",
    );
    refused(
        "unknown-host",
        with("client: socket", "clinet: socket"),
        2,
        "`client`",
    );
    refused(
        "unknown-profile",
        with("\"linux\"", "\"linus\""),
        2,
        "`linux`",
    );
    refused(
        "absurd-number",
        with("[hosts.client]", "[network]\nloss = 7\n[hosts.client]"),
        2,
        at,
    );
    let long = "+0  client: close(3) = 0\n".repeat(10 << 20 >> 5);
    refused(
        "ten-megabytes",
        with("'''\n0", &format!("'''\n{long}0")),
        2,
        "at most 1024 KiB",
    );
}

#[test]
fn what_is_not_there() {
    let folder = Folder::new("not-there");
    let ran = folder.hangup(&["run", "scenarios/none.toml"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(
        ran.err.contains("there is no file scenarios/none.toml"),
        "{}",
        ran.err
    );

    let ran = folder.hangup(&["run", "--filter", "nothing-like-it"]);
    assert_eq!(ran.code, 4, "{}", ran.err);

    // A folder of that name goes before what is shipped.
    folder.write("scenarios/read.me", "nothing to run");
    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.err.contains("no scenario in scenarios"), "{}", ran.err);
}

#[test]
fn a_wrong_command_line() {
    let folder = Folder::new("command-line");
    folder.write("scenarios/a.toml", HOLDS);
    folder.write("scenarios/b.toml", HOLDS);
    let rows: [(&[&str], &str); 5] = [
        (&["run", "--sed", "1"], "--seed"),
        (&["runn"], "run"),
        (&["run", "--seed", "x"], "invalid value"),
        (&["run", "-j", "0"], "invalid value"),
        (&["run", "-w", "x.pcapng"], "2 scenarios were selected"),
    ];
    for (arguments, says) in rows {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
    }
    assert!(!folder.files().iter().any(|file| file.ends_with("pcapng")));
}

#[test]
fn a_trace_that_cannot_be_written() {
    let folder = Folder::new("cannot-write");
    folder.write("scenarios/a.toml", HOLDS);
    folder.write("traces", "a file where a folder should be");
    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.err.contains("cannot create the directory traces"),
        "{}",
        ran.err
    );
}

/// A scenario that would go on for ever is stopped, and says why.
#[test]
fn a_scenario_that_never_ends() {
    let folder = Folder::new("never-ends");
    // Nobody connects a second time.
    let wait = "accept(3) = 4\n+0  server: ...+5 accept(3) = 5\n";
    folder.write(
        "scenarios/endless.toml",
        HOLDS.replace("accept(3) = 4\n", wait),
    );
    let ran = folder.hangup(&["run", "--no-traces"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("`accept` never returned"), "{}", ran.err);
}

#[test]
fn a_failure_shows_its_place_what_came_instead_and_how_to_replay_it() {
    let folder = Folder::new("failure");
    let wrong = HOLDS.replace(
        "+0  server: accept",
        "+0  client > server: F. 1:1(0) ack 1\n+0  server: accept",
    );
    folder.write("scenarios/wrong.toml", wrong);
    let ran = folder.hangup(&["run", "--no-traces"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    insta::assert_snapshot!("failure", ran.err);
}

/// What the documents leave undefined has no right result: the scenario fails whatever it expects,
/// and the message names the page.
#[test]
fn a_blocking_call_inside_an_apc_that_interrupted_one_fails() {
    let folder = Folder::new("apc");
    folder.write("scenarios/apc.toml", APC);
    let ran = folder.hangup(&["run", "--no-traces"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    insta::assert_snapshot!("apc", ran.err);
}

const APC: &str = r#"# A blocking call inside an APC.

hosts.server.profile = "winsock"
hosts.client.profile = "linux"

script = '''
0     server: WSAStartup(0x0202) = 0
+0    server: socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) = 3
+0    server: bind(3, server:53) = 0
+0    server: ...1 recv(3, 100) = 10
0.2   server/main.apc: WSARecvDisconnect(3, NULL) = ...
1     client: socket(AF_INET, SOCK_DGRAM, 0) = 3
+0    client: sendto(3, 10, server:53) = 10
'''
"#;
