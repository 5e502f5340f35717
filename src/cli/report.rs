//! Messages of the commands: results on standard output, diagnostics on standard error.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::Exit;
use super::failure::{Failure, environment, usage};
use crate::diagnostic::{Colour, Diagnostic, Source, shown};
use crate::files;
use crate::scenario::discover::{self, DiscoverError, Found};
use crate::scenario::{LoadError, Scenario, ScenarioFile, Setting, limits};

/// The folder that paths are taken from.
pub(super) const BASE: &str = ".";

/// Says something on standard error. A closed standard error has nobody to tell.
pub(super) fn complain(text: &str) {
    let _ = anstream::stderr().write_all(shown(text).as_bytes());
}

/// What is wrong with the value of an option.
pub(super) fn wrong_option(option: &'static str, value: &str, diagnostic: &Diagnostic) -> Failure {
    let source = Source::new(option, value);
    Failure::shown(Exit::Usage, source.render(diagnostic, Colour::Ansi))
}

/// Prints a result on standard output.
///
/// # Errors
/// It cannot be written, for example because the reader has gone.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let written = anstream::stdout().write_all(shown(text).as_bytes());
    written.map_err(|error| {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Failure::shown(Exit::Environment, String::new());
        }
        environment(format_args!("cannot write to standard output: {error}"))
    })
}

/// Prints a result, or with `to_stderr` says it where standard output is somebody else's; nothing
/// where it is not to be shown.
///
/// # Errors
/// It cannot be written.
pub(super) fn say(text: &str, shown: bool, to_stderr: bool) -> Result<(), Failure> {
    if !shown || text.is_empty() {
        return Ok(());
    }
    if to_stderr {
        complain(text);
        return Ok(());
    }
    print(text)
}

/// Writes a result to a file, or prints it where the file is `-`, and opens the file where that is
/// asked for.
///
/// # Errors
/// It cannot be written, or nothing opens it.
pub(super) fn write(path: &Path, text: &str, then_open: bool) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return print(text);
    }
    files::make_directories_of(path).map_err(environment)?;
    files::write_atomically(path, text.as_bytes()).map_err(environment)?;
    match then_open {
        true => open(path),
        false => Ok(()),
    }
}

/// Opens a file with what the system opens its kind with.
///
/// # Errors
/// Nothing does.
pub(super) fn open(path: &Path) -> Result<(), Failure> {
    let path_shown = path.display();
    open::that_detached(path)
        .map_err(|error| environment(format_args!("cannot open {path_shown}: {error}")))
}

/// How many columns a table may have: those of the terminal, within reason, and 120 where there is
/// none.
pub(super) fn width() -> u16 {
    const USUAL: u16 = 120;
    terminal_size::terminal_size().map_or(USUAL, |(width, _)| width.0.clamp(40, 200))
}

/// How many columns a table may have that goes into a file or to another program where there is no
/// terminal: any number.
pub(super) fn table_width() -> usize {
    let size = terminal_size::terminal_size();
    size.map_or(usize::MAX, |(width, _)| width.0.max(40).into())
}

/// The scenarios that were asked for.
///
/// # Errors
/// There are none.
pub(super) fn select(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    discover::discover(Path::new(BASE), paths).map_err(|error| {
        if paths.is_empty() && matches!(error, DiscoverError::NotFound { .. }) {
            let root = discover::ROOT;
            let message =
                format_args!("there is no folder {root}/ here: name scenario files or folders");
            return Failure::new(Exit::Nothing, message);
        }
        let exit = match error {
            DiscoverError::Empty { .. } => Exit::Nothing,
            DiscoverError::Read { .. } => Exit::Environment,
            DiscoverError::NotFound { .. }
            | DiscoverError::Link { .. }
            | DiscoverError::NotAScenario { .. }
            | DiscoverError::SameName { .. }
            | DiscoverError::TooMany { .. } => Exit::Usage,
        };
        Failure::new(exit, error)
    })
}

/// Reads a scenario file, or says in words what is wrong with it.
pub(super) fn load(found: &Found, settings: &[Setting]) -> Result<ScenarioFile, Failure> {
    ScenarioFile::load(&found.path, settings).map_err(|error| load_error(&error))
}

/// Why a file has no scenario or script.
pub(super) fn load_error(error: &LoadError) -> Failure {
    match error {
        LoadError::Read { .. } => environment(error),
        LoadError::Invalid(invalid) => Failure::shown(Exit::Usage, invalid.render(Colour::Ansi)),
    }
}

/// Whether there are no more settings than a file is read with.
///
/// # Errors
/// There are more.
pub(super) fn few_enough(settings: &[Setting]) -> Result<(), Failure> {
    let (count, most) = (settings.len(), limits::SETTINGS_MAX);
    if count <= most {
        return Ok(());
    }
    Err(usage(format_args!(
        "{count} `--set`, and at most {most} can be"
    )))
}

/// Whether a seed is said once.
///
/// # Errors
/// It is said twice, and one of the two would change nothing.
pub(super) fn one_seed(seed: Option<u64>, settings: &[Setting]) -> Result<(), Failure> {
    let is_set = settings.iter().any(|it| it.key() == "seed");
    match seed {
        Some(seed) if is_set => Err(usage(format_args!(
            "--seed {seed} and --set seed: only one of them can hold"
        ))),
        Some(_) | None => Ok(()),
    }
}

/// The claim of a scenario, in one line.
pub(super) fn claim(scenario: &Scenario) -> &str {
    scenario
        .claim
        .as_ref()
        .map_or("", |claim| claim.value.as_str())
}
