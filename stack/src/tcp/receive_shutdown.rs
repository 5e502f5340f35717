//! What a receive shutdown means: pure decisions over the knobs of a profile.
//!
//! Each function takes the knobs and the situation and returns what is to be done; the receive half
//! and the connection apply it and never ask which system they play. `docs/design/0003` says which
//! knobs there are, `0004` what the no-acknowledgment contract leaves open and how it is decided
//! here.

use crate::profile::{
    Acknowledge, AtEdge, Capacity, CloseRules, Ending, OnArrival, Queued, ReceiveShutdown,
    ResetScope, ShutBoth,
};

/// How far a connection is shut down, once its receive direction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Only the receive direction.
    Rd,
    /// Both directions; the descriptor is open.
    Rdwr,
    /// The application has closed the descriptor.
    Orphan,
}

/// What happens to the unread queue at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtCall {
    /// It stays.
    Keep,
    /// It is thrown away.
    Discard,
    /// The connection is reset.
    Reset,
}

/// Decides about `unread` octets in the queue when the receive direction is shut down. An empty
/// queue never resets: the documents speak of data still queued.
pub(crate) fn at_call(rules: &ReceiveShutdown, unread: usize) -> AtCall {
    match rules.queued {
        Queued::Keep => AtCall::Keep,
        Queued::Discard => AtCall::Discard,
        Queued::Reset if unread > 0 => AtCall::Reset,
        Queued::Reset => AtCall::Keep,
    }
}

/// Data that arrives on a connection whose receive direction is shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Octets beyond what was accepted so far, in the window or not.
    pub(crate) new: usize,
    /// Those of them in the window.
    pub(crate) new_in_window: usize,
    /// Whether they follow what was accepted without a gap.
    pub(crate) in_order: bool,
    /// How many octets are still wanted by receives that waited before the shutdown.
    pub(crate) awaited: usize,
}

/// What happens to data that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// It is queued and acknowledged.
    Deliver,
    /// It is queued and its acknowledgment is withheld.
    Hold,
    /// It is acknowledged and thrown away.
    Discard,
    /// The connection is reset.
    Reset,
}

/// Decides about data that arrives after the receive shutdown. A segment without new octets (a bare
/// ACK, a bare FIN, a repetition of what was accepted) resets nothing.
pub(crate) fn on_data(rules: &ReceiveShutdown, phase: Phase, arrival: Arrival) -> Disposition {
    let arriving = match phase {
        Phase::Rd => rules.arriving.rd,
        Phase::Rdwr => rules.arriving.rdwr,
        Phase::Orphan => rules.arriving.orphan,
    };
    match arriving {
        OnArrival::Queue if withholds(rules) => Disposition::Hold,
        OnArrival::Queue => Disposition::Deliver,
        OnArrival::Discard => Disposition::Discard,
        // What a receive waits for can be delivered; what it leaves over is looked at when it has
        // taken its part.
        OnArrival::Reset if arrival.awaited > 0 => Disposition::Deliver,
        OnArrival::Reset => {
            let resets = match rules.reset_scope {
                ResetScope::AnyNewOctet => arrival.new > 0,
                ResetScope::InWindow => arrival.new_in_window > 0,
                ResetScope::InOrder => arrival.new_in_window > 0 && arrival.in_order,
            };
            // What does not reset yet waits in the queue until it is in order, or is refused at the
            // edge.
            if resets {
                Disposition::Reset
            } else {
                Disposition::Deliver
            }
        }
    }
}

/// Whether the acknowledgment field stands still from the call on.
pub(crate) fn withholds(rules: &ReceiveShutdown) -> bool {
    rules.acknowledge != Acknowledge::Normal
}

/// How a segment is answered that was held, or had been held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerToHeld {
    /// Not at all.
    Silence,
    /// With an acknowledgment that carries the frozen number.
    DuplicateAck,
}

/// Decides how held data is answered.
pub(crate) fn answer_to_held(rules: &ReceiveShutdown) -> AnswerToHeld {
    match rules.acknowledge {
        Acknowledge::Normal | Acknowledge::Withhold => AnswerToHeld::Silence,
        Acknowledge::Duplicate => AnswerToHeld::DuplicateAck,
    }
}

