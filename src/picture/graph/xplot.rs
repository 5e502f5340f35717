//! A sequence graph for xplot, in the colours and signs of tcptrace.

use std::fmt::Write as _;

use smoltcp::time::Instant;

use super::series::{Graph, MarkKind, Panel, SentKind};

/// The first panel of a graph as the commands of xplot, which shows one in a window.
pub fn xplot(graph: &Graph) -> String {
    let mut text = String::new();
    for panel in graph.panels.iter().take(1) {
        let title = format!("{}, {}", graph.title, panel.name);
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            text,
            "timeval double\ntitle\n{title}\nxlabel\ntime\nylabel\nsequence number\n"
        );
        draw(
            &mut text,
            panel,
            graph.times.last().copied().unwrap_or(Instant::ZERO),
        );
        text.push_str("go\n");
    }
    text
}

fn seconds(at: Instant) -> String {
    let micros = at.total_micros();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn draw(text: &mut String, panel: &Panel, end: Instant) {
    for (colour, line) in [
        ("yellow", &panel.edge),
        ("green", &panel.acknowledged),
        ("orange", &panel.accepted),
    ] {
        let _ = writeln!(text, "{colour}");
        for (index, (at, value)) in line.iter().enumerate() {
            let next = line.get(index + 1);
            let (until, to) = next.map_or((end, *value), |(at, value)| (*at, *value));
            let (at, until) = (seconds(*at), seconds(until));
            let _ = writeln!(text, "line {at} {value} {until} {value}");
            if to != *value {
                let _ = writeln!(text, "line {until} {value} {until} {to}");
            }
        }
    }
    for sent in &panel.sent {
        let colour = match sent.kind {
            SentKind::New => "white",
            SentKind::Retransmitted => "red",
            SentKind::Probe => "purple",
            SentKind::Lost => "magenta",
        };
        let at = seconds(sent.at);
        let (begin, end) = (sent.begin, sent.end);
        let _ = writeln!(text, "{colour}\nline {at} {begin} {at} {end}");
        let _ = writeln!(text, "darrow {at} {begin}\nuarrow {at} {end}");
        let sign = match sent.kind {
            SentKind::New => continue,
            SentKind::Retransmitted => "R",
            SentKind::Probe => "P",
            SentKind::Lost => "X",
        };
        let _ = writeln!(text, "atext {at} {end}\n{sign}");
    }
    for mark in &panel.marks {
        let sign = match mark.kind {
            MarkKind::Syn => "SYN",
            MarkKind::Fin => "FIN",
            MarkKind::ResetOut => "RST_OUT",
            MarkKind::ResetIn => "RST_IN",
            MarkKind::TimedOut => "TIMED_OUT",
        };
        let (at, sequence) = (seconds(mark.at), mark.sequence);
        let _ = writeln!(
            text,
            "white\ndiamond {at} {sequence}\natext {at} {sequence}\n{sign}"
        );
    }
}
