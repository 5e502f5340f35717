//! What a sweep can vary, and how values are written: lists and ranges of sizes, durations, rates
//! and words.

use std::fmt;

use hangup_stack::profile::Profile;
use smoltcp::time::Duration;

use super::overrides;
use crate::language::range::{Quantities, Written};
use crate::language::units;

/// The most values that one list or range may have.
const VALUES_MOST: usize = 1_000_000;

/// Millionths: the steps in which a probability is counted.
const MILLION: u64 = 1_000_000;

/// Something that a sweep can vary. The order is that of the product: the last varies fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// The profile of the host that pushes.
    Sender,
    /// The profile of the host whose receive direction is shut down.
    Receiver,
    /// The receiver's knob `receive_shutdown.acknowledge`.
    Acknowledge,
    /// Whether both hosts offer selective acknowledgments.
    Sack,
    /// Whether both hosts offer timestamps.
    Timestamps,
    /// The sender's congestion control.
    Congestion,
    /// The octets that the receiver takes before the shutdown, which warm the sender's congestion
    /// window; `auto`: enough that it limits less than the receiver's window does.
    WarmUp,
    /// The receive buffer that the receiver asks for, in octets; a window follows from it.
    Window,
    /// The shift of the receiver's window field.
    WindowScale,
    /// The maximum segment size that both hosts announce, in octets.
    Mss,
    /// How long a frame is on its way, one way.
    Delay,
    /// Bits a second, each way.
    Rate,
    /// Frames that may wait for a link with a rate.
    Queue,
    /// The probability that a frame is lost, each way.
    Loss,
    /// The octets of each write of the sender's application.
    Write,
    /// The sender's send buffer (SO_SNDBUF), in octets.
    SendBuffer,
    /// The octets that the application has to send after the shutdown.
    Offer,
    /// How long a run is watched after the shutdown, in virtual time.
    Until,
    /// The seed of every random choice.
    Seed,
}

/// How the values of an axis are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A built-in profile, perhaps with knobs turned.
    Profile,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// A word, or a number of octets, from 1 to the most.
    Size(&'static [&'static str], u64),
    /// A word, or a plain number, up to the most.
    Number(&'static [&'static str], u64),
    /// A duration, up to the most in microseconds.
    Duration(u64),
    /// `none`, or bits a second.
    Rate,
    /// A number from 0 to 1.
    Probability,
}

/// A value of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A word: a profile, a setting, or that nothing is set.
    Word(&'static str),
    /// A number, in the unit of the axis: octets, microseconds, bits a second, millionths.
    Number(u64),
}

/// What an axis is called, what it does where nothing is said, and what may be said.
struct Description {
    axis: Axis,
    name: &'static str,
    column: &'static str,
    kind: Kind,
    default: Value,
}

/// Nothing is set: the profile's own value.
const PROFILE: &str = "profile";
const SETTINGS: &[&str] = &[PROFILE, "on", "off"];
const DAY_MICROS: u64 = 86_400_000_000;
const GIBIBYTE: u64 = 1 << 30;
/// The longest write, in octets.
pub(super) const WRITE_MOST: u64 = 1 << 24;

