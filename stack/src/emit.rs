//! Emission: the frame that a segment becomes.

use std::collections::VecDeque;

use smoltcp::socket::raw;
use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use crate::event::Fact;
use crate::frame::{self, Frame, Spares};
use crate::host::{Output, Stack};
use crate::network::{Recording, Resolution};
use crate::profile::Profile;
use crate::socket::SocketId;
use crate::tcp::closed_port::Stray;
use crate::tcp::segment::Layout;
use crate::tcp::{Connection, Outgoing, Sent, State};
use crate::wire::{self, ETHERNET_HEADER};

impl Stack {
    /// Sends a segment of no connection: a reset from a closed port.
    #[cold]
    pub(crate) fn send_stray(
        &mut self,
        stray: Stray,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) {
        let Stray {
            local,
            remote,
            segment,
            envelope,
        } = stray;
        spares.outgoing = Outgoing::new(segment, envelope);
        self.send_outgoing((local.addr, remote.addr), None, now, spares, outputs);
    }

    /// Tells what has happened to a connection.
    pub(crate) fn tell_of(&mut self, id: SocketId, outputs: &mut VecDeque<Output>) {
        let recording = self.recording;
        let Some(connection) = self.connection_mut(id) else {
            return;
        };
        if tell(connection, id, recording, outputs) {
            self.offer_to_listener(id);
        }
    }

    /// Tells what has happened to a connection and sends its next segment; returns whether there
    /// was one.
    pub(crate) fn send_segment(
        &mut self,
        id: SocketId,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) -> Sent {
        let recording = self.recording;
        let Some(connection) = self.connection_mut(id) else {
            return Sent::Nothing;
        };
        let established = tell(connection, id, recording, outputs);
        let sent = connection.poll_transmit(now, &mut spares.outgoing);
        let addresses = (connection.local().addr, connection.remote().addr);
        if established {
            self.offer_to_listener(id);
        }
        if sent == Sent::Segment {
            self.send_outgoing(addresses, Some(id), now, spares, outputs);
        }
        sent
    }

    /// Sends the segment that was made last: at once where the neighbour is known, through the
    /// interface's neighbour resolution where it has to be asked for.
    #[inline(always)]
    fn send_outgoing(
        &mut self,
        (local, remote): (IpAddress, IpAddress),
        socket: Option<SocketId>,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) {
        let Outgoing {
            may_fragment,
            again,
            ..
        } = spares.outgoing;
        let addresses = (local, remote);
        if local.version() != remote.version() {
            return;
        }
        match self.resolution {
            Resolution::Static => {
                let Some(neighbour) = self.neighbour(remote) else {
                    return;
                };
                let layout = layout(&self.profile);
                let ethernet = (self.ethernet, neighbour);
                let frame = match may_fragment {
                    false => spares.frame(ethernet, addresses, &layout),
                    true => Frame::to_fragment(ethernet, addresses, &spares.outgoing, &layout),
                };
                outputs.push_back(Output::Frame {
                    frame,
                    socket,
                    again,
                });
            }
            Resolution::Arp => self.send_through_interface(addresses, socket, now, spares, outputs),
        }
    }

    /// Gives the segment that was made last to the interface, which asks for its neighbour.
    #[inline(never)]
    fn send_through_interface(
        &mut self,
        addresses: (IpAddress, IpAddress),
        socket: Option<SocketId>,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) {
        let layout = layout(&self.profile);
        let Outgoing {
            segment,
            envelope,
            payload,
            may_fragment,
            again,
        } = &spares.outgoing;
        let again = *again;
        let mut packet = frame::packet(addresses, (*envelope, segment), payload, &layout);
        if *may_fragment {
            wire::let_fragment(&mut packet[ETHERNET_HEADER..]);
        }
        let Some([ipv4, ipv6]) = self.raw else {
            return;
        };
        let handle = match addresses.1 {
            IpAddress::Ipv4(_) => ipv4,
            IpAddress::Ipv6(_) => ipv6,
        };
        let raw = self.smoltcp.get_mut::<raw::Socket<'_>>(handle);
        // A full queue loses the segment, as a full queue of a real resolver does.
        let _ = raw.send_slice(&packet[ETHERNET_HEADER..]);
        self.settle_interface(now, spares, outputs);
        outputs.extend(again.map(|again| Output::Fact {
            socket,
            fact: again.into(),
        }));
    }
}

/// How a profile lays out the options of a segment.
fn layout(profile: &Profile) -> Layout<'_> {
    Layout {
        syn: &profile.options.syn,
        syn_ack: profile.options.answer(),
        padding: profile.options.padding,
        secret: profile.signature.secret.as_bytes(),
    }
}

/// Tells what has happened to a connection; returns whether its handshake is finished.
fn tell(
    connection: &mut Connection,
    id: SocketId,
    recording: Recording,
    outputs: &mut VecDeque<Output>,
) -> bool {
    let mut established = false;
    while let Some(fact) = connection.poll_fact() {
        established |= is_established(&fact);
        if recording == Recording::Everything {
            outputs.push_back(Output::Fact {
                socket: Some(id),
                fact,
            });
        }
    }
    established
}

fn is_established(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::StateChanged {
            to: State::Established,
            ..
        }
    )
}
