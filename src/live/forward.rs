//! A proxy on an emulated host: it accepts, connects to a real server outside, and passes on what
//! either says until a rule fires.
//!
//! The sockets to the server are made before the process enters its namespaces, so that they stay
//! in the network outside; a connection that has ended gives its socket back. Nothing else of the
//! process reaches outside.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use hangup_stack::network::{HostId, IpFamily};
use hangup_stack::options::{LINGER, Linger};
use hangup_stack::socket::{Direction, Protocol, RecvError, SendError, SocketId};
use rustix::event::PollFlags;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, connect,
    connect_unspec, recv, send, shutdown, socket_with, sockopt,
};

use super::rule::{Behaviour, Rule, Trigger};
use crate::run::VirtualNetwork;

/// How much of each direction is kept that the other side did not take yet, in octets.
const ROOM: usize = 64 * 1024;

/// How many connections wait to be accepted.
const BACKLOG: usize = 128;

/// What a proxy has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarded {
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections that were reset as there were as many as are allowed.
    pub refused: u64,
    /// Connections whose server could not be reached.
    pub unreachable: u64,
    /// Rules that have fired.
    pub fired: u64,
    /// Octets of clients and of the server.
    pub octets: [u64; 2],
}

/// A proxy.
#[derive(Debug)]
pub struct Forwarder {
    host: HostId,
    port: u16,
    family: IpFamily,
    upstream: SocketAddr,
    rules: Vec<Rule>,
    /// For how long the end of the server is kept back.
    slow_close: Duration,
    listener: Option<SocketId>,
    spare: Vec<OwnedFd>,
    connections: Vec<Connection>,
    counts: Forwarded,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    client: SocketId,
    server: OwnedFd,
    began: Instant,
    is_connected: bool,
    /// What is to be given to the server, and to the client.
    up: Vec<u8>,
    down: Vec<u8>,
    passed: [u64; 2],
    /// The end of what was searched for patterns.
    tail: Vec<u8>,
    found: Vec<bool>,
    client_ended: bool,
    server_ended: bool,
    /// When all that the server has said had been passed on, and it had ended.
    finished: Option<Instant>,
    told: [bool; 2],
    met: Option<Behaviour>,
    is_over: bool,
}

