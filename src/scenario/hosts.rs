//! `[hosts.NAME]`: the hosts of a scenario.

use std::net::IpAddr;

use hangup_stack::network::IpFamily;
use hangup_stack::profile::Profile;
use smoltcp::wire::IpAddress;
use toml::de::DeTable;

use super::key::{self, Form, Key, Scripted, count};
use super::limits;
use super::profiles::{KERNEL, Profiles, SCRIPTED, find, nested, turn};
use super::program::Program;
use super::reader::{Entry, Reader, entries};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::language::names::quote;

/// `[hosts.NAME]`
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// Its name.
    pub name: Spanned<String>,
    /// The name of its profile, as the file gives it.
    pub profile_name: Spanned<String>,
    /// What runs on it.
    pub stack: Stack,
    /// Its addresses: those of the file, or one by its position.
    pub addresses: Vec<IpAddress>,
    /// `mss`, in octets, which the profile's `options.mss` is then too. None: what the profile and
    /// the MTU make it.
    pub mss: Option<u16>,
    /// `mtu`, in octets. None: that of Ethernet.
    pub mtu: Option<usize>,
    /// `receive_buffer`, in octets, which the profile's `window.receive_buffer` is then too. None:
    /// the profile's.
    pub receive_buffer: Option<usize>,
    /// `send_buffer`, in octets, which the profile's `send.send_buffer` is then too. None: the
    /// profile's.
    pub send_buffer: Option<usize>,
    /// `receive_offload`, in frames. None: it answers each frame before it sees the next.
    pub receive_offload: Option<usize>,
    /// `program`: what it does with each of its connections. It has no parts where there is none.
    pub program: Program,
}

/// What runs on a host.
#[derive(Clone, Debug, Default)]
pub enum Stack {
    /// A stack with the behaviour of a profile, the host's own knobs already turned.
    Profile(Box<Profile>),
    /// None: packets that leave it are injected, packets that reach it are expected.
    #[default]
    Scripted,
    /// The machine's own: packets that leave it are expected, and real programs make its calls.
    Kernel,
}

impl Host {
    /// Its profile. None where it has no stack.
    pub fn profile(&self) -> Option<&Profile> {
        match &self.stack {
            Stack::Profile(profile) => Some(profile),
            Stack::Scripted | Stack::Kernel => None,
        }
    }

    /// Whether the script sends its packets.
    pub fn is_scripted(&self) -> bool {
        matches!(self.stack, Stack::Scripted)
    }

    /// Whether it is the machine that this runs on.
    pub fn is_kernel(&self) -> bool {
        matches!(self.stack, Stack::Kernel)
    }
}

/// The keys of a host that are not knobs of its profile.
pub(super) const KEYS: &[Key<Draft>] = &[
    Key::required(
        "profile",
        Form::Profile(Scripted::Allowed, |it, name| it.profile = Some(name)),
        "What runs on the host: a profile, built in or of [profiles], scripted, or this kernel",
    ),
    Key::new(
        "address",
        Form::Texts(limits::ADDRESSES_MAX, |it, texts| it.addresses = texts),
        "192.0.2.1, .2 ... by position",
        "Its IP address, or a list of them",
    ),
    Key::new(
        "mss",
        Form::Size(limits::MSS, |it, octets| {
            it.host.mss = u16::try_from(octets).ok();
            it.turn("options.mss", octets);
        }),
        "from the MTU",
        "The maximum segment size it announces",
    ),
    Key::new(
        "mtu",
        Form::Mtu(|it, octets| it.host.mtu = Some(count(octets))),
        "1500",
        "Its largest IP packet, in octets",
    ),
    Key::new(
        "receive_buffer",
        Form::Size(limits::BUFFER, |it, octets| {
            it.host.receive_buffer = Some(count(octets));
            it.turn("window.receive_buffer", octets);
        }),
        "the profile's",
        "The size of its receive buffers, in octets",
    ),
    Key::new(
        "send_buffer",
        Form::Size(limits::BUFFER, |it, octets| {
            it.host.send_buffer = Some(count(octets));
            it.turn("send.send_buffer", octets);
        }),
        "the profile's",
        "The size of its send buffers, in octets",
    ),
    Key::new(
        "receive_offload",
        Form::Number(limits::RECEIVE_OFFLOAD, |it, frames| {
            it.host.receive_offload = Some(count(frames));
        }),
        "1",
        "Frames of one instant that it takes in before it answers",
    ),
    Key::new(
        "program",
        Form::Text("a text between ''' and '''", |it: &mut Draft, text| {
            it.host.program.text = Some(text.span);
        }),
        "none",
        "What it does with each of its connections, one step a line, between ''' and '''",
    )
    .fixed("a program cannot be set: write another scenario"),
];