/// Every axis, in the order of the enumeration.
const AXES: &[Description] = &[
    describe(
        Axis::Sender,
        "sender",
        "sender",
        Kind::Profile,
        Value::Word("linux"),
    ),
    describe(
        Axis::Receiver,
        "receiver",
        "receiver",
        Kind::Profile,
        Value::Word("wsprecvdisconnect"),
    ),
    describe(
        Axis::Acknowledge,
        "acknowledge",
        "acknowledge",
        Kind::Words(&[PROFILE, "normal", "withhold", "duplicate"]),
        Value::Word(PROFILE),
    ),
    describe(
        Axis::Sack,
        "sack",
        "sack",
        Kind::Words(SETTINGS),
        Value::Word(PROFILE),
    ),
    describe(
        Axis::Timestamps,
        "timestamps",
        "timestamps",
        Kind::Words(SETTINGS),
        Value::Word(PROFILE),
    ),
    describe(
        Axis::Congestion,
        "congestion",
        "congestion",
        Kind::Words(&[PROFILE, "none", "reno", "cubic"]),
        Value::Word(PROFILE),
    ),
    describe(
        Axis::WarmUp,
        "warm-up",
        "warm_up_octets",
        Kind::Number(&["auto"], GIBIBYTE),
        Value::Number(0),
    ),
    describe(
        Axis::Window,
        "window",
        "window_octets",
        Kind::Size(&[PROFILE], GIBIBYTE),
        Value::Number(65_535),
    ),
    describe(
        Axis::WindowScale,
        "window-scale",
        "window_scale",
        Kind::Number(&[PROFILE, "off"], 14),
        Value::Word(PROFILE),
    ),
    describe(
        Axis::Mss,
        "mss",
        "mss_octets",
        Kind::Size(&[PROFILE], 65_495),
        Value::Word(PROFILE),
    ),
    describe(
        Axis::Delay,
        "delay",
        "delay_us",
        Kind::Duration(60_000_000),
        Value::Number(100),
    ),
    describe(
        Axis::Rate,
        "rate",
        "rate_bits",
        Kind::Rate,
        Value::Word("none"),
    ),
    describe(
        Axis::Queue,
        "queue",
        "queue_frames",
        Kind::Number(&["none"], 1_000_000),
        Value::Word("none"),
    ),
    describe(
        Axis::Loss,
        "loss",
        "loss_millionths",
        Kind::Probability,
        Value::Number(0),
    ),
    describe(
        Axis::Write,
        "write",
        "write_octets",
        Kind::Size(&[], WRITE_MOST),
        Value::Number(1 << 20),
    ),
    describe(
        Axis::SendBuffer,
        "send-buffer",
        "send_buffer_octets",
        Kind::Size(&[PROFILE], GIBIBYTE),
        Value::Word(PROFILE),
    ),
    describe(
        Axis::Offer,
        "offer",
        "offer_octets",
        Kind::Size(&["auto"], GIBIBYTE),
        Value::Word("auto"),
    ),
    describe(
        Axis::Until,
        "until",
        "until_us",
        Kind::Duration(DAY_MICROS),
        Value::Number(1_200_000_000),
    ),
    describe(
        Axis::Seed,
        "seed",
        "seed",
        Kind::Number(&[], u64::MAX),
        Value::Number(0),
    ),
];

const fn describe(
    axis: Axis,
    name: &'static str,
    column: &'static str,
    kind: Kind,
    default: Value,
) -> Description {
    Description {
        axis,
        name,
        column,
        kind,
        default,
    }
}

impl Axis {
    /// How many there are.
    pub const COUNT: usize = AXES.len();

    /// All of them, in the order of the product.
    pub fn all() -> impl Iterator<Item = Self> {
        AXES.iter().map(|description| description.axis)
    }

    /// The axis of a name.
    pub fn named(name: &str) -> Option<Self> {
        let found = AXES.iter().find(|description| description.name == name);
        found.map(|description| description.axis)
    }

