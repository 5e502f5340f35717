//! The contract: the statements of the documents about disconnect calls, as
//! `scenarios/contract.toml` lists them.
//!
//! A statement is what a scenario can prove by naming its id in `claims`. Two documents may
//! contradict each other; then both statements stand, each with scenarios of its own.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::load::{self, LoadError};
use super::reader::{Entry, Reader, entries};
use super::{Scenario, limits};
use crate::diagnostic::{Diagnostic, Invalid, Source, Span, Spanned};
use crate::language::names::{self, quote};

/// The documents and what they state.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The file, to show places in it.
    pub source: Source,
    /// `[documents.NAME]`, in the order of the file.
    pub documents: Vec<Document>,
    /// `[[statement]]`, in the order of the file.
    pub statements: Vec<ContractStatement>,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What statements and people call it.
    pub name: Spanned<String>,
    /// Its title, and in which language it is.
    pub title: String,
    /// Where it is, if anywhere.
    pub url: Option<String>,
    /// The document whose statements it makes as well: an edition of the same text.
    pub repeats: Option<Spanned<String>>,
}

/// A statement of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractStatement {
    /// Its id: the name of its document, a dot, and a name of its own.
    pub id: Spanned<String>,
    /// Where in the document it stands.
    pub part: String,
    /// What it says, in our own words.
    pub says: String,
    /// The documents that make it, by their names.
    pub documents: Vec<String>,
    /// The statements that it contradicts, by their ids: those that it names, and those that name
    /// it.
    pub contradicts: Vec<String>,
    /// Why nothing can prove it. None: a scenario must.
    pub informative: Option<String>,
}

impl Contract {
    /// Reads a contract.
    ///
    /// # Errors
    /// The file cannot be read, or everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::parse(path, load::read_file(path)?).map_err(LoadError::Invalid)
    }

    /// Reads a contract from the octets of a file. The path is only shown.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self, Box<Invalid>> {
        load::parsed(path, bytes, read)
    }

    /// The document of a name.
    pub fn document(&self, name: &str) -> Option<&Document> {
        self.documents.iter().find(|it| it.name.value == name)
    }

    /// The nearest name of a document, for one that there is not.
    pub fn nearest_document(&self, name: &str) -> Option<&str> {
        let known: Vec<&str> = self.documents.iter().map(|it| &*it.name.value).collect();
        names::nearest(name, &known)
    }

    /// What is wrong with the claims of a scenario: ids that no statement has, and statements that
    /// no scenario can prove.
    pub fn faults(&self, scenario: &Scenario) -> Vec<Diagnostic> {
        let known = || self.statements.iter().map(|it| it.id.value.as_str());
        let fault = |claim: &Spanned<String>| {
            let Some(statement) = self.statements.iter().find(|it| it.id.value == claim.value)
            else {
                let what = format!("statement| of {}", self.source.path().display());
                return Some(names::unknown(claim.span, &what, &claim.value, known()));
            };
            let why = statement.informative.as_deref()?;
            let message = format!("nothing can prove {}", quote(&claim.value));
            Some(Diagnostic::new(claim.span, message).note("why", why))
        };
        scenario.claims.iter().filter_map(fault).collect()
    }
}

/// Reads a file. No contract comes only with errors.
fn read(source: &Source) -> (Option<Contract>, Vec<Diagnostic>) {
    let (table, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        return (None, load::toml_errors(source, &errors));
    }
    let mut reader = Reader::default();
    let (mut documents, mut drafts) = (Vec::new(), Vec::new());
    for entry in entries(table.get_ref()) {
        match entry.key {
            "documents" => documents = read_documents(&mut reader, entry),
            "statement" => drafts = read_statements(&mut reader, entry),
            _ => reader.unknown_key(entry, "", &["documents", "statement"]),
        }
    }
    if reader.diagnostics.is_empty() && drafts.is_empty() {
        let diagnostic = Diagnostic::of_file("a contract needs at least one statement");
        reader.error(
            diagnostic.help("add `[[statement]]` with an `id`, a `part` and what it `says`"),
        );
    }
    check_documents(&mut reader, &documents);
    let statements = resolve(&mut reader, &documents, drafts);
    let contract = Contract {
        source: source.clone(),
        documents,
        statements,
    };
    (Some(contract), reader.diagnostics)
}

fn read_documents(reader: &mut Reader, entry: Entry<'_>) -> Vec<Document> {
    let Some(table) = reader.table(entry) else {
        return Vec::new();
    };
    let all = entries(table);
    if all.len() > limits::CONTRACT_MAX {
        too_many(reader, entry, "documents");
        return Vec::new();
    }
    let document = |it| document(reader, it);
    all.into_iter().filter_map(document).collect()
}