/// A host while its section is read.
#[derive(Default)]
pub(super) struct Draft {
    host: Host,
    profile: Option<Spanned<String>>,
    addresses: Vec<Spanned<String>>,
    /// The knobs of which a key is another name, with their values.
    turned: Vec<(&'static str, u64)>,
}

impl Draft {
    fn turn(&mut self, knob: &'static str, value: u64) {
        self.turned.push((knob, value));
    }
}

/// Reads `[hosts]`, in the order of the file.
pub(super) fn read(
    reader: &mut Reader,
    table: &DeTable<'_>,
    ip: IpFamily,
    profiles: &Profiles,
) -> Vec<Option<Host>> {
    let mut hosts = Vec::new();
    let mut taken = Vec::new();
    for (index, entry) in entries(table).into_iter().enumerate() {
        if index == limits::HOSTS_MAX {
            let message = format!("a scenario has at most {} hosts", limits::HOSTS_MAX);
            reader.error(Diagnostic::new(entry.key_span, message));
            break;
        }
        if let Some(fault) = super::names::fault(entry.key) {
            let message = format!("bad name of a host {}: {fault}", quote(entry.key));
            reader.error(Diagnostic::new(entry.key_span, message));
        }
        hosts.push(host(reader, entry, (ip, profiles), &mut taken, None));
    }
    for (index, host) in hosts.iter_mut().enumerate() {
        let Some(host) = host.as_mut().filter(|it| it.addresses.is_empty()) else {
            continue;
        };
        let address = default_address(ip, index);
        if taken.contains(&address) {
            let name = quote(&host.name.value);
            let message = format!("{name} would be {address}, which another host has");
            let diagnostic = Diagnostic::new(host.name.span, message);
            reader.error(diagnostic.help("give it an `address` of its own"));
        }
        host.addresses.push(address);
    }
    hosts
}

/// What would run on the host at a position of `[hosts]` if it had another profile. None where it
/// would have errors, which were reported.
pub(super) fn stack_as(
    reader: &mut Reader,
    table: &DeTable<'_>,
    (ip, profiles): (IpFamily, &Profiles),
    index: usize,
    profile: &str,
) -> Option<Stack> {
    let entry = *entries(table).get(index)?;
    let host = host(
        reader,
        entry,
        (ip, profiles),
        &mut Vec::new(),
        Some(profile),
    );
    host.map(|it| it.stack)
}

/// Reads `[hosts.NAME]`, perhaps as if it had another profile. None where it has no stack that a
/// script could be checked against.
fn host(
    reader: &mut Reader,
    entry: Entry<'_>,
    (ip, profiles): (IpFamily, &Profiles),
    taken: &mut Vec<IpAddress>,
    instead: Option<&str>,
) -> Option<Host> {
    let table = reader.table(entry)?;
    let section = format!("[hosts.{}]", entry.key);
    let mut knobs = Vec::new();
    let mut draft = Draft::default();
    for inner in entries(table) {
        if key::read(KEYS, reader, inner, ip, &mut draft) {
            continue;
        }
        match inner.key {
            // A profile's own name and title are not for a host to change.
            "name" | "title" => reader.unknown_key(inner, &section, &key::names(KEYS)),
            _ => knobs.push(inner),
        }
    }
    if let Some(inner) = entries(table).iter().find(|it| it.key == "address") {
        draft.host.addresses = addresses(reader, *inner, &draft.addresses, ip, taken);
    }
    if table.get("profile").is_none() {
        let message = format!(
            "host {} does not say which profile it has",
            quote(entry.key)
        );
        let diagnostic = Diagnostic::new(entry.key_span, message);
        let known = Profile::names().join(", ");
        reader.error(diagnostic.help(format!(
            "add `profile = ...`: {known}, {SCRIPTED}, {KERNEL}"
        )));
        return None;
    }
    let said = draft.profile?;
    let name = instead.map_or(said.value, str::to_owned);
    let profile = Spanned::new(name.as_str(), said.span);
    let mut stack = stack(reader, profile, profiles, &section, knobs)?;
    if let Stack::Profile(profile) = &mut stack {
        for (knob, value) in draft.turned {
            // The limits of these keys are far below.
            let value = toml::Value::Integer(i64::try_from(value).unwrap_or(i64::MAX));
            match profile.with(&nested(knob, value)) {
                Ok(turned) => **profile = turned,
                Err(fault) => reader.error(Diagnostic::new(entry.key_span, fault.to_string())),
            }
        }
    }
    Some(Host {
        name: Spanned::new(entry.key.to_owned(), entry.key_span),
        profile_name: Spanned::new(name, said.span),
        stack,
        ..draft.host
    })
}

/// What runs on a host, from its `profile` and its knobs.
fn stack(
    reader: &mut Reader,
    profile: Spanned<&str>,
    profiles: &Profiles,
    section: &str,
    knobs: Vec<Entry<'_>>,
) -> Option<Stack> {
    let (stack, what) = match profile.value {
        SCRIPTED => (Stack::Scripted, "a scripted host has no stack"),
        KERNEL => (Stack::Kernel, "the kernel is the machine's"),
        _ => {
            let base = find(reader, profile, profiles, Scripted::Allowed)?;
            let profile = turn(reader, base, knobs, section, &key::names(KEYS));
            return Some(Stack::Profile(Box::new(profile)));
        }
    };
    for knob in &knobs {
        let message = format!("{what}, so it has no knobs");
        reader.error(Diagnostic::new(knob.key_span, message));
    }
    Some(stack)
}

/// `address`: one or more, of which one is of the network's family.
fn addresses(
    reader: &mut Reader,
    entry: Entry<'_>,
    texts: &[Spanned<String>],
    ip: IpFamily,
    taken: &mut Vec<IpAddress>,
) -> Vec<IpAddress> {
    let mut addresses = Vec::new();
    for Spanned { value: text, span } in texts {
        match address(text) {
            Ok(address) if taken.contains(&address) => {
                let message = format!("two hosts have the address {address}");
                reader.error(Diagnostic::new(*span, message));
            }
            Ok(address) => {
                taken.push(address);
                addresses.push(address);
            }
            Err(fault) => {
                let message = format!("bad address {}: {fault}", quote(text));
                reader.error(Diagnostic::new(*span, message));
            }
        }
    }
    let of_family = |it: &IpAddress| match it {
        IpAddress::Ipv4(_) => ip == IpFamily::V4,
        IpAddress::Ipv6(_) => ip == IpFamily::V6,
    };
    if addresses.len() == texts.len() && !addresses.iter().any(of_family) {
        let (family, other) = match ip {
            IpFamily::V4 => ("IPv4", "v6"),
            IpFamily::V6 => ("IPv6", "v4"),
        };
        let message = format!("the network is {family}, and none of these addresses is");
        let diagnostic = Diagnostic::new(entry.span, message);
        reader.error(diagnostic.help(format!("add one, or set `ip = \"{other}\"` in [network]")));
    }
    addresses
}

/// An address that a host can have.
fn address(text: &str) -> Result<IpAddress, String> {
    let address: IpAddr = text.parse().map_err(|_| "it is no IP address".to_owned())?;
    let is_broadcast = address == IpAddr::from([255, 255, 255, 255]);
    if address.is_unspecified() || address.is_multicast() || address.is_loopback() || is_broadcast {
        return Err("a host on a link has a unicast address".to_owned());
    }
    Ok(address.into())
}

/// The address of a host that is not given one: 192.0.2.1, .2 ... (RFC 5737) or 2001:db8::1, ::2
/// ... (RFC 3849), in the order of the file.
fn default_address(ip: IpFamily, index: usize) -> IpAddress {
    // There are at most HOSTS_MAX hosts, so the number fits.
    let number = u8::try_from(index + 1).unwrap_or(u8::MAX);
    match ip {
        IpFamily::V4 => IpAddress::v4(192, 0, 2, number),
        IpFamily::V6 => IpAddress::v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, number.into()),
    }
}
