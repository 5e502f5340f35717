//! Traces to look at: runs made by hand, runs of the stack, and frames that no stack would send.

use hangup::capture::{CallRow, Trace, TraceHost, TraceSummary};
use hangup::event_log::EventLog;
use hangup_stack::event::{Event, Fact, Forged, FrameId};
use hangup_stack::network::HostId;
use smoltcp::time::Instant;

use crate::run::Run;
use crate::wire::{
    CLIENT, CLIENT_PORT, Ip, SERVER, TCP, Tcp, arp_request, ethernet_address, port_unreachable,
    tcp, udp,
};

/// Everything that a trace borrows.
pub(crate) struct Capture {
    pub(crate) summary: TraceSummary,
    pub(crate) hosts: Vec<TraceHost>,
    pub(crate) events: EventLog,
    pub(crate) calls: Vec<CallRow>,
}

impl Capture {
    pub(crate) fn trace(&self) -> Trace<'_> {
        Trace {
            summary: &self.summary,
            hosts: &self.hosts,
            events: &self.events,
            calls: &self.calls,
            failures: &[],
        }
    }

    pub(crate) fn of_run(run: Run) -> Self {
        Self {
            summary: run.summary,
            hosts: run.hosts,
            events: run.events,
            calls: run.calls,
        }
    }

    /// Frames as the server sees them, a millisecond apart: its own as sent, others as received.
    pub(crate) fn of_frames(frames: impl IntoIterator<Item = (usize, Vec<u8>)>) -> Self {
        let host = |id: usize, name: &str| TraceHost {
            id: HostId(id),
            name: name.to_owned(),
            system: "scripted".to_owned(),
            addresses: vec![Ip::V4.address(id), Ip::V6.address(id)],
            ethernet: ethernet_address(id),
        };
        let event = |(index, (from, bytes)): (usize, (usize, Vec<u8>))| Event {
            at: Instant::from_millis(i64::try_from(index).unwrap() + 5),
            host: HostId(SERVER),
            frame: Some(FrameId(index as u64 + 1)),
            socket: None,
            fact: match from {
                SERVER => Fact::Sent {
                    bytes: bytes.into(),
                    forged: Forged::Yes,
                },
                _ => Fact::Received {
                    bytes: bytes.into(),
                },
            },
        };
        Self {
            summary: TraceSummary::default(),
            hosts: vec![host(SERVER, "server"), host(CLIENT, "client")],
            events: frames.into_iter().enumerate().map(event).collect(),
            calls: Vec::new(),
        }
    }
}

/// MSS 1460, SACK permitted, padding, window scale 7; and SACK blocks.
const SYN_OPTIONS: [u8; 12] = [2, 4, 5, 180, 4, 2, 1, 1, 1, 3, 3, 7];
const SCALE_4: [u8; 4] = [1, 3, 3, 4];
const SACK: [u8; 20] = [
    1, 1, 5, 18, 0, 0, 4, 27, 0, 0, 4, 77, 0, 0, 4, 177, 0, 0, 5, 21,
];
/// Options that are wrong: an MSS of three octets, no timestamps in timestamps, an end, padding.
const ODD_OPTIONS: [u8; 8] = [2, 3, 1, 8, 2, 0, 0, 0];
/// An option that is longer than the header.
const OVERLONG: [u8; 4] = [1, 254, 32, 2];

/// A segment of the connection with one port of the client.
fn segment(port: u16, flags: &str, seq: u32, ack: u32) -> Tcp<'_> {
    Tcp {
        flags,
        seq,
        ack,
        client_port: port,
        ..TCP
    }
}

/// What no ordinary run shows: connections without a beginning, ports that are used again, SYNs in
/// the middle, several answers to one SYN, errors that quote whole and cut segments, strange
/// options, and damage by the link.
pub(crate) fn odd_frames() -> Vec<(usize, Vec<u8>)> {
    let mut frames = Vec::new();
    for ip in [Ip::V4, Ip::V6] {
        frames.extend(connections(ip));
        frames.extend(quotations(ip));
    }
    frames.push((CLIENT, arp_request(CLIENT)));
    frames.extend(damage());
    frames
}

