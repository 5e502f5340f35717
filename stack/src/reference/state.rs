//! What is kept of a socket of smoltcp's own TCP.

use std::collections::VecDeque;

use smoltcp::iface::SocketHandle;

use crate::bound::Bound;

/// A socket of smoltcp's own TCP.
#[derive(Debug, Default)]
pub(crate) struct ReferenceSocket {
    pub(crate) bound: Option<Bound>,
    pub(super) role: Role,
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
