//! The error codes of Winsock, and the one mapping from the stack's errors.
//!
//! Numbers and names are those of winsock2.h (page "Windows Sockets Error Codes"). The mapping is
//! the only place where a reason of the stack becomes a code of Winsock, so that no two calls can
//! disagree.

use hangup_stack::socket::{
    AcceptError, BindError, ConnectError, Gone, ListenError, RecvError, SendError, ShutdownError,
};

/// Defines the enum, its numbers, its names and the list of all of them from one table.
macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $name:literal,)*) => {
        /// An error code of Winsock.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum WsaError {
            $($(#[$doc])* $variant,)*
        }

        impl WsaError {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number, as `WSAGetLastError` returns it.
            pub const fn code(self) -> i32 {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The name in winsock2.h: `WSAENOTCONN`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

errors! {
    /// The event handle is not valid.
    InvalidHandle = 6 "WSA_INVALID_HANDLE",
    /// There is no memory for an event or an overlapped operation.
    NotEnoughMemory = 8 "WSA_NOT_ENOUGH_MEMORY",
    /// An argument of a function that Windows carries out itself is not valid.
    InvalidParameter = 87 "WSA_INVALID_PARAMETER",
    /// The overlapped operation was cancelled, as by closing its socket.
    OperationAborted = 995 "WSA_OPERATION_ABORTED",
    /// The overlapped operation is not finished, and the caller did not want to wait.
    IoIncomplete = 996 "WSA_IO_INCOMPLETE",
    /// The overlapped operation has begun and will say when it is finished.
    IoPending = 997 "WSA_IO_PENDING",
    /// There is no such operation to cancel (an error of Windows itself, from CancelIoEx).
    NotFound = 1168 "ERROR_NOT_FOUND",
    /// A blocking call was cancelled.
    Interrupted = 10004 "WSAEINTR",
    /// The connection was refused by the condition function, or the address needs a right that the
    /// process does not have.
    AccessDenied = 10013 "WSAEACCES",
    /// A pointer is not valid, or the buffer behind it is too small.
    Fault = 10014 "WSAEFAULT",
    /// An argument is not valid, or the socket is in the wrong state for the call.
    Invalid = 10022 "WSAEINVAL",
    /// The process has no more sockets to give.
    TooManySockets = 10024 "WSAEMFILE",
    /// The socket is non-blocking and the call would wait.
    WouldBlock = 10035 "WSAEWOULDBLOCK",
    /// A blocking call of a Winsock 1.1 process is outstanding.
    InProgress = 10036 "WSAEINPROGRESS",
    /// A non-blocking `connect` is not finished.
    Already = 10037 "WSAEALREADY",
    /// The descriptor is not a socket.
    NotSocket = 10038 "WSAENOTSOCK",
    /// The call needs a destination address.
    DestinationRequired = 10039 "WSAEDESTADDRREQ",
    /// A datagram is longer than the protocol or the buffer allows.
    MessageSize = 10040 "WSAEMSGSIZE",
    /// The protocol does not go with the socket type.
    PrototypeMismatch = 10041 "WSAEPROTOTYPE",
    /// The option, or disconnect data, is not known to the protocol.
    NoProtocolOption = 10042 "WSAENOPROTOOPT",
    /// The protocol is not supported.
    ProtocolNotSupported = 10043 "WSAEPROTONOSUPPORT",
    /// The socket type is not supported.
    SocketTypeNotSupported = 10044 "WSAESOCKTNOSUPPORT",
    /// The call is not supported for this kind of socket.
    OperationNotSupported = 10045 "WSAEOPNOTSUPP",
    /// The protocol family is not supported.
    ProtocolFamilyNotSupported = 10046 "WSAEPFNOSUPPORT",
    /// The address family is not supported, or is not the socket's.
    AddressFamilyNotSupported = 10047 "WSAEAFNOSUPPORT",
    /// The address is in use.
    AddressInUse = 10048 "WSAEADDRINUSE",
    /// The address is not one that can be used here.
    AddressNotAvailable = 10049 "WSAEADDRNOTAVAIL",
    /// The network subsystem has failed.
    NetworkDown = 10050 "WSAENETDOWN",
    /// There is no route to the network.
    NetworkUnreachable = 10051 "WSAENETUNREACH",
    /// The connection was broken by keep-alive.
    NetworkReset = 10052 "WSAENETRESET",
    /// The connection was ended by this side.
    ConnectionAborted = 10053 "WSAECONNABORTED",
    /// The connection was reset by the peer.
    ConnectionReset = 10054 "WSAECONNRESET",
    /// A buffer, or what the provider has to keep, is too small or used up.
    NoBuffers = 10055 "WSAENOBUFS",
    /// The socket is connected already.
    IsConnected = 10056 "WSAEISCONN",
    /// The socket is not connected.
    NotConnected = 10057 "WSAENOTCONN",
    /// The socket was shut down in the direction of the call.
    Shutdown = 10058 "WSAESHUTDOWN",
    /// The peer did not answer in time.
    TimedOut = 10060 "WSAETIMEDOUT",
    /// The peer refused the connection.
    ConnectionRefused = 10061 "WSAECONNREFUSED",
    /// The host is down.
    HostDown = 10064 "WSAEHOSTDOWN",
    /// There is no route to the host.
    HostUnreachable = 10065 "WSAEHOSTUNREACH",
    /// Too many processes use Winsock.
    ProcessLimit = 10067 "WSAEPROCLIM",
    /// The network subsystem is not ready when the process starts.
    SystemNotReady = 10091 "WSASYSNOTREADY",
    /// The requested version of Winsock is not available.
    VersionNotSupported = 10092 "WSAVERNOTSUPPORTED",
    /// `WSAStartup` was not called.
    NotInitialised = 10093 "WSANOTINITIALISED",
    /// The peer of a message-oriented socket has closed gracefully.
    Disconnecting = 10101 "WSAEDISCON",
    /// The provider's procedure table is not valid.
    InvalidProcedureTable = 10104 "WSAEINVALIDPROCTABLE",
    /// The provider speaks no version that Ws2_32.dll understands.
    InvalidProvider = 10105 "WSAEINVALIDPROVIDER",
    /// The provider could not be loaded, or its WSPStartup failed.
    ProviderFailedInit = 10106 "WSAEPROVIDERFAILEDINIT",
    /// A call that should never fail has failed.
    SystemCallFailure = 10107 "WSASYSCALLFAILURE",
    /// The condition function could not decide yet: try again.
    TryAgain = 11002 "WSATRY_AGAIN",
}

impl WsaError {
    /// The error with a number, where there is one.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.code() == code)
    }
}

impl std::fmt::Display for WsaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())
    }
}

