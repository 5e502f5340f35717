//! Warnings are told and change nothing.

use super::{Folder, HOLDS};

#[test]
fn a_warning_is_told_and_changes_no_verdict() {
    let folder = Folder::new("warnings");
    let expect = "[[expect]]\nfilter = 'ip.src == 192.0.2.77'\nframes = 0\n";
    folder.write(
        "scenarios/a.toml",
        format!("{HOLDS}\n{expect}[sweep]\nseed = [1, 2]\n"),
    );
    for command in ["run", "check"] {
        let ran = folder.hangup(&[command]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        // Once, and not for each combination.
        let warnings = ran.err.matches("warning: no host has 192.0.2.77").count();
        assert_eq!(warnings, 1, "{command}: {}", ran.err);
        assert!(
            ran.err.contains("`client` has 192.0.2.2"),
            "{command}: {}",
            ran.err
        );
    }
}
