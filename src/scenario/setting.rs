//! Settings: values of keys from outside their place in the file, from the command line (`--set
//! hosts.server.receive_buffer=8192`) or from a `[sweep]`.
//!
//! A setting changes the table of the file before anything of it is read, so that it is checked as
//! if it stood there, and an error points at where it was written.

use std::str::FromStr;

use toml::Spanned as TomlSpanned;
use toml::de::DeValue;

use super::limits;
use crate::diagnostic::{Source, Span, Spanned};

/// `KEY=VALUE`, as the command line has it.
///
/// The value is one of TOML (`8192`, `"10ms"`, `true`, `["192.0.2.7"]`), or else a text without its
/// quotes (`10ms`, `linux`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    text: String,
    /// Where the value begins.
    value_at: usize,
    /// The value as TOML writes it.
    toml: String,
}

/// Why a text is no setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// It has no `=`, or no key before it.
    #[error("a setting is `KEY=VALUE`, such as `hosts.server.receive_buffer=8192`")]
    Form,
    /// It is longer than [`limits::SETTING_MAX`].
    #[error("a setting has at most {} octets", limits::SETTING_MAX)]
    TooLong,
    /// Its value begins like one of TOML and is none.
    #[error("bad value: {0}")]
    Value(String),
    /// Its value is a table.
    #[error("a section cannot be set as a whole: set its keys one by one")]
    Table,
}

impl Setting {
    /// The key, as it was written.
    pub fn key(&self) -> &str {
        self.text[..self.value_at - 1].trim()
    }

    /// The value, and as a text: without its quotes, where it has some.
    pub fn value(&self) -> (toml::Value, String) {
        // It was read before, so that it can be read.
        let table = format!("value = {}", self.toml).parse::<toml::Table>();
        let value = table.ok().and_then(|mut it| it.remove("value"));
        let value = value.unwrap_or(toml::Value::Boolean(false));
        let text = value.as_str();
        let text = text.unwrap_or(self.text[self.value_at..].trim()).to_owned();
        (value, text)
    }

    /// `KEY=VALUE`, as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to assign, once the setting has a place that errors can show.
    pub(super) fn assignment(&self, source: &mut Source) -> Assignment {
        let start = source.attach("--set", &self.text);
        let mut parts = Vec::new();
        let mut at = start;
        for part in self.text[..self.value_at - 1].split('.') {
            let trimmed = part.trim();
            let begin = at + (part.len() - part.trim_start().len());
            let span = Span::new(begin..begin + trimmed.len());
            parts.push(Spanned::new(trimmed.to_owned(), span));
            at += part.len() + 1;
        }
        let value = Span::new(start + self.value_at..start + self.text.len());
        Assignment {
            key: parts,
            value: Spanned::new(self.toml.clone(), value),
        }
    }
}

impl FromStr for Setting {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        if text.len() > limits::SETTING_MAX {
            return Err(SettingError::TooLong);
        }
        let (key, value) = text.split_once('=').ok_or(SettingError::Form)?;
        if key.split('.').any(|part| part.trim().is_empty()) {
            return Err(SettingError::Form);
        }
        Ok(Self {
            toml: to_toml(value.trim())?,
            value_at: key.len() + 1,
            text: text.to_owned(),
        })
    }
}

/// A value of the command line as TOML writes it.
fn to_toml(value: &str) -> Result<String, SettingError> {
    match DeValue::parse(value) {
        Ok(parsed) if parsed.get_ref().is_table() => Err(SettingError::Table),
        // The program has no use for dates, but a host may have a name or an address like one.
        Ok(parsed) if !parsed.get_ref().is_datetime() => Ok(value.to_owned()),
        Err(error) if value.starts_with(['[', '{', '"', '\'']) => {
            Err(SettingError::Value(error.message().to_owned()))
        }
        Ok(_) | Err(_) => Ok(toml::Value::String(value.to_owned()).to_string()),
    }
}

/// `KEY=VALUE` for the command line, quoted for a shell where it must be.
pub(super) fn written(key: &str, toml: &str) -> String {
    let text = text_of(toml);
    // The quotes can go where the value is still the same text without them.
    let bare = text.filter(|text| {
        let again = to_toml(text.trim()).ok();
        again.and_then(|it| text_of(&it)).as_ref() == Some(text)
    });
    let value = bare.as_deref().unwrap_or(toml);
    for_shell(&format!("{key}={value}"))
}

