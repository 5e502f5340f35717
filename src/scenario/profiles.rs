//! `[profiles.NAME]`: profiles that a scenario defines, and the knobs that it changes in them and
//! in its hosts.

use std::collections::BTreeMap;

use hangup_stack::network::IpFamily;
use hangup_stack::profile::Profile;
use toml::de::DeTable;

use super::key::{self, Form, Key, Scripted};
use super::limits;
use super::reader::{Entry, Reader, entries};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::language::names::{self, quote};

/// The profile of a host without a stack.
pub(super) const SCRIPTED: &str = "scripted";
/// The profile of the machine's own stack, which only a real program can use.
pub(super) const KERNEL: &str = "kernel";

/// The keys of a profile that are not its knobs.
pub(super) const KEYS: &[Key<Draft>] = &[
    Key::required(
        "extends",
        Form::Profile(Scripted::Refused, |it, name| it.extends = Some(name)),
        "The profile whose knobs it has where it does not say",
    ),
    Key::new(
        "title",
        Form::Text("a text in quotes", |it, title| it.title = Some(title.value)),
        "that of the profile it extends",
        "What it is called where people read it",
    ),
];

/// A profile while its section is read.
#[derive(Default)]
pub(super) struct Draft {
    extends: Option<Spanned<String>>,
    title: Option<String>,
}

/// `[profiles]`: the profiles of the scenario's own. None is one that has errors, which were
/// reported.
pub(super) type Profiles = BTreeMap<String, Option<Profile>>;

/// Reads `[profiles]`. A profile may extend one that stands after it.
pub(super) fn read(reader: &mut Reader, table: &DeTable<'_>) -> Profiles {
    let all = entries(table);
    if let Some(entry) = all.get(limits::PROFILES_MAX) {
        let message = format!("a scenario has at most {} profiles", limits::PROFILES_MAX);
        reader.error(Diagnostic::new(entry.key_span, message));
        return Profiles::new();
    }
    let mut profiles = Profiles::new();
    for entry in &all {
        let fault = super::names::fault(entry.key).or_else(|| {
            let taken = built_in(entry.key) || [SCRIPTED, KERNEL].contains(&entry.key);
            taken.then(|| "there is a built-in profile of that name".to_owned())
        });
        if let Some(fault) = fault {
            let message = format!("bad name of a profile {}: {fault}", quote(entry.key));
            reader.error(Diagnostic::new(entry.key_span, message));
        }
    }
    for entry in &all {
        own_profile(reader, &all, *entry, &mut profiles, &mut Vec::new());
    }
    profiles
}

/// Reads `[profiles.NAME]` and those that it extends, unless it was read before. `path` are those
/// that are being read, each of which extends the next.
fn own_profile<'t>(
    reader: &mut Reader,
    all: &[Entry<'t>],
    entry: Entry<'t>,
    profiles: &mut Profiles,
    path: &mut Vec<&'t str>,
) {
    if profiles.contains_key(entry.key) {
        return;
    }
    profiles.insert(entry.key.to_owned(), None);
    path.push(entry.key);
    let profile = extended(reader, all, entry, profiles, path);
    profiles.insert(entry.key.to_owned(), profile);
    path.pop();
}

/// `[profiles.NAME]`, after the profile that it extends.
fn extended<'t>(
    reader: &mut Reader,
    all: &[Entry<'t>],
    entry: Entry<'t>,
    profiles: &mut Profiles,
    path: &mut Vec<&'t str>,
) -> Option<Profile> {
    let table = reader.table(entry)?;
    let mut draft = Draft::default();
    let mut knobs = entries(table);
    knobs.retain(|it| !key::read(KEYS, reader, *it, IpFamily::default(), &mut draft));
    if table.get("extends").is_none() {
        let message = format!("profile {} does not say what it extends", quote(entry.key));
        let diagnostic = Diagnostic::new(entry.key_span, message);
        reader.error(diagnostic.help("add a line such as `extends = \"linux\"`"));
        return None;
    }
    let extends = draft.extends?;
    if path.contains(&extends.value.as_str()) {
        let message = format!("profile {} extends itself", quote(&extends.value));
        reader.error(Diagnostic::new(extends.span, message));
        return None;
    }
    if let Some(own) = all.iter().find(|it| it.key == extends.value) {
        own_profile(reader, all, *own, profiles, path);
    }
    let base = Spanned::new(extends.value.as_str(), extends.span);
    let base = find(reader, base, profiles, Scripted::Refused)?;
    let section = format!("[profiles.{}]", entry.key);
    let known = key::names(KEYS);
    if let Some(name) = knobs.iter().find(|it| it.key == "name") {
        reader.unknown_key(*name, &section, &known);
        return None;
    }
    let profile = turn(reader, base, knobs, &section, &known);
    Some(Profile {
        name: entry.key.to_owned(),
        title: draft.title.unwrap_or(profile.title),
        ..profile
    })
}

