//! packetdrill's scripts: `.pkt` files, unmodified, of Google's dialect and of FreeBSD's.
//!
//! A script has one host under test and, at the other end of the wire, the packets that the script
//! itself sends. [`Script::parse`] turns it into a scenario of two hosts: one with the requested
//! profile, one without a stack, with statements that the driver of all scenarios plays
//! ([`run_script`]). Features of the language that cannot be played here are collected with their
//! places; a script with any is *unsupported*: never passed, and never failed.
//!
//! Nothing in a script is carried out but its calls, its packets and its comparisons: this module
//! starts no program, opens no file but the script and no socket. Lines for the shell are looked at
//! for `sysctl` alone ([`Script::ignored`] says what was not taken), and code that is not a
//! comparison of numbers makes a script unsupported.

pub(crate) mod code;
mod conditional;
mod export;
pub(crate) mod headers;
mod lexer;
pub mod limits;
mod load;
mod lower;
mod message;
mod parse;
mod play;
mod script;
mod settings;
pub(crate) mod sysctl;
pub(crate) mod tcp_info;

pub use code::{Assertion, Info, Step, Variables};
pub use export::{Inexpressible, export};
pub use play::{ScriptOutcome, run_script, run_script_on, run_script_within};
pub use script::{HOST, PEER, Script};
pub use settings::{IpVersion, PlayOptions, Settings, Target};

pub use crate::run::Leftovers;
