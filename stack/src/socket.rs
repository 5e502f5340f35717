//! Sockets as an application sees them: identifiers, directions, errors and status.
//!
//! Neutral between Winsock and POSIX. The calls themselves are methods of
//! [`Host`](crate::host::Host); none blocks. A call that would block says `WouldBlock` (or
//! `InProgress`); whoever emulates a blocking socket calls again after the network has made a step.

use smoltcp::time::{Duration, Instant};
use smoltcp::wire::IpEndpoint;

use crate::icmp::Unreachable;
use crate::spent::Spent;
use crate::tcp::{PathState, State};

/// A socket of a host. Never used again for another socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub usize);

/// The memory that a socket takes beside its queues, in octets, about.
pub const SOCKET_OCTETS: usize = 4096;

/// TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A byte stream.
    Tcp,
    /// Datagrams.
    Udp,
}

/// Which direction a shutdown ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `SHUT_RD`, `SD_RECEIVE`
    Receive,
    /// `SHUT_WR`, `SD_SEND`
    Send,
    /// `SHUT_RDWR`, `SD_BOTH`
    Both,
}

/// Why a connection is gone, as the application learns it from its next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gone {
    /// The peer reset it.
    #[error("the peer reset the connection")]
    Reset,
    /// The peer reset it behind the end of its stream, so that only sends can fail.
    #[error("the peer reset the connection, of which only the send direction was left")]
    BrokenPipe,
    /// This side reset it, because data arrived that nobody could read.
    #[error("the connection was reset from this side")]
    Aborted,
    /// Retransmissions went unanswered.
    #[error("the connection timed out")]
    TimedOut,
    /// The peer answered the SYN with a RST, or a datagram with the word that no socket has its
    /// port.
    #[error("the connection was refused")]
    Refused,
    /// The network said that it has no route.
    #[error("the network is unreachable")]
    NetworkUnreachable,
    /// The network said that it cannot reach the host, or must not.
    #[error("the host is unreachable")]
    HostUnreachable,
    /// The peer said that it does not have the protocol.
    #[error("the protocol is unreachable")]
    ProtocolUnreachable,
    /// The network said that the hop limit of a datagram was used up on the way.
    #[error("the hop limit was used up on the way")]
    Expired,
    /// The peer went on to acknowledge what was never sent.
    #[error("the peer does not keep to the protocol")]
    ProtocolError,
}

impl From<Unreachable> for Gone {
    fn from(error: Unreachable) -> Self {
        match error {
            Unreachable::Network => Self::NetworkUnreachable,
            Unreachable::Host | Unreachable::Prohibited | Unreachable::HopLimit => {
                Self::HostUnreachable
            }
            Unreachable::Protocol => Self::ProtocolUnreachable,
            Unreachable::Port => Self::Refused,
        }
    }
}

/// Why `bind` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The socket has an address already.
    #[error("the socket is bound already")]
    AlreadyBound,
    /// Another socket has the port.
    #[error("the port is in use")]
    InUse,
    /// The host does not have that address.
    #[error("the host does not have that address")]
    NotAvailable,
}

/// Why `listen` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// The socket has no address.
    #[error("the socket is not bound")]
    NotBound,
    /// It is connected or connecting.
    #[error("the socket is connected")]
    Connected,
    /// It is a datagram socket.
    #[error("datagram sockets cannot listen")]
    Unsupported,
}

/// Why `accept` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// No connection is waiting.
    #[error("no connection is waiting")]
    WouldBlock,
    /// The socket was shut down, and nothing more is waiting.
    #[error("the socket was shut down")]
    Aborted,
    /// The socket does not listen.
    #[error("the socket does not listen")]
    NotListening,
    /// It is a datagram socket.
    #[error("datagram sockets cannot accept")]
    Unsupported,
}

