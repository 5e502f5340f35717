//! The files of the repository, read once for each test.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// Where it is, relative to the repository, with `/` between the parts.
    pub(crate) path: String,
    /// What it says.
    pub(crate) text: String,
}

impl TextFile {
    /// Whether it lies in a folder or below it.
    pub(crate) fn is_under(&self, folder: &str) -> bool {
        self.path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether it is test code by its place.
    pub(crate) fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| part == "tests" || part == "tests.rs")
    }
}

/// Everything that the rules look at.
#[derive(Debug)]
pub(crate) struct Repository {
    root: PathBuf,
    /// Every file's path, sorted.
    paths: Vec<String>,
    texts: Vec<TextFile>,
}

impl Repository {
    /// Reads every file of the kinds that a rule exists for.
    pub(crate) fn read() -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut paths = Vec::new();
        collect(&root, "", &mut paths);
        paths.sort();
        let texts = paths
            .iter()
            .filter(|path| ["rs", "md", "toml"].contains(&extension(path)))
            .map(|path| TextFile {
                path: path.clone(),
                text: read(&root.join(path)),
            })
            .collect();
        Self { root, paths, texts }
    }

    /// Whether the repository has this file or folder.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The text of one file that must be there.
    #[track_caller]
    pub(crate) fn text(&self, path: &str) -> &str {
        let file = self.texts.iter().find(|file| file.path == path);
        &file.unwrap_or_else(|| panic!("{path} is missing")).text
    }

    /// The paths of all files, sorted.
    pub(crate) fn paths(&self) -> &[String] {
        &self.paths
    }

    /// The paths of all files below a folder, whatever they hold.
    pub(crate) fn paths_under(&self, folder: &str) -> Vec<&str> {
        let below = |path: &&str| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        self.paths
            .iter()
            .map(String::as_str)
            .filter(below)
            .collect()
    }

    /// The text files of one kind.
    pub(crate) fn with_extension(&self, wanted: &str) -> impl Iterator<Item = &TextFile> {
        self.texts
            .iter()
            .filter(move |file| extension(&file.path) == wanted)
    }

    /// The Rust sources of all three crates, tests and benchmarks included.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.with_extension("rs")
    }

    /// The documents.
    pub(crate) fn markdown(&self) -> impl Iterator<Item = &TextFile> {
        self.with_extension("md")
    }

    /// The scenarios. `contract.toml` is the list of what they prove.
    pub(crate) fn scenarios(&self) -> impl Iterator<Item = &TextFile> {
        self.with_extension("toml")
            .filter(|file| file.is_under("scenarios") && file.path != "scenarios/contract.toml")
    }

    /// The built-in profiles.
    pub(crate) fn profiles(&self) -> impl Iterator<Item = &TextFile> {
        self.with_extension("toml")
            .filter(|file| file.is_under("stack/src/profile"))
    }

    /// The systems of the built-in profiles without their versions, but for smoltcp: that is a
    /// crate's name as well.
    pub(crate) fn profile_names(&self) -> Vec<String> {
        self.profiles()
            .filter_map(|file| file.path.rsplit('/').next()?.strip_suffix(".toml"))
            .map(|name| name.split('-').next().unwrap_or(name))
            .filter(|name| *name != "smoltcp")
            .map(str::to_owned)
            .collect()
    }

    /// The manifests of the workspace.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &TextFile> {
        self.texts
            .iter()
            .filter(|file| file.path.rsplit('/').next() == Some("Cargo.toml"))
    }
}

/// What follows the last dot of a path.
fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// Reads a file as text.
fn read(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Adds the paths of all files below a folder, but for what is built, hidden or written by runs.
fn collect(root: &Path, folder: &str, paths: &mut Vec<String>) {
    let place = root.join(folder);
    let entries =
        fs::read_dir(&place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", place.display()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let top = folder.is_empty();
        if name.starts_with('.') || name == "target" || (top && name == "traces") {
            continue;
        }
        let path = if top {
            name
        } else {
            format!("{folder}/{name}")
        };
        if root.join(&path).is_dir() {
            collect(root, &path, paths);
        } else {
            paths.push(path);
        }
    }
}
