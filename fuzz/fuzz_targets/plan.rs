//! Any text as a plan of the exhaustion benchmark, and as a file of its rows.

#![no_main]

#[path = "../../tests/fuzz/any_plan.rs"]
mod any_plan;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_plan::check(octets));
