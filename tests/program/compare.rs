//! `hangup compare`: its output, its messages about scenarios that cannot be compared, and the
//! examples in the documents.

use std::path::Path;

use super::{Folder, hangup};

/// What a comparison prints.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let ran = hangup(&[&["compare"], arguments].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
    ran.out
}

#[test]
fn the_documents_show_what_is_printed() {
    let mut shown = 0;
    for document in ["README.md", "docs/compare.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let text = std::fs::read_to_string(path).expect("the document is there");
        for block in text
            .split("\n```\n")
            .filter(|it| it.starts_with("$ hangup compare "))
        {
            let (command, output) = block.split_once('\n').expect("something is printed");
            let arguments: Vec<&str> = command.split(' ').skip(3).collect();
            let printed = printed(&arguments);
            assert!(
                printed.trim_end() == output.trim_end(),
                "{document}: `{command}` prints\n{printed}"
            );
            shown += 1;
        }
    }
    assert_eq!(shown, 3, "there are so many comparisons in the documents");
}

#[test]
fn any_width_can_be_drawn() {
    let all = "wsprecvdisconnect,winsock,windows,linux,gvisor,freebsd,openbsd,netbsd,macos,illumos,\
               netstack3,lwip";
    let rows = [
        ("recv-disconnect/held-until-exhausted", "wsprecvdisconnect"),
        ("recv-disconnect/held-until-exhausted", all),
        ("recv-disconnect/same-as-sd-receive", "winsock,linux"),
        ("udp/recv-disconnect-queues-datagrams-ipv6", all),
    ];
    for (scenario, profiles) in rows {
        for width in ["40", "60", "80", "100", "160", "400"] {
            let text = printed(&[scenario, "-p", profiles, "--width", width]);
            let limit: usize = width.parse().unwrap();
            let longest = text.lines().map(|line| line.chars().count()).max();
            assert!(
                longest.unwrap_or(0) <= limit,
                "{scenario} in {width}:\n{text}"
            );
            for profile in profiles.split(',') {
                let is_there = ["\n {} ", "\n{}\n"].map(|it| it.replace("{}", profile));
                assert!(
                    is_there.iter().any(|it| text.contains(it)),
                    "{scenario}, {profile}"
                );
            }
        }
    }
}

#[test]
fn systems_that_do_the_same_do_not_part() {
    let scenario = "recv-disconnect/arriving-data-resets";
    let text = printed(&[scenario, "-p", "winsock,windows"]);
    assert!(text.contains("They part at 0.210 s"), "{text}");
    let text = printed(&[scenario, "-p", "linux,gvisor"]);
    assert!(text.contains("They do not part."), "{text}");
    let text = printed(&[scenario, "-p", "linux,winsock"]);
    assert!(text.contains("They part at 0.210 s"), "{text}");
    // The other host can be the one that changes.
    let text = printed(&[scenario, "-p", "linux,freebsd", "--host", "client"]);
    assert!(text.contains("with another system on client"), "{text}");
}

