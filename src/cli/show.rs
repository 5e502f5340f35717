//! `hangup show`

use std::time::Duration;

use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::args::{Limits, PictureFormat, Show};
use super::bounds::Pool;
use super::failure::{Failure, environment, usage};
use super::run::page::Pages;
use super::{Exit, interrupt, packetdrill, report};
use crate::bounds::Reached;
use crate::capture::pcapng;
use crate::diagnostic::Colour;
use crate::event_log::Kept;
use crate::packetdrill::{Leftovers, Script, ScriptOutcome, run_script_within};
use crate::page::{Proved, Section, lone};
use crate::picture::{self, FileError, Place, Recording, Streams, graph, ladder};
use crate::run::{Outcome, run_within};
use crate::scenario::Scenario;
use crate::scenario::discover::Found;

/// What is shown, and for a page more about it.
#[derive(Default)]
struct Shown {
    recording: Recording,
    trace: Option<Vec<u8>>,
    proves: Vec<Proved>,
    problems: Vec<String>,
    /// The lines of the file at which something did not hold.
    lines: Vec<usize>,
    /// The file's path and text.
    source: Option<(String, String)>,
}

/// # Errors
/// What is to be shown cannot be read or run, or has no such host or connection.
pub(super) fn show(args: &Show, limits: &Limits) -> Result<Exit, Failure> {
    report::few_enough(&args.settings)?;
    report::one_seed(args.seed, &args.settings)?;
    interrupt::listen().map_err(environment)?;
    let shown = shown(args, &Pool::new(limits, 1))?;
    let streams = Streams::follow(&shown.recording);
    let choice = choice(args, &shown.recording, &streams)?;
    let drawn = draw(args, &shown, &streams, &choice)?;
    match &args.output {
        Some(path) => report::write(path, &drawn, args.open)?,
        None => report::print(&drawn)?,
    }
    Ok(Exit::Held)
}

/// # Errors
/// What is asked for cannot be drawn like that.
fn draw(
    args: &Show,
    shown: &Shown,
    streams: &Streams,
    choice: &ladder::Choice,
) -> Result<String, Failure> {
    let recording = &shown.recording;
    let ladder = || ladder::ladder(recording, streams, choice);
    let graph = || {
        let message = "there is no TCP connection in it, of which a sequence graph could be drawn";
        graph::graph(recording, streams, args.connection.map(|it| it - 1))
            .ok_or_else(|| usage(message))
    };
    match (args.format, args.graph) {
        (PictureFormat::Text | PictureFormat::Mermaid, true) => {
            let message = "--graph is drawn with --format svg, html or xplot";
            Err(usage(message))
        }
        (PictureFormat::Text, false) => {
            let width = args.width.unwrap_or_else(report::width);
            Ok(ladder::text(&ladder(), width))
        }
        (PictureFormat::Mermaid, false) => Ok(ladder::mermaid(&ladder())),
        (PictureFormat::Svg, false) => Ok(ladder::svg(&ladder(), Place::File)),
        (PictureFormat::Svg, true) => Ok(graph::svg(&graph()?, args.time, Place::File)),
        (PictureFormat::Xplot, _) => Ok(graph::xplot(&graph()?)),
        (PictureFormat::Html, _) => Ok(page(args, shown, choice)),
    }
}

/// A page of it.
fn page(args: &Show, shown: &Shown, choice: &ladder::Choice) -> String {
    let Shown {
        recording,
        trace,
        proves,
        problems,
        lines,
        source,
    } = shown;
    let end = recording.end();
    lone(&Section {
        recording,
        proves: proves.clone(),
        problems: problems.clone(),
        lines: lines.clone(),
        source: source
            .as_ref()
            .map(|(path, text)| (path.as_str(), text.as_str())),
        facts: vec![("to", format!("{} s", ladder::seconds(end, 3)))],
        trace: trace.as_deref(),
        choice: choice.clone(),
        scale: args.time,
    })
}

/// What is to be shown, from a capture file or from a run.
fn shown(args: &Show, bounds: &Pool) -> Result<Shown, Failure> {
    if picture::is_capture(&args.path) {
        if !args.settings.is_empty() || args.at.is_some() {
            let message = "--set and --at are for what is run, and a trace is only read";
            return Err(usage(message));
        }
        let read = picture::of_file(&args.path).map_err(|error| match &error {
            FileError::Read { .. } => environment(error),
            FileError::Format { .. } => usage(error),
        });
        let recording = read?;
        return Ok(Shown {
            problems: recording.failures.clone(),
            recording,
            ..Shown::default()
        });
    }
    let paths = std::slice::from_ref(&args.path);
    let scripts = packetdrill::select(paths)?;
    if let [script] = &scripts[..] {
        return of_script(args, bounds, script);
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
    if scenario.hosts.iter().any(|host| host.is_kernel()) {
        return Err(usage(format_args!(
            "{}: the kernel is a host of it: run it with -w, and show its trace",
            args.path.display()
        )));
    }
    let outcome = run_within(scenario, None, &bounds.claim(None), Kept::ALL);
    of_outcome(
        args,
        scenario,
        &outcome,
        &name.display().to_string(),
        report::claim(scenario),
    )
}

fn of_script(args: &Show, bounds: &Pool, file: &Found) -> Result<Shown, Failure> {
    if !args.settings.is_empty() {
        return Err(usage(
            "a packetdrill script has no keys to --set: it has options",
        ));
    }
    let options = packetdrill::options(&args.scripts)?;
    let script = Script::load(&file.path, &options).map_err(|error| report::load_error(&error))?;
    let name = file.name.display().to_string();
    let (seed, leftovers) = (args.seed.unwrap_or(0), Leftovers::Allowed);
    match run_script_within(&script, seed, leftovers, &bounds.claim(None)) {
        ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => {
            of_outcome(args, &script.scenario, &outcome, &name, script.claim())
        }
        ScriptOutcome::Unsupported(reasons) => {
            let source = &script.scenario.source;
            let shown = |it| source.render(it, Colour::Ansi);
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
) -> Result<Shown, Failure> {
    if outcome.reached == Some(Reached::Interrupt) {
        return Err(Failure::new(Exit::Interrupted, "interrupted"));
    }
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
    let trace = outcome.trace(&summary);
    let mut recording = picture::of_run(&trace, at);
    picture::mark_failures(&mut recording, scenario, outcome);
    let mut shown = Shown {
        recording,
        ..Shown::default()
    };
    if args.format == PictureFormat::Html {
        let source = &scenario.source;
        let rendered = |it| source.render(it, Colour::Plain);
        let places = outcome.failures.iter().filter_map(|it| it.span);
        shown.problems = outcome.failures.iter().map(rendered).collect();
        shown.lines = places.map(|span| source.place(span.start).line).collect();
        shown.proves = Pages::read().proved(scenario);
        shown.trace = pcapng::to_bytes(&trace, at).ok();
        shown.source = Some((
            source.path().display().to_string(),
            source.text().to_owned(),
        ));
    }
    Ok(shown)
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
        from: args.from.map(moment),
        until: args.until.map(moment),
        all: args.all,
        rows: None,
    })
}

/// The moment that is so long behind the start.
fn moment(behind: Duration) -> Instant {
    let micros = i64::try_from(behind.as_micros()).unwrap_or(i64::MAX);
    Instant::from_micros(micros)
}
