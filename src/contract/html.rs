//! The contract as a page: the statements of each document, and what proves them.

use maud::{Markup, html};

use super::report::{by_document, editions, own_name, summary};
use super::{Proof, Standing};
use crate::page::{Shell, shell};
use crate::run::Verdict;
use crate::scenario::contract::Contract;

/// The page.
pub fn html(contract: &Contract, proofs: &[Proof<'_>]) -> String {
    let body = html! {
        main.page {
            h1 { "The contract" }
            p.claim { (summary(proofs).trim_end()) }
            @for (document, proofs) in by_document(contract, proofs) {
                h2 { (document.title) }
                p.facts {
                    @for edition in editions(contract, document) {
                        span {
                            code { (edition.name.value) } " "
                            @match &edition.url {
                                Some(url) => a href=(url) rel="noreferrer" { (edition.title) },
                                None => (edition.title),
                            }
                        }
                    }
                }
                @for proof in proofs { (statement(proof)) }
            }
        }
    };
    shell(Shell {
        title: "The contract",
        kind: "contract",
        body,
    })
}

fn statement(proof: &Proof<'_>) -> Markup {
    let statement = proof.statement;
    let standing = proof.standing.name();
    html! {
        blockquote.statement id=(statement.id.value) {
            p { span class={ "verdict " (standing) } { (standing) } " " (statement.says) }
            footer {
                code { (own_name(proof)) }
                @if !statement.part.is_empty() { ", " (statement.part) }
                @for other in &statement.contradicts {
                    br; "contradicts " a href={ "#" (other) } { code { (other) } }
                }
                @match (&statement.informative, proof.standing) {
                    (Some(why), _) => { br; (why) }
                    (None, Standing::Unproven) => { br; "no scenario claims it" }
                    (None, _) => { (cases(proof)) }
                }
            }
        }
    }
}

fn cases(proof: &Proof<'_>) -> Markup {
    html! {
        details open[proof.standing == Standing::Failed] {
            summary {
                (proof.cases.len())
                @if proof.cases.len() == 1 { " scenario" } @else { " scenarios" }
            }
            @for case in &proof.cases {
                @let is_bad = case.verdict == Verdict::Failed;
                div.bad[is_bad] { code { (case.name) } @if is_bad { " failed" } }
            }
        }
    }
}
