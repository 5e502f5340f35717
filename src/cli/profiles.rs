//! `hangup profiles`

use std::fmt::Write;

use hangup_stack::profile::{Api, Mark, Origin, Profile, origins};
use serde_json::{Value as Json, json};
use toml::{Table, Value};

use super::args::Profiles;
use super::failure::{Failure, usage};
use super::{Exit, report};
use crate::language::names::nearest;

pub(super) fn profiles(args: &Profiles) -> Result<Exit, Failure> {
    if args.json {
        let json = match &args.name {
            None => Profile::names().iter().filter_map(|it| json(it)).collect(),
            Some(name) => json(name).ok_or_else(|| usage(unknown(name)))?,
        };
        report::print(&format!("{json:#}\n"))?;
        return Ok(Exit::Held);
    }
    let text = match &args.name {
        None => all(),
        Some(name) => one(name, args.why).ok_or_else(|| usage(unknown(name)))?,
    };
    report::print(&text)?;
    Ok(Exit::Held)
}

/// Every profile in a line: what it is, and how its values are known.
fn all() -> String {
    let mut rows = vec![
        ["profile", "what it is", "calls"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows[0].extend(Mark::ALL.map(|mark| mark.name().to_owned()));
    for &name in Profile::names() {
        let Some(profile) = Profile::built_in(name) else {
            continue;
        };
        let mut shown = name.to_owned();
        for (alias, _) in Profile::aliases().iter().filter(|(_, it)| *it == name) {
            let _ = write!(shown, ", {alias}");
        }
        let calls = match profile.api {
            Api::Posix => "POSIX",
            Api::Winsock => "Winsock",
        };
        let origins = origins(name).unwrap_or_default();
        let counts = Mark::ALL.map(|mark| {
            let known_so = |origin: &&Origin| origin.standing() == mark;
            origins.iter().filter(known_so).count().to_string()
        });
        let mut row = vec![shown, profile.title, calls.to_owned()];
        row.extend(counts);
        rows.push(row);
    }
    columns(&rows)
}

/// A profile with every value, how it is known and where it is from. None: there is no such
/// profile.
fn json(name: &str) -> Option<Json> {
    let profile = Profile::built_in(name)?;
    let values: Table = profile.to_toml().parse().ok()?;
    let value = |origin: &Origin| {
        json!({
            "knob": origin.knob,
            "value": value_of(&values, &origin.knob),
            "known": origin.standing().name(),
            "from": format!("{}.toml", origin.profile),
            "source": origin.source,
        })
    };
    let aliases = Profile::aliases().iter().filter(|(_, it)| *it == name);
    Some(json!({
        "name": name,
        "aliases": aliases.map(|(alias, _)| *alias).collect::<Vec<_>>(),
        "title": profile.title,
        "calls": match profile.api {
            Api::Posix => "posix",
            Api::Winsock => "winsock",
        },
        "values": origins(name)?.iter().map(value).collect::<Vec<_>>(),
    }))
}

/// Rows with their columns under each other; the numbers at the end of a row are right-aligned.
fn columns(rows: &[Vec<String>]) -> String {
    const WORDS: usize = 3;
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = width(column);
            if column < WORDS {
                format!("{cell:width$}")
            } else {
                format!("{cell:>width$}")
            }
        });
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

/// A profile as a section of a scenario, every value of it; with `why`, where each is from. None
/// where there is no such profile.
fn one(name: &str, why: bool) -> Option<String> {
    let profile = Profile::built_in(name)?;
    let origins = origins(name)?;
    let values: Table = profile.to_toml().parse().ok()?;
    let ours = format!("my-{}", name.replace('.', "-"));
    let mut text = format!(
        "# Every value of {name}, for the end of a scenario: hosts.NAME.profile = \"{ours}\".\n\
         [profiles.{ours}]\nextends = \"{name}\"\ntitle = {}\n",
        Value::String(profile.title)
    );
    let mut section = "";
    for origin in &origins {
        let (group, key) = origin.knob.split_once('.').unwrap_or(("", &origin.knob));
        if group != section {
            section = group;
            let _ = write!(text, "\n[profiles.{ours}.{section}]\n");
        }
        let value = value_of(&values, &origin.knob)?;
        let _ = write!(text, "{key} = {value}");
        if why {
            let _ = write!(text, " # {}", reason(origin));
        }
        text.push('\n');
    }
    Some(text)
}

/// Where a value is from: how it is known, its file, and what stands behind it there.
fn reason(origin: &Origin) -> String {
    let Origin {
        knob: _,
        profile,
        mark,
        source,
        inherited,
    } = origin;
    let mut text = match inherited {
        Some(_) => format!("{}, from {profile}.toml", origin.standing().name()),
        None => format!("{}, {profile}.toml", mark.name()),
    };
    if inherited.is_some() && origin.standing() != *mark {
        let _ = write!(text, ", {} there", mark.name());
    }
    if !source.is_empty() {
        let _ = write!(text, ": {source}");
    }
    text
}

/// The value at a dotted name.
fn value_of<'t>(table: &'t Table, knob: &str) -> Option<&'t Value> {
    let (path, last) = knob.rsplit_once('.').unwrap_or(("", knob));
    let mut place = table;
    for key in path.split('.').filter(|key| !key.is_empty()) {
        place = place.get(key)?.as_table()?;
    }
    place.get(last)
}

pub(super) fn unknown(name: &str) -> String {
    let mut known: Vec<&str> = Profile::names().to_vec();
    known.extend(Profile::aliases().iter().map(|(alias, _)| *alias));
    match nearest(name, &known) {
        Some(nearest) => format!("there is no profile `{name}`: did you mean `{nearest}`?"),
        None => format!(
            "there is no profile `{name}`; there are {}",
            known.join(", ")
        ),
    }
}
