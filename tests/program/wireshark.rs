//! What Wireshark gets: the profile, the interfaces of scenarios, the post-dissector.

use std::process::{Command, Output};

use super::Folder;

#[path = "../skip/mod.rs"]
pub(crate) mod skip;

/// A command with a home of its own.
fn at_home(folder: &Folder, program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(&folder.0)
        .env("HOME", &folder.0)
        .env("XDG_CONFIG_HOME", folder.0.join("config"))
        .env("APPDATA", folder.0.join("config"));
    command
}

fn output(mut command: Command) -> Output {
    command.output().expect("the program is there")
}

/// What `hangup wireshark` said with some words.
fn hangup(folder: &Folder, words: &[&str]) -> (Option<i32>, String) {
    let mut command = at_home(folder, env!("CARGO_BIN_EXE_hangup"));
    command.arg("wireshark").args(words);
    let output = output(command);
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

/// What tshark prints, unless there is none here that may capture.
fn tshark(folder: &Folder, words: &[&str]) -> Option<String> {
    if Command::new("tshark").arg("--version").output().is_err() {
        skip::skipped("scenarios as interfaces of tshark", "there is no tshark");
        return None;
    }
    let mut command = at_home(folder, "tshark");
    command.args(words);
    let output = output(command);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("Couldn't run dumpcap") || said.contains("dumpcap in child process") {
        skip::skipped(
            "scenarios as interfaces of tshark",
            "this user may not capture",
        );
        return None;
    }
    assert!(output.status.success(), "{words:?}: {said}");
    Some(printed)
}

#[test]
fn a_profile_comes_and_goes() {
    let folder = Folder::new("wireshark");
    assert_eq!(hangup(&folder, &["check"]).0, Some(1));
    assert_eq!(hangup(&folder, &["install"]).0, Some(0));
    assert_eq!(hangup(&folder, &["check"]).0, Some(0));
    // Three files of the profile, and a link for each place where versions look for one.
    let files = folder.files();
    assert_eq!(files.len(), if cfg!(windows) { 4 } else { 5 }, "{files:?}");

    // What somebody has changed is theirs, and so is what lies beside it.
    let colours = files.iter().find(|it| it.ends_with("colorfilters"));
    let colours = colours.expect("it was installed");
    folder.write(colours, "mine");
    folder.write(&colours.replace("colorfilters", "recent"), "Wireshark's");
    assert_eq!(hangup(&folder, &["check"]).0, Some(1));
    assert_eq!(hangup(&folder, &["install", "--lua"]).0, Some(0));
    assert_eq!(folder.files().len(), files.len() + 2);
    let (code, said) = hangup(&folder, &["uninstall"]);
    assert_eq!(code, Some(0));
    assert!(said.contains("was changed, and stays"), "{said}");
    assert_eq!(folder.files().len(), 2, "{said}");
}

/// A link to another program is not ours.
#[cfg(unix)]
#[test]
fn a_link_to_another_program_stays() {
    let folder = Folder::new("wireshark-link");
    let place = folder.0.join("config/wireshark/extcap");
    std::fs::create_dir_all(&place).unwrap();
    std::os::unix::fs::symlink("/bin/true", place.join("hangup")).unwrap();
    assert_eq!(hangup(&folder, &["install"]).0, Some(0));
    assert_eq!(hangup(&folder, &["check"]).0, Some(1));
    assert_eq!(hangup(&folder, &["uninstall"]).0, Some(0));
    let target = std::fs::read_link(place.join("hangup")).unwrap();
    assert_eq!(target.to_str(), Some("/bin/true"));
}

/// A copy of this program that was linked, and that lies elsewhere now, is ours still.
#[cfg(unix)]
#[test]
fn a_link_to_a_copy_that_has_gone_is_renewed() {
    let folder = Folder::new("wireshark-stale");
    let place = folder.0.join("config/wireshark/extcap");
    std::fs::create_dir_all(&place).unwrap();
    let link = place.join("hangup");
    std::os::unix::fs::symlink("/nowhere/hangup", &link).unwrap();
    assert_eq!(hangup(&folder, &["check"]).0, Some(1));
    assert_eq!(hangup(&folder, &["install"]).0, Some(0));
    assert!(link.exists(), "{:?}", std::fs::read_link(&link));
    assert_eq!(hangup(&folder, &["check"]).0, Some(0));
    let (code, said) = hangup(&folder, &["uninstall"]);
    assert_eq!((code, folder.files().len()), (Some(0), 0), "{said}");
    assert_eq!(hangup(&folder, &["uninstall"]).1, "nothing was installed\n");
}

#[test]
fn scenarios_are_interfaces() {
    let folder = Folder::new("wireshark-capture");
    assert_eq!(hangup(&folder, &["install"]).0, Some(0));
    let Some(listed) = tshark(&folder, &["-D"]) else {
        return;
    };
    for name in ["hangup-recv-disconnect", "hangup-close", "hangup-live"] {
        assert!(listed.contains(name), "{listed}");
    }
    let capture = |more: &[&str]| {
        let words = [
            "-i",
            "hangup-recv-disconnect",
            "-N",
            "n",
            "-o",
            "extcap.hangup_recv_disconnect.scenario:recv-disconnect/held-until-exhausted",
        ];
        tshark(&folder, &[&words, more].concat())
    };
    // Where none is chosen, it is the first of the folder.
    let Some(first) = tshark(&folder, &["-i", "hangup-close"]) else {
        return;
    };
    assert!(first.contains("close("), "{first}");
    let Some(captured) = capture(&[]) else {
        return;
    };
    for row in [
        "server-app",
        "WSPRecvDisconnect(",
        "HELD AGAIN 1000 octets",
        "ETIMEDOUT",
    ] {
        assert!(captured.contains(row), "{row}: {captured}");
    }
    // Packets alone, under another system, with another seed.
    let option = |name: &str| format!("extcap.hangup_recv_disconnect.{name}");
    let (rows, seed, set) = (
        option("rows:false"),
        option("seed:7"),
        option("set:hosts.client.profile=freebsd"),
    );
    let others = ["-o", &rows, "-o", &seed, "-o", &set];
    let captured = capture(&others).expect("it could capture before");
    assert!(
        captured.contains("[SYN]") && !captured.contains("server-app"),
        "{captured}"
    );
}

#[test]
fn remarks_are_fields_with_the_post_dissector() {
    let folder = Folder::new("wireshark-lua");
    assert_eq!(hangup(&folder, &["install", "--lua"]).0, Some(0));
    let root = env!("CARGO_MANIFEST_DIR");
    let trace = format!("{root}/captures/recv-disconnect/held-until-exhausted.pcapng");
    let field = |filter: &str, name: &str| {
        let words = ["-r", &trace, "-Y", filter, "-T", "fields", "-e", name];
        let printed = tshark(&folder, &words)?;
        Some(printed.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let Some(held) = field("hangup.held", "hangup.held") else {
        return;
    };
    assert_eq!(held, ["1000", "2000", "3000", "4000"]);
    let calls = field("hangup.error == \"ETIMEDOUT\"", "hangup.call");
    assert_eq!(calls.as_deref(), Some(&["send".to_owned()][..]));
    let again = field("hangup.verdict == \"RETRANSMISSION\"", "hangup.octets");
    assert_eq!(again.map(|it| it.len()), Some(16));
}

/// What Wireshark asks of a source of packets is answered even where it makes no sense.
#[test]
fn wrong_questions_are_errors() {
    let folder = Folder::new("wireshark-questions");
    for (words, code) in [
        (&["--extcap-interfaces", "--extcap-version=4.4"][..], 0),
        (&["--extcap-dlts", "--extcap-interface", "hangup-close"], 0),
        (&["--extcap-of-a-later-version"], 0),
        (&["--extcap-config", "--extcap-interface", "eth0"], 2),
        (&["--capture", "--extcap-interface", "hangup-close"], 2),
        (&["--capture", "--delete"], 2),
    ] {
        let mut command = at_home(&folder, env!("CARGO_BIN_EXE_hangup"));
        command.args(words);
        let output = output(command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        assert_eq!(said.is_empty(), code == 0, "{words:?}: {said}");
    }
}
