//! A comparison as a page: a column for each system, and marks where they differ.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};

use super::align::{AlignedRow, Step, intervals, results_differ};
use super::comparison::Comparison;
use super::draw::{cell, conclusion, effects, is_setup, outcome, seconds};
use crate::page::{Shell, shell};
use crate::picture::system::sign;

/// The most rows of packets between two calls.
const ROWS_MOST: usize = 60;

/// The page of a comparison of the scenario of a name.
pub fn html(comparison: &Comparison, name: &str, claim: &str) -> String {
    let host = &comparison.host;
    let (head, rows) = effects(comparison);
    let body = html! {
        main.page {
            h1 { (name) }
            p.claim { (claim) }
            p.facts {
                span { "another system on " b { (host) } }
                span { "seed " b { (comparison.seed) } }
                @if !comparison.settings.is_empty() {
                    span { "set " b { (comparison.settings.join(", ")) } }
                }
            }
            p { b { (conclusion(comparison)) } }
            div.picture tabindex="0" { table.compare {
                thead { tr {
                    th { "seconds" }
                    @for column in &comparison.columns {
                        th title=(column.title) {
                            (PreEscaped(sign(&column.profile))) (column.profile)
                        }
                    }
                } }
                tbody { (body(comparison)) }
            } }
            h3 { "What came of it" }
            div.picture tabindex="0" { table.compare {
                tr { @for cell in head { th { (cell) } } }
                @for row in rows { tr { @for cell in row { td { (cell) } } } }
            } }
            p.muted {
                "> it sends, < it receives, seen from " (host) ". "
                "What differs from most systems is marked."
            }
        }
    };
    shell(Shell {
        title: &format!("{name}, compared"),
        kind: "comparison",
        body,
    })
}

fn body(comparison: &Comparison) -> Markup {
    let intervals = intervals(&comparison.steps, &comparison.columns);
    let common: Vec<usize> = intervals
        .iter()
        .filter_map(|it| it.step)
        .map(|it| it.statement)
        .collect();
    let mut rest = comparison.steps.iter().peekable();
    let parting = comparison.parting;
    html! {
        @for (number, interval) in intervals.iter().enumerate() {
            @if let Some(step) = interval.step { (call(comparison, step)) }
            @let rows = interval.rows();
            @let own = interval.step.map(|it| it.statement);
            @let parts = parting.filter(|it| !it.is_result && it.statement == own);
            @let first = parts.and_then(|it| rows.iter().position(|row| row.at >= it.at));
            @for (index, row) in rows.iter().take(ROWS_MOST).enumerate() {
                @if first == Some(index) { (parted(comparison)) }
                (packets(comparison, row))
            }
            @if rows.len() > ROWS_MOST {
                tr {
                    td {}
                    td colspan=(comparison.columns.len()) { (rows.len() - ROWS_MOST) " more rows" }
                }
            }
            // Calls that not all of them have made stand behind the packets before them.
            @let next = intervals.get(number + 1).and_then(|it| it.step);
            @let is_before = |it: &&Step| next.is_none_or(|next| it.statement < next.statement);
            @let others: Vec<&Step> = std::iter::from_fn(|| rest.next_if(is_before)).collect();
            @for step in others.into_iter().filter(|it| !common.contains(&it.statement)) {
                (call(comparison, step))
            }
        }
    }
}

fn parted(comparison: &Comparison) -> Markup {
    html! {
        tr.parting { td {} td colspan=(comparison.columns.len()) { "here they part" } }
    }
}

/// A call, and what it came to in each system.
fn call(comparison: &Comparison, step: &Step) -> Markup {
    let columns = &comparison.columns;
    let made = || {
        columns
            .iter()
            .filter_map(|it| it.calls.get(&step.statement))
    };
    let differs = results_differ(step, columns);
    let is_dull = is_setup(step) && !(differs && made().count() == columns.len());
    if is_dull || made().count() == 0 {
        return Markup::default();
    }
    let parting = comparison.parting;
    let parts = parting.is_some_and(|it| it.is_result && it.statement == Some(step.statement));
    let cells = columns
        .iter()
        .map(|column| match column.calls.get(&step.statement) {
            Some(made) => outcome(made),
            None => "not made".to_owned(),
        });
    let cells: Vec<String> = cells.collect();
    html! {
        @if parts { (parted(comparison)) }
        tr.call {
            td { (seconds(step.at)) }
            td colspan=(columns.len()) { (step.host) ": " b { (step.call) } }
        }
        tr { td {} (marked(&cells)) }
    }
}

fn packets(comparison: &Comparison, row: &AlignedRow<'_>) -> Markup {
    let cells = row.cells.iter();
    let cells = cells.map(|it| it.map_or_else(String::new, |it| cell(comparison, it)));
    let cells: Vec<String> = cells.collect();
    html! { tr { td { (seconds(row.at)) } (marked(&cells)) } }
}

/// The cells of a row, with marks at those that differ from most of them.
fn marked(cells: &[String]) -> Markup {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in cells {
        *counts.entry(cell).or_default() += 1;
    }
    // Of equals the one in front is what others differ from.
    let place = |text: &str| cells.iter().position(|it| it == text);
    let usual = counts
        .iter()
        .max_by_key(|(text, count)| (**count, usize::MAX - place(text).unwrap_or(0)));
    let usual = usual.map(|(text, _)| *text);
    html! {
        @for cell in cells { td.differs[Some(cell.as_str()) != usual] { (cell) } }
    }
}