/// Reads `[documents.NAME]`. None where it has errors, which were reported.
fn document(reader: &mut Reader, entry: Entry<'_>) -> Option<Document> {
    const KEYS: [&str; 3] = ["title", "url", "repeats"];
    let table = reader.table(entry)?;
    let (mut title, mut url, mut repeats) = (None, None, None);
    for inner in entries(table) {
        match inner.key {
            "title" => title = text(reader, inner),
            "url" => url = text(reader, inner),
            "repeats" => repeats = text(reader, inner).map(|it| Spanned::new(it, inner.span)),
            _ => reader.unknown_key(inner, "[documents]", &KEYS),
        }
    }
    required(reader, entry.key_span, table, "a document", &["title"]);
    Some(Document {
        name: Spanned::new(entry.key.to_owned(), entry.key_span),
        title: title?,
        url,
        repeats,
    })
}

/// A statement before its names are looked up.
#[derive(Debug)]
struct Draft {
    id: Spanned<String>,
    part: String,
    says: String,
    only_in: Option<Vec<Spanned<String>>>,
    contradicts: Vec<Spanned<String>>,
    informative: Option<String>,
}

fn read_statements(reader: &mut Reader, entry: Entry<'_>) -> Vec<Draft> {
    let Some(array) = entry.value.as_array() else {
        reader.wrong_type(entry, "a list of tables: [[statement]]");
        return Vec::new();
    };
    if array.len() > limits::CONTRACT_MAX {
        too_many(reader, entry, "statements");
        return Vec::new();
    }
    let drafts = array.iter().filter_map(|element| {
        let value: &DeValue<'_> = element.get_ref();
        let span = Span::new(element.span());
        draft(
            reader,
            Entry {
                value,
                span,
                ..entry
            },
        )
    });
    drafts.collect()
}

/// Reads one `[[statement]]`. None where it has errors, which were reported.
fn draft(reader: &mut Reader, entry: Entry<'_>) -> Option<Draft> {
    const KEYS: [&str; 7] = [
        "id",
        "part",
        "says",
        "only_in",
        "contradicts",
        "kind",
        "why",
    ];
    let table = reader.table(entry)?;
    let (mut id, mut part, mut says, mut why) = (None, None, None, None);
    let (mut only_in, mut contradicts) = (None, Vec::new());
    let mut is_informative = false;
    for inner in entries(table) {
        match inner.key {
            "id" => id = text(reader, inner).map(|it| Spanned::new(it, inner.span)),
            "part" => part = text(reader, inner),
            "says" => says = text(reader, inner),
            "why" => why = text(reader, inner),
            "only_in" => only_in = Some(reader.strings(inner, limits::LIST_MAX)),
            "contradicts" => contradicts = reader.strings(inner, limits::LIST_MAX),
            "kind" => is_informative = kind(reader, inner),
            _ => reader.unknown_key(inner, "[[statement]]", &KEYS),
        }
    }
    let needed = ["id", "part", "says"];
    required(reader, entry.span, table, "a statement", &needed);
    if is_informative != table.contains_key("why") {
        let message = "`kind = \"informative\"` and `why` belong together";
        let help = "say why no scenario can prove the statement, or leave both out";
        reader.error(Diagnostic::new(entry.span, message).help(help));
    }
    Some(Draft {
        id: id?,
        part: part?,
        says: says?,
        only_in,
        contradicts,
        informative: why,
    })
}

/// Whether the statement is only informative.
fn kind(reader: &mut Reader, entry: Entry<'_>) -> bool {
    let Some(text) = reader.string(entry, "a text") else {
        return false;
    };
    if text != "informative" {
        let fault = format!("there is no kind {}, only `informative`", quote(text));
        reader.checked::<()>(entry, Err(fault));
    }
    text == "informative"
}

/// A text with something in it.
fn text(reader: &mut Reader, entry: Entry<'_>) -> Option<String> {
    let text = reader.string(entry, "a text")?;
    let filled = if text.trim().is_empty() {
        Err("it is empty".to_owned())
    } else {
        Ok(text.to_owned())
    };
    reader.checked(entry, filled)
}

fn required(reader: &mut Reader, span: Span, table: &DeTable<'_>, what: &str, keys: &[&str]) {
    for key in keys.iter().filter(|key| table.get(**key).is_none()) {
        reader.error(Diagnostic::new(span, format!("{what} needs `{key}`")));
    }
}

