//! kill -9 at any moment: while namespaces and devices are made, while programs run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::folder::{Folder, SILENT, needs};
use crate::process::Tested;

/// How long after its begin a command is killed, in milliseconds: most of them while it sets up.
const MOMENTS_MS: [u64; 14] = [0, 1, 2, 4, 7, 11, 16, 25, 40, 60, 100, 180, 400, 1000];

/// Longer than the end of anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The variable by which all processes of a command are found.
const MARK: &str = "HANGUP_KILLED";

/// What a machine has of what commands make.
#[derive(Debug, PartialEq, Eq)]
struct Things {
    devices: BTreeSet<OsString>,
    /// Namespaces that stay without a process.
    kept_namespaces: usize,
    files: BTreeSet<PathBuf>,
}

impl Things {
    /// Those of the network and the mounts of this process, and the files of some folders.
    fn now(folders: [&Path; 2]) -> Self {
        let names = |path: &Path| {
            let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
            entries.map(|it| it.path()).collect::<Vec<_>>()
        };
        let devices = names(Path::new("/sys/class/net"));
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        Self {
            devices: devices
                .iter()
                .filter_map(|it| it.file_name().map(Into::into))
                .collect(),
            kept_namespaces: mounts.lines().filter(|it| it.starts_with("nsfs ")).count(),
            files: folders.into_iter().flat_map(names).collect(),
        }
    }
}

/// The processes that have a variable in their environment, by their numbers.
fn marked(mark: &str) -> Vec<String> {
    let variable = format!("{MARK}={mark}");
    let processes = std::fs::read_dir("/proc").expect("there is a /proc");
    let has_it = |path: &Path| {
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        let mut variables = environment.split(|octet| *octet == 0);
        variables.any(|it| it == variable.as_bytes())
    };
    let paths = processes.flatten().map(|it| it.path());
    let found = paths.filter(|it| has_it(it));
    found.map(|it| it.display().to_string()).collect()
}

/// Whatever a command does when it is killed, no process, device, namespace or file of it remains.
pub(crate) fn at_any_moment() -> Tested {
    needs("sleep")?;
    let folder = Folder::new();
    let temporary = folder.0.join("temporary");
    std::fs::create_dir(&temporary).expect("the folder is ours");
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    let waits = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 bind(3, ..., ...) = 0\n\
                 +0 listen(3, 1) = 0\n+0...9 accept(3, ..., ...) = -1\n";
    let waits = folder.write("waits.pkt", waits.as_bytes());
    let text = |path: &Path| path.to_str().expect("its name is text").to_owned();
    let (silent, waits) = (text(&silent), text(&waits));
    let programs = "setsid sleep 3600 & (sleep 3600 &) ; exec sleep 3600";
    let commands: [&[&str]; 5] = [
        &["exec", "--no-traces", &silent, "--", "sh", "-c", programs],
        &[
            "exec",
            "-w",
            "trace.txt",
            &silent,
            "--",
            "sh",
            "-c",
            programs,
        ],
        &["serve", &silent],
        &[
            "proxy",
            "--upstream",
            "127.0.0.1:9",
            "--",
            "sh",
            "-c",
            programs,
        ],
        &["run", "--kernel", "--no-traces", "-j", "2", &waits, &waits],
    ];
    let folders = [folder.0.as_path(), &temporary];
    let before = Things::now(folders);
    let mut has_others = false;
    for (place, words) in commands.into_iter().enumerate() {
        for moment in MOMENTS_MS {
            let mark = format!("{}-{place}-{moment}", std::process::id());
            let mut command = folder.hangup(words);
            command.env(MARK, &mark).env("TMPDIR", &temporary);
            command.stdin(std::process::Stdio::piped());
            command.stdout(std::process::Stdio::null());
            command.stderr(std::process::Stdio::null());
            let mut child = command.spawn().expect("the program is built");
            std::thread::sleep(Duration::from_millis(moment));
            let seen = marked(&mark).len();
            child.kill().expect("it is ours");
            child.wait().expect("it has ended");
            let deadline = Instant::now() + PATIENCE;
            let what = format!("{words:?} killed after {moment} ms");
            if MOMENTS_MS.last() == Some(&moment) {
                assert!(seen > 0, "{what}: its processes can be found");
                has_others |= seen > 1;
            }
            loop {
                let left = marked(&mark);
                if left.is_empty() {
                    break;
                }
                assert!(Instant::now() < deadline, "{what}: {left:?} remain");
                std::thread::sleep(Duration::from_millis(2));
            }
            assert_eq!(Things::now(folders), before, "{what}");
        }
    }
    assert!(has_others, "what commands begin can be found");
    Ok(())
}
