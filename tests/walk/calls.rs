//! The calls that the applications of a walk make, and the invariants of their results.

use hangup::capture::{CallRow, SocketEnds, Toward};
use hangup_stack::network::HostId;
use hangup_stack::options::{LINGER, Linger, NO_DELAY, RECEIVE_BUFFER, SEND_BUFFER};
use hangup_stack::socket::{
    Closing, ConnectError, Direction, Protocol, RecvError, SendError, ShutdownError, SocketId,
};
use hangup_stack::tcp::State;
use smoltcp::wire::IpEndpoint;

use crate::model::Place;
use crate::walk::Walk;

/// Sockets that the two applications have at a time, together.
const OPEN_MOST: usize = 12;
/// Ports where somebody may listen.
const SERVICES: [u16; 2] = [80, 81];
/// Ports from which both sides may connect, also to each other.
const FIXED: [u16; 2] = [5000, 5001];

impl Walk {
    /// Gives both hosts a service and begins a connection or two.
    pub(crate) fn begin(&mut self) {
        for host in 0..2 {
            let place = self.open(host, Protocol::Tcp);
            self.bind(place, SERVICES[0]);
            self.listen(place);
        }
        if self.chance(8) {
            // Simultaneous open: each side calls the other at the port from which it calls.
            for host in 0..2 {
                let place = self.open(host, Protocol::Tcp);
                self.bind(place, FIXED[0]);
                self.connect_to(place, FIXED[0]);
            }
        }
        for _ in 0..1 + self.below(3) {
            let host = self.below(2);
            let place = self.open(host, Protocol::Tcp);
            if self.chance(4) {
                let port = self.pick(&FIXED);
                self.bind(place, port);
            }
            self.connect(place);
        }
    }

    /// One call, mostly one that makes sense.
    pub(crate) fn call(&mut self) {
        let open: Vec<Place> = self.model.open().collect();
        if open.is_empty() || (open.len() < OPEN_MOST && self.chance(12)) {
            self.open_any();
            return;
        }
        let (connected, ready): (Vec<_>, Vec<_>) = (self.connected(), self.ready());
        if !ready.is_empty() && self.chance(2) {
            let place = self.pick(&ready);
            self.accept(place);
            return;
        }
        let place = if !connected.is_empty() && !self.chance(8) {
            self.pick(&connected)
        } else {
            self.pick(&open)
        };
        match self.below(24) {
            0 => self.accept(place),
            1..9 => self.send(place),
            9..15 => self.receive(place),
            15 => self.peek(place),
            16..19 => self.shutdown(place),
            19 => self.close(place),
            20 => self.connect(place),
            21 => self.listen(place),
            _ => self.set_option(place),
        }
    }

    /// The sockets that have, or may yet have, a peer.
    fn connected(&self) -> Vec<Place> {
        let has_peer = |&place: &Place| self.model.socket(place).ends.is_some();
        self.model.open().filter(has_peer).collect()
    }

    /// The sockets from which `accept` would take a connection.
    fn ready(&self) -> Vec<Place> {
        let is_ready = |&place: &Place| {
            let status = self.status(place);
            status.is_some_and(|it| it.readable && it.state == Some(State::Listen))
        };
        self.model.open().filter(is_ready).collect()
    }

    fn open(&mut self, host: usize, protocol: Protocol) -> Place {
        let family = self.family;
        let id = HostId(host);
        let id = self
            .network
            .with_host(id, |host, _| host.open(protocol, family));
        let place = self.model.add(host, id, protocol);
        let text = format!("socket({protocol:?}) = {}", id.0);
        self.row(place, Toward::Stack, text);
        if self.chance(4) {
            self.set_option(place);
        }
        place
    }

    /// A new socket, for anything.
    fn open_any(&mut self) {
        let host = self.below(2);
        if self.chance(12) {
            self.open(host, Protocol::Udp);
            return;
        }
        let place = self.open(host, Protocol::Tcp);
        match self.below(8) {
            0 => {
                self.bind(place, SERVICES[1]);
                self.listen(place);
            }
            1..3 => {
                let port = self.pick(&FIXED);
                self.bind(place, port);
                self.connect(place);
            }
            3 => {}
            _ => self.connect(place),
        }
    }

    fn bind(&mut self, place: Place, port: u16) {
        let (host, id) = self.whose(place);
        let result = self
            .network
            .with_host(host, |host, _| host.bind(id, None, port));
        self.row(
            place,
            Toward::Stack,
            format!("bind({}, {port}) = {result:?}", id.0),
        );
    }

    fn listen(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        let backlog = self.below(4);
        let result = self
            .network
            .with_host(host, |host, _| host.listen(id, backlog));
        self.row(
            place,
            Toward::Stack,
            format!("listen({}, {backlog}) = {result:?}", id.0),
        );
    }