/// What happens to the peer's FIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnFin {
    /// It is acknowledged and ends the stream.
    Accept,
    /// It is neither acknowledged nor acted upon: acknowledging it would acknowledge the data
    /// before it.
    Ignore,
}

/// Decides about a FIN in order, behind `held` octets whose acknowledgment is withheld.
pub(crate) fn on_fin(held: usize) -> OnFin {
    if held == 0 {
        OnFin::Accept
    } else {
        OnFin::Ignore
    }
}

/// How a segment that lies beyond the right edge is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerAtEdge {
    /// With an acknowledgment.
    Ack,
    /// Not at all.
    Silence,
}

/// Decides how a segment of `new` octets that lies beyond the right edge is answered. One that
/// brings nothing new is answered as ever.
pub(crate) fn answer_at_edge(rules: &ReceiveShutdown, new: usize) -> AnswerAtEdge {
    match rules.at_edge {
        AtEdge::Silence if new > 0 => AnswerAtEdge::Silence,
        AtEdge::Silence | AtEdge::Acknowledge => AnswerAtEdge::Ack,
    }
}

/// The receive buffer after the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// What it may hold, in octets.
    pub(crate) capacity: usize,
    /// How much of that stays taken although nothing is there.
    pub(crate) charged: usize,
}

/// Decides what room is left in a buffer of so much capacity once `discarded` octets of it were
/// thrown away.
pub(crate) fn room_after(rules: &ReceiveShutdown, capacity: usize, discarded: usize) -> Room {
    let (capacity, charged) = match rules.capacity {
        Capacity::Keep => (capacity, 0),
        Capacity::Zero => (0, 0),
        Capacity::Charged => (capacity, discarded),
    };
    Room { capacity, charged }
}

/// How a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtClose {
    /// With a FIN.
    Fin,
    /// With a reset, to show that data was lost.
    Reset,
}

/// What the application leaves behind when it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeftBehind {
    /// Octets in the queue that were acknowledged and not read.
    pub(crate) unread: usize,
    /// Octets accepted and never acknowledged.
    pub(crate) held: usize,
    /// Octets that wait for earlier ones.
    pub(crate) out_of_order: usize,
    /// Octets that a receive shutdown has thrown away.
    pub(crate) discarded: usize,
}

/// Decides how to close (RFC 9293 section 3.6.1: a close that loses data should reset).
pub(crate) fn at_close(rules: CloseRules, left: LeftBehind) -> AtClose {
    let resets = [
        (rules.with_unread, left.unread + left.held),
        (rules.with_out_of_order, left.out_of_order),
        (rules.with_discarded, left.discarded),
    ]
    .into_iter()
    .any(|(ending, octets)| ending == Ending::Reset && octets > 0);
    if resets { AtClose::Reset } else { AtClose::Fin }
}

