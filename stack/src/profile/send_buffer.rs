//! What differs in the buffer of what a program writes.

use serde::{Deserialize, Serialize};

/// What takes room in a send buffer, and how it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendBufferRules {
    /// What takes room in it.
    pub counts: SendBufferCounts,
    /// What each packet in it takes beside its payload, where memory counts.
    pub overhead: usize,
    /// What it grows to at most while the congestion window grows, where memory counts.
    pub most: usize,
    /// The most octets that an application asks for, where memory counts.
    pub asked_most: usize,
}

/// What takes room in a send buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendBufferCounts {
    /// The octets that were written and not acknowledged.
    Payload,
    /// The memory of the packets that hold them. A write fills each packet that it has begun; what
    /// an application asks for is doubled; the buffer of one that has asked for nothing grows with
    /// the congestion window, and poll tells of room once a third of it is free.
    Memory,
}
