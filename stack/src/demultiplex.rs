//! Demultiplexing: the socket that a received frame is for.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use smoltcp::socket::raw;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::frame::{Frame, Spares};
use crate::host::{InterfacePoll, Output, Stack};
use crate::profile::{BacklogRules, FullEnd, FullSyn, SynFin, Transport};
use crate::socket::SocketId;
use crate::table::{Entry, Kind, Tuple};
use crate::tcp::closed_port;
use crate::tcp::segment::Segment;
use crate::tcp::{Connection, State};
use crate::udp::Handled;
use crate::wire::{self, ETHERNET_HEADER};

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
                if ours && self.addresses.contains(&transit.destination) =>
            {
                let local = IpEndpoint::new(transit.destination, transit.segment.destination);
                let remote = IpEndpoint::new(transit.source, transit.segment.source);
                let payload = std::mem::take(&mut transit.payload);
                self.on_segment(local, remote, &transit.segment, payload, now);
                spares.put(transit);
                return InterfacePoll::NotNeeded;
            }
            frame @ (Frame::Segment(_) | Frame::Octets(_)) => frame,
        };
        let frame = frame.octets();
        if ours
            && let Some(found) = wire::segment_in(&frame)
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
    fn take_reassembled(&mut self, now: Instant) {
        for handle in self.raw {
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
        let parsed = Segment::parse(found.octets, found.source, found.destination);
        if let Some((header, payload)) = parsed {
            let local = IpEndpoint::new(found.destination, header.destination);
            let remote = IpEndpoint::new(found.source, header.source);
            let payload = frame.slice_ref(payload);
            self.on_segment(local, remote, &header, payload, now);
        }
    }

    fn on_segment(
        &mut self,
        local: IpEndpoint,
        remote: IpEndpoint,
        header: &Segment,
        payload: Bytes,
        now: Instant,
    ) {
        let flags = header.flags;
        if flags.syn && flags.fin && self.profile.acceptance.syn_fin == SynFin::Dropped {
            return;
        }
        let known = self
            .connections
            .get(&Tuple::new(local.port, remote))
            .copied();
        if let Some(id) = known
            && let Some(connection) = self.connection(id)
        {
            let state = connection.state();
            if state == State::SynReceived && self.overflows(id, header) {
                if let Some(connection) = self.connection_mut(id) {
                    connection.forget();
                }
                self.touch(id);
                self.answer_stray(local, remote, header, now);
                return;
            }
            let gives_way = state == State::TimeWait && self.gives_way_to(id, local, header);
            // One that has ended by a frame that was taken in together with this one has left its
            // tuple.
            let is_over = gives_way || state == State::Closed;
            if !is_over && let Some(connection) = self.connection_mut(id) {
                connection.on_segment(header, payload, now);
                if header.flags.syn {
                    self.remember_answer(id, now);
                }
                self.touch(id);
                return;
            }
        }
        match self.listener_for(local) {
            Some(listener) if header.flags.syn && !header.flags.ack && !header.flags.rst => {
                self.open_passively(listener, (local, remote), header, payload, now);
            }
            // RFC 9293 section 3.10.7.2: a listening socket ignores a reset and resets an
            // acknowledgment; anything else is dropped.
            Some(_) if !header.flags.ack || header.flags.rst => {}
            Some(_) | None => self.answer_stray(local, remote, header, now),
        }
    }

    /// Answers a segment that reaches no connection.
    fn answer_stray(
        &mut self,
        local: IpEndpoint,
        remote: IpEndpoint,
        header: &Segment,
        now: Instant,
    ) {
        let reset = closed_port::answer(&self.profile, header);
        let most = self.profile.closed_port.resets_a_second;
        let admitted = reset.filter(|_| self.resets.admits(most, now));
        self.strays
            .extend(admitted.map(|reset| (local, remote, reset)));
    }

    /// Whether this ends the handshake of a connection in SYN-RECEIVED, and the queue of its
    /// listening socket has no room for it.
    fn overflows(&self, id: SocketId, header: &Segment) -> bool {
        let flags = header.flags;
        if self.profile.backlog.end == FullEnd::Taken || !flags.ack || flags.rst || flags.syn {
            return false;
        }
        let Some(parent) = self.entries.get(&id).and_then(|entry| entry.parent) else {
            return false;
        };
        match self.entries.get(&parent).map(|entry| &entry.kind) {
            Some(Kind::Listening(listening)) => {
                let most = most_ready(self.profile.backlog, listening.backlog);
                listening.ready.len() > most
            }
            Some(_) | None => false,
        }
    }

    /// Whether a connection in TIME-WAIT makes room for a new one that begins beyond it (RFC 9293
    /// section 3.6.1, MAY-2).
    fn gives_way_to(&mut self, id: SocketId, local: IpEndpoint, header: &Segment) -> bool {
        let fresh = header.flags.syn && !header.flags.ack && !header.flags.rst;
        if !fresh || self.listener_for(local).is_none() {
            return false;
        }
        let Some(connection) = self.connection_mut(id) else {
            return false;
        };
        let gives_way = connection.gives_way_to(header.sequence);
        if gives_way {
            connection.abort();
            self.touch(id);
        }
        gives_way
    }

    fn open_passively(
        &mut self,
        listener: SocketId,
        (local, remote): (IpEndpoint, IpEndpoint),
        syn: &Segment,
        payload: Bytes,
        now: Instant,
    ) {
        let Some(entry) = self.entries.get(&listener) else {
            return;
        };
        let Kind::Listening(listening) = &entry.kind else {
            return;
        };
        if listening.children >= listening.backlog {
            match self.profile.backlog.syn {
                FullSyn::Dropped => return,
                FullSyn::Reset => {
                    self.answer_stray(local, remote, syn, now);
                    return;
                }
                FullSyn::Answered => {}
            }
        }
        let (family, options) = (entry.family, entry.options.clone());
        let config = self.connection_config(local, remote, &options);
        let opening = self.server_opening(listener, (local, remote), syn, payload);
        let connection = Connection::accept(config, syn, opening, now);
        let is_open_early = connection.is_open_early();
        let id = self.next_socket();
        let mut child = Entry::new(family, Kind::Connection(Box::new(connection)), options);
        child.parent = Some(listener);
        self.entries.insert(id, child);
        self.connections.insert(Tuple::new(local.port, remote), id);
        if let Some(listening) = self.listening_mut(listener) {
            listening.children += 1;
            if is_open_early {
                listening.ready.push_back(id);
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
