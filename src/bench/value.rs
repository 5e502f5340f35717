//! How the values of an axis are written: sizes, durations, rates, words and profiles, alone, in
//! lists and in ranges.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

use hangup_stack::profile::Profile;
use smoltcp::time::Duration;

use super::overrides;
use crate::language::names::nearest;
use crate::language::range::{Quantities, RangeText};
use crate::language::units;

/// The most values that one list or range may have.
const VALUES_MOST: usize = 1_000_000;

/// Millionths: the steps in which a probability is counted.
const MILLION: u64 = 1_000_000;

/// Nothing is set: the profile's own value.
pub(super) const PROFILE: &str = "profile";

/// A value of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A word: a profile, a setting, or that nothing is set.
    Word(&'static str),
    /// A number, in the unit of the axis: octets, microseconds, bits a second, millionths.
    Number(u64),
}

impl Value {
    /// The number, where it is one.
    pub fn number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Word(_) => None,
        }
    }

    /// The same as an amount of memory or frames.
    pub(super) fn count(self) -> Option<usize> {
        let number = self.number()?;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// The word; empty where it is a number.
    pub fn word(self) -> &'static str {
        match self {
            Self::Word(word) => word,
            Self::Number(_) => "",
        }
    }
}

impl fmt::Display for Value {
    /// As the columns of a table have it: plain numbers in the unit of the column.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => f.write_str(word),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// What the values of an axis are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    /// A built-in profile, perhaps with knobs turned.
    Profile,
    /// The same with a receive shutdown.
    Receiver,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// A word, or a number of octets.
    Size(&'static [&'static str], RangeInclusive<u64>),
    /// A word, or a plain number, up to the most.
    Number(&'static [&'static str], u64),
    /// A duration, up to the most in microseconds.
    Duration(u64),
    /// `none`, or bits a second.
    Rate,
    /// A number from 0 to 1.
    Probability,
}

/// What numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Octets,
    /// In microseconds, where they are values of an axis.
    Seconds,
    /// A second.
    Bits,
    /// In millionths, where they are values of an axis.
    Share,
    /// Of what the axis says.
    Count,
}

impl ValueKind {
    /// What its numbers count.
    pub(super) fn unit(&self) -> Unit {
        match self {
            Self::Size(..) => Unit::Octets,
            Self::Duration(_) => Unit::Seconds,
            Self::Rate => Unit::Bits,
            Self::Probability => Unit::Share,
            Self::Profile | Self::Receiver | Self::Words(_) | Self::Number(..) => Unit::Count,
        }
    }

