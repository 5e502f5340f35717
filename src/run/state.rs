//! Statements about state: conditions of sockets, comparisons with TCP_INFO, and changes of links.

use hangup_stack::network::HostId;
use hangup_stack::socket::SocketId;
use hangup_stack::tcp::State;

use super::conditions;
use super::driver::Driver;
use crate::capture::text::seconds;
use crate::diagnostic::{Diagnostic, Span};
use crate::packetdrill::code::{Info, Step};
use crate::packetdrill::tcp_info::TcpInfo;
use crate::scenario::script::{Code, Expect, LinkStatement};

impl Driver<'_> {
    pub(super) fn expect_state(&mut self, expect: &Expect) {
        let Some(host) = self.host(&expect.host.value) else {
            return;
        };
        let Some(profile) = self.scenario.hosts[host].profile() else {
            return;
        };
        let (host, api) = (HostId(host), profile.api);
        let labels = self.medium.labels(host);
        let mut found = Vec::new();
        for condition in &expect.conditions {
            let label = condition.value.socket.as_ref().map(|label| label.value);
            let socket = match label {
                Some(label) => self.labelled(host, label),
                None => self.only_socket(host, &labels),
            };
            let Some(socket) = socket else {
                let message = match label {
                    Some(label) => format!("no call has opened socket {label}"),
                    None => "which socket is meant is not clear".to_owned(),
                };
                let help = "name the socket: expect 4.state == ESTABLISHED";
                found.push(Diagnostic::new(condition.span, message).help(help));
                continue;
            };
            let status = self.medium.status(host, socket);
            let events = self.medium.network_events(host, socket);
            if let Some(actual) =
                conditions::contradiction(&condition.value, status.as_ref(), events.as_deref(), api)
            {
                let name = condition.value.property.value.name();
                let message = format!("`{name}` is {actual}");
                let label = format!("at {}", seconds(self.medium.now()));
                found.push(Diagnostic::new(condition.span, message).label(label));
            }
        }
        for diagnostic in found {
            self.fail_state(host.0, diagnostic);
        }
    }

    /// The socket that is meant where none is named: the one connection of the host, or its one
    /// socket. A connection that is gone counts where no other is there; of several that are all
    /// gone, any is as good as another.
    fn only_socket(&self, host: HostId, labels: &[(i64, SocketId)]) -> Option<SocketId> {
        let status = |socket: SocketId| self.medium.status(host, socket);
        let connects = |socket: SocketId| status(socket).is_some_and(|it| it.remote.is_some());
        let sockets = || labels.iter().map(|&(_, socket)| socket);
        let mut connections = sockets().filter(|&it| connects(it));
        match (connections.next(), connections.next()) {
            (Some(only), None) => return Some(only),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
        let mut idle = sockets().filter(|&it| {
            let state = status(it).map(|it| it.state);
            state.is_some_and(|it| it != Some(State::Listen))
        });
        match (idle.next(), labels) {
            (None, &[(_, only)]) => Some(only),
            (None, _) => sockets().find(|&it| status(it).is_none()),
            (Some(_), &[(_, only)]) => Some(only),
            (Some(_), _) => None,
        }
    }

    /// Compares what is known of the connection that a host has opened last.
    pub(super) fn compare(&mut self, code: &Code, span: Span) {
        let Some(host) = self.host(&code.host.value) else {
            return;
        };
        let profile = self.scenario.hosts[host].profile();
        let host = HostId(host);
        let measured = self.medium.tcp_info(host);
        let labels = self.medium.labels(host).into_iter();
        let sockets =
            labels.filter_map(|(_, socket)| Some((socket, self.medium.status(host, socket)?)));
        let known =
            TcpInfo::of_last_connection(sockets, profile, &self.packets.seen, self.medium.now());
        let info = |info: Info| match &measured {
            Some(fields) => fields.get(info.name()).copied(),
            None => known.as_ref()?.value(info),
        };
        for step in &code.steps {
            let kept = &mut self.variables;
            let (Step::Assert(wanted) | Step::Keep { value: wanted, .. }) = step;
            let said = match (step, wanted.value(kept, &info)) {
                (Step::Assert(_), Ok(0.0)) => format!("`{}` does not hold", wanted.text),
                (Step::Assert(_), Ok(_)) => continue,
                (Step::Keep { name, .. }, Ok(value)) => {
                    kept.insert(name.clone(), value);
                    continue;
                }
                (_, Err(reason)) => format!("`{}` cannot be told: {reason}", wanted.text),
            };
            let diagnostic = Diagnostic::new(span, said).label(wanted.values(kept, &info));
            return self.fail(diagnostic);
        }
    }

    pub(super) fn change_links(&mut self, statement: &LinkStatement, span: Span) {
        let pairs: Vec<(usize, usize)> = match &statement.direction {
            Some(direction) => {
                let (from, to) = (
                    self.host(&direction.from.value),
                    self.host(&direction.to.value),
                );
                from.zip(to).into_iter().collect()
            }
            None => {
                let hosts = 0..self.scenario.hosts.len();
                hosts
                    .clone()
                    .flat_map(|a| hosts.clone().map(move |b| (a, b)))
                    .collect()
            }
        };
        for (from, to) in pairs.into_iter().filter(|(from, to)| from != to) {
            let (from, to) = (HostId(from), HostId(to));
            let changed = self.medium.change_link(from, to, &statement.changes);
            if changed.is_err() {
                return self.unless_refused(changed, span);
            }
        }
    }
}
