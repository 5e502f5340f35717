//! The proof of the contract: for each statement of the documents the scenarios that claim it, and
//! whether they hold.

pub mod html;
pub mod report;

use crate::run::Verdict;
use crate::scenario::contract::{Contract, ContractStatement};

/// A scenario that was run, and what it claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its name: its path below `scenarios/`, without extension.
    pub name: String,
    /// The ids of the statements that it claims.
    pub claims: Vec<String>,
    /// How it came out.
    pub verdict: Verdict,
}

/// How a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Scenarios claim it, and all of them hold.
    Held,
    /// A scenario that claims it does not hold.
    Failed,
    /// No scenario claims it.
    Unproven,
    /// No scenario can prove it.
    Informative,
}

impl Standing {
    /// Every one, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Held, Self::Failed, Self::Unproven, Self::Informative];

    /// As reports say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Unproven => "unproven",
            Self::Informative => "informative",
        }
    }
}

/// A statement, and what stands behind it.
#[derive(Clone, Debug)]
pub struct Proof<'a> {
    /// The statement.
    pub statement: &'a ContractStatement,
    /// The scenarios that claim it, in the order of their names.
    pub cases: Vec<&'a Evidence>,
    /// How it stands.
    pub standing: Standing,
}

/// The statements of the named documents with what stands behind each, in the order of the
/// contract; of no name, all of them.
pub fn prove<'a>(
    contract: &'a Contract,
    named: &[String],
    cases: &'a [Evidence],
) -> Vec<Proof<'a>> {
    let is_meant = |statement: &&ContractStatement| {
        named.is_empty() || statement.documents.iter().any(|it| named.contains(it))
    };
    let statements = contract.statements.iter().filter(is_meant);
    statements
        .map(|statement| {
            let claims = |case: &&Evidence| case.claims.contains(&statement.id.value);
            let mut cases: Vec<&Evidence> = cases.iter().filter(claims).collect();
            cases.sort_by(|one, other| one.name.cmp(&other.name));
            Proof {
                statement,
                standing: standing(statement, &cases),
                cases,
            }
        })
        .collect()
}

fn standing(statement: &ContractStatement, cases: &[&Evidence]) -> Standing {
    if statement.informative.is_some() {
        Standing::Informative
    } else if cases.is_empty() {
        Standing::Unproven
    } else if cases.iter().all(|case| case.verdict == Verdict::Held) {
        Standing::Held
    } else {
        Standing::Failed
    }
}

/// How many statements stand so.
pub fn count(proofs: &[Proof<'_>], standing: Standing) -> usize {
    proofs.iter().filter(|it| it.standing == standing).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = r#"
documents.page.title = "A page"
documents.page-de = { title = "In German", repeats = "page" }
documents.other.title = "Another page"
statement = [
    { id = "page.a", part = "", says = "A." },
    { id = "page.b", part = "", says = "B.", only_in = ["page-de"] },
    { id = "other.c", part = "", says = "C." },
    { id = "other.d", part = "", says = "D.", kind = "informative", why = "D." },
]
"#;

    #[test]
    fn a_statement_is_held_by_all_that_claim_it_and_by_at_least_one() {
        use Standing::{Failed, Held, Informative, Unproven};
        let text = CONTRACT.replace("\"\"", "\"Remarks\"");
        let contract = Contract::parse("c.toml".as_ref(), text.into());
        let contract = contract.unwrap_or_else(|invalid| panic!("{invalid}"));
        let case = |name: &str, claims: &[&str], verdict| Evidence {
            name: name.to_owned(),
            claims: claims.iter().map(|it| (*it).to_owned()).collect(),
            verdict,
        };
        let held = |claims| case("y", claims, Verdict::Held);
        let failed = |claims| case("x", claims, Verdict::Failed);
        let rows = [
            (
                vec![],
                &[][..],
                vec![Unproven, Unproven, Unproven, Informative],
            ),
            (vec![held(&["page.a"])], &["page"], vec![Held]),
            (vec![held(&["page.a"])], &["page-de"], vec![Held, Unproven]),
            (
                vec![held(&["page.b"])],
                &["page", "page-de"],
                vec![Unproven, Held],
            ),
            (
                vec![held(&["page.a"])],
                &["other"],
                vec![Unproven, Informative],
            ),
            (vec![failed(&["page.a"])], &["page"], vec![Failed]),
            (
                vec![held(&["page.a"]), failed(&["page.a"])],
                &["page"],
                vec![Failed],
            ),
            (
                vec![held(&["page.a"]), failed(&["other.c"])],
                &["page"],
                vec![Held],
            ),
        ];
        for (cases, named, standings) in rows {
            let named: Vec<String> = named.iter().map(|it| (*it).to_owned()).collect();
            let proofs = prove(&contract, &named, &cases);
            let found: Vec<Standing> = proofs.iter().map(|it| it.standing).collect();
            assert_eq!(found, standings, "{cases:?}");
            for proof in &proofs {
                assert!(proof.cases.is_sorted_by_key(|it| &it.name), "{proof:?}");
            }
        }
    }
}
