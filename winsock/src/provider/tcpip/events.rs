//! WSPSelect, WSPEventSelect, WSPEnumNetworkEvents: what is ready, and what has happened.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Duration;
use hangup_stack::socket::Protocol;
use hangup_stack::tcp::State;

use super::entry::{Entry, TcpIp};
use crate::error::WsaError;
use crate::event::EventHandle;
use crate::notify::{NetworkEvents, Observed, Readiness};
use crate::process::{Progress, Socket};
use crate::provider::base::{self, Circuit, Mode, Request};
use crate::provider::call::{Context, Sets};
use crate::provider::spi::Events;

impl Events for TcpIp {
    fn select(
        &mut self,
        context: &mut Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Progress<usize> {
        context.blocking(|context| {
            base::select(context, sets, timeout, |s| {
                self.readiness_of(context.host, s)
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
        let entry = self.check(context.host, s, request)?;
        entry.mode = Mode::NonBlocking;
        entry.selection.select(event, events);
        entry.observe(context);
        Ok(())
    }

    fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError> {
        let request = Request::enum_network_events(context, event);
        let entry = self.check(context.host, s, request)?;
        entry.observe(context);
        if let Some(event) = event {
            context.upcalls.reset_event(event)?;
        }
        Ok(entry.selection.take())
    }

    fn readiness(&mut self, context: &mut Context<'_>, s: Socket) -> Readiness {
        self.readiness_of(context.host, s)
    }

    fn recorded_events(&self, s: Socket) -> NetworkEvents {
        let entry = self.sockets.get(&s);
        entry.map_or_else(NetworkEvents::default, |entry| entry.selection.recorded())
    }
}

impl TcpIp {
    fn readiness_of(&mut self, host: &Host, s: Socket) -> Readiness {
        let entry = self.sockets.get_mut(&s);
        entry.map_or_else(Readiness::default, |entry| entry.readiness(host))
    }
}

impl Entry {
    /// What select and WSAPoll would say.
    fn readiness(&mut self, host: &Host) -> Readiness {
        self.settle(host);
        let Some(status) = host.status(self.id) else {
            return Readiness::default();
        };
        let connecting = matches!(self.circuit, Circuit::Connecting(_));
        let failed = connecting && status.error.is_some();
        let unconnected = self.protocol == Protocol::Tcp
            && self.circuit == Circuit::Unconnected
            && status.state != Some(State::Listen);
        let waits =
            status.state == Some(State::Listen) && (status.readable || self.deferred.is_some());
        Readiness {
            data: waits || (status.queued > 0 && status.readable),
            readable: !connecting && !unconnected && (status.readable || self.deferred.is_some()),
            writable: !failed && !unconnected && (status.writable && !connecting),
            failed,
            hung_up: self.circuit == Circuit::Connected
                && (self.peer_has_closed(host) || self.gone(host).is_some()),
            error: self.gone(host).map(|gone| self.code(host, gone)),
        }
    }

    /// Goes on with everything that waits, and records the network events that have happened.
    pub(super) fn go_on(&mut self, context: &mut Context<'_>) {
        if self.is_waiting() {
            self.advance(context);
            self.observe(context);
        }
    }

    /// Records the network events that have happened.
    pub(super) fn observe(&mut self, context: &mut Context<'_>) {
        self.settle(context.host);
        let observed = self.observed(context.host);
        self.selection.observe(observed, context.upcalls);
    }

    fn observed(&self, host: &Host) -> Observed {
        let Some(status) = host.status(self.id) else {
            return Observed::default();
        };
        let connects = matches!(self.circuit, Circuit::Connecting(_));
        let gone = self.gone(host);
        let connected = match (connects, gone) {
            (true, Some(gone)) => Some(WsaError::from(gone).code()),
            (true, None) => None,
            (false, _) => self.attempt,
        };
        let circuit = self.circuit == Circuit::Connected;
        let ended = match gone {
            _ if !circuit => None,
            Some(gone) => Some(Err(WsaError::from(gone))),
            None => self.peer_has_closed(host).then_some(Ok(())),
        };
        let unread = status.queued > 0 && !self.is_deaf();
        let datagrams = self.protocol == Protocol::Udp;
        Observed {
            data: (circuit || datagrams) && unread,
            room: (circuit || datagrams) && status.writable && gone.is_none(),
            waiting: status.state == Some(State::Listen)
                && (status.readable || self.deferred.is_some()),
            connected,
            closed: base::fd_close(host, ended, unread),
        }
    }
}
