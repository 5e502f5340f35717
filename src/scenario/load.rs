//! Loading a file: one scenario, or with a `[sweep]` one for each combination.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::assign::assign;
use super::file::{self, Common, Scenario, Variant};
use super::folder::Folder;
use super::hosts::{self, Stack};
use super::limits;
use super::reader::{Entry, Reader, entries};
use super::setting::{self, Assignment, Setting};
use super::sweep::{self, Combination};
use super::warnings::warnings;
use crate::diagnostic::{Diagnostic, Invalid, Source, Span};
use crate::files;
use crate::shipped;

/// Why a scenario could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It was read, and something is wrong with it.
    #[error(transparent)]
    Invalid(#[from] Box<Invalid>),
}

impl Scenario {
    /// Reads a scenario file. Of one with a `[sweep]` it is the first combination; a
    /// [`ScenarioFile`] has all.
    ///
    /// # Errors
    /// The file cannot be read, or everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        ScenarioFile::load(path, &[]).map(|it| it.first)
    }

    /// Reads a scenario from the octets of a file. The path is only shown.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, Box<Invalid>> {
        ScenarioFile::parse(path, bytes, &[]).map(|it| it.first)
    }

    /// What would run on a host if it had another profile: a built-in one, or one of the
    /// scenario's own, with the host's knobs turned as the file and the settings have them.
    ///
    /// # Errors
    /// There is no such profile, or the host's knobs do not go with it.
    pub fn stack_as(&self, host: usize, profile: &str) -> Result<Stack, Vec<Diagnostic>> {
        let (table, _) = DeTable::parse_recoverable(self.source.text());
        let mut table = table.into_inner();
        let mut reader = file::reader();
        for assignment in &self.variant.assignments {
            if let Err(diagnostic) = assign(assignment, &mut table) {
                reader.error(*diagnostic);
            }
        }
        let Common {
            ip,
            profiles,
            hosts,
            ..
        } = Common::read(&mut reader, &table);
        let stack =
            hosts.and_then(|it| hosts::stack_as(&mut reader, it, (ip, &profiles), host, profile));
        match stack {
            Some(stack) if reader.diagnostics.is_empty() => Ok(stack),
            Some(_) | None => Err(reader.diagnostics),
        }
    }
}

/// A file that was read and found good, with every scenario in it.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    source: Source,
    settings: CommandLine,
    folder: Folder,
    /// The profile of each host for which the file was written.
    written: BTreeMap<String, String>,
    combinations: Vec<Combination>,
    first: Scenario,
}

/// What the command line sets.
#[derive(Clone, Debug, Default)]
struct CommandLine {
    /// What is not a key of the sweep.
    assignments: Vec<Assignment>,
    /// The same as `--set` takes it.
    written: Vec<String>,
}

impl ScenarioFile {
    /// Reads a file, with keys set as the command line has it.
    ///
    /// # Errors
    /// The file cannot be read, or everything that is wrong with it.
    pub fn load(path: &Path, settings: &[Setting]) -> Result<Self, LoadError> {
        let (bytes, folder) = (read_file(path)?, Folder::of(path));
        Self::parse_in(path, bytes, settings, folder).map_err(LoadError::Invalid)
    }

