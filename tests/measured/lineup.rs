//! A table and a trace side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Part, Recorder, Row, Table, What, micros};

/// What a time may be off by, whichever is more: so many microseconds, or this part of the time
/// since the row before.
const OFF_BY_MOST: i64 = 10_000;
const PART: i64 = 20;

/// A packet that comes later than this after the row before it is a timer's, in microseconds. What
/// comes sooner is an answer, and its measured time that of a machine at work.
const TIMER_LEAST: i64 = 10_000;

/// The row of a trace that says that a connection was given up: a timer's, like a packet.
const TIMED_OUT: &str = "TIMED OUT";

/// The trace of a run, in the words of tables.
#[derive(Debug, Default)]
pub(crate) struct Traced {
    /// By who sent them and to whom.
    packets: BTreeMap<(String, String), Vec<(i64, String)>>,
    calls: Vec<(i64, String)>,
    /// The conditions that the script asked for, and that held.
    expects: Vec<String>,
    /// The hosts whose packets the script made up.
    scripted: BTreeSet<String>,
}

impl Traced {
    /// Reads a trace in text form.
    pub(crate) fn parse(
        text: &str,
        scripted: impl Iterator<Item = String>,
        expects: impl Iterator<Item = What>,
    ) -> Self {
        let mut traced = Self {
            scripted: scripted.collect(),
            ..Self::default()
        };
        for line in text.lines().filter(|line| !line.starts_with("//")) {
            let line = line.split("  ; ").next().unwrap_or_default().trim();
            let (at, what) = line.split_once(' ').expect("a line has a time");
            let at = micros(at).expect("a time is seconds");
            match What::parse(what.trim()).expect("a line says what") {
                What::Packet { from, to, text } => {
                    traced
                        .packets
                        .entry((from, to))
                        .or_default()
                        .push((at, text));
                }
                What::Call(text) => traced.calls.push((at, text)),
                What::Expect(text) => traced.expects.push(text),
            }
        }
        for expect in expects {
            if let What::Expect(text) = expect {
                traced.expects.push(text);
            }
        }
        traced
    }
}

/// How far a trace is off its table, in all that is not exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deviations {
    pub(crate) packets: usize,
    pub(crate) results: usize,
    pub(crate) timers: usize,
    /// The timer that is off by most, and how long it was measured to take.
    pub(crate) timer: Option<(i64, i64)>,
    /// The answer that is off by most.
    pub(crate) answer: Option<i64>,
    /// Rows that the recorder saw late.
    pub(crate) late: usize,
}

/// A table and a trace, row by row.
#[derive(Debug)]
pub(crate) struct Lineup<'a> {
    table: &'a Table,
    /// The first time of the table that is not looked at, in microseconds.
    until: i64,
    traced: &'a Traced,
    /// How many packets of each direction have been met.
    met: BTreeMap<(String, String), usize>,
    next_call: usize,
    next_expect: usize,
    /// The last row that was seen when it happened: when in the table, and when in the trace.
    before: Option<(i64, i64)>,
    deviations: Deviations,
    wrong: Vec<String>,
}

impl<'a> Lineup<'a> {
    pub(crate) fn new(table: &'a Table, part: &Part, traced: &'a Traced) -> Self {
        Self {
            table,
            until: part.until.unwrap_or(i64::MAX),
            traced,
            met: BTreeMap::new(),
            next_call: 0,
            next_expect: 0,
            before: None,
            deviations: Deviations::default(),
            wrong: Vec::new(),
        }
    }

    /// Goes through the table.
    ///
    /// # Errors
    /// Every row that the trace does not have, or not at its time, one a line.
    pub(crate) fn compare(mut self) -> Result<Deviations, String> {
        let mut end = 0;
        let (table, until) = (self.table, self.until);
        for row in table.rows.iter().filter(|row| row.at < until) {
            match self.counterpart(row) {
                Ok(Some(at)) => {
                    self.compare_time(row, at);
                    end = end.max(at);
                }
                Ok(None) => {}
                Err(message) => self.wrong(row, &message),
            }
        }
        self.check_rest(end);
        if self.wrong.is_empty() {
            Ok(self.deviations)
        } else {
            Err(self.wrong.join("\n"))
        }
    }

    fn wrong(&mut self, row: &Row, message: &str) {
        self.wrong
            .push(format!("  line {}: {}: {message}", row.line, row.what));
    }

    /// When the trace has what a row says; none for what has no time.
    fn counterpart(&mut self, row: &Row) -> Result<Option<i64>, String> {
        match &row.what {
            What::Packet { from, to, text } => {
                let direction = (from.clone(), to.clone());
                let met = self.met.entry(direction.clone()).or_default();
                let packets = self.traced.packets.get(&direction);
                let found = packets.and_then(|packets| packets.get(*met));
                *met += 1;
                let (at, traced) = found.ok_or("it was not sent")?;
                if traced != text {
                    return Err(format!("instead of it {traced} was sent"));
                }
                self.deviations.packets += 1;
                Ok(Some(*at))
            }
            What::Call(text) => {
                let rest = &self.traced.calls[self.next_call..];
                let skipped = rest.iter().position(|(_, call)| call == text);
                let skipped = skipped.ok_or("no call came to this after those before")?;
                self.next_call += skipped + 1;
                self.deviations.results += 1;
                Ok(Some(rest[skipped].0))
            }
            What::Expect(text) => {
                let rest = &self.traced.expects[self.next_expect..];
                let skipped = rest.iter().position(|expect| expect == text);
                let skipped = skipped.ok_or("the script does not expect it")?;
                self.next_expect += skipped + 1;
                self.deviations.results += 1;
                Ok(None)
            }
        }
    }

