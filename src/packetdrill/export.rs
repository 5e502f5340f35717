//! The export of a run as a packetdrill script: the calls and packets of one host, in packetdrill's
//! language.
//!
//! Calls of the host's programs become calls, packets that reached the host inbound packets, and
//! packets that its stack sent expected ones, each at its time. packetdrill has one host, one peer
//! and the calls of POSIX. A run with more than that is an error that names the reason. Only frames
//! that no stack accepts are left out in silence: those with a bad checksum, and ARP.

mod call;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hangup_stack::event::Forged;
use hangup_stack::network::{HostId, Resolution};
use hangup_stack::profile::Api;
use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};

pub use call::Inexpressible;
use call::{Ports, inexpressible};

use super::limits;
use super::settings::{Dialect, IpVersion, PlayOptions};
use crate::event_log::LoggedFrame;
use crate::notation::RelativeSegment;
use crate::run::{MadeCall, Outcome};
use crate::scenario::script::{Statement, Subject};
use crate::scenario::{Host, Scenario};
use crate::wire::{Checksum, Flags, FrameKind, IcmpName, TcpOption};

/// What a host did and saw, as a script.
///
/// # Errors
/// What of it packetdrill cannot say.
pub fn export(
    scenario: &Scenario,
    outcome: &Outcome,
    host: HostId,
    title: &str,
) -> Result<String, Inexpressible> {
    let chosen = &scenario.hosts[host.0];
    let name = &chosen.name.value;
    let Some(profile) = chosen.profile() else {
        return inexpressible(format!("{name} has no stack, and makes no calls"));
    };
    if profile.api == Api::Winsock {
        return inexpressible(format!(
            "{name} makes the calls of Winsock, from WSAStartup to WSARecvDisconnect, and \
             packetdrill has those of POSIX"
        ));
    }
    if !chosen.program.parts.is_empty() {
        return inexpressible(format!("{name} runs a program, whose calls are not kept"));
    }
    let fails = |statement: &Statement| match &statement.subject {
        Subject::Subsystem(subsystem) => subsystem.host.value == *name,
        Subject::Power(power) => power.host.value == *name,
        Subject::Call(_)
        | Subject::Packet(_)
        | Subject::Nothing(_)
        | Subject::Inject(_)
        | Subject::Expect(_)
        | Subject::Code(_)
        | Subject::Link(_)
        | Subject::Turning(_)
        | Subject::Pause => false,
    };
    if scenario.script.statements.iter().any(fails) {
        return inexpressible(format!("{name} crashes, or its network subsystem fails"));
    }
    if scenario.network.resolution == Resolution::Arp {
        return inexpressible("Ethernet addresses are asked for on the wire");
    }
    let seen = Seen::gather(outcome, host, name)?;
    let mut ports = Ports::default();
    let mut lines = seen.lines;
    let calls = outcome.account.calls.iter();
    for made in calls.filter(|made| made.host == host) {
        let line = ports.call(made, name)?;
        let buffers = buffers(chosen, made, &line);
        lines.push(line);
        lines.extend(buffers);
    }
    if lines.len() > limits::EVENTS_MAX {
        let (count, most) = (lines.len(), limits::EVENTS_MAX);
        return inexpressible(format!(
            "{name} has {count} events, and a script at most {most}"
        ));
    }
    // A call stands before the facts that followed it.
    lines.sort_by_key(|line| (line.order, line.rank));
    one_wait_at_a_time(&lines, name)?;
    let Some(first) = lines.first() else {
        return inexpressible(format!("{name} did nothing"));
    };
    let mut text = format!(
        "// {title}, as {name} saw it.\n// The system is {}: hangup run FILE --profile {}\n\n",
        profile.title, profile.name
    );
    settings(&mut text, scenario, host, &seen.peer, &ports);
    if first.at != Instant::ZERO {
        // The first event of a script is at 0.
        text.push_str("0.000000 `true`\n");
    }
    for line in &lines {
        let micros = line.at.total_micros();
        let _ = write!(text, "{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let _ = writeln!(text, "{}", line.text);
    }
    Ok(text)
}

/// What sets the buffers of a new socket to those of its host.
fn buffers(host: &Host, made: &MadeCall, line: &Line) -> Vec<Line> {
    let opened = match &made.returned {
        Some((_, value)) if made.name == "socket" && value.error.is_none() => &value.value,
        Some(_) | None => return Vec::new(),
    };
    let sizes = [
        ("SO_RCVBUF", host.receive_buffer),
        ("SO_SNDBUF", host.send_buffer),
    ];
    let set = sizes.into_iter().filter_map(|(option, octets)| {
        let octets = octets?;
        Some(Line {
            text: format!(" setsockopt({opened}, SOL_SOCKET, {option}, [{octets}], 4) = 0"),
            ..*line
        })
    });
    set.collect()
}

/// `--name=value` at the top.
fn settings(
    text: &mut String,
    scenario: &Scenario,
    host: HostId,
    peer: &Option<IpAddress>,
    ports: &Ports,
) {
    let host = &scenario.hosts[host.0];
    let is_v6 = match peer.or(host.addresses.first().copied()) {
        Some(IpAddress::Ipv6(_)) => true,
        Some(IpAddress::Ipv4(_)) | None => false,
    };
    let _ = writeln!(text, "--ip_version={}", if is_v6 { "ipv6" } else { "ipv4" });
    let options = host.profile().map(|it| PlayOptions::new(it.clone()));
    let dialect = options.and_then(Result::ok).map(|it| it.dialect);
    let version = if is_v6 { IpVersion::V6 } else { IpVersion::V4 };
    let less = dialect.map_or(0, |it| it.more(version));
    let mtu = host.mtu.unwrap_or(1500).saturating_sub(less);
    if mtu != 1500 {
        let _ = writeln!(text, "--mtu={mtu}");
    }
    let local = host
        .addresses
        .first()
        .filter(|it| matches!(it, IpAddress::Ipv6(_)) == is_v6);
    let may_name = dialect.is_some_and(Dialect::takes_any_address);
    if let (Some(local), Some(peer), true) = (local, peer, may_name) {
        let _ = writeln!(text, "--local_ip={local}\n--remote_ip={peer}");
    }
    for (name, port) in [
        ("bind_port", ports.bound),
        ("connect_port", ports.connected),
    ] {
        if let Some(port) = port {
            let _ = writeln!(text, "--{name}={port}");
        }
    }
    text.push('\n');
}

/// One event of the script, without its time.
#[derive(Debug)]
struct Line {
    at: Instant,
    /// How many facts there were before.
    order: usize,
    /// A call before a packet, where both have the same order.
    rank: usize,
    /// When a call that waits returns.
    until: Option<Instant>,
    text: String,
}

/// At most one call waits.
fn one_wait_at_a_time(lines: &[Line], name: &str) -> Result<(), Inexpressible> {
    let mut busy: Option<Instant> = None;
    for line in lines {
        if let Some(until) = line.until {
            if busy.is_some_and(|busy| line.at < busy) {
                return inexpressible(format!("two calls of {name} wait at once"));
            }
            busy = Some(until);
        }
    }
    Ok(())
}

/// Packets of the host.
#[derive(Debug, Default)]
struct Seen {
    lines: Vec<Line>,
    peer: Option<IpAddress>,
    connection: Option<(IpEndpoint, IpEndpoint)>,
    /// The number of the SYN with which the peer has opened the connection.
    opened: Option<u32>,
    /// Whether the host has sent a datagram.
    answered: bool,
    /// Where the last segment that the host has sent begins, and its payload in octets.
    last_sent: Option<(u32, usize)>,
    /// The values of timestamps that the host has sent.
    clocks: BTreeSet<u32>,
}

impl Seen {
    fn gather(outcome: &Outcome, host: HostId, name: &str) -> Result<Self, Inexpressible> {
        let mut seen = Self::default();
        for (order, event) in outcome.events.iter().enumerate() {
            let Some(frame) = outcome.events.frame(order).filter(|_| event.host == host) else {
                continue;
            };
            let forged = frame.sending.is_some_and(|it| it.forged == Forged::Yes);
            if frame.is_sending && forged {
                return inexpressible(format!("a packet was forged in the name of {name}"));
            }
            if frame.packet.checksum == Checksum::Good {
                seen.packet(order, frame)?;
            }
        }
        Ok(seen)
    }

    fn packet(&mut self, order: usize, frame: LoggedFrame<'_>) -> Result<(), Inexpressible> {
        let (packet, sent) = (frame.packet, frame.is_sending);
        let sign = if sent { '>' } else { '<' };
        let text = match &packet.kind {
            FrameKind::Arp(_) => return Ok(()),
            FrameKind::Segment(segment) => {
                let endpoints = packet.endpoints();
                let begins =
                    segment.flags.contains(Flags::SYN) && !segment.flags.contains(Flags::ACK);
                let ports = match endpoints {
                    Some((from, to)) if !sent && begins => format!("{} > {} ", from.port, to.port),
                    _ => String::new(),
                };
                self.one_connection(endpoints, sent)?;
                if begins
                    && !sent
                    && self
                        .opened
                        .replace(segment.seq)
                        .is_some_and(|it| it != segment.seq)
                {
                    return inexpressible("a connection that is opened again between its ports");
                }
                let segment = RelativeSegment::new(segment, frame.origins());
                self.echoes(&segment, sent)?;
                if sent {
                    self.last_sent = Some((segment.seq, segment.len));
                }
                format!("{ports}{}", segment_text(&segment)?)
            }
            FrameKind::Udp(datagram) => {
                self.one_connection(packet.endpoints(), sent)?;
                self.answered |= sent;
                match packet.endpoints() {
                    // What comes before the host has sent anything says its ports.
                    Some((from, to)) if !self.answered => {
                        format!("udp {} > {} ({})", from.port, to.port, datagram.len)
                    }
                    Some(_) | None => format!("udp ({})", datagram.len),
                }
            }
            FrameKind::Icmp(icmp) => {
                let text = icmp_text(&icmp.message.to_string())?;
                match self.last_sent.filter(|_| !sent && icmp.quoted.is_some()) {
                    // An error of a scenario is about the last packet, of a script about the first.
                    Some((start, length)) => {
                        let end = u64::from(start) + length as u64;
                        format!("{text} [{start}:{end}({length})]")
                    }
                    None => text,
                }
            }
            FrameKind::Fragment(_) => return inexpressible("a part of an IP datagram"),
            FrameKind::Other(other) => return inexpressible(format!("a packet that is {other:?}")),
        };
        let peer = if sent {
            packet.to.ip()
        } else {
            packet.from.ip()
        };
        if self.peer.is_some() && self.peer != peer {
            return inexpressible("a second peer");
        }
        self.peer = peer;
        self.lines.push(Line {
            at: frame.event.at,
            order,
            rank: usize::MAX,
            until: None,
            text: format!(" {sign} {text}"),
        });
        Ok(())
    }

    /// What a peer echoes must be a clock that the host has sent.
    fn echoes(&mut self, segment: &RelativeSegment, sent: bool) -> Result<(), Inexpressible> {
        for option in &segment.options {
            let TcpOption::Timestamps {
                value,
                echo_reply: echo,
            } = option
            else {
                continue;
            };
            if sent {
                self.clocks.insert(*value);
            } else if *echo != 0 && !self.clocks.contains(echo) {
                return inexpressible(format!("`ecr {echo}`, which the host has never sent"));
            }
        }
        Ok(())
    }

    /// packetdrill looks at one connection, and here packets have no ports but those of a SYN.
    fn one_connection(
        &mut self,
        endpoints: Option<(IpEndpoint, IpEndpoint)>,
        sent: bool,
    ) -> Result<(), Inexpressible> {
        let Some((from, to)) = endpoints else {
            return Ok(());
        };
        let connection = if sent { (from, to) } else { (to, from) };
        if *self.connection.get_or_insert(connection) != connection {
            return inexpressible("a second connection");
        }
        Ok(())
    }
}

/// A segment as packetdrill writes it, with its window, which an inbound one must have.
fn segment_text(segment: &RelativeSegment) -> Result<String, Inexpressible> {
    if segment.flags.contains(Flags::AE) || segment.urgent.is_some() {
        return inexpressible("accurate ECN, or urgent data");
    }
    let RelativeSegment {
        flags,
        seq,
        end,
        len,
        window,
        ..
    } = segment;
    let mut text = format!("{flags} {seq}:{end}({len})");
    if let Some(ack) = segment.ack {
        let _ = write!(text, " ack {ack}");
    }
    let _ = write!(text, " win {window}");
    let mut list = Vec::new();
    for option in &segment.options {
        match option {
            TcpOption::Other { kind, .. } => {
                return inexpressible(format!("a TCP option of kind {kind}"));
            }
            TcpOption::Malformed(_) => return inexpressible("a TCP option that is cut short"),
            TcpOption::EndOfList
            | TcpOption::NoOperation
            | TcpOption::MaximumSegmentSize(_)
            | TcpOption::WindowScale(_)
            | TcpOption::SackPermitted
            | TcpOption::Sack(_)
            | TcpOption::Timestamps { .. } => list.push(option.to_string()),
        }
    }
    if !list.is_empty() {
        let _ = write!(text, " <{}>", list.join(","));
    }
    Ok(text)
}

/// A message, if its type and code have names that scripts know.
fn icmp_text(text: &str) -> Result<String, Inexpressible> {
    let mut words = text.split_whitespace().skip(1);
    let (kind, code) = (words.next().unwrap_or_default(), words.next());
    let kind_known = IcmpName::types().any(|it| it.name == kind);
    let code_known = code.is_none_or(|code| IcmpName::codes().any(|it| it.name == code));
    // What is about a packet's size says the size, which a message here does not.
    if kind_known && code_known && kind != "packet_too_big" && code != Some("frag_needed") {
        return Ok(text.to_owned());
    }
    inexpressible(text)
}

impl Ports {
    /// A call as a line.
    fn call(&mut self, made: &MadeCall, host: &str) -> Result<Line, Inexpressible> {
        let name = &made.name;
        let Some((returned, value)) = &made.returned else {
            return inexpressible(format!("{name} of {host} never returned"));
        };
        let written = call::text(self, made, value)?;
        // A call that returns in the moment it is made has waited where something happened between.
        let waits = *returned != made.begun;
        let until = match waits {
            true => {
                let micros = returned.at.total_micros();
                format!("...{}.{:06}", micros / 1_000_000, micros % 1_000_000)
            }
            false => String::new(),
        };
        Ok(Line {
            at: made.begun.at,
            order: made.begun.events_before,
            // The sort is stable: calls stay in the order in which they were made.
            rank: 0,
            until: waits.then_some(returned.at),
            text: format!("{until} {written}"),
        })
    }
}
