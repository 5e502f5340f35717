//! One combination of values, and what it makes of two profiles and a link.

use hangup_stack::link::LinkConfig;
use hangup_stack::profile::{Acknowledge, Algorithm, Profile, SynOption};
use smoltcp::time::Duration;

use super::axis::{Axis, Value};
use super::overrides;

/// Octets that are offered at least, where nothing else is said: more than the largest window
/// without scaling.
const OFFER_LEAST: u64 = 128 * 1024;

/// The window of a receiver that was asked for none: the largest without scaling.
const WINDOW_UNSCALED: usize = 65_535;

/// A combination of values: everything that a run depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The value of each axis.
    values: [Value; Axis::COUNT],
}

impl Default for Case {
    /// Each axis as where nothing is said.
    fn default() -> Self {
        let mut values = [Value::Number(0); Axis::COUNT];
        for (value, axis) in values.iter_mut().zip(Axis::all()) {
            *value = axis.default_value();
        }
        Self { values }
    }
}

impl Case {
    /// The value of an axis.
    pub fn value(&self, axis: Axis) -> Value {
        self.values[axis as usize]
    }

    /// The same with another value of an axis.
    #[must_use]
    pub fn with(mut self, axis: Axis, value: Value) -> Self {
        self.values[axis as usize] = value;
        self
    }

    /// The number of an axis, where it has one.
    pub fn number(&self, axis: Axis) -> Option<u64> {
        match self.value(axis) {
            Value::Number(number) => Some(number),
            Value::Word(_) => None,
        }
    }

    fn octets(&self, axis: Axis) -> Option<usize> {
        let number = self.number(axis)?;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// The word of an axis; empty where it has a number.
    pub fn word(&self, axis: Axis) -> &'static str {
        match self.value(axis) {
            Value::Word(word) => word,
            Value::Number(_) => "",
        }
    }

    /// The receive buffer that the receiver asks for, in octets.
    pub fn receive_buffer(&self) -> Option<usize> {
        self.octets(Axis::Window)
    }

    /// The send buffer that the sender asks for, in octets.
    pub fn send_buffer(&self) -> Option<usize> {
        self.octets(Axis::SendBuffer)
    }

    /// What the application writes at a time, in octets.
    pub fn write(&self) -> usize {
        self.octets(Axis::Write).unwrap_or(1).max(1)
    }

    /// What it writes before the shutdown, in octets: twice the window where that is left to us.
    /// While nothing is lost a congestion window grows by half of what is acknowledged at least.
    pub fn warm_up(&self) -> usize {
        let window = self.octets(Axis::Window).unwrap_or(WINDOW_UNSCALED);
        self.octets(Axis::WarmUp)
            .unwrap_or_else(|| match self.value(Axis::WarmUp) {
                Value::Word(_) => window.saturating_mul(2),
                Value::Number(_) => 0,
            })
    }

    /// What it has to write after it, in octets: enough to fill the window twice where nothing is
    /// said.
    pub fn offer(&self) -> usize {
        let window = self.number(Axis::Window).unwrap_or(0);
        let auto = window.saturating_mul(2).max(OFFER_LEAST);
        self.octets(Axis::Offer)
            .unwrap_or(usize::try_from(auto).unwrap_or(usize::MAX))
    }

    /// How long the run is watched after the shutdown.
    pub fn until(&self) -> Duration {
        Duration::from_micros(self.number(Axis::Until).unwrap_or(0))
    }

    /// The seed of every random choice.
    pub fn seed(&self) -> u64 {
        self.number(Axis::Seed).unwrap_or(0)
    }

    /// Both directions of the link.
    pub fn link(&self) -> LinkConfig {
        LinkConfig {
            delay: Duration::from_micros(self.number(Axis::Delay).unwrap_or(0)),
            rate: self.number(Axis::Rate),
            queue: self.octets(Axis::Queue),
            loss: self.number(Axis::Loss).unwrap_or(0) as f64 / 1e6,
            ..LinkConfig::default()
        }
    }

    /// How the host that pushes behaves.
    pub fn sender(&self) -> Profile {
        let mut profile = self.side(Axis::Sender);
        match self.word(Axis::Congestion) {
            "none" => profile.send.initial_window = 0,
            "reno" => profile.send.congestion = Algorithm::Reno,
            "cubic" => profile.send.congestion = Algorithm::Cubic,
            _ => {}
        }
        profile
    }

    /// How the host behaves whose receive direction is shut down.
    pub fn receiver(&self) -> Profile {
        let mut profile = self.side(Axis::Receiver);
        match self.word(Axis::Acknowledge) {
            "normal" => profile.receive_shutdown.acknowledge = Acknowledge::Normal,
            "withhold" => profile.receive_shutdown.acknowledge = Acknowledge::Withhold,
            "duplicate" => profile.receive_shutdown.acknowledge = Acknowledge::Duplicate,
            _ => {}
        }
        match self.value(Axis::WindowScale) {
            Value::Word("off") => offer(&mut profile, SynOption::WindowScale, false),
            Value::Number(shift) => {
                offer(&mut profile, SynOption::WindowScale, true);
                profile.options.window_scale = shift as u8;
                profile.options.scale_to_buffer = false;
            }
            Value::Word(_) => {}
        }
        profile
    }

    /// What both hosts have in common.
    fn side(&self, axis: Axis) -> Profile {
        let name = self.word(axis);
        let mut profile = overrides::profile(name).expect("an axis takes what there is");
        for (axis, option) in [
            (Axis::Sack, SynOption::SackPermitted),
            (Axis::Timestamps, SynOption::Timestamps),
        ] {
            match self.word(axis) {
                "on" => offer(&mut profile, option, true),
                "off" => offer(&mut profile, option, false),
                _ => {}
            }
        }
        if let Some(mss) = self.number(Axis::Mss) {
            profile.options.mss = Some(u16::try_from(mss).unwrap_or(u16::MAX));
        }
        profile
    }

    /// The IP datagrams that a host sends, in octets at most: enough for the segments asked for.
    pub fn mtu(&self) -> usize {
        const ETHERNET: usize = 1500;
        const HEADERS: usize = 40;
        let mss = self.octets(Axis::Mss).unwrap_or(0);
        ETHERNET.max(mss + HEADERS)
    }

    /// The case in a line, as far as it is not what it would be if nothing were said.
    pub fn describe(&self) -> String {
        let said = Axis::all().filter(|axis| {
            matches!(axis, Axis::Sender | Axis::Receiver)
                || self.value(*axis) != axis.default_value()
        });
        let parts = said.map(|axis| format!("{} {}", axis.name(), axis.show(self.value(axis))));
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// Has a profile offer an option in its SYN, or not.
fn offer(profile: &mut Profile, option: SynOption, offered: bool) {
    let groups = &mut profile.options.syn;
    let has = groups.iter().flatten().any(|other| *other == option);
    if offered && !has {
        groups.push(vec![option]);
    } else if !offered {
        for group in groups.iter_mut() {
            group.retain(|other| *other != option);
        }
        groups.retain(|group| !group.is_empty());
    }
}
