//! The program as a user meets it: help, verdicts, errors, exit codes, files.

mod bad_input;
mod bench;
mod bounds;
mod compare;
mod contract;
mod experts;
#[cfg(unix)]
mod files;
mod help;
#[cfg(unix)]
mod interrupt;
mod packetdrill;
mod profiles;
mod reports;
mod show;
mod surprises;
mod sweep;
mod traces;
mod warnings;
mod wireshark;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the program where the scenarios are.
fn hangup(arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("HANGUP_SEED")
        .env("NO_COLOR", "1")
        .output()
        .expect("the program was built");
    Ran::from(output)
}

/// A folder of its own for a test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the folder for temporary files is ours");
        Self(path)
    }

    fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("ours");
        std::fs::write(path, octets).expect("ours");
    }

    fn files(&self) -> Vec<String> {
        fn walk(folder: &Path, base: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("ours") {
                let path = entry.expect("ours").path();
                if path.is_dir() {
                    walk(&path, base, found);
                } else {
                    let name = path.strip_prefix(base).expect("it is below");
                    found.push(name.display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.0, &self.0, &mut found);
        found.sort();
        found
    }

    /// Runs the program here.
    fn hangup(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_hangup"))
            .args(arguments)
            .current_dir(&self.0)
            .env_remove("HANGUP_SEED")
            .env_remove("HANGUP_TRACES")
            .env("NO_COLOR", "1")
            .output()
            .expect("the program was built");
        Ran::from(output)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the program did.
#[derive(Debug)]
struct Ran {
    code: i32,
    stdout: Vec<u8>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("no signal ended it"),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: output.stdout,
        }
    }
}

/// A scenario that holds.
const HOLDS: &str = r#"# A handshake over a perfect link takes no time.

script = '''
0   server: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
+0  server: bind(3, server:80) = 0
+0  server: listen(3, 1) = 0
+0  client: socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3
+0  client: ...+0 connect(3, server:80) = 0
+0  server: accept(3) = 4
'''

[hosts.server]
profile = "linux"

[hosts.client]
profile = "linux"
"#;