fn too_many(reader: &mut Reader, entry: Entry<'_>, what: &str) {
    let message = format!("a contract has at most {} {what}", limits::CONTRACT_MAX);
    reader.error(Diagnostic::new(entry.key_span, message));
}

/// A document repeats one that is there and repeats no other.
fn check_documents(reader: &mut Reader, documents: &[Document]) {
    for document in documents {
        let Some(repeats) = &document.repeats else {
            continue;
        };
        let originals = documents.iter().filter(|it| it.repeats.is_none());
        let mut originals = originals.map(|it| it.name.value.as_str());
        if !originals.clone().any(|it| it == repeats.value) {
            let what = "document| to repeat";
            let originals = originals.by_ref();
            reader.error(names::unknown(
                repeats.span,
                what,
                &repeats.value,
                originals,
            ));
        }
    }
}

/// Looks up the documents and statements that statements name.
fn resolve(
    reader: &mut Reader,
    documents: &[Document],
    drafts: Vec<Draft>,
) -> Vec<ContractStatement> {
    let ids: Vec<Spanned<String>> = drafts.iter().map(|it| it.id.clone()).collect();
    let mut contradictions: Vec<(String, String)> = Vec::new();
    let mut statements: Vec<ContractStatement> = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let id = &draft.id;
        if let Some(first) = ids[..index].iter().find(|it| it.value == id.value) {
            let message = format!("two statements are called {}", quote(&id.value));
            let diagnostic = Diagnostic::new(id.span, message);
            reader.error(diagnostic.context(first.span, "the first one"));
        }
        for other in &draft.contradicts {
            if other.value == id.value {
                let message = "a statement does not contradict itself";
                reader.error(Diagnostic::new(other.span, message));
            } else if !ids.iter().any(|it| it.value == other.value) {
                let known = ids.iter().map(|it| it.value.as_str());
                reader.error(names::unknown(other.span, "statement", &other.value, known));
            }
            contradictions.push((id.value.clone(), other.value.clone()));
        }
        statements.push(ContractStatement {
            documents: made_by(reader, documents, &draft),
            id: draft.id,
            part: draft.part,
            says: draft.says,
            contradicts: Vec::new(),
            informative: draft.informative,
        });
    }
    for statement in &mut statements {
        let id = &statement.id.value;
        let mut others: Vec<String> = contradictions
            .iter()
            .filter_map(|(one, other)| match (one == id, other == id) {
                (true, _) => Some(other.clone()),
                (_, true) => Some(one.clone()),
                (false, false) => None,
            })
            .collect();
        others.sort_unstable();
        others.dedup();
        statement.contradicts = others;
    }
    statements
}

