//! The discovery of scenario files from the paths and names that a person types.
//!
//! A file stands for itself, a folder for every scenario under it, and a name for the scenario or
//! the folder of that name under `scenarios/`: `recv-disconnect/queued` is
//! `scenarios/recv-disconnect/queued.toml`. The list is sorted and names no file twice, so that two
//! runs are the same whatever the order of the file system. What is not on the disk may be shipped
//! inside the program; `-` is standard input.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::load::STANDARD_INPUT;
use crate::language::names;
use crate::shipped;

/// Where scenarios are, when nothing else is said.
pub const ROOT: &str = "scenarios";
/// The end of a scenario's name.
const EXTENSION: &str = "toml";
/// The end of the name of a packetdrill script.
const SCRIPT_EXTENSION: &str = "pkt";
/// The file under the root that is no scenario: the list of the documented statements.
pub const CONTRACT: &str = "contract.toml";
/// How deep folders are searched.
const DEPTH_MAX: usize = 32;
/// The most scenarios of one run.
const FILES_MAX: usize = 100_000;

/// A scenario file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// Its name: where it is under `scenarios/`, or else under the folder that was asked for, or
    /// where it is at all, if another has that name; without its extension. Its traces have that
    /// name too.
    pub name: PathBuf,
}

impl Found {
    /// The name of the traces of a combination of the scenario's sweep; of the empty combination,
    /// that of the scenario.
    pub fn of_combination(&self, combination: &str) -> PathBuf {
        if combination.is_empty() {
            return self.name.clone();
        }
        let mut name = self.name.clone().into_os_string();
        name.push("@");
        name.push(combination);
        name.into()
    }
}

/// What somebody means who names something: with an ending it is a file.
fn kind(path: &Path) -> &'static str {
    match path.extension() {
        Some(_) => "file",
        None => "scenario",
    }
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// There is no such file, folder or scenario.
    #[error("there is no {} {}{}", kind(path), path.display(), suggestion(nearest.as_deref()))]
    NotFound {
        /// What was asked for.
        path: PathBuf,
        /// The name of a scenario that may have been meant.
        nearest: Option<String>,
    },
    /// There is no scenario in a folder.
    #[error("no scenario in {}: scenarios are .toml files", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The file is no scenario.
    #[error("{} is no scenario: scenarios are .toml files", path.display())]
    NotAScenario {
        /// The file.
        path: PathBuf,
    },
    /// Two scenarios have the same name, and would write the same trace.
    #[error(
        "{} and {} are both called {}: run them one after the other",
        first.display(), second.display(), name.display()
    )]
    SameName {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
        /// The name.
        name: PathBuf,
    },
    /// There are too many scenarios, or folders are too deep.
    #[error("{}: more than {limit} {what}", path.display())]
    TooMany {
        /// The folder in which the limit was reached.
        path: PathBuf,
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A file that was found, and not asked for, is a link that leads out of its folder.
    #[error(
        "{} is a symbolic link that leads out of {}: name the file that it leads to",
        path.display(), folder.display()
    )]
    Link {
        /// The link.
        path: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// A folder or a link cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The folder or link.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

impl DiscoverError {
    /// Whether the error is only that there is nothing to run.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty { .. })
    }
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest
        .map(|it| format!(": did you mean {it}?"))
        .unwrap_or_default()
}

/// The packetdrill scripts that are asked for, sorted by name; of no path, those under [`ROOT`].
/// A path may have none.
///
/// # Errors
/// A folder cannot be read, or has too many.
pub fn discover_scripts(base: &Path, paths: &[PathBuf]) -> Result<Vec<Found>, DiscoverError> {
    let root = [PathBuf::from(ROOT)];
    let paths = if paths.is_empty() { &root } else { paths };
    let mut found: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for path in paths {
        for path in scripts_of(base, path)? {
            let name = script_name(&path);
            match found.get(&name) {
                Some(first) if !same(&base.join(first), &base.join(&path)) => {
                    let first = first.clone();
                    return Err(DiscoverError::SameName {
                        first,
                        second: path,
                        name,
                    });
                }
                Some(_) => {}
                None => {
                    found.insert(name, path);
                }
            }
        }
    }
    let found = found.into_iter();
    Ok(found.map(|(name, path)| Found { path, name }).collect())
}

/// The scripts that a path stands for.
fn scripts_of(base: &Path, path: &Path) -> Result<Vec<PathBuf>, DiscoverError> {
    for candidate in [path.to_owned(), Path::new(ROOT).join(path)] {
        let Ok(metadata) = fs::metadata(base.join(&candidate)) else {
            continue;
        };
        let mut files = Vec::new();
        if metadata.is_dir() {
            search(base, &candidate, 0, &mut files, is_script)?;
            stay_below(base, &candidate, &files)?;
        } else if is_script(&candidate) {
            files.push(candidate);
        }
        return Ok(files);
    }
    Ok(shipped_under(path, SCRIPT_EXTENSION, is_script))
}

