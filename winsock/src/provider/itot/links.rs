//! The transport connections of a process: each is announced to its listener, and closed at its
//! end.
//!
//! A connection outlives its socket, because a release goes on in the background; and it exists
//! before its socket, while a request waits for the user. TCP's listening sockets are doors, which
//! several users of ISO transport share: the called selector says who is meant.

use std::collections::{BTreeMap, VecDeque};

use hangup_stack::host::Host;
use hangup_stack::options::NO_DELAY;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;

use super::connection::{Connection, Manners};
use super::entry::{BUFFER, Entry, Itot, LinkId, Role};
use super::link::{LINKS_MAX, Link, ListeningSocket, Lower, User, close, tcp_socket};
use super::negotiate::Agreed;
use super::table::State;
use super::tpdu::{DisconnectData, Reason, Reference};
use crate::address::IsoAddress;
use crate::error::WsaError;
use crate::process::Socket;
use crate::provider::base::BACKLOG_MAX;
use crate::provider::call::Context;

impl Itot {
    /// Lets everything go on, as far as the stack lets it.
    pub(super) fn pump(&mut self, context: &mut Context<'_>) {
        self.answer_doors(context);
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        for id in ids {
            self.pump_one(context, id);
        }
        self.links.retain(|_, link| !link.is_over());
    }

    /// Lets one connection go on.
    pub(super) fn pump_one(&mut self, context: &mut Context<'_>, id: LinkId) {
        let (host, now) = (&mut *context.host, context.now);
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.go_on(host, now);
        if link.user == User::New && link.state() == State::AwaitingResponse {
            self.announce(id);
            if let Some(link) = self.links.get_mut(&id) {
                link.go_on(host, now);
            }
        }
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        // A caller that goes away while it waits is never heard of.
        if let User::Waits(listener) = link.user
            && link.state() == State::Closed
        {
            link.user = User::Gone;
            if let Some(queue) = self.sockets.get_mut(&listener).and_then(Entry::queue_mut) {
                queue.retain(|waiting| *waiting != id);
            }
        }
    }

    /// Takes the TCP connections that have come.
    fn answer_doors(&mut self, context: &mut Context<'_>) {
        let Some(manners) = Self::manners(context.host, Agreed::Two) else {
            return;
        };
        for at in 0..self.doors.len() {
            let (tcp, endpoint) = (self.doors[at].tcp, self.doors[at].endpoint);
            while self.links.len() < LINKS_MAX {
                let Ok(child) = context.host.accept(tcp) else {
                    break;
                };
                let now = context.now;
                context.host.set_option(child, &NO_DELAY, true, now);
                let status = context.host.status(child);
                let place = |network: Option<IpEndpoint>| IsoAddress {
                    selector: Vec::new(),
                    network: network.unwrap_or(endpoint),
                };
                let reference = self.reference();
                let id = self.link_id();
                let link = Link {
                    tcp: child,
                    lower: Lower::Open,
                    connection: Some(Connection::listen(manners, reference, context.now)),
                    door: Some(endpoint),
                    user: User::New,
                    room: BUFFER,
                    local: place(status.as_ref().and_then(|status| status.local)),
                    remote: place(status.as_ref().and_then(|status| status.remote)),
                };
                self.links.insert(id, link);
            }
        }
    }

    /// Finds the socket that a request is for.
    fn announce(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let (Some(connection), Some(door)) = (&mut link.connection, link.door) else {
            return;
        };
        let Some(request) = connection.request() else {
            return;
        };
        link.local.selector = request.called().to_vec();
        link.remote.selector = request.calling().to_vec();
        let listener = listener(&mut self.sockets, door, request.called());
        let verdict = match listener {
            None => Err(Reason::ADDRESS_UNKNOWN),
            Some((s, class, queue, backlog)) => {
                connection.set_class(class);
                if queue.len() >= backlog {
                    Err(Reason::CONGESTION_AT_TSAP)
                } else {
                    connection.is_acceptable().map(|()| {
                        queue.push_back(id);
                        s
                    })
                }
            }
        };
        match verdict {
            Ok(s) => link.user = User::Waits(s),
            Err(reason) => link.turn_away(reason, DisconnectData::EMPTY),
        }
    }

    /// How connections of a class behave on a host; none where its profile has no ISO transport.
    pub(super) fn manners(host: &Host, class: Agreed) -> Option<Manners> {
        let rules = host.profile()?.iso?;
        Some(Manners::of(&rules, class))
    }

    /// The listening TCP socket of an address, which is opened if there is none.
    pub(super) fn open_door(
        &mut self,
        host: &mut Host,
        endpoint: IpEndpoint,
        now: Instant,
    ) -> Result<(), WsaError> {
        if self.doors.iter().any(|door| door.endpoint == endpoint) {
            return Ok(());
        }
        let tcp = tcp_socket(host, endpoint, now);
        let address = (!endpoint.addr.is_unspecified()).then_some(endpoint.addr);
        let bound = host.bind(tcp, address, endpoint.port);
        let listens = bound
            .map_err(WsaError::from)
            .and_then(|()| Ok(host.listen(tcp, BACKLOG_MAX)?));
        match listens {
            Ok(()) => {
                self.doors.push(ListeningSocket { endpoint, tcp });
                Ok(())
            }
            Err(error) => {
                close(host, tcp, now);
                Err(error)
            }
        }
    }

    /// Closes a listening TCP socket that nobody listens behind any more.
    pub(super) fn close_door(&mut self, host: &mut Host, endpoint: IpEndpoint, now: Instant) {
        let is_used = self.sockets.values().any(|entry| match &entry.role {
            Role::Listening { door, .. } => *door == endpoint,
            Role::Idle | Role::Circuit(_) => false,
        });
        if is_used {
            return;
        }
        self.doors.retain(|door| {
            if door.endpoint == endpoint {
                close(host, door.tcp, now);
            }
            door.endpoint != endpoint
        });
    }

    pub(super) fn link_id(&mut self) -> LinkId {
        self.next_link += 1;
        LinkId(self.next_link)
    }

    /// A number for a connection that no other has. 0 is none.
    pub(super) fn reference(&mut self) -> Reference {
        // There are fewer links than references, so that the search ends.
        loop {
            self.next_reference = self.next_reference.checked_add(1).unwrap_or(1);
            let reference = self.next_reference;
            let used = |link: &Link| {
                let connection = link.connection.as_ref();
                connection.is_some_and(|connection| connection.reference() == reference)
            };
            if !self.links.values().any(used) {
                return reference;
            }
        }
    }
}

/// The socket that listens for a selector behind a door: the one that is bound to it, or else the
/// one that is bound to no selector.
fn listener<'a>(
    sockets: &'a mut BTreeMap<Socket, Entry>,
    door: IpEndpoint,
    called: &[u8],
) -> Option<(Socket, Agreed, &'a mut VecDeque<LinkId>, usize)> {
    let find = |selector: &[u8]| {
        let mut sockets = sockets.iter();
        let found = sockets.find(|(_, entry)| match (&entry.role, &entry.bound) {
            (Role::Listening { door: own, .. }, Some(bound)) => {
                *own == door && bound.selector == selector
            }
            (Role::Listening { .. } | Role::Idle | Role::Circuit(_), _) => false,
        });
        found.map(|(s, _)| *s)
    };
    let s = find(called).or_else(|| find(&[]))?;
    let entry = sockets.get_mut(&s)?;
    let class = entry.class();
    match &mut entry.role {
        Role::Listening { queue, backlog, .. } => Some((s, class, queue, *backlog)),
        Role::Idle | Role::Circuit(_) => None,
    }
}
