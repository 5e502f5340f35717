//! How data is sent, and for how long: windows, segments, timers, giving up.

use serde::{Deserialize, Serialize};
use smoltcp::time::Duration;

use super::{BufferRounding, SendBufferRules, duration};

/// How data is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRules {
    /// The send buffer of an unchanged socket, in octets of what `buffer.counts` says.
    pub send_buffer: usize,
    /// What takes room in it, and how it grows.
    pub buffer: SendBufferRules,
    /// How many octets that were not sent are too many for another write, where the socket does not
    /// say (TCP_NOTSENT_LOWAT); zero: any number is in order.
    pub unsent_most: usize,
    /// Whether the buffer grows to a whole number of segments once the handshake has settled how
    /// long they are.
    pub rounding: BufferRounding,
    /// The initial congestion window, in segments (RFC 6928); zero: no congestion control at all.
    pub initial_window: usize,
    /// How many retransmissions of a SYN or SYN-ACK make that one segment (RFC 5681 section 3.1);
    /// zero: none do.
    pub handshake_losses: u32,
    /// How the congestion window grows and shrinks.
    pub congestion: Algorithm,
    /// The ticks in which CUBIC counts time, where it counts the window in segments and looks at
    /// its curve 32 times a second at most; zero: it counts octets, and looks with each
    /// acknowledgment (RFC 9438).
    #[serde(with = "duration")]
    pub cubic_tick: Duration,
    /// What ends slow start before a loss does.
    pub hystart: HyStartRules,
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
    /// Whether no segment is longer than half of the peer's largest window. Those of bursts are not
    /// cut for windows that are very small.
    pub half_window: bool,
    /// Which segments carry PSH.
    pub push: Push,
    /// How many segments go out together at least, where there are as many; where segments are made
    /// one by one it has no effect.
    pub burst_least: usize,
    /// Whether a burst to a near peer is longer, where segments go out in bursts.
    pub burst_near: bool,
    /// Whether a tail loss probe is sent where SACK was negotiated (RFC 8985 section 7).
    pub tail_loss_probe: bool,
    /// When that probe is sent, and what it takes.
    pub tail_probe: TailProbeRules,
    /// What follows repeated losses of a connection whose packets must not be taken apart.
    pub black_hole: BlackHoleRules,
    /// Whether a retransmission takes the following small segments with it.
    pub collapse_retransmissions: bool,
    /// How losses are found and repaired where the peer reports what it has.
    pub recovery: LossRecovery,
    /// What a loss makes the new threshold from.
    pub loss_base: LossBase,
    /// What becomes of the peer's reports when the retransmission timer expires (RFC 2018 section
    /// 8, RFC 6675 section 5.1): it may have thrown away what it has reported.
    pub reports_after_timeout: Reports,
    /// Whether a response to congestion is taken back that proves needless.
    pub undo: Undo,
    /// Duplicate acknowledgments that make a fast retransmission (RFC 5681 section 3.2).
    pub duplicate_threshold: usize,
    /// Which acknowledgments that acknowledge nothing new are duplicates.
    pub duplicate: Duplicate,
    /// What a probe of a closed window carries (RFC 9293 section 3.8.6.1).
    pub window_probe: WindowProbe,
    /// When a FIN follows what was written.
    pub fin: FinTiming,
    /// Whether each acknowledgment carries the FIN again while that is not acknowledged. Challenge
    /// ACKs never do.
    pub fin_repeated: bool,
    /// Whether TCP_MAXSEG makes the segments of a connection shorter that is there.
    pub segments_can_shrink: bool,
}

/// How losses are found and repaired where the peer reports what it has (RFC 2018).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossRecovery {
    /// By segments that others have overtaken (RFC 6675); the window becomes smaller at once.
    Duplicates,
    /// By time, with a timer for reordering (RFC 8985); the window becomes smaller by and by (RFC
    /// 6937).
    Rack,
}

/// What a loss makes the new threshold from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossBase {
    /// What is in the network (RFC 5681 section 3.1, RFC 9438 section 4.6).
    Flight,
    /// The congestion window.
    Window,
}

/// What becomes of the peer's reports when the retransmission timer expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reports {
    /// They are forgotten.
    Forgotten,
    /// They hold, until an acknowledgment ends where a report begins: the peer has taken that one
    /// back, and the timer expires half a round trip later, which forgets them all.
    Kept,
}

/// Whether a response to congestion is taken back that proves needless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// It stands.
    Never,
    /// That to the first timeout in a row is, where an echo of a timestamp from before the
    /// retransmission says so, or without timestamps an acknowledgment within half a round trip.
    FirstTimeout,
    /// That to each recovery is, by timestamps (RFC 3522), by reports of what has arrived twice
    /// (RFC 3708), and behind a timeout by the arrival of what was sent once (RFC 5682).
    Episodes,
}

