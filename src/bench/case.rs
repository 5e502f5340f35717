//! A case: one value of each axis, and the setup of a run that follows from these values.

use super::axis::Axis;
use super::setup::Setup;
use super::value::Value;

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
        self.value(axis).number()
    }

    /// The word of an axis; empty where it has a number.
    pub fn word(&self, axis: Axis) -> &'static str {
        self.value(axis).word()
    }

    /// What its run is made of.
    pub fn setup(&self) -> Setup {
        let mut setup = Setup::new();
        for axis in Axis::all() {
            axis.apply(&mut setup, self.value(axis));
        }
        setup
    }

    /// The case in a line, as far as it is not what it would be if nothing were said.
    pub fn describe(&self) -> String {
        let said = Axis::all().filter(|axis| {
            matches!(axis, Axis::Sender | Axis::Receiver)
                || self.value(*axis) != axis.default_value()
        });
        let parts = said.map(|axis| format!("{} {}", axis.name(), axis.tell(self.value(axis))));
        parts.collect::<Vec<_>>().join(", ")
    }
}
