//! Trace files: their paths, their writing, and their comparison with the golden ones.

use std::path::{Path, PathBuf};

use hangup_stack::network::HostId;

use crate::capture::{self, FORMATS, FileError, Trace, TraceFormat};
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
        false => capture::write_atomically(&path(folder, name, format.extension), octets),
    })
}

/// Compares a trace with its golden one. Where a format is of lines, the first line that differs is
/// told.
pub(super) fn compare(name: &Path, written: &RenderedTrace) -> Golden {
    let golden = written.0.iter().filter(|(format, _)| format.is_golden);
    let mut differs = None;
    for (index, (format, octets)) in golden.enumerate() {
        let path = path(Path::new(GOLDEN), name, format.extension);
        let kept = match (std::fs::read(&path), index) {
            (Ok(kept), _) => kept,
            (Err(_), 0) => return Golden::Missing,
            (Err(_), _) => Vec::new(),
        };
        if index == 0 && kept == *octets {
            return Golden::Same;
        }
        let path = path.display().to_string();
        if index == 0 {
            differs = Some(Golden::Differs { path, line: None });
        } else if let Some(line) = first_difference(&kept, octets) {
            let line = Some(line);
            return Golden::Differs { path, line };
        }
    }
    differs.unwrap_or(Golden::Missing)
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
