//! Quantities with units, as scenarios and scripts write them: `10ms`, `64KiB`, `100Mbit`, `0.05`.
//!
//! All of it is integer arithmetic, so that `"0.1s"` is 100000 microseconds on every machine. An
//! error is the sentence that a person reads after ``bad duration `10mz`: ``.

use smoltcp::time::Duration;

/// The units of a quantity, and what people write for them, in small letters.
type Units = [(&'static str, &'static [&'static str])];

const DURATIONS: [(&str, &[&str]); 5] = [
    ("us", &["usec", "usecs", "microseconds"]),
    ("ms", &["msec", "msecs", "milliseconds"]),
    ("s", &["sec", "secs", "second", "seconds"]),
    ("min", &["m", "mins", "minute", "minutes"]),
    ("h", &["hr", "hour", "hours"]),
];
const SIZES: [(&str, &[&str]); 3] = [
    ("KiB", &["k", "kb", "kib"]),
    ("MiB", &["m", "mb", "mib"]),
    ("GiB", &["g", "gb", "gib"]),
];
const RATES: [(&str, &[&str]); 4] = [
    ("bit", &["bps", "bit/s"]),
    ("kbit", &["k", "kbps", "kbit", "kbit/s"]),
    ("Mbit", &["m", "mbps", "mbit", "mbit/s"]),
    ("Gbit", &["g", "gbps", "gbit", "gbit/s"]),
];

/// The sentence about a unit that is not one, with the one that was probably meant.
fn unknown(number: &str, unit: &str, units: &Units) -> String {
    let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
    let said = unit.to_ascii_lowercase();
    let meant = units
        .iter()
        .find(|(_, others)| others.contains(&said.as_str()));
    let meant = meant.map(|(name, _)| format!("; did you mean `{}{name}`?", short(number)));
    format!(
        "the unit `{}` is none of {}{}",
        short(unit),
        names.join(", "),
        meant.unwrap_or_default()
    )
}

/// A duration with its unit: `10ms`, `1.5s`, `120us`, `2min`, `1h`.
///
/// # Errors
/// What is wrong with it, where it has no number or no unit, or is no whole number of microseconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let microseconds = match unit {
        "us" | "µs" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "min" => 60_000_000,
        "h" => 3_600_000_000,
        "" => return Err("it needs a unit: us, ms, s, min or h".to_owned()),
        _ => return Err(unknown(number, unit, &DURATIONS)),
    };
    scaled(number, microseconds, "microseconds").map(Duration::from_micros)
}

/// A number of seconds without a unit, as the times of a script: `0`, `.01`, `1.5`.
///
/// # Errors
/// What is wrong with it, where it is no number or not a whole number of microseconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    scaled(text, 1_000_000, "microseconds").map(Duration::from_micros)
}

/// A number without a unit, in millionths: `10`, `0.05`.
///
/// # Errors
/// What is wrong with it, where it is no number or not a whole number of millionths.
pub(crate) fn millionths(text: &str) -> Result<u64, String> {
    scaled(text, 1_000_000, "millionths")
}

/// A size in octets: `4000`, `64KiB`, `1MiB`, `1GiB`.
///
/// # Errors
/// What is wrong with it, where it has no number, another unit, or is not a whole number of octets.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let octets = match unit {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(unknown(number, unit, &SIZES)),
    };
    scaled(number, octets, "octets")
}

/// A rate in bits a second: `64kbit`, `100Mbit`, `10Gbit`.
///
/// # Errors
/// What is wrong with it, where it has no number or no unit, or is not a whole number of bits.
pub fn rate(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let bits = match unit {
        "bit" => 1,
        "kbit" => 1_000,
        "Mbit" => 1_000_000,
        "Gbit" => 1_000_000_000,
        "" => return Err("it needs a unit: bit, kbit, Mbit or Gbit (a second)".to_owned()),
        _ => return Err(unknown(number, unit, &RATES)),
    };
    scaled(number, bits, "bits")
}

/// A probability: a number from 0 to 1.
///
/// # Errors
/// What is wrong with it, where it is no number or lies outside.
pub fn probability(text: &str) -> Result<f64, String> {
    let number = text
        .parse()
        .map_err(|_| "a number from 0 to 1 is needed".to_owned())?;
    in_unit_interval(number)
}

/// The probability that somebody wrote as `10%`.
pub(crate) fn percent(text: &str) -> Option<f64> {
    let number: f64 = text.strip_suffix('%')?.trim_end().parse().ok()?;
    in_unit_interval(number / 100.0).ok()
}

/// The number, if it can be a probability.
///
/// # Errors
/// What is wrong with it, where it lies outside 0 to 1 or is not a number.
pub fn in_unit_interval(number: f64) -> Result<f64, String> {
    if (0.0..=1.0).contains(&number) {
        Ok(number)
    } else {
        Err("a probability is a number from 0 to 1".to_owned())
    }
}

