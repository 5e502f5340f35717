//! The matcher: a pure function that compares a packet with a line, by rules that are data.

use std::fmt;

use hangup_stack::network::IpFamily;
use hangup_stack::signature::signature;

use super::packets::Seen;
use super::rules::{Parts, Payload, Rules, Stamps, Unsaid};
use super::timestamps::Timestamps;
use crate::notation::{Origins, RelativeSegment, Tracker};
use crate::packetdrill::headers;
use crate::scenario::detail::Stamp;
use crate::scenario::script::{
    Detail, Flags, OptionsPattern, Packet, PacketLine, Segment, Spanned, TcpOption,
};
use crate::wire::option::kind;
use crate::wire::{self, Carrier, Checksum, FrameKind, IcmpMessage};

/// The control bits in which the parts of a segment that comes in several may differ from the
/// whole.
const MAY_DIFFER: Flags = Flags::FIN.union(Flags::PSH).union(Flags::CWR);

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) line: &'a PacketLine,
    /// How many octets of its payload have come, where it comes in parts.
    pub(super) came: u32,
    /// What the host's timestamps stand for.
    pub(super) timestamps: &'a Timestamps,
    /// Where the sequence numbers of the packet begin.
    pub(super) origins: Origins,
    /// What is known of the numbers of connections, for a packet that quotes another.
    pub(super) tracker: &'a Tracker,
}

/// The first thing in which a packet is not what a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Checksum,
    Port(u16),
    /// In a header that is not TCP's, in words.
    Header(String),
    Kind,
    AckField,
    Payload,
    Clock(i64),
    Sequence(u32),
    Octets(u32),
    Split(u32),
    Flags(Flags),
    Acknowledgment(u32),
    Window(u16),
    Urgent(u16),
    Options,
    Signature,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => f.write_str("its checksum is wrong"),
            Self::Port(actual) => write!(f, "its port is {actual}"),
            Self::Header(words) => f.write_str(words),
            Self::Kind => f.write_str("it is something else"),
            Self::AckField => f.write_str("its ACK field is not 0"),
            Self::Payload => f.write_str("it carries something else than was written"),
            Self::Clock(apart) => write!(f, "its `TS val` is off by {apart}"),
            Self::Sequence(start) => write!(f, "its sequence number is not {start}"),
            Self::Octets(left) => write!(f, "{left} octets are expected"),
            Self::Split(all) => write!(f, "all {all} octets are expected in one segment"),
            Self::Flags(flags) => {
                let (accurate, flags) = match flags.contains(Flags::AE) {
                    true => ("A", flags.difference(Flags::AE)),
                    false => ("", *flags),
                };
                write!(f, "its flags are not {accurate}{flags}")
            }
            Self::Acknowledgment(number) => write!(f, "it does not acknowledge {number}"),
            Self::Window(octets) => write!(f, "its window is not {octets}"),
            Self::Urgent(actual) => write!(f, "its urgent pointer is not {actual}"),
            Self::Options => f.write_str("its options are not these"),
            Self::Signature => f.write_str("its signature is not as said"),
        }
    }
}

/// The payload of the segment that a line expects, in octets.
pub(super) fn payload_of(line: &PacketLine) -> u32 {
    match &line.packet {
        Packet::Segment(segment) => said_length(segment, &line.detail).unwrap_or(0).into(),
        Packet::Udp { .. } | Packet::Icmp { .. } => 0,
    }
}

/// The payload of a segment, also where its numbers are not said.
fn said_length(segment: &Segment, detail: &Detail) -> Option<u16> {
    let sequence = segment.sequence.as_ref().map(|it| it.value.length);
    sequence.or(detail.length.as_ref().map(|it| it.value))
}

