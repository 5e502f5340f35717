//! The keys of a scenario's sections: one description for each key.
//!
//! A section is a table of [`Key`]s. Its reader, the suggestions for unknown keys, the limits and
//! their messages, the JSON Schema, what `--set` and `[sweep]` refuse, and the tables in
//! docs/scenario-language.md all come from it, so that a new key is one entry and the code that
//! uses the value.

use std::ops::RangeInclusive;

use hangup_stack::network::IpFamily;
use smoltcp::time::Duration;

use super::limits;
use super::reader::{Entry, Reader};
use crate::diagnostic::Spanned;
use crate::language::units::{self, show_duration, show_rate, show_size};

/// The largest number that TOML can write.
pub(super) const NUMBER_MAX: u64 = i64::MAX as u64;

/// A key of a section whose values go into a `T`.
pub(super) struct Key<T: 'static> {
    /// How it is written.
    pub(super) name: &'static str,
    /// What may stand there.
    pub(super) form: Form<T>,
    /// What it means: a sentence without its full stop.
    pub(super) about: &'static str,
    /// What holds where it is not written. None: it has to be.
    pub(super) default: Option<&'static str>,
    /// Why neither `--set` nor `[sweep]` can give it a value. None: they can.
    pub(super) fixed: Option<&'static str>,
}

/// What may stand at a key, within which limits, and where it goes.
pub(super) enum Form<T: 'static> {
    /// `true` or `false`.
    Boolean(fn(&mut T, bool)),
    /// A whole number.
    Number(RangeInclusive<u64>, fn(&mut T, u64)),
    /// A size in octets: `4000`, `"64KiB"`.
    Size(RangeInclusive<u64>, fn(&mut T, u64)),
    /// The size of the largest IP packet, whose limits depend on the family.
    Mtu(fn(&mut T, u64)),
    /// A duration: `"10ms"`.
    Duration(RangeInclusive<Duration>, fn(&mut T, Duration)),
    /// A rate in bits a second: `"100Mbit"`.
    Rate(RangeInclusive<u64>, fn(&mut T, u64)),
    /// A number from 0 to 1.
    Probability(fn(&mut T, f64)),
    /// One of a few words.
    Word(&'static [&'static str], fn(&mut T, &str)),
    /// A text, which messages call so.
    Text(&'static str, fn(&mut T, Spanned<String>)),
    /// The name of a profile: of a host, which may have none, or of a profile.
    Profile(Scripted, fn(&mut T, Spanned<String>)),
    /// A text, or a list of at most so many.
    Texts(usize, fn(&mut T, Vec<Spanned<String>>)),
    /// A section of its own with this header, which is read by itself.
    Section(&'static str),
}

/// Whether a host without a stack can be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scripted {
    Allowed,
    Refused,
}