    /// Reads a file as [`ScenarioFile::load`] does, with another profile on its first host, as if
    /// `hosts.NAME.profile` were set.
    ///
    /// # Errors
    /// The file cannot be read, or everything that is wrong with it.
    pub fn load_as(path: &Path, settings: &[Setting], profile: &str) -> Result<Self, LoadError> {
        let bytes = read_file(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let (table, _) = DeTable::parse_recoverable(&text);
        let hosts = entries(table.get_ref())
            .into_iter()
            .find(|it| it.key == "hosts");
        let hosts = hosts.and_then(|it| it.value.as_table()).map(entries);
        let first = hosts.and_then(|it| it.first().map(|it| it.key.to_owned()));
        let set = first.and_then(|it| format!("hosts.{it}.profile={profile}").parse().ok());
        let settings: Vec<Setting> = settings.iter().cloned().chain(set).collect();
        Self::load(path, &settings)
    }

    /// Reads the octets of a file. The path is only shown.
    ///
    /// # Errors
    /// Everything that is wrong with it, in any of its combinations.
    pub fn parse(path: &Path, bytes: Vec<u8>, settings: &[Setting]) -> Result<Self, Box<Invalid>> {
        Self::parse_in(path, bytes, settings, Folder::default())
    }

    fn parse_in(
        path: &Path,
        bytes: Vec<u8>,
        settings: &[Setting],
        folder: Folder,
    ) -> Result<Self, Box<Invalid>> {
        let text = match text(bytes) {
            Ok(text) => text,
            Err((text, diagnostic)) => {
                return Err(invalid(Source::new(path, text), vec![*diagnostic]));
            }
        };
        let mut source = Source::new(path, text.as_str());
        let (table, errors) = DeTable::parse_recoverable(&text);
        if !errors.is_empty() {
            let diagnostics = toml_errors(&source, &errors);
            return Err(invalid(source, diagnostics));
        }
        let assignments = settings.iter().map(|it| it.assignment(&mut source));
        let assignments = assignments.collect();
        let table = table.into_inner();
        let mut written = written(&table);
        let (settings, combinations, mut diagnostics) =
            combinations(&source, &table, assignments, &mut written);
        if combinations.is_empty() {
            return Err(invalid(source, diagnostics));
        }
        let contents = Contents {
            source: &source,
            table: &table,
            settings: &settings,
            folder: &folder,
            written: &written,
        };
        match contents.check(&combinations, &mut diagnostics) {
            Some(first) if diagnostics.is_empty() => Ok(Self {
                source,
                settings,
                folder,
                written,
                combinations,
                first,
            }),
            Some(_) | None => Err(invalid(source, diagnostics)),
        }
    }

    /// How many scenarios there are: at least one.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a file is never without a scenario"
    )]
    pub fn len(&self) -> usize {
        self.combinations.len()
    }

    /// The scenario of the first combination, or the only one.
    pub fn first(&self) -> &Scenario {
        &self.first
    }

    /// What a combination is called, as [`Variant::combination`] has it. None: there are not so
    /// many.
    pub fn combination(&self, index: usize) -> Option<&str> {
        self.combinations.get(index).map(|it| it.name.as_str())
    }

    /// The scenario of a combination, counted from 0. None: there are not so many.
    pub fn scenario(&self, index: usize) -> Option<Scenario> {
        if index == 0 {
            return Some(self.first.clone());
        }
        let combination = self.combinations.get(index)?;
        let (table, _) = DeTable::parse_recoverable(self.source.text());
        let contents = Contents {
            source: &self.source,
            table: table.get_ref(),
            settings: &self.settings,
            folder: &self.folder,
            written: &self.written,
        };
        contents.read(&mut contents.reader(), combination)
    }

    /// Every scenario, in the order in which they run.
    pub fn scenarios(&self) -> impl Iterator<Item = Scenario> {
        (0..self.len()).filter_map(|index| self.scenario(index))
    }
}

/// The profiles that a file gives its hosts.
fn written(table: &DeTable<'_>) -> BTreeMap<String, String> {
    let hosts = entries(table).into_iter().find(|it| it.key == "hosts");
    let hosts = hosts.and_then(|it| it.value.as_table());
    let profile = |host: Entry<'_>| {
        let profile = host.value.as_table()?.get("profile")?.get_ref();
        Some((host.key.to_owned(), profile.as_str()?.to_owned()))
    };
    let hosts = hosts.map(entries).unwrap_or_default().into_iter();
    hosts.filter_map(profile).collect()
}