impl std::error::Error for WsaError {}

impl From<BindError> for WsaError {
    fn from(error: BindError) -> Self {
        match error {
            BindError::AlreadyBound => Self::Invalid,
            BindError::InUse => Self::AddressInUse,
            BindError::NotAvailable => Self::AddressNotAvailable,
        }
    }
}

impl From<ListenError> for WsaError {
    fn from(error: ListenError) -> Self {
        match error {
            ListenError::NotBound => Self::Invalid,
            ListenError::Connected => Self::IsConnected,
            ListenError::Unsupported => Self::OperationNotSupported,
        }
    }
}

impl From<AcceptError> for WsaError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::WouldBlock => Self::WouldBlock,
            AcceptError::Aborted => Self::ConnectionAborted,
            AcceptError::NotListening => Self::Invalid,
            AcceptError::Unsupported => Self::OperationNotSupported,
        }
    }
}

impl From<ConnectError> for WsaError {
    fn from(error: ConnectError) -> Self {
        match error {
            // connect: on a non-blocking socket the first call says that the attempt cannot be
            // completed at once, the later ones that it is not finished.
            ConnectError::InProgress => Self::WouldBlock,
            ConnectError::AlreadyInProgress => Self::Already,
            ConnectError::AlreadyConnected => Self::IsConnected,
            ConnectError::Listening => Self::Invalid,
            ConnectError::Unreachable => Self::NetworkUnreachable,
            ConnectError::Spent => Self::Invalid,
            ConnectError::NotConnected => Self::NotConnected,
            ConnectError::Gone(gone) => gone.into(),
        }
    }
}

impl From<SendError> for WsaError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::WouldBlock => Self::WouldBlock,
            SendError::NotConnected => Self::NotConnected,
            SendError::InProgress => Self::InProgress,
            SendError::Shutdown => Self::Shutdown,
            SendError::MessageTooLong => Self::MessageSize,
            SendError::NoDestination => Self::DestinationRequired,
            SendError::Unreachable => Self::HostUnreachable,
            SendError::Gone(gone) => gone.into(),
        }
    }
}

