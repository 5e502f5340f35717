//! A link to this program in a folder of sources of packets.

use std::io;
use std::path::PathBuf;

/// What stands in the place of a file of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Missing,
    Ours,
    Other,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ours => "installed",
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
    /// What stands in its place. A link of ours leads to this very program.
    pub(super) fn state(&self) -> State {
        if self.path.symlink_metadata().is_err() {
            return State::Missing;
        }
        match std::fs::read_link(&self.path) {
            Ok(target) if target == self.program => State::Ours,
            Ok(_) | Err(_) => State::Other,
        }
    }

    /// Makes it, and its folder.
    pub(super) fn make(&self) -> io::Result<()> {
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
