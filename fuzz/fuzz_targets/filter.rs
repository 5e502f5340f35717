//! Any text as a display filter, a selection of scenarios, and a setting.

#![no_main]

#[path = "../../tests/fuzz/any_filter.rs"]
mod any_filter;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_filter::check(octets));
