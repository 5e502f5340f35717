//! The lifetime of sockets, behind `bind`, `connect` and `close`: how one gets its address and its
//! peer, and how it goes.

use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::envelope::DatagramPorts;
use crate::host::Stack;
use crate::network::IpFamily;
use crate::options::{Linger, SocketOptions};
use crate::profile::{Api, ListenerEnds, PortOfConnection, ProcessExit, ReusePort};
use crate::socket::{BindError, Closing, ConnectError, Protocol, SocketId};
use crate::table::{Bound, Entry, Kind, Tuple};
use crate::tcp::{Connection, State};

impl Stack {
    pub(crate) fn bind(
        &mut self,
        id: SocketId,
        address: Option<IpAddress>,
        port: u16,
    ) -> Result<(), BindError> {
        let freely = self
            .entries
            .get(&id)
            .is_some_and(|it| it.options.binds_freely);
        let is_strange = address.is_some_and(|address| !self.addresses.contains(&address));
        if is_strange && !freely {
            return Err(BindError::NotAvailable);
        }
        if self.is_bound(id) {
            return Err(BindError::AlreadyBound);
        }
        let protocol = self.protocol(id);
        let taken = |stack: &Self, port| {
            let wanted = Bound { address, port };
            let mut bounds = stack.bounds(id, protocol, port);
            let is_taken = match stack.takes_over(id, port) {
                true => false,
                false => bounds.any(|bound| bound.overlaps(wanted)),
            };
            is_taken
                || stack.is_exclusive_in_vain(id, port)
                || protocol == Protocol::Tcp && stack.is_port_of_connection(id, wanted)
        };
        let port = match port {
            0 => self.dynamic_port(taken).ok_or(BindError::InUse)?,
            port if taken(self, port) => return Err(BindError::InUse),
            port => port,
        };
        let wanted = Bound { address, port };
        match self.entries.get_mut(&id).map(|entry| &mut entry.kind) {
            Some(Kind::Idle(idle)) if idle.bound.is_none() => {
                idle.bound = Some(wanted);
                self.claims.insert((port, id));
                Ok(())
            }
            Some(Kind::Reference(reference)) if reference.bound.is_none() => {
                reference.bound = Some(wanted);
                self.claims.insert((port, id));
                Ok(())
            }
            Some(Kind::Udp(udp)) if !udp.is_bound() => {
                self.udp_bind(id, wanted);
                Ok(())
            }
            Some(
                Kind::Idle(_)
                | Kind::Reference(_)
                | Kind::Udp(_)
                | Kind::Listening(_)
                | Kind::Connection(_),
            )
            | None => Err(BindError::AlreadyBound),
        }
    }

    fn is_bound(&self, id: SocketId) -> bool {
        match self.entries.get(&id).map(|entry| &entry.kind) {
            Some(Kind::Idle(idle)) => idle.bound.is_some(),
            Some(Kind::Reference(reference)) => reference.bound.is_some(),
            Some(Kind::Udp(udp)) => udp.is_bound(),
            Some(Kind::Listening(_) | Kind::Connection(_)) => true,
            None => false,
        }
    }

    /// Whether a connection has a port that a socket asks for, and one of the two does not share it
    /// (SO_REUSEADDR).
    fn is_port_of_connection(&self, id: SocketId, wanted: Bound) -> bool {
        let shares = |entry: &Entry| entry.options.reuse_address;
        let asks_to_share = self.entries.get(&id).is_some_and(shares);
        let shares_it = match self.profile.calls.port_of_connection {
            PortOfConnection::Free => return false,
            PortOfConnection::InUse => |entry: &Entry| entry.options.reuse_address,
            PortOfConnection::InUseUnlessAsked => |_: &Entry| true,
        };
        let has_port = |entry: &Entry| match &entry.kind {
            Kind::Connection(connection) if connection.state() != State::Closed => {
                let local = connection.local();
                let bound = Bound {
                    address: Some(local.addr),
                    port: local.port,
                };
                bound.overlaps(wanted)
            }
            Kind::Connection(_)
            | Kind::Idle(_)
            | Kind::Listening(_)
            | Kind::Udp(_)
            | Kind::Reference(_) => false,
        };
        let shares_port = |entry: &Entry| self.shares_port(entry);
        let asks_for_port = self.entries.get(&id).is_some_and(shares_port);
        let is_shared = |entry: &Entry| {
            (asks_to_share && shares_it(entry)) || (asks_for_port && shares_port(entry))
        };
        let in_the_way = |entry: &Entry| has_port(entry) && !is_shared(entry);
        self.entries.iter().any(|(_, entry)| in_the_way(entry))
    }

