//! A connection is given up: whether the peer learns of it (RFC 9293 section 3.8.3).

use super::state::State;
use crate::event::TimeOut;
use crate::profile::GiveUpResets;

/// What was done in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vain {
    /// A segment was sent again and again.
    Retransmission,
    /// A closed window was probed.
    WindowProbe,
    /// An idle connection was probed.
    KeepAlive,
}

/// Whether giving up sends a reset in such a state.
pub(super) fn resets(rules: GiveUpResets, vain: Vain, state: State) -> bool {
    match (vain, state) {
        (_, State::SynSent | State::Closed | State::Listen) => false,
        (Vain::Retransmission, State::SynReceived) => rules.handshake,
        (Vain::Retransmission, _) => rules.data,
        (Vain::WindowProbe, _) => rules.persist,
        (Vain::KeepAlive, _) => rules.keep_alive,
    }
}

/// The time-out as readers of the run are told it. With a user timeout, a closed window ends the
/// connection even where its probes were answered.
pub(super) fn time_out(vain: Vain, state: State, has_user_timeout: bool) -> TimeOut {
    match (vain, state) {
        (Vain::Retransmission, State::SynSent) => TimeOut::Syn,
        (Vain::Retransmission, State::SynReceived) => TimeOut::SynAck,
        (Vain::Retransmission, _) => TimeOut::Retransmission,
        (Vain::WindowProbe, _) if has_user_timeout => TimeOut::ClosedWindow,
        (Vain::WindowProbe, _) => TimeOut::WindowProbe,
        (Vain::KeepAlive, _) => TimeOut::KeepAlive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_time_out_is_called() {
        use Vain::{KeepAlive, Retransmission, WindowProbe};
        let rows = [
            (Retransmission, State::SynSent, false, TimeOut::Syn),
            (Retransmission, State::SynReceived, false, TimeOut::SynAck),
            (
                Retransmission,
                State::Established,
                true,
                TimeOut::Retransmission,
            ),
            (
                Retransmission,
                State::LastAck,
                false,
                TimeOut::Retransmission,
            ),
            (WindowProbe, State::Established, false, TimeOut::WindowProbe),
            (WindowProbe, State::FinWait1, true, TimeOut::ClosedWindow),
            (KeepAlive, State::Established, true, TimeOut::KeepAlive),
        ];
        for (vain, state, has_user_timeout, expected) in rows {
            assert_eq!(
                time_out(vain, state, has_user_timeout),
                expected,
                "{vain:?} in {state:?}"
            );
        }
    }

    #[test]
    fn what_each_time_out_sends() {
        use Vain::{KeepAlive, Retransmission, WindowProbe};
        let none = GiveUpResets {
            data: false,
            handshake: false,
            persist: false,
            keep_alive: false,
        };
        let all = GiveUpResets {
            data: true,
            handshake: true,
            persist: true,
            keep_alive: true,
        };
        let rows = [
            (Retransmission, State::SynSent, none, false),
            (Retransmission, State::SynSent, all, false),
            (
                Retransmission,
                State::SynReceived,
                GiveUpResets {
                    handshake: true,
                    ..none
                },
                true,
            ),
            (
                Retransmission,
                State::SynReceived,
                GiveUpResets {
                    handshake: false,
                    ..all
                },
                false,
            ),
            (
                Retransmission,
                State::Established,
                GiveUpResets { data: true, ..none },
                true,
            ),
            (
                Retransmission,
                State::LastAck,
                GiveUpResets { data: false, ..all },
                false,
            ),
            (
                WindowProbe,
                State::FinWait1,
                GiveUpResets {
                    persist: true,
                    ..none
                },
                true,
            ),
            (
                WindowProbe,
                State::CloseWait,
                GiveUpResets {
                    persist: false,
                    ..all
                },
                false,
            ),
            (
                KeepAlive,
                State::Established,
                GiveUpResets {
                    keep_alive: true,
                    ..none
                },
                true,
            ),
            (
                KeepAlive,
                State::FinWait2,
                GiveUpResets {
                    keep_alive: false,
                    ..all
                },
                false,
            ),
        ];
        for (vain, state, rules, expected) in rows {
            assert_eq!(resets(rules, vain, state), expected, "{vain:?} {state:?}");
        }
    }
}
