//! What the small languages of hangup have in common: scripts, filters, selections, packetdrill's
//! scripts and the code in them.
//!
//! A language is its own grammar over these parts. The parts know nothing of scenarios, frames or
//! benchmarks, and depend on [`crate::diagnostic`] alone.

pub mod names;
pub mod range;
pub mod units;