    /// What flags call the values.
    pub(super) fn plural(&self) -> &'static str {
        match self {
            Self::Profile | Self::Receiver => "PROFILES",
            Self::Words(_) => "WORDS",
            Self::Size(..) => "SIZES",
            Self::Number(..) => "NUMBERS",
            Self::Duration(_) => "DURATIONS",
            Self::Rate => "RATES",
            Self::Probability => "PROBABILITIES",
        }
    }

    /// The words that it takes beside numbers.
    pub(super) fn words(&self) -> &'static [&'static str] {
        match self {
            Self::Words(words) | Self::Size(words, _) | Self::Number(words, _) => words,
            Self::Rate => &["none"],
            Self::Profile | Self::Receiver | Self::Duration(_) | Self::Probability => &[],
        }
    }

    /// One value.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(super) fn value(&self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        if let Some(word) = self.words().iter().find(|word| **word == text) {
            return Ok(Value::Word(word));
        }
        match self {
            Self::Profile => profile(text, |_| Ok(())),
            Self::Receiver => profile(text, |name| match name {
                "smoltcp" => {
                    Err("smoltcp has no receive shutdown, so it can only be the sender".to_owned())
                }
                _ => Ok(()),
            }),
            Self::Words(words) => Err(format!("it is none of {}", words.join(", "))),
            Self::Size(_, range) => bounded(units::size(text)?, *range.start(), *range.end()),
            Self::Number(_, most) => bounded(units::size(text)?, 0, *most),
            Self::Duration(most) => {
                let micros = units::duration(text)?.total_micros();
                if micros > *most {
                    let most = units::show_duration(Duration::from_micros(*most));
                    return Err(format!("it is more than {most}"));
                }
                Ok(Value::Number(micros))
            }
            Self::Rate => bounded(units::rate(text)?, 1_000, u64::MAX),
            Self::Probability => {
                let millionths = units::probability(text)? * MILLION as f64;
                if millionths.fract() == 0.0 {
                    Ok(Value::Number(millionths as u64))
                } else {
                    Err("that is not a whole number of millionths".to_owned())
                }
            }
        }
    }

    /// A list of values and ranges, without repetitions: `linux,freebsd`, `1000..64KiB:x2,1MiB`.
    ///
    /// # Errors
    /// The part that is wrong, and what is wrong with it.
    pub(super) fn values<'t>(&self, text: &'t str) -> Result<Vec<Value>, (&'t str, String)> {
        let mut values = Vec::new();
        for part in text.split(',') {
            self.part(part, &mut values)
                .map_err(|error| (part.trim(), error))?;
        }
        let mut seen = BTreeSet::new();
        values.retain(|value| seen.insert(*value));
        Ok(values)
    }

    fn part(&self, text: &str, values: &mut Vec<Value>) -> Result<(), String> {
        let Some(range) = RangeText::of(text) else {
            values.push(self.value(text)?);
            return Ok(());
        };
        for number in range.read(self)?.iter() {
            if values.len() == VALUES_MOST {
                return Err(format!("there are more than {VALUES_MOST} values"));
            }
            values.push(Value::Number(number));
        }
        Ok(())
    }

    /// A value as a person writes it.
    pub(super) fn show(&self, value: Value) -> String {
        match (value, self) {
            (Value::Word(word), _) => word.to_owned(),
            (Value::Number(number), Self::Duration(_)) => {
                units::show_duration(Duration::from_micros(number))
            }
            (Value::Number(number), Self::Probability) => {
                format!("{}", number as f64 / MILLION as f64)
            }
            (Value::Number(number), Self::Rate) => format!("{number}bit"),
            (Value::Number(number), _) => number.to_string(),
        }
    }

    /// A value as [`Value`]'s `Display` writes it, read back.
    pub(super) fn read_back(&self, text: &str) -> Option<Value> {
        match text.parse() {
            Ok(number) => Some(Value::Number(number)),
            // The plan has read all that there can be; nothing else is kept.
            Err(_) if overrides::base(text) != text => overrides::known(text).map(Value::Word),
            Err(_) => self.value(text).ok(),
        }
    }
}

/// What a range says that is not about numbers.
const NO_NUMBERS: &str = "a range goes from one number to another";

impl Quantities for ValueKind {
    fn bound(&self, text: &str) -> Result<u64, String> {
        self.value(text)?.number().ok_or(NO_NUMBERS.to_owned())
    }

    /// A step in the unit of the axis, whatever the bounds of its values.
    fn summand(&self, text: &str) -> Result<u64, String> {
        match self {
            Self::Size(..) | Self::Number(..) => units::size(text),
            Self::Duration(_) => Ok(units::duration(text)?.total_micros()),
            Self::Rate => units::rate(text),
            Self::Profile | Self::Receiver | Self::Words(_) | Self::Probability => self.bound(text),
        }
    }

    fn usual(&self, _first: u64, _last: u64) -> Option<u64> {
        matches!(self, Self::Size(..) | Self::Number(..)).then_some(1)
    }

    fn example(&self) -> &'static str {
        match self {
            Self::Size(..) => "+4KiB",
            Self::Duration(_) => "+10ms",
            Self::Rate => "+10Mbit",
            Self::Probability => "+0.1",
            Self::Number(..) | Self::Profile | Self::Receiver | Self::Words(_) => "+1",
        }
    }
}

fn bounded(number: u64, least: u64, most: u64) -> Result<Value, String> {
    if number < least {
        return Err(format!("it is less than {least}"));
    }
    if number > most {
        return Err(format!("it is more than {most}"));
    }
    Ok(Value::Number(number))
}

/// A profile that is good enough, perhaps with knobs turned.
fn profile(text: &str, fits: fn(&str) -> Result<(), String>) -> Result<Value, String> {
    let (text, knobs) = match text.split_once('+') {
        Some((name, knobs)) => (name.trim_end(), Some(knobs)),
        None => (text, None),
    };
    let aliases = Profile::aliases().iter().map(|(alias, _)| *alias);
    let names = || Profile::names().iter().copied().chain(aliases.clone());
    let Some(found) = names().find(|name| *name == text) else {
        let names: Vec<&str> = names().collect();
        return Err(match nearest(text, &names) {
            Some(nearest) => format!("no profile has that name; did you mean `{nearest}`?"),
            None => format!("no profile has that name; there are {}", names.join(", ")),
        });
    };
    fits(found)?;
    match knobs {
        Some(knobs) => overrides::read(found, knobs).map(Value::Word),
        None => Ok(Value::Word(found)),
    }
}
