//! Any octets as what the peer of a transport connection sends.

#![no_main]

#[path = "../../winsock/tests/iso/any_peer.rs"]
mod any_peer;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| any_peer::check(octets));
