//! A frame in transit, whose octets are written only when somebody reads them.
//!
//! Between two of our hosts a segment travels as a structure, with its payload shared and not
//! copied. Its octets follow from the structure, so that a run without a reader need not write
//! them. Readers are a recording, a link that damages a frame, neighbour resolution and smoltcp's
//! interface; from then on the octets are the frame. Checksum offload of network cards works in the
//! same way.

use bytes::{Bytes, BytesMut};
use smoltcp::wire::{EthernetAddress, EthernetFrame, IpAddress};

use crate::envelope::Envelope;
use crate::tcp::Outgoing;
use crate::tcp::segment::{Layout, Segment};
use crate::wire::{self, ETHERNET_HEADER};

/// A frame on its way.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// The octets of an Ethernet frame, without frame check sequence.
    Octets(Bytes),
    /// A segment of one of our connections, undamaged.
    Segment(Box<InTransit>),
}

/// A segment in a frame.
#[derive(Clone, Debug)]
pub(crate) struct InTransit {
    /// The Ethernet addresses of its sender and its receiver.
    pub(crate) ethernet: (EthernetAddress, EthernetAddress),
    pub(crate) source: IpAddress,
    pub(crate) destination: IpAddress,
    pub(crate) envelope: Envelope,
    /// No SYN, and not signed: what its octets are would depend on the profile of its sender.
    pub(crate) segment: Segment,
    pub(crate) payload: Bytes,
    /// The frame's octets, where it was read from them or once somebody has asked for them.
    octets: Option<Bytes>,
}

/// Memory of segments that is used again for those that are sent next.
#[derive(Debug)]
pub(crate) struct Spares {
    /// Those that have arrived.
    #[expect(
        clippy::vec_box,
        reason = "the boxes are used again: moving what is in them costs more than they do"
    )]
    arrived: Vec<Box<InTransit>>,
    /// The one that is being made.
    pub(crate) outgoing: Outgoing,
}

impl Default for Spares {
    fn default() -> Self {
        Self {
            arrived: Vec::new(),
            outgoing: Outgoing::new(Segment::default(), Envelope::ORDINARY),
        }
    }
}

/// More of it than this is given back to the allocator.
const SPARES_MOST: usize = 1024;

impl Spares {
    /// A frame with the segment in it that was made last. The addresses are of one family.
    #[inline(always)]
    pub(crate) fn frame(
        &mut self,
        ethernet: (EthernetAddress, EthernetAddress),
        (source, destination): (IpAddress, IpAddress),
        layout: &Layout<'_>,
    ) -> Frame {
        let Outgoing {
            ref segment,
            envelope,
            ref mut payload,
            ..
        } = self.outgoing;
        let payload = std::mem::take(payload);
        // What its octets are depends on the profile of its sender.
        let needs_layout = segment.flags.syn || segment.options.signed;
        if let Some(mut spare) = self.arrived.pop().filter(|_| !needs_layout) {
            spare.ethernet = ethernet;
            spare.source = source;
            spare.destination = destination;
            spare.envelope = envelope;
            spare.segment = *segment;
            spare.payload = payload;
            debug_assert!(spare.reads_back(layout), "{spare:?}");
            return Frame::Segment(spare);
        }
        let transit = InTransit {
            ethernet,
            source,
            destination,
            envelope,
            segment: *segment,
            payload,
            octets: None,
        };
        debug_assert!(transit.reads_back(layout), "{transit:?}");
        if needs_layout {
            return Frame::Octets(transit.written(layout));
        }
        Frame::Segment(Box::new(transit))
    }

    /// A frame that was written by somebody else, smoltcp's interface. A segment in it is read
    /// once, for all who look at it on its way.
    pub(crate) fn read(&mut self, octets: Bytes) -> Frame {
        let Some(transit) = InTransit::read(&octets) else {
            return Frame::Octets(octets);
        };
        Frame::Segment(match self.arrived.pop() {
            Some(mut spare) => {
                *spare = transit;
                spare
            }
            None => Box::new(transit),
        })
    }

    /// Takes a segment that has arrived.
    pub(crate) fn put(&mut self, mut transit: Box<InTransit>) {
        if self.arrived.len() < SPARES_MOST {
            transit.payload = Bytes::new();
            transit.octets = None;
            self.arrived.push(transit);
        }
    }
}

impl Frame {
    /// A frame whose packet routers may take apart.
    pub(crate) fn to_fragment(
        (source, destination): (EthernetAddress, EthernetAddress),
        ends: (IpAddress, IpAddress),
        outgoing: &Outgoing,
        layout: &Layout<'_>,
    ) -> Self {
        let enveloped = (outgoing.envelope, &outgoing.segment);
        let mut octets = packet(ends, enveloped, &outgoing.payload, layout);
        wire::let_fragment(&mut octets[ETHERNET_HEADER..]);
        wire::emit_ethernet(&mut octets, source, destination, ends.1);
        Self::Octets(octets.freeze())
    }

