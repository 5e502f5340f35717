//! The checks of the fuzz targets, on a compiler and a machine without a fuzzer: over their corpus,
//! over what stands in the scenarios, and over both with changes.
//!
//! `HANGUP_FUZZ_CASES=100000` tries more changes than an ordinary run has time for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod any_filter;
#[cfg(target_os = "linux")]
mod any_live;
mod any_plan;
mod any_rows;
mod any_run;
mod any_scenario;
mod any_script;
mod any_sections;
mod mutate;

use std::path::{Path, PathBuf};

use mutate::Mutations;

/// Every file of a kind under a folder of the repository.
fn files(folder: &str, extension: Option<&str>) -> Vec<Vec<u8>> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut paths: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().and_then(|it| it.to_str()) == extension {
                paths.push(path);
            }
        }
    }
    // The order of the file system must not decide what is tried.
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// What stands between two marks in each scenario.
fn pieces(begin: &str, end: &str) -> Vec<Vec<u8>> {
    let scenarios = files("scenarios", Some("toml"));
    let mut pieces = Vec::new();
    for scenario in &scenarios {
        let text = String::from_utf8_lossy(scenario);
        let mut rest = text.as_ref();
        while let Some((_, inner)) = rest.split_once(begin) {
            let Some((piece, behind)) = inner.split_once(end) else {
                break;
            };
            pieces.push(piece.as_bytes().to_vec());
            rest = behind;
        }
    }
    let count = pieces.len();
    assert!(count > 50, "the scenarios have {count} of them");
    pieces
}

/// Tries the corpus of a target, and so many changes of it and of `more`.
fn holds(target: &str, more: Vec<Vec<u8>>, cases: usize, check: fn(&[u8])) {
    let own = files(&format!("fuzz/corpus/{target}"), None);
    assert!(own.len() >= 5, "{target} has a corpus of {}", own.len());
    own.iter().for_each(|it| check(it));
    let corpus = [own, more].concat();
    let cases = match std::env::var("HANGUP_FUZZ_CASES") {
        Ok(asked) => asked.parse().unwrap(),
        Err(_) => cases,
    };
    for (number, case) in Mutations::new(&corpus).take(cases).enumerate() {
        if let Err(panic) = std::panic::catch_unwind(|| check(&case)) {
            eprintln!(
                "{target}, case {number}:\n{}",
                String::from_utf8_lossy(&case)
            );
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn any_scenario_file() {
    let scenarios = files("scenarios", Some("toml"));
    holds("scenario_file", scenarios, 800, any_scenario::check);
}

#[test]
fn any_script() {
    holds("script", pieces("'''", "'''"), 2000, any_script::check);
}

#[test]
fn any_filter() {
    holds(
        "filter",
        pieces("filter = \"", "\"\n"),
        10_000,
        any_filter::check,
    );
}

#[test]
fn any_plan() {
    holds("plan", Vec::new(), 1000, any_plan::check);
}

#[test]
fn any_rows() {
    holds("rows", Vec::new(), 1000, any_rows::check);
}

#[test]
fn any_sections() {
    holds(
        "sections",
        pieces("[hosts", "\n["),
        1500,
        any_sections::check,
    );
}

#[test]
fn any_run() {
    let scenarios = files("scenarios", Some("toml"));
    holds("run", scenarios, 400, any_run::check);
}

#[cfg(target_os = "linux")]
#[test]
fn any_live() {
    holds("live", Vec::new(), 2000, any_live::check);
}
