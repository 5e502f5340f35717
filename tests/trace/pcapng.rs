//! Traces as pcapng, read back by the library's reader.

use std::io::{self, Write};
use std::time::Duration;

use hangup::capture::pcapng::{EPOCH, PcapngError, to_bytes, write};
use hangup::capture::{Trace, TraceOptions, text};
use hangup_stack::event::{DropCause, Event, Fact, Forged, FrameId, TimeOut};
use hangup_stack::network::HostId;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::InterfaceDescriptionOption;
use pcap_file::pcapng::blocks::interface_statistics::InterfaceStatisticsOption;
use pcap_file::pcapng::blocks::name_resolution::Record;
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::SectionHeaderOption;
use pcap_file::pcapng::{Block, PcapNgReader};
use proptest::collection::vec;
use proptest::prelude::*;
use smoltcp::time::Instant;

use crate::run::{datagrams, held};
use crate::wire::{CLIENT, Ip, SERVER};

/// All blocks of a file, the section header first.
fn blocks(bytes: &[u8]) -> Vec<Block<'static>> {
    let mut reader = PcapNgReader::new(bytes).unwrap();
    let mut blocks = vec![Block::SectionHeader(reader.section().clone())];
    while let Some(block) = reader.next_block() {
        blocks.push(block.unwrap().0.into_owned());
    }
    blocks
}

/// What the blocks of a file say, one line each, without the octets of packets.
fn outline(bytes: &[u8]) -> Vec<String> {
    let comment = |option: &CommonOption<'_>| match option {
        CommonOption::Comment(text) => format!("comment {text:?}"),
        other => format!("{other:?}"),
    };
    let line = |block: Block<'_>| match block {
        Block::SectionHeader(section) => {
            let options = section.options.iter().map(|option| match option {
                SectionHeaderOption::UserApplication(name) => {
                    format!("by {}", name.replace(env!("CARGO_PKG_VERSION"), "VERSION"))
                }
                SectionHeaderOption::Common(common) => comment(common),
                other => format!("{other:?}"),
            });
            format!("section {}", options.collect::<Vec<_>>().join(" "))
        }
        Block::InterfaceDescription(interface) => {
            let options = interface.options.iter().map(|option| match option {
                InterfaceDescriptionOption::IfName(text)
                | InterfaceDescriptionOption::IfDescription(text) => format!("{text:?}"),
                InterfaceDescriptionOption::IfTsResol(resolution) => resolution.to_string(),
                InterfaceDescriptionOption::IfMacAddr(address) => format!("{address:?}"),
                other => format!("{other:?}"),
            });
            let options: Vec<_> = options.collect();
            format!(
                "interface {:?} snaplen {} {}",
                interface.linktype,
                interface.snaplen,
                options.join(" ")
            )
        }
        Block::NameResolution(names) => {
            let records = names.records.iter().map(|record| match record {
                Record::Ipv4(record) => format!("{} {}", record.ip_addr, record.names.join(" ")),
                Record::Ipv6(record) => format!("{} {}", record.ip_addr, record.names.join(" ")),
                other => format!("{other:?}"),
            });
            format!("names {}", records.collect::<Vec<_>>().join(", "))
        }
        Block::EnhancedPacket(packet) => {
            let options = packet.options.iter().map(|option| match option {
                EnhancedPacketOption::Flags(flags) => format!(" flags {flags}"),
                EnhancedPacketOption::Common(common) => format!(" {}", comment(common)),
                other => format!(" {other:?}"),
            });
            format!(
                "packet on {} at {:?} of {}{}",
                packet.interface_id,
                packet.timestamp - EPOCH,
                packet.original_len,
                options.collect::<String>()
            )
        }
        Block::InterfaceStatistics(statistics) => {
            let options = statistics.options.iter().map(|option| match option {
                InterfaceStatisticsOption::IsbStartTime(at) => format!("start {:?}", *at - EPOCH),
                InterfaceStatisticsOption::IsbEndTime(at) => format!("end {:?}", *at - EPOCH),
                other => format!("{other:?}"),
            });
            format!(
                "statistics of {} {}",
                statistics.interface_id,
                options.collect::<Vec<_>>().join(" ")
            )
        }
        other => format!("{other:?}"),
    };
    blocks(bytes).into_iter().map(line).collect()
}

