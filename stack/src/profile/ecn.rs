//! Explicit congestion notification (RFC 3168).

use serde::{Deserialize, Serialize};

/// Explicit congestion notification (RFC 3168).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EcnRules {
    /// Whether a SYN asks for it.
    pub asks: bool,
    /// Whether it is agreed on where the peer asks for it.
    pub answers: bool,
    /// How many times a SYN that is sent again goes on asking (RFC 3168 section 6.1.1.1).
    pub asks_again: u32,
    /// Whether the first mark of congestion is acknowledged without a delay.
    pub marks_at_once: bool,
}
