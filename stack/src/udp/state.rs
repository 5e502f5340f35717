//! What is kept of a datagram socket.

use smoltcp::iface::SocketHandle;
use smoltcp::wire::IpEndpoint;

use super::receive_buffer::ReceiveBuffer;
use crate::bound::Bound;
use crate::profile::UdpRules;
use crate::socket::Gone;

/// A datagram socket.
#[derive(Debug)]
pub(crate) struct UdpSocket {
    pub(super) handle: Option<SocketHandle>,
    pub(crate) bound: Option<Bound>,
    pub(super) peer: Option<IpEndpoint>,
    pub(super) receive_shut: bool,
    pub(super) send_shut: bool,
    pub(super) inbox: ReceiveBuffer,
    /// What the network said of a datagram that was sent, until a call has said so.
    pub(super) error: Option<Gone>,
}

impl UdpSocket {
    /// A socket without an address, whose application asked for a buffer of so many octets (none:
    /// the profile's).
    pub(crate) fn new(rules: &UdpRules, receive_buffer: Option<usize>) -> Self {
        Self {
            handle: None,
            bound: None,
            peer: None,
            receive_shut: false,
            send_shut: false,
            inbox: ReceiveBuffer::new(rules, receive_buffer),
            error: None,
        }
    }

    /// Takes the pending error.
    pub(crate) fn take_error(&mut self) -> Option<Gone> {
        self.error.take()
    }

    /// Gives the socket another buffer.
    pub(crate) fn resize(&mut self, octets: usize) {
        self.inbox.resize(octets);
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.bound.is_some()
    }
}
