//! `hangup contract`: its account of statements, and its exit codes.

use super::{Folder, HOLDS};

const CONTRACT: &str = r#"
[documents.page]
title = "A page"

[[statement]]
id = "page.handshake"
part = "Remarks"
says = "A handshake takes no time."

[[statement]]
id = "page.header"
part = "Requirements"
says = "The header is page.h."
kind = "informative"
why = "There are no headers here."

[documents.other]
title = "Another page"
url = "https://example.com/other"

[[statement]]
id = "other.handshake"
part = "Remarks"
says = "A handshake takes a second."
contradicts = ["page.handshake"]
"#;

/// A folder with a contract and a scenario that claims these statements.
fn folder(test: &str, claims: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("scenarios/contract.toml", CONTRACT);
    let claims = format!("\nclaims = [{claims}]\n\nscript");
    let scenario = HOLDS.replacen("\nscript", &claims, 1);
    folder.write("scenarios/holds.toml", &scenario);
    let fails = scenario.replacen(
        "...+0 connect(3, server:80)",
        "...+1 connect(3, server:80)",
        1,
    );
    assert_ne!(fails, scenario);
    folder.write("scenarios/fails.toml", fails.replacen("page.", "other.", 1));
    folder
}

#[test]
fn a_table_says_how_each_statement_stands() {
    let folder = folder("contract", "\"page.handshake\"");
    let ran = folder.hangup(&["contract"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("scenarios/fails.toml:10:"), "{}", ran.err);
    insta::assert_snapshot!("contract", ran.out);
    let ran = folder.hangup(&["contract", "--markdown"]);
    insta::assert_snapshot!("contract_markdown", ran.out);
    let ran = folder.hangup(&["contract", "--json"]);
    insta::assert_snapshot!("contract_json", ran.out);
}

#[test]
fn only_what_is_held_is_a_success() {
    let folder = folder("contract-exit", "\"page.handshake\"");
    // The scenario that fails claims nothing of this document, and is not run.
    let ran = folder.hangup(&["contract", "page"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(
        ran.out
            .contains("1 of 1 statements are held; 1 more are informative")
    );
    assert_eq!(folder.hangup(&["contract", "other"]).code, 1);
    assert_eq!(folder.hangup(&["contract", "page", "other"]).code, 1);
    std::fs::remove_file(folder.0.join("scenarios/fails.toml")).expect("ours");
    let ran = folder.hangup(&["contract", "other"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    assert!(ran.out.contains("unproven"), "{}", ran.out);
    let ran = folder.hangup(&["contract", "pages"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("did you mean `page`?"), "{}", ran.err);
}

#[test]
fn what_is_wrong_is_shown_where_it_is() {
    let unknown = folder("contract-claim", "\"page.handshak\"");
    let ran = unknown.hangup(&["contract", "page"]);
    assert_eq!(ran.code, 2);
    let says = "scenarios/holds.toml:3:11: unknown statement `page.handshak`";
    assert!(ran.err.contains(says), "{}", ran.err);
    assert!(
        ran.err.contains("did you mean `page.handshake`?"),
        "{}",
        ran.err
    );

    let damaged = folder("contract-damaged", "");
    let text = CONTRACT.replace("part = \"Remarks\"", "prat = \"Remarks\"");
    damaged.write("scenarios/contract.toml", text);
    let ran = damaged.hangup(&["contract"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    for says in [
        "contract.toml:7:1: unknown key `prat`",
        "contract.toml:23:1: unknown key `prat`",
    ] {
        assert!(ran.err.contains(says), "{}", ran.err);
    }

    // Without a folder it is the contract that is shipped.
    let shipped = Folder::new("contract-none").hangup(&["contract", "wsasenddisconnect"]);
    assert_eq!(shipped.code, 0, "{}", shipped.err);
    assert!(
        shipped.out.contains("statements are held"),
        "{}",
        shipped.out
    );
}
