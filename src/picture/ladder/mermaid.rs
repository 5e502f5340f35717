//! A ladder as a sequence diagram of Mermaid, which GitHub and many editors draw.

use std::fmt::Write as _;

use super::row::{Arrow, Ladder, RowKind, Tone};
use crate::capture::Toward;

/// Draws a ladder.
pub fn mermaid(ladder: &Ladder) -> String {
    let mut text = String::from("sequenceDiagram\n");
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(text, "    accTitle: {}", escaped(&ladder.title));
    if !ladder.claim.is_empty() {
        let _ = writeln!(text, "    accDescr: {}", escaped(&ladder.claim));
    }
    let has_calls = |lane: usize| {
        let mut rows = ladder.rows.iter();
        rows.any(|row| matches!(row.what, RowKind::Call { lane: it, .. } if it == lane))
    };
    for (index, lane) in ladder.lanes.iter().enumerate() {
        let name = match lane.system.is_empty() {
            true => escaped(&lane.name),
            false => escaped(&format!("{} ({})", lane.name, lane.system)),
        };
        let host = format!("    participant h{index} as {name}\n");
        let application = match has_calls(index) {
            true => format!(
                "    actor a{index} as {}\n",
                escaped(&format!("{} app", lane.name))
            ),
            false => String::new(),
        };
        // Applications stand outside.
        let is_first = index == 0;
        text.push_str(if is_first { &application } else { &host });
        text.push_str(if is_first { &host } else { &application });
    }
    let (first, last) = (0, ladder.lanes.len().saturating_sub(1));
    for row in &ladder.rows {
        let time = ladder.seconds(row.at);
        let number = ladder
            .number(row)
            .map_or(String::new(), |it| format!("[{it}] "));
        match &row.what {
            RowKind::Call {
                lane,
                toward,
                text: call,
                ..
            } => {
                let (from, to) = match toward {
                    Toward::Stack => (format!("a{lane}"), format!("h{lane}")),
                    Toward::Application => (format!("h{lane}"), format!("a{lane}")),
                };
                let call = escaped(&format!("{time} {number}{call}"));
                let _ = writeln!(text, "    {from}->>{to}: {call}");
            }
            RowKind::Arrow(arrow) => {
                let label = escaped(&format!("{time} {number}{}", arrow.label));
                let sign = sign(arrow);
                let (from, to) = (arrow.from, arrow.to);
                let _ = writeln!(text, "    h{from}{sign}h{to}: {label}");
                for (lane, note) in [(from, &arrow.sender_note), (to, &arrow.receiver_note)] {
                    if !note.is_empty() {
                        let side = if lane == first { "left" } else { "right" };
                        let _ = writeln!(text, "    Note {side} of h{lane}: {}", escaped(note));
                    }
                }
            }
            RowKind::Fold(folded) => {
                let _ = writeln!(text, "    Note over h{first},h{last}: {}", escaped(folded));
            }
            RowKind::Failure(failure) => {
                let failure = escaped(&format!("FAILED {failure}"));
                let _ = writeln!(text, "    Note over h{first},h{last}: {failure}");
            }
        }
    }
    text
}

/// Solid for what brings or changes something, dotted for what only acknowledges or comes again, a
/// cross for what is lost.
fn sign(arrow: &Arrow) -> &'static str {
    let is_dotted = matches!(arrow.tone, Tone::Acknowledgment | Tone::Again);
    match (arrow.is_lost, is_dotted) {
        (true, true) => "--x",
        (true, false) => "-x",
        (false, true) => "-->>",
        (false, false) => "->>",
    }
}

/// A text as Mermaid takes it: what ends a statement or begins an entity is written as one.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '#' => escaped.push_str("#35;"),
            ';' => escaped.push_str("#59;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '{' => escaped.push_str("#123;"),
            '}' => escaped.push_str("#125;"),
            it if it.is_control() => escaped.push(' '),
            it => escaped.push(it),
        }
    }
    escaped
}
