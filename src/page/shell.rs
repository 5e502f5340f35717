//! The shell of a page: head, style sheet, script.

use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style sheet of every page, and that of drawings, whose dark half a page may also want in
/// light surroundings.
const STYLE: &str = include_str!("page.css");
const DRAWING: &str = include_str!("../picture/drawing.css");
const SCRIPT: &str = include_str!("page.js");

/// What a page may use: what is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
                      script-src 'unsafe-inline'; img-src data:";

/// A page.
#[derive(Debug)]
pub struct Shell<'a> {
    /// Its title.
    pub title: &'a str,
    /// What kind of page it is, as the style sheet calls it.
    pub kind: &'a str,
    /// What it shows.
    pub body: Markup,
}

/// The whole page.
pub fn shell(shell: Shell<'_>) -> String {
    let Shell { title, kind, body } = shell;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                // Nothing is fetched: only what is in the page is used.
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content=(concat!("hangup ", env!("CARGO_PKG_VERSION")));
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(style())) }
            }
            body class=(kind) {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The style sheet. Colours of drawings follow the system's choice, or that of the reader of the
/// page, which stands as an attribute at the root.
fn style() -> String {
    let (light, dark) = DRAWING.split_once("@media").unwrap_or((DRAWING, ""));
    let dark = dark
        .split_once('{')
        .map_or("", |(_, rules)| rules.trim_end());
    let dark = dark.strip_suffix('}').unwrap_or(dark);
    let scoped = |root: &str| -> String {
        let lines = dark.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .map(|line| {
                let (selectors, rule) = line.split_once('{').unwrap_or((line, "}"));
                let selectors = selectors.split(',').map(|it| format!("{root} {it}"));
                format!("{}{{{rule}\n", selectors.collect::<Vec<_>>().join(","))
            })
            .collect()
    };
    format!(
        "{STYLE}\n{light}\n@media (prefers-color-scheme:dark){{\n{}}}\n{}",
        scoped(":root:not([data-theme=light])"),
        scoped(":root[data-theme=dark]")
    )
}
