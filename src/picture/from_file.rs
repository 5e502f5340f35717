//! A recording of a capture file: one of ours, with calls and remarks, or anybody's, as far as
//! packets go.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcap::PcapReader;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::blocks::name_resolution::Record as NameRecord;
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::SectionHeaderOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

use super::recording::{Call, Frame, Host, Item, Recording, What};
use super::remark::Remark;
use crate::capture::pcapng::EPOCH;
use crate::capture::{SocketEnds, Toward};
use crate::notation::Tracker;
use crate::wire::{ExportedPdu, NodeAddress, PortType, decode};

/// The most packets and calls that a picture takes in. Those behind are counted and left out.
const ITEMS_MAX: usize = 200_000;

/// The most octets of a packet that are read: headers are shorter, and payload is not looked at.
const OCTETS_MAX: usize = 262_144;

/// The interface of the rows of facts, in a trace of ours.
const FACTS: &str = "facts";

/// The end of the name that an application has in a trace of ours.
const APPLICATION: &str = "-app";

/// Why a file has no recording.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no capture, or it is damaged.
    #[error("{}: {what}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        what: String,
    },
}

/// Whether a file begins as captures do.
pub fn is_capture(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && kind(magic).is_some()
}

/// The two forms of a capture.
enum Kind {
    Pcap,
    PcapNg,
}

/// By the first octets of a file: pcapng has the same in both byte orders, pcap has one magic
/// number for microseconds and one for nanoseconds (draft-ietf-opsawg-pcap section 4).
fn kind(magic: [u8; 4]) -> Option<Kind> {
    match u32::from_be_bytes(magic) {
        0x0a0d_0d0a => Some(Kind::PcapNg),
        0xa1b2_c3d4 | 0xd4c3_b2a1 | 0xa1b2_3c4d | 0x4d3c_b2a1 => Some(Kind::Pcap),
        _ => None,
    }
}

