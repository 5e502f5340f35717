//! The scripts of the repository.

use std::path::Path;

use hangup::packetdrill::IpVersion;
use hangup::run::Leftovers;
use hangup::scenario::discover::discover_scripts;

use crate::{options, verdict};

/// The system that a script is about: the folder under `scenarios/packetdrill` that it is in, or
/// Linux.
fn system(path: &Path) -> &str {
    let folder = path.parent().and_then(Path::file_name);
    match folder.and_then(|it| it.to_str()) {
        Some("packetdrill") | None => "linux",
        Some(system) => system,
    }
}

#[test]
fn every_script_passes_over_every_ip_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = discover_scripts(root, &[]).expect("there are scripts");
    assert!(found.len() >= 9, "{found:#?}");
    let mut failures = String::new();
    for script in &found {
        let text = std::fs::read_to_string(root.join(&script.path)).expect("it was just found");
        for (version, name) in IpVersion::ALL {
            let options = options(system(&script.path), version);
            let verdict = verdict(&text, &options, Leftovers::Fail);
            if verdict != "pass" {
                failures.push_str(&format!("{} {name}: {verdict}\n", script.path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
