//! The socket calls of a POSIX system over hangup's stack.
//!
//! [`Process`] is one process on one host. The crate is pure: no clock, no file, no socket of the
//! machine, no thread.

mod errno;
mod process;

pub use errno::Errno;
pub use process::{File, Mode, Outcome, Process, Reading};
