//! Durations as people write them: `200ms`, `1.5s`, `120us`, `2min`, `1h`.

use serde::{Deserialize, Deserializer, Serializer};
use smoltcp::time::Duration;

/// The units, longest first, with their microseconds.
const UNITS: [(&str, u64); 5] = [
    ("h", 3_600_000_000),
    ("min", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDurationError {
    /// No number, or more than digits and one point.
    #[error("a duration is a number and a unit, such as \"10ms\" or \"1.5s\"")]
    NotANumber,
    /// A unit that is none of ours.
    #[error("the units are us, ms, s, min and h, such as \"10ms\"")]
    UnknownUnit,
    /// Finer than a microsecond.
    #[error("the finest step of time is one microsecond")]
    TooFine,
    /// Longer than can be counted.
    #[error("the duration is too long")]
    TooLong,
}

/// Reads a duration. Exact: a fraction that is finer than a microsecond is an error.
///
/// # Errors
/// What is wrong with the text, worded for the person who wrote it.
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let text = text.trim();
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .ok_or(ParseDurationError::UnknownUnit)?;
    let (number, unit) = text.split_at(split);
    let number = number.trim_end();
    let (_, micros) = *UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or(ParseDurationError::UnknownUnit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return Err(ParseDurationError::NotANumber);
    }
    let mut total = match whole {
        "" => 0,
        _ => whole
            .parse::<u64>()
            .map_err(|_| ParseDurationError::TooLong)?,
    };
    total = total
        .checked_mul(micros)
        .ok_or(ParseDurationError::TooLong)?;
    let mut place = micros;
    for digit in fraction.bytes().map(|byte| u64::from(byte - b'0')) {
        if digit != 0 && !place.is_multiple_of(10) {
            return Err(ParseDurationError::TooFine);
        }
        place /= 10;
        total = total
            .checked_add(digit * place)
            .ok_or(ParseDurationError::TooLong)?;
    }
    // Virtual time is a signed number of microseconds.
    if total > i64::MAX as u64 / 4 {
        return Err(ParseDurationError::TooLong);
    }
    Ok(Duration::from_micros(total))
}

/// Writes a duration in the longest unit that holds it exactly.
pub fn format_duration(duration: Duration) -> String {
    let micros = duration.total_micros();
    let exact = UNITS
        .iter()
        .find(|(_, unit)| micros >= *unit && micros.is_multiple_of(*unit));
    match exact {
        Some((name, unit)) => format!("{}{name}", micros / unit),
        None => "0s".to_owned(),
    }
}

pub(super) fn serialize<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format_duration(*duration))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        let rows: [(&str, Result<u64, ParseDurationError>); 12] = [
            ("10ms", Ok(10_000)),
            ("1.5s", Ok(1_500_000)),
            (".5s", Ok(500_000)),
            ("120us", Ok(120)),
            ("2min", Ok(120_000_000)),
            ("1h", Ok(3_600_000_000)),
            ("0s", Ok(0)),
            ("1.0000005s", Err(ParseDurationError::TooFine)),
            ("10", Err(ParseDurationError::UnknownUnit)),
            ("10 weeks", Err(ParseDurationError::UnknownUnit)),
            ("-1s", Err(ParseDurationError::NotANumber)),
            ("99999999999999999999h", Err(ParseDurationError::TooLong)),
        ];
        for (text, expected) in rows {
            assert_eq!(
                parse_duration(text).map(|d| d.total_micros()),
                expected,
                "{text}"
            );
        }
        for micros in [
            0,
            1,
            999,
            1_000,
            204_000,
            1_500_000,
            60_000_000,
            3_600_000_000,
        ] {
            let written = format_duration(Duration::from_micros(micros));
            assert_eq!(
                parse_duration(&written),
                Ok(Duration::from_micros(micros)),
                "{written}"
            );
        }
    }
}
