//! The state table of ISO transport's classes 0 and 2: the action on each TPDU in each state.
//!
//! RFC 905's annex (X.224 annex A) has the table. What is left open there is decided here, and said
//! where it is decided.

use super::negotiate::Agreed;
use super::tpdu::Tpdu;

/// How far a transport connection has come. The names of X.224 stand behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The called side has a TCP connection and nothing else. (CLOSED)
    AwaitingRequest,
    /// The caller has sent its request. (WFCC)
    AwaitingConfirm,
    /// A request has come, and the user has not answered it. (WFTRESP)
    AwaitingResponse,
    /// Data goes both ways. (OPEN)
    Open,
    /// This side has sent a disconnect request and waits for the answer. (CLOSING)
    Releasing,
    /// The peer has sent a disconnect request, and the answer waits for the user. X.224 has no such
    /// state: there the answer goes out at once.
    AnswerWithheld,
    /// The connection is over.
    Closed,
}

impl State {
    /// Every state, in the order in which a connection goes through them.
    pub const ALL: [Self; 7] = [
        Self::AwaitingRequest,
        Self::AwaitingConfirm,
        Self::AwaitingResponse,
        Self::Open,
        Self::Releasing,
        Self::AnswerWithheld,
        Self::Closed,
    ];
}

/// What to do with a TPDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// A connection is wanted: ask the user.
    Offer,
    /// The connection was confirmed.
    Conclude,
    /// The connection was refused.
    Refused,
    /// The caller does not want it any more.
    Withdrawn,
    /// Data for the user.
    Deliver,
    /// The peer ends the connection.
    PeerReleases,
    /// The peer ends the connection as well: both requests are each other's answer.
    Collision,
    /// The peer has answered the disconnect request.
    Confirmed,
    /// The peer has refused a TPDU of this side.
    PeerRejects,
    /// Nothing.
    Ignore,
    /// It must not come now: refuse it.
    Refuse,
}

/// What a connection does with a TPDU. `class` is what was agreed on, or asked for until then.
pub fn disposition(state: State, class: Agreed, tpdu: &Tpdu) -> Disposition {
    use Disposition as D;
    use State as S;
    match (state, tpdu) {
        (S::AwaitingRequest, Tpdu::ConnectionRequest { .. }) => D::Offer,
        (S::AwaitingConfirm, Tpdu::ConnectionConfirm { .. }) => D::Conclude,
        (S::AwaitingConfirm, Tpdu::DisconnectRequest(_)) => D::Refused,
        (S::AwaitingResponse, Tpdu::DisconnectRequest(_)) => D::Withdrawn,
        (S::Open, Tpdu::Data { .. }) if class == Agreed::Two => D::Deliver,
        (S::Open, Tpdu::DataOfClass0 { .. }) if class == Agreed::Zero => D::Deliver,
        // Class 0 ends with TCP and knows no disconnect request but for refusing (RFC 905 section
        // 6.7.4).
        (S::Open, Tpdu::DisconnectRequest(_)) if class == Agreed::Two => D::PeerReleases,
        // RFC 905 section 6.7.5: a side that has sent a disconnect request takes a disconnect
        // request or confirmation, and ignores everything else. An error TPDU also ends its
        // waiting, because the peer will send nothing more.
        (S::Releasing, Tpdu::DisconnectRequest(_)) => D::Collision,
        (S::Releasing, Tpdu::DisconnectConfirm { .. }) => D::Confirmed,
        (S::AwaitingConfirm | S::AwaitingResponse | S::Open | S::Releasing, Tpdu::Error { .. }) => {
            D::PeerRejects
        }
        (S::Releasing, _) => D::Ignore,
        // The same rule, seen from the other side: the peer takes nothing but the answer, so that
        // what it still sends has no meaning.
        (S::AnswerWithheld, _) => D::Ignore,
        (S::Closed, _) => D::Ignore,
        (S::AwaitingRequest | S::AwaitingConfirm | S::AwaitingResponse | S::Open, _) => D::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;
    use crate::provider::itot::tpdu::RejectCause;

    /// Every state and every TPDU, in both classes. What is not written is refused.
    #[test]
    fn every_state_against_every_tpdu() {
        let read = |octets: &[u8]| Tpdu::read(octets).unwrap();
        let tpdus = [
            ("CR", read(&[6, 0xe0, 0, 0, 0, 1, 0x21])),
            ("CC", read(&[6, 0xd0, 0, 1, 0, 2, 0x21])),
            ("DR", read(&[6, 0x80, 0, 1, 0, 2, 128])),
            ("DC", read(&[5, 0xc0, 0, 1, 0, 2])),
            ("DT of class 0", read(&[2, 0xf0, 0x80])),
            ("DT of class 2", read(&[4, 0xf0, 0, 1, 0x80])),
            ("ER", read(&[4, 0x70, 0, 1, RejectCause::TPDU_TYPE.0])),
        ];
        let mut found = String::new();
        for state in State::ALL {
            writeln!(found, "{state:?}").unwrap();
            for (name, tpdu) in &tpdus {
                let of = |class| disposition(state, class, tpdu);
                let (zero, two) = (of(Agreed::Zero), of(Agreed::Two));
                match (zero, two) {
                    (Disposition::Refuse, Disposition::Refuse) => Ok(()),
                    _ if zero == two => writeln!(found, "  {name}: {two:?}"),
                    _ => writeln!(found, "  {name}: {two:?}, in class 0 {zero:?}"),
                }
                .unwrap();
            }
        }
        let expected = "\
AwaitingRequest
  CR: Offer
AwaitingConfirm
  CC: Conclude
  DR: Refused
  ER: PeerRejects
AwaitingResponse
  DR: Withdrawn
  ER: PeerRejects
Open
  DR: PeerReleases, in class 0 Refuse
  DT of class 0: Refuse, in class 0 Deliver
  DT of class 2: Deliver, in class 0 Refuse
  ER: PeerRejects
Releasing
  CR: Ignore
  CC: Ignore
  DR: Collision
  DC: Confirmed
  DT of class 0: Ignore
  DT of class 2: Ignore
  ER: PeerRejects
AnswerWithheld
  CR: Ignore
  CC: Ignore
  DR: Ignore
  DC: Ignore
  DT of class 0: Ignore
  DT of class 2: Ignore
  ER: Ignore
Closed
  CR: Ignore
  CC: Ignore
  DR: Ignore
  DC: Ignore
  DT of class 0: Ignore
  DT of class 2: Ignore
  ER: Ignore
";
        assert_eq!(found, expected);
    }
}
