//! Forged packets: those that a script injects, and all that a host without a stack sends.
//!
//! A line has numbers relative to the beginning of a connection, and may leave fields out: this
//! module turns it into the fields that [`frame`] writes. Every function returns none for a packet
//! that is too long for IP.

use hangup_stack::signature::signature;
use hangup_stack::tcp::segment::TCP_HEADER;

use crate::notation::Origins;
use crate::scenario::detail::{Detail, IpFields, QuotedPacket, Signing};
use crate::scenario::script::{OptionsPattern, Segment, TcpOption};
use crate::wire::frame::{self, Ends, IpMarks, TcpFields};
use crate::wire::option::kind;
use crate::wire::{Carrier, Icmp};

/// The window of a forged segment whose line does not say one.
const DEFAULT_WINDOW: u16 = u16::MAX;

/// A frame with a TCP segment.
pub(super) fn segment(
    ends: &Ends,
    wanted: &Segment,
    detail: &Detail,
    origins: Origins,
) -> Option<Vec<u8>> {
    let sequence = wanted.sequence.as_ref().map(|sequence| sequence.value);
    let length = sequence.map_or(0, |sequence| usize::from(sequence.length));
    // Blocks are relative to the receiver's numbers, which they speak of.
    let options = match wanted.options.as_ref().map(|options| &options.value) {
        Some(OptionsPattern::Exact(list)) => {
            list.iter().map(|it| it.value.moved(origins.ack)).collect()
        }
        Some(OptionsPattern::Any) | None => Vec::new(),
    };
    let start = sequence.map_or(0, |sequence| sequence.start);
    let origin = |is_absolute: bool, origin: u32| if is_absolute { 0 } else { origin };
    let fields = TcpFields {
        sequence: origin(detail.absolute_sequence, origins.seq).wrapping_add(start),
        acknowledgment: wanted.acknowledgment.as_ref().map_or(0, |acknowledged| {
            origin(detail.absolute_acknowledgment, origins.ack).wrapping_add(acknowledged.value)
        }),
        flags: wanted.flags.value,
        window: wanted.window.as_ref().map_or(DEFAULT_WINDOW, |it| it.value),
        urgent: detail.urgent.as_ref().map_or(0, |urgent| urgent.value),
        options,
    };
    let mut frame = match wanted.data.as_ref().map(|data| &data.value) {
        Some(data) if data.len() == length => frame::segment(ends, &fields, data)?,
        Some(_) | None => frame::segment(ends, &fields, &alphabet(length))?,
    };
    if let Some(signing) = &detail.signature {
        sign(&mut frame, ends, &fields.options, signing);
    }
    match &detail.carrier {
        Some(carrier) => frame::in_datagram(&frame, ends, carrier.value),
        None => Some(frame),
    }
}

/// Puts a signature, or what is none, into the option for it.
fn sign(frame: &mut [u8], ends: &Ends, options: &[TcpOption], signing: &Signing) {
    let is_it = |option: &TcpOption| option.kind() == Some(kind::MD5);
    let Some(place) = options.iter().position(is_it) else {
        return;
    };
    let before: usize = options[..place].iter().map(TcpOption::length).sum();
    frame::change_segment(frame, ends, |octets| {
        let addresses = (ends.source.addr, ends.destination.addr);
        let begin = TCP_HEADER + before + 2;
        if let Some(mut signed) = signature(octets, addresses, &signing.secret)
            && let Some(room) = octets.get_mut(begin..begin + signed.len())
        {
            signed[0] ^= u8::from(!signing.is_valid);
            room.copy_from_slice(&signed);
        }
    });
}

/// A frame with a UDP datagram of so many octets.
pub(super) fn datagram(ends: &Ends, length: usize) -> Option<Vec<u8>> {
    frame::datagram(ends, &alphabet(length), true)
}

/// So many octets, which are the letters again and again.
fn alphabet(length: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(length).collect()
}

/// What stands behind the header of an ICMP message of so many octets that quotes nothing.
pub(super) fn blank_message(length: u16) -> Vec<u8> {
    vec![0; usize::from(length).saturating_sub(Icmp::HEADER)]
}

/// A frame with the beginning of a packet that an ICMP error is about, which need never have been
/// sent. `sequence` is the number on the wire. Empty where there is no such packet.
pub(super) fn about(
    ends: &Ends,
    packet: QuotedPacket,
    carrier: Option<Carrier>,
    sequence: u32,
) -> Option<Vec<u8>> {
    let zeros = |length: u16| vec![0; usize::from(length)];
    match packet {
        QuotedPacket::Segment { length, .. } => {
            let fields = TcpFields {
                sequence,
                ..TcpFields::default()
            };
            let frame = frame::segment(ends, &fields, &zeros(length))?;
            match carrier {
                Some(carrier) => frame::in_datagram(&frame, ends, carrier),
                None => Some(frame),
            }
        }
        QuotedPacket::Udp { length } => frame::datagram(ends, &zeros(length), false),
        QuotedPacket::Raw { .. } => Some(Vec::new()),
    }
}

/// Puts the fields that are said into the IP header of a whole frame.
pub(super) fn mark(octets: &mut [u8], fields: &IpFields) {
    if *fields == IpFields::default() {
        return;
    }
    let marks = IpMarks {
        service: fields.service.as_ref().map(|it| it.value.octet),
        hop_limit: fields.hop_limit.as_ref().map(|it| it.value),
        flow_label: fields.flow_label.as_ref().map(|it| it.value),
    };
    frame::mark(octets, marks);
}
