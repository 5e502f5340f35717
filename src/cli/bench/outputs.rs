//! The files of a sweep: those that its rows are written to, and those that finished rows are read
//! from.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::args::Exhaustion;
use crate::bench::{Finished, Plan, Row, RowFormat, Taken, Writer};
use crate::cli::failure::{Failure, environment, usage};
use crate::files;

/// The longest file that rows are taken from, in octets.
const RESUME_OCTETS_MOST: u64 = 4 << 30;

/// The files that rows go to.
pub(super) struct Outputs {
    files: Vec<Output>,
    pub(super) own_standard_output: bool,
}

/// One of them.
struct Output {
    path: PathBuf,
    writer: Writer<Box<dyn Write>>,
    /// How many rows it has already, which are not written again.
    has: u64,
}

impl Outputs {
    /// Takes the rows that are finished, and only then opens what is written to: a file that cannot
    /// be used stays as it is.
    pub(super) fn open(
        args: &Exhaustion,
        plan: &Plan,
        finished: &mut Finished,
    ) -> Result<Self, Failure> {
        let targets: Vec<_> = [(&args.csv, RowFormat::Csv), (&args.json, RowFormat::Json)]
            .into_iter()
            .filter_map(|(path, format)| Some((path.as_deref()?, format)))
            .collect();
        if targets.len() == 2 && targets[0].0 == targets[1].0 {
            return Err(usage("--csv and --json cannot be one file"));
        }
        let mut continued = Vec::new();
        for path in &args.resume {
            let is_target = targets.iter().any(|(target, _)| is_same(target, path));
            if is_target && !path.exists() {
                // The first run of a command that is repeated until it is done.
                continue;
            }
            let mut own = Finished::default();
            let taken = read(path, plan, &mut own)?;
            if is_target {
                is_begun(path, plan, &own, taken)?;
                continued.push((path, taken));
            }
            finished.merge(own);
        }
        let mut outputs = Self {
            files: Vec::new(),
            own_standard_output: false,
        };
        for (path, format) in targets {
            let begun = continued.iter().find(|(other, _)| is_same(path, other));
            let (out, has) = if path.as_os_str() == "-" {
                outputs.own_standard_output = true;
                let out: Box<dyn Write> = Box::new(io::stdout());
                (Ok(out), 0)
            } else {
                match begun {
                    Some((_, taken)) if taken.octets > 0 => (go_on(path, *taken), taken.rows),
                    Some(_) | None => (begin(path), 0),
                }
            };
            let begins = begun.is_none_or(|(_, taken)| taken.octets == 0);
            let writer = out.and_then(|out| Writer::new(out, format, begins));
            outputs.files.push(Output {
                path: path.to_owned(),
                writer: writer.map_err(|error| cannot_write(path, &error))?,
                has,
            });
        }
        Ok(outputs)
    }

    /// Writes rows, the next in their order.
    pub(super) fn write(&mut self, rows: &[Row]) -> Result<(), Failure> {
        for Output { path, writer, has } in &mut self.files {
            let known = (*has).min(rows.len() as u64);
            *has -= known;
            writer
                .write(&rows[known as usize..])
                .map_err(|error| cannot_write(path, &error))?;
        }
        Ok(())
    }
}

/// Writes a plot.
pub(super) fn draw(path: &Path, svg: &str) -> Result<(), Failure> {
    let written = files::make_directories_of(path)
        .and_then(|()| files::write_atomically(path, svg.as_bytes()));
    written.map_err(|error| environment(error.to_string()))
}

fn begin(path: &Path) -> io::Result<Box<dyn Write>> {
    Ok(Box::new(BufWriter::new(File::create(path)?)))
}

/// Opens a file behind its last whole line.
fn go_on(path: &Path, taken: Taken) -> io::Result<Box<dyn Write>> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.set_len(taken.octets)?;
    file.seek(SeekFrom::End(0))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn read(path: &Path, plan: &Plan, finished: &mut Finished) -> Result<Taken, Failure> {
    let cannot = |error: io::Error| environment(format!("cannot read {}: {error}", path.display()));
    let octets = std::fs::metadata(path).map_err(cannot)?.len();
    if octets > RESUME_OCTETS_MOST {
        let message = format!(
            "--resume {}: it is longer than {RESUME_OCTETS_MOST} octets",
            path.display()
        );
        return Err(usage(message));
    }
    let octets = files::read(path, RESUME_OCTETS_MOST).map_err(cannot)?;
    let text = String::from_utf8(octets).map_err(|error| {
        let path = path.display();
        usage(format!("--resume {path}: it is no text: {error}"))
    })?;
    finished
        .read(&text, plan)
        .map_err(|error| usage(format!("--resume {}: {error}", path.display())))
}

/// A file that is written to has to have the first rows of the sweep, and no others.
fn is_begun(path: &Path, plan: &Plan, own: &Finished, taken: Taken) -> Result<(), Failure> {
    let first = plan.rows().take(taken.rows as usize);
    let is_first = taken.ordered && first.map(|(id, _)| id).all(|id| own.row(id).is_some());
    if is_first {
        return Ok(());
    }
    let message = format!(
        "--resume {}: it does not have the first rows of the sweep, so that it cannot go on where \
         it ends: write to another file",
        path.display()
    );
    Err(usage(message))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let canonical = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    one == other || canonical(one) == canonical(other)
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    let name = if path.as_os_str() == "-" {
        "standard output".to_owned()
    } else {
        path.display().to_string()
    };
    environment(format!(
        "cannot write {name}: {error}; rows that were written before are whole"
    ))
}
