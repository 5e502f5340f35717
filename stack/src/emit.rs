//! Frames out: a segment becomes a frame.

use std::collections::VecDeque;

use smoltcp::socket::raw;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::event::Fact;
use crate::host::{Output, Stack};
use crate::network::Resolution;
use crate::profile::Profile;
use crate::socket::SocketId;
use crate::table::{Entry, Kind};
use crate::tcp::segment::{Layout, Segment};
use crate::wire::{self, ETHERNET_HEADER, Spares};

impl Stack {
    /// Sends a segment of no connection: a reset from a closed port.
    pub(crate) fn send_stray(
        &mut self,
        (local, remote): (IpEndpoint, IpEndpoint),
        segment: &Segment,
        now: Instant,
        spares: &mut Spares,
        outputs: &mut VecDeque<Output>,
    ) {
        let layout = layout(&self.profile);
        let frame = frame((local, remote), segment, &layout, spares, |_| {});
        if let Some(frame) = frame {
            self.send_frame(frame, remote.addr, None, None, now, outputs);
        }
    }

    /// Sends the next segment of a connection; returns whether there was one.
    pub(crate) fn send_segment(
        &mut self,
        id: SocketId,
        now: Instant,
        spares: &mut Spares,
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
        let layout = layout(&self.profile);
        let payload = |octets: &mut [u8]| connection.copy_payload(&outgoing, octets);
        let frame = frame(ends, &outgoing.segment, &layout, spares, payload);
        if let Some(frame) = frame {
            self.send_frame(frame, ends.1.addr, Some(id), outgoing.about, now, outputs);
        }
        Sent::Segment
    }

    /// Sends a frame whose Ethernet header is still empty: at once where the neighbour is known,
    /// through the interface's neighbour resolution where it has to be asked for.
    fn send_frame(
        &mut self,
        mut frame: Vec<u8>,
        destination: IpAddress,
        socket: Option<SocketId>,
        about: Option<Fact>,
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        match self.resolution {
            Resolution::Static => {
                let Some(&neighbour) = self.neighbours.get(&destination) else {
                    return;
                };
                wire::emit_ethernet(&mut frame, self.ethernet, neighbour, destination);
                outputs.push_back(Output::Frame {
                    bytes: frame,
                    socket,
                    about,
                });
            }
            Resolution::Arp => {
                let handle = match destination {
                    IpAddress::Ipv4(_) => self.raw[0],
                    IpAddress::Ipv6(_) => self.raw[1],
                };
                let raw = self.smoltcp.get_mut::<raw::Socket<'_>>(handle);
                // A full queue loses the segment, as a full queue of a real resolver does.
                let _ = raw.send_slice(&frame[ETHERNET_HEADER..]);
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

fn layout(profile: &Profile) -> Layout<'_> {
    let rules = &profile.options;
    Layout {
        syn: &rules.syn,
        padding: rules.padding,
    }
}

/// A frame with a segment in it, whose Ethernet header is yet to be written. `payload` writes the
/// payload. None where the ends are not of one family.
fn frame(
    (local, remote): (IpEndpoint, IpEndpoint),
    segment: &Segment,
    layout: &Layout<'_>,
    spares: &mut Spares,
    payload: impl FnOnce(&mut [u8]),
) -> Option<Vec<u8>> {
    let (source, destination) = (local.addr, remote.addr);
    if source.version() != destination.version() {
        return None;
    }
    let header = segment.header(layout);
    let length = header.length() + segment.payload_octets;
    let tcp = ETHERNET_HEADER + wire::ip_header(source);
    let mut frame = spares.take(tcp + length);
    payload(&mut frame[tcp + header.length()..]);
    header.emit(&mut frame[tcp..], source, destination);
    wire::emit_ip(&mut frame[ETHERNET_HEADER..], source, destination, length);
    #[cfg(debug_assertions)]
    crate::invariants::check_round_trip(&frame[tcp..], source, destination, segment);
    Some(frame)
}