#[test]
fn files_read_back_as_they_were_meant() {
    let held = held(Ip::V4);
    let at_client = outline(&to_bytes(&held.trace(), HostId(CLIENT)).unwrap());
    insta::assert_snapshot!("held_at_client_pcapng", at_client.join("\n"));
    let datagrams = datagrams(Ip::V6);
    let at_server = outline(&to_bytes(&datagrams.trace(), HostId(SERVER)).unwrap());
    insta::assert_snapshot!("datagrams_at_server_pcapng", at_server.join("\n"));
}

#[test]
fn frames_are_kept_octet_by_octet_and_corrupt_ones_as_they_arrived() {
    let run = held(Ip::V6);
    for vantage in [SERVER, CLIENT] {
        let of_host = run
            .events
            .iter()
            .filter(|event| event.host == HostId(vantage));
        let expected: Vec<Vec<u8>> = of_host
            .filter_map(|event| match &event.fact {
                Fact::Sent { bytes, .. } | Fact::Received { bytes } => Some(bytes.to_vec()),
                _ => None,
            })
            .collect();
        let written = blocks(&to_bytes(&run.trace(), HostId(vantage)).unwrap());
        let frames: Vec<Vec<u8>> = written
            .into_iter()
            .filter_map(|block| match block {
                Block::EnhancedPacket(packet) if packet.interface_id == 0 => {
                    Some(packet.data.into_owned())
                }
                _ => None,
            })
            .collect();
        assert_eq!(frames, expected);
    }
}

