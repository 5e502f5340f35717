//! The files that `run` writes, and their paths.

use super::{Folder, HOLDS};

#[test]
fn a_trace_goes_where_it_is_asked_for() {
    let folder = Folder::new("traces");
    folder.write("scenarios/a.toml", HOLDS);
    folder.write("scenarios/b/c.toml", HOLDS);

    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("2 of 2 scenarios held"), "{}", ran.out);
    let traces = [
        "traces/a.pcapng",
        "traces/a.txt",
        "traces/b/c.pcapng",
        "traces/b/c.txt",
    ];
    let mut expected = vec!["scenarios/a.toml", "scenarios/b/c.toml"];
    expected.extend(traces);
    assert_eq!(folder.files(), expected);

    // The same octets, whichever way out they take and however many run at once.
    let trace = std::fs::read(folder.0.join("traces/a.pcapng")).expect("it was written");
    let out = folder.hangup(&["run", "a", "-w", "-"]);
    assert_eq!((out.code, out.stdout == trace), (0, true), "{}", out.err);
    let file = folder.hangup(&["run", "a", "-w", "x.pcapng", "-j", "1"]);
    assert_eq!(file.code, 0, "{}", file.err);
    assert_eq!(
        std::fs::read(folder.0.join("x.pcapng")).expect("it was written"),
        trace
    );

    // Golden traces are only written on request, and a difference is told.
    assert_eq!(folder.hangup(&["run", "--bless", "-q"]).code, 0);
    folder.write("captures/a.pcapng", b"something else");
    let ran = folder.hangup(&["run"]);
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.contains("differs from captures/a.pcapng"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("1 trace differs from captures/"),
        "{}",
        ran.out
    );
}

#[test]
fn a_vantage_point_can_be_chosen() {
    let folder = Folder::new("vantage");
    folder.write("scenarios/a.toml", HOLDS);
    assert_eq!(folder.hangup(&["run", "--at", "client"]).code, 0);
    let text = std::fs::read_to_string(folder.0.join("traces/a.txt")).expect("it was written");
    assert!(text.contains("// as seen at client"), "{text}");
    let ran = folder.hangup(&["run", "--at", "nobody"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("it has server, client"), "{}", ran.err);
}
