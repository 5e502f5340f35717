//! The input of a trace: the hosts, the facts and the socket calls of a run.

use std::borrow::Cow;
use std::ops::Range;

use hangup_stack::event::Event;
use hangup_stack::network::{HostId, Network};
pub use hangup_stack::socket::SocketEnds;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress};

use crate::event_log::EventLog;
use crate::notation::Names;

/// Everything that a trace can show of a run.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// What was run and how it came out.
    pub summary: &'a TraceSummary,
    /// The hosts, in the order of the scenario.
    pub hosts: &'a [TraceHost],
    /// The facts of the run, in the order in which they were recorded.
    pub events: &'a EventLog,
    /// The socket calls of the run, in the order in which they happened.
    pub calls: &'a [CallRow],
    /// What did not hold, in the order in which that was seen.
    pub failures: &'a [FailedRow],
}

/// A part of a trace: as much of a run as is read at once. A run that goes on for long is read in
/// parts, so that nobody has to keep all of it.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// The trace, with the calls and the failures of this part alone.
    pub trace: Trace<'a>,
    /// The places of its facts. The log knows others, about the same frames.
    pub facts: Range<usize>,
    /// Whether nothing is before it.
    pub is_first: bool,
    /// Whether nothing is behind it.
    pub is_last: bool,
}

impl<'a> Part<'a> {
    /// All of a trace.
    pub fn whole(trace: &Trace<'a>) -> Self {
        Self {
            trace: *trace,
            facts: trace.events.places(),
            is_first: true,
            is_last: true,
        }
    }

    /// Whether it is all of the trace.
    pub(super) fn is_whole(&self) -> bool {
        self.is_first && self.is_last
    }

    /// Its facts.
    pub(super) fn events(&self) -> &'a [Event] {
        let begin = self.trace.events.places().start;
        let facts = self.facts.start - begin..self.facts.end - begin;
        &self.trace.events.as_slice()[facts]
    }
}

impl Trace<'_> {
    pub(super) fn host(&self, id: HostId) -> Option<&TraceHost> {
        self.hosts.iter().find(|host| host.id == id)
    }

    /// The name of a host's interface in a capture.
    pub(crate) fn host_name(&self, id: HostId) -> Option<Cow<'_, str>> {
        let host = self.host(id)?;
        Some(one_line(clip_name(&host.name)))
    }

    /// The hosts' names by all of their addresses.
    pub fn names(&self) -> Names {
        let names = self.hosts.iter().flat_map(|host| {
            host.addresses
                .iter()
                .map(|address| (*address, host.name.as_str()))
        });
        names.collect()
    }
}

/// What was run and how it came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceSummary {
    /// The scenario's name: its path below `scenarios/`, without extension.
    pub scenario: String,
    /// The sentence that the scenario proves.
    pub claim: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// `held`, `failed`.
    pub verdict: String,
    /// What failed, one line each.
    pub failures: Vec<String>,
}

impl TraceSummary {
    /// The lines that introduce a trace.
    pub(super) fn lines(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let head = [
            Cow::from(&self.scenario),
            Cow::from(&self.claim),
            Cow::from(format!("seed {}", self.seed)),
            Cow::from(&self.verdict),
        ];
        let head = head.into_iter().filter(|line| !line.is_empty());
        head.chain(self.failures.iter().map(Cow::from))
            .map(|line| match line {
                Cow::Borrowed(line) => one_line(line),
                Cow::Owned(line) => Cow::Owned(line),
            })
    }
}

/// A host as a trace names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceHost {
    /// Its number in the network.
    pub id: HostId,
    /// Its name in the scenario.
    pub name: String,
    /// What runs on it: the name of its profile, or `scripted`.
    pub system: String,
    /// Its IP addresses.
    pub addresses: Vec<IpAddress>,
    /// Its address on the link.
    pub ethernet: EthernetAddress,
}

impl TraceHost {
    /// The hosts of a network, in their order.
    pub fn all(network: &Network) -> Vec<Self> {
        let describe = |id| {
            let host = network.host(id);
            let profile = host.profile().map(|profile| profile.name.clone());
            Self {
                id,
                name: host.name().to_owned(),
                system: profile.unwrap_or_else(|| "scripted".to_owned()),
                addresses: host.addresses().to_vec(),
                ethernet: network.ethernet_address(id),
            }
        };
        network.host_ids().map(describe).collect()
    }
}

/// A socket call, as a row between the packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// When it was made, or, for one that blocked, when it returned.
    pub at: Instant,
    /// The host whose application called.
    pub host: HostId,
    /// How many facts had been recorded by then. It puts the call before the packets it caused.
    pub events_before: usize,
    /// Which way its arrow points.
    pub toward: Toward,
    /// The socket it was about, where there is one.
    pub socket: Option<SocketEnds>,
    /// The call and its result: `send(s=3, 8000 octets) = 8000`.
    pub text: String,
}

/// An expectation that did not hold, as a row between the packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRow {
    /// When that was seen.
    pub at: Instant,
    /// How many facts had been recorded by then.
    pub events_before: usize,
    /// What did not hold.
    pub text: String,
}

/// Which way something crosses the border between an application and the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// The application asks: the ordinary call.
    Stack,
    /// The stack delivers: data, a connection, or its end.
    Application,
}

/// The text with control characters, line ends among them, as spaces: rows and comments are lines.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.replace(char::is_control, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text cut to at most `octets` octets, with a mark where something is missing.
pub(super) fn clipped(text: &str, octets: usize) -> Cow<'_, str> {
    const MARK: &str = "...";
    if text.len() <= octets {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(octets.saturating_sub(MARK.len()));
    Cow::Owned(format!("{}{MARK}", &text[..end]))
}

/// The longest host name that is kept, in octets (RFC 1035 section 2.3.4).
const NAME_OCTETS_MAX: usize = 255;

/// A host's name as long as it may be.
pub(super) fn clip_name(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_OCTETS_MAX)]
}