impl Forwarder {
    /// On a port of a host, to a server. From here on it holds sockets of the network that this
    /// process is in now: as many as connections may be open at once.
    ///
    /// # Errors
    /// There are not so many.
    pub fn new(
        (host, port, family): (HostId, u16, IpFamily),
        upstream: SocketAddr,
        rules: Vec<Rule>,
        slow_close: Duration,
        connections: usize,
    ) -> io::Result<Self> {
        let kind = match upstream {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let spare = (0..connections).map(|_| {
            let socket = socket_with(kind, SocketType::STREAM, flags, None)?;
            Ok(socket)
        });
        Ok(Self {
            host,
            port,
            family,
            upstream,
            rules,
            slow_close,
            listener: None,
            spare: spare.collect::<io::Result<_>>()?,
            connections: Vec::new(),
            counts: Forwarded::default(),
        })
    }

    /// What it has done so far.
    pub fn counts(&self) -> Forwarded {
        self.counts
    }

    /// What is ready when there is something to pass on.
    pub fn descriptors<'a>(&'a self, all: &mut Vec<(BorrowedFd<'a>, PollFlags)>) {
        for connection in &self.connections {
            let mut wanted = PollFlags::empty();
            if !connection.is_connected || !connection.up.is_empty() {
                wanted |= PollFlags::OUT;
            }
            let reads = connection.is_connected && !connection.server_ended;
            if reads && connection.down.is_empty() && !connection.is_stopped() {
                wanted |= PollFlags::IN;
            }
            if !wanted.is_empty() {
                all.push((connection.server.as_fd(), wanted));
            }
        }
    }

    /// When a rule fires by itself, or an end that was kept back is due, in real time from now.
    pub fn due(&self) -> Option<Duration> {
        let now = Instant::now();
        let kept_back = self.connections.iter().filter(|it| !it.told[1]);
        let kept_back = kept_back.filter_map(|it| Some(it.finished? + self.slow_close));
        let waiting = self.connections.iter().filter(|it| it.met.is_none());
        let due = waiting.flat_map(|connection| {
            let rules = self.rules.iter().filter(|rule| connection.is_meant(rule));
            rules.filter_map(|rule| match rule.trigger {
                Trigger::After(after) => Some(connection.began + after),
                Trigger::Accepted
                | Trigger::Down(_)
                | Trigger::Up(_)
                | Trigger::Pattern(_)
                | Trigger::Command => None,
            })
        });
        due.chain(kept_back)
            .min()
            .map(|at| at.saturating_duration_since(now))
    }

    /// Accepts, passes on, and lets rules fire.
    pub fn pump(&mut self, network: &mut VirtualNetwork) {
        self.accept(network);
        let mut connections = std::mem::take(&mut self.connections);
        for connection in &mut connections {
            self.pass(connection, network);
        }
        let (over, open) = connections.into_iter().partition(|it| it.is_over);
        self.connections = open;
        let over: Vec<Connection> = over;
        for connection in over {
            // The socket can be used again once it is connected to nobody.
            if connect_unspec(&connection.server).is_ok() {
                self.spare.push(connection.server);
            }
        }
    }

    /// Lets the rules fire that wait for a command, on one connection or on all; where there is no
    /// such rule, the first rule fires.
    pub fn fire(&mut self, number: Option<usize>, network: &mut VirtualNetwork) {
        let by_command = |rule: &&Rule| rule.trigger == Trigger::Command;
        let rule = self.rules.iter().find(by_command).or(self.rules.first());
        let behaviour = rule.map_or(Behaviour::Reset, |rule| rule.behaviour);
        let mut connections = std::mem::take(&mut self.connections);
        for connection in &mut connections {
            if number.is_none_or(|number| number as u64 == connection.number) {
                self.meet(connection, behaviour, network);
            }
        }
        self.connections = connections;
    }

    fn accept(&mut self, network: &mut VirtualNetwork) {
        let (port, family) = (self.port, self.family);
        let open = network.network();
        let listener = *self.listener.get_or_insert_with(|| {
            open.with_host(self.host, |host, _| {
                let listener = host.open(Protocol::Tcp, family);
                // A host that has just been made has every port, and takes any backlog.
                let _ = host.bind(listener, None, port);
                let _ = host.listen(listener, BACKLOG);
                listener
            })
        });
        loop {
            let accepted = network
                .network()
                .with_host(self.host, |host, _| host.accept(listener));
            let Ok(client) = accepted else {
                return;
            };
            self.counts.accepted += 1;
            let number = self.counts.accepted;
            let server = self.spare.pop().filter(|server| {
                let connecting = connect(server, &self.upstream);
                connecting.is_ok() || connecting == Err(rustix::io::Errno::INPROGRESS)
            });
            let Some(server) = server else {
                self.counts.refused += 1;
                network.note(
                    self.host,
                    format!("proxy: connection {number} refused"),
                    client,
                );
                abort(self.host, client, network);
                continue;
            };
            network.note(
                self.host,
                format!("proxy: connection {number} accepted"),
                client,
            );
            self.connections.push(Connection {
                number,
                client,
                server,
                began: Instant::now(),
                is_connected: false,
                up: Vec::new(),
                down: Vec::new(),
                passed: [0; 2],
                tail: Vec::new(),
                found: vec![false; self.rules.len()],
                client_ended: false,
                server_ended: false,
                finished: None,
                told: [false; 2],
                met: None,
                is_over: false,
            });
        }
    }

    /// Passes on what there is to pass on of a connection.
    fn pass(&mut self, connection: &mut Connection, network: &mut VirtualNetwork) {
        if !connection.is_connected && !self.is_reached(connection, network) {
            return;
        }
        loop {
            self.look_at_rules(connection, network);
            if connection.is_over || connection.is_stopped() {
                return;
            }
            let up = self.pass_up(connection, network);
            // What is passed on may be what a rule waits for: no answer comes before it.
            self.look_at_rules(connection, network);
            if connection.is_over || connection.is_stopped() {
                return;
            }
            let down = self.pass_down(connection, network);
            if connection.is_over || !(up || down) {
                break;
            }
        }
        self.look_at_rules(connection, network);
        self.pass_ends(connection, network);
    }

    /// Whether the server has answered.
    fn is_reached(&mut self, connection: &mut Connection, network: &mut VirtualNetwork) -> bool {
        match sockopt::socket_error(&connection.server) {
            Ok(Ok(())) => {
                connection.is_connected = rustix::net::getpeername(&connection.server).is_ok();
            }
            Ok(Err(_)) | Err(_) => {
                self.counts.unreachable += 1;
                let text = format!("proxy: connection {}: no server", connection.number);
                network.note(self.host, text, connection.client);
                abort(self.host, connection.client, network);
                connection.is_over = true;
            }
        }
        connection.is_connected
    }

    /// From the client to the server. Returns whether something has moved.
    fn pass_up(&mut self, connection: &mut Connection, network: &mut VirtualNetwork) -> bool {
        let mut moved = false;
        let is_deaf = connection.met == Some(Behaviour::Deaf);
        if connection.up.is_empty() && !connection.client_ended && !is_deaf {
            let most = connection.room(Side::Up, &self.rules);
            let mut room = vec![0; most];
            let client = connection.client;
            let received = network
                .network()
                .with_host(self.host, |host, _| host.recv(client, &mut room));
            match received {
                Ok(0) if most > 0 => connection.client_ended = true,
                Ok(count) => {
                    room.truncate(count);
                    connection.search(&self.rules, &room);
                    connection.up = room;
                    moved = count > 0;
                }
                Err(RecvError::WouldBlock) => {}
                Err(_) => return self.client_is_gone(connection, network),
            }
        }
        if !connection.up.is_empty() {
            match send(&connection.server, &connection.up, SendFlags::NOSIGNAL) {
                Ok(count) => {
                    connection.up.drain(..count);
                    connection.passed[0] += count as u64;
                    self.counts.octets[0] += count as u64;
                    moved |= count > 0;
                }
                Err(rustix::io::Errno::AGAIN) => {}
                Err(_) => connection.up.clear(),
            }
        }
        moved
    }

    /// From the server to the client.
    fn pass_down(&mut self, connection: &mut Connection, network: &mut VirtualNetwork) -> bool {
        let mut moved = false;
        if connection.down.is_empty() && !connection.server_ended {
            let mut room = vec![0; connection.room(Side::Down, &self.rules)];
            match recv(&connection.server, &mut room[..], RecvFlags::empty()) {
                _ if room.is_empty() => {}
                Ok((_, 0)) => connection.server_ended = true,
                Ok((_, count)) => {
                    room.truncate(count);
                    connection.down = room;
                    moved = true;
                }
                Err(rustix::io::Errno::AGAIN) => {}
                // A server that resets is passed on as one.
                Err(_) => {
                    abort(self.host, connection.client, network);
                    connection.is_over = true;
                    return false;
                }
            }
        }
        if !connection.down.is_empty() {
            let (client, down) = (connection.client, &connection.down);
            let sent = network
                .network()
                .with_host(self.host, |host, _| host.send(client, down));
            match sent {
                Ok(count) => {
                    connection.down.drain(..count);
                    connection.passed[1] += count as u64;
                    self.counts.octets[1] += count as u64;
                    moved |= count > 0;
                }
                Err(SendError::WouldBlock) => {}
                Err(SendError::Shutdown) => connection.down.clear(),
                Err(_) => return self.client_is_gone(connection, network),
            }
        }
        moved
    }

    /// The client has reset the connection: the server is reset with its socket.
    fn client_is_gone(&self, connection: &mut Connection, network: &mut VirtualNetwork) -> bool {
        abort(self.host, connection.client, network);
        connection.is_over = true;
        false
    }

    /// Passes on that one side has ended its direction, once the other has all of it.
    fn pass_ends(&self, connection: &mut Connection, network: &mut VirtualNetwork) {
        if connection.client_ended && connection.up.is_empty() && !connection.told[0] {
            connection.told[0] = true;
            let _ = shutdown(&connection.server, Shutdown::Write);
        }
        let client = connection.client;
        let has_finished = connection.server_ended && connection.down.is_empty();
        if has_finished && connection.finished.is_none() {
            connection.finished = Some(Instant::now());
        }
        let is_time = |since: Instant| since.elapsed() >= self.slow_close;
        if connection.finished.is_some_and(is_time) && !connection.told[1] {
            connection.told[1] = true;
            let ended = |host: &mut hangup_stack::host::Host, _| {
                let _ = host.shutdown(client, Direction::Send);
            };
            network.network().with_host(self.host, ended);
        }
        if connection.told == [true; 2] {
            network
                .network()
                .with_host(self.host, |host, now| host.close(client, now));
            connection.is_over = true;
        }
    }

    fn look_at_rules(&mut self, connection: &mut Connection, network: &mut VirtualNetwork) {
        if connection.met.is_some() || connection.is_over {
            return;
        }
        // What the rule counts has left: an ending that throws data away throws none of it away.
        let host = network.network().host(self.host);
        let has_sent_all = || {
            let client = host.status(connection.client);
            client.is_none_or(|client| client.unsent == 0)
        };
        let fires = |index: usize, rule: &Rule| match &rule.trigger {
            Trigger::Accepted => true,
            Trigger::Up(octets) => connection.passed[0] >= *octets,
            Trigger::Down(octets) => connection.passed[1] >= *octets && has_sent_all(),
            Trigger::After(after) => connection.began.elapsed() >= *after,
            Trigger::Pattern(_) => connection.found[index] && connection.up.is_empty(),
            Trigger::Command => false,
        };
        let mut rules = self.rules.iter().enumerate();
        let fired = rules.find(|(index, rule)| connection.is_meant(rule) && fires(*index, rule));
        if let Some((_, rule)) = fired {
            let behaviour = rule.behaviour;
            self.meet(connection, behaviour, network);
        }
    }

    /// Lets a connection meet a behaviour.
    fn meet(
        &mut self,
        connection: &mut Connection,
        behaviour: Behaviour,
        network: &mut VirtualNetwork,
    ) {
        connection.met = Some(behaviour);
        self.counts.fired += 1;
        let client = connection.client;
        let text = format!("proxy: connection {}: {behaviour}", connection.number);
        network.note(self.host, text, client);
        let end = |host: &mut hangup_stack::host::Host, direction| {
            let _ = host.shutdown(client, direction);
        };
        match behaviour {
            Behaviour::Reset => {
                abort(self.host, client, network);
                connection.is_over = true;
            }
            Behaviour::Close => {
                network
                    .network()
                    .with_host(self.host, |host, now| host.close(client, now));
                connection.is_over = true;
            }
            Behaviour::HalfClose => {
                network
                    .network()
                    .with_host(self.host, |host, _| end(host, Direction::Send));
                (connection.told[1], connection.server_ended) = (true, true);
            }
            Behaviour::Deaf => network
                .network()
                .with_host(self.host, |host, _| end(host, Direction::Receive)),
            Behaviour::Freeze => {}
            Behaviour::Silent => network
                .network()
                .with_host(self.host, |host, _| host.set_up(false)),
        }
    }
}

/// One of the two ways.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Up,
    Down,
}

