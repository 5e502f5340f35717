//! The progress of a long sweep, on standard error and only where that is a terminal.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::cli::report;

/// How often the bar is drawn anew, a second.
const DRAWS: u8 = 10;

/// The narrowest terminal that has room for a bar.
const BAR_LEAST: u16 = 80;

/// Whole rows a second.
fn rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    // The bar shows nothing where it cannot be written.
    let _ = write!(out, "{:.0}/s", state.per_sec());
}

/// A bar for so many rows. Where standard error is no terminal, nothing is drawn.
pub(super) fn bar(rows: u64, quiet: bool) -> ProgressBar {
    let target = if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr_with_hz(DRAWS)
    };
    let bar = ProgressBar::with_draw_target(Some(rows), target);
    let template = match report::width() < BAR_LEAST {
        true => "{pos}/{len} rows, {eta} left",
        false => "{bar:30} {pos}/{len} rows, {rate}, {eta} left",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.with_key("rate", rate));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
