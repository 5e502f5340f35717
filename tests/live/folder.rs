//! The folder of a test, and what programs print in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::process::Tested;

/// A scenario with a server that does nothing but be there.
pub(crate) const SILENT: &str = "# A server listens.\n\
    hosts.server.profile = 'linux'\nhosts.client.profile = 'kernel'\n\
    script = '''\n\
    0  server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3\n\
    +0 server: bind(3, *:80) = 0\n\
    +0 server: listen(3, 16) = 0\n'''\n";

/// A folder of a test's own, which is gone with it.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("hangup-live-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, octets: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, octets).expect("the folder is ours");
        path
    }

    /// `hangup` with some words.
    pub(crate) fn hangup(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hangup"));
        command.args(words);
        command
            .current_dir(&self.0)
            .env("HANGUP_TRACES", self.0.join("traces"));
        // Folders that another user may not look into hide what is not there.
        command.env("PATH", "/usr/bin:/bin");
        command
    }

    /// `hangup exec` with a scenario, and what comes behind it.
    pub(crate) fn exec(&self, scenario: &Path, words: &[&str]) -> Command {
        let mut command = self.hangup(&["exec"]);
        command.arg(scenario).args(words);
        command
    }

    /// What it prints, and its exit code.
    pub(crate) fn run(&self, scenario: &Path, words: &[&str]) -> Ran {
        let output = self.exec(scenario, words).output();
        Ran::of(output.expect("the program is built"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a program printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

/// A scenario of the gallery.
pub(crate) fn live(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("scenarios/live").join(name)
}

/// Whether this user may have namespaces and a program is here.
pub(crate) fn needs(program: &str) -> Tested {
    let folder = Folder::new();
    let scenario = folder.write("silent.toml", SILENT.as_bytes());
    let ran = folder.run(&scenario, &["--no-traces", "-q", "--", "true"]);
    if ran.code == Some(3) {
        return Err(ran.err);
    }
    let found = Command::new(program).arg("--version").output();
    found
        .map(drop)
        .map_err(|error| format!("{program}: {error}"))
}
