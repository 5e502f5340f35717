//! Every report format on the same cases: snapshots for reviewers, and parsed as programs parse it.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;
use crate::diagnostic::{Diagnostic, Source, Span, clean};
use clap::ValueEnum;
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::Duration;

fn case(name: &str, verdict: CaseVerdict) -> TestCase {
    TestCase {
        kind: CaseKind::Scenario,
        name: name.to_owned(),
        path: format!(
            "scenarios/{}.toml",
            name.split('@').next().unwrap_or_default()
        ),
        claim: "It ends.".to_owned(),
        settings: Vec::new(),
        verdict,
        seed: Some(7),
        virtual_time: Some(Duration::from_micros(1_234_567)),
        wall: Duration::from_micros(1_500),
        warnings: Vec::new(),
        problems: Vec::new(),
        ignored: Vec::new(),
        ladder: Vec::new(),
        section: None,
        golden: Some(Golden::Same),
    }
}

/// One of each kind, with texts that are not easy for one format or another.
fn cases() -> Vec<TestCase> {
    let source = Source::new(
        "scenarios/close/a,b.toml",
        "script = '''\n0 a > b: <nop> & 100% \"x\" ]]> #1\n'''\n",
    );
    let failure = Diagnostic::new(
        Span::new(13..46),
        "expected segment `<nop> & 100%` never came",
    )
    .label("at 0.100000")
    .note("sent instead", "0.1 a > b: F. 1:1(0), again")
    .note("replay", "hangup run scenarios/close/a,b.toml --seed 7");
    let mut failed = case("close/a,b", CaseVerdict::Failed);
    failed.problems = vec![Problem::new(&source, &failure)];
    failed.ladder = vec!["  0.000000  a > b: S 0:0(0)".to_owned(), String::new()];
    let mut invalid = case("close/bad", CaseVerdict::Invalid);
    invalid.path.clone_from(&failed.path);
    let fault = Diagnostic::of_file("a scenario needs a `script`\u{1b}[0m\u{0}");
    invalid.problems = vec![
        Problem::new(&source, &fault),
        Problem::new(&source, &failure),
    ];
    (invalid.seed, invalid.virtual_time, invalid.golden) = (None, None, None);
    let mut unable = case("udp/unread#1", CaseVerdict::Unable);
    unable.problems = vec![Problem::elsewhere("cannot write traces/udp: no\nspace")];
    let mut differs = case("udp/differs@mss=88,loss=0.5", CaseVerdict::Held);
    differs.settings = vec!["hosts.a.mss=88".to_owned(), "network.loss=0.5".to_owned()];
    differs.golden = Some(Golden::Differs {
        path: "captures/udp/differs@mss=88,loss=0.5.txt".to_owned(),
        line: Some(7),
    });
    let doubt = Diagnostic::new(Span::new(0..6), "warning: nothing uses port 81");
    differs.warnings = vec![Problem::new(&source, &doubt)];
    let mut not_run = case("udp/z", CaseVerdict::NotRun);
    (not_run.seed, not_run.virtual_time, not_run.golden) = (None, None, None);
    vec![
        case("alone", CaseVerdict::Held),
        failed,
        invalid,
        differs,
        unable,
        not_run,
        script("packetdrill/held.pkt", CaseVerdict::Held),
        script("packetdrill/sub/a#b.pkt", CaseVerdict::Unsupported),
        script("packetdrill/sub/c.pkt", CaseVerdict::Unsupported),
        script("packetdrill/unread.pkt", CaseVerdict::Failed),
    ]
}

/// A packetdrill script.
fn script(name: &str, verdict: CaseVerdict) -> TestCase {
    let source = Source::new(format!("x/{name}"), "0 socket(#) = 3\n+0 > S 0:0(0) <FO>\n");
    let mut script = case(name, verdict);
    script.kind = CaseKind::Script;
    script.path = format!("x/{name}");
    script.golden = None;
    script.ignored = vec!["`nstat`".to_owned()];
    let message = "there is no call # here";
    let reason = Diagnostic::new(Span::new(2..11), message);
    let other = Diagnostic::new(Span::new(31..35), "the host has no such option");
    match verdict {
        CaseVerdict::Unsupported => {
            (script.seed, script.virtual_time) = (None, None);
            script.problems = vec![
                Problem::new(&source, &reason),
                Problem::new(&source, &other),
            ];
        }
        CaseVerdict::Failed => script.problems = vec![Problem::new(&source, &other)],
        CaseVerdict::Held | CaseVerdict::Invalid | CaseVerdict::Unable | CaseVerdict::NotRun => {}
    }
    script
}

fn report(format: ReportFormat, cases: &[TestCase]) -> String {
    let mut reporter = Reporter::new(format, cases.iter().map(|it| (it.kind, it.name.as_str())));
    let mut summary = Summary {
        wall: Duration::from_millis(2_500),
        traces: Some("traces".to_owned()),
        ..Summary::default()
    };
    let mut text = reporter.begin();
    for case in cases {
        summary.count(case);
        text.push_str(&reporter.case(case));
    }
    text.push_str(&reporter.end(&summary));
    text
}

/// A text without what stands between two marks.
fn without(text: &str, [begin, end]: [&str; 2]) -> String {
    let cut = text.split_once(begin).and_then(|(before, rest)| {
        let (_, behind) = rest.split_once(end)?;
        Some(format!("{before}{begin}{end}{behind}"))
    });
    cut.unwrap_or_else(|| text.to_owned())
}