/// Whether a file is a packetdrill script, by its name.
pub fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == SCRIPT_EXTENSION)
}

/// The scenarios that are asked for, sorted by name; of no path, those under [`ROOT`].
///
/// Paths are taken from `base`, which is the working directory (`.`) but in tests.
///
/// # Errors
/// The first path that does not come to a scenario.
pub fn discover(base: &Path, paths: &[PathBuf]) -> Result<Vec<Found>, DiscoverError> {
    let root = [PathBuf::from(ROOT)];
    let paths = if paths.is_empty() { &root } else { paths };
    let mut all: Vec<(PathBuf, PathBuf)> = Vec::new();
    for path in paths {
        let files = resolve(base, path)?.into_iter();
        all.extend(files.map(|file| (name(&file, path), file)));
    }
    let shared = shared(base, &all);
    let mut found: BTreeMap<PathBuf, PathBuf> = BTreeMap::new();
    for (short, file) in all {
        let name = match shared.contains(&short) {
            true => name(&file, Path::new("")),
            false => short,
        };
        match found.get(&name) {
            Some(first) if !same(&base.join(first), &base.join(&file)) => {
                let first = first.clone();
                return Err(DiscoverError::SameName {
                    first,
                    second: file,
                    name,
                });
            }
            Some(_) => {}
            None => {
                found.insert(name, file);
            }
        }
    }
    Ok(found
        .into_iter()
        .map(|(name, path)| Found { path, name })
        .collect())
}

/// The names that files of several folders have. These files are named by where they are.
fn shared(base: &Path, all: &[(PathBuf, PathBuf)]) -> BTreeSet<PathBuf> {
    let mut first: BTreeMap<&Path, &Path> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for (name, file) in all {
        let known = *first.entry(name).or_insert(file);
        if !same(&base.join(known), &base.join(file)) {
            shared.insert(name.clone());
        }
    }
    shared
}

/// The files that a path stands for, itself or as a name under the root.
fn resolve(base: &Path, path: &Path) -> Result<Vec<PathBuf>, DiscoverError> {
    let named = Path::new(ROOT).join(path);
    let mut with_extension = named.clone().into_os_string();
    with_extension.push(".");
    with_extension.push(EXTENSION);
    for candidate in [path.to_owned(), PathBuf::from(with_extension), named] {
        let Ok(metadata) = fs::metadata(base.join(&candidate)) else {
            continue;
        };
        if metadata.is_dir() {
            let mut files = Vec::new();
            search(base, &candidate, 0, &mut files, is_scenario)?;
            stay_below(base, &candidate, &files)?;
            if files.is_empty() {
                return Err(DiscoverError::Empty { path: candidate });
            }
            return Ok(files);
        }
        if candidate.extension().is_none_or(|it| it != EXTENSION) {
            return Err(DiscoverError::NotAScenario { path: candidate });
        }
        if candidate != path {
            stay_below(base, Path::new(ROOT), std::slice::from_ref(&candidate))?;
        }
        return Ok(vec![candidate]);
    }
    if path.as_os_str() == STANDARD_INPUT {
        return Ok(vec![path.to_owned()]);
    }
    let shipped = shipped_under(path, EXTENSION, is_scenario);
    if !shipped.is_empty() {
        return Ok(shipped);
    }
    // A link is there, even one that leads nowhere or to itself.
    if let Err(error) = fs::metadata(base.join(path))
        && base.join(path).symlink_metadata().is_ok()
    {
        let path = path.to_owned();
        return Err(DiscoverError::Read { path, error });
    }
    let nearest = nearest(base, path);
    Err(DiscoverError::NotFound {
        path: path.to_owned(),
        nearest,
    })
}

/// The shipped files that a path stands for: itself, as a name under the root, or what is in it.
fn shipped_under(path: &Path, extension: &str, is_wanted: fn(&Path) -> bool) -> Vec<PathBuf> {
    let named = Path::new(ROOT).join(path);
    let mut with_extension = named.clone().into_os_string();
    with_extension.push(".");
    with_extension.push(extension);
    for candidate in [path.to_owned(), PathBuf::from(with_extension), named] {
        if shipped::read(&candidate).is_some() && is_wanted(&candidate) {
            return vec![candidate];
        }
        let files = shipped::under(&candidate).filter(|path| is_wanted(path));
        let files: Vec<PathBuf> = files.map(Path::to_owned).collect();
        if candidate.starts_with(ROOT) && !files.is_empty() {
            return files;
        }
    }
    Vec::new()
}

