//! What a comparison must leave alone.

use std::path::Path;

use super::*;
use crate::run::run;
use crate::scenario::Stack;
use crate::scenario::discover::discover;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every scenario of the project.
fn scenarios() -> Vec<(String, Scenario)> {
    let found = discover(root(), &[]).expect("there are scenarios");
    let load = |found: &crate::scenario::discover::Found| {
        let octets = std::fs::read(root().join(&found.path)).expect("the file was just found");
        let scenario = Scenario::parse(&found.path, octets);
        let scenario = scenario.unwrap_or_else(|invalid| panic!("{invalid}"));
        (found.name.display().to_string(), scenario)
    };
    found.iter().map(load).collect()
}

/// With nothing expected, and calls at the moments of the original run, a scenario under the system
/// that it has anyway is the same to the octet: what differs in a column comes from its system.
#[test]
fn under_its_own_system_a_scenario_is_itself() {
    let mut compared = 0;
    for (name, scenario) in scenarios() {
        let original = run(&scenario, None);
        let hosts = scenario.hosts.iter().enumerate();
        for (index, host) in hosts.filter(|(_, it)| matches!(it.stack, Stack::Profile(_))) {
            let own = &host.profile_name.value;
            let variant = variant::variant(&scenario, &original.account.played, index, own);
            let variant = variant.unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            let again = run(&variant.scenario, None);
            assert!(
                again.events == original.events,
                "{name}, {own}: the run is another one"
            );
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} comparisons");
}
