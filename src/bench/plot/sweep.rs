//! A sweep as two rows of panels, one panel for each receiver: accepted octets against the window,
//! and the time after which senders give up.

use std::collections::BTreeMap;

use super::frame::{PlotFrame, Scale, Tick, octets, powers, seconds};
use super::svg::{Anchor, INK, Stroke, Svg, colour};
use crate::bench::axis::Axis;
use crate::bench::row::Row;

/// Panels side by side, and how many receivers are drawn.
const COLUMNS: usize = 3;
const PANELS_MOST: usize = 12;

const PANEL: (f64, f64) = (300.0, 210.0);
const MARGIN: (f64, f64) = (62.0, 52.0);
const TITLE: f64 = 44.0;
const LEGEND_ENTRY: f64 = 122.0;

/// Windows that have a mark of their own.
const MARKS_MOST: usize = 6;

/// The shortest time that a plot tells from zero, in seconds.
const TIME_LEAST: f64 = 0.0001;

/// Draws a sweep.
pub fn sweep(rows: &[Row]) -> String {
    let panels = panels(rows);
    let senders = senders(rows);
    let lines = panels.len().div_ceil(COLUMNS).max(1) as f64;
    let columns = panels.len().clamp(1, COLUMNS) as f64;
    let step = (PANEL.0 + MARGIN.0 + 14.0, PANEL.1 + MARGIN.1);
    let width = (columns * step.0 + 20.0).max(640.0);
    let entries = ((width - 20.0) / LEGEND_ENTRY).floor().max(1.0);
    let legend = ((senders.len() as f64 / entries).ceil() + 1.0) * 16.0;
    let section = TITLE + lines * step.1;
    let mut svg = Svg::new(width, 2.0 * section + legend + 20.0);
    draw_legend(&mut svg, &senders, entries as usize);
    let titles = [
        "octets accepted after the receive shutdown, against the receive buffer (logarithmic)",
        "when senders give up, after the receive shutdown (logarithmic)",
    ];
    for (index, title) in titles.iter().enumerate() {
        let top = legend + 10.0 + index as f64 * section;
        svg.text((16.0, top + 16.0), Anchor::Start, 14.0, title);
        for (place, panel) in panels.iter().enumerate() {
            let (line, column) = ((place / COLUMNS) as f64, (place % COLUMNS) as f64);
            let left = MARGIN.0 + column * step.0;
            let top = top + TITLE + line * step.1;
            if index == 0 {
                accepted(&mut svg, panel, &senders, rows, (left, top));
            } else {
                given_up(&mut svg, panel, &senders, (left, top));
            }
        }
    }
    svg.finish()
}

/// The rows of one receiver.
struct Panel<'a> {
    title: String,
    rows: Vec<&'a Row>,
}

fn panels(rows: &[Row]) -> Vec<Panel<'_>> {
    let mut panels: Vec<Panel<'_>> = Vec::new();
    for row in rows {
        let receiver = row.case.word(Axis::Receiver);
        let title = match row.case.word(Axis::Acknowledge) {
            "profile" => receiver.to_owned(),
            word => format!("{receiver}, acknowledge {word}"),
        };
        let known = panels.iter().position(|panel| panel.title == title);
        match known {
            Some(place) => panels[place].rows.push(row),
            None if panels.len() < PANELS_MOST => panels.push(Panel {
                title,
                rows: vec![row],
            }),
            None => {}
        }
    }
    panels
}

fn senders(rows: &[Row]) -> Vec<&'static str> {
    let mut senders = Vec::new();
    for row in rows {
        let sender = row.case.word(Axis::Sender);
        if !senders.contains(&sender) {
            senders.push(sender);
        }
    }
    senders
}

fn draw_legend(svg: &mut Svg, senders: &[&str], columns: usize) {
    for (index, sender) in senders.iter().enumerate() {
        let x = 16.0 + (index % columns) as f64 * LEGEND_ENTRY;
        let y = 18.0 + (index / columns) as f64 * 16.0;
        svg.line(
            &[(x, y - 4.0), (x + 20.0, y - 4.0)],
            colour(index),
            2.0,
            Stroke::Solid,
        );
        svg.dot((x + 10.0, y - 4.0), 3.0, colour(index));
        svg.text((x + 26.0, y), Anchor::Start, 11.0, sender);
    }
    let y = 18.0 + (senders.len().div_ceil(columns)) as f64 * 16.0;
    svg.line(&[(16.0, y - 4.0), (36.0, y - 4.0)], INK, 1.4, Stroke::Solid);
    svg.text((42.0, y), Anchor::Start, 11.0, "cold");
    svg.line(
        &[(82.0, y - 4.0), (102.0, y - 4.0)],
        INK,
        1.4,
        Stroke::Dashed,
    );
    svg.text(
        (108.0, y),
        Anchor::Start,
        11.0,
        "after a warm-up; dots are rows, lines join the largest",
    );
}

/// A series: a sender, cold or warm.
type Series = (usize, bool);

fn series(row: &Row, senders: &[&str]) -> Series {
    let sender = row.case.word(Axis::Sender);
    let index = senders.iter().position(|it| *it == sender).unwrap_or(0);
    (index, row.case.number(Axis::WarmUp) != Some(0))
}