    /// Its octets.
    pub(crate) fn octets(&mut self) -> Bytes {
        match self {
            Self::Octets(octets) => octets.clone(),
            Self::Segment(transit) => {
                if let Some(octets) = &transit.octets {
                    return octets.clone();
                }
                let octets = transit.written(&Layout::WITHOUT_SYN);
                transit.octets = Some(octets.clone());
                octets
            }
        }
    }

    /// The header of the TCP segment in it; none where it holds no whole and undamaged one.
    pub(crate) fn header(&self) -> Option<Segment> {
        match self {
            Self::Octets(octets) => {
                let (segment, _) = wire::segment_in(octets)?.parse()?;
                Some(segment)
            }
            Self::Segment(transit) => Some(transit.segment),
        }
    }

    /// How many octets it has.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Octets(octets) => octets.len(),
            Self::Segment(transit) => match &transit.octets {
                Some(octets) => octets.len(),
                None => {
                    let ip = wire::ip_header(transit.source) + transit.envelope.octets();
                    ETHERNET_HEADER + ip + transit.segment.header_octets() + transit.payload.len()
                }
            },
        }
    }

    /// The Ethernet address it is for; none in a frame too short to have one.
    pub(crate) fn destination(&self) -> Option<EthernetAddress> {
        match self {
            Self::Octets(octets) => {
                let frame = EthernetFrame::new_checked(&octets[..]).ok()?;
                Some(frame.dst_addr())
            }
            Self::Segment(transit) => Some(transit.ethernet.1),
        }
    }

    /// The Ethernet address it comes from; none in a frame too short to have one.
    pub(crate) fn source(&self) -> Option<EthernetAddress> {
        match self {
            Self::Octets(octets) => {
                let frame = EthernetFrame::new_checked(&octets[..]).ok()?;
                Some(frame.src_addr())
            }
            Self::Segment(transit) => Some(transit.ethernet.0),
        }
    }
}

impl InTransit {
    /// A segment that is no SYN, if there is one in a frame.
    fn read(octets: &Bytes) -> Option<Self> {
        let found = wire::segment_in(octets)?;
        let (segment, payload) = found.parse()?;
        let ethernet = EthernetFrame::new_checked(&octets[..]).ok()?;
        let needs_layout = segment.flags.syn || segment.options.signed;
        (!needs_layout).then(|| Self {
            ethernet: (ethernet.src_addr(), ethernet.dst_addr()),
            source: found.source,
            destination: found.destination,
            envelope: found.envelope,
            segment,
            payload: octets.slice_ref(payload),
            octets: Some(octets.clone()),
        })
    }

    fn written(&self, layout: &Layout<'_>) -> Bytes {
        let ends = (self.source, self.destination);
        let mut octets = packet(ends, (self.envelope, &self.segment), &self.payload, layout);
        let (source, destination) = self.ethernet;
        wire::emit_ethernet(&mut octets, source, destination, self.destination);
        octets.freeze()
    }

    /// Whether its octets say what it says.
    fn reads_back(&self, layout: &Layout<'_>) -> bool {
        let octets = self.written(layout);
        let found = match self.envelope.datagram {
            Some(ports) => wire::segment_in_datagram(&octets, ports.destination),
            None => wire::segment_in(&octets),
        };
        found.is_some_and(|found| {
            found.envelope == self.envelope
                && found.parse() == Some((self.segment, &self.payload[..]))
        })
    }
}

/// An IP packet with a segment in it, behind room for an Ethernet header. The addresses are of one
/// family.
pub(crate) fn packet(
    (source, destination): (IpAddress, IpAddress),
    (envelope, segment): (Envelope, &Segment),
    payload: &[u8],
    layout: &Layout<'_>,
) -> BytesMut {
    let header = segment.header(layout);
    let length = header.length() + payload.len();
    let carrier = ETHERNET_HEADER + wire::ip_header(source);
    let tcp = carrier + envelope.octets();
    let mut octets = BytesMut::zeroed(tcp + length);
    octets[tcp + header.length()..].copy_from_slice(payload);
    let ends = (source, destination);
    match envelope.datagram {
        None => header.emit(&mut octets[tcp..], source, destination, layout),
        Some(ports) => {
            header.emit_in_datagram(&mut octets[tcp..], source, destination, layout);
            wire::emit_udp(&mut octets[carrier..], ends, ports);
        }
    }
    let carried = envelope.octets() + length;
    wire::emit_ip(&mut octets[ETHERNET_HEADER..], ends, carried, envelope);
    octets
}
