//! Rules for the built-in profiles.

use crate::violation::Findings;

/// How a value can be known.
const MARKS: [&str; 5] = ["measured", "captured", "read", "documented", "assumed"];

/// Values whose comment does not begin with how they are known.
pub(crate) fn unmarked(text: &str) -> Findings {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (value, comment) = line.split_once('#').unwrap_or((line, ""));
        if !value.contains('=') {
            continue;
        }
        let comment = comment.trim_start();
        let marked = MARKS.iter().any(|mark| {
            let rest = comment.strip_prefix(mark);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ';', ',', ' ']))
        });
        if !marked {
            let marks = MARKS.join(", ");
            findings.push((
                index + 1,
                format!("say how it is known: `# MARK: source`, one of {marks}"),
            ));
        }
    }
    findings
}

#[test]
fn values_without_a_source_are_found() {
    let good = "# Linux = 6.18\n[rto]\nmin = \"200ms\" # measured: 204 ms\n\
                max = 1 # read\n\nx = 1 #assumed\n";
    assert_eq!(unmarked(good), []);
    let bad = "a = 1\nb = 2 # everybody knows\nc = 3 # readable\n# d = 4\n";
    let lines: Vec<usize> = unmarked(bad).into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, [1, 2, 3]);
}
