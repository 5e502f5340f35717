//! Ranges of values, as sweeps write them: `1..10`, `1000..64KiB:x2`, `0ms..100ms:+10ms`.
//!
//! A range is its first value, a bound that no value exceeds, and the step between two values: a
//! sum (`:+10ms`) or a factor (`:x2`). Whole numbers without a step go up one by one. All of it is
//! integer arithmetic, so that a range has the same values on every machine.

use smoltcp::time::Duration;

use super::units;

/// A range whose quantities say of what kind they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    kind: QuantityKind,
    /// Its values, in the smallest unit of their kind.
    numbers: RangeValues,
}

/// What kind of values a range has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QuantityKind {
    /// Numbers without a unit, in millionths.
    Number,
    /// Octets.
    Size,
    /// Microseconds.
    Duration,
    /// Bits a second.
    Rate,
}

impl Range {
    /// Reads a range: `START..END`, `START..END:+STEP`, `START..END:xFACTOR`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, where it is not written like that, has no value,
    /// or would never end.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(written) = RangeText::of(text) else {
            return Err("a range is `START..END`, and perhaps `:+STEP` or `:xFACTOR`".to_owned());
        };
        let kind = kind(&[written.start, written.end])?;
        let numbers = written.read(&kind)?;
        Ok(Self { kind, numbers })
    }

    /// Its values as TOML writes them: `4000`, `0.05`, `"10ms"`, `"100Mbit"`. A size is a number of
    /// octets.
    ///
    /// # Errors
    /// There are more than `most`.
    pub fn values(&self, most: usize) -> Result<Vec<String>, String> {
        // One more than allowed, to know of it.
        let numbers = self.numbers.iter().take(most.saturating_add(1));
        let values: Vec<String> = numbers.map(|it| self.kind.written(it)).collect();
        if values.len() > most {
            return Err(format!("the range has more than {most} values"));
        }
        Ok(values)
    }
}

/// A range as it is written, before its quantities are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeText<'t> {
    start: &'t str,
    end: &'t str,
    step: Option<&'t str>,
}

/// How the quantities of a range are read, as numbers of one unit.
pub trait Quantities {
    /// The first value, or the bound.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    fn bound(&self, text: &str) -> Result<u64, String>;

    /// What is added from one value to the next.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    fn summand(&self, text: &str) -> Result<u64, String>;

    /// What is added where the range does not say, between these bounds. None: it has to say.
    fn usual(&self, first: u64, last: u64) -> Option<u64>;

    /// A step for those who left it out.
    fn example(&self) -> &'static str;
}

impl<'t> RangeText<'t> {
    /// Takes a range apart. None: the text is none.
    pub fn of(text: &'t str) -> Option<Self> {
        let (start, rest) = text.split_once("..")?;
        let (end, step) = match rest.split_once(':') {
            Some((end, step)) => (end, Some(step.trim())),
            None => (rest, None),
        };
        Some(Self {
            start: start.trim(),
            end: end.trim(),
            step,
        })
    }

    /// Its values.
    ///
    /// # Errors
    /// A sentence that says what is wrong with a quantity, that there is no value, or that there is
    /// no end of them.
    pub fn read(self, quantities: &impl Quantities) -> Result<RangeValues, String> {
        let Self { start, end, step } = self;
        let (first, last) = (quantities.bound(start)?, quantities.bound(end)?);
        if first > last {
            return Err(format!("the range is empty: {start} is more than {end}"));
        }
        let step = match (step, quantities.usual(first, last)) {
            (Some(text), _) => self::step(text, quantities)?,
            (None, Some(usual)) => Step::Plus(usual),
            (None, None) => {
                return Err(format!(
                    "the range needs a step: `{start}..{end}:x2` or `:{}`",
                    quantities.example()
                ));
            }
        };
        match step {
            Step::Plus(0) => Err("the range never ends: its step adds nothing".to_owned()),
            Step::Times(0 | 1) => {
                Err("the range never ends: a factor is a whole number from 2 on".to_owned())
            }
            Step::Times(_) if first == 0 => {
                Err("the range never ends: 0 times anything is 0".to_owned())
            }
            Step::Plus(_) | Step::Times(_) => Ok(RangeValues { first, last, step }),
        }
    }
}

