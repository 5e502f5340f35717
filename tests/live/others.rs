//! Clients in other languages, the gallery, and a test that drives what is served.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::folder::{Folder, Ran, SILENT, live, needs};
use crate::process::Tested;

const ASYNCIO: &str = r#"
import asyncio, os
long = float(os.environ["HANGUP_TEST_SECONDS"])
async def main():
    reader, writer = await asyncio.open_connection("server", 80)
    writer.write(b"PUT / HTTP/1.1\r\nHost: server\r\nContent-Length: 10000000\r\n\r\n")
    print(await reader.readuntil(b"\r\n\r\n"))
    try:
        for _ in range(100):
            writer.write(b"x" * 100000)
            await asyncio.wait_for(writer.drain(), long)
        print(await asyncio.wait_for(reader.read(), long))
    except Exception as error:
        print(type(error).__name__, getattr(error, "errno", None))
asyncio.run(main())
"#;

const NODE: &str = r#"
const socket = require("net").connect(80, "server");
const long = 1000 * process.env.HANGUP_TEST_SECONDS;
socket.setTimeout(long, () => { console.log("timeout"); process.exit(0); });
socket.on("error", (error) => { console.log(error.code); process.exit(0); });
socket.write("PUT / HTTP/1.1\r\nHost: server\r\nContent-Length: 10000000\r\n\r\n");
socket.once("data", () => socket.write(Buffer.alloc(10000000)));
"#;

const JAVA: &str = r#"
import java.io.*; import java.net.*;
public class Deaf { public static void main(String[] a) throws Exception {
  Socket s = new Socket("server", 80);
  s.setSoTimeout(1000 * Integer.parseInt(System.getenv("HANGUP_TEST_SECONDS")));
  OutputStream out = s.getOutputStream();
  out.write("PUT / HTTP/1.1\r\nHost: server\r\nContent-Length: 10000000\r\n\r\n".getBytes());
  s.getInputStream().read(new byte[100]);
  Thread t = new Thread(() -> { try { for (int i = 0; i < 100; i++) out.write(new byte[100000]);
    } catch (IOException e) { } }); t.setDaemon(true); t.start();
  try { System.out.println("read " + s.getInputStream().read()); }
  catch (IOException e) {
    System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage()); }
} }
"#;

/// Each language says of a reset and of silence what it says; docs/live.md has it.
pub(crate) fn meet_the_deaf_peer() -> Tested {
    needs("python3")?;
    let folder = Folder::new();
    let python = folder.write("deaf.py", ASYNCIO.as_bytes());
    let node = folder.write("deaf.js", NODE.as_bytes());
    let java = folder.write("Deaf.java", JAVA.as_bytes());
    let clients = [
        (
            "python3",
            python,
            "ConnectionResetError 104",
            "TimeoutError None",
        ),
        ("node", node, "ECONNRESET", "timeout"),
        (
            "java",
            java,
            "SocketException: Connection reset",
            "SocketTimeoutException: Read timed out",
        ),
    ];
    for (program, file, reset, silence) in clients {
        let found = std::process::Command::new(program)
            .arg("--version")
            .output();
        if let Err(why) = found {
            crate::skip::skipped(program, &format!("{why}"));
            continue;
        }
        let file = file.to_str().expect("its name is text");
        for (scenario, said) in [
            ("http-deaf-winsock.toml", reset),
            ("http-deaf-wsprecvdisconnect.toml", silence),
        ] {
            // A reset comes late on a busy machine, and silence lasts.
            let seconds = if said == reset { "60" } else { "2" };
            let words = ["-q", "--", program, file];
            let mut command = folder.exec(&live(scenario), &words);
            let output = command.env("HANGUP_TEST_SECONDS", seconds).output();
            let ran = Ran::of(output.expect("the program is built"));
            // Each system call of a client may be the one that hears of the reset.
            let others: &[&str] = match (program, said == reset) {
                // asyncio's own words for a connection that it has seen lost have no number.
                ("python3", true) => &["BrokenPipeError 32", "ConnectionResetError None"],
                ("node", true) => &["EPIPE"],
                // The thread that writes may hear of it first; the other one reads the end.
                ("java", true) => &["read -1"],
                _ => &[],
            };
            let is_said =
                ran.out.contains(said) || others.iter().any(|word| ran.out.contains(word));
            assert!(
                is_said && ran.code == Some(0),
                "{program}, {scenario}: {ran:?}"
            );
            println!(
                "live: {program}, {scenario}: {}",
                ran.out.trim().replace('\n', "; ")
            );
        }
    }
    Ok(())
}

