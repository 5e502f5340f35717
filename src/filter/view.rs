//! The packets of a trace with their fields, as filters evaluate them.

use std::borrow::Cow;

use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::dissect::{Dissector, exported_pdu};
use super::fields::Field;
use super::value::Value;
use crate::capture::{PcapngError, Trace, TracePacket, packets};

/// One packet of a trace: a frame, a socket call, or one of the rows at the start that name the
/// hosts.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Its place in the trace, from 1: Wireshark's frame number.
    pub number: u32,
    /// When, in virtual time.
    pub at: Instant,
    /// Its octets as they are in the file. Of a socket call: an exported PDU.
    pub bytes: Cow<'a, [u8]>,
    /// The fields of it, in the order in which Wireshark shows them.
    pub(super) fields: Vec<(Field, Value)>,
}

impl View<'_> {
    /// The socket call as its row shows it. None for a frame.
    pub fn call(&self) -> Option<&str> {
        self.fields.iter().find_map(|field| match field {
            (Field::SyslogMsg, Value::Text(text)) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// The packets of one host's trace, as many, in the order and with the numbers that its pcapng file
/// has.
///
/// # Errors
/// The vantage host is not in the trace, or there are too many hosts to show.
pub fn views<'a>(trace: &Trace<'a>, vantage: HostId) -> Result<Vec<View<'a>>, PcapngError> {
    let packets = packets(trace, vantage)?.packets;
    let host = trace.host_name(vantage).unwrap_or_default();
    let first = packets.first().map_or(Instant::ZERO, |packet| packet.at);
    let mut dissector = Dissector::default();
    let view = |(index, packet): (usize, TracePacket<'a>)| {
        // A file of more packets could not be written.
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let mut fields = frame(&packet, number, first, &host);
        match packet.packet {
            Some(decoded) => dissector.ethernet(decoded, &packet.bytes, &mut fields),
            None => exported_pdu(&packet.bytes, &mut fields),
        }
        View {
            number,
            at: packet.at,
            bytes: packet.bytes,
            fields,
        }
    };
    Ok(packets.into_iter().enumerate().map(view).collect())
}

/// What is known of a packet from its block in the file.
fn frame(packet: &TracePacket<'_>, number: u32, first: Instant, host: &str) -> Vec<(Field, Value)> {
    let name = packet.interface.name().unwrap_or(host);
    let nanoseconds = i128::from(packet.at.total_micros() - first.total_micros()) * 1000;
    let len = Value::Number(packet.length as u64);
    let mut fields = vec![
        (Field::Frame, Value::Present),
        (Field::FrameNumber, Value::Number(number.into())),
        (Field::FrameLen, len.clone()),
        (Field::FrameCapLen, len),
        (Field::FrameTimeRelative, Value::Time(nanoseconds)),
        (Field::FrameInterfaceName, Value::Text(name.to_owned())),
        (
            Field::FrameInterfaceId,
            Value::Number(packet.interface.id().into()),
        ),
    ];
    if let Some(flags) = packet.interface.flags() {
        fields.push((Field::FrameDirection, Value::Number(flags.into())));
    }
    if !packet.comment.is_empty() {
        let comment = packet.comment.to_string();
        fields.push((Field::FrameComment, Value::Text(comment)));
    }
    fields
}
