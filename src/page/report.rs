//! A page of many sections, with an index.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};

use super::section::slug;
use super::shell::{Shell, shell};

/// A section of a report, and its line in the index.
#[derive(Debug)]
pub struct Entry {
    /// Its name, with its folders.
    pub name: String,
    /// What it claims.
    pub claim: String,
    /// How it came out.
    pub verdict: String,
    /// What is looked for beside its name and its claim.
    pub words: String,
    /// The section.
    pub html: String,
}

/// The page. The sections are templates, of which the script shows the one that is asked for, so
/// that a page of many is there at once.
pub fn report(title: &str, summary: &str, entries: &[Entry]) -> String {
    let mut folders: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        let folder = entry.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(entry);
    }
    let counts = counts(entries);
    let body = html! {
        nav {
            header {
                h1 { (title) }
                p.muted { (summary) }
                div.tools {
                    input type="search" placeholder="Search names and claims"
                        aria-label="Search" autocomplete="off" spellcheck="false";
                    button type="button" data-theme-button title="Light or dark (t)"
                        aria-label="Light or dark" { "◐" }
                }
                div.filters role="group" aria-label="Verdicts" {
                    button type="button" data-verdict="" aria-pressed="true" {
                        "all " (entries.len())
                    }
                    @for (verdict, count) in &counts {
                        button type="button" data-verdict=(verdict) aria-pressed="false" {
                            (verdict) " " (count)
                        }
                    }
                }
            }
            div.index {
                @for (folder, entries) in &folders { (group(folder, entries)) }
                p.none hidden { "Nothing matches." }
            }
        }
        main tabindex="-1" {
            div.welcome { (welcome()) }
            div.shown {}
        }
        @for entry in entries {
            template id={ "s:" (slug(&entry.name)) } { (PreEscaped(&entry.html)) }
        }
    };
    shell(Shell {
        title,
        kind: "report",
        body,
    })
}

fn counts(entries: &[Entry]) -> Vec<(&str, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in entries {
        *counts.entry(&entry.verdict).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    // What failed is looked for first.
    counts.sort_by_key(|(verdict, _)| (*verdict != "failed", *verdict));
    counts
}

fn group(folder: &str, entries: &[&Entry]) -> Markup {
    let failed = entries.iter().filter(|it| it.verdict != "held").count();
    html! {
        details open {
            summary {
                (if folder.is_empty() { "." } else { folder })
                small { (entries.len()) @if failed > 0 { ", " b.bad { (failed) " not held" } } }
            }
            ul {
                @for entry in entries {
                    @let name = entry.name.rsplit('/').next().unwrap_or_default();
                    li data-verdict=(entry.verdict) data-words=(entry.words.to_lowercase()) {
                        a href={ "#" (slug(&entry.name)) } {
                            span class={ "dot " (entry.verdict.replace(' ', "-")) }
                                title=(entry.verdict) {}
                            span.name { (name) }
                            span.claim { (entry.claim) }
                        }
                    }
                }
            }
        }
    }
}

fn welcome() -> Markup {
    let keys = [
        ("/", "search"),
        ("j, k", "next, previous"),
        ("f", "next that did not hold"),
        ("d", "download its trace"),
        ("t", "light or dark"),
        ("Esc", "back to the index"),
    ];
    html! {
        p { "Choose a scenario. Each has its ladder, its sequence graph, its calls and its trace." }
        dl.keys {
            @for (key, what) in keys { dt { kbd { (key) } } dd { (what) } }
        }
        noscript {
            p.bad { "The scenarios are shown by a script of this page, which does not run." }
        }
    }
}
