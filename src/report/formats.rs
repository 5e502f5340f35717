//! The formats that there are.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::format::Format;
use super::{github, json, junit, tap, text};

/// Every format, in the order of the help; the first is the default.
static FORMATS: [Format; 5] = [
    text::FORMAT,
    json::FORMAT,
    junit::FORMAT,
    tap::FORMAT,
    github::FORMAT,
];

impl Default for Format {
    fn default() -> Self {
        FORMATS[0]
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.about))
    }
}
