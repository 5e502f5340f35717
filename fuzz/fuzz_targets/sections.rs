//! Any text as the sections of a scenario whose script is good.

#![no_main]

#[path = "../../tests/fuzz/any_sections.rs"]
mod any_sections;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_sections::check(octets));
