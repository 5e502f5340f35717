//! `hangup bench exhaustion`: the same bytes from any way of running a sweep, and the messages
//! about bad input.

use super::Folder;

/// A sweep of few rows that end soon.
const SMALL: [&str; 10] = [
    "bench",
    "exhaustion",
    "--sender",
    "linux,windows,smoltcp",
    "--receiver",
    "wsprecvdisconnect,winsock",
    "--window",
    "1000..8000:x2",
    "--loss",
    "0,0.1",
];

fn run(folder: &Folder, more: &[&str]) -> super::Ran {
    let arguments: Vec<_> = SMALL.iter().chain(more).copied().collect();
    folder.hangup(&arguments)
}

fn file(folder: &Folder, name: &str) -> String {
    std::fs::read_to_string(folder.0.join(name)).expect("the sweep has written it")
}

#[test]
fn threads_and_shards_leave_the_same_bytes() {
    let folder = Folder::new("bench-same-bytes");
    for jobs in ["1", "2"] {
        let name = format!("{jobs}.csv");
        let ran = run(&folder, &["-j", jobs, "--csv", &name]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        assert!(ran.out.contains("silly-window"), "{}", ran.out);
    }
    let whole = file(&folder, "1.csv");
    assert_eq!(file(&folder, "2.csv"), whole);
    assert_eq!(whole.lines().count(), 49);

    let mut lines = Vec::new();
    let mut resume = Vec::new();
    for part in 1..=4 {
        let (shard, csv, json) = (
            format!("{part}/4"),
            format!("s{part}.csv"),
            format!("s{part}.json"),
        );
        let ran = run(
            &folder,
            &["-q", "--shard", &shard, "--csv", &csv, "--json", &json],
        );
        assert_eq!((ran.code, ran.out.as_str()), (0, ""));
        let text = file(&folder, &csv);
        lines.extend(text.lines().skip(1).map(str::to_owned));
        resume.push(if part % 2 == 0 { csv } else { json });
    }
    lines.sort_by_key(|line| line.split(',').next().and_then(|id| id.parse::<u64>().ok()));
    let head = whole.lines().next().unwrap();
    assert_eq!(format!("{head}\n{}\n", lines.join("\n")), whole);

    // Shards put together are the whole, and so is a file that goes on where it was cut.
    let mut merge = vec!["-q", "--csv", "merged.csv"];
    resume
        .iter()
        .for_each(|name| merge.extend(["--resume", name]));
    assert_eq!(run(&folder, &merge).code, 0);
    assert_eq!(file(&folder, "merged.csv"), whole);
    folder.write("cut.csv", &whole[..whole.len() / 2]);
    let ran = run(&folder, &["-q", "--csv", "cut.csv", "--resume", "cut.csv"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(file(&folder, "cut.csv"), whole);
}

#[test]
fn a_plan_file_says_what_flags_say() {
    let folder = Folder::new("bench-plan");
    folder.write(
        "plan.toml",
        "[sweep]\nsender = ['linux', 'windows', 'smoltcp']\n\
         receiver = 'wsprecvdisconnect,winsock'\nwindow = '1000..8000:x2'\nloss = [0, 0.1]\n",
    );
    let of_plan = folder.hangup(&["bench", "exhaustion", "plan.toml", "--csv", "-"]);
    assert_eq!((of_plan.code, of_plan.err.as_str()), (0, ""));
    assert_eq!(of_plan.out, run(&folder, &["--csv", "-"]).out);
    let ran = folder.hangup(&[
        "bench",
        "exhaustion",
        "plan.toml",
        "--filter",
        "loss=0",
        "--csv",
        "-",
    ]);
    assert_eq!(ran.out.lines().count(), 25);
}

/// A knob that is turned is a part of the profile's name: in plans, columns, and files that are
/// taken up again.
#[test]
fn knobs_are_turned_and_named() {
    let folder = Folder::new("bench-set");
    let bench = |more: &[&str]| {
        let plain = ["bench", "exhaustion", "--sender", "linux", "--window"];
        folder.hangup(&[&plain, more].concat())
    };
    let set = bench(&["4000", "--set", "sender.give_up.data=3", "--csv", "set.csv"]);
    assert_eq!((set.code, set.err.as_str()), (0, ""));
    let rows = file(&folder, "set.csv");
    assert!(
        rows.contains("\n0,linux+give_up.data=3,wsprecvdisconnect,"),
        "{rows}"
    );
    // Three retransmissions end sooner than fifteen.
    let ended = |rows: &str| {
        let mut lines = rows.lines().map(|line| line.split(','));
        let at = lines.next()?.position(|name| name == "sender_ended_us")?;
        lines.next()?.nth(at)?.parse::<u64>().ok()
    };
    let plain = bench(&["4000", "--csv", "-"]).out;
    let (sooner, later) = (ended(&rows).unwrap(), ended(&plain).unwrap());
    assert!(sooner < later / 10, "{sooner} and {later}");

    let names = "[sweep]\nsender = 'linux+give_up.data=3'\nwindow = 4000\n";
    folder.write("plan.toml", names);
    let of_plan = folder.hangup(&["bench", "exhaustion", "plan.toml", "--csv", "-"]);
    assert_eq!(of_plan.out, rows, "{}", of_plan.err);
    let axis = bench(&[
        "9000",
        "--set",
        "sender.give_up.data=3",
        "--set",
        "window=4000",
        "--csv",
        "-",
    ]);
    assert_eq!(axis.out, rows, "{}", axis.err);

    // What has finished under another name is of another sweep.
    let again = bench(&[
        "4000",
        "--set",
        "sender.give_up.data=3",
        "--resume",
        "set.csv",
    ]);
    assert_eq!((again.code, again.err.as_str()), (0, ""));
    let other = bench(&["4000", "--resume", "set.csv"]);
    assert_eq!(other.code, 2, "{}", other.err);
    for (setting, says) in [
        ("sender.rto.mni=1s", "did you mean `rto.min`?"),
        ("sender.rto.min=1", "`rto.min`"),
        ("peer.rto.min=1s", "the hosts are `sender` and `receiver`"),
        (
            "windw=4000",
            "no axis is called `windw`; write `window=...`",
        ),
        ("window=0", "less than 1"),
        ("sender", "a setting is `KEY=VALUE`"),
    ] {
        let ran = bench(&["4000", "--set", setting]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{setting}");
        assert!(ran.err.contains(says), "{setting}: {}", ran.err);
    }
}

#[test]
fn one_row_has_a_trace() {
    let folder = Folder::new("bench-row");
    let ran = run(&folder, &["--row", "0", "-w", "row.pcapng"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let trace = std::fs::read(folder.0.join("row.pcapng")).unwrap();
    assert_eq!(trace[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    let ran = run(&folder, &["-q", "--row", "0", "--svg", "plots/row.svg"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "", ""));
    assert!(file(&folder, "plots/row.svg").starts_with("<svg "));
    let again = run(&folder, &["--row", "0", "-w", "-"]);
    assert_eq!(again.stdout, trace);
}

/// A table in whose second row somebody has changed what was measured.
fn with_other_result(table: &str) -> String {
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    let place = lines[0].split(',').position(|it| it == "accepted_octets");
    let place = place.expect("there is such a column");
    let mut columns: Vec<&str> = lines[2].split(',').collect();
    let other = format!("{}0", columns[place]);
    columns[place] = &other;
    lines[2] = columns.join(",");
    lines.join("\n") + "\n"
}

#[test]
fn bad_input_is_an_error_with_its_place() {
    let folder = Folder::new("bench-bad-input");
    let whole = run(&folder, &["--csv", "whole.csv"]);
    assert_eq!(whole.code, 0);
    let whole = file(&folder, "whole.csv");
    folder.write("damaged.csv", whole.replacen("linux", "lunix", 1));
    folder.write("edited.csv", with_other_result(&whole));
    folder.write("shard.csv", whole.lines().next().unwrap().to_owned() + "\n");
    folder.write("plan.toml", "[sweep]\nwindw = 1\n");
    let huge: Vec<_> = "--seed 0..99999:+1 --mss 1..1000:+1".split(' ').collect();
    let rows: [(&[&str], i32, &str); 13] = [
        (
            &["--window", "1..10:x1"],
            2,
            "--window `1..10:x1`: the range never ends",
        ),
        (&["--windw", "1"], 2, "unexpected argument '--windw'"),
        (
            &huge,
            2,
            "the sweep has 4800000000 rows, and 10000000 is the most",
        ),
        (&["--filter", "window=5"], 4, "no row is left of 48"),
        (
            &["--filter", "not windw=5"],
            2,
            "--filter:1:5: no axis is called `windw`\n",
        ),
        (
            &["--row", "48"],
            2,
            "--row 48: rows have the numbers 0 to 47, those that filters leave out counted",
        ),
        (&["--shard", "5/4"], 2, "--shard `5/4` is no part"),
        (&["--csv", "no/where.csv"], 3, "cannot write no/where.csv"),
        (&["--csv", "/dev/full"], 3, "cannot write /dev/full"),
        (
            &["--resume", "edited.csv"],
            2,
            "--resume edited.csv: line 3: it is not as a sweep wrote it: `check`",
        ),
        (
            &["--resume", "damaged.csv"],
            2,
            "--resume damaged.csv: line 2: column `sender`",
        ),
        (&["--resume", "missing.csv"], 3, "cannot read missing.csv"),
        (
            &["plan.toml"],
            2,
            "plan.toml: line 2: no axis is called `windw`; did you mean `window`?",
        ),
    ];
    for (arguments, code, expected) in rows {
        if arguments.contains(&"/dev/full") && !cfg!(target_os = "linux") {
            continue;
        }
        let ran = if arguments[0] == "--window" {
            folder.hangup(&[&SMALL[..2], arguments].concat())
        } else {
            run(&folder, arguments)
        };
        assert!(ran.err.contains(expected), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.code, code, "{arguments:?}");
    }
    assert_eq!(
        file(&folder, "whole.csv"),
        whole,
        "nothing of it has touched another file"
    );
}
