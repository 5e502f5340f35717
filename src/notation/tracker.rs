//! The tracker of initial sequence numbers: it learns those of each connection from the frames in
//! the order of their sending.

use std::collections::BTreeMap;
use std::fmt;

use smoltcp::wire::IpEndpoint;

use crate::wire::{Checksum, Flags, Packet, Segment, TcpOption};

/// Learns the initial sequence numbers of every connection, so that its segments can be written
/// with relative ones: the SYN is 0 and the first octet of data 1, in each direction.
///
/// Show it every frame once, in the order of sending. The rules:
///
/// - A connection is its two endpoints. Its numbers come from the SYN of each side.
/// - A SYN with another number is the candidate for a new connection between the same endpoints. It
///   replaces the old one when the other side answers it, with a SYN, or a SYN or RST that
///   acknowledges it, or when its own side resets it after the old one was reset. Until then the
///   old numbers stay: a SYN in the middle of a connection is answered by an ACK that belongs to
///   the old one (RFC 5961 section 4).
/// - Behind the end of both sides a SYN that acknowledges the old SYN of the other side, with a
///   number of its own that is new, begins another connection as well: the other side has asked for
///   it with the number it had before.
/// - A side that sent no SYN is assumed to be at 1 when it first sends or its peer first
///   acknowledges; a RST from it, at 0. So the RST that answers a SYN reads `R. 0:0(0) ack 1`, and
///   the one that answers a segment of a forgotten connection `R 1:1(0)`.
///
/// It keeps a few words for each pair of endpoints that it was shown.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    /// By the lower and the higher endpoint.
    connections: BTreeMap<(IpEndpoint, IpEndpoint), Connection>,
}

impl Tracker {
    /// Knows no connection yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns from a frame that was sent, and says where its numbers begin.
    ///
    /// Nothing is learnt from a segment whose checksum is bad: no host believes it either.
    pub fn observe(&mut self, packet: &Packet) -> Origins {
        if let (Some(segment), Some((key, side))) = (packet.segment(), place(packet))
            && packet.checksum == Checksum::Good
        {
            self.connections
                .entry(key)
                .or_default()
                .learn(side, segment);
        }
        self.origins(packet)
    }

    /// Where the numbers of a frame begin by what is known now. Zero for what is no TCP segment or
    /// belongs to no known connection.
    pub fn origins(&self, packet: &Packet) -> Origins {
        let (Some(segment), Some((key, side))) = (packet.segment(), place(packet)) else {
            return Origins::default();
        };
        match self.connections.get(&key) {
            Some(connection) => connection.origins(side, segment),
            None => Origins::default(),
        }
    }

    /// The segment with relative numbers. None for what is no TCP segment.
    pub fn relative(&self, packet: &Packet) -> Option<RelativeSegment> {
        Some(RelativeSegment::new(
            packet.segment()?,
            self.origins(packet),
        ))
    }

    /// The initial sequence number that `from` uses towards `to`, once it is known. Adding a
    /// relative number to it (modulo 2³²) gives the number on the wire.
    pub fn initial_sequence_number(&self, from: IpEndpoint, to: IpEndpoint) -> Option<u32> {
        let (key, side) = sides(from, to);
        self.connections.get(&key)?.initial[side].number()
    }
}

/// The connection a packet belongs to, and which side of it sent the packet.
fn place(packet: &Packet) -> Option<((IpEndpoint, IpEndpoint), usize)> {
    let (from, to) = packet.endpoints()?;
    Some(sides(from, to))
}

/// The key of the connection between two endpoints, and the side of the first of them: 0 is the
/// lower.
fn sides(from: IpEndpoint, to: IpEndpoint) -> ((IpEndpoint, IpEndpoint), usize) {
    if from <= to {
        ((from, to), 0)
    } else {
        ((to, from), 1)
    }
}

/// What is known of the numbers of one connection. Arrays have one place for each side.
#[derive(Clone, Debug, Default)]
struct Connection {
    initial: [Initial; 2],
    fin_sent: [bool; 2],
    reset: bool,
    candidate: Option<Candidate>,
}

/// What is known of a side's initial sequence number.
#[derive(Clone, Copy, Debug, Default)]
enum Initial {
    #[default]
    Unknown,
    /// Guessed from a segment without SYN. A SYN overrides it.
    Assumed(u32),
    /// Read from a SYN.
    Seen(u32),
}

