//! The progress of a long sweep, on standard error and only where that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the bar is drawn anew, a second.
const DRAWS: u8 = 10;

/// A bar for so many rows. Where standard error is no terminal, nothing is drawn.
pub(super) fn bar(rows: u64, quiet: bool) -> ProgressBar {
    let target = if quiet {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr_with_hz(DRAWS)
    };
    let bar = ProgressBar::with_draw_target(Some(rows), target);
    let template = "{bar:30} {pos}/{len} rows  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
