//! A measured table: a file of rows, each a time and what a recorder saw then.
//!
//! ```text
//! # What was done, in a line.
//! scenario linux/shut-rd-then-data-and-fin
//! scenario linux/shut-rd-then-data until 0.3: as far as the data goes
//! 0.1755  peer > server: FP. 1:1001(1000) ack 1 win 65535
//! 0.2159  server > peer: . 1:1(0) ack 1002 win 63239
//! 0.3259  server: expect state == CLOSE_WAIT
//! 0.3261  server: recv(65536, MSG_DONTWAIT) = 1000
//! <0.6246 server > peer: F. 1:1(0) ack 1002 win 63239
//! ```
//!
//! Packets and calls are written as traces write them, without options, ports and descriptors: no
//! table recorded those. `expect` is what the application asked for in a way that is no call here
//! (tcpi_state, select). A call stands in front of what it sent, also where it returned after that.
//! A time behind `<` is one at which the recorder came late, as the rows around
//! it prove: what it saw had happened by then. Comments are lines that begin with `#`; the first is
//! the title. Each `scenario` is lined up with the table by itself: with all of it, or with what
//! came before a time; the words behind a colon say which part of the run it is.

/// A measured table.
#[derive(Debug)]
pub(crate) struct Table {
    /// The name of the run: `T05b`.
    pub(crate) name: String,
    /// What was done.
    pub(crate) title: String,
    /// The scenarios that reproduce it.
    pub(crate) parts: Vec<Part>,
    pub(crate) rows: Vec<Row>,
}

/// A scenario that reproduces a table, or the beginning of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its path below `scenarios/`, without extension.
    pub(crate) scenario: String,
    /// The first time of the table, in microseconds, that is not its concern.
    pub(crate) until: Option<i64>,
    /// Which part of the run it is, where it is not all of it.
    pub(crate) words: Option<String>,
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        let (text, words) = match text.split_once(": ") {
            Some((text, words)) => (text, Some(words.trim().to_owned())),
            None => (text, None),
        };
        let (scenario, until) = match text.split_once(" until ") {
            Some((scenario, until)) => (scenario, Some(micros(until.trim())?)),
            None => (text, None),
        };
        let scenario = scenario.trim().to_owned();
        Some(Self {
            scenario,
            until,
            words,
        })
    }
}

/// Something that was seen.
#[derive(Debug)]
pub(crate) struct Row {
    /// The line of the file, from 1.
    pub(crate) line: usize,
    /// Microseconds since the recording began.
    pub(crate) at: i64,
    pub(crate) recorder: Recorder,
    pub(crate) what: What,
}

/// Whether the recorder saw something when it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorder {
    OnTime,
    Late,
}

/// What can be seen, in a table and in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Packet {
        from: String,
        to: String,
        text: String,
    },
    /// `HOST: CALL(...) = RESULT`, or a fact that a trace shows as a row of its own.
    Call(String),
    /// `HOST: expect CONDITION`
    Expect(String),
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// The line that is wrong, and how.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut table = Self {
            name: name.to_owned(),
            title: String::new(),
            parts: Vec::new(),
            rows: Vec::new(),
        };
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if let Some(comment) = line.strip_prefix('#') {
                if table.title.is_empty() {
                    table.title = comment.trim().trim_end_matches('.').to_owned();
                }
            } else if let Some(scenario) = line.strip_prefix("scenario ") {
                let part = Part::parse(scenario)
                    .ok_or_else(|| format!("line {number}: no time: {line}"))?;
                table.parts.push(part);
            } else if !line.trim().is_empty() {
                let row = Row::parse(number, line)
                    .ok_or_else(|| format!("line {number}: neither a time nor a row: {line}"))?;
                table.rows.push(row);
            }
        }
        match (table.title.is_empty(), table.parts.is_empty()) {
            (true, _) => Err("it has no title".to_owned()),
            (_, true) => Err("it names no scenario".to_owned()),
            (false, false) if table.rows.is_empty() => Err("it has no rows".to_owned()),
            (false, false) => Ok(table),
        }
    }
}

