//! The folder of a scenario, whose files its programs may send: nothing outside of it is read.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use super::limits::ATTACHMENT_MAX;

/// Where the files of a scenario are.
#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    /// None: the scenario did not come from a file, so that it has no folder.
    path: Option<PathBuf>,
}

impl Folder {
    /// That of a scenario file.
    pub(super) fn of(file: &Path) -> Self {
        // The folder of `mine.toml` is the current one.
        let parent = match file.parent() {
            Some(parent) if parent != Path::new("") => parent,
            Some(_) | None => Path::new("."),
        };
        Self {
            path: Some(parent.to_owned()),
        }
    }

    /// The octets of one of its files.
    ///
    /// # Errors
    /// A sentence without its full stop: the name leads elsewhere, or there is no such regular file
    /// that can be read, or it is too long.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let Some(folder) = &self.path else {
            return Err("a scenario that is no file has no folder to read from".to_owned());
        };
        let mut path = folder.clone();
        let parts = Path::new(name).components();
        let parts: Vec<Component<'_>> = parts.filter(|it| *it != Component::CurDir).collect();
        if parts.is_empty() {
            return Err("a file needs a name".to_owned());
        }
        for part in parts {
            let Component::Normal(part) = part else {
                return Err("it must be the name of a file in the scenario's folder".to_owned());
            };
            path.push(part);
            let about = fs::symlink_metadata(&path).map_err(|error| error.to_string())?;
            if about.is_symlink() {
                return Err("it leads over a symbolic link, which is not followed".to_owned());
            }
        }
        // A pipe would be waited for, so that what it is is asked before it is opened.
        let is_file = fs::symlink_metadata(&path).is_ok_and(|it| it.is_file());
        if !is_file {
            return Err("it is no regular file".to_owned());
        }
        let mut octets = Vec::new();
        let file = File::open(&path).map_err(|error| error.to_string())?;
        // One octet more than allowed, so that a longer file is noticed without reading it all.
        { file.take(ATTACHMENT_MAX + 1) }
            .read_to_end(&mut octets)
            .map_err(|error| error.to_string())?;
        if u64::try_from(octets.len()).is_ok_and(|it| it > ATTACHMENT_MAX) {
            return Err(format!(
                "a program sends files of at most {} MiB",
                ATTACHMENT_MAX >> 20
            ));
        }
        Ok(octets)
    }
}
