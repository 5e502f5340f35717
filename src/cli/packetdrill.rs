//! Arguments about packetdrill scripts: the scripts to run, and the options that they are run with.

use std::path::{Path, PathBuf};

use hangup_stack::profile::Profile;

use super::args::{SCRIPT_PROFILE, ScriptOptions};
use super::failure::{Failure, environment, usage};
use super::{profiles, report};
use crate::packetdrill::{IpVersion, PlayOptions};
use crate::scenario::discover::{Found, ROOT, discover, discover_scripts};

/// The scripts that were asked for; none where only scenarios were.
///
/// # Errors
/// A folder cannot be read.
pub(super) fn select(paths: &[PathBuf]) -> Result<Vec<Found>, Failure> {
    discover_scripts(Path::new(report::BASE), paths).map_err(environment)
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
/// It makes no sense.
pub(super) fn options(asked: &ScriptOptions) -> Result<PlayOptions, Failure> {
    read_options(asked).map_err(usage)
}

/// As [`options`], for scripts on the machine's own kernel.
///
/// # Errors
/// It makes no sense.
pub(super) fn options_on_kernel(asked: &ScriptOptions) -> Result<PlayOptions, Failure> {
    options(asked).map(PlayOptions::on_kernel)
}

fn read_options(asked: &ScriptOptions) -> Result<PlayOptions, String> {
    let name = asked.profile.as_deref().unwrap_or(SCRIPT_PROFILE);
    let profile = Profile::built_in(name).ok_or_else(|| profiles::unknown(name))?;
    let mut options = PlayOptions::new(profile)?;
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