impl From<RecvError> for WsaError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::WouldBlock => Self::WouldBlock,
            RecvError::NotConnected => Self::NotConnected,
            // recv: "not bound" is an invalid state, which has no code of its own.
            RecvError::NotBound => Self::Invalid,
            RecvError::Shutdown => Self::Shutdown,
            RecvError::Truncated(_) => Self::MessageSize,
            RecvError::Gone(gone) => gone.into(),
        }
    }
}

impl From<ShutdownError> for WsaError {
    fn from(error: ShutdownError) -> Self {
        match error {
            ShutdownError::NotConnected => Self::NotConnected,
            ShutdownError::Unsupported => Self::OperationNotSupported,
        }
    }
}

impl From<Gone> for WsaError {
    fn from(gone: Gone) -> Self {
        match gone {
            // No profile of Windows has a reset of which only sends learn.
            Gone::Reset | Gone::BrokenPipe => Self::ConnectionReset,
            Gone::Aborted => Self::ConnectionAborted,
            Gone::TimedOut => Self::TimedOut,
            Gone::Refused => Self::ConnectionRefused,
            Gone::NetworkUnreachable => Self::NetworkUnreachable,
            Gone::HostUnreachable => Self::HostUnreachable,
            // No page names this case; the code is the one whose POSIX namesake Linux returns.
            Gone::ProtocolUnreachable => Self::NoProtocolOption,
            // recvfrom: "for a datagram socket, this error indicates that the time to live has
            // expired".
            Gone::Expired => Self::NetworkReset,
            // Nor this one: the connection is one that this side has given up.
            Gone::ProtocolError => Self::ConnectionAborted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every variant of every error enum of the stack, and the code it must become.
    #[test]
    fn the_mapping() {
        let table: &[(WsaError, i32)] = &[
            (BindError::AlreadyBound.into(), 10022),
            (BindError::InUse.into(), 10048),
            (BindError::NotAvailable.into(), 10049),
            (ListenError::NotBound.into(), 10022),
            (ListenError::Connected.into(), 10056),
            (ListenError::Unsupported.into(), 10045),
            (AcceptError::WouldBlock.into(), 10035),
            (AcceptError::Aborted.into(), 10053),
            (AcceptError::NotListening.into(), 10022),
            (AcceptError::Unsupported.into(), 10045),
            (ConnectError::InProgress.into(), 10035),
            (ConnectError::AlreadyInProgress.into(), 10037),
            (ConnectError::AlreadyConnected.into(), 10056),
            (ConnectError::Listening.into(), 10022),
            (ConnectError::Unreachable.into(), 10051),
            (ConnectError::Gone(Gone::Refused).into(), 10061),
            (SendError::WouldBlock.into(), 10035),
            (SendError::NotConnected.into(), 10057),
            (SendError::Shutdown.into(), 10058),
            (SendError::MessageTooLong.into(), 10040),
            (SendError::NoDestination.into(), 10039),
            (SendError::Unreachable.into(), 10065),
            (SendError::Gone(Gone::Reset).into(), 10054),
            (RecvError::WouldBlock.into(), 10035),
            (RecvError::NotConnected.into(), 10057),
            (RecvError::NotBound.into(), 10022),
            (RecvError::Shutdown.into(), 10058),
            (RecvError::Truncated(9).into(), 10040),
            (RecvError::Gone(Gone::Aborted).into(), 10053),
            (ShutdownError::NotConnected.into(), 10057),
            (ShutdownError::Unsupported.into(), 10045),
            (Gone::Reset.into(), 10054),
            (Gone::Aborted.into(), 10053),
            (Gone::TimedOut.into(), 10060),
            (Gone::Refused.into(), 10061),
            (Gone::NetworkUnreachable.into(), 10051),
            (Gone::HostUnreachable.into(), 10065),
            (Gone::ProtocolUnreachable.into(), 10042),
            (Gone::Expired.into(), 10052),
            (Gone::ProtocolError.into(), 10053),
        ];
        for (row, (error, code)) in table.iter().enumerate() {
            assert_eq!(error.code(), *code, "row {row}: {error}");
        }
    }

    /// Two rows of the table with one number or one name would make an error unreadable.
    #[test]
    fn numbers_ascend_and_names_differ() {
        for pair in WsaError::ALL.windows(2) {
            assert!(
                pair[0].code() < pair[1].code(),
                "{} and {}",
                pair[0],
                pair[1]
            );
        }
        let mut names: Vec<_> = WsaError::ALL.iter().map(|error| error.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), WsaError::ALL.len());
        for error in WsaError::ALL {
            assert_eq!(WsaError::from_code(error.code()), Some(*error));
        }
        assert_eq!(WsaError::from_code(0), None);
    }
}