impl Connection {
    fn is_meant(&self, rule: &Rule) -> bool {
        rule.connection.is_none_or(|number| number == self.number)
    }

    /// Whether nothing of it is passed on any more.
    fn is_stopped(&self) -> bool {
        matches!(self.met, Some(Behaviour::Freeze | Behaviour::Silent))
    }

    /// How much may be taken in one way: no octet behind the one at which a rule fires.
    fn room(&self, side: Side, rules: &[Rule]) -> usize {
        let passed = self.passed[usize::from(side == Side::Down)];
        let limits = rules.iter().filter(|rule| self.is_meant(rule));
        let limits =
            limits.filter_map(|rule| match (&rule.trigger, side) {
                (Trigger::Up(octets), Side::Up) | (Trigger::Down(octets), Side::Down) => {
                    Some(octets.saturating_sub(passed))
                }
                (Trigger::Up(_) | Trigger::Down(_), _)
                | (
                    Trigger::Accepted | Trigger::After(_) | Trigger::Pattern(_) | Trigger::Command,
                    _,
                ) => None,
            });
        let most = match self.met {
            None => limits.min().unwrap_or(u64::MAX),
            Some(_) => u64::MAX,
        };
        usize::try_from(most).unwrap_or(usize::MAX).min(ROOM)
    }

    /// Looks for patterns, also across what was read before.
    fn search(&mut self, rules: &[Rule], octets: &[u8]) {
        let mut longest = 0;
        let mut seen = std::mem::take(&mut self.tail);
        seen.extend_from_slice(octets);
        for (found, rule) in self.found.iter_mut().zip(rules) {
            if let Trigger::Pattern(pattern) = &rule.trigger {
                longest = longest.max(pattern.len());
                *found |= seen
                    .windows(pattern.len())
                    .any(|it| it == pattern.as_slice());
            }
        }
        let kept = seen.len().saturating_sub(longest.saturating_sub(1));
        self.tail = seen.split_off(if longest == 0 { seen.len() } else { kept });
    }
}

/// An abortive close.
fn abort(host: HostId, client: SocketId, network: &mut VirtualNetwork) {
    network.network().with_host(host, |host, now| {
        host.set_option(client, &LINGER, Linger::RESET, now);
        host.close(client, now)
    });
}
