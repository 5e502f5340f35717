//! A trace as a pcapng file that opens in Wireshark with names, comments and socket calls.
//!
//! The file: a section header with what was run and how it came out; interface 0, the vantage
//! host's Ethernet; interfaces 1, `api`, and 2, `facts`, if there is a row to show (the mere
//! declaration of their link type makes libpcap refuse a file); the names of hosts and
//! applications; the packets and rows; the count of frames. Its format is the pcapng draft
//! (draft-ietf-opsawg-pcapng).
//!
//! Not written: `epb_verdict`. Wireshark 4.0 reads it, saves it under another option's number and
//! then cannot open its own file. What became of a frame is in its comment.

use std::borrow::Cow;
use std::io::Write;
use std::time::Duration;

use hangup_stack::network::HostId;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::name_resolution::{
    Ipv4Record, Ipv6Record, NameResolutionBlock, Record as NameRecord,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, Endianness};
use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use super::api_row::Lane;
use super::format::TraceFormat;
use super::packet::{Interface, Packets, TracePacket, clip_comment, packets};
use super::trace::{Trace, TraceHost, clip_name, one_line};

pub use super::error::PcapngError;

/// As a format of traces.
pub(super) const FORMAT: TraceFormat = TraceFormat {
    extension: "pcapng",
    is_golden: true,
    to_bytes,
};

/// Virtual time zero in traces, since 1970: 2023-11-14 22:13:20 UTC. Fixed, so that the same run
/// gives the same file.
pub const EPOCH: Duration = Duration::from_secs(1_700_000_000);

/// The longest frame that is kept whole, in octets: what Wireshark itself uses. Zero would mean no
/// limit, but Wireshark shows it as "0 bytes".
const SNAPLEN: u32 = 262_144;

/// The trace of one host as a pcapng file.
///
/// # Errors
/// As [`write()`], except that memory takes everything.
pub fn to_bytes(trace: &Trace<'_>, vantage: HostId) -> Result<Vec<u8>, PcapngError> {
    let mut bytes = Vec::new();
    write(trace, vantage, &mut bytes)?;
    Ok(bytes)
}

/// Writes the trace of one host as pcapng. Many small writes: give it a buffer. The buffer is
/// flushed at the end.
///
/// # Errors
/// The vantage host is not in the trace, there are more than about 250 hosts, a time lies beyond
/// what pcapng can say, or the output fails.
pub fn write<W: Write>(trace: &Trace<'_>, vantage: HostId, out: W) -> Result<(), PcapngError> {
    let host = trace
        .host(vantage)
        .ok_or(PcapngError::NoSuchHost(vantage))?;
    let Packets { lanes, packets } = packets(trace, vantage)?;

    let mut file = File::new(trace, out)?;
    file.ethernet(host)?;
    if !lanes.is_empty() {
        file.rows()?;
    }
    file.names(trace.hosts, &lanes)?;
    for packet in &packets {
        file.packet(packet)?;
    }
    file.statistics(&packets)?;
    file.finish()
}

/// A pcapng file in the making: the one place that knows the library that writes it.
struct File<W: Write>(PcapNgWriter<W>);

