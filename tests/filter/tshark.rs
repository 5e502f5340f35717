//! The same filter in tshark selects the same frames.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use hangup::capture::pcapng::to_bytes;
use hangup::files::write_atomically;
use hangup::filter::{Filter, View, supported_fields, views};
use hangup_stack::network::HostId;

use crate::run::{datagrams, held};
use crate::skip::skipped;
use crate::stack::{closed_ports, iso, transfer};
use crate::traces::{Capture, odd_frames};
use crate::wire::{CLIENT, Ip, SERVER};

/// Filters that say more than that a field is there.
const FILTERS: [&str; 153] = [
    "",
    "tcp || udp",
    "!tcp && !udp",
    "not (tcp or syslog)",
    "tcp && icmp",
    "udp && icmpv6",
    "frame.number > 10 && frame.number <= 20",
    "frame.number in {1, 3..5, 0x10, 010}",
    "frame.number in {9..3}",
    "frame.number not in {2..4000}",
    "frame.len >= 100",
    "frame.cap_len == 54",
    "frame.time_relative == 0",
    "frame.time_relative > 0.03",
    "frame.time_relative in {0.01..0.5}",
    "frame.time_relative >= 1.25 and frame.time_relative < 940",
    "frame.time_relative > -1",
    "frame.comment contains \"HELD\"",
    "frame.comment contains \"DROPPED\" || frame.comment contains \"CORRUPTED\"",
    "frame.comment contains r\"RETRANS\"",
    "frame.comment contains r\"\\\\\" || frame.comment contains \"HELD\"",
    "frame.comment == \"FORGED\"",
    "frame.comment != \"FORGED\"",
    "frame.comment > \"H\"",
    "frame.interface_name == \"api\"",
    "frame.interface_name != \"api\"",
    "frame.interface_name contains \"serv\"",
    "frame.interface_id == 1",
    "frame.packet_flags_direction == 2",
    "frame.packet_flags_direction != 2",
    "arp.opcode == 1",
    "arp.opcode == 2",
    "ip.src == 192.0.2.1",
    "ip.src != 192.0.2.1",
    "ip.src !== 192.0.2.1",
    "ip.src === 192.0.2.1",
    "any ip.src != 192.0.2.1",
    "all ip.dst == 192.0.2.2",
    "ip.addr == 192.0.2.1",
    "ip.addr != 192.0.2.1",
    "!(ip.addr == 192.0.2.1)",
    "ip.addr == 198.51.100.0/24",
    "ip.dst == 192.0.2.77/24 && !(ip.src == 192.0.2.0/30)",
    "ip.addr > 192.0.2.1",
    "ip.src < 192.0.2.0/24",
    "ip.src in {192.0.2.2..192.0.2.9, 198.51.100.1}",
    "ip.src == ip.dst",
    "ip.src < ip.dst",
    "ipv6.src == 2001:db8::1",
    "ipv6.addr == 2001:db8:ffff::/48",
    "ipv6.dst in {2001:db8::2..2001:db8::9}",
    "ipv6.addr != 2001:db8::1",
    "tcp.srcport == 80",
    "tcp.port in {80, 81}",
    "tcp.port != 80",
    "tcp.srcport < tcp.dstport",
    "tcp.port == 4000 && tcp.srcport != 80",
    "tcp.stream == 0",
    "tcp.stream > 2",
    "tcp.seq == 0",
    "tcp.seq == 1",
    "tcp.seq > 1000",
    "tcp.seq > 4000000000",
    "tcp.seq_raw == 1001",
    "tcp.seq == tcp.seq_raw",
    "tcp.nxtseq == 1",
    "tcp.nxtseq == tcp.seq",
    "tcp.nxtseq == 1001",
    "tcp.ack == 1",
    "tcp.ack > 1",
    "tcp.ack == 0",
    "tcp.ack_raw == tcp.ack",
    "tcp.len > 0",
    "tcp.len == 0 && tcp.flags.ack == 1",
    "tcp.hdr_len > 20",
    "tcp.flags == 0x10",
    "tcp.flags == 0x002 || tcp.flags == 0x012",
    "tcp.flags.reset == 1",
    "tcp.flags.fin == True && tcp.flags.ack == TRUE",
    "tcp.flags.syn == 1 and tcp.flags.ack == 0",
    "tcp.flags.push == False",
    "tcp.flags.urg > 0 && tcp.urgent_pointer == 0",
    "tcp.window_size_value == 2000",
    "tcp.window_size > tcp.window_size_value",
    "tcp.window_size == tcp.window_size_value",
    "tcp.window_size >= 64000",
    "tcp.options.mss_val == 1460",
    "tcp.options.wscale.shift in {4..9}",
    "tcp.options.sack.count >= 1",
    "tpkt.version == 3 && tpkt.reserved == 0",
    "tpkt.reserved == 0x55",
    "tpkt.length == 14",
    "tpkt.length > tcp.len",
    "cotp.li == 4",
    "cotp.type == 0x08",
    "cotp.type in {0xc..0xf} && cotp.type != 0xf",
    "cotp.destref == 0x1111",
    "cotp.destref < cotp.srcref",
    "cotp.srcref == 0x2222 || cotp.srcref == 0x1111 && cotp.cause == 128",
    "cotp.class == 2",
    "cotp.opts.no_explicit_flow_control == 1 && cotp.opts.extended_formats == False",
    "cotp.tpdu-number == 5",
    "cotp.eot == 1",
    "cotp.eot == 0",
    "cotp.cause == 128",
    "cotp.cause == 0",
    "cotp.reject_cause == 2",
    "cotp.parameter_code == 0xe0 && cotp.parameter_length == 1",
    "cotp.parameter_code == 0xc6",
    "cotp.tpdu_size > 255",
    "cotp.preferred_maximum_tpdu_size == 65408",
    "cotp.src-tsap == \"AB\"",
    "cotp.src-tsap != \"AB\"",
    "cotp.dst-tsap contains \"D\"",
    "udp.dstport == 5000 && udp.length >= 108",
    "icmp.type == 3 && icmp.code == 3 || icmpv6.type == 1 && icmpv6.code == 4",
    "frame.time_delta > 0.001",
    "frame.time_delta == 0",
    "ip.host == \"server\"",
    "ip.src_host == \"client\" && ip.dst_host != \"client\"",
    "ip.host contains \"erv\" || ipv6.host contains \"erv\"",
    "ipv6.src_host == \"client\"",
    "ipv6.dst_host == \"client\" || ipv6.host == \"nobody\"",
    "tcp.time_relative == 0",
    "tcp.time_relative > 0.5",
    "tcp.time_delta > 0.01",
    "tcp.time_delta in {0.001..0.1}",
    "tcp.payload contains 78:78:78",
    "tcp.payload contains \"xxx\"",
    "tcp.payload > 78:78",
    "tcp.payload == 0300",
    "tcp.payload != 0300",
    "tcp.payload in {03-00..04-00, fe}",
    "tcp.payload < \"xxx\"",
    "tcp.analysis.flags && !tcp.analysis.window_update",
    "tcp.analysis.retransmission && !tcp.analysis.fast_retransmission",
    "tcp.analysis.duplicate_ack_num > 1",
    "tcp.analysis.duplicate_ack_frame > 20",
    "tcp.analysis.acks_frame > 30",
    "tcp.analysis.ack_rtt >= 0.02",
    "tcp.analysis.ack_rtt < 0.02",
    "tcp.analysis.initial_rtt < 0.02",
    "tcp.analysis.initial_rtt == 0.02",
    "tcp.analysis.rto > 0.3",
    "tcp.analysis.rto_frame > 30",
    "tcp.analysis.bytes_in_flight > 1460",
    "tcp.analysis.bytes_in_flight > 4000",
    "tcp.analysis.bytes_in_flight > 14600",
    "tcp.analysis.bytes_in_flight == tcp.len",
    "tcp.analysis.push_bytes_sent > 3000",
    "tcp.analysis.push_bytes_sent == tcp.len",
    "exported_pdu.src_port == 80 || exported_pdu.dst_port == 80",
    "syslog.msg contains \"recv\" && syslog.msg != \"client: linux\"",
];

