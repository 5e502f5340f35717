//! What is kept of a socket of smoltcp's own TCP.

use std::collections::VecDeque;

use smoltcp::iface::SocketHandle;

use crate::bound::Bound;
use crate::socket::SocketId;
use crate::tcp::State;

/// A socket of smoltcp's own TCP.
#[derive(Debug, Default)]
pub(crate) struct ReferenceSocket {
    pub(crate) bound: Option<Bound>,
    pub(super) role: Role,
    pub(super) told: Told,
}

/// The facts about a connection that were told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) state: State,
    /// How many octets wait to be read.
    pub(super) queued: usize,
}

impl Default for Told {
    fn default() -> Self {
        Self {
            state: State::Closed,
            queued: 0,
        }
    }
}

/// A connection that no socket of an application stands for any more.
#[derive(Debug)]
pub(crate) struct ReferenceOrphan {
    /// The socket that it was. None: it was never accepted.
    pub(super) id: Option<SocketId>,
    pub(super) handle: SocketHandle,
    pub(super) told: Told,
}

/// What the socket has become.
#[derive(Debug, Default)]
pub(super) enum Role {
    #[default]
    Idle,
    /// smoltcp's listening socket becomes the connection, so each one waits to be one.
    Listening(VecDeque<SocketHandle>),
    Connection {
        handle: SocketHandle,
        /// Whether the handshake has ever been finished.
        established: bool,
        /// Whether we have ended the send direction.
        finished: bool,
    },
}
