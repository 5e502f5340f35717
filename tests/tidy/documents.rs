//! Rules for what people read: documents, and the citations in comments.

use crate::violation::{Findings, Violation};

/// Headings that every design note has.
const HEADINGS: [&str; 4] = [
    "## Context",
    "## Choice",
    "## Alternatives considered",
    "## Consequences",
];

/// Citations of RFCs that are not in our form: `RFC 9293`, `RFC 9293 section 3.10.7.4`.
pub(crate) fn citations(text: &str) -> Findings {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        // Only ASCII letters change, so that places in both lines agree.
        let lower = line.to_ascii_lowercase();
        for (at, _) in lower.match_indices("rfc") {
            let before = line[..at].chars().next_back();
            let in_word = before.is_some_and(|character| {
                character.is_alphanumeric() || "/-._#".contains(character)
            });
            if !in_word && let Err(message) = citation(&line[at..]) {
                findings.push((index + 1, message));
            }
        }
    }
    findings
}

/// Checks the citation that begins a text.
fn citation(text: &str) -> Result<(), String> {
    let after_name = &text[3..];
    let number = after_name.trim_start_matches([' ', '-']);
    let digits = number.len()
        - number
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    if digits == 0 {
        return Ok(());
    }
    if !text.starts_with("RFC ") || after_name[1..].len() != number.len() {
        return Err(format!("write `RFC {}`", &number[..digits]));
    }
    let rest = &number[digits..];
    let place = rest.trim_start_matches([' ', ',', ':', '(']);
    // The number may stand on the next line.
    if [" section", " sections"].contains(&rest.trim_end()) {
        return Ok(());
    }
    let section = |message: &str| {
        Err(format!(
            "write `RFC {} section N`{message}",
            &number[..digits]
        ))
    };
    if let Some(numbers) = place
        .strip_prefix("section ")
        .or(place.strip_prefix("sections "))
    {
        if !rest.starts_with(" section") {
            return section(" with nothing between");
        }
        return match numbers.chars().next() {
            Some(first) if first.is_ascii_alphanumeric() => Ok(()),
            _ => section(""),
        };
    }
    let lower = place.to_ascii_lowercase();
    let another_form = ["§", "#section", "section", "sect", "sec."].iter();
    let bare_number = {
        let words = rest.strip_prefix(' ').unwrap_or("");
        let word = words.split([' ', ')', ',', ';']).next().unwrap_or("");
        word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit())
    };
    if bare_number || another_form.clone().any(|form| lower.starts_with(form)) {
        return section("");
    }
    Ok(())
}

/// Whether a file is one of the numbered notes.
pub(crate) fn is_design_note(path: &str) -> bool {
    path.strip_prefix("docs/design/")
        .is_some_and(|name| name != "README.md")
}

/// The form of a design note.
pub(crate) fn design_note(path: &str, text: &str) -> Findings {
    let mut findings = Vec::new();
    let name = path.rsplit('/').next().unwrap_or(path);
    let number: String = name.chars().take_while(char::is_ascii_digit).collect();
    if number.len() != 4 || !name[4..].starts_with('-') {
        findings.push((0, "a note is called NNNN-subject.md".to_owned()));
    }
    let title = format!("# {number} ");
    if !text.starts_with(&title) {
        findings.push((1, format!("the first line begins with `{title}`")));
    }
    let mut lines = text.lines();
    for heading in HEADINGS {
        if !lines.any(|line| line == heading) {
            findings.push((0, format!("`{heading}` is missing or out of its place")));
            break;
        }
    }
    findings
}

/// Notes that the list does not link, and numbers that are taken twice or left out.
pub(crate) fn unlisted(paths: &[&str], list: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut note = |path: &str, message: String| {
        violations.push(Violation {
            path: path.to_owned(),
            line: 0,
            message,
        });
    };
    for (index, path) in paths.iter().enumerate() {
        let name = path.rsplit('/').next().unwrap_or(path);
        if !list.contains(&format!("]({name})")) {
            note(path, "docs/design/README.md does not link it".to_owned());
        }
        let expected = format!("{:04}-", index + 1);
        if !name.starts_with(&expected) {
            note(path, format!("notes are numbered in order: {expected}"));
        }
    }
    violations
}

