//! A sweep as a page: its plots and its table.

use maud::{PreEscaped, html};

use super::plot::sweep;
use super::row::Row;
use super::table::{differing, table};
use crate::page::{Shell, shell};
use crate::picture::Place;

/// How many rows the table of a page shows one by one.
const ROWS_MOST: usize = 200;

/// The page of a sweep.
pub fn html(rows: &[Row]) -> String {
    let mut text = table(rows, ROWS_MOST, usize::MAX);
    text.push_str(&differing(rows, ROWS_MOST, usize::MAX));
    let count = rows.len();
    let text = anstream::adapter::strip_str(&text).to_string();
    let body = html! {
        main.page {
            h1 { "Window exhaustion, " (count) " rows" }
            p.muted {
                "How much is pushed into a window that nobody acknowledges, what stops it, and how "
                "it ends. A row is replayed with --row and its number."
            }
            h3 { "Plots" }
            div.picture tabindex="0" { (PreEscaped(sweep(rows, Place::Page))) }
            h3 { "Rows" }
            pre.source tabindex="0" { (text) }
        }
    };
    shell(Shell {
        title: "Window exhaustion",
        kind: "sweep",
        body,
    })
}
