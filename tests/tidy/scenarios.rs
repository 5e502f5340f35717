//! Rules for scenarios and their golden traces.

use std::collections::BTreeSet;

use crate::violation::{Findings, Violation};

/// What belongs to each scenario below `captures/`.
const CAPTURE_EXTENSIONS: [&str; 2] = ["pcapng", "txt"];

/// A scenario begins with what it claims: one sentence in a comment.
pub(crate) fn claim(text: &str) -> Findings {
    let finding = |message: &str| vec![(1, format!("{message}; begin with `# One sentence.`"))];
    let lines: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix('#'))
        .map(str::trim)
        .collect();
    let claim = lines.join(" ");
    let claim = claim.trim();
    if claim.is_empty() {
        return finding("no claim");
    }
    if !claim.ends_with('.') {
        return finding("the claim is no sentence");
    }
    let begins_another = |(at, _): (usize, &str)| {
        claim[at + 2..]
            .chars()
            .next()
            .is_some_and(char::is_uppercase)
    };
    if claim.match_indices(". ").any(begins_another) {
        return finding(
            "the claim is more than one sentence (leave an empty line before comments)",
        );
    }
    Vec::new()
}

/// A scenario's name can be typed, and is the same on every file system.
pub(crate) fn name(path: &str) -> Findings {
    let allowed = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "-/".contains(character)
    };
    let stem = path.strip_suffix(".toml").unwrap_or(path);
    if stem.chars().all(allowed) {
        return Vec::new();
    }
    vec![(0, "a name is made of a-z, 0-9 and `-`".to_owned())]
}

/// Scenarios without golden traces, and golden traces without a scenario. Those of a sweep have its
/// combination behind an `@`; that none of them is missing is seen where scenarios are run.
pub(crate) fn unpaired(scenarios: &[&str], captures: &[&str]) -> Vec<Violation> {
    let missing = |path: &str, message: &str| Violation {
        path: path.to_owned(),
        line: 0,
        message: message.to_owned(),
    };
    let expected: BTreeSet<String> = scenarios
        .iter()
        // The kernel is in those, whose times are its own.
        .filter(|path| !path.starts_with("scenarios/live/"))
        .filter_map(|path| path.strip_prefix("scenarios/")?.strip_suffix(".toml"))
        .flat_map(|stem| CAPTURE_EXTENSIONS.map(|extension| format!("captures/{stem}.{extension}")))
        .collect();
    let of_scenario = |path: &str| {
        let (stem, rest) = path.split_once('@')?;
        let extension = rest.rsplit_once('.')?.1;
        Some(format!("{stem}.{extension}"))
    };
    let present: BTreeSet<String> = captures
        .iter()
        .map(|path| of_scenario(path).unwrap_or_else(|| (*path).to_owned()))
        .collect();
    let bless = "missing: look at the trace, then `hangup run --bless`";
    let orphan = "belongs to no scenario: remove it";
    let mut violations: Vec<Violation> = expected
        .difference(&present)
        .map(|path| missing(path, bless))
        .collect();
    violations.extend(
        present
            .difference(&expected)
            .map(|path| missing(path, orphan)),
    );
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_one_sentence_at_the_top() {
        let good = [
            "# Data is held.\nseed = 1\n",
            "# Data is held, see RFC 9293 section 3.6.1, until\n# the window is exhausted.\n",
            "# The ACK field stays at 1. 4000 octets are held.\n\n# More. About it.\n",
        ];
        for text in good {
            assert_eq!(claim(text), [], "{text}");
        }
        let bad = [
            "",
            "seed = 1\n# Data is held.\n",
            "\n# Data is held.\n",
            "#\n",
            "# Data is held\n",
            "# Data is held. Nothing is acknowledged.\n",
            "# Data is held.\n# Nothing is acknowledged.\n",
        ];
        for text in bad {
            assert_eq!(claim(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn names_are_plain() {
        assert_eq!(name("scenarios/close/linger-0.toml"), []);
        for path in [
            "scenarios/Close/a.toml",
            "scenarios/a_b.toml",
            "scenarios/a b.toml",
        ] {
            assert_eq!(name(path).len(), 1, "{path}");
        }
    }

    #[test]
    fn pairs_are_complete_or_named() {
        let scenarios = ["scenarios/udp/a.toml", "scenarios/b.toml"];
        let complete = [
            "captures/b.pcapng",
            "captures/b.txt",
            "captures/udp/a.pcapng",
            "captures/udp/a.txt",
        ];
        assert_eq!(unpaired(&scenarios, &complete), []);
        let swept = [
            "captures/b@mss=88,delay=1.5s.pcapng",
            "captures/b@mss=88,delay=1.5s.txt",
            "captures/udp/a.pcapng",
            "captures/udp/a.txt",
        ];
        assert_eq!(unpaired(&scenarios, &swept), []);

        let wrong = [
            "captures/b.pcapng",
            "captures/c.txt",
            "captures/udp/a.pcapng",
            "captures/udp/a.txt",
        ];
        let paths: Vec<String> = unpaired(&scenarios, &wrong)
            .into_iter()
            .map(|violation| violation.path)
            .collect();
        assert_eq!(paths, ["captures/b.txt", "captures/c.txt"]);
    }
}
