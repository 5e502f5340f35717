//! What stands behind a comparison: the knobs in which the profiles differ, and how each value is
//! known.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hangup_stack::profile::{Mark, Profile, origins};
use serde_json::{Value as Json, json};
use toml::{Table, Value};

/// The value of a knob in a profile, with how it is known.
type Known = (String, Mark);

/// A knob, and its value in each profile.
type Row = (String, Vec<Option<Known>>);

/// The values of a built-in profile by their knobs. None where there is no such profile: a
/// scenario's own says of none of its values how it is known.
fn values(name: &str) -> Option<BTreeMap<String, Known>> {
    let table: Table = Profile::built_in(name)?.to_toml().parse().ok()?;
    let known = origins(name)?.into_iter().filter_map(|origin| {
        let value = origin
            .knob
            .split('.')
            .try_fold(Value::Table(table.clone()), |table, key| {
                table.get(key).cloned()
            })?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let mark = origin.standing();
        Some((origin.knob, (text, mark)))
    });
    Some(known.collect())
}

/// The knobs in which built-in profiles differ, each with the values of all of them; the names of
/// those profiles first.
fn differences(profiles: &[String]) -> (Vec<&str>, Vec<Row>) {
    let known: Vec<(&str, BTreeMap<String, Known>)> = profiles
        .iter()
        .filter_map(|name| Some((name.as_str(), values(name)?)))
        .collect();
    let names = known.iter().map(|(name, _)| *name).collect();
    let rows = Profile::knobs().into_iter().filter_map(|knob| {
        let cells: Vec<Option<Known>> = { known.iter() }
            .map(|(_, values)| values.get(&knob).cloned())
            .collect();
        let value = |cell: &Option<Known>| cell.as_ref().map(|(text, _)| text.clone());
        let differ = cells.windows(2).any(|two| value(&two[0]) != value(&two[1]));
        differ.then_some((knob, cells))
    });
    (names, rows.collect())
}

/// A table of the knobs in which profiles differ: behind each value how it is known. The
/// scenario's own profiles are left out.
pub fn why(profiles: &[String]) -> String {
    let (names, rows) = differences(profiles);
    let mut table = vec![vec!["knob".to_owned()]];
    table[0].extend(names.iter().map(|&name| name.to_owned()));
    for (knob, cells) in rows {
        let mut row = vec![knob];
        row.extend(cells.into_iter().map(|cell| match cell {
            Some((value, mark)) => format!("{value} ({})", mark.name()),
            None => "-".to_owned(),
        }));
        table.push(row);
    }
    let width = |column: usize| {
        let cells = table.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::from("\nWhere the profiles differ, and how each value is known\n\n");
    for row in &table {
        let cells = row.iter().enumerate();
        let cells: Vec<String> = cells
            .map(|(column, cell)| format!("{cell:width$}", width = width(column)))
            .collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

/// The same as JSON: of each knob the value of each profile, with how it is known.
pub fn why_json(profiles: &[String]) -> Json {
    let (names, rows) = differences(profiles);
    let rows = rows.into_iter().map(|(knob, cells)| {
        let cells = names.iter().zip(cells).filter_map(|(name, cell)| {
            let (value, mark) = cell?;
            Some(json!({ "profile": name, "value": value, "known": mark.name() }))
        });
        json!({ "knob": knob, "values": cells.collect::<Vec<_>>() })
    });
    Json::Array(rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn each_value_has_its_rank_beside_it() {
        let text = why(&names(&["linux", "lwip", "the-scenarios-own"]));
        let line = |knob: &str| {
            let found = text.lines().find(|line| line.starts_with(knob));
            let words = found.map(|line| line.split_whitespace().collect::<Vec<_>>());
            words.map(|words| words.join(" "))
        };
        assert_eq!(line("knob").as_deref(), Some("knob linux lwip"));
        assert_eq!(
            line("calls.linger").as_deref(),
            Some("calls.linger supported (measured) no-option (read)")
        );
        assert_eq!(line("api"), None, "in what they agree, there is no row");
    }

    #[test]
    fn json_names_the_profiles() {
        let rows = why_json(&names(&["linux", "lwip"]));
        let rows = rows.as_array().expect("it is a list");
        let linger = { rows.iter() }.find(|row| row["knob"] == "calls.linger");
        let expected = json!({
            "knob": "calls.linger",
            "values": [
                { "profile": "linux", "value": "supported", "known": "measured" },
                { "profile": "lwip", "value": "no-option", "known": "read" },
            ],
        });
        assert_eq!(linger, Some(&expected));
    }
}
