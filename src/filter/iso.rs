//! The fields of ISO transport over TCP: TPKT and COTP.
//!
//! The octets are read here and not with the reader of the provider that sends them, because a
//! filter has to see what Wireshark sees, above all where a TPDU is wrong.

use super::conversation::Endpoint;
use super::fields::Field;
use super::stream::{Payload, Streams};
use super::value::Value;
use crate::wire::u16_at;

/// The port behind which Wireshark looks for TPKT (RFC 2126).
const PORT: u16 = 102;
/// The header of TPKT in octets.
const TPKT: usize = 4;

/// Adds the fields of the packets that a segment completes.
pub(super) fn segment(
    payload: &Payload<'_>,
    streams: &mut Streams,
    fields: &mut Vec<(Field, Value)>,
) {
    let is_ours = |(_, port): Endpoint| port == PORT;
    if !is_ours(payload.from) && !is_ours(payload.to) {
        return;
    }
    let Some(waiting) = streams.add(payload) else {
        return;
    };
    while let Some(packet) = next_packet(waiting) {
        fields.push((Field::Tpkt, Value::Present));
        let Packet::Whole(octets) = packet else {
            continue;
        };
        let mut add = |field, value: u16| fields.push((field, Value::Number(value.into())));
        add(Field::TpktVersion, octets[0].into());
        add(Field::TpktReserved, octets[1].into());
        add(Field::TpktLength, u16_at(&octets, 2).unwrap_or_default());
        tpdu(&octets[TPKT..], fields);
    }
}

/// What stands at the front of a stream.
#[derive(Debug, PartialEq, Eq)]
enum Packet {
    /// A packet with its header.
    Whole(Vec<u8>),
    /// What has another version: all that is there, and nothing is known of it.
    Continuation,
}

/// Takes the first packet from the front of what waits, if it is complete.
fn next_packet(waiting: &mut Vec<u8>) -> Option<Packet> {
    if waiting.first().is_some_and(|version| *version != 3) {
        waiting.clear();
        return Some(Packet::Continuation);
    }
    let length = usize::from(u16_at(waiting, 2)?).max(TPKT);
    if waiting.len() < length {
        return None;
    }
    let rest = waiting.split_off(length);
    Some(Packet::Whole(std::mem::replace(waiting, rest)))
}

/// Adds the fields of a TPDU.
fn tpdu(octets: &[u8], fields: &mut Vec<(Field, Value)>) {
    fields.push((Field::Cotp, Value::Present));
    let (Some(&indicator), Some(&code)) = (octets.first(), octets.get(1)) else {
        return;
    };
    let end = 1 + usize::from(indicator);
    let Some(header) = octets.get(..end) else {
        return;
    };
    let mut add = |field, value: Option<u16>| {
        fields.extend(value.map(|value| (field, Value::Number(value.into()))));
    };
    let octet = |at: usize| header.get(at).copied().map(u16::from);
    add(Field::CotpLi, Some(indicator.into()));
    add(Field::CotpType, Some((code >> 4).into()));
    match code >> 4 {
        // CR and CC.
        0xe | 0xd => {
            add(Field::CotpDestref, u16_at(header, 2));
            add(Field::CotpSrcref, u16_at(header, 4));
            add(Field::CotpClass, octet(6).map(|class| class >> 4));
            let flag = |bit: u16| octet(6).map(|class| Value::Boolean(class & bit != 0));
            fields.extend(flag(2).map(|it| (Field::CotpExtendedFormats, it)));
            fields.extend(flag(1).map(|it| (Field::CotpNoExplicitFlowControl, it)));
            parameters(header.get(7..).unwrap_or_default(), fields);
        }
        // DR.
        0x8 => {
            add(Field::CotpDestref, u16_at(header, 2));
            add(Field::CotpSrcref, u16_at(header, 4));
            add(Field::CotpCause, octet(6));
            parameters(header.get(7..).unwrap_or_default(), fields);
        }
        // DC.
        0xc => {
            add(Field::CotpDestref, u16_at(header, 2));
            add(Field::CotpSrcref, u16_at(header, 4));
            parameters(header.get(6..).unwrap_or_default(), fields);
        }
        // DT, of classes 0 and 1, or of the others.
        0xf => {
            // Wireshark shows a reference of class 0, which has none.
            let (destination, number) = match indicator {
                2 => (Some(0), octet(2)),
                _ => (u16_at(header, 2), octet(4)),
            };
            add(Field::CotpDestref, destination);
            add(Field::CotpTpduNumber, number.map(|it| it & 0x7f));
            let last = number.map(|it| Value::Boolean(it & 0x80 != 0));
            fields.extend(last.map(|it| (Field::CotpEot, it)));
        }
        // ER.
        0x7 => {
            add(Field::CotpDestref, u16_at(header, 2));
            add(Field::CotpRejectCause, octet(4));
            parameters(header.get(5..).unwrap_or_default(), fields);
        }
        // ED, EA, RJ and AK, which no connection here agrees to.
        0x1 => {
            add(Field::CotpDestref, u16_at(header, 2));
            add(Field::CotpTpduNumber, octet(4).map(|it| it & 0x7f));
        }
        0x2 | 0x5 | 0x6 => add(Field::CotpDestref, u16_at(header, 2)),
        _ => {}
    }
}

/// Adds parameters, up to the first that is cut off.
fn parameters(mut octets: &[u8], fields: &mut Vec<(Field, Value)>) {
    while let [code, length, rest @ ..] = octets {
        let mut add = |field, value: u64| fields.push((field, Value::Number(value)));
        add(Field::CotpParameterCode, (*code).into());
        add(Field::CotpParameterLength, (*length).into());
        let Some(value) = rest.get(..usize::from(*length)) else {
            return;
        };
        octets = &rest[value.len()..];
        match (code, value) {
            (0xc0, &[size @ 7..=13]) => add(Field::CotpTpduSize, 1 << size),
            (0xc1, _) => fields.push((Field::CotpSrcTsap, tsap(value))),
            (0xc2, _) => fields.push((Field::CotpDstTsap, tsap(value))),
            (0xf0, [_, ..]) if value.len() <= 4 => {
                let units = value.iter().fold(0, |all, it| all << 8 | u64::from(*it));
                add(Field::CotpPreferredMaximum, units * 128);
            }
            _ => {}
        }
    }
}

/// A selector as Wireshark shows it: as text where all of it can be printed, else in hexadecimal.
fn tsap(octets: &[u8]) -> Value {
    let is_text = octets.iter().all(|octet| (0x20..0x7f).contains(octet));
    Value::Text(if is_text {
        String::from_utf8_lossy(octets).into_owned()
    } else {
        let octets = octets.iter().map(|octet| format!("{octet:02x}"));
        format!("0x{}", octets.collect::<String>())
    })
}
