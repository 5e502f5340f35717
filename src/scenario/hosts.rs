//! `[hosts.NAME]`: who takes part.

use std::net::IpAddr;

use hangup_stack::network::IpFamily;
use hangup_stack::profile::Profile;
use smoltcp::wire::IpAddress;
use toml::de::DeTable;

use super::limits;
use super::network::mtu_range;
use super::profiles::{KERNEL, Profiles, SCRIPTED, Scripted, find, nested, turn};
use super::reader::{Entry, Reader, entries};
use crate::diagnostic::{Diagnostic, Spanned};
use crate::language::names::quote;

/// `[hosts.NAME]`
#[derive(Clone, Debug)]
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
}

/// What runs on a host.
#[derive(Clone, Debug)]
pub enum Stack {
    /// A stack with the behaviour of a profile, the host's own knobs already turned.
    Profile(Box<Profile>),
    /// None: packets that leave it are injected, packets that reach it are expected.
    Scripted,
}

impl Host {
    /// Its profile. None where it has no stack.
    pub fn profile(&self) -> Option<&Profile> {
        match &self.stack {
            Stack::Profile(profile) => Some(profile),
            Stack::Scripted => None,
        }
    }
}

/// The keys of a host that are not knobs of its profile.
pub(super) const HOST_KEYS: [&str; 7] = [
    "profile",
    "address",
    "mss",
    "mtu",
    "receive_buffer",
    "send_buffer",
    "receive_offload",
];

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
    let mut profile_name = None;
    let mut own = Settings::default();
    for inner in entries(table) {
        let count = |number: u64| usize::try_from(number).ok();
        match inner.key {
            "profile" => profile_name = Some(inner),
            "address" => own.addresses = addresses(reader, inner, ip, taken),
            "mss" => {
                let mss = reader.size(inner, &limits::MSS);
                own.mss = mss.and_then(|it| u16::try_from(it).ok());
            }
            "mtu" => own.mtu = reader.size(inner, &mtu_range(ip)).and_then(count),
            "receive_buffer" => {
                own.receive_buffer = reader.size(inner, &limits::BUFFER).and_then(count);
            }
            "send_buffer" => {
                own.send_buffer = reader.size(inner, &limits::BUFFER).and_then(count);
            }
            "receive_offload" => {
                let frames = reader.number(inner, &limits::RECEIVE_OFFLOAD);
                own.receive_offload = frames.and_then(count);
            }
            // A profile's own name and title are not for a host to change.
            "name" | "title" => reader.unknown_key(inner, &section, &HOST_KEYS),
            _ => knobs.push(inner),
        }
    }
    let Some(profile_entry) = profile_name else {
        let message = format!(
            "host {} does not say which profile it has",
            quote(entry.key)
        );
        let diagnostic = Diagnostic::new(entry.key_span, message);
        let known = Profile::names().join(", ");
        reader.error(diagnostic.help(format!("add `profile = ...`: {known}, {SCRIPTED}")));
        return None;
    };
    let said = reader.string(profile_entry, "the name of a profile")?;
    let profile_name = instead.unwrap_or(said);
    let profile_name = Spanned::new(profile_name, profile_entry.span);
    let stack = stack(reader, profile_name, profiles, &section, knobs)?;
    let stack = own.apply(reader, stack, entry);
    Some(Host {
        name: Spanned::new(entry.key.to_owned(), entry.key_span),
        profile_name: profile_name.map(str::to_owned),
        stack,
        addresses: own.addresses,
        mss: own.mss,
        mtu: own.mtu,
        receive_buffer: own.receive_buffer,
        send_buffer: own.send_buffer,
        receive_offload: own.receive_offload,
    })
}

/// The settings of a host that are not knobs, as far as they were read.
#[derive(Default)]
struct Settings {
    addresses: Vec<IpAddress>,
    mss: Option<u16>,
    mtu: Option<usize>,
    receive_buffer: Option<usize>,
    send_buffer: Option<usize>,
    receive_offload: Option<usize>,
}

impl Settings {
    /// What runs on a host, with the settings that are another name for a knob.
    fn apply(&self, reader: &mut Reader, stack: Stack, host: Entry<'_>) -> Stack {
        let Stack::Profile(mut profile) = stack else {
            return stack;
        };
        let number = |it: usize| i64::try_from(it).ok().map(toml::Value::Integer);
        for (knob, value) in [
            ("options.mss", self.mss.map(usize::from)),
            ("window.receive_buffer", self.receive_buffer),
            ("send.send_buffer", self.send_buffer),
        ] {
            let Some(value) = value.and_then(number) else {
                continue;
            };
            match profile.with(&nested(knob, value)) {
                Ok(turned) => *profile = turned,
                Err(fault) => {
                    reader.error(Diagnostic::new(host.key_span, fault.to_string()));
                }
            }
        }
        Stack::Profile(profile)
    }
}

/// What runs on a host, from its `profile` and its knobs.
fn stack(
    reader: &mut Reader,
    profile: Spanned<&str>,
    profiles: &Profiles,
    section: &str,
    knobs: Vec<Entry<'_>>,
) -> Option<Stack> {
    if profile.value == KERNEL && !profiles.contains_key(KERNEL) {
        let message = "the machine's own stack is not supported yet";
        reader.error(Diagnostic::new(profile.span, message));
        return None;
    }
    if profile.value != SCRIPTED {
        let base = find(reader, profile, profiles, Scripted::Allowed)?;
        let profile = turn(reader, base, knobs, section, &HOST_KEYS);
        return Some(Stack::Profile(Box::new(profile)));
    }
    for knob in &knobs {
        let message = "a scripted host has no stack, so it has no knobs";
        reader.error(Diagnostic::new(knob.key_span, message));
    }
    Some(Stack::Scripted)
}

/// `address`: one or more, of which one is of the network's family.
fn addresses(
    reader: &mut Reader,
    entry: Entry<'_>,
    ip: IpFamily,
    taken: &mut Vec<IpAddress>,
) -> Vec<IpAddress> {
    let mut addresses = Vec::new();
    let texts = reader.strings(entry, limits::ADDRESSES_MAX);
    for Spanned { value: text, span } in &texts {
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
