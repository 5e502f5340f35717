//! Reports on the contract: a table for people, lists in Markdown, and JSON for programs.

use annotate_snippets::renderer::AnsiColor;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::{Evidence, Proof, Standing, count};
use crate::run::Verdict;
use crate::scenario::contract::{Contract, Document};

/// How many scenarios a row of the terminal names.
const NAMED_MAX: usize = 3;

/// The proofs of each document that repeats no other, and that document.
pub(super) fn by_document<'a, 'p>(
    contract: &'a Contract,
    proofs: &'p [Proof<'a>],
) -> Vec<(&'a Document, Vec<&'p Proof<'a>>)> {
    let originals = contract.documents.iter().filter(|it| it.repeats.is_none());
    let own = |document: &'a Document| {
        let prefix = format!("{}.", document.name.value);
        let is_own = |it: &&Proof<'_>| it.statement.id.value.starts_with(&prefix);
        (document, proofs.iter().filter(is_own).collect::<Vec<_>>())
    };
    let groups = originals.map(own);
    groups.filter(|(_, proofs)| !proofs.is_empty()).collect()
}

/// The document and those that repeat it.
pub(super) fn editions<'a>(contract: &'a Contract, original: &'a Document) -> Vec<&'a Document> {
    let repeats = |it: &&Document| {
        let repeated = it.repeats.as_ref();
        repeated.is_some_and(|name| name.value == original.name.value)
    };
    let others = contract.documents.iter().filter(repeats);
    std::iter::once(original).chain(others).collect()
}

/// A table a document, for a terminal of so many columns. Colours are ANSI codes, which the one
/// who prints them takes out where they are not wanted.
pub fn table(contract: &Contract, proofs: &[Proof<'_>], width: u16) -> String {
    let mut text = String::new();
    for (document, proofs) in by_document(contract, proofs) {
        for edition in editions(contract, document) {
            text.push_str(&format!("{}: {}\n", edition.name.value, edition.title));
        }
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width)
            .set_header(["verdict", "statement", "what it says, and what shows it"]);
        for proof in proofs {
            let mut says = proof.statement.says.clone();
            for other in &proof.statement.contradicts {
                says.push_str(&format!("\ncontradicts {other}"));
            }
            for behind in behind(proof) {
                says.push_str(&format!("\n- {behind}"));
            }
            let standing = proof.standing.name().to_owned();
            table.add_row([standing, own_name(proof).to_owned(), says]);
        }
        for line in table.lines() {
            text.push_str(&coloured(line.trim_end()));
            text.push('\n');
        }
        text.push('\n');
    }
    text.push_str(&summary(proofs));
    text
}

/// The name of a statement in its document.
pub(super) fn own_name<'p>(proof: &'p Proof<'_>) -> &'p str {
    let id = &proof.statement.id.value;
    id.split_once('.').map_or(id, |(_, own)| own)
}

/// A line of a table, with the verdict that it may begin with in colour.
fn coloured(line: &str) -> String {
    let colour = |name: &str| match name {
        "held" => Some(AnsiColor::Green),
        "failed" | "unproven" => Some(AnsiColor::Red),
        _ => None,
    };
    let first = line.split_whitespace().next().unwrap_or("");
    let Some(colour) = colour(first).filter(|_| line.trim_start().len() + 1 >= line.len()) else {
        return line.to_owned();
    };
    let style = colour.on_default();
    line.replacen(first, &format!("{style}{first}{style:#}"), 1)
}

