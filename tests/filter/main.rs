//! Display filters: the language, its errors, and that tshark selects the same frames.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod goldens;
mod language;
#[path = "../trace/run.rs"]
mod run;
#[path = "../skip/mod.rs"]
mod skip;
mod stack;
mod traces;
mod tshark;
#[path = "../trace/wire.rs"]
mod wire;
