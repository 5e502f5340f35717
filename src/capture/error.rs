//! Errors of writing a capture file.

use std::io;

use hangup_stack::network::HostId;
use pcap_file::pcapng::PcapNgWriteError;

/// Why a trace could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PcapngError {
    /// The vantage host is none of the trace's hosts.
    #[error("there is no host number {} to show a trace of", .0.0)]
    NoSuchHost(HostId),
    /// Applications need an address each, and there are more hosts than addresses.
    #[error("no address is left to show the application of host {0}: there are too many hosts")]
    TooManyHosts(String),
    /// The output takes no more.
    #[error("cannot write the trace: {0}")]
    Io(#[from] io::Error),
    /// pcapng has no way to say it: a time beyond the year 2554.
    #[error("the trace cannot be written as pcapng: {0}")]
    Format(String),
}

impl From<PcapNgWriteError> for PcapngError {
    fn from(error: PcapNgWriteError) -> Self {
        match error {
            PcapNgWriteError::Io(error) => Self::Io(error),
            PcapNgWriteError::Validation { field, source } => {
                Self::Format(format!("{field}: {source}"))
            }
            // These come from raw blocks, and none is written here.
            error @ (PcapNgWriteError::InvalidFormat(_) | PcapNgWriteError::StateUpdate(_)) => {
                Self::Format(error.to_string())
            }
        }
    }
}
