//! What calls answer: invisible on the wire.

use serde::{Deserialize, Serialize};

use super::unconnected::Unconnected;

/// What calls answer after a receive shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallRules {
    /// What a receive answers after a receive shutdown.
    pub recv_after: RecvAfter,
    /// Whether the socket polls readable after a receive shutdown.
    pub readable_after: bool,
    /// What the application learns after its own stack reset the connection because of arriving
    /// data.
    pub error_after_reset: ErrorAfterReset,
    /// What the application learns of a connection that was given up.
    pub error_after_timeout: ErrorAfterTimeout,
    /// Whether each later call says again why the connection is gone, or only the first.
    pub errors_repeat: bool,
    /// Whether the receive queue tells why the connection is gone beside the socket, so that a
    /// receive does not take it from other calls.
    pub errors_queued: bool,
    /// What a reset that comes behind the end of the peer's stream is told as.
    pub reset_behind_end: ResetBehindEnd,
    /// Whether a reset that comes while both FINs are out, and ours is not acknowledged, is told as
    /// one.
    pub reset_while_closing: bool,
    /// Whether receives say the end of the peer's stream, once it has come, whatever else happens.
    pub end_hides_errors: bool,
    /// What the socket of a connection in TIME-WAIT is to its program.
    pub time_wait: TimeWaitSocket,
    /// Whether a peer's reset throws away what was unread.
    pub reset_purges_queue: bool,
    /// A bind of a socket to a port that a connection has.
    pub port_of_connection: PortOfConnection,
    /// A receive shutdown of a TCP socket that is not connected.
    pub unconnected: Unconnected,
    /// A receive shutdown where nothing more could be received.
    pub repeat: Repeat,
    /// A send shutdown after another one.
    pub repeat_send: Repeat,
    /// A receive shutdown of a listening socket.
    pub listener: ListenerShutdown,
    /// A shutdown of a TCP socket whose handshake has begun and is not answered.
    pub connecting: ConnectingShutdown,
    /// What `connect` says where the attempt that the call before it has begun is over.
    pub attempt_ends: AttemptEnds,
    /// A receive on such a socket.
    pub recv_connecting: ConnectingTransfer,
    /// A send on such a socket.
    pub send_connecting: ConnectingSend,
    /// A send on a TCP socket that was never connected.
    pub send_unconnected: SendUnconnected,
    /// What a send says of a connection that is over.
    pub send_after_end: SendAfterEnd,
    /// Accepting a connection that was reset meanwhile.
    pub accept_of_reset: AcceptOfReset,
    /// Which of several sockets that share their port by SO_REUSEPORT gets what comes.
    pub reuse_port: ReusePort,
    /// A send on a stream with MSG_EOR.
    pub end_of_record: EndOfRecord,
    /// What becomes of urgent data.
    pub urgent: UrgentData,
    /// What a receive does that has read the end of the stream.
    pub end_read: EndRead,
    /// Whether options can be set, and the peer's address be asked for, once the connection has
    /// ended.
    pub options_after_end: OptionsAfterEnd,
    /// Whether there is SO_LINGER.
    pub linger: LingerOption,
}

/// What the application learns of a connection that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorAfterTimeout {
    /// ETIMEDOUT, or what the network said last.
    TimedOut,
    /// ECONNABORTED.
    ConnectionAborted,
}

/// Which of several sockets that share their port by SO_REUSEPORT gets what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReusePort {
    /// Each some: a hash of the addresses says which.
    Shares,
    /// The last.
    Last,
    /// There is no such option: ENOPROTOOPT.
    NoOption,
}

/// What becomes of urgent data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UrgentData {
    /// Its last octet leaves the stream and is read by itself (MSG_OOB), unless SO_OOBINLINE is
    /// set.
    OutOfBand,
    /// It is in line with the rest, the pointer is ignored, and MSG_OOB fails: EINVAL.
    InLine,
}

/// A send on a stream with MSG_EOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndOfRecord {
    /// What is written later begins a segment of its own.
    EndsSegment,
    /// It is a send like others.
    Ignored,
    /// It fails: EINVAL.
    Fails,
}

/// What a receive does that has read the end of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndRead {
    /// Nothing: the next one reads it again.
    Repeats,
    /// It shuts the receive direction down.
    ShutsReceive,
}

/// Whether options can be set, and the peer's address be asked for, once the connection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptionsAfterEnd {
    /// Options can. There is no address any more once the connection is gone.
    Allowed,
    /// Both calls fail with EINVAL once both directions have ended, by whichever side.
    InvalidWithoutBoth,
    /// Both calls fail with EINVAL once nothing can be sent any more.
    InvalidWithoutSend,
    /// TCP's own options can no longer be set or read once the connection is gone: ECONNRESET.
    ResetWhenGone,
    /// Options can no longer be set or read once the connection is gone: EINVAL.
    InvalidWhenGone,
}

