//! Assignment: the values of `--set` and of a `[sweep]` go into the table of a file before it is
//! read.

use std::borrow::Cow;

use toml::Spanned as TomlSpanned;
use toml::de::{DeTable, DeValue};

use super::file::KEYS;
use super::setting::{Assignment, range};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::language::names::{self, quote};

/// Puts the value where it belongs.
///
/// # Errors
/// It cannot stand there. Whether there is such a key at all is found out where it is read.
pub(super) fn assign<'t>(
    assignment: &'t Assignment,
    table: &mut DeTable<'t>,
) -> Result<(), Box<Diagnostic>> {
    let first = &assignment.key[0];
    let known = KEYS.iter().find(|it| it.name == first.value);
    if let Some(reason) = known.and_then(|it| it.fixed) {
        return Err(Box::new(Diagnostic::new(first.span, reason)));
    }
    host_exists(assignment, table)?;
    let (last, path) = assignment.key.split_last().unwrap_or((first, &[]));
    let mut place = table;
    for part in path {
        if place.get(part.value.as_str()).is_none() {
            let empty = TomlSpanned::new(range(part.span), DeValue::Table(DeTable::new()));
            place.insert(key(part), empty);
        }
        let inner = place.get_mut(part.value.as_str());
        match inner.map(TomlSpanned::get_mut) {
            Some(DeValue::Table(inner)) => place = inner,
            _ => {
                let message = format!("{} is no section", quote(&part.value));
                return Err(Box::new(Diagnostic::new(part.span, message)));
            }
        }
    }
    let value = assignment.toml();
    match place.get_mut(last.value.as_str()) {
        Some(old) if old.get_ref().is_table() => {
            let message = format!("{} is a section", quote(&last.value));
            let diagnostic = Diagnostic::new(last.span, message);
            Err(Box::new(diagnostic.help(format!(
                "set one of its keys: `{}.KEY`",
                assignment.name()
            ))))
        }
        Some(old) => {
            *old = value;
            Ok(())
        }
        None => {
            place.insert(key(last), value);
            Ok(())
        }
    }
}

/// A host that is not in the file is made by its profile, where the script speaks of it. Otherwise
/// its name is a mistake.
fn host_exists(assignment: &Assignment, table: &DeTable<'_>) -> Result<(), Box<Diagnostic>> {
    let (section, name) = match assignment.key.as_slice() {
        [section, name, ..] if section.value == "hosts" => (section, name),
        _ => return Ok(()),
    };
    let hosts = table.get(section.value.as_str());
    let hosts = hosts.and_then(|it| it.get_ref().as_table());
    if hosts.is_some_and(|it| it.get(name.value.as_str()).is_some()) {
        return Ok(());
    }
    let makes_it = matches!(assignment.key.as_slice(), [_, _, key] if key.value == "profile");
    if makes_it && speaks_of(table, &name.value) {
        return Ok(());
    }
    let known: Vec<&str> = hosts
        .map(|it| it.keys().map(|key| key.get_ref().as_ref()).collect())
        .unwrap_or_default();
    let unknown = names::unknown(name.span, "host", &name.value, known);
    Err(Box::new(unknown))
}

/// Whether the script has a host's name as a word.
fn speaks_of(table: &DeTable<'_>, host: &str) -> bool {
    let script = table.get("script").and_then(|it| it.get_ref().as_str());
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    script.is_some_and(|it| it.split(|c| !is_part(c)).any(|word| word == host))
}

fn key(part: &Spanned<String>) -> TomlSpanned<Cow<'_, str>> {
    TomlSpanned::new(range(part.span), part.value.as_str().into())
}
