//! The fields of a TCP segment.

use super::conversation::{Conversations, End, Header};
use super::dissect::{Place, u16_at, u32_at};
use super::fields::Field;
use super::stream::Payload;
use super::value::Value;
use crate::notation::Flags;

/// The header without options, in octets.
const HEADER: usize = 20;

/// Adds the fields of a segment, as much of it as is there. Returns what it carries, if that is
/// looked into.
pub(super) fn segment<'a>(
    bytes: &'a [u8],
    place: Place,
    conversations: &mut Conversations,
    fields: &mut Vec<(Field, Value)>,
) -> Option<Payload<'a>> {
    let mut add = |field, value: u32| fields.push((field, Value::Number(value.into())));
    let (Some(source), Some(destination)) = (u16_at(bytes, 0), u16_at(bytes, 2)) else {
        return None;
    };
    add(Field::TcpSrcport, source.into());
    add(Field::TcpDstport, destination.into());
    let is_quoted_v4 = place.is_quoted && place.from.is_ipv4();
    let Some(header) = read(bytes) else {
        // RFC 792 has errors quote eight octets, which reach to the end of this number. ICMPv6
        // errors quote as much as fits (RFC 4443 section 2.4), so nobody expects a cut there.
        if let (Some(seq), true) = (u32_at(bytes, 4), is_quoted_v4) {
            add(Field::TcpSeq, seq);
        }
        return None;
    };
    let mut carried = None;
    let (from, to) = ((place.from, source), (place.to, destination));
    let bits = u16_at(bytes, 12).unwrap_or(0);
    let header_len = 4 * usize::from(bits >> 12);
    // What ends before its payload begins is shown as it is, and nothing is learnt from it.
    if place.is_quoted || header_len > bytes.len() {
        add(Field::TcpStream, conversations.stream(from, to));
        add(Field::TcpSeq, header.seq);
        add(Field::TcpAck, header.ack);
        add(Field::TcpWindowSize, header.window.into());
        add(Field::TcpAckRaw, header.ack);
        // Where Wireshark knows that it looks at a quotation, it takes `tcp.seq` for this already.
        if !is_quoted_v4 {
            add(Field::TcpSeqRaw, header.seq);
        }
    } else if header_len < HEADER {
        let numbers = conversations.observe(from, to, header);
        add(Field::TcpStream, numbers.stream);
        add(Field::TcpSeq, numbers.seq);
        add(Field::TcpSeqRaw, header.seq);
        add(Field::TcpLen, octets(bytes.len() - header_len));
        add(Field::TcpHdrLen, octets(header_len));
        return None;
    } else {
        let stream = live(bytes, header, (from, to), conversations, &mut add);
        carried = payload_of(bytes, header, (from, to), stream);
    }
    add(Field::TcpHdrLen, octets(header_len));
    add(Field::TcpWindowSizeValue, header.window.into());
    add(
        Field::TcpUrgentPointer,
        u16_at(bytes, 18).unwrap_or(0).into(),
    );
    flags(bits & 0xfff, fields);
    options(option_octets(bytes), fields);
    carried
}

/// What a segment carries. The payload of a RST is a text about it (RFC 9293 section 3.5.3).
fn payload_of(
    bytes: &[u8],
    header: Header,
    (from, to): (End, End),
    stream: u32,
) -> Option<Payload<'_>> {
    let octets = &bytes[bytes.len() - payload(bytes)..];
    if octets.is_empty() || header.flags.contains(Flags::RST) {
        return None;
    }
    let opens = header.flags.contains(Flags::SYN);
    Some(Payload {
        stream,
        from,
        to,
        seq: header.seq.wrapping_add(opens.into()),
        octets,
    })
}

/// Adds the numbers of a segment that is whole and not quoted. Returns its stream.
fn live(
    bytes: &[u8],
    header: Header,
    (from, to): (End, End),
    conversations: &mut Conversations,
    add: &mut impl FnMut(Field, u32),
) -> u32 {
    let numbers = conversations.observe(from, to, header);
    let header_len = bytes.len() - payload(bytes);
    let len = octets(bytes.len() - header_len);
    // SYN and FIN count one octet, and both together no more.
    let ends = header.flags.contains(Flags::SYN) || header.flags.contains(Flags::FIN);
    let next = numbers.seq.wrapping_add(len).wrapping_add(ends.into());
    add(Field::TcpStream, numbers.stream);
    add(Field::TcpSeq, numbers.seq);
    add(Field::TcpSeqRaw, header.seq);
    add(Field::TcpNxtseq, next);
    add(Field::TcpAck, numbers.ack);
    add(Field::TcpAckRaw, header.ack);
    add(Field::TcpLen, len);
    add(Field::TcpWindowSize, numbers.window);
    numbers.stream
}

