//! Demultiplexing: the socket that a received frame is for.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use smoltcp::socket::raw;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::beginning::envelope_of;
use crate::envelope::{DatagramPorts, Envelope};
use crate::frame::{Frame, InTransit, Spares};
use crate::host::{InterfacePoll, Output, Stack};
use crate::network::IpFamily;
use crate::options::{Linger, SocketOptions};
use crate::profile::{BacklogRules, FullEnd, FullSyn, QueueCounts, SynFin, Transport};
use crate::requests::{Admission, REQUESTS_MAX};
use crate::signature::{Signed, signature};
use crate::socket::SocketId;
use crate::table::{ConnectionRequest, Entry, Kind, Tuple};
use crate::tcp::closed_port::{self, Stray};
use crate::tcp::segment::{Segment, signature_in};
use crate::tcp::{Connection, State};
use crate::udp::Handled;
use crate::wire::{self, ETHERNET_HEADER};

/// A segment that has arrived for one of our addresses.
#[derive(Clone, Debug)]
struct Arrived<'a> {
    local: IpEndpoint,
    remote: IpEndpoint,
    header: &'a Segment,
    payload: Bytes,
    /// What it was in; the ports of a datagram are the peer's and ours.
    envelope: Envelope,
    signed: Signed,
}

/// What a port is that a segment of no connection has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Closed,
    Listening,
}

impl Stack {
    pub(crate) fn on_frame(
        &mut self,
        frame: Frame,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) -> InterfacePoll {
        let ours = self.profile.transport == Transport::Hangup;
        let mut frame = match frame {
            Frame::Segment(mut transit)
                if ours
                    && self.addresses.contains(&transit.destination)
                    && self.takes_from(transit.envelope.datagram) =>
            {
                if self.take_into_open(&mut transit, now) == Handled::Yes {
                    spares.put(transit);
                    return InterfacePoll::NotNeeded;
                }
                let local = IpEndpoint::new(transit.destination, transit.segment.destination);
                let remote = IpEndpoint::new(transit.source, transit.segment.source);
                let arrived = Arrived {
                    local,
                    remote,
                    header: &transit.segment,
                    payload: std::mem::take(&mut transit.payload),
                    envelope: transit.envelope,
                    signed: Signed::No,
                };
                self.on_segment(arrived, now);
                spares.put(transit);
                return InterfacePoll::NotNeeded;
            }
            frame @ (Frame::Segment(_) | Frame::Octets(_)) => frame,
        };
        let frame = frame.octets();
        if ours
            && let Some(found) = self.segment_in(&frame)
            && self.addresses.contains(&found.destination)
        {
            self.on_octets_of_tcp(&frame, found, now);
            return InterfacePoll::NotNeeded;
        }
        self.introduce(now);
        if self.on_datagram(&frame, now, outputs) == Handled::Yes {
            return InterfacePoll::Needed;
        }
        self.on_icmp_error(&frame, outputs);
        self.wire.inbound.push_back(frame);
        let (interface, wire, sockets) = self.interface();
        interface.poll_ingress_single(now, wire, sockets);
        self.take_reassembled(now);
        self.take_reassembled_datagrams(outputs);
        InterfacePoll::Needed
    }