/// What to run of a file: the settings that are no keys of its sweep, and the combinations of those
/// that are. No combination comes only with errors.
fn combinations(
    source: &Source,
    table: &DeTable<'_>,
    assignments: Vec<Assignment>,
    written: &mut BTreeMap<String, String>,
) -> (CommandLine, Vec<Combination>, Vec<Diagnostic>) {
    let mut reader = file::reader();
    let entry = entries(table).into_iter().find(|it| it.key == "sweep");
    let mut keys = match entry {
        Some(entry) => sweep::read(&mut reader, source, entry),
        None => Vec::new(),
    };
    for key in &keys {
        let (name, first) = (key.name(), key.first().and_then(setting::text_of));
        let host = name
            .strip_prefix("hosts.")
            .and_then(|it| it.strip_suffix(".profile"));
        if let (Some(host), Some(first)) = (host, first) {
            written.entry(host.to_owned()).or_insert(first);
        }
    }
    let mut settings = CommandLine::default();
    for assignment in assignments {
        let name = assignment.name();
        if let Some(swept) = keys.iter_mut().find(|it| it.name() == name) {
            swept.pin(&assignment);
        } else {
            let written = setting::written(&name, &assignment.value.value);
            settings.written.push(written);
            settings.assignments.push(assignment);
        }
    }
    let place = entry.map(|it| it.key_span).unwrap_or_default();
    let octets = source.text().len();
    let combinations = match sweep::combinations(&keys, place, octets) {
        Ok(combinations) => combinations,
        Err(diagnostic) => {
            reader.error(*diagnostic);
            Vec::new()
        }
    };
    (settings, combinations, reader.diagnostics)
}

/// A file whose combinations can be read.
#[derive(Clone, Copy)]
struct Contents<'a> {
    source: &'a Source,
    table: &'a DeTable<'a>,
    settings: &'a CommandLine,
    folder: &'a Folder,
    written: &'a BTreeMap<String, String>,
}

impl Contents<'_> {
    /// What reads a combination.
    fn reader(&self) -> Reader {
        Reader {
            folder: self.folder.clone(),
            written: self.written.clone(),
            ..file::reader()
        }
    }

    /// Reads every combination, and returns the first. What is wrong with all of them is reported
    /// once, what is wrong with some of them with the first of these.
    fn check(
        &self,
        combinations: &[Combination],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Scenario> {
        let mut found: Vec<(Diagnostic, usize, &Combination)> = Vec::new();
        let mut first = None;
        for combination in combinations {
            let mut reader = self.reader();
            let scenario = self.read(&mut reader, combination);
            first = first.or(scenario);
            for diagnostic in reader.diagnostics {
                match found.iter_mut().find(|(it, ..)| *it == diagnostic) {
                    Some((_, count, _)) => *count += 1,
                    None => found.push((diagnostic, 1, combination)),
                }
            }
            if found.len() > limits::DIAGNOSTICS_MAX {
                break;
            }
        }
        diagnostics.extend(found.into_iter().map(|(diagnostic, count, combination)| {
            if count == combinations.len() || combination.assignments.is_empty() {
                return diagnostic;
            }
            let settings: Vec<String> = combination.settings().collect();
            diagnostic.note("where", settings.join(", "))
        }));
        first
    }

    /// Reads one combination.
    fn read(&self, reader: &mut Reader, combination: &Combination) -> Option<Scenario> {
        let mut table = self.table.clone();
        table.remove("sweep");
        let assignments = &self.settings.assignments;
        for assignment in assignments.iter().chain(&combination.assignments) {
            if let Err(diagnostic) = assign(assignment, &mut table) {
                reader.error(*diagnostic);
            }
        }
        let mut scenario = file::read(reader, self.source, &table)?;
        let until = entries(&table).into_iter().find(|it| it.key == "until");
        scenario.warnings = warnings(&scenario, until.map(|it| it.span));
        let settings = self.settings.written.iter().cloned();
        scenario.variant = Variant {
            combination: combination.name.clone(),
            settings: settings.chain(combination.settings()).collect(),
            set: !assignments.is_empty(),
            assignments: [assignments.as_slice(), &combination.assignments].concat(),
        };
        Some(scenario)
    }
}

