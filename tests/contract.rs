//! Every statement of the documents is proved, and docs/contract.md says by what.

use std::path::Path;

use hangup::contract::{Evidence, Standing, prove, report};
use hangup::diagnostic::Colour;
use hangup::run::run;
use hangup::scenario::Scenario;
use hangup::scenario::contract::Contract;
use hangup::scenario::discover::{CONTRACT, Found, ROOT, discover};

const BEGIN: &str = "<!-- printed by hangup contract --markdown -->\n";
const END: &str = "<!-- end -->\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn contract() -> Contract {
    let path = Path::new(ROOT).join(CONTRACT);
    let octets = std::fs::read(root().join(&path)).expect("the contract is there");
    Contract::parse(&path, octets).unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// The scenarios that claim something.
fn claiming() -> Vec<(String, Scenario)> {
    let found = discover(root(), &[]).expect("there are scenarios");
    let load = |found: &Found| {
        let octets = std::fs::read(root().join(&found.path)).expect("the file was just found");
        let scenario = Scenario::parse(&found.path, octets);
        let scenario = scenario.unwrap_or_else(|invalid| panic!("{invalid}"));
        (found.name.display().to_string(), scenario)
    };
    let all = found.iter().map(load);
    all.filter(|(_, it)| !it.claims.is_empty()).collect()
}

fn cases() -> Vec<Evidence> {
    let case = |(name, scenario): (String, Scenario)| Evidence {
        name,
        claims: scenario.claims.iter().map(|it| it.value.clone()).collect(),
        verdict: run(&scenario, None).verdict(),
    };
    claiming().into_iter().map(case).collect()
}

#[test]
fn every_statement_is_held() {
    let (contract, cases) = (contract(), cases());
    let proofs = prove(&contract, &[], &cases);
    let lacking: Vec<String> = proofs
        .iter()
        .filter(|it| matches!(it.standing, Standing::Failed | Standing::Unproven))
        .map(|it| format!("{} is {}", it.statement.id.value, it.standing.name()))
        .collect();
    assert!(!proofs.is_empty());
    assert!(lacking.is_empty(), "{lacking:#?}");
}

#[test]
fn every_claim_is_a_statement_that_can_be_proved() {
    let contract = contract();
    let mut text = String::new();
    for (_, scenario) in claiming() {
        for fault in contract.faults(&scenario) {
            text.push_str(&scenario.source.render(&fault, Colour::Plain));
        }
    }
    assert!(text.is_empty(), "\n{text}");
}

/// `CONTRACT=write cargo test --test contract` writes it.
#[test]
fn the_document_says_what_is_printed() {
    let (contract, cases) = (contract(), cases());
    let proofs = prove(&contract, &[], &cases);
    let printed = report::markdown(&contract, &proofs, "../scenarios");
    let path = root().join("docs/contract.md");
    let present = std::fs::read_to_string(&path).expect("the document is there");
    let begin = present.find(BEGIN).expect("it has its marks") + BEGIN.len();
    let end = begin + present[begin..].find(END).expect("it has its marks");
    let (head, tail) = (&present[..begin], &present[end..]);
    let written = format!("{head}{printed}{tail}");
    if std::env::var_os("CONTRACT").is_some_and(|value| value == "write") {
        std::fs::write(&path, written).expect("the document can be written");
        return;
    }
    assert!(
        present == written,
        "docs/contract.md is stale: review `CONTRACT=write cargo test --test contract`"
    );
}
