//! curl, and what it says of a transfer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

/// The congestion control of the kernel, whoever is at the other end. A machine's default may be
/// bbr, whose pace would be measured in place of the ends.
pub(crate) const CONGESTION: &str = "cubic";

/// Which way the octets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// curl fetches them.
    Down,
    /// curl sends them.
    Up,
}

/// What a transfer took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    /// From curl's start to its end.
    pub(crate) wall: Duration,
    /// The time of processors of everybody: curl, the other end, and the kernel for both.
    pub(crate) cpu: Duration,
}

impl Direction {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Down => "fetches",
            Self::Up => "sends",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Down, Self::Up]
            .into_iter()
            .find(|it| it.name() == name)
    }
}

/// Where the files are that curl sends: in memory, where there is such a place. A hole of a file
/// there is read without a disk and without a page of its own.
pub(crate) fn folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    }
}

/// curl's arguments for a transfer with `url`; what it sends is a file.
pub(crate) fn arguments(direction: Direction, url: &str, file: &str) -> Vec<String> {
    let words: &[&str] = match direction {
        Direction::Down => &[],
        // It does not wait for leave to go on.
        Direction::Up => &["-H", "Expect:", "-T", file],
    };
    let usual = [
        "-sS",
        "-m",
        "300",
        "-o",
        "/dev/null",
        "-w",
        "%{time_total} %{size_download} %{size_upload}",
    ];
    let words = usual.iter().chain(words).map(|&it| it.to_owned());
    words.chain([url.to_owned()]).collect()
}

/// Runs `transfer`, and reads of what it has printed how long curl took.
pub(crate) fn measured(
    octets: u64,
    transfer: impl FnOnce() -> Result<Output, String>,
) -> Result<Transfer, String> {
    let before = processors()?;
    let output = transfer()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.lines().next().unwrap_or("it says nothing");
    let mut words = said.split_whitespace();
    let seconds = words.next().and_then(|it| it.parse().ok());
    let moved = words.filter_map(|it| it.parse::<u64>().ok()).max();
    match (seconds, moved) {
        (Some(seconds), Some(moved)) if output.status.success() && moved == octets => {
            Ok(Transfer {
                wall: Duration::from_secs_f64(seconds),
                cpu: processors()?.saturating_sub(before),
            })
        }
        _ => Err(format!("{}: {complaint}", output.status)),
    }
}

/// The time of processors that the children of this process have had.
fn processors() -> Result<Duration, String> {
    // proc(5): cutime and cstime, in hundredths of a second.
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| error.to_string())?;
    let (_, behind_name) = stat.rsplit_once(')').ok_or("proc says nothing")?;
    let times = behind_name.split_whitespace().skip(13).take(2);
    let ticks: u32 = times.filter_map(|it| it.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}