fn connections(ip: Ip) -> Vec<(usize, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut put = |from: usize, segment: Tcp<'_>| frames.push((from, tcp(ip, from, segment)));
    // Scaled windows, SACK blocks, a RST with an acknowledgment number but no ACK bit.
    put(
        CLIENT,
        Tcp {
            options: &SYN_OPTIONS,
            ..segment(4000, "S", 1000, 0)
        },
    );
    put(
        SERVER,
        Tcp {
            options: &SCALE_4,
            ..segment(4000, "S.", 9000, 1001)
        },
    );
    put(
        CLIENT,
        Tcp {
            len: 100,
            ..segment(4000, "P.", 1001, 9001)
        },
    );
    put(
        SERVER,
        Tcp {
            options: &SACK,
            ..segment(4000, ".", 9001, 1001)
        },
    );
    put(CLIENT, segment(4000, "R", 1101, 777));
    // The sender, its port, flags, seq, ack, len.
    let rows = [
        // A closed port, then the port is used again, then a SYN in the middle.
        (CLIENT, 5000, "S", 5000, 0, 0),
        (SERVER, 5000, "R.", 0, 5001, 0),
        (CLIENT, 5000, "S", 7000, 0, 0),
        (SERVER, 5000, "S.", 100, 7001, 0),
        (CLIENT, 5000, ".", 7001, 101, 1),
        (CLIENT, 5000, "S", 8000, 0, 0),
        (SERVER, 5000, ".", 101, 7002, 0),
        (CLIENT, 5000, "R", 7002, 0, 0),
        // No beginning; behind it.
        (CLIENT, 6000, "P.", 100, 200, 3),
        (SERVER, 6000, ".", 200, 103, 0),
        (SERVER, 6000, ".", 50, 103, 0),
        // Two answers to one SYN, the first one again.
        (CLIENT, 6001, "S", 100, 0, 0),
        (SERVER, 6001, "S.", 100, 101, 0),
        (SERVER, 6001, "S.", 500, 101, 0),
        (CLIENT, 6001, ".U", 101, 501, 2),
        (SERVER, 6001, "S.", 100, 101, 0),
        (CLIENT, 6001, ".", 101, 501, 0),
        // The end, and the same SYN again.
        (CLIENT, 6002, "S", 300, 0, 0),
        (SERVER, 6002, "S.", 900, 301, 0),
        (CLIENT, 6002, "F.", 301, 901, 5),
        (SERVER, 6002, "F.", 901, 307, 0),
        (CLIENT, 6002, "S", 300, 0, 0),
        // Everything at once, and nothing at all.
        (CLIENT, 6003, "SF", 300, 0, 5),
        (CLIENT, 6004, "SR.", 300, 5, 0),
        (CLIENT, 6004, "", 300, 5, 0),
        // Both sides open.
        (CLIENT, 6005, "S", 1000, 0, 0),
        (SERVER, 6005, "S", 500, 0, 0),
        (CLIENT, 6005, "S.", 1000, 501, 0),
        (SERVER, 6005, "S.", 500, 1001, 0),
    ];
    for (from, port, flags, seq, ack, len) in rows {
        let segment = segment(port, flags, seq, ack);
        put(from, Tcp { len, ..segment });
    }
    // Window scale on one side only, then on the other only.
    for (port, options) in [
        (6006, [&SCALE_4[..], &[]]),
        (6007, [&[], &SCALE_4]),
        (6008, [&ODD_OPTIONS, &OVERLONG]),
    ] {
        for (from, flags, options) in [
            (CLIENT, "S", options[0]),
            (SERVER, "S.", options[1]),
            (CLIENT, ".", &[]),
            (SERVER, ".", &[]),
        ] {
            let segment = segment(port, flags, 10, 11);
            put(from, Tcp { options, ..segment });
        }
    }
    frames
}

/// ICMP errors about segments and datagrams, whole and cut.
fn quotations(ip: Ip) -> Vec<(usize, Vec<u8>)> {
    let known = tcp(
        ip,
        CLIENT,
        Tcp {
            len: 100,
            ..segment(4000, "P.", 1001, 9001)
        },
    );
    let unknown = tcp(ip, CLIENT, segment(6100, ".", 4300, 9));
    let opening = Tcp {
        options: &SYN_OPTIONS,
        ..segment(4000, "S", 1000, 0)
    };
    let opening = tcp(ip, CLIENT, opening);
    let datagram = udp(ip, CLIENT, 100);
    let error = |about: &[u8]| (SERVER, port_unreachable(ip, SERVER, about));
    let nested = port_unreachable(ip, CLIENT, &known);
    let header = match ip {
        Ip::V4 => 14 + 20,
        Ip::V6 => 14 + 40,
    };
    let mut frames = vec![
        error(&known),
        error(&opening),
        error(&unknown),
        error(&datagram),
        error(&datagram[..header + 8]),
        error(&nested),
    ];
    // As little as RFC 792 asks for, and less.
    let cut = [4, 8, 12, 20].map(|octets| error(&known[..header + octets]));
    frames.extend(cut);
    // What follows belongs to the stream that the quotation began.
    frames.push((SERVER, tcp(ip, SERVER, segment(6100, ".", 1900, 4301))));
    frames
}

/// A segment with one octet changed in the header of Ethernet, IP or TCP.
fn damage() -> Vec<(usize, Vec<u8>)> {
    let whole = Tcp {
        len: 6,
        client_port: CLIENT_PORT,
        ..segment(CLIENT_PORT, ".", 5, 5)
    };
    let whole = tcp(Ip::V4, CLIENT, whole);
    let changes: [(usize, u8); 14] = [
        // Version and header length.
        (14, 0x55),
        (14, 0x42),
        (14, 0x46),
        // Total length: beyond the frame, a little too short, within the TCP header, none, zero.
        (17, 60),
        (17, 43),
        (17, 30),
        (17, 10),
        (17, 0),
        // More fragments; another protocol.
        (20, 0x20),
        (23, 0x46),
        // Data offset: too short, too long.
        (46, 0x30),
        (46, 0x90),
        // Checksums do not matter.
        (25, 0),
        (51, 0),
    ];
    let change = |(place, value): (usize, u8)| {
        let mut bytes = whole.clone();
        bytes[place] = value;
        (CLIENT, bytes)
    };
    changes.into_iter().map(change).collect()
}