/// In what a packet is not what a line says; none where it is.
pub(super) fn fault(wanted: &Wanted<'_>, seen: &Seen, rules: &Rules) -> Option<Fault> {
    let line = wanted.line;
    if seen.packet.checksum == Checksum::Bad {
        return Some(Fault::Checksum);
    }
    if let Some((from, to)) = seen.packet.endpoints() {
        for (wanted, actual) in [(&line.from_port, from.port), (&line.to_port, to.port)] {
            if wanted.as_ref().is_some_and(|it| it.value != actual) {
                return Some(Fault::Port(actual));
            }
        }
    }
    if let Some(words) = carrier_fault(line, seen, rules) {
        return Some(Fault::Header(words));
    }
    if let Some(words) = headers::ip_fault(&line.detail.ip, &seen.packet) {
        return Some(Fault::Header(words));
    }
    match (&line.packet, &seen.packet.kind) {
        (Packet::Segment(segment), FrameKind::Segment(sent)) => {
            let said = Said {
                segment,
                detail: &line.detail,
                came: wanted.came,
            };
            said.content_fault(sent, seen.packet.payload(&seen.bytes), rules)
                .or_else(|| signature_fault(line, seen).then_some(Fault::Signature))
                .or_else(|| clock_fault(wanted, sent, rules).map(Fault::Clock))
                .or_else(|| {
                    said.length_fault(&RelativeSegment::new(sent, wanted.origins), sent, rules)
                })
                .or_else(|| {
                    said.header_fault(&RelativeSegment::new(sent, wanted.origins), sent, rules)
                })
        }
        (Packet::Udp { length }, FrameKind::Udp(datagram)) => {
            (usize::from(length.value) != datagram.len).then_some(Fault::Kind)
        }
        (Packet::Icmp { kind, code }, FrameKind::Icmp(icmp)) => {
            let (family, actual) = match icmp.message {
                IcmpMessage::V4 { kind, code } => (IpFamily::V4, (kind, code)),
                IcmpMessage::V6 { kind, code } => (IpFamily::V6, (kind, code)),
            };
            let code = code.as_ref();
            let is_so = kind.value.number(family) == Some(actual.0)
                && code.is_none_or(|it| it.value.number(family) == Some(actual.1));
            if !is_so {
                return Some(Fault::Kind);
            }
            headers::icmp_fault(&line.detail.icmp, &seen.packet, wanted.tracker).map(Fault::Header)
        }
        _ => Some(Fault::Kind),
    }
}

/// In what the datagram that a segment is in is not what a line says. A line of a packetdrill
/// script that says none means none.
fn carrier_fault(line: &PacketLine, seen: &Seen, rules: &Rules) -> Option<String> {
    let said = line.detail.carrier.as_ref().map(|it| it.value);
    let looks = said.is_some() || rules.unsaid == Unsaid::Nothing;
    if !looks || seen.packet.carrier == said {
        return None;
    }
    Some(match seen.packet.carrier {
        Some(Carrier {
            source_port,
            destination_port,
        }) => format!("it is in a datagram, udp({source_port} > {destination_port})"),
        None => "it is in no datagram".to_owned(),
    })
}

/// Whether the signature of a segment is not as a line says (RFC 2385).
fn signature_fault(line: &PacketLine, seen: &Seen) -> bool {
    let (Some(signing), Some(segment)) = (&line.detail.signature, seen.packet.segment()) else {
        return false;
    };
    let theirs = segment.options.iter().find_map(|option| {
        let TcpOption::Other { kind, data } = option else {
            return None;
        };
        (*kind == kind::MD5).then_some(data)
    });
    let ends = seen.packet.from.ip().zip(seen.packet.to.ip());
    let begin = segment.payload.start.saturating_sub(segment.header_len);
    let octets = seen.bytes.get(begin..segment.payload.end);
    let ours = ends.zip(octets);
    let ours = ours.and_then(|(ends, octets)| signature(octets, ends, &signing.secret));
    let is_valid = theirs.is_some() && ours.as_ref().map(|it| &it[..]) == theirs.map(|it| &it[..]);
    is_valid != signing.is_valid
}

/// In what the clock of a segment is not what a line says, where it is said how fast it goes: as
/// far from the first one as the line says, to within the tolerance.
fn clock_fault(wanted: &Wanted<'_>, sent: &wire::Segment, rules: &Rules) -> Option<i64> {
    let Stamps::Mapped {
        tick: Some(tick), ..
    } = rules.stamps
    else {
        return None;
    };
    let apart = wanted.timestamps.apart(wanted.line, sent)?;
    let length = i64::try_from(tick.length.total_micros()).ok()?;
    let is_off = (apart * length).unsigned_abs() > tick.tolerance.total_micros();
    is_off.then_some(apart)
}

