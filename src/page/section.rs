//! A section of a page: one scenario that was run, or one trace.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};

use super::shell::{Shell, shell};
use crate::picture::graph::{self, TimeScale};
use crate::picture::ladder::{self, Choice};
use crate::picture::{Place, Recording, Streams, What};

/// The most octets of a section beside its trace.
pub const OCTETS_MAX: usize = 40 * 1024;

/// A longer trace is not put into a page.
const TRACE_OCTETS_MAX: usize = 1 << 20;

/// How many rows a ladder and a table of calls have, at first and where that is too much.
const ROWS: [usize; 5] = [200, 100, 50, 25, 10];

/// A statement of a document that a scenario proves.
#[derive(Clone, Debug, Default)]
pub struct Proved {
    /// Its id.
    pub id: String,
    /// The sentence.
    pub says: String,
    /// The document that says it.
    pub document: String,
}

/// One scenario that was run, or one trace.
#[derive(Debug)]
pub struct Section<'a> {
    /// What happened.
    pub recording: &'a Recording,
    /// The statements that it proves.
    pub proves: Vec<Proved>,
    /// What did not hold or is wrong, as a person reads it, without colour.
    pub problems: Vec<String>,
    /// The lines of its file at which something did not hold, from 1.
    pub lines: Vec<usize>,
    /// Its file, by its path, and its text.
    pub source: Option<(&'a str, &'a str)>,
    /// What else is to be said of it, in short: the seed, the time, settings.
    pub facts: Vec<(&'static str, String)>,
    /// Its trace as pcapng.
    pub trace: Option<&'a [u8]>,
    /// What of it is drawn.
    pub choice: Choice,
    /// How time goes along its graph.
    pub scale: TimeScale,
}

/// A name as a part of an address.
pub fn slug(name: &str) -> String {
    let kept = |it: char| it.is_ascii_alphanumeric() || "-_./@=,".contains(it);
    name.chars()
        .map(|it| if kept(it) { it } else { '_' })
        .collect()
}

/// A page of one section.
pub fn lone(section: &Section<'_>) -> String {
    let body = html! { main.lone { (PreEscaped(section.html())) } };
    shell(Shell {
        title: &section.recording.name,
        kind: "one",
        body,
    })
}

