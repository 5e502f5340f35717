//! The axes of a sweep: for each its name, values and default, its effect on a run, and its column.
//!
//! Flags, plans, filters, columns, the reader of an earlier sweep's rows, and the table in
//! docs/exhaustion.md follow from [`AXES`]: a new axis is a variant with its entry, and the code
//! that uses its value.

use std::sync::{Arc, LazyLock};

use hangup_stack::profile::{Acknowledge, Algorithm, SynOption};
use smoltcp::time::Duration;

use super::overrides;
use super::setup::Setup;
use super::value::{PROFILE, Unit, Value, ValueKind};
use crate::language::units;

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

/// What an axis is, and what it does.
struct Description {
    axis: Axis,
    /// As flags, plans and filters write it.
    name: &'static str,
    /// The name of its column, which says the unit.
    column: &'static str,
    kind: ValueKind,
    /// Its value where nothing is said, as a flag has it.
    default: &'static str,
    /// What it is, without the words that [`ValueKind::Words`] has.
    about: &'static str,
    /// Puts a value into what a run is made of; axes before it were put there already.
    apply: fn(&mut Setup, Value),
}

const SETTINGS: &[&str] = &[PROFILE, "on", "off"];
const DAY_MICROS: u64 = 86_400_000_000;
const GIBIBYTE: u64 = 1 << 30;
/// The longest write, in octets.
pub(super) const WRITE_MOST: u64 = 1 << 24;

/// Every axis, in the order of the enumeration.
const AXES: &[Description] = &[
    Description {
        axis: Axis::Sender,
        name: "sender",
        column: "sender",
        kind: ValueKind::Profile,
        default: "linux",
        about: "Who pushes: profiles",
        apply: |it, value| it.sender = overrides::known_profile(value.word()),
    },
    Description {
        axis: Axis::Receiver,
        name: "receiver",
        column: "receiver",
        kind: ValueKind::Receiver,
        default: "wsprecvdisconnect",
        about: "Whose receive direction is shut down: profiles",
        apply: |it, value| it.receiver = overrides::known_profile(value.word()),
    },
    Description {
        axis: Axis::Acknowledge,
        name: "acknowledge",
        column: "acknowledge",
        kind: ValueKind::Words(&[PROFILE, "normal", "withhold", "duplicate"]),
        default: PROFILE,
        about: "What becomes of the acknowledgment of data that comes later",
        apply: |it, value| {
            let rule = match value.word() {
                "normal" => Acknowledge::Normal,
                "withhold" => Acknowledge::Withhold,
                "duplicate" => Acknowledge::Duplicate,
                _ => return,
            };
            Arc::make_mut(&mut it.receiver).receive_shutdown.acknowledge = rule;
        },
    },
    Description {
        axis: Axis::Sack,
        name: "sack",
        column: "sack",
        kind: ValueKind::Words(SETTINGS),
        default: PROFILE,
        about: "Whether both offer selective acknowledgments",
        apply: |it, value| it.offer_option(SynOption::SackPermitted, value),
    },
    Description {
        axis: Axis::Timestamps,
        name: "timestamps",
        column: "timestamps",
        kind: ValueKind::Words(SETTINGS),
        default: PROFILE,
        about: "Whether both offer timestamps",
        apply: |it, value| it.offer_option(SynOption::Timestamps, value),
    },
    Description {
        axis: Axis::Congestion,
        name: "congestion",
        column: "congestion",
        kind: ValueKind::Words(&[PROFILE, "none", "reno", "cubic"]),
        default: PROFILE,
        about: "The sender's congestion control",
        apply: |it, value| match value.word() {
            "none" => Arc::make_mut(&mut it.sender).send.initial_window = 0,
            "reno" => Arc::make_mut(&mut it.sender).send.congestion = Algorithm::Reno,
            "cubic" => Arc::make_mut(&mut it.sender).send.congestion = Algorithm::Cubic,
            _ => {}
        },
    },
    Description {
        axis: Axis::WarmUp,
        name: "warm-up",
        column: "warm_up_octets",
        kind: ValueKind::Size(&["auto"], 0..=GIBIBYTE),
        default: "0",
        about: "Octets that are taken and acknowledged before the shutdown",
        apply: |it, value| it.warm_up = value.count(),
    },
    Description {
        axis: Axis::Window,
        name: "window",
        column: "window_octets",
        kind: ValueKind::Size(&[PROFILE], 1..=GIBIBYTE),
        default: "65535",
        about: "The receive buffer that the receiver asks for, from which its window follows: \
                profile, or octets",
        apply: |it, value| it.receive_buffer = value.count(),
    },
    Description {
        axis: Axis::WindowScale,
        name: "window-scale",
        column: "window_scale",
        kind: ValueKind::Number(&[PROFILE, "off"], 14),
        default: PROFILE,
        about: "The shift of the receiver's window: profile, off, 0 to 14",
        apply: Setup::scale_window,
    },
    Description {
        axis: Axis::Mss,
        name: "mss",
        column: "mss_octets",
        kind: ValueKind::Size(&[PROFILE], 1..=65_495),
        default: PROFILE,
        about: "The maximum segment size that both announce: profile, or octets",
        apply: Setup::limit_segments,
    },
    Description {
        axis: Axis::Delay,
        name: "delay",
        column: "delay_us",
        kind: ValueKind::Duration(60_000_000),
        default: "100us",
        about: "How long a frame is on its way, one way",
        apply: |it, value| it.link.delay = micros(value),
    },
    Description {
        axis: Axis::Rate,
        name: "rate",
        column: "rate_bits",
        kind: ValueKind::Rate,
        default: "none",
        about: "What the link carries, each way: none (as much as there is), or bits a \
                second such as 10Mbit",
        apply: |it, value| it.link.rate = value.number(),
    },
    Description {
        axis: Axis::Queue,
        name: "queue",
        column: "queue_frames",
        kind: ValueKind::Number(&["none"], 1_000_000),
        default: "none",
        about: "Frames that may wait for a link with a rate: none, or a number",
        apply: |it, value| it.link.queue = value.count(),
    },
    Description {
        axis: Axis::Loss,
        name: "loss",
        column: "loss_millionths",
        kind: ValueKind::Probability,
        default: "0",
        about: "How likely a frame is lost, each way",
        apply: |it, value| it.link.loss = value.number().unwrap_or(0) as f64 / 1e6,
    },
    Description {
        axis: Axis::Write,
        name: "write",
        column: "write_octets",
        kind: ValueKind::Size(&[], 1..=WRITE_MOST),
        default: "1MiB",
        about: "Octets of each write of the sender's application",
        apply: |it, value| it.write = value.count().unwrap_or(1),
    },
    Description {
        axis: Axis::SendBuffer,
        name: "send-buffer",
        column: "send_buffer_octets",
        kind: ValueKind::Size(&[PROFILE], 1..=GIBIBYTE),
        default: PROFILE,
        about: "The sender's send buffer: profile, or octets",
        apply: |it, value| it.send_buffer = value.count(),
    },
    Description {
        axis: Axis::Offer,
        name: "offer",
        column: "offer_octets",
        kind: ValueKind::Size(&["auto"], 1..=GIBIBYTE),
        default: "auto",
        about: "Octets that it has to send after the shutdown: auto (twice the window, \
                128KiB at least), or octets",
        apply: |it, value| it.offer = value.count(),
    },
    Description {
        axis: Axis::Until,
        name: "until",
        column: "until_us",
        kind: ValueKind::Duration(DAY_MICROS),
        default: "20min",
        about: "How long to watch after the shutdown, in virtual time",
        apply: |it, value| it.until = micros(value),
    },
    Description {
        axis: Axis::Seed,
        name: "seed",
        column: "seed",
        kind: ValueKind::Number(&[], u64::MAX),
        default: "0",
        about: "Seeds of the random choices",
        apply: |it, value| it.seed = value.number().unwrap_or(0),
    },
];

