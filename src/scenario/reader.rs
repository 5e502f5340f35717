//! The reader of TOML values, which reports each value that cannot be used.
//!
//! A reader never stops at an error: a value that cannot be used is reported and left out, so that
//! everything that is wrong with a file is found at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use smoltcp::time::Duration;
use toml::de::{DeTable, DeValue};

use super::folder::Folder;
use super::limits;
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::language::names::{self, quote};
use crate::language::units;

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'t> {
    /// The key.
    pub(super) key: &'t str,
    /// Where the key stands.
    pub(super) key_span: Span,
    /// The value.
    pub(super) value: &'t DeValue<'t>,
    /// Where the value stands; of a table, where its header or its first key is.
    pub(super) span: Span,
}

/// The entries of a table in the order of the file, which the parser sorts by name.
pub(super) fn entries<'t>(table: &'t DeTable<'t>) -> Vec<Entry<'t>> {
    let mut entries: Vec<Entry<'t>> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref(),
            key_span: Span::new(key.span()),
            value: value.get_ref(),
            span: Span::new(value.span()),
        })
        .collect();
    entries.sort_by_key(|it| it.key_span.start);
    entries
}

/// Reads values and collects what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// What is wrong so far.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The keys of the file itself, which a section does not have.
    pub(super) file_keys: Vec<&'static str>,
    /// Whether the script stands in a section, where it was reported.
    pub(super) misplaced_script: bool,
    /// Where the files are that its programs send.
    pub(super) folder: Folder,
    /// The profile of each host for which the file was written, where another one was set.
    pub(super) written: BTreeMap<String, String>,
}

