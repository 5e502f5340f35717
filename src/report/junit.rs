//! JUnit XML: one suite for each folder of scenarios.
//!
//! The format has no specification; these elements and attributes are those that Jenkins, GitLab
//! and GitHub's actions for it all read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::writer::Writer;

use super::case::{CaseVerdict, TestCase};
use super::format::{ReportFormat, ReportWriter};
use super::summary::Summary;
use crate::diagnostic::clean;

pub(super) const FORMAT: ReportFormat = ReportFormat {
    name: "junit",
    about: "JUnit XML, which most services for continuous integration read",
    for_people: false,
    has_sections: false,
    new: |_| Box::new(Junit(Vec::new())),
};

/// The cases so far: counts of all of them stand before the first.
#[derive(Debug)]
struct Junit(Vec<TestCase>);

impl ReportWriter for Junit {
    fn case(&mut self, case: &TestCase) -> String {
        self.0.push(case.clone());
        String::new()
    }

    fn end(&self, summary: &Summary) -> String {
        report(&self.0, summary)
    }
}

/// The whole report.
fn report(cases: &[TestCase], summary: &Summary) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing into memory cannot fail.
    write(&mut writer, cases, summary).expect("memory takes everything");
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    text
}

type Xml = Writer<Vec<u8>>;

fn write(writer: &mut Xml, cases: &[TestCase], summary: &Summary) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let element = writer.create_element("testsuites");
    let element = element
        .with_attribute(("name", "hangup"))
        .with_attributes(counts(&cases.iter().collect::<Vec<_>>()))
        .with_attribute(("time", seconds(summary.wall).as_str()));
    element.write_inner_content(|writer| {
        let suites = suites(cases);
        let mut suites = suites.iter();
        suites.try_for_each(|(folder, suite)| write_suite(writer, folder, suite))
    })?;
    Ok(())
}

/// The cases of each folder, in the order in which folders come first. Those of a folder need not
/// be neighbours: what is in a folder below may stand between them.
fn suites(cases: &[TestCase]) -> Vec<(&str, Vec<&TestCase>)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut suites: Vec<(&str, Vec<&TestCase>)> = Vec::new();
    for case in cases {
        let folder = folder(case);
        let place = *places.entry(folder).or_insert(suites.len());
        match suites.get_mut(place) {
            Some((_, suite)) => suite.push(case),
            None => suites.push((folder, vec![case])),
        }
    }
    suites
}

fn write_suite(writer: &mut Xml, folder: &str, cases: &[&TestCase]) -> std::io::Result<()> {
    let wall = cases.iter().map(|it| it.wall).sum();
    let element = writer.create_element("testsuite");
    let element = element
        .with_attribute(("name", text(&clean(folder)).as_str()))
        .with_attributes(counts(cases))
        .with_attribute(("time", seconds(wall).as_str()));
    element
        .write_inner_content(|writer| cases.iter().try_for_each(|case| write_case(writer, case)))?;
    Ok(())
}

fn write_case(writer: &mut Xml, case: &TestCase) -> std::io::Result<()> {
    let element = writer.create_element("testcase");
    let element = element
        .with_attribute(("name", text(&clean(&case.name)).as_str()))
        .with_attribute(("classname", text(&clean(folder(case))).as_str()))
        .with_attribute(("file", text(&clean(&case.path)).as_str()))
        .with_attribute(("time", seconds(case.wall).as_str()));
    let tag = match case.verdict {
        CaseVerdict::Held => {
            element.write_empty()?;
            return Ok(());
        }
        CaseVerdict::Failed => "failure",
        CaseVerdict::Invalid | CaseVerdict::Unable => "error",
        CaseVerdict::Unsupported | CaseVerdict::NotRun => "skipped",
    };
    let message = case.problems.first().map_or("", |it| it.message.as_str());
    let shown = text(&case.plain_complaints());
    element.write_inner_content(|writer| {
        let inner = writer.create_element(tag);
        let inner = inner.with_attribute(("message", text(message).as_str()));
        if shown.is_empty() {
            inner.write_empty()?;
        } else {
            let inner = inner.with_attribute(("type", case.verdict.name()));
            inner.write_text_content(BytesText::new(&shown))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The attributes that count.
fn counts(cases: &[&TestCase]) -> Vec<(&'static str, Cow<'static, str>)> {
    let count = |of: &[CaseVerdict]| {
        let counted = cases.iter().filter(|it| of.contains(&it.verdict));
        Cow::Owned(counted.count().to_string())
    };
    vec![
        ("tests", Cow::Owned(cases.len().to_string())),
        ("failures", count(&[CaseVerdict::Failed])),
        (
            "errors",
            count(&[CaseVerdict::Invalid, CaseVerdict::Unable]),
        ),
        (
            "skipped",
            count(&[CaseVerdict::Unsupported, CaseVerdict::NotRun]),
        ),
    ]
}

/// The folder in the name of a case.
fn folder(case: &TestCase) -> &str {
    // A combination may have a path in it no more than a file's name can.
    let name = case.name.split('@').next().unwrap_or_default();
    name.rsplit_once('/')
        .map_or("scenarios", |(folder, _)| folder)
}

fn seconds(duration: Duration) -> String {
    format!("{:.6}", duration.as_secs_f64())
}

/// A text without the characters that XML cannot hold, escaped or not.
fn text(text: &str) -> String {
    let held = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    text.replace(|c| !held(c), "\u{fffd}")
}
