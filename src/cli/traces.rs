//! Trace files: their formats and paths, their writing, and their comparison with the golden ones.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use hangup_stack::network::HostId;

use super::args::{Events, TraceArgs};
use crate::capture::{FORMATS, Rows, SNAPLEN, Trace, TraceFormat, TraceOptions};
use crate::files::{self, FileError};
use crate::report::Golden;

/// The folder of the golden traces.
pub(super) const GOLDEN: &str = "captures";

/// The form in which a trace is written.
#[derive(Debug)]
pub(super) struct Form {
    /// None: of a single file, that of its extension; in a folder the first.
    formats: Vec<TraceFormat>,
    options: TraceOptions,
}

impl Form {
    /// Everything, as pcapng or what the extension says.
    pub(super) fn usual() -> Self {
        Self {
            formats: Vec::new(),
            options: TraceOptions::default(),
        }
    }
}

/// The format that can be written while its run goes on.
pub(super) const STREAMED: TraceFormat = FORMATS[0];

impl Form {
    /// What is written of a trace, where it can be written while its run goes on: to a folder, or
    /// to a file that is a regular one. The beginning of it is written again at the end.
    pub(super) fn streamed(&self, file: Option<&Path>) -> Option<TraceOptions> {
        let is_regular = |path: &Path| {
            let is_other = fs::metadata(path).is_ok_and(|it| !it.is_file());
            path.as_os_str() != "-" && !is_other
        };
        let is_usual = |format: &TraceFormat| format.name == STREAMED.name;
        let is_streamed = match (file, &self.formats[..]) {
            (None, []) => true,
            (None, formats) => formats.iter().all(is_usual),
            (Some(path), formats) => {
                let format = formats.first().copied();
                let format = format.unwrap_or_else(|| format_of_extension(path));
                is_usual(&format) && is_regular(path)
            }
        };
        is_streamed.then_some(self.options)
    }
}

impl TraceArgs {
    /// The form that is asked for, with so many octets of each frame.
    pub(super) fn form(&self, snaplen: Option<u32>) -> Form {
        let rows = match self.events {
            Events::Rows => Rows::Shown,
            Events::None => Rows::Hidden,
        };
        Form {
            formats: self.format.clone(),
            options: TraceOptions {
                rows,
                snaplen: snaplen.unwrap_or(SNAPLEN).min(SNAPLEN),
                distinct: self.distinct,
            },
        }
    }
}

/// The format of a file's extension: pcapng, where it is no format's.
fn format_of_extension(path: &Path) -> TraceFormat {
    let extension = path.extension().unwrap_or_default();
    let found = FORMATS.into_iter().find(|it| extension == it.extension);
    found.unwrap_or(FORMATS[0])
}

