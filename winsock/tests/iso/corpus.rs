//! The corpus of the fuzz targets, on a compiler and a machine without a fuzzer.

use std::path::Path;

use crate::{any_peer, any_tpdu};

/// Everything that a target has found worth keeping.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root.join(target)).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
    }
    assert!(found.len() > 10, "{target} has a corpus");
    found
}

#[test]
fn the_corpus_holds() {
    for (name, octets) in corpus("itot_tpdu") {
        eprintln!("{name}");
        any_tpdu::check(&octets);
    }
    for (name, octets) in corpus("itot_connection") {
        eprintln!("{name}");
        any_peer::check(&octets);
    }
}
