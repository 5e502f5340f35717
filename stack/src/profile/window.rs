//! What differs in the receive buffer and the window that follows from it.

use serde::{Deserialize, Serialize};

/// Which window is advertised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRules {
    /// The receive buffer, in octets, as an application would set it with SO_RCVBUF.
    pub receive_buffer: usize,
    /// How the window follows from the buffer.
    pub model: WindowModel,
    /// The buffer that an unchanged socket has inside, where the model counts more than payload;
    /// zero: the same as `receive_buffer`.
    pub default_space: usize,
    /// How the right edge follows what was read, where payload is all that counts.
    pub edge: WindowEdge,
    /// What the window is once the peer's FIN has come.
    pub behind_fin: BehindFin,
    /// What becomes of a segment that reaches beyond the right edge.
    pub beyond_edge: BeyondEdge,
    /// Where memory is charged: whether a packet that follows another is joined to it and costs no
    /// more than its payload. That depends on where the network card puts packets.
    pub coalesces: bool,
}

/// How the right edge follows what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowEdge {
    /// It moves by a whole segment or half of the buffer, or not at all (RFC 9293 section
    /// 3.8.6.2.2).
    WholeSegments,
    /// Each segment that is sent shows all that is free, and nothing where that is neither a segment
    /// nor a quarter of the buffer.
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
