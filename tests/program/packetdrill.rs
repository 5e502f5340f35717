//! packetdrill's scripts as arguments.

use crate::{Folder, HOLDS};

const PASSES: &str =
    "// It closes.\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 0\n";
const FAILS: &str = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 close(3) = 1\n";
const UNSUPPORTED: &str = "0 epoll_create(1) = 3\n";

#[test]
fn verdicts_are_counted_by_folder_and_told_by_the_exit_code() {
    let folder = Folder::new("packetdrill-verdicts");
    folder.write("a/one.pkt", PASSES);
    folder.write("a/two.pkt", UNSUPPORTED);
    folder.write("b/three.pkt", FAILS);
    folder.write("c/four.pkt", "nonsense");
    folder.write("d/five.toml", HOLDS);
    for (arguments, code) in [
        (&["run", "a/one.pkt"][..], 0),
        (&["run", "a/two.pkt"][..], 2),
        (&["run", "a/two.pkt", "--allow-unsupported"][..], 0),
        (&["run", "a"][..], 2),
        (&["run", "a", "--allow-unsupported"][..], 0),
        (&["run", "a", "b"][..], 1),
        (&["run", "c/four.pkt"][..], 2),
        (&["run", "a/one.pkt", "d"][..], 0),
        (&["run", "b", "d"][..], 1),
        (&["run", "nothing.pkt"][..], 2),
        (&["run", "a/one.pkt", "--profile", "windows"][..], 2),
        (&["run", "a/one.pkt", "--profile", "linus"][..], 2),
        (&["run", "a/one.pkt", "--ip-version", "ipx"][..], 2),
        (&["run", "a/one.pkt", "--define", "x"][..], 2),
        (&["run", "a", "-w", "x.pcapng"][..], 2),
        (&["run", "a/one.pkt", "--bless"][..], 2),
    ] {
        let ran = folder.hangup(arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
    }
    let ran = folder.hangup(&["run", "a", "b"]);
    assert!(
        ran.out.contains("a: 1 pass, 0 fail, 1 unsupported\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("3 scripts: 1 pass, 1 fail, 1 unsupported"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("unsupported  a/two.pkt:1: there is no call"),
        "{}",
        ran.out
    );
    assert!(
        folder
            .files()
            .contains(&"traces/a/one.pkt.pcapng".to_owned())
    );
}

#[test]
fn a_host_of_a_scenario_becomes_a_script() {
    let folder = Folder::new("packetdrill-export");
    folder.write("a.toml", HOLDS);
    for host in ["server", "client"] {
        let export = [
            "run",
            "a.toml",
            "--at",
            host,
            "--export-pkt",
            "a.pkt",
            "--no-traces",
        ];
        assert_eq!(folder.hangup(&export).code, 0);
        let ran = folder.hangup(&["run", "a.pkt", "--leftovers", "--no-traces"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    folder.write(
        "b.toml",
        HOLDS.replace(
            "[hosts.client]",
            "[hosts.peer]\nprofile = \"scripted\"\n[hosts.client]",
        ),
    );
    let ran = folder.hangup(&["run", "b.toml", "--at", "peer", "--export-pkt", "b.pkt"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .contains("packetdrill cannot say this: peer has no stack"),
        "{}",
        ran.err
    );
}
