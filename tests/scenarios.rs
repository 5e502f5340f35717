//! Every scenario holds, and its trace is the golden one, to the byte.

use std::path::{Path, PathBuf};

use hangup::capture::{pcapng, text};
use hangup::diagnostic::Colour;
use hangup::run::run;
use hangup::scenario::Scenario;
use hangup::scenario::discover::{Found, discover};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenarios() -> Vec<Found> {
    discover(root(), &[]).expect("there are scenarios")
}

fn load(found: &Found) -> Scenario {
    // The path is part of what a failure says, so it is the one that people type.
    let octets = std::fs::read(root().join(&found.path)).expect("the file was just found");
    Scenario::parse(&found.path, octets).unwrap_or_else(|invalid| panic!("{invalid}"))
}

fn golden(found: &Found, extension: &str) -> PathBuf {
    let mut path = root().join("captures").join(&found.name).into_os_string();
    path.push(".");
    path.push(extension);
    path.into()
}

#[test]
fn every_scenario_holds() {
    let mut failures = String::new();
    for found in scenarios() {
        let scenario = load(&found);
        for failure in run(&scenario, None).failures {
            failures.push_str(&scenario.source.render(&failure, Colour::Plain));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_trace_is_its_golden_one() {
    let mut differing = Vec::new();
    for found in scenarios() {
        let scenario = load(&found);
        let outcome = run(&scenario, None);
        let claim = scenario
            .claim
            .as_ref()
            .map_or("", |claim| claim.value.as_str());
        let summary = outcome.summary(&found.name.display().to_string(), claim);
        let trace = outcome.trace(&summary);
        let at = outcome.vantage();
        let octets = pcapng::to_bytes(&trace, at).expect("the trace fits the format");
        let same = std::fs::read(golden(&found, "pcapng")).is_ok_and(|it| it == octets)
            && std::fs::read_to_string(golden(&found, "txt"))
                .is_ok_and(|it| it == text::render(&trace, at));
        if !same {
            differing.push(found.name.display().to_string());
        }
    }
    assert!(
        differing.is_empty(),
        "review `hangup run` and, where the change is meant, `hangup run --bless`: {differing:#?}"
    );
}

/// Another seed gives other sequence numbers, and still everything holds unless chance is part of
/// it.
#[test]
fn a_seed_is_all_the_chance_there_is() {
    for found in scenarios() {
        let scenario = load(&found);
        let (one, other) = (run(&scenario, Some(7)), run(&scenario, Some(7)));
        assert_eq!(one.events, other.events, "{}", found.name.display());
    }
}
