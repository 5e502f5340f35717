//! `hangup exec`: real programs among emulated hosts.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hangup::live::namespace::{Machine, Step, explain};
use rustix::process::{Pid, Signal, kill_process};

use crate::folder::{Folder, Ran, SILENT, live, needs};
use crate::process::Tested;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// curl uploads to a server that goes deaf. On Windows it is reset; as the contract says it, its
/// own time-out ends it.
pub(crate) fn curl_meets_a_deaf_server() -> Tested {
    needs("curl")?;
    let folder = Folder::new();
    let big = folder.write("big", &vec![b'x'; 10 << 20]);
    let upload = |seconds| {
        let big = big.to_str().expect("its name is text").to_owned();
        let words = [
            "--",
            "curl",
            "-sS",
            "-m",
            seconds,
            "-T",
            &big,
            "http://server/",
        ];
        words.map(str::to_owned)
    };
    let words = upload("30");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ran = folder.run(&live("http-deaf-winsock.toml"), &words);
    assert!(ran.err.contains("Connection reset by peer"), "{ran:?}");
    assert!(matches!(ran.code, Some(55 | 56)), "{ran:?}");
    let words = upload("2");
    let words = ["-w", "ladder.txt"]
        .into_iter()
        .chain(words.iter().map(String::as_str));
    let words: Vec<&str> = words.collect();
    let ran = folder.run(&live("http-deaf-wsprecvdisconnect.toml"), &words);
    assert!(ran.err.contains("timed out after 20"), "{ran:?}");
    assert_eq!(ran.code, Some(28), "{ran:?}");
    let trace = std::fs::read_to_string(folder.0.join("ladder.txt")).expect("it was written");
    assert!(trace.contains("; HELD "), "{trace}");
    let call = "server: WSPRecvDisconnect(s=4, NULL) = 0";
    assert!(trace.contains(call), "{trace}");
    Ok(())
}

/// The routes to the emulated hosts name the congestion control, and one that the kernel lacks is
/// an error that says which it has.
pub(crate) fn congestion_control() -> Tested {
    needs("ip")?;
    let folder = Folder::new();
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    let routes = |name| {
        let words = ["-q", "--congestion", name, "--", "ip", "route"];
        folder.run(&silent, &words)
    };
    // Every kernel has reno.
    let ran = routes("reno");
    assert!(ran.out.contains("congctl reno"), "{ran:?}");
    let ran = routes("none-such");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let why = "the kernel has no congestion control `none-such`\n  help: it has ";
    assert!(ran.err.contains(why) && ran.err.contains("reno"), "{ran:?}");
    Ok(())
}

