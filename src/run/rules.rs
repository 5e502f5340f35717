//! The rules of matching: which fields of a packet are compared, as data.

use smoltcp::time::Duration;

/// What is compared of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What a segment has of which its line says nothing.
    pub unsaid: Unsaid,
    /// How the payload of a segment may come.
    pub parts: Parts,
    /// What a segment carries.
    pub payload: Payload,
    /// What sequence numbers are.
    pub numbering: Numbering,
    /// What the numbers of timestamps are.
    pub stamps: Stamps,
}

impl Rules {
    /// Those of scenarios.
    pub fn scenario() -> Self {
        Self {
            unsaid: Unsaid::Anything,
            parts: Parts::Whole,
            payload: Payload::AsSaid,
            numbering: Numbering::Relative,
            stamps: Stamps::OnTheWire,
        }
    }
}

/// What a segment has of which its line says nothing: sequence and acknowledgment numbers, the
/// urgent pointer, AE. A window and options that are not said are never looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// Whatever it is.
    Anything,
    /// Nothing: no payload, and fields that are 0.
    Nothing,
}

/// How the payload of a segment may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// In one segment.
    Whole,
    /// In several, of which each is judged as a part of the whole.
    Several,
}

/// What a segment carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// What its line says, where it says it.
    AsSaid,
    /// Zeros.
    Zeros,
}

/// What sequence numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// They count from the SYN of their side, which is 0 whatever is on the wire.
    Relative,
    /// Numbers of the script: a SYN has the number that is said, and the rest counts from the SYN
    /// of its side, or from 0 where there was none.
    Script,
}

/// What the numbers of timestamps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamps {
    /// Those on the wire.
    OnTheWire,
    /// Numbers of the script, which stand for those of the host.
    Mapped {
        /// How fast the host's clock goes, where that is compared.
        tick: Option<Tick>,
        /// Whether the script may echo a number that the host has never sent: it is as far from the
        /// first one as the script says.
        scaled_echo: bool,
    },
}

/// How fast a clock of timestamps goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// How long it takes for one.
    pub length: Duration,
    /// How far it may be off.
    pub tolerance: Duration,
}