/// Reads a capture.
///
/// # Errors
/// It cannot be read, is no capture, or is damaged before its first packet. A file that is cut off
/// later is read up to there, and says so as a failure of the recording.
pub fn of_file(path: &Path) -> Result<Recording, FileError> {
    let failed = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let format = |what: String| FileError::Format {
        path: path.to_owned(),
        what,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut magic = [0; 4];
    file.read_exact(&mut magic)
        .map_err(|_| format("it is shorter than the head of a capture".to_owned()))?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut reader = Reader::new(path);
    let read = match kind(magic) {
        Some(Kind::PcapNg) => reader.pcapng(file),
        Some(Kind::Pcap) => reader.pcap(file),
        None => Err("it is no pcap and no pcapng file".to_owned()),
    };
    match read {
        Ok(()) => Ok(reader.finish()),
        Err(what) if reader.recording.items.is_empty() => Err(format(what)),
        Err(what) => {
            reader
                .recording
                .failures
                .push(format!("the file is damaged: {what}"));
            Ok(reader.finish())
        }
    }
}

/// What has been read of a file.
struct Reader {
    recording: Recording,
    tracker: Tracker,
    /// When the first packet was, since 1970.
    start: Option<Duration>,
    /// The link of the vantage host, whose addresses tell which one it is.
    vantage: Option<String>,
    systems: Vec<(String, String)>,
}

impl Reader {
    fn new(path: &Path) -> Self {
        let name = path.file_stem().unwrap_or_default();
        Self {
            recording: Recording {
                name: name.to_string_lossy().into_owned(),
                ..Recording::default()
            },
            tracker: Tracker::new(),
            start: None,
            vantage: None,
            systems: Vec::new(),
        }
    }

    fn pcap(&mut self, file: File) -> Result<(), String> {
        let mut reader = PcapReader::new(file).map_err(|error| error.to_string())?;
        let link = reader.header().datalink;
        while let Some(packet) = reader.next_packet() {
            let packet = packet.map_err(|error| self.place(&error.to_string()))?;
            let at = packet.timestamp();
            self.frame(at, link, packet.data(), "")?;
        }
        Ok(())
    }

    fn pcapng(&mut self, file: File) -> Result<(), String> {
        let mut reader = PcapNgReader::new(file).map_err(|error| error.to_string())?;
        self.section(&reader.section().options);
        while let Some(block) = reader.next_block() {
            let (block, state) = block.map_err(|error| self.place(&error.to_string()))?;
            let interface = |id: u32| state.interfaces().get(id as usize);
            match block {
                Block::SectionHeader(section) => self.section(&section.options),
                Block::InterfaceDescription(it) => self.interface(it.linktype, &it.options),
                Block::NameResolution(names) => self.names(&names.records),
                Block::EnhancedPacket(packet) => {
                    let Some(interface) = interface(packet.interface_id) else {
                        return Err(self.place("a packet of an interface that is not declared"));
                    };
                    if is_fact_of_a_frame(&interface.options, &packet.data) {
                        continue;
                    }
                    let link = interface.linktype;
                    let comment = comment(&packet.options);
                    self.frame(packet.timestamp, link, &packet.data, &comment)?;
                }
                Block::SimplePacket(packet) => {
                    let link = interface(0).map_or(DataLink::ETHERNET, |it| it.linktype);
                    let at = self.start.unwrap_or_default();
                    self.frame(at, link, &packet.data, "")?;
                }
                Block::Packet(_)
                | Block::InterfaceStatistics(_)
                | Block::SystemdJournalExport(_)
                | Block::CustomCopiable(_)
                | Block::CustomNonCopiable(_)
                | Block::Unknown(_) => {}
            }
        }
        Ok(())
    }

    /// An error with how far the file was read.
    fn place(&self, error: &str) -> String {
        let count = self.recording.items.len() as u64 + self.recording.left_out;
        format!("{error}, behind packet {count}")
    }

    /// The comment of a section of ours says what was run: its name, its claim, its seed, its
    /// verdict, and what failed.
    fn section(&mut self, options: &[SectionHeaderOption<'_>]) {
        let is_ours = options.iter().any(|option| {
            matches!(option, SectionHeaderOption::UserApplication(it) if it.starts_with("hangup "))
        });
        let comment = options.iter().find_map(|option| {
            let SectionHeaderOption::Common(CommonOption::Comment(comment)) = option else {
                return None;
            };
            Some(comment)
        });
        let (true, Some(comment)) = (is_ours, comment) else {
            return;
        };
        let lines: Vec<&str> = comment.lines().collect();
        let Some(seed) = lines.iter().position(|line| line.starts_with("seed ")) else {
            return;
        };
        self.start = Some(EPOCH);
        let recording = &mut self.recording;
        if seed > 0 {
            lines[0].clone_into(&mut recording.name);
        }
        recording.claim = lines[seed.min(1)..seed].join(" ");
        recording.verdict = lines.get(seed + 1).copied().unwrap_or_default().to_owned();
        let failures = lines.iter().skip(seed + 2);
        recording.failures = failures.map(|line| (*line).to_owned()).collect();
    }

    fn interface(&mut self, link: DataLink, options: &[InterfaceDescriptionOption<'_>]) {
        if link == DataLink::WIRESHARK_UPPER_PDU {
            return;
        }
        let (mut name, mut about) = (None, String::new());
        for option in options {
            if let InterfaceDescriptionOption::IfName(it) = option {
                name = Some(it.to_string());
            } else if let InterfaceDescriptionOption::IfDescription(it) = option {
                about = system(it).to_owned();
            }
        }
        if let Some(name) = name {
            self.vantage.get_or_insert_with(|| name.clone());
            self.systems.push((name, about));
        }
    }

    /// Hosts in the order of their names, and applications by the names that end as theirs do.
    fn names(&mut self, records: &[NameRecord<'_>]) {
        for record in records {
            let (address, names) = match record {
                NameRecord::Ipv4(it) => (IpAddress::Ipv4(it.ip_addr), &it.names),
                NameRecord::Ipv6(it) => (IpAddress::Ipv6(it.ip_addr), &it.names),
                NameRecord::End | NameRecord::Unknown(_) => continue,
            };
            let Some(name) = names.first() else { continue };
            let hosts = &mut self.recording.hosts;
            let plain = name.strip_suffix(APPLICATION);
            let of_host = plain.and_then(|plain| hosts.iter().position(|it| it.name == plain));
            let known = hosts.iter().position(|it| it.name == **name);
            let address = NodeAddress::Ip(address);
            match of_host.or(known) {
                Some(place) => hosts[place].addresses.push(address),
                None => hosts.push(Host {
                    name: name.to_string(),
                    system: String::new(),
                    addresses: vec![address],
                }),
            }
        }
    }

    fn frame(
        &mut self,
        at: Duration,
        link: DataLink,
        octets: &[u8],
        comment: &str,
    ) -> Result<(), String> {
        let start = *self.start.get_or_insert(at);
        let since = at.saturating_sub(start).as_micros();
        let at = Instant::from_micros(i64::try_from(since).unwrap_or(i64::MAX));
        if self.recording.items.len() >= ITEMS_MAX {
            self.recording.left_out += 1;
            return Ok(());
        }
        let octets = &octets[..octets.len().min(OCTETS_MAX)];
        let what = if link == DataLink::WIRESHARK_UPPER_PDU {
            self.row(octets).map(What::Call)
        } else {
            let frame = ethernet(link, octets).ok_or_else(|| {
                self.place(&format!(
                    "packets of link type {} cannot be read: Ethernet, raw IP, Linux cooked \
                     captures and loopback can",
                    u32::from(link)
                ))
            })?;
            Some(What::Frame(self.packet(&frame, comment)))
        };
        self.recording
            .items
            .extend(what.map(|what| Item { at, what }));
        Ok(())
    }

    fn packet(&mut self, octets: &[u8], comment: &str) -> Frame {
        let packet = decode(octets);
        let origins = self.tracker.observe(&packet);
        let from = self.recording.host_at(packet.from);
        let to = self.recording.host_at(packet.to);
        Frame {
            from,
            to,
            packet: Arc::new(packet),
            origins,
            sent_at: None,
            arrived_at: None,
            remarks: Remark::parse(comment),
        }
    }

    /// A row between an application and its host. Those that only name a host are taken as names.
    fn row(&mut self, octets: &[u8]) -> Option<Call> {
        let pdu = ExportedPdu::read(octets);
        let text = pdu.text?;
        let (source, destination) = (pdu.source?, pdu.destination?);
        let place = |recording: &Recording, address: IpAddress| {
            let address = NodeAddress::Ip(address);
            let mut hosts = recording.hosts.iter();
            let at = hosts.position(|host| host.addresses.contains(&address))?;
            let host = &recording.hosts[at];
            let last = host.addresses.last() == Some(&address) && host.addresses.len() > 1;
            Some((at, last))
        };
        let (host, from_application) = place(&self.recording, source)?;
        place(&self.recording, destination)?;
        let name = &self.recording.hosts[host].name;
        if pdu.ports.is_none()
            && let Some(system) = text.strip_prefix(&format!("{name}: "))
        {
            system.clone_into(&mut self.recording.hosts[host].system);
            return None;
        }
        let toward = match from_application {
            true => Toward::Stack,
            false => Toward::Application,
        };
        let socket = pdu.ports.map(|ports| {
            let (local, remote) = match toward {
                Toward::Stack => (ports.source, ports.destination),
                Toward::Application => (ports.destination, ports.source),
            };
            let end = |port: u32, at: IpAddress| {
                let port = u16::try_from(port).ok().filter(|port| *port != 0)?;
                Some(IpEndpoint::new(at, port))
            };
            let at = self.recording.hosts[host].addresses.first();
            let at = at.and_then(|it| it.ip()).unwrap_or(source);
            SocketEnds {
                protocol: match ports.of {
                    PortType::Tcp => hangup_stack::socket::Protocol::Tcp,
                    PortType::Udp => hangup_stack::socket::Protocol::Udp,
                },
                local: end(local, at),
                remote: end(remote, at),
            }
        });
        Some(Call {
            host,
            toward,
            socket,
            text: text.into_owned(),
        })
    }

    fn finish(mut self) -> Recording {
        for (name, system) in &self.systems {
            let host = self.recording.hosts.iter_mut().find(|it| it.name == *name);
            if let Some(host) = host.filter(|it| it.system.is_empty()) {
                host.system.clone_from(system);
            }
        }
        let vantage = self.vantage;
        let hosts = &self.recording.hosts;
        self.recording.vantage =
            vantage.and_then(|name| hosts.iter().position(|it| it.name == name));
        // Captures of several interfaces are not always in the order of time.
        self.recording.items.sort_by_key(|item| item.at);
        self.recording
    }
}

/// Whether a row repeats a comment of a frame, as rows of facts do in traces of ours. Those with no
/// ports are of no frame.
fn is_fact_of_a_frame(interface: &[InterfaceDescriptionOption<'_>], octets: &[u8]) -> bool {
    let is_of_facts = interface
        .iter()
        .any(|option| matches!(option, InterfaceDescriptionOption::IfName(name) if name == FACTS));
    is_of_facts && ExportedPdu::read(octets).ports.is_some()
}

fn comment(options: &[EnhancedPacketOption<'_>]) -> String {
    let comments = options.iter().filter_map(|option| {
        let EnhancedPacketOption::Common(CommonOption::Comment(comment)) = option else {
            return None;
        };
        Some(&**comment)
    });
    comments.collect::<Vec<_>>().join("; ")
}

/// The system in the description of an interface: what stands in the parentheses of `server
/// (linux)`.
fn system(description: &str) -> &str {
    let inside = description.strip_suffix(')');
    let inside = inside.and_then(|text| text.split_once(" ("));
    inside.map_or(description, |(_, system)| system)
}

/// A packet of another link as an Ethernet frame, with addresses of zeros. None: of a link that is
/// not read.
fn ethernet(link: DataLink, octets: &[u8]) -> Option<Cow<'_, [u8]>> {
    /// The heads of Linux cooked captures, and where the type stands in them.
    const COOKED: (usize, usize) = (16, 14);
    const COOKED_2: (usize, usize) = (20, 0);
    const LOOPBACK: usize = 4;
    const IPV4: u16 = 0x0800;
    const IPV6: u16 = 0x86dd;
    let behind = |(head, at): (usize, usize)| {
        let kind = [*octets.get(at)?, *octets.get(at + 1)?];
        Some((u16::from_be_bytes(kind), octets.get(head..)?))
    };
    let ip = |packet: &'_ [u8]| match packet.first().map(|octet| octet >> 4) {
        Some(6) => IPV6,
        Some(_) | None => IPV4,
    };
    if link == DataLink::ETHERNET {
        return Some(Cow::Borrowed(octets));
    }
    let is_one = |links: &[DataLink]| links.contains(&link);
    let (kind, rest) = if is_one(&[DataLink::RAW, DataLink::IPV4, DataLink::IPV6]) {
        (ip(octets), octets)
    } else if link == DataLink::LINUX_SLL {
        behind(COOKED).unwrap_or_default()
    } else if link == DataLink::LINUX_SLL2 {
        behind(COOKED_2).unwrap_or_default()
    } else if is_one(&[DataLink::NULL, DataLink::LOOP]) {
        let rest = octets.get(LOOPBACK..).unwrap_or_default();
        (ip(rest), rest)
    } else {
        return None;
    };
    let mut frame = vec![0; 12];
    frame.extend_from_slice(&kind.to_be_bytes());
    frame.extend_from_slice(rest);
    Some(Cow::Owned(frame))
}
