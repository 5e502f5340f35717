//! Network events: FD_READ, FD_WRITE, FD_ACCEPT, FD_CONNECT and FD_CLOSE, when they are recorded
//! and when again.
//!
//! A provider keeps one [`EventSelection`] for each socket that WSAEventSelect was called on, tells
//! it after every step what is the case ([`Observed`]) and after every call which functions have
//! run ([`EventSelection::re_enable`]). The rules are those of the page WSAEventSelect:
//!
//! - FD_READ and FD_ACCEPT are level-triggered: once recorded they come again only after recv (or
//!   accept) was called, and then at once if there still is something;
//! - FD_WRITE comes when the socket is connected, and after a send that found no room, once there
//!   is room;
//! - FD_CONNECT and FD_CLOSE come once, and no function enables them again;
//! - the end of a connection is FD_CLOSE and never FD_READ.

use crate::error::WsaError;
use crate::event::EventHandle;
use crate::provider::upcalls::Upcalls;

/// There is data to read.
pub const FD_READ: i32 = 0x01;
/// There is room to write.
pub const FD_WRITE: i32 = 0x02;
/// Out-of-band data, which never arrives here.
pub const FD_OOB: i32 = 0x04;
/// A connection waits to be accepted.
pub const FD_ACCEPT: i32 = 0x08;
/// A connection attempt has ended.
pub const FD_CONNECT: i32 = 0x10;
/// The connection has ended.
pub const FD_CLOSE: i32 = 0x20;
/// The events that can be asked for, FD_QOS, FD_GROUP_QOS, FD_ROUTING_INTERFACE_CHANGE and
/// FD_ADDRESS_LIST_CHANGE included, which never happen here.
pub const FD_ALL_EVENTS: i32 = 0x3ff;

/// FD_MAX_EVENTS: how many errors WSANETWORKEVENTS holds.
pub const FD_MAX_EVENTS: usize = 10;

/// WSANETWORKEVENTS: what has happened since it was asked last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkEvents {
    /// lNetworkEvents: the `FD_*` that have happened.
    pub events: i32,
    /// iErrorCode: for each of them, by the number of its bit, its error or 0.
    pub errors: [i32; FD_MAX_EVENTS],
}

impl NetworkEvents {
    /// The error that came with an event.
    pub fn error(&self, event: i32) -> i32 {
        let bit = event.trailing_zeros() as usize;
        self.errors.get(bit).copied().unwrap_or(0)
    }

    fn record(&mut self, event: i32, error: i32) {
        self.events |= event;
        if let Some(place) = self.errors.get_mut(event.trailing_zeros() as usize) {
            *place = error;
        }
    }
}

/// What is the case at a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Data, or a datagram, can be read.
    pub data: bool,
    /// A send would take something.
    pub room: bool,
    /// A connection waits.
    pub waiting: bool,
    /// A connection attempt has ended: 0 or its error.
    pub connected: Option<i32>,
    /// The connection has ended, as the peer's close (0) or by an error, and the profile of the
    /// host lets this be known now.
    pub closed: Option<i32>,
}

/// A function that enables an event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enabler {
    /// recv, recvfrom, WSARecv, WSARecvFrom: FD_READ.
    Receive,
    /// A send that found no room: FD_WRITE.
    SendWithoutRoom,
    /// accept, WSAAccept, unless the error was WSATRY_AGAIN: FD_ACCEPT.
    Accept,
}

/// WSAEventSelect of one socket.
#[derive(Clone, Debug, Default)]
pub struct EventSelection {
    event: Option<EventHandle>,
    interest: i32,
    recorded: NetworkEvents,
    /// The events that would be recorded if they were the case.
    enabled: i32,
    /// Whether FD_CLOSE and FD_CONNECT have had their one time.
    spent: i32,
}

impl EventSelection {
    /// WSAEventSelect: a new choice of events replaces the one before, and what was recorded for it
    /// and not yet asked for is gone. What is already the case is recorded at the next observation.
    pub fn select(&mut self, event: Option<EventHandle>, interest: i32) {
        let spent = self.spent;
        *self = Self {
            event,
            interest,
            recorded: NetworkEvents::default(),
            enabled: FD_ALL_EVENTS,
            spent,
        };
    }

    /// Whether any event is wanted.
    pub const fn is_active(&self) -> bool {
        self.interest != 0
    }

    /// The wanted events and the event object, for an accepted socket to inherit.
    pub const fn inherited(&self) -> (Option<EventHandle>, i32) {
        (self.event, self.interest)
    }

    /// Learns what is the case; sets the event object where something new was recorded.
    pub fn observe(&mut self, observed: Observed, upcalls: &mut Upcalls) {
        if !self.is_active() {
            return;
        }
        let level = |is: bool| is.then_some(0);
        // The order in which Windows's own reports list them.
        let facts = [
            (FD_CONNECT, observed.connected),
            (FD_ACCEPT, level(observed.waiting)),
            (FD_READ, level(observed.data)),
            (FD_WRITE, level(observed.room)),
            (FD_CLOSE, observed.closed),
        ];
        let mut new = false;
        for (event, error) in facts {
            let Some(error) = error else { continue };
            let wanted = self.interest & self.enabled & !self.spent & event != 0;
            if wanted {
                self.recorded.record(event, error);
                self.enabled &= !event;
                self.spent |= event & (FD_CONNECT | FD_CLOSE);
                new = true;
            }
        }
        if let Some(event) = self.event.filter(|_| new) {
            // An event object that was closed meanwhile cannot be set, and nobody can tell.
            let _ = upcalls.set_event(event);
        }
    }

