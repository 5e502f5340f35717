//! A scenario: TOML with a script in it, read in full before anything runs.
//!
//! Reading has two halves. This one turns the file into data: the TOML, then the script. The other,
//! `check`, looks at what only both together can say: whether a script's hosts and calls exist.

use std::ops::RangeInclusive;

use smoltcp::time::Duration;
use toml::de::DeTable;

use super::hosts::{self, Host, Stack};
use super::limits;
use super::network::{self, Network};
use super::reader::{Entry, Reader, entries};
use super::script::Script;
use super::setting::Assignment;
use super::{check, parse, profiles, warnings};
use crate::diagnostic::{Diagnostic, Source, Span, Spanned};
use crate::filter::Filter;

/// A scenario: who takes part, over what network, what they do, and what must be seen.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file, to show places in it.
    pub source: Source,
    /// The first comment of the file: what the scenario shows, in one sentence.
    pub claim: Option<Spanned<String>>,
    /// `claims`: the ids of the documented statements that it proves.
    pub claims: Vec<Spanned<String>>,
    /// `seed` of every random choice.
    pub seed: u64,
    /// `until`: when the run ends. None: after the script, once nothing is due any more.
    pub until: Option<Duration>,
    /// `strict`: whether every packet that a host with a stack sends must be written down.
    pub strict: bool,
    /// `[network]`
    pub network: Network,
    /// `[hosts.NAME]`, in the order of the file.
    pub hosts: Vec<Host>,
    /// `script`
    pub script: Script,
    /// `[[expect]]`
    pub expects: Vec<TraceExpect>,
    /// What it says and hardly means. It runs all the same.
    pub warnings: Vec<Diagnostic>,
    /// What it has that its file does not say by itself.
    pub variant: Variant,
}

/// How a scenario that is run differs from what its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variant {
    /// The combination of the file's `[sweep]`, as the names of its traces have it:
    /// `receive_buffer=4000,delay=10ms`. Empty where the file has none.
    pub combination: String,
    /// What `--set` takes to get the same again, each quoted for a shell.
    pub settings: Vec<String>,
    /// Whether the command line set a key that is not one of the sweep's, so that this is no run of
    /// the file any more.
    pub set: bool,
    /// The values of all these settings, to read the file again with them.
    pub(super) assignments: Vec<Assignment>,
}

/// `[[expect]]`: how many frames of the finished trace a display filter must select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceExpect {
    /// Where it stands: its header.
    pub span: Span,
    /// The text of the filter, in Wireshark's language.
    pub filter: Spanned<String>,
    /// What the text says.
    pub selects: Filter,
    /// How many frames it must select.
    pub frames: RangeInclusive<u64>,
    /// Only frames from this time on.
    pub from: Duration,
    /// Only frames up to and including this time. None: to the end.
    pub until: Option<Duration>,
}

impl Scenario {
    /// What would run on a host if it had another profile: a built-in one, or one of the
    /// scenario's own, with the host's knobs turned as the file and the settings have them.
    ///
    /// # Errors
    /// There is no such profile, or the host's knobs do not go with it.
    pub fn stack_as(&self, host: usize, profile: &str) -> Result<Stack, Vec<Diagnostic>> {
        let (table, _) = DeTable::parse_recoverable(self.source.text());
        let mut table = table.into_inner();
        let mut reader = Reader::default();
        for assignment in &self.variant.assignments {
            if let Err(diagnostic) = assignment.apply(&mut table) {
                reader.error(*diagnostic);
            }
        }
        let all = entries(&table);
        let find = |key: &str| all.iter().find(|it| it.key == key).copied();
        let network = find("network").and_then(|it| reader.table(it));
        let ip = network
            .map(|it| network::family(&mut reader, it))
            .unwrap_or_default();
        let own = find("profiles").and_then(|it| reader.table(it));
        let profiles = own
            .map(|it| profiles::read(&mut reader, it))
            .unwrap_or_default();
        let hosts = find("hosts").and_then(|it| reader.table(it));
        let stack =
            hosts.and_then(|it| hosts::stack_as(&mut reader, it, (ip, &profiles), host, profile));
        match stack {
            Some(stack) if reader.diagnostics.is_empty() => Ok(stack),
            Some(_) | None => Err(reader.diagnostics),
        }
    }

    /// The position of a host in [`Scenario::hosts`], by its name.
    pub fn host(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|it| it.name.value == name)
    }
}

/// The keys of the file.
pub(super) const KEYS: [&str; 10] = [
    "claims", "seed", "until", "strict", "network", "hosts", "profiles", "script", "expect",
    "sweep",
];