/// Whether there is SO_LINGER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LingerOption {
    /// There is.
    Supported,
    /// There is no such option: ENOPROTOOPT. Closing ends with a FIN.
    NoOption,
    /// It cannot be set: EOPNOTSUPP. Read, it is off.
    Unsupported,
}

/// What a receive answers after a receive shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecvAfter {
    /// What is queued, then the end of the stream.
    DataThenEof,
    /// The end of the stream, once what has happened to the connection was told.
    Eof,
    /// An error: receives are disallowed.
    Error,
    /// The error of a socket that is not connected. What has happened to the connection is left for
    /// other calls to tell.
    NotConnected,
}

/// What the application learns after its own stack reset the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorAfterReset {
    /// ECONNRESET, once.
    ConnectionReset,
    /// ECONNABORTED, once.
    ConnectionAborted,
    /// Nothing but the end of the stream.
    Eof,
}

/// A receive shutdown where nothing more could be received, after another one or the peer's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// It succeeds and changes nothing.
    Succeeds,
    /// It fails as on a socket that is not connected.
    Fails,
}

/// A receive shutdown of a listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerShutdown {
    /// It succeeds and the socket stops listening; a shutdown of the send direction succeeds and
    /// changes nothing.
    StopsListening,
    /// It fails as on a socket that is not connected.
    Fails,
    /// It fails so and takes effect all the same: one `accept` fails with an error, and the socket
    /// goes on listening.
    FailsAndAbortsAccept,
    /// It succeeds and the socket goes on listening, but without a receive buffer, which its
    /// connections would have from it: a SYN is answered with a window of 0, the end of the
    /// handshake with a reset. What was established before can be accepted; `accept` fails rather
    /// than wait.
    AbortsAccept,
}

/// A shutdown of a TCP socket whose handshake has begun and is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectingShutdown {
    /// It fails as on a socket that is not connected.
    Fails,
    /// It succeeds and ends the attempt, whatever the direction.
    Disconnects,
    /// It succeeds. One of the send direction ends the attempt; one of the receive direction alone
    /// does what it does later, and the attempt goes on.
    SendDisconnects,
    /// It succeeds and does what it does later, and the attempt goes on.
    GoesOn,
}

/// A receive on a TCP socket whose handshake is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectingTransfer {
    /// It fails as on a socket that is not connected.
    NotConnected,
    /// It waits, or would have to.
    WouldBlock,
}

/// A send on a TCP socket whose handshake is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectingSend {
    /// It fails as on a socket that is not connected.
    NotConnected,
    /// It waits, or would have to.
    WouldBlock,
    /// It fails because an operation is in progress.
    InProgress,
}

/// What a send says of a connection that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendAfterEnd {
    /// Why it is over, where no call has said so; then that nothing can be sent.
    Error,
    /// That nothing can be sent. Why stays for other calls to say.
    Shutdown,
    /// Why it is over, where no call has said so; then that the socket is not connected.
    ErrorThenNotConnected,
}

/// Accepting a connection that was reset meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptOfReset {
    /// It succeeds; calls on the socket tell of the reset.
    Succeeds,
    /// It fails as aborted, and the connection is gone from the queue.
    Aborts,
    /// The connection has gone from the queue, and the next one is taken.
    Vanishes,
}

/// What a reset is told as that comes behind the end of the peer's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetBehindEnd {
    /// A reset.
    Reset,
    /// An error of sending: EPIPE.
    BrokenPipe,
    /// Nothing: receives read the end again and sends fail as after a shutdown.
    Untold,
}

/// What the socket of a connection in TIME-WAIT is to its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeWaitSocket {
    /// That of a connection.
    Open,
    /// One that is not connected.
    Closed,
}

/// What `connect` says where the attempt that the call before it has begun is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptEnds {
    /// Why it is over, where no call has said so.
    Error,
    /// Why it is over, or else that it was aborted, also where the connection was there meanwhile;
    /// the next call begins another attempt.
    Once,
    /// Why it is over, where no call has said so; then that it was aborted, for ever.
    ThenAborted,
    /// Why it is over, where no call has said so; then that the socket is of no use, for ever.
    ThenInvalid,
    /// That it was refused, for ever, whatever ended it.
    Refused,
    /// That the socket is not connected, for ever. Why it is over stays for other calls to say.
    NotConnected,
}

/// A send on a TCP socket that was never connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendUnconnected {
    /// It fails as not connected.
    NotConnected,
    /// It fails as after a shutdown.
    Shutdown,
}

/// A bind to a port that a connection has, which came from a socket that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortOfConnection {
    /// It succeeds.
    Free,
    /// It fails, unless both sockets have SO_REUSEADDR.
    InUse,
    /// It fails, unless the socket that is bound has SO_REUSEADDR.
    InUseUnlessAsked,
}
