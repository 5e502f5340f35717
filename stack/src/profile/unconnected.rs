//! What a shutdown of a socket without a connection does.

use serde::{Deserialize, Serialize};

/// A receive shutdown of a socket that is not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unconnected {
    /// It fails and changes nothing.
    Fails,
    /// It fails and takes effect all the same.
    FailsButTakesEffect,
    /// It succeeds.
    Succeeds,
}
