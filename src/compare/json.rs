//! A comparison as JSON, for programs.

use serde::Serialize;
use smoltcp::time::Instant;

use super::column::{Column, Noted, SeenEvent};
use super::comparison::Comparison;
use super::summary::{DataFate, ShutdownSummary};
use super::why::why_json;

#[derive(Debug, Serialize)]
struct Report<'a> {
    scenario: &'a str,
    host: &'a str,
    seed: u64,
    settings: &'a [String],
    calls: Vec<StepReport<'a>>,
    parting: Option<PartingReport>,
    systems: Vec<SystemReport<'a>>,
    /// In which knobs the profiles differ, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<serde_json::Value>,
}

/// Times are seconds since the start of the run.
#[derive(Debug, Serialize)]
struct StepReport<'a> {
    line: usize,
    at: f64,
    host: &'a str,
    call: &'a str,
}

#[derive(Debug, Serialize)]
struct PartingReport {
    at: f64,
    /// The line of the call before it.
    line: Option<usize>,
    is_result: bool,
}

#[derive(Debug, Serialize)]
struct SystemReport<'a> {
    profile: &'a str,
    title: &'a str,
    summary: SummaryReport<'a>,
    results: Vec<ResultReport<'a>>,
    seen: Vec<SeenReport<'a>>,
    ended: f64,
}

#[derive(Debug, Serialize)]
struct SummaryReport<'a> {
    queued: Option<&'static str>,
    later: Option<Vec<FateReport>>,
    window: Option<u64>,
    ends: Vec<EndReport<'a>>,
}

#[derive(Debug, Serialize)]
struct FateReport {
    fate: &'static str,
    octets: usize,
}

#[derive(Debug, Serialize)]
struct EndReport<'a> {
    host: &'a str,
    how: &'a str,
    at: Option<f64>,
}

#[derive(Debug, Serialize)]
struct ResultReport<'a> {
    line: usize,
    translated: Option<&'a str>,
    /// None: the call never returned.
    at: Option<f64>,
    value: Option<&'a str>,
    error: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct SeenReport<'a> {
    at: f64,
    what: &'static str,
    host: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'a str>,
    packet: Option<&'a str>,
    remarks: &'a [&'static str],
}

/// The comparison of the scenario of a name as JSON, indented, ending in a line break.
pub fn json(comparison: &Comparison, name: &str, why: Option<&[String]>) -> String {
    let line = |statement: usize| {
        let mut steps = comparison.steps.iter();
        let step = steps.find(|it| it.statement == statement);
        step.map(|it| it.line)
    };
    let report = Report {
        scenario: name,
        host: &comparison.host,
        seed: comparison.seed,
        settings: &comparison.settings,
        calls: comparison
            .steps
            .iter()
            .map(|it| StepReport {
                line: it.line,
                at: seconds(it.at),
                host: &it.host,
                call: &it.call,
            })
            .collect(),
        parting: comparison.parting.map(|it| PartingReport {
            at: seconds(it.at),
            line: it.statement.and_then(line),
            is_result: it.is_result,
        }),
        systems: comparison
            .columns
            .iter()
            .map(|column| system(column, &line))
            .collect(),
        why: why.map(why_json),
    };
    let text = serde_json::to_string_pretty(&report).expect("texts and numbers are JSON");
    text + "\n"
}

fn system<'a>(column: &'a Column, line: &dyn Fn(usize) -> Option<usize>) -> SystemReport<'a> {
    let results = column.calls.iter().map(|(statement, made)| {
        let returned = made.returned.as_ref();
        ResultReport {
            line: line(*statement).unwrap_or(0),
            translated: made.translated.as_deref(),
            at: returned.map(|(at, _, _)| seconds(*at)),
            value: returned.map(|(_, value, _)| value.as_str()),
            error: returned.and_then(|(_, _, error)| error.as_deref()),
        }
    });
    SystemReport {
        profile: &column.profile,
        title: &column.title,
        summary: summary(&column.summary),
        results: results.collect(),
        seen: column.seen.iter().map(seen).collect(),
        ended: seconds(column.ended),
    }
}

fn summary(summary: &ShutdownSummary) -> SummaryReport<'_> {
    let later = summary.later.as_ref().map(|fates| {
        let fate = |&(fate, octets): &(DataFate, usize)| FateReport {
            fate: fate.name(),
            octets,
        };
        fates.iter().map(fate).collect()
    });
    let ends = summary.ends.iter().map(|(host, end)| EndReport {
        host,
        how: &end.how,
        at: end.at.map(seconds),
    });
    SummaryReport {
        queued: summary.queued.map(DataFate::name),
        later,
        window: summary.window,
        ends: ends.collect(),
    }
}

fn seen(seen: &SeenEvent) -> SeenReport<'_> {
    let (what, host, text) = match &seen.what {
        Noted::Packet {
            is_sent: true,
            peer,
            text,
            ..
        } => ("sent", peer, Some(text.as_str())),
        Noted::Packet { peer, text, .. } => ("received", peer, Some(text.as_str())),
        Noted::Call { host, text } => ("call", host, Some(text.as_str())),
        Noted::TimedOut { host } => ("timed out", host, None),
    };
    let is_call = seen.is_call();
    SeenReport {
        at: seconds(seen.at),
        what,
        host,
        call: text.filter(|_| is_call),
        packet: text.filter(|_| !is_call),
        remarks: &seen.remarks,
    }
}

fn seconds(at: Instant) -> f64 {
    at.total_micros() as f64 / 1e6
}
