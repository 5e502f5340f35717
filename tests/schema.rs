//! The JSON Schema of scenario files.

use std::path::Path;

use hangup::scenario::discover::discover;
use hangup::scenario::{Scenario, schema};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json(toml: &str) -> Value {
    let table: toml::Table = toml.parse().expect("it is TOML");
    serde_json::to_value(table).expect("TOML without dates is JSON")
}

/// An editor must not underline what runs.
#[test]
fn every_scenario_fits_the_schema() {
    let schema = schema();
    jsonschema::draft7::meta::validate(&schema).expect("the schema is one");
    let validator = jsonschema::draft7::new(&schema).expect("the schema is one");
    let mut bad = Vec::new();
    let found = discover(root(), &[]).expect("there are scenarios");
    for found in &found {
        let text = std::fs::read_to_string(root().join(&found.path)).expect("it was just found");
        let errors = validator
            .iter_errors(&json(&text))
            .map(|error| {
                let place = error.instance_path.to_string();
                format!("{}: {place}: {error}", found.path.display())
            })
            .collect::<Vec<_>>();
        bad.extend(errors);
    }
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(found.len() > 100, "{}", found.len());
}

/// What the schema refuses, the program refuses too, and the schema sees most of it.
#[test]
fn bad_files_do_not_fit() {
    let schema = schema();
    let validator = jsonschema::draft7::new(&schema).expect("the schema is one");
    let good =
        "script = '+0 a: close(3) = 0'\nhosts.a.profile = 'linux'\nhosts.b.profile = 'linux'\n";
    assert!(validator.is_valid(&json(good)));
    for line in [
        "sede = 7",
        "seed = -7",
        "seed = 'x'",
        "until = 5",
        "until = '5 parsecs'",
        "strict = 'yes'",
        "claims = [1]",
        "network.delay = 10",
        "network.loss = 25",
        "network.rate = '100MB'",
        "network.ip = 'v5'",
        "network.queue = -1",
        "network.a_to_b.arp = true",
        "hosts.a.mss = 'many'",
        "hosts.a.rto.mni = '300ms'",
        "hosts.a.rto.min = 300",
        "hosts.a.receive_shutdown.queued = 'half'",
        "hosts.c.mss = 1000",
        "profiles.mine.rto.min = '1s'",
        "expect = [{ filter = 'tcp' }]",
        "expect = [{ frames = 1 }]",
        "expect = [{ filter = 'tcp', frames = 1, form = '1s' }]",
        "sweep.seed = []",
        "sweep.seed = 7",
        "sweep.seed = '17'",
        "sweep.seed = [[1]]",
    ] {
        let text = format!("{line}\n{good}");
        assert!(!validator.is_valid(&json(&text)), "the schema takes {line}");
        let parsed = Scenario::parse(Path::new("x.toml"), text.into());
        assert!(parsed.is_err(), "the program takes {line}");
    }
    for line in [
        "claims = 'a'",
        "sweep.seed = '1..5'",
        "sweep.hosts.a.mss = [88, 99]",
        "hosts.a.receive_buffer = '64KiB'",
        "hosts.a.address = ['192.0.2.9']",
        "network.a_to_b.delay = '1.5 ms'",
        "profiles.mine.extends = 'linux'",
        "expect = [{ filter = 'tcp', min = 1, from = '1s' }]",
    ] {
        let text = format!("{line}\n{good}");
        assert!(
            validator.is_valid(&json(&text)),
            "the schema refuses {line}"
        );
        let parsed = Scenario::parse(Path::new("x.toml"), text.into());
        assert!(parsed.is_ok(), "the program refuses {line}");
    }
}

/// What `hangup profiles NAME` prints can be pasted into a scenario without an underline.
#[test]
fn every_profile_fits_the_schema() {
    let validator = jsonschema::draft7::new(&schema()).expect("the schema is one");
    let head = "script = '+0 a: close(3) = 0'\nhosts.a.profile = 'linux'\n";
    for name in hangup_stack::profile::Profile::names() {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hangup"));
        let printed = command.args(["profiles", name]).output();
        let printed = String::from_utf8(printed.expect("it was built").stdout).expect("it is text");
        assert!(printed.contains("\n[profiles.my-"), "{printed}");
        let text = json(&format!("{head}{printed}"));
        let errors: Vec<String> = validator
            .iter_errors(&text)
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        assert_eq!(errors, [""; 0], "{name}");
    }
}
