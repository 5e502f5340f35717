//! Help texts are part of the interface.

use super::Folder;

#[test]
fn help_is_as_reviewed() {
    let folder = Folder::new("help");
    let mut text = String::new();
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["check", "--help"],
        &["list", "--help"],
        &["compare", "--help"],
        &["contract", "--help"],
        &["profiles", "--help"],
        &["bench", "--help"],
        &["bench", "exhaustion", "--help"],
    ] {
        let ran = folder.hangup(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        text.push_str(&format!("$ hangup {}\n{}\n", arguments.join(" "), ran.out));
    }
    insta::assert_snapshot!("help", text);
}
