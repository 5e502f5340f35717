//! The generated tables of the documents agree with the program's definitions of keys, axes and
//! columns.

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
