//! `[network]`: the links between the hosts, and the addresses of the hosts on them.

use hangup_stack::link::LinkConfig;
use hangup_stack::network::{IpFamily, Resolution};
use toml::de::DeTable;

use super::key::{self, Form, Key, count};
use super::limits;
use super::reader::{Entry, Reader, entries};
use super::script::LinkChange;
use crate::diagnostic::Diagnostic;
use crate::language::names;

/// `[network]`
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// `ip`: the family of the addresses that hosts have where they are not given any.
    pub ip: IpFamily,
    /// `arp`: whether hosts resolve each other on the wire.
    pub resolution: Resolution,
    /// What is different from a perfect link, on all links.
    changes: Vec<LinkChange>,
    /// `[network.a_to_b]`: what is different again in one direction, by the positions of the hosts.
    directions: Vec<(usize, usize, Vec<LinkChange>)>,
}

impl Network {
    /// What the link from one host to another does at the start, by their positions in
    /// [`super::Scenario::hosts`].
    pub fn link(&self, from: usize, to: usize) -> LinkConfig {
        let mut config = LinkConfig::default();
        let directed = self
            .directions
            .iter()
            .filter(|(a, b, _)| (*a, *b) == (from, to));
        let changes = self
            .changes
            .iter()
            .chain(directed.flat_map(|(_, _, changes)| changes));
        changes.for_each(|change| change.apply(&mut config));
        config
    }
}

impl LinkChange {
    /// Makes the change.
    pub fn apply(self, config: &mut LinkConfig) {
        match self {
            Self::Delay(delay) => config.delay = delay,
            Self::Rate(rate) => config.rate = rate,
            Self::Queue(queue) => config.queue = queue,
            Self::Mtu(mtu) => config.mtu = mtu,
            Self::Loss(loss) => config.loss = loss,
            Self::Duplicate(duplicate) => config.duplicate = duplicate,
            Self::Reorder(reorder) => config.reorder = reorder,
            Self::Corrupt(corrupt) => config.corrupt = corrupt,
            Self::Down(down) => config.down = down,
        }
    }
}

/// The keys that a direction may have too.
pub(super) const LINK_KEYS: &[Key<Vec<LinkChange>>] = &[
    Key::new(
        "delay",
        Form::Duration(limits::DELAY, |it, delay| it.push(LinkChange::Delay(delay))),
        "0s",
        "How long a frame is on its way",
    ),
    Key::new(
        "rate",
        Form::Rate(limits::RATE, |it, bits| {
            it.push(LinkChange::Rate(Some(bits)))
        }),
        "no limit",
        "How fast frames are sent",
    ),
    Key::new(
        "queue",
        Form::Number(limits::QUEUE, |it, frames| {
            it.push(LinkChange::Queue(Some(count(frames))));
        }),
        "no limit",
        "Frames that may wait where there is a rate",
    ),
    Key::new(
        "mtu",
        Form::Mtu(|it, octets| it.push(LinkChange::Mtu(count(octets)))),
        "65535",
        "The largest IP packet, in octets",
    ),
    Key::new(
        "loss",
        Form::Probability(|it, loss| it.push(LinkChange::Loss(loss))),
        "0",
        "The probability that a frame is lost",
    ),
    Key::new(
        "duplicate",
        Form::Probability(|it, duplicate| it.push(LinkChange::Duplicate(duplicate))),
        "0",
        "The probability that a frame arrives twice",
    ),
    Key::new(
        "reorder",
        Form::Probability(|it, reorder| it.push(LinkChange::Reorder(reorder))),
        "0",
        "The probability that others overtake a frame",
    ),
    Key::new(
        "corrupt",
        Form::Probability(|it, corrupt| it.push(LinkChange::Corrupt(corrupt))),
        "0",
        "The probability that one bit of a frame is flipped",
    ),
];
/// The keys that all links have in common.
pub(super) const KEYS: &[Key<Network>] = &[
    Key::new(
        "arp",
        Form::Boolean(|it, asks| {
            it.resolution = if asks {
                Resolution::Arp
            } else {
                Resolution::Static
            };
        }),
        "false",
        "Whether hosts ask for each other's Ethernet address on the wire",
    ),
    Key::new(
        "ip",
        Form::Word(&["v4", "v6"], |it, word| {
            it.ip = if word == "v6" {
                IpFamily::V6
            } else {
                IpFamily::V4
            };
        }),
        "v4",
        "The family of the hosts' addresses",
    ),
];

/// `ip` alone, which other sections need before this one can be read.
pub(super) fn family(reader: &mut Reader, table: &DeTable<'_>) -> IpFamily {
    let mut network = Network::default();
    let all = entries(table);
    for entry in all.into_iter().filter(|it| it.key == "ip") {
        key::read(KEYS, reader, entry, network.ip, &mut network);
    }
    network.ip
}

/// Reads the section, where there is one. `hosts` are the names of the hosts in their order.
pub(super) fn read(
    reader: &mut Reader,
    table: Option<&DeTable<'_>>,
    ip: IpFamily,
    hosts: &[&str],
) -> Network {
    let mut network = Network {
        ip,
        ..Network::default()
    };
    for entry in table.map(entries).unwrap_or_default() {
        // The family was read before.
        if entry.key == "ip"
            || key::read(LINK_KEYS, reader, entry, ip, &mut network.changes)
            || key::read(KEYS, reader, entry, ip, &mut network)
        {
            continue;
        }
        match direction(entry.key, hosts) {
            Some((from, to)) => {
                let changes = changes(reader, entry, ip);
                network.directions.push((from, to, changes));
            }
            None => unknown(reader, entry, hosts),
        }
    }
    network
}

/// The two hosts of a key such as `client_to_server`.
fn direction(key: &str, hosts: &[&str]) -> Option<(usize, usize)> {
    let (from, to) = key.split_once("_to_")?;
    let find = |name: &str| hosts.iter().position(|it| *it == name);
    Some((find(from)?, find(to)?)).filter(|(from, to)| from != to)
}

/// `[network.a_to_b]`
fn changes(reader: &mut Reader, entry: Entry<'_>, ip: IpFamily) -> Vec<LinkChange> {
    let Some(table) = reader.table(entry) else {
        return Vec::new();
    };
    let mut changes = Vec::new();
    for inner in entries(table) {
        if !key::read(LINK_KEYS, reader, inner, ip, &mut changes) {
            let section = format!("[network.{}]", entry.key);
            reader.unknown_key(inner, &section, &key::names(LINK_KEYS));
        }
    }
    changes
}

/// Reports a key that is neither a setting nor a direction.
fn unknown(reader: &mut Reader, entry: Entry<'_>, hosts: &[&str]) {
    let Some((from, to)) = entry.key.split_once("_to_") else {
        let known = [key::names(LINK_KEYS), key::names(KEYS)].concat();
        return reader.unknown_key(entry, "[network]", &known);
    };
    if from == to {
        let message = "a direction is between two different hosts";
        return reader.error(Diagnostic::new(entry.key_span, message));
    }
    let stranger = if hosts.contains(&from) { to } else { from };
    let known = hosts.iter().copied();
    reader.error(names::unknown(entry.key_span, "host", stranger, known));
}