impl Initial {
    const fn number(self) -> Option<u32> {
        match self {
            Self::Unknown => None,
            Self::Assumed(number) | Self::Seen(number) => Some(number),
        }
    }
}

/// A SYN that may begin a new connection in the place of one that is known.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    side: usize,
    initial: u32,
}

impl Candidate {
    /// Whether a segment from the other side takes the SYN up or refuses it, or one from its own
    /// side takes it back: a reset with the number behind it, where the old connection `is_over`.
    const fn is_settled_by(self, side: usize, segment: &Segment, is_over: bool) -> bool {
        if side == self.side {
            let resets = segment.flags.contains(Flags::RST);
            return is_over && resets && segment.seq == self.initial.wrapping_add(1);
        }
        let acknowledges = segment.flags.contains(Flags::ACK)
            && segment.ack == self.initial.wrapping_add(1)
            && (segment.flags.contains(Flags::SYN) || segment.flags.contains(Flags::RST));
        acknowledges || is_opening(segment)
    }
}

/// Whether a segment asks for a connection: a SYN without ACK.
const fn is_opening(segment: &Segment) -> bool {
    segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::ACK)
}

impl Connection {
    fn learn(&mut self, side: usize, segment: &Segment) {
        let other = 1 - side;
        if let Some(candidate) = self.candidate
            && candidate.is_settled_by(side, segment, self.reset)
        {
            *self = Self::default();
            self.initial[candidate.side] = Initial::Seen(candidate.initial);
        }
        if self.answers_anew(side, segment) {
            let asked = self.initial[other];
            *self = Self::default();
            self.initial[other] = asked;
        }
        if segment.flags.contains(Flags::SYN) {
            match self.initial[side] {
                Initial::Seen(number) if number != segment.seq => {
                    if is_opening(segment) {
                        self.candidate = Some(Candidate {
                            side,
                            initial: segment.seq,
                        });
                    }
                }
                Initial::Unknown | Initial::Assumed(_) | Initial::Seen(_) => {
                    self.initial[side] = Initial::Seen(segment.seq);
                }
            }
        } else if let Initial::Unknown = self.initial[side] {
            let before = if segment.flags.contains(Flags::RST) {
                0
            } else {
                1
            };
            self.initial[side] = Initial::Assumed(segment.seq.wrapping_sub(before));
        }
        if let Initial::Unknown = self.initial[other]
            && segment.flags.contains(Flags::ACK)
        {
            self.initial[other] = Initial::Assumed(segment.ack.wrapping_sub(1));
        }
        self.fin_sent[side] |= segment.flags.contains(Flags::FIN);
        self.reset |= segment.flags.contains(Flags::RST);
    }

    /// Whether a segment takes up a SYN that has the number of one before, of a connection that is
    /// over.
    fn answers_anew(&self, side: usize, segment: &Segment) -> bool {
        let answers = segment.flags.contains(Flags::SYN.union(Flags::ACK));
        let asked = self.initial[1 - side].number();
        let takes_up = asked.is_some_and(|it| segment.ack == it.wrapping_add(1));
        let is_new = self.initial[side].number() != Some(segment.seq);
        answers && takes_up && is_new && self.fin_sent == [true; 2]
    }

    fn origins(&self, side: usize, segment: &Segment) -> Origins {
        let other = 1 - side;
        let is_candidate = self.candidate.is_some_and(|candidate| {
            candidate.side == side && candidate.initial == segment.seq && is_opening(segment)
        });
        if is_candidate && self.is_over(other) {
            return Origins {
                seq: segment.seq,
                ack: segment.ack,
            };
        }
        Origins {
            seq: self.initial[side].number().unwrap_or(segment.seq),
            ack: self.initial[other].number().unwrap_or(segment.ack),
        }
    }

    /// Whether the known connection can have no more segments of its own: it ended, or `other`
    /// never answered.
    const fn is_over(&self, other: usize) -> bool {
        let has_ended = self.reset || (self.fin_sent[0] && self.fin_sent[1]);
        has_ended || !matches!(self.initial[other], Initial::Seen(_))
    }
}

/// The numbers on the wire that count as 0 for a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// The initial sequence number of its sender.
    pub seq: u32,
    /// The initial sequence number of its receiver.
    pub ack: u32,
}