/// What a line says of a segment.
#[derive(Clone, Copy, Debug)]
struct Said<'a> {
    segment: &'a Segment,
    detail: &'a Detail,
    came: u32,
}

impl Said<'_> {
    fn content_fault(
        &self,
        sent: &wire::Segment,
        payload: Option<&[u8]>,
        rules: &Rules,
    ) -> Option<Fault> {
        let is_blank = rules.unsaid == Unsaid::Nothing;
        if is_blank && !sent.flags.contains(Flags::ACK) && sent.ack != 0 {
            return Some(Fault::AckField);
        }
        let is_so = match (rules.payload, &self.segment.data) {
            (Payload::AsSaid, Some(data)) => payload == Some(data.value.as_slice()),
            (Payload::AsSaid, None) => true,
            // Without a branch for each octet, many are looked at in one instruction.
            (Payload::Zeros, _) => payload.is_none_or(|it| it.iter().fold(0, |a, b| a | b) == 0),
        };
        (!is_so).then_some(Fault::Payload)
    }

    /// The octets that are wanted in all; none where that is not looked at.
    fn length(&self, rules: &Rules) -> Option<u32> {
        let said = said_length(self.segment, self.detail).map(u32::from);
        match rules.unsaid {
            Unsaid::Anything => said,
            Unsaid::Nothing => Some(said.unwrap_or(0)),
        }
    }

    fn length_fault(
        &self,
        sent: &RelativeSegment,
        raw: &wire::Segment,
        rules: &Rules,
    ) -> Option<Fault> {
        if let Some(sequence) = &self.segment.sequence {
            let start = sequence.value.start.wrapping_add(self.came);
            let actual = match self.detail.absolute_sequence {
                true => raw.seq,
                false => sent.seq,
            };
            if actual != start {
                return Some(Fault::Sequence(start));
            }
        }
        let length = self.length(rules)?;
        let octets = octets_of(sent);
        if self.came + octets > length || (octets == 0 && length > 0) {
            return Some(Fault::Octets(length - self.came));
        }
        let is_whole = self.came == 0 && octets == length;
        (rules.parts == Parts::Whole && !is_whole).then_some(Fault::Split(length))
    }

    fn header_fault(
        &self,
        sent: &RelativeSegment,
        raw: &wire::Segment,
        rules: &Rules,
    ) -> Option<Fault> {
        let (segment, detail) = (self.segment, self.detail);
        let is_blank = rules.unsaid == Unsaid::Nothing;
        let length = self.length(rules);
        let is_last = length.is_none_or(|it| self.came + octets_of(sent) == it);
        let flags = segment.flags.value;
        let may_differ = match (is_last, rules.unsaid) {
            (false, _) => MAY_DIFFER,
            // A scenario cannot say AE.
            (true, Unsaid::Anything) => Flags::AE,
            (true, Unsaid::Nothing) => Flags::default(),
        };
        if !may_differ.contains(flags.difference(sent.flags)) {
            return Some(Fault::Flags(flags));
        }
        let said = segment.acknowledgment.as_ref().map(|it| it.value);
        let acknowledged = match rules.unsaid {
            Unsaid::Anything => said,
            Unsaid::Nothing => flags.contains(Flags::ACK).then_some(said.unwrap_or(0)),
        };
        let actual = match detail.absolute_acknowledgment {
            true => Some(raw.ack),
            false => sent.ack,
        };
        if let Some(number) = acknowledged.filter(|it| actual != Some(*it)) {
            return Some(Fault::Acknowledgment(number));
        }
        if let Some(window) = &segment.window
            && window.value != sent.window
        {
            return Some(Fault::Window(window.value));
        }
        let urgent = detail.urgent.as_ref().map(|it| it.value);
        let urgent = urgent.or(is_blank.then_some(0));
        if let Some(pointer) = urgent.filter(|it| *it != raw.urgent) {
            return Some(Fault::Urgent(pointer));
        }
        if let Some(OptionsPattern::Exact(list)) = segment.options.as_ref().map(|it| &it.value)
            && !are_options(list, detail, &sent.options, rules.stamps)
        {
            return Some(Fault::Options);
        }
        None
    }
}

