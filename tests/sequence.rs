//! Scenarios whose steps follow each other hold on any network: whatever its delay, and whatever it
//! loses as long as TCP mends it.

use std::path::Path;

use hangup::run::{Outcome, run};
use hangup::scenario::{Scenario, ScenarioFile, Setting};

const DELAYS: [&str; 4] = ["0s", "1ms", "11ms", "300ms"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A scenario of the repository.
fn shipped(name: &str) -> String {
    let path = root().join("scenarios").join(name);
    std::fs::read_to_string(path).expect("the scenario is there")
}

/// The scenario in the README that a reader is to save.
fn readme() -> String {
    let text = std::fs::read_to_string(root().join("README.md")).expect("it is there");
    let block = text.split_once("Save this as `mine.toml`");
    let block = block.and_then(|(_, rest)| rest.split_once("```toml\n")?.1.split_once("```"));
    block.expect("it has a scenario").0.to_owned()
}

/// The same file with keys set.
fn set(text: &str, settings: &[String]) -> Scenario {
    let settings: Vec<Setting> = { settings.iter() }
        .map(|it| it.parse().expect("a setting"))
        .collect();
    let file = ScenarioFile::parse(Path::new("steps.toml"), text.into(), &settings);
    let file = file.unwrap_or_else(|invalid| panic!("{invalid}"));
    file.first().clone()
}

#[track_caller]
fn holds(text: &str, settings: &[String], seed: u64) -> Outcome {
    let outcome = run(&set(text, settings), Some(seed));
    assert!(
        outcome.failures.is_empty(),
        "{settings:?}, seed {seed}: {:#?}",
        outcome.failures
    );
    outcome
}

/// The failures of a script between a Linux server and a Linux client, 5 ms apart.
fn failures(script: &str) -> Vec<String> {
    let text = format!(
        "network.delay = '5ms'\nhosts.server.profile = 'linux'\nhosts.client.profile = 'linux'\n\
         script = '''\n{script}\n'''\n"
    );
    let shown = text.clone();
    let scenario = Scenario::parse(Path::new("steps.toml"), text.into());
    let scenario = scenario.unwrap_or_else(|invalid| panic!("{invalid}\n{shown}"));
    let failures = run(&scenario, None).failures;
    failures.into_iter().map(|it| format!("{it:?}")).collect()
}

#[test]
fn scenarios_of_the_readme_hold_at_any_delay() {
    let scenarios = [
        readme(),
        shipped("recv-disconnect/arriving-data-resets.toml"),
        shipped("recv-disconnect/held-until-exhausted.toml"),
        shipped("language/steps-follow-each-other.toml"),
    ];
    for text in &scenarios {
        assert!(text.contains("\nthen "), "no step follows: {text}");
        for delay in DELAYS {
            holds(text, &[format!("network.delay={delay}")], 0);
        }
    }
}

/// The loss of a reset is none that TCP mends, so that the direction in which one goes loses
/// nothing.
#[test]
fn scenarios_hold_over_loss_that_tcp_mends() {
    let reset = [
        readme(),
        shipped("recv-disconnect/arriving-data-resets.toml"),
    ];
    // Packets that repeat what was lost break the silence, and the last acknowledgment of all may
    // be lost again and again, until TIME-WAIT has passed.
    let orderly = shipped("language/steps-follow-each-other.toml");
    let (orderly, _) = orderly
        .split_once("then  client > server: . 9:9(0)")
        .unwrap();
    let silence = "then+.2~+.5 server > client: nothing\n";
    let orderly = format!("{}'''\n", orderly.replace(silence, ""));
    let mut lost = 0;
    for delay in DELAYS {
        for seed in 0..15 {
            let delay = format!("network.delay={delay}");
            for text in &reset {
                let loss = "network.client_to_server.loss=0.1".to_owned();
                holds(text, &[delay.clone(), loss], seed);
            }
            let settings = [delay, "network.loss=0.1".to_owned()];
            let outcome = holds(&orderly, &settings, seed);
            let events = outcome.events.iter();
            lost += { events }.filter(|it| it.fact.name() == "dropped").count();
        }
    }
    assert!(lost > 20, "only {lost} frames were lost");
}

const CONNECTION: &str = "\
0 server: socket(AF_INET, SOCK_STREAM, 0) = 3
+0 server: bind(3, server:80) = 0
+0 server: listen(3, 5) = 0
+0 client: socket(AF_INET, SOCK_STREAM, 0) = 3
";

/// Whoever forgets `then` is told so, once.
#[test]
fn a_step_that_does_not_wait_fails_once() {
    for (forgotten, says) in [
        (
            "+0 client: ...* connect(3, server:80) = 0\n+0 client: send(3, \"GET\") = 3\n\
             +0 client: shutdown(3, SHUT_WR) = 0\n+.1 server: accept(3) = 4\n\
             +0 server: recv(4, 100) = 3\n+0 server: close(4) = 0",
            "`send` is called while its thread waits",
        ),
        (
            "+0 client: connect(3, server:80) = 0\n+0 client: send(3, \"GET\") = 3\n\
             +0 server: accept(3) = 4\n+0 server: recv(4, 100) = 3",
            "`connect` does not return at once",
        ),
        (
            "then client: connect(3, server:80) = 0\nthen client: send(3, \"GET\") = 3\n\
             0.002 server: accept(3) = 4\n0.003 server: close(9) = 0",
            "it is 0.010000 already",
        ),
        (
            "then server: accept(3) = 4\nthen client: connect(3, server:80) = 0\n\
             then client: send(3, \"GET\") = 3",
            "`accept` never returned",
        ),
    ] {
        let told = failures(&format!("{CONNECTION}{forgotten}"));
        assert_eq!(told.len(), 1, "{forgotten}: {told:#?}");
        assert!(told[0].contains(says), "{told:#?}");
        assert!(
            told[0].contains("then"),
            "it does not say what to write: {told:#?}"
        );
    }
    let right = "then client: connect(3, server:80) = 0\nthen client: send(3, \"GET\") = 3\n\
                 then client: shutdown(3, SHUT_WR) = 0\nthen server: accept(3) = 4\n\
                 then server: recv(4, 100) = 3\nthen server: close(4) = 0";
    assert_eq!(failures(&format!("{CONNECTION}{right}")), [""; 0]);
}

/// A failure that has nothing to do with the sequence is told beside those of other threads; what
/// fails in its own thread behind it is counted.
#[test]
fn a_wrong_result_hides_nothing() {
    let script = "then client: connect(3, server:80) = 1\nthen client: send(3, \"GET\") = 4\n\
                  then server: accept(3) = 4\nthen server: recv(4, 100) = 5";
    let told = failures(&format!("{CONNECTION}{script}"));
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("`connect` returned 0"), "{told:#?}");
    assert!(told[0].contains("1 failure more"), "{told:#?}");
    assert!(told[1].contains("`recv` returned 3"), "{told:#?}");
}

