//! Scenarios: files that say which hosts there are, what they do, and what must be seen.
//!
//! [`Scenario::load`] reads a file and says everything that is wrong with it at once; what it
//! returns can be run without any further check of its text. Nothing in a file can make it panic,
//! and everything in a file has a limit ([`limits`]).
//!
//! ```
//! use hangup::scenario::Scenario;
//!
//! let text = "script = '+0 servre: close(3) = 0'\n[hosts.server]\nprofile = 'linux'\n";
//! let invalid = Scenario::parse("a.toml".as_ref(), text.into()).unwrap_err().to_string();
//! assert!(invalid.starts_with("a.toml:1:14: unknown host `servre`\n"));
//! assert!(invalid.contains("= help: did you mean `server`?\n"));
//! ```

mod check;
pub mod contract;
pub mod discover;
mod file;
mod hosts;
pub mod icmp;
pub mod limits;
mod names;
mod network;
mod parse;
mod profiles;
mod reader;
pub mod script;
#[cfg(test)]
mod tests;
pub mod units;
mod vocabulary;

pub(crate) use file::read_file;
pub use file::{LoadError, Scenario, TraceExpect};
pub use hosts::{Host, Stack};
pub(crate) use names::nearest as nearest_name;
pub use network::Network;
