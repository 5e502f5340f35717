//! The errno names that the POSIX calls can return, and the one mapping from the stack's errors.
//!
//! Only the names: the numbers differ between systems, and scripts never write them.

use hangup_stack::socket::{
    AcceptError, BindError, ConnectError, Gone, ListenError, RecvError, SendError, ShutdownError,
};

/// Defines the enum, its names and the list of all of them from one table.
macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// An errno.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Errno {
            $($(#[$doc])* $variant,)*
        }

        impl Errno {
            /// The names of all of them.
            pub const NAMES: &[&str] = &[$($name,)*];

            /// The name: `EPIPE`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

errors! {
    /// EADDRINUSE: the address is in use.
    AddressInUse = "EADDRINUSE",
    /// EADDRNOTAVAIL: the host does not have the address.
    AddressNotAvailable = "EADDRNOTAVAIL",
    /// EAFNOSUPPORT: the address is of another family than the socket.
    AddressFamilyNotSupported = "EAFNOSUPPORT",
    /// EAGAIN: the call would wait.
    Again = "EAGAIN",
    /// EALREADY: the handshake is not finished.
    Already = "EALREADY",
    /// EBADF: the descriptor is not open.
    BadDescriptor = "EBADF",
    /// ECONNABORTED: the connection was ended by this side.
    ConnectionAborted = "ECONNABORTED",
    /// ECONNREFUSED: the peer refused the connection.
    ConnectionRefused = "ECONNREFUSED",
    /// ECONNRESET: the peer reset the connection.
    ConnectionReset = "ECONNRESET",
    /// EDESTADDRREQ: there is no destination.
    DestinationRequired = "EDESTADDRREQ",
    /// EEXIST: the descriptor is in the list already.
    Exists = "EEXIST",
    /// EHOSTUNREACH: the network cannot reach the host.
    HostUnreachable = "EHOSTUNREACH",
    /// EINPROGRESS: the handshake has begun.
    InProgress = "EINPROGRESS",
    /// EINVAL: an argument is not valid, or the socket is in the wrong state.
    Invalid = "EINVAL",
    /// EISCONN: the socket is connected.
    IsConnected = "EISCONN",
    /// EMFILE: the process has no more descriptors.
    TooManyFiles = "EMFILE",
    /// EMSGSIZE: the datagram is too long.
    MessageSize = "EMSGSIZE",
    /// ENETDOWN: the network subsystem has failed.
    NetworkDown = "ENETDOWN",
    /// ENETUNREACH: there is no route.
    NetworkUnreachable = "ENETUNREACH",
    /// ENOENT: the descriptor is not in the list.
    NoEntry = "ENOENT",
    /// ENOPROTOOPT: the socket does not have the option.
    NoProtocolOption = "ENOPROTOOPT",
    /// ENOTCONN: the socket is not connected.
    NotConnected = "ENOTCONN",
    /// EOPNOTSUPP: the call is not supported for this kind of socket.
    OperationNotSupported = "EOPNOTSUPP",
    /// EPIPE: the send direction is shut down, or the connection is over.
    BrokenPipe = "EPIPE",
    /// EPROTONOSUPPORT: the protocol does not go with the socket type.
    ProtocolNotSupported = "EPROTONOSUPPORT",
    /// ETIMEDOUT: the peer did not answer in time.
    TimedOut = "ETIMEDOUT",
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
            ConnectError::Gone(gone) => gone.into(),
        }
    }
}

impl From<SendError> for Errno {
    fn from(error: SendError) -> Self {
        match error {
            SendError::WouldBlock => Self::Again,
            SendError::NotConnected => Self::NotConnected,
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
            Gone::Aborted => Self::ConnectionAborted,
            Gone::TimedOut => Self::TimedOut,
            Gone::Refused => Self::ConnectionRefused,
            Gone::NetworkUnreachable => Self::NetworkUnreachable,
            Gone::HostUnreachable => Self::HostUnreachable,
            // Linux: icmp_err_convert.
            Gone::ProtocolUnreachable => Self::NoProtocolOption,
        }
    }
}
