//! The Test Anything Protocol, version 14.

use super::case::{CaseVerdict, TestCase};
use super::format::{Contents, ReportFormat, ReportWriter};

pub(super) const FORMAT: ReportFormat = ReportFormat {
    name: "tap",
    about: "The Test Anything Protocol, version 14",
    for_people: false,
    has_sections: false,
    new: |contents| Box::new(Tap { contents, done: 0 }),
};

#[derive(Debug)]
struct Tap {
    contents: Contents,
    /// How many cases there were.
    done: usize,
}

impl ReportWriter for Tap {
    fn begin(&self) -> String {
        format!("TAP version 14\n1..{}\n", self.contents.total)
    }

    fn case(&mut self, case: &TestCase) -> String {
        self.done += 1;
        point(case, self.done)
    }
}

/// A test point, and behind one that is not ok a block of YAML with everything there is to say.
fn point(case: &TestCase, number: usize) -> String {
    let name = escaped(&case.name);
    match case.verdict {
        CaseVerdict::Held => format!("ok {number} - {name}\n"),
        CaseVerdict::NotRun => format!("ok {number} - {name} # SKIP not run\n"),
        CaseVerdict::Unsupported => {
            let reason = escaped(case.problems.first().map_or("", |it| &it.message));
            format!("ok {number} - {name} # SKIP unsupported: {reason}\n")
        }
        CaseVerdict::Failed | CaseVerdict::Invalid | CaseVerdict::Unable => {
            let mut text = format!("not ok {number} - {name}\n  ---\n");
            let verdict = quoted(case.verdict.name());
            text.push_str(&format!("  verdict: {verdict}\n"));
            if let Some(problem) = case.problems.first() {
                text.push_str(&format!("  message: {}\n", quoted(&problem.message)));
                if let Some(place) = &problem.place {
                    let (line, column) = (place.line, place.column);
                    text.push_str(&format!("  file: {}\n", quoted(&place.file)));
                    text.push_str(&format!("  line: {line}\n  column: {column}\n"));
                }
            }
            text.push_str("  shown: |2\n");
            for line in case.plain_complaints().lines() {
                // A block cannot hold characters that are not printed, and there are none here but
                // those that a script has in a text.
                let line = line.replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
                text.push_str(format!("    {line}").trim_end());
                text.push('\n');
            }
            text.push_str("  ...\n");
            text
        }
    }
}

/// A description, in which `#` would begin a directive.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('#', r"\#")
        .replace(char::is_control, " ")
}

/// A text between double quotes, which YAML reads as JSON does.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
