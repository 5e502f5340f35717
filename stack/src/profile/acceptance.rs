//! Which segments are believed, and how the others are answered (RFC 9293 section 3.10.7.4, RFC
//! 5961).

use serde::{Deserialize, Serialize};

/// Which segments are believed, and how the others are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceRules {
    /// Up to where a segment is acceptable.
    pub window: AcceptableWindow,
    /// Whether a segment without data that stands at the end of the window is acceptable. RFC 9293
    /// has it begin before.
    pub empty_at_edge: bool,
    /// The sequence numbers with which a reset ends a connection.
    pub reset: ExactReset,
    /// What a reset with another number of the window does.
    pub inexact_reset: InexactReset,
    /// What a SYN in the window does to a connection that is synchronized.
    pub syn: UnexpectedSyn,
    /// What a SYN is that has a FIN as well.
    pub syn_fin: SynFin,
    /// Whether the acknowledgment of a segment is heard that brings nothing but what came before,
    /// and is not acceptable.
    pub old_acknowledges: bool,
    /// Which segments with an old timestamp are acknowledged (RFC 7323 section 5.3).
    pub old_timestamp: OldTimestamp,
    /// What becomes of a segment without a timestamp where those were agreed on (RFC 7323 section
    /// 3.2).
    pub without_timestamp: WithoutTimestamp,
    /// What answers data, or a FIN, that begins behind the peer's FIN.
    pub behind_fin: AnswerBehindFin,
    /// How the acknowledgment of what was never sent is answered.
    pub unsent: AnswerToUnsent,
    /// How it is answered while the peer's handshake is under way.
    pub unsent_of_syn_ack: UnsentOfSynAck,
    /// How many such acknowledgments a connection answers in all; zero: there is no limit.
    pub unsent_answers: u32,
    /// How many of them it lives through, at the most; zero: any number.
    pub unsent_endured: u32,
    /// What else such an acknowledgment does to an attempt to connect, beside being reset.
    pub unsent_of_syn: UnsentOfSyn,
    /// Whether an answer to our SYN is refused that echoes a timestamp we have yet to send.
    pub refuses_false_echo: bool,
    /// What a SYN without an acknowledgment does that crosses ours (RFC 9293 section 3.5).
    pub crossing_syn: CrossingSyn,
    /// What becomes of data that comes with a SYN that crosses ours.
    pub data_of_crossing_syn: CrossingData,
}

/// What a SYN does that crosses ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrossingSyn {
    /// It opens the connection, from both sides at once (RFC 9293 figure 7).
    Opens,
    /// Nothing.
    Ignored,
}

/// Up to where a segment is acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptableWindow {
    /// To the right edge that was advertised (RFC 9293 section 3.10.7.4).
    Advertised,
    /// To the end of the free part of the buffer, where that lies beyond.
    FreeSpace,
}

/// The sequence numbers with which a reset ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExactReset {
    /// The one that is expected next (RFC 5961 section 3.2).
    Next,
    /// The one that was acknowledged last, which is an older one while an acknowledgment waits.
    LastAcknowledged,
    /// That one, or the one before it.
    LastAcknowledgedOrBefore,
    /// That one, the one that is expected next, or the one behind it.
    AroundNext,
}

/// What a reset in the window does whose number is not exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InexactReset {
    /// It is challenged (RFC 5961 section 3.2).
    Challenge,
    /// Nothing.
    Silence,
    /// It ends the connection (RFC 793).
    Ends,
}

/// What a SYN in the window does to a connection that is synchronized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnexpectedSyn {
    /// It is challenged (RFC 5961 section 4.2).
    Challenge,
    /// It resets the connection (RFC 793).
    Resets,
}

/// What a SYN is that has a FIN as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SynFin {
    /// A SYN like another.
    Syn,
    /// Nothing: it is dropped.
    Dropped,
}

/// Which segments with an old timestamp are acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldTimestamp {
    /// All of them (RFC 7323 section 5.3, R1).
    All,
    /// Those with data.
    WithData,
}

/// How an acknowledgment of another number than our SYN-ACK's is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnsentOfSynAck {
    /// With a reset (RFC 9293 section 3.10.7.4).
    Reset,
    /// With the SYN-ACK again.
    Repeats,
}

/// How the acknowledgment of what was never sent is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerToUnsent {
    /// With an acknowledgment, however often it comes (RFC 9293 section 3.10.7.4).
    Acknowledge,
    /// With a challenge ACK, which has a limit.
    Challenge,
    /// The same, but in ESTABLISHED, where it is dropped.
    ChallengeBeyondEstablished,
}

/// What becomes of a segment without a timestamp where those were agreed on. A reset needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutTimestamp {
    /// It is taken as any other.
    Taken,
    /// It is dropped without a word.
    Dropped,
}

/// What the acknowledgment of what was never sent does to an attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnsentOfSyn {
    /// Nothing: the next SYN comes when the timer says.
    Waits,
    /// The SYN goes out again at once.
    Repeats,
    /// The SYN goes out again after two ticks of 4 ms, unless the timer has expired before.
    RepeatsSoon,
}

/// What answers data, or a FIN, that begins behind the peer's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerBehindFin {
    /// An acknowledgment.
    Acknowledge,
    /// The same, and a reset of data once receiving is shut.
    AcknowledgeOrReset,
    /// Nothing.
    Silence,
    /// A reset of data; nothing of a FIN.
    Reset,
    /// Nothing; but a reset of data that begins before the FIN and ends behind it, which ends the
    /// connection as one from the peer does.
    ResetWhereItOverlaps,
}

/// What becomes of data that comes with a SYN that crosses ours (RFC 9293 section 3.10.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrossingData {
    /// It is taken once the handshake is over; a FIN behind it is not.
    Waits,
    /// It is not taken, and the peer has to send it again.
    Discarded,
}
