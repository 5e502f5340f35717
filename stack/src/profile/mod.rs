//! What differs between systems, as data.
//!
//! A profile is a plain struct, read from and written as TOML. The built-in ones are the `.toml`
//! files beside this file: each value stands there with its source and how sure we are of it
//! (measured, read, documented, assumed). A profile may extend another, and so may a scenario's
//! own: whatever it does not say is inherited.

mod built_in;
mod datagram;
mod duration;
mod knobs;
mod origin;
mod window;
mod winsock;

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

pub use built_in::{aliases, names, source};
pub use datagram::{
    IcmpRules, OpenErrors, OpeningErrors, UdpArriving, UdpError, UdpErrorsReach, UdpQueued,
    UdpRecvAfter, UdpRules, UdpShutdown,
};
pub use duration::{ParseDurationError, format_duration, parse_duration};
pub use knobs::KnobError;
pub use origin::{Mark, Origin, origins};
pub use window::{BeyondEdge, WindowModel, WindowRules};
pub use winsock::{CloseEvent, CloseWithReceive, ResetName, WaitingReceives, WinsockRules};

/// Everything that differs between systems. Each field of the structs below is a knob with a dotted
/// name (`receive_shutdown.capacity`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What it is, in a line.
    pub title: String,
    /// What calls its hosts have.
    pub api: Api,
    /// Whose TCP runs.
    pub transport: Transport,
    /// What a receive shutdown does.
    pub receive_shutdown: ReceiveShutdown,
    /// What resets look like.
    pub reset: ResetForms,
    /// What closing does.
    pub close: CloseRules,
    /// What calls answer: invisible on the wire.
    pub calls: CallRules,
    /// Which TCP options are offered and how they are laid out.
    pub options: OptionRules,
    /// How data is sent.
    pub send: SendRules,
    /// The retransmission timer.
    pub rto: RtoRules,
    /// When a sender gives up.
    pub give_up: GiveUpRules,
    /// Probing of idle connections.
    pub keep_alive: KeepAliveRules,
    /// When data is acknowledged.
    pub acknowledge: AcknowledgeRules,
    /// Which window is advertised.
    pub window: WindowRules,
    /// How long states last.
    pub linger: StateTimes,
    /// Datagrams.
    pub udp: UdpRules,
    /// Errors from the network.
    pub icmp: IcmpRules,
    /// What only programs of the Windows Sockets interface can see. None: as its pages say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winsock: Option<WinsockRules>,
    /// ISO transport over TCP; none: the system has no provider of it. Nothing in this crate looks
    /// at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iso: Option<IsoRules>,
}

/// What calls a host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Api {
    /// `socket` ... `close`, errors by errno name.
    Posix,
    /// `WSAStartup` ... `closesocket`, errors by WSAE name.
    Winsock,
}

/// Whose TCP runs on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// This crate's endpoint.
    Hangup,
    /// smoltcp's unmodified socket; only `api`, `window.receive_buffer` and `send.send_buffer`
    /// apply.
    Smoltcp,
}

/// What a receive shutdown does to data that is queued, to data that arrives, and to the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiveShutdown {
    /// Unread data in the queue at the call.
    pub queued: Queued,
    /// New data afterwards.
    pub arriving: Arriving,
    /// Whether what is queued afterwards is acknowledged while only the receive direction is shut.
    pub acknowledge: Acknowledge,
    /// The buffer's capacity after the call, from which the window follows (and never moves left).
    pub capacity: Capacity,
    /// Whether reading what is queued sends a window update.
    pub window_update: bool,
    /// Which data resets, where `arriving` says reset.
    pub reset_scope: ResetScope,
    /// How a segment that lies beyond the right edge is answered afterwards.
    pub at_edge: AtEdge,
}

/// What a receive shutdown does to data that is already queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Queued {
    /// It stays queued.
    Keep,
    /// It is thrown away.
    Discard,
    /// The connection is reset.
    Reset,
}

/// What happens to data that arrives after a receive shutdown, by phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arriving {
    /// Only the receive direction is shut.
    pub rd: OnArrival,
    /// Both directions are shut, the descriptor is open.
    pub rdwr: OnArrival,
    /// The descriptor is closed.
    pub orphan: OnArrival,
}

