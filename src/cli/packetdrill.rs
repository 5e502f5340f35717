//! `hangup run` of packetdrill scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hangup_stack::network::HostId;
use hangup_stack::profile::Profile;

use super::args::{Run, ScriptOptions};
use super::{Exit, profiles, report};
use crate::capture;
use crate::packetdrill::{
    HOST, IpVersion, Leftovers, Options, PEER, Script, ScriptOutcome, export, run_script,
};
use crate::report::{Case, CaseVerdict, Problem};
use crate::run::Outcome;
use crate::scenario::discover::{Found, ROOT, discover, discover_scripts};
use crate::scenario::{LoadError, Scenario};

/// The scripts that were asked for; none where only scenarios were.
///
/// # Errors
/// A folder cannot be read; the reason has been said.
pub(super) fn select(paths: &[PathBuf]) -> Result<Vec<Found>, Exit> {
    discover_scripts(Path::new(report::BASE), paths).map_err(|error| {
        report::complain(&format!("hangup: {error}\n"));
        Exit::Environment
    })
}

/// The paths that stand for scenarios; none where every path stands for scripts alone.
pub(super) fn other_paths(paths: &[PathBuf], scripts: &[Found]) -> Option<Vec<PathBuf>> {
    if scripts.is_empty() {
        return Some(paths.to_vec());
    }
    let root = [PathBuf::from(ROOT)];
    let paths = if paths.is_empty() { &root } else { paths };
    let base = Path::new(report::BASE);
    let only_scripts = |path: &PathBuf| {
        let path = std::slice::from_ref(path);
        let has_scripts = discover_scripts(base, path).is_ok_and(|it| !it.is_empty());
        has_scripts && discover(base, path).is_err()
    };
    let others = paths.iter().filter(|path| !only_scripts(path));
    let others: Vec<PathBuf> = others.cloned().collect();
    (!others.is_empty()).then_some(others)
}

/// What scripts are played with, from the command line.
///
/// # Errors
/// It makes no sense; the reason has been said.
pub(super) fn options(asked: &ScriptOptions) -> Result<Options, Exit> {
    read_options(asked).map_err(|message| {
        report::complain(&format!("hangup: {message}\n"));
        Exit::Usage
    })
}

fn read_options(asked: &ScriptOptions) -> Result<Options, String> {
    let profile =
        Profile::built_in(&asked.profile).ok_or_else(|| profiles::unknown(&asked.profile))?;
    let mut options = Options::new(profile)?;
    if let Some(name) = &asked.ip_version {
        let version = IpVersion::of(name).ok_or_else(|| {
            let known = IpVersion::ALL.map(|(_, name)| name).join(", ");
            format!("there is no IP version `{name}`; there are {known}")
        })?;
        options = options.ip_version(version);
    }
    for symbol in &asked.define {
        let taken = options.define(symbol);
        options = taken.map_err(|it| format!("--define {symbol}: {it}"))?;
    }
    Ok(options)
}

/// What came of a script.
pub(super) fn one(args: &Run, read: &Result<Script, LoadError>, mut case: Case) -> Case {
    let script = match read {
        Ok(script) => script,
        Err(error) => {
            (case.verdict, case.problems) = super::run::unreadable(error);
            return case;
        }
    };
    script.claim().clone_into(&mut case.claim);
    case.ignored.clone_from(&script.ignored);
    let at = match vantage(args, script) {
        Ok(at) => at,
        Err(message) => {
            case.verdict = CaseVerdict::Invalid;
            case.problems.push(Problem::elsewhere(message));
            return case;
        }
    };
    let leftovers = match args.scripts.leftovers {
        true => Leftovers::Fail,
        false => Leftovers::Allowed,
    };
    let started = Instant::now();
    let outcome = run_script(script, args.seed.unwrap_or(0), leftovers);
    case.wall = started.elapsed();
    match outcome {
        ScriptOutcome::Passed(outcome) | ScriptOutcome::Failed(outcome) => {
            super::run::judge(&script.scenario, &outcome, at, &mut case);
            super::run::keep(args, &script.scenario, &outcome, at, &mut case);
        }
        ScriptOutcome::Unsupported(reasons) => {
            let problem = |it| Problem::new(&script.scenario.source, it);
            case.verdict = CaseVerdict::Unsupported;
            case.problems = reasons.iter().map(problem).collect();
        }
    }
    case
}

fn vantage(args: &Run, script: &Script) -> Result<HostId, String> {
    let Some(name) = &args.at else {
        return Ok(HostId(0));
    };
    let host = script.scenario.host(name).map(HostId);
    host.ok_or_else(|| format!("--at {name}: a script has the hosts {HOST} and {PEER}"))
}

/// Writes what a host did and saw as a script, where that was asked for.
///
/// # Errors
/// packetdrill cannot say it, or the file cannot be written.
pub(super) fn write_script(
    args: &Run,
    scenario: &Scenario,
    outcome: &Outcome,
    at: HostId,
    name: &str,
) -> Result<(), (Exit, String)> {
    let Some(path) = &args.export_pkt else {
        return Ok(());
    };
    let text = export(scenario, outcome, at, name)
        .map_err(|why| (Exit::Usage, format!("--export-pkt: {why}")))?;
    let written = if path.as_os_str() == "-" {
        let mut out = std::io::stdout().lock();
        let result = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        result.map_err(|error| format!("cannot write to standard output: {error}"))
    } else {
        capture::write_atomically(path, text.as_bytes()).map_err(|error| error.to_string())
    };
    written.map_err(|message| (Exit::Environment, message))
}

/// What was left out of scripts, each once.
pub(super) fn say_ignored(ignored: &BTreeMap<String, usize>) -> String {
    const SHOWN: usize = 20;
    let mut text = String::new();
    for (line, count) in ignored.iter().take(SHOWN) {
        let scripts = if *count == 1 { "script" } else { "scripts" };
        let _ = writeln!(text, "hangup: not carried out in {count} {scripts}: {line}");
    }
    if ignored.len() > SHOWN {
        let _ = writeln!(text, "hangup: and {} more lines", ignored.len() - SHOWN);
    }
    text
}