/// Why `connect` did not complete. Call it again while it says [`ConnectError::InProgress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The first call: the handshake has begun.
    #[error("the handshake has begun")]
    InProgress,
    /// A later call: the handshake is not finished yet.
    #[error("the handshake is not finished")]
    AlreadyInProgress,
    /// The socket is connected.
    #[error("the socket is connected")]
    AlreadyConnected,
    /// The socket listens.
    #[error("the socket listens")]
    Listening,
    /// No route to the address, or no address of that family.
    #[error("no route to the host")]
    Unreachable,
    /// An attempt ended, and the socket makes no other.
    #[error("the socket has had its attempt")]
    Spent,
    /// An attempt ended, and the socket is taken for one that is not connected.
    #[error("the socket is not connected")]
    NotConnected,
    /// The attempt ended; the socket says so once.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// Why `send` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The buffer is full.
    #[error("the send buffer is full")]
    WouldBlock,
    /// Not connected.
    #[error("the socket is not connected")]
    NotConnected,
    /// The handshake is not finished, on a system that says so.
    #[error("the handshake is not finished")]
    InProgress,
    /// The send direction was shut down, or the connection is over.
    #[error("the send direction was shut down")]
    Shutdown,
    /// A datagram longer than the protocol allows.
    #[error("the message is too long")]
    MessageTooLong,
    /// `sendto` without an address on a socket that has no peer.
    #[error("no destination")]
    NoDestination,
    /// No route to the address.
    #[error("no route to the host")]
    Unreachable,
    /// The connection ended; the socket says so once.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// Why `recv` failed. End of stream is `Ok(0)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecvError {
    /// Nothing to read now.
    #[error("nothing to read")]
    WouldBlock,
    /// Not connected.
    #[error("the socket is not connected")]
    NotConnected,
    /// A datagram socket without an address.
    #[error("the socket is not bound")]
    NotBound,
    /// The receive direction was shut down, and the profile disallows receives after that.
    #[error("the receive direction was shut down")]
    Shutdown,
    /// The datagram was longer than the buffer; this many octets were copied, the rest is lost.
    #[error("the datagram was longer than the buffer")]
    Truncated(usize),
    /// The connection ended; the socket says so once.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// Why `shutdown` failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShutdownError {
    /// Not connected. Whether the call took effect all the same is the profile's business.
    #[error("the socket is not connected")]
    NotConnected,
    /// The stack has no such call.
    #[error("the stack has no such call")]
    Unsupported,
}

/// Why an urgent octet cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrgentError {
    /// There is none beside the stream, or it was read.
    #[error("there is no urgent octet")]
    None,
    /// It was announced and has not come.
    #[error("the urgent octet has not come yet")]
    WouldBlock,
    /// There is no connection.
    #[error("the socket is not connected")]
    NotConnected,
}

/// How a `close` goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The descriptor is free at once; the connection finishes in the background, or was reset.
    Done,
    /// `SO_LINGER` with a time: the descriptor is still there; call
    /// [`Host::close`](crate::host::Host::close) again after a step until it says
    /// [`Closing::Done`], at the latest at this time.
    Lingers(Instant),
}

/// The two ends of a socket, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketEnds {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The local address.
    pub local: Option<IpEndpoint>,
    /// The peer's address.
    pub remote: Option<IpEndpoint>,
}

