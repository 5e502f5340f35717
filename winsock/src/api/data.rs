//! send, WSASend, sendto, recv, WSARecv, recvfrom, WSAGetOverlappedResult.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use super::winsock::{SocketCall, Winsock};
use crate::address::Address;
use crate::error::WsaError;
use crate::event::EventHandle;
pub use crate::flags::{
    MSG_DONTROUTE, MSG_OOB, MSG_PARTIAL, MSG_PEEK, MSG_PUSH_IMMEDIATE, MSG_WAITALL,
};
use crate::function::Function;
use crate::overlapped::{Overlap, Overlapped, Transferred};
use crate::process::{Progress, Socket};
use crate::provider::call::{Received, Wait};

impl Winsock {
    /// send: queues octets for sending. A blocking socket waits until all are queued; a
    /// non-blocking one takes as many as fit.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown flag, WSAEOPNOTSUPP for MSG_OOB, WSAENOTCONN,
    /// WSAESHUTDOWN after SD_SEND, WSAEWOULDBLOCK, WSAEMSGSIZE, WSAEHOSTUNREACH, and why the
    /// connection is gone: WSAECONNRESET, WSAECONNABORTED, WSAETIMEDOUT.
    pub fn send(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &[u8],
        flags: i32,
    ) -> Progress<usize> {
        self.through(
            host,
            now,
            SocketCall::api(Function::Send, s),
            |it, context| it.send(context, s, &[buffer], flags, None),
        )
    }

    /// WSASend: as [`Winsock::send`], from several buffers. With an overlapped structure the call
    /// returns at once, with WSA_IO_PENDING where the operation goes on.
    ///
    /// # Errors
    /// As [`Winsock::send`]; WSA_IO_PENDING; WSAEINVAL without a buffer.
    pub fn wsa_send(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffers: &[&[u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Progress<usize> {
        self.through(
            host,
            now,
            SocketCall::api(Function::WsaSend, s),
            |it, context| it.send(context, s, buffers, flags, overlap),
        )
    }

    /// sendto: sends a datagram to an address. On a connection-oriented socket, and without an
    /// address, it is `send`.
    ///
    /// # Errors
    /// As [`Winsock::send`], and WSAEDESTADDRREQ, WSAEAFNOSUPPORT, WSAEADDRNOTAVAIL.
    pub fn sendto(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &[u8],
        flags: i32,
        to: Option<impl Into<Address>>,
    ) -> Progress<usize> {
        let to = to.map(Into::into);
        self.through(
            host,
            now,
            SocketCall::api(Function::SendTo, s),
            |it, context| it.send_to(context, s, &[buffer], flags, to.as_ref(), None),
        )
    }

    /// recv: reads octets; 0 is the peer's graceful close, again and again.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown flag, for an empty buffer on a byte stream and on
    /// an unbound datagram socket, WSAEOPNOTSUPP for MSG_OOB, for MSG_WAITALL on a socket that does
    /// not block, of messages, or with another flag, WSAENOTCONN,
    /// WSAESHUTDOWN after a receive shutdown (whatever the peer did), WSAEWOULDBLOCK, WSAEMSGSIZE
    /// for a datagram that was longer than the buffer, WSAEDISCON where the peer of a
    /// message-oriented socket has closed, and why the connection is gone.
    pub fn recv(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<usize> {
        self.through(
            host,
            now,
            SocketCall::api(Function::Recv, s),
            |it, context| it.recv(context, s, &mut [buffer], flags, None),
        )
        .map(|received| received.octets)
    }

    /// WSARecv: as [`Winsock::recv`], into several buffers. With an overlapped structure the call
    /// returns at once, with WSA_IO_PENDING where nothing can be read yet; the buffers then only
    /// say how much is wanted, and [`Transferred::data`] has what arrived.
    ///
    /// # Errors
    /// As [`Winsock::recv`]; WSA_IO_PENDING; WSAEINVAL without a buffer.
    pub fn wsa_recv(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffers: &mut [&mut [u8]],
        flags: i32,
        overlap: Option<Overlap>,
    ) -> Progress<Received> {
        self.through(
            host,
            now,
            SocketCall::api(Function::WsaRecv, s),
            |it, context| it.recv(context, s, buffers, flags, overlap),
        )
    }

    /// recvfrom: as `recv`, and says who sent the datagram. On a connection-oriented socket, and
    /// with MSG_PEEK, no address is given.
    ///
    /// # Errors
    /// As [`Winsock::recv`].
    pub fn recvfrom(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        buffer: &mut [u8],
        flags: i32,
    ) -> Progress<(usize, Option<Address>)> {
        self.through(
            host,
            now,
            SocketCall::api(Function::RecvFrom, s),
            |it, context| it.recv_from(context, s, &mut [buffer], flags, None),
        )
        .map(|received| (received.octets, received.from))
    }

    /// Sets hEvent of a WSAOVERLAPPED structure, before it is used: the event object is set when
    /// the operation has ended. (A program stores it in its own memory; no function of Winsock.)
    ///
    /// # Errors
    /// WSAEINVAL while an operation uses the structure, WSAENOBUFS where there are too many.
    pub fn set_overlapped_event(
        &mut self,
        overlapped: Overlapped,
        event: Option<EventHandle>,
    ) -> Result<(), WsaError> {
        self.upcalls.set_overlapped_event(overlapped, event)
    }

    /// WSAGetOverlappedResult: how an overlapped operation has ended; with [`Wait::Yes`], once it
    /// has.
    ///
    /// # Errors
    /// The common ones, WSA_IO_INCOMPLETE, WSAEINVAL for an operation that was not begun on the
    /// socket, and the error that the operation has ended with, such as WSA_OPERATION_ABORTED.
    pub fn wsa_get_overlapped_result(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        overlapped: Overlapped,
        wait: Wait,
    ) -> Progress<Transferred> {
        let call = SocketCall::api(Function::GetOverlappedResult, s);
        self.through(host, now, call, |it, context| {
            it.get_overlapped_result(context, s, overlapped, wait)
        })
    }

    /// CancelIoEx, of Windows itself: ends the overlapped operations of a socket that wait, or one
    /// of them, with WSA_OPERATION_ABORTED. Octets that an overlapped send has handed over already
    /// still go out. The error is the thread's last one (GetLastError, which WSAGetLastError is).
    ///
    /// # Errors
    /// WSA_INVALID_HANDLE for what is no socket, or one of a provider without file handles,
    /// ERROR_NOT_FOUND where nothing waits.
    pub fn cancel_io_ex(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        overlapped: Option<Overlapped>,
    ) -> Result<(), WsaError> {
        let result = match self.route(s) {
            None => Err(WsaError::InvalidHandle),
            Some(index) => {
                let (provider, mut context) = self.provider(index, host, now, None);
                provider.cancel_operations(&mut context, s, overlapped)
            }
        };
        self.report(result)
    }

    /// Gives a WSAOVERLAPPED structure back whose operation has ended: its result and its event
    /// object are forgotten. (A program frees its memory; no function of Winsock.)
    ///
    /// # Errors
    /// WSAEINVAL while an operation uses the structure.
    pub fn forget_overlapped(&mut self, overlapped: Overlapped) -> Result<(), WsaError> {
        self.upcalls.forget(overlapped)
    }
}
