//! Frames out: a segment becomes a frame.

use std::collections::VecDeque;

use bytes::Bytes;
use smoltcp::socket::raw;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::frame::{self, Frame};
use crate::host::{Output, Stack};
use crate::network::Resolution;
use crate::socket::SocketId;
use crate::table::{Entry, Kind};
use crate::tcp::Outgoing;
use crate::tcp::segment::{Layout, Segment};
use crate::wire::ETHERNET_HEADER;

impl Stack {
    /// Sends a segment of no connection: a reset from a closed port.
    pub(crate) fn send_stray(
        &mut self,
        ends: (IpEndpoint, IpEndpoint),
        segment: Segment,
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        let outgoing = Outgoing {
            segment,
            payload: Bytes::new(),
            about: None,
        };
        self.send_outgoing(ends, outgoing, None, now, outputs);
    }

    /// Sends the next segment of a connection; returns whether there was one.
    pub(crate) fn send_segment(
        &mut self,
        id: SocketId,
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) -> Sent {
        let Some(Entry {
            kind: Kind::Connection(connection),
            ..
        }) = self.entries.get_mut(&id)
        else {
            return Sent::Nothing;
        };
        let Some(outgoing) = connection.poll_transmit(now) else {
            return Sent::Nothing;
        };
        let ends = (connection.local(), connection.remote());
        self.send_outgoing(ends, outgoing, Some(id), now, outputs);
        Sent::Segment
    }

    /// Sends a segment: at once where the neighbour is known, through the interface's neighbour
    /// resolution where it has to be asked for.
    fn send_outgoing(
        &mut self,
        (local, remote): (IpEndpoint, IpEndpoint),
        outgoing: Outgoing,
        socket: Option<SocketId>,
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        let Outgoing {
            segment,
            payload,
            about,
        } = outgoing;
        let addresses = (local.addr, remote.addr);
        if local.addr.version() != remote.addr.version() {
            return;
        }
        let layout = Layout {
            syn: &self.profile.options.syn,
            padding: self.profile.options.padding,
        };
        match self.resolution {
            Resolution::Static => {
                let Some(&neighbour) = self.neighbours.get(&remote.addr) else {
                    return;
                };
                let ethernet = (self.ethernet, neighbour);
                let frame = Frame::of_segment(ethernet, addresses, segment, payload, &layout);
                outputs.push_back(Output::Frame {
                    frame,
                    socket,
                    about,
                });
            }
            Resolution::Arp => {
                let packet = frame::packet(addresses, &segment, &payload, &layout);
                let handle = match remote.addr {
                    IpAddress::Ipv4(_) => self.raw[0],
                    IpAddress::Ipv6(_) => self.raw[1],
                };
                let raw = self.smoltcp.get_mut::<raw::Socket<'_>>(handle);
                // A full queue loses the segment, as a full queue of a real resolver does.
                let _ = raw.send_slice(&packet[ETHERNET_HEADER..]);
                self.settle_interface(now, outputs);
                outputs.extend(about.map(|fact| Output::Fact { socket, fact }));
            }
        }
    }
}

/// Whether a connection had a segment to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a connection is asked until it has nothing to send"]
pub(crate) enum Sent {
    Segment,
    Nothing,
}
