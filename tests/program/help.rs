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
        &["schema", "--help"],
        &["completions", "--help"],
        &["man", "--help"],
    ] {
        let ran = folder.hangup(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        text.push_str(&format!("$ hangup {}\n{}\n", arguments.join(" "), ran.out));
    }
    insta::assert_snapshot!("help", text);
}

/// What other programs take from this one is whole.
#[test]
fn schema_completions_and_manual() {
    let folder = Folder::new("schema");
    let print = |arguments: &[&str]| {
        let ran = folder.hangup(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
        ran.out
    };
    let schema: serde_json::Value = serde_json::from_str(&print(&["schema"])).expect("JSON");
    assert_eq!(schema, hangup::scenario::schema());

    let fields = print(&["schema", "--filters"]);
    assert_eq!(
        fields.lines().count(),
        hangup::filter::supported_fields().count()
    );
    assert!(fields.contains("tcp.flags.reset "), "{fields}");

    let commands = ["run", "check", "list", "profiles", "schema"];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = print(&["completions", shell]);
        assert!(commands.iter().all(|it| script.contains(it)), "{shell}");
    }
    let manual = print(&["man"]);
    for command in commands {
        assert!(manual.contains(&format!("hangup\\-{command}")), "{command}");
    }
    assert_eq!(folder.hangup(&["completions", "tcsh"]).code, 2);
}
