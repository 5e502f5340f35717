//! The fields of a TCP segment.

use smoltcp::time::Duration;
use smoltcp::wire::IpAddress;

use super::conversation::{Conversations, Endpoint, Header, Times};
use super::fields::Field;
use super::stream::Payload;
use super::value::Value;
use crate::wire::option::kind;
use crate::wire::{Flags, IpHeader, Segment, SegmentStart, TcpOption};

/// The header without options, in octets.
const HEADER: usize = 20;

/// Where a transport header stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    from: IpAddress,
    to: IpAddress,
    /// Whether an ICMP error quotes it.
    is_quoted: bool,
}

impl Place {
    /// Behind an IP header.
    pub(super) fn of(header: &IpHeader, is_quoted: bool) -> Self {
        Self {
            from: header.from,
            to: header.to,
            is_quoted,
        }
    }

    fn is_quoted_v4(self) -> bool {
        self.is_quoted && matches!(self.from, IpAddress::Ipv4(_))
    }

    /// The two ends of a segment.
    fn ends(self, segment: &Segment) -> (Endpoint, Endpoint) {
        (
            (self.from.into(), segment.source_port),
            (self.to.into(), segment.destination_port),
        )
    }
}

/// Adds the fields of a segment whose header is cut short.
pub(super) fn start(start: &SegmentStart, place: Place, fields: &mut Vec<(Field, Value)>) {
    fields.push((Field::Tcp, Value::Present));
    let mut add = |field, value: u32| fields.push((field, Value::Number(value.into())));
    let Some((source, destination)) = start.ports else {
        return;
    };
    add(Field::TcpSrcport, source.into());
    add(Field::TcpDstport, destination.into());
    // RFC 792 has errors quote eight octets, which reach to the end of this number. ICMPv6 errors
    // quote as much as fits (RFC 4443 section 2.4), so nobody expects a cut there.
    if let (Some(seq), true) = (start.seq, place.is_quoted_v4()) {
        add(Field::TcpSeq, seq);
    }
}

/// Adds the fields of a segment. Returns the stream that its payload is of, if it is looked into.
pub(super) fn segment(
    segment: &Segment,
    place: Place,
    conversations: &mut Conversations,
    fields: &mut Vec<(Field, Value)>,
) -> Option<u32> {
    fields.push((Field::Tcp, Value::Present));
    let mut add = |field, value: u32| fields.push((field, Value::Number(value.into())));
    add(Field::TcpSrcport, segment.source_port.into());
    add(Field::TcpDstport, segment.destination_port.into());
    let (from, to) = place.ends(segment);
    let mut live_stream = None;
    // What ends before its payload begins is shown as it is, and nothing is learnt from it.
    if place.is_quoted || segment.is_cut {
        let quotation = conversations.quote(from, to, header(segment));
        add(Field::TcpStream, quotation.stream);
        add(Field::TcpSeq, segment.seq);
        add(Field::TcpAck, segment.ack);
        add(Field::TcpWindowSize, segment.window.into());
        add(Field::TcpAckRaw, segment.ack);
        // Where Wireshark knows that it looks at a quotation, it takes `tcp.seq` for this already.
        if !place.is_quoted_v4() {
            add(Field::TcpSeqRaw, segment.seq);
        }
        times(quotation.times, fields);
        if let Some(findings) = quotation.findings {
            findings.add_to(fields);
        }
    } else if segment.header_len < HEADER {
        let numbers = conversations.observe(from, to, header(segment)).numbers;
        add(Field::TcpStream, numbers.stream);
        add(Field::TcpSeq, numbers.seq);
        add(Field::TcpSeqRaw, segment.seq);
        add(Field::TcpLen, octets(segment.len()));
        add(Field::TcpHdrLen, octets(segment.header_len));
        return None;
    } else {
        live_stream = Some(live(segment, (from, to), conversations, fields));
    }
    let mut add = |field, value: u32| fields.push((field, Value::Number(value.into())));
    add(Field::TcpHdrLen, octets(segment.header_len));
    add(Field::TcpWindowSizeValue, segment.window.into());
    add(Field::TcpUrgentPointer, segment.urgent.into());
    flags(segment.flags, fields);
    options(&segment.options, fields);
    live_stream
}

/// Adds when a segment comes in its stream.
fn times(times: Times, fields: &mut Vec<(Field, Value)>) {
    let time = |time: Duration| Value::Time(i128::from(time.total_micros()) * 1000);
    fields.push((Field::TcpTimeRelative, time(times.relative)));
    fields.push((Field::TcpTimeDelta, time(times.delta)));
}

/// Adds the payload, which is a text about it in a RST.
pub(super) fn payload(segment: &Segment, octets: &[u8], fields: &mut Vec<(Field, Value)>) {
    let has_header = segment.header_len >= HEADER;
    if has_header && !octets.is_empty() && !segment.flags.contains(Flags::RST) {
        fields.push((Field::TcpPayload, Value::Bytes(octets.to_vec())));
    }
}

/// What a segment carries. The payload of a RST is a text about it (RFC 9293 section 3.5.3).
pub(super) fn carried<'a>(
    segment: &Segment,
    octets: &'a [u8],
    place: Place,
    stream: u32,
) -> Option<Payload<'a>> {
    if octets.is_empty() || segment.flags.contains(Flags::RST) {
        return None;
    }
    let opens = segment.flags.contains(Flags::SYN);
    let (from, to) = place.ends(segment);
    Some(Payload {
        stream,
        from,
        to,
        seq: segment.seq.wrapping_add(opens.into()),
        octets,
    })
}

