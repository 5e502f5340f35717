//! The shared parts of hangup's small languages: scripts, filters, selections, packetdrill's
//! scripts and the code in them.
//!
//! A language is its own grammar over these parts. The parts know nothing of scenarios, frames or
//! benchmarks, and depend on [`crate::diagnostic`] alone.

pub(crate) mod boolean;
pub(crate) mod cells;
pub(crate) mod input;
pub(crate) mod names;
pub(crate) mod number;
pub(crate) mod pattern;
pub mod range;
mod relation;
pub(crate) mod selection;
pub(crate) mod text;
pub mod units;
pub(crate) mod words;

pub use boolean::NESTING_MAX;
pub use relation::Relation;
