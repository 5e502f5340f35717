//! Any octets as a packetdrill script, read and played.

#![no_main]

#[path = "../../tests/packetdrill/any_script.rs"]
mod any_script;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_script::check(octets));