/// Reads the file's table, without its `[sweep]`. None: nothing that can be run; why was reported.
pub(super) fn read(reader: &mut Reader, source: &Source, table: &DeTable<'_>) -> Option<Scenario> {
    let all = entries(table);
    let find = |key: &str| all.iter().find(|it| it.key == key).copied();
    let mut settings = Settings {
        seed: 0,
        until: None,
        strict: false,
        claims: Vec::new(),
    };
    for entry in &all {
        settings.read(reader, *entry);
    }
    let network_table = find("network").and_then(|it| reader.table(it));
    let ip = network_table
        .map(|it| network::family(reader, it))
        .unwrap_or_default();
    let profiles_table = find("profiles").and_then(|it| reader.table(it));
    let own_profiles = profiles_table
        .map(|it| profiles::read(reader, it))
        .unwrap_or_default();
    let hosts_table = find("hosts").and_then(|it| reader.table(it));
    let hosts = hosts_table.map(|it| hosts::read(reader, it, ip, &own_profiles));
    if hosts.as_ref().is_none_or(Vec::is_empty) && reader.diagnostics.is_empty() {
        let diagnostic = Diagnostic::of_file("a scenario needs at least one host");
        reader.error(diagnostic.help("add a section such as `[hosts.server]`"));
    }
    let hosts = hosts.unwrap_or_default();
    let names: Vec<&str> = hosts_table
        .map(|it| {
            entries(it)
                .iter()
                .map(|it| it.key)
                .take(limits::HOSTS_MAX)
                .collect()
        })
        .unwrap_or_default();
    let network = network::read(reader, network_table, ip, &names);
    let expects = find("expect")
        .map(|it| expects(reader, source, it))
        .unwrap_or_default();
    let script = script(reader, source, find("script"));
    let known = check::Known {
        hosts: &hosts,
        names: &names,
        ip,
    };
    check::script(&script, &known)
        .into_iter()
        .for_each(|it| reader.error(it));
    let hosts: Option<Vec<Host>> = hosts.into_iter().collect();
    let mut scenario = Scenario {
        source: source.clone(),
        claim: claim(source),
        claims: settings.claims,
        seed: settings.seed,
        until: settings.until,
        strict: settings.strict,
        network,
        hosts: hosts?,
        script,
        expects,
        warnings: Vec::new(),
        variant: Variant::default(),
    };
    scenario.warnings = warnings::warnings(&scenario, find("until").map(|it| it.span));
    Some(scenario)
}

/// The keys of the file that have one value.
struct Settings {
    seed: u64,
    until: Option<Duration>,
    strict: bool,
    claims: Vec<Spanned<String>>,
}

impl Settings {
    /// Reads one key, unless it is that of a section.
    fn read(&mut self, reader: &mut Reader, entry: Entry<'_>) {
        match entry.key {
            "seed" => {
                // TOML's integers end there.
                let range = 0..=u64::try_from(i64::MAX).unwrap_or(u64::MAX);
                self.seed = reader.number(entry, &range).unwrap_or(0);
            }
            "until" => {
                let range = Duration::from_micros(1)..=limits::TIME_MAX;
                self.until = reader.duration(entry, &range);
            }
            "strict" => self.strict = reader.boolean(entry).unwrap_or(false),
            "claims" => self.claims = reader.strings(entry, limits::LIST_MAX),
            "network" | "hosts" | "profiles" | "script" | "expect" => {}
            _ => reader.unknown_key(entry, "", &KEYS),
        }
    }
}

/// The first comment of the file: the lines at its start that begin with `#`, as one text.
fn claim(source: &Source) -> Option<Spanned<String>> {
    let mut words: Vec<&str> = Vec::new();
    let mut span: Option<Span> = None;
    let mut offset = 0;
    for line in source.text().split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let Some(comment) = line.trim().strip_prefix('#') else {
            if span.is_none() && line.trim().is_empty() {
                continue;
            }
            break;
        };
        words.extend(comment.split_whitespace());
        let line = Span::new(start..start + line.trim_end().len());
        span = Some(span.map_or(line, |first| first.to(line)));
    }
    let span = span.filter(|_| !words.is_empty())?;
    Some(Spanned::new(words.join(" "), span))
}

/// Reads `script`.
fn script(reader: &mut Reader, source: &Source, entry: Option<Entry<'_>>) -> Script {
    let Some(entry) = entry else {
        if reader.misplaced_script {
            return Script::default();
        }
        let diagnostic = Diagnostic::of_file("a scenario needs a `script`");
        reader.error(diagnostic.help("add `script = '''`, the statements, and `'''`"));
        return Script::default();
    };
    if reader.string(entry, "a text between ''' and '''").is_none() {
        return Script::default();
    }
    let Some(span) = verbatim(source, entry.span) else {
        let message = "the script has escapes, so places in it cannot be shown";
        let head = Span::new(entry.span.start..entry.span.start + 1);
        let diagnostic = Diagnostic::new(head, message);
        reader.error(diagnostic.help("write it between ''' and ''', where a backslash is itself"));
        return Script::default();
    };
    let (script, diagnostics) = parse::script(source, span);
    let is_empty = script.statements.is_empty() && diagnostics.is_empty();
    diagnostics.into_iter().for_each(|it| reader.error(it));
    if is_empty {
        reader.error(Diagnostic::new(
            Span::at(span.start),
            "the script has no statements",
        ));
    }
    script
}