/// Decides what happens once both directions are shut down and the descriptor is still open.
pub(crate) fn at_both_shut(rules: CloseRules, left: LeftBehind) -> AtClose {
    match rules.shut_both {
        ShutBoth::Fin => AtClose::Fin,
        ShutBoth::AsClose => at_close(rules, left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    fn rules(profile: &str) -> ReceiveShutdown {
        Profile::built_in(profile).unwrap().receive_shutdown
    }

    /// A segment of ten octets that continues the stream.
    const NEXT: Arrival = Arrival {
        new: 10,
        new_in_window: 10,
        in_order: true,
        awaited: 0,
    };
    /// One behind a gap.
    const AHEAD: Arrival = Arrival {
        in_order: false,
        ..NEXT
    };
    /// One beyond the right edge.
    const BEYOND: Arrival = Arrival {
        new: 10,
        new_in_window: 0,
        in_order: true,
        awaited: 0,
    };
    /// A repetition, a bare ACK or a bare FIN.
    const NOTHING_NEW: Arrival = Arrival {
        new: 0,
        new_in_window: 0,
        in_order: true,
        awaited: 0,
    };

    #[test]
    fn unread_data_at_the_call() {
        let rows = [
            ("linux", 10, AtCall::Keep),
            ("freebsd", 10, AtCall::Discard),
            ("winsock", 10, AtCall::Reset),
            ("winsock", 0, AtCall::Keep),
            ("wsprecvdisconnect", 10, AtCall::Keep),
            ("macos", 10, AtCall::Discard),
            ("illumos", 10, AtCall::Discard),
            ("netstack3", 10, AtCall::Keep),
            ("lwip", 10, AtCall::Discard),
            ("gvisor", 10, AtCall::Keep),
            ("windows", 10, AtCall::Reset),
        ];
        for (profile, unread, expected) in rows {
            assert_eq!(
                at_call(&rules(profile), unread),
                expected,
                "{profile}, {unread} unread"
            );
        }
    }

    #[test]
    fn data_that_arrives_later() {
        use Disposition::{Deliver, Discard, Hold, Reset};
        use Phase::{Orphan, Rd, Rdwr};
        let rows = [
            ("linux", Rd, NEXT, Deliver),
            ("linux", Rdwr, NEXT, Reset),
            ("linux", Rdwr, AHEAD, Reset),
            ("linux", Rdwr, BEYOND, Deliver),
            ("linux", Rdwr, NOTHING_NEW, Deliver),
            ("linux", Orphan, NEXT, Reset),
            ("freebsd", Rd, NEXT, Discard),
            ("freebsd", Rdwr, NEXT, Discard),
            ("freebsd", Orphan, NEXT, Reset),
            ("winsock", Rd, NEXT, Reset),
            ("winsock", Rd, NOTHING_NEW, Deliver),
            ("winsock", Rd, BEYOND, Deliver),
            ("winsock", Rdwr, NEXT, Reset),
            ("wsprecvdisconnect", Rd, NEXT, Hold),
            ("wsprecvdisconnect", Rd, AHEAD, Hold),
            ("wsprecvdisconnect", Rdwr, NEXT, Hold),
            ("wsprecvdisconnect", Orphan, NEXT, Reset),
            ("freebsd", Orphan, BEYOND, Reset),
            ("macos", Rd, NEXT, Reset),
            ("macos", Rd, AHEAD, Reset),
            ("macos", Rd, BEYOND, Reset),
            ("macos", Rd, NOTHING_NEW, Deliver),
            ("illumos", Rd, NEXT, Discard),
            ("illumos", Rdwr, NEXT, Discard),
            ("illumos", Orphan, BEYOND, Reset),
            ("netstack3", Rd, NEXT, Discard),
            ("netstack3", Rdwr, BEYOND, Reset),
            ("gvisor", Rd, NEXT, Deliver),
            ("gvisor", Rdwr, NEXT, Reset),
            ("gvisor", Rdwr, BEYOND, Deliver),
            ("lwip", Rd, NEXT, Reset),
            ("lwip", Rd, AHEAD, Deliver),
            ("lwip", Rd, BEYOND, Deliver),
            ("windows", Rd, NEXT, Reset),
            ("windows", Rd, AHEAD, Deliver),
        ];
        for (profile, phase, arrival, expected) in rows {
            let decided = on_data(&rules(profile), phase, arrival);
            assert_eq!(decided, expected, "{profile}, {phase:?}, {arrival:?}");
        }
    }

    #[test]
    fn the_scope_of_a_reset() {
        use Disposition::{Deliver, Reset};
        let rows = [
            (ResetScope::AnyNewOctet, [Reset, Reset, Reset, Deliver]),
            (ResetScope::InWindow, [Reset, Reset, Deliver, Deliver]),
            (ResetScope::InOrder, [Reset, Deliver, Deliver, Deliver]),
        ];
        for (reset_scope, expected) in rows {
            let rules = ReceiveShutdown {
                reset_scope,
                ..rules("winsock")
            };
            let decide = |arrival| on_data(&rules, Phase::Rd, arrival);
            let decided = [NEXT, AHEAD, BEYOND, NOTHING_NEW].map(decide);
            assert_eq!(decided, expected, "{reset_scope:?}");
        }
    }

    /// Data that somebody waits for resets nothing, and what other rules do with it they still do.
    #[test]
    fn data_that_a_receive_waits_for() {
        let awaited = Arrival { awaited: 1, ..NEXT };
        let rows = [
            ("winsock", Disposition::Deliver),
            ("wsprecvdisconnect", Disposition::Hold),
            ("linux", Disposition::Deliver),
            ("freebsd", Disposition::Discard),
        ];
        for (profile, expected) in rows {
            let decided = on_data(&rules(profile), Phase::Rd, awaited);
            assert_eq!(decided, expected, "{profile}");
        }
    }

    #[test]
    fn what_a_withheld_acknowledgment_entails() {
        let rows = [
            (Acknowledge::Normal, false, AnswerToHeld::Silence),
            (Acknowledge::Withhold, true, AnswerToHeld::Silence),
            (Acknowledge::Duplicate, true, AnswerToHeld::DuplicateAck),
        ];
        for (acknowledge, withheld, answer) in rows {
            let rules = ReceiveShutdown {
                acknowledge,
                ..rules("wsprecvdisconnect")
            };
            assert_eq!(
                (withholds(&rules), answer_to_held(&rules)),
                (withheld, answer)
            );
        }
        assert_eq!((on_fin(0), on_fin(1)), (OnFin::Accept, OnFin::Ignore));
    }

    #[test]
    fn the_buffer_after_the_call() {
        let rows = [
            ("linux", (4000, 0)),
            ("freebsd", (0, 0)),
            ("illumos", (4000, 0)),
            ("lwip", (4000, 300)),
            ("wsprecvdisconnect", (4000, 0)),
        ];
        for (profile, (capacity, charged)) in rows {
            let room = Room { capacity, charged };
            assert_eq!(room_after(&rules(profile), 4000, 300), room, "{profile}");
        }
    }

    #[test]
    fn segments_beyond_the_edge() {
        let rows = [
            (AtEdge::Acknowledge, [AnswerAtEdge::Ack, AnswerAtEdge::Ack]),
            (AtEdge::Silence, [AnswerAtEdge::Ack, AnswerAtEdge::Silence]),
        ];
        for (at_edge, expected) in rows {
            let rules = ReceiveShutdown {
                at_edge,
                ..rules("linux")
            };
            let decided = [0, 10].map(|new| answer_at_edge(&rules, new));
            assert_eq!(decided, expected, "{at_edge:?}");
        }
    }

    #[test]
    fn closing_with_data_left_behind() {
        use AtClose::{Fin, Reset};
        const NOTHING: LeftBehind = LeftBehind {
            unread: 0,
            held: 0,
            out_of_order: 0,
            discarded: 0,
        };
        let left = [
            ("nothing", NOTHING),
            (
                "unread",
                LeftBehind {
                    unread: 1,
                    ..NOTHING
                },
            ),
            ("held", LeftBehind { held: 9, ..NOTHING }),
            (
                "out of order",
                LeftBehind {
                    out_of_order: 9,
                    ..NOTHING
                },
            ),
            (
                "discarded",
                LeftBehind {
                    discarded: 9,
                    ..NOTHING
                },
            ),
        ];
        // (system, closing over each of these, shutting both directions over each of these)
        let rows = [
            ("linux", [Fin, Reset, Reset, Fin, Fin], [Fin; 5]),
            ("freebsd", [Fin; 5], [Fin; 5]),
            ("macos", [Fin, Reset, Reset, Reset, Fin], [Fin; 5]),
            ("illumos", [Fin, Fin, Fin, Reset, Fin], [Fin; 5]),
            (
                "gvisor",
                [Fin, Reset, Reset, Fin, Fin],
                [Fin, Reset, Reset, Fin, Fin],
            ),
            (
                "lwip",
                [Fin, Reset, Reset, Fin, Reset],
                [Fin, Reset, Reset, Fin, Reset],
            ),
            ("wsprecvdisconnect", [Fin, Reset, Reset, Fin, Fin], [Fin; 5]),
        ];
        for (profile, closed, both_shut) in rows {
            let rules = Profile::built_in(profile).unwrap().close;
            for ((what, left), (closed, both_shut)) in
                left.into_iter().zip(closed.into_iter().zip(both_shut))
            {
                assert_eq!(at_close(rules, left), closed, "{profile}, {what}");
                assert_eq!(at_both_shut(rules, left), both_shut, "{profile}, {what}");
            }
        }
    }
}
