//! Which segments are believed, and how the others are answered (RFC 9293 section 3.10.7.4, RFC
//! 5961).

use serde::{Deserialize, Serialize};

/// Which segments are believed, and how the others are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceRules {
    /// Up to where a segment is acceptable.
    pub window: AcceptableWindow,
}

/// Up to where a segment is acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptableWindow {
    /// To the right edge that was advertised (RFC 9293 section 3.10.7.4).
    Advertised,
    /// To the end of the free part of the buffer, where that lies beyond.
    FreeSpace,
}
