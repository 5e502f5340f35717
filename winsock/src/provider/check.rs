//! The order in which the providers here find errors.
//!
//! The documents list the errors of each function but never say which one wins when two apply.
//! The order here is our choice. It puts what concerns the process before what concerns the
//! socket, what is fixed for a protocol before what depends on the connection, and looks at memory
//! last, as Windows does (getpeername on a bad socket, an unconnected one and a short buffer
//! fails in this order in Wine's tests, which run on Windows).
//!
//! Ws2_32.dll asks the first questions (WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK), the
//! provider all others.

use crate::error::WsaError;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Nothing is wrong.
    Passed,
    /// The error applies.
    Failed,
}

impl Check {
    /// Passed where the condition holds.
    pub const fn that(holds: bool) -> Self {
        if holds { Self::Passed } else { Self::Failed }
    }
}

/// The checks that Ws2_32.dll makes.
#[derive(Clone, Copy, Debug)]
pub struct Prolog {
    /// Whether WSAStartup was called (WSANOTINITIALISED).
    pub started: Check,
    /// Whether the thread waits in no call, or in one that allows others (WSAEINPROGRESS).
    pub not_nested: Check,
    /// Whether the handle is a socket (WSAENOTSOCK).
    pub is_socket: Check,
}

impl Prolog {
    /// The first error in the order.
    ///
    /// # Errors
    /// WSANOTINITIALISED, WSAEINPROGRESS, WSAENOTSOCK.
    pub fn verdict(self) -> Result<(), WsaError> {
        let Self {
            started,
            not_nested,
            is_socket,
        } = self;
        first(&[
            (started, WsaError::NotInitialised),
            (not_nested, WsaError::InProgress),
            (is_socket, WsaError::NotSocket),
        ])
    }
}

/// The checks that a provider makes before it does anything.
#[derive(Clone, Copy, Debug)]
pub struct Findings {
    /// Whether the network subsystem works (WSAENETDOWN).
    pub network: Check,
    /// Whether the numbers are valid (WSAEINVAL).
    pub arguments: Check,
    /// Whether the function does this on this kind of socket (WSAEOPNOTSUPP).
    pub supported: Check,
    /// Whether the protocol has the option or the disconnect data (WSAENOPROTOOPT).
    pub option: Check,
    /// Whether a connection that is needed is there (WSAENOTCONN).
    pub connected: Check,
    /// Whether the pointers are valid (WSAEFAULT).
    pub memory: Check,
}

impl Findings {
    /// Nothing is wrong.
    pub const NONE: Self = Self {
        network: Check::Passed,
        arguments: Check::Passed,
        supported: Check::Passed,
        option: Check::Passed,
        connected: Check::Passed,
        memory: Check::Passed,
    };

    /// The first error in the order.
    ///
    /// # Errors
    /// WSAENETDOWN, WSAEINVAL, WSAEOPNOTSUPP, WSAENOPROTOOPT, WSAENOTCONN, WSAEFAULT.
    pub fn verdict(self) -> Result<(), WsaError> {
        let Self {
            network,
            arguments,
            supported,
            option,
            connected,
            memory,
        } = self;
        first(&[
            (network, WsaError::NetworkDown),
            (arguments, WsaError::Invalid),
            (supported, WsaError::OperationNotSupported),
            (option, WsaError::NoProtocolOption),
            (connected, WsaError::NotConnected),
            (memory, WsaError::Fault),
        ])
    }
}

fn first(order: &[(Check, WsaError)]) -> Result<(), WsaError> {
    match order.iter().find(|(check, _)| *check == Check::Failed) {
        Some(&(_, error)) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order as the documentation of this crate states it.
    const ORDER: [WsaError; 9] = [
        WsaError::NotInitialised,
        WsaError::InProgress,
        WsaError::NotSocket,
        WsaError::NetworkDown,
        WsaError::Invalid,
        WsaError::OperationNotSupported,
        WsaError::NoProtocolOption,
        WsaError::NotConnected,
        WsaError::Fault,
    ];

    /// Whatever combination of things is wrong, the call reports the first of them in the order.
    #[test]
    fn the_first_error_in_the_order_wins() {
        for wrong in 0_u32..1 << ORDER.len() {
            let check = |bit: u32| Check::that(wrong & (1 << bit) == 0);
            let prolog = Prolog {
                started: check(0),
                not_nested: check(1),
                is_socket: check(2),
            };
            let findings = Findings {
                network: check(3),
                arguments: check(4),
                supported: check(5),
                option: check(6),
                connected: check(7),
                memory: check(8),
            };
            let expected = match wrong {
                0 => Ok(()),
                _ => Err(ORDER[wrong.trailing_zeros() as usize]),
            };
            let verdict = prolog.verdict().and_then(|()| findings.verdict());
            assert_eq!(verdict, expected, "wrong: {wrong:#011b}");
        }
    }
}
