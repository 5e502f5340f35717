//! Rules for Rust sources.

use crate::source::{Source, Token, is_word};
use crate::violation::Findings;

/// Columns in a line, at most.
const COLUMNS_MAX: usize = 100;
/// Lines with code in a file that is about one subject, at most; its tests are not counted.
const LINES_MAX: usize = 600;

/// Lines that are too wide. Formatting breaks code, but neither comments nor literals.
pub(crate) fn long_lines(text: &str) -> Findings {
    let wide = |(index, line): (usize, &str)| {
        let columns = line.chars().count();
        (columns > COLUMNS_MAX).then(|| {
            (
                index + 1,
                format!("{columns} columns; at most {COLUMNS_MAX}"),
            )
        })
    };
    text.lines().enumerate().filter_map(wide).collect()
}

/// Files that have grown beyond one subject.
pub(crate) fn too_long(source: &Source) -> Findings {
    let lines = source.clone().without_tests().used_lines();
    if lines <= LINES_MAX {
        return Vec::new();
    }
    vec![(
        0,
        format!("{lines} lines of code without tests; split it, at most {LINES_MAX}"),
    )]
}

/// Notes to oneself, and code that stands for code.
pub(crate) fn unfinished(source: &Source) -> Findings {
    let mut findings = Vec::new();
    for (index, line) in source.comments().lines().enumerate() {
        for word in line.split(|character| !is_word(character)) {
            if ["TODO", "FIXME", "XXX", "HACK"].contains(&word) {
                findings.push((
                    index + 1,
                    format!("{word}: do it, or say what is not done and why"),
                ));
            }
        }
    }
    for pair in source.tokens().windows(2) {
        let [name, sign] = pair else { continue };
        if sign.text == "!" && ["todo", "unimplemented", "dbg"].contains(&name.text.as_str()) {
            findings.push((name.line, format!("{}! must not stay", name.text)));
        }
    }
    findings
}

/// Lints that are switched off, or expected without saying why.
pub(crate) fn relaxed_lints(source: &Source) -> Findings {
    let tokens = source.tokens();
    let mut findings = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let followed_by = |sign: &str| tokens.get(index + 1).is_some_and(|next| next.text == sign);
        let opens = token.text == "#" && (followed_by("[") || followed_by("!"));
        if !opens {
            continue;
        }
        let attribute = attribute_at(&tokens[index..]);
        let calls = |name: &str| {
            attribute
                .windows(2)
                .any(|pair| pair[0].text == name && pair[1].text == "(")
        };
        if calls("allow") {
            findings.push((
                token.line,
                "#[allow]: use #[expect(..., reason = \"...\")]".to_owned(),
            ));
        }
        if calls("expect") && !attribute.iter().any(|token| token.text == "reason") {
            findings.push((token.line, "#[expect] without reason = \"...\"".to_owned()));
        }
    }
    findings
}

/// The tokens of the attribute that begins a list, up to its closing bracket.
fn attribute_at(tokens: &[Token]) -> &[Token] {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "[" => depth += 1,
            "]" if depth == 1 => return &tokens[..=index],
            "]" => depth -= 1,
            // `#!` at the top of a script, or a `#` in a macro: no attribute.
            _ if depth == 0 && index > 1 => return &[],
            _ => {}
        }
    }
    &[]
}

/// What a crate without clock, files, network and threads has no use for.
const MACHINE: [&str; 9] = [
    "std::env",
    "std::fs",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::UNIX_EPOCH",
];

/// Paths into the parts of the standard library that reach the machine.
pub(crate) fn machine_access(source: &Source) -> Findings {
    let mut findings = Vec::new();
    for (line, path) in standard_paths(&source.tokens()) {
        let reaches = |part: &str| {
            let below = path
                .strip_prefix(part)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
            // Importing a module, or all of it, brings in what is below it.
            let module = path.strip_suffix("::*").unwrap_or(&path);
            below
                || part
                    .strip_prefix(module)
                    .is_some_and(|rest| rest.starts_with("::"))
        };
        if MACHINE.iter().any(|part| reaches(part)) {
            findings.push((
                line,
                format!("{path}: this crate is pure, the caller hands it everything"),
            ));
        }
    }
    findings
}

/// Every path that begins with `std`, imports in braces spelled out.
fn standard_paths(tokens: &[Token]) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let continues_path = index > 0 && tokens[index - 1].text == ":";
        let absolute = continues_path && (index < 3 || !is_path_part(&tokens[index - 3]));
        if token.text == "std" && (!continues_path || absolute) {
            expand(tokens, index + 1, "std", &mut paths);
        }
    }
    paths
}

/// Whether a token can stand before `::` in a path.
fn is_path_part(token: &Token) -> bool {
    token.text == ">" || token.text.chars().all(is_word)
}

/// Follows a path from the token behind `prefix`; returns the token behind the path.
fn expand(tokens: &[Token], at: usize, prefix: &str, paths: &mut Vec<(usize, String)>) -> usize {
    let text = |index: usize| tokens.get(index).map_or("", |token| token.text.as_str());
    let line = tokens[at.min(tokens.len()) - 1].line;
    if text(at) != ":" || text(at + 1) != ":" {
        paths.push((line, prefix.to_owned()));
        return at;
    }
    match text(at + 2) {
        "{" => {
            let mut here = at + 3;
            while here < tokens.len() && text(here) != "}" {
                here = match text(here) {
                    "," => here + 1,
                    "self" => expand(tokens, here + 1, prefix, paths),
                    name => expand(tokens, here + 1, &format!("{prefix}::{name}"), paths),
                };
            }
            here + 1
        }
        // `collect::<Vec<_>>()`: the path is over.
        "<" | "" => {
            paths.push((line, prefix.to_owned()));
            at + 2
        }
        name => expand(tokens, at + 3, &format!("{prefix}::{name}"), paths),
    }
}

