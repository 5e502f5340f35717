//! A scenario: TOML with a script in it, read in full before anything runs.
//!
//! Reading has two halves. This one turns the file into data: the TOML, then the script. The other,
//! `check`, looks at what only both together can say: whether a script's hosts and calls exist.

use std::ops::RangeInclusive;

use hangup_stack::network::IpFamily;
use smoltcp::time::Duration;
use toml::de::DeTable;

use super::hosts::{self, Host};
use super::key::{self, Form, Key, NUMBER_MAX};
use super::limits;
use super::network::{self, Network};
use super::profiles::{self, Profiles};
use super::reader::{Entry, Reader, entries};
use super::script::{Guard, Packet, Script, Statement, Subject};
use super::setting::Assignment;
use super::{adapt, check, parse};
use crate::diagnostic::{Diagnostic, Source, Span, Spanned};
use crate::filter::Filter;
use crate::language::names::quote;

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
    /// The position of a host in [`Scenario::hosts`], by its name.
    pub fn host(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|it| it.name.value == name)
    }

    /// The place of the last statement of the script that is about packets.
    pub fn last_about_packets(&self) -> Option<usize> {
        let about_packets = |statement: &Statement| match &statement.subject {
            Subject::Packet(_) | Subject::Nothing(_) | Subject::Inject(_) | Subject::Code(_) => {
                true
            }
            Subject::Call(_)
            | Subject::Expect(_)
            | Subject::Link(_)
            | Subject::Subsystem(_)
            | Subject::Power(_)
            | Subject::Turning(_)
            | Subject::Pause => false,
        };
        let mut statements = self.script.statements.iter();
        statements.rposition(about_packets)
    }

    /// Whether a host has a program.
    pub fn has_programs(&self) -> bool {
        self.hosts.iter().any(|host| !host.program.parts.is_empty())
    }

    /// Whether something in it looks at the payload of packets: a line that says what a segment
    /// carries, or a filter.
    pub fn reads_payload(&self) -> bool {
        let says_data = |statement: &Statement| {
            if let Subject::Packet(line) = &statement.subject
                && let Packet::Segment(segment) = &line.packet
            {
                return segment.data.is_some();
            }
            false
        };
        !self.expects.is_empty() || self.script.statements.iter().any(says_data)
    }
}

/// The keys of the file.
pub(super) const KEYS: &[Key<Draft>] = &[
    Key::new(
        "claims",
        Form::Texts(limits::LIST_MAX, |it, ids| it.claims = ids),
        "none",
        "Ids of the documented statements that the scenario proves",
    ),
    Key::new(
        "seed",
        Form::Number(0..=NUMBER_MAX, |it, seed| it.seed = seed),
        "0",
        "The seed of every random choice",
    ),
    Key::new(
        "until",
        Form::Duration(Duration::from_micros(1)..=limits::TIME_MAX, |it, until| {
            it.until = Some(until);
        }),
        "after the script, once nothing is due",
        "When the run ends",
    ),
    Key::new(
        "strict",
        Form::Boolean(|it, strict| it.strict = strict),
        "false",
        "Whether each packet that a stack sends must have its line in the script",
    ),
    Key::new(
        "network",
        Form::Section("[network]"),
        "perfect links",
        "What the links between the hosts do",
    ),
    Key::required(
        "hosts",
        Form::Section("[hosts.NAME]"),
        "Who takes part. The first host is the vantage point of the trace",
    ),
    Key::new(
        "profiles",
        Form::Section("[profiles.NAME]"),
        "none",
        "Profiles of the scenario's own",
    ),
    Key::new(
        "script",
        Form::Text("a text between ''' and '''", |it: &mut Draft, text| {
            it.script = Some(text.span);
        }),
        "required, unless a host has a `program`",
        "What happens and what must be seen, one statement a line, between ''' and '''",
    )
    .fixed("a script cannot be set: write another scenario"),
    Key::new(
        "expect",
        Form::Section("[[expect]]"),
        "none",
        "How many frames of the whole trace a display filter selects",
    )
    .fixed("`[[expect]]` is a list: it cannot be set by its key"),
    Key::new(
        "sweep",
        Form::Section("[sweep]"),
        "none",
        "Values of other keys: the scenario runs once for each combination",
    )
    .fixed("set the key that the sweep names"),
];

/// The keys of the file that are no sections, while they are read.
#[derive(Default)]
pub(super) struct Draft {
    claims: Vec<Spanned<String>>,
    seed: u64,
    until: Option<Duration>,
    strict: bool,
    /// Where the script stands, with its quotes.
    script: Option<Span>,
}

/// What reads a scenario: it knows which keys belong to the file and to no section.
pub(super) fn reader() -> Reader {
    Reader {
        file_keys: key::names(KEYS),
        ..Reader::default()
    }
}