/// The text that a value of TOML is. None: it is something else.
pub(super) fn text_of(toml: &str) -> Option<String> {
    let value = DeValue::parse(toml).ok()?;
    value.get_ref().as_str().map(str::to_owned)
}

/// A word that a POSIX shell takes for what it is.
pub(crate) fn for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=,+@%^-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A value for a key, with the places of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The parts of the key. Never empty.
    pub(super) key: Vec<Spanned<String>>,
    /// The value as TOML writes it.
    pub(super) value: Spanned<String>,
}

impl Assignment {
    /// The dotted key.
    pub(super) fn name(&self) -> String {
        let parts: Vec<&str> = self.key.iter().map(|it| it.value.as_str()).collect();
        parts.join(".")
    }

    /// The value, each part of which is at the place of the whole.
    pub(super) fn toml(&self) -> TomlSpanned<DeValue<'_>> {
        let place = range(self.value.span);
        // It was read before, so that it can be read.
        let value = DeValue::parse(&self.value.value).map(TomlSpanned::into_inner);
        let mut value = value.unwrap_or(DeValue::Boolean(false));
        if let DeValue::Array(array) = &mut value {
            for element in array.iter_mut() {
                *element = TomlSpanned::new(place.clone(), element.get_ref().clone());
            }
        }
        TomlSpanned::new(place, value)
    }
}

/// A place as the toml crate has it.
pub(super) fn range(span: Span) -> std::ops::Range<usize> {
    span.start..span.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_setting_says() {
        for (text, key, toml) in [
            ("seed=7", "seed", "7"),
            ("network.delay=5ms", "network.delay", "\"5ms\""),
            ("network.delay=\"5ms\"", "network.delay", "\"5ms\""),
            ("network.loss = 0.5", "network.loss", "0.5"),
            ("strict=true", "strict", "true"),
            ("hosts.a.profile=linux", "hosts.a.profile", "\"linux\""),
            (
                "hosts.a.address=192.0.2.7",
                "hosts.a.address",
                "\"192.0.2.7\"",
            ),
            ("hosts.a.address=['::1']", "hosts.a.address", "['::1']"),
            ("x=2001-01-01", "x", "\"2001-01-01\""),
            ("x=a=b", "x", "\"a=b\""),
            ("x=", "x", "\"\""),
        ] {
            let setting: Setting = text.parse().unwrap();
            assert_eq!(
                (setting.key(), setting.toml.as_str()),
                (key, toml),
                "{text}"
            );
            assert_eq!(setting.text(), text);
        }
        for (text, message) in [
            ("seed", "a setting is `KEY=VALUE`"),
            ("=7", "a setting is `KEY=VALUE`"),
            ("a..b=7", "a setting is `KEY=VALUE`"),
            ("x=[1", "bad value: "),
            ("x=\"a", "bad value: "),
            ("x={a=1}", "a section cannot be set as a whole"),
            (&format!("x={}", "7".repeat(5000)), "at most 4096 octets"),
        ] {
            let error = text.parse::<Setting>().unwrap_err().to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn settings_are_written_for_a_shell() {
        for (toml, expected) in [
            ("4000", "k=4000"),
            ("\"10ms\"", "k=10ms"),
            ("\"7\"", "'k=\"7\"'"),
            ("\"it's\"", r"'k=it'\''s'"),
            ("\"a b\"", "'k=a b'"),
        ] {
            assert_eq!(written("k", toml), expected, "{toml}");
        }
    }

    proptest! {
        /// What is written for the command line is what it was.
        #[test]
        fn a_text_comes_back(text in "[a-z0-9. =-]{0,12}") {
            let written = written("k", &toml::Value::String(text.clone()).to_string());
            let unquoted = written.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
            let again: Setting = unquoted.unwrap_or(&written).parse().unwrap();
            prop_assert_eq!(text_of(&again.toml), Some(text));
        }

        #[test]
        fn no_text_panics(text in r#"[a-z.=\[\]{}"' 0-9]{0,30}"#) {
            let _ = text.parse::<Setting>();
        }
    }
}
