//! What was measured on real systems, lined up with the scenarios that reproduce it.
//!
//! A table is a file in `linux-6.18/`: what a recorder saw of one run, row by row, in the notation
//! of traces (`table.rs`). Its scenario is run, and the trace is lined up with it (`lineup.rs`):
//! every packet of both directions and every recorded call must be there, in order, with the same
//! flags, numbers, lengths, windows and results, and each at its time, within 5 % or 10 ms. How far
//! times are off stands in `docs/measured.md`, which a test keeps as it is computed
//! (`document.rs`).

mod document;
mod lineup;
mod table;

use std::path::{Path, PathBuf};

use hangup::capture::text;
use hangup::run::run;
use hangup::scenario::script::Subject;
use hangup::scenario::{Scenario, Stack};
use lineup::{Deviations, Lineup, Traced};
use table::{Part, Table, What};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All tables, in the order of their names.
fn tables() -> Vec<Table> {
    let folder = root().join("tests/measured/linux-6.18");
    let entries = std::fs::read_dir(&folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort();
    let table = |path: &PathBuf| {
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let text = std::fs::read_to_string(path).expect("it can be read");
        let name = name.expect("names are plain");
        Table::parse(name, &text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    paths.iter().map(table).collect()
}

/// Runs a scenario of a table.
fn trace(table: &Table, part: &Part) -> Traced {
    let path = format!("scenarios/{}.toml", part.scenario);
    let octets = std::fs::read(root().join(&path))
        .unwrap_or_else(|error| panic!("{}: {path}: {error}", table.name));
    let scenario = Scenario::parse(Path::new(&path), octets).unwrap_or_else(|bad| panic!("{bad}"));
    let outcome = run(&scenario, None);
    assert!(
        outcome.failures.is_empty(),
        "{path}: {:?}",
        outcome.failures
    );
    let summary = outcome.summary(&part.scenario, "");
    let rendered = text::render(&outcome.trace(&summary), outcome.vantage());
    let scripted = scenario
        .hosts
        .iter()
        .filter(|host| matches!(host.stack, Stack::Scripted))
        .map(|host| host.name.value.clone());
    let source = std::fs::read_to_string(root().join(&path)).expect("it was just read");
    Traced::parse(&rendered, scripted, expects(&scenario, &source).into_iter())
}

/// What the script of a scenario expects of sockets, in its order, without the names of sockets.
fn expects(scenario: &Scenario, source: &str) -> Vec<What> {
    let mut found = Vec::new();
    for statement in &scenario.script.statements {
        let Subject::Expect(expect) = &statement.subject else {
            continue;
        };
        for condition in &expect.conditions {
            let text = &source[condition.span.start..condition.span.end];
            let text = text.split_once('.').map_or(text, |(_, text)| text);
            found.push(What::Expect(format!("{}: {text}", expect.host.value)));
        }
    }
    found
}

/// Every part of every table with what its scenario made of it.
fn lined_up(tables: &[Table]) -> Vec<(Part, &Table, Result<Deviations, String>)> {
    tables
        .iter()
        .flat_map(|table| table.parts.iter().map(move |part| (part, table)))
        .map(|(part, table)| {
            let deviations = Lineup::new(table, part, &trace(table, part)).compare();
            (part.clone(), table, deviations)
        })
        .collect()
}

#[test]
fn every_table_is_reproduced() {
    let tables = tables();
    let lined_up = lined_up(&tables);
    assert!(!lined_up.is_empty(), "there are tables");
    let wrong: Vec<String> = lined_up
        .iter()
        .filter_map(|(part, table, result)| {
            let message = result.as_ref().err()?;
            Some(format!("{} ({}):\n{message}", table.name, part.scenario))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// `MEASURED=write cargo test --test measured` writes it.
#[test]
fn the_document_says_what_is_computed() {
    let tables = tables();
    let rows: Vec<(Part, &Table, Deviations)> = lined_up(&tables)
        .into_iter()
        .filter_map(|(part, table, result)| Some((part, table, result.ok()?)))
        .collect();
    let path = root().join("docs/measured.md");
    let present = std::fs::read_to_string(&path).expect("the document is there");
    let computed = document::with_table(&present, &rows).expect("the document has its marks");
    if std::env::var_os("MEASURED").is_some_and(|value| value == "write") {
        std::fs::write(&path, computed).expect("the document can be written");
        return;
    }
    assert!(
        present == computed,
        "docs/measured.md is stale: review `MEASURED=write cargo test --test measured`, which \
         makes its table\n{}",
        document::table(&rows)
    );
}
