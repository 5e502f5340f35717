//! Every scenario holds, and its trace is the golden one, to the byte.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use hangup::capture::{pcapng, text};
use hangup::diagnostic::Colour;
use hangup::run::run;
use hangup::scenario::discover::{Found, discover};
use hangup::scenario::{Scenario, ScenarioFile};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn scenarios() -> Vec<Found> {
    discover(root(), &[]).expect("there are scenarios")
}

/// Every scenario, each combination of those that sweep, under the name of its trace.
fn runs() -> impl Iterator<Item = (PathBuf, Scenario)> {
    scenarios().into_iter().flat_map(|found| {
        // The path is part of what a failure says, so it is the one that people type.
        let octets = std::fs::read(root().join(&found.path)).expect("the file was just found");
        let file = ScenarioFile::parse(&found.path, octets, &[]);
        let file = file.unwrap_or_else(|invalid| panic!("{invalid}"));
        let mut scenarios: Vec<Scenario> = file.scenarios().collect();
        assert_eq!(scenarios.len(), file.len(), "{}", found.path.display());
        // Those with the kernel in them are run live, and leave another trace each time.
        scenarios.retain(|it| !it.hosts.iter().any(|host| host.is_kernel()));
        scenarios
            .into_iter()
            .map(move |it| (found.of_combination(&it.variant.combination), it))
    })
}

fn golden(name: &Path, extension: &str) -> PathBuf {
    let mut path = root().join("captures").join(name).into_os_string();
    path.push(".");
    path.push(extension);
    path.into()
}

#[test]
fn every_scenario_holds() {
    let mut failures = String::new();
    for (_, scenario) in runs() {
        // What is doubtful is as wrong in a scenario of ours as what fails.
        for failure in scenario
            .warnings
            .iter()
            .chain(&run(&scenario, None).failures)
        {
            failures.push_str(&scenario.source.render(failure, Colour::Plain));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_trace_is_its_golden_one() {
    let mut differing = Vec::new();
    let mut traces = BTreeSet::new();
    for (name, scenario) in runs() {
        let outcome = run(&scenario, None);
        let claim = scenario
            .claim
            .as_ref()
            .map_or("", |claim| claim.value.as_str());
        let summary = outcome.summary(&name.display().to_string(), claim);
        let trace = outcome.trace(&summary);
        let at = outcome.vantage();
        let octets = pcapng::to_bytes(&trace, at).expect("the trace fits the format");
        let same = std::fs::read(golden(&name, "pcapng")).is_ok_and(|it| it == octets)
            && std::fs::read_to_string(golden(&name, "txt"))
                .is_ok_and(|it| it == text::render(&trace, at));
        if !same {
            differing.push(name.display().to_string());
        }
        traces.extend(["pcapng", "txt"].map(|it| golden(&name, it)));
    }
    assert!(
        differing.is_empty(),
        "review `hangup run` and, where the change is meant, `hangup run --bless`: {differing:#?}"
    );
    let mut there = Vec::new();
    files(&root().join("captures"), &mut there);
    there.retain(|it| !traces.contains(it));
    assert!(there.is_empty(), "these belong to no scenario: {there:#?}");
}

/// Every file under a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Another seed gives other sequence numbers, and still everything holds unless chance is part of
/// it.
#[test]
fn a_seed_is_all_the_chance_there_is() {
    for (name, scenario) in runs() {
        let (one, other) = (run(&scenario, Some(7)), run(&scenario, Some(7)));
        assert_eq!(one.events, other.events, "{}", name.display());
    }
}