/// What is set holds in every column, under systems that the file does not name, too.
#[test]
fn settings_hold_under_every_system() {
    let scenario = "recv-disconnect/arriving-data-resets";
    let buffer = "hosts.server.receive_buffer=4000";
    let compared = |settings: &[&str]| {
        let text = printed(&[&[scenario, "-p", "linux,freebsd", "--json"], settings].concat());
        serde_json::from_str::<serde_json::Value>(&text).expect("it is JSON")
    };
    let (plain, set) = (compared(&[]), compared(&["--set", buffer]));
    assert_eq!(plain["settings"], serde_json::json!([]));
    assert_eq!(set["settings"], serde_json::json!([buffer]));
    for system in 0..2 {
        let window = |it: &serde_json::Value| it["systems"][system]["summary"]["window"].as_u64();
        let (plain, set) = (window(&plain).unwrap(), window(&set).unwrap());
        assert!(plain > 60_000 && set < 4000, "{plain} and {set}");
    }
    let text = printed(&[scenario, "-p", "linux", "--set", "network.delay=1ms"]);
    assert!(text.contains("\nset: network.delay=1ms\n"), "{text}");
    for (setting, says) in [
        ("hosts.servre.mss=500", "did you mean `server`?"),
        ("hosts.server.mss=1", "--set"),
        ("hosts.server", "a setting is `KEY=VALUE`"),
    ] {
        let ran = hangup(&["compare", scenario, "--set", setting]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{setting}");
        assert!(ran.err.contains(says), "{setting}: {}", ran.err);
    }
}

/// Of a sweep the first combination is compared, or the one that is set.
#[test]
fn a_combination_of_a_sweep_is_compared_as_it_is() {
    let folder = Folder::new("compare-sweep");
    let scenario = "# A window follows the buffer.\nscript = '''\n\
        0    server: socket(AF_INET, SOCK_STREAM, 0) = 3\n\
        +0   server: bind(3, server:80) = 0\n\
        +0   server: listen(3, 1) = 0\n\
        +.1  client > server: S 0:0(0) win 65535 <mss 1460>\n'''\n\
        hosts.server.profile = \"linux\"\nhosts.client.profile = \"scripted\"\n\
        [sweep]\nhosts.server.receive_buffer = [5000, 9000]\n";
    folder.write("mine.toml", scenario);
    let other: &[&str] = &["--set", "hosts.server.receive_buffer=9000"];
    for (set, buffer) in [(&[][..], 5000), (other, 9000)] {
        let ran = folder.hangup(&[&["compare", "mine.toml", "-p", "freebsd"], set].concat());
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let expected = [
            format!("mine@receive_buffer={buffer}, with another system"),
            format!("set: hosts.server.receive_buffer={buffer}\n"),
            format!("win {buffer}"),
        ];
        for expected in expected {
            assert!(ran.out.contains(&expected), "{expected}:\n{}", ran.out);
        }
    }
}

#[test]
fn a_comparison_for_programs() {
    let scenario = "recv-disconnect/arriving-data-resets";
    let text = printed(&[scenario, "-p", "winsock,linux", "--json"]);
    insta::assert_snapshot!("compare_json", text);
}

#[test]
fn what_cannot_be_compared_is_said() {
    let rows = [
        (
            &["winsock/itot/over-ipv6", "-p", "linux"][..],
            "over-ipv6.toml:5:22: `socket` has no counterpart in POSIX",
        ),
        (
            &["winsock/overlapped/a-reset-ends-them", "-p", "linux"],
            "= system: linux",
        ),
        (
            &["recv-disconnect/arriving-data-resets", "-p", "linus"],
            "there is no profile `linus`: did you mean `linux`?",
        ),
        (
            &["recv-disconnect/arriving-data-resets", "--host", "servre"],
            "has no such host with a system; it has server, client",
        ),
        (&["recv-disconnect"], "one scenario is compared"),
        (&["recv-disconnect/arriving-data-reset"], "did you mean"),
    ];
    for (arguments, says) in rows {
        let ran = hangup(&[&["compare"], arguments].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
        assert!(!ran.err.contains("panicked"), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn a_profile_of_the_scenarios_own_can_be_compared() {
    let folder = Folder::new("compare-own");
    let scenario = "# A system of the scenario's own resets later than Linux does.\n\
        hosts.server.profile = \"linux\"\nhosts.client.profile = \"scripted\"\n\
        [profiles.stern]\nextends = \"linux\"\nreceive_shutdown.arriving.rd = \"reset\"\n";
    let script = "script = '''\n\
        0    server: socket(AF_INET, SOCK_STREAM, 0) = 3\n\
        +0   server: bind(3, server:80) = 0\n\
        +0   server: listen(3, 1) = 0\n\
        +0   client > server: S 0:0(0) win 65535 <mss 1460>\n\
        +0   client > server: . 1:1(0) ack 1\n\
        +0   server: accept(3) = 4\n\
        +.1  server: shutdown(4, SHUT_RD) = 0\n\
        +.1  client > server: P. 1:101(100) ack 1\n'''\n";
    let (claim, rest) = scenario.split_once('\n').expect("it has lines");
    folder.write("mine.toml", format!("{claim}\n{script}{rest}"));
    let ran = folder.hangup(&["compare", "mine.toml", "-p", "linux,stern"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    insta::assert_snapshot!("compare_own", ran.out);
}
