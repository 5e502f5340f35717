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
        &["show", "--help"],
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

/// Colour is for terminals, and for those who ask for it; logs are no exception.
#[test]
fn colour_is_for_those_who_want_it() {
    let folder = Folder::new("colour");
    let bad = super::HOLDS.replace("accept(3) = 4", "accept(3) = 4\n+0  server: close(9) = 0");
    folder.write("a.toml", bad);
    let coloured = |colour: &[&str], no_color: bool| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hangup"));
        command
            .args(["run", "-vvv", "--no-traces", "a.toml"])
            .args(colour);
        command.current_dir(&folder.0).env_remove("NO_COLOR");
        // What else asks for colour, or against it.
        for name in ["CLICOLOR", "CLICOLOR_FORCE", "TERM", "CI"] {
            command.env_remove(name);
        }
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let ran = super::Ran::from(command.output().expect("the program was built"));
        assert!(
            ran.err.contains("TRACE") && ran.err.contains("`close`"),
            "{}",
            ran.err
        );
        let is_coloured = |line: &str| line.contains('\u{1b}');
        let logs = ran
            .err
            .lines()
            .filter(|it| it.contains("TRACE"))
            .any(is_coloured);
        let messages = ran
            .err
            .lines()
            .filter(|it| it.contains("`close`"))
            .any(is_coloured);
        (logs, messages)
    };
    assert_eq!(
        coloured(&[], false),
        (false, false),
        "a pipe is no terminal"
    );
    assert_eq!(coloured(&["--color", "never"], false), (false, false));
    assert_eq!(coloured(&["--color", "always"], false), (true, true));
    assert_eq!(coloured(&[], true), (false, false));
}
