//! What must hold for any octets as a scenario file. A fuzz target calls it too.

use std::path::Path;

use hangup::scenario::ScenarioFile;

/// How many combinations of a sweep are looked at.
const COMBINATIONS: usize = 4;

/// A file is good, and then each of its scenarios can be had again; or it is bad, and then there is
/// something to say about it that names the file and drives no terminal.
pub(crate) fn check(octets: &[u8]) {
    match ScenarioFile::parse(Path::new("any.toml"), octets.to_vec(), &[]) {
        Ok(file) => {
            assert!(file.scenario(file.len()).is_none());
            for index in (0..file.len()).take(COMBINATIONS) {
                let scenario = file.scenario(index).expect("it was read before");
                assert_eq!(
                    Some(scenario.variant.combination.as_str()),
                    file.combination(index)
                );
            }
        }
        Err(invalid) => {
            let said = invalid.to_string();
            assert!(
                !invalid.diagnostics.is_empty() && said.contains("any.toml"),
                "{said}"
            );
            let drives = |c: char| c.is_control() && !"\n\t".contains(c);
            assert!(!said.contains(drives), "{said:?}");
        }
    }
}
