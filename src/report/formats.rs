//! The table of report formats.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::format::ReportFormat;
use super::{github, html, json, junit, tap, text};

/// Every format, in the order of the help; the first is the default.
static FORMATS: [ReportFormat; 6] = [
    text::FORMAT,
    json::FORMAT,
    junit::FORMAT,
    tap::FORMAT,
    github::FORMAT,
    html::FORMAT,
];

impl Default for ReportFormat {
    fn default() -> Self {
        FORMATS[0]
    }
}

impl ValueEnum for ReportFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.about))
    }
}
