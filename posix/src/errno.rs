//! The errors that the calls can return, and the one mapping from the stack's errors.
//!
//! The numbers, which differ between systems, are Linux's.

use hangup_stack::socket::{
    AcceptError, BindError, ConnectError, Gone, ListenError, RecvError, SendError, ShutdownError,
};

/// Defines the enum, its names, its numbers and the list of all of them from one table.
macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident = ($name:literal, $number:literal),)*) => {
        /// An error of a call: what it leaves in errno.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Errno {
            $($(#[$doc])* $variant,)*
        }

        impl Errno {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name: `EPIPE`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The number, which SO_ERROR gives.
            pub const fn number(self) -> i32 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }
        }
    };
}

errors! {
    /// EADDRINUSE: the address is in use.
    AddressInUse = ("EADDRINUSE", 98),
    /// EADDRNOTAVAIL: the host does not have the address.
    AddressNotAvailable = ("EADDRNOTAVAIL", 99),
    /// EAFNOSUPPORT: the address is of another family than the socket.
    AddressFamilyNotSupported = ("EAFNOSUPPORT", 97),
    /// EAGAIN: the call would wait.
    Again = ("EAGAIN", 11),
    /// EALREADY: the handshake is not finished.
    Already = ("EALREADY", 114),
    /// EBADF: the descriptor is not open.
    BadDescriptor = ("EBADF", 9),
    /// ECONNABORTED: the connection was ended by this side.
    ConnectionAborted = ("ECONNABORTED", 103),
    /// ECONNREFUSED: the peer refused the connection.
    ConnectionRefused = ("ECONNREFUSED", 111),
    /// ECONNRESET: the peer reset the connection.
    ConnectionReset = ("ECONNRESET", 104),
    /// EDESTADDRREQ: there is no destination.
    DestinationRequired = ("EDESTADDRREQ", 89),
    /// EEXIST: the descriptor is in the list already.
    Exists = ("EEXIST", 17),
    /// EFAULT: an address is not one of the process.
    Fault = ("EFAULT", 14),
    /// EHOSTUNREACH: the network cannot reach the host.
    HostUnreachable = ("EHOSTUNREACH", 113),
    /// EINPROGRESS: the handshake has begun.
    InProgress = ("EINPROGRESS", 115),
    /// EINVAL: an argument is not valid, or the socket is in the wrong state.
    Invalid = ("EINVAL", 22),
    /// EISCONN: the socket is connected.
    IsConnected = ("EISCONN", 106),
    /// EMFILE: the process has no more descriptors.
    TooManyFiles = ("EMFILE", 24),
    /// EMSGSIZE: the datagram is too long.
    MessageSize = ("EMSGSIZE", 90),
    /// ENETDOWN: the network subsystem has failed.
    NetworkDown = ("ENETDOWN", 100),
    /// ENETUNREACH: there is no route.
    NetworkUnreachable = ("ENETUNREACH", 101),
    /// ENOENT: the descriptor is not in the list.
    NoEntry = ("ENOENT", 2),
    /// ENOPROTOOPT: the socket does not have the option.
    NoProtocolOption = ("ENOPROTOOPT", 92),
    /// ENOTCONN: the socket is not connected.
    NotConnected = ("ENOTCONN", 107),
    /// ENOTTY: there is no such control of this kind of socket.
    NotTerminal = ("ENOTTY", 25),
    /// ENOTSOCK: the descriptor is not that of a socket.
    NotSocket = ("ENOTSOCK", 88),
    /// ENOSPC: the file is as long as it can be.
    NoSpace = ("ENOSPC", 28),
    /// ESPIPE: the file has no places to go to.
    IllegalSeek = ("ESPIPE", 29),
    /// EOPNOTSUPP: the call is not supported for this kind of socket.
    OperationNotSupported = ("EOPNOTSUPP", 95),
    /// EPIPE: the send direction is shut down, or the connection is over.
    BrokenPipe = ("EPIPE", 32),
    /// EPROTO: the peer does not keep to the protocol.
    Protocol = ("EPROTO", 71),
    /// EPROTONOSUPPORT: the protocol does not go with the socket type.
    ProtocolNotSupported = ("EPROTONOSUPPORT", 93),
    /// ETIMEDOUT: the peer did not answer in time.
    TimedOut = ("ETIMEDOUT", 110),
}