/// A duration as a person reads it, in the largest unit in which it is a whole number.
pub fn show_duration(duration: Duration) -> String {
    let microseconds = duration.total_micros();
    if microseconds == 0 {
        return "0s".to_owned();
    }
    let units = [
        (3_600_000_000, "h"),
        (60_000_000, "min"),
        (1_000_000, "s"),
        (1_000, "ms"),
    ];
    in_largest(microseconds, &units, "us")
}

/// A size as a person reads it: in KiB, MiB or GiB where it is a whole number of them.
pub fn show_size(octets: u64) -> String {
    in_largest(
        octets,
        &[(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")],
        "",
    )
}

/// A rate as a person reads it, in the largest unit in which it is a whole number.
pub fn show_rate(bits: u64) -> String {
    let units = [
        (1_000_000_000, "Gbit"),
        (1_000_000, "Mbit"),
        (1_000, "kbit"),
    ];
    in_largest(bits, &units, "bit")
}

/// An amount in the first of the units in which it is a whole number, or in the smallest.
fn in_largest(amount: u64, units: &[(u64, &str)], smallest: &str) -> String {
    let mut whole = units.iter().filter(|_| amount > 0);
    let unit = whole.find(|(scale, _)| amount.is_multiple_of(*scale));
    let (scale, unit) = unit.copied().unwrap_or((1, smallest));
    format!("{}{unit}", amount / scale)
}

/// The number at the start, and the unit after it.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start_matches(' '))
}

/// A decimal number times `scale`, which must come to a whole number of `unit`.
fn scaled(text: &str, scale: u64, unit: &str) -> Result<u64, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|it| it.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return Err("a number is needed, such as 10 or 1.5".to_owned());
    }
    let fraction = fraction.trim_end_matches('0');
    let finer = || format!("that is not a whole number of {unit}");
    // No scale has more than twelve zeros, so a longer fraction is never whole.
    let places = u32::try_from(fraction.len())
        .ok()
        .filter(|it| *it <= 12)
        .ok_or_else(finer)?;
    let parse = |part: &str| {
        if part.is_empty() {
            Some(0)
        } else {
            part.parse::<u128>().ok()
        }
    };
    let (Some(whole), Some(fraction)) = (parse(whole), parse(fraction)) else {
        return Err("the number is too large".to_owned());
    };
    let fraction = fraction * u128::from(scale);
    let divisor = 10_u128.pow(places);
    if !fraction.is_multiple_of(divisor) {
        return Err(finer());
    }
    whole
        .checked_mul(scale.into())
        .and_then(|whole| whole.checked_add(fraction / divisor))
        .and_then(|sum| u64::try_from(sum).ok())
        .ok_or_else(|| "the number is too large".to_owned())
}

/// The start of a text that may be long.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities() {
        let durations = [
            "10ms",
            "1.5s",
            "120us",
            "120µs",
            "2min",
            "1h",
            "0.000001s",
            "1.50 s",
        ];
        let expected = [
            10_000,
            1_500_000,
            120,
            120,
            120_000_000,
            3_600_000_000,
            1,
            1_500_000,
        ];
        for (text, micros) in durations.into_iter().zip(expected) {
            assert_eq!(duration(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for (text, micros) in [
            ("0", 0),
            (".01", 10_000),
            ("1.5", 1_500_000),
            ("86400", 86_400_000_000),
        ] {
            assert_eq!(seconds(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for (text, octets) in [
            ("4000", 4000),
            ("64KiB", 65536),
            ("1MiB", 1 << 20),
            ("1.5KiB", 1536),
        ] {
            assert_eq!(size(text), Ok(octets), "{text}");
        }
        for (text, bits) in [
            ("64kbit", 64_000),
            ("100Mbit", 100_000_000),
            ("2.5Gbit", 2_500_000_000),
        ] {
            assert_eq!(rate(text), Ok(bits), "{text}");
        }
        for (text, number) in [("0", 0.0), ("1", 1.0), ("0.25", 0.25), ("1e-3", 0.001)] {
            assert_eq!(probability(text), Ok(number), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_quantity_is_an_error() {
        for text in [
            "",
            "ms",
            "10",
            "10 parsecs",
            "-1s",
            "1.2.3s",
            ".s",
            "0.5us",
            "1e3s",
            "99999999999999999999h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in [
            "",
            "KiB",
            "64K",
            "0.5",
            "-1",
            "99999999999GiB",
            "0.00001KiB",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
        for text in ["", "100", "100Mb", "0.5bit"] {
            assert!(rate(text).is_err(), "{text}");
        }
        for text in ["", "-0.1", "1.1", "nan", "inf", "5%"] {
            assert!(probability(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_reads_back_as_it_is_shown(micros in 0..u64::MAX) {
            let value = Duration::from_micros(micros);
            prop_assert_eq!(duration(&show_duration(value)), Ok(value));
        }

        #[test]
        fn no_text_panics(text in "[0-9.a-zµ ]{0,50}") {
            let _ = (duration(&text), seconds(&text), size(&text), rate(&text), probability(&text));
        }
    }
}
