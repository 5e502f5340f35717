//! `hangup wireshark`: a profile for Wireshark in which traces read best, interfaces whose packets
//! are those of scenarios, and a post-dissector.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::args::{Wireshark, WiresharkAction};
use super::exit::Exit;
use super::failure::{Failure, environment, usage};
use super::report;
use crate::files;
use folders::{Folders, PROFILE};
use link::{Link, State};

mod folders;
mod link;

/// The files of the profile.
const FILES: [(&str, &str); 3] = [
    ("preferences", include_str!("wireshark/preferences")),
    ("colorfilters", include_str!("wireshark/colorfilters")),
    ("dfilter_buttons", include_str!("wireshark/dfilter_buttons")),
];

/// The post-dissector.
const LUA: (&str, &str) = ("hangup.lua", include_str!("wireshark/hangup.lua"));

/// The most that is read of a file in the place of ours.
const FILE_OCTETS_MAX: u64 = 1 << 20;

pub(super) fn run(args: &Wireshark) -> Result<Exit, Failure> {
    let folders = Folders::of_machine().ok_or_else(|| {
        environment("no folder for Wireshark's profiles: neither XDG_CONFIG_HOME nor HOME is set")
    })?;
    match &args.action {
        WiresharkAction::Install { lua } => {
            install(&folders, *lua)?;
            check_of_install(&folders)
        }
        WiresharkAction::Uninstall => uninstall(&folders),
        WiresharkAction::Check => check(&folders),
        WiresharkAction::Open { trace } => open(&folders, trace),
    }
}

/// The files of ours and where they belong. The post-dissector is one of them where it is asked
/// for.
fn all(folders: &Folders) -> impl Iterator<Item = (&Path, &'static str, &'static str)> {
    let profile = FILES
        .iter()
        .map(|(name, text)| (folders.profile.as_path(), *name, *text));
    let plugins = folders
        .plugins
        .as_deref()
        .map(|folder| (folder, LUA.0, LUA.1));
    profile.chain(plugins)
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

/// Writes the files that are missing, and links the program; what is there stays.
fn install(folders: &Folders, lua: bool) -> Result<(), Failure> {
    for (folder, name, content) in all(folders) {
        let is_wanted = lua || name != LUA.0;
        if is_wanted && state(folder, name, content) == State::Missing {
            let path = folder.join(name);
            files::make_directories_of(&path).map_err(environment)?;
            files::write_atomically(&path, content.as_bytes()).map_err(environment)?;
        }
    }
    for link in links(folders)? {
        if matches!(link.state(), State::Missing | State::Stale) {
            link.make().map_err(|error| {
                environment(format!("cannot link {}: {error}", link.path.display()))
            })?;
        }
    }
    Ok(())
}

/// The links to this program, of which Wireshark makes interfaces.
fn links(folders: &Folders) -> Result<Vec<Link>, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| environment(format!("where this program is: {error}")))?;
    let link = |folder: &PathBuf| Link {
        path: folder.join(PROFILE),
        program: program.clone(),
    };
    Ok(folders.extcap.iter().map(link).collect())
}

fn check_of_install(folders: &Folders) -> Result<Exit, Failure> {
    let mut text = listed(folders)?.0;
    text.push_str(&format!(
        "use it: wireshark -C {PROFILE} TRACE, or capture from an interface {PROFILE}-...\n"
    ));
    report::print(&text)?;
    Ok(Exit::Held)
}

/// Removes the files and links that are as we made them, and folders of ours that are empty then.
fn uninstall(folders: &Folders) -> Result<Exit, Failure> {
    let mut text = String::new();
    let files = all(folders)
        .map(|(folder, name, content)| (folder.join(name), state(folder, name, content)));
    let links = links(folders)?.into_iter();
    let links = links.map(|link| (link.path.clone(), link.state()));
    for (path, state) in files.chain(links) {
        let shown = path.display();
        match state {
            State::Missing => {}
            State::Ours | State::Stale => {
                fs::remove_file(&path)
                    .map_err(|error| environment(format!("cannot remove {shown}: {error}")))?;
                text.push_str(&format!("removed {shown}\n"));
            }
            State::Other => text.push_str(&format!("{shown} was changed, and stays\n")),
        }
    }
    // Not empty: Wireshark keeps files of its own there, which are not ours to remove.
    let profile = &folders.profile;
    if fs::remove_dir(profile).is_err() && profile.exists() {
        text.push_str(&format!("{} is not empty, and stays\n", profile.display()));
    }
    // Folders that we may have made, and nobody has put anything into.
    for folder in folders.extcap.iter().chain(&folders.plugins) {
        let _ = fs::remove_dir(folder);
    }
    if text.is_empty() {
        text.push_str("nothing was installed\n");
    }
    report::print(&text)?;
    Ok(Exit::Held)
}

/// Says what is there, and whether Wireshark is.
fn check(folders: &Folders) -> Result<Exit, Failure> {
    let (mut text, is_whole) = listed(folders)?;
    for program in ["wireshark", "tshark"] {
        let version = Command::new(program).arg("--version").output();
        let line = version.ok().and_then(|output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().next().map(str::to_owned)
        });
        let line = line.unwrap_or_else(|| "not found".to_owned());
        text.push_str(&format!("{program}: {line}\n"));
    }
    report::print(&text)?;
    Ok(if is_whole { Exit::Held } else { Exit::Failed })
}

/// What is there, and whether that is all; the post-dissector is only there where it was asked for.
fn listed(folders: &Folders) -> Result<(String, bool), Failure> {
    let mut text = String::new();
    let mut is_whole = true;
    for (folder, name, content) in all(folders) {
        let state = state(folder, name, content);
        let is_optional = name == LUA.0;
        is_whole &= state == State::Ours || is_optional;
        let word = match (state, is_optional) {
            (State::Missing, true) => "missing (install --lua)",
            _ => state.name(),
        };
        text.push_str(&format!("{word:12} {}\n", folder.join(name).display()));
    }
    for link in links(folders)? {
        let state = link.state();
        is_whole &= state == State::Ours;
        text.push_str(&format!("{:12} {}\n", state.name(), link.path.display()));
    }
    Ok((text, is_whole))
}

/// Opens a trace in Wireshark with the profile, which is installed first where it is missing.
fn open(folders: &Folders, trace: &Path) -> Result<Exit, Failure> {
    if !trace.is_file() {
        return Err(usage(format!("there is no trace {}", trace.display())));
    }
    install(folders, false)?;
    let started = Command::new("wireshark")
        .args(["-C", PROFILE, "-r"])
        .arg(trace)
        .spawn();
    match started {
        Ok(_) => Ok(Exit::Held),
        Err(error) => Err(environment(format!("cannot start wireshark: {error}"))),
    }
}