/// How many octets stand behind the header.
fn payload(bytes: &[u8]) -> usize {
    let header_len = 4 * usize::from(u16_at(bytes, 12).unwrap_or(0) >> 12);
    bytes.len().saturating_sub(header_len)
}

/// The header, where at least all but its options is there.
fn read(bytes: &[u8]) -> Option<Header> {
    if bytes.len() < HEADER {
        return None;
    }
    let bits = u16_at(bytes, 12)?;
    let known = [
        Flags::FIN,
        Flags::SYN,
        Flags::RST,
        Flags::ACK,
        Flags::PSH,
        Flags::URG,
    ];
    let set = [0x01, 0x02, 0x04, 0x10, 0x08, 0x20].map(|bit| bits & bit != 0);
    let flags = known.into_iter().zip(set);
    let flags = flags.filter(|(_, set)| *set);
    let shift = walk(option_octets(bytes)).find_map(|(kind, data)| match (kind, data) {
        (3, &[shift]) => Some(shift),
        _ => None,
    });
    Some(Header {
        flags: flags.fold(Flags::default(), |all, (flag, _)| all.with(flag)),
        seq: u32_at(bytes, 4)?,
        ack: u32_at(bytes, 8)?,
        window: u16_at(bytes, 14)?,
        shift,
    })
}

/// Adds the control bits.
fn flags(bits: u16, fields: &mut Vec<(Field, Value)>) {
    fields.push((Field::TcpFlags, Value::Number(bits.into())));
    let each = [
        (Field::TcpFlagsAe, 0x100),
        (Field::TcpFlagsCwr, 0x080),
        (Field::TcpFlagsEce, 0x040),
        (Field::TcpFlagsUrg, 0x020),
        (Field::TcpFlagsAck, 0x010),
        (Field::TcpFlagsPush, 0x008),
        (Field::TcpFlagsReset, 0x004),
        (Field::TcpFlagsSyn, 0x002),
        (Field::TcpFlagsFin, 0x001),
    ];
    let each = each.map(|(field, bit)| (field, Value::Boolean(bits & bit != 0)));
    fields.extend(each);
}

/// The octets of the options, as many of them as are there.
fn option_octets(bytes: &[u8]) -> &[u8] {
    let end = (bytes.len() - payload(bytes)).max(HEADER);
    bytes.get(HEADER..end).unwrap_or_default()
}

/// The kind of each option and what it carries, up to the end of the list or the first one that is
/// longer than the header.
fn walk(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (option, rest) = match *bytes {
            [] => return None,
            // What follows the end is padding.
            [0, ..] => ((0, &[][..]), &[][..]),
            [1, ref rest @ ..] => ((1, &[][..]), rest),
            [kind, len, ..] => {
                let len = usize::from(len);
                ((kind, bytes.get(2..len)?), bytes.get(len..)?)
            }
            [_] => return None,
        };
        bytes = rest;
        Some(option)
    })
}

/// Adds the options.
fn options(bytes: &[u8], fields: &mut Vec<(Field, Value)>) {
    if bytes.is_empty() {
        return;
    }
    fields.push((Field::TcpOptions, Value::Present));
    for (kind, data) in walk(bytes) {
        let protocol = match kind {
            0 => Field::TcpOptionsEol,
            1 => Field::TcpOptionsNop,
            2 => Field::TcpOptionsMss,
            3 => Field::TcpOptionsWscale,
            4 => Field::TcpOptionsSackPerm,
            5 => Field::TcpOptionsSack,
            8 => Field::TcpOptionsTimestamp,
            _ => continue,
        };
        fields.push((protocol, Value::Present));
        let mut add = |field, value: u32| fields.push((field, Value::Number(value.into())));
        match (kind, data) {
            (2, &[high, low]) => {
                add(
                    Field::TcpOptionsMssVal,
                    u16::from_be_bytes([high, low]).into(),
                );
            }
            (3, &[shift]) => add(Field::TcpOptionsWscaleShift, shift.into()),
            (5, blocks) => add(Field::TcpOptionsSackCount, octets(blocks.len() / 8)),
            (8, &[a, b, c, d, e, f, g, h]) => {
                add(Field::TcpOptionsTsval, u32::from_be_bytes([a, b, c, d]));
                add(Field::TcpOptionsTsecr, u32::from_be_bytes([e, f, g, h]));
            }
            _ => {}
        }
    }
}

/// A length as a number. No datagram is longer than 2^16 octets, so none is lost.
fn octets(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