/// Where the text of a string stands in the file, between its quotes. None where it is not the text
/// itself, because it has escapes.
fn verbatim(source: &Source, span: Span) -> Option<Span> {
    let quoted = source.slice(span);
    let quotes = ["'''", "\"\"\"", "'", "\""]
        .into_iter()
        .find(|it| quoted.starts_with(it))?;
    let text = quoted.strip_prefix(quotes)?.strip_suffix(quotes)?;
    if quotes.starts_with('"') && text.contains('\\') {
        return None;
    }
    let start = span.start + quotes.len();
    Some(Span::new(start..start + text.len()))
}

/// Reads `[[expect]]`.
fn expects(reader: &mut Reader, source: &Source, entry: Entry<'_>) -> Vec<TraceExpect> {
    let Some(array) = entry.value.as_array() else {
        reader.wrong_type(entry, "a list of tables: `[[expect]]`");
        return Vec::new();
    };
    if array.len() > limits::LIST_MAX {
        let message = format!("a scenario has at most {} `[[expect]]`", limits::LIST_MAX);
        reader.error(Diagnostic::new(entry.key_span, message));
        return Vec::new();
    }
    let expects = array.iter().map(|element| {
        let span = Span::new(element.span());
        expect(
            reader,
            source,
            Entry {
                value: element.get_ref(),
                span,
                ..entry
            },
        )
    });
    expects.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// The keys of an `[[expect]]`.
pub(super) const EXPECT_KEYS: [&str; 6] = ["filter", "frames", "min", "max", "from", "until"];

/// Reads one `[[expect]]`. None where it has errors, which were reported.
fn expect(reader: &mut Reader, source: &Source, entry: Entry<'_>) -> Option<TraceExpect> {
    let table = reader.table(entry)?;
    let times = Duration::ZERO..=limits::TIME_MAX;
    let counts = 0..=u64::from(u32::MAX);
    let mut filter = None;
    let (mut exact, mut min, mut max) = (None, None, None);
    let (mut from, mut until) = (Duration::ZERO, None);
    for inner in entries(table) {
        match inner.key {
            "filter" => {
                let text = reader.string(inner, "a display filter in quotes");
                filter = text.and_then(|text| display_filter(reader, source, inner, text));
            }
            "frames" => exact = reader.number(inner, &counts),
            "min" => min = reader.number(inner, &counts),
            "max" => max = reader.number(inner, &counts),
            "from" => from = reader.duration(inner, &times).unwrap_or(from),
            "until" => until = reader.duration(inner, &times),
            _ => reader.unknown_key(inner, "[[expect]]", &EXPECT_KEYS),
        }
    }
    let fault = if !has(table, "filter") {
        Some("an `[[expect]]` needs a `filter`")
    } else if !["frames", "min", "max"]
        .into_iter()
        .any(|it| has(table, it))
    {
        Some("an `[[expect]]` needs a number of `frames`, or a `min` or `max`")
    } else if has(table, "frames") && (has(table, "min") || has(table, "max")) {
        Some("`frames` is an exact number, so there can be no `min` or `max` beside it")
    } else if min.is_some_and(|min| max.is_some_and(|max| min > max)) {
        Some("`min` is greater than `max`")
    } else if until.is_some_and(|until| until < from) {
        Some("`until` is before `from`")
    } else {
        None
    };
    if let Some(fault) = fault {
        reader.error(Diagnostic::new(entry.span, fault));
        return None;
    }
    let frames = exact.or(min).unwrap_or(0)..=exact.or(max).unwrap_or(u64::MAX);
    let (filter, selects) = filter?;
    Some(TraceExpect {
        span: entry.span,
        filter,
        selects,
        frames,
        from,
        until,
    })
}

/// Reads a display filter. None where it is none, which was reported.
fn display_filter(
    reader: &mut Reader,
    source: &Source,
    entry: Entry<'_>,
    text: &str,
) -> Option<(Spanned<String>, Filter)> {
    match Filter::parse(text) {
        Ok(filter) => Some((Spanned::new(text.to_owned(), entry.span), filter)),
        Err(error) => {
            let start = unescaped(source, entry.span, text);
            let mut diagnostic = error.diagnostic(start.unwrap_or(0));
            if start.is_none() {
                diagnostic.span = Some(entry.span);
            }
            reader.error(diagnostic);
            None
        }
    }
}

/// Where the text of a string begins in the file. None where escapes shift its places.
fn unescaped(source: &Source, span: Span, text: &str) -> Option<usize> {
    let written = verbatim(source, span)?;
    // TOML leaves out a line break behind three quotes.
    let skipped = source.slice(written).strip_suffix(text)?;
    ["", "\n", "\r\n"]
        .contains(&skipped)
        .then_some(written.start + skipped.len())
}

/// Whether a table has a key, right or wrong.
fn has(table: &DeTable<'_>, key: &str) -> bool {
    table.get(key).is_some()
}
