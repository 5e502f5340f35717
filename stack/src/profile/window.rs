//! What differs in the receive buffer and the window that follows from it.

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

use super::duration;

/// Which window is advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRules {
    /// The receive buffer, in octets, as an application would set it with SO_RCVBUF.
    pub receive_buffer: usize,
    /// The most octets that the window of a SYN shows, whatever the buffer holds.
    pub syn: usize,
    /// The same of a SYN-ACK.
    pub syn_ack: usize,
    /// How the window follows from the buffer.
    pub model: WindowModel,
    /// The buffer that an unchanged socket has inside, where the model counts more than payload;
    /// zero: the same as `receive_buffer`.
    pub default_space: usize,
    /// What that buffer may grow to where the model counts more than payload.
    pub space_most: usize,
    /// The most octets that an application asks for with SO_RCVBUF, where the model counts more
    /// than payload.
    pub asked_most: usize,
    /// Whether the share of memory that is payload is learnt from what arrives, where the model
    /// counts more than payload; else it is half.
    pub learns_ratio: bool,
    /// How the buffer grows with what the application reads, where the model counts more than
    /// payload.
    pub tuning: ReceiveTuning,
    /// What becomes of a segment in the window for which there is no memory.
    pub out_of_memory: OutOfMemory,
    /// Whether a closed window takes a FIN without data.
    pub closed_takes_fin: bool,
    /// How the right edge follows what was read, where payload is all that counts.
    pub edge: WindowEdge,
    /// Whether data that waits for earlier data takes room, where payload is all that counts.
    pub gaps_take_room: bool,
    /// What the window is once the peer's FIN has come.
    pub behind_fin: BehindFin,
    /// Whether the buffer grows to a whole number of segments once the handshake has settled how
    /// long they are, where payload is all that counts.
    pub rounding: BufferRounding,
    /// How a window is rounded that its field cannot show (RFC 7323 section 2.3).
    pub field: FieldRounding,
    /// What becomes of a segment that reaches beyond the right edge.
    pub beyond_edge: BeyondEdge,
    /// How many octets of what was not read take no room, where payload is all that counts: they
    /// stand in a second buffer, behind the one that the window is of.
    pub second_buffer: usize,
    /// How little of it may be unread for the window to open again, all at once, after it was full;
    /// zero: what is read makes room.
    pub second_buffer_low: usize,
    /// How long data waits for earlier data before it is thrown away; zero: for ever.
    #[serde(with = "duration")]
    pub gap_lifetime: Duration,
    /// For how many of our retransmission timeouts it waits without a segment of the peer; zero:
    /// for any number.
    pub gap_timeouts: u32,
    /// Where memory is charged: whether a packet that follows another is joined to it and costs no
    /// more than its payload. That depends on where the network card puts packets.
    pub coalesces: bool,
}

/// What becomes of a segment in the window for which there is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutOfMemory {
    /// It is dropped, and the window is closed at once.
    Closes,
    /// It is dropped.
    Silence,
}

/// How a receive buffer grows with what the application reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReceiveTuning {
    /// It does not.
    Off,
    /// By what is read in a round trip.
    ByReads,
    /// The same, less what waits in the queue: who reads late makes it grow late.
    ByReadsAndQueue,
}

/// Whether a buffer grows to a whole number of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BufferRounding {
    /// It stays as it was set.
    None,
    /// It grows to a multiple of the maximum segment size, options included.
    Segments,
    /// It grows to a multiple of what a segment carries beside its options.
    Payloads,
}

impl BufferRounding {
    /// A buffer of so many octets, rounded to segments that carry `payload` octets beside options
    /// of `options` octets. One that does not hold a segment stays as it is.
    pub fn of(self, octets: usize, payload: usize, options: usize) -> usize {
        let unit = match self {
            Self::None => return octets,
            Self::Segments => payload + options,
            Self::Payloads => payload,
        };
        if octets > unit {
            octets.next_multiple_of(unit.max(1))
        } else {
            octets
        }
    }
}

/// How a window is rounded that its field cannot show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldRounding {
    /// Down, but never so that the right edge moves left.
    Down,
    /// Up.
    Up,
}

/// How the right edge follows what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowEdge {
    /// It moves by a whole segment or half of the buffer, or not at all (RFC 9293 section
    /// 3.8.6.2.2).
    WholeSegments,
    /// Each segment that is sent shows all that is free, and nothing where that is neither a
    /// segment nor a quarter of the buffer.
    FreeSpace,
}

/// What the window is once the peer's FIN has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BehindFin {
    /// The right edge stays where it was: there is nothing to make room for.
    Frozen,
    /// It is selected as before.
    Selected,
}

/// What becomes of a segment that reaches beyond the right edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BeyondEdge {
    /// The part inside the window is taken (RFC 9293 section 3.10.7.4).
    Trim,
    /// The whole segment is refused, except that an empty queue takes one of any size.
    RefuseUnlessEmpty,
    /// The whole segment is taken, if any part of it lies in the window.
    Whole,
}

/// How the window follows from the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowModel {
    /// The free part of the buffer, in octets of payload.
    FreeSpace,
    /// The buffer is charged with each packet's memory, and a share of what is free is
    /// advertised.
    Memory,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_grow_to_whole_segments() {
        use BufferRounding::{None, Payloads, Segments};
        // Measured: 65,700 and 66,240 in FreeBSD's tests, 131,768 of macOS, 66,792 of Windows.
        let rows = [
            (None, 65_536, 1460, 0, 65_536),
            (Segments, 65_536, 1460, 0, 65_700),
            (Segments, 65_536, 1428, 12, 66_240),
            (Payloads, 131_072, 1448, 12, 131_768),
            (Segments, 65_536, 1452, 0, 66_792),
            (Segments, 4000, 1000, 0, 4000),
            (Segments, 1000, 1460, 0, 1000),
        ];
        for (rounding, octets, payload, options, expected) in rows {
            assert_eq!(
                rounding.of(octets, payload, options),
                expected,
                "{rounding:?} {octets} {payload}"
            );
        }
    }
}