/// The exit code is the program's, unless an expectation failed.
pub(crate) fn exit_codes_and_signals() -> Tested {
    needs("true")?;
    let folder = Folder::new();
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    let shell = |script: &str| folder.run(&silent, &["-q", "--", "sh", "-c", script]);
    assert_eq!(shell("echo out; echo err >&2; exit 7").code, Some(7));
    let ran = shell("echo out; echo err >&2");
    assert_eq!(
        (ran.code, &*ran.out, &*ran.err),
        (Some(0), "out\n", "err\n")
    );
    assert_eq!(shell("kill -9 $$").code, Some(128 + 9));
    let ran = folder.run(&silent, &["--", "no-such-program"]);
    assert_eq!(ran.code, Some(127), "{ran:?}");
    assert!(
        ran.err.contains("hangup: no-such-program: No such file"),
        "{ran:?}"
    );

    let fails = SILENT.replace("\n'''\n", "\n0~.1 client > server: S 0:0(0)\n'''\n");
    let fails = folder.write("fails.toml", fails.as_bytes());
    let ran = folder.run(&fails, &["--", "sh", "-c", "exit 7"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("expected segment never came"), "{ran:?}");

    let began = Instant::now();
    let ran = folder.run(&silent, &["--timeout", "300ms", "--", "sleep", "100"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(
        ran.err.contains("stopped after 0.3 s (--timeout)"),
        "{ran:?}"
    );
    assert!(began.elapsed() < PATIENCE);

    // A signal that somebody sends to us is the program's.
    let script = "trap 'echo caught; exit 42' TERM; echo ready; while :; do sleep .01; done";
    let mut child = folder.exec(&silent, &["-q", "--", "sh", "-c", script]);
    let child = child
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program is built");
    let child = ready(child);
    signal(child.id(), Signal::TERM);
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!((ran.code, &*ran.out), (Some(42), "caught\n"));
    Ok(())
}

/// Waits until a program has printed its first line.
fn ready(mut child: Child) -> Child {
    use std::io::Read;
    let out = child.stdout.as_mut().expect("it is a pipe");
    let mut octet = [0];
    while octet != *b"\n" {
        out.read_exact(&mut octet).expect("it prints a line");
    }
    child
}

fn signal(process: u32, signal: Signal) {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("it is a process"), signal).expect("it is ours");
}

/// Hosts have their names inside, and nothing else has one.
pub(crate) fn names_and_addresses() -> Tested {
    needs("getent")?;
    let folder = Folder::new();
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    let outside = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let script = "getent hosts server; echo $HANGUP_SERVER $HANGUP_CLIENT; \
                  getent hosts example.org || echo unknown; id -u; ls /tmp | wc -l; \
                  cat /etc/resolv.conf";
    let ran = folder.run(&silent, &["-q", "--", "sh", "-c", script]);
    let lines: Vec<&str> = ran.out.split_whitespace().collect();
    let user = rustix::process::geteuid().as_raw().to_string();
    let wanted = [
        "192.0.2.1",
        "server",
        "192.0.2.1",
        "192.0.2.2",
        "unknown",
        &user,
    ];
    assert_eq!(lines[..6], wanted, "{ran:?}");
    // The machine's own files are there, and the folder of this test is among them.
    assert!(lines[6].parse::<u32>().is_ok_and(|it| it > 0), "{ran:?}");
    // A name that nobody has is refused at once: where to ask, there is nobody.
    assert!(ran.out.contains("\nnameserver 127.0.0.1\n"), "{ran:?}");
    assert_eq!(
        std::fs::read_to_string("/etc/hosts").unwrap_or_default(),
        outside
    );
    // Only the hosts of the scenario can be reached.
    let script = "exec 3<>/dev/tcp/198.51.100.1/80";
    let ran = folder.run(&silent, &["-q", "--", "bash", "-c", script]);
    assert!(
        ran.err.contains("Network is unreachable") || ran.code == Some(127),
        "{ran:?}"
    );
    Ok(())
}

/// Whatever kills it, no process, namespace, device or file of it remains.
pub(crate) fn nothing_is_left_behind() -> Tested {
    needs("true")?;
    let folder = Folder::new();
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    let marker = format!("100{}", std::process::id());
    let script = format!("setsid sleep {marker} & (sleep {marker} &) ; echo ready; sleep {marker}");
    for number in [Signal::KILL, Signal::ABORT] {
        let mut child = folder.exec(&silent, &["-q", "--", "sh", "-c", &script]);
        let child = child
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is built");
        let mut child = ready(child);
        let namespace = std::fs::read_link(format!("/proc/{}/ns/net", child.id()));
        let ours = std::fs::read_link("/proc/self/ns/net").expect("we have one");
        assert!(
            namespace.is_ok_and(|it| it != ours),
            "it is in a namespace of its own"
        );
        let deadline = Instant::now() + PATIENCE;
        while count(&marker) < 3 {
            assert!(Instant::now() < deadline, "the programs begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(child.id(), number);
        child.wait().expect("it has ended");
        while count(&marker) > 0 {
            assert!(Instant::now() < deadline, "{number:?}: processes remain");
            std::thread::sleep(Duration::from_millis(5));
        }
        let device = std::fs::exists("/sys/class/net/hangup0");
        assert!(!device.unwrap_or(false), "{number:?}: a device remains");
        let files = std::fs::read_dir(&folder.0).expect("it is ours").count();
        assert_eq!(files, 1, "{number:?}: files remain");
    }
    Ok(())
}

/// How many processes have a word in their command line, but for shells whose script it is in.
fn count(word: &str) -> usize {
    let processes = std::fs::read_dir("/proc").expect("there is a /proc");
    let is_meant = |path: PathBuf| {
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        line.split(|octet| *octet == 0)
            .any(|it| it == word.as_bytes())
    };
    processes
        .filter(|it| it.as_ref().is_ok_and(|it| is_meant(it.path())))
        .count()
}

/// A machine that refuses is an error of the environment, which says what to do.
pub(crate) fn a_refusal_has_its_exit_code() -> Tested {
    needs("unshare")?;
    let folder = Folder::new();
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    // In a user namespace that may have no others below it.
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
                  echo 0 > /proc/sys/user/max_net_namespaces && exec \"$@\"";
    let hangup = env!("CARGO_BIN_EXE_hangup");
    let silent = silent.to_str().expect("its name is text");
    let mut command = Command::new("unshare");
    command.args([
        "-Ur", "sh", "-c", script, "sh", hangup, "exec", silent, "--", "true",
    ]);
    let ran = Ran::of(command.output().expect("unshare is installed"));
    if ran.code == Some(2) || ran.err.contains("unshare:") {
        return Err(ran.err);
    }
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let refused = explain(
        Step::User,
        std::io::ErrorKind::StorageFull.into(),
        &Machine::look(),
    );
    assert!(
        refused
            .to_string()
            .starts_with("cannot make a user namespace")
    );
    assert!(ran.err.contains("help: `sudo sysctl user.max_"), "{ran:?}");
    Ok(())
}

/// A pipe gets the trace while the run goes on, and its end with the run's.
pub(crate) fn a_pipe_gets_the_trace_at_once() -> Tested {
    needs("mkfifo")?;
    let folder = Folder::new();
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    let (pipe, go) = (folder.0.join("pipe"), folder.0.join("go"));
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|it| it.success()));
    // The program ends when somebody has read of the hosts.
    let script = format!("until [ -e {} ]; do sleep 0.01; done", go.display());
    let pipe_name = pipe.to_str().expect("its name is text");
    let words = ["-q", "-w", pipe_name, "--", "sh", "-c", &script];
    let mut child = folder.exec(&silent, &words).spawn().expect("it is built");
    let mut file = File::open(&pipe).expect("it is there");
    let (mut trace, mut part) = (Vec::new(), [0; 4096]);
    let has = |trace: &[u8], text: &str| trace.windows(text.len()).any(|it| it == text.as_bytes());
    while !has(&trace, "listen(fd=3, 16) = 0") {
        let octets = file.read(&mut part).expect("it can be read");
        assert!(octets > 0, "the trace ended before its run");
        trace.extend_from_slice(&part[..octets]);
    }
    assert_eq!(child.try_wait().expect("it is a child"), None);
    std::fs::write(&go, "").expect("the folder is ours");
    file.read_to_end(&mut trace).expect("it can be read");
    assert_eq!(child.wait().expect("it is a child").code(), Some(0));
    assert!(
        std::fs::metadata(&pipe).is_ok_and(|it| !it.is_file()),
        "it is still a pipe"
    );
    Ok(())
}