/// What the sections of a file have in common.
pub(super) struct Common<'t> {
    pub(super) ip: IpFamily,
    pub(super) profiles: Profiles,
    pub(super) hosts: Option<&'t DeTable<'t>>,
    network: Option<&'t DeTable<'t>>,
}

impl<'t> Common<'t> {
    /// Reads what other sections need before they can be read.
    pub(super) fn read(reader: &mut Reader, table: &'t DeTable<'t>) -> Self {
        let all = entries(table);
        let mut section = |key: &str| {
            let entry = all.iter().find(|it| it.key == key);
            entry.and_then(|it| reader.table(*it))
        };
        let (network, profiles, hosts) =
            (section("network"), section("profiles"), section("hosts"));
        Self {
            ip: network
                .map(|it| network::family(reader, it))
                .unwrap_or_default(),
            profiles: profiles
                .map(|it| profiles::read(reader, it))
                .unwrap_or_default(),
            hosts,
            network,
        }
    }
}

/// Reads the file's table, without its `[sweep]`. None: nothing that can be run; why was reported.
pub(super) fn read(reader: &mut Reader, source: &Source, table: &DeTable<'_>) -> Option<Scenario> {
    let all = entries(table);
    let find = |key: &str| all.iter().find(|it| it.key == key).copied();
    let mut draft = Draft::default();
    for entry in &all {
        if key::read(KEYS, reader, *entry, IpFamily::default(), &mut draft) {
            continue;
        }
        let hosts = find("hosts").and_then(|it| it.value.as_table());
        if hosts.is_some_and(|hosts| hosts.keys().any(|host| *host.get_ref() == entry.key)) {
            let message = format!("unknown key {}, which is a host", quote(entry.key));
            let help = format!("the keys of the host are `hosts.{}.KEY`", entry.key);
            reader.error(Diagnostic::new(entry.key_span, message).help(help));
        } else {
            reader.unknown_key(*entry, "", &key::names(KEYS));
        }
    }
    let common = Common::read(reader, table);
    let ip = common.ip;
    let hosts = common
        .hosts
        .map(|it| hosts::read(reader, it, ip, &common.profiles));
    if hosts.as_ref().is_none_or(Vec::is_empty) && reader.diagnostics.is_empty() {
        let diagnostic = Diagnostic::of_file("a scenario needs at least one host");
        reader.error(diagnostic.help("add a section such as `[hosts.server]`"));
    }
    let mut hosts = hosts.unwrap_or_default();
    programs(reader, source, &mut hosts);
    let has_program = common.hosts.is_some_and(|it| {
        let mut tables = entries(it).into_iter().filter_map(|it| it.value.as_table());
        tables.any(|it| has(it, "program"))
    });
    let mut names: Vec<&str> = common
        .hosts
        .map(|it| entries(it).iter().map(|it| it.key).collect())
        .unwrap_or_default();
    names.truncate(limits::HOSTS_MAX);
    let network = network::read(reader, common.network, ip, &names);
    let expects = find("expect").map(|it| expects(reader, source, it));
    let expects = expects.unwrap_or_default().into_iter();
    let expects = expects.filter_map(|(expect, guard)| {
        let guard = guard.as_ref();
        let applies = guard.is_none_or(|it| adapt::holds(reader, it, &hosts, &common.profiles));
        applies.then_some(expect)
    });
    let expects = expects.collect();
    let mut script = match find("script") {
        None if has_program => Script::default(),
        entry => script(reader, source, entry, draft.script),
    };
    adapt::guards(reader, &mut script, &hosts, &common.profiles);
    adapt::translated(reader, &mut script, &mut hosts, &common.profiles);
    let known = check::Known {
        hosts: &hosts,
        names: &names,
        ip,
    };
    check::script(&script, &known)
        .into_iter()
        .for_each(|it| reader.error(it));
    let hosts: Option<Vec<Host>> = hosts.into_iter().collect();
    Some(Scenario {
        source: source.clone(),
        claim: claim(source),
        claims: draft.claims,
        seed: draft.seed,
        until: draft.until,
        strict: draft.strict,
        network,
        hosts: hosts?,
        script,
        expects,
        warnings: Vec::new(),
        variant: Variant::default(),
    })
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

/// Reads the script that stands at a place.
fn script(
    reader: &mut Reader,
    source: &Source,
    entry: Option<Entry<'_>>,
    text: Option<Span>,
) -> Script {
    if entry.is_none() && !reader.misplaced_script {
        let diagnostic = Diagnostic::of_file("a scenario needs a `script`");
        reader.error(diagnostic.help("add `script = '''`, the statements, and `'''`"));
    }
    let Some(quoted) = text else {
        return Script::default();
    };
    let Some(span) = text_of(reader, source, quoted, "script") else {
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

/// Where the text of a script or a program stands. None: it has escapes, which was reported.
fn text_of(reader: &mut Reader, source: &Source, quoted: Span, what: &str) -> Option<Span> {
    let span = verbatim(source, quoted);
    if span.is_none() {
        let message = format!("the {what} has escapes, so places in it cannot be shown");
        let head = Span::new(quoted.start..quoted.start + 1);
        let diagnostic = Diagnostic::new(head, message);
        reader.error(diagnostic.help("write it between ''' and ''', where a backslash is itself"));
    }
    span
}

/// Reads the programs of hosts.
fn programs(reader: &mut Reader, source: &Source, hosts: &mut [Option<Host>]) {
    for host in hosts.iter_mut().flatten() {
        let Some(span) = host
            .program
            .text
            .and_then(|it| text_of(reader, source, it, "program"))
        else {
            continue;
        };
        let (parts, diagnostics) = parse::program(source, span, &host.name, &reader.folder);
        host.program.parts = parts;
        diagnostics.into_iter().for_each(|it| reader.error(it));
    }
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
fn expects(
    reader: &mut Reader,
    source: &Source,
    entry: Entry<'_>,
) -> Vec<(TraceExpect, Option<Guard>)> {
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
pub(super) const EXPECT_KEYS: &[Key<Expected>] = &[
    Key::required(
        "filter",
        Form::Text("a display filter in quotes", |it, filter| {
            it.filter = Some(filter);
        }),
        "A display filter of Wireshark",
    ),
    Key::new(
        "frames",
        Form::Number(COUNTS, |it, count| it.frames = Some(count)),
        "what `min` and `max` say",
        "Exactly so many frames",
    ),
    Key::new(
        "min",
        Form::Number(COUNTS, |it, count| it.min = Some(count)),
        "0",
        "At least so many",
    ),
    Key::new(
        "max",
        Form::Number(COUNTS, |it, count| it.max = Some(count)),
        "no limit",
        "At most so many",
    ),
    Key::new(
        "from",
        Form::Duration(Duration::ZERO..=limits::TIME_MAX, |it, from| it.from = from),
        "0s",
        "Only frames from this time on",
    ),
    Key::new(
        "until",
        Form::Duration(Duration::ZERO..=limits::TIME_MAX, |it, until| {
            it.until = Some(until);
        }),
        "the end",
        "Only frames up to this time",
    ),
    Key::new(
        "systems",
        Form::Text(
            "a host and profiles: `server=linux` or `server!=windows`",
            |it, text| {
                it.systems = Some(text.span);
            },
        ),
        "all",
        "The systems that it is for, as the guard of a statement says them",
    ),
];

/// How many frames an `[[expect]]` can ask for.
const COUNTS: RangeInclusive<u64> = 0..=u32::MAX as u64;

/// An `[[expect]]` while it is read.
#[derive(Default)]
pub(super) struct Expected {
    filter: Option<Spanned<String>>,
    frames: Option<u64>,
    min: Option<u64>,
    max: Option<u64>,
    from: Duration,
    until: Option<Duration>,
    systems: Option<Span>,
}

/// Reads one `[[expect]]`. None where it has errors, which were reported.
fn expect(
    reader: &mut Reader,
    source: &Source,
    entry: Entry<'_>,
) -> Option<(TraceExpect, Option<Guard>)> {
    let table = reader.table(entry)?;
    let mut expected = Expected::default();
    for inner in entries(table) {
        if !key::read(
            EXPECT_KEYS,
            reader,
            inner,
            IpFamily::default(),
            &mut expected,
        ) {
            reader.unknown_key(inner, "[[expect]]", &key::names(EXPECT_KEYS));
        }
    }
    let Expected {
        filter,
        frames: exact,
        min,
        max,
        from,
        until,
        systems,
    } = expected;
    let guard = match systems.and_then(|it| verbatim(source, it)) {
        Some(span) => match parse::systems(source, span) {
            Ok(guard) => Some(guard),
            Err(diagnostic) => {
                reader.error(*diagnostic);
                return None;
            }
        },
        None => None,
    };
    let filter = filter.and_then(|it| display_filter(reader, source, it));
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
    let expect = TraceExpect {
        span: entry.span,
        filter,
        selects,
        frames,
        from,
        until,
    };
    Some((expect, guard))
}

/// Reads a display filter. None where it is none, which was reported.
fn display_filter(
    reader: &mut Reader,
    source: &Source,
    text: Spanned<String>,
) -> Option<(Spanned<String>, Filter)> {
    match Filter::parse(&text.value) {
        Ok(filter) => Some((text, filter)),
        Err(error) => {
            let start = unescaped(source, text.span, &text.value);
            let mut diagnostic = error.diagnostic(start.unwrap_or(0));
            if start.is_none() {
                diagnostic.span = Some(text.span);
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
