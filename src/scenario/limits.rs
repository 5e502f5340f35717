//! The limits of a scenario, all of them. Reaching one is an error that names it.

use std::fmt::Display;
use std::ops::RangeInclusive;

use hangup_stack::network::IpFamily;
use smoltcp::time::Duration;

use crate::language::units;

/// The longest file, in octets.
pub const FILE_MAX: usize = 1 << 20;
/// The most lines of a file that begin a table, or look like it.
pub const TABLES_MAX: usize = 20_000;
/// The most statements of a script.
pub const STATEMENTS_MAX: usize = 10_000;
/// The most hosts of a scenario.
pub const HOSTS_MAX: usize = 16;
/// The most profiles that a scenario defines for itself.
pub const PROFILES_MAX: usize = 64;
/// The most addresses of a host.
pub const ADDRESSES_MAX: usize = 8;
/// The most `claims`, and the most `[[expect]]`.
pub const LIST_MAX: usize = 256;
/// The most combinations of a `[sweep]`.
pub const COMBINATIONS_MAX: usize = 1024;
/// The most that is read of a file with a `[sweep]`, in octets: its length for each combination.
pub const SWEEP_READ_MAX: usize = 64 << 20;
/// The most `--set` of one command line.
pub const SETTINGS_MAX: usize = 256;
/// The longest `--set`, in octets.
pub const SETTING_MAX: usize = 4096;
/// The most parts of a program.
pub const PARTS_MAX: usize = 64;
/// The most steps of a program.
pub const STEPS_MAX: usize = 1000;
/// How deep the blocks of a program may nest.
pub const BLOCKS_MAX: usize = 16;
/// The most `or` of a step.
pub const OTHERS_MAX: usize = 64;
/// The longest pattern that a program waits for, in octets.
pub const PATTERN_MAX: usize = 1024;
/// The most octets that a program sends with one call.
pub const CHUNK_MAX: u64 = 16 << 20;
/// The most connections that a part of a program makes.
pub const CONNECTIONS_MAX: u64 = 10_000;
/// The longest file that a program sends, in octets.
pub const ATTACHMENT_MAX: u64 = 16 << 20;
/// The longest name of a combination, in octets, so that it can be part of a file's name.
pub const COMBINATION_NAME_MAX: usize = 160;
/// The most documents, and the most statements, of a contract.
pub const CONTRACT_MAX: usize = 2048;
/// The most errors that are reported of one file; the rest of the file is not looked at after them.
pub const DIAGNOSTICS_MAX: usize = 100;

/// The latest time in a script, and the longest `until`.
pub const TIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// `delay`
pub const DELAY: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(60 * 60);
/// `rate`, in bits a second
pub const RATE: RangeInclusive<u64> = 1..=1_000_000_000_000;
/// `queue`, in frames
pub const QUEUE: RangeInclusive<u64> = 0..=1_000_000;
/// `mtu` over IPv4, in octets. Every host must take 576 (RFC 791 section 3.1).
pub const MTU_V4: RangeInclusive<u64> = 576..=65535;
/// `mtu` where a file says nothing: that of Ethernet (RFC 894, RFC 2464).
pub const MTU_USUAL: usize = 1500;
/// `mtu` over IPv6, in octets. Every link must carry 1280 (RFC 8200 section 5).
pub const MTU_V6: RangeInclusive<u64> = 1280..=65535;
/// `mss`, in octets: Linux takes no less than 88; IPv4 carries no more than 65495.
pub const MSS: RangeInclusive<u64> = 88..=65495;
/// `receive_buffer` and `send_buffer`, in octets
pub const BUFFER: RangeInclusive<u64> = 1..=1 << 30;
/// `receive_offload`, in frames: Linux puts 64 KiB together at most, which is 44 full segments.
pub const RECEIVE_OFFLOAD: RangeInclusive<u64> = 1..=1024;

/// `mtu` over a family, in octets.
pub fn mtu(ip: IpFamily) -> RangeInclusive<u64> {
    match ip {
        IpFamily::V4 => MTU_V4,
        IpFamily::V6 => MTU_V6,
    }
}

/// The number, where it lies in a range.
///
/// # Errors
/// A sentence with the range.
pub fn within<T: PartialOrd + Display>(value: T, range: &RangeInclusive<T>) -> Result<T, String> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(format!("it must be {} to {}", range.start(), range.end()))
    }
}

/// The duration, where it lies in a range.
///
/// # Errors
/// A sentence with the range.
pub fn duration_within(
    value: Duration,
    range: &RangeInclusive<Duration>,
) -> Result<Duration, String> {
    if range.contains(&value) {
        Ok(value)
    } else {
        let (start, end) = (range.start(), range.end());
        Err(format!(
            "it must be {} to {}",
            units::show_duration(*start),
            units::show_duration(*end)
        ))
    }
}