    /// Whether a socket may have a port that others have, without asking them (Winsock, page "Using
    /// SO_REUSEADDR and SO_EXCLUSIVEADDRUSE": with SO_REUSEADDR, unless one of them has the port to
    /// itself).
    fn takes_over(&self, id: SocketId, port: u16) -> bool {
        let asks = |entry: &Entry| entry.options.reuse_address;
        self.profile.api == Api::Winsock
            && port != 0
            && self.entries.get(&id).is_some_and(asks)
            && { self.claimants(port) }.all(|(_, entry)| !entry.options.exclusive_address)
    }

    /// Whether a socket wants a port for itself alone that a connection still has (Winsock, page
    /// "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE").
    fn is_exclusive_in_vain(&self, id: SocketId, port: u16) -> bool {
        let is_exclusive = |entry: &Entry| entry.options.exclusive_address;
        let has_port = |entry: &Entry| match &entry.kind {
            Kind::Connection(connection) => {
                connection.state() != State::Closed && connection.local().port == port
            }
            Kind::Idle(_) | Kind::Listening(_) | Kind::Udp(_) | Kind::Reference(_) => false,
        };
        let is_exclusive = self.entries.get(&id).is_some_and(is_exclusive);
        is_exclusive && self.entries.iter().any(|(_, entry)| has_port(entry))
    }

    fn protocol(&self, id: SocketId) -> Protocol {
        match self.entries.get(&id).map(|entry| &entry.kind) {
            Some(Kind::Udp(_)) => Protocol::Udp,
            _ => Protocol::Tcp,
        }
    }

    /// Whether a socket may have a port with others that may, too.
    fn shares_port(&self, entry: &Entry) -> bool {
        entry.options.reuse_port && self.profile.calls.reuse_port != ReusePort::NoOption
    }