/// Adds the files under a folder that are wanted. Links to folders are not followed, so there are
/// no circles.
fn search(
    base: &Path,
    folder: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    is_wanted: fn(&Path) -> bool,
) -> Result<(), DiscoverError> {
    let too_many = |what, limit| DiscoverError::TooMany {
        path: folder.to_owned(),
        what,
        limit,
    };
    if depth > DEPTH_MAX {
        return Err(too_many("folders in each other", DEPTH_MAX));
    }
    let cannot_read = |error| DiscoverError::Read {
        path: folder.to_owned(),
        error,
    };
    for entry in fs::read_dir(base.join(folder)).map_err(cannot_read)? {
        let entry = entry.map_err(cannot_read)?;
        let path = folder.join(entry.file_name());
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.file_type().map_err(cannot_read)?.is_dir() {
            if !is_hidden {
                search(base, &path, depth + 1, files, is_wanted)?;
            }
        } else if !is_hidden && is_wanted(&path) {
            if files.len() == FILES_MAX {
                return Err(too_many("scenarios", FILES_MAX));
            }
            files.push(path);
        }
    }
    Ok(())
}

/// Whether files that were found under a folder lie below it. A file that was asked for may lie
/// anywhere.
///
/// # Errors
/// The first link that leads out of the folder.
fn stay_below(base: &Path, folder: &Path, files: &[PathBuf]) -> Result<(), DiscoverError> {
    // A link that leads nowhere is told of when it is read.
    let real = |path: &Path| fs::canonicalize(base.join(path)).ok();
    let below = real(folder);
    let is_link = |path: &Path| {
        let metadata = base.join(path).symlink_metadata();
        metadata.is_ok_and(|it| it.is_symlink())
    };
    let leads_out = |path: &&PathBuf| {
        let there = real(path).filter(|_| is_link(path));
        there
            .zip(below.as_ref())
            .is_some_and(|(there, below)| !there.starts_with(below))
    };
    match files.iter().find(leads_out) {
        None => Ok(()),
        Some(path) => Err(DiscoverError::Link {
            path: path.clone(),
            folder: folder.to_owned(),
        }),
    }
}

/// Whether a file that was found, and not asked for, is taken for a scenario.
fn is_scenario(path: &Path) -> bool {
    let is_contract = path.ends_with(Path::new(ROOT).join(CONTRACT));
    path.extension().is_some_and(|it| it == EXTENSION) && !is_contract
}

/// The name of a file that was found by way of `asked`. It never leads upwards: the trace of the
/// file lies below the folder of traces, wherever the file is.
fn name(file: &Path, asked: &Path) -> PathBuf {
    below(&path_of(file, asked)).with_extension("")
}

/// Where a file is, as its name has it.
fn path_of(file: &Path, asked: &Path) -> PathBuf {
    if file.as_os_str() == STANDARD_INPUT {
        return PathBuf::from("stdin");
    }
    let components: Vec<Component<'_>> = file.components().collect();
    let root = components.iter().rposition(|it| it.as_os_str() == ROOT);
    match root {
        Some(at) if at + 1 < components.len() => components[at + 1..].iter().collect(),
        Some(_) | None => match file.strip_prefix(asked) {
            Ok(relative) if !relative.as_os_str().is_empty() => relative.to_owned(),
            Ok(_) | Err(_) => file.file_name().map(PathBuf::from).unwrap_or_default(),
        },
    }
}

