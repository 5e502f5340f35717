//! Any text as a file of finished rows of the exhaustion benchmark.

#![no_main]

#[path = "../../tests/fuzz/any_rows.rs"]
mod any_rows;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_rows::check(octets));
