//! The section of a page for each case of a run.

use std::path::Path;

use hangup_stack::network::HostId;

use crate::capture::{Trace, pcapng};
use crate::page::{Proved, Section};
use crate::picture::{self, ladder};
use crate::report::TestCase;
use crate::run::Outcome;
use crate::scenario::Scenario;
use crate::scenario::contract::Contract;
use crate::scenario::discover;

/// What the sections of a report are made with.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    /// The statements that scenarios prove, where there are any.
    contract: Option<Contract>,
}

impl Pages {
    /// Reads the contract, where there is one. What is wrong with it, `hangup contract` says.
    pub(crate) fn read() -> Self {
        let path = Path::new(discover::ROOT).join(discover::CONTRACT);
        Self {
            contract: Contract::load(&path).ok(),
        }
    }

    /// The statements that a scenario proves.
    pub(crate) fn proved(&self, scenario: &Scenario) -> Vec<Proved> {
        let Some(contract) = &self.contract else {
            return Vec::new();
        };
        let of = |id: &str| {
            let statement = contract.statements.iter().find(|it| it.id.value == id)?;
            // The first says it, and the others repeat it.
            let name = statement.documents.first()?;
            let document = contract.document(name)?;
            Some(Proved {
                id: id.to_owned(),
                says: statement.says.clone(),
                document: document.title.clone(),
            })
        };
        scenario
            .claims
            .iter()
            .filter_map(|claim| of(&claim.value))
            .collect()
    }

    /// The section of a case that has run.
    pub(crate) fn section(
        &self,
        scenario: &Scenario,
        outcome: &Outcome,
        trace: &Trace<'_>,
        at: HostId,
        case: &TestCase,
    ) -> String {
        let mut recording = picture::of_run(trace, at);
        picture::mark_failures(&mut recording, scenario, outcome);
        case.verdict.name().clone_into(&mut recording.verdict);
        let octets = pcapng::to_bytes(trace, at).ok();
        let places = outcome.failures.iter().filter_map(|failure| failure.span);
        let mut facts = vec![
            ("seed", outcome.seed.to_string()),
            (
                "virtual time",
                format!("{} s", ladder::seconds(outcome.ended, 3)),
            ),
        ];
        if !case.settings.is_empty() {
            facts.push(("set", case.settings.join(" ")));
        }
        let section = Section {
            recording: &recording,
            proves: self.proved(scenario),
            problems: case.problems.iter().map(|it| it.plain()).collect(),
            lines: places
                .map(|span| scenario.source.place(span.start).line)
                .collect(),
            source: Some((case.path.as_str(), scenario.source.text())),
            facts,
            trace: octets.as_deref(),
            choice: ladder::Choice::default(),
            scale: Default::default(),
        };
        section.html()
    }
}
