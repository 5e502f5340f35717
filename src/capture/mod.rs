//! Traces: the packets that a capture on one host of a run would show, and between them the calls
//! of the applications.
//!
//! A [`Trace`] is the input: the hosts, the facts that the stack recorded and the socket calls.
//! [`pcapng`] writes it for Wireshark, [`text`] for people and for reviews; both read the same
//! records, so they cannot disagree. Each is a row of [`FORMATS`]: another format is a file and a
//! row. [`crate::files`] puts the result where it belongs.
//!
//! One file has one vantage point. Frames of two hosts in one file would make Wireshark see every
//! segment twice and call half of them retransmissions.

mod api_row;
mod comment;
mod distinct;
mod epoch;
mod error;
mod format;
mod packet;
mod pcap;
pub mod pcapng;
mod record;
pub mod text;
mod trace;

pub(crate) use comment::{Remarks, note};
pub use error::PcapngError;
pub use format::{Rows, SNAPLEN, TraceFormat, TraceOptions, WriteTrace};
pub(crate) use packet::{Packets, TracePacket};
pub use trace::{CallRow, FailedRow, Part, SocketEnds, Toward, Trace, TraceHost, TraceSummary};

/// The formats that traces are written in. The first is the one that a single file gets.
pub const FORMATS: [TraceFormat; 3] = [pcapng::FORMAT, text::FORMAT, pcap::FORMAT];

/// Reads the name of a format.
///
/// # Errors
/// There is none of this name.
pub fn format_named(name: &str) -> Result<TraceFormat, String> {
    let known = || FORMATS.map(|it| it.name).join(", ");
    let found = FORMATS
        .into_iter()
        .find(|it| it.name == name || it.extension == name);
    found.ok_or_else(|| format!("the formats of traces are {}", known()))
}