/// The payload of a segment, in octets: fewer than 2^16.
pub(super) fn octets_of(sent: &RelativeSegment) -> u32 {
    u32::try_from(sent.len).unwrap_or(u32::MAX)
}

/// Whether options are those that a line says. What follows the end of their list is padding.
fn are_options(
    wanted: &[Spanned<TcpOption>],
    detail: &Detail,
    sent: &[TcpOption],
    stamps: Stamps,
) -> bool {
    let wanted = wanted.iter().map(|it| &it.value);
    let end = wanted
        .clone()
        .position(|it| *it == TcpOption::EndOfList)
        .map_or(wanted.len(), |it| it + 1);
    let same = |(a, b): (&TcpOption, &TcpOption)| is_option(a, b, detail, stamps);
    end == sent.len() && wanted.take(end).zip(sent).all(same)
}

fn is_option(wanted: &TcpOption, actual: &TcpOption, detail: &Detail, stamps: Stamps) -> bool {
    let is_signature = |option: &TcpOption| option.kind() == Some(kind::MD5);
    if detail.signature.is_some() && is_signature(wanted) {
        return is_signature(actual) && wanted.length() == actual.length();
    }
    match (wanted, actual, stamps) {
        (
            TcpOption::Timestamps { value, echo_reply },
            TcpOption::Timestamps {
                value: clock,
                echo_reply: echoed,
            },
            Stamps::Mapped { .. },
        ) => {
            // What the host's clock says is its own affair, but for how fast it goes.
            let as_said = detail.clock != Stamp::Absolute || value == clock;
            as_said && (detail.echo == Stamp::Any || echo_reply == echoed)
        }
        _ => wanted == actual,
    }
}

#[cfg(test)]
mod tests {
    use hangup_stack::profile::Profile;
    use smoltcp::time::{Duration, Instant};
    use smoltcp::wire::{EthernetAddress, IpAddress, IpEndpoint};

    use super::*;
    use crate::notation::Origins;
    use crate::packetdrill::{PlayOptions, Script};
    use crate::run::forge;
    use crate::run::rules::{Numbering, Tick};
    use crate::scenario::Scenario;
    use crate::scenario::script::Subject;
    use crate::wire::decode;
    use crate::wire::frame::{self, Ends};

    const SCRIPT: Rules = Rules {
        unsaid: Unsaid::Nothing,
        parts: Parts::Several,
        payload: Payload::Zeros,
        numbering: Numbering::Script,
        stamps: Stamps::Mapped {
            tick: Some(Tick {
                length: Duration::from_millis(1),
                tolerance: Duration::from_millis(4),
            }),
            scaled_echo: false,
        },
    };
    const STRICT: Rules = Rules {
        parts: Parts::Whole,
        ..SCRIPT
    };

    /// A line of a packetdrill script.
    fn script_line(text: &str) -> PacketLine {
        let profile = Profile::built_in("linux").unwrap();
        let options = PlayOptions::new(profile).unwrap();
        let text = format!("0 {text}\n");
        let script = Script::parse("a.pkt".as_ref(), text.into(), &options).unwrap();
        packet_line(&script.scenario)
    }

    /// A line of a scenario.
    fn scenario_line(text: &str) -> PacketLine {
        let text = format!(
            "script = '0 a > b: {text}'\n\
             hosts.a.profile = 'linux'\nhosts.b.profile = 'scripted'\n"
        );
        packet_line(&Scenario::parse("a.toml".as_ref(), text.into()).unwrap())
    }

    fn packet_line(scenario: &Scenario) -> PacketLine {
        let subject = &scenario.script.statements[0].subject;
        let Subject::Packet(line) = subject else {
            panic!("{subject:?}");
        };
        line.clone()
    }

