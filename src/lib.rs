//! hangup: a wire-level emulator of how connections end.
//!
//! Data flows from here to `hangup-winsock` to `hangup-stack`; facts come back as events. This
//! crate is what touches files, terminals and arguments: scenario files, traces, reports, and the
//! program.

pub mod bench;
pub mod bounds;
pub mod calls;
pub mod capture;
pub mod cli;
pub mod compare;
pub mod contract;
pub mod diagnostic;
pub mod event_log;
pub mod files;
pub mod filter;
pub mod language;
pub mod live;
pub mod notation;
pub mod packetdrill;
pub mod page;
pub mod picture;
pub mod report;
pub mod run;
pub mod scenario;
pub mod shipped;
pub mod verify;
pub mod wire;
