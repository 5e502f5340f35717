//! A link to this program in a folder of sources of packets.

use std::io;
use std::path::PathBuf;

/// What stands in the place of a file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Missing,
    Ours,
    /// A link of ours to a copy of this program that lies elsewhere, or no more.
    Stale,
    Other,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ours => "installed",
            Self::Stale => "stale",
            Self::Other => "changed",
        }
    }
}

/// A link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) path: PathBuf,
    pub(super) program: PathBuf,
}

impl Link {
    /// What stands in its place. A link of ours leads to a program of our name.
    pub(super) fn state(&self) -> State {
        if self.path.symlink_metadata().is_err() {
            return State::Missing;
        }
        match std::fs::read_link(&self.path) {
            Ok(target) if target == self.program => State::Ours,
            Ok(target) if target.file_name() == self.program.file_name() => State::Stale,
            Ok(_) | Err(_) => State::Other,
        }
    }

    /// Makes it, and its folder, in place of a stale one.
    pub(super) fn make(&self) -> io::Result<()> {
        if self.state() == State::Stale {
            std::fs::remove_file(&self.path)?;
        }
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        #[cfg(unix)]
        let made = std::os::unix::fs::symlink(&self.program, &self.path);
        #[cfg(windows)]
        let made = std::os::windows::fs::symlink_file(&self.program, &self.path);
        #[cfg(not(any(unix, windows)))]
        let made = Err(io::ErrorKind::Unsupported.into());
        made
    }
}