/// `+10ms`, `x2`
fn step(text: &str, quantities: &impl Quantities) -> Result<Step, String> {
    if let Some(summand) = text.strip_prefix('+') {
        return quantities.summand(summand.trim()).map(Step::Plus);
    }
    let factor = text.strip_prefix('x').map(str::trim);
    match factor.map(str::parse) {
        Some(Ok(factor)) => Ok(Step::Times(factor)),
        Some(Err(_)) => Err("a factor is a whole number from 2 on, such as `x2`".to_owned()),
        None => Err(format!(
            "bad step `{}`: it is `+STEP` or `xFACTOR`",
            units::short(text)
        )),
    }
}

/// The values of a range, which go up and come to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeValues {
    first: u64,
    /// No value is greater.
    last: u64,
    step: Step,
}

/// How a value follows from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// So much is added; more than nothing.
    Plus(u64),
    /// It is multiplied; at least doubled.
    Times(u64),
}

impl RangeValues {
    /// The values, in their order. There may be very many.
    pub fn iter(self) -> impl Iterator<Item = u64> {
        std::iter::successors(Some(self.first), move |at| {
            match self.step {
                Step::Plus(step) => at.checked_add(step),
                Step::Times(factor) => at.checked_mul(factor),
            }
            .filter(|it| *it <= self.last)
        })
    }
}

/// The scale of a number without a unit.
const MILLION: u64 = 1_000_000;

fn is_whole(millionths: u64) -> bool {
    millionths.is_multiple_of(MILLION)
}

/// The one kind of all these quantities. A number without a unit can be a size.
fn kind(quantities: &[&str]) -> Result<QuantityKind, String> {
    let mut found = QuantityKind::Number;
    for text in quantities {
        let kind = match units::split(text).1 {
            "" => QuantityKind::Number,
            "KiB" | "MiB" | "GiB" => QuantityKind::Size,
            "bit" | "kbit" | "Mbit" | "Gbit" => QuantityKind::Rate,
            // A sign or a second point is a fault of the number, and no unit.
            unit if !unit.starts_with(char::is_alphabetic) => QuantityKind::Number,
            _ => QuantityKind::Duration,
        };
        if kind != QuantityKind::Number {
            found = kind;
        }
    }
    Ok(found)
}

impl Quantities for QuantityKind {
    fn bound(&self, text: &str) -> Result<u64, String> {
        self.read(text)
    }

    fn summand(&self, text: &str) -> Result<u64, String> {
        self.read(text)
    }

    fn usual(&self, first: u64, last: u64) -> Option<u64> {
        let is_count = *self == Self::Number && is_whole(first) && is_whole(last);
        is_count.then_some(MILLION)
    }

    fn example(&self) -> &'static str {
        match self {
            Self::Number => "+0.1",
            Self::Size => "+4KiB",
            Self::Duration => "+10ms",
            Self::Rate => "+10Mbit",
        }
    }
}

impl QuantityKind {
    /// A value, in the smallest unit.
    fn read(self, text: &str) -> Result<u64, String> {
        match self {
            Self::Number => units::millionths(text),
            Self::Size => units::size(text),
            Self::Duration => units::duration(text).map(|it| it.total_micros()),
            Self::Rate => units::rate(text),
        }
        .map_err(|fault| format!("bad value `{}` of the range: {fault}", units::short(text)))
    }

