//! `[network]`: what the links between the hosts do.

use hangup_stack::link::LinkConfig;
use hangup_stack::network::{IpFamily, Resolution};
use toml::de::DeTable;

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
pub(super) const LINK_KEYS: [&str; 8] = [
    "delay",
    "rate",
    "queue",
    "mtu",
    "loss",
    "duplicate",
    "reorder",
    "corrupt",
];
/// All keys.
pub(super) const KEYS: [&str; 10] = [
    "delay",
    "rate",
    "queue",
    "mtu",
    "loss",
    "duplicate",
    "reorder",
    "corrupt",
    "arp",
    "ip",
];

/// The range of `mtu`, which differs between the families.
pub(super) fn mtu_range(ip: IpFamily) -> std::ops::RangeInclusive<u64> {
    match ip {
        IpFamily::V4 => limits::MTU_V4,
        IpFamily::V6 => limits::MTU_V6,
    }
}

/// `ip` alone, which other sections need before this one can be read.
pub(super) fn family(reader: &mut Reader, table: &DeTable<'_>) -> IpFamily {
    let ip = entries(table).into_iter().find(|it| it.key == "ip");
    let text = ip.and_then(|it| Some((it, reader.string(it, "\"v4\" or \"v6\"")?)));
    match text {
        None | Some((_, "v4")) => IpFamily::V4,
        Some((_, "v6")) => IpFamily::V6,
        Some((entry, _)) => {
            let fault: Result<(), _> = Err("it must be \"v4\" or \"v6\"".to_owned());
            reader.checked(entry, fault);
            IpFamily::V4
        }
    }
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
        match entry.key {
            // Read before, by `family`.
            "ip" => {}
            "arp" => {
                if reader.boolean(entry) == Some(true) {
                    network.resolution = Resolution::Arp;
                }
            }
            key if LINK_KEYS.contains(&key) => {
                network.changes.extend(change(reader, entry, ip));
            }
            key => match direction(key, hosts) {
                Some((from, to)) => {
                    let changes = changes(reader, entry, ip);
                    network.directions.push((from, to, changes));
                }
                None => unknown(reader, entry, hosts),
            },
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
        if LINK_KEYS.contains(&inner.key) {
            changes.extend(change(reader, inner, ip));
        } else {
            reader.unknown_key(inner, &format!("[network.{}]", entry.key), &LINK_KEYS);
        }
    }
    changes
}

/// One of [`LINK_KEYS`].
fn change(reader: &mut Reader, entry: Entry<'_>, ip: IpFamily) -> Option<LinkChange> {
    Some(match entry.key {
        "delay" => LinkChange::Delay(reader.duration(entry, &limits::DELAY)?),
        "rate" => LinkChange::Rate(Some(reader.rate(entry, &limits::RATE)?)),
        "queue" => LinkChange::Queue(usize::try_from(reader.number(entry, &limits::QUEUE)?).ok()),
        "mtu" => LinkChange::Mtu(usize::try_from(reader.size(entry, &mtu_range(ip))?).ok()?),
        "loss" => LinkChange::Loss(reader.probability(entry)?),
        "duplicate" => LinkChange::Duplicate(reader.probability(entry)?),
        "reorder" => LinkChange::Reorder(reader.probability(entry)?),
        _ => LinkChange::Corrupt(reader.probability(entry)?),
    })
}

/// Reports a key that is neither a setting nor a direction.
fn unknown(reader: &mut Reader, entry: Entry<'_>, hosts: &[&str]) {
    let Some((from, to)) = entry.key.split_once("_to_") else {
        return reader.unknown_key(entry, "[network]", &KEYS);
    };
    if from == to {
        let message = "a direction is between two different hosts";
        return reader.error(Diagnostic::new(entry.key_span, message));
    }
    let stranger = if hosts.contains(&from) { to } else { from };
    let known = hosts.iter().copied();
    reader.error(names::unknown(entry.key_span, "host", stranger, known));
}