    /// The local addresses with a port that sockets of a protocol have asked for and do not share
    /// with this one. A connection that came from a listening socket shares that socket's and does
    /// not count.
    fn bounds(
        &self,
        id: SocketId,
        protocol: Protocol,
        port: u16,
    ) -> impl Iterator<Item = Bound> + '_ {
        let asks = { self.entries.get(&id) }.is_some_and(|entry| self.shares_port(entry));
        self.claimants(port)
            .filter(move |(_, entry)| !(asks && self.shares_port(entry)))
            .filter_map(move |(_, entry)| match (&entry.kind, protocol) {
                (Kind::Idle(idle), Protocol::Tcp) => idle.bound,
                (Kind::Listening(listening), Protocol::Tcp) => Some(listening.bound),
                (Kind::Connection(connection), Protocol::Tcp) => {
                    let local = connection.local();
                    Some(Bound {
                        address: Some(local.addr),
                        port: local.port,
                    })
                }
                (Kind::Reference(reference), Protocol::Tcp) => reference.bound,
                (Kind::Udp(udp), Protocol::Udp) => udp.bound,
                _ => None,
            })
    }

    /// The sockets that have asked for a port, in the order of opening.
    pub(crate) fn claimants(&self, port: u16) -> impl Iterator<Item = (SocketId, &Entry)> {
        let claims = self
            .claims
            .range((port, SocketId(0))..=(port, SocketId(usize::MAX)));
        claims.filter_map(|&(_, id)| Some((id, self.entries.get(&id)?)))
    }

    /// Whether a socket listens where a segment has come to.
    pub(crate) fn is_listened_to(&self, local: IpEndpoint) -> bool {
        self.listeners(local).next().is_some()
    }

    /// The socket that listens where a segment has come to. Of several the one whose address it is,
    /// and of several of those the one that the system gives the peer.
    pub(crate) fn listener_for(&self, local: IpEndpoint, remote: IpEndpoint) -> Option<SocketId> {
        let mut listeners = self.listeners(local);
        let (first, _) = listeners.next()?;
        if listeners.next().is_none() {
            return Some(first);
        }
        let has_address = self.listeners(local).any(|(_, is_exact)| is_exact);
        let all: Vec<SocketId> = self
            .listeners(local)
            .filter(|(_, is_exact)| *is_exact == has_address)
            .map(|(id, _)| id)
            .collect();
        self.one_of(&all, local.port, remote)
    }

    /// One of the sockets that share a port, in the order of opening.
    pub(crate) fn one_of(
        &self,
        sharing: &[SocketId],
        port: u16,
        remote: IpEndpoint,
    ) -> Option<SocketId> {
        match self.profile.calls.reuse_port {
            ReusePort::Shares if sharing.len() > 1 => {
                let place = Tuple::new(port, remote).hash() % sharing.len() as u64;
                sharing.get(usize::try_from(place).unwrap_or(0)).copied()
            }
            ReusePort::Last => sharing.last().copied(),
            ReusePort::Shares | ReusePort::NoOption => sharing.first().copied(),
        }
    }

    /// The sockets that listen where a segment has come to, and whether they have its address
    /// alone.
    fn listeners(&self, local: IpEndpoint) -> impl Iterator<Item = (SocketId, bool)> + '_ {
        let wanted = Bound {
            address: Some(local.addr),
            port: local.port,
        };
        let family = IpFamily::of(local.addr);
        let listens = move |(id, entry): (SocketId, &Entry)| {
            let Kind::Listening(listening) = &entry.kind else {
                return None;
            };
            let is_meant = listening.bound.overlaps(wanted) && entry.family == family;
            is_meant.then_some((id, listening.bound.address.is_some()))
        };
        self.claimants(local.port).filter_map(listens)
    }

    /// Removes a socket and gives its port back.
    pub(crate) fn remove(&mut self, id: SocketId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        let port = match &entry.kind {
            Kind::Idle(idle) => idle.bound.map(|bound| bound.port),
            Kind::Listening(listening) => Some(listening.bound.port),
            Kind::Connection(connection) => Some(connection.local().port),
            Kind::Reference(reference) => reference.bound.map(|bound| bound.port),
            Kind::Udp(udp) => udp.bound.map(|bound| bound.port),
        };
        if let Some(port) = port {
            self.claims.remove(&(port, id));
        }
        Some(entry)
    }

    pub(crate) fn begin_connection(
        &mut self,
        id: SocketId,
        remote: IpEndpoint,
        now: Instant,
    ) -> Result<(), ConnectError> {
        let (local, options) = self.local_for(id, remote)?;
        if self
            .connections
            .contains_key(&Tuple::new(local.port, remote))
        {
            return Err(ConnectError::Unreachable);
        }
        let source = self.profile.encapsulation.udp_port;
        let carrier = (options.datagram_port != 0).then_some(DatagramPorts {
            source,
            destination: options.datagram_port,
        });
        let config = self.connection_config(local, remote, &options, carrier);
        let mut connection = Connection::connect(config, now);
        let is_deaf = |entry: &Entry| matches!(&entry.kind, Kind::Idle(idle) if idle.receive_shut);
        if self.entries.get(&id).is_some_and(is_deaf) {
            connection.begin_deaf();
        }
        self.set_kind(id, Kind::Connection(connection));
        self.claims.insert((local.port, id));
        self.connections.insert(Tuple::new(local.port, remote), id);
        self.touch(id);
        Err(ConnectError::InProgress)
    }

    /// The local address of a connection to be, with a port of its own where it has none.
    pub(crate) fn local_for(
        &mut self,
        id: SocketId,
        remote: IpEndpoint,
    ) -> Result<(IpEndpoint, SocketOptions), ConnectError> {
        let towards = self
            .address_towards(remote.addr)
            .ok_or(ConnectError::Unreachable)?;
        let entry = self.entries.get(&id).ok_or(ConnectError::Unreachable)?;
        if entry.family != IpFamily::of(remote.addr) || remote.port == 0 {
            return Err(ConnectError::Unreachable);
        }
        let options = entry.options.clone();
        let bound = match &entry.kind {
            Kind::Idle(idle) => idle.bound,
            Kind::Reference(reference) => reference.bound,
            Kind::Listening(_) | Kind::Connection(_) | Kind::Udp(_) => None,
        };
        let address = bound.and_then(|bound| bound.address).unwrap_or(towards);
        let taken = |stack: &Self, port| {
            let wanted = Bound {
                address: Some(address),
                port,
            };
            let mut bounds = stack.bounds(id, Protocol::Tcp, port);
            bounds.any(|bound| bound.overlaps(wanted))
        };
        let port = match bound {
            Some(bound) => bound.port,
            None => self.dynamic_port(taken).ok_or(ConnectError::Unreachable)?,
        };
        Ok((IpEndpoint::new(address, port), options))
    }

    /// Resets the connections that nobody will accept any more.
    pub(crate) fn reset_children(&mut self, listener: SocketId) {
        let children: Vec<SocketId> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.parent == Some(listener))
            .map(|(id, _)| id)
            .collect();
        let forgets = self.profile.backlog.listener_ends == ListenerEnds::Forgotten;
        for id in children {
            if let Some(connection) = self.connection_mut(id) {
                let opens = connection.state() == State::SynReceived;
                if opens && forgets && !connection.is_open_early() {
                    connection.forget();
                }
                connection.close(Some(Duration::ZERO));
            }
            self.touch(id);
        }
    }

    /// Takes the descriptor of a process away that has ended. A close that lingered goes on in the
    /// background.
    pub(crate) fn release(&mut self, id: SocketId, now: Instant) {
        let exit = self.profile.close.exit;
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        let Some(linger) = at_exit(exit, entry.options.linger) else {
            return;
        };
        if entry.lingers_until.is_none() {
            entry.options.linger = linger;
            // Nobody is there who could wait.
            let _ = self.close(id, now);
        }
    }

    pub(crate) fn close(&mut self, id: SocketId, now: Instant) -> Closing {
        self.touch(id);
        let Some(entry) = self.entries.get_mut(&id) else {
            return Closing::Done;
        };
        let linger = entry.options.linger.timeout();
        match &mut entry.kind {
            Kind::Connection(connection) => {
                if let Some(until) = entry.lingers_until {
                    if connection.is_drained() || now >= until {
                        if !connection.is_drained() {
                            connection.end_lingering();
                        }
                        return Closing::Done;
                    }
                    return Closing::Lingers(until);
                }
                connection.close(linger);
                match linger {
                    Some(time) if time > Duration::ZERO && !connection.is_drained() => {
                        entry.lingers_until = Some(now + time);
                        Closing::Lingers(now + time)
                    }
                    Some(_) | None => Closing::Done,
                }
            }
            Kind::Listening(_) => {
                self.reset_children(id);
                self.remove(id);
                Closing::Done
            }
            Kind::Udp(_) => {
                self.udp_close(id);
                self.remove(id);
                Closing::Done
            }
            Kind::Idle(_) => {
                self.remove(id);
                Closing::Done
            }
            Kind::Reference(_) => {
                self.reference_close(id);
                Closing::Done
            }
        }
    }
}