/// Names of crates that depend on this one, and words that belong to their layer.
pub(crate) fn upward_references(source: &Source, crates: &[&str], prefixes: &[&str]) -> Findings {
    let mut findings = Vec::new();
    for token in source.tokens() {
        let text = token.text.as_str();
        if crates.contains(&text) || prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            findings.push((
                token.line,
                format!("{text} belongs to a layer above this crate"),
            ));
        }
    }
    findings
}

/// Names of systems in code or literals: a branch on a name is a knob that is missing.
///
/// A word counts with its parts between underscores. The name of a model (`LinuxTruesize`) may say
/// where it was measured.
pub(crate) fn systems_named(source: &Source, systems: &[String]) -> Findings {
    let mut findings = Vec::new();
    for view in [source.code(), source.literals()] {
        for (index, line) in view.lines().enumerate() {
            for word in line.split(|character: char| !character.is_alphanumeric()) {
                if systems.contains(&word.to_lowercase()) {
                    findings.push((index + 1, format!("{word}: make it a knob of the profile")));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines on which a rule finds something.
    fn lines(findings: Findings) -> Vec<usize> {
        findings.into_iter().map(|(line, _)| line).collect()
    }

    #[track_caller]
    fn assert_found(rule: impl Fn(&Source) -> Findings, rows: &[(&str, &[usize])]) {
        for (text, expected) in rows {
            assert_eq!(lines(rule(&Source::parse(text))), *expected, "{text}");
        }
    }

    #[test]
    fn width_is_counted_in_characters() {
        let text = format!(
            "{}\n{}\n{}\n",
            "a".repeat(100),
            "a".repeat(101),
            "ü".repeat(100)
        );
        assert_eq!(lines(long_lines(&text)), [2]);
    }

    #[test]
    fn length_is_counted_without_comments_and_tests() {
        let code = "fn f() {}\n".repeat(LINES_MAX);
        let free = "// Why.\n\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\n";
        assert_found(too_long, &[(&format!("{code}{free}"), &[])]);
        assert_found(too_long, &[(&format!("{code}{free}fn g() {{}}\n"), &[0])]);
    }

    #[test]
    fn unfinished_work_is_found() {
        assert_found(
            unfinished,
            &[
                ("fn f() {}\n// TODO: more\n", &[2]),
                ("/* FIXME */ fn f() { todo!() }", &[1, 1]),
                (
                    "fn f() { unimplemented ! () }\nfn g() { dbg!(1); }",
                    &[1, 2],
                ),
                (
                    "fn todo() -> &'static str { \"TODO\" } // A todoist: todo, XXXL",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn relaxed_lints_are_found() {
        assert_found(
            relaxed_lints,
            &[
                ("#[allow(dead_code)]\nfn f() {}", &[1]),
                ("//! Words.\n#![allow(missing_docs)]", &[2]),
                ("#[cfg_attr(test, allow(dead_code))]\nfn f() {}", &[1]),
                ("#[expect(dead_code)]\nfn f() {}", &[1]),
                (
                    "#[expect(\n    dead_code,\n    reason = \"later\",\n)]\nfn f() {}",
                    &[],
                ),
                (
                    "fn f() { allow(1); x.expect(\"#[allow(x)]\"); } // #[allow(x)]",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn ways_to_the_machine_are_found() {
        assert_found(
            machine_access,
            &[
                ("use std::fs;", &[1]),
                (
                    "use std::{\n    collections::BTreeMap,\n    fs::{self, File},\n};",
                    &[3, 3],
                ),
                ("use std::time;", &[1]),
                ("use std::time::*;", &[1]),
                ("use std::time::{Duration, Instant as Clock};", &[1]),
                ("fn f() { ::std::net::TcpStream::connect(\"\"); }", &[1]),
                ("fn f() { std::thread::sleep(d); }", &[1]),
                (
                    "use std::time::Duration;\nuse core::net::Ipv4Addr;\nuse std::fmt;",
                    &[],
                ),
                (
                    "use crate::std::fs;\nfn f() { std::iter::once::<u8>(1); } // std::fs",
                    &[],
                ),
                ("#[cfg(test)]\nmod tests { use std::fs; }", &[2]),
            ],
        );
        let tests_may = Source::parse("#[cfg(test)]\nmod tests { use std::fs; }").without_tests();
        assert_eq!(machine_access(&tests_may), []);
    }

    #[test]
    fn references_to_layers_above_are_found() {
        let rule = |source: &Source| upward_references(source, &["hangup"], &["WSA"]);
        assert_found(
            rule,
            &[
                ("use hangup::run;", &[1]),
                ("fn f() {\n    WSARecvDisconnect();\n}", &[2]),
                (
                    "use hangup_stack::host; // hangup, WSARecvDisconnect\n\
                     const S: &str = \"hangup\";",
                    &[],
                ),
            ],
        );
    }

    #[test]
    fn systems_are_found_by_name() {
        let systems = ["linux".to_owned()];
        assert_found(
            |source| systems_named(&source.clone().without_tests(), &systems),
            &[
                ("fn f() {\n    name == \"linux\"\n}", &[2]),
                ("fn is_linux() {}", &[1]),
                ("enum System { Linux }", &[1]),
                ("enum Model { LinuxTruesize } // as in linux", &[]),
                (
                    "#[cfg(test)]\nmod tests { const P: &str = \"linux\"; }",
                    &[],
                ),
            ],
        );
    }
}
