//! `hangup contract`

use std::path::Path;

use rayon::prelude::*;

use super::args::{Contract as Args, Limits};
use super::bounds::Pool;
use super::failure::{Failure, environment, usage};
use super::{Exit, interrupt, report};
use crate::contract::{self, Evidence, Standing};
use crate::diagnostic::Colour;
use crate::event_log::Kept;
use crate::run::{Verdict, run_within};
use crate::scenario::contract::Contract;
use crate::scenario::discover::{self, Found};
use crate::scenario::{LoadError, Scenario};

/// Where links of the Markdown report lead: from a document in docs/.
const LINKS: &str = "../scenarios";

pub(super) fn contract(args: &Args, limits: &Limits, quiet: bool) -> Result<Exit, Failure> {
    let contract = load()?;
    for name in &args.documents {
        if contract.document(name).is_none() {
            return Err(usage(unknown(&contract, name)));
        }
    }
    let found = report::select(&[])?;
    let mut worst = Exit::Held;
    let scenarios = claiming(&contract, &found, &args.documents, &mut worst);
    let cases = in_parallel(scenarios, limits)?;
    for (_, complaints) in &cases {
        report::complain(complaints);
    }
    let cases: Vec<Evidence> = cases.into_iter().map(|(case, _)| case).collect();
    let proofs = contract::prove(&contract, &args.documents, &cases);
    let is_lacking = |standing| contract::count(&proofs, standing) > 0;
    if is_lacking(Standing::Failed) || is_lacking(Standing::Unproven) {
        worst = worst.max(Exit::Failed);
    }
    if let Some(path) = &args.html {
        report::write(path, &contract::html::html(&contract, &proofs), args.open)?;
        return Ok(worst);
    }
    let text = if args.json {
        contract::report::json(&contract, &proofs)
    } else if args.markdown {
        contract::report::markdown(&contract, &proofs, LINKS)
    } else if quiet {
        String::new()
    } else {
        contract::report::table(&contract, &proofs, report::width())
    };
    report::print(&text)?;
    Ok(worst)
}

/// Reads the contract.
fn load() -> Result<Contract, Failure> {
    let path = Path::new(discover::ROOT).join(discover::CONTRACT);
    Contract::load(&path).map_err(|error| match &error {
        LoadError::Read { error, .. } if error.kind() == std::io::ErrorKind::NotFound => {
            let path = path.display();
            let message =
                format_args!("there is no {path} here: run it where hangup's scenarios are");
            Failure::new(Exit::Nothing, message)
        }
        LoadError::Read { .. } | LoadError::Invalid(_) => report::load_error(&error),
    })
}

fn unknown(contract: &Contract, name: &str) -> String {
    match contract.nearest_document(name) {
        Some(nearest) => format!("there is no document `{name}`: did you mean `{nearest}`?"),
        None => {
            let names = contract.documents.iter().map(|it| it.name.value.as_str());
            let names: Vec<&str> = names.collect();
            format!(
                "there is no document `{name}`; there are {}",
                names.join(", ")
            )
        }
    }
}

/// The scenarios that claim a statement of the documents, by their names. What is wrong with any
/// scenario or its claims is said.
fn claiming(
    contract: &Contract,
    found: &[Found],
    documents: &[String],
    worst: &mut Exit,
) -> Vec<(String, Scenario)> {
    let is_asked = |claim: &str| {
        let statement = contract.statements.iter().find(|it| it.id.value == claim);
        statement.is_some_and(|it| {
            documents.is_empty() || it.documents.iter().any(|name| documents.contains(name))
        })
    };
    let mut claiming = Vec::new();
    for file in found {
        match report::load(file, &[]) {
            Ok(scenarios) => {
                let first = scenarios.first();
                for fault in contract.faults(first) {
                    report::complain(&first.source.render(&fault, Colour::Ansi));
                    *worst = (*worst).max(Exit::Usage);
                }
                if first.claims.iter().any(|it| is_asked(&it.value)) {
                    // A statement is held where every combination holds it.
                    claiming.extend(scenarios.scenarios().map(|scenario| {
                        let name = file.of_combination(&scenario.variant.combination);
                        (name.display().to_string(), scenario)
                    }));
                }
            }
            Err(failure) => {
                report::complain(&failure.text);
                *worst = (*worst).max(failure.exit);
            }
        }
    }
    claiming
}

/// Runs each scenario on one thread. The cases come in the order of the scenarios, each with the
/// failures that are to be shown.
fn in_parallel(
    scenarios: Vec<(String, Scenario)>,
    limits: &Limits,
) -> Result<Vec<(Evidence, String)>, Failure> {
    interrupt::listen().map_err(environment)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .build()
        .map_err(|error| environment(format_args!("cannot start threads: {error}")))?;
    let bounds = Pool::new(limits, pool.current_num_threads());
    let one = |(name, scenario): (String, Scenario)| {
        let outcome = run_within(&scenario, None, &bounds.claim(None), Kept::ALL);
        let failures = outcome.failures.iter();
        let complaints = failures.map(|it| scenario.source.render(it, Colour::Ansi));
        let case = Evidence {
            name,
            claims: scenario.claims.iter().map(|it| it.value.clone()).collect(),
            verdict: outcome.verdict(),
        };
        debug_assert_eq!(case.verdict == Verdict::Held, outcome.failures.is_empty());
        (case, complaints.collect())
    };
    let cases = pool.install(|| scenarios.into_par_iter().map(one).collect());
    if interrupt::has_come() {
        return Err(Failure::new(Exit::Interrupted, "interrupted"));
    }
    Ok(cases)
}