impl<T> Key<T> {
    /// A key that need not be written.
    pub(super) const fn new(
        name: &'static str,
        form: Form<T>,
        default: &'static str,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            form,
            about,
            default: Some(default),
            fixed: None,
        }
    }

    /// A key that has to be written.
    pub(super) const fn required(name: &'static str, form: Form<T>, about: &'static str) -> Self {
        Self {
            name,
            form,
            about,
            default: None,
            fixed: None,
        }
    }

    /// A key that only the file itself gives a value, and why.
    pub(super) const fn fixed(mut self, reason: &'static str) -> Self {
        self.fixed = Some(reason);
        self
    }

    /// Reads the value, and puts it where it belongs unless it was reported.
    fn read(&self, reader: &mut Reader, entry: Entry<'_>, ip: IpFamily, target: &mut T) {
        /// Puts a value in its place.
        fn put<T, V>(target: &mut T, set: fn(&mut T, V), value: Option<V>) {
            if let Some(value) = value {
                set(target, value);
            }
        }
        let spanned = |text: &str| Spanned::new(text.to_owned(), entry.span);
        match &self.form {
            Form::Boolean(set) => put(target, *set, reader.boolean(entry)),
            Form::Number(range, set) => put(target, *set, reader.number(entry, range)),
            Form::Size(range, set) => put(target, *set, reader.size(entry, range)),
            Form::Mtu(set) => put(target, *set, reader.size(entry, &limits::mtu(ip))),
            Form::Duration(range, set) => put(target, *set, reader.duration(entry, range)),
            Form::Rate(range, set) => put(target, *set, reader.rate(entry, range)),
            Form::Probability(set) => put(target, *set, reader.probability(entry)),
            Form::Word(words, set) => {
                if let Some(word) = reader.word(entry, words) {
                    set(target, word);
                }
            }
            Form::Text(what, set) => put(target, *set, reader.string(entry, what).map(spanned)),
            Form::Profile(_, set) => {
                let name = reader.string(entry, "the name of a profile");
                put(target, *set, name.map(spanned));
            }
            Form::Texts(most, set) => set(target, reader.strings(entry, *most)),
            Form::Section(_) => {}
        }
    }

    /// Takes the value from a word of a script, such as the `10ms` of `link delay 10ms`; sizes have
    /// the limits of IPv4.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence. Only a quantity is one word.
    pub(super) fn take_word(&self, word: &str, target: &mut T) -> Result<(), String> {
        let count = || {
            let number = word.parse::<u64>();
            number.map_err(|_| "a whole number is needed".to_owned())
        };
        match &self.form {
            Form::Number(range, set) => set(target, limits::within(count()?, range)?),
            Form::Size(range, set) => set(target, limits::within(count()?, range)?),
            Form::Mtu(set) => set(target, limits::within(count()?, &limits::MTU_V4)?),
            Form::Duration(range, set) => {
                set(
                    target,
                    limits::duration_within(units::duration(word)?, range)?,
                );
            }
            Form::Rate(range, set) => set(target, limits::within(units::rate(word)?, range)?),
            Form::Probability(set) => set(target, units::probability(word)?),
            Form::Boolean(_)
            | Form::Word(..)
            | Form::Text(..)
            | Form::Profile(..)
            | Form::Texts(..)
            | Form::Section(_) => return Err("it is no quantity".to_owned()),
        }
        Ok(())
    }

    /// How the documents write it: a section with its brackets.
    pub(super) fn title(&self) -> &'static str {
        if let Form::Section(header) = &self.form {
            return header;
        }
        self.name
    }

    /// Which values it takes, as the documents say it.
    pub(super) fn values(&self) -> String {
        match &self.form {
            Form::Boolean(_) => "`true`, `false`".to_owned(),
            Form::Number(range, _) if *range.end() == NUMBER_MAX => "a whole number".to_owned(),
            Form::Number(range, _) => format!("{} to {}", range.start(), range.end()),
            Form::Size(range, _) => {
                let (least, most) = (show_size(*range.start()), show_size(*range.end()));
                format!("{least} to {most}")
            }
            Form::Mtu(_) => {
                let (v4, v6) = (limits::MTU_V4, limits::MTU_V6);
                let (least, least_v6, most) = (v4.start(), v6.start(), v4.end());
                format!("{least} (IPv6: {least_v6}) to {most}")
            }
            Form::Duration(range, _) => {
                let (least, most) = (show_duration(*range.start()), show_duration(*range.end()));
                format!("a duration, {least} to {most}")
            }
            Form::Rate(range, _) => {
                let (least, most) = (show_rate(*range.start()), show_rate(*range.end()));
                format!("{least} to {most} a second")
            }
            Form::Probability(_) => "0 to 1".to_owned(),
            Form::Word(words, _) => {
                let words = words.iter().map(|it| format!("`\"{it}\"`"));
                words.collect::<Vec<_>>().join(", ")
            }
            Form::Text(what, _) => (*what).to_owned(),
            Form::Profile(Scripted::Allowed, _) => {
                "a profile, `\"scripted\"` or `\"kernel\"`".to_owned()
            }
            Form::Profile(Scripted::Refused, _) => "a profile".to_owned(),
            Form::Texts(most, _) => format!("one, or a list of at most {most}"),
            Form::Section(_) => "a section".to_owned(),
        }
    }
}

/// Reads an entry of a section into its target. False: the section has no such key.
pub(super) fn read<T>(
    keys: &[Key<T>],
    reader: &mut Reader,
    entry: Entry<'_>,
    ip: IpFamily,
    target: &mut T,
) -> bool {
    let key = keys.iter().find(|it| it.name == entry.key);
    if let Some(key) = key {
        key.read(reader, entry, ip, target);
    }
    key.is_some()
}

/// The names of keys, in their order.
pub(super) fn names<T>(keys: &[Key<T>]) -> Vec<&'static str> {
    keys.iter().map(|it| it.name).collect()
}

/// A number of octets or frames, as the machine counts them.
pub(super) fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
