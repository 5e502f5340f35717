//! docs/systems.md says of each system what its profile says, and names the scenarios that show it.
//! `REFERENCE=write cargo test --test systems` renews which systems stand in which row of its
//! tables, and how each value is known.

use std::collections::BTreeSet;
use std::path::Path;

use hangup::scenario::Scenario;
use hangup::scenario::discover::discover;
use hangup_stack::profile::{Api, Mark, Profile, Transport, origins};
use toml::{Table, Value};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    let path = root().join("docs/systems.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    if std::env::var("REFERENCE").as_deref() == Ok("write") {
        let renewed = renewed(&page);
        if renewed != page {
            std::fs::write(&path, &renewed).expect("the page can be written");
        }
        return renewed;
    }
    page
}

/// The page with the systems of each row, and the numbers, as the profiles have them.
fn renewed(page: &str) -> String {
    let (mut knob, mut columns): (&str, Option<Vec<&str>>) = ("", None);
    let mut lines = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("Knob `") {
            knob = rest.split('`').next().unwrap_or("");
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let is_rule = cells.iter().all(|cell| cell.starts_with("---"));
        match (&cells[..], &columns) {
            _ if !line.starts_with('|') => columns = None,
            (["knob", systems @ ..], _) => columns = Some(systems.to_vec()),
            (["value", ..], _) => columns = Some(Vec::new()),
            ([written, told, _, shown], Some(systems)) if systems.is_empty() && !is_rule => {
                let who = answering(knob, written.trim_matches('`'), shown);
                lines.push(format!("| {written} | {told} | {who} | {shown} |"));
                continue;
            }
            ([name, ..], Some(systems)) if !systems.is_empty() && !is_rule => {
                let number = |system: &&str| {
                    let (is, known) = value(system, name.trim_matches('`'));
                    format!("{is} {}", known.name()[..1].to_uppercase())
                };
                let numbers: Vec<String> = systems.iter().map(number).collect();
                lines.push(format!("| {name} | {} |", numbers.join(" | ")));
                continue;
            }
            _ => {}
        }
        lines.push(line.to_owned());
    }
    lines.join("\n") + "\n"
}

/// The systems that have a value of a knob, as a cell of the page.
fn answering(knob: &str, written: &str, shown: &str) -> String {
    let shown: BTreeSet<String> = links(shown).iter().flat_map(|it| profiles_in(it)).collect();
    let order = Profile::names().iter().filter_map(|name| {
        let bare = name.split('-').next().unwrap_or(name);
        let is_first = *name == bare || !is_version(name);
        (is_first && systems().contains(bare)).then_some(bare)
    });
    let cells = order.filter(|system| !is_left_out(system, knob));
    let cells = cells.filter_map(|system| {
        let (is, known) = value(system, knob);
        let star = if shown.contains(system) { "" } else { "*" };
        (is == written).then(|| format!("{star}{system}{star} ({})", known.name()))
    });
    cells.collect::<Vec<_>>().join(", ")
}

/// Without the call, or in another interface, there is nothing to tell of a system.
fn is_left_out(system: &str, knob: &str) -> bool {
    let no_call = knob.starts_with("udp.")
        && knob != "udp.shutdown"
        && value(system, "udp.shutdown").0 == "unsupported";
    no_call || (knob.starts_with("winsock.") && built_in(system).api != Api::Winsock)
}

fn built_in(name: &str) -> Profile {
    Profile::built_in(name).expect("the profile is built in")
}

/// The systems of the page: what runs our endpoint, and is no document.
fn systems() -> BTreeSet<String> {
    let documents = ["winsock", "wsprecvdisconnect"];
    let is_system = |name: &&str| {
        let profile = built_in(name);
        profile.transport == Transport::Hangup && !documents.contains(name)
    };
    let names = Profile::names().iter().copied().filter(is_system);
    // The page leaves the version out.
    names
        .map(|name| name.split('-').next().unwrap_or(name).to_owned())
        .collect()
}

/// A knob's value as the page writes it, and how it is known.
fn value(system: &str, knob: &str) -> (String, Mark) {
    let profile: Table = built_in(system).to_toml().parse().expect("it is TOML");
    let value = knob.split('.').fold(Value::Table(profile), |table, key| {
        let value = table.get(key).unwrap_or_else(|| panic!("no knob {knob}"));
        value.clone()
    });
    let written = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let origins = origins(system).expect("the profile is built in");
    let origin = origins.iter().find(|origin| origin.knob == knob);
    let origin = origin.unwrap_or_else(|| panic!("nothing is said of {knob}"));
    (written, origin.standing())
}

/// The files that a text links to, from the top of the repository.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](../").skip(1);
    targets
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// The profiles of the hosts of a scenario.
fn profiles_in(path: &str) -> BTreeSet<String> {
    let scenario = Scenario::load(&root().join(path)).unwrap_or_else(|error| panic!("{error}"));
    let hosts = scenario.hosts.iter();
    hosts.map(|host| host.profile_name.value.clone()).collect()
}

