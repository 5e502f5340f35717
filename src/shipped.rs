//! Shipped files: the scenarios and the documents, inside the program, for folders that have none.
//!
//! The program puts them in when it starts; a library or a test that does not has none. A file of
//! the disk goes before a shipped one of the same path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The files, by their paths in the repository with `/` between the parts.
pub type Files = BTreeMap<PathBuf, &'static [u8]>;

static FILES: OnceLock<Files> = OnceLock::new();

/// Puts the files in. Once they are there, they stay.
pub fn ship(files: Files) {
    let _ = FILES.set(files);
}

fn files() -> impl Iterator<Item = (&'static PathBuf, &'static [u8])> {
    let files = FILES.get().into_iter().flatten();
    files.map(|(path, contents)| (path, *contents))
}

/// The octets of a file.
pub(crate) fn read(path: &Path) -> Option<&'static [u8]> {
    FILES.get()?.get(path).copied()
}

/// The files in a folder and in those below it, in their order.
pub(crate) fn under(folder: &Path) -> impl Iterator<Item = &'static Path> {
    files()
        .map(|(path, _)| path.as_path())
        .filter(move |path| path.starts_with(folder) && *path != folder)
}
