//! `hangup check`

use super::args::Check;
use super::failure::Failure;
use super::{Exit, packetdrill, report};
use crate::diagnostic::Colour;
use crate::packetdrill::Script;
use crate::scenario::discover::Found;

/// # Errors
/// Why nothing was read.
pub(super) fn check(args: &Check, quiet: bool) -> Result<Exit, Failure> {
    report::few_enough(&args.settings)?;
    let scripts = packetdrill::select(&args.paths)?;
    let mut worst = Exit::Held;
    if let Some(paths) = packetdrill::other_paths(&args.paths, &scripts) {
        let found = report::select(&paths)?;
        let good = scenarios(args, &found, &mut worst);
        let total = found.len();
        report::say(
            &format!("{good} of {total} scenarios are well-formed\n"),
            !quiet,
            false,
        )?;
    }
    if !scripts.is_empty() {
        let text = self::scripts(args, &scripts, &mut worst)?;
        report::say(&text, !quiet, false)?;
    }
    Ok(worst)
}

/// Reads scenarios and says what is wrong with them; returns how many are well-formed.
fn scenarios(args: &Check, found: &[Found], worst: &mut Exit) -> usize {
    let mut good = 0;
    for file in found {
        match report::load(file, &args.settings) {
            Ok(scenarios) => {
                good += 1;
                let first = scenarios.first();
                for warning in &first.warnings {
                    report::complain(&first.source.render(warning, Colour::Ansi));
                }
            }
            Err(failure) => {
                report::complain(&failure.text);
                *worst = (*worst).max(failure.exit);
            }
        }
    }
    good
}

/// Reads scripts and says what is wrong with them, or cannot be played; returns the counts.
///
/// # Errors
/// What they are to be read with makes no sense.
fn scripts(args: &Check, found: &[Found], worst: &mut Exit) -> Result<String, Failure> {
    let options = packetdrill::options(&args.scripts)?;
    let (mut good, mut unsupported) = (0, 0);
    for file in found {
        match Script::load(&file.path, &options) {
            Ok(script) => {
                good += 1;
                for reason in &script.unsupported {
                    report::complain(&script.scenario.source.render(reason, Colour::Ansi));
                }
                unsupported += usize::from(!script.unsupported.is_empty());
            }
            Err(error) => {
                let failure = report::load_error(&error);
                report::complain(&failure.text);
                *worst = (*worst).max(failure.exit);
            }
        }
    }
    if unsupported > 0 && !args.allow_unsupported {
        *worst = (*worst).max(Exit::Usage);
    }
    let mut text = format!("{good} of {} scripts are well-formed", found.len());
    if unsupported > 0 {
        text.push_str(&format!(", {unsupported} of them unsupported"));
    }
    text.push('\n');
    Ok(text)
}
