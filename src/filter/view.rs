//! The packets of a trace with their fields, as filters evaluate them.

use std::borrow::Cow;

use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::dissect::{Dissector, exported_pdu};
use super::fields::Field;
use super::value::Value;
use crate::capture::{Packets, PcapngError, Trace, TraceOptions, TracePacket};

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
    let mut views = Vec::new();
    each_view(trace, vantage, |view| views.push(view))?;
    Ok(views)
}

/// As [`views`], one after the other: none is kept.
///
/// # Errors
/// As [`views`].
pub(crate) fn each_view<'a>(
    trace: &Trace<'a>,
    vantage: HostId,
    mut take: impl FnMut(View<'a>),
) -> Result<(), PcapngError> {
    let packets = Packets::new(trace, vantage, &TraceOptions::default())?;
    let host = trace.host_name(vantage).unwrap_or_default();
    let mut first = None;
    let mut dissector = Dissector::default();
    for (packet, number) in packets.iter().zip(1u64..) {
        let packet = packet?;
        let first = *first.get_or_insert(packet.at);
        // A file of more packets could not be written.
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let mut fields = frame(&packet, number, first, &host);
        match packet.packet {
            Some(decoded) => dissector.ethernet(decoded, &packet.bytes, &mut fields),
            None => exported_pdu(&packet.bytes, &mut fields),
        }
        take(View {
            number,
            at: packet.at,
            bytes: packet.bytes,
            fields,
        });
    }
    Ok(())
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