    fn compare_time(&mut self, row: &Row, at: i64) {
        let before = self.before;
        if row.recorder == Recorder::OnTime {
            self.before = Some((row.at, at));
        }
        if let What::Packet { from, .. } = &row.what
            && self.traced.scripted.contains(from)
        {
            return;
        }
        let Some((measured_before, traced_before)) = before else {
            return;
        };
        let (measured, traced) = (row.at - measured_before, at - traced_before);
        let off = traced - measured;
        let most = OFF_BY_MOST.max(measured / PART);
        match row.recorder {
            Recorder::OnTime if off.abs() <= most => self.count(row, measured, off),
            Recorder::Late if (0..=measured + most).contains(&traced) => self.deviations.late += 1,
            Recorder::OnTime | Recorder::Late => {
                let message = format!("it takes {traced} us and was measured to take {measured}");
                self.wrong(row, &message);
            }
        }
    }

    fn count(&mut self, row: &Row, measured: i64, off: i64) {
        let is_timer = match &row.what {
            What::Packet { .. } => measured >= TIMER_LEAST,
            What::Call(text) if text.contains(TIMED_OUT) => true,
            // A call's time is the script's.
            What::Call(_) | What::Expect(_) => return,
        };
        if is_timer {
            self.deviations.timers += 1;
            let worst = self.deviations.timer.unwrap_or_default();
            if off.abs() >= worst.0.abs() {
                self.deviations.timer = Some((off, measured));
            }
        } else if off.abs() >= self.deviations.answer.unwrap_or_default().abs() {
            self.deviations.answer = Some(off);
        }
    }

    /// What the trace has beyond the table has to come after its end, where the recording stopped.
    fn check_rest(&mut self, end: i64) {
        for (direction, packets) in &self.traced.packets {
            let met = self.met.get(direction).copied().unwrap_or_default();
            for (at, packet) in packets.iter().skip(met).filter(|(at, _)| *at <= end) {
                let (from, to) = direction;
                self.wrong.push(format!(
                    "  at {at} us {from} > {to}: {packet} was not measured"
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# A row of each kind.
scenario a/b
0.0010  peer > server: F. 1:1(0) ack 1 win 9
0.0011  server > peer: . 1:1(0) ack 2 win 8
0.3000  server: recv(10) = 0
0.3000  server: expect state == CLOSE_WAIT
0.3001  server: close() = 0
0.3002  server > peer: F. 1:1(0) ack 2 win 8
<0.6000 server > peer: F. 1:1(0) ack 2 win 8
0.7002  server > peer: F. 1:1(0) ack 2 win 8
";

    const TRACE: &str = "// head
  0.000000  server: accept(fd=3) = 4
  0.001000  peer > server: F. 1:1(0) ack 1 win 9                     ; FORGED
  0.001000  server > peer: . 1:1(0) ack 2 win 8
  0.300000  server: recv(fd=4, 10) = 0
  0.300100  server: close(fd=4) = 0
  0.300100  server > peer: F. 1:1(0) ack 2 win 8
  0.508000  server > peer: F. 1:1(0) ack 2 win 8                     ; RETRANSMISSION
  0.716000  server > peer: F. 1:1(0) ack 2 win 8
  0.900000  peer > server: . 2:2(0) ack 2 win 9
";

    fn compare(table: &str, trace: &str) -> Result<Deviations, String> {
        let table = Table::parse("T00", table).expect("the table is well-formed");
        let expects = [What::Expect("server: state == CLOSE_WAIT".to_owned())];
        let scripted = ["peer".to_owned()];
        let traced = Traced::parse(trace, scripted.into_iter(), expects.into_iter());
        Lineup::new(&table, &table.parts[0], &traced).compare()
    }

    #[test]
    fn deviations_are_counted_since_the_row_before() {
        let expected = Deviations {
            packets: 5,
            results: 3,
            timers: 1,
            timer: Some((15_900, 400_000)),
            answer: Some(-100),
            late: 1,
        };
        assert_eq!(compare(TABLE, TRACE), Ok(expected));
    }

    /// Each change of the trace must be seen, and where.
    #[test]
    fn whatever_differs_is_reported() {
        let rows = [
            ("ack 2 win 8\n  0.3000", "ack 2 win 7\n  0.3000", "line 4"),
            (
                "1:1(0) ack 2 win 8\n  0.3000",
                "1:2(1) ack 2 win 8\n  0.3000",
                "line 4",
            ),
            (
                "0.300100  server > peer: F.",
                "0.300100  server > peer: FP.",
                "line 8",
            ),
            ("recv(fd=4, 10) = 0", "recv(fd=4, 10) = -1 EAGAIN", "line 5"),
            (
                "  0.716000  server > peer: F. 1:1(0) ack 2 win 8\n",
                "",
                "line 10",
            ),
            ("0.716000", "0.722000", "line 10"),
            ("0.716000", "0.680000", "line 10"),
            ("0.001000  server", "0.012000  server", "line 4"),
            ("0.508000", "0.680000", "line 9"),
            (
                "  0.300000  server: recv",
                "  0.200000  server > peer: . 1:1(0) ack 2 win 8\n  0.300000  server: recv",
                "line 8",
            ),
            ("  0.900000  peer", "  0.710000  peer", "was not measured"),
        ];
        for (from, to, place) in rows {
            assert!(TRACE.contains(from), "{from}");
            let error = compare(TABLE, &TRACE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(place), "{from} -> {to}: {error}");
        }
        let unexpected = TABLE.replace("CLOSE_WAIT", "ESTABLISHED");
        let error = compare(&unexpected, TRACE).unwrap_err();
        assert!(error.contains("line 6"), "{error}");
    }
}
