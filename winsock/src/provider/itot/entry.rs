//! The sockets of ISO transport, and the state of each.

use std::collections::{BTreeMap, VecDeque};

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;
use hangup_stack::smoltcp::wire::IpEndpoint;

use super::link::{Link, ListeningSocket};
use super::negotiate::Agreed;
use super::tpdu::Reference;
use super::user_data::UserData;
use crate::address::IsoAddress;
use crate::catalog::{ISOPROTO_TP0, ProtocolInfo};
use crate::error::WsaError;
use crate::notify::EventSelection;
use crate::options::Linger;
use crate::process::Socket;
use crate::provider::base::{Circuit, DirectionState, Mode};
use crate::provider::posted::{Queue, Receive};

/// What SO_RCVBUF and SO_SNDBUF of a new socket say, in octets.
pub(super) const BUFFER: usize = 65_536;

/// The ISO transport of one process.
#[derive(Debug, Default)]
pub struct Itot {
    pub(super) sockets: BTreeMap<Socket, Entry>,
    pub(super) links: BTreeMap<LinkId, Link>,
    pub(super) doors: Vec<ListeningSocket>,
    pub(super) next_link: u64,
    pub(super) next_reference: Reference,
}

/// A transport connection of the process, whoever has it. Never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkId(pub(super) u64);

/// What is known of a socket.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) info: ProtocolInfo,
    pub(super) mode: Mode,
    pub(super) linger: Linger,
    pub(super) bound: Option<IsoAddress>,
    pub(super) role: Role,
    pub(super) circuit: Circuit,
    /// Which directions this process has shut down.
    pub(super) receiving: DirectionState,
    pub(super) sending: DirectionState,
    pub(super) receive_buffer: usize,
    pub(super) send_buffer: usize,
    pub(super) user_data: UserData,
    pub(super) receives: Queue<Receive>,
    /// Messages.
    pub(super) sends: Queue<Vec<u8>>,
    /// How a connection attempt that nobody waits for has ended, until FD_CONNECT has told it.
    pub(super) attempt: Option<Attempt>,
    pub(super) selection: EventSelection,
}

/// What a socket is for.
#[derive(Debug)]
pub(super) enum Role {
    /// Nothing yet.
    Idle,
    /// Requests wait here.
    Listening {
        door: IpEndpoint,
        queue: VecDeque<LinkId>,
        backlog: usize,
    },
    /// It has a transport connection, or had one.
    Circuit(LinkId),
}

/// How a connection attempt has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// What the socket was when it began: a blocking call waits for it.
    pub(super) by: Mode,
    pub(super) result: Result<(), WsaError>,
}

impl Itot {
    /// A provider that was not started.
    pub fn new() -> Self {
        Self::default()
    }

    /// A socket and its transport connection.
    pub(super) fn circuit(&mut self, s: Socket) -> Option<(&mut Entry, &mut Link)> {
        let entry = self.sockets.get_mut(&s)?;
        let link = self.links.get_mut(&entry.link()?)?;
        Some((entry, link))
    }

    /// Hands to TCP what a call has left.
    pub(super) fn flush(&mut self, host: &mut Host, now: Instant, s: Socket) {
        if let Some((_, link)) = self.circuit(s) {
            link.go_on(host, now);
        }
    }
}

impl Entry {
    pub(super) fn new(info: ProtocolInfo) -> Self {
        Self {
            info,
            mode: Mode::Blocking,
            linger: Linger::default(),
            bound: None,
            role: Role::Idle,
            circuit: Circuit::Unconnected,
            receiving: DirectionState::Open,
            sending: DirectionState::Open,
            receive_buffer: BUFFER,
            send_buffer: BUFFER,
            user_data: UserData::default(),
            receives: Queue::default(),
            sends: Queue::default(),
            attempt: None,
            selection: EventSelection::default(),
        }
    }

    /// The class that its catalog entry is for.
    pub(super) const fn class(&self) -> Agreed {
        if self.info.protocol == ISOPROTO_TP0 {
            Agreed::Zero
        } else {
            Agreed::Two
        }
    }

    pub(super) const fn link(&self) -> Option<LinkId> {
        match self.role {
            Role::Circuit(id) => Some(id),
            Role::Idle | Role::Listening { .. } => None,
        }
    }

    pub(super) const fn queue_mut(&mut self) -> Option<&mut VecDeque<LinkId>> {
        match &mut self.role {
            Role::Listening { queue, .. } => Some(queue),
            Role::Idle | Role::Circuit(_) => None,
        }
    }
}