/// Adds what a segment that is whole and not quoted is in its stream. Returns the stream.
fn live(
    segment: &Segment,
    (from, to): (Endpoint, Endpoint),
    conversations: &mut Conversations,
    fields: &mut Vec<(Field, Value)>,
) -> u32 {
    let observed = conversations.observe(from, to, header(segment));
    let numbers = observed.numbers;
    let len = octets(segment.len());
    // SYN and FIN count one octet, and both together no more.
    let ends = segment.flags.contains(Flags::SYN) || segment.flags.contains(Flags::FIN);
    let next = numbers.seq.wrapping_add(len).wrapping_add(ends.into());
    let mut add = |field, value: u32| fields.push((field, Value::Number(value.into())));
    add(Field::TcpStream, numbers.stream);
    add(Field::TcpSeq, numbers.seq);
    add(Field::TcpSeqRaw, segment.seq);
    add(Field::TcpNxtseq, next);
    add(Field::TcpAck, numbers.ack);
    add(Field::TcpAckRaw, segment.ack);
    add(Field::TcpLen, len);
    add(Field::TcpWindowSize, numbers.window);
    times(observed.times, fields);
    observed.findings.add_to(fields);
    numbers.stream
}

/// What a conversation learns from.
fn header(segment: &Segment) -> Header {
    let shift = segment.options.iter().find_map(|option| {
        let TcpOption::WindowScale(shift) = option else {
            return None;
        };
        Some(*shift)
    });
    Header {
        flags: segment.flags,
        seq: segment.seq,
        ack: segment.ack,
        window: segment.window,
        shift,
        len: octets(segment.len()),
        sacked: sacked(&segment.options),
    }
}

/// How many octets SACK blocks cover. Wireshark counts the first three.
fn sacked(options: &[TcpOption]) -> u32 {
    const COUNTED: usize = 3;
    let blocks = options.iter().find_map(|option| {
        let TcpOption::Sack(blocks) = option else {
            return None;
        };
        Some(blocks)
    });
    let blocks = blocks.into_iter().flatten().take(COUNTED);
    blocks.fold(0, |sum: u32, block| {
        sum.wrapping_add(block.1.wrapping_sub(block.0))
    })
}

/// Adds the control bits.
fn flags(flags: Flags, fields: &mut Vec<(Field, Value)>) {
    fields.push((Field::TcpFlags, Value::Number(flags.bits().into())));
    let each = [
        (Field::TcpFlagsAe, Flags::AE),
        (Field::TcpFlagsCwr, Flags::CWR),
        (Field::TcpFlagsEce, Flags::ECE),
        (Field::TcpFlagsUrg, Flags::URG),
        (Field::TcpFlagsAck, Flags::ACK),
        (Field::TcpFlagsPush, Flags::PSH),
        (Field::TcpFlagsReset, Flags::RST),
        (Field::TcpFlagsSyn, Flags::SYN),
        (Field::TcpFlagsFin, Flags::FIN),
    ];
    let each = each.map(|(field, flag)| (field, Value::Boolean(flags.contains(flag))));
    fields.extend(each);
}

/// Adds the options. One of a known kind and a wrong length is there, without its values.
fn options(options: &[TcpOption], fields: &mut Vec<(Field, Value)>) {
    if options.is_empty() {
        return;
    }
    fields.push((Field::TcpOptions, Value::Present));
    for option in options {
        let protocol = match option.kind() {
            Some(kind::END_OF_LIST) => Field::TcpOptionsEol,
            Some(kind::NO_OPERATION) => Field::TcpOptionsNop,
            Some(kind::MAXIMUM_SEGMENT_SIZE) => Field::TcpOptionsMss,
            Some(kind::WINDOW_SCALE) => Field::TcpOptionsWscale,
            Some(kind::SACK_PERMITTED) => Field::TcpOptionsSackPerm,
            Some(kind::SACK) => Field::TcpOptionsSack,
            Some(kind::TIMESTAMPS) => Field::TcpOptionsTimestamp,
            _ => continue,
        };
        fields.push((protocol, Value::Present));
        let mut add = |field, value: u32| fields.push((field, Value::Number(value.into())));
        match option {
            TcpOption::MaximumSegmentSize(size) => add(Field::TcpOptionsMssVal, (*size).into()),
            TcpOption::WindowScale(shift) => add(Field::TcpOptionsWscaleShift, (*shift).into()),
            TcpOption::Sack(blocks) => add(Field::TcpOptionsSackCount, octets(blocks.len())),
            TcpOption::Other {
                kind: kind::SACK,
                data,
            } => add(Field::TcpOptionsSackCount, octets(data.len() / 8)),
            TcpOption::Timestamps { value, echo_reply } => {
                add(Field::TcpOptionsTsval, *value);
                add(Field::TcpOptionsTsecr, *echo_reply);
            }
            TcpOption::EndOfList
            | TcpOption::NoOperation
            | TcpOption::SackPermitted
            | TcpOption::Other { .. }
            | TcpOption::Malformed(_) => {}
        }
    }
}

/// A length as a number. No datagram is longer than 2^16 octets, so none is lost.
fn octets(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
