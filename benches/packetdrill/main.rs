//! The benchmark of packetdrill's scripts: how many of them one processor reads and plays a second.
//!
//! The scripts are the nine about shutdown and close in `scenarios/packetdrill`, played over IPv4
//! and IPv6 in turn, each from its text; and reading alone, of those and of scripts of 40 lines.
//! The median round counts.
//!
//! `cargo bench` measures. Without cargo's `--bench` (as in `cargo test --benches`) one short round
//! shows that everything still runs.

#[path = "../allocator/mod.rs"]
mod allocator;
#[path = "../rounds/mod.rs"]
mod rounds;

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use hangup::packetdrill::{IpVersion, Leftovers, PlayOptions, Script, ScriptOutcome, run_script};
use hangup_stack::profile::Profile;
use rounds::median;

/// The scripts, by their names.
const SCRIPTS: [&str; 9] = [
    "close-local-close-then-remote-fin",
    "close-on-syn-sent",
    "close-remote-fin-then-close",
    "shutdown-rd-close",
    "shutdown-rd-wr-close",
    "shutdown-rdwr-close",
    "shutdown-rdwr-send-queue-ack-close",
    "shutdown-rdwr-write-queue-close",
    "shutdown-wr-close",
];

/// How many lines the scripts have that are only read.
const LINES: usize = 40;

/// How much is done in a round, and how many rounds there are.
#[derive(Clone, Copy, Debug)]
struct ReplayPlan {
    /// How often each of the nine scripts is played over each IP version.
    plays: usize,
    /// How many scripts of 40 lines are read.
    reads: usize,
    rounds: usize,
}

impl ReplayPlan {
    const MEASURED: Self = Self {
        plays: 50,
        reads: 1000,
        rounds: 9,
    };
    const SHORT: Self = Self {
        plays: 1,
        reads: 10,
        rounds: 1,
    };
}

/// A script of 40 lines: a connection, and data there and back.
fn long_script() -> String {
    let mut text = String::from(
        "0   socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n\
         +0  bind(3, ..., ...) = 0\n\
         +0  listen(3, 1) = 0\n\
         +0  < S 0:0(0) win 32792 <mss 1000,sackOK,nop,nop,nop,wscale 7>\n\
         +0  > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 10>\n\
         +.1 < . 1:1(0) ack 1 win 257\n\
         +0  accept(3, ..., ...) = 4\n\
         // Data both ways.\n",
    );
    for index in (0..).take((LINES - 8) / 4) {
        let (now, next) = (index * 1000 + 1, (index + 1) * 1000 + 1);
        text.push_str(&format!(
            "+.1 < P. {now}:{next}(1000) ack {now} win 257\n\
             +0  > . {now}:{now}(0) ack {next}\n\
             +.1 write(4, ..., 1000) = 1000\n\
             +0  > P. {now}:{next}(1000) ack {next}\n"
        ));
    }
    assert_eq!(text.lines().count(), LINES);
    text
}

fn read(text: &str, options: &PlayOptions) -> Script {
    Script::parse(Path::new("a.pkt"), text.into(), options)
        .unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn play(text: &str, options: &PlayOptions) {
    match run_script(&read(text, options), 0, Leftovers::Allowed) {
        ScriptOutcome::Passed(outcome) => drop(black_box(outcome)),
        failed @ (ScriptOutcome::Failed(_) | ScriptOutcome::Unsupported(_)) => {
            panic!("{failed:?}\n{text}")
        }
    }
}

fn main() -> ExitCode {
    let mut plan = ReplayPlan::SHORT;
    for argument in std::env::args().skip(1) {
        if argument != "--bench" {
            eprintln!("packetdrill benchmark: unknown argument {argument}; there is none");
            return ExitCode::from(2);
        }
        plan = ReplayPlan::MEASURED;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/packetdrill");
    let texts = SCRIPTS.map(|name| {
        let path = folder.join(name).with_extension("pkt");
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    let profile = Profile::built_in("linux").expect("it is built in");
    let options = PlayOptions::new(profile).expect("it has the calls of POSIX");
    let versions = [IpVersion::V4, IpVersion::V6].map(|it| options.clone().ip_version(it));
    let scripts = plan.plays * SCRIPTS.len() * versions.len();
    let each = |what: &dyn Fn(&str, &PlayOptions)| {
        for _ in 0..plan.plays {
            for options in &versions {
                texts.iter().for_each(|text| what(text, options));
            }
        }
    };
    let played = median(plan.rounds, || each(&play));
    let parsed = median(plan.rounds, || {
        each(&|text, options| drop(black_box(read(text, options))))
    });
    let long = long_script();
    play(&long, &options);
    let long_parsed = median(plan.rounds, || {
        (0..plan.reads).for_each(|_| drop(black_box(read(&long, &options))));
    });
    let row = |what: &str, count: usize, time: Duration| {
        println!(
            "{what:<36}{:>14.0}{:>14.1}",
            count as f64 / time.as_secs_f64(),
            time.as_secs_f64() * 1e6 / count as f64
        );
    };
    println!("one thread, median of {} round(s)\n", plan.rounds);
    println!("{:<36}{:>14}{:>14}", "", "scripts/s", "µs a script");
    row("the nine, read and played", scripts, played);
    row("the nine, read", scripts, parsed);
    row("40 lines, read", plan.reads, long_parsed);
    println!(
        "\n{} scripts of {LINES} lines are read in {:.1} ms",
        plan.reads,
        long_parsed.as_secs_f64() * 1e3
    );
    ExitCode::SUCCESS
}