    fn description(self) -> &'static Description {
        &AXES[self as usize]
    }

    /// Its name, as flags, plans and filters write it.
    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// The name of its column, which says the unit.
    pub fn column(self) -> &'static str {
        self.description().column
    }

    /// Its value where nothing is said.
    pub fn default_value(self) -> Value {
        self.description().default
    }

    /// One value.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn value(self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        let word = |words: &[&'static str]| words.iter().find(|word| **word == text).copied();
        match self.description().kind {
            Kind::Profile => profile(text, self),
            Kind::Words(words) => word(words)
                .map(Value::Word)
                .ok_or_else(|| format!("it is none of {}", words.join(", "))),
            Kind::Size(words, most) => match word(words) {
                Some(word) => Ok(Value::Word(word)),
                None => bounded(units::size(text)?, 1, most),
            },
            Kind::Number(words, most) => match word(words) {
                Some(word) => Ok(Value::Word(word)),
                None => bounded(units::size(text)?, 0, most),
            },
            Kind::Duration(most) => {
                let micros = units::duration(text)?.total_micros();
                if micros > most {
                    let most = units::show_duration(Duration::from_micros(most));
                    return Err(format!("it is more than {most}"));
                }
                Ok(Value::Number(micros))
            }
            Kind::Rate => match word(&["none"]) {
                Some(word) => Ok(Value::Word(word)),
                None => bounded(units::rate(text)?, 1_000, u64::MAX),
            },
            Kind::Probability => {
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
    /// What is wrong with it, as a sentence that names the axis.
    pub fn values(self, text: &str) -> Result<Vec<Value>, String> {
        let mut values = Vec::new();
        for part in text.split(',') {
            let complain = |error| format!("{} `{}`: {error}", self.name(), part.trim());
            self.part(part, &mut values).map_err(complain)?;
        }
        let mut seen = std::collections::BTreeSet::new();
        values.retain(|value| seen.insert(*value));
        Ok(values)
    }

    fn part(self, text: &str, values: &mut Vec<Value>) -> Result<(), String> {
        let Some(range) = Written::of(text) else {
            values.push(self.value(text)?);
            return Ok(());
        };
        for number in range.read(&self)?.iter() {
            if values.len() == VALUES_MOST {
                return Err(format!("there are more than {VALUES_MOST} values"));
            }
            values.push(Value::Number(number));
        }
        Ok(())
    }

    /// A value as a person writes it.
    pub fn show(self, value: Value) -> String {
        match (value, self.description().kind) {
            (Value::Word(word), _) => word.to_owned(),
            (Value::Number(number), Kind::Duration(_)) => {
                units::show_duration(Duration::from_micros(number))
            }
            (Value::Number(number), Kind::Probability) => {
                format!("{}", number as f64 / MILLION as f64)
            }
            (Value::Number(number), Kind::Rate) => format!("{number}bit"),
            (Value::Number(number), _) => number.to_string(),
        }
    }
}

impl Axis {
    /// A value as [`Value`]'s `Display` writes it, read back.
    pub(super) fn read_back(self, text: &str) -> Option<Value> {
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

impl Quantities for Axis {
    fn bound(&self, text: &str) -> Result<u64, String> {
        match self.value(text)? {
            Value::Number(number) => Ok(number),
            Value::Word(_) => Err(NO_NUMBERS.to_owned()),
        }
    }

    /// A step in the unit of the axis, whatever the bounds of its values.
    fn summand(&self, text: &str) -> Result<u64, String> {
        match self.description().kind {
            Kind::Size(..) | Kind::Number(..) => units::size(text),
            Kind::Duration(_) => Ok(units::duration(text)?.total_micros()),
            Kind::Rate => units::rate(text),
            Kind::Profile | Kind::Words(_) | Kind::Probability => self.bound(text),
        }
    }

    fn usual(&self, _first: u64, _last: u64) -> Option<u64> {
        match self.description().kind {
            Kind::Size(..) | Kind::Number(..) => Some(1),
            Kind::Duration(_) | Kind::Rate | Kind::Probability | Kind::Profile | Kind::Words(_) => {
                None
            }
        }
    }

    fn example(&self) -> &'static str {
        match self.description().kind {
            Kind::Size(..) => "+4KiB",
            Kind::Duration(_) => "+10ms",
            Kind::Rate => "+10Mbit",
            Kind::Probability => "+0.1",
            Kind::Number(..) | Kind::Profile | Kind::Words(_) => "+1",
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

/// A profile, perhaps with knobs turned.
fn profile(text: &str, axis: Axis) -> Result<Value, String> {
    let (text, knobs) = match text.split_once('+') {
        Some((name, knobs)) => (name.trim_end(), Some(knobs)),
        None => (text, None),
    };
    let aliases = Profile::aliases().iter().map(|(alias, _)| *alias);
    let names = || Profile::names().iter().copied().chain(aliases.clone());
    let Some(found) = names().find(|name| *name == text) else {
        let names = names().collect::<Vec<_>>().join(", ");
        return Err(format!("no profile has that name; there are {names}"));
    };
    if axis == Axis::Receiver && found == "smoltcp" {
        let message = "smoltcp has no receive shutdown, so it can only be the sender";
        return Err(message.to_owned());
    }
    match knobs {
        Some(knobs) => overrides::read(found, knobs).map(Value::Word),
        None => Ok(Value::Word(found)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_stand_in_their_own_order_and_their_defaults_are_values() {
        for (index, axis) in Axis::all().enumerate() {
            assert_eq!(axis as usize, index, "{}", axis.name());
            assert_eq!(Axis::named(axis.name()), Some(axis));
            let default = axis.default_value();
            assert_eq!(
                axis.value(&axis.show(default)),
                Ok(default),
                "{}",
                axis.name()
            );
        }
    }

    #[test]
    fn lists_and_ranges() {
        let numbers = |axis: Axis, text: &str| -> Vec<u64> {
            let number = |value| match value {
                Value::Number(number) => number,
                Value::Word(word) => panic!("{word}"),
            };
            axis.values(text).unwrap().into_iter().map(number).collect()
        };
        assert_eq!(
            numbers(Axis::Window, "1000..8KiB:x2"),
            [1000, 2000, 4000, 8000]
        );
        assert_eq!(numbers(Axis::Window, "8KiB..1MiB:x2").len(), 8);
        assert_eq!(numbers(Axis::Mss, "500..1500:+500"), [500, 1000, 1500]);
        assert_eq!(
            numbers(Axis::Delay, "1ms..3ms:+1ms,2ms"),
            [1000, 2000, 3000],
            "no value twice"
        );
        assert_eq!(numbers(Axis::Loss, "0,0.01"), [0, 10_000]);
        assert_eq!(numbers(Axis::WindowScale, "2..5"), [2, 3, 4, 5]);
        let max = u64::MAX;
        assert_eq!(
            numbers(Axis::Seed, &format!("{}..{max}:+2", max - 3)),
            [max - 3, max - 1]
        );
        assert_eq!(
            Axis::Sender.values("linux, freebsd").unwrap(),
            [Value::Word("linux"), Value::Word("freebsd")]
        );
    }

    #[test]
    fn bad_values_say_what_is_wrong() {
        let rows = [
            (Axis::Window, "1..10:x1", "never ends"),
            (Axis::Window, "1..10:+0", "never ends"),
            (Axis::Window, "1..10:x0", "never ends"),
            (Axis::Window, "10..1:x2", "empty"),
            (Axis::WarmUp, "0..10:x2", "never ends"),
            (Axis::Delay, "1ms..10ms", "needs a step"),
            (Axis::Window, "1..10:2", "bad step `2`"),
            (Axis::Window, "profile..10:x2", "from one number"),
            (Axis::Window, "0", "less than 1"),
            (Axis::Window, "2GiB", "more than"),
            (Axis::Window, "", "number is needed"),
            (Axis::Seed, "0..1000000:+1", "more than 1000000 values"),
            (Axis::Sender, "solaris", "no profile"),
            (Axis::Sender, "linux..windows:x2", "from one number"),
            (Axis::Sender, "solaris+rto.min=1s", "no profile"),
            (Axis::Sender, "linux+rto.mni=1s", "did you mean `rto.min`?"),
            (Axis::Receiver, "smoltcp", "no receive shutdown"),
            (Axis::Sack, "maybe", "none of"),
            (Axis::WindowScale, "15", "more than 14"),
            (Axis::Delay, "10", "unit"),
            (Axis::Delay, "2h", "more than 1min"),
            (Axis::Loss, "1.5", "from 0 to 1"),
            (Axis::Loss, "0.00000001", "millionths"),
            (Axis::Rate, "10bit", "less than 1000"),
        ];
        for (axis, text, expected) in rows {
            let error = axis.values(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(error.starts_with(axis.name()), "{text}: {error}");
        }
    }
}