/// Whether tshark is there; says so if not.
pub(crate) fn tshark_is_missing() -> bool {
    let is_missing = Command::new("tshark").arg("--version").output().is_err();
    if is_missing {
        skipped("filters beside those of tshark", "there is no tshark");
    }
    is_missing
}

/// Which frames each filter selects in tshark, by its own word: all filters in one pass.
fn tshark(name: &str, bytes: &[u8], filters: &[&str]) -> Vec<Vec<u32>> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join(format!("filter-{name}.pcapng"));
    let script = directory.join(format!("filter-{name}.lua"));
    write_atomically(&file, bytes).unwrap();
    let mut taps = String::new();
    for (index, filter) in filters.iter().enumerate() {
        write!(
            taps,
            "local tap = Listener.new('frame', [==[{filter}]==])\n\
             function tap.packet(pinfo) print('selected', {index}, pinfo.number) end\n"
        )
        .unwrap();
    }
    // Each tap in a scope of its own: Lua has room for 200 local variables in one.
    let taps = taps.replace("local tap", "tap");
    fs::write(&script, taps).unwrap();
    let output = Command::new("tshark")
        .args(["-q", "-N", "n", "-r"])
        .arg(&file)
        .arg("-X")
        .arg(format!("lua_script:{}", script.display()))
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaints}");
    assert!(!complaints.contains("Lua: Error"), "{complaints}");
    let mut selected = vec![Vec::new(); filters.len()];
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        if let Some(pair) = line.strip_prefix("selected\t") {
            let (index, number) = pair.split_once('\t').unwrap();
            let frames: &mut Vec<u32> = &mut selected[index.parse::<usize>().unwrap()];
            frames.push(number.parse().unwrap());
        }
    }
    selected
}

