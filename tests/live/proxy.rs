//! `hangup proxy` in front of real servers, which the test starts in a namespace of its own.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hangup::live::namespace::{Apart, enter};
use hangup::live::netlink::Netlink;

use crate::folder::{Folder, Ran};
use crate::process::Tested;

/// Longer than a server takes to begin on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of the test, which ends with it.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The network of the test, with `lo` alone.
fn inside() -> Tested {
    let apart = Apart {
        network: true,
        mounts: false,
        processes: false,
    };
    enter(apart).map_err(|it| it.to_string())?;
    let netlink = Netlink::open().expect("a namespace has netlink");
    netlink.set_up("lo", None, None, None).expect("it is ours");
    Ok(())
}

/// Waits until somebody listens on a port.
fn listens(port: u16) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < deadline, "the server begins");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `hangup proxy` before a port, with words and a script of the client.
fn proxy(folder: &Folder, port: u16, words: &[&str], script: &str) -> Ran {
    let upstream = format!("127.0.0.1:{port}");
    let mut command = folder.hangup(&["proxy", "--upstream", &upstream]);
    command.args(words).args(["--", "sh", "-c", script]);
    Ran::of(command.output().expect("the program is built"))
}

/// Normal work passes, and then the client of a real Redis meets each ending.
pub(crate) fn redis() -> Tested {
    let folder = Folder::new();
    let program = Path::new("/usr/bin/redis-server");
    if !program.exists() {
        return Err("redis-server is not installed".to_owned());
    }
    inside()?;
    let server = Command::new(program)
        .args(["--port", "6379", "--save", "", "--dir"])
        .arg(&folder.0)
        .stdout(Stdio::null())
        .spawn();
    let _server = Server(server.expect("it is installed"));
    listens(6379);
    let ran = proxy(
        &folder,
        6379,
        &[],
        "redis-benchmark -h server -q -n 2000 -c 10 -t set,get",
    );
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.matches("requests per second").count() == 2,
        "{ran:?}"
    );
    assert!(
        ran.err
            .contains(" 0 refused, 0 without a server; 0 rules fired;"),
        "{ran:?}"
    );

    let get = "redis-cli -h server set key value; redis-cli -h server get key 2>&1";
    let ran = proxy(&folder, 6379, &["--rule", "pattern get: reset"], get);
    assert_eq!(ran.out, "OK\nError: Connection reset by peer\n", "{ran:?}");
    let ran = proxy(
        &folder,
        6379,
        &["--rule", "connection 2: freeze"],
        &format!("{get} &\nsleep 1; kill $!"),
    );
    assert!(
        ran.out.starts_with("OK\n") && !ran.out.contains("value"),
        "{ran:?}"
    );
    let rule = ["--profile", "winsock", "--rule", "pattern get: deaf"];
    let twice = "printf 'set a b\\nget a\\n' | redis-cli -h server; \
                 { printf 'get a\\n'; sleep .3; printf 'get a\\n'; } | redis-cli -h server 2>&1";
    let ran = proxy(&folder, 6379, &rule, twice);
    assert!(ran.err.contains("rules fired"), "{ran:?}");
    Ok(())
}

