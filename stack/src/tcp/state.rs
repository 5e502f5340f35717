//! RFC 9293's states, and nothing else: whether data can still be read is a matter of the receive
//! half, not of the state.

/// A state of a connection (RFC 9293 section 3.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No connection.
    Closed,
    /// Waiting for a connection request from any peer.
    Listen,
    /// Waiting for a matching connection request after having sent one.
    SynSent,
    /// Waiting for the acknowledgment of our connection request after having received one and sent
    /// one.
    SynReceived,
    /// Open: data flows.
    Established,
    /// Waiting for the peer's FIN or for the acknowledgment of ours.
    FinWait1,
    /// Waiting for the peer's FIN.
    FinWait2,
    /// Waiting for the application's close; the peer has sent its FIN.
    CloseWait,
    /// Waiting for the acknowledgment of our FIN; the peer's has come.
    Closing,
    /// Waiting for the acknowledgment of our FIN, which answered the peer's.
    LastAck,
    /// Waiting until no old segment of this connection can be left in the network.
    TimeWait,
}

impl State {
    /// RFC 9293's name: `ESTABLISHED`, `FIN-WAIT-1`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }

    /// Whether both sides have agreed on their sequence numbers (RFC 9293 section 3.5.2, group 3).
    pub fn is_synchronized(self) -> bool {
        !matches!(
            self,
            Self::Closed | Self::Listen | Self::SynSent | Self::SynReceived
        )
    }

    /// Whether the peer may still send data.
    pub fn receives(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }

    /// Whether the application may still send data.
    pub fn sends(self) -> bool {
        matches!(self, Self::Established | Self::CloseWait)
    }
}