/// What ends slow start before a loss does, where CUBIC counts segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HyStartRules {
    /// Whether acknowledgments do that come one behind the other for half of the shortest round
    /// trip.
    pub train: bool,
    /// Whether a round trip does that has grown by an eighth.
    pub delay: bool,
    /// How many segments the window has before.
    pub window_least: usize,
    /// How far apart acknowledgments are that come one behind the other.
    #[serde(with = "duration")]
    pub spacing: Duration,
}

/// When a tail loss probe is sent, and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TailProbeRules {
    /// What the peer may be waiting behind, so that its delay is waited for as well.
    pub alone: Alone,
    /// How much of the smoothed round-trip time is waited for then, in percent (RFC 8985 section
    /// 7.2: two of them).
    pub alone_percent: u32,
    /// What is added for the delay of the peer's acknowledgment.
    #[serde(with = "duration")]
    pub alone_delay: Duration,
    /// What is added to two round-trip times where more is out.
    #[serde(with = "duration")]
    pub slack: Duration,
    /// Whether a FIN is probed for that is alone in the network.
    pub fin: bool,
    /// Whether a probe is sent in other states than ESTABLISHED.
    pub beyond_established: bool,
    /// What is sent again where nothing new can be sent.
    pub takes: ProbeTakes,
    /// Whether it goes out in the place of the first retransmission where that is due sooner (RFC
    /// 8985 section 7.2).
    pub before_timeout: bool,
}

impl TailProbeRules {
    /// How long after a segment its probe is sent, where so little is out that the peer may wait
    /// for more, and where it is not.
    pub fn wait(self, smoothed: Duration, is_alone: bool) -> Duration {
        if is_alone {
            smoothed * self.alone_percent / 100 + self.alone_delay
        } else {
            smoothed * 2 + self.slack
        }
    }
}

/// What is so little that the peer may wait for more before it acknowledges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alone {
    /// One segment.
    Segment,
    /// Segments that one would hold.
    Octets,
}

/// What a tail loss probe sends again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeTakes {
    /// The last segment (RFC 8985 section 7.3).
    LastSegment,
    /// The last segments that fit into one.
    LastOctets,
}

/// Segments that may be taken apart, where a router may throw away what is too long for it without
/// a word: DF is cleared in some of those that are sent again (RFC 2923 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlackHoleRules {
    /// How many there are, one a timeout that does not grow and is not counted; zero: none.
    pub sends: u32,
    /// After how many timeouts of the others.
    pub after: u32,
}

/// When a FIN follows what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinTiming {
    /// At once, in the last segment or behind it (RFC 9293 section 3.10.4).
    BehindData,
    /// At once, in a segment of its own.
    Alone,
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
    /// While anything is unacknowledged that was sent before: what an idle connection has to send
    /// goes out whole, its end included.
    SentBefore,
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
    /// The same, and one that begins half of the peer's largest window behind the last that had it.
    EmptiesBufferOrHalfWindow,
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
    /// One octet at SND.UNA-1, of zero bits.
    OldOctet,
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
    /// Up to which smoothed round-trip time a peer is near; zero: none is.
    #[serde(with = "duration")]
    pub near: Duration,
    /// The least of a peer that is near.
    #[serde(with = "duration")]
    pub near_min: Duration,
    /// The most.
    #[serde(with = "duration")]
    pub max: Duration,
    /// What is added to it and never doubled.
    #[serde(with = "duration")]
    pub slop: Duration,
    /// Whether that is added in a handshake, too, once the timer was backed off.
    pub slop_in_handshake: bool,
    /// How often it doubles at the most.
    pub doublings: u32,
    /// After how many timeouts in a row all but a quarter of the round trip is left out of it: what
    /// was measured is taken for wrong by then. Zero: never.
    pub mistrusted_after: u32,
    /// How long a closed window waits for its next probe at the least, whatever the timeout is.
    #[serde(with = "duration")]
    pub probe_min: Duration,
    /// How long it waits at the most.
    #[serde(with = "duration")]
    pub probe_max: Duration,
    /// The first timeout of a SYN-ACK.
    #[serde(with = "duration")]
    pub initial_syn_ack: Duration,
    /// Whether an echoed timestamp measures the round trip (RFC 7323 section 4).
    pub from_timestamps: FromTimestamps,
    /// The clock that timers run on.
    pub clock: Clock,
}

/// Whether an echoed timestamp measures the round trip, where timestamps were negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FromTimestamps {
    /// The sender's own clock does.
    Never,
    /// Only where something was sent twice, so that the sender's own clock cannot tell which of
    /// the two is acknowledged (RFC 6298 section 3).
    WhereRepeated,
    /// Wherever there is one.
    Always,
}

