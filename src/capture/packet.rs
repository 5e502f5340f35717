//! The packets of one host's trace in the form of a capture file: one list, for the writers of
//! files and for filters. None is kept: a file of a gibibyte is written packet by packet.

use std::borrow::Cow;

use hangup_stack::network::HostId;
use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use super::api_row::{self, Lane};
use super::distinct::Rewriting;
use super::error::PcapngError;
use super::format::{Rows, TraceOptions};
use super::record::{Body, CallRecord, FrameDirection, Record, Records};
use super::trace::{Part, Toward, TraceHost, clip_name, clipped, one_line};
use crate::notation::{Names, Notation, Ports};
use crate::wire::Packet;

/// The longest comment, in octets. An option of pcapng has room for 65535.
const COMMENT_OCTETS_MAX: usize = 32_768;

/// A packet of the file.
#[derive(Clone, Debug)]
pub(crate) struct TracePacket<'a> {
    /// When, in virtual time.
    pub(crate) at: Instant,
    /// On which interface it stands.
    pub(crate) interface: Interface,
    /// An Ethernet frame, or an exported PDU.
    pub(crate) bytes: Cow<'a, [u8]>,
    /// How many it had on the wire, of which `bytes` may be the beginning.
    pub(crate) length: usize,
    /// What the emulator has to say about it; empty if nothing.
    pub(crate) comment: Cow<'a, str>,
    /// What an Ethernet frame is.
    pub(crate) packet: Option<&'a Packet>,
    /// Whether the vantage host sent it and the link lost it.
    pub(crate) is_lost: bool,
}

/// An interface of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interface {
    /// The link of the vantage host, and which way the frame went.
    Ethernet(FrameDirection),
    /// The socket calls.
    Api,
    /// What became of frames, of their octets and of connections.
    Facts,
}

impl Interface {
    /// The number of the vantage host's link.
    pub(crate) const ETHERNET_ID: u32 = 0;

    /// Its number in the file.
    pub(crate) const fn id(self) -> u32 {
        match self {
            Self::Ethernet(_) => Self::ETHERNET_ID,
            Self::Api => 1,
            Self::Facts => 2,
        }
    }

    /// The flags of a packet on it: draft-ietf-opsawg-pcapng section 4.3.1.
    pub(crate) const fn flags(self) -> Option<u32> {
        match self {
            Self::Ethernet(FrameDirection::Received) => Some(1),
            Self::Ethernet(FrameDirection::Sent) => Some(2),
            Self::Api | Self::Facts => None,
        }
    }

    /// Its name, where it is no host's.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Ethernet(_) => None,
            Self::Api => Some("api"),
            Self::Facts => Some("facts"),
        }
    }
}

/// The packets of one host's trace, in the order of the file, made one after the other.
#[derive(Debug)]
pub(crate) struct Packets<'a> {
    records: Records<'a>,
    names: Names,
    lanes: Vec<Lane>,
    has_rows: bool,
    rewriting: Option<Rewriting>,
}

impl<'a> Packets<'a> {
    /// # Errors
    /// The vantage host is not in the trace, or there are too many hosts for a lane each.
    pub(crate) fn new(
        part: Part<'a>,
        vantage: HostId,
        options: &TraceOptions,
    ) -> Result<Self, PcapngError> {
        let trace = part.trace;
        trace
            .host(vantage)
            .ok_or(PcapngError::NoSuchHost(vantage))?;
        let lanes = api_row::lanes(trace.hosts)
            .map_err(|host| PcapngError::TooManyHosts(host.name.clone()))?;
        let is_whole = part.is_whole();
        let records = Records::new(part, vantage);
        // Who has one part only cannot know whether the others have rows: a long run has calls.
        let has_rows = !is_whole || records.has_rows();
        Ok(Self {
            names: trace.names(),
            lanes,
            has_rows: match options.rows {
                Rows::Shown => has_rows,
                Rows::Expected => true,
                Rows::Hidden => false,
            },
            records,
            rewriting: options.distinct.then(|| Rewriting::new(&trace)),
        })
    }

    /// The lanes of the rows, one a host; none where there are no rows.
    pub(super) fn lanes(&self) -> &[Lane] {
        if self.has_rows { &self.lanes } else { &[] }
    }

    /// How addresses, ports and the epoch are rewritten, if they are.
    pub(super) fn rewriting(&self) -> Option<&Rewriting> {
        self.rewriting.as_ref()
    }