impl Reader {
    /// Reports an error.
    pub(super) fn error(&mut self, diagnostic: Diagnostic) {
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether there are so many errors that no more are taken: a file of a megabyte can have a
    /// hundred thousand wrong keys, and to find a suggestion for each takes a while.
    pub(super) fn is_full(&self) -> bool {
        self.diagnostics.len() > limits::DIAGNOSTICS_MAX
    }

    /// The value of a result, whose error is a sentence about the entry.
    pub(super) fn checked<T>(&mut self, entry: Entry<'_>, result: Result<T, String>) -> Option<T> {
        result
            .map_err(|fault| {
                let message = format!("bad {}: {fault}", quote(entry.key));
                self.error(Diagnostic::new(entry.span, message));
            })
            .ok()
    }

    /// Reports that a key is not known where it stands.
    pub(super) fn unknown_key(&mut self, entry: Entry<'_>, section: &str, known: &[&str]) {
        if self.is_full() {
            return;
        }
        if self.misplaced(entry, section) {
            return;
        }
        let what = if section.is_empty() {
            "key".to_owned()
        } else {
            format!("key| in {section}")
        };
        let known = known.iter().copied();
        self.error(names::unknown(entry.key_span, &what, entry.key, known));
    }

    /// Reports a key of the file that stands in a section, as a key below its header does. False:
    /// it is something else.
    pub(super) fn misplaced(&mut self, entry: Entry<'_>, section: &str) -> bool {
        if section.is_empty() || !self.file_keys.contains(&entry.key) {
            return false;
        }
        self.misplaced_script |= entry.key == "script";
        let key = quote(entry.key);
        let message = format!("{key} stands in {section}, and belongs to the file");
        let help = format!("put it above the first section: all keys below {section} are its own");
        self.error(Diagnostic::new(entry.key_span, message).help(help));
        true
    }

    /// Reports that a value is of the wrong type.
    pub(super) fn wrong_type(&mut self, entry: Entry<'_>, wanted: &str) {
        let found = type_of(entry.value);
        let message = format!("{} must be {wanted}, not {found}", quote(entry.key));
        self.error(Diagnostic::new(entry.span, message));
    }

    /// A string.
    pub(super) fn string<'t>(&mut self, entry: Entry<'t>, wanted: &str) -> Option<&'t str> {
        let text = entry.value.as_str();
        if text.is_none() {
            self.wrong_type(entry, wanted);
        }
        text
    }

    /// One of a few words.
    pub(super) fn word<'t>(&mut self, entry: Entry<'t>, words: &[&str]) -> Option<&'t str> {
        let quoted: Vec<String> = words.iter().map(|it| format!("\"{it}\"")).collect();
        let wanted = quoted.join(" or ");
        let text = self.string(entry, &wanted)?;
        let known = words.contains(&text).then_some(text);
        self.checked(entry, known.ok_or_else(|| format!("it must be {wanted}")))
    }

    /// A boolean.
    pub(super) fn boolean(&mut self, entry: Entry<'_>) -> Option<bool> {
        let value = entry.value.as_bool();
        if value.is_none() {
            self.wrong_type(entry, "true or false");
        }
        value
    }

    /// A table.
    pub(super) fn table<'t>(&mut self, entry: Entry<'t>) -> Option<&'t DeTable<'t>> {
        let table = entry.value.as_table();
        if table.is_none() {
            self.wrong_type(entry, "a table");
        }
        table
    }

    /// A whole number in a range.
    pub(super) fn number(&mut self, entry: Entry<'_>, range: &RangeInclusive<u64>) -> Option<u64> {
        let Some(number) = integer(entry.value) else {
            self.wrong_type(entry, "a whole number");
            return None;
        };
        let number = number.and_then(|it| u64::try_from(it).ok());
        let fault = || format!("it must be {} to {}", range.start(), range.end());
        let result = number
            .ok_or_else(fault)
            .and_then(|it| limits::within(it, range));
        self.checked(entry, result)
    }

    /// A size in octets in a range: `4000`, `"64KiB"`.
    pub(super) fn size(&mut self, entry: Entry<'_>, range: &RangeInclusive<u64>) -> Option<u64> {
        if integer(entry.value).is_some() {
            return self.number(entry, range);
        }
        let text = self.string(entry, "a size: 4000, \"64KiB\"")?;
        let result = units::size(text).and_then(|it| limits::within(it, range));
        self.checked(entry, result)
    }

    /// A duration in a range: `"10ms"`.
    pub(super) fn duration(
        &mut self,
        entry: Entry<'_>,
        range: &RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let text = self.string(entry, "a duration in quotes: \"10ms\"")?;
        let result = units::duration(text).and_then(|it| limits::duration_within(it, range));
        self.checked(entry, result)
    }

    /// A rate in bits a second in a range: `"100Mbit"`.
    pub(super) fn rate(&mut self, entry: Entry<'_>, range: &RangeInclusive<u64>) -> Option<u64> {
        let text = self.string(entry, "a rate in quotes: \"100Mbit\"")?;
        let result = units::rate(text).and_then(|it| limits::within(it, range));
        self.checked(entry, result)
    }

    /// A probability: `0.05`.
    pub(super) fn probability(&mut self, entry: Entry<'_>) -> Option<f64> {
        let text = match entry.value {
            DeValue::Float(float) => Cow::Borrowed(float.as_str()),
            DeValue::Integer(integer) => Cow::Owned(integer.to_string()),
            DeValue::String(text) if units::percent(text).is_some() => {
                let number = units::percent(text).unwrap_or_default();
                let message = format!("{} is a number from 0 to 1", quote(entry.key));
                let diagnostic = Diagnostic::new(entry.span, message);
                self.error(diagnostic.help(format!("write {number}")));
                return None;
            }
            DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                self.wrong_type(entry, "a number from 0 to 1");
                return None;
            }
        };
        self.checked(entry, units::probability(&text))
    }

    /// A string or a list of strings, with the place of each.
    pub(super) fn strings(&mut self, entry: Entry<'_>, max: usize) -> Vec<Spanned<String>> {
        let Some(array) = entry.value.as_array() else {
            return match entry.value.as_str() {
                Some(text) => vec![Spanned::new(text.to_owned(), entry.span)],
                None => {
                    self.wrong_type(entry, "a list of strings");
                    Vec::new()
                }
            };
        };
        if array.len() > max {
            let message = format!("{} has at most {max} entries", quote(entry.key));
            self.error(Diagnostic::new(entry.span, message));
            return Vec::new();
        }
        let mut strings = Vec::new();
        for element in array.iter() {
            let span = Span::new(element.span());
            match element.get_ref().as_str() {
                Some(text) => strings.push(Spanned::new(text.to_owned(), span)),
                None => self.wrong_type(
                    Entry {
                        value: element.get_ref(),
                        span,
                        ..entry
                    },
                    "strings",
                ),
            }
        }
        strings
    }

    /// A value as the toml crate has it for those who want no places. None where a number is too
    /// large for any knob.
    pub(super) fn plain(&mut self, entry: Entry<'_>) -> Option<toml::Value> {
        Some(match entry.value {
            DeValue::String(text) => toml::Value::String(text.to_string()),
            DeValue::Integer(_) => match integer(entry.value).flatten() {
                Some(number) => toml::Value::Integer(number),
                None => {
                    let result = Err("the number is too large".to_owned());
                    return self.checked(entry, result);
                }
            },
            DeValue::Float(float) => {
                let number = float
                    .as_str()
                    .parse()
                    .map_err(|_| "not a number".to_owned());
                toml::Value::Float(self.checked(entry, number)?)
            }
            DeValue::Boolean(boolean) => toml::Value::Boolean(*boolean),
            DeValue::Datetime(datetime) => toml::Value::Datetime(*datetime),
            DeValue::Array(array) => {
                let mut plain = Vec::with_capacity(array.len());
                for element in array.iter() {
                    let span = Span::new(element.span());
                    plain.push(self.plain(Entry {
                        value: element.get_ref(),
                        span,
                        ..entry
                    })?);
                }
                toml::Value::Array(plain)
            }
            DeValue::Table(table) => {
                let mut plain = toml::Table::new();
                for inner in entries(table) {
                    plain.insert(inner.key.to_owned(), self.plain(inner)?);
                }
                toml::Value::Table(plain)
            }
        })
    }
}

/// The integer, where the value is one. The inner None: it is too large.
fn integer(value: &DeValue<'_>) -> Option<Option<i64>> {
    let integer = value.as_integer()?;
    Some(i64::from_str_radix(integer.as_str(), integer.radix()).ok())
}

/// The type of a value, as a person calls it.
fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