#[test]
fn what_cannot_follow_is_an_error_with_its_place() {
    for (line, says) in [
        (
            "then.1 server: close(3) = 0",
            "`then` counts from the step before",
        ),
        ("then+ server: close(3) = 0", "a number of seconds"),
        (
            "then+.1~.2 server: close(3) = 0",
            "two absolute or two relative times",
        ),
        ("then~+1 server: close(3) = 0", "a time"),
        (
            "+0 server: ...then close(3) = 0",
            "`then` says when a call is made",
        ),
        (
            "then+0~+1 server: close(3) = 0",
            "a call is made at one moment",
        ),
        (
            "then server > client: nothing",
            "`nothing` is about a range of time",
        ),
        (
            "then+1 server > client: nothing",
            "`nothing` is about a range of time",
        ),
    ] {
        let text = format!(
            "hosts.server.profile = 'linux'\nhosts.client.profile = 'linux'\nscript = '''\n\
             0 server: socket(AF_INET, SOCK_STREAM, 0) = 3\n{line}\n'''\n"
        );
        let invalid = Scenario::parse(Path::new("steps.toml"), text.into()).unwrap_err();
        let said = invalid.to_string();
        assert!(said.contains(says), "{line}: {said}");
        assert!(said.contains("steps.toml:5:"), "{line}: {said}");
    }
}