/// A TCP segment with relative numbers, as a script names them. Arithmetic is modulo 2³².
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelativeSegment {
    /// The control bits.
    pub flags: Flags,
    /// The number of its first octet.
    pub seq: u32,
    /// The number after its last octet of payload. SYN and FIN do not count.
    pub end: u32,
    /// How many octets of payload.
    pub len: usize,
    /// The acknowledgment number, where the ACK bit is set.
    pub ack: Option<u32>,
    /// The window field, unscaled.
    pub window: u16,
    /// The urgent pointer, where the URG bit is set.
    pub urgent: Option<u16>,
    /// Its options in their order, SACK blocks relative as the acknowledgment number is.
    pub options: Vec<TcpOption>,
}

impl RelativeSegment {
    /// Makes the numbers of a segment relative.
    pub fn new(segment: &Segment, origins: Origins) -> Self {
        let seq = segment.seq.wrapping_sub(origins.seq);
        let origin = origins.ack.wrapping_neg();
        let options = segment.options.iter().map(|option| option.moved(origin));
        // A segment is shorter than 2^16 octets, so the conversion keeps its length.
        let len = u32::try_from(segment.len()).unwrap_or(u32::MAX);
        Self {
            flags: segment.flags,
            seq,
            end: seq.wrapping_add(len),
            len: segment.len(),
            ack: (segment.flags.contains(Flags::ACK))
                .then(|| segment.ack.wrapping_sub(origins.ack)),
            window: segment.window,
            urgent: segment.flags.contains(Flags::URG).then_some(segment.urgent),
            options: options.collect(),
        }
    }
}