/// What is wrong with a file, in its order and not more than a person reads.
fn invalid(source: Source, mut diagnostics: Vec<Diagnostic>) -> Box<Invalid> {
    diagnostics.sort_by_key(|it| it.span);
    if diagnostics.len() > limits::DIAGNOSTICS_MAX {
        diagnostics.truncate(limits::DIAGNOSTICS_MAX);
        let message = format!("more than {} errors", limits::DIAGNOSTICS_MAX);
        diagnostics.push(Diagnostic::of_file(message));
    }
    Box::new(Invalid {
        source,
        diagnostics,
    })
}

/// The text of a file, or as much of it as can be shown and what is wrong.
fn text(bytes: Vec<u8>) -> Result<String, (String, Box<Diagnostic>)> {
    if bytes.len() > limits::FILE_MAX {
        let message = format!("a scenario file has at most {} KiB", limits::FILE_MAX >> 10);
        return Err((String::new(), Box::new(Diagnostic::of_file(message))));
    }
    let begins_table = |line: &&[u8]| line.trim_ascii_start().starts_with(b"[");
    let tables = bytes.split(|it| *it == b'\n').filter(begins_table).count();
    if tables > limits::TABLES_MAX {
        let message = format!("a scenario file has at most {} tables", limits::TABLES_MAX);
        return Err((String::new(), Box::new(Diagnostic::of_file(message))));
    }
    String::from_utf8(bytes).map_err(|error| {
        // Up to there the lossy text is the same as the file, so the place is right.
        let at = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        (
            text,
            Box::new(Diagnostic::new(Span::at(at), "the file is not UTF-8 text")),
        )
    })
}

/// What comes on standard input, and at most so many octets of it.
fn standard_input(most: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    io::stdin().lock().take(most).read_to_end(&mut octets)?;
    Ok(octets)
}

/// The path that stands for standard input.
pub(crate) const STANDARD_INPUT: &str = "-";

/// The octets of a file that is read whole, of the disk, of standard input or shipped, at most one
/// more than [`limits::FILE_MAX`].
///
/// # Errors
/// It cannot be read.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, LoadError> {
    // One octet more than allowed, so that a longer file is noticed without reading it all.
    let most = u64::try_from(limits::FILE_MAX + 1).unwrap_or(u64::MAX);
    let read = match path.as_os_str() == STANDARD_INPUT {
        true => standard_input(most),
        false => files::read(path, most),
    };
    if let (Err(error), Some(bytes)) = (&read, shipped::read(path))
        && error.kind() == io::ErrorKind::NotFound
    {
        return Ok(bytes.to_vec());
    }
    read.map_err(|error| LoadError::Read {
        path: path.to_owned(),
        error,
    })
}

/// What `read` makes of a file that is no scenario.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub(super) fn parsed<T>(
    path: &Path,
    bytes: Vec<u8>,
    read: impl Fn(&Source) -> (Option<T>, Vec<Diagnostic>),
) -> Result<T, Box<Invalid>> {
    let (source, value, diagnostics) = match text(bytes) {
        Ok(text) => {
            let source = Source::new(path, text);
            let (value, diagnostics) = read(&source);
            (source, value, diagnostics)
        }
        Err((text, diagnostic)) => (Source::new(path, text), None, vec![*diagnostic]),
    };
    match value {
        Some(value) if diagnostics.is_empty() => Ok(value),
        Some(_) | None => Err(invalid(source, diagnostics)),
    }
}

/// What is wrong with the TOML itself: the first error of each line, since the parser goes on in
/// the middle of it and then finds more that is no error of its own.
pub(super) fn toml_errors(source: &Source, errors: &[toml::de::Error]) -> Vec<Diagnostic> {
    const SHOWN_MAX: usize = 10;
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    let mut last_line = 0;
    for error in errors {
        let message = format!("invalid TOML: {}", error.message());
        let Some(span) = error.span().map(Span::new) else {
            diagnostics.push(Diagnostic::of_file(message));
            continue;
        };
        let line = source.line(span.start);
        if line > last_line {
            diagnostics.push(Diagnostic::new(span, message));
            last_line = line;
        }
        if diagnostics.len() == SHOWN_MAX {
            break;
        }
    }
    diagnostics
}
