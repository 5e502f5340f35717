//! The profile for Wireshark: installed, looked at, removed.

use std::process::Command;

use super::Folder;

#[test]
fn a_profile_comes_and_goes() {
    let folder = Folder::new("wireshark");
    let hangup = |action: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_hangup"))
            .args(["wireshark", action])
            .current_dir(&folder.0)
            .env("XDG_CONFIG_HOME", folder.0.join("config"))
            .env("APPDATA", folder.0.join("config"))
            .output()
            .expect("the program was built");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    };
    assert_eq!(hangup("check").0, Some(1));
    assert_eq!(hangup("install").0, Some(0));
    assert_eq!(hangup("check").0, Some(0));
    let files = folder.files();
    assert_eq!(files.len(), 3, "{files:?}");

    // What somebody has changed is theirs, and so is what lies beside it.
    let colours = files.iter().find(|it| it.ends_with("colorfilters"));
    let colours = colours.expect("it was installed");
    folder.write(colours, "mine");
    folder.write(&colours.replace("colorfilters", "recent"), "Wireshark's");
    assert_eq!(hangup("check").0, Some(1));
    assert_eq!(hangup("install").0, Some(0));
    let (code, said) = hangup("uninstall");
    assert_eq!(code, Some(0));
    assert!(said.contains("was changed, and stays"), "{said}");
    assert_eq!(folder.files().len(), 2, "{said}");
}
