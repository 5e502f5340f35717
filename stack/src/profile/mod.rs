//! What differs between systems, as data.
//!
//! A profile is a plain struct, read from and written as TOML. The built-in ones are the `.toml`
//! files beside this file: each value stands there with its source and how sure we are of it
//! (measured, captured, read, documented, assumed). A profile may extend another, and so may a
//! scenario's own: whatever it does not say is inherited.

mod acceptance;
mod acknowledging;
mod backlog;
mod built_in;
mod calls;
mod closed_port;
mod datagram;
mod duration;
mod ecn;
mod encapsulation;
mod fast_open;
mod knobs;
mod lingering;
mod origin;
mod send_buffer;
mod sending;
mod unconnected;
mod window;
mod winsock;

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

pub use acceptance::{
    AcceptableWindow, AcceptanceRules, AnswerBehindFin, AnswerToUnsent, CrossingData, CrossingSyn,
    ExactReset, InexactReset, OldTimestamp, SynFin, UnexpectedSyn, UnsentOfSyn, UnsentOfSynAck,
    WithoutTimestamp,
};
pub use acknowledging::{AcknowledgeRules, AtOnce, AtRead, SecondSegment};
pub use backlog::{BacklogRules, FullEnd, FullSyn, ListenerEnds, QueueCounts};
pub use built_in::{aliases, names, source};
pub use calls::{
    AcceptOfReset, AttemptEnds, CallRules, ConnectingSend, ConnectingShutdown, ConnectingTransfer,
    EndOfRecord, EndRead, ErrorAfterReset, ErrorAfterTimeout, LingerOption, ListenerShutdown,
    OptionsAfterEnd, PortOfConnection, RecvAfter, Repeat, ResetBehindEnd, ReusePort, SendAfterEnd,
    SendUnconnected, TimeWaitSocket, UrgentData,
};
pub use closed_port::{ClosedPortAnswers, ClosedPortReset, ClosedPortRules};
pub use datagram::{
    AnsweringErrors, IcmpCount, IcmpRules, OfferAfterTooBig, OpenErrors, OpeningErrors,
    OpeningReason, QuotedSequence, UdpArriving, UdpError, UdpErrorsReach, UdpQueued, UdpRecvAfter,
    UdpRules, UdpShutdown,
};
pub use duration::{ParseDurationError, format_duration, parse_duration};
pub use ecn::EcnRules;
pub use encapsulation::{EncapsulationRules, SignatureRules};
pub use fast_open::{CookieOf, CookieSecret, FastOpenCall, FastOpenRules, SynRoom, Unanswered};
pub use knobs::KnobError;
pub use lingering::{
    FinWait2Begins, FinWait2Ends, FinWait2Renewal, RefusedSyn, Reopens, RepeatedFin, StateTimes,
    TimeWaitAcknowledges, TimeWaitReset, TimeWaitRules, TimeWaitWindow,
};
pub use origin::{Mark, Origin, origins};
pub use send_buffer::{SendBufferCounts, SendBufferRules};
pub use sending::{
    Algorithm, Alone, BlackHoleRules, Clock, Counted, CountedProbes, Duplicate, FinTiming,
    FromTimestamps, GiveUpResets, GiveUpRules, HyStartRules, KeepAliveAnswer, KeepAliveRules,
    LossBase, LossRecovery, MinBounds, Nagle, OrphanProbes, ProbeTakes, Push, Reports, Restart,
    RtoRules, Segmentation, SendRules, TailProbeRules, Undo, WindowProbe, WindowUnit,
};
pub use unconnected::Unconnected;
pub use window::{
    BehindFin, BeyondEdge, BufferRounding, FieldRounding, OutOfMemory, ReceiveTuning, WindowEdge,
    WindowModel, WindowRules,
};
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
    /// Which segments are believed.
    pub acceptance: AcceptanceRules,
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
    /// What TIME-WAIT answers.
    pub time_wait: TimeWaitRules,
    /// What a listening socket does whose queue is full.
    pub backlog: BacklogRules,
    /// Data in SYNs.
    pub fast_open: FastOpenRules,
    /// What the network says of congestion.
    pub ecn: EcnRules,
    /// TCP in UDP.
    pub encapsulation: EncapsulationRules,
    /// Signatures of segments.
    pub signature: SignatureRules,
    /// What is answered where there is no connection.
    pub closed_port: ClosedPortRules,
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
    /// Whether data that is thrown away is acknowledged although earlier data is missing.
    pub across_gaps: bool,
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
    /// Whether a reset that this side begins has the ACK bit.
    pub active_acknowledges: bool,
    /// Whether resets that are made from the connection carry timestamps, where those were agreed
    /// on (RFC 7323 section 5.2 lets them).
    pub timestamps: bool,
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
    /// What the last segment advertised, less what has been acknowledged since.
    Last,
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
    /// The same, and what caused it is acknowledged, a FIN with its data.
    FromTcbAckAfter,
    /// The same, but the data alone.
    FromTcbAckData,
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
    /// The end of a process that has sockets open.
    pub exit: ProcessExit,
    /// In which order it does that to them.
    pub exit_order: DescriptorOrder,
    /// What becomes of the connection when the time of SO_LINGER is over.
    pub linger_ends: LingerEnds,
    /// How an attempt to connect ends that is closed before it was answered.
    pub connecting: ConnectingClose,
}

/// How an attempt to connect ends that is closed before it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectingClose {
    /// Without a segment (RFC 9293 section 3.10.4).
    Silence,
    /// With a reset.
    Reset,
}

/// What becomes of a connection when the time is over for which its close has lingered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LingerEnds {
    /// It is reset.
    Reset,
    /// It goes on without its application, as after a close that did not linger.
    Background,
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

/// The end of a process that has sockets open, whether it has ended itself or was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessExit {
    /// The system closes each of them as a close does, without waiting for a linger time.
    Closes,
    /// The system resets their connections.
    Resets,
    /// They stay open: the system does not know whose they are.
    Keeps,
}

/// An order of descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DescriptorOrder {
    /// From the lowest number up.
    Ascending,
    /// From the highest number down.
    Descending,
}

/// Which TCP options are offered and how they are laid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionRules {
    /// The options of a SYN (and, where the peer offered them too, of a SYN-ACK) in their order.
    /// The options of a group stand next to each other; a group fills whole 32-bit words.
    pub syn: Vec<Vec<SynOption>>,
    /// The options of a SYN-ACK, of those that the peer offered; none: those of a SYN.
    pub syn_ack: Vec<Vec<SynOption>>,
    /// Where the padding of a group goes.
    pub padding: Padding,
    /// From which SYN of an attempt on options are left out; zero: from none.
    pub late_syn: u32,
    /// Which those are.
    pub late_syn_omits: Vec<SynOption>,
    /// Which options our SYN-ACK to a SYN that crosses ours has whatever the peer's has: they are
    /// those of our own SYN.
    pub crossing: Vec<SynOption>,
    /// Whether our windows behind such an answer are shifted by what we have offered, although the
    /// peer has offered no scaling.
    pub crossing_shifts: bool,
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

impl OptionRules {
    /// The options of a SYN-ACK, where the peer's SYN has all of them.
    pub fn answer(&self) -> &[Vec<SynOption>] {
        if self.syn_ack.is_empty() {
            &self.syn
        } else {
            &self.syn_ack
        }
    }
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
    /// The same, but behind SACK-permitted where that stands alone.
    BehindSackPermitted,
    /// No-operations only where an option needs its alignment, end-of-list octets behind the last
    /// option.
    After,
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
