//! What must hold for any octets as a packetdrill script. A fuzz target calls it too.

use std::path::Path;

use hangup::packetdrill::{IpVersion, Leftovers, PlayOptions, Script, ScriptOutcome, run_script};
use hangup_stack::profile::Profile;

/// What can be read as a script comes to a verdict, twice to the same, and every message about it
/// has a place in it.
pub(crate) fn check(octets: &[u8]) {
    let profile = Profile::built_in("linux").expect("it is built in");
    let options = PlayOptions::new(profile).expect("it has the calls of POSIX");
    for (version, _) in IpVersion::ALL {
        let options = options.clone().ip_version(version);
        let script = match Script::parse(Path::new("a.pkt"), octets.to_vec(), &options) {
            Ok(script) => script,
            Err(invalid) => return assert!(!invalid.to_string().is_empty()),
        };
        let (one, other) = (play(&script), play(&script));
        assert_eq!(one, other);
    }
}

/// A verdict and what was said, and how much has happened.
fn play(script: &Script) -> (&'static str, Vec<String>, usize) {
    let (name, said, facts) = match run_script(script, 0, Leftovers::Fail) {
        ScriptOutcome::Passed(outcome) => ("pass", Vec::new(), outcome.events.len()),
        ScriptOutcome::Failed(outcome) => ("fail", outcome.failures, outcome.events.len()),
        ScriptOutcome::Unsupported(reasons) => ("unsupported", reasons, 0),
    };
    assert_eq!(name == "pass", said.is_empty());
    let length = script.scenario.source.text().len();
    for diagnostic in &said {
        let within = diagnostic.span.is_none_or(|span| span.end <= length);
        assert!(within, "{diagnostic:?}");
    }
    (name, said.into_iter().map(|it| it.message).collect(), facts)
}