    /// A value as TOML writes it.
    fn written(self, amount: u64) -> String {
        match self {
            Self::Number if is_whole(amount) => (amount / MILLION).to_string(),
            Self::Number => {
                let digits = format!("{}.{:06}", amount / MILLION, amount % MILLION);
                digits.trim_end_matches('0').to_owned()
            }
            Self::Size => amount.to_string(),
            Self::Duration => {
                let text = units::show_duration(Duration::from_micros(amount));
                format!("\"{text}\"")
            }
            Self::Rate => format!("\"{}\"", units::show_rate(amount)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(text: &str) -> Result<String, String> {
        Range::parse(text)?.values(100).map(|it| it.join(" "))
    }

    #[test]
    fn what_ranges_come_to() {
        for (text, expected) in [
            ("1..5", "1 2 3 4 5"),
            ("7..7", "7"),
            ("1..10:+4", "1 5 9"),
            ("0 .. 4 : +2", "0 2 4"),
            ("1000..8000:x2", "1000 2000 4000 8000"),
            ("1000..4KiB:x2", "1000 2000 4000"),
            ("1KiB..4KiB:+1.5KiB", "1024 2560 4096"),
            ("4KiB..4KiB:x2", "4096"),
            ("0..0.3:+0.1", "0 0.1 0.2 0.3"),
            (".5..1:+.25", "0.5 0.75 1"),
            ("0ms..30ms:+10ms", r#""0s" "10ms" "20ms" "30ms""#),
            ("100us..1s:x10", r#""100us" "1ms" "10ms" "100ms" "1s""#),
            ("1Mbit..1Gbit:x10", r#""1Mbit" "10Mbit" "100Mbit" "1Gbit""#),
            (
                "18446744073709551614bit..18446744073709551615bit:+1bit",
                r#""18446744073709551614bit" "18446744073709551615bit""#,
            ),
        ] {
            assert_eq!(values(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_ranges() {
        for (text, expected) in [
            (
                "10",
                "a range is `START..END`, and perhaps `:+STEP` or `:xFACTOR`",
            ),
            (
                "",
                "a range is `START..END`, and perhaps `:+STEP` or `:xFACTOR`",
            ),
            ("10..1", "the range is empty: 10 is more than 1"),
            ("1s..1ms:x2", "the range is empty: 1s is more than 1ms"),
            ("1..10:+0", "the range never ends: its step adds nothing"),
            (
                "1..10:x1",
                "the range never ends: a factor is a whole number from 2 on",
            ),
            ("0..10:x2", "the range never ends: 0 times anything is 0"),
            (
                "1ms..10ms",
                "the range needs a step: `1ms..10ms:x2` or `:+10ms`",
            ),
            ("0..0.5", "the range needs a step: `0..0.5:x2` or `:+0.1`"),
            ("1..101", "the range has more than 100 values"),
            ("1..10:2", "bad step `2`: it is `+STEP` or `xFACTOR`"),
            (
                "1..10:x1.5",
                "a factor is a whole number from 2 on, such as `x2`",
            ),
            (
                "1..",
                "bad value `` of the range: a number is needed, such as 10 or 1.5",
            ),
            (
                "1..10ms:+1ms",
                "bad value `1` of the range: it needs a unit: us, ms, s, min or h",
            ),
            (
                "1ms..64KiB:x2",
                "bad value `1ms` of the range: the unit `ms` is none of KiB, MiB, GiB",
            ),
            (
                "1ms..10mz:+1ms",
                "bad value `10mz` of the range: the unit `mz` is none of us, ms, s, min, h",
            ),
            (
                "-1..1",
                "bad value `-1` of the range: a number is needed, such as 10 or 1.5",
            ),
        ] {
            assert_eq!(values(text), Err(expected.to_owned()), "{text}");
        }
    }

    proptest! {
        /// Values go up, stay within the bounds, and are TOML.
        #[test]
        fn a_range_goes_up_to_its_end(
            start in 0..5000_u64,
            length in 0..5000_u64,
            step in 1..50_u64,
        ) {
            let range = Range::parse(&format!("{start}..{}:+{step}", start + length)).unwrap();
            let values = range.values(5001).unwrap();
            let numbers: Vec<u64> = values.iter().map(|it| it.parse().unwrap()).collect();
            let count = usize::try_from(length / step + 1).unwrap();
            prop_assert_eq!(numbers.len(), count);
            prop_assert!(numbers.windows(2).all(|it| it[0] + step == it[1]));
            prop_assert_eq!(numbers[0], start);
        }

        #[test]
        fn no_text_panics(text in r"[0-9.:x+ msKiBbit]{0,30}") {
            let _ = values(&text);
        }
    }
}
