//! How a process ends a connection: shutdown, WSARecvDisconnect, WSASendDisconnect, closesocket,
//! and the provider's functions of the same purpose.
//!
//! None of the first three closes the socket, frees anything or waits, whatever SO_LINGER says.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use super::winsock::{SocketCall, Winsock};
use crate::address::{AF_INET, AF_INET6};
use crate::catalog::XP1_DISCONNECT_DATA;
use crate::error::WsaError;
pub use crate::flags::{SD_BOTH, SD_RECEIVE, SD_SEND, TF_DISCONNECT, TF_REUSE_SOCKET};
use crate::function::Function;
use crate::overlapped::Overlap;
use crate::process::{Pointer, Progress, Socket};
use crate::provider::call::Leaving;

impl Winsock {
    /// shutdown: ends receiving, sending, or both. On the wire a receive shutdown does what the
    /// host's profile says. Sockets that are not connection-oriented need no peer for it.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAEINVAL for an unknown `how`,
    /// WSAENOTCONN; WSAECONNRESET, WSAECONNABORTED or WSAETIMEDOUT where the connection is gone.
    pub fn shutdown(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        how: i32,
    ) -> Result<(), WsaError> {
        self.at_once(
            host,
            now,
            SocketCall::api(Function::Shutdown, s),
            |it, context| it.shutdown(context, s, how),
        )
    }

    /// DisconnectEx: ends sending, as shutdown(SD_SEND) does, and waits, as a call or as an
    /// overlapped operation, until the peer has acknowledged the FIN. With [`TF_REUSE_SOCKET`] it
    /// waits until the connection is over, TIME-WAIT included, and the socket can be used again: by
    /// ConnectEx from the same address, or by AcceptEx where it had been accepted. (The page says
    /// that TIME-WAIT may delay the call, and of the other case nothing: that is our choice.)
    ///
    /// # Errors
    /// The common ones, WSA_IO_PENDING, WSAEINVAL for another flag, WSAEOPNOTSUPP for a datagram
    /// socket, WSAENOTCONN, and why the connection is gone.
    pub fn disconnect_ex(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        flags: u32,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        let leaving = match flags {
            0 => Some(Leaving::Ends),
            TF_REUSE_SOCKET => Some(Leaving::Reuses),
            _ => None,
        };
        let call = SocketCall::api(Function::DisconnectEx, s);
        self.through(host, now, call, |it, context| match leaving {
            Some(leaving) => it.send_and_leave(context, s, &[], leaving, overlap),
            None => Err(WsaError::Invalid).into(),
        })
    }

    /// TransmitFile: sends what is in a file, here so many octets of memory. With [`TF_DISCONNECT`]
    /// the FIN follows behind them, and the call does not wait for anything more; with
    /// [`TF_REUSE_SOCKET`] beside it, it waits as [`Winsock::disconnect_ex`] does.
    ///
    /// # Errors
    /// As [`Winsock::disconnect_ex`]; WSAEINVAL also for TF_REUSE_SOCKET alone, WSAESHUTDOWN.
    pub fn transmit_file(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        data: &[u8],
        flags: u32,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        const BOTH: u32 = TF_DISCONNECT | TF_REUSE_SOCKET;
        let leaving = match flags {
            0 => Some(Leaving::Stays),
            TF_DISCONNECT => Some(Leaving::Goes),
            BOTH => Some(Leaving::Reuses),
            _ => None,
        };
        let call = SocketCall::api(Function::TransmitFile, s);
        self.through(host, now, call, |it, context| match leaving {
            Some(leaving) => it.send_and_leave(context, s, data, leaving, overlap),
            None => Err(WsaError::Invalid).into(),
        })
    }

