//! The tables of docs/scenario-language.md, printed from the definitions of the keys.

use super::key::Key;
use super::{file, hosts, network, profiles};

/// Each table of the document, by the name that its place there has.
pub fn reference() -> Vec<(&'static str, String)> {
    vec![
        ("keys of a file", table(&[rows(file::KEYS)])),
        (
            "keys of [network]",
            table(&[rows(network::LINK_KEYS), rows(network::KEYS)]),
        ),
        ("keys of [hosts.NAME]", table(&[rows(hosts::KEYS)])),
        ("keys of [profiles.NAME]", table(&[rows(profiles::KEYS)])),
        ("keys of [[expect]]", table(&[rows(file::EXPECT_KEYS)])),
    ]
}

fn table(parts: &[String]) -> String {
    let head = "| key | meaning | values | default |\n|---|---|---|---|\n";
    format!("{head}{}", parts.concat())
}

/// A row a key.
fn rows<T>(keys: &[Key<T>]) -> String {
    let row = |key: &Key<T>| {
        let (about, values) = (key.about, key.values());
        let default = key.default.unwrap_or("required");
        format!("| `{}` | {about} | {values} | {default} |\n", key.title())
    };
    keys.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key is one row, and what it means is a sentence that anything can follow.
    #[test]
    fn each_key_has_a_row_with_a_sentence() {
        for (name, table) in reference() {
            let rows: Vec<Vec<&str>> = table
                .lines()
                .skip(2)
                .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
                .collect();
            let mut keys: Vec<&str> = rows.iter().map(|row| row[0]).collect();
            keys.sort_unstable();
            keys.dedup();
            assert_eq!(keys.len(), rows.len(), "{name}");
            for row in rows {
                assert_eq!(row.len(), 4, "{row:?}");
                let about = row[1];
                let begins = about.starts_with(|it: char| it.is_ascii_uppercase());
                assert!(begins && !about.ends_with('.'), "{about}");
                assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
            }
        }
    }
}
