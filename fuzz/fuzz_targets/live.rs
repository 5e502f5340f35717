//! Any packets as what a kernel gives the device of a live run.

#![no_main]

#[path = "../../tests/fuzz/any_live.rs"]
mod any_live;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_live::check(octets));