/// Whether there is a built-in profile of a name or alias.
fn built_in(name: &str) -> bool {
    Profile::built_in(name).is_some()
}

/// The profile of a name. None, reported: there is none; None, not reported: it has errors itself.
pub(super) fn find(
    reader: &mut Reader,
    name: Spanned<&str>,
    profiles: &Profiles,
    scripted: Scripted,
) -> Option<Profile> {
    if let Some(own) = profiles.get(name.value) {
        return own.clone();
    }
    if built_in(name.value) {
        return Profile::built_in(name.value);
    }
    let mut known: Vec<&str> = profiles.keys().map(String::as_str).collect();
    known.extend(Profile::names());
    known.extend(Profile::aliases().iter().map(|(alias, _)| *alias));
    if scripted == Scripted::Allowed {
        known.extend([SCRIPTED, KERNEL]);
    }
    reader.error(names::unknown(name.span, "profile", name.value, known));
    None
}

/// The profile with knobs turned; as it was, where one of them cannot be, which was reported.
pub(super) fn turn(
    reader: &mut Reader,
    base: Profile,
    entries: Vec<Entry<'_>>,
    section: &str,
    keys: &[&str],
) -> Profile {
    let before = reader.diagnostics.len();
    let mut table = toml::Table::new();
    for entry in &entries {
        if let Some(value) = reader.plain(*entry) {
            table.insert(entry.key.to_owned(), value);
        }
    }
    let first = match base.with(&table) {
        Ok(turned) => return turned,
        Err(first) => first,
    };
    // One by one, so that every knob that is wrong is reported and not only the first.
    let mut leaves = Vec::new();
    entries
        .iter()
        .for_each(|entry| leaves_of(*entry, String::new(), &mut leaves));
    let known = Profile::knobs();
    for (knob, entry) in leaves {
        if reader.is_full() {
            break;
        }
        if !known.contains(&knob) && reader.misplaced(entry, section) {
            continue;
        }
        if !known.contains(&knob) {
            let known = keys.iter().copied().chain(known.iter().map(String::as_str));
            let what = format!("key| in {section}");
            reader.error(names::unknown(entry.key_span, &what, &knob, known));
            continue;
        }
        let Some(value) = Reader::default().plain(entry) else {
            continue;
        };
        if let Err(fault) = base.with(&nested(&knob, value)) {
            let message = format!("bad {}: {}", quote(&knob), fault.message);
            reader.error(Diagnostic::new(entry.span, message));
        }
    }
    if reader.diagnostics.len() == before {
        // Each is right by itself, and they are wrong together.
        let place = entries
            .iter()
            .find(|it| first.knob.split('.').next() == Some(it.key));
        let span = place
            .or(entries.first())
            .map(|it| it.key_span)
            .unwrap_or_default();
        reader.error(Diagnostic::new(span, first.to_string()));
    }
    base
}

/// Every value of a section that is not a table itself, with its dotted name.
fn leaves_of<'t>(entry: Entry<'t>, prefix: String, leaves: &mut Vec<(String, Entry<'t>)>) {
    let name = if prefix.is_empty() {
        entry.key.to_owned()
    } else {
        format!("{prefix}.{}", entry.key)
    };
    match entry.value.as_table() {
        Some(table) if !table.is_empty() => {
            entries(table)
                .into_iter()
                .for_each(|it| leaves_of(it, name.clone(), leaves));
        }
        Some(_) | None => leaves.push((name, entry)),
    }
}

/// A table with one knob in it.
pub(crate) fn nested(knob: &str, value: toml::Value) -> toml::Table {
    let mut parts = knob.rsplit('.');
    let last = parts.next().unwrap_or_default();
    let innermost = toml::Table::from_iter([(last.to_owned(), value)]);
    parts.fold(innermost, |inner, part| {
        toml::Table::from_iter([(part.to_owned(), toml::Value::Table(inner))])
    })
}
