//! `hangup list`

use super::args::List;
use super::{Exit, report};

pub(super) fn list(args: &List) -> Exit {
    let found = match report::select(&args.paths) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let mut worst = Exit::Held;
    let width = found
        .iter()
        .map(|file| file.name.display().to_string().len())
        .max()
        .unwrap_or(0);
    for file in &found {
        match report::load(file, &[]) {
            Ok(scenarios) => {
                let name = file.name.display().to_string();
                let claim = report::claim(scenarios.first());
                let times = match scenarios.len() {
                    1 => String::new(),
                    count => format!(" ({count} combinations)"),
                };
                if let Err(exit) = report::print(&format!("{name:width$}  {claim}{times}\n")) {
                    return exit;
                }
            }
            Err((exit, text)) => {
                report::complain(&text);
                worst = worst.max(exit);
            }
        }
    }
    worst
}
