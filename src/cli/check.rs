//! `hangup check`

use super::args::Check;
use super::{Exit, report};

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
            Ok(_) => good += 1,
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