/// A dump of a hundred megabytes comes through a proxy as it is, and then the client meets a reset.
pub(crate) fn postgres() -> Tested {
    let binaries = Path::new("/usr/lib/postgresql");
    let versions = std::fs::read_dir(binaries).map_err(|error| format!("postgresql: {error}"))?;
    let version = versions.flatten().map(|it| it.path().join("bin")).next();
    let binaries = version.ok_or("postgresql is not installed")?;
    if rustix::process::geteuid().is_root() {
        return Err("PostgreSQL does not run as root".to_owned());
    }
    inside()?;
    let folder = Folder::new();
    let data = folder.0.join("data");
    let data = data.to_str().expect("its name is text");
    let run = |program: &str, words: &[&str]| {
        let output = Command::new(binaries.join(program)).args(words).output();
        let ran = Ran::of(output.expect("it is installed"));
        assert_eq!(ran.code, Some(0), "{program}: {ran:?}");
        ran.out
    };
    run(
        "initdb",
        &["-D", data, "-U", "test", "-A", "trust", "-N", "--no-locale"],
    );
    let allow = "host all all 0.0.0.0/0 trust\n";
    std::fs::write(folder.0.join("data/pg_hba.conf"), allow).expect("it is ours");
    let server = Command::new(binaries.join("postgres"))
        .args([
            "-D",
            data,
            "-F",
            "-k",
            "",
            "-p",
            "5432",
            "-c",
            "listen_addresses=127.0.0.1",
        ])
        .stderr(Stdio::null())
        .spawn();
    let _server = Server(server.expect("it is installed"));
    listens(5432);
    let deadline = Instant::now() + PATIENCE;
    let create = "create table t as select i, repeat(md5(i::text), 10) as v \
                  from generate_series(1, 320000) i";
    let psql = binaries.join("psql");
    loop {
        let made = Command::new(&psql)
            .args(["-h", "127.0.0.1", "-U", "test", "-qc", create, "postgres"])
            .output();
        if made.expect("it is installed").status.success() {
            break;
        }
        assert!(Instant::now() < deadline, "the server takes statements");
        std::thread::sleep(Duration::from_millis(50));
    }
    let psql = psql.display();
    let dump = |host: &str| {
        format!(
            "{psql} -h {host} -U test -qc 'copy t to stdout' postgres | tee size | sha256sum; \
             wc -c < size; rm size"
        )
    };
    let direct = Command::new("sh")
        .args(["-c", &dump("127.0.0.1")])
        .current_dir(&folder.0)
        .output();
    let direct = Ran::of(direct.expect("there is a shell"));
    let octets = direct
        .out
        .lines()
        .nth(1)
        .and_then(|it| it.parse::<u64>().ok());
    assert!(octets.is_some_and(|it| it > 100_000_000), "{direct:?}");
    let ran = proxy(&folder, 5432, &["--trace-limit", "1MiB"], &dump("server"));
    assert_eq!(ran.out, direct.out, "{ran:?}");

    let rule = ["--rule", "down 1MiB: reset", "--trace-limit", "1MiB"];
    let script =
        format!("{psql} -h server -U test -qc 'copy t to stdout' postgres 2>&1 >/dev/null");
    let ran = proxy(&folder, 5432, &rule, &script);
    let said = [
        "Connection reset by peer",
        "closed the connection unexpectedly",
        "lost synchron",
    ];
    assert!(said.iter().any(|it| ran.out.contains(it)), "{ran:?}");
    println!(
        "live: psql after 1 MiB: {}",
        ran.out.trim().replace('\n', "; ")
    );
    Ok(())
}

/// More connections than are allowed are reset and counted, and a server that is not there is one.
pub(crate) fn limits() -> Tested {
    inside()?;
    let folder = Folder::new();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 7000)).expect("it is free");
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            kept.push(stream);
        }
    });
    let script = "for i in 1 2 3; do eval \"exec 1$i<>/dev/tcp/192.0.2.1/7000\"; done; sleep .3";
    let script = format!("exec bash -c '{script}'");
    let ran = proxy(&folder, 7000, &["--connections", "2"], &script);
    assert!(
        ran.err
            .contains("3 connections, 1 refused, 0 without a server"),
        "{ran:?}"
    );
    let script = "exec bash -c 'exec 3<>/dev/tcp/192.0.2.1/7001; cat <&3'";
    let ran = proxy(&folder, 7001, &[], script);
    assert!(
        ran.err
            .contains("1 connections, 0 refused, 1 without a server"),
        "{ran:?}"
    );
    for (words, said) in [
        (["--rule", "down 1: rest"], "`rest` is none of reset"),
        (["--profile", "linus"], "unknown profile `linus`"),
    ] {
        let ran = proxy(&folder, 7001, &words, "true");
        assert!(ran.code == Some(2) && ran.err.contains(said), "{ran:?}");
    }
    Ok(())
}

/// A reset stands behind exactly the octets of its rule, however many were on their way.
pub(crate) fn exact() -> Tested {
    let folder = Folder::new();
    inside()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:7000").expect("it is our network");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The client may be gone before all of it is.
            let _ = std::io::Write::write_all(&mut stream, &vec![b'x'; 1 << 20]);
        }
    });
    for ending in ["reset", "close"] {
        let rule = format!("down 300000: {ending}");
        let script = "exec bash -c 'cat </dev/tcp/192.0.2.1/7000 2>/dev/null | wc -c'";
        let ran = proxy(&folder, 7000, &["--rule", &rule], script);
        assert_eq!(ran.out.trim(), "300000", "{ending}: {ran:?}");
    }
    Ok(())
}

/// A handshake that is kept back lasts as long, and so does an end; nothing is lost.
pub(crate) fn slow() -> Tested {
    let folder = Folder::new();
    if Command::new("python3").arg("--version").output().is_err() {
        return Err("python3 is not installed".to_owned());
    }
    inside()?;
    let listener = std::net::TcpListener::bind("127.0.0.1:7000").expect("it is our network");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // It says one thing, and ends.
            let _ = std::io::Write::write_all(&mut &stream, b"bye");
        }
    });
    let script = "python3 -c \"\
        import socket, time; t = time.time()\n\
        s = socket.create_connection(('server', 7000)); opened = time.time() - t\n\
        s.settimeout(9); said = s.recv(9); t = time.time(); end = s.recv(9)\n\
        print(opened > .25, said, end, time.time() - t > .25)\"";
    let ran = proxy(
        &folder,
        7000,
        &["--slow-open", "300ms", "--slow-close", "300ms"],
        script,
    );
    assert_eq!(ran.out, "True b'bye' b'' True\n", "{ran:?}");
    Ok(())
}