/// Where the trace of a scenario goes under a folder.
pub(super) fn path(folder: &Path, name: &Path, extension: &str) -> PathBuf {
    let mut path = folder.join(name).into_os_string();
    path.push(".");
    path.push(extension);
    path.into()
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

/// Writes a trace under a folder, a file of each format beside each other.
///
/// # Errors
/// A file cannot be written.
pub(super) fn to_folder(
    folder: &Path,
    name: &Path,
    trace: &Trace<'_>,
    at: HostId,
    form: &Form,
) -> Result<(), FileError> {
    let formats = match &form.formats[..] {
        [] => &FORMATS[..1],
        named => named,
    };
    let mut formats = formats.iter();
    formats.try_for_each(|format| below(folder, name, trace, at, (format, &form.options)))
}

/// Writes the golden traces of a scenario, in the formats that have them.
///
/// # Errors
/// A file cannot be written.
pub(super) fn bless(name: &Path, trace: &Trace<'_>, at: HostId) -> Result<(), FileError> {
    let options = TraceOptions::default();
    golden_formats()
        .try_for_each(|format| below(Path::new(GOLDEN), name, trace, at, (&format, &options)))
}

fn below(
    folder: &Path,
    name: &Path,
    trace: &Trace<'_>,
    at: HostId,
    (format, options): (&TraceFormat, &TraceOptions),
) -> Result<(), FileError> {
    let name = path(Path::new(""), name, format.extension);
    files::write_below_with(folder, &name, |out| {
        (format.write)(trace, at, options, out).map_err(io::Error::from)
    })
}

fn golden_formats() -> impl Iterator<Item = TraceFormat> {
    FORMATS.into_iter().filter(|format| format.is_golden)
}

/// Whether there is a pipe or a device at a path, which is written to and not replaced.
pub(super) fn is_pipe(path: &Path) -> bool {
    let there = fs::metadata(path);
    there.is_ok_and(|it| !it.is_file() && !it.is_dir())
}

/// Writes a trace to a single file, or to standard output where it is `-`.
///
/// # Errors
/// It cannot be written.
pub(super) fn to_file(
    path: &Path,
    trace: &Trace<'_>,
    at: HostId,
    form: &Form,
) -> Result<(), String> {
    let named = form.formats.first().copied();
    let format = named.unwrap_or_else(|| format_of_extension(path));
    let fill = |out: &mut dyn Write| {
        (format.write)(trace, at, &form.options, out).map_err(io::Error::from)
    };
    if is_pipe(path) {
        let cannot = |error: io::Error| format!("cannot write {}: {error}", path.display());
        let pipe = File::options().write(true).open(path).map_err(cannot)?;
        let mut out = BufWriter::new(pipe);
        return fill(&mut out).and_then(|()| out.flush()).map_err(cannot);
    }
    if path.as_os_str() != "-" {
        return files::write_atomically_with(path, fill).map_err(|error| error.to_string());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = fill(&mut out).and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write to standard output: {error}"))
}

/// Compares a trace with its golden one, which is read as the trace is written. Where it differs,
/// the first line of the text that does is told.
///
/// # Errors
/// What the format cannot hold, or the golden trace is there and cannot be read.
pub(super) fn compare(name: &Path, trace: &Trace<'_>, at: HostId) -> Result<Golden, String> {
    let options = TraceOptions::default();
    let mut differs = Golden::Missing;
    for (index, format) in golden_formats().enumerate() {
        let folder = Path::new(GOLDEN);
        let path = path(folder, name, format.extension);
        let name = self::path(Path::new(""), name, format.extension);
        let golden = match files::open_below(folder, &name) {
            Ok(golden) => golden,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(differs),
            Err(error) => {
                let path = path.display();
                return Err(format!("cannot read the golden trace {path}: {error}"));
            }
        };
        let mut comparison = Comparison::with(golden);
        let written = (format.write)(trace, at, &options, &mut comparison);
        written.map_err(|error| format!("the trace: {error}"))?;
        let is_same = comparison.is_same();
        let line = (index > 0 && !is_same).then_some(comparison.lines + 1);
        if index == 0 && is_same {
            return Ok(Golden::Same);
        }
        if index == 0 || line.is_some() {
            let path = path.display().to_string();
            differs = Golden::Differs { path, line };
        }
    }
    Ok(differs)
}

/// An output that is compared with a file.
struct Comparison {
    golden: BufReader<File>,
    is_same: bool,
    /// How many whole lines are the same, up to where they differ.
    lines: usize,
}

impl Comparison {
    fn with(golden: File) -> Self {
        Self {
            golden: BufReader::new(golden),
            is_same: true,
            lines: 0,
        }
    }

    /// Whether all of the output was in the file, and nothing is behind it.
    fn is_same(&mut self) -> bool {
        let rest = |golden: &mut BufReader<File>| golden.read(&mut [0; 1]);
        self.is_same && matches!(rest(&mut self.golden), Ok(0))
    }
}

impl Write for Comparison {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.is_same {
            let mut kept = Vec::with_capacity(octets.len());
            let mut part = self.golden.by_ref().take(octets.len() as u64);
            let read = part.read_to_end(&mut kept);
            self.is_same = read.is_ok() && kept == octets;
            let same = octets
                .iter()
                .zip(&kept)
                .take_while(|(one, other)| one == other);
            self.lines += same.filter(|(octet, _)| **octet == b'\n').count();
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
