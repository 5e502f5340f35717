//! What a script looks at and changes besides calls and packets: the state of sockets, and links.

use hangup_stack::network::HostId;
use hangup_stack::profile::Api;
use hangup_stack::socket::SocketId;

use super::conditions;
use super::player::Player;
use crate::diagnostic::Diagnostic;
use crate::scenario::script::{Expect, LinkStatement};

impl Player<'_> {
    pub(crate) fn expect_state(&mut self, expect: &Expect) {
        let Some(host) = self.host(&expect.host.value) else {
            return;
        };
        let Some(table) = self.tables[host].as_ref() else {
            return;
        };
        let api = self.scenario.hosts[host]
            .profile()
            .map_or(Api::Posix, |profile| profile.api);
        let labels = table.labels();
        let mut found = Vec::new();
        for condition in &expect.conditions {
            let label = condition.value.socket.as_ref().map(|label| label.value);
            let socket = match label {
                Some(label) => table.labelled(label),
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
            let status = self.network.host(HostId(host)).status(socket);
            let events = table.network_events(socket);
            if let Some(actual) =
                conditions::contradiction(&condition.value, status.as_ref(), events.as_deref(), api)
            {
                let name = condition.value.property.value.name();
                let message = format!("`{name}` is {actual}");
                let label = format!("at {}", crate::capture::text::seconds(self.network.now()));
                found.push(Diagnostic::new(condition.span, message).label(label));
            }
        }
        self.failures.extend(found);
    }

    /// The socket that is meant where none is named: the one connection of the host, or its one
    /// socket.
    fn only_socket(&self, host: usize, labels: &[(i64, SocketId)]) -> Option<SocketId> {
        let host = self.network.host(HostId(host));
        let connects = |&&(_, socket): &&(i64, SocketId)| {
            host.status(socket)
                .is_some_and(|status| status.remote.is_some())
        };
        let mut connections = labels.iter().filter(connects);
        match (connections.next(), connections.next(), labels) {
            (Some(&(_, only)), None, _) | (None, None, &[(_, only)]) => Some(only),
            _ => None,
        }
    }

    pub(crate) fn change_links(&mut self, statement: &LinkStatement) {
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
            let mut config = self.network.link(from, to).clone();
            for change in &statement.changes {
                change.value.apply(&mut config);
            }
            self.network.set_link(from, to, config);
        }
    }
}
