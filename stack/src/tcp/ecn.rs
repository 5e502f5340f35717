//! Explicit congestion notification (RFC 3168): who agrees on it.

use super::segment::Flags;
use crate::profile::EcnRules;

/// Explicit congestion notification of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ecn {
    /// Whether both sides take part.
    pub(super) agreed: bool,
    /// Whether our last SYN has asked for it.
    pub(super) asked: bool,
    /// Whether acknowledgments say that congestion was seen, until the peer has reduced its window.
    pub(super) echoes: bool,
    /// How many of our reductions the peer was told of.
    pub(super) told: u64,
    /// How far had been sent when our window was last reduced for an echo.
    pub(super) reduced_at: i64,
}

/// Whether a SYN asks, which was sent so many times before.
pub(super) fn asks(rules: EcnRules, before: u32) -> bool {
    rules.asks && before <= rules.asks_again
}

/// Whether the peer's SYN, or its answer to ours, agrees (RFC 3168 section 6.1.1).
pub(super) fn agrees(rules: EcnRules, asked: bool, flags: Flags) -> bool {
    match (flags.ack, flags.ece, flags.cwr) {
        (true, true, false) => asked,
        (false, true, true) => rules.asks || rules.answers,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn which_syns_ask() {
        // Of the first SYN, and of those that are sent again.
        let rows = [
            (false, 5, [false, false, false]),
            (true, 0, [true, false, false]),
            (true, 1, [true, true, false]),
        ];
        for (on, again, expected) in rows {
            let rules = EcnRules {
                asks: on,
                asks_again: again,
                ..Profile::built_in("freebsd").unwrap().ecn
            };
            assert_eq!([0, 1, 2].map(|before| asks(rules, before)), expected);
        }
    }

    #[test]
    fn what_agrees() {
        let rules = |asks, answers| EcnRules {
            asks,
            answers,
            asks_again: 0,
            marks_at_once: false,
        };
        let (never, passive, active) = (rules(false, false), rules(false, true), rules(true, true));
        // (ACK, ECE, CWR) of the peer's SYN, whether ours has asked, and what never, passive and
        // active hosts make of it.
        let rows = [
            ((false, true, true), false, [false, true, true]),
            ((false, true, true), true, [false, true, true]),
            ((false, false, false), true, [false; 3]),
            ((false, true, false), true, [false; 3]),
            ((true, true, false), true, [true; 3]),
            ((true, true, false), false, [false; 3]),
            ((true, true, true), true, [false; 3]),
            ((true, false, false), true, [false; 3]),
        ];
        for ((ack, ece, cwr), asked, expected) in rows {
            let flags = Flags {
                syn: true,
                ack,
                ece,
                cwr,
                ..Flags::default()
            };
            let found = [never, passive, active].map(|rules| agrees(rules, asked, flags));
            assert_eq!(found, expected, "{flags:?} {asked}");
        }
    }
}