impl Row {
    fn parse(line: usize, text: &str) -> Option<Self> {
        let (time, what) = text.trim_start().split_once(' ')?;
        let (recorder, time) = match time.strip_prefix('<') {
            Some(time) => (Recorder::Late, time),
            None => (Recorder::OnTime, time),
        };
        Some(Self {
            line,
            at: micros(time)?,
            recorder,
            what: What::parse(what.trim())?,
        })
    }
}

/// A time in seconds, as microseconds.
pub(crate) fn micros(seconds: &str) -> Option<i64> {
    let (whole, fraction) = seconds.split_once('.')?;
    let digits = format!("{fraction:0<6}");
    if digits.len() != 6 {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * 1_000_000 + digits.parse::<i64>().ok()?)
}

impl What {
    /// Reads a row's words, or those of a line of a trace.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((from, rest)) = text.split_once(" > ")
            && !from.contains(' ')
        {
            let (to, packet) = rest.split_once(": ")?;
            let host = |end: &str| end.split(':').next().unwrap_or_default().to_owned();
            let options = packet.find(" <").unwrap_or(packet.len());
            return Some(Self::Packet {
                from: host(from),
                to: host(to),
                text: packet[..options].to_owned(),
            });
        }
        let (host, rest) = text.split_once(": ")?;
        if let Some(condition) = rest.strip_prefix("expect ") {
            return Some(Self::Expect(format!("{host}: {condition}")));
        }
        Some(Self::Call(format!("{host}: {}", without_descriptor(rest))))
    }
}

/// A call without its first argument, where that is a descriptor.
fn without_descriptor(call: &str) -> String {
    let Some((name, arguments)) = call.split_once('(') else {
        return call.to_owned();
    };
    let Some(after) = arguments
        .strip_prefix("fd=")
        .or(arguments.strip_prefix("s="))
    else {
        return call.to_owned();
    };
    let rest = after.trim_start_matches(|character: char| character.is_ascii_digit());
    format!("{name}({}", rest.strip_prefix(", ").unwrap_or(rest))
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Packet { from, to, text } => write!(f, "{from} > {to}: {text}"),
            Self::Call(text) => write!(f, "{text}"),
            Self::Expect(text) => write!(f, "expect {text}"),
        }
    }
}

#[test]
fn rows_are_read_as_traces_write_them() {
    let packet = |from: &str, text: &str| What::Packet {
        from: from.to_owned(),
        to: "peer".to_owned(),
        text: text.to_owned(),
    };
    let rows = [
        (
            "a > peer: S 0:0(0) win 9 <mss 1460,sackOK>",
            packet("a", "S 0:0(0) win 9"),
        ),
        (
            "a:80 > peer:1001: R. 0:0(0) ack 11",
            packet("a", "R. 0:0(0) ack 11"),
        ),
        ("a > peer: udp (100)", packet("a", "udp (100)")),
        (
            "a: recv(fd=4, 100) = 0",
            What::Call("a: recv(100) = 0".to_owned()),
        ),
        (
            "a: close(fd=14) = 0",
            What::Call("a: close() = 0".to_owned()),
        ),
        (
            "a: recv(100) = 0",
            What::Call("a: recv(100) = 0".to_owned()),
        ),
        (
            "a: expect state == CLOSED",
            What::Expect("a: state == CLOSED".to_owned()),
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(What::parse(text), Some(expected), "{text}");
    }
    assert_eq!(micros("939.0302"), Some(939_030_200));
    assert_eq!(micros("0.1234567"), None);
    for bad in [
        "",
        "# only a title\n",
        "# a\nscenario b\n",
        "# a\nscenario b\nnow x\n",
    ] {
        assert!(Table::parse("T00", bad).is_err(), "{bad:?}");
    }
}
