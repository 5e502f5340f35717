//! Traces of runs made by hand: as text, as pcapng read back by its library, and as tshark sees
//! them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests pick what they look at"
)]

mod notation;
mod pcapng;
mod run;
#[path = "../skip/mod.rs"]
mod skip;
mod text;
mod tshark;
mod wire;
