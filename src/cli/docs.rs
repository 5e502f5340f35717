//! `hangup docs`: the documents that are shipped inside the program.

use std::path::{Path, PathBuf};

use super::args::Docs;
use super::failure::{Failure, usage};
use super::{Exit, report};
use crate::language::names::nearest;
use crate::shipped;

/// Where the documents are in the repository.
const ROOT: &str = "docs";

/// # Errors
/// There is no such document.
pub(super) fn docs(args: &Docs) -> Result<Exit, Failure> {
    let names: Vec<String> = shipped::under(Path::new(ROOT)).filter_map(name).collect();
    let text = match &args.name {
        None => list(&names),
        Some(asked) => {
            let asked = asked.trim_start_matches("docs/").trim_end_matches(".md");
            read(asked).ok_or_else(|| usage(unknown(asked, &names)))?
        }
    };
    report::print(&text)?;
    Ok(Exit::Held)
}

/// The name of a document: where it is under `docs/`, without its extension.
fn name(path: &Path) -> Option<String> {
    if path.extension()? != "md" {
        return None;
    }
    let name = path.strip_prefix(ROOT).ok()?.with_extension("");
    Some(name.to_string_lossy().into_owned())
}

fn read(name: &str) -> Option<String> {
    let mut path = PathBuf::from(ROOT).join(name).into_os_string();
    path.push(".md");
    let octets = shipped::read(Path::new(&path))?;
    Some(String::from_utf8_lossy(octets).into_owned())
}

/// Every document in a line, with its title.
fn list(names: &[String]) -> String {
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let line = |name: &String| {
        let text = read(name).unwrap_or_default();
        let title = text.lines().find_map(|line| line.strip_prefix("# "));
        let line = format!("{name:width$}  {}", title.unwrap_or_default());
        format!("{}\n", line.trim_end())
    };
    names.iter().map(line).collect()
}

fn unknown(asked: &str, names: &[String]) -> String {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    match nearest(asked, &known) {
        Some(nearest) => format!("there is no document `{asked}`: did you mean `{nearest}`?"),
        None => format!("there is no document `{asked}`; `hangup docs` lists them"),
    }
}