fn accepted(
    svg: &mut Svg,
    panel: &Panel<'_>,
    senders: &[&str],
    rows: &[Row],
    (left, top): (f64, f64),
) {
    let window = |row: &Row| row.case.number(Axis::Window);
    let mut windows: Vec<u64> = rows.iter().filter_map(window).collect();
    windows.sort_unstable();
    windows.dedup();
    let (first, last) = match (windows.first(), windows.last()) {
        (Some(first), Some(last)) => (*first as f64, *last as f64),
        _ => (1.0, 2.0),
    };
    let most = rows
        .iter()
        .filter_map(|row| Some(row.result.as_ref().ok()?.accepted));
    let most = (most.max().unwrap_or(1) as f64).max(2048.0) * 1.3;
    let frame = PlotFrame {
        left,
        top,
        width: PANEL.0,
        height: PANEL.1,
        x: Scale::Logarithmic(first * 0.8, last * 1.25),
        y: Scale::Logarithmic(512.0, most),
    };
    let apart = windows.len().div_ceil(MARKS_MOST).max(1);
    let mark = |window: &u64| Tick {
        value: *window as f64,
        label: octets(*window as f64),
    };
    let x: Vec<_> = windows.iter().step_by(apart).map(mark).collect();
    let mut y = powers(4.0, 1024.0, most, octets);
    y.push(Tick {
        value: 0.0,
        label: "0".to_owned(),
    });
    frame.draw(svg, &panel.title, &x, &y);
    let mut largest: BTreeMap<Series, BTreeMap<u64, u64>> = BTreeMap::new();
    let mut dots = std::collections::BTreeSet::new();
    for row in &panel.rows {
        let (Ok(measurement), Some(window)) = (&row.result, window(row)) else {
            continue;
        };
        let series = series(row, senders);
        let accepted = measurement.accepted;
        dots.insert((series, window, accepted));
        let of_window = largest
            .entry(series)
            .or_default()
            .entry(window)
            .or_default();
        *of_window = accepted.max(*of_window);
    }
    for ((sender, warm), points) in &largest {
        let points: Vec<_> = points
            .iter()
            .map(|(window, accepted)| frame.at(*window as f64, *accepted as f64))
            .collect();
        let stroke = if *warm { Stroke::Dashed } else { Stroke::Solid };
        svg.line(&points, colour(*sender), 1.4, stroke);
    }
    for ((sender, _), window, accepted) in dots {
        svg.dot(
            frame.at(window as f64, accepted as f64),
            2.2,
            colour(sender),
        );
    }
}

fn given_up(svg: &mut Svg, panel: &Panel<'_>, senders: &[&str], (left, top): (f64, f64)) {
    const LAST: f64 = 2_000.0;
    const NEVER: f64 = 60.0;
    let frame = PlotFrame {
        left,
        top,
        width: PANEL.0 - NEVER,
        height: PANEL.1,
        x: Scale::Logarithmic(TIME_LEAST, LAST),
        y: Scale::Linear(-0.5, senders.len() as f64 - 0.5),
    };
    let x = powers(100.0, TIME_LEAST, LAST, seconds);
    let place = |index: usize| (senders.len() - 1 - index) as f64;
    let y: Vec<_> = senders
        .iter()
        .enumerate()
        .map(|(index, sender)| Tick {
            value: place(index),
            label: (*sender).to_owned(),
        })
        .collect();
    frame.draw(svg, &panel.title, &x, &y);
    let never = left + PANEL.0 - NEVER / 2.0;
    let right = left + PANEL.0;
    let bottom = top + PANEL.1;
    let box_of_never = [
        (right - NEVER, top),
        (right, top),
        (right, bottom),
        (right - NEVER, bottom),
    ];
    svg.line(&box_of_never, INK, 0.8, Stroke::Solid);
    svg.text((never, bottom + 13.0), Anchor::Middle, 10.0, "not");
    let mut dots = std::collections::BTreeSet::new();
    for row in &panel.rows {
        if let Ok(measurement) = &row.result {
            let (sender, _) = series(row, senders);
            dots.insert((sender, measurement.sender.at.map(|at| at.total_micros())));
        }
    }
    for (sender, at) in dots {
        let (_, y) = frame.at(TIME_LEAST, place(sender));
        match at {
            Some(micros) => {
                let (x, _) = frame.at(micros as f64 / 1e6, 0.0);
                svg.dot((x, y), 3.2, colour(sender));
            }
            None => svg.cross((never, y), 4.0, colour(sender)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Plan;
    use crate::bounds::Usual;

    #[test]
    fn each_receiver_has_its_panels_and_each_row_its_dots() {
        let mut plan = Plan::default();
        plan.read(
            "[sweep]\nreceiver = 'wsprecvdisconnect,winsock'\nsender = 'linux,windows'\n\
             window = '1000..8000:x2'",
        )
        .unwrap();
        let rows: Vec<_> = plan
            .rows()
            .map(|(id, case)| Row::run(id, case, &Usual))
            .collect();
        let svg = sweep(&rows);
        for receiver in ["wsprecvdisconnect", "winsock"] {
            assert_eq!(
                svg.matches(&format!(">{receiver}<")).count(),
                2,
                "{receiver}"
            );
        }
        let end = |row: &Row| {
            let words = [Axis::Receiver, Axis::Sender].map(|axis| row.case.word(axis));
            (words, row.result.as_ref().unwrap().sender.at)
        };
        let ends: std::collections::BTreeSet<_> = rows.iter().map(end).collect();
        // Two in the legend, sixteen rows, and the ends.
        assert_eq!(svg.matches("<circle").count(), 2 + 16 + ends.len());
        assert_eq!(svg, sweep(&rows));
    }

    #[test]
    fn a_sweep_without_a_measurement_is_drawn_as_well() {
        assert!(sweep(&[]).ends_with("</svg>\n"));
    }
}