/// A table with one answer a row: `| value | what it does | systems | shown by |`.
fn check_answers(knob: &str, rows: &[Vec<&str>], problems: &mut Vec<String>) {
    let mut answered = BTreeSet::new();
    for row in rows {
        let [written, _, told, shown] = row[..] else {
            problems.push(format!("{knob}: {row:?} has not four cells"));
            continue;
        };
        let written = written.trim_matches('`');
        let shown: BTreeSet<String> = links(shown).iter().flat_map(|it| profiles_in(it)).collect();
        for cell in told.split(", ") {
            let (name, mark) = cell.split_once(" (").unwrap_or((cell, ""));
            let (system, mark) = (name.trim_matches('*'), mark.trim_end_matches(')'));
            if Profile::built_in(system).is_none() {
                problems.push(format!("{knob}: there is no system {cell:?}"));
                continue;
            }
            let (is, known) = value(system, knob);
            if (written, mark) != (is.as_str(), known.name()) {
                problems.push(format!("{knob}: {system} is `{is}`, {}", known.name()));
            }
            match (shown.contains(system), name.starts_with('*')) {
                (true, true) => problems.push(format!("{knob}: {system} is shown: no italics")),
                (false, false) => problems.push(format!("{knob}: {system} is in no scenario here")),
                (true, false) | (false, true) => {}
            }
            if !answered.insert(system.to_owned()) {
                problems.push(format!("{knob}: {system} is told twice"));
            }
        }
    }
    for system in systems().difference(&answered) {
        if !is_left_out(system, knob) {
            problems.push(format!("{knob}: {system} is missing"));
        }
    }
}

/// A table with one knob a row and one system a column: `| knob | linux | ... |`.
fn check_numbers(systems: &[&str], rows: &[Vec<&str>], problems: &mut Vec<String>) {
    for row in rows {
        let knob = row[0].trim_matches('`');
        for (system, cell) in systems.iter().zip(&row[1..]) {
            let (is, known) = value(system, knob);
            let right = format!("{is} {}", known.name()[..1].to_uppercase());
            if *cell != right {
                problems.push(format!("{knob}: of {system} write `{right}`, not `{cell}`"));
            }
        }
    }
}

/// Whether a profile is another version of a system that has its bare name.
fn is_version(name: &str) -> bool {
    let bare = name.split_once('-').map(|(bare, _)| bare);
    let stands_for = |bare: &str| {
        let aliases = hangup_stack::profile::aliases().iter();
        { aliases.filter(|(alias, _)| *alias == bare) }.any(|(_, newest)| *newest != name)
    };
    bare.is_some_and(|bare| Profile::names().contains(&bare) || stands_for(bare))
}

/// A table of versions has every knob in which they differ from the first column.
fn check_versions(columns: &[&str], rows: &[Vec<&str>], problems: &mut Vec<String>) {
    let told: BTreeSet<&str> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    for version in columns.iter().filter(|name| is_version(name)) {
        let origins = origins(version).expect("the profile is built in");
        let knobs = origins.into_iter().map(|origin| origin.knob);
        let missing = knobs
            .filter(|knob| !["name", "title"].contains(&knob.as_str()))
            .filter(|knob| value(version, knob).0 != value(columns[0], knob).0)
            .filter(|knob| !told.contains(knob.as_str()));
        problems.extend(missing.map(|knob| format!("{version}: {knob} is missing")));
    }
}

#[test]
fn every_version_of_a_system_has_its_column() {
    let page = page();
    for version in Profile::names().iter().filter(|name| is_version(name)) {
        assert!(page.contains(&format!(" {version} |")), "{version}");
    }
}

#[test]
fn the_page_says_what_the_profiles_say() {
    let page = page();
    let mut problems = Vec::new();
    let (mut knob, mut knobs) = ("", 0);
    let mut numbered = BTreeSet::new();
    let blocks = page.split("\n\n");
    for block in blocks {
        if let Some(rest) = block.strip_prefix("Knob `") {
            knob = rest.split('`').next().unwrap_or("");
            continue;
        }
        if !block.starts_with('|') {
            continue;
        }
        let mut rows = block.lines().map(|line| {
            let cells = line.trim_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<&str>>()
        });
        let header = rows.next().unwrap_or_default();
        let rows: Vec<Vec<&str>> = rows.skip(1).collect();
        match header[..] {
            ["value", ..] => {
                check_answers(knob, &rows, &mut problems);
                knobs += 1;
            }
            ["knob", ref systems @ ..] => {
                check_numbers(systems, &rows, &mut problems);
                check_versions(systems, &rows, &mut problems);
                numbered.extend(systems.iter().map(|&system| system.to_owned()));
            }
            _ => {}
        }
    }
    assert!(
        problems.is_empty(),
        "docs/systems.md:\n{}",
        problems.join("\n")
    );
    assert!(knobs > 15, "only {knobs} tables were found");
    numbered.retain(|name| !is_version(name));
    assert_eq!(
        numbered,
        systems(),
        "the tables of numbers have every system"
    );
}

#[test]
fn every_scenario_of_a_system_has_its_place() {
    let named: BTreeSet<String> = links(&page()).into_iter().collect();
    let missing: Vec<String> = discover(root(), &[])
        .expect("there are scenarios")
        .iter()
        .map(|found| found.path.display().to_string())
        .filter(|path| path.starts_with("scenarios/systems/") && !named.contains(path))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/systems.md does not name {missing:#?}"
    );
    let gone: Vec<&String> = named
        .iter()
        .filter(|path| !root().join(path).exists())
        .collect();
    assert!(gone.is_empty(), "docs/systems.md names {gone:#?}");
}

#[test]
fn every_system_is_played() {
    let found = discover(root(), &[]).expect("there are scenarios");
    let paths = found.iter().map(|found| found.path.display().to_string());
    let played: BTreeSet<String> = paths
        .filter(|path| path.starts_with("scenarios/systems/"))
        .flat_map(|path| profiles_in(&path))
        .collect();
    for system in systems() {
        assert!(played.contains(&system), "{system}");
    }
}