/// A path without what leads upwards or to a root.
fn below(path: &Path) -> PathBuf {
    let mut below = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => below.push(part),
            Component::ParentDir => {
                below.pop();
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    below
}

/// The name of a script: where it is, as scripts of several folders may be called the same.
fn script_name(file: &Path) -> PathBuf {
    name(file, Path::new("")).with_extension(SCRIPT_EXTENSION)
}

/// Whether two paths lead to the same file.
fn same(first: &Path, second: &Path) -> bool {
    first == second || fs::canonicalize(first).ok() == fs::canonicalize(second).ok()
}

/// The name under the root that is nearest to what was asked for.
fn nearest(base: &Path, asked: &Path) -> Option<String> {
    let mut files = Vec::new();
    if search(base, Path::new(ROOT), 0, &mut files, is_scenario).is_err() {
        files = shipped_under(Path::new(ROOT), EXTENSION, is_scenario);
    }
    let names: Vec<String> = files
        .iter()
        .map(|it| name(it, Path::new(ROOT)).to_string_lossy().into_owned())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let asked = asked.strip_prefix(ROOT).unwrap_or(asked).with_extension("");
    let asked = asked.to_string_lossy();
    let folders: BTreeSet<&str> = names.iter().flat_map(|name| folders_of(name)).collect();
    let all: Vec<&str> = folders.into_iter().chain(names.iter().copied()).collect();
    names::nearest(&asked, &all).map(str::to_owned)
}

/// The folders in which a name is.
fn folders_of(name: &str) -> impl Iterator<Item = &str> {
    name.match_indices('/').map(|(at, _)| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of files for one test, removed afterwards.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str, files: &[&str]) -> Self {
            let folder = format!("hangup-discover-{name}-{}", std::process::id());
            let tree = Self(std::env::temp_dir().join(folder));
            for file in files {
                let path = tree.0.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            tree
        }

        fn names(&self, paths: &[&str]) -> Result<Vec<String>, String> {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            let found = discover(&self.0, &paths).map_err(|error| error.to_string())?;
            for found in &found {
                assert!(self.0.join(&found.path).is_file(), "{found:?}");
            }
            Ok(found
                .iter()
                .map(|it| it.name.to_string_lossy().into_owned())
                .collect())
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_paths_stand_for() {
        let tree = Tree::new(
            "paths",
            &[
                "scenarios/close/linger.toml",
                "scenarios/close/unread.toml",
                "scenarios/udp/v4/queued.toml",
                "scenarios/udp/v4/.hidden.toml",
                "scenarios/udp/README.md",
                "scenarios/contract.toml",
                "other/mine.toml",
                "other/deep/contract.toml",
                "other/empty/README.md",
            ],
        );
        let all = ["close/linger", "close/unread", "udp/v4/queued"];
        for (paths, names) in [
            (&[][..], &all[..]),
            (&["scenarios"][..], &all[..]),
            (&["scenarios/close"][..], &all[..2]),
            (&["./scenarios/close/"][..], &all[..2]),
            (&["close"][..], &all[..2]),
            (&["close/linger"][..], &all[..1]),
            (
                &["close/linger.toml", "close", "scenarios/close/linger.toml"][..],
                &all[..2],
            ),
            (&["udp"][..], &all[2..]),
            (&["other"][..], &["deep/contract", "mine"][..]),
            (&["other/mine.toml"][..], &["mine"][..]),
        ] {
            let names: Vec<String> = names.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(tree.names(paths), Ok(names), "{paths:?}");
        }
        for (path, message) in [
            (
                "close/lingre",
                "there is no scenario close/lingre: did you mean close/linger?",
            ),
            (
                "scenarios/close/linge.toml",
                "there is no file scenarios/close/linge.toml: did you mean close/linger?",
            ),
            ("nowhere/at/all", "there is no scenario nowhere/at/all"),
            (
                "other/empty",
                "no scenario in other/empty: scenarios are .toml files",
            ),
            (
                "scenarios/udp/README.md",
                "scenarios/udp/README.md is no scenario: scenarios are .toml files",
            ),
        ] {
            assert_eq!(tree.names(&[path]), Err(message.to_owned()));
        }
    }

    #[test]
    fn scripts_are_named_by_where_they_are_and_never_outside() {
        for (path, name) in [
            ("scenarios/packetdrill/a.pkt", "packetdrill/a.pkt"),
            ("./x/a.pkt", "x/a.pkt"),
            ("../../x/a.pkt", "x/a.pkt"),
            ("/x/y/a.pkt", "x/y/a.pkt"),
            ("a.pkt", "a.pkt"),
        ] {
            assert_eq!(script_name(Path::new(path)), Path::new(name), "{path}");
        }
        let tree = Tree::new("scripts", &["a/x.pkt", "b/x.pkt", "b/c.toml"]);
        let paths = ["a", "b", "a/../a"].map(PathBuf::from);
        let found = discover_scripts(&tree.0, &paths).unwrap();
        let names = found.iter().map(|it| it.name.display().to_string());
        assert_eq!(names.collect::<Vec<_>>(), ["a/x.pkt", "b/x.pkt"]);
    }

    #[test]
    fn two_scenarios_of_one_name_are_named_by_where_they_are() {
        let tree = Tree::new("names", &["a/x.toml", "b/x.toml", "b/y.toml"]);
        let names = ["a/x", "b/x", "y"].map(str::to_owned).to_vec();
        assert_eq!(tree.names(&["a", "b"]), Ok(names));
        let message = "../a/x.toml and a/x.toml are both called a/x: run them one after the other";
        let twice = Tree::new("names-twice", &["a/x.toml", "below/a/x.toml"]);
        let below = twice.0.join("below");
        let paths = ["../a", "a"].map(PathBuf::from);
        let error = discover(&below, &paths).expect_err("they are two");
        assert_eq!(error.to_string(), message);
        assert_eq!(tree.names(&["a", "a/x.toml"]), Ok(vec!["x".to_owned()]));
    }
}