impl fmt::Display for RelativeSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}({})", self.flags, self.seq, self.end, self.len)?;
        if let Some(ack) = self.ack {
            write!(f, " ack {ack}")?;
        }
        // The window of a RST means nothing, and most systems leave it zero.
        if self.window != 0 || !self.flags.contains(Flags::RST) {
            write!(f, " win {}", self.window)?;
        }
        if let Some(urgent) = self.urgent {
            write!(f, " urg {urgent}")?;
        }
        let Some((first, rest)) = self.options.split_first() else {
            return Ok(());
        };
        write!(f, " <{first}")?;
        rest.iter().try_for_each(|option| write!(f, ",{option}"))?;
        f.write_str(">")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{FrameKind, NodeAddress};
    use smoltcp::wire::IpAddress;

    const ACK: Flags = Flags::ACK;
    const SYN: Flags = Flags::SYN;
    const FIN: Flags = Flags::FIN;
    const RST: Flags = Flags::RST;

    /// A segment from host 1 or host 2 to the other one.
    fn segment(host: u8, flags: Flags, seq: u32, ack: u32, len: usize) -> Packet {
        let end = |host: u8| NodeAddress::Ip(IpAddress::v4(192, 0, 2, host));
        let port = |host: u8| if host == 1 { 80 } else { 40000 };
        Packet {
            from: end(host),
            to: end(3 - host),
            kind: FrameKind::Segment(Segment {
                source_port: port(host),
                destination_port: port(3 - host),
                flags,
                seq,
                ack,
                window: 4096,
                urgent: 0,
                options: Vec::new(),
                header_len: 20,
                payload: 0..len,
                is_cut: false,
            }),
            checksum: Checksum::Good,
            ethertype: None,
            ip: None,
            carrier: None,
            remains: None,
        }
    }

    /// Shows segments to a tracker in order and returns each with its relative numbers.
    fn dialogue(segments: &[(u8, Flags, u32, u32, usize)]) -> Vec<String> {
        let mut tracker = Tracker::new();
        segments
            .iter()
            .map(|&(host, flags, seq, ack, len)| {
                let packet = segment(host, flags, seq, ack, len);
                let origins = tracker.observe(&packet);
                let relative = tracker.relative(&packet).expect("it is a segment");
                assert_eq!(
                    RelativeSegment::new(packet.segment().unwrap(), origins),
                    relative
                );
                relative.to_string().replace(" win 4096", "")
            })
            .collect()
    }

    #[test]
    fn numbers_are_relative_to_each_side_and_wrap_around() {
        let client = u32::MAX - 1;
        let printed = dialogue(&[
            (2, SYN, client, 0, 0),
            (2, SYN, client, 0, 0),
            (1, SYN.union(ACK), 5000, u32::MAX, 0),
            (2, ACK, u32::MAX, 5001, 0),
            (2, ACK, u32::MAX, 5001, 1000),
            (1, ACK, 5001, 999, 0),
            (1, ACK, 5000, 999, 1),
            (1, FIN.union(ACK), 5001, 999, 0),
            (2, RST, 999, 0, 0),
        ]);
        let expected = [
            "S 0:0(0)",
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
            ". 1:1(0) ack 1",
            ". 1:1001(1000) ack 1",
            ". 1:1(0) ack 1001",
            // A zero-window probe repeats the number before.
            ". 0:1(1) ack 1001",
            "F. 1:1(0) ack 1001",
            "R 1001:1001(0)",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn a_new_syn_is_a_new_connection_once_the_old_one_is_over() {
        let printed = dialogue(&[
            (2, SYN, 100, 0, 0),
            (1, RST.union(ACK), 0, 101, 0),
            (2, SYN, 700, 0, 0),
            (1, SYN.union(ACK), 90, 701, 0),
            (2, ACK, 701, 91, 0),
            (2, RST.union(ACK), 701, 91, 0),
            // Simultaneous open.
            (2, SYN, 30, 0, 0),
            (1, SYN, 40, 0, 0),
            (2, SYN.union(ACK), 30, 41, 0),
        ]);
        let expected = [
            "S 0:0(0)",
            "R. 0:0(0) ack 1",
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
            ". 1:1(0) ack 1",
            "R. 1:1(0) ack 1",
            "S 0:0(0)",
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn a_syn_with_the_number_of_before_is_a_new_connection_once_it_is_taken_up() {
        let fin = FIN.union(ACK);
        let printed = dialogue(&[
            (2, SYN, 100, 0, 0),
            (1, SYN.union(ACK), 500, 101, 0),
            (1, fin, 501, 101, 0),
            (2, fin, 101, 502, 0),
            (1, ACK, 502, 102, 0),
            (2, SYN, 100, 0, 0),
            (1, ACK, 502, 102, 0),
            (2, SYN, 100, 0, 0),
            (1, SYN.union(ACK), 9000, 101, 0),
            (2, ACK, 101, 9001, 0),
        ]);
        let expected = [
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
            "F. 1:1(0) ack 1",
            "F. 1:1(0) ack 2",
            ". 2:2(0) ack 2",
            "S 0:0(0)",
            ". 2:2(0) ack 2",
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
            ". 1:1(0) ack 1",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn a_syn_that_is_answered_by_a_challenge_changes_nothing() {
        let printed = dialogue(&[
            (2, SYN, 100, 0, 0),
            (1, SYN.union(ACK), 500, 101, 0),
            (2, ACK, 101, 501, 0),
            (2, SYN, 200, 0, 0),
            (1, ACK, 501, 101, 0),
            (2, ACK, 101, 501, 10),
            // The half-open connection of RFC 9293 section 3.5.1: the RST has the old number.
            (2, SYN, 9000, 0, 0),
            (1, ACK, 501, 111, 0),
            (2, RST, 111, 0, 0),
            (2, SYN, 9000, 0, 0),
            (1, SYN.union(ACK), 700, 9001, 0),
        ]);
        let expected = [
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
            ". 1:1(0) ack 1",
            "S 100:100(0)",
            ". 1:1(0) ack 1",
            ". 1:11(10) ack 1",
            "S 8900:8900(0)",
            ". 1:1(0) ack 11",
            "R 11:11(0)",
            "S 0:0(0)",
            "S. 0:0(0) ack 1",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn a_connection_without_syn_begins_at_one() {
        let printed = dialogue(&[
            (2, ACK, 5000, 300, 100),
            (1, RST, 300, 0, 0),
            // A SYN is believed more than a guess.
            (1, SYN, 40, 0, 0),
        ]);
        assert_eq!(printed, [". 1:101(100) ack 1", "R 1:1(0)", "S 0:0(0)"]);
    }

    #[test]
    fn nothing_is_learnt_from_a_corrupt_segment() {
        let mut tracker = Tracker::new();
        let corrupt = Packet {
            checksum: Checksum::Bad,
            ..segment(2, SYN, 77, 0, 0)
        };
        tracker.observe(&corrupt);
        tracker.observe(&segment(2, SYN, 100, 0, 0));
        let (from, to) = corrupt.endpoints().unwrap();
        assert_eq!(tracker.initial_sequence_number(from, to), Some(100));
        assert_eq!(tracker.initial_sequence_number(to, from), None);
    }
}