/// What the least retransmission timeout bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MinBounds {
    /// The timeout (RFC 6298 rule 2.4).
    Timeout,
    /// The variance part of it, which is the highest that four times the deviation has been: with
    /// each flight it falls by a quarter of what it is too high. Round trips that are shorter than
    /// expected by more than the deviation count an eighth of that (Linux: tcp_rtt_estimator).
    Variance,
}

/// The clock that timers run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Microseconds: a timer expires when it says.
    Exact,
    /// A timer wheel at 100 ticks a second, where long timers run late by up to an eighth.
    Wheel100,
    /// The same at 250 ticks a second.
    Wheel250,
    /// The same at 1000 ticks a second.
    Wheel1000,
    /// Ticks of half a second, or of a quarter where less than half a second is waited for. A timer
    /// that is set between two of them runs short by what has passed of the first.
    HalfSeconds,
}

/// When a sender gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveUpRules {
    /// Retransmissions of a SYN.
    pub syn: u32,
    /// Retransmissions of a SYN that come before those, without doubling the timeout.
    pub syn_linear: u32,
    /// How many resets that answer a SYN are not believed: another SYN follows each.
    pub syn_refusals: u32,
    /// How long after such a reset.
    #[serde(with = "duration")]
    pub syn_refused_wait: Duration,
    /// Retransmissions of a SYN-ACK.
    pub syn_ack: u32,
    /// Retransmissions of data (RFC 9293 section 3.8.3, R2); zero: it never gives up.
    pub data: u32,
    /// The same once the application has closed.
    pub orphan: u32,
    /// How long a connection probes a closed window once the application has closed.
    pub orphan_probes: OrphanProbes,
    /// Which probes of a closed window are counted.
    pub probes: CountedProbes,
    /// How long after the last retransmission the end comes; zero: as long as for any other.
    #[serde(with = "duration")]
    pub last_wait: Duration,
    /// How long a handshake may take, whatever was retransmitted; zero: as long as that takes.
    #[serde(with = "duration")]
    pub handshake: Duration,
    /// The same of one that the peer has begun.
    #[serde(with = "duration")]
    pub handshake_of_peer: Duration,
    /// Whether the numbers are counted or turned into a deadline.
    pub counted: Counted,
    /// Whether the peer is told by a reset, by what was waited for.
    pub resets: GiveUpResets,
}

/// How long a connection probes a closed window that answers once the application has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrphanProbes {
    /// As before: probes without an answer are counted.
    AsData,
    /// At most until the wait between two probes is the longest.
    UntilLongestWait,
    /// As before, and once sending was shut at most until the peer has been silent for a minute.
    UntilSilentForAMinute,
}

/// Which probes of a closed window count as retransmissions do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedProbes {
    /// Those without an answer (RFC 9293 section 3.8.6.1, MUST-37).
    Unanswered,
    /// All, until the window opens.
    All,
}

/// Whether giving up sends a reset. A SYN that nobody answers never makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveUpResets {
    /// The acknowledgment of data or of a FIN did not come.
    pub data: bool,
    /// The acknowledgment of a SYN-ACK did not come.
    pub handshake: bool,
    /// A closed window was probed in vain.
    pub persist: bool,
    /// Probes of an idle connection were not answered.
    pub keep_alive: bool,
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
    /// Whether the first of them follow after the retransmission timeout, doubled each time up to
    /// the interval. The end comes when as many whole intervals have passed.
    pub backs_off: bool,
    /// Whether the application can set a user timeout (RFC 5482), TCP_USER_TIMEOUT.
    pub user_timeout: bool,
    /// What shows that the peer is there.
    pub answer: KeepAliveAnswer,
    /// Whether a connection is probed whose application has not asked for it.
    pub always: bool,
    /// Whether a probe carries an octet, of zero bits, that was acknowledged before.
    pub octet: bool,
    /// Whether a probe carries timestamps, where those were agreed on.
    pub timestamps: bool,
}

/// What counts as an answer of the peer: it ends the silence, and the probes begin anew. Probes of
/// a closed window are counted alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepAliveAnswer {
    /// Any segment between the two ports, before it is found acceptable.
    AnySegment,
    /// An acceptable segment whose acknowledgment field is not older than SND.UNA. Data in order
    /// with an older one ends the silence, and is no answer to the probes.
    Acknowledgment,
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

/// Which acknowledgments without payload that acknowledge nothing new are duplicates (RFC 5681
/// section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicate {
    /// Those with the window that the one before had.
    SameWindow,
    /// Those that tell nothing new of the window: their sequence number is not beyond the one that
    /// told of it last, and their window is not larger.
    NoNewsOfWindow,
}