/// Relative links, scenarios and captures that a document names and nobody finds.
pub(crate) fn dead_references(path: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Findings {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut report = |target: String| {
            if !exists(&target) {
                findings.push((index + 1, format!("{target} does not exist")));
            }
        };
        for (at, _) in line.match_indices("](") {
            let target = line[at + 2..].split([')', '#', ' ']).next().unwrap_or("");
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                report(resolve(path, target));
            }
        }
        let definition = line.strip_prefix('[').and_then(|it| it.split_once("]: "));
        if let Some((_, target)) = definition
            && !target.contains("://")
        {
            report(resolve(path, target.trim_end()));
        }
        let name =
            |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
        for word in line.split(|character| !name(character)) {
            let word = word.trim_end_matches('.');
            let known = [
                ("scenarios/", ".toml"),
                ("captures/", ".pcapng"),
                ("captures/", ".txt"),
            ];
            if known
                .iter()
                .any(|(folder, end)| word.starts_with(folder) && word.ends_with(end))
            {
                report(word.to_owned());
            }
        }
    }
    findings
}

/// A link's target, from the top of the repository.
fn resolve(document: &str, target: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_have_one_form() {
        let good = [
            "RFC 9293 section 3.10.7.4",
            "RFC 9293 sections 3.4 and 3.5",
            "(RFC 5961) and RFC 9293. 3 times",
            "RFC 6298 rule 2.4, RFC 9293 appendix A, the RFC, RFCs, RFC 1122's list",
            "https://www.rfc-editor.org/rfc/rfc9293#section-3.4",
            "section 3.5.2 of RFC 9293",
            "RFC 9293 defines eleven states",
            "(RFC 9293 section\n3.4)",
        ];
        for text in good {
            assert_eq!(citations(text), [], "{text}");
        }
        let bad = [
            "RFC9293",
            "rfc 9293",
            "RFC-9293",
            "RFC 9293 3.6.1",
            "RFC 9293 §3.4",
            "RFC 9293, section 3.4",
            "RFC 9293 (section 3.4)",
            "RFC 9293 Section 3.4",
            "RFC 9293 sec. 3.4",
            "RFC 9293#section-3.4",
            "RFC 9293 section §3.4",
        ];
        for text in bad {
            assert_eq!(citations(&format!("first\n {text}")).len(), 1, "{text}");
        }
        assert_eq!(citations("a\nü RFC9293")[0].0, 2);
    }

    #[test]
    fn design_notes_have_a_form() {
        let good = format!("# 0001 A title\n\n{}\n", HEADINGS.join("\n"));
        assert_eq!(design_note("docs/design/0001-a.md", &good), []);
        assert_eq!(design_note("docs/design/0002-a.md", &good).len(), 1);
        assert_eq!(design_note("docs/design/a.md", &good).len(), 2);
        assert_eq!(
            design_note("docs/design/0001-a.md", &good.replace("## Choice\n", "")).len(),
            1
        );
        assert!(!is_design_note("docs/design/README.md") && is_design_note("docs/design/x.md"));
    }

    #[test]
    fn design_notes_are_listed_in_order() {
        let list = "[a](0001-a.md) [b](0002-b.md)";
        assert_eq!(
            unlisted(&["docs/design/0001-a.md", "docs/design/0002-b.md"], list),
            []
        );
        assert_eq!(unlisted(&["docs/design/0001-c.md"], list).len(), 1);
        assert_eq!(unlisted(&["docs/design/0002-b.md"], list).len(), 1);
    }

    #[test]
    fn references_lead_somewhere() {
        let exists = |path: &str| ["docs/a.md", "scenarios/b.toml", "ci.sh"].contains(&path);
        let good = "[a](a.md#top), [ci](../ci.sh), `scenarios/b.toml`. <x> [w](https://w/x) \
                    [h](#h)\n[b]: ../scenarios/b.toml\n[d]: https://w/x";
        assert_eq!(dead_references("docs/x.md", good, &exists), []);
        let bad = "[a](../a.md)\nscenarios/c.toml and captures/b.txt\n[b]: ../scenarios/d.toml";
        let lines: Vec<usize> = dead_references("docs/x.md", bad, &exists)
            .iter()
            .map(|f| f.0)
            .collect();
        assert_eq!(lines, [1, 2, 2, 3]);
    }
}
