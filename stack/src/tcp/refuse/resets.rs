//! Which resets are believed (RFC 5961 section 3).

use crate::profile::{AcceptanceRules, ExactReset, InexactReset};

/// Where a reset stands, in stream positions.
#[derive(Clone, Copy, Debug)]
pub(in crate::tcp) struct Numbers {
    /// SEG.SEQ
    pub(in crate::tcp) start: i64,
    /// The acknowledgment field of the last segment we sent.
    pub(in crate::tcp) acknowledged: i64,
    /// RCV.NXT, as far as the peer is told.
    pub(in crate::tcp) told: i64,
    /// RCV.NXT, as far as data was taken.
    pub(in crate::tcp) next: i64,
    /// Whether a segment that carries nothing is acceptable there.
    pub(in crate::tcp) acceptable: bool,
    /// The first position that a segment may not reach.
    pub(in crate::tcp) edge: i64,
}

/// What a reset does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::tcp) enum OnReset {
    /// It ends the connection.
    End,
    /// It is answered with an acknowledgment.
    Challenge,
    /// Nothing.
    Drop,
}

/// What a reset does that stands at such a place.
pub(in crate::tcp) fn on_reset(rules: AcceptanceRules, numbers: Numbers) -> OnReset {
    let Numbers {
        start,
        acknowledged,
        told,
        next,
        acceptable,
        edge,
    } = numbers;
    let from = |first: i64| first <= start && start < edge.max(acknowledged + 1);
    let (exact, in_window) = match rules.reset {
        ExactReset::Next => ([told, next].contains(&start), acceptable),
        ExactReset::LastAcknowledged => (start == acknowledged, from(acknowledged)),
        ExactReset::LastAcknowledgedOrBefore => {
            let exact = [acknowledged - 1, acknowledged].contains(&start);
            (exact, from(acknowledged - 1))
        }
        ExactReset::AroundNext => {
            let exact = [acknowledged, next, next + 1].contains(&start);
            (exact, acceptable)
        }
    };
    match rules.inexact_reset {
        _ if exact && (in_window || rules.reset == ExactReset::AroundNext) => OnReset::End,
        _ if !in_window => OnReset::Drop,
        InexactReset::Challenge => OnReset::Challenge,
        InexactReset::Silence => OnReset::Drop,
        InexactReset::Ends => OnReset::End,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn which_resets_end_a_connection() {
        use ExactReset::{AroundNext, LastAcknowledged, LastAcknowledgedOrBefore, Next};
        use InexactReset::{Challenge, Ends, Silence};
        use OnReset::{Challenge as Answer, Drop, End};
        // Acknowledged to 11, taken to 21, the edge at 31: resets at 9, 10, 11, 21, 22, 30 and 31.
        let places = [9, 10, 11, 21, 22, 30, 31];
        let rows = [
            (
                Next,
                Challenge,
                [Drop, Drop, Drop, End, Answer, Answer, Drop],
            ),
            (Next, Ends, [Drop, Drop, Drop, End, End, End, Drop]),
            (
                LastAcknowledged,
                Challenge,
                [Drop, Drop, End, Answer, Answer, Answer, Drop],
            ),
            (
                LastAcknowledged,
                Ends,
                [Drop, Drop, End, End, End, End, Drop],
            ),
            (
                LastAcknowledgedOrBefore,
                Challenge,
                [Drop, End, End, Answer, Answer, Answer, Drop],
            ),
            (AroundNext, Silence, [Drop, Drop, End, End, End, Drop, Drop]),
        ];
        for (reset, inexact_reset, expected) in rows {
            let rules = AcceptanceRules {
                reset,
                inexact_reset,
                ..Profile::built_in("winsock").unwrap().acceptance
            };
            let done = places.map(|start| {
                let numbers = Numbers {
                    start,
                    acknowledged: 11,
                    told: 21,
                    next: 21,
                    acceptable: (21..31).contains(&start),
                    edge: 31,
                };
                on_reset(rules, numbers)
            });
            assert_eq!(done, expected, "{reset:?} {inexact_reset:?}");
        }
    }
}
