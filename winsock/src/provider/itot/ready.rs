//! WSPSelect, WSPEventSelect, WSPEnumNetworkEvents: what is ready, and what has happened.

use hangup_stack::host::Host;
use hangup_stack::profile::{CloseEvent, ResetName};
use hangup_stack::smoltcp::time::Duration;

use super::data::error_of;
use super::links::Link;
use super::table::State;
use super::{Circuit, Direction, Itot, Mode, Request, Role};
use crate::error::WsaError;
use crate::notify::{FD_ALL_EVENTS, NetworkEvents, Observed, Readiness};
use crate::provider::check::Check;
use crate::provider::tcpip::rules;
use crate::provider::upcalls::EventHandle;
use crate::provider::{Context, Sets};
use crate::{Outcome, Socket};

impl Itot {
    pub(super) fn select(
        &mut self,
        context: &mut Context<'_>,
        sets: &mut Sets,
        timeout: Option<Duration>,
    ) -> Outcome<usize> {
        if !context.host.is_up() {
            return Err(WsaError::NetworkDown).into();
        }
        self.pump(context);
        let mut ready = |set: &[Socket], wanted: fn(Readiness) -> bool| -> Vec<Socket> {
            let is_ready = |s: &Socket| {
                self.settle(*s);
                wanted(self.ready(*s))
            };
            set.iter().copied().filter(is_ready).collect()
        };
        let found = Sets {
            read: ready(&sets.read, |it| it.readable),
            write: ready(&sets.write, |it| it.writable),
            except: ready(&sets.except, |it| it.failed),
        };
        let count = found.read.len() + found.write.len() + found.except.len();
        let until = match self.waiting.until(context.thread) {
            Some(until) => until,
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
        let entry = self.check(context, s, request)?;
        entry.mode = Mode::NonBlocking;
        entry.selection.select(event, events);
        self.observe(context, s);
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
        self.check(context, s, request)?;
        self.observe(context, s);
        if let Some(event) = event {
            context.upcalls.reset_event(event)?;
        }
        let entry = self.sockets.get_mut(&s).ok_or(WsaError::NotSocket)?;
        Ok(entry.selection.take())
    }

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
        let is_deaf = entry.receiving == Direction::Shut;
        let link = entry.link().and_then(|id| self.links.get(&id));
        let data = link.is_some_and(Link::has_message);
        let rules = rules(host);
        // WSAEventSelect: FD_CLOSE comes after all data was read; or else when it is known.
        let told = match rules.close_event {
            CloseEvent::AfterData => connected && (!data || is_deaf),
            CloseEvent::AtOnce => connected,
        };
        let closed = link.filter(|_| told).and_then(Link::closed);
        let closed = closed.map(|closed| close_code(closed, rules.reset_event));
        Observed {
            data: connected && data && !is_deaf,
            room: connected && ready.writable,
            waiting: is_listening && ready.readable,
            connected: attempt,
            closed,
        }
    }

    /// What select and WSAPoll would say.
    pub(super) fn ready(&self, s: Socket) -> Readiness {
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
        let is_deaf = entry.receiving == Direction::Shut;
        let open = link.state() == State::Open;
        let unsent = link.connection.as_ref().map_or(0, |it| it.unsent());
        Readiness {
            data: link.has_message() && !is_deaf,
            readable: (link.has_message() || closed.is_some()) && !is_deaf,
            writable: entry.sending == Direction::Open && open && unsent < entry.send_buffer,
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

/// What comes with FD_CLOSE. The pages have no other errors of a connection than these two.
fn close_code(closed: Result<(), WsaError>, reset: ResetName) -> i32 {
    match (closed, reset) {
        (Ok(()), _) => 0,
        (Err(WsaError::ConnectionReset), ResetName::ConnectionReset) => {
            WsaError::ConnectionReset.code()
        }
        (Err(_), _) => WsaError::ConnectionAborted.code(),
    }
}
