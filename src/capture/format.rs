//! The description of a trace format, and what can be asked of every one of them.

use std::io::Write;

use hangup_stack::network::HostId;

use super::error::PcapngError;
use super::trace::Trace;

/// A format that traces are written in.
#[derive(Clone, Copy, Debug)]
pub struct TraceFormat {
    /// Its name on the command line.
    pub name: &'static str,
    /// The extension of its files, without the dot.
    pub extension: &'static str,
    /// Whether golden traces are kept in it, and compared.
    pub is_golden: bool,
    /// Writes the trace as seen at a host, record by record. Many small writes: give it a buffer.
    ///
    /// # Errors
    /// What the format cannot hold, and what the output says.
    pub write: WriteTrace,
}

/// The function that writes a format.
pub type WriteTrace =
    fn(&Trace<'_>, HostId, &TraceOptions, &mut dyn Write) -> Result<(), PcapngError>;

/// What is written of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceOptions {
    /// Whether there are rows between the packets.
    pub rows: Rows,
    /// How many octets of a frame are kept.
    pub snaplen: u32,
    /// Whether addresses, ports and the epoch are the scenario's own.
    pub distinct: bool,
}

impl Default for TraceOptions {
    fn default() -> Self {
        Self {
            rows: Rows::Shown,
            snaplen: SNAPLEN,
            distinct: false,
        }
    }
}

/// Whether socket calls and what became of packets are rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// They are.
    Shown,
    /// They are, and a file has their interfaces even before there is one: more may come.
    Expected,
    /// Packets alone: programs on libpcap read no file with rows.
    Hidden,
}

/// The longest frame that is kept whole, in octets: what Wireshark itself uses. Zero would mean no
/// limit, but Wireshark shows it as "0 bytes".
pub const SNAPLEN: u32 = 262_144;