    /// The names of all addresses that packets and rows have, as the file tells them.
    pub(crate) fn resolution(&self) -> Vec<(IpAddress, String)> {
        let hosts = self.records.part.trace.hosts;
        let addresses = hosts.iter().flat_map(|host| {
            let name = clip_name(&host.name);
            host.addresses.iter().map(move |it| (*it, name.to_owned()))
        });
        let applications = hosts
            .iter()
            .zip(self.lanes())
            .map(|(host, lane)| (lane.application, format!("{}-app", clip_name(&host.name))));
        let named = addresses.chain(applications);
        let named = named.filter(|(_, name)| !name.is_empty());
        let shown = named.map(|(address, name)| {
            let rewriting = self.rewriting.as_ref();
            let shown = rewriting.map_or(address, |it| it.address(address));
            (shown, one_line(&name).into_owned())
        });
        shown.collect()
    }

    /// The packets.
    pub(crate) fn iter(
        &self,
    ) -> impl Iterator<Item = Result<TracePacket<'a>, PcapngError>> + use<'a, '_> {
        let Part {
            trace, is_first, ..
        } = &self.records.part;
        let hosts = trace.hosts;
        let markers = (self.has_rows && *is_first).then(|| lane_markers(hosts, &self.lanes));
        let markers = markers.into_iter().flatten().map(Ok);
        let records = self.records.iter();
        let records =
            records.filter(|record| self.has_rows || matches!(record.body, Body::Frame(_)));
        let packets = markers.chain(records.map(|record| self.packet(record)));
        packets.map(|packet| {
            let mut packet = packet?;
            if let Some(rewriting) = &self.rewriting {
                let octets = packet.bytes.to_mut();
                match packet.interface {
                    Interface::Ethernet(_) => rewriting.frame(octets),
                    Interface::Api | Interface::Facts => rewriting.row(octets),
                }
            }
            Ok(packet)
        })
    }

    fn packet(&self, record: Record<'a>) -> Result<TracePacket<'a>, PcapngError> {
        let trace = &self.records.part.trace;
        let lane = |host| {
            let lane = trace.hosts.iter().position(|it| it.id == host);
            let lane = lane.and_then(|index| self.lanes.get(index)).copied();
            lane.ok_or(PcapngError::NoSuchHost(host))
        };
        match record.body {
            Body::Frame(frame) => Ok(TracePacket {
                at: record.at,
                interface: Interface::Ethernet(frame.direction),
                bytes: Cow::Borrowed(frame.bytes),
                length: frame.length,
                comment: Cow::Owned(comment(record.comment)),
                is_lost: frame.is_lost,
                packet: Some(frame.packet),
            }),
            Body::Row(CallRecord {
                host,
                toward,
                socket,
                text,
            }) => {
                let bytes = api_row::call(toward, socket, &text, lane(host)?);
                Ok(row(record.at, Interface::Api, bytes))
            }
            Body::Failure(text) => {
                let text = format!("FAILED: {text}");
                let bytes = api_row::fact(None, false, &text, lane(self.records.vantage)?);
                Ok(row(record.at, Interface::Facts, bytes))
            }
            Body::Fact(fact) => {
                let names = &self.names;
                let ports = Ports::Shown;
                let about = fact.about(Notation { names, ports });
                let text = fact.text + &about;
                let packet = fact.frame.map(|frame| &*frame.packet);
                let is_sender = fact.frame.is_some_and(|frame| frame.host == fact.host);
                let bytes = api_row::fact(packet, is_sender, &text, lane(fact.host)?);
                Ok(row(record.at, Interface::Facts, bytes))
            }
        }
    }
}

/// One row for each host at time zero. They fix the order of the lanes in the flow graph, which is
/// that of first appearance, and make the time column begin at virtual time zero.
fn lane_markers(hosts: &[TraceHost], lanes: &[Lane]) -> Vec<TracePacket<'static>> {
    let described = hosts.iter().zip(lanes).enumerate();
    let markers = described.map(|(index, (host, lane))| {
        // The outermost lanes are applications: app, first host, other host, app.
        let toward = if index == 0 {
            Toward::Stack
        } else {
            Toward::Application
        };
        let text = format!("{}: {}", host.name, host.system);
        row(
            Instant::ZERO,
            Interface::Api,
            api_row::call(toward, None, &one_line(&text), *lane),
        )
    });
    markers.collect()
}

fn row(at: Instant, interface: Interface, bytes: Vec<u8>) -> TracePacket<'static> {
    TracePacket {
        at,
        interface,
        length: bytes.len(),
        bytes: Cow::Owned(bytes),
        comment: Cow::Borrowed(""),
        is_lost: false,
        packet: None,
    }
}

/// The comment on a frame as long as it may be.
fn comment(text: String) -> String {
    match clip_comment(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clipped) => clipped,
    }
}

/// A comment as long as an option may be.
pub(super) fn clip_comment(text: &str) -> Cow<'_, str> {
    clipped(text, COMMENT_OCTETS_MAX)
}
