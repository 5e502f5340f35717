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

mod adapt;
mod assign;
mod check;
pub mod contract;
pub mod detail;
pub mod discover;
mod file;
mod folder;
mod hosts;
pub mod icmp;
mod key;
pub mod limits;
mod load;
mod names;
mod network;
mod parse;
mod profiles;
pub mod program;
mod reader;
mod reference;
mod schema;
pub mod script;
mod select;
mod setting;
mod sweep;
#[cfg(test)]
mod tests;
mod translate;
mod vocabulary;
mod warnings;

pub use file::{Scenario, TraceExpect, Variant};
pub use hosts::{Host, Stack};
pub(crate) use load::read_file;
pub use load::{LoadError, ScenarioFile};
pub use network::Network;
pub use parse::typed;
pub(crate) use profiles::nested as knob_table;
pub use reference::reference;
pub use schema::schema;
pub use select::{Facts, Selection};
pub(crate) use setting::for_shell;
pub use setting::{Setting, SettingError};
pub(crate) use translate::{main_call, translate};
