//! What is said of files and scenarios, and where.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::diagnostic::{Colour, Diagnostic, Source};
use crate::scenario::discover::{self, DiscoverError, Found};
use crate::scenario::{LoadError, Scenario, ScenarioFile, Setting, limits};

/// The folder that paths are taken from.
pub(super) const BASE: &str = ".";

/// Says something on standard error. A closed standard error has nobody to tell.
pub(super) fn complain(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Says what is wrong with the value of an option.
pub(super) fn complain_of(option: &'static str, value: &str, diagnostic: &Diagnostic) {
    let source = Source::new(option, value);
    complain(&source.render(diagnostic, Colour::Ansi));
}

/// Prints a result on standard output.
///
/// # Errors
/// It cannot be written, for example because the reader has gone.
pub(super) fn print(text: &str) -> Result<(), Exit> {
    let written = anstream::stdout().write_all(text.as_bytes());
    written.map_err(|error| {
        if error.kind() != std::io::ErrorKind::BrokenPipe {
            complain(&format!(
                "hangup: cannot write to standard output: {error}\n"
            ));
        }
        Exit::Environment
    })
}

/// Prints a result, or with `to_stderr` says it where standard output is somebody else's; nothing
/// where it is not to be shown.
///
/// # Errors
/// It cannot be written.
pub(super) fn say(text: &str, shown: bool, to_stderr: bool) -> Result<(), Exit> {
    if !shown || text.is_empty() {
        return Ok(());
    }
    if to_stderr {
        complain(text);
        return Ok(());
    }
    print(text)
}

/// How many columns a table may have: those of the terminal, within reason, and 120 where there is
/// none.
pub(super) fn width() -> u16 {
    const USUAL: u16 = 120;
    terminal_size::terminal_size().map_or(USUAL, |(width, _)| width.0.clamp(60, 200))
}

/// The scenarios that were asked for.
///
/// # Errors
/// There are none; the reason has been said.
pub(super) fn select(paths: &[PathBuf]) -> Result<Vec<Found>, Exit> {
    discover::discover(Path::new(BASE), paths).map_err(|error| {
        if paths.is_empty() && matches!(error, DiscoverError::NotFound { .. }) {
            let root = discover::ROOT;
            complain(&format!(
                "hangup: there is no folder {root}/ here: name scenario files or folders\n"
            ));
            return Exit::Nothing;
        }
        complain(&format!("hangup: {error}\n"));
        match error {
            DiscoverError::Empty { .. } => Exit::Nothing,
            DiscoverError::Read { .. } => Exit::Environment,
            DiscoverError::NotFound { .. }
            | DiscoverError::NotAScenario { .. }
            | DiscoverError::SameName { .. }
            | DiscoverError::TooMany { .. } => Exit::Usage,
        }
    })
}

/// Reads a scenario file, or says in words what is wrong with it.
pub(super) fn load(found: &Found, settings: &[Setting]) -> Result<ScenarioFile, (Exit, String)> {
    ScenarioFile::load(&found.path, settings).map_err(|error| load_error(&error))
}

/// Why a file has no scenario or script, in words, and the exit code that it stands for.
pub(super) fn load_error(error: &LoadError) -> (Exit, String) {
    match error {
        LoadError::Read { .. } => (Exit::Environment, format!("hangup: {error}\n")),
        LoadError::Invalid(invalid) => (Exit::Usage, invalid.render(Colour::Ansi)),
    }
}

/// Whether there are no more settings than a file is read with.
///
/// # Errors
/// There are more; it has been said.
pub(super) fn few_enough(settings: &[Setting]) -> Result<(), Exit> {
    let (count, most) = (settings.len(), limits::SETTINGS_MAX);
    if count <= most {
        return Ok(());
    }
    complain(&format!(
        "hangup: {count} `--set`, and at most {most} can be\n"
    ));
    Err(Exit::Usage)
}

/// The claim of a scenario, in one line.
pub(super) fn claim(scenario: &Scenario) -> &str {
    scenario
        .claim
        .as_ref()
        .map_or("", |claim| claim.value.as_str())
}
