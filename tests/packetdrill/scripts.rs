//! The scripts of the repository.

use std::path::Path;

use hangup::packetdrill::{IpVersion, Leftovers};
use hangup::scenario::discover::discover_scripts;

use crate::{options, verdict};

/// The systems that a script is about: Linux, and the one whose folder it is in.
fn systems(path: &Path) -> Vec<&str> {
    let folder = path.parent().and_then(Path::file_name);
    let folder = folder.and_then(|it| it.to_str());
    let own = folder.filter(|it| *it != "packetdrill");
    ["linux"].into_iter().chain(own).collect()
}

#[test]
fn every_script_passes_over_every_ip_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = discover_scripts(root, &[]).expect("there are scripts");
    assert!(found.len() >= 31, "{found:#?}");
    let mut failures = String::new();
    for script in &found {
        let text = std::fs::read_to_string(root.join(&script.path)).expect("it was just found");
        for (version, name) in IpVersion::ALL {
            for system in systems(&script.path) {
                let verdict = verdict(&text, &options(system, version), Leftovers::Fail);
                if verdict != "pass" {
                    let path = script.path.display();
                    failures.push_str(&format!("{path} {system} {name}: {verdict}\n"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
