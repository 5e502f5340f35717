//! Any octets as a TPDU of ISO transport.

#![no_main]

#[path = "../../winsock/tests/iso/any_tpdu.rs"]
mod any_tpdu;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_tpdu::check(octets));
