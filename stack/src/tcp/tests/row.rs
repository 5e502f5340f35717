//! Segments as text: `P. 1:21(20) ack 1 win 4000 <mss 1460,sackOK>`.

use std::fmt;

use crate::tcp::segment::{Flags, Segment, TcpOptions, Timestamps};

/// A segment in stream positions. What is none was not written, and is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// In the order `SFRP.`.
    flags: String,
    /// SEG.SEQ, relative.
    pub(super) start: i64,
    octets: usize,
    /// SEG.ACK, relative.
    pub(super) acknowledged: Option<i64>,
    /// The window field as it stands in the header.
    pub(super) window: Option<u16>,
    options: Option<Vec<String>>,
}

impl Row {
    #[track_caller]
    pub(super) fn parse(text: &str) -> Self {
        let (fixed, options) = match text.split_once('<') {
            Some((fixed, options)) => (fixed, Some(options.trim().trim_end_matches('>'))),
            None => (text, None),
        };
        let mut words = fixed.split_whitespace();
        let flags = words.next().expect("flags").to_owned();
        let range = words.next().expect("seq:end(len)");
        let (start, rest) = range.split_once(':').expect("seq:end(len)");
        let (end, octets) = rest.split_once('(').expect("seq:end(len)");
        let start: i64 = start.parse().unwrap();
        let octets: usize = octets.trim_end_matches(')').parse().unwrap();
        assert_eq!(end.parse(), Ok(start + octets as i64), "{text}");
        let mut row = Self {
            flags,
            start,
            octets,
            acknowledged: None,
            window: None,
            options: options.map(|list| {
                let names = list.split(',').map(|name| name.trim().to_owned());
                names.filter(|name| !name.is_empty()).collect()
            }),
        };
        while let Some(word) = words.next() {
            let value = words.next().expect("a number");
            match word {
                "ack" => row.acknowledged = Some(value.parse().unwrap()),
                "win" => row.window = Some(value.parse().unwrap()),
                other => panic!("{other} in {text}"),
            }
        }
        let has_ack = row.flags.contains('.');
        assert_eq!(
            has_ack,
            row.acknowledged.is_some(),
            "`.` and ack go together: {text}"
        );
        row
    }

    /// Whether PSH is set.
    pub(super) fn pushes(&self) -> bool {
        self.flags.contains('P')
    }

    /// A segment of the side that began at `ours`, whose peer began at `peers`.
    pub(super) fn of(segment: &Segment, ours: u32, peers: u32) -> Self {
        let relative = |wire: u32, base: u32| i64::from(wire.wrapping_sub(base) as i32);
        let flags = segment.flags;
        let letters = [
            (flags.syn, 'S'),
            (flags.fin, 'F'),
            (flags.rst, 'R'),
            (flags.psh, 'P'),
            (flags.ece, 'E'),
            (flags.cwr, 'W'),
            (flags.ack, '.'),
        ];
        let options = segment.options;
        let mut names = Vec::new();
        names.extend(options.mss.map(|mss| format!("mss {mss}")));
        names.extend(options.sack_permitted.then(|| "sackOK".to_owned()));
        let timestamps = |Timestamps { value, echo }| format!("TS val {value} ecr {echo}");
        names.extend(options.timestamps.map(timestamps));
        names.extend(options.window_scale.map(|shift| format!("wscale {shift}")));
        let blocks: Vec<String> = options
            .sack
            .iter()
            .flatten()
            .map(|&(left, right)| format!("{}:{}", relative(left, peers), relative(right, peers)))
            .collect();
        if !blocks.is_empty() {
            names.push(format!("sack {}", blocks.join(" ")));
        }
        Self {
            flags: letters
                .iter()
                .filter(|(on, _)| *on)
                .map(|(_, letter)| letter)
                .collect(),
            start: relative(segment.sequence, ours),
            octets: segment.payload_octets,
            acknowledged: flags.ack.then(|| relative(segment.acknowledgment, peers)),
            window: Some(segment.window),
            options: Some(names),
        }
    }

    /// The segment, sent from one port to another by the side that began at `ours`.
    pub(super) fn segment(
        &self,
        source: u16,
        destination: u16,
        ours: u32,
        peers: u32,
        window: u16,
    ) -> Segment {
        let wire = |position: i64, base: u32| base.wrapping_add(position as u32);
        let has = |letter| self.flags.contains(letter);
        Segment {
            source,
            destination,
            sequence: wire(self.start, ours),
            acknowledgment: self
                .acknowledged
                .map_or(0, |position| wire(position, peers)),
            flags: Flags {
                syn: has('S'),
                ack: has('.'),
                fin: has('F'),
                rst: has('R'),
                psh: has('P'),
                ece: has('E'),
                cwr: has('W'),
                urgent: has('U').then_some(0),
            },
            window: self.window.unwrap_or(window),
            options: self.parsed_options(|position| wire(position, peers)),
            payload_octets: self.octets,
        }
    }

    fn parsed_options(&self, wire: impl Fn(i64) -> u32) -> TcpOptions {
        let mut options = TcpOptions::default();
        for name in self.options.iter().flatten() {
            let words: Vec<&str> = name.split([' ', ':']).collect();
            let number = |place: usize| words[place].parse::<u32>().unwrap();
            match words[0] {
                "mss" => options.mss = Some(number(1) as u16),
                "wscale" => options.window_scale = Some(number(1) as u8),
                "sackOK" => options.sack_permitted = true,
                "TS" => {
                    options.timestamps = Some(Timestamps {
                        value: number(2),
                        echo: number(4),
                    });
                }
                "sack" => {
                    for (place, block) in options.sack.iter_mut().zip(words[1..].chunks(2)) {
                        let edge = |index: usize| wire(block[index].parse().unwrap());
                        *place = Some((edge(0), edge(1)));
                    }
                }
                other => panic!("unknown option {other}"),
            }
        }
        options
    }

    /// Behind the last octet of payload.
    pub(super) fn end(&self) -> i64 {
        self.start + self.octets as i64
    }

    /// Whether `other` is what this row says, as far as this row says anything.
    pub(super) fn matches(&self, other: &Self) -> bool {
        let fixed = |row: &Self| (row.flags.clone(), row.start, row.octets, row.acknowledged);
        fixed(self) == fixed(other)
            && (self.window.is_none() || self.window == other.window)
            && (self.options.is_none() || self.options == other.options)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}:{}({})",
            self.flags,
            self.start,
            self.end(),
            self.octets
        )?;
        if let Some(acknowledged) = self.acknowledged {
            write!(f, " ack {acknowledged}")?;
        }
        if let Some(window) = self.window {
            write!(f, " win {window}")?;
        }
        match &self.options {
            Some(options) if !options.is_empty() => write!(f, " <{}>", options.join(",")),
            Some(_) | None => Ok(()),
        }
    }
}