impl<W: Write> File<W> {
    fn new(trace: &Trace<'_>, out: W) -> Result<Self, PcapngError> {
        let application = concat!("hangup ", env!("CARGO_PKG_VERSION"));
        // One comment of several lines: Wireshark's File Properties show only the first comment.
        let summary = trace.summary.lines().collect::<Vec<_>>().join("\n");
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::UserApplication(application.into()),
                SectionHeaderOption::Common(comment(&summary)),
            ],
            ..Default::default()
        };
        Ok(Self(PcapNgWriter::with_section_header(out, section)?))
    }

    fn put<'b>(&mut self, block: impl PcapNgBlock<'b>) -> Result<(), PcapngError> {
        self.0.write_pcapng_block(block)?;
        Ok(())
    }

    fn ethernet(&mut self, host: &TraceHost) -> Result<(), PcapngError> {
        let name = one_line(clip_name(&host.name));
        let mac = host.ethernet;
        // Wireshark shows the description in place of the name.
        let description = format!("{name} ({})", host.system);
        self.put(InterfaceDescriptionBlock {
            linktype: DataLink::ETHERNET,
            snaplen: SNAPLEN,
            options: vec![
                InterfaceDescriptionOption::IfName(name),
                InterfaceDescriptionOption::IfDescription(one_line(&description)),
                InterfaceDescriptionOption::IfMacAddr(Cow::Borrowed(mac.as_bytes())),
                InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
            ],
        })
    }

    /// The interfaces of rows.
    fn rows(&mut self) -> Result<(), PcapngError> {
        let rows = [
            (Interface::Api, "socket calls"),
            (Interface::Facts, "what became of packets"),
        ];
        rows.into_iter().try_for_each(|(interface, description)| {
            let name = interface.name().unwrap_or_default();
            self.put(InterfaceDescriptionBlock {
                linktype: DataLink::WIRESHARK_UPPER_PDU,
                snaplen: SNAPLEN,
                options: vec![
                    InterfaceDescriptionOption::IfName(name.into()),
                    InterfaceDescriptionOption::IfDescription(description.into()),
                    InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
                ],
            })
        })
    }

    /// The names stand before the packets, so that they hold from the first one on, in a pipe too.
    fn names(&mut self, hosts: &[TraceHost], lanes: &[Lane]) -> Result<(), PcapngError> {
        let addresses = hosts.iter().flat_map(|host| {
            host.addresses
                .iter()
                .map(|address| (*address, clip_name(&host.name).to_owned()))
        });
        let applications = hosts
            .iter()
            .zip(lanes)
            .map(|(host, lane)| (lane.application, format!("{}-app", clip_name(&host.name))));
        let records: Vec<_> = addresses
            .chain(applications)
            .filter(|(_, name)| !name.is_empty())
            .map(|(address, name)| name_record(address, &one_line(&name)))
            .collect();
        if records.is_empty() {
            return Ok(());
        }
        self.put(NameResolutionBlock {
            records,
            options: Vec::new(),
        })
    }

    fn packet(&mut self, packet: &TracePacket<'_>) -> Result<(), PcapngError> {
        let original_len = u32::try_from(packet.length)
            .map_err(|_| PcapngError::Format("a frame is longer than 4 GiB".to_owned()))?;
        let kept = packet.bytes.len().min(SNAPLEN as usize);
        let mut options = Vec::new();
        options.extend(packet.interface.flags().map(EnhancedPacketOption::Flags));
        if !packet.comment.is_empty() {
            let comment = CommonOption::Comment(Cow::Borrowed(&*packet.comment));
            options.push(EnhancedPacketOption::Common(comment));
        }
        self.put(EnhancedPacketBlock {
            interface_id: packet.interface.id(),
            timestamp: timestamp(packet.at),
            original_len,
            data: Cow::Borrowed(&packet.bytes[..kept]),
            options,
        })
    }

    /// How many frames the vantage host's interface saw, and how many of those that it sent the
    /// link lost: what File Properties show as packets and dropped packets.
    fn statistics(&mut self, packets: &[TracePacket<'_>]) -> Result<(), PcapngError> {
        let frames = packets
            .iter()
            .filter(|packet| packet.interface.id() == Interface::ETHERNET_ID);
        let seen = frames.count();
        let lost = packets.iter().filter(|packet| packet.is_lost).count();
        let end = timestamp(packets.last().map_or(Instant::ZERO, |packet| packet.at));
        self.put(InterfaceStatisticsBlock {
            interface_id: Interface::ETHERNET_ID,
            timestamp: end,
            options: vec![
                InterfaceStatisticsOption::IsbStartTime(EPOCH),
                InterfaceStatisticsOption::IsbEndTime(end),
                InterfaceStatisticsOption::IsbIfRecv(seen as u64),
                InterfaceStatisticsOption::IsbIfDrop(lost as u64),
            ],
        })
    }

    fn finish(self) -> Result<(), PcapngError> {
        self.0.into_inner().flush()?;
        Ok(())
    }
}

fn comment(text: &str) -> CommonOption<'_> {
    CommonOption::Comment(clip_comment(text))
}

fn name_record(address: IpAddress, name: &str) -> NameRecord<'static> {
    let names = vec![Cow::Owned(name.to_owned())];
    match address {
        IpAddress::Ipv4(ip_addr) => NameRecord::Ipv4(Ipv4Record { ip_addr, names }),
        IpAddress::Ipv6(ip_addr) => NameRecord::Ipv6(Ipv6Record { ip_addr, names }),
    }
}

/// A virtual time as the time of day that traces give it. No run has times before zero.
fn timestamp(at: Instant) -> Duration {
    let since_start = Duration::from_micros(u64::try_from(at.total_micros()).unwrap_or(0));
    EPOCH.saturating_add(since_start)
}