/// How the end of a process closes a socket that lingers so; none: not at all. Only a linger time
/// of zero counts: nobody waits for another (Linux: inet_release, PF_EXITING).
fn at_exit(exit: ProcessExit, linger: Linger) -> Option<Linger> {
    match exit {
        ProcessExit::Keeps => None,
        ProcessExit::Resets => Some(Linger::RESET),
        ProcessExit::Closes if linger.timeout() == Some(Duration::ZERO) => Some(Linger::RESET),
        ProcessExit::Closes => Some(Linger::OFF),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_process_waits_for_no_linger_time() {
        let five = Linger {
            onoff: 1,
            seconds: 5,
        };
        let rows = [
            (ProcessExit::Closes, Linger::OFF, Some(Linger::OFF)),
            (ProcessExit::Closes, five, Some(Linger::OFF)),
            (ProcessExit::Closes, Linger::RESET, Some(Linger::RESET)),
            (ProcessExit::Resets, Linger::OFF, Some(Linger::RESET)),
            (ProcessExit::Resets, five, Some(Linger::RESET)),
            (ProcessExit::Keeps, Linger::RESET, None),
        ];
        for (exit, linger, closes) in rows {
            assert_eq!(at_exit(exit, linger), closes, "{exit:?}, {linger:?}");
        }
    }
}
