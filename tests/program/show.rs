//! `hangup show`: the ladder of a scenario and of its trace, its messages, and the examples in the
//! documents.

use std::path::Path;

use super::{Folder, hangup};

/// What is shown.
#[track_caller]
fn shown(arguments: &[&str]) -> String {
    let ran = hangup(&[&["show"], arguments].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}");
    ran.out
}

#[test]
fn the_documents_show_what_is_drawn() {
    let mut count = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let documents = std::fs::read_dir(folder).expect("there are documents");
    let documents = documents.map(|entry| entry.expect("it can be read").path());
    // The tutorial shows a file that its reader writes; tests/recipes.rs does so.
    let documents = documents.filter(|path| !path.ends_with("tutorial.md"));
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    for path in documents.chain([readme]).filter(|it| it.is_file()) {
        let text = std::fs::read_to_string(&path).expect("documents are text");
        let blocks = text.split("```\n");
        for block in blocks.filter(|it| it.starts_with("$ hangup show ")) {
            let (command, output) = block.split_once('\n').expect("something is drawn");
            let arguments: Vec<&str> = command.split(' ').skip(3).collect();
            let drawn = shown(&arguments);
            assert!(
                drawn.trim_end() == output.trim_end(),
                "{}: `{command}` draws\n{drawn}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count >= 2, "there are ladders in the documents");
}

/// The drawings of the documents are those that are drawn. `PICTURES=write` renews them.
#[test]
fn the_documents_have_the_drawings() {
    let held = "recv-disconnect/held-until-exhausted";
    let kernel = "linux/shut-rd-exhausts-the-window-of-a-kernel";
    let rows: [(&str, &[&str]); 4] = [
        ("held-ladder.svg", &[held, "--format", "svg"]),
        ("held-graph.svg", &[held, "--format", "svg", "--graph"]),
        ("kernel-graph.svg", &[kernel, "--format", "svg", "--graph"]),
        ("held-ladder.mmd", &[held, "--format", "mermaid"]),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    let shown = rows.map(|(name, arguments)| (name, shown(arguments)));
    for (name, drawn) in shown.into_iter().chain([("sweep.svg", sweep())]) {
        let path = folder.join(name);
        if std::env::var("PICTURES").is_ok_and(|it| it == "write") {
            std::fs::create_dir_all(&folder).expect("ours");
            std::fs::write(&path, &drawn).expect("ours");
        }
        let kept = std::fs::read_to_string(&path).expect("it is there");
        assert!(
            kept == drawn,
            "{name} is another one: PICTURES=write renews it"
        );
    }
}

/// The plot of the sweep that docs/pictures.md prints.
fn sweep() -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("documents-sweep.svg");
    let path = path.to_str().expect("its name is text");
    let ran = hangup(&[
        "bench",
        "exhaustion",
        "-q",
        "--sender",
        "linux,windows,freebsd,lwip",
        "--window",
        "4000..256KiB:x2",
        "--svg",
        path,
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    std::fs::read_to_string(path).expect("it was written")
}

/// A trace has all that its ladder needs, where every packet has reached the host that it is of.
#[test]
fn a_trace_is_drawn_as_its_scenario_is() {
    for name in [
        "recv-disconnect/held-until-exhausted",
        "recv-disconnect/arriving-data-resets",
        "linux/shut-rd-exhausts-the-window-of-a-kernel",
        "language/two-connections-at-once",
        "keep-alive/answered-probes-keep-the-connection",
        "udp/recv-disconnect-queues-datagrams-ipv6",
    ] {
        let trace = format!("captures/{name}.pcapng");
        for options in [&["--all"][..], &["--width", "80"]] {
            let scenario = shown(&[&[name], options].concat());
            assert_eq!(shown(&[&[&*trace], options].concat()), scenario, "{name}");
        }
    }
}

/// A trace at a host does not have what the link has lost on the way to it; its scenario has.
#[test]
fn what_is_lost_on_its_way_is_drawn_from_a_scenario() {
    let name = "language/links-change-while-a-script-runs";
    let drawn = shown(&[name]);
    assert!(
        drawn.contains("✗") && drawn.contains("lost: link down"),
        "{drawn}"
    );
}

/// Two connections with an end each: what opens and ends a stream is told in every format.
#[test]
fn every_format_tells_what_happened() {
    let reset = "recv-disconnect/arriving-data-resets";
    let graph = shown(&[reset, "--format", "svg", "--graph"]);
    for said in [
        "<title>Sequence graph of",
        ">SYN<",
        ">RST in<",
        ">send<",
        "recv WSAESHUTDOWN",
    ] {
        assert!(graph.contains(said), "{said}: {graph}");
    }
    let xplot = shown(&[reset, "--format", "xplot"]);
    assert!(
        xplot.starts_with("timeval double\ntitle\n") && xplot.ends_with("go\n"),
        "{xplot}"
    );
    assert!(
        xplot.contains("RST_IN\n") && xplot.contains("uarrow 0.210000 1001\n"),
        "{xplot}"
    );
    let mermaid = shown(&["link/loss-is-retransmitted", "--format", "mermaid"]);
    assert!(mermaid.contains("h0-xh1: 0.100 P. 1:1001"), "{mermaid}");
    let udp = hangup(&[
        "show",
        "language/three-hosts-have-links-of-their-own",
        "--graph",
        "--format",
        "svg",
    ]);
    assert!(
        udp.code == 2 && udp.err.contains("no TCP connection"),
        "{}",
        udp.err
    );
    for scale in ["linear", "log", "event"] {
        let other = shown(&[reset, "--format", "svg", "--graph", "--time", scale]);
        assert!(other.contains("seconds"), "{scale}");
    }
}

/// A failure is a row at its moment, and a mark in the file.
#[test]
fn a_failure_stands_where_it_happened() {
    let folder = Folder::new("show-failure");
    let text = super::HOLDS.replace(
        "...+0 connect(3, server:80) = 0",
        "...+0 connect(3, server:80) = -1",
    );
    folder.write("fails.toml", text);
    let path = folder.0.join("fails.toml").display().to_string();
    let drawn = shown(&[&path]);
    assert!(
        drawn.contains("FAILED  line 8: `connect` returned 0"),
        "{drawn}"
    );
    let page = shown(&[&path, "--format", "html"]);
    assert!(
        page.contains("<g class=\"failure\">") && page.contains("<mark>+0  client: ...+0"),
        "{page}"
    );
}

#[test]
fn any_width_is_kept() {
    let unfolded = "smoltcp/silence-behind-acknowledged-data";
    let several = "language/three-hosts-have-links-of-their-own";
    for name in ["recv-disconnect/held-until-exhausted", unfolded, several] {
        for width in [40, 60, 80, 100, 160, 400] {
            let text = shown(&[name, "--width", &width.to_string()]);
            let longest = text.lines().map(|line| line.chars().count()).max();
            // Two hosts and a wire on which a segment can be read.
            assert!(
                longest.unwrap_or(0) <= width.max(60),
                "{name} in {width}:\n{text}"
            );
        }
    }
}

#[test]
fn a_connection_and_a_host_are_chosen() {
    let name = "language/two-connections-at-once";
    let second = shown(&[name, "--connection", "2"]);
    assert!(
        second.contains("connect(fd=4") && !second.contains("connect(fd=3"),
        "{second}"
    );
    let name = "language/three-hosts-have-links-of-their-own";
    let near = shown(&[name, "--host", "near"]);
    assert!(
        near.contains("near") && !near.contains("udp (20)"),
        "{near}"
    );
}

#[test]
fn what_cannot_be_shown_is_said() {
    let folder = Folder::new("show-errors");
    folder.write("cut.pcapng", [0x0a, 0x0d, 0x0d, 0x0a, 0x1c, 0, 0, 0]);
    folder.write("text.pcapng", "no capture");
    let held = "recv-disconnect/held-until-exhausted";
    let cut = folder.0.join("cut.pcapng").display().to_string();
    let text = folder.0.join("text.pcapng").display().to_string();
    let rows: [(&[&str], &str); 7] = [
        (
            &["no/such-scenario"],
            "there is no scenario no/such-scenario",
        ),
        (&["recv-disconnect"], "one scenario or trace is shown"),
        (
            &[held, "--host", "x"],
            "there is no host `x`; there are server, client",
        ),
        (
            &[held, "--connection", "2"],
            "1 is client:49152 > server:4242",
        ),
        (
            &[held, "--at", "x"],
            "has no such host; it has server, client",
        ),
        (&[&cut], "cut.pcapng"),
        (&[&text], "text.pcapng"),
    ];
    for (arguments, said) in rows {
        let ran = hangup(&[&["show"], arguments].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "");
    }
}
