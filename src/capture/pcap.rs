//! A trace as an old pcap file with nanoseconds: the packets alone, for programs that read nothing
//! else. It has no rows, no comments and no names.

use std::borrow::Cow;
use std::io::Write;

use hangup_stack::network::HostId;
use pcap_file::pcap::{PcapHeader, PcapPacket, PcapTsResolution, PcapWriter};
use pcap_file::{DataLink, Endianness};

use super::distinct::Rewriting;
use super::epoch::{EPOCH, since_start};
use super::error::PcapngError;
use super::format::{Rows, TraceFormat, TraceOptions};
use super::packet::Packets;
use super::trace::{Part, Trace};

/// As a format of traces.
pub(super) const FORMAT: TraceFormat = TraceFormat {
    name: "pcap",
    extension: "pcap",
    is_golden: false,
    write,
};

fn write(
    trace: &Trace<'_>,
    vantage: HostId,
    options: &TraceOptions,
    out: &mut dyn Write,
) -> Result<(), PcapngError> {
    let options = TraceOptions {
        rows: Rows::Hidden,
        ..*options
    };
    let packets = Packets::new(Part::whole(trace), vantage, &options)?;
    let epoch = packets.rewriting().map_or(EPOCH, Rewriting::epoch);
    let header = PcapHeader {
        snaplen: options.snaplen,
        datalink: DataLink::ETHERNET,
        ts_resolution: PcapTsResolution::NanoSecond,
        endianness: Endianness::Little,
        ..PcapHeader::default()
    };
    let mut file = PcapWriter::with_header(out, header)?;
    for packet in packets.iter() {
        let packet = packet?;
        let kept = packet.bytes.len().min(options.snaplen as usize);
        let original = u32::try_from(packet.length)
            .map_err(|_| PcapngError::Format("a frame is longer than 4 GiB".to_owned()))?;
        let at = epoch.saturating_add(since_start(packet.at));
        let data = Cow::Borrowed(&packet.bytes[..kept]);
        let packet = PcapPacket::new(at, original, data);
        let packet = packet.map_err(|error| PcapngError::Format(error.to_string()))?;
        file.write_packet(&packet)?;
    }
    file.into_inner().flush()?;
    Ok(())
}
