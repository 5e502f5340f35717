//! Packets at the vantage point, and the position of the script's lines among them.

use std::sync::Arc;

use bytes::Bytes;
use hangup_stack::event::Forged;
use hangup_stack::network::HostId;
use smoltcp::time::Instant;
use smoltcp::wire::IpAddress;

use super::conduct::Order;
use crate::event_log::LoggedFrame;
use crate::notation::{Names, Notation, Origins, Ports};
use crate::wire::Packet;

/// How many packets are remembered where the script is about none.
const REMEMBERED: usize = 64;

/// What a packet takes that was seen, once the log has forgotten it.
const SEEN_OCTETS: usize = 600;

/// A packet that was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// The host it says it is from.
    pub(crate) from: Option<usize>,
    /// The host it is for.
    pub(crate) to: Option<usize>,
    pub(crate) packet: Arc<Packet>,
    /// Its octets, where a line of the script says what a packet carries.
    pub(crate) bytes: Bytes,
    pub(crate) origins: Origins,
    /// Whether a stack sent it, and not the script.
    pub(crate) by_stack: bool,
    /// Whether a line of the script stands for it.
    pub(crate) expected: bool,
}

/// How many packets a line that waits has looked at: none of them is what it stands for.
#[derive(Debug, Default)]
pub(super) struct Looked(usize);

/// Everything seen so far, and how far the lines of the script have got.
#[derive(Debug)]
pub(super) struct Packets {
    addresses: Vec<(IpAddress, usize)>,
    names: Names,
    /// Whether a line of the script says what a packet carries.
    keeps_payload: bool,
    pub(super) seen: Vec<Seen>,
    /// For each pair of hosts, the first packet that the next line may stand for.
    cursors: Vec<((usize, usize), usize)>,
}

impl Packets {
    pub(super) fn new(
        addresses: Vec<(IpAddress, usize)>,
        names: Names,
        keeps_payload: bool,
    ) -> Self {
        Self {
            addresses,
            names,
            keeps_payload,
            seen: Vec::new(),
            cursors: Vec::new(),
        }
    }

    fn host_of(&self, address: IpAddress) -> Option<usize> {
        self.addresses
            .iter()
            .find(|(known, _)| *known == address)
            .map(|(_, host)| *host)
    }

    /// Takes a frame that was recorded.
    pub(super) fn observe(&mut self, frame: LoggedFrame<'_>, vantage: HostId) {
        let (from, to) = self.ends(frame.packet).unwrap_or_default();
        let is_elsewhere = from != Some(vantage.0) && to != Some(vantage.0);
        if frame.event.host != vantage && !(frame.is_sending && is_elsewhere) {
            return;
        }
        self.seen.push(Seen {
            at: frame.event.at,
            from,
            to,
            packet: Arc::clone(frame.packet),
            bytes: match self.keeps_payload {
                true => frame.bytes.clone(),
                false => Bytes::new(),
            },
            origins: frame.origins(),
            by_stack: frame.sending.is_some_and(|it| it.forged == Forged::No),
            expected: false,
        });
    }

    /// Forgets the first packets where there are many: no line of the script is about any.
    pub(super) fn forget(&mut self) {
        if self.seen.len() >= 2 * REMEMBERED {
            self.seen.drain(..self.seen.len() - REMEMBERED);
        }
    }

    /// The octets of memory that they take, about, beside what the log has too.
    pub(super) fn memory(&self) -> usize {
        self.seen.len() * SEEN_OCTETS
    }

    fn ends(&self, packet: &Packet) -> Option<(Option<usize>, Option<usize>)> {
        let (from, to) = (packet.from.ip()?, packet.to.ip()?);
        Some((self.host_of(from), self.host_of(to)))
    }

    /// A packet as a line of the script.
    pub(super) fn line(&self, seen: &Seen) -> String {
        self.line_from(seen, seen.origins)
    }

    /// A packet as a line of the script, whose numbers begin there.
    pub(super) fn line_from(&self, seen: &Seen, origins: Origins) -> String {
        let notation = Notation {
            names: &self.names,
            ports: Ports::Hidden,
        };
        let line = notation.line(&seen.packet, origins);
        format!("{} {line}", crate::capture::text::seconds(seen.at))
    }

    fn cursor(&mut self, pair: (usize, usize)) -> &mut usize {
        let place = match self.cursors.iter().position(|(known, _)| *known == pair) {
            Some(place) => place,
            None => {
                self.cursors.push((pair, 0));
                self.cursors.len() - 1
            }
        };
        &mut self.cursors[place].1
    }

    /// Finds the packet that a line stands for, among those between two hosts that are behind the
    /// packets of earlier lines, but for what `is_none_of_ours`. `differs` says in what one is
    /// another, and so does what is returned beside its place. What was `looked` at in vain is not
    /// looked at again.
    pub(super) fn find<D>(
        &mut self,
        pair: (usize, usize),
        (order, looked): (Order, &mut Looked),
        is_none_of_ours: impl Fn(&Seen) -> bool,
        differs: impl Fn(&Seen) -> Option<D>,
    ) -> Option<(usize, Option<D>)> {
        let cursor = *self.cursor(pair);
        let begin = cursor.max(looked.0);
        let way = |seen: &Seen| seen.from == Some(pair.0) && seen.to == Some(pair.1);
        let behind = self.seen.iter().enumerate().skip(begin);
        let ours = behind.filter(|(_, seen)| way(seen) && !is_none_of_ours(seen));
        let mut candidates = ours.peekable();
        if candidates.peek().is_none() {
            if begin == cursor {
                *self.cursor(pair) = self.seen.len();
            }
            return None;
        }
        let mut judged = candidates.map(|(index, seen)| (index, differs(seen)));
        let found = match order {
            Order::First => judged.find(|(_, difference)| difference.is_none()),
            Order::Next => judged.next(),
        };
        if found.is_none() {
            looked.0 = self.seen.len();
        }
        found
    }

    /// Lets a line stand for a packet, and later ones for those behind it.
    pub(super) fn take(&mut self, pair: (usize, usize), index: usize) {
        self.seen[index].expected = true;
        *self.cursor(pair) = index + 1;
    }

    /// The packets between two hosts in a span of time that no line has stood for yet.
    pub(super) fn between(
        &self,
        pair: (usize, usize),
        times: (Instant, Instant),
    ) -> impl Iterator<Item = &Seen> {
        self.seen.iter().filter(move |seen| {
            let way = seen.from == Some(pair.0) && seen.to == Some(pair.1);
            way && !seen.expected && times.0 <= seen.at && seen.at <= times.1
        })
    }

    /// What was seen between two hosts instead of what a line says: what no line has stood for
    /// since the last one that was found, nearest to `wanted` first.
    pub(super) fn instead(&mut self, pair: (usize, usize), wanted: Instant) -> Vec<String> {
        const SHOWN: usize = 3;
        let begin = *self.cursor(pair);
        let way = |seen: &&Seen| seen.from == Some(pair.0) && seen.to == Some(pair.1);
        let mut others: Vec<&Seen> = self.seen.iter().skip(begin).filter(way).collect();
        others.sort_by_key(|seen| {
            let apart = seen.at.total_micros() - wanted.total_micros();
            apart.abs()
        });
        others.truncate(SHOWN);
        others.sort_by_key(|seen| seen.at);
        others.into_iter().map(|seen| self.line(seen)).collect()
    }
}
