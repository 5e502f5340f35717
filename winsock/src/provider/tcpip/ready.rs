//! WSPSelect, WSPEventSelect, WSPEnumNetworkEvents: what is ready, and what has happened.

use hangup_stack::host::Host;
use hangup_stack::profile::{CloseEvent, ResetName};
use hangup_stack::smoltcp::time::Duration;
use hangup_stack::socket::{Gone, Protocol};
use hangup_stack::tcp::State;

use super::{Circuit, Entry, Mode, Request, TcpIp, rules};
use crate::error::WsaError;
use crate::notify::{FD_ALL_EVENTS, NetworkEvents, Observed, Readiness};
use crate::provider::check::Check;
use crate::provider::upcalls::EventHandle;
use crate::provider::{Context, Sets};
use crate::{Outcome, Socket};

impl TcpIp {
    pub(super) fn select(
        &mut self,
        context: &Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Outcome<usize> {
        if !context.host.is_up() {
            return Err(WsaError::NetworkDown).into();
        }
        let mut ready = |set: &[Socket], wanted: fn(Readiness) -> bool| -> Vec<Socket> {
            let is_ready = |s: &Socket| {
                let entry = self.sockets.get_mut(s);
                entry.is_some_and(|entry| wanted(entry.readiness(context.host)))
            };
            set.iter().copied().filter(is_ready).collect()
        };
        let found = Sets {
            read: ready(&sets.read, |it| it.readable),
            write: ready(&sets.write, |it| it.writable),
            except: ready(&sets.except, |it| it.failed),
        };
        let count = found.read.len() + found.write.len() + found.except.len();
        let begun = self.waiting.get(&context.thread);
        let until = match begun {
            Some(waiting) => waiting.until,
            None => timeout.map(|timeout| context.now + timeout),
        };
        if count > 0 || until.is_some_and(|until| until <= context.now) {
            *sets = found;
            return Ok(count).into();
        }
        Outcome::Blocks { until }
    }

    pub(super) fn event_select(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
        events: i32,
    ) -> Result<(), WsaError> {
        let known = event.is_none_or(|event| context.upcalls.is_set(event).is_ok());
        let nothing_for_no_event = event.is_some() || events == 0;
        let arguments = known && nothing_for_no_event && events & !FD_ALL_EVENTS == 0;
        let request = Request {
            arguments: Check::that(arguments),
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        entry.mode = Mode::NonBlocking;
        entry.selection.select(event, events);
        entry.observe(context);
        Ok(())
    }

    pub(super) fn enum_network_events(
        &mut self,
        context: &mut Context<'_>,
        s: Socket,
        event: Option<EventHandle>,
    ) -> Result<NetworkEvents, WsaError> {
        let known = event.is_none_or(|event| context.upcalls.is_set(event).is_ok());
        let request = Request {
            arguments: Check::that(known),
            ..Request::NOTHING
        };
        let entry = self.check(context.host, s, request)?;
        entry.observe(context);
        if let Some(event) = event {
            context.upcalls.reset_event(event)?;
        }
        Ok(entry.selection.take())
    }
}

impl Entry {
    /// What select and WSAPoll would say.
    pub(super) fn readiness(&mut self, host: &Host) -> Readiness {
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
        let rules = rules(host);
        // WSAEventSelect: FD_CLOSE comes after all data was read; or else when it is known.
        let told = match rules.close_event {
            CloseEvent::AfterData => status.queued == 0 || self.is_deaf(),
            CloseEvent::AtOnce => true,
        };
        let closed = match gone {
            _ if !circuit || !told => None,
            Some(gone) => Some(close_error(gone, rules.reset_event).code()),
            None => self.peer_has_closed(host).then_some(0),
        };
        let datagrams = self.protocol == Protocol::Udp;
        Observed {
            data: (circuit || datagrams) && status.queued > 0 && !self.is_deaf(),
            room: (circuit || datagrams) && status.writable && gone.is_none(),
            waiting: status.state == Some(State::Listen)
                && (status.readable || self.deferred.is_some()),
            connected,
            closed,
        }
    }
}

/// The error that comes with FD_CLOSE. The pages have three: WSAENETDOWN, WSAECONNRESET, and
/// WSAECONNABORTED for everything else that ends a connection.
fn close_error(gone: Gone, reset: ResetName) -> WsaError {
    match (gone, reset) {
        (Gone::Reset, ResetName::ConnectionReset) => WsaError::ConnectionReset,
        (Gone::Reset, ResetName::ConnectionAborted) => WsaError::ConnectionAborted,
        (
            Gone::Aborted
            | Gone::TimedOut
            | Gone::Refused
            | Gone::NetworkUnreachable
            | Gone::HostUnreachable
            | Gone::ProtocolUnreachable,
            _,
        ) => WsaError::ConnectionAborted,
    }
}