    /// The packet that a line of a packetdrill script sends. Its payload is the alphabet, or zeros
    /// as the rules want them.
    fn seen(text: &str, payload: Payload) -> Seen {
        let mut line = script_line(&format!("< {text}"));
        let ends = Ends {
            source: IpEndpoint::new(IpAddress::v4(192, 0, 2, 1), 80),
            destination: IpEndpoint::new(IpAddress::v4(192, 0, 2, 2), 1000),
            ethernet: (EthernetAddress([2; 6]), EthernetAddress([4; 6])),
        };
        let origins = Origins { seq: 0, ack: 0 };
        let mut frame = match &mut line.packet {
            Packet::Segment(segment) => {
                let octets = segment.sequence.as_ref().map_or(0, |it| it.value.length);
                segment.data = (payload == Payload::Zeros)
                    .then(|| Spanned::new(vec![0; octets.into()], Default::default()));
                forge::segment(&ends, segment, &line.detail, origins)
            }
            Packet::Udp { length } => forge::datagram(&ends, length.value.into()),
            Packet::Icmp { .. } => frame::icmp(&ends, (3, 3), [0; 4], &[]),
        }
        .unwrap();
        forge::mark(&mut frame, &line.detail.ip);
        let bytes: bytes::Bytes = frame.into();
        Seen {
            at: Instant::ZERO,
            from: None,
            to: None,
            packet: decode(&bytes).into(),
            bytes,
            origins,
            by_stack: true,
            expected: false,
        }
    }

    fn words(line: &PacketLine, came: u32, seen: &Seen, rules: &Rules) -> String {
        let mut timestamps = Timestamps::default();
        let first = script_line("> . 1:1(0) ack 1 <nop,nop,TS val 100 ecr 0>");
        let sent = ". 1:1(0) ack 1 win 1 <nop,nop,TS val 700 ecr 0>";
        let sent = self::seen(sent, Payload::Zeros);
        timestamps.learn(&first, sent.packet.segment().unwrap());
        let wanted = Wanted {
            line,
            came,
            timestamps: &timestamps,
            origins: seen.origins,
            tracker: &Tracker::new(),
        };
        fault(&wanted, seen, rules).map_or_else(String::new, |it| it.to_string())
    }

    #[test]
    fn packets_of_packetdrill_scripts() {
        for (wanted, sent, said) in [
            (". 1:1(0) ack 7 win 5", ". 1:1(0) ack 7 win 5", ""),
            (". 1:1(0) ack 7", ". 1:1(0) ack 7 win 5", ""),
            ("udp (3)", "udp 80 > 1000 (3)", ""),
            ("udp (4)", "udp 80 > 1000 (3)", "it is something else"),
            (
                ". 1:1(0) ack 7",
                "udp 80 > 1000 (3)",
                "it is something else",
            ),
            (
                "icmp unreachable port_unreachable",
                "icmp unreachable port_unreachable",
                "",
            ),
            (
                "icmp unreachable host_unreachable",
                "icmp unreachable port_unreachable",
                "it is something else",
            ),
            (
                "(ttl 3) . 1:1(0) ack 7",
                "(ttl 2) . 1:1(0) ack 7 win 5",
                "its time to live is 2",
            ),
            (
                "S 0:0(0)",
                "S 0:0(0) ack 9! win 5",
                "its ACK field is not 0",
            ),
            (
                ". 2:2(0) ack 7",
                ". 1:1(0) ack 7 win 5",
                "its sequence number is not 2",
            ),
            (
                "P. 1:4(3) ack 7",
                "P. 1:5(4) ack 7 win 5",
                "3 octets are expected",
            ),
            (
                "P. 1:4(3) ack 7",
                "P. 1:1(0) ack 7 win 5",
                "3 octets are expected",
            ),
            ("P. 1:4(3) ack 7", ". 1:3(2) ack 7 win 5", ""),
            (
                "P. 1:4(3) ack 7",
                "R. 1:3(2) ack 7 win 5",
                "its flags are not P.",
            ),
            (
                "P. 1:4(3) ack 7",
                ". 1:4(3) ack 7 win 5",
                "its flags are not P.",
            ),
            (
                "SA. 0:0(0) ack 7",
                "S. 0:0(0) ack 7 win 5",
                "its flags are not AS.",
            ),
            (
                ". 1:1(0) ack 8",
                ". 1:1(0) ack 7 win 5",
                "it does not acknowledge 8",
            ),
            (
                ". 1:1(0) ack 7 win 6",
                ". 1:1(0) ack 7 win 5",
                "its window is not 6",
            ),
            (
                ". 1:1(0) ack 7",
                ". 1:1(0) ack 7 win 5 urg 9",
                "its urgent pointer is not 0",
            ),
            (
                ". 1:1(0) ack 7 <nop>",
                ". 1:1(0) ack 7 win 5 <nop,eol>",
                "its options are not these",
            ),
            (". 1:1(0) ack 7 <...>", ". 1:1(0) ack 7 win 5 <nop,eol>", ""),
            (
                ". 1:1(0) ack 7 <nop,nop,TS val 110 ecr 5>",
                ". 1:1(0) ack 7 win 5 <nop,nop,TS val 714 ecr 5>",
                "",
            ),
            (
                ". 1:1(0) ack 7 <nop,nop,TS val 110 ecr 5>",
                ". 1:1(0) ack 7 win 5 <nop,nop,TS val 715 ecr 5>",
                "its `TS val` is off by 5",
            ),
            (
                ". 1:1(0) ack 7 <nop,nop,TS val 110 ecr 6>",
                ". 1:1(0) ack 7 win 5 <nop,nop,TS val 710 ecr 5>",
                "its options are not these",
            ),
        ] {
            let (line, sent) = (
                script_line(&format!("> {wanted}")),
                seen(sent, Payload::Zeros),
            );
            assert_eq!(words(&line, 0, &sent, &SCRIPT), said, "{wanted}");
        }
    }