    /// A function has run that enables an event again.
    pub fn re_enable(&mut self, enabler: Enabler) {
        self.enabled |= match enabler {
            Enabler::Receive => FD_READ,
            Enabler::SendWithoutRoom => FD_WRITE,
            Enabler::Accept => FD_ACCEPT,
        };
    }

    /// WSAEnumNetworkEvents: what was recorded, which is then forgotten.
    pub fn take(&mut self) -> NetworkEvents {
        std::mem::take(&mut self.recorded)
    }

    /// What was recorded.
    pub const fn recorded(&self) -> NetworkEvents {
        self.recorded
    }
}

/// What select and WSAPoll see of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// A receive or an accept would return at once.
    pub readable: bool,
    /// Data, a datagram or a connection waits.
    pub data: bool,
    /// A send would return at once.
    pub writable: bool,
    /// A connection attempt has failed (select's exceptfds).
    pub failed: bool,
    /// The peer has closed, or the connection is over (POLLHUP).
    pub hung_up: bool,
    /// The connection has ended in an error (POLLERR).
    pub error: Option<WsaError>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DATA: Observed = Observed {
        data: true,
        room: false,
        waiting: false,
        connected: None,
        closed: None,
    };
    const NOTHING: Observed = Observed {
        data: false,
        ..DATA
    };
    const ROOM: Observed = Observed {
        room: true,
        ..NOTHING
    };
    const WAITING: Observed = Observed {
        waiting: true,
        ..NOTHING
    };
    const CLOSED: Observed = Observed {
        closed: Some(0),
        ..NOTHING
    };
    const CONNECTED: Observed = Observed {
        connected: Some(0),
        room: true,
        ..NOTHING
    };

    /// What the same observation, made twice, is told as: before and after the function that
    /// enables its event.
    #[test]
    fn once_and_again() {
        let rows = [
            (FD_READ, DATA, Some(Enabler::Receive), FD_READ),
            (FD_READ, DATA, Some(Enabler::Accept), 0),
            (FD_WRITE, ROOM, Some(Enabler::SendWithoutRoom), FD_WRITE),
            (FD_WRITE, ROOM, Some(Enabler::Receive), 0),
            (FD_ACCEPT, WAITING, Some(Enabler::Accept), FD_ACCEPT),
            (FD_CLOSE, CLOSED, Some(Enabler::Receive), 0),
            (FD_CONNECT, CONNECTED, None, 0),
        ];
        for (event, observed, enabler, again) in rows {
            let mut upcalls = Upcalls::new();
            let handle = upcalls.create_event().unwrap();
            let mut selection = EventSelection::default();
            selection.select(Some(handle), event);
            selection.observe(NOTHING, &mut upcalls);
            assert_eq!(upcalls.is_set(handle), Ok(false));
            selection.observe(observed, &mut upcalls);
            assert_eq!(upcalls.is_set(handle), Ok(true), "{event:#x}");
            assert_eq!(selection.take().events, event);
            upcalls.reset_event(handle).unwrap();
            selection.observe(observed, &mut upcalls);
            assert_eq!(selection.take().events, 0, "{event:#x}: not twice");
            assert_eq!(upcalls.is_set(handle), Ok(false));
            if let Some(enabler) = enabler {
                selection.re_enable(enabler);
            }
            selection.observe(observed, &mut upcalls);
            assert_eq!(
                selection.take().events,
                again,
                "{event:#x} after {enabler:?}"
            );
        }
    }

    prop_compose! {
        fn observed()(
            data in any::<bool>(),
            room in any::<bool>(),
            waiting in any::<bool>(),
            connected in proptest::option::of(Just(0)),
            closed in proptest::option::of(Just(10054)),
        ) -> Observed {
            Observed { data, room, waiting, connected, closed }
        }
    }

    proptest! {
        /// Whatever is observed: nothing is told that nobody asked for or that is not the case, the
        /// end comes once for a selection, and its error with it.
        #[test]
        fn only_what_is_wanted_and_true(
            interest in 0..=FD_ALL_EVENTS,
            steps in proptest::collection::vec(observed(), 0..20),
        ) {
            let mut upcalls = Upcalls::new();
            let mut selection = EventSelection::default();
            selection.select(None, interest);
            let mut closes = 0;
            for observed in steps {
                selection.observe(observed, &mut upcalls);
                let told = selection.take();
                prop_assert_eq!(told.events & !interest, 0);
                let is = |event: i32| told.events & event != 0;
                prop_assert!(!is(FD_READ) || observed.data);
                prop_assert!(!is(FD_WRITE) || observed.room);
                prop_assert!(!is(FD_ACCEPT) || observed.waiting);
                prop_assert!(!is(FD_CONNECT) || observed.connected.is_some());
                if is(FD_CLOSE) {
                    prop_assert_eq!(Some(told.error(FD_CLOSE)), observed.closed);
                    closes += 1;
                }
            }
            prop_assert!(closes <= 1);
        }
    }
}