#[test]
fn every_format_is_as_reviewed() {
    let mut shown = String::new();
    for format in ReportFormat::value_variants() {
        let name = format.to_possible_value().unwrap();
        // The style sheet and the script of a page are files, which are reviewed as such.
        let text = without(&report(*format, &cases()), ["<style>", "</style>"]);
        let text = without(&text, ["<script>", "</script>"]);
        shown.push_str(&format!("---- {}\n{text}\n", name.get_name()));
    }
    insta::with_settings!({ prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("formats", shown);
    });
}

/// Holds every format against what a program that reads it asks of it.
fn check(cases: &[TestCase]) {
    let json = report(json::FORMAT, cases);
    let lines: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    assert_eq!(lines.len(), cases.len() + 2);
    assert_eq!(
        (&lines[0]["type"], &lines[0]["schema"]),
        (&"run".into(), &1.into())
    );
    for (line, case) in lines[1..].iter().zip(cases) {
        assert_eq!(line["name"], case.name.as_str());
        assert_eq!(line["verdict"], case.verdict.name());
        assert_eq!(
            line["problems"].as_array().unwrap().len(),
            case.problems.len()
        );
    }
    check_junit(&report(junit::FORMAT, cases), cases);
    check_tap(&report(tap::FORMAT, cases), cases);
    // A line that is no command is only printed; a command that is cut in two is lost.
    let github = report(github::FORMAT, cases);
    let commands = github.lines().filter(|it| it.starts_with("::"));
    let said = |it: &TestCase| it.problems.len() + it.warnings.len();
    let problems: usize = cases.iter().map(said).sum();
    let differ = cases
        .iter()
        .filter(|it| matches!(it.golden, Some(Golden::Differs { .. })));
    assert_eq!(commands.count(), problems + differ.count());
    // What stands behind the cases begins with an empty line where it is more than one.
    let text = report(text::FORMAT, cases);
    let lines = text.lines().take_while(|it| !it.is_empty()).count();
    assert!(lines == cases.len() || lines == cases.len() + 1, "{text}");
}

/// The document is well-formed, its counts are right, and its texts are what they were.
fn check_junit(text: &str, cases: &[TestCase]) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut names, mut total, mut open) = (Vec::new(), 0, 0);
    loop {
        let event = reader.read_event().expect("well-formed XML");
        if matches!(event, Event::Eof) {
            break;
        }
        open += i32::from(matches!(event, Event::Start(_)));
        open -= i32::from(matches!(event, Event::End(_)));
        let (Event::Start(element) | Event::Empty(element)) = event else {
            continue;
        };
        let attribute = |name: &str| {
            let found = element.try_get_attribute(name).expect("well-formed");
            found.map(|it| it.unescape_value().expect("well-formed").into_owned())
        };
        match element.name().as_ref() {
            b"testcase" => names.push(attribute("name").unwrap()),
            b"testsuite" => total += attribute("tests").unwrap().parse::<usize>().unwrap(),
            b"testsuites" => {
                assert_eq!(attribute("tests").unwrap(), cases.len().to_string());
            }
            _ => {}
        }
    }
    assert_eq!((open, total), (0, cases.len()));
    // Those of a folder stand together, wherever they stood.
    let printed = |text: &str| -> String {
        let held = |c: char| !matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
        text.replace(held, "\u{fffd}")
    };
    let mut wanted: Vec<String> = cases.iter().map(|it| printed(&clean(&it.name))).collect();
    wanted.sort();
    names.sort();
    let same = names == wanted;
    assert!(same && names.len() == cases.len(), "{names:?}");
}

/// There are as many test points as planned, numbered in order, and each block ends.
fn check_tap(text: &str, cases: &[TestCase]) {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("TAP version 14"));
    assert_eq!(lines.next(), Some(format!("1..{}", cases.len()).as_str()));
    let (mut number, mut in_block) = (0, false);
    for line in lines {
        match line {
            "  ---" => in_block = true,
            "  ..." => in_block = false,
            _ if in_block => assert!(line.is_empty() || line.starts_with("  "), "{line}"),
            _ => {
                let point = line.strip_prefix("not ").unwrap_or(line);
                let held = !line.starts_with("not ");
                assert!(
                    point.starts_with(&format!("ok {} - ", number + 1)),
                    "{line}"
                );
                assert_eq!(held, !cases[number].verdict.stops(), "{line}");
                number += 1;
            }
        }
    }
    assert_eq!((number, in_block), (cases.len(), false));
}

#[test]
fn every_format_can_be_read() {
    check(&cases());
    check(&[]);
}

proptest! {
    /// Whatever a file and its errors say.
    #[test]
    fn no_text_breaks_a_format(
        texts in vec(r#"(\PC|[\x00-\x1f]|]]>|::|%0A|---|\.\.\.|<|&|"|#|\n){0,30}"#, 4),
        verdict in 0..6_usize,
    ) {
        use CaseVerdict::{Failed, Held, Invalid, NotRun, Unable, Unsupported};
        let [name, path, message, note] = texts.try_into().unwrap();
        // A name is that of a file in a list of lines.
        let name = name.replace(['\n', '\r'], " ");
        let mut case = case(&name, [Held, Failed, Invalid, Unable, Unsupported, NotRun][verdict]);
        let source = Source::new(path, message.as_str());
        let fault = Diagnostic::new(Span::new(0..message.len()), message.as_str());
        case.problems = vec![Problem::new(&source, &fault.note("replay", note.as_str()))];
        case.ladder = vec![note];
        check(&[case.clone(), case]);
    }
}
