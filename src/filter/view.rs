//! The packets of a trace with their fields, as filters evaluate them.

use std::borrow::Cow;

use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use super::conversation::Moment;
use super::dissect::{Dissector, exported_pdu};
use super::fields::Field;
use super::value::Value;
use crate::capture::{Packets, Part, PcapngError, Trace, TraceOptions, TracePacket};

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
    Viewer::default().each_view(Part::whole(trace), vantage, |view| views.push(view))?;
    Ok(views)
}

/// Shows the packets of a trace with their fields, part by part.
#[derive(Debug, Default)]
pub(crate) struct Viewer {
    dissector: Option<Dissector>,
    /// When the first packet was.
    first: Option<Instant>,
    /// When the last one was.
    previous: Option<Instant>,
    /// How many packets there were. A file of more than its limit could not be written.
    count: u32,
}

impl Viewer {
    /// The packets of the next part, one after the other: none is kept.
    ///
    /// # Errors
    /// As [`views`].
    pub(crate) fn each_view<'a>(
        &mut self,
        part: Part<'a>,
        vantage: HostId,
        mut take: impl FnMut(View<'a>),
    ) -> Result<(), PcapngError> {
        let trace = part.trace;
        let host = trace.host_name(vantage).unwrap_or_default();
        let packets = Packets::new(part, vantage, &TraceOptions::default())?;
        // The names are those of the whole trace.
        let dissector = self.dissector.get_or_insert_with(|| {
            let names = packets.resolution();
            Dissector::new(names.into_iter().collect())
        });
        for packet in packets.iter() {
            let packet = packet?;
            let first = *self.first.get_or_insert(packet.at);
            let previous = self.previous.replace(packet.at).unwrap_or(packet.at);
            self.count = self.count.saturating_add(1);
            let mut fields = frame(&packet, self.count, [first, previous], &host);
            let now = Moment {
                frame: self.count,
                at: packet.at,
            };
            match packet.packet {
                Some(decoded) => dissector.ethernet(now, decoded, &packet.bytes, &mut fields),
                None => exported_pdu(&packet.bytes, &mut fields),
            }
            take(View {
                number: self.count,
                at: packet.at,
                bytes: packet.bytes,
                fields,
            });
        }
        Ok(())
    }
}

/// What is known of a packet from its block in the file.
fn frame(
    packet: &TracePacket<'_>,
    number: u32,
    [first, previous]: [Instant; 2],
    host: &str,
) -> Vec<(Field, Value)> {
    let name = packet.interface.name().unwrap_or(host);
    let since = |before: Instant| {
        let micros = packet.at.total_micros() - before.total_micros();
        Value::Time(i128::from(micros) * 1000)
    };
    let len = Value::Number(packet.length as u64);
    let mut fields = vec![
        (Field::Frame, Value::Present),
        (Field::FrameNumber, Value::Number(number.into())),
        (Field::FrameLen, len.clone()),
        (Field::FrameCapLen, len),
        (Field::FrameTimeRelative, since(first)),
        (Field::FrameTimeDelta, since(previous)),
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
