//! Annotations of GitHub Actions: commands on lines of their own, which put a message beside the
//! line of the file.

use super::case::{CaseVerdict, Golden, Problem, TestCase};
use super::format::{ReportFormat, ReportWriter};
use super::summary::Summary;
use super::text;
use crate::diagnostic::clean;

pub(super) const FORMAT: ReportFormat = ReportFormat {
    name: "github",
    about: "Annotations of GitHub Actions",
    for_people: false,
    has_sections: false,
    new: |_| Box::new(Github),
};

#[derive(Debug)]
struct Github;

impl ReportWriter for Github {
    fn case(&mut self, case: &TestCase) -> String {
        annotations(case)
    }

    fn end(&self, summary: &Summary) -> String {
        text::summary(summary)
    }
}

/// One annotation for each problem, and one where the trace differs from its golden one.
fn annotations(case: &TestCase) -> String {
    let mut text = String::new();
    for warning in &case.warnings {
        text.push_str(&annotation("warning", case, warning));
    }
    for problem in &case.problems {
        // What cannot be played is nothing that a change of the file has broken.
        let command = match case.verdict {
            CaseVerdict::Unsupported => "notice",
            CaseVerdict::Held
            | CaseVerdict::Failed
            | CaseVerdict::Invalid
            | CaseVerdict::Unable
            | CaseVerdict::NotRun => "error",
        };
        text.push_str(&annotation(command, case, problem));
    }
    if let Some(Golden::Differs { path, line }) = &case.golden {
        let mut properties = format!("file={}", property(path));
        if let Some(line) = line {
            properties.push_str(&format!(",line={line}"));
        }
        let title = property(&format!("{}: trace differs", case.name));
        let message = data("the trace differs from its golden one; review it, then use --bless");
        text.push_str(&format!(
            "::warning {properties},title={title}::{message}\n"
        ));
    }
    text
}

fn annotation(command: &str, case: &TestCase, problem: &Problem) -> String {
    let mut properties = format!("file={}", property(&case.path));
    // A place in `--set` is none that could be shown beside a file.
    let place = problem.place.as_ref().filter(|it| it.file == case.path);
    if let Some(place) = place {
        properties.push_str(&format!(",line={},col={}", place.line, place.column));
    }
    let title = property(&format!("{} {}", case.name, case.verdict.name()));
    let mut message = clean(&problem.message).into_owned();
    for (name, text) in &problem.notes {
        message.push_str(&format!("\n{name}: {text}"));
    }
    format!(
        "::{command} {properties},title={title}::{}\n",
        data(&message)
    )
}

/// A message, in which a line end would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property, in which `:` and `,` have a meaning too.
fn property(text: &str) -> String {
    data(&clean(text.trim()))
        .replace(':', "%3A")
        .replace(',', "%2C")
}