impl Section<'_> {
    /// The section, of no more octets than it may have beside its trace: where its pictures are too
    /// large, they have fewer rows.
    pub fn html(&self) -> String {
        let trace = self.download();
        let streams = Streams::follow(self.recording);
        let mut html = String::new();
        for (attempt, rows) in ROWS.into_iter().enumerate() {
            let is_first = attempt == 0;
            html = self.draw(&streams, rows, is_first).into_string();
            if html.len() <= OCTETS_MAX {
                break;
            }
        }
        // The trace stands where the section says so.
        html.replacen("<i class=\"trace\"></i>", &trace.into_string(), 1)
    }

    fn draw(&self, streams: &Streams, rows: usize, has_all: bool) -> Markup {
        let Self { recording, .. } = self;
        let choice = Choice {
            rows: Some(rows),
            ..self.choice.clone()
        };
        let ladder = ladder::ladder(recording, streams, &choice);
        let graph = graph::graph(recording, streams, self.choice.connection);
        let verdict = recording.verdict.as_str();
        html! {
            article id=(slug(&recording.name)) {
                header {
                    h2 { (recording.name) }
                    @if !verdict.is_empty() {
                        span class={ "verdict " (verdict.replace(' ', "-")) } { (verdict) }
                    }
                    i.trace {}
                }
                @if !recording.claim.is_empty() { p.claim { (recording.claim) } }
                @if !self.facts.is_empty() {
                    p.facts {
                        @for (name, value) in &self.facts { span { (name) " " b { (value) } } " " }
                    }
                }
                @if !self.proves.is_empty() { (proves(&self.proves)) }
                @for problem in &self.problems { pre.problem { (problem.trim_end()) } }
                @if recording.items.is_empty() {
                    p.nothing.muted { "No call was made and no packet sent." }
                } @else {
                    h3 { "Ladder" }
                    div.picture tabindex="0" { (PreEscaped(ladder::svg(&ladder, Place::Page))) }
                }
                @if let Some(graph) = &graph { (self.graph(graph, has_all)) }
                (calls(recording, rows))
                @if let Some((path, text)) = self.source { (source(path, text, &self.lines)) }
            }
        }
    }

    /// The graph, and where time does not go evenly along it another one.
    fn graph(&self, graph: &graph::Graph, has_all: bool) -> Markup {
        let first = graph::svg(graph, self.scale, Place::Page);
        let other = (self.scale == TimeScale::Auto && has_all).then(|| {
            let even = graph::svg(graph, TimeScale::Linear, Place::Page);
            let logarithmic = || graph::svg(graph, TimeScale::Log, Place::Page);
            (even != first).then(logarithmic).filter(|it| *it != first)
        });
        let other = other.flatten();
        html! {
            h3 {
                "Sequence graph"
                @if other.is_some() {
                    " " button type="button" data-swap="event" aria-pressed="true" { "by event" }
                    " " button type="button" data-swap="log" aria-pressed="false" { "logarithmic" }
                }
            }
            div.picture data-scale="event" tabindex="0" { (PreEscaped(first)) }
            @if let Some(other) = other {
                div.picture data-scale="log" tabindex="0" hidden { (PreEscaped(other)) }
            }
        }
    }

    fn download(&self) -> Markup {
        match self.trace {
            None => Markup::default(),
            Some(octets) if octets.len() > TRACE_OCTETS_MAX => {
                let size = octets.len() >> 10;
                html! { span.download { "trace of " (size) " KiB: run with -w" } }
            }
            Some(octets) => {
                let name = self.recording.name.rsplit('/').next().unwrap_or_default();
                let data = STANDARD.encode(octets);
                let size = octets.len().div_ceil(1024);
                html! {
                    a.download download={ (slug(name)) ".pcapng" }
                        href={ "data:application/x-pcapng;base64," (data) } {
                        "trace, " (size) " KiB"
                    }
                }
            }
        }
    }
}

/// The sentences that it proves, and once where they stand.
fn proves(proves: &[Proved]) -> Markup {
    let mut documents: Vec<&str> = Vec::new();
    for proved in proves {
        if !documents.contains(&proved.document.as_str()) {
            documents.push(&proved.document);
        }
    }
    html! {
        blockquote {
            @for proved in proves { p { (proved.says) " " small { code { (proved.id) } } } }
            footer { "It proves " (documents.join("; ")) "." }
        }
    }
}

/// The calls, with their results.
fn calls(recording: &Recording, most: usize) -> Markup {
    let calls = recording.items.iter().filter_map(|item| {
        let What::Call(call) = &item.what else {
            return None;
        };
        Some((item.at, call))
    });
    let calls: Vec<_> = calls.collect();
    if calls.is_empty() {
        return Markup::default();
    }
    let count = calls.len();
    html! {
        details {
            summary { "Calls " small { (count) } }
            div.picture { table.calls {
                tr { th { "seconds" } th { "host" } th { "call" } th { "result" } }
                @for (at, call) in calls.iter().take(most) {
                    @let (made, result) = call.text.rsplit_once(" = ").unwrap_or((&call.text, ""));
                    @let is_bad = result.starts_with("-1") || result.contains("ERROR");
                    tr.bad[is_bad] {
                        td { (ladder::seconds(*at, 6)) }
                        td { (recording.hosts[call.host].name) }
                        td { code { (made) } }
                        td { code { (result) } }
                    }
                }
            } }
            @if count > most { p.muted { (count - most) " more" } }
        }
    }
}

/// The file, with the lines at which something did not hold.
fn source(path: &str, text: &str, marked: &[usize]) -> Markup {
    /// A longer file is cut.
    const OCTETS_MOST: usize = 10_000;
    let cut = &text[..text.floor_char_boundary(OCTETS_MOST)];
    html! {
        details open[!marked.is_empty()] {
            summary { "File " small { (path) } }
            pre.source {
                @for (index, line) in cut.lines().enumerate() {
                    @if marked.contains(&(index + 1)) { mark { (line) } } @else { (line) }
                    "\n"
                }
                @if cut.len() < text.len() { "..." }
            }
        }
    }
}
