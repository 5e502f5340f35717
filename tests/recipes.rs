//! The recipes and the tutorial: the documents show what the program prints, and what they claim
//! holds whatever the network's delay is.
//!
//! `RECIPES=write cargo test --test recipes` renews what they show.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hangup::run::{Verdict, run};
use hangup::scenario::ScenarioFile;

/// What a block of commands begins with.
const PROMPT: &str = "$ hangup ";

/// The pages of the recipes, with the name of each.
fn pages() -> Vec<(String, PathBuf)> {
    let mut pages: Vec<(String, PathBuf)> = fs::read_dir("docs/recipes")
        .expect("there are recipes")
        .map(|entry| entry.expect("it can be read").path())
        .map(|path| {
            (
                path.file_stem()
                    .expect("it has a name")
                    .to_string_lossy()
                    .into_owned(),
                path,
            )
        })
        .filter(|(name, _)| name != "README")
        .collect();
    pages.sort();
    pages
}

/// The fenced blocks of a text: the language of each, and where its lines stand.
fn blocks(text: &str) -> Vec<(&str, std::ops::Range<usize>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if let Some(language) = line.trim_end().strip_prefix("```") {
            match open.take() {
                Some((language, start)) => blocks.push((language, start..at)),
                None => open = Some((language, end)),
            }
        }
        at = end;
    }
    blocks
}

/// A document whose blocks are what they should be.
fn renewed(text: &str, block: impl Fn(&str, &str) -> Option<String>) -> String {
    let mut renewed = String::new();
    let mut copied = 0;
    for (language, place) in blocks(text) {
        if let Some(new) = block(language, &text[place.clone()]) {
            renewed.push_str(&text[copied..place.start]);
            renewed.push_str(&new);
            copied = place.end;
        }
    }
    renewed.push_str(&text[copied..]);
    renewed
}

/// What the program prints, standard output and error together in this order.
fn printed(command: &str, folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_hangup"))
        .args(command.split_whitespace())
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program was built");
    let (errors, text) = (output.stderr, output.stdout);
    let text = [errors, text]
        .map(|it| String::from_utf8(it).expect("it prints text"))
        .concat();
    steady(&text)
}

/// The text without what differs between machines: how long a run took.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_inclusive(' ').collect();
        let is_time = |at: usize| {
            let number = words[at].trim_start_matches('(').trim_end();
            let unit = words.get(at + 1).map_or("", |unit| unit.trim_end());
            number.parse::<f64>().is_ok()
                && (unit.starts_with("ms") || unit == "s" && words[at].starts_with('('))
        };
        let mut shown = String::new();
        for (at, word) in words.iter().enumerate() {
            match is_time(at) {
                true if word.starts_with('(') => shown.push_str("(1.0 "),
                true => shown.push_str("1.0 "),
                false => shown.push_str(word),
            }
        }
        steady.push_str(shown.trim_end());
        steady.push('\n');
    }
    steady
}

fn compare(path: &Path, text: &str, renewed: &str) {
    if std::env::var_os("RECIPES").is_some_and(|it| it == "write") {
        fs::write(path, renewed).expect("it can be written");
    } else {
        assert_eq!(
            text,
            renewed,
            "{}: renew it with RECIPES=write cargo test --test recipes",
            path.display()
        );
    }
}

#[test]
fn each_recipe_has_its_page_and_the_page_shows_it() {
    let pages = pages();
    let mut scenarios: Vec<String> = fs::read_dir("scenarios/recipes")
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    scenarios.sort();
    let names: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
    assert_eq!(names, scenarios.iter().collect::<Vec<_>>());
    for (name, path) in &pages {
        let text = fs::read_to_string(path).unwrap();
        let scenario = fs::read_to_string(format!("scenarios/recipes/{name}.toml")).unwrap();
        let shown = renewed(&text, |language, block| match language {
            "toml" => Some(scenario.clone()),
            _ => {
                let command = block.lines().next()?.strip_prefix(PROMPT)?;
                let text = printed(command, Path::new("."));
                Some(format!("{PROMPT}{command}\n{}", text.trim_end_matches('\n')) + "\n")
            }
        });
        let shows = |what: &str| {
            blocks(&text)
                .iter()
                .any(|(_, it)| text[it.clone()].starts_with(what))
        };
        assert!(
            shows(&format!("{PROMPT}show recipes/{name} ")),
            "{name}: no ladder"
        );
        compare(path, &text, &shown);
    }
}

#[test]
fn recipes_hold_at_any_delay() {
    for (name, _) in pages() {
        let path = PathBuf::from(format!("scenarios/recipes/{name}.toml"));
        for milliseconds in [0, 1, 11, 300] {
            let setting = format!("network.delay={milliseconds}ms").parse().unwrap();
            let file = ScenarioFile::load(&path, &[setting]).unwrap();
            let outcome = run(file.first(), None);
            let failures: Vec<&str> = outcome
                .failures
                .iter()
                .map(|it| it.message.as_str())
                .collect();
            assert_eq!(
                outcome.verdict(),
                Verdict::Held,
                "{name}, {milliseconds} ms: {failures:?}"
            );
        }
    }
}

/// The tutorial is gone through as a reader does: each file is written as it is shown, each command
/// is given in the same folder, and prints what the tutorial shows.
#[test]
fn the_tutorial_can_be_followed() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tutorial");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let path = Path::new("docs/tutorial.md");
    let text = fs::read_to_string(path).unwrap();
    let commands = Cell::new(0);
    let shown = renewed(&text, |language, block| {
        if language == "toml" {
            fs::write(folder.join("mine.toml"), block).unwrap();
            return None;
        }
        let command = block.lines().next()?.strip_prefix(PROMPT)?;
        commands.set(commands.get() + 1);
        let text = printed(command, &folder);
        Some(format!(
            "{PROMPT}{command}\n{}\n",
            text.trim_end_matches('\n')
        ))
    });
    assert!(commands.get() > 3, "the tutorial gives commands");
    compare(path, &text, &shown);
}
