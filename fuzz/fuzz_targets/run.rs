//! Any octets as a scenario file that is run.

#![no_main]

#[path = "../../tests/fuzz/any_run.rs"]
mod any_run;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_run::check(octets));
