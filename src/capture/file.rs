//! Atomic writing: a file appears in its place whole or not at all.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io, process};

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried: `create the directory`, `write`, `replace`.
    pub action: &'static str,
    /// What it was tried on.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

/// Writes a file so that nobody ever finds half of it: under a temporary name in the same
/// directory, then renamed. Directories that are missing are made. What is no regular file (a pipe,
/// `/dev/null`) is written straight, because renaming would replace it.
///
/// # Errors
/// What could not be done, to which path, and why. A temporary file does not stay behind.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    // Through a symbolic link: the file behind it is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|metadata| !metadata.is_file()) {
        return fs::write(&target, bytes).map_err(failed("write", path));
    }
    if let Some(directory) = target.parent() {
        fs::create_dir_all(directory).map_err(failed("create the directory", directory))?;
    }
    let temporary = temporary(&target);
    let written = fs::write(&temporary, bytes)
        .map_err(failed("write", &temporary))
        .and_then(|()| fs::rename(&temporary, &target).map_err(failed("replace", path)));
    if written.is_err() {
        // The error that matters is the first one; there may be nothing to remove.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// A name in the same directory, so that renaming stays within one file system. The process number
/// keeps two runs apart that write the same trace.
fn temporary(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.partial", process::id()));
    target.with_file_name(name)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    move |source| FileError {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own for one test, removed at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("hangup-{name}-{}", process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_are_made_and_replaced_and_nothing_else_stays() {
        let scratch = Scratch::new("replace");
        let directory = scratch.0.join("recv-disconnect/v6");
        let path = directory.join("held.txt");
        for content in ["first, and longer", "second"] {
            write_atomically(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
    }

    #[test]
    fn errors_name_the_path_and_leave_nothing_behind() {
        let scratch = Scratch::new("errors");
        let file = scratch.0.join("file");
        fs::write(&file, "kept").unwrap();
        let below_a_file = write_atomically(&file.join("trace.txt"), b"lost").unwrap_err();
        let message = below_a_file.to_string();
        assert!(
            message.starts_with("cannot create the directory "),
            "{message}"
        );
        assert!(message.contains(file.to_str().unwrap()), "{message}");
        let a_directory = write_atomically(&scratch.0, b"lost")
            .unwrap_err()
            .to_string();
        assert!(a_directory.starts_with("cannot write "), "{a_directory}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "kept");
        assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_links_stay_what_they_are() {
        use std::os::unix::fs::{FileTypeExt, symlink};

        write_atomically(Path::new("/dev/null"), b"gone").unwrap();
        assert!(
            fs::metadata("/dev/null")
                .unwrap()
                .file_type()
                .is_char_device()
        );
        let scratch = Scratch::new("links");
        let (file, link) = (scratch.0.join("file"), scratch.0.join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        write_atomically(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }
}