    fn connect(&mut self, place: Place) {
        let port = match self.below(12) {
            0..3 => self.pick(&FIXED),
            3 => SERVICES[1],
            4 => 9,
            _ => SERVICES[0],
        };
        self.connect_to(place, port);
    }

    fn connect_to(&mut self, place: Place, port: u16) {
        let (host, id) = self.whose(place);
        let address = self.network.host(HostId(1 - host.0)).addresses()[0];
        let remote = IpEndpoint::new(address, port);
        let result = self
            .network
            .with_host(host, |host, now| host.connect(id, remote, now));
        self.learn_ends(place);
        if result == Err(ConnectError::InProgress) {
            // Another attempt, whatever was read of the one before.
            self.model.socket_mut(place).ended = false;
        }
        self.row(
            place,
            Toward::Stack,
            format!("connect({}, {port}) = {result:?}", id.0),
        );
    }

    fn accept(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        let result = self.network.with_host(host, |host, _| host.accept(id));
        self.row(
            place,
            Toward::Application,
            format!("accept({}) = {result:?}", id.0),
        );
        if let Ok(child) = result {
            let child = self.model.add(host.0, child, Protocol::Tcp);
            self.learn_ends(child);
        }
    }

    fn send(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        if self.model.socket(place).protocol == Protocol::Udp {
            self.send_datagram(place);
            return;
        }
        let count = self.pick(&[0, 1, 100, 1460, 5_000, 40_000]);
        let data = self.model.outgoing(place, count);
        let writable = self.status(place).is_some_and(|status| status.writable);
        let result = self.network.with_host(host, |host, _| host.send(id, data));
        let text = format!("send({}, {count}) = {result:?}", id.0);
        self.row(place, Toward::Stack, text);
        if count > 0 && !self.is_reference(host.0) {
            let blocks = result == Err(SendError::WouldBlock);
            assert!(!(blocks && writable), "a writable socket would block");
        }
        self.model.socket_mut(place).sent += result.unwrap_or(0);
    }

    fn send_datagram(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        let address = self.network.host(HostId(1 - host.0)).addresses()[0];
        let (octets, port) = (self.pick(&[0, 10, 4_000]), self.pick(&SERVICES));
        let (data, remote) = (vec![7; octets], IpEndpoint::new(address, port));
        let result = self
            .network
            .with_host(host, |host, _| host.send_to(id, &data, remote));
        let text = format!("sendto({}, {octets}, {port}) = {result:?}", id.0);
        self.row(place, Toward::Stack, text);
    }

    fn receive(&mut self, place: Place) {
        let count = self.pick(&[0, 1, 100, 4_000, 20_000]);
        let _ = self.receive_up_to(place, count);
    }

    /// Reads once. What is read, and where the stream ends, must agree with what was sent.
    fn receive_up_to(&mut self, place: Place, count: usize) -> Result<usize, RecvError> {
        let (host, id) = self.whose(place);
        let before = self.status(place);
        let mut buffer = vec![0; count];
        let result = self
            .network
            .with_host(host, |host, _| host.recv(id, &mut buffer));
        let would_block = result == Err(RecvError::WouldBlock);
        if !would_block {
            let text = format!("recv({}, {count}) = {result:?}", id.0);
            self.row(place, Toward::Application, text);
        }
        if self.model.socket(place).protocol == Protocol::Tcp && count > 0 {
            let readable = before.as_ref().is_some_and(|status| status.readable);
            assert!(!(would_block && readable), "a readable socket would block");
            let over = before.is_none_or(|it| it.state.is_none_or(|it| it == State::Closed));
            self.check_received(place, result.map(|read| &buffer[..read]), over);
        }
        result
    }

    /// Holds what was read against what was sent. Where the connection is `over`, an end says
    /// nothing of the stream.
    fn check_received(&mut self, place: Place, result: Result<&[u8], RecvError>, over: bool) {
        let socket = self.model.socket(place);
        let (host, deaf) = (socket.host, socket.deaf);
        match result {
            Ok([]) => {
                if !deaf && !over && !self.is_reference(1 - host) {
                    self.model.on_end(place);
                }
                self.model.socket_mut(place).ended = true;
            }
            Ok(octets) => self.model.on_read(place, octets),
            Err(RecvError::Gone(_) | RecvError::Shutdown) => {
                self.model.socket_mut(place).ended = true;
            }
            Err(_) => {}
        }
    }

