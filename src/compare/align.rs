//! The alignment of runs: the events between two calls, row by row, and the points where the runs
//! part.

use std::collections::{BTreeMap, BTreeSet};

use smoltcp::time::Instant;

use super::column::{CallResult, Column, ComparedText, Noted, SeenEvent};

/// A call of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which statement it is, from 0.
    pub statement: usize,
    /// Its line in the file.
    pub line: usize,
    /// When it is made.
    pub at: Instant,
    /// The host that makes it.
    pub host: String,
    /// The call, as the script has it.
    pub call: String,
}

/// Where runs part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parting {
    /// When.
    pub at: Instant,
    /// The statement of the last call before it. None: before the first call.
    pub statement: Option<usize>,
    /// Whether it is that call which has come to something else.
    pub is_result: bool,
}

/// What was seen after a call and before the next one that all systems have made.
#[derive(Debug)]
pub(super) struct Interval<'a> {
    /// The call. None: what comes before the first one.
    pub(super) step: Option<&'a Step>,
    /// What each system has seen.
    pub(super) seen: Vec<Vec<&'a SeenEvent>>,
    /// The last acknowledgment number by then in each system, sent and received, by peer.
    acknowledged: Vec<BTreeMap<(bool, &'a str), u32>>,
}

/// What is compared of something that was seen: whether it was sent, the other host, and the text.
type Compared<'a> = (bool, &'a str, &'a str);

/// A row of packets of one moment.
#[derive(Debug)]
pub(super) struct AlignedRow<'a> {
    pub(super) at: Instant,
    /// What each system has seen then.
    pub(super) cells: Vec<Option<Cell<'a>>>,
}

/// What one system has seen, and how often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub(super) seen: &'a SeenEvent,
    /// How often the same was seen up to the next call, this time included.
    pub(super) times: usize,
    /// When it was seen last.
    pub(super) last: Instant,
}

/// The intervals between the calls that all systems have made.
pub(super) fn intervals<'a>(steps: &'a [Step], columns: &'a [Column]) -> Vec<Interval<'a>> {
    let common = steps.iter().filter(|step| {
        let has = |it: &Column| it.calls.contains_key(&step.statement);
        columns.iter().all(has)
    });
    let bounds: Vec<Option<&Step>> = std::iter::once(None).chain(common.map(Some)).collect();
    let begin = |step: Option<&Step>, column: &Column| {
        let made = step.and_then(|it| column.calls.get(&it.statement));
        made.map_or(0, |it: &CallResult| it.events_before)
    };
    let mut intervals: Vec<Interval<'a>> = Vec::with_capacity(bounds.len());
    let mut acknowledged = vec![BTreeMap::new(); columns.len()];
    for (number, &step) in bounds.iter().enumerate() {
        let mut seen = Vec::new();
        for (column, acknowledged) in columns.iter().zip(&mut acknowledged) {
            let from = begin(step, column);
            let to = bounds.get(number + 1).map(|&next| begin(next, column));
            let range = from..to.unwrap_or(usize::MAX);
            let within = column.seen.iter().filter(|it| range.contains(&it.index));
            let within: Vec<&SeenEvent> = within.collect();
            for it in &within {
                if let Noted::Packet {
                    is_sent,
                    peer,
                    ack: Some(ack),
                    ..
                } = &it.what
                {
                    acknowledged.insert((*is_sent, peer.as_str()), *ack);
                }
            }
            seen.push(within);
        }
        intervals.push(Interval {
            step,
            seen,
            acknowledged: acknowledged.clone(),
        });
    }
    intervals
}

