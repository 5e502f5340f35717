//! The table of `docs/measured.md`.

use super::lineup::Deviations;
use super::table::{Part, Table};

const BEGIN: &str = "<!-- computed by tests/measured -->\n";
const END: &str = "<!-- end -->\n";

/// The document with the table of these rows; none where it does not say where the table is.
pub(crate) fn with_table(document: &str, rows: &[(Part, &Table, Deviations)]) -> Option<String> {
    let begin = document.find(BEGIN)? + BEGIN.len();
    let end = begin + document[begin..].find(END)?;
    Some(format!(
        "{}{}{}",
        &document[..begin],
        table(rows),
        &document[end..]
    ))
}

/// A line for each part of a measured table.
pub(crate) fn table(rows: &[(Part, &Table, Deviations)]) -> String {
    let mut text = String::from(
        "| run | what was done | packets, results | timers | off by at most | answers | late |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (part, table, deviations) in rows {
        let Deviations {
            packets,
            results,
            timers,
            timer,
            answer,
            late,
        } = deviations;
        let file = format!("../scenarios/{}.toml", part.scenario);
        let none = || "-".to_owned();
        let timer = timer.map_or_else(none, |(off, of)| timer_text(off, of));
        let answer = answer.map_or_else(none, millis);
        text.push_str(&format!(
            "| [{}]({file}) | {} | {packets}, {results} | {timers} | {timer} | {answer} \
             | {late} |\n",
            table.name,
            title(table, part),
        ));
    }
    text
}

/// What was done, and which part of it a scenario is.
fn title(table: &Table, part: &Part) -> String {
    match &part.words {
        Some(words) => format!("{}: {words}", table.title),
        None => table.title.clone(),
    }
}

/// `-4.6 ms of 46.5 ms (-9.9 %)`
fn timer_text(off: i64, of: i64) -> String {
    let percent = off as f64 * 100.0 / of as f64;
    format!("{} of {} ({percent:+.1} %)", millis(off), length(of))
}

fn millis(micros: i64) -> String {
    format!("{:+.1} ms", micros as f64 / 1000.0)
}

/// A duration in milliseconds, or in seconds where it is long.
fn length(micros: i64) -> String {
    if micros < 1_000_000 {
        format!("{:.1} ms", micros as f64 / 1000.0)
    } else {
        format!("{:.3} s", micros as f64 / 1e6)
    }
}

#[test]
fn the_table_stands_between_its_marks() {
    let deviations = Deviations {
        packets: 3,
        results: 2,
        timers: 1,
        timer: Some((-4_600, 46_500)),
        answer: Some(-200),
        late: 0,
    };
    let text = "# A title.\nscenario linux/a\n0.1  server: close() = 0\n";
    let table = Table::parse("T09", text).expect("it is well-formed");
    let rows = [(table.parts[0].clone(), &table, deviations)];
    let document = format!("before\n{BEGIN}old\n{END}after\n");
    let written = with_table(&document, &rows).expect("it has marks");
    assert!(written.starts_with("before\n") && written.ends_with("<!-- end -->\nafter\n"));
    assert!(!written.contains("old"));
    assert!(written.contains(
        "| [T09](../scenarios/linux/a.toml) | A title | 3, 2 | 1 | -4.6 ms of 46.5 ms (-9.9 %) \
         | -0.2 ms | 0 |\n"
    ));
    assert_eq!(with_table(&written, &rows), Some(written.clone()));
    assert_eq!(with_table("no marks", &rows), None);
    assert_eq!(
        timer_text(1_200_000, 120_831_800),
        "+1200.0 ms of 120.832 s (+1.0 %)"
    );
}
