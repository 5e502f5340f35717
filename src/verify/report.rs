//! The drift report: text, JSON, and a page of the documents.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::drift::Drift;

/// What came of all cases.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The release of the kernel.
    pub kernel: String,
    /// The cases, by name.
    pub cases: Vec<Case>,
}

/// What came of one case.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Whether the emulation and the kernel do the same.
    #[serde(flatten)]
    pub result: CaseResult,
}

/// Whether the emulation and the kernel do the same.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum CaseResult {
    /// They do.
    Same,
    /// They do not.
    Drifts {
        /// In what.
        drifts: Vec<Drift>,
        /// Why that is so, where it is known.
        reason: Option<String>,
    },
    /// It was not played on both.
    LeftOut {
        /// Why.
        why: String,
    },
}

/// Why some cases drift.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The names of the cases.
    pub cases: Vec<String>,
    /// The reason, as a sentence.
    pub reason: String,
}

impl Report {
    /// How many cases are the same, drift with a reason, drift without, and were left out.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for case in &self.cases {
            let place = match &case.result {
                CaseResult::Same => 0,
                CaseResult::Drifts {
                    reason: Some(_), ..
                } => 1,
                CaseResult::Drifts { reason: None, .. } => 2,
                CaseResult::LeftOut { .. } => 3,
            };
            counts[place] += 1;
        }
        counts
    }

    /// The line at the end, for people.
    pub fn summary(&self) -> String {
        let [same, known, unknown, left] = self.counts();
        let compared = same + known + unknown;
        format!(
            "{compared} compared with kernel {}: {same} the same, {} drift ({known} with a \
             reason), {left} left out\n",
            self.kernel,
            known + unknown
        )
    }
}

/// What is said of one case for people: nothing of one that is the same or was left out, unless all
/// are told.
pub fn text(case: &Case, all: bool) -> String {
    let mut text = String::new();
    let name = &case.name;
    match &case.result {
        CaseResult::Same if all => line(&mut text, &format!("same      {name}")),
        CaseResult::LeftOut { why } if all => {
            line(&mut text, &format!("left out  {name}: {why}"));
        }
        CaseResult::Same | CaseResult::LeftOut { .. } => {}
        CaseResult::Drifts { drifts, reason } => {
            line(&mut text, &format!("drifts    {name}"));
            for drift in drifts {
                line(&mut text, &format!("  {}", drift.kind.name()));
                line(&mut text, &format!("    emulated  {}", drift.emulated));
                line(&mut text, &format!("    kernel    {}", drift.kernel));
            }
            if let Some(reason) = reason {
                line(&mut text, &format!("  because     {reason}"));
            }
        }
    }
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The report for programs, indented, ending in a line break.
///
/// # Errors
/// None that a report can have; what the writer of JSON says.
pub fn json(report: &Report) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}

/// The report as a page of the documents.
pub fn page(report: &Report) -> String {
    let [same, known, unknown, left] = report.counts();
    let mut page = format!(
        "# Profile `linux` beside kernel {}\n\n\
         Written by `hangup verify --page`; [kernel.md](kernel.md) says how they are \
         compared.\n\n\
         | scenarios and scripts | |\n|---|---:|\n\
         | the same on both | {same} |\n\
         | drift, with a reason | {known} |\n\
         | drift, without a reason yet | {unknown} |\n\
         | left out | {left} |\n",
        // What follows the version is the name that somebody gave their build.
        report.kernel.split('-').next().unwrap_or_default()
    );
    page.push_str("\n## Drifts\n");
    for case in &report.cases {
        let CaseResult::Drifts { drifts, reason } = &case.result else {
            continue;
        };
        let _ = write!(page, "\n### {}\n\n", case.name);
        if let Some(reason) = reason {
            let _ = write!(page, "{reason}\n\n");
        }
        for drift in drifts {
            let kind = drift.kind.name();
            let _ = write!(
                page,
                "```\n{kind}\n  emulated  {}\n  kernel    {}\n```\n",
                drift.emulated, drift.kernel
            );
        }
    }
    page.push_str("\n## Left out\n\n| why | how many |\n|---|---:|\n");
    let mut whys = std::collections::BTreeMap::<&str, usize>::new();
    for case in &report.cases {
        if let CaseResult::LeftOut { why } = &case.result {
            *whys.entry(why.as_str()).or_default() += 1;
        }
    }
    for (why, count) in whys {
        let _ = writeln!(page, "| {} | {count} |", why.replace('|', "\\|"));
    }
    page
}
