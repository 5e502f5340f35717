//! packetdrill's scripts: those under `scenarios/packetdrill` pass over every IP version, and a
//! deviation from a script fails it, at its place.

mod any_script;
mod connection;
mod epoll;
mod exported;
mod grammar;
mod hostile;
mod scripts;
mod under_test;
mod verdicts;
mod wire;

use std::path::Path;

use hangup::diagnostic::Colour;
use hangup::packetdrill::{IpVersion, Leftovers, PlayOptions, Script, ScriptOutcome, run_script};
use hangup_stack::profile::Profile;

/// What a script is played as.
fn options(profile: &str, version: IpVersion) -> PlayOptions {
    let profile = Profile::built_in(profile).expect("it is a built-in profile");
    let options = PlayOptions::new(profile).expect("it has the calls of POSIX");
    options.ip_version(version)
}

/// Plays a script and says in words how it came out.
fn verdict(text: &str, options: &PlayOptions, leftovers: Leftovers) -> String {
    let script = match Script::parse(Path::new("a.pkt"), text.into(), options) {
        Ok(script) => script,
        Err(invalid) => return format!("invalid\n{}", invalid.render(Colour::Plain)),
    };
    let source = &script.scenario.source;
    match run_script(&script, 0, leftovers) {
        ScriptOutcome::Passed(_) => "pass".to_owned(),
        ScriptOutcome::Failed(outcome) => {
            let shown = outcome.failures.iter();
            let shown = shown.map(|it| source.render(it, Colour::Plain));
            format!("fail\n{}", shown.collect::<String>())
        }
        ScriptOutcome::Unsupported(reasons) => {
            let shown = reasons.iter().map(|it| source.render(it, Colour::Plain));
            format!("unsupported\n{}", shown.collect::<String>())
        }
    }
}
