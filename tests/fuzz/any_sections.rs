//! What must hold for any text as the sections of a scenario file: what stands in them is read by
//! the tables of keys, behind a script that is good. A fuzz target calls it too.

use std::path::Path;

use hangup::scenario::ScenarioFile;

/// How many combinations of a sweep are looked at.
const COMBINATIONS: usize = 4;

/// What stands before the sections.
const SCRIPT: &str = "script = '0 server: socket(AF_INET, SOCK_STREAM, 0) = 3'\n";

/// Sections are good, and then each of the scenarios can be had; or what is wrong with them has a
/// place in the file, and drives no terminal.
pub(crate) fn check(octets: &[u8]) {
    let text = [SCRIPT.as_bytes(), octets].concat();
    match ScenarioFile::parse(Path::new("any.toml"), text, &[]) {
        Ok(file) => {
            for index in (0..file.len()).take(COMBINATIONS) {
                assert!(file.scenario(index).is_some());
            }
        }
        Err(invalid) => {
            let said = invalid.to_string();
            assert!(said.contains("any.toml"), "{said}");
            let drives = |c: char| c.is_control() && !"\n\t".contains(c);
            assert!(!said.contains(drives), "{said:?}");
        }
    }
}
