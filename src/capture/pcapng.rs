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
use std::fmt;
use std::io::{self, Write};
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

use super::distinct::Rewriting;
use super::epoch::since_start;
use super::format::{SNAPLEN, TraceFormat, TraceOptions};
use super::packet::{Interface, Packets, TracePacket, clip_comment};
use super::trace::{Part, Trace, TraceHost, TraceSummary, clip_name, one_line};

pub use super::epoch::EPOCH;
pub use super::error::PcapngError;

/// As a format of traces.
pub(super) const FORMAT: TraceFormat = TraceFormat {
    name: "pcapng",
    extension: "pcapng",
    is_golden: true,
    write: |trace, vantage, options, out| write(trace, vantage, options, out),
};

/// The trace of one host as a pcapng file.
///
/// # Errors
/// As [`write()`], except that memory takes everything.
pub fn to_bytes(trace: &Trace<'_>, vantage: HostId) -> Result<Vec<u8>, PcapngError> {
    let mut bytes = Vec::new();
    write(trace, vantage, &TraceOptions::default(), &mut bytes)?;
    Ok(bytes)
}

/// Writes the trace of one host as pcapng, packet by packet. Many small writes: give it a buffer.
/// The buffer is flushed at the end.
///
/// # Errors
/// The vantage host is not in the trace, there are more than about 250 hosts, a time lies beyond
/// what pcapng can say, or the output fails.
pub fn write<W: Write>(
    trace: &Trace<'_>,
    vantage: HostId,
    options: &TraceOptions,
    out: W,
) -> Result<(), PcapngError> {
    let mut writing = Writing::begin(Part::whole(trace), vantage, options, out)?;
    writing.end()?;
    Ok(())
}

/// A trace that is written part by part, while its run goes on.
pub struct Writing<W: Write> {
    file: File<W>,
    vantage: HostId,
    options: TraceOptions,
    /// The octets of the section header, which says how the run came out.
    head: usize,
    counted: Counted,
}

impl<W: Write> Writing<W> {
    /// Writes the first part.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn begin(
        part: Part<'_>,
        vantage: HostId,
        options: &TraceOptions,
        out: W,
    ) -> Result<Self, PcapngError> {
        let trace = part.trace;
        let host = trace
            .host(vantage)
            .ok_or(PcapngError::NoSuchHost(vantage))?;
        let packets = Packets::new(part, vantage, options)?;
        let epoch = packets.rewriting().map_or(EPOCH, Rewriting::epoch);
        let mut file = File::new(options.snaplen, epoch, out, trace.summary)?;
        let head = file.writer.get_ref().len();
        file.ethernet(host)?;
        if !packets.lanes().is_empty() {
            file.rows()?;
        }
        file.names(&packets)?;
        let mut writing = Self {
            file,
            vantage,
            options: *options,
            head,
            counted: Counted::default(),
        };
        writing.packets(packets.iter())?;
        Ok(writing)
    }

    /// Writes another part.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn part(&mut self, part: Part<'_>) -> Result<(), PcapngError> {
        let packets = Packets::new(part, self.vantage, &self.options)?;
        self.packets(packets.iter())
    }

    fn packets<'a>(
        &mut self,
        packets: impl Iterator<Item = Result<TracePacket<'a>, PcapngError>>,
    ) -> Result<(), PcapngError> {
        for packet in packets {
            let packet = packet?;
            self.counted.count(&packet);
            self.file.packet(&packet)?;
        }
        Ok(())
    }

    /// Writes what stands at the end, and flushes the output.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn end(&mut self) -> Result<(), PcapngError> {
        self.file.statistics(&self.counted)?;
        self.file.flush()
    }

    /// The output, how many octets at its beginning say how the run came out, and what is to stand
    /// there where it came out like that.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn into_parts(self, summary: &TraceSummary) -> Result<(W, usize, Vec<u8>), PcapngError> {
        Ok((self.file.out, self.head, section(summary)?))
    }
}

impl<W: Write> fmt::Debug for Writing<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing")
            .field("vantage", &self.vantage)
            .field("counted", &self.counted)
            .finish_non_exhaustive()
    }
}

/// A pcapng file of a trace that may still grow, and of which all is kept: what has been written
/// stays as it is.
pub struct Growing<W: Write> {
    writing: Writing<W>,
}

impl<W: Write> Growing<W> {
    /// Begins the file of a trace with its names and interfaces, and what it has so far. Where rows
    /// may come later than packets, the options have to say so.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn begin(
        trace: &Trace<'_>,
        vantage: HostId,
        options: &TraceOptions,
        out: W,
    ) -> Result<Self, PcapngError> {
        let writing = Writing::begin(Part::whole(trace), vantage, options, out)?;
        Ok(Self { writing })
    }

    /// Writes what the trace has more than when it was last seen, and flushes it.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn grow(&mut self, trace: &Trace<'_>) -> Result<(), PcapngError> {
        let Writing {
            vantage, options, ..
        } = self.writing;
        let packets = Packets::new(Part::whole(trace), vantage, &options)?;
        let written = self.writing.counted.packets;
        self.writing.packets(packets.iter().skip(written))?;
        self.writing.file.flush()
    }

    /// Ends the file.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn finish(mut self) -> Result<(), PcapngError> {
        self.writing.end()
    }
}