    /// WSARecvDisconnect: ends receiving, as shutdown(SD_RECEIVE) does, and retrieves the peer's
    /// disconnect data.
    ///
    /// TCP and UDP have no disconnect data. The page frees their implementations from returning
    /// WSAENOPROTOOPT, so that their providers are asked without a buffer, and the caller's comes
    /// back empty.
    ///
    /// After the connection has ended the call still succeeds: the page tells applications to learn
    /// of the end first (from WSAECONNRESET, for one) and to call it then.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAENOPROTOOPT for a buffer
    /// where another protocol has no disconnect data, WSAENOTCONN for a connection-oriented socket
    /// that never was connected, WSAEFAULT for a bad pointer or a buffer that is too small.
    pub fn wsa_recv_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        inbound_disconnect_data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        let call = SocketCall::api(Function::RecvDisconnect, s);
        match inbound_disconnect_data {
            Pointer::To(buffer) if self.has_no_disconnect_data(s) => {
                self.at_once(host, now, call, |it, context| {
                    it.recv_disconnect(context, s, Pointer::Null)
                })?;
                buffer.clear();
                Ok(())
            }
            data @ (Pointer::Null | Pointer::To(_) | Pointer::Bad) => {
                self.at_once(host, now, call, |it, context| {
                    it.recv_disconnect(context, s, data)
                })
            }
        }
    }

    /// Whether a socket is of TCP/IP and the page of WSARecvDisconnect has a word for it.
    fn has_no_disconnect_data(&self, s: Socket) -> bool {
        let entry = self.upcalls.entry_of(s);
        let info = entry.and_then(|entry| self.catalog.entry(entry));
        info.is_some_and(|info| {
            [AF_INET, AF_INET6].contains(&info.family) && !info.has(XP1_DISCONNECT_DATA)
        })
    }

    /// WSASendDisconnect: ends sending, as shutdown(SD_SEND) does, and sends disconnect data with
    /// the close.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAENOPROTOOPT for any pointer
    /// that is not NULL where the protocol has no disconnect data, WSAENOTCONN, WSAEFAULT for a bad
    /// pointer.
    pub fn wsa_send_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        let call = SocketCall::api(Function::SendDisconnect, s);
        self.at_once(host, now, call, |it, context| {
            it.send_disconnect(context, s, outbound_disconnect_data)
        })
    }

    /// closesocket: gives the socket back. SO_LINGER decides how the connection ends:
    ///
    /// | l_onoff | l_linger | socket | connection | this call |
    /// |---|---|---|---|---|
    /// | 0 (default) | any | any | closed gracefully in the background | returns |
    /// | not 0 | 0 | any | reset, unsent data is lost | returns |
    /// | not 0 | not 0 | blocking | closed gracefully, reset if the time runs out | waits |
    /// | not 0 | not 0 | non-blocking | goes on, nothing is begun | WSAEWOULDBLOCK |
    ///
    /// In the last row the socket stays valid. The call succeeds once there is nothing to wait for:
    /// after SO_DONTLINGER or a time of zero, or when a shutdown of the send direction has run its
    /// course (page of WSPCloseSocket).
    ///
    /// Overlapped operations that are not finished end with WSA_OPERATION_ABORTED, and calls that
    /// wait in other threads with WSAEINTR.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK, WSAENETDOWN, WSAEWOULDBLOCK, WSAEINTR.
    pub fn closesocket(&mut self, host: &mut Host, now: Instant, s: Socket) -> Progress<()> {
        let call = SocketCall::api(Function::CloseSocket, s);
        self.through(host, now, call, |it, context| it.close_socket(context, s))
    }

    /// WSPRecvDisconnect: ends receiving and retrieves the peer's disconnect data. On the wire it
    /// does what the host's profile says; the page's own contract, under which data is accepted and
    /// not acknowledged, is the profile `wsprecvdisconnect`.
    ///
    /// # Errors
    /// Returned as lpErrno, with the last error left alone: WSAEINPROGRESS, WSAENOTSOCK,
    /// WSAENETDOWN, WSAENOPROTOOPT for a buffer where the protocol has no disconnect data,
    /// WSAENOTCONN, WSAEFAULT for a bad pointer or a buffer that is too small.
    pub fn wsp_recv_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        inbound_disconnect_data: Pointer<&mut Vec<u8>>,
    ) -> Result<(), WsaError> {
        let call = SocketCall::provider(Function::WspRecvDisconnect, s);
        self.at_once(host, now, call, |it, context| {
            it.recv_disconnect(context, s, inbound_disconnect_data)
        })
    }

    /// WSPSendDisconnect: ends sending and sends disconnect data with the close.
    ///
    /// # Errors
    /// Returned as lpErrno, with the last error left alone: WSAEINPROGRESS, WSAENOTSOCK,
    /// WSAENETDOWN, WSAENOPROTOOPT for any pointer that is not NULL where the protocol has no
    /// disconnect data, WSAENOTCONN.
    pub fn wsp_send_disconnect(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        outbound_disconnect_data: Pointer<&[u8]>,
    ) -> Result<(), WsaError> {
        let call = SocketCall::provider(Function::WspSendDisconnect, s);
        self.at_once(host, now, call, |it, context| {
            it.send_disconnect(context, s, outbound_disconnect_data)
        })
    }

    /// WSPShutdown: ends receiving, sending, or both. Its page, unlike that of WSPRecvDisconnect,
    /// says that a receive shutdown resets a connection whose data cannot be delivered.
    ///
    /// # Errors
    /// Returned as lpErrno, with the last error left alone: WSAEINPROGRESS, WSAENOTSOCK,
    /// WSAENETDOWN, WSAEINVAL for an unknown `how`, WSAENOTCONN, and why the connection is gone.
    pub fn wsp_shutdown(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        how: i32,
    ) -> Result<(), WsaError> {
        let call = SocketCall::provider(Function::WspShutdown, s);
        self.at_once(host, now, call, |it, context| it.shutdown(context, s, how))
    }
}
