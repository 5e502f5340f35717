//! Any octets as a scenario file.

#![no_main]

#[path = "../../tests/fuzz/any_scenario.rs"]
mod any_scenario;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_scenario::check(octets));
