//! `hangup wireshark`: a profile for Wireshark in which traces read best.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::args::{Wireshark, WiresharkAction};
use super::exit::Exit;
use super::failure::{Failure, environment, usage};
use super::report;
use crate::files;

/// The name of the profile.
const PROFILE: &str = "hangup";

/// The files of the profile.
const FILES: [(&str, &str); 3] = [
    ("preferences", include_str!("wireshark/preferences")),
    ("colorfilters", include_str!("wireshark/colorfilters")),
    ("dfilter_buttons", include_str!("wireshark/dfilter_buttons")),
];

/// The most that is read of a file in the place of ours.
const FILE_OCTETS_MAX: u64 = 1 << 20;

pub(super) fn run(args: &Wireshark) -> Result<Exit, Failure> {
    let folder = folder().ok_or_else(|| {
        environment("no folder for Wireshark's profiles: neither XDG_CONFIG_HOME nor HOME is set")
    })?;
    match &args.action {
        WiresharkAction::Install => install(&folder, true),
        WiresharkAction::Uninstall => uninstall(&folder),
        WiresharkAction::Check => check(&folder),
        WiresharkAction::Open { trace } => open(&folder, trace),
    }
}

/// The folder of the profile (the manual of Wireshark, appendix B).
fn folder() -> Option<PathBuf> {
    let set = |name: &str| {
        let value = std::env::var_os(name).filter(|it: &OsString| !it.is_empty())?;
        Some(PathBuf::from(value))
    };
    let settings = if cfg!(windows) {
        set("APPDATA")?.join("Wireshark")
    } else {
        let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
        config.join("wireshark")
    };
    Some(settings.join("profiles").join(PROFILE))
}

/// What stands in the place of a file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    Ours,
    Other,
}

fn state(folder: &Path, name: &str, content: &str) -> State {
    let path = folder.join(name);
    if path.symlink_metadata().is_err() {
        return State::Missing;
    }
    match files::read(&path, FILE_OCTETS_MAX) {
        Ok(octets) if octets == content.as_bytes() => State::Ours,
        Ok(_) | Err(_) => State::Other,
    }
}

/// Writes the files that are missing; those that somebody has changed stay.
fn install(folder: &Path, says: bool) -> Result<Exit, Failure> {
    let mut kept = Vec::new();
    for (name, content) in FILES {
        match state(folder, name, content) {
            State::Missing => {
                files::write_atomically(&folder.join(name), content.as_bytes())
                    .map_err(environment)?;
            }
            State::Ours => {}
            State::Other => kept.push(name),
        }
    }
    if says {
        let shown = folder.display();
        let mut text = format!("the profile {PROFILE} is in {shown}\n");
        for name in kept {
            text.push_str(&format!("  {name} is another than ours, and stays\n"));
        }
        text.push_str(&format!("use it: wireshark -C {PROFILE} TRACE\n"));
        report::print(&text)?;
    }
    Ok(Exit::Held)
}

/// Removes the files that are as we wrote them, and the folder if nothing else is in it.
fn uninstall(folder: &Path) -> Result<Exit, Failure> {
    let mut text = String::new();
    for (name, content) in FILES {
        let path = folder.join(name);
        match state(folder, name, content) {
            State::Missing => {}
            State::Ours => fs::remove_file(&path).map_err(|error| {
                environment(format!("cannot remove {}: {error}", path.display()))
            })?,
            State::Other => {
                text.push_str(&format!("{} was changed, and stays\n", path.display()));
            }
        }
    }
    // Not empty: Wireshark keeps files of its own there, which are not ours to remove.
    if fs::remove_dir(folder).is_err() && folder.exists() {
        text.push_str(&format!("{} is not empty, and stays\n", folder.display()));
    }
    text.push_str(&format!("the profile {PROFILE} is not installed\n"));
    report::print(&text)?;
    Ok(Exit::Held)
}

/// Says what is there, and whether Wireshark is.
fn check(folder: &Path) -> Result<Exit, Failure> {
    let mut text = format!("{}\n", folder.display());
    let mut is_whole = true;
    for (name, content) in FILES {
        let state = state(folder, name, content);
        is_whole &= state == State::Ours;
        let word = match state {
            State::Missing => "missing",
            State::Ours => "installed",
            State::Other => "changed",
        };
        text.push_str(&format!("  {name:16} {word}\n"));
    }
    for program in ["wireshark", "tshark"] {
        let version = Command::new(program).arg("--version").output();
        let line = version.ok().and_then(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().next().map(str::to_owned)
        });
        let line = line.unwrap_or_else(|| "not found".to_owned());
        text.push_str(&format!("  {program:16} {line}\n"));
    }
    report::print(&text)?;
    Ok(if is_whole { Exit::Held } else { Exit::Failed })
}

/// Opens a trace in Wireshark with the profile, which is installed first where it is missing.
fn open(folder: &Path, trace: &Path) -> Result<Exit, Failure> {
    if !trace.is_file() {
        return Err(usage(format!("there is no trace {}", trace.display())));
    }
    install(folder, false)?;
    let started = Command::new("wireshark")
        .args(["-C", PROFILE, "-r"])
        .arg(trace)
        .spawn();
    match started {
        Ok(_) => Ok(Exit::Held),
        Err(error) => Err(environment(format!("cannot start wireshark: {error}"))),
    }
}