impl<W: Write> fmt::Debug for Growing<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Growing").field(&self.writing).finish()
    }
}

/// A section header on its own.
fn section(summary: &TraceSummary) -> Result<Vec<u8>, PcapngError> {
    let file = File::new(SNAPLEN, EPOCH, io::sink(), summary)?;
    Ok(file.writer.into_inner())
}

/// What the statistics tell.
#[derive(Debug, Default)]
struct Counted {
    packets: usize,
    frames: u64,
    lost: u64,
    last: Option<Instant>,
}

impl Counted {
    fn count(&mut self, packet: &TracePacket<'_>) {
        let is_frame = packet.interface.id() == Interface::ETHERNET_ID;
        self.packets += 1;
        self.frames += u64::from(is_frame);
        self.lost += u64::from(packet.is_lost);
        self.last = Some(packet.at);
    }
}

/// A pcapng file in the making: the one place that knows the library that writes it.
struct File<W: Write> {
    /// Writes each block into memory, since the library writes field by field. It begins with the
    /// section header, which goes to the output with the first block.
    writer: PcapNgWriter<Vec<u8>>,
    out: W,
    snaplen: u32,
    /// Virtual time zero.
    epoch: Duration,
}

impl<W: Write> File<W> {
    fn new(
        snaplen: u32,
        epoch: Duration,
        out: W,
        summary: &TraceSummary,
    ) -> Result<Self, PcapngError> {
        let application = concat!("hangup ", env!("CARGO_PKG_VERSION"));
        // One comment of several lines: Wireshark's File Properties show only the first comment.
        let summary = summary.lines().collect::<Vec<_>>().join("\n");
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::UserApplication(application.into()),
                SectionHeaderOption::Common(comment(&summary)),
            ],
            ..Default::default()
        };
        Ok(Self {
            writer: PcapNgWriter::with_section_header(Vec::new(), section)?,
            out,
            snaplen,
            epoch,
        })
    }

    fn put<'b>(&mut self, block: impl PcapNgBlock<'b>) -> Result<(), PcapngError> {
        self.writer.write_pcapng_block(block)?;
        let written = self.writer.get_mut();
        self.out.write_all(written)?;
        written.clear();
        Ok(())
    }

    fn ethernet(&mut self, host: &TraceHost) -> Result<(), PcapngError> {
        let name = one_line(clip_name(&host.name));
        let mac = host.ethernet;
        // Wireshark shows the description in place of the name.
        let description = format!("{name} ({})", host.system);
        self.put(InterfaceDescriptionBlock {
            linktype: DataLink::ETHERNET,
            snaplen: self.snaplen,
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
    fn names(&mut self, packets: &Packets<'_>) -> Result<(), PcapngError> {
        let named = packets.resolution();
        let named = named.iter().map(|(it, name)| name_record(*it, name));
        let records: Vec<_> = named.collect();
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
        let kept = packet.bytes.len().min(self.snaplen_of(packet.interface));
        let mut options = Vec::new();
        options.extend(packet.interface.flags().map(EnhancedPacketOption::Flags));
        if !packet.comment.is_empty() {
            let comment = CommonOption::Comment(Cow::Borrowed(&*packet.comment));
            options.push(EnhancedPacketOption::Common(comment));
        }
        self.put(EnhancedPacketBlock {
            interface_id: packet.interface.id(),
            timestamp: self.timestamp(packet.at),
            original_len,
            data: Cow::Borrowed(&packet.bytes[..kept]),
            options,
        })
    }

    /// How many frames the vantage host's interface saw, and how many of those that it sent the
    /// link lost: what File Properties show as packets and dropped packets.
    fn statistics(&mut self, counted: &Counted) -> Result<(), PcapngError> {
        let end = self.timestamp(counted.last.unwrap_or(Instant::ZERO));
        self.put(InterfaceStatisticsBlock {
            interface_id: Interface::ETHERNET_ID,
            timestamp: end,
            options: vec![
                InterfaceStatisticsOption::IsbStartTime(self.epoch),
                InterfaceStatisticsOption::IsbEndTime(end),
                InterfaceStatisticsOption::IsbIfRecv(counted.frames),
                InterfaceStatisticsOption::IsbIfDrop(counted.lost),
            ],
        })
    }

    /// How many octets are kept of a packet. Rows are text, and are kept whole.
    fn snaplen_of(&self, interface: Interface) -> usize {
        let is_frame = interface.id() == Interface::ETHERNET_ID;
        if is_frame { self.snaplen } else { SNAPLEN }
            .try_into()
            .unwrap_or(usize::MAX)
    }

    /// A virtual time as the time of day that traces give it.
    fn timestamp(&self, at: Instant) -> Duration {
        self.epoch.saturating_add(since_start(at))
    }

    fn flush(&mut self) -> Result<(), PcapngError> {
        self.out.flush()?;
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
