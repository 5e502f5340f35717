//! Relative numbers as Wireshark counts them, which is not as [`Tracker`] does.
//!
//! Wireshark knows one vantage point, and takes the numbers of a connection from the first segment
//! of each side that it sees. Two differences can be seen: the first segment of a side that never
//! sent a SYN is at 1 even if it is a RST, and a SYN with another number begins a new stream at
//! once, whether or not somebody answers it. Segments with a bad checksum count like all others,
//! as they do in a Wireshark that was not told to verify them.
//!
//! [`Tracker`]: crate::notation::Tracker

use std::collections::BTreeMap;
use std::net::IpAddr;

use smoltcp::time::{Duration, Instant};

use super::analysis::{Analysis, Findings, Reuse, Seen};
use crate::wire::Flags;

/// The largest shift that counts (RFC 7323 section 2.3).
const SHIFT_MAX: u8 = 14;

/// An address and a port.
pub(super) type Endpoint = (IpAddr, u16);

/// All streams of a trace, learnt from its segments in their order.
#[derive(Debug)]
pub(super) struct Conversations {
    /// The newest stream between two ends, by the lower and the higher end.
    newest: BTreeMap<(Endpoint, Endpoint), Conversation>,
    streams: u32,
    now: Moment,
}

/// Where in the trace something stands: the number of its frame, and when it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) frame: u32,
    pub(super) at: Instant,
}

/// How long a segment came after others of its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// After the first.
    pub(super) relative: Duration,
    /// After the one before it.
    pub(super) delta: Duration,
}

/// One stream. Arrays have one place for each side, that of the lower end first.
#[derive(Debug)]
struct Conversation {
    stream: u32,
    /// What counts as 0.
    base: [Option<u32>; 2],
    scale: [Scale; 2],
    first: Instant,
    previous: Instant,
    analysis: Analysis,
}

/// How the windows of a side are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Its SYN was not seen.
    Unknown,
    /// Not at all: one of the two sides did not offer it.
    Off,
    /// By so many bits.
    Shift(u8),
}

/// What a conversation must know of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) flags: Flags,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) window: u16,
    /// The window scale option.
    pub(super) shift: Option<u8>,
    /// Octets of payload.
    pub(super) len: u32,
    /// How many octets the first three blocks of its SACK option cover.
    pub(super) sacked: u32,
}

impl Header {
    /// Whether it asks for a connection.
    fn is_opening(&self) -> bool {
        self.flags.contains(Flags::SYN) && !self.flags.contains(Flags::ACK)
    }
}

/// What is known of a segment that an ICMP error quotes.
#[derive(Debug)]
pub(super) struct Quotation {
    pub(super) stream: u32,
    pub(super) times: Times,
    pub(super) findings: Option<Findings>,
}

/// What is known of a segment from those before it.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) numbers: Numbers,
    pub(super) times: Times,
    pub(super) findings: Findings,
}

/// The numbers of a segment as Wireshark shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) stream: u32,
    pub(super) seq: u32,
    /// Raw where the ACK bit is not set.
    pub(super) ack: u32,
    /// The window in octets.
    pub(super) window: u32,
}

impl Default for Conversations {
    fn default() -> Self {
        Self {
            newest: BTreeMap::new(),
            streams: 0,
            now: Moment {
                frame: 0,
                at: Instant::ZERO,
            },
        }
    }
}

impl Conversations {
    /// What comes next stands here.
    pub(super) fn go_to(&mut self, now: Moment) {
        self.now = now;
    }

    /// The stream that a segment belongs to which is only quoted, and when it comes there. Begins
    /// one where there is none.
    pub(super) fn quote(&mut self, from: Endpoint, to: Endpoint, header: Header) -> Quotation {
        let at = self.now.at;
        let (conversation, side) = self.newest(from, to);
        let is_again = header.is_opening() && conversation.base[side] == Some(header.seq);
        Quotation {
            stream: conversation.stream,
            times: conversation.come(at),
            findings: is_again.then(|| conversation.analysis.begin_again(side)),
        }
    }

