//! setsockopt, getsockopt and ioctlsocket.

use hangup_stack::host::Host;
use hangup_stack::smoltcp::time::Instant;

use super::winsock::{SocketCall, Winsock};
use crate::error::WsaError;
use crate::function::Function;
pub use crate::options::*;
use crate::process::Socket;

impl Winsock {
    /// setsockopt: sets an option that the provider of the socket has. [`crate::options`] has the
    /// options.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown level or a buffer size below 1 (0 means on Windows
    /// that nothing is buffered, which is not done here) or above [`BUFFER_MAX`], WSAENOPROTOOPT
    /// for an option the socket does not have, WSAEFAULT for a value of the wrong size or behind a
    /// bad pointer.
    pub fn setsockopt(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        level: i32,
        name: i32,
        value: OptionValue,
    ) -> Result<(), WsaError> {
        self.at_once(
            host,
            now,
            SocketCall::api(Function::SetSockOpt, s),
            |it, context| it.set_sock_opt(context, s, level, name, value),
        )
    }

    /// getsockopt: reads an option, also one that cannot be set, such as SO_TYPE. SO_ERROR is taken
    /// away with it.
    ///
    /// # Errors
    /// The common ones, WSAEINVAL for an unknown level, WSAENOPROTOOPT for an unknown option.
    pub fn getsockopt(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        level: i32,
        name: i32,
    ) -> Result<OptionValue, WsaError> {
        self.at_once(
            host,
            now,
            SocketCall::api(Function::GetSockOpt, s),
            |it, context| it.get_sock_opt(context, s, level, name),
        )
    }

    /// ioctlsocket: FIONBIO sets the mode of the socket, FIONREAD says how many octets can be read.
    /// `argument` is *argp.
    ///
    /// # Errors
    /// The common ones, WSAEOPNOTSUPP for any other command, WSAEINVAL where FIONBIO would make a
    /// socket blocking whose network events are selected.
    pub fn ioctlsocket(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        command: u32,
        argument: &mut u32,
    ) -> Result<(), WsaError> {
        self.at_once(
            host,
            now,
            SocketCall::api(Function::IoctlSocket, s),
            |it, context| {
                let mut value = IoctlArgument::Number(*argument);
                it.ioctl(context, s, command, &mut value)?;
                *argument = value.number().unwrap_or(*argument);
                Ok(())
            },
        )
    }

    /// WSAIoctl, without an overlapped operation: FIONBIO and FIONREAD as ioctlsocket has them;
    /// SIO_UDP_CONNRESET and SIO_UDP_NETRESET, by which a datagram socket learns, or does not, that
    /// nobody has the port to which it has sent, or that the hop limit was used up on the way;
    /// SIO_KEEPALIVE_VALS (page "Winsock IOCTLs"). SIO_LOOPBACK_FAST_PATH is refused, as by systems
    /// that do not have it.
    ///
    /// # Errors
    /// Those of ioctlsocket; WSAEFAULT for an argument of another form.
    pub fn wsa_ioctl(
        &mut self,
        host: &mut Host,
        now: Instant,
        s: Socket,
        command: u32,
        argument: &mut IoctlArgument,
    ) -> Result<(), WsaError> {
        self.at_once(
            host,
            now,
            SocketCall::api(Function::WsaIoctl, s),
            |it, context| it.ioctl(context, s, command, argument),
        )
    }
}