    /// Segments that IP had to put together first come out of the raw sockets.
    #[cold]
    fn take_reassembled(&mut self, now: Instant) {
        for handle in self.raw.into_iter().flatten() {
            while let Ok(packet) = self.smoltcp.get_mut::<raw::Socket<'_>>(handle).recv() {
                let mut frame = BytesMut::zeroed(ETHERNET_HEADER + packet.len());
                frame[ETHERNET_HEADER..].copy_from_slice(packet);
                let address = if packet.first().is_some_and(|octet| octet >> 4 == 4) {
                    IpAddress::v4(0, 0, 0, 0)
                } else {
                    IpAddress::v6(0, 0, 0, 0, 0, 0, 0, 0)
                };
                wire::emit_ethernet(&mut frame, self.ethernet, self.ethernet, address);
                let frame = frame.freeze();
                if let Some(found) = wire::segment_in(&frame) {
                    self.on_octets_of_tcp(&frame, found, now);
                }
            }
        }
    }

    fn on_octets_of_tcp(&mut self, frame: &Bytes, found: wire::SegmentInFrame<'_>, now: Instant) {
        if let Some((header, payload)) = found.parse() {
            let arrived = Arrived {
                local: IpEndpoint::new(found.destination, header.destination),
                remote: IpEndpoint::new(found.source, header.source),
                header: &header,
                payload: frame.slice_ref(payload),
                envelope: found.envelope,
                signed: self.signed(&found, &header),
            };
            self.on_segment(arrived, now);
        }
    }

    /// The segment in a frame, by itself or in a datagram to the port that TCP has here.
    fn segment_in<'f>(&self, frame: &'f [u8]) -> Option<wire::SegmentInFrame<'f>> {
        wire::segment_in(frame).or_else(|| match self.profile.encapsulation.udp_port {
            0 => None,
            port => wire::segment_in_datagram(frame, port),
        })
    }

    /// Whether TCP takes what is in a datagram between such ports, or in none.
    fn takes_from(&self, datagram: Option<DatagramPorts>) -> bool {
        let port = self.profile.encapsulation.udp_port;
        datagram.is_none_or(|ports| port != 0 && ports.destination == port)
    }

    /// What is known of the signature of a segment.
    fn signed(&self, found: &wire::SegmentInFrame<'_>, header: &Segment) -> Signed {
        let secret = &self.profile.signature.secret;
        if secret.is_empty() || !header.options.signed {
            return Signed::No;
        }
        let ends = (found.source, found.destination);
        let theirs = signature_in(found.octets);
        match signature(found.octets, ends, secret.as_bytes()) == theirs {
            true => Signed::Well,
            false => Signed::Badly,
        }
    }

    /// Takes a segment of a connection that is open, with nothing about it that must be looked at
    /// here: most are so.
    fn take_into_open(&mut self, transit: &mut InTransit, now: Instant) -> Handled {
        let segment = &transit.segment;
        let tuple = Tuple::of(segment.destination, &transit.source, segment.source);
        let signs = !self.profile.signature.secret.is_empty();
        if signs || segment.flags.syn {
            return Handled::No;
        }
        let Some(id) = self.connections.get(&tuple).copied() else {
            return Handled::No;
        };
        let Some(connection) = self.connection_mut(id) else {
            return Handled::No;
        };
        let state = connection.state();
        let is_open = state.is_synchronized() && state != State::TimeWait;
        if !is_open || !connection.travels_in(transit.envelope.datagram) {
            return Handled::No;
        }
        let payload = std::mem::take(&mut transit.payload);
        connection.on_enveloped(transit.envelope, &transit.segment, payload, now);
        self.touch(id);
        Handled::Yes
    }

    fn on_segment(&mut self, arrived: Arrived<'_>, now: Instant) {
        let Arrived {
            local,
            remote,
            header,
            ..
        } = arrived;
        let flags = header.flags;
        if flags.syn && flags.fin && self.profile.acceptance.syn_fin == SynFin::Dropped {
            return;
        }
        let known = self
            .connections
            .get(&Tuple::new(local.port, remote))
            .copied();
        if arrived.signed != Signed::Well && self.wants_signature(known, local) {
            return;
        }
        if let Some(id) = known
            && let Some(connection) = self.connection(id)
        {
            let state = connection.state();
            let strange = !connection.travels_in(arrived.envelope.datagram);
            let end = match state == State::SynReceived {
                true => self.end_of_handshake(id, header),
                false => FullEnd::Taken,
            };
            if end == FullEnd::Ignored {
                return;
            }
            if end == FullEnd::Reset {
                if let Some(connection) = self.connection_mut(id) {
                    connection.forget();
                }
                self.touch(id);
                self.answer_stray(&arrived, Port::Listening, now);
                return;
            }
            let gives_way = state == State::TimeWait && self.gives_way_to(id, local, header);
            // One that has ended by a frame that was taken in together with this one has left its
            // tuple.
            let is_over = gives_way || state == State::Closed;
            if !is_over && strange {
                self.answer_stray(&arrived, Port::Closed, now);
                return;
            }
            if !is_over && let Some(connection) = self.connection_mut(id) {
                connection.on_enveloped(arrived.envelope, header, arrived.payload, now);
                if header.flags.syn {
                    self.remember_answer(id, now);
                }
                self.touch(id);
                return;
            }
        }
        match self.listener_for(local, remote) {
            Some(listener) if header.flags.syn && !header.flags.ack && !header.flags.rst => {
                self.on_syn(listener, arrived, now);
            }
            Some(listener) if header.flags.rst => self.withdraw_request(listener, remote),
            // RFC 9293 section 3.10.7.2: a listening socket ignores a reset and resets an
            // acknowledgment; anything else is dropped.
            Some(_) if !header.flags.ack || header.flags.rst => {}
            Some(_) => self.answer_stray(&arrived, Port::Listening, now),
            None => self.answer_stray(&arrived, Port::Closed, now),
        }
    }

    /// Answers a segment that reaches no connection.
    #[cold]
    fn answer_stray(&mut self, arrived: &Arrived<'_>, port: Port, now: Instant) {
        let reset = closed_port::answer(&self.profile, arrived.header);
        let rules = self.profile.closed_port;
        let (second, most) = match port {
            Port::Closed => (&mut self.resets, rules.resets_a_second),
            Port::Listening => (&mut self.listener_resets, rules.listener_resets_a_second),
        };
        let Some(mut segment) = reset.filter(|_| second.admits(most, now)) else {
            return;
        };
        let carrier = arrived.envelope.datagram.map(DatagramPorts::reversed);
        let (local, remote) = (arrived.local, arrived.remote);
        let known = self.connections.get(&Tuple::new(local.port, remote));
        let socket = self.options_at(known.copied(), local);
        let socket = socket.filter(|_| self.profile.closed_port.as_socket);
        let envelope = match socket {
            Some(options) => envelope_of(options, carrier),
            None => Envelope {
                datagram: carrier,
                ..Envelope::ORDINARY
            },
        };
        if socket.is_some_and(|options| options.signs) {
            segment.options.signed = true;
        }
        self.strays.push_back(Stray {
            local,
            remote,
            segment,
            envelope,
        });
    }

    /// Whether the socket that a segment is for takes only what is signed.
    fn wants_signature(&self, known: Option<SocketId>, local: IpEndpoint) -> bool {
        let has_secret = !self.profile.signature.secret.is_empty();
        let options = has_secret.then(|| self.options_at(known, local)).flatten();
        options.is_some_and(|options| options.signs)
    }

    /// The options of the socket that a segment is for, which may do no more than have the port.
    fn options_at(&self, known: Option<SocketId>, local: IpEndpoint) -> Option<&SocketOptions> {
        let family = IpFamily::of(local.addr);
        let has_port = |(_, entry): &(SocketId, &Entry)| {
            entry.family == family && !matches!(entry.kind, Kind::Udp(_))
        };
        match known.and_then(|id| self.entries.get(&id)) {
            Some(entry) => Some(&entry.options),
            None => {
                let mut claimants = self.claimants(local.port);
                claimants.find(has_port).map(|(_, entry)| &entry.options)
            }
        }
    }

    /// What becomes of the end of a handshake, if this segment is one to a connection in
    /// SYN-RECEIVED: whether its listening socket has room for it, and a buffer.
    fn end_of_handshake(&self, id: SocketId, header: &Segment) -> FullEnd {
        let flags = header.flags;
        if !flags.ack || flags.rst || flags.syn {
            return FullEnd::Taken;
        }
        let parent = self.entries.get(&id).and_then(|entry| entry.parent);
        let parent = parent.and_then(|parent| self.entries.get(&parent));
        match parent.map(|entry| &entry.kind) {
            Some(Kind::Listening(listening)) if listening.has_no_buffer() => FullEnd::Reset,
            Some(Kind::Listening(listening)) => {
                let most = most_ready(self.profile.backlog, listening.backlog);
                match listening.ready.len() > most {
                    true => self.profile.backlog.end,
                    false => FullEnd::Taken,
                }
            }
            Some(_) | None => FullEnd::Taken,
        }
    }

    /// Whether a connection in TIME-WAIT makes room for a new one that begins beyond it (RFC 9293
    /// section 3.6.1, MAY-2).
    #[cold]
    fn gives_way_to(&mut self, id: SocketId, local: IpEndpoint, header: &Segment) -> bool {
        let fresh = header.flags.syn && !header.flags.ack && !header.flags.rst;
        if !fresh || !self.is_listened_to(local) {
            return false;
        }
        let Some(connection) = self.connection_mut(id) else {
            return false;
        };
        let gives_way = connection.gives_way_to(header);
        if gives_way {
            connection.abort();
            self.touch(id);
        }
        gives_way
    }

    /// A SYN has come for a listening socket, which answers it or leaves that to the application.
    fn on_syn(&mut self, listener: SocketId, arrived: Arrived<'_>, now: Instant) {
        let entry = self.entries.get(&listener);
        if !entry.is_some_and(|entry| entry.options.conditional_accept) {
            self.open_passively(listener, arrived, now);
            return;
        }
        let Some(listening) = self.listening_mut(listener) else {
            return;
        };
        let mut known = listening.requests.iter();
        // A SYN that is sent again asks for nothing else.
        if known.any(|it| it.remote == arrived.remote) || listening.requests.len() >= REQUESTS_MAX {
            return;
        }
        listening.requests.push_back(ConnectionRequest {
            local: arrived.local,
            remote: arrived.remote,
            syn: *arrived.header,
            payload: arrived.payload,
            envelope: arrived.envelope,
        });
    }

    /// The peer resets an attempt to connect that nobody has answered.
    #[cold]
    fn withdraw_request(&mut self, listener: SocketId, remote: IpEndpoint) {
        if let Some(listening) = self.listening_mut(listener) {
            listening.requests.retain(|it| it.remote != remote);
        }
    }

    /// Answers a SYN as the application wants it.
    pub(crate) fn answer_request(
        &mut self,
        listener: SocketId,
        request: ConnectionRequest,
        admission: Admission,
        now: Instant,
    ) {
        let arrived = Arrived {
            local: request.local,
            remote: request.remote,
            header: &request.syn,
            payload: request.payload,
            envelope: request.envelope,
            signed: Signed::No,
        };
        match admission {
            Admission::Admitted => self.open_passively(listener, arrived, now),
            Admission::Refused => self.answer_stray(&arrived, Port::Listening, now),
        }
    }

    #[cold]
    fn open_passively(&mut self, listener: SocketId, arrived: Arrived<'_>, now: Instant) {
        let (local, remote, syn) = (arrived.local, arrived.remote, arrived.header);
        let Some(entry) = self.entries.get(&listener) else {
            return;
        };
        let Kind::Listening(listening) = &entry.kind else {
            return;
        };
        let full = match self.profile.backlog.counts {
            QueueCounts::All => listening.children >= listening.backlog,
            QueueCounts::Ready => listening.ready.len() > listening.backlog,
        };
        if full {
            match self.profile.backlog.syn {
                FullSyn::Dropped => return,
                FullSyn::Reset => {
                    self.answer_stray(&arrived, Port::Listening, now);
                    return;
                }
                FullSyn::Answered => {}
            }
        }
        let (family, mut options) = (entry.family, entry.options.clone());
        if listening.has_no_buffer() {
            options.receive_buffer = Some(0);
        }
        if options.linger == Linger::RESET {
            let seconds = self.profile.linger.inherited_zero.secs();
            options.linger.seconds = u16::try_from(seconds).unwrap_or(u16::MAX);
        }
        let carrier = arrived.envelope.datagram.map(DatagramPorts::reversed);
        let config = self.connection_config(local, remote, &options, carrier);
        let opening = self.server_opening(listener, (local, remote), syn, arrived.payload);
        let connection = Connection::accept(config, syn, opening, now);
        let is_open_early = connection.is_open_early();
        let id = self.next_socket();
        let mut child = Entry::new(family, Kind::Connection(connection), options);
        child.parent = Some(listener);
        self.entries.insert(id, child);
        self.connections.insert(Tuple::new(local.port, remote), id);
        if let Some(listening) = self.listening_mut(listener) {
            listening.children += 1;
            if is_open_early {
                listening.offer(id);
            }
        }
        self.touch(id);
    }
}

/// How many connections may wait for `accept` while another handshake ends.
fn most_ready(rules: BacklogRules, backlog: usize) -> usize {
    backlog.saturating_mul(rules.percent as usize) / 100
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn how_many_connections_wait() {
        let rows = [("freebsd", 1, 1), ("freebsd", 2, 3), ("openbsd", 2, 6)];
        for (profile, backlog, expected) in rows {
            let rules = Profile::built_in(profile).unwrap().backlog;
            assert_eq!(most_ready(rules, backlog), expected, "{profile} {backlog}");
        }
    }
}
