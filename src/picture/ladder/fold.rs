//! Folding: rows that say the same again, or go on steadily, become one.

use super::row::{Arrow, Row, RowKind, Shape, seconds};

/// The longest group of rows that is looked for again.
const PERIOD_MAX: usize = 4;
/// How often a group must come before the rest is folded.
const TIMES_LEAST: usize = 3;
/// How many rows a steady transfer must have before its middle is folded, and how many of them stay
/// at its beginning and at its end.
const STEADY_LEAST: usize = 10;
const STEADY_HEAD: usize = 3;
const STEADY_TAIL: usize = 2;

/// Folds what can be.
pub(super) fn fold(rows: Vec<Row>) -> Vec<Row> {
    steady(repeated(set_up(rows)))
}

/// Calls that set a socket up are told by their names alone, in one row where they come one behind
/// the other.
fn set_up(rows: Vec<Row>) -> Vec<Row> {
    let mut folded: Vec<Row> = Vec::new();
    for mut row in rows {
        let Some((lane, name)) = setup_call(&row) else {
            folded.push(row);
            continue;
        };
        if let Some(last) = folded.last_mut()
            && last.at == row.at
            && setup_call(last).is_some_and(|(before, _)| before == lane)
            && let RowKind::Call { text, .. } = &mut last.what
        {
            *text = format!("{text}, {name}");
            continue;
        }
        if let RowKind::Call { text, .. } = &mut row.what {
            *text = name;
        }
        folded.push(row);
    }
    folded
}

fn names_of(text: &str) -> String {
    text.split('(').next().unwrap_or_default().to_owned()
}

/// The lane and the name of a call, or of calls, that set a socket up and succeed.
fn setup_call(row: &Row) -> Option<(usize, String)> {
    let RowKind::Call {
        lane,
        text,
        is_setup: true,
        ..
    } = &row.what
    else {
        return None;
    };
    Some((*lane, names_of(text)))
}

/// Whether two rows say the same, whenever they do.
fn is_same(one: &Row, other: &Row) -> bool {
    let arrow = |row: &Row| match &row.what {
        RowKind::Arrow(arrow) => Some((
            arrow.from,
            arrow.to,
            arrow.label.clone(),
            arrow.is_lost,
            arrow.sender_note.clone(),
            arrow.receiver_note.clone(),
        )),
        RowKind::Call { .. } | RowKind::Fold(_) | RowKind::Failure(_) => None,
    };
    let is_call = |row: &Row| matches!(row.what, RowKind::Call { .. });
    one.connection == other.connection
        && match (arrow(one), arrow(other)) {
            (Some(one), Some(other)) => one == other,
            _ => is_call(one) && one.what == other.what,
        }
}

/// Groups of rows that come again and again: the first stays.
fn repeated(rows: Vec<Row>) -> Vec<Row> {
    let mut folded = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let (period, times) = (1..=PERIOD_MAX)
            .map(|period| (period, times(&rows[at..], period)))
            .max_by_key(|(period, times)| {
                (
                    period * times * usize::from(*times >= TIMES_LEAST),
                    usize::MAX - period,
                )
            })
            .unwrap_or((1, 1));
        if times < TIMES_LEAST {
            folded.push(rows[at].clone());
            at += 1;
            continue;
        }
        folded.extend_from_slice(&rows[at..at + period]);
        let last = &rows[at + period * times - 1];
        let more = times - 1;
        let text = match period {
            1 => format!("{more} more, to {}", short(last)),
            _ => format!("the same {more} more times, to {}", short(last)),
        };
        folded.push(Row {
            at: last.at,
            what: RowKind::Fold(text),
            connection: last.connection,
        });
        at += period * times;
    }
    folded
}

fn short(row: &Row) -> String {
    let is_fine = row.at.total_micros() % 1000 != 0;
    format!("{} s", seconds(row.at, if is_fine { 6 } else { 3 }))
}

/// How often the first rows come one behind the other.
fn times(rows: &[Row], period: usize) -> usize {
    if rows.len() < period {
        return 0;
    }
    let pattern = &rows[..period];
    let groups = rows.chunks_exact(period);
    let same = |group: &&[Row]| group.iter().zip(pattern).all(|(row, it)| is_same(row, it));
    groups.take_while(same).count()
}

fn steady_arrow(row: &Row) -> Option<&Arrow> {
    match &row.what {
        RowKind::Arrow(arrow) if arrow.shape != Shape::Single => Some(arrow),
        RowKind::Arrow(_) | RowKind::Call { .. } | RowKind::Fold(_) | RowKind::Failure(_) => None,
    }
}

/// Steady transfers: data of one connection and its acknowledgments. The middle is folded.
fn steady(rows: Vec<Row>) -> Vec<Row> {
    let mut folded = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let first = &rows[at];
        let kind = steady_arrow(first).map(|arrow| arrow.shape);
        let goes_on = |row: &&Row| {
            row.connection == first.connection
                && steady_arrow(row).is_some_and(|arrow| {
                    Some(arrow.shape) == kind
                        || matches!(arrow.shape, Shape::Data | Shape::Acknowledgment)
                            && matches!(kind, Some(Shape::Data | Shape::Acknowledgment))
                })
        };
        let run = match kind {
            Some(_) => rows[at..].iter().take_while(goes_on).count(),
            None => 0,
        };
        if run < STEADY_LEAST {
            let run = run.max(1);
            folded.extend_from_slice(&rows[at..at + run]);
            at += run;
            continue;
        }
        let (head, tail) = (at + STEADY_HEAD, at + run - STEADY_TAIL);
        folded.extend_from_slice(&rows[at..head]);
        folded.push(Row {
            at: rows[tail - 1].at,
            what: RowKind::Fold(steady_text(&rows[head..tail])),
            connection: first.connection,
        });
        folded.extend_from_slice(&rows[tail..at + run]);
        at += run;
    }
    folded
}

fn steady_text(rows: &[Row]) -> String {
    let arrows: Vec<&Arrow> = rows.iter().filter_map(steady_arrow).collect();
    let data = arrows.iter().filter(|it| it.shape != Shape::Acknowledgment);
    let (segments, end) = data.fold((0, 0), |(count, end), it| (count + 1, it.end.max(end)));
    let acknowledgments = arrows.len() - segments;
    let mut parts = Vec::new();
    if segments > 0 {
        let plural = if segments == 1 { "" } else { "s" };
        let again = match arrows.first().map(|it| it.shape) {
            Some(Shape::Again) => " again",
            _ => "",
        };
        parts.push(format!("{segments} more segment{plural}{again}, to {end}"));
    }
    if acknowledgments > 0 {
        let plural = if acknowledgments == 1 { "" } else { "s" };
        parts.push(format!("{acknowledgments} ACK{plural}"));
    }
    parts.join(", ")
}