    #[test]
    fn packets_of_scenarios() {
        for (wanted, sent, said) in [
            ("P. 1:4(3) ack 7 win 5", "P. 1:4(3) ack 7 win 5", ""),
            ("P.", "P. 1:4(3) ack 7 win 5 <nop,eol>", ""),
            ("P.", "PA. 1:4(3) ack 7 win 5 urg 3", ""),
            ("P. 1:4(3) data \"abc\"", "P. 1:4(3) ack 7 win 5", ""),
            (
                "P. 1:4(3) data \"abd\"",
                "P. 1:4(3) ack 7 win 5",
                "it carries something else than was written",
            ),
            (
                "P. 1:5(4)",
                "P. 1:4(3) ack 7 win 5",
                "all 4 octets are expected in one segment",
            ),
            ("F.", "P. 1:4(3) ack 7 win 5", "its flags are not F."),
            (
                ". ack 8",
                ". 1:1(0) ack 7 win 5",
                "it does not acknowledge 8",
            ),
            (
                ". <nop,nop,TS val 1 ecr 2>",
                ". 1:1(0) ack 7 win 5 <nop,nop,TS val 1 ecr 2>",
                "",
            ),
            (
                ". <nop,nop,TS val 1 ecr 2>",
                ". 1:1(0) ack 7 win 5 <nop,nop,TS val 2 ecr 2>",
                "its options are not these",
            ),
        ] {
            let (line, sent) = (scenario_line(wanted), seen(sent, Payload::AsSaid));
            assert_eq!(words(&line, 0, &sent, &Rules::scenario()), said, "{wanted}");
        }
    }

    #[test]
    fn parts_and_what_no_line_can_say() {
        let line = script_line("> P. 1:4(3) ack 7");
        let rest = seen("P. 3:4(1) ack 7 win 5", Payload::Zeros);
        assert_eq!(words(&line, 2, &rest, &SCRIPT), "");
        assert_eq!(
            words(&line, 1, &rest, &SCRIPT),
            "its sequence number is not 2"
        );
        let split = "all 3 octets are expected in one segment";
        assert_eq!(words(&line, 2, &rest, &STRICT), split);
        let letters = seen("P. 1:4(3) ack 7 win 5", Payload::AsSaid);
        let said = "it carries something else than was written";
        assert_eq!(words(&line, 0, &letters, &SCRIPT), said);
        let mut changed = seen("P. 1:4(3) ack 7 win 5", Payload::Zeros);
        let mut octets = changed.bytes.to_vec();
        *octets.last_mut().unwrap() ^= 1;
        changed.packet = decode(&octets).into();
        changed.bytes = octets.into();
        assert_eq!(words(&line, 0, &changed, &SCRIPT), "its checksum is wrong");
        let mut line = scenario_line(".");
        line.to_port = Some(Spanned::new(1001, Default::default()));
        let sent = seen(". 1:1(0) ack 7 win 5", Payload::AsSaid);
        assert_eq!(
            words(&line, 0, &sent, &Rules::scenario()),
            "its port is 1000"
        );
    }
}