#[test]
fn a_socket_call_is_an_exported_pdu() {
    let run = datagrams(Ip::V6);
    let file = to_bytes(&run.trace(), HostId(SERVER)).unwrap();
    let rows = blocks(&file).into_iter().filter_map(|block| match block {
        Block::EnhancedPacket(packet) if packet.interface_id == 1 => Some(packet.data.into_owned()),
        _ => None,
    });
    let call = rows
        .into_iter()
        .find(|row| row.ends_with(b"sendto(s=3, 100 octets, server:80) = 100"));
    let application = [0x20, 1, 0xd, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    let client = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    let mut expected = b"\0\x0c\0\x08syslog\0\0".to_vec();
    expected.extend(b"\0\x16\0\x10".iter().chain(&application));
    expected.extend(b"\0\x17\0\x10".iter().chain(&client));
    // UDP, ports 40000 and 80, the end.
    expected.extend(b"\0\x18\0\x04\0\0\0\x03");
    expected.extend(b"\0\x19\0\x04\0\0\x9c\x40\0\x1a\0\x04\0\0\0\x50\0\0\0\0");
    expected.extend(b"sendto(s=3, 100 octets, server:80) = 100");
    assert_eq!(call, Some(expected));
}

#[test]
fn a_run_of_frames_alone_has_one_interface_and_no_rows() {
    let mut run = held(Ip::V4);
    run.calls.clear();
    let events = run
        .events
        .iter()
        .filter(|event| matches!(event.fact, Fact::Sent { .. } | Fact::Received { .. }));
    run.events = events.cloned().collect();
    let lines = outline(&to_bytes(&run.trace(), HostId(SERVER)).unwrap());
    let count = |prefix: &str| lines.iter().filter(|line| line.starts_with(prefix)).count();
    assert_eq!(count("interface "), 1);
    assert_eq!(count("packet on 1"), 0);
    assert!(
        lines.contains(&"names 192.0.2.1 server, 192.0.2.2 client".to_owned()),
        "{lines:?}"
    );
}

#[test]
fn application_addresses_avoid_those_of_hosts() {
    let mut run = held(Ip::V4);
    run.hosts[CLIENT].addresses = vec![smoltcp::wire::IpAddress::v4(198, 51, 100, 1)];
    let lines = outline(&to_bytes(&run.trace(), HostId(SERVER)).unwrap());
    let names = lines
        .iter()
        .find(|line| line.starts_with("names "))
        .unwrap();
    assert_eq!(
        names,
        "names 192.0.2.1 server, 198.51.100.1 client, 198.51.100.2 server-app, \
         198.51.100.3 client-app"
    );
    let many: Vec<_> = (0..300).map(|_| run.hosts[SERVER].clone()).collect();
    let too_many = to_bytes(
        &Trace {
            hosts: &many,
            ..run.trace()
        },
        HostId(SERVER),
    )
    .unwrap_err();
    assert!(
        too_many.to_string().contains("too many hosts"),
        "{too_many}"
    );
}

#[test]
fn what_cannot_be_written_is_an_error() {
    /// Takes some octets, then none.
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or_else(|| io::Error::from(io::ErrorKind::StorageFull))?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut run = held(Ip::V4);
    let len = to_bytes(&run.trace(), HostId(SERVER)).unwrap().len();
    for room in [0, 100, len / 2, len - 1] {
        let error = write(
            &run.trace(),
            HostId(SERVER),
            &TraceOptions::default(),
            Full(room),
        )
        .unwrap_err();
        assert!(
            matches!(&error, PcapngError::Io(error) if error.kind() == io::ErrorKind::StorageFull)
        );
    }
    write(
        &run.trace(),
        HostId(SERVER),
        &TraceOptions::default(),
        Full(len),
    )
    .unwrap();

    let nobody = to_bytes(&run.trace(), HostId(9)).unwrap_err();
    assert_eq!(
        nobody.to_string(),
        "there is no host number 9 to show a trace of"
    );
    run.calls[0].at = Instant::from_micros(i64::MAX);
    let too_late = to_bytes(&run.trace(), HostId(SERVER)).unwrap_err();
    assert!(matches!(too_late, PcapngError::Format(_)), "{too_late:?}");
}

#[test]
fn long_and_strange_texts_are_clipped_to_lines() {
    let mut run = held(Ip::V4);
    run.hosts[SERVER].name = "é".repeat(300);
    run.hosts[CLIENT].name = "two\0names\n".to_owned();
    run.calls[0].text = format!("send(\"{}\r\n\") = 1", "ß".repeat(70_000));
    run.summary.failures = vec!["x".repeat(1000); 100];
    let lines = outline(&to_bytes(&run.trace(), HostId(SERVER)).unwrap());
    assert!(
        lines[0].len() < 33_000 && lines[0].ends_with("...\""),
        "{}",
        lines[0].len()
    );
    let names = lines
        .iter()
        .find(|line| line.starts_with("names "))
        .unwrap();
    assert!(names.contains("two names "), "{names}");
    let longest = lines
        .iter()
        .filter_map(|line| line.strip_prefix("packet on 1 at 0ns of "));
    assert!(
        longest
            .filter_map(|len| len.parse::<usize>().ok())
            .all(|len| len < 4200)
    );
    let text = text::render(&run.trace(), HostId(SERVER));
    assert!(
        text.contains("ß  \") = 1\n"),
        "control characters are spaces"
    );
}

/// Facts as no stack would record them: any frame, any host, any octets, in any order.
fn any_event() -> impl Strategy<Value = Event> {
    let fact = prop_oneof![
        vec(any::<u8>(), 0..80).prop_map(|bytes| Fact::Sent {
            bytes: bytes.into(),
            forged: Forged::No
        }),
        vec(any::<u8>(), 0..80).prop_map(|bytes| Fact::Received {
            bytes: bytes.into()
        }),
        Just(Fact::Dropped(DropCause::QueueFull)),
        any::<usize>().prop_map(|octets| Fact::Held {
            octets,
            total: octets
        }),
        any::<usize>().prop_map(|octets| Fact::Refused { octets }),
        Just(Fact::TimedOut(TimeOut::Retransmission)),
    ];
    (0..10_000i64, 0..2usize, proptest::option::of(0..4u64), fact).prop_map(
        |(at, host, frame, fact)| Event {
            at: Instant::from_micros(at),
            host: HostId(host),
            frame: frame.map(FrameId),
            socket: None,
            fact,
        },
    )
}

/// The interface of the rows that say what became of packets.
const FACTS: u32 = 2;

proptest! {
    /// Any facts make a file that can be read, the same one each time, its packets in order of
    /// time.
    #[test]
    fn any_facts_make_a_readable_file(events in vec(any_event(), 0..20)) {
        let run = held(Ip::V4);
        let events = events.into_iter().collect();
        let trace = Trace { events: &events, ..run.trace() };
        let file = to_bytes(&trace, HostId(SERVER)).unwrap();
        prop_assert_eq!(&file, &to_bytes(&trace, HostId(SERVER)).unwrap());
        let rows: Vec<(Duration, u32)> = blocks(&file)
            .into_iter()
            .filter_map(|block| match block {
                Block::EnhancedPacket(packet) => Some((packet.timestamp, packet.interface_id)),
                _ => None,
            })
            .collect();
        prop_assert!(rows.is_sorted_by_key(|(time, _)| *time));
        let text = text::render(&trace, HostId(SERVER));
        // The two lane markers are in the file alone; the text has five lines of its own. What is
        // a remark behind a packet there is a row of the facts as well in the file.
        let facts = rows.iter().filter(|(_, interface)| *interface == FACTS).count();
        let (told, all) = (text.lines().count() - 5, rows.len() - 2);
        prop_assert!((all - facts..=all).contains(&told), "{told} of {all}, {facts} facts");
    }
}
