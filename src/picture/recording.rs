//! A recording: what a picture is drawn from, whether it was read from a run or from a file.

use smoltcp::time::Instant;
use smoltcp::wire::{IpAddress, IpEndpoint};
use std::sync::Arc;

use super::remark::{Again, Remark};
use crate::capture::{SocketEnds, Toward};
use crate::notation::Origins;
use crate::wire::{NodeAddress, Packet};

/// Hosts, and what happened at them and between them, in its order.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// What was recorded: the name of a scenario or of a file.
    pub name: String,
    /// The sentence that it shows; empty where nothing claims any.
    pub claim: String,
    /// `held` or `failed`; empty where nothing was judged.
    pub verdict: String,
    /// What failed, one line each.
    pub failures: Vec<String>,
    /// The hosts.
    pub hosts: Vec<Host>,
    /// The host whose clock the times are of.
    pub vantage: Option<usize>,
    /// What happened.
    pub items: Vec<Item>,
    /// Packets that were left out, because there were more than a picture takes.
    pub left_out: u64,
}

/// A host of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its name, or its address where none is known.
    pub name: String,
    /// What runs on it; empty where that is not known.
    pub system: String,
    /// Where it is found.
    pub addresses: Vec<NodeAddress>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Item {
    /// When, at the vantage point.
    pub at: Instant,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A frame was on the wire.
    Frame(Frame),
    /// An application and its host spoke.
    Call(Call),
    /// An expectation failed.
    Failure(String),
}

/// A frame on the wire.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The host that sent it, by its place.
    pub from: usize,
    /// The host that it is for.
    pub to: usize,
    /// What it is.
    pub packet: Arc<Packet>,
    /// Where its sequence numbers begin.
    pub origins: Origins,
    /// When it was sent. None: nobody has seen that.
    pub sent_at: Option<Instant>,
    /// When it arrived. None: it never did, or nobody has seen that.
    pub arrived_at: Option<Instant>,
    /// What is said of it.
    pub remarks: Vec<Remark>,
}

impl Frame {
    /// Why it was sent again, as far as a remark says it.
    pub fn again(&self) -> Option<Again> {
        self.remarks.iter().find_map(|remark| {
            let Remark::Again(again) = remark else {
                return None;
            };
            Some(*again)
        })
    }

    /// How many octets are held with those that it brought; none where they are not held.
    pub fn held(&self) -> Option<i64> {
        self.remarks.iter().find_map(|remark| {
            let Remark::Held { total, .. } = remark else {
                return None;
            };
            Some(*total)
        })
    }

    /// Why the link lost it; none where it did not.
    pub fn lost(&self) -> Option<&str> {
        self.remarks.iter().find_map(|remark| {
            let Remark::Lost(why) = remark else {
                return None;
            };
            Some(why.as_str())
        })
    }
}

/// Something that passed between an application and its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The host, by its place.
    pub host: usize,
    /// Which way its arrow points.
    pub toward: Toward,
    /// The socket that it was about.
    pub socket: Option<SocketEnds>,
    /// The call and its result.
    pub text: String,
}

/// The calls that set sockets up, of which little is to be told where they succeed.
const SETUP: [&str; 6] = [
    "WSAStartup",
    "WSACleanup",
    "socket",
    "WSASocket",
    "bind",
    "listen",
];

impl Call {
    /// Its name, or the words that stand for one.
    pub fn name(&self) -> &str {
        let end = self.text.find(['(', ',']).unwrap_or(self.text.len());
        &self.text[..end]
    }

    /// Whether it failed, or says that something has ended badly.
    pub fn is_error(&self) -> bool {
        let signs = [
            "= -1 ",
            "SOCKET_ERROR",
            "INVALID_SOCKET",
            "TIMED OUT",
            "= FALSE",
        ];
        signs.iter().any(|sign| self.text.contains(sign))
    }

    /// Whether it only sets a socket up, and succeeds.
    pub fn is_setup(&self) -> bool {
        SETUP.contains(&self.name()) && !self.is_error()
    }
}

impl Recording {
    /// The place of the host that is found at an address; a new one where there is none.
    pub(super) fn host_at(&mut self, address: NodeAddress) -> usize {
        let known = |host: &Host| host.addresses.contains(&address);
        self.hosts.iter().position(known).unwrap_or_else(|| {
            self.hosts.push(Host {
                name: address.to_string(),
                system: String::new(),
                addresses: vec![address],
            });
            self.hosts.len() - 1
        })
    }

    /// The name of the host of an address.
    fn name_of(&self, address: IpAddress) -> String {
        let address = NodeAddress::Ip(address);
        let host = self.hosts.iter().find(|it| it.addresses.contains(&address));
        host.map_or_else(|| address.to_string(), |host| host.name.clone())
    }

    /// An endpoint by the name of its host: `client:40000`.
    pub fn endpoint(&self, end: IpEndpoint) -> String {
        format!("{}:{}", self.name_of(end.addr), end.port)
    }

    /// The time of the last thing that happened.
    pub fn end(&self) -> Instant {
        self.items.last().map_or(Instant::ZERO, |item| item.at)
    }
}
