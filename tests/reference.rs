//! The generated tables of the documents agree with the program's definitions of keys, axes and
//! columns, and the page of drifts with the reasons for them.

use std::collections::BTreeMap;
use std::path::Path;

const END: &str = "<!-- end -->\n";

/// `REFERENCE=write cargo test --test reference` writes them.
#[test]
fn the_documents_say_what_the_program_knows() {
    let writes = std::env::var_os("REFERENCE").is_some_and(|value| value == "write");
    for (document, tables) in [
        ("docs/scenario-language.md", hangup::scenario::reference()),
        ("docs/exhaustion.md", hangup::bench::reference()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let present = std::fs::read_to_string(&path).expect("the document is there");
        let mut written = present.clone();
        assert!(!tables.is_empty());
        for (name, table) in tables {
            let begin = format!("<!-- printed: {name} -->\n");
            let at = written.find(&begin);
            let at = at.unwrap_or_else(|| panic!("{document} has no {name}")) + begin.len();
            let end = at + written[at..].find(END).expect("the table ends");
            written.replace_range(at..end, &table);
        }
        if writes {
            std::fs::write(&path, written).expect("the document can be written");
        } else {
            assert!(
                present == written,
                "{document} is stale: review `REFERENCE=write cargo test --test reference`"
            );
        }
    }
}

/// The drifts of a kernel, as `DRIFT=write ./ci.sh verify` has written them: each has the reason
/// that the list gives, each case of the list is there to drift, and the counts add up.
#[test]
fn the_page_of_drifts_says_the_reasons_of_the_list() {
    const VERSION: &str = "6.18";
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let read = |name: String| std::fs::read_to_string(docs.join(name)).expect("it is there");
    let list: toml::Table = read(format!("drift-{VERSION}.toml"))
        .parse()
        .expect("the list is TOML");
    let page = read(format!("drift-{VERSION}.md"));
    let stale = "review `DRIFT=write ./ci.sh verify`";

    let mut listed = BTreeMap::new();
    for entry in list["drift"].as_array().expect("a list") {
        let reason = entry["reason"].as_str().expect("a text");
        for case in entry["cases"].as_array().expect("a list") {
            let before = listed.insert(case.as_str().expect("a text"), reason);
            assert!(before.is_none(), "{case} has two reasons");
        }
    }
    let (_, drifts) = page.split_once("\n## Drifts\n").expect("the drifts");
    let (drifts, left_out) = drifts.split_once("\n## Left out\n").expect("the rest");
    let mut shown = BTreeMap::new();
    for section in drifts.split("\n### ").skip(1) {
        let (case, text) = section.split_once("\n\n").expect("a head and a text");
        let (reason, packets) = text.split_once("\n\n").unwrap_or((text, ""));
        assert!(packets.starts_with("```\n"), "{case} shows both: {stale}");
        shown.insert(case, reason);
    }
    for (case, reason) in &shown {
        assert_eq!(listed.get(case), Some(reason), "{case}: {stale}");
    }
    for case in listed.keys() {
        let scenarios = docs.with_file_name("scenarios");
        let is_there = ["", ".toml"].map(|end| scenarios.join(format!("{case}{end}")).is_file());
        assert!(is_there.contains(&true), "there is no {case}");
    }

    let row = |name: &str| -> usize {
        let begin = format!("| {name} | ");
        let found = page.lines().find_map(|it| it.strip_prefix(&begin));
        let number = found.and_then(|it| it.strip_suffix(" |"));
        number.and_then(|it| it.parse().ok()).expect("a number")
    };
    assert_eq!(row("drift, with a reason"), shown.len(), "{stale}");
    assert_eq!(row("drift, without a reason yet"), 0, "{stale}");
    let left: usize = left_out
        .lines()
        .filter_map(|it| {
            it.rsplit("| ")
                .next()?
                .strip_suffix(" |")?
                .parse::<usize>()
                .ok()
        })
        .sum();
    assert_eq!(row("left out"), left, "{stale}");
    assert!(row("the same on both") > 0);
}
