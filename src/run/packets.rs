//! Packets as the vantage point sees them, and whether they are what a line of the script says.

use bytes::Bytes;
use hangup_stack::event::{Event, Fact, Forged, FrameId};
use hangup_stack::network::{HostId, IpFamily};
use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use crate::notation::{
    IcmpMessage, Kind, Names, Notation, Origins, Packet, Ports, RelativeSegment, Tracker, decode,
};
use crate::scenario::script::{self, Options, PacketLine};

/// A packet that was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// The host it says it is from.
    pub(crate) from: Option<usize>,
    /// The host it is for.
    pub(crate) to: Option<usize>,
    pub(crate) packet: Packet,
    /// Its octets, for a line that says what it carries.
    pub(crate) bytes: Bytes,
    pub(crate) origins: Origins,
    /// Whether a stack sent it, and not the script.
    pub(crate) by_stack: bool,
    /// Whether a line of the script stands for it.
    pub(crate) expected: bool,
}

/// Everything seen so far, and how far the lines of the script have got.
#[derive(Debug)]
pub(crate) struct Packets {
    addresses: Vec<(IpAddress, usize)>,
    names: Names,
    pub(crate) tracker: Tracker,
    origins: Vec<(FrameId, Origins, bool)>,
    pub(crate) seen: Vec<Seen>,
    /// For each pair of hosts, the first packet that the next line may stand for.
    cursors: Vec<((usize, usize), usize)>,
}

impl Packets {
    pub(crate) fn new(addresses: Vec<(IpAddress, usize)>, names: Names) -> Self {
        Self {
            addresses,
            names,
            tracker: Tracker::new(),
            origins: Vec::new(),
            seen: Vec::new(),
            cursors: Vec::new(),
        }
    }

    fn host_of(&self, address: IpAddress) -> Option<usize> {
        self.addresses
            .iter()
            .find(|(known, _)| *known == address)
            .map(|(_, host)| *host)
    }

    /// Takes what was recorded.
    pub(crate) fn observe(&mut self, event: &Event, vantage: HostId) {
        let Some(frame) = event.frame else {
            return;
        };
        let (bytes, at_vantage, by_stack) = if let Fact::Sent { bytes, forged } = &event.fact {
            let packet = decode(bytes);
            let origins = self.tracker.observe(&packet);
            let by_stack = *forged == Forged::No;
            self.origins.push((frame, origins, by_stack));
            let elsewhere = self
                .ends(&packet)
                .is_none_or(|(from, to)| from != Some(vantage.0) && to != Some(vantage.0));
            (bytes, event.host == vantage || elsewhere, by_stack)
        } else if let Fact::Received { bytes } = &event.fact {
            (bytes, event.host == vantage, false)
        } else {
            return;
        };
        if !at_vantage {
            return;
        }
        let known = self.origins.binary_search_by_key(&frame, |(id, _, _)| *id);
        let (origins, sent_by_stack) = known.map_or((Origins::default(), by_stack), |index| {
            let (_, origins, by_stack) = self.origins[index];
            (origins, by_stack)
        });
        let packet = decode(bytes);
        let (from, to) = self.ends(&packet).unwrap_or_default();
        self.seen.push(Seen {
            at: event.at,
            from,
            to,
            packet,
            bytes: bytes.clone(),
            origins,
            by_stack: sent_by_stack,
            expected: false,
        });
    }

    fn ends(&self, packet: &Packet) -> Option<(Option<usize>, Option<usize>)> {
        let (from, to) = (packet.from.ip()?, packet.to.ip()?);
        Some((self.host_of(from), self.host_of(to)))
    }

    /// A packet as a line of the script.
    pub(crate) fn line(&self, seen: &Seen) -> String {
        let notation = Notation {
            names: &self.names,
            ports: Ports::Hidden,
        };
        let line = notation.line(&seen.packet, seen.origins);
        format!("{} {line}", crate::capture::text::seconds(seen.at))
    }

    fn cursor(&mut self, pair: (usize, usize)) -> &mut usize {
        let place = match self.cursors.iter().position(|(known, _)| *known == pair) {
            Some(place) => place,
            None => {
                self.cursors.push((pair, 0));
                self.cursors.len() - 1
            }
        };
        &mut self.cursors[place].1
    }

