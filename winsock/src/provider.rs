//! The functions of the TCP/IP service provider that have a page of their own: the WSP* side of the
//! disconnect calls.
//!
//! A provider function returns its error through lpErrno. Here that is the `Err` of the result, and
//! nothing else is touched: WSAGetLastError belongs to Ws2_32.dll and keeps its value. A provider
//! knows nothing of WSAStartup either; a process that has not called it has no socket to give.

pub mod itot;

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use crate::api::check::Entrance;
use crate::api::{Pointer, Socket, Winsock};
use crate::error::WsaError;

impl Winsock {
    /// WSPRecvDisconnect: ends receiving and retrieves the peer's disconnect data. On the wire it
    /// does what the host's profile says; the page's own contract, under which data is accepted and
    /// not acknowledged, is the profile `wsprecvdisconnect`.
    ///
    /// # Errors
    /// WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAENOPROTOOPT for a buffer, because TCP and UDP
    /// have no disconnect data, WSAENOTCONN, WSAEFAULT for a bad pointer.
    pub fn wsp_recv_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        inbound_disconnect_data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        self.recv_disconnect(host, now, s, inbound_disconnect_data, Entrance::Provider)
    }

    /// WSPSendDisconnect: ends sending and sends disconnect data with the close.
    ///
    /// # Errors
    /// WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAENOPROTOOPT for any pointer that is not NULL,
    /// WSAENOTCONN.
    pub fn wsp_send_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        self.send_disconnect(host, now, s, outbound_disconnect_data, Entrance::Provider)
    }

    /// WSPShutdown: ends receiving, sending, or both. Its page, unlike that of WSPRecvDisconnect,
    /// says that a receive shutdown resets a connection whose data cannot be delivered.
    ///
    /// # Errors
    /// WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAEINVAL for an unknown `how`, WSAENOTCONN, and
    /// why the connection is gone.
    pub fn wsp_shutdown(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        how: i32,
    ) -> Result<(), WsaError> {
        self.end(host, now, s, how, Entrance::Provider)
    }
}