/// A client for each of the gallery that is not curl's.
pub(crate) fn gallery() -> Tested {
    needs("python3")?;
    needs("curl")?;
    let folder = Folder::new();
    let big = folder.write("big", &vec![b'x'; 4 << 20]);
    let big = big.to_str().expect("its name is text");
    let connect = "import socket, time\ns = socket.create_connection(('server', 80))\n";
    let user_timeout = format!(
        "{connect}s.setsockopt(6, 18, 1000)\ntime.sleep(.2)\ns.send(b'x')\n\
         try: s.recv(1)\nexcept OSError as e: print(e.errno)"
    );
    let half = format!("{connect}print(s.recv(9), s.recv(9))\ns.sendall(b'hello')\ntime.sleep(.2)");
    let crash = format!(
        "{connect}s.settimeout(1)\ns.send(b'x')\n\
         try: print(s.recv(1))\nexcept OSError as e: print(type(e).__name__)"
    );
    let udp = "import socket\nfor port in (7, 9):\n  \
               s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n  \
               s.connect(('server', port)); s.settimeout({7: .3, 9: 60}[port])\n  \
               s.send(b'x')\n  \
               try: print(s.recv(1))\n  except OSError as e: print(type(e).__name__)";
    let pooled = "import http.client, time\nc = http.client.HTTPConnection('server')\n\
                  c.request('GET', '/'); r = c.getresponse(); r.read(); print(r.status)\n\
                  time.sleep(2)\n\
                  try: c.request('GET', '/'); c.getresponse()\n\
                  except Exception as e: print(type(e).__name__)";
    let python: [(&str, &str, &str); 5] = [
        ("never-acknowledges.toml", &user_timeout, "110"),
        ("half-close.toml", &half, "b'bye\\n' b''"),
        ("crash.toml", &crash, "TimeoutError"),
        ("udp-deaf.toml", udp, "TimeoutError\nConnectionRefusedError"),
        (
            "pooled-connection.toml",
            pooled,
            "200\nConnectionResetError",
        ),
    ];
    for (scenario, script, said) in python {
        let words = ["-q", "--timeout", "60s", "--", "python3", "-c", script];
        let ran = folder.run(&live(scenario), &words);
        assert_eq!(
            (ran.out.trim(), ran.code),
            (said, Some(0)),
            "{scenario}: {ran:?}"
        );
    }
    for system in ["linux", "windows", "freebsd"] {
        let scenario = format!("http-413-{system}.toml");
        let words = [
            "-q",
            "--",
            "curl",
            "-sS",
            "-m",
            "60",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            "-H",
            "Expect:",
        ];
        let words: Vec<&str> = words
            .into_iter()
            .chain(["-T", big, "http://server/"])
            .collect();
        let ran = folder.run(&live(&scenario), &words);
        // The response came before the reset, or was lost with it.
        let lost = matches!(ran.code, Some(55 | 56));
        assert!(
            (ran.out == "413" && ran.code == Some(0)) || lost,
            "{scenario}: {ran:?}"
        );
    }
    let words = [
        "-q",
        "--",
        "curl",
        "-sS",
        "-m",
        "2",
        "-T",
        big,
        "http://server/",
    ];
    let ran = folder.run(&live("http-deaf-linux.toml"), &words);
    assert_eq!(ran.code, Some(28), "{ran:?}");
    Ok(())
}

/// Lines on standard input are calls of the hosts, and a client that joins meets what they do.
pub(crate) fn serve() -> Tested {
    needs("nsenter")?;
    let folder = Folder::new();
    let silent = folder.write("silent.toml", SILENT.as_bytes());
    let silent = silent.to_str().expect("its name is text");
    let mut command = folder.hangup(&["serve", silent, "-q"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program is built");
    let mut input = child.stdin.take().expect("it is a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("it is a pipe")).lines();
    let mut line = || output.next().expect("it answers").expect("it is text");
    let ready = line();
    assert!(ready.starts_with("ready {"), "{ready}");
    let join = ready
        .split("\"join\":\"")
        .nth(1)
        .expect("it says how to join");
    let join = join.split('"').next().expect("it ends").to_owned();
    let script = "exec 3<>/dev/tcp/$0/80; echo open >&3; cat <&3";
    let mut words = join.split(' ');
    let client = std::process::Command::new(words.next().expect("it has a program"))
        .args(words)
        .args(["bash", "-c", script, "192.0.2.1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let client = client.expect("nsenter is installed");
    let mut ask = |text: &str| {
        writeln!(input, "{text}").expect("it reads");
        line()
    };
    assert_eq!(ask("ready"), ready);
    let accepted = ask("server: accept(3) = 4");
    assert!(accepted.parse::<u64>().is_ok(), "{accepted}");
    assert_eq!(ask("server: recv(4, 100) = ..."), "5");
    let state = ask("state");
    assert!(
        state.contains("\"socket\":4,\"state\":\"ESTABLISHED\""),
        "{state}"
    );
    assert_eq!(ask("server: send(4, \"hello\") = ..."), "5");
    assert_eq!(ask("server: close(9) = 0"), "-1 EBADF");
    assert!(ask("nonsense").starts_with("error: "));
    assert_eq!(ask("link server > client delay 1ms"), "ok");
    assert_eq!(ask("server: close(4) = 0"), "0");
    let ran = Ran::of(client.wait_with_output().expect("it ends"));
    assert_eq!((&*ran.out, ran.code), ("hello", Some(0)), "{ran:?}");
    assert_eq!(ask("quit"), "ok");
    assert!(child.wait().expect("it ends").success());
    Ok(())
}
