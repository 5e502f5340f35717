//! `hangup check`

use super::args::Check;
use super::{Exit, report};
use crate::diagnostic::Colour;

pub(super) fn check(args: &Check, quiet: bool) -> Exit {
    let few = report::few_enough(&args.settings);
    let found = match few.and_then(|()| report::select(&args.paths)) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let mut worst = Exit::Held;
    let mut good = 0;
    for file in &found {
        match report::load(file, &args.settings) {
            Ok(scenarios) => {
                good += 1;
                let first = scenarios.first();
                for warning in &first.warnings {
                    report::complain(&first.source.render(warning, Colour::Ansi));
                }
            }
            Err((exit, text)) => {
                report::complain(&text);
                worst = worst.max(exit);
            }
        }
    }
    let total = found.len();
    if !quiet
        && let Err(exit) = report::print(&format!("{good} of {total} scenarios are well-formed\n"))
    {
        return exit;
    }
    worst
}
