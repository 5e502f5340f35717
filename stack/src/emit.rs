//! Frames out: a segment becomes a frame.

use std::collections::VecDeque;

use smoltcp::socket::raw;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use crate::event::Fact;
use crate::host::{Output, Stack};
use crate::network::Resolution;
use crate::socket::SocketId;
use crate::tcp::Outgoing;
use crate::tcp::segment::{Layout, Segment};
use crate::wire::{self, ETHERNET_HEADER};

impl Stack {
    /// Sends a segment of no connection: a reset from a closed port.
    pub(crate) fn send_stray(
        &mut self,
        (local, remote): (IpEndpoint, IpEndpoint),
        segment: &Segment,
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        if let Some((frame, _)) = self.room_for(local.addr, remote.addr, segment) {
            let frame = self.finish(frame, local.addr, remote.addr, segment);
            self.send_frame(frame, remote.addr, None, Vec::new(), now, outputs);
        }
    }

    fn layout(&self) -> Layout<'_> {
        let rules = &self.profile.options;
        Layout {
            syn: &rules.syn,
            padding: rules.padding,
        }
    }

    /// A frame of the right length for a segment, and where its payload goes.
    fn room_for(
        &self,
        source: IpAddress,
        destination: IpAddress,
        segment: &Segment,
    ) -> Option<(Vec<u8>, usize)> {
        if source.version() != destination.version() {
            return None;
        }
        let header = segment.header_octets(&self.layout());
        let payload = ETHERNET_HEADER + wire::ip_header(source) + header;
        Some((vec![0; payload + segment.payload_octets], payload))
    }

    /// Writes the headers of a frame whose payload is in place.
    fn finish(
        &self,
        mut frame: Vec<u8>,
        source: IpAddress,
        destination: IpAddress,
        segment: &Segment,
    ) -> Vec<u8> {
        let tcp = ETHERNET_HEADER + wire::ip_header(source);
        segment.emit(&mut frame[tcp..], &self.layout(), source, destination);
        let length = frame.len() - tcp;
        wire::emit_ip(&mut frame[ETHERNET_HEADER..], source, destination, length);
        frame
    }

    pub(crate) fn send_segment(
        &mut self,
        id: SocketId,
        outgoing: Outgoing,
        now: Instant,
        outputs: &mut VecDeque<Output>,
    ) {
        let Some(connection) = self.connection_mut(id) else {
            return;
        };
        let (source, destination) = (connection.local().addr, connection.remote().addr);
        let Some((mut frame, payload)) = self.room_for(source, destination, &outgoing.segment)
        else {
            return;
        };
        if let Some(connection) = self.connection_mut(id) {
            connection.copy_payload(&outgoing, &mut frame[payload..]);
        }
        let frame = self.finish(frame, source, destination, &outgoing.segment);
        let about = outgoing.about.into_iter().collect();
        self.send_frame(frame, destination, Some(id), about, now, outputs);
    }

    /// Sends a frame whose Ethernet header is still empty: at once where the neighbour is known,
    /// through the interface's neighbour resolution where it has to be asked for.
    fn send_frame(
        &mut self,
        mut frame: Vec<u8>,
        destination: IpAddress,
        socket: Option<SocketId>,
        about: Vec<Fact>,
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
                for fact in about {
                    outputs.push_back(Output::Fact { socket, fact });
                }
            }
        }
    }
}
