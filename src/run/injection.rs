//! The injection of forged packets: the ports and numbers that a line leaves out are found, and the
//! packet is put on the wire.

use std::borrow::Cow;

use hangup_stack::event::Fact;
use hangup_stack::network::{HostId, IpFamily};
use hangup_stack::socket::Protocol;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::conduct::{Filler, Opening};
use super::driver::Driver;
use super::forge;
use super::forging::ForgedPorts;
use super::numbers::Sides;
use super::rules::{Numbering, Stamps};
use crate::diagnostic::{Diagnostic, Span, Spanned};
use crate::notation::Origins;
use crate::packetdrill::headers;
use crate::scenario::detail::{QuotedPacket, Stamp};
use crate::scenario::script::{Flags, OptionsPattern, Packet, PacketLine, Segment, TcpOption};
use crate::wire::frame::{self, Ends, quotation, quotation_of};
use crate::wire::{Carrier, decode};

/// The step between the initial sequence numbers of hosts without a stack.
const SEQUENCE_STEP: u32 = 64_000_000;
/// How much of a segment an ICMP error quotes that was in a datagram, in octets.
const SEGMENT_QUOTED: usize = 8;
/// The port that is meant where nothing says one.
const DEFAULT_PORT: u16 = 8080;
impl Driver<'_> {
    /// Puts a packet of the script on the wire.
    pub(super) fn forge(&mut self, line: &PacketLine, span: Span) {
        match self.filled(line) {
            Ok(line) => self.forge_filled(&line, span),
            Err(diagnostic) => self.fail(*diagnostic),
        }
    }

    /// A packet of the script with what it carries, where that is not the alphabet, and with the
    /// host's own numbers where those of its timestamps stand for them.
    fn filled<'l>(&self, line: &'l PacketLine) -> Result<Cow<'l, PacketLine>, Box<Diagnostic>> {
        let Packet::Segment(segment) = &line.packet else {
            return Ok(Cow::Borrowed(line));
        };
        let length = segment.sequence.as_ref().map_or(0, |it| it.value.length);
        let is_filled = self.conduct.filler == Filler::Zeros && length > 0;
        let is_answer = segment.flags.value.contains(Flags::ACK);
        let is_mapped = is_answer && line.detail.echo == Stamp::Script && has_timestamps(segment);
        let mapped = match self.conduct.rules.stamps {
            Stamps::Mapped { scaled_echo, .. } if is_mapped => Some(scaled_echo),
            Stamps::Mapped { .. } | Stamps::OnTheWire => None,
        };
        if !is_filled && mapped.is_none() {
            return Ok(Cow::Borrowed(line));
        }
        let mut line = line.clone();
        let Packet::Segment(segment) = &mut line.packet else {
            return Ok(Cow::Owned(line));
        };
        if is_filled && let Some(sequence) = &segment.sequence {
            let zeros = vec![0; length.into()];
            segment.data = Some(Spanned::new(zeros, sequence.span));
        }
        if let (Some(scaled), Some(options)) = (mapped, &mut segment.options)
            && let OptionsPattern::Exact(list) = &mut options.value
        {
            for option in list {
                let TcpOption::Timestamps { echo_reply, .. } = &mut option.value else {
                    continue;
                };
                let Some(live) = self.timestamps.echoed(*echo_reply, scaled) else {
                    let message = format!("the host has sent no `TS val {echo_reply}`");
                    return Err(Box::new(Diagnostic::new(option.span, message)));
                };
                *echo_reply = live;
            }
        }
        Ok(Cow::Owned(line))
    }

    fn forge_filled(&mut self, line: &PacketLine, span: Span) {
        let (Some(from), Some(to)) = (self.host(&line.from.value), self.host(&line.to.value))
        else {
            return;
        };
        let ends = match self.ends_of(line, from, to) {
            Ok(ends) => ends,
            Err(message) => {
                self.fail(Diagnostic::new(span, message));
                return;
            }
        };
        let Some(frame) = self.forged(line, &ends, (from, to)) else {
            let message = "an IP packet cannot be so long";
            let help = "with all headers it has at most 65535 octets";
            return self.fail(Diagnostic::new(span, message).help(help));
        };
        let sent = self.medium.send(HostId(from), frame);
        self.unless_refused(sent, span);
        self.take_events();
    }

    /// The frame of a packet of the script. None: an IP packet cannot be so long.
    fn forged(&mut self, line: &PacketLine, ends: &Ends, pair: (usize, usize)) -> Option<Vec<u8>> {
        let detail = &line.detail;
        let mut octets = match &line.packet {
            Packet::Segment(segment) => {
                let origins = self.origins(ends, pair.1, segment);
                forge::segment(ends, segment, detail, origins)?
            }
            Packet::Udp { length } => forge::datagram(ends, usize::from(length.value))?,
            Packet::Icmp { kind, code } => {
                let family = IpFamily::of(ends.source.addr);
                let kind = kind.value.number(family).unwrap_or_default();
                let code = code
                    .as_ref()
                    .and_then(|it| it.value.number(family))
                    .unwrap_or_default();
                let quoted = match detail.icmp.quoted.as_ref().map(|it| it.value) {
                    Some(QuotedPacket::Raw { length }) => forge::blank_message(length),
                    Some(packet) => {
                        let carrier = detail.icmp.carrier;
                        let frame = self.about(ends, pair, packet, carrier)?;
                        // Behind the header of a datagram, that of the segment in it.
                        quotation_of(&frame, carrier.map_or(0, |_| SEGMENT_QUOTED)).to_vec()
                    }
                    None => self.quoted_by_default(ends, pair)?,
                };
                let rest = headers::icmp_rest(&detail.icmp, ends.source.addr);
                frame::icmp(ends, (kind, code), rest, &quoted)?
            }
        };
        forge::mark(&mut octets, &detail.ip);
        Some(octets)
    }

    /// What an ICMP error quotes whose line does not say it: the last packet of its receiver. A
    /// script that counts by itself means the number 0 of the connection, as packetdrill does.
    fn quoted_by_default(&self, ends: &Ends, pair: (usize, usize)) -> Option<Vec<u8>> {
        let last = self.last_frame_of(pair.1).unwrap_or_default();
        let is_segment = decode(last).segment().is_some();
        if !is_segment || self.conduct.rules.numbering == Numbering::Relative {
            return Some(quotation(last).to_vec());
        }
        let first = QuotedPacket::Segment {
            start: 0,
            length: 0,
            is_absolute: false,
        };
        Some(quotation(&self.about(ends, pair, first, None)?).to_vec())
    }

    /// A frame of the receiver of an ICMP error, of the connection or the datagrams between the two
    /// hosts, as the error says that it was.
    fn about(
        &self,
        ends: &Ends,
        (from, to): (usize, usize),
        packet: QuotedPacket,
        carrier: Option<Carrier>,
    ) -> Option<Vec<u8>> {
        let protocol = match packet {
            QuotedPacket::Segment { .. } => Protocol::Tcp,
            QuotedPacket::Udp { .. } | QuotedPacket::Raw { .. } => Protocol::Udp,
        };
        let known = self.last_ports(from, to, protocol);
        let (theirs, ours) = known.unwrap_or((ends.source.port, ends.destination.port));
        let back = Ends {
            source: IpEndpoint::new(ends.destination.addr, ours),
            destination: IpEndpoint::new(ends.source.addr, theirs),
            ethernet: (ends.ethernet.1, ends.ethernet.0),
        };
        let sequence = match packet {
            QuotedPacket::Segment {
                start, is_absolute, ..
            } => {
                let origin = match self.conduct.rules.numbering {
                    Numbering::Relative => {
                        let tracker = self.events.tracker();
                        tracker.initial_sequence_number(back.source, back.destination)
                    }
                    Numbering::Script => {
                        let sides = Sides {
                            host: back.source,
                            peer: back.destination,
                        };
                        Some(self.numbers.host(sides, false))
                    }
                };
                let origin = origin.filter(|_| !is_absolute);
                origin.unwrap_or(0).wrapping_add(start)
            }
            QuotedPacket::Udp { .. } | QuotedPacket::Raw { .. } => 0,
        };
        forge::about(&back, packet, carrier, sequence)
    }

    /// The last frame a host has sent: what an ICMP error to it is about.
    fn last_frame_of(&self, host: usize) -> Option<&[u8]> {
        let mut sent = self
            .events
            .iter()
            .rev()
            .filter(|event| event.host == HostId(host));
        sent.find_map(|event| {
            let Fact::Sent { bytes, .. } = &event.fact else {
                return None;
            };
            Some(&bytes[..])
        })
    }

    /// The addresses and ports of a forged packet: those the line says, else those of the
    /// connection that was seen last between the two hosts, else those of a socket that waits for
    /// such a packet.
    fn ends_of(&mut self, line: &PacketLine, from: usize, to: usize) -> Result<Ends, String> {
        let (source, destination) = self.addresses(from, to).ok_or_else(|| {
            let (from, to) = (&line.from.value, &line.to.value);
            format!("{from} and {to} have no addresses of one family")
        })?;
        let protocol = match line.packet {
            Packet::Segment(_) => Protocol::Tcp,
            Packet::Udp { .. } | Packet::Icmp { .. } => Protocol::Udp,
        };
        let begins = matches!(&line.packet, Packet::Segment(segment)
            if segment.flags.value.contains(Flags::SYN)
                && !segment.flags.value.contains(Flags::ACK));
        let known = match self.conduct.opening {
            Opening::New if begins => None,
            Opening::UnderTest if begins => self.numbers.ports_under_test(source, destination),
            Opening::UnderTest if protocol == Protocol::Tcp => {
                let known = self.numbers.ports_under_test(source, destination);
                known.or_else(|| self.last_ports(from, to, protocol))
            }
            Opening::New | Opening::UnderTest => self.last_ports(from, to, protocol),
        };
        let said = |port: &Option<Spanned<u16>>| port.as_ref().map(|port| port.value);
        let to_port = said(&line.to_port)
            .or(known.map(|(_, to)| to))
            .or_else(|| self.medium.waiting_port(HostId(to), protocol))
            .unwrap_or(DEFAULT_PORT);
        let from_port = said(&line.from_port)
            .or(known.map(|(from, _)| from))
            .unwrap_or_else(|| {
                self.forging.port += 1;
                self.forging.port - 1
            });
        self.forging.ports.push(ForgedPorts {
            pair: (from, to),
            protocol,
            ports: (from_port, to_port),
            at: self.medium.now(),
            behind: self.packets.seen.len(),
        });
        Ok(Ends {
            source: IpEndpoint::new(source, from_port),
            destination: IpEndpoint::new(destination, to_port),
            ethernet: (
                self.medium.ethernet_address(HostId(from)),
                self.medium.ethernet_address(HostId(to)),
            ),
        })
    }

    fn addresses(&self, from: usize, to: usize) -> Option<(IpAddress, IpAddress)> {
        let ours = &self.scenario.hosts[from].addresses;
        let theirs = &self.scenario.hosts[to].addresses;
        ours.iter().find_map(|&source| {
            let same = |it: &&IpAddress| it.version() == source.version();
            theirs
                .iter()
                .find(same)
                .map(|&destination| (source, destination))
        })
    }

    /// The ports of the last packet of a protocol between two hosts, in either direction. One that
    /// the script has sent counts from then on, wherever it is.
    fn last_ports(&self, from: usize, to: usize, protocol: Protocol) -> Option<(u16, u16)> {
        let forged = self
            .forging
            .ports
            .iter()
            .rev()
            .find(|forged| forged.pair == (from, to) && forged.protocol == protocol);
        let seen = self.last_seen_ports(from, to, protocol);
        match (forged, seen) {
            (Some(forged), Some((place, at, ports))) => {
                let later = at > forged.at || (at == forged.at && place >= forged.behind);
                Some(if later { ports } else { forged.ports })
            }
            (Some(forged), None) => Some(forged.ports),
            (None, Some((.., ports))) => Some(ports),
            (None, None) => None,
        }
    }

    /// Those of the last that was seen, with its place among all and its time.
    fn last_seen_ports(
        &self,
        from: usize,
        to: usize,
        protocol: Protocol,
    ) -> Option<(usize, Instant, (u16, u16))> {
        self.packets
            .seen
            .iter()
            .enumerate()
            .rev()
            .find_map(|(place, seen)| {
                let is_tcp = seen.packet.segment().is_some();
                let (one, other) = seen.packet.endpoints()?;
                if is_tcp != (protocol == Protocol::Tcp) {
                    return None;
                }
                if seen.from == Some(from) && seen.to == Some(to) {
                    Some((place, seen.at, (one.port, other.port)))
                } else if seen.from == Some(to) && seen.to == Some(from) {
                    Some((place, seen.at, (other.port, one.port)))
                } else {
                    None
                }
            })
    }

    /// Where the sequence numbers of a forged segment begin.
    fn origins(&mut self, ends: &Ends, to: usize, wanted: &Segment) -> Origins {
        let (source, destination) = (ends.source, ends.destination);
        let flags = wanted.flags.value;
        if self.conduct.rules.numbering == Numbering::Script {
            let sides = Sides {
                host: destination,
                peer: source,
            };
            let waits = self.medium.waiting_port(HostId(to), Protocol::Tcp);
            let start = wanted.sequence.as_ref().map_or(0, |it| it.value.start);
            let listens = waits == Some(destination.port);
            self.numbers.send(sides, flags, start, listens);
            return self.numbers.of_script(sides, flags);
        }
        let begins = flags.contains(Flags::SYN);
        let known = self
            .events
            .tracker()
            .initial_sequence_number(source, destination);
        let seq = match known {
            Some(seq) => seq,
            None if begins => {
                let seq = self.forging.sequence;
                self.forging.sequence = seq.wrapping_add(SEQUENCE_STEP);
                seq
            }
            // A segment of no connection has the numbers that its line says.
            None => 0,
        };
        let ack = self
            .events
            .tracker()
            .initial_sequence_number(destination, source);
        Origins {
            seq,
            ack: ack.unwrap_or(0),
        }
    }
}

/// Whether a line says timestamps of a segment.
fn has_timestamps(segment: &Segment) -> bool {
    let options = segment.options.as_ref().map(|it| &it.value);
    matches!(options, Some(OptionsPattern::Exact(list))
        if list.iter().any(|it| matches!(it.value, TcpOption::Timestamps { .. })))
}