    /// Finds the packet that a line stands for, between two times, behind the packets that earlier
    /// lines stood for. `strict` takes the next packet or none. Returns when it was seen.
    pub(crate) fn take(
        &mut self,
        line: &PacketLine,
        pair: (usize, usize),
        times: (Instant, Instant),
        strict: bool,
    ) -> Option<Instant> {
        let begin = *self.cursor(pair);
        let way = |seen: &Seen| seen.from == Some(pair.0) && seen.to == Some(pair.1);
        let mut candidates = self
            .seen
            .iter()
            .enumerate()
            .skip(begin)
            .filter(|(_, seen)| way(seen));
        let fits = |seen: &Seen| {
            times.0 <= seen.at
                && seen.at <= times.1
                && matches_line(line, &seen.packet, seen.origins)
                && carries(line, seen)
        };
        let found = if strict {
            candidates.next().filter(|(_, seen)| fits(seen))
        } else {
            candidates.find(|(_, seen)| fits(seen))
        };
        let index = found?.0;
        self.seen[index].expected = true;
        *self.cursor(pair) = index + 1;
        Some(self.seen[index].at)
    }

    /// The packets between two hosts in a span of time that no line has stood for yet.
    pub(crate) fn between(
        &self,
        pair: (usize, usize),
        times: (Instant, Instant),
    ) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| {
            let way = seen.from == Some(pair.0) && seen.to == Some(pair.1);
            way && !seen.expected && times.0 <= seen.at && seen.at <= times.1
        })
    }

    /// What was seen between two hosts instead of what a line says: what no line has stood for
    /// since the last one that was found, nearest to `wanted` first.
    pub(crate) fn instead(&mut self, pair: (usize, usize), wanted: Instant) -> Vec<String> {
        const SHOWN: usize = 3;
        let begin = *self.cursor(pair);
        let way = |seen: &&Seen| seen.from == Some(pair.0) && seen.to == Some(pair.1);
        let mut others: Vec<&Seen> = self.seen.iter().skip(begin).filter(way).collect();
        others.sort_by_key(|seen| {
            let apart = seen.at.total_micros() - wanted.total_micros();
            apart.abs()
        });
        others.truncate(SHOWN);
        others.sort_by_key(|seen| seen.at);
        others.into_iter().map(|seen| self.line(seen)).collect()
    }
}

/// Whether a packet carries the data that a line says.
fn carries(line: &PacketLine, seen: &Seen) -> bool {
    match &line.packet {
        script::Packet::Segment(script::Segment {
            data: Some(data), ..
        }) => seen.packet.payload(&seen.bytes) == Some(data.value.as_slice()),
        script::Packet::Segment(_) | script::Packet::Udp { .. } | script::Packet::Icmp { .. } => {
            true
        }
    }
}

/// Whether a packet is what a line says, but for its data. What the line leaves out matches
/// anything.
pub(crate) fn matches_line(line: &PacketLine, packet: &Packet, origins: Origins) -> bool {
    if packet.checksum == crate::notation::Checksum::Bad {
        return false;
    }
    if let Some((from, to)) = packet.endpoints() {
        let says = |port: &Option<crate::diagnostic::Spanned<u16>>, actual: u16| {
            port.as_ref().is_none_or(|port| port.value == actual)
        };
        if !says(&line.from_port, from.port) || !says(&line.to_port, to.port) {
            return false;
        }
    }
    match (&line.packet, &packet.kind) {
        (script::Packet::Segment(wanted), Kind::Segment(segment)) => {
            matches_segment(wanted, &RelativeSegment::new(segment, origins))
        }
        (script::Packet::Udp { length }, Kind::Udp(datagram)) => {
            usize::from(length.value) == datagram.len
        }
        (script::Packet::Icmp { kind, code }, Kind::Icmp(icmp)) => {
            let (family, actual) = match icmp.message {
                IcmpMessage::V4 { kind, code } => (IpFamily::V4, (kind, code)),
                IcmpMessage::V6 { kind, code } => (IpFamily::V6, (kind, code)),
            };
            kind.value.number(family) == Some(actual.0)
                && code
                    .as_ref()
                    .is_none_or(|code| code.value.number(family) == Some(actual.1))
        }
        _ => false,
    }
}

fn matches_segment(wanted: &script::Segment, actual: &RelativeSegment) -> bool {
    let bits = actual.flags.octet();
    if wanted.flags.value.octet() != bits {
        return false;
    }
    let sequence = wanted.sequence.as_ref().is_none_or(|sequence| {
        sequence.value.start == actual.seq && usize::from(sequence.value.length) == actual.len
    });
    let acknowledgment = wanted
        .acknowledgment
        .as_ref()
        .is_none_or(|ack| actual.ack == Some(ack.value));
    let window = wanted
        .window
        .as_ref()
        .is_none_or(|window| window.value == actual.window);
    let options = wanted
        .options
        .as_ref()
        .is_none_or(|options| match &options.value {
            Options::Any => true,
            Options::Exact(list) => {
                list.len() == actual.options.len()
                    && list.iter().zip(&actual.options).all(|(a, b)| a.value == *b)
            }
        });
    sequence && acknowledgment && window && options
}