    /// Learns from a segment, and says what it is in its stream.
    pub(super) fn observe(&mut self, from: Endpoint, to: Endpoint, header: Header) -> Observed {
        let is_opening = header.is_opening();
        let now = self.now;
        let (conversation, side) = self.newest(from, to);
        let base = conversation.base[side];
        let is_other = base.is_some_and(|base| base != header.seq);
        if is_opening && is_other {
            let streams = self.streams;
            self.streams += 1;
            let (conversation, side) = self.newest(from, to);
            *conversation = Conversation::new(streams, now.at);
            return conversation.observe(side, header, now, Reuse::Ports);
        }
        let is_answer = header.flags.contains(Flags::SYN) && header.flags.contains(Flags::ACK);
        let reuse = match base {
            Some(_) if is_answer && is_other => Reuse::Ports,
            Some(_) if is_opening => Reuse::Again,
            Some(_) | None => Reuse::No,
        };
        conversation.observe(side, header, now, reuse)
    }

    /// The newest stream between two ends, and the side of the first one.
    fn newest(&mut self, from: Endpoint, to: Endpoint) -> (&mut Conversation, usize) {
        let (key, side) = if from <= to {
            ((from, to), 0)
        } else {
            ((to, from), 1)
        };
        let (streams, at) = (&mut self.streams, self.now.at);
        let conversation = self.newest.entry(key).or_insert_with(|| {
            *streams += 1;
            Conversation::new(*streams - 1, at)
        });
        (conversation, side)
    }
}

impl Conversation {
    fn new(stream: u32, at: Instant) -> Self {
        Self {
            stream,
            base: [None; 2],
            scale: [Scale::Unknown; 2],
            first: at,
            previous: at,
            analysis: Analysis::default(),
        }
    }

    /// A segment comes.
    fn come(&mut self, at: Instant) -> Times {
        let delta = at - self.previous;
        self.previous = at;
        Times {
            relative: at - self.first,
            delta,
        }
    }

    fn observe(&mut self, side: usize, header: Header, now: Moment, reuse: Reuse) -> Observed {
        let times = self.come(now.at);
        let seen = Seen {
            frame: now.frame,
            at: now.at,
            flags: header.flags,
            seq: header.seq,
            ack: header.ack,
            len: header.len,
            window: header.window,
            sacked: header.sacked,
        };
        let shift = match self.scale[1 - side] {
            Scale::Unknown => None,
            Scale::Off => Some(0),
            Scale::Shift(shift) => Some(shift),
        };
        let findings = self.analysis.judge(side, &seen, shift, reuse);
        Observed {
            numbers: self.numbers(side, header),
            times,
            findings,
        }
    }

    fn numbers(&mut self, side: usize, header: Header) -> Numbers {
        let other = 1 - side;
        let is_syn = header.flags.contains(Flags::SYN);
        let has_ack = header.flags.contains(Flags::ACK);
        if is_syn && has_ack {
            // The number of another SYN-ACK takes the place of the first one's.
            self.base[side] = Some(header.seq);
        }
        let before = if is_syn { 0 } else { 1 };
        let base = *self.base[side].get_or_insert(header.seq.wrapping_sub(before));
        let ack = if has_ack {
            let origin = self.base[other].get_or_insert(header.ack.wrapping_sub(1));
            header.ack.wrapping_sub(*origin)
        } else {
            header.ack
        };
        if is_syn {
            self.agree(side, header.shift, has_ack);
        }
        let window = u32::from(header.window);
        Numbers {
            stream: self.stream,
            seq: header.seq.wrapping_sub(base),
            ack,
            window: match self.scale[side] {
                // RFC 7323 section 2.2: the window of a SYN is never scaled.
                Scale::Shift(shift) if !is_syn => window << shift,
                Scale::Shift(_) | Scale::Off | Scale::Unknown => window,
            },
        }
    }

