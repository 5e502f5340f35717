//! Rules for dependencies.

use std::collections::BTreeSet;

use crate::files::{Repository, TextFile};
use crate::violation::Violation;

/// Words that a reason has, at the least.
const REASON_WORDS_MIN: usize = 3;

/// The names of all crates that the manifests ask for, our own left out.
pub(crate) fn dependencies<'a>(manifests: impl Iterator<Item = &'a TextFile>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for manifest in manifests {
        collect(&read(manifest), &mut names);
    }
    names.retain(|name| name != "hangup" && !name.starts_with("hangup-"));
    names
}

fn read(manifest: &TextFile) -> toml::Table {
    let table = manifest.text.parse();
    table.unwrap_or_else(|error| panic!("{}: {error}", manifest.path))
}

/// Adds the keys of every table of dependencies, wherever it is (`workspace`, `target.'cfg(...)'`).
fn collect(table: &toml::Table, names: &mut BTreeSet<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else {
            continue;
        };
        if ["dependencies", "dev-dependencies", "build-dependencies"].contains(&key.as_str()) {
            names.extend(inner.keys().cloned());
        } else {
            collect(inner, names);
        }
    }
}

/// The folders in which Cargo finds targets by itself: each file, and each folder with a `main.rs`.
const TARGET_FOLDERS: [&str; 4] = ["src/bin", "tests", "benches", "examples"];

/// The root files of everything that Cargo builds: named in the manifests, or found by their place.
pub(crate) fn targets(repository: &Repository) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    for manifest in repository.manifests() {
        let package = manifest.path.strip_suffix("Cargo.toml").unwrap_or_default();
        for path in repository.paths() {
            let Some(place) = path.strip_prefix(package) else {
                continue;
            };
            let is_found = TARGET_FOLDERS.iter().any(|folder| {
                let inside = place
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/'));
                inside.is_some_and(|name| match name.split_once('/') {
                    Some((_, name)) => name == "main.rs",
                    None => name.ends_with(".rs"),
                })
            });
            if is_found || ["src/lib.rs", "src/main.rs", "build.rs"].contains(&place) {
                roots.insert(path.clone());
            }
        }
        let table = read(manifest);
        for kind in ["bin", "test", "bench", "example"] {
            let named = table.get(kind).and_then(toml::Value::as_array);
            let named = named.into_iter().flatten();
            let paths = named.filter_map(|target| target.get("path")?.as_str());
            roots.extend(paths.map(|path| format!("{package}{path}")));
        }
    }
    roots
}

/// Crates without a reason in the note, and reasons for crates that are gone.
///
/// A row of the note's tables names its crates in backticks in the first cell; the last cell is the
/// reason.
pub(crate) fn unexplained(names: &BTreeSet<String>, path: &str, note: &str) -> Vec<Violation> {
    let violation = |line: usize, message: String| Violation {
        path: path.to_owned(),
        line,
        message,
    };
    let mut violations = Vec::new();
    let mut explained = BTreeSet::new();
    for (index, line) in note.lines().enumerate() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').collect();
        if !line.starts_with("| `") || cells.len() < 2 {
            continue;
        }
        let reason = cells[cells.len() - 1].split_whitespace().count();
        for name in cells[0].split('`').skip(1).step_by(2) {
            if !names.contains(name) {
                violations.push(violation(
                    index + 1,
                    format!("{name} is no dependency any more"),
                ));
            }
            if reason < REASON_WORDS_MIN {
                violations.push(violation(index + 1, format!("{name} has no reason")));
            }
            explained.insert(name.to_owned());
        }
    }
    for name in names.difference(&explained) {
        violations.push(violation(
            0,
            format!("{name} has no row: say why it is here"),
        ));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_found_in_every_table() {
        let text = "[workspace.dependencies]\na = '1'\n\
                    [dev-dependencies]\nb = '1'\nhangup-stack = '1'\n\
                    [target.'cfg(unix)'.dependencies]\nc = { version = '1' }\n\
                    [package]\nname = 'd'\n";
        let manifest = TextFile {
            path: "Cargo.toml".to_owned(),
            text: text.to_owned(),
        };
        let names: Vec<String> = dependencies([manifest].iter()).into_iter().collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn each_crate_needs_a_reason() {
        let names: BTreeSet<String> = ["a", "b"].map(str::to_owned).into();
        let check = |note: &str| unexplained(&names, "note.md", note).len();
        assert_eq!(check("| `a`, `b` | for x | they do it well |\n"), 0);
        assert_eq!(check("| `a` | for x | they do it well |\n"), 1);
        assert_eq!(check("| `a`, `b`, `c` | for x | they do it well |\n"), 1);
        assert_eq!(
            check("| `a` | for x | they do it well |\n| `b` | for x | |\n"),
            1
        );
        assert_eq!(check("`a` and `b` are nice crates to have.\n"), 2);
    }
}
