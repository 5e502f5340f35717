//! The limits of packetdrill scripts, all of them. Reaching one is an error that names it.

pub use crate::scenario::limits::{FILE_MAX, TIME_MAX};

/// The most events of a script.
pub const EVENTS_MAX: usize = 10_000;
/// The most tokens of a script.
pub const TOKENS_MAX: usize = 500_000;
/// The most arguments of a call, and the most entries of a list or structure.
pub const ARGUMENTS_MAX: usize = 64;
/// How deep lists and structures stand in each other.
pub const DEPTH_MAX: usize = 8;
/// The most symbols that a script and a command line define.
pub const DEFINES_MAX: usize = 256;
/// The most octets that the calls of a script send and receive, all together.
pub const OCTETS_MAX: u64 = 256 << 20;
/// The most statements of one piece of code.
pub const ASSERTIONS_MAX: usize = 256;