/// The time of a duration's value.
fn micros(value: Value) -> Duration {
    Duration::from_micros(value.number().unwrap_or(0))
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

    /// What flags call its values.
    pub fn plural(self) -> &'static str {
        self.description().kind.plural()
    }

    /// What it is and which words it takes, as a sentence without its full stop.
    pub fn about(self) -> String {
        let Description { kind, about, .. } = self.description();
        if let ValueKind::Words(words) = kind {
            return format!("{about}: {}", words.join(", "));
        }
        (*about).to_owned()
    }

    /// Its value where nothing is said.
    pub fn default_value(self) -> Value {
        static DEFAULTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
            let value = |it: &Description| it.kind.value(it.default);
            let values = AXES.iter().map(value).collect::<Result<_, _>>();
            values.expect("a test reads each")
        });
        DEFAULTS[self as usize]
    }

    /// The same as a flag has it. None: nothing is set.
    pub fn default_text(self) -> Option<&'static str> {
        let Description { kind, default, .. } = self.description();
        (!kind.words().contains(default)).then_some(*default)
    }

    /// One value.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub fn value(self, text: &str) -> Result<Value, String> {
        self.description().kind.value(text)
    }

    /// A list of values and ranges, without repetitions: `linux,freebsd`, `1000..64KiB:x2,1MiB`.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence that names the axis.
    pub fn values(self, text: &str) -> Result<Vec<Value>, String> {
        let values = self.description().kind.values(text);
        values.map_err(|(part, error)| format!("{} `{part}`: {error}", self.name()))
    }

    /// A value as a person writes it.
    pub fn show(self, value: Value) -> String {
        self.description().kind.show(value)
    }

    /// What its numbers count.
    pub(super) fn unit(self) -> Unit {
        self.description().kind.unit()
    }

    /// A value as a person reads it in a sentence.
    pub fn tell(self, value: Value) -> String {
        match (value, self.unit()) {
            (Value::Number(number), Unit::Octets) => units::show_size(number),
            (Value::Number(number), Unit::Bits) => format!("{}/s", units::show_rate(number)),
            _ => self.show(value),
        }
    }

    /// A value as [`Value`]'s `Display` writes it, read back.
    pub(super) fn read_back(self, text: &str) -> Option<Value> {
        self.description().kind.read_back(text)
    }

    /// Puts a value into what a run is made of.
    pub(super) fn apply(self, setup: &mut Setup, value: Value) {
        (self.description().apply)(setup, value);
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