/// What happens to data that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnArrival {
    /// It is queued.
    Queue,
    /// It is acknowledged and thrown away.
    Discard,
    /// The connection is reset.
    Reset,
}

/// Whether data that is queued after a receive shutdown is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acknowledge {
    /// It is.
    Normal,
    /// It is not, and it is not answered either.
    Withhold,
    /// It is not: each segment is answered with the frozen acknowledgment, a duplicate ACK.
    Duplicate,
}

/// The receive buffer's capacity after a receive shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Capacity {
    /// As before.
    Keep,
    /// Nothing: the right edge stands still and the window counts down.
    Zero,
    /// As before, but data that the call threw away goes on taking its room.
    Charged,
}

/// Which data resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetScope {
    /// New data in the window, in order or not.
    InWindow,
    /// New data once it is in order.
    InOrder,
    /// Any new octet, even beyond the window.
    AnyNewOctet,
}

/// How a segment beyond the right edge is answered, a probe of a closed window among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtEdge {
    /// With an acknowledgment (RFC 9293 section 3.10.7.4).
    Acknowledge,
    /// Not at all.
    Silence,
}

/// What resets look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetForms {
    /// The window field of a reset that this side begins (close, linger 0, abort).
    pub active_window: ResetWindow,
    /// A reset in answer to a segment on a synchronized connection.
    pub reactive: ReactiveReset,
    /// Its window field, where it is made from the connection; from a segment it is zero.
    pub reactive_window: ResetWindow,
}

/// The window field of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetWindow {
    /// What an acknowledgment would advertise.
    Current,
    /// Zero.
    Zero,
    /// The whole receive buffer, whatever is free of it.
    Buffer,
}

