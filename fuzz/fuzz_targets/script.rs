//! Any text as a script that is read.

#![no_main]

#[path = "../../tests/fuzz/any_script.rs"]
mod any_script;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_script::check(octets));
