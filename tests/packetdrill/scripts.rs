//! The scripts of the repository.

use std::path::Path;

use hangup::packetdrill::{IpVersion, Leftovers, PlayOptions};
use hangup::scenario::discover::discover_scripts;
use hangup_stack::profile::Profile;

use crate::{options, verdict};

/// The system that a script is about besides Linux: the one whose folder it is in.
fn own_system(path: &Path) -> Option<&str> {
    let folder = path.parent().and_then(Path::file_name)?.to_str()?;
    (folder != "packetdrill").then_some(folder)
}

#[test]
fn every_script_passes_over_every_ip_version() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = discover_scripts(root, &[]).expect("there are scripts");
    assert!(found.len() >= 31, "{found:#?}");
    let mut failures = String::new();
    for script in &found {
        let text = std::fs::read_to_string(root.join(&script.path)).expect("it was just found");
        let mut played = |system: &str, name: &str, options: &PlayOptions| {
            let verdict = verdict(&text, options, Leftovers::Fail);
            if verdict != "pass" {
                let path = script.path.display();
                failures.push_str(&format!("{path} {system} {name}: {verdict}\n"));
            }
        };
        for (version, name) in IpVersion::ALL {
            played("linux", name, &options("linux", version));
        }
        // Elsewhere segments are smaller over IPv6, so that a script is for the version it says.
        if let Some(system) = own_system(&script.path) {
            let profile = Profile::built_in(system).expect("it is a built-in profile");
            let options = PlayOptions::new(profile).expect("it has the calls of POSIX");
            played(system, "as it says", &options);
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
