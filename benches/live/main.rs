//! A gibibyte between curl and a host behind a device of the kernel: an emulated host, as `hangup
//! exec` has it, and smoltcp's own TCP socket behind a TAP device of its own. Both directions, in
//! namespaces without root; the rounds take turns, and the medians are compared. Each end is what
//! it is by itself: the program with its allocator, smoltcp with that of the system.
//!
//! `cargo bench --bench live` measures. Without cargo's `--bench` (as in `cargo test --benches`)
//! one small transfer of each shows that everything still runs. Where the machine has no namespaces
//! or no curl, a line says SKIPPED, and why.

#[cfg(target_os = "linux")]
mod bare;
#[cfg(target_os = "linux")]
mod curl;
#[cfg(target_os = "linux")]
mod emulated;

use std::process::ExitCode;

/// Elsewhere there are no namespaces.
#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    println!("SKIPPED: transfers of real programs, they need Linux");
    ExitCode::SUCCESS
}

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::ExitCode;
    use std::time::Duration;

    use super::curl::{Direction, Transfer};
    use super::{bare, emulated};

    /// Who is at the other end.
    type End = (&'static str, fn(Direction, u64) -> Result<Transfer, String>);

    const ENDS: [End; 2] = [
        ("smoltcp's socket, a TAP device", bare::transfer),
        ("an emulated host, hangup exec", emulated::transfer),
    ];

    pub(super) fn main() -> ExitCode {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if let [first, direction, octets, file] = &arguments[..]
            && first == bare::INSIDE
        {
            return bare::inside(direction, octets, file);
        }
        let (octets, rounds) = match arguments.iter().any(|it| it == "--bench") {
            true => (1 << 30, 5),
            false => (1 << 20, 1),
        };
        for direction in [Direction::Down, Direction::Up] {
            if let Err(why) = measure(direction, octets, rounds) {
                println!("SKIPPED: curl {}, {why}", direction.name());
            }
        }
        ExitCode::SUCCESS
    }

    fn measure(direction: Direction, octets: u64, rounds: usize) -> Result<(), String> {
        let mut transfers = ENDS.map(|_| Vec::new());
        for _ in 0..rounds {
            for ((_, transfer), all) in ENDS.iter().zip(&mut transfers) {
                all.push(transfer(direction, octets)?);
            }
        }
        println!("curl {} {octets} octets", direction.name());
        let mut first = None;
        for ((name, _), mut all) in ENDS.iter().zip(transfers) {
            all.sort_unstable_by_key(|it| it.wall);
            let median = all[all.len() / 2];
            let rate = |wall: Duration| octets as f64 / wall.as_secs_f64();
            let first = *first.get_or_insert(rate(median.wall));
            println!(
                "  {name:<36}{:>8.2} Gbit/s{:>8.2} ns of CPU an octet{:>8.2}",
                rate(median.wall) * 8.0 / 1e9,
                median.cpu.as_nanos() as f64 / octets as f64,
                rate(median.wall) / first,
            );
        }
        Ok(())
    }
}
