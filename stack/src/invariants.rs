//! Invariants of hosts and of the frames that they send, checked in debug builds: the tables of a
//! host agree, and nothing follows a reset. The invariants of a connection are in
//! `tcp::invariants`. A release build checks none of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::host::Stack;
use crate::network::HostId;
use crate::socket::SocketId;
use crate::table::{Kind, Tuple};
use crate::tcp::State;
use crate::wire;

impl Stack {
    /// The tables of a host agree: nothing is found that is not there, and nothing is there that
    /// cannot be found.
    pub(crate) fn check_tables(&self) {
        let entry = |id: &SocketId| self.entries.get(id);
        for (tuple, id) in &self.connections {
            assert!(entry(id).is_some(), "{tuple:?} leads to no socket");
        }
        for (port, id) in &self.claims {
            assert!(entry(id).is_some(), "port {port} belongs to no socket");
        }
        let mut children: BTreeMap<SocketId, usize> = BTreeMap::new();
        for (id, child) in self.entries.iter() {
            if let Kind::Connection(connection) = &child.kind {
                let tuple = Tuple::new(connection.local().port, connection.remote());
                let found = self.connections.get(&tuple) == Some(&id);
                let over = connection.state() == State::Closed;
                assert!(found || over, "{id:?} hears no segment any more");
                assert_eq!(child.deadline, connection.poll_at(), "{id:?} is due");
            }
            if let Some(parent) = child.parent {
                *children.entry(parent).or_default() += 1;
            }
        }
        for (id, parent) in self.entries.iter() {
            if let Kind::Listening(listening) = &parent.kind {
                let counted = children.get(&id).copied().unwrap_or(0);
                assert_eq!(listening.children, counted, "children of {id:?}");
                for child in &listening.ready {
                    let theirs = entry(child).and_then(|child| child.parent);
                    assert_eq!(theirs, Some(id), "{child:?} waits for accept");
                }
            }
        }
    }
}

/// The connections of a network that a reset has ended, as the wire has shown it.
#[derive(Debug, Default)]
pub(crate) struct Resets(BTreeSet<(HostId, SocketId)>);

impl Resets {
    /// A connection in `state`, or one that is gone, has sent a frame. Whatever follows the reset
    /// that ends a connection is another reset: the answer of a closed port.
    pub(crate) fn on_sent(
        &mut self,
        host: HostId,
        socket: SocketId,
        state: Option<State>,
        frame: &[u8],
    ) {
        let found = wire::segment_sent(frame).expect("connections send segments");
        let (segment, _) = found.parse().expect("what was emitted parses");
        let connection = (host, socket);
        assert!(
            segment.flags.rst || !self.0.contains(&connection),
            "{connection:?} sent after its reset: {segment:?}"
        );
        // A handshake may be answered with a reset of the segment alone, and go on.
        if segment.flags.rst && state.is_none_or(|state| state == State::Closed) {
            self.0.insert(connection);
        }
    }
}