    /// Looks without taking: the next read gives the same octets.
    fn peek(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        let mut seen = [0; 500];
        let result = self
            .network
            .with_host(host, |host, _| host.peek(id, &mut seen));
        self.row(
            place,
            Toward::Application,
            format!("peek({}) = {result:?}", id.0),
        );
        let before = self.model.socket(place).clone();
        if let (Ok(count @ 1..), Protocol::Tcp) = (result, before.protocol) {
            self.model.on_read(place, &seen[..count]);
            *self.model.socket_mut(place) = before;
        }
    }

    fn shutdown(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        let direction = self.pick(&[Direction::Receive, Direction::Send, Direction::Both]);
        let result = self
            .network
            .with_host(host, |host, _| host.shutdown(id, direction));
        let text = format!("shutdown({}, {direction:?}) = {result:?}", id.0);
        self.row(place, Toward::Stack, text);
        let socket = self.model.socket_mut(place);
        // Some systems take a shutdown to heart that they fail.
        let told = result != Err(ShutdownError::Unsupported);
        socket.finished |= told && direction != Direction::Receive;
        socket.deaf |= told && direction != Direction::Send;
    }

    pub(crate) fn close(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        let result = self
            .network
            .with_host(host, |host, now| host.close(id, now));
        self.row(
            place,
            Toward::Stack,
            format!("close({}) = {result:?}", id.0),
        );
        let socket = self.model.socket_mut(place);
        socket.open = false;
        socket.finished = true;
        socket.deaf = true;
        socket.lingers = result != Closing::Done;
    }

    /// Asks the closes that wait again, as a blocking `close` does.
    pub(crate) fn finish_lingering(&mut self) {
        for place in self.model.lingering() {
            let (host, id) = self.whose(place);
            let result = self
                .network
                .with_host(host, |host, now| host.close(id, now));
            self.model.socket_mut(place).lingers = result != Closing::Done;
        }
    }

    fn set_option(&mut self, place: Place) {
        let (host, id) = self.whose(place);
        // Less than a unit of the window field could never be offered to the peer.
        let octets = self.pick(&[1_000, 4_000, 20_000, 200_000]);
        let seconds = self.pick(&[None, Some(0), Some(1), Some(100)]);
        let linger = seconds.map(|seconds| Linger { onoff: 1, seconds });
        let (option, on) = (self.below(4), self.chance(2));
        self.network.with_host(host, |host, now| match option {
            0 => host.set_option(id, &LINGER, linger.unwrap_or(Linger::OFF), now),
            1 => host.set_option(id, &NO_DELAY, on, now),
            2 => host.set_option(id, &RECEIVE_BUFFER, octets, now),
            _ => host.set_option(id, &SEND_BUFFER, octets, now),
        });
        let text = match option {
            0 => format!("SO_LINGER {seconds:?}"),
            1 => format!("TCP_NODELAY {on}"),
            2 => format!("SO_RCVBUF {octets}"),
            _ => format!("SO_SNDBUF {octets}"),
        };
        self.row(
            place,
            Toward::Stack,
            format!("setsockopt({}, {text})", id.0),
        );
    }

    /// Every application takes what there is: connections and octets.
    pub(crate) fn read_all(&mut self) {
        for place in self.ready() {
            self.accept(place);
        }
        for place in self.connected() {
            let mut reads = self.model.socket(place).protocol == Protocol::Tcp;
            while reads && !self.model.socket(place).ended {
                let readable = self.status(place).is_some_and(|status| status.readable);
                reads = readable && self.receive_up_to(place, 10_000).is_ok();
            }
        }
    }

    fn status(&self, place: Place) -> Option<hangup_stack::socket::Status> {
        let (host, id) = self.whose(place);
        self.network.host(host).status(id)
    }

    fn whose(&self, place: Place) -> (HostId, SocketId) {
        let socket = self.model.socket(place);
        (HostId(socket.host), socket.id)
    }

    fn learn_ends(&mut self, place: Place) {
        let ends = self
            .status(place)
            .and_then(|status| status.local.zip(status.remote));
        // A socket of smoltcp forgets its peer with a reset; its octets are still known.
        let socket = self.model.socket_mut(place);
        socket.ends = ends.or(socket.ends);
    }

    /// Puts a call that was made into the ladder, before what came of it.
    fn row(&mut self, place: Place, toward: Toward, text: String) {
        let (host, _) = self.whose(place);
        let socket = self.model.socket(place);
        let socket = Some(SocketEnds {
            protocol: socket.protocol,
            local: socket.ends.map(|(local, _)| local),
            remote: socket.ends.map(|(_, remote)| remote),
        });
        let row = CallRow {
            at: self.network.now(),
            host,
            events_before: self.events_before_call(),
            toward,
            socket,
            text,
        };
        self.calls.push(row);
    }
}
