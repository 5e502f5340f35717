//! `hangup list`

use super::args::List;
use super::failure::Failure;
use super::{Exit, packetdrill, report};
use crate::diagnostic::clean;
use crate::packetdrill::Script;

/// # Errors
/// Why nothing can be listed.
pub(super) fn list(args: &List) -> Result<Exit, Failure> {
    let scripts = packetdrill::select(&args.paths)?;
    let scenarios = match packetdrill::other_paths(&args.paths, &scripts) {
        Some(paths) => report::select(&paths)?,
        None => Vec::new(),
    };
    let options = packetdrill::options(&args.scripts)?;
    let files = scenarios.iter().chain(&scripts);
    let width = files
        .map(|file| file.name.display().to_string().len())
        .max()
        .unwrap_or(0);
    let mut worst = Exit::Held;
    let mut say = |name: String, read: Result<String, Failure>| match read {
        Ok(claim) => report::print(&format!(
            "{}\n",
            format!("{:width$}  {}", clean(&name), clean(&claim)).trim_end()
        )),
        Err(failure) => {
            report::complain(&failure.text);
            worst = worst.max(failure.exit);
            Ok(())
        }
    };
    for file in &scenarios {
        let read = report::load(file, &[]).map(|scenarios| {
            let claim = report::claim(scenarios.first());
            match scenarios.len() {
                1 => claim.to_owned(),
                count => format!("{claim} ({count} combinations)"),
            }
        });
        say(file.name.display().to_string(), read)?;
    }
    for file in &scripts {
        let read = Script::load(&file.path, &options);
        let read = read.map(|script| script.claim().to_owned());
        let read = read.map_err(|error| report::load_error(&error));
        say(file.name.display().to_string(), read)?;
    }
    Ok(worst)
}