/// The documents that make a statement: that of its id and those that repeat it, or those that it
/// is only in.
fn made_by(reader: &mut Reader, documents: &[Document], draft: &Draft) -> Vec<String> {
    let originals = || documents.iter().filter(|it| it.repeats.is_none());
    let (prefix, own) = draft.id.value.split_once('.').unwrap_or_default();
    let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    if own.is_empty() || !own.chars().all(is_name) {
        let message = "an id is the name of a document, a dot, and a name of a-z, 0-9 and `-`";
        reader.error(Diagnostic::new(draft.id.span, message));
        return Vec::new();
    }
    if !originals().any(|it| it.name.value == prefix) {
        let known = originals().map(|it| it.name.value.as_str());
        reader.error(names::unknown(draft.id.span, "document", prefix, known));
        return Vec::new();
    }
    let repeats = |it: &&Document| {
        let original = it.repeats.as_ref().map_or(&it.name, |original| original);
        original.value == prefix
    };
    let editions = documents.iter().filter(repeats);
    let editions: Vec<&str> = editions.map(|it| it.name.value.as_str()).collect();
    let Some(only_in) = &draft.only_in else {
        return editions.into_iter().map(str::to_owned).collect();
    };
    for name in only_in {
        if !editions.contains(&name.value.as_str()) {
            let what = format!("edition| of `{prefix}`");
            let known = editions.iter().copied();
            reader.error(names::unknown(name.span, &what, &name.value, known));
        }
    }
    only_in.iter().map(|it| it.value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"
[documents.page]
title = "A page"

[documents.page-de]
title = "A page, in German"
repeats = "page"

[[statement]]
id = "page.one"
part = "Remarks"
says = "One."

[[statement]]
id = "page.two"
part = "Remarks"
says = "Two."
only_in = ["page-de"]
contradicts = ["page.one"]
kind = "informative"
why = "Nobody knows."
"#;

    fn parse(text: &str) -> Result<Contract, String> {
        Contract::parse("contract.toml".as_ref(), text.into()).map_err(|it| it.to_string())
    }

    #[test]
    fn a_contradiction_has_two_sides_and_an_edition_the_same_statements() {
        let contract = parse(GOOD).unwrap();
        let [one, two] = &contract.statements[..] else {
            panic!("{contract:?}");
        };
        assert_eq!(one.documents, ["page", "page-de"]);
        assert_eq!(two.documents, ["page-de"]);
        assert_eq!(one.contradicts, ["page.two"]);
        assert_eq!(two.contradicts, ["page.one"]);
        assert_eq!(one.informative, None);
        assert_eq!(two.informative.as_deref(), Some("Nobody knows."));
    }

    #[test]
    fn damage_is_shown_where_it_is() {
        let rows = [
            // (what is replaced, by what, what is said)
            ("title = \"A page\"\n", "", "2:12: a document needs `title`"),
            (
                "repeats = \"page\"",
                "repeats = \"pag\"",
                "7:11: unknown document `pag` to repeat",
            ),
            ("says = \"One.\"\n", "", "9:1: a statement needs `says`"),
            (
                "says = \"One.\"",
                "says = \" \"",
                "12:8: bad `says`: it is empty",
            ),
            (
                "says = \"One.\"",
                "says = 1",
                "12:8: `says` must be a text, not a whole number",
            ),
            (
                "says = \"One.\"",
                "say = \"One.\"",
                "12:1: unknown key `say` in [[statement]]",
            ),
            (
                "page.two",
                "page.one",
                "15:6: two statements are called `page.one`",
            ),
            ("page.two", "pages.two", "15:6: unknown document `pages`"),
            (
                "page.two",
                "page-de.two",
                "15:6: unknown document `page-de`",
            ),
            ("page.two", "page", "15:6: an id is the name of a document"),
            (
                "page.two",
                "page.Two",
                "15:6: an id is the name of a document",
            ),
            (
                "[\"page-de\"]",
                "[\"page-fr\"]",
                "18:12: unknown edition `page-fr` of `page`",
            ),
            (
                "[\"page.one\"]",
                "[\"page.on\"]",
                "19:16: unknown statement `page.on`",
            ),
            (
                "[\"page.one\"]",
                "[\"page.two\"]",
                "19:16: a statement does not contradict itself",
            ),
            (
                "\"informative\"",
                "\"funny\"",
                "20:8: bad `kind`: there is no kind `funny`",
            ),
            (
                "why = \"Nobody knows.\"\n",
                "",
                "14:1: `kind = \"informative\"` and `why` belong",
            ),
            (
                "kind = \"informative\"\n",
                "",
                "14:1: `kind = \"informative\"` and `why` belong",
            ),
            (
                "[[statement]]",
                "[[statements]]",
                "9:3: unknown key `statements`",
            ),
            ("[documents.page]", "[documents.page", "2:16: invalid TOML"),
        ];
        for (from, to, says) in rows {
            assert!(GOOD.contains(from), "{from}");
            let error = parse(&GOOD.replacen(from, to, 1)).map(|_| ()).unwrap_err();
            assert!(
                error.contains(&format!("contract.toml:{says}")),
                "{from}\n{error}"
            );
        }
        let error = parse("").map(|_| ()).unwrap_err();
        assert!(
            error.contains("a contract needs at least one statement"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn no_edit_of_a_contract_panics(at in 0..GOOD.len(), cut in 0_usize..40, put in ".{0,12}") {
            let mut octets = GOOD.as_bytes().to_vec();
            octets.splice(at..(at + cut).min(GOOD.len()), put.into_bytes());
            if let Err(invalid) = Contract::parse("contract.toml".as_ref(), octets) {
                prop_assert!(!invalid.diagnostics.is_empty());
                prop_assert!(invalid.to_string().starts_with("contract.toml:"));
            }
        }
    }

    #[test]
    fn claims_name_statements_that_can_be_proved() {
        let contract = parse(GOOD).unwrap();
        let text = "claims = ['page.one', 'page.on', 'page.two']\n\
                    script = '0 a: socket(AF_INET, SOCK_STREAM, 0) = 3'\n\
                    hosts.a.profile = 'linux'\n";
        let scenario = Scenario::parse("a.toml".as_ref(), text.into()).unwrap();
        let faults = contract.faults(&scenario);
        let messages: Vec<&str> = faults.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "unknown statement `page.on` of contract.toml",
                "nothing can prove `page.two`",
            ]
        );
    }
}
