//! A panel of ends: for each sender, when its connection was over after the receive shutdown, and
//! how.

use std::collections::BTreeMap;

use super::data::{Panel, SweepData};
use super::panel::PanelFrame;
use super::scale::Scale;
use crate::bench::measurement::{End, Ending};
use crate::bench::row::Row;
use crate::bench::value::Unit;
use crate::picture::{Anchor, Drawing};

/// The height of a sender's lane.
const LANE: f64 = 18.0;
/// The width of the lanes of what has no end.
const LANE_OF_TIME: f64 = 52.0;
/// Ends nearer than this to the shutdown stand here, in seconds.
const TIME_LEAST: f64 = 0.000_01;

/// The ways to end that are told apart.
pub(super) const WAYS: [&str; 4] = ["timed out", "reset by its peer", "has reset it", "closed"];

/// What has no end while it is watched.
const NEVER: &str = "never";
pub(super) const OPEN: &str = "open";

/// Which ways and lanes there are, for the legend.
pub(super) fn there(data: &SweepData<'_>) -> (Vec<usize>, Vec<String>) {
    let has = |wanted: usize| ends(data.shown()).any(|(_, end)| at_way(end) == Some(wanted));
    (
        (0..WAYS.len()).filter(|way| has(*way)).collect(),
        lanes(data),
    )
}

fn at_way(end: End) -> Option<usize> {
    end.at.map(|_| way(end.ending))
}

/// Where a row's end stands, in microseconds, and its way; or the lane without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Micros(u64, usize),
    Lane(usize),
}

/// The upright axis, of which only the length is asked: senders have lanes of their own.
pub(super) fn upright(data: &SweepData<'_>) -> Scale {
    let height = data.senders.len().max(1) as f64 * LANE + 8.0;
    let lanes = (Vec::new(), Vec::new());
    Scale::new(Unit::Count, std::iter::empty(), lanes, (height, LANE))
}

fn ends<'a>(rows: impl Iterator<Item = &'a Row>) -> impl Iterator<Item = (&'a Row, End)> {
    rows.filter_map(|row| Some((row, row.result.as_ref().ok()?.sender)))
}

/// The scale of the times of all panels.
pub(super) fn scale(data: &SweepData<'_>, length: f64) -> Scale {
    let seconds = |(_, end): (&Row, End)| {
        let at = end.at?;
        Some((at.total_micros() as f64 / 1e6).max(TIME_LEAST))
    };
    let times = ends(data.shown()).filter_map(seconds);
    Scale::new(
        Unit::Seconds,
        times,
        (Vec::new(), lanes(data)),
        (length, LANE_OF_TIME),
    )
}

fn lanes(data: &SweepData<'_>) -> Vec<String> {
    let has = |ending: Ending| {
        ends(data.shown()).any(|(_, end)| end.at.is_none() && end.ending == ending)
    };
    let all = [(OPEN, Ending::Open), (NEVER, Ending::Never)];
    let there = all.into_iter().filter(|(_, ending)| has(*ending));
    there.map(|(name, _)| name.to_owned()).collect()
}

/// Draws a panel.
pub(super) fn panel(
    drawing: &mut Drawing,
    data: &SweepData<'_>,
    panel: &Panel<'_>,
    frame: &PanelFrame<'_>,
) {
    let caption = match frame.x.has_numbers() {
        true => "time since the receive shutdown, s",
        false => "no connection had an end",
    };
    let lane = |sender: usize| frame.top + 4.0 + (sender as f64 + 0.5) * LANE;
    for (index, sender) in data.senders.iter().enumerate() {
        let y = lane(index);
        drawing.line("grid", (frame.left, y), (frame.right(), y));
        drawing.group(&sender.class, sender.name, |drawing| {
            let at = (frame.left - 6.0, y + 4.0);
            drawing.text("small", at, Anchor::End, &sender.short);
        });
    }
    frame.draw(drawing, &panel.title, caption);
    let mut places: BTreeMap<(usize, bool, At), usize> = BTreeMap::new();
    for (row, end) in ends(panel.rows.iter().copied()) {
        let (sender, warm) = data.series(row);
        let name = if end.ending == Ending::Open {
            OPEN
        } else {
            NEVER
        };
        let at = match end.at {
            Some(at) => At::Micros(at.total_micros(), way(end.ending)),
            None => At::Lane(frame.x.after.iter().position(|it| it == name).unwrap_or(0)),
        };
        *places.entry((sender, warm, at)).or_default() += 1;
    }
    for ((sender, warm, at), count) in places {
        let (x, way, when) = match at {
            At::Micros(micros, way) => {
                let seconds = micros as f64 / 1e6;
                let when = format!("{} after {seconds} s", WAYS[way]);
                (frame.x.number(seconds.max(TIME_LEAST)), Some(way), when)
            }
            At::Lane(lane) => (frame.x.after(lane), None, frame.x.after[lane].clone()),
        };
        // Cold and warm stand above each other where there are both.
        let aside = match (data.has_cold && data.has_warm, warm) {
            (false, _) => 0.0,
            (true, false) => -3.5,
            (true, true) => 3.5,
        };
        let sender_of = &data.senders[sender];
        let warmth = if warm { ", after a warm-up" } else { "" };
        let rows = if count == 1 { "row" } else { "rows" };
        let title = format!("{}{warmth}: {when}, {count} {rows}", sender_of.name);
        drawing.group(&sender_of.class, &title, |drawing| {
            sign(drawing, way, (frame.left + x, lane(sender) + aside), warm);
        });
    }
    drawing.end_line();
}

/// The place of a way to end in [`WAYS`].
fn way(ending: Ending) -> usize {
    match ending {
        Ending::TimedOut => 0,
        Ending::ResetByPeer => 1,
        Ending::Reset => 2,
        Ending::Closed | Ending::Open | Ending::Never => 3,
    }
}

/// The sign of a way to end; a dash for what has none.
pub(super) fn sign(drawing: &mut Drawing, way: Option<usize>, (x, y): (f64, f64), warm: bool) {
    let at = format!("M{x:.1} {y:.1}");
    let (class, data) = match way {
        Some(0) => ("mark", format!("{at}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z")),
        Some(1) => ("line", format!("{at}m-3-3l6 6m-6 0l6-6")),
        Some(2) => ("line", format!("{at}m-4 0h8m-4-4v8")),
        Some(_) => ("mark", format!("{at}m-1.5-3.5h3v7h-3z")),
        None => ("line", format!("{at}m-4 0h8")),
    };
    let class = match (warm, class) {
        (true, "mark") => "mark hollow",
        (_, class) => class,
    };
    drawing.path(class, &data);
}
