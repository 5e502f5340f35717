//! The description of a trace format: its extension, and the function that writes it.

use hangup_stack::network::HostId;

use super::error::PcapngError;
use super::trace::Trace;

/// A format that traces are written in.
#[derive(Clone, Copy, Debug)]
pub struct TraceFormat {
    /// The extension of its files, without the dot.
    pub extension: &'static str,
    /// Whether golden traces are kept in it, and compared.
    pub is_golden: bool,
    /// The trace as seen at a host, as the octets of a file.
    ///
    /// # Errors
    /// What the format cannot hold.
    pub to_bytes: fn(&Trace<'_>, HostId) -> Result<Vec<u8>, PcapngError>,
}