fn ours(views: &[View<'_>], filter: &str) -> Vec<u32> {
    let filter = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let selected = views.iter().filter(|view| filter.matches(view));
    selected.map(|view| view.number).collect()
}

fn captures() -> Vec<(&'static str, Capture)> {
    vec![
        ("held-v4", Capture::of_run(held(Ip::V4))),
        ("held-v6", Capture::of_run(held(Ip::V6))),
        ("datagrams-v4", Capture::of_run(datagrams(Ip::V4))),
        ("datagrams-v6", Capture::of_run(datagrams(Ip::V6))),
        ("odd", Capture::of_frames(odd_frames())),
        ("transfer-v4", transfer(["linux", "linux"], Ip::V4)),
        ("transfer-v6", transfer(["freebsd", "winsock"], Ip::V6)),
        ("iso-v4", iso(Ip::V4)),
        ("iso-v6", iso(Ip::V6)),
        ("closed-v4", closed_ports(["linux", "linux"], Ip::V4)),
        ("closed-v6", closed_ports(["winsock", "freebsd"], Ip::V6)),
    ]
}

#[test]
fn tshark_selects_the_same_frames() {
    if tshark_is_missing() {
        return;
    }
    let present = supported_fields().map(|field| field.name);
    let filters: Vec<&str> = present.chain(FILTERS).collect();
    let mut wrong = String::new();
    let mut ever_selected = vec![false; filters.len()];
    for (name, capture) in captures() {
        for host in [SERVER, CLIENT] {
            let (trace, vantage) = (capture.trace(), HostId(host));
            let views = views(&trace, vantage).unwrap();
            let bytes = to_bytes(&trace, vantage).unwrap();
            let theirs = tshark(&format!("{name}-{host}"), &bytes, &filters);
            for (index, (filter, theirs)) in filters.iter().zip(theirs).enumerate() {
                let ours = ours(&views, filter);
                ever_selected[index] |= !ours.is_empty() && ours.len() < views.len();
                if ours != theirs {
                    let only = |a: &[u32], b: &[u32]| -> Vec<u32> {
                        a.iter().filter(|it| !b.contains(it)).copied().collect()
                    };
                    let (more, less) = (only(&ours, &theirs), only(&theirs, &ours));
                    writeln!(
                        wrong,
                        "{name} at {host}: {filter}: {more:?} too many, {less:?} too few"
                    )
                    .unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // A filter that selects nothing or everything wherever it is tried shows little.
    let idle = filters.iter().zip(ever_selected).filter(|(_, it)| !it);
    let idle: Vec<&str> = idle.map(|(filter, _)| *filter).collect();
    assert_eq!(idle, IDLE);
}

/// The filters that select nothing or everything in every trace: what every frame has, what no
/// frame can be, and what the scenarios alone have (`goldens.rs`).
const IDLE: [&str; 16] = [
    "frame",
    "frame.number",
    "frame.len",
    "frame.cap_len",
    "frame.time_relative",
    "frame.time_delta",
    "frame.interface_name",
    "frame.interface_id",
    "tcp.analysis.zero_window",
    "tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack",
    "tcp.analysis.keep_alive_ack",
    "",
    "frame.number in {9..3}",
    "frame.time_relative > -1",
    "ip.src < 192.0.2.0/24",
];
