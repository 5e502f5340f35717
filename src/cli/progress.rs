//! The progress of a long run, on a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::diagnostic::clean;

/// A run that is over sooner shows nothing.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// A line on standard error, where that is a terminal.
pub(super) struct ProgressLine {
    bar: ProgressBar,
    started: Instant,
    quiet: bool,
}

impl ProgressLine {
    pub(super) fn new(total: usize, quiet: bool) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        // The form is ours, so it can be read; without it there would be another one.
        if let Ok(style) = ProgressStyle::with_template("{pos} of {len}, {elapsed}: {wide_msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            started: Instant::now(),
            quiet,
        }
    }

    /// Does something that prints, with the line out of its way.
    pub(super) fn aside<T>(&self, action: impl FnOnce() -> T) -> T {
        self.bar.suspend(action)
    }

    /// One more is done.
    pub(super) fn step(&self, name: &str) {
        self.bar.inc(1);
        self.bar.set_message(clean(name).into_owned());
        self.tick();
    }

    /// Time has gone by.
    pub(super) fn tick(&self) {
        if !self.quiet && self.bar.is_hidden() && self.started.elapsed() >= SHOWN_AFTER {
            // Where standard error is no terminal, this one draws nothing.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.tick();
    }

    /// All are done.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