/// The scenarios of a statement, those that failed first; or why there can be none.
fn behind(proof: &Proof<'_>) -> Vec<String> {
    if let Some(why) = &proof.statement.informative {
        return vec![why.clone()];
    }
    let (failing, holding): (Vec<&Evidence>, Vec<&Evidence>) = proof
        .cases
        .iter()
        .partition(|case| case.verdict == Verdict::Failed);
    let failing = failing.iter().map(|case| format!("{} failed", case.name));
    let holding = holding.iter().map(|case| case.name.clone());
    let mut lines: Vec<String> = failing.chain(holding).collect();
    let more = lines.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        lines.truncate(NAMED_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// How many statements stand how, in a line.
pub fn summary(proofs: &[Proof<'_>]) -> String {
    let counted = |standing| count(proofs, standing);
    let informative = counted(Standing::Informative);
    let held = counted(Standing::Held);
    let mut text = format!(
        "{held} of {} statements are held",
        proofs.len() - informative
    );
    for standing in [Standing::Failed, Standing::Unproven] {
        if counted(standing) > 0 {
            text.push_str(&format!(", {} {}", counted(standing), standing.name()));
        }
    }
    if informative > 0 {
        text.push_str(&format!("; {informative} more are informative"));
    }
    text.push('\n');
    text
}

/// How wide the lines of a document are.
const COLUMNS: usize = 100;

/// A list a document, which reads as text too. `scenarios` is where links to scenarios lead.
pub fn markdown(contract: &Contract, proofs: &[Proof<'_>], scenarios: &str) -> String {
    let mut text = String::new();
    for (document, proofs) in by_document(contract, proofs) {
        text.push_str(&format!("### {}\n\n", document.name.value));
        for edition in editions(contract, document) {
            let title = match &edition.url {
                Some(url) => format!("[{}]({url})", edition.title),
                None => edition.title.clone(),
            };
            text.push_str(&format!("- `{}`: {title}\n", edition.name.value));
        }
        text.push_str("\nWhat it states:\n\n");
        let mut named: Vec<&str> = Vec::new();
        for proof in proofs {
            text.push_str(&markdown_item(document, contract, proof));
            named.extend(proof.cases.iter().map(|case| case.name.as_str()));
        }
        named.sort_unstable();
        named.dedup();
        let links = named.iter();
        let links = links.map(|name| format!("[{name}]: {scenarios}/{name}.toml\n"));
        text.push('\n');
        text.extend(links);
        text.push('\n');
    }
    // Without a link there is one empty line too many.
    text = text.replace("\n\n\n", "\n\n");
    text.push_str(&summary(proofs));
    text
}

fn markdown_item(document: &Document, contract: &Contract, proof: &Proof<'_>) -> String {
    let statement = proof.statement;
    let mut says = format!(
        "`{}` ({}): {}",
        own_name(proof),
        statement.part,
        statement.says
    );
    if statement.documents.len() < editions(contract, document).len() {
        says.push_str(&format!(" (Only in {}.)", statement.documents.join(", ")));
    }
    let standing = proof.standing.name();
    let (first, rest) = standing.split_at(1);
    let standing = format!("{}{rest}", first.to_uppercase());
    let behind = match &statement.informative {
        Some(why) => format!("{standing}: {why}"),
        None => {
            let links = proof.cases.iter().map(|case| format!("[{}]", case.name));
            let links: Vec<String> = links.collect();
            match links.is_empty() {
                true => standing,
                false => format!("{standing}: {}.", links.join(", ")),
            }
        }
    };
    let contradicts = statement.contradicts.iter();
    let contradicts = contradicts.map(|other| format!("Contradicts `{other}`."));
    let paragraphs = std::iter::once(says).chain(contradicts).chain([behind]);
    let paragraphs: Vec<String> = paragraphs.map(|it| indented(&it)).collect();
    // Two blanks at the end of a line break it.
    format!("- {}\n", paragraphs.join("  \n  "))
}

/// A text in lines, all but the first of which stand below an item's text.
fn indented(text: &str) -> String {
    let mut lines = String::new();
    let mut used = "- ".len();
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !lines.is_empty() && used + 1 + length > COLUMNS {
            lines.push_str("\n  ");
            used = "  ".len();
        } else if !lines.is_empty() {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
    }
    lines
}

/// The report for programs.
#[derive(Debug, Serialize)]
struct Report<'a> {
    documents: Vec<DocumentReport<'a>>,
    statements: Vec<StatementReport<'a>>,
    held: usize,
    failed: usize,
    unproven: usize,
    informative: usize,
}

#[derive(Debug, Serialize)]
struct DocumentReport<'a> {
    name: &'a str,
    title: &'a str,
    url: Option<&'a str>,
    repeats: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct StatementReport<'a> {
    id: &'a str,
    documents: &'a [String],
    part: &'a str,
    says: &'a str,
    contradicts: &'a [String],
    verdict: &'static str,
    why: Option<&'a str>,
    scenarios: Vec<CaseReport<'a>>,
}

#[derive(Debug, Serialize)]
struct CaseReport<'a> {
    name: &'a str,
    verdict: &'static str,
}

/// The report as JSON, indented, ending in a line break.
pub fn json(contract: &Contract, proofs: &[Proof<'_>]) -> String {
    let documents = contract.documents.iter().map(|document| DocumentReport {
        name: &document.name.value,
        title: &document.title,
        url: document.url.as_deref(),
        repeats: document.repeats.as_ref().map(|it| it.value.as_str()),
    });
    let statements = proofs.iter().map(|proof| StatementReport {
        id: &proof.statement.id.value,
        documents: &proof.statement.documents,
        part: &proof.statement.part,
        says: &proof.statement.says,
        contradicts: &proof.statement.contradicts,
        verdict: proof.standing.name(),
        why: proof.statement.informative.as_deref(),
        scenarios: proof
            .cases
            .iter()
            .map(|case| CaseReport {
                name: &case.name,
                verdict: case.verdict.name(),
            })
            .collect(),
    });
    let report = Report {
        documents: documents.collect(),
        statements: statements.collect(),
        held: count(proofs, Standing::Held),
        failed: count(proofs, Standing::Failed),
        unproven: count(proofs, Standing::Unproven),
        informative: count(proofs, Standing::Informative),
    };
    let text = serde_json::to_string_pretty(&report).expect("texts and numbers are JSON");
    text + "\n"
}