impl<'a> Interval<'a> {
    /// The rows, by time. What one system sees again is in the row of the first time.
    pub(super) fn rows(&self) -> Vec<AlignedRow<'a>> {
        let folded: Vec<Vec<Cell<'a>>> = self.seen.iter().map(|it| fold(it)).collect();
        // What a system sees in one moment goes to the rows of that moment, in its order.
        // Calls of programs stand behind it, so that packets stay beside packets.
        let mut rows: BTreeMap<(Instant, bool, usize), AlignedRow<'a>> = BTreeMap::new();
        for (column, cells) in folded.iter().enumerate() {
            let mut counts: BTreeMap<(Instant, bool), usize> = BTreeMap::new();
            for cell in cells {
                let (at, is_call) = (cell.seen.at, cell.seen.is_call());
                let count = counts.entry((at, is_call)).or_default();
                *count += 1;
                let row = rows
                    .entry((at, is_call, *count))
                    .or_insert_with(|| AlignedRow {
                        at,
                        cells: vec![None; folded.len()],
                    });
                row.cells[column] = Some(*cell);
            }
        }
        rows.into_values().collect()
    }

    /// What is compared of it, and when: each thing once, without acknowledgments alone.
    fn keys(&self, column: usize) -> Vec<(Instant, Compared<'a>)> {
        let mut known = BTreeSet::new();
        let mut keys = Vec::new();
        for seen in &self.seen[column] {
            let key = match &seen.what {
                Noted::Packet {
                    is_sent,
                    peer,
                    key: ComparedText::Whole(text),
                    ..
                } => (*is_sent, peer.as_str(), text.as_str()),
                Noted::Packet {
                    key: ComparedText::Acknowledgment,
                    ..
                }
                | Noted::Call { .. } => continue,
                Noted::TimedOut { host } => (true, host.as_str(), "timed out"),
            };
            if known.insert(key) {
                keys.push((seen.at, key));
            }
        }
        keys
    }

    /// When the systems have first seen something else. None: they have seen the same.
    fn parts_at(&self) -> Option<Instant> {
        let keys: Vec<_> = (0..self.seen.len()).map(|it| self.keys(it)).collect();
        let longest = keys.iter().map(Vec::len).max().unwrap_or(0);
        let what =
            |column: &[(Instant, Compared<'a>)], number: usize| column.get(number).map(|it| it.1);
        let differs = |&number: &usize| {
            let first = what(&keys[0], number);
            keys.iter().any(|it| what(it, number) != first)
        };
        let number = (0..longest).find(differs)?;
        let moments = keys.iter().filter_map(|it| it.get(number).map(|it| it.0));
        moments.min()
    }

    /// Whether something else is acknowledged at its end.
    fn acknowledges_otherwise(&self) -> bool {
        self.acknowledged
            .iter()
            .any(|it| *it != self.acknowledged[0])
    }

    /// The moment of the first row in which the systems are not the same, acknowledgments included.
    fn first_difference(&self) -> Option<Instant> {
        let what = |cell: &Option<Cell<'a>>| cell.map(|it| of_comparison(it.seen));
        let differs =
            |row: &AlignedRow<'a>| row.cells.iter().any(|it| what(it) != what(&row.cells[0]));
        let is_call =
            |row: &&AlignedRow<'a>| row.cells.iter().flatten().any(|it| it.seen.is_call());
        let rows = self.rows();
        let mut packets = rows.iter().filter(|row| !is_call(row));
        packets.find(|row| differs(row)).map(|row| row.at)
    }
}

/// What is compared of something that was seen, acknowledgment numbers included.
fn of_comparison(seen: &SeenEvent) -> (bool, &str, Option<u32>, &str) {
    match &seen.what {
        Noted::Packet {
            is_sent,
            peer,
            key,
            ack,
            ..
        } => match key {
            ComparedText::Whole(text) => (*is_sent, peer, *ack, text),
            ComparedText::Acknowledgment => (*is_sent, peer, *ack, ""),
        },
        Noted::Call { host, text } => (false, host, None, text),
        Noted::TimedOut { host } => (true, host, None, "timed out"),
    }
}

/// What a system has seen, each thing where it was seen first.
fn fold<'a>(seen: &[&'a SeenEvent]) -> Vec<Cell<'a>> {
    let mut places = BTreeMap::new();
    let mut cells: Vec<Cell<'a>> = Vec::new();
    for seen in seen {
        let place = *places.entry(of_comparison(seen)).or_insert(cells.len());
        match cells.get_mut(place) {
            Some(cell) => {
                cell.times += 1;
                cell.last = seen.at;
            }
            None => cells.push(Cell {
                seen,
                times: 1,
                last: seen.at,
            }),
        }
    }
    cells
}

