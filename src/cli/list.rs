//! `hangup list`

use serde_json::{Value, json};

use super::args::List;
use super::failure::Failure;
use super::{Exit, packetdrill, report};
use crate::diagnostic::clean;
use crate::language::cells::{padded, widest};
use crate::packetdrill::{PlayOptions, Script};
use crate::scenario::discover::Found;

/// # Errors
/// Why nothing can be listed.
pub(super) fn list(args: &List) -> Result<Exit, Failure> {
    let scripts = packetdrill::select(&args.paths)?;
    let scenarios = match packetdrill::other_paths(&args.paths, &scripts) {
        Some(paths) => report::select(&paths)?,
        None => Vec::new(),
    };
    let options = packetdrill::options(&args.scripts)?;
    if args.json {
        return json(&scenarios, &scripts, &options);
    }
    let files = scenarios.iter().chain(&scripts);
    let names: Vec<String> = files
        .map(|file| clean(&file.name.display().to_string()).into_owned())
        .collect();
    let width = widest(names.iter().map(String::as_str));
    let mut worst = Exit::Held;
    let mut say = |name: String, read: Result<String, Failure>| match read {
        Ok(claim) => report::print(&format!(
            "{}\n",
            format!("{}  {}", padded(&clean(&name), width), clean(&claim)).trim_end()
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

/// The list for programs. A file that cannot be read has its errors in place of a claim.
fn json(scenarios: &[Found], scripts: &[Found], options: &PlayOptions) -> Result<Exit, Failure> {
    let mut worst = Exit::Held;
    let mut listed = Vec::new();
    let mut add = |file: &Found, kind: &str, read: Result<(String, Vec<String>), Failure>| {
        let mut entry = json!({
            "name": file.name.display().to_string(),
            "file": file.path.display().to_string(),
            "kind": kind,
        });
        match read {
            Ok((claim, combinations)) => {
                entry["claim"] = claim.into();
                if combinations.len() > 1 {
                    entry["combinations"] = combinations.into();
                }
            }
            Err(failure) => {
                let text = anstream::adapter::strip_str(&failure.text).to_string();
                entry["error"] = text.into();
                worst = worst.max(failure.exit);
            }
        }
        listed.push(entry);
    };
    for file in scenarios {
        let read = report::load(file, &[]).map(|scenarios| {
            let claim = report::claim(scenarios.first()).to_owned();
            let names = (0..scenarios.len()).filter_map(|it| scenarios.combination(it));
            (claim, names.map(str::to_owned).collect())
        });
        add(file, "scenario", read);
    }
    for file in scripts {
        let read = Script::load(&file.path, options);
        let read = read.map(|script| (script.claim().to_owned(), Vec::new()));
        add(
            file,
            "script",
            read.map_err(|error| report::load_error(&error)),
        );
    }
    report::print(&format!("{:#}\n", Value::Array(listed)))?;
    Ok(worst)
}
