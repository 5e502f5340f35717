//! Exported scripts: each scenario that can be exported passes as a packetdrill script.

use std::collections::BTreeMap;
use std::path::Path;

use hangup::packetdrill::{Leftovers, PlayOptions, export};
use hangup::run::run;
use hangup::scenario::Scenario;
use hangup::scenario::discover::discover;
use hangup_stack::network::HostId;

use crate::verdict;

#[test]
fn what_a_host_saw_passes_as_a_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut exported = 0;
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = String::new();
    for found in discover(root, &[]).expect("there are scenarios") {
        let octets = std::fs::read(root.join(&found.path)).expect("it was just found");
        let scenario = Scenario::parse(&found.path, octets).expect("it is well-formed");
        let outcome = run(&scenario, None);
        for (index, host) in scenario.hosts.iter().enumerate() {
            let text = match export(&scenario, &outcome, HostId(index), "a scenario") {
                Ok(text) => text,
                Err(why) => {
                    *refused.entry(why.to_string()).or_default() += 1;
                    continue;
                }
            };
            exported += 1;
            let profile = host.profile().expect("what was exported has a stack");
            let options = PlayOptions::new(profile.clone()).expect("it has the calls of POSIX");
            let verdict = verdict(&text, &options, Leftovers::Fail);
            if verdict != "pass" {
                let (file, name) = (found.path.display(), &host.name.value);
                wrong.push_str(&format!("{file} at {name}: {verdict}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(
        exported >= 500,
        "{exported} were exported; refused: {refused:#?}"
    );
}
