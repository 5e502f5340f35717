//! Traces as files: where they go, and how they compare with the golden ones.

use std::path::{Path, PathBuf};

use hangup_stack::network::HostId;

use crate::capture::{self, FileError, Trace, pcapng, text};
use crate::report::Golden;

/// The folder of the golden traces.
pub(super) const GOLDEN: &str = "captures";

/// A trace, ready to be written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) pcapng: Vec<u8>,
    pub(super) text: String,
}

/// Draws a trace as seen at a host.
///
/// # Errors
/// What the format cannot hold.
pub(super) fn draw(trace: &Trace<'_>, at: HostId) -> Result<Written, String> {
    let pcapng = pcapng::to_bytes(trace, at).map_err(|error| error.to_string())?;
    Ok(Written {
        pcapng,
        text: text::render(trace, at),
    })
}

/// Where the trace of a scenario goes under a folder.
pub(super) fn path(folder: &Path, name: &Path, extension: &str) -> PathBuf {
    let mut path = folder.join(name).into_os_string();
    path.push(".");
    path.push(extension);
    path.into()
}

/// Writes a trace under a folder, with its text beside it.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(folder: &Path, name: &Path, written: &Written) -> Result<(), FileError> {
    capture::write_atomically(&path(folder, name, "pcapng"), &written.pcapng)?;
    capture::write_atomically(&path(folder, name, "txt"), written.text.as_bytes())
}

/// Compares a trace with its golden one.
pub(super) fn compare(name: &Path, written: &Written) -> Golden {
    let golden = |extension| path(Path::new(GOLDEN), name, extension);
    let differs = |extension, line| Golden::Differs {
        path: golden(extension).display().to_string(),
        line,
    };
    let Ok(pcapng) = std::fs::read(golden("pcapng")) else {
        return Golden::Missing;
    };
    if pcapng == written.pcapng {
        return Golden::Same;
    }
    let text = std::fs::read_to_string(golden("txt")).unwrap_or_default();
    let (mut ours, mut theirs) = (written.text.lines(), text.lines());
    let mut line = 1;
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return differs("pcapng", None),
            (one, other) if one != other => return differs("txt", Some(line)),
            (Some(_), _) | (None, Some(_)) => line += 1,
        }
    }
}