/// Everything an expectation can ask of a socket. Sequence numbers are relative: the SYN is 0, the
/// first octet 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// TCP's state; none for UDP.
    pub state: Option<State>,
    /// What the system tells programs the state is.
    pub told_state: Option<State>,
    /// Whether the profile's `poll` reports the socket readable.
    pub readable: bool,
    /// Whether it reports it writable.
    pub writable: bool,
    /// Whether it reports the peer's or own end of receiving (POLLRDHUP).
    pub receive_ended: bool,
    /// Whether it reports both directions ended (POLLHUP).
    pub hung_up: bool,
    /// Whether the peer's FIN was taken.
    pub peer_closed: bool,
    /// Payload octets that can be read, or (after a receive shutdown) could have been: the unread
    /// queue.
    pub queued: usize,
    /// Those of them that come before an urgent one.
    pub before_mark: usize,
    /// Whether an urgent octet waits to be read (POLLPRI).
    pub urgent: bool,
    /// Whether what is read next is urgent, or was (SIOCATMARK).
    pub at_mark: bool,
    /// Octets accepted and not acknowledged to the peer.
    pub held: usize,
    /// The relative sequence number up to which data was taken.
    pub accepted: u64,
    /// The relative sequence number in our ACK field.
    pub acknowledged: u64,
    /// The relative sequence number of the right edge of the window we advertised.
    pub right_edge: u64,
    /// The window we advertise, in octets.
    pub window: u64,
    /// Octets sent and not acknowledged by the peer.
    pub unacked: usize,
    /// Octets the application wrote and TCP has not sent yet.
    pub unsent: usize,
    /// The relative sequence number behind the last octet that was written.
    pub written: u64,
    /// That of the first octet without an acknowledgment.
    pub first_unacknowledged: u64,
    /// The window the peer advertises, in octets.
    pub send_window: u64,
    /// The congestion window in octets.
    pub cwnd: usize,
    /// The slow start threshold in octets.
    pub ssthresh: usize,
    /// The retransmission timeout.
    pub rto: Duration,
    /// The smoothed round-trip time, once measured.
    pub srtt: Option<Duration>,
    /// The smoothed deviation of the round-trip time, once measured.
    pub rttvar: Option<Duration>,
    /// Segments sent again so far.
    pub retransmissions: u64,
    /// When the handshake of a connection was finished.
    pub opened_at: Option<Instant>,
    /// What the sender takes the path for; none where the host does not say.
    pub path: Option<PathState>,
    /// The largest segment that is sent, in octets of payload.
    pub mss: usize,
    /// Whether both sides use timestamps (RFC 7323).
    pub timestamps: bool,
    /// Whether both report what they have by SACK blocks (RFC 2018).
    pub selective: bool,
    /// By how many bits the windows are shifted, the peer's and ours; none: not at all.
    pub scales: Option<(u8, u8)>,
    /// Segments that the peer has reported beyond what it acknowledges (RFC 2018).
    pub reported: usize,
    /// How often segments were seen to arrive behind later ones, and by how many at most.
    pub reordering: (u32, usize),
    /// Whether data has arrived with a SYN of the connection (RFC 7413).
    pub syn_data: bool,
    /// The entries of the error queue, and how many have ever been made.
    pub reports: (usize, u64),
    /// For how long the connection had something to send, and what it has waited for.
    pub spent: Spent,
    /// When data was sent last, when it came, and when an acknowledgment did.
    pub last: LastTimes,
    /// How often the retransmission timeout has doubled.
    pub doublings: u32,
    /// Timeouts since anything new was acknowledged.
    pub timeouts: u32,
    /// Probes without an answer.
    pub probes: u32,
    /// The shortest round-trip time, once measured.
    pub least_round_trip: Option<Duration>,
    /// Segments, SYNs included, that the peer was said or reported to have.
    pub delivered: u64,
    /// Segments that were sent again and not acknowledged or reported since.
    pub repeated: usize,
    /// Segments that count as lost, those that were sent again included.
    pub lost: usize,
    /// What has come so far that can be received: octets of a stream, and its end; datagrams;
    /// connections of a socket that listens. It tells a wake-up from the same state as before.
    pub arrivals: u64,
    /// Why the connection is gone, until a call has said so.
    pub error: Option<Gone>,
    /// The local address.
    pub local: Option<IpEndpoint>,
    /// The peer's address.
    pub remote: Option<IpEndpoint>,
}

/// When something has happened last on a connection; its handshake counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastTimes {
    /// Something was sent.
    pub sent: Instant,
    /// Data came.
    pub data: Instant,
    /// An acknowledgment came.
    pub acknowledgment: Instant,
}

impl LastTimes {
    /// Those of a socket on which nothing has happened.
    pub const NONE: Self = Self {
        sent: Instant::ZERO,
        data: Instant::ZERO,
        acknowledgment: Instant::ZERO,
    };
}

/// Whether a read takes what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// It does.
    Yes,
    /// It leaves it in the queue.
    No,
}

impl Status {
    /// The status of a socket that has a state and nothing else.
    pub(crate) fn of_state(state: State) -> Self {
        Self {
            protocol: Protocol::Tcp,
            state: Some(state),
            told_state: Some(state),
            readable: false,
            writable: false,
            receive_ended: false,
            hung_up: false,
            peer_closed: false,
            queued: 0,
            before_mark: 0,
            urgent: false,
            at_mark: false,
            held: 0,
            accepted: 0,
            acknowledged: 0,
            right_edge: 0,
            window: 0,
            unacked: 0,
            unsent: 0,
            written: 0,
            first_unacknowledged: 0,
            send_window: 0,
            cwnd: 0,
            ssthresh: 0,
            rto: Duration::ZERO,
            srtt: None,
            rttvar: None,
            retransmissions: 0,
            opened_at: None,
            path: None,
            mss: 0,
            timestamps: false,
            selective: false,
            scales: None,
            reported: 0,
            reordering: (0, 0),
            syn_data: false,
            reports: (0, 0),
            spent: Spent::default(),
            last: LastTimes::NONE,
            doublings: 0,
            timeouts: 0,
            probes: 0,
            least_round_trip: None,
            delivered: 0,
            repeated: 0,
            lost: 0,
            arrivals: 0,
            error: None,
            local: None,
            remote: None,
        }
    }
}