impl From<BindError> for Errno {
    fn from(error: BindError) -> Self {
        match error {
            BindError::AlreadyBound => Self::Invalid,
            BindError::InUse => Self::AddressInUse,
            BindError::NotAvailable => Self::AddressNotAvailable,
        }
    }
}

impl From<ListenError> for Errno {
    fn from(error: ListenError) -> Self {
        match error {
            ListenError::NotBound => Self::DestinationRequired,
            ListenError::Connected => Self::Invalid,
            ListenError::Unsupported => Self::OperationNotSupported,
        }
    }
}

impl From<AcceptError> for Errno {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::WouldBlock => Self::Again,
            AcceptError::Aborted => Self::ConnectionAborted,
            AcceptError::NotListening => Self::Invalid,
            AcceptError::Unsupported => Self::OperationNotSupported,
        }
    }
}

impl From<ConnectError> for Errno {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::InProgress => Self::InProgress,
            ConnectError::AlreadyInProgress => Self::Already,
            // Linux says EISCONN of a socket that listens as well; POSIX has EOPNOTSUPP for it.
            ConnectError::AlreadyConnected | ConnectError::Listening => Self::IsConnected,
            ConnectError::Unreachable => Self::NetworkUnreachable,
            ConnectError::Spent => Self::Invalid,
            ConnectError::NotConnected => Self::NotConnected,
            ConnectError::Gone(gone) => gone.into(),
        }
    }
}

impl From<SendError> for Errno {
    fn from(error: SendError) -> Self {
        match error {
            SendError::WouldBlock => Self::Again,
            SendError::NotConnected => Self::NotConnected,
            SendError::InProgress => Self::InProgress,
            SendError::Shutdown => Self::BrokenPipe,
            SendError::MessageTooLong => Self::MessageSize,
            SendError::NoDestination => Self::DestinationRequired,
            SendError::Unreachable => Self::NetworkUnreachable,
            SendError::Gone(gone) => gone.into(),
        }
    }
}

impl From<RecvError> for Errno {
    fn from(error: RecvError) -> Self {
        match error {
            // Nothing can arrive at a socket without an address, which is no error in POSIX.
            RecvError::WouldBlock | RecvError::NotBound => Self::Again,
            // No POSIX stack disallows receives after a receive shutdown; to one that does, the
            // socket is as good as not connected.
            RecvError::NotConnected | RecvError::Shutdown => Self::NotConnected,
            RecvError::Truncated(_) => Self::MessageSize,
            RecvError::Gone(gone) => gone.into(),
        }
    }
}

impl From<ShutdownError> for Errno {
    fn from(error: ShutdownError) -> Self {
        match error {
            ShutdownError::NotConnected => Self::NotConnected,
            ShutdownError::Unsupported => Self::OperationNotSupported,
        }
    }
}

impl From<Gone> for Errno {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Reset => Self::ConnectionReset,
            Gone::BrokenPipe => Self::BrokenPipe,
            Gone::Aborted => Self::ConnectionAborted,
            Gone::TimedOut => Self::TimedOut,
            Gone::Refused => Self::ConnectionRefused,
            Gone::NetworkUnreachable => Self::NetworkUnreachable,
            Gone::HostUnreachable => Self::HostUnreachable,
            // Linux: icmp_err_convert.
            Gone::Expired => Self::HostUnreachable,
            Gone::ProtocolUnreachable => Self::NoProtocolOption,
            Gone::ProtocolError => Self::Protocol,
        }
    }
}