/// Where the systems part.
pub(super) fn parting(steps: &[Step], columns: &[Column]) -> Option<Parting> {
    let intervals = intervals(steps, columns);
    // An acknowledgment that only comes later is no difference: this is from where on one is
    // missing for good.
    let otherwise = intervals.iter().rev();
    let missing = otherwise
        .take_while(|it| it.acknowledges_otherwise())
        .count();
    let for_good = intervals.len() - missing;
    for (number, interval) in intervals.iter().enumerate() {
        let statement = interval.step.map(|it| it.statement);
        if let Some(step) = interval.step
            && results_differ(step, columns)
        {
            return Some(Parting {
                at: step.at,
                statement,
                is_result: true,
            });
        }
        let parts_at = interval.parts_at();
        if parts_at.is_some() || number >= for_good {
            let at = parts_at.or_else(|| interval.first_difference());
            return Some(Parting {
                at: at.unwrap_or_else(|| interval.step.map_or(Instant::ZERO, |it| it.at)),
                statement,
                is_result: false,
            });
        }
    }
    None
}

/// Whether a call has come to something else in one of the systems.
pub(super) fn results_differ(step: &Step, columns: &[Column]) -> bool {
    let mut results = columns.iter().map(|it| result(it, step));
    let first = results.next().flatten();
    results.any(|it| it != first)
}