/// Where a reset in answer to a segment takes its fields from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReactiveReset {
    /// `<SEQ=SEG.ACK><CTL=RST>`, as from a closed port.
    FromSegment,
    /// `<SEQ=SND.NXT><CTL=RST>`
    FromTcb,
    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>`, without the data that caused it.
    FromTcbAck,
    /// The same, and the data that caused it is acknowledged.
    FromTcbAckAfter,
}

/// What closing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRules {
    /// Closing over data in the queue that was not read, or was held.
    pub with_unread: Ending,
    /// Closing over data that waits for earlier data.
    pub with_out_of_order: Ending,
    /// Closing after a receive shutdown has thrown data away.
    pub with_discarded: Ending,
    /// What shutting down both directions is, by one call or by two.
    pub shut_both: ShutBoth,
}

/// How a connection ends over data that nobody will read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// With a reset, to show that data was lost (RFC 9293 section 3.6.1).
    Reset,
    /// With a FIN.
    Fin,
}

/// What shutting down both directions is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShutBoth {
    /// A FIN, and no more.
    Fin,
    /// A close: what it leaves unread resets there and then.
    AsClose,
}

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
    /// Whether each later call says again why the connection is gone, or only the first.
    pub errors_repeat: bool,
    /// Whether a reset that comes behind the end of the peer's stream is told as one. Where it is
    /// not, receives read the end again and sends fail as after a shutdown.
    pub reset_behind_end: bool,
    /// Whether a peer's reset throws away what was unread.
    pub reset_purges_queue: bool,
    /// A receive shutdown of a TCP socket that is not connected.
    pub unconnected: Unconnected,
    /// A receive shutdown where nothing more could be received.
    pub repeat: Repeat,
    /// A receive shutdown of a listening socket.
    pub listener: ListenerShutdown,
    /// A shutdown of a TCP socket whose handshake has begun and is not answered.
    pub connecting: ConnectingShutdown,
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
    /// The error of a socket that is not connected, once what has happened to the connection was
    /// told.
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
    /// It succeeds and the socket stops listening.
    StopsListening,
    /// It fails as on a socket that is not connected.
    Fails,
    /// It fails so and takes effect all the same: one `accept` fails with an error, and the socket
    /// goes on listening.
    FailsAndAbortsAccept,
    /// It succeeds and the socket goes on listening, but `accept` fails rather than wait.
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
}

/// Which TCP options are offered and how they are laid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionRules {
    /// The options of a SYN (and, where the peer offered them too, of a SYN-ACK) in their order.
    /// The options of a group stand next to each other; a group fills whole 32-bit words.
    pub syn: Vec<Vec<SynOption>>,
    /// Where the padding of a group goes.
    pub padding: Padding,
    /// The shift of the windows we advertise, where window scaling is negotiated (RFC 7323 section
    /// 2).
    pub window_scale: u8,
    /// Whether a receive buffer that was asked for (SO_RCVBUF) is scaled no more than it needs.
    pub scale_to_buffer: bool,
    /// The maximum segment size we announce; without one it follows from the host's MTU (RFC 6691).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    /// The duration of one tick of the timestamp clock (RFC 7323 section 5.4).
    #[serde(with = "duration")]
    pub timestamp_tick: Duration,
}

/// An option of a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SynOption {
    /// Maximum segment size (RFC 9293 section 3.7.1).
    Mss,
    /// Window scale (RFC 7323 section 2.2).
    WindowScale,
    /// Selective acknowledgment permitted (RFC 2018 section 2).
    SackPermitted,
    /// Timestamps (RFC 7323 section 3.2).
    Timestamps,
}

/// Where the padding of an option group goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// No-operations before the group.
    Before,
    /// No-operations only where an option needs its alignment, end-of-list octets behind the last
    /// option.
    After,
}

/// How data is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRules {
    /// The send buffer, in octets.
    pub send_buffer: usize,
    /// The initial congestion window, in segments (RFC 6928); zero: no congestion control at all.
    pub initial_window: usize,
    /// How the congestion window grows and shrinks.
    pub congestion: Algorithm,
    /// What becomes of it when nothing was sent for a retransmission timeout (RFC 5681 section
    /// 4.1).
    pub restart: Restart,
    /// Whether the first two duplicate acknowledgments each let a new segment out (RFC 3042).
    pub limited_transmit: bool,
    /// What the congestion window counts.
    pub window_unit: WindowUnit,
    /// When a segment that is not full waits (RFC 9293 section 3.7.4).
    pub nagle: Nagle,
    /// How segments are cut from what was written.
    pub segmentation: Segmentation,
    /// Which segments carry PSH.
    pub push: Push,
    /// Whether a tail loss probe is sent where SACK was negotiated (RFC 8985 section 7).
    pub tail_loss_probe: bool,
    /// Whether a retransmission takes the following small segments with it.
    pub collapse_retransmissions: bool,
    /// Duplicate acknowledgments that make a fast retransmission (RFC 5681 section 3.2).
    pub duplicate_threshold: usize,
    /// What a probe of a closed window carries (RFC 9293 section 3.8.6.1).
    pub window_probe: WindowProbe,
    /// When a FIN follows what was written.
    pub fin: FinTiming,
}

/// When a FIN follows what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinTiming {
    /// At once, in the last segment or behind it (RFC 9293 section 3.10.4).
    BehindData,
    /// Once everything before it was acknowledged.
    WhenAcknowledged,
}

/// What the congestion window counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowUnit {
    /// Octets.
    Octets,
    /// Segments, however short.
    Segments,
}

/// How the congestion window grows and shrinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// By a segment a round trip, and by half (RFC 5681, RFC 6582).
    Reno,
    /// By the time since the last loss, and by three tenths (RFC 9438).
    Cubic,
}

/// What becomes of the congestion window of an idle connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restart {
    /// It stays.
    Never,
    /// It is the initial window again.
    InitialWindow,
    /// It is halved for each timeout that has passed, down to the initial window.
    Halve,
}

/// When a segment that is not full waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nagle {
    /// While anything is unacknowledged (RFC 9293 section 3.7.4).
    AnyUnacknowledged,
    /// While another segment that was not full is unacknowledged.
    SmallUnacknowledged,
    /// Never.
    Off,
}

/// Which segments carry PSH.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Push {
    /// The segment that ends a write.
    EndOfWrite,
    /// The segment that empties the send buffer.
    EmptiesBuffer,
    /// The segment that ends a write or, in a long write, half of the peer's largest window, and
    /// the last of several that go out as a burst. The PSH of a burst is not repeated when its last
    /// segment is sent again.
    EndOfBurst,
}

/// How segments are cut from what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Segmentation {
    /// One by one, from all that waits.
    Single,
    /// In bursts, as where segmentation is offloaded: up to half of the congestion window at a
    /// time, from pieces as large as half of the peer's window.
    Bursts,
}

/// What a probe of a closed window carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WindowProbe {
    /// No data, at SND.UNA-1.
    OldSequence,
    /// One octet of new data.
    NewOctet,
}

/// The retransmission timer (RFC 6298).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RtoRules {
    /// Before the first measurement.
    #[serde(with = "duration")]
    pub initial: Duration,
    /// The least.
    #[serde(with = "duration")]
    pub min: Duration,
    /// What `min` bounds.
    pub min_bounds: MinBounds,
    /// The most.
    #[serde(with = "duration")]
    pub max: Duration,
    /// The clock that timers run on.
    pub clock: Clock,
}

/// What the least retransmission timeout bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MinBounds {
    /// The timeout (RFC 6298 rule 2.4).
    Timeout,
    /// The variance part of it.
    Variance,
}

/// The clock that timers run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Microseconds: a timer expires when it says.
    Exact,
    /// A timer wheel at 250 ticks a second, where long timers run late by up to an eighth.
    Wheel250,
}

/// When a sender gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveUpRules {
    /// Retransmissions of a SYN.
    pub syn: u32,
    /// Retransmissions of a SYN-ACK.
    pub syn_ack: u32,
    /// Retransmissions of data (RFC 9293 section 3.8.3, R2); zero: it never gives up.
    pub data: u32,
    /// The same once the application has closed.
    pub orphan: u32,
    /// Whether the numbers are counted or turned into a deadline.
    pub counted: Counted,
}

/// When an idle connection is probed, where the application has asked for it and not said when (RFC
/// 9293 section 3.8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepAliveRules {
    /// After how much silence.
    #[serde(with = "duration")]
    pub idle: Duration,
    /// How long after a probe without an answer the next one follows.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// After how many probes without an answer the connection is reset.
    pub count: u32,
    /// Whether the application can set a user timeout (RFC 5482), TCP_USER_TIMEOUT.
    pub user_timeout: bool,
}

/// Whether retransmissions are counted or turned into a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// They are counted.
    Retransmissions,
    /// The time that many retransmissions would take from the least timeout, doubling, counted from
    /// the first retransmission.
    Deadline,
}

/// When data is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeRules {
    /// Segments acknowledged at once at the start of a connection, at most; zero: none.
    pub quick: u32,
    /// How long an acknowledgment is delayed (RFC 9293 section 3.8.6.3: less than half a second).
    #[serde(with = "duration")]
    pub delay: Duration,
    /// Whether the second full segment is only acknowledged at once where the window did not
    /// shrink.
    pub second_segment_needs_window: bool,
    /// Whether data that comes again before it was acknowledged waits like new data.
    pub repetition_waits: bool,
    /// How long after an answer to a segment outside the window the next such segment is not
    /// answered, if it carries nothing; zero: each is (RFC 5961 section 7 allows a limit).
    #[serde(with = "duration")]
    pub out_of_window_interval: Duration,
}

/// How long states last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateTimes {
    /// TIME-WAIT (RFC 9293 section 3.4.2: twice the maximum segment lifetime).
    #[serde(with = "duration")]
    pub time_wait: Duration,
    /// FIN-WAIT-2 once the application has closed.
    #[serde(with = "duration")]
    pub fin_wait_2: Duration,
}

/// How ISO transport over TCP (RFC 2126) behaves where its standards leave a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IsoRules {
    /// How the peer's disconnect request is answered.
    pub release_answer: ReleaseAnswer,
    /// How long the answer waits for the user, where it does.
    #[serde(with = "duration")]
    pub release_answer_within: Duration,
    /// How long a connection request, its confirmation, or the answer to a disconnect request is
    /// waited for, before the TCP connection is given up.
    #[serde(with = "duration")]
    pub supervision: Duration,
    /// The longest TPDU, in octets, from 128 to 65531; above 8192 in steps of 128.
    pub tpdu_size: usize,
    /// Whether a caller of class 2 offers class 0 as well, in which there is no disconnect data.
    pub offers_class_0: bool,
}

/// How the peer's disconnect request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseAnswer {
    /// With a confirmation, in the moment it arrives.
    AtOnce,
    /// When the user ends the connection as well: with a disconnect request where it has data to
    /// give, as if both sides had begun, or else with a confirmation.
    WhenUserEnds,
}
