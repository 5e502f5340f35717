//! Errors of writing a capture file.

use std::io;

use hangup_stack::network::HostId;
use pcap_file::pcap::PcapWriteError;
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
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The format has no way to say it: a time beyond the year 2554, or 2106 in an old pcap.
    #[error("the trace cannot be written in this format: {0}")]
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

impl From<PcapWriteError> for PcapngError {
    fn from(error: PcapWriteError) -> Self {
        match error {
            PcapWriteError::Io(error) => Self::Io(error),
            error @ (PcapWriteError::FieldWriteFailed(..) | PcapWriteError::Validation(_)) => {
                Self::Format(error.to_string())
            }
        }
    }
}

impl From<PcapngError> for io::Error {
    fn from(error: PcapngError) -> Self {
        match error {
            PcapngError::Io(error) => error,
            PcapngError::NoSuchHost(_) | PcapngError::TooManyHosts(_) | PcapngError::Format(_) => {
                Self::other(error)
            }
        }
    }
}