/// What a call came to, in words that both families share: `-1 ECONNRESET` is `SOCKET_ERROR
/// WSAECONNRESET`. None: it was not made.
fn result(column: &Column, step: &Step) -> Option<String> {
    let made = column.calls.get(&step.statement)?;
    Some(match &made.returned {
        None => "waits".to_owned(),
        Some((_, value, None)) => value.strip_prefix("WSA").unwrap_or(value).to_owned(),
        Some((_, _, Some(error))) => error.strip_prefix("WSA").unwrap_or(error).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: [i64; 4] = [0, 100, 200, 300];

    fn packet(at: i64, index: usize, is_sent: bool, text: &str, ack: u32) -> SeenEvent {
        let key = match text {
            "." => ComparedText::Acknowledgment,
            text => ComparedText::Whole(text.to_owned()),
        };
        SeenEvent {
            at: Instant::from_millis(at),
            index,
            what: Noted::Packet {
                is_sent,
                peer: "peer".to_owned(),
                text: format!("{text} ack {ack}"),
                key,
                ack: Some(ack),
            },
            remarks: Vec::new(),
        }
    }

    /// A column with calls before the events 0, 10, 20 and 30 that came to these.
    fn column(results: [&str; 4], seen: Vec<SeenEvent>) -> Column {
        let made = |(number, result): (usize, &str)| {
            let at = Instant::from_millis(AT[number]);
            let returned = match result {
                "waits" => None,
                error if error.contains('E') => Some((at, "-1".to_owned(), Some(error.to_owned()))),
                value => Some((at, value.to_owned(), None)),
            };
            let made = CallResult {
                translated: None,
                at,
                events_before: number * 10,
                returned,
            };
            (number, made)
        };
        Column {
            profile: String::new(),
            title: String::new(),
            calls: results.into_iter().enumerate().map(made).collect(),
            seen,
            summary: super::super::ShutdownSummary::default(),
            ended: Instant::ZERO,
        }
    }

    fn parts(columns: &[Column]) -> Option<(i64, Option<usize>, bool)> {
        let step = |(statement, &at): (usize, &i64)| Step {
            statement,
            line: statement,
            at: Instant::from_millis(at),
            host: String::new(),
            call: String::new(),
        };
        let steps: Vec<Step> = AT.iter().enumerate().map(step).collect();
        let parting = parting(&steps, columns)?;
        Some((
            parting.at.total_millis(),
            parting.statement,
            parting.is_result,
        ))
    }

    #[test]
    fn where_runs_part() {
        const SAME: [&str; 4] = ["0", "0", "0", "0"];
        let data = |at| packet(at, 11, false, "1:1001(1000)", 1);
        let rows = [
            (
                "nothing differs",
                SAME,
                vec![data(110)],
                SAME,
                vec![data(110)],
                None,
            ),
            (
                "times do not count",
                SAME,
                vec![data(110)],
                SAME,
                vec![data(150)],
                None,
            ),
            (
                "a result",
                SAME,
                vec![data(110)],
                ["0", "0", "ESHUTDOWN", "0"],
                vec![data(110)],
                Some((200, Some(2), true)),
            ),
            (
                "an error of either family",
                ["0", "0", "ECONNRESET", "0"],
                vec![],
                ["0", "0", "WSAECONNRESET", "0"],
                vec![],
                None,
            ),
            (
                "a call that waits",
                SAME,
                vec![],
                ["0", "0", "0", "waits"],
                vec![],
                Some((300, Some(3), true)),
            ),
            (
                "a reset",
                SAME,
                vec![data(110)],
                SAME,
                vec![data(110), packet(110, 12, true, "R. 1:1(0)", 1)],
                Some((110, Some(1), false)),
            ),
            (
                "an acknowledgment that comes late does not count",
                SAME,
                vec![data(110), packet(110, 12, true, ".", 1001)],
                SAME,
                vec![data(110), packet(210, 22, true, ".", 1001)],
                None,
            ),
            (
                "one that never comes",
                SAME,
                vec![data(110), packet(110, 12, true, ".", 1001)],
                SAME,
                vec![data(110)],
                Some((110, Some(1), false)),
            ),
            (
                "what is sent again does not count",
                SAME,
                vec![data(110)],
                SAME,
                vec![data(110), packet(130, 12, false, "1:1001(1000)", 1)],
                None,
            ),
        ];
        for (what, results, seen, other_results, other_seen, expected) in rows {
            let columns = [column(results, seen), column(other_results, other_seen)];
            assert_eq!(parts(&columns), expected, "{what}");
            let [one, other] = columns;
            assert_eq!(
                parts(&[other, one]),
                expected,
                "{what}, the other way round"
            );
        }
    }

    #[test]
    fn rows_are_by_time_and_what_comes_again_is_counted() {
        let seen = vec![
            packet(110, 11, false, "a", 1),
            packet(110, 12, true, "b", 1),
            packet(150, 13, false, "a", 1),
        ];
        let columns = [
            column(["0"; 4], seen),
            column(["0"; 4], vec![packet(120, 11, true, "b", 1)]),
        ];
        let steps = [Step {
            statement: 1,
            line: 1,
            at: Instant::from_millis(100),
            host: String::new(),
            call: String::new(),
        }];
        let intervals = intervals(&steps, &columns);
        let rows = intervals[1].rows();
        let shown: Vec<(i64, Vec<usize>)> = rows
            .iter()
            .map(|row| {
                let times = row.cells.iter().map(|it| it.map_or(0, |cell| cell.times));
                (row.at.total_millis(), times.collect())
            })
            .collect();
        assert_eq!(
            shown,
            [(110, vec![2, 0]), (110, vec![1, 0]), (120, vec![0, 1])]
        );
        assert_eq!(rows[0].cells[0].unwrap().last, Instant::from_millis(150));
    }
}
