//! The bounds of runs: memory, the size of a trace, wall time, and interrupts.
//!
//! A run says what it holds, and [`Bounds`] says whether it may go on. What it holds is counted and
//! not measured, so that the same run reaches a bound of memory or of trace at the same place on
//! every machine and beside any number of other runs.

use std::fmt;
use std::time::Duration;

use crate::language::units;

/// The memory of all runs of a process at once, in octets, where nothing else is said.
pub const MEMORY: usize = 1 << 30;
/// The most octets of a trace, where nothing else is said.
pub const TRACE: usize = 256 << 20;

/// What a run holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Octets of memory: the queues of its sockets, the frames on their way, and its event log.
    pub memory: usize,
    /// Octets that its trace would have.
    pub trace: usize,
}

/// A bound that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// So many octets of memory.
    Memory(usize),
    /// So many octets of a trace.
    Trace(usize),
    /// So much wall time.
    Time(Duration),
    /// Somebody interrupted the program.
    Interrupt,
}

impl Reached {
    /// What can be done about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Memory(_) => "allow more with --memory, or send and keep less",
            Self::Trace(_) => {
                "allow more with --trace-size, keep less of each packet with --snaplen, or write \
                 no traces with --no-traces"
            }
            Self::Time(_) => "allow more with --timeout, or give `until`, or less data",
            Self::Interrupt => "run it again",
        }
    }
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(octets) => {
                let shown = units::show_size(*octets as u64);
                write!(f, "it needs more than {shown} of memory (--memory)")
            }
            Self::Trace(octets) => {
                let shown = units::show_size(*octets as u64);
                write!(f, "its trace has more than {shown} (--trace-size)")
            }
            Self::Time(time) => {
                let millis = time.as_millis() as f64 / 1000.0;
                write!(f, "{millis} s of wall time have passed (--timeout)")
            }
            Self::Interrupt => f.write_str("it was interrupted"),
        }
    }
}

/// What a run may take.
pub trait Bounds: fmt::Debug {
    /// Whether a run that holds so much may go on. It is asked again and again, and may wait until
    /// other runs have given back what they hold.
    ///
    /// # Errors
    /// The bound that was reached.
    fn check(&self, held: Held) -> Result<(), Reached>;
}

/// The bounds of a run that nobody else bounds: [`MEMORY`], and nothing that is a matter of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usual;

impl Bounds for Usual {
    fn check(&self, held: Held) -> Result<(), Reached> {
        if held.memory > MEMORY {
            return Err(Reached::Memory(MEMORY));
        }
        Ok(())
    }
}
