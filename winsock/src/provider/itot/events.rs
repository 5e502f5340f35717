//! WSPSelect, WSPEventSelect, WSPEnumNetworkEvents: what is ready, and what has happened.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Duration;

use super::entry::{Itot, Role};
use super::link::{Link, error_of};
use super::table::State;
use crate::error::WsaError;
use crate::event::EventHandle;
use crate::notify::{NetworkEvents, Observed, Readiness};
use crate::process::{Progress, Socket};
use crate::provider::base::{self, Circuit, DirectionState, Mode, Request};
use crate::provider::call::{Context, Sets};
use crate::provider::spi::Events;

impl Events for Itot {
    fn select(
        &mut self,
        context: &mut Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Progress<usize> {
        context.blocking(|context| {
            if context.host.is_up() {
                self.pump(context);
            }
            base::select(context, sets, timeout, |s| {
                self.settle(s);
                self.ready(s)
            })
        })
    }

    fn event_select(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
        events: i32,
    ) -> Result<(), WsaError> {
        let request = Request::event_select(context, event, events);
        let entry = self.check(context, s, request)?;
        entry.mode = Mode::NonBlocking;
        entry.selection.select(event, events);
        self.observe(context, s);
        Ok(())
    }

    fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError> {
        let request = Request::enum_network_events(context, event);
        self.check(context, s, request)?;
        self.observe(context, s);
        if let Some(event) = event {
            context.upcalls.reset_event(event)?;
        }
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        Ok(entry.selection.take())
    }

    fn readiness(&mut self, context: &mut Context<'_>, s: Socket) -> Readiness {
        self.pump(context);
        self.settle(s);
        self.ready(s)
    }

    fn recorded_events(&self, s: Socket) -> NetworkEvents {
        let entry = self.sockets.get(&s);
        entry.map_or_else(NetworkEvents::default, |entry| entry.selection.recorded())
    }
}

impl Itot {
    /// Records the network events that have happened.
    pub(super) fn observe(&mut self, context: &mut Context<'_>, s: Socket) {
        let observed = self.observed(context.host, s);
        if let Some(entry) = self.sockets.get_mut(&s) {
            entry.selection.observe(observed, context.upcalls);
        }
    }

    fn observed(&self, host: &Host, s: Socket) -> Observed {
        let ready = self.ready(s);
        let Some(entry) = self.sockets.get(&s) else {
            return Observed::default();
        };
        let attempt = entry.attempt.map(|attempt| match attempt.result {
            Ok(()) => 0,
            Err(error) => error.code(),
        });
        let is_listening = matches!(entry.role, Role::Listening { .. });
        let connected = entry.circuit == Circuit::Connected;
        let link = entry.link().and_then(|id| self.links.get(&id));
        let unread = link.is_some_and(Link::has_message) && entry.receiving == DirectionState::Open;
        let ended = link.filter(|_| connected).and_then(Link::closed);
        Observed {
            data: connected && unread,
            room: connected && ready.writable,
            waiting: is_listening && ready.readable,
            connected: attempt,
            closed: base::fd_close(host, ended, unread),
        }
    }

    /// What select and WSAPoll would say.
    fn ready(&self, s: Socket) -> Readiness {
        let Some(entry) = self.sockets.get(&s) else {
            return Readiness::default();
        };
        if let Role::Listening { queue, .. } = &entry.role {
            return Readiness {
                readable: !queue.is_empty(),
                data: !queue.is_empty(),
                ..Readiness::default()
            };
        }
        let failed = entry.attempt.is_some_and(|attempt| attempt.result.is_err());
        let link = entry.link().and_then(|id| self.links.get(&id));
        let Some(link) = link.filter(|_| entry.circuit == Circuit::Connected) else {
            return Readiness {
                failed,
                ..Readiness::default()
            };
        };
        let closed = link.closed();
        let is_deaf = entry.receiving == DirectionState::Shut;
        let open = link.state() == State::Open;
        let unsent = link.connection.as_ref().map_or(0, |it| it.unsent());
        Readiness {
            data: link.has_message() && !is_deaf,
            readable: (link.has_message() || closed.is_some()) && !is_deaf,
            writable: entry.sending == DirectionState::Open && open && unsent < entry.send_buffer,
            failed,
            hung_up: closed.is_some(),
            error: closed.and_then(Result::err),
        }
    }
}

impl Link {
    fn has_message(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.message().is_some())
    }

    /// Whether the connection has ended, gracefully or with an error. An end that only this side
    /// knows of is none.
    fn closed(&self) -> Option<Result<(), WsaError>> {
        let end = self.connection.as_ref()?.end()?;
        Some(if end.is_graceful() {
            Ok(())
        } else {
            Err(error_of(end))
        })
    }
}