    /// Learns from a SYN whether windows are scaled: they are where both sides offer it.
    fn agree(&mut self, side: usize, shift: Option<u8>, is_answer: bool) {
        let other = 1 - side;
        if let Some(shift) = shift {
            self.scale[side] = Scale::Shift(shift.min(SHIFT_MAX));
        }
        if self.scale[side] == Scale::Unknown {
            self.scale = [Scale::Off; 2];
        } else if is_answer && self.scale[other] == Scale::Off {
            self.scale[side] = Scale::Off;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const SYN: Flags = Flags::SYN;
    const ACK: Flags = Flags::ACK;
    const RST: Flags = Flags::RST;

    fn end(host: u8) -> Endpoint {
        (Ipv4Addr::new(192, 0, 2, host).into(), u16::from(host))
    }

    /// What tshark 4.0 shows for the same segments.
    #[test]
    fn numbers_are_those_of_tshark() {
        let (syn_ack, rst_ack) = (SYN.union(ACK), RST.union(ACK));
        // The sender, its segment, then stream, seq and ack as shown.
        let rows = [
            (1, SYN, 1000, 0, (0, 0, 0)),
            (2, syn_ack, 9000, 1001, (0, 0, 1)),
            (1, ACK, 1001, 9001, (0, 1, 1)),
            (1, RST, 1101, 777, (0, 101, 777)),
            // A closed port.
            (1, SYN, 5000, 0, (1, 0, 0)),
            (2, rst_ack, 0, 5001, (1, 1, 1)),
            // A SYN in the middle, and what its peer says to it.
            (1, SYN, 8000, 0, (2, 0, 0)),
            (2, ACK, 101, 7002, (2, 1, 7002_u32.wrapping_sub(8000))),
            // The SYN again, and two different answers.
            (1, SYN, 8000, 0, (2, 0, 0)),
            (2, syn_ack, 500, 8001, (2, 0, 1)),
            (2, syn_ack, 700, 8001, (2, 0, 1)),
            (1, ACK, 8001, 701, (2, 1, 1)),
        ];
        let mut conversations = Conversations::default();
        for (index, (host, flags, seq, ack, expected)) in rows.into_iter().enumerate() {
            let header = Header {
                flags,
                seq,
                ack,
                window: 1000,
                shift: None,
                len: 0,
                sacked: 0,
            };
            let numbers = conversations
                .observe(end(host), end(3 - host), header)
                .numbers;
            assert_eq!(
                (numbers.stream, numbers.seq, numbers.ack),
                expected,
                "{index}"
            );
        }
    }

    #[test]
    fn windows_are_scaled_where_both_sides_offer_it() {
        // The shifts in the SYN and in the SYN-ACK, then both windows after them.
        let rows = [
            (Some(7), Some(4), [128_000, 16_000]),
            (Some(7), None, [1000, 1000]),
            (None, Some(4), [1000, 1000]),
            (Some(16), Some(1), [16_384_000, 2000]),
            (Some(0), Some(0), [1000, 1000]),
        ];
        for (offered, answered, expected) in rows {
            let mut conversations = Conversations::default();
            let mut window = |host: u8, flags, shift| {
                let header = Header {
                    flags,
                    seq: 1,
                    ack: 1,
                    window: 1000,
                    shift,
                    len: 0,
                    sacked: 0,
                };
                let observed = conversations.observe(end(host), end(3 - host), header);
                observed.numbers.window
            };
            assert_eq!(window(1, SYN, offered), 1000);
            assert_eq!(window(2, SYN.union(ACK), answered), 1000);
            let windows = [window(1, ACK, None), window(2, ACK, None)];
            assert_eq!(windows, expected, "{offered:?} {answered:?}");
        }
    }
}
