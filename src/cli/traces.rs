//! Trace files: their paths, their writing, and their comparison with the golden ones.

use std::io;
use std::path::{Path, PathBuf};

use hangup_stack::network::HostId;

use crate::capture::{FORMATS, Trace, TraceFormat};
use crate::files::{self, FileError};
use crate::report::Golden;

/// The folder of the golden traces.
pub(super) const GOLDEN: &str = "captures";

/// A trace, ready to be written: a file of each format.
#[derive(Debug)]
pub(super) struct RenderedTrace(Vec<(TraceFormat, Vec<u8>)>);

impl RenderedTrace {
    /// The file where only one is wanted.
    pub(super) fn single(&self) -> &[u8] {
        self.0
            .first()
            .map(|(_, octets)| &octets[..])
            .unwrap_or_default()
    }
}

/// Draws a trace as seen at a host.
///
/// # Errors
/// What a format cannot hold.
pub(super) fn draw(trace: &Trace<'_>, at: HostId) -> Result<RenderedTrace, String> {
    let files = FORMATS.into_iter().map(|format| {
        let octets = (format.to_bytes)(trace, at).map_err(|error| error.to_string())?;
        Ok((format, octets))
    });
    files.collect::<Result<_, _>>().map(RenderedTrace)
}

/// Where the trace of a scenario goes under a folder.
pub(super) fn path(folder: &Path, name: &Path, extension: &str) -> PathBuf {
    let mut path = folder.join(name).into_os_string();
    path.push(".");
    path.push(extension);
    path.into()
}

/// Writes a trace under a folder, a file of each format beside each other. The folder of golden
/// traces gets those that are golden.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(folder: &Path, name: &Path, written: &RenderedTrace) -> Result<(), FileError> {
    let is_golden = folder == Path::new(GOLDEN);
    let mut files = written.0.iter();
    files.try_for_each(|(format, octets)| match is_golden && !format.is_golden {
        true => Ok(()),
        false => {
            let name = path(Path::new(""), name, format.extension);
            files::write_below(folder, &name, octets)
        }
    })
}

/// Whether there is a trace of a scenario under a folder, of any format.
pub(super) fn is_there(folder: &Path, name: &Path) -> bool {
    let mut formats = FORMATS.into_iter();
    formats.any(|format| {
        path(folder, name, format.extension)
            .symlink_metadata()
            .is_ok()
    })
}

/// Compares a trace with its golden one. Where a format is of lines, the first line that differs is
/// told.
///
/// # Errors
/// The golden trace is there and cannot be read.
pub(super) fn compare(name: &Path, written: &RenderedTrace) -> Result<Golden, String> {
    let golden = written.0.iter().filter(|(format, _)| format.is_golden);
    let mut differs = None;
    for (index, (format, octets)) in golden.enumerate() {
        let folder = Path::new(GOLDEN);
        let path = path(folder, name, format.extension).display().to_string();
        let name = self::path(Path::new(""), name, format.extension);
        // One octet more than ours has is enough to differ.
        let kept = match files::read_below(folder, &name, octets.len() as u64 + 1) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => match index {
                0 => return Ok(Golden::Missing),
                _ => Vec::new(),
            },
            Err(error) => return Err(format!("cannot read the golden trace {path}: {error}")),
        };
        if index == 0 && kept == *octets {
            return Ok(Golden::Same);
        }
        if index == 0 {
            differs = Some(Golden::Differs { path, line: None });
        } else if let Some(line) = first_difference(&kept, octets) {
            let line = Some(line);
            return Ok(Golden::Differs { path, line });
        }
    }
    Ok(differs.unwrap_or(Golden::Missing))
}

/// The number of the first line that differs, from 1.
fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    let [one, other] = [one, other].map(String::from_utf8_lossy);
    let (mut ones, mut others) = (one.lines(), other.lines());
    let mut line = 1;
    loop {
        match (ones.next(), others.next()) {
            (None, None) => return None,
            (one, other) if one != other => return Some(line),
            (Some(_), _) | (None, Some(_)) => line += 1,
        }
    }
}
