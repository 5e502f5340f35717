//! `hangup show`

use std::path::Path;

use hangup_stack::network::HostId;

use super::args::{PictureFormat, Show};
use super::failure::{Failure, environment, usage};
use super::{Exit, packetdrill, report};
use crate::files;
use crate::packetdrill::{Leftovers, Script, ScriptOutcome, run_script};
use crate::picture::{self, FileError, Recording, Streams, ladder};
use crate::run::Outcome;
use crate::scenario::Scenario;

/// # Errors
/// What is to be shown cannot be read or run, or has no such host or connection.
pub(super) fn show(args: &Show) -> Result<Exit, Failure> {
    report::few_enough(&args.settings)?;
    let recording = recording(args)?;
    let streams = Streams::follow(&recording);
    let choice = choice(args, &recording, &streams)?;
    let drawn = match args.format {
        PictureFormat::Text => {
            let ladder = ladder::ladder(&recording, &streams, &choice);
            ladder::text(&ladder, args.width.unwrap_or_else(report::width))
        }
    };
    match args
        .output
        .as_deref()
        .filter(|path| *path != Path::new("-"))
    {
        Some(path) => {
            files::write_atomically(path, drawn.as_bytes()).map_err(environment)?;
        }
        None => report::print(&drawn)?,
    }
    Ok(Exit::Held)
}

/// What is to be shown, from a capture file or from a run.
fn recording(args: &Show) -> Result<Recording, Failure> {
    if picture::is_capture(&args.path) {
        if !args.settings.is_empty() || args.at.is_some() {
            let message = "--set and --at are for what is run, and a trace is only read";
            return Err(usage(message));
        }
        return picture::of_file(&args.path).map_err(|error| match &error {
            FileError::Read { .. } => environment(error),
            FileError::Format { .. } => usage(error),
        });
    }
    let paths = std::slice::from_ref(&args.path);
    let scripts = packetdrill::select(paths)?;
    if let [script] = &scripts[..] {
        return of_script(args, script);
    }
    let found = report::select(paths)?;
    let [file] = &found[..] else {
        let count = found.len() + scripts.len();
        return Err(usage(format_args!(
            "one scenario or trace is shown, and {count} were selected: name one"
        )));
    };
    let seed = args.seed.map(|seed| format!("seed={seed}").parse());
    let settings = args
        .settings
        .iter()
        .cloned()
        .chain(seed.and_then(Result::ok));
    let read = report::load(file, &settings.collect::<Vec<_>>())?;
    // Of a sweep the first combination: --set chooses another.
    let scenario = read.first();
    let name = file.of_combination(&scenario.variant.combination);
    let outcome = crate::run::run(scenario, None);
    of_outcome(
        args,
        scenario,
        &outcome,
        &name.display().to_string(),
        report::claim(scenario),
    )
}

fn of_script(args: &Show, file: &crate::scenario::discover::Found) -> Result<Recording, Failure> {
    if !args.settings.is_empty() {
        return Err(usage(
            "a packetdrill script has no keys to --set: it has options",
        ));
    }
    let options = packetdrill::options(&args.scripts)?;
    let script = Script::load(&file.path, &options).map_err(|error| report::load_error(&error))?;
    let name = file.name.display().to_string();
    match run_script(&script, args.seed.unwrap_or(0), Leftovers::Allowed) {
        ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => {
            of_outcome(args, &script.scenario, &outcome, &name, script.claim())
        }
        ScriptOutcome::Unsupported(reasons) => {
            let source = &script.scenario.source;
            let shown = |it| source.render(it, crate::diagnostic::Colour::Ansi);
            Err(Failure::shown(
                Exit::Usage,
                reasons.iter().map(shown).collect(),
            ))
        }
    }
}

fn of_outcome(
    args: &Show,
    scenario: &Scenario,
    outcome: &Outcome,
    name: &str,
    claim: &str,
) -> Result<Recording, Failure> {
    let at = match &args.at {
        None => outcome.vantage(),
        Some(host) => scenario.host(host).map(HostId).ok_or_else(|| {
            let known = outcome.hosts.iter().map(|host| host.name.as_str());
            let known = known.collect::<Vec<_>>().join(", ");
            usage(format_args!(
                "--at {host}: {name} has no such host; it has {known}"
            ))
        })?,
    };
    let summary = outcome.summary(name, claim);
    Ok(picture::of_run(&outcome.trace(&summary), at))
}

/// What of it is drawn.
fn choice(
    args: &Show,
    recording: &Recording,
    streams: &Streams,
) -> Result<ladder::Choice, Failure> {
    let hosts = args.hosts.iter().map(|name| {
        ladder::host_of(recording, name).map_err(|why| usage(format_args!("--host: {why}")))
    });
    let connection = match args.connection {
        None => None,
        Some(number) => {
            let place = number
                .checked_sub(1)
                .filter(|it| *it < streams.connections.len());
            Some(place.ok_or_else(|| {
                let count = streams.connections.len();
                let known = (0..count.min(20))
                    .map(|it| format!("\n  {} is {}", it + 1, streams.name(recording, it)));
                let known = known.collect::<String>();
                usage(format_args!(
                    "--connection {number}: there are {count}{known}"
                ))
            })?)
        }
    };
    Ok(ladder::Choice {
        hosts: hosts.collect::<Result<_, _>>()?,
        connection,
        all: args.all,
    })
}
